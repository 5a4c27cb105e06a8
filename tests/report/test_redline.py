"""Redlines of legal texts: what is struck, added and moved, in words and in each format."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from kratom_atlas.model.reading import Marked, Span, Struck
from kratom_atlas.read.redline import of_marked, redline
from kratom_atlas.report.redline import render, to_html

OLD = """\
Section 1. In this act kratom means any part of the leaf of Mitragyna speciosa.
Section 2. A retailer may not sell kratom to a person under 18 years of age.
Section 3. A person who breaks section 2 pays a fine of 500 dollars for each sale that is proven.
Section 4. The department reports to the legislature each year on what it did under this act.
"""
NEW = """\
Section 1. In this act kratom means any part of the leaf of Mitragyna speciosa.
Section 2. A retailer may not sell kratom to a person under 21 years of age.
Section 3. A retailer registers each product with the department.
Section 4. A person who breaks section 2 pays a fine of 500 dollars for each sale that is proven.
"""


def changes(old: str, new: str) -> list[tuple[str, str, str]]:
    return [(u.change, u.old_path, u.path) for u in redline(old, new).units if u.change != "same"]


def test_units_are_changed_added_moved_and_struck():
    assert changes(OLD, NEW) == [
        ("changed", "Section 2", "Section 2"),
        ("added", "", "Section 3"),
        ("moved", "Section 3", "Section 4"),
        ("struck", "Section 4", ""),
    ]


def test_within_a_unit_only_the_words_that_changed_are_marked():
    [unit] = [u for u in redline(OLD, NEW).units if u.change == "changed"]
    assert [(run.kind, run.text) for run in unit.runs if run.kind != "same"] == [
        ("struck", "18"),
        ("added", "21"),
    ]


def test_the_other_way_round_struck_and_added_change_places():
    there, back = redline(OLD, NEW), redline(NEW, OLD)
    assert there.counts["added"] == back.counts["struck"]
    assert there.counts["struck"] == back.counts["added"]
    assert there.counts["moved"] == back.counts["moved"]


def test_what_a_bill_adds_and_strikes_in_the_law_that_stands():
    text = "Section 1. A person under 21 may not buy kratom."
    at = text.index("21")
    marked = Marked(text, (Span(at, at + 2),), (Struck(at, "18"),), is_marked=True)
    [unit] = [u for u in of_marked(marked).units if u.change == "changed"]
    assert [(r.kind, r.text) for r in unit.runs][1:3] == [("struck", "18"), ("added", "21")]
    assert "18" not in of_marked(marked).new()


@pytest.mark.parametrize("side_by_side", [False, True])
def test_markdown_and_text_say_it_without_colour(side_by_side: bool):
    made = redline(OLD, NEW)
    md = render(made, "md", title="SB 1 | two versions", side_by_side=side_by_side)
    assert "~~18~~" in md
    assert "**21**" in md
    assert "1 unit unchanged" in md
    assert "SB 1 \\| two versions" in md
    if not side_by_side:
        assert "Section 4 (was Section 3)" in md
        assert "[-18-]" in render(made, "text", title="x")
        assert "{+21+}" in render(made, "text", title="x")


HOSTILE = "<script>alert(1)</script> {{7*7}} \u202e kratom & | ` ~~ </ins>"


@pytest.mark.parametrize("side_by_side", [False, True])
def test_hostile_text_is_shown_and_does_nothing(side_by_side: bool):
    made = redline("Section 1. " + HOSTILE, "Section 1. new " + HOSTILE + " more")
    page = render(made, "html", title=HOSTILE, side_by_side=side_by_side, whole=True)
    assert "<script" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert page.count("<ins>") == page.count("</ins>")
    assert "[added: " in str(to_html(made, side_by_side=side_by_side, whole=True))


def test_long_texts_take_bounded_time():
    sections = [
        f"Section {n}. Rule {n} on kratom says {n * 7919 % 1000} things.\n" for n in range(10_000)
    ]
    moved = [*sections[5000:], *sections[:2500], "Section X. New.\n", *sections[2500:5000]]
    begin = time.process_time()
    made = redline("".join(sections), "".join(moved))
    assert made.counts["added"] == 1
    assert made.counts["struck"] == 0
    words = " ".join(f"w{n % 977}" for n in range(60_000))
    other = " ".join(f"w{n * 31 % 977}" for n in range(60_000))
    assert redline(words, other).new() == other
    assert redline("( " * 200_000, ") " * 200_000).old() == "( " * 200_000
    assert time.process_time() - begin < 40


def test_text_made_to_be_slow_takes_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units full of the same few words are the worst case of comparing words."""
    monkeypatch.setattr("kratom_atlas.read.redline._ALL_WORK", 300_000)
    old, new = (
        "".join(f"Section {n}. {first * 60}{n} x {second * 60}\n" for n in range(300))
        for first, second in (("a b ", "b a "), ("b a a ", "a b b "))
    )
    begin = time.process_time()
    made = redline(old, new)
    assert (made.old(), made.new()) == (old, new)
    assert time.process_time() - begin < 10
    assert any(run.kind == "same" for unit in made.units[:3] for run in unit.runs)


def test_two_versions_of_a_real_bill(samples_folder: Path):
    from kratom_atlas.read.text import read_text

    folder = samples_folder / "us" / "kratom_bills" / "ut" / "2026" / "SB45" / "files"
    first = read_text((folder / "SB0045_Introduced.xml").read_bytes()).text
    then = read_text((folder / "SB0045S03_Substitute_3.xml").read_bytes()).text
    made = redline(first, then)
    assert (made.old(), made.new()) == (first, then)
    assert made.counts["same"] > 10
    assert re.search(r"kratom retailer", render(made, "text", title="SB 45"))


@pytest.fixture
def samples_folder() -> Path:
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("the real samples are not beside this checkout")
    return folder
