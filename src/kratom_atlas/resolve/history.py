"""The whole of valid time: the days on which an answer may change, and the answers between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from kratom_atlas.model.time import FAR_FUTURE, FAR_PAST
from kratom_atlas.resolve.engine import Answers, _expand, resolve
from kratom_atlas.resolve.record import Bools, Ints, Record, View

__all__ = ["History", "event_days", "history", "representatives"]

BEGINNING: Final = 1
"""The first day there is (0001-01-01)."""
_CHUNK: Final = 2_000_000
"""Provisions to look at in one go: what bounds the memory."""


@dataclass(frozen=True)
class History:
    """Segments of valid time, ordered by place and day: `answers` holds from `start` to `end`.

    `legal`: the segment begins on a day of law, not merely on one from which something is known.
    `precision`: of that day, as the length of the date in its source (4, 7 or 10).
    """

    start: Ints
    end: Ints
    legal: Bools
    precision: Ints
    answers: Answers

    @property
    def place(self) -> Ints:
        """The place of each segment."""
        return self.answers.place

    def label(self, n: int) -> str:
        """The first day of segment `n`, as precise as its source."""
        return date.fromordinal(int(self.start[n])).isoformat()[: int(self.precision[n])]


def history(view: View, places: Sequence[int] | Ints, *, local: bool = True) -> History:
    """The history of each place."""
    wanted = np.asarray(places, dtype=np.int64)
    index, start, legal, precision = _events(view, wanted, local=local)
    place = wanted[index]
    last = np.append(place[1:] != place[:-1], True) if len(place) else np.zeros(0, dtype=bool)
    end = np.where(last, FAR_FUTURE, np.append(start[1:], FAR_FUTURE))
    chunk = np.cumsum(_cost(view, place, local=local)) // _CHUNK
    edges = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(place)]
    parts = [resolve(view, place[a:b], start[a:b], local=local) for a, b in pairwise(edges)]
    return History(start, end, legal, precision, _join(parts))


def _cost(view: View, places: Ints, *, local: bool) -> Ints:
    """How many provisions the engine will look at for each of the places."""
    rows = np.diff(view.law.start)
    related = view.record.children if local else {}
    distinct, at = np.unique(places, return_inverse=True)
    cost = [
        1 + int(rows[[n, *view.record.binders[n], *related.get(n, ())]].sum())
        for n in distinct.tolist()
    ]
    return np.array(cost, dtype=np.int64)[at]


def event_days(view: View, places: Sequence[int] | Ints) -> list[int]:
    """The days on which the own law of any of the places, or what binds it, may change."""
    _, days, _, _ = _events(view, np.asarray(places, dtype=np.int64), local=False)
    return sorted(set(days.tolist()))


def representatives(record: Record, view: View) -> Ints:
    """For each place, one that must have the same answers.

    Places without statements of their own, without places inside, at the same level and bound by
    the same jurisdictions share their history: most counties of a state do.
    """
    spoken = view.spoken
    first: dict[tuple[object, ...], int] = {}
    result = np.arange(len(record.places))
    for n, binders in enumerate(record.binders):
        if not spoken[n] and not any(spoken[c] for c in record.children.get(n, ())):
            key = (record.places[n].level, frozenset(binders))
            result[n] = first.setdefault(key, n)
    return result


def _events(view: View, places: Ints, *, local: bool) -> tuple[Ints, Ints, Bools, Ints]:
    """(index into `places`, day, whether of law, precision), ordered, one per day."""
    record = view.record
    of, day, legal, precision = (np.concatenate(c) for c in zip(*_boundaries(view), strict=True))
    order = np.argsort(of, kind="stable")
    of, day, legal, precision = of[order], day[order], legal[order], precision[order]
    start = np.searchsorted(of, np.arange(len(record.places) + 1))

    related = [
        (n, other)
        for n, place in enumerate(places.tolist())
        for other in (
            place,
            *record.binders[place],
            *(record.children.get(place, ()) if local else ()),
        )
    ]
    query, near = np.array(related, dtype=np.int64).reshape(-1, 2).T
    index, at = _expand(start[near], start[near + 1] - start[near], np.arange(len(of)))
    # Every place begins at the beginning; among equals the legal and the most precise is kept.
    index = np.concatenate([query[index], np.arange(len(places))])
    days = np.concatenate([day[at], np.full(len(places), BEGINNING)])
    legals = np.concatenate([legal[at], np.zeros(len(places), dtype=np.int64)])
    precisions = np.concatenate([precision[at], np.full(len(places), 10)])
    order = np.lexsort((-precisions, -legals, days, index))
    index, days, legals, precisions = (c[order] for c in (index, days, legals, precisions))
    first = np.append(True, (index[1:] != index[:-1]) | (days[1:] != days[:-1]))
    return index[first], days[first], legals[first].astype(bool), precisions[first]


def _boundaries(view: View) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """(place, day, 1 if of law else 0, precision) of every boundary of every statement."""
    rows, table = view.law, view.record.provisions
    place = table.place[rows.row]
    seen = table.attested[rows.row] & (rows.from_lo == table.from_lo[rows.row])
    for lo, hi, legal in (
        (rows.from_lo, rows.from_hi, ~seen),
        (rows.to_lo, rows.to_hi, np.ones(len(place), dtype=bool)),
    ):
        real = (lo > FAR_PAST) & (lo < FAR_FUTURE)
        yield place[real], lo[real], legal[real].astype(np.int64), _precision(lo, hi)[real]
        vague = real & (hi - lo > 1) & (hi < FAR_FUTURE) & legal
        yield place[vague], hi[vague], legal[vague].astype(np.int64), _precision(lo, hi)[vague]
    searches, live = view.record.searches, view.search_rows
    for day in (searches.from_[live], searches.to[live]):
        real = day < FAR_FUTURE
        none = np.zeros(int(real.sum()), dtype=np.int64)
        yield searches.place[live][real], day[real], none, none + 10


def _precision(lo: Ints, hi: Ints) -> Ints:
    width = hi - lo
    return np.where(width <= 1, 10, np.where(width <= 31, 7, 4))


def _join(parts: Sequence[Answers]) -> Answers:
    if len(parts) == 1:
        return parts[0]
    columns = {
        f.name: np.concatenate([getattr(p, f.name) for p in parts])
        for f in fields(Answers)
        if f.name != "activities"
    }
    return Answers(activities=parts[0].activities, **columns)
