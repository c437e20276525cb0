"""What a file says of itself: tags, cover, and their one flat form.

``Tags`` is what the rest of the program knows; ``Metadata`` is what a container stores. Between
them stands one table of neutral names, so that each container needs only its own spelling of
``title`` or ``album``. Everything that a manifest needs to be rebuilt is in the tags.

Tags never hold paths, user names or host names: an audio file travels further than its maker
thinks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from gsvbatch import __version__
from gsvbatch.audio.formats import Chapter
from gsvbatch.errors import ConfigError

ENCODER = f"gsvbatch {__version__}"

CUSTOM_PREFIX = "GSVB_"
"""Of every field that only this program writes."""

_CUSTOM_FIELDS = {
    "line_id": "GSVB_LINE",
    "voice": "GSVB_VOICE",
    "profile_digest": "GSVB_PROFILE",
    "engine": "GSVB_ENGINE",
    "weights_digest": "GSVB_WEIGHTS",
    "seed": "GSVB_SEED",
    "params_digest": "GSVB_PARAMS",
    "fingerprint": "GSVB_FINGERPRINT",
    "text_sha256": "GSVB_TEXT_SHA256",
    "take": "GSVB_TAKE",
    "qa": "GSVB_QA",
}
_PLAIN_FIELDS = (
    "title", "track", "track_total", "disc", "date", "language", "series", "series_part", "genre",
    "publisher", "encoder", "comment",
)  # fmt: skip
_RANGES = {
    "track": (1, 65535),  # MP4 keeps these three in 16 bits, and 0 for "unknown"
    "track_total": (1, 65535),
    "disc": (1, 65535),
    "seed": (0, 2**63 - 1),
    "take": (0, 2**31 - 1),
}
_EXTRA_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
# U+FEFF among them: at the head of a text it is a byte order mark, which readers take off.
_UNHELD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")
_TITLES = ("title", "project")


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture of the work."""

    data: bytes
    """A JPEG or PNG file."""

    @property
    def mime(self) -> str:
        """Media type, from the data's first bytes."""
        return "image/png" if self.data.startswith(b"\x89PNG") else "image/jpeg"

    def __post_init__(self) -> None:
        if not self.data.startswith((b"\x89PNG", b"\xff\xd8\xff")):
            raise ConfigError("the cover is neither a JPEG nor a PNG file")


@dataclass(frozen=True, slots=True)
class Tags:
    """What is written into an audio file about it; None is not written.

    Texts are cleaned as they come in: line ends become line feeds, control characters and U+FEFF go,
    as do blanks around titles, and a text of nothing but spaces becomes None, so that what is read
    back equals what was given.

    Raises:
        ConfigError: if a number is outside its range or an extra key is badly formed.
    """

    title: str | None = None
    """Of the line or work."""

    speaker: str | None = None
    """Who speaks: the artist of a line, the narrator of a book."""

    project: str | None = None
    """Book, course or game: the album."""

    author: str | None = None
    """Who wrote the text; with it, the file is tagged the way audiobook shelves expect."""

    track: int | None = None
    track_total: int | None = None
    disc: int | None = None
    date: str | None = None
    """ISO 8601, as much of it as is known."""

    language: str | None = None
    """BCP 47, such as ``zh`` or ``en-GB``."""

    series: str | None = None
    series_part: str | None = None
    genre: str | None = None
    publisher: str | None = None
    text: str | None = None
    """What is said, as written: the lyrics."""

    encoder: str | None = ENCODER
    comment: str | None = None
    line_id: str | None = None
    voice: str | None = None
    profile_digest: str | None = None
    engine: str | None = None
    """Program, version and model that rendered it."""

    weights_digest: str | None = None
    seed: int | None = None
    """63 bits."""

    params_digest: str | None = None
    fingerprint: str | None = None
    """Of the take: what decided its audio."""

    text_sha256: str | None = None
    take: int | None = None
    """Number of the attempt, from 0."""

    qa: str | None = None
    """Verdict of the quality gates, as the manifest spells it."""

    extra: Mapping[str, str] = field(default_factory=dict)
    """Further fields, kept as ``GSVB_<key>``; keys of capitals, digits and ``_``."""

    cover: Cover | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, str):
                value = clean_text(value)
                if value is not None and item.name in _TITLES:
                    value = value.strip()
                object.__setattr__(self, item.name, value)
            elif item.name in _RANGES and value is not None:
                least, largest = _RANGES[item.name]
                if not least <= value <= largest:
                    raise ConfigError(f"tag {item.name!r} is {value}, outside {least} to {largest}")
        extra = {key: clean_text(value) for key, value in self.extra.items()}
        for key in extra:
            if not _EXTRA_KEY.fullmatch(key) or CUSTOM_PREFIX + key in _CUSTOM_FIELDS.values():
                raise ConfigError(
                    f"extra tag {key!r}: use a key of A-Z, 0-9 and _ that is not taken"
                )
        kept = {key: value for key, value in sorted(extra.items()) if value is not None}
        object.__setattr__(self, "extra", kept)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a container stores beside the audio."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Neutral name (``title``, ``artist``, ``GSVB_LINE``) -> text."""

    cover: Cover | None = None
    label: str | None = None
    """The AI-generated label: one JSON text."""

    chapters: tuple[Chapter, ...] = ()


def clean_text(text: str) -> str | None:
    """Return text that every container can hold, or None if nothing is left."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _UNHELD.sub("", text).encode("utf-8", "replace").decode("utf-8")
    return text if text.strip() else None


def flatten(tags: Tags) -> dict[str, str]:
    """Return tags under the neutral names that containers translate.

    Without an author the speaker is the artist, as players show it for a line. With one, the
    author is artist and album artist and the speaker is the composer, which is where
    audiobook players look for the narrator.
    """
    flat: dict[str, str | int | None] = {name: getattr(tags, name) for name in _PLAIN_FIELDS}
    flat |= {"album": tags.project, "lyrics": tags.text}
    if tags.author is None:
        flat |= {"artist": tags.speaker}
    else:
        flat |= {"artist": tags.author, "album_artist": tags.author, "composer": tags.speaker}
    flat |= {key: getattr(tags, name) for name, key in _CUSTOM_FIELDS.items()}
    flat |= {CUSTOM_PREFIX + key: value for key, value in tags.extra.items()}
    return {name: str(value) for name, value in flat.items() if value is not None}


def unflatten(flat: Mapping[str, str], cover: Cover | None = None) -> Tags:
    """Return the tags that ``flatten`` made neutral; unknown names are left out."""
    values: dict[str, str | int | None] = {}
    names = {name: name for name in _PLAIN_FIELDS} | _CUSTOM_FIELDS
    for name, key in (names | {"project": "album", "text": "lyrics"}).items():
        text = flat.get(key)
        values[name] = _number(text, *_RANGES[name]) if name in _RANGES else text
    if "album_artist" in flat:
        values |= {"author": flat["album_artist"], "speaker": flat.get("composer")}
    else:
        values |= {"speaker": flat.get("artist")}
    taken = set(_CUSTOM_FIELDS.values())
    extra = {
        key.removeprefix(CUSTOM_PREFIX): value
        for key, value in flat.items()
        if key.startswith(CUSTOM_PREFIX)
        and key not in taken
        and _EXTRA_KEY.fullmatch(key.removeprefix(CUSTOM_PREFIX))
    }
    return Tags(**values, extra=extra, cover=cover)  # type: ignore[arg-type]


def custom_fields(flat: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a flat form that only this program writes."""
    return {key: value for key, value in flat.items() if key.startswith(CUSTOM_PREFIX)}


def _number(text: str | None, least: int, largest: int) -> int | None:
    """Return a foreign file's number, or None where it wrote something else."""
    if text is None or not re.fullmatch(r"\d{1,19}", text, re.ASCII):
        return None
    return int(text) if least <= int(text) <= largest else None
