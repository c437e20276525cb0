"""CSV and TSV as people and spreadsheets write them."""

from pathlib import Path

import pytest

from gsvbatch.errors import ScriptError
from gsvbatch.script import Script, assign_ids, read_script


def _read(folder: Path, text: str, name: str = "bank.csv") -> Script:
    path = folder / name
    path.write_bytes(text.encode())
    return read_script(path)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = ["id,speaker,text", "a,甲,你好；再见|走吧", 'b,乙,"x,y;z"']
    text = "\n".join(row.replace(",", delimiter) for row in rows[:2]) + "\n"
    if delimiter == "|":
        text = text.replace("再见|走吧", "再见走吧")
    (line,) = _read(tmp_path, text).lines
    assert (line.id, line.speaker) == ("a", "甲")
    assert line.text.startswith("你好；再见")


HEADERS = [
    "编号,角色,台词,语言,音色,情绪,语速,停顿,文件名,备注,章节,种子",
    "ID,Speaker,Text,Lang,Voice,Emotion,Speed,Pause,Out,Comment,Chapter,Seed",
    "key,Character,Dialogue,Language,voice_id,style,rate,pause_after,out_path,notes,scene,seed",
    "line id,NAME,what,LANGUAGE,voice_name,instruct,pacing,Pause After,output,remark,section,SEED",
    "ＩＤ,说话人,文本,语种,配音,情感,速度,停顿,输出文件,注释,场景,随机种子",
]


@pytest.mark.parametrize("header", HEADERS)
def test_columns_go_by_many_names(tmp_path: Path, header: str) -> None:
    script = _read(tmp_path, f"{header}\na-1,甲,你好。,中文,mei,高兴,1.1,0.5,hello,n,c,42\n")
    assert script.problems == ()
    (line,) = script.lines
    assert (line.id, line.speaker, line.text, line.language, line.voice) == (
        "a-1",
        "甲",
        "你好。",
        "zh",
        "mei",
    )
    assert (line.style, line.speed, line.pause_after, line.output) == ("高兴", 1.1, 0.5, "hello")
    assert (line.notes, line.chapter, line.seed) == ("n", "c", 42)
    assert dict(line.extra) == {}


def test_unknown_columns_are_kept(tmp_path: Path) -> None:
    (line,) = _read(tmp_path, "text,Quest,role,name\nhi, main ,Bob,Robert\n").lines
    assert dict(line.extra) == {"Quest": " main ", "name": "Robert"}
    assert line.speaker == "Bob"


def test_quoted_cells_hold_anything_and_rows_know_their_line(tmp_path: Path) -> None:
    text = 'id,text,note\r\na,"one, ""two""\r\nthree",x\r\n\r\n,,\r\nb,  plain  ,\r\nc,say "hi" now,\r\n'
    script = _read(tmp_path, text)
    assert script.problems == ()
    rows = [(line.line_number, line.id, line.text) for line in script.lines]
    assert rows == [(2, "a", 'one, "two"\nthree'), (6, "b", "plain"), (7, "c", 'say "hi" now')]


def test_what_excel_leaves_behind_is_understood(tmp_path: Path) -> None:
    text = '\ufeffsep=;\r\nid;text;;\r\n="001";你好。;;\r\n;;;\r\n'
    (line,) = _read(tmp_path, text).lines
    assert (line.id, line.text, line.line_number) == ("001", "你好。", 3)


def test_whole_numbers_with_a_point_and_wide_digits_are_numbers(tmp_path: Path) -> None:
    (line,) = _read(tmp_path, "text,seed,speed,pause,top_k\nhi,42.0,１．２,800ms,5.0\n").lines
    assert (line.seed, line.speed, line.pause_after, line.top_k) == (42, 1.2, 0.8, 5)


@pytest.mark.parametrize("written", ["auto", "", "中英混合"])
def test_languages_to_be_detected(tmp_path: Path, written: str) -> None:
    assert _read(tmp_path, f"text,lang\nhi,{written}\n").lines[0].language is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("ZH-CN", "zh"),
        ("all_zh", "zh"),
        ("en_US", "en"),
        ("英文", "en"),
        ("fr", "fr"),
        ("粤语", "yue"),
    ],
)
def test_languages_by_many_names(tmp_path: Path, written: str, code: str) -> None:
    assert _read(tmp_path, f"text,lang\nhi,{written}\n").lines[0].language == code


BAD = [
    ("text,speed\nhi,fast\n", 2, "column 'speed': 'fast' is not a speaking rate"),
    ("text,speed\nhi,0\n", 2, "column 'speed': 0 is outside 0.25 to 4"),
    ("text,top_k\nhi,0\n", 2, "column 'top_k': 0 is not a whole number from 1 to 1024"),
    ("text,top_k\nhi,2.5\n", 2, "column 'top_k': 2.5 is not a whole number"),
    ("text,top_p\nhi,1.5\n", 2, "column 'top_p': 1.5 is not above 0 and up to 1"),
    ("text,温度\nhi,0\n", 2, "column '温度': 0 is not above 0 and up to 5"),
    ("text,重复惩罚\nhi,0.5\n", 2, "column '重复惩罚': 0.5 is not from 1 to 10"),
    ("text,temp\nhi,hot\n", 2, "column 'temp': 'hot' is not a number such as 0.8"),
    ("text,speed\nhi,nan\n", 2, "column 'speed': 'nan' is not"),
    ("text,语速\nhi,1e9\n", 2, "column '语速': '1e9' is not"),
    ("text,seed\nhi,4.5\n", 2, "column 'seed': '4.5' is not a whole number"),
    ("text,seed\nhi,-1\n", 2, "column 'seed': '-1' is not a whole number"),
    ("text,seed\nhi,99999999999999999999\n", 2, "is not a whole number"),
    ("text,pause\nhi,long\n", 2, "column 'pause': 'long' is not a length of time"),
    ("text,pause\nhi,-1\n", 2, "column 'pause': '-1' is not a length of time"),
    ("text,pause_before\nhi,601\n", 2, "longer than 600 s"),
    ("text,start,end\nhi,soon,2\n", 2, "column 'start': 'soon' is not a time"),
    ("text,start,end\nhi,2,1.5\n", 2, "column 'end': 1.5 s is not after the start, 2 s"),
    ("text,lang\nhi,??\n", 2, "column 'lang': '??' is not a language code"),
    ("id,text\na,\n", 2, "column 'text': has no text"),
    ("id,text\na,hi,there\n", 2, "has 3 cells, the header 2"),
    ('id,text\n\na,"open\nb,two\n', 3, "never closed"),
    ('id,text\na,"x" y\n', 2, "text follows a closing quote"),
    ("id,,text\na,b,hi\n", 1, "column 2 has no name"),
    ("text,x,x\nhi,1,2\n", 1, "two columns are named 'x'"),
    ("text,out\nhi,../x\n", 2, "output name '../x' cannot be a file name"),
    ("id,text\na,x\x07y\n", 2, "U+0007"),
]


@pytest.mark.parametrize(("text", "line_number", "problem"), BAD)
def test_bad_values_are_problems_of_their_line(
    tmp_path: Path, text: str, line_number: int, problem: str
) -> None:
    (found,) = _read(tmp_path, text).problems
    assert problem in found.problem
    assert found.line_number == line_number


def test_a_line_past_the_limit_is_a_problem(tmp_path: Path) -> None:
    (found,) = _read(tmp_path, "id,text\na," + "字" * 20_001).problems
    assert "20001 characters" in found.problem
    assert len(str(found)) < 300


def test_a_quote_left_open_costs_only_its_own_row(tmp_path: Path) -> None:
    script = _read(tmp_path, 'id,text\na,"open\nb,two\n')
    assert [(line.id, line.text) for line in script.lines] == [("a", '"open'), ("b", "two")]


def test_a_table_without_text_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="no column of text among 'id', 'words'"):
        _read(tmp_path, "id,words\na,hi\n")


def test_a_header_alone_is_an_empty_script(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="no line to speak"):
        _read(tmp_path, "id,text\n,\n")


def test_yarn_ids_lose_their_prefix_and_file_is_not_the_output(tmp_path: Path) -> None:
    (line,) = _read(
        tmp_path,
        "language,id,text,file,node,lineNumber\nen,line:0a1b2c,Hi.,Assets/a.yarn,Start,3\n",
    ).lines
    assert (line.id, line.output, line.extra["file"]) == ("0a1b2c", None, "Assets/a.yarn")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "speaker,text\r\n甲,一\r\n,,\r\n\r\n乙,二",
            "id,speaker,text\r\nline-0001,甲,一\r\n,,,\r\n\r\nline-0002,乙,二",
        ),
        ('"text"\tx\n"a\nb"\t1\n', 'id\t"text"\tx\nline-0001\t"a\nb"\t1\n'),
        ("sep=;\ntext;x\na;1\n", "sep=;\nid;text;x\nline-0001;a;1\n"),
    ],
)
def test_a_table_without_ids_gets_a_column_of_them(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "bank.csv"
    path.write_bytes(before.encode())
    assign_ids(path)
    assert path.read_bytes().decode() == after


def test_a_row_too_short_for_its_id_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bank.csv"
    path.write_text("text,id\nhi\n", encoding="utf-8")
    with pytest.raises(ScriptError, match=r"bank\.csv:2: has no place for an id"):
        assign_ids(path)
