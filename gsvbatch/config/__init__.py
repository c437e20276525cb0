"""Settings of a project: strict models, and how they are read from ``gsvbatch.yaml``."""

from gsvbatch.config.engine import EngineConfig, GptSoVitsVersion, ModelsConfig
from gsvbatch.config.models import DEFAULT_TRIGGERS, ProjectConfig, Trigger
from gsvbatch.config.production import (
    AlbumConfig,
    AssembleConfig,
    AudioConfig,
    LabelConfig,
    PausesConfig,
)
from gsvbatch.config.reading import PROJECT_FILE, find_project, override, read_project
from gsvbatch.config.speech import SamplingConfig, SamplingOverrides, SpeakerConfig, TextConfig
from gsvbatch.config.strict import StrictModel

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
