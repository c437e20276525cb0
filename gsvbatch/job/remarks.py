"""What a plan and a report say about how Mandarin is spoken: with which prosody, and by whose readings."""

from collections.abc import Iterator, Sequence

from gsvbatch.job.desk import Case
from gsvbatch.job.mandarin import MandarinModels


def mandarin_remarks(cases: Sequence[Case], models: MandarinModels) -> tuple[str, ...]:
    """A sentence each about prosody and polyphones; none where nothing of it plays a part.

    Args:
        cases: The lines of a job; blocked ones are passed over.
        models: What the project has for Mandarin.
    """
    mandarin = [case for case in cases if case.part is not None and _is_mandarin(case)]
    with_prosody = [case for case in mandarin if case.part and case.part.voice.takes_bert]
    remarks = [*_prosody(with_prosody), *_enrolled_without(with_prosody)]
    if mandarin and models.g2pw is not None:
        remarks.append(f"polyphones: read by g2pW ({models.g2pw.folder})")
    elif mandarin and (with_prosody or models.hint):
        hint = models.hint or "g2pW reads more of them: gsvbatch models pull g2pw"
        remarks.append(f"polyphones: read by dictionaries; {hint}")
    return tuple(remarks)


def _is_mandarin(case: Case) -> bool:
    return any(span.has_prosody for utterance in case.utterances for span in utterance.spans)


def _prosody(cases: Sequence[Case]) -> Iterator[str]:
    folders = {case.part.voice.ref.bert for case in cases if case.part}
    for folder in sorted(folders, key=str):
        n = sum(case.part.voice.ref.bert == folder for case in cases if case.part)
        lines = "1 line" if n == 1 else f"{n} lines"
        if folder is None:
            yield (
                f"prosody of Mandarin: {lines} without BERT features, which their models were "
                "trained with; gsvbatch models pull bert brings them"
            )
        else:
            yield f"prosody of Mandarin: {lines} with BERT features ({folder})"


def _enrolled_without(cases: Sequence[Case]) -> Iterator[str]:
    voices = {case.part.voice.ref.name: case.part.voice for case in cases if case.part}
    for name, voice in sorted(voices.items()):
        if voice.ref.bert and voice.ref.lacks_prompt_bert:
            yield (
                f"voice {name!r} was enrolled without BERT features; gsvbatch voice enroll --replace "
                "with its clip adds those of its transcript"
            )
