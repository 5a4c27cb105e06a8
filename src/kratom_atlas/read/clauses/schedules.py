"""Rows of schedules of controlled substances."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Span
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Effect, Substance
from kratom_atlas.read.clauses.findings import add_finding
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.clauses.zones import zone_at
from kratom_atlas.read.conduct import EVERYDAY
from kratom_atlas.read.things import Thing, reached, synthetics, weigh

__all__ = ["NUMERAL", "TITLED", "alkaloids", "exempt_leaf", "is_alkaloids_of", "schedule_row"]

NUMERAL: Final = r"(?P<number>i{1,3}|iv|v|[1-9]\d?)(?![\w-])"
# `listed in Schedule I`, `SCHEDULE I.`, `Schedule I consists of`, `Schedule I, as set forth`
_SCHEDULE: Final = phrase(
    r"(?:(?P<into>\b(?:listed|included|placed?|add(?:ed)?|enumerated|adding"
    r"|contained|controlled)\s(?:\w{2,12}\s){0,3}?(?:in|to|on|under)"
    r"\s|\bas\s(?:an?\s)?)(?:the\s)?|(?P<head>(?:^|\n|\.\s|[-—–]\s"
    r"|\d\.?\s)[\"“]?(?:\(?\w{1,4}[.)]\s?)?))?"
    rf"\bschedule\s{NUMERAL}"
    r"(?P<then>\s?[:.—–-]|\sconsists?|\sshall\s(?:consist|include)|\sincludes?\b|,?\sis\samended"
    r"|,\sas\sset\sforth|\sof\s(?:section|the)|\n|\scontrolled\ssubstances?\b|$)?"
)
# `Penalty Group 1 consists of`, `Class E of section 31`
_GROUP: Final = phrase(
    r"\b(?:penalty\sgroup\s(?P<number>\d(?:-[ab])?)\s(?:consists|includes|shall\sconsist)"
    r"|add(?:ed|ing)?\sto\sclass\s(?P<added>[a-e])\b|class\s(?P<letter>[a-e])\s(?:of\ssection"
    r"|consists|includes))"
)
TITLED: Final = phrase(rf"\bschedule\s{NUMERAL}")
# A row of a list has no verb of command.
_COMMAND: Final = phrase(
    r"\b(?:shall|must|may|unlawful|prohibited|guilty|commits|required)\b(?!\sbe\sexempt)"
)
# `Section 12 (b), which lists mitragynine, is repealed`, `is not a schedule I substance`
_NO_ROW: Final = phrase(
    rf"{_COMMAND.pattern}|\brepealed\b|\b(?:excluded|exempt) from\b|\bnot affected\b"
    rf"|\b(?:processors?"
    rf"|retailers?)\b|\b(?:finds?|concludes?|determines?|believes?) that\b|\b(?:is"
    rf"|are) not an? (?:schedule|controlled)"
)
# `any alkaloids found in or derived from mitragyna speciosa`, `substances commonly found in `
_ALKALOIDS_OF: Final = phrase(
    r"\b(?:alkaloids?\s(?!fraction|composition|content)(?:\w{1,14},?\s){0,8}?(?:of|from|in|within)"
    r"|(?:substances?|constituents?|compounds?|chemicals?)\s(?:\w{1,14},?\s){0,4}?"
    r"(?:found|contained|present|derived|occurring)\s(?:\w{1,14}\s){0,3}?(?:from|in|within))"
    r"\s(?:the\s)?(?:plant,?\s)?(?:of\s)?(?:the\s)?(?:species\s)?(?:of\s)?$"
)
# `its synthetic equivalents`: of the substance that is named anyway
_ITS: Final = phrase(r"\bits\s$")
_ROW: Final = 1500
_BACK: Final = 60_000


class _Schedule(NamedTuple):
    name: str
    span: Span


def _named_schedule(match: re.Match[str]) -> _Schedule:
    return _Schedule(match["number"].upper(), Span(*match.span()))


def _group(match: re.Match[str]) -> _Schedule:
    letter = (match["letter"] or match["added"] or "").upper()
    name = f"Penalty Group {match['number']}" if match["number"] else f"Class {letter}"
    return _Schedule(name, Span(*match.span()))


def _schedule(text: Text, chain: Sequence[int], position: int) -> _Schedule | None:
    """The schedule in whose list `position` stands."""
    lower = text.lower
    for index in reversed(chain):
        section = text.sections[index]
        lead = text.lead(index)
        end = min(position, section.start + 700, lead.end if lead else section.end)
        if (group := _GROUP.search(lower, section.start, end)) is not None:
            return _group(group)
        for match in reversed(tuple(_SCHEDULE.finditer(lower, section.start, end))):
            if match["into"] or match["head"] is not None or match["then"] is not None:
                return _named_schedule(match)
    top = max(0, text.sections[chain[0]].start - 300) if chain else max(0, position - _BACK)
    if (group := _GROUP.search(lower, max(top, position - 700), position)) is not None:
        return _group(group)
    at = position
    for _ in range(40):
        at = lower.rfind("schedule", max(top, position - _BACK), at)
        if at < 0:
            return None
        match_here = _SCHEDULE.search(lower, max(top, at - 24), at + 60)
        if match_here is not None and (
            match_here["into"]
            or (match_here["head"] is not None and match_here["then"] is not None)
        ):
            return _named_schedule(match_here)
    return None


def _row_at(text: Text, chain: Sequence[int], position: int) -> Span:
    """The row of a list that holds `position`: its unit, or its line."""
    lower = text.lower
    if chain:
        section = text.sections[chain[-1]]
        if section.end - section.start <= _ROW:
            return Span(section.start, section.end)
    first = lower.rfind("\n", max(0, position - _ROW), position) + 1 or max(0, position - 300)
    last = lower.find("\n", position, position + _ROW)
    last = last if last >= 0 else min(len(lower), position + 600)
    # A line may hold far more than the row.
    start = max(first, *(lower.rfind(mark, first, position) + len(mark) for mark in _ROW_MARKS))
    stop = _ROW_STOP.search(lower, position, last)
    return Span(start, stop.start() + 1 if stop is not None else last)


_ROW_MARKS: Final = (":", "; ", ". ")
_ROW_STOP: Final = phrase(r"\.(?=\s|$|\.)")


def schedule_row(text: Text, chain: Sequence[int], position: int) -> int | None:
    """Read the row of a schedule at `position`; return where it ends, or None if it is none."""
    row = text.clipped(_row_at(text, chain, position))
    if _NO_ROW.search(text.lower, *row) or _COMMAND.search(
        text.lower, *_lead_of(text, chain, row.start)
    ):
        return None
    schedule = _schedule(text, chain, position)
    why = "row of a schedule"
    if schedule is None:
        schedule, why = _schedule_by_title(text, position), "row added to a list; schedule by title"
    if schedule is None:
        return None
    things = weigh(text.lower, text.in_span(row), row)
    substances = set(reached(things))
    if any(is_alkaloids_of(text.lower, t) for t in things if t.substance is Substance.LEAF):
        substances = alkaloids(substances)
    if substances and any(
        not _ITS.search(text.lower, s.start - 8, s.start) for s in synthetics(text.lower, row)
    ):
        substances.add(Substance.SYNTHETIC)
    if not substances:
        exempt_leaf(text, things, substances, (schedule.span, row))
        return row.end if any(t.excepted for t in things) else None
    qualifiers = text.qualifiers(row)
    kept = Qualifiers(
        seven_oh_caps=qualifiers.seven_oh_caps, alkaloid_caps=qualifiers.alkaloid_caps
    )
    first = next((t.span for t in things if not t.excepted), Span(position, position + 1))
    spans = (first, schedule.span, row)
    add_finding(
        text, Effect.SCHEDULE, substances, EVERYDAY, spans, (why,), kept, schedule=schedule.name
    )
    exempt_leaf(text, things, substances, spans)
    return row.end


def exempt_leaf(
    text: Text, things: Sequence[Thing], substances: set[Substance], spans: tuple[Span, ...]
) -> None:
    out = [t for t in things if t.excepted and t.substance is Substance.LEAF]
    if out and Substance.LEAF not in substances:
        add_finding(
            text,
            Effect.EXEMPT,
            {Substance.LEAF},
            EVERYDAY,
            (out[0].span, *spans[1:]),
            ("the plant is left out",),
        )


def _lead_of(text: Text, chain: Sequence[int], position: int) -> Span:
    """The last words of the unit above that lead into the list at `position`."""
    for index in reversed(chain):
        lead = text.lead(index)
        if lead is not None and lead.end <= position:
            return Span(max(lead.start, lead.end - 200), lead.end)
    return Span(position, position)


def alkaloids(substances: set[Substance]) -> set[Substance]:
    """What `the alkaloids of the plant` reach: those named with them, else the two main ones."""
    named = substances - {Substance.LEAF, Substance.SYNTHETIC}
    others = substances & {Substance.SYNTHETIC}
    return (named or {Substance.MITRAGYNINE, Substance.SEVEN_OH}) | others


def is_alkaloids_of(lower: str, thing: Thing) -> bool:
    return _ALKALOIDS_OF.search(lower, max(0, thing.span.start - 120), thing.span.start) is not None


_TITLE_REACH: Final = 400_000


def _schedule_by_title(text: Text, position: int) -> _Schedule | None:
    """The one schedule that title and explanation, or the whole text, speak of: for a row added."""
    near = text.lower[max(0, position - 400) : position]
    if not re.search(
        r"\b(?:amended by adding|by the addition|new (?:paragraph|subparagraph))", near
    ):
        return None
    anywhere = tuple(islice(TITLED.finditer(text.lower, 0, _TITLE_REACH), 200))
    places = [m for m in anywhere if zone_at(text, m.start()) is not None]
    names = {m["number"] for m in places[:20]}
    if len(names) == 1:
        return _named_schedule(places[0])
    titled = TITLED.search(text.title)
    if not places and len({m["number"] for m in anywhere}) == 1:
        return _named_schedule(anywhere[0])
    if not names and titled is not None:
        return _Schedule(titled["number"].upper(), Span(position, position + 1))
    return None
