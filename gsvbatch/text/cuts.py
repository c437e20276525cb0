"""The cut methods that users know from the GPT-SoVITS WebUI, ``cut0`` to ``cut5``.

Described in section 5.7 of the interoperability notes: each turns a text into lines, and a second step,
the same for all, joins lines of less than five characters, drops those without a letter, and ends each
with a mark. They rewrite punctuation; `gsvbatch.text.segment` takes only the borders from them.
"""

import re
from collections.abc import Callable, Iterable, Iterator

MARKS = "，。？！,.?!~:：—…"
"""After any of these upstream may end a clause."""

MIN_LENGTH = 5
MAX_LENGTH = 510
"""BERT reads 512 tokens, two of which are its own."""

_SOFT = set("!?…,.- ")
_CUT5_MARKS = set(",.;?!、，。？！：…")
_REPEATED_MARK = re.compile(r"([!?…,.\-])[!?…,.\-]+")


def clauses(text: str) -> list[str]:
    """Return a text's clauses, each with the mark that ends it; double ellipses and dashes shrink to one mark."""
    text = text.replace("……", "。").replace("——", "，")
    if text and text[-1] not in MARKS:
        text += "。"
    return re.findall(rf"[^{MARKS}]*[{MARKS}]", text)


def _cut0(text: str) -> list[str]:
    return [text] if set(text) - _SOFT else ["", ""]


def _cut1(text: str) -> list[str]:
    """Four clauses a line, the last line with the rest."""
    parts = clauses(text)
    n_lines = max(1, -(-len(parts) // 4) - 1)
    if n_lines == 1:
        return _spoken([text])
    starts = [4 * line for line in range(n_lines)]
    return _spoken(
        "".join(parts[a:b]) for a, b in zip(starts, [*starts[1:], len(parts)], strict=True)
    )


def _cut2(text: str) -> list[str]:
    """More than fifty characters a line."""
    parts = clauses(text)
    if len(parts) < 2:
        return [text]
    lines = [""]
    for part in parts:
        lines[-1] += part
        if len(lines[-1]) > 50:
            lines.append("")
    if not lines[-1]:
        lines.pop()
    if len(lines) > 1 and len(lines[-1]) < 50:
        tail = lines.pop()
        lines[-1] += tail
    return _spoken(lines)


def _cut3(text: str) -> list[str]:
    return _spoken(text.strip("。").split("。"))


def _cut4(text: str) -> list[str]:
    return _spoken(re.split(r"(?<!\d)\.(?!\d)", text.strip(".")))


def _cut5(text: str) -> list[str]:
    lines, start = [], 0
    for index, mark in enumerate(text):
        if mark not in _CUT5_MARKS:
            continue
        if (
            mark == "."
            and text[index - 1 : index].isdigit()
            and text[index + 1 : index + 2].isdigit()
        ):
            continue
        lines.append(text[start : index + 1])
        start = index + 1
    lines.append(text[start:])
    return [line for line in lines if set(line) - _CUT5_MARKS]


def _spoken(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if set(line) - _SOFT]


METHODS: dict[str, Callable[[str], list[str]]] = {
    "cut0": _cut0, "cut1": _cut1, "cut2": _cut2, "cut3": _cut3, "cut4": _cut4, "cut5": _cut5,
}  # fmt: skip


def lines(text: str, method: str) -> list[str]:
    """Return a text as the cut method of that name divides it.

    Raises:
        KeyError: There is no such method.
    """
    return METHODS[method](text.strip("\n"))


def pieces(text: str, method: str, *, full_stop: str = "。", short_start: bool = True) -> list[str]:
    """Return what upstream would speak in one go, piece by piece.

    Args:
        text: Any text; newlines are borders.
        method: ``cut0`` to ``cut5``.
        full_stop: Ends a piece that ends without a mark.
        short_start: Put a full stop before a text whose first clause has less than four characters.
    """
    text = _REPEATED_MARK.sub(r"\1", text.strip("\n"))
    first = re.split(f"[{MARKS}]", text, maxsplit=1)[0]
    if short_start and text and text[0] not in MARKS and len(first) < 4:
        text = full_stop + text
    written = [line for part in lines(text, method) for line in part.split("\n") if line.strip()]
    result: list[str] = []
    for piece in _join_short(written):
        if re.search(r"\w", piece):
            ended = piece if piece[-1] in MARKS else piece + full_stop
            result.extend(_within(MAX_LENGTH, ended))
    return result


def _join_short(written: list[str]) -> list[str]:
    result, waiting = [], ""
    for line in written:
        waiting += line
        if len(waiting) >= MIN_LENGTH:
            result.append(waiting)
            waiting = ""
    if waiting and result:
        result[-1] += waiting
    elif waiting:
        result.append(waiting)
    return result


def _within(limit: int, text: str) -> Iterator[str]:
    """Yield a text whole, or cut after marks so that each piece has at most ``limit`` characters if it can."""
    piece = ""
    for clause in re.findall(rf"[^{MARKS}]*[{MARKS}]|[^{MARKS}]+", text):
        if piece and len(piece) + len(clause) > limit:
            yield piece
            piece = ""
        piece += clause
    yield piece
