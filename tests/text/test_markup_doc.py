"""Every example of docs/markup.md does what the page says."""

import re
from pathlib import Path

import pytest

from gsvbatch.errors import MarkupError
from gsvbatch.text.frontend import Frontend
from gsvbatch.text.lexicon import Lexicon
from gsvbatch.text.markup import parse
from gsvbatch.text.nodes import Aside, Words

PAGE = (Path(__file__).parents[2] / "docs" / "markup.md").read_text(encoding="utf-8")


def rows(*head: str) -> list[tuple[str, ...]]:
    """Return the rows of every table with these column heads, each cell without its code marks."""
    found: list[tuple[str, ...]] = []
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        lines = [
            tuple(
                cell.strip().strip("`").replace("\\|", "|")
                for cell in re.split(r"(?<!\\)\|", line)[1:-1]
            )
            for line in table.splitlines()
        ]
        if lines[0] == head:
            found.extend(lines[2:])
    assert found, f"no table with columns {head}"
    return found


def block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert match
    return match[1]


@pytest.fixture(scope="module")
def frontend() -> Frontend:
    return Frontend()


@pytest.mark.parametrize(("written", "shown", "phonemes"), rows("written", "shown", "phonemes"))
def test_readings(frontend: Frontend, written: str, shown: str, phonemes: str) -> None:
    (utterance,) = frontend.utterances("a", written)
    assert (utterance.text, " ".join(utterance.phonemes)) == (shown, phonemes)


@pytest.mark.parametrize(("written", "pause"), rows("written", "pause in seconds"))
def test_pauses(frontend: Frontend, written: str, pause: str) -> None:
    assert frontend.utterances("a", written)[0].pause_after == float(pause)


@pytest.mark.parametrize(("written", "shown", "spoken"), rows("written", "shown", "spoken"))
def test_what_is_spoken(frontend: Frontend, written: str, shown: str, spoken: str) -> None:
    (utterance,) = frontend.utterances("a", written)
    assert (utterance.text, utterance.spoken_text) == (shown, spoken)


@pytest.mark.parametrize(("written", "shown"), rows("written", "shown"))
def test_escapes(written: str, shown: str) -> None:
    assert parse(written) == (Words(shown, 1),)


@pytest.mark.parametrize(("written", "column", "message"), rows("written", "column", "message"))
def test_mistakes(written: str, column: str, message: str) -> None:
    with pytest.raises(MarkupError) as caught:
        parse(written)
    assert caught.value.column == int(column)
    assert caught.value.problem.startswith(message)


def test_ordinary_text() -> None:
    section = PAGE.split("## Ordinary text")[1].split("| written")[0]
    examples = re.findall(r"`([^`]+)`", section)
    assert len(examples) == 12
    for example in examples:
        assert all(isinstance(node, Words | Aside) for node in parse(example)), example


@pytest.mark.parametrize(("line", "spoken"), rows("line", "spoken"))
def test_lexicon(tmp_path: Path, line: str, spoken: str) -> None:
    path = tmp_path / "lexicon.yaml"
    path.write_text(block("yaml"), encoding="utf-8")
    (utterance,) = Frontend(lexicon=Lexicon.load([path])).utterances("a", line)
    assert utterance.spoken_text == spoken
    assert utterance.text == line


@pytest.mark.parametrize(("suffix", "n_entries"), [("yaml", 7), ("rep", 2), ("pls", 3)])
def test_lexicon_files(tmp_path: Path, suffix: str, n_entries: int) -> None:
    path = tmp_path / f"lexicon.{suffix}"
    path.write_text(block(suffix), encoding="utf-8")
    lexicon = Lexicon.load([path])
    assert len(lexicon) == n_entries
    assert lexicon.notes == ()
