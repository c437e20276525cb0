"""Characters that nobody sees: they stop neither a line nor a work."""

from pathlib import Path

from gsvbatch.audio import read_tags
from tests.cli.conftest import WORKS, Run
from tests.job.tones import ToneRunner, make_project


def test_marks_in_cells_and_blanks_around_titles_are_nothing(
    run: Run, runner: ToneRunner, workplace: Path
) -> None:
    settings = WORKS.replace("project: Tones", 'project: "小镇\u3000"')
    settings = settings.replace("album: {", 'album: {title: "\u3000小镇 一\u3000", ')
    script = "id,speaker,text\na1,Anna,\ufeffHello there.\n\ufeffa2,Ben,Good\ufeff morning.\n"
    make_project(workplace, script=script, settings=settings)
    ran = run("render")
    assert ran.code == 0, ran.err
    (work,) = (workplace / "outputs" / "works").glob("*.wav")
    assert read_tags(work).project == "小镇 一"
    assert read_tags(workplace / "outputs" / "lines" / "a1.wav").text == "Hello there."
