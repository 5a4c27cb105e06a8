"""When an act begins that names no day: the rules of the places, from `effective_defaults.yaml`.

Nobody has read the provisions that the rows cite. What follows from them is a default, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Final, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from kratom_atlas.model.reading import Circumstances, Moment
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Code, Text
from kratom_atlas.model.vocabulary import InstrumentKind, Verification
from kratom_atlas.read.calendars import certain, days_later, months_later, next_of, start_of_month

__all__ = ["Default", "default_moment", "defaults", "passage_is_enactment", "read_defaults"]

_SPECIAL: Final = re.compile(
    r"(?:\d[a-z]{0,2}[-_ ]?s{1,2}\d{0,2}\Z|\bspecial\b|extra)", re.IGNORECASE
)
"""The name of a special session: `2025s1`, `2023_ss`."""
_MOST_DAYS: Final = 366

MonthDay = Annotated[str, Meta(pattern=r"^(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z")]


class Default(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"next_": "next"}
):
    """One row: from what the first day follows where an act names none.

    The fields are described at the head of the file.
    """

    place: Code
    rule: Text
    basis: Text
    event: Literal["enacted", "published", "session-end", "none"]
    verification: Verification = Verification.REPORTED
    days: Annotated[int, Meta(ge=0, le=_MOST_DAYS)] = 0
    months: Annotated[int, Meta(ge=0, le=12)] = 0
    next_: tuple[MonthDay, ...] = ()
    month_start: Annotated[int, Meta(ge=1, le=12)] | None = None
    precision: Literal["day", "month"] = "day"
    regular_only: bool = False
    emergency: bool = False
    passage: Literal["enactment", "last-vote"] = "enactment"
    rules: bool = False

    def __post_init__(self) -> None:
        ways = (bool(self.days or self.months), bool(self.next_), self.month_start is not None)
        if sum(ways) > 1:
            raise ValueError("give `days` and `months`, or `next`, or `month_start`")
        if self.event == "none" and any(ways):
            raise ValueError("a rule without an event reckons nothing")
        for day in self.next_:
            date.fromisoformat(f"2026-{day}")

    def reckon(self, day: date) -> date:
        """The first day of an act, from the day of the event."""
        if self.next_:
            return min(next_of(day, int(when[:2]), int(when[3:])) for when in self.next_)
        if self.month_start is not None:
            return start_of_month(day, self.month_start)
        return days_later(self.days)(months_later(day, self.months))


def read_defaults(text: str) -> dict[str, Default]:
    """The rows of a file, by place.

    Raises:
        ValueError: a row is not as described, or a place has two.
    """
    rows = msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), tuple[Default, ...])
    by_place = {row.place: row for row in rows}
    if len(by_place) < len(rows):
        twice = {row.place for row in rows if by_place[row.place] is not row}
        raise ValueError(f"more than one row for {', '.join(sorted(twice))}")
    if better := [row.place for row in rows if row.verification.rank > Verification.REPORTED.rank]:
        raise ValueError(f"better than reported, and nobody has read it: {', '.join(better)}")
    return by_place


@cache
def defaults() -> dict[str, Default]:
    """The rules that come with the project."""
    file = resources.files("kratom_atlas.read") / "data" / "effective_defaults.yaml"
    return read_defaults(file.read_text(encoding="utf-8"))


def passage_is_enactment(place: str) -> bool:
    """Whether `passage` means that an act has become law there, and not the last vote on it."""
    row = defaults().get(place)
    return row is None or row.passage == "enactment"


def default_moment(about: Circumstances, *, urgent: bool = False) -> Moment | None:
    """The first day of an act or rule that names none; `urgent` if it declares an emergency.

    None where no rule is known, or where it is one for acts only and this is none.
    """
    row = defaults().get(about.place)
    if row is None or (about.kind is InstrumentKind.REGULATION and not row.rules):
        return None
    if urgent and row.emergency:
        because = f"on enactment, as it declares an emergency ({row.basis})"
        return Moment(because=because, date=about.enacted)
    because = f"{row.rule} ({row.basis})"
    return Moment(because=because, date=_default_day(row, about))


def _default_day(row: Default, about: Circumstances) -> PartialDate | None:
    if row.regular_only and _SPECIAL.search(about.session):
        return None
    base = {
        "enacted": about.enacted,
        "published": about.published,
        "session-end": about.session_end,
    }.get(row.event)
    reckon: Callable[[date], date] = row.reckon
    day = certain(base, reckon)
    if day is not None and row.precision == "month":
        return PartialDate(day[:7])
    return day
