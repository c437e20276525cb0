"""``gsvbatch cache show`` and ``gsvbatch cache clear``: the speech that is kept for lines said again."""

from gsvbatch.cli import console
from gsvbatch.cli.options import Json, ProjectPath, open_project

SHOW_EXAMPLES = ("gsvbatch cache show", "gsvbatch cache show --json")
CLEAR_EXAMPLES = ("gsvbatch cache clear",)


def show(project: ProjectPath = None, as_json: Json = False) -> None:
    """Say where the cache is, how much is in it, and how much may be."""
    from gsvbatch.render.speech_cache import FOLDER_VARIABLE, cache_folder, survey

    facts = survey(cache_folder())
    limit = open_project(project).config.engine.cache_size
    if as_json:
        console.say_json(
            {
                "folder": facts.folder,
                "n_entries": facts.n_entries,
                "n_bytes": facts.n_bytes,
                "max_bytes": int(limit * 2**30),
            }
        )
        return
    console.say(f"folder: {facts.folder} (${FOLDER_VARIABLE} names another)")
    console.say(f"holds:  {console.count(facts.n_entries, 'utterance')}, {_size(facts.n_bytes)}")
    console.say(
        f"limit:  {limit:g} GiB (engine.cache_size)" if limit else "limit:  no cache is used here"
    )


def clear(as_json: Json = False) -> None:
    """Remove all speech from the cache; no audio of any project is touched."""
    from gsvbatch.render.speech_cache import cache_folder
    from gsvbatch.render.speech_cache import clear as remove

    facts = remove(cache_folder())
    if as_json:
        console.say_json(
            {"folder": facts.folder, "n_entries": facts.n_entries, "n_bytes": facts.n_bytes}
        )
    else:
        removed = console.count(facts.n_entries, "utterance")
        console.say(f"removed {removed}, {_size(facts.n_bytes)}, from {facts.folder}")


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.1f} MiB" if n_bytes < 2**30 else f"{n_bytes / 2**30:,.2f} GiB"
