"""Written to spoken English, as tables: what a script says, and what is read aloud."""

import pytest

from gsvbatch.text.english import English

MIXED = [
    ("iPhone 15", "i Phone fifteen"),
    ("3D", "three D"),
    ("A", "A"),
    ("Wi-Fi 6E", "Wi-Fi six E"),
    ("PCIe 5.0", "P C I e five point zero"),
    ("USB-C", "U S B-C"),
    ("RTX 4090", "R T X forty ninety"),
    ("RTX4090", "R T X forty ninety"),
    ("PS5", "P S five"),
    ("H₂O", "H two O"),
    ("B2B", "B two B"),
    ("COVID-19", "COVID nineteen"),
    ("i7-13700K", "i seven thirteen thousand, seven hundred K"),
    ("v1.2.3", "v one point two point three"),
    ("T60", "T sixty"),
    ("ChatGPT and OpenAI", "Chat G P T and Open A I"),
    ("CDs, GPUs and URLs", "C D's, G P U's and U R L's"),
    ("macOS, iOS 17", "mac O S, i O S seventeen"),
    ("mRNA", "m R N A"),
    ("ＡＢＣ\u3000１２３", "A B C one hundred twenty-three"),
]

NUMBERS = [
    ("007", "zero zero seven"),
    ("1234567890", "one two three four five six seven eight nine zero"),
    ("1,000,000", "one million"),
    ("100,000", "one hundred thousand"),
    ("1005", "ten oh five"),
    (".5", "point five"),
    ("1st, 2nd & 3rd", "first, second and third"),
    ("100th", "one hundredth"),
    ("in 1066", "in ten sixty-six"),
    ("the year 2100", "the year twenty-one hundred"),
    ("1805", "eighteen oh five"),
    ("room 101", "room one oh one"),
    ("192.168.1.1", "one nine two dot one six eight dot one dot one"),
    ("#1", "number one"),
    ("10^6", "ten to the power of six"),
    ("x²", "x squared"),
    ("2x4", "two by four"),
    ("1.5x", "one point five times"),
    ("³", ""),
]

SIGNS = [
    ("1-2", "one to two"),
    ("10–20", "ten to twenty"),
    ("10~20", "ten to twenty"),
    ("pages 5-8", "pages five to eight"),
    ("score 3-1", "score three to one"),
    ("1995-2000", "nineteen ninety-five to two thousand"),
    ("16:9", "sixteen to nine"),
    ("5 > 3", "five is greater than three"),
    ("2*3", "two times three"),
    ("α and β", "alpha and beta"),
    ("№ 5", "number five"),
    ("~5", "about five"),
    ("50/50", "fifty fifty"),
    ("24/7", "twenty-four seven"),
    ("1 1/2 cups", "one and one half cups"),
    ("½ cup", "one half cup"),
    ("C++ and C#", "C plus plus and C sharp"),
    ("AT&T", "A T and T"),
    ("R&D", "R and D"),
    ("5/0", "five over zero"),
]

MONEY = [
    ("$5 million", "five million dollars"),
    ("$1.5bn", "one point five billion dollars"),
    ("$5k", "five thousand dollars"),
    ("€20", "twenty euros"),
    ("¥500", "five hundred yen"),
    ("20 USD", "twenty U S dollars"),
    ("US$30", "thirty U S dollars"),
    ("£1,234.56", "one thousand, two hundred thirty-four pounds and fifty-six pence"),
    ("-$5", "negative five dollars"),
    ("50¢", "fifty cents"),
    ("€1.99", "one euro and ninety-nine cents"),
    ("$5-$10", "five to ten dollars"),
    ("RMB 50", "fifty yuan"),
    ("£0.01", "one penny"),
]

MEASURES = [
    ("10-20%", "ten to twenty percent"),
    ("-5%", "negative five percent"),
    ("5m²", "five square meters"),
    ("5 m2", "five square meters"),
    ("10 m/s", "ten meters per second"),
    ("60fps", "sixty frames per second"),
    ("1080p", "ten eighty P"),
    ("720p", "seven twenty P"),
    ("4K", "four K"),
    ("5G", "five G"),
    ("2.5GHz", "two point five gigahertz"),
    ("16GB", "sixteen gigabytes"),
    ("98.6°F", "ninety-eight point six degrees fahrenheit"),
    ("−5°C", "negative five degrees celsius"),
    ("5'10\"", "five feet ten"),
    ("5 kg", "five kilograms"),
    ("5-10 km", "five to ten kilometers"),
    ("100ms", "one hundred milliseconds"),
    ("1 lb", "one pound"),
    ("$3/kg", "three dollars per kilogram"),
]

DATES = [
    ("Jan. 5, 2024", "January fifth, twenty twenty-four"),
    ("January 5th", "January fifth"),
    ("5 January 2024", "the fifth of January, twenty twenty-four"),
    ("the 4th of July", "the fourth of July"),
    ("2024-05-01", "May first, twenty twenty-four"),
    ("5/1/2024", "May first, twenty twenty-four"),
    ("25/12/2024", "December twenty-fifth, twenty twenty-four"),
    ("the 1990s", "the nineteen nineties"),
    ("the '80s", "the eighties"),
    ("the 80s", "the eighties"),
    ("1990's", "nineteen nineties"),
]

TIMES = [
    ("Meet me at 5pm.", "Meet me at five p.m."),
    ("It's 5:30 PM now", "It's five thirty p.m. now"),
    ("9 a.m. to 5 p.m.", "nine a.m. to five p.m."),
    ("10:15:30", "ten fifteen and thirty seconds"),
    ("24:00", "twelve o'clock a.m."),
    ("7 o'clock", "seven o'clock"),
]

TELEPHONE = [
    ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
    ("555-1234", "five five five, one two three four"),
    ("555-123-4567", "five five five, one two three, four five six seven"),
]

ABBREVIATIONS = [
    (
        "Dr. Smith lives at 221B Baker St. He's 45.",
        "Doctor Smith lives at two hundred twenty-one B Baker Street. He's forty-five.",
    ),
    ("St. John's Church", "Saint John's Church"),
    ("Mr. and Mrs. Jones", "Mister and Missus Jones"),
    ("Prof. X vs. Dr. No", "Professor X versus Doctor No"),
    ("etc.", "et cetera."),
    ("apples, pears, etc. and more", "apples, pears, et cetera and more"),
    ("e.g., this; i.e., that", "for example this, that is that"),
    ("No. 5, fig. 3, p. 12", "number five, figure three, page twelve"),
    ("The answer is no. 5 is wrong.", "The answer is no. five is wrong."),
    ("Ph.D.", "P H D."),
    ("U.S. Army", "U S Army"),
    ("J. R. R. Tolkien", "J R R Tolkien"),
    ("Mon., Jan. 5", "Monday, January fifth"),
]

ROMAN = [
    ("Chapter IV", "Chapter four"),
    ("Louis XIV", "Louis the fourteenth"),
    ("World War II", "World War two"),
    ("Final Fantasy VII", "Final Fantasy seven"),
    ("Part I", "Part one"),
    ("Peter I think is right", "Peter I think is right"),
    ("Malcolm X", "Malcolm X"),
    ("Vitamin C", "Vitamin C"),
    ("Type II diabetes", "Type two diabetes"),
    ("Elizabeth II", "Elizabeth the second"),
]

CAPITALS = [
    ("NASA", "NASA"),
    ("STOP!", "STOP!"),
    ("I LOVE YOU", "I LOVE YOU"),
    ("IT department", "I T department"),
    ("WE CAN DO IT", "WE CAN DO IT"),
    ("the US", "the U S"),
    ("VIP", "V I P"),
    ("HTML", "H T M L"),
    ("JSON", "JSON"),
    ("IEEE", "I E E E"),
    ("McDonald's", "McDonald's"),
    ("YouTube", "YouTube"),
    ("O'Brien", "O'Brien"),
    ("eBay", "e Bay"),
]

ADDRESSES = [
    ("visit https://www.example.com/path.", "visit example dot com slash path."),
    ("mail me@foo.co.uk", "mail me at foo dot co dot U K"),
    ("config.json", "config dot json"),
    ("Node.js", "Node dot J S"),
    ("@user #tag", "at user hashtag tag"),
]

PUNCTUATION = [
    ("He said, “don’t!”", "He said, don't!"),
    ("rock 'n' roll", "rock 'n roll"),
    ("the dogs' toys", "the dogs toys"),
    ("‘single quotes’", "single quotes"),
    ("well — yes", "well, yes"),
    ("one -- two", "one, two"),
    ("I - well", "I, well"),
    ("Yes... no?!", "Yes. no?"),
    ("yes (aside) no", "yes, aside, no"),
    ("[note] hm", "note, hm"),
    ("第一Hello，世界！", "Hello,"),
    ("，。", ","),
    ("«Bonjour»", "Bonjour"),
    ("naïve Ærøskøbing Straße", "naive Aeroskobing Strasse"),
]

ALL = [
    *MIXED,
    *NUMBERS,
    *SIGNS,
    *MONEY,
    *MEASURES,
    *DATES,
    *TIMES,
    *TELEPHONE,
    *ABBREVIATIONS,
    *ROMAN,
    *CAPITALS,
    *ADDRESSES,
    *PUNCTUATION,
]


@pytest.fixture(scope="module")
def english():
    return English()


@pytest.mark.parametrize(("written", "spoken"), ALL)
def test_is_read_as(english, written, spoken):
    assert english.normalize(written) == spoken


@pytest.mark.parametrize("text", [".Hi there", "? no", ", he said"])
def test_a_pause_at_the_start_is_kept(english, text):
    assert english.normalize(text)[0] == text[0]


@pytest.mark.parametrize("text", ["(yes) no", "— Hello", "- item"])
def test_a_bracket_or_dash_at_the_start_is_no_pause(english, text):
    assert english.normalize(text)[0].isalpha()


def test_fixed_readings_pass_through_in_order(english):
    normalized = english.normalize("\ue000 costs $5, \uf8ff-based, www.a.com/\ue001")
    assert [c for c in normalized if "\ue000" <= c <= "\uf8ff"] == ["\ue000", "\uf8ff", "\ue001"]


def test_long_text_takes_linear_time(english):
    text = "a1-" * 2_000 + "1," * 2_000 + "x" * 2_000 + "(" * 2_000 + "A." * 500
    assert english.normalize(text)
