"""Settings of a project: strict models, and how they are read from ``gsvbatch.yaml``."""

from gsvbatch.config.models import (
    DEFAULT_TRIGGERS,
    AlbumConfig,
    AssembleConfig,
    AudioConfig,
    EngineConfig,
    GptSoVitsVersion,
    LabelConfig,
    ModelsConfig,
    PausesConfig,
    ProjectConfig,
    SamplingConfig,
    SamplingOverrides,
    SpeakerConfig,
    StrictModel,
    TextConfig,
    Trigger,
)
from gsvbatch.config.reading import PROJECT_FILE, find_project, override, read_project

__all__ = [
    "DEFAULT_TRIGGERS",
    "PROJECT_FILE",
    "AlbumConfig",
    "AssembleConfig",
    "AudioConfig",
    "EngineConfig",
    "GptSoVitsVersion",
    "LabelConfig",
    "ModelsConfig",
    "PausesConfig",
    "ProjectConfig",
    "SamplingConfig",
    "SamplingOverrides",
    "SpeakerConfig",
    "StrictModel",
    "TextConfig",
    "Trigger",
    "find_project",
    "override",
    "read_project",
]
