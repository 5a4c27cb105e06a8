"""Bills before the Parliament of the United Kingdom.

Layout. `GET https://bills-api.parliament.uk/api/v1/Bills` takes `SortOrder`, `Skip` and `Take`
(20 at most were seen) and answers with `items`, `totalResults` and `itemsPerPage`. An item has
`billId`, `shortTitle`, `currentHouse`, `lastUpdate`, `isAct`, `isDefeated`, `billWithdrawn` and
`currentStage`. `SearchTerm` looks at titles only, so what was updated is read: the stages from
`/Bills/{id}/Stages`, the texts from `/Bills/{id}/Publications`, each with `links` to
publications.parliament.uk or with `files` at `/Publications/{id}/Documents/{id}/Download`.

The number of a bill is not its identity: it has another in each House and session. `billId` is.

UNCONFIRMED: `isDefeated`, `billWithdrawn`, the shapes of stages (`stageSittings[].date`) and of
publications; no answer was at hand, the names are those of the published specification and of
public clients.

History of breakage. None seen yet (built 2026-11-22 without a recorded answer).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, clip, partial
from kratom_atlas.crawl.source import ANYTHING, JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Action, TextVersion, TrackedInstrument
from kratom_atlas.model.vocabulary import InstrumentKind, Stage

API = "https://bills-api.parliament.uk/api/v1"
SITE = "https://bills.parliament.uk/bills"
TEXTS = "https://publications.parliament.uk/"
PAGE = 20
LISTED = Expect(media=JSON.media, smallest=2, contains=('"items"', '"totalResults"'))
PUBLISHED = Expect(media=JSON.media, smallest=2, contains=('"publications"',))
HOUSES = {"Commons": "lower", "Lords": "upper"}


class BillStage(Struct, rename="camel"):
    """Where a bill is, or was."""

    description: str
    house: str | None = None
    stage_sittings: list[dict[str, Any]] = field(default_factory=list)


class Bill(Struct, rename="camel"):
    """A bill, as the list has it."""

    bill_id: int
    short_title: str
    last_update: str
    is_act: bool
    current_stage: BillStage | None = None
    current_house: str | None = None
    is_defeated: bool = False
    bill_withdrawn: str | None = None
    introduced_session_id: int | None = None
    included_session_ids: list[int] = field(default_factory=list)


class Bills(Struct, rename="camel"):
    """A page of the list."""

    items: list[Bill]
    total_results: int


class Stages(Struct, rename="camel"):
    """The stages of one bill."""

    items: list[BillStage]
    total_results: int = 0


class Publication(Struct, rename="camel"):
    """One publication on a bill; the texts of it among them."""

    title: str
    id: int = 0
    publication_type: dict[str, Any] = field(default_factory=dict)
    display_date: str | None = None
    links: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)


class Publications(Struct, rename="camel"):
    """All of them."""

    publications: list[Publication]


class GbBills(Scraper):
    """Reads the bills that were updated, and the newest text of each."""

    source: ClassVar = Source(
        id="gb_bills",
        title="UK Parliament: bills",
        publisher="Parliament of the United Kingdom",
        covers=("GB",),
        kind=SourceKind.BILLS,
        homepage="https://bills-api.parliament.uk/index.html",
        licence="Open Parliament Licence v3.0",
        terms="Open, without a key.",
        hosts=("bills-api.parliament.uk", "publications.parliament.uk"),
        schedule="50 21 * * *",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 3_000), observed=(0, 200)),
        cadence=365,
        overlap=7,
        first=400,
    )

    def start(self) -> Iterable[Fetch]:
        """The bills, the latest update first."""
        yield self._list(0)

    def listing(self, page: Page, skip: int) -> Iterable[Yield]:
        """Each bill that was updated since, and the next page while there are such."""
        listed = page.json(Bills)
        self.examine(len(listed.items))
        fresh = [one for one in listed.items if one.last_update[:10] >= self.since.isoformat()]
        for bill in fresh:
            yield self.get(
                f"{API}/Bills/{bill.bill_id}/Stages", self.stages, expect=LISTED,
                about=_key(bill), params={"Take": 100}, bill=msgspec.to_builtins(bill),
            )  # fmt: skip
        skip += len(listed.items)
        if fresh and len(fresh) == len(listed.items) and skip < listed.total_results:
            yield self._list(skip)

    def stages(self, page: Page, bill: dict[str, Any]) -> Iterable[Yield]:
        """What became of it; its texts are next."""
        stages = page.json(Stages).items
        number = msgspec.convert(bill, Bill).bill_id
        yield self.get(
            f"{API}/Bills/{number}/Publications", self.publications, expect=PUBLISHED,
            about=f"GB/{number}", bill=bill, stages=[msgspec.to_builtins(one) for one in stages],
        )  # fmt: skip

    def publications(
        self, page: Page, bill: dict[str, Any], stages: list[dict[str, Any]]
    ) -> Iterable[Yield]:
        """Its newest text; without one, what its title says."""
        texts = [
            one
            for one in page.json(Publications).publications
            if str(one.publication_type.get("name", "")).casefold() in ("bill", "act of parliament")
        ]
        texts.sort(key=lambda one: one.display_date or "")
        versions = [
            {"note": clip(one.title, 400), "url": url, "date": (one.display_date or "")[:10]}
            for one in texts
            for url in _addresses(one)
        ]
        if not versions:
            yield from self._observed(page, "", bill, stages, versions)
            return
        newest = _addresses(texts[-1])
        yield self.get(
            newest[0] if newest else versions[-1]["url"], self.text, expect=ANYTHING,
            about=_key(msgspec.convert(bill, Bill)), bill=bill, stages=stages, versions=versions,
        )  # fmt: skip

    def text(
        self,
        page: Page,
        bill: dict[str, Any],
        stages: list[dict[str, Any]],
        versions: list[dict[str, str]],
    ) -> Iterable[Yield]:
        """The text itself."""
        yield from self._observed(page, page.text().text, bill, stages, versions)

    def _list(self, skip: int) -> Fetch:
        return self.get(
            f"{API}/Bills", self.listing, expect=LISTED, essential=True, skip=skip,
            params={"SortOrder": "DateUpdatedDescending", "Skip": skip, "Take": PAGE},
        )  # fmt: skip

    def _observed(
        self,
        page: Page,
        text: str,
        bill: dict[str, Any],
        stages: list[dict[str, Any]],
        versions: list[dict[str, str]],
    ) -> Iterator[TrackedInstrument]:
        from kratom_atlas.read.lifecycle import stage_of
        from kratom_atlas.read.terms import find_mentions

        self.examine()
        one = msgspec.convert(bill, Bill)
        mentions = find_mentions(text, "en") or find_mentions(one.short_title, "en")
        if not mentions and _key(one) not in self.known:
            return
        passed = [msgspec.convert(each, BillStage) for each in stages]
        reading = stage_of(
            _actions(one, passed), kind=InstrumentKind.BILL, session_ended=None, today=self.today,
            declared=_declared(one, passed),
        )  # fmt: skip
        yield TrackedInstrument(
            key=_key(one),
            jurisdiction="ocd-division/country:gb",
            title=clip(one.short_title, 2000),
            url=f"{SITE}/{one.bill_id}",
            kind=InstrumentKind.BILL,
            number=str(one.bill_id),
            mentions=mentions,
            effective=reading.effective,
            version=one.last_update,
            sha256=page.sha256,
            session=str(one.introduced_session_id or max(one.included_session_ids, default="-")),
            stage=reading.stage,
            because=reading.because,
            introduced=reading.introduced,
            enacted=reading.enacted,
            actions=reading.actions,
            versions=tuple(
                TextVersion(note=each["note"], url=each["url"], date=partial(each["date"]))
                for each in versions
            ),
        )


def _key(bill: Bill) -> str:
    return f"GB/{bill.bill_id}"


def _addresses(one: Publication) -> list[str]:
    """Where a publication can be read, HTML before PDF."""
    links = sorted(one.links, key=lambda link: "html" not in str(link.get("contentType", "")))
    found = [str(link.get("url", "")) for link in links]
    found += [f"{API}/Publications/{one.id}/Documents/{f.get('id')}/Download" for f in one.files]
    return [url for url in found if url.startswith((TEXTS, API))]


def _actions(bill: Bill, stages: list[BillStage]) -> Iterator[Action]:
    for stage in stages:
        days = sorted(str(sitting.get("date", ""))[:10] for sitting in stage.stage_sittings)
        where = f" ({stage.house})" if stage.house else ""
        yield Action(
            text=f"{stage.description}{where}",
            date=partial(days[-1]) if days else None,
            actor=HOUSES.get(stage.house or "", stage.house),
        )
    if bill.bill_withdrawn:
        yield Action(text="Bill withdrawn", date=partial(bill.bill_withdrawn))


def _declared(bill: Bill, stages: list[BillStage]) -> Stage | None:
    """What the list itself says of the bill; one that is in its second House passed the first."""
    from kratom_atlas.read.upstream import UK_STAGES

    if bill.is_act:
        return Stage.ENACTED
    if bill.bill_withdrawn:
        return Stage.WITHDRAWN
    if bill.is_defeated:
        return Stage.FAILED
    if {"Commons", "Lords"} <= {one.house for one in stages}:
        return Stage.PASSED_FIRST_CHAMBER
    return UK_STAGES.get(bill.current_stage.description.casefold()) if bill.current_stage else None
