"""Rules that allow, and rules that ask something of those who deal."""

from __future__ import annotations

from typing import Final

from kratom_atlas.model.reading import Span
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Activity, Effect
from kratom_atlas.read.clauses.conditions import (
    HOLDS,
    ON_PRESCRIPTION,
    PRODUCT_RULES,
    conditions_of,
    unruled,
)
from kratom_atlas.read.clauses.findings import add_finding, leave_idle
from kratom_atlas.read.clauses.objects import Object
from kratom_atlas.read.clauses.spans import STOP
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.conduct import EVERYDAY, Rule, acquired, activities, condition, dealings
from kratom_atlas.read.things import weigh

__all__ = ["read_duty", "read_leave"]

_OFFICER: Final = phrase(
    r"\b(?:enforcement agent|law[\s-]enforcement|peace officer|investigation)\b"
)
# `only by a licensed pharmacy`, `Only a person to whom one of the six licences was granted`
_CHOSEN_FEW: Final = phrase(
    r"\b(?:only|exclusively|solely) (?:by|at|in|from|through|to)? ?(?:an? |the )?(?:licensed "
    r"|registered )?"
    r"(?:pharmac|practitioner|physician|dispensar|hospital|state[ -](?:owned|run|operated))"
    r"|\b(?:granted|holds?|holders?|issued)\b[^.;]{0,60}?\b(?:one|two|three|four|five|six|seven"
    r"|eight"
    r"|nine|ten|twelve|\d{1,2})\b[^.;]{0,20}?\blicen[cs]es?\b"
    r"|\blicen[cs]e\b[^.;]{0,60}?\bdiscretion"
    r"|\bdiscretion\b[^.;]{0,80}?\blicen[cs]e"
)
# `on the prescription of`
_BY_PRESCRIBERS: Final = phrase(r"\b(?:up)?on (?:the |an? )?(?:\w{2,10} )?prescription\b")


def read_leave(text: Text, span: Span, rule: Rule, about: Object) -> bool:
    if _BY_PRESCRIBERS.search(text.lower, *span):
        return False
    if text.lower.find("appropriat", *span) >= 0:
        return leave_idle(text, span, "appropriation")
    if _OFFICER.search(text.lower, *span):
        return leave_idle(text, span, "exception")
    found = activities(text.lower, rule, span, about.start) or EVERYDAY
    qualifiers = conditions_of(text, span, about)
    stop = STOP.search(text.lower, about.end, span.end)
    until = stop.start() if stop else span.end
    bound = rule.name in {"may", "is lawful", "not an offense"} and (
        condition(text.lower, about.end, until) is not None
        and any(getattr(qualifiers, name) for name in PRODUCT_RULES)
    )
    effect = Effect.RESTRICT if bound else Effect.PERMIT
    if effect is Effect.PERMIT:
        qualifiers = Qualifiers(
            forms=qualifiers.forms, min_age=qualifiers.min_age, persons=qualifiers.persons
        )
    spans = (rule.span, Span(about.start, about.end), span)
    add_finding(text, effect, about.substances, found, spans, (rule.name,), qualifiers)
    return True


# `must be 21 years of age or older to `
_OLD_ENOUGH: Final = phrase(r"\b(?:years|age|older|over|\d\d)\b[^.;]{0,20}? to (?=[a-z])")
# `of which $10 shall be for tests of kratom`
_MONEY: Final = phrase(r" (?:be|remain) (?:made )?(?:available|for|used|expended|transferred)\b")
# `shall register before it manufactures`
_BEFORE: Final = phrase(r"\b(?:before|prior to) (?:(?:it|he|she|they|the \w{4,14}) )?(?=[a-z])")


def read_duty(text: Text, span: Span, rule: Rule, about: Object) -> bool:
    if _MONEY.match(text.lower, rule.span.end):
        return leave_idle(text, span, "appropriation")
    qualifiers = conditions_of(text, span, about)
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
    only_so = rule.name.startswith("only") and ON_PRESCRIPTION.search(text.lower, *span)
    if qualifiers.prescription or only_so:
        add_finding(
            text, Effect.PRESCRIPTION_ONLY, about.substances, found, spans, (rule.name,), qualifiers
        )
        return True
    if rule.name.startswith("only") and _CHOSEN_FEW.search(text.lower, *span):
        add_finding(text, Effect.LICENSE, about.substances, found, spans, (rule.name,), qualifiers)
        return True
    measured = HOLDS.match(text.lower, rule.span.end) is not None and any(
        t.counted for t in weigh(text.lower, text.in_span(span), span)
    )
    if (
        measured
        or rule.name.startswith("only")
        or any(getattr(qualifiers, name) for name in PRODUCT_RULES)
    ):
        add_finding(text, Effect.RESTRICT, about.substances, found, spans, (rule.name,), qualifiers)
        return True
    return unruled(text, span)
