"""Riksdagen's open data: Swedish statutes (SFS), bills, motions and reports, by full text.

Layout. `GET https://data.riksdagen.se/dokumentlista/?sok=WORD&sort=datum&sortorder=desc` with
`utformat=json`, `sz` and `p` searches the full text of all kinds of documents. `@traffar` and
`@sidor` count hits and pages; `dokument` is a list, an object where there is one hit, null where
there is none. The search knows inflected forms, and knows them generously: what it finds is read
and matched here. `GET /dokumentstatus/ID.json` is one document: `text` (statutes) or `html`,
`subtitel` (`t.o.m. SFS 2025:256`: the last amendment in the text), `systemdatum` (touched at).
An answer can take 46 seconds; bursts are answered with 429 or 503.

The searches follow one another, and the last asks anew for what is known and was not found: a
word that has vanished from a statute is news. A repealed statute stays, with `Upphävd` in its
HTML (UNCONFIRMED beyond a shortened record). The lists of the Medical Products Agency
(LVFS, HSLF-FS) are not here, and svenskforfattningssamling.se refuses machines.

History of breakage. None seen yet (built 2026-11-22 from recorded answers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, as_list
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind

if TYPE_CHECKING:
    from kratom_atlas.read.text import NormalText

API: Final = "https://data.riksdagen.se"
WORDS: Final = ("kratom", "mitragynin", "hydroximitragynin", "mitragyna")
ROWS: Final = 100
KINDS: Final = {"sfs": InstrumentKind.STATUTE, "prop": InstrumentKind.BILL}
NAMES: Final = {
    "sfs": "Statute as amended",
    "prop": "Government bill",
    "mot": "Motion",
    "bet": "Committee report",
    "fr": "Written question",
    "frs": "Answer to a written question",
    "sou": "Official inquiry",
    "ds": "Ministry report",
    "prot": "Record of debate",
}
REPEALED: Final = re.compile(r"Upphävd(?:</b>|:|\s)*\s*(\d{4}-\d\d-\d\d)")


class Hit(Struct):
    """One document, as the search lists it."""

    dok_id: str
    systemdatum: str


class Hits(Struct):
    """A page of the search."""

    traffar: str | int = field(name="@traffar")
    sida: str | int = field(name="@sida", default=1)
    sidor: str | int = field(name="@sidor", default=0)
    dokument: list[Hit] | Hit | None = None


class Listing(Struct):
    """The answer of the search."""

    dokumentlista: Hits


class Record(Struct):
    """A document, with its text."""

    dok_id: str
    titel: str
    datum: str
    typ: str | None = None
    rm: str | None = None
    beteckning: str | None = None
    subtitel: str | None = None
    systemdatum: str | None = None
    text: str | None = None
    html: str | None = None


class Status(Struct):
    """A document and what belongs to it."""

    dokument: Record


class Answer(Struct):
    """The answer for one document."""

    dokumentstatus: Status


class SeRiksdagen(Scraper):
    """Searches by word, and reads what is new or touched."""

    source: ClassVar = Source(
        id="se_riksdagen",
        title="Riksdagens öppna data",
        publisher="Riksdagsförvaltningen (Sweden)",
        covers=("SE",),
        kind=SourceKind.STATUTES,
        homepage="https://www.riksdagen.se/sv/dokument-och-lagar/riksdagens-oppna-data/",
        licence="Official documents, not protected (URL 1960:729, section 9)",
        terms="An open API without a key; name the source, and ask slowly.",
        hosts=("data.riksdagen.se",),
        schedule="17 4 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 1_000), collapse=0.4),
        cadence=365,
        first=36_500,
        seconds=180,
        language="sv",
    )

    def start(self) -> Iterable[Fetch]:
        """The search for the first word."""
        yield self._search(0, 1, [])

    def listing(self, page: Page, word: int, number: int, found: list[str]) -> Iterable[Yield]:
        """What is new or touched; then the next page, the next word, and what was not found."""
        hits = page.json(Listing).dokumentlista
        entries = as_list(hits.dokument)
        self.examine(len(entries), total=int(hits.traffar or 0), before=(number - 1) * ROWS)
        for hit in entries:
            key = hit.dok_id.lower()
            if self.stands(key, hit.systemdatum):
                yield Still(key)
            elif key not in found:
                yield self._document(key)
        found = sorted({*found, *(hit.dok_id.lower() for hit in entries)})
        if entries and number < int(hits.sidor or 0):
            yield self._search(word, number + 1, found)
        elif word + 1 < len(WORDS):
            yield self._search(word + 1, 1, found)
        else:
            for key in sorted(self.known.keys() - set(found)):
                yield self._document(key)

    def read(self, page: Page) -> Iterable[Yield]:
        """The document itself."""
        record = page.json(Answer).dokumentstatus.dokument
        kind = (record.typ or "").lower() or record.dok_id.partition("-")[0].lower()
        text, pointer = _text(record)
        repealed = REPEALED.search(record.html or "")
        number = record.beteckning or record.dok_id
        said = (NAMES.get(kind), record.subtitel, f"Repealed {repealed[1]}" if repealed else None)
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=record.dok_id.lower(),
                    title=record.titel,
                    jurisdiction="ocd-division/country:se",
                    url=f"{API}/dokument/{record.dok_id}.html",
                    text=text or record.titel,
                    kind=KINDS.get(kind),
                    number=number if kind == "sfs" or not record.rm else f"{record.rm}:{number}",
                    published=record.datum,
                    ends=repealed[1] if repealed else None,
                    version=record.systemdatum,
                    locator=pointer,
                    note=". ".join(filter(None, said)) or None,
                    text_held=text is not None,
                )
            ]
        )

    def _search(self, word: int, number: int, found: list[str]) -> Fetch:
        params = {
            "sok": WORDS[word], "sort": "datum", "sortorder": "desc", "utformat": "json",
            "sz": ROWS, "p": number,
        }  # fmt: skip
        return self.get(
            f"{API}/dokumentlista/", self.listing, params=params, expect=LISTED, essential=True,
            word=word, number=number, found=found,
        )  # fmt: skip

    def _document(self, key: str) -> Fetch:
        return self.get(f"{API}/dokumentstatus/{key}.json", self.read, expect=STATUS, about=key)


def _text(record: Record) -> tuple[NormalText | None, str | None]:
    """The text of a record, and where in the answer it stands."""
    from kratom_atlas.read.media import Media
    from kratom_atlas.read.text import normalise

    for name, words, media in (
        ("text", record.text, Media.TEXT),
        ("html", record.html, Media.HTML),
    ):
        if words and words.strip():
            return normalise(words, media), f"/dokumentstatus/dokument/{name}"
    return None, None


LISTED: Final = Expect(media=("json",), smallest=20, contains=('"dokumentlista"', '"@traffar"'))
STATUS: Final = Expect(media=("json",), smallest=20, contains=('"dokumentstatus"',))
