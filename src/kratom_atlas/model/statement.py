"""Statements: what was recorded, when, by whom, and why. They are only ever appended."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import msgspec

from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    Instrument,
    Jurisdiction,
    Provision,
    Search,
    Text,
    Value,
)

__all__ = [
    "Body",
    "Line",
    "Op",
    "Part",
    "decode_hook",
    "known_bound",
    "seconds",
    "statement_id",
]

Body = Jurisdiction | Instrument | Provision | Search
"""What a statement says."""

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class Op(StrEnum):
    """What a line of the ledger does to its subject."""

    ASSERT = "assert"
    """Says something of a subject for the first time, or again after a retraction."""
    SUPERSEDE = "supersede"
    """Says something else of it from now on."""
    ACKNOWLEDGE = "acknowledge"
    """Says the same on newer or better evidence."""
    RETRACT = "retract"
    """No longer says anything of it."""


class Part(StrEnum):
    """Which kind of subject a line is about; also the name of the line's field that holds it."""

    JURISDICTION = "jurisdiction"
    INSTRUMENT = "instrument"
    PROVISION = "provision"
    SEARCH = "search"


class Line(Value, frozen=True, kw_only=True):
    """One line of the ledger.

    `subject` is the natural key of the thing; `statement` names what is said, so that the same
    words on other evidence are the same statement; `previous` is the statement that stood before.
    """

    op: Op
    part: Part
    subject: str
    statement: str
    recorded_at: str
    actor: Text
    reason: Text
    previous: str | None = None
    jurisdiction: Jurisdiction | None = None
    instrument: Instrument | None = None
    provision: Provision | None = None
    search: Search | None = None

    def __post_init__(self) -> None:
        seconds(self.recorded_at)
        bodies = [p for p in Part if getattr(self, p) is not None]
        if bodies != ([] if self.op is Op.RETRACT else [self.part]):
            raise ValueError(f"a line that {self.op}s holds its {self.part} and nothing else")

    @property
    def body(self) -> Body | None:
        """What the line says, or None for a retraction."""
        body: Body | None = getattr(self, self.part)
        return body

    @property
    def moment(self) -> int:
        """Recorded time in seconds since 1970-01-01T00:00:00Z."""
        return seconds(self.recorded_at)


def statement_id(body: Body) -> str:
    """The name of what is said: a digest of the words without their evidence."""
    plain: dict[str, Any] = msgspec.to_builtins(body, enc_hook=str)
    plain.pop("evidence", None)
    plain.pop("verification", None)
    encoded = msgspec.json.encode([type(body).__name__, plain], order="sorted")
    return hashlib.sha256(encoded).hexdigest()[:32]


def known_bound(text: str) -> int:
    """The first second that is no longer known at `text`, a date or a moment in UTC.

    Raises:
        ValueError: neither `YYYY-MM-DD` nor `YYYY-MM-DDTHH:MM:SSZ`.
    """
    if _MOMENT.fullmatch(text):
        return seconds(text) + 1
    try:
        whole = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        whole = None
    if whole is None:
        raise ValueError(
            f"{text!r} is not a day or a moment: write 2026-11-22 or 2026-11-22T08:00:00Z"
        )
    return seconds(f"{whole.isoformat()}T00:00:00Z") + 86_400


@lru_cache(maxsize=4096)
def seconds(moment: str) -> int:
    """Seconds since 1970 at a moment in UTC.

    Raises:
        ValueError: not `YYYY-MM-DDTHH:MM:SSZ`, or no such moment.
    """
    try:
        if not _MOMENT.fullmatch(moment):
            raise ValueError
        return (datetime.fromisoformat(moment) - _FIRST) // timedelta(seconds=1)
    except ValueError:
        raise ValueError(f"{moment!r} is not a moment: write 2026-11-22T08:00:00Z") from None


def decode_hook(kind: type, value: object) -> object:
    """For `msgspec`: text to the model's own types."""
    if kind is PartialDate and isinstance(value, str):
        return _date(value)
    raise NotImplementedError(kind)


_date = lru_cache(maxsize=20_000)(PartialDate)  # the same days stand on many lines
