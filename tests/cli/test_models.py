"""`models` from the shell: add, list, verify, pull."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gsvbatch.job import models as job_models
from gsvbatch.models import CATALOGUE, Registry, RegistryEntry, registry_path, transfer
from gsvbatch.models.catalogue import PublishedFile, PublishedModel, Role
from gsvbatch.models.checking import Checked
from gsvbatch.models.registry import RecordedFile
from gsvbatch.voice import load_profile
from tests import toy
from tests.bert import save_bert
from tests.cli.conftest import Ran
from tests.models.hub import Hub, serve
from tests.models.webui import TUNES, make_webui
from tests.voice.test_enrolling import clip, speech

Run = Callable[..., Ran]

T2S, SYNTHESIZER, CONFIG = b"t" * 5000, b"s" * 7000, b'{"model_type": "hubert"}'
WEIGHTS = b"h" * 3000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with small files, and a catalogue of them."""
    monkeypatch.setitem(transfer.transfer.__kwdefaults__, "pause", 0.0)  # type: ignore[attr-defined]
    digest = hashlib.sha256(T2S).hexdigest()
    pair = PublishedModel(
        "v2",
        "a pair",
        (PublishedFile("s1.ckpt", len(T2S), digest), PublishedFile("deep/s2.pth")),
        {Role.T2S: "s1.ckpt", Role.SYNTHESIZER: "deep/s2.pth"},
        needs=("hubert",),
        version="v2",
    )
    hubert = PublishedModel(
        "hubert",
        "an encoder",
        (
            PublishedFile("chinese-hubert-base/config.json"),
            PublishedFile("chinese-hubert-base/pytorch_model.bin"),
        ),
        {Role.CONTENT: "chinese-hubert-base"},
    )
    for model in (pair, hubert):
        monkeypatch.setitem(CATALOGUE, model.name, model)  # type: ignore[arg-type]
    files = {
        "s1.ckpt": T2S,
        "deep/s2.pth": SYNTHESIZER,
        "chinese-hubert-base/config.json": CONFIG,
        "chinese-hubert-base/pytorch_model.bin": WEIGHTS,
    }
    repositories = ("lj1995/GPT-SoVITS", "AI-ModelScope/GPT-SoVITS")
    stored = {f"{repo}/{path}": content for repo in repositories for path, content in files.items()}
    with serve(Hub(stored)) as running:
        yield running


def test_a_webui_is_added_and_listed(run: Run, tmp_path: Path) -> None:
    assert "no models are known" in run("models", "list").err
    root = make_webui(tmp_path / "GPT-SoVITS", *TUNES)
    added = run("models", "add", root)
    assert added.code == 0, added.err
    assert f"written to {registry_path()}" in added.out
    listed = json.loads(run("models", "list", "--json").out)
    rows = {(row["name"], row["role"]): row for row in listed}
    assert rows["rain@v2", "synthesizer"]["path"].endswith("rain_e12_s300.pth")
    assert rows["雨", "t2s"]["version"] == "v4"
    assert all(row["is_there"] for row in listed)
    (root / "GPT_weights_v2" / "rain-e15.ckpt").unlink()
    assert "rain-e15.ckpt (missing)" in run("models", "list").out


def test_adding_again_says_what_changed(run: Run, tmp_path: Path) -> None:
    make_webui(tmp_path / "a")
    make_webui(tmp_path / "b")
    assert "stood for other files" not in run("models", "add", tmp_path / "a").err
    assert "stood for other files" not in run("models", "add", tmp_path / "a").err
    assert "v1 stood for other files before" in run("models", "add", tmp_path / "b").err
    assert run("models", "add", tmp_path / "nowhere").code == 2


def test_pull_fetches_what_a_model_needs_and_registers_it(
    run: Run, hub: Hub, no_models_of_the_user: Path
) -> None:
    ran = run("models", "pull", "v2", "--endpoint", hub.endpoint)
    assert ran.code == 0, ran.err
    assert "registered: hubert, v2" in ran.out
    assert "fetched, known checksum" in ran.out
    assert "fetched, checksum of the host" in ran.out
    assert "fetched, no checksum known; its digest is now recorded" in ran.out
    assert "s1.ckpt: 5.0 kB of 5.0 kB (100 %)" in ran.err
    registry = Registry.load()
    place = no_models_of_the_user / "data" / "models"
    assert registry.models["v2"].synthesizer == place / "deep" / "s2.pth"
    assert registry.models["hubert"].content == place / "chinese-hubert-base"
    recorded = registry.files[place / "deep" / "s2.pth"]
    assert recorded.sha256 == hashlib.sha256(SYNTHESIZER).hexdigest()
    assert place / "s1.ckpt" not in registry.files  # its checksum is known anyway
    hub.requests.clear()
    again = json.loads(run("models", "pull", "v2", "--endpoint", hub.endpoint, "--json").out)
    assert all(file["was_there"] for file in again["files"])
    assert hub.n_downloads == 0


def test_pull_reads_the_mirror_from_the_environment(
    run: Run, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    assert run("models", "pull", "hubert", "--into", tmp_path / "here").code == 0
    assert (tmp_path / "here" / "chinese-hubert-base" / "pytorch_model.bin").read_bytes() == WEIGHTS


def test_pull_takes_modelscope_instead(run: Run, hub: Hub, tmp_path: Path) -> None:
    words = ("--source", "modelscope", "--endpoint", hub.endpoint, "--into", tmp_path)
    ran = run("models", "pull", "v2", *words)
    assert ran.code == 0, ran.err
    assert (tmp_path / "deep" / "s2.pth").read_bytes() == SYNTHESIZER
    assert any("/resolve/master/" in path for _, path, _ in hub.requests)
    assert not any("/resolve/main/" in path for _, path, _ in hub.requests)


def test_what_was_whole_before_a_failure_is_registered(run: Run, hub: Hub, tmp_path: Path) -> None:
    del hub.files["lj1995/GPT-SoVITS/deep/s2.pth"]
    ran = run("models", "pull", "v2", "--endpoint", hub.endpoint, "--into", tmp_path)
    assert ran.code == 4
    assert "has no such file any more" in ran.errors[0]
    assert set(Registry.load().models) == {"hubert"}


def test_wrong_names_are_told(run: Run) -> None:
    assert "did you mean v2" in run("models", "pull", "v22").errors[0]
    assert "allowed: huggingface, modelscope" in run("models", "pull", "v2", "--source", "x").err
    assert "v4" in run("models", "pull").out
    assert run("models", "verify", "nobody").code == 2


def test_verify_opens_what_it_can_and_remembers_digests(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "webui"
    for folder in ("GPT_weights_v2", "SoVITS_weights_v2"):
        (root / folder).mkdir(parents=True)
    toy.save_ckpt(root / "GPT_weights_v2" / "rain-e15.ckpt", toy.toy_t2s())
    toy.save_pth(root / "SoVITS_weights_v2" / "rain_e8_s200.pth", toy.toy_synthesizer())
    (root / "SoVITS_weights_v2" / "bad_e8_s200.pth").write_bytes(b"<html>sign in</html>")
    run("models", "add", root)
    first = run("models", "verify")
    assert first.code == 2
    assert "text-to-semantic, symbols v2, 2 layers" in first.out
    assert "SoVITS v2, 32000 Hz" in first.out
    assert "digest recorded" in first.out
    assert [error for error in first.errors if "is a web page" in error]
    again = run("models", "verify", "rain", "--json")
    assert again.code == 0
    assert [row["identity"] for row in json.loads(again.out)] == ["as recorded"] * 2
    toy.save_ckpt(root / "GPT_weights_v2" / "rain-e15.ckpt", toy.toy_t2s(seed=9))
    changed = run("models", "verify", "rain")
    assert changed.code == 2
    assert "is not what it was when it was first looked at" in changed.errors[0]


def test_verify_loses_nothing_that_was_registered_meanwhile(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "webui" / "GPT_weights_v2"
    root.mkdir(parents=True)
    toy.save_ckpt(root / "rain-e15.ckpt", toy.toy_t2s())
    run("models", "add", tmp_path / "webui")
    (weights,) = Registry.load().models["rain"].paths.values()
    entry = RegistryEntry(t2s=tmp_path / "other.ckpt")
    recorded = RecordedFile(n_bytes=5, sha256="0" * 64)
    check = job_models.check_models

    def slow(registry: Registry, names: tuple[str, ...]) -> Iterator[Checked]:
        yield from check(registry, names)
        other = Registry.load().with_models({"other": entry})
        other.with_file(tmp_path / "other.ckpt", recorded).save()

    monkeypatch.setattr(job_models, "check_models", slow)
    assert run("models", "verify", "rain").code == 0
    registry = Registry.load()
    assert registry.models["other"] == entry
    assert registry.files[tmp_path / "other.ckpt"] == recorded
    assert registry.files[weights].n_bytes == weights.stat().st_size


def test_verify_knows_published_files_and_misses_others(run: Run, hub: Hub, tmp_path: Path) -> None:
    run("models", "pull", "hubert", "--endpoint", hub.endpoint, "--into", tmp_path)
    (tmp_path / "chinese-hubert-base" / "pytorch_model.bin").unlink()
    ran = run("models", "verify", "hubert", "--json")
    assert ran.code == 2
    (row,) = json.loads(ran.out)
    assert row["identity"] == "unusable"
    assert "no content encoder here" in row["problem"]


def test_doctor_says_what_is_missing_for_which_feature(run: Run, tmp_path: Path) -> None:
    before = {row["name"]: row for row in json.loads(run("doctor", "--json").out)["findings"]}
    assert before["bert"]["health"] == "missing"
    assert before["bert"]["mend"] == "gsvbatch models pull bert"
    assert "v2Pro" in before["sv"]["detail"]
    assert "models add DIR" in before["models"]["mend"]
    root = make_webui(tmp_path / "webui", *TUNES)
    run("models", "add", root)
    after = {row["name"]: row for row in json.loads(run("doctor", "--json").out)["findings"]}
    assert {after[name]["health"] for name in ("models", "hubert", "bert", "sv", "vocoder")} == {
        "good"
    }
    (root / "GPT_SoVITS" / "pretrained_models" / "gsv-v4-pretrained" / "vocoder.pth").unlink()
    assert "vocoder.pth is gone" in run("doctor").out


def test_from_a_webui_to_speech(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights where a WebUI has them, a clip, a script: everything by name, nothing by path."""
    webui, project = tmp_path / "GPT-SoVITS", tmp_path / "book"
    for folder in ("GPT_weights_v2", "SoVITS_weights_v2"):
        (webui / folder).mkdir(parents=True)
    toy.save_ckpt(webui / "GPT_weights_v2" / "rain-e15.ckpt", toy.toy_t2s())
    toy.save_pth(webui / "SoVITS_weights_v2" / "rain_e8_s200.pth", toy.toy_synthesizer())
    pretrained = webui / "GPT_SoVITS" / "pretrained_models"
    toy.save_hubert(pretrained / "chinese-hubert-base", toy.toy_hubert())
    save_bert(pretrained / "chinese-roberta-wwm-ext-large")
    assert run("models", "add", webui).code == 0
    project.mkdir()
    monkeypatch.chdir(project)
    (project / "story.md").write_text("今天天气真好。\n", encoding="utf-8")
    settings = (
        "scripts: story.md\nmodels: rain\ndefault_voice: rain\nengine: {device: cpu}\nretries: 0\n"
    )
    (project / "gsvbatch.yaml").write_text(settings, encoding="utf-8")
    reference = clip(tmp_path / "clip.wav", speech(4.0))
    words = (
        "--reference",
        reference,
        "--transcript",
        "我们去公园散步，好吗？",
        "--consent",
        "self",
    )
    enrolled = run("voice", "enroll", "rain", *words)
    assert enrolled.code == 0, enrolled.err
    bert = load_profile(project / "voices" / "rain").prompt_bert
    assert bert is not None
    assert bert.shape[0] == 8
    rendered = run("render")
    assert rendered.code in (0, 3), rendered.err  # noise may fail its checks
    assert "1 line with BERT features" in rendered.out
    assert "enrolled without" not in rendered.out
    assert list((project / "outputs" / "lines").glob("*.flac"))
    assert run("voice", "enroll", "rain", *words, "--replace", "--bert", "none").code == 0
    assert load_profile(project / "voices" / "rain").prompt_bert is None
    planned = run("plan")
    assert "voice: enrolled again" in planned.out
    assert "was enrolled without BERT features" in planned.out


def test_imported_voices_have_the_prosody_of_their_transcripts(run: Run, tmp_path: Path) -> None:
    toy.save_ckpt(tmp_path / "a.ckpt", toy.toy_t2s())
    toy.save_pth(tmp_path / "a.pth", toy.toy_synthesizer())
    toy.save_hubert(tmp_path / "chinese-hubert-base", toy.toy_hubert())
    save_bert(tmp_path / "chinese-roberta-wwm-ext-large")
    for folder in ("chinese-hubert-base", "chinese-roberta-wwm-ext-large"):
        assert run("models", "add", tmp_path / folder).code == 0
    clip(tmp_path / "clip.wav", speech(4.0))
    line = f"{tmp_path / 'clip.wav'}|Anna|ZH|我们去公园散步，好吗？"
    (tmp_path / "anna.list").write_text(line, encoding="utf-8")
    pair = ("--t2s", tmp_path / "a.ckpt", "--synthesizer", tmp_path / "a.pth")
    words = ("--consent", "self", "--voices", tmp_path / "voices")
    ran = run("voice", "import", tmp_path / "anna.list", *pair, *words)
    assert ran.code == 0, ran.err
    assert load_profile(tmp_path / "voices" / "Anna").prompt_bert is not None
