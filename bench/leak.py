"""Renders many short lines with a full-size model and watches the memory.

    python bench/leak.py                                 # v2ProPlus, a hundred lines, on the processor
    python bench/leak.py --version v4 --device cuda --lines 200 --tokens 100

Random weights of the published sizes are written in their published containers, loaded as a user's are,
and spoken through the engine. Every ten lines the resident memory is printed; a process that leaks
grows by the line, one that does not stays where it was after the first lines.
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch

from gsvbatch.engine import Engine, Request, VoicePrompt
from gsvbatch.gsv.bigvgan import BigVGAN, BigVGANConfig
from gsvbatch.gsv.bundle import ModelBundle, ModelSource, load_bundle
from gsvbatch.gsv.generator import Generator
from gsvbatch.gsv.mel_synthesizer import MelSynthesizer, MelSynthesizerConfig, MelVersion
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic
from tests import toy, toy_versions  # the writers of published containers

PRO = SynthesizerConfig(style=1024, fusion=512, speaker=20480)
SIZES = {
    "v1": SynthesizerConfig(n_phonemes=322, style_bins=1025),
    "v2": SynthesizerConfig(),
    "v2Pro": PRO,
    "v2ProPlus": replace(PRO, initial_channels=768, upsample_kernels=(20, 16, 8, 2, 2)),
}
N_PROMPT, N_PROMPT_PHONEMES = 100, 40
SETTLED = 20
"""Lines after which all buffers have their size."""

TOLERATED = 0.02
"""Growth after that, as a share, which allocators may make of unlike shapes."""


def main() -> int:
    """Write models, speak lines, print memory; 1 if it grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="v2ProPlus", choices=toy_versions.VERSIONS)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=12, help="of a line; 25 are a second")
    parser.add_argument("--steps", type=int, default=8, help="of the flow matching of v3 and v4")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--slots", type=int, default=None)
    args = parser.parse_args()
    device = torch.device(args.device)
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    with tempfile.TemporaryDirectory(prefix="gsvbatch-leak-") as folder:
        source = write_models(Path(folder), args.version)
        sizes = ", ".join(f"{p.stat().st_size / 1e6:.0f} MB" for p in source.files().values())
        print(f"{args.version} with random weights ({sizes}), on {device} in {dtype}")
        before = resident()
        bundle = load_bundle(source, device=device, dtype=dtype)
        gc.collect()
        print(f"resident before loading {before:.0f} MB, after {resident():.0f} MB")
        curve = speak(Engine(bundle, n_slots=args.slots), args)
    settled = [memory for n, memory in curve if n >= SETTLED]
    grown = settled[-1] - settled[0] if settled else 0.0
    print(f"after the first {SETTLED} lines: {grown:+.1f} MB")
    return int(bool(settled) and grown > TOLERATED * settled[0])


def speak(engine: Engine, args: argparse.Namespace) -> list[tuple[int, float]]:
    """Speak all lines; return (lines, resident memory in MB) every ten lines."""
    curve, started, audio = [], time.perf_counter(), 0.0
    for n, result in enumerate(engine.run(requests(engine.bundle, args)), 1):
        if result.waveform is None:
            raise SystemExit(f"{result.request_id}: {result.error}")
        audio += result.waveform.duration
        if n % 10 == 0:
            elapsed = time.perf_counter() - started
            curve.append((n, resident()))
            card = ""
            if engine.device.type == "cuda":
                card = f"  card {torch.cuda.memory_reserved() / 1e6:6.0f} MB"
            print(f"{n:5} lines {elapsed:7.1f} s {audio:7.1f} s audio  resident "
                  f"{curve[-1][1]:7.1f} MB{card}", flush=True)  # fmt: skip
    return curve


def requests(bundle: ModelBundle, args: argparse.Namespace) -> Iterator[Request]:
    """Lines of many lengths, so that no two batches have one shape."""
    draw = np.random.default_rng(1)
    n_phonemes = bundle.synthesizer.config.n_phonemes
    mel = None
    if isinstance(bundle.synthesizer, MelSynthesizer):
        mel = torch.from_numpy(draw.uniform(-1, 1, (100, 400))).float()
    voice = VoicePrompt(
        prompt_phoneme_ids=tuple(draw.integers(0, n_phonemes, N_PROMPT_PHONEMES).tolist()),
        prompt_tokens=tuple(draw.integers(0, 1024, N_PROMPT).tolist()),
        style=torch.from_numpy(draw.normal(size=bundle.synthesizer.config.style)).float(),
        reference_mel=mel,
    )
    for i in range(args.lines):
        length = int(draw.integers(8, 60))
        yield Request(
            id=f"line-{i}",
            phoneme_ids=tuple(draw.integers(0, n_phonemes, length).tolist()),
            voice=voice,
            seed=i,
            sample_steps=args.steps,
            max_tokens=args.tokens + i % 7,
        )


def write_models(folder: Path, version: str) -> ModelSource:
    """Write full-size models with random weights as they are published."""
    source = ModelSource(folder / "t2s.ckpt", folder / "synthesizer.pth")
    t2s = TextToSemantic(T2SConfig(n_phonemes=512 if version == "v1" else 732))
    toy.save_ckpt(source.t2s, randomized(t2s))
    if version in SIZES:
        toy.save_pth(source.synthesizer, randomized(Synthesizer(SIZES[version])))
        return source
    label: MelVersion = "v3" if version.startswith("v3") else "v4"
    network = MelSynthesizer(MelSynthesizerConfig(label))
    frequencies = network.cfm.estimator.rotary_embed.inv_freq.clone()
    randomized(network)
    network.cfm.estimator.rotary_embed.inv_freq.copy_(frequencies)
    vocoder = toy_versions.save_vocoder(folder, label, randomized(full_vocoder(label)))
    source = replace(source, vocoder=vocoder)
    if version == label:
        toy.save_pth(source.synthesizer, network, version=version)
        return source
    base = folder / f"s2G{label}.pth"
    toy.save_pth(base, network, version=label)
    toy_versions.save_lora(source.synthesizer, network, toy_versions.HEADERS[version], rank=32)
    return replace(source, base=base)


def full_vocoder(version: MelVersion) -> torch.nn.Module:
    """A vocoder of the published size."""
    if version == "v3":
        return BigVGAN(BigVGANConfig())
    return Generator(
        latent=100, style=0, upsample_rates=(10, 6, 2, 2, 2), upsample_kernels=(20, 12, 4, 4, 4),
        initial_channels=512, resblock_kernels=(3, 7, 11), resblock_dilations=((1, 3, 5),) * 3,
        final_bias=True,
    )  # fmt: skip


@torch.no_grad()
def randomized(network: torch.nn.Module) -> torch.nn.Module:
    """The network with weights that keep the scale of what passes through."""
    generator = torch.Generator().manual_seed(3)
    for key, value in network.state_dict().items():
        if value.is_floating_point() and not key.endswith(".filter"):
            value.normal_(generator=generator)
            if value.dim() > 1:
                value.mul_(0.5 * value[0].numel() ** -0.5)
            else:
                value.mul_(0.1).add_(1.0 if key.endswith((".weight", "gamma", "alpha")) else 0.0)
    return network


def resident() -> float:
    """Resident memory of this process, MB."""
    try:
        import psutil
    except ImportError:
        status = Path("/proc/self/statm")
        if status.exists():
            return int(status.read_text(encoding="ascii").split()[1]) * 4096 / 1e6
        command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
        return int(subprocess.run(command, capture_output=True, check=True).stdout) * 1024 / 1e6
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    sys.exit(main())
