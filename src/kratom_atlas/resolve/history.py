"""The whole of valid time: the days on which an answer may change, and the answers between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from kratom_atlas.model.time import FAR_FUTURE, FAR_PAST
from kratom_atlas.resolve.engine import SUBSTANCES, Answers, _expand, resolve
from kratom_atlas.resolve.record import Bools, Ints, Record, View

__all__ = ["History", "event_days", "history", "representatives"]

BEGINNING: Final = 1
"""The first day there is (0001-01-01)."""
_CHUNK: Final = 2_000_000
"""Provisions to look at in one go: what bounds the memory."""


@dataclass(frozen=True)
class History:
    """Segments of valid time, ordered by place and day: `answers` holds from `start` to `end`.

    `precision` (segments, substances): 0 where the segment does not begin on a day of law for
    that substance, but on one from which something is known; else the length of that day in its
    source (4, 7 or 10). `seen` is that length where it is no day of law.
    """

    start: Ints
    end: Ints
    precision: Ints
    seen: Ints
    answers: Answers

    @property
    def place(self) -> Ints:
        """The place of each segment."""
        return self.answers.place

    @property
    def legal(self) -> Bools:
        """(segments, substances): whether the segment begins on a day of law."""
        of_law: Bools = self.precision > 0
        return of_law

    def label(self, n: int, s: int) -> str:
        """The first day of segment `n` for substance `s`, as precise as its source."""
        return date.fromordinal(int(self.start[n])).isoformat()[
            : int(self.precision[n, s] or self.seen[n])
        ]


def history(view: View, places: Sequence[int] | Ints, *, local: bool = True) -> History:
    """The history of each place."""
    wanted = np.asarray(places, dtype=np.int64)
    index, start, precision, seen = _events(view, wanted, local=local)
    place = wanted[index]
    last = np.append(place[1:] != place[:-1], True) if len(place) else np.zeros(0, dtype=bool)
    end = np.where(last, FAR_FUTURE, np.append(start[1:], FAR_FUTURE))
    chunk = np.cumsum(_cost(view, place, local=local)) // _CHUNK
    edges = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(place)]
    parts = [resolve(view, place[a:b], start[a:b], local=local) for a, b in pairwise(edges)]
    answers = _join(parts)
    precision[_first_seen(view, start, answers)] = 0
    return History(start, end, precision, seen, answers)


def _first_seen(view: View, start: Ints, answers: Answers) -> Bools:
    """(segments, substances): whether what decides from that day on was merely first seen then."""
    table = view.record.provisions
    if not len(table.bodies):
        return np.zeros(answers.own.shape, dtype=bool)
    rows = np.concatenate([answers.decides[:, :, :2], answers.own_decides[:, :, :2]], axis=2)
    safe = np.where(rows >= 0, rows, 0)
    begins = (rows >= 0) & (table.from_lo[safe] == start[:, None, None])
    seen = np.any(begins & table.attested[safe], axis=2)
    legal = np.any(begins & ~table.attested[safe], axis=2)
    first_seen: Bools = seen & ~legal
    return first_seen


def _cost(view: View, places: Ints, *, local: bool) -> Ints:
    """How many provisions the engine will look at for each of the places."""
    rows = np.diff(view.law.start)
    related = view.children if local else {}
    distinct, at = np.unique(places, return_inverse=True)
    cost = [
        1 + int(rows[[n, *view.binders[n], *related.get(n, ())]].sum()) for n in distinct.tolist()
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
    for n, binders in enumerate(view.binders):
        if not spoken[n] and not any(spoken[c] for c in view.children.get(n, ())):
            key = (record.places[n].level, frozenset(binders))
            result[n] = first.setdefault(key, n)
    return result


def _events(view: View, places: Ints, *, local: bool) -> tuple[Ints, Ints, Ints, Ints]:
    """(index into `places`, day, precision per substance, precision as seen), one per day.

    The precision is 0 where the day is none of law for that substance: a day of law is one on
    which a rule of the place, or of what binds it, begins or ends.
    """
    record = view.record
    of, day, mask, precision = (np.concatenate(c) for c in zip(*_boundaries(view), strict=True))
    order = np.argsort(of, kind="stable")
    of, day, mask, precision = of[order], day[order], mask[order], precision[order]
    start = np.searchsorted(of, np.arange(len(record.places) + 1))

    related = [
        (n, other, law)
        for n, place in enumerate(places.tolist())
        for law, others in (
            (1, (place, *view.binders[place])),
            (0, view.children.get(place, ()) if local else ()),
        )
        for other in others
    ]
    query, near, law = np.array(related, dtype=np.int64).reshape(-1, 3).T
    source, at = _expand(start[near], start[near + 1] - start[near], np.arange(len(of)))
    index = np.concatenate([query[source], np.arange(len(places))])
    days = np.concatenate([day[at], np.full(len(places), BEGINNING)])
    masks = np.concatenate([mask[at] * law[source], np.zeros(len(places), dtype=np.int64)])
    widths = np.concatenate([precision[at], np.full(len(places), 4)])
    order = np.lexsort((days, index))
    index, days, masks, widths = (c[order] for c in (index, days, masks, widths))
    first = np.append(True, (index[1:] != index[:-1]) | (days[1:] != days[:-1]))
    of_law = masks[:, None] >> np.arange(len(SUBSTANCES)) & 1
    at_first = np.flatnonzero(first)
    most_precise = np.maximum.reduceat(of_law * widths[:, None], at_first, axis=0)
    return index[first], days[first], most_precise, np.maximum.reduceat(widths, at_first)


def _boundaries(view: View) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """(place, day, substances for which it is a day of law, precision) of every boundary."""
    rows, table = view.law, view.record.provisions
    place, substances = table.place[rows.row], table.substances[rows.row]
    seen = table.attested[rows.row] & (rows.from_lo == table.from_lo[rows.row])
    for lo, hi, legal in (
        (rows.from_lo, rows.from_hi, ~seen),
        (rows.to_lo, rows.to_hi, np.ones(len(place), dtype=bool)),
    ):
        real = (lo > FAR_PAST) & (lo < FAR_FUTURE)
        yield place[real], lo[real], (substances * legal)[real], _precision(lo, hi)[real]
        # The end of an imprecise boundary, and the day of enactment, move flags and no law.
        vague = real & (hi - lo > 1) & (hi < FAR_FUTURE) & legal
        yield _silent(place[vague], hi[vague], _precision(lo, hi)[vague])
    enacted = view.enacted[rows.row]
    yield _silent(place, enacted, np.full(len(place), 10))
    searches, live = view.record.searches, view.search_rows
    for lo, hi in ((searches.from_, searches.from_hi), (searches.to, searches.to_hi)):
        real = lo[live] < FAR_FUTURE
        yield _silent(searches.place[live][real], lo[live][real], _precision(lo, hi)[live][real])


def _silent(place: Ints, day: Ints, precision: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    return place, day, np.zeros(len(place), dtype=np.int64), precision


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
