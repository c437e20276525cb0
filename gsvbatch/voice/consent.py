"""Who agreed to a voice being cloned, to what, and until when.

A copied voice belongs to somebody. The record travels inside the profile, rendering asks it first, and
whoever goes on without one has that written down too.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from gsvbatch.config import StrictModel


class Relation(StrEnum):
    """By what right the voice is used."""

    SELF = "self"
    """It is the user's own."""

    LICENSED = "licensed"
    """Its owner agreed."""

    PUBLIC_DOMAIN = "public-domain"
    SYNTHETIC = "synthetic"
    """It is nobody's: a machine made it up."""

    UNRECORDED = "unrecorded"
    """No right is on record; ``attested_by`` chose to go on all the same."""


def _none_if_blank(value: object) -> object:
    return None if value == "" else value


OptionalDate = Annotated[date | None, BeforeValidator(_none_if_blank)]


class Consent(StrictModel):
    """The record of a permission; the field names are those that other tools of the field use."""

    subject: str = Field(min_length=1)
    """Whose voice it is, by name or description."""

    relation: Relation
    statement: str = ""
    """What was agreed to, in the subject's words."""

    statement_audio_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """Of a recording of the statement."""

    recorded_at: OptionalDate = None
    uses: tuple[str, ...] = ()
    """What for, as ``courseware``; empty for any use."""

    languages: tuple[str, ...] = ()
    """In which languages it may speak; empty for all."""

    until: OptionalDate = None
    """The last day on which the permission holds."""

    revoked_at: OptionalDate = None
    attested_by: str = ""
    """Who vouches for this record."""


def consent_problem(consent: Consent | None, today: date) -> str | None:
    """Why a voice may not be rendered with today, or None if it may."""
    if consent is None:
        return (
            "has no consent record; add one under `consent:` in its voice.yaml "
            "(subject, relation, attested_by)"
        )
    if consent.revoked_at is not None and consent.revoked_at <= today:
        return f"{consent.subject} withdrew consent on {consent.revoked_at}"
    if consent.until is not None and consent.until < today:
        return f"the consent of {consent.subject} ended on {consent.until}"
    return None
