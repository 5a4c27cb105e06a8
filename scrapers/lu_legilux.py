"""Legilux: the official journal of Luxembourg.

Layout. `https://data.legilux.public.lu/sparqlendpoint` answers queries over the JOLux ontology.
A `jolux:Act` has `publicationDate`, `dateEntryInForce`, `typeDocument` and `modifies`, and is
realised in French by an expression (`title`) whose manifestations (`userFormat` `xml-akomantoso`,
`pdfa`, ...) name their file in `isExemplifiedBy`. OFFSET beyond 10,000 fails: pages go by the last
address. Addresses of files begin with `http://`, and are served by https as well. Only younger
acts have XML (Akoma Ntoso), the others PDF. The endpoint has no search of texts.

Kratom is in the regulation of 21 July 2012 (Mémorial A 157), which changes the lists of 1974; it
writes `Mytragyna Speciosa` and `Mytragynine`. What modifies these four lists is read each time.

UNCONFIRMED: that the endpoint answers a GET with JSON (it is asked to by `Accept`); how far the
data of the older acts go. Files held by us were not all well-formed.

History of breakage. None seen yet (built 2026-11-22 from recorded files).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.sparql import after, rows, select
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, secure
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind

ENDPOINT = "https://data.legilux.public.lu/sparqlendpoint"
DATA = "http://data.legilux.public.lu"
LISTS = ("1974/02/19/n1", "1974/03/04/n1", "1974/03/20/n1", "1974/03/26/n1")
PAGE = 200
TEXT = Expect(media=("xml", "pdf"), smallest=100)
KINDS = {
    "LOI": InstrumentKind.SESSION_LAW,
    "RGD": InstrumentKind.REGULATION,
    "AGD": InstrumentKind.REGULATION,
    "RMIN": InstrumentKind.REGULATION,
    "AMIN": InstrumentKind.REGULATION,
}
QUERY = """
PREFIX jolux: <http://data.legilux.public.lu/resource/ontology/jolux#>
PREFIX format: <http://data.legilux.public.lu/resource/authority/user-format/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT ?act (MIN(?day) AS ?published) (MIN(?force) AS ?effective) (MIN(?kind) AS ?type)
  (MIN(?name) AS ?title) (MIN(?xmlfile) AS ?xml) (MIN(?pdffile) AS ?pdf)
WHERE {
  %s
  ?act a jolux:Act ; jolux:publicationDate ?day ; jolux:isRealizedBy ?text .
  ?text jolux:language <http://publications.europa.eu/resource/authority/language/FRA> ;
    jolux:title ?name .
  OPTIONAL { ?act jolux:dateEntryInForce ?force }
  OPTIONAL { ?act jolux:typeDocument ?kind }
  OPTIONAL { ?text jolux:isEmbodiedBy ?a .
    ?a jolux:userFormat format:xml-akomantoso ; jolux:isExemplifiedBy ?xmlfile }
  OPTIONAL { ?text jolux:isEmbodiedBy ?b .
    ?b jolux:userFormat format:pdfa ; jolux:isExemplifiedBy ?pdffile }
  %s
} GROUP BY ?act ORDER BY STR(?act) LIMIT %d
"""


class Act(Struct):
    """An act, and where its text is."""

    act: str
    published: str
    title: str
    effective: str | None = None
    type: str | None = None
    xml: str | None = None
    pdf: str | None = None


class LuLegilux(Scraper):
    """Reads every new act, and what ever changed the lists of drugs."""

    source: ClassVar = Source(
        id="lu_legilux",
        title="Legilux",
        publisher="Ministère d'État, Service central de législation (Luxembourg)",
        covers=("LU",),
        kind=SourceKind.REGISTER,
        homepage="https://data.legilux.public.lu/",
        licence="CC BY 4.0",
        terms="An open endpoint without a key.",
        hosts=("data.legilux.public.lu",),
        schedule="25 10 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(1, 10_000), observed=(0, 200)),
        cadence=1_000,
        overlap=14,
        first=60,
        language="fr",
    )

    def start(self) -> Iterable[Fetch]:
        """What changes the lists, and what is new."""
        lists = " ".join(f"<{DATA}/eli/etat/leg/rgd/{one}/jo>" for one in LISTS)
        yield self._ask(f"VALUES ?list {{ {lists} }} ?act jolux:modifies ?list .", None)
        yield self._ask(f'FILTER(?day >= "{self.since}"^^xsd:date)', None)

    def listing(self, page: Page, which: str) -> Iterable[Yield]:
        """Each act, by its text, and the next page."""
        acts = rows(page, Act)
        self.examine(len(acts))
        for act in acts:
            file = act.xml or act.pdf
            if file is None:
                yield from self.mentioning([self._document(page, act, None)])
                continue
            yield self.get(
                secure(file), self.text, expect=TEXT,
                about=_key(act), act=msgspec.to_builtins(act),
            )  # fmt: skip
        if len(acts) == PAGE:
            yield self._ask(which, acts[-1].act)

    def text(self, page: Page, act: dict[str, Any]) -> Iterable[Yield]:
        """The text of an act."""
        yield from self.mentioning([self._document(page, msgspec.convert(act, Act), page)])

    def _ask(self, which: str, last: str | None) -> Fetch:
        query = QUERY % (which, after("act", last), PAGE)
        return self.get(step=self.listing, essential=True, which=which, **select(ENDPOINT, query))

    def _document(self, page: Page, act: Act, text: Page | None) -> Document:
        return self.document(
            page,
            key=_key(act),
            title=act.title,
            jurisdiction="ocd-division/country:lu",
            url=secure(act.act),
            text=text.text() if text else act.title,
            kind=KINDS.get((act.type or "").rsplit("/", 1)[-1]),
            number=_key(act),
            published=act.published,
            effective=act.effective,
            note=None if act.xml else "No text in XML",
            text_held=text is not None,
        )


def _key(act: Act) -> str:
    """`etat/leg/rgd/2012/07/21/n7/jo`: the address of the act without its beginning."""
    return act.act.removeprefix(f"{DATA}/eli/")
