"""Dates that are only as precise as their source, and half-open intervals of them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, Self

__all__ = ["FAR_FUTURE", "FAR_PAST", "PartialDate", "order_of"]

FAR_PAST: Final = 0
"""Proleptic ordinal before every date (`date.min` is ordinal 1)."""
FAR_FUTURE: Final = date.max.toordinal() + 1
"""Proleptic ordinal after every date."""

_SHAPE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


class PartialDate(str):
    """A date of EDTF level 0: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; its length is its precision.

    It is a `str`, so it sorts, hashes and serialises as written; `lo` and `hi` give the
    half-open range of proleptic ordinals that it may mean.

    Raises:
        ValueError: not of that shape, or no such day in the calendar.
    """

    __slots__ = ("hi", "lo")
    lo: int
    hi: int

    def __new__(cls, text: str) -> Self:
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD, "
                "only as precise as the source"
            )
        year, month, day = (int(part) if part else None for part in match.groups())
        self = super().__new__(cls, text)
        try:
            assert year is not None
            first = date(year, 1 if month is None else month, 1 if day is None else day)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a day of the calendar: {error}") from None
        self.lo = first.toordinal()
        if day:
            self.hi = self.lo + 1
        elif month:
            self.hi = _next_month(first)
        else:
            self.hi = date(first.year + 1, 1, 1).toordinal() if year < 9999 else FAR_FUTURE
        return self

    def __getnewargs__(self) -> tuple[str]:
        return (str(self),)

    @property
    def is_day(self) -> bool:
        """Whether the date is known to the day."""
        return len(self) == 10

    @property
    def after(self) -> PartialDate:
        """The period that follows, with the same precision (`2017-12` -> `2018-01`)."""
        return PartialDate(date.fromordinal(self.hi).isoformat()[: len(self)])

    def words(self) -> str:
        """The date for people to read: `2026-08-01`, `August 2026`, `2026`."""
        if len(self) == 7:
            return f"{_MONTHS[int(self[5:7]) - 1]} {self[:4]}"
        return str(self)


def order_of(text: str) -> int:
    """Where a date stands among others: by its first day, and last where there is none."""
    return PartialDate(text).lo if text else FAR_FUTURE


def _next_month(first: date) -> int:
    return (first + timedelta(days=32)).replace(day=1).toordinal() if first < _LAST else FAR_FUTURE


_LAST = date(9999, 12, 1)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
