"""``gsvbatch models``: which models there are, and where they come from."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm

from gsvbatch.cli import console
from gsvbatch.cli.exit_codes import BAD_INPUT, DONE
from gsvbatch.cli.options import Json
from gsvbatch.errors import ConfigError
from gsvbatch.units import Seconds

if TYPE_CHECKING:
    from gsvbatch.job.models import Pulled
    from gsvbatch.models import PublishedFile

LIST_EXAMPLES = ("gsvbatch models list", "gsvbatch models list --json")
ADD_EXAMPLES = ("gsvbatch models add GPT-SoVITS",)
VERIFY_EXAMPLES = ("gsvbatch models verify", "gsvbatch models verify v2ProPlus --json")
PULL_EXAMPLES = (
    "gsvbatch models pull",
    "gsvbatch models pull v2ProPlus bert",
    "gsvbatch models pull v2 --endpoint https://hf-mirror.com",
    "gsvbatch models pull v2 --source modelscope",
)

MIRROR = "HF_ENDPOINT"
"""The variable in which users of Hugging Face's tools name a mirror of it."""

_LINE_EVERY: Seconds = 5.0
"""Between two lines of a log."""

ModelNames = Annotated[
    list[str] | None, typer.Argument(help="Names of models; else all.", show_default=False)
]


def list_models(as_json: Json = False) -> None:
    """List the models that are known by name; projects and voices may use the names as paths."""
    from gsvbatch.job.models import known_models

    known = known_models()
    if as_json:
        console.say_json(known)
    elif known:
        rows = [
            (row.name, row.role, row.version, _megabytes(row.n_bytes), _where(row)) for row in known
        ]
        console.say(console.table(("name", "role", "version", "size", "path"), rows))
    else:
        console.note(
            "no models are known but the embedded one; gsvbatch models add DIR registers those of "
            "a WebUI, gsvbatch models pull fetches published ones"
        )


def _where(row: Any) -> str:
    return str(row.path) if row.is_there else f"{row.path} (missing)"


def add(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The folder of a GPT-SoVITS WebUI, or one of checkpoints.", show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Register the models of a WebUI, base and fine-tuned, under names; nothing is copied."""
    from gsvbatch.job.models import add_models

    added = add_models(folder)
    if as_json:
        console.say_json({"models": _entries(added.entries), "replaced": added.replaced})
        return
    rows = [
        (name, ", ".join(entry.paths), entry.version or "") for name, entry in added.entries.items()
    ]
    console.say(console.table(("name", "roles", "version"), rows))
    for name in added.replaced:
        console.note(f"{name} stood for other files before")
    console.say(f"written to {added.registry}")


def _entries(entries: Any) -> dict[str, object]:
    return {
        name: entry.model_dump(mode="json", exclude_none=True) for name, entry in entries.items()
    }


def verify(names: ModelNames = None, as_json: Json = False) -> int:
    """Open and digest the models that are registered, and say what each is.

    Digests are compared with those of the published files; of any other file the first digest is
    recorded, and compared from then on.
    """
    from gsvbatch.job.models import verify_models

    checked = verify_models(names or ())
    if as_json:
        console.say_json(checked)
    else:
        rows = [
            (found.name, found.role, found.what, found.identity, found.sha256[:12])
            for found in checked
        ]
        console.say(console.table(("name", "role", "what", "digest is", "SHA-256"), rows))
    for found in checked:
        if found.problem:
            console.error(f"{found.name}: {found.problem}")
    return DONE if all(found.is_good for found in checked) else BAD_INPUT


def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names of published models; without any, they are listed.", show_default=False
        ),
    ] = None,
    source: Annotated[
        str, typer.Option(help="Where from: huggingface or modelscope.")
    ] = "huggingface",
    endpoint: Annotated[
        str | None,
        typer.Option(
            help="Address of a mirror in place of the host's own; else HF_ENDPOINT, if it is set.",
            show_default=False,
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="Folder for the files; else the user's data folder.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch published models and what they need, and register them.

    Broken off, it goes on where it was. Sizes and SHA-256 are checked.
    """
    from gsvbatch.job.models import pull_models
    from gsvbatch.models.fetching import Host

    if not names:
        _show_catalogue(as_json)
        return
    if source not in list(Host):
        raise ConfigError(f"--source {source}: not known; allowed: {', '.join(Host)}")
    host = Host(source)
    with DownloadProgress() as progress:
        pulled = pull_models(
            names,
            folder=into,
            host=host,
            endpoint=endpoint or (os.environ.get(MIRROR) if host is Host.HUGGINGFACE else None),
            on_progress=progress,
        )
    if as_json:
        console.say_json({"folder": pulled.folder, "files": pulled.files})
    else:
        _show_pulled(pulled)


def _show_catalogue(as_json: bool) -> None:
    from gsvbatch.models import CATALOGUE

    if as_json:
        console.say_json(
            [{"name": m.name, "about": m.about, "needs": m.needs} for m in CATALOGUE.values()]
        )
        return
    rows = [
        (model.name, model.about, ", ".join(model.needs), _megabytes(model.n_bytes), model.license)
        for model in CATALOGUE.values()
    ]
    console.say(console.table(("name", "what it is", "comes with", "about", "license"), rows))


def _show_pulled(pulled: "Pulled") -> None:
    for got in pulled.files:
        state = "was there" if got.was_there else "fetched"
        console.say(f"{console.near(got.path)}  {_megabytes(got.n_bytes)}, {state}, {got.proof}")
    console.say(f"registered: {', '.join(model.name for model in pulled.models)}")
    for extra in sorted({model.extra for model in pulled.models if model.extra}):
        console.note(f'to use it: pip install "gsvbatch[{extra}]"')


def _megabytes(n_bytes: int) -> str:
    if not n_bytes:
        return ""
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.1f} kB"


class DownloadProgress:
    """A bar for each file on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._path = ""
        self._last_line: Seconds = 0.0

    def __enter__(self) -> "DownloadProgress":
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def __call__(self, file: "PublishedFile", done: int, total: int | None) -> None:
        """Show how far a file is."""
        is_new = file.path != self._path
        if is_new:
            self._close()
            self._path = file.path
        if sys.stderr.isatty():
            if self._bar is None:
                self._bar = _new_bar(file.path, done, total)
            self._bar.update(done - self._bar.n)
            return
        now = time.monotonic()
        is_last = done == total
        if is_new or is_last or now - self._last_line >= _LINE_EVERY:
            self._last_line = now
            whole = "" if total is None else f" of {_megabytes(total)} ({100 * done // total} %)"
            console.note(f"{file.path}: {_megabytes(done) or '0 MB'}{whole}")

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _new_bar(path: str, done: int, total: int | None) -> "tqdm[Any]":
    return tqdm(
        total=total,
        initial=done,
        desc=Path(path).name,
        unit="B",
        unit_scale=True,
        file=sys.stderr,
        dynamic_ncols=True,
    )
