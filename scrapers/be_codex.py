"""Vlaamse Codex: the law of Flanders (Belgium).

Layout. `GET https://codex.opendata.api.vlaanderen.be/api/WetgevingDocument/Zoeken` takes
`zoekTerm`, `skip` and `take`, looks at documents and articles, and answers with
`GevondenDocumenten` and `ResultatenLijst`: `Id`, `Opschrift`, `Datum`, `BSDatum` (the day of the
Belgian gazette). `/api/v2/WetgevingDocument/{id}` has `WetgevingDocumentType`, `Numac` and
`HeeftInhoud`; `/api/v2/WetgevingDocument/{id}/VolledigDocument` the whole text, in
`Inhoud.ArtikelVersies[].ArtikelVersie.Tekst` (HTML).

Drugs are federal law, so a hit here would be about food, health care or municipalities. The
federal Justel is closed to crawlers (robots.txt), as is its gazette: the royal decree on narcotics
of 6 September 2017 is for `anchors`.

UNCONFIRMED: `skip` of the search; no answer was at hand, the names are those of public clients.

History of breakage. None seen yet (built 2026-11-22 without a recorded answer).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import pieces_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind

API = "https://codex.opendata.api.vlaanderen.be/api"
WORDS = ("kratom", "mitragyna", "mitragynine")
PAGE = 50
FOUND = Expect(media=JSON.media, smallest=2, contains=('"GevondenDocumenten"',))
WHOLE = Expect(media=JSON.media, smallest=2, contains=('"Inhoud"',))
KINDS = {
    "decreet": InstrumentKind.STATUTE,
    "besluit": InstrumentKind.REGULATION,
    "ministerieel": InstrumentKind.REGULATION,
    "omzendbrief": InstrumentKind.GUIDANCE,
}


class Hit(Struct, rename="pascal"):
    """A document that the search finds."""

    id: int
    opschrift: str
    datum: str | None = None


class Search(Struct, rename="pascal"):
    """A page of the search."""

    gevonden_documenten: int
    resultaten_lijst: list[Hit] | None = None


class Version(Struct, rename="pascal"):
    """An article, as it stands."""

    tekst: str | None = None
    artikel_nummer: str | None = None


class Article(Struct, rename="pascal"):
    """The wrapping of an article."""

    artikel_versie: Version | None = None


class Inside(Struct, rename="pascal"):
    """The articles of a document, those that are not in force yet among them."""

    artikel_versies: list[Article] | None = None
    toekomstige_artikel_versies: list[Article] | None = None


class Whole(Struct, rename="pascal"):
    """A document with its text."""

    inhoud: Inside | None


class BeCodex(Scraper):
    """Searches by word, and reads each document that is found."""

    source: ClassVar = Source(
        id="be_codex",
        title="Vlaamse Codex",
        publisher="Kanselarij en Bestuur (Flanders, Belgium)",
        covers=("BE",),
        kind=SourceKind.STATUTES,
        homepage="https://codex.vlaanderen.be/",
        licence="Gratis Open Data Licentie Vlaanderen v1.0",
        terms="An open interface without a key.",
        hosts=("codex.opendata.api.vlaanderen.be",),
        schedule="45 11 * * tue",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(0, 500), observed=(0, 100)),
        cadence=3_000,
        language="nl",
    )

    def start(self) -> Iterable[Fetch]:
        """One search for each word."""
        for word in WORDS:
            yield self._search(word, 0)

    def found(self, page: Page, word: str, skip: int) -> Iterable[Yield]:
        """Each document that is found, and the next page."""
        search = page.json(Search)
        hits = search.resultaten_lijst or []
        self.examine(len(hits), total=search.gevonden_documenten, before=skip)
        for hit in hits:
            yield self.get(
                f"{API}/v2/WetgevingDocument/{hit.id}/VolledigDocument", self.text, expect=WHOLE,
                about=str(hit.id), hit=msgspec.to_builtins(hit),
            )  # fmt: skip
        skip += len(hits)
        if hits and skip < search.gevonden_documenten:
            yield self._search(word, skip)

    def text(self, page: Page, hit: dict[str, Any]) -> Iterable[Yield]:
        """A document, article by article."""
        one = msgspec.convert(hit, Hit)
        inside = page.json(Whole).inhoud or Inside()
        now = _articles(inside.artikel_versies)
        later = _articles(inside.toekomstige_artikel_versies)
        first = one.opschrift.casefold().split(" ", 1)[0]
        yield from self.mentioning([
            self.document(
                page,
                key=str(one.id),
                title=one.opschrift,
                jurisdiction="ocd-division/country:be",
                url=f"https://codex.vlaanderen.be/Zoeken/Document.aspx?DID={one.id}&param=inhoud",
                text=pieces_text(now + later) if now or later else one.opschrift,
                kind=KINDS.get(first),
                number=str(one.id),
                published=one.datum,
                note="Law of Flanders" + (
                    f"; articles not in force yet: {len(later)}" if later else ""
                ),
                text_held=bool(now or later),
            )
        ])  # fmt: skip

    def _search(self, word: str, skip: int) -> Fetch:
        return self.get(
            f"{API}/WetgevingDocument/Zoeken", self.found, expect=FOUND, essential=True, word=word,
            skip=skip, params={"zoekTerm": word, "skip": skip, "take": PAGE},
        )  # fmt: skip


def _articles(listed: list[Article] | None) -> list[str]:
    versions = [one.artikel_versie for one in listed or [] if one.artikel_versie]
    return [
        f"<h2>Artikel {one.artikel_nummer or ''}</h2>{one.tekst}" for one in versions if one.tekst
    ]
