"""ELI of the Sejm: the journals of laws of Poland (Dziennik Ustaw, Monitor Polski).

Layout. `GET https://api.sejm.gov.pl/eli/changes/acts?since=2026-11-01T00:00:00` lists the acts of
both journals whose record has changed, whole records (`items`); `limit` and `offset` page it
(UNCONFIRMED, from clients; a plain list without `items` is read too). `GET /eli/acts/search`
searches titles and keywords only, so the searches here are for the lists that can name kratom:
drugs, psychotropic and new psychoactive substances, novel food. Times are those of Warsaw.

`/eli/acts/DU/YEAR/POSITION` is the record, `/text.html` and `/text.pdf` the text. Consolidated
texts (`Obwieszczenie`) exist as PDF only, whatever `textHTML` says: their HTML is empty, with
status 200. An unknown parameter is answered by a firewall with "Request Rejected" and status 200,
and one client found the list of changes behind that firewall: the searches, which are sorted by
change, then find the same acts. There are no ETags.

Bills (`/sejm/term10/processes`) are not read: their titles never name a substance.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import HTML, JSON, PDF, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind

API: Final = "https://api.sejm.gov.pl/eli"
TITLES: Final = ("narkomanii", "psychotropowych", "psychoaktywnych", "nowej żywności")
ROWS: Final = 100
WATCHED: Final = re.compile(
    r"narko|psychotrop|psychoaktyw|substancj|odurzaj|żywnoś|suplement|leczn|farmac|sanitar",
    re.IGNORECASE,
)
"""Words in a title or a keyword of an act that could name kratom."""
KINDS: Final = {
    "Ustawa": InstrumentKind.SESSION_LAW,
    "Rozporządzenie": InstrumentKind.REGULATION,
    "Obwieszczenie": InstrumentKind.STATUTE,
}
IN_FORCE: Final = {
    "IN_FORCE": "in force",
    "NOT_IN_FORCE": "not in force",
    "UNKNOWN": "whether it is in force is not said",
}


class Act(Struct, rename="camel", omit_defaults=True):
    """The record of an act."""

    eli: str = field(name="ELI")
    title: str
    change_date: str
    type: str = ""
    display_address: str = ""
    status: str = ""
    in_force: str = "UNKNOWN"
    promulgation: str | None = None
    entry_into_force: str | None = None
    valid_from: str | None = None
    repeal_date: str | None = None
    expiration_date: str | None = None
    keywords: list[str] = field(default_factory=list)
    text_html: bool = field(name="textHTML", default=False)
    text_pdf: bool = field(name="textPDF", default=False)


class Listing(Struct, rename="camel"):
    """A page of a search, or of the list of changes."""

    items: list[Act]
    total_count: int | None = None

    def goes_on(self, offset: int) -> bool:
        """Whether there is more behind this page; not every list says how much there is."""
        if self.total_count is None:
            return len(self.items) >= ROWS
        return bool(self.items) and offset + len(self.items) < self.total_count


class PlEli(Scraper):
    """Follows what has changed in the journals, and the lists that can name kratom."""

    source: ClassVar = Source(
        id="pl_eli",
        title="Dziennik Ustaw and Monitor Polski (ELI)",
        publisher="Chancellery of the Sejm of the Republic of Poland",
        covers=("PL",),
        kind=SourceKind.REGISTER,
        homepage="https://api.sejm.gov.pl/eli_pl.html",
        licence="Acts are not protected (art. 4 of the Copyright Act)",
        terms="An open API without a key; no limit is published.",
        hosts=("api.sejm.gov.pl",),
        schedule="27 5 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 20_000), observed=(0, 300)),
        cadence=365,
        overlap=3,
        first=30,
        megabytes=64,
        language="pl",
    )

    def start(self) -> Iterable[Fetch]:
        """What has changed, and the acts with a word of drug law in their title."""
        yield self._changes(0, "")
        for title in TITLES:
            yield self._search(title, 0)

    def changed(self, page: Page, offset: int, before: str) -> Iterable[Yield]:
        """Acts whose record has changed; those that are new or could name kratom are read.

        `before` is the first act of the page before: the same again is a list without pages.
        """
        listed = _acts(page)
        acts = listed.items
        if not acts or acts[0].eli == before:
            return
        self.examine(len(acts))
        for act in acts:
            if self._is_new(act) or _is_watched(act) or act.eli in self.known:
                yield from self._read(act)
        if listed.goes_on(offset):
            yield self._changes(offset + len(acts), acts[0].eli)

    def found(self, page: Page, title: str, offset: int) -> Iterable[Yield]:
        """Acts with the word in their title, however old: the lists are among them."""
        listed = _acts(page)
        self.examine(len(listed.items))
        for act in listed.items:
            yield from self._read(act)
        if listed.goes_on(offset):
            yield self._search(title, offset + len(listed.items))

    def text(self, page: Page, act: dict[str, Any]) -> Iterable[Yield]:
        """The text, as HTML or as PDF."""
        one = msgspec.convert(act, Act)
        document = self.document(
            page,
            key=one.eli,
            title=one.title,
            jurisdiction="ocd-division/country:pl",
            url=f"https://eli.gov.pl/eli/{one.eli}/ogl",
            text=page.text(),
            kind=KINDS.get(one.type),
            number=one.display_address or one.eli,
            published=one.promulgation,
            effective=one.entry_into_force or one.valid_from,
            ends=one.repeal_date or one.expiration_date,
            version=one.change_date,
            note=". ".join(filter(None, (one.type, one.status, IN_FORCE.get(one.in_force)))),
        )
        yield from self.mentioning([document])

    def _read(self, act: Act) -> Iterable[Fetch]:
        plain = msgspec.to_builtins(act)
        address = f"{API}/acts/{act.eli}"
        if act.text_html and act.type != "Obwieszczenie":
            yield self.get(f"{address}/text.html", self.text, about=act.eli, expect=HTML, act=plain)
        elif act.text_pdf:
            yield self.get(f"{address}/text.pdf", self.text, about=act.eli, expect=PDF, act=plain)

    def _changes(self, offset: int, before: str) -> Fetch:
        since = f"{self.since.isoformat()}T00:00:00"
        return self.get(
            f"{API}/changes/acts", self.changed,
            params={"since": since, "limit": ROWS, "offset": offset},
            expect=LISTED, essential=True, offset=offset, before=before,
        )  # fmt: skip

    def _search(self, title: str, offset: int) -> Fetch:
        return self.get(
            f"{API}/acts/search", self.found,
            params={
                "title": title, "publisher": "DU", "inForce": 1, "sortBy": "change",
                "sortDir": "desc", "limit": ROWS, "offset": offset,
            },
            expect=LISTED, essential=True, title=title, offset=offset,
        )  # fmt: skip

    def _is_new(self, act: Act) -> bool:
        return (act.promulgation or "") >= self.since.isoformat()


def _acts(page: Page) -> Listing:
    if page.body.lstrip().startswith(b"["):
        return Listing(page.json(list[Act]))
    return page.json(Listing)


def _is_watched(act: Act) -> bool:
    return WATCHED.search(" ".join((act.title, *act.keywords))) is not None


LISTED: Final = Expect(media=JSON.media, smallest=2)
