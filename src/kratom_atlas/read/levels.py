"""What a text does to lower levels of law: whether counties and towns may still act on kratom.

`No county shall adopt an ordinance on kratom` preempts; `nothing in this act prevents a city from
adopting a stricter ordinance` allows stricter law. A clause counts only where it is about kratom:
it names it, or its section does, or most of the chapter or act around it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Marked, Section, Span
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import Effect, Extent
from kratom_atlas.read.calendars import GAP, certain, date_at, days_later, lowered
from kratom_atlas.read.keys import Keys
from kratom_atlas.read.structure import around, sentence

__all__ = ["LevelClause", "extent_of", "level_clauses"]

_BEFORE: Final = 400
_AFTER: Final = 600
"""How far a sentence is followed from the word by which it was found, in characters."""
_MOST: Final = 400
_NEAR: Final = 1500
"""How near kratom has to be named where the text has no units, in characters."""

_MANY: Final = 5
_EACH: Final = 2500
"""A text that names kratom so often, and once in so many characters, is about it."""


class LevelClause(NamedTuple):
    """What a clause does to lower levels: `PREEMPT` or `ALLOW_STRICTER`.

    Local rules that began before the day `grandfather` stand. `because` names the rule that fired.
    """

    effect: Effect
    span: Span
    grandfather: PartialDate | None
    because: str


# -- the words --------------------------------------------------------------------------------

_LOCAL: Final = (
    r"(?:political\s{1,3}(?:sub)?divisions?|municipal(?:ity|ities|\s{1,3}corporations?)?"
    r"|count(?:y|ies)|cit(?:y|ies)|towns?(?:hips?)?|villages?|boroughs?|parish(?:es)?"
    r"|units?\s{1,3}of\s{1,3}(?:local\s{1,3})?government|home[\s-]{1,3}rule\s{1,3}units?"
    r"|localit(?:y|ies)|local\s{1,3}(?:governments?|governmental\s{1,3}\w{4,9}|authorit(?:y|ies)|jurisdictions?"
    r"|units?|entit(?:y|ies)|boards?|public\s{1,3}bod(?:y|ies)|agenc(?:y|ies)|regulations?|laws?"
    r"|ordinances?|rules?))"
)
_LAW: Final = (
    r"(?:ordinances?|local\s{1,3}(?:laws?|rules?|regulations?|actions?)|resolutions?|bylaws?"
    r"|by-laws?|charter\s{1,3}provisions?)"
)
_MAKE: Final = (
    r"(?:enact|adopt|impose|enforce|establish|maintain|promulgate|regulate|prohibit|ban|pass"
    r"|require|continue|levy|restrict)"
)
_MAKING: Final = (
    r"(?:enact|adopt|impos|enforc|establish|maintain|promulgat|regulat|prohibit|bann|pass|requir"
    r"|continu|levy|restrict)ing"
)
_THIS: Final = (
    r"(?:th(?:is|e|ese)\s{1,3}(?:\w{1,12}\s{1,3}){0,5}?(?:act|chapter|article|section|part|title"
    r"|sections|subchapter|provisions|subtitle|code)\b\]?|\[?sections?\s{1,3}[\w\s,.-]{1,60}\]"
    r"|the\s{1,3}(?:state|legislature|general\s{1,3}assembly))"
)
_STRICTER: Final = (
    r"(?:stricter|more\s{1,3}(?:restrictive|stringent|strict)|additional|further|in\s{1,3}addition"
    r"\s{1,3}to|greater\s{1,3}restrict\w{1,6}|exceed\w{0,3}|more\s{1,3}strictly"
    r"|(?:at\s{1,3}least\s{1,3}as|no\s{1,3}less|not\s{1,3}less)\s{1,3}(?:restrictive|stringent|strict))"
)
_OUTDOES: Final = r"(?:prohibit|preempt|pre-empt|prevent|limit|supersede|preclude|restrict)"


class _Rule(NamedTuple):
    """One way of saying it. The first rule that fires in a sentence decides."""

    name: str
    effect: Effect | None
    pattern: re.Pattern[str]


def _rule(name: str, effect: Effect | None, *patterns: str) -> _Rule:
    return _Rule(name, effect, re.compile("|".join(patterns)))


_RULES: Final = (
    # `to the extent preempted by federal law`, `federal law preempts`: of the level above.
    _rule(
        "federal",
        None,
        r"preempt\w{0,6}\s{1,3}(?:by|under)\s{1,3}(?:federal|united\s{1,3}states)",
        r"federal\s{1,3}(?:law|regulations?|acts?)[^.;]{0,80}(?:preempts?|supersedes?)\b",
    ),
    # `may not adopt an ordinance that is less restrictive than this act`
    _rule(
        "nothing less strict",
        Effect.ALLOW_STRICTER,
        rf"{_LOCAL}[^.;]{{0,200}}(?:may|shall)\s{{1,3}}not[^.;]{{1,200}}less\s{{1,3}}"
        r"(?:restrictive|stringent|strict)",
        rf"no\s{{1,3}}{_LOCAL}[^.;]{{0,200}}less\s{{1,3}}(?:restrictive|stringent|strict)",
    ),
    # `nothing in this act shall be construed to prohibit a municipality from`
    _rule(
        "nothing prevents local law",
        Effect.ALLOW_STRICTER,
        rf"nothing\s{{1,3}}(?:in|contained|herein)[^.;]{{1,120}}(?:prohibit|preempt|pre-empt|prevent"
        rf"|limit|supersede|restrict|preclude|affect|effect|diminish)\w{{0,4}}\b[^.;]{{1,160}}"
        rf"(?:{_LOCAL}|{_LAW})",
        # `this act shall not be construed as preempting a local ordinance`, `state law does not
        # preempt a city from`
        rf"(?:{_THIS}|(?:this|state)\s{{1,3}}law)\s{{1,3}}(?:does|do|shall|is|are)\s{{1,3}}not\s{{1,3}}"
        rf"(?:(?:be\s{{1,3}})?(?:construed|intended|meant)\s{{1,3}}(?:to|as)\s{{1,3}})?{_OUTDOES}"
        rf"(?:p?ing)?\b[^.;]{{1,160}}(?:{_LOCAL}|{_LAW})",
        # `no provision of this act preempts a local law`, `no statute occupies the field, and a
        # city may`
        rf"\bno\s{{1,3}}(?:provision|part|section|statute|law|act)\b[^.;]{{0,80}}\b(?:{_OUTDOES}s|"
        rf"occupies)\b[^.;]{{1,160}}(?:{_LOCAL}|{_LAW})",
    ),
    _rule("field not occupied", None, r"\b(?:no|not|never)\b[^.;]{0,80}\boccup(?:y|ies|ied)\b"),
    # `no political subdivision shall impose`, `no state or political subdivision may enact`
    _rule(
        "no local law",
        Effect.PREEMPT,
        rf"\bno\s{{1,3}}(?:state(?:,|\s{{1,3}}or)\s{{1,3}})?(?:\w{{1,12}},?\s{{1,3}}){{0,6}}?{_LOCAL}\b"
        rf"[^.;]{{0,200}}\b(?:shall|may)\s{{1,3}}(?!not)(?:\w{{1,12}}\s{{1,3}}){{0,2}}{_MAKE}",
        rf"\bno\s{{1,3}}(?:{_LAW})\b[^.;]{{0,120}}\b(?:shall|may)\s{{1,3}}(?:be\s{{1,3}})?{_MAKE}",
    ),
    # `a local government may not enact`, `counties and municipalities shall not adopt`
    _rule(
        "local law barred",
        Effect.PREEMPT,
        rf"{_LOCAL}\b[^.;]{{0,160}}\b(?:may|shall|must|can)\s{{1,3}}not\s{{1,3}}(?:\w{{1,12}}"
        rf"\s{{1,3}}){{0,2}}{_MAKE}",
        rf"{_LOCAL}\b[^.;]{{0,80}}\b(?:is|are)\s{{1,3}}(?:\w{{1,12}}\s{{1,3}})?(?:prohibited|barred"
        rf"|preempted|precluded)\s{{1,3}}from\s{{1,3}}{_MAKING}",
        rf"(?:may|shall)\s{{1,3}}not\s{{1,3}}be\s{{1,3}}(?:prohibited|banned|restricted|regulated)"
        rf"\s{{1,3}}by\s{{1,3}}[^.;]{{0,60}}{_LOCAL}",
    ),
    # `counties may adopt ordinances more restrictive than`, `a city may by ordinance prohibit the
    # sale of kratom`
    _rule(
        "local law may be stricter",
        Effect.ALLOW_STRICTER,
        rf"{_LOCAL}\b[^.;]{{0,120}}\b(?:may|retains?\s{{1,3}}(?:the|its|their)\s{{1,3}}\w{{4,9}}\s{{1,3}}"
        rf"to)\s{{1,3}}(?!not)(?:[^.;]{{0,60}}\s)?{_MAKE}[^.;]{{0,120}}\b{_STRICTER}",
        rf"\b(?:local\s{{1,3}}law|ordinance|resolution)s?\b[^.;]{{0,60}}\bmay\s{{1,3}}be\s{{1,3}}{_STRICTER}",
        rf"{_LOCAL}\b[^.;]{{0,60}}\bmay(?:,)?\s{{1,3}}(?:by\s{{1,3}}{_LAW},?\s{{1,3}})?(?:prohibit|ban"
        r"|further\s{1,3}restrict)\b[^.;]{0,80}\b(?:sale|kratom|possession|distribution)",
    ),
    # `this act preempts any ordinance`, `this chapter supersedes all local laws`
    _rule(
        "preempts",
        Effect.PREEMPT,
        rf"{_THIS}\s{{1,3}}(?:\w{{1,12}}\s{{1,3}}){{0,3}}?(?:preempts?|pre-empts?|supersedes?)\b"
        rf"[^.;]{{0,160}}(?:{_LOCAL}|{_LAW}|\bfield\b)",
        rf"(?:{_LOCAL}|{_LAW}|regulation)\b[^.;]{{0,200}}\b(?:is|are)\s{{1,3}}(?:hereby\s{{1,3}}"
        r"|expressly\s{1,3}|void\s{1,3}and\s{1,3}){0,2}(?:preempted|pre-empted|superseded)\b",
        rf"{_LAW}\b[^.;]{{0,200}}\b(?:is|are|shall\s{{1,3}}be)\s{{1,3}}(?:hereby\s{{1,3}}(?:declared"
        r"\s{1,3}to\s{1,3}be\s{1,3})?)?(?:null\s{1,3}and\s{1,3})?(?:void|unenforceable)\b",
        r"preempted\s{1,3}to\s{1,3}the\s{1,3}state",
    ),
    # `to occupy the whole field of regulation`, `a matter of exclusive state concern`
    _rule(
        "whole field",
        Effect.PREEMPT,
        r"occup(?:y|ies|ied)\s{1,3}the\s{1,3}(?:(?:whole|entire)\s{1,3})?field",
        r"(?:denial|denies|limitation)\s{1,3}(?:and\s{1,3}limitation\s{1,3})?of\s{1,3}home\s{1,3}rule"
        r"\s{1,3}powers",
        r"exclusive(?:ly)?\s{1,3}(?:authority|jurisdiction|power|within|reserved|regulated)[^.;]"
        r"{0,80}\bstate\b",
        # `the power to regulate kratom is reserved to the state`
        r"\bregulat\w{1,4}\b[^.;]{0,80}\b(?:reserved|belongs)\s{1,3}(?:\w{1,12}\s{1,3})?to\s{1,3}the\s{1,3}"
        r"(?:state|legislature|department)\b",
    ),
)

_KEYS: Final = (
    "preempt", "pre-empt", "political subdivision", "political division", "municipal",
    "local government", "local jurisdiction", "local authorit", "local law", "local ordinance",
    "local regulation", "local unit", "ordinance", "counties", "county", "cities", " city",
    "localit", "to the state", "to the legislature", "home rule", "home-rule", "the field",
    "whole field", "entire field", "exclusive",
)  # fmt: skip
_STARTS: Final = re.compile(r"[.;]\s|\n\n|\.(?=[A-Z(])")
_STOPS: Final = re.compile(r"[.;](?=\s|\Z|[A-Z(])")
_STOOD: Final = re.compile(
    # `an ordinance in effect on or before january 1, 2024`, `adopted prior to`
    rf"(?:ordinance|resolution|regulation|rule|law|restriction|prohibition|ban)s?\b[^.;]{{0,80}}?"
    rf"\b(?:in{GAP}effect|in{GAP}force|adopted|enacted|existing|passed|effective|approved)\b"
    rf"[^.;\d]{{0,40}}?\b(?:(?P<on>on{GAP}or{GAP}before|as{GAP}of|on)|before|prior{GAP}to){GAP}"
)


@cache
def _keys() -> Keys:
    """The words by which sentences are found."""
    return Keys(_KEYS, _MOST)


def level_clauses(
    marked: Marked, sections: Sequence[Section], near: Sequence[Span]
) -> tuple[LevelClause, ...]:
    """The clauses of a text that bind or free lower levels in what they do about kratom.

    `near` are the places where kratom is named, in order.
    """
    if not near:
        return ()
    low = lowered(marked.text)
    about = _About(low, sections, near)
    clauses: list[LevelClause] = []
    for span in _sentences(marked.text, low):
        found = _read(low, span)
        if found is not None and about.kratom(span):
            clauses.append(found)
    return tuple(clauses)


def _sentences(text: str, low: str) -> Iterator[Span]:
    """The sentences that have one of the words, each once."""
    done = 0
    for _, place in _keys().hits(low):
        if place < done:
            continue
        first = max(done, place - _BEFORE)
        breaks = [stop.end() for stop in _STARTS.finditer(text, first, place)]
        last = min(len(low), place + _AFTER)
        stop = _STOPS.search(text, place, last)
        done = stop.end() if stop else last
        yield Span(breaks[-1] if breaks else first, done)


def _read(low: str, span: Span) -> LevelClause | None:
    sentence = low[span.start : span.end]
    for rule in _RULES:
        if rule.pattern.search(sentence) is None:
            continue
        if rule.effect is None:
            return None
        grandfather = _grandfather(low, span) if rule.effect is Effect.PREEMPT else None
        return LevelClause(rule.effect, span, grandfather, rule.name)
    return None


def _grandfather(low: str, span: Span) -> PartialDate | None:
    """The day before which local rules have to have begun, in the sentence or the next one."""
    stop = _STOPS.search(low, span.end, min(len(low), span.end + _AFTER))
    last = stop.end() if stop else span.end
    for found in _STOOD.finditer(low, span.start, last):
        dated = date_at(low, found.end(), last)
        if dated is None:
            continue
        if not found["on"]:
            return dated.date
        return certain(dated.date, days_later(1)) if dated.date.is_day else dated.date.after
    return None


# -- whether it is about kratom ---------------------------------------------------------------


class _About:
    """Whether a clause of a text is about kratom."""

    def __init__(self, low: str, sections: Sequence[Section], near: Sequence[Span]) -> None:
        self._sections = sections
        self._starts = [section.start for section in sections]
        self._near = sorted(span.start for span in near)
        self._is_dense = len(near) >= _MANY and len(near) * _EACH >= len(low)

    def kratom(self, span: Span) -> bool:
        """Whether kratom is named in the clause, its section, or most of what is around it."""
        if self._names(span.start, span.end) or self._is_dense:
            return True
        index: int | None = bisect_right(self._starts, span.start) - 1
        if index is None or index < 0:
            return self._close(span)
        while index is not None:
            unit = self._sections[index]
            if unit.end > span.start and self._mostly(index):
                return True
            index = unit.parent
        return self._share(None)

    def _names(self, start: int, end: int) -> bool:
        return bisect_left(self._near, end) > bisect_left(self._near, start)

    def _close(self, span: Span) -> bool:
        return self._names(span.start - _NEAR, span.end + _NEAR)

    def _mostly(self, index: int) -> bool:
        """Whether a unit names kratom itself, or if it has parts, whether enough of them do."""
        unit = self._sections[index]
        if not self._names(unit.start, unit.end):
            return False
        return unit.end - unit.start <= 4 * _NEAR or self._share(index)

    def _share(self, parent: int | None) -> bool:
        """Whether a third of the parts of a unit, or of the whole text, name kratom."""
        parts = [one for one in self._sections if one.parent == parent]
        naming = sum(self._names(part.start, part.end) for part in parts)
        return bool(parts) and 3 * naming >= len(parts) and naming > 1


# -- what land a county's rule covers ---------------------------------------------------------

_MOST_PLACES: Final = 60
_OUTSIDE_TOWNS: Final = re.compile(
    # `the unincorporated areas of the county`, `outside the corporate limits of any city`
    r"\bunincorporated\b|\b(?:outside|not\s{1,3}within|beyond)\s{1,3}(?:of\s{1,3})?(?:the\s{1,3}|any\s{1,3})?"
    r"(?:\w{1,12}\s{1,3}){0,3}?(?:limits|boundaries)\s{1,3}of\s{1,3}[^.;]{1,40}?"
    r"\b(?:cit(?:y|ies)|towns?|municipalit(?:y|ies)|villages?)\b"
)
_INSIDE_TOO: Final = re.compile(
    # `the incorporated and unincorporated areas`, `and within a municipality that consents`
    r"(?<!un)\bincorporated\b|\b(?:and|or|as\s{1,3}well\s{1,3}as)\s{1,3}(?:in|within)\s{1,3}[^.;]{0,40}?"
    r"\b(?:cit(?:y|ies)|towns?|municipalit(?:y|ies)|villages?)\b"
)
_COVERS: Final = re.compile(
    # `this chapter applies in`, `the provisions of this ordinance shall be in force within`
    r"\bth(?:is|ese|e)\s{1,3}(?:provisions\s{1,3}of\s{1,3}this\s{1,3}|(?:\w{1,12}\s{1,3}){0,2}?)?"
    r"(?P<unit>ordinance|act|chapter|article|section|part|division|title|regulations?|rules?"
    r"|prohibitions?|provisions?)\b[^.;]{0,60}?\b(?:appl(?:y|ies|icable)|effective|effect|force"
    r"|enforced|enforceable|extends?|govern|cover)"
)


def extent_of(marked: Marked, sections: Sequence[Section], span: Span) -> Extent:
    """Whether the rule at `span` reaches only land outside the municipalities.

    It does if its own sentence says so, or a clause on what the text, or its section, applies to.
    """
    for place in _places(marked.text):
        clause = sentence(marked, sections, place)
        low = lowered(marked.text[clause.start : clause.end])
        said = _OUTSIDE_TOWNS.search(low)
        if said is None or _INSIDE_TOO.search(low):
            continue
        if clause.start < span.end and span.start < clause.end:
            return Extent.UNINCORPORATED
        covers = _COVERS.search(low, 0, said.start())
        if covers is not None and (
            covers["unit"] != "section" or _same_section(marked, sections, place, span.start)
        ):
            return Extent.UNINCORPORATED
    return Extent.WHOLE


def _places(text: str) -> Iterator[int]:
    """Where words may stand that say so."""
    for word in ("nincorporated", "NINCORPORATED", " limits of", " boundaries of"):
        place = -1
        for _ in range(_MOST_PLACES):
            place = text.find(word, place + 1)
            if place < 0:
                break
            yield place


def _same_section(marked: Marked, sections: Sequence[Section], one: int, other: int) -> bool:
    """Whether two places stand in one section, labels of items apart."""
    first, second = (
        [unit.start for unit in around(marked, sections, place) if unit.label[0] != "("]
        for place in (one, other)
    )
    return first == second
