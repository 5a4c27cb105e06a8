"""Riigi Teataja: the lists of narcotic and psychotropic substances of Estonia, and their annexes.

Layout. `GET https://www.riigiteataja.ee/api/oigusakt_otsing/1/otsi` with `dokument` (`määrus`,
`seadus`), `pealkiri` (words within the title), `kehtiv` (in force on a day), `leht`, `limiit`
answers with `staatus` (`OK`), `metaandmed.kokku` and `aktid`; `terviktekstID` is the group of all
versions of an act. Its flags of validity are unreliable, the version that it names need not be the
one in force, and the order of pages changes from one request to the next, so searches are kept
narrow. `GET /public-api/api/v1/akt/ID?leiaKehtiv=true` says which version is in force (`kehtivId`,
`grupiId`), `/public-api/api/v1/akt/ID/blob-xml` is its XML, whose namespace differs by schema.
Paragraphs may be HTML in CDATA (`HTMLKonteiner`). Annexes are files in base64 within the XML
(`lisaViide/fail`), mostly PDF: the rows that name kratom stand in annex 1 of regulation 73/2005
(group 158713), by the local name of the plant and misspelt (`Mytragynine`). Each annex that names
kratom is a document of its own here.

History of breakage.
2026-06-01: `/akt/ID.xml` began to answer with the shell of a single-page application, status 200;
it is not used, and HTML in place of XML or JSON is refused.
Otherwise none seen yet (built 2026-11-22 from recorded files; of the JSON none was held).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.akoma import children, name_of
from kratom_atlas.crawl.platforms.markup import words_of
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

    from kratom_atlas.read.text import NormalText

SITE: Final = "https://www.riigiteataja.ee"
SEARCH: Final = f"{SITE}/api/oigusakt_otsing/1/otsi"
ACT: Final = f"{SITE}/public-api/api/v1/akt"
TITLES: Final = (
    ("määrus", "narkootili"),
    ("seadus", "narkootili"),
    ("määrus", "psühhotroop"),
    ("määrus", "psühhoaktiiv"),
    ("määrus", "uuendtoidu"),
)
ANCHOR: Final = "120022026006"
"""A version of regulation 73/2005; any version leads to the one in force."""
ROWS: Final = 500


class Validity(Struct):
    """When a version is in force, as the search says."""

    algus: str | None = None
    lopp: str | None = None


class Row(Struct):
    """One version of an act, as the search lists it."""

    globaal_id: int = field(name="globaalID")
    pealkiri: str
    group_id: int | None = field(name="terviktekstID", default=None)
    kehtivus: Validity = field(default_factory=Validity)

    @property
    def group(self) -> int:
        """What all versions of the act have in common."""
        return self.group_id or self.globaal_id


class Count(Struct):
    """How many there are."""

    kokku: int


class Listing(Struct):
    """A page of the search."""

    staatus: str
    metaandmed: Count
    aktid: list[Row]


class Resolved(Struct, rename="camel"):
    """Which version of an act is in force."""

    kehtiv_id: int
    grupi_id: int


class EeRiigiTeataja(Scraper):
    """Searches titles, finds the version in force of each act, and reads it with its annexes."""

    source: ClassVar = Source(
        id="ee_riigi_teataja",
        title="Riigi Teataja",
        publisher="Riigi Teataja, Ministry of Justice (Estonia)",
        covers=("EE",),
        kind=SourceKind.REGULATIONS,
        homepage="https://www.riigiteataja.ee/avaandmed.html",
        licence="Acts are not protected (Copyright Act, section 5); open data",
        terms="An open API without a key; no limit is published.",
        hosts=("www.riigiteataja.ee",),
        schedule="7 6 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 100), collapse=0.4),
        cadence=365,
        language="et",
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The regulation with the lists, and the searches."""
        yield self._resolve(ANCHOR, None)
        for kind, words in TITLES:
            yield self._search(kind, words, 1)

    def found(self, page: Page, kind: str, words: str, number: int) -> Iterable[Yield]:
        """The version in force of each act, and those that are to come."""
        listed = page.json(Listing)
        if listed.staatus != "OK":
            raise FaultError(Fault.ERROR_BODY, f"staatus {listed.staatus}")
        before = (number - 1) * ROWS
        self.examine(len(listed.aktid), total=listed.metaandmed.kokku, before=before)
        groups: dict[int, int] = {}
        for row in listed.aktid:
            if (row.kehtivus.algus or "")[:10] > self.today.isoformat():
                yield from self._read(f"{row.group}@{row.globaal_id}", str(row.globaal_id))
            else:
                groups[row.group] = max(row.globaal_id, groups.get(row.group, 0))
        for group, version in groups.items():
            yield self._resolve(str(version), str(group))
        if number * ROWS < listed.metaandmed.kokku and listed.aktid:
            yield self._search(kind, words, number + 1)

    def resolved(self, page: Page) -> Iterable[Yield]:
        """The version in force, which need not be read again if it was read before."""
        said = page.json(Resolved)
        yield from self._read(str(said.grupi_id), str(said.kehtiv_id))

    def act(self, page: Page, key: str) -> Iterable[Yield]:
        """The act, and its annexes as documents of their own."""
        self.examine()
        root = page.xml()
        if name_of(root) != "oigusakt":
            raise FaultError(Fault.LAYOUT, f"<{name_of(root)}> where an act should be")
        title = _first(root, "aktinimi", "nimi", "pealkiri")
        version = _first(root, "metaandmed", "globaalID")
        if title is None or version is None:
            raise FaultError(Fault.LAYOUT, f"{key}: without title or globaalID")
        date = _first(root, "metaandmed", "vastuvoetud", "aktikuupaev")
        number = _first(root, "metaandmed", "vastuvoetud", "aktiNr")
        shared: dict[str, Any] = {
            "jurisdiction": "ocd-division/country:ee",
            "url": f"{SITE}/akt/{version}",
            "kind": _kind(root),
            "number": f"nr {number} of {date}" if number and date else number or date,
            "published": _first(root, "metaandmed", "avaldamismarge", "avaldamineKuupaev"),
            "effective": _first(root, "metaandmed", "kehtivus", "kehtivuseAlgus"),
            "ends": _first(root, "metaandmed", "kehtivus", "kehtivuseLopp"),
            "version": version,
        }
        files = [one for one in children(root, "*", "lisaViide", "fail") if one.text]
        for place, file in enumerate(files, 1):
            yield from self._annex(page, f"{key}/lisa-{place}", title, place, file, shared)
            file.text = None
        for one in self.known:
            act, _, annex = one.partition("/lisa-")
            if act == key and annex.isdigit() and int(annex) > len(files):
                note = "The version in force has no such annex."
                yield self.document(
                    page, key=one, title=title, **shared, note=note, text_held=False
                )
        yield from self.mentioning(
            [self.document(page, key=key, title=title, text=_text(root), **shared)]
        )

    def _read(self, key: str, version: str) -> Iterable[Yield]:
        same = [
            one
            for one, mark in self.known.items()
            if mark == version and one.partition("/")[0] == key
        ]
        for one in same:
            yield Still(one)
        if not same:
            address = f"{ACT}/{version}/blob-xml"
            yield self.get(address, self.act, expect=XML_ACT, about=key, key=key)

    def _annex(
        self, page: Page, key: str, title: str, place: int, file: _Element, shared: dict[str, Any]
    ) -> Iterable[Yield]:
        from kratom_atlas.read.text import read_base64

        name = file.get("failNimi") or f"lisa {place}"
        known = any(one.partition("/")[0] == key.partition("/")[0] for one in self.known)
        told: dict[str, Any] = {
            **shared, "key": key, "title": f"{title}. Lisa {place} ({name})", "locator": name
        }  # fmt: skip
        try:
            text = read_base64(file.text or "")
        except FaultError as error:
            if known:
                note = f"The annex could not be read ({error})."
                yield self.document(page, **told, note=note, text_held=False)
            return
        pages = ", ".join(map(str, text.scanned))
        told["note"] = f"Pages without text: {pages}." if pages else None
        yield from self.mentioning([self.document(page, **told, text=text)])

    def _search(self, kind: str, words: str, number: int) -> Fetch:
        params = {
            "dokument": kind, "pealkiri": words, "kehtiv": self.today.isoformat(),
            "leht": number, "limiit": ROWS,
        }  # fmt: skip
        return self.get(
            SEARCH, self.found, params=params, expect=FOUND, essential=True,
            kind=kind, words=words, number=number,
        )  # fmt: skip

    def _resolve(self, version: str, group: str | None) -> Fetch:
        return self.get(
            f"{ACT}/{version}", self.resolved, params={"leiaKehtiv": "true"}, expect=RESOLVED,
            about=group, essential=group is None,
        )  # fmt: skip


def _first(root: _Element, *path: str) -> str | None:
    return words_of(next(children(root, *path), None))


def _kind(root: _Element) -> InstrumentKind:
    """Acts and regulations, as they stand (`terviktekst`) or as passed (`algtekst`)."""
    if _first(root, "metaandmed", "dokumentLiik") != "seadus":
        return InstrumentKind.REGULATION
    if _first(root, "metaandmed", "tekstiliik") == "algtekst":
        return InstrumentKind.SESSION_LAW
    return InstrumentKind.STATUTE


def _text(root: _Element) -> NormalText:
    """The text of an act, its CDATA read as the HTML that it is; positions count in this markup."""
    from lxml import etree

    from kratom_atlas.read.media import Media
    from kratom_atlas.read.text import normalise

    parts = [
        etree.tostring(child, encoding="unicode", with_tail=False)
        for child in root
        if name_of(child) not in ("", "metaandmed")
    ]
    markup = CONTAINER.sub(_inside, "\n".join(parts))
    return normalise(markup, Media.XML)


CONTAINER: Final = re.compile(r"(?s)(<HTMLKonteiner\b[^>]*>)(.*?)(</HTMLKonteiner>)")


def _inside(found: re.Match[str]) -> str:
    """The HTML in a container, which is text to XML."""
    import html

    return f"{found[1]}{html.unescape(found[2])}{found[3]}"


FOUND: Final = Expect(media=("json",), smallest=20, contains=('"staatus"',))
RESOLVED: Final = Expect(media=("json",), smallest=10, contains=('"kehtivId"', '"grupiId"'))
XML_ACT: Final = Expect(media=("xml",), smallest=200, contains=("<oigusakt",))
