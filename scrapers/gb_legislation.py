"""legislation.gov.uk: acts and instruments of the United Kingdom and of its parts.

Layout. Every list is an Atom feed (`.../data.feed`). `/all/data.feed?text=` searches whole texts;
it tells `leg:morePages` and a link `rel=next`, and no grand total. `results-count` may be 100.
The publication log (`/update/legislation/data.feed`) has an entry for each text that is put up or
replaced, 20 a page, the newest first, and filters by words of the title. `/changes/affected/` has
the effects on one act, by `Modified`, most of them in pages of a link `rel=next`. Identifiers
begin with `http://www.legislation.gov.uk/id/`; Welsh versions are entries of their own, ending in
`/welsh`. `/eli/` is not there.

The text is `/{type}/{year}/{number}/data.xml` (CLML). Tables of drugs stand in schedules, in
`<Tabular>` or XHTML. `ukm:UnappliedEffects` say that the text is not up to date. What is older
than 1987 is often a PDF only, and its XML has no body. While a format is being made the answer
is 202 or a redirect.

robots.txt asks for five seconds between requests. UNCONFIRMED: how the search treats a quoted
phrase (each word is asked for by itself), and whether titles are filtered without regard to case.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, secure
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

HOME = "https://www.legislation.gov.uk"
NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "leg": "http://www.legislation.gov.uk/namespaces/legislation",
    "ukm": "http://www.legislation.gov.uk/namespaces/metadata",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dct": "http://purl.org/dc/terms/",
}
WORDS = ("kratom", "mitragynine", "mitragyna")
TITLES = ("misuse of drugs", "psychoactive substances", "controlled drugs", "novel foods")
ANCHORS = ("ukpga/1971/38", "ukpga/2016/2", "uksi/2001/3998")
FEED = Expect(media=XML.media, smallest=100, contains=("http://www.w3.org/2005/Atom",))
CLML = Expect(media=XML.media, smallest=200, contains=("<Legislation",))
ITEM = re.compile(r"legislation\.gov\.uk/(?:id/)?([a-z]{3,5})/(\d{4})/(\d+)(?:/|$)")
KINDS = {
    "primary": InstrumentKind.STATUTE,
    "secondary": InstrumentKind.REGULATION,
    "euretained": InstrumentKind.REGULATION,
}


class GbLegislation(Scraper):
    """Searches whole texts, and reads what is new or changed about drugs and novel foods."""

    source: ClassVar = Source(
        id="gb_legislation",
        title="legislation.gov.uk",
        publisher="The National Archives (United Kingdom)",
        covers=("GB",),
        kind=SourceKind.STATUTES,
        homepage="https://www.legislation.gov.uk/developer",
        licence="Open Government Licence v3.0",
        terms="Open, without a key; robots.txt asks for five seconds between requests.",
        hosts=("www.legislation.gov.uk",),
        schedule="40 4 * * *",
        rate=Rate(delay=5.0),
        bounds=Bounds(examined=(len(ANCHORS), 5_000), observed=(0, 500)),
        cadence=365,
        overlap=7,
        first=60,
    )

    def start(self) -> Iterable[Fetch]:
        """The searches, the log, the effects on the acts that decide, and these acts."""
        for word in WORDS:
            yield self.get(
                f"{HOME}/all/data.feed", self.found, expect=FEED, essential=True,
                params={"text": word, "results-count": 100, "page": 1},
            )  # fmt: skip
        for title in TITLES:
            yield self.get(
                f"{HOME}/update/legislation/data.feed", self.log, expect=FEED, essential=True,
                params={"event": "published", "format": "xml", "title": title, "page": 1},
            )  # fmt: skip
        for anchor in ANCHORS:
            yield self._text(anchor)
            yield self.get(
                f"{HOME}/changes/affected/{anchor}/data.feed", self.effects, expect=FEED,
                params={"results-count": 100, "sort": "modified"},
            )  # fmt: skip

    def found(self, page: Page) -> Iterable[Yield]:
        """Each hit of a search, and the next page."""
        feed = page.xml()
        for key in dict.fromkeys(filter(None, map(_item, self._entries(feed)))):
            yield self._text(key, hit=True)
        yield from self._next(page, feed, self.found)

    def log(self, page: Page) -> Iterable[Yield]:
        """What was put up since the last look."""
        feed = page.xml()
        entries = list(self._entries(feed))
        fresh = [one for one in entries if self._is_fresh(one.findtext("a:updated", "", NAMES))]
        for key in dict.fromkeys(filter(None, map(_item, fresh))):
            yield self._text(key)
        if len(fresh) == len(entries):
            yield from self._next(page, feed, self.log)

    def effects(self, page: Page) -> Iterable[Yield]:
        """The instruments that have changed an act, or will."""
        feed = page.xml()
        entries = list(self._entries(feed))
        effects = [one for entry in entries for one in entry.iterfind(".//ukm:Effect", NAMES)]
        if entries and not effects:
            raise FaultError(Fault.LAYOUT, "entries without a ukm:Effect")
        fresh = [one for one in effects if self._is_fresh(one.get("Modified", ""))]
        for uri in dict.fromkeys(one.get("AffectingURI", "") for one in fresh):
            found = ITEM.search(uri)
            if found:
                yield self._text("/".join(found.groups()))
        if effects and len(fresh) == len(effects):
            yield from self._next(page, feed, self.effects)

    def text(self, page: Page, key: str, hit: bool) -> Iterable[Yield]:
        """One act or instrument; a `hit` of the search without a text is worth a look by hand."""
        self.examine()
        root = page.xml()
        title = root.findtext(".//dc:title", "", NAMES)
        if not title:
            raise FaultError(Fault.LAYOUT, "a text without a dc:title")
        held = root.find("{*}Primary") is not None or root.find("{*}Secondary") is not None
        held = held or root.find("{*}EURetained") is not None
        category = _value(root, "ukm:DocumentCategory", "Value") or ""
        made = _value(root, "ukm:EnactmentDate", "Date") or _value(root, "ukm:Made", "Date")
        document = self.document(
            page,
            key=key,
            title=title,
            jurisdiction="ocd-division/country:gb",
            url=f"{HOME}/{key}",
            text=page.text() if held else title,
            kind=KINDS.get(category),
            number=key,
            published=made,
            effective=_value(root, "ukm:ComingIntoForce/ukm:DateTime", "Date"),
            ends=root.get("RestrictEndDate"),
            version=_version(root),
            note=_note(root, title),
            text_held=held,
        )
        yield from [document] if hit and not held else self.mentioning([document])

    def _text(self, key: str, *, hit: bool = False) -> Fetch:
        return self.get(
            f"{HOME}/{key}/data.xml", self.text, expect=CLML, about=key, key=key, hit=hit
        )

    def _entries(self, feed: _Element) -> Iterator[_Element]:
        if feed.tag != f"{{{NAMES['a']}}}feed":
            raise FaultError(Fault.LAYOUT, f"not a feed but {feed.tag!r}")
        for entry in feed.iterfind("a:entry", NAMES):
            self.examine()
            yield entry

    def _is_fresh(self, stamp: str) -> bool:
        return stamp[:10] >= self.since.isoformat()

    def _next(self, page: Page, feed: _Element, step: object) -> Iterator[Fetch]:
        link = feed.find("a:link[@rel='next']", NAMES)
        if link is not None and callable(step):
            address = secure(self.join(page, link.get("href", "")))
            yield self.get(address, step, expect=FEED, essential=True)


def _item(entry: _Element) -> str | None:
    """`uksi/2011/744` of the item that an entry is about; None for a Welsh version."""
    name = entry.findtext("dc:identifier", "", NAMES) or entry.findtext("a:id", "", NAMES)
    found = ITEM.search(name)
    if found is None:
        raise FaultError(Fault.LAYOUT, f"an entry about {name!r}")
    language = entry.findtext("dc:language", "", NAMES)
    return None if name.endswith("/welsh") or language == "cy" else "/".join(found.groups())


def _value(root: _Element, path: str, name: str) -> str | None:
    found = root.find(f".//{path}", NAMES)
    return None if found is None else found.get(name)


def _version(root: _Element) -> str | None:
    """What the text says of its own version: the day from which it is valid, and of its edition."""
    said = (root.findtext(f".//{name}", "", NAMES) for name in ("dct:valid", "dc:modified"))
    return " ".join(filter(None, said)) or None


def _note(root: _Element, title: str) -> str | None:
    """What makes this text another than it seems: repealed, a draft, not up to date."""
    notes = []
    status = _value(root, "ukm:DocumentStatus", "Value")
    if status:
        notes.append(f"Status: {status}")
    extent = root.get("RestrictExtent")
    if extent:
        notes.append(f"Extent: {extent}")
    if re.search(r"\((?:repealed|revoked|expired)", title):
        notes.append("Its title says that it has ended")
    waiting = root.findall(".//ukm:UnappliedEffect", NAMES)
    if waiting:
        ends = sum(one.get("Type", "") in ("repealed", "revoked") for one in waiting)
        tail = f", {ends} of them ending parts or all of it" if ends else ""
        notes.append(f"Effects not yet applied to this text: {len(waiting)}{tail}")
    return ". ".join(notes) or None
