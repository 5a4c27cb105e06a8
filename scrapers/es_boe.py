"""Boletin Oficial del Estado (Spain): consolidated law, and the gazette of each day.

Layout. `GET /datosabiertos/api/legislacion-consolidada` takes a `query` in JSON, `offset` and
`limit`, with `Accept: application/json`; words are sought as `texto:word`, joined by `or` in
lower case: a bare text answers 500. `data[]` has the metadata of each act; the text is at
`/legislacion-consolidada/id/{id}/texto`, in XML only, each block with its versions, the last of
which is in force. Nothing found is 404, or empty `data`. About 12,200 acts are consolidated:
ministerial orders are often only in the gazette, `GET /datosabiertos/api/boe/sumario/{YYYYMMDD}`,
where each level (`diario`, `seccion`, `departamento`, `epigrafe`, `item`) is an object if it has
one member and a list if it has several. No gazette comes out on Sundays, and the answer is 404.
Answers may begin with a byte-order mark. `vigencia_agotada` and `estatus_derogacion` say `S` or
`N`.

The gazette's text of an act and its consolidated text have the same identifier; the key of the
latter begins with `consolidada/`.

UNCONFIRMED: the answer of the search was not at hand; its entries are taken to have the members
of `metadatos`. What stands in sections I and III is read; the others hold appointments, contests
and notices.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, as_list
from kratom_atlas.crawl.source import JSON, XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

API = "https://www.boe.es/datosabiertos/api"
WORDS = ("kratom", "mitragina", "mitraginina", "mitragyna", "mitragynina", "mitragynine")
PAGE = 50
SECTIONS = ("1", "3")
SUNDAY = 6
AS_JSON = {"Accept": "application/json"}
FOUND = Expect(media=JSON.media, smallest=2, statuses=(200, 404))
DAY = Expect(statuses=(200, 404))
TEXT = Expect(media=XML.media, smallest=50, contains=("<texto",))
KINDS = {
    "Ley": InstrumentKind.STATUTE,
    "Ley Orgánica": InstrumentKind.STATUTE,
    "Real Decreto-ley": InstrumentKind.STATUTE,
    "Real Decreto Legislativo": InstrumentKind.STATUTE,
    "Real Decreto": InstrumentKind.REGULATION,
    "Orden": InstrumentKind.REGULATION,
    "Resolución": InstrumentKind.REGULATION,
}


class Named(Struct):
    """A value of a list, with its name."""

    texto: str


class Act(Struct):
    """A consolidated act."""

    identificador: str
    titulo: str
    fecha_actualizacion: str
    rango: Named | None = None
    fecha_publicacion: str | None = None
    fecha_vigencia: str | None = None
    vigencia_agotada: str | None = None
    estatus_derogacion: str | None = None
    estatus_anulacion: str | None = None
    url_html_consolidada: str | None = None
    numero_oficial: str | None = None


class Answer(Struct):
    """What the search finds; `data` is empty text where that is nothing."""

    data: list[Act] | str


class Item(Struct):
    """One text of the gazette."""

    identificador: str
    titulo: str
    url_xml: str


class EsBoe(Scraper):
    """Searches consolidated law, and reads the gazettes since the last look."""

    source: ClassVar = Source(
        id="es_boe",
        title="Boletín Oficial del Estado (BOE)",
        publisher="Agencia Estatal Boletín Oficial del Estado (Spain)",
        covers=("ES",),
        kind=SourceKind.REGISTER,
        homepage="https://www.boe.es/datosabiertos/",
        licence="Reuse with attribution (Resolution of the agency on reuse; Law 37/2007)",
        terms="Open, without a key.",
        hosts=("www.boe.es",),
        schedule="10 8 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 20_000), observed=(0, 300)),
        cadence=1_000,
        overlap=4,
        first=7,
        language="es",
    )

    def start(self) -> Iterable[Fetch]:
        """The search, and the gazette of each day but Sundays."""
        yield self._search(0)
        for day in self.days():
            if day.weekday() != SUNDAY:
                yield self.get(
                    f"{API}/boe/sumario/{day:%Y%m%d}", self.gazette, expect=DAY, headers=AS_JSON
                )

    def found(self, page: Page, offset: int) -> Iterable[Yield]:
        """Each act that the search finds, and the next page."""
        data = page.json(Answer).data if page.status == 200 else ""
        if isinstance(data, str):
            return
        self.examine(len(data))
        for act in data:
            key = f"consolidada/{act.identificador}"
            if self.stands(key, act.fecha_actualizacion):
                yield Still(key)
            else:
                yield self.get(
                    f"{API}/legislacion-consolidada/id/{act.identificador}/texto", self.text,
                    expect=TEXT, about=key, headers={"Accept": "application/xml"},
                    act=msgspec.to_builtins(act),
                )  # fmt: skip
        if len(data) == PAGE:
            yield self._search(offset + PAGE)

    def text(self, page: Page, act: dict[str, Any]) -> Iterable[Yield]:
        """A consolidated text."""
        one = msgspec.convert(act, Act)
        yield from self.mentioning([
            self.document(
                page,
                key=f"consolidada/{one.identificador}",
                title=one.titulo,
                jurisdiction="ocd-division/country:es",
                url=one.url_html_consolidada
                or f"https://www.boe.es/buscar/act.php?id={one.identificador}",
                text=page.text(),
                kind=KINDS.get(one.rango.texto) if one.rango else None,
                number=one.numero_oficial or one.identificador,
                published=one.fecha_publicacion,
                effective=one.fecha_vigencia,
                version=one.fecha_actualizacion,
                note=_note(one),
            )
        ])  # fmt: skip

    def gazette(self, page: Page) -> Iterable[Yield]:
        """The texts of one day; none where there was no gazette."""
        if page.status == 404:
            return
        items = list(_items(page.json()))
        self.examine(len(items))
        for item in items:
            yield self.get(
                item.url_xml, self.item, expect=TEXT, about=item.identificador,
                key=item.identificador, title=item.titulo,
            )  # fmt: skip

    def item(self, page: Page, key: str, title: str) -> Iterable[Yield]:
        """One text of the gazette."""
        root = page.xml()
        rank = root.findtext("metadatos/rango") or ""
        yield from self.mentioning([
            self.document(
                page,
                key=key,
                title=title,
                jurisdiction="ocd-division/country:es",
                url=f"https://www.boe.es/diario_boe/txt.php?id={key}",
                text=page.text(),
                kind=KINDS.get(rank.strip()),
                number=key,
                published=root.findtext("metadatos/fecha_publicacion"),
                effective=root.findtext("metadatos/fecha_vigencia"),
                note=f"{rank}. Text of the gazette, as published" if rank else None,
            )
        ])  # fmt: skip

    def _search(self, offset: int) -> Fetch:
        words = " or ".join(f"texto:{word}" for word in WORDS)
        query = msgspec.json.encode({"query": {"query_string": {"query": words}}}).decode()
        return self.get(
            f"{API}/legislacion-consolidada", self.found, expect=FOUND, essential=True,
            headers=AS_JSON, offset=offset,
            params={"query": query, "offset": offset, "limit": PAGE},
        )  # fmt: skip


def _note(act: Act) -> str | None:
    said = (
        (act.vigencia_agotada, "no longer in force"),
        (act.estatus_derogacion, "repealed"),
        (act.estatus_anulacion, "annulled"),
    )
    ended = [words for flag, words in said if flag == "S"]
    return f"The source says: {', '.join(ended)}" if ended else None


def _items(answer: Any) -> Iterator[Item]:
    """The texts of the sections that hold rules."""
    try:
        issues = as_list(answer["data"]["sumario"]["diario"])
        sections = [one for issue in issues for one in as_list(issue.get("seccion"))]
    except (KeyError, TypeError, AttributeError):
        raise FaultError(Fault.LAYOUT, "no data.sumario.diario") from None
    if not sections:
        raise FaultError(Fault.LAYOUT, "a gazette without sections")
    for section in sections:
        if str(section.get("codigo", "")) in SECTIONS:
            for raw in _below(section):
                try:
                    yield msgspec.convert(raw, Item)
                except msgspec.ValidationError as error:
                    raise FaultError(Fault.LAYOUT, f"an item: {error}") from None


def _below(value: Any) -> Iterator[Any]:
    """Every `item` at any level."""
    if isinstance(value, list):
        for one in value:
            yield from _below(one)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from as_list(inner) if name == "item" else _below(inner)
