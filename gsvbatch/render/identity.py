"""What decides the samples of an attempt, as one digest: equal ones need speaking once.

The precision is not in it (`precision_name`): a plan knows everything else without torch.
"""

import hashlib
import json
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from gsvbatch import __version__
from gsvbatch.render.work import SpeechRequest

REVISION = 2
"""To be raised when equal requests sound different since: engine, networks, limits, prosody features.

Between releases, that is: the version of gsvbatch counts by itself."""


def speech_key(request: SpeechRequest) -> str:
    """SHA-256 in hex of all that decides an attempt's samples, but the device's kind and the precision.

    Of the text frontend nothing is in it but what it made: phonemes, and where prosody features are
    used, the text that they are of.
    """
    sampling = asdict(request.sampling)
    del sampling["style"]  # a style is another voice, by its digest
    voice, utterance = request.voice, request.utterance
    spans = [asdict(span) for span in utterance.spans] if voice.bert_digest else []
    values = [
        _made_by(),
        voice.digest,
        voice.models,
        utterance.phoneme_ids,
        [voice.bert_digest, spans] if any(s.has_prosody for s in utterance.spans) else [],
        sampling,
        request.seed,
    ]
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def precision_name(device_type: str, dtype: str) -> str:
    """The class of machine and precision that a result belongs to, such as ``cuda-float16``.

    Args:
        device_type: ``cpu``, ``cuda`` or ``mps``.
        dtype: ``auto`` or a precision's name; auto is what rendering takes for it.
    """
    if dtype == "auto":
        dtype = "float16" if device_type == "cuda" else "float32"
    return f"{device_type}-{dtype}"


@cache
def _made_by() -> list[str | int]:
    """The programs that make samples of requests."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = ""
    return [__version__, REVISION, torch]
