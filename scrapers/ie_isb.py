"""Irish Statute Book: acts and statutory instruments of Ireland.

Layout. There is no search. `/eli/{year}/si/` and `/eli/{year}/act/` list a year, newest or oldest
first, as links to `/eli/{year}/si/{number}/made/en/...`. A text is at `.../print` (HTML, for every
year) and, since 1995, at `.../xml`, which names a document type that it does not bring along and
uses HTML's named entities. The chemical names of drugs are broken by blanks and hyphens.

Kratom is in S.I. 552 of 2011 by its chemical name, "otherwise known as Mitragynine"; S.I. 554 of
2011 names it to exempt plants that grow wild. Neither says "kratom". Both are read each time.
Hundreds of instruments come a year: those are read whose title speaks of drugs, medicines,
poisons or foods. All acts are read.

UNCONFIRMED: the exact mark-up of the year lists; any link of the right shape counts. The first
days of January may have no list yet.

History of breakage. None seen yet (built 2026-11-22 from recorded texts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import words_of
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, one_line
from kratom_atlas.crawl.source import HTML, XML, Bounds, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

HOME = "https://www.irishstatutebook.ie"
ANCHORS = ("2011/si/552", "2011/si/554", "2017/si/173")
ITEM = re.compile(r"/eli/(\d{4})/(si|act)/(\d{1,4})(?:/|$)")
ABOUT = re.compile(
    r"(?i)misuse of drugs|psychoactive|controlled (?:drug|substance)|medicinal|poison|"
    r"food (?:safety|supplement)|novel food"
)
MADE = re.compile(
    r"(?i)\b(\d{1,2})(?:st|nd|rd|th)?(?: day of)? (january|february|march|april|may|june|july|"
    r"august|september|october|november|december),? (\d{4})"
)
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip


class IeIsb(Scraper):
    """Walks the lists of the year, and reads what may speak of drugs."""

    source: ClassVar = Source(
        id="ie_isb",
        title="electronic Irish Statute Book",
        publisher="Office of the Attorney General (Ireland)",
        covers=("IE",),
        kind=SourceKind.REGULATIONS,
        homepage="https://www.irishstatutebook.ie/",
        licence="Public sector information licence (CC BY 4.0)",
        terms="Open, without a key; no limit is published.",
        hosts=("www.irishstatutebook.ie",),
        schedule="55 5 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(len(ANCHORS), 3_000), observed=(0, 100)),
        cadence=1_000,
        overlap=30,
        first=330,
    )

    def start(self) -> Iterable[Fetch]:
        """The lists of the years since the last look, and the instruments that decide."""
        for anchor in ANCHORS:
            yield self._text(anchor, "")
        for year in range(self.since.year, self.today.year + 1):
            for kind in ("si", "act"):
                yield self.get(
                    f"{HOME}/eli/{year}/{kind}/", self.year, expect=HTML, essential=True,
                    year=str(year), kind=kind,
                )  # fmt: skip

    def year(self, page: Page, year: str, kind: str) -> Iterable[Yield]:
        """Each text of a year whose title is worth a look."""
        titles: dict[str, str] = {}
        for link in page.html().iter("a"):
            found = ITEM.search(link.get("href", ""))
            if found and found.group(1, 2) == (year, kind):
                said = words_of(link) or ""
                titles[found[3]] = max(titles.get(found[3], ""), said, key=len)
        if not titles and self.today.month > 1:
            raise FaultError(Fault.LAYOUT, f"no link to an {kind} of {year}")
        self.examine(len(titles))
        for number, title in titles.items():
            key = f"{year}/{kind}/{number}"
            if key not in ANCHORS and (kind == "act" or ABOUT.search(title) or key in self.known):
                yield self._text(key, title)

    def text(self, page: Page, key: str, title: str) -> Iterable[Yield]:
        """One act or instrument."""
        self.examine()
        text = page.text()
        own, enacted = _metadata(page)
        year, kind, number = key.split("/")
        yield from self.mentioning([
            self.document(
                page,
                key=key,
                title=own or title or key,
                jurisdiction="ocd-division/country:ie",
                url=f"{HOME}/eli/{key}/{_made(key)}/en/html",
                text=text,
                kind=InstrumentKind.SESSION_LAW if "/act/" in key else InstrumentKind.REGULATION,
                number=f"{'S.I. No.' if kind == 'si' else 'No.'} {number}/{year}",
                published=enacted or _day(text.text),
            )
        ])  # fmt: skip

    def _text(self, key: str, title: str) -> Fetch:
        whole = f"{HOME}/eli/{key}/{_made(key)}/en"
        if "/act/" in key and key >= "1995":
            return self.get(f"{whole}/xml", self.text, expect=XML, about=key, key=key, title=title)
        return self.get(f"{whole}/print", self.text, expect=HTML, about=key, key=key, title=title)


def _metadata(page: Page) -> tuple[str, str | None]:
    """What a text calls itself; of an act in XML also the day on which it was enacted."""
    if b"<metadata>" in page.body[:4000]:
        root = page.xml(recover=True)
        title = root.findtext(".//metadata/title")
        return one_line(title), root.findtext(".//metadata/dateofenactment")
    return one_line(page.html().findtext(".//title")), None


def _made(key: str) -> str:
    return "enacted" if "/act/" in key else "made"


def _day(text: str) -> str | None:
    """The day on which an instrument was made: the last one that stands above a seal."""
    tail = text.rfind("GIVEN under")
    found = MADE.search(text, tail) if tail >= 0 else None
    if found is None:
        return None
    return f"{found[3]}-{MONTHS.index(found[2].lower()) + 1:02}-{int(found[1]):02}"
