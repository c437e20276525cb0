"""The memory of a job: one SQLite file, and the only package that knows SQLAlchemy."""

from gsvbatch.manifest.lock import HeadLock
from gsvbatch.manifest.migrations import SCHEMA_VERSION
from gsvbatch.manifest.schema import (
    EventRow,
    LineRow,
    RunRow,
    TakeRow,
    UtteranceRow,
    VoiceLevelRow,
    WorkRow,
)
from gsvbatch.manifest.store import Manifest

__all__ = [
    "SCHEMA_VERSION",
    "EventRow",
    "HeadLock",
    "LineRow",
    "Manifest",
    "RunRow",
    "TakeRow",
    "UtteranceRow",
    "VoiceLevelRow",
    "WorkRow",
]
