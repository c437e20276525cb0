"""Words on the command line become settings."""

import pytest

from gsvbatch.cli.options import read_settings, read_triggers
from gsvbatch.config import Trigger
from gsvbatch.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ([], {}),
        (["audio.format=mp3"], {"audio.format": "mp3"}),
        (["album.title=a=b"], {"album.title": "a=b"}),
        ([" retries = 3 ", "retries=4"], {"retries": "4"}),
        (["assemble.formats=[m4b, mp3]"], {"assemble.formats": ["m4b", "mp3"]}),
        (["assemble.formats=[]"], {"assemble.formats": []}),
    ],
)
def test_settings_are_read(words: list[str], settings: dict[str, object]) -> None:
    assert read_settings(words) == settings


@pytest.mark.parametrize("word", ["audio.format", "=3", " ="])
def test_setting_without_key_or_value_is_an_error(word: str) -> None:
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        read_settings([word])


def test_triggers_are_read() -> None:
    assert read_triggers(None) is None
    assert read_triggers("text, voice") == (Trigger.TEXT, Trigger.VOICE)
    assert read_triggers("") == ()


def test_unknown_trigger_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ConfigError, match=r"no such change; known: text, voice, models"):
        read_triggers("text,colour")
