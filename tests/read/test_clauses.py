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


WAYS_OF_DRAFTING = (
    Case(
        "one line list",
        "A kratom seller shall not: (1) sell kratom to a person under 21; (2) sell kratom that "
        "contains fentanyl; or (3) give kratom away.",
        "restrict",
        "leaf",
        "sell distribute",
    ),
    Case(
        "verb behind the list",
        "B. The following substances: (1) mitragynine; and (2) 7-hydroxymitragynine, shall not be "
        "made or sold.",
        "prohibit",
        "mitragynine 7-oh",
        "sell",
    ),
    Case(
        "subject above a cap",
        "Kratom may not be sold if a serving holds more than 2 milligrams of 7-hydroxymitragynine.",
        "restrict",
        "leaf",
        "sell",
    ),
    Case(
        "moratorium", "A moratorium is imposed on the sale of kratom.", "prohibit", "leaf", "sell"
    ),
    Case("by mail", "No person shall sell kratom by mail.", "prohibit", "leaf", "ship"),
    Case(
        "shops",
        "No kratom store shall be located within 500 feet of a school.",
        "restrict",
        "leaf",
        "sell",
    ),
    Case(
        "in a park",
        "No person shall, in a public park, smoke or chew kratom.",
        "restrict",
        "leaf",
        "consume",
    ),
    Case(
        "done to the same thing",
        "It is unlawful to import kratom or to cultivate it.",
        "prohibit",
        "leaf",
        "cultivate import",
    ),
    Case(
        "bar said twice",
        "A maker may not prepare, and a shop may not sell, kratom.",
        "prohibit",
        "leaf",
        "sell make",
    ),
    Case(
        "whosoever",
        "Whosoever shall vend kratom shall upon conviction be fined.",
        "prohibit",
        "leaf",
        "sell",
    ),
    Case(
        "few licences",
        "Only the holder of one of four licences under this act may grow kratom.",
        "license",
        "leaf",
        "cultivate",
    ),
    Case("pharmacies", "Kratom shall be sold only by a pharmacist.", "license", "leaf", "sell"),
    Case(
        "prescription",
        "No person shall dispense mitragynine except on the prescription of a physician.",
        "prescription-only",
        "mitragynine",
        "distribute",
    ),
    Case(
        "adulterated food",
        "A food that contains kratom is adulterated. It is unlawful to sell such food.",
        "prohibit",
        "leaf",
        "sell",
    ),
    Case(
        "repeal of a section that bars",
        "Section 12, under which the sale of kratom is prohibited, is repealed.",
        "repeal",
        "leaf",
        "sell",
    ),
    Case(
        "repeal told in brackets",
        "SECTION 1. Chapter 9 is repealed. (Chapter 9 makes the possession of kratom a crime.)",
        "repeal",
        "leaf",
        "possess",
    ),
    Case(
        "off the list",
        "Mitragynine is struck from the list of controlled substances.",
        "repeal",
        "mitragynine",
        "possess sell distribute make",
    ),
    Case(
        "stay",
        "The operation of Ordinance No. 12, which bans the sale of kratom, is stayed.",
        "stay",
        "leaf",
        "sell",
    ),
    Case(
        "penalty group",
        "Mitragynine is added to Penalty Group 2 of the code.",
        "schedule",
        "mitragynine",
        "possess sell distribute make",
    ),
    Case(
        "study on request",
        "The committee shall report to the legislature within a year on the use of kratom.",
        "study",
        "leaf",
        "sell",
    ),
    Case(
        "lawful by nouns",
        "The possession and use of kratom by adults is lawful.",
        "permit",
        "leaf",
        "possess consume",
    ),
)


@pytest.mark.parametrize("case", WAYS_OF_DRAFTING, ids=lambda case: case.name)
def test_way_of_drafting(case: Case) -> None:
    (finding,) = findings(case.text)
    assert finding.effect == case.effect
    assert " ".join(finding.substances) == case.substances
    assert set(finding.activities) == set(case.activities.split())


@pytest.mark.parametrize(
    "saying",
    [
        "This section does not apply to dried leaf of Mitragyna speciosa.",
        "Natural kratom is not a controlled substance under this act.",
        "Nothing in this act may be construed to control the leaf of kratom.",
        "Kratom leaf is excluded from subsection (a).",
    ],
)
def test_the_leaf_is_left_out_of_what_is_listed(saying: str) -> None:
    found = findings(f"(a) 7-hydroxymitragynine is placed in Schedule I. (b) {saying}")
    assert [(f.effect, *f.substances) for f in found] == [("schedule", "7-oh"), ("exempt", "leaf")]


def test_a_saving_exempts_nothing_where_the_leaf_is_barred() -> None:
    found = findings("(a) No person shall sell kratom. (b) This does not apply to dried kratom.")
    assert [f.effect for f in found] == ["prohibit"]


@pytest.mark.parametrize(
    "text",
    [
        "You have asked whether a shop may sell kratom.",
        "A person shall not drive a car under the influence of kratom.",
        "It is unlawful to possess more than two ounces of kratom.",
        "A person shall not purchase kratom.",
        "Beds shall bear a label, for example: kratom.",
        "Of the sum appropriated, the clinic may sell kratom posters.",
    ],
)
def test_no_finding(text: str) -> None:
    assert not findings(text)


@pytest.mark.parametrize(
    "punishment",
    [
        "A violation of Section 1 is a misdemeanor.",
        "Violators shall be fined $50.",
        "Whoever so offending is found shall be fined $50.",
        "For a first violation the fine is $100.",
    ],
)
def test_punishment_in_a_section_of_its_own(punishment: str) -> None:
    (found,) = findings(f"Section 1. No person shall sell kratom.\nSection 2. {punishment}")
    assert found.qualifiers.penalties


MORE_WAYS = (
    Case(
        "violation of this ordinance",
        "It shall be a violation of this ordinance to sell or give away kratom in the city.",
        "prohibit",
        "leaf",
        "sell distribute",
    ),
    Case(
        "dealing is a crime",
        "The manufacture, sale and delivery of mitragynine is a Class D felony.",
        "prohibit",
        "mitragynine",
        "make sell distribute",
    ),
    Case(
        "person selling",
        "Any person knowingly selling or importing kratom shall be guilty of a felony.",
        "prohibit",
        "leaf",
        "sell import",
    ),
    Case(
        "offer for sale",
        "No business shall offer kratom or any derivative of kratom for sale.",
        "prohibit",
        "leaf",
        "sell",
    ),
    Case(
        "place on the market",
        "From 1 January 2028 it is prohibited to place kratom on the market.",
        "prohibit",
        "leaf",
        "sell",
    ),
    Case(
        "off the shelves",
        "Retailers must remove all kratom products from their shelves.",
        "prohibit",
        "leaf",
        "sell",
    ),
    Case(
        "kratom or what contains it",
        "No person may import into the territory, or export from it, kratom or any article that "
        "contains kratom.",
        "prohibit",
        "leaf",
        "import export",
    ),
    Case(
        "old enough",
        "A person must be 21 years of age or older to purchase or use kratom.",
        "restrict",
        "leaf",
        "possess consume",
    ),
    Case(
        "before it manufactures",
        "A processor must register with the department before it manufactures a kratom product.",
        "restrict",
        "leaf",
        "make",
    ),
    Case(
        "in any park",
        "Kratom may not be sold or provided in any park.",
        "restrict",
        "leaf",
        "sell distribute",
    ),
    Case(
        "a product that holds too much",
        "A kratom product shall not: (1) contain more than 1 percent 7-hydroxymitragynine of its "
        "alkaloids; or (2) be unlabelled.",
        "restrict",
        "leaf",
        "sell",
    ),
    Case(
        "list in one line",
        "No shop shall sell any of the following: nitrous oxide; 7-hydroxymitragynine; phenibut.",
        "prohibit",
        "7-oh",
        "sell",
    ),
    Case(
        "food declared adulterated",
        "A food is adulterated if it contains kratom. No person may sell adulterated food.",
        "prohibit",
        "leaf",
        "sell",
    ),
    Case(
        "repeals the ban",
        "The Legislature repeals the prohibition on kratom in section 4-2.",
        "repeal",
        "leaf",
        "possess sell distribute make",
    ),
    Case(
        "consider studying",
        "The legislative council shall consider studying the regulation of kratom.",
        "study",
        "leaf",
        "sell",
    ),
    Case(
        "deemed a schedule substance",
        "The Director orders that mitragynine shall be deemed a Schedule I substance for 120 days. "
        "The Director finds that it is made from kratom leaves.",
        "schedule",
        "mitragynine",
        "possess sell distribute make",
    ),
)


@pytest.mark.parametrize("case", MORE_WAYS, ids=lambda case: case.name)
def test_more_ways_of_drafting(case: Case) -> None:
    (finding,) = findings(case.text)
    assert finding.effect == case.effect
    assert " ".join(finding.substances) == case.substances
    assert set(finding.activities) == set(case.activities.split())


@pytest.mark.parametrize(
    "saying",
    [
        "This act shall not be read to place the plant Mitragyna speciosa in any schedule.",
        "The dried leaf of kratom is exempt from this chapter.",
    ],
)
def test_the_plant_is_left_out_in_other_words(saying: str) -> None:
    found = findings(f"(a) 7-hydroxymitragynine is placed in Schedule I. (b) {saying}")
    assert [(f.effect, *f.substances) for f in found] == [("schedule", "7-oh"), ("exempt", "leaf")]


def test_a_definition_leaves_the_leaf_out() -> None:
    found = findings(
        '(1) In this section, "kratom concentrate" means 7-hydroxymitragynine in any amount. The '
        "term does not include dried leaf.\n(2) It is unlawful to sell a kratom concentrate."
    )
    assert [(f.effect, *f.substances) for f in found] == [("prohibit", "7-oh"), ("exempt", "leaf")]


@pytest.mark.parametrize(
    "text",
    [
        "The council urges the legislature to place kratom in Schedule I.",
        "The notice of intent to place mitragynine in Schedule I is withdrawn.",
        "Of this sum, $500 shall be for tests of kratom by the laboratory.",
    ],
)
def test_an_appeal_a_withdrawal_and_money_are_no_rules(text: str) -> None:
    read_ = read(text)
    assert not read_.found


@pytest.mark.parametrize(
    "punishment",
    [
        "A retailer in breach of section 1 is liable to a fine of $500.",
        "A first offense is a petty misdemeanor.",
        "Maximum penalty: imprisonment for 2 years.",
        "Failure to comply with this ordinance is a Class C misdemeanor.",
        "Offenders shall be fined $100.",
        "This offense is a class 4 felony.",
        "A person who does what is prohibited by section 1 is guilty of a misdemeanor.",
        "Whoever violates subd. 1 is guilty of a misdemeanor.",
    ],
)
def test_punishment_that_points_back(punishment: str) -> None:
    (found,) = findings(f"Section 1. No person shall sell kratom.\nSection 2. {punishment}")
    assert found.qualifiers.penalties
