"""Slov-Lex: the collection of laws of Slovakia, which is the official one.

Layout. `GET https://api-gateway.slov-lex.sk/vyhladavanie/predpisZbierky/rozsirene?text=WORD&
start=0&rows=100` searches the whole text and answers as Solr does: `numFound`, `start` and `docs`
with `iri` (`/SK/ZZ/YEAR/NUMBER/YYYYMMDD`, the version that holds now), `nazov`, `cislo`,
`vyhlaseny`, `ucinnyOd`, `ucinnyDo`. Without `text` it lists all acts, the one that was published
last first; filters by day are ignored without a word. The index knows no stems that could tell
`kratom` from `skratom` (a short circuit), so what it finds is matched again here.

Text: `https://static.slov-lex.sk/static{iri}.html`, UTF-8 without saying so. `static/SK/ZZ/YEAR/
NUMBER/` lists the versions in rows of class `effectivenessHistoryItem`, with
`data-ucinnostod` and `data-ucinnostdo`; the first row is the text as published and has no days.
The site says noindex to search engines; it does not forbid reading.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import HTML, JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

SEARCH: Final = "https://api-gateway.slov-lex.sk/vyhladavanie/predpisZbierky/rozsirene"
TEXTS: Final = "https://static.slov-lex.sk/static"
TERMS: Final = ("kratom", "mitragyna", "mitragynín", "7-hydroxymitragynín")
ROWS: Final = 100
KINDS: Final = {
    "Zakon": InstrumentKind.STATUTE,
    "UstavnyZakon": InstrumentKind.STATUTE,
    "NariadenieVlady": InstrumentKind.REGULATION,
    "Vyhlaska": InstrumentKind.REGULATION,
    "Opatrenie": InstrumentKind.REGULATION,
    "Nalez": InstrumentKind.COURT_DECISION,
}


class Entry(Struct, rename="camel"):
    """An act in the version that holds now, as the index lists it."""

    iri: str
    cislo: str
    nazov: str
    vyhlaseny: str | None = None
    ucinny_od: str | None = None
    ucinny_do: str | None = None
    typ_predp: str = ""

    @property
    def key(self) -> str:
        """`ZZ/2021/479`: the act, whatever the version."""
        return "/".join(self.iri.strip("/").split("/")[1:4])


class Listing(Struct, rename="camel"):
    """A page of the index."""

    num_found: int
    docs: list[Entry]


class SkSlovlex(Scraper):
    """Searches all acts by word, and reads those that were published since the last look."""

    source: ClassVar = Source(
        id="sk_slovlex",
        title="Slov-Lex",
        publisher="Ministry of Justice of the Slovak Republic",
        covers=("SK",),
        kind=SourceKind.STATUTES,
        homepage="https://www.slov-lex.sk/",
        licence="Acts are not protected (s. 5 of Act 185/2015 Z. z.)",
        terms="Open addresses without a key; no limit is published, so about one a second.",
        hosts=("api-gateway.slov-lex.sk", "static.slov-lex.sk"),
        schedule="43 4 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 300), collapse=0.2),
        cadence=365,
        overlap=14,
        first=60,
        language="sk",
    )

    def start(self) -> Iterable[Fetch]:
        """A search for each word, and the list of what was published last."""
        for term in TERMS:
            yield self._list(term, 0)
        yield self._list(None, 0)

    def listing(self, page: Page, term: str | None, start: int) -> Iterable[Yield]:
        """Each act, and the next page: of a search to its end, else back to the last look."""
        listed = page.json(Listing)
        fresh = [one for one in listed.docs if term or self._is_new(one)]
        self.examine(len(fresh))
        for entry in fresh:
            yield self.get(
                f"{TEXTS}/SK/{entry.key}/", self.versions, about=entry.key, expect=VERSIONS,
                entry=msgspec.to_builtins(entry),
            )  # fmt: skip
        following = start + len(listed.docs)
        if fresh and len(fresh) == len(listed.docs) and following < listed.num_found:
            yield self._list(term, following)

    def versions(self, page: Page, entry: dict[str, Any]) -> Iterable[Yield]:
        """When the version ends, and which are to come."""
        one = msgspec.convert(entry, Entry)
        days = {
            row.get("data-iri", ""): (row.get("data-ucinnostod"), row.get("data-ucinnostdo"))
            for row in page.html().iterfind(".//tr[@class='effectivenessHistoryItem']")
        }
        if not days:
            raise FaultError(Fault.LAYOUT, "no row of class effectivenessHistoryItem")
        ends = days.get(one.iri, (None, None))[1] or one.ucinny_do
        begins = (one.ucinny_od or "")[:10]
        coming = sorted(begin for begin, _ in days.values() if begin and begin > begins)
        yield self.get(
            f"{TEXTS}{one.iri}.html", self.text, about=one.key, expect=HTML,
            entry=entry, ends=ends, coming=coming,
        )  # fmt: skip

    def text(
        self, page: Page, entry: dict[str, Any], ends: str | None, coming: list[str]
    ) -> Iterable[Yield]:
        """The act in one version."""
        one = msgspec.convert(entry, Entry)
        document = self.document(
            page,
            key=one.key,
            title=one.nazov,
            jurisdiction="ocd-division/country:sk",
            url=f"https://www.slov-lex.sk/pravne-predpisy{one.iri}",
            text=page.text(),
            kind=_kind(one),
            number=one.cislo,
            published=one.vyhlaseny,
            effective=one.ucinny_od,
            # A version that others follow ends; the act does not.
            ends=None if coming else ends,
            version=one.iri,
            note=f"Further versions from {', '.join(coming)}" if coming else None,
        )
        yield from self.mentioning([document])

    def _list(self, term: str | None, start: int) -> Fetch:
        return self.get(
            SEARCH, self.listing, params={"text": term, "start": start, "rows": ROWS},
            expect=LISTED, essential=True, term=term, start=start,
        )  # fmt: skip

    def _is_new(self, entry: Entry) -> bool:
        if not entry.vyhlaseny:
            raise FaultError(Fault.LAYOUT, f"{entry.cislo} does not say when it was published")
        return entry.vyhlaseny[:10] >= self.since.isoformat()


def _kind(entry: Entry) -> InstrumentKind | None:
    if entry.typ_predp == "Zakon" and "ktorým sa mení" in entry.nazov:
        return InstrumentKind.SESSION_LAW
    return KINDS.get(entry.typ_predp)


LISTED: Final = Expect(media=JSON.media, smallest=2, contains=('"numFound"', '"docs"'))
VERSIONS: Final = Expect(media=HTML.media, smallest=100, contains=("effectivenessHistoryItem",))
