"""Retsinformation: acts, orders and bills of Denmark, by the daily harvest.

Layout. `GET https://api.retsinformation.dk/v1/Documents?date=2026-11-20` lists what changed on a
day, at most 10 days back: `accessionsnummer`, `documentType.shortName`, `reasonForChange`
(`NewDocument`, `DocumentContentChanged`, `DocumentMetadataChanged`, both, `RemovedDocument`),
`changeDate`, `href`; a quiet day is `[]`. One request in 10 seconds, and only between 03:00 and
23:45 Danish time, else 400. Documents: `https://www.retsinformation.dk/eli/accn/NUMBER/xml` or
`/eli/lta/YEAR/NUMBER/xml`, in LexDania 2.1. There is no search of the text.

`Status` is `Valid` or `Historic`. An amending order turns historic soon after it has done its
work, so that is no repeal. `StartDate` goes with `DateOfSubmit` and is not the day of effect; that
stands in the words (`træder i kraft den 1. juli 2024`). `RemovedDocument` says that Retsinformation
took a document down, and nothing about the law. Some old documents are a `Meta` without text.

The list of controlled substances is a new order every few years, with amending orders between;
those known are read at every run, new ones come by the harvest. The www host is behind Cloudflare:
whether it lets an honest user agent in is UNCONFIRMED, as is the shape of the harvest, of which no
answer was held.

History of breakage. None seen yet (built 2026-11-22 from recorded documents).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar, Final

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.akoma import name_of
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, one_line
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Hours, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

HARVEST: Final = "https://api.retsinformation.dk/v1/Documents"
SITE: Final = "https://www.retsinformation.dk"
BACK: Final = 9
"""Days before today that the harvest still answers for, with one to spare."""
ORDERS: Final = ((2009, 174), (2021, 2446), (2022, 424), (2023, 155), (2023, 453), (2024, 14))
"""The orders on controlled substances (bekendtgørelse om euforiserende stoffer), by year."""
READ: Final = frozenset({"LOV", "LBK", "BEK", "LSF", "LFF"})
"""Acts, consolidated acts, orders and bills; circulars, answers and decisions are not read."""
KINDS: Final = {
    "LOV": InstrumentKind.SESSION_LAW,
    "LBK": InstrumentKind.STATUTE,
    "BEK": InstrumentKind.REGULATION,
    "LSF": InstrumentKind.BILL,
    "LFF": InstrumentKind.BILL,
}
REMOVED: Final = "RemovedDocument"
ACCESSION: Final = re.compile(r"[A-Z](\d{4})(\d{5})\d{2}")
MONTHS: Final = (
    "januar", "februar", "marts", "april", "maj", "juni",
    "juli", "august", "september", "oktober", "november", "december",
)  # fmt: skip
EFFECT: Final = re.compile(
    rf"træder\s+i\s+kraft\s+(?:den\s+)?(\d{{1,2}})\.\s+({'|'.join(MONTHS)})\s+(\d{{4}})"
)


class DocumentType(Struct, rename="camel"):
    """What kind of document it is."""

    short_name: str


class Entry(Struct, rename="camel"):
    """One document that changed."""

    accessionsnummer: str
    reason_for_change: str
    change_date: str | None = None
    document_type: DocumentType | None = None
    title: str | None = None

    @property
    def kind(self) -> str:
        """`BEK` for `BEK H` and `BEK Æ`."""
        return self.document_type.short_name.partition(" ")[0].upper() if self.document_type else ""


class Meta(Struct, rename="pascal"):
    """What a document says of itself."""

    document_type: str
    accession_number: str
    document_title: str
    year: str
    status: str
    number: str | None = None
    dies_signi: str | None = None
    dies_edicti: str | None = None
    end_date: str | None = None
    date_of_historic_mark: str | None = None


class DkRetsinformation(Scraper):
    """Follows what changed day by day, and the orders on controlled substances."""

    source: ClassVar = Source(
        id="dk_retsinformation",
        title="Retsinformation",
        publisher="Civilstyrelsen (Denmark)",
        covers=("DK",),
        kind=SourceKind.REGULATIONS,
        homepage="https://www.retsinformation.dk/offentlig/vejledninger",
        licence="Not protected (Danish Copyright Act, section 9)",
        terms="An open API without a key: one request in 10 seconds, 03:00 to 23:45 Danish time.",
        hosts=("api.retsinformation.dk", "www.retsinformation.dk"),
        schedule="33 5 * * *",
        rate=Rate(delay=10.0),
        hours=Hours(first="03:05", last="23:40", zone="Europe/Copenhagen"),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 200)),
        cadence=730,
        overlap=3,
        first=10,
        language="da",
    )

    def start(self) -> Iterable[Fetch]:
        """Each day since the last look, the orders on controlled substances, and what is known."""
        for day in self.days(max(self.since, self.today - timedelta(days=BACK))):
            yield self.get(
                HARVEST, self.harvest, params={"date": day.isoformat()}, expect=JSON, essential=True
            )
        for year, number in ORDERS:
            yield self.get(f"{SITE}/eli/lta/{year}/{number}/xml", self.read, expect=LEXDANIA)
        for key, version in self.known.items():
            parts = ACCESSION.fullmatch(key)
            is_order = parts is not None and (int(parts[1]), int(parts[2])) in ORDERS
            if not is_order and version != REMOVED:
                yield self._document(key)

    def harvest(self, page: Page) -> Iterable[Yield]:
        """What changed on a day, of the kinds that make law."""
        entries = {one.accessionsnummer: one for one in page.json(list[Entry])}
        self.examine(len(entries))
        for key, entry in entries.items():
            if entry.reason_for_change == REMOVED:
                yield from self._removed(page, key, entry)
            elif key not in self.known and (not entry.kind or entry.kind in READ):
                yield self._document(key)

    def read(self, page: Page) -> Iterable[Yield]:
        """The document itself."""
        import msgspec

        root = page.xml()
        found = root.find("Meta")
        if root.tag != "Dokument" or found is None:
            raise FaultError(Fault.LAYOUT, f"<{name_of(root)}> without Meta")
        said = {one.tag: one_line(one.text) for one in reversed(found)}
        try:
            meta = msgspec.convert({k: v for k, v in said.items() if v}, Meta)
        except msgspec.ValidationError as error:
            raise FaultError(Fault.LAYOUT, f"Meta: {error}") from None
        self.examine()
        kind = meta.document_type.partition(" ")[0].upper()
        text = page.text()
        marked = meta.date_of_historic_mark
        has_text = any(one.tag not in ("Meta", "TitelGruppe") for one in root)
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=meta.accession_number,
                    title=meta.document_title,
                    jurisdiction=DENMARK,
                    url=f"{SITE}/eli/accn/{meta.accession_number}",
                    text=text,
                    kind=KINDS.get(kind),
                    number=f"{kind} nr {meta.number} af {meta.dies_signi or meta.year}",
                    published=meta.dies_edicti or meta.dies_signi,
                    effective=_effective(text.text),
                    ends=meta.end_date if meta.status == "Historic" else None,
                    version=meta.status,
                    note=f"Status: {meta.status}" + (f", marked {marked}." if marked else "."),
                    text_held=has_text,
                )
            ]
        )

    def _removed(self, page: Page, key: str, entry: Entry) -> Iterable[Yield]:
        """A document that was taken down. It is not a repeal, and not to be fetched again."""
        if key not in self.known:
            return
        if self.known[key] == REMOVED:
            yield Still(key)
            return
        yield self.document(
            page, key=key, title=entry.title or key, jurisdiction=DENMARK,
            url=f"{SITE}/eli/accn/{key}", kind=KINDS.get(entry.kind), version=REMOVED,
            text_held=False,
            note="Taken down from Retsinformation; that alone is not a repeal.",
        )  # fmt: skip

    def _document(self, key: str) -> Fetch:
        return self.get(f"{SITE}/eli/accn/{key}/xml", self.read, expect=LEXDANIA, about=key)


def _effective(text: str) -> str | None:
    """The day of effect, where the words name one day only."""
    days = {
        f"{int(year)}-{MONTHS.index(month) + 1:02}-{int(day):02}"
        for day, month, year in EFFECT.findall(text)
    }
    return days.pop() if len(days) == 1 else None


DENMARK: Final = "ocd-division/country:dk"
LEXDANIA: Final = Expect(media=("xml",), smallest=200, contains=("<Dokument", "<Meta"))
