"""Official publications and consolidated law of the Netherlands.

Layout. Two SRU services answer with XML: records (`gzd`) with `originalData` in OWMS terms and
`enrichedData` with the addresses of the texts. `https://repository.overheid.nl/sru` (version 2.0)
has the publications (Staatsblad, Staatscourant, papers of parliament, municipal gazettes), each
with an `itemUrl` of the kind `xml`. `https://zoekservice.overheid.nl/sru/Search` with
`x-connection=BWB` has consolidated law, one record for each version, and its XML in
`locatie_toestand`; it answers with status 406 at times, and the body is right nonetheless. An
address without a version leads to the oldest one, so it is not used. Both tell
`numberOfRecords`; `maximumRecords` may be 100 or more. An error is a record of diagnostics.

The Opium Act with its lists is BWBR0001941; the decree on herbal preparations BWBR0012174. Kratom
is known to be in neither: the first naming would be news, so both are recorded each time.

UNCONFIRMED: that `cql.textAndIndexes` looks into the words of a text (its hits are matched here
again); the namespaces of the elements, which are read by their local names.

History of breakage. None seen yet (built 2026-11-22 from recorded records and texts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import words_of
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, secure
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

PUBLICATIONS = "https://repository.overheid.nl/sru"
LAW = "https://zoekservice.overheid.nl/sru/Search"
ANCHORS = ("BWBR0001941", "BWBR0012174")
WORDS = ("kratom", "mitragyna", "mitragynine")
PAGE = 100
BACK = timedelta(days=60)
LISTED = Expect(media=XML.media, smallest=50, contains=("numberOfRecords",), statuses=(200, 406))
TEXT = Expect(media=XML.media, smallest=50)
KINDS = {
    "Staatsblad": InstrumentKind.SESSION_LAW,
    "Staatscourant": InstrumentKind.REGULATION,
    "Gemeenteblad": InstrumentKind.ORDINANCE,
    "Provinciaal blad": InstrumentKind.ORDINANCE,
    "Waterschapsblad": InstrumentKind.ORDINANCE,
}


class NlOverheid(Scraper):
    """Searches publications by word, reads the whole Staatsblad, and the acts that decide."""

    source: ClassVar = Source(
        id="nl_overheid",
        title="overheid.nl: official publications and Basiswettenbestand",
        publisher="Ministerie van BZK, KOOP (Netherlands)",
        covers=("NL",),
        kind=SourceKind.REGISTER,
        homepage="https://www.overheid.nl/help/officiele-bekendmakingen",
        licence="CC0",
        terms="Open services without a key.",
        hosts=(
            "repository.overheid.nl",
            "zoekservice.overheid.nl",
            "repository.officiele-overheidspublicaties.nl",
        ),
        schedule="35 11 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(len(ANCHORS), 20_000), observed=(0, 2_000)),
        cadence=365,
        overlap=7,
        first=1_500,
        language="nl",
    )

    def start(self) -> Iterable[Fetch]:
        """The acts that decide, the words, and the Staatsblad of the last weeks."""
        for anchor in ANCHORS:
            yield self._law(anchor)
        for word in WORDS:
            yield self._search(
                "c.product-area==officielepublicaties AND "
                f'cql.textAndIndexes="{word}" AND dt.modified>={self.since}', 1,
            )  # fmt: skip
        since = max(self.since, self.today - BACK)
        yield self._search(
            "c.product-area==officielepublicaties AND w.publicatienaam==Staatsblad AND "
            f"dt.modified>={since}", 1,
        )  # fmt: skip

    def version(self, page: Page, anchor: str) -> Iterable[Yield]:
        """The version of an act that is in force."""
        records = list(self._records(page))
        if not records:
            raise FaultError(Fault.LAYOUT, f"{anchor} has no version in force")
        newest = max(records, key=lambda one: _of(one, "geldigheidsperiode_startdatum") or "")
        address = _of(newest, "locatie_toestand")
        if not address:
            raise FaultError(Fault.LAYOUT, "a version without locatie_toestand")
        begins = _of(newest, "geldigheidsperiode_startdatum")
        ends = _of(newest, "geldigheidsperiode_einddatum")
        yield self.get(
            secure(address), self.law, expect=TEXT, about=anchor,
            anchor=anchor, title=_of(newest, "title") or anchor, begins=begins, ends=ends,
            version=address.rsplit("/", 1)[-1].removesuffix(".xml"), rank=_of(newest, "type"),
        )  # fmt: skip

    def law(
        self,
        page: Page,
        anchor: str,
        title: str,
        begins: str | None,
        ends: str | None,
        version: str,
        rank: str | None,
    ) -> Iterable[Yield]:
        """Its text: observed even if it does not name kratom."""
        self.examine()
        yield self.document(
            page,
            key=anchor,
            title=title,
            jurisdiction="ocd-division/country:nl",
            url=f"https://wetten.overheid.nl/{anchor}",
            text=page.text(),
            kind=InstrumentKind.STATUTE if rank == "wet" else InstrumentKind.REGULATION,
            number=anchor,
            effective=begins,
            ends=None if (ends or "").startswith("9999") else ends,
            version=version,
        )

    def found(self, page: Page, query: str, start: int) -> Iterable[Yield]:
        """Each publication, and the next page."""
        records = list(self._records(page))
        for record in records:
            key, address = _of(record, "identifier"), _xml_of(record)
            if not key:
                raise FaultError(Fault.LAYOUT, "a record without an identifier")
            if address:
                yield self.get(
                    address, self.publication, expect=TEXT, about=key, key=key,
                    title=_of(record, "title") or key, name=_of(record, "publicatienaam"),
                    published=_of(record, "available") or _of(record, "modified"),
                    creator=_of(record, "creator"), shown=_of(record, "preferredUrl"),
                )  # fmt: skip
        start += len(records)
        if records and start <= _count(page):
            yield self._search(query, start)

    def publication(
        self,
        page: Page,
        key: str,
        title: str,
        name: str | None,
        published: str | None,
        creator: str | None,
        shown: str | None,
    ) -> Iterable[Yield]:
        """One publication."""
        said = [words for words in (name, creator) if words]
        yield from self.mentioning([
            self.document(
                page,
                key=key,
                title=title,
                jurisdiction="ocd-division/country:nl",
                url=shown or f"https://zoek.officielebekendmakingen.nl/{key}.html",
                text=page.text(),
                kind=KINDS.get(name or ""),
                number=key,
                published=published,
                note=", ".join(said) or None,
            )
        ])  # fmt: skip

    def _law(self, anchor: str) -> Fetch:
        query = f"dcterms.identifier=={anchor} and overheidbwb.geldigheidsdatum=={self.today}"
        return self.get(
            LAW, self.version, expect=LISTED, essential=True, anchor=anchor,
            params={
                "operation": "searchRetrieve", "version": "2.0", "x-connection": "BWB",
                "query": query, "startRecord": 1, "maximumRecords": PAGE,
            },
        )  # fmt: skip

    def _search(self, query: str, start: int) -> Fetch:
        return self.get(
            PUBLICATIONS, self.found, expect=LISTED, essential=True, query=query, start=start,
            params={
                "operation": "searchRetrieve", "version": "2.0", "query": query,
                "recordSchema": "gzd", "startRecord": start, "maximumRecords": PAGE,
            },
        )  # fmt: skip

    def _records(self, page: Page) -> Iterator[_Element]:
        count = _count(page)
        records = list(page.xml().iter("{*}record"))
        if count and not records and "startRecord=1&" in page.url:
            raise FaultError(Fault.LAYOUT, f"{count} records, and none of them listed")
        self.examine(len(records))
        yield from records


def _count(page: Page) -> int:
    said = next(page.xml().iter("{*}numberOfRecords"), None)
    if said is None or not (said.text or "").strip().isdigit():
        raise FaultError(Fault.LAYOUT, "no numberOfRecords")
    return int(said.text or "0")


def _of(record: _Element, name: str) -> str | None:
    return words_of(next(record.iter(f"{{*}}{name}"), None))


def _xml_of(record: _Element) -> str | None:
    """Where a publication is as XML."""
    for item in record.iter("{*}itemUrl"):
        if item.get("manifestation") == "xml" and item.text:
            return secure(item.text.strip())
    return None
