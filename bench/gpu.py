"""Checks and measures the engine on one CUDA device, in less than three minutes.

    python bench/gpu.py                       # on a card
    python bench/gpu.py --toy --device cpu    # the same code at toy scale

Prints a short table at the end and writes every figure to ``$OUT/gpu.json`` (``--out``). Every part has a
time limit and fails alone. Full-size v2 with random weights: speed does not depend on what was learnt.
"""

import argparse
import copy
import json
import os
import signal
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import numpy as np
import torch
from workload import (
    N_PHONEMES,
    N_PROMPT,
    N_PROMPT_PHONEMES,
    N_TOKENS,
    SEMANTIC_RATE,
    SMALL_SYNTHESIZER,
    SMALL_T2S,
    decoded,
    line,
    voice,
)

from gsvbatch.engine import Engine, Request, Result, Sampling
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.synthesizer_runner import SynthesizerRunner
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.random_models import random_bundle

STARTED = time.perf_counter()
SYNTHESIS_GFLOP = 42.5
"""Of SoVITS v2 for one second of audio, counted over the published architecture."""


class Bench:
    """What all parts share: the device, the scale, and where figures go."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.device = torch.device(args.device)
        self.is_cuda = self.device.type == "cuda"
        self.is_toy: bool = args.toy
        self.limit: float = args.limit
        self.out: Path = args.out
        self.figures: dict[str, Any] = {"parts": {}}
        self.table: list[str] = []
        self.bandwidth = 0.0
        self.matrix_rate = 0.0
        self._bundles: dict[torch.dtype, ModelBundle] = {}
        self._masters: dict[str, ModelBundle] = {}

    @property
    def half(self) -> torch.dtype:
        return torch.float16 if self.is_cuda else torch.float32

    def bundle(self, dtype: torch.dtype) -> ModelBundle:
        if dtype not in self._bundles:
            self._bundles[dtype] = self.fresh_bundle(self.device, dtype)
        return self._bundles[dtype]

    def fresh_bundle(self, device: torch.device | str, dtype: torch.dtype) -> ModelBundle:
        name = "small" if self.is_toy else "full"
        return copied(self.master(name), device, dtype)

    def master(self, name: str) -> ModelBundle:
        """The bundle that all others of its size are copies of, on the CPU in fp32."""
        if name not in self._masters:
            sizes = (SMALL_T2S, SMALL_SYNTHESIZER) if name == "small" else (None, None)
            self._masters[name] = random_bundle(*sizes)
        return self._masters[name]

    def sync(self) -> None:
        if self.is_cuda:
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], object], n: int = 3) -> float:
        """Median wall time of some runs, the device's work included."""
        times = []
        for _ in range(n):
            self.sync()
            start = time.perf_counter()
            work()
            self.sync()
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    def row(self, text: str) -> None:
        self.table.append(text)
        print(f"[{time.perf_counter() - STARTED:5.1f} s] {text}", flush=True)

    def save(self) -> None:
        self.figures["table"] = self.table
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / "gpu.json"
        path.write_text(json.dumps(self.figures, indent=1), encoding="utf-8")

    def part(
        self, name: str, limit: float, work: Callable[["Bench", dict[str, Any]], None]
    ) -> None:
        """Run a part within its time; whatever goes wrong, the others go on."""
        left = self.limit - (time.perf_counter() - STARTED)
        figures: dict[str, Any] = {}
        self.figures["parts"][name] = figures
        start = time.perf_counter()
        if left < 3:
            figures["error"] = "no time left"
            self.row(f"{name}: no time left")
            return
        try:
            # At toy scale no device is waiting, and the processor may be busy with something else.
            with time_limit(left if self.is_toy else min(limit, left)):
                work(self, figures)
        except Exception as error:
            figures["error"] = repr(error)
            figures["traceback"] = traceback.format_exc()
            print(figures["traceback"], flush=True)
            self.row(f"{name}: FAILED {error!r}"[:200])
        figures["took"] = round(time.perf_counter() - start, 2)
        if self.is_cuda:
            torch.cuda.empty_cache()
        self.save()


def copied(bundle: ModelBundle, device: torch.device | str, dtype: torch.dtype) -> ModelBundle:
    """The same networks elsewhere."""
    t2s, synthesizer = copy.deepcopy(bundle.t2s), copy.deepcopy(bundle.synthesizer)
    t2s.to(device=device, dtype=dtype)
    synthesizer.to(device=device, dtype=dtype)
    return ModelBundle(
        bundle.source, t2s, synthesizer, bundle.symbol_version, bundle.version, bundle.digest
    )


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside the block when its time is up; where there are no alarms, do nothing."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def over(*_: object) -> None:
        raise TimeoutError(f"more than {seconds:.0f} s")

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


SAMPLINGS = (
    Sampling(),
    Sampling(top_k=1),
    Sampling(top_k=50, temperature=1.3, repetition_penalty=1.0),
    Sampling(top_k=5, temperature=0.7),
)


def uneven(bundle: ModelBundle, number: int) -> Request:
    """A line of any length, voice and sampling, for checks of correctness."""
    draw = np.random.default_rng(2000 + number)
    return Request(
        id=f"line-{number}",
        phoneme_ids=tuple(draw.integers(0, 700, 5 + 7 * number % 23).tolist()),
        voice=voice(bundle, number % 3, 10 + 9 * (number % 3), 8 + 5 * (number % 3)),
        seed=number * 104729 + 5,
        sampling=SAMPLINGS[number % 4],
        max_tokens=20 + 11 * number % 37,
    )


def spoken(engine: Engine, requests: list[Request]) -> dict[str, Result]:
    results = {result.request_id: result for result in engine.run(requests)}
    for result in results.values():
        if result.error is not None:
            raise result.error
    return results


def n_same_tokens(some: dict[str, Result], others: dict[str, Result]) -> int:
    return sum(some[key].tokens.tokens == others[key].tokens.tokens for key in some)  # type: ignore[union-attr]


def audio_error(some: dict[str, Result], others: dict[str, Result]) -> float:
    """The largest relative RMS difference of two renderings of the same tokens."""
    worst = 0.0
    for key, result in some.items():
        one, other = result.waveform, others[key].waveform
        assert one is not None
        assert other is not None
        if result.tokens.tokens != others[key].tokens.tokens:  # type: ignore[union-attr]
            continue
        if len(one.samples) != len(other.samples):
            return float("inf")
        scale = float(np.sqrt(np.mean(np.square(other.samples)))) + 1e-12
        rms = float(np.sqrt(np.mean(np.square(one.samples - other.samples))))
        worst = max(worst, rms / scale)
        if not np.isfinite(one.samples).all():
            return float("inf")
    return worst


def correctness(bench: Bench, figures: dict[str, Any]) -> None:
    """Graph decode equals eager decode equals the CPU; a line in a batch equals the line alone."""
    for name in ("small",) if bench.is_toy else ("small", "full"):
        reference_bundle = bench.master(name)
        n = 12 if name == "small" else 6
        requests = [uneven(reference_bundle, number) for number in range(n)]
        reference = spoken(Engine(reference_bundle, n_slots=4, batch_tokens=1), requests)
        bundle = copied(reference_bundle, bench.device, torch.float32)
        variants: dict[str, dict[str, Any]] = {
            "eager plain": {"graphs": False, "fused": False, "n_slots": 4, "batch_tokens": 1},
            "default, alone": {"n_slots": 1, "batch_tokens": 1},
            "default, batch": {"n_slots": 8, "batch_tokens": 4000},
        }
        if bench.is_cuda:
            variants["graphs plain"] = {"graphs": True, "fused": False, "n_slots": 4}
            variants["eager fused"] = {"graphs": False, "n_slots": 4}
        results = {}
        for label, settings in variants.items():
            try:
                engine = Engine(bundle, **settings)
                results[label] = spoken(engine, requests)
                again = spoken(engine, requests)  # with used slots
            except TimeoutError:
                raise
            except Exception as error:
                print(traceback.format_exc(), flush=True)
                bench.row(f"correct {name:5} {label:15} FAILED {error!r}"[:160])
                figures[f"{name}, {label}"] = repr(error)
                continue
            same, twice = n_same_tokens(results[label], reference), n_same_tokens(again, reference)
            apart = audio_error(results[label], reference)
            figures[f"{name}, {label}"] = {
                "same tokens as the CPU": same, "with used slots": twice, "of": n,
                "audio against the CPU": apart,
            }  # fmt: skip
            bench.row(
                f"correct {name:5} {label:15} tokens {same}/{n}, again {twice}/{n}, audio {apart:.1e}"
            )
        if {"default, alone", "default, batch"} <= results.keys():
            apart = audio_error(results["default, batch"], results["default, alone"])
            figures[f"{name}, batch against alone"] = apart
            bench.row(f"correct {name:5} batch against alone: audio {apart:.1e}")


def half_precision(bench: Bench, figures: dict[str, Any]) -> None:
    """Logits against the naive path in fp32, teacher-forced on what was drawn; ends and audio too."""
    exact = bench.bundle(torch.float32)
    lines = [uneven(exact, number) for number in range(8)]
    dtypes = [torch.float32, torch.float16, torch.bfloat16] if bench.is_cuda else [torch.float32]
    for dtype in dtypes:
        bundle = bench.bundle(dtype)
        runner = T2SRunner(bundle.t2s, 8, graphs=False)
        kept: list[torch.Tensor] = []
        keep = runner._eager.logits

        def logits(hidden: torch.Tensor, keep: Any = keep, kept: Any = kept) -> torch.Tensor:
            found: torch.Tensor = keep(hidden)
            kept.append(found.clone())
            return found

        runner._eager.logits = runner._plain.logits = logits  # type: ignore[method-assign]
        sequences = [Sequence(each, slot=slot) for slot, each in enumerate(lines)]
        runner.prefill(sequences)
        kept.clear()
        for _ in range(18):
            runner.decode(sequences)
        bench.sync()
        worst, spread, agree, n = 0.0, 0.0, 0, 0
        for slot, each in enumerate(lines):
            tokens = runner.slots.tokens[slot, :18].tolist()
            expected = naive_logits(exact, each, tokens)
            found = torch.stack([step[slot] for step in kept[:17]]).float().cpu()
            worst = max(worst, float((found - expected[1:18]).abs().max()))
            spread = max(spread, float(expected.std()))
            agree += int((found.argmax(1) == expected[1:18].argmax(1)).sum())
            n += len(found)
        figures[str(dtype)] = {
            "max error": worst, "std of logits": spread, "argmax agrees": agree, "of": n,
        }  # fmt: skip
        bench.row(f"logits {dtype}: max error {worst:.2e} at std {spread:.2f}, argmax {agree}/{n}")
    if bench.is_cuda:
        for dtype in dtypes[1:]:
            bundle = bench.bundle(dtype)
            batch = spoken(Engine(bundle, n_slots=8, batch_tokens=4000), lines)
            alone = spoken(Engine(bundle, n_slots=8, batch_tokens=1), lines)
            error = audio_error(batch, alone)
            plain = spoken(Engine(bundle, n_slots=8, batch_tokens=1, fused=False), lines)
            against = audio_error(alone, plain)
            figures[f"{dtype}, audio"] = {
                "batch against alone": error,
                "fused against plain": against,
            }
            bench.row(
                f"audio {dtype}: batch against alone {error:.1e}, fused against plain {against:.1e}"
            )


@torch.inference_mode()
def naive_logits(bundle: ModelBundle, line: Request, tokens: list[int]) -> torch.Tensor:
    """Logits (n, V) of all tokens at once, without a cache; row i is what token i is drawn from."""
    model, device = bundle.t2s, bundle.t2s.ar_predict_layer.weight.device
    history = list(line.voice.prompt_tokens) + tokens
    ids = torch.tensor([line.voice.prompt_phoneme_ids + line.phoneme_ids], device=device)
    places = torch.arange(len(history), device=device)
    embedded = model.embed_tokens(torch.tensor([history], device=device), places)
    hidden = model(model.embed_phonemes(ids), embedded)[0]
    first = len(line.voice.prompt_tokens) - 1
    logits: torch.Tensor = model.head(hidden[first:-1]).float().cpu()
    return logits


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


def profiles(bench: Bench, figures: dict[str, Any]) -> None:
    """Where the time of a decode step and of a synthesizer batch goes."""
    from torch.profiler import ProfilerActivity, profile

    bundle = bench.bundle(bench.half)
    batch = 64 if not bench.is_toy else 2
    runner = T2SRunner(bundle.t2s, batch, 4, graphs=False)
    sequences = [Sequence(line(bundle, number), slot=number) for number in range(batch)]
    runner.prefill(sequences)
    runner.decode(sequences)
    speaker = SynthesizerRunner(bundle.synthesizer, 1 << 20)
    lines = decoded(bundle, batch // 2)
    speaker.run(lines)
    activities = [ProfilerActivity.CUDA if bench.is_cuda else ProfilerActivity.CPU]
    for label, work in (
        ("4 decode steps", lambda: runner.decode(sequences)),
        ("prefill", lambda: runner.prefill(sequences)),
        ("synthesis", lambda: speaker.run(lines)),
    ):
        bench.sync()
        with profile(activities=activities) as found:
            work()
            bench.sync()
        averages = found.key_averages()

        def spent(event: Any) -> float:
            return float(
                event.self_device_time_total if bench.is_cuda else event.self_cpu_time_total
            )

        total = sum(spent(event) for event in averages) or 1.0
        top = sorted(averages, key=spent, reverse=True)[:14]
        figures[label] = {
            "total us": total,
            "kernels": [[e.key[:110], e.count, spent(e)] for e in top],
        }
        print(f"--- {label}, B={batch}: {total / 1e3:.2f} ms in kernels", flush=True)
        for event in top[:10]:
            print(f"{spent(event) / total:6.1%} {event.count:5d} x {event.key[:90]}", flush=True)


def tiles(bench: Bench, figures: dict[str, Any]) -> None:
    """Which tiles suit the generator's convolutions, and attention; what a later version should use."""
    if not bench.is_cuda:
        figures["skipped"] = "needs a CUDA device"
        return
    from gsvbatch.engine import triton_kernels as kernels

    attention_tiles(bench, figures)
    audio = 96.0
    for channels, rate, taps in (
        (128, 4000, 11),
        (256, 500, 11),
        (64, 8000, 11),
        (32, 16000, 7),
        (16, 32000, 7),
    ):
        length = int(rate * 6)
        x = torch.randn(16, length, channels, device=bench.device, dtype=bench.half)
        weight = torch.randn(taps, channels, channels, device=bench.device, dtype=bench.half) * 0.05
        bias = torch.zeros(channels, device=bench.device)
        lengths = torch.full((16,), length, dtype=torch.int32, device=bench.device)
        out = torch.empty_like(x)
        flop = 2 * taps * channels * channels * rate * audio
        found: dict[str, Any] = {}
        for block_l, block_out, block_in, warps, stages in (
            (128, 128, 64, 8, 3), (128, 128, 64, 4, 3), (128, 128, 64, 8, 4), (256, 128, 64, 8, 3),
            (128, 256, 64, 8, 3), (128, 128, 32, 4, 4), (256, 128, 32, 8, 4), (64, 128, 64, 4, 4),
            (256, 64, 64, 8, 3), (512, 32, 32, 8, 3), (512, 16, 16, 8, 3), (128, 64, 64, 4, 4),
        ):  # fmt: skip
            if block_out > channels or block_in > channels or block_out < min(channels, 64):
                continue
            grid = (-(-length // block_l), channels // block_out, 16)

            def launch(
                grid: Any = grid, block: Any = (block_l, block_in, block_out), w: int = warps, s: int = stages,
                x: Any = x, weight: Any = weight, bias: Any = bias, out: Any = out, lengths: Any = lengths,
                taps: int = taps, channels: int = channels,
            ) -> None:  # fmt: skip
                kernels.conv_kernel[grid](
                    x, weight, bias, x, x, x, out, lengths, x.stride(0), 0, 0, 0, out.stride(0), 0,
                    taps, 1, taps // 2, 0, 1.0, 0, 0.1, C_IN=channels, C_OUT=channels,
                    BLOCK_L=block[0], BLOCK_IN=block[1], BLOCK_OUT=block[2], HAS_RESIDUAL=False,
                    HAS_TOTAL=False, STORE_X=False, STORE_Y=True, TANH=False, PRECISION="ieee",
                    num_warps=w, num_stages=s,
                )  # fmt: skip

            try:
                launch()
                elapsed = bench.seconds(lambda launch=launch: [launch() for _ in range(5)]) / 5  # type: ignore[misc]
            except TimeoutError:
                raise
            except Exception as error:
                found[f"{block_l}x{block_out}x{block_in} w{warps} s{stages}"] = repr(error)[:80]
                continue
            found[f"{block_l}x{block_out}x{block_in} w{warps} s{stages}"] = flop / elapsed / 1e12
        figures[f"C={channels}, {taps} taps"] = found
        rates = {key: value for key, value in found.items() if isinstance(value, float)}
        ranked = sorted(rates.items(), key=lambda item: -item[1])
        bench.row(
            f"tiles C={channels}: " + ", ".join(f"{k} {v:.0f} TFLOP/s" for k, v in ranked[:4])
        )


def attention_tiles(bench: Bench, figures: dict[str, Any]) -> None:
    """Bandwidth of decode attention by tile, 275 keys a row."""
    from gsvbatch.engine import triton_kernels as kernels

    config, capacity, n_keys = bench.bundle(bench.half).t2s.config, 384, 275
    n_heads, depth = config.n_heads, config.width // config.n_heads
    for batch in (1, 128):
        shape = (batch, n_heads, capacity, depth)
        # Several caches in turn, as layers are, so that none stays in the device's own cache.
        caches = [
            (torch.randn(shape, device=bench.device).to(bench.half),) * 2
            if batch == 1
            else tuple(torch.randn(shape, device=bench.device).to(bench.half) for _ in range(2))
            for _ in range(8)
        ]
        packed = torch.randn(batch, 3 * config.width, device=bench.device).to(bench.half)
        lengths = torch.full((batch,), n_keys, device=bench.device)
        out = torch.empty(batch, config.width, device=bench.device, dtype=bench.half)
        found = {}
        for block, warps in (
            (32, 1),
            (64, 1),
            (64, 2),
            (64, 4),
            (128, 2),
            (128, 4),
            (256, 4),
            (512, 8),
        ):

            def launch(
                block: int = block, warps: int = warps, caches: Any = caches, batch: int = batch,
                packed: Any = packed, lengths: Any = lengths, out: Any = out,
            ) -> None:  # fmt: skip
                for keys, values in caches:
                    kernels.attend_kernel[(batch, n_heads)](
                        packed, keys, values, lengths, out, capacity, 0.1767,
                        N_HEADS=n_heads, DEPTH=depth, BLOCK=block, num_warps=warps,
                    )  # fmt: skip

            launch()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                launch()
            elapsed = bench.seconds(graph.replay, 5) / len(caches)
            found[f"{block} w{warps}"] = {
                "us": 1e6 * elapsed,
                "TB/s": batch * n_keys * 2 * config.width * bench.half.itemsize / elapsed / 1e12,
            }
        figures[f"attention, B={batch}"] = found
        ranked = sorted(found.items(), key=lambda item: item[1]["us"])
        bench.row(
            f"attention B={batch}: "
            + ", ".join(f"{k} {v['us']:.1f} us {v['TB/s']:.2f} TB/s" for k, v in ranked[:4])
        )


def main() -> int:
    """Run all parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--toy", action="store_true", help="tiny models and batches")
    parser.add_argument("--limit", type=float, default=165.0, help="seconds for everything")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "runs/bench")))
    bench = Bench(parser.parse_args())
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    name = torch.cuda.get_device_name() if bench.is_cuda else "CPU"
    bench.figures["device"] = {"name": name, "torch": torch.__version__, "cuda": torch.version.cuda}
    bench.row(f"{name}, torch {torch.__version__}")
    bench.part("ceilings", 15, ceilings)
    bench.part("decode", 45, decode)
    bench.part("synthesis", 40, synthesis)
    bench.part("end to end", 40, end_to_end)
    bench.part("correctness", 50, correctness)
    bench.part("half precision", 30, half_precision)
    bench.part("profiles", 15, profiles)
    bench.part("other ways", 30, other_ways)
    bench.part("tiles", 30, tiles)
    print("\n=== summary ===")
    print("\n".join(bench.table))
    failed = [name for name, figures in bench.figures["parts"].items() if "error" in figures]
    print(f"took {time.perf_counter() - STARTED:.0f} s" + (f"; failed: {failed}" if failed else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
