"""Teisės aktai: the register of legal acts of Lithuania (TAR), as open data of data.gov.lt.

Layout. `GET https://get.data.gov.lt/datasets/gov/lrsk/teises_aktai/Dokumentas` is a table of acts
as adopted; conditions stand in the query as they are: `pavadinimas.contains("narkotin")`,
`dokumento_id="TAR.7B3B40DCD13A"`, `select(...)`, `sort(...)`, `limit(100)`, `offset(100)`. The
answer is `_data` and `_page.next`, a cursor that is empty where there is a sort; so pages go by
offset, and an act that moved between pages is read twice. `_revision` changes with the record,
`tekstas_lt` is the text, with `negalioja` the day on which an act ended. `Suvestine` has the
consolidated versions (`galioja_nuo`, `galioja_iki`, `tekstas_lt`); the one without an end is in
force. `contains` minds the case of letters (UNCONFIRMED; so both cases are asked for).

Kratom is a row of list I of order No 5 of 2000-01-06 of the Minister of Health, which is amended
by order after order. A word within a word is found too: `atsikratoma` (gets rid of) stands in
laws on waste, so the search asks for a blank or a bracket before the word, and what is found is
matched again here. e-tar.lt, where people read the acts, refuses machines; it is only linked.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final
from urllib.parse import quote

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://get.data.gov.lt/datasets/gov/lrsk/teises_aktai"
QUERIES: Final = (
    'pavadinimas.contains("narkotin")',
    'pavadinimas.contains("psichoaktyv")',
    'tekstas_lt.contains("Kratom")',
    'tekstas_lt.contains(" kratom")',
    'tekstas_lt.contains("(kratom")',
    'tekstas_lt.contains("itragyn")',
    'tekstas_lt.contains("itragin")',
)
ANCHORS: Final = ("TAR.7B3B40DCD13A",)
"""Order No 5 of 2000-01-06: the lists of narcotic and psychotropic substances."""
ROWS: Final = 100
KINDS: Final = {
    "Konstitucija": InstrumentKind.STATUTE,
    "Kodeksas": InstrumentKind.STATUTE,
    "Įstatymas": InstrumentKind.SESSION_LAW,
    "Konstitucinis įstatymas": InstrumentKind.SESSION_LAW,
    "Įsakymas": InstrumentKind.REGULATION,
    "Nutarimas": InstrumentKind.REGULATION,
}


class Row(Struct):
    """One act, as a search lists it."""

    dokumento_id: str
    revision: str | None = field(name="_revision", default=None)


class Act(Struct):
    """One act, with its text."""

    dokumento_id: str
    pavadinimas: str
    revision: str | None = field(name="_revision", default=None)
    tekstas_lt: str | None = None
    nuoroda: str | None = None
    rusis: str | None = None
    galioj_busena: str | None = None
    atv_dok_nr: str | None = None
    tar_kodas: str | None = None
    priimtas: str | None = None
    paskelbta_tar: str | None = None
    isigalioja: str | None = None
    negalioja: str | None = None


class Version(Struct):
    """One consolidated version."""

    suvestines_id: str
    galioja_nuo: str
    galioja_iki: str | None = None


class VersionText(Struct):
    """The text of one."""

    tekstas_lt: str


class Rows(Struct):
    """A page of a search."""

    data: list[Row] = field(name="_data")


class Acts(Struct):
    """The answer for one act."""

    data: list[Act] = field(name="_data")


class Versions(Struct):
    """The consolidated versions of an act."""

    data: list[Version] = field(name="_data")


class VersionTexts(Struct):
    """The answer for one consolidated version."""

    data: list[VersionText] = field(name="_data")


class LtTeisesAktai(Scraper):
    """Searches titles and texts, and follows the consolidated order that lists substances."""

    source: ClassVar = Source(
        id="lt_teises_aktai",
        title="Teisės aktai (TAR)",
        publisher="Lietuvos Respublikos Seimo kanceliarija",
        covers=("LT",),
        kind=SourceKind.REGULATIONS,
        homepage="https://data.gov.lt/datasets/2613/",
        licence="CC BY 4.0",
        terms="An open API without a key; no limit is published.",
        hosts=("get.data.gov.lt",),
        schedule="53 5 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(1, 20_000), observed=(0, 500), collapse=0.4),
        cadence=365,
        first=36_500,
        seconds=180,
        language="lt",
    )

    def start(self) -> Iterable[Fetch]:
        """The searches, and the versions of the order."""
        for query in QUERIES:
            yield self._search(query, 0)
        for act in ANCHORS:
            yield self.get(
                _address(
                    "Suvestine", f'dokumento_id="{act}"', "sort(galioja_nuo)", "limit(1000)",
                    "select(suvestines_id,galioja_nuo,galioja_iki)",
                ),
                self.versions, expect=TABLE, essential=True, about=f"{act}/suvestine", act=act,
            )  # fmt: skip

    def found(self, page: Page, query: str, offset: int) -> Iterable[Yield]:
        """What is new or whose record has changed."""
        rows = page.json(Rows).data
        self.examine(len(rows))
        for row in rows:
            key = row.dokumento_id
            if self.stands(key, row.revision):
                yield Still(key)
            else:
                address = _address("Dokumentas", f'dokumento_id="{key}"', "limit(1)")
                yield self.get(address, self.read, expect=TABLE, about=key, key=key)
        if len(rows) >= ROWS:
            yield self._search(query, offset + ROWS)

    def read(self, page: Page, key: str) -> Iterable[Yield]:
        """One act as adopted."""
        from kratom_atlas.read.text import normalise

        acts = page.json(Acts).data
        if len(acts) != 1 or acts[0].dokumento_id != key:
            raise FaultError(Fault.LAYOUT, f"{len(acts)} acts in the answer for {key}")
        act = acts[0]
        held = bool(act.tekstas_lt and act.tekstas_lt.strip())
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=key,
                    title=act.pavadinimas,
                    jurisdiction=LITHUANIA,
                    url=act.nuoroda or _read_at(key),
                    text=normalise(act.tekstas_lt or "") if held else act.pavadinimas,
                    kind=KINDS.get(act.rusis or ""),
                    number=act.atv_dok_nr or act.tar_kodas,
                    published=act.paskelbta_tar or act.priimtas,
                    effective=act.isigalioja,
                    ends=act.negalioja,
                    version=act.revision,
                    locator="/_data/0/tekstas_lt",
                    note=". ".join(filter(None, (act.rusis, act.galioj_busena))) or None,
                    text_held=held,
                )
            ]
        )

    def versions(self, page: Page, act: str) -> Iterable[Yield]:
        """The consolidated version in force, and one that is to come."""
        versions = page.json(Versions).data
        if not versions:
            raise FaultError(Fault.LAYOUT, f"{act}: no consolidated version")
        self.examine(len(versions))
        today = self.today.isoformat()
        begun = [one for one in versions if one.galioja_nuo[:10] <= today]
        later = [one for one in versions if one.galioja_nuo[:10] > today]
        current = max(begun, key=lambda one: one.galioja_nuo, default=None)
        for version, key in (
            *(((current, f"{act}/suvestine"),) if current else ()),
            *((one, f"{act}/suvestine/{one.galioja_nuo[:10]}") for one in later),
        ):
            address = _address(
                "Suvestine", f'dokumento_id="{act}"', f'suvestines_id="{version.suvestines_id}"',
                "select(tekstas_lt)", "limit(1)",
            )  # fmt: skip
            yield self.get(
                address, self.version, expect=TABLE, about=key, key=key, act=act,
                version_id=version.suvestines_id, since=version.galioja_nuo[:10],
                until=(version.galioja_iki or "")[:10],
            )  # fmt: skip

    def version(
        self,
        page: Page,
        key: str,
        act: str,
        version_id: str,
        since: str,
        until: str,
    ) -> Iterable[Yield]:
        """One consolidated version, with the days of which it is in force."""
        from kratom_atlas.read.text import normalise

        texts = page.json(VersionTexts).data
        if len(texts) != 1:
            raise FaultError(Fault.LAYOUT, f"{len(texts)} texts for version {version_id} of {act}")
        title = next((line for line in texts[0].tekstas_lt.splitlines() if line.strip()), act)
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=key,
                    title=f"{act}, consolidated: {title}",
                    jurisdiction=LITHUANIA,
                    url=_read_at(act),
                    text=normalise(texts[0].tekstas_lt),
                    kind=InstrumentKind.REGULATION,
                    number=act,
                    effective=since,
                    ends=until or None,
                    version=version_id,
                    locator="/_data/0/tekstas_lt",
                )
            ]
        )

    def _search(self, query: str, offset: int) -> Fetch:
        address = _address(
            "Dokumentas", query, "select(dokumento_id,_revision)", "sort(dokumento_id)",
            f"limit({ROWS})", f"offset({offset})",
        )  # fmt: skip
        return self.get(
            address, self.found, expect=TABLE, essential=True, query=query, offset=offset
        )


def _address(table: str, *conditions: str) -> str:
    """The address of a question; its conditions are no pairs of names and values."""
    return f"{API}/{table}?" + "&".join(quote(one, safe="()=,._") for one in conditions)


def _read_at(act: str) -> str:
    return f"https://www.e-tar.lt/portal/lt/legalAct/{quote(act)}"


LITHUANIA: Final = "ocd-division/country:lt"
TABLE: Final = Expect(media=("json",), smallest=10, contains=('"_data"',))
