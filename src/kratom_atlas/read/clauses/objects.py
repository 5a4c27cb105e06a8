"""What a rule is about: the substances that stand as its object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Span
from kratom_atlas.model.vocabulary import Substance
from kratom_atlas.read.clauses.schedules import alkaloids, is_alkaloids_of
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.definitions import Defined
from kratom_atlas.read.things import Thing, synthetics, weigh

__all__ = ["IS_ACTOR", "Object", "object_of", "of_kratom"]


class Object(NamedTuple):
    """What a clause is about: the names, what they reach, where they end, and their definitions."""

    substances: set[Substance]
    start: int
    end: int
    terms: tuple[Defined, ...] = ()


# Between two names of one object: ` (also known as `, `, or any derivative of `
_JOINS: Final = phrase(
    r"(?!.{0,70}\b(?:that|which|unless|if|greater|levels?|amounts?|labels?|percent|states?|to"
    r"|without"
    r"|under|fraction)\b)[^.;:]{0,70}$"
    r"|,? ?(?:or|and|including|nor) (?:any )?(?:other )?(?:\w{3,12} ){1,2}(?:that|which)"
    r" contains? (?:any (?:amount|quantity) of )?$",
    re.DOTALL,
)
# `kratom processor`: who deals, not what is dealt in
IS_ACTOR: Final = phrase(
    r"\s(?:product\s)?(?:processors?|retailers?|manufacturers?|distributors?|sellers?|vendors?"
    r"|business"
    r"|establishments?|shops?|growers?|wholesalers?|stores?|dispensar(?:y|ies)|lounges?|outlets?)\b"
)


def object_of(text: Text, span: Span, first: int) -> Object:
    """The object of the rule whose verbs begin at `first`."""
    things = [t for t in weigh(text.lower, text.in_span(span), span) if not t.excepted]
    after = [t for t in things if t.span.start >= first] or things
    if after and all(t.counted for t in after):  # `A kratom product shall not hold more 7-OH than`
        after = [t for t in things if not IS_ACTOR.match(text.lower, t.span.end)]
    chosen: list[Thing] = []
    for thing in after:
        if thing.counted and any(not t.counted for t in after):
            continue
        if not chosen and thing is not after[-1] and IS_ACTOR.match(text.lower, thing.span.end):
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
        return Object(substances, at.start, at.end, terms)
    return _named_object(text, chosen)


# `(b) `, `4.3.2 `, at the beginning of a line or behind a semicolon: an item begins with a name
_ITEM_HEAD: Final = phrase(
    r"(?:\n|[;:] )\s{0,4}(?:and |or )?(?:\(\w{1,4}\) |\d[\d.]{0,8} "
    r"|[a-z]\. )?(?:plants? of the species "
    r"|the plant |any )?$"
)


def _is_listed(lower: str, thing: Thing) -> bool:
    first = max(0, thing.span.start - 40)
    return _ITEM_HEAD.search(lower, first, thing.span.start) is not None


def of_kratom(text: Text) -> set[Substance]:
    """What the text means by kratom, or the leaf where it names the plant."""
    terms = [t for t in text.lexicon.terms if t.term.startswith("kratom") and not t.narrow]
    defined = {s for term in terms for s in term.substances}
    named = {t.substance for t in text.things if t.substance is Substance.LEAF}
    return defined or {s for s in named if s is not None}


def _named_object(text: Text, chosen: Sequence[Thing]) -> Object:
    substances: set[Substance] = set()
    used: list[Defined] = []
    for thing in chosen:
        terms = () if thing.synthetic else text.lexicon.term_at(text.lower, thing.span)
        named = {s for term in terms for s in term.substances}
        used.extend(terms)
        own = Substance.SYNTHETIC if thing.synthetic else thing.substance
        substances |= named or ({own} if own is not None else set())
    if is_alkaloids_of(text.lower, chosen[0]):
        near = Span(max(0, chosen[0].span.start - 60), chosen[-1].span.end + 80)
        substances = (
            {Substance.SYNTHETIC} if synthetics(text.lower, near) else alkaloids(substances)
        )
    return Object(substances, chosen[0].span.start, chosen[-1].span.end, tuple(used))
