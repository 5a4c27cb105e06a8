"""Canada Gazette, parts I (notices and proposed regulations) and II (regulations as made).

Layout. The feeds `rss/p1-eng.xml` and `rss/p2-eng.xml` list issues, not items, back to December
2019. The index of an issue links its items: a regulation has a page of its own (`reg1-eng.html`,
`sor-dors180-eng.html`, `si-tr76-eng.html`), notices share pages by department, each at an anchor.
Here every page that an index links within the folder of its issue is read once, without regard to
anchors, and matched. Part I is weekly, part II every second Wednesday; an extra edition's link in
the feed is the document itself. The quarterly consolidated index (folders that end in `-c1`) is
no issue. Some links of the indexes are wrong (`-fra`, `.php`, `@` for `#`): those that lead nowhere
are single errors.

A proposed regulation is a document with its own words for how long one may comment. The host
answers 503 for hours at times, and its page for what is not there comes with status 200.

History of breakage. None seen yet (built 2026-11-22 from clients; no real page was held).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urldefrag, urlsplit

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import part_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, one_line, secure
from kratom_atlas.crawl.source import HTML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SITE = "https://gazette.gc.ca"
FEEDS = {"1": f"{SITE}/rss/p1-eng.xml", "2": f"{SITE}/rss/p2-eng.xml"}
FEED = Expect(media=("xml",), smallest=100, contains=("<item",))
_ISSUE = re.compile(r"/rp-pr/(p\d)/\d{4}/(\d{4}-\d\d-\d\d[^/]*)/html/([^/]+)$")
_REGULATION = re.compile(r"^(?:reg|sor-dors|si-tr)\d+-eng\.html$")
_NUMBER = re.compile(r"\b((?:SOR|SI)/\d{4}-\d+)")
_COMMENT = re.compile(r"within (\d+) days (?:after|of) the (?:date|day) of publication", re.I)
_NOT_THERE = re.compile(r"error 404|erreur 404", re.IGNORECASE)


class CaGazette(Scraper):
    """Reads every page of the issues since the last look, and keeps those that name kratom."""

    source: ClassVar = Source(
        id="ca_gazette",
        title="Canada Gazette, parts I and II",
        publisher="Public Services and Procurement Canada",
        covers=("CA",),
        kind=SourceKind.REGISTER,
        homepage=f"{SITE}/accueil-home-eng.html",
        licence="Reproduction of Federal Law Order (SI/97-5) for enactments; Crown copyright, "
        "free for non-commercial use, for the rest",
        terms="Public feeds and pages without a key.",
        hosts=("gazette.gc.ca", "www.gazette.gc.ca"),
        schedule="43 11 * * wed,sat",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(2, 5_000), observed=(0, 200)),
        cadence=365,
        overlap=16,
        first=60,
    )

    def start(self) -> Iterable[Fetch]:
        """The feeds of the two parts."""
        for part, address in FEEDS.items():
            yield self.get(address, self.feed, expect=FEED, essential=True, part=part)

    def feed(self, page: Page, part: str) -> Iterable[Yield]:
        """The issues since the last look."""
        items = page.xml().findall("channel/item")
        if not items:
            raise FaultError(Fault.LAYOUT, f"the feed of part {part} lists no issue")
        self.examine(len(items))
        for item in items:
            link = (item.findtext("link") or "").strip()
            found = _ISSUE.search(urlsplit(link).path)
            if found is None or re.search(r"-c\d+$", found[2]):
                continue
            day = _day(item.findtext("pubDate"), found[2])
            if day < self.since.isoformat():
                continue
            address = secure(link)
            if found[3].startswith("index"):
                yield self.get(address, self.index, expect=HTML, day=day)
            else:
                yield self.get(address, self.item, expect=HTML, day=day, title="")

    def index(self, page: Page, day: str) -> Iterable[Yield]:
        """Every page of the issue, once, with the words of the first link to it."""
        main = _main(page)
        folder = page.url.rsplit("/", 1)[0]
        links: dict[str, str] = {}
        for link in main.iter("a"):
            address = urldefrag(self.join(page, str(link.get("href") or ""))).url
            words = one_line(link.text_content())
            inside = address.startswith(f"{folder}/") and address.endswith("-eng.html")
            if words and inside and address != page.url:
                links.setdefault(address, words)
        self.examine(len(links))
        for address, words in links.items():
            yield self.get(address, self.item, expect=HTML, day=day, title=words)

    def item(self, page: Page, day: str, title: str) -> Iterable[Yield]:
        """A regulation, or a page of notices."""
        found = _ISSUE.search(urlsplit(page.url).path)
        if found is None:
            raise FaultError(Fault.LAYOUT, "an item that is in the folder of no issue")
        part, issue, name = found.groups()
        main = _main(page)
        heading = next(main.iter("h1", "h2"), None)
        named = title or (heading.text_content() if heading is not None else "") or name
        text = part_text(main)
        is_rule = _REGULATION.match(name) is not None
        number = _NUMBER.search(text.text)
        comment = _COMMENT.search(text.text)
        said = (
            f"Canada Gazette, part {'I' if part == 'p1' else 'II'}, {issue}.",
            "Proposed regulation." if is_rule and part == "p1" else "",
            f"Comments within {comment[1]} days." if comment and part == "p1" else "",
            "" if is_rule else "A page of several notices.",
        )
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=f"{part}/{issue}/{name.removesuffix('.html')}",
                    title=named,
                    jurisdiction="ocd-division/country:ca",
                    text=text,
                    kind=InstrumentKind.REGULATION if is_rule else InstrumentKind.GUIDANCE,
                    number=number[1] if number and part == "p2" else None,
                    published=day,
                    note=" ".join(filter(None, said)),
                )
            ]
        )


def _main(page: Page) -> HtmlElement:
    """The part of a page that is not the site's frame."""
    root = page.html()
    if _NOT_THERE.search(root.findtext(".//title") or ""):
        raise FaultError(Fault.SOFT_404, "the site's page for what is not there")
    main = root.find(".//main")
    if main is None:
        raise FaultError(Fault.LAYOUT, "a page without a main part")
    return main


def _day(stamp: str | None, folder: str) -> str:
    """The day of an issue, by the feed or by its folder."""
    try:
        return parsedate_to_datetime(stamp or "").date().isoformat()
    except ValueError:
        return date.fromisoformat(folder[:10]).isoformat()
