r"""Inline marks of a line's text, in all their spellings, as one list of nodes.

==========================  ==========================================================================
a character's pinyin        ``角(jue2)色``  ``<tone as=jue2>角</tone>``  ``{角色|jue2 se4}``  ``做DE5``
                            ``<phoneme alphabet="sapi" ph="jue 2">角</phoneme>``
in Cantonese               ``角(gok3)色``  ``{角色|gok3 sik1}``
a word's phonemes           ``{SQL|/S IY1 K W AH0 L/}``
                            ``<phoneme alphabet="x-arpabet" ph="S IY1 K W AH0 L">SQL</phoneme>``
other words for it          ``{NVIDIA|英伟达}``  ``<sub alias="英伟达">NVIDIA</sub>``
a pause                     ``[pause:1.5]``  ``[break]``  ``<break time="800ms"/>``  ``[停顿2s]``  ``[#1s]``
a language                  ``[en]...[/en]``  ``<lang xml:lang="en">...</lang>``
not spoken                  ``（叹气）``  ``(sighs)``
==========================  ==========================================================================

What only resembles a mark is ordinary text: ``f(x)``, ``[1]``, ``A<B``, ``{x|x>0}``, ``（一）``. What is
meant as one and is wrong is an error with its column, never read aloud. A backslash makes the bracket
(or the upper-case syllable) after it ordinary.
"""

import html
import re
from typing import NoReturn

from gsvbatch.errors import MarkupError
from gsvbatch.text import notation
from gsvbatch.text.mandarin.pinyin import syllables
from gsvbatch.text.nodes import Alias, Aside, Fixed, Node, Pause, Words
from gsvbatch.text.notation import NotationError, is_han
from gsvbatch.text.reading import Reading

LANGUAGES = ("zh", "en", "ja", "ko", "yue")

_UPPER = r"[A-Z]{2,6}[1-5](?![A-Za-z0-9_/-]|\.[A-Za-z0-9])"
_UPPER_SYLLABLE = re.compile(_UPPER)
_SPECIAL = re.compile(rf"[\\(（<\[{{]|{_UPPER}")
_ESCAPED = re.compile(rf"\\(?:([\\\[\]<>(){{}}（）|])|({_UPPER}))")
# Capitals that Chinese text uses as words, with a number behind: 算法SHA1, 端口LAN2, 引脚PIN3.
_NOT_SYLLABLES = frozenset({"AI", "CAN", "DI", "FAN", "LAN", "PIN", "SHA", "WAN"})

_CALLED = re.compile(r"[A-Za-z0-9_)\]}]")
_IN_BRACKETS = re.compile(
    r"[(（]\s*(?:([a-zü:]{1,6}\s*[0-9])|([a-zü]*[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ][a-zü]*))\s*[)）]"
)
# The shape of a syllable, whether or not there is such a one: what has it is meant as pinyin.
_SYLLABLE_SHAPE = re.compile(
    r"(?=[^v]*[aeiouü]|[nljqxy]v)(?:zh|ch|sh|[bpmfdtgkhrzcsw]|[nljqxy]v?)?[aeiouü:]{0,3}(?:ng?|r)?"
)

_ENUMERATION = re.compile(r"[\s\d一二三四五六七八九十百零〇.,，、:：~-]*|[ivxIVX]+|[A-Za-z]")
_BRACKET = re.compile(r"\[([^\[\]\n]*)\]")
_PAUSE_WORD = re.compile(
    r"\s*(?:(pause|break)(?=\s*(?:$|[:：=]|[+-]?[\d.]))|停顿)\s*[:：=]?(.*)", re.IGNORECASE
)
_PAUSE_HASH = re.compile(r"#\s*([+-]?[\d.]+\s*(?:ms|毫秒|s|秒))", re.IGNORECASE)
_OPEN_PAUSE = re.compile(
    r"\[(?:(?:pause|break)\s*[:：=]|停顿\s*[\d.]|#[\d.]+\s*m?s)", re.IGNORECASE
)
_LANGUAGE_MARK = re.compile(rf"(/?)({'|'.join(LANGUAGES)})", re.IGNORECASE)

_BRACE = re.compile(r"\{([\w\s'’.&+-]+)\|([^{}|\n]*)(\}?)")

_TAG_NAME = re.compile(r"<(/?)(tone|phoneme|sub|break|lang)(?=[\s/>]|$)", re.IGNORECASE)
_VALUE = r"\"[^\"]*\"|'[^']*'|“[^”]*”|[^\s\"'<>/]+"
_TAG = re.compile(rf"</?[a-z]+((?:\s+[\w:.-]+\s*=\s*(?:{_VALUE}))*)\s*(/?)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rf"([\w:.-]+)\s*=\s*({_VALUE})")
_FOREIGN_TAG = re.compile(
    r"</?(speak|p|s|prosody|emphasis|say-as|voice|audio|mark|lexicon|mstts:[\w-]+)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def parse(
    text: str, *, read_parentheses: bool = False, language: str | None = None
) -> tuple[Node, ...]:
    """Return the nodes of a line's text, in order; neighbouring ordinary text is one node.

    Args:
        text: As written in the script.
        read_parentheses: Speak what stands in round brackets instead of taking it as an aside.
        language: Of the line; in Cantonese (``yue``) syllables are Jyutping.

    Raises:
        MarkupError: A mark is wrong; the column is where it begins.
    """
    return _Parser(text, read_parentheses, language).run()


class _Parser:
    """One pass over a text; each ``_mark_*`` method returns where its mark ends, or None if it is none."""

    def __init__(self, text: str, read_parentheses: bool, line_language: str | None) -> None:
        self.text = text
        self.line_language = line_language
        self.read_parentheses = read_parentheses
        self.nodes: list[Node] = []
        self.words: list[str] = []
        self.words_column = 1
        self.language: str | None = None
        self.opened_by = ""
        self.opened_at = 0
        self.closing = _closing_brackets(text)

    def run(self) -> tuple[Node, ...]:
        marks = {
            "\\": self._escape, "(": self._round, "（": self._round, "<": self._tag,
            "[": self._square, "{": self._brace,
        }  # fmt: skip
        position = 0
        while match := _SPECIAL.search(self.text, position):
            start = match.start()
            self._add(self.text[position:start], position)
            end = marks.get(self.text[start], self._upper_syllable)(start)
            position = start + 1 if end is None else end
            if end is None:
                self._add(self.text[start], start)
        self._add(self.text[position:], position)
        if self.opened_by:
            closing = self.opened_by.replace("[", "[/") if self.opened_by[0] == "[" else "</lang>"
            self._fail(
                self.opened_at,
                f"{self.opened_by} is never closed; write {closing} where the language ends",
            )
        self._flush()
        return tuple(self.nodes)

    def _add(self, text: str, position: int) -> None:
        if text:
            if not self.words:
                self.words_column = position + 1
            self.words.append(text)

    def _flush(self) -> None:
        text = "".join(self.words)
        if text:
            self.nodes.append(Words(text, self.words_column, self.language))
        self.words.clear()

    def _put(self, node: Node) -> None:
        self._flush()
        self.nodes.append(node)

    def _fail(self, position: int, problem: object) -> NoReturn:
        raise MarkupError(position + 1, str(problem))

    @property
    def _is_cantonese(self) -> bool:
        return (self.language or self.line_language) == "yue"

    def _after_han(self) -> bool:
        return bool(self.words) and is_han(self.words[-1][-1])

    # ------------------------------------------------------------------ marks without a tag

    def _escape(self, start: int) -> int | None:
        match = _ESCAPED.match(self.text, start)
        if match is None:
            return None
        if match[1]:
            self._add(match[1], start)
            return match.end()
        if not self._after_han():
            return None
        self._add(match[2], start)
        return match.end()

    def _upper_syllable(self, start: int) -> int | None:
        """``做DE5``: a syllable stands where its character would."""
        written = _UPPER_SYLLABLE.match(self.text, start)
        if written is None or not self._after_han() or self._is_cantonese:
            return None
        letters = written[0][:-1]
        if letters in _NOT_SYLLABLES or letters.lower() not in syllables():
            return None
        syllable = written[0].lower()
        reading = Reading(notation.stand_in(syllable), "pinyin", (syllable,))
        self._put(Fixed(written[0], reading, start + 1, self.language))
        return written.end()

    def _round(self, start: int) -> int | None:
        if self._after_han() and (end := self._syllable_in_brackets(start)):
            return end
        if self.read_parentheses:
            return None
        before = self.text[start - 1] if start else ""
        if self.text[start] == "(" and _CALLED.match(before):
            return None  # f(x), file(s), a[0](b)
        end = self.closing.get(start, 0)
        content = self.text[start + 1 : end - 1]
        if not end or _ENUMERATION.fullmatch(content) or not any(map(str.isalpha, content)):
            return None
        self._put(Aside(self.text[start:end], start + 1))
        return end

    def _syllable_in_brackets(self, start: int) -> int | None:
        """``角(jue2)``: the reading of the character before the bracket."""
        match = _IN_BRACKETS.match(self.text, start)
        if match is None:
            return None
        character = self.words[-1][-1]
        if self._is_cantonese:
            return self._jyutping_in_brackets(character, match)
        letters = notation.without_tone(match[1] or match[2])
        is_meant = len(letters) > 1 and _SYLLABLE_SHAPE.fullmatch(letters)
        if not is_meant and letters not in notation.known_syllables(character):
            return None  # 变量(x1), 玩家(player1), 图(a1), but 啊(a5)
        keep = r"write \( if these are ordinary brackets"
        try:
            syllable = notation.syllable(match[1] or match[2])
        except NotationError as problem:
            self._fail(start, f"{problem}; {keep}")
        known = notation.known_syllables(character)
        if known and syllable[:-1] not in known:
            self._fail(
                start,
                f"{character!r} is not read {syllable} (but {', '.join(sorted(known))}); {keep}, "
                f"or <tone as={syllable}>{character}</tone> to have it so all the same",
            )
        self._replace_last(Reading(character, "pinyin", (syllable,)), start)
        return match.end()

    def _jyutping_in_brackets(self, character: str, match: re.Match[str]) -> int | None:
        try:
            reading = notation.jyutping(character, match[1] or "")
        except NotationError:
            return None  # 變量(x1); any character may have any syllable, so nothing tells what was meant
        self._replace_last(reading, match.start())
        return match.end()

    def _replace_last(self, reading: Reading, start: int) -> None:
        """Put a reading in the place of the character before a bracket."""
        self.words[-1] = self.words[-1][:-1]
        if not self.words[-1]:
            self.words.pop()
        self._put(Fixed(reading.text, reading, start, self.language))

    def _brace(self, start: int) -> int | None:
        match = _BRACE.match(self.text, start)
        if match is None:
            return None
        word = match[1].strip()
        if not word or (len(word) == 1 and word.isascii()):
            return None  # {x|x>0}
        if not match[3]:
            self._fail(
                start,
                f"{{{match[1]}| is never closed; write }} after what is to be said, or \\{{ for the sign",
            )
        try:
            spelling = notation.free_form(word, match[2], self.language or self.line_language)
        except NotationError as problem:
            self._fail(start, problem)
        self._put_spelling(word, spelling, start)
        return match.end()

    def _put_spelling(self, word: str, spelling: Reading | str, start: int) -> None:
        if isinstance(spelling, Reading):
            self._put(Fixed(word, spelling, start + 1, self.language))
        else:
            self._put(Alias(word, spelling, start + 1, self.language))

    def _square(self, start: int) -> int | None:
        match = _BRACKET.match(self.text, start)
        if match is None:
            if opened := _OPEN_PAUSE.match(self.text, start):
                self._fail(start, f"{opened[0]!r} is never closed; write ] after the length")
            return None
        content = match[1]
        if language := _LANGUAGE_MARK.fullmatch(content):
            if language[1]:
                self._close_language(f"[{language[2].lower()}]", start)
            else:
                self._open_language(match[0].lower(), language[2].lower(), start)
        elif pause := _PAUSE_WORD.fullmatch(content) or _PAUSE_HASH.fullmatch(content):
            self._pause(pause[pause.lastindex or 0], start)
        else:
            return None
        return match.end()

    def _pause(self, written: str, start: int) -> None:
        try:
            self._put(Pause(notation.pause(written), start + 1))
        except NotationError as problem:
            self._fail(start, problem)

    # ------------------------------------------------------------------ tags

    def _tag(self, start: int) -> int | None:
        named = _TAG_NAME.match(self.text, start)
        if named is None:
            if foreign := _FOREIGN_TAG.match(self.text, start):
                self._fail(
                    start,
                    f"<{foreign[1]}> has no effect inside a line; take it out (speed, voice and style are set "
                    r"on the line), or write \< for the sign",
                )
            return None
        name = named[2].lower()
        match = _TAG.match(self.text, start)
        if match is None:
            self._fail(
                start,
                f'tag <{name}> is not written out; it wants name="value" pairs and > at its end',
            )
        attributes = {
            key.lower(): html.unescape(value.strip("\"'“”"))
            for key, value in _ATTRIBUTE.findall(match[1])
        }
        if name == "lang":
            return self._language_tag(named[1], attributes, start, match.end())
        if named[1]:
            self._fail(
                start, f"</{name}> closes nothing; take it out, or write <{name} ...> before it"
            )
        if name == "break":
            self._pause(attributes.get("time") or attributes.get("strength", ""), start)
            closing = re.compile(r"\s*</break\s*>", re.IGNORECASE).match(self.text, match.end())
            return closing.end() if closing and not match[2] else match.end()
        if match[2]:
            self._fail(start, f"<{name}/> holds no text; write <{name} ...>text</{name}>")
        closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(self.text, match.end())
        if closing is None:
            self._fail(start, f"<{name}> is never closed; write </{name}> after the text it is for")
        content = self.text[match.end() : closing.start()]
        if _TAG_NAME.search(content) or _BRACE.search(content) or "[" in content:
            self._fail(start, f"<{name}> cannot hold another mark; close it first")
        self._put_spelling(
            content.strip(), self._spelling(name, content.strip(), attributes, start), start
        )
        return closing.end()

    def _spelling(
        self, name: str, content: str, attributes: dict[str, str], start: int
    ) -> Reading | str:
        """What a ``tone``, ``phoneme`` or ``sub`` tag says of the text inside it."""
        if not content:
            self._fail(start, f"<{name}> holds no text; write the text it is for before </{name}>")
        needed = {"tone": ("as",), "phoneme": ("alphabet", "ph"), "sub": ("alias",)}[name]
        for attribute in needed:
            if not attributes.get(attribute, "").strip():
                self._fail(start, f'<{name}> needs {attribute}="..."')
        try:
            if name == "tone":
                return notation.syllabic(
                    content, attributes["as"], self.language or self.line_language
                )
            if name == "phoneme":
                return notation.by_alphabet(content, attributes["alphabet"], attributes["ph"])
        except NotationError as problem:
            self._fail(start, problem)
        return attributes["alias"].strip()

    def _language_tag(self, slash: str, attributes: dict[str, str], start: int, end: int) -> int:
        if slash:
            self._close_language("<lang", start)
            return end
        tag = attributes.get("xml:lang", "")
        language = tag.lower().replace("_", "-").split("-")[0]
        if language not in LANGUAGES:
            self._fail(
                start,
                f'<lang> needs xml:lang="..." with one of {", ".join(LANGUAGES)}, not {tag!r}',
            )
        self._open_language(self.text[start:end], language, start)
        return end

    def _open_language(self, mark: str, language: str, start: int) -> None:
        if self.opened_by:
            self._fail(start, f"{mark} stands inside {self.opened_by}; close that one first")
        self._flush()
        self.language, self.opened_by, self.opened_at = language, mark, start

    def _close_language(self, opening: str, start: int) -> None:
        if not self.opened_by:
            example = opening if opening[0] == "[" else '<lang xml:lang="en">'
            self._fail(
                start,
                f"no language is open here; write {example} where it begins, or take this out",
            )
        if not self.opened_by.lower().startswith(opening):
            self._fail(start, f"the language to be closed here is that of {self.opened_by}")
        self._flush()
        self.language, self.opened_by = None, ""


def _closing_brackets(text: str) -> dict[int, int]:
    """Return, for each round bracket that is closed on its line, the position after the one that closes it."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for match in re.finditer(r"[(（)）\n]", text):
        if match[0] == "\n":
            opened.clear()
        elif match[0] in "(（":
            opened.append(match.start())
        elif opened:
            closing[opened.pop()] = match.end()
    return closing
