"""BILLSTATUS of GovInfo: the same bills as Congress.gov, in bulk and without a key.

Layout. `/sitemap/bulkdata/BILLSTATUS/sitemapindex.xml` lists a sitemap for each Congress and type
of bill; each of these has the address of every BILLSTATUS file with its `lastmod`: the cleanest
signal of change of all federal sources. Current files are made anew about every four hours. A
file is one bill with its titles, summaries, actions and versions of text, in one of two
generations of the schema (see `kratom_atlas.crawl.platforms.govinfo`); it names the XML of the
texts, on the same host. Some list no address although the XML is there: it is built from the name
of the version.

A bill is followed if its titles or summaries name kratom. Where they do not, and its newest text
is newer than the last look, that text is read: bills that name kratom only there are many. Texts
may lag days behind the status, the feed has stood still for weeks (2022), dozens of texts were
missing for a while (2026), and `lastmod` moves when files are made again. UNCONFIRMED: that each
address of a sitemap has a `lastmod`; what has none is taken for new.

History of breakage. None seen yet (built 2026-11-22 from recorded files).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.govinfo import (
    BillStatus,
    bill_document,
    bill_key,
    congresses,
    package_in,
    read_status,
)
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, clip
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.read.faults import FaultError

INDEX: Final = "https://www.govinfo.gov/sitemap/bulkdata/BILLSTATUS/sitemapindex.xml"
CHILD: Final = re.compile(r"/BILLSTATUS/(?P<congress>\d{2,3})[a-z]+/sitemap\.xml$")
FILE: Final = re.compile(r"/BILLSTATUS-(?P<congress>\d{2,3})(?P<type>[a-z]+)(?P<number>\d+)\.xml$")
STATUS: Final = Expect(media=XML.media, smallest=200, contains=("<billStatus",))


class UsBillstatus(Scraper):
    """Reads each BILLSTATUS file that is newer than the last look, and new texts."""

    source: ClassVar = Source(
        id="us_billstatus",
        title="GovInfo: BILLSTATUS bulk data",
        publisher="Government Publishing Office and Library of Congress (United States)",
        covers=("US",),
        kind=SourceKind.BILLS,
        homepage="https://www.govinfo.gov/bulkdata/BILLSTATUS",
        licence="Public domain (17 USC 105)",
        terms="Bulk data and sitemaps are meant for machines; no key.",
        hosts=("www.govinfo.gov",),
        schedule="7 5 * * *",
        in_session="7 5,17 * * *",
        sittings=(("01-03", "12-31"),),
        rate=Rate(delay=0.25, parallel=2),
        bounds=Bounds(examined=(1, 60_000), observed=(0, 2_000)),
        cadence=120,
        overlap=2,
        first=45,
    )

    def start(self) -> Iterable[Fetch]:
        """The list of sitemaps."""
        yield self.get(INDEX, self.index, expect=XML, essential=True)

    def index(self, page: Page) -> Iterable[Yield]:
        """The sitemaps of the Congresses that sat since the last look."""
        wanted = congresses(self.since, self.today)
        found = [(child, CHILD.search(child)) for child, _ in _entries(page, "sitemap")]
        children = [child for child, named in found if named and int(named["congress"]) in wanted]
        if not children:
            raise FaultError(Fault.LAYOUT, f"no sitemap of the Congress {wanted[-1]}")
        for child in children:
            yield self.get(child, self.sitemap, expect=XML, essential=True)

    def sitemap(self, page: Page) -> Iterable[Yield]:
        """Each file that is newer than the last look."""
        entries = list(_entries(page, "url"))
        self.examine(len(entries))
        texts: dict[str, list[str]] = {}
        for one in filter(None, map(package_in, self.known)):
            texts.setdefault(bill_key(one.congress, one.type, one.number), []).append(one.id)
        for address, changed in entries:
            named = FILE.search(address)
            if named is None:
                continue
            key = bill_key(named["congress"], named["type"], named["number"])
            if self.stands(key, changed):
                yield from (Still(one) for one in (key, *texts.get(key, ())))
            elif key in self.known or not changed or changed[:10] >= self.since.isoformat():
                yield self.get(
                    address, self.status, expect=STATUS, changed=changed,
                    about=key if key in self.known else None,
                )  # fmt: skip

    def status(self, page: Page, changed: str | None) -> Iterable[Yield]:
        """The bill, and its newest text if nobody has read that."""
        from kratom_atlas.read.terms import find_mentions

        found = read_status(page)
        mentions = find_mentions("\n".join(found.words), "en")
        named = bool(mentions) or found.key in self.known
        if named:
            yield self._instrument(page, found, changed)
        newest = next(iter(found.versions()), None)
        if newest is None:
            return
        package = package_in(newest.url)
        if package is not None and (named or _is_new(newest.date, self.since.isoformat())):
            yield self.get(
                newest.url, self.text, expect=XML, package=package.id, changed=changed,
                status=None if named else msgspec.to_builtins(found),
                about=package.id if named else None,
            )  # fmt: skip

    def text(
        self, page: Page, package: str, changed: str | None, status: dict[str, Any] | None
    ) -> Iterable[Yield]:
        """The newest text; if it names kratom, the bill does."""
        named = package_in(package)
        if named is None:
            raise FaultError(Fault.LAYOUT, f"{package} is no name of a bill")
        document = bill_document(self, page, named)
        # The text of a bill that is followed is kept even where the word has gone from it.
        if document.mentions or document.key in self.known or status is None:
            yield document
        if document.mentions and status is not None:
            yield self._instrument(page, msgspec.convert(status, BillStatus), changed)

    def _instrument(self, page: Page, found: BillStatus, changed: str | None) -> Yield:
        from kratom_atlas.read.lifecycle import from_congress
        from kratom_atlas.read.terms import find_mentions

        made = from_congress(found.bill, found.actions, versions=found.versions(), today=self.today)
        return msgspec.structs.replace(
            made, mentions=find_mentions("\n".join(found.words), "en"), sha256=page.sha256,
            version=changed, abstract=clip(found.abstract, 8000) if found.abstract else None,
            same_as=tuple(found.identical),
        )  # fmt: skip


def _entries(page: Page, name: str) -> Iterable[tuple[str, str | None]]:
    root = page.xml()
    found = root.findall(f"{{*}}{name}")
    if not found:
        raise FaultError(Fault.LAYOUT, f"a sitemap without a <{name}>")
    for one in found:
        address = (one.findtext("{*}loc") or "").strip()
        if not address:
            raise FaultError(Fault.LAYOUT, f"a <{name}> of a sitemap without a <loc>")
        yield address, (one.findtext("{*}lastmod") or "").strip() or None


def _is_new(day: str | None, since: str) -> bool:
    # An enrolled bill has no date at first: it is new.
    return day is None or str(day) >= since
