"""``gsvbatch say`` and ``gsvbatch voice preview``: one text, one voice, one file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import (
    Json,
    NoCache,
    ProjectPath,
    Settings,
    cache_settings,
    open_project,
    read_settings,
)
from gsvbatch.cli.voice import VoiceName
from gsvbatch.errors import ConfigError

if TYPE_CHECKING:
    from gsvbatch.job import Event
    from gsvbatch.job.saying import Said

EXAMPLES = (
    'gsvbatch say "Hello there." --voice NAME --output hello.wav',
    'gsvbatch say "角(jue2)色，[停顿0.5s]登场！" -v NAME -o role.mp3 --set sampling.seed=7',
    'gsvbatch say "Once there was a miller. He had three sons." -v NAME --stream -o - | ffplay -nodisp -autoexit -',
)
PREVIEW_EXAMPLES = (
    "gsvbatch voice preview NAME",
    'gsvbatch voice preview NAME --text "Is this how I sound?" --output me.wav',
)

Style = Annotated[
    str, typer.Option(help="One of the voice's styles, as happy.", show_default=False)
]

SENTENCES = {
    "zh": "你好，很高兴认识你。今天天气不错，我们出去走走吧。",
    "ja": "はじめまして、どうぞよろしくお願いします。今日はいい天気ですね、少し散歩しましょう。",
    "ko": "안녕하세요, 만나서 반갑습니다. 오늘은 날씨가 좋네요, 같이 산책하러 갈까요?",
    "yue": "你好，好高興識到你。今日天氣幾好，我哋出去行下啦。",
    "en": "Hello, it is good to meet you. The weather is fine, let us take a walk.",
}
"""What a voice says of itself when nothing else is asked for."""


def say(
    text: Annotated[
        str, typer.Argument(help="What to say; marks as in scripts.", show_default=False)
    ],
    voice: Annotated[
        str | None,
        typer.Option("--voice", "-v", help="Else the project's default.", show_default=False),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="File to write: .wav, .flac, .mp3, .opus or .m4a; - is the output, for a stream.",
        ),
    ] = Path("say.wav"),
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="Write each sentence (WAV) as soon as it is spoken, for a player to read.",
        ),
    ] = False,
    language: Annotated[
        str | None,
        typer.Option(help="zh, en, ja, ko or yue; all but yue are detected.", show_default=False),
    ] = None,
    style: Style = "",
    no_cache: NoCache = False,
    settings: Settings = None,
    project: ProjectPath = None,
    as_json: Json = False,
) -> None:
    """Speak one text into a file, or to a player that listens while the rest is spoken."""
    from gsvbatch.job.saying import STDOUT
    from gsvbatch.job.saying import say as speak

    is_piped = output == STDOUT
    if is_piped and as_json:
        raise ConfigError("the output is either audio or JSON: with --json, name a file to write")
    listener = None if as_json else _tell
    said = speak(
        open_project(project),
        text,
        output,
        stream=stream,
        sink=sys.stdout.buffer if is_piped else None,
        voice=voice,
        language=language,
        style=style,
        settings=read_settings([*(settings or []), *cache_settings(no_cache=no_cache)]),
        on_event=listener,
    )
    _show(said, as_json=as_json, is_file=not is_piped)


def preview(
    name: VoiceName,
    text: Annotated[
        str, typer.Option(help="What to say; else a sentence of its language.", show_default=False)
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Else preview.flac in the voice's folder.", show_default=False
        ),
    ] = None,
    style: Style = "",
    project: ProjectPath = None,
    as_json: Json = False,
) -> None:
    """Speak a sentence in a voice."""
    from gsvbatch.job.saying import say as speak
    from gsvbatch.voice import VoiceLibrary, style_folder

    opened = open_project(project)
    voices = VoiceLibrary(opened.voice_folders)
    found = voices.style(name, style)
    profile, folder = voices.get(name, found), style_folder(voices.folder(name), found)
    own = {path.resolve() for path in opened.voice_folders}
    if output is None and voices.folder(name).parent.resolve() not in own:
        raise ConfigError(f"{name} comes with gsvbatch; name a file: --output {name}.wav")
    said = speak(
        opened,
        text or SENTENCES.get(profile.language, SENTENCES["en"]),
        output or folder / "preview.flac",
        voice=name,
        style=style,
        on_event=None if as_json else _tell,
    )
    _show(said, as_json=as_json)


def _tell(event: "Event") -> None:
    from gsvbatch.job import EventKind

    if event.message and event.kind in {EventKind.LOADING, EventKind.NOTE}:
        console.note(event.message)


def _show(said: "Said", *, as_json: bool, is_file: bool = True) -> None:
    if as_json:
        console.say_json(said)
        return
    if said.problem:
        console.note(f"worth a listen: {said.problem}")
    first = "" if said.first_audio is None else f", the first audio after {said.first_audio:.1f} s"
    # what goes into a pipe is audio, so this goes beside it
    (console.say if is_file else console.note)(
        f"wrote {said.path if is_file else 'a stream'}: {said.duration:.1f} s, voice {said.voice}, "
        f"seed {said.seed}, in {said.elapsed:.1f} s{first}"
    )
