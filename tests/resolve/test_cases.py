"""The hard cases, each as a world of a few lines with what a lawyer would answer."""

from __future__ import annotations

import pytest

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import Op
from kratom_atlas.model.values import AlkaloidCap, Cap, Qualifiers
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Alkaloid,
    Effect,
    Extent,
    Flag,
    InstrumentKind,
    Level,
    SearchResult,
    Stage,
    Status,
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
    ask,
    look,
    ordinal,
    place,
    register_of,
    rule,
    say,
    world,
)

POSSESS, SELL = Activity.POSSESS, Activity.SELL
AGE_21 = Qualifiers(min_age=21)
RULES = Qualifiers(min_age=21, labelling="A label", registration="Of products")

searched = (look(US), look(STATE), look(NORTH), look(SOUTH), look(CITY))
"""Somebody looked everywhere and found nothing else."""


# -- layers --------------------------------------------------------------------------------------


def test_a_state_sale_ban_and_a_county_possession_ban_are_a_ban() -> None:
    of = world(
        rule("no-sale", STATE, Effect.PROHIBIT, SELL),
        rule("no-possession", NORTH, Effect.PROHIBIT, POSSESS),
        *searched,
    )
    assert ask(of, STATE).total_word is Status.SALE_BANNED
    assert Flag.LOCAL_RULES in ask(of, STATE).flags
    county = ask(of, NORTH)
    assert county.own_word is Status.BANNED
    assert county.own[SELL] is ActivityStatus.NO_LAW
    assert county.total_word is Status.BANNED
    assert county.total == {POSSESS: ActivityStatus.UNLAWFUL, SELL: ActivityStatus.UNLAWFUL}
    assert county.decides == {POSSESS: "no-possession", SELL: "no-sale"}
    assert ask(of, SOUTH).total_word is Status.SALE_BANNED


def test_the_word_is_not_combined_from_words() -> None:
    """Two places of which neither is banned make one that is."""
    of = world(
        rule("licence", STATE, Effect.LICENSE, SELL),
        rule("armed", NORTH, Effect.RESTRICT, POSSESS, qualifiers=AGE_21),
        *searched,
    )
    assert ask(of, NORTH).own_word is Status.AGE_RESTRICTED
    assert ask(of, NORTH).total_word is Status.PRESCRIPTION
    assert ask(of, NORTH).min_age == 21


def test_an_unsearched_county_in_a_restricted_state_is_as_the_state() -> None:
    of = world(rule("rules", STATE, Effect.RESTRICT, SELL, qualifiers=RULES), look(US), look(STATE))
    county = ask(of, NORTH)
    assert county.own_word is Status.UNKNOWN
    assert county.total_word is Status.REGULATED
    assert Flag.LOCAL_UNKNOWN in county.flags
    assert county.total == {POSSESS: ActivityStatus.UNKNOWN, SELL: ActivityStatus.CONDITIONAL}
    assert county.min_age == 21


def test_an_unsearched_county_in_a_searched_state_without_law_is_unknown() -> None:
    of = world(look(US), look(STATE))
    assert ask(of, STATE).total_word is Status.NO_SPECIFIC_LAW
    assert Flag.LOCAL_UNKNOWN in ask(of, STATE).flags
    assert ask(of, NORTH).total_word is Status.UNKNOWN
    assert ask(of, NORTH).flags == frozenset()
    # Nor does a searched county say anything while nobody has searched the state.
    of = world(look(US), look(NORTH))
    assert ask(of, NORTH).own_word is Status.NO_SPECIFIC_LAW
    assert ask(of, NORTH).total_word is Status.UNKNOWN


def test_leave_of_the_state_says_nothing_of_the_county() -> None:
    of = world(rule("leave", STATE, Effect.PERMIT), look(US))
    assert ask(of, STATE).total_word is Status.LAWFUL
    assert ask(of, NORTH).total_word is Status.UNKNOWN
    of = world(rule("leave", STATE, Effect.PERMIT), look(US), look(NORTH))
    assert ask(of, NORTH).total_word is Status.LAWFUL
    of = world(rule("leave", STATE, Effect.PERMIT), rule("ban", NORTH, Effect.PROHIBIT), look(US))
    assert ask(of, NORTH).total_word is Status.BANNED


def test_a_search_says_nothing_of_other_substances_and_other_days() -> None:
    of = world(look(US, "2020", "2023"))
    assert ask(of, US, "2019-12-31").total_word is Status.UNKNOWN
    assert ask(of, US, "2020-01-01").total_word is Status.NO_SPECIFIC_LAW
    assert ask(of, US, "2022-12-31").total_word is Status.NO_SPECIFIC_LAW
    assert ask(of, US, "2023-01-01").total_word is Status.UNKNOWN
    assert ask(of, US, "2021-01-01", Substance.SEVEN_OH).total_word is Status.UNKNOWN


def test_a_tribal_place_inherits_nothing_by_default() -> None:
    ban = rule("ban", STATE, Effect.PROHIBIT)
    of = world(ban, look(US), look(TRIBE))
    assert ask(of, TRIBE).total_word is Status.NO_SPECIFIC_LAW
    assert ask(world(ban, look(US)), TRIBE).total_word is Status.UNKNOWN
    bound = place(TRIBE, Level.TRIBAL, parent=STATE, bound_by=(US,))
    federal = rule("federal", US, Effect.RESTRICT, SELL, qualifiers=AGE_21)
    of = world(ban, federal, look(TRIBE), places=(bound,))
    assert ask(of, TRIBE).total_word is Status.AGE_RESTRICTED
    bound = place(TRIBE, Level.TRIBAL, parent=STATE, bound_by=(STATE,))
    of = world(ban, federal, look(TRIBE), places=(bound,))
    assert ask(of, TRIBE).total_word is Status.BANNED


def test_a_member_is_bound_by_its_union() -> None:
    member = place(US, Level.COUNTRY, bound_by=(UNION,))
    food = rule("novel-food", UNION, Effect.RESTRICT, SELL, qualifiers=RULES)
    assert ask(world(food, look(US)), US).total_word is Status.NO_SPECIFIC_LAW
    of = world(food, look(US), places=(member,))
    assert ask(of, US).own_word is Status.NO_SPECIFIC_LAW
    assert ask(of, US).total_word is Status.REGULATED
    assert ask(of, STATE).total_word is Status.REGULATED
    # A country may be stricter than its union.
    of = world(food, rule("ban", US, Effect.PROHIBIT), places=(member,))
    assert ask(of, US).total_word is Status.BANNED
    assert Flag.LOCAL_RULES in ask(of, UNION).flags


# -- extent --------------------------------------------------------------------------------------


def test_a_county_rule_reaches_into_a_city_only_where_it_covers_the_whole_county() -> None:
    def city(extent: Extent) -> tuple[Status, frozenset[Flag]]:
        ban = rule("ban", NORTH, Effect.PROHIBIT, extent=extent)
        of = world(ban, look(US), look(STATE), look(CITY))
        assert ask(of, NORTH).total_word is Status.BANNED
        answer = ask(of, CITY)
        return answer.total_word, answer.flags

    assert city(Extent.WHOLE) == (Status.BANNED, frozenset())
    assert city(Extent.UNINCORPORATED) == (Status.NO_SPECIFIC_LAW, frozenset())
    assert city(Extent.UNKNOWN) == (Status.NO_SPECIFIC_LAW, frozenset({Flag.EXTENT_UNKNOWN}))


def test_an_unknown_extent_is_flagged_only_where_it_would_be_stricter() -> None:
    ban = rule("ban", NORTH, Effect.PROHIBIT, SELL, extent=Extent.UNKNOWN)
    of = world(ban, rule("state-ban", STATE, Effect.PROHIBIT), *searched)
    assert Flag.EXTENT_UNKNOWN not in ask(of, CITY).flags
    of = world(ban, rule("state-age", STATE, Effect.RESTRICT, SELL, qualifiers=AGE_21), *searched)
    assert ask(of, CITY).total_word is Status.AGE_RESTRICTED
    assert Flag.EXTENT_UNKNOWN in ask(of, CITY).flags


def test_a_city_in_two_counties_of_which_one_has_a_whole_county_ban() -> None:
    both = place(CITY, Level.MUNICIPALITY, parent=STATE, counties=(NORTH, SOUTH))
    ban = rule("ban", SOUTH, Effect.PROHIBIT)
    of = world(ban, *searched, places=(both,))
    assert ask(of, CITY).own_word is Status.NO_SPECIFIC_LAW
    assert ask(of, CITY).total_word is Status.BANNED
    assert ask(of, CITY).decides[POSSESS] == "ban"
    assert ask(of, NORTH).total_word is Status.NO_SPECIFIC_LAW
    assert Flag.LOCAL_RULES in ask(of, STATE).flags
    # Silence in the city needs a search of both counties.
    of = world(look(US), look(STATE), look(NORTH), look(CITY), places=(both,))
    assert ask(of, CITY).total_word is Status.UNKNOWN


def test_what_is_uncertain_or_coming_in_the_county_is_so_in_its_city() -> None:
    ban = rule("ban", NORTH, Effect.PROHIBIT, from_="2023")
    of = world(ban, *searched)
    assert Flag.DATE_UNCERTAIN in ask(of, CITY, "2023-06-01").flags
    before = ask(of, CITY, "2022-06-01")
    assert before.incoming == ordinal("2023-01-01")
    assert Flag.INCOMING in before.flags
    elsewhere = rule("ban", NORTH, Effect.PROHIBIT, from_="2023", extent=Extent.UNINCORPORATED)
    of = world(elsewhere, *searched)
    assert Flag.DATE_UNCERTAIN not in ask(of, CITY, "2023-06-01").flags
    assert ask(of, CITY, "2022-06-01").incoming is None


# -- what provisions give -----------------------------------------------------------------------


def test_georgia_an_age_two_caps_on_7_oh_and_one_on_mitragynine() -> None:
    conditions = Qualifiers(
        min_age=21,
        seven_oh_caps=(
            Cap(value=1, unit=Unit.PERCENT_OF_ALKALOIDS),
            Cap(value=0.5, unit=Unit.MG_PER_SERVING),
        ),
        alkaloid_caps=(AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=150, unit=Unit.MG_PER_SERVING),),
        behind_the_counter=True,
    )
    of = world(
        rule("kcpa", STATE, Effect.RESTRICT, SELL, qualifiers=conditions),
        rule("minors", STATE, Effect.RESTRICT, POSSESS, qualifiers=AGE_21),
        rule("older", STATE, Effect.RESTRICT, SELL, qualifiers=Qualifiers(
            min_age=18, seven_oh_caps=(Cap(value=2, unit=Unit.PERCENT_OF_ALKALOIDS),)
        )),
        look(US),
    )  # fmt: skip
    state = ask(of, STATE)
    assert state.total == {POSSESS: ActivityStatus.AGE_LIMITED, SELL: ActivityStatus.CONDITIONAL}
    assert state.total_word is Status.REGULATED
    assert state.min_age == 21
    assert state.caps == {Unit.PERCENT_OF_ALKALOIDS: 1.0, Unit.MG_PER_SERVING: 0.5}


def test_conditions_are_shown_only_where_they_matter() -> None:
    age = rule("age", STATE, Effect.RESTRICT, qualifiers=AGE_21)
    ban = rule("ban", US, Effect.PROHIBIT)
    assert ask(world(age, look(US)), STATE).min_age == 21
    assert ask(world(age, ban), STATE).min_age is None


def test_utah_pure_leaf_only() -> None:
    """Pure leaf is sold under rules; whatever is made of it, and 7-OH, is banned."""
    made = (Substance.SEVEN_OH, Substance.SYNTHETIC)
    of = world(
        rule("leaf", STATE, Effect.RESTRICT, SELL, qualifiers=RULES),
        rule("made", STATE, Effect.PROHIBIT, POSSESS, SELL, substances=made),
        look(US, substances=(Substance.LEAF, *made)),
        look(STATE, substances=(Substance.LEAF, Substance.MITRAGYNINE)),
    )
    assert ask(of, STATE).total_word is Status.REGULATED
    assert ask(of, STATE).total[POSSESS] is ActivityStatus.NO_LAW
    assert ask(of, STATE, substance=Substance.SEVEN_OH).total_word is Status.BANNED
    assert ask(of, STATE, substance=Substance.SYNTHETIC).total_word is Status.BANNED
    assert ask(of, STATE, substance=Substance.MITRAGYNINE).own_word is Status.NO_SPECIFIC_LAW
    assert ask(of, STATE, substance=Substance.MITRAGYNINE).total_word is Status.UNKNOWN
    assert ask(of, STATE, substance=Substance.MGM_15).total_word is Status.UNKNOWN


def test_california_guidance_that_reads_the_law_as_a_bar() -> None:
    of = world(
        act("guidance", kind=InstrumentKind.GUIDANCE),
        rule("stop-sale", STATE, Effect.PROHIBIT, SELL, instrument="guidance"),
        look(US),
        look(STATE),
    )
    state = ask(of, STATE)
    assert state.total_word is Status.SALE_BANNED
    assert state.total[POSSESS] is ActivityStatus.NO_LAW
    assert Flag.CONTESTED in state.flags
    # A statute to the same effect ends the quarrel.
    statute = rule("statute", STATE, Effect.PROHIBIT, SELL)
    settled = of.but((*of.lines, say(statute)))
    assert Flag.CONTESTED not in ask(settled, STATE).flags
    assert ask(settled, STATE).decides[SELL] == "statute"


def test_finland_a_ban_of_the_market_only() -> None:
    market = (SELL, Activity.SHIP, Activity.DISTRIBUTE, Activity.MAKE, Activity.IMPORT)
    of = world(rule("market", US, Effect.PROHIBIT, *market), look(US))
    answer = ask(of, US, activities=(POSSESS, SELL, Activity.IMPORT, Activity.CONSUME))
    assert answer.total_word is Status.SALE_BANNED
    assert answer.total == {
        POSSESS: ActivityStatus.NO_LAW,
        SELL: ActivityStatus.UNLAWFUL,
        Activity.IMPORT: ActivityStatus.UNLAWFUL,
        Activity.CONSUME: ActivityStatus.NO_LAW,
    }


def test_sweden_a_schedule_of_the_alkaloid_is_no_ban_of_leaf() -> None:
    of = world(
        rule("schedule", US, Effect.SCHEDULE, substances=(Substance.MITRAGYNINE,)),
        look(US),
    )
    assert ask(of, US, substance=Substance.MITRAGYNINE).total_word is Status.BANNED
    assert ask(of, US).total_word is Status.NO_SPECIFIC_LAW


def test_a_schedule_that_works_through_prescription() -> None:
    on_script = Qualifiers(prescription=True)
    of = world(rule("s4", US, Effect.SCHEDULE, schedule="Schedule 4", qualifiers=on_script))
    assert ask(of, US).total == {POSSESS: ActivityStatus.LICENSED, SELL: ActivityStatus.LICENSED}
    assert ask(of, US).total_word is Status.PRESCRIPTION
    of = world(rule("s9", US, Effect.SCHEDULE, schedule="Schedule 9"))
    assert ask(of, US).total_word is Status.BANNED


@pytest.mark.parametrize(
    ("effect", "qualifiers", "expected"),
    [
        (Effect.PROHIBIT, Qualifiers(), ActivityStatus.UNLAWFUL),
        (Effect.SCHEDULE, Qualifiers(), ActivityStatus.UNLAWFUL),
        (Effect.PROHIBIT, Qualifiers(persons="Members of the armed forces"), "conditional"),
        (Effect.PROHIBIT, Qualifiers(places="Within 300 m of a school"), "conditional"),
        (Effect.PROHIBIT, Qualifiers(in_public=True), "conditional"),
        (Effect.PROHIBIT, Qualifiers(prescription=True), ActivityStatus.LICENSED),
        (Effect.PRESCRIPTION_ONLY, Qualifiers(), ActivityStatus.LICENSED),
        (Effect.LICENSE, Qualifiers(), ActivityStatus.LICENSED),
        (Effect.RESTRICT, Qualifiers(registration="Of sellers"), ActivityStatus.CONDITIONAL),
        (Effect.RESTRICT, Qualifiers(min_age=18), ActivityStatus.AGE_LIMITED),
        (Effect.RESTRICT, Qualifiers(min_age=18, testing="Each lot"), ActivityStatus.CONDITIONAL),
        (Effect.RESTRICT, Qualifiers(), ActivityStatus.CONDITIONAL),
        (Effect.PERMIT, Qualifiers(), ActivityStatus.LAWFUL),
        (Effect.EXEMPT, Qualifiers(), ActivityStatus.LAWFUL),
        (Effect.TAX, Qualifiers(), ActivityStatus.NO_LAW),
        (Effect.STUDY, Qualifiers(), ActivityStatus.NO_LAW),
        (Effect.PREEMPT, Qualifiers(), ActivityStatus.NO_LAW),
        (Effect.ALLOW_STRICTER, Qualifiers(), ActivityStatus.NO_LAW),
    ],
)
def test_what_each_effect_gives(
    effect: Effect, qualifiers: Qualifiers, expected: ActivityStatus | str
) -> None:
    of = world(rule("only", US, effect, SELL, qualifiers=qualifiers), look(US))
    assert ask(of, US).own[SELL] == expected
    assert ask(of, US).own[POSSESS] is ActivityStatus.NO_LAW


# -- time ----------------------------------------------------------------------------------------


def test_a_temporary_federal_schedule_of_two_years() -> None:
    order = rule("order", US, Effect.SCHEDULE, from_="2022-08-26", to="2024-08-26")
    of = world(order, look(US), look(STATE))
    assert Flag.INCOMING in ask(of, US, "2022-08-25").flags
    assert ask(of, US, "2022-08-25").incoming == ordinal("2022-08-26")
    during = ask(of, STATE, "2024-08-25")
    assert during.total_word is Status.BANNED
    assert Flag.TEMPORARY in during.flags
    assert Flag.INCOMING not in during.flags
    assert ask(of, STATE, "2024-08-26").total_word is Status.NO_SPECIFIC_LAW
    # With an act that takes over on that day, the change has a date and the ban has no end.
    permanent = rule("permanent", US, Effect.RESTRICT, qualifiers=RULES, from_="2024-08-26")
    during = ask(of.but((*of.lines, say(permanent))), US, "2024-08-25")
    assert Flag.TEMPORARY not in during.flags
    assert during.incoming == ordinal("2024-08-26")


def test_a_permanent_rule_as_strict_as_the_temporary_one_is_no_change() -> None:
    of = world(
        rule("order", STATE, Effect.PROHIBIT, from_="2023-01-01", to="2023-05-01"),
        rule("renewed", STATE, Effect.PROHIBIT, from_="2023-04-20", to="2023-09-01"),
        rule("statute", STATE, Effect.PROHIBIT, from_="2023-09-01"),
    )
    during = ask(of, STATE, "2023-02-01")
    assert during.total_word is Status.BANNED
    assert during.flags & {Flag.TEMPORARY, Flag.INCOMING} == frozenset()
    # Nor is a ban temporary because another layer has a temporary one of the same strictness.
    of = world(
        rule("federal", US, Effect.PROHIBIT, from_="2023-01-01", to="2025-01-01"),
        rule("state", STATE, Effect.PROHIBIT, verification=Verification.REPORTED),
    )
    assert Flag.TEMPORARY in ask(of, US).flags
    assert Flag.TEMPORARY not in ask(of, STATE).flags


def test_the_day_of_an_incoming_change_is_the_day_on_which_something_changes() -> None:
    """A licence under a ban changes nothing before the ban ends; leave changes no rule."""
    of = world(
        rule("ban", STATE, Effect.PROHIBIT, SELL, to="2026-01-01"),
        rule("licence", STATE, Effect.LICENSE, SELL, from_="2025-01-01"),
    )
    assert ask(of, STATE).incoming == ordinal("2026-01-01")
    of = world(
        rule("rules", STATE, Effect.RESTRICT, SELL, qualifiers=RULES),
        rule("leave", STATE, Effect.PERMIT, SELL, from_="2025-01-01"),
        rule("ban", STATE, Effect.PROHIBIT, SELL, from_="2026-01-01"),
    )
    assert ask(of, STATE).incoming == ordinal("2026-01-01")


def test_new_conditions_are_a_change_though_the_word_stays() -> None:
    """Georgia raised the age and lowered the cap; it was regulated before and after."""
    older = Qualifiers(min_age=18, labelling="A label")
    of = world(
        rule("older", STATE, Effect.RESTRICT, SELL, qualifiers=older, to="2025-01-01"),
        rule("newer", STATE, Effect.RESTRICT, SELL, qualifiers=RULES, from_="2025-01-01"),
        look(US),
    )
    before, after = ask(of, STATE, "2024-12-31"), ask(of, STATE, "2025-01-01")
    assert before.total_word is after.total_word is Status.REGULATED
    assert (before.min_age, after.min_age) == (18, 21)
    assert before.incoming == ordinal("2025-01-01")
    assert Flag.TEMPORARY not in before.flags
    assert after.incoming is None


def test_rhode_island_a_ban_that_ended_and_a_licence_after_it() -> None:
    of = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2017-05-31", to="2026-04-01"),
        rule("ban-ends", STATE, Effect.REPEAL, POSSESS, from_="2026-04-01", targets=("ban",)),
        rule("licence", STATE, Effect.LICENSE, SELL, from_="2026-04-01", qualifiers=AGE_21),
        look(US),
        look(STATE),
    )
    before = ask(of, STATE, "2026-03-31")
    assert before.total_word is Status.BANNED
    assert before.incoming == ordinal("2026-04-01")
    assert Flag.TEMPORARY not in before.flags
    after = ask(of, STATE, "2026-04-01")
    assert after.total == {POSSESS: ActivityStatus.LAWFUL, SELL: ActivityStatus.LICENSED}
    assert after.total_word is Status.PRESCRIPTION
    assert after.min_age == 21
    assert Flag.DATE_UNCERTAIN not in after.flags
    assert ask(of, STATE, "2017-05-30").total_word is Status.NO_SPECIFIC_LAW


def test_monroe_county_a_ban_repealed_is_lawful_and_named() -> None:
    of = world(
        rule("ban", NORTH, Effect.PROHIBIT, from_="2016-01-01"),
        rule("repeal", NORTH, Effect.REPEAL, from_="2020-06-01", targets=("ban",)),
        look(US),
        look(STATE),
    )
    assert ask(of, NORTH, "2020-05-31").total_word is Status.BANNED
    assert ask(of, NORTH, "2020-06-01").total_word is Status.LAWFUL
    assert ask(of, NORTH, "2020-06-01").decides[SELL] == "repeal"
    # Leave of the county lifts nothing of the state.
    ban = rule("state-ban", STATE, Effect.PROHIBIT, from_="2021-01-01")
    later = of.but((*of.lines, say(ban)))
    assert ask(later, NORTH, "2021-01-01").own_word is Status.LAWFUL
    assert ask(later, NORTH, "2021-01-01").total_word is Status.BANNED


def test_a_stay_suspends_and_its_end_revives() -> None:
    of = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2020-01-01"),
        rule("stay", STATE, Effect.STAY, from_="2021-03-01", to="2021-09-01", targets=("ban",)),
        look(US),
        look(STATE),
    )
    assert ask(of, STATE, "2021-02-28").total_word is Status.BANNED
    during = ask(of, STATE, "2021-03-01")
    assert during.total_word is Status.NO_SPECIFIC_LAW
    assert during.incoming == ordinal("2021-09-01")
    assert ask(of, STATE, "2021-09-01").total_word is Status.BANNED
    unsearched = of.but(line for line in of.lines if not line.subject.startswith("look"))
    assert ask(unsearched, STATE, "2021-03-01").total_word is Status.UNKNOWN


def test_a_stay_of_a_repeal_revives_the_ban() -> None:
    of = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2018-01-01"),
        rule("repeal", STATE, Effect.REPEAL, from_="2020-01-01", targets=("ban",)),
        rule("stay", STATE, Effect.STAY, from_="2021-01-01", to="2022-01-01", targets=("repeal",)),
        look(US),
    )
    assert ask(of, STATE, "2019-12-31").total_word is Status.BANNED
    assert ask(of, STATE, "2020-06-01").total_word is Status.LAWFUL
    assert ask(of, STATE, "2021-06-01").total_word is Status.BANNED
    assert ask(of, STATE, "2022-01-01").total_word is Status.LAWFUL


def test_a_repeal_that_is_not_law_ends_nothing() -> None:
    of = world(
        act("bill", Stage.PASSED, InstrumentKind.BILL),
        rule("ban", STATE, Effect.PROHIBIT),
        rule("repeal", STATE, Effect.REPEAL, targets=("ban",), from_="2021", instrument="bill"),
    )
    assert ask(of, STATE).total_word is Status.BANNED


def test_florida_an_emergency_rule_expires() -> None:
    seven = (Substance.SEVEN_OH,)
    of = world(
        act("emergency", Stage.EXPIRED, InstrumentKind.EMERGENCY_ORDER),
        rule(
            "emergency-rule",
            STATE,
            Effect.SCHEDULE,
            substances=seven,
            instrument="emergency",
            from_="2023-08-13",
            to="2023-11-11",
        ),
        look(US, substances=seven),
        look(STATE, substances=seven),
    )
    during = ask(of, STATE, "2023-11-10", Substance.SEVEN_OH)
    assert during.total_word is Status.BANNED
    assert Flag.TEMPORARY in during.flags
    after = ask(of, STATE, "2023-11-11", Substance.SEVEN_OH)
    assert after.total_word is Status.NO_SPECIFIC_LAW
    assert after.flags & {Flag.TEMPORARY, Flag.DATE_UNCERTAIN} == frozenset()
    # An act that makes it permanent without a gap.
    statute = rule("statute", STATE, Effect.SCHEDULE, substances=seven, from_="2023-11-11")
    made = of.but((*of.lines, say(statute)))
    assert (
        ask(made, STATE, "2023-11-10", Substance.SEVEN_OH).flags
        & {
            Flag.TEMPORARY,
            Flag.INCOMING,
        }
        == frozenset()
    )
    assert ask(made, STATE, "2023-11-11", Substance.SEVEN_OH).total_word is Status.BANNED


@pytest.mark.parametrize(
    ("written", "before", "first", "last", "after"),
    [
        ("2017", "2016-12-31", "2017-01-01", "2017-12-31", "2018-01-01"),
        ("2017-06", "2017-05-31", "2017-06-01", "2017-06-30", "2017-07-01"),
    ],
)
def test_inside_an_imprecise_boundary_the_later_status_is_shown(
    written: str, before: str, first: str, last: str, after: str
) -> None:
    begins = world(rule("ban", STATE, Effect.PROHIBIT, from_=written), look(US), look(STATE))
    ends = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2010-01-01", to=written), look(US), look(STATE)
    )
    repealed = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2010-01-01"),
        rule("repeal", STATE, Effect.REPEAL, from_=written, targets=("ban",)),
        look(US),
    )
    stayed = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2010-01-01"),
        rule("stay", STATE, Effect.STAY, from_=written, targets=("ban",)),
        look(US),
        look(STATE),
    )
    for of, earlier, later in (
        (begins, Status.NO_SPECIFIC_LAW, Status.BANNED),
        (ends, Status.BANNED, Status.NO_SPECIFIC_LAW),
        (repealed, Status.BANNED, Status.LAWFUL),
        (stayed, Status.BANNED, Status.NO_SPECIFIC_LAW),
    ):
        for day, expected, uncertain in (
            (before, earlier, False),
            (first, later, True),
            (last, later, True),
            (after, later, False),
        ):
            answer = ask(of, STATE, day)
            assert (answer.total_word, Flag.DATE_UNCERTAIN in answer.flags) == (expected, uncertain)


def test_a_stay_takes_its_doubt_with_it_when_it_ends() -> None:
    """It began in some month of 2020 and was over by March: from then on the ban is certain."""
    of = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2018-01-01"),
        rule("stay", STATE, Effect.STAY, from_="2020", to="2020-03-01", targets=("ban",)),
        look(US),
        look(STATE),
    )
    during, after = ask(of, STATE, "2020-02-01"), ask(of, STATE, "2020-03-01")
    assert during.total_word is Status.NO_SPECIFIC_LAW
    assert Flag.DATE_UNCERTAIN in during.flags
    assert after.total_word is Status.BANNED
    assert Flag.DATE_UNCERTAIN not in after.flags


def test_a_ban_that_began_in_some_month_of_the_year_in_which_it_was_stayed() -> None:
    of = world(
        rule("ban", STATE, Effect.PROHIBIT, from_="2020"),
        rule("stay", STATE, Effect.STAY, from_="2020-03-01", to="2020-05-01", targets=("ban",)),
        look(US),
        look(STATE),
    )
    for day, expected, uncertain in (
        ("2020-02-01", Status.BANNED, True),
        ("2020-04-01", Status.NO_SPECIFIC_LAW, False),
        ("2020-07-01", Status.BANNED, True),
        ("2021-01-01", Status.BANNED, False),
    ):
        answer = ask(of, STATE, day)
        assert (answer.total_word, Flag.DATE_UNCERTAIN in answer.flags) == (expected, uncertain)


def test_on_the_day_on_which_a_rule_is_known_to_end_nothing_is_uncertain() -> None:
    of = world(rule("ban", STATE, Effect.PROHIBIT, to="2021-05-10"), look(US), look(STATE))
    assert ask(of, STATE, "2021-05-10").total_word is Status.NO_SPECIFIC_LAW
    assert Flag.DATE_UNCERTAIN not in ask(of, STATE, "2021-05-10").flags


def test_a_rule_of_unknown_start_hides_what_was_before_it_was_seen() -> None:
    of = world(rule("ban", STATE, Effect.PROHIBIT, attested="2021-05-10"), look(US), look(STATE))
    assert ask(of, STATE, "2021-05-10").total_word is Status.BANNED
    assert Flag.DATE_UNCERTAIN not in ask(of, STATE, "2021-05-10").flags
    before = ask(of, STATE, "2021-05-09")
    assert before.own_word is before.total_word is Status.UNKNOWN
    assert before.flags == {Flag.DATE_UNCERTAIN}
    assert before.incoming is None
    # So it does below. A known restriction stands.
    assert ask(of, NORTH, "2021-05-09").total_word is Status.UNKNOWN
    age = rule("age", STATE, Effect.RESTRICT, qualifiers=AGE_21)
    answer = ask(of.but((*of.lines, say(age))), STATE, "2021-05-09")
    assert answer.total_word is Status.AGE_RESTRICTED
    assert Flag.DATE_UNCERTAIN in answer.flags


# -- preemption ----------------------------------------------------------------------------------


def test_mississippi_local_bans_before_the_grandfathering_date_stand() -> None:
    of = world(
        rule("state-age", STATE, Effect.RESTRICT, SELL, qualifiers=AGE_21, from_="2023-07-01"),
        rule("bar", STATE, Effect.PREEMPT, from_="2023-07-01", grandfather="2023-07-01"),
        rule("old-ban", NORTH, Effect.PROHIBIT, from_="2019-02-01"),
        rule("new-ban", SOUTH, Effect.PROHIBIT, from_="2023-07-01"),
        rule("some-ban", CITY, Effect.PROHIBIT, attested="2024-01-01"),
        look(US),
    )
    assert ask(of, NORTH).total_word is Status.BANNED
    assert ask(of, SOUTH).own_word is Status.BANNED
    assert ask(of, SOUTH).total_word is Status.AGE_RESTRICTED
    # Nobody knows when the city began: it is spared, and said to be uncertain.
    apart = place(CITY, Level.MUNICIPALITY, parent=STATE)
    city = ask(World(of.lines, register_of(apart)), CITY)
    assert city.total_word is Status.BANNED
    assert Flag.DATE_UNCERTAIN in city.flags
    # Before the bar began, nothing was barred.
    assert ask(of, SOUTH, "2023-06-30").total_word is Status.UNKNOWN
    assert ask(of, NORTH, "2023-06-30").total_word is Status.BANNED


def test_a_bar_without_grandfathering_strikes_all_and_only_lower_rules() -> None:
    bar = rule("bar", STATE, Effect.PREEMPT)
    of = world(
        bar,
        rule("federal", US, Effect.RESTRICT, SELL, qualifiers=AGE_21),
        rule("state", STATE, Effect.RESTRICT, SELL, qualifiers=RULES),
        rule("county", NORTH, Effect.PROHIBIT, attested="2015"),
        rule("city", CITY, Effect.PROHIBIT, from_="1999"),
    )
    assert ask(of, STATE).total_word is Status.REGULATED
    assert Flag.LOCAL_RULES not in ask(of, STATE).flags
    assert ask(of, NORTH).total_word is Status.REGULATED
    assert ask(of, CITY).total_word is Status.REGULATED
    assert ask(of, CITY).own_word is Status.BANNED
    assert Flag.DATE_UNCERTAIN not in ask(of, CITY).flags


def test_a_bar_strikes_only_the_activities_that_it_names() -> None:
    of = world(
        rule("bar", STATE, Effect.PREEMPT, SELL),
        rule("county", NORTH, Effect.PROHIBIT),
        *searched,
    )
    county = ask(of, NORTH)
    assert county.total == {POSSESS: ActivityStatus.UNLAWFUL, SELL: ActivityStatus.NO_LAW}


def test_a_level_that_lets_lower_ones_be_stricter_lifts_its_bar() -> None:
    of = world(
        rule("bar", STATE, Effect.PREEMPT),
        rule("but", STATE, Effect.ALLOW_STRICTER, SELL),
        rule("county", NORTH, Effect.PROHIBIT),
        *searched,
    )
    county = ask(of, NORTH)
    assert county.total == {POSSESS: ActivityStatus.NO_LAW, SELL: ActivityStatus.UNLAWFUL}
    # So does a higher one; a lower one lifts nothing.
    of = world(
        rule("bar", STATE, Effect.PREEMPT),
        rule("but", US, Effect.ALLOW_STRICTER),
        rule("county", NORTH, Effect.PROHIBIT),
    )
    assert ask(of, NORTH).total_word is Status.BANNED
    of = world(
        rule("bar", US, Effect.PREEMPT),
        rule("but", STATE, Effect.ALLOW_STRICTER),
        rule("county", NORTH, Effect.PROHIBIT),
        *searched,
    )
    assert ask(of, NORTH).total_word is Status.NO_SPECIFIC_LAW


def test_a_county_bars_its_cities_only_where_its_bar_covers_the_whole_county() -> None:
    def city(extent: Extent) -> Status:
        bar = rule("bar", NORTH, Effect.PREEMPT, extent=extent)
        return ask(world(bar, rule("ban", CITY, Effect.PROHIBIT), *searched), CITY).total_word

    assert city(Extent.WHOLE) is Status.NO_SPECIFIC_LAW
    assert city(Extent.UNINCORPORATED) is Status.BANNED
    assert city(Extent.UNKNOWN) is Status.BANNED


def test_a_stay_does_not_cost_an_old_ban_its_grandfathering() -> None:
    of = world(
        rule("bar", STATE, Effect.PREEMPT, from_="2022-01-01", grandfather="2022-01-01"),
        rule("old", NORTH, Effect.PROHIBIT, from_="2019-01-01"),
        rule("stay", STATE, Effect.STAY, from_="2021-01-01", to="2023-01-01", targets=("old",)),
        *searched,
    )
    assert ask(of, NORTH, "2022-06-01").total_word is Status.NO_SPECIFIC_LAW
    assert ask(of, NORTH, "2023-01-01").total_word is Status.BANNED


def test_a_start_known_to_a_year_that_holds_the_grandfathering_date_is_uncertain() -> None:
    of = world(
        rule("bar", STATE, Effect.PREEMPT, from_="2022-01-01", grandfather="2019-07-01"),
        rule("some", NORTH, Effect.PROHIBIT, from_="2019"),
        rule("older", SOUTH, Effect.PROHIBIT, from_="2019-06"),
        *searched,
    )
    assert ask(of, NORTH).total_word is Status.BANNED
    assert Flag.DATE_UNCERTAIN in ask(of, NORTH).flags
    assert Flag.DATE_UNCERTAIN not in ask(of, SOUTH).flags


def test_a_preempted_rule_of_unknown_start_hides_nothing() -> None:
    of = world(
        rule("bar", STATE, Effect.PREEMPT, from_="2010-01-01"),
        rule("some", NORTH, Effect.PROHIBIT, attested="2023-01-01"),
        *searched,
    )
    before = ask(of, NORTH, "2022-01-01")
    assert before.own_word is Status.UNKNOWN
    assert before.total_word is Status.NO_SPECIFIC_LAW
    assert Flag.DATE_UNCERTAIN not in before.flags


# -- stages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", Stage)
def test_only_enacted_instruments_are_law(stage: Stage) -> None:
    law = {Stage.ENACTED, Stage.IN_FORCE, Stage.EXPIRED, Stage.REPEALED, Stage.STRUCK_DOWN}
    of = world(
        act("bill", stage),
        rule("ban", STATE, Effect.PROHIBIT, instrument="bill", from_="2021-01-01", to="2025-01-01"),
        look(US),
        look(STATE),
    )
    expected = Status.BANNED if stage in law else Status.NO_SPECIFIC_LAW
    assert ask(of, STATE).total_word is expected
    before = ask(of, STATE, "2020-12-31")
    assert before.total_word is Status.NO_SPECIFIC_LAW
    assert before.incoming == (ordinal("2021-01-01") if stage in law else None)


def test_an_enacted_act_is_incoming_until_its_first_day() -> None:
    of = world(
        rule("age", STATE, Effect.RESTRICT, SELL, qualifiers=AGE_21),
        rule("ban", STATE, Effect.PROHIBIT, from_="2024-07-01"),
        look(US),
    )
    before = ask(of, STATE, "2024-06-30")
    assert before.total_word is Status.AGE_RESTRICTED
    assert Flag.INCOMING in before.flags
    assert before.incoming == ordinal("2024-07-01")
    assert ask(of, NORTH, "2024-06-30").incoming == ordinal("2024-07-01")
    after = ask(of, STATE, "2024-07-01")
    assert after.total_word is Status.BANNED
    assert after.incoming is None


def test_a_change_is_incoming_from_the_day_it_was_enacted() -> None:
    ban = rule("ban", STATE, Effect.PROHIBIT, from_="2024-07-01", instrument="signed")
    signed = act("signed", enacted="2024-03-15")
    of = world(signed, ban, look(US), look(STATE))
    assert ask(of, STATE, "2024-03-14").incoming is None
    assert ask(of, STATE, "2024-03-15").incoming == ordinal("2024-07-01")
    # Where that day is not known, from the day on which it was first recorded.
    of = world(act("signed", enacted=None), ban, look(US), look(STATE))
    assert ask(of, STATE, "2023-12-31").incoming is None
    assert ask(of, STATE, "2024-01-01").incoming == ordinal("2024-07-01")
    again = say(ban, "2024-05-01T00:00:00Z", Op.ACKNOWLEDGE)
    assert ask(of.but((*of.lines, again)), STATE, "2024-01-01").incoming == ordinal("2024-07-01")


def test_a_stage_that_moves_on_moves_the_answer_from_then_on() -> None:
    bill = act("bill", Stage.PASSED, InstrumentKind.BILL)
    ban = rule("ban", STATE, Effect.PROHIBIT, instrument="bill", from_="2024-01-01")
    of = world(bill, ban, look(US), look(STATE))
    signed = say(
        act("bill", Stage.ENACTED, InstrumentKind.BILL), "2024-02-01T00:00:00Z", Op.SUPERSEDE
    )
    of = of.but((*of.lines, signed))
    assert ask(of, STATE, known="2024-01-31").total_word is Status.NO_SPECIFIC_LAW
    assert ask(of, STATE, known="2024-02-01").total_word is Status.BANNED
    # To the second, and the day of law does not move with it.
    assert ask(of, STATE, known="2024-01-31T23:59:59Z").total_word is Status.NO_SPECIFIC_LAW
    assert ask(of, STATE, known="2024-02-01T00:00:00Z").total_word is Status.BANNED
    assert ask(of, STATE, "2023-12-31").total_word is Status.NO_SPECIFIC_LAW


# -- how we know ---------------------------------------------------------------------------------


def test_silence_rests_on_its_weakest_search() -> None:
    reported = look(STATE, verification=Verification.REPORTED)
    of = world(look(US), reported, look(NORTH))
    assert ask(of, US).verification is Verification.PRIMARY
    assert ask(of, NORTH).total_word is Status.NO_SPECIFIC_LAW
    assert ask(of, NORTH).verification is Verification.REPORTED
    assert Flag.REPORTED_ONLY in ask(of, NORTH).flags


def test_leave_rests_on_the_silence_of_the_other_layers() -> None:
    of = world(
        look(US, verification=Verification.MACHINE),
        rule("leave", STATE, Effect.PERMIT),
    )
    assert ask(of, STATE).total_word is Status.LAWFUL
    assert ask(of, STATE).verification is Verification.MACHINE
    # A restriction does not.
    of = world(
        look(US, verification=Verification.MACHINE),
        rule("ban", STATE, Effect.PROHIBIT),
    )
    assert ask(of, STATE).verification is Verification.PRIMARY


def test_a_doubt_about_a_search_above_is_a_doubt_below() -> None:
    of = world(look(US), look(STATE, contested="Somebody remembers a rule."), look(NORTH))
    assert Flag.CONTESTED in ask(of, STATE).flags
    assert Flag.CONTESTED in ask(of, NORTH).flags
    assert Flag.CONTESTED not in ask(of, US).flags


def test_stale_is_judged_by_the_day_asked_for_and_the_day_known() -> None:
    ban = rule("ban", STATE, Effect.PROHIBIT, retrieved="2024-01-01")
    of = world(ban)
    assert Flag.STALE not in ask(of, STATE, "2024-03-31").flags
    assert Flag.STALE in ask(of, STATE, "2024-04-01").flags
    assert Flag.STALE not in ask(of, STATE, "2030-01-01", known="2024-03-31").flags
    assert Flag.STALE in ask(of, STATE, "2030-01-01", known="2024-04-01").flags
    assert Flag.STALE not in ask(of, STATE, "2021-01-01").flags


def test_lower_levels_that_were_searched_too_are_not_unknown() -> None:
    of = world(look(US), look(STATE, local=True))
    assert Flag.LOCAL_UNKNOWN not in ask(of, STATE).flags
    assert Flag.LOCAL_UNKNOWN in ask(of, US).flags
    # Where everything is banned, lower levels have nothing to add.
    of = world(rule("ban", STATE, Effect.PROHIBIT), look(US))
    assert Flag.LOCAL_UNKNOWN not in ask(of, STATE).flags


def test_a_search_that_found_law_makes_the_rest_silent() -> None:
    """It found the rule on sale, and thereby none on possession."""
    of = world(
        look(US, result=SearchResult.FOUND),
        rule("no-sale", US, Effect.PROHIBIT, SELL),
    )
    assert ask(of, US).total == {POSSESS: ActivityStatus.NO_LAW, SELL: ActivityStatus.UNLAWFUL}


# -- identity ------------------------------------------------------------------------------------


def test_identity_recorded_in_the_ledger_replaces_the_register() -> None:
    ban = rule("ban", STATE, Effect.PROHIBIT)
    tribe = place(TRIBE, Level.TRIBAL, parent=STATE, bound_by=(STATE,))
    of = world(ban, look(TRIBE))
    assert ask(of, TRIBE).total_word is Status.NO_SPECIFIC_LAW
    told = of.but((*of.lines, say(tribe)))
    assert ask(told, TRIBE).total_word is Status.BANNED


def test_law_of_no_place_and_binders_that_do_not_exist_are_refused() -> None:
    nowhere = rule("ban", f"{US}/state:zz", Effect.PROHIBIT)
    with pytest.raises(AtlasError, match="which is no place"):
        _ = world(nowhere).record.provisions
    with pytest.raises(AtlasError, match="which does not exist"):
        _ = world(places=(place(STATE, Level.SUBDIVISION, parent=f"{US}/state:zz"),)).record


def test_a_search_that_found_law_is_no_finding_of_none() -> None:
    """Somebody found law and has not recorded it: what the law is stays unknown."""
    found = [look(US), look(STATE, result=SearchResult.FOUND)]
    assert ask(world(*found), STATE, "2024-06-01").own_word is Status.UNKNOWN
    tax = rule("tax", STATE, Effect.TAX, from_="2023-01-01")
    assert ask(world(tax, *found), STATE, "2024-06-01").own_word is Status.NO_SPECIFIC_LAW
