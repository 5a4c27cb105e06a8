"""A whole text read: effects, days, what is new, what is struck, and what is left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kratom_atlas.model.reading import Circumstances, Marked, Reading, Span, Struck
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.marked import mark, read_marked
from kratom_atlas.read.media import Media
from kratom_atlas.read.reading import read_law

SAMPLES = Path(
    os.environ.get("KRATOM_ATLAS_SAMPLES")
    or Path(__file__).resolve().parents[2].parent / "shared" / "samples"
)
ABOUT = Circumstances(place="US-ZZ", kind=InstrumentKind.BILL, stage=Stage.INTRODUCED)

BAN = """AN ACT relating to kratom.
Be it enacted by the Legislature of the State:
Section 1. (1) "Kratom" means any part of the plant Mitragyna speciosa, and mitragynine.
(2) A person shall not sell or possess kratom in this state.
Section 2. A person who violates section 1 is guilty of a misdemeanor and shall be fined $300.
Section 3. This act takes effect on July 1, 2027, and expires on July 1, 2029.
"""


def places(reading: Reading) -> list[Span]:
    spans = [span for finding in reading.findings for span in finding.spans]
    return [*spans, *(part.span for part in (*reading.idle, *reading.unread))]


def test_ban_with_its_days() -> None:
    reading = read_law(Marked(BAN), ABOUT)
    (ban,) = reading.findings
    assert (ban.effect, ban.substances) == ("prohibit", ("leaf", "mitragynine"))
    assert ban.activities == ("possess", "sell")
    assert (ban.from_, ban.to) == ("2027-07-01", "2029-07-01")
    assert ban.qualifiers.penalties
    assert BAN[ban.spans[0].start : ban.spans[0].end] == "shall not"
    assert not reading.unread
    assert reading.named == 5
    assert reading.relevance == "primary"


def test_text_without_kratom_is_not_read() -> None:
    reading = read_law(Marked("Section 1. No person shall sell kava."), ABOUT)
    assert (reading.relevance, reading.findings, reading.named) == ("none", (), 0)


def test_struck_row_is_what_it_ends() -> None:
    page = (
        "<p>Section 1. Section 4-2 of the Code is amended to read as follows:</p>"
        "<p>4-2. SCHEDULE I. The following are listed in Schedule I:</p>"
        "<p>(1) Acetylmethadol;</p><p><s>(2) Mitragynine;</s></p>"
        "<p>(3) Allylprodine; <u>and</u></p><p><u>(4) Etoxeridine.</u></p>"
    )
    (row,) = read_law(mark(page, Media.HTML), ABOUT).findings
    assert (row.effect, row.schedule, row.novelty) == ("schedule", "I", "strikes")
    assert row.substances == ("mitragynine",)


def test_struck_words_that_only_name_it_are_no_rule() -> None:
    text = "Section 1. A person shall not sell a kava product."
    marked = Marked(text, struck=(Struck(text.index("kava"), "kratom "),), is_marked=True)
    assert not read_law(marked, ABOUT).findings


def test_what_is_only_reprinted_is_kept() -> None:
    page = (
        "<p>Section 1. Section 9-9 of the Code is amended to read as follows:</p>"
        "<p>9-9. (1) A person shall not sell kratom to a person under 21 years of age.</p>"
        "<p>(2) A person shall not sell <ins>tianeptine or</ins> kava<del> or betel</del>.</p>"
    )
    (kept,) = read_law(mark(page, Media.HTML), ABOUT).findings
    assert (kept.effect, kept.novelty) == ("restrict", "keeps")


def test_other_languages_drop_nothing() -> None:
    about = Circumstances(place="CZ", language="cs")
    text = "Kratom je rostlina. O kratomu se tu dál nemluví."
    reading = read_law(Marked(text), about)
    assert reading.named == 2
    assert all(
        any(s.start <= text.lower().index(w) < s.end for s in places(reading))
        for w in ("kratom je", "kratomu")
    )


def test_a_great_many_names_are_bounded_and_told() -> None:
    reading = read_law(Marked("Section 1. Kratom is here.\n" * 2_000), ABOUT)
    assert reading.named == 600
    assert any("600" in part.why for part in reading.unread)


PIECES = st.sampled_from(
    [
        *(
            "Section 1. ",
            "(1) ",
            "(a) ",
            "\n",
            "Be it enacted:\n",
            "STATEMENT\nThis bill bans it. ",
        ),
        *("No person shall sell kratom. ", "Kratom is banned. ", '"Kratom" means a plant. '),
        *("Schedule I consists of:\n", "mitragynine; ", "is amended to read as follows:\n"),
        *("This act takes effect July 1, 2027. ", "A tax is levied on kratom. ", "unless "),
        *("7-hydroxymitragynine above 2 percent ", "is repealed. ", "a synthetic alkaloid "),
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_every_name_is_accounted_for(text: str) -> None:
    reading = read_law(Marked(text), ABOUT)
    spans = places(reading)
    lower = text.lower()
    for word in ("kratom", "mitragynine"):
        at = lower.find(word)
        while at >= 0:
            assert any(s.start <= at < s.end for s in spans), text[at - 20 : at + 20]
            at = lower.find(word, at + 1)
    assert all(0 <= s.start <= s.end <= len(text) for s in spans)
    assert reading == read_law(Marked(text), ABOUT)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300_000 + "kratom" + ")" * 300_000,
        "".join(f"Section {n}. Each shop shall keep books.\n" for n in range(10_000)) + "Kratom.",
        "no person who shall not sell " * 10_000 + "kratom",
    ],
    ids=["parentheses", "sections", "modals"],
)
def test_bounded_time(text: str) -> None:
    start = time.process_time()
    read_law(Marked(text), ABOUT)
    assert time.process_time() - start < 12


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real responses is not here")
@pytest.mark.parametrize(
    ("path", "effect", "substance"),
    [
        ("sd/2026/SB77/files/293465_Introduced_extracted.txt", "prohibit", "leaf"),
        ("ms/2026/HB863/files/HB0863IN_Current_version.htm", "schedule", "mitragynine"),
        ("mi/2025-2026/HB5537/files/2026-HEBH-5537_As_Passed_by_the_House.htm", "prohibit", "leaf"),
        ("usa/119/HR8000/files/BILLS-119hr8000ih_Introduced_in_House.xml", "schedule", "7-oh"),
        ("ut/2026/HB387/files/HB0387_Introduced.xml", "restrict", "leaf"),
    ],
)
def test_real_bills(path: str, effect: str, substance: str) -> None:
    marked = read_marked((SAMPLES / "us" / "kratom_bills" / path).read_bytes())
    reading = read_law(marked, ABOUT)
    assert reading.relevance == "primary"
    assert any(f.effect == effect and substance in f.substances for f in reading.findings)
