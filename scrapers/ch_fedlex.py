"""Fedlex: the law of the Swiss federation, as linked data in the ontology JOLux.

Layout. `GET https://fedlex.data.admin.ch/sparqlendpoint?query=` answers SELECT queries in JSON.
`jolux:ConsolidationAbstract` is an act of the classified compilation (SR), each
`jolux:Consolidation` one version of it (`isMemberOf`, `dateApplicability`,
`dateEndApplicability`), `isRealizedBy` its languages, `isEmbodiedBy` their formats (`userFormat`)
and `isExemplifiedBy` the file, below `/filestore/` of the same host. About 5,100 of 17,200 texts
have XML (Akoma Ntoso); the others have HTML, DOCX or PDF. `bif:contains` is off and OFFSET is
slow, so pages go by cursor. The site itself is drawn by script.

There is no search in texts. So every version that has begun since the last look, or will begin,
is read, and the acts of `WATCHED` whatever their version: narcotics are listed in the annexes of
812.121.11. The number of an act hangs on `classifiedByTaxonomyEntry` as a `skos:notation` with a
type of its own; a literal without that type is said to run into the time limit, and the end of an
act is `dateNoLongerInForce` (UNCONFIRMED: both are in clients, no recording shows them).

A change by the Department of Home Affairs first appears in the official compilation (`eli/oc`);
it is not read, because its consolidation follows within days.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.sparql import after, literal, rows, select
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, Bounds, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

HOST: Final = "https://fedlex.data.admin.ch"
WATCHED: Final = ("812.121", "812.121.11", "812.121.1", "817.022.2")
"""Narcotics act, list of narcotics, ordinance on their control, ordinance on novel food."""
ROWS: Final = 300
PREFERRED: Final = ("xml", "html", "docx", "pdf-a", "pdf")
QUERY: Final = """
PREFIX jolux: <http://data.legilux.public.lu/resource/ontology/jolux#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT ?consol ?sr ?title ?dateAppl ?dateEnd ?dateOver ?userFormat ?url WHERE {{
  {numbered}
  ?consol a jolux:Consolidation ; jolux:isMemberOf ?abstract ; jolux:dateApplicability ?dateAppl .
  OPTIONAL {{ ?abstract jolux:dateNoLongerInForce ?dateOver }}
  OPTIONAL {{ ?consol jolux:dateEndApplicability ?dateEnd }}
  ?consol jolux:isRealizedBy ?expression .
  ?expression jolux:language <http://publications.europa.eu/resource/authority/language/DEU> .
  OPTIONAL {{ ?abstract jolux:isRealizedBy ?named .
    ?named jolux:language <http://publications.europa.eu/resource/authority/language/DEU> ;
      jolux:title ?title }}
  ?expression jolux:isEmbodiedBy ?file .
  ?file jolux:userFormat ?userFormat ; jolux:isExemplifiedBy ?url .
  {filters}
}} ORDER BY STR(?consol) LIMIT {limit}
"""


SYSTEMATIC: Final = f"<{HOST}/vocabulary/notation-type/id-systematique>"


class Row(Struct, rename="camel"):
    """A file of a version."""

    consol: str
    date_appl: str
    user_format: str
    url: str
    sr: str = ""
    title: str = ""
    date_end: str | None = None
    date_over: str | None = None


class ChFedlex(Scraper):
    """Reads the versions that begin, and the acts that list narcotics."""

    source: ClassVar = Source(
        id="ch_fedlex",
        title="Fedlex",
        publisher="Federal Chancellery of the Swiss Confederation",
        covers=("CH",),
        kind=SourceKind.STATUTES,
        homepage="https://www.fedlex.admin.ch/",
        licence="Acts are not protected (art. 5 URG); open use of the data",
        terms="An open endpoint without a key; no limit is published, so slowly.",
        hosts=("fedlex.data.admin.ch",),
        schedule="47 2 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(1, 20_000), observed=(0, 100)),
        cadence=365,
        overlap=7,
        first=60,
        seconds=120,
        megabytes=64,
        language="de",
    )

    def start(self) -> Iterable[Fetch]:
        """The watched acts, and what begins."""
        numbers = " ".join(f"{literal(number)}^^{SYSTEMATIC}" for number in WATCHED)
        watched = QUERY.format(
            numbered=f"VALUES ?sr {{ {numbers} }} "
            "?tax skos:notation ?sr . ?abstract jolux:classifiedByTaxonomyEntry ?tax .",
            filters="", limit=5_000,
        )  # fmt: skip
        yield self.get(step=self.watched, **select(f"{HOST}/sparqlendpoint", watched),
                       essential=True)  # fmt: skip
        yield self._beginning(None)

    def watched(self, page: Page) -> Iterable[Yield]:
        """The version of each act that holds on the day, and those to come."""
        found = rows(page, Row)
        if not found:
            raise FaultError(Fault.LAYOUT, "none of the acts that are watched is found")
        yield from self._read(found)

    def beginning(self, page: Page) -> Iterable[Yield]:
        """Versions in the order of their names, and the next page."""
        found = rows(page, Row)
        if len(found) < ROWS:
            yield from self._read(found)
            return
        # The files of the last version may go on behind the end of the page.
        last = max(row.consol for row in found)
        whole = [row for row in found if row.consol != last]
        if not whole:
            raise FaultError(Fault.LAYOUT, f"{last} has more files than a page has rows")
        yield from self._read(whole)
        yield self._beginning(max(row.consol for row in whole))

    def text(self, page: Page, key: str, row: dict[str, str | None]) -> Iterable[Yield]:
        """The text of a version."""
        number, title = row["sr"] or "", row["title"] or ""
        document = self.document(
            page,
            key=key,
            title=title or f"SR {number}",
            jurisdiction="ocd-division/country:ch",
            url=f"{row['consol']}/de".replace(HOST, "https://www.fedlex.admin.ch"),
            text=page.text(),
            kind=_kind(title),
            number=f"SR {number}" if number else None,
            effective=row["date_appl"],
            ends=row["date_end"],
            version=row["consol"],
        )
        if number in WATCHED:
            yield document
        else:
            yield from self.mentioning([document])

    def _beginning(self, last: str | None) -> Fetch:
        query = QUERY.format(
            limit=ROWS,
            numbered="",
            filters="OPTIONAL { ?abstract jolux:classifiedByTaxonomyEntry/skos:notation ?sr . "
            f"FILTER(DATATYPE(?sr) = {SYSTEMATIC}) }} "
            f'FILTER(?dateAppl >= "{self.since.isoformat()}"^^xsd:date) '
            + after("consol", last),
        )  # fmt: skip
        return self.get(
            step=self.beginning, **select(f"{HOST}/sparqlendpoint", query), essential=True
        )

    def _read(self, found: list[Row]) -> Iterable[Fetch]:
        """Of each act the last version that has begun, by the act's key, and those to come.

        A version that has ended is read too if none came after it: it says when.
        """
        today = self.today.isoformat()
        files: dict[str, dict[str, Row]] = {}
        last: dict[str, str] = {}
        for row in sorted(found, key=lambda row: (row.date_appl, row.consol)):
            key = row.consol.removeprefix(f"{HOST}/")
            act = key.rpartition("/")[0]
            last[act] = row.date_appl
            if row.date_appl <= today:
                key = act
            formats = files.setdefault(key, {})
            if any(other.consol != row.consol for other in formats.values()):
                formats.clear()
            formats[_last(row.user_format)] = row
        self.examine(len(files))
        for key, formats in files.items():
            best = next((formats[kind] for kind in PREFERRED if kind in formats), None)
            if best is not None:
                # A version that others follow ends; the act does not.
                act = best.consol.removeprefix(f"{HOST}/").rpartition("/")[0]
                ends = best.date_over or (best.date_end if best.date_appl == last[act] else None)
                yield self.get(
                    best.url, self.text, about=key, expect=ANYTHING, key=key,
                    row={"consol": best.consol, "sr": best.sr, "title": best.title,
                         "date_appl": best.date_appl, "date_end": ends},
                )  # fmt: skip


def _last(address: str) -> str:
    return address.rpartition("/")[2]


def _kind(title: str) -> InstrumentKind:
    return InstrumentKind.REGULATION if "erordnung" in title else InstrumentKind.STATUTE
