"""Finlex: statutes of Finland, as published and as they stand, from the open data service.

Layout. `GET https://opendata.finlex.fi/finlex/avoindata/v1/akn/fi/act/statute/list` (as published)
and `.../statute-consolidated/list` (as they stand) answer with `[{"akn_uri", "status"}]`, newest
first, at most 10 a page, no total; a page of fewer is the last, and `[]` is a good answer.
`publishedSince` keeps what is new or modified since a moment; `langAndVersion=fin@` keeps the
latest Finnish version of each, yet Swedish rows are mixed in. `akn_uri` is the address of the text
in Akoma Ntoso: `.../statute-consolidated/2014/1130/fin@20160186` ends with the amending act
(186/2016). A bare `fin@` is the first consolidated version or not there at all; `fin@latest` is
answered with the current one (UNCONFIRMED beyond one client). An answer may be a list (`Results`)
of the same act in two languages, in any order. 429: wait.

The act is known by its work (`statute-consolidated/2014/1130`), so that a new version is a change.
`isInForce` is false for four acts in ten, and may turn so without a new version. Annexes that are
pictures or PDF files (`media/`) are not read. The consolidated texts are an editorial product; the
service names CC BY 4.0 for all.

History of breakage. None seen yet (built 2026-11-22 from recorded answers). One of those was
encoded in UTF-8 twice; that is repaired when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.akoma import children, documents, identify, own_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

API: Final = "https://opendata.finlex.fi/finlex/avoindata/v1/akn/fi/act"
COLLECTIONS: Final = ("statute", "statute-consolidated")
ANCHORS: Final = ("statute-consolidated/2014/1130", "statute-consolidated/2008/543")
"""Psychoactive substances banned from the consumer market, and narcotics: decrees with lists."""
ROWS: Final = 10
ADDRESS: Final = re.compile(r".*/akn/fi/act/((?:[\w-]+)/\d{4}/[\w-]+)/([a-z]{3})@(\w*)")


class Row(Struct):
    """One entry of a list."""

    akn_uri: str


class FiFinlex(Scraper):
    """Reads what is new or modified, and the two decrees that list substances."""

    source: ClassVar = Source(
        id="fi_finlex",
        title="Finlex open data",
        publisher="Ministry of Justice (Finland)",
        covers=("FI",),
        kind=SourceKind.STATUTES,
        homepage="https://www.finlex.fi/en/open-data",
        licence="CC BY 4.0; statutes as published are not protected",
        terms="An open API without a key; it wants a user agent and answers 429 to haste.",
        hosts=("opendata.finlex.fi",),
        schedule="47 4 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(1, 10_000), observed=(0, 100)),
        cadence=730,
        overlap=3,
        first=30,
        language="fi",
    )

    def start(self) -> Iterable[Fetch]:
        """The two lists, the decrees, and what is known."""
        for collection in COLLECTIONS:
            yield self._list(collection, 1)
        for work in self._watched():
            yield self.get(
                f"{API}/{work}/fin@latest", self.read, expect=AKOMA, about=work,
                essential=work in ANCHORS,
            )  # fmt: skip

    def listing(self, page: Page, collection: str, number: int) -> Iterable[Yield]:
        """What is new or modified, in Finnish."""
        rows = page.json(list[Row])
        self.examine(len(rows))
        for row in rows:
            parts = ADDRESS.fullmatch(row.akn_uri)
            if parts is None:
                raise FaultError(Fault.LAYOUT, f"not the address of an act: {row.akn_uri}")
            work, language, version = parts.groups()
            if language == "fin" and work not in self._watched():
                yield self.get(f"{API}/{work}/fin@{version}", self.read, expect=AKOMA, about=work)
        if len(rows) >= ROWS:
            yield self._list(collection, number + 1)

    def read(self, page: Page) -> Iterable[Yield]:
        """The act, in Finnish where the answer has several languages."""
        self.examine()
        acts = documents(page.xml())
        act = next((one for one in acts if identify(one).language == "fin"), None)
        if act is None:
            raise FaultError(Fault.LAYOUT, "no Finnish expression")
        said = identify(act)
        work = said.work.removeprefix("/akn/fi/act/")
        if not said.title:
            raise FaultError(Fault.LAYOUT, f"{work}: no title")
        in_force = _attribute(act, "isInForce", "value")
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=work,
                    title=said.title,
                    jurisdiction="ocd-division/country:fi",
                    url=said.aliases.get("eli") or page.url,
                    text=page.text() if len(acts) == 1 else own_text(act),
                    kind=_kind(act, work),
                    number=said.number,
                    published=said.dates.get("datePublished") or said.dates.get("dateIssued"),
                    effective=_attribute(act, "inForce", "date", "dateEntryIntoForce"),
                    version=said.version or said.dates.get("dateConsolidated"),
                    locator=said.expression,
                    note="Not in force, says Finlex." if in_force == "false" else None,
                )
            ]
        )

    def _watched(self) -> dict[str, None]:
        """The decrees, and what is known of the acts as they stand: read whether listed or not."""
        known = (work for work in self.known if work.startswith("statute-consolidated/"))
        return dict.fromkeys((*ANCHORS, *known))

    def _list(self, collection: str, number: int) -> Fetch:
        params = {
            "format": "json", "page": number, "limit": ROWS, "langAndVersion": "fin@",
            "publishedSince": f"{self.since.isoformat()}T00:00:00",
        }  # fmt: skip
        return self.get(
            f"{API}/{collection}/list", self.listing, params=params, expect=JSON, essential=True,
            collection=collection, number=number,
        )  # fmt: skip


def _kind(act: _Element, work: str) -> InstrumentKind:
    """Acts and decrees, as published or as they stand."""
    if _attribute(act, "typeStatute", "refersTo") == "#decree":
        return InstrumentKind.REGULATION
    if work.startswith("statute-consolidated/"):
        return InstrumentKind.STATUTE
    return InstrumentKind.SESSION_LAW


def _attribute(act: _Element, name: str, attribute: str, *below: str) -> str | None:
    """An attribute of what Finlex adds to the meta of an act."""
    found = next(children(act, "meta", "proprietary", name, *below), None)
    return found.get(attribute) if found is not None else None


AKOMA: Final = Expect(media=("xml",), smallest=300, contains=("<akomaNtoso", "<FRBRWork"))
