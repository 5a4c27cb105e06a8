"""What a text adds and strikes, as different legislatures show it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Marked, Span
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.marked import mark, read_marked, struck_in_place, without_struck
from kratom_atlas.read.media import Media
from kratom_atlas.read.text import read_text

LEGEND = "<p>Additions are underlined; deletions are struck through.</p>"

OMITTED = (
    "<p>This section is new; therefore, strike-throughs and underscoring have been omitted.</p>"
    "<p>Rule <u>61 CSR 30</u> is authorized.</p>"
)
LINKED = (
    "<p>A page with <a href='x' style='text-decoration: underline'>a link that is long and reads"
    " as a sentence.</a> It is amended.</p>"
)


def added(marked: Marked) -> list[str]:
    return [marked.text[span.start : span.end] for span in marked.added]


NEW_YORK = "<p>Matter underscored is new; matter in brackets [ ] is old law to be omitted.</p>"


def test_what_stands_once_struck_words_are_cut() -> None:
    marked = mark(
        f"{NEW_YORK}<p>No shop shall [hold or] sell leaf to one under [eighteen]"
        " <u>twenty-one</u>[, nor give it].</p>",
        Media.HTML,
    )
    cut = without_struck(marked)
    assert cut.marked.text.endswith("No shop shall sell leaf to one under twenty-one.")
    assert added(cut.marked) == ["twenty-one"]
    assert struck(cut.marked) == ["hold or", "eighteen", ", nor give it"]
    for word in ("sell leaf", "twenty-one"):
        place = cut.marked.text.index(word)
        assert marked.text[slice(*cut.back(Span(place, place + len(word))))] == word
    assert all(cut.cut(cut.back(Span(n, n + 1)).start) == n for n in range(len(cut.marked.text)))


def test_brackets_to_be_filled_in_are_not_struck() -> None:
    marked = mark(
        f"{NEW_YORK}<p>By [the effective date of this act] [sections 1 and 2] stand.</p>",
        Media.HTML,
    )
    assert struck(marked) == []


def struck(marked: Marked) -> list[str]:
    return [words.text for words in marked.struck]


@pytest.mark.parametrize(
    ("source", "media", "news", "olds"),
    [
        pytest.param(
            f"{LEGEND}<p>A shop may <s>not</s> sell <u>kratom leaf</u> at night.</p>",
            Media.HTML,
            ["kratom leaf"],
            ["not"],
            id="legend",
        ),
        pytest.param(
            "<style>.k1{text-decoration: underline;} .k2{text-decoration: line-through;}</style>"
            "<p>It is enacted: <span class='k1'>no shop sells kratom to a child</span>"
            "<span class='k2'>under ten</span>.</p>",
            Media.HTML,
            ["no shop sells kratom to a child"],
            ["under ten"],
            id="classes-of-a-style-sheet",
        ),
        pytest.param(
            "<p>The list is amended:</p><p>(1) Opium;</p><p><u>(2) Kratom.</u></p>",
            Media.HTML,
            ["(2) Kratom."],
            [],
            id="item-without-a-legend",
        ),
        pytest.param(
            '<leg><s1><amend ea="amend">(1)</amend>"Kratom" means'
            '<amend ea="erase"> any leaf</amend> a plant.</s1></leg>',
            Media.XML,
            ["(1)"],
            ["any leaf"],
            id="utah",
        ),
        pytest.param(
            "<p class=Statute><span class=FormattedNew><span style='color:black'>Sec. 7a. Kratom"
            " is not sold.</span></span></p><p>Enacting section 1.</p>",
            Media.HTML,
            ["Sec. 7a. Kratom is not sold."],
            [],
            id="michigan",
        ),
        pytest.param(
            "<p>The act is amended: a product, <b>[</b>or<b>]</b> a leaf, <u>or any extract of a"
            " leaf that is sold</u> in a shop.</p>",
            Media.HTML,
            ["or any extract of a leaf that is sold"],
            ["or"],
            id="bold-brackets",
        ),
        pytest.param(
            "<bill><text>The list <added-phrase>of plants</added-phrase> stands"
            "<deleted-phrase> alone</deleted-phrase>.</text></bill>",
            Media.XML,
            ["of plants"],
            ["alone"],
            id="congress",
        ),
        pytest.param(
            "A shop {+ that sells kratom +} pays {- ten -} a fee.",
            Media.TEXT,
            [" that sells kratom "],
            [" ten "],
            id="oregon",
        ),
        pytest.param(
            "EXPLANATION: CAPITALS INDICATE MATTER ADDED TO EXISTING LAW. [Brackets] indicate"
            " matter deleted.\nBE IT ENACTED BY THE ASSEMBLY, that:\nA shop may sell [opium] tea"
            " AND KRATOM LEAF to adults.",
            Media.TEXT,
            ["AND KRATOM LEAF"],
            ["opium"],
            id="capitals",
        ),
    ],
)
def test_shows_what_is_new_and_what_is_struck(
    source: str, media: Media, news: list[str], olds: list[str]
) -> None:
    marked = mark(source, media)
    assert added(marked) == news
    assert struck(marked) == olds
    assert marked.is_marked
    assert not marked.merged


@pytest.mark.parametrize(
    "source",
    [
        "<p><u>Definitions</u></p><p>The act is amended. Kratom is a plant.</p>",
        "<p>The act is amended. <u>See</u> section 4 on kratom.</p>",
        OMITTED,
        LINKED,
        "<p>Plain words of a law on kratom.</p>",
    ],
)
def test_headings_citations_and_links_are_not_additions(source: str) -> None:
    marked = mark(source, Media.HTML)
    assert not marked.is_marked
    assert marked.added == ()


def test_struck_words_that_stand_in_the_text_are_told_with_their_place() -> None:
    text = (
        "BE IT ENACTED BY THE LEGISLATURE OF THE STATE OF TEXAS: Sec. 9.01 [8.01]. A shop [, or"
        " any person,] sells 1-[2-(methyl)] compounds."
    )
    marked = mark(text, Media.TEXT)
    assert struck(marked) == ["8.01", ", or any person,"]
    assert [text[span.start : span.end] for span in struck_in_place(marked)] == struck(marked)
    assert not marked.is_marked, "which words are new cannot be seen"


def test_washington_strikes_between_double_parentheses() -> None:
    marked = mark("AMENDATORY SECTION (Amending X)\nA ((store (or shop))) seller.", Media.TEXT)
    assert struck(marked) == ["store (or shop)"]


def test_a_struck_word_leaves_its_place() -> None:
    marked = mark("<p>under <s>18</s><u>21</u> years, as amended</p>", Media.HTML)
    assert marked.text == "under 21 years, as amended"
    assert [(words.at, words.text) for words in marked.struck] == [(6, "18")]


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("Nobody under 1821 years of age buys it.", True),
        ("(4)(3) A shop. (5)(4) A fee. (6)(5) A name.", True),
        ("Underlined language is new. The code is amended to read: kratom", True),
        ("See (a)(1). Nobody under 21 years of age buys it.", False),
    ],
)
def test_tells_an_extraction_in_which_struck_words_stand(text: str, merged: bool) -> None:
    assert mark(text, Media.TEXT).merged is merged
    assert mark(text, Media.TEXT, extracted=True).merged


_PIECES = st.lists(
    st.sampled_from(
        [
            *("<u>", "</u>", "<s>", "</s>", "<ins>", "</ins>", "<p>", "</p>", "<span>", "</span>"),
            *("<b>", "</b>", "[", "]", "((", "))", "kratom", "&amp;", "\n", " amended ", "<td>"),
            *("<del>", "</del>", "{+", "+}", "<!--x-->", "Underlined matter is new."),
            "<span style='text-decoration:underline'>",
            "<span style='text-decoration:line-through'>",
        ]
    ),
    max_size=40,
)


@given(_PIECES, st.sampled_from([Media.HTML, Media.XML, Media.TEXT]))
def test_the_text_is_that_of_read_text(pieces: list[str], media: Media) -> None:
    body = " ".join(["law", *pieces]).encode()
    try:
        text = read_text(body, media=media).text
    except FaultError:
        return
    marked = read_marked(body, media=media)
    assert marked.text == text
    place = 0
    for span in marked.added:
        assert place <= span.start < span.end <= len(text)
        place = span.end
    assert all(0 <= words.at <= len(text) for words in marked.struck)
    assert [words.at for words in marked.struck] == sorted(words.at for words in marked.struck)


def test_a_bill_within_json() -> None:
    body = rb'{"t": "amended \u00e9", "text": "<p>A <u>(1) kratom leaf<\/u> <s>tea<\/s> shop</p>"}'
    marked = read_marked(body, media=Media.JSON)
    assert added(marked) == ["(1) kratom leaf"]
    assert struck(marked) == ["tea"]


@pytest.mark.parametrize(
    "source",
    [
        "<u>" * 150_000,
        "<u>a</u>" * 40_000,
        "Brackets show what is omitted. " + "[a b" * 100_000,
        "AMENDATORY SECTION (" + "((a(b)" * 80_000,
        "{+" * 200_000,
    ],
)
def test_hostile_marks_take_bounded_time(source: str) -> None:
    begin = time.process_time()
    mark("law amended " + source, Media.HTML)
    mark("law amended " + source, Media.TEXT)
    assert time.process_time() - begin < 10


def test_real_documents(samples: Path) -> None:
    files = sorted((samples / "us" / "kratom_bills").glob("*/*/*/files/*"))
    marks = 0
    for file in files:
        if file.suffix in {".pdf", ".txt"}:
            continue
        body = file.read_bytes()
        marked = read_marked(body)
        assert marked.text == read_text(body).text
        assert all(0 <= a < b <= len(marked.text) for a, b in marked.added)
        marks += marked.is_marked
    assert marks >= 20
