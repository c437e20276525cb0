"""Abbreviations with a full stop, dotted initials, and the Latin ones, in full words."""

import re

TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Dr": "Doctor",
    "Prof": "Professor",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Capt": "Captain",
    "Cpt": "Captain",
    "Col": "Colonel",
    "Gen": "General",
    "Lt": "Lieutenant",
    "Sgt": "Sergeant",
    "Maj": "Major",
    "Cmdr": "Commander",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Pres": "President",
    "St": "Saint",
    "Mt": "Mount",
    "Ft": "Fort",
}
"""Before a capitalized name only."""

BEFORE_A_NUMBER = {
    "no": "number",
    "nos": "numbers",
    "fig": "figure",
    "figs": "figures",
    "vol": "volume",
    "ch": "chapter",
    "chap": "chapter",
    "sec": "section",
    "ed": "edition",
    "ep": "episode",
    "p": "page",
    "pp": "pages",
    "eq": "equation",
    "ca": "circa",
    "pt": "part",
    "lv": "level",
    "lvl": "level",
}

ANYWHERE = {
    "etc": "et cetera",
    "vs": "versus",
    "approx": "approximately",
    "dept": "department",
    "govt": "government",
    "inc": "incorporated",
    "ltd": "limited",
    "corp": "corporation",
    "est": "established",
    "esp": "especially",
    "incl": "including",
    "excl": "excluding",
    "misc": "miscellaneous",
    "jr": "junior",
    "sr": "senior",
    "blvd": "boulevard",
    "rd": "road",
    "al": "al",
    "co": "company",
    "bros": "brothers",
}

MONTHS = {
    "Jan": "January",
    "Feb": "February",
    "Mar": "March",
    "Apr": "April",
    "Jun": "June",
    "Jul": "July",
    "Aug": "August",
    "Sept": "September",
    "Sep": "September",
    "Oct": "October",
    "Nov": "November",
    "Dec": "December",
}

DAYS = {
    "Mon": "Monday",
    "Tues": "Tuesday",
    "Tue": "Tuesday",
    "Wed": "Wednesday",
    "Thurs": "Thursday",
    "Thur": "Thursday",
    "Thu": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}


def _alternatives(table: dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, table), key=len, reverse=True))


_LATIN = (
    (re.compile(r"\be\.\s?g\.(?:,)?", re.IGNORECASE), "for example"),
    (re.compile(r"\bi\.\s?e\.(?:,)?", re.IGNORECASE), "that is"),
    (re.compile(r"\bw/o\b"), "without"),
    (re.compile(r"\bw/(?=\s?[a-z])"), "with "),
    (re.compile(r"\ba\.?k\.?a\.?(?=\s)", re.IGNORECASE), "also known as"),
    (re.compile(r"\b(?:P\.S\.|p\.s\.)"), "P S,"),
    (re.compile(r"\bo'clock\b", re.IGNORECASE), "o'clock"),
)
_TITLE = re.compile(
    rf"\b({_alternatives(TITLES)})\.\s?(?=[A-Z])|\b(Mrs?|Ms|Dr)(?:\.|(?=\s[A-Z]))(?=\s|$)"
)
# "221B Baker St. He" is an address; "in St. Louis" is not.
_STREET = re.compile(
    r"(?<=[A-Za-z])\s(St|Dr)\.(?=\s*(?:[,;.!?]|$|[a-z]))|(?<=\d )((?:[A-Z][a-z]+\s)+)(St|Dr)\.|"
    r"(?<=\d[A-Z] )((?:[A-Z][a-z]+\s)+)(St|Dr)\."
)
# A lower-case "no." before a number is more often the end of a sentence.
_BEFORE_NUMBER = re.compile(rf"\b(?!no\.)((?i:{_alternatives(BEFORE_A_NUMBER)}))\.\s*(?=\d)")
_ANYWHERE = re.compile(rf"\b({_alternatives(ANYWHERE)})\.(?!\w)", re.IGNORECASE)
_MONTH = re.compile(
    rf"\b({_alternatives(MONTHS)})\.?(?=\s\d)|\b({_alternatives(MONTHS)})\.(?=\s|,|$)"
)
_DAY = re.compile(rf"\b({_alternatives(DAYS)})\.?(?=,?\s(?:{_alternatives(MONTHS)}|\d))")
_INITIALS = re.compile(r"\b(?:[A-Z]\.\s?){2,}|\b(?:[A-Z]\.)+[A-Z]\b")
_INITIAL = re.compile(r"\b([A-HJ-Z])\.(?=\s[A-Z][a-z])")
_ENDS_SENTENCE = re.compile(r"\s*$|\s+[A-Z\"'(]")


def _keep_stop(match: re.Match[str], words: str) -> str:
    """Return ``words``, with the full stop kept where the abbreviation ends its sentence."""
    return words + ("." if _ENDS_SENTENCE.match(match.string, match.end()) else "")


def _title(match: re.Match[str]) -> str:
    if match[2]:
        return TITLES[match[2]]
    return f"{TITLES[match[1]]} "


def _street(match: re.Match[str]) -> str:
    name = match[2] or match[4] or " "
    kind = match[1] or match[3] or match[5]
    return _keep_stop(match, f"{name}{'Street' if kind == 'St' else 'Drive'}")


def _anywhere(match: re.Match[str]) -> str:
    words = ANYWHERE[match[1].lower()]
    # "Apple Inc. Wins": a capital after a company's name need not begin a sentence.
    if match[1].lower() in {"vs", "approx", "est", "esp", "incl", "excl"}:
        return words
    return _keep_stop(match, words)


def _initials(match: re.Match[str]) -> str:
    letters = " ".join(re.findall("[A-Z]", match[0]))
    space = " " if match[0][-1].isspace() else ""
    at_end = not match.string[match.end() :].strip() and "." in match[0].rstrip()[-1]
    return letters + ("." if at_end else "") + space


def expand_abbreviations(text: str) -> str:
    """Return ``text`` with abbreviations spoken in full and without their inner full stops."""
    for pattern, words in _LATIN:
        text = pattern.sub(words, text)
    text = _STREET.sub(_street, text)
    text = _TITLE.sub(_title, text)
    text = _BEFORE_NUMBER.sub(lambda m: f"{BEFORE_A_NUMBER[m[1].lower()]} ", text)
    text = _MONTH.sub(lambda m: MONTHS[m[1] or m[2]], text)
    text = _DAY.sub(lambda m: DAYS[m[1]], text)
    text = re.sub(r"\bPh\.\s?D\b\.?", lambda m: _keep_stop(m, "P H D"), text)
    text = _ANYWHERE.sub(_anywhere, text)
    text = _INITIALS.sub(_initials, text)
    return _INITIAL.sub(r"\1", text)
