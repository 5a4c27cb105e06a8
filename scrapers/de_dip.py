"""DIP: the documentation system of the German Bundestag and Bundesrat.

Layout. `https://search.dip.bundestag.de/api/v1/{vorgang,drucksache,drucksache-text,...}`, with
the header `Authorization: ApiKey KEY`. A public key, renewed every year, is printed on the help
page of DIP; put it (or your own) into DE_DIP_API_KEY. `f.aktualisiert.start` takes a time with a
zone; `numFound`, `documents[]` and `cursor`: ask again with the cursor until it no longer
changes. At most 25 requests at a time. There is no search in texts: the documents changed since
the last look are read whole (`drucksache-text`, with the text in `text`) and matched here, and
titles are searched (`f.titel`).

A procedure (`vorgang`) of type `Gesetzgebung` is a bill: `beratungsstand` says how far it is. The
words of that field are matched whole; one that is not in `STAGES` counts as introduced and is
named in `because`. Procedures of other types are questions, reports and petitions.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, partial
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Action, Document, TrackedInstrument
from kratom_atlas.model.vocabulary import InstrumentKind, Stage

API: Final = "https://search.dip.bundestag.de/api/v1"
TITLES: Final = ("Kratom", "Mitragynin")
GERMANY: Final = "ocd-division/country:de"
LEGISLATION: Final = "Gesetzgebung"
STAGES: Final = {
    "noch nicht beraten": Stage.INTRODUCED,
    "dem bundesrat zugeleitet - noch nicht beraten": Stage.INTRODUCED,
    "dem bundestag zugeleitet - noch nicht beraten": Stage.INTRODUCED,
    "1. durchgang im bundesrat abgeschlossen": Stage.INTRODUCED,
    "überwiesen": Stage.INTRODUCED,
    "den ausschüssen zugewiesen": Stage.INTRODUCED,
    "in der beratung (einzelheiten siehe vorgangsablauf)": Stage.INTRODUCED,
    "beschlussempfehlung liegt vor": Stage.INTRODUCED,
    "angenommen": Stage.PASSED_FIRST_CHAMBER,
    "verabschiedet": Stage.PASSED_FIRST_CHAMBER,
    "bundesrat hat vermittlungsausschuss nicht angerufen": Stage.PASSED,
    "bundesrat hat zugestimmt": Stage.PASSED,
    "bundesrat hat vermittlungsausschuss angerufen": Stage.PASSED_FIRST_CHAMBER,
    "im vermittlungsverfahren": Stage.PASSED_FIRST_CHAMBER,
    "verkündet": Stage.ENACTED,
    "abgelehnt": Stage.FAILED,
    "bundesrat hat zustimmung versagt": Stage.FAILED,
    "bundesrat hat einbringung abgelehnt": Stage.FAILED,
    "erledigt durch ablauf der wahlperiode": Stage.FAILED,
    "für erledigt erklärt": Stage.FAILED,
    "für nichtig erklärt": Stage.STRUCK_DOWN,
    "zurückgezogen": Stage.WITHDRAWN,
}
"""How far a procedure is, by the words of DIP (from its published list; UNCONFIRMED as a whole)."""


class Link(Struct):
    """The procedure that a paper belongs to."""

    id: str
    titel: str = ""
    vorgangstyp: str = ""


class Place(Struct):
    """Where a paper can be read."""

    pdf_url: str | None = None
    urheber: list[str] = field(default_factory=list)


class Paper(Struct):
    """A printed paper, with its text."""

    id: str
    dokumentnummer: str
    titel: str
    datum: str
    aktualisiert: str
    herausgeber: str = "BT"
    drucksachetyp: str = ""
    wahlperiode: int | None = None
    text: str | None = None
    fundstelle: Place = field(default_factory=Place)
    vorgangsbezug: list[Link] = field(default_factory=list)


class Papers(Struct, rename={"found": "numFound"}):
    """A page of papers."""

    found: int
    documents: list[Paper]
    cursor: str


class Announcement(Struct):
    """Where an act was promulgated."""

    verkuendungsdatum: str | None = None
    fundstelle: str = ""


class Entry(Struct):
    """When an act takes effect."""

    datum: str | None = None


class Procedure(Struct):
    """A bill, a question, a report on its way."""

    id: str
    titel: str
    wahlperiode: int
    aktualisiert: str
    vorgangstyp: str = ""
    beratungsstand: str = ""
    datum: str | None = None
    abstract: str | None = None
    verkuendung: list[Announcement] = field(default_factory=list)
    inkrafttreten: list[Entry] = field(default_factory=list)


class Procedures(Struct, rename={"found": "numFound"}):
    """A page of procedures."""

    found: int
    documents: list[Procedure]
    cursor: str


class DeDip(Scraper):
    """Reads what the houses have printed since the last look, and follows bills on kratom."""

    source: ClassVar = Source(
        id="de_dip",
        title="Dokumentations- und Informationssystem für Parlamentsmaterialien (DIP)",
        publisher="German Bundestag and Bundesrat",
        covers=("DE",),
        kind=SourceKind.BILLS,
        homepage="https://dip.bundestag.de/",
        licence="Official works (s. 5 UrhG)",
        terms="Free with the public key or one of one's own; at most 25 requests at a time.",
        hosts=("search.dip.bundestag.de",),
        schedule="33 2 * * *",
        key=Key(
            env="DE_DIP_API_KEY",
            place="header",
            name="Authorization",
            prefix="ApiKey ",
            register="https://dip.bundestag.de/%C3%BCber-dip/hilfe/api",
        ),
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 20_000), observed=(0, 500)),
        cadence=1_000,
        overlap=3,
        first=30,
        megabytes=128,
        seconds=120,
        language="de",
    )

    def start(self) -> Iterable[Fetch]:
        """Papers by the day of their last change, and procedures by title."""
        yield self._papers(None)
        for title in TITLES:
            yield self._procedures(title, None)
        for key in self.known:
            if key.startswith("vorgang/"):
                yield self._procedure(key.removeprefix("vorgang/"))

    def papers(self, page: Page, cursor: str | None) -> Iterable[Yield]:
        """Papers that name kratom, the bills they belong to, and the next page."""
        listed = page.json(Papers)
        self.examine(len(listed.documents))
        for paper in listed.documents:
            for document in self.mentioning([self._document(page, paper)]):
                yield document
                for link in paper.vorgangsbezug:
                    if link.vorgangstyp == LEGISLATION:
                        yield self._procedure(link.id)
        if listed.documents and listed.cursor != cursor:
            yield self._papers(listed.cursor)

    def procedures(self, page: Page, title: str, cursor: str | None) -> Iterable[Yield]:
        """Bills with the word in their title, and the next page."""
        listed = page.json(Procedures)
        self.examine(len(listed.documents))
        for procedure in listed.documents:
            if procedure.vorgangstyp == LEGISLATION:
                yield self._instrument(page, procedure)
        if listed.documents and listed.cursor != cursor:
            yield self._procedures(title, listed.cursor)

    def procedure(self, page: Page) -> Iterable[Yield]:
        """One bill."""
        self.examine()
        yield self._instrument(page, page.json(Procedure))

    # -- requests ------------------------------------------------------------------------------

    def _papers(self, cursor: str | None) -> Fetch:
        since = f"{self.since.isoformat()}T00:00:00+01:00"
        return self.get(
            f"{API}/drucksache-text", self.papers,
            params={"f.aktualisiert.start": since, "format": "json", "cursor": cursor},
            expect=LISTED, essential=True, cursor=cursor,
        )  # fmt: skip

    def _procedures(self, title: str, cursor: str | None) -> Fetch:
        return self.get(
            f"{API}/vorgang", self.procedures,
            params={"f.titel": title, "format": "json", "cursor": cursor},
            expect=LISTED, essential=True, title=title, cursor=cursor,
        )  # fmt: skip

    def _procedure(self, number: str) -> Fetch:
        return self.get(
            f"{API}/vorgang/{number}", self.procedure, params={"format": "json"},
            about=f"vorgang/{number}", expect=JSON,
        )  # fmt: skip

    # -- observations --------------------------------------------------------------------------

    def _document(self, page: Page, paper: Paper) -> Document:
        from kratom_atlas.read.media import Media
        from kratom_atlas.read.text import read_text

        words = (paper.text or "").encode()
        return self.document(
            page,
            key=f"{paper.herausgeber}-{paper.dokumentnummer}",
            title=paper.titel,
            jurisdiction=GERMANY,
            url=paper.fundstelle.pdf_url or f"{self.source.homepage}drucksache/{paper.id}",
            text=read_text(words, media=Media.TEXT) if words.strip() else paper.titel,
            kind=InstrumentKind.BILL if paper.drucksachetyp == "Gesetzentwurf" else None,
            number=f"{paper.herausgeber}-Drucksache {paper.dokumentnummer}",
            published=paper.datum,
            version=paper.aktualisiert,
            note=". ".join(filter(None, (paper.drucksachetyp, *paper.fundstelle.urheber))),
            text_held=bool(words.strip()),
        )

    def _instrument(self, page: Page, procedure: Procedure) -> TrackedInstrument:
        from kratom_atlas.read.terms import find_mentions

        state = procedure.beratungsstand or "Kein Beratungsstand"
        told = next((a for a in procedure.verkuendung if a.verkuendungsdatum), Announcement())
        effective = next((partial(e.datum) for e in procedure.inkrafttreten if e.datum), None)
        enacted = partial(told.verkuendungsdatum)
        stage = STAGES.get(state.casefold(), Stage.INTRODUCED)
        if stage is Stage.ENACTED and effective and effective <= self.today.isoformat():
            stage = Stage.IN_FORCE
        session = str(procedure.wahlperiode)
        return TrackedInstrument(
            key=f"vorgang/{procedure.id}",
            jurisdiction=GERMANY,
            title=procedure.titel,
            url=f"{self.source.homepage}vorgang/{procedure.id}",
            kind=InstrumentKind.BILL,
            number=procedure.id,
            language="de",
            mentions=find_mentions(f"{procedure.titel} {procedure.abstract or ''}", "de"),
            effective=effective,
            version=procedure.aktualisiert,
            sha256=page.sha256,
            note=f"{procedure.vorgangstyp}: {state}",
            session=session,
            stage=stage,
            because=state,
            abstract=procedure.abstract,
            enacted=enacted,
            actions=(Action(text=state, date=partial(procedure.datum), stage=stage),),
        )


LISTED: Final = Expect(media=JSON.media, smallest=2, contains=('"documents"', '"cursor"'))
