"""Renders for somebody who listens already: utterance after utterance, each handed on at once.

The way of a line is that of any other (checks, retries, level, file), but for two things: utterances are
spoken in their order, one at a time, so that the first is ready as soon as can be; and each is given away
before the next is begun.
"""

from collections.abc import Callable, Iterable, Iterator

from gsvbatch.audio import Loudness, apply_gain, gain_to, join, measure_loudness, trim_edges
from gsvbatch.data import Waveform
from gsvbatch.render.delivery import arrange, deliver
from gsvbatch.render.lines import OpenLine
from gsvbatch.render.renderer import level_request
from gsvbatch.render.work import LineOutcome, LineWork, Speech, Stop

OnAudio = Callable[[LineWork, Waveform], None]
"""Takes the next piece of a line, pauses included, at its level."""


class StreamRunner:
    """A runner that gives audio away while it goes on.

    Args:
        open_speech: Makes the speech for lines that share their models.
        on_audio: Called with every piece, in order, from the calling thread.
    """

    def __init__(self, open_speech: Callable[[LineWork], Speech], on_audio: OnAudio) -> None:
        self._open_speech = open_speech
        self._on_audio = on_audio

    def run(self, works: Iterable[LineWork], stop: Stop = lambda: False) -> Iterator[LineOutcome]:
        """Yield one outcome per line, in their order; see `Runner`."""
        speeches: dict[str, Speech] = {}
        for work in works:
            if stop():
                return
            models = work.voice.models
            if models not in speeches:
                speeches = {models: self._open_speech(work)}  # the pair before is let go
            outcome = self._speak(work, speeches[models], stop)
            if outcome is not None:
                yield outcome

    def _speak(self, work: LineWork, speech: Speech, stop: Stop) -> LineOutcome | None:
        """Speak a line; None if it was stopped in between."""
        level = self._level(work, speech)
        line = OpenLine(work)
        for position, utterance in enumerate(work.utterances):
            while not line.utterances[position].is_settled:
                if stop():
                    return None
                request = line.request(position)
                for result in speech.speak([request]):
                    line.hear(request, result)
            best = line.utterances[position].best
            if best is None:
                # What comes after a hole would be heard as if it belonged to what was before it.
                return LineOutcome(work, error=line.error, level=level)
            piece = join(arrange([utterance], [best]))
            self._on_audio(work, _at_level(piece, work, level))
        return deliver(line, level)

    def _level(self, work: LineWork, speech: Speech) -> Loudness | None:
        """How loud the voice is; it speaks a sentence for that, unless it is known or nobody asks."""
        if work.level is not None or work.output.preset is None:
            return work.level
        for result in speech.speak([level_request(work)]):
            if result.waveform is not None:
                measured = measure_loudness(trim_edges(result.waveform))
                return measured if measured.duration else None
        return None


def _at_level(piece: Waveform, work: LineWork, level: Loudness | None) -> Waveform:
    preset = work.output.preset
    if preset is None:
        return piece
    return apply_gain(piece, gain_to(level or measure_loudness(piece), preset), preset.ceiling)
