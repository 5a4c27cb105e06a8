"""NeuRIS: the new legal information system of the German federation, in its test phase.

Layout. `GET https://testphase.rechtsinformationen.bund.de/v1/legislation?searchTerm="Mitragynin"&
size=100&pageIndex=0&sort=-date` searches whole texts; a phrase stands in quotation marks, `size`
is 300 at most. The answer is a Hydra collection: `totalItems`, `member[].item`, and `view.next`,
which is null at the end. A part of an item has moved between `workExample.encoding` (as its
documents say) and `encoding` (as it answered); both are read. Answers may begin with a byte order
mark, and recorded ones were UTF-8 encoded twice. Errors are `errors: [{code, message}]`.
`/v1/administrative-directive` is asked too; `/v1/case-law` has moved (410) and is left out.

The corpus is not complete (2,418 acts in a recording of 2026): `de_gesetze` reads the acts that
matter from gesetze-im-internet. At most 600 requests a minute and address, then 503.

The first search asks for a word that is always found, so that none for kratom means none.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

HOST: Final = "https://testphase.rechtsinformationen.bund.de"
TERMS: Final = ("Kratom", "Mitragynin", "Mitragyna", "7-Hydroxymitragynin")
ALWAYS: Final = "Betäubungsmittel"
COLLECTIONS: Final = ("legislation", "administrative-directive")
PREFERRED: Final = ("application/xml", "text/html")


class Encoding(Struct, rename="camel"):
    """One file of a text."""

    content_url: str
    encoding_format: str = ""


class Work(Struct, rename="camel"):
    """The act itself, or one of its expressions."""

    legislation_date: str | None = None
    date_published: str | None = None
    encoding: list[Encoding] | None = None


class Item(Struct, rename="camel"):
    """An expression of an act: its text from one day on; or a directive."""

    id: str = field(name="@id")
    name: str | None = None
    headline: str | None = None
    legislation_identifier: str | None = None
    document_number: str | None = None
    abbreviation: str | None = None
    legislation_legal_force: str | None = None
    temporal_coverage: str | None = None
    entry_into_force_date: str | None = None
    legislation_date: str | None = None
    example_of_work: Work | None = None
    work_example: Work | None = None
    encoding: list[Encoding] | None = None

    @property
    def key(self) -> str:
        """`eli/bund/bgbl-1/1981/s681` for an act, whatever the version."""
        name = self.legislation_identifier or self.document_number
        if not name:
            raise FaultError(Fault.LAYOUT, f"{self.id} has neither identifier nor number")
        return "/".join(name.split("/")[:5]) if name.startswith("eli/") else name

    @property
    def address(self) -> str | None:
        """Where the text is, in the best format."""
        given = self.encoding or (self.work_example.encoding if self.work_example else None) or []
        urls = {one.encoding_format: one.content_url for one in given}
        return next((urls[kind] for kind in PREFERRED if kind in urls), None)


class Member(Struct):
    """A hit."""

    item: Item


class View(Struct):
    """Where the next page is."""

    next: str | None = None


class Collection(Struct, rename="camel"):
    """A page of hits."""

    total_items: int
    member: list[Member]
    view: View | None = None


class DeNeuris(Scraper):
    """Searches acts and directives of the federation by word."""

    source: ClassVar = Source(
        id="de_neuris",
        title="Rechtsinformationen des Bundes (NeuRIS, test phase)",
        publisher="Federal Ministry of Justice (Germany), DigitalService",
        covers=("DE",),
        kind=SourceKind.STATUTES,
        homepage="https://testphase.rechtsinformationen.bund.de/",
        licence="Public domain (s. 5 UrhG)",
        terms="An open interface in its test phase; 600 requests a minute and address.",
        hosts=("testphase.rechtsinformationen.bund.de",),
        schedule="37 3 * * *",
        rate=Rate(delay=1.0, per_minute=60),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 300)),
        cadence=3_650,
        first=30,
        language="de",
    )

    def start(self) -> Iterable[Fetch]:
        """A word that is always found, then each of ours in each collection."""
        yield self._search("legislation", ALWAYS, follow=False)
        for collection in COLLECTIONS:
            for term in TERMS:
                yield self._search(collection, term, follow=True)

    def listing(self, page: Page, follow: bool) -> Iterable[Yield]:
        """Each hit, and the next page."""
        listed = page.json(Collection)
        self.examine(len(listed.member))
        if not follow:
            if listed.total_items < 1:
                raise FaultError(Fault.ERROR_BODY, "not even a word that is always there is found")
            return
        for member in listed.member:
            item = member.item
            if item.address is None:
                yield from self.mentioning([self._document(page, item, None)])
                continue
            yield self.get(
                self.join(page, item.address), self.text, about=item.key, expect=ANYTHING,
                item=msgspec.to_builtins(item),
            )  # fmt: skip
        if listed.view and listed.view.next:
            yield self.get(
                self.join(page, listed.view.next), self.listing, expect=LISTED, essential=True,
                follow=True,
            )  # fmt: skip

    def text(self, page: Page, item: dict[str, Any]) -> Iterable[Yield]:
        """The text of a hit."""
        yield from self.mentioning([self._document(page, msgspec.convert(item, Item), page)])

    def _search(self, collection: str, term: str, *, follow: bool) -> Fetch:
        return self.get(
            f"{HOST}/v1/{collection}", self.listing,
            params={"searchTerm": f'"{term}"', "size": 100 if follow else 1, "pageIndex": 0,
                    "sort": "-date"},
            expect=LISTED, essential=True, follow=follow,
        )  # fmt: skip

    def _document(self, page: Page, item: Item, text: Page | None) -> Document:
        begins, ends = _coverage(item)
        work = item.example_of_work or item.work_example or Work()
        name = item.name or item.headline or item.key
        return self.document(
            page,
            key=item.key,
            title=f"{name} ({item.abbreviation})" if item.abbreviation else name,
            jurisdiction="ocd-division/country:de",
            url=HOST + item.id.replace("/v1/legislation/", "/norms/").replace("/v1/", "/"),
            text=text.text() if text else name,
            kind=_kind(item),
            number=item.legislation_identifier or item.document_number,
            published=work.date_published or work.legislation_date or item.legislation_date,
            effective=begins,
            ends=ends,
            version=item.legislation_identifier or item.document_number,
            note=item.legislation_legal_force,
            text_held=text is not None,
        )


def _kind(item: Item) -> InstrumentKind:
    if not item.legislation_identifier:
        return InstrumentKind.GUIDANCE
    is_rule = "verordnung" in (item.name or "").casefold()
    return InstrumentKind.REGULATION if is_rule else InstrumentKind.STATUTE


def _coverage(item: Item) -> tuple[str | None, str | None]:
    """From when to when it holds; an identifier has the first day of the expression in it."""
    begins, _, ends = (item.temporal_coverage or "").partition("/")
    if not begins and item.legislation_identifier:
        begins = "".join(item.legislation_identifier.split("/")[5:6])
    return begins or item.entry_into_force_date, ends.strip(".") or None


LISTED: Final = Expect(media=JSON.media, smallest=2, contains=('"member"', '"totalItems"'))
