"""One text under reading, and what has been read in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Amendment, Finding, Marked, Section, Span, Unread
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.read.amounts import qualifiers_in
from kratom_atlas.read.conduct import Rule, find_rule
from kratom_atlas.read.definitions import Lexicon
from kratom_atlas.read.things import Thing

__all__ = ["LONGEST", "NO_QUALIFIERS", "SENTENCE", "Clauses", "Found", "Text", "phrase"]

LONGEST: Final = 6000
SENTENCE: Final = 1500
NO_QUALIFIERS: Final = Qualifiers()


def phrase(pattern: str, flags: re.RegexFlag = re.RegexFlag.NOFLAG) -> re.Pattern[str]:
    """`pattern`, in which a blank is any blank: lines break within phrases."""
    return re.compile(pattern.replace(" ", r"\s"), flags)


class Found(NamedTuple):
    """A finding, and where its deciding words stand: the place its days and novelty are read at."""

    finding: Finding
    at: Span


class Clauses(NamedTuple):
    """What was read in the clauses of a text."""

    found: tuple[Found, ...] = ()
    idle: tuple[Unread, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass
class Text:
    """One text under reading."""

    marked: Marked
    lower: str
    things: Sequence[Thing]
    sections: Sequence[Section]
    amendments: Sequence[Amendment]
    lexicon: Lexicon
    zones: tuple[tuple[Span, str], ...]
    title: str
    found: list[Found] = field(default_factory=list)
    idle: list[Unread] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    left_out: list[tuple[Span, ...]] = field(default_factory=list)

    rules: dict[Span, Rule | None] = field(default_factory=dict)
    unit_reasons: dict[int, str] = field(default_factory=dict)
    conditions: dict[Span, Qualifiers] = field(default_factory=dict)

    def qualifiers(self, span: Span) -> Qualifiers:
        """The conditions in `span`; definitions are asked for again and again."""
        found = self.conditions.get(span)
        if found is None:
            found = self.conditions[span] = qualifiers_in(self.marked, span)[0]
        return found

    def rule(self, span: Span) -> Rule | None:
        """The rule of the clause in `span`; it is asked for where a clause is sought, too."""
        if span not in self.rules:
            self.rules[span] = find_rule(self.lower, span)
        return self.rules[span]

    def in_span(self, span: Span) -> Sequence[Thing]:
        """The names that begin in `span`."""
        first = bisect_right(self.things, span.start - 1, key=lambda t: t.span.start)
        last = bisect_right(self.things, span.end - 1, key=lambda t: t.span.start)
        return self.things[first:last]

    def chain(self, position: int) -> tuple[int, ...]:
        """The indexes of the units that hold `position`, outermost first."""
        index: int | None = bisect_right(self.sections, position, key=attrgetter("start")) - 1
        if index is not None and index < 0:
            return ()
        while index is not None and self.sections[index].end <= position:
            index = self.sections[index].parent
        chain = []
        while index is not None:
            chain.append(index)
            index = self.sections[index].parent
        return tuple(reversed(chain))

    def clipped(self, span: Span) -> Span:
        """`span` without what follows the law or precedes it."""
        for zone, _ in self.zones:
            if span.start < zone.start < span.end:
                return Span(span.start, zone.start)
        return span

    def lead(self, index: int) -> Span | None:
        """The words of a unit before its first part, if it has parts."""
        section = self.sections[index]
        if index + 1 < len(self.sections) and self.sections[index + 1].parent == index:
            return Span(section.start, self.sections[index + 1].start)
        return None
