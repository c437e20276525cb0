"""Utterances in, takes out: quality gates, retries, joining, levels and the files of lines."""

from gsvbatch.render.record import RECORD_TAG, TakeRecord, UtteranceRecord, Verdict
from gsvbatch.render.remembering import RememberingSpeech
from gsvbatch.render.renderer import Renderer
from gsvbatch.render.speech_cache import SpeechCache
from gsvbatch.render.work import (
    LineOutcome,
    LineWork,
    OutputSpec,
    Speech,
    SpeechRequest,
    SpeechResult,
    SpeechSampling,
    Stop,
    VoiceRef,
)

__all__ = [
    "RECORD_TAG",
    "LineOutcome",
    "LineWork",
    "OutputSpec",
    "RememberingSpeech",
    "Renderer",
    "Speech",
    "SpeechCache",
    "SpeechRequest",
    "SpeechResult",
    "SpeechSampling",
    "Stop",
    "TakeRecord",
    "UtteranceRecord",
    "Verdict",
    "VoiceRef",
]
