"""What the text frontend makes of lines, remembered by what went into it.

Reading dictionaries and cutting Chinese into words takes seconds, so a frontend is built only for a
line that is not remembered.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from gsvbatch.config import TextConfig
from gsvbatch.data import Span, Utterance
from gsvbatch.errors import MarkupError, MissingExtraError, UnpronounceableError
from gsvbatch.job.fingerprint import canonical_json, digest
from gsvbatch.job.mandarin import ReadingModel
from gsvbatch.manifest import Manifest
from gsvbatch.text.frontend import FRONTEND_VERSION, Frontend
from gsvbatch.text.lexicon import Lexicon
from gsvbatch.text.mandarin.g2pw import G2pwFiles

SymbolVersion = Literal["v1", "v2"]

PROBE_TEXTS = {
    "zh": "今天天气很好，我们一起去公园散步，好吗？",
    "ja": "今日はとても天気がいいので、一緒に公園を散歩しましょう。",
    "ko": "오늘은 날씨가 아주 좋으니까 같이 공원에 산책하러 가요.",
    "yue": "今日天氣好好，我哋一齊去公園散步，好唔好呀？",
    "en": "The weather is lovely today, so let us take a walk in the park.",
}
"""Ordinary sentences of four seconds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text to be read."""

    line_id: str
    text: str
    language: str | None
    symbols: SymbolVersion


class Phonemizer:
    """Text frontends of a project, one for each table of symbols, behind the manifest's memory.

    Raises:
        UserError: The lexicon cannot be read.
    """

    def __init__(
        self, text: TextConfig, lexicons: Sequence[Path], reading: ReadingModel | None = None
    ) -> None:
        self.lexicon = Lexicon.load(lexicons) if lexicons else Lexicon.empty()
        self.version = f"{FRONTEND_VERSION}/{digest(text.model_dump(mode='json'))[:8]}"
        """What decides phonemes, but for text and lexicon."""
        if reading is not None:
            self.version += f"/g2pw-{reading.digest[:8]}"
        self._settings = text
        self._g2pw = None if reading is None else G2pwFiles(reading.folder, reading.vocabulary)
        self._frontends: dict[SymbolVersion, Frontend] = {}

    def read(
        self, wanted: Iterable[Wanted], manifest: Manifest
    ) -> tuple[Mapping[str, tuple[Utterance, ...]], Mapping[str, Exception]]:
        """Utterances by line id, and what is wrong with the lines that have none.

        What is new is kept in the manifest, if there is one on disk.
        """
        keys = {want: self._key(want) for want in wanted}
        remembered = manifest.phonemes(list(dict.fromkeys(keys.values())))
        read: dict[str, tuple[Utterance, ...]] = {}
        wrong: dict[str, Exception] = {}
        new: dict[str, str] = {}
        for want, key in keys.items():
            text = remembered.get(key) or new.get(key)
            if text is not None:
                read[want.line_id] = from_json(text, want.line_id)
                continue
            try:
                utterances = self._frontend(want.symbols).utterances(
                    want.line_id, want.text, want.language
                )
            except (MarkupError, MissingExtraError, UnpronounceableError) as error:
                wrong[want.line_id] = error
                continue
            new[key] = to_json(utterances)
            read[want.line_id] = utterances
        if manifest.is_on_disk:
            manifest.put_phonemes(new)
        return read, wrong

    def lexicon_of(self, text: str) -> str:
        """Identifies what the lexicon says about one text; other entries leave it alone."""
        return self.lexicon.digest_of(text)[:32]

    def probe(self, language: str, symbols: SymbolVersion, manifest: Manifest) -> Utterance:
        """What a voice of a language says to have its level measured.

        Raises:
            MissingExtraError: The language's dictionary is not installed.
            UnpronounceableError: The voice's model does not know the language.
        """
        language = language if language in PROBE_TEXTS else "en"
        want = Wanted(f"probe-{language}", PROBE_TEXTS[language], language, symbols)
        read, wrong = self.read([want], manifest)
        if want.line_id in wrong:
            raise wrong[want.line_id]
        return read[want.line_id][0]

    def _key(self, want: Wanted) -> str:
        return digest(
            [want.text, want.language, want.symbols, self.version, self.lexicon_of(want.text)]
        )

    def _frontend(self, symbols: SymbolVersion) -> Frontend:
        if symbols not in self._frontends:
            self._frontends[symbols] = Frontend(
                symbols,
                self.lexicon,
                max_characters=self._settings.max_characters,
                read_parentheses=self._settings.read_parentheses,
                cut=self._settings.cut,
                pause=self._settings.fragment_interval,
                g2pw=self._g2pw,
            )
        return self._frontends[symbols]


def to_json(utterances: Sequence[Utterance]) -> str:
    """Utterances as text, without the id of the line."""
    return canonical_json([{**asdict(u), "id": "", "line_id": ""} for u in utterances])


def from_json(text: str, line_id: str) -> tuple[Utterance, ...]:
    """Utterances of a line from what `to_json` made of any line with the same text."""
    records = json.loads(text)
    return tuple(
        replace(
            Utterance(
                **{
                    **record,
                    "phonemes": tuple(record["phonemes"]),
                    "phoneme_ids": tuple(record["phoneme_ids"]),
                    "spans": tuple(
                        Span(**{**span, "phoneme_counts": tuple(span["phoneme_counts"])})
                        for span in record["spans"]
                    ),
                }
            ),
            id=line_id if len(records) == 1 else f"{line_id}#{number}",
            line_id=line_id,
        )
        for number, record in enumerate(records, start=1)
    )
