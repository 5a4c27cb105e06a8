"""The clauses of an English text that concern kratom, and the legal effects that they have.

Each place that names kratom ends in one of three: in a finding's evidence, among the idle (a title,
a definition, a finding of fact: with the reason), or unread. Clauses are looked at only where
kratom or a term defined through it stands; what a clause is, is decided by the first of these that
fits: a part that does nothing, a row of a schedule, a repeal, a rule of `conduct`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from kratom_atlas.model.reading import Amendment, Marked, Section, Span, Unread
from kratom_atlas.model.vocabulary import Effect, Substance
from kratom_atlas.read.clauses.findings import add_finding, leave_unread, merged
from kratom_atlas.read.clauses.idle import idle_reason
from kratom_atlas.read.clauses.objects import object_of
from kratom_atlas.read.clauses.penalties import attach_penalties
from kratom_atlas.read.clauses.placing import (
    exempt_left_out,
    read_adulterated,
    read_left_out,
    read_outside,
    read_placing,
    read_repeal,
)
from kratom_atlas.read.clauses.rules import read_rule
from kratom_atlas.read.clauses.schedules import schedule_row
from kratom_atlas.read.clauses.spans import clause_at
from kratom_atlas.read.clauses.text import Clauses, Found, Text, phrase
from kratom_atlas.read.clauses.zones import find_zones, zone_at
from kratom_atlas.read.conduct import EVERYDAY, dealings
from kratom_atlas.read.definitions import Lexicon, definitions
from kratom_atlas.read.levels import LevelClause
from kratom_atlas.read.things import Thing

__all__ = ["MAX_CLAUSES", "Clauses", "Found", "read_clauses"]

MAX_CLAUSES: Final = 200
"""So many clauses of one text are read; the rest is unread."""


_MAX_USES: Final = 60


def read_clauses(
    marked: Marked,
    lower: str,
    things: Sequence[Thing],
    sections: Sequence[Section],
    amendments: Sequence[Amendment],
    *,
    title: str = "",
    levels: Sequence[LevelClause] = (),
) -> Clauses:
    """Read the clauses around `things`, the names of kratom in `lower` (the text in lower case)."""
    text = Text(
        marked=marked,
        lower=lower,
        things=things,
        sections=sections,
        amendments=amendments,
        lexicon=Lexicon(definitions(lower, things, sections)),
        zones=find_zones(lower),
        title=title.lower(),
    )
    _read_levels(text, levels)
    _read(text, tuple(level.span for level in levels))
    exempt_left_out(text)
    if not any(f.finding.effect is not Effect.ALLOW_STRICTER for f in text.found):
        text.found = [f for f in text.found if text.in_span(f.at)]  # on something else, then
    attach_penalties(text)
    return Clauses(merged(text.found), tuple(text.idle), tuple(text.unread))


# `the sale, distribution or possession of `
_OF_DEALING: Final = phrase(
    r"\b(?:sales?|selling|possession|possessing|manufactur(?:e|ing)|use|production|processing"
    r"|purchase"
    r"|distribution|distributing|delivery|preparation|cultivation|consumption|advertis(?:ing"
    r"|ement)|marketing"
    r"|packaging|labell?ing|transportation|retail sale)"
    r"(?:(?:,| or| and|, or|, and| and/or)? (?:sales?|selling|possession|possessing|manufactur(?:e"
    r"|ing)"
    r"|use|production|processing|purchase|distribution|distributing|delivery|preparation"
    r"|cultivation"
    r"|consumption|advertis(?:ing|ement)|marketing|packaging|labell?ing|transportation"
    r"|retail sale)){0,9}+"
    r" of\b"
)
# `Re: Whether a county may`, `Question presented: May a city`
_ASKS: Final = phrase(r"\W{0,3}(?:re:|whether\b|questions? (?:presented|asked)?:?)")


def _read_levels(text: Text, levels: Sequence[LevelClause]) -> None:
    dealt = {
        level.effect: {
            activity
            for other in levels
            if other.effect is level.effect
            for noun in _OF_DEALING.finditer(text.lower, *other.span)
            for activity in dealings(text.lower, *noun.span())
        }
        for level in levels
    }
    for level in levels:
        if zone_at(text, level.span.start) is not None or _ASKS.match(text.lower, level.span.start):
            continue
        about = object_of(text, level.span, level.span.start)
        named = dealt[level.effect]
        add_finding(
            text,
            level.effect,
            about.substances or {Substance.LEAF},
            tuple(sorted(named, key=lambda a: a.rank)) or EVERYDAY,
            (level.span,),
            (level.because,),
            grandfather=level.grandfather,
        )


def _read(text: Text, taken: Sequence[Span]) -> None:
    done = -1
    count = 0
    for thing in text.things:
        if thing.span.start < done:
            continue
        reason = idle_reason(text, thing)
        if reason is not None:
            text.idle.append(Unread(span=thing.span, why=reason))
            continue
        if any(span.start <= thing.span.start < span.end for span in taken):
            continue
        count += 1
        if count > MAX_CLAUSES:
            text.unread.append(Unread(span=thing.span, why=f"more than {MAX_CLAUSES} clauses"))
            continue
        done = max(thing.span.end, _read_at(text, thing.span))
    covered = [f.finding.spans[-1] for f in text.found]
    if text.things:
        body, done = Span(0, len(text.lower)), -1
        for use in text.lexicon.uses(text.lower, body, limit=_MAX_USES):
            if use.start < done or any(s.start <= use.start < s.end for s in covered):
                continue
            if zone_at(text, use.start) is None and text.lexicon.defining(use.start) is None:
                done = max(use.end, _read_at(text, use, by_term=True))


def _read_at(text: Text, seed: Span, *, by_term: bool = False) -> int:
    """Read the clause at `seed`; return where it ends."""
    chain = text.chain(seed.start)
    if not by_term:
        row = schedule_row(text, chain, seed.start)
        if row is not None:
            return row
    span = text.clipped(clause_at(text, chain, seed.start))
    if not span.start <= seed.start < span.end:
        span = seed
    reader = next((reader for reader in _READERS if reader(text, span, seed)), None)
    if reader is None and not by_term:
        leave_unread(text, span, "no rule of the grammar fits")
    return span.end if reader is not None or not by_term else seed.end


_Reader = Callable[[Text, Span, Span], bool]
_READERS: Final[tuple[_Reader, ...]] = (
    *(read_repeal, read_placing, read_left_out, read_outside, read_adulterated, read_rule),
)
