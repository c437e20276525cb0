"""Where a BERT is, and which models were trained with its features. Needs no torch, for ``plan``."""

import json
from pathlib import Path

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.source import (
    CONTENT_WEIGHT_NAMES,
    NATIVE_CONFIG_NAME,
    NATIVE_SUFFIX,
    ModelSource,
)

TAKES_BERT = "takes_bert"
"""Key in the ``config.json`` of native models; absent, the features are not used."""


def bert_weights(folder: Path) -> Path:
    """The file of weights of a BERT's folder.

    Raises:
        CheckpointError: There is none.
    """
    for name in CONTENT_WEIGHT_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        folder,
        "no BERT here: expected a folder such as chinese-roberta-wwm-ext-large with "
        f"{NATIVE_CONFIG_NAME} and {' or '.join(reversed(CONTENT_WEIGHT_NAMES))}; "
        "gsvbatch models pull bert fetches it, models.bert: none does without",
    )


def takes_bert(source: ModelSource) -> bool:
    """Whether models were trained with prosody features.

    All published checkpoints were. Native ones say so in their ``config.json``: the embedded model was
    trained with zeros, and features would only disturb it.
    """
    if source.t2s.suffix != NATIVE_SUFFIX:
        return True
    try:
        stored = json.loads((source.t2s.parent / NATIVE_CONFIG_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # whoever loads the models says what is wrong with them
    return isinstance(stored, dict) and stored.get(TAKES_BERT) is True
