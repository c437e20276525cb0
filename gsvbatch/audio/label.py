"""The label that says "AI-generated": a text in every file, and a sound for finished works.

The text is the one JSON value of the practice guide TC260-PG-202510A to GB 45438-2025 (China, in
force since 2025-09-01); the sound is the rhythm mark of GB 45438-2025, 5.3: short long, short
short, which is Morse for "AI".
"""

import json
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gsvbatch.data import Waveform
from gsvbatch.errors import ConfigError
from gsvbatch.units import Decibels, Hertz, Seconds

_KEYS = {
    "label": "Label",
    "content_producer": "ContentProducer",
    "produce_id": "ProduceID",
    "reserved_code1": "ReservedCode1",
    "content_propagator": "ContentPropagator",
    "propagate_id": "PropagateID",
    "reserved_code2": "ReservedCode2",
}
"""Field -> key, in the order the guide gives."""

_WRAPPER = "AIGC"
_FORBIDDEN = re.compile(r'["\\\x00-\x1f\x7f]')
_CODE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]*")
_CODES = ("produce_id", "propagate_id", "reserved_code1", "reserved_code2")

_UNIT: Seconds = 0.12
"""Length of a short; a long has three, as has the gap between the two letters."""

_PITCH: Hertz = 660
_EDGE: Seconds = 0.015  # of the soft beginning and end of each sound


@dataclass(frozen=True, slots=True)
class AigcLabel:
    """The implicit label of one file.

    Raises:
        ConfigError: if a text holds characters that readers of the label do not accept.
    """

    content_producer: str
    """Name or registered code of the one whose service made the audio."""

    produce_id: str
    """Number of this content, unique for its producer; no spaces."""

    label: Literal["1", "2", "3"] = "1"
    """``1`` is, ``2`` may be, ``3`` is suspected to be AI-generated."""

    reserved_code1: str = ""
    content_propagator: str = ""
    propagate_id: str = ""
    reserved_code2: str = ""

    def __post_init__(self) -> None:
        if self.label not in ("1", "2", "3"):
            raise ConfigError(f"AI label {self.label!r}: it is one of 1, 2, 3")
        for name, key in _KEYS.items():
            value = getattr(self, name)
            if _FORBIDDEN.search(value):
                raise ConfigError(
                    f"AI label: {key} {value!r} holds a quote, backslash or control character"
                )
            if name in _CODES and not _CODE.fullmatch(value):
                raise ConfigError(
                    f"AI label: {key} {value!r} must be printable ASCII without spaces"
                )

    def to_json(self) -> str:
        """Return the value that goes into a file: keys in order, no spaces, Chinese as it is."""
        values = {key: getattr(self, name) for name, key in _KEYS.items()}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def parse_label(text: str | None) -> AigcLabel | None:
    """Return the label in a file's text, or None if there is none that can be read.

    Other writers' spellings are taken too: the object inside ``{"AIGC": ...}``, and
    ``ReserveCode1``.
    """
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    if isinstance(found, dict) and isinstance(found.get(_WRAPPER), dict):
        found = found[_WRAPPER]
    if not isinstance(found, dict) or "Label" not in found:
        return None
    values = {
        name: str(found.get(key, found.get(key.replace("Reserved", "Reserve"), "")))
        for name, key in _KEYS.items()
    }
    try:
        return AigcLabel(**values)  # type: ignore[arg-type]
    except ConfigError:
        return None


def rhythm_mark(sample_rate: Hertz, level: Decibels = -28.0) -> Waveform:
    """Return the audible mark: a soft tone in the rhythm short long, short short; 1.3 s.

    Args:
        sample_rate: Rate of the work it is joined to.
        level: Peak of the tone in dBFS; a work at -16 LUFS speaks about 10 dB louder.
    """
    pieces = []
    for shorts, gap in ((1, 1), (3, 3), (1, 1), (1, 0)):
        pieces.append(_tone(shorts * _UNIT, sample_rate))
        pieces.append(np.zeros(round(gap * _UNIT * sample_rate), np.float32))
    samples = np.concatenate(pieces) * np.float32(10 ** (level / 20))
    return Waveform(samples.astype(np.float32), sample_rate)


def _tone(duration: Seconds, sample_rate: Hertz) -> NDArray[np.float32]:
    """Return a sine with raised-cosine edges, peak 1, shape ``(n_samples,)``."""
    n_samples = round(duration * sample_rate)
    n_edge = round(_EDGE * sample_rate)
    tone = np.sin(2 * np.pi * _PITCH / sample_rate * np.arange(n_samples))
    edge = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n_edge) + 0.5) / n_edge)
    tone[:n_edge] *= edge
    tone[-n_edge:] *= edge[::-1]
    return np.asarray(tone, np.float32)
