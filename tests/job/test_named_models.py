"""Models by name, in a project's settings and in a voice's file."""

from pathlib import Path

import pytest
import yaml

from gsvbatch.config import ProjectConfig, override
from gsvbatch.errors import ConfigError, VoiceError
from gsvbatch.gsv.source import ModelSource
from gsvbatch.job.voices import project_models
from gsvbatch.models import Registry, RegistryEntry
from gsvbatch.models.webui import find_models
from gsvbatch.voice import load_profile
from tests import toy
from tests.models.webui import make_webui, put


@pytest.fixture
def source(tmp_path: Path) -> ModelSource:
    """A registered pair in published form, and a content encoder."""
    toy.save_ckpt(tmp_path / "rain-e15.ckpt", toy.toy_t2s())
    toy.save_pth(tmp_path / "rain_e8_s200.pth", toy.toy_synthesizer())
    toy.save_hubert(tmp_path / "chinese-hubert-base", toy.toy_hubert())
    source = ModelSource(
        tmp_path / "rain-e15.ckpt",
        tmp_path / "rain_e8_s200.pth",
        tmp_path / "chinese-hubert-base",
    )
    entries = {
        "rain": RegistryEntry(t2s=source.t2s, synthesizer=source.synthesizer, version="v2"),
        "rain-e15": RegistryEntry(t2s=source.t2s),
        "hubert": RegistryEntry(content=source.content),
    }
    Registry().with_models(entries).save()
    return source


def models(value: object, root: Path) -> ModelSource:
    return project_models(ProjectConfig.model_validate({"models": value}).models, root)


@pytest.mark.parametrize(
    "value",
    [
        "rain",
        {"t2s": "rain", "synthesizer": "rain"},
        {"gpt": "rain-e15", "sovits": "rain", "content": "hubert"},
        {"t2s": "rain-e15.ckpt", "synthesizer": "rain_e8_s200.pth"},
    ],
)
def test_a_project_names_models(source: ModelSource, tmp_path: Path, value: object) -> None:
    assert models(value, tmp_path) == source


def test_embedded_is_no_name_and_a_command_may_name_too(
    source: ModelSource, tmp_path: Path
) -> None:
    assert ProjectConfig.model_validate({"models": "embedded"}).models.is_embedded
    config = override(ProjectConfig(), {"models": "rain"}, "command line")
    assert project_models(config.models, tmp_path) == source


def test_a_name_that_is_not_known_is_told_with_one_that_is(
    source: ModelSource, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"models\.t2s: rian: neither .* did you mean rain"):
        models("rian", tmp_path)
    with pytest.raises(
        ConfigError, match=r"models\.synthesizer: rain-e15: this model has no synth"
    ):
        models("rain-e15", tmp_path)


def test_a_voice_is_written_with_names_and_moves_with_them(
    source: ModelSource, tmp_path: Path
) -> None:
    toy.toy_voice(tmp_path / "voices", source)
    path = tmp_path / "voices" / "toy" / "voice.yaml"
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert stored["models"] == {"t2s": "rain", "synthesizer": "rain", "content": "hubert"}
    assert load_profile(path.parent).models == source
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = ModelSource(
        *(file.rename(elsewhere / file.name) for file in (source.t2s, source.synthesizer))
    )
    entry = RegistryEntry(t2s=moved.t2s, synthesizer=moved.synthesizer)
    Registry.load().with_models({"rain": entry}).save()
    assert load_profile(path.parent).models == ModelSource(
        moved.t2s, moved.synthesizer, source.content
    )


def test_a_voice_may_name_a_pair_by_one_word(source: ModelSource, tmp_path: Path) -> None:
    toy.toy_voice(tmp_path / "voices", source)
    path = tmp_path / "voices" / "toy" / "voice.yaml"
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**stored, "models": "rain"}), encoding="utf-8")
    assert load_profile(path.parent).models == source
    path.write_text(yaml.safe_dump({**stored, "models": "sun"}), encoding="utf-8")
    with pytest.raises(VoiceError, match=r"voice\.yaml: models\.t2s: sun: neither a file nor"):
        load_profile(path.parent)


@pytest.mark.parametrize(
    ("version", "header", "companions", "told"),
    [
        ("v2", b"PK", {"content"}, None),
        ("v2Pro", b"PK", {"content", "speaker_encoder"}, None),
        (None, b"06", {"content", "speaker_encoder"}, None),
        ("v3", b"PK", {"content", "vocoder"}, "v3"),
        ("v4", b"PK", {"content", "vocoder"}, "v4"),
        ("v3", b"03", {"content", "vocoder", "base"}, None),
        (None, b"04", {"content", "vocoder", "base"}, None),
        (None, b"PK", {"content"}, None),
    ],
)
def test_what_a_version_needs_is_taken_from_the_list(
    tmp_path: Path, version: str | None, header: bytes, companions: set[str], told: str | None
) -> None:
    make_webui(tmp_path)
    found = dict(find_models(tmp_path))
    path = put(tmp_path / "x.pth", header + b" and so on")
    found["x"] = RegistryEntry(t2s=tmp_path / "x.ckpt", synthesizer=path, version=version)
    Registry().with_models(found).save()
    source = models("x", tmp_path)
    fields = ("content", "speaker_encoder", "vocoder", "base")
    assert {name for name in fields if getattr(source, name)} == companions
    assert source.version == told
    label = {b"03": "v3", b"04": "v4"}.get(header, version)
    wanted = {
        "speaker_encoder": "sv",
        "base": label,
        "vocoder": "bigvgan" if label == "v3" else "vocoder",
    }
    for name in companions - {"content"}:
        assert getattr(source, name) in found[str(wanted[name])].paths.values()
    if "vocoder" in companions:
        mine = put(tmp_path / "mine.pth", b"")
        given = {"t2s": "x", "synthesizer": "x", "vocoder": "mine.pth"}
        assert models(given, tmp_path).vocoder == mine
