import pytest

from gsvbatch.text import notation
from gsvbatch.text.notation import NotationError
from gsvbatch.text.reading import Reading


@pytest.mark.parametrize(
    ("text", "spelling", "syllables"),
    [
        ("角", "jue2", ("jue2",)),
        ("角", "jue 2", ("jue2",)),
        ("角", "JUE2", ("jue2",)),
        ("角", "jué", ("jue2",)),
        ("女", "nü3", ("nv3",)),
        ("女", "nu:3", ("nv3",)),
        ("掠", "lüe4", ("lve4",)),
        ("居", "jv1", ("ju1",)),
        ("重庆", "chong2 qing4", ("chong2", "qing4")),
        ("重庆", "chong 2 qing 4", ("chong2", "qing4")),
        ("西安", "xi1'an1", ("xi1", "an1")),
        ("西安", "xi1-an1", ("xi1", "an1")),
    ],
)
def test_pinyin_is_read_in_every_usual_spelling(
    text: str, spelling: str, syllables: tuple[str, ...]
) -> None:
    assert notation.pinyin(text, spelling) == Reading(text, "pinyin", syllables)


@pytest.mark.parametrize(
    ("text", "spelling", "problem"),
    [
        ("角", "jeu2", "not a pinyin syllable"),
        ("角", "jue", "no tone"),
        ("角", "jue7", "tone 7"),
        ("角色", "jue2", "2 characters"),
        ("角", "jue2 se4", "1 characters"),
        ("GPT", "ji1", "Chinese characters only"),
        ("", "ji1", "Chinese characters only"),
    ],
)
def test_wrong_pinyin_is_refused(text: str, spelling: str, problem: str) -> None:
    with pytest.raises(NotationError, match=problem):
        notation.pinyin(text, spelling)


def test_arpabet_is_read_in_any_case() -> None:
    assert notation.arpabet("SQL", "s iy1 k W AH0 L").symbols == ("S", "IY1", "K", "W", "AH0", "L")


@pytest.mark.parametrize(
    ("spelling", "problem"),
    [
        ("", "no phonemes"),
        ("EH N", "lacks its stress"),
        ("EH5 N", "stress of EH5"),
        ("EH1 N1", "takes no stress"),
        ("QQ1", "not an ARPAbet phoneme"),
        ("SP2", "not an ARPAbet phoneme"),
    ],
)
def test_wrong_arpabet_is_refused(spelling: str, problem: str) -> None:
    with pytest.raises(NotationError, match=problem):
        notation.arpabet("word", spelling)


@pytest.mark.parametrize(
    ("text", "spelling", "meaning"),
    [
        ("角色", "jue2 se4", Reading("角色", "pinyin", ("jue2", "se4"))),
        ("SQL", "/S IY1/", Reading("SQL", "arpabet", ("S", "IY1"))),
        ("NVIDIA", "英伟达", "英伟达"),
        ("GPT", "G P T", "G P T"),
        ("2FA", "two factor", "two factor"),
        ("B2", "b2", "b2"),
        ("三", "san", "san"),
    ],
)
def test_free_form_tells_pinyin_phonemes_and_words_apart(
    text: str, spelling: str, meaning: object
) -> None:
    assert notation.free_form(text, spelling) == meaning


@pytest.mark.parametrize(
    ("text", "spelling"), [("角", "jeu2"), ("GPT", "ji1 pi1 ti1"), ("x", " "), ("x", "/ /")]
)
def test_free_form_that_is_meant_as_a_reading_and_is_none_is_refused(
    text: str, spelling: str
) -> None:
    with pytest.raises(NotationError):
        notation.free_form(text, spelling)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1.5", 1.5),
        ("800ms", 0.8),
        ("2秒", 2.0),
        ("300毫秒", 0.3),
        (" .5 s", 0.5),
        ("", 0.5),
        ("strong", 1.0),
        ("0", 0.0),
        ("60", 60.0),
    ],
)
def test_pause_is_read_with_and_without_unit(written: str, seconds: float) -> None:
    assert notation.pause(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written", ["-1", "-0", "61", "99999ms", "1.5.2", "soon", "两秒", "1e3", "nan", "inf"]
)
def test_pause_that_is_no_length_or_out_of_range_is_refused(written: str) -> None:
    with pytest.raises(NotationError):
        notation.pause(written)


def test_known_syllables_come_without_tone() -> None:
    assert {"jiao", "jue"} <= notation.known_syllables("角")
    assert "nv" in notation.known_syllables("女")
    assert notation.known_syllables("A") == frozenset()


@pytest.mark.parametrize("syllable", ["de5", "zhong4", "nv3", "er2"])
def test_stand_in_is_one_character_read_that_way(syllable: str) -> None:
    character = notation.stand_in(syllable)
    assert notation.is_han(character)
    assert syllable[:-1] in notation.known_syllables(character)
