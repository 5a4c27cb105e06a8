"""openFDA: recalls of food whose record names kratom. A signal, not law.

Layout. `https://api.fda.gov/food/enforcement.json` takes a `search` over fields, `limit` (at most
1,000) and `skip` (at most 25,000), and answers with `meta.results` (`skip`, `limit`, `total`) and
`results`. Terms with spaces between them are alternatives. Where nothing is found, the answer is
404 with `error.code` NOT_FOUND; recalls of kratom have been there since 2018, so for this search
that is a fault and not an empty list. A record changes after its first report (ongoing, completed,
terminated) without a new `report_date`, so the whole list is read each time: some hundreds of
records. Days are written `20180404`. New records come weekly. Reports from before June 2012 lack
the status, the state and the event.

UNCONFIRMED, from general knowledge: the limits (240 requests a minute and 1,000 a day without a
key). 2026-07: others measured that a search may be answered with what it did not ask for, so each
record is matched here again.

History of breakage. None seen yet (built 2026-11-22 from descriptions; no recorded answer).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.read.faults import FaultError

API: Final = "https://api.fda.gov/food/enforcement.json"
NAMES: Final = ("kratom", "mitragynine", "mitragyna", "7-hydroxymitragynine")
SEARCHED: Final = ("product_description", "reason_for_recall")
LIMIT: Final = 1_000
ANSWER: Final = Expect(media=JSON.media, smallest=2, contains=('"meta"', '"results"'))


class Record(Struct):
    """A recall."""

    recall_number: str
    product_description: str
    reason_for_recall: str
    report_date: str
    recalling_firm: str
    status: str | None = None
    classification: str | None = None
    recall_initiation_date: str | None = None
    termination_date: str | None = None
    distribution_pattern: str | None = None
    state: str | None = None
    country: str | None = None
    event_id: str | None = None


class Results(Struct):
    """Where the list ends."""

    total: int


class Meta(Struct):
    """What is said of the list."""

    results: Results


class Answer(Struct):
    """A page of the list."""

    meta: Meta
    results: list[Record]


class UsFdaEnforcement(Scraper):
    """Reads all recalls that name kratom."""

    source: ClassVar = Source(
        id="us_fda_enforcement",
        title="openFDA: recalls",
        publisher="Food and Drug Administration (United States)",
        covers=("US",),
        kind=SourceKind.ALERTS,
        homepage="https://open.fda.gov/apis/food/enforcement/",
        licence="CC0 1.0",
        terms="An open API; not to be relied on for decisions about care. No key is needed.",
        hosts=("api.fda.gov",),
        schedule="53 17 * * thu",
        rate=Rate(delay=1.0, per_minute=40, per_day=500),
        bounds=Bounds(examined=(1, 10_000), observed=(1, 5_000), collapse=0.5),
        cadence=180,
    )

    def start(self) -> Iterable[Fetch]:
        """The whole list."""
        yield self._list(0)

    def listing(self, page: Page, skip: int) -> Iterable[Yield]:
        """Each recall, and the next page."""
        answer = page.json(Answer)
        if not answer.results:
            raise FaultError(Fault.LAYOUT, f"{answer.meta.results.total} recalls, none listed")
        self.examine(len(answer.results))
        yield from self.mentioning(self._document(page, record) for record in answer.results)
        if skip + LIMIT < answer.meta.results.total:
            yield self._list(skip + LIMIT)

    def _list(self, skip: int) -> Fetch:
        search = " ".join(f'{name}:"{word}"' for name in SEARCHED for word in NAMES)
        params: dict[str, Any] = {
            "search": search, "sort": "report_date:desc", "limit": LIMIT, "skip": skip,
        }  # fmt: skip
        return self.get(API, self.listing, params=params, expect=ANSWER, essential=True, skip=skip)

    def _document(self, page: Page, record: Record) -> Document:
        firm = filter(None, (record.recalling_firm, record.state, record.country))
        note = [
            ", ".join(filter(None, (record.status, record.classification))),
            ", ".join(firm),
            f"begun {record.recall_initiation_date}" if record.recall_initiation_date else "",
            f"terminated {record.termination_date}" if record.termination_date else "",
            record.distribution_pattern or "",
        ]
        return self.document(
            page,
            key=record.recall_number,
            title=f"Recall: {record.product_description}",
            jurisdiction="ocd-division/country:us",
            url="https://www.accessdata.fda.gov/scripts/ires/"
            + (f"?Event={record.event_id}" if record.event_id else ""),
            text=f"{record.product_description}\n{record.reason_for_recall}",
            number=record.recall_number,
            published=record.report_date,
            locator=record.recall_number,
            note="; ".join(filter(None, note)),
            text_held=False,
        )
