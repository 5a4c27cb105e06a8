"""Verkhovna Rada: the legislation of Ukraine, by its open data.

Layout. `https://data.rada.gov.ua/laws/main/r/page1.json` lists the documents that were changed of
late (`cnt`, `from`, `max`, `list`), hundreds of them in pages; `/laws/card/NREG.json` is the
record of a document and `/laws/show/NREG.txt` its text in the present version. `nreg` is the
number of a document in the system (`1306-2024-п`, with a Cyrillic letter). Days are numbers such
as 20241115. Old pages are in windows-1251.

The token is sent as the user agent. Without a token of one's own, the open one that the publisher
names for everybody, `OpenData`, is sent to this host; a longer user agent was refused (403), so
the contact of this installation cannot stand in it. At most 60 requests a minute, 100,000 and
200 MB a day; a pause of five to seven seconds is asked for.

There is no search in texts by this interface. Read are the documents of `ANCHORS`, which list the
substances, and of the changed ones all but those of kinds that never rule on substances: rates of
the National Bank, appointments, decorations. What the numbers in `status` mean is UNCONFIRMED, so
they are noted and nothing follows from them; of `typ`, 1 is an act and 6 an order in recordings,
and 2 a resolution (UNCONFIRMED).

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, JSON, Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind

HOST: Final = "https://data.rada.gov.ua"
OPEN: Final = {"User-Agent": "OpenData"}
ANCHORS: Final = ("770-2000-п", "1306-2024-п", "60/95-вр")
"""List of narcotics, the resolution that put kratom on it, and the act on narcotics."""
SKIPPED: Final = re.compile(
    r"офіційний курс|облікову ціну|^про (?:призначення|звільнення|відзначення|нагородження)",
    re.IGNORECASE,
)
LAW, RESOLUTION, ORDER = 1, 2, 6


class Entry(Struct):
    """A document that was changed."""

    nreg: str
    nazva: str
    orgdat: int
    poddat: int
    status: int = 0
    typ: int = 0
    n_vlas: str = ""
    datred: int | None = None


class Listing(Struct):
    """A page of what was changed."""

    count: int = field(name="cnt")
    first: int = field(name="from")
    entries: list[Entry] = field(name="list")


class UaRada(Scraper):
    """Reads the lists of substances, and what was changed since the last look."""

    source: ClassVar = Source(
        id="ua_rada",
        title="Legislation of Ukraine (Verkhovna Rada, open data)",
        publisher="Verkhovna Rada of Ukraine",
        covers=("UA",),
        kind=SourceKind.STATUTES,
        homepage="https://data.rada.gov.ua/open/main/api",
        licence="CC BY 4.0",
        terms="Open data with an open token; 60 requests a minute, 100,000 and 200 MB a day.",
        hosts=("data.rada.gov.ua",),
        schedule="7 0 * * *",
        key=Key(
            env="UA_RADA_TOKEN",
            place="header",
            name="User-Agent",
            register="https://data.rada.gov.ua/open/main/api",
            required=False,
        ),
        rate=Rate(delay=6.0, per_minute=10, per_day=3_000),
        bounds=Bounds(examined=(1, 10_000), observed=(0, 300)),
        cadence=365,
        overlap=3,
        first=14,
        language="uk",
    )

    def start(self) -> Iterable[Fetch]:
        """The lists of substances, and the first page of what was changed."""
        for nreg in ANCHORS:
            yield self.get(
                f"{HOST}/laws/card/{quote(nreg)}.json", self.card, expect=CARD, about=nreg,
                headers=OPEN,
            )  # fmt: skip
        yield self._list(1)

    def listing(self, page: Page, number: int) -> Iterable[Yield]:
        """Each document since the last look, and the next page."""
        listed = page.json(Listing)
        self.examine(len(listed.entries))
        since = int(f"{self.since:%Y%m%d}")
        for entry in listed.entries:
            is_new = max(entry.poddat, entry.orgdat, entry.datred or 0) >= since
            if entry.nreg in ANCHORS or SKIPPED.search(entry.nazva):
                continue
            if is_new or entry.nreg in self.known:
                yield self._read(entry)
        if listed.entries and listed.first + len(listed.entries) <= listed.count:
            yield self._list(number + 1)

    def card(self, page: Page) -> Iterable[Yield]:
        """The record of a document that is read whatever happens."""
        self.examine()
        yield self._read(page.json(Entry))

    def text(self, page: Page, entry: dict[str, Any]) -> Iterable[Yield]:
        """The text of a document; those that list the substances are observed in any case."""
        one = msgspec.convert(entry, Entry)
        document = self.document(
            page,
            key=one.nreg,
            title=one.nazva,
            jurisdiction="ocd-division/country:ua",
            url=f"https://zakon.rada.gov.ua/laws/show/{quote(one.nreg)}",
            text=page.text(),
            kind=KINDS.get(one.typ),
            number=one.n_vlas or one.nreg,
            published=str(one.orgdat),
            version=str(one.datred or one.poddat),
            note=f"status {one.status}, type {one.typ}",
        )
        if one.nreg in ANCHORS:
            yield document
        else:
            yield from self.mentioning([document])

    def _list(self, number: int) -> Fetch:
        return self.get(
            f"{HOST}/laws/main/r/page{number}.json", self.listing, expect=LISTED, essential=True,
            headers=OPEN, number=number,
        )  # fmt: skip

    def _read(self, entry: Entry) -> Fetch:
        return self.get(
            f"{HOST}/laws/show/{quote(entry.nreg)}.txt", self.text, about=entry.nreg,
            expect=ANYTHING, headers=OPEN, entry=msgspec.to_builtins(entry),
        )  # fmt: skip


KINDS: Final = {
    LAW: InstrumentKind.STATUTE,
    RESOLUTION: InstrumentKind.REGULATION,
    ORDER: InstrumentKind.REGULATION,
}
LISTED: Final = Expect(media=JSON.media, smallest=2, contains=('"list"',))
CARD: Final = Expect(media=JSON.media, smallest=2, contains=('"nreg"',))
