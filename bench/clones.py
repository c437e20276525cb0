"""Measures how much of a new voice the embedded model takes over from a clip of five seconds.

    python bench/clones.py CORPUS/meta.jsonl --speakers r0380-r0399 --project out --json clones.json
    JUDGE out/list.jsonl > scores.jsonl                   # any judge that gives similarity to a reference
    python bench/clones.py CORPUS/meta.jsonl --speakers r0380-r0399 --project out --scores scores.jsonl

Take speakers that no training saw. Of each, the recording nearest to five seconds is enrolled with
`gsvbatch voice enroll`, and held-out sentences of each language are rendered with default settings. What comes out is
compared with the clip:

pitch    median of the rendered lines over that of the clip, in semitones
sex      by whether that median lies over or under 165 Hz (`--threshold`); right if both lie on one side.
         Only a list that has men and women says something of it
colour   long-term average log-mel spectrum of speech, 0 to 8 kHz, its level taken off: distance to the speaker's own
         clip and mean distance to the others' clips, dB, and the rank of the own clip among all, 1 being the nearest.
         What all rendered lines have in common against all clips is taken off for the rank; it says nothing of who speaks

The same is measured on the speakers' other recordings in the list: so near one comes that is the speaker.
A second run with the same `--project` renders nothing anew; after a change of the model take another folder.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from numpy.typing import NDArray

from bench.spoken import Spoken, Wanted, held_out, read_list, render, run, write_list, write_project
from gsvbatch.audio.reading import audio_duration, read_audio
from gsvbatch.audio.reference import ReferenceLimits
from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.training.pitch import track_pitch
from gsvbatch.units import Hertz, Seconds

LANGUAGES = ("zh", "en", "ja")
BEST_LENGTH: Seconds = 5.0
RATE: Hertz = 16000
PITCH_RATE: Hertz = 50
N_MELS = 40
LOUD = 4.0
"""Nepers below the loudest frame within which a frame counts as speech."""

DECIBELS = 20 / np.log(10)
"""In a neper."""

_MEL = LogMel(RATE, 1024, 320, N_MELS)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is measured of one or several files of a voice."""

    pitch: float
    """Median of the voiced frames, hertz; NaN if there are none."""

    colour: NDArray[np.float64]
    """dB in each mel band, its mean taken off, (N_MELS,)."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near one voice came."""

    speaker: str
    clip: Seconds
    lines: int
    clip_pitch: float
    pitch: float
    semitones: float
    """Pitch of the lines over that of the clip."""

    is_sex_right: bool
    own: float
    """Distance of colour to the own clip, dB."""

    others: float
    """Mean distance to the others' clips."""

    rank: int
    """Of the own clip among all, 1 is best."""

    similarity: float | None = None
    """Mean of a judge's scores."""


def main() -> int:
    """Enroll, render, measure, print; 1 if no line could be rendered."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "list", type=Path, help="recordings (bench/spoken.py says how it is written)"
    )
    parser.add_argument("--speakers", default="", help="a,b or a-z; all if left out")
    parser.add_argument("--lines", type=int, default=2, help="a speaker and language")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--threshold", type=float, default=165.0, help="Hz between men and women")
    parser.add_argument("--longest", type=float, default=10.0, help="clip, seconds; at most 10")
    parser.add_argument("--project", type=Path, help="a folder to keep voices and renders in")
    parser.add_argument("--scores", type=Path, help="a judge's JSON lines: path, similarity")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    args = parser.parse_args()
    torch.set_num_threads(1)
    recordings = read_list(args.list, args.speakers)
    clips = choose_clips(recordings, args.longest)
    for speaker in sorted({file.speaker for file in recordings} - set(clips)):
        print(f"{speaker}: no recording that is long or short enough to enroll", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="gsvbatch-clones-") as folder:
        project = args.project or Path(folder)
        made = rendered(project, clips, args)
        if args.project:
            write_list(
                project / "list.jsonl",
                ((f, clips[f.speaker].path) for files in made.values() for f in files),
            )
        heard_clips = {name: hear([clip]) for name, clip in clips.items()}
        heard = {name: hear(files) for name, files in made.items() if files}
    others = {
        name: [file for file in recordings if file.speaker == name and file != clip]
        for name, clip in clips.items()
    }
    ceiling = {name: hear(files) for name, files in others.items() if files}
    scores = read_scores(args.scores) if args.scores else {}
    found = compare(heard_clips, heard, made, clips, args.threshold, scores)
    best = compare(heard_clips, ceiling, others, clips, args.threshold, {})
    if not found:
        print("no line could be rendered", file=sys.stderr)
        return 1
    print(table(found))
    print(
        f"\nrendered:          {outline(found, args.threshold)}\nother recordings:  {outline(best, args.threshold) if best else 'none'}"
    )
    if args.json:
        figures = {"rendered": [asdict(v) for v in found], "recorded": [asdict(v) for v in best]}
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def choose_clips(recordings: Sequence[Spoken], longest: Seconds) -> dict[str, Spoken]:
    """Return the recording of each speaker that is nearest to five seconds, of those that may be enrolled."""
    limits = ReferenceLimits(longest=longest)
    best: dict[str, tuple[Seconds, Spoken]] = {}
    for file in recordings:
        length = audio_duration(file.path)
        distance = abs(length - BEST_LENGTH)
        fits = limits.shortest <= length <= limits.longest
        if fits and (file.speaker not in best or distance < best[file.speaker][0]):
            best[file.speaker] = (distance, file)
    return {speaker: best[speaker][1] for speaker in sorted(best)}


def rendered(
    folder: Path, clips: Mapping[str, Spoken], args: argparse.Namespace
) -> dict[str, list[Spoken]]:
    """Enroll each clip and render its voice's lines; no two voices say the same while sentences last."""
    wanted = [
        Wanted(f"{speaker}-{lang}-{i}", speaker, lang, text)
        for place, speaker in enumerate(clips)
        for lang in args.languages.split(",")
        for i, text in enumerate(held_out(lang, args.lines, place * args.lines))
    ]
    write_project(folder, wanted)
    for speaker, clip in clips.items():
        if not (folder / "voices" / speaker).is_dir():
            run(
                "voice", "enroll", speaker, "--reference", clip.path.resolve(), "--transcript", clip.text,
                "--language", clip.lang, "--consent", "synthetic", "-p", folder,
            )  # fmt: skip
    made: dict[str, list[Spoken]] = {speaker: [] for speaker in clips}
    for line, file in zip(wanted, render(folder, wanted), strict=True):
        if file is None:
            print(f"{line.id}: could not be rendered", file=sys.stderr)
        else:
            made[line.voice].append(file)
    return made


def hear(files: Sequence[Spoken]) -> Heard:
    """Measure pitch and colour of files, all their frames together."""
    pitches, colours = [], []
    for file in files:
        samples = read_audio(file.path, RATE).samples
        hertz, voiced = track_pitch(samples, RATE, len(samples) * PITCH_RATE // RATE, PITCH_RATE)
        pitches.append(hertz[voiced])
        with torch.inference_mode():
            colours.append(_MEL(torch.from_numpy(samples)[None])[0].numpy().T)
    pitch = np.concatenate(pitches)
    return Heard(float(np.median(pitch)) if len(pitch) else float("nan"), colour_of(colours))


def colour_of(spectra: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return the average spectrum of speech, dB, less its mean, (N_MELS,), of log-mels in nepers, (F, N_MELS) each."""
    loud = []
    for mel in spectra:
        level = mel.mean(axis=1)
        loud.append(mel[level >= level.max() - LOUD])
    mean = np.concatenate(loud).astype(np.float64).mean(axis=0) * DECIBELS
    found: NDArray[np.float64] = mean - mean.mean()
    return found


def distances(one: NDArray[np.float64], many: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return root mean square differences, dB, of a colour (N_MELS,) and several (N, N_MELS): (N,)."""
    found: NDArray[np.float64] = np.sqrt(np.square(many - one).mean(axis=1))
    return found


def compare(
    clips: Mapping[str, Heard],
    heard: Mapping[str, Heard],
    files: Mapping[str, Sequence[Spoken]],
    sources: Mapping[str, Spoken],
    threshold: float,
    scores: Mapping[str, float],
) -> list[Likeness]:
    """Compare what is heard of each voice with all clips.

    Args:
        clips: Of each speaker.
        heard: Of those who have lines.
        files: Those lines.
        sources: The clips' files.
        threshold: Hertz between men and women.
        scores: Similarity by a file's absolute path, if a judge was asked.
    """
    names = list(clips)
    targets = np.stack([clips[name].colour for name in names])
    if not heard:
        return []
    known = np.stack([clips[name].colour for name in heard]).mean(axis=0)
    shared = np.stack([voice.colour for voice in heard.values()]).mean(axis=0) - known
    found = []
    for name, voice in heard.items():
        at = names.index(name)
        far = distances(voice.colour, targets)
        ranked = distances(voice.colour - shared, targets)
        clip_pitch = clips[name].pitch
        similar = [scores[path] for f in files[name] if (path := str(f.path.resolve())) in scores]
        found.append(
            Likeness(
                speaker=name,
                clip=round(audio_duration(sources[name].path), 2),
                lines=len(files[name]),
                clip_pitch=clip_pitch,
                pitch=voice.pitch,
                semitones=float(12 * np.log2(voice.pitch / clip_pitch)),
                is_sex_right=(voice.pitch > threshold) == (clip_pitch > threshold),
                own=float(far[at]),
                others=float(np.delete(far, at).mean()) if len(names) > 1 else float("nan"),
                rank=int((ranked < ranked[at]).sum()) + 1,
                similarity=float(np.mean(similar)) if similar else None,
            )
        )
    return found


def read_scores(path: Path) -> dict[str, float]:
    """Return a judge's similarities by file."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["path"]: row["similarity"] for row in rows if "path" in row and "similarity" in row}


def table(found: Sequence[Likeness]) -> str:
    """Return what is printed, a line a speaker."""
    rows = [
        "speaker      clip s  lines  clip Hz  lines Hz  semitones  sex    own dB  others dB  rank  similar"
    ]
    for v in found:
        similar = "" if v.similarity is None else f"{v.similarity:.2f}"
        sex = "right" if v.is_sex_right else "wrong"
        rows.append(
            f"{v.speaker:12s} {v.clip:6.1f} {v.lines:6d} {v.clip_pitch:8.0f} {v.pitch:9.0f} {v.semitones:+10.1f}  "
            f"{sex:5s} {v.own:7.1f} {v.others:10.1f} {v.rank:5d}  {similar:>7s}"
        )
    return "\n".join(rows)


def outline(found: Sequence[Likeness], threshold: float) -> str:
    """Return the figures of all speakers together."""
    n_low = sum(v.clip_pitch <= threshold for v in found)
    pitches = np.log([[v.clip_pitch, v.pitch] for v in found])
    follows = float(np.corrcoef(pitches.T)[0, 1]) if len(found) > 2 else float("nan")
    off = np.abs([v.semitones for v in found])
    ranks = np.array([v.rank for v in found])
    similar = [v.similarity for v in found if v.similarity is not None]
    return (
        f"{len(found)} speakers; pitch off by {np.median(off):.1f} semitones in the median, {off.max():.1f} at most, correlation "
        f"{follows:.2f}; "
        f"sex right of {sum(v.is_sex_right for v in found)}, {n_low} of them men by their clips; colour {np.mean([v.own for v in found]):.1f} dB from the "
        f"own clip, {np.mean([v.others for v in found]):.1f} from others; own clip nearest for {(ranks == 1).sum()}, "
        f"among the three nearest for {(ranks <= 3).sum()}, mean rank {ranks.mean():.1f}"
        + (f"; similarity {np.mean(similar):.2f}, least {min(similar):.2f}" if similar else "")
    )


if __name__ == "__main__":
    sys.exit(main())
