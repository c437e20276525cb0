"""Columns and keys of a line: what they may be called, and what their values mean.

Tables and YAML share these names, in English and Chinese. A name that is not here is kept in ``Line.extra`` as it was.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from gsvbatch.data import Line
from gsvbatch.script.source import Problems
from gsvbatch.units import Seconds

FIELDS = (
    "id", "chapter", "speaker", "text", "language", "voice", "style", "speed", "seed", "top_k", "top_p", "temperature",
    "repetition_penalty", "pause_before", "pause_after", "start", "end", "output", "notes",
)  # fmt: skip
"""Every field of a line that a file can hold, in the order that files are written."""

_ALIASES: Mapping[str, str] = {
    "id": "id line_id key identifier 编号 编码 标识 序号 台词id 行号id",
    "chapter": "chapter scene section 章节 章 场景 分场",
    "speaker": "speaker character role name actor desc who 角色 说话人 角色名 人物 讲述人 发言人",
    "text": "text dialogue line what sentence content subtitle 文本 台词 内容 对白 文案 句子 正文",
    "language": "language lang text_lang 语言 语种",
    "voice": "voice voice_id voice_name 音色 声音 配音",
    "style": "style emotion instruct mood 情绪 情感 风格 语气",
    "speed": "speed rate pacing speed_factor 语速 速度 倍速",
    "seed": "seed 种子 随机种子",
    "top_k": "top_k",
    "top_p": "top_p",
    "temperature": "temperature temp 温度 采样温度",
    "repetition_penalty": "repetition_penalty 重复惩罚 重复惩罚系数",
    "pause_before": "pause_before 前停顿 句前停顿",
    "pause_after": "pause_after pause 停顿 后停顿 句后停顿 停顿秒",
    "start": "start start_time begin 开始 开始时间 起始时间",
    "end": "end end_time 结束 结束时间",
    "output": "output out out_path file output_file file_name 文件名 输出 输出文件 音频文件",
    "notes": "notes note comment comments remark 备注 注释 说明",
}

_LANGUAGES: Mapping[str, str] = {
    "zh": "zh cn cmn zho chi all_zh 中文 汉语 普通话 国语 华语 chinese mandarin",
    "en": "en eng all_en 英文 英语 english",
    "ja": "ja jp jpn all_ja 日文 日语 japanese",
    "ko": "ko kor all_ko 韩文 韩语 korean",
    "yue": "yue all_yue 粤语 广东话 cantonese",
    "": "auto mixed auto_yue 自动 中英混合 日英混合 韩英混合 粤英混合 多语种混合",
}

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|sec|秒|ms|毫秒)?", re.IGNORECASE)
_TIMECODE = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,3})?)")
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})")

_FACTORS: Mapping[str, tuple[float, float, float]] = {
    "top_p": (0, 1, 0.9),
    "temperature": (0, 5, 0.8),
    "repetition_penalty": (1, 10, 1.35),
}
"""Least, most and an example of what a line may say of its sampling; none may be 0."""

MAX_PAUSE: Seconds = 600.0
MAX_SEED = 2**63 - 1
MAX_TEXT = 20_000
"""Characters of one line: some forty minutes of speech."""


def _normal(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", name).casefold())


_FIELD_OF: Mapping[str, str] = {
    _normal(a): field for field, names in _ALIASES.items() for a in names.split()
}
_LANGUAGE_OF: Mapping[str, str] = {
    _normal(a): code for code, names in _LANGUAGES.items() for a in names.split()
}


def field_of(name: str) -> str | None:
    """Return the line field that a column or key stands for, or None when it is not one of ours."""
    return _FIELD_OF.get(_normal(name))


class FieldReader:
    """Turns the written values of one line into a ``Line``, noting each bad one."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path = path
        self._problems = problems

    def line(
        self,
        line_number: int,
        values: Mapping[str, str],
        labels: Mapping[str, str],
        extra: Mapping[str, str],
    ) -> Line | None:
        """Return the line, or None when it has no text to speak.

        Args:
            line_number: Physical line, for errors.
            values: Written value by field name; blank values count as absent.
            labels: What the file calls each field; errors name it so.
            extra: Unknown columns.
        """
        at = _Values(line_number, {k: v.strip() for k, v in values.items()}, labels, self._problems)
        text = at.values.get("text", "")
        if not text:
            at.note("text", "has no text; fill it in or delete the line")
            return None
        problem = text_problem(text)
        if problem:
            at.note("text", problem)
        start, end = at.time("start"), at.time("end")
        if start is not None and end is not None and end <= start:
            at.note("end", f"{end:g} s is not after the start, {start:g} s")
        return Line(
            path=self._path,
            line_number=line_number,
            text=text,
            id=_without_yarn_prefix(at.text("id")),
            speaker=at.text("speaker"),
            voice=at.text("voice"),
            language=at.language(),
            style=at.text("style"),
            speed=at.speed(),
            seed=at.seed(),
            top_k=at.top_k(),
            top_p=at.factor("top_p"),
            temperature=at.factor("temperature"),
            repetition_penalty=at.factor("repetition_penalty"),
            pause_before=at.pause("pause_before"),
            pause_after=at.pause("pause_after"),
            start=start,
            end=end,
            chapter=at.text("chapter"),
            output=at.text("output"),
            notes=at.text("notes"),
            extra=MappingProxyType(dict(extra)),
        )


class _Values:
    """The written values of one line, read one by one."""

    def __init__(
        self,
        line_number: int,
        values: Mapping[str, str],
        labels: Mapping[str, str],
        problems: Problems,
    ) -> None:
        self.values = values
        self._line_number = line_number
        self._labels = labels
        self._problems = problems

    def note(self, field: str, problem: str) -> None:
        self._problems.add(self._line_number, f"{self._labels.get(field, field)}: {problem}")

    def text(self, field: str) -> str | None:
        value = self.values.get(field)
        if value and len(value) > MAX_TEXT:
            self.note(field, f"has {len(value)} characters, over the {MAX_TEXT} allowed")
        return value or None

    def speed(self) -> float | None:
        value = self._number("speed", "a speaking rate such as 0.9 or 1.2")
        if value is not None and not 0.25 <= value <= 4:
            self.note("speed", f"{value:g} is outside 0.25 to 4 (1 is the voice's own rate)")
            return None
        return value

    def top_k(self) -> int | None:
        value = self._number("top_k", "a whole number such as 15")
        if value is None:
            return None
        if not 1 <= value <= 1024 or value != int(value):
            self.note("top_k", f"{value:g} is not a whole number from 1 to 1024")
            return None
        return int(value)

    def factor(self, field: str) -> float | None:
        low, high, wanted = _FACTORS[field]
        value = self._number(field, f"a number such as {wanted:g}")
        if value is not None and not (value >= low and 0 < value <= high):
            allowed = f"from {low:g} to {high:g}" if low else f"above 0 and up to {high:g}"
            self.note(field, f"{value:g} is not {allowed}")
            return None
        return value

    def seed(self) -> int | None:
        written = unicodedata.normalize("NFKC", self.values.get("seed", ""))
        if not written:
            return None
        match = re.fullmatch(
            r"(\d{1,19})(\.0*)?", written
        )  # a spreadsheet may have made 42 into 42.0
        if match is None or int(match[1]) > MAX_SEED:
            self.note(
                "seed",
                f"{_short(written)} is not a whole number from 0 to {MAX_SEED}; leave it empty for the job's own",
            )
            return None
        return int(match[1])

    def pause(self, field: str) -> Seconds | None:
        written = unicodedata.normalize("NFKC", self.values.get(field, ""))
        if not written:
            return None
        match = _DURATION.fullmatch(written)
        if match is None or len(match[1]) > 30:
            self.note(
                field, f"{_short(written)} is not a length of time such as 0.8, 0.8s or 800ms"
            )
            return None
        seconds = float(match[1]) / (1000 if (match[2] or "").lower() in {"ms", "毫秒"} else 1)
        if seconds > MAX_PAUSE:
            self.note(field, f"{_short(written)} is longer than {MAX_PAUSE:g} s")
            return None
        return seconds

    def time(self, field: str) -> Seconds | None:
        written = unicodedata.normalize("NFKC", self.values.get(field, ""))
        seconds = parse_time(written) if written else None
        if written and seconds is None:
            self.note(field, f"{_short(written)} is not a time such as 12.5 or 00:00:12,500")
        return seconds

    def language(self) -> str | None:
        written = self.values.get("language", "")
        code = language_code(written)
        if code is None:
            self.note(
                "language", f"{_short(written)} is not a language code such as zh, en or auto"
            )
        return code or None

    def _number(self, field: str, wanted: str) -> float | None:
        written = unicodedata.normalize("NFKC", self.values.get(field, ""))
        if not written:
            return None
        if _NUMBER.fullmatch(written) is None:
            self.note(field, f"{_short(written)} is not {wanted}")
            return None
        return float(written)


def language_code(written: str) -> str | None:
    """Return a language's code, ``""`` for detection, or None when the name is not one of a language."""
    name = _normal(written)
    if not name:
        return ""
    if name in _LANGUAGE_OF:
        return _LANGUAGE_OF[name]
    tag = re.fullmatch(
        r"([a-z]{2,3})([_-][a-z0-9]{2,8})*",
        unicodedata.normalize("NFKC", written).strip().casefold(),
    )
    if tag is None:
        return None
    return _LANGUAGE_OF.get(tag[1], tag[1])


def parse_time(written: str) -> Seconds | None:
    """Return seconds from ``12.5``, ``1:02.5`` or ``00:00:12,500``; None when it is none of these."""
    match = _TIMECODE.fullmatch(written)
    if match:
        hours, minutes, seconds = (
            int(match[1] or 0),
            int(match[2]),
            float(match[3].replace(",", ".")),
        )
        return hours * 3600 + minutes * 60 + seconds if minutes < 60 and seconds < 60 else None
    match = _DURATION.fullmatch(written)
    if match is None or len(match[1]) > 30:
        return None
    seconds = float(match[1]) / (1000 if (match[2] or "").lower() in {"ms", "毫秒"} else 1)
    return seconds if math.isfinite(seconds) and seconds < 1e6 else None


def text_problem(text: str) -> str | None:
    """Return why a text cannot go on to the frontend, or None."""
    if len(text) > MAX_TEXT:
        return f"has {len(text)} characters, over the {MAX_TEXT} of one line; split it"
    for c in text:
        category = unicodedata.category(c)
        if (category == "Cc" and c not in "\t\n\r\v\f") or category in {"Cs", "Co"}:
            # Private-use characters stand for fixed readings further on; none may come in from outside.
            return f"has the unprintable character U+{ord(c):04X}; delete it"
    return None


def _without_yarn_prefix(line_id: str | None) -> str | None:
    # Yarn Spinner writes ids as "line:0a1b2c" and looks for the audio under what follows the colon.
    return line_id.removeprefix("line:") if line_id else line_id


def _short(written: str) -> str:
    return repr(written if len(written) <= 40 else written[:40] + "…")
