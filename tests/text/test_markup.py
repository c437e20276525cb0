import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.errors import MarkupError
from gsvbatch.text.markup import parse
from gsvbatch.text.nodes import Alias, Aside, Fixed, Node, Pause, Words
from gsvbatch.text.reading import Reading

JUE = Reading("角", "pinyin", ("jue2",))
SQL = Reading("SQL", "arpabet", ("S", "IY1", "K", "W", "AH0", "L"))


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        # pinyin
        ("角(jue2)色", [Fixed("角", JUE, 1), Words("色", 8)]),
        ("主角（jue2）", [Words("主", 1), Fixed("角", JUE, 2)]),
        ("角(jue 2)", [Fixed("角", JUE, 1)]),
        ("角(jué)色", [Fixed("角", JUE, 1), Words("色", 7)]),
        ("<tone as=jue2>角</tone>色", [Fixed("角", JUE, 1), Words("色", 23)]),
        ("<tone as='jue2'>角</tone>", [Fixed("角", JUE, 1)]),
        ("<TONE as=“jue2”>角</TONE>", [Fixed("角", JUE, 1)]),
        ('<phoneme alphabet="sapi" ph="jue 2">角</phoneme>', [Fixed("角", JUE, 1)]),
        ("{角|jue2}", [Fixed("角", JUE, 1)]),
        ("{角色|jue2 se4}", [Fixed("角色", Reading("角色", "pinyin", ("jue2", "se4")), 1)]),
        ("做DE5", [Words("做", 1), Fixed("DE5", Reading("的", "pinyin", ("de5",)), 2)]),
        ("行(hang2)长(zhang3)", [
            Fixed("行", Reading("行", "pinyin", ("hang2",)), 1),
            Fixed("长", Reading("长", "pinyin", ("zhang3",)), 9),
        ]),
        ("啊(a5)", [Fixed("啊", Reading("啊", "pinyin", ("a5",)), 1)]),
        # ARPAbet
        ("{SQL|/S IY1 K W AH0 L/}", [Fixed("SQL", SQL, 1)]),
        ('<phoneme alphabet="x-arpabet" ph="S IY1 K W AH0 L">SQL</phoneme>', [Fixed("SQL", SQL, 1)]),
        # alias
        ('<sub alias="英伟达">NVIDIA</sub>说', [Alias("NVIDIA", "英伟达", 1), Words("说", 30)]),
        ("{NVIDIA|英伟达}", [Alias("NVIDIA", "英伟达", 1)]),
        ('<sub alias="A &amp; B">A&B</sub>', [Alias("A&B", "A & B", 1)]),
        # pauses
        ("好[pause:1.5]吗", [Words("好", 1), Pause(1.5, 2), Words("吗", 13)]),
        ("[Pause 2]", [Pause(2.0, 1)]),
        ("[pause：800ms]", [Pause(0.8, 1)]),
        ("[break]", [Pause(0.5, 1)]),
        ("<break/>", [Pause(0.5, 1)]),
        ('<break time="800ms"/>好', [Pause(0.8, 1), Words("好", 22)]),
        ('<break time="1s"></break>好', [Pause(1.0, 1), Words("好", 26)]),
        ('<break strength="strong"/>', [Pause(1.0, 1)]),
        ("[停顿2s]", [Pause(2.0, 1)]),
        ("[停顿]", [Pause(0.5, 1)]),
        ("[#1s]", [Pause(1.0, 1)]),
        ("[#250ms]", [Pause(0.25, 1)]),
        # language
        ("[en]2024[/en]年", [Words("2024", 5, "en"), Words("年", 14)]),
        ('<lang xml:lang="en-US">2024</lang>年', [Words("2024", 24, "en"), Words("年", 35)]),
        ("[en]{SQL|/S IY1 K W AH0 L/}[/en]", [Fixed("SQL", SQL, 5, "en")]),
        # asides
        ("（叹气）好吧(笑)。", [Aside("（叹气）", 1), Words("好吧", 5), Aside("(笑)", 7), Words("。", 10)]),
        ("Well (sighs) yes", [Words("Well ", 1), Aside("(sighs)", 6), Words(" yes", 13)]),
        ("（他（轻声）说）好", [Aside("（他（轻声）说）", 1), Words("好", 9)]),
    ],
)  # fmt: skip
def test_every_spelling_of_a_mark_becomes_its_node(text: str, nodes: list[Node]) -> None:
    assert list(parse(text)) == nodes


@pytest.mark.parametrize(
    "text",
    [
        "f(x)=2", "file(s)", "a[0](b)", "见[1]和[2,3]", "[注]", "[#1]", "[#标签]", "A<B且B>A", "a < b", "vector<int>",
        "<b>粗</b>", "{x|x>0}", "{name}", "{", "}", "]", "[", ")", "（", "他:(", "（一）背景", "(1)打开(a)关", "（2024）",
        "用A4纸", "奥迪A4", "小米SU7", "算法SHA1", "端口LAN2", "网卡WAN1", "引脚PIN3", "GPT4", "MP3", "Windows11",
        "做DE5X", "做DE5-2", "de5", "[break dance]", "[pauses]", "[english]", "C:\\new\\table", "a\\DE5", "[]", "()",
        "x^2", "100%", "a|b", "<3", "->", "<-", "<>", "\\",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_mark_is_ordinary_text(text: str) -> None:
    assert parse(text) == (Words(text, 1),)


@pytest.mark.parametrize(
    "text",
    ["变量(x1)", "图(a1)", "玩家(player1)", "文件(file2)", "版本(ver2)", "银行(bank)", "法(été)"],
)
def test_letters_in_brackets_that_are_no_pinyin_are_an_aside(text: str) -> None:
    bracket = text.index("(")
    assert parse(text) == (Words(text[:bracket], 1), Aside(text[bracket:], bracket + 1))
    assert parse(text, read_parentheses=True) == (Words(text, 1),)


@pytest.mark.parametrize(
    "text", ["行(hong4)", "行（hong4）", "{行|hong4}", "<tone as=hong4>行</tone>",
             '<phoneme alphabet="x-jyutping" ph="hong4">行</phoneme>']
)  # fmt: skip
def test_syllables_are_jyutping_in_cantonese(text: str) -> None:
    reading = Reading("行", "jyutping", ("hong4",))
    assert list(parse(text, language="yue")) == [Fixed("行", reading, 1)]
    (fixed,) = parse(f"[yue]{text}[/yue]")
    assert isinstance(fixed, Fixed)
    assert fixed.reading == reading


def test_what_is_no_jyutping_is_an_aside_in_cantonese() -> None:
    assert list(parse("變量(x1)", language="yue")) == [Words("變量", 1), Aside("(x1)", 3)]
    assert list(parse("做DE5", language="yue")) == [Words("做DE5", 1)]


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("主角(jeu2)", 3, "not a pinyin syllable"),
        ("角(jue6)", 2, "tone 6"),
        ("接口(pin1)", 3, "not read pin1"),
        ("一<tone as=jeu2>角</tone>", 2, "not a pinyin syllable"),
        ("<tone>角</tone>", 1, 'needs as='),
        ("<tone as=jue2>角", 1, "never closed"),
        ("<tone as=jue2>角色</tone>", 1, "2 characters"),
        ("<tone as=jue2>A</tone>", 1, "Chinese characters only"),
        ("<tone as=jue2></tone>", 1, "holds no text"),
        ("<tone as=jue2/>角", 1, "holds no text"),
        ("<tone as=jue2", 1, "not written out"),
        ('<tone "jue2">角</tone>', 1, "not written out"),
        ("好</tone>", 2, "closes nothing"),
        ("<tone as=jue2>角<break/></tone>", 1, "cannot hold another mark"),
        ('<sub alias="x">[en]a[/en]</sub>', 1, "cannot hold another mark"),
        ('<phoneme alphabet="ipa" ph="x">a</phoneme>', 1, "alphabet 'ipa'"),
        ('<phoneme ph="jue 2">角</phoneme>', 1, "needs alphabet="),
        ('<phoneme alphabet="sapi">角</phoneme>', 1, "needs ph="),
        ('<phoneme alphabet="x-arpabet" ph="XX1">a</phoneme>', 1, "not an ARPAbet phoneme"),
        ('<sub alias="">a</sub>', 1, "needs alias="),
        ("好{SQL|/S IY K/}", 2, "lacks its stress"),
        ("{角色|jue2}", 1, "2 characters"),
        ("{NVIDIA|}", 1, "nothing is given"),
        ("{NVIDIA|英伟达", 1, "never closed"),
        ("[pause:-1]", 1, "0 or more"),
        ("好[pause:61]", 2, "too long"),
        ("[pause:]x[pause:soon]", 10, "not a length"),
        ("[pause:1", 1, "never closed"),
        ("[停顿两秒]", 1, "not a length"),
        ("[停顿2s", 1, "never closed"),
        ("[#99s]", 1, "too long"),
        ("[#-1s]", 1, "0 or more"),
        ('<break time="-1s"/>', 1, "0 or more"),
        ('<break strength="huge"/>', 1, "not a length"),
        ("[en]hello", 1, "never closed"),
        ("a[/en]", 2, "no language is open"),
        ("[en]a[zh]b[/zh]", 6, r"stands inside \[en\]"),
        ("[en]a[/zh]", 6, r"that of \[en\]"),
        ("[en]a</lang>", 6, r"that of \[en\]"),
        ('<lang xml:lang="en">a', 1, "never closed"),
        ('<lang xml:lang="en">a[/en]', 22, "that of <lang"),
        ('<lang xml:lang="fr">a</lang>', 1, "one of zh"),
        ("<lang>a</lang>", 1, "one of zh"),
        ("</lang>", 1, "no language is open"),
        ('好<prosody rate="fast">快</prosody>', 2, "<prosody> has no effect"),
        ("<speak>好</speak>", 1, "<speak> has no effect"),
    ],
)  # fmt: skip
def test_a_wrong_mark_is_an_error_at_its_column(text: str, column: int, problem: str) -> None:
    with pytest.raises(MarkupError, match=problem) as caught:
        parse(text)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        (r"\[pause:1\]", "[pause:1]"),
        (r"\（笑）", "（笑）"),
        (r"角\(jue2)色", "角(jue2)色"),
        (r"\<tone as=x>", "<tone as=x>"),
        (r"\{AB|c}", "{AB|c}"),
        (r"型号\DE5", "型号DE5"),
        (r"\\[1]", r"\[1]"),
        (r"\[en]", "[en]"),
    ],
)
def test_a_backslash_makes_a_mark_ordinary(text: str, literal: str) -> None:
    assert parse(text) == (Words(literal, 1),)


def test_parentheses_are_read_on_request() -> None:
    assert parse("（叹气）好[#1s](笑)", read_parentheses=True) == (
        Words("（叹气）好", 1),
        Pause(1.0, 6),
        Words("(笑)", 11),
    )


def test_marks_inside_an_aside_are_not_marks() -> None:
    assert parse("（停[#1s]顿）好") == (Aside("（停[#1s]顿）", 1), Words("好", 10))


@given(st.text(alphabet="角色做DE5jue2()（）[]{}<>/|\\#pause:1.en 停顿s\n。", max_size=40))
def test_any_text_is_parsed_or_refused_in_one_way(text: str) -> None:
    try:
        columns = [node.column for node in parse(text)]
    except MarkupError as error:
        columns = [error.column]
    assert all(1 <= column <= len(text) for column in columns)


@given(st.text(alphabet="你好世界abc，。！ 123", max_size=40))
def test_text_without_special_characters_is_left_alone(text: str) -> None:
    assert parse(text) == ((Words(text, 1),) if text else ())


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", ["(", "角(", "[[", "{a|b", "<tone as=", "做DE"])
def test_a_very_long_line_is_parsed_in_time_proportional_to_it(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    try:
        (node,) = parse(text)
    except MarkupError as error:
        node = error
    assert node.column == 1
