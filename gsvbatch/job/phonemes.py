"""What the text frontend makes of lines, remembered by what went into it.

Reading dictionaries and cutting Chinese into words takes seconds, so a frontend is built only for a
line that is not remembered.
"""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from gsvbatch.config import TextConfig
from gsvbatch.data import Span, Utterance
from gsvbatch.errors import MarkupError, MissingExtraError, UnpronounceableError, UserError
from gsvbatch.job.fingerprint import canonical_json, digest
from gsvbatch.job.mandarin import ReadingModel
from gsvbatch.manifest import Manifest
from gsvbatch.text.frontend import FRONTEND_VERSION, Frontend
from gsvbatch.text.lexicon import Lexicon
from gsvbatch.text.mandarin.g2pw import G2pwFiles
from gsvbatch.text.worker import ReadText, Text, read_text
from gsvbatch.text.workers import Readers, processes_that_pay
from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)

SymbolVersion = Literal["v1", "v2"]

PROBE_TEXTS = {
    "zh": "今天天气很好，我们一起去公园散步，好吗？",
    "ja": "今日はとても天気がいいので、一緒に公園を散歩しましょう。",
    "ko": "오늘은 날씨가 아주 좋으니까 같이 공원에 산책하러 가요.",
    "yue": "今日天氣好好，我哋一齊去公園散步，好唔好呀？",
    "en": "The weather is lovely today, so let us take a walk in the park.",
}
"""Ordinary sentences of four seconds."""


TRIAL = 32
"""Texts that are read before it is asked again whether processes of their own would pay."""

KEPT_TOGETHER = 500
"""Texts that one transaction remembers."""

MISTAKES = (MarkupError, MissingExtraError, UnpronounceableError)
"""Of one line; anything else that is wrong ends the job."""

Tell: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text to be read."""

    line_id: str
    text: str
    language: str | None
    symbols: SymbolVersion


class Phonemizer:
    """Text frontends of a project, one for each table of symbols, behind the manifest's memory.

    Args:
        text: How texts are cut and read.
        lexicons: Files of pronunciations.
        reading: The model that reads polyphones, if there is one.
        processes: Most that may read texts at once; None is as many as pay.

    Raises:
        UserError: The lexicon cannot be read.
    """

    def __init__(
        self,
        text: TextConfig,
        lexicons: Sequence[Path],
        reading: ReadingModel | None = None,
        *,
        processes: int | None = None,
    ) -> None:
        self.lexicon = Lexicon.load(lexicons) if lexicons else Lexicon.empty()
        self.version = f"{FRONTEND_VERSION}/{digest(text.model_dump(mode='json'))[:8]}"
        """What decides phonemes, but for text and lexicon."""
        if reading is not None:
            self.version += f"/g2pw-{reading.digest[:8]}"
        self._settings = text
        self._most_processes = processes
        self._loading: Seconds = 0.0
        """What dictionaries have taken so far; every process reads them again."""

        self._g2pw = None if reading is None else G2pwFiles(reading.folder, reading.vocabulary)
        self._frontends: dict[SymbolVersion, Frontend] = {}

    def read(
        self, wanted: Iterable[Wanted], manifest: Manifest, tell: Tell = lambda _done, _all: None
    ) -> tuple[Mapping[str, tuple[Utterance, ...]], Mapping[str, Exception]]:
        """Utterances by line id, and what is wrong with the lines that have none.

        What is new is kept in the manifest, if there is one on disk, as it comes. Many new texts are read
        by several processes, where that pays (`gsvbatch.text.workers`).

        Args:
            wanted: Texts.
            manifest: Remembers them.
            tell: Told now and then how many of the new texts are read, and how many there are.

        Raises:
            ConfigError: A dictionary or model of the frontend is damaged.
        """
        keys = {want: self._key(want) for want in wanted}
        remembered = manifest.phonemes(list(dict.fromkeys(keys.values())))
        new = {key: want for want, key in keys.items() if key not in remembered}
        wrong_keys: dict[str, UserError] = {}
        fresh: dict[str, str] = {}
        try:
            for n_read, (key, answer) in enumerate(self._read_new(new), 1):
                if isinstance(answer, UserError):
                    if not isinstance(answer, MISTAKES):
                        raise answer
                    wrong_keys[key] = answer
                else:
                    remembered[key] = fresh[key] = to_json(answer)
                if len(fresh) >= KEPT_TOGETHER:
                    self._keep(fresh, manifest)
                tell(n_read, len(new))
        finally:
            self._keep(fresh, manifest)
        read: dict[str, tuple[Utterance, ...]] = {}
        wrong: dict[str, Exception] = {}
        for want, key in keys.items():
            if key in wrong_keys:
                wrong[want.line_id] = wrong_keys[key]
            else:
                read[want.line_id] = from_json(remembered[key], want.line_id)
        return read, wrong

    def _read_new(self, new: Mapping[str, Wanted]) -> Iterator[tuple[str, ReadText]]:
        """Read texts, each with its key, in any order: the first ones here, the others where it is faster."""
        by_symbols: dict[SymbolVersion, dict[str, Wanted]] = {}
        for key, want in new.items():
            by_symbols.setdefault(want.symbols, {})[key] = want
        for symbols, wanted in by_symbols.items():
            frontend = self._frontend(symbols)
            texts = deque(Text(key, want.text, want.language) for key, want in wanted.items())
            while texts:
                durations: list[Seconds] = []
                for text in take(texts, TRIAL):
                    started = time.perf_counter()
                    answer = read_text(frontend, text)
                    durations.append(time.perf_counter() - started)
                    yield text.line_id, answer
                n_processes = self._processes(len(texts), durations)
                if n_processes:
                    yield from self._read_apart(
                        frontend, list(take(texts, len(texts))), n_processes
                    )

    def _processes(self, n_texts: int, durations: Sequence[Seconds]) -> int:
        """How many processes should read so many texts, by what the last ones took."""
        if not n_texts:
            return 0
        ordered = sorted(durations)
        usual = ordered[: -(-len(ordered) * 9 // 10)]  # the others have waited for a dictionary
        per_text = sum(usual) / len(usual)
        self._loading += sum(ordered) - per_text * len(ordered)
        return processes_that_pay(
            n_texts,
            self._loading,
            per_text,
            most=self._most_processes,
            extra_bytes=0 if self._g2pw is None else self._g2pw.n_bytes,
        )

    def _read_apart(
        self, frontend: Frontend, texts: Sequence[Text], n_processes: int
    ) -> Iterator[tuple[str, ReadText]]:
        """Read texts in processes of their own, and here what these fail at."""
        logger.info("%d texts are read by %d processes", len(texts), n_processes)
        with Readers(frontend.for_one_core(), n_processes) as readers:
            for text, answer in readers.read(texts):
                yield text.line_id, read_text(frontend, text) if answer is None else answer

    def _keep(self, fresh: dict[str, str], manifest: Manifest) -> None:
        if manifest.is_on_disk:
            manifest.put_phonemes(fresh)
        fresh.clear()

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


def take(texts: "deque[Text]", n: int) -> Iterator[Text]:
    """The next so many texts, taken away."""
    for _ in range(min(n, len(texts))):
        yield texts.popleft()


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
