"""Subtitle and lyric files from cues: SRT, WebVTT, LRC, ASS.

SRT and WebVTT are written here: pysubs2 takes braces and backslashes in a text for markup of its
own and knows no voices. ASS, whose markup that is, goes through pysubs2.
"""

import html
from collections.abc import Iterable
from pathlib import Path

import pysubs2

from gsvbatch.audio.cues import Cue, CueLayout, split_cues
from gsvbatch.audio.storage import write_text_atomically
from gsvbatch.units import Seconds

_CLEARING_GAP: Seconds = 3.0
"""A lyric is taken off the screen when nothing follows for this long."""

_ASS_BRACES = str.maketrans({"{": "｛", "}": "｝", "\\": "＼"})


def write_srt(
    path: Path,
    cues: Iterable[Cue],
    *,
    layout: CueLayout = CueLayout(),  # noqa: B008  frozen
    with_speakers: bool = False,
) -> None:
    """Write SubRip subtitles.

    Args:
        path: Target; replaced whole or not at all.
        cues: In any order.
        layout: How much text is shown at a time.
        with_speakers: Put the speaker's name before the text of a cue's first part.

    Raises:
        StorageError: if the file cannot be written.
    """
    named = (_with_name(cue) for cue in cues) if with_speakers else cues
    blocks = [
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_plain(cue.text)}\n"
        for number, cue in enumerate(split_cues(named, layout), 1)
    ]
    write_text_atomically(path, "\n".join(blocks))


def write_vtt(
    path: Path,
    cues: Iterable[Cue],
    *,
    layout: CueLayout = CueLayout(),  # noqa: B008  frozen
) -> None:
    """Write WebVTT subtitles with a voice span for each cue that has a speaker.

    Raises:
        StorageError: if the file cannot be written.
    """
    blocks = ["WEBVTT\n"]
    for cue in split_cues(cues, layout):
        text = html.escape(_plain(cue.text), quote=False)
        name = html.escape(" ".join((cue.speaker or "").split()), quote=False)
        voice = f"<v {name}>" if name else ""
        blocks.append(f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{voice}{text}\n")
    write_text_atomically(path, "\n".join(blocks))


def write_lrc(
    path: Path,
    cues: Iterable[Cue],
    *,
    title: str | None = None,
    artist: str | None = None,
    album: str | None = None,
    layout: CueLayout = CueLayout(),  # noqa: B008  frozen
) -> None:
    """Write lyrics that players show line by line.

    Raises:
        StorageError: if the file cannot be written.
    """
    heads = (("ti", title), ("ar", artist), ("al", album), ("by", "gsvbatch"))
    lines = [f"[{key}:{' '.join(value.split())}]" for key, value in heads if value]
    parts = split_cues(cues, layout)
    for number, cue in enumerate(parts):
        lines.append(f"[{_lrc_clock(cue.start)}]{' '.join(cue.text.split())}")
        following = parts[number + 1].start if number + 1 < len(parts) else float("inf")
        if following - cue.end > _CLEARING_GAP:
            lines.append(f"[{_lrc_clock(cue.end)}]")
    write_text_atomically(path, "\n".join(lines) + "\n")


def write_ass(
    path: Path,
    cues: Iterable[Cue],
    *,
    title: str | None = None,
    layout: CueLayout = CueLayout(),  # noqa: B008  frozen
) -> None:
    """Write Advanced SubStation subtitles, speakers in the Name field.

    Raises:
        StorageError: if the file cannot be written.
    """
    subtitles = pysubs2.SSAFile()
    subtitles.info["Title"] = " ".join((title or "").split())
    for cue in split_cues(cues, layout):
        event = pysubs2.SSAEvent(start=round(cue.start * 1000), end=round(cue.end * 1000))
        event.name = " ".join((cue.speaker or "").replace(",", "，").split())
        event.text = _plain(cue.text).translate(_ASS_BRACES).replace("\n", "\\N")
        subtitles.append(event)
    write_text_atomically(path, subtitles.to_string("ass"))


def _with_name(cue: Cue) -> Cue:
    return Cue(cue.start, cue.end, f"{cue.speaker}：{cue.text}" if cue.speaker else cue.text)


def _plain(text: str) -> str:
    """Return text without what would end a cue early."""
    return text.replace("-->", "→")


def _clock(time: Seconds, point: str) -> str:
    """Return ``HH:MM:SS.mmm`` with the given decimal point."""
    minutes, milliseconds = divmod(max(0, round(time * 1000)), 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"


def _lrc_clock(time: Seconds) -> str:
    """Return ``mm:ss.xx``; LRC has no hours, its minutes go on past 59."""
    minutes, hundredths = divmod(max(0, round(time * 100)), 6000)
    return f"{minutes:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}"
