"""Federal Register, public inspection: documents that are filed and not yet published.

Layout. `GET /api/v1/public-inspection-documents/current.json` answers with `count` and `results`:
all that is on public inspection today, some hundreds, each with the same `document_number` under
which it is published a day or some weeks later. A regular filing is shown the day before it is
published, a special one at any time: the earliest word of an order that schedules a substance. A
filed document may be withdrawn before it is published; then it is gone from the list.
`raw_text_url` is its text, `pdf_url` lies with another host and is not read. Days are local to
Washington and have an offset.

The texts of agencies that could schedule or regulate kratom are read, and those of other agencies
only where the title names it. UNCONFIRMED: whether `conditions[term]` searches the text of a filing
(so it is not used), and whether `raw_text_url` is there from the first minute.

History of breakage. None seen yet (built 2026-11-22 from recorded answers of 2020).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind

API: Final = "https://www.federalregister.gov/api/v1/public-inspection-documents/current.json"
READ: Final = frozenset(
    {
        "drug-enforcement-administration", "food-and-drug-administration",
        "health-and-human-services-department", "justice-department",
        "substance-abuse-and-mental-health-services-administration",
        "executive-office-of-the-president",
    }
)  # fmt: skip
KINDS: Final = {
    "Rule": InstrumentKind.REGULATION,
    "Proposed Rule": InstrumentKind.REGULATION,
    "Notice": InstrumentKind.GUIDANCE,
    "Presidential Document": InstrumentKind.GUIDANCE,
}
LISTED: Final = Expect(media=JSON.media, smallest=2, contains=('"count"',))


class Agency(Struct):
    """Who files it."""

    slug: str | None = None
    raw_name: str | None = None


class Filing(Struct):
    """A document on public inspection."""

    document_number: str
    title: str
    type: str
    html_url: str
    filed_at: str | None = None
    publication_date: str | None = None
    filing_type: str | None = None
    raw_text_url: str | None = None
    editorial_note: str | None = None
    docket_numbers: list[str] = field(default_factory=list)
    agencies: list[Agency] = field(default_factory=list)


class Listing(Struct):
    """All that is on public inspection."""

    count: int
    results: list[Filing] = field(default_factory=list)


class UsFrInspection(Scraper):
    """Reads what the agencies concerned have filed."""

    source: ClassVar = Source(
        id="us_fr_inspection",
        title="Federal Register: public inspection",
        publisher="Office of the Federal Register, National Archives (United States)",
        covers=("US",),
        kind=SourceKind.REGISTER,
        homepage="https://www.federalregister.gov/public-inspection/current",
        licence="Public domain (17 USC 105)",
        terms="An open API without a key; filings are unofficial until they are published.",
        hosts=("www.federalregister.gov",),
        schedule="21 13,21 * * mon-fri",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 3_000), observed=(0, 200)),
        cadence=365,
    )

    def start(self) -> Iterable[Fetch]:
        """What is on public inspection."""
        yield self.get(API, self.listing, expect=LISTED, essential=True)

    def listing(self, page: Page) -> Iterable[Yield]:
        """Each filing of the agencies concerned, and any whose title names kratom."""
        listed = page.json(Listing)
        self.examine(len(listed.results), total=listed.count)
        for filing in listed.results:
            concerned = any(agency.slug in READ for agency in filing.agencies)
            known = filing.document_number in self.known
            if filing.raw_text_url and (concerned or known):
                yield self.get(
                    filing.raw_text_url, self.text, expect=ANYTHING,
                    about=filing.document_number if known else None,
                    filing=msgspec.to_builtins(filing),
                )  # fmt: skip
            else:
                yield from self.mentioning([self._document(page, filing, None)])

    def text(self, page: Page, filing: dict[str, Any]) -> Iterable[Yield]:
        """A filing that names kratom."""
        yield from self.mentioning([self._document(page, msgspec.convert(filing, Filing), page)])

    def _document(self, page: Page, filing: Filing, text: Page | None) -> Document:
        from kratom_atlas.read.upstream import register_stage

        moved = register_stage(filing.type, None, filing.title)
        agencies = [agency.raw_name for agency in filing.agencies if agency.raw_name]
        note = [
            f"{filing.type} on public inspection",
            f"({filing.filing_type} filing)" if filing.filing_type else "",
            f"by {', '.join(agencies)}" if agencies else "",
            f"to be published {filing.publication_date}" if filing.publication_date else "",
        ]
        return self.document(
            page,
            key=filing.document_number,
            title=filing.title,
            jurisdiction="ocd-division/country:us",
            url=filing.html_url,
            text=text.text() if text else filing.title,
            kind=moved.kind if moved.stage else KINDS.get(filing.type),
            number=filing.document_number,
            published=filing.filed_at,
            note=" ".join(filter(None, note)) + f". {filing.editorial_note or ''}".rstrip(),
            text_held=text is not None,
        )
