"""Regulations.gov: documents of federal rule-making dockets that are found by kratom's names.

Layout. `/v4/documents` is JSON:API: `data[]` with `id`, `attributes` and `links.self`, and `meta`
with `totalElements` and `hasNextPage`. `page[size]` 5 to 250, `page[number]` 1 to 20: 5,000
documents at most. To go on, the list is sorted by `lastModifiedDate` and asked again from the last
one's. That filter is in Eastern time (`YYYY-MM-DD HH:MM:SS`) while answers are in UTC.
`filter[searchTerm]` looks into titles, contents and attachments; each name is asked for on its
own, for no operators are documented. 1,000 requests an hour.

Only records are read. The text of a rule or notice is in the Federal Register (`frDocNum`).
Comments are named by their address and never asked for: lists of them hold the names of private
people, and there is no request for their number alone. UNCONFIRMED: whether a search term finds
what stands in scanned attachments.

History of breakage. None seen yet (built 2026-11-22 from the published OpenAPI description).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://api.regulations.gov/v4/documents"
SITE: Final = "https://www.regulations.gov"
TERMS: Final = ("kratom", "mitragynine", "7-hydroxymitragynine")
EASTERN: Final = ZoneInfo("America/New_York")
SIZE: Final = 250
LAST_PAGE: Final = 20
LISTED: Final = Expect(media=("json",), smallest=2, contains=('"data"', '"meta"'))
KINDS: Final = {
    "Rule": InstrumentKind.REGULATION,
    "Proposed Rule": InstrumentKind.REGULATION,
    "Notice": InstrumentKind.GUIDANCE,
}


class Attributes(Struct, rename="camel"):
    """What the list says of a document."""

    title: str
    document_type: str
    last_modified_date: str
    agency_id: str
    docket_id: str | None = None
    posted_date: str | None = None
    fr_doc_num: str | None = None
    comment_start_date: str | None = None
    comment_end_date: str | None = None
    withdrawn: bool | None = None


class Entry(Struct):
    """A document."""

    id: str
    attributes: Attributes


class Meta(Struct, rename="camel"):
    """Where the list ends."""

    total_elements: int
    has_next_page: bool


class Listing(Struct):
    """A page of the search."""

    data: list[Entry]
    meta: Meta


class UsRegulations(Scraper):
    """Searches by each name since the last look."""

    source: ClassVar = Source(
        id="us_regulations",
        title="Regulations.gov",
        publisher="General Services Administration, eRulemaking Program (United States)",
        covers=("US",),
        kind=SourceKind.REGISTER,
        homepage="https://open.gsa.gov/api/regulationsgov/",
        licence="Public domain (17 USC 105); attachments by the public may not be",
        terms="An open API with a free key of api.data.gov; 1,000 requests an hour.",
        hosts=("api.regulations.gov",),
        schedule="49 12 * * mon-fri",
        key=Key(
            env="REGULATIONS_GOV_API_KEY",
            place="header",
            name="X-Api-Key",
            register="https://api.data.gov/signup/",
        ),
        rate=Rate(delay=4.0, per_minute=15),
        bounds=Bounds(examined=(0, 60_000), observed=(0, 20_000)),
        cadence=180,
        overlap=3,
        first=7_300,
    )

    def start(self) -> Iterable[Fetch]:
        """A search for each name, oldest change first."""
        for term in TERMS:
            yield self._search(term, f"{self.since} 00:00:00", 1)

    def listing(self, page: Page, term: str, changed: str, number: int) -> Iterable[Yield]:
        """Each document, and the next page, or the next five thousand."""
        listed = page.json(Listing)
        self.examine(len(listed.data), total=listed.meta.total_elements)
        for entry in listed.data:
            yield self._document(page, entry)
        if not listed.meta.has_next_page and number < LAST_PAGE:
            return
        if number < LAST_PAGE:
            yield self._search(term, changed, number + 1)
        elif len(listed.data) == SIZE:
            last = eastern(listed.data[-1].attributes.last_modified_date)
            if last <= changed:
                raise FaultError(Fault.LAYOUT, f"5,000 documents were changed at {changed}")
            yield self._search(term, last, 1)

    def _search(self, term: str, changed: str, number: int) -> Fetch:
        params = {
            "filter[searchTerm]": term,
            "filter[lastModifiedDate][ge]": changed,
            "sort": "lastModifiedDate,documentId",
            "page[size]": SIZE,
            "page[number]": number,
        }
        return self.get(
            API, self.listing, params=params, expect=LISTED, essential=True, term=term,
            changed=changed, number=number,
        )  # fmt: skip

    def _document(self, page: Page, entry: Entry) -> Yield:
        said = entry.attributes
        note = [f"{said.document_type} of {said.agency_id}."]
        if said.withdrawn:
            note.append("Withdrawn.")
        if said.docket_id:
            note.append(f"Docket: {SITE}/docket/{said.docket_id}.")
        if said.fr_doc_num:
            note.append(f"Federal Register document {said.fr_doc_num}.")
        if said.comment_start_date:
            until = f" to {said.comment_end_date[:10]}" if said.comment_end_date else ""
            note.append(f"Comments from {said.comment_start_date[:10]}{until}:")
            note.append(f"{SITE}/document/{entry.id}/comment.")
        return self.document(
            page, key=entry.id, title=said.title, jurisdiction="ocd-division/country:us",
            url=f"{SITE}/document/{entry.id}", text=said.title,
            kind=KINDS.get(said.document_type), number=said.docket_id,
            published=said.posted_date, note=" ".join(note), text_held=False,
        )  # fmt: skip


def eastern(moment: str) -> str:
    """A moment of an answer, which is in UTC, as the filter wants it.

    Raises:
        FaultError: it is none.
    """
    try:
        said = datetime.fromisoformat(moment)
    except ValueError:
        raise FaultError(Fault.LAYOUT, f"{moment!r} is no moment") from None
    if said.tzinfo is None:
        said = said.replace(tzinfo=UTC)
    return said.astimezone(EASTERN).strftime("%Y-%m-%d %H:%M:%S")
