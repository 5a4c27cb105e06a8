"""Texts and status files of Congress: both generations, and the real ones."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.govinfo import (
    bill_document,
    bill_versions,
    congresses,
    package_in,
    plain_words,
    read_status,
    worth_a_look,
)
from kratom_atlas.crawl.scraper import Scraper
from kratom_atlas.crawl.source import Bounds, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.lifecycle import from_congress

SAMPLES = Path(
    os.environ.get("KRATOM_ATLAS_SAMPLES", Path(__file__).parents[3] / "shared" / "samples")
)
US = SAMPLES / "us"
real = pytest.mark.skipif(not US.is_dir(), reason="the real samples are not here")


class Bare(Scraper):
    source: ClassVar = Source(
        id="us_example", title="Example", publisher="Example", covers=("US",),
        kind=SourceKind.BILLS, homepage="https://example.org/", licence="Example", terms="Example",
        hosts=("example.org",), schedule="1 1 * * *", bounds=Bounds(examined=(0, 1)), cadence=1,
    )  # fmt: skip


def page(body: bytes) -> Page:
    return Page(
        url="https://www.govinfo.gov/x", status=200, headers={}, body=body, sha256="0" * 64,
        fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip


def scraper() -> Bare:
    return Bare(today=date(2026, 11, 22), since=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("https://www.congress.gov/119/bills/hr8000/BILLS-119hr8000ih.xml", "119 hr 8000 ih"),
        ("BILLS-117hr3076pcs2", "117 hr 3076 pcs2"),
        ("BILLS-116hconres7enr", "116 hconres 7 enr"),
        ("BILLS-116sjres36enr", "116 sjres 36 enr"),
    ],
)
def test_packages_are_named_by_their_parts(text: str, named: str) -> None:
    found = package_in(text)
    assert found is not None
    assert f"{found.congress} {found.type} {found.number} {found.version}" == named


@pytest.mark.parametrize("text", ["PLAW-115publ6", "BILLS-119xx1ih", "BILLS-119hr", ""])
def test_what_is_no_package_of_a_bill(text: str) -> None:
    assert package_in(text) is None


@pytest.mark.parametrize(
    ("since", "today", "numbers"),
    [
        (date(2026, 1, 1), date(2026, 11, 22), (119,)),
        (date(2024, 12, 30), date(2025, 1, 2), (118,)),
        (date(2024, 12, 30), date(2025, 1, 3), (118, 119)),
        (date(2027, 1, 3), date(2027, 1, 4), (120,)),
    ],
)
def test_a_congress_begins_on_3_january(since: date, today: date, numbers: tuple[int]) -> None:
    assert congresses(since, today) == numbers


@pytest.mark.parametrize(
    ("title", "looked_at"),
    [
        ("End Needless Distribution of 7-OH Act", True),
        ("Kratom Example Act", True),
        ("Botanical Gardens Week", True),
        ("Bridges Act of 1907-OHIO", False),
        ("Democratomics Act", False),
    ],
)
def test_titles_that_may_hide_it(title: str, looked_at: bool) -> None:
    assert worth_a_look(title) is looked_at


def test_versions_without_an_address_have_one_and_those_without_a_text_are_left_out() -> None:
    listed = [
        ("Public Law", None, None),
        ("Introduced in House", "2026-01-02T05:00:00Z", None),
        ("Public Law", None, "https://www.congress.gov/119/plaws/publ8/PLAW-119publ8_uslm.xml"),
        ("Enrolled Bill", None, "https://www.congress.gov/119/bills/hr1/BILLS-119hr1enr.xml"),
    ]
    found = list(bill_versions(listed, 119, "HR", "1"))
    assert [one.url.rpartition("/")[2] for one in found] == [
        "BILLS-119hr1ih.xml", "PLAW-119publ8.htm", "BILLS-119hr1enr.xml",
    ]  # fmt: skip
    assert [one.date for one in found] == ["2026-01-02", None, None]


def test_summaries_lose_their_mark_up() -> None:
    assert plain_words("<p>Hemp &amp; <b>kratom</b></p> <p>Act</p>") == "Hemp & kratom Act"


@pytest.mark.parametrize(
    "body",
    [
        b"<billStatus><version>3.0.0</version></billStatus>",
        b"<billStatus><bill><number>1</number><type>HR</type></bill></billStatus>",
        b"<billStatus><bill><congress>119</congress><type>HR</type></bill></billStatus>",
        b"<other><bill><congress>119</congress></bill></other>",
    ],
)
def test_a_status_file_that_has_moved(body: bytes) -> None:
    with pytest.raises(FaultError) as raised:
        read_status(page(body))
    assert raised.value.fault is Fault.LAYOUT


@pytest.mark.parametrize(
    "body", [b"<html><body>Sorry</body></html>", b"<bill><form>untitled</form></bill>"]
)
def test_a_text_that_is_no_bill(body: bytes) -> None:
    named = package_in("BILLS-119hr1ih")
    assert named is not None
    with pytest.raises(FaultError) as raised:
        bill_document(scraper(), page(body), named)
    assert raised.value.fault is Fault.LAYOUT


@real
@pytest.mark.parametrize(
    ("name", "key", "stage", "actions", "versions"),
    [
        ("actions-committees/BILLSTATUS-116hr5183.xml", "US/116/HR5183", "introduced", 1, 0),
        ("actions-committees/BILLSTATUS-116s2902.xml", "US/116/S2902", "introduced", 1, 0),
        ("legacy/BILLSTATUS-114s1300.xml", "US/114/S1300", "enacted", 5, 0),
        ("legacy/BILLSTATUS-114sres105.xml", "US/114/SRES105", "adopted", 2, 0),
        ("formatChange/future/BILLSTATUS-117s35.xml", "US/117/S35", "passed-first-chamber", 3, 2),
        ("formatChange/future/BILLSTATUS-117sconres7.xml", "US/117/SCONRES7", "introduced", 1, 1),
        ("textVersions/DEV-BILLSTATUS-115s3509.xml", "US/115/S3509", "passed", 3, 2),
    ],
)
def test_real_status_files(name: str, key: str, stage: str, actions: int, versions: int) -> None:
    found = read_status(page((US / "govinfo_billstatus" / name).read_bytes()))
    assert found.key == key
    made = from_congress(found.bill, found.actions, versions=found.versions())
    assert made.key == key
    assert made.stage.value == stage
    assert made.introduced == found.bill["introducedDate"]
    assert len(made.actions) >= actions
    assert len(made.versions) >= versions
    assert found.words
    json.dumps(found.words)


@real
def test_both_generations_say_the_same_of_one_bill() -> None:
    folder = US / "unitedstates_congress_format/data/116/bills/hr/hr1500"
    found = read_status(page((folder / "fdsys_billstatus.xml").read_bytes()))
    told = json.loads((folder / "data.json").read_text())
    assert found.key == "US/116/HR1500"
    assert found.bill["introducedDate"] == told["introduced_at"]
    made = from_congress(found.bill, found.actions, versions=found.versions())
    assert made.stage is Stage.PASSED_FIRST_CHAMBER
    assert len({(one.date, one.text) for one in made.actions}) == len(made.actions)


@real
@pytest.mark.parametrize(
    ("file", "package", "day", "kind"),
    [
        ("HJ100_IH.XML", "BILLS-116hjres100ih", None, InstrumentKind.BILL),
        ("HR1000_IH.XML", "BILLS-116hres1000ih", "2020-06-11", InstrumentKind.RESOLUTION),
        ("h1058_enr.XML", "BILLS-116hr1058enr", None, InstrumentKind.BILL),
        ("S1900_RS.xml", "BILLS-116s1900rs", None, InstrumentKind.BILL),
        ("BILLS-118s1325rs.xml", "BILLS-118s1325rs", None, InstrumentKind.BILL),
    ],
)
def test_real_texts_in_uslm(file: str, package: str, day: str | None, kind: InstrumentKind) -> None:
    named = package_in(package)
    assert named is not None
    document = bill_document(
        scraper(), page((US / "govinfo_uslm/bills" / file).read_bytes()), named
    )
    assert document.kind is kind
    assert not document.mentions
    assert not document.title.startswith("11")
    assert document.characters
    assert document.characters > 1_000
    if day:
        assert document.published == day


@real
def test_a_real_text_names_the_plant_only_to_spare_it() -> None:
    named = package_in("BILLS-119hr8000ih")
    assert named is not None
    path = US / "kratom_bills/usa/119/HR8000/files/BILLS-119hr8000ih_Introduced_in_House.xml"
    document = bill_document(scraper(), page(path.read_bytes()), named)
    assert document.title == "End Needless Distribution of 7-OH Act"
    assert document.published == "2026-03-19"
    assert {one.term.casefold() for one in document.mentions} >= {
        "7-hydroxymitragynine", "mitragyna speciosa", "kratom",
    }  # fmt: skip


@real
def test_the_real_answers_of_congress_gov_have_the_shape_that_is_relied_on() -> None:
    from kratom_atlas.read.structured import parse_json
    from scrapers.us_congress import Listing, Part, Single, Summaries

    folder = US / "congress_gov/json_httptest"
    of = "v3/bill/117/hr/3076"
    single = parse_json((folder / f"bill2/{of}-f60c0f.json").read_bytes(), Single)
    assert single.bill.key == "US/117/HR3076"
    assert parse_json((folder / "bill/v3/bill-f60c0f.json").read_bytes(), Listing).bills
    assert parse_json(
        (folder / "summaries/v3/summaries-f60c0f.json").read_bytes(), Summaries
    ).summaries
    part = parse_json((folder / f"bill4/{of}/text-f60c0f.json").read_bytes(), Part)
    assert part.text
    assert len(part.text) == 8
    raw = json.loads((folder / f"bill3/{of}/actions-f60c0f.json").read_text())
    assert parse_json(json.dumps(raw).encode(), Part).actions
    bill = json.loads((folder / f"bill2/{of}-f60c0f.json").read_text())["bill"]
    made = from_congress(bill, raw["actions"], today=date(2026, 11, 22))
    assert made.stage is Stage.ENACTED
    assert made.enacted == "2022-04-06"


@real
def test_real_lists_of_the_federal_register_and_its_days_of_effect() -> None:
    import gzip

    from kratom_atlas.read.lifecycle import effective_in
    from kratom_atlas.read.structured import parse_json
    from scrapers.us_federal_register import Listing

    path = US / "federal_register/documents_2024_page_all_fields.json.gz"
    listed = parse_json(gzip.decompress(path.read_bytes()), Listing)
    assert len(listed.results) == 1_000
    rules = [one for one in listed.results if one.type == "Rule" and one.effective_on]
    worded = [(one.effective_on, effective_in(one.dates or "")) for one in rules]
    named = [(field, words) for field, words in worded if words]
    assert len(named) > 80
    assert all(field == words for field, words in named)
