"""Rules that forbid."""

from __future__ import annotations

from typing import Final

import msgspec

from kratom_atlas.model.reading import Span
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Activity, Effect, Substance
from kratom_atlas.read.clauses.conditions import (
    PRODUCT_RULES,
    SITED,
    conditions_of,
    narrow_leave,
    other_rules,
    unruled,
    unsaid,
)
from kratom_atlas.read.clauses.findings import add_finding, leave_idle
from kratom_atlas.read.clauses.objects import IS_ACTOR, Object, object_of
from kratom_atlas.read.clauses.spans import STOP
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.conduct import EVERYDAY, Rule, activities, condition, dealings, is_narrowed
from kratom_atlas.read.things import synthetics

__all__ = ["read_bar"]

# `For a third violation, the retailer shall be prohibited from selling`
_AFTER_BREACH: Final = phrase(
    r"\b(?:violations?|offen[cs]es?|convictions?|upon the (?:first|second|third|fourth))\b"
)
_FOR_A_TIME: Final = phrase(
    r"\bfor (?:a period of )?(?:up to )?[\w-]{1,12}(?: \(\d{1,4}\))? (?:years?|months?|days)\b"
)
_DECEIT: Final = phrase(
    r"\b(?:misrepresent|falsif|false|fraudulent|forge|counterfeit|alter(?:s|ed))"
)


def read_bar(text: Text, span: Span, rule: Rule, about: Object) -> bool:
    lower = text.lower
    dealt = found = _barred(text, span, rule, about)
    if not found:
        found = unsaid(text, span, rule)
    if not dealt and found and not SITED.match(lower, rule.span.end):
        about = object_of(text, span, span.start)
    if (
        Activity.SELL in found
        and Activity.SHIP not in found
        and _REMOTELY.match(lower, about.end + 1)
    ):
        found = (Activity.SHIP,)
    if (why := _no_bar(text, span, rule)) is not None:
        return leave_idle(text, span, why)
    if not found:
        return unruled(text, span)
    only_buys = found == (Activity.POSSESS,) and _BUYS.match(lower, rule.span.end) is not None
    if only_buys and text.qualifiers(span).min_age is None:
        return False  # to buy is an activity only where an age bars it
    if _QUANTITY.search(lower, rule.region.start, about.start):
        return False  # a bar above a quantity is no bar of the rest
    qualifiers = msgspec.structs.replace(conditions_of(text, span, about), prescription=False)
    if _PURE_OR_MIXED.search(lower, *span):
        qualifiers = msgspec.structs.replace(qualifiers, adulterants=None)
    spans = (rule.span, Span(about.start, about.end), span)
    effect = narrow_leave(text, span, qualifiers)
    if effect is not None:
        qualifiers = msgspec.structs.replace(qualifiers, exceptions=None)
        add_finding(text, effect, about.substances, found, spans, (rule.name,), qualifiers)
        return True
    word = _condition_of(text, span, rule, about)
    is_condition = (
        word is not None
        or not dealt
        or any(term.narrow for term in about.terms)
        or any(getattr(qualifiers, name) for name in PRODUCT_RULES)
    )
    names = [rule.name]
    if about.terms:
        names.append(f"{about.terms[0].term} as defined")
    concentrated = Substance.LEAF not in about.substances and not other_rules(qualifiers)
    if not is_condition or concentrated:
        add_finding(text, Effect.PROHIBIT, about.substances, found, spans, names, qualifiers)
        return True
    names.append(f"condition: {word}" if word else "condition")
    add_finding(text, Effect.RESTRICT, about.substances, found, spans, names, qualifiers)
    _add_synthetics(text, span, rule, about, found, qualifiers)
    return True


def _barred(text: Text, span: Span, rule: Rule, about: Object) -> tuple[Activity, ...]:
    if _CONTAINS.match(text.lower, rule.span.end):
        return ()  # the verbs behind it are of something else
    found = activities(text.lower, rule, span, about.start)
    if not found and (_FOR_SALE.match(text.lower, about.end) or rule.name == "must stop"):
        return (Activity.SELL,)
    if not found and _ITS_DEALINGS.match(text.lower, about.end):
        found = dealings(text.lower, about.end, rule.span.start)
    if found or rule.name != "is prohibited":
        return found
    return (Activity.SELL,) if IS_ACTOR.match(text.lower, about.end) else EVERYDAY


def _no_bar(text: Text, span: Span, rule: Rule) -> str | None:
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


def _condition_of(text: Text, span: Span, rule: Rule, about: Object) -> str | None:
    """The words that make a bar a condition: behind its object, before it, or of a place."""
    lower = text.lower
    stop = STOP.search(lower, about.end, span.end)
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
    text: Text,
    span: Span,
    rule: Rule,
    about: Object,
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
    add_finding(
        text,
        Effect.PROHIBIT,
        {Substance.SYNTHETIC},
        found,
        (barred[0] if barred else rule.span, rule.span, span),
        (rule.name, "synthetic alkaloids"),
        Qualifiers(penalties=qualifiers.penalties),
    )


# `possesses kratom, pure or adulterated`
_PURE_OR_MIXED: Final = phrase(r"\bpure or (?:adulterated|mixed|diluted)\b")
# `may not contain`
_CONTAINS: Final = phrase(
    r"(?:[: ]{1,2}\(\w{1,3}\))? ?(?:contain|exceed|be (?:greater|more|higher|larger) than)\b"
)
# `by mail order or over the internet`
_REMOTELY: Final = phrase(
    r"(?:products? )?(?:by|through|over|via|on) (?:the )?(?:use of )?(?:the )?(?:e?mail|internet"
    r"|online|telephone)\b"
)
# `, is a novel food that`: what is told of the object before the bar
_TELLS: Final = phrase(r"\b(?:is|are) an? ")
# `offer kratom or a derivative of it for sale`
_FOR_SALE: Final = phrase(
    r"[^.;:]{0,40}? (?:for (?:retail )?sale|(?:up)?on the (?:\w{3,12} )?market)\b"
)
# `kratom, including its import and sale, is forbidden`
_ITS_DEALINGS: Final = phrase(r"[^.;:]{0,20}?\bincluding (?:its|the)\b")
# `No person shall, in any county park, smoke kratom`
_SOMEWHERE: Final = phrase(
    r"\b(?:in|on|at|within|inside) (?:any|an?|the|all) (?:[\w-]{1,16} ){0,2}(?:parks?|playgrounds?"
    r"|schools?|beach(?:es)?|streets?|sidewalks?|stations?|trains?|bus(?:es)?|librar(?:y|ies)"
    r"|public place|buildings?|campus(?:es)?)\b"
)
# ` purchase`, but not `purchase or possess`
_BUYS: Final = phrase(r"[a-z ]{0,20}\b(?:purchase|buy)\b(?! or)")
# `possess more than one ounce of `
_QUANTITY: Final = phrase(
    r"\b(?:more than|in excess of|at least|exceeding) [^.;]{0,40}?"
    r"\b(?:ounces?|pounds?|grams?|kilograms?|kilos?|plants?)\b"
)
