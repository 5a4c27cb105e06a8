"""The amending clauses of an act: what each does, to what, and where its new text stands.

A clause is found by a stem ("amended", "vkladá"), read as one sentence, and sorted by the first
row of a table that it fits. What only tells of amendments is none: the title of an act, the
history of a section ("as amended by"), and the repeal of "original" sections that were amended.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple

from kratom_atlas.model.reading import (
    Amendment,
    AmendmentKind,
    Marked,
    Novelty,
    Section,
    Span,
    Struck,
)
from kratom_atlas.read.marked import struck_in_place
from kratom_atlas.read.structure import sentence_within

__all__ = ["amendments", "novelty", "novelty_of_struck"]

_ENACTS, _AMENDS, _REPLACES = AmendmentKind.ENACTS, AmendmentKind.AMENDS, AmendmentKind.REPLACES
_REPEALS, _RENUMBERS = AmendmentKind.REPEALS, AmendmentKind.RENUMBERS
_MAX_HITS: Final = 20_000
_REACH: Final = 900
"""A clause is no longer than this to either side of its verb."""
_MAX_TARGET: Final = 300


class _Row(NamedTuple):
    """What a clause says, where, and what that does."""

    pattern: re.Pattern[str]
    kind: AmendmentKind


def _rows(*rows: tuple[str, AmendmentKind]) -> tuple[_Row, ...]:
    return tuple(_Row(re.compile(pattern, re.I), kind) for pattern, kind in rows)


# -- English ----------------------------------------------------------------------------------

_BE: Final = (
    r"(?<!not )(?<!may )(?<!to )(?<!would )(?<!it )\b(?:is|are|be)"
    r"(?:,? and (?:the same )?(?:is|are))?(?:,? (?:each|hereby|further|also|here)){0,4}+"
)
_STEMS: Final = (
    "amended", "enacted", "repealed", "revoked", "adding", "added", "inserting", "inserted",
    "insert", "striking", "stricken", "strike", "deleting", "substitut", "omit", "redesignat",
    "renumber", "revising", "replaced", "replacing",
)  # fmt: skip
_AFTER: Final = frozenset({"insert", "substitut"})
"""Stems that stand behind what they amend: "after paragraph (a), in the English text, insert"."""
# What makes a clause one that amends, each around the stem at which it was found.
_OPERATIVE: Final = re.compile(
    # is hereby amended | be, and the same is hereby amended | are each repealed
    rf"{_BE} (?:amended|enacted(?= (?:to read|as|and)|:)|repealed|(?<!shall be )revoked|added"
    r"|inserted|substituted|omitted|stricken|redesignated|renumbered|replaced)\b"
    # by adding | and inserting | by repealing
    r"|\b(?:by|and|or|in),? (?:further )?(?:adding|striking|inserting|deleting|redesignating"
    r"|renumbering|substituting|revising|replacing)\b"
    # after paragraph (a) insert | for paragraph 2 substitute | omit paragraph 5
    r"|\b(?:after|before|at the end|for)\b[^.;]{1,120}? (?:insert|substitute)\b"
    r"|(?:^|[\u2014\u2013,:)] ?)omit"
    r" (?:the |paragraph|sub-paragraph|regulation|section|article|[\"\u201c\u2018])"
    # strike "x" and insert "y"
    r"|\b(?:strike|insert) (?:the following|[\"\u201c])",
    re.I,
)
_ENGLISH: Final = _rows(
    (r"\brepealed and re-?enacted\b|\brepeal and re-?enact\b", _REPLACES),
    # strike ... and insert ... | for "x" substitute "y"
    (r"\b(?:striking|strike|deleting|delete)\b.{1,600}\b(?:insert|substitut|replac)", _AMENDS),
    (r"\b(?:for|there (?:is|are|shall be)) ?[\"\u201c\u2018].{1,600}\bsubstitute", _AMENDS),
    (r"\bsubstitut|\breplac(?:ed|ing)\b", _REPLACES),
    # by the insertion of the following after "x"
    (
        (
            r"\bby (?:adding|inserting|creating|the (?:addition|insertion|creation))\b|\badding\b"
            r"|\bamended (?:to (?:add|include)|with (?:a new|new))\b"
        ),
        _ENACTS,
    ),
    (rf"{_BE} (?:added|inserted|enacted)\b|\binsert(?:ing)?\b", _ENACTS),
    (rf"{_BE} (?:repealed|revoked|omitted|stricken)\b|\bby repealing\b", _REPEALS),
    (r"\bomit\b|\b(?:striking|strike|deleting)\b", _REPEALS),
    (r"\bamended\b.{0,300}?\bto read\b|\bamended\b.{0,40}\breenacted\b", _AMENDS),
    (r"\bredesignat|\brenumber", _RENUMBERS),
    (r"\bamended\b|\brevising\b", _AMENDS),
)
# What an English clause amends stands near its beginning.
_CITES_UNIT: Final = re.compile(
    r"§|\b(?:sub)?(?:sections?|chapters?|paragraphs?|divisions?|parts?)\b|\barticles?\b"
    r"|\btitle\b"
    r"|\bschedules?\b|\bregulations?\b|\brules?\b|\bact\b|\bcodes?\b|\bstatutes?\b|\blaws?\b"
    r"|\border\b|\bordinances?\b|\bitems?\b|\bentr(?:y|ies)\b|\bdefinitions?\b|\bwords?\b"
    r"|\b[A-Z]\.[A-Z]\.|\bIC(?= \d)|\bNRS\b|\bRCW\b|\bORS\b|\bKRS\b|\bHRS\b|\bMCL\b|\bRSA\b"
    r"|[\"\u201c\u2018]",
    re.I,
)
# What stands there where a person or thing is dealt with, and no law
_OF_PERSONS: Final = re.compile(
    r"(?:if|when|whenever|where|unless|notwithstanding|this)\b|(?:an?|any|no|each|every|the)\b"
    r"(?! (?:new |following |original )*(?:sub)?(?:sections?|chapters?|articles?|paragraphs?"
    r"|divisions?|parts?|titles?|schedules?|regulations?|rules?|acts?|codes?|laws?|order|ordinance|items?"
    r"|entry|entries|definitions?|words?)\b)(?-i:(?! [A-Z]))",
    re.I,
)
_NEAR: Final = 70
# What only tidies up, or tells: the repeal of original sections, and of laws in conflict
_HOUSEKEEPING: Final = re.compile(
    r"\b(?:original|existing|said original) (?:sections?|statutes?)\b"
    r"|\b(?:in conflict|inconsistent|conflicting)\b|\bktorým sa\b|\bkterým se\b",
    re.I,
)
# What says of itself that it is new, in New Jersey, Montana, Iowa and Washington
_NEW_UNIT: Final = re.compile(
    r"\(New section\)|NEW (?:SECTION|SUBSECTION|PARAGRAPH|LETTERED PARAGRAPH)\b\.?"
)

# -- other languages --------------------------------------------------------------------------

_FOREIGN: Final = (
    # Norwegian, Danish, Swedish
    (_ENACTS, "tilføyes", "føyes til", "indsættes", "inføres", "införs"),
    (_AMENDS, "følgende endring", "endres slik", "følgende ændring", "ændres således"),
    (_AMENDS, "ska ha följande lydelse"),
    (_REPLACES, "skal lyde", "affattes således"),
    (_REPEALS, "oppheves", "ophæves", "upphävs", "upphör att gälla", "utgår"),
    # Finnish, Estonian
    (_ENACTS, "lisätään", "täiendatakse", "lisatakse"),
    (_AMENDS, "muutetaan", "muudetakse"),
    (_REPLACES, "sõnastatakse", "asendatakse"),
    (_REPEALS, "kumotaan", "tunnistatakse kehtetuks", "jäetakse välja"),
    # Czech, Slovak
    (_ENACTS, "vkládá", "vkládají", "doplňuj", "vkladá", "vkladajú",
     "dopĺňa", "pridáva"),
    (_REPLACES, "nahrazuj", "nahrádza", "včetně nadpisu zní"),
    (_REPEALS, "zrušuj", "vypoušt", "vypúšťa"),
    (_AMENDS, "se mění", "sa mení"),
    # Polish, Latvian, Lithuanian
    (_ENACTS, "dodaje się", "papildināt", "papildyti"),
    (_REPLACES, "otrzymuje brzmienie", "izteikt", "aizstāt", "zastępuje się"),
    (_REPEALS, "uchyla się", "skreśla się", "svītrot", "netekusi"),
    (_AMENDS, "wprowadza się następujące zmiany", "pakeisti"),
    # French
    (_ENACTS, "est complété", "sont complété", "est inséré",
     "sont inséré", "est ajouté", "sont ajouté"),
    (_REPLACES, "est remplacé", "sont remplacé"),
    (_REPEALS, "est abrogé", "sont abrogé", "est supprimé", "sont supprimé"),
    (_AMENDS, "est modifié", "sont modifié"),
    # German, Dutch
    (_ENACTS, "eingefügt", "angefügt", "ingevoegd", "toegevoegd"),
    (_REPLACES, "wie folgt gefasst", "ersetzt", "vervangen door", "komt te luiden"),
    (_REPEALS, "aufgehoben", "gestrichen", "vervalt", "vervallen", "ingetrokken"),
    (_AMENDS, "wie folgt geändert", "wordt gewijzigd", "als volgt gewijzigd"),
    # Spanish, Portuguese, Italian
    (_ENACTS, "se adiciona", "se agrega", "se añade", "fica acrescid", "è aggiunt",
     "sono aggiunt", "è inserit", "sono inserit"),
    (_REPLACES, "se sustituye", "passa a vigorar", "è sostituit", "sono sostituit"),
    (_REPEALS, "se deroga", "se suprime", "fica revogad", "è abrogat", "sono abrogat"),
    (_AMENDS, "se modifica", "se reforma"),
    # Thai
    (_ENACTS, "ให้เพิ่ม"),
    (_REPLACES, "ให้ใช้ความต่อไป"),
    (_REPEALS, "ให้ยกเลิก"),
)  # fmt: skip
_FOREIGN_STEMS: Final = tuple((stem, kind) for kind, *stems in _FOREIGN for stem in stems)
# What a clause of another language amends: a unit, a list, an act, or quoted words.
_CITES: Final = re.compile(
    r"§|\bart(?:\.|icle|ikel|ículo|icolo|igo)|annex|vedleg|bilag|list|lisa|liite|alinéa"
    r"|přílo[hz]|prílo[hz]|\bpara|\bpunkt|\bbod|bijlage|anlage|forskrift|\blov\b|zákon"
    r"|vyhláš|määrus|załącznik|\banexo|allegato|pielikum|pried"
    r"|มาตรา|ประกาศ|[«\u201e\u201c]",
    re.I,
)
_ENGLISH_SHARE: Final = 250
"""A text with one `the` in so many characters is English."""

# -- the parts of a clause --------------------------------------------------------------------

_FORMULA: Final = re.compile(
    r"\bbe it (?:therefore |further )?enacted\b|\bhereby enacts?\b|\bis hereby enacted by\b"
    r"|\bof michigan enact\b|\bdo enact as follows\b|\bbe it resolved\b",
    re.I,
)
_QUOTE: Final = re.compile(
    r"[\"\u201c\u201e«\u2018]([^\"\u201c\u201d\u201e«»]{1,2000}+)[\"\u201d\u201c»\u2019]"
)
# What puts quoted words in the place of others, or among them
_PUTS: Final = re.compile(
    r"insert|substitut|replac|nahrazuj|nahrádza|vklád|vklad|remplac|insér|ersetzt|erstattes"
    r"|vervangen|sustituye|sostituit|asendatakse|adding",
    re.I,
)
_BESIDE: Final = re.compile(r"\b(?:after|before|for)\b", re.I)
_LEADING: Final = re.compile(
    r"^(?:[\s\u2014\u2013.:;,\"\u201c-]|that\b|in general\b|in\b|\([a-z0-9]{1,4}\))+", re.I
)
_TRAILING: Final = re.compile(
    r"(?:[\s,\u2014\u2013(]"
    r"|\b(?:is|are|be|and|the same|hereby|further|also|by|in|there|shall)\b)+$",
    re.I,
)
_ENDING: Final = re.compile(
    r"\n(?:NOTE:|STATEMENT\b|SPONSOR|EXPLANATION\b|SYNOPSIS\b|LEGISLATIVE COUNSEL|\[DELETED)"
)
# 20-2-23 | 3715.026 | 60-11-6a | 473a
_CODE_NUMBER: Final = re.compile(
    r"\d{1,4}[A-Za-z]{0,2}(?:[-.:]\d{1,6}[A-Za-z]{0,3}){1,4}|\d{1,5}[a-z]{0,2}\b"
)


class _Clause(NamedTuple):
    span: Span
    verb: int
    kind: AmendmentKind


def amendments(marked: Marked, sections: Sequence[Section]) -> tuple[Amendment, ...]:
    """The amending clauses of a text, in its order.

    Where no clause of the text amends, but its title says what it does to sections that stand in
    the text, the title's clauses count.
    """
    text = marked.text
    flat = text.replace("\n", " ")
    lower = flat.lower()
    if len(lower) != len(flat):
        lower = flat
    formula = _formula(flat, lower)
    begin = formula or 0
    clauses = [
        clause for clause in _clauses(text, flat, lower, sections) if clause.span.start >= begin
    ]
    found = list(_with_bodies(text, flat, sections, clauses))
    found += _new_units(text, sections, found, begin)
    if not found and formula is not None:
        found = list(_from_title(text, sections, begin))
    return tuple(sorted(found, key=lambda amendment: amendment.span))


# -- finding clauses --------------------------------------------------------------------------


def _formula(flat: str, lower: str) -> int | None:
    """Where the words that enact end."""
    for stem in ("enact", "resolved"):
        for place in _finds(lower, stem):
            found = _FORMULA.search(flat, max(0, place - 40), place + 20)
            if found is not None:
                return found.end()
    return None


def _clauses(text: str, flat: str, lower: str, sections: Sequence[Section]) -> list[_Clause]:
    is_english = lower.count(" the ") * _ENGLISH_SHARE > len(lower)
    found: list[_Clause] = []
    done = -1
    for verb, stem_kind in sorted(_hits(flat, lower, is_english), key=itemgetter(0))[:_MAX_HITS]:
        if verb < done:
            continue
        span = _clause(text, sections, verb)
        words = flat[span.start : span.end]
        if _HOUSEKEEPING.search(words):
            continue
        if stem_kind is None:
            told = _LEADING.sub("", words[: 4 * _NEAR])
            if not _CITES_UNIT.search(told, 0, _NEAR) or _OF_PERSONS.match(told):
                continue
        elif not _CITES.search(words, 0, 2 * _NEAR):
            continue
        kind = stem_kind or next((r.kind for r in _ENGLISH if r.pattern.search(words)), None)
        if kind is not None:
            found.append(_Clause(span, verb, kind))
            done = span.end
    return found


def _hits(flat: str, lower: str, is_english: bool) -> Iterator[tuple[int, AmendmentKind | None]]:
    """Where verbs that amend stand; of English ones the clause says what they do."""
    for stem in _STEMS:
        for place in _finds(lower, stem):
            first = max(0, place - (140 if stem in _AFTER else 60))
            found = _OPERATIVE.finditer(flat, first, place + len(stem) + 24)
            if any(words.start() <= place < words.end() for words in found):
                yield place, None
    if not is_english:
        for stem, kind in _FOREIGN_STEMS:
            for place in _finds(lower, stem):
                yield place, kind


def _finds(text: str, stem: str, begin: int = 0) -> Iterator[int]:
    place = text.find(stem, begin)
    for _ in range(_MAX_HITS):
        if place < 0:
            return
        yield place
        place = text.find(stem, place + len(stem))


# ":" before a quotation, an item or a new line; a dash at the end of a line
_COLON: Final = re.compile(r":(?=\s|[\"\u201c\u201e«(]|$)|[\u2014\u2013](?=\s*(?:\n|$|[\"\u201c]))")


def _clause(text: str, sections: Sequence[Section], verb: int) -> Span:
    """The clause around a verb: from the label of its unit, or a colon, to the next colon."""
    index = bisect_right(sections, verb, key=attrgetter("start"))
    first, last = max(0, verb - _REACH), min(len(text), verb + _REACH)
    if index:
        first = max(first, min(verb, sections[index - 1].start + len(sections[index - 1].label)))
    if index < len(sections):
        last = min(last, max(sections[index].start, verb + 1))
    span = sentence_within(text, first, last, verb)
    start, end = span.start, span.end
    for colon in _COLON.finditer(text, start, end):
        if colon.start() >= verb:
            end = colon.end()
            break
        start = colon.end()
    while start < verb and text[start].isspace():
        start += 1
    return Span(start, end)


# -- bodies -----------------------------------------------------------------------------------


def _with_bodies(
    text: str, flat: str, sections: Sequence[Section], clauses: Sequence[_Clause]
) -> Iterator[Amendment]:
    for i, clause in enumerate(clauses):
        follows = clauses[i + 1].span.start if i + 1 < len(clauses) else len(text)
        old, new, put = _words(text, clause, follows)
        body = put or _body(text, sections, clause, follows)
        target = _target(flat, sections, clause)
        split = _split(flat, sections, clause, body) if body else ()
        yield Amendment(
            kind=_AMENDS if split and clause.kind is _ENACTS else clause.kind,
            target=target,
            span=clause.span,
            body=body,
            old=old,
            new=new,
        )
        for unit in split:
            yield Amendment(
                kind=_ENACTS,
                target=unit.label.rstrip(". "),
                span=clause.span,
                body=Span(unit.start, unit.end),
            )


def _words(text: str, clause: _Clause, follows: int) -> tuple[str, str, Span | None]:
    """The words an amendment takes out and puts in, and where the latter stand."""
    if clause.kind is _REPEALS:
        quote = _QUOTE.search(text, clause.verb, clause.span.end)
        return (quote[1] if quote else ""), "", None
    end = min(follows, clause.span.end + _REACH)
    quotes = list(_QUOTE.finditer(text, clause.span.start, min(clause.span.end, end)))
    puts = [p.start() for p in _PUTS.finditer(text, clause.span.start, clause.span.end)]
    if not quotes or not puts:
        return "", "", None
    behind = [quote for quote in quotes if quote.start() > puts[-1]]
    if behind and _BESIDE.search(text, puts[-1], behind[0].start()):
        # As in: inserted after the word “and” the words “or tea”; the insertion after “tea”:
        is_last = text[clause.span.end - 1] != ":" and len(behind) == 1
        behind = behind if is_last else behind[1:]
    after = behind[0] if behind else None
    before = next((q for q in reversed(quotes) if q is not after), None)
    is_swap = clause.kind in {_AMENDS, _REPLACES}
    if after is None:
        return "", "", None
    old = before[1] if is_swap and before is not None and before.start() < after.start() else ""
    return old, after[1], Span(after.start(1), after.end(1))


def _body(text: str, sections: Sequence[Section], clause: _Clause, follows: int) -> Span | None:
    """What stands behind a clause, up to the next or to the end of its unit."""
    if clause.kind is _RENUMBERS:
        return None
    if clause.kind is _REPEALS and "REPEALED" not in text[clause.verb : clause.verb + 8]:
        return None
    start = clause.span.end
    index: int | None = bisect_right(sections, clause.span.start, key=attrgetter("start")) - 1
    index = None if index is not None and index < 0 else index
    while index is not None:
        unit = sections[index]
        end = min(unit.end, follows)
        if unit.end > start and text[start:end].strip(' .\n"\u201d'):
            return _trimmed(text, start, end)
        if follows < unit.end:
            return None
        index = unit.parent
    ending = _ENDING.search(text, start, follows)
    return _trimmed(text, start, ending.start() if ending is not None else follows)


_LETTERS: Final = re.compile(r"[^\W\d_]{2}")


def _trimmed(text: str, start: int, end: int) -> Span | None:
    ending = _ENDING.search(text, start, end)
    end = ending.start() if ending is not None else end
    while start < end and text[start] in " \n\t":
        start += 1
    while end > start and text[end - 1] in " \n\t":
        end -= 1
    return Span(start, end) if _LETTERS.search(text, start, end) else None


def _target(flat: str, sections: Sequence[Section], clause: _Clause) -> str:
    """What a clause amends, as it is written there."""
    words = flat[clause.span.start : clause.span.end]
    verb = clause.verb - clause.span.start
    operative = next((m for m in _OPERATIVE.finditer(words) if m.end() > verb), None)
    before = words[: operative.start() if operative and operative.start() <= verb else verb]
    amended = _AMENDED_BEFORE.search(before)
    before = before[: amended.start()] if amended is not None else before
    target = _TRAILING.sub("", _LEADING.sub("", before[:2_000]))
    if words[:1] in {"(", ","}:
        # "Section 2 (D.C. Official Code ...) is amended": its number was taken for a label.
        index = bisect_right(sections, clause.span.start, key=attrgetter("start"))
        if index and sections[index - 1].label[0].isalpha():
            target = f"{sections[index - 1].label} {words[: len(before)].strip()}"
    if not target:
        target = words[verb:].rstrip(" :.,;\u2014")
    return " ".join(target.split())[:_MAX_TARGET]


_AMENDED_BEFORE: Final = re.compile(rf"{_BE} (?:amended|redesignated)\b", re.I)
# What follows is new, of a clause that amends some sections and adds others.
_ADDS: Final = re.compile(r"\b(?:adding|added|enacted|enact)\b", re.I)


def _split(
    flat: str, sections: Sequence[Section], clause: _Clause, body: Span
) -> tuple[Section, ...]:
    """The new ones of the sections in a body that also holds amended ones."""
    words = flat[clause.span.start : clause.span.end]
    parts = re.split(r"\bbe (?:hereby )?amended\b|\bamended and reenacted\b", words, maxsplit=1)
    if len(parts) < 2 or not _ADDS.search(parts[1]):
        return ()
    kept = set(_CODE_NUMBER.findall(parts[0]))
    new = set(_CODE_NUMBER.findall(parts[1])) - kept
    if not new or not kept:
        return ()
    return tuple(unit for unit in _within(sections, body) if _number(unit) in new)


def _within(sections: Sequence[Section], body: Span) -> Sequence[Section]:
    first = bisect_right(sections, body.start - 1, key=attrgetter("start"))
    last = bisect_right(sections, body.end - 1, key=attrgetter("start"))
    return sections[first:last]


def _number(unit: Section) -> str:
    """The number of a section of a code; empty for items."""
    if unit.label[0] == "(":
        return ""
    number = _CODE_NUMBER.search(unit.label)
    return number[0] if number is not None else ""


def _new_units(
    text: str, sections: Sequence[Section], found: Sequence[Amendment], begin: int
) -> Iterator[Amendment]:
    """What says of itself that it is new, outside of what an amending clause brings."""
    places = sorted((*_finds(text, "NEW ", begin), *_finds(text, "(New ", begin)))
    for new in filter(None, (_NEW_UNIT.match(text, place) for place in places)):
        if any(
            a.span.start <= new.start() < a.span.end
            or (a.body is not None and a.body.start <= new.start() < a.body.end)
            for a in found
            if a.kind is _ENACTS
        ):
            continue
        index = bisect_right(sections, new.start() + 1, key=attrgetter("start")) - 1
        end = sections[index].end if index >= 0 else len(text)
        while index >= 0 and end <= new.end() and (parent := sections[index].parent) is not None:
            index, end = parent, sections[parent].end
        body = _trimmed(text, new.end(), max(end, new.end()))
        span = Span(new.start(), new.end())
        yield Amendment(kind=_ENACTS, target=new[0].strip("()."), span=span, body=body)


# -- titles -----------------------------------------------------------------------------------

_TITLE_ROWS: Final = _rows(
    (r"\bby adding\b|\badding (?:thereto|a new|new)\b|\bto enact\b", _ENACTS),
    (r"\bto repeal\b", _REPEALS),
    (r"\bto amend\b", _AMENDS),
)
_NUMBERED: Final = re.compile(r"(?:§+ ?|\bsec(?:tion|\.)s? ?)(?=\d)", re.I)
_MAX_TITLE: Final = 6_000


def _from_title(text: str, sections: Sequence[Section], begin: int) -> Iterator[Amendment]:
    """What the title says that the act does to sections, for drafters who say it nowhere else."""
    first = max(0, begin - _MAX_TITLE)
    title = text[first:begin]
    marks = sorted(
        (match.start(), row.kind) for row in _TITLE_ROWS for match in row.pattern.finditer(title)
    )
    units = {_number(unit): unit for unit in _within(sections, Span(begin, len(text)))}
    for i, (place, kind) in enumerate(marks):
        until = marks[i + 1][0] if i + 1 < len(marks) else len(title)
        until = min(until, next((m.start() for m in _RELATES.finditer(title, place)), until))
        for cited in _NUMBERED.finditer(title, place, until):
            number = _CODE_NUMBER.match(title, cited.end())
            if number is None:
                continue
            unit = units.get(number[0])
            if unit is None and kind is not _REPEALS:
                continue
            yield Amendment(
                kind=kind,
                target=title[cited.start() : number.end()],
                span=Span(first + cited.start(), first + number.end()),
                body=Span(unit.start, unit.end) if unit and kind is not _REPEALS else None,
            )


_RELATES: Final = re.compile(r"\brelating\b|\bso as to\b|\ball relating\b", re.I)


# -- what is new ------------------------------------------------------------------------------


def novelty(marked: Marked, amendments: Sequence[Amendment], span: Span) -> Novelty:
    """What the text does with the rule that stands at `span`."""
    if any(s.start <= span.start and span.end <= s.end for s in struck_in_place(marked)):
        return Novelty.STRIKES
    first = bisect_right(marked.added, span.start, key=attrgetter("end"))
    if marked.is_marked and first < len(marked.added) and marked.added[first].start < span.end:
        return Novelty.ADDS
    holding = [
        amendment
        for amendment in amendments
        if amendment.body is not None
        and amendment.body.start < span.end
        and span.start < amendment.body.end
    ]
    if holding:
        narrow = min(holding, key=lambda a: a.body.end - a.body.start if a.body else 0)
        return _of_body(marked, narrow)
    naming = [a for a in amendments if a.span.start < span.end and span.start < a.span.end]
    if naming:
        return _OF_CLAUSE[naming[0].kind]
    return Novelty.KEEPS if marked.is_marked and not amendments else Novelty.ADDS


_OF_CLAUSE: Final = {
    _ENACTS: Novelty.ADDS,
    _REPEALS: Novelty.STRIKES,
    _AMENDS: Novelty.UNCLEAR,
    _REPLACES: Novelty.UNCLEAR,
    _RENUMBERS: Novelty.KEEPS,
}


def _of_body(marked: Marked, amendment: Amendment) -> Novelty:
    if amendment.kind is _REPEALS:
        return Novelty.STRIKES
    if amendment.kind is _ENACTS or amendment.new:
        return Novelty.ADDS
    if marked.is_marked:
        return Novelty.KEEPS
    return Novelty.UNCLEAR


def novelty_of_struck(marked: Marked, words: Struck) -> Novelty:
    """What the text does with a rule in words that it strikes: it may only have moved them."""
    moved = len(words.text) > _MAX_CHANCE and any(
        words.text in marked.text[span.start : span.end] for span in marked.added
    )
    return Novelty.KEEPS if moved else Novelty.STRIKES


_MAX_CHANCE: Final = 20
"""Shorter words may be in the new text by chance."""
