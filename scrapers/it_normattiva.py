"""Normattiva: the acts of the Italian state as they stand.

Layout. The open interface (`https://api.normattiva.it/t/normattiva.api/bff-opendata/v1/api/v1`)
takes POST requests in JSON. `/ricerca/semplice` looks for words in whole texts and answers with
`listaAtti`, `numeroAttiTrovati` and `numeroPagine`; an act has `codiceRedazionale`, `dataGU`,
`dataUltimaModifica` and `hlArticoli`, the articles in which the words stand. `/atto/dettaglio-atto`
gives one article as HTML (`data.atto.articoloHtml`), with the days from and to which that version
is in force: `99999999` stands for no end. It expects the `Origin` of its own site.

The tables of drugs are decrees of a minister, which are in the Gazzetta (`it_gazzetta`) and not
here; the act that they belong to is the DPR 309 of 1990. What changed is found by searching
everything each time, since there are few hits: `/ricerca/aggiornati` is not needed.

UNCONFIRMED: that an article's `numArticolo`, `artProgressivo`, `gruppo` and `versione` are the
`idArticolo`, `progressivo`, `idGruppo` and `versione` to ask for; the specification does not say.

History of breakage. None seen yet (built 2026-11-22 from the specification and recorded articles).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import pieces_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API = "https://api.normattiva.it/t/normattiva.api/bff-opendata/v1/api/v1"
ORIGIN = {"Origin": "https://dati.normattiva.it"}
WORDS = ("kratom", "mitraginina", "mitragynina", "mitragyna")
PAGE = 50
FOUND = Expect(media=JSON.media, smallest=2, contains=('"numeroAttiTrovati"',))
DETAIL = Expect(media=JSON.media, smallest=2, contains=('"atto"',))
KINDS = {
    "LEGGE": InstrumentKind.STATUTE,
    "DECRETO-LEGGE": InstrumentKind.STATUTE,
    "DECRETO LEGISLATIVO": InstrumentKind.STATUTE,
    "DECRETO": InstrumentKind.REGULATION,
    "DECRETO DEL PRESIDENTE DELLA REPUBBLICA": InstrumentKind.REGULATION,
}


class Article(Struct, rename="camel"):
    """An article in which the words stand."""

    num_articolo: int
    art_progressivo: int = 0
    versione: int = 0
    gruppo: str | None = None
    desc_num_articolo: str | None = None


class Act(Struct):
    """An act that the search finds."""

    codice_redazionale: str = field(name="codiceRedazionale")
    data_gu: str = field(name="dataGU")
    titolo: str = field(name="titoloAtto")
    denominazione: str | None = field(name="denominazioneAtto", default=None)
    descrizione: str | None = field(name="descrizioneAtto", default=None)
    modified: str | None = field(name="dataUltimaModifica", default=None)
    changed_by: str | None = field(name="ultimiAttiModificanti", default=None)
    articles: list[Article] = field(name="hlArticoli", default_factory=list)


class Search(Struct):
    """A page of the search."""

    found: int = field(name="numeroAttiTrovati")
    pages: int = field(name="numeroPagine", default=0)
    acts: list[Act] | None = field(name="listaAtti", default=None)


class Text(Struct, rename="camel"):
    """One version of an article."""

    titolo: str
    sotto_titolo: str | None = None
    articolo_html: str | None = None
    articolo_data_inizio_vigenza: str | None = None
    articolo_data_fine_vigenza: str | None = None


class Inner(Struct):
    """The wrapping of an article."""

    atto: Text | None = None


class Detail(Struct):
    """The answer that has it."""

    success: bool
    data: Inner | None = None
    message: str | None = None


class ItNormattiva(Scraper):
    """Searches whole texts, and reads each article that is found."""

    source: ClassVar = Source(
        id="it_normattiva",
        title="Normattiva",
        publisher="Presidenza del Consiglio dei Ministri and Istituto Poligrafico (Italy)",
        covers=("IT",),
        kind=SourceKind.STATUTES,
        homepage="https://dati.normattiva.it/",
        licence="CC BY 4.0",
        terms="An open interface without a key.",
        hosts=("api.normattiva.it",),
        schedule="15 9 * * mon,thu",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(0, 2_000), observed=(0, 500)),
        cadence=1_000,
        language="it",
    )

    def start(self) -> Iterable[Fetch]:
        """One search for each word."""
        for word in WORDS:
            yield self._search(word, 1)

    def found(self, page: Page, word: str, number: int) -> Iterable[Yield]:
        """Each article that is found, and the next page."""
        search = page.json(Search)
        acts = search.acts or []
        self.examine(len(acts), total=search.found, before=(number - 1) * PAGE)
        for act in acts:
            for article in act.articles:
                key = f"{act.codice_redazionale}/{article.num_articolo}.{article.art_progressivo}"
                if self.stands(key, act.modified):
                    yield Still(key)
                else:
                    yield self._article(act, article, key)
        if acts and number < search.pages:
            yield self._search(word, number + 1)

    def article(self, page: Page, key: str, act: dict[str, Any], name: str) -> Iterable[Yield]:
        """The words of an article."""
        detail = page.json(Detail)
        text = detail.data.atto if detail.data else None
        if not detail.success or text is None or not text.articolo_html:
            raise FaultError(Fault.ERROR_BODY, detail.message or "no article in it")
        one = msgspec.convert(act, Act)
        note = [f"Article {name}"]
        if one.changed_by:
            note.append(f"Last changed by {one.changed_by}")
        yield from self.mentioning([
            self.document(
                page,
                key=key,
                title=f"{text.titolo}. {one.titolo}",
                jurisdiction="ocd-division/country:it",
                url="https://www.normattiva.it/atto/caricaDettaglioAtto"
                f"?atto.dataPubblicazioneGazzetta={one.data_gu[:10]}"
                f"&atto.codiceRedazionale={one.codice_redazionale}",
                text=pieces_text([text.articolo_html]),
                kind=KINDS.get((one.denominazione or "").upper()),
                number=text.titolo,
                published=one.data_gu,
                effective=text.articolo_data_inizio_vigenza,
                ends=text.articolo_data_fine_vigenza,
                version=one.modified,
                note=". ".join(note),
            )
        ])  # fmt: skip

    def _search(self, word: str, number: int) -> Fetch:
        return self.post(
            f"{API}/ricerca/semplice", self.found, expect=FOUND, essential=True, headers=ORIGIN,
            word=word, number=number, json={
                "testoRicerca": word, "orderType": "recente",
                "paginazione": {"paginaCorrente": number, "numeroElementiPerPagina": PAGE},
            },
        )  # fmt: skip

    def _article(self, act: Act, article: Article, key: str) -> Fetch:
        asked: dict[str, object] = {
            "dataGU": act.data_gu[:10], "codiceRedazionale": act.codice_redazionale,
            "idArticolo": article.num_articolo, "versione": article.versione,
            "progressivo": article.art_progressivo, "dataVigenza": self.today.isoformat(),
        }  # fmt: skip
        if article.gruppo and article.gruppo.isdigit():
            asked["idGruppo"] = int(article.gruppo)
        plain = msgspec.to_builtins(act)
        plain.pop("hlArticoli", None)
        return self.post(
            f"{API}/atto/dettaglio-atto", self.article, expect=DETAIL, about=key, headers=ORIGIN,
            json=asked, key=key, act=plain,
            name=article.desc_num_articolo or str(article.num_articolo),
        )  # fmt: skip
