"""Voice profiles: a speaker as data, made once from a reference clip and never computed again.

Reading and checking profiles needs no torch, so that ``plan`` and ``status`` answer at once. Making one
does; it is in :mod:`gsvbatch.voice.enrolling`, which is imported by name.
"""

from gsvbatch.gsv.source import ModelDigests, ModelSource
from gsvbatch.voice.checking import profile_problems, require_models
from gsvbatch.voice.consent import Consent, Relation
from gsvbatch.voice.library import VoiceLibrary, shipped_folders
from gsvbatch.voice.profile import SamplingOverrides, VoiceProfile
from gsvbatch.voice.storage import load_profile, save_profile

__all__ = [
    "Consent",
    "ModelDigests",
    "ModelSource",
    "Relation",
    "SamplingOverrides",
    "VoiceLibrary",
    "VoiceProfile",
    "load_profile",
    "profile_problems",
    "require_models",
    "save_profile",
    "shipped_folders",
]
