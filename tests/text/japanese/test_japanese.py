import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.errors import MissingExtraError
from gsvbatch.text.japanese import Japanese
from gsvbatch.text.reading import Reading


@pytest.fixture(scope="module")
def japanese() -> Japanese:
    return Japanese()


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        # marks
        ("こんにちは、世界。", "こんにちは,世界."),
        ("えっ！？何…………", "えっ!何…"),
        ("……そうか。", "…そうか."),
        ("「はい」「いいえ」と彼は『言った』。", "はい,いいえと彼は言った."),
        ("東京（日本）へ――行く。", "東京,日本,へ,行く."),
        ("すごーい〜〜！", "すごーいー!"),
        ("東京〜大阪", "東京から大阪"),
        ("ジョン・スミス", "ジョン・スミス"),
        ("答えは5。3本ください", "答えは5.3本ください"),
        # widths and squared words
        ("ｶﾞｷﾞｸﾞとＡＢＣと５", "ガギグとABCと5"),
        ("㈱田中の㎡と①番とⅣ章", "株式会社田中のm2と1番と4章"),
        # numbers
        ("1,234,567円", "1234567円"),
        ("12.5倍で.5秒", "12．5倍で0．5秒"),
        ("バージョン1.2.3", "バージョン1点2点3"),
        ("007", "ゼロゼロナナ"),
        ("-5と±3", "マイナス5とプラスマイナス3"),
        ("3+5=8です", "3たす5は8です"),
        ("10 - 4 = 6", "10ひく4は6"),
        ("1/2の確率で3:2", "2分の1の確率で3対2"),
        ("½カップと1½カップ", "2分の1カップと1と2分の1カップ"),
        ("5〜10人、10-20代", "5から10人,10から20代"),
        ("電話は03-1234-5678まで", "電話はゼロサン,イチニーサンヨン,ゴーロクナナハチまで"),
        ("09012345678", "ゼロキューゼロ,イチニーサンヨン,ゴーロクナナハチ"),
        ("〒100-0001", "郵便番号イチゼロゼロのゼロゼロゼロイチ"),
        # dates and times
        ("2024-05-01に", "2024年5月1日に"),
        ("2024/5/1〜2024/5/3", "2024年5月1日から2024年5月3日"),
        ("05月01日（水）", "5月1日水曜日"),
        ("5/1(水)", "5月1日水曜日"),
        ("13:30〜15:00", "13時30分から15時"),
        ("8:05am", "午前8時5分"),
        ("2019〜2020年", "2019から2020年"),
        # money and measures
        ("$12.50と¥3,000と€5万", "12．5ドルと3000円と5万ユーロ"),
        ("45.5％", "45．5パーセント"),
        ("-3°Cと90°Fと25℃", "マイナス3度と華氏90度と25度"),
        ("時速60km/hと5km/h", "時速60キロメートルと時速5キロメートル"),
        ("170cm、65kg、5GB、100m²", "170センチメートル,65キログラム,5ギガバイト,100平方メートル"),
        ("α波とA&B", "アルファ波とAアンドB"),
    ],
)  # fmt: skip
def test_text_is_written_as_it_is_spoken(japanese: Japanese, text: str, spoken: str) -> None:
    assert japanese.normalize(text) == spoken


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        # what is counted decides how a number sounds
        ("三本と3匹", "s a ] N b o N t o # s a ] N b i k i"),
        ("1人と5月1日", "h i [ t o ] r i t o # g o ] g a ts u # ts u [ i t a ch i"),
        # words that are written alike differ in melody
        ("箸を", "h a ] sh i o"),
        ("橋を", "h a [ sh i ] o"),
        # particles are said as wa, e and o; long vowels are two
        ("東京へは", "t o [ o ky o o e ] w a"),
        # whispered vowels are written like others
        ("ですか", "d e ] s u k a"),
        # a middle dot begins a new phrase and is no pause
        ("ジョン・スミス", "j o ] N # s u ] m i s u"),
        # what has no sound has no phonemes
        ("ー", ""),
    ],
)
def test_words_and_melody(japanese: Japanese, text: str, phonemes: str) -> None:
    groups = japanese.phonemize(japanese.normalize(text), {})
    assert " ".join(phoneme for group in groups for phoneme in group.phonemes) == phonemes


def test_groups_are_words(japanese: Japanese) -> None:
    groups = japanese.phonemize("24年,彼は行く.", {})
    assert [group.text for group in groups] == ["2", "4", "年", ",", "彼", "は", "行く", "."]


def test_a_fixed_reading_is_spoken_as_given(japanese: Japanese) -> None:
    readings = {"\ue000": Reading("SQL", "arpabet", ("S", "IY1", "K", "W", "AH0", "L"))}
    groups = japanese.phonemize(japanese.normalize("これは\ue000です"), readings)
    assert "S IY1 K W AH0 L" in " ".join(p for group in groups for p in group.phonemes)
    assert "".join(group.text for group in groups) == "これはSQLです"


def test_a_text_without_marks_may_be_long(japanese: Japanese) -> None:
    text = "東京に行きました" * 600
    assert "".join(group.text for group in japanese.phonemize(text, {})) == text


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        alphabet="日本一二三人は。、がっーン・々〜.-:/%°5038１Ａa ！？「」…+¥$\n龘🎵", max_size=30
    )
)
def test_no_character_of_the_spoken_text_is_lost(text: str) -> None:
    japanese = Japanese()
    spoken = japanese.normalize(text)
    assert "".join(group.text for group in japanese.phonemize(spoken, {})) == spoken


def test_a_missing_dictionary_is_named(japanese: Japanese, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyopenjtalk", None)
    with pytest.raises(MissingExtraError, match=r"gsvbatch\[ja\]"):
        japanese.phonemize("行く", {})
