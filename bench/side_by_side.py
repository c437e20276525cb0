"""Compares the engine with its rivals in one run: the same random weights, rounds interleaved, ratios only.

    python -m venv rivals
    rivals/bin/pip install gsv-tts-lite genie-tts gpt-sovits-cpufast        # or --no-deps, and what they import
    python bench/side_by_side.py --rivals rivals/bin/python --rounds 3

Every engine runs in a process of its own (``worker.py``), one at a time. Prints the median of each and, of the
ratios within a round, the median: a machine that is slow for a while is slow for all. Times by the clock
need a quiet machine; processor times with ``--threads 1`` do not.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import workload

from gsvbatch.gsv.random_models import random_bundle

WORKER = Path(__file__).parent / "worker.py"
RIVALS = ("gsv-tts-lite", "genie-tts", "cpufast")
AUDIO = workload.N_TOKENS / workload.SEMANTIC_RATE
"""Seconds of a line."""


class Engine:
    """A worker and what it has answered."""

    def __init__(self, name: str, python: str, folder: Path, threads: int) -> None:
        self.name = name
        self.times: dict[str, list[dict[str, Any] | None]] = {}
        self._log = folder / f"{name}.log"
        self._process = subprocess.Popen(
            [python, str(WORKER), name, str(folder), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log.open("w", encoding="utf-8"),  # a pipe would fill up, and block it
            text=True,
        )
        if self._ask(None) is None:
            raise SystemExit(f"{name} does not start:\n{self._log.read_text()[-2000:]}")

    def run(self, what: str, batch: int) -> None:
        """Do a task and note how long it took, or that it failed."""
        task = {"what": what, "batch": batch}
        self.times.setdefault(f"{what} {batch}", []).append(self._ask(task))

    def close(self) -> None:
        """End the worker."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, task: dict[str, Any] | None) -> dict[str, Any] | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if task is not None:
            print(json.dumps(task), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        return json.loads(answer) if answer else None


def can(name: str, what: str, batch: int) -> bool:
    """Whether an engine has such a mode."""
    return not (name == "genie-tts" and what == "decode" and batch > 1)


def seconds(engine: Engine, task: str, clock: str) -> list[float]:
    """What a task took in each round, NaN where it failed."""
    return [each[clock] if each else float("nan") for each in engine.times.get(task, [])]


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Of the times within a round: how many times as fast as they we are."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return statistics.median(ratios) if ratios else float("nan")


def report(engines: list[Engine], batches: list[int], clock: str) -> dict[str, Any]:
    """Print the tables and return their figures."""
    figures: dict[str, Any] = {}
    ours = engines[0]
    tasks = [f"decode {batch}" for batch in batches] + ["speak 1"]
    for task in tasks:
        for engine in engines:
            times = seconds(engine, task, clock)
            if not times:
                continue
            n = max(1, int(task.split()[1]))
            made = n * workload.N_TOKENS if task != "speak 1" else AUDIO
            rate = made / statistics.median(times)
            ratio = median_ratio(seconds(ours, task, clock), times)
            unit = "audio-s/s" if task == "speak 1" else "tokens/s"
            figures[f"{task}, {engine.name}"] = {"rate": rate, "we are faster by": ratio}
            print(f"{task:10} {engine.name:16} {rate:8.2f} {unit:9} we: {ratio:.2f} x")
    best = max(batches)
    for engine in engines:
        batch = best if can(engine.name, "decode", best) else 1
        both = [
            t / batch + s
            for t, s in zip(
                seconds(engine, f"decode {batch}", clock),
                seconds(engine, "speak 1", clock),
                strict=True,
            )
        ]
        mine = [
            t / best + s
            for t, s in zip(
                seconds(ours, f"decode {best}", clock),
                seconds(ours, "speak 1", clock),
                strict=True,
            )
        ]
        rate, ratio = AUDIO / statistics.median(both), median_ratio(mine, both)
        figures[f"together, {engine.name}"] = {"rate": rate, "we are faster by": ratio}
        print(
            f"together   {engine.name:16} {rate:8.2f} audio-s/s we: {ratio:.2f} x (decoding at {batch})"
        )
    return figures


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rivals", help="Python of the environment that holds the rivals")
    parser.add_argument("--engines", nargs="*", default=list(RIVALS), choices=RIVALS)
    parser.add_argument("--plain", action="store_true", help="this engine without packing, too")
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", type=Path, help="folder to keep the weights in")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = args.models or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "model.pth").exists():
            workload.save_checkpoints(random_bundle(), folder)
        engines = [Engine("gsvbatch", sys.executable, folder, args.threads)]
        if args.plain:
            engines.append(Engine("gsvbatch-plain", sys.executable, folder, args.threads))
        if args.rivals:
            engines += [Engine(name, args.rivals, folder, args.threads) for name in args.engines]
        tasks = [("decode", batch) for batch in args.batches] + [("speak", 1)]
        for round_ in range(args.rounds + 1):
            for what, batch in tasks:
                for engine in engines:
                    if can(engine.name, what, batch):
                        engine.run(what, batch)
            if round_ == 0:  # warms up
                for engine in engines:
                    engine.times.clear()
            print(f"round {round_} of {args.rounds}", file=sys.stderr, flush=True)
    figures = {}
    for clock, label in (("s", "by the clock"), ("cpu", "processor time")):
        print(f"\n{label}, {args.threads} threads, {args.rounds} rounds")
        figures[label] = report(engines, args.batches, clock)
    for engine in engines:
        engine.close()
    if args.out:
        args.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
