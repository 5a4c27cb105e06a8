"""New Zealand Legislation, developer API (version 0): acts, bills and secondary legislation.

Layout. `GET /v0/works/` searches (`search_field` `content` for the texts, `title` for titles;
at most 100 on a page); `results` have a `work_id` (`act_public_1975_116`) and the newest version
that matches, which need not be the newest there is: `is_latest_version` is false where only an
older text has the word. `GET /v0/works/{work_id}/versions/` lists every version. A version id is
the work id, a language and a day (`..._en_2026-03-05`). `formats` are addresses on the website:
html, xml, pdf.

Terms. A free key by mail from the Parliamentary Counsel Office, in the header `X-Api-Key`;
10,000 requests a day, and 2,000 in five minutes from one address, beyond which it answers 403.
No copyright in legislation (Copyright Act 1994, section 27).

The website, where the texts are, stands behind a firewall that answers machines in data centres
with an empty 202. Then the search still works and the text is missing: the document is an error,
never a change.

Unconfirmed: whether `search_field` is `content` (two clients) or `fulltext` (the notes), and the
words for the status of bills.

History of breakage. None seen yet (built 2026-11-22 from clients; no real answer was held).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind

API = "https://api.legislation.govt.nz/v0"
WORDS = ("kratom", "mitragynine", "mitragyna")
LISTED = Expect(media=("json",), smallest=2, contains=('"results"',))
TEXT = Expect(media=("xml", "html"), smallest=100)
KINDS = {
    "act": InstrumentKind.STATUTE,
    "bill": InstrumentKind.BILL,
    "secondary_legislation": InstrumentKind.REGULATION,
}
_DAY = re.compile(r"_(\d{4}-\d\d-\d\d)[A-Z]?\Z")


class Format(Struct):
    """Where a version is, in one format."""

    type: str
    url: str


class Version(Struct):
    """A version of a work."""

    version_id: str
    title: str
    is_latest_version: bool | None = None
    formats: list[Format] = field(default_factory=list)
    legislation_type: str | None = None
    legislation_status: str | None = None


class Work(Struct):
    """A work that was found."""

    work_id: str
    legislation_type: str
    latest_matching_version: Version
    legislation_status: str | None = None


class Works(Struct):
    """A page of works."""

    total: int
    results: list[Work]
    page: int = 1
    per_page: int = 20


class Versions(Struct):
    """The versions of a work."""

    results: list[Version]


class NzLegislation(Scraper):
    """Searches the texts by word, and follows the versions of what was found."""

    source: ClassVar = Source(
        id="nz_legislation",
        title="New Zealand Legislation, developer API",
        publisher="Parliamentary Counsel Office (New Zealand)",
        covers=("NZ",),
        kind=SourceKind.STATUTES,
        homepage="https://api.legislation.govt.nz/docs/",
        licence="No copyright (Copyright Act 1994, section 27)",
        terms="A free key by mail; 10,000 requests a day, 2,000 in five minutes.",
        hosts=("api.legislation.govt.nz", "www.legislation.govt.nz", "legislation.govt.nz"),
        schedule="7 16 * * *",
        key=Key(
            env="NZ_LEGISLATION_API_KEY", place="header", name="X-Api-Key",
            register="https://www.legislation.govt.nz/learn-more/legislation-data/developer-api/",
        ),
        rate=Rate(delay=1.0, per_day=5_000),
        bounds=Bounds(examined=(0, 2_000), observed=(0, 300), errors=0.5),
        cadence=400,
    )  # fmt: skip

    def start(self) -> Iterable[Fetch]:
        """A search for each word, and the versions of what is known."""
        for word in WORDS:
            yield self._search(word, 1)
        for key in self.known:
            yield self._versions(key)

    def found(self, page: Page, word: str, number: int) -> Iterable[Yield]:
        """The works that were found, and the next page."""
        works = page.json(Works)
        self.examine(len(works.results))
        for work in works.results:
            if work.latest_matching_version.is_latest_version is False:
                # Only an older text has the word: what the work says now decides.
                yield self._versions(work.work_id)
            else:
                yield from self._read(page, work.work_id, _latest(work))
        if works.results and works.page * works.per_page < works.total:
            yield self._search(word, number + 1)

    def versions(self, page: Page, key: str) -> Iterable[Yield]:
        """The newest version of a work."""
        versions = page.json(Versions).results
        newest = next((one for one in versions if one.is_latest_version), None)
        if newest is None and versions:
            newest = max(versions, key=lambda one: _day(one.version_id) or "")
        if newest is not None:
            yield from self._read(page, key, newest)

    def text(self, page: Page, key: str, version: dict[str, Any]) -> Iterable[Yield]:
        """The text of a version."""
        told = msgspec.convert(version, Version)
        yield from self.mentioning([self._document(page, key, told, page)])

    def _read(self, page: Page, key: str, version: Version) -> Iterable[Yield]:
        if self.stands(key, _mark(version)):
            yield Still(key)
            return
        formats = {one.type: one.url for one in version.formats}
        address = formats.get("xml") or formats.get("html")
        if address is None:
            yield self._document(page, key, version, None)
            return
        told = msgspec.to_builtins(version)
        yield self.get(address, self.text, expect=TEXT, about=key, key=key, version=told)

    def _document(self, page: Page, key: str, version: Version, text: Page | None) -> Document:
        formats = {one.type: one.url for one in version.formats}
        return self.document(
            page,
            key=key,
            title=version.title,
            jurisdiction="ocd-division/country:nz",
            url=formats.get("html") or page.url,
            text=text.text() if text else version.title,
            kind=KINDS.get(version.legislation_type or key.partition("_")[0]),
            number=key,
            effective=_day(version.version_id),
            version=_mark(version),
            locator=version.version_id,
            note=f"Status: {version.legislation_status}." if version.legislation_status else None,
            text_held=text is not None,
        )

    def _search(self, word: str, number: int) -> Fetch:
        params = {
            "search_term": word, "search_field": "content", "sort_by": "most_recently_updated",
            "page": number, "per_page": 100,
        }  # fmt: skip
        return self.get(
            f"{API}/works/", self.found, params=params, expect=LISTED, essential=True, word=word,
            number=number,
        )  # fmt: skip

    def _versions(self, key: str) -> Fetch:
        return self.get(
            f"{API}/works/{key}/versions/", self.versions, params={"per_page": 100},
            expect=LISTED, about=key, key=key,
        )  # fmt: skip


def _latest(work: Work) -> Version:
    """The version, with what only the work says of it."""
    version = work.latest_matching_version
    version.legislation_type = version.legislation_type or work.legislation_type
    version.legislation_status = version.legislation_status or work.legislation_status
    return version


def _mark(version: Version) -> str:
    return f"{version.version_id}@{version.legislation_status or ''}"


def _day(version_id: str) -> str | None:
    found = _DAY.search(version_id)
    return found[1] if found else None
