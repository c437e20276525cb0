"""Tables of a comparison: each engine's rate, and the median of the ratios within rounds."""

import statistics
from typing import Any

import workload
from engine_process import Engine, Task

AUDIO = workload.N_TOKENS / workload.SEMANTIC_RATE
"""Seconds of a line."""

Times = dict[int, float]
"""By round, seconds that a line took."""


def seconds(engine: Engine, task: Task, clock: str) -> Times:
    """What a line of a task took in each round, that of warming up included."""
    return {
        round_: answer[clock] * task.size / answer["n"] / task.batch
        for round_, answer in engine.rounds.get(str(task), {}).items()
    }


def warm(times: Times) -> Times:
    """Without the round that warms up, unless there is no other."""
    return {round_: taken for round_, taken in times.items() if round_} or times


def ratios(ours: Times, theirs: Times) -> list[float]:
    """In each round that both have: how many times as fast as they we are."""
    return [theirs[round_] / ours[round_] for round_ in sorted(ours.keys() & theirs.keys())]


def both(engine: Engine, tasks: list[Task], clock: str) -> tuple[Times, Task | None]:
    """Decoding and synthesis of a line, and the batch it was decoded in: that which served the engine best."""
    spoken = seconds(engine, Task("speak", 1), clock)
    decoded = {task: seconds(engine, task, clock) for task in tasks if task.what == "decode"}
    decoded = {task: times for task, times in decoded.items() if times.keys() & spoken.keys()}
    if not decoded:
        return {}, None
    best = min(decoded, key=lambda task: statistics.median(warm(decoded[task]).values()))
    times = decoded[best]
    return {round_: times[round_] + spoken[round_] for round_ in times.keys() & spoken.keys()}, best


def report(engines: list[Engine], tasks: list[Task], clock: str) -> dict[str, Any]:
    """Print the tables and return their figures."""
    figures: dict[str, Any] = {}
    for task in tasks:
        for engine in engines:
            is_decoding = task.what == "decode"
            made, unit = (workload.N_TOKENS, "tokens/s") if is_decoding else (AUDIO, "audio-s/s")
            ours = seconds(engines[0], task, clock)
            figures |= _row(str(task), engine, ours, seconds(engine, task, clock), made, unit)
    alone = [task for task in tasks if task.batch == 1]
    for chosen, name in ((alone, "both 1"), (tasks, "both, best")):
        ours, _ = both(engines[0], chosen, clock) if engines else ({}, None)
        for engine in engines:
            times, decoding = both(engine, chosen, clock)
            note = f" ({decoding})" if name != "both 1" else ""
            figures |= _row(name, engine, ours, times, AUDIO, "audio-s/s", note)
    return figures


def _row(
    name: str, engine: Engine, ours: Times, theirs: Times, made: float, unit: str, note: str = ""
) -> dict[str, Any]:
    """Print a row; its figures, or nothing where nothing was measured."""
    ours, theirs = warm(ours), warm(theirs)
    if not theirs:
        return {}
    rate = made / statistics.median(theirs.values())
    within = ratios(ours, theirs)
    row: dict[str, Any] = {"rate": rate, "unit": unit, "rounds": len(theirs)}
    text = f"{name:11} {engine.name:15} {rate:8.2f} {unit:9} {len(theirs)} rounds"
    if within:
        row["we are faster by"] = statistics.median(within)
        row["from"], row["to"] = min(within), max(within)
        text += f", we: {statistics.median(within):.2f} x ({min(within):.2f} to {max(within):.2f})"
    if 0 in theirs:
        text += ", first calls only"
        row["first calls only"] = True
    print(text + note)
    return {f"{name}, {engine.name}": row}
