"""One legal text read: what it does about kratom, from when, and what was not understood.

The parts are read in the order in which each needs the others: names, units, amendments, clauses,
days, what is new and what is struck, and how the whole concerns kratom. A text that does not name
kratom costs the search for its names; around the names, time is bounded by their number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from kratom_atlas.model.observation import Mention
from kratom_atlas.model.reading import (
    Amendment,
    AmendmentKind,
    Circumstances,
    Finding,
    Marked,
    Novelty,
    Reading,
    Section,
    Span,
    Timing,
    Unread,
)
from kratom_atlas.model.vocabulary import Effect, InstrumentKind, Stage
from kratom_atlas.read.amendments import amendments, novelty
from kratom_atlas.read.clauses import Clauses, Found, read_clauses
from kratom_atlas.read.days import clause_days, timing, timing_for
from kratom_atlas.read.levels import extent_of, level_clauses
from kratom_atlas.read.lists import listed
from kratom_atlas.read.marked import struck_in_place
from kratom_atlas.read.relevance import classify
from kratom_atlas.read.structure import around, sections
from kratom_atlas.read.terms import find_mentions
from kratom_atlas.read.things import MAX_NAMES, Thing, names

__all__ = ["read_law"]

_STANDING: Final = frozenset(
    {InstrumentKind.STATUTE, InstrumentKind.REGULATION, InstrumentKind.ORDINANCE}
)
_MAX_STRUCK: Final = 400_000
"""So many characters of struck text are read."""


def read_law(marked: Marked, about: Circumstances) -> Reading:
    """What `marked` does about kratom, as far as it is understood."""
    lower = _lowered(marked.text)
    things = names(lower) if about.language == "en" else _named(marked, about)
    struck = _struck(marked) if _strikes_kratom(marked) else ()
    if not things and not struck:
        relevance, because = classify(marked, (), (), about.title)
        return Reading(relevance=relevance, because=because)
    units = sections(marked, language=about.language)
    acts = amendments(marked, units)
    clauses = _clauses(marked, lower, things, units, acts, about)
    days = timing(marked, units, about)
    own = Timing() if _stands(about) else days
    findings = tuple(_dated(marked, found, units, acts, own) for found in clauses.found)
    findings += struck
    unread = clauses.unread
    if len(things) == MAX_NAMES:
        last = things[-1].span
        unread += (Unread(span=last, why=f"more than {MAX_NAMES} names: the rest is not read"),)
    relevance, because = classify(marked, _mentions(marked, things), findings, about.title)
    return Reading(
        relevance=relevance,
        because=because,
        findings=findings,
        timing=days,
        unread=unread,
        idle=clauses.idle,
        named=len(things),
    )


def _stands(about: Circumstances) -> bool:
    """Whether it is law as it stands: the first day of the whole is not that of each rule in it."""
    return about.stage is Stage.IN_FORCE and about.kind in _STANDING


def _lowered(text: str) -> str:
    """`text` in lower case, each letter still in its place."""
    # The only letter whose lower case is two characters.
    return (text.replace("\u0130", "i") if "\u0130" in text else text).lower()


def _named(marked: Marked, about: Circumstances) -> tuple[Thing, ...]:
    mentions = find_mentions(marked.text, about.language)
    return tuple(Thing(Span(m.start, m.end), None) for m in mentions)


def _mentions(marked: Marked, things: Sequence[Thing]) -> tuple[Mention, ...]:
    return tuple(
        Mention(term=word[:400], start=span.start, end=span.end, excerpt=word)
        for span, *_ in things
        if (word := marked.text[span.start : span.end])
    )


# -- clauses and lists ----------------------------------------------------------------------------


def _clauses(
    marked: Marked,
    lower: str,
    things: Sequence[Thing],
    units: tuple[Section, ...],
    acts: Sequence[Amendment],
    about: Circumstances,
) -> Clauses:
    """What clauses and lists say; the places that lists explain are no clauses' any more."""
    lists = tuple(Found(f, f.spans[-1]) for f in listed(marked, units, about))
    taken = sorted(span for found in lists for span in found.finding.spans)
    rest = [t for t in things if not _is_in(t.span, taken)]
    if about.language != "en":
        why = f"no rule of the grammar fits ({about.language})"
        return Clauses(lists, (), tuple(Unread(span=t.span, why=why) for t in rest))
    levels = level_clauses(marked, units, tuple(t.span for t in rest))
    read = read_clauses(marked, lower, rest, units, acts, title=about.title, levels=levels)
    return read._replace(found=(*lists, *read.found))


def _is_in(span: Span, spans: Iterable[Span]) -> bool:
    return any(other.start <= span.start and span.end <= other.end for other in spans)


# -- days and novelty -----------------------------------------------------------------------------


def _dated(
    marked: Marked,
    found: Found,
    units: tuple[Section, ...],
    acts: Sequence[Amendment],
    days: Timing,
) -> Finding:
    """The finding with what the text does with it, and from when until when it applies."""
    extent = extent_of(marked, units, found.at)
    finding = msgspec.structs.replace(found.finding, extent=extent)
    chain = around(marked, units, finding.spans[0].start)
    begins, ends = timing_for(days, chain[-1].path if chain else "")
    first = next((m.date for m in begins if m.date is not None), None)
    last = next((m.date for m in ends if m.date is not None), None)
    own_first, own_last = clause_days(marked.text, found.at)
    new = Novelty.STRIKES if _is_repealed(acts, found.at) else novelty(marked, acts, found.at)
    if finding.effect is Effect.REPEAL and new is not Novelty.KEEPS:
        new = Novelty.ADDS  # what is struck is what it ends
    if new is Novelty.STRIKES:
        return msgspec.structs.replace(finding, novelty=new, to=finding.to or first)
    if new is Novelty.KEEPS:
        return msgspec.structs.replace(finding, novelty=new, from_=own_first or finding.from_)
    from_ = finding.from_ or own_first or first
    to = finding.to or own_last or last
    if from_ is not None and to is not None and to.hi <= from_.lo + 1:
        to = None
    return msgspec.structs.replace(finding, novelty=new, from_=from_, to=to)


def _is_repealed(acts: Sequence[Amendment], span: Span) -> bool:
    """Whether `span` stands in the text of a section that is printed to be repealed."""
    return any(
        act.kind is AmendmentKind.REPEALS
        and act.body is not None
        and act.body.start <= span.start
        and span.start < act.body.end
        and not (act.span.start <= span.start < act.span.end)
        for act in acts
    )


# -- struck words ---------------------------------------------------------------------------------


def _strikes_kratom(marked: Marked) -> bool:
    return any(names(_lowered(words.text)) for words in marked.struck)


def _struck(marked: Marked) -> tuple[Finding, ...]:
    """The rules whose deciding words the text strikes, as they stood."""
    in_place = {span.start for span in struck_in_place(marked)}
    pieces: list[str] = []
    places: list[tuple[int, int, int]] = []  # where the words stand now, how many, and where then
    done = length = total = 0
    for words in marked.struck:
        if words.at in in_place or total + len(words.text) > _MAX_STRUCK:
            continue
        # `kratom.` struck right before `A person`: a sentence ends there.
        was = f"{words.text} " if words.text.endswith((".", ";")) else words.text
        total += len(was)
        pieces += [marked.text[done : words.at], was]
        length += words.at - done
        places.append((length, len(was), words.at))
        length += len(was)
        done = words.at
    pieces.append(marked.text[done:])
    whole = Marked("".join(pieces))
    lower = _lowered(whole.text)
    struck = [Span(start, start + size) for start, size, _ in places]
    things = [t for t in names(lower) if _is_in(t.span, struck)]
    if not things:
        return ()
    units = sections(whole)
    read = read_clauses(whole, lower, things, units, amendments(whole, units))
    return tuple(
        msgspec.structs.replace(
            found.finding,
            novelty=Novelty.STRIKES,
            spans=tuple(dict.fromkeys(_back(places, span) for span in found.finding.spans)),
            because=(*found.finding.because, "in struck words"),
        )
        for found in read.found
        if _is_in(found.finding.spans[0], struck)
    )


def _back(places: Sequence[tuple[int, int, int]], span: Span) -> Span:
    """Where `span` of the text with its struck words stands in the text without them."""
    return Span(_position(places, span.start), _position(places, span.end))


def _position(places: Sequence[tuple[int, int, int]], position: int) -> int:
    index = bisect_right(places, position, key=lambda place: place[0]) - 1
    if index < 0:
        return position
    start, size, at = places[index]
    return at + max(0, position - start - size)
