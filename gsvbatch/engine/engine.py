"""Requests in, results out: the loop that keeps every slot busy.

One turn: sequences that ended leave their slots, waiting ones take them, those are prefilled, all are
decoded some steps further, and what is decoded is spoken, on a CUDA device beside the decoding. If memory runs out, the batch is halved and the
sequences at hand start over; since a draw depends on the seed and the step alone, they say the same.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import replace
from typing import TypeAlias

import torch

from gsvbatch.engine.lane import Lane
from gsvbatch.engine.mel_runner import MelRunner
from gsvbatch.engine.memory import (
    default_batch_tokens,
    default_slots,
    is_out_of_memory,
    keep_few_kernels,
    limit_memory,
    release,
    row_bytes,
    weight_bytes,
)
from gsvbatch.engine.request import Request, Result
from gsvbatch.engine.scheduler import Scheduler
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.slots import cache_dtype
from gsvbatch.engine.stats import EngineStats
from gsvbatch.engine.synthesizer_runner import Speaking, Spoken, SynthesizerRunner
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.engine.validation import request_problem
from gsvbatch.errors import RenderError
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.mel_synthesizer import MelSynthesizer

logger = logging.getLogger(__name__)

CUDA_STEPS_BETWEEN_LOOKS = 8

BATCHES_AHEAD = 2
"""Batches that a CUDA device is given to speak while it decodes: one at work, and one to follow at once."""

SpeakingLane: TypeAlias = Lane[list[Sequence], Speaking | Spoken]


class Engine:
    """Speaks requests of any voices that share one pair of networks."""

    def __init__(
        self,
        bundle: ModelBundle,
        *,
        n_slots: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        batch_tokens: int | None = None,
        steps_between_looks: int | None = None,
        graphs: bool | None = None,
        fused: bool | None = None,
        packs: bool | None = None,
        overlaps: bool = False,
        max_memory: int | None = None,
    ) -> None:
        """Make an engine.

        Args:
            bundle: The networks.
            n_slots: Sequences decoded at once; None lets memory decide.
            device: Where to run; None leaves the networks where they are.
            dtype: Of weights and activations; None leaves the networks' own.
            batch_tokens: Tokens synthesized at once, padding included; None lets memory decide.
            steps_between_looks: Decode steps between two looks at which sequences have ended.
            graphs: Whether decode steps are captured as CUDA graphs; None does it on a CUDA device.
            fused: Whether kernels of triton are used; None does it where there is triton for the device.
            packs: Whether weights are packed for a processor; None does it where it is possible.
            overlaps: Whether batches are spoken on a stream of their own beside decoding, on a CUDA device.
                Not by itself: speaking in turn is the fastest that was measured on a card so far.
            max_memory: Bytes that slots and batches are chosen for, and on a CUDA device may take at all,
                models included; None means what is free.
        """
        keep_few_kernels()
        bundle.to(device, dtype)
        weight = bundle.t2s.ar_predict_layer.weight
        self.bundle = bundle
        self.device, self.dtype = weight.device, weight.dtype
        self._stats = EngineStats()
        self.make_room: Callable[[], None] = lambda: None
        """Called when memory has run out, before the work goes on: what else holds memory may let go of it."""

        if max_memory is not None:
            limit_memory(self.device, max_memory)
        if n_slots is None:
            cache = cache_dtype(self.device, self.dtype)
            n_slots = default_slots(bundle.t2s.config, self.device, cache, max_memory)
        n_steps = steps_between_looks or default_steps_between_looks(self.device)
        self._n_slots = n_slots
        self._ahead = BATCHES_AHEAD if overlaps else 0
        self._t2s = T2SRunner(
            bundle.t2s,
            n_slots,
            n_steps,
            graphs=graphs,
            fused=fused,
            packs=packs,
            names=bundle.code_names,
        )
        self._synthesizer = synthesizer_runner(
            bundle,
            batch_tokens or default_batch_tokens(self.device, max_memory),
            fused=fused,
            packs=packs,
        )

    @property
    def n_slots(self) -> int:
        """Sequences decoded at once; less after memory ran out."""
        return self._n_slots

    @property
    def n_bytes(self) -> int:
        """What the engine holds, or will: weights, packed ones twice, and the cache of its slots."""
        bundle = self.bundle
        weights = weight_bytes(bundle.t2s, bundle.synthesizer, bundle.vocoder)
        cache = self._n_slots * row_bytes(bundle.t2s.config, cache_dtype(self.device, self.dtype))
        return weights * (2 if self._t2s.is_packed else 1) + max(cache, self._t2s.cache_bytes)

    @property
    def stats(self) -> EngineStats:
        """What was done so far, and how long each stage took."""
        return replace(self._stats)

    def run(self, requests: Iterable[Request]) -> Iterator[Result]:
        """Speak requests; yield each result as it is finished, in any order.

        Requests are drawn as there is room for them, some ahead of their turn, so that the longest can
        go first. One that cannot be spoken yields a result with an error, and the others go on.
        """
        refused: list[Result] = []
        decoded: list[Sequence] = []
        scheduler = Scheduler(self._n_slots)
        scheduler.feed(self._accepted(requests, refused))
        lane = SpeakingLane(self._start_speaking, ahead=self._ahead)
        while scheduler.has_work():
            yield from self._taken(refused)
            decoded += self._advance(scheduler, refused)
            if decoded and self._is_worth_speaking(decoded, scheduler):
                self._send(decoded, lane)
                decoded = []
            yield from self._spoken(lane, wait=False)
        self._send(decoded, lane)
        yield from self._spoken(lane, wait=True)
        yield from self._taken(refused)

    def _accepted(self, requests: Iterable[Request], refused: list[Result]) -> Iterator[Sequence]:
        for request in requests:
            problem = request_problem(request, self.bundle)
            if problem is None:
                yield Sequence(request)
            else:
                error = RenderError(f"{request.id}: {problem}")
                refused.append(Result(request.id, error=error))

    def _advance(self, scheduler: Scheduler, refused: list[Result]) -> list[Sequence]:
        """One turn of decoding; return the sequences that have ended."""
        try:
            admitted = scheduler.admit()
            self._t2s.follow(scheduler.compact())
            if admitted:
                with self._stats.busy("prefill"):
                    self._t2s.prefill(admitted)
            running = scheduler.running
            if not running:
                return []
            with self._stats.busy("decode"):
                n_steps = self._t2s.decode(running)
                ended = self._t2s.collect(running)
        except (RuntimeError, MemoryError) as error:  # torch's own is a RuntimeError
            if not is_out_of_memory(error):
                raise
        else:
            self._stats.n_steps += n_steps
            self._stats.n_row_steps += n_steps * len(running) + len(admitted)
            scheduler.retire(ended)
            return ended
        # Outside the handler: the error holds on to the frames, and with them to the tensors.
        self._shrink(scheduler, refused)
        return []

    def _shrink(self, scheduler: Scheduler, refused: list[Result]) -> None:
        """Halve the slots and start over; with but one slot, give up on its sequence."""
        given_up = scheduler.shrink()
        self._stats.n_shrinks += 1
        self._n_slots = scheduler.n_slots
        self._t2s.resize(self._n_slots)
        self.make_room()
        release(self.device)
        logger.warning("out of memory: decoding goes on with %d slots", self._n_slots)
        if given_up is not None:
            refused.append(_no_room(given_up))

    def _is_worth_speaking(self, decoded: list[Sequence], scheduler: Scheduler) -> bool:
        """Whether a full batch has come together, or none will."""
        n_tokens = sum(len(s.tokens.tokens) for s in decoded if s.tokens is not None)
        return n_tokens >= self._synthesizer.max_batch_tokens or not scheduler.has_work()

    def _send(self, decoded: Many[Sequence], lane: SpeakingLane) -> None:
        """Hand decoded sequences on to be spoken, in batches of like length."""
        for batch in self._synthesizer.batches(decoded):
            lane.put(batch)

    def _spoken(self, lane: SpeakingLane, *, wait: bool) -> Iterator[Result]:
        """The results of what has been spoken by now, or with ``wait`` of all that was sent."""
        while lane.has_outcome(wait=wait):
            batch, speaking = lane.take()
            if speaking is not None:
                with self._stats.busy("synthesis"):
                    waveforms = speaking.waveforms()
                yield from self._taken(
                    [
                        Result(sequence.request.id, sequence.tokens, waveform)
                        for sequence, waveform in zip(batch, waveforms, strict=True)
                    ]
                )
            elif len(batch) > 1:
                self._shrink_batches(batch)
                self._send(batch, lane)
            else:
                yield from self._taken([_no_room(batch[0])])

    def _start_speaking(self, batch: list[Sequence]) -> Speaking | Spoken | None:
        """A batch that is being spoken; None if memory ran out."""
        try:
            with self._stats.busy("synthesis"):
                return self._synthesizer.start(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        self.make_room()
        release(self.device)
        return None

    def _shrink_batches(self, batch: Many[Sequence]) -> None:
        """Halve what is spoken at once, starting from a batch that was too large."""
        longest = max(len(s.tokens.tokens) for s in batch if s.tokens is not None)
        smaller = max(1, longest * len(batch) // 2)
        self._synthesizer.max_batch_tokens = min(self._synthesizer.max_batch_tokens, smaller)
        self._stats.n_shrinks += 1
        logger.warning("out of memory: speaking goes on with smaller batches")

    def _taken(self, results: list[Result]) -> Iterator[Result]:
        """Take results from a list, counting them."""
        while results:
            result = results.pop(0)
            self._stats.n_results += 1
            self._stats.n_errors += result.error is not None
            if result.waveform is not None and result.tokens is not None:
                self._stats.audio_duration += result.waveform.duration
                self._stats.n_tokens += len(result.tokens.tokens)
            yield result


def default_steps_between_looks(device: torch.device) -> int:
    """Decode steps between two looks at the device: looking waits for it, where it is not the processor."""
    return CUDA_STEPS_BETWEEN_LOOKS if device.type == "cuda" else 1


def synthesizer_runner(
    bundle: ModelBundle,
    batch_tokens: int,
    *,
    fused: bool | None = None,
    packs: bool | None = None,
) -> SynthesizerRunner | MelRunner:
    """What makes audio of tokens with these networks."""
    if isinstance(bundle.synthesizer, MelSynthesizer):
        assert bundle.vocoder is not None  # mel synthesizers are loaded with theirs
        return MelRunner(bundle.synthesizer, bundle.vocoder, batch_tokens)
    return SynthesizerRunner(bundle.synthesizer, batch_tokens, fused=fused, packs=packs)


def _no_room(sequence: Sequence) -> Result:
    request_id = sequence.request.id
    problem = "too long for the memory there is; cut its text, or render on a larger device"
    return Result(request_id, sequence.tokens, error=RenderError(f"{request_id}: {problem}"))
