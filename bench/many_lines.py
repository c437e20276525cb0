"""Renders ten thousand short lines as a job and watches memory, pace, and how long looking at it takes.

    python bench/many_lines.py                          # 10,000 lines, some minutes
    python bench/many_lines.py --lines 1000 --every 100 --pairs 2

Real classes with tiny random networks, in a real project: text frontend, engine, gates, files and manifest are
those of any job, and small networks leave them the most of the time. Every so many lines the resident
memory of the rendering process is noted, what a line cost since the last look, and what `plan`, `status` and `ls`
take meanwhile in another process: processor time, without the interpreter's start (0.8 s). A healthy
job has a flat curve: the last looks are like the second.
"""

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from bench.leak import resident
from gsvbatch.gsv.native import save_native
from gsvbatch.gsv.source import ModelSource, native_source
from gsvbatch.job import (
    Event,
    EventKind,
    Project,
    RenderReport,
    assemble,
    list_lines,
    open_project,
    plan,
    render,
    status,
)
from tests import toy  # tiny networks in real containers

LOOKS = {"plan": plan, "status": status, "ls": list_lines}
END_LOUDNESS = 3.0
"""How much louder than in tests the end token is: lines are of a second, not of two."""

SYNTHESIZER = replace(
    toy.SYNTHESIZER,
    upsample_rates=(5, 4, 2, 2, 2),
    upsample_kernels=(9, 8, 2, 2, 2),
    resblock_kernels=(3,),
    resblock_dilations=((1,),),
    sample_rate=8000,
)
"""A quarter of the usual samples: what is watched is the job, not the networks."""

TOLERATED_GROWTH = 1.1
"""Resident memory at the end over that at the second look."""

TOLERATED_SLOWDOWN = 1.25
"""Processor time of a line at the end over that at the second look."""

WORDS = [
    "north",
    "gate",
    "harbour",
    "winter",
    "lantern",
    "river",
    "stone",
    "garden",
    "market",
    "engine",
    "paper",
    "silver",
    "forest",
    "letter",
    "window",
    "candle",
    "bridge",
    "summer",
    "captain",
    "island",
    "mirror",
    "copper",
    "village",
    "thunder",
    "shadow",
]

TEMPLATES = (
    "Meet me at the {} {}.",
    "Who took the {} from the {}?",
    "Not the {}, the {}!",
    "She said the {} was near the {}.",
)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a running job."""

    n_lines: int
    elapsed: float
    """Seconds since the start, looks left out."""

    memory: float
    """Resident, MB."""

    pace: float
    """Lines a second since the last look, by the clock."""

    cost: float
    """Processor time of a line since the last look, milliseconds."""

    commands: dict[str, float]
    """Processor seconds of each look at the job."""


def main() -> int:
    """Write a project, render it, print the curve; 1 if memory or cost of a line grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=500, help="lines between two looks")
    parser.add_argument("--pairs", type=int, default=1, help="of models, with a voice each")
    parser.add_argument("--scripts", type=int, default=10, help="files that the lines stand in")
    parser.add_argument("--barks", type=float, default=0.3, help="share of lines said before")
    parser.add_argument("--assemble", action="store_true", help="join each script into a work")
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    args = parser.parse_args()
    if args.look:
        print(json.dumps(look_at(open_project(args.look))))
        return 0
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="gsvbatch-many-") as folder:
        project = make_project(Path(folder), args)
        before = command_times(project)
        print(f"{os.cpu_count()} cores, torch {torch.__version__}, one thread")
        print("before the first render:", ", ".join(f"{n} {t:.2f} s" for n, t in before.items()))
        watch = Watch(project, args.every)
        report = render(project, on_event=watch)
        print(summary(report))
        if args.assemble:
            print(f"resident before assembling {resident():.0f} MB")
            started = time.process_time()
            assemble(project)
            spent = time.process_time() - started
            print(f"assembling: {spent:.1f} s, at most {peak():.0f} MB resident")
        started = time.process_time()
        again = render(project)
        print(f"a render with nothing to do: {time.process_time() - started:.2f} s, "
              f"{again.n_kept} kept")  # fmt: skip
    print(f"at most {peak():.0f} MB resident")
    if args.json:
        curve = [asdict(look) for look in watch.looks]
        args.json.write_text(json.dumps({"before": before, "curve": curve}, indent=1) + "\n")
    return int(has_grown(watch.looks))


def make_project(root: Path, args: argparse.Namespace) -> Project:
    """A project of short lines, some of which are said again and again, spread over scripts."""
    draw = random.Random(1)
    names = [f"voice{i}" for i in range(args.pairs)]
    for i, name in enumerate(names):
        source = write_models(root / "models" / name, 10 * i + 1)
        toy.toy_voice(root / "voices", source, name, i + 1)
    barks = ["Over here!", "Hello.", "Good morning.", "Reloading!", "I see him.", "Watch out!"]
    per_script = -(-args.lines // args.scripts)
    number = 0
    for script in range(args.scripts):
        path = root / "scripts" / f"part{script:02d}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["speaker", "text"])  # no ids: the job gives them, the costlier way
            for _ in range(min(per_script, args.lines - number)):
                text = draw.choice(barks)
                if draw.random() >= args.barks:
                    text = draw.choice(TEMPLATES).format(draw.choice(WORDS), draw.choice(WORDS))
                rows.writerow([f"S{number % args.pairs}", text])
                number += 1
    speakers = ", ".join(f"S{i}: {name}" for i, name in enumerate(names))
    (root / "gsvbatch.yaml").write_text(
        f"scripts: scripts/*.csv\nspeakers: {{{speakers}}}\nalbum: {{date: 2026-01-01}}\n"
        "audio: {format: wav, preset: none}\nassemble: {formats: flac}\nretries: 0\n"
        "engine: {device: cpu, cache_size: 0}\n",
        encoding="utf-8",
    )
    return open_project(root / "gsvbatch.yaml")


def write_models(folder: Path, seed: int) -> ModelSource:
    """A pair of tiny networks whose lines end soon."""
    t2s = toy.toy_t2s(seed)
    with torch.no_grad():
        t2s.ar_predict_layer.weight[t2s.config.eos].mul_(END_LOUDNESS)
    save_native(folder, t2s, toy.toy_synthesizer(seed + 1, SYNTHESIZER), None, version="toy")
    return native_source(folder)


class Watch:
    """A listener that looks at the job every so many lines."""

    def __init__(self, project: Project, every: int) -> None:
        self._project = project
        self._every = every
        self.looks: list[Look] = []
        self._n_last = 0
        self._looking = self._elapsed = 0.0
        self._started = self._last = time.perf_counter()
        self._cpu = time.process_time()

    def __call__(self, event: Event) -> None:
        """Look, if it is time to."""
        if event.kind is EventKind.LOADING:
            print(f"planned after {time.process_time() - self._cpu:.1f} s of processor time, "
                  f"{resident():.0f} MB resident")  # fmt: skip
            self._last, self._cpu = time.perf_counter(), time.process_time()
        if event.kind not in {EventKind.LINE_DONE, EventKind.LINE_FAILED}:
            return
        is_due = event.n_done >= self._n_last + self._every or event.n_done == event.n_total
        if event.n_done == self._n_last or not is_due:
            return
        n_new = event.n_done - self._n_last
        took, cpu = time.perf_counter() - self._last, time.process_time() - self._cpu
        self._elapsed += took
        commands = command_times(self._project)
        look = Look(
            event.n_done, self._elapsed, resident(), n_new / took, cpu / n_new * 1000, commands
        )
        self.looks.append(look)
        print(f"{look.n_lines:6} lines {look.elapsed:7.1f} s  resident {look.memory:7.1f} MB  "
              f"{look.pace:6.1f} lines/s  {look.cost:6.2f} ms a line  "
              + "  ".join(f"{n} {t:.2f} s" for n, t in commands.items()), flush=True)  # fmt: skip
        self._n_last = event.n_done
        self._last, self._cpu = time.perf_counter(), time.process_time()


def command_times(project: Project) -> dict[str, float]:
    """Processor seconds that each look at a job takes, in a process of its own."""
    command = [sys.executable, __file__, "--look", str(project.file)]
    done = subprocess.run(command, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def look_at(project: Project) -> dict[str, float]:
    """Processor seconds of each look."""
    times = {}
    for name, look in LOOKS.items():
        started = time.process_time()
        look(project)
        times[name] = time.process_time() - started
    return times


def summary(report: RenderReport) -> str:
    """What the run did, stage by stage."""
    busy = ", ".join(f"{name} {took:.1f} s" for name, took in report.stages.items())
    return (
        f"{report.n_rendered} rendered, {len(report.failed)} failed; {report.audio:.0f} s of audio "
        f"in {report.elapsed:.0f} s; busy: {busy}; the bottleneck is {report.bottleneck}"
    )


def has_grown(looks: list[Look]) -> bool:
    """Whether memory or the cost of a line grew after the second look, when all buffers have their size."""
    if len(looks) < 3:
        return False
    settled, last = looks[1], looks[-1]
    return (
        last.memory > settled.memory * TOLERATED_GROWTH
        or last.cost > settled.cost * TOLERATED_SLOWDOWN
    )


def peak() -> float:
    """The most memory that this process has ever had resident, MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    sys.exit(main())
