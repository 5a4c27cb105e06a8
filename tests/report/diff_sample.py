"""Two places with the changes that a report tells, and the same with an attack in every text."""

from __future__ import annotations

from kratom_atlas.model.statement import Body, Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    Cap,
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
    Unit,
    Verification,
)
from kratom_atlas.report.diff import Context
from kratom_atlas.resolve.record import Record

HOSTILE = (
    "=cmd|'/c calc'!A1 <script>alert(1)</script> [click](javascript:alert(1)) **bold** `code` "
    "| cell {{7*7}} http://evil.example www.evil.example \x1b[31m עברית \u202egnirts \x07\u2028<b>"
)
RECORDED = "2026-08-28T10:00:00Z"
LATER = "2026-11-01T10:00:00Z"
US = "ocd-division/country:us"
GA = f"{US}/state:ga"
NORTH = f"{GA}/county:north"
ALL = (Substance.LEAF, Substance.MITRAGYNINE, Substance.SEVEN_OH)


def record(*, hostile: bool = False) -> Record:
    """Georgia's rule of 2019 and its stricter one of 2025; a county ban recorded later."""

    def say(text: str) -> str:
        return f"{HOSTILE} {text} {HOSTILE}" if hostile else text

    places = [
        Jurisdiction(id=US, code="US", name=say("United States"), level=Level.COUNTRY),
        Jurisdiction(id=GA, code="US-GA", name=say("Georgia"), level=Level.SUBDIVISION, parent=US),
        Jurisdiction(
            id=NORTH, code="US-GA-13001", name=say("North County"), level=Level.COUNTY, parent=GA
        ),
    ]

    def act(key: str, at: str, number: str | None) -> Instrument:
        return Instrument(
            id=key,
            jurisdiction=at,
            kind=InstrumentKind.ORDINANCE,
            title=say(f"Title {key}"),
            stage=Stage.ENACTED,
            number=number,
        )

    def rule(
        key: str, at: str, instrument: str, effect: Effect, start: str, **more: object
    ) -> Body:
        usual: dict[str, object] = {
            "citation": say(f"Code {key}"),
            "substances": ALL,
            "activities": (Activity.SELL,),
            "verification": Verification.REPORTED,
            "evidence": (
                Evidence(
                    kind=EvidenceKind.PRESS,
                    retrieved=PartialDate("2026-08-28"),
                    url="javascript:alert(1)" if hostile else "https://example.org/a(b)",
                ),
            ),
            "from_": PartialDate(start),
        }
        return Provision(
            id=key,
            jurisdiction=at,
            instrument=instrument,
            effect=effect,
            **{**usual, **more},  # type: ignore[arg-type]
        )

    def line(body: Body, at: str) -> Line:
        part = Part(type(body).__name__.lower())
        return Line(
            op=Op.ASSERT,
            part=part,
            subject=body.id,
            statement=statement_id(body),
            recorded_at=at,
            actor="tester",
            reason="a test",
            **{part.value: body},
        )

    first = [
        Search(
            id=f"{name}-search",
            jurisdiction=at,
            on=PartialDate("2026-08-28"),
            where=say("Codes"),
            covers=Coverage(from_=PartialDate("2012")),
            substances=ALL,
            result=SearchResult.NONE,
        )
        for name, at in (("us", US), ("ga", GA))
    ]
    bodies: list[Body] = [
        *first,
        act("ga-2019", GA, "HB 551"),
        act("ga-2025", GA, "HB 181"),
        rule(
            "ga-sale-2019",
            GA,
            "ga-2019",
            Effect.RESTRICT,
            "2019",
            to=PartialDate("2025-01-01"),
            qualifiers=Qualifiers(min_age=18, labelling=say("Contents")),
        ),
        rule(
            "ga-sale-2025",
            GA,
            "ga-2025",
            Effect.RESTRICT,
            "2025-01-01",
            qualifiers=Qualifiers(
                min_age=21, seven_oh_caps=(Cap(value=1, unit=Unit.MG_PER_SERVING),)
            ),
        ),
        rule(
            "ga-synthetic-2025",
            GA,
            "ga-2025",
            Effect.PROHIBIT,
            "2025-01-01",
            substances=(Substance.SYNTHETIC,),
            activities=(Activity.POSSESS, Activity.SELL),
        ),
    ]
    late = [
        act("north-2020", NORTH, None),
        rule(
            "north-ban",
            NORTH,
            "north-2020",
            Effect.PROHIBIT,
            "2020-03",
            substances=(Substance.LEAF,),
            activities=(Activity.POSSESS, Activity.SELL),
        ),
    ]
    lines = [*(line(b, RECORDED) for b in bodies), *(line(b, LATER) for b in late)]
    return Record(lines, {p.id: p for p in places})


def context(of: Record, *, first: str = "2012-01-01", base_url: str = "") -> Context:
    return Context(
        view=of.at(),
        first=first,
        last="2026-11-22",
        known=("2026-11-22",),
        version="2026-11-22",
        as_of="2026-11-22",
        last_look="2026-08-28",
        report_url="https://example.org/issues",
        base_url=base_url,
    )
