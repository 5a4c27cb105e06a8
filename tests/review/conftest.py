"""Stores for the tests of the review, on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from review_sample import PLACES

from kratom_atlas.review.desk import Desk
from kratom_atlas.store import database
from kratom_atlas.store.proposals import Proposals

NewStore = Callable[..., AbstractContextManager[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[Desk]:
    """A desk on a new store."""
    with (
        new_store(request.param, tmp_path / "state") as url,
        database.open_store(url) as store,
    ):
        yield Desk(Proposals(store), PLACES)


@pytest.fixture
def clock() -> Callable[[], str]:
    """Moments, one minute after another."""
    minutes = itertools.count()

    def tick() -> str:
        hour, minute = divmod(next(minutes), 60)
        return f"2026-11-22T{hour:02}:{minute:02}:00Z"

    return tick
