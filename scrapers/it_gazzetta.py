"""Gazzetta Ufficiale, Serie Generale (Italy): the titles of what is published.

Layout. `https://www.gazzettaufficiale.it/rss/SG` is a feed (RSS 2.0) of the newest acts: `title`,
`link`, `description`, `pubDate`. A link is `/eli/id/{year}/{month}/{day}/{code}/SG`, where the code
(`26A05919`) is what Italy calls the text. The decrees of the ministry that list drugs are here and
nowhere else.

The texts need a session: a page sets cookies without which the articles are not given. We keep no
cookies, so the texts are not read. What is recorded is the title of each act that concerns the
tables of drugs, with `text_held` false: a person has to look, and `anchors` may watch the text.

UNCONFIRMED: how many days the feed holds; no answer was at hand.

History of breakage. The feed was at `/rss/serie_generale.xml` until December 2025, as a public
client says (built 2026-11-22 without a recorded answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, one_line, secure
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

FEED = "https://www.gazzettaufficiale.it/rss/SG"
ITEM = re.compile(r"/eli/id/(\d{4})/(\d\d)/(\d\d)/([0-9A-Z]{6,10})(?:/|$)", re.IGNORECASE)
ABOUT = re.compile(r"(?i)stupefacent|psicotrop|sostanze psicoattive|mitragin|mitragyn|kratom")
LISTED = Expect(media=XML.media, smallest=50, contains=("<rss", "<channel"))


class ItGazzetta(Scraper):
    """Reads the feed, and keeps the titles that concern drugs."""

    source: ClassVar = Source(
        id="it_gazzetta",
        title="Gazzetta Ufficiale, Serie Generale",
        publisher="Istituto Poligrafico e Zecca dello Stato (Italy)",
        covers=("IT",),
        kind=SourceKind.REGISTER,
        homepage="https://www.gazzettaufficiale.it/",
        licence="Acts of the state are free of copyright (law 633/1941, article 5)",
        terms="A public feed; the texts need a session and are not read.",
        hosts=("www.gazzettaufficiale.it",),
        schedule="35 18 * * *",
        rate=Rate(delay=5.0),
        bounds=Bounds(examined=(1, 2_000), observed=(0, 200)),
        cadence=365,
        language="it",
    )

    def start(self) -> Iterable[Fetch]:
        """The feed."""
        yield self.get(FEED, self.feed, expect=LISTED, essential=True)

    def feed(self, page: Page) -> Iterable[Yield]:
        """Each act whose title concerns drugs."""
        items = list(page.xml().iter("item"))
        self.examine(len(items))
        for item in items:
            title = one_line(item.findtext("title"))
            summary = one_line(item.findtext("description"))
            found = ITEM.search(item.findtext("link") or "")
            if found is None or not title:
                raise FaultError(Fault.LAYOUT, "an item without a title or an ELI")
            if ABOUT.search(f"{title} {summary}"):
                yield self.document(
                    page,
                    key=found[4].upper(),
                    title=f"{title}. {summary}",
                    jurisdiction="ocd-division/country:it",
                    url=secure(self.join(page, item.findtext("link") or "")),
                    text=f"{title}\n{summary}",
                    kind=InstrumentKind.REGULATION,
                    number=found[4].upper(),
                    published=f"{found[1]}-{found[2]}-{found[3]}",
                    note=_note(item.findtext("pubDate")),
                    text_held=False,
                )


def _note(written: str | None) -> str | None:
    try:
        return f"In the feed on {parsedate_to_datetime(written or ''):%Y-%m-%d}"
    except ValueError:
        return None
