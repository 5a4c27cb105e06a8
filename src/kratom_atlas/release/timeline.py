"""The whole of time in one table: every answer of every place, from its first day on.

The map draws from it alone. Valid time is in the runs; recorded time is in `said`: what each
earlier edition of the record had said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import numpy as np
import pandas as pd

from kratom_atlas.changes import touched
from kratom_atlas.model.statement import Part
from kratom_atlas.model.time import FAR_FUTURE
from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Status, Substance, Verification
from kratom_atlas.release.tables import Edition
from kratom_atlas.resolve.explain import flags_of
from kratom_atlas.resolve.history import History, history
from kratom_atlas.resolve.record import Ints, Record, View

__all__ = ["ANSWER", "Said", "Timeline", "by_pair", "near", "runs_of", "timeline"]

ANSWER: Final = (
    "own_status", "total_status", "own_possess", "own_sell", "possess_status", "sell_status",
    "flags", "min_age", "seven_oh_cap", "verification",
)  # fmt: skip
"""What a run says, beside the time in which it holds."""

_EPOCH: Final = 719_163
"""1970-01-01 as an ordinal."""


@dataclass(frozen=True)
class Said:
    """What was said until `day`, where something else has been said since.

    `runs` are like those of `Timeline`, of the places and substances concerned only.
    """

    day: int
    runs: pd.DataFrame


@dataclass(frozen=True)
class Timeline:
    """`places`: code, name, level, `like` (whose runs are its own) and `binders` (codes, widest
    first). `runs`: `like`, `substance`, `start` (an ordinal), `precision` (4, 7 or 10), `legal`
    (whether the first day is one of law), and `ANSWER`. `looked`: the day of the last look, by
    (like, substance). `first_said`: the day from which something was said at all.
    """

    places: pd.DataFrame
    runs: pd.DataFrame
    decides: pd.DataFrame
    looked: pd.DataFrame
    first_said: int
    said: tuple[Said, ...]


def timeline(edition: Edition) -> Timeline:
    """The whole of time, as the edition knows it and as earlier ones did."""
    record, view = edition.record, edition.view
    like = _like(record, view)
    heads = np.unique(like)
    runs = runs_of(edition, heads)
    levels = record.levels
    chains: Any = [
        tuple(record.places[b].code for b in sorted(binders, key=lambda b: (levels[b], b)))
        for binders in view.binders
    ]
    places = edition.places[["code", "name", "level", "lat", "lon"]].assign(
        like=like, binders=chains
    )
    moments = [m for m in record.moments if record.before(m, view.known)]
    looked = np.minimum(edition.now.last_checked[heads], edition.as_of)
    return Timeline(
        places=places,
        runs=runs[["like", "substance", "start", "precision", "legal", *ANSWER]],
        decides=runs[["like", "substance", "start", "provision_ids"]],
        looked=pd.DataFrame(looked, index=heads, columns=[str(s) for s in Substance]),
        first_said=_day(moments[0]) if moments else FAR_FUTURE,
        said=tuple(_said(edition, moments, heads, runs)),
    )


def _like(record: Record, view: View) -> Ints:
    """For each place, one that must always have had the same answers, whenever one had asked.

    As `representatives`, but over every version of every statement.
    """
    own = np.zeros(len(record.places), dtype=bool)
    own[record.provisions.place] = True
    own[record.searches.place] = True
    # What is proposed for a place would make its answers its own.
    own[[record.index[v.body.jurisdiction] for v in record.proposed]] = True  # type: ignore[union-attr]
    seen: set[str] = set()
    for version in record.versions[Part.JURISDICTION]:
        own[record.index[version.line.subject]] |= version.line.subject in seen
        seen.add(version.line.subject)
    first: dict[tuple[object, ...], int] = {}
    like = np.arange(len(record.places))
    for n, binders in enumerate(view.binders):
        if not own[n] and not any(own[c] for c in view.children.get(n, ())):
            key = (record.places[n].level, frozenset(binders))
            like[n] = first.setdefault(key, n)
    return like


def runs_of(edition: Edition, places: Ints) -> pd.DataFrame:
    """The runs of `places`, each as its own `like`."""
    past: History = history(edition.view, places)
    answers = past.answers
    runs = edition.runs(
        past,
        flags=~(1 << Flag.STALE.rank),
        own_possess=answers.own_rank[:, :, 0],
        own_sell=answers.own_rank[:, :, 1],
    )
    words: dict[str, Any] = {
        "own_status": _words(Status, runs["own"]),
        "total_status": _words(Status, runs["total"]),
        "own_possess": _words(ActivityStatus, runs["own_possess"]),
        "own_sell": _words(ActivityStatus, runs["own_sell"]),
        "possess_status": _words(ActivityStatus, runs["possess"]),
        "sell_status": _words(ActivityStatus, runs["sell"]),
        "verification": [_quality(v) for v in runs["verification"]],
        "flags": [";".join(flags_of(mask)) for mask in runs["flags"]],
        "min_age": runs["age"],
        "substance": _words(Substance, runs["s"]),
        "seven_oh_cap": runs["seven_oh_cap"].fillna(""),
        "provision_ids": runs["provision_ids"].fillna(""),
    }
    return runs.assign(**words).drop(columns=["own", "total", "possess", "sell", "age", "s"])


def _words(vocabulary: type[Status | ActivityStatus | Substance], ranks: pd.Series) -> list[str]:
    every = [str(word) for word in vocabulary]
    return [every[rank] for rank in ranks]


def _quality(rank: int) -> str:
    return str(tuple(Verification)[rank]) if rank >= 0 else ""


def _said(
    edition: Edition, moments: list[str], heads: Ints, latest: pd.DataFrame
) -> Iterator[Said]:
    """Backwards through the days on which something was recorded: what each made other."""
    record = edition.record
    columns = ["start", "precision", "legal", *ANSWER]
    days = [list(group)[-1] for _, group in groupby(moments, key=_day)]
    known = by_pair(latest, columns)
    for moment, later in zip(reversed(days[:-1]), reversed(days[1:]), strict=True):
        before, after = (record.at(record.bound(m)) for m in (moment, later))
        concerned = np.intersect1d(heads, near(touched(before, after), before, after))
        if not len(concerned):
            continue
        runs = runs_of(Edition(record, edition.as_of, record.bound(moment)), concerned)
        other = {p: rows for p, rows in by_pair(runs, columns).items() if known[p] != rows}
        known |= other
        if other:
            pairs = pd.MultiIndex.from_tuples(other, names=["like", "substance"])
            kept = runs.set_index(["like", "substance"]).index.isin(pairs)
            yield Said(
                _day(later),
                runs.loc[kept, ["like", "substance", *columns]].reset_index(drop=True),
            )


Pair = tuple[int, str]


def by_pair(runs: pd.DataFrame, columns: list[str]) -> dict[Pair, list[tuple[object, ...]]]:
    """(like, substance) -> its runs, in order of time."""
    rows = runs[columns].itertuples(index=False, name=None)
    found: dict[Pair, list[tuple[object, ...]]] = {}
    for like, substance, row in zip(runs["like"], runs["substance"], rows, strict=True):
        found.setdefault((like, substance), []).append(row)
    return found


def near(places: Ints, *views: View) -> Ints:
    """The places, what they bind and what binds them."""
    near = set(places.tolist())
    for view in views:
        for n in places.tolist():
            near.update(view.children.get(n, ()), view.binders[n])
    return np.array(sorted(near), dtype=np.int64)


def _day(moment: str) -> int:
    return int((np.datetime64(moment[:10]) - np.datetime64("1970-01-01")).astype(int)) + _EPOCH
