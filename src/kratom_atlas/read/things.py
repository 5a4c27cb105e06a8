"""Which substances a piece of English text names, and in what part.

A substance may be named as what a rule reaches, as what a cap counts (`greater than two percent
7-hydroxymitragynine`), or to be left out (`not including what the plant contains`). Enacted law
misspells them all. Each name is looked for by a key that is a literal, which is many times quicker
than one expression over the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Span
from kratom_atlas.model.vocabulary import Substance

__all__ = ["MAX_NAMES", "Thing", "names", "reached", "synthetics", "weigh"]

MAX_NAMES: Final = 600
"""So many names of one text are read."""


class Thing(NamedTuple):
    """A name of kratom or of one of its alkaloids.

    `substance` is absent for alkaloids and numbers that the codebook has no word for. `synthetic`
    says that the text calls it so, `counted` that a cap or a label counts it, `excepted` that it
    is named to be left out.
    """

    span: Span
    substance: Substance | None
    synthetic: bool = False
    counted: bool = False
    excepted: bool = False


class _Row(NamedTuple):
    """A key in lower case, what has to stand at it, and what it names."""

    key: str
    pattern: re.Pattern[str]
    substance: Substance | None


def _row(key: str, pattern: str, substance: Substance | None) -> _Row:
    return _Row(key, re.compile(pattern), substance)


_OTHER_SPECIES: Final = (
    r"(?!\W{1,3}(?:hirsuta|javanica|parvifolia|rotundifolia|inermis|tubulosa|diversifolia|stipulosa"
    r"|ciliata|ledermannii|rubrostipulata))"
)
_ROWS: Final = (
    _row("kratom", r"kratom", Substance.LEAF),
    _row("kratum", r"kratum(?![a-z])", Substance.LEAF),
    _row("cratom", r"cratom(?!o)", Substance.LEAF),
    _row("ketum", r"ketum(?![a-z])", Substance.LEAF),
    _row("kakuam", r"kakuam(?![a-z])", Substance.LEAF),
    _row("nauclea", r"nauclea[\s-]{1,3}(?:speciosa|korthalsii)", Substance.LEAF),
    # `Mitragyna speciosa`, `mytragyna speciose`; but not another species
    _row(
        "mitr",
        rf"mitr(?:[aiye]?gy|ag[iu]|ogy)n[aeo](?![a-z])(?:\s{{1,2}}specios[ae]m?)?{_OTHER_SPECIES}",
        Substance.LEAF,
    ),
    _row(
        "mytr",
        rf"mytr(?:[aiye]?gy|ag[iu]|ogy)na(?![a-z])(?:\s{{1,2}}specios[ae]m?)?{_OTHER_SPECIES}",
        Substance.LEAF,
    ),
    # `mitragynine`, `mitragyine`, `mitrgynine`, `mitragynin`
    _row("mitr", r"mitr(?:[aiye]?g[yiu]|ogy)[a-z]{1,20}+", Substance.MITRAGYNINE),
    _row("mytr", r"mytr(?:[aiye]?g[yiu]|ogy)[a-z]{1,20}+", Substance.MITRAGYNINE),
    _row("pseudo", r"pseudo-?\s?indox[yi]l", Substance.PSEUDOINDOXYL),
    _row("mgm", r"mgm[-\u2010-\u2015\s]?15(?!\d)", Substance.MGM_15),
    _row("mgm", r"mgm[-\u2010-\u2015\s]?16(?!\d)", Substance.MGM_16),
    # `7-OH`, `7 OH`, `7-hydroxy` alone; but not `7-OH-DPAT`
    _row("7", r"7(?:[-\u2010-\u2015]\s?|\s)?(?:oh|hydroxy)(?![a-z])(?!-[a-z])", Substance.SEVEN_OH),
    _row("speciogynin", r"speciogynin[a-z]{0,3}", None),
    _row("speciociliatin", r"speciociliatin[a-z]{0,3}", None),
    _row("anthein", r"anthein[a-z]{0,3}", None),
    _row("corynanth", r"corynanth[a-z]{1,12}", None),
    _row("4098-40-2", r"4098-40-2(?!\d)", Substance.MITRAGYNINE),
    _row("174418-82-7", r"174418-82-7(?!\d)", Substance.SEVEN_OH),
)
_KEYS: Final = tuple(dict.fromkeys(row.key for row in _ROWS))
_WEAK: Final = frozenset({"7", "mgm", "pseudo", "corynanth"})
"""Keys of words that are something else in a text that has none of the others."""
# What stands before the name of the alkaloid: `7-hydroxy`, `7 α-hydroxy-`, `dihydro-7-hydroxy `
_HYDROXY: Final = re.compile(
    r"(?P<fluoro>(?:9-)?fluoro-?\s?)?(?P<dihydro>dihydro-?\s?)?"
    r"(?:7\s?[-\u2010-\u2015]?\s?)?(?:(?:α|a|alpha)\s?[-\u2010-\u2015]?\s?)?"
    r"hydr(?:oxy|o|oyx|oxi|oxyl)(?:\s?[-\u2010-\u2015]\s?|\s)?$"
)
_INDOXYL: Final = re.compile(r"\s{1,2}pseudo-?\s?indox[yi]l")
# `synthetic `, `synthetically derived `, `semi-synthetic `, before a name
_CALLED_SYNTHETIC: Final = re.compile(
    r"\b(?:semi-?\s?)?synthe(?:tic|sized|tically\s[a-z]{4,10})\s"
    r"(?:(?:or|and|and/or)\s(?:semi-?\s?)?synthetic\s)?"
    r"(?:(?:derivatives?|forms?|versions?|analog(?:ue)?s?)\sof\s(?:the\s|an?\s|any\s)?)?$"
)
# `synthetic alkaloid`, `synthesized kratom alkaloids`, `synthetically derived compounds`,
# `semisynthetic alkaloid`, `synthetic variant of kratom`, `synthetic kratom-like compound`
_SYNTHETIC: Final = re.compile(
    r"\b(?:semi-?\s?)?synthe(?:tic|sized|tically[\s-](?:derived|produced|made|manufactured))\s"
    r"(?:(?:or|and|and/or)\s(?:semi-?\s?synthetic|artificial)\s)?"
    r"(?:(?:kratom|mitragyna|7-hydroxymitragynine|other)(?:-like)?\s)?"
    r"(?:alkaloids?|materials?|compounds?|variants?|equivalents?|derivatives?|analog(?:ue)?s?"
    r"|constituents?|metabolites?|forms?|kratom|mitragynine|7[-\s]hydrox)"
    r"|\balkaloids?\b[^.;]{0,40}?\bmade\b[^.;]{0,30}?\bby\schemical\s(?:synthesis|conversion)"
    r"|\balkaloids?\s(?:that\s)?(?:is|are)\s(?:semi-?\s?)?synthe(?:tic|sized)\b"
)
# `a level of `, `the amount of mitragynine and `, `more than 1 milligram of `
_COUNTS_BEFORE: Final = re.compile(
    r"\b(?:levels?|amounts?|concentrations?|contents?|milligrams?|mg|percent(?:age)?|percentum"
    r"|proportion|share|ratio|declarations?|parts per million|residual|listing)\b"
    r"(?!\s{1,2}that\b)[^.;:]{0,60}$|%[^.;:]{0,40}$"
)
_ANY_QUANTITY: Final = re.compile(r"\bany\s{1,2}(?:detectable\s)?(?:quantity|amount)\s{1,2}of\b")
# ` in the alkaloid fraction`, ` content`, ` that exceeds two percent`
_COUNTS_AFTER: Final = re.compile(
    r"[^.;:\n]{0,50}?(?:\bin\s(?:the|its)\s(?:total\s)?alkaloid|\bcontents?\b|\blevels?\b"
    r"|\bconcentrations?\b|\bin\sexcess\b|\bexceed|\bgreater\sthan\b|\bmore\sthan\b|\babove\b"
    r"|\bper\sserving|\bparts\sper\smillion|\bat\sa\s)"
)
# `not including `, `except `, `other than `, `does not apply to `, but not `except as provided`
_EXCEPT: Final = re.compile(
    r"\b(?:(?:unless|save\swhere|except\swhere)\s(?:it\sis\s|they\sare\s)?(?:contained|found|present)\sin|not\sincluding|excluding|(?:does|do|shall|may)\snot\s(?:include|apply\sto|extend\sto)"
    r"|except(?:ing|ions?)?(?:\s(?:for|of))?|other\sthan|exempt(?:s|ed|ing)?)\b"
    r"(?!\s(?:as|when(?!\s(?:it|they)\s\w{1,8}\s(?:\w{1,10}\s)?(?:in|naturally)\b)|that|if|by|in\saccordance|pursuant|otherwise|to|under|upon|persons?"
    r"|an?\sperson|from)\b)(?P<between>[^.;]{0,160})$"
)
_BACK: Final = 200


def names(lower: str) -> tuple[Thing, ...]:
    """Every name in `lower` (a text in lower case), in order; at most `MAX_NAMES`."""
    found: dict[int, Thing] = {}
    weak: dict[int, Thing] = {}
    for key in _KEYS:
        rows = tuple(row for row in _ROWS if row.key == key)
        into = weak if key in _WEAK else found
        for at in _places(lower, key):
            thing = _thing(lower, at, rows)
            if thing is not None:
                into.setdefault(thing.span.start, thing)
    if not found:
        return ()
    things = sorted({**weak, **found}.values(), key=lambda thing: thing.span)
    return tuple(_without_overlaps(things))[:MAX_NAMES]


def _places(lower: str, key: str) -> Iterator[int]:
    if key == "7":  # a digit is everywhere: look for what follows it
        for tail in ("oh", "hydroxy"):
            for joint in ("-", " ", "\u2011", "\u2013", ""):
                yield from _places(lower, f"7{joint}{tail}")
        return
    at = lower.find(key)
    count = 0
    while at >= 0 and count < MAX_NAMES:
        count += 1
        yield at
        at = lower.find(key, at + len(key))


def _thing(lower: str, at: int, rows: tuple[_Row, ...]) -> Thing | None:
    for row in rows:
        match = row.pattern.match(lower, at)
        if match is None or (row.substance is Substance.MITRAGYNINE and match[0].endswith("gyna")):
            continue  # the name of another plant of the genus is no alkaloid
        start, end, substance = at, match.end(), row.substance
        if (
            substance is Substance.LEAF
            and lower.endswith("genus ", 0, at)
            and match[0][-3:] == "yna"
        ):
            substance = None
        if row.key[0].isdigit() and lower[at - 1 : at].isdigit():
            return None
        if substance is Substance.MITRAGYNINE and row.key in {"mitr", "mytr"}:
            start, end, substance = _alkaloid(lower, at, end)
        elif substance is Substance.MGM_15 or substance is Substance.SEVEN_OH:
            before = lower[max(0, start - 9) : start]
            if before.endswith(("dihydro-", "dihydro ", "dihydro")):
                start, substance = start - (8 if before[-1] != "o" else 7), Substance.MGM_15
        called = _CALLED_SYNTHETIC.search(lower, max(0, start - 40), start) is not None
        return Thing(Span(start, end), substance, synthetic=called)
    return None


def _alkaloid(lower: str, at: int, end: int) -> tuple[int, int, Substance]:
    """Which alkaloid ends in the word at `at`, and from where to where its name goes."""
    indoxyl = _INDOXYL.match(lower, end)
    before = _HYDROXY.search(lower, max(0, at - 32), at)
    start = before.start() if before is not None else at
    if indoxyl is not None:
        return start, indoxyl.end(), Substance.PSEUDOINDOXYL
    if before is None:
        return at, end, Substance.MITRAGYNINE
    if before["fluoro"]:
        return start, end, Substance.MGM_16
    return start, end, Substance.MGM_15 if before["dihydro"] else Substance.SEVEN_OH


def _without_overlaps(things: Iterable[Thing]) -> Iterator[Thing]:
    last = -1
    for thing in things:
        if thing.span.start >= last:
            yield thing
            last = thing.span.end


def weigh(lower: str, things: Iterable[Thing], span: Span) -> tuple[Thing, ...]:
    """Those of `things` that stand in `span`, with what the words around them make of them."""
    return tuple(
        thing._replace(
            counted=_is_counted(lower, thing, span), excepted=_is_excepted(lower, thing, span)
        )
        for thing in things
        if span.start <= thing.span.start and thing.span.end <= span.end
    )


def _is_counted(lower: str, thing: Thing, span: Span) -> bool:
    if thing.substance is Substance.LEAF:
        return False
    first = max(span.start, thing.span.start - 100)
    if _COUNTS_BEFORE.search(lower, first, thing.span.start):
        return not _ANY_QUANTITY.search(lower, first, thing.span.start)
    return (
        _COUNTS_AFTER.match(lower, thing.span.end, min(span.end, thing.span.end + 80)) is not None
    )


# `made by oxidation of mitragynine`: what the thing is made from
_SOURCE: Final = re.compile(
    r"\b(?:oxidation|conversion|modification|hydroxylation|reduction|alteration)\sof\s$"
)


def _is_excepted(lower: str, thing: Thing, span: Span) -> bool:
    first = max(span.start, thing.span.start - _BACK)
    if _SOURCE.search(lower, max(first, thing.span.start - 40), thing.span.start):
        return True
    found = _EXCEPT.search(lower, first, thing.span.start)
    if found is None:
        return False
    # `Except for minors, kratom is banned` leaves no kratom out.
    opens = first == span.start and not lower[first : found.start()].strip(' \n"“()')
    return not (opens and "," in found["between"])


def reached(things: Iterable[Thing]) -> tuple[Substance, ...]:
    """The substances that `things` reach, in the order of the vocabulary.

    What is only counted is reached where nothing else is: a ban of 7-OH above a threshold.
    """
    kept = [t for t in things if not t.excepted and t.substance is not None]
    uncounted = [t for t in kept if not t.counted]
    found = {Substance.SYNTHETIC if t.synthetic else t.substance for t in (uncounted or kept)}
    return tuple(sorted((s for s in found if s is not None), key=lambda s: s.rank))


def synthetics(lower: str, span: Span) -> tuple[Span, ...]:
    """Where `span` speaks of synthetic or semi-synthetic kratom alkaloids."""
    return tuple(Span(*m.span()) for m in _SYNTHETIC.finditer(lower, span.start, span.end))
