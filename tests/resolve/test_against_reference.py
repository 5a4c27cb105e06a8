"""The engine gives the answers of the second resolver, field by field, in worlds at random."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kratom_atlas.model.statement import known_bound
from kratom_atlas.model.vocabulary import Activity, Substance
from kratom_atlas.resolve.engine import Answers, resolve, world

from .reference import Reference, Ruling
from .strategies import DAYS, KNOWN, worlds
from .worlds import World, ruling

STEADY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
ACTIVITIES = (Activity.POSSESS, Activity.SELL, Activity.SHIP)
NAMED = (Substance.LEAF, Substance.SEVEN_OH, Substance.SYNTHETIC)
"""The substances that the worlds know, and one that they do not."""

bounds = st.sampled_from(KNOWN).map(lambda text: known_bound(text) if text else None)
some_days = st.lists(st.sampled_from(DAYS), min_size=1, max_size=2, unique=True)


def differences(engine: Ruling, reference: Ruling) -> dict[str, tuple[object, object]]:
    """Fields in which two answers differ."""
    pairs = {f.name: (getattr(engine, f.name), getattr(reference, f.name)) for f in fields(Ruling)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def assert_engine_is_the_reference(of: World, known: int | None, days: list[int]) -> None:
    """Every place, day and substance of a world, in every field."""
    view = of.record.at(known)
    book = Reference(of.lines, of.register, known)
    places = view.record.places
    queries = [(n, day) for n in range(len(places)) for day in days]
    answers = resolve(view, [n for n, _ in queries], [day for _, day in queries], ACTIVITIES)
    for row, (n, day) in enumerate(queries):
        for substance in NAMED:
            expected = book.ask(places[n].id, substance, day, ACTIVITIES)
            found = differences(ruling(view, answers, row, substance), expected)
            assert not found, (places[n].id, substance, day)


@settings(STEADY, max_examples=1500)
@given(worlds(), bounds, some_days)
def test_engine_is_the_reference(of: World, known: int | None, days: list[int]) -> None:
    assert_engine_is_the_reference(of, known, days)


def assert_same(one: Answers, other: Answers, row: int = 0, of: int | None = None) -> None:
    """Row `row` of one is row `of` of the other, in every field."""
    at = row if of is None else of
    for f in fields(Answers):
        if f.name != "activities":
            left, right = getattr(one, f.name)[row], getattr(other, f.name)[at]
            assert np.array_equal(left, right), f.name


@settings(STEADY, max_examples=150)
@given(worlds(), bounds, some_days, st.randoms(use_true_random=False))
def test_one_many_and_all_are_the_same(
    of: World, known: int | None, days: list[int], random: object
) -> None:
    view = of.record.at(known)
    everywhere = world(view, days[0])
    many = [*range(len(view.record.places))] * 40  # so many that the engine walks another way
    batch = resolve(view, many, days[0])
    mixed = [(n, day) for day in days for n in (6, 2, 2, 0, 4)]
    some = resolve(view, [n for n, _ in mixed], [day for _, day in mixed])
    for n in range(len(view.record.places)):
        single = resolve(view, [n], days[0])
        assert_same(single, everywhere, 0, n)
        assert_same(single, batch, 0, n + 7 * 20)
    for row, (n, day) in enumerate(mixed):
        assert_same(resolve(view, [n], day), some, 0, row)


@settings(STEADY, max_examples=100)
@given(worlds(), bounds, some_days)
def test_other_activities_and_places_below_do_not_matter(
    of: World, known: int | None, days: list[int]
) -> None:
    view = of.record.at(known)
    places = [*range(len(view.record.places))]
    two = resolve(view, places, days[0])
    three = resolve(view, places, days[0], ACTIVITIES)
    alone = resolve(view, places, days[0], local=False)
    for name in ("own", "total", "flags", "min_age", "caps", "incoming", "verification"):
        assert np.array_equal(getattr(two, name), getattr(three, name)), name
        if name != "flags":
            assert np.array_equal(getattr(two, name), getattr(alone, name)), name
    assert np.array_equal(two.total_rank, three.total_rank[:, :, :2])
