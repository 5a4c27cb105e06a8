"""What counts as a change, on which day, why, and in which words."""

from __future__ import annotations

from kratom_atlas import changes
from kratom_atlas.model.change import Change
from kratom_atlas.model.statement import Op
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Activity, ChangeKind, Effect, Flag, Level, Substance
from kratom_atlas.resolve.explain import answer, chain, known_since
from kratom_atlas.resolve.history import history
from kratom_atlas.resolve.record import Record

from .worlds import (
    NORTH,
    STATE,
    UNION,
    US,
    World,
    act,
    ask,
    look,
    ordinal,
    place,
    rule,
    say,
    world,
)

SEARCHED = (look(UNION), look(US), look(STATE), look(NORTH))


def law(of: World, where: str = STATE) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(date, before, after, provisions) of every change of law of one place's word."""
    view = of.record.at()
    n = view.record.index[where]
    return [
        (c.date, str(c.before), str(c.after), c.provisions)
        for c in changes.from_history(view, history(view, [n]))
        if c.activity is None
    ]


def diff(of: World, first: str, last: str) -> list[Change]:
    view = of.record.at()
    return changes.between(of.record, (ordinal(first), ordinal(last)), (view, view))


def learned(of: World) -> list[Change]:
    """What the later moments of the record made us say otherwise."""
    record: Record = of.record
    found: list[Change] = []
    for before, after in zip(record.moments, record.moments[1:], strict=False):
        views = record.at(record.bound(before)), record.at(record.bound(after))
        found += changes.knowledge(record, after, *views)
    return found


def test_an_age_that_rises_is_told_though_another_rule_decides() -> None:
    old = Qualifiers(min_age=18, labelling="a label")
    new = Qualifiers(min_age=21, registration="sellers")
    of = world(
        *SEARCHED,
        rule("z-old", STATE, Effect.RESTRICT, Activity.SELL, qualifiers=old),
        rule("a-new", STATE, Effect.RESTRICT, Activity.SELL, qualifiers=new, from_="2026-08-01"),
    )
    assert ("2026-08-01", "regulated", "regulated", ("a-new", "z-old")) in law(of)
    (told,) = diff(of, "2026-07-01", "2026-09-01")
    assert told.date == "2026-08-01"
    assert "minimum age to buy kratom leaf rises from 18 to 21 on 2026-08-01" in told.summary


def test_a_preemption_is_a_change_where_it_strikes() -> None:
    of = world(
        *SEARCHED,
        rule("ban", NORTH, Effect.PROHIBIT, from_="2015-01-01"),
        rule("bar", STATE, Effect.PREEMPT, from_="2022-01-01"),
        rule("label", STATE, Effect.RESTRICT, Activity.SELL, from_="2021-01-01"),
    )
    dates = [(date, after, why) for date, _, after, why in law(of, NORTH)]
    assert ("2022-01-01", "regulated", ("bar", "label")) in dates
    told = [c for c in diff(of, "2021-06-01", "2023-01-01") if c.jurisdiction.id == NORTH]
    assert {c.date for c in told} == {"2022-01-01"}
    view = of.record.at()
    links = {
        link.provision.id: link.bearing
        for link in chain(view, view.record.index[NORTH], Substance.LEAF, ordinal("2023-01-01"))
        if link.provision
    }
    assert links["ban"] == "preempted by a higher level"


def test_a_stay_has_its_own_day() -> None:
    of = world(
        *SEARCHED,
        rule("ban", STATE, Effect.PROHIBIT),
        rule("court", STATE, Effect.STAY, from_="2026-03-01", to="2026-06-01", targets=("ban",)),
    )
    assert [(c.date, c.provisions[0]) for c in diff(of, "2026-01-01", "2026-04-15")] == [
        ("2026-03-01", "court")
    ]
    assert [date for date, *_ in law(of)] == ["2020-01-01", "2026-03-01", "2026-06-01"]


def test_what_was_only_first_seen_is_knowledge_and_has_no_day() -> None:
    of = world(*SEARCHED, rule("ban", STATE, Effect.PROHIBIT, attested="2024-01-01"))
    (told,) = diff(of, "2020-01-01", "2024-06-01")
    assert (told.kind, told.date) == (ChangeKind.KNOWLEDGE, "")
    assert law(of) == []


def test_first_seen_on_the_day_of_another_law_stays_first_seen() -> None:
    of = world(
        *SEARCHED,
        rule("state", STATE, Effect.PROHIBIT, attested="2022-01-01"),
        rule("county", NORTH, Effect.PROHIBIT, from_="2022-01-01"),
        rule("nation", US, Effect.RESTRICT, Activity.IMPORT, from_="2022-01-01"),
    )
    assert law(of) == []
    view = of.record.at()
    n = view.record.index[STATE]
    since, _ = known_since(history(view, [n], local=False), 0, ordinal("2024-01-01"))
    assert since is None


def test_an_announced_day_that_moves_is_corrected() -> None:
    of = world(*SEARCHED, rule("ban", STATE, Effect.PROHIBIT, from_="2027-01-01"))
    moved = rule("ban", STATE, Effect.PROHIBIT, from_="2027-07-01")
    of = of.but((*of.lines, say(moved, "2024-06-01T00:00:00Z", Op.SUPERSEDE)))
    told = [c for c in learned(of) if c.jurisdiction.id == STATE]
    assert [(c.kind, c.date) for c in told] == [(ChangeKind.CORRECTION, "2027-01-01")]


def test_a_new_act_for_a_later_day_is_law_and_no_correction() -> None:
    of = world(*SEARCHED, rule("label", STATE, Effect.RESTRICT, Activity.SELL))
    ban = rule("ban", STATE, Effect.PROHIBIT, from_="2027-01-01")
    of = of.but((*of.lines, say(ban, "2024-06-01T00:00:00Z")))
    assert learned(of) == []
    assert ("2027-01-01", "regulated", "banned", ("ban",)) in law(of)


def test_local_law_learned_late_is_no_correction_of_the_state() -> None:
    of = world(
        look(UNION), look(US), look(STATE), rule("label", STATE, Effect.RESTRICT, Activity.SELL)
    )
    ban = rule("ban", NORTH, Effect.PROHIBIT, from_="2015-01-01")
    of = of.but((*of.lines, say(ban, "2024-06-01T00:00:00Z")))
    told = [c for c in learned(of) if c.jurisdiction.id == NORTH]
    assert told
    assert {c.kind for c in told} == {ChangeKind.KNOWLEDGE}


def test_two_corrections_of_one_day_are_both_told() -> None:
    of = world(*SEARCHED, rule("one", STATE, Effect.PROHIBIT))
    sale = rule("one", STATE, Effect.RESTRICT, qualifiers=Qualifiers(labelling="a label"))
    aged = rule("one", STATE, Effect.RESTRICT, qualifiers=Qualifiers(min_age=21))
    of = of.but(
        (
            *of.lines,
            say(sale, "2024-03-05T00:00:00Z", Op.SUPERSEDE),
            say(aged, "2024-03-05T09:00:00Z", Op.SUPERSEDE),
        )
    )
    told = [c for c in learned(of) if c.activity is None]
    assert [(c.before, c.after) for c in told] == [
        ("banned", "regulated"),
        ("regulated", "age-restricted"),
    ]
    assert len({c.id for c in told}) == 2


def test_nothing_is_coming_before_it_was_enacted() -> None:
    ban = rule("ban", STATE, Effect.PROHIBIT, from_="2027", instrument="new")
    of = world(*SEARCHED, act("new", enacted="2026-04-14"), ban)
    assert Flag.INCOMING not in ask(of, STATE, "2026-04-13").flags
    assert Flag.INCOMING in ask(of, STATE, "2026-04-14").flags
    view = of.record.at()
    found = answer(view, view.record.index[STATE], Substance.LEAF, ordinal("2026-05-01"), "now")
    assert found.incoming == "2027"


def test_what_binds_a_place_is_taken_as_known_at_the_time() -> None:
    of = world(*SEARCHED, rule("ban", UNION, Effect.PROHIBIT, from_="2015-01-01"))
    joined = place(STATE, Level.SUBDIVISION, parent=US, bound_by=(US, UNION))
    of = of.but((*of.lines, say(joined, "2024-03-05T00:00:00Z")))
    assert ask(of, STATE, "2024-02-01", known="2024-02-01").total_word == "no-specific-law"


def test_better_evidence_does_not_move_when_it_was_first_said() -> None:
    of = world(*SEARCHED, rule("ban", STATE, Effect.PROHIBIT))
    again = rule("ban", STATE, Effect.PROHIBIT, retrieved="2025-01-01")
    of = of.but((*of.lines, say(again, "2025-02-01T00:00:00Z", Op.ACKNOWLEDGE)))
    view = of.record.at()
    told = list(changes.from_history(view, history(view, [view.record.index[STATE]])))
    assert {c.recorded_at for c in told} == {"2024-01-01T00:00:00Z"}
    assert learned(of) == []
