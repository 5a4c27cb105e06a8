"""Statements: what was recorded, when, by whom, and why. They are only ever appended."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

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
    "statement_id",
]

Body = Jurisdiction | Instrument | Provision | Search
"""What a statement says."""

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
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
    recorded_at: Annotated[str, Meta(pattern=_MOMENT.pattern)]
    actor: Text
    reason: Text
    previous: str | None = None
    jurisdiction: Jurisdiction | None = None
    instrument: Instrument | None = None
    provision: Provision | None = None
    search: Search | None = None

    def __post_init__(self) -> None:
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
        return _seconds(datetime.fromisoformat(self.recorded_at))


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
        return _seconds(datetime.fromisoformat(text)) + 1
    try:
        whole = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        whole = None
    if whole is None:
        raise ValueError(
            f"{text!r} is not a day or a moment: write 2026-11-22 or 2026-11-22T08:00:00Z"
        )
    return _seconds(datetime(whole.year, whole.month, whole.day, tzinfo=UTC)) + 86_400


def _seconds(moment: datetime) -> int:
    return int((moment - _FIRST) / timedelta(seconds=1))


def decode_hook(kind: type, value: object) -> object:
    """For `msgspec`: text to the model's own types."""
    if kind is PartialDate and isinstance(value, str):
        return PartialDate(value)
    raise NotImplementedError(kind)
