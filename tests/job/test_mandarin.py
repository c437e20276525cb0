"""A BERT and a g2pW added to a project later: what is rendered again, why, and what is said about it."""

import json
import shutil
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from gsvbatch.engine import Engine
from gsvbatch.errors import CheckpointError, MissingExtraError
from gsvbatch.gsv.bert import Bert
from gsvbatch.gsv.prosody import Prosody
from gsvbatch.gsv.source import ModelSource
from gsvbatch.job import Action, Project, Reason, mandarin, open_project, plan, render
from gsvbatch.job.enrolling import Enrollment, enroll_voice
from gsvbatch.job.mandarin import MandarinModels
from gsvbatch.job.saying import STDOUT, say
from gsvbatch.models import Registry, RegistryEntry
from gsvbatch.runners import local
from gsvbatch.voice import Consent, Relation, load_profile
from tests import toy
from tests.bert import save_bert
from tests.job.tones import ToneRunner, snapshot
from tests.voice.test_enrolling import clip, speech

SCRIPT = """id,speaker,text
zh,Anna,今天天气真好。
mixed,Anna,我们说Hello。
en,Anna,Good morning.
toy,Ben,你好世界。
"""
SETTINGS = """scripts: [script.csv]
speakers: {Anna: anna, Ben: ben}
album: {date: 2026-01-01}
audio: {format: wav, preset: none}
retries: 0
engine: {device: cpu}
"""
CONSENT = Consent(subject="nobody", relation=Relation.SYNTHETIC, attested_by="the tests")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Anna speaks with published checkpoints, Ben with a native model that knows no prosody."""
    published = ModelSource(tmp_path / "a.ckpt", tmp_path / "a.pth")
    toy.save_ckpt(published.t2s, toy.toy_t2s())
    toy.save_pth(published.synthesizer, toy.toy_synthesizer())
    toy.toy_voice(tmp_path / "voices", published, "anna")
    toy.toy_voice(tmp_path / "voices", toy.toy_models(tmp_path / "native"), "ben")
    (tmp_path / "script.csv").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "gsvbatch.yaml").write_text(SETTINGS, encoding="utf-8")
    return open_project(tmp_path / "gsvbatch.yaml")


def register(**folders: Path) -> None:
    entries = {name: RegistryEntry.model_validate({name: path}) for name, path in folders.items()}
    Registry.load().with_models(entries).save()


def set_bert(project: Project, value: str) -> Project:
    assert project.file is not None
    project.file.write_text(f"{SETTINGS}models: {{bert: {value}}}\n", encoding="utf-8")
    return open_project(project.file)


def to_do(project: Project, **options: object) -> dict[str, tuple[Reason, str]]:
    rows = plan(project, **options).rows  # type: ignore[arg-type]
    return {row.line_id: (row.reason, row.detail) for row in rows if row.action is not Action.KEEP}


def test_a_bert_added_later_is_a_reason_to_speak_mandarin_again(
    project: Project, tmp_path: Path
) -> None:
    render(project, runner=ToneRunner())
    save_bert(tmp_path / "bert")
    register(bert=tmp_path / "bert")
    why = (Reason.BERT, "was spoken without prosody features")
    assert to_do(project) == {"zh": why, "mixed": why}
    assert to_do(project, rerun_on=()) == {}
    kept = {row.line_id: row for row in plan(project, rerun_on=()).rows}
    assert kept["zh"].reason is Reason.SWITCHED_OFF
    assert kept["zh"].detail == "changed, but not rendered for: bert"
    assert kept["toy"].reason is Reason.UP_TO_DATE
    render(project, runner=(runner := ToneRunner()))
    assert set(runner.rendered) == {"zh", "mixed"}
    assert to_do(project) == {}
    save_bert(tmp_path / "bert", seed=12)
    assert to_do(project)["zh"] == (Reason.BERT, "with other prosody features")


def test_without_the_bert_the_earlier_takes_come_back(project: Project, tmp_path: Path) -> None:
    render(project, runner=ToneRunner())
    save_bert(tmp_path / "bert")
    render(with_bert := set_bert(project, "bert"), runner=ToneRunner())
    assert to_do(with_bert) == {}
    without = set_bert(project, "none")
    assert {reason for reason, _ in to_do(without).values()} == {Reason.UNDONE}
    shutil.rmtree(without.output / "takes")
    assert to_do(without)["zh"] == (Reason.BERT, "was spoken with prosody features")


def test_a_text_without_bert_keeps_the_fingerprint_it_always_had(project: Project) -> None:
    render(project, runner=ToneRunner())
    takes = snapshot(project)["takes"]
    assert isinstance(takes, dict)
    assert {row["part_bert"] for row in takes.values()} == {""}


def test_the_engine_hears_the_features(project: Project, tmp_path: Path) -> None:
    def tokens(of: Project) -> dict[str, list[int]]:
        render(of)
        utterances = snapshot(of)["utterances"]
        assert isinstance(utterances, dict)
        return {line: [row["n_tokens"] for row in rows] for (line, _), rows in utterances.items()}

    def files(of: Project) -> dict[str, bytes]:
        return {path.stem: path.read_bytes()[44:] for path in (of.output / "lines").glob("*.wav")}

    tokens(project)
    before = files(project)
    save_bert(tmp_path / "bert")
    tokens(set_bert(project, "bert"))
    after = files(project)
    assert {name for name in before if before[name] != after[name]} == {"zh", "mixed"}


def test_a_plan_says_which_prosody_and_which_readings(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without, dictionaries = plan(project).remarks
    assert without.startswith("prosody of Mandarin: 2 lines without BERT features")
    assert without.endswith("gsvbatch models pull bert brings them")
    assert dictionaries.startswith("polyphones: read by dictionaries")
    save_bert(tmp_path / "bert")
    register(bert=tmp_path / "bert")
    with_bert, enrolled, _ = plan(project).remarks
    assert with_bert == f"prosody of Mandarin: 2 lines with BERT features ({tmp_path / 'bert'})"
    assert "voice 'anna' was enrolled without BERT features" in enrolled
    (tmp_path / "g2pW.onnx").write_bytes(b"")
    register(g2pw=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(mandarin.importlib.util, "find_spec", lambda _name: None)
        assert 'needs an extra: pip install "gsvbatch[g2pw]"' in plan(project).remarks[-1]
    Registry().save()
    assert plan(project, query="id:en").remarks == ()


def test_a_bert_that_is_gone_blocks_only_who_needs_it(project: Project, tmp_path: Path) -> None:
    register(bert=tmp_path / "gone")
    rows = {row.line_id: row for row in plan(project).rows}
    assert rows["zh"].action is Action.BLOCKED
    assert "no BERT here" in rows["zh"].detail
    assert rows["toy"].action is Action.RENDER
    assert plan(set_bert(project, "none")).remarks


def test_a_bert_of_another_width_is_refused(project: Project, tmp_path: Path) -> None:
    save_bert(tmp_path / "bert", width=16)
    with pytest.raises(CheckpointError, match="width 16, while the models were trained on 8"):
        render(set_bert(project, "bert"))


def test_g2pw_counts_as_another_frontend(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from tests.g2pw import save_g2pw

    text = SCRIPT.replace("今天天气真好。", "他说那棵树很长。")
    for seed in range(3, 9):  # whichever of these networks says something else than dictionaries do
        (project.root / "script.csv").write_text(text, encoding="utf-8")
        Registry().save()
        render(project, runner=ToneRunner())
        register(g2pw=save_g2pw(tmp_path / f"g2pw{seed}", seed=seed, vocabulary=True))
        if to_do(project) == {"zh": (Reason.FRONTEND, "")}:
            break
    else:
        pytest.fail("no network made a difference")
    assert plan(project).remarks[-1] == f"polyphones: read by g2pW ({tmp_path / f'g2pw{seed}'})"
    assert to_do(project, rerun_on=()) == {}


def models(project: Project, digest: Callable[[Path], str] = lambda _path: "") -> MandarinModels:
    return MandarinModels(project.config.models, project.root, digest)


def test_a_g2pw_needs_a_vocabulary_and_onnxruntime(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "g2pw").mkdir()
    (tmp_path / "g2pw" / "g2pW.onnx").write_bytes(b"")
    register(g2pw=tmp_path / "g2pw")
    monkeypatch.setattr(mandarin.importlib.util, "find_spec", lambda name: name)
    assert models(project).g2pw is None
    assert "needs the vocabulary of a BERT" in models(project).hint
    save_bert(tmp_path / "bert")
    register(bert=tmp_path / "bert")
    found = models(project).g2pw
    assert found is not None
    assert found.vocabulary == tmp_path / "bert"
    named = open_project(project.file, settings={"models.g2pw": "g2pw"})
    monkeypatch.setattr(mandarin.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError):
        _ = models(named).g2pw
    assert models(project).g2pw is None


@pytest.mark.parametrize(
    ("transcript", "has_features"),
    [
        ("今天天气真好，我们去公园散步吗？", True),
        ("What was said in the clip, word for word.", False),
    ],
)
def test_a_voice_is_enrolled_with_the_prosody_of_its_transcript(
    project: Project, tmp_path: Path, transcript: str, has_features: bool
) -> None:
    save_bert(tmp_path / "bert")
    toy.save_hubert(tmp_path / "hubert", toy.toy_hubert())
    source = ModelSource(tmp_path / "a.ckpt", tmp_path / "a.pth", tmp_path / "hubert")
    reference = clip(tmp_path / "clip.wav", speech(4.0))
    register(bert=tmp_path / "bert")

    def enrolled(name: str, of: MandarinModels | None) -> Path:
        folder = tmp_path / "voices" / name
        wanted = Enrollment(
            name, reference, transcript, folder, own_models=source, consent=CONSENT, mandarin=of
        )
        enroll_voice(wanted)
        return folder

    plain, heard = enrolled("plain", None), enrolled("heard", models(project))
    one, other = load_profile(plain), load_profile(heard)
    assert one.prompt_bert is None
    if not has_features:
        assert other.prompt_bert is None
        assert one.digest == other.digest
        return
    assert other.prompt_bert is not None
    assert other.prompt_bert.shape == (8, len(other.prompt_phoneme_ids))
    assert np.unique(other.prompt_bert, axis=1).shape[1] >= len(set("今天气真好我们去公园散步吗"))
    assert one.digest != other.digest
    native = Enrollment(
        "native",
        reference,
        transcript,
        tmp_path / "voices" / "native",
        own_models=toy.toy_models(tmp_path / "native", content=True),
        consent=CONSENT,
        mandarin=models(project),
    )
    assert enroll_voice(native).prompt_bert is None


def test_damaged_prosody_of_a_voice_is_told(project: Project, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    from gsvbatch.errors import VoiceError

    folder = project.root / "voices" / "anna"
    tensors = load_file(folder / "voice.safetensors")
    n = len(tensors["prompt_phoneme_ids"])
    for bad in (np.zeros((8, n + 1)), np.zeros(n), np.full((8, n), np.nan)):
        save_file({**tensors, "prompt_bert": bad.astype(np.float32)}, folder / "voice.safetensors")
        with pytest.raises(VoiceError, match="prompt_bert"):
            load_profile(folder)
    save_file(
        {**tensors, "prompt_bert": np.zeros((8, n), np.float32)}, folder / "voice.safetensors"
    )
    with pytest.raises(VoiceError, match="is not the one that"):  # the digest knows it, too
        load_profile(folder)


def test_the_report_on_stdout_says_it_too(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gsvbatch.cli.main import main

    save_bert(tmp_path / "bert")
    set_bert(project, "bert")
    assert main(["render", "--project", str(tmp_path)]) == 0
    assert "prosody of Mandarin: 2 lines with BERT features" in capsys.readouterr().out
    assert main(["render", "--project", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "with BERT features" in report["remarks"][0]


def test_a_stream_loads_its_bert_once_and_waits_for_one_text_at_a_time(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_bert(tmp_path / "bert")
    loaded: list[Path] = []
    batches: list[int] = []
    load_prosody, features = local.load_prosody, Bert.features

    def watched_load(engine: Engine, folder: Path) -> Prosody:
        loaded.append(folder)
        return load_prosody(engine, folder)

    def watched_features(self: Bert, texts: Sequence[str]) -> list[Tensor]:
        batches.append(len(texts))
        return features(self, texts)

    monkeypatch.setattr(local, "load_prosody", watched_load)
    monkeypatch.setattr(Bert, "features", watched_features)
    text = "今天天气真好。你好世界。我们再见。"
    say(set_bert(project, "bert"), text, STDOUT, voice="anna", stream=True, sink=BytesIO())
    assert len(loaded) == 1
    assert batches == [1, 1, 1]
