"""Which works there are, what goes into each, and the fingerprint that says whether one is current."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gsvbatch import __version__
from gsvbatch.audio import Cover, Tags, rhythm_mark
from gsvbatch.errors import ConfigError
from gsvbatch.job.desk import Desk
from gsvbatch.job.fingerprint import digest
from gsvbatch.job.source import SourceLine
from gsvbatch.job.timeline import Spoken, Timeline, lay_out
from gsvbatch.render.work import person_of
from gsvbatch.script import collision_key, safe_id_problem
from gsvbatch.units import Seconds

FORMAT = 1
"""To be raised when works of the same lines would sound different."""

MARK_PAUSE: Seconds = 0.5
"""Between the audible AI mark and the first word, or the last word and the mark."""

N_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Work:
    """One work: its lines in time, and what is put around them."""

    name: str
    file_name: str
    """Without suffix; safe everywhere."""

    timeline: Timeline
    tags: Tags
    has_mark: bool
    """Whether it is audibly marked as AI-generated."""

    offset: Seconds
    """What comes before the timeline: the mark and the preset's room tone."""

    duration: Seconds
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The lines of one work, before their audio is looked for."""

    name: str
    lines: tuple[tuple[SourceLine, str], ...]
    """With the chapter that each is in."""


def plan_works(
    desk: Desk, per: str, *, allow_missing: bool
) -> tuple[tuple[Work, ...], tuple[str, ...]]:
    """The works of a job, and what is doubtful about them.

    Raises:
        ConfigError: A line has no audio, or the cover cannot be read.
    """
    spoken, missing, warnings = _find_audio(desk)
    if missing and not allow_missing:
        shown = ", ".join(missing[:N_SHOWN]) + (", ..." if len(missing) > N_SHOWN else "")
        raise ConfigError(
            f"{len(missing)} line(s) have no audio yet ({shown}); "
            "run `gsvbatch render`, or leave them out with --allow-missing"
        )
    if missing:
        warnings.append(f"left out, for want of audio: {', '.join(missing)}")
    sheets = [sheet for sheet in _sheets(desk, per) if any(s.id in spoken for s, _ in sheet.lines)]
    if not sheets:
        raise ConfigError("no line has audio yet; run `gsvbatch render` first")
    names = _file_names([sheet.name for sheet in sheets])
    works = []
    for i, (sheet, file_name) in enumerate(zip(sheets, names, strict=True)):
        lines = [
            replace(spoken[source.id], chapter=chapter)
            for source, chapter in sheet.lines
            if source.id in spoken
        ]
        works.append(_work(desk, sheet.name, file_name, lines, i + 1, len(sheets)))
    return tuple(works), tuple(warnings)


def _find_audio(desk: Desk) -> tuple[dict[str, Spoken], list[str], list[str]]:
    """Delivered takes by line id; ids without one; and warnings."""
    takes = {t.id: t for of_line in desk.manifest.takes().values() for t in of_line}
    utterances = desk.manifest.utterances()
    spoken: dict[str, Spoken] = {}
    missing: list[str] = []
    edited: list[str] = []
    failed: list[str] = []
    for source in desk.source.lines:
        row = desk.known.get(source.id)
        take = takes.get(row.take_id) if row is not None and row.take_id is not None else None
        if row is None or take is None or desk.output.find(take, take.path or "") is None:
            missing.append(source.id)
            continue
        if row.text != source.line.text:
            edited.append(source.id)
        if take.verdict == "failed":
            failed.append(source.id)
        spoken[source.id] = Spoken(source.id, source.line, "", take, utterances.get(take.id, ()))
    warnings = []
    if edited:
        warnings.append(f"edited since they were rendered: {', '.join(edited[:20])}")
    if failed:
        warnings.append(f"failed their checks: {', '.join(failed[:20])}")
    return spoken, missing, warnings


def _sheets(desk: Desk, per: str) -> Iterator[_Sheet]:
    """The lines of each work."""
    by_script: dict[str, list[SourceLine]] = {name: [] for name in desk.source.scripts}
    for source in desk.source.lines:
        by_script[source.script].append(source)
    titles = {name: script.title or Path(name).stem for name, script in desk.source.scripts.items()}
    if per == "project":
        several = len(by_script) > 1
        lines = tuple(
            (source, source.line.chapter or (titles[name] if several else ""))
            for name, sources in by_script.items()
            for source in sources
        )
        yield _Sheet(desk.delivery.album_title, lines)
    elif per == "script":
        for name, sources in by_script.items():
            yield _Sheet(titles[name], tuple((s, s.line.chapter or "") for s in sources))
    else:
        for name, sources in by_script.items():
            chapters: dict[str, list[SourceLine]] = {}
            for source in sources:
                chapters.setdefault(source.line.chapter or "", []).append(source)
            for chapter, of_chapter in chapters.items():
                yield _Sheet(chapter or titles[name], tuple((s, "") for s in of_chapter))


def _file_names(names: Sequence[str]) -> list[str]:
    """Safe, different file names, numbered in order where there are several works."""
    width = max(2, len(str(len(names))))
    made: list[str] = []
    for number, name in enumerate(names, start=1):
        safe = "".join(c if c.isalnum() or c in "-_ " else "-" for c in name)
        safe = " ".join(safe.split()).strip("-. ")[:60].strip() or "work"
        if len(names) > 1:
            safe = f"{number:0{width}d} {safe}"
        if safe_id_problem(safe) is not None:
            safe = f"work {number:0{width}d}"
        while collision_key(safe) in map(collision_key, made):
            safe += "-2"
        made.append(safe)
    return made


def _work(
    desk: Desk, name: str, file_name: str, lines: Sequence[Spoken], number: int, n_works: int
) -> Work:
    config = desk.project.config
    timeline = lay_out(lines, config.pauses)
    preset = desk.delivery.preset
    has_mark = config.label.explicit != "off"
    offset = preset.head if preset else 0.0
    duration = timeline.duration + offset + (preset.tail if preset else 0.0)
    if has_mark:
        mark = rhythm_mark(48000).duration + MARK_PAUSE
        duration += mark
        if not timeline.is_timed:  # on a time line, the mark stands at the end
            offset += mark
    tags = _tags(desk, name, lines, number, n_works)
    fingerprint = digest(
        {
            "format": FORMAT,
            "lines": [
                [s.take.sha256, start] for s, start in zip(lines, timeline.starts, strict=True)
            ],
            "chapters": [[s.chapter, s.line.speaker] for s in lines],
            "duration": duration,
            "mark": [has_mark, timeline.is_timed],
            "audio": desk.delivery.audio_part(),
            "label": [config.label.implicit, desk.delivery.producer, config.label.propagator],
            "tags": [repr(replace(tags, cover=None)), tags.cover and digest(tags.cover.data.hex())],
        }
    )
    return Work(
        name=name,
        file_name=file_name,
        timeline=timeline,
        tags=replace(tags, fingerprint=fingerprint),
        has_mark=has_mark,
        offset=offset,
        duration=duration,
        fingerprint=fingerprint,
    )


def _tags(desk: Desk, name: str, lines: Sequence[Spoken], number: int, n_works: int) -> Tags:
    album = desk.project.config.album
    languages = Counter(row.language for s in lines if (row := desk.known.get(s.line_id)))
    speakers = dict.fromkeys(s.line.speaker or person_of(s.take.voice) for s in lines)
    return Tags(
        title=name,
        speaker=album.narrator or ", ".join(list(speakers)[:8]),
        project=desk.delivery.album_title,
        author=album.author or None,
        track=number if n_works > 1 else None,
        track_total=n_works if n_works > 1 else None,
        date=desk.delivery.date,
        language=album.language or languages.most_common(1)[0][0] or desk.project.config.language,
        series=album.series,
        series_part=album.part,
        genre=album.genre,
        publisher=album.publisher,
        comment=album.description,
        engine=f"gsvbatch {__version__}",
        cover=_cover(desk),
    )


def _cover(desk: Desk) -> Cover | None:
    cover = desk.project.config.assemble.cover
    if cover is None:
        return None
    path = desk.project.root / cover
    try:
        return Cover(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"assemble.cover: {path}: {error.strerror}") from error
