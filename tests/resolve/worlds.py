"""Small worlds by hand: places, lines, and the engine's answers in the words of the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kratom_atlas.model.statement import Body, Line, Op, Part, known_bound, statement_id
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
    ActivityStatus,
    Effect,
    EvidenceKind,
    Extent,
    Flag,
    InstrumentKind,
    Level,
    SearchResult,
    Stage,
    Status,
    Substance,
    Verification,
)
from kratom_atlas.resolve.engine import Answers, resolve
from kratom_atlas.resolve.record import CAP_UNITS, Ints, Record, View

from .reference import Ruling

US = "ocd-division/country:us"
STATE = f"{US}/state:st"
NORTH = f"{STATE}/county:north"
SOUTH = f"{STATE}/county:south"
CITY = f"{STATE}/place:city"
TRIBE = f"{STATE}/tribe:people"
UNION = "x-eu"

SAID = "2024-01-01T00:00:00Z"


def place(key: str, level: Level, **more: Any) -> Jurisdiction:
    """A place whose code and name do not matter."""
    return Jurisdiction(id=key, code="XX", name=key, level=level, **more)


def register_of(*places: Jurisdiction) -> dict[str, Jurisdiction]:
    """The usual places, with `places` in the stead of those that have their ids."""
    usual = (
        place(UNION, Level.INTERNATIONAL),
        place(US, Level.COUNTRY),
        place(STATE, Level.SUBDIVISION, parent=US),
        place(NORTH, Level.COUNTY, parent=STATE),
        place(SOUTH, Level.COUNTY, parent=STATE),
        place(CITY, Level.MUNICIPALITY, parent=STATE, counties=(NORTH,)),
        place(TRIBE, Level.TRIBAL, parent=STATE),
    )
    return {p.id: p for p in (*usual, *places)}


def part_of(body: Body) -> Part:
    """Which kind of statement says it."""
    return Part(type(body).__name__.lower())


def say(body: Body, at: str = SAID, op: Op = Op.ASSERT) -> Line:
    """A line that says (or, for a retraction, no longer says) `body`."""
    part = part_of(body)
    said = {} if op is Op.RETRACT else {str(part): body}
    return Line(
        op=op,
        part=part,
        subject=body.id,
        statement=statement_id(body),
        recorded_at=at,
        actor="tester",
        reason="a test",
        previous=None if op is Op.ASSERT else statement_id(body),
        **said,  # type: ignore[arg-type]
    )


def dates(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """`values` with text under `names` made into dates."""
    return {
        k: PartialDate(v) if k in names and isinstance(v, str) else v for k, v in values.items()
    }


def seen(verification: Verification, retrieved: str = "2024-01-01") -> tuple[Evidence, ...]:
    """Evidence that is good enough for `verification`."""
    primary = verification is Verification.PRIMARY
    return (
        Evidence(
            kind=EvidenceKind.OFFICIAL_TEXT if primary else EvidenceKind.TRACKER,
            document="A document",
            retrieved=PartialDate(retrieved),
            quote="The words." if primary else None,
        ),
    )


def act(
    key: str,
    stage: Stage = Stage.ENACTED,
    kind: InstrumentKind = InstrumentKind.STATUTE,
    where: str = US,
    enacted: str | None = "1900",
) -> Instrument:
    """An instrument, enacted long ago where it is law and nothing else is said."""
    numbered = kind in (InstrumentKind.BILL, InstrumentKind.RESOLUTION)
    return Instrument(
        id=key,
        jurisdiction=where,
        kind=kind,
        title=key,
        stage=stage,
        session="2024" if numbered else None,
        number="1" if numbered else None,
        enacted=PartialDate(enacted) if enacted and stage.is_law else None,
    )


def rule(
    key: str,
    where: str,
    effect: Effect,
    *activities: Activity,
    retrieved: str = "2024-01-01",
    verification: Verification = Verification.PRIMARY,
    substances: tuple[Substance, ...] = (Substance.LEAF,),
    instrument: str = "act",
    **more: Any,
) -> Provision:
    """A provision, in force from 2020 unless said otherwise."""
    if "from_" not in more and "attested" not in more:
        more["from_"] = "2020-01-01"
    if effect is Effect.SCHEDULE:
        more.setdefault("schedule", "I")
    return Provision(
        id=key,
        jurisdiction=where,
        instrument=instrument,
        citation="s. 1",
        substances=substances,
        activities=activities or (Activity.POSSESS, Activity.SELL),
        effect=effect,
        verification=verification,
        evidence=seen(verification, retrieved),
        **dates(more, "from_", "to", "attested", "grandfather"),
    )


def look(
    where: str,
    since: str = "2000",
    to: str | None = None,
    on: str = "2024-01-01",
    *,
    substances: tuple[Substance, ...] = (Substance.LEAF,),
    key: str | None = None,
    **more: Any,
) -> Search:
    """A search that found nothing."""
    return Search(
        id=key or "look-" + where.rpartition(":")[2].rpartition("/")[2],
        jurisdiction=where,
        on=PartialDate(on),
        where="The code",
        covers=Coverage(from_=PartialDate(since), to=PartialDate(to) if to else None),
        substances=substances,
        result=more.pop("result", SearchResult.NONE),
        verification=more.pop("verification", Verification.PRIMARY),
        **more,
    )


def lines_of(*bodies: Body) -> tuple[Line, ...]:
    """One line for each, after an enacted statute with the key `act`."""
    return tuple(say(body) for body in (act("act"), *bodies))


@dataclass(frozen=True)
class World:
    """Lines of a ledger and the register of places under them."""

    lines: tuple[Line, ...]
    register: Mapping[str, Jurisdiction]

    @property
    def record(self) -> Record:
        """The engine's record of it."""
        return Record(self.lines, self.register)

    def but(self, lines: Iterable[Line]) -> World:
        """The same places with other lines."""
        return World(tuple(lines), self.register)


def world(*bodies: Body, places: Sequence[Jurisdiction] = ()) -> World:
    """The usual places and `bodies`, all said at one moment."""
    return World(lines_of(*bodies), register_of(*places))


def ordinal(day: str) -> int:
    """A day as the engine counts it."""
    return PartialDate(day).lo


def ask(
    of: World | View,
    where: str,
    day: str = "2024-01-02",
    substance: Substance = Substance.LEAF,
    *,
    known: str | None = None,
    activities: tuple[Activity, ...] = (Activity.POSSESS, Activity.SELL),
) -> Ruling:
    """The engine's answer to one question."""
    view = of if isinstance(of, View) else of.record.at(known_bound(known) if known else None)
    answers = resolve(view, [view.record.index[where]], ordinal(day), activities)
    return ruling(view, answers, 0, substance)


def ruling(view: View, answers: Answers, n: int, substance: Substance) -> Ruling:
    """Row `n` of the engine's answers, in words."""
    s = substance.rank
    statuses, words, flags = tuple(ActivityStatus), tuple(Status), tuple(Flag)
    bodies = view.record.provisions.bodies
    quality = int(answers.verification[n, s])

    def ids(rows: Ints) -> dict[Activity, str | None]:
        named = zip(answers.activities, rows[n, s].tolist(), strict=True)
        return {a: bodies[row].id if row >= 0 else None for a, row in named}

    return Ruling(
        own={a: statuses[answers.own_rank[n, s, i]] for i, a in enumerate(answers.activities)},
        total={a: statuses[answers.total_rank[n, s, i]] for i, a in enumerate(answers.activities)},
        own_decides=ids(answers.own_decides),
        decides=ids(answers.decides),
        own_word=words[answers.own[n, s]],
        total_word=words[answers.total[n, s]],
        flags=frozenset(f for f in flags if answers.flags[n, s] >> f.rank & 1),
        min_age=int(answers.min_age[n, s]) or None,
        caps={
            unit: value
            for unit, value in zip(CAP_UNITS, answers.caps[n, s].tolist(), strict=True)
            if value != float("inf")
        },
        incoming=int(answers.incoming[n, s]) or None,
        verification=tuple(Verification)[quality] if quality >= 0 else None,
        last_checked=int(answers.last_checked[n, s]) or None,
    )


__all__ = [
    "CITY",
    "NORTH",
    "SAID",
    "SOUTH",
    "STATE",
    "TRIBE",
    "UNION",
    "US",
    "Extent",
    "Qualifiers",
    "World",
    "act",
    "ask",
    "dates",
    "lines_of",
    "look",
    "ordinal",
    "part_of",
    "place",
    "register_of",
    "rule",
    "ruling",
    "say",
    "seen",
    "world",
]
