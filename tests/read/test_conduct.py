"""Deciding words and the activities that they decide about."""

from __future__ import annotations

import time

import pytest

from kratom_atlas.model.reading import Span
from kratom_atlas.read.conduct import RULES, Force, activities, condition, find_rule


def rule_of(text: str) -> tuple[str, str]:
    lower = text.lower()
    span = Span(0, len(lower))
    rule = find_rule(lower, span)
    if rule is None:
        return "", ""
    at = lower.find("kratom")
    return rule.force.name, " ".join(activities(lower, rule, span, at if at >= 0 else None))


@pytest.mark.parametrize(
    ("text", "force", "expected"),
    [
        ("A person shall not sell or offer for sale any kratom", "BAR", "sell"),
        ("A retailer may not knowingly deliver kratom", "BAR", "distribute"),
        ("No manufacturer or retailer shall package kratom", "BAR", "make"),
        ("It shall be unlawful for any person to cultivate kratom", "BAR", "cultivate"),
        ("It is an offense knowingly to transport kratom", "BAR", "transport"),
        ("A person commits an offense if the person exports kratom", "BAR", "export"),
        ("Whoever consumes kratom shall be fined", "BAR", "consume"),
        ("A seller is prohibited from furnishing kratom", "BAR", "distribute"),
        ("The possession of kratom is unlawful", "BAR", "possess"),
        ("A person shall not possess with intent to deliver kratom", "BAR", "distribute"),
        ("A person may lawfully possess kratom", "ALLOW", "possess"),
        ("This act does not prohibit the sale of kratom", "ALLOW", "sell"),
        ("A processor shall register with the board", "DUTY", ""),
        ("This section shall not apply to kratom", "", ""),
        ("The fine shall not exceed $500", "", ""),
        ("The plant grows in the wild", "", ""),
    ],
)
def test_rule(text: str, force: str, expected: str) -> None:
    assert rule_of(text) == (force, expected)


def test_items_of_a_list_have_verbs_of_their_own() -> None:
    text = "a person shall not do any of the following:\n(a) sell kratom.\n(b) manufacture kratom."
    assert rule_of(text) == ("BAR", "sell make")


def test_nouns_of_a_mixture_are_no_verbs() -> None:
    text = "no person shall sell any compound, mixture or preparation with kratom"
    assert rule_of(text) == ("BAR", "sell")


@pytest.mark.parametrize(
    ("text", "is_condition"),
    [
        (" in this state.", False),
        (" that is not labeled.", True),
        (" to any person under 21 years of age.", True),
        (" to any person.", False),
        (" within 500 feet of a school.", True),
        (" within the city limits.", False),
        (" unless approved by the food and drug administration.", False),
        (" unless registered.", True),
    ],
)
def test_condition(text: str, is_condition: bool) -> None:
    assert (condition(text, 0, len(text)) is not None) is is_condition


def test_rows_have_names_of_their_own_and_keys_that_are_needed() -> None:
    assert len({row.name for row in RULES}) == len(RULES)
    assert {row.force for row in RULES} == set(Force)


@pytest.mark.parametrize("text", ["no person " * 30_000, "who " * 60_000, "unlawful for " * 30_000])
def test_bounded_time(text: str) -> None:
    start = time.process_time()
    find_rule(text, Span(0, len(text)))
    assert time.process_time() - start < 4
