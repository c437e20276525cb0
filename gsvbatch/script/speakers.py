r"""Who speaks: ``Name: text`` and its relatives at the head of a line, and the id at its end.

A wrong guess costs words: a line "注意：明天开会" read as spoken by 注意 loses its first word without a sound. So a name must
look like one, common non-names are reserved, a file may list its speakers, and ``\:`` keeps a colon text. Before a quotation
even a good-looking name is more likely narration ("她笑：“好。”"), so there it must be known, or usual in its file. What is left
of guessing is told: ``Piece.as_text`` is how to take a guess back.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gsvbatch.script.fields import field_of
from gsvbatch.script.source import ANYONE, Names

_RESERVED_WORDS = """
    pause break voice fast slow speed style silence sleep wait chapter title section scene sfx bgm music sound
    http https ftp file mailto note notes warning tip tips example examples ps todo fixme ratio
    zh en ja ko yue auto
    laugh laughs laughing sigh sighs cough coughs whisper whispers breath
    停顿 暂停 静音 快 慢 语速 音效 音乐 背景音乐 注意 注 提示 备注 说明 例如 比如 例 即 总之 结论 结果 时间 地点 日期
    标题 章节 笑 大笑 叹气 咳嗽 哭 耳语 换气 古人云 诗云
"""
RESERVED = frozenset(_RESERVED_WORDS.split())
"""Never speakers, whatever stands after them; compared after ``speaker_key``."""

_NAME = r"[^\s:：,，.。!！?？;；、\"“”‘’「」『』《》<>()（）\[\]【】{}/\\|#*=@~^`][^:：,，。!！?？;；、\"“”「」『』《》<>()（）\[\]【】{}/\\|#*=@~^`\n]{0,39}?"
_PREFIX = re.compile(
    rf"({_NAME})\s{{0,4}}(?:[(（]([^()（）:：\n]{{1,30}})[)）]\s{{0,4}})?([:：])(.*)", re.DOTALL
)
_HEAD = re.compile(r"(?:\[([^\[\]\n]{1,200})\]|【([^【】\n]{1,200})】)[:：]?\s*(.*)", re.DOTALL)
_ESCAPED = re.compile(r"([^:：\n\\]{1,60})\\([:：])")
_ID = re.compile(
    r"(?:\{#(?P<braced>[^{}\s]{1,300})\}|(?<![^\s，。！？…”」])#(?:id|line):(?P<tagged>[^\s#]{1,300}))$"
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
_NARRATION_ENDS = ("说", "说道", "问", "问道", "答", "喊", "叫", "想", "曰", "道", "是", "有", "着", "了", "的", "到", "看", "点", "下", "为", "告诉我", "告诉他", "告诉她", "告诉你", "告诉我们", "告诉大家", "补充", "宣布", "解释", "强调", "提醒", "反驳", "感叹", "吩咐", "嘱咐", "嘟囔", "嘀咕", "表示", "指出", "摇头", "摇摇头", "点头", "点点头", "很简单")  # fmt: skip
_STEP = re.compile(
    r"(?:步骤|step)\s*[0-9零一二三四五六七八九十]{1,3}|第[0-9一二三四五六七八九十]{1,3}[步条项]"
)
_OPENING_QUOTES = ("“", "「", "『", '"', "‘", "＂", "〝")
_BOLD = re.compile(r"([*_]{1,2})([^*_:：\n]{1,60})([:：]?)\1")
_PARTICLES = frozenset(
    {"of", "the", "de", "da", "van", "von", "der", "la", "le", "el", "and", "&", "al"}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One who-says-what, taken apart but not yet checked."""

    values: Mapping[str, str]
    """Written value by field name; ``text`` always, the others where they were given."""

    problem: str | None = None
    as_text: str = ""
    """Of a speaker who was only guessed: his head as it is written to be text; else empty."""


def speaker_key(name: str) -> str:
    """Return what all spellings of a speaker's name share: width, case and spacing do not tell speakers apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def parse_piece(written: str, names: Names = ANYONE) -> Piece:
    r"""Take a line of narration apart into speaker, directives, text and id.

    Heads: ``Name: text``, ``名字（情绪）：text``, ``[Name] text``, ``【名字】text``, ``[zh:Name|seed:42|speed:0.9] text``. Tails:
    ``{#id}``, ``#id:id``, ``#line:id``. A backslash before the colon or bracket keeps it text.

    Args:
        written: The line, without its line end.
        names: Who may speak.
    """
    body, line_id = split_id(written.strip())
    piece = _parse_head(body, names)
    if line_id is not None:
        piece = replace(piece, values={**piece.values, "id": line_id})
    return piece


def split_id(written: str) -> tuple[str, str | None]:
    """Return a line without the id at its end, and the id."""
    written = written.rstrip()
    match = _ID.search(written, max(0, len(written) - 400))
    if match is None:
        return written, None
    return written[: match.start()].rstrip(), match["braced"] or match["tagged"]


def starts_line(written: str, names: Names = ANYONE) -> bool:
    """Return whether a line of text begins with a speaker, so that it cannot go on from the one before."""
    return bool(_parse_head(split_id(written.strip())[0], names).values.keys() - {"text"})


def usual_names(rows: Iterable[str]) -> frozenset[str]:
    """Return the keys of the names that are speakers of a file even before a quotation.

    A name is, if it stands before words without quotation marks at least as often; or if most rows begin with a name, as
    in a play and never in a story, and this one does so more than once.

    Args:
        rows: Of the whole file, of whatever format.
    """
    plain: Counter[str] = Counter()
    quoted: Counter[str] = Counter()
    n_rows = 0
    for row in rows:
        written = row.strip()
        if not written or written.startswith("#") or "-->" in written or written.isdecimal():
            continue
        n_rows += 1
        bare = _BOLD.sub(r"\2\3", written, count=1) if _BOLD.match(written) else written
        if (prefix := _PREFIX.match(bare)) and _may_be_speaker(prefix):
            is_plain = bare is not written or _is_plain(prefix)  # who prints a name bold means it
            (plain if is_plain else quoted)[speaker_key(prefix[1])] += 1
    is_play = 2 * (plain.total() + quoted.total()) >= n_rows
    return frozenset(
        key
        for key in plain.keys() | quoted.keys()
        if plain[key] >= quoted[key] or (is_play and plain[key] + quoted[key] > 1)
    )


def is_narration_like(written: str) -> bool:
    """Return whether a line is text only because of the quotation after its head; elsewhere it may read otherwise."""
    prefix = _PREFIX.match(written)
    return prefix is not None and _may_be_speaker(prefix) and not _is_plain(prefix)


def _parse_head(body: str, names: Names) -> Piece:
    if body.startswith(("\\[", "\\【")):
        # The backslash of "\[pause:1]" is not ours: the text's own marks are escaped alike.
        is_ours = "speaker" in _parse_head(body[1:], names).values
        return Piece({"text": body[1:] if is_ours else body})
    if head := _HEAD.match(body):
        piece = _bracket_head(head[1] or head[2], head[3], names)
        if piece is not None:
            is_guess = names.only is None and piece.values.keys() == {"speaker", "text"}
            is_guess = is_guess and speaker_key(piece.values["speaker"]) not in names.known
            as_text = "\\" + body[: head.start(3)].strip() if is_guess else ""
            return replace(piece, as_text=as_text)
    if (prefix := _PREFIX.match(body)) and _is_speaker(prefix, names):
        values = {"speaker": prefix[1].strip(), "text": prefix[4].strip()}
        if prefix[2]:
            values["style"] = prefix[2].strip()
        is_guess = names.only is None and speaker_key(prefix[1]) not in names.known
        as_text = f"{body[: prefix.start(3)].rstrip()}\\{prefix[3]}" if is_guess else ""
        return Piece(values, as_text=as_text)
    return Piece({"text": _ESCAPED.sub(r"\1\2", body, count=1) if _ESCAPED.match(body) else body})


def _is_speaker(prefix: re.Match[str], names: Names) -> bool:
    key = speaker_key(prefix[1])
    if names.only is not None:
        return key in names.only and not _is_notation(prefix)
    if key in names.known:
        return not _is_notation(prefix)
    return _may_be_speaker(prefix) and (key in names.usual or _is_plain(prefix))


def _may_be_speaker(prefix: re.Match[str]) -> bool:
    """Return whether a head looks like a speaker's."""
    if _is_notation(prefix) or speaker_key(prefix[1]) in RESERVED:
        return False
    return _looks_like_name(prefix[1].strip())


def _is_notation(prefix: re.Match[str]) -> bool:
    """Return whether the colon is no speaker's."""
    colon, rest = prefix[3], prefix[4]
    return colon == ":" and (
        rest.startswith(("//", "\\")) or (rest[:1].isascii() and rest[:1].isalnum())
    )  # of a URL, a time, a ratio, a drive: "12:30", "https://", "C:\\"


def _is_plain(prefix: re.Match[str]) -> bool:
    """Return whether no quotation follows the colon; a style after the name is a sign of a script all the same."""
    return bool(prefix[2]) or not prefix[4].lstrip().startswith(_OPENING_QUOTES)


def _looks_like_name(name: str) -> bool:
    if not any(c.isalpha() for c in name) or _STEP.fullmatch(speaker_key(name)):
        return False
    if _CJK.search(name):
        return len(name) <= 10 and not name.endswith(_NARRATION_ENDS)
    words = name.split()
    if len(words) == 1:
        return len(name) <= 24
    return len(words) <= 4 and all(not w[0].islower() or w.casefold() in _PARTICLES for w in words)


def _bracket_head(inside: str, text: str, names: Names) -> Piece | None:
    """Return the piece of ``[zh:Name|key:value|…] text``, or None when the bracket is some other mark."""
    first, *directives = [part.strip() for part in inside.split("|")]
    language, colon, name = first.rpartition(":")
    name = name.strip()
    if colon and not re.fullmatch(r"(?i)[a-z]{2,3}(-[a-z]{2,8})?", language.strip()):
        return None  # [pause:1.5] and its kind
    key = speaker_key(name)
    is_name = (
        key in names.only
        if names.only is not None
        else key not in RESERVED and any(c.isalpha() for c in name)
    )
    if (
        not is_name
        or name.startswith(("#", "/", "!", "^"))
        or re.match(r"(停顿|pause|break)[\s\d=:+.-]", key)
    ):
        return None
    values = {"speaker": name, "text": text.strip()}
    if colon:
        values["language"] = language.strip()
    for directive in directives:
        what, separator, value = (part.strip() for part in directive.partition(":"))
        known = field_of(what)
        if not separator or not value:
            return Piece(
                values, problem=f"{directive!r} in [{inside}] is not written as name:value"
            )
        if known is None or known in {"text", "speaker", "chapter", "start", "end"}:
            return Piece(
                values,
                problem=f"{what!r} in [{inside}] is not a setting of a line; seed, speed, style, voice, lang, temperature, top_k, top_p are",
            )
        values[known] = value
    return Piece(values)
