"""The tree of commands. Command modules import heavy packages inside their bodies, never above."""

from collections.abc import Callable
from typing import Any

import typer

from gsvbatch import __version__
from gsvbatch.cli import (
    assemble,
    bench,
    cache,
    console,
    demo,
    distill,
    doctor,
    enroll,
    exit_codes,
    finetune,
    import_voices,
    ls,
    models,
    new,
    plan,
    render,
    rescan,
    say,
    script,
    status,
    takes,
    train,
    train_all,
    voice,
)
from gsvbatch.cli.options import examples

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    name="gsvbatch",
    epilog=exit_codes.HELP,
    add_completion=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        console.say(f"gsvbatch {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _gsvbatch(
    context: typer.Context,
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
    _debug: bool = typer.Option(  # main() takes it from wherever it stands
        False, "--debug", help="Show tracebacks and a log; may stand behind a command, too."
    ),
) -> None:
    """Scripts in, tagged and resumable speech out: batch production with GPT-SoVITS voices."""
    if context.invoked_subcommand is None:
        console.say(context.get_help())


def _group(name: str, text: str) -> typer.Typer:
    """A command that only has sub-commands; alone it prints its help."""
    group = typer.Typer(
        help=text, no_args_is_help=False, rich_markup_mode=None, context_settings=_SETTINGS
    )

    @group.callback(invoke_without_command=True)
    def _show_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            console.say(context.get_help())

    app.add_typer(group, name=name)
    return group


def _add(
    name: str, function: Callable[..., Any], samples: tuple[str, ...], parent: typer.Typer = app
) -> None:
    parent.command(name, epilog=examples(*samples), context_settings=_SETTINGS)(function)


# In the order in which people meet them; help keeps it.
_add("new", new.new, new.EXAMPLES)
_add("demo", demo.demo, demo.EXAMPLES)
_add("plan", plan.plan, plan.EXAMPLES)
_add("render", render.render, render.EXAMPLES)
_add("status", status.status, status.EXAMPLES)
_add("ls", ls.ls, ls.EXAMPLES)
_add("retake", takes.retake, takes.RETAKE_EXAMPLES)
_add("pick", takes.pick, takes.PICK_EXAMPLES)
_add("accept", takes.accept, takes.ACCEPT_EXAMPLES)
_add("assemble", assemble.assemble, assemble.EXAMPLES)
_add("rescan", rescan.rescan, rescan.EXAMPLES)
_add("say", say.say, say.EXAMPLES)
_add("doctor", doctor.doctor, doctor.EXAMPLES)
_add("bench", bench.bench, bench.EXAMPLES)

voices = _group("voice", "Make, list and check voices.")
_add("enroll", enroll.enroll, enroll.EXAMPLES, voices)
_add("import", import_voices.import_voices, import_voices.EXAMPLES, voices)
_add("list", voice.list_voices, voice.LIST_EXAMPLES, voices)
_add("show", voice.show, voice.SHOW_EXAMPLES, voices)
_add("preview", say.preview, say.PREVIEW_EXAMPLES, voices)
_add("check", voice.check, voice.CHECK_EXAMPLES, voices)

weights = _group("models", "Find, fetch and check models, and give them names.")
_add("list", models.list_models, models.LIST_EXAMPLES, weights)
_add("add", models.add, models.ADD_EXAMPLES, weights)
_add("pull", models.pull, models.PULL_EXAMPLES, weights)
_add("verify", models.verify, models.VERIFY_EXAMPLES, weights)

cached = _group("cache", "Speech that is kept for lines said again, in any job.")
_add("show", cache.show, cache.SHOW_EXAMPLES, cached)
_add("clear", cache.clear, cache.CLEAR_EXAMPLES, cached)

scripts = _group("script", "Check scripts, write ids into them, convert them.")
_add("check", script.check, script.CHECK_EXAMPLES, scripts)
_add("ids", script.ids, script.IDS_EXAMPLES, scripts)
_add("convert", script.convert, script.CONVERT_EXAMPLES, scripts)

training = _group("train", "Make models: from sentences to what render speaks with.")
_add("all", train_all.train_all, train_all.EXAMPLES, training)
_add("speak", train.speak, train.SPEAK_EXAMPLES, training)
_add("prepare", train.prepare, train.PREPARE_EXAMPLES, training)
_add("content", train.content, train.CONTENT_EXAMPLES, training)
_add("align", train.align, train.ALIGN_EXAMPLES, training)
_add("codebook", train.codebook, train.CODEBOOK_EXAMPLES, training)
_add("t2s", train.t2s, train.T2S_EXAMPLES, training)
_add("prior", train.prior, train.PRIOR_EXAMPLES, training)
_add("generator", train.generator, train.GENERATOR_EXAMPLES, training)
_add("export", train.export, train.EXPORT_EXAMPLES, training)
_add("curve", train.curve, train.CURVE_EXAMPLES, training)
_add("finetune", finetune.finetune, finetune.EXAMPLES, training)
_add("distill", distill.distill, distill.EXAMPLES, training)
