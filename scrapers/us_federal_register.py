"""Federal Register: rules, proposed rules and notices of the United States.

Layout. `GET /api/v1/documents.json` answers with `count`, `total_pages`, `next_page_url` and
`results`; where nothing is found, `results` is absent. Terms are joined by AND, a quoted phrase
stands as it is and `|` separates alternatives. At most 50 pages are served, and a page beyond
starts again with the first: a search must stay below 10,000 documents. `next_page_url` may lack
the host. `effective_on` is often empty while `dates` says it in words; a day that these name is
taken, one that has to be computed is not. Dockets, RIN and the parts of the CFR tie the documents
of one procedure together: notice of intent, proposal, rule or withdrawal. A correction is a
document of its own, with `correction_of`.

The full text is in `full_text_xml_url` and `raw_text_url`; the latter is wrapped in `<pre>`.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind

API = "https://www.federalregister.gov/api/v1/documents.json"
TERMS = (
    'kratom | mitragynine | "mitragyna speciosa" | "7-hydroxymitragynine" | pseudoindoxyl'
)  # fmt: skip
FIELDS = (
    "document_number", "title", "type", "action", "abstract", "dates", "effective_on",
    "publication_date", "html_url", "raw_text_url", "docket_ids", "correction_of", "citation",
    "cfr_references", "comments_close_on", "regulation_id_numbers",
)  # fmt: skip
KINDS = {
    "Rule": InstrumentKind.REGULATION,
    "Proposed Rule": InstrumentKind.REGULATION,
    "Notice": InstrumentKind.GUIDANCE,
    "Presidential Document": InstrumentKind.GUIDANCE,
}


class Reference(Struct):
    """A part of the Code of Federal Regulations that a document touches."""

    title: int | None = None
    part: int | str | None = None


class Entry(Struct):
    """One document, as the search lists it."""

    document_number: str
    title: str
    type: str
    publication_date: str
    html_url: str
    raw_text_url: str | None = None
    action: str | None = None
    abstract: str | None = None
    dates: str | None = None
    effective_on: str | None = None
    docket_ids: list[str] = field(default_factory=list)
    correction_of: str | None = None
    citation: str | None = None
    comments_close_on: str | None = None
    cfr_references: list[Reference] = field(default_factory=list)
    regulation_id_numbers: list[str] = field(default_factory=list)


class Listing(Struct):
    """A page of the search."""

    count: int
    total_pages: int = 0
    next_page_url: str | None = None
    results: list[Entry] = field(default_factory=list)


class UsFederalRegister(Scraper):
    """Searches by term since the last look, and reads the text of each hit."""

    source: ClassVar = Source(
        id="us_federal_register",
        title="Federal Register",
        publisher="Office of the Federal Register, National Archives (United States)",
        covers=("US",),
        kind=SourceKind.REGISTER,
        homepage="https://www.federalregister.gov/developers/documentation/api/v1",
        licence="Public domain (17 USC 105)",
        terms="An open API without a key; robots.txt keeps machines off the search pages only.",
        hosts=("www.federalregister.gov",),
        schedule="15 11 * * mon-fri",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 2_000), observed=(0, 500)),
        cadence=120,
        overlap=7,
        first=3_650,
    )

    def start(self) -> Iterable[Fetch]:
        """The search, by date of publication."""
        params: list[tuple[str, Any]] = [
            ("conditions[term]", TERMS),
            ("conditions[publication_date][gte]", self.since.isoformat()),
            ("order", "newest"),
            ("per_page", 100),
            *(("fields[]", name) for name in FIELDS),
        ]
        yield self.get(API, self.listing, params=params, expect=COUNTED, essential=True)

    def listing(self, page: Page) -> Iterable[Yield]:
        """Each hit, and the next page."""
        listed = page.json(Listing)
        self.examine(len(listed.results))
        for entry in listed.results:
            if entry.raw_text_url:
                yield self.get(
                    entry.raw_text_url, self.text, about=entry.document_number,
                    expect=ANYTHING, entry=msgspec.to_builtins(entry),
                )  # fmt: skip
            else:
                yield self._document(page, entry, None)
        if listed.next_page_url:
            yield self.get(
                self.join(page, listed.next_page_url), self.listing, expect=COUNTED, essential=True
            )

    def text(self, page: Page, entry: dict[str, Any]) -> Iterable[Yield]:
        """The document itself."""
        yield self._document(page, msgspec.convert(entry, Entry), page)

    def _document(self, page: Page, entry: Entry, text: Page | None) -> Yield:
        from kratom_atlas.read.lifecycle import effective_in
        from kratom_atlas.read.upstream import register_stage

        moved = register_stage(entry.type, entry.action, entry.title)
        worded = effective_in(entry.dates or "") if entry.type == "Rule" else None
        return self.document(
            page,
            key=entry.document_number,
            title=entry.title,
            jurisdiction="ocd-division/country:us",
            url=entry.html_url,
            text=text.text() if text else f"{entry.title} {entry.abstract or ''}",
            kind=moved.kind if moved.stage else KINDS.get(entry.type),
            number=entry.citation or entry.document_number,
            published=entry.publication_date,
            effective=entry.effective_on or worded,
            note=" ".join(_notes(entry)),
            text_held=text is not None,
        )


def _notes(entry: Entry) -> Iterable[str]:
    """What its record says of a document, and what links it to others of the same procedure."""
    said = (f"{entry.type}.", entry.action, entry.dates)
    yield from dict.fromkeys(filter(None, said))
    if entry.correction_of:
        yield f"Corrects {entry.correction_of}."
    parts = [f"{one.title} CFR {one.part}" for one in entry.cfr_references if one.part]
    if parts:
        yield f"{', '.join(parts)}."
    for name, numbers in (("Docket", entry.docket_ids), ("RIN", entry.regulation_id_numbers)):
        if numbers:
            yield f"{name}: {', '.join(numbers)}."
    if entry.comments_close_on:
        yield f"Comments until {entry.comments_close_on}."


COUNTED = Expect(media=JSON.media, smallest=2, contains=('"count"',))
