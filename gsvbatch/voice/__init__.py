"""Voice profiles: a speaker as data, made once from a reference clip and never computed again.

Reading and checking profiles needs no torch, so that ``plan`` and ``status`` answer at once. Making one
does; it is in :mod:`gsvbatch.voice.enrolling`, which is imported by name.
"""

from gsvbatch.config import SamplingOverrides
from gsvbatch.gsv.source import ModelDigests, ModelSource
from gsvbatch.voice.checking import profile_problems, require_models
from gsvbatch.voice.consent import Consent, Relation
from gsvbatch.voice.library import DEFAULT_STYLE, VoiceLibrary, shipped_folders, style_folder
from gsvbatch.voice.profile import VoiceProfile
from gsvbatch.voice.storage import label_of, load_profile, save_profile

__all__ = [
    "DEFAULT_STYLE",
    "Consent",
    "ModelDigests",
    "ModelSource",
    "Relation",
    "SamplingOverrides",
    "VoiceLibrary",
    "VoiceProfile",
    "label_of",
    "load_profile",
    "profile_problems",
    "require_models",
    "save_profile",
    "shipped_folders",
    "style_folder",
]
