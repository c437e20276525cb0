"""Measures Mandarin tones by the course of the pitch, without a recognizer.

    python bench/tones.py render                          # 24 held-out sentences, the eight voices in turn
    python bench/tones.py score LIST.jsonl                # any files: the teacher's recordings, say, or other models
    python bench/tones.py score CORPUS/meta.jsonl --speakers r0380-r0399
    python bench/tones.py fit CORPUS                      # anew, on a corpus of `gsvbatch train prepare`

Each line is read as gsvbatch reads it, its sounds are laid over the audio (`syllables.py`), and the course of the pitch
over each syllable is told apart into tones 1 to 4 (`tone_shapes.py`). Syllables without a tone, and those of which too
little is voiced, are left out. `fit` writes both into `tones.npz`; what comes with the repository was fitted on the
embedded model's teacher. Of a recording by that teacher of a speaker that it was not fitted on, 69 % of tones
are told right; that is the most that this measure can show, and a voice of one pitch gets what `flat` says.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from numpy.typing import NDArray

from bench.spoken import Spoken, Wanted, held_out, read_list, render, write_list, write_project
from bench.syllables import RATE, Aligner, Alignment
from bench.tone_fitting import STORE, fit, load
from bench.tone_shapes import N_TONES, Course, ToneJudge, course, told_shapes
from gsvbatch.audio.pcm import resample
from gsvbatch.audio.reading import read_audio
from gsvbatch.errors import UnpronounceableError
from gsvbatch.text.frontend import Frontend
from gsvbatch.training.teacher_letters import phones_of

TONES = range(1, N_TONES + 1)
VOICES = ("qinghe", "zhou", "xiaoman", "mingde", "lanting", "chengyuan", "clara", "aoi")


@dataclass(frozen=True, slots=True)
class Judged:
    """What was made of one line."""

    meant: NDArray[np.int64]
    """Tones 1 to 4 of the syllables that were judged, (S,)."""

    likely: NDArray[np.float64]
    """Probability of each tone, (S, 4)."""

    flat: NDArray[np.float64]
    """The same if the pitch never moved."""

    n_unvoiced: int
    """Syllables with a tone of which too little is voiced."""

    heard: float
    """Share of frames whose likeliest sound is the one laid there."""

    spread: float
    """Standard deviation of the voiced pitch, semitones."""


def main() -> int:
    """Fit, render or score; print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit", help="the aligner and the judge, on a prepared corpus")
    fitting.add_argument("corpus", type=Path)
    fitting.add_argument("--lines", type=int, default=500, help="to fit on")
    fitting.add_argument("--steps", type=int, default=4000, help="of the aligner's network")
    fitting.add_argument("--out", type=Path, default=STORE)
    scoring = commands.add_parser("score", help="files of a list")
    scoring.add_argument("list", type=Path)
    scoring.add_argument("--speakers", default="", help="a,b or a-z; all if left out")
    rendering = commands.add_parser("render", help="held-out sentences, and score them")
    rendering.add_argument("--lines", type=int, default=24)
    rendering.add_argument("--voices", default=",".join(VOICES), help="in turn")
    rendering.add_argument("--project", type=Path, help="a folder to keep the renders in")
    for command in (scoring, rendering):
        command.add_argument("--json", type=Path, help="write the figures to this file as well")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.command == "fit":
        fit(args.corpus, args.lines, args.steps, args.out)
        return 0
    if args.command == "score":
        files = [file for file in read_list(args.list, args.speakers) if file.lang == "zh"]
    else:
        with tempfile.TemporaryDirectory(prefix="gsvbatch-tones-") as folder:
            return report(rendered(args.project or Path(folder), args), args)
    return report(files, args)


def rendered(folder: Path, args: argparse.Namespace) -> list[Spoken]:
    """Render held-out sentences."""
    voices = args.voices.split(",")
    wanted = [
        Wanted(f"zh-{i:03d}", voices[i % len(voices)], "zh", text)
        for i, text in enumerate(held_out("zh", args.lines))
    ]
    write_project(folder, wanted)
    made = [file for file in render(folder, wanted) if file is not None]
    if len(made) < len(wanted):
        print(f"{len(wanted) - len(made)} lines could not be rendered", file=sys.stderr)
    if args.project:
        write_list(folder / "list.jsonl", ((file, None) for file in made))
    return made


def report(files: Sequence[Spoken], args: argparse.Namespace) -> int:
    """Score files and print the figures; 1 if there is nothing to score."""
    aligner, judge = load(STORE)
    lines = list(judged(files, aligner, judge))
    if not any(len(line.meant) for line in lines):
        print("no Mandarin syllable could be judged", file=sys.stderr)
        return 1
    figures = summary(lines)
    print("\n".join(table(figures)))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def judged(files: Iterable[Spoken], aligner: Aligner, judge: ToneJudge) -> Iterator[Judged]:
    """Judge each file; one whose sounds do not fit into it is named and passed over."""
    frontend = Frontend()
    for file in files:
        waveform = read_audio(file.path)
        try:
            phones = file.phones or tuple(read_phones(frontend, file.text))
            phones = tuple(phone for phone in phones if phone[0].isalpha())
            found = aligner.align(resample(waveform, RATE).samples, phones)
        except (ValueError, UnpronounceableError) as error:
            print(f"{file.path}: passed over: {error}", file=sys.stderr)
            continue
        pitch = course(waveform.samples, waveform.sample_rate)
        yield judge_line(pitch, found, judge)


def judge_line(pitch: Course, found: Alignment, judge: ToneJudge) -> Judged:
    """Judge a line whose syllables are found."""
    rows, tones = told_shapes(pitch, found.syllables)
    still = replace(pitch, semitones=np.zeros_like(pitch.semitones))
    flat_rows, _ = told_shapes(still, found.syllables)
    n_toned = sum(syllable.tone <= N_TONES for syllable in found.syllables)
    spread = float(pitch.semitones[pitch.voiced].std()) if pitch.voiced.any() else 0.0
    return Judged(
        tones,
        judge.likely(rows),
        judge.likely(flat_rows),
        n_toned - len(tones),
        found.heard,
        spread,
    )


def read_phones(frontend: Frontend, text: str) -> Iterator[str]:
    """Yield the syllables of a Mandarin text as gsvbatch reads it, ``mian4``.

    Raises:
        ValueError: It holds words of another language.
    """
    for utterance in frontend.utterances("line", text, "zh"):
        at = 0
        for span in utterance.spans:
            for n in span.phoneme_counts:
                if n == 2:
                    yield from phones_of(utterance.phonemes[at : at + n])
                elif utterance.phonemes[at][0].isalpha():
                    raise ValueError(f"{text}: {utterance.phonemes[at]} is no Mandarin syllable")
                at += n


def summary(lines: Sequence[Judged]) -> dict[str, Any]:
    """Return the figures of several lines together: shares are of syllables."""
    meant = np.concatenate([line.meant for line in lines])
    likely = np.concatenate([line.likely for line in lines])
    flat = np.concatenate([line.flat for line in lines])
    told = likely.argmax(axis=1) + 1
    right = float((told == meant).mean())
    counts = np.array([[int(((meant == a) & (told == b)).sum()) for b in TONES] for a in TONES])
    return {
        "lines": len(lines),
        "syllables": len(meant),
        "right": right,
        "error": float(np.sqrt(right * (1 - right) / len(meant))),
        "likely": float(likely[np.arange(len(meant)), meant - 1].mean()),
        "flat": float((flat.argmax(axis=1) + 1 == meant).mean()),
        "told": counts.tolist(),
        "unvoiced": sum(line.n_unvoiced for line in lines),
        "heard": float(np.mean([line.heard for line in lines])),
        "spread": float(np.mean([line.spread for line in lines])),
    }


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that are printed."""
    f = figures
    yield f"{f['lines']} lines, {f['syllables']} syllables judged, {f['unvoiced']} too little voiced"
    yield f"tones told right: {f['right']:.1%} (standard error {f['error']:.1%}; {f['flat']:.1%} if flat)"
    yield f"probability of the right tone: {f['likely']:.2f}"
    yield f"pitch spreads by {f['spread']:.1f} semitones; frames heard as laid: {f['heard']:.0%}"
    yield "meant \\ told      1      2      3      4"
    for tone, row in zip(TONES, f["told"], strict=True):
        total = max(sum(row), 1)
        yield f"tone {tone} ({sum(row):4d})" + "".join(f"{n / total:7.0%}" for n in row)


if __name__ == "__main__":
    sys.exit(main())
