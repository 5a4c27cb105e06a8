"""What was read in a legal text, each part with the characters that justify it.

A reading is a machine's: it proposes, and never sets a status. Positions count characters of
`Marked.text`, the text as it would stand: with what was added, without what was struck.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from msgspec import Meta

from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Code, Qualifiers, Text, Value
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    Extent,
    InstrumentKind,
    Stage,
    Substance,
    Word,
)

__all__ = [
    "Amendment",
    "AmendmentKind",
    "Circumstances",
    "Finding",
    "Marked",
    "Moment",
    "Novelty",
    "Reading",
    "Relevance",
    "Section",
    "Span",
    "Struck",
    "Timing",
    "Unread",
]


class Relevance(Word):
    """How a text concerns kratom."""

    PRIMARY = ("primary", "Primary", "It is about kratom or its alkaloids, also among others.")
    SUBSTANTIVE = (
        "substantive",
        "Substantive",
        "It is about something else, and one of its rules reaches kratom.",
    )
    INCIDENTAL = (
        "incidental",
        "Incidental",
        "It names kratom and does nothing to it: a finding, a study, a citation, a budget line.",
    )
    NONE = ("none", "None", "It does not name kratom.")
    TEXT_NOT_HELD = (
        "text-not-held",
        "Text not held",
        "Its text was not to be had: whether it names kratom is not known.",
    )


class Novelty(Word):
    """What a text does with a rule that it states."""

    ADDS = ("adds", "Adds", "The rule is new, or the words that make it are.")
    KEEPS = ("keeps", "Keeps", "The rule stood before; the text only reprints it.")
    STRIKES = ("strikes", "Strikes", "The text takes the rule out.")
    UNCLEAR = ("unclear", "Unclear", "The text does not show which of its words are new.")


class AmendmentKind(Word):
    """What one amending clause does to the law that stands."""

    ENACTS = ("enacts", "Enacts", "Adds a section, article, chapter or row.")
    AMENDS = ("amends", "Amends", "Changes words of a provision that stands.")
    REPLACES = ("replaces", "Replaces", "Puts a new text in the place of one that stood.")
    REPEALS = ("repeals", "Repeals", "Ends a provision.")
    RENUMBERS = ("renumbers", "Renumbers", "Moves a provision without changing its words.")


class Span(NamedTuple):
    """Characters of `Marked.text`, `[start, end)`."""

    start: int
    end: int


class Struck(NamedTuple):
    """Words that the text strikes out, and where in `Marked.text` they stood."""

    at: int
    text: str


class Marked(NamedTuple):
    """A text with what it adds and what it strikes.

    `added` are spans of `text` in order, without overlaps. `is_marked` says that the source shows
    which words are new at all; without it neither means anything. `merged` says that the source
    is an extraction in which struck words stand among the others unmarked.
    """

    text: str
    added: tuple[Span, ...] = ()
    struck: tuple[Struck, ...] = ()
    is_marked: bool = False
    merged: bool = False


class Section(Value, frozen=True, kw_only=True):
    """A unit of a text with a label: a section, subsection, paragraph, article, schedule, row.

    `label` is as written (`Section 3.`, `(2)`, `§ 500.92`), `path` from the top down to it
    (`Sec. 3 (2)(a)`), `level` its depth (0 at the top), `parent` the index of the unit it stands
    in. `[start, end)` covers its own text with all that is in it.
    """

    label: str
    path: str
    start: int
    end: int
    level: int = 0
    parent: int | None = None
    heading: str = ""


class Amendment(Value, frozen=True, kw_only=True):
    """One amending clause: what it does, to what, and where its new text stands.

    `target` is what it amends, as written (`Section 20-2-23, Code of Alabama 1975`), `span` the
    words that say so, `body` the text it puts there; `old` and `new` are quoted words of an
    amendment of words (strike "x" and insert "y").
    """

    kind: AmendmentKind
    target: str
    span: Span
    body: Span | None = None
    old: str = ""
    new: str = ""


class Moment(Value, frozen=True, kw_only=True):
    """A day that a text gives, or a rule from which it follows.

    `date` is absent where it depends on something that has not happened or is not known;
    `because` says in a few words how it was reached (`July 1, 2026`, `90 days after sine die of
    2026-06-30`). `section` is the unit of the text that it is for; absent: for all of it.
    """

    because: Text
    date: PartialDate | None = None
    span: Span | None = None
    section: str | None = None


class Timing(Value, frozen=True, kw_only=True):
    """When a text applies: its first days, its ends, and what depends on something else.

    `is_default` says that the text names no day and the days follow from the place's rule.
    """

    begins: tuple[Moment, ...] = ()
    ends: tuple[Moment, ...] = ()
    void_if: Moment | None = None
    retroactive: bool = False
    is_default: bool = False


class Finding(Value, frozen=True, kw_only=True):
    """One legal effect, as read: a proposed provision that still lacks an instrument.

    `citation` is what it makes or changes (`Section 20-2-23(b)(4), Code of Alabama 1975`, or the
    place in the text itself), `spans` the evidence (the deciding words first), `quote` those
    words, `because` the names of the rules of the grammar that fired.
    `to` is the first day on which it no longer applies. `targets` are what a repeal ends, as
    cited.
    """

    effect: Effect
    substances: tuple[Substance, ...]
    activities: tuple[Activity, ...]
    spans: Annotated[tuple[Span, ...], Meta(min_length=1)]
    quote: str
    citation: str = ""
    qualifiers: Qualifiers = Qualifiers()
    schedule: Text | None = None
    extent: Extent = Extent.WHOLE
    from_: PartialDate | None = None
    to: PartialDate | None = None
    grandfather: PartialDate | None = None
    targets: tuple[str, ...] = ()
    novelty: Novelty = Novelty.ADDS
    because: tuple[str, ...] = ()


class Unread(Value, frozen=True, kw_only=True):
    """Words that name kratom and were not understood, and in what they fail to be."""

    span: Span
    why: Text


class Circumstances(Value, frozen=True, kw_only=True):
    """What is known of a text from outside of it.

    `place` is the code of the jurisdiction (`US-AL`); `session_end` the day the session ended for
    good, `published` the day the text was.
    """

    place: Code
    language: str = "en"
    kind: InstrumentKind | None = None
    stage: Stage | None = None
    title: str = ""
    session: str = ""
    number: str = ""
    introduced: PartialDate | None = None
    enacted: PartialDate | None = None
    effective: PartialDate | None = None
    published: PartialDate | None = None
    session_end: PartialDate | None = None


class Reading(Value, frozen=True, kw_only=True):
    """All that was read in one text.

    `named` counts the places where kratom is named; each lies in a finding's evidence, in a part
    that does nothing (`idle`, with the reason), or in `unread`.
    """

    relevance: Relevance
    because: str = ""
    findings: tuple[Finding, ...] = ()
    timing: Timing = Timing()
    unread: tuple[Unread, ...] = ()
    idle: tuple[Unread, ...] = ()
    named: int = 0
