"""How fast an engine's stages are on this machine, and how near to what the machine can do at all.

The workload is fixed: 100 prompt tokens and 40 phonemes of the prompt, 60 phonemes and 150 tokens (6 s) a
line, as all published comparisons of this project have it. Every line is decoded to its last token.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from gsvbatch.data import SemanticTokens, StopReason
from gsvbatch.engine import Request, VoicePrompt
from gsvbatch.engine.engine import default_steps_between_looks, synthesizer_runner
from gsvbatch.engine.memory import is_out_of_memory, release
from gsvbatch.engine.request import DEFAULT_STEPS
from gsvbatch.engine.sequence import Sequence as EngineSequence
from gsvbatch.engine.slots import cache_dtype
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.mel_synthesizer import MelSynthesizer
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Synthesizer, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig
from gsvbatch.units import SEMANTIC_RATE, Seconds

N_PROMPT, N_PROMPT_PHONEMES, N_PHONEMES, N_TOKENS = 100, 40, 60, 150
SENTENCE_PHONEMES, SENTENCE_TOKENS = 50, 125
"""The one sentence whose latency is told: 5 s."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Workload:
    """What a line is made of; smaller only in tests."""

    n_prompt: int = N_PROMPT
    n_prompt_phonemes: int = N_PROMPT_PHONEMES
    n_phonemes: int = N_PHONEMES
    n_tokens: int = N_TOKENS


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What the machine can do at all, measured."""

    bandwidth: float
    """Bytes read plus bytes written a second, copying much more than fits into a cache."""

    matrix_rate: float
    """Floating-point operations a second in a large matrix product of the engine's precision."""


@dataclass(frozen=True, slots=True)
class DecodeFigures:
    """Decoding so many lines at once."""

    n_lines: int
    prefill: Seconds
    step: Seconds
    """One decode step of all lines."""

    tokens_per_second: float
    """Of all lines together, without prefill."""

    tokens_per_second_with_prefill: float
    share: float
    """Of the roofline: the least time that a step can take, over what it takes."""


@dataclass(frozen=True, slots=True)
class SpeakFigures:
    """Synthesizing so many lines at once."""

    n_lines: int
    elapsed: Seconds
    speed: float
    """Seconds of audio a second."""

    share: float
    """Of the roofline of its arithmetic."""


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """Everything that was measured."""

    device: str
    dtype: str
    n_threads: int
    ceilings: Ceilings
    latency: dict[str, Seconds]
    """Of one sentence of 50 phonemes and 5 s, stage by stage, alone in the machine."""

    decoding: tuple[DecodeFigures, ...]
    speaking: tuple[SpeakFigures, ...]
    peak_memory: int
    """Bytes: of the device where it has memory of its own, else of this process."""

    sample_steps: int | None = None
    """In which v3 and v4 draw a mel, which decides how long they take; None for other models."""


def measure_engine(
    bundle: ModelBundle,
    batches: Sequence[int],
    *,
    workload: Workload | None = None,
    tell: Tell = lambda _: None,
) -> EngineFigures:
    """Measure every stage at every batch; one that memory does not hold ends the series.

    Args:
        bundle: The networks, on their device and in their precision. Their end token is silenced.
        batches: Lines at once, in rising order.
        workload: What a line is made of.
        tell: Told what is being measured.
    """
    workload = workload or Workload()
    weight = bundle.t2s.ar_predict_layer.weight
    if weight.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(weight.device)
    tell("bandwidth and matrix rate")
    ceilings = measure_ceilings(weight.device, weight.dtype)
    with torch.no_grad():
        # A logit of zero is never among the largest of a thousand, so every line runs to its limit.
        weight[bundle.t2s.config.eos] = 0
    tell("one sentence")
    latency = _latency(bundle, workload)
    flop = _flop_per_second(bundle, workload)
    decoding: list[DecodeFigures] = []
    speaking: list[SpeakFigures] = []
    for batch in batches:
        tell(f"{batch} lines at once")
        try:
            decoding.append(_decoding(bundle, batch, workload, ceilings))
            speaking.append(_speaking(bundle, batch, workload, flop / ceilings.matrix_rate))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            tell(f"{batch} lines do not fit into memory")
            break
        finally:
            release(weight.device)
    return EngineFigures(
        device=device_name(weight.device),
        dtype=str(weight.dtype).removeprefix("torch."),
        n_threads=torch.get_num_threads(),
        ceilings=ceilings,
        latency=latency,
        decoding=tuple(decoding),
        speaking=tuple(speaking),
        peak_memory=_peak_memory(weight.device),
        sample_steps=DEFAULT_STEPS if isinstance(bundle.synthesizer, MelSynthesizer) else None,
    )


def measure_ceilings(device: torch.device, dtype: torch.dtype) -> Ceilings:
    """Copy bandwidth and the rate of a large matrix product."""
    n = 1 << (30 if device.type == "cuda" else 26)
    source = torch.ones(n, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copying = median_time(lambda: target.copy_(source), device, 5)
    size = 8192 if device.type == "cuda" else 1024
    # Random numbers: a product of zeros takes less power, and so less time.
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    multiplying = median_time(lambda: a @ b, device, 5)
    return Ceilings(bandwidth=2 * n / copying, matrix_rate=2 * size**3 / multiplying)


def median_time(work: Callable[[], object], device: torch.device, n: int = 3) -> Seconds:
    """Median of some runs after one that warms up, the device's work included."""
    work()
    times = []
    for _ in range(n):
        _wait(device)
        start = time.perf_counter()
        work()
        _wait(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def least_step(
    config: T2SConfig, n_lines: int, workload: Workload, ceilings: Ceilings, sizes: tuple[int, int]
) -> Seconds:
    """The least time of a decode step: weights read once, and the keys and values of every line once.

    The mean line is half decoded. Or its arithmetic, where that takes longer. ``sizes`` are bytes of a
    weight and of a number in the cache.
    """
    width, inner = config.width, config.feed_forward
    weights = config.n_layers * (4 * width * width + 2 * width * inner) + config.vocabulary * width
    n_keys = workload.n_prompt + workload.n_prompt_phonemes + workload.n_phonemes
    cache = 2 * config.n_layers * width * (n_keys + workload.n_tokens / 2)
    n_bytes = weights * sizes[0] + n_lines * cache * sizes[1]
    flop = 2 * n_lines * (weights + cache)
    return max(n_bytes / ceilings.bandwidth, flop / ceilings.matrix_rate)


def speaking_flop(config: SynthesizerConfig) -> float:
    """Floating-point operations of the synthesizer for one second of audio; attention's are left out."""
    rate: float = SEMANTIC_RATE * FRAMES_PER_TOKEN
    channels = config.initial_channels
    flop = 2 * 7 * config.latent * channels * rate
    for factor, kernel in zip(config.upsample_rates, config.upsample_kernels, strict=True):
        flop += 2 * kernel * channels * (channels // 2) * rate
        rate *= factor
        channels //= 2
        taps = sum(
            2 * size * len(dilations)
            for size, dilations in zip(
                config.resblock_kernels, config.resblock_dilations, strict=True
            )
        )
        flop += 2 * taps * channels * channels * rate
    frames = SEMANTIC_RATE * FRAMES_PER_TOKEN
    layer = 4 * config.hidden**2 + 2 * config.kernel * config.hidden * config.feed_forward
    prior = config.n_layers * layer + config.ssl_width * config.hidden
    coupling = config.flow_layers * (2 * config.flow_kernel + 2) * config.hidden**2
    return flop + 2 * frames * (prior + config.flow_couplings * coupling)


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return device.type
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - no real file
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    import platform

    return names[0] if names else platform.processor() or platform.machine()


def _line(bundle: ModelBundle, number: int, workload: Workload) -> Request:
    draw = np.random.default_rng(number)
    n_symbols = min(bundle.t2s.config.n_phonemes, bundle.synthesizer.config.n_phonemes)
    codes = bundle.t2s.config.eos
    voice = VoicePrompt(
        prompt_phoneme_ids=tuple(draw.integers(0, n_symbols, workload.n_prompt_phonemes).tolist()),
        prompt_tokens=tuple(draw.integers(0, codes, workload.n_prompt).tolist()),
        style=torch.from_numpy(
            draw.normal(size=bundle.synthesizer.config.style).astype(np.float32)
        ),
        reference_mel=_reference_mel(bundle, draw, workload),
    )
    phonemes = tuple(draw.integers(0, n_symbols, workload.n_phonemes).tolist())
    return Request(f"line-{number}", phonemes, voice, number, max_tokens=workload.n_tokens)


def _reference_mel(
    bundle: ModelBundle, draw: np.random.Generator, workload: Workload
) -> torch.Tensor | None:
    """What v3 and v4 continue, as long as the prompt; None for other models."""
    if not isinstance(bundle.synthesizer, MelSynthesizer):
        return None
    per_token = FRAMES_PER_TOKEN * bundle.synthesizer.frames.per_latent
    shape = (bundle.synthesizer.config.dit.n_mels, round(workload.n_prompt * per_token))
    return torch.from_numpy(draw.normal(scale=0.3, size=shape).astype(np.float32))


def _sequences(bundle: ModelBundle, n: int, workload: Workload) -> list[EngineSequence]:
    """Lines in slots of their own."""
    return [EngineSequence(_line(bundle, number, workload), slot=number) for number in range(n)]


def _spoken_lines(bundle: ModelBundle, n: int, workload: Workload) -> list[EngineSequence]:
    """Lines whose tokens are known."""
    draw = np.random.default_rng(7)
    sequences = _sequences(bundle, n, workload)
    for sequence in sequences:
        tokens = tuple(draw.integers(0, bundle.t2s.config.eos, workload.n_tokens).tolist())
        sequence.tokens = SemanticTokens(tokens, StopReason.LIMIT)
    return sequences


def _decode_once(
    runner: T2SRunner, bundle: ModelBundle, n_lines: int, workload: Workload
) -> tuple[Seconds, Seconds]:
    """Times of the prefill and of a step."""
    sequences = _sequences(bundle, n_lines, workload)
    _wait(runner.device)
    start = time.perf_counter()
    runner.prefill(sequences)
    _wait(runner.device)
    middle = time.perf_counter()
    n_steps = 0
    while n_steps < workload.n_tokens - 1:
        n_steps += runner.decode(sequences)
        runner.collect(sequences)
    _wait(runner.device)
    return middle - start, (time.perf_counter() - middle) / n_steps


def _runner(bundle: ModelBundle, n_lines: int) -> T2SRunner:
    device = bundle.t2s.ar_predict_layer.weight.device
    return T2SRunner(bundle.t2s, n_lines, default_steps_between_looks(device))


def _decoding(
    bundle: ModelBundle, n_lines: int, workload: Workload, ceilings: Ceilings
) -> DecodeFigures:
    runner = _runner(bundle, n_lines)
    # The first round compiles and captures; on a processor there is nothing to warm but the caches.
    n_rounds = 3 if runner.device.type == "cuda" else 1
    rounds = [_decode_once(runner, bundle, n_lines, workload) for _ in range(n_rounds)]
    prefill, step = (min(times) for times in zip(*rounds[-2:], strict=True))
    sizes = runner.itemsize, cache_dtype(runner.device, runner.dtype).itemsize
    least = least_step(bundle.t2s.config, n_lines, workload, ceilings, sizes)
    whole = prefill + (workload.n_tokens - 1) * step
    return DecodeFigures(
        n_lines,
        prefill,
        step,
        n_lines / step,
        n_lines * workload.n_tokens / whole,
        least / step,
    )


def _speaking(
    bundle: ModelBundle, n_lines: int, workload: Workload, least: Seconds
) -> SpeakFigures:
    """Speak so many lines; ``least`` is what a second of audio takes at the machine's matrix rate."""
    runner = synthesizer_runner(bundle, n_lines * (workload.n_prompt + workload.n_tokens))
    batches = runner.batches(_spoken_lines(bundle, n_lines, workload))
    # A processor speaks lines one by one, so a few tell as much as many.
    is_cuda = runner.device.type == "cuda"
    batches = batches if is_cuda else batches[:1]
    n_spoken = sum(len(batch) for batch in batches)
    elapsed = median_time(
        lambda: [runner.run(batch) for batch in batches], runner.device, 3 if is_cuda else 1
    )
    elapsed *= n_lines / n_spoken
    audio = n_lines * workload.n_tokens / SEMANTIC_RATE
    return SpeakFigures(n_lines, elapsed, audio / elapsed, audio * least / elapsed)


def _flop_per_second(bundle: ModelBundle, workload: Workload) -> float:
    """Floating-point operations of synthesis for one second of audio.

    Reckoned where there is a formula; v3 and v4 are run once, and their operations counted.
    """
    if isinstance(bundle.synthesizer, Synthesizer):
        return speaking_flop(bundle.synthesizer.config)
    from torch.utils.flop_counter import FlopCounterMode

    runner = synthesizer_runner(bundle, 1)
    with FlopCounterMode(display=False) as counter:
        runner.run(_spoken_lines(bundle, 1, workload))
    total: int = counter.get_total_flops()
    return total * SEMANTIC_RATE / workload.n_tokens


def _latency(bundle: ModelBundle, workload: Workload) -> dict[str, Seconds]:
    """Of one sentence: prefill, decoding and synthesis."""
    scale = workload.n_tokens / N_TOKENS
    sentence = replace(
        workload,
        n_phonemes=max(1, round(SENTENCE_PHONEMES * scale)),
        n_tokens=max(2, round(SENTENCE_TOKENS * scale)),
    )
    runner = _runner(bundle, 1)
    prefill, step = [_decode_once(runner, bundle, 1, sentence) for _ in range(2)][-1]
    speaker = synthesizer_runner(bundle, 1)
    lines = _spoken_lines(bundle, 1, sentence)
    synthesis = median_time(lambda: speaker.run(lines), speaker.device, 1)
    return {
        "prefill": prefill,
        "decode": step * (sentence.n_tokens - 1),
        "synthesis": synthesis,
    }


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource  # not on Windows
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
