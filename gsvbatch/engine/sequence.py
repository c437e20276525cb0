"""A request on its way through the engine: the one mutable record there is."""

from dataclasses import dataclass, field
from enum import StrEnum

from gsvbatch.data import SemanticTokens
from gsvbatch.engine.request import Request


class SequenceStatus(StrEnum):
    """Where a sequence stands: WAITING -> RUNNING -> DECODED; memory running out puts it back."""

    WAITING = "waiting"
    RUNNING = "running"
    DECODED = "decoded"


@dataclass(eq=False, slots=True)
class Sequence:
    """A request, the slot it holds, and what was decoded."""

    request: Request
    status: SequenceStatus = SequenceStatus.WAITING
    slot: int = -1
    """The row of the batch it holds while it is running."""

    tokens: SemanticTokens | None = None
    n_decoded: int = 0
    """Draws made so far, counted by the host."""

    n_phonemes: int = field(init=False)
    """Of prompt and utterance."""

    n_prompt: int = field(init=False)
    """Tokens of the prompt."""

    def __post_init__(self) -> None:
        voice = self.request.voice
        self.n_phonemes = len(voice.prompt_phoneme_ids) + len(self.request.phoneme_ids)
        self.n_prompt = len(voice.prompt_tokens)

    @property
    def prefill_length(self) -> int:
        """Positions that are filled before the first token is drawn."""
        return self.n_phonemes + self.n_prompt

    @property
    def longest(self) -> int:
        """Positions that it may come to need."""
        return self.prefill_length + self.request.max_tokens

    @property
    def expected(self) -> int:
        """Stands for how many tokens it will have: the utterance's phonemes, which tell it well."""
        return len(self.request.phoneme_ids)
