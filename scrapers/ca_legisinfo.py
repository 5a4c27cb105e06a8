"""LEGISinfo: bills of the Parliament of Canada.

Layout. `/legisinfo/en/bills/json` is the list of all bills of the present session, with the days on
which each passed its readings in the House and the Senate and received royal assent; another
session is asked for with `parlsession=44-1`. The page of one bill has JSON of another shape, which
is not needed. The text of a bill is at `/DocumentViewer/en/45-1/bill/C-2/first-reading`, and again
under `third-reading` and `royal-assent` once it has come so far.

No title of a Canadian bill is likely to name kratom. So the texts of bills whose titles speak of
drugs, food, health products, poisons or the like are read and matched, each time that they move;
what is known is followed whatever its title.

A bill that dies on the order paper is still listed with its last state when its session is asked
for; the end of a session is not guessed here. Royal assent does not say when an act comes into
force.

Unconfirmed: the addresses of texts (general knowledge; the robots.txt decides whether they may be
read), the exact words of states other than those in the table.

History of breakage. None seen yet (built 2026-11-22 from clients; no real answer was held).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, clip, partial
from kratom_atlas.crawl.source import HTML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Action, TextVersion, TrackedInstrument
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.lifecycle import instrument_key

SITE = "https://www.parl.ca"
LISTED = Expect(media=("json",), smallest=2, contains=('"BillNumberFormatted"',))
TOPICS = re.compile(
    r"kratom|mitragyn|drug|substance|narcotic|psychoactive|opioid|cannabis|poison|food|"
    r"health product|consumer product|herbal|vap(?:e|ing)|tobacco|criminal code|customs",
    re.IGNORECASE,
)
LOST = (
    (Stage.WITHDRAWN, re.compile(r"withdrawn", re.IGNORECASE)),
    (
        Stage.FAILED,
        re.compile(r"defeated|negatived|not proceeded with|dropped|dead|ruled out", re.IGNORECASE),
    ),
)


class Bill(Struct, rename="pascal"):
    """A bill, as the list has it."""

    bill_number_formatted: str
    parl_session_code: str
    long_title_en: str | None = None
    short_title_en: str | None = None
    bill_type_en: str | None = None
    originating_chamber_id: int | None = None
    current_status_en: str | None = None
    latest_completed_major_stage_en: str | None = None
    latest_activity_en: str | None = None
    latest_activity_date_time: str | None = None
    passed_house_first_reading_date_time: str | None = None
    passed_house_second_reading_date_time: str | None = None
    passed_house_third_reading_date_time: str | None = None
    passed_senate_first_reading_date_time: str | None = None
    passed_senate_second_reading_date_time: str | None = None
    passed_senate_third_reading_date_time: str | None = None
    received_royal_assent_date_time: str | None = None

    @property
    def key(self) -> str:
        """Its natural key."""
        return instrument_key("CA", self.parl_session_code, self.bill_number_formatted)

    @property
    def title(self) -> str:
        """Its long title, with the short one."""
        both = dict.fromkeys(filter(None, (self.long_title_en, self.short_title_en)))
        return " / ".join(both) or self.bill_number_formatted

    @property
    def mark(self) -> str:
        """What it has come to."""
        return f"{self.latest_activity_date_time or ''}@{self.current_status_en or ''}"


class CaLegisinfo(Scraper):
    """Reads the list, and the texts of bills on drugs, food and health that have moved."""

    source: ClassVar = Source(
        id="ca_legisinfo",
        title="LEGISinfo",
        publisher="Parliament of Canada",
        covers=("CA",),
        kind=SourceKind.BILLS,
        homepage=f"{SITE}/legisinfo/en/bills",
        licence="Speaker's permission: free reproduction of the proceedings with accuracy",
        terms="Public exports without a key; no published limits.",
        hosts=("www.parl.ca",),
        schedule="14 10 * * mon-fri",
        in_session="14 10,22 * * mon-fri",
        sittings=(("01-25", "06-23"), ("09-15", "12-17")),
        rate=Rate(delay=3.0),
        bounds=Bounds(examined=(1, 3_000), observed=(0, 300), errors=0.5),
        cadence=365,
        first=730,
    )

    def start(self) -> Iterable[Fetch]:
        """The bills of the present session, and those of the sessions of what is known."""
        yield self.get(f"{SITE}/legisinfo/en/bills/json", self.bills, expect=LISTED, essential=True)
        for session in sorted({key.split("/")[1] for key in self.known if key.count("/") == 2}):
            yield self.get(
                f"{SITE}/legisinfo/en/bills/json", self.bills, params={"parlsession": session},
                expect=LISTED,
            )  # fmt: skip

    def bills(self, page: Page) -> Iterable[Yield]:
        """The bills whose text is worth reading, where they have moved."""
        bills = page.json(list[Bill])
        if not bills:
            raise FaultError(Fault.LAYOUT, "a session without bills")
        self.examine(len(bills))
        for bill in bills:
            if self.stands(bill.key, bill.mark):
                yield Still(bill.key)
            elif bill.key in self.known or (
                TOPICS.search(bill.title)
                and (bill.latest_activity_date_time or "9999") >= self.since.isoformat()
            ):
                yield self.get(
                    _text_address(bill), self.text, expect=HTML, about=bill.key,
                    bill=msgspec.to_builtins(bill),
                )  # fmt: skip

    def text(self, page: Page, bill: dict[str, Any]) -> Iterable[Yield]:
        """The text of a bill, with what became of it."""
        from kratom_atlas.read.terms import find_mentions

        one = msgspec.convert(bill, Bill)
        mentions = find_mentions(f"{one.title}\n{page.text().text}", "en")
        if not mentions and one.key not in self.known:
            return
        stage, because = _stage(one)
        session, number = one.parl_session_code, one.bill_number_formatted
        actions = _actions(one)
        yield TrackedInstrument(
            key=one.key,
            jurisdiction="ocd-division/country:ca",
            title=clip(one.title, 2_000),
            url=f"{SITE}/legisinfo/en/bill/{session}/{number.lower()}",
            kind=InstrumentKind.BILL,
            number=number,
            mentions=mentions,
            version=one.mark,
            sha256=page.sha256,
            note=one.bill_type_en,
            session=session,
            stage=stage,
            because=because,
            introduced=actions[0].date if actions else None,
            enacted=partial(one.received_royal_assent_date_time),
            actions=actions,
            versions=(TextVersion(note=page.url.rsplit("/", 1)[-1], url=page.url),),
        )


def _text_address(bill: Bill) -> str:
    """Where the newest text is, by how far the bill has come."""
    if bill.received_royal_assent_date_time:
        name = "royal-assent"
    elif bill.passed_house_third_reading_date_time or bill.passed_senate_third_reading_date_time:
        name = "third-reading"
    else:
        name = "first-reading"
    session, number = bill.parl_session_code, bill.bill_number_formatted
    return f"{SITE}/DocumentViewer/en/{session}/bill/{number}/{name}"


def _stage(bill: Bill) -> tuple[Stage, str | None]:
    """How far a bill has come, and the words or the readings that say so."""
    status = bill.current_status_en or ""
    if bill.received_royal_assent_date_time:
        return Stage.ENACTED, "Royal assent"
    for stage, words in LOST:
        if words.search(status):
            return stage, status
    passed = bool(bill.passed_house_third_reading_date_time) + bool(
        bill.passed_senate_third_reading_date_time
    )
    reached = (Stage.INTRODUCED, Stage.PASSED_FIRST_CHAMBER, Stage.PASSED)[passed]
    return reached, bill.latest_completed_major_stage_en or status or None


def _actions(bill: Bill) -> tuple[Action, ...]:
    """The readings, oldest first."""
    readings = []
    for actor, chamber in (("lower", "house"), ("upper", "senate")):
        for order in ("first", "second", "third"):
            day = partial(getattr(bill, f"passed_{chamber}_{order}_reading_date_time"))
            if day is not None:
                words = f"{order.title()} reading in the {chamber.title()}"
                readings.append((day, words, actor, order == "third"))
    readings.sort(key=lambda reading: reading[0])
    actions, passed = [], 0
    for day, words, actor, is_third in readings:
        passed += is_third
        stage = (None, Stage.PASSED_FIRST_CHAMBER, Stage.PASSED)[passed] if is_third else None
        actions.append(Action(text=words, date=day, actor=actor, stage=stage))
    assent = partial(bill.received_royal_assent_date_time)
    if assent is not None:
        actions.append(
            Action(text="Royal assent", date=assent, actor="executive", stage=Stage.ENACTED)
        )
    return tuple(actions)
