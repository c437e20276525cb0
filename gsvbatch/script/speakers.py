r"""Who speaks: ``Name: text`` and its relatives at the head of a line, and the id at its end.

A wrong guess costs words: a line "注意：明天开会" read as spoken by 注意 loses its first word without a sound. So a name must
look like one, common non-names are reserved, a file may list its speakers, and ``\:`` keeps a colon text.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gsvbatch.script.fields import field_of

_RESERVED_WORDS = """
    pause break voice fast slow speed style silence sleep wait chapter title section scene sfx bgm music sound
    http https ftp file mailto note notes warning tip tips example examples ps todo fixme ratio
    zh en ja ko yue auto
    laugh laughs laughing sigh sighs cough coughs whisper whispers breath
    停顿 暂停 静音 快 慢 语速 音效 音乐 背景音乐 注意 注 提示 备注 说明 例如 比如 例 即 总之 结论 结果 时间 地点 日期
    标题 章节 笑 大笑 叹气 咳嗽 哭 耳语 换气
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
_NARRATION_ENDS = ("说", "说道", "问", "问道", "答", "喊", "叫", "想", "曰", "道", "是", "有", "着", "了", "的", "到", "看", "点", "下", "为")  # fmt: skip
_PARTICLES = frozenset(
    {"of", "the", "de", "da", "van", "von", "der", "la", "le", "el", "and", "&", "al"}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One who-says-what, taken apart but not yet checked."""

    values: Mapping[str, str]
    """Written value by field name; ``text`` always, the others where they were given."""

    problem: str | None = None


def speaker_key(name: str) -> str:
    """Return what all spellings of a speaker's name share: width, case and spacing do not tell speakers apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def parse_piece(written: str, allowed: frozenset[str] | None = None) -> Piece:
    r"""Take a line of narration apart into speaker, directives, text and id.

    Heads: ``Name: text``, ``名字（情绪）：text``, ``[Name] text``, ``【名字】text``, ``[zh:Name|seed:42|speed:0.9] text``. Tails:
    ``{#id}``, ``#id:id``, ``#line:id``. A backslash before the colon or bracket keeps it text.

    Args:
        written: The line, without its line end.
        allowed: Keys of the only names that are speakers, or None to go by how a name looks.
    """
    body, line_id = split_id(written.strip())
    piece = _parse_head(body, allowed)
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


def starts_line(written: str, allowed: frozenset[str] | None = None) -> bool:
    """Return whether a line of text begins with a speaker, so that it cannot go on from the one before."""
    return bool(_parse_head(split_id(written.strip())[0], allowed).values.keys() - {"text"})


def _parse_head(body: str, allowed: frozenset[str] | None) -> Piece:
    if body.startswith(("\\[", "\\【")):
        # The backslash of "\[pause:1]" is not ours: the text's own marks are escaped alike.
        is_ours = "speaker" in _parse_head(body[1:], allowed).values
        return Piece({"text": body[1:] if is_ours else body})
    if head := _HEAD.match(body):
        piece = _bracket_head(head[1] or head[2], head[3], allowed)
        if piece is not None:
            return piece
    if (prefix := _PREFIX.match(body)) and _is_speaker(prefix, allowed):
        values = {"speaker": prefix[1].strip(), "text": prefix[4].strip()}
        if prefix[2]:
            values["style"] = prefix[2].strip()
        return Piece(values)
    return Piece({"text": _ESCAPED.sub(r"\1\2", body, count=1) if _ESCAPED.match(body) else body})


def _is_speaker(prefix: re.Match[str], allowed: frozenset[str] | None) -> bool:
    name, colon, rest = prefix[1].strip(), prefix[3], prefix[4]
    if colon == ":" and (
        rest.startswith(("//", "\\")) or (rest[:1].isascii() and rest[:1].isalnum())
    ):
        return False  # a URL, a time, a ratio, a drive: "12:30", "https://", "C:\\"
    key = speaker_key(name)
    if allowed is not None:
        return key in allowed
    return key not in RESERVED and _looks_like_name(name)


def _looks_like_name(name: str) -> bool:
    if not any(c.isalpha() for c in name):
        return False
    if _CJK.search(name):
        return len(name) <= 10 and not name.endswith(_NARRATION_ENDS)
    words = name.split()
    if len(words) == 1:
        return len(name) <= 24
    return len(words) <= 4 and all(not w[0].islower() or w.casefold() in _PARTICLES for w in words)


def _bracket_head(inside: str, text: str, allowed: frozenset[str] | None) -> Piece | None:
    """Return the piece of ``[zh:Name|key:value|…] text``, or None when the bracket is some other mark."""
    first, *directives = [part.strip() for part in inside.split("|")]
    language, colon, name = first.rpartition(":")
    name = name.strip()
    if colon and not re.fullmatch(r"(?i)[a-z]{2,3}(-[a-z]{2,8})?", language.strip()):
        return None  # [pause:1.5] and its kind
    key = speaker_key(name)
    is_name = (
        key in allowed
        if allowed is not None
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
