"""What decides a line's audio, as digests: equal ones mean that nothing needs rendering.

The parts are kept beside their sum, so that a plan can name the part that changed. The lexicon and
the frontend's version are not among them: what counts is whether they changed the line's phonemes.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from gsvbatch.config import Trigger
from gsvbatch.data import Utterance
from gsvbatch.manifest import TakeRow
from gsvbatch.render.work import SpeechSampling

_N_HEX = 32  # 128 bits: no two lines of all projects in the world will share a digest by chance


def canonical_json(value: Any) -> str:
    """JSON that is the same text for equal values on every machine."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, cut to 128 bits, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:_N_HEX]


@dataclass(frozen=True, slots=True)
class Parts:
    """Digests of what decides a take, one for each thing that a user can change."""

    text: str
    phonemes: str
    voice: str
    models: str
    sampling: str
    seed: str
    audio: str
    tags: str
    """Not in the fingerprint: other tags make the same audio."""

    bert: str = ""
    """Of the BERT whose features the line is spoken with; empty, and not in the fingerprint, for none."""

    @property
    def fingerprint(self) -> str:
        """One digest of all parts but tags."""
        return digest(self._heard())

    @property
    def fingerprint_of_any_seed(self) -> str:
        """One digest of all parts but tags and seed: equal for all takes of one reading."""
        return digest({key: value for key, value in self._heard().items() if key != "seed"})

    def _heard(self) -> dict[str, str]:
        """What the audio follows from; a line without prosody features has the fingerprint it always had."""
        passing = {"tags"} if self.bert else {"tags", "bert"}
        return {key: value for key, value in self.as_dict().items() if key not in passing}

    @classmethod
    def of_take(cls, take: TakeRow) -> "Parts":
        """The parts that a take was made with."""
        return cls(**{name: getattr(take, f"part_{name}") for name in _NAMES})

    def as_dict(self) -> dict[str, str]:
        """The parts by name."""
        return {
            name: getattr(self, name) for name in _NAMES
        }  # `asdict` copies, and takes ten times as long


_NAMES = tuple(field.name for field in fields(Parts))


def text_part(text: str, language: str | None) -> str:
    """Digest of what is written; with markup, for a mark changes what is heard."""
    return digest([text, language or ""])


def phonemes_part(utterances: Sequence[Utterance]) -> str:
    """Digest of what is spoken and how it is cut."""
    return digest([[u.phoneme_ids, u.pause_before, u.pause_after] for u in utterances])


def bert_part(utterances: Sequence[Utterance], bert_digest: str) -> str:
    """Digest of the BERT that has a say in what is spoken; empty where it has none."""
    is_heard = any(span.has_prosody for utterance in utterances for span in utterance.spans)
    return digest(bert_digest) if bert_digest and is_heard else ""


@lru_cache(maxsize=1024)
def sampling_part(sampling: SpeechSampling) -> str:
    """Digest of how it is spoken."""
    values = asdict(sampling)
    # Takes that were made before there were such choices, or with models without them, stay good.
    if not sampling.ref_free:
        del values["ref_free"]
    if sampling.sample_steps is None:
        del values["sample_steps"]
    return digest(values)


def seed_part(seed: int, variation: int) -> str:
    """Digest of the seed and of how many other takes were asked for since."""
    return digest([seed, variation])


def changes(
    take: TakeRow, parts: Parts, *, variation: int, frontend: str, lexicon: str
) -> tuple[Trigger, ...]:
    """What is different from the time when a take was made, the most telling first."""
    then = Parts.of_take(take)

    def differ(*triggers: Trigger) -> list[Trigger]:
        return [t for t in triggers if getattr(then, t.value) != getattr(parts, t.value)]

    found = [Trigger.RETAKE] if take.variation != variation else []
    found += differ(Trigger.TEXT, Trigger.VOICE, Trigger.MODELS, Trigger.BERT)
    if then.phonemes != parts.phonemes and Trigger.TEXT not in found:
        if take.lexicon != lexicon:
            found.append(Trigger.LEXICON)
        if take.frontend != frontend or not found:
            found.append(Trigger.FRONTEND)
    found += differ(Trigger.SAMPLING, Trigger.AUDIO, Trigger.TAGS)
    if then.seed != parts.seed and take.variation == variation:
        found.append(Trigger.SEED)
    return tuple(found)
