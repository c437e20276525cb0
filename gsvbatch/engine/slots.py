"""The rows of the batch: keys and values of what was seen, and where each sequence stands.

Everything is allocated once and written in place. A row is packed: its phonemes from position 0, then
its tokens, so that a row's valid positions are exactly those below its length. Every attention must be
masked by that length: a slot that was used before is full of somebody else's keys.
"""

import torch
from torch import Tensor

from gsvbatch.gsv.t2s import T2SConfig

BUCKET = 64
"""Positions by which caches and attention grow: few shapes, little waste."""


def bucketed(n_positions: int) -> int:
    """The next multiple of the bucket."""
    return -(-n_positions // BUCKET) * BUCKET


def cache_dtype(device: torch.device, dtype: torch.dtype) -> torch.dtype:
    """Of keys and values beside weights of a type: processors attend in fp32 at least as fast, and exactly."""
    return torch.float32 if device.type == "cpu" else dtype


class Slots:
    """State of ``n_slots`` rows on the device; row = slot."""

    def __init__(
        self, config: T2SConfig, n_slots: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.config = config
        self.n_slots = n_slots
        self.capacity = 0
        """Positions that a row's cache holds."""

        self.generation = 0
        """How often the tensors have moved: what was captured for others is no good any more."""

        self._device, self._dtype = device, cache_dtype(device, dtype)
        self.keys: list[Tensor] = []
        """A layer's keys, (n_slots, H, capacity, D / H); likewise ``values``."""

        self.values: list[Tensor] = []
        self.length = self._integers(n_slots)
        """Valid positions."""

        self.n_prompt = self._integers(n_slots)
        self.n_drawn = self._integers(n_slots)
        """Tokens drawn so far, the end token included."""

        self.last_token = self._integers(n_slots)
        self.ended_at = self._integers(n_slots)
        """How many tokens count once the row has ended, else -1."""

        self.seed = self._integers(n_slots)
        self.top_k = self._integers(n_slots)
        self.top_p = torch.ones(n_slots, device=device)
        self.temperature = torch.ones(n_slots, device=device)
        self.penalty = torch.ones(n_slots, device=device)
        self.seen = torch.zeros(n_slots, config.vocabulary, dtype=torch.bool, device=device)
        self.tokens = self._integers(n_slots, 0)
        """What was drawn, (n_slots, capacity)."""

        self.text = self._integers(n_slots, 0)
        """Phonemes that a guide holds a row to, (n_slots, capacity); likewise below."""

        self.n_text = self._integers(n_slots)
        self.place = self._integers(n_slots)
        """The phoneme that the last token belongs to, an index of the text; -1 before the first."""

        self.stayed = self._integers(n_slots)
        """Tokens since that phoneme began."""

        self.is_lost = torch.zeros(n_slots, dtype=torch.bool, device=device)
        """Whether a phoneme was ended by the guide, not by the network."""

    def reserve(self, n_positions: int) -> None:
        """Make room for so many positions in every row, keeping what is there.

        It grows by half at least, so that a batch that gets longer step by step is copied seldom; on a
        processor by a quarter, for there attention reads all of it.
        """
        if n_positions <= self.capacity:
            return
        grown = self.capacity * 5 // 4 if self._device.type == "cpu" else self.capacity * 3 // 2
        capacity = bucketed(max(n_positions, grown))
        self.generation += 1
        heads = self.config.n_heads
        shape = (self.n_slots, heads, capacity, self.config.width // heads)
        for cache in (self.keys, self.values):
            if not cache:
                cache += [torch.empty(0)] * self.config.n_layers
            for i, old in enumerate(cache):
                new = torch.zeros(shape, device=self._device, dtype=self._dtype)
                if self.capacity:
                    new[:, :, : self.capacity] = old
                cache[i] = new
        self.tokens = self._longer(self.tokens, capacity)
        self.text = self._longer(self.text, capacity)
        self.capacity = capacity

    def cells(self, rows: Tensor, positions: Tensor) -> Tensor:
        """Where in a flat cache one position of each row lies, head by head, (B * H,)."""
        heads = torch.arange(self.config.n_heads, device=rows.device)
        of_heads = rows[:, None] * self.config.n_heads + heads
        return (of_heads * self.capacity + positions[:, None]).flatten()

    def write(self, layer: int, cells: Tensor, key: Tensor, value: Tensor) -> None:
        """Store a layer's keys and values (B, H, D / H) in the cells of :meth:`cells`."""
        depth = key.shape[2]
        for cache, new in ((self.keys[layer], key), (self.values[layer], value)):
            cache.view(-1, depth).index_copy_(0, cells, new.reshape(-1, depth).to(self._dtype))

    def fill(self, layer: int, rows: Tensor, key: Tensor, value: Tensor) -> None:
        """Store a layer's keys and values (B, H, L, D / H) at the first L positions of each row."""
        self.keys[layer][rows, :, : key.shape[2]] = key.to(self._dtype)
        self.values[layer][rows, :, : value.shape[2]] = value.to(self._dtype)

    def move(self, source: int, target: int) -> None:
        """Copy a row over another."""
        for rows in (*self.keys, *self.values, *self._row_states()):
            rows[target] = rows[source]

    def _row_states(self) -> tuple[Tensor, ...]:
        return (
            self.length, self.n_prompt, self.n_drawn, self.last_token, self.ended_at, self.seed,
            self.top_k, self.top_p, self.temperature, self.penalty, self.seen, self.tokens,
            self.text, self.n_text, self.place, self.stayed, self.is_lost,
        )  # fmt: skip

    def _longer(self, rows: Tensor, capacity: int) -> Tensor:
        longer = self._integers(self.n_slots, capacity)
        longer[:, : rows.shape[1]] = rows
        return longer

    def _integers(self, *shape: int) -> Tensor:
        return torch.zeros(shape, dtype=torch.int64, device=self._device)
