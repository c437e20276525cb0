"""Models as settings name them: by path, or by a name of the user's list of models."""

from pathlib import Path

from gsvbatch.gsv.source import NATIVE_SUFFIX, ModelSource
from gsvbatch.models import Registry, Role, locate


def named_source(
    t2s: Path, synthesizer: Path, content: Path | None, root: Path, *, setting: str = ""
) -> ModelSource:
    """A pair of checkpoints, each a path or a name.

    Without ``content``, published checkpoints are enrolled for with the content encoder that is
    registered: all of them were trained on the same.

    Args:
        t2s: The GPT half.
        synthesizer: The SoVITS half.
        content: Content encoder.
        root: What relative paths start from; absolute.
        setting: What stands before the roles in messages, such as ``models.``.

    Raises:
        ConfigError: A name is not known, or does not have what is wanted of it.
    """

    def located(value: Path, role: Role) -> Path:
        return locate(value, role, root, setting=f"{setting}{role.value}")

    first, second = located(t2s, Role.T2S), located(synthesizer, Role.SYNTHESIZER)
    if content is not None:
        encoder: Path | None = located(content, Role.CONTENT)
    elif second.suffix == NATIVE_SUFFIX:
        encoder = None
    else:
        encoder = Registry.load().path("hubert", Role.CONTENT)
    return ModelSource(first, second, encoder)
