"""The law in words: statuses, conditions and dates as sentences for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

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


def conditions(rules: Qualifiers) -> list[Condition]:
    """The qualifiers of a provision, each with its unit."""
    return [Condition(name, text) for name, text in _conditions(rules) if text]


def _conditions(rules: Qualifiers) -> Iterator[tuple[str, str | None]]:
    yield "Minimum age", f"{rules.min_age} years" if rules.min_age else None
    for cap in rules.seven_oh_caps:
        yield "7-OH", f"at most {amount(cap.value, cap.unit)}"
    for limit in rules.alkaloid_caps:
        label = limit.of.label
        yield label[:1].upper() + label[1:], f"at most {amount(limit.value, limit.unit)}"
    for size in rules.limits:
        yield "Serving or package", f"at most {amount(size.value, size.unit)}"
    yield "Product forms", "; ".join(rules.forms)
    yield "Labels", rules.labelling
    yield "Testing", rules.testing
    yield "Registration or licence", rules.registration
    yield "Sale", "kept behind the counter" if rules.behind_the_counter else None
    yield "Advertising", rules.advertising
    yield "Other ingredients", rules.adulterants
    yield "Places", rules.places
    yield "Persons", rules.persons
    yield "Prescription", "lawful on prescription" if rules.prescription else None
    yield "Only", "in public" if rules.in_public else None
    yield "Exceptions", rules.exceptions
    for penalty in rules.penalties:
        told = (penalty.class_, penalty.fine, penalty.prison)
        what = f"Penalty for {penalty.for_}" if penalty.for_ else "Penalty"
        yield what, "; ".join(part for part in told if part)
    yield "Void if", rules.void_if


def amount(value: float, unit: Unit) -> str:
    """`0.5 mg per g`."""
    shown = f"{value:,.0f}" if value == int(value) else f"{value:.10f}".rstrip("0")
    return f"{shown} {unit.label}"


_EFFECTS: Final = {
    Effect.PROHIBIT: "Prohibits",
    Effect.SCHEDULE: "Lists as a controlled substance",
    Effect.PRESCRIPTION_ONLY: "Allows only on prescription",
    Effect.LICENSE: "Allows only with a licence",
    Effect.RESTRICT: "Allows only under conditions",
    Effect.PERMIT: "Expressly allows",
    Effect.EXEMPT: "Takes out of another rule",
    Effect.PREEMPT: "Bars lower levels from acting on",
    Effect.ALLOW_STRICTER: "Lets lower levels act on",
    Effect.TAX: "Taxes",
    Effect.STUDY: "Orders a study of",
    Effect.REPEAL: "Ends earlier rules on",
    Effect.STAY: "Suspends, by a court, rules on",
}
_ACTS: Final = {
    Activity.POSSESS: "possession",
    Activity.CONSUME: "consumption",
    Activity.TRANSPORT: "carrying through",
    Activity.SELL: "retail sale",
    Activity.SHIP: "shipping to buyers there",
    Activity.DISTRIBUTE: "distribution",
    Activity.MAKE: "manufacture",
    Activity.CULTIVATE: "cultivation",
    Activity.IMPORT: "import",
    Activity.EXPORT: "export",
}


def effect_sentence(provision: Provision) -> str:
    """`Allows only under conditions: retail sale, distribution`."""
    acts = ", ".join(_ACTS[a] for a in sorted(provision.activities, key=lambda a: a.rank))
    if provision.effect is Effect.SCHEDULE:
        return f"{_EFFECTS[provision.effect]} ({provision.schedule}), which reaches: {acts}"
    return f"{_EFFECTS[provision.effect]}: {acts}"


def from_words(provision: Provision) -> str:
    """Its first day, or the first day on which it was seen where that is not known."""
    if provision.from_ is not None:
        return f"In force from {provision.from_.words()}"
    assert provision.attested is not None
    seen = provision.attested
    when = f"{'on' if seen.is_day else 'in'} {seen.words()}"
    return f"First day not known; a source says it was in force {when}"


def until_words(end: PartialDate | None) -> str:
    """Its first day no longer, or nothing."""
    return "" if end is None else f"no longer from {end.words()}"
