"""e-Sbírka: the collection of laws of the Czech Republic.

Layout. The portal reads its own cache without a key. `POST /sbr-cache/jednoducha-vyhledavani`
searches the whole text; only its first page is used, because a client was refused any other
(`start` above 0 gave 400; another client says that `start` counts pages: UNCONFIRMED), filters
are ignored, and a 400 for no reason has been seen. `GET /sbr-cache/dokumenty-sbirky/ADDRESS` is
the record of an act and `.../fragmenty?cisloStranky=0` its text, 1,000 fragments a page. ADDRESS
is `/sb/YEAR/NUMBER`, with the slashes encoded once; a day after it names a version. The text of a
fragment is a piece of XHTML; annexes are tables in it, and whoever drops the tags glues the cells
of a row. A number that was not given out is answered with `chyby` and the code
`DOKUMENT_NENALEZEN` (its status, 404 or 400, is UNCONFIRMED).

There is no feed, so new acts are found by number. The first one since the last look is found by
halving the year; from there on each number is asked for, until three in a row are not there.

An act of several pages is observed page by page (`sb/1998/167`, `sb/1998/167/p2`): a list of
substances is often longer than a page.

CC BY 4.0 is that of the open data of the same system; that it holds for the cache of the portal
is UNCONFIRMED.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import pieces_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://e-sbirka.gov.cz/sbr-cache"
TERMS: Final = ("kratom", "mitragynin", "7-hydroxymitragynin", "Mitragyna")
MISSES: Final = 3
HIGHEST: Final = 1024
"""More acts than any year has had."""


class Error(Struct):
    """Why there is no answer."""

    kod: str
    popis: str = ""


class Hit(Struct, rename="camel"):
    """An act that a search found."""

    stale_url: str
    nazev: str = ""


class Hits(Struct, rename="camel"):
    """The first page of a search."""

    pocet_celkem: int
    seznam: list[Hit]


class Act(Struct, rename="camel", omit_defaults=True):
    """The record of an act in one version, or the reason why there is none."""

    stale_url: str = ""
    nazev: str = ""
    uplna_citace: str = ""
    kod_dokumentu_sbirky: str = ""
    datum_cas_vyhlaseni: str | None = None
    datum_ucinnosti_zneni_od: str | None = None
    datum_ucinnosti_zneni_do: str | None = None
    datum_ucinnosti_od: str | None = None
    datum_zruseni: str | None = None
    typ_zneni: str = ""
    nikdy_nebyl_ucinny: bool = False
    chyby: list[Error] = field(default_factory=list)


class Fragment(Struct):
    """A piece of the text: a heading, a paragraph, a table."""

    xhtml: str | None = None


class Fragments(Struct, rename="camel"):
    """A page of the text."""

    seznam: list[Fragment]
    pocet_stranek: int


class CzEsbirka(Scraper):
    """Searches the whole collection by word, and reads every act that is new."""

    source: ClassVar = Source(
        id="cz_esbirka",
        title="e-Sbírka",
        publisher="Ministry of the Interior of the Czech Republic",
        covers=("CZ",),
        kind=SourceKind.STATUTES,
        homepage="https://e-sbirka.gov.cz/",
        licence="CC BY 4.0 (the open data of e-Sbírka); texts of law are in the public domain",
        terms="The address that the portal itself reads, without a key; ask slowly.",
        hosts=("e-sbirka.gov.cz",),
        schedule="17 4 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 400), collapse=0.2),
        cadence=120,
        overlap=7,
        first=30,
        language="cs",
    )

    def start(self) -> Iterable[Fetch]:
        """A search for each word, and the first number to ask for in each year."""
        for term in TERMS:
            asked = {"fulltext": term, "start": 0, "pocet": 100, "razeni": ["+relevance"]}
            yield self.post(
                f"{API}/jednoducha-vyhledavani", self.found, json=asked, expect=LISTED,
                essential=True,
            )  # fmt: skip
        for year in range(self.since.year, self.today.year + 1):
            yield self._halve(year, 0, HIGHEST, [], [])

    def found(self, page: Page) -> Iterable[Yield]:
        """Each act that names one of the words, in its present version."""
        hits = page.json(Hits).seznam
        self.examine(len(hits))
        for hit in hits:
            if hit.stale_url.startswith("/sb/"):
                yield self.get(
                    _address(hit.stale_url), self.act, about=_key(hit.stale_url), expect=JSON
                )

    def act(self, page: Page) -> Iterable[Yield]:
        """The record of an act that was searched for."""
        act = page.json(Act)
        if not act.stale_url:
            raise FaultError(Fault.LAYOUT, f"a record without an address: {_why(act)}")
        yield self._read(act, 0)

    # -- what is new ---------------------------------------------------------------------------

    def halved(
        self, page: Page, year: int, low: int, high: int, new: list[int], gaps: list[int]
    ) -> Iterable[Yield]:
        """One number in the middle of a year: was it published since the last look?"""
        middle = (low + high) // 2
        act = _present(page)
        if act is None:
            gaps = [*gaps, middle]
        elif self._is_new(act):
            new = [*new, middle]
            self.examine()
            yield self._read(act, 0)
        if act is not None and not self._is_new(act):
            low = middle
        else:
            high = middle
        if high - low > 1:
            yield self._halve(year, low, high, new, gaps)
        else:
            yield from self._next(year, low, 0, new, gaps)

    def walked(
        self, page: Page, year: int, number: int, misses: int, new: list[int], gaps: list[int]
    ) -> Iterable[Yield]:
        """The next number: an act to read, or one that was not given out."""
        act = _present(page)
        if act is not None:
            self.examine()
            yield self._read(act, 0)
        yield from self._next(year, number, misses + 1 if act is None else 0, new, gaps)

    def _halve(self, year: int, low: int, high: int, new: list[int], gaps: list[int]) -> Fetch:
        return self.get(
            _address(f"/sb/{year}/{(low + high) // 2}"), self.halved, expect=PERHAPS,
            year=year, low=low, high=high, new=new, gaps=gaps,
        )  # fmt: skip

    def _next(
        self, year: int, number: int, misses: int, new: Sequence[int], gaps: Sequence[int]
    ) -> Iterable[Fetch]:
        """Ask for the next number that was not asked for while halving."""
        number += 1
        while number in new or number in gaps:
            misses = misses + 1 if number in gaps else 0
            number += 1
        if misses < MISSES:
            yield self.get(
                _address(f"/sb/{year}/{number}"), self.walked, expect=PERHAPS,
                year=year, number=number, misses=misses, new=new, gaps=gaps,
            )  # fmt: skip

    def _is_new(self, act: Act) -> bool:
        published = (act.datum_cas_vyhlaseni or "")[:10]
        if not published:
            raise FaultError(Fault.LAYOUT, f"{act.stale_url} does not say when it was published")
        return published >= self.since.isoformat()

    # -- the text ------------------------------------------------------------------------------

    def text(self, page: Page, act: dict[str, Any], number: int) -> Iterable[Yield]:
        """A page of an act; the first says how many there are."""
        one, part = msgspec.convert(act, Act), page.json(Fragments)
        if number == 0:
            for later in range(1, part.pocet_stranek):
                yield self._read(one, later)
        document = self.document(
            page,
            key=_key(one.stale_url) + (f"/p{number + 1}" if number else ""),
            title=one.uplna_citace or one.nazev,
            jurisdiction="ocd-division/country:cz",
            url=f"https://e-sbirka.gov.cz{one.stale_url}",
            text=pieces_text(piece.xhtml or "" for piece in part.seznam),
            kind=_kind(one),
            number=one.kod_dokumentu_sbirky,
            published=one.datum_cas_vyhlaseni,
            effective=one.datum_ucinnosti_zneni_od or one.datum_ucinnosti_od,
            # A version that others follow ends; the act does not.
            ends=one.datum_zruseni,
            version=one.stale_url,
            note=f"{one.typ_zneni or 'version not named'}"
            + (f", effective {one.datum_ucinnosti_od}" if one.datum_ucinnosti_od else "")
            + (
                f", this version until {one.datum_ucinnosti_zneni_do}"
                if one.datum_ucinnosti_zneni_do
                else ""
            )
            + (f", repealed {one.datum_zruseni}" if one.datum_zruseni else "")
            + (", never in force" if one.nikdy_nebyl_ucinny else ""),
        )
        yield from self.mentioning([document])

    def _read(self, act: Act, number: int) -> Fetch:
        return self.get(
            f"{_address(act.stale_url)}/fragmenty", self.text,
            params={"cisloStranky": number}, about=_key(act.stale_url), expect=LISTED,
            act=msgspec.to_builtins(act), number=number,
        )  # fmt: skip


def _address(stale: str) -> str:
    return f"{API}/dokumenty-sbirky/{quote(stale, safe='')}"


def _key(stale: str) -> str:
    """`sb/2025/456`, whatever the version."""
    return "/".join(stale.strip("/").split("/")[:3])


def _present(page: Page) -> Act | None:
    """The record of an act, or None where the source says that there is no such number."""
    if page.status == 404:
        return None
    act = page.json(Act)
    if act.stale_url and page.status == 200:
        return act
    if any(error.kod == "DOKUMENT_NENALEZEN" for error in act.chyby):
        return None
    raise FaultError(Fault.ERROR_BODY, _why(act))


def _why(act: Act) -> str:
    return "; ".join(f"{error.kod} {error.popis}" for error in act.chyby) or "it gives no reason"


def _kind(act: Act) -> InstrumentKind | None:
    """By the first word of the title; a court's finding or a notice is none of these."""
    title = (act.uplna_citace or act.nazev).casefold()
    first = title.split(" ", 1)[0]
    if first == "zákon" and "kterým se mění" in title:
        return InstrumentKind.SESSION_LAW
    return {
        "zákon": InstrumentKind.STATUTE,
        "nařízení": InstrumentKind.REGULATION,
        "vyhláška": InstrumentKind.REGULATION,
    }.get(first)


LISTED: Final = Expect(media=JSON.media, smallest=2, contains=('"seznam"',))
PERHAPS: Final = Expect(media=JSON.media, smallest=2, statuses=(200, 400, 404))
