"""What models take from a reference clip besides its tokens: style, speaker embedding, mel."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gsvbatch.data import Waveform
from gsvbatch.errors import CheckpointError, VoiceError
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.mel_synthesizer import AnySynthesizer, MelSynthesizer
from gsvbatch.gsv.reference_mel import reference_mel
from gsvbatch.gsv.speaker_encoder import speaker_embedding
from gsvbatch.gsv.spectrogram import reference_spectrogram
from gsvbatch.voice.checking import reenroll_command
from gsvbatch.voice.profile import VoiceProfile


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """What of a clip conditions the synthesizer."""

    style: NDArray[np.float32]
    """(G,), the whole timbre: the mean over clips, of a Pro model with the speaker embeddings in it."""

    speaker_embedding: NDArray[np.float32] | None = None
    """(E,), the mean of what the speaker encoder made of them; None where the model knows none."""

    reference_mel: NDArray[np.float32] | None = None
    """(mels, F) of the reference, normalized, which v3 and v4 continue; None for other models."""


def conditioning_of(
    reference: Waveform, timbres: Sequence[Waveform], bundle: ModelBundle
) -> Conditioning:
    """What clips condition these models with.

    Args:
        reference: What v3 and v4 continue.
        timbres: At least one; styles are averaged over these, as upstream averages its references.
        bundle: The models.

    Raises:
        CheckpointError: A Pro model's speaker encoder is missing, damaged, or does not fit.
    """
    synthesizer = bundle.synthesizer
    if isinstance(synthesizer, MelSynthesizer):
        mel = reference_mel(reference, synthesizer.frames.mel)[0].numpy()
        return Conditioning(_mean_style(timbres, synthesizer), reference_mel=mel)
    if not synthesizer.config.speaker:
        return Conditioning(_mean_style(timbres, synthesizer))
    encoder = bundle.speaker_encoder
    if encoder is None:
        raise CheckpointError(
            bundle.source.synthesizer,
            f"is a {bundle.version} model, which needs a speaker encoder to enroll voices; "
            "give pretrained_eres2netv2w24s4ep4.ckpt as --speaker-encoder",
        )
    embeddings = [speaker_embedding(clip, encoder) for clip in timbres]
    style = _mean_style(timbres, synthesizer, embeddings)
    return Conditioning(style, speaker_embedding=torch.stack(embeddings).mean(dim=0).numpy())


def require_no_prompt(name: str, bundle: ModelBundle) -> None:
    """Make sure that these models can speak without a prompt.

    Raises:
        VoiceError: They continue one.
    """
    if isinstance(bundle.synthesizer, MelSynthesizer):
        raise VoiceError(
            name, f"needs a transcript: a {bundle.version} model continues what the clip says"
        )


def require_conditioning(profile: VoiceProfile, bundle: ModelBundle, folder: Path) -> None:
    """Make sure that a voice holds all that these models are conditioned with.

    Raises:
        VoiceError: Something is missing; the message ends with the command to enroll it again.
    """
    synthesizer = bundle.synthesizer
    if isinstance(synthesizer, MelSynthesizer):
        lacking = "mel of its reference" if profile.reference_mel is None else ""
    else:
        needs_speaker = bool(synthesizer.config.speaker) and profile.speaker_embedding is None
        lacking = "speaker embedding" if needs_speaker else ""
    if lacking:
        raise VoiceError(
            profile.label,
            f"has no {lacking}, which a {bundle.version} model needs; "
            f"enroll it again: {reenroll_command(profile, folder, bundle.source)}",
        )


@torch.inference_mode()
def _mean_style(
    clips: Sequence[Waveform],
    synthesizer: AnySynthesizer,
    embeddings: Sequence[torch.Tensor] | None = None,
) -> NDArray[np.float32]:
    """The mean of the clips' style vectors, (G,), each with its clip's speaker embedding (E,) in it."""
    weight = synthesizer.ssl_proj.weight
    styles = []
    for i, clip in enumerate(clips):
        magnitudes = reference_spectrogram(clip, synthesizer.config).to(weight)
        if isinstance(synthesizer, MelSynthesizer) or embeddings is None:
            style = synthesizer.style_of(magnitudes)
        else:
            style = synthesizer.style_of(magnitudes, speaker=embeddings[i][None].to(weight))
        styles.append(style.flatten().float().cpu())
    values: NDArray[np.float32] = torch.stack(styles).mean(dim=0).numpy()
    return values
