"""The same comparison with other worlds each time; minutes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from kratom_atlas.resolve.engine import resolve

from .reference import Reference
from .strategies import worlds
from .test_against_reference import ACTIVITIES, NAMED, STEADY, bounds, differences, some_days
from .worlds import World, ruling


@pytest.mark.long
@settings(STEADY, derandomize=False, max_examples=20_000)
@given(worlds(), bounds, some_days)
def test_engine_is_the_reference_in_many_more_worlds(
    of: World, known: int | None, days: list[int]
) -> None:
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
