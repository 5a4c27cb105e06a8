"""Cellar: law of the European Union on novel foods and on psychoactive substances.

Layout. `https://publications.europa.eu/webapi/rdf/sparql` answers queries over the CDM ontology;
after a minute it gives up, and says so in a text with status 200. Literals of CELEX numbers are
`xsd:string`. There is no search of texts: titles are filtered, and what is new is read. A text is
at `https://publications.europa.eu/resource/celex/{CELEX}`: which one follows from `Accept`
(`application/xhtml+xml`, for older acts `text/html`) and `Accept-Language` (`eng`). It sends on
with 303; where a text has several files the answer is 300 with links, of which `DOC_1` is the
act. CELEX: `32017R2470`, consolidated `02017R2470-20260101`.

Kratom may not be sold as a food because it is not in the Union list (Regulation 2017/2470): that
it is not named there is the rule, and its naming would be news. So the newest consolidated texts
of the two regulations are read each time, though they do not name it.

eur-lex.europa.eu itself tests for browsers and is not read.

UNCONFIRMED: the mark-up of the answer 300.

History of breakage. None seen yet (built 2026-11-22 from recorded texts).
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
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

ENDPOINT = "https://publications.europa.eu/webapi/rdf/sparql"
TEXTS = "https://publications.europa.eu/resource/celex/"
LISTS = ("32015R2283", "32017R2470")
ABOUT = ("novel food", "2015/2283", "2017/2470", "psychoactive", "drug precursor", "illicit drug")
PAGE = 100
TEXT = Expect(media=("html", "xml"), smallest=200, statuses=(200, 300))
ASKED = {"Accept": "application/xhtml+xml, text/html;q=0.9", "Accept-Language": "eng"}
PREFIXES = """
PREFIX cdm: <http://publications.europa.eu/ontology/cdm#>
PREFIX lang: <http://publications.europa.eu/resource/authority/language/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
NEWEST = """%s
SELECT ?base (MAX(STR(?number)) AS ?celex) (MAX(STR(?day)) AS ?date) WHERE {
  VALUES ?base { %s }
  ?law cdm:resource_legal_id_celex ?base .
  ?work cdm:act_consolidated_based_on_resource_legal ?law ;
    cdm:resource_legal_id_celex ?number ; cdm:work_date_document ?day .
} GROUP BY ?base ORDER BY ?base
"""
NEW = """%s
SELECT (STR(?number) AS ?celex) (MIN(STR(?name)) AS ?title) (MIN(STR(?day)) AS ?date)
  (MIN(STR(?force)) AS ?effective) (MAX(STR(?end)) AS ?ends)
WHERE {
  ?work cdm:resource_legal_id_celex ?number ; cdm:work_date_document ?day .
  FILTER(?day >= "%s"^^xsd:date) FILTER(REGEX(STR(?number), "^3[0-9]{4}[RLD]"))
  ?text cdm:expression_belongs_to_work ?work ; cdm:expression_uses_language lang:ENG ;
    cdm:expression_title ?name .
  FILTER(%s)
  OPTIONAL { ?work cdm:resource_legal_date_entry-into-force ?force }
  OPTIONAL { ?work cdm:resource_legal_date_end-of-validity ?end }
  %s
} GROUP BY ?number ORDER BY STR(?number) LIMIT %d
"""


class Consolidated(Struct):
    """The newest consolidated text of a regulation."""

    base: str
    celex: str
    date: str


class Work(Struct):
    """A new act."""

    celex: str
    title: str
    date: str
    effective: str | None = None
    ends: str | None = None


class EuCellar(Scraper):
    """Reads the Union list of novel foods, and new acts that may concern kratom."""

    source: ClassVar = Source(
        id="eu_cellar",
        title="Cellar",
        publisher="Publications Office of the European Union",
        covers=("X-EU",),
        kind=SourceKind.REGULATIONS,
        homepage="https://op.europa.eu/en/web/cellar",
        licence="Reuse with attribution (Decision 2011/833/EU)",
        terms="An open endpoint without a key; a query may take a minute.",
        hosts=("publications.europa.eu",),
        schedule="5 11 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(len(LISTS), 3_000), observed=(0, 200)),
        cadence=3_000,
        overlap=30,
        first=365,
        seconds=120,
    )

    def start(self) -> Iterable[Fetch]:
        """The lists, and what is new."""
        bases = " ".join(f'"{one}"^^xsd:string' for one in LISTS)
        yield self.get(
            step=self.lists, essential=True, **select(ENDPOINT, NEWEST % (PREFIXES, bases))
        )
        yield self._new(None)

    def lists(self, page: Page) -> Iterable[Yield]:
        """The newest version of each regulation that decides."""
        found = rows(page, Consolidated)
        missing = set(LISTS) - {one.base for one in found}
        if missing:
            raise FaultError(Fault.LAYOUT, f"no consolidated text of {', '.join(sorted(missing))}")
        for one in found:
            work = Work(celex=one.celex, title=f"Consolidated text of {one.base}", date=one.date)
            yield self._text(one.base, work)

    def listing(self, page: Page) -> Iterable[Yield]:
        """Each new act, and the next page."""
        works = rows(page, Work)
        self.examine(len(works))
        for work in works:
            yield self._text(work.celex, work)
        if len(works) == PAGE:
            yield self._new(works[-1].celex)

    def text(self, page: Page, key: str, work: dict[str, Any]) -> Iterable[Yield]:
        """The text, or the choice among its files."""
        if page.status == 300:
            links = [link.get("href", "") for link in page.html().iter("a")]
            first = next((link for link in links if link.endswith("DOC_1")), None)
            if first is None:
                raise FaultError(Fault.LAYOUT, "several files, and none is DOC_1")
            yield self.get(
                secure(self.join(page, first)), self.text, expect=TEXT,
                about=key, headers=ASKED, key=key, work=work,
            )  # fmt: skip
            return
        self.examine()
        one = msgspec.convert(work, Work)
        if key in LISTS:
            # Not to be named is what this list says; that it was read is worth keeping.
            yield self._document(page, key, one)
        else:
            yield from self.mentioning([self._document(page, key, one)])

    def _document(self, page: Page, key: str, work: Work) -> Document:
        is_consolidated = work.celex.startswith("0")
        return self.document(
            page,
            key=key,
            title=work.title,
            jurisdiction="x-eu",
            url=f"https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:{work.celex}",
            text=page.text(),
            kind=InstrumentKind.REGULATION,
            number=work.celex,
            published=None if is_consolidated else work.date,
            effective=work.effective,
            ends=work.ends,
            version=work.celex if is_consolidated else None,
            note=f"Consolidated as of {work.date}" if is_consolidated else None,
        )

    def _new(self, last: str | None) -> Fetch:
        about = " || ".join(f'CONTAINS(LCASE(STR(?name)), "{words}")' for words in ABOUT)
        query = NEW % (PREFIXES, self.since, about, after("number", last), PAGE)
        return self.get(step=self.listing, essential=True, **select(ENDPOINT, query))

    def _text(self, key: str, work: Work) -> Fetch:
        return self.get(
            f"{TEXTS}{work.celex}", self.text, expect=TEXT, about=key, headers=ASKED, key=key,
            work=msgspec.to_builtins(work),
        )  # fmt: skip
