"""Whether a device says what the CPU says: tokens, logits and audio."""

import traceback
from typing import Any

import numpy as np
import torch
from gpu_setup import Bench, copied
from workload import voice

from gsvbatch.engine import Engine, Request, Result, Sampling
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.gsv.bundle import ModelBundle

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
