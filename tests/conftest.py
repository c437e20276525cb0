"""What holds for every test: nobody's own models or cached speech have a say in it, and a busy machine is no
failure."""

from pathlib import Path

import platformdirs
import pytest
from hypothesis import settings

# A busy machine is no failure. What the default is in CI (the same examples every time) stays.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def no_models_of_the_user(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty home for the list of models and for fetched ones, also for processes that a test starts."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: home / "config")
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: home / "data")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    monkeypatch.setenv("GSVBATCH_CACHE", str(home / "cache"))
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    return home
