"""United States Code, title 21: the schedules of 21 USC 812 and what goes with them.

Layout. `https://uscode.house.gov/download/download.shtml` is an HTML page with the current release
point and a link to the zip of each title:
`releasepoints/us/pl/{congress}/{law}/xml_usc21@{congress}-{law}.zip`. The name of a release point
(`119-73not60`: up to Public Law 119-73, but without 119-60) is an opaque word. The zip holds one
USLM 1 file (12.4 MB in 2026, in others' reports), where a section is
`section[@identifier='/us/usc/t21/s812']` with `num`, `heading`, `content`, `sourceCredit` and
`notes`; a `status` marks what is repealed, transferred or omitted. The schedules printed in
section 812 are those of 1970: the ones in force are in 21 CFR 1308, as a note there says.

The zip has another address at each release point, so it is fetched anew then, and otherwise asked
for with its ETag. The watched sections are kept as they are, and any other section as soon as it
names kratom. UNCONFIRMED: the mark-up of the
page around the links; only the links are relied on.

History of breakage. None seen yet (built 2026-11-22 from descriptions; no recorded answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Final

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import words_of
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import HTML, ZIP, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

PAGE: Final = "https://uscode.house.gov/download/download.shtml"
LINK: Final = re.compile(r"releasepoints/[\w./-]*xml_usc21@[\w-]+\.zip$")
MEMBER: Final = re.compile(r"(^|/)usc21\.xml$", re.IGNORECASE)
WATCHED: Final = {
    "/us/usc/t21/s321": "Definitions of the Food, Drug, and Cosmetic Act",
    "/us/usc/t21/s331": "Prohibited acts",
    "/us/usc/t21/s342": "Adulterated food",
    "/us/usc/t21/s350b": "New dietary ingredients",
    "/us/usc/t21/s811": "Authority to schedule substances",
    "/us/usc/t21/s812": "Schedules of controlled substances",
}
TITLE: Final = "/us/usc/t21"
LISTED: Final = Expect(media=HTML.media, smallest=200, contains=("releasepoints",))


class UsCode(Scraper):
    """Reads title 21 at each new release point."""

    source: ClassVar = Source(
        id="us_code",
        title="United States Code, title 21",
        publisher="Office of the Law Revision Counsel, House of Representatives (United States)",
        covers=("US",),
        kind=SourceKind.STATUTES,
        homepage="https://uscode.house.gov/download/download.shtml",
        licence="Public domain (17 USC 105)",
        terms="Files for download, without a key.",
        hosts=("uscode.house.gov",),
        schedule="33 6 * * tue,fri",
        rate=Rate(delay=5.0),
        bounds=Bounds(examined=(7, 5_000), observed=(6, 1_000), collapse=0.5),
        cadence=365,
        first=1,
        seconds=600,
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The page with the current release point."""
        yield self.get(PAGE, self.current, expect=LISTED, essential=True)

    def current(self, page: Page) -> Iterable[Yield]:
        """The zip of title 21 as of the current release point."""
        links = [str(link) for link in page.html().xpath("//a/@href")]
        links_to = [link for link in links if LINK.search(link.strip())]
        if not links_to:
            raise FaultError(Fault.LAYOUT, "no link to the XML of title 21")
        yield self.get(self.join(page, links_to[0]), self.title, expect=ZIP, essential=True)

    def title(self, page: Page) -> Iterable[Yield]:
        """The watched sections, and those that name kratom or once did."""
        from lxml import etree

        from kratom_atlas.read.structured import parse_xml
        from kratom_atlas.read.terms import names_kratom

        bodies = [body for _, body in page.members(only=lambda name: bool(MEMBER.search(name)))]
        if len(bodies) != 1:
            raise FaultError(Fault.LAYOUT, f"{len(bodies)} files of title 21 in one zip")
        sections = dict(_sections(parse_xml(bodies[0])))
        missing = sorted(WATCHED.keys() - sections.keys())
        if missing:
            raise FaultError(Fault.LAYOUT, f"title 21 lacks {', '.join(missing)}")
        self.examine(len(sections))
        for key, section in sections.items():
            body = etree.tostring(section, encoding="utf-8", with_tail=False)
            followed = key in WATCHED or key in self.known
            if followed or names_kratom(body):
                document = self._document(page, key, section, body)
                if followed or document.mentions:
                    yield document

    def _document(self, page: Page, key: str, section: _Element, body: bytes) -> Document:
        from kratom_atlas.read.media import Media
        from kratom_atlas.read.text import read_text

        number = key.rpartition("/s")[2]
        heading = words_of(section.find("{*}heading")) or ""
        status = section.get("status")
        return self.document(
            page,
            key=key,
            title=f"21 USC {number}: {heading}",
            jurisdiction="ocd-division/country:us",
            url=f"https://uscode.house.gov/view.xhtml?req=granuleid:USC-prelim-title21-section{number}",
            text=read_text(body, media=Media.XML),
            kind=InstrumentKind.STATUTE,
            number=f"21 USC {number}",
            locator=key,
            note=f"Status: {status}." if status else WATCHED.get(key),
        )


def _sections(root: _Element) -> Iterator[tuple[str, _Element]]:
    """The sections of the code itself; those of acts that notes quote have no such identifier."""
    for one in root.iter("{*}section"):
        identifier = one.get("identifier") or ""
        if identifier.startswith(f"{TITLE}/s") and one.find("{*}heading") is not None:
            yield identifier, one
