"""What amending clauses do, to what, and which words of a text are new."""

from __future__ import annotations

import time

import pytest

from kratom_atlas.model.reading import Amendment, AmendmentKind, Marked, Novelty, Span
from kratom_atlas.read.amendments import amendments, novelty, novelty_of_struck
from kratom_atlas.read.marked import mark
from kratom_atlas.read.media import Media
from kratom_atlas.read.structure import sections

K = AmendmentKind


def read(text: str | Marked) -> tuple[Marked, tuple[Amendment, ...]]:
    marked = text if isinstance(text, Marked) else Marked(text)
    return marked, amendments(marked, sections(marked))


def shown(text: str) -> list[tuple[AmendmentKind, str, str]]:
    marked, found = read(text)
    bodies = [marked.text[a.body.start : a.body.end] if a.body else "" for a in found]
    return [(a.kind, a.target, body) for a, body in zip(found, bodies, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "SECTION 1. Section 20-2-23, Code of Nowhere, is amended to read as follows:\n"
            "20-2-23. Leaf is listed.\nSECTION 2. It takes effect at once.",
            [(K.AMENDS, "Section 20-2-23, Code of Nowhere", "20-2-23. Leaf is listed.")],
            id="to-read",
        ),
        pytest.param(
            "Section 1. That Chapter 69 be, and the same is hereby\namended by adding thereto a new"
            " section to read:\n69-1. No leaf.",
            [(K.ENACTS, "Chapter 69", "69-1. No leaf.")],
            id="adding",
        ),
        pytest.param(
            "1. The Leaf Regulations are amended, in Schedule 1, by the insertion of the following"
            " after “Tea”:\n“Kratom”.",
            [(K.ENACTS, "The Leaf Regulations", "“Kratom”.")],
            id="insertion-after",
        ),
        pytest.param(
            "Section 1. That § 34-20 be REPEALED.\nNobody sells leaf.\nSection 2. That a NEW"
            " SECTION be added to chapter 34:\nAll may sell leaf.",
            [
                (K.REPEALS, "§ 34-20", "Nobody sells leaf."),
                (K.ENACTS, "a NEW SECTION", "All may sell leaf."),
            ],
            id="reprinted-repeal",
        ),
        pytest.param(
            "NEW SECTION. Section 1. Name. A Leaf Act.\nNEW SECTION. Section 2. Sale. None.",
            [
                (K.ENACTS, "NEW SECTION", "Section 1. Name. A Leaf Act."),
                (K.ENACTS, "NEW SECTION", "Section 2. Sale. None."),
            ],
            id="new-sections",
        ),
        pytest.param(
            "Section 1. That sections 37.01 and 37.02 be amended and section 37.03 of the Code be"
            " enacted to read as follows:\nSec. 37.01. Old.\nSec. 37.03. A new rule.\n",
            [
                (K.AMENDS, "sections 37.01 and 37.02", "Sec. 37.01. Old.\nSec. 37.03. A new rule."),
                (K.ENACTS, "Sec. 37.03", "Sec. 37.03. A new rule.\n"),
            ],
            id="amended-and-enacted",
        ),
        pytest.param(
            "A bill to amend the code by adding section 473a.\nThe people of the state of michigan"
            " enact:\nSec. 473a. No sale of leaf.",
            [(K.ENACTS, "section 473a", "Sec. 473a. No sale of leaf.")],
            id="title",
        ),
        ("Section 3 of the Leaf Act is repealed.", [(K.REPEALS, "Section 3 of the Leaf Act", "")]),
        pytest.param("The Leaf Order 2014 is revoked.", [(K.REPEALS, "The Leaf Order 2014", "")]),
        pytest.param("Section 7 is redesignated as section 8.", [(K.RENUMBERS, "Section 7", "")]),
        pytest.param(
            "(2) In the Schedule, after paragraph 3 insert—\n“3A. Leaf.”",
            [(K.ENACTS, "the Schedule", "“3A. Leaf.”")],
            id="united-kingdom",
        ),
        pytest.param(
            "I\nI forskrift om planter § 4 tilføyes:\nKratom er forbudt.",
            [(K.ENACTS, "I forskrift om planter § 4", "Kratom er forbudt.")],
            id="norwegian",
        ),
        pytest.param(
            "1. V příloze č. 4 se za řádek „Khat“ vkládá řádek, který zní: „Kratom“.",
            [(K.ENACTS, "V příloze č. 4 se za řádek „Khat“", "„Kratom“.")],
            id="czech",
        ),
        pytest.param(
            "Art. 2. L’annexe du règlement est complétée comme suit :\n« Kratom »",
            [(K.ENACTS, "L’annexe du règlement", "« Kratom »")],
            id="french",
        ),
        pytest.param(
            "§ 2. Määruse lisa täiendatakse järgmiselt:\nkratom",
            [(K.ENACTS, "Määruse lisa", "kratom")],
            id="estonian",
        ),
    ],
)
def test_clauses(text: str, expected: list[tuple[AmendmentKind, str, str]]) -> None:
    assert shown(text) == expected


def test_words_put_beside_others() -> None:
    text = "In regulation 4 after the word “tea” there are inserted the words “or kratom”."
    assert read(text)[1][0].new == "or kratom"
    text = "In regulation 4 there are inserted after the word “tea” the words “or kratom”."
    assert read(text)[1][0].new == "or kratom"


@pytest.mark.parametrize(
    "text",
    [
        "If a shop sells leaf to the child, a permit under section 4 shall be revoked.",
        "The tax imposed by this article shall be added to the price.",
        "A compound in which a group is substituted or replaced by an atom is listed.",
        "Original sections 28-405 and 28-406 are repealed.",
        "All laws and parts of laws in conflict with this Act are repealed.",
        "History: 2019 c. 4, as amended by Laws 2020.",
        "Underscoring shows words that would be added.",
    ],
)
def test_what_is_no_amending_clause(text: str) -> None:
    assert shown(text) == []


def test_quoted_words() -> None:
    text = "SEC. 2. Section 9 is amended by striking “tea” and inserting “kratom tea”."
    marked, (found,) = read(text)
    assert (found.kind, found.target, found.old, found.new) == (
        K.AMENDS,
        "Section 9",
        "tea",
        "kratom tea",
    )
    assert found.body is not None
    assert marked.text[found.body.start : found.body.end] == "kratom tea"
    place = text.index("kratom")
    assert novelty(marked, (found,), Span(place, place + 6)) is Novelty.ADDS


AMENDED = "<p>SECTION 1. Section 4-5-6 is amended to read:</p><p>4-5-6. Nobody sells "
ENACTED = "<p>SECTION 1. Section 4-5-6 is enacted to read:</p><p>4-5-6. Nobody sells kratom.</p>"
OTHER = "<p>SECTION 2. Section 7-8-9 is amended to read:</p><p>7-8-9. <ins>Tea</ins>.</p>"
REPEALED = "Section 1. That § 34-20 be REPEALED.\nNobody sells kratom."
BRACKETED = "Brackets show matter to be omitted.\nSection 4 is amended to read:\n[No kratom sold.]"


@pytest.mark.parametrize(
    ("source", "media", "expected"),
    [
        ("<p>Nobody sells kratom.</p>", Media.HTML, Novelty.ADDS),
        (f"{AMENDED}kratom.</p>", Media.HTML, Novelty.UNCLEAR),
        (f"{AMENDED}kratom <ins>or tea</ins>.</p>", Media.HTML, Novelty.KEEPS),
        (f"{AMENDED}<ins>kratom</ins>.</p>", Media.HTML, Novelty.ADDS),
        (ENACTED + OTHER, Media.HTML, Novelty.ADDS),
        (REPEALED, Media.TEXT, Novelty.STRIKES),
        (BRACKETED, Media.TEXT, Novelty.STRIKES),
    ],
)
def test_novelty(source: str, media: Media, expected: Novelty) -> None:
    marked, found = read(mark(source, media))
    place = marked.text.index("kratom")
    assert novelty(marked, found, Span(place, place + 6)) is expected


def test_struck_words_that_were_only_moved() -> None:
    source = "<p>Law, amended. <s>nobody sells any kratom leaf</s> <s>tea</s></p><p>{}</p>"
    gone = mark(source.format("<ins>tea is sold</ins>"), Media.HTML)
    assert {novelty_of_struck(gone, words) for words in gone.struck} == {Novelty.STRIKES}
    moved = mark(source.format("<ins>(2) nobody sells any kratom leaf</ins>"), Media.HTML)
    found = {words.text: novelty_of_struck(moved, words) for words in moved.struck}
    assert found == {"nobody sells any kratom leaf": Novelty.KEEPS, "tea": Novelty.STRIKES}


@pytest.mark.parametrize(
    "text",
    [
        "is amended " * 40_000,
        "Section 5 is amended by adding\n" * 10_000,
        'by striking "' * 40_000,
        "NEW SECTION. " * 30_000,
        "(" * 400_000,
    ],
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    marked = Marked(text)
    units = sections(marked)
    begin = time.process_time()
    found = amendments(marked, units)
    for amendment in found:
        assert 0 <= amendment.span.start < amendment.span.end <= len(text)
        assert amendment.body is None or amendment.body.start < amendment.body.end <= len(text)
    assert time.process_time() - begin < 10
