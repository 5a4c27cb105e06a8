"""The clauses of an English text that concern kratom, and the legal effects that they have.

Each place that names kratom ends in one of three: in a finding's evidence, among the idle (a title,
a definition, a finding of fact: with the reason), or unread. Clauses are looked at only where
kratom or a term defined through it stands; what a clause is, is decided by the first of these that
fits: a part that does nothing, a row of a schedule, a repeal, a rule of `conduct`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from kratom_atlas.model.reading import Amendment, Finding, Marked, Section, Span, Unread
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Activity, Effect, Substance
from kratom_atlas.read.amounts import qualifiers_in
from kratom_atlas.read.conduct import (
    EVERYDAY,
    Force,
    Rule,
    acquired,
    activities,
    condition,
    dealings,
    find_rule,
    is_narrowed,
)
from kratom_atlas.read.definitions import Defined, Lexicon, definitions
from kratom_atlas.read.levels import LevelClause
from kratom_atlas.read.things import Thing, reached, synthetics, weigh

__all__ = ["MAX_CLAUSES", "Clauses", "Found", "read_clauses"]

MAX_CLAUSES: Final = 200
"""So many clauses of one text are read; the rest is unread."""
_LONGEST: Final = 6000
_SENTENCE: Final = 1500
_QUOTE: Final = 400
_MAX_USES: Final = 60


_NONE: Final = Qualifiers()


def _phrase(pattern: str, flags: re.RegexFlag = re.RegexFlag.NOFLAG) -> re.Pattern[str]:
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
class _Text:
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
    text = _Text(
        marked=marked,
        lower=lower,
        things=things,
        sections=sections,
        amendments=amendments,
        lexicon=Lexicon(definitions(lower, things, sections)),
        zones=_zones(lower),
        title=title.lower(),
    )
    _read_levels(text, levels)
    _read(text, tuple(level.span for level in levels))
    _exempt_left_out(text)
    if not any(f.finding.effect is not Effect.ALLOW_STRICTER for f in text.found):
        text.found = [f for f in text.found if text.in_span(f.at)]  # on something else, then
    _attach_penalties(text)
    return Clauses(_merged(text.found), tuple(text.idle), tuple(text.unread))


# `the sale, distribution or possession of `
_OF_DEALING: Final = _phrase(
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
_ASKS: Final = _phrase(r"\W{0,3}(?:re:|whether\b|questions? (?:presented|asked)?:?)")


def _read_levels(text: _Text, levels: Sequence[LevelClause]) -> None:
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
        if _zone(text, level.span.start) is not None or _ASKS.match(text.lower, level.span.start):
            continue
        about = _object(text, level.span, level.span.start)
        named = dealt[level.effect]
        _add(
            text,
            level.effect,
            about.substances or {Substance.LEAF},
            tuple(sorted(named, key=lambda a: a.rank)) or EVERYDAY,
            (level.span,),
            (level.because,),
            grandfather=level.grandfather,
        )


def _read(text: _Text, taken: Sequence[Span]) -> None:
    done = -1
    count = 0
    for thing in text.things:
        if thing.span.start < done:
            continue
        reason = _idle_reason(text, thing)
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
            if _zone(text, use.start) is None and text.lexicon.defining(use.start) is None:
                done = max(use.end, _read_at(text, use, by_term=True))


# -- zones: what stands before and behind the law --------------------------------------------------

# `Be it enacted by`, `The General Assembly ... hereby enacts as follows:`, `BE IT RESOLVED`
_ENACTING: Final = _phrase(
    r"(?<![a-z])be it (?:therefore |further )?(?:enacted|ordained"
    r"|resolved)\b(?:(?!,? that\b)[^\n:]){0,160}:?"
    r"|\bhereby enacts?(?: as follows)?\b:?|\bit is hereby enacted\b[^\n:]{0,100}:?"
    r"|\bthe people of the state of [a-z ]{3,20}(?:,[^\n:]{0,60})? (?:do )?enact\b[^\n:]{0,40}:?"
    r"|\bdo (?:hereby )?enact as follows\b:?"
)
# `An Act to`, `A BILL FOR`, `LONG TITLE`, `SYNOPSIS`: a header begins
_HEADER: Final = _phrase(
    r"\b(?:an act\b|a bill\b|long title\b|synopsis\b|for an act\b|a resolution\b|title:)"
)
# What follows the law: an explanation, a statement, a note, a fiscal note
_TAIL: Final = _phrase(
    r"\bexplanation\b.{0,24}?\bthe inclusion of this explanation\b"
    r"|(?:\n|\. )(?:sponsor['’]?s? )?statement\s{1,3}"
    r"(?=(?:this|under this|the) (?:\w{1,20},? ){0,3}(?:bill|act|resolution)\b)"
    r"|\nnote: the purpose of this\b|\nbill analysis\b|\nfiscal (?:note|impact)\b"
    r"|\nexplanatory (?:note|memorandum)\b|\nlegislative counsel['’]s digest\b"
    r"|\nsummary of (?:the )?(?:bill|legislation)\b",
    re.DOTALL,
)
# `A BILL` and on the next line what it is to do, up to its full stop
_LONG_TITLE: Final = _phrase(
    r"(?:^|\n)(?:an? (?:bill|act|resolution)|joint resolution)\s{0,3}\n"
    r"(?:to|for|relating|concerning|an act)\b[^.]{0,900}\.(?=\s)"
)
_HEADER_REACH: Final = 12_000


_ENACTING_KEYS: Final = ("enact", "ordained", "resolved")
_TAIL_KEYS: Final = (
    *("explanation", "statement", "note:", "bill analysis", "fiscal", "explanatory"),
    *("counsel", "summary of"),
)
_MAX_ZONES: Final = 20


def _keyed(
    pattern: re.Pattern[str], keys: Iterable[str], lower: str, first: int
) -> list[re.Match[str]]:
    """What matches around one of the `keys`, in order: quicker than looking everywhere."""
    found: dict[int, re.Match[str]] = {}
    for key in keys:
        at, count = lower.find(key, first), 0
        while at >= 0 and count < 4 * _MAX_ZONES:
            count += 1
            match = pattern.search(lower, max(first, at - 90), min(len(lower), at + 300))
            if match is not None and match.start() <= at < match.end():
                found.setdefault(match.start(), match)
            at = lower.find(key, at + len(key))
    return [found[start] for start in sorted(found)][:_MAX_ZONES]


def _zones(lower: str) -> tuple[tuple[Span, str], ...]:
    zones: list[tuple[Span, str]] = []
    place = 0
    for enacting in _keyed(_ENACTING, _ENACTING_KEYS, lower, 0):
        if enacting.start() < place or "further" in enacting[0]:
            continue
        reach = enacting.start() - _HEADER_REACH
        header = _HEADER.search(lower, max(place, reach), enacting.start())
        start = 0 if not zones and reach < 0 else None
        if start is None and header is not None:
            start = header.start()
        if start is not None:
            zones.append((Span(start, enacting.end()), "title or summary"))
        place = enacting.end()
    if not zones and (header := _LONG_TITLE.search(lower, 0, _HEADER_REACH)) is not None:
        zones.append((Span(0, header.end()), "title or summary"))
    law = max((zone.end for zone, _ in zones), default=0)
    for tail in _keyed(_TAIL, _TAIL_KEYS, lower, max(0, law - 1)):
        zones.append((Span(tail.start(), len(lower)), "explanation"))
        break
    return tuple(sorted(zones))


def _zone(text: _Text, position: int) -> str | None:
    return next((why for span, why in text.zones if span.start <= position < span.end), None)


# -- what does nothing ----------------------------------------------------------------------------

# What makes a sentence of what looks like a heading
_SAYS: Final = _phrase(
    r"\b(?:shall|must|may not|is|are|be) (?:hereby |not )?[a-z]{2,12}|\b(?:shall|unlawful)\b"
)
# A line of its own behind the label of a section, without a full stop
_HEADING_LINE: Final = _phrase(r"\s{0,3}([A-Z][^\n]{3,110}?[^\n.:;,—-])\n(?=[A-Z(\"“])")
# ` Consumer Protection Act"`: the name of an act
_ACT_NAME: Final = _phrase(
    r"(?:['’]s)?(?:[ \n][A-Z][\w’']{1,20}|[ \n](?:and|of|the|for|&)){0,7}[ \n]"
    r"(?:Act|ACT|Code|Chapter|Fund|Program|Bill|Law|Task Force|Rule)\b"
)
# `may be cited as`, `known as the "`
_CITED: Final = _phrase(
    r"\b(?:(?:may|shall) be (?:known|cited|referred)|known and may be cited|short title|cited as"
    r"|entitled|titled)\b[^.;]{0,120}$"
)
# ` Act, is hereby repealed`
_ENDED: Final = _phrase(
    r"[^.;]{0,100}?\b(?:is|are) (?:hereby )?repealed\b|[^;\[]{0,120}?\[repealed\b"
)
# Headings and leads of parts that find, declare or intend
_DECLARING: Final = _phrase(
    r"\b(?:legislative (?:findings?|intent|purpose|declaration)"
    r"|findings?(?: and (?:purpose|decl|intent)|; |\.\s)"
    r"|(?:legislature|assembly|congress|council|city|county|people|commissioners|senate|house)"
    r"\b[^.;]{0,60}?\b(?:finds?|determines?|declares?|recogni[sz]es?)\b|it is the (?:intent|purpose"
    r"|policy)|intent of the|(?<!for )the purposes? of (?:this|th|\[)|statement of purpose)"
)
# `Definitions.`, `As used in this section:`, `For the purposes of this chapter:`
_DEFINING: Final = _phrase(
    r"^\S{1,16}(?:\s\S{1,16})?\s{1,3}(?:\(\w{1,3}\)\s)?(?:definitions?\b|as used in this\b"
    r"|for (?:the )?purposes of (?:this|th)\b[^.;]{0,80}:)"
)
_COMMAND_TO: Final = _phrase(
    r"\b(?:(?:shall|must|may) not|unlawful|no person|guilty|prohibited|a crime|offen[cs]e)\b"
)
_RECITAL: Final = 1200


def _idle_reason(text: _Text, thing: Thing) -> str | None:
    at = thing.span.start
    if (zone := _zone(text, at)) is not None:
        return zone
    chain = text.chain(at)
    if _ENDED.match(text.lower, thing.span.end):
        return None
    if _is_act_name(text, thing):
        return "name of an act"
    if _in_heading(text, chain, thing):
        return "heading"
    if _CITED.search(text.lower, max(0, at - 160), at):
        return "short title"
    for index in chain:
        reason = text.unit_reasons.get(index)
        if reason is None:
            reason = text.unit_reasons[index] = _unit_reason(text, index)
        if reason == "definition" and _commands_near(text, index, at):
            continue
        if reason:
            return reason
    recital = text.lower.rfind("whereas", max(0, at - _RECITAL), at)
    between = text.lower[recital:at] if recital >= 0 else ";"
    if not {"\n", ";"} & set(between) and "therefore" not in between:
        return "recital"
    if text.lexicon.defining(at) is not None and not _in_schedule_section(text, chain):
        return "definition"
    return None


def _unit_reason(text: _Text, index: int) -> str:
    """Why a unit does nothing by its first words; empty if they do not say so."""
    section = text.sections[index]
    lead = text.lead(index)
    end = min(section.end, section.start + 300) if lead is None else lead.end
    words = text.lower[section.start : min(end, section.start + 400)]
    if _DECLARING.search(words):
        return "finding or purpose"
    return "definition" if _DEFINING.search(words) else ""


def _commands_near(text: _Text, index: int, at: int) -> bool:
    section = text.sections[index]
    near = Span(max(section.start, at - 250), min(section.end, at + 200))
    return _COMMAND_TO.search(text.lower, *near) is not None


def _in_schedule_section(text: _Text, chain: Sequence[int]) -> bool:
    return any(_TITLED.match(text.sections[index].heading.lower()) for index in chain)


def _is_act_name(text: _Text, thing: Thing) -> bool:
    word = text.marked.text[thing.span.start : thing.span.end]
    return word[:1].isupper() and _ACT_NAME.match(text.marked.text, thing.span.end) is not None


def _in_heading(text: _Text, chain: Sequence[int], thing: Thing) -> bool:
    for index in chain:
        section = text.sections[index]
        if not section.heading:
            if _in_bare_heading(text, index, thing):
                return True
            continue
        at = text.marked.text.find(section.heading, section.start, section.start + 400)
        if at >= 0 and at <= thing.span.start < at + len(section.heading):
            end = at + len(section.heading)
            if text.marked.text[end : end + 3].lstrip()[:1].islower():
                return False  # the first line of a sentence
            if text.lower.find(": ", at, thing.span.start) >= 0:
                return False  # an item of a list of kinds
            # What all of a section says is no heading, and neither is a rule.
            is_all = not text.marked.text[end : min(section.end, end + 40)].strip(" .\n")
            return not is_all and _is_no_rule(text.lower, Span(at, end))
    return False


def _in_bare_heading(text: _Text, index: int, thing: Thing) -> bool:
    """Whether the name stands in words between a section's label and its first part or line."""
    section, lead = text.sections[index], text.lead(index)
    if section.label.startswith("("):
        return False
    first = section.start + len(section.label)
    line = _HEADING_LINE.match(text.marked.text, first)
    end = line.end(1) if line is not None else lead.end if lead is not None else first
    if not first <= thing.span.start < end or end - first > 250:
        return False
    is_all = not text.marked.text[end : min(section.end, end + 40)].strip(" .\n")
    return (
        not is_all
        and ":" not in text.lower[first:end]
        and _is_no_rule(text.lower, Span(first, end))
    )


def _is_no_rule(lower: str, span: Span) -> bool:
    return _SAYS.search(lower, *span) is None and find_rule(lower, span) is None


# -- schedules ------------------------------------------------------------------------------------

_NUMERAL: Final = r"(?P<number>i{1,3}|iv|v|[1-9]\d?)(?![\w-])"
# `listed in Schedule I`, `SCHEDULE I.`, `Schedule I consists of`, `Schedule I, as set forth`
_SCHEDULE: Final = _phrase(
    r"(?:(?P<into>\b(?:listed|included|placed?|add(?:ed)?|enumerated|adding"
    r"|contained|controlled)\s(?:\w{2,12}\s){0,3}?(?:in|to|on|under)"
    r"\s|\bas\s(?:an?\s)?)(?:the\s)?|(?P<head>(?:^|\n|\.\s|[-—–]\s"
    r"|\d\.?\s)[\"“]?(?:\(?\w{1,4}[.)]\s?)?))?"
    rf"\bschedule\s{_NUMERAL}"
    r"(?P<then>\s?[:.—–-]|\sconsists?|\sshall\s(?:consist|include)|\sincludes?\b|,?\sis\samended"
    r"|,\sas\sset\sforth|\sof\s(?:section|the)|\n|\scontrolled\ssubstances?\b|$)?"
)
# `Penalty Group 1 consists of`, `Class E of section 31`
_GROUP: Final = _phrase(
    r"\b(?:penalty\sgroup\s(?P<number>\d(?:-[ab])?)\s(?:consists|includes|shall\sconsist)"
    r"|add(?:ed|ing)?\sto\sclass\s(?P<added>[a-e])\b|class\s(?P<letter>[a-e])\s(?:of\ssection"
    r"|consists|includes))"
)
# `kratom is added to schedule I`, `shall be classified as a Schedule II controlled substance`
_PLACED: Final = _phrase(
    r"\b(?:add(?:ed|s|ing)?|plac(?:e|ed|es|ing)|classif(?:y|ied|ies)|designat(?:e|ed|es)"
    r"|list(?:ed|s)?|includ(?:e|ed|es)|schedul(?:e|ed|es|ing)|subject to|declar(?:e|ed|es)"
    r"|deem(?:ed)?"
    r"|treat(?:ed)?|control(?:led)?|regulated|transfer(?:red|s)?|mov(?:e|ed|es)"
    r"|(?:is|are|shall\sbe)\sa)\b"
    rf"[^.;]{{0,120}}?\b(?:schedule\s{_NUMERAL}|(?P<group>penalty\sgroup\s\d(?:-[ab])?))"
)
_TAKEN_OUT: Final = _phrase(
    r"\b(?:remov(?:e|ed|es|ing)|delet(?:e|ed|es|ing)|strik(?:e|es|ing)|stricken|struck|withdrawn"
    r"|descheduled?|tak(?:en|es|ing) out|(?:is|are) no longer)\b[^.;]{0,120}?"
    rf"\b(?:schedule\s{_NUMERAL}|(?:lists?|schedules?) of (?:\w{{2,12}} )?(?:controlled|regulated"
    r"|dangerous|prohibited|scheduled|banned|illegal))"
    r"|\b(?:(?:is|are|be) no longer|shall no longer be|neither is) (?:an? )?(?:\w{2,12} )?"
    r"(?:controlled|regulated|scheduled|prohibited)\b"
)
_TITLED: Final = _phrase(rf"\bschedule\s{_NUMERAL}")
# A row of a list has no verb of command.
_COMMAND: Final = _phrase(
    r"\b(?:shall|must|may|unlawful|prohibited|guilty|commits|required)\b(?!\sbe\sexempt)"
)
# `Section 12 (b), which lists mitragynine, is repealed`, `is not a schedule I substance`
_NO_ROW: Final = _phrase(
    rf"{_COMMAND.pattern}|\brepealed\b|\b(?:excluded|exempt) from\b|\bnot affected\b"
    rf"|\b(?:processors?"
    rf"|retailers?)\b|\b(?:finds?|concludes?|determines?|believes?) that\b|\b(?:is"
    rf"|are) not an? (?:schedule|controlled)"
)
# `any alkaloids found in or derived from mitragyna speciosa`, `substances commonly found in `
_ALKALOIDS_OF: Final = _phrase(
    r"\b(?:alkaloids?\s(?!fraction|composition|content)(?:\w{1,14},?\s){0,8}?(?:of|from|in|within)"
    r"|(?:substances?|constituents?|compounds?|chemicals?)\s(?:\w{1,14},?\s){0,4}?"
    r"(?:found|contained|present|derived|occurring)\s(?:\w{1,14}\s){0,3}?(?:from|in|within))"
    r"\s(?:the\s)?(?:plant,?\s)?(?:of\s)?(?:the\s)?(?:species\s)?(?:of\s)?$"
)
# `its synthetic equivalents`: of the substance that is named anyway
_ITS: Final = _phrase(r"\bits\s$")
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


def _schedule(text: _Text, chain: Sequence[int], position: int) -> _Schedule | None:
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


def _row_at(text: _Text, chain: Sequence[int], position: int) -> Span:
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
_ROW_STOP: Final = _phrase(r"\.(?=\s|$|\.)")


def _schedule_row(text: _Text, chain: Sequence[int], position: int) -> int | None:
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
    if any(_is_alkaloids_of(text.lower, t) for t in things if t.substance is Substance.LEAF):
        substances = _alkaloids(substances)
    if substances and any(
        not _ITS.search(text.lower, s.start - 8, s.start) for s in synthetics(text.lower, row)
    ):
        substances.add(Substance.SYNTHETIC)
    if not substances:
        _exempt_leaf(text, things, substances, (schedule.span, row))
        return row.end if any(t.excepted for t in things) else None
    qualifiers = text.qualifiers(row)
    kept = Qualifiers(
        seven_oh_caps=qualifiers.seven_oh_caps, alkaloid_caps=qualifiers.alkaloid_caps
    )
    first = next((t.span for t in things if not t.excepted), Span(position, position + 1))
    spans = (first, schedule.span, row)
    _add(text, Effect.SCHEDULE, substances, EVERYDAY, spans, (why,), kept, schedule=schedule.name)
    _exempt_leaf(text, things, substances, spans)
    return row.end


def _exempt_leaf(
    text: _Text, things: Sequence[Thing], substances: set[Substance], spans: tuple[Span, ...]
) -> None:
    out = [t for t in things if t.excepted and t.substance is Substance.LEAF]
    if out and Substance.LEAF not in substances:
        _add(
            text,
            Effect.EXEMPT,
            {Substance.LEAF},
            EVERYDAY,
            (out[0].span, *spans[1:]),
            ("the plant is left out",),
        )


def _lead_of(text: _Text, chain: Sequence[int], position: int) -> Span:
    """The last words of the unit above that lead into the list at `position`."""
    for index in reversed(chain):
        lead = text.lead(index)
        if lead is not None and lead.end <= position:
            return Span(max(lead.start, lead.end - 200), lead.end)
    return Span(position, position)


def _alkaloids(substances: set[Substance]) -> set[Substance]:
    """What `the alkaloids of the plant` reach: those named with them, else the two main ones."""
    named = substances - {Substance.LEAF, Substance.SYNTHETIC}
    others = substances & {Substance.SYNTHETIC}
    return (named or {Substance.MITRAGYNINE, Substance.SEVEN_OH}) | others


def _is_alkaloids_of(lower: str, thing: Thing) -> bool:
    return _ALKALOIDS_OF.search(lower, max(0, thing.span.start - 120), thing.span.start) is not None


_TITLE_REACH: Final = 400_000


def _schedule_by_title(text: _Text, position: int) -> _Schedule | None:
    """The one schedule that title and explanation, or the whole text, speak of: for a row added."""
    near = text.lower[max(0, position - 400) : position]
    if not re.search(
        r"\b(?:amended by adding|by the addition|new (?:paragraph|subparagraph))", near
    ):
        return None
    anywhere = tuple(islice(_TITLED.finditer(text.lower, 0, _TITLE_REACH), 200))
    places = [m for m in anywhere if _zone(text, m.start()) is not None]
    names = {m["number"] for m in places[:20]}
    if len(names) == 1:
        return _named_schedule(places[0])
    titled = _TITLED.search(text.title)
    if not places and len({m["number"] for m in anywhere}) == 1:
        return _named_schedule(anywhere[0])
    if not names and titled is not None:
        return _Schedule(titled["number"].upper(), Span(position, position + 1))
    return None


# -- the clause around a place --------------------------------------------------------------------

# `... . A retailer`, `...; and`; but not `U.S. `, `No. 5`, `sec. 4`
_STOP: Final = _phrase(
    r"[.;](?<!\bu\.s\.)(?<!\bno\.)(?<!\bsec\.)(?<!\bart\.)(?<!\bsub\.)(?<!\bsubd\.)(?<!\bpar\.)(?<!\be\.g\.)(?<!\bi\.e\.)"
    r"(?<![\s.(][a-z]\.)[\"”’)]{0,2}(?:[—–-]{1,2}\s{0,3}|\s{1,3})(?=[\"“(\[]?[a-z0-9§])"
)
# Leads that open no rule: amending words, definitions, labels of lists of any kind
_NO_RULE_LEAD: Final = _phrase(
    r"\b(?:to read(?: as follows)?|as follows|as used in|for (?:the )?purposes of"
    r"|adding(?: the following| at the end)?|inserting|following new|have the following meanings?"
    r"|the following (?:words|terms|definitions)|definitions)\b[^.;]{0,160}$"
)


def _clause(text: _Text, chain: Sequence[int], position: int) -> Span:
    """The clause at `position`: a lead with its whole list, or the sentence."""
    lower = text.lower
    own = _sentence(text, chain, position)
    rule = text.rule(own)
    bars = rule is not None and rule.force is Force.BAR and rule.span.start < position
    if bars and not lower[own.start : own.end].rstrip().endswith((":", "—")):
        return own
    for index in chain:
        lead = text.lead(index)
        if lead is None:
            continue
        words = lower[max(lead.start, lead.end - 400) : lead.end].rstrip(" \n\"“'‘")
        if words[-1:] not in {":", "—", "–", "-", ","} and not words.endswith(
            (" or", " of", " to")
        ):
            continue
        if _NO_RULE_LEAD.search(words[-220:]):
            continue
        end = text.sections[index].end
        start = _sentence_start(
            lower, lead.start, lead.start + len(lower[lead.start : lead.end].rstrip())
        )
        if start <= position < start + _LONGEST and _leads(text, words, Span(start, end)):
            return Span(start, min(end, start + _LONGEST))
    return _loose_list(text, chain, position) or own


def _leads(text: _Text, words: str, lead: Span) -> bool:
    """Whether a lead is one of a rule, and not of a list of substances that only lists."""
    if not _is_list_of_substances(words):
        return True
    rule = text.rule(lead)
    return rule is not None and rule.force is Force.BAR


def _loose_list(text: _Text, chain: Sequence[int], position: int) -> Span | None:
    """The clause at `position` whose list has no unit above it, with the words that open it."""
    units = text.sections
    index = chain[0] if chain else bisect_right(units, position, key=attrgetter("start"))
    if index >= len(units) or not _is_item(units[index]) or units[index].start > position + 400:
        return None
    first = index
    for before in range(index - 1, max(-1, index - 1 - _MAX_ITEMS), -1):
        if units[before].parent is None:
            if not _is_item(units[before]):
                break
            first = before
    lower = text.lower
    opening = units[first].start
    words = lower[max(0, opening - 400) : opening].rstrip()
    if not words.endswith((":", "—")) or _NO_RULE_LEAD.search(words[-220:]):
        return None
    end = units[index].end
    for after in range(index + 1, min(len(units), index + 1 + _MAX_ITEMS)):
        if units[after].parent is None:
            if not _is_item(units[after]):
                break
            end = units[after].end
    start = _sentence_start(lower, max(0, opening - _SENTENCE), opening - 2)
    if text.rule(Span(start, opening)) is None and not units[first].label.startswith("("):
        return None
    if not start <= position < end or not _leads(text, words, Span(start, end)):
        return None
    return Span(start, min(end, start + _LONGEST))


def _is_item(unit: Section) -> bool:
    return unit.parent is None and len(unit.label) <= 6 and unit.label[-1:] in {")", "."}


def _sentence(text: _Text, chain: Sequence[int], position: int) -> Span:
    lower = text.lower
    section = text.sections[chain[-1]] if chain else None
    first = max(section.start if section else 0, position - _SENTENCE)
    following = bisect_right(text.sections, position, key=attrgetter("start"))
    outside = section is None and following < len(text.sections)
    limit = text.sections[following].start if outside else len(lower)
    last = min(section.end if section else limit, position + _SENTENCE)
    lead = text.lead(chain[-1]) if chain else None
    if lead is not None and position < lead.end:
        last = min(last, lead.end)
    start = _sentence_start(lower, first, position)
    # A list that runs on in one line belongs to the words that open it.
    for _ in range(_MAX_ITEMS):
        before = lower[max(first, start - 8) : start].rstrip()
        if not _LABELLED.match(lower, start) or not before.endswith((";", "; and", "; or")):
            break
        start = _sentence_start(lower, first, max(first, start - len("; and") - 2))
    start = _list_start(lower, first, start)
    stop = _STOP.search(lower, position, last)
    opened = _OPENS_LIST.search(lower, start, stop.start() if stop else last)
    for _ in range(_MAX_ITEMS):
        if not opened or stop is None or lower[stop.start()] != ";":
            break
        if not _LABELLED.match(lower, stop.end()):
            break
        stop = _STOP.search(lower, stop.end(), last)
    end = stop.start() + 1 if stop else last
    return Span(start, end)


def _list_start(lower: str, first: int, start: int) -> int:
    """Where the sentence of a list begins that runs on in one line: `the following: a; b; c`."""
    if lower[max(first, start - 3) : start].rstrip()[-1:] != ";":
        return start
    opened = lower.rfind(":", first, start)
    if opened < 0 or _FOLLOWING.search(lower, max(first, opened - 60), opened) is None:
        return start
    if any(lower[m.start()] == "." for m in _STOP.finditer(lower, opened, start)):
        return start
    return _sentence_start(lower, first, opened)


_FOLLOWING: Final = _phrase(r"\bfollowing\b[^.;:]{0,40}$")


# ` shall not: (1) sell`
_OPENS_LIST: Final = _phrase(r"[:—] ?\(?\w{1,4}[.)] ")
_LABELLED: Final = _phrase(r"(?:and |or )?\(?\w{1,4}\) ")
_MAX_ITEMS: Final = 30


def _sentence_start(lower: str, first: int, position: int) -> int:
    near = max(first, position - _SENTENCE)
    start = near
    for stop in _STOP.finditer(lower, near, position):
        start = stop.end()
    return start


def _is_list_of_substances(words: str) -> bool:
    return (
        re.search(r"\b(?:following|any) (?:\w+ ){0,3}(?:substances|opiates)\b", words) is not None
    )


# -- reading a clause -----------------------------------------------------------------------------

_AGENCY: Final = _phrase(
    r"\b(?:department|board|commissioner|director|secretary|division|agency|commission|legislature"
    r"|attorney general|administrator|administration|health officer|council|committee|authority"
    r"|superintendent|court|prosecutor|laborator(?:y|ies)|judge|sheriff|rules?|regulations?)\b"
    r"[^.;:]{0,50}$"
)
# `does not violate this section if`, `it is an affirmative defense`
_DEFENCE: Final = _phrase(
    r"\b(?:does not violate|not in violation|affirmative defen[cs]e|a defen[cs]e (?:to|under|that)"
    r"|is not (?:liable|guilty|subject|required)|(?:shall|may) not be (?:liable|guilty|subject|held"
    r"|deemed|considered|prosecuted|arrested|charged)|prima facie|rebuttable)\b"
)
# `a person who violates this section is guilty`, `is subject to a civil penalty`, `shall be fined`
_PENAL: Final = _phrase(
    r"\b(?:violat(?:es|ions?|ing|ed|or)|convict(?:ed|ion)|fined|civil penalty|misdemeanor|felony"
    r"|administrative fine|imprisonment|penalt(?:y|ies)|offense under this|suspension"
    r"|revo(?:ke|cation))\b"
)
# `For a third violation, the retailer shall be prohibited from selling`
_AFTER_BREACH: Final = _phrase(
    r"\b(?:violations?|offen[cs]es?|convictions?|upon the (?:first|second|third|fourth))\b"
)
_FOR_A_TIME: Final = _phrase(
    r"\bfor (?:a period of )?(?:up to )?[\w-]{1,12}(?: \(\d{1,4}\))? (?:years?|months?|days)\b"
)
_OUTSIDE: Final = _phrase(
    r"\b(?:does|do|shall) not apply to\b|\b(?:is|are) exempt(?:ed)? from\b|\bnot applicable to\b"
)
_REPEALED: Final = _phrase(
    r"\b(?:(?:is|are|be|and the same (?:is|are)) (?:hereby )?repealed|repealed|to repeal)\b"
    r"|\b(?:order|rule|ordinance|regulation|listing|ban|prohibition|notice|resolution"
    r"|moratorium)\b[^.;]{0,160}?\b(?:is|are|be) (?:hereby )?"
    r"(?:rescinded|revoked|withdrawn|vacated|set aside|lifted|ended|terminated|abolished)\b"
    r"|\brepeals the (?:\w{3,12} )?(?:prohibition|ban|listing|moratorium)\b"
    r"|\b(?:order|rule|ordinance|regulation|ban|section|chapter|act)\b[^.;]{0,160}?"
    r"\b(?:shall have no (?:further|longer) (?:force or )?effect"
    r"|ceases? to (?:have effect|apply))\b"
    r"|\b(?:chapter|section|article|ordinance)s?\b(?:[^.;]|\.\d){0,120}?\b(?:is"
    r"|are) (?:hereby )?deleted\b"
)
# `Section 409 of the Act, under which the import of kratom is prohibited, is repealed`
_CITES: Final = _phrase(
    r"\W{0,3}(?:sec(?:tion)?\.? ?\d{1,4}\. {1,3})?(?:the )?"
    r"(?:sections?|chapters?|ordinances?|articles?|subsections?|paragraphs?|rules?|title|part|§"
    r"|act)"
)
# `enforcement of the rule listing mitragynine is stayed`, `are enjoined from enforcing`
_STAYED: Final = _phrase(
    r"\b(?:enforcement|operation|effect|scheduling|listing|order|rule|ordinance|regulation|statute"
    r"|act|ban|section)\b"
    r"(?:[^.;]|(?<=no)\.|\.\d){0,160}?\b(?:is|are|be) (?:hereby )?(?:\w{4,14} )?(?:stayed|enjoined"
    r"|suspended (?:until|pending))"
    r"|\b(?:enjoined|restrained|prohibited by (?:this|the) (?:court|injunction)) from (?:enforcing"
    r"|applying|giving effect)"
    r"|\b(?:shall|may) not enforce\b[^.;]{0,200}?\b(?:further order|pending)"
)
# `may be seized and destroyed`, `misrepresents age for the purpose of obtaining`
_SEIZED: Final = _phrase(
    r"\b(?:may|shall|must) be (?:immediately )?(?:seized|destroyed|confiscated|forfeited)\b"
    r"|\bsubject to (?:immediate )?(?:seizure|forfeiture)\b|\b(?:may|shall) seize\b"
    r"|\brecall(?:ed)?\b"
)
_DECEIT: Final = _phrase(
    r"\b(?:misrepresent|falsif|false|fraudulent|forge|counterfeit|alter(?:s|ed))"
)
_LISTING: Final = _phrase(r"\b(?:list(?:s|ed|ing)?|schedul(?:e|es|ed|ing)|controlled substance)\b")
_SAVING: Final = _phrase(r"\bnothing in [^.;]{1,60}?\b(?:permits?|authori[sz]es?|allows?)\b")
_TAX: Final = _phrase(r"\b(?:excise |sales )?tax\b")
_OFFICER: Final = _phrase(
    r"\b(?:enforcement agent|law[\s-]enforcement|peace officer|investigation)\b"
)
# `only by a licensed pharmacy`, `Only a person to whom one of the six licences was granted`
_CHOSEN_FEW: Final = _phrase(
    r"\b(?:only|exclusively|solely) (?:by|at|in|from|through|to)? ?(?:an? |the )?(?:licensed "
    r"|registered )?"
    r"(?:pharmac|practitioner|physician|dispensar|hospital|state[ -](?:owned|run|operated))"
    r"|\b(?:granted|holds?|holders?|issued)\b[^.;]{0,60}?\b(?:one|two|three|four|five|six|seven"
    r"|eight"
    r"|nine|ten|twelve|\d{1,2})\b[^.;]{0,20}?\blicen[cs]es?\b"
    r"|\blicen[cs]e\b[^.;]{0,60}?\bdiscretion"
    r"|\bdiscretion\b[^.;]{0,80}?\blicen[cs]e"
)
_PRODUCT_RULES: Final = (
    *("seven_oh_caps", "alkaloid_caps", "limits", "labelling", "testing", "registration"),
    *("behind_the_counter", "advertising", "forms", "adulterants", "places", "min_age"),
    *("in_public", "prescription"),
)


def _read_at(text: _Text, seed: Span, *, by_term: bool = False) -> int:
    """Read the clause at `seed`; return where it ends."""
    chain = text.chain(seed.start)
    if not by_term:
        row = _schedule_row(text, chain, seed.start)
        if row is not None:
            return row
    span = text.clipped(_clause(text, chain, seed.start))
    if not span.start <= seed.start < span.end:
        span = seed
    reader = next((reader for reader in _READERS if reader(text, span, seed)), None)
    if reader is None and not by_term:
        _rest(text, span, "no rule of the grammar fits")
    return span.end if reader is not None or not by_term else seed.end


def _rest(text: _Text, span: Span, why: str) -> None:
    text.unread.extend(Unread(span=t.span, why=why) for t in text.in_span(span))


def _leave(text: _Text, span: Span, why: str) -> bool:
    text.idle.extend(Unread(span=t.span, why=why) for t in text.in_span(span))
    return True


def _read_placing(text: _Text, span: Span, seed: Span) -> bool:
    """`Kratom is added to Schedule I`, `is removed from Schedule I`."""
    if not any(
        text.lower.find(key, *span) >= 0
        for key in ("schedul", "list", "no longer", "penalty group")
    ):
        return False
    out = _TAKEN_OUT.search(text.lower, *span)
    into = out or _PLACED.search(text.lower, *span)
    if into is None:
        return False
    if _SUPPOSED.search(text.lower, max(span.start, into.start() - 200), into.start()):
        return False
    sentence = Span(span.start, min(span.end, into.end() + 200))
    for stop in _STOP.finditer(text.lower, into.end(), sentence.end):
        if text.lower[stop.start()] == ".":
            sentence = Span(span.start, stop.start())
            break
    things = weigh(text.lower, text.in_span(sentence), sentence)
    near = [t for t in things if abs(t.span.start - into.start()) < 300]
    substances = set(reached(near))
    if not substances or _AGENCY_OF_OTHERS.search(text.lower, *span):
        return False
    spans = (Span(*into.span()), seed, span)
    if out is not None:
        target = (" ".join(text.marked.text[out.start() : out.end()].split()),)
        _add(
            text,
            Effect.REPEAL,
            substances,
            EVERYDAY,
            spans,
            ("taken out of a schedule",),
            targets=target,
        )
        return True
    name = into["number"].upper() if into["number"] else into["group"].title()
    around = dealings(text.lower, span.start, min(len(text.lower), span.end + 250))
    abroad = {Activity.IMPORT, Activity.EXPORT} & set(around)
    _add(
        text,
        Effect.SCHEDULE,
        substances,
        tuple(sorted({*EVERYDAY, *abroad}, key=lambda a: a.rank)),
        spans,
        ("placed in a schedule",),
        schedule=name,
    )
    _exempt_leaf(text, near, substances, spans)
    return True


# `if kratom is placed in schedule I`: not what the text does
_SUPPOSED: Final = _phrase(
    r"\b(?:if|in the event|whenever|unless(?! (?:specifically )?(?:excepted|listed|otherwise))"
    r"|until|should|urg(?:es|ed|ing)|requests?|asks?|calls (?:up)?on|recommends?|encourages?"
    r"|petitions?"
    r"|upon (?!(?:the )?(?:agreement|consultation|recommendation|advice|findings?"
    r"|request)))\b[^.;]{0,200}$"
)
# `contains a substance listed in schedule I`: said of what is mixed in
_AGENCY_OF_OTHERS: Final = _phrase(
    r"\b(?:contain(?:s|ing)?|with|including)\b[^.;]{0,120}?\b(?:controlled )?substances?\b"
    r"[^.;]{0,60}?\bschedule\b"
)


# `The notice of intent to place mitragynine in schedule I is withdrawn`: it never was the law
_NEVER_LAW: Final = _phrase(
    r"\b(?:notice of (?:intent|proposed)|proposed (?:rule|order|regulation|ordinance)|proposal"
    r"|petition|notice that proposed)\b[^.;]{0,240}?\b(?:withdrawn|rescinded|vacated|revoked)\b"
)


def _read_repeal(text: _Text, span: Span, seed: Span) -> bool:
    stay = _STAYED.search(text.lower, *span)
    found = stay or _REPEALED.search(text.lower, *span)
    if found is None and _ENDED.match(text.lower, seed.end):
        found = _REPEALED.search(text.lower, seed.end, seed.end + 300)
    elif found is None and text.lower.startswith("(", span.start):
        # `Section 9 is repealed. (Section 9 makes the sale of kratom an offense.)`
        found = _REPEALED.search(text.lower, max(0, span.start - 120), span.start)
    if found is None:
        return False
    if _NEVER_LAW.search(text.lower, span.start, found.end()):
        return _leave(text, span, "withdrawal of what was no law")
    is_bracketed = text.lower.startswith("[", found.start() - 1)
    is_cited = _CITES.match(text.lower, span.start) and span.end - found.end() < 40
    if stay is None and not (is_cited or is_bracketed) and text.rule(span) is not None:
        return False
    substances = _object(text, span, found.start()).substances or {Substance.LEAF}
    named = dealings(text.lower, *span) or EVERYDAY
    if is_bracketed or _LISTING.search(text.lower, *span):
        named = EVERYDAY
    elif _TAX.search(text.lower, *span):
        named = (Activity.SELL,)
    target = " ".join(text.marked.text[span.start : found.start()].split())[:200]
    _add(
        text,
        Effect.REPEAL if stay is None else Effect.STAY,
        substances,
        named,
        (Span(*found.span()), seed, span),
        ("repealed in words" if stay is None else "stayed by a court",),
        targets=(target,) if target else (),
    )
    return True


def _read_outside(text: _Text, span: Span, seed: Span) -> bool:
    """`does not apply to kratom that`, defences, savings: idle, but kept as exceptions."""
    opening = Span(span.start, min(span.end, max(seed.end, span.start + 300)))
    if _DEFENCE.search(text.lower, *opening):
        return _leave(text, span, "defence")
    if text.lower.find("nothing", *span) >= 0 and _SAVING.search(text.lower, *span):
        return _leave(text, span, "savings clause")
    if _SEIZED.search(text.lower, *span):
        return _leave(text, span, "seizure")
    found = _OUTSIDE.search(text.lower, *span)
    if found is None or found.start() - span.start > 200:
        return False
    before = find_rule(text.lower, Span(span.start, found.start()))
    if before is not None and before.force is Force.BAR:
        return False
    summary = " ".join(text.marked.text[found.start() : span.end].split())[:300]
    _qualify(text, span.start, Qualifiers(exceptions=summary))
    return _leave(text, span, "exception")


# `The leaf of the plant shall not be deemed a controlled substance`, `not apply to dried leaf`,
# `Nothing in this Act may be construed to control the leaf`, `Natural kratom is excluded from`
_LEFT_OUT: Final = _phrase(
    r"\b(?:is|are) (?:excluded|exempt(?:ed)?) from\b|\bshall be (?:excluded|exempt(?:ed)?) from\b"
    r"|\b(?:is|are|shall) not (?:be )?(?:deemed |considered |classified as "
    r"|treated as )?(?:to be )?"
    r"(?:an? )?(?:schedule \w{1,3} )?(?:controlled|scheduled|listed|prohibited|regulated)\b"
    r"|\b(?:does|do|shall) not (?:apply|extend) to\b|\b(?:does|do|shall) not include\b"
    r"|\b(?:not be )?(?:construed|read|interpreted|taken) (?:to|as) (?:control|schedul|includ"
    r"|apply|plac|list)"
    r"|\b(?:is|are) not an? \w{4,12} to which\b"
    r"|\b(?:is|are) not affected by (?:this|the)\b|\bnot subject to (?:this|th(?:e"
    r"|is) (?:prohibition|schedule|order|rule))\b"
)
# What makes of the name the plant as it grows: `the leaf of`, `natural`, `dried`, `raw`
_AS_GROWN: Final = _phrase(
    r"\b(?:lea(?:f|ves)|natural(?:ly)?|dried|raw|botanical|plant material|unadulterated|whole"
    r"|plant|tea)\b"
)


def _read_left_out(text: _Text, span: Span, seed: Span) -> bool:
    """The plant taken out of what is listed or barred: known for an exemption when all is read."""
    found = _LEFT_OUT.search(text.lower, *span)
    if found is None:
        return False
    things = weigh(text.lower, text.in_span(span), span)
    leaf = [t for t in things if t.substance is Substance.LEAF and not t.synthetic]
    if not leaf or any(not t.excepted and t not in leaf and not t.counted for t in things[:1]):
        return False
    first, last = leaf[0].span.start, leaf[-1].span.end
    if not _AS_GROWN.search(text.lower, max(span.start, first - 90), min(span.end, last + 90)):
        return False
    rule = text.rule(span)
    if rule is not None and rule.force is Force.BAR and rule.span.end < found.start():
        return False
    text.left_out.append((Span(*found.span()), seed, span))
    return _leave(text, span, "exception")


def _exempt_left_out(text: _Text) -> None:
    """An exemption of the leaf, where what is listed or barred does not reach it."""
    bars = [f.finding for f in text.found if f.finding.effect in _BARS]
    bound = [f for f in text.found if f.finding.effect is Effect.RESTRICT]
    if any(Substance.LEAF in f.finding.substances for f in bound):
        # Where the act itself regulates, how it is to be construed is a saving.
        text.found = [f for f in text.found if "not construed to prohibit" not in f.finding.because]
    if any(Substance.LEAF in bar.substances for bar in bars):
        return
    if not bars or (bound and not any(bar.effect is Effect.SCHEDULE for bar in bars)):
        for spans in text.left_out if not text.found else ():
            if "exempt" in text.lower[spans[0].start : spans[0].end]:
                found = dealings(text.lower, *spans[-1]) or EVERYDAY
                _add(text, Effect.EXEMPT, {Substance.LEAF}, found, spans, ("exempt from another",))
        return
    for place, one in enumerate(text.found):
        is_saved = "not construed to prohibit" in one.finding.because
        if is_saved and one.finding.substances == (Substance.LEAF,):
            exempt = msgspec.structs.replace(one.finding, effect=Effect.EXEMPT)
            text.found[place] = one._replace(finding=exempt)
    done = {a for bar in bars for a in bar.activities}
    for spans in (*text.left_out, *_defined_out(text)):
        found = tuple(sorted(done, key=lambda a: a.rank))
        _add(text, Effect.EXEMPT, {Substance.LEAF}, found, spans, ("the plant is left out",))


_BARS: Final = frozenset({Effect.PROHIBIT, Effect.SCHEDULE})
# `The term does not include dried or ground leaf`
_DEFINED_OUT: Final = _phrase(
    r"\b(?:(?:does|do|shall) not include|excludes)\b[^.;]{0,60}?\b(?:kratom|lea(?:f|ves)|plant"
    r"|mitragyna speciosa)\b(?! (?:extracts?|alkaloids?))"
)


def _defined_out(text: _Text) -> Iterator[tuple[Span, ...]]:
    """Where the definition of what is barred leaves the plant out."""
    for term in text.lexicon.terms:
        if not term.substances or Substance.LEAF in term.substances:
            continue
        out = _DEFINED_OUT.search(text.lower, *term.span)
        if out is not None and _AS_GROWN.search(text.lower, *out.span()):
            yield Span(*out.span()), term.span


# `Foods that contain kratom are adulterated`; not `a kratom product is adulterated if`
_ADULTERATED: Final = _phrase(
    r"\b(?:foods?|beverages?|drinks?|supplements?|ingredients?|products?|additives?)\b[^.;]{0,80}?"
    r"\b(?:contain(?:s|ing)?|with|to which|made (?:from|with|of)|in which|is|are)\b[^.;]{0,160}?"
    r"\b(?:is|are|shall be|be) (?:hereby )?(?:deemed |considered |declared )?(?:to be )?"
    r"(?:adulterated|unsafe|contraband|an? (?:\w{2,12} )?(?:unsafe|unapproved|adulterated))\b"
    r"(?! (?:if|when|with|where|by))"
    r"|\b(?:foods?|beverages?|drinks?|dietary supplements?) (?:is|are|shall be) "
    r"(?:deemed )?(?:to be )?(?:adulterated|unsafe) if (?:it|they) (?:bears? or )?"
    r"contains? [^.;:]{0,60}"
)
_BAR_NEARBY: Final = 700


def _read_adulterated(text: _Text, span: Span, seed: Span) -> bool:
    """Food with kratom declared adulterated, where a bar on such food follows."""
    found = _ADULTERATED.search(text.lower, *span)
    if found is None:
        return False
    rule = text.rule(span)
    if rule is not None and not (rule.force is Force.BAR and rule.span.start > found.start()):
        return False
    things = [t for t in weigh(text.lower, text.in_span(span), span) if t.span.start < found.end()]
    substances = set(reached(things))
    near = Span(found.end(), min(len(text.lower), span.end + _BAR_NEARBY))
    bar = find_rule(text.lower, near)
    if not substances or bar is None or bar.force is not Force.BAR or _zone(text, bar.span.start):
        return False
    stop = _STOP.search(text.lower, *bar.region)
    done = activities(text.lower, bar, Span(near.start, stop.start() if stop else bar.region.end))
    if not done:
        return False
    _add(
        text,
        Effect.PROHIBIT,
        substances,
        done,
        (Span(*found.span()), seed, bar.span, span),
        ("declared adulterated", bar.name),
    )
    return True


class _Object(NamedTuple):
    """What a clause is about: the names, what they reach, where they end, and their definitions."""

    substances: set[Substance]
    start: int
    end: int
    terms: tuple[Defined, ...] = ()


# Between two names of one object: ` (also known as `, `, or any derivative of `
_JOINS: Final = _phrase(
    r"(?!.{0,70}\b(?:that|which|unless|if|greater|levels?|amounts?|labels?|percent|states?|to"
    r"|without"
    r"|under|fraction)\b)[^.;:]{0,70}$"
    r"|,? ?(?:or|and|including|nor) (?:any )?(?:other )?(?:\w{3,12} ){1,2}(?:that|which)"
    r" contains? (?:any (?:amount|quantity) of )?$",
    re.DOTALL,
)


# `kratom processor`: who deals, not what is dealt in
_IS_ACTOR: Final = _phrase(
    r"\s(?:product\s)?(?:processors?|retailers?|manufacturers?|distributors?|sellers?|vendors?"
    r"|business"
    r"|establishments?|shops?|growers?|wholesalers?|stores?|dispensar(?:y|ies)|lounges?|outlets?)\b"
)


def _object(text: _Text, span: Span, first: int) -> _Object:
    """The object of the rule whose verbs begin at `first`."""
    things = [t for t in weigh(text.lower, text.in_span(span), span) if not t.excepted]
    after = [t for t in things if t.span.start >= first] or things
    if after and all(t.counted for t in after):  # `A kratom product shall not hold more 7-OH than`
        after = [t for t in things if not _IS_ACTOR.match(text.lower, t.span.end)]
    chosen: list[Thing] = []
    for thing in after:
        if thing.counted and any(not t.counted for t in after):
            continue
        if not chosen and thing is not after[-1] and _IS_ACTOR.match(text.lower, thing.span.end):
            continue
        if chosen:
            gap = text.lower[chosen[-1].span.end : thing.span.start]
            if (len(gap) > 70 or not _JOINS.match(gap)) and not (
                _is_listed(text.lower, chosen[0]) and _is_listed(text.lower, thing)
            ):
                break
        chosen.append(thing)
    if all(thing.counted for thing in chosen):
        uses = text.lexicon.uses(text.lower, span, limit=1)
        if not uses and chosen:
            return _named_object(text, chosen)
        terms = text.lexicon.term_at(text.lower, uses[0]) if uses else ()
        substances = {s for term in terms for s in term.substances}
        at = uses[0] if uses else Span(first, first)
        return _Object(substances, at.start, at.end, terms)
    return _named_object(text, chosen)


# `(b) `, `4.3.2 `, at the beginning of a line or behind a semicolon: an item begins with a name
_ITEM_HEAD: Final = _phrase(
    r"(?:\n|[;:] )\s{0,4}(?:and |or )?(?:\(\w{1,4}\) |\d[\d.]{0,8} "
    r"|[a-z]\. )?(?:plants? of the species "
    r"|the plant |any )?$"
)


def _is_listed(lower: str, thing: Thing) -> bool:
    first = max(0, thing.span.start - 40)
    return _ITEM_HEAD.search(lower, first, thing.span.start) is not None


def _of_kratom(text: _Text) -> set[Substance]:
    """What the text means by kratom, or the leaf where it names the plant."""
    terms = [t for t in text.lexicon.terms if t.term.startswith("kratom") and not t.narrow]
    defined = {s for term in terms for s in term.substances}
    named = {t.substance for t in text.things if t.substance is Substance.LEAF}
    return defined or {s for s in named if s is not None}


def _named_object(text: _Text, chosen: Sequence[Thing]) -> _Object:
    substances: set[Substance] = set()
    used: list[Defined] = []
    for thing in chosen:
        terms = () if thing.synthetic else text.lexicon.term_at(text.lower, thing.span)
        named = {s for term in terms for s in term.substances}
        used.extend(terms)
        own = Substance.SYNTHETIC if thing.synthetic else thing.substance
        substances |= named or ({own} if own is not None else set())
    if _is_alkaloids_of(text.lower, chosen[0]):
        near = Span(max(0, chosen[0].span.start - 60), chosen[-1].span.end + 80)
        substances = (
            {Substance.SYNTHETIC} if synthetics(text.lower, near) else _alkaloids(substances)
        )
    return _Object(substances, chosen[0].span.start, chosen[-1].span.end, tuple(used))


def _read_rule(text: _Text, span: Span, seed: Span) -> bool:
    rule = text.rule(span)
    if rule is None:
        return _unruled(text, span)
    if _ASKED.search(text.lower, span.start, rule.span.start):
        return _leave(text, span, "question")
    if rule.force in {Force.TAX, Force.STUDY}:
        return _read_tax_or_study(text, span, seed, rule)
    if _is_of_agency(text.lower, span, rule) and rule.name in {"shall", "shall not", "may", "only"}:
        return _read_direction(text, span, seed)
    # What is done to the subject, and what a duty is about, stands before the deciding words.
    is_passive = text.lower[rule.span.end :][:4].split()[:1] == ["be"]
    first = span.start if is_passive or rule.force is Force.DUTY else rule.region.start
    about = _object(text, span, first)
    if about.start < about.end and _HOLDS.match(text.lower, rule.span.end):
        counted = weigh(text.lower, text.in_span(Span(about.start, about.end)), span)
        if counted and all(t.counted for t in counted):  # `A serving shall hold no more 7-OH than`
            about = about._replace(substances=_of_kratom(text))
    if not about.substances or _EXAMPLE.search(
        text.lower, max(span.start, about.start - 40), about.start
    ):
        return False
    if rule.force is Force.BAR:
        return _read_bar(text, span, rule, about)
    if rule.force is Force.ALLOW:
        if _NEGATED.search(text.lower, span.start, rule.span.start):
            return False
        return _read_leave(text, span, rule, about)
    return _read_duty(text, span, rule, about)


# `as for example: "Mitragyna speciosa`, `outside the definition of a kratom product`
_EXAMPLE: Final = _phrase(r"\bfor (?:example|instance)\b[^.;]{0,20}$|\bdefinition of (?:an? )?$")
# `You have asked whether a shop may`
_ASKED: Final = _phrase(
    r"\b(?:asked?|asks|questions?|inquir(?:e|ed|y|ies))\b[^.;]{0,80}?\b(?:whether"
    r"|if)\b[^.;]{0,200}$"
)
# `, however the tablets are labelled`: what makes no difference
_NO_MATTER: Final = _phrase(
    r", (?:however|regardless of|irrespective of|whatever|no matter|whether or not)\b"
)
# `No vending machine may be used to sell kratom`
_NEGATED: Final = _phrase(r"\b(?:no|nor|neither|not)\b[^.;]{0,200}$")
# Whoever else may be meant by `registered with the department shall`
_PRIVATE: Final = _phrase(
    r"\b(?:products?|persons?|processors?|retailers?|manufacturers?|distributors?|applicants?"
    r"|sellers?|business|registrants?|licensees?|kratom|owners?|employees?|members?|inmates?)\b"
)


def _is_of_agency(lower: str, span: Span, rule: Rule) -> bool:
    """Whether an authority is the subject of the deciding words."""
    first = max(span.start, rule.span.start - 160)
    agency = _AGENCY.search(lower, max(span.start, rule.span.start - 90), rule.span.start)
    if agency is None:
        return False
    subject = re.split(r"[,;:)]", lower[first : agency.start()])[-1]
    return _PRIVATE.search(subject) is None


# `The legislative rule filed by the department (kratom products) is authorized`
_RULE_ELSEWHERE: Final = _phrase(
    r"\b(?:legislative|proposed|final) rules?\b[^;]{0,900}?\b(?:is|are|hereby) (?:authori[sz]ed"
    r"|approved)\b"
)


def _read_direction(text: _Text, span: Span, seed: Span) -> bool:
    if _RULE_ELSEWHERE.search(text.lower, *span):
        return False  # a rule that the text puts in force and does not print
    study = find_rule(text.lower, span, skip=_ALL_BUT_STUDY)
    if study is not None:
        return _read_tax_or_study(text, span, seed, study)
    return _leave(text, span, "direction to an authority")


_ALL_BUT_STUDY: Final = frozenset(
    {
        *("not construed to prohibit", "no person shall", "unlawful to", "is prohibited", "may"),
        *("the following are unlawful", "offense if", "prohibited from", "only", "shall not"),
        *("who ... is guilty", "tax", "is lawful", "shall"),
    }
)


def _read_tax_or_study(text: _Text, span: Span, seed: Span, rule: Rule) -> bool:
    about = _object(text, span, rule.region.start)
    substances = about.substances
    if not substances:
        return False
    if rule.force is Force.TAX:
        effect = Effect.TAX
    elif abs(about.start - rule.span.end) > 160:
        return _leave(text, span, "direction to an authority")
    else:
        effect = Effect.STUDY
    _add(text, effect, substances, (Activity.SELL,), (rule.span, seed, span), (rule.name,))
    return True


def _read_bar(text: _Text, span: Span, rule: Rule, about: _Object) -> bool:
    lower = text.lower
    dealt = found = _barred(text, span, rule, about)
    if not found:
        found = _unsaid(text, span, rule)
    if not dealt and found and not _SITED.match(lower, rule.span.end):
        about = _object(text, span, span.start)
    if (
        Activity.SELL in found
        and Activity.SHIP not in found
        and _REMOTELY.match(lower, about.end + 1)
    ):
        found = (Activity.SHIP,)
    if (why := _no_bar(text, span, rule)) is not None:
        return _leave(text, span, why)
    if not found:
        return _unruled(text, span)
    only_buys = found == (Activity.POSSESS,) and _BUYS.match(lower, rule.span.end) is not None
    if only_buys and text.qualifiers(span).min_age is None:
        return False  # to buy is an activity only where an age bars it
    if _QUANTITY.search(lower, rule.region.start, about.start):
        return False  # a bar above a quantity is no bar of the rest
    qualifiers = msgspec.structs.replace(_conditions(text, span, about), prescription=False)
    if _PURE_OR_MIXED.search(lower, *span):
        qualifiers = msgspec.structs.replace(qualifiers, adulterants=None)
    spans = (rule.span, Span(about.start, about.end), span)
    effect = _narrow_leave(text, span, qualifiers)
    if effect is not None:
        qualifiers = msgspec.structs.replace(qualifiers, exceptions=None)
        _add(text, effect, about.substances, found, spans, (rule.name,), qualifiers)
        return True
    word = _condition_of(text, span, rule, about)
    is_condition = (
        word is not None
        or not dealt
        or any(term.narrow for term in about.terms)
        or any(getattr(qualifiers, name) for name in _PRODUCT_RULES)
    )
    names = [rule.name]
    if about.terms:
        names.append(f"{about.terms[0].term} as defined")
    concentrated = Substance.LEAF not in about.substances and not _other_rules(qualifiers)
    if not is_condition or concentrated:
        _add(text, Effect.PROHIBIT, about.substances, found, spans, names, qualifiers)
        return True
    names.append(f"condition: {word}" if word else "condition")
    _add(text, Effect.RESTRICT, about.substances, found, spans, names, qualifiers)
    _add_synthetics(text, span, rule, about, found, qualifiers)
    return True


def _barred(text: _Text, span: Span, rule: Rule, about: _Object) -> tuple[Activity, ...]:
    if _CONTAINS.match(text.lower, rule.span.end):
        return ()  # the verbs behind it are of something else
    found = activities(text.lower, rule, span, about.start)
    if not found and (_FOR_SALE.match(text.lower, about.end) or rule.name == "must stop"):
        return (Activity.SELL,)
    if not found and _ITS_DEALINGS.match(text.lower, about.end):
        found = dealings(text.lower, about.end, rule.span.start)
    if found or rule.name != "is prohibited":
        return found
    return (Activity.SELL,) if _IS_ACTOR.match(text.lower, about.end) else EVERYDAY


def _no_bar(text: _Text, span: Span, rule: Rule) -> str | None:
    """Why a clause with the words of a bar bars nobody from dealing in kratom."""
    lower = text.lower
    if rule.name == "who ... is guilty":
        if "violat" in lower[rule.region.start : rule.region.end]:
            return "punishment"
        return "deceit" if _DECEIT.search(lower, *rule.region) else None
    if rule.name in {"prohibited from", "shall not"}:
        if _AFTER_BREACH.search(lower, span.start, rule.span.start):
            return "punishment"
        if rule.name == "prohibited from" and _FOR_A_TIME.search(lower, rule.span.end, span.end):
            return "punishment"
    return None


def _condition_of(text: _Text, span: Span, rule: Rule, about: _Object) -> str | None:
    """The words that make a bar a condition: behind its object, before it, or of a place."""
    lower = text.lower
    stop = _STOP.search(lower, about.end, span.end)
    until = stop.start() if stop else min(span.end, about.end + 400)
    if rule.name == "is prohibited":
        until = rule.span.start
    told = _TELLS.search(lower, about.end, max(about.end, rule.span.start))
    word = condition(lower, about.end, told.start() if told else until)
    if word is None and told is not None:
        word = condition(lower, rule.span.end, until)
    if word is None and is_narrowed(lower, about.start, span.start):
        word = "set apart by its name"
    if word is None:
        place = _SOMEWHERE.search(lower, span.start, about.start)
        place = place or _SOMEWHERE.search(lower, about.end, until)
        word = place[0] if place is not None else None
    return word


def _add_synthetics(
    text: _Text,
    span: Span,
    rule: Rule,
    about: _Object,
    found: tuple[Activity, ...],
    qualifiers: Qualifiers,
) -> None:
    """Products with synthetic alkaloids that are barred among others are barred for themselves."""
    barred = synthetics(text.lower, Span(about.end, span.end))
    narrow = any(term.narrow and synthetics(text.lower, term.span) for term in about.terms)
    if not barred and not narrow:
        return
    if Substance.SYNTHETIC in about.substances or qualifiers.min_age is not None:
        return
    _add(
        text,
        Effect.PROHIBIT,
        {Substance.SYNTHETIC},
        found,
        (barred[0] if barred else rule.span, rule.span, span),
        (rule.name, "synthetic alkaloids"),
        Qualifiers(penalties=qualifiers.penalties),
    )


# `possesses kratom, pure or adulterated`
_PURE_OR_MIXED: Final = _phrase(r"\bpure or (?:adulterated|mixed|diluted)\b")
# `advertise kratom in a manner that`
_PROMOTE: Final = _phrase(
    r"(?:[: ]{1,2}\(\w\))? ?(?:be )?(?:advertised?|marketed?|promoted?)(?: or \w{3,12})?"
    r"(?: any| a)? (?=kratom|it\b|them\b)"
)
# `may not contain`
_CONTAINS: Final = _phrase(
    r"(?:[: ]{1,2}\(\w{1,3}\))? ?(?:contain|exceed|be (?:greater|more|higher|larger) than)\b"
)
# `may not contain more than`
_HOLDS: Final = _phrase(
    r"(?:[: ]{1,2}\(\w{1,3}\))? ?(?:contain|exceed|include|have|hold"
    r"|be (?:greater|more|higher|larger) than|be in excess)\b"
)
_MEASURED: Final = ("seven_oh_caps", "alkaloid_caps", "limits", "forms")
# `by mail order or over the internet`
_REMOTELY: Final = _phrase(
    r"(?:products? )?(?:by|through|over|via|on) (?:the )?(?:use of )?(?:the )?(?:e?mail|internet"
    r"|online|telephone)\b"
)
# `No person other than a licensed pharmacist shall`
_OTHER_THAN: Final = _phrase(
    r"\bexcept (?:in accordance with|under(?: the authority of)?|by|as authori[sz]ed by) (?:an? "
    r"|the )?"
    r"(?:\w{4,12} )?(?:licen[cs]e|permit|authori[sz]ation)\b|\b(?:other than|except|but"
    r"|unless licensed as|unless) (?:by )?(?:an? )?(?:licensed |registered )?"
    r"(?:pharmac|practitioner|physician|dispensar|hospital)"
)
# `on the prescription of`
_BY_PRESCRIBERS: Final = _phrase(r"\b(?:up)?on (?:the |an? )?(?:\w{2,10} )?prescription\b")
# `except upon the prescription of`, `without a prescription`
_ON_PRESCRIPTION: Final = _phrase(
    r"\b(?:(?:except|unless|only|other than)\b[^.;]{0,80}? (?:(?:up)?on|under|pursuant to) (?:the "
    r"|an? )?(?:\w{2,10} )?prescription"
    r"|without an? (?:\w{2,10} )?prescription)\b"
)
# `shall issue not more than five licences`
_NUMBERED: Final = _phrase(
    r"\b(?:not more than|no more than|at most|up to|exactly) [\w-]{2,12}(?: \(\d{1,3}\))? "
    r"(?:\w{3,12} )?licen[cs]es\b"
)
# `, is a novel food that`: what is told of the object before the bar
_TELLS: Final = _phrase(r"\b(?:is|are) an? ")
# `No kratom store shall be located within`
_SITED: Final = _phrase(r"\s?be (?:located|operated|established|opened|situated|sited)\b")
# `offer kratom or a derivative of it for sale`
_FOR_SALE: Final = _phrase(
    r"[^.;:]{0,40}? (?:for (?:retail )?sale|(?:up)?on the (?:\w{3,12} )?market)\b"
)
# `kratom, including its import and sale, is forbidden`
_ITS_DEALINGS: Final = _phrase(r"[^.;:]{0,20}?\bincluding (?:its|the)\b")
# `unlawful to operate a kratom shop`
_OPERATES: Final = _phrase(
    r" ?(?:operate|open|establish|locate|maintain)(?:,? or \w{4,9})? (?:an? |any )?"
    r"(?:\w{3,12} )?kratom (?:product )?(?:shop|store|dispensary|lounge|bar|business|retail|outlet)"
)
# `shall not be displayed except behind`, `may have kratom on display where`
_SHOWN: Final = _phrase(r"\b(?:display(?:ed)?|ke(?:ep|pt)|stored?|placed?|shelved?)\b")
# `No person shall, in any county park, smoke kratom`
_SOMEWHERE: Final = _phrase(
    r"\b(?:in|on|at|within|inside) (?:any|an?|the|all) (?:[\w-]{1,16} ){0,2}(?:parks?|playgrounds?"
    r"|schools?|beach(?:es)?|streets?|sidewalks?|stations?|trains?|bus(?:es)?|librar(?:y|ies)"
    r"|public place|buildings?|campus(?:es)?)\b"
)
# ` purchase`, but not `purchase or possess`
_BUYS: Final = _phrase(r"[a-z ]{0,20}\b(?:purchase|buy)\b(?! or)")
# `possess more than one ounce of `
_QUANTITY: Final = _phrase(
    r"\b(?:more than|in excess of|at least|exceeding) [^.;]{0,40}?"
    r"\b(?:ounces?|pounds?|grams?|kilograms?|kilos?|plants?)\b"
)


def _unsaid(text: _Text, span: Span, rule: Rule) -> tuple[Activity, ...]:
    """What a bar without a verb of dealing is about: goods and shops are for sale."""
    lower = text.lower
    first = rule.span.end
    holds = _HOLDS.match(lower, first) is not None and (
        any(getattr(text.qualifiers(span), name) for name in _MEASURED)
        or bool(synthetics(lower, Span(first, span.end)))
        or any(t.counted for t in weigh(lower, text.in_span(span), span))
    )
    is_shop = _SITED.match(lower, first) or _OPERATES.match(lower, first)
    is_shown = _SHOWN.search(lower, first, min(span.end, first + 80)) is not None
    shown = is_shown and text.qualifiers(span).behind_the_counter
    if not (holds or shown or is_shop or _PROMOTE.match(lower, first)):
        return ()
    return dealings(lower, span.start, rule.span.end) or (Activity.SELL,)


def _narrow_leave(text: _Text, span: Span, qualifiers: Qualifiers) -> Effect | None:
    """What a bar is that leaves the matter to a chosen few."""
    if _ON_PRESCRIPTION.search(text.lower, *span):
        return Effect.PRESCRIPTION_ONLY
    if _OTHER_THAN.search(text.lower, *span):
        return Effect.LICENSE
    near = Span(max(0, span.start - 600), min(len(text.lower), span.end + 600))
    if qualifiers.registration and _NUMBERED.search(text.lower, *near):
        return Effect.LICENSE
    return None


def _other_rules(qualifiers: Qualifiers) -> bool:
    return any(
        getattr(qualifiers, name)
        for name in _PRODUCT_RULES
        if name not in {"seven_oh_caps", "alkaloid_caps"}
    )


def _conditions(text: _Text, span: Span, about: _Object) -> Qualifiers:
    """The conditions of a clause, with those in the definitions of the terms that it uses."""
    whatever = _NO_MATTER.search(text.lower, about.end, span.end) if about.end < span.end else None
    qualifiers = text.qualifiers(Span(span.start, whatever.start()) if whatever else span)
    terms = {term.span: term for term in about.terms}
    for term in text.lexicon.terms:
        if term.narrow and term.term in text.lower[span.start : span.end]:
            terms[term.span] = term
    for term in terms.values():
        defined = text.qualifiers(term.span)
        if not term.narrow:
            defined = Qualifiers(
                seven_oh_caps=defined.seven_oh_caps,
                alkaloid_caps=defined.alkaloid_caps,
                limits=defined.limits,
            )
        qualifiers = _united(qualifiers, defined)
    return qualifiers


def _read_leave(text: _Text, span: Span, rule: Rule, about: _Object) -> bool:
    if _BY_PRESCRIBERS.search(text.lower, *span):
        return False
    if text.lower.find("appropriat", *span) >= 0:
        return _leave(text, span, "appropriation")
    if _OFFICER.search(text.lower, *span):
        return _leave(text, span, "exception")
    found = activities(text.lower, rule, span, about.start) or EVERYDAY
    qualifiers = _conditions(text, span, about)
    stop = _STOP.search(text.lower, about.end, span.end)
    until = stop.start() if stop else span.end
    bound = rule.name in {"may", "is lawful", "not an offense"} and (
        condition(text.lower, about.end, until) is not None
        and any(getattr(qualifiers, name) for name in _PRODUCT_RULES)
    )
    effect = Effect.RESTRICT if bound else Effect.PERMIT
    if effect is Effect.PERMIT:
        qualifiers = Qualifiers(
            forms=qualifiers.forms, min_age=qualifiers.min_age, persons=qualifiers.persons
        )
    spans = (rule.span, Span(about.start, about.end), span)
    _add(text, effect, about.substances, found, spans, (rule.name,), qualifiers)
    return True


# `must be 21 years of age or older to `
_OLD_ENOUGH: Final = _phrase(r"\b(?:years|age|older|over|\d\d)\b[^.;]{0,20}? to (?=[a-z])")
# `of which $10 shall be for tests of kratom`
_MONEY: Final = _phrase(r" (?:be|remain) (?:made )?(?:available|for|used|expended|transferred)\b")
# `shall register before it manufactures`
_BEFORE: Final = _phrase(r"\b(?:before|prior to) (?:(?:it|he|she|they|the \w{4,14}) )?(?=[a-z])")


def _read_duty(text: _Text, span: Span, rule: Rule, about: _Object) -> bool:
    if _MONEY.match(text.lower, rule.span.end):
        return _leave(text, span, "appropriation")
    qualifiers = _conditions(text, span, about)
    spans = (rule.span, Span(about.start, about.end), span)
    found = dealings(text.lower, span.start, rule.span.start)
    if rule.name.startswith("only"):
        found = dealings(text.lower, rule.span.start, rule.span.end) or found
        found = found or dealings(text.lower, rule.span.end, rule.span.end + 60)
    if rule.name == "only ... may":
        found = dealings(text.lower, rule.span.end, min(rule.span.end + 100, span.end))
    if not found and (before := _BEFORE.search(text.lower, rule.span.end, about.start)) is not None:
        found = dealings(text.lower, before.end(), about.start)
    if (aged := _OLD_ENOUGH.search(text.lower, rule.span.end, about.start)) is not None:
        found = acquired(text.lower, aged.end(), about.start) or found
    found = found or (Activity.SELL,)
    only_so = rule.name.startswith("only") and _ON_PRESCRIPTION.search(text.lower, *span)
    if qualifiers.prescription or only_so:
        _add(
            text, Effect.PRESCRIPTION_ONLY, about.substances, found, spans, (rule.name,), qualifiers
        )
        return True
    if rule.name.startswith("only") and _CHOSEN_FEW.search(text.lower, *span):
        _add(text, Effect.LICENSE, about.substances, found, spans, (rule.name,), qualifiers)
        return True
    measured = _HOLDS.match(text.lower, rule.span.end) is not None and any(
        t.counted for t in weigh(text.lower, text.in_span(span), span)
    )
    if (
        measured
        or rule.name.startswith("only")
        or any(getattr(qualifiers, name) for name in _PRODUCT_RULES)
    ):
        _add(text, Effect.RESTRICT, about.substances, found, spans, (rule.name,), qualifiers)
        return True
    return _unruled(text, span)


# `may adopt rules`, `is deemed to be`, `until the fee is paid`: formalities
_FORMALITIES: Final = (
    (
        "direction to an authority",
        _phrase(
            r"\b(?:may|shall),? by (?:rule|regulation|order)\b|\b(?:may|shall) (?:adopt|promulgate"
            r"|propose|make|establish|set|develop|issue|publish"
            r"|administer|enforce|inspect|appoint)\b"
        ),
    ),
    ("punishment", _PENAL),
    (
        "definition",
        _phrase(r"\b(?:the )?terms?\b[^.;]{1,60}?\b(?:do(?:es)?|shall) not (?:mean|include)\b"),
    ),
    ("finding", _phrase(r"\b(?:finds?|concludes?|determines?|believes?) that\b")),
    ("appropriation", _phrase(r"\bappropriat(?:ed|ion)\b")),
    (
        "deeming",
        _phrase(r"\b(?:is|are|shall be) (?:considered|deemed|presumed|adulterated|contaminated)\b"),
    ),
    (
        "formality",
        _phrase(
            r"\b(?:shall|must|may)\s(?:not\s)?(?:be\sregistered|notify|report|keep|maintain|post"
            r"|display|submit|pay|remit|inform|record|cooperate|verify|demand|request|examine|check"
            r"|perform|employ|implement|electronically|apply|renew|return|remove|comply|sign|file"
            r"|disclose|rely)\b"
            r"|\b(?:registration|application|registrant|applicant)\b[^.;]{0,60}?"
            r"\b(?:shall|must|may)\s(?:include|contain|be)\b"
        ),
    ),
)
# `Article 6, relating to kratom, is amended by`
_AMENDED: Final = _phrase(r"\b(?:is|are) (?:hereby |further )?(?:amended|added|enacted)\b")
# `If every alkaloid of kratom is a controlled substance, this chapter is inoperative`
_VOID: Final = _phrase(
    r"\b(?:if|when|upon)\b[^.]{0,300}?\b(?:inoperative|void|of no (?:force|effect)|repealed"
    r"|expires?|no longer in effect)\b"
    r"|\b(?:inoperative|void|repealed|expires?)\b[^.]{0,60}\b(?:if|when|upon)\b"
)


def _unruled(text: _Text, span: Span) -> bool:
    """Whether a clause that forbids and allows nothing is understood all the same."""
    lower = text.lower
    if _RULE_ELSEWHERE.search(lower, *span):
        return False
    if (void := _VOID.search(lower, *span)) is not None:
        words = " ".join(text.marked.text[void.start() : span.end].split())[:300]
        _qualify(text, span.start, Qualifiers(void_if=words), whole=True)
        return _leave(text, span, "condition under which the text ends")
    amended = _AMENDED.search(lower, *span)
    if amended is not None and all(t.span.end < amended.start() for t in text.in_span(span)):
        return _leave(text, span, "amending words")
    for why, pattern in _FORMALITIES:
        if pattern.search(lower, *span):
            return _leave(text, span, why)
    words = lower[span.start : span.end]
    is_title = len(words) < 120 and span.end < len(lower) and _FINITE.search(words) is None
    if is_title or _is_capitals(text.marked.text, span):
        return _leave(text, span, "heading")
    return False


_FINITE: Final = _phrase(r"\b(?:shall|may|must|is|are|be|was|were|has|have|does|do|not|no)\b")


def _is_capitals(text: str, span: Span) -> bool:
    words = text[span.start : min(span.end, span.start + 200)]
    return words.upper() == words and len(words.split()) > 3


_Reader = Callable[[_Text, Span, Span], bool]
_READERS: Final[tuple[_Reader, ...]] = (
    *(_read_repeal, _read_placing, _read_left_out, _read_outside, _read_adulterated, _read_rule),
)


# -- findings -------------------------------------------------------------------------------------


def _add(
    text: _Text,
    effect: Effect,
    substances: Iterable[Substance],
    found: Sequence[Activity],
    spans: tuple[Span, ...],
    because: Sequence[str],
    qualifiers: Qualifiers = _NONE,
    *,
    schedule: str | None = None,
    targets: tuple[str, ...] = (),
    grandfather: PartialDate | None = None,
) -> None:
    quote = " ".join(text.marked.text[spans[-1].start : spans[-1].end].split())
    if effect is Effect.LICENSE:  # the licence is the effect
        qualifiers = msgspec.structs.replace(qualifiers, registration=None)
    finding = Finding(
        effect=effect,
        substances=tuple(sorted(substances, key=lambda s: s.rank)),
        activities=tuple(found),
        spans=tuple(dict.fromkeys(spans)),
        quote=quote if len(quote) <= _QUOTE else quote[: _QUOTE - 1] + "…",
        citation=_citation(text, spans[0].start),
        qualifiers=qualifiers,
        schedule=schedule,
        targets=targets,
        grandfather=grandfather,
        because=tuple(because),
    )
    text.found.append(Found(finding, spans[-1]))


def _citation(text: _Text, position: int) -> str:
    """What is made or changed at `position`: the amendment's target, or the place in the text."""
    chain = text.chain(position)
    path = text.sections[chain[-1]].path if chain else ""
    for amendment in text.amendments:
        body = amendment.body
        if body is not None and body.start <= position < body.end:
            inner = "".join(
                label
                for label in (text.sections[i].label for i in chain)
                if label.startswith("(") and len(label) < 8
            )
            return f"{amendment.target} {inner}".strip()
    return path


def _united(one: Qualifiers, other: Qualifiers) -> Qualifiers:
    if other == _NONE:
        return one
    values: dict[str, Any] = {}
    for name in one.__struct_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        both = tuple(dict.fromkeys((*mine, *theirs))) if isinstance(mine, tuple) else mine or theirs
        values[name] = both
    return Qualifiers(**values)


def _section_of(text: _Text, position: int) -> int | None:
    """The section that holds `position`: the innermost unit that is not an item of a list."""
    for index in reversed(text.chain(position)):
        if not text.sections[index].label.startswith("(") and len(text.sections[index].label) > 2:
            return index
    return None


def _qualify(text: _Text, position: int, qualifiers: Qualifiers, *, whole: bool = False) -> bool:
    """Add `qualifiers` to the bars and conditions of the section at `position`, or to all.

    Whether there were any.
    """
    done = False
    section = _section_of(text, position)
    for place, found in enumerate(text.found):
        if found.finding.effect not in _PUNISHED:
            continue
        if whole or _section_of(text, found.at.start) == section:
            united = _united(found.finding.qualifiers, qualifiers)
            text.found[place] = found._replace(
                finding=msgspec.structs.replace(found.finding, qualifiers=united)
            )
            done = True
    return done


_PUNISHED: Final = frozenset(
    {Effect.PROHIBIT, Effect.RESTRICT, Effect.LICENSE, Effect.PRESCRIPTION_ONLY}
)


# `violates this section`, `a violation of this chapter`, `an offense under this section`
_BREACH: Final = _phrase(
    r"\b(?:violat(?:es|ion|ions|ing|ed)|offen[cs]e (?:under|in|against)|contraven(?:es|ing|tion)"
    r"|breach(?:es|ing)?|fail(?:s|ure|ing) to comply with|non-?compliance with|contrary to"
    r"|prohibited by)\b[^.;]{0,80}?"
    r"\b(?:th(?:is|e provisions of this)\s(?P<unit>section|subsection|subdivision|paragraph|act"
    r"|ordinance|order|regulation|rule|code|law|chapter|article|subchapter|part|division|title)"
    r"|(?:code\s)?(?:sections?|articles?|rules?|paragraphs?)\s\d|§|subd(?:ivision|\.) \(?\w"
    r"|(?:sub)?paragraph \(|subsections? \(?\w)"
    r"|\b(?P<near>(?:a|each|any|every) violation (?:is|shall be|constitutes) (?:an?|punish|subject)"
    r"|so offending|on (?:summary )?conviction|(?:who|that) does so"
    r"|violators? (?:shall|may|is|are)|convicted under"
    r"|upon conviction"
    r"|(?:an?|the|any) (?:first|second|third|subsequent) (?:violation|offen[cs]e)|the first time"
    r"|break(?:s|ing)? (?:this|the|section)|offenders? (?:shall|may|must|is|are|who)"
    r"|(?:this|such|that|the) (?:offen[cs]e|crime|conduct) (?:is|are|shall|carries|constitutes)"
    r"|(?:maximum|civil|criminal) penalt(?:y|ies)\s?[:—-]|penalt(?:y|ies)\s?[:—]|the penalty for"
    r"|maximum penalty|(?:violation|breach) of the foregoing|fail(?:s|ure) to comply"
    r"|found to have (?:sold|given|supplied)|acts? contrary|violates? (?:sub\.|rsa)"
    r"|assess a civil penalty"
    r"|you may be fined)"
)
# What no punishment is without
_PUNISHES: Final = re.compile(
    r"fine|misdemeanor|felony|penalt|imprison|infraction|punish|offen[cs]e|jail|forfeit|[$£€]|crime"
)
_MAX_BREACHES: Final = 30
_BREACH_REACH: Final = 120_000


def _attach_penalties(text: _Text) -> None:
    """Give the punishment of a section, or of the act, to what it punishes."""
    ruled = [
        f.at.start
        for f in text.found
        if f.finding.effect in _PUNISHED and not f.finding.qualifiers.penalties
    ]
    if not ruled:
        return
    for breach, span in _breaches(text, min(ruled), max(ruled)):
        if _PUNISHES.search(text.lower, *span) is None:
            continue
        penalties = Qualifiers(penalties=text.qualifiers(span).penalties)
        if not penalties.penalties:
            continue
        narrow = breach in {"section", "subsection", "subdivision", "paragraph", ""}
        done = _qualify(text, span.start, penalties, whole=not narrow)
        if not done and breach == "":
            _qualify(text, span.start, penalties, whole=True)


def _breaches(text: _Text, first: int, last: int) -> Iterator[tuple[str | None, Span]]:
    chain = text.chain(first)
    start = text.sections[chain[0]].start if chain else max(0, first - _LONGEST)
    after = text.chain(last)
    end = min(len(text.lower), max(last + _LONGEST, text.sections[after[0]].end if after else 0))
    done = start
    for count, breach in enumerate(
        _BREACH.finditer(text.lower, start, min(end, last + 4 * _LONGEST, start + _BREACH_REACH))
    ):
        if count >= _MAX_BREACHES:
            return
        if breach.start() < done or _zone(text, breach.start()) is not None:
            continue
        span = _clause(text, text.chain(breach.start()), breach.start())
        done = span.end
        yield "" if breach["near"] else breach["unit"], span


def _merged(found: Sequence[Found]) -> tuple[Found, ...]:
    """Findings that say the same, as one with the evidence of all."""
    kept: dict[tuple[object, ...], Found] = {}
    for one in found:
        f = one.finding
        key = (f.effect, f.substances, f.activities, f.qualifiers, f.schedule, f.citation)
        if key in kept:
            first = kept[key]
            spans = tuple(dict.fromkeys((*first.finding.spans, *f.spans)))
            kept[key] = first._replace(finding=msgspec.structs.replace(first.finding, spans=spans))
        else:
            kept[key] = one
    return tuple(kept.values())
