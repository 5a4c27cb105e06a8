"""What the federal sources do where a recorded crawl does not lead."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
import pytest

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still
from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.observation import Document, TrackedInstrument
from kratom_atlas.read.faults import FaultError
from scrapers.us_billstatus import UsBillstatus
from scrapers.us_code import UsCode
from scrapers.us_congress import UsCongress
from scrapers.us_dc_law import UsDcLaw
from scrapers.us_ecfr import UsEcfr
from scrapers.us_fda_enforcement import UsFdaEnforcement
from scrapers.us_govinfo import UsGovinfo
from scrapers.us_regulations import UsRegulations, eastern

S = TypeVar("S", bound=Scraper)


def at_work(scraper: type[S], known: Mapping[str, str | None] | None = None) -> S:
    return scraper(today=date(2026, 11, 22), since=date(2026, 11, 1), known=known)


def page(body: object, url: str = "https://example.org/") -> Page:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Page(
        url=url, status=200, headers={}, body=raw, sha256="0" * 64,
        fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip


def moved(steps: Any) -> Fault:
    with pytest.raises(FaultError) as raised:
        list(steps)
    return raised.value.fault


# -- Regulations.gov: windows of five thousand ---------------------------------------------------


def regulations(count: int, moment: str, more: bool = True) -> Page:
    entries = [
        {
            "id": f"EXAMPLE-{n}",
            "attributes": {
                "title": "Example", "documentType": "Other", "lastModifiedDate": moment,
                "agencyId": "EXAMPLE",
            },
        }
        for n in range(count)
    ]  # fmt: skip
    return page({"data": entries, "meta": {"totalElements": 9_999, "hasNextPage": more}})


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2026-07-01T14:00:00Z", "2026-07-01 10:00:00"),
        ("2026-12-01T14:00:00Z", "2026-12-01 09:00:00"),
        ("2026-12-01T03:00:00", "2026-11-30 22:00:00"),
    ],
)
def test_the_filter_is_in_eastern_time(utc: str, local: str) -> None:
    assert eastern(utc) == local


def test_after_twenty_pages_the_search_goes_on_from_the_last_change() -> None:
    steps = at_work(UsRegulations).listing(
        regulations(250, "2026-07-01T14:00:00Z", more=False), "kratom", "2026-01-01 00:00:00", 20
    )
    (following,) = (one for one in steps if isinstance(one, Fetch))
    assert following.context == {
        "term": "kratom", "changed": "2026-07-01 10:00:00", "number": 1,
    }  # fmt: skip


def test_a_window_that_does_not_move_is_refused_and_a_last_page_ends() -> None:
    full = regulations(250, "2026-07-01T14:00:00Z")
    scraper = at_work(UsRegulations)
    assert moved(scraper.listing(full, "kratom", "2026-07-01 10:00:00", 20)) is Fault.LAYOUT
    last = scraper.listing(regulations(3, "2026-07-01T14:00:00Z", more=False), "kratom", "x", 2)
    assert not [one for one in last if isinstance(one, Fetch)]
    assert moved(scraper.listing(regulations(0, "x"), "kratom", "x", 1)) is Fault.LAYOUT
    assert moved([eastern("last week")] for _ in [0]) is Fault.LAYOUT


# -- eCFR: what is found no longer, and what is not yet in force ---------------------------------

DAYS = {"21": "2026-11-19", "32": "2026-11-19"}


def found(*hits: dict[str, Any]) -> Page:
    return page({"meta": {"total_pages": 1, "total_count": len(hits)}, "results": list(hits)})


def test_a_section_that_is_found_no_longer_is_read_once_more() -> None:
    known = {"32-CFR-9000.7": "2024-03-01", "21-CFR-1308": "2026-09-30"}
    steps = list(at_work(UsEcfr, known).found(found(), "7-hydroxymitragynine", 1, [], DAYS))
    (again,) = steps
    assert isinstance(again, Fetch)
    assert again.about == "32-CFR-9000.7"
    text = (
        b"<?xml version='1.0'?><DIV8 N='9000.7' TYPE='SECTION'><HEAD>Sec.</HEAD><P>Gone.</P></DIV8>"
    )
    (document,) = at_work(UsEcfr, known).section(page(text), **again.context)
    assert isinstance(document, Document)
    assert not document.mentions


def test_hits_of_the_past_and_of_watched_parts_are_passed_over() -> None:
    here, other = {"title": "21", "part": "1308"}, {"title": "32"}
    there = {**here, "section": "1308.99"}
    steps = at_work(UsEcfr, {"32-CFR-1.2": "2024-01-01"}).found(
        found(
            {"starts_on": "2020-01-01", "ends_on": "2021-01-01", "hierarchy": there},
            {"starts_on": "2020-01-01", "hierarchy": here},
            {"starts_on": "2024-01-01", "hierarchy": {**other, "part": "1", "section": "1.2"}},
            {"starts_on": "2025-05-05", "hierarchy": {**other, "part": "7"}},
        ),
        "7-hydroxymitragynine", 1, [], DAYS,
    )  # fmt: skip
    still, appendix = steps
    assert still == Still("32-CFR-1.2")
    assert isinstance(appendix, Fetch)
    assert appendix.url.endswith("/full/2026-11-19/title-32.xml?part=7")


def test_a_hit_count_without_hits_is_no_absence() -> None:
    body = page({"meta": {"total_pages": 1, "total_count": 3}, "results": []})
    assert moved(at_work(UsEcfr).found(body, "kratom", 1, [], DAYS)) is Fault.LAYOUT


# -- bills ---------------------------------------------------------------------------------------


def test_a_bill_that_lost_the_word_is_followed_on() -> None:
    entry = {
        "congress": 119, "number": "1", "type": "HR", "title": "Bridges Act",
        "updateDateIncludingText": "2026-11-20T00:00:00Z", "introducedDate": "2026-01-01",
    }  # fmt: skip
    listed = page({"bills": [entry], "pagination": {"count": 1}})
    for known, follows in (({}, 0), ({"US/119/HR1": "2026-01-02T00:00:00Z"}, 1)):
        steps = at_work(UsCongress, known).listing(listed, "bill/119", 0)
        assert len([one for one in steps if isinstance(one, Fetch)]) == follows
    got = {
        "actions": [{"text": "Introduced in House", "actionDate": "2026-01-01"}],
        "titles": [], "summaries": [],
    }  # fmt: skip
    last = page({"pagination": {"count": 0}, "textVersions": []})
    (kept,) = at_work(UsCongress, {"US/119/HR1": "x"}).part(last, entry, got, "text", 0)
    assert isinstance(kept, TrackedInstrument)
    assert not kept.mentions
    assert not list(at_work(UsCongress).part(last, entry, got, "text", 0))


def test_a_part_of_a_bill_under_another_name_is_a_moved_layout() -> None:
    body = page({"pagination": {"count": 1}, "titles": []})
    assert moved(at_work(UsCongress).part(body, {}, {}, "actions", 0)) is Fault.LAYOUT


def test_lists_that_count_more_than_they_list() -> None:
    congress = page({"bills": [], "pagination": {"count": 7}})
    assert moved(at_work(UsCongress).listing(congress, "bill/119", 0)) is Fault.LAYOUT
    govinfo = page({"results": [], "count": 7})
    assert moved(at_work(UsGovinfo).found(govinfo, 0)) is Fault.LAYOUT
    recalls = page({"meta": {"results": {"total": 7}}, "results": []})
    assert moved(at_work(UsFdaEnforcement).listing(recalls, 0)) is Fault.LAYOUT
    index = page(
        b"<sitemapindex><sitemap><loc>https://x/BILLSTATUS/99hr/sitemap.xml</loc></sitemap></sitemapindex>"
    )
    assert moved(at_work(UsBillstatus).index(index)) is Fault.LAYOUT
    assert (
        moved(at_work(UsBillstatus).index(page(b"<html><body>Sorry</body></html>"))) is Fault.LAYOUT
    )


# -- codes ---------------------------------------------------------------------------------------


def zipped(name: str, body: str) -> Page:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, body)
    return page(out.getvalue())


def test_a_title_without_its_schedules_or_a_page_without_its_link_has_moved() -> None:
    section = "<section identifier='/us/usc/t21/s321'><heading>Definitions</heading></section>"
    one = f"<uscDoc>{section}</uscDoc>"
    assert moved(at_work(UsCode).title(zipped("usc21.xml", one))) is Fault.LAYOUT
    assert moved(at_work(UsCode).title(zipped("usc22.xml", one))) is Fault.LAYOUT
    empty = page(b"<!DOCTYPE html><html><body><a href='releasepoints/x.zip'>x</a></body></html>")
    assert moved(at_work(UsCode).current(empty)) is Fault.LAYOUT


def test_a_folder_of_a_thousand_files_may_not_be_whole() -> None:
    entry = {
        "name": "26-1.xml",
        "path": "us/dc/council/periods/26/acts/26-1.xml",
        "sha": "1",
        "type": "file",
    }
    assert moved(at_work(UsDcLaw).acts(page([entry] * 1_000))) is Fault.LAYOUT
    assert moved(at_work(UsDcLaw).periods(page([]))) is Fault.LAYOUT


def test_an_act_that_is_known_as_it_is_is_not_fetched() -> None:
    path = "us/dc/council/periods/26/acts/26-1.xml"
    entry = {
        "name": "26-1.xml",
        "path": path,
        "sha": "1",
        "type": "file",
        "download_url": "https://x/1",
    }
    (step,) = at_work(UsDcLaw, {"D.C.-Act-26-1": "1"}).acts(page([entry]))
    assert step == Still("D.C.-Act-26-1")
    (step,) = at_work(UsDcLaw, {"D.C.-Act-26-1": "0"}).acts(page([entry]))
    assert isinstance(step, Fetch)
    assert step.about == "D.C.-Act-26-1"
