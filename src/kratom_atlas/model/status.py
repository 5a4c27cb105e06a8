"""Answers: what the resolver says, and the chain that explains it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from kratom_atlas.model.statement import Line
from kratom_atlas.model.values import Instrument, Jurisdiction, Provision, Search
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Flag,
    Status,
    Substance,
    Verification,
)

__all__ = ["ActivityAnswer", "Answer", "Bearing", "Link"]


class Bearing(StrEnum):
    """How a provision bears on a place on a day."""

    DECIDES = "decides"
    APPLIES = "applies"
    NOT_YET = "not yet in force"
    ENDED = "no longer in force"
    SUSPENDED = "suspended"
    PREEMPTED = "preempted by a higher level"
    ELSEWHERE = "applies only outside municipalities"
    PERHAPS = "not known whether it reaches inside municipalities"
    UNSEEN = "not known whether it was in force on that day"
    NOT_LAW = "its instrument is not law"
    SILENT = "no effect on status"


class Link(Struct, frozen=True, kw_only=True):
    """One provision or search of the chain, with the line that recorded it."""

    bearing: Bearing
    jurisdiction: Jurisdiction
    provision: Provision | None = None
    instrument: Instrument | None = None
    search: Search | None = None
    line: Line


class ActivityAnswer(Struct, frozen=True, kw_only=True):
    """One activity: by the place's own law, and by all law that binds there."""

    activity: Activity
    own: ActivityStatus
    total: ActivityStatus
    provision: str | None
    """Id of the provision that decides the total."""


class Answer(Struct, frozen=True, kw_only=True):
    """The law on one substance in one place on one day, as known at one moment."""

    jurisdiction: Jurisdiction
    substance: Substance
    on: str
    known: str
    own_status: Status
    total_status: Status
    activities: tuple[ActivityAnswer, ...]
    flags: tuple[Flag, ...]
    min_age: int | None
    caps: tuple[str, ...]
    since: str | None
    until: str | None
    incoming: str | None
    verification: Verification | None
    last_checked: str | None
    chain: tuple[Link, ...]
