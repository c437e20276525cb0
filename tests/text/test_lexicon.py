from pathlib import Path

import pytest

from gsvbatch.errors import LexiconError
from gsvbatch.text.lexicon import Entry, Lexicon, Match
from gsvbatch.text.lexicon_files import write_engdict, write_polyphonic
from gsvbatch.text.reading import Reading

YAML = """\
# names of the game
NVIDIA: 英伟达
gpu: G P U
US: 美国
湖泊: [hu2, po1]
湖: 胡
重庆: chong2 qing4
SQLite: /EH2 S K Y UW1 L AY2 T/
C++: C plus plus
no: [N, OW1]
角: {pinyin: jue2}
SQL: {arpabet: S IY1 K W AH0 L}
WHO: {alias: 世卫组织}
行長: {jyutping: [hong4, zoeng2]}
"""

PLS = """\
<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="x-arpabet" xml:lang="en">
  <lexeme><grapheme>SQL</grapheme><grapheme>Sequel</grapheme><phoneme>S IY1 K W AH0 L</phoneme></lexeme>
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
  <lexeme><grapheme>角色</grapheme><phoneme alphabet="x-pinyin">jue2 se4</phoneme></lexeme>
  <lexeme><grapheme>咗</grapheme><phoneme alphabet="x-jyutping">zo2</phoneme></lexeme>
  <lexeme><grapheme>tomato</grapheme><phoneme alphabet="ipa">təˈmɑːtəʊ</phoneme></lexeme>
  <lexeme>
    <grapheme>route</grapheme>
    <phoneme alphabet="ipa">ruːt</phoneme><phoneme>R UW1 T</phoneme>
  </lexeme>
</lexicon>
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def spelled(lexicon: Lexicon, text: str) -> list[str | tuple[str, str]]:
    return [
        part if isinstance(part, str) else (part.text, part.entry.grapheme)
        for part in lexicon.split(text)
    ]


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    return Lexicon.load([write(tmp_path, "names.yaml", YAML)])


def test_yaml_entries_know_words_pinyin_and_phonemes(lexicon: Lexicon) -> None:
    spellings = {entry.grapheme: entry.spelling for entry in lexicon.entries}
    assert spellings == {
        "NVIDIA": "英伟达",
        "gpu": "G P U",
        "US": "美国",
        "湖泊": Reading("湖泊", "pinyin", ("hu2", "po1")),
        "湖": "胡",
        "重庆": Reading("重庆", "pinyin", ("chong2", "qing4")),
        "SQLite": Reading("SQLite", "arpabet", ("EH2", "S", "K", "Y", "UW1", "L", "AY2", "T")),
        "C++": "C plus plus",
        "no": Reading("no", "arpabet", ("N", "OW1")),
        "角": Reading("角", "pinyin", ("jue2",)),
        "SQL": Reading("SQL", "arpabet", ("S", "IY1", "K", "W", "AH0", "L")),
        "WHO": "世卫组织",
        "行長": Reading("行長", "jyutping", ("hong4", "zoeng2")),
    }


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("买NVIDIA的", ["买", ("NVIDIA", "NVIDIA"), "的"]),
        ("湖泊和湖", [("湖泊", "湖泊"), "和", ("湖", "湖")]),
        ("SQLite, SQL", [("SQLite", "SQLite"), ", ", ("SQL", "SQL")]),
        ("MySQL SQLs SQL2 SQL_x", ["MySQL SQLs SQL2 ", ("SQL", "SQL"), "_x"]),
        ("SQL's", [("SQL", "SQL"), "'s"]),
        ("no, don't; No O'no no'n", [("no", "no"), ", don't; ", ("No", "no"), " O'no no'n"]),
        ("US us Us", [("US", "US"), " us Us"]),
        ("GPU gpu Gpu", [("GPU", "gpu"), " ", ("gpu", "gpu"), " ", ("Gpu", "gpu")]),
        ("GPU-4 x.gpu", [("GPU", "gpu"), "-4 x.", ("gpu", "gpu")]),
        ("C++和C", [("C++", "C++"), "和C"]),
        ("", []),
        ("没有", ["没有"]),
    ],
)
def test_longest_whole_word_matches(lexicon: Lexicon, text: str, parts: list[object]) -> None:
    assert spelled(lexicon, text) == parts
    assert (
        "".join(part if isinstance(part, str) else part.text for part in lexicon.split(text))
        == text
    )


def test_a_reading_is_of_the_word_as_written(lexicon: Lexicon) -> None:
    (part,) = lexicon.split("No")
    assert isinstance(part, Match)
    assert part.entry.spelled(part.text) == Reading("No", "arpabet", ("N", "OW1"))


def test_later_files_go_before_earlier_ones(tmp_path: Path) -> None:
    first = write(tmp_path, "a.yaml", "GPT: one\nWHO: who\n")
    second = write(tmp_path, "b.yml", "GPT: two\n")
    lexicon = Lexicon.load([first, second])
    assert [entry.spelling for entry in lexicon.entries] == ["two", "who"]


def test_engdict_ignores_case_and_takes_the_first_pronunciation(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "engdict-hot.rep",
        ";;; hot words\nCHATGPT  CH AE1 T JH IY1 P IY1 T IY1\nREAD R IY1 D\nREAD(2) R EH1 D\n",
    )
    lexicon = Lexicon.load([path])
    assert spelled(lexicon, "ChatGPT read") == [("ChatGPT", "CHATGPT"), " ", ("read", "READ")]
    assert len(lexicon.notes) == 1
    assert "READ(2)" in lexicon.notes[0]


def test_polyphonic_rep_is_read(tmp_path: Path) -> None:
    lexicon = Lexicon.load(
        [write(tmp_path, "polyphonic.rep", "湖泊: ['hu2', 'po1']\n地壳: [\"di4\",\"qiao4\"]\n")]
    )
    assert [entry.spelling for entry in lexicon.entries] == [
        Reading("地壳", "pinyin", ("di4", "qiao4")),
        Reading("湖泊", "pinyin", ("hu2", "po1")),
    ]


def test_pls_is_read_and_what_cannot_be_spoken_is_named(tmp_path: Path) -> None:
    lexicon = Lexicon.load([write(tmp_path, "words.pls", PLS)])
    assert {entry.grapheme: entry.spelling for entry in lexicon.entries} == {
        "SQL": Reading("SQL", "arpabet", ("S", "IY1", "K", "W", "AH0", "L")),
        "Sequel": Reading("Sequel", "arpabet", ("S", "IY1", "K", "W", "AH0", "L")),
        "W3C": "World Wide Web Consortium",
        "角色": Reading("角色", "pinyin", ("jue2", "se4")),
        "咗": Reading("咗", "jyutping", ("zo2",)),
        "route": Reading("route", "arpabet", ("R", "UW1", "T")),
    }
    (note,) = lexicon.notes
    assert note.startswith(f"{tmp_path / 'words.pls'}:7: tomato: alphabet 'ipa' cannot be spoken")
    assert spelled(lexicon, "sql SQL") == ["sql ", ("SQL", "SQL")]


@pytest.mark.parametrize(
    ("name", "text", "line", "problem"),
    [
        ("a.yaml", "好: x\n湖泊: [hu2]\n", 2, "2 characters"),
        ("a.yaml", "湖泊: [hu2, pu]\n", 1, "no tone"),
        ("a.yaml", "SQL: /S IYY1/\n", 1, "not an ARPAbet phoneme"),
        ("a.yaml", "SQL: [S, K9]\n", 1, "takes no stress"),
        ("a.yaml", "SQL: ji1 ji2\n", 1, "Chinese characters only"),
        ("a.yaml", "a: b\nSQL:\n", 2, "nothing is given"),
        ("a.yaml", "行: {jyutping: hang7}\n", 1, "Jyutping has 1 to 6"),
        ("a.yaml", "行長: {jyutping: hong4}\n", 1, "2 characters"),
        ("a.yaml", "SQL: {ipa: x}\n", 1, "wants other words"),
        ("a.yaml", "SQL: {alias: a, pinyin: b}\n", 1, "wants other words"),
        ("a.yaml", "- SQL\n", 1, "'word: how to say it'"),
        ("a.yaml", "a: b\nc: [d\n", 3, "is not YAML"),
        ("a.yaml", '"": b\n', 1, "no word"),
        ("a.yaml", "? [a]\n: b\n", 1, "plain text"),
        ("a.yaml", "GPT: one\nWHO: x\nGPT: two\n", 3, "already said otherwise on line 1"),
        ("a.rep", "CHATGPT\n", 1, "WORD and its phonemes"),
        ("a.rep", "# x\nCHATGPT CH AE T\n", 2, "lacks its stress"),
        ("a.rep", "READ R IY1 D\nread R EH1 D\n", 2, "already said otherwise"),
        ("a.rep", "湖泊: ['hu2','pu']\n", 1, "no tone"),
        ("a.rep", "湖泊: ['hu2']\n", 1, "2 characters"),
        ("a.rep", "湖泊: [hu2, po1]\n", 1, "in quotes"),
        ("a.pls", "<lexicon>\n<lexeme></lexeme></lexicon>", 2, "needs a <grapheme>"),
        ("a.pls", "<lexicon>\n<lexeme>", 2, "is not XML"),
        ("a.pls", "<!DOCTYPE x [<!ENTITY a 'b'>]>\n<lexicon/>", 1, "document type"),
        ("a.pls", "<lexicon alphabet='x-pinyin'>\n\n<lexeme><grapheme>角</grapheme><phoneme>jeu2</phoneme></lexeme></lexicon>", 3, "not a pinyin"),
        ("a.txt", "x", 0, "must end in"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_an_error_at_its_line(
    tmp_path: Path, name: str, text: str, line: int, problem: str
) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(LexiconError, match=problem) as caught:
        Lexicon.load([path])
    assert (caught.value.path, caught.value.line_number) == (path, line)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="cannot be read"):
        Lexicon.load([tmp_path / "none.yaml"])
    (tmp_path / "gbk.yaml").write_bytes("湖: 胡".encode("gb18030"))
    with pytest.raises(LexiconError, match="not UTF-8"):
        Lexicon.load([tmp_path / "gbk.yaml"])


def test_an_empty_file_is_an_empty_lexicon(tmp_path: Path) -> None:
    lexicon = Lexicon.load([write(tmp_path, "a.yaml", "# nothing yet\n")])
    assert len(lexicon) == 0
    assert lexicon.digest == Lexicon.empty().digest == ""


def test_digest_tells_what_is_said_and_not_where_it_stands(tmp_path: Path) -> None:
    one = Lexicon.load([write(tmp_path, "a.yaml", "GPT: x\nWHO: y\n")])
    other = Lexicon.load([write(tmp_path, "b.yaml", "# moved\nWHO: y\nGPT: x\n")])
    changed = Lexicon.load([write(tmp_path, "c.yaml", "GPT: x\nWHO: z\n")])
    assert one.digest == other.digest != changed.digest
    assert one.digest_of("a GPT") == changed.digest_of("a GPT") != ""
    assert one.digest_of("WHO") != changed.digest_of("WHO")
    assert one.digest_of("nothing") == ""


def test_matches_are_the_entries_that_have_a_say(lexicon: Lexicon) -> None:
    assert [entry.grapheme for entry in lexicon.matches("湖泊边的NVIDIA，NVIDIA和MySQL")] == [
        "NVIDIA",
        "湖泊",
    ]


def test_an_alias_and_a_spelling_of_letters_have_different_digests() -> None:
    alias = Lexicon([Entry("a", "AH0")])
    reading = Lexicon([Entry("a", Reading("a", "arpabet", ("AH0",)))])
    assert alias.digest != reading.digest


def test_both_rep_formats_are_written_and_read_back(tmp_path: Path, lexicon: Lexicon) -> None:
    assert write_engdict(lexicon, tmp_path / "engdict-hot.rep") == 3
    assert write_polyphonic(lexicon, tmp_path / "polyphonic.rep") == 3
    assert (tmp_path / "engdict-hot.rep").read_text(encoding="utf-8") == (
        "NO N OW1\nSQL S IY1 K W AH0 L\nSQLITE EH2 S K Y UW1 L AY2 T\n"
    )
    assert "湖泊: ['hu2', 'po1']\n" in (tmp_path / "polyphonic.rep").read_text(encoding="utf-8")
    back = Lexicon.load([tmp_path / "engdict-hot.rep", tmp_path / "polyphonic.rep"])
    assert {entry.spelling for entry in back.entries if entry.match_case} == {
        Reading("湖泊", "pinyin", ("hu2", "po1")),
        Reading("重庆", "pinyin", ("chong2", "qing4")),
        Reading("角", "pinyin", ("jue2",)),
    }
