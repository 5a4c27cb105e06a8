"""eCFR: the Code of Federal Regulations as it stands, the schedules of controlled substances first.

Layout. `/api/versioner/v1/titles.json` says of each title when it was last amended;
`/api/versioner/v1/versions/title-21.json?part=1308` lists the versions of each section;
`/api/versioner/v1/full/{date}/title-21.xml?part=1308` is the text on a day (`DIV5` a part, `DIV8` a
section, `HEAD`, `P`, `CITA`). A day after `up_to_date_as_of` is answered by 404, and everything by
503 with `Retry-After` while an import runs. Whole titles may be over 100 MB: always by part.
`/api/search/v1/results` searches every title, newest first, at most 10,000; a hit with `ends_on`
is a version that is no longer in force. It asks for one request a second at most.

Kratom was in none of the watched parts on 2026-11-22. That it is not there is a fact too: the
watched parts are read and kept whether or not they name it, each under its day of amendment.
UNCONFIRMED: how the search treats several words (each name is asked for on its own).

Editorial, not the official edition of the CFR.

History of breakage. None seen yet (built 2026-11-22 from the OpenAPI description and real XML).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import words_of
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://www.ecfr.gov/api"
SITE: Final = "https://www.ecfr.gov/current"
TERMS: Final = ("kratom", "mitragynine", "7-hydroxymitragynine")
WATCHED: Final = {
    ("21", "1308"): "Schedules of controlled substances",
    ("21", "111"): "Good manufacturing practice for dietary supplements",
    ("21", "189"): "Substances prohibited from use in human food",
    ("21", "190"): "New dietary ingredients",
}
TITLES: Final = Expect(media=JSON.media, smallest=2, contains=('"titles"', '"meta"'))
VERSIONS: Final = Expect(media=JSON.media, smallest=2, contains=('"content_versions"',))
FOUND: Final = Expect(media=JSON.media, smallest=2, contains=('"results"', '"meta"'))
PART: Final = Expect(media=("xml",), smallest=100, contains=("<HEAD>",))
ROWS: Final = 100
KEY: Final = re.compile(r"^(\d+)-CFR-([\w.-]+)$")


class Title(Struct):
    """A title of the code."""

    number: int
    latest_amended_on: str | None = None
    up_to_date_as_of: str | None = None


class Titles(Struct):
    """All titles."""

    titles: list[Title]


class Version(Struct):
    """A version of a section or an appendix."""

    identifier: str
    amendment_date: str
    issue_date: str
    removed: bool = False


class Versions(Struct):
    """The versions of what stands in a part."""

    content_versions: list[Version]


class Place(Struct):
    """Where a hit stands."""

    title: str
    part: str | None = None
    section: str | None = None


class Hit(Struct):
    """A hit of the search."""

    starts_on: str
    hierarchy: Place
    ends_on: str | None = None


class FoundMeta(Struct):
    """Where the search ends."""

    total_pages: int
    total_count: int


class Found(Struct):
    """A page of the search."""

    meta: FoundMeta
    results: list[Hit] = field(default_factory=list)


class UsEcfr(Scraper):
    """Reads the watched parts when they are amended, and every section that the search finds."""

    source: ClassVar = Source(
        id="us_ecfr",
        title="Electronic Code of Federal Regulations",
        publisher="Office of the Federal Register and Government Publishing Office (United States)",
        covers=("US",),
        kind=SourceKind.REGULATIONS,
        homepage="https://www.ecfr.gov/developers/documentation/api/v1",
        licence="Public domain (17 USC 105)",
        terms="An open API without a key; whoever asks too fast is shut out.",
        hosts=("www.ecfr.gov",),
        schedule="27 13 * * mon-fri",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(40, 20_000), observed=(1, 1_000), collapse=0.5),
        cadence=365,
        first=3_650,
        seconds=180,
    )

    def start(self) -> Iterable[Fetch]:
        """The titles."""
        yield self.get(
            f"{API}/versioner/v1/titles.json", self.titles, expect=TITLES, essential=True
        )

    def titles(self, page: Page) -> Iterable[Yield]:
        """The versions of the watched parts, and the search."""
        titles = {str(one.number): one for one in page.json(Titles).titles}
        self.examine(len(titles))
        for (title, part), name in WATCHED.items():
            if title not in titles:
                raise FaultError(Fault.LAYOUT, f"title {title} is not among the titles")
            yield self.get(
                f"{API}/versioner/v1/versions/title-{title}.json", self.versions,
                params={"part": part}, expect=VERSIONS, essential=True,
                about=part_key(title, part), title=title, part=part, name=name,
                until=titles[title].up_to_date_as_of or titles[title].latest_amended_on or "",
            )  # fmt: skip
        days = {number: one.up_to_date_as_of for number, one in titles.items()}
        yield self._search(TERMS[0], 1, [], {n: day for n, day in days.items() if day})

    def versions(self, page: Page, title: str, part: str, name: str, until: str) -> Iterable[Yield]:
        """The text of a part as last issued, unless that is known."""
        listed = [
            one for one in page.json(Versions).content_versions
            if not until or one.issue_date <= until
        ]  # fmt: skip
        if not listed:
            raise FaultError(Fault.LAYOUT, f"{title} CFR {part} has no version")
        amended = max(one.amendment_date for one in listed)
        issued = max(one.issue_date for one in listed)
        key = part_key(title, part)
        if self.stands(key, amended):
            yield Still(key)
        else:
            yield self.get(
                f"{API}/versioner/v1/full/{issued}/title-{title}.xml", self.part,
                params={"part": part}, expect=PART, about=key, title=title, part=part, name=name,
                amended=amended,
            )  # fmt: skip

    def part(self, page: Page, title: str, part: str, name: str, amended: str) -> Iterable[Yield]:
        """A watched part, whether or not it names kratom."""
        root = page.xml()
        if not any(one.get("TYPE") == "SECTION" for one in root.iter("DIV8")):
            raise FaultError(Fault.LAYOUT, f"{title} CFR {part} has no section")
        document = self._document(page, title, part, amended, f"{SITE}/title-{title}/part-{part}")
        told = "It names kratom." if document.mentions else "Read in full: it does not name kratom."
        yield self._with(document, note=f"{name}. {told}")

    def found(
        self, page: Page, term: str, number: int, keys: list[str], days: dict[str, str]
    ) -> Iterable[Yield]:
        """The sections in force that were found; after the last page, those found no longer."""
        found = page.json(Found)
        before = (number - 1) * ROWS
        self.examine(len(found.results), total=found.meta.total_count, before=before)
        for hit in found.results:
            place = hit.hierarchy
            # An appendix belongs to a part; what has not even that is the heading of a chapter.
            where = place.section or place.part
            if hit.ends_on or where is None or place.title not in days:
                continue
            key = part_key(place.title, where)
            if key not in keys and (place.title, where) not in WATCHED:
                keys = [*keys, key]
                yield self._section(place.title, where, hit.starts_on, days[place.title])
        if number < found.meta.total_pages:
            yield self._search(term, number + 1, keys, days)
        elif term != TERMS[-1]:
            yield self._search(TERMS[TERMS.index(term) + 1], 1, keys, days)
        else:
            yield from self._vanished(keys, days)

    def section(self, page: Page, title: str, section: str, starts: str | None) -> Iterable[Yield]:
        """A section (or a part, for an appendix) that names kratom, or once did."""
        root = page.xml()
        if root.get("N") is None or root.find(".//HEAD") is None:
            raise FaultError(Fault.LAYOUT, f"{title} CFR {section} has no heading")
        level = "section" if "." in section else "part"
        document = self._document(
            page, title, section, starts, f"{SITE}/title-{title}/{level}-{section}"
        )
        yield from self.mentioning([self._with(document, note="Found by the search.")])

    def _section(self, title: str, section: str, starts: str | None, day: str) -> Fetch | Still:
        key = part_key(title, section)
        if self.stands(key, starts):
            return Still(key)
        return self.get(
            f"{API}/versioner/v1/full/{day}/title-{title}.xml", self.section,
            params={
                "part": section.partition(".")[0],
                "section": section if "." in section else None,
            },
            expect=PART, about=key, title=title, section=section, starts=starts,
        )  # fmt: skip

    def _vanished(self, keys: list[str], days: dict[str, str]) -> Iterable[Yield]:
        for key in self.known:
            named = KEY.match(key)
            if named and key not in keys and named[1] in days and named.groups() not in WATCHED:
                yield self._section(named[1], named[2], None, days[named[1]])

    def _search(self, term: str, number: int, keys: list[str], days: dict[str, str]) -> Fetch:
        return self.get(
            f"{API}/search/v1/results", self.found,
            params={"query": term, "per_page": ROWS, "page": number, "order": "newest_first"},
            expect=FOUND, essential=True, term=term, number=number, keys=keys, days=days,
        )  # fmt: skip

    def _document(
        self, page: Page, title: str, place: str, version: str | None, url: str
    ) -> Document:
        name = words_of(page.xml().find(".//HEAD")) or place
        return self.document(
            page, key=part_key(title, place), title=name,
            jurisdiction="ocd-division/country:us", url=url, text=page.text(),
            kind=InstrumentKind.REGULATION, number=f"{title} CFR {place}", published=version,
            version=version,
        )  # fmt: skip

    @staticmethod
    def _with(document: Document, *, note: str) -> Document:
        import msgspec

        return msgspec.structs.replace(document, note=note)


def part_key(title: str, place: str) -> str:
    """The key of a part or a section: `21-CFR-1308`, `21-CFR-1308.11`."""
    return f"{title}-CFR-{place}"
