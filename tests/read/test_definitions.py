"""Defined terms reach what their definitions name."""

from __future__ import annotations

import pytest

from kratom_atlas.model.reading import Marked
from kratom_atlas.read.definitions import Defined, definitions
from kratom_atlas.read.structure import sections
from kratom_atlas.read.things import names


def defined(text: str) -> dict[str, Defined]:
    lower = text.lower()
    return {d.term: d for d in definitions(lower, names(lower), sections(Marked(text)))}


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ('(1) "Kratom" means any part of the plant Mitragyna speciosa.', "kratom", "leaf"),
        (
            '(1) "Kratom" means the plant, and mitragynine and 7-hydroxymitragynine taken from it.',
            "kratom",
            "leaf mitragynine 7-oh",
        ),
        (
            '(1) "Kratom" means the leaf of a tree which contains the alkaloid mitragynine.',
            "kratom",
            "leaf",
        ),
        ("As used here:\n(3) Kratom means any part of Mitragyna speciosa.", "kratom", "leaf"),
        ('"Kratom product." A food that contains kratom leaf.', "kratom product", "leaf"),
        (
            "The term covered drink means a drink that contains mitragynine.",
            "covered drink",
            "mitragynine",
        ),
        (
            '(2) "Synthetic kratom" means any synthetic form of the alkaloids of kratom.',
            "synthetic kratom",
            "synthetic",
        ),
        ('(2) "Kratom processor" means a person who makes kratom.', "kratom processor", ""),
        (
            '(2) "Tonic beverage" means a drink that does not contain alcohol, kava or kratom.',
            "tonic beverage",
            "",
        ),
    ],
)
def test_definition(text: str, term: str, expected: str) -> None:
    assert " ".join(defined(text)[term].substances) == expected


def test_terms_rest_on_one_another() -> None:
    found = defined(
        '(1) "Kratom" means Mitragyna speciosa, and mitragynine taken from it.\n'
        '(2) "Kratom product" means any food that contains kratom.\n'
        '(3) "Prohibited product" means a kava product or a kratom product.\n'
    )
    assert found["kratom product"].substances == ("leaf", "mitragynine")
    assert found["prohibited product"].substances == ("leaf", "mitragynine")


def test_kind_of_product_is_narrow() -> None:
    found = defined(
        '(1) "Adulterated kratom product" means a kratom product that contains lead.\n'
        '(2) "Kratom product" means a food with kratom leaf.\n'
    )
    assert found["adulterated kratom product"].narrow
    assert not found["kratom product"].narrow


def test_terms_without_quotation_marks_stand_in_units_of_their_own() -> None:
    found = defined(
        "Sec. 2. For this act:\n(1) Department means the Department of Health;\n"
        "(2) Kratom means the plant mitragyna speciosa; and\n(3) Person means anybody.\n"
    )
    assert found["kratom"].substances == ("leaf",)


def test_definition_ends_with_its_unit() -> None:
    text = '(1) "Kratom" means any part of the plant kratom.\n(2) No person shall sell kratom.'
    assert text[slice(*defined(text)["kratom"].span)].rstrip().endswith("plant kratom.")


@pytest.mark.parametrize(
    "definition",
    [
        "For purposes of this ordinance, kratom is any substance that contains mitragynine.",
        '"Kratom": the leaf of Mitragyna speciosa, or any product that contains mitragynine.',
        '"Kratom" has the following meaning: the tree, and any alkaloid, such as mitragynine.',
        "The word kratom, where used in this act, refers to the leaf and to mitragynine.",
        "By kratom is meant the leaf of Mitragyna speciosa, together with mitragynine.",
        '"Kratom" is defined as the leaf and all that is made from it, among them mitragynine.',
        '"Kratom" means any part of the plant, whether growing or not, and includes mitragynine.',
        "Kratom here means the leaf and mitragynine.",
    ],
)
def test_ways_to_define(definition: str) -> None:
    reached = {str(s) for term in defined(definition).values() for s in term.substances}
    assert reached == {"leaf", "mitragynine"}


def test_what_the_plant_holds_is_not_reached() -> None:
    text = '"Kratom" means a tree, the alkaloids of which are known as mitragynine.'
    assert [str(s) for s in defined(text)["kratom"].substances] == ["leaf"]
