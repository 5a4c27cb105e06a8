"""Laws that every answer obeys, whatever the world."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kratom_atlas.model.statement import Op, Part, known_bound
from kratom_atlas.model.values import Provision, Search
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Effect,
    Flag,
    Level,
    SearchResult,
    Stage,
    Status,
    Substance,
)
from kratom_atlas.resolve.engine import world as everywhere

from .reference import Ruling, rank, restricts
from .strategies import DAYS, EXACT, MOMENTS, PLACES, provision, search, with_evidence, worlds
from .worlds import STATE, US, World, act, ask, look, ordinal, rule, ruling, say, world

STEADY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=120,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
TWO = (Activity.POSSESS, Activity.SELL)
NAMED = (Substance.LEAF, Substance.SEVEN_OH)
LATER = "2023-01-01T00:00:00Z"

days = st.sampled_from(DAYS)
exact = st.sampled_from(EXACT)
places = st.sampled_from(PLACES)
not_law = st.sampled_from([s for s in Stage if not s.is_law])
any_search = st.composite(lambda draw: search(draw, "new-search"))()
any_rule = st.composite(lambda draw: provision(draw, "new-rule", "none"))()

Rulings = dict[tuple[str, Substance], Ruling]


def rulings(of: World, on: int, known: str | None = None) -> Rulings:
    """The engine's answers for every place."""
    view = of.record.at(known_bound(known) if known else None)
    answers = everywhere(view, on)
    return {
        (p.id, s): ruling(view, answers, n, s)
        for n, p in enumerate(view.record.places)
        for s in NAMED
    }


def statuses(answers: Rulings) -> dict[tuple[str, Substance], tuple[object, ...]]:
    """Only what the law is, and neither how we know nor what to know beside it."""
    return {
        key: (r.own, r.total, r.own_word, r.total_word, r.min_age, r.caps)
        for key, r in answers.items()
    }


def without(of: World, subject: str) -> World:
    """As if nothing had ever been said of `subject`."""
    return of.but(line for line in of.lines if line.subject != subject)


def without_effects(of: World, *effects: Effect) -> World:
    """Without the provisions that ever had one of those effects."""
    gone = {b.id for b in bodies(of) if isinstance(b, Provision) and b.effect in effects}
    return of.but(line for line in of.lines if line.subject not in gone)


def all_none(of: World) -> World:
    """The same world, but every search found nothing."""
    lines = []
    for line in of.lines:
        if line.search is not None:
            none = msgspec.structs.replace(line.search, result=SearchResult.NONE)
            line = say(none, line.recorded_at, line.op)
        lines.append(line)
    return of.but(lines)


def iso(day: int) -> str:
    """A day in words."""
    return date.fromordinal(day).isoformat()


def bodies(of: World) -> Iterable[Any]:
    """Everything that was ever said."""
    return (line.body for line in of.lines if line.body is not None)


# -- time and knowledge --------------------------------------------------------------------------


@settings(STEADY)
@given(worlds(), days, st.sampled_from(MOMENTS))
def test_what_is_recorded_later_changes_no_earlier_answer(of: World, on: int, known: str) -> None:
    before = of.but(line for line in of.lines if line.recorded_at <= known)
    assert rulings(of, on, known) == rulings(before, on, known)
    # Nor does it matter how much later one asks, as long as nothing was recorded in between.
    stale = {Flag.STALE}
    later = {k: replace(r, flags=r.flags - stale) for k, r in rulings(before, on).items()}
    now = {k: replace(r, flags=r.flags - stale) for k, r in rulings(before, on, known).items()}
    assert now == later


@settings(STEADY)
@given(worlds(), days, st.randoms(use_true_random=False))
def test_the_order_of_lines_of_one_moment_does_not_matter(of: World, on: int, random: Any) -> None:
    shuffled = []
    for _, group in groupby(of.lines, key=lambda line: line.recorded_at):
        lines = list(group)
        subjects = [line.subject for line in lines]
        random.shuffle(subjects)
        # Lines of one subject follow one another; those of different subjects do not.
        waiting = {s: [line for line in lines if line.subject == s] for s in subjects}
        shuffled += [waiting[s].pop(0) for s in subjects]
    assert rulings(of, on) == rulings(of.but(shuffled), on)


@settings(STEADY)
@given(worlds(), days, st.data())
def test_a_retraction_leaves_it_as_if_never_said(of: World, on: int, data: st.DataObject) -> None:
    body = data.draw(st.sampled_from([b for b in bodies(of) if b.id != "act"]))
    retracted = of.but((*of.lines, say(body, LATER, Op.RETRACT)))
    assert rulings(retracted, on) == rulings(without(of, body.id), on)
    assert rulings(retracted, on, MOMENTS[-1]) == rulings(of, on, MOMENTS[-1])


@settings(STEADY)
@given(worlds(), days, st.data())
def test_better_evidence_changes_no_status(of: World, on: int, data: st.DataObject) -> None:
    said = {line.subject: line.body for line in of.lines}
    standing = [b for b in said.values() if isinstance(b, Provision)]
    if not standing:
        return
    body = data.draw(st.sampled_from(standing))
    quality = data.draw(st.sampled_from(list(type(body.verification))))
    same = with_evidence(body, quality, "2022-12-31")
    told = of.but((*of.lines, say(same, LATER, Op.ACKNOWLEDGE)))
    before, after = rulings(of, on), rulings(told, on)
    assert statuses(before) == statuses(after)
    # Of rules equally strict the best known is shown, so that only this may change besides.
    shown = {Flag.STALE, Flag.REPORTED_ONLY, Flag.CONTESTED}
    for key, was in before.items():
        assert was.flags - shown == after[key].flags - shown
        assert was.incoming == after[key].incoming


# -- absence -------------------------------------------------------------------------------------


@settings(STEADY)
@given(worlds(), days)
def test_only_a_search_makes_silence_known(of: World, on: int) -> None:
    searched = {
        (b.jurisdiction, s)
        for b in bodies(of)
        if isinstance(b, Search)
        for s in b.substances
        if b.covers.from_.lo <= on and (b.covers.to is None or on < b.covers.to.lo)
    }
    for key, r in rulings(of, on).items():
        if key not in searched:
            assert ActivityStatus.NO_LAW not in r.own.values()
            assert r.own_word is not Status.NO_SPECIFIC_LAW
    nowhere = of.but(line for line in of.lines if line.part is not Part.SEARCH)
    for r in rulings(nowhere, on).values():
        assert ActivityStatus.NO_LAW not in (*r.own.values(), *r.total.values())


@settings(STEADY)
@given(worlds(), days, any_search)
def test_a_search_changes_only_what_was_unknown(of: World, on: int, found: Search) -> None:
    before, after = rulings(of, on), rulings(of.but((*of.lines, say(found, LATER))), on)
    for key, was in before.items():
        now = after[key]
        for a in TWO:
            for old, new in ((was.own[a], now.own[a]), (was.total[a], now.total[a])):
                if old is not ActivityStatus.UNKNOWN:
                    assert new is old
                else:
                    assert not restricts(new)
            if restricts(was.total[a]):
                assert now.decides[a] == was.decides[a]


# -- layers --------------------------------------------------------------------------------------


@settings(STEADY)
@given(worlds(), days)
def test_no_total_is_looser_than_a_restriction_above(of: World, on: int) -> None:
    answers = rulings(of, on)
    record = of.record
    for n, below in enumerate(record.places):
        for above in (record.places[b] for b in record.at().binders[n]):
            if above.level is Level.COUNTY and below.level is Level.MUNICIPALITY:
                continue
            for s in NAMED:
                for a in TWO:
                    over = answers[above.id, s].total[a]
                    if restricts(over):
                        assert rank(answers[below.id, s].total[a]) >= rank(over)


@settings(STEADY)
@given(worlds(), days)
def test_without_preemption_no_total_is_looser_than_own_law(of: World, on: int) -> None:
    free = without_effects(of, Effect.PREEMPT)
    for r in rulings(free, on).values():
        for a in TWO:
            assert not restricts(r.own[a]) or rank(r.total[a]) >= rank(r.own[a])


@settings(STEADY)
@given(worlds(), days, st.sampled_from((Effect.PERMIT, Effect.EXEMPT, None)))
def test_leave_and_silence_above_say_nothing_below(
    of: World, on: int, effect: Effect | None
) -> None:
    free = without_effects(of, Effect.PREEMPT)
    said = (
        rule("leave", US, effect, *Activity, substances=NAMED, from_="1990")
        if effect
        else look(US, "1990", key="silence", substances=NAMED)
    )
    before, after = rulings(free, on), rulings(free.but((*free.lines, say(said, LATER))), on)
    for (where, s), was in before.items():
        if where == US:
            continue
        now = after[where, s]
        assert now.own == was.own
        for a in TWO:
            if restricts(was.total[a]):
                assert now.total[a] is was.total[a]
            elif was.own[a] is ActivityStatus.UNKNOWN:
                assert now.total[a] is ActivityStatus.UNKNOWN
            else:
                assert not restricts(now.total[a])


@settings(STEADY)
@given(worlds(), days, any_rule)
def test_one_more_restriction_loosens_nothing(of: World, on: int, more: Provision) -> None:
    if more.effect in (Effect.PREEMPT, Effect.ALLOW_STRICTER):
        return
    before = rulings(of, on)
    after = rulings(of.but((*of.lines, say(more, LATER))), on)
    for key, was in before.items():
        for a in TWO:
            if restricts(was.own[a]):
                assert rank(after[key].own[a]) >= rank(was.own[a])
            if restricts(was.total[a]):
                assert rank(after[key].total[a]) >= rank(was.total[a])


@settings(STEADY)
@given(worlds(), days, st.sampled_from((Effect.TAX, Effect.STUDY)), places)
def test_taxes_and_studies_have_no_effect(of: World, on: int, effect: Effect, where: str) -> None:
    more = rule("levy", where, effect, *Activity, substances=NAMED, from_="1990")
    # It is law, though: a search that found law may mean it, and then makes the rest silent.
    clear = all_none(of)
    after = rulings(clear.but((*clear.lines, say(more, LATER))), on)
    assert statuses(rulings(clear, on)) == statuses(after)


# -- law and its dates ---------------------------------------------------------------------------


@settings(STEADY)
@given(worlds(), days, any_rule, not_law)
def test_a_bill_changes_no_answer(of: World, on: int, bill: Provision, stage: Stage) -> None:
    proposed = msgspec.structs.replace(bill, instrument="new-bill")
    lines = (*of.lines, say(act("new-bill", stage), LATER), say(proposed, LATER))
    before, after = rulings(of, on), rulings(of.but(lines), on)
    # Who reads a bill looks at the place: only this may be newer.
    looked = {key: r.last_checked for key, r in after.items()}
    for key, was in before.items():
        now = replace(after[key], last_checked=was.last_checked)
        assert replace(was, flags=was.flags - {Flag.STALE}) == replace(
            now, flags=now.flags - {Flag.STALE}
        )
        assert (was.last_checked or 0) <= (looked[key] or 0)


@settings(STEADY)
@given(worlds(("none",)), days, any_rule, exact, st.sampled_from((None, *EXACT)), places)
def test_a_repeal_restores_what_was_there_before(
    of: World, on: int, ban: Provision, since: str, until: str | None, where: str
) -> None:
    target = msgspec.structs.replace(ban, instrument="act")
    if target.from_ is None or (until is not None and until <= since):
        return
    dates: dict[str, Any] = {"from_": since, "to": until}
    repeal = rule("ending", where, Effect.REPEAL, targets=(target.id,), retrieved="2020", **dates)
    leave = rule("ending", where, Effect.PERMIT, retrieved="2020", **dates)
    of = all_none(of)
    ended = of.but((*of.lines, say(target, LATER), say(repeal, LATER)))
    unsaid = of.but((*of.lines, say(leave, LATER)))
    unended = of.but((*of.lines, say(target, LATER)))
    over = until is not None and ordinal(until) <= on
    if ordinal(since) <= on and not over:
        # A repeal gives leave, and otherwise it is as if its target had never been.
        assert statuses(rulings(ended, on)) == statuses(rulings(unsaid, on))
    else:
        assert statuses(rulings(ended, on)) == statuses(rulings(unended, on))


@settings(STEADY)
@given(worlds(("none",)), days, any_rule, exact, st.sampled_from((None, *EXACT)), places)
def test_a_stay_is_silence_while_it_lasts(
    of: World, on: int, ban: Provision, since: str, until: str | None, where: str
) -> None:
    target = msgspec.structs.replace(ban, instrument="act")
    if target.from_ is None or (until is not None and until <= since):
        return
    dates: dict[str, Any] = {"from_": since, "to": until}
    stay = rule("stay", where, Effect.STAY, targets=(target.id,), **dates)
    of = all_none(of)
    stayed = of.but((*of.lines, say(target, LATER), say(stay, LATER)))
    over = until is not None and ordinal(until) <= on
    lasting = ordinal(since) <= on and not over
    other = of if lasting else of.but((*of.lines, say(target, LATER)))
    assert statuses(rulings(stayed, on)) == statuses(rulings(other, on))


@settings(STEADY)
@given(
    st.dates(date(1991, 1, 2), date(2090, 1, 1)),
    st.integers(1, 4000),
    st.integers(-3, 3),
)
def test_an_interval_holds_its_first_day_and_not_its_last(
    first: date, length: int, off: int
) -> None:
    begin = first.toordinal()
    end = begin + length
    of = world(
        rule("ban", STATE, Effect.PROHIBIT, from_=iso(begin), to=iso(end)),
        look(STATE, "1900"),
    )
    for on in (begin + off, end + off):
        expected = Status.BANNED if begin <= on < end else Status.NO_SPECIFIC_LAW
        answer = ask(of, STATE, iso(on))
        assert answer.own_word is expected
        assert Flag.DATE_UNCERTAIN not in answer.flags
        assert (answer.incoming == begin) is (on < begin)
