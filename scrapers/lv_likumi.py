"""Likumi.lv: acts of Latvia as they stand, by the day on which they appear or take effect.

Layout. `https://likumi.lv/ta/jaunakie/publiceti/2026/11/20/` lists what was published on a day,
`/ta/jaunakie/stajas-speka/...` what took effect (the first from one client, the other from links
in acts; how the lists are marked up is UNCONFIRMED, so every link to an act on them counts). What
loses effect needs no list: known acts are read at every run. `https://likumi.lv/ta/id/50539` is an
act as it stands: `div.doc-body` its text, `div.pase-container` its card (`Statuss`, `Izdevējs`,
`Veids`, `Numurs`, `Pieņemts`, `Publicēts`, `Stājas spēkā`, `Zaudē spēku`), days as `01.07.2020.`.
A title begins with `Zaudējis spēku - ` where the act is no longer in force. Around the text are
lists of other acts that change every day, so only text and card are read.

robots.txt asks for one request a second, and keeps machines off `/redakcijas-datums/` (earlier
and coming versions) and some 480 acts, mostly court rulings. So a coming version is seen when its
day has come. Acts of municipalities are on the day pages too, and are read as what they are.

History of breakage. None seen yet (built 2026-11-22 from recorded pages of acts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import part_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, day_first, one_line
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SITE: Final = "https://likumi.lv"
APPEARED: Final = ("publiceti", "stajas-speka")
ANCHORS: Final = ("50539", "121086")
"""The law on the application of the Criminal Law, whose annex 2 lists substances, and the list of
controlled substances of 2005 (the numbers from a list of links: UNCONFIRMED)."""
ACT: Final = re.compile(r"^(?:https?://(?:www\.)?likumi\.lv)?/ta/id/(\d+)")
OVER: Final = "Zaudējis spēku - "
KINDS: Final = {
    "likums": InstrumentKind.STATUTE,
    "noteikumi": InstrumentKind.REGULATION,
    "saistošie noteikumi": InstrumentKind.ORDINANCE,
}


class Card(Struct):
    """What the card of an act says."""

    title: str
    kind: str = ""
    status: str = ""
    issuer: str = ""
    number: str = ""
    adopted: str | None = None
    published: str | None = None
    effective: str | None = None
    ends: str | None = None


LABELS: Final = {
    "Veids": "kind",
    "Izdevējs": "issuer",
    "Numurs": "number",
    "Statuss": "status",
    "Pieņemts": "adopted",
    "Publicēts": "published",
    "Stājas spēkā": "effective",
    "Zaudē spēku": "ends",
}


class LvLikumi(Scraper):
    """Reads what appeared day by day, the acts that list substances, and what is known."""

    source: ClassVar = Source(
        id="lv_likumi",
        title="Likumi.lv",
        publisher="Latvijas Vēstnesis",
        covers=("LV",),
        kind=SourceKind.STATUTES,
        homepage="https://likumi.lv/",
        licence="Texts of law are not protected (Copyright Law, section 6)",
        terms="robots.txt: one request a second; earlier versions and some acts are kept off.",
        hosts=("likumi.lv",),
        schedule="19 6 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(2, 10_000), observed=(0, 100)),
        cadence=730,
        overlap=3,
        first=14,
        language="lv",
    )

    def start(self) -> Iterable[Fetch]:
        """The pages of each day since the last look, and the acts that are watched."""
        for day in self.days():
            for kind in APPEARED:
                yield self._day(kind, day)
        for act in dict.fromkeys((*ANCHORS, *self.known)):
            yield self._act(act)

    def day(self, page: Page) -> Iterable[Yield]:
        """Every act that the page of a day links to."""
        links = (ACT.match(one.get("href", "").strip()) for one in page.html().iter("a"))
        acts = dict.fromkeys(link[1] for link in links if link)
        self.examine(len(acts))
        for act in acts:
            if act not in ANCHORS and act not in self.known:
                yield self._act(act)

    def read(self, page: Page, act: str) -> Iterable[Yield]:
        """The act as it stands."""
        self.examine()
        root = page.html()
        body = root.find('.//div[@class="doc-body"]')
        if body is None:
            raise FaultError(Fault.LAYOUT, f"{act}: no text")
        card = _card(root)
        said = (card.kind, card.issuer, card.status)
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=act,
                    title=card.title,
                    jurisdiction="ocd-division/country:lv",
                    url=f"{SITE}/ta/id/{act}",
                    text=part_text(body),
                    kind=KINDS.get(card.kind.lower()),
                    number=card.number or None,
                    published=day_first(card.published) or day_first(card.adopted),
                    effective=day_first(card.effective),
                    ends=day_first(card.ends),
                    locator="div.doc-body",
                    note=". ".join(filter(None, said)) or None,
                )
            ]
        )

    def _day(self, kind: str, day: date) -> Fetch:
        address = f"{SITE}/ta/jaunakie/{kind}/{day:%Y/%m/%d}/"
        return self.get(address, self.day, expect=DAYS, essential=True)

    def _act(self, act: str) -> Fetch:
        return self.get(f"{SITE}/ta/id/{act}", self.read, expect=ACTS, about=act, act=act)


def _card(root: HtmlElement) -> Card:
    """The card of an act; the name on it is cut, and whole in its tooltip or in the head."""
    said: dict[str, str] = {}
    for entry in root.iterfind('.//div[@class="pase-container"]//span'):
        label = entry.find("font")
        if label is None:
            continue
        name, _, _ = label.text_content().partition(":")
        field = LABELS.get(one_line(name))
        if field is not None:
            after = (entry[-1].tail or "").strip()  # before it stands the tooltip of an icon
            words = after or entry.text_content().replace(label.text_content(), "", 1)
            said.setdefault(field, one_line(words))
    card = Card(title=one_line(root.findtext("head/title")).removeprefix(OVER), **said)
    if not card.title or not said:
        raise FaultError(Fault.LAYOUT, "an act without title or card")
    return card


DAYS: Final = Expect(media=("html",), smallest=200, contains=("/ta/jaunakie",))
ACTS: Final = Expect(media=("html",), smallest=200, contains=("doc-body", "pase-container"))
