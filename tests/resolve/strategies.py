"""Small worlds at random: seven places, a ledger of a few moments, and whatever may befall them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any, Literal, TypeVar

import msgspec
from hypothesis import strategies as st

from kratom_atlas.model.statement import Body, Line, Op
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    AlkaloidCap,
    Cap,
    Instrument,
    Jurisdiction,
    Provision,
    Qualifiers,
    Search,
)
from kratom_atlas.model.vocabulary import (
    Activity,
    Alkaloid,
    Effect,
    Extent,
    InstrumentKind,
    Level,
    SearchResult,
    Stage,
    Substance,
    Unit,
    Verification,
)

from .worlds import (
    CITY,
    NORTH,
    SOUTH,
    STATE,
    TRIBE,
    UNION,
    US,
    World,
    act,
    look,
    ordinal,
    place,
    register_of,
    rule,
    say,
    seen,
)

Draw = Callable[..., Any]

OPEN = ("rule-0", "rule-1", "rule-2", "actor-0", "actor-2")
"""What may be repealed or stayed, by what comes after it. Its first day is known: nobody can say
what a stay before the day on which a rule was first seen would mean."""

HIGH = (UNION, US, US, STATE, STATE, STATE, NORTH)
PLACES = (UNION, US, STATE, NORTH, SOUTH, CITY, TRIBE)

EXACT = ("2018-05-10", "2019-01-01", "2019-06-15", "2020-03-01", "2020-09-10", "2021-01-01")
VAGUE = ("2018", "2019", "2019-06", "2020", "2020-03", "2021", "2021-07")
DATES = (*EXACT, *VAGUE)
MOMENTS = (
    "2021-06-01T00:00:00Z",
    "2021-06-01T12:00:00Z",
    "2021-09-30T23:59:59Z",
    "2022-05-01T00:00:00Z",
)
KNOWN = (None, None, None, "2021-06-01T00:00:00Z", "2021-06-01", "2021-09-30", "2022-04-30")
LOOKS = ("2020-01-01", "2021-03", "2021-05-31", "2021-08-15", "2022")

DAYS = tuple(
    sorted(
        {
            day
            for text in DATES
            for date in (PartialDate(text),)
            for day in (date.lo - 1, date.lo, date.hi - 1, date.hi)
        }
        | {ordinal("2000-01-01"), ordinal("2022-06-01"), ordinal("2030-01-01")}
    )
)
"""Both sides of every boundary that may occur, and days far from all of them."""

SUBSTANCES = (
    (Substance.LEAF,),
    (Substance.LEAF,),
    (Substance.LEAF, Substance.SEVEN_OH),
    (Substance.LEAF, Substance.SEVEN_OH),
    (Substance.SEVEN_OH,),
)
ACTIVITIES = (
    (Activity.POSSESS, Activity.SELL),
    (Activity.POSSESS, Activity.SELL),
    (Activity.POSSESS, Activity.SELL),
    (Activity.SELL,),
    (Activity.POSSESS,),
    (Activity.SELL, Activity.SHIP),
    (Activity.SHIP, Activity.POSSESS),
)
QUALIFIERS = (
    Qualifiers(),
    Qualifiers(min_age=18),
    Qualifiers(min_age=21, penalties=()),
    Qualifiers(min_age=21, registration="Registration of products"),
    Qualifiers(
        labelling="A label",
        seven_oh_caps=(Cap(value=2.0, unit=Unit.PERCENT_OF_ALKALOIDS),),
    ),
    Qualifiers(
        min_age=18,
        seven_oh_caps=(
            Cap(value=1.0, unit=Unit.PERCENT_OF_ALKALOIDS),
            Cap(value=0.5, unit=Unit.MG_PER_SERVING),
            Cap(value=9.0, unit=Unit.METRES),
        ),
        alkaloid_caps=(
            AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=150, unit=Unit.MG_PER_SERVING),
        ),
    ),
    Qualifiers(prescription=True),
    Qualifiers(persons="Members of the armed forces"),
    Qualifiers(places="Near schools", min_age=18),
    Qualifiers(in_public=True),
)  # fmt: skip
EFFECTS = (
    Effect.PROHIBIT,
    Effect.PROHIBIT,
    Effect.SCHEDULE,
    Effect.RESTRICT,
    Effect.RESTRICT,
    Effect.PRESCRIPTION_ONLY,
    Effect.LICENSE,
    Effect.PERMIT,
    Effect.EXEMPT,
    Effect.PREEMPT,
    Effect.PREEMPT,
    Effect.PREEMPT,
    Effect.ALLOW_STRICTER,
    Effect.ALLOW_STRICTER,
    Effect.TAX,
    Effect.STUDY,
)
CHANGES = tuple(Op)[1:]
BARS = (Effect.PREEMPT, Effect.ALLOW_STRICTER)

T = TypeVar("T")


@cache
def one_of(pool: tuple[T, ...]) -> st.SearchStrategy[T]:
    return st.sampled_from(pool)


def pick(draw: Draw, pool: Iterable[T]) -> T:
    """One of `pool`."""
    chosen: T = draw(one_of(tuple(pool)))
    return chosen


def seldom(draw: Draw) -> bool:
    """True once in four times."""
    return pick(draw, (False, False, False, True))


Mode = Literal["none", "exact", "vague"]
"""Which repeals and stays there are: none; several, and of a provision one, all known to the day;
or one that is known only to the month or year."""


def register(draw: Draw) -> dict[str, Jurisdiction]:
    """The seven places, tied together in one of several ways."""
    union = pick(draw, ((), (UNION,)))
    cities = pick(draw, ((NORTH,), (NORTH, SOUTH)))
    tribe = pick(draw, (None, (), (US,), (US, STATE), (STATE,)))
    return register_of(
        place(US, Level.COUNTRY, bound_by=union),
        place(CITY, Level.MUNICIPALITY, parent=STATE, counties=cities),
        place(TRIBE, Level.TRIBAL, parent=STATE, **({} if tribe is None else {"bound_by": tribe})),
    )


STEADY_ACTS = (
    act("act"),
    act("over", Stage.EXPIRED, InstrumentKind.EMERGENCY_ORDER),
    act("bill", Stage.PASSED, InstrumentKind.BILL),
    act("dead", Stage.VETOED, InstrumentKind.BILL),
)
OTHER_ACTS = (
    act("statute", Stage.IN_FORCE),
    act("guidance", Stage.ENACTED, InstrumentKind.GUIDANCE),
)
NAMES = (
    *["act"] * 12,
    *["statute"] * 4,
    *["guidance"] * 3,
    *("over", "bill", "dead", "unheard-of"),
)


def span(draw: Draw, pool: tuple[str, ...], *, attested: bool, acts: bool) -> dict[str, str]:
    """A first day and perhaps an end, in an order that the model accepts.

    A repeal or a stay does not end in the month or year in which it begins: it would never be
    shown as in force, and the doubt that it casts is lost where another one acts.
    """
    first = pick(draw, pool)
    name = "from_"
    if attested and seldom(draw):
        name, first = "attested", pick(draw, EXACT if acts else pool)
    last = pick(draw, (None, None, *pool))
    if last is None or PartialDate(last).hi <= PartialDate(first).lo + 1:
        return {name: first}
    if acts and PartialDate(last).lo <= PartialDate(first).lo:
        return {name: first}
    return {name: first, "to": last}


def provision(draw: Draw, key: str, mode: Mode, *, targets: tuple[str, ...] = ()) -> Provision:
    """Any provision; a repeal or a stay where there are `targets`."""
    verification = pick(draw, tuple(Verification))
    more: dict[str, Any] = {}
    if targets:
        effect = pick(draw, (Effect.REPEAL, Effect.STAY))
        more["targets"] = targets
        pool = EXACT if mode == "exact" else DATES
    else:
        effect = pick(draw, EFFECTS)
        pool = EXACT if mode == "exact" or effect in BARS else DATES
        more["extent"] = pick(draw, (Extent.WHOLE, *Extent))
    if effect is Effect.PREEMPT:
        limit = pick(draw, (None, None, *EXACT))
        more["grandfather"] = limit
    if effect in (Effect.PROHIBIT, Effect.SCHEDULE, Effect.RESTRICT):
        more["qualifiers"] = pick(draw, QUALIFIERS)
    if seldom(draw):
        more["contested"] = "Two sources disagree."
    return rule(
        key,
        pick(draw, HIGH if effect in BARS else PLACES),
        effect,
        *pick(draw, ACTIVITIES),
        substances=pick(draw, SUBSTANCES),
        verification=verification,
        retrieved=pick(draw, LOOKS),
        instrument=pick(draw, NAMES),
        **span(draw, pool, attested=mode == "none" or key not in OPEN, acts=bool(targets)),
        **more,
    )


def search(draw: Draw, key: str) -> Search:
    """Any search."""
    since = pick(draw, ("2000", "2000", *DATES))
    to = pick(draw, (None, None, None, *DATES))
    if to is not None and PartialDate(to).hi <= PartialDate(since).lo + 1:
        to = None
    return look(
        pick(draw, PLACES),
        since,
        to,
        pick(draw, ("2021-08-15", "2022")),
        key=key,
        substances=pick(draw, SUBSTANCES),
        local=seldom(draw),
        verification=pick(draw, tuple(Verification)),
        result=SearchResult.NONE,
        contested="Somebody doubts it." if seldom(draw) else None,
    )


def instrument(draw: Draw, of: Instrument) -> Instrument:
    """The same act at any stage, enacted on some day or nobody knows when."""
    enacted = pick(draw, ("1900", "2019-06", "2020-03-01", None))
    return act(of.id, pick(draw, (*[of.stage] * 6, *Stage)), of.kind, enacted=enacted)


def life(draw: Draw, something: Callable[[], Body], moments: int) -> list[tuple[int, Line]]:
    """What is said of one subject over time, each line with the number of its moment."""
    at = pick(draw, (0, 0, 0, *range(moments)))
    body, standing = something(), True
    said = [(at, say(body, MOMENTS[at]))]
    while at < moments and seldom(draw):
        at = pick(draw, range(at, moments))
        op = pick(draw, CHANGES) if standing else Op.ASSERT
        if op in (Op.SUPERSEDE, Op.ASSERT):
            body = something()
        elif op is Op.ACKNOWLEDGE:
            body = better(draw, body)
        said.append((at, say(body, MOMENTS[at], op)))
        standing = op is not Op.RETRACT
    return said


def better(draw: Draw, body: Body) -> Body:
    """The same words on other evidence."""
    if not isinstance(body, Provision):
        return body
    verification = pick(draw, tuple(Verification))
    return with_evidence(body, verification, pick(draw, LOOKS))


def with_evidence(body: Provision, verification: Verification, retrieved: str) -> Provision:
    """`body` on evidence of that quality and day."""
    evidence = seen(verification, retrieved)
    return msgspec.structs.replace(body, verification=verification, evidence=evidence)


@st.composite
def worlds(draw: Draw, modes: tuple[Mode, ...] = ("none", "exact", "vague")) -> World:
    """A world: the places, and a ledger in the order in which it was recorded."""
    mode = pick(draw, modes)
    moments = pick(draw, range(1, len(MOMENTS) + 1))
    events: list[tuple[int, Line]] = []
    events += [(0, say(one, MOMENTS[0])) for one in STEADY_ACTS]
    for one in OTHER_ACTS:
        events += life(draw, partial(instrument, draw, one), moments)
    for n in range(pick(draw, range(2, 10))):
        events += life(draw, partial(provision, draw, f"rule-{n}", mode), moments)
    for n in range(pick(draw, {"none": (0,), "exact": (1, 2, 3, 4), "vague": (1, 2, 3)}[mode])):
        key = f"actor-{n}"
        open_to = [other for other in OPEN if not other.startswith("actor") or other < key]
        targets = tuple(sorted({pick(draw, open_to), pick(draw, open_to)}))
        events += life(draw, partial(provision, draw, key, mode, targets=targets), moments)
    for n in range(pick(draw, range(9))):
        events += life(draw, partial(search, draw, f"search-{n}"), moments)
    events.sort(key=lambda event: event[0])
    return World(tuple(line for _, line in events), register(draw))


__all__ = [
    "DATES",
    "DAYS",
    "EXACT",
    "KNOWN",
    "MOMENTS",
    "PLACES",
    "provision",
    "search",
    "with_evidence",
    "worlds",
]
