"""Open Legislation of the New York State Senate: bills, resolutions and consolidated laws.

Layout. `/api/3/bills/search` and `/api/3/laws/search` take an Elasticsearch query string over
everything that a record has, full texts included: `{success, total, offsetStart, offsetEnd,
result: {items: [{result, rank}]}}`, by `limit` (at most 1000) and `offset` (from 1). A refused
request says `success: false` and a message. `/api/3/bills/{session}/{printNo}` is a bill of the
two-year session that begins in an odd year, with every amendment (`""`, `A`, `B` ...), of which
`activeVersion` is the one that counts; with `fullTextFormat=HTML` its text marks what is struck,
so that words of a repealed passage do not count. `/api/3/laws/{lawId}/{locationId}/` is a section
of law; the last slash is needed, because locations may have dots.

`status.statusType` is the stage. A bill that is SUBSTITUTED goes on under the number of its
companion. Resolutions (J, K, B, C, E, L, R) are in the same lists; `signed` says of them that they
were adopted. Statuses and dates may be set again when data are processed anew. A list does not
say when a record was changed: bills of the current session are read at each look, those of earlier
ones only when their status or their print number has changed. 429 with Retry-After.
UNCONFIRMED: the names of the fields in a hit of the search of laws, which are taken to be those of
the document; no allowance is published, so one request a second.

History of breakage. None seen yet (built 2026-11-22 from the documented answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final, Generic, TypeVar

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms import statehouse
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, partial
from kratom_atlas.crawl.source import Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Action, TextVersion
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

T = TypeVar("T")

API: Final = "https://legislation.nysenate.gov/api/3"
CODE: Final = "US-NY"
TERM: Final = 'kratom OR mitragynine OR "mitragyna speciosa" OR "7-hydroxymitragynine"'
LIMIT: Final = 100
OVERLAP: Final = 10
"""Pages overlap by a few hits, for what moves from one to the next between two requests."""
ANSWER: Final = Expect(media=("json",), smallest=2, contains=('"success"',))


class Items(Struct, Generic[T]):
    """A list, as the API wraps each of them."""

    items: list[T] = field(default_factory=list)


class Hit(Struct, Generic[T]):
    """What a search found."""

    result: T


class Answer(Struct, Generic[T]):
    """The envelope of every answer."""

    success: bool
    message: str = ""
    total: int = 0
    offsetStart: int = 1  # noqa: N815
    offsetEnd: int = 0  # noqa: N815
    result: T | None = None

    @property
    def next_offset(self) -> int:
        """Where the next page starts: a few hits before the end of this one."""
        return max(self.offsetStart + 1, self.offsetEnd + 1 - OVERLAP)


class Status(Struct):
    """Where a bill is."""

    statusType: str  # noqa: N815
    statusDesc: str | None = None  # noqa: N815
    actionDate: str | None = None  # noqa: N815


class Number(Struct):
    """The number of a bill."""

    basePrintNo: str  # noqa: N815
    session: int

    @property
    def name(self) -> str:
        """The two years of its session."""
        return f"{self.session}-{self.session + 1}"

    @property
    def key(self) -> str:
        """Its key."""
        from kratom_atlas.read.lifecycle import instrument_key

        return instrument_key(CODE, self.name, self.basePrintNo)


class Listed(Number):
    """A bill, as the search lists it."""

    printNo: str  # noqa: N815
    status: Status

    @property
    def mark(self) -> str:
        """What changes when it moves."""
        return f"{self.printNo} {self.status.statusType} {self.status.actionDate}"


class BillType(Struct):
    """What sort of bill it is."""

    resolution: bool = False


class Amendment(Struct):
    """One text of a bill."""

    printNo: str  # noqa: N815
    publishDate: str | None = None  # noqa: N815
    actClause: str | None = None  # noqa: N815
    fullText: str | None = None  # noqa: N815
    fullTextHtml: str | None = None  # noqa: N815
    sameAs: Items[Number] = field(default_factory=Items)  # noqa: N815


class Amendments(Struct):
    """The texts of a bill by version."""

    items: dict[str, Amendment]


class Act(Struct):
    """An action."""

    text: str
    date: str | None = None
    chamber: str | None = None
    sequenceNo: int = 0  # noqa: N815


class Approval(Struct):
    """The governor's message on signing."""

    chapter: int | None = None


class Bill(Listed):
    """A bill."""

    billType: BillType  # noqa: N815
    amendments: Amendments
    actions: Items[Act]
    title: str | None = None
    summary: str | None = None
    activeVersion: str = ""  # noqa: N815
    substitutedBy: Number | None = None  # noqa: N815
    approvalMessage: Approval | None = None  # noqa: N815
    previousVersions: Items[Number] = field(default_factory=Items)  # noqa: N815


class Section(Struct):
    """A place in the consolidated laws."""

    lawId: str  # noqa: N815
    locationId: str  # noqa: N815
    docType: str | None = None  # noqa: N815
    activeDate: str | None = None  # noqa: N815

    @property
    def key(self) -> str:
        """Its key."""
        return f"laws/{self.lawId}/{self.locationId}"


class Law(Section):
    """A section of law with its text."""

    lawName: str = ""  # noqa: N815
    title: str = ""
    text: str | None = None


class UsNyOpenleg(Scraper):
    """Searches bills and laws by term, and reads each of them."""

    source: ClassVar = Source(
        id="us_ny_openleg",
        title="Open Legislation: bills and laws of New York",
        publisher="New York State Senate",
        covers=("US-NY",),
        kind=SourceKind.BILLS,
        homepage="https://legislation.nysenate.gov/static/docs/html/index.html",
        licence="CC BY-NC-ND 3.0 for the site of the Senate; texts of law are no one's (edicts)",
        terms="An open API with a free key; no allowance is published, 429 asks to wait.",
        hosts=("legislation.nysenate.gov",),
        schedule="23 10 * * *",
        in_session="23 4,10,16,22 * * *",
        sittings=(("01-01", "06-30"),),
        key=Key(
            env="NEW_YORK_API_KEY",
            place="query",
            name="key",
            register="https://legislation.nysenate.gov/",
        ),
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 2_000), observed=(0, 1_000), collapse=0.5),
        cadence=365,
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The search of bills of all sessions, and that of the laws."""
        yield self._search("bills", 1, [])
        yield self._search("laws", 1, [])

    def bills(self, page: Page, seen: list[str]) -> Iterable[Yield]:
        """Each bill that is found; after the last page those that are found no more."""
        answer = _good(page.json(Answer[Items[Hit[Listed]]]))
        hits = [hit.result for hit in answer.result.items] if answer.result else []
        self.examine(len(hits))
        for one in hits:
            if one.session + 1 < self.today.year and self.known.get(one.key) == one.mark:
                yield Still(one.key)
            else:
                yield self._bill(one.key, one.session, one.basePrintNo)
        seen = [*seen, *(one.key for one in hits)]
        if hits and answer.offsetEnd < answer.total:
            yield self._search("bills", answer.next_offset, seen)
            return
        for key in self.known.keys() - set(seen):
            parts = statehouse.split_key(key, CODE)
            if parts:
                yield self._bill(key, int(parts[0][:4]), parts[1])

    def bill(self, page: Page) -> Iterable[Yield]:
        """The bill, and its active text."""
        from kratom_atlas.read.upstream import NY_STATUS

        found = _good(page.json(Answer[Bill])).result
        if found is None:
            raise FaultError(Fault.LAYOUT, "an answer without a bill")
        active = found.amendments.items.get(found.activeVersion)
        if active is None:
            raise FaultError(Fault.LAYOUT, f"no amendment {found.activeVersion!r} of {found.key}")
        text = _text(active)
        words = [found.title, found.summary, active.actClause, text.text if text else None]
        public = f"https://www.nysenate.gov/legislation/bills/{found.session}/{found.basePrintNo}"
        status = NY_STATUS.get(found.status.statusType)
        if status is None:
            raise FaultError(Fault.LAYOUT, f"an unknown status {found.status.statusType!r}")
        first = found.amendments.items.get("", active)
        resolution = InstrumentKind.RESOLUTION if found.billType.resolution else None
        yield statehouse.bill(
            self, page, code=CODE, session=found.name, number=found.basePrintNo,
            title=found.title or active.actClause or found.printNo, url=public,
            words="\n".join(filter(None, words)), actions=_actions(found),
            versions=_versions(found, public), kind=resolution, declared=status,
            introduced=partial(first.publishDate),
            abstract=found.summary, version=found.mark, note=" ".join(_notes(found)),
            same_as=(one.key for one in active.sameAs.items),
            forerunners=(
                one.key for one in found.previousVersions.items if one.session < found.session
            ),
        )  # fmt: skip
        if text is not None:
            yield self.document(
                page, key=f"{found.session}/{active.printNo}",
                title=f"{active.printNo}: {found.title or active.actClause or ''}",
                jurisdiction="ocd-division/country:us/state:ny", url=public, text=text,
                kind=resolution or InstrumentKind.BILL, number=active.printNo,
                published=active.publishDate,
            )  # fmt: skip

    def laws(self, page: Page, seen: list[str]) -> Iterable[Yield]:
        """Each section that is found; after the last page those that are found no more."""
        answer = _good(page.json(Answer[Items[Hit[Section]]]))
        hits = [hit.result for hit in answer.result.items] if answer.result else []
        self.examine(len(hits))
        for one in hits:
            # An article repeats the texts of its sections.
            if one.docType not in (None, "SECTION"):
                continue
            if one.activeDate and self.known.get(one.key) == one.activeDate:
                yield Still(one.key)
            else:
                yield self._law(one.key)
        seen = [*seen, *(one.key for one in hits)]
        if hits and answer.offsetEnd < answer.total:
            yield self._search("laws", answer.next_offset, seen)
            return
        gone = self.known.keys() - set(seen)
        yield from (self._law(key) for key in gone if key.startswith("laws/"))

    def law(self, page: Page) -> Iterable[Yield]:
        """A section of law."""
        from kratom_atlas.read.text import normalise

        found = _good(page.json(Answer[Law])).result
        if found is None or not found.text:
            raise FaultError(Fault.LAYOUT, "a section of law without its text")
        yield from self.mentioning(
            [
                self.document(
                    page, key=found.key, title=f"{found.lawName} {found.locationId}: {found.title}",
                    jurisdiction="ocd-division/country:us/state:ny",
                    url=f"https://www.nysenate.gov/legislation/laws/{found.lawId}/{found.locationId}",
                    text=normalise(found.text.replace("\\n", "\n")), kind=InstrumentKind.STATUTE,
                    number=f"{found.lawId} {found.locationId}", version=found.activeDate,
                    published=found.activeDate,
                )
            ]
        )  # fmt: skip

    def _search(self, what: str, offset: int, seen: list[str]) -> Fetch:
        params: dict[str, Any] = {"term": TERM, "limit": LIMIT, "offset": offset}
        if what == "bills":
            params["sort"] = "publishedDateTime:DESC"
        return self.get(
            f"{API}/{what}/search", self.bills if what == "bills" else self.laws, params=params,
            expect=ANSWER, essential=what == "bills", seen=seen,
        )  # fmt: skip

    def _bill(self, key: str, session: int, number: str) -> Fetch:
        return self.get(
            f"{API}/bills/{session}/{number}", self.bill, params={"fullTextFormat": "HTML"},
            expect=ANSWER, about=key,
        )  # fmt: skip

    def _law(self, key: str) -> Fetch:
        return self.get(f"{API}/{key}/", self.law, expect=ANSWER, about=key)


def _good(answer: Answer[T]) -> Answer[T]:
    """The answer, if it is one."""
    if not answer.success:
        raise FaultError(Fault.ERROR_BODY, answer.message or "refused without a message")
    return answer


def _text(amendment: Amendment) -> Any:
    from kratom_atlas.read.media import Media
    from kratom_atlas.read.text import normalise

    if amendment.fullTextHtml:
        return normalise(amendment.fullTextHtml, Media.HTML)
    return normalise(amendment.fullText) if amendment.fullText else None


def _actions(found: Bill) -> Iterable[Action]:
    for one in sorted(found.actions.items, key=lambda one: one.sequenceNo):
        yield from statehouse.action(one.text, partial(one.date), one.chamber)


def _versions(found: Bill, public: str) -> Iterable[TextVersion]:
    for version, one in sorted(found.amendments.items.items(), reverse=True):
        yield TextVersion(
            note=f"Amendment {version}" if version else "Original",
            url=f"{public}/amendment/{version.lower() or 'original'}",
            date=partial(one.publishDate),
            media_type="text/html",
        )


def _notes(found: Bill) -> Iterable[str]:
    yield f"{found.status.statusDesc or found.status.statusType}."
    if found.substitutedBy:
        yield f"Goes on as {found.substitutedBy.key}."
    if found.approvalMessage and found.approvalMessage.chapter:
        yield f"Chapter {found.approvalMessage.chapter}."
