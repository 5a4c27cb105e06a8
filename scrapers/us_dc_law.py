"""District of Columbia: acts and laws of the Council, and its code, as the Council's own XML.

Layout. Two repositories of the Council on GitHub: `DCCouncil/law-xml` with the acts and laws of
each Council Period (`us/dc/council/periods/26/{acts,laws}/26-1.xml`), and
`DCCouncil/law-xml-codified` with the D.C. Official Code as the laws have left it
(`us/dc/council/code/titles/48/sections/48-902.04.xml`). The contents API lists a folder, at most
1,000 files, each with the digest of its content (`sha`) and the address of its bytes
(`download_url`, another host); 60 requests an hour without a key. There is no search.

`document[@id]` is an act or law: `num[@type]` its numbers, `heading[@type='short']` and `'long'`,
`meta/effective`, `meta/history/enacted`, `meta/citations/citation[@url]`. An emergency act is in
force for 90 days and says so in its text only; a temporary one for 225. `section` is a section of
the code: `num`, `heading`, `para`, `text`, `annotations`. A Council Period lasts two years from 2
January of an odd year: the 26th began in 2025. A law repeats the act that it was, under another
number, after the review by Congress.

The acts and laws of the last two periods, title 48 of the code (Foods and Drugs, with
the schedules of controlled substances) and the declared sections are looked at; all of the code
would be 20,000 files. UNCONFIRMED: that no period has more than 1,000 acts; a full list is refused.

History of breakage. None seen yet (built 2026-11-22 from real files of both repositories).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import words_of
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, one_line
from kratom_atlas.crawl.source import JSON, XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

DC: Final = "ocd-division/country:us/district:dc"
API: Final = "https://api.github.com/repos/DCCouncil"
RAW: Final = "https://raw.githubusercontent.com/DCCouncil"
PERIODS: Final = "law-xml/contents/us/dc/council/periods"
CODE: Final = "us/dc/council/code/titles"
TITLE: Final = "48"
DECLARED: Final = ("7-742.11",)
"""Sections outside of title 48 that name kratom."""
FULL: Final = 1_000
LISTED: Final = Expect(media=JSON.media, smallest=2, contains=('"download_url"',))
LAW: Final = Expect(media=XML.media, smallest=100, contains=("<document",))
SECTION: Final = Expect(media=XML.media, smallest=100, contains=("<section",))
SPANS: Final = re.compile(r"remain in effect for no longer than (\d+) days")


class Entry(Struct):
    """A file or folder of a repository."""

    name: str
    path: str
    sha: str
    type: str
    download_url: str | None = None


class UsDcLaw(Scraper):
    """Looks at the files that are new or changed, and keeps those that name kratom."""

    source: ClassVar = Source(
        id="us_dc_law",
        title="D.C. Law Library (law-xml)",
        publisher="Council of the District of Columbia",
        covers=("US-DC",),
        kind=SourceKind.STATUTES,
        homepage="https://code.dccouncil.gov/",
        licence="Public domain, as the Council has dedicated it",
        terms="Published on GitHub for reuse; 60 requests an hour to the API without a key.",
        hosts=("api.github.com", "raw.githubusercontent.com"),
        schedule="39 8 * * wed",
        rate=Rate(delay=0.4, parallel=2),
        bounds=Bounds(examined=(20, 8_000), observed=(0, 500), collapse=0.2),
        cadence=730,
    )

    def start(self) -> Iterable[Fetch]:
        """The Council Periods, the title of the code, and the declared sections."""
        yield self._list(PERIODS, self.periods)
        yield self._list(f"law-xml-codified/contents/{CODE}/{TITLE}/sections", self.sections)
        for number in DECLARED:
            title = number.partition("-")[0]
            yield self.get(
                f"{RAW}/law-xml-codified/HEAD/{CODE}/{title}/sections/{number}.xml",
                self.section, expect=SECTION, about=section_key(number), sha=None,
            )  # fmt: skip

    def periods(self, page: Page) -> Iterable[Yield]:
        """The last two Council Periods: what ended lately, and what has begun."""
        entries = page.json(list[Entry])
        numbers = sorted(int(one.name) for one in entries if one.name.isdigit())
        if not numbers:
            raise FaultError(Fault.LAYOUT, "no Council Period is listed")
        for number in numbers[-2:]:
            yield self._list(f"{PERIODS}/{number}", self.period)

    def period(self, page: Page) -> Iterable[Yield]:
        """The acts and laws of a Council Period; a new one may have no laws yet."""
        for entry in page.json(list[Entry]):
            if entry.type == "dir" and entry.name in ("acts", "laws"):
                yield self._list(f"law-xml/contents/{entry.path}", self.acts)

    def acts(self, page: Page) -> Iterable[Yield]:
        """Each act or law of a period that is not known as it is."""
        for entry in self._entries(page):
            number = entry.name.removesuffix(".xml")
            kind = "Law" if "/laws/" in entry.path else "Act"
            yield self._look(entry, f"D.C.-{kind}-{number}", self.act, LAW)

    def sections(self, page: Page) -> Iterable[Yield]:
        """Each section of a title that is not known as it is."""
        for entry in self._entries(page):
            yield self._look(
                entry, section_key(entry.name.removesuffix(".xml")), self.section, SECTION
            )

    def act(self, page: Page, sha: str | None) -> Iterable[Yield]:
        """An act or a law, if it names kratom or once did."""
        root = page.xml()
        name = root.get("id")
        if not name:
            raise FaultError(Fault.LAYOUT, "an act without an id")
        title = _words(root, "heading[@type='short']") or _words(root, "heading")
        text = page.text()
        spans = SPANS.search(one_line(text.text))
        enacted = _words(root, "meta/history/enacted") or _words(root, "meta/enacted")
        citations = root.findall("{*}meta/{*}citations/{*}citation")
        pdf = next((one.get("url") for one in citations if one.get("url")), None)
        note = [
            f"Enacted {enacted}." if enacted else "",
            f"In effect for no longer than {spans[1]} days." if spans else "",
            *(f"{one_line(one.text)}." for one in citations if one.text),
        ]
        document = self.document(
            page,
            key="-".join(name.split()),
            title=title or name,
            jurisdiction=DC,
            url=pdf or page.url,
            text=text,
            kind=InstrumentKind.SESSION_LAW,
            number=name,
            published=enacted,
            effective=_words(root, "meta/effective"),
            version=sha,
            note=" ".join(filter(None, note)) or None,
        )
        yield from self.mentioning([document])

    def section(self, page: Page, sha: str | None) -> Iterable[Yield]:
        """A section of the code, if it names kratom or once did."""
        root = page.xml()
        number = _words(root, "num")
        if not number:
            raise FaultError(Fault.LAYOUT, "a section without a number")
        document = self.document(
            page,
            key=section_key(number),
            title=f"D.C. Code § {number}. {_words(root, 'heading') or ''}".strip(),
            jurisdiction=DC,
            url=f"https://code.dccouncil.gov/us/dc/council/code/sections/{number}",
            text=page.text(),
            kind=InstrumentKind.STATUTE,
            number=f"D.C. Code § {number}",
            version=sha,
        )
        self.examine()
        yield from self.mentioning([document])

    def _list(self, path: str, step: object) -> Fetch:
        assert callable(step)
        return self.get(f"{API}/{path}", step, expect=LISTED, essential=True)

    def _entries(self, page: Page) -> list[Entry]:
        entries = page.json(list[Entry])
        if len(entries) >= FULL:
            raise FaultError(Fault.LAYOUT, f"a folder of {FULL} files or more is not listed whole")
        files = [one for one in entries if one.type == "file" and one.name[0].isdigit()]
        self.examine(len(files))
        return files

    def _look(self, entry: Entry, key: str, step: object, expect: Expect) -> Yield:
        assert callable(step)
        if self.stands(key, entry.sha):
            return Still(key)
        if entry.download_url is None:
            raise FaultError(Fault.LAYOUT, f"{entry.name} has no address")
        about = key if key in self.known else None
        return self.get(entry.download_url, step, expect=expect, about=about, sha=entry.sha)


def section_key(number: str) -> str:
    """The key of a section of the code."""
    return f"D.C.-Code-{number}"


def _words(root: _Element, path: str) -> str | None:
    return words_of(root.find("/".join(f"{{*}}{name}" for name in path.split("/"))))
