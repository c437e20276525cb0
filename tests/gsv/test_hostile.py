"""No file runs code, whatever it is given as: checkpoint, base model, vocoder, encoder."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.bundle import load_content, load_speaker_encoder
from gsvbatch.gsv.checkpoint import read_synthesizer, read_t2s
from gsvbatch.gsv.unpickle import read_torch_zip
from gsvbatch.gsv.vocoder import load_vocoder
from tests import toy_versions
from tests.gsv.hostile import CORPUS, MARK, RUNNING

Reader = Callable[[], object]

LOADS = """\
import os, pathlib, pickle, sys, time
os.chdir(sys.argv[2])
try:
    pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
except Exception:
    pass
for _ in range(100):  # what was started may need a moment
    if os.path.exists(sys.argv[3]):
        break
    time.sleep(0.05)
"""


def packed(path: Path, stream: bytes, header: bytes = b"PK") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", stream)
        archive.writestr("archive/version", "3\n")
    data = path.read_bytes()
    path.write_bytes(header + data[2:])
    return path


def test_the_corpus_is_large_and_each_stream_another() -> None:
    assert len(CORPUS) >= 25
    assert len(set(CORPUS.values())) == len(CORPUS)


@pytest.mark.parametrize("name", RUNNING)
def test_python_itself_would_run_it(tmp_path: Path, name: str) -> None:
    stream, folder = tmp_path / "stream", tmp_path / "folder"
    stream.write_bytes(RUNNING[name])
    folder.mkdir()
    subprocess.run([sys.executable, "-c", LOADS, stream, folder, MARK], check=True, timeout=60)
    assert (folder / MARK).exists()


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_versions.save_version(tmp_path_factory.mktemp("lora"), "v4-lora").synthesizer


@pytest.mark.parametrize("name", CORPUS)
def test_it_is_refused_wherever_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lora: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "files"
    files.mkdir()
    (files / "config.json").write_text(json.dumps({"model_type": "hubert"}), encoding="utf-8")
    plain = packed(files / "pytorch_model.bin", CORPUS[name])
    masked = packed(files / "masked.pth", CORPUS[name], b"05")
    readers: dict[str, Reader] = {
        "any": lambda: read_torch_zip(plain),
        "T2S": lambda: read_t2s(plain),
        "synthesizer": lambda: read_synthesizer(plain),
        "synthesizer with digits": lambda: read_synthesizer(masked),
        "base of a LoRA": lambda: read_synthesizer(lora, base=plain),
        "vocoder of v3": lambda: load_vocoder(plain, "v3", 100),
        "vocoder of v4": lambda: load_vocoder(masked, "v4", 100),
        "speaker encoder": lambda: load_speaker_encoder(plain),
    }
    for kind, read in readers.items():
        with pytest.raises(CheckpointError) as refused:
            read()
        problem = str(refused.value)
        assert "refused: the file wants to run" in problem or "cannot be read" in problem, kind
        assert "\n" not in problem
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


@pytest.mark.slow  # transformers takes seconds to import
@pytest.mark.parametrize("name", ["exec", "os.system", "class for a storage"])
def test_it_is_refused_as_a_content_encoder(tmp_path: Path, name: str) -> None:
    packed(tmp_path / "pytorch_model.bin", CORPUS[name])
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "hubert", "hidden_size": 16, "num_hidden_layers": 1,
                    "num_attention_heads": 2, "intermediate_size": 32, "conv_dim": [8] * 7,
                    "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}),
        encoding="utf-8",
    )  # fmt: skip
    with pytest.raises(CheckpointError, match="refused: the file wants to run"):
        load_content(tmp_path)
