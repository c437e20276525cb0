"""Loudness: how loud speech is, what a delivery wants, and the gain between the two.

Files and finished works are measured after ITU-R BS.1770-4 (pyloudnorm). A line of a word or two
is too short for its gates, and games and dialogue want one gain a speaker anyway, so that a
whisper stays a whisper: ``group_loudness`` puts lines together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gsvbatch.audio.editing import FADE, fade_edges
from gsvbatch.audio.levels import BLOCK, FLOOR, decibels, find_speech, measure, rms
from gsvbatch.audio.limiter import limit, true_peak
from gsvbatch.data import Waveform
from gsvbatch.errors import ConfigError
from gsvbatch.units import Decibels, Hertz, Seconds

SHORTEST_MEASURED: Seconds = 3.0
"""Shorter speech is repeated up to this length and so measured on itself alone."""

_GATED: Seconds = 0.4
"""Of a block whose loudness is measured by itself (ITU-R BS.1770-4)."""

_HOPS_PER_BLOCK = 4
_HOP: Seconds = _GATED / _HOPS_PER_BLOCK
_OFFSET: Decibels = -0.691
_ABSOLUTE_GATE: Decibels = -70.0
_RELATIVE_GATE: Decibels = -10.0
_LARGEST_GAIN: Decibels = 40.0
"""More would only raise noise; silence has no loudness and gets no gain."""


class LoudnessUnit(StrEnum):
    """What a target counts."""

    LUFS = "lufs"
    RMS = "rms"


@dataclass(frozen=True, slots=True)
class LoudnessPreset:
    """What a place of delivery asks for.

    Raises:
        ConfigError: if target or ceiling are no levels below full scale.
    """

    name: str
    target: Decibels
    """In LUFS, or RMS dBFS."""

    ceiling: Decibels
    """Highest true peak that is produced, in dBTP."""

    largest_peak: Decibels | None = None
    """Highest that is accepted, where it is above the ceiling to allow for lossy encoding."""

    unit: LoudnessUnit = LoudnessUnit.LUFS
    tolerance: Decibels = 1.0
    """How far from the target a file may measure."""

    is_per_speaker: bool = False
    """One gain for all lines of a speaker, rather than one a file."""

    sample_rate: Hertz | None = None
    bitrate: int | None = None
    """Least kilobits a second, constant."""

    largest_noise_floor: Decibels | None = None
    head: Seconds = 0.0
    """Room tone before a finished work."""

    tail: Seconds = 0.0
    """Room tone after it."""

    room_tone: Decibels = FLOOR
    """RMS level of the noise that fills head and tail; digital silence at the floor."""

    longest: Seconds | None = None
    """Of one file."""

    def __post_init__(self) -> None:
        if not -60 <= self.target <= -5:
            raise ConfigError(f"loudness target {self.target:g} is outside -60 to -5 dB")
        if not -20 <= self.ceiling <= 0:
            raise ConfigError(f"peak ceiling {self.ceiling:g} is outside -20 to 0 dBTP")


PRESETS: Mapping[str, LoudnessPreset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            LoudnessPreset("podcast", target=-16, ceiling=-1.5),
            LoudnessPreset("ebu", target=-23, ceiling=-1, tolerance=0.5),
            LoudnessPreset("game", target=-20, ceiling=-1, is_per_speaker=True),
            LoudnessPreset(
                "acx",
                target=-20,
                ceiling=-3.5,
                largest_peak=-3.0,
                unit=LoudnessUnit.RMS,
                tolerance=2.5,
                sample_rate=44100,
                bitrate=192,
                largest_noise_floor=-60,
                head=0.75,
                tail=2.0,
                room_tone=-66,
                longest=120 * 60,
            ),
        )
    }
)


def loudness_preset(name: str) -> LoudnessPreset:
    """Return a preset by name.

    Raises:
        ConfigError: if there is none of that name.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigError(
            f"no loudness preset {name!r}; there are {', '.join(sorted(PRESETS))}"
        ) from None


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud one waveform is, and for how long."""

    integrated: Decibels
    """In LUFS; ``-inf`` for silence."""

    rms: Decibels
    """Of the whole, in dBFS."""

    true_peak: Decibels
    """In dBTP."""

    duration: Seconds
    """Of the speech alone: its weight in a group."""

    def of(self, unit: LoudnessUnit) -> Decibels:
        """Return the level in a unit."""
        return self.integrated if unit is LoudnessUnit.LUFS else self.rms


def measure_loudness(waveform: Waveform) -> Loudness:
    """Return the loudness of any waveform, however short.

    Speech of less than ``SHORTEST_MEASURED`` is cut to its active part and repeated until the
    standard's gates apply to it: the loudness of the word, not of the word and its silence.
    """
    span = find_speech(waveform)
    if span is None:
        level = decibels(rms(waveform.samples))
        return Loudness(float("-inf"), level, true_peak(waveform), 0.0)
    speech = Waveform(waveform.samples[span[0] : span[1]], waveform.sample_rate)
    samples: NDArray[np.float32] = waveform.samples
    if speech.duration < SHORTEST_MEASURED:
        piece = fade_edges(speech, FADE, FADE).samples
        samples = np.tile(piece, int(np.ceil(SHORTEST_MEASURED / speech.duration)))
    return Loudness(
        integrated=_integrated(samples, waveform.sample_rate),
        rms=decibels(rms(waveform.samples)),
        true_peak=true_peak(waveform),
        duration=speech.duration,
    )


def group_loudness(lines: Iterable[Loudness]) -> Loudness:
    """Return the loudness of many lines together, each weighted by how long it speaks.

    Lines 10 dB under the others are left out, as the standard leaves out quiet blocks: a few
    whispers do not make the rest of a speaker louder. Without any speech it is ``-inf``.
    """
    spoken = [line for line in lines if np.isfinite(line.integrated) and line.duration > 0]
    if not spoken:
        return Loudness(float("-inf"), FLOOR, FLOOR, 0.0)
    weights = np.array([line.duration for line in spoken])
    levels = np.array([line.integrated for line in spoken])
    gate = _mean_power(levels, weights) + _RELATIVE_GATE
    kept = levels >= gate
    return Loudness(
        integrated=_mean_power(levels[kept], weights[kept]),
        rms=_mean_power(np.array([line.rms for line in spoken])[kept], weights[kept]),
        true_peak=max(line.true_peak for line in spoken),
        duration=float(weights.sum()),
    )


def gain_to(loudness: Loudness, preset: LoudnessPreset, target: Decibels | None = None) -> Decibels:
    """Return the gain that brings a measured loudness to a preset's target.

    Args:
        loudness: Of a file, or of a speaker's lines (``group_loudness``).
        preset: Where it goes.
        target: Replaces the preset's own.
    """
    level = loudness.of(preset.unit)
    if not np.isfinite(level) or level <= FLOOR:
        return 0.0
    wanted = preset.target if target is None else target
    return float(np.clip(wanted - level, -_LARGEST_GAIN, _LARGEST_GAIN))


def apply_gain(waveform: Waveform, gain: Decibels, ceiling: Decibels) -> Waveform:
    """Return the waveform with a gain, its true peaks held under a ceiling in dBTP."""
    louder = (waveform.samples * np.float32(10 ** (gain / 20))).astype(np.float32)
    return limit(Waveform(louder, waveform.sample_rate), ceiling)


def normalize(waveform: Waveform, preset: LoudnessPreset) -> Waveform:
    """Return a finished work at a preset's loudness and peak.

    Limiting takes a little loudness away, so the gain is corrected once by what was measured.
    """
    gain = gain_to(measure_loudness(waveform), preset)
    result = apply_gain(waveform, gain, preset.ceiling)
    correction = gain_to(measure_loudness(result), preset)
    if abs(correction) > preset.tolerance / 4:
        result = apply_gain(waveform, gain + correction, preset.ceiling)
    return result


def with_room_tone(waveform: Waveform, preset: LoudnessPreset) -> Waveform:
    """Return a finished work with the head and tail its preset asks for."""
    if not preset.head and not preset.tail:
        return waveform
    head = room_tone(preset.head, waveform.sample_rate, preset.room_tone)
    tail = room_tone(preset.tail, waveform.sample_rate, preset.room_tone)
    samples = np.concatenate([head.samples, waveform.samples, tail.samples])
    return Waveform(samples.astype(np.float32), waveform.sample_rate)


def room_tone(duration: Seconds, sample_rate: Hertz, level: Decibels) -> Waveform:
    """Return soft low noise of a given RMS level, the same for the same length.

    Some checks measure digital silence as a fault; this is the quiet of a room instead.
    """
    n_samples = round(duration * sample_rate)
    noise = np.random.default_rng(n_samples).standard_normal(n_samples + 8)
    soft = np.convolve(noise, np.ones(9) / 9, "valid")[:n_samples]
    scale = 10 ** (level / 20) / max(rms(soft.astype(np.float32)), 1e-12)
    return Waveform((soft * scale).astype(np.float32), sample_rate)


def preset_problems(waveform: Waveform, preset: LoudnessPreset) -> tuple[str, ...]:
    """Return where a finished work misses its preset, in figures; nothing if it meets it.

    For ``acx`` call it on what is read back from the encoded file: that is what is checked there.
    """
    loudness = measure_loudness(waveform)
    level = loudness.of(preset.unit)
    unit = "LUFS" if preset.unit is LoudnessUnit.LUFS else "dB RMS"
    problems = []
    if not abs(level - preset.target) <= preset.tolerance:
        problems.append(
            f"measures {level:.1f} {unit}, not {preset.target:g} ± {preset.tolerance:g}"
        )
    highest = preset.ceiling if preset.largest_peak is None else preset.largest_peak
    if loudness.true_peak > highest + 0.1:
        problems.append(f"peaks at {loudness.true_peak:.1f} dBTP, above {highest:g}")
    floor = measure(waveform).noise_floor
    if preset.largest_noise_floor is not None and floor > preset.largest_noise_floor:
        problems.append(
            f"its pauses are at {floor:.0f} dB RMS, above {preset.largest_noise_floor:g}"
        )
    if preset.longest is not None and waveform.duration > preset.longest:
        problems.append(
            f"lasts {waveform.duration / 60:.0f} min, more than {preset.longest / 60:g}"
        )
    return tuple(problems)


def _integrated(samples: NDArray[np.float32], sample_rate: Hertz) -> Decibels:
    """What `pyloudnorm.Meter.integrated_loudness` says, without its copies of the whole."""
    hops = _hop_energies(samples, sample_rate)
    n_blocks = round((len(samples) / sample_rate - _GATED) / _HOP) + 1
    windows = np.convolve(np.pad(hops, (0, _HOPS_PER_BLOCK)), np.ones(_HOPS_PER_BLOCK))
    powers = windows[_HOPS_PER_BLOCK - 1 :][:n_blocks] / (_GATED * sample_rate)
    with np.errstate(divide="ignore"):
        levels = _OFFSET + 10 * np.log10(powers)
    loud = powers[levels >= _ABSOLUTE_GATE]
    if not len(loud):
        return float("-inf")
    gate = _OFFSET + 10 * float(np.log10(loud.mean())) + _RELATIVE_GATE
    kept = powers[(levels > gate) & (levels > _ABSOLUTE_GATE)]
    return _OFFSET + 10 * float(np.log10(kept.mean())) if len(kept) else float("-inf")


def _hop_energies(samples: NDArray[np.float32], sample_rate: Hertz) -> NDArray[np.float64]:
    """Energy of each tenth of a second after the standard's weighting, ``(n_hops,)``."""
    from pyloudnorm import IIRfilter  # half a second of scipy, and only needed here
    from scipy.signal import lfilter

    shelf = IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, sample_rate, "high_shelf")
    high_pass = IIRfilter(0.0, 0.5, 38.0, sample_rate, "high_pass")
    filters = [(one.b, one.a) for one in (shelf, high_pass)]
    states = [np.zeros(2) for _ in filters]
    n_hops = int(len(samples) / (_HOP * sample_rate)) + 1
    edges = (np.arange(n_hops + 1) * (_HOP * sample_rate) + 1e-6).astype(np.int64)
    energies = np.zeros(n_hops)
    n_together = max(1, int(BLOCK / (_HOP * sample_rate)))
    for first in range(0, n_hops, n_together):
        last = min(n_hops, first + n_together)
        weighted = samples[edges[first] : edges[last]].astype(np.float64)
        for i, (b, a) in enumerate(filters):
            weighted, states[i] = lfilter(b, a, weighted, zi=states[i])
        sums = np.concatenate(([0.0], np.cumsum(np.square(weighted))))
        places = np.minimum(edges[first : last + 1] - edges[first], len(weighted))
        energies[first:last] = np.diff(sums[places])
    return energies


def _mean_power(levels: NDArray[np.float64], weights: NDArray[np.float64]) -> Decibels:
    return 10 * float(np.log10(np.average(10 ** (levels / 10), weights=weights)))
