"""What the engine is asked, and what it answers."""

from dataclasses import dataclass, field

from torch import Tensor

from gsvbatch.data import SemanticTokens, Waveform
from gsvbatch.errors import RenderError

MAX_TOKENS = 1500
"""One minute; no utterance is that long."""

DEFAULT_STEPS = 32
MAX_STEPS = 128


@dataclass(frozen=True, slots=True)
class Sampling:
    """How semantic tokens are drawn from the model's distribution."""

    top_k: int = 15
    """At least 1; 1 always takes the likeliest token."""

    top_p: float = 1.0
    """In (0, 1]."""

    temperature: float = 1.0
    """Above 0."""

    repetition_penalty: float = 1.35
    """At least 1; counts the prompt's tokens too."""


@dataclass(frozen=True, slots=True, eq=False)
class VoicePrompt:
    """What of a voice conditions the models."""

    prompt_phoneme_ids: tuple[int, ...]
    """(P,) of the reference's transcript; may be empty, then there are no prompt tokens either."""

    prompt_tokens: tuple[int, ...]
    """(S,) of the reference."""

    style: Tensor
    """(G,) fp32."""

    reference_mel: Tensor | None = None
    """The reference's normalized mel, (mels, F), which v3 and v4 continue; None for other models."""

    prompt_bert: Tensor | None = None
    """Prosody features of the transcript, (D, P); None for languages that have none."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One utterance to be spoken."""

    id: str
    phoneme_ids: tuple[int, ...]
    voice: VoicePrompt
    seed: int
    """63 bits. Every draw and all noise follow from it, so it should differ between utterances."""

    sampling: Sampling = field(default_factory=Sampling)
    bert_features: Tensor | None = None
    """Prosody features of the utterance, (D, P); None for languages that have none."""

    speed: float = 1.0
    """Speaking rate factor; 1 is the model's own."""

    sample_steps: int = DEFAULT_STEPS
    """Steps in which v3 and v4 draw the mel; of no meaning to other models."""

    max_tokens: int = MAX_TOKENS
    """Decoding is stopped here, 25 tokens being a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What became of a request: tokens and a waveform, or an error."""

    request_id: str
    tokens: SemanticTokens | None = None
    waveform: Waveform | None = None
    error: RenderError | None = None
