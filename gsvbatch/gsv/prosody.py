"""Prosody features laid out over phonemes: the door between spoken text and a BERT.

    spans -> Mandarin: features of each character, one copy for each of its phonemes
          -> any other language: zeros

Features of a text are remembered, since a retry and a chorus say the same again.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from gsvbatch.data import Span

AHEAD = 64
"""Texts that go through the BERT together with the one that is needed."""

REMEMBERED = 512
"""Texts whose features are kept; 0.25 MB each for a sentence of 60 characters in fp32."""


class CharacterEncoder(Protocol):
    """What a `Bert` does."""

    @property
    def width(self) -> int:
        """Of the features."""
        ...

    def features(self, texts: Sequence[str]) -> list[Tensor]:
        """The features of each text, (D, C), on the CPU."""
        ...


class Prosody:
    """The features of utterances, computed in batches ahead of their turn.

    Args:
        encoder: Makes the features of characters.
        upcoming: The Mandarin texts that will be asked for, roughly in that order.
    """

    def __init__(self, encoder: CharacterEncoder, upcoming: Iterable[str] = ()) -> None:
        self._encoder = encoder
        self._upcoming = deque(dict.fromkeys(upcoming))
        self._known: OrderedDict[str, Tensor] = OrderedDict()

    @property
    def width(self) -> int:
        """Of the features."""
        return self._encoder.width

    def expect(self, texts: Iterable[str]) -> None:
        """Note Mandarin texts that will be asked for, after those that are expected already."""
        new = dict.fromkeys(text for text in texts if text not in self._known)
        self._upcoming.extend(text for text in new if text not in self._upcoming)

    def of(self, spans: Sequence[Span]) -> Tensor | None:
        """The features of what is said in one go, (D, P) on the CPU; None if none of it is Mandarin."""
        if not any(span.has_prosody for span in spans):
            return None
        parts = []
        for span in spans:
            counts = counts_by_character(span)
            if span.has_prosody:
                parts.append(spread(self._features(span.text), counts))
            else:
                parts.append(torch.zeros(self.width, sum(counts)))
        return torch.cat([part.to(parts[0].dtype) for part in parts], dim=1)

    def _features(self, text: str) -> Tensor:
        if text not in self._known:
            batch = [text]
            while self._upcoming and len(batch) < AHEAD:
                coming = self._upcoming.popleft()
                if coming != text and coming not in self._known:
                    batch.append(coming)
            for one, features in zip(batch, self._encoder.features(batch), strict=True):
                self._known[one] = features
        self._known.move_to_end(text)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[text]


def mandarin_texts(spans: Iterable[Span]) -> list[str]:
    """The texts of which there are features."""
    return [span.text for span in spans if span.has_prosody]


def spread(features: Tensor, counts: Sequence[int]) -> Tensor:
    """Features of characters (D, C), each repeated for its phonemes: (D, P)."""
    repeats = torch.tensor(counts, device=features.device)
    return features.repeat_interleave(repeats, dim=1)


def counts_by_character(span: Span) -> Sequence[int]:
    """Phonemes of each character of a Mandarin span; of each group of another language."""
    counts = span.phoneme_counts
    assert not span.has_prosody or len(counts) == len(span.text)
    return counts
