"""Recalls and safety alerts of Canada: where its stance on kratom shows.

Layout. One JSON file of all notices since 2005, made anew each day (34,107 rows and some 16 MB in
September 2026). Its members are named in words (`Last updated`, `Recall class`, `What you should
do`); `NID` is the number of the notice, a fact of the notice and not of a product. About 2,700
rows have no valid day. The file has the latest text only and drops nothing: a notice that is
archived stays, with `Archived` set. The page of each notice is its text.

Kratom is not named in the Controlled Drugs and Substances Act. It is policed as an unauthorised
natural health product, by seizure and warning: these notices.

The file has been seen cut off in the middle; then the run fails and earlier data stand.

Unconfirmed: the element of a notice's page that holds its text (`main` is taken).

History of breakage. None seen yet (built 2026-11-22 from clients; no real answer was held).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import part_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import HTML, JSON, Bounds, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.read.faults import FaultError

SITE = "https://recalls-rappels.canada.ca"
FILE = f"{SITE}/sites/default/files/opendata-donneesouvertes/HCRSAMOpenData.json"


class Notice(Struct):
    """A row of the file."""

    nid: str | int = field(name="NID")
    title: str = field(name="Title")
    url: str = field(name="URL")
    organization: str | None = field(default=None, name="Organization")
    product: str | None = field(default=None, name="Product")
    issue: str | None = field(default=None, name="Issue")
    category: str | None = field(default=None, name="Category")
    advice: str | None = field(default=None, name="What you should do")
    recall_class: str | None = field(default=None, name="Recall class")
    updated: str | None = field(default=None, name="Last updated")
    archived: str | int | bool | None = field(default=None, name="Archived")

    @property
    def said(self) -> str:
        """All that the row says."""
        parts = (self.title, self.product, self.issue, self.category, self.advice)
        return "\n".join(filter(None, parts))


class CaRecalls(Scraper):
    """Reads the whole list, and the page of each notice that names kratom."""

    source: ClassVar = Source(
        id="ca_recalls",
        title="Recalls and safety alerts",
        publisher="Health Canada",
        covers=("CA",),
        kind=SourceKind.ALERTS,
        homepage=f"{SITE}/en",
        licence="Open Government Licence - Canada",
        terms="An open data file without a key.",
        hosts=("recalls-rappels.canada.ca",),
        schedule="9 12 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(1, 200_000), observed=(0, 1_000), collapse=0.5, errors=0.5),
        cadence=365,
        seconds=300,
        megabytes=96,
    )

    def start(self) -> Iterable[Fetch]:
        """The file."""
        yield self.get(FILE, self.notices, expect=JSON, essential=True)

    def notices(self, page: Page) -> Iterable[Yield]:
        """The notices that name kratom, or did."""
        from kratom_atlas.read.terms import find_mentions, names_kratom

        rows = page.json(list[Notice])
        if not rows:
            raise FaultError(Fault.COLLAPSED, "a list without notices")
        self.examine(len(rows))
        for row in rows:
            key = str(row.nid)
            if self.stands(key, _mark(row)):
                yield Still(key)
            elif key in self.known or (names_kratom(row.said.encode()) and find_mentions(row.said)):
                yield self.get(
                    self.join(page, row.url), self.notice, expect=HTML, about=key,
                    row=msgspec.to_builtins(row),
                )  # fmt: skip

    def notice(self, page: Page, row: dict[str, Any]) -> Iterable[Yield]:
        """The page of a notice."""
        told = msgspec.convert(row, Notice)
        main = page.html().find(".//main")
        if main is None:
            raise FaultError(Fault.LAYOUT, "a notice without a main part")
        said = (
            told.organization, told.issue, told.recall_class,
            "Archived" if str(told.archived or "0").lower() not in ("0", "false", "no") else "",
        )  # fmt: skip
        yield self.document(
            page,
            key=str(told.nid),
            title=told.title,
            jurisdiction="ocd-division/country:ca",
            text=part_text(main),
            number=str(told.nid),
            published=told.updated,
            version=_mark(told),
            note=". ".join(filter(None, said)) + ".",
        )


def _mark(row: Notice) -> str:
    return f"{row.updated or ''}@{row.archived or 0}"
