"""A change: two answers that differ, why, and in which words."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from kratom_atlas.model.values import Jurisdiction
from kratom_atlas.model.vocabulary import Activity, ActivityStatus, ChangeKind, Status, Substance

__all__ = ["Change", "Scope"]

Scope = Literal["own", "total"]


class Change(Struct, frozen=True, kw_only=True):
    """One cell that differs; `date` is the day of law, as precise as its source, or empty.

    `activity` is None where the place's word, or a condition of it, differs; otherwise the word
    stands and this activity differs.
    """

    id: str
    date: str
    kind: ChangeKind
    jurisdiction: Jurisdiction
    substance: Substance
    before: Status | ActivityStatus
    after: Status | ActivityStatus
    scope: Scope
    activity: Activity | None
    provisions: tuple[str, ...]
    recorded_at: str
    details: tuple[str, ...]
    """The conditions that moved (age, caps), in words."""
    summary: str
