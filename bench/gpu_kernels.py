"""Where a device's time goes, and which tiles its kernels should have."""

from typing import Any

import torch
from gpu_setup import Bench
from workload import decoded, line

from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.synthesizer_runner import SynthesizerRunner
from gsvbatch.engine.t2s_runner import T2SRunner


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
