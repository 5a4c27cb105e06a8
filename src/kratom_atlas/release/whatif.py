"""What if: the answers that would be others if what is pending were law from the as-of day on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kratom_atlas.model.values import Instrument
from kratom_atlas.release.tables import Edition
from kratom_atlas.release.timeline import ANSWER, Timeline, by_pair, near, runs_of
from kratom_atlas.resolve.suppose import pending, suppose

__all__ = ["ALL", "WhatIf", "what_if"]

ALL: Final = ""
"""The key of the answers if all proposals together were law."""

_COLUMNS: Final = ["start", "precision", "legal", *ANSWER]


@dataclass(frozen=True)
class WhatIf:
    """`proposals`: what may still become law, by id.

    `runs`: for `ALL`, and for each proposal of which the record says what it would do, the runs
    of the places and substances whose answers would be others; columns as in `Timeline.runs`,
    without who decides. Their first hypothetical day is none of law.
    """

    proposals: tuple[Instrument, ...]
    runs: dict[str, pd.DataFrame]


def what_if(edition: Edition, times: Timeline) -> WhatIf:
    """The proposals of the edition, and what would be otherwise with all and with each of them."""
    proposals = pending(edition.view, edition.as_of)
    told = [act.id for act in proposals if act.id in edition.by_instrument]
    runs = {ALL: _otherwise(edition, times, told)}
    runs |= {key: _otherwise(edition, times, [key]) for key in told}
    return WhatIf(proposals, runs)


def _otherwise(edition: Edition, times: Timeline, supposed: Collection[str]) -> pd.DataFrame:
    columns = ["like", "substance", *_COLUMNS]
    view = suppose(edition.view, supposed, edition.as_of)
    if view is edition.view:
        return times.runs.iloc[:0][columns]
    index = edition.record.index
    makers = {index[rule.jurisdiction] for key in supposed for rule in edition.by_instrument[key]}
    heads = np.unique(times.runs["like"].to_numpy())
    concerned = np.intersect1d(heads, near(np.array(sorted(makers)), view))
    runs = runs_of(Edition(view.record, edition.as_of, view.known), concerned)[columns]
    # Nobody enacted it on that day: the map must not say "since".
    runs = runs.assign(legal=runs["legal"] & (runs["start"] != edition.as_of))
    said = ["start", *ANSWER]
    law = by_pair(times.runs, said)
    other = [pair for pair, rows in by_pair(runs, said).items() if law[pair] != rows]
    if not other:
        return runs.iloc[:0]
    pairs = pd.MultiIndex.from_tuples(other)
    kept = pd.MultiIndex.from_frame(runs[["like", "substance"]]).isin(pairs)
    return runs[kept].reset_index(drop=True)
