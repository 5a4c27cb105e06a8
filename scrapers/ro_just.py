"""Portal Legislativ: the legislation of Romania, by the free web service of the Ministry.

Layout. One SOAP address, `https://legislatie.just.ro/apiws/FreeWebService.svc/SOAP`: `GetToken`
(no account; the token lives for some minutes), then `Search` with a `SearchModel` of
`NumarPagina` (page 0 is page 1), `RezultatePagina`, `SearchAn`, `SearchNumar`, `SearchText`,
`SearchTitlu`, all of which have to stand in the order of the alphabet. An answer is a list of
`Legi` with `TipAct`, `Numar`, `Titlu`, `DataVigoare`, `Emitent`, `Publicatie`, `LinkHtml`, `Text`:
the whole text is in it. A page beyond the end is empty; a token that has expired is a SOAP fault.
At most one request in three seconds.

UNCONFIRMED, because no answer of the service is recorded here: everything above comes from
clients. They report ten records a page whatever is asked for, an `Emitent` that has lost its
letters ș and ț, titles that end in the masthead (`EMITENT ... PUBLICAT ÎN Monitorul Oficial nr.
...`), and that the server refuses (403) a user agent that is no browser's. This one says what it
is, and where it is refused the source says so.

Only searches by word are made; the listing by year is not stable between two calls.

History of breakage. None seen yet (built 2026-11-22 from the notes, without a recorded answer).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final
from xml.sax.saxutils import escape

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, one_line
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

SERVICE: Final = "https://legislatie.just.ro/apiws/FreeWebService.svc/SOAP"
ACTION: Final = "http://tempuri.org/IFreeWebService"
ENVELOPE: Final = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    "<s:Body>{}</s:Body></s:Envelope>"
)
ASK: Final = '<GetToken xmlns="http://tempuri.org/"/>'
SEARCH: Final = (
    '<Search xmlns="http://tempuri.org/"><SearchModel '
    'xmlns:d="http://schemas.datacontract.org/2004/07/FreeWebService">'
    "<d:NumarPagina>{number}</d:NumarPagina><d:RezultatePagina>100</d:RezultatePagina>"
    "<d:SearchText>{text}</d:SearchText>"
    "</SearchModel><tokenKey>{token}</tokenKey></Search>"
)
TERMS: Final = ("kratom", "mitragyna", "mitragynine", "mitraginină", "mitraginina")
PAGES: Final = 40
"""More pages than a word so rare can have: a list that does not end is not read for ever."""
NUMBER: Final = re.compile(r"/DetaliiDocument(?:Afis)?/(\d+)")
KINDS: Final = {
    "LEGE": InstrumentKind.SESSION_LAW,
    "ORDONANTA": InstrumentKind.SESSION_LAW,
    "ORDONANTA DE URGENTA": InstrumentKind.SESSION_LAW,
    "HOTARARE": InstrumentKind.REGULATION,
    "ORDIN": InstrumentKind.REGULATION,
}


class RoJust(Scraper):
    """Searches texts by word; the answer holds the text."""

    source: ClassVar = Source(
        id="ro_just",
        title="Portal Legislativ",
        publisher="Ministry of Justice of Romania",
        covers=("RO",),
        kind=SourceKind.STATUTES,
        homepage="https://legislatie.just.ro/",
        licence="Official texts are not protected (art. 9 of Act 8/1996)",
        terms="A free web service without an account; at most one request in three seconds.",
        hosts=("legislatie.just.ro",),
        schedule="19 1 * * sun",
        rate=Rate(delay=3.5),
        bounds=Bounds(examined=(0, 5_000), observed=(0, 400), collapse=0.2),
        cadence=730,
        seconds=120,
        megabytes=64,
        language="ro",
    )

    def start(self) -> Iterable[Fetch]:
        """A token."""
        yield self._call("GetToken", ASK, "token")

    def token(self, page: Page) -> Iterable[Yield]:
        """The first page of each search."""
        token = page.xml().findtext(".//{*}GetTokenResult")
        if not token:
            raise FaultError(Fault.LAYOUT, "no GetTokenResult")
        for term in TERMS:
            yield self._search(term, 1, token, [])

    def listing(
        self, page: Page, term: str, number: int, token: str, before: list[str]
    ) -> Iterable[Yield]:
        """The acts of a page, and the next one unless it shows the same acts again."""
        result = page.xml().find(".//{*}SearchResult")
        if result is None:
            raise FaultError(Fault.LAYOUT, "no SearchResult")
        acts = result.findall("{*}Legi")
        self.examine(len(acts))
        keys = [_key(act) for act in acts]
        for key, act in zip(keys, acts, strict=True):
            yield from self.mentioning([self._document(page, key, act)])
        if keys and keys != before and number < PAGES:
            yield self._search(term, number + 1, token, keys)

    def _search(self, term: str, number: int, token: str, before: list[str]) -> Fetch:
        body = SEARCH.format(number=number, text=escape(term), token=escape(token))
        return self._call(
            "Search", body, "listing", term=term, number=number, token=token, before=before
        )

    def _call(self, action: str, body: str, step: str, **context: object) -> Fetch:
        return Fetch(
            SERVICE, step, method="POST", body=ENVELOPE.format(body).encode(), essential=True,
            headers=(
                ("Content-Type", "text/xml; charset=utf-8"),
                ("SOAPAction", f'"{ACTION}/{action}"'),
            ),
            expect=Expect(media=XML.media, smallest=XML.smallest, contains=(f"{action}Result",)),
            context=context,
        )  # fmt: skip

    def _document(self, page: Page, key: str, act: _Element) -> Document:
        from kratom_atlas.read.media import Media
        from kratom_atlas.read.text import read_text

        printed, kind = _field(act, "Titlu"), _field(act, "TipAct")
        title = re.split(r"\s+EMITENT\s", printed, maxsplit=1)[0]
        text = act.findtext("{*}Text") or ""
        return self.document(
            page,
            key=key,
            title=title or key,
            jurisdiction="ocd-division/country:ro",
            url=f"https://legislatie.just.ro/Public/DetaliiDocument/{key}",
            text=read_text(text.encode(), media=Media.TEXT) if text.strip() else title,
            kind=KINDS.get(_plain(kind)),
            number=" ".join(filter(None, (kind, _field(act, "Numar")))) or None,
            effective=_field(act, "DataVigoare"),
            locator=f"Legi {key}",
            note=_field(act, "Publicatie") or None,
            text_held=bool(text.strip()),
        )


def _key(act: _Element) -> str:
    found = NUMBER.search(_field(act, "LinkHtml"))
    if found is None:
        raise FaultError(Fault.LAYOUT, "a LinkHtml without the number of the document")
    return found[1]


def _field(act: _Element, name: str) -> str:
    return one_line(act.findtext(f"{{*}}{name}"))


def _plain(kind: str) -> str:
    """Without the marks of its letters, which the service writes in three ways."""
    decomposed = unicodedata.normalize("NFD", kind.upper())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
