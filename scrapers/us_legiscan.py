"""LegiScan: bills of all state legislatures and of Congress, with their texts, and a search.

Layout. `https://api.legiscan.com/?op=OP&...` answers 200 to everything: `{"status": "OK", ...}`, or
`{"status": "ERROR", "alert": {"message": ...}}`. `getSearchRaw` gives up to 2,000 hits a page
(`bill_id`, `change_hash`) under `results` or under numbers as names: published clients disagree, so
both are read. `year` 1 is all years, 2 the current sessions. `getMasterList` has each bill of a
session with its title, `getMasterListRaw` the hashes only; the session stands among the numbered
entries. `getBill` is a bill, `getBillText` one text as base64 with its `text_hash`. `getDataset` is
a session's bills as a zip in base64, made on Sundays; its `access_key` comes with the list and is
no secret of ours. Dates may be `0000-00-00`, numbers may be strings, an empty object a list.

Each day: the search, by term. `version` is `bill_id@change_hash`, and a bill is read where the hash
is another one. On Sundays: titles of all current sessions, and the hashes of the sessions of known
bills, because a bill out of which kratom was amended leaves the search. On the first day of a
month and at the first look: all years. At the first look also the datasets of this year and the
last, which save as many calls as they have bills. 30,000 calls a month; each person needs a key of
their own. Failed (6) is not tracked in all states; there is no date of effect.
UNCONFIRMED: `getMasterList` and `getSearchRaw` as they are (no recorded answer was to be had, only
the manual's), whether a search that finds nothing has a `summary`, and the exact layout of the zip
(bills are taken from every `bill/*.json`).

History of breakage. None seen yet (built 2026-11-22 from recorded answers of 2018 to 2025).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.openstates import Mark, marked
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document, TrackedInstrument
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from kratom_atlas.read.text import NormalText

T = TypeVar("T", bound="Answer")

API: Final = "https://api.legiscan.com/"
TERMS: Final = (
    "kratom", "mitragynine", "mitragyna", '"7-hydroxymitragynine"', "hydroxymitragynine",
)  # fmt: skip
ANSWER: Final = Expect(media=("json",), smallest=2)
SUNDAY: Final = 6
ALL_YEARS: Final = 1
CURRENT: Final = 2
UNREADABLE: Final = ("application/wpd", "application/doc")
"""Files of word processors that nothing here reads."""


class Alert(Struct):
    """Why there is no answer."""

    message: str


class Answer(Struct):
    """What every answer has; the files of an archive, which are bare answers, have no status."""

    status: str = "OK"
    alert: Alert | None = None


class Hit(Struct):
    """A bill, as searches and lists have it."""

    bill_id: int
    change_hash: str
    title: str | None = None
    description: str | None = None


class Summary(Struct):
    """How much a search has found."""

    count: int | str
    page_current: int | str
    page_total: int | str


class Search(Answer):
    """The answer to a search: its hits stand beside the summary."""

    searchresult: dict[str, msgspec.Raw] | None = None


class MasterList(Answer):
    """The bills of a session, beside the session itself."""

    masterlist: dict[str, msgspec.Raw] | None = None


class Session(Struct):
    """A session of a legislature."""

    session_id: int
    year_end: int
    prior: int = 0
    sine_die: int = 0


class Sessions(Answer):
    """All sessions."""

    sessions: list[Session] | None = None


class Dataset(Struct):
    """An archive of a session."""

    session_id: int
    access_key: str
    dataset_hash: str


class Datasets(Answer):
    """All archives of a year."""

    datasetlist: list[Dataset] | None = None


class Zipped(Struct):
    """An archive itself."""

    zip: str


class Archived(Answer):
    """The answer that holds an archive."""

    dataset: Zipped | None = None


class Text(Struct, omit_defaults=True):
    """One text of a bill, as the bill lists it."""

    doc_id: int
    type: str
    text_hash: str | None = None
    date: str | None = None
    mime: str | None = None
    state_link: str | None = None
    url: str | None = None

    @property
    def mark(self) -> str | None:
        """Which version it is; old records have no hash."""
        return self.text_hash or self.date


class Texts(Struct):
    """What is needed of a bill; the rest is read as it stands."""

    bill_id: int
    change_hash: str
    session_id: int
    title: str
    description: str | None = None
    texts: list[Text] = field(default_factory=list)

    @property
    def words(self) -> Iterable[str]:
        """What it says that it is about; the description is often the title again."""
        return dict.fromkeys((self.title, self.description or ""))


class Bill(Answer):
    """The answer that holds a bill."""

    bill: msgspec.Raw = field(default_factory=msgspec.Raw)


class Wrapped(Struct):
    """A bill in an archive."""

    bill: msgspec.Raw


class Held(Struct):
    """A text itself."""

    doc_id: int
    doc: str


class BillText(Answer):
    """The answer that holds a text."""

    text: Held | None = None


class UsLegiscan(Scraper):
    """Searches by term, reads each bill that has changed, and every text of it."""

    source: ClassVar = Source(
        id="us_legiscan",
        title="LegiScan API",
        publisher="LegiScan",
        covers=("US", "US-*"),
        kind=SourceKind.BILLS,
        homepage="https://legiscan.com/legiscan",
        licence="CC BY 4.0, LegiScan",
        terms="A free key for each person, 30,000 calls a month; the pages are not to be scraped.",
        hosts=("api.legiscan.com",),
        schedule="47 10 * * *",
        key=Key(
            env="LEGISCAN_API_KEY",
            place="query",
            name="key",
            register="https://legiscan.com/legiscan",
        ),
        rate=Rate(delay=1.0, per_minute=60, per_month=30_000),
        bounds=Bounds(examined=(1, 500_000), observed=(0, 20_000)),
        cadence=14,
        overlap=1,
        first=3_650,
        seconds=300,
        megabytes=128,
    )

    def start(self) -> Iterable[Fetch]:
        """The searches; weekly the lists of sessions, at first the archives of two years."""
        year = ALL_YEARS if not self.known or self.today.day == 1 else CURRENT
        for term in TERMS:
            yield self._search(term, year, 1)
        if self.today.weekday() == SUNDAY:
            yield self._ask("getSessionList", self.sessions)
        if not self.known:
            for past in (self.today.year - 1, self.today.year):
                yield self._ask("getDatasetList", self.datasets, year=past)

    # -- lists -----------------------------------------------------------------------------------

    def search(self, page: Page, term: str, year: int, number: int) -> Iterable[Yield]:
        """Each hit that is new or has changed, and the next page."""
        found = answer(page, Search).searchresult
        if found is None or "summary" not in found:
            raise FaultError(Fault.LAYOUT, "no summary in the result of a search")
        summary = _decoded(found.pop("summary"), Summary)
        if number < int(summary.page_total):
            yield self._search(term, year, number + 1)
        hits = list(_numbered(found))
        if not hits and int(summary.count):
            raise FaultError(Fault.LAYOUT, f"{summary.count} hits, and none listed")
        yield from self._follow(hits, found=True)

    def sessions(self, page: Page) -> Iterable[Yield]:
        """Current sessions by title; of others that known bills are of, what has changed."""
        sessions = answer(page, Sessions).sessions
        if not sessions:
            raise FaultError(Fault.LAYOUT, "no sessions")
        of_known = {mark.version.partition(".")[0] for _, mark in self._bills.values()}
        for one in sessions:
            if one.year_end >= self.today.year and not one.prior:
                yield self._ask("getMasterList", self.titles, id=one.session_id, essential=False)
            elif str(one.session_id) in of_known and one.year_end >= self.today.year - 1:
                yield self._ask("getMasterListRaw", self.titles, id=one.session_id, essential=False)

    def titles(self, page: Page) -> Iterable[Yield]:
        """Each bill of a session that names kratom in its title, or is known, if it has changed."""
        from kratom_atlas.read.terms import find_mentions

        listed = answer(page, MasterList).masterlist
        if listed is None or "session" not in listed:
            raise FaultError(Fault.LAYOUT, "no session in the list of its bills")
        del listed["session"]
        hits = list(_numbered(listed))
        known = self._bills
        wanted = [
            one for one in hits
            if str(one.bill_id) in known
            or find_mentions(f"{one.title or ''}\n{one.description or ''}", "en")
        ]  # fmt: skip
        self.examine(len(hits) - len(wanted))
        yield from self._follow(wanted, found=False)

    def datasets(self, page: Page) -> Iterable[Yield]:
        """The archives of a year."""
        listed = answer(page, Datasets).datasetlist
        if listed is None:
            raise FaultError(Fault.LAYOUT, "no list of archives")
        for one in listed:
            yield self._ask(
                "getDataset", self.dataset, id=one.session_id, access_key=one.access_key,
                essential=False,
            )  # fmt: skip

    def dataset(self, page: Page) -> Iterable[Yield]:
        """The bills of an archive that name kratom in their title or description."""
        from kratom_atlas.read.archive import members
        from kratom_atlas.read.structured import parse_json
        from kratom_atlas.read.text import decode_base64

        held = answer(page, Archived).dataset
        if held is None:
            raise FaultError(Fault.LAYOUT, "no archive in the answer")
        packed = decode_base64(held.zip, limit=self.source.megabytes * 1_000_000)
        count = 0
        for name, body in members(packed, only=lambda name: "bill/" in name):
            count += 1
            inner = parse_json(body, Wrapped).bill
            yield from self._bill(page, bytes(inner), found=False, locator=name)
        if not count:
            raise FaultError(Fault.LAYOUT, "no bill in the archive of a session")
        self.examine(count)

    # -- bills and texts -------------------------------------------------------------------------

    def bill(self, page: Page, found: bool) -> Iterable[Yield]:
        """A bill, and its texts that are not known as they are."""
        held = bytes(answer(page, Bill).bill)
        if not held:
            raise FaultError(Fault.LAYOUT, "no bill in the answer")
        yield from self._bill(page, held, found=found, locator=None)

    def text(self, page: Page, bill: dict[str, Any], text: dict[str, Any]) -> Iterable[Yield]:
        """One text of a bill."""
        from kratom_atlas.read.text import read_base64

        held = answer(page, BillText).text
        if held is None or not held.doc:
            raise FaultError(Fault.LAYOUT, "no text in the answer")
        row = msgspec.convert(text, Text)
        yield self._document(page, bill, row, read_base64(held.doc, row.mime))

    def _bill(
        self, page: Page, body: bytes, *, found: bool, locator: str | None
    ) -> Iterator[Yield]:
        from kratom_atlas.read.lifecycle import from_legiscan
        from kratom_atlas.read.structured import parse_json
        from kratom_atlas.read.terms import find_mentions

        bill = parse_json(body, Texts)
        mentions = find_mentions("\n".join(bill.words), "en")
        if not (found or mentions or str(bill.bill_id) in self._bills):
            return
        mark = Mark(str(bill.bill_id), f"{bill.session_id}.{bill.change_hash}")
        instrument = msgspec.structs.replace(
            from_legiscan(parse_json(body), today=self.today), mentions=mentions,
            sha256=page.sha256, version=str(mark), locator=locator,
        )  # fmt: skip
        yield instrument
        for text in bill.texts:
            yield self._text(page, instrument, text)

    def _text(self, page: Page, bill: TrackedInstrument, text: Text) -> Yield:
        key = f"{bill.key}/text-{text.doc_id}"
        if self.stands(key, text.mark):
            return Still(key)
        about = {
            "key": bill.key, "title": bill.title, "jurisdiction": bill.jurisdiction,
            "url": bill.url, "kind": bill.kind.value if bill.kind else None, "number": bill.number,
        }  # fmt: skip
        if text.mime in UNREADABLE:
            return self._document(page, about, text, None)
        return self._ask(
            "getBillText", self.text, id=text.doc_id, about=key, essential=False,
            context={"bill": about, "text": msgspec.to_builtins(text)},
        )  # fmt: skip

    def _document(
        self, page: Page, bill: dict[str, Any], row: Text, text: NormalText | None
    ) -> Document:
        return self.document(
            page,
            key=f"{bill['key']}/text-{row.doc_id}",
            title=f"{bill['title']} ({row.type})",
            jurisdiction=bill["jurisdiction"],
            url=row.state_link or row.url or bill["url"],
            text=text,
            kind=msgspec.convert(bill["kind"], InstrumentKind | None),
            number=bill["number"],
            published=row.date,
            version=row.mark,
            note=f"{row.type}." if text else f"{row.type}; {row.mime} is not read.",
            text_held=text is not None,
        )

    # -- requests --------------------------------------------------------------------------------

    @cached_property
    def _bills(self) -> dict[str, tuple[str, Mark]]:
        return marked(self.known)

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        """The keys of the texts that are known, by the key of their bill."""
        found: dict[str, list[str]] = {}
        for key in self.known:
            found.setdefault(key.partition("/text-")[0], []).append(key)
        return found

    def _follow(self, hits: list[Hit], *, found: bool) -> Iterator[Yield]:
        known = self._bills
        self.examine(len(hits))
        for hit in hits:
            key, mark = known.get(str(hit.bill_id), (None, None))
            if key and mark and mark.version.endswith(f".{hit.change_hash}"):
                yield from map(Still, self._texts[key])
            else:
                yield self._ask(
                    "getBill", self.bill, id=hit.bill_id, about=key, essential=False,
                    context={"found": found},
                )  # fmt: skip

    def _search(self, term: str, year: int, number: int) -> Fetch:
        return self._ask(
            "getSearchRaw", self.search, state="ALL", query=term, year=year, page=number,
            context={"term": term, "year": year, "number": number},
        )  # fmt: skip

    def _ask(
        self,
        op: str,
        step: Any,
        *,
        about: str | None = None,
        essential: bool = True,
        context: dict[str, Any] | None = None,
        **params: Any,
    ) -> Fetch:
        return self.get(
            API, step, params={"op": op, **params}, expect=ANSWER, about=about,
            essential=essential, **(context or {}),
        )  # fmt: skip


def answer(page: Page, type_: type[T]) -> T:
    """The answer, if it is one."""
    said = page.json(type_)
    if said.status != "OK":
        message = said.alert.message if said.alert else said.status
        raise FaultError(Fault.ERROR_BODY, message)
    return said


def _decoded(raw: msgspec.Raw, type_: type[Any]) -> Any:
    from kratom_atlas.read.structured import parse_json

    return parse_json(bytes(raw), type_)


def _numbered(entries: dict[str, msgspec.Raw]) -> Iterator[Hit]:
    """The hits: in a list called `results`, or one by one under numbers."""
    for name, raw in entries.items():
        if name == "results":
            yield from _decoded(raw, list[Hit])
        elif name.isdigit():
            yield _decoded(raw, Hit)
