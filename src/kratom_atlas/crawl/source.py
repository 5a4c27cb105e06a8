"""What a source declares of itself."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.values import Code, Text, Url

__all__ = [
    "ANYTHING",
    "CSV",
    "HTML",
    "JSON",
    "PDF",
    "TEXT",
    "XML",
    "ZIP",
    "Bounds",
    "Expect",
    "Hours",
    "Key",
    "Rate",
    "Source",
]

SourceId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,60}(\.[a-z0-9][a-z0-9-]{0,80})?\Z")]


class Declared(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a source declares."""


class Key(Declared, frozen=True):
    """The key that a source needs, and how it is sent. It is read from the environment only.

    `place` and `name`: the header, or the parameter of the query, that carries it. Where
    `required` is false the source works without, at a lower rate. `register`: where to get one.
    It is sent to `host` only, the first of the source where none is named.
    """

    env: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]+\Z")]
    place: Literal["header", "query"]
    name: str
    register: Url
    prefix: str = ""
    required: bool = True
    host: str | None = None


class Rate(Declared, frozen=True):
    """How often the source may be asked.

    `delay`: seconds between two requests to a host. `parallel`: requests at a time. The others
    are allowances that are kept across runs.
    """

    delay: Annotated[float, Meta(ge=0, le=60)] = 1.0
    parallel: Annotated[int, Meta(ge=1, le=8)] = 1
    per_minute: int | None = None
    per_day: int | None = None
    per_month: int | None = None


class Hours(Declared, frozen=True):
    """The hours within which the source allows machines, `HH:MM`, in the time of `zone`."""

    first: Annotated[str, Meta(pattern=r"^\d\d:\d\d\Z")]
    last: Annotated[str, Meta(pattern=r"^\d\d:\d\d\Z")]
    zone: str

    def hold(self, now: datetime) -> bool:
        """Whether a moment lies within them."""
        here = now.replace(tzinfo=now.tzinfo or UTC).astimezone(ZoneInfo(self.zone)).time()
        first, last = time.fromisoformat(self.first), time.fromisoformat(self.last)
        return first <= here <= last if first <= last else here >= first or here <= last

    def __str__(self) -> str:
        return f"from {self.first} to {self.last} ({self.zone})"


class Bounds(Declared, frozen=True):
    """What one run may find; outside of it the whole run fails and publishes nothing.

    `examined`: how many entries of lists and documents were looked at. `observed`: how many
    observations came of them. `collapse`: a run that examines less than this share of what the
    last one did has collapsed. `errors`: the share of requests that may fail.
    """

    examined: tuple[int, int]
    observed: tuple[int, int] = (0, 5_000)
    collapse: Annotated[float, Meta(ge=0, le=1)] = 0.0
    errors: Annotated[float, Meta(ge=0, le=1)] = 0.2


class Expect(Declared, frozen=True):
    """What a good response looks like; anything else is quarantined before it is parsed.

    `media`: the types of bytes that are right, none for any. `smallest`: fewer bytes are not a
    document. `contains`: each of these must stand in the bytes as they are.
    """

    media: tuple[str, ...] = ()
    smallest: int = 1
    contains: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)


JSON: Final = Expect(media=("json",), smallest=2)
XML: Final = Expect(media=("xml",), smallest=20)
HTML: Final = Expect(media=("html",), smallest=100)
PDF: Final = Expect(media=("pdf",), smallest=100)
ZIP: Final = Expect(media=("zip", "gzip", "bzip2", "xz", "tar"), smallest=20)
TEXT: Final = Expect(media=("text",), smallest=1)
CSV: Final = TEXT
ANYTHING: Final = Expect()


class Source(Declared, frozen=True):
    """One public source: what it is, on what terms it may be read, and what is normal for it.

    `covers`: the codes of the places whose law it publishes; `US-*` stands for every state.
    `schedule`: when to look, a crontab line in UTC; `in_session`: the line while its legislature
    sits, from `sittings` (`MM-DD` to `MM-DD`). `cadence`: so many days may pass without a change
    before that is odd. `overlap`: days that each look reaches back before the last one, `first`
    those of the first look. `hosts`: the only hosts that it is read from. `off`: why it is not
    read at all. `seconds` and `megabytes` bound one response.
    """

    id: SourceId
    title: Text
    publisher: Text
    covers: Annotated[tuple[Annotated[str, Meta(pattern=r"^[A-Z]{1,2}(-[A-Z0-9*]{1,3})?\Z")], ...],
                      Meta(min_length=1)]  # fmt: skip
    kind: SourceKind
    homepage: Url
    licence: Text
    terms: Text
    hosts: tuple[str, ...]
    schedule: str
    bounds: Bounds
    cadence: Annotated[int, Meta(ge=1, le=3660)]
    in_session: str | None = None
    sittings: tuple[tuple[str, str], ...] = ()
    key: Key | None = None
    rate: Rate = Rate()
    hours: Hours | None = None
    overlap: Annotated[int, Meta(ge=0, le=60)] = 3
    first: Annotated[int, Meta(ge=1, le=36_600)] = 30
    seconds: Annotated[int, Meta(ge=5, le=1800)] = 60
    megabytes: Annotated[int, Meta(ge=1, le=512)] = 32
    language: str = "en"
    off: Text | None = None

    def place(self) -> Code:
        """The first place that it covers, for sources of one place."""
        return self.covers[0]
