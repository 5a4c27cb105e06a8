"""The same comparison with other worlds each time; minutes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from .strategies import worlds
from .test_against_reference import STEADY, assert_engine_is_the_reference, bounds, some_days
from .worlds import World


@pytest.mark.long
@settings(STEADY, derandomize=False, max_examples=20_000)
@given(worlds(), bounds, some_days)
def test_engine_is_the_reference_in_many_more_worlds(
    of: World, known: int | None, days: list[int]
) -> None:
    assert_engine_is_the_reference(of, known, days)
