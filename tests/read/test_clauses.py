"""Clauses in the manner of acts of many states, each with what it does to kratom."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Finding, Marked
from kratom_atlas.read.clauses import Clauses, read_clauses
from kratom_atlas.read.structure import sections
from kratom_atlas.read.things import names


def read(text: str, title: str = "") -> Clauses:
    marked = Marked(text)
    lower = text.lower()
    return read_clauses(marked, lower, names(lower), sections(marked), (), title=title)


def findings(text: str, title: str = "") -> tuple[Finding, ...]:
    return tuple(found.finding for found in read(text, title).found)


class Case(NamedTuple):
    name: str
    text: str
    effect: str
    substances: str
    activities: str


CASES = (
    Case(
        "no person",
        "Section 2. No person shall sell, offer for sale, or possess kratom in this town.",
        "prohibit",
        "leaf",
        "possess sell",
    ),
    Case(
        "unlawful for",
        "(a) It is unlawful for any person knowingly to import, grow or give away any kratom.",
        "prohibit",
        "leaf",
        "distribute cultivate import",
    ),
    Case(
        "offense if",
        "Sec. 9. A person commits an offense if the person delivers or manufactures a product "
        "containing mitragynine.",
        "prohibit",
        "mitragynine",
        "distribute make",
    ),
    Case(
        "who is guilty",
        "Section 1. Any person who possesses kratom or mitragynine is guilty of a misdemeanor.",
        "prohibit",
        "leaf mitragynine",
        "possess",
    ),
    Case(
        "noun",
        "Section 4. The sale or distribution of kratom within the county is hereby prohibited.",
        "prohibit",
        "leaf",
        "sell distribute",
    ),
    Case(
        "passive",
        "Section 4. Kratom products may not be sold or manufactured in this state.",
        "prohibit",
        "leaf",
        "sell make",
    ),
    Case(
        "banned as such",
        "Section 1. Kratom is banned.",
        "prohibit",
        "leaf",
        "possess sell distribute make",
    ),
    Case(
        "intent",
        "Section 1. It is a crime to possess with intent to sell any substance containing "
        "7-hydroxymitragynine.",
        "prohibit",
        "7-oh",
        "sell",
    ),
    Case(
        "age",
        "Sec. 3. A retailer may not sell or furnish a kratom product to a person under 21 years of "
        "age.",
        "restrict",
        "leaf",
        "sell distribute",
    ),
    Case(
        "a minor's possession",
        "Sec. 3. Any person under the age of 18 who purchases kratom shall be fined $50.",
        "restrict",
        "leaf",
        "possess",
    ),
    Case(
        "unless registered",
        "Sec. 3. A processor shall not distribute a kratom product unless the product is "
        "registered with the department.",
        "restrict",
        "leaf",
        "distribute",
    ),
    Case(
        "label",
        "Sec. 5. Every kratom product sold in this state shall bear a label that lists its "
        "ingredients.",
        "restrict",
        "leaf",
        "sell",
    ),
    Case(
        "7-OH above a threshold",
        "Sec. 5. No person may sell a product that contains 7-hydroxymitragynine at a level "
        "greater than 400 parts per million.",
        "prohibit",
        "7-oh",
        "sell",
    ),
    Case(
        "allowed",
        "Sec. 6. Nothing in this chapter shall be construed to prohibit the sale of kratom leaf.",
        "permit",
        "leaf",
        "sell",
    ),
    Case(
        "tax",
        "Sec. 7. An excise tax of 5 percent is levied on each retail sale of a kratom product.",
        "tax",
        "leaf",
        "sell",
    ),
    Case(
        "study",
        "Sec. 8. The department shall conduct a study of the effects of kratom on health.",
        "study",
        "leaf",
        "sell",
    ),
    Case(
        "repeal in words",
        "Sec. 8. Section 12-3-9, which bans the sale of kratom, is repealed.",
        "repeal",
        "leaf",
        "sell",
    ),
    Case(
        "placed in a schedule",
        "Sec. 8. Mitragynine and 7-hydroxymitragynine are placed in Schedule II of the act.",
        "schedule",
        "mitragynine 7-oh",
        "possess sell distribute make",
    ),
    Case(
        "on prescription",
        "Sec. 8. A product containing mitragynine shall be dispensed only on the prescription of a "
        "physician.",
        "prescription-only",
        "mitragynine",
        "distribute",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_clause(case: Case) -> None:
    found = findings(case.text)
    assert [f.effect.value for f in found] == [case.effect], read(case.text)
    assert " ".join(found[0].substances) == case.substances
    assert " ".join(found[0].activities) == case.activities


ROWS = """Section 1. Section 10-2-6 of the Code is amended to read as follows:
10-2-6. SCHEDULE I. (a) The controlled substances listed in this section are in schedule I.
(b) Any of the following opiates:
(1) Acetylmethadol;
(2) Kratom, meaning any part of the plant, with mitragynine and 7-hydroxymitragynine;
(3) Allylprodine.
Section 2. This act takes effect July 1, 2026.
"""


def test_row_of_a_schedule() -> None:
    (row,) = findings(ROWS)
    assert (row.effect.value, row.schedule) == ("schedule", "I")
    assert row.substances == ("leaf", "mitragynine", "7-oh")
    assert "Allylprodine" not in row.quote


def test_plant_left_out_of_a_row() -> None:
    text = (
        "Schedule I of section 4 is amended by adding at the end the following:\n"
        "(7) 7-hydroxymitragynine, not including what is naturally in the leaf of kratom."
    )
    row, leaf = findings(text)
    assert (row.effect, row.substances) == ("schedule", ("7-oh",))
    assert (leaf.effect, leaf.substances) == ("exempt", ("leaf",))


ACT = """Be it enacted by the Legislature:
Section 1. Definitions. As used in this act:
(1) "Department" means the Department of Agriculture.
(2) "Kratom product" means a food that contains any part of the leaf of Mitragyna speciosa.
Section 2. Prohibited acts. A processor shall not prepare, distribute, or sell kratom products that:
(a) Contains 7-hydroxymitragynine that is greater than 2 percent of the alkaloid composition;
(b) Contains a synthetic alkaloid, including synthetic mitragynine; or
(c) Is not labeled with its ingredients.
Section 3. Age. No person shall sell a kratom product to an individual under 21 years of age.
Section 4. Penalty. A person who violates this act is guilty of a class C misdemeanor and shall be
fined not more than $500.
Section 5. Rules. The department may adopt rules on the labeling of kratom products.
STATEMENT
This bill regulates kratom.
"""


def test_consumer_protection_act() -> None:
    caps, synthetic, age = findings(ACT)
    assert (caps.effect, caps.activities) == ("restrict", ("sell", "distribute", "make"))
    assert [cap.value for cap in caps.qualifiers.seven_oh_caps] == [2]
    assert caps.qualifiers.labelling
    assert (synthetic.effect, synthetic.substances) == ("prohibit", ("synthetic",))
    assert (age.effect, age.qualifiers.min_age) == ("restrict", 21)
    assert all(f.qualifiers.penalties for f in (caps, synthetic, age))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "AN ACT to ban kratom.\nBe it enacted by the Senate:\nSection 1. Short.",
            "title or summary",
        ),
        (
            'Section 1. This act may be cited as the "Kratom Consumer Protection Act".',
            "name of an act",
        ),
        (
            "Section 1. Findings. The Legislature finds that kratom is sold widely.",
            "finding or purpose",
        ),
        ("WHEREAS, kratom is sold in many shops of this city;", "recital"),
        ('(4) "Kratom" means any part of the plant Mitragyna speciosa.', "definition"),
        ("Sec. 4. The department shall adopt rules on kratom.", "direction to an authority"),
        ("Sec. 4. A retailer does not violate this act if it took kratom for tea.", "defence"),
    ],
)
def test_what_does_nothing(text: str, why: str) -> None:
    read_ = read(text)
    assert not read_.found
    assert not read_.unread
    assert why in {idle.why for idle in read_.idle}


@pytest.mark.parametrize(
    "text",
    [
        "Sec. 4. Kratom and the moon have much in common.",
        "Sec. 4. The kratom of the eastern shore goes with the tide.",
    ],
)
def test_what_is_not_understood_is_unread(text: str) -> None:
    assert not read(text).found
    assert read(text).unread


def test_beverage_defined_through_kratom() -> None:
    text = (
        'Section 1. (1) (a) "Kratom drink" means a liquid that contains kratom leaf.\n'
        '(b) "Prohibited drink" means a hemp drink or a kratom drink.\n'
        "(2) It is unlawful for any person to sell any prohibited drink in this state.\n"
    )
    (found,) = findings(text)
    assert (found.effect, found.substances) == ("prohibit", ("leaf",))


def test_if_it_should_be_scheduled_it_is_not() -> None:
    text = "Sec. 2. If kratom is placed in Schedule I by Congress, this act is void."
    assert not findings(text)


def covered(text: str) -> bool:
    """Whether each name lies in evidence, among the idle, or in what is unread."""
    result = read(text)
    spans = [span for found in result.found for span in found.finding.spans]
    spans += [part.span for part in (*result.idle, *result.unread)]
    return all(
        any(s.start <= thing.span.start and thing.span.end <= s.end for s in spans)
        for thing in names(text.lower())
    )


WORDS = st.sampled_from(
    [
        *("kratom", "mitragynine", "7-hydroxymitragynine", "a kratom product", "shall not sell"),
        *("(a)", "(b)", "Section 3.", "\n", ". ", "; ", ": ", "means", "Schedule I", "is repealed"),
        *("No person shall", "is guilty of", "who", "WHEREAS", '"', "Be it enacted by", "except"),
        *("unless", "registered", "under 21 years of age", "tax", "the department", "STATEMENT\n"),
    ]
)


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_no_name_is_dropped(text: str) -> None:
    assert covered(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000 + " kratom",
        "kratom shall not " * 4_000,
        "no person " * 40_000 + "kratom",
        "kratom, " + "schedule " * 60_000,
        "who kratom " * 20_000,
    ],
)
def test_bounded_time(text: str) -> None:
    import time

    start = time.process_time()
    read(text)
    assert time.process_time() - start < 5
