"""State legislatures and councils: what their steps make of odd answers."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper
from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.vocabulary import Stage
from kratom_atlas.read.faults import FaultError
from scrapers import (
    legistar,
    us_ca_pubinfo,
    us_ny_openleg,
    us_tx_legislature,
    us_va_lis,
    us_wa_legislature,
)


def page(body: Any, url: str = "https://example.org/", status: int = 200) -> Page:
    sent = body if isinstance(body, bytes) else body.encode()
    return Page(
        url=url, status=status, headers={}, body=sent, sha256="0" * 64,
        fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip


def made(scraper: type[Scraper], known: dict[str, str | None] | None = None) -> Any:
    return scraper(today=date(2026, 11, 22), since=date(2026, 11, 1), known=known)


@pytest.mark.parametrize(
    ("session", "number", "path"),
    [
        ("89R", "HB1", "/89R/billhistory/house_bills/HB00001_HB00099/HB%201.xml"),
        ("89R", "HB100", "/89R/billhistory/house_bills/HB00100_HB00199/HB%20100.xml"),
        ("892", "SB2999", "/892/billhistory/senate_bills/SB02900_SB02999/SB%202999.xml"),
        ("89R", "SJR7", "/89R/billhistory/senate_joint_resolutions/SJ00001_SJ00099/SJ%207.xml"),
        ("89R", "HR250", "/89R/billhistory/house_resolutions/HR00200_HR00299/HR%20250.xml"),
    ],
)
def test_texas_files_are_kept_by_hundreds(session: str, number: str, path: str):
    assert us_tx_legislature._file(session, number).endswith(f"/bills{path}")


def test_texas_follows_bills_until_the_next_legislature_sits():
    known = {"US-TX/88/HB2": None, "US-TX/89/HB2": None, "US-TX/892/SB3": None}
    asked = [one.about for one in made(us_tx_legislature.UsTxLegislature, known).start()]
    assert asked[len(us_tx_legislature.FEEDS) :] == ["US-TX/89/HB2", "US-TX/892/SB3"]


def test_texas_says_nothing_of_a_bill_that_does_not_exist():
    body = '<billhistory bill="89(R) HB 9"><caption>Bill does not exist.</caption></billhistory>'
    with pytest.raises(FaultError) as raised:
        list(made(us_tx_legislature.UsTxLegislature).history(page(body), "89R", "HB9"))
    assert raised.value.fault is Fault.SOFT_404


@pytest.mark.parametrize(
    "head",
    [
        "Bill_id,History_date,History_description,History_refid",
        "BillNumber,HistoryDate,Description,History_refid",
    ],
)
def test_virginia_has_called_its_columns_otherwise(head: str):
    rows = list(
        us_va_lis._rows(page(f'{head}\n"HB1 ","1/14/2026","H Prefiled",""\n'), *us_va_lis.COLUMNS)
    )
    assert [(r["bill_id"], r["history_date"], r["history_description"]) for r in rows] == [
        ("HB1", "1/14/2026", "H Prefiled")
    ]  # fmt: skip


def test_virginia_takes_a_file_without_its_columns_for_a_moved_layout():
    with pytest.raises(FaultError) as raised:
        list(us_va_lis._rows(page("<html><p>News</p></html>"), "bill_id"))
    assert raised.value.fault is Fault.LAYOUT


def test_virginia_looks_at_the_next_session_from_november():
    scraper = made(us_va_lis.UsVaLis)
    sessions = [one.context["session"] for one in scraper.start()]
    assert sessions == ["20251", "20252", "20261", "20262", "20271", "20272"]


def test_new_york_names_a_refusal():
    body = '{"success": false, "message": "Invalid API key", "responseType": "error"}'
    with pytest.raises(FaultError) as raised:
        list(made(us_ny_openleg.UsNyOpenleg).bills(page(body), []))
    assert raised.value.fault is Fault.ERROR_BODY


def test_new_york_reads_again_what_the_search_no_longer_finds():
    body = '{"success": true, "total": 0, "result": {"items": [], "size": 0}}'
    known = {"US-NY/2025-2026/S9": "x", "laws/PBH/99": "y", "2025/S9": None}
    found = list(made(us_ny_openleg.UsNyOpenleg, known).bills(page(body), []))
    assert [one.url.partition("?")[0] for one in found] == [f"{us_ny_openleg.API}/bills/2025/S9"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("NULL", None), ("`NULL`", "NULL"), ("`a\\nb`", "a\nb"), ("``", ""), ("99", "99")],
)
def test_california_tells_nothing_from_the_word_null(field: str, value: str | None):
    assert us_ca_pubinfo._field(field) == value


def test_california_refuses_a_row_of_another_width():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("BILL_TBL.dat", "`202520260AB1`\t`20252026`\n")
    with pytest.raises(FaultError) as raised:
        list(made(us_ca_pubinfo.UsCaPubinfo).file(page(packed.getvalue()), [], {}))
    assert raised.value.fault is Fault.LAYOUT


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 11, 22), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]),
        (date(2026, 11, 26), ["Thu", "Fri", "Sat", "Mon", "Tue", "Wed"]),
    ],
)
def test_california_reads_the_oldest_day_first(today: date, days: list[str]):
    first = next(iter(us_ca_pubinfo.UsCaPubinfo(today=today, since=today).start()))
    assert isinstance(first, Fetch)
    assert [first.url[-7:-4], *first.context["days"]] == days


def test_washington_takes_no_appointment_for_a_bill():
    row = {"BillId": "SGA 9103", "BillNumber": "9103", "Biennium": "2025-26"}
    assert us_wa_legislature._bill(row) is None
    named = us_wa_legislature._bill({**row, "BillId": "2ESSB 5904", "BillNumber": "5904"})
    assert named
    assert named["key"] == "US-WA/2025-2026/SB5904"


@pytest.mark.parametrize(
    ("kind", "status", "number", "stage"),
    [
        ("Ordinance", "Adopted", None, Stage.ENACTED),
        ("Ordinance", "Passed", None, Stage.PASSED),
        ("Ordinance", "Passed", "26-1", Stage.ENACTED),
        ("Ordinance", "Filed", None, Stage.INTRODUCED),
        ("Introduction", "Filed (End of Session)", None, Stage.FAILED),
        ("Resolution", "Adopted", None, Stage.ADOPTED),
        ("Resolution", "Passed", None, Stage.ADOPTED),
        ("Ordinance", "Withdrawn", "26-1", Stage.WITHDRAWN),
    ],
)
def test_a_council_means_by_its_words_what_the_type_allows(
    kind: str, status: str, number: str | None, stage: Stage
):
    row = {
        "MatterId": 1, "MatterLastModifiedUtc": "2026-01-01T00:00:00", "MatterTypeName": kind,
        "MatterStatusName": status, "MatterEnactmentNumber": number,
        "MatterEnactmentDate": "0001-01-01T00:00:00",
    }  # fmt: skip
    assert legistar._stage(msgspec.convert(row, legistar.Matter)) is stage


def test_a_council_without_an_api_is_passed_over_only_if_nobody_has_confirmed_it():
    asked = {one.context["client"]: one.expect for one in made(legistar.Legistar).start()}
    for one in legistar.load_clients():
        assert (500 in asked[one.client].statuses) is not one.confirmed
