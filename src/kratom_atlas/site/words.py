"""The law in words: statuses, conditions and dates as sentences for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kratom_atlas.languages import ENGLISH, Language, msg
from kratom_atlas.model.crawling import Health
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Provision, Qualifiers
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Effect,
    Status,
    Unit,
)

__all__ = [
    "HEALTH_SYMBOLS",
    "SYMBOLS",
    "Condition",
    "amount",
    "conditions",
    "effect_sentence",
    "from_words",
    "status_sentence",
    "until_words",
]

SYMBOLS: Final = {
    Status.BANNED: "X",
    Status.SALE_BANNED: "S",
    Status.PRESCRIPTION: "Rx",
    Status.REGULATED: "R",
    Status.AGE_RESTRICTED: "A",
    Status.LAWFUL: "L",
    Status.NO_SPECIFIC_LAW: "–",
    Status.UNKNOWN: "?",
}
"""Drawn before the label, so that colour is never the only sign; the map draws the same."""

HEALTH_SYMBOLS: Final = {
    Health.FRESH: "+",
    Health.DEGRADED: "±",
    Health.FAILING: "×",
    Health.SILENT: "!",
    Health.WAITING: "…",
    Health.NEVER_RUN: "·",
    Health.OFF: "–",
}

_SENTENCES: Final = {
    Status.BANNED: "Possession is unlawful.",
    Status.SALE_BANNED: "Sale is unlawful; no ban on possession was found.",
    Status.PRESCRIPTION: "Only on prescription, or only by persons with a licence.",
    Status.REGULATED: "Sale is allowed only under rules on the product or the seller.",
    Status.AGE_RESTRICTED: "A minimum age is the only known rule on its possession or sale.",
    Status.LAWFUL: "The law names it and expressly allows it.",
    Status.NO_SPECIFIC_LAW: (
        "Somebody searched and found no law on its possession or sale. That is no permission: "
        "general law, for example on food, medicines or new psychoactive substances, may still "
        "apply."
    ),
    Status.UNKNOWN: (
        "Nobody has looked yet, or what was found does not decide it. This is a gap in the "
        "record and says nothing about whether it is lawful: it may be banned."
    ),
}


def status_sentence(status: Status, possess: ActivityStatus, sell: ActivityStatus) -> str:
    """What a status means. What is not known of one of the two is never told as allowed."""
    if possess is sell is ActivityStatus.UNLAWFUL:
        return "Possession and sale are unlawful."
    told = _SENTENCES[status]
    allowed = [n for n, s in (("possession", possess), ("sale", sell)) if s is _LAWFUL]
    if status is Status.LAWFUL and allowed:
        told = f"The law expressly allows {' and '.join(allowed)}."
    if status is Status.UNKNOWN:
        return told
    if possess is ActivityStatus.UNKNOWN:
        told = "Sale is unlawful." if status is Status.SALE_BANNED else told
        return f"{told} Whether possession is lawful is not known."
    if sell is ActivityStatus.UNKNOWN:
        return f"{told} Whether sale is lawful is not known."
    return told


_LAWFUL: Final = ActivityStatus.LAWFUL


@dataclass(frozen=True)
class Condition:
    """One condition of a provision."""

    name: str
    text: str


def conditions(rules: Qualifiers, say: Language = ENGLISH) -> list[Condition]:
    """The qualifiers of a provision, each with its unit. What an act says stays as it was put."""
    return [Condition(say.t(name), text) for name, text in _conditions(rules, say) if text]


def _conditions(rules: Qualifiers, say: Language) -> Iterator[tuple[str, str | None]]:
    age = say.tn(rules.min_age, "{n} year", "{n} years") if rules.min_age else None
    yield msg("Minimum age"), age
    for cap in rules.seven_oh_caps:
        yield "7-OH", _at_most(cap.value, cap.unit, say)
    for limit in rules.alkaloid_caps:
        label = say.word(limit.of)
        yield label[:1].upper() + label[1:], _at_most(limit.value, limit.unit, say)
    for size in rules.limits:
        yield msg("Serving or package"), _at_most(size.value, size.unit, say)
    yield msg("Product forms"), "; ".join(rules.forms)
    yield msg("Labels"), rules.labelling
    yield msg("Testing"), rules.testing
    yield msg("Registration or licence"), rules.registration
    behind = say.t(msg("kept behind the counter")) if rules.behind_the_counter else None
    yield msg("Sale"), behind
    yield msg("Advertising"), rules.advertising
    yield msg("Other ingredients"), rules.adulterants
    yield msg("Places"), rules.places
    yield msg("Persons"), rules.persons
    yield msg("Prescription"), say.t(msg("lawful on prescription")) if rules.prescription else None
    yield msg("Only"), say.t(msg("in public")) if rules.in_public else None
    yield msg("Exceptions"), rules.exceptions
    for penalty in rules.penalties:
        told = (penalty.class_, penalty.fine, penalty.prison)
        what = say.t(msg("Penalty for {what}"), what=penalty.for_) if penalty.for_ else None
        yield what or msg("Penalty"), "; ".join(part for part in told if part)
    yield msg("Void if"), rules.void_if


def _at_most(value: float, unit: Unit, say: Language) -> str:
    return say.t(msg("at most {amount}"), amount=amount(value, unit, say))


def amount(value: float, unit: Unit, say: Language = ENGLISH) -> str:
    """`0.5 mg per g`."""
    return f"{say.number(value)} {say.word(unit)}"


_EFFECTS: Final = {
    Effect.PROHIBIT: msg("Prohibits: {acts}"),
    Effect.SCHEDULE: msg("Lists as a controlled substance ({schedule}), which reaches: {acts}"),
    Effect.PRESCRIPTION_ONLY: msg("Allows only on prescription: {acts}"),
    Effect.LICENSE: msg("Allows only with a licence: {acts}"),
    Effect.RESTRICT: msg("Allows only under conditions: {acts}"),
    Effect.PERMIT: msg("Expressly allows: {acts}"),
    Effect.EXEMPT: msg("Takes out of another rule: {acts}"),
    Effect.PREEMPT: msg("Bars lower levels from acting on: {acts}"),
    Effect.ALLOW_STRICTER: msg("Lets lower levels act on: {acts}"),
    Effect.TAX: msg("Taxes: {acts}"),
    Effect.STUDY: msg("Orders a study of: {acts}"),
    Effect.REPEAL: msg("Ends earlier rules on: {acts}"),
    Effect.STAY: msg("Suspends, by a court, rules on: {acts}"),
}
_ACTS: Final = {
    Activity.POSSESS: msg("possession"),
    Activity.CONSUME: msg("consumption"),
    Activity.TRANSPORT: msg("carrying through"),
    Activity.SELL: msg("retail sale"),
    Activity.SHIP: msg("shipping to buyers there"),
    Activity.DISTRIBUTE: msg("distribution"),
    Activity.MAKE: msg("manufacture"),
    Activity.CULTIVATE: msg("cultivation"),
    Activity.IMPORT: msg("import"),
    Activity.EXPORT: msg("export"),
}


def effect_sentence(provision: Provision, say: Language = ENGLISH) -> str:
    """`Allows only under conditions: retail sale, distribution`."""
    named = sorted(provision.activities, key=lambda a: a.rank)
    acts = say.t(msg(", ")).join(say.t(_ACTS[a]) for a in named)
    return say.t(_EFFECTS[provision.effect], acts=acts, schedule=provision.schedule)


def from_words(provision: Provision) -> str:
    """Its first day, or the first day on which it was seen where that is not known, or neither."""
    if provision.from_ is not None:
        return f"In force from {provision.from_.words()}"
    seen = provision.attested
    if seen is None:
        return "No first day: in force on no day"
    when = f"{'on' if seen.is_day else 'in'} {seen.words()}"
    return f"First day not known; a source says it was in force {when}"


def until_words(end: PartialDate | None) -> str:
    """Its first day no longer, or nothing."""
    return "" if end is None else f"no longer from {end.words()}"
