"""The whole of time in one table says what the resolver says, on every day, of every moment."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Status, Substance
from kratom_atlas.release.tables import Edition
from kratom_atlas.release.timeline import ANSWER, Timeline, timeline
from kratom_atlas.resolve.engine import world
from kratom_atlas.resolve.explain import flags_of
from kratom_atlas.resolve.history import event_days
from kratom_atlas.resolve.record import Record, View

Answers = dict[tuple[str, str], tuple[object, ...]]


@pytest.fixture(scope="module")
def times(edition: Edition) -> Timeline:
    return timeline(edition)


def told(times: Timeline, day: int, runs: pd.DataFrame | None = None) -> Answers:
    """(code, substance) -> what the table says of the day."""
    runs = times.runs if runs is None else runs
    begun = runs[runs["start"] <= day].sort_values("start", kind="stable")
    last = begun.groupby(["like", "substance"]).tail(1)
    rows = last[["like", "substance", *ANSWER]].itertuples(index=False, name=None)
    by_like = {(row[0], row[1]): row[2:] for row in rows}
    return {
        (code, str(substance)): by_like[like, str(substance)]
        for code, like in zip(times.places["code"], times.places["like"], strict=True)
        for substance in Substance
        if (like, str(substance)) in by_like
    }


def resolved(view: View, day: int) -> Answers:
    """The same by the engine; without conditions, which have a test of their own."""
    found, statuses, words = world(view, day), tuple(Status), tuple(ActivityStatus)
    return {
        (place.code, str(s)): (
            str(statuses[found.own[n, s.rank]]),
            str(statuses[found.total[n, s.rank]]),
            *(str(words[found.own_rank[n, s.rank, a]]) for a in (0, 1)),
            *(str(words[found.total_rank[n, s.rank, a]]) for a in (0, 1)),
            ";".join(flags_of(int(found.flags[n, s.rank]) & ~(1 << Flag.STALE.rank))),
            found.min_age[n, s.rank],
        )
        for n, place in enumerate(view.record.places)
        for s in Substance
    }


def without_conditions(answers: Answers) -> Answers:
    return {key: row[:8] for key, row in answers.items()}


def test_every_day_is_as_the_resolver_says(edition: Edition, times: Timeline) -> None:
    events = event_days(edition.view, np.arange(len(edition.record.places)))
    days = {d + step for d in events for step in (-1, 0, 1)} - {0}
    for day in sorted(days):
        assert without_conditions(told(times, day)) == resolved(edition.view, day), day


def test_what_was_said_before_is_known(record: Record, edition: Edition, times: Timeline) -> None:
    """Until the second batch came, the answers were those of the first."""
    first, second = record.moments
    (said,) = times.said
    assert said.day == date.fromisoformat(second[:10]).toordinal()
    assert times.first_said == date.fromisoformat(first[:10]).toordinal()
    pairs = said.runs.set_index(["like", "substance"]).index
    kept = ~times.runs.set_index(["like", "substance"]).index.isin(pairs)
    then = pd.concat([times.runs[kept], said.runs])
    view = record.at(record.bound(first))
    day = date(2026, 6, 1).toordinal()
    assert without_conditions(told(times, day, then)) == resolved(view, day)
    assert resolved(view, day) != resolved(edition.view, day)
    assert len(said.runs) < len(times.runs) / 2


def test_an_edition_of_the_first_moment_has_nothing_before_it(record: Record) -> None:
    first = record.moments[0]
    assert timeline(Edition(record, edition_day(), record.bound(first))).said == ()


def edition_day() -> int:
    return date(2026, 11, 22).toordinal()
