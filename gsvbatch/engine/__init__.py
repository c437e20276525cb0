"""Batched inference: requests in, semantic tokens and waveforms out.

    Request -> Sequence in a slot -> SemanticTokens -> Waveform -> Result

Knows ids and tensors; no text, no files, no jobs. What comes out for a request depends on the request
and the models alone, never on what is rendered beside it, before it, or on how many slots there are.
"""

from gsvbatch.engine.engine import Engine
from gsvbatch.engine.request import Request, Result, Sampling, VoicePrompt
from gsvbatch.engine.stats import EngineStats

__all__ = ["Engine", "EngineStats", "Request", "Result", "Sampling", "VoicePrompt"]
