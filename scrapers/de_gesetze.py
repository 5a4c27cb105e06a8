"""gesetze-im-internet: the acts of the German federation that could name kratom.

Layout. `https://www.gesetze-im-internet.de/gii-toc.xml` lists every act and regulation in force
(`item` with `title` and `link`, about 6,900 of them); `link` ends in `/SLUG/xml.zip`, an archive
of one XML file in the vocabulary gii-norm and of pictures. `dokumente` has the day of its making
(`builddate`), each `norm` a section or annex with `jurabk`, `enbez` and `standangabe`. Only the
present version is there; ETag and Last-Modified are sent, so what has not changed costs nothing.
Some links say http: they are asked by https.

Read are the acts of `WATCHED`, named or not, so that the first mention is seen, and whatever else
has a word of drug law in its title. No act named kratom on 2026-08-19.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, one_line
from kratom_atlas.crawl.source import XML, ZIP, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

CONTENTS: Final = "https://www.gesetze-im-internet.de/gii-toc.xml"
WATCHED: Final = frozenset({"btmg_1981", "npsg", "amg_1976", "lfgb", "ammiv"})
TITLES: Final = re.compile(
    r"betäubungsmittel|psychoaktiv|neuartige.{0,20}lebensmittel|kratom|mitragyn", re.IGNORECASE
)
SLUG: Final = re.compile(r"//www\.gesetze-im-internet\.de/([a-z0-9_.-]+)/xml\.zip\Z")


class DeGesetze(Scraper):
    """Reads the acts that could name kratom, whenever their files change."""

    source: ClassVar = Source(
        id="de_gesetze",
        title="Gesetze im Internet",
        publisher="Federal Ministry of Justice and Federal Office of Justice (Germany)",
        covers=("DE",),
        kind=SourceKind.STATUTES,
        homepage="https://www.gesetze-im-internet.de/",
        licence="Public domain (s. 5 UrhG)",
        terms="Files for free use by anyone; no limit is published.",
        hosts=("www.gesetze-im-internet.de",),
        schedule="53 3 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 20_000), observed=(1, 200), collapse=0.5),
        cadence=365,
        language="de",
    )

    def start(self) -> Iterable[Fetch]:
        """The table of all acts."""
        yield self.get(CONTENTS, self.contents, expect=LISTED, essential=True)

    def contents(self, page: Page) -> Iterable[Yield]:
        """The acts to read; one of the watched that is not listed any more is news."""
        found = set()
        for item in page.xml().iterfind(".//item"):
            self.examine()
            title, link = item.findtext("title") or "", item.findtext("link") or ""
            slug = SLUG.search(link.strip())
            if slug and (slug[1] in WATCHED or TITLES.search(title)):
                found.add(slug[1])
                address = f"https://www.gesetze-im-internet.de/{slug[1]}/xml.zip"
                yield self.get(
                    address, self.act, about=slug[1], expect=ZIP, slug=slug[1], title=title
                )
        if not found & WATCHED:
            raise FaultError(Fault.LAYOUT, "none of the acts that are watched is listed")
        for slug_ in sorted((WATCHED - found) & self.known.keys()):
            yield self.document(
                page,
                key=slug_,
                title=f"{slug_} (not listed)",
                jurisdiction="ocd-division/country:de",
                url=f"https://www.gesetze-im-internet.de/{slug_}/",
                note="The table of all acts in force no longer lists it.",
                text_held=False,
            )

    def act(self, page: Page, slug: str, title: str) -> Iterable[Yield]:
        """An act, whole: its annexes are in the same file."""
        from kratom_atlas.read.media import Media
        from kratom_atlas.read.structured import parse_xml
        from kratom_atlas.read.text import read_text

        files = list(page.members(lambda name: name.lower().endswith(".xml")))
        if len(files) != 1:
            raise FaultError(Fault.LAYOUT, f"{len(files)} XML files in the archive, not one")
        name, body = files[0]
        root = parse_xml(body)
        first = root.find(".//norm/metadaten")
        if first is None:
            raise FaultError(Fault.LAYOUT, "no norm with metadaten")
        states = [one.text or "" for one in first.iterfind("standangabe/standkommentar")]
        yield self.document(
            page,
            key=slug,
            title=one_line(first.findtext("langue")) or title,
            jurisdiction="ocd-division/country:de",
            url=f"https://www.gesetze-im-internet.de/{slug}/",
            text=read_text(body, media=Media.XML),
            kind=_kind(title),
            number=one_line(first.findtext("jurabk")) or slug,
            published=first.findtext("ausfertigung-datum"),
            version=root.get("builddate"),
            locator=name,
            note="; ".join(filter(None, map(one_line, states))) or None,
        )


def _kind(title: str) -> InstrumentKind:
    is_rule = re.search(r"verordnung", title, re.IGNORECASE)
    return InstrumentKind.REGULATION if is_rule else InstrumentKind.STATUTE


LISTED: Final = Expect(media=XML.media, smallest=XML.smallest, contains=("<item",))
