"""One engine in a process of its own: reads tasks as lines of JSON, answers with times.

    python bench/worker.py NAME FOLDER [THREADS]

NAME is ``gsvbatch``, ``gsvbatch-plain`` (nothing packed), ``gsv-tts-lite``, ``genie-tts`` or ``cpufast``; FOLDER holds
``model.ckpt`` and ``model.pth``. The rivals are driven through the modules of their own packages, which
are found without running their ``__init__``: that would download models, or open a sound device.

Tasks: ``{"what": "prepare", "batches": [16, 1]}``, ``{"what": "decode", "batch": 16}``, ``{"what": "speak"}``. Answers: the
tokens drawn or samples made, seconds by the clock, processor seconds.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
os.environ.setdefault("TQDM_DISABLE", "1")

import numpy as np
import torch
from torch import Tensor

N_THREADS = int(sys.argv[3]) if len(sys.argv) > 3 else 2
N_PROMPT, N_PROMPT_PHONEMES, N_PHONEMES, N_TOKENS = 100, 40, 60, 150  # as in workload.py
N_BEFORE = N_PROMPT + N_PROMPT_PHONEMES + N_PHONEMES


def inputs(batch: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Phonemes of prompt and line (B, P), prompt tokens (B, S), BERT features (B, 1024, P)."""
    draw = np.random.default_rng(seed)
    phonemes = torch.from_numpy(draw.integers(0, 700, (batch, N_PROMPT_PHONEMES + N_PHONEMES)))
    tokens = torch.from_numpy(draw.integers(0, 1024, (batch, N_PROMPT)))
    return phonemes, tokens, torch.zeros(batch, 1024, phonemes.shape[1])


class Ours:
    """This project's runners."""

    def __init__(self, folder: Path, *, packs: bool | None) -> None:
        from gsvbatch.engine.synthesizer_runner import SynthesizerRunner
        from gsvbatch.gsv.bundle import load_bundle
        from gsvbatch.gsv.source import ModelSource
        from gsvbatch.gsv.synthesizer import Synthesizer

        source = ModelSource(folder / "model.ckpt", folder / "model.pth")
        self._bundle = load_bundle(source)
        self._packs = packs
        self._runners: dict[int, Any] = {}
        assert isinstance(self._bundle.synthesizer, Synthesizer)
        self._synthesizer = SynthesizerRunner(self._bundle.synthesizer, 1, packs=packs)

    def prepare(self, batches: list[int]) -> None:
        from gsvbatch.engine.t2s_runner import T2SRunner

        for batch in batches:
            self._runners[batch] = T2SRunner(self._bundle.t2s, batch, packs=self._packs)

    def decode(self, batch: int) -> int:
        import workload

        from gsvbatch.engine.sequence import Sequence

        runner = self._runners[batch]
        sequences = [Sequence(workload.line(self._bundle, n), slot=n) for n in range(batch)]
        runner.prefill(sequences)
        n_drawn = 1
        while n_drawn < N_TOKENS:
            n_drawn += runner.decode(sequences)
            runner.collect(sequences)
        return batch * n_drawn

    def speak(self) -> int:
        import workload

        (waveform,) = self._synthesizer.run(workload.decoded(self._bundle, 1))
        return len(waveform.samples)


class GsvTtsLite:
    """gsv-tts-lite: ``infer`` for one line, ``infer_batched`` for more."""

    def __init__(self, folder: Path) -> None:
        without_init("gsv_tts")
        self._loader = import_module("gsv_tts.Loader")
        self._folder = folder
        self._model: Any = None
        config = self._config([])
        self._sovits = self._loader.get_sovits_weights(str(folder / "model.pth"), config).vq_model
        self._style = torch.randn(1, 512, 1)

    def prepare(self, batches: list[int]) -> None:
        # One bucket a batch, that ends with the last token: no cache is larger than it has to be.
        end = N_BEFORE + N_TOKENS
        cache = [(batch, end + 5 if batch > 1 else end - 1) for batch in batches]
        loaded = self._loader.get_gpt_weights(str(self._folder / "model.ckpt"), self._config(cache))
        self._model = loaded.t2s_model

    def decode(self, batch: int) -> int:
        phonemes, tokens, bert = inputs(batch, 1)
        bert = bert.transpose(1, 2)
        if batch == 1:
            return int(self._model.infer(phonemes, tokens, bert).shape[-1]) + 1  # drops the first
        found, _ = self._model.infer_batched(list(phonemes), list(tokens), list(bert))
        return sum(len(row) + 2 for row in found)  # drops the first and the last

    def speak(self) -> int:
        codes = torch.randint(0, 1024, (1, 1, N_TOKENS))
        text = torch.randint(0, 700, (1, N_PHONEMES))
        out, _ = self._sovits.decode(codes, text, self._style, cuda_graph=False)
        return int(out.shape[-1])

    def _config(self, cache: list[tuple[int, int]]) -> Any:
        return SimpleNamespace(
            device=torch.device("cpu"), dtype=torch.float32, use_flash_attn=False,
            gpt_cache=cache, sovits_cache=[],
        )  # fmt: skip


class Genie:
    """genie-tts: its converted ONNX graphs, run as its ``t2s_cpu`` runs them."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        without_init("genie_tts")
        out = folder / "genie"
        if not out.exists():
            here = Path.cwd()
            os.chdir(folder)  # its converter writes a cache beside itself
            module = import_module("genie_tts.Converter.v2.Converter")
            module.convert(str(folder / "model.ckpt"), str(folder / "model.pth"), str(out))
            os.chdir(here)
            t2s, vits = module.T2SModelConverter, module.VITSConverter
            t2s.step3_reconstruct_fp32_bin_from_fp16(
                str(out / "t2s_shared_fp16.bin"), str(out / "t2s_shared_fp32.bin")
            )
            vits.step3_reconstruct_fp32_bin_from_fp16(
                str(out / "vits_fp16.bin"), str(out / "vits_fp32.bin")
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = N_THREADS
        names = ("t2s_encoder", "t2s_first_stage_decoder", "t2s_stage_decoder", "vits")
        self._encoder, self._first, self._stage, self._vits = (
            onnxruntime.InferenceSession(
                str(out / f"{name}_fp32.onnx"), options, providers=["CPUExecutionProvider"]
            )
            for name in names
        )
        self._audio = np.random.default_rng(0).normal(size=(1, 4 * 32000)).astype(np.float32) * 0.1

    def prepare(self, batches: list[int]) -> None:
        """Nothing depends on the batch."""

    def decode(self, batch: int) -> int:
        assert batch == 1, "it has no batches"
        phonemes, _, _ = inputs(1, 1)
        ids = phonemes.numpy()
        x, prompts = self._encoder.run(
            None,
            {
                "ref_seq": ids[:, :N_PROMPT_PHONEMES],
                "text_seq": ids[:, N_PROMPT_PHONEMES:],
                "ref_bert": np.zeros((N_PROMPT_PHONEMES, 1024), np.float32),
                "text_bert": np.zeros((N_PHONEMES, 1024), np.float32),
                "ssl_content": np.random.default_rng(1)
                .normal(size=(1, 768, 2 * N_PROMPT))
                .astype(np.float32),
            },
        )
        y, y_emb, *caches = self._first.run(None, {"x": x, "prompts": prompts})
        names = [each.name for each in self._stage.get_inputs()]
        for _ in range(N_TOKENS - 1):
            feed = dict(zip(names, [y, y_emb, *caches], strict=True))
            y, y_emb, _, *caches = self._stage.run(None, feed)
        return int(y.shape[1] - prompts.shape[1])

    def speak(self) -> int:
        draw = np.random.default_rng(2)
        (audio,) = self._vits.run(
            None,
            {
                "text_seq": draw.integers(0, 700, (1, N_PHONEMES)),
                "pred_semantic": draw.integers(0, 1024, (1, 1, N_TOKENS)),
                "ref_audio": self._audio,
            },
        )
        return int(np.asarray(audio).size)


class CpuFast:
    """gpt-sovits-cpufast: upstream's pipeline with its changes for processors."""

    def __init__(self, folder: Path) -> None:
        spec = find_spec("gpt_sovits_cpufast")
        assert spec is not None
        assert spec.origin is not None
        site = Path(spec.origin).parents[1]
        sys.path[:0] = [str(site), str(site / "GPT_SoVITS")]
        lightning = import_module("AR.models.t2s_lightning_module").Text2SemanticLightningModule
        stored = torch.load(folder / "model.ckpt", weights_only=False)
        model = lightning(
            stored["config"], "-", is_train=False, build_t2s_transformer=False, build_h_module=False
        )
        model.load_inference_only_state_dict(stored["weight"])
        model.model.release_inference_only_unused_modules()
        self._t2s = model.eval().model
        stored = torch.load(folder / "model.pth", weights_only=False)
        config = stored["config"]
        fields = {k: v for k, v in config["model"].items() if k not in ("n_layers_q",)}
        synthesizer = import_module("module.models").SynthesizerTrn(
            config["data"]["filter_length"] // 2 + 1,
            config["train"]["segment_size"] // config["data"]["hop_length"],
            n_speakers=config["data"]["n_speakers"],
            **fields,
        )
        found = synthesizer.load_state_dict(stored["weight"], strict=False)
        used = [key for key in found.missing_keys if key.startswith(("dec.", "flow.", "enc_p."))]
        assert not used, used
        synthesizer.dec.remove_weight_norm()
        self._sovits = synthesizer.eval()
        self._style = torch.randn(1, 512, 1)

    def prepare(self, batches: list[int]) -> None:
        """Nothing depends on the batch."""

    def decode(self, batch: int) -> int:
        phonemes, tokens, bert = inputs(batch, 1)
        lengths = torch.full((batch,), phonemes.shape[1])
        with torch.no_grad():
            found, _ = self._t2s.infer_panel_batch_infer(
                list(phonemes), lengths, tokens, list(bert), top_k=15, top_p=1.0,
                early_stop_num=N_TOKENS - 1, max_len=phonemes.shape[1],
            )  # fmt: skip
        return sum(int(row.shape[-1]) - N_PROMPT + 1 for row in found)  # drops the last

    def speak(self) -> int:
        codes = torch.randint(0, 1024, (1, 1, N_TOKENS))
        text = torch.randint(0, 700, (1, N_PHONEMES))
        with torch.no_grad():
            out = self._sovits.decode(codes, text, None, ge=self._style, ge_text=self._style)
        return int(out.shape[-1])


def without_init(name: str) -> None:
    """Let a package's modules be imported without running the package itself."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[name] = package


ENGINES: dict[str, Callable[[Path], Any]] = {
    "gsvbatch": lambda folder: Ours(folder, packs=None),
    "gsvbatch-plain": lambda folder: Ours(folder, packs=False),
    "gsv-tts-lite": GsvTtsLite,
    "genie-tts": Genie,
    "cpufast": CpuFast,
}


def versions() -> dict[str, str]:
    """Of the packages that decide how fast this goes, as far as they are there."""
    names = (
        "gsv-tts-lite", "genie-tts", "gpt-sovits-cpufast", "torch", "onnxruntime", "numpy",
    )  # fmt: skip
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Answer tasks until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the rivals print is no answer
    torch.set_num_threads(N_THREADS)
    torch.set_grad_enabled(False)
    engine = ENGINES[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps({"versions": versions()}), file=answers, flush=True)
    for task in sys.stdin:
        wanted = json.loads(task)
        n = 0
        start, used = time.perf_counter(), time.process_time()
        if wanted["what"] == "prepare":
            engine.prepare(wanted["batches"])
        elif wanted["what"] == "decode":
            n = engine.decode(wanted["batch"])
        else:
            n = engine.speak()
        answer = {"n": n, "s": time.perf_counter() - start, "cpu": time.process_time() - used}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
