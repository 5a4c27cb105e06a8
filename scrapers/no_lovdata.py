"""Lovdata's public data: every act and central regulation of Norway, and Norsk Lovtidend.

Layout. `GET https://api.lovdata.no/v1/publicData/list` lists the packages with `lastModified`;
`/v1/publicData/get/FILENAME` serves one, a `tar.bz2` of one XHTML file for each document.
`gjeldende-lover` (6 MB) and `gjeldende-sentrale-forskrifter` (20 MB) hold all that is in force,
`lovtidend-avd1-YEAR` (3 MB) and `lovtidend-avd1-2001-2024` (65 MB) the gazette as published; they
are rebuilt at about 02:30 UTC. So a search of the two packages is a complete answer: what is not
in them is not in force. A file begins with a list of what it is (`dl.data-document-key-info`):
`dokid` (`SF/forskrift/2013-02-14-199`), `dateInForce`, `lastChangedBy`, `changesToDocuments`.
The files are named after the document: `sf-20130214-0199.xml`, `nl-20050520-028.xml`.

The gazette is read only where its package was rebuilt since the last look, and is not counted as
examined: a year's package starts anew in January, so it would look like a collapse. Regulations
of counties and municipalities are not in these packages. Whether the packages have ETags is
UNCONFIRMED. The search of the API needs a key and is not used. Published documents are never
more than a day old here.

History of breakage. None seen yet (built 2026-11-22 from recorded files of the packages).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final
from urllib.parse import quote

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, one_line
from kratom_atlas.crawl.source import ZIP, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.archive import members
from kratom_atlas.read.faults import FaultError

API: Final = "https://api.lovdata.no/v1/publicData"
IN_FORCE: Final = {
    "gjeldende-lover.tar.bz2": "NL",
    "gjeldende-sentrale-forskrifter.tar.bz2": "SF",
}
"""The packages of all that is in force, and the collection that each holds."""
GAZETTE: Final = re.compile(r"lovtidend-avd1-(\d{4})(?:-(\d{4}))?\.tar\.bz2")
KEY: Final = re.compile(r"([A-Z]+)/(lov|forskrift)/(\d{4})-(\d\d)-(\d\d)(?:-(\d+))?")
FILE: Final = re.compile(r"(?:.*/)?(?:[a-z]+)-(\d{8})(?:-(\d+))?(?:-nn)?\.xml")
UNPACKED: Final = 2 << 30
"""The gazette of 24 years has hundreds of megabytes; it is read as a stream."""
GONE: Final = "gone"
KINDS: Final = {
    ("NL", "lov"): InstrumentKind.STATUTE,
    ("LTI", "lov"): InstrumentKind.SESSION_LAW,
}


class Package(Struct, rename="camel"):
    """One file that can be had."""

    filename: str
    last_modified: str


class Header(Struct, rename="camel"):
    """What a document says of itself."""

    dokid: str
    title: str
    legacy_id: str | None = field(name="legacyID", default=None)
    refid: str | None = None
    date_in_force: str | None = None
    date_of_publication: str | None = None
    last_change_in_force: str | None = None
    last_changed_by: str | None = None
    lastupdated: str | None = None
    changes_to_documents: str | None = None


class NoLovdata(Scraper):
    """Reads every document of the packages that names kratom."""

    source: ClassVar = Source(
        id="no_lovdata",
        title="Lovdata public data",
        publisher="Stiftelsen Lovdata (Norway)",
        covers=("NO",),
        kind=SourceKind.STATUTES,
        homepage="https://api.lovdata.no/",
        licence="NLOD 2.0 (Norwegian Licence for Open Government Data); credit Lovdata",
        terms="An open download without a key; the packages are rebuilt once a night.",
        hosts=("api.lovdata.no",),
        schedule="41 3 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(3, 100_000), observed=(0, 300), collapse=0.5),
        cadence=730,
        overlap=3,
        first=36_500,
        seconds=900,
        megabytes=200,
        language="no",
    )

    def start(self) -> Iterable[Fetch]:
        """The list of packages."""
        yield self.get(f"{API}/list", self.listing, expect=LISTED, essential=True)

    def listing(self, page: Page) -> Iterable[Yield]:
        """What is in force, always; the gazette where it was rebuilt since the last look."""
        packages = page.json(list[Package])
        missing = IN_FORCE.keys() - {one.filename for one in packages}
        if missing:
            raise FaultError(Fault.LAYOUT, f"not listed: {', '.join(sorted(missing))}")
        self.examine(len(packages))
        for one in packages:
            address = f"{API}/get/{quote(one.filename)}"
            years = GAZETTE.fullmatch(one.filename)
            if one.filename in IN_FORCE:
                yield self.get(
                    address, self.in_force, expect=ZIP, essential=True, package=one.filename
                )
            elif years and one.last_modified[:10] >= self.since.isoformat():
                yield self.get(address, self.gazette, expect=ZIP, essential=True)
            elif years:
                last = years[2] or years[1]
                for key in self._known("LTI"):
                    if years[1] <= _parts(key)[1][:4] <= last:
                        yield Still(key)

    def in_force(self, page: Page, package: str) -> Iterable[Yield]:
        """Every file that names kratom, or did; and what has left the package."""
        known = {_parts(key): key for key in self._known(IN_FORCE[package])}
        for document in self._read(page, known):
            self.examine()
            if document is not None:
                known.pop(_parts(document.key), None)
                yield from self.mentioning([document])
        for key in known.values():
            if self.known[key] == GONE:
                yield Still(key)
            else:
                yield self.document(
                    page, key=key, title=key, jurisdiction=NORWAY, url=_address(key),
                    version=GONE, text_held=False,
                    note=f"No longer in {package}, which holds all that is in force.",
                )  # fmt: skip

    def gazette(self, page: Page) -> Iterable[Yield]:
        """Every file that names kratom: acts as they were published, with the day of effect."""
        yield from self.mentioning(filter(None, self._read(page, ())))

    def _read(self, page: Page, known: Iterable[tuple[str, str, int]]) -> Iterator[Document | None]:
        """For each member of a package the document, None where it need not be read."""
        from kratom_atlas.read.terms import names_kratom

        wanted = {(day, number) for _, day, number in known}
        for name, body in members(page.body, only=_is_document, max_total=UNPACKED):
            mark = FILE.fullmatch(name)
            is_known = mark is not None and (mark[1], int(mark[2] or 0)) in wanted
            yield self._document(page, name, body) if is_known or names_kratom(body) else None

    def _document(self, page: Page, name: str, body: bytes) -> Document:
        from kratom_atlas.read.text import read_text

        header = _header(name, body)
        collection, kind, *_ = header.dokid.split("/")
        return self.document(
            page,
            key=header.dokid,
            title=header.title,
            jurisdiction=NORWAY,
            url=_address(header.dokid),
            text=read_text(body),
            kind=KINDS.get((collection, kind), InstrumentKind.REGULATION),
            number=header.legacy_id or header.refid,
            published=header.date_of_publication,
            effective=header.date_in_force,
            version=" / ".join(filter(None, (header.last_changed_by, header.lastupdated))) or None,
            locator=name,
            note=_note(header) or None,
        )

    def _known(self, collection: str) -> list[str]:
        return [key for key in self.known if key.startswith(f"{collection}/") and KEY.match(key)]


def _is_document(name: str) -> bool:
    return name.endswith(".xml")


def _parts(key: str) -> tuple[str, str, int]:
    """Collection, day and number of a document's id."""
    found = KEY.match(key)
    if found is None:
        return key, "", 0
    return found[1], f"{found[3]}{found[4]}{found[5]}", int(found[6] or 0)


def _address(key: str) -> str:
    return f"https://lovdata.no/dokument/{quote(key)}"


def _note(header: Header) -> str:
    said = (
        ("Changes", header.changes_to_documents),
        ("Last changed by", header.last_changed_by),
        ("Last change in force", header.last_change_in_force),
        ("Corrected", header.lastupdated),
    )
    return " ".join(f"{what} {words}." for what, words in said if words)


def _header(name: str, body: bytes) -> Header:
    import msgspec

    from kratom_atlas.read.structured import parse_html

    root = parse_html(body)
    said: dict[str, str] = {}
    for entry in root.iterfind('.//dl[@class="data-document-key-info"]/dd'):
        items = entry.findall(".//li") or [entry]
        words = ", ".join(one_line(one.text_content()) for one in items)
        said.setdefault(entry.get("class", ""), words)
    try:
        return msgspec.convert(said, Header)
    except msgspec.ValidationError as error:
        raise FaultError(Fault.LAYOUT, f"{name}: {error}") from None


NORWAY: Final = "ocd-division/country:no"
LISTED: Final = Expect(media=("json",), smallest=2, contains=('"filename"', '"lastModified"'))
