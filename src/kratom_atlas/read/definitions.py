"""Terms that a text defines, and the substances that they reach.

`"Kratom product" means a food containing any part of the leaf of Mitragyna speciosa`: where a later
clause bars kratom products, it bars the leaf. A term may rest on another (`prohibited beverage` on
`kratom beverage`), so terms are resolved until nothing more is found. What a definition only says
about the plant (`a tree which contains the alkaloid mitragynine`) is not what the term reaches.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Section, Span
from kratom_atlas.model.vocabulary import Substance
from kratom_atlas.read.things import Thing, reached, synthetics, weigh

__all__ = ["Defined", "Lexicon", "definitions"]


class Defined(NamedTuple):
    """A defined term (in lower case), its whole definition, and what it reaches.

    `narrow` says that it is a kind of product or substance set apart by a condition
    (`adulterated kratom product`): a bar on it is a condition on the others.
    """

    term: str
    span: Span
    substances: tuple[Substance, ...]
    narrow: bool = False


class Lexicon:
    """The defined terms of one text, to be looked up where a clause uses them."""

    def __init__(self, terms: Iterable[Defined] = ()) -> None:
        """Keep `terms`; where one is defined twice, both count."""
        self.terms = tuple(terms)
        self._by_term: dict[str, tuple[Defined, ...]] = {}
        for term in self.terms:
            self._by_term[term.term] = (*self._by_term.get(term.term, ()), term)
        reaching = [term for term, all_ in self._by_term.items() if any(t.substances for t in all_)]
        words = sorted(reaching, key=len, reverse=True)
        self._others = _any_of(w for w in words if not _NAMED.search(w))
        self._kratom = _any_of(w for w in words if _NAMED.search(w))

    def defining(self, position: int) -> Defined | None:
        """The definition that holds `position`."""
        return next((t for t in self.terms if t.span.start <= position < t.span.end), None)

    def uses(self, lower: str, span: Span, *, limit: int) -> tuple[Span, ...]:
        """Where `span` uses a term that does not itself name kratom (`covered substance`)."""
        if self._others is None:
            return ()
        found = []
        for match in self._others.finditer(lower, span.start, span.end):
            found.append(Span(*match.span()))
            if len(found) == limit:
                break
        return tuple(found)

    def term_at(self, lower: str, span: Span) -> tuple[Defined, ...]:
        """The defined term that stands at the name in `span`, the longest there is."""
        if self._kratom is not None:
            for match in self._kratom.finditer(lower, max(0, span.start - 40), span.end + 40):
                if match.start() <= span.start and span.end <= match.end():
                    return self._by_term[match[1]]
        word = lower[span.start : span.end]
        for term in (word, word.removesuffix("s"), word.removesuffix("es")):
            if term in self._by_term:
                return self._by_term[term]
        return ()


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    chosen = [re.escape(word) for word in words]
    return re.compile(rf"\b({'|'.join(chosen)})(?:e?s)?\b") if chosen else None


_NAMED: Final = re.compile(r"kratom|mitragyn|hydroxy|7-oh|pseudoindox|mgm")
# The words that define: `means`, `shall include`, `has the same meaning`, `meaning`
_MEANS: Final = re.compile(
    r"\b(?:means?|mean\sand\sinclude|(?:shall\s)?includes?|ha(?:s|ve)\sthe\s(?:same\s)?meanings?"
    r"|refers?\sto)\b"
)
# What is defined, right before: `"kratom product"`, `the term covered drink`, `(3) kratom`
_TERM: Final = re.compile(
    r"(?:[\"“”‘’']\s?(?P<quoted>[a-z0-9][^\"“”‘’'\n]{1,60}?)[.,]?\s?[\"“”‘’']"
    r"(?:\sor\s[\"“”‘’'][^\"“”‘’'\n]{1,60}[\"“”‘’'])?"
    r"|\bthe\sterms?\s(?P<term>[a-z0-9][a-z0-9 -]{1,60}?)"
    r"|(?:^|\n|[.;]\s)(?:\(?[a-z0-9]{1,5}(?:\.\d{1,2})?[.)]\s{0,2})?(?!the\b|an?\b|any\b|each\b"
    r"|this\b|that\b|does\b|such\b)(?P<bare>[a-z0-9][a-z0-9-]{1,24}(?:\s[a-z0-9-]{2,20}){0,3}))"
    r"\s{0,2}(?:\([^()\n]{0,30}\)\s?)?(?:\salso)?(?:\sshall)?,?\s{0,2}$"
)
_KRATOM: Final = r"[\"“'‘]?(kratom(?:\s(?:products?|extracts?|beverages?|concentrates?))?)[\"”'’]?"
_IS: Final = r"(?:is|are|means?|shall\smean|refers?\sto|includes?)\s(?:defined\sas\s)?"
_USED: Final = r"(?:as|where|when|wherever)\sused\sin\s[^,.;\n]{3,40},\s"
# What is said of kratom itself, anywhere in a sentence
_KRATOM_IS: Final = re.compile(
    # `in this section kratom is any`, `for the purposes of this act, "kratom" means`
    rf"\b(?:in|under|for(?:\s(?:the\s)?purposes?\sof)?)\sth(?:is|at)\s\w{{3,14}},?\s"
    rf"{_KRATOM}\s{_IS}(?=any|an?\s|the\s|all|mitra|7-|both|either|every)"
    # `By kratom is meant`
    rf"|\bby\s{_KRATOM}\sis\smeant\b"
    # `"Kratom": the leaf`, `"Kratom" is defined as`, `"kratom" has the following meaning:`
    r"|[\"“](kratom[^\"“”\n]{0,20})[\"”](?:\s\([^()\n]{1,40}\))?"
    r"(?::|\s[—–-]|\sis\sdefined\sas|\shas\sthe\sfollowing\smeaning)"
    # `the word kratom, where used in this act, refers to`
    rf"|\b(?:word|term|expression)\s{_KRATOM},\s{_USED}{_IS}"
    # `Kratom in that section is the leaf`, `Kratom here means`, `Kratom, for this paragraph, is`
    rf"|(?:^|\n|\.\s){_KRATOM}(?:,\s(?:for|in)\sth(?:is|at)\s\w{{3,14}},"
    rf"|\s(?:here|in\sth(?:is|at)\s\w{{3,14}}))\s{_IS}"
)
_NO_TERM: Final = re.compile(r"\b(?:not|must|may|shall\snot|bill|rules|that)\b")
# `"kratom product." a food`, `"kratom product," a food`
_COMMA_TERM: Final = re.compile(r"[\"“]([a-z0-9][^\"“”\n]{1,60})[.,][\"”]\s(?=[a-z])")
# People, places and papers are no substances, whatever they deal with.
_NO_SUBSTANCE: Final = re.compile(
    r"process(?:or|ing)|retail|distribut(?:or|ion)|manufactur|grower|seller|vendor|wholesal|licens"
    r"|registra|establishment|business|department|commission|laborator|person|certificat"
    r"|attractive|label|serving|analysis|facilit|shop|specialty|activity|sale|advertis|consumer"
    r"|\bact\b|minor|composition|delivery form|\bfood\b|alkaloid|manufacture|crime|permit|packag"
)
# `a tree which contains the alkaloids `: said of the plant
_SAID_OF_PLANT: Final = re.compile(
    r"\b(?:alkaloids?|constituents?|compounds?)\s(?:of|in)\swhich\s(?:are|is|includes?)\b[^.;]{0,80}$"
    r"|\b(?:plants?|leaf|leaves|trees?|evergreen|speciosa|asia|kratom)\b"
    r"(?:(?!\b(?:products?|materials?|substances?|preparations?|extracts?|foods?)\b)[^.;]){0,60}?"
    r"(?<!\bor\s)\b(?:that|which|if\sthe\splant|when\sthe\splant)\s(?:naturally\s)?contains?\b[^.;]{0,80}$"
)
# What a term that does not name kratom has to be to reach it: `covered drink`, `prohibited product`
_GOODS: Final = re.compile(
    r"(?:\s|^)(?:products?|beverages?|drinks?|substances?|foods?|items?|supplements?|goods|drugs?"
    r"|botanicals?|herbs?|stimulants?|intoxicants?|concentrates?|isolates?)$"
)
# `does not contain kratom, kava or `
_NOT_CONTAINED: Final = re.compile(r"(?<!\bor\s)\b(?:not|no|nor|without|free\sof)\b[^.;]{0,90}$")
_INCLUDING: Final = re.compile(r"\bincluding,?\s[^.;]{0,50}$|\bincludes\s[^.;]{0,40}$")
# `adulterated kratom product`, `pure leaf kratom`, `unregistered kratom`
_NARROW: Final = re.compile(
    r"^(?:adulterated|contaminated|prohibited|unregistered|unsafe|pure|natural|mislabel|misbranded"
    r"|unlawful|restricted|approved)\b"
)
# Where a definition without a unit of its own ends: at the next label, term, section or blank line
_STOP: Final = re.compile(
    r"(?<![:—-])\n(?=[\"“]|\(\d{1,3}\)|\([a-z]{1,2}\)\s?[\"“]|\d{1,3}\.\s|sec(?:tion|\.)|§|\n"
    r"|\d{1,4}(?:-[a-z]{1,2})?[:.-]\d[\w.:-]{0,10}\s)"
    r"|\.\s(?=\([a-z0-9]{1,3}\)\s)|[.;]\s(?=sec(?:tion|\.)\s?\d|\(?\d{1,3}[.)]\s[\"“]|[\"“])"
    r"|\.\s(?=\d{1,2}\.\s[a-z])"
)
# `146-F:2 Standards`, `Subd. 2.`: a section begins that may not have been seen as a unit
_NEXT_SECTION: Final = re.compile(r"\n(?=\d{1,4}-[a-z]{1,2}:\d|subd(?:ivision|\.)\s\d)")
_LONGEST: Final = 2500
_UNSTRUCTURED: Final = 700
_BEFORE: Final = 110
_WINDOW: Final = 700
_LABEL_AT: Final = 16
"""How near its beginning a unit has to define its term for all of it to be the definition."""


def definitions(
    lower: str, things: Sequence[Thing], sections: Sequence[Section]
) -> tuple[Defined, ...]:
    """The terms of `lower` (a text in lower case) whose definitions reach kratom."""
    heads = _heads(lower, things)
    spans = _extents(lower, heads, sections)
    found: dict[int, Defined] = {}
    for (term, start, body), end in zip(heads, spans, strict=True):
        if not any(body <= t.span.start < end for t in _around(things, start, end)):
            continue
        substances = _substances(lower, things, term, Span(body, end))
        found[start] = Defined(term, Span(start, end), substances, _is_narrow(term))
    direct = {f.term: f for f in found.values() if f.substances}
    for start, defined in found.items():
        found[start] = _through(lower, defined, direct)
    for term, start, body in _second_heads(lower, direct, found):
        end = _extents(lower, ((term, start, body),), sections)[0]
        found.setdefault(
            start, _through(lower, Defined(term, Span(start, end), ()), direct, derived=True)
        )
    return tuple(found[start] for start in sorted(found))


def _around(things: Sequence[Thing], start: int, end: int) -> Sequence[Thing]:
    first = bisect_right(things, start, key=lambda t: t.span.start)
    last = bisect_right(things, end, key=lambda t: t.span.start)
    return things[max(0, first - 1) : last]


def _heads(lower: str, things: Sequence[Thing]) -> tuple[tuple[str, int, int], ...]:
    """The term, where it stands and where its definition begins, near each of `things`."""
    found: dict[int, tuple[str, int, int]] = {}
    for first, last in _windows(lower, things):
        for head in _heads_in(lower, first, last):
            found.setdefault(head[1], head)
    return tuple(found[start] for start in sorted(found))


def _windows(lower: str, things: Sequence[Thing]) -> Iterable[tuple[int, int]]:
    first = last = 0
    for thing in things:
        start = max(0, thing.span.start - _WINDOW)
        if start > last:
            if last:
                yield first, last
            first = start
        last = min(len(lower), thing.span.end + _BEFORE)
    if last:
        yield first, last


def _heads_in(lower: str, first: int, last: int) -> Iterable[tuple[str, int, int]]:
    for told in _KRATOM_IS.finditer(lower, first, last):
        word = next(term for term in told.groups() if term is not None)
        yield word.strip(" .,"), told.start(), told.end()
    for means in _MEANS.finditer(lower, first, last):
        term = _TERM.search(lower, max(0, means.start() - _BEFORE), means.start())
        if term is not None and not _NO_TERM.search(lower, term.start(), means.start()):
            word = term["quoted"] or term["term"] or term["bare"]
            start = term.start("bare") if term["bare"] else term.start()
            yield word.strip(" .,"), start, means.end()
    for comma in _COMMA_TERM.finditer(lower, first, last):
        yield comma[1].strip(" .,"), comma.start(), comma.end()


def _extents(
    lower: str, heads: Sequence[tuple[str, int, int]], sections: Sequence[Section]
) -> tuple[int, ...]:
    """Where each definition ends: with its unit, its line, or where the next begins."""
    starts = [section.start for section in sections]
    ends = []
    for index, (_, start, body) in enumerate(heads):
        end = min(len(lower), body + _LONGEST)
        if index + 1 < len(heads):
            end = min(end, heads[index + 1][1])
        following = _NEXT_SECTION.search(lower, body, end)
        end = following.start() if following is not None else end
        unit = _unit_at(lower, sections, starts, start)
        if unit is not None:
            end = min(end, unit.end)
        else:
            end = min(end, body + _UNSTRUCTURED)
            stop = _STOP.search(lower, body, end)
            end = stop.start() + 1 if stop is not None else end
        ends.append(max(end, body))
    return tuple(ends)


def _unit_at(
    lower: str, sections: Sequence[Section], starts: Sequence[int], position: int
) -> Section | None:
    """The unit that begins with the definition at `position`."""
    index = bisect_right(starts, position + 1) - 1
    while index >= 0:
        section = sections[index]
        if section.start <= position + 1 and position < section.end:
            gap = position - section.start - len(section.label)
            near = gap <= _LABEL_AT or (
                gap < 120 and "." not in lower[section.start + len(section.label) : position]
            )
            return section if near else None
        if section.parent is None:
            return None
        index = section.parent
    return None


def _substances(
    lower: str, things: Sequence[Thing], term: str, body: Span
) -> tuple[Substance, ...]:
    if re.search(r"\bsynthe", term):
        return tuple(
            sorted({Substance.SYNTHETIC, *_included(lower, things, body)}, key=lambda s: s.rank)
        )
    if _NO_SUBSTANCE.search(term) or not (_NAMED.search(term) or _GOODS.search(term)):
        return ()
    found = set(_named(lower, things, term, body)) | (
        {Substance.LEAF} if term == "kratom" else set()
    )
    if _is_narrow(term):
        return tuple(found & {Substance.LEAF})
    barred = re.search(r"\b(?:not|no|without)\b", lower[body.start : body.end]) is not None
    if found and not barred and synthetics(lower, body):
        found.add(Substance.SYNTHETIC)
    return tuple(sorted(found, key=lambda s: s.rank))


def _is_narrow(term: str) -> bool:
    return _NARROW.match(term) is not None and _NAMED.search(term) is not None


def _included(lower: str, things: Sequence[Thing], body: Span) -> Iterable[Substance]:
    """The alkaloids that a definition of synthetics says are among them."""
    for thing in _around(things, body.start, body.end):
        before = lower[max(body.start, thing.span.start - 60) : thing.span.start]
        if _INCLUDING.search(before) and thing.substance not in {None, Substance.LEAF}:
            assert thing.substance is not None
            yield thing.substance


def _named(lower: str, things: Sequence[Thing], term: str, body: Span) -> tuple[Substance, ...]:
    weighed = weigh(lower, _around(things, body.start, body.end), body)
    kept = [
        t
        for t in weighed
        if not t.counted
        and not t.excepted
        and not t.synthetic
        and not _NOT_CONTAINED.search(lower, max(body.start, t.span.start - 100), t.span.start)
        and (t.substance is Substance.LEAF or not _is_said_of_plant(lower, t, body))
    ]
    if not kept and _GOODS.search(term):  # `concentrate`: 7-OH above an amount
        kept = [t for t in weighed if t.counted and not t.excepted]
    return reached(kept)


def _is_said_of_plant(lower: str, thing: Thing, body: Span) -> bool:
    first = max(body.start, thing.span.start - 160)
    return _SAID_OF_PLANT.search(lower, first, thing.span.start) is not None


def _through(
    lower: str, defined: Defined, direct: dict[str, Defined], *, derived: bool = False
) -> Defined:
    """`defined` with what the terms that it uses reach."""
    is_goods = _NAMED.search(defined.term) or _GOODS.search(defined.term)
    if _NO_SUBSTANCE.search(defined.term) or "synthe" in defined.term or not is_goods:
        return defined
    if not (defined.substances or derived or _NAMED.search(defined.term)):
        return defined
    body = lower[defined.span.start + len(defined.term) : defined.span.end]
    used = {
        s
        for term, other in direct.items()
        if term != defined.term and _uses(body, term)
        for s in other.substances
    }
    barred = re.search(r"\b(?:not|no|without)\b", body) is not None
    if barred:
        used.discard(Substance.SYNTHETIC)
    found = {*defined.substances, *used}
    return defined._replace(substances=tuple(sorted(found, key=lambda s: s.rank)))


def _uses(body: str, term: str) -> bool:
    at = body.find(term)
    while at >= 0:
        if (
            not body[at - 1 : at].isalnum()
            and not body[at + len(term) : at + len(term) + 1].isalpha()
        ):
            return True
        at = body.find(term, at + 1)
    return False


def _second_heads(
    lower: str, direct: dict[str, Defined], found: dict[int, Defined]
) -> tuple[tuple[str, int, int], ...]:
    """Definitions that rest on a term which does not name kratom (`covered substance`)."""
    heads: dict[int, tuple[str, int, int]] = {}
    for term in direct:
        if _NAMED.search(term) or " " not in term.strip():
            continue
        at, count = lower.find(term), 0
        while at >= 0 and count < 40:
            count += 1
            for head in _heads_in(lower, max(0, at - 200), at):
                if head[1] not in found and not _NO_SUBSTANCE.search(head[0]):
                    end = lower.find("\n\n", head[2], at)
                    if end < 0 and ";" not in lower[head[2] : at]:
                        heads.setdefault(head[1], head)
            at = lower.find(term, at + len(term))
    return tuple(heads[start] for start in sorted(heads))
