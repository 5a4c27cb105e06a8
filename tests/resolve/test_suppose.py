"""What if proposals were law: the resolver itself, asked of a record that says so."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kratom_atlas import changes
from kratom_atlas.model.statement import Part
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Provision
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Effect,
    InstrumentKind,
    Stage,
    Status,
    Substance,
)
from kratom_atlas.resolve.engine import world as everywhere
from kratom_atlas.resolve.history import history
from kratom_atlas.resolve.record import Record
from kratom_atlas.resolve.suppose import PENDING, latest_day, pending, suppose

from .reference import rank, restricts
from .strategies import DAYS, worlds
from .worlds import CITY, NORTH, STATE, US, World, act, ask, look, ordinal, rule, say, world

TODAY = ordinal("2026-11-22")
STEADY = settings(deadline=None, derandomize=True, database=None, max_examples=80)
days = st.sampled_from(DAYS)
BILL = "bill"


def proposed(stage: Stage = Stage.INTRODUCED, kind: InstrumentKind = InstrumentKind.BILL) -> World:
    """A state that regulates sale, a county without law, and a bill to ban it."""
    return world(
        act(BILL, stage, kind, STATE),
        look(US),
        look(STATE),
        look(NORTH),
        rule("rules", STATE, Effect.RESTRICT, Activity.SELL),
        rule("ban", STATE, Effect.PROHIBIT, instrument=BILL, from_="2030-07-01"),
    )


def test_a_bill_supposed_to_be_law_binds_from_the_day_on() -> None:
    view = proposed().record.at()
    assert ask(view, STATE, "2026-11-22").total_word is Status.REGULATED
    supposed = suppose(view, [BILL], TODAY)
    assert ask(supposed, STATE, "2026-11-21").total_word is Status.REGULATED
    assert ask(supposed, STATE, "2026-11-22").total_word is Status.BANNED
    assert ask(supposed, NORTH, "2026-11-22").total_word is Status.BANNED
    assert ask(supposed, NORTH, "2026-11-22").own_word is Status.NO_SPECIFIC_LAW
    # And the record itself says what it said.
    assert ask(view, STATE, "2026-11-22").total_word is Status.REGULATED


@pytest.mark.parametrize("stage", [s for s in Stage if s not in PENDING and not s.is_law])
def test_what_is_not_pending_is_not_supposed(stage: Stage) -> None:
    kind = InstrumentKind.RESOLUTION if stage is Stage.ADOPTED else InstrumentKind.BILL
    view = proposed(stage, kind).record.at()
    assert suppose(view, [BILL], TODAY) is view
    assert pending(view, TODAY) == ()


@pytest.mark.parametrize(
    "kind", [InstrumentKind.RESOLUTION, InstrumentKind.GUIDANCE, InstrumentKind.COURT_DECISION]
)
def test_what_never_becomes_law_is_not_supposed(kind: InstrumentKind) -> None:
    view = proposed(Stage.INTRODUCED, kind).record.at()
    assert suppose(view, [BILL], ordinal("2024-06-01")) is view
    assert pending(view, ordinal("2024-06-01")) == ()


def test_a_bill_to_repeal_ends_what_it_names() -> None:
    view = world(
        act(BILL, Stage.PASSED, InstrumentKind.BILL, STATE),
        look(US),
        look(STATE),
        rule("ban", STATE, Effect.PROHIBIT),
        rule("end", STATE, Effect.REPEAL, instrument=BILL, targets=("ban",), from_="2030"),
    ).record.at()
    assert ask(view, STATE, "2026-12-01").total_word is Status.BANNED
    supposed = suppose(view, [BILL], TODAY)
    assert ask(supposed, STATE, "2026-11-21").total_word is Status.BANNED
    assert ask(supposed, STATE, "2026-12-01").total_word is Status.LAWFUL


def test_a_bill_that_would_have_ended_changes_nothing() -> None:
    view = world(
        act(BILL, Stage.PASSED, InstrumentKind.BILL, STATE),
        look(US),
        look(STATE),
        rule("ban", STATE, Effect.PROHIBIT, instrument=BILL, from_="2024", to="2026"),
    ).record.at()
    supposed = suppose(view, [BILL], TODAY)
    assert ask(supposed, STATE, "2026-12-01").total_word is Status.NO_SPECIFIC_LAW


def test_a_bill_of_a_city_does_not_reach_its_county() -> None:
    view = world(
        act(BILL, Stage.INTRODUCED, InstrumentKind.ORDINANCE, CITY),
        *(look(place) for place in (US, STATE, NORTH, CITY)),
        rule("ban", CITY, Effect.PROHIBIT, instrument=BILL, from_="2030"),
    ).record.at()
    supposed = suppose(view, [BILL], TODAY)
    assert ask(supposed, CITY, "2026-12-01").total_word is Status.BANNED
    assert ask(supposed, NORTH, "2026-12-01").total_word is Status.NO_SPECIFIC_LAW


def rulings(view: object, day: int) -> list[bytes]:
    answers = everywhere(view, day)  # type: ignore[arg-type]
    return [
        getattr(answers, name).tobytes()
        for name in ("own_rank", "total_rank", "own", "total", "flags", "min_age", "caps")
    ]


def would(key: str, where: str, effect: Effect, *activities: Activity, **more: object) -> Provision:
    """What the bill would do: a provision without a first day."""
    one = rule(key, where, effect, *activities, instrument=BILL, **more)
    return msgspec.structs.replace(one, from_=None)


def test_a_provision_without_a_first_day_is_law_only_where_it_is_supposed() -> None:
    of = world(
        act(BILL, Stage.INTRODUCED, InstrumentKind.BILL, STATE),
        look(US),
        look(STATE),
        would("ban", STATE, Effect.PROHIBIT, retrieved="2026-11-20"),
    )
    view = of.record.at()
    for day in ("1900-01-01", "2026-11-22", "2090-01-01"):
        assert ask(view, STATE, day).total_word is not Status.BANNED
    # Neither a look at its law, nor law found.
    assert view.last_looks()[of.record.index[STATE]] == ordinal("2024-01-01")
    assert view.searched()[of.record.index[STATE]] == 1
    assert list(view.proposed) == ["ban"]
    supposed = suppose(view, [BILL], TODAY)
    assert ask(supposed, STATE, "2026-11-22").total_word is Status.BANNED
    assert ask(supposed, STATE, "2026-11-21").total_word is Status.NO_SPECIFIC_LAW
    assert supposed.proposed == {}


@pytest.mark.parametrize("stage", [Stage.FAILED, Stage.ENACTED])
def test_without_a_first_day_it_applies_on_no_day_whatever_became_of_the_bill(stage: Stage) -> None:
    view = world(
        act(BILL, stage, InstrumentKind.BILL, STATE),
        *(look(place) for place in (US, STATE)),
        would("ban", STATE, Effect.PROHIBIT),
    ).record.at()
    assert ask(view, STATE, "2030-01-01").total_word is Status.NO_SPECIFIC_LAW
    assert suppose(view, [BILL], TODAY) is view


def test_a_proposed_repeal_ends_nothing_until_it_is_supposed() -> None:
    view = world(
        act(BILL, Stage.PASSED, InstrumentKind.BILL, STATE),
        *(look(place) for place in (US, STATE)),
        rule("ban", STATE, Effect.PROHIBIT),
        would("end", STATE, Effect.REPEAL, targets=("ban",)),
    ).record.at()
    assert ask(view, STATE, "2026-12-01").total_word is Status.BANNED
    assert ask(suppose(view, [BILL], TODAY), STATE, "2026-12-01").total_word is Status.LAWFUL


def told(record: Record) -> list[object]:
    """Every change that a record ever tells: of the law, and of what was said."""
    view = record.at()
    every = history(view, range(len(record.places)))
    found: list[object] = list(changes.from_history(view, every))
    moments = [record.bound(moment) for moment in record.moments]
    for before, after, moment in zip(moments, moments[1:], record.moments[1:], strict=False):
        found += changes.knowledge(record, moment, record.at(before), record.at(after))
    return found


@STEADY
@given(worlds(), days, st.data())
def test_what_bills_would_do_changes_no_answer_and_tells_nothing(
    of: World, on: int, data: st.DataObject
) -> None:
    effects = st.sampled_from(
        (Effect.PROHIBIT, Effect.SCHEDULE, Effect.PERMIT, Effect.PREEMPT, Effect.RESTRICT)
    )
    bill = say(act(BILL, Stage.INTRODUCED, InstrumentKind.BILL, STATE))
    places = data.draw(st.lists(st.sampled_from((US, STATE, NORTH, CITY)), min_size=1, max_size=4))
    proposals = [
        say(would(f"would-{n}", place, data.draw(effects), retrieved="2026-11-20"))
        for n, place in enumerate(places)
    ]
    kept = [n for n, line in enumerate(of.lines) if line.part is Part.PROVISION]
    ended = of.lines[kept[0]].provision if kept else None
    if ended is not None:
        proposals.append(
            say(
                would(
                    "would-end", ended.jurisdiction, Effect.REPEAL, *ended.activities,
                    targets=(ended.id,), substances=ended.substances,
                )
            )
        )  # fmt: skip
    without = of.but((bill, *of.lines)).record
    having = of.but((bill, *proposals, *of.lines)).record
    for moment in (None, *(without.bound(one) for one in without.moments)):
        assert rulings(having.at(moment), on) == rulings(without.at(moment), on)
        before, after = everywhere(without.at(moment), on), everywhere(having.at(moment), on)
        for name in ("incoming", "verification", "last_checked"):
            assert getattr(before, name).tolist() == getattr(after, name).tolist()
    assert told(having) == told(without)


@STEADY
@given(worlds(), days, days)
def test_with_no_bill_it_is_the_law(of: World, supposed_on: int, on: int) -> None:
    view = of.record.at()
    none = suppose(view, (), supposed_on)
    assert rulings(none, on) == rulings(view, on)
    # Nor does supposing what is law already, or is not known at all.
    known = [key for key, one in view.instruments.items() if one.stage.is_law]
    same = suppose(view, [*known, "unheard-of"], supposed_on)
    assert rulings(same, on) == rulings(view, on)


@STEADY
@given(worlds(), days, days)
def test_it_is_the_answer_of_the_day_on_which_the_bills_were_enacted(
    of: World, first: int, on: int
) -> None:
    """The same world, told by hand as it would be told once the bills had passed."""
    view = of.record.at()
    bills = {
        key
        for key, one in view.instruments.items()
        if one.stage in PENDING and one.kind is not InstrumentKind.GUIDANCE
    }
    start = PartialDate(date.fromordinal(first).isoformat())
    told = []
    for line in of.lines:
        body = line.body
        if body is None:
            told.append(line)
        elif line.part is Part.INSTRUMENT and line.subject in bills:
            told.append(say(act(line.subject, enacted=start), line.recorded_at, line.op))
        elif line.part is Part.PROVISION and body.instrument in bills:  # type: ignore[union-attr]
            over = body.to is not None and body.to.hi <= first + 1  # type: ignore[union-attr]
            later = body if over else msgspec.structs.replace(body, from_=start, attested=None)
            told.append(msgspec.structs.replace(line, provision=later))
        else:
            told.append(line)
    by_hand = of.but(told).record.at()
    assert rulings(suppose(view, bills, first), on) == rulings(by_hand, on)


@STEADY
@given(worlds(modes=("none",)), days, st.sampled_from((Effect.PROHIBIT, Effect.RESTRICT)))
def test_a_bill_that_only_forbids_never_loosens(of: World, on: int, effect: Effect) -> None:
    more = (
        say(act("proposal", Stage.INTRODUCED, InstrumentKind.BILL, STATE)),
        say(rule("proposed", STATE, effect, instrument="proposal")),
    )
    view = of.but((*of.lines, *more)).record.at()
    before = everywhere(view, on)
    after = everywhere(suppose(view, ["proposal"], on), on)
    unknown = ActivityStatus.UNKNOWN.rank
    leaf = Substance.LEAF.rank
    for was, now in zip(
        before.total_rank[:, leaf].ravel().tolist(),
        after.total_rank[:, leaf].ravel().tolist(),
        strict=True,
    ):
        if was != unknown and restricts(tuple(ActivityStatus)[was]):
            assert rank(tuple(ActivityStatus)[now]) >= rank(tuple(ActivityStatus)[was])


@pytest.mark.parametrize(
    ("session", "introduced", "note", "there"),
    [
        ("2026", None, None, True),
        ("2025-26", None, None, True),
        ("136th (2025-26)", None, None, True),
        ("2025-2028", None, None, True),
        ("2025", None, "Last recorded action: 2025-03-01.", False),
        ("2021-2024", None, None, False),
        ("119th", "2026-03-19", None, True),
        ("119th", "2027-01-03", None, False),
        ("193rd", None, "Last date given: 2024-08-05.", False),
        ("194th", None, "Advanced in August 2026. Last date given: 2026-08.", True),
        ("85th", None, None, False),
        ("194th", None, "Not a day: 2026-99-99.", False),
    ],
)
def test_a_bill_of_a_session_that_is_over_moves_no_more(
    session: str, introduced: str | None, note: str | None, there: bool
) -> None:
    bill = msgspec.structs.replace(
        act(BILL, Stage.INTRODUCED, InstrumentKind.BILL, STATE),
        session=session,
        introduced=PartialDate(introduced) if introduced else None,
        note=note,
    )
    found = pending(world(bill).record.at(), TODAY)
    assert [one.id for one in found] == ([BILL] if there else [])


def test_what_is_filed_ahead_of_its_session_needs_no_day() -> None:
    bill = msgspec.structs.replace(act(BILL, Stage.PREFILED, InstrumentKind.BILL), session="222nd")
    assert len(pending(world(bill).record.at(), TODAY)) == 1
    assert latest_day(bill, TODAY) is None


def test_the_latest_day_is_not_one_that_has_not_come() -> None:
    bill = msgspec.structs.replace(
        act(BILL, Stage.INTRODUCED, InstrumentKind.BILL),
        note="The session runs to 2026-12-31. Last recorded action: 2026-03-24.",
    )
    assert latest_day(bill, TODAY) == "2026-03-24"
    assert latest_day(bill, ordinal("2026-03-01")) is None
