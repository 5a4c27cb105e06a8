"""Laws of Malaysia, Attorney General's Chambers: the acts that decide about ketum.

Layout. `act-detail.php?act=366` is the page of an act: its dates in HTML, its reprints as PDF below
`/ilims/upload/`, `_BI` in English and `_BM` in Malay. `POST json-updated-2024.php` is the table of
all consolidated acts, 100 at a time, with the file of each in `doc2downloadgeneratepdf` (JSON in a
string). Some reprints are scans: their pages are flagged and not guessed.

In 2026 several readers found that the table answers with an encrypted envelope that only the
site's own pages are meant to open. It is not opened here. The table is used where it answers in
the clear, the acts' own pages are read in any case, and a run that gets only one of the two says
so.

Kratom is in the Poisons Act 1952 (Act 366, mitragynine as a psychotropic substance); a move to the
Dangerous Drugs Act 1952 (Act 234) has been proposed more than once. No title names it, so these
two acts are read and nothing else.

Unconfirmed: that the pages of acts still answer to a plain address; the order of several PDF on a
page (the last in English is taken for the newest).

History of breakage. 2026 (reported by others, not seen here): the table is encrypted. Built
2026-11-22 from clients; no real page was held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, day_first
from kratom_atlas.crawl.source import HTML, JSON, PDF, Bounds, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

SITE = "https://lom.agc.gov.my"
WATCHED = {"366": "Poisons Act 1952", "234": "Dangerous Drugs Act 1952"}
PER_PAGE = 100
_AS_AT = re.compile(r"[Aa]s [Aa]t\s+(\d{1,2}[-./ ]\d{1,2}[-./ ]\d{4})")


class File(Struct, rename="camel"):
    """A file of an act."""

    path: str
    doc_name: str


class Row(Struct):
    """An act in the table; `title` is HTML."""

    lgt_act_id: str
    lgt_act_no: str
    title: str
    doc2downloadgeneratepdf: str | None = None


class Table(Struct, rename="camel"):
    """A page of the table, in the clear or not."""

    records_total: int = 0
    records: list[Row] = field(default_factory=list)
    encrypted: bool = False


class MyAgc(Scraper):
    """Reads the newest reprint of each watched act."""

    source: ClassVar = Source(
        id="my_agc",
        title="Laws of Malaysia (LOM)",
        publisher="Attorney General's Chambers of Malaysia",
        covers=("MY",),
        kind=SourceKind.STATUTES,
        homepage=f"{SITE}/",
        licence="No copyright in official texts (Copyright Act 1987, section 3: not a literary "
        "work)",
        terms="Public pages without terms for programs that were found; the encrypted table is "
        "left alone.",
        hosts=("lom.agc.gov.my",),
        schedule="41 18 * * mon",
        rate=Rate(delay=5.0),
        bounds=Bounds(examined=(1, 3_000), observed=(0, 10), errors=0.7),
        cadence=900,
        seconds=180,
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The pages of the acts, and the table."""
        for number in WATCHED:
            yield self.get(
                f"{SITE}/act-detail.php", self.act, params={"act": number, "language": "BI"},
                expect=HTML, about=f"Act-{number}", number=number,
            )  # fmt: skip
        yield self._table(0)

    def act(self, page: Page, number: str) -> Iterable[Yield]:
        """The page of an act, with its reprints."""
        self.examine()
        if not re.search(rf"\b{number}\b", page.text().text):
            raise FaultError(Fault.LAYOUT, f"a page of an act without its number {number}")
        links = [
            self.join(page, str(link.get("href")))
            for link in page.html().iter("a")
            if ".pdf" in str(link.get("href") or "").lower()
        ]
        english = [link for link in links if "_BI" in link] or links
        if not english:
            raise FaultError(Fault.LAYOUT, f"no PDF on the page of Act {number}")
        yield self._reprint(number, english[-1], _as_at(page.text().text))

    def table(self, page: Page, start: int) -> Iterable[Yield]:
        """The watched acts in the table, and its next page."""
        from kratom_atlas.read.structured import parse_json

        table = page.json(Table)
        if table.encrypted:
            raise FaultError(Fault.REJECTED, "the table is encrypted: not meant for us")
        if not table.records:
            raise FaultError(Fault.LAYOUT, "a page of the table without acts")
        self.examine(len(table.records))
        for row in table.records:
            number = row.lgt_act_no.strip().upper().removeprefix("ACT").strip()
            if number in WATCHED:
                files = parse_json((row.doc2downloadgeneratepdf or "[]").encode(), list[File])
                english = [one for one in files if "_BI" in one.path] or files
                if english:
                    link = f"{SITE}/ilims{english[-1].path}{quote(english[-1].doc_name)}"
                    yield self._reprint(number, link, _as_at(row.title))
        if start + len(table.records) < table.records_total:
            yield self._table(start + len(table.records))

    def reprint(self, page: Page, number: str, as_at: str | None) -> Iterable[Yield]:
        """The text of a reprint."""
        text = page.text()
        yield self.document(
            page,
            key=f"Act-{number}",
            title=WATCHED[number],
            jurisdiction="ocd-division/country:my",
            url=page.url,
            text=text,
            kind=InstrumentKind.STATUTE,
            number=f"Act {number}",
            published=as_at,
            version=_name(page.url),
            note="Some pages are pictures and were not read." if text.scanned else None,
        )

    def _reprint(self, number: str, link: str, as_at: str | None) -> Fetch | Still:
        key = f"Act-{number}"
        if self.stands(key, _name(link)):
            return Still(key)
        return self.get(
            link, self.reprint, expect=PDF, about=key, number=number, as_at=as_at
        )  # fmt: skip

    def _table(self, start: int) -> Fetch:
        form = {"draw": 1, "start": start, "length": PER_PAGE, "language": "BI"}
        return self.post(
            f"{SITE}/json-updated-2024.php", self.table, form=form, expect=JSON, start=start
        )  # fmt: skip


def _as_at(text: str) -> str | None:
    """The day up to which a reprint is consolidated."""
    found = _AS_AT.search(text)
    return day_first(found[1]) if found else None


def _name(link: str) -> str:
    """The file, as a mark of its version."""
    return unquote(urlsplit(link).path).rsplit("/ilims/", 1)[-1]
