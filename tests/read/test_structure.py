"""Units of legal texts: what they are called, and what stands in what."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Marked, Section
from kratom_atlas.read.structure import around, lead_in, sections, sentence


def paths(text: str, language: str = "en") -> list[str]:
    return [unit.path for unit in sections(Marked(text), language=language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "SECTION 1. Section 4-45-102 is amended to read:\n4-45-102. Definitions.\n(1) Leaf"
            " means:\n(a) a part; or\n(b) a powder.\n(2) Shop means a store.\nSECTION 2. It ends.",
            [
                "SECTION 1",
                "SECTION 1 4-45-102",
                "SECTION 1 4-45-102 (1)",
                "SECTION 1 4-45-102 (1)(a)",
                "SECTION 1 4-45-102 (1)(b)",
                "SECTION 1 4-45-102 (2)",
                "SECTION 2",
            ],
            id="code",
        ),
        pytest.param(
            "SECTION 1. IC 35-46-11 IS ADDED TO READ AS FOLLOWS:\nChapter 11. Leaf\n"
            "Sec. 1. One.\nSec. 2. Two.\nSECTION 2. It ends.",
            [
                "SECTION 1",
                "SECTION 1 Chapter 11",
                "SECTION 1 Chapter 11 Sec. 1",
                "SECTION 1 Chapter 11 Sec. 2",
                "SECTION 2",
            ],
            id="sections-of-a-code-in-a-section-of-the-act",
        ),
        pytest.param(
            "§ 1399-mm. Sale of leaf. 1. No shop sells it.\n2. No child buys it.",
            ["§ 1399-mm", "§ 1399-mm 1", "§ 1399-mm 2"],
            id="first-item-behind-the-heading",
        ),
        pytest.param(
            "Sec. 7.\n(g) one;\n(h) two;\n(i) three:\n(i) four;\n(ii) five;\n(j) six.",
            [
                "Sec. 7",
                "Sec. 7 (g)",
                "Sec. 7 (h)",
                "Sec. 7 (i)",
                "Sec. 7 (i)(i)",
                "Sec. 7 (i)(ii)",
                "Sec. 7 (j)",
            ],
            id="roman-or-letter",
        ),
        pytest.param(
            "SECTION 1. It is amended by adding Chapter 9 to read: CHAPTER X Sec. 9.001. SALE. A"
            " person who: (1) sells; or (2) buys, pays. Sec. 9.002. FEES. (a) A fee is due.",
            [
                "SECTION 1",
                "SECTION 1 Sec. 9.001",
                "SECTION 1 Sec. 9.001 (1)",
                "SECTION 1 Sec. 9.001 (2)",
                "SECTION 1 Sec. 9.002",
                "SECTION 1 Sec. 9.002 (a)",
            ],
            id="without-lines",
        ),
        pytest.param(
            "SEC. 2. LISTS.\n(a) In general.—Section 9 is amended by adding at the end the"
            " following:\n“(23) leaf, including—\n“(A) powder; and\n“(B) tea.”.\n(b) Rules.",
            [
                "SEC. 2",
                "SEC. 2 (a)",
                "SEC. 2 (a)(23)",
                "SEC. 2 (a)(23)(A)",
                "SEC. 2 (a)(23)(B)",
                "SEC. 2 (b)",
            ],
            id="congress",
        ),
        pytest.param(
            "PART 1\nGeneral\n2.—(1) In these Regulations, it is a plant.\n(2) It ends.\nSchedule 2"
            "\nPlants\n1. Leaf.\n2. Powder.",
            [
                "PART 1",
                "PART 1 2",
                "PART 1 2 (1)",
                "PART 1 2 (2)",
                "Schedule 2",
                "Schedule 2 1",
                "Schedule 2 2",
            ],
            id="united-kingdom",
        ),
        pytest.param(
            "§ 1\nÚvod\n(1) Zde platí:\na) list,\nb) prášek.\n(2) Konec.\n§ 2\nPříloha č. 3\n"
            "| Kratom | 50 g |\n| Čaj | 5 g |",
            [
                "§ 1",
                "§ 1 (1)",
                "§ 1 (1) a)",
                "§ 1 (1) b)",
                "§ 1 (2)",
                "§ 2",
                "Příloha č. 3",
                "Příloha č. 3 Kratom",
                "Příloha č. 3 Čaj",
            ],
            id="czech",
        ),
        pytest.param(
            "Order\n1\nThese words begin.\n2\nIn the list—\na\nfor tea;\nb\nfor leaf.\n3\nEnd.",
            ["1", "2", "2 a", "2 b", "3"],
            id="bare-labels",
        ),
        pytest.param("Art. 1er. Un.\nArt. 2. Deux.", ["Art. 1er", "Art. 2"], id="french"),
        pytest.param("มาตรา ๓ ใบ\nมาตรา ๔ พืช", ["มาตรา ๓", "มาตรา ๔"], id="thai"),
        pytest.param("A table\nLeaf\tI\nTea\tII", ["Leaf", "Tea"], id="rows"),
        pytest.param(
            "Section 1. As provided in section\n(b) of this act, and under\nSection 5 of it, or\n"
            "paragraphs (1), (2), and (3), a man,\nH. B. 757\nsells leaf at 2.5 mg.",
            ["Section 1"],
            id="cited-not-begun",
        ),
    ],
)
def test_units(text: str, expected: list[str]) -> None:
    assert paths(text) == expected


def test_headings_and_bounds() -> None:
    text = "Sec. 4. Sale of leaf. A shop:\n(1) sells it.\nSec. 5.\nFees\n(1) A fee."
    first, item, second, _ = sections(Marked(text))
    assert (first.heading, second.heading) == ("Sale of leaf", "Fees")
    assert text[first.start : first.end].endswith("(1) sells it.\n")
    assert (item.parent, item.level, first.parent, first.level) == (0, 1, None, 0)


BILL = Marked(
    "Sec. 3. Offences. Under No. 5 of the U.S. code, a person may not:\n(a) for a child:\n(i) sell"
    " kratom; or\n(ii) make kratom.\n(b) A fine of $1.50 is due. Dr. A. Smith is exempt."
)


def _at(marked: Marked, words: str) -> int:
    return marked.text.index(words)


def test_around_and_lead_in() -> None:
    units = sections(BILL)
    place = _at(BILL, "make kratom")
    assert [unit.label for unit in around(BILL, units, place)] == ["Sec. 3.", "(a)", "(ii)"]
    leads = [BILL.text[s.start : s.end] for s in lead_in(BILL, units, place)]
    assert leads == ["Under No. 5 of the U.S. code, a person may not:", "for a child:"]
    span = sentence(BILL, units, place)
    assert BILL.text[span.start : span.end] == "make kratom."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fine", "A fine of $1.50 is due."),
        ("exempt", "Dr. A. Smith is exempt."),
        ("may not", "Under No. 5 of the U.S. code, a person may not:"),
    ],
)
def test_sentence(words: str, expected: str) -> None:
    span = sentence(BILL, sections(BILL), _at(BILL, words))
    assert BILL.text[span.start : span.end] == expected


def test_a_list_without_labels_goes_on_from_its_line() -> None:
    marked = Marked("The following plants are listed:\nKhat\nKratom\n")
    place = _at(marked, "Kratom")
    leads = [marked.text[s.start : s.end] for s in lead_in(marked, (), place)]
    assert leads == ["The following plants are listed:"]


_WORDS = st.lists(
    st.sampled_from(
        [
            *("\n", " ", "(1)", "(a)", "(i)", "(A)", "(ii)", "a.", "1.", "§ 4", "§ 500.92", ":"),
            *("SECTION 1.", "Sec. 2.", "Chapter 7", "Article II", "Schedule 2", "“(b)", ";", "\t"),
            *("\n1\n", "\n2\n", "\na\n", "\nof\n", "\niv\n"),
            *("kratom", "Sale", "and", "is amended to read:", "4-45-104.", "| x | y |", "."),
        ]
    ),
    max_size=60,
)


@given(_WORDS)
def test_the_units_are_a_tree(words: list[str]) -> None:
    text = " ".join(words).replace(" \n", "\n").replace("\n ", "\n")
    units: tuple[Section, ...] = sections(Marked(text))
    starts = [unit.start for unit in units]
    assert starts == sorted(set(starts))
    for i, unit in enumerate(units):
        assert 0 <= unit.start < unit.end <= len(text)
        assert unit.label
        if unit.parent is None:
            assert unit.level == 0
            continue
        parent = units[unit.parent]
        assert unit.parent < i
        assert unit.level == parent.level + 1
        assert parent.start <= unit.start < unit.end <= parent.end
    for place in range(0, len(text), 7):
        chain = around(Marked(text), units, place)
        assert all(unit.start <= place < unit.end for unit in chain)
        span = sentence(Marked(text), units, place)
        assert 0 <= span.start <= span.end <= len(text)
        for lead in lead_in(Marked(text), units, place):
            assert lead.start < lead.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500_000,
        "(1)" * 150_000,
        "(a)(1)(i)(A)" * 30_000,
        ": (1) " * 80_000,
        "(1)\n" * 100_000,
        "| a | b |\n" * 50_000,
        "Section " * 60_000,
        "1-1-1-" * 60_000,
        "a\tb\n" * 100_000,
        "".join(f"SECTION {i}. Title.\n(a) A shop:\n(1) sells;\n" for i in range(10_000)),
    ],
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    begin = time.process_time()
    units = sections(Marked(text))
    for place in range(0, len(text), len(text) // 10):
        sentence(Marked(text), units, place)
        lead_in(Marked(text), units, place)
    assert time.process_time() - begin < 10
