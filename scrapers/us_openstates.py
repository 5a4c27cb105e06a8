"""Open States, API v3: bills of the 50 states, the District of Columbia, Puerto Rico and Congress.

Layout. `GET /bills` needs `q` or `jurisdiction` and gives at most 20 bills a page with
`pagination.max_page`, beyond which it answers 404. `updated_since` is inclusive and counts every
touch by their importer. Sorting has no tie-break, so pages shift: instead of page after page, the
list is asked for again from the `updated_at` of its last entry on. `GET /bills/{id}` is a bill;
relations that are not asked for by `include` are absent. A missing key is 403, an unknown one 401,
one request too many 429. A free key has 10 requests a minute and 250 a day.

`q` is a web search of PostgreSQL: quoted phrases, OR, `-`. It begins with a word on purpose: what
looks like a number of a bill (`MGM15`) is taken for one. It searches ONE text of each bill, made
by extractors that fail silently; their maintainers call it incomplete (openstates/issues 1371: for
Hawaii it stood still at 2023). So `q` alone is never relied on: each legislature is swept once a
week by `updated_since`, on its own weekday, and titles and abstracts are matched here. 29 in 100
kratom bills do not name it there; LegiScan and the bulk files find these. In the high season 20
pages do not hold a week of the largest legislatures: what is beyond is left to the next week's
look, which begins a day before it, and to the search.

Half of the actions have no classification, `passage` is over-applied in some states, bills of one
year of a biennium may come again in the other. No action says when an act takes effect. Texts are
on the sites of 52 legislatures and are not read here: each version is given with its address.
UNCONFIRMED: the whole shape of `pagination` (results are from recorded answers), and that the
window of `updated_since` counts microseconds.

History of breakage. None seen yet (built 2026-11-22 from recorded answers and the OpenAPI file).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar, Final
from zlib import crc32

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.openstates import (
    KEY,
    PLACES,
    RATE,
    Bill,
    Mark,
    instrument,
    marked,
)
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://v3.openstates.org"
QUERY: Final = 'kratom OR mitragynine OR mitragyna OR "7-hydroxymitragynine" OR pseudoindoxyl'
LISTED: Final = Expect(media=("json",), smallest=2, contains=('"results"', '"pagination"'))
BILL: Final = Expect(media=("json",), smallest=2, contains=('"identifier"',))
RELATIONS: Final = (
    "abstracts", "other_titles", "actions", "versions", "sources", "related_bills",
)  # fmt: skip
PER_PAGE: Final = 20
WEEK: Final = 7
SWEEP: Final = 8
"""Days that the weekly look at a legislature reaches back."""
PAGES: Final = 20
"""So many pages of one sweep are read: seven or eight of them fit into the day's allowance."""
WATCH: Final = 28
"""In so many days each known bill is looked at, whether or not any list still has it."""


class Pagination(Struct):
    """Where a list ends."""

    page: int
    max_page: int
    total_items: int


class Listing(Struct):
    """A page of bills."""

    results: list[Bill]
    pagination: Pagination


class UsOpenstates(Scraper):
    """Searches, sweeps, and reads each bill that names kratom or once did."""

    source: ClassVar = Source(
        id="us_openstates",
        title="Open States API",
        publisher="Open States (Plural)",
        covers=("US", "US-*"),
        kind=SourceKind.BILLS,
        homepage="https://docs.openstates.org/api-v3/",
        licence="Public domain, as Open States has dedicated it; attribution is appreciated",
        terms="A free key: 10 requests a minute and 250 a day.",
        hosts=("v3.openstates.org",),
        schedule="23 10 * * *",
        key=KEY,
        rate=RATE,
        bounds=Bounds(examined=(0, 20_000), observed=(0, 5_000)),
        cadence=30,
        overlap=1,
        first=730,
    )

    def start(self) -> Iterable[Fetch]:
        """The search, known bills whose turn it is, and the legislatures of this weekday."""
        yield self._list({"q": QUERY}, f"{self.since}T00:00:00Z", 1, 0, found=True)
        for key, mark in marked(self.known).values():
            if crc32(key.encode()) % WATCH == self.today.toordinal() % WATCH:
                yield self._bill(mark.id, key, found=False)
        since = self.today - timedelta(days=SWEEP)
        for number, place in enumerate(PLACES):
            if number % WEEK == self.today.toordinal() % WEEK:
                yield self._list({"jurisdiction": place}, f"{since}T00:00:00Z", 1, 0, found=False)

    def listing(
        self, page: Page, asked: dict[str, str], since: str, number: int, read: int, found: bool
    ) -> Iterable[Yield]:
        """The rest of the list, and before it each bill that is new or has changed.

        `found`: the bills are here because their text names kratom.
        """
        listed = page.json(Listing)
        self.examine(len(listed.results), total=listed.pagination.total_items)
        if listed.pagination.max_page > number and (found or read + 1 < PAGES):
            last = listed.results[-1].updated_at
            if last is None:
                raise FaultError(Fault.LAYOUT, "a bill without updated_at")
            # More bills of one moment than a page holds: only then by number.
            number, since = (number + 1, since) if last == since else (1, last)
            yield self._list(asked, since, number, read + 1, found=found)
        for bill in listed.results:
            yield from self._follow(bill, found)

    def bill(self, page: Page, found: bool) -> Iterable[Yield]:
        """A bill, if it names kratom, was found by the search, or is known."""
        bill = page.json(Bill)
        if bill.id is None or bill.updated_at is None:
            raise FaultError(Fault.LAYOUT, "a bill without id or updated_at")
        if found or bill.mentions or bill.key in self.known:
            note = (
                None if bill.mentions else "It is in its text only, or was, that it names kratom."
            )
            version = str(Mark(bill.id, bill.updated_at))
            yield instrument(bill, page, today=self.today, version=version, note=note)

    def _follow(self, bill: Bill, found: bool) -> Iterable[Yield]:
        if bill.id is None or bill.updated_at is None:
            raise FaultError(Fault.LAYOUT, "a bill without id or updated_at")
        if self.stands(bill.key, str(Mark(bill.id, bill.updated_at))):
            yield Still(bill.key)
        elif found or bill.key in self.known or bill.mentions:
            yield self._bill(bill.id, bill.key, found=found)

    def _bill(self, own: str, key: str, *, found: bool) -> Fetch:
        return self.get(
            f"{API}/bills/{own}", self.bill, params={"include": RELATIONS}, expect=BILL,
            about=key, found=found,
        )  # fmt: skip

    def _list(
        self, asked: dict[str, str], since: str, number: int, read: int, *, found: bool
    ) -> Fetch:
        params = {
            **asked, "updated_since": since, "sort": "updated_asc", "page": number,
            "per_page": PER_PAGE, "include": ("abstracts", "other_titles"),
        }  # fmt: skip
        return self.get(
            f"{API}/bills", self.listing, params=params, expect=LISTED, essential=found,
            asked=asked, since=since, number=number, read=read, found=found,
        )  # fmt: skip
