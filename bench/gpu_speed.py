"""How fast a device is, by stage and end to end, and how far from what it could be."""

import time
import traceback
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from gpu_setup import Bench
from workload import (
    N_PHONEMES,
    N_PROMPT,
    N_PROMPT_PHONEMES,
    N_TOKENS,
    SEMANTIC_RATE,
    decoded,
    line,
)

from gsvbatch.engine import Engine
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.synthesizer_runner import SynthesizerRunner
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.gsv.bundle import ModelBundle

SYNTHESIS_GFLOP = 42.5
"""Of SoVITS v2 for one second of audio, counted over the published architecture."""


def ceilings(bench: Bench, figures: dict[str, Any]) -> None:
    """Copy bandwidth, bytes read plus written, and the rate of a large matrix product."""
    n = 1 << (30 if bench.is_cuda else 24)
    source = torch.randint(0, 255, (n,), dtype=torch.uint8, device=bench.device)
    target = torch.empty_like(source)
    target.copy_(source)
    bench.bandwidth = 2 * n / bench.seconds(lambda: target.copy_(source), 7)
    size = 8192 if bench.is_cuda else 512
    for dtype in (torch.bfloat16, torch.float16) if bench.is_cuda else (torch.float32,):
        a = torch.randn(size, size, device=bench.device, dtype=dtype)
        b = torch.randn(size, size, device=bench.device, dtype=dtype)
        for _ in range(3):
            a @ b
        rate = 2 * size**3 / bench.seconds(lambda a=a, b=b: a @ b, 7)  # type: ignore[misc]
        figures[f"matrix rate {dtype}"] = rate
        bench.matrix_rate = max(bench.matrix_rate, rate)
    figures["copy bandwidth"] = bench.bandwidth
    bench.row(
        f"ceilings: copy {bench.bandwidth / 1e12:.2f} TB/s, matrix {bench.matrix_rate / 1e12:.0f} TFLOP/s"
    )


def decode_floor(bench: Bench, bundle: ModelBundle, batch: int, dtype: torch.dtype) -> float:
    """Seconds that a step takes at the least: weights once, and every row's keys and values once."""
    config = bundle.t2s.config
    weights = sum(p.numel() for layer in bundle.t2s.h.layers for p in layer.parameters())
    weights += config.vocabulary * config.width
    keys = N_PROMPT + N_PHONEMES + N_PROMPT_PHONEMES + N_TOKENS / 2
    cache = 2 * config.n_layers * config.width * keys
    n_bytes = (weights + batch * cache) * dtype.itemsize
    flop = batch * 2 * (weights + cache)
    return max(n_bytes / bench.bandwidth, flop / bench.matrix_rate)


def decode(bench: Bench, figures: dict[str, Any]) -> None:
    """Tokens a second at several batches."""
    batches = (1, 8, 32, 64, 128, 256) if not bench.is_toy else (1, 4)
    modes: list[tuple[str, torch.dtype, dict[str, Any], tuple[int, ...]]] = [
        ("default", bench.half, {}, batches),
    ]
    if bench.is_cuda:
        modes += [
            ("default", torch.bfloat16, {}, batches),
            ("graphs, no triton", bench.half, {"fused": False}, (1, 64)),
            ("eager, triton", bench.half, {"graphs": False}, (1, 64)),
        ]
    for label, dtype, settings, sizes in modes:
        bundle = bench.bundle(dtype)
        for batch in sizes:
            try:
                key = f"{label}, {dtype}, B={batch}".replace("torch.", "")
                figures[key] = found = _decode_once(bench, bundle, batch, dtype, settings)
            except TimeoutError:
                raise
            except Exception as error:
                print(traceback.format_exc(), flush=True)
                bench.row(f"decode {label} B={batch}: FAILED {error!r}"[:160])
                continue
            bench.row(
                f"decode {key}: {found['ms a step']:.3f} ms a step, {found['tokens/s']:,.0f} tok/s, "
                f"{found['share of roofline']:.0%} of roofline; prefill {found['prefill ms']:.1f} ms, "
                f"with it {found['tokens/s with prefill']:,.0f} tok/s"
            )


def _decode_once(
    bench: Bench, bundle: ModelBundle, batch: int, dtype: torch.dtype, settings: dict[str, Any]
) -> dict[str, float]:
    looks = 8
    runner = T2SRunner(bundle.t2s, batch, looks, **settings)
    n_looks = (N_TOKENS - 1) // looks if not bench.is_toy else 2
    prefills, decodes = [], []
    for round_ in range(3):
        sequences = [
            Sequence(line(bundle, number + 1000 * round_), slot=number) for number in range(batch)
        ]
        bench.sync()
        start = time.perf_counter()
        runner.prefill(sequences)
        bench.sync()
        middle = time.perf_counter()
        for _ in range(n_looks):
            runner.decode(sequences)
            runner.collect(sequences)
        bench.sync()
        prefills.append(middle - start)
        decodes.append((time.perf_counter() - middle) / (n_looks * looks))
    step, prefill = min(decodes[1:]), min(prefills[1:])
    n_steps = N_TOKENS - 1
    return {
        "ms a step": 1e3 * step,
        "tokens/s": batch / step,
        "share of roofline": decode_floor(bench, bundle, batch, dtype) / step,
        "prefill ms": 1e3 * prefill,
        "tokens/s with prefill": batch * N_TOKENS / (prefill + n_steps * step),
    }


def synthesis(bench: Bench, figures: dict[str, Any]) -> None:
    """Audio-seconds a second at several batches, 6 s a line."""
    sizes = (1, 4, 16, 32, 64) if not bench.is_toy else (1, 2)
    _synthesis(bench, figures, [("default", bench.half, None)], sizes)


def other_ways(bench: Bench, figures: dict[str, Any]) -> None:
    """The same without triton, and in bf16; decoding without its parts."""
    sizes = (16, 32) if not bench.is_toy else (1,)
    ways: list[tuple[str, torch.dtype, bool | None]] = [("no triton", bench.half, False)]
    if bench.is_cuda:
        ways.append(("default", torch.bfloat16, None))
    _synthesis(bench, figures, ways, sizes)


def _synthesis(
    bench: Bench,
    figures: dict[str, Any],
    modes: list[tuple[str, torch.dtype, bool | None]],
    sizes: tuple[int, ...],
) -> None:
    for label, dtype, fused in modes:
        bundle = bench.bundle(dtype)
        runner = SynthesizerRunner(bundle.synthesizer, 1 << 20, fused=fused)
        for size in sizes:
            sequences = decoded(bundle, size)
            try:
                runner.run(sequences)
                elapsed = bench.seconds(lambda r=runner, s=sequences: r.run(s))  # type: ignore[misc]
                device = bench.seconds(lambda r=runner, s=sequences: device_only(r, s))  # type: ignore[misc]
            except TimeoutError:
                raise
            except Exception as error:
                print(traceback.format_exc(), flush=True)
                bench.row(f"synthesis {label} lines={size}: FAILED {error!r}"[:160])
                continue
            audio = size * N_TOKENS / SEMANTIC_RATE
            floor = audio * SYNTHESIS_GFLOP * 1e9 / bench.matrix_rate
            key = f"{label}, {dtype}, {size * N_TOKENS} tokens".replace("torch.", "")
            figures[key] = {
                "ms": 1e3 * elapsed,
                "audio-s/s": audio / elapsed,
                "audio-s/s on the device": audio / device,
                "share of roofline": floor / device,
            }
            bench.row(
                f"synthesis {key}: {1e3 * elapsed:.1f} ms ({1e3 * device:.1f} on the device), "
                f"{audio / elapsed:,.0f} audio-s/s, {floor / device:.0%} of roofline"
            )


@torch.inference_mode()
def device_only(runner: SynthesizerRunner, sequences: list[Sequence]) -> None:
    """A batch without the copy to the host."""
    with nullcontext() if runner._stream is None else torch.cuda.stream(runner._stream):
        runner._forward(sequences)


def end_to_end(bench: Bench, figures: dict[str, Any]) -> None:
    """512 lines of 4 to 8 s through the engine."""
    n = 512 if not bench.is_toy else 6
    settings: list[tuple[torch.dtype, int, bool]] = [
        (bench.half, 256, True), (bench.half, 128, True), (bench.half, 256, False),
    ]  # fmt: skip
    if bench.is_toy:
        settings = [(bench.half, 4, False), (bench.half, 4, True)]
    draw = np.random.default_rng(5)
    shortest = 20 if bench.is_toy else 100
    lengths = draw.integers(shortest, 2 * shortest + 1, n).tolist()
    for dtype, n_slots, overlaps in settings:
        bundle = bench.bundle(dtype)
        lines = [line(bundle, number, length) for number, length in enumerate(lengths)]
        engine = Engine(bundle, n_slots=n_slots, overlaps=overlaps)
        if bench.is_cuda:
            torch.cuda.reset_peak_memory_stats()
        for round_ in ("first", "second"):
            before = engine.stats
            bench.sync()
            start = time.perf_counter()
            audio = sum(r.waveform.duration for r in engine.run(lines) if r.waveform)
            elapsed = time.perf_counter() - start
            after = engine.stats
            busy = {
                stage: getattr(after, f"{stage}_busy") - getattr(before, f"{stage}_busy")
                for stage in ("prefill", "decode", "synthesis")
            }
            tokens = after.n_tokens - before.n_tokens
            peak = torch.cuda.max_memory_allocated() / 2**30 if bench.is_cuda else 0.0
            how = "overlapped" if overlaps else "in turn"
            key = f"{dtype}, {n_slots} slots, {how}, {round_} run".replace("torch.", "")
            figures[key] = {
                "s": elapsed, "audio-s/s": audio / elapsed, "tokens/s": tokens / elapsed,
                "audio s": audio, "busy": busy, "peak GiB": peak, "shrinks": after.n_shrinks,
                "occupancy": after.occupancy,
            }  # fmt: skip
            bench.row(
                f"end to end {key}: {audio / elapsed:,.0f} audio-s/s, {tokens / elapsed:,.0f} tok/s in "
                f"{elapsed:.2f} s, busy {' '.join(f'{k} {v:.2f}' for k, v in busy.items())}, "
                f"{peak:.1f} GiB, {after.n_shrinks} shrinks"
            )
