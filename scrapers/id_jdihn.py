"""National legal documentation network of Indonesia (JDIHN): regulations of all ministries.

Layout. `GET /api/search?query=..&page=..` answers as Laravel pages do: `data` and `meta`, 15 on a
page, at most 1,000 in all, newest first. What is sought is the title, and no title of the rules
that decide about kratom names it: the trade ministry's regulations on goods that must not be
exported (20/2024) and on the export of the rest (21/2024) do so in their annexes. So the titles
of export rules are sought too, and their PDF are read and matched here. `/pencarian/detail/{id}`
is the page for people; `/pencarian/download?id_dokumen=..&id_anggota=..` is the PDF. Where a
record only has an address at the ministry's own site, its text is not fetched.

The network joins thousands of libraries: records are doubled, titles misspelt, states of force
unreliable; the note gives what the record says.

Unconfirmed: reports differ on whether `query` searches at all (two probes got nothing for common
words), and whether the site answers from abroad. The titles of export rules are never without a
hit, so a search that finds nothing fails the run instead of passing for silence.

History of breakage. None seen yet (built 2026-11-22 from clients; no real answer was held).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import PDF, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind

SITE = "https://jdihn.go.id"
NAMES = ("kratom", "mitragyna", "daun purik")
EXPORTS = ("dilarang untuk diekspor", "kebijakan dan pengaturan ekspor")
LISTED = Expect(media=("json",), smallest=2, contains=('"data"',))
# The service ends at 1,000 records, whatever `meta` says.
LAST_PAGE = 67


class Named(Struct):
    """A thing with a name."""

    name: str | None = None


class Entry(Struct):
    """A record. Its id has two names, and some members are a name or an object with one."""

    judul: str
    id: str | int | None = None
    id_dokumen: str | int | None = None
    id_anggota: str | int | None = None
    nomor: str | int | None = None
    tahun_terbit: str | int | None = None
    jenis_peraturan: Named | str | None = None
    instansi: Named | str | None = None
    status: Named | str | None = None
    download: str | None = None
    updated_at: str | None = None

    @property
    def key(self) -> str:
        """Its id, empty where it has none."""
        return str(self.id or self.id_dokumen or "")


class Meta(Struct):
    """Where the page stands among all."""

    total: int
    last_page: int = 1


class Listing(Struct):
    """A page of the search."""

    meta: Meta
    data: list[Entry] = field(default_factory=list)


class IdJdihn(Scraper):
    """Searches titles for kratom and for export rules, and reads what it finds."""

    source: ClassVar = Source(
        id="id_jdihn",
        title="JDIHN, national legal documentation network",
        publisher="National Law Development Agency (Indonesia)",
        covers=("ID",),
        kind=SourceKind.REGULATIONS,
        homepage=f"{SITE}/",
        licence="No copyright in legislation (Law 28/2014, article 42)",
        terms="A public search without a key; no terms for programs were found.",
        hosts=("jdihn.go.id",),
        schedule="29 19 2,16 * *",
        rate=Rate(delay=3.0),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 500), errors=0.5, collapse=0.2),
        cadence=400,
        first=1_100,
        seconds=120,
        megabytes=64,
        language="id",
    )

    def start(self) -> Iterable[Fetch]:
        """A search for each name and each sort of rule."""
        for words in (*NAMES, *EXPORTS):
            yield self._search(words, 1)

    def found(self, page: Page, words: str, number: int) -> Iterable[Yield]:
        """The records that were found, and the next page."""
        listing = page.json(Listing)
        self.examine(len(listing.data))
        for entry in listing.data:
            if entry.key and (words in NAMES or self._is_recent(entry)):
                yield from self._read(page, entry)
        if listing.data and number < min(listing.meta.last_page, LAST_PAGE):
            yield self._search(words, number + 1)

    def text(self, page: Page, entry: dict[str, Any]) -> Iterable[Yield]:
        """The PDF of a record."""
        told = msgspec.convert(entry, Entry)
        yield from self.mentioning([self._document(page, told, page)])

    def _is_recent(self, entry: Entry) -> bool:
        year = str(entry.tahun_terbit or "")
        return entry.key in self.known or not year.isdigit() or int(year) >= self.since.year

    def _read(self, page: Page, entry: Entry) -> Iterable[Yield]:
        if self.stands(entry.key, _mark(entry)):
            yield Still(entry.key)
            return
        address = entry.download or ""
        if entry.id_anggota:
            address = (
                f"{SITE}/pencarian/download?id_dokumen={entry.id_dokumen or entry.id}"
                f"&id_anggota={entry.id_anggota}"
            )
        if (urlsplit(address).hostname or "") in self.source.hosts:
            yield self.get(
                address, self.text, expect=PDF, about=entry.key, entry=msgspec.to_builtins(entry)
            )
        else:
            yield from self.mentioning([self._document(page, entry, None)])

    def _document(self, page: Page, entry: Entry, text: Page | None) -> Document:
        kind = _name(entry.jenis_peraturan)
        where = "" if text else f"Its text is at {entry.download or 'no address'} and was not read"
        said = (kind, _name(entry.instansi), _name(entry.status), where)
        return self.document(
            page,
            key=entry.key,
            title=entry.judul,
            jurisdiction="ocd-division/country:id",
            url=f"{SITE}/pencarian/detail/{entry.key}",
            text=text.text() if text else entry.judul,
            kind=InstrumentKind.STATUTE
            if kind.lower().startswith("undang-undang")
            else InstrumentKind.REGULATION,
            number=f"{entry.nomor or '?'}/{entry.tahun_terbit or '?'}",
            published=str(entry.tahun_terbit or ""),
            version=_mark(entry),
            note=". ".join(filter(None, said)) + ".",
            text_held=text is not None,
        )

    def _search(self, words: str, number: int) -> Fetch:
        return self.get(
            f"{SITE}/api/search", self.found, params={"query": words, "page": number},
            expect=LISTED, essential=True, words=words, number=number,
        )  # fmt: skip


def _name(value: Named | str | None) -> str:
    return (value.name or "") if isinstance(value, Named) else (value or "")


def _mark(entry: Entry) -> str | None:
    """What says that a record has changed; many do not say it."""
    return f"{entry.updated_at}@{_name(entry.status)}" if entry.updated_at else None
