"""Oregon Legislative Information: measures, by OData.

Layout. `https://api.oregonlegislature.gov/odata/odataservice.svc/` has `LegislativeSessions` and
`Measures`, as JSON with `$format=json`: `{"value": [...]}`, and `odata.nextLink` where a list goes
on. A session is called `2025R1` (regular), `2025S1` (special), `2025I1` (interim, without bills). A
measure has CatchLine, RelatingTo, MeasureSummary, ModifiedDate, ChapterNumber, EffectiveDate and
Vetoed; `$expand` adds MeasureHistoryActions (ActionText, ActionDate, Chamber as H or S) and
MeasureDocuments (VersionDescription, DocumentUrl, mostly PDF). The service is slow. Titles and
summaries are matched here; what names kratom in its text alone is not found. A chapter
number makes a law; a measure that is "In committee upon adjournment" has failed.

UNCONFIRMED: that the service never ends a page before `$top` without a link to the next; `EndDate`
of a session; whether EffectiveDate is ever a day that is computed and may still change.

History of breakage. None seen yet (built 2026-11-22 from what users of the service describe).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms import statehouse
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, partial
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Action, TextVersion
from kratom_atlas.model.vocabulary import Stage
from kratom_atlas.read.faults import FaultError

CODE: Final = "US-OR"
API: Final = "https://api.oregonlegislature.gov/odata/odataservice.svc"
LIST: Final = Expect(media=("json",), smallest=2, contains=('"value"',))
SELECTED: Final = (
    "SessionKey,MeasurePrefix,MeasureNumber,CatchLine,RelatingTo,MeasureSummary,ModifiedDate"
)
TOP: Final = 500
STEP: Final = 490
"""Pages overlap by a few measures, for what moves from one to the next between two requests."""


class Session(Struct):
    """A session."""

    SessionKey: str
    EndDate: str | None = None


class Sessions(Struct):
    """All sessions."""

    value: list[Session]


class Listed(Struct):
    """A measure, as the list has it."""

    SessionKey: str
    MeasurePrefix: str
    MeasureNumber: int
    CatchLine: str | None = None
    RelatingTo: str | None = None
    MeasureSummary: str | None = None
    ModifiedDate: str | None = None

    @property
    def number(self) -> str:
        """Its number."""
        return f"{self.MeasurePrefix.strip()}{self.MeasureNumber}"

    @property
    def key(self) -> str:
        """Its key."""
        from kratom_atlas.read.lifecycle import instrument_key

        return instrument_key(CODE, self.SessionKey, self.number)

    @property
    def words(self) -> str:
        """All that it says of itself."""
        said = (self.RelatingTo, self.CatchLine, self.MeasureSummary)
        return "\n".join(filter(None, said))


class Listing(Struct):
    """A page of measures."""

    value: list[Listed]
    next: str | None = field(default=None, name="odata.nextLink")


class Act(Struct):
    """An action."""

    ActionText: str
    ActionDate: str | None = None
    Chamber: str | None = None


class File(Struct):
    """A text."""

    VersionDescription: str
    DocumentUrl: str


class Measure(Listed):
    """A measure with its actions and texts."""

    MeasureHistoryActions: list[Act] | None = None
    MeasureDocuments: list[File] | None = None
    ChapterNumber: str | int | None = None
    EffectiveDate: str | None = None
    Vetoed: bool | None = None


class Single(Struct):
    """What is found of one measure."""

    value: list[Measure]


class UsOrLegislature(Scraper):
    """Reads the measures of each session, and the history of those that name kratom."""

    source: ClassVar = Source(
        id="us_or_legislature",
        title="Oregon Legislative Information: measures",
        publisher="Oregon Legislative Assembly",
        covers=("US-OR",),
        kind=SourceKind.BILLS,
        homepage="https://www.oregonlegislature.gov/citizen_engagement/Pages/data.aspx",
        licence="Public record of Oregon; no licence is named",
        terms="An open service without a key; no allowance is published.",
        hosts=("api.oregonlegislature.gov",),
        schedule="19 11 * * tue,fri",
        in_session="19 5,17 * * *",
        sittings=(("01-10", "06-30"),),
        rate=Rate(delay=3.0),
        bounds=Bounds(examined=(1, 30_000), observed=(0, 500)),
        cadence=365,
        seconds=300,
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The sessions."""
        yield self.get(
            f"{API}/LegislativeSessions", self.sessions, params={"$format": "json"}, expect=LIST,
            essential=True,
        )  # fmt: skip

    def sessions(self, page: Page) -> Iterable[Yield]:
        """The measures of the sessions of this year and the last."""
        found = page.json(Sessions).value
        recent = [
            one
            for one in found
            if one.SessionKey[4:5] in "RS" and one.SessionKey[:4] >= str(self.today.year - 1)
        ]
        if not recent:
            raise FaultError(Fault.LAYOUT, f"no session of {self.today.year - 1} or later")
        for one in recent:
            ended = str(partial(one.EndDate) or "")
            yield self._list(one.SessionKey, ended if len(ended) == 10 else None, 0)

    def measures(self, page: Page, session: str, ended: str | None, skip: int) -> Iterable[Yield]:
        """Each measure that names kratom, and each that once did."""
        from kratom_atlas.read.terms import find_mentions

        listed = page.json(Listing)
        self.examine(len(listed.value))
        for one in listed.value:
            # A measure may fail at the end of its session without a mark of it.
            over = ended is not None and ended < self.today.isoformat()
            if over and one.ModifiedDate and self.known.get(one.key) == one.ModifiedDate:
                yield Still(one.key)
            elif one.key in self.known or find_mentions(one.words, "en"):
                yield self._measure(one, ended)
        if listed.next or len(listed.value) >= TOP:
            yield self._list(session, ended, skip + min(STEP, max(1, len(listed.value) - 10)))

    def measure(self, page: Page, key: str, ended: str | None) -> Iterable[Yield]:
        """The measure."""
        found = page.json(Single).value
        if len(found) != 1:
            raise FaultError(Fault.LAYOUT, f"{len(found)} measures where {key} was asked for")
        one = found[0]
        if one.MeasureHistoryActions is None or one.MeasureDocuments is None:
            raise FaultError(Fault.LAYOUT, f"{key} without its actions or texts")
        made = statehouse.bill(
            self, page, code=CODE, session=one.SessionKey, number=one.number,
            title=one.CatchLine or one.RelatingTo or one.number,
            url=f"https://olis.oregonlegislature.gov/liz/{one.SessionKey}/Measures/Overview/{one.number}",
            words=one.words, actions=_actions(one.MeasureHistoryActions),
            versions=_versions(one.MeasureDocuments), declared=_stage(one),
            abstract=one.MeasureSummary, version=one.ModifiedDate,
            note=f"Chapter {one.ChapterNumber}." if one.ChapterNumber else None,
            ended=date.fromisoformat(ended) if ended else None,
        )  # fmt: skip
        effective = partial(one.EffectiveDate)
        if made.stage is Stage.ENACTED and effective is not None:
            made = msgspec.structs.replace(made, effective=effective)
        yield made

    def _list(self, session: str, ended: str | None, skip: int) -> Fetch:
        params: dict[str, Any] = {
            "$filter": f"SessionKey eq '{session}'", "$select": SELECTED,
            "$orderby": "MeasurePrefix,MeasureNumber", "$top": TOP, "$skip": skip,
            "$format": "json",
        }  # fmt: skip
        return self.get(
            f"{API}/Measures", self.measures, params=params, expect=LIST, essential=True,
            session=session, ended=ended, skip=skip,
        )  # fmt: skip

    def _measure(self, one: Listed, ended: str | None) -> Fetch:
        params = {
            "$filter": (
                f"SessionKey eq '{one.SessionKey}' and MeasurePrefix eq '{one.MeasurePrefix}'"
                f" and MeasureNumber eq {one.MeasureNumber}"
            ),
            "$expand": "MeasureHistoryActions,MeasureDocuments",
            "$format": "json",
        }
        return self.get(
            f"{API}/Measures", self.measure, params=params, expect=LIST, about=one.key,
            key=one.key, ended=ended,
        )  # fmt: skip


def _stage(one: Measure) -> Stage | None:
    """The stage that the record itself declares."""
    if one.Vetoed:
        return Stage.VETOED
    return Stage.ENACTED if one.ChapterNumber else None


def _actions(rows: list[Act]) -> Iterator[Action]:
    for row in sorted(rows, key=lambda row: row.ActionDate or ""):
        yield from statehouse.action(row.ActionText, partial(row.ActionDate), row.Chamber)


def _versions(rows: list[File]) -> Iterator[TextVersion]:
    for row in rows:
        if row.DocumentUrl.startswith("http"):
            yield TextVersion(note=row.VersionDescription or "Text", url=row.DocumentUrl)
