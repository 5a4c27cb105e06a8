"""Names of kratom and its alkaloids, as acts spell and misspell them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Span
from kratom_atlas.read.terms import find_mentions
from kratom_atlas.read.things import MAX_NAMES, names, reached, synthetics, weigh


def substances(text: str) -> str:
    lower = text.lower()
    return " ".join(reached(weigh(lower, names(lower), Span(0, len(lower)))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kratom", "leaf"),
        ("Mitragyna speciosa", "leaf"),
        ("the plant Mytragyna speciose", "leaf"),
        ("mitragynine", "mitragynine"),
        ("Mitragyine", "mitragynine"),
        ("7-hydroxymitragynine", "7-oh"),
        ("7-Hydromitragynine", "7-oh"),
        ("7 Hydroxymitrgynine", "7-oh"),
        ("7-hydroxy mitragynine", "7-oh"),
        ("7-hydroxymytragynine", "7-oh"),
        ("7 \N{GREEK SMALL LETTER ALPHA}-hydroxy-mitragynine", "7-oh"),
        ("kratom and 7-OH", "leaf 7-oh"),
        ("mitragynine pseudoindoxyl", "pseudoindoxyl"),
        ("dihydro-7-hydroxymitragynine", "mgm-15"),
        ("kratom, MGM-15 and MGM\N{EN DASH}16", "leaf mgm-15 mgm-16"),
        ("synthetic mitragynine", "synthetic"),
        ("Mitragyna hirsuta", ""),
        ("7-OH-DPAT and 7-hydroxycoumarin", ""),
        ("MGM-15", ""),
    ],
)
def test_what_is_named(text: str, expected: str) -> None:
    assert substances(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a kratom product with more than 2 percent 7-hydroxymitragynine", "leaf"),
        ("kratom that contains a level of 7-hydroxymitragynine of two percent", "leaf"),
        ("any amount of kratom, mitragynine or its salts", "leaf mitragynine"),
        ("a product with more than 400 ppm of 7-hydroxymitragynine", "7-oh"),
        ("mitragynine, but not including the leaf of kratom", "mitragynine"),
        ("Except for minors, kratom is banned", "leaf"),
    ],
)
def test_what_is_counted_or_left_out_is_not_reached(text: str, expected: str) -> None:
    assert substances(text) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("contains any synthetic alkaloid or semi-synthetic alkaloids of the plant", 2),
        ("synthetically derived compounds of kratom", 1),
        ("a synthetic cannabinoid", 0),
    ],
)
def test_synthetic_alkaloids(text: str, count: int) -> None:
    assert len(synthetics(text, Span(0, len(text)))) == count


WORDS = st.sampled_from(
    [
        *("kratom", "Mitragynine", "7-hydroxymitragynine", "Mitragyna speciosa", "speciogynine"),
        *("ketum", "the", "salt of", "4098-40-2", "leaf,", "\n", "7-OH", "pseudoindoxyl"),
    ]
)


@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_every_mention_is_a_name(text: str) -> None:
    found = names(text.lower())
    for mention in find_mentions(text, "en"):
        assert any(t.span.start < mention.end and mention.start < t.span.end for t in found)
    assert all(a.span.end <= b.span.start for a, b in pairwise(found))


def test_bounded() -> None:
    assert len(names("kratom " * 100_000)) == MAX_NAMES


def test_what_a_thing_is_made_from_is_left_out() -> None:
    assert substances("7-hydroxymitragynine made by oxidation of mitragynine") == "7-oh"


@pytest.mark.parametrize(
    "text",
    [
        "any of its alkaloids is synthetic",
        "an alkaloid that was made in part by chemical synthesis",
    ],
)
def test_synthetic_in_other_words(text: str) -> None:
    assert synthetics(text, Span(0, len(text)))
