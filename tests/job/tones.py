"""A project that renders in milliseconds: a runner that speaks tones, and voices that fit no model.

The tones go through the product's own renderer (gates, retries, levels, files); only the networks are
missing. What a tone sounds like follows from phonemes, voice and seed alone, as it must for an engine.
"""

import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from gsvbatch.audio import sha256_file
from gsvbatch.data import StopReason, Waveform
from gsvbatch.job import Project, open_project
from gsvbatch.manifest import Manifest
from gsvbatch.render import (
    LineOutcome,
    LineWork,
    RememberingSpeech,
    Renderer,
    Speech,
    SpeechCache,
    SpeechRequest,
    SpeechResult,
    Stop,
)
from gsvbatch.voice import Consent, ModelDigests, Relation, VoiceProfile, save_profile

SAMPLE_RATE = 16000
SECONDS_PER_PHONEME = 0.08


@dataclass
class ToneSpeech:
    """Speaks a tone a phoneme."""

    delay: float = 0.0
    """Seconds an utterance takes."""

    stubborn: dict[str, int] = field(default_factory=dict)
    """Utterances (by a word in them) that run on, and for how many attempts."""

    mute: tuple[str, ...] = ()
    """Utterances (by a word in them) that give an error."""

    requests: list[SpeechRequest] = field(default_factory=list)

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        for request in requests:
            self.requests.append(request)
            if self.delay:
                time.sleep(self.delay)
            yield self._result(request)

    def _result(self, request: SpeechRequest) -> SpeechResult:
        text = request.utterance.text
        if any(word in text for word in self.mute):
            return SpeechResult(request.id, None, StopReason.END, 0, "the tone broke")
        attempt = int(request.id.rsplit("@", 1)[1]) if "@" in request.id else 0
        runs_on = any(word in text and attempt < n for word, n in self.stubborn.items())
        reason = StopReason.LIMIT if runs_on else StopReason.END
        waveform = tone(request)
        return SpeechResult(request.id, waveform, reason, round(waveform.duration * 25))


def tone(request: SpeechRequest) -> Waveform:
    """A tone whose pitch and level depend on seed, voice and phonemes."""
    generator = np.random.default_rng([request.seed, zlib.crc32(request.voice.digest.encode())])
    pieces = []
    for phoneme in request.utterance.phoneme_ids:
        n_samples = round(SECONDS_PER_PHONEME / request.sampling.speed * SAMPLE_RATE)
        pitch = 150 + phoneme + 40 * generator.random()
        time_axis = np.arange(n_samples) / SAMPLE_RATE
        pieces.append(0.2 * np.sin(2 * np.pi * pitch * time_axis) * np.hanning(n_samples))
    return Waveform(np.concatenate(pieces).astype(np.float32), SAMPLE_RATE)


@dataclass
class ToneRunner:
    """A runner over one tone speech, for all voices."""

    speech: ToneSpeech = field(default_factory=ToneSpeech)
    n_encoders: int = 2
    rendered: list[str] = field(default_factory=list)
    cache: Path | None = None
    """Folder of a cache of speech, as rendering with an engine has one."""

    def run(self, works: Iterable[LineWork], stop: Stop = lambda: False) -> Iterator[LineOutcome]:
        speech: Speech = self.speech
        if self.cache is not None:
            cache = SpeechCache(self.cache, 2**20, "cpu-float32")
            speech = RememberingSpeech(lambda: self.speech, cache)
        for outcome in Renderer(speech, n_encoders=self.n_encoders).run(works, stop):
            self.rendered.append(outcome.work.line_id)
            yield outcome


SCRIPT = """id,speaker,text
a1,Anna,Hello there.
a2,Ben,"Good morning, how are you?"
a3,Anna,Fine. It is a lovely day for a walk.
a4,Ben,Goodbye.
"""

SETTINGS = """project: Tones
scripts: [script.csv]
speakers: {Anna: high, Ben: low}
models: {t2s: t2s.ckpt, synthesizer: synthesizer.pth}
album: {date: 2026-01-01}
audio: {format: wav, preset: none}
"""


def make_voice(root: Path, name: str, seed: int) -> None:
    """A voice that fits the project's pretended models."""
    from gsvbatch.gsv.source import file_digest

    generator = np.random.default_rng(seed)
    digests = ModelDigests(file_digest(root / "t2s.ckpt"), file_digest(root / "synthesizer.pth"))
    profile = VoiceProfile(
        name=name,
        language="en",
        transcript="A tone.",
        prompt_phoneme_ids=generator.integers(0, 100, 8).astype(np.int32),
        prompt_tokens=generator.integers(0, 100, 20).astype(np.int32),
        style=generator.standard_normal(16).astype(np.float32),
        symbol_version="v2",
        digests=digests,
        consent=Consent(subject="nobody", relation=Relation.SYNTHETIC, attested_by="the tests"),
    )
    save_profile(profile, root / "voices" / name)


def make_project(root: Path, *, script: str = SCRIPT, settings: str = SETTINGS) -> Project:
    """A project folder with two voices and one script."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "t2s.ckpt").write_bytes(b"no text-to-semantic network")
    (root / "synthesizer.pth").write_bytes(b"no synthesizer")
    make_voice(root, "high", 1)
    make_voice(root, "low", 2)
    (root / "script.csv").write_text(script, encoding="utf-8")
    (root / "gsvbatch.yaml").write_text(settings, encoding="utf-8")
    return open_project(root / "gsvbatch.yaml")


def snapshot(project: Project) -> dict[str, object]:
    """All that must not depend on how often a job was interrupted: rows, and files by hash."""
    with Manifest(project.manifest_path) as manifest:
        lines = manifest.lines()
        takes = {take.id: take for of_line in manifest.takes().values() for take in of_line}
        utterances = manifest.utterances(list(takes))
    numbers = {take.id: (take.line_id, take.number) for take in takes.values()}
    files = {
        path.relative_to(project.output).as_posix(): sha256_file(path)
        for path in sorted(project.output.rglob("*"))
        if path.is_file() and not path.name.startswith("manifest.sqlite")
    }
    return {
        "lines": {
            row.id: {**_columns(row), "take_id": numbers.get(row.take_id or 0)}
            for row in lines.values()
        },
        "takes": {numbers[take.id]: _columns(take) for take in takes.values()},
        "utterances": {
            numbers[take_id]: [_columns(row) for row in rows]
            for take_id, rows in utterances.items()
        },
        "files": files,
    }


def _columns(row: object) -> dict[str, object]:
    passing = {"id", "created_at", "run_id", "take_id", "origin"}
    return {key: value for key, value in asdict(row).items() if key not in passing}  # type: ignore[call-overload]


def differences(expected: dict[str, object], found: dict[str, object]) -> list[str]:
    """Where two snapshots differ, in a form that can be read."""
    told = []
    for table, rows in expected.items():
        others = found[table]
        assert isinstance(rows, dict)
        assert isinstance(others, dict)
        for key in sorted({*rows, *others}, key=str):
            one, other = rows.get(key), others.get(key)
            if one == other:
                continue
            if isinstance(one, dict) and isinstance(other, dict):
                one, other = (
                    {name: row[name] for name in row if one[name] != other[name]}
                    for row in (one, other)
                )
            told.append(f"{table} {key}: {one} became {other}")
    return told
