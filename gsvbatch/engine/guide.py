"""Holds a line to its text, where the model's codes are named after sounds.

A small text-to-semantic network now and then leaves out a word, says one twice, or forgets to end. Where
the codes tell which phoneme they belong to, none of that need happen: at every step only those codes are
allowed with which the phoneme at hand goes on, or one of the next two begins, and the end only after the
last. So the network decides how long and how high, and the text what. This is forced alignment turned
round: its left-to-right states (Rabiner 1989) bound what is drawn instead of explaining what was.
"""

import torch
from torch import Tensor

from gsvbatch.engine.slots import Slots
from gsvbatch.gsv.code_names import CodeNames

REACH = 2
"""Phonemes that one token may go on by: some are so short that no token is named after them."""

LONGEST = 24
"""Tokens of one phoneme, 0.96 s; the longest of 4,000 lines of the teacher's has 21. A network that wants more is
at another place of the text than it is held to, and another draw may find it again."""

LONGEST_ALIKE = 6
"""Tokens of a phoneme that has but one code: where all are alike, the network cannot count them."""


class Guide:
    """The codes that may follow, for every row; allocates nothing that depends on data."""

    def __init__(
        self, names: CodeNames, n_phonemes: int, vocabulary: int, device: torch.device
    ) -> None:
        """Make the tables.

        Args:
            names: What the codes are named after.
            n_phonemes: That the network knows.
            vocabulary: Codes and the end token, which is the last.
            device: Where the slots are.
        """
        # One row more, of a phoneme that nothing is named after.
        begins = torch.zeros(n_phonemes + 1, vocabulary, dtype=torch.bool)
        goes_on = torch.zeros_like(begins)
        longest = torch.full((n_phonemes + 1,), LONGEST)
        for phoneme, (first, *others) in names.by_phoneme.items():
            begins[phoneme, first] = True
            # A way that shares the beginning's code would make a phoneme begin for ever.
            apart = [code for code in others if code != first]
            goes_on[phoneme, apart or [first]] = True
            if not apart:
                longest[phoneme] = LONGEST_ALIKE
        self._begins, self._goes_on = begins.to(device), goes_on.to(device)
        self._longest = longest.to(device)
        self._nothing = n_phonemes
        self._eos = vocabulary - 1
        self._named = frozenset(names.by_phoneme)

    def text(self, phoneme_ids: tuple[int, ...]) -> list[int]:
        """The phonemes that a line is held to: those that codes are named after."""
        return [phoneme for phoneme in phoneme_ids if phoneme in self._named]

    def around(self, slots: Slots, rows: Tensor) -> Tensor:
        """The phoneme at hand of every row (B,) and the next ``REACH``, (B, 1 + REACH)."""
        at = slots.place[rows, None] + torch.arange(1 + REACH, device=rows.device)
        inside = (at >= 0) & (at < slots.n_text[rows, None])
        return torch.where(
            inside, slots.text[rows[:, None], at.clamp(min=0) * inside], self._nothing
        )

    def hold(self, slots: Slots, rows: Tensor, around: Tensor, logits: Tensor) -> Tensor:
        """The logits (B, V) of rows (B,), -inf where a code would leave the text; see :meth:`around`."""
        n_text, here = slots.n_text[rows], around[:, 0]
        is_last = slots.place[rows] >= n_text - 1
        # The end is not drawn before ``MIN_TOKENS``, and something has to be said until then.
        longest = self._longest[here].masked_fill(is_last, LONGEST)
        allowed = self._goes_on[here] & (slots.stayed[rows] < longest)[:, None]
        for i in range(1, 1 + REACH):
            allowed |= self._begins[around[:, i]]
        allowed[:, self._eos] = is_last
        return logits.masked_fill(~allowed & (n_text > 0)[:, None], -torch.inf)

    def follow(self, slots: Slots, rows: Tensor, around: Tensor, tokens: Tensor) -> None:
        """Note where tokens (B,), just drawn, have brought the rows."""
        moved = torch.zeros_like(tokens)
        for i in range(REACH, 0, -1):
            moved = torch.where(self._begins[around[:, i], tokens], i, moved)
        moved = torch.where(self._goes_on[around[:, 0], tokens], 0, moved)
        stayed = torch.where(moved > 0, 0, slots.stayed[rows] + 1)
        slots.place[rows] += moved
        slots.stayed[rows] = stayed
        # After the last phoneme comes silence, which may be long.
        is_inside = slots.place[rows] < slots.n_text[rows] - 1
        slots.is_lost[rows] |= is_inside & (stayed >= LONGEST)
