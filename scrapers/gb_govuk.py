"""GOV.UK: guidance, consultations and decisions of the government of the United Kingdom.

Layout. `GET /api/search.json` takes `q`, `order`, `count` (100), `start` and `fields`, and answers
with `results` and `total`; it knows stems and looks at bodies, so a hit need not name what was
asked for. `GET /api/content{link}` has `details.body` (HTML), `details.attachments`,
`public_updated_at` and `details.change_history`. A publication says little itself: its words are
in HTML attachments, which are pages with a content item of their own, below the publication.

Ten requests a second are allowed. UNCONFIRMED: `attachment_type` of attachments, and that an
attachment moves the `public_timestamp` of its publication; no answer was at hand.

History of breakage. None seen yet (built 2026-11-22 without a recorded answer).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import pieces_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind

HOME = "https://www.gov.uk"
WORDS = ("kratom", "mitragynine")
PAGE = 100
FOUND = Expect(media=JSON.media, smallest=2, contains=('"results"', '"total"'))
CONTENT = Expect(media=JSON.media, smallest=2, contains=('"base_path"',))


class Hit(Struct):
    """A result of the search."""

    title: str
    link: str
    public_timestamp: str | None = None
    format: str | None = None


class Search(Struct):
    """A page of results."""

    results: list[Hit]
    total: int


class Attachment(Struct):
    """Something that a publication has with it."""

    title: str = ""
    url: str = ""
    attachment_type: str | None = None


class Details(Struct):
    """The inside of a content item."""

    body: str | list[dict[str, Any]] | None = None
    attachments: list[Attachment] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)


class Content(Struct):
    """A content item."""

    base_path: str
    title: str
    details: Details
    content_id: str | None = None
    document_type: str | None = None
    description: str | None = None
    public_updated_at: str | None = None
    first_published_at: str | None = None
    locale: str = "en"
    withdrawn_notice: dict[str, Any] | None = None


class GbGovuk(Scraper):
    """Searches by word, and reads each page that is found and what is attached to it."""

    source: ClassVar = Source(
        id="gb_govuk",
        title="GOV.UK",
        publisher="Government Digital Service (United Kingdom)",
        covers=("GB",),
        kind=SourceKind.REGULATIONS,
        homepage="https://www.gov.uk/help/reuse-govuk-content",
        licence="Open Government Licence v3.0",
        terms="Open, without a key; ten requests a second at most.",
        hosts=("www.gov.uk",),
        schedule="25 7 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 1_000), observed=(0, 400)),
        cadence=365,
    )

    def start(self) -> Iterable[Fetch]:
        """One search for each word; there are few hits, so all of them each time."""
        for word in WORDS:
            yield self._search(word, 0)

    def found(self, page: Page, word: str, start: int) -> Iterable[Yield]:
        """Each hit whose time is another than the last time, and the next page."""
        search = page.json(Search)
        self.examine(len(search.results))
        for hit in search.results:
            if not hit.link.startswith("/"):
                continue
            if self.stands(hit.link, hit.public_timestamp):
                yield Still(hit.link)
            else:
                yield self._content(hit.link, hit.public_timestamp)
        start += len(search.results)
        if search.results and start < search.total:
            yield self._search(word, start)

    def content(self, page: Page, version: str | None) -> Iterable[Yield]:
        """A page, and the pages attached to it."""
        item = page.json(Content)
        shown = _pieces(item)
        yield from self.mentioning([
            self.document(
                page,
                key=item.base_path,
                title=item.title,
                jurisdiction="ocd-division/country:gb",
                url=f"{HOME}{item.base_path}",
                text=pieces_text(shown, item.title) if any(shown) else item.title,
                kind=InstrumentKind.GUIDANCE,
                language=item.locale[:2],
                published=item.public_updated_at or item.first_published_at,
                version=version or item.public_updated_at,
                note=_note(item),
                text_held=any(shown),
            )
        ])  # fmt: skip
        for one in item.details.attachments:
            if one.attachment_type == "html" and one.url.startswith("/"):
                self.examine()
                yield self._content(one.url, version)

    def _search(self, word: str, start: int) -> Fetch:
        return self.get(
            f"{HOME}/api/search.json", self.found, expect=FOUND, essential=True, word=word,
            start=start, params={
                "q": word, "order": "-public_timestamp", "count": PAGE, "start": start,
                "fields": "title,link,public_timestamp,format",
            },
        )  # fmt: skip

    def _content(self, link: str, version: str | None) -> Fetch:
        return self.get(
            f"{HOME}/api/content{link}", self.content, expect=CONTENT, about=link, version=version
        )


def _pieces(item: Content) -> list[str]:
    """The page as HTML: its body, and its parts where it has several."""
    body, parts = item.details.body, item.details.parts
    if isinstance(body, list):  # the same words in several mark-ups
        body = next((str(b.get("content", "")) for b in body if "html" in str(b)), "")
    return [body or "", *(str(part.get("body", "")) for part in parts)]


def _note(item: Content) -> str | None:
    notes = [f"Type: {item.document_type}"] if item.document_type else []
    if item.description:
        notes.append(item.description)
    if item.withdrawn_notice:
        notes.append("Withdrawn")
    return ". ".join(notes) or None
