"""Federal Register of Legislation of Australia: the Poisons Standard, and what else names kratom.

Layout. OData v4 at `api.prod.legislation.gov.au/v1`. `Titles?$filter=...` lists titles (at most 100
at a time), `Versions/Find(titleId=..,asAtSpecification='Latest')` is one object, not a list,
and its `registerId` changes with every compilation. `documents/find(titleid=..,...)` gives the
document itself; without its three zeros it answers 404. The same address gives the bytes of an
EPUB (a zip of XHTML), or JSON about the document with the bytes in base64, as it pleases: the
bytes decide. Names of functions and parameters differ in case from one to the other; these here
were seen to work.

The Poisons Standard is made anew three or four times a year, each time as a new title with a new
id: the ones in force are looked up by name, and those that are known are asked for again, so that
the end of one is seen. States adopt it by reference.

Quirks known of: `$top` beyond 100 and some combinations of `$orderby` and `$expand` are 400;
future versions have no `registerId`; `status` may be a word or a number. The site itself (not the
API) asks for 10 seconds between requests.

Unconfirmed: the grammar of `titles/search`, by which other instruments that name kratom would be
found; where it is refused, the run says so and goes on.

History of breakage. None seen yet (built 2026-11-22 from client code; no real answer was held).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import pieces_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from kratom_atlas.read.text import NormalText

API = "https://api.prod.legislation.gov.au/v1"
HUMAN = "https://www.legislation.gov.au/"
STANDARD = "Poisons Standard"
WORDS = ("kratom", "mitragynine", "Mitragyna")
LISTED = Expect(media=("json",), smallest=2, contains=('"value"',))
FILE = Expect(media=("zip", "json"), smallest=100)


class Title(Struct, rename="camel"):
    """A title: an act or an instrument, in all its versions."""

    id: str
    name: str


class Titles(Struct):
    """Titles that were found."""

    value: list[Title]


class Version(Struct, rename="camel"):
    """The latest version of a title."""

    title_id: str
    name: str
    register_id: str | None = None
    start: str | None = None
    end: str | None = None
    status: str | int | None = None
    registered_at: str | None = None
    compilation_number: str | None = None

    @property
    def mark(self) -> str:
        """Which text it is, and how long it lasts."""
        return f"{self.register_id or ''}@{self.status or ''}@{(self.end or '')[:10]}"


class Rendition(Struct, rename="camel"):
    """What the register says of a document; `bytes` is base64."""

    bytes: str | None = None


class AuFrl(Scraper):
    """Follows the Poisons Standard by name, and every title whose text names kratom."""

    source: ClassVar = Source(
        id="au_frl",
        title="Federal Register of Legislation, API",
        publisher="Office of Parliamentary Counsel (Australia)",
        covers=("AU",),
        kind=SourceKind.REGULATIONS,
        homepage="https://api.prod.legislation.gov.au/swagger/index.html",
        licence="CC BY 4.0",
        terms="An open API without a key; it may change without notice and must not be overloaded.",
        hosts=("api.prod.legislation.gov.au",),
        schedule="51 18 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(1, 2_000), observed=(0, 300), errors=0.5),
        cadence=150,
        seconds=180,
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The standard by its name, other titles by word, and the titles that are known."""
        params = {
            "$filter": f"isInForce eq true and contains(name,'{STANDARD}')",
            "$top": 100,
        }
        yield self.get(
            f"{API}/Titles", self.standards, params=params, expect=LISTED, essential=True
        )
        for word in WORDS:
            criteria = f'and(text("{word}",nameAndText,contains))'
            yield self.get(
                f"{API}/titles/search(criteria='{criteria}')", self.named, params={"$top": 100},
                expect=LISTED,
            )  # fmt: skip
        for key in self.known:
            yield self._version(key)

    def standards(self, page: Page) -> Iterable[Yield]:
        """The standards that are in force, with what amends them."""
        titles = page.json(Titles).value
        self.examine(len(titles))
        if not any(STANDARD in title.name for title in titles):
            raise FaultError(Fault.LAYOUT, f"no title in force is called {STANDARD}")
        for title in titles:
            yield self._version(title.id)

    def named(self, page: Page) -> Iterable[Yield]:
        """The titles whose text has the word."""
        titles = page.json(Titles).value
        self.examine(len(titles))
        for title in titles:
            yield self._version(title.id)

    def version(self, page: Page) -> Iterable[Yield]:
        """The latest version of a title, and its text where that is a new one."""
        version = page.json(Version)
        if version.register_id is None:
            raise FaultError(Fault.LAYOUT, f"{version.title_id}: a version without registerId")
        if self.stands(version.title_id, version.mark):
            yield Still(version.title_id)
            return
        yield self.get(
            f"{API}/documents/find(titleid='{version.title_id}',asatspecification='Latest',"
            "type='Primary',format='Epub',uniqueTypeNumber=0,volumeNumber=0,"
            "rectificationVersionNumber=0)",
            self.text, expect=FILE, about=version.title_id,
            version=msgspec.to_builtins(version),
        )  # fmt: skip

    def text(self, page: Page, version: dict[str, Any]) -> Iterable[Yield]:
        """The document, as an EPUB."""
        one = msgspec.convert(version, Version)
        # Acts have ids that begin with C, instruments those that begin with F.
        kind = InstrumentKind.STATUTE if one.title_id[:1] == "C" else InstrumentKind.REGULATION
        said = (
            f"Status {one.status}." if one.status is not None else "",
            f"Compilation {one.compilation_number}." if one.compilation_number else "",
        )
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=one.title_id,
                    title=one.name,
                    jurisdiction="ocd-division/country:au",
                    url=f"{HUMAN}{one.title_id}/latest/text",
                    text=_epub_text(page),
                    kind=kind,
                    number=one.title_id,
                    published=one.registered_at,
                    effective=one.start,
                    ends=one.end,
                    version=one.mark,
                    locator=one.register_id,
                    note=" ".join(filter(None, said)) or None,
                )
            ]
        )

    def _version(self, title_id: str) -> Fetch:
        return self.get(
            f"{API}/Versions/Find(titleId='{title_id}',asAtSpecification='Latest')", self.version,
            expect=JSON, about=title_id,
        )  # fmt: skip


def _epub_text(page: Page) -> NormalText:
    """The text of the pages of an EPUB, in the order of their names."""
    from kratom_atlas.read.archive import members
    from kratom_atlas.read.media import Media, decode
    from kratom_atlas.read.text import decode_base64

    body = page.body
    if page.media is Media.JSON:
        packed = page.json(Rendition).bytes
        if not packed:
            raise FaultError(Fault.LAYOUT, "JSON about the document, without the document")
        body = decode_base64(packed)
    pages = dict(
        members(body, only=lambda name: name.lower().endswith((".xhtml", ".html", ".htm")))
    )
    if not pages:
        raise FaultError(Fault.LAYOUT, "an EPUB without pages")
    return pieces_text(_inner(decode(pages[name]).text) for name in sorted(pages, key=_natural))


def _inner(html: str) -> str:
    """What stands in the body of a page."""
    found = re.search(r"<body\b[^>]*>(.*)</body>", html, re.DOTALL | re.IGNORECASE)
    return found[1] if found else html


def _natural(name: str) -> list[tuple[int, str]]:
    """Names in the order in which people count: 2 before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
