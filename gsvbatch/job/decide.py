"""What happens to one line, and why: a pure function of what is wanted and what is there.

The order of the questions is the order of the functions: is there a delivered take; does it still
fit; is its file whole; was it good enough.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from gsvbatch.config import Trigger
from gsvbatch.job.files import OutputFolder, is_delivered
from gsvbatch.job.fingerprint import Parts, changes
from gsvbatch.job.records import Action, Reason
from gsvbatch.manifest import LineRow, TakeRow


@dataclass(frozen=True, slots=True)
class Wish:
    """What a line should be now, and what the manifest has of it."""

    line_id: str
    voice: str
    parts_of: Callable[[int], Parts]
    """The parts for a variation."""

    frontend: str
    lexicon: str
    delivered: str
    """Path of the delivered file, relative to the output folder."""

    row: LineRow | None
    takes: Sequence[TakeRow]


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts as a reason."""

    rerun_on: Collection[Trigger]
    force: bool
    verify: bool
    last_completed_run: int
    """Failed takes of later, unfinished runs are not tried again: a resumed run ends as an
    uninterrupted one would."""

    orphan: Callable[[str, str], tuple[str, int] | None]
    """Fingerprint and number of the take that a file (path, line id) says to be, or None."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a line."""

    action: Action
    reason: Reason
    variation: int
    detail: str = ""
    take: TakeRow | None = None
    """The take that is kept or restored."""

    delivered: str = ""
    """Path of its file, if that is not where a new one would be."""


def decide(wish: Wish, policy: Policy, output: OutputFolder) -> Decision:
    """Say what happens to a line."""
    variation = wish.row.variation if wish.row else 0
    parts = wish.parts_of(variation)
    if policy.force:
        return Decision(Action.RENDER, Reason.FORCED, variation)
    take = _delivered_take(wish)
    if take is None:
        return _without_rendering(wish, policy, output, variation) or Decision(
            Action.RENDER, Reason.NEW, variation
        )
    settled, detail = _why_it_fits(wish, take, parts, variation, policy)
    if settled is not None:
        return _check_file(wish, take, settled, detail, policy, output, variation)
    triggers = changes(
        take, parts, variation=variation, frontend=wish.frontend, lexicon=wish.lexicon
    )
    active = [trigger for trigger in triggers if trigger in policy.rerun_on]
    return _without_rendering(wish, policy, output, variation) or Decision(
        Action.RENDER, Reason(active[0].value), variation, _describe(active, take, wish)
    )


def _delivered_take(wish: Wish) -> TakeRow | None:
    take_id = wish.row.take_id if wish.row else None
    return next((take for take in wish.takes if take.id == take_id), None)


def _why_it_fits(
    wish: Wish, take: TakeRow, parts: Parts, variation: int, policy: Policy
) -> tuple[Reason | None, str]:
    """Why the delivered take may stay, or None if it may not."""
    then = Parts.of_take(take)
    row = wish.row
    if row and row.is_picked and then.fingerprint_of_any_seed == parts.fingerprint_of_any_seed:
        return Reason.PICKED, f"take {take.number}"
    tags_count = Trigger.TAGS in policy.rerun_on and then.tags != parts.tags
    if take.fingerprint == parts.fingerprint and not tags_count:
        return Reason.UP_TO_DATE, ""
    if row and row.accepted == parts.fingerprint and not tags_count:
        return Reason.ACCEPTED, ""
    triggers = changes(
        take, parts, variation=variation, frontend=wish.frontend, lexicon=wish.lexicon
    )
    if any(trigger in policy.rerun_on for trigger in triggers):
        return None, ""
    return Reason.SWITCHED_OFF, f"changed, but not rendered for: {', '.join(triggers)}"


def _check_file(
    wish: Wish,
    take: TakeRow,
    reason: Reason,
    detail: str,
    policy: Policy,
    output: OutputFolder,
    variation: int,
) -> Decision:
    """A take that fits: is its file there, and was it good?"""
    is_in_format = take.part_audio == wish.parts_of(variation).audio
    place = wish.delivered if is_in_format else output.kept_path(take, wish.delivered)
    # A killed run may have replaced the file of a line that it had yet to settle, and under a name
    # that is the line's no more another line's file may stand.
    is_pending = wish.row is not None and wish.row.status == "pending"
    verify = policy.verify or is_pending or take.path != place
    found = output.find(take, place, verify=verify)
    if found is None:
        # Where the line is to be now, another line's file may be.
        is_there = take.path == place and output.absolute(place).exists()
        trigger = Trigger.FILE_CHANGED if is_there else Trigger.FILE_MISSING
        if trigger not in policy.rerun_on:
            return Decision(Action.KEEP, Reason.SWITCHED_OFF, variation, trigger.value, take)
        detail = take.path or f"the file of take {take.number} was given up"
        return _without_rendering(wish, policy, output, variation) or Decision(
            Action.RENDER, Reason(trigger.value), variation, detail
        )
    may_retry = take.run_id is None or take.run_id <= policy.last_completed_run
    is_retried = may_retry and Trigger.QA_FAILED in policy.rerun_on
    # Before the take is put back: the file in its place may be the retry that a killed run made.
    if take.verdict == "failed" and is_retried and reason is not Reason.PICKED:
        return _without_rendering(wish, policy, output, variation + 1) or Decision(
            Action.RENDER, Reason.QA_FAILED, variation + 1, "; ".join(json.loads(take.problems))
        )
    if found != place:
        is_renamed = found == take.path and is_delivered(found)
        why = Reason.RENAMED if is_renamed else Reason.LEFT_BY_CRASH
        return Decision(Action.RESTORE, why, variation, found if is_renamed else "", take, place)
    return Decision(Action.KEEP, reason, variation, detail, take, place)


def _without_rendering(
    wish: Wish, policy: Policy, output: OutputFolder, variation: int
) -> Decision | None:
    """What is wanted may exist: as an older take, or as a file whose row a crash prevented."""
    parts = wish.parts_of(variation)
    orphan = policy.orphan(wish.delivered, wish.line_id)
    if orphan is not None:
        fingerprint, number = orphan
        # A number that has a row is no orphan but a file that somebody changed.
        if fingerprint == parts.fingerprint and all(t.number != number for t in wish.takes):
            return Decision(Action.ADOPT, Reason.LEFT_BY_CRASH, variation)
    for take in reversed(wish.takes):
        then = Parts.of_take(take)
        if take.fingerprint != parts.fingerprint:
            continue
        if then.tags != parts.tags and Trigger.TAGS in policy.rerun_on:
            continue
        found = output.find(take, wish.delivered, verify=True)
        if found is not None:
            detail = f"take {take.number} fits again"
            return Decision(Action.RESTORE, Reason.UNDONE, variation, detail, take)
    return None


def _describe(triggers: Sequence[Trigger], take: TakeRow, wish: Wish) -> str:
    words: list[str] = []
    for trigger in triggers:
        if trigger is Trigger.VOICE:
            same = take.voice == wish.voice
            words.append("enrolled again" if same else f"{take.voice} -> {wish.voice}")
        elif trigger is Trigger.BERT:
            words.append(_about_bert(take.part_bert, wish.parts_of(take.variation).bert))
        elif trigger is not triggers[0]:
            words.append(f"also {trigger.value}")
    return ", ".join(words)


def _about_bert(then: str, now: str) -> str:
    if not then:
        return "was spoken without prosody features"
    return "with other prosody features" if now else "was spoken with prosody features"
