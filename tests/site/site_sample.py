"""A small world with one of everything a page can show; `hostile` puts an attack in every text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from kratom_atlas.crawl.health import SourceState, Survey
from kratom_atlas.crawl.source import Bounds, Source
from kratom_atlas.model.crawling import Fault, Health, Outcome, SourceKind
from kratom_atlas.model.statement import Body, Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    AlkaloidCap,
    Cap,
    Coverage,
    Evidence,
    Instrument,
    Jurisdiction,
    Limit,
    Penalty,
    Provision,
    Qualifiers,
    Search,
)
from kratom_atlas.model.vocabulary import (
    Activity,
    Alkaloid,
    Effect,
    EvidenceKind,
    Extent,
    InstrumentKind,
    Level,
    SearchResult,
    Stage,
    Substance,
    Unit,
    Verification,
)
from kratom_atlas.release.tables import Edition
from kratom_atlas.resolve.record import Record
from kratom_atlas.site.pages import Meta, pages

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> \"double\" 'single', {{7*7}} {%raw%} "
    "${7*7} </title></p>--> =1+1 עברית \u202egnirts \x07\u2028 & &lt; javascript:alert(1)"
)
SCRIPT_LINK = "javascript:alert(1)"
TODAY = "2026-11-22"
FIRST = "2026-08-28T10:00:00Z"
LATER = "2026-10-01T10:00:00Z"
META = Meta(
    version="2026-11-22",
    as_of=TODAY,
    last_look="2026-08-28",
    report_url="https://example.org/issues",
    known=LATER,
)
US = "ocd-division/country:us"
GA = f"{US}/state:ga"
NORTH = f"{GA}/county:north"
SOUTH = f"{GA}/county:south"
EAST = f"{GA}/county:east"
CITY = f"{GA}/place:city"
TH = "ocd-division/country:th"
AQ = "ocd-division/country:aq"

Say = Callable[[str], str]


def days(text: str) -> PartialDate:
    return PartialDate(text)


def places(say: Say) -> dict[str, Jurisdiction]:
    found = (
        Jurisdiction(id=US, code="US", name=say("United States"), level=Level.COUNTRY),
        Jurisdiction(id=TH, code="TH", name=say("Thailand"), level=Level.COUNTRY),
        Jurisdiction(id=AQ, code="AQ", name=say("Antarctica"), level=Level.COUNTRY),
        Jurisdiction(
            id=GA,
            code="US-GA",
            name=say("Georgia"),
            level=Level.SUBDIVISION,
            parent=US,
            geoid="13",
            note=say("A note."),
        ),
        *(
            Jurisdiction(
                id=key,
                code=f"US-GA-1300{n}",
                name=say(f"{name} County"),
                level=Level.COUNTY,
                parent=GA,
                geoid=f"1300{n}",
            )
            for n, (key, name) in enumerate(((NORTH, "North"), (SOUTH, "South"), (EAST, "East")))
        ),
        Jurisdiction(
            id=CITY,
            code="US-GA-1304000",
            name=say("City"),
            level=Level.MUNICIPALITY,
            parent=GA,
            counties=(NORTH,),
            geoid="1304000",
        ),
    )
    return {place.id: place for place in found}


def evidence(say: Say, *, quote: bool = True, link: str = "https://example.org/text") -> Evidence:
    return Evidence(
        kind=EvidenceKind.OFFICIAL_TEXT,
        retrieved=days("2026-08-28"),
        url=SCRIPT_LINK if say("") else link,
        document=say("Gazette"),
        locator=say("p. 1"),
        quote=say("No person under 21") if quote else None,
        sha256="ab" * 32,
    )


def act(say: Say, key: str, at: str, **more: Any) -> Instrument:
    usual: dict[str, Any] = {
        "kind": InstrumentKind.SESSION_LAW,
        "title": say(f"Title of {key}"),
        "stage": Stage.ENACTED,
        "session": say("2025-26"),
        "number": say(f"HB {len(key)}"),
        "introduced": days("2024-01"),
        "enacted": days("2024"),
        "url": SCRIPT_LINK if say("") else "https://example.org/act",
        "verification": Verification.OFFICIAL_SECONDARY,
        "evidence": (evidence(say),),
        "note": say("Of the act."),
    }
    return Instrument(id=key, jurisdiction=at, **{**usual, **more})


def rule(say: Say, key: str, at: str, instrument: str, effect: Effect, **more: Any) -> Provision:
    usual: dict[str, Any] = {
        "citation": say(f"Code {key}"),
        "substances": (Substance.LEAF,),
        "activities": (Activity.SELL,),
        "verification": Verification.PRIMARY,
        "evidence": (evidence(say), evidence(say, quote=False, link="https://example.org/b")),
        "note": say("Of the rule."),
    }
    if "attested" not in more:
        usual["from_"] = days("2025-01-01")
    return Provision(
        id=key, jurisdiction=at, instrument=instrument, effect=effect, **{**usual, **more}
    )


def all_conditions(say: Say) -> Qualifiers:
    return Qualifiers(
        min_age=21,
        seven_oh_caps=(Cap(value=0.5, unit=Unit.MG_PER_G), Cap(value=1, unit=Unit.MG_PER_SERVING)),
        alkaloid_caps=(
            AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=1500.0, unit=Unit.MG_PER_CONTAINER),
        ),
        limits=(Limit(value=8, unit=Unit.SERVINGS_PER_CONTAINER),),
        labelling=say("Ingredients"),
        testing=say("Each batch"),
        registration=say("Of products"),
        behind_the_counter=True,
        advertising=say("Not to minors"),
        forms=(say("no vapes"), say("no sweets")),
        adulterants=say("None"),
        exceptions=say("Research"),
        penalties=(
            Penalty(for_=say("sale"), class_=say("felony"), fine=say("$500"), prison=say("1 year")),
        ),
        void_if=say("if scheduled"),
    )


def bodies(say: Say) -> list[Body]:
    both = (Activity.POSSESS, Activity.SELL)
    return [
        act(say, "us-order", US, kind=InstrumentKind.EMERGENCY_ORDER),
        rule(
            say,
            "us-order-mgm",
            US,
            "us-order",
            Effect.SCHEDULE,
            schedule=say("I"),
            substances=(Substance.MGM_15, Substance.MGM_16),
            activities=both,
            from_=days("2026-08-26"),
            to=days("2028-08-26"),
            verification=Verification.REPORTED,
        ),
        Search(
            id="us-search",
            jurisdiction=US,
            on=days("2026-08-28"),
            where=say("Federal code"),
            covers=Coverage(from_=days("2012")),
            substances=(Substance.LEAF, Substance.MITRAGYNINE, Substance.SEVEN_OH),
            result=SearchResult.NONE,
            verification=Verification.OFFICIAL_SECONDARY,
            url=SCRIPT_LINK if say("") else "https://example.org/search",
            contested=say("A list says otherwise."),
            note=say("Of the search."),
        ),
        act(say, "ga-act", GA, effective=days("2025-01-01")),
        act(say, "ga-old", GA, stage=Stage.REPEALED),
        act(say, "ga-ban", GA, enacted=days("2026-05-01")),
        act(say, "ga-bill", GA, kind=InstrumentKind.BILL, stage=Stage.FAILED, enacted=None),
        act(say, "ga-pending", GA, kind=InstrumentKind.BILL, stage=Stage.INTRODUCED, enacted=None),
        rule(say, "ga-would", GA, "ga-pending", Effect.PROHIBIT, activities=both, from_=None),
        rule(say, "ga-failed", GA, "ga-bill", Effect.PROHIBIT, activities=both, from_=None),
        rule(say, "ga-undated", GA, "ga-ban", Effect.PROHIBIT, activities=both, from_=None),
        act(say, "ga-court", GA, kind=InstrumentKind.COURT_DECISION),
        rule(
            say,
            "ga-sale",
            GA,
            "ga-act",
            Effect.RESTRICT,
            substances=(Substance.LEAF, Substance.MITRAGYNINE, Substance.SEVEN_OH),
            activities=(Activity.SELL, Activity.DISTRIBUTE),
            qualifiers=all_conditions(say),
            contested=say("The press says 18."),
        ),
        rule(
            say,
            "ga-age-old",
            GA,
            "ga-old",
            Effect.RESTRICT,
            substances=(Substance.LEAF, Substance.MITRAGYNINE, Substance.SEVEN_OH),
            qualifiers=Qualifiers(min_age=18, labelling=say("Contents")),
            from_=days("2019"),
            to=days("2025-01-01"),
        ),
        rule(say, "ga-ban-7oh", GA, "ga-ban", Effect.PROHIBIT, substances=(Substance.SEVEN_OH,),
             activities=both, from_=days("2027-01-01")),
        rule(say, "ga-stay", GA, "ga-court", Effect.STAY, targets=("ga-stayed",),
             from_=days("2026-01"), to=days("2030")),
        rule(say, "ga-stayed", GA, "ga-act", Effect.PROHIBIT, substances=(Substance.SYNTHETIC,)),
        rule(say, "ga-preempt", GA, "ga-act", Effect.PREEMPT, activities=both),
        Search(
            id="ga-search",
            jurisdiction=GA,
            on=days("2026-08-28"),
            where=say("State code"),
            covers=Coverage(from_=days("2012-01-01")),
            substances=(Substance.LEAF,),
            result=SearchResult.FOUND,
        ),
        act(say, "north-ordinance", NORTH, kind=InstrumentKind.ORDINANCE),
        rule(say, "north-ban", NORTH, "north-ordinance", Effect.PROHIBIT, activities=both,
             from_=days("2026-02"), extent=Extent.UNKNOWN),
        act(say, "city-ordinance", CITY, kind=InstrumentKind.ORDINANCE),
        rule(say, "city-ban", CITY, "city-ordinance", Effect.PROHIBIT, attested=days("2024-04"),
             substances=(Substance.MITRAGYNINE,)),
        act(say, "th-act", TH, number=None, title=say("พระราชบัญญัติพืชกระท่อม")),
        rule(say, "th-ban", TH, "th-act", Effect.PROHIBIT, activities=both, from_=days("1979")),
        rule(say, "th-repeal", TH, "th-act", Effect.REPEAL, activities=both, targets=("th-ban",),
             from_=days("2021-08-24")),
    ]  # fmt: skip


def line(body: Body, at: str = FIRST, op: Op = Op.ASSERT, say: Say = str) -> Line:
    part = Part(type(body).__name__.lower())
    return Line(
        op=op,
        part=part,
        subject=body.id,
        statement=statement_id(body),
        recorded_at=at,
        actor=say("a person"),
        reason=say("a reason"),
        **({} if op is Op.RETRACT else {part.value: body}),
    )


def record(*, hostile: bool = False) -> Record:
    """The world: a second batch corrects Thailand's repeal and withdraws a rule."""

    def say(text: str) -> str:
        return f"{text} {HOSTILE}" if hostile else text

    lines = [line(body, say=say) for body in bodies(say)]
    wrong = rule(say, "ga-wrong", GA, "ga-act", Effect.TAX)
    lines.append(line(wrong, say=say))
    late = rule(say, "ga-pseudo", GA, "ga-act", Effect.PROHIBIT,
                substances=(Substance.PSEUDOINDOXYL,))  # fmt: skip
    lines.append(line(late, LATER, say=say))
    lines.append(line(wrong, LATER, Op.RETRACT, say))
    return Record(lines, places(say))


def survey(*, hostile: bool = False) -> Survey:
    """A source of the states that fails, a document that was read, one that is off."""

    def say(text: str) -> str:
        return f"{text} {HOSTILE}" if hostile else text

    def source(key: str, covers: tuple[str, ...], **more: Any) -> Source:
        return Source(
            id=key, title=say(f"Source {key}"), publisher=say("Publisher"), covers=covers,
            kind=SourceKind.BILLS, licence=say("Public domain"), terms=say("Open"),
            homepage=SCRIPT_LINK if hostile else "https://example.org/source",
            hosts=("example.org",), schedule="0 6 * * *", bounds=Bounds(examined=(0, 1)),
            cadence=30, **more,
        )  # fmt: skip

    at = "2026-11-20T06:00:00Z"
    return Survey(
        (
            SourceState(
                source("us_bills", ("US", "US-*")), Health.SILENT, last_success=at, last_change=at,
                next_run=datetime(2026, 11, 23, 6, tzinfo=UTC), failures=3, triage="blocked",
                outcomes={Outcome.NEW: 2}, faults={Fault.CHALLENGE: 4}, recent={Fault.DNS: 5},
                reason=say("challenge: no"), alarm=say("Source us_bills: no success"),
                odd=say("no change"),
            ),
            SourceState(source("watch", ("TH",)), Health.FRESH, family="watch", last_success=at),
            SourceState(
                source("watch.th-list", ("TH",)), Health.FRESH, family="watch", last_success=at
            ),
            SourceState(source("aq_off", ("AQ",), off=say("No machines.")), Health.OFF,
                        reason=say("No machines.")),
        ),
        crawled=True,
        placed={GA: "2026-09-01T06:00:00Z"},
    )  # fmt: skip


def edition(*, hostile: bool = False) -> Edition:
    today = date.fromisoformat(TODAY).toordinal()
    return Edition(record(hostile=hostile), today, survey=survey(hostile=hostile))


def build(*, hostile: bool = False, meta: Meta = META) -> dict[str, bytes]:
    return dict(pages(edition(hostile=hostile), meta=meta))
