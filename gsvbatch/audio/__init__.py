"""Audio files and what is done to samples: read, edit, measure, level, write, tag, label, subtitle.

Nothing here knows of jobs, voices or models. Samples are mono float32; rates are explicit.
"""

from gsvbatch.audio.cues import Cue, CueLayout, split_cues
from gsvbatch.audio.editing import Room, fade_edges, join, offsets, silence, trim_edges
from gsvbatch.audio.ffmpeg import ffmpeg_path
from gsvbatch.audio.formats import AudioFormat, Chapter, Encoding, SampleDepth
from gsvbatch.audio.inspection import read_chapters, read_label, read_tags
from gsvbatch.audio.label import AigcLabel, rhythm_mark
from gsvbatch.audio.levels import Measurements, measure
from gsvbatch.audio.limiter import limit, true_peak
from gsvbatch.audio.loudness import (
    PRESETS,
    Loudness,
    LoudnessPreset,
    apply_gain,
    gain_to,
    group_loudness,
    loudness_preset,
    measure_loudness,
    normalize,
    preset_problems,
    with_room_tone,
)
from gsvbatch.audio.pcm import resample
from gsvbatch.audio.reading import audio_duration, read_audio
from gsvbatch.audio.reference import ReferenceLimits, reference_problems, suggest_stretch
from gsvbatch.audio.storage import remove_leftovers, sha256_file
from gsvbatch.audio.subtitles import write_ass, write_lrc, write_srt, write_vtt
from gsvbatch.audio.tags import Cover, Tags
from gsvbatch.audio.wav_stream import WavStream
from gsvbatch.audio.writing import Written, write_audio

__all__ = [
    "PRESETS",
    "AigcLabel",
    "AudioFormat",
    "Chapter",
    "Cover",
    "Cue",
    "CueLayout",
    "Encoding",
    "Loudness",
    "LoudnessPreset",
    "Measurements",
    "ReferenceLimits",
    "Room",
    "SampleDepth",
    "Tags",
    "WavStream",
    "Written",
    "apply_gain",
    "audio_duration",
    "fade_edges",
    "ffmpeg_path",
    "gain_to",
    "group_loudness",
    "join",
    "limit",
    "loudness_preset",
    "measure",
    "measure_loudness",
    "normalize",
    "offsets",
    "preset_problems",
    "read_audio",
    "read_chapters",
    "read_label",
    "read_tags",
    "reference_problems",
    "remove_leftovers",
    "resample",
    "rhythm_mark",
    "sha256_file",
    "silence",
    "split_cues",
    "suggest_stretch",
    "trim_edges",
    "true_peak",
    "with_room_tone",
    "write_ass",
    "write_audio",
    "write_lrc",
    "write_srt",
    "write_vtt",
]
