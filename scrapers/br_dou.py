"""Official gazette of Brazil (Diário Oficial da União): acts of the federal executive.

Layout. The search page `/consulta/-/buscar/dou` holds its results as JSON in a `<script>` whose id
ends in `BuscaDouPortlet_params` (`jsonArray`; the order of its attributes varies), 20 on a page.
Further pages are reached with a cursor made of the last result: `score`, `id` (its `classPK`) and
`displayDate` (its `displayDateSortable`), with `currentPage` and `newPage`; the number of pages
stands in another script as `totalPages : n`. Days are `DD-MM-YYYY` in the question and
`DD/MM/YYYY` in the answer. Titles and abstracts have `<span class='highlight'>` in them. The act
itself is at `/web/dou/-/{urlTitle}`, its text in the element of class `texto-dou`.

Kratom would appear in a resolution (RDC) of the health agency that updates the lists of Portaria
SVS/MS 344/1998, in a list of names: so its alkaloids are sought, not only its name.

Terms. The site is known to drop connections of programs and of data centres. We ask as what we
are, slowly; where it does not answer, the run fails and says so. The daily XML (INLABS) needs a
login and is not used.

Unconfirmed: that a first page without results has an empty `jsonArray` rather than no script.

History of breakage. The JSON address of 2024 is gone (reported in 2026). None seen by us yet
(built 2026-11-22 from clients; no real page was held).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import part_text, plain_words
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, clip, day_first
from kratom_atlas.crawl.source import HTML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

SITE = "https://www.in.gov.br"
WORDS = ("kratom", "mitragyna", "mitraginina", "mitragynine", "mitragina")
RESULTS = Expect(media=("html",), smallest=500, contains=("BuscaDouPortlet_params",))
_PARAMS = re.compile(
    r"<script\b[^>]*BuscaDouPortlet_params[^>]*>\s*(\{.*?\})\s*</script>", re.DOTALL
)
_PAGES = re.compile(r"totalPages\s*:\s*(\d+)")
KINDS = {
    "Lei": InstrumentKind.SESSION_LAW,
    "Decreto": InstrumentKind.REGULATION,
    "Portaria": InstrumentKind.REGULATION,
    "Resolução": InstrumentKind.REGULATION,
    "Resolução-RDC": InstrumentKind.REGULATION,
    "Instrução Normativa": InstrumentKind.REGULATION,
}


class Hit(Struct, rename="camel"):
    """A result."""

    url_title: str
    title: str
    pub_date: str
    pub_name: str | None = None
    art_type: str | None = None
    content: str | None = None
    hierarchy_str: str | None = None
    number_page: str | int | None = None
    class_pk: str | int | None = field(default=None, name="classPK")
    score: float | str | None = None
    display_date_sortable: str | int | None = None


class Results(Struct, rename="camel"):
    """What the script on the page holds."""

    json_array: list[Hit] = field(default_factory=list)


class BrDou(Scraper):
    """Searches the gazette by word since the last look, and reads each act."""

    source: ClassVar = Source(
        id="br_dou",
        title="Diário Oficial da União",
        publisher="Imprensa Nacional (Brazil)",
        covers=("BR",),
        kind=SourceKind.REGISTER,
        homepage=f"{SITE}/consulta",
        licence="No copyright in official acts (Law 9.610/1998, article 8)",
        terms="A public search; programs are often dropped without a word.",
        hosts=("www.in.gov.br",),
        schedule="33 14 * * mon-sat",
        rate=Rate(delay=5.0),
        bounds=Bounds(examined=(0, 2_000), observed=(0, 500)),
        cadence=200,
        overlap=10,
        first=3_650,
        seconds=90,
        language="pt",
    )

    def start(self) -> Iterable[Fetch]:
        """A search for each word, by day of publication."""
        for word in WORDS:
            yield self._search(word, {})

    def found(self, page: Page, word: str, number: int) -> Iterable[Yield]:
        """Each result, and the next page."""
        from kratom_atlas.read.structured import parse_json

        source = page.decoded()
        script = _PARAMS.search(source)
        if script is None:
            raise FaultError(Fault.LAYOUT, "the results are no longer in a script of the page")
        hits = parse_json(script[1].encode(), Results).json_array
        self.examine(len(hits))
        for hit in hits:
            yield self.get(
                f"{SITE}/web/dou/-/{hit.url_title}", self.act, expect=HTML, about=hit.url_title,
                hit=msgspec.to_builtins(hit),
            )  # fmt: skip
        pages = _PAGES.search(source)
        if hits and pages and number < int(pages[1]):
            last = hits[-1]
            cursor = {
                "currentPage": number,
                "newPage": number + 1,
                "score": last.score or 0,
                "id": last.class_pk or "",
                "displayDate": last.display_date_sortable or "",
            }
            yield self._search(word, cursor)

    def act(self, page: Page, hit: dict[str, Any]) -> Iterable[Yield]:
        """The act, without the page around it."""
        told = msgspec.convert(hit, Hit)
        found = page.html().find_class("texto-dou")
        if not found:
            raise FaultError(Fault.LAYOUT, "an act without texto-dou")
        title = plain_words(told.title)
        said = (told.hierarchy_str, told.pub_name, f"p. {told.number_page}" if told.number_page
                else "")  # fmt: skip
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=told.url_title,
                    title=title,
                    jurisdiction="ocd-division/country:br",
                    url=f"{SITE}/web/dou/-/{told.url_title}",
                    text=part_text(found[0]),
                    kind=KINDS.get(told.art_type or ""),
                    number=clip(title, 400),
                    published=day_first(told.pub_date),
                    note=". ".join(filter(None, said)) or None,
                )
            ]
        )

    def _search(self, word: str, cursor: dict[str, Any]) -> Fetch:
        params = {
            "q": f'"{word}"',
            "s": "todos",
            "exactDate": "personalizado",
            "publishFrom": self.since.strftime("%d-%m-%Y"),
            "publishTo": self.today.strftime("%d-%m-%Y"),
            "sortType": 0,
            "delta": 20,
            **cursor,
        }
        return self.get(
            f"{SITE}/consulta/-/buscar/dou", self.found, params=params, expect=RESULTS,
            essential=True, word=word, number=cursor.get("newPage", 1),
        )  # fmt: skip
