"""Joins lines into works with chapters and subtitles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.audio import AudioFormat, preset_problems, read_audio, write_lrc, write_srt, write_vtt
from gsvbatch.errors import ConfigError
from gsvbatch.job.desk import Desk
from gsvbatch.job.listing import work_info
from gsvbatch.job.mixing import Mixdown, mix
from gsvbatch.job.project import Project
from gsvbatch.job.records import AssembleReport, Event, EventKind, Listener
from gsvbatch.job.takebook import file_facts
from gsvbatch.job.works import Work, plan_works
from gsvbatch.manifest import HeadLock, Manifest, WorkRow
from gsvbatch.manifest.store import now

SUBTITLES = ("srt", "vtt", "lrc")


def assemble(
    project: Project,
    *,
    formats: Sequence[str] | None = None,
    subtitles: Sequence[str] | None = None,
    per: str | None = None,
    force: bool = False,
    allow_missing: bool = False,
    on_event: Listener | None = None,
) -> AssembleReport:
    """Join the delivered lines into works; a work whose inputs did not change is left as it is.

    Args:
        project: Whose lines.
        formats: Audio formats, in place of the project's.
        subtitles: Subtitle formats, in place of the project's.
        per: ``script``, ``chapter`` or ``project``, in place of the project's.
        force: Write every work again.
        allow_missing: Leave out lines without audio; otherwise they are an error.
        on_event: Called from the calling thread for every work.

    Raises:
        UserError: Lines have no audio yet, or a setting is wrong.
        StorageError: The disk is full or the output cannot be written.
    """
    config = project.config.assemble
    audio_formats = _checked("format", formats or config.formats, [f.value for f in AudioFormat])
    if not audio_formats:
        raise ConfigError("no format for works: set assemble.formats, e.g. `formats: [m4b]`")
    texts = _checked("subtitles", config.subtitles if subtitles is None else subtitles, SUBTITLES)
    how = _checked("per", [per or config.per], ["script", "chapter", "project"])[0]
    with (
        HeadLock(project.manifest_path),
        Manifest(project.manifest_path, create=True) as manifest,
    ):
        desk = Desk(project, manifest)
        desk.output.prepare()
        desk.output.remove_leftovers()
        works, warnings = plan_works(desk, how, allow_missing=allow_missing)
        bench = _Bench(desk, force, on_event or (lambda _event: None))
        for number, work in enumerate(works, start=1):
            bench.tell(EventKind.ASSEMBLING, work.name, number - 1, len(works))
            bench.write(work, audio_formats, texts)
            bench.tell(EventKind.WORK_DONE, work.name, number, len(works))
        if formats is None and subtitles is None and per is None and not project.is_narrowed:
            gone = [row.path for row in manifest.works() if row.path not in bench.current]
            manifest.drop_works(gone)  # the files stay: somebody may have them in a player
        rows = [row for row in manifest.works() if row.format not in SUBTITLES]
    return AssembleReport(
        works=tuple(work_info(row) for row in rows),
        written=tuple(bench.written),
        overruns=tuple(overrun for work in works for overrun in work.timeline.overruns),
        warnings=(*warnings, *bench.warnings),
    )


def _checked(what: str, values: Sequence[str], allowed: Sequence[str]) -> list[str]:
    for value in values:
        if value not in allowed:
            raise ConfigError(f"{what} {value!r} is not allowed; allowed: {', '.join(allowed)}")
    return list(dict.fromkeys(values))


class _Bench:
    """Writes works whose files are not up to date."""

    def __init__(self, desk: Desk, force: bool, listener: Listener) -> None:
        self._desk = desk
        self._force = force
        self._listener = listener
        self._known = {row.path: row for row in desk.manifest.works()}
        self.current: set[str] = set()
        self.written: list[Path] = []
        self.warnings: list[str] = []

    def tell(self, kind: EventKind, message: str, n_done: int, n_total: int) -> None:
        self._listener(Event(kind, message, n_done=n_done, n_total=n_total))

    def write(self, work: Work, formats: Sequence[str], subtitles: Sequence[str]) -> None:
        """Write the files of one work that are missing or made from something else."""
        stale = [
            target for target in self._targets(work, [*formats, *subtitles]) if target.is_stale
        ]
        audio = [target for target in stale if target.format not in SUBTITLES]
        mixed = mix(work, self._desk) if audio else None
        for target in stale:
            path = self._desk.output.absolute(target.path)
            if mixed is not None and target.format not in SUBTITLES:
                self._write_audio(mixed, target.format, path)
            else:
                _write_subtitles(work, target.format, path)
            self._record(work, target)

    def _targets(self, work: Work, formats: Sequence[str]) -> "Iterator[_Target]":
        for name in formats:
            path = f"works/{work.file_name}.{name}"
            self.current.add(path)
            known = self._known.get(path)
            on_disk = self._desk.output.absolute(path)
            is_whole = (
                known is not None
                and known.fingerprint == work.fingerprint
                and on_disk.is_file()
                and on_disk.stat().st_size == known.n_bytes
            )
            yield _Target(path, name, self._force or not is_whole)

    def _write_audio(self, mixed: Mixdown, name: str, path: Path) -> None:
        mixed.write(path, AudioFormat(name))
        preset = self._desk.delivery.preset
        if preset is not None and preset.largest_noise_floor is not None:
            # what a shop measures is the encoded file
            problems = preset_problems(read_audio(path), preset)
            self.warnings += [f"{path.name}: {problem}" for problem in problems]

    def _record(self, work: Work, target: "_Target") -> None:
        path = self._desk.output.absolute(target.path)
        sha256, n_bytes = file_facts(path)
        self._desk.manifest.put_work(
            WorkRow(
                path=target.path,
                name=work.name,
                format=target.format,
                fingerprint=work.fingerprint,
                sha256=sha256,
                n_bytes=n_bytes,
                duration=work.duration,
                created_at=now(),
            )
        )
        self.written.append(path)


@dataclass(frozen=True, slots=True)
class _Target:
    """One file of a work."""

    path: str
    format: str
    is_stale: bool


def _write_subtitles(work: Work, name: str, path: Path) -> None:
    cues = work.timeline.cues(work.offset)
    if name == "srt":
        write_srt(path, cues)
    elif name == "vtt":
        write_vtt(path, cues)
    else:
        write_lrc(path, cues, title=work.name, artist=work.tags.author, album=work.tags.project)
