"""What a source said on the day it was read: observations, never conclusions.

A status never follows from an observation alone: it is proposed from the text, and accepted.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import DivisionId, Sha256, Url, Value
from kratom_atlas.model.vocabulary import InstrumentKind, Stage

__all__ = ["Action", "Document", "Mention", "Observation", "TextVersion", "TrackedInstrument"]

Words = Annotated[str, Meta(min_length=1, max_length=8000)]
Short = Annotated[str, Meta(min_length=1, max_length=400)]
ObservationKey = Annotated[str, Meta(pattern=r"^[^\s\x00-\x1f]{1,300}\Z")]
"""What the source itself calls the document: a natural key, never an address or a row's number."""

MAX_MENTIONS: Final = 40
"""So many mentions of one document are kept; the capture has them all."""


class Mention(Value, frozen=True, kw_only=True):
    """Where a text names kratom or one of its alkaloids.

    `term` is the word as it stands there, `start` and `end` its place in the normalised text (in
    characters), `excerpt` some of the text around it, `exception` whether words such as `except`
    stand so near that it may be named only to be left out.
    """

    term: Short
    start: int
    end: int
    excerpt: Words
    exception: bool = False


class Action(Value, frozen=True, kw_only=True):
    """One dated event in the life of an instrument, as the source words it.

    `actor` is who acted (`lower`, `upper`, `legislature`, `executive`, or what the source says),
    `codes` what the source classifies it as, `stage` what that brings the instrument to, None
    where it brings it nowhere new.
    """

    text: Words
    date: PartialDate | None = None
    actor: Short | None = None
    codes: tuple[Short, ...] = ()
    stage: Stage | None = None


class TextVersion(Value, frozen=True, kw_only=True):
    """One text of an instrument, as published."""

    note: Short
    url: Url
    date: PartialDate | None = None
    media_type: Short | None = None


class _Seen(Value, frozen=True, kw_only=True):
    """What every observation has.

    `jurisdiction` is whose law it is, `url` where people read it, `sha256` the capture that it
    was read from and `locator` where in it (a member of an archive, a JSON pointer, an id).
    `version` is the source's own mark of the version (a change hash, a date, a revision id).
    """

    key: ObservationKey
    jurisdiction: DivisionId
    title: Words
    url: Url
    kind: InstrumentKind | None = None
    number: Short | None = None
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}\Z")] = "en"
    mentions: Annotated[tuple[Mention, ...], Meta(max_length=MAX_MENTIONS)] = ()
    effective: PartialDate | None = None
    ends: PartialDate | None = None
    version: Short | None = None
    sha256: Sha256 | None = None
    locator: Short | None = None
    note: Words | None = None


class Document(_Seen, frozen=True, kw_only=True, tag="document"):
    """A text of law, a notice or an alert, in the version that was read.

    `published` is when the source says it was, `text_sha256` the digest of the normalised text
    (absent where only a record was read), `characters` its length. A text that names kratom is
    kept by that digest, beside the captures. A text that was looked for and
    is not held has `text_held` false.
    """

    published: PartialDate | None = None
    text_sha256: Sha256 | None = None
    characters: int | None = None
    text_held: bool = True


class TrackedInstrument(_Seen, frozen=True, kw_only=True, tag="instrument"):
    """A bill, resolution, rule or act on its way, keyed by jurisdiction, session and number.

    `stage` is where its actions have brought it, `because` the words that say so. `actions` are
    oldest first. `forerunners` are the keys of the bills of earlier sessions that it takes up.
    """

    session: Short
    stage: Stage
    because: Words | None = None
    abstract: Words | None = None
    introduced: PartialDate | None = None
    enacted: PartialDate | None = None
    actions: tuple[Action, ...] = ()
    versions: tuple[TextVersion, ...] = ()
    same_as: tuple[Short, ...] = ()
    forerunners: tuple[Short, ...] = ()


Observation = Document | TrackedInstrument
