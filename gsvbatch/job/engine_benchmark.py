"""How fast the engine alone is with any models, or with none: full-size ones with random weights will do."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gsvbatch.config import EngineConfig
from gsvbatch.errors import ConfigError, StorageError
from gsvbatch.job.figure import Drawing, line_chart, to_svg
from gsvbatch.units import Seconds

if TYPE_CHECKING:
    from gsvbatch.gsv.source import ModelSource
    from gsvbatch.runners.measuring import EngineFigures, Tell

DEFAULT_BATCHES = {"cuda": (1, 8, 32, 64, 128, 256), "cpu": (1, 4, 16)}

SENTENCE = "春天来了,院子里的桃花开得正好,孩子们追着风筝跑过小桥。"
"""What the text stage's latency is told for: 50 phonemes, or a few more."""


@dataclass(frozen=True, slots=True)
class EngineBench:
    """What was measured, and of what."""

    models: str
    text: Seconds
    """Latency of the text stage for one sentence of some fifty phonemes."""

    figures: "EngineFigures"

    @property
    def sentence(self) -> Seconds:
        """Latency of a whole sentence, from text to samples."""
        return self.text + sum(self.figures.latency.values())


def bench_engine(
    *,
    random: str = "",
    models: "ModelSource | None" = None,
    batches: Sequence[int] = (),
    config: EngineConfig | None = None,
    tell: "Tell" = lambda _: None,
) -> EngineBench:
    """Measure the engine's stages with a pair of models.

    Args:
        random: ``v2`` for full-size models with random weights, which nobody has to download.
        models: Checkpoints; none and no ``random`` means the embedded model.
        batches: Lines at once; none means what suits the device.
        config: Device and precision.
        tell: Told what is being measured.

    Raises:
        ConfigError: There is no such device or random model.
        CheckpointError: The models cannot be loaded.
    """
    from gsvbatch.gsv.bundle import load_bundle
    from gsvbatch.gsv.random_models import random_bundle
    from gsvbatch.gsv.source import embedded_source
    from gsvbatch.runners.local import choose_device, choose_dtype
    from gsvbatch.runners.measuring import measure_engine

    config = config or EngineConfig()
    device = choose_device(config.device)
    dtype = choose_dtype(config.dtype, device)
    if random not in ("", "v2"):
        raise ConfigError(f"random models of {random}: only v2 is known")
    if random:
        tell("making random weights")
        bundle, name = random_bundle(device=device, dtype=dtype), f"random {random}"
    else:
        source = models or embedded_source()
        bundle = load_bundle(source, device=device, dtype=dtype)
        name = str(source.t2s) if models else "embedded model"
    wanted = tuple(batches) or DEFAULT_BATCHES.get(device.type, DEFAULT_BATCHES["cpu"])
    figures = measure_engine(bundle, sorted(set(wanted)), tell=tell)
    return EngineBench(name, _text_latency(), figures)


FIGURE_SUFFIXES = (".png", ".svg")


def require_figure_name(path: Path) -> None:
    """Refuse a name that no figure can have; to be asked before minutes are spent on measuring.

    Raises:
        ConfigError: Its ending is not one of ``FIGURE_SUFFIXES``.
    """
    if path.suffix.lower() not in FIGURE_SUFFIXES:
        known = " or ".join(FIGURE_SUFFIXES)
        raise ConfigError(
            f"--plot {path}: its ending names no format of pictures; end it in {known}"
        )


def write_figure(bench: EngineBench, path: Path) -> None:
    """Draw tokens and audio a second over the batch, as PNG or SVG by the file's ending.

    Raises:
        ConfigError: The ending is another one.
        StorageError: The file cannot be written.
    """
    require_figure_name(path)
    drawing = _drawing(bench)
    if path.suffix.lower() == ".png":
        from gsvbatch.job.png import to_png

        content = to_png(drawing)
    else:
        content = to_svg(drawing).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(path, f"cannot be written ({error.strerror or error})") from error


def _drawing(bench: EngineBench) -> Drawing:
    found = bench.figures
    sizes = [each.n_lines for each in found.decoding]
    decoded = [each.tokens_per_second_with_prefill / 25 for each in found.decoding]
    spoken = [each.speed for each in found.speaking]
    return line_chart(
        f"{Path(bench.models).name} on {found.device}, {found.dtype}",
        "lines at once",
        "audio-seconds a second",
        sizes,
        {
            "decoding, prefill included": decoded,
            "synthesis": spoken,
            "both, one after the other": [
                1 / (1 / a + 1 / b) for a, b in zip(decoded, spoken, strict=False)
            ],
        },
    )


def _text_latency() -> Seconds:
    """Of the second time: the first loads dictionaries."""
    from gsvbatch.text.frontend import Frontend

    frontend = Frontend()
    frontend.phonemize(SENTENCE)
    start = time.perf_counter()
    frontend.phonemize(SENTENCE)
    return time.perf_counter() - start
