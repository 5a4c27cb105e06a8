"""Clauses with a rule of conduct: which of its kinds each is."""

from __future__ import annotations

import re
from typing import Final

from kratom_atlas.model.reading import Span
from kratom_atlas.model.vocabulary import Activity, Effect
from kratom_atlas.read.clauses.bars import read_bar
from kratom_atlas.read.clauses.conditions import HOLDS, RULE_ELSEWHERE, unruled
from kratom_atlas.read.clauses.findings import add_finding, leave_idle
from kratom_atlas.read.clauses.leaves import read_duty, read_leave
from kratom_atlas.read.clauses.objects import object_of, of_kratom
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.conduct import Force, Rule, find_rule
from kratom_atlas.read.things import weigh

__all__ = ["read_rule"]

_AGENCY: Final = phrase(
    r"\b(?:department|board|commissioner|director|secretary|division|agency|commission|legislature"
    r"|attorney general|administrator|administration|health officer|council|committee|authority"
    r"|superintendent|court|prosecutor|laborator(?:y|ies)|judge|sheriff|rules?|regulations?)\b"
    r"[^.;:]{0,50}$"
)


def read_rule(text: Text, span: Span, seed: Span) -> bool:
    rule = text.rule(span)
    if rule is None:
        return unruled(text, span)
    if _ASKED.search(text.lower, span.start, rule.span.start):
        return leave_idle(text, span, "question")
    if rule.force in {Force.TAX, Force.STUDY}:
        return _read_tax_or_study(text, span, seed, rule)
    if _is_of_agency(text.lower, span, rule) and rule.name in {"shall", "shall not", "may", "only"}:
        return _read_direction(text, span, seed)
    # What is done to the subject, and what a duty is about, stands before the deciding words.
    is_passive = text.lower[rule.span.end :][:4].split()[:1] == ["be"]
    first = span.start if is_passive or rule.force is Force.DUTY else rule.region.start
    about = object_of(text, span, first)
    if about.start < about.end and HOLDS.match(text.lower, rule.span.end):
        counted = weigh(text.lower, text.in_span(Span(about.start, about.end)), span)
        if counted and all(t.counted for t in counted):  # `A serving shall hold no more 7-OH than`
            about = about._replace(substances=of_kratom(text))
    if not about.substances or _EXAMPLE.search(
        text.lower, max(span.start, about.start - 40), about.start
    ):
        return False
    if rule.force is Force.BAR:
        return read_bar(text, span, rule, about)
    if rule.force is Force.ALLOW:
        if _NEGATED.search(text.lower, span.start, rule.span.start):
            return False
        return read_leave(text, span, rule, about)
    return read_duty(text, span, rule, about)


# `as for example: "Mitragyna speciosa`, `outside the definition of a kratom product`
_EXAMPLE: Final = phrase(r"\bfor (?:example|instance)\b[^.;]{0,20}$|\bdefinition of (?:an? )?$")
# `You have asked whether a shop may`
_ASKED: Final = phrase(
    r"\b(?:asked?|asks|questions?|inquir(?:e|ed|y|ies))\b[^.;]{0,80}?\b(?:whether"
    r"|if)\b[^.;]{0,200}$"
)
# `No vending machine may be used to sell kratom`
_NEGATED: Final = phrase(r"\b(?:no|nor|neither|not)\b[^.;]{0,200}$")
# Whoever else may be meant by `registered with the department shall`
_PRIVATE: Final = phrase(
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


def _read_direction(text: Text, span: Span, seed: Span) -> bool:
    if RULE_ELSEWHERE.search(text.lower, *span):
        return False  # a rule that the text puts in force and does not print
    study = find_rule(text.lower, span, skip=_ALL_BUT_STUDY)
    if study is not None:
        return _read_tax_or_study(text, span, seed, study)
    return leave_idle(text, span, "direction to an authority")


_ALL_BUT_STUDY: Final = frozenset(
    {
        *("not construed to prohibit", "no person shall", "unlawful to", "is prohibited", "may"),
        *("the following are unlawful", "offense if", "prohibited from", "only", "shall not"),
        *("who ... is guilty", "tax", "is lawful", "shall"),
    }
)


def _read_tax_or_study(text: Text, span: Span, seed: Span, rule: Rule) -> bool:
    about = object_of(text, span, rule.region.start)
    substances = about.substances
    if not substances:
        return False
    if rule.force is Force.TAX:
        effect = Effect.TAX
    elif abs(about.start - rule.span.end) > 160:
        return leave_idle(text, span, "direction to an authority")
    else:
        effect = Effect.STUDY
    add_finding(text, effect, substances, (Activity.SELL,), (rule.span, seed, span), (rule.name,))
    return True
