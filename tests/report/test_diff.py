"""Diff reports: what a stranger reads, in five formats, and nothing in them that acts."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import get_args

import pytest
from diff_sample import LATER, RECORDED, context, record

from kratom_atlas.changes import between
from kratom_atlas.model.change import Change
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import ChangeKind, Substance
from kratom_atlas.release.tables import FIELDS, Edition
from kratom_atlas.report.diff import Format, entries, heading, render
from kratom_atlas.report.words import (
    age_words,
    inert,
    isolate,
    listed,
    markdown,
    report_link,
    web_link,
)

LOCAL_BAN = (
    "from regulated to banned; under its own law, now banned (what applied before is not known)"
)
FORMATS: tuple[Format, ...] = get_args(Format)
TITLE = "What changed"
PLAIN = record()
ATTACKED = record(hostile=True)


def all_changes(of: object) -> tuple[Change, ...]:
    return Edition(of, date(2026, 11, 22).toordinal()).changes  # type: ignore[arg-type]


CHANGES = all_changes(PLAIN)
ATTACKS = all_changes(ATTACKED)


class Strict(HTMLParser):
    """Every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)
        self.links.extend(value or "" for name, value in attrs if name == "href")
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_one_act_on_one_day_is_one_entry() -> None:
    made = entries(CHANGES, PLAIN.at())
    told = [(e.date, e.place.code, e.subject, e.sentence, str(e.kind)) for e in made]
    assert told == [
        (
            "2019",
            "US-GA",
            "Kratom leaf, mitragynine and 7-OH",
            "from no specific law found to regulated; a minimum age of 18 begins",
            "law",
        ),
        (
            "2020-03",
            "US-GA-13001",
            "Kratom leaf",
            LOCAL_BAN,
            "law",
        ),
        (
            "2020-03",
            "US-GA-13001",
            "Kratom leaf",
            LOCAL_BAN,
            "knowledge",
        ),
        (
            "2025-01-01",
            "US-GA",
            "Kratom leaf, mitragynine and 7-OH",
            "minimum age to buy rises from 18 to 21; the 7-OH cap becomes 1 mg per serving",
            "law",
        ),
        (
            "2025-01-01",
            "US-GA",
            "Other synthetics",
            "now banned (what applied before is not known)",
            "law",
        ),
    ]
    assert sum(len(e.changes) for e in made) == len(CHANGES)
    assert [c.id for c in made[3].cited] == ["ga-sale-2025"]
    assert made[3].cited[0].words == "HB 181: Code ga-sale-2025"


def test_the_order_is_that_of_time_then_place_whatever_came_in() -> None:
    shuffled = [*CHANGES[::2], *CHANGES[1::2]][::-1]
    for fmt in FORMATS:
        told = render(CHANGES, fmt, title=TITLE, context=context(PLAIN))
        assert render(shuffled, fmt, title=TITLE, context=context(PLAIN)) == told


def test_a_stranger_can_read_the_text() -> None:
    told = render(CHANGES, "text", title=TITLE, context=context(PLAIN))
    assert told.index("2019 (month and day not known)") < told.index("March 2020 (day not known)")
    for words in (
        "5 changes in 2 places between 2012-01-01 and 2026-11-22, as known at 2026-11-22.",
        "Georgia (US-GA)",
        "North County, Georgia (US-GA-13001)",
        "  Kratom leaf, mitragynine and 7-OH: minimum age to buy rises from 18 to 21;",
        "[Law]",
        "[Late knowledge]",
        "    HB 181: Code ga-sale-2025",
        "      provision ga-sale-2025, source https://example.org/a(b)",
        f"    recorded {RECORDED}",
        f"    recorded {LATER}",
        f"Law: {ChangeKind.LAW.meaning}",
        f"Late knowledge: {ChangeKind.KNOWLEDGE.meaning}",
        f"7-OH: {Substance.SEVEN_OH.meaning}",
        "Regulated: ",
        "Own law: ",
        "neither legal nor medical advice",
        "Version 2026-11-22, as of 2026-11-22. Last look at the sources: 2026-08-28 (86 days",
        "CC BY 4.0",
        "https://example.org/issues",
    ):
        assert words in told, words
    assert told.count(ChangeKind.LAW.meaning) == 1
    assert "Pseudoindoxyl" not in told


def test_links_appear_with_an_address() -> None:
    known = context(PLAIN, base_url="https://example.org/atlas/")
    told = render(CHANGES, "md", title=TITLE, context=known)
    assert "[ga-sale-2025](<https://example.org/atlas/p/ga-sale-2025/>)" in told
    assert "### [Georgia](<https://example.org/atlas/j/US-GA/>) (US-GA)" in told
    assert "[source](<https://example.org/a(b)>)" in told
    assert "/p/" not in render(CHANGES, "md", title=TITLE, context=context(PLAIN))
    page = Strict(render(CHANGES, "html", title=TITLE, context=known))
    assert "https://example.org/atlas/p/ga-sale-2025/" in page.links
    assert "https://example.org/atlas/j/US-GA/" in page.links


@pytest.mark.parametrize("fmt", FORMATS)
def test_nothing_changed_is_said(fmt: Format) -> None:
    told = render([], fmt, title=TITLE, context=context(PLAIN))
    said = "No change between 2012-01-01 and 2026-11-22, as known at 2026-11-22."
    match fmt:
        case "csv":
            assert told.splitlines() == [",".join([*FIELDS["changes"], "name"])]
        case "json":
            assert json.loads(told)["summary"] == said
            assert json.loads(told)["changes"] == []
        case _:
            assert said in told
            assert "What the words mean" not in told


def test_two_moments_of_one_day_are_named() -> None:
    asked = replace(
        context(PLAIN), first="2026-01-01", last="2026-01-01", known=("2026-08-30", "2026-11-22")
    )
    told = render([], "text", title=TITLE, context=asked)
    assert "in what was said of 2026-01-01 between 2026-08-30 and 2026-11-22." in told


def test_a_diff_of_two_days_reads_the_same() -> None:
    view = PLAIN.at()
    days = (PartialDate("2024-12-31").lo, PartialDate("2025-01-02").lo)
    found = between(PLAIN, days, (view, view))
    assert [(e.date, e.subject) for e in entries(found, view)] == [
        ("2025-01-01", "Kratom leaf, mitragynine and 7-OH"),
        ("2025-01-01", "Other synthetics"),
    ]


def test_json_and_csv_hold_every_change() -> None:
    document = json.loads(render(CHANGES, "json", title=TITLE, context=context(PLAIN)))
    rows = list(
        csv.DictReader(
            io.StringIO(render(CHANGES, "csv", title=TITLE, context=context(PLAIN)), newline="")
        )
    )
    assert {r["change_id"] for r in rows} == {c.id for c in CHANGES}
    assert [r["change_id"] for r in rows] == [c["change_id"] for c in document["changes"]]
    assert set(rows[0]) == {*FIELDS["changes"], "name"}
    assert document["changes"][0]["provision_ids"] == ["ga-sale-2019"]
    assert document["version"] == "2026-11-22"
    assert document["known"] == ["2026-11-22"]


# -- hostile text ----------------------------------------------------------------------------


def test_text_cannot_act_on_a_terminal_or_turn_the_line() -> None:
    told = render(ATTACKS, "text", title=TITLE, context=context(ATTACKED))
    lines = told.split("\n")
    assert len(told.splitlines()) == told.count("\n")
    for char in "\x1b\x07\u202e\u2028\r":
        assert char not in told
    for each in lines:
        assert each.count("\u2068") == each.count("\u2069")
        if "עברית" in each:
            assert "\u2068" in each
    assert len(told) > 1000


def test_markdown_shows_what_it_is_given() -> None:
    reader = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"linkify": False})
    for known in (context(ATTACKED), context(ATTACKED, base_url="https://example.org")):
        told = render(ATTACKS, "md", title=TITLE, context=known)
        page = Strict(reader.render(told).replace("<hr />", ""))
        assert not {"script", "b", "code", "table", "img"} & set(page.tags)
        assert all(link.startswith("https://example.org") for link in page.links)
        assert "**bold** `code` | cell {{7*7}}" in page.words
        assert "<script>alert(1)</script> [click](javascript:alert(1))" in page.words
    assert "http://evil" not in told
    assert "www.evil" not in told


def test_html_shows_what_it_is_given() -> None:
    told = render(ATTACKS, "html", title=TITLE, context=context(ATTACKED))
    page = Strict(told)
    assert not {"script", "b", "img"} & set(page.tags)
    assert all(link.startswith(("https://example.org", "data:,")) for link in page.links)
    assert "<script>alert(1)</script>" in page.words
    assert "<bdi>" in told
    assert "\u202e" not in told
    assert "default-src 'none'; style-src 'sha256-" in told
    hostile_report = replace(context(PLAIN), report_url="javascript:alert(1)")
    assert "javascript:" not in render(CHANGES, "html", title=TITLE, context=hostile_report)


def test_csv_cells_are_never_formulas() -> None:
    told = render(ATTACKS, "csv", title=TITLE, context=context(ATTACKED))
    for row in csv.reader(io.StringIO(told, newline="")):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert "\u202e" not in cell
            assert "\n" not in cell
    assert "'=cmd" in told


def test_json_is_ascii_and_exact() -> None:
    told = render(ATTACKS, "json", title=TITLE, context=context(ATTACKED))
    assert told.isascii()
    assert "\x1b" not in told
    names = {change["name"] for change in json.loads(told)["changes"]}
    assert any("\u202e" in name for name in names)


# -- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\tb\r\nc", "a b c"),
        ("a\x00b\x1bc\x85d", "abc d"),
        ("a\u202eb\u2066c\ufeffd", "abcd"),
        ("\ud800x", "x"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_inert(given: str, shown: str) -> None:
    assert inert(given) == shown


def test_isolate_only_what_runs_from_right_to_left() -> None:
    assert isolate("Georgia") == "Georgia"
    assert isolate("ประเทศไทย") == "ประเทศไทย"
    assert isolate("مصر") == "\u2068مصر\u2069"


@pytest.mark.parametrize(
    ("given", "link"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("https://example.org/ไทย", "https://example.org/%E0%B9%84%E0%B8%97%E0%B8%A2"),
        ("https://example.org/%20", "https://example.org/%20"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("javascript:alert(1)", None),
        (" https://example.org", None),
        ("https://example.org\n", None),
        ("https://exa\u202emple.org", None),
        ("data:text/html,x", None),
        ("//example.org", None),
        (None, None),
    ],
)
def test_web_link(given: str | None, link: str | None) -> None:
    assert web_link(given) == link


def test_other_words() -> None:
    assert report_link("mailto:errors@example.org") == "mailto:errors@example.org"
    assert report_link("mailto:a@b?cc=<x>") == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert markdown("1 * 2 < 3") == r"1 \* 2 \< 3"
    assert age_words("", "2026-11-22") == "never"
    assert age_words("2026-11-21", "2026-11-22") == "2026-11-21 (1 day before 2026-11-22)"
    assert age_words("2026-11-22", "2026-11-22") == "2026-11-22"
    assert heading("2026-08-01") == "2026-08-01"
