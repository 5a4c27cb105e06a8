"""GovInfo: the full text of bills, laws, committee reports, the U.S. Code and the annual CFR.

Layout. `POST /search` takes a query over the full text, with fields (`collection:(A OR B)`,
`lastModified:range(FROM,)`), and answers with `results`, `count` and an `offsetMark` that is sent
back for the next page until `results` is empty. It is the only search in the texts of federal
bills, so it finds what Congress.gov cannot. A result is a package or a granule of one; `download`
has the addresses of its renditions, on the same host. A rendition that must first be made is
answered by 503 with `Retry-After: 30`. Some packages never get XML, and some texts lag days
behind their status. `lastModified` moves when a package is processed again (a whole edition of
the CFR at a time): it chooses what is looked at, and is no change in itself. At most 36,000
requests an hour. The Federal Register has its own source; speeches in the Congressional Record are
no law and are left out.

Bills: an older DTD, and USLM 2 from 2024 on; both are read. UNCONFIRMED: that AND joins a phrase
of alternatives with `lastModified:range`, which was recorded only after a single field.

History of breakage. None seen yet (built 2026-11-22 from recorded answers of 2018 and 2023).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.govinfo import US, bill_document, package_in
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, JSON, XML, Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://api.govinfo.gov/search"
TERMS: Final = 'kratom OR mitragynine OR mitragyna OR "7-hydroxymitragynine" OR pseudoindoxyl'
COLLECTIONS: Final = {
    "BILLS": InstrumentKind.BILL,
    "PLAW": InstrumentKind.SESSION_LAW,
    "STATUTE": InstrumentKind.SESSION_LAW,
    "USCODE": InstrumentKind.STATUTE,
    "CFR": InstrumentKind.REGULATION,
    "CRPT": None,
}
FOUND: Final = Expect(media=JSON.media, smallest=2, contains=('"results"', '"count"'))


class Download(Struct):
    """Where the renditions of a result are."""

    xmlLink: str | None = None  # noqa: N815
    txtLink: str | None = None  # noqa: N815
    pdfLink: str | None = None  # noqa: N815


class Result(Struct):
    """A package, or a granule of one."""

    title: str
    packageId: str  # noqa: N815
    collectionCode: str  # noqa: N815
    dateIssued: str  # noqa: N815
    resultLink: str  # noqa: N815
    granuleId: str | None = None  # noqa: N815
    download: Download = field(default_factory=Download)

    @property
    def key(self) -> str:
        """What GovInfo calls it."""
        return self.granuleId or self.packageId

    @property
    def url(self) -> str:
        """Where people read it."""
        granule = f"/{self.granuleId}" if self.granuleId else ""
        return f"https://www.govinfo.gov/app/details/{self.packageId}{granule}"


class Found(Struct):
    """A page of the search."""

    results: list[Result]
    count: int
    offsetMark: str | None = None  # noqa: N815


class UsGovinfo(Scraper):
    """Searches the texts since the last look, and reads each hit."""

    source: ClassVar = Source(
        id="us_govinfo",
        title="GovInfo: full text of bills and laws",
        publisher="Government Publishing Office (United States)",
        covers=("US",),
        kind=SourceKind.BILLS,
        homepage="https://www.govinfo.gov/developers",
        licence="Public domain (17 USC 105)",
        terms="An open API with a free key of api.data.gov; 36,000 requests an hour.",
        hosts=("api.govinfo.gov",),
        schedule="23 10 * * *",
        in_session="23 4,10,16,22 * * *",
        sittings=(("01-03", "12-31"),),
        key=Key(
            env="GOVINFO_API_KEY",
            place="header",
            name="X-Api-Key",
            register="https://www.govinfo.gov/api-signup",
        ),
        rate=Rate(delay=0.5, per_minute=120),
        bounds=Bounds(examined=(0, 5_000), observed=(0, 5_000)),
        cadence=120,
        overlap=7,
        first=14_600,
        seconds=120,
    )

    def start(self) -> Iterable[Fetch]:
        """The search, by date of last modification."""
        yield self._search("*", 0)

    def found(self, page: Page, seen: int) -> Iterable[Yield]:
        """Each hit, and the next page."""
        found = page.json(Found)
        self.examine(len(found.results), total=found.count, before=seen)
        for result in found.results:
            yield self._text(result) or self._record(page, result)
        seen += len(found.results)
        if found.results and found.offsetMark and seen < found.count:
            yield self._search(found.offsetMark, seen)

    def bill(self, page: Page, package: str) -> Iterable[Yield]:
        """The text of a version of a bill."""
        named = package_in(package)
        if named is None:
            raise FaultError(Fault.LAYOUT, f"{package} is no name of a bill")
        yield from self.mentioning([bill_document(self, page, named)])

    def text(self, page: Page, result: dict[str, Any]) -> Iterable[Yield]:
        """The text of anything else."""
        one = msgspec.convert(result, Result)
        document = self.document(
            page,
            key=one.key,
            title=one.title,
            jurisdiction=US,
            url=one.url,
            text=page.text(),
            kind=COLLECTIONS.get(one.collectionCode),
            number=one.key,
            published=one.dateIssued,
            note=f"In {one.packageId}." if one.granuleId else None,
        )
        yield from self.mentioning([document])

    def _search(self, mark: str, seen: int) -> Fetch:
        query = (
            f"({TERMS}) AND collection:({' OR '.join(COLLECTIONS)}) "
            f"AND lastModified:range({self.since}T00:00:00Z,)"
        )
        asked = {
            "query": query, "pageSize": "100", "offsetMark": mark, "resultLevel": "default",
            "historical": True, "sorts": [{"field": "publishdate", "sortOrder": "DESC"}],
        }  # fmt: skip
        return self.post(API, self.found, json=asked, expect=FOUND, essential=True, seen=seen)

    def _text(self, result: Result) -> Fetch | None:
        links = result.download
        if result.collectionCode == "BILLS" and links.xmlLink:
            return self.get(
                links.xmlLink, self.bill, expect=XML, about=result.key, package=result.packageId
            )
        address = links.txtLink or links.xmlLink or links.pdfLink
        if address is None:
            return None
        return self.get(
            address, self.text, expect=ANYTHING, about=result.key,
            result=msgspec.to_builtins(result),
        )  # fmt: skip

    def _record(self, page: Page, result: Result) -> Yield:
        return self.document(
            page, key=result.key, title=result.title, jurisdiction=US, url=result.url,
            text=result.title, kind=COLLECTIONS.get(result.collectionCode), number=result.key,
            published=result.dateIssued, note="Found by its text, which has no rendition here.",
            text_held=False,
        )  # fmt: skip
