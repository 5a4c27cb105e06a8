"""Bills before the Houses of the Oireachtas (Ireland).

Layout. `GET https://api.oireachtas.ie/v1/legislation` takes `last_updated`, `limit` (50), `skip`
and `lang`, and answers with `head.counts` (`billCount`, `resultCount`) and `results[].bill`:
`billNo`, `billYear`, `shortTitleEn`, `longTitleEn`, `lastUpdated`, `status`, `mostRecentStage`,
`stages[].event`, `versions[].version` and `act`. It looks at titles only, so the newest text of
each updated bill is read: `versions[].version.formats.{xml,pdf}.uri`, a path below
`https://data.oireachtas.ie`.

UNCONFIRMED: the words of `status` besides `Current`, `Lapsed` and `Enacted`, and what `act` holds
for a bill that became one; no answer was at hand, the names are those of public clients.

History of breakage. None seen yet (built 2026-11-22 without a recorded answer).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, clip, partial
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Action, TextVersion, TrackedInstrument
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage

API = "https://api.oireachtas.ie/v1/legislation"
DATA = "https://data.oireachtas.ie"
SITE = "https://www.oireachtas.ie/en/bills/bill"
PAGE = 50
LISTED = Expect(media=JSON.media, smallest=2, contains=('"results"', '"counts"'))
TEXT = Expect(media=("xml", "pdf"), smallest=100)
STATUSES = {
    "enacted": Stage.ENACTED,
    "lapsed": Stage.FAILED,
    "rejected": Stage.FAILED,
    "defeated": Stage.FAILED,
    "withdrawn": Stage.WITHDRAWN,
}
HOUSES = {"dail": "lower", "seanad": "upper"}


class Counts(Struct, rename="camel"):
    """How many bills there are, and how many answer the question."""

    result_count: int
    bill_count: int = 0


class Head(Struct):
    """What stands before the results."""

    counts: Counts


class Event(Struct, rename="camel"):
    """A stage that a bill went through."""

    show_as: str
    dates: list[dict[str, Any]] = field(default_factory=list)
    stage_completed: bool | None = None
    chamber: dict[str, Any] | None = None
    house: dict[str, Any] | None = None


class Stage_(Struct):  # noqa: N801 - `Stage` is ours
    """The wrapping of an event."""

    event: Event


class Version(Struct, rename="camel"):
    """One text of a bill."""

    show_as: str
    date: str | None = None
    formats: dict[str, dict[str, Any] | None] = field(default_factory=dict)


class Version_(Struct):  # noqa: N801
    """The wrapping of a version."""

    version: Version


class Bill(Struct, rename="camel"):
    """A bill."""

    bill_no: str
    bill_year: str
    short_title_en: str
    last_updated: str
    long_title_en: str | None = None
    status: str | None = None
    act: dict[str, Any] | None = None
    stages: list[Stage_] = field(default_factory=list)
    versions: list[Version_] = field(default_factory=list)
    most_recent_stage: Stage_ | None = None


class Result(Struct):
    """The wrapping of a bill."""

    bill: Bill


class Legislation(Struct):
    """A page of the list."""

    head: Head
    results: list[Result]


class IeOireachtas(Scraper):
    """Reads the bills that were updated, and the newest text of each."""

    source: ClassVar = Source(
        id="ie_oireachtas",
        title="Houses of the Oireachtas: bills",
        publisher="Houses of the Oireachtas Service (Ireland)",
        covers=("IE",),
        kind=SourceKind.BILLS,
        homepage="https://api.oireachtas.ie/",
        licence="Oireachtas (Open Data) PSI Licence (CC BY 4.0)",
        terms="Open, without a key; no limit is published.",
        hosts=("api.oireachtas.ie", "data.oireachtas.ie"),
        schedule="20 22 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 6_000), observed=(0, 200)),
        cadence=1_000,
        overlap=7,
        first=365,
    )

    def start(self) -> Iterable[Fetch]:
        """The bills that were updated since."""
        yield self._list(0)

    def listing(self, page: Page, skip: int) -> Iterable[Yield]:
        """Each bill, by its newest text, and the next page."""
        listed = page.json(Legislation)
        self.examine(len(listed.results))
        for result in listed.results:
            bill = result.bill
            if self.stands(_key(bill), bill.last_updated):
                yield Still(_key(bill))
                continue
            texts = [_address(one.version) for one in _newest_first(bill)]
            address = next(filter(None, texts), None)
            if address is None:
                yield from self._observed(page, "", bill)
                continue
            yield self.get(
                address, self.text, expect=TEXT, about=_key(bill), bill=msgspec.to_builtins(bill)
            )
        skip += len(listed.results)
        if listed.results and skip < listed.head.counts.result_count:
            yield self._list(skip)

    def text(self, page: Page, bill: dict[str, Any]) -> Iterable[Yield]:
        """The text of a bill."""
        yield from self._observed(page, page.text().text, msgspec.convert(bill, Bill))

    def _list(self, skip: int) -> Fetch:
        return self.get(
            API, self.listing, expect=LISTED, essential=True, skip=skip,
            params={
                "last_updated": self.since.isoformat(), "limit": PAGE, "skip": skip, "lang": "en"
            },
        )  # fmt: skip

    def _observed(self, page: Page, text: str, bill: Bill) -> Iterator[TrackedInstrument]:
        from kratom_atlas.read.lifecycle import stage_of
        from kratom_atlas.read.terms import find_mentions

        title = f"{bill.short_title_en}. {bill.long_title_en or ''}"
        mentions = find_mentions(text, "en") or find_mentions(title, "en")
        if not mentions and _key(bill) not in self.known:
            return
        declared = Stage.ENACTED if bill.act else STATUSES.get((bill.status or "").casefold())
        reading = stage_of(
            _actions(bill), kind=InstrumentKind.BILL, session_ended=None, today=self.today,
            declared=declared,
        )  # fmt: skip
        yield TrackedInstrument(
            key=_key(bill),
            jurisdiction="ocd-division/country:ie",
            title=clip(bill.short_title_en, 2000),
            url=f"{SITE}/{bill.bill_year}/{bill.bill_no}/",
            kind=InstrumentKind.BILL,
            number=f"{bill.bill_no}/{bill.bill_year}",
            mentions=mentions,
            effective=reading.effective,
            version=bill.last_updated,
            sha256=page.sha256,
            session=bill.bill_year,
            stage=reading.stage,
            because=reading.because,
            abstract=clip(bill.long_title_en, 8000) if bill.long_title_en else None,
            introduced=reading.introduced or _introduced(bill),
            enacted=reading.enacted,
            actions=reading.actions,
            versions=tuple(
                TextVersion(
                    note=clip(one.version.show_as, 400), url=address,
                    date=partial(one.version.date),
                )
                for one in bill.versions
                if (address := _address(one.version))
            ),
        )  # fmt: skip


def _key(bill: Bill) -> str:
    from kratom_atlas.read.lifecycle import instrument_key

    return instrument_key("IE", bill.bill_year, bill.bill_no)


def _newest_first(bill: Bill) -> list[Version_]:
    return sorted(bill.versions, key=lambda one: one.version.date or "", reverse=True)


def _address(version: Version) -> str | None:
    """Where a text is: XML rather than PDF."""
    for name in ("xml", "pdf"):
        path = (version.formats.get(name) or {}).get("uri")
        if isinstance(path, str) and path:
            return path if path.startswith(DATA) else f"{DATA}/{path.lstrip('/')}"
    return None


def _actions(bill: Bill) -> Iterator[Action]:
    for stage in bill.stages:
        event = stage.event
        house = (event.chamber or event.house or {}).get("chamberCode") or ""
        days = sorted(str(day.get("date", "")) for day in event.dates)
        yield Action(
            text=clip(event.show_as, 8000),
            date=partial(days[-1]) if days else None,
            actor=HOUSES.get(str(house).casefold()),
        )


def _introduced(bill: Bill) -> PartialDate | None:
    """The day of its first stage, which introduces it."""
    for stage in bill.stages:
        if stage.event.show_as.casefold().startswith("first stage"):
            return partial(min((str(day.get("date", "")) for day in stage.event.dates), default=""))
    return None
