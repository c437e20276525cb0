"""Compares the engine with its rivals in one run: the same random weights, rounds interleaved, ratios only.

    python -m venv rivals
    rivals/bin/pip install torch==2.13.0 numpy==2.4.6 onnxruntime==1.22.1 onnx einops tqdm safetensors
    rivals/bin/pip install --no-deps gsv-tts-lite==0.4.7 genie-tts==2.0.2 gpt-sovits-cpufast==0.1.0
    python bench/side_by_side.py --rivals rivals/bin/python --threads 2 --budget 900 --json figures.json

The first line of packages is all that the parts under test import; what else the rivals ask for reads text and serves pages.
torch is to be the build that this engine runs on too. gpt-sovits-cpufast asks for numpy below 2, but nothing
under test needs that; onnxruntime is the version that genie-tts asks for.

Every engine runs in a process of its own (``worker.py``), one at a time; loading, packing and converting are not timed, and
a first round warms up. Times are per token drawn. A ratio is that of two times of one round, and the median is taken over
the rounds: a machine that is slow for a while is slow for all. Every second round goes through the engines backwards.
Times by the clock need a quiet machine; processor times with ``--threads 1`` do not so much.

Two differences remain, and each is a rival's own: genie-tts makes prompt tokens from features in each decoding and the voice's
style from four seconds of reference in each synthesis, where the others have both at hand.

What matters most comes first in a round: decoding of the largest batch, decoding of one line, synthesis, then the other
batches. No task begins that would end after ``--budget`` seconds, judged by how long it took before, and what
has begun may take a minute more. Ctrl-C ends the run too. What was measured till then is printed and written in any case.
A busy machine needs more
``--patience``: an engine that is slower than that is left out. A row that has only the round that warms up says "first calls only".
"""

import argparse
import json
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import comparison
import workload
from engine_process import Engine, Task

from gsvbatch.gsv.random_models import random_bundle

RIVALS = ("gsv-tts-lite", "cpufast", "genie-tts")
GRACE = 60.0
"""Seconds that a task which has begun may take beyond the budget."""


def tasks_of(batches: list[int]) -> list[Task]:
    """The tasks of a round, what matters most first."""
    first = [Task("decode", max(batches))]
    if 1 in batches:
        first.append(Task("decode", 1))
    first.append(Task("speak", 1))
    others = [Task("decode", batch) for batch in sorted(batches, reverse=True)]
    return list(dict.fromkeys(first + others))


class Rounds:
    """Runs tasks on all engines in turn until rounds or time are used up."""

    def __init__(
        self, engines: list[Engine], tasks: list[Task], deadline: float | None, patience: float
    ) -> None:
        self.engines = engines
        self.tasks = tasks
        self.patience = patience
        """Seconds by the clock after which an engine counts as hanging."""

        self.deadline = deadline
        """By ``time.monotonic``; None for no end."""

        self._took: dict[Task, float] = {}

    def run(self, round_: int) -> bool:
        """Run a round as far as the time allows; whether it was whole."""
        done = [self._run_task(task, round_) for task in self.tasks]
        return all(done)

    def _run_task(self, task: Task, round_: int) -> bool:
        start = time.monotonic()
        if self.deadline is not None and start + self._took.get(task, 0.0) > self.deadline:
            return False
        for engine in reversed(self.engines) if round_ % 2 else self.engines:
            if self.deadline is not None and time.monotonic() > self.deadline:
                return False
            if engine.can(task):
                engine.run(task, round_, self._limit())
                if engine.problem:
                    print(f"{engine.name} is left out: {engine.problem}", file=sys.stderr)
        self._took[task] = time.monotonic() - start
        print(f"round {round_}: {task}, {self._took[task]:.1f} s", file=sys.stderr, flush=True)
        return True

    def _limit(self) -> float:
        """Seconds by the clock that a task may take now."""
        if self.deadline is None:
            return self.patience
        return min(self.patience, max(self.deadline - time.monotonic(), 0.0) + GRACE)


def describe(args: argparse.Namespace, engines: list[Engine]) -> dict[str, Any]:
    """What was measured, and on what."""
    return {
        "machine": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "threads": args.threads,
        "versions": {engine.name: engine.versions for engine in engines},
        "problems": {engine.name: engine.problem for engine in engines if engine.problem},
        "rounds": {engine.name: engine.rounds for engine in engines},
    }


def measure(args: argparse.Namespace, folder: Path) -> list[Engine]:
    """Start the engines and run the rounds; Ctrl-C and a spent budget leave what there is."""
    begin = time.monotonic()
    if not (folder / "model.pth").exists():
        workload.save_checkpoints(random_bundle(), folder)
    engines: list[Engine] = []
    names = {"gsvbatch": sys.executable}
    if args.plain:
        names["gsvbatch-plain"] = sys.executable
    if args.rivals:
        names |= dict.fromkeys(args.engines, args.rivals)
    try:
        for name, python in names.items():
            engines.append(Engine(name, python, folder, args.threads))
            engines[-1].prepare(args.batches)
            print(f"{name}: {engines[-1].problem or 'ready'}", file=sys.stderr, flush=True)
        deadline = None if args.budget is None else begin + args.budget
        rounds = Rounds(engines, tasks_of(args.batches), deadline, args.patience)
        for round_ in range(args.rounds + 1):
            whole = rounds.run(round_)
            if args.json:
                write(args.json, describe(args, engines))  # in case that this process is killed
            if not whole:
                break
    except KeyboardInterrupt:
        print("stopped; the figures so far:", file=sys.stderr)
    finally:
        for engine in engines:
            engine.close()
    return engines


def write(path: Path, content: dict[str, Any]) -> None:
    """Write figures as JSON, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    partial.replace(path)


def main() -> int:
    """Measure, print the tables and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rivals", help="Python of the environment that holds the rivals")
    parser.add_argument("--engines", nargs="*", default=list(RIVALS), choices=RIVALS)
    parser.add_argument("--plain", action="store_true", help="this engine without packing, too")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--rounds", type=int, default=5, help="after the one that warms up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budget", type=float, help="seconds after which nothing new is begun")
    parser.add_argument(
        "--patience", type=float, default=300.0, help="seconds a task may take on an engine"
    )
    parser.add_argument("--models", type=Path, help="folder to keep the weights in")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: print what there is
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = args.models or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        engines = measure(args, folder)
    figures = describe(args, engines)
    for clock, label in (("s", "by the clock"), ("cpu", "processor time")):
        print(f"\n{label}, {args.threads} threads")
        figures[label] = comparison.report(engines, tasks_of(args.batches), clock)
    if args.json:
        write(args.json, figures)
    return 1 if not engines or engines[0].problem else 0


if __name__ == "__main__":
    sys.exit(main())
