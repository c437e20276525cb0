"""Polyphones by g2pW: its network in ONNX, its place among lexicon, dictionaries and rules."""

from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from gsvbatch.errors import ConfigError
from gsvbatch.text.frontend import Frontend
from gsvbatch.text.lexicon import Lexicon
from gsvbatch.text.mandarin.g2pw import CONTEXT, G2pwFiles, Polyphones
from gsvbatch.text.mandarin.pinyin import phonemes
from tests.g2pw import expected, save_both, save_g2pw


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> G2pwFiles:
    return G2pwFiles(*save_both(tmp_path_factory.mktemp("g2pw")))


@pytest.mark.parametrize("by_character", [False, True])
@pytest.mark.parametrize(
    ("clause", "traditional", "asked"),
    [
        ("重庆的银行长好", "重慶的銀行長好", (0, 4, 5, 6)),
        ("好", "好", (0,)),
        ("一不好", "一不好", (2,)),  # 一 and 不 are left to the rules for their tones
        ("今天世界", "今天世界", ()),
    ],
)
def test_the_network_is_asked_as_it_was_trained(
    tmp_path: Path, clause: str, traditional: str, asked: tuple[int, ...], by_character: bool
) -> None:
    save_g2pw(tmp_path, by_character=by_character, vocabulary=True)
    found = Polyphones(G2pwFiles(tmp_path, tmp_path)).read(clause)
    said = [
        expected(traditional, at, by_character=by_character) if at in asked else ""
        for at in range(len(clause))
    ]
    assert found == said


def test_the_mark_behind_a_clause_is_looked_at(files: G2pwFiles) -> None:
    reader = Polyphones(files)
    for mark in ("", ",", "!", "?"):
        assert reader.read("好", mark) == [expected(f"好{mark}", 0)]
    assert len({reader.read("长", mark)[0] for mark in (",", ".", "!", "?", "…", "-")}) == 2


def test_a_long_clause_is_looked_at_around_its_polyphones(files: G2pwFiles) -> None:
    far = "天" * 40
    found = Polyphones(files).read(f"{far}重庆好{far}")
    near = "天" * CONTEXT
    assert found[40] == expected(f"{near}重慶好{near}", CONTEXT)
    assert found[42] == expected(f"{near}重慶好{near}", CONTEXT + 2)
    assert not any(Polyphones(files).read("好" * 600))  # more than the network has positions


def test_a_label_that_is_no_syllable_is_passed_over(files: G2pwFiles) -> None:
    assert {Polyphones(files).read("怪", mark)[0] for mark in ",.!?…-"} == {"guai4", ""}


def said_of(frontend: Frontend, text: str, at: int) -> tuple[str, ...]:
    """The phonemes of one character of a text."""
    (utterance,) = frontend.utterances("a", text)
    (span,) = utterance.spans
    at += len(span.text) - len(span.text.lstrip("."))  # a stop may have been put before it
    start = sum(span.phoneme_counts[:at])
    return utterance.phonemes[start : start + span.phoneme_counts[at]]


def test_a_word_of_one_character_is_read_by_the_network(files: G2pwFiles) -> None:
    plain, heard = Frontend(), Frontend(g2pw=files)
    texts = [f"他说那棵树很长{mark}" for mark in "，。！？"]
    differing = 0
    for text in texts:
        mark = {"，": ",", "。": ".", "！": "!", "？": "?"}[text[-1]]
        wanted = expected(f"他說那棵樹很長{mark}", 6)
        assert said_of(heard, text, 6) == phonemes(wanted)
        differing += said_of(plain, text, 6) != said_of(heard, text, 6)
    assert differing  # or the test could not tell the two apart


def test_phrases_lexicon_and_marks_come_before_the_network(
    files: G2pwFiles, tmp_path: Path
) -> None:
    frontend = Frontend(g2pw=files)
    assert said_of(frontend, "我们在银行等你。", 4) == phonemes("hang2")  # a word of the dictionary
    lexicon = tmp_path / "lexicon.yaml"
    for reading in ("chang2", "zhang3"):
        assert said_of(frontend, f"他说那棵树很长({reading})。", 6) == phonemes(reading)
        lexicon.write_text(f"很长: hen3 {reading}\n", encoding="utf-8")
        by_lexicon = Frontend(g2pw=files, lexicon=Lexicon.load([lexicon]))
        assert said_of(by_lexicon, "他说那棵树很长。", 6) == phonemes(reading)


def test_models_of_version_1_were_trained_without_it(files: G2pwFiles) -> None:
    for mark in "，。！？":
        text = f"他说那棵树很长{mark}"
        ours, plain = Frontend("v1", g2pw=files), Frontend("v1")
        assert ours.utterances("a", text) == plain.utterances("a", text)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("g2pW.onnx", None, "holds no g2pW.onnx; gsvbatch models pull g2pw"),
        ("g2pW.onnx", b"no network", "cannot be loaded"),
        ("POLYPHONIC_CHARS.txt", None, "is no folder of a g2pW model"),
        ("POLYPHONIC_CHARS.txt", "重 zhong".encode(), "is no folder of a g2pW model"),
        ("bopomofo_to_pinyin_wo_tune_dict.json", b"[", "is no folder of a g2pW model"),
        ("config.py", b"use_mask = (", "is no folder of a g2pW model"),
        ("vocab.txt", None, "holds no vocabulary"),
    ],
)
def test_damaged_folders_are_told(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    save_g2pw(tmp_path, vocabulary=True)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        Polyphones(G2pwFiles(tmp_path, tmp_path)).read("好")
