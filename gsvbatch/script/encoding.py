"""Bytes of a script file to text, and back to the same bytes.

UTF-8 is tried first, because it is what scripts should be and because other encodings hardly ever pass for it.
What is left is told apart by how common its characters are: nearly any bytes decode as GB18030, but text that was
written in Big5 then reads as rare hanzi. (A general-purpose detector took "你好，世界。" in GB18030 for Japanese:
it needs more text than a dialogue bank of five lines has.)
"""

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.errors import ScriptError

MAX_BYTES = 32 * 1024 * 1024
"""Larger than any book; a file beyond it is a mistake, or an attack."""

CLEARLY_BETTER = 0.15
"""Share of common characters by which another encoding must beat GB18030."""

LEAST_COMMON = 0.5
"""Share below which a reading is noise: the bytes are then in none of the known encodings."""

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (
        b"PK\x03\x04",
        "a zip container (Excel, Word, PowerPoint or EPUB); save it as UTF-8 text or CSV",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Office document; save it as UTF-8 text or CSV"),
    (b"%PDF", "a PDF; save its text as UTF-8"),
    (b"{\\rtf", "an RTF document; save it as UTF-8 text"),
    (b"RIFF", "an audio or video file, not a script"),
    (b"ID3", "an audio file, not a script"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
)

_WORD_CP1252 = frozenset("‘’“”–—…éèêëàâäáçôöóòûüúùîïíñßæøåÉÀÄÖÜ°©£ \u00a0«»½¿¡".encode("cp1252"))


_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a file, with what is needed to write the same bytes again."""

    text: str
    """Line ends as in the file; the byte order mark taken off."""

    encoding: str
    """Python's name of the encoding."""

    bom: bytes

    @property
    def readable(self) -> str:
        """The text without the marks that files joined to one leave inside: nobody sees or speaks them."""
        return self.text.replace(_MARK, "")

    def offsets(self) -> Sequence[int]:
        """Where each character of ``readable``, and its end, stands in ``text``."""
        if _MARK not in self.text:
            return range(len(self.text) + 1)
        return [i for i, c in enumerate(self.text) if c != _MARK] + [len(self.text)]

    def encode(self, text: str) -> bytes:
        """Return the bytes of another text in this file's encoding, mark included."""
        return self.bom + text.encode(self.encoding)


def read_bytes(path: Path) -> bytes:
    """Return a script file's bytes.

    Raises:
        ScriptError: There is no such file, it cannot be read, or it is larger than ``MAX_BYTES``.
    """
    try:
        if path.is_dir():
            raise ScriptError(path, 0, "this is a folder; name a script file in it")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ScriptError(path, 0, "there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ScriptError(path, 0, f"cannot be read: {reason}") from error
    if len(data) > MAX_BYTES:
        raise ScriptError(
            path, 0, f"larger than {MAX_BYTES // 2**20} MiB; split it into several scripts"
        )
    return data


def decode(path: Path, data: bytes, encoding: str | None = None) -> Decoded:
    """Return the text of a script file's bytes.

    Args:
        path: Named in errors only.
        data: The whole file.
        encoding: Python's name of an encoding, where the user knows better than detection.

    Raises:
        ScriptError: The bytes are not text, or not in a known encoding.
    """
    if encoding is not None:
        return _decode_as(path, data, encoding)
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _strict(path, data, name, bom)
    for magic, problem in _MAGIC:
        if data.startswith(magic):
            raise ScriptError(path, 0, f"this is {problem}")
    if b"\0" in data:
        raise ScriptError(
            path, data.count(b"\n", 0, data.index(b"\0")) + 1, _zero_byte_problem(data)
        )
    try:
        return Decoded(data.decode("utf-8"), "utf-8", b"")
    except UnicodeDecodeError as error:
        text = _best_legacy(data)
        if text is not None:
            return text
        line_number = data.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{data[error.start]:02x} is neither UTF-8 nor GB18030, Big5 or Shift-JIS; save the file as UTF-8"
        raise ScriptError(path, line_number, problem) from error


def _decode_as(path: Path, data: bytes, encoding: str) -> Decoded:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ScriptError(
            path, 0, f"no such encoding: {encoding!r}; try utf-8, gb18030, big5 or cp932"
        ) from None
    name = {
        "utf-8-sig": "utf-8",
        "utf-16": "utf-16-le",
        "utf-32": "utf-32-le",
        "gb2312": "gb18030",
        "gbk": "gb18030",
    }.get(name, name)
    for bom, marked in _BOMS:
        if data.startswith(bom) and marked.partition("-")[2][:2] == name.partition("-")[2][:2]:
            return _strict(path, data, marked, bom)
    return _strict(path, data, name, b"")


def _strict(path: Path, data: bytes, encoding: str, bom: bytes) -> Decoded:
    body = data[len(bom) :]
    try:
        return Decoded(body.decode(encoding), encoding, bom)
    except UnicodeDecodeError as error:
        line_number = body.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{body[error.start]:02x} is not valid {encoding}; save the file as UTF-8, or name its encoding"
        raise ScriptError(path, line_number, problem) from error
    except (LookupError, ValueError) as error:  # "base64", "rot13": codecs, but not of text
        raise ScriptError(path, 0, f"{encoding!r} is not an encoding of text") from error


def _zero_byte_problem(data: bytes) -> str:
    head = data[:4096]
    if head[1::2].count(0) > len(head) // 4 or head[::2].count(0) > len(head) // 4:
        return "looks like UTF-16 without a byte order mark; save it as UTF-8"
    return "has zero bytes: this is not a text file"


def _best_legacy(data: bytes) -> Decoded | None:
    """Return the likeliest reading of bytes that are not UTF-8, or None when none makes sense."""
    best: Decoded | None = None
    best_score = 0.0
    for encoding, is_common in _LEGACY:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        score = _share_of_common(text, encoding, is_common)
        if score >= (LEAST_COMMON if best is None else best_score + CLEARLY_BETTER):
            best, best_score = Decoded(text, encoding, b""), score
    return best


def _share_of_common(text: str, encoding: str, is_common: Callable[[bytes], bool]) -> float:
    foreign = [c for c in text[:200_000] if not c.isascii()]
    if not foreign:
        return 0.0
    return sum(is_common(c.encode(encoding)) for c in foreign) / len(foreign)


def _common_gb(c: bytes) -> bool:
    # GB 2312: punctuation and kana in rows 1 to 5, the 3,755 everyday hanzi in rows 16 to 55.
    return len(c) == 2 and c[1] >= 0xA1 and (0xA1 <= c[0] <= 0xA5 or 0xB0 <= c[0] <= 0xD7)


def _common_big5(c: bytes) -> bool:
    # Level 1 holds 5,401 everyday hanzi, ordered by strokes: a fair text uses little of what lies beyond.
    return len(c) == 2 and 0xA1 <= c[0] <= 0xC6


def _common_sjis(c: bytes) -> bool:
    if len(c) == 1:
        return False  # half-width katakana: rare in scripts, and what other encodings decay to
    return c[0] in (0x81, 0x82, 0x83) or 0x88 <= c[0] <= 0x97


def _common_western(c: bytes) -> bool:
    return c[0] in _WORD_CP1252


_LEGACY: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("gb18030", _common_gb),
    ("big5", _common_big5),
    ("cp932", _common_sjis),
    ("cp1252", _common_western),
)
