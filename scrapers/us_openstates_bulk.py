"""Open States bulk files: each session of each legislature, with one text of every bill.

Layout. `GET /jurisdictions?include=legislative_sessions` of the API (key, 52 a page at most) lists
the sessions; `downloads[]` of a session has the addresses of its archives, which end in a random
word, with `data_type` (`csv`, `json`) and `updated_at`. The JSON archive holds a README and
`{st}/{session}/{st}_{session}_bills.json`, one list of all bills: the name of the place instead of
its id, `chamber`, actions with `organization__name`, no `updated_at`, related bills by an id only,
and, where their extractor had any, `raw_text` with `raw_text_url`: one version, not always the
newest. Archives are made about monthly, those of closed sessions seldom; all are read whose
`updated_at` is after the last look. The search of the API goes over the same texts, but through an
index that has gaps; here each is read.

This is the net for bills that name kratom in their text only. The stage of a bill is better had
from the daily sources: an archive is as old as it says. Archives of large sessions have 100 MB and
more. UNCONFIRMED: that the listing still fills `downloads` for all sessions, and that the host of
the archives takes the header with the key without complaint.

History of breakage. None seen yet (built 2026-11-22 from the exporter's format and the OpenAPI).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.openstates import (
    KEY,
    RATE,
    Abstract,
    ActionRow,
    Bill,
    Jurisdiction,
    Link,
    Organization,
    Title,
    Version,
    instrument,
)
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ZIP, Bounds, Expect, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://v3.openstates.org"
LISTED: Final = Expect(media=("json",), smallest=2, contains=('"results"', '"pagination"'))
UNPACKED: Final = 480 * 1024 * 1024
HOUSES: Final = (
    ("upper", re.compile(r"\bsenate\b", re.IGNORECASE)),
    ("lower", re.compile(r"\b(?:house|assembly|delegates|representatives)\b", re.IGNORECASE)),
    ("executive", re.compile(r"\b(?:governor|executive|mayor|president)\b", re.IGNORECASE)),
)


class Download(Struct):
    """An archive of a session."""

    url: str
    data_type: str
    updated_at: str


class Session(Struct):
    """A session."""

    identifier: str
    downloads: list[Download] = field(default_factory=list)


class Place(Struct):
    """A jurisdiction with its sessions."""

    id: str
    legislative_sessions: list[Session]


class Pagination(Struct):
    """Where the list ends."""

    page: int
    max_page: int


class Listing(Struct):
    """A page of jurisdictions."""

    results: list[Place]
    pagination: Pagination


class BulkAction(Struct):
    """An action, by the name of who acted."""

    description: str
    date: str | None = None
    organization__name: str | None = None
    classification: list[str] = field(default_factory=list)
    order: int = 0


class BulkBill(Struct):
    """A bill, as the archives have it."""

    identifier: str
    title: str
    legislative_session: str
    classification: list[str] = field(default_factory=list)
    abstracts: list[Abstract] = field(default_factory=list)
    other_titles: list[Title] = field(default_factory=list)
    actions: list[BulkAction] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    sources: list[Link] = field(default_factory=list)
    raw_text: str | None = None
    raw_text_url: str | None = None

    def bill(self, place: str) -> Bill:
        """It, in the shape that the other sources have."""
        return Bill(
            identifier=self.identifier,
            title=self.title,
            jurisdiction=Jurisdiction(id=place),
            legislative_session=self.legislative_session,
            classification=self.classification,
            abstracts=self.abstracts,
            other_titles=self.other_titles,
            actions=[
                ActionRow(
                    description=one.description,
                    date=one.date,
                    organization=Organization(classification=chamber(one.organization__name)),
                    classification=one.classification,
                )
                for one in sorted(self.actions, key=lambda one: one.order)
            ],
            versions=self.versions,
            sources=self.sources,
        )


class UsOpenstatesBulk(Scraper):
    """Reads each archive that is newer than the last look, and keeps what names kratom."""

    source: ClassVar = Source(
        id="us_openstates_bulk",
        title="Open States bulk data",
        publisher="Open States (Plural)",
        covers=("US", "US-*"),
        kind=SourceKind.BILLS,
        homepage="https://open.pluralpolicy.com/data/session-json/",
        licence="Public domain, as Open States has dedicated it; attribution is appreciated",
        terms="Archives are free to all; the list of them needs a free key.",
        hosts=("v3.openstates.org", "data.openstates.org"),
        schedule="31 2 9 * *",
        key=KEY,
        rate=RATE,
        bounds=Bounds(examined=(0, 2_000_000), observed=(0, 20_000)),
        cadence=120,
        overlap=2,
        first=400,
        seconds=1_800,
        megabytes=512,
    )

    def start(self) -> Iterable[Fetch]:
        """The lists of jurisdictions: Congress is a country's."""
        for level in ("country", "state"):
            yield self._list(level, 1)

    def listing(self, page: Page, level: str, number: int) -> Iterable[Yield]:
        """Each archive that is newer than the last look, and the next page."""
        listed = page.json(Listing)
        if not listed.results:
            raise FaultError(Fault.LAYOUT, "no jurisdiction is listed")
        if number < listed.pagination.max_page:
            yield self._list(level, number + 1)
        for place in listed.results:
            for session in place.legislative_sessions:
                for one in session.downloads:
                    if one.data_type == "json" and one.updated_at[:10] >= self.since.isoformat():
                        yield self.get(
                            one.url, self.archive, expect=ZIP, place=place.id,
                            made=one.updated_at,
                        )  # fmt: skip

    def archive(self, page: Page, place: str, made: str) -> Iterable[Yield]:
        """The bills of a session that name kratom, and their texts."""
        from kratom_atlas.read.archive import members
        from kratom_atlas.read.structured import parse_json
        from kratom_atlas.read.terms import names_kratom

        count = 0
        for name, body in members(
            page.body, only=lambda name: name.endswith("_bills.json"), max_member=UNPACKED
        ):
            rows = parse_json(body, list[msgspec.Raw], limit=UNPACKED)
            count += len(rows)
            for row in rows:
                raw = bytes(row)
                # Most bills do not, and this is cheaper than to read them.
                if names_kratom(raw) or self._is_known(raw, place):
                    yield from self._read(page, parse_json(raw, BulkBill), place, made, name)
        if not count:
            raise FaultError(Fault.LAYOUT, "no bill in the archive of a session")
        self.examine(count)

    def _is_known(self, raw: bytes, place: str) -> bool:
        from kratom_atlas.read.structured import parse_json

        return bool(self.known) and parse_json(raw, BulkBill).bill(place).key in self.known

    def _read(self, page: Page, row: BulkBill, place: str, made: str, name: str) -> Iterator[Yield]:
        bill = row.bill(place)
        key = f"{bill.key}/text"
        texts = []
        if row.raw_text:
            texts = list(self.mentioning([self._text(page, bill, row, key=key, name=name)]))
        yield from texts
        if texts or bill.mentions or bill.key in self.known:
            yield instrument(
                bill, page, today=self.today, version=made, locator=f"{name}#{bill.identifier}"
            )

    def _text(self, page: Page, bill: Bill, row: BulkBill, *, key: str, name: str) -> Any:
        from kratom_atlas.read.lifecycle import code_of, division_of, kind_of, normal_number
        from kratom_atlas.read.text import normalise

        division = division_of(bill.jurisdiction.id)
        code = code_of(division)
        url = row.raw_text_url or next((one.url for one in bill.sources), page.url)
        return self.document(
            page,
            key=key,
            title=f"{bill.identifier}: {bill.title}",
            jurisdiction=division,
            url=url,
            text=normalise(row.raw_text or ""),
            kind=kind_of(code, bill.identifier, bill.classification),
            number=normal_number(bill.identifier, code),
            published=next(
                (one.date for one in bill.versions if url in [link.url for link in one.links]),
                None,
            ),
            locator=f"{name}#{bill.identifier}",
            note="The text as Open States extracted it.",
        )

    def _list(self, level: str, number: int) -> Fetch:
        params = {
            "classification": level, "include": "legislative_sessions", "per_page": 52,
            "page": number,
        }  # fmt: skip
        return self.get(
            f"{API}/jurisdictions", self.listing, params=params, expect=LISTED, essential=True,
            level=level, number=number,
        )  # fmt: skip


def chamber(name: str | None) -> str | None:
    """`upper` for a Senate: the archives give actors by name."""
    houses = [house for house, pattern in HOUSES if name and pattern.search(name)]
    return houses[0] if len(houses) == 1 else name
