"""A country with a state and two counties, and what a ledger says of them from moment to moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec.structs import replace

from kratom_atlas.model.statement import Body, Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    Coverage,
    Evidence,
    Instrument,
    Jurisdiction,
    Provision,
    Qualifiers,
    Search,
)
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    EvidenceKind,
    InstrumentKind,
    Level,
    SearchResult,
    Stage,
    Substance,
    Verification,
)
from kratom_atlas.notify.messages import Message, messages
from kratom_atlas.release.tables import Edition
from kratom_atlas.resolve.record import Record

US = "ocd-division/country:us"
STATE = f"{US}/state:ga"
COUNTY = f"{STATE}/county:north"
QUIET = f"{STATE}/county:south"
ELSEWHERE = "ocd-division/country:aq"
M1, M2, M3, M4 = (f"2026-0{month}-10T08:00:00Z" for month in (1, 3, 5, 7))
TODAY = date(2026, 9, 1).toordinal()
LEAF, SEVEN = Substance.LEAF, Substance.SEVEN_OH


def register(names: Mapping[str, str] | None = None) -> dict[str, Jurisdiction]:
    found = [
        (US, "US", "United States", Level.COUNTRY, None),
        (STATE, "US-GA", "Georgia", Level.SUBDIVISION, US),
        (COUNTY, "US-GA-13001", "North County", Level.COUNTY, STATE),
        (QUIET, "US-GA-13003", "South County", Level.COUNTY, STATE),
        (ELSEWHERE, "AQ", "Antarctica", Level.COUNTRY, None),
    ]
    return {
        key: Jurisdiction(
            id=key, code=code, name=(names or {}).get(key, name), level=level, parent=parent
        )
        for key, code, name, level, parent in found
    }


def act(key: str, at: str = STATE, **more: Any) -> Instrument:
    usual: dict[str, Any] = {
        "kind": InstrumentKind.SESSION_LAW,
        "title": f"Act {key}",
        "stage": Stage.ENACTED,
    }
    for name in ("enacted", "effective", "ends"):
        if name in more:
            more[name] = PartialDate(more[name])
    return Instrument(id=key, jurisdiction=at, **{**usual, **more})


def rule(
    key: str,
    instrument: str,
    effect: Effect = Effect.PROHIBIT,
    *,
    at: str = STATE,
    begins: str = "2025-01-01",
    ends: str = "",
    substances: tuple[Substance, ...] = (LEAF,),
    activities: tuple[Activity, ...] = (Activity.POSSESS, Activity.SELL),
    url: str = "https://example.org/text",
    retrieved: str = "2026-01-02",
    citation: str = "Code 1",
    age: int | None = None,
) -> Provision:
    return Provision(
        id=key,
        jurisdiction=at,
        instrument=instrument,
        citation=citation,
        substances=substances,
        activities=activities,
        effect=effect,
        qualifiers=Qualifiers(min_age=age),
        verification=Verification.REPORTED,
        evidence=(Evidence(kind=EvidenceKind.PRESS, retrieved=PartialDate(retrieved), url=url),),
        from_=PartialDate(begins),
        to=PartialDate(ends) if ends else None,
    )


def look(at: str = STATE) -> Search:
    """A search that covers every day and found nothing else."""
    return Search(
        id=f"look-{at.rpartition(':')[2]}",
        jurisdiction=at,
        on=PartialDate("2026-01-02"),
        where="The code",
        covers=Coverage(from_=PartialDate("2000")),
        substances=tuple(Substance),
        result=SearchResult.NONE,
    )


def say(at: str, *bodies: Body, op: Op = Op.ASSERT) -> list[Line]:
    return [
        Line(
            op=op,
            part=Part(type(body).__name__.lower()),
            subject=body.id,
            statement=statement_id(body),
            previous=None if op is Op.ASSERT else statement_id(body),
            recorded_at=at,
            actor="a person",
            reason="a reason",
            **({} if op is Op.RETRACT else {type(body).__name__.lower(): body}),
        )
        for body in bodies
    ]


def edition(lines: list[Line], names: Mapping[str, str] | None = None, **more: Any) -> Edition:
    return Edition(Record(lines, register(names)), TODAY, **more)


def told(lines: list[Line]) -> list[Message]:
    return list(messages(edition(lines)))


FIRST = say(
    M1,
    act("us-act", US, kind=InstrumentKind.SCHEDULING_ORDER),
    act("hb-1", number="HB 1", effective="2025-01-01"),
    act("hb-2", number="HB 2", effective="2026-12-01"),
    act("tax", effective="2025-08-01", ends="2030-08-01", url="https://example.org/tax"),
    act("ordinance", COUNTY, kind=InstrumentKind.ORDINANCE),
    *(look(at) for at in (US, STATE, COUNTY)),
    rule("federal", "us-act", at=US, begins="2020-05-01", substances=(Substance.MGM_15,)),
    rule("sale", "hb-1", Effect.RESTRICT, age=21, substances=(LEAF, SEVEN)),
    rule("ahead", "hb-2", begins="2026-12-01", substances=(SEVEN,)),
    rule("monthly", "ordinance", at=COUNTY, begins="2024-03"),
)
"""Law that was, is and comes, an act that moves nothing, and a month that is no day."""
LAST = [
    *say(M2, rule("sale", "hb-1", Effect.RESTRICT, age=21, begins="2025-02-01",
                  substances=(LEAF, SEVEN)), op=Op.SUPERSEDE),
    *say(M3, rule("ahead", "hb-2", begins="2026-12-01", substances=(SEVEN,)), op=Op.RETRACT),
]  # fmt: skip
"""A day that was wrong, and a change that does not come."""
WHOLE = [*FIRST, *LAST]

HOSTILE = (
    "<script>alert(1)</script>]]><img src=x onerror=alert(1)> \"double\" 'single' &amp; &#0; "
    "\u202egnirts \x00\x07\x1b[31m\x85\u2028\ufffe\uffff עברית ;,\\n\n"
    "BEGIN:VEVENT\r\nEND:VCALENDAR "
    "\ud800 \U0001f600 javascript:alert(1)"
)
"""An attack on every format at once; a name may hold it, and so may a title and a citation."""


def hostile_lines() -> list[Line]:
    """The same ledger with that in every text and a script for an address."""
    return [_attacked(line) for line in WHOLE]


def _attacked(line: Line) -> Line:
    changes: dict[str, Any] = {}
    if line.instrument is not None:
        changes["instrument"] = replace(
            line.instrument, title=HOSTILE, number=None, url="javascript:alert(1)"
        )
    if line.provision is not None:
        proof = replace(line.provision.evidence[0], url="javascript:alert(1)", document=HOSTILE)
        changes["provision"] = replace(line.provision, citation=HOSTILE, evidence=(proof,))
    return replace(line, **changes)
