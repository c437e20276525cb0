"""Names for models: kept, looked up, and told from paths."""

from pathlib import Path

import pytest

from gsvbatch.errors import ConfigError
from gsvbatch.models import Registry, RegistryEntry, Role, locate, registry_path
from gsvbatch.models.registry import RecordedFile

ENTRIES = {
    "v2": RegistryEntry(t2s=Path("/m/s1.ckpt"), synthesizer=Path("/m/s2.pth"), version="v2"),
    "雨-e15": RegistryEntry(t2s=Path("/m/雨-e15.ckpt")),
    "123": RegistryEntry(bert=Path("/m/bert")),
}


def test_what_is_saved_is_loaded(no_models_of_the_user: Path) -> None:
    assert Registry.load() == Registry()
    recorded = RecordedFile(n_bytes=5, sha256="0" * 64)
    Registry().with_models(ENTRIES).with_file(Path("/m/s2.pth"), recorded).save()
    assert registry_path().is_relative_to(no_models_of_the_user)
    loaded = Registry.load()
    assert loaded.models == ENTRIES
    assert loaded.files == {Path("/m/s2.pth"): recorded}
    assert loaded.name_of(Path("/m/s2.pth"), Role.SYNTHESIZER) == "v2"
    assert loaded.name_of(Path("/m/s2.pth"), Role.T2S) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format: 2\n", "is of format 2"),
        ("- 1\n", "holds no settings"),
        ("format: 1\nmodels: {v2: {gpt: x}}\n", r"models\.v2\.gpt: extra inputs"),
        ("format: [\n", "cannot be read"),
        ("format: 1\nfiles: {/x: {n_bytes: 1, sha256: short}}\n", r"files\./x\.sha256"),
    ],
)
def test_a_damaged_list_is_told_with_its_place(text: str, message: str) -> None:
    registry_path().parent.mkdir(parents=True)
    registry_path().write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        Registry.load()
    assert str(registry_path()) in str(caught.value)


def test_a_name_stands_for_its_path_and_a_file_hides_a_name(tmp_path: Path) -> None:
    Registry().with_models(ENTRIES).save()
    assert locate(Path("v2"), Role.T2S, tmp_path) == Path("/m/s1.ckpt")
    assert locate(Path("v2"), Role.SYNTHESIZER, tmp_path) == Path("/m/s2.pth")
    assert locate(Path("sub/v2"), Role.T2S, tmp_path) == tmp_path / "sub" / "v2"
    (tmp_path / "v2").write_bytes(b"")
    assert locate(Path("v2"), Role.T2S, tmp_path) == tmp_path / "v2"


def test_what_is_neither_name_nor_file_is_told(tmp_path: Path) -> None:
    Registry().with_models(ENTRIES).save()
    with pytest.raises(ConfigError, match=r"models\.t2s: v3: neither .*did you mean v2\?"):
        locate(Path("v3"), Role.T2S, tmp_path, setting="models.t2s")
    with pytest.raises(
        ConfigError, match="bert: v2: this model has no bert, only t2s, synthesizer"
    ):
        locate(Path("v2"), Role.BERT, tmp_path)
    assert locate(Path("gone.ckpt"), Role.T2S, tmp_path) == tmp_path / "gone.ckpt"
