"""RIS: the law of Austria and its nine states, by the open data interface 2.6.

Layout. `GET https://data.bka.gv.at/ris/api/v2.6/Bundesrecht?Applikation=BrKons&Suchworte=...`
searches whole texts; words are joined by UND, ODER and NICHT, and `*` stands at the end of a word
of two letters or more (anything else is an error with status 500 and JSON). `BrKons` is federal
law as it stands: without `FassungVom` every old version is found as well. `BgblAuth` is the
federal gazette, `Begut` and `RegV` are drafts, `Erlaesse` are orders of ministries; `Landesrecht`
with `LrKons` is the law of the nine states, which is noted under the country. `ImRisSeit` leaves
what was added of late.

`OgdSearchResult.OgdDocumentResults` holds `Hits` (`#text` is their number) and
`OgdDocumentReference`: an object where there is one, a list where there are more, and nothing
where there are none. An error is `OgdSearchResult.Error`. These three are told apart here. A page
beyond the last is an error, so pages are counted. `Geaendert` of a search is ignored by the
source, so increments come from `History`: it lists what was changed between two days, and with
`IncludeDeletedDocuments=true` also what was deleted (`Deleted` in place of `Data`).

Texts are on www.ris.bka.gv.at, in XML, HTML, RTF and PDF; that host may answer 503 to a fast
reader. The publisher asks for one request a second at most, and for bulk work at night.

The first search asks for a word that is always found, so that none for kratom means none.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import plain_words
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, as_list, one_line
from kratom_atlas.crawl.source import ANYTHING, JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://data.bka.gv.at/ris/api/v2.6"
WORDS: Final = "Kratom* ODER Mitragyn* ODER Hydroxymitragyn*"
TOPIC: Final = "Suchtgift* ODER Psychotrop*"
"""What is read whole where it is new: a text may name a substance by its chemical name only."""
SEARCHES: Final = (
    ("Bundesrecht", "BrKons"),
    ("Bundesrecht", "BgblAuth"),
    ("Bundesrecht", "Begut"),
    ("Bundesrecht", "RegV"),
    ("Bundesrecht", "Erlaesse"),
    ("Landesrecht", "LrKons"),
)
TYPES: Final = (
    (re.compile(r"Bundesgesetz|Landesgesetz|Gesetz|^B?G$|^L?G$"), InstrumentKind.STATUTE),
    (re.compile(r"Verordnung|^V$|Kundmachung|^K$"), InstrumentKind.REGULATION),
)
PREFERRED: Final = ("Xml", "Html", "Rtf", "Pdf", "Authentisch")
ROWS: Final = 100


class Hits(Struct):
    """How many documents a question has, in all pages."""

    count: str = field(name="#text")


class Technical(Struct, rename="pascal"):
    """What RIS calls a document, and since when it has this version."""

    id: str = field(name="ID")
    applikation: str = ""
    import_timestamp: Any = None


class General(Struct, rename="pascal"):
    """Where people read it, and when it was last changed."""

    dokument_url: str
    geaendert: str | None = None
    veroeffentlicht: str | None = None


class Law(Struct, rename="pascal"):
    """What a kind of document says of itself."""

    kundmachungsorgan: str = ""
    fundstelle: str = ""
    bgblnummer: str = ""
    lgblnummer: str = ""
    typ: str = ""
    artikel_paragraph_anlage: str = ""
    inkrafttretensdatum: str | None = None
    ausserkrafttretensdatum: str | None = None
    ausgabedatum: str | None = None
    beginn_begutachtungsfrist: str | None = None
    ende_begutachtungsfrist: str | None = None
    beschlussdatum: str | None = None


class Titles(Struct, rename="pascal"):
    """The titles, and the part of the kind of document."""

    kurztitel: str = ""
    titel: str = ""
    bundesland: str | None = None
    kundmachungsdatum: str | None = None
    br_kons: Law | None = None
    lr_kons: Law | None = None
    bgbl_auth: Law | None = None
    begut: Law | None = None
    reg_v: Law | None = None
    erlaesse: Law | None = None

    @property
    def law(self) -> Law:
        """The part that is there."""
        given = (self.br_kons, self.lr_kons, self.bgbl_auth, self.begut, self.reg_v, self.erlaesse)
        return next((part for part in given if part is not None), Law())


class Metadata(Struct, rename="pascal"):
    """All that is said of a document."""

    technisch: Technical
    allgemein: General
    bundesrecht: Titles | None = None
    landesrecht: Titles | None = None


class Data(Struct, rename="pascal"):
    """A document and where its texts are."""

    metadaten: Metadata
    dokumentliste: Any = None


class Deleted(Struct, rename="pascal"):
    """A document that RIS no longer has."""

    id: str = field(name="ID")
    import_timestamp: str | None = None


class Reference(Struct, rename="pascal"):
    """A document, or that it is gone."""

    data: Data | None = None
    deleted: Deleted | None = None


class Results(Struct):
    """A page of documents: none, one or many."""

    hits: Hits = field(name="Hits")
    references: Reference | list[Reference] | None = field(
        name="OgdDocumentReference", default=None
    )

    @property
    def documents(self) -> list[Reference]:
        """The documents of the page, however they were given."""
        return as_list(self.references)


class Problem(Struct, rename="pascal"):
    """Why there is no answer."""

    message: str = ""
    applikation: str = ""


class Result(Struct):
    """Documents or an error."""

    results: Results | None = field(name="OgdDocumentResults", default=None)
    error: Problem | None = field(name="Error", default=None)


class Answer(Struct):
    """What every question is answered with."""

    result: Result = field(name="OgdSearchResult")


class AtRis(Scraper):
    """Searches the law of the federation and of the states by word, and follows deletions."""

    source: ClassVar = Source(
        id="at_ris",
        title="Rechtsinformationssystem des Bundes (RIS)",
        publisher="Federal Chancellery of the Republic of Austria",
        covers=("AT",),
        kind=SourceKind.STATUTES,
        homepage="https://data.bka.gv.at/ris/api/v2.6/",
        licence="CC BY 4.0",
        terms="An open interface without a key; at most one request a second, bulk at night.",
        hosts=("data.bka.gv.at", "www.ris.bka.gv.at"),
        schedule="13 1 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(1, 10_000), observed=(0, 300)),
        cadence=3_650,
        overlap=7,
        first=30,
        language="de",
    )

    def start(self) -> Iterable[Fetch]:
        """A word that is always found, kratom everywhere, what is new on drugs, what has gone."""
        yield self._ask("Bundesrecht", "BrKons", 1, words="Suchtgift*", follow=False, rows="Ten")
        for field_, application in SEARCHES:
            yield self._ask(field_, application, 1, words=WORDS)
        yield self._ask("Bundesrecht", "BgblAuth", 1, words=TOPIC, lately="EinemMonat")
        yield self._ask("Bundesrecht", "Begut", 1, words=TOPIC, lately="EinemMonat")
        for application in ("Bundesnormen", "Landesnormen"):
            yield self._changes(application, 1)

    def listing(self, page: Page, question: dict[str, Any]) -> Iterable[Yield]:
        """Each document, and the next page."""
        results = _results(page)
        found = results.documents
        self.examine(len(found))
        if not question["follow"]:
            if not found:
                raise FaultError(Fault.ERROR_BODY, "not even a word that is always there is found")
            return
        for reference in found:
            if reference.data is not None:
                yield from self._read(page, reference.data)
        if question["number"] * ROWS < int(results.hits.count):
            yield self._ask(**{**question, "number": question["number"] + 1})

    def changes(self, page: Page, application: str, number: int) -> Iterable[Yield]:
        """What we know of and RIS has changed or deleted; what it only changed is read again."""
        results = _results(page)
        self.examine(len(results.documents))
        for reference in results.documents:
            gone = reference.deleted
            if gone is not None and gone.id in self.known:
                yield self.document(
                    page,
                    key=gone.id,
                    title=f"{gone.id} (deleted)",
                    jurisdiction="ocd-division/country:at",
                    url=f"https://www.ris.bka.gv.at/Dokument.wxe?Dokumentnummer={gone.id}",
                    version=gone.import_timestamp,
                    note="Deleted from RIS. That says nothing of the law: documents are merged, "
                    "renumbered and replaced.",
                    text_held=False,
                )
            elif reference.data is not None and reference.data.metadaten.technisch.id in self.known:
                yield from self._read(page, reference.data)
        if number * ROWS < int(results.hits.count):
            yield self._changes(application, number + 1)

    def text(self, page: Page, data: dict[str, Any]) -> Iterable[Yield]:
        """The text of a document."""
        yield from self.mentioning([self._document(page, msgspec.convert(data, Data), page)])

    # -- questions -----------------------------------------------------------------------------

    def _ask(
        self,
        field_: str,
        application: str,
        number: int,
        *,
        words: str,
        lately: str | None = None,
        follow: bool = True,
        rows: str = "OneHundred",
    ) -> Fetch:
        question = {
            "field_": field_, "application": application, "number": number, "words": words,
            "lately": lately, "follow": follow, "rows": rows,
        }  # fmt: skip
        as_of = self.today.isoformat() if application in ("BrKons", "LrKons") else None
        return self.get(
            f"{API}/{field_}", self.listing,
            params={
                "Applikation": application, "Suchworte": words, "FassungVom": as_of,
                "ImRisSeit": lately, "DokumenteProSeite": rows, "Seitennummer": number,
            },
            expect=ANSWERED, essential=True, question=question,
        )  # fmt: skip

    def _changes(self, application: str, number: int) -> Fetch:
        return self.get(
            f"{API}/History", self.changes,
            params={
                "Anwendung": application, "AenderungenVon": self.since.isoformat(),
                "AenderungenBis": self.today.isoformat(), "IncludeDeletedDocuments": "true",
                "DokumenteProSeite": "OneHundred", "Seitennummer": number,
            },
            expect=ANSWERED, application=application, number=number,
        )  # fmt: skip

    # -- documents -----------------------------------------------------------------------------

    def _read(self, page: Page, data: Data) -> Iterable[Yield]:
        address = _text_of(data.dokumentliste)
        if address is None:
            yield from self.mentioning([self._document(page, data, None)])
            return
        yield self.get(
            address, self.text, about=data.metadaten.technisch.id, expect=ANYTHING,
            data=msgspec.to_builtins(data),
        )  # fmt: skip

    def _document(self, page: Page, data: Data, text: Page | None) -> Document:
        said = data.metadaten
        titles = said.bundesrecht or said.landesrecht or Titles()
        law = titles.law
        short = plain_words(titles.kurztitel or titles.titel)
        part = law.artikel_paragraph_anlage
        until = law.ende_begutachtungsfrist
        comments = f"comments until {until}" if until else None
        gazette = law.kundmachungsorgan or law.bgblnummer or law.lgblnummer or law.fundstelle
        return self.document(
            page,
            key="_".join(said.technisch.id.split()),
            title=f"{short}, {part}" if part else short or said.technisch.id,
            jurisdiction="ocd-division/country:at",
            url=said.allgemein.dokument_url,
            text=text.text() if text else f"{titles.kurztitel} {titles.titel}",
            kind=next((kind for pattern, kind in TYPES if pattern.search(law.typ)), None),
            number=one_line(gazette) or said.technisch.id,
            published=law.ausgabedatum or titles.kundmachungsdatum or law.beschlussdatum
            or law.beginn_begutachtungsfrist,
            effective=law.inkrafttretensdatum,
            ends=law.ausserkrafttretensdatum,
            version=_stamp(said),
            note="; ".join(filter(None, (said.technisch.applikation, titles.bundesland, comments))),
            text_held=text is not None,
        )  # fmt: skip


def _results(page: Page) -> Results:
    """The documents, of which there may be none; an error is an error."""
    result = page.json(Answer).result
    if result.error is not None:
        raise FaultError(Fault.ERROR_BODY, result.error.message)
    if result.results is None:
        raise FaultError(Fault.LAYOUT, "neither OgdDocumentResults nor Error")
    return result.results


def _stamp(said: Metadata) -> str | None:
    given = said.technisch.import_timestamp
    return said.allgemein.geaendert or (given if isinstance(given, str) else None)


def _text_of(listed: Any) -> str | None:
    """The address of the main document in the best format; both levels are one or many."""
    parts = listed.get("ContentReference") if isinstance(listed, dict) else None
    for part in as_list(parts):
        if part.get("ContentType") != "MainDocument":
            continue
        urls = {
            one.get("DataType"): one.get("Url")
            for one in as_list((part.get("Urls") or {}).get("ContentUrl"))
        }
        return next((urls[kind] for kind in PREFERRED if urls.get(kind)), None)
    return None


ANSWERED: Final = Expect(media=JSON.media, smallest=2, contains=('"OgdSearchResult"',))
