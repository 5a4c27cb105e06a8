"""The tables of alerts, and what both sides of them need: those who are told, and what is sent.

`interest` is what active subscriptions chose, place by place, in a form that one statement can
match against a notice; `subscription` has the same in words, from which it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import (
    EVERYWHERE,
    ChannelKind,
    Choices,
    Rhythm,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance, Word
from kratom_atlas.store.crawls import moment
from kratom_atlas.store.database import Store, StoreError, plainly, writing

__all__ = [
    "ALL",
    "CHANNELS",
    "CHUNK",
    "FOREVER",
    "MATCHING",
    "PUBLISHING",
    "chunks",
    "delivery",
    "envelope",
    "in_list",
    "interest",
    "interests",
    "is_among",
    "keep_up",
    "kind_of",
    "lock",
    "mask",
    "moment_of",
    "next_hour",
    "notice",
    "rhythm",
    "rhythm_of",
    "stop",
    "storable",
    "subscription",
    "subscription_of",
]

CHANNELS: Final = {ChannelKind.EMAIL: 1, ChannelKind.WEBHOOK: 2, ChannelKind.APPRISE: 3}
"""The number of a channel in the rows: never change one."""
ALL: Final = 0x7FFFFFFF
"""The mask of whatever word there may be."""
FOREVER: Final = 0x7FFFFFFFFFFF
"""Later than every second."""
PUBLISHING: Final = 0x6B726170
"""Claims share this lock; who publishes has it alone, so that no mistake is sent once known."""
MATCHING: Final = 0x6B72616D
"""Matching shares this lock; who ends a subscription has it alone, so that nothing is left."""
CHUNK: Final = 2000

T = TypeVar("T")

_metadata: Final = sa.MetaData()
_KINDS: Final = {number: kind for kind, number in CHANNELS.items()}
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

rhythm: Final = sa.Table(
    "rhythm",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(n, sa.Text) for n in ("rhythm", "timezone")),
    *(sa.Column(n, sa.Integer) for n in ("hour", "weekday")),
    sa.Column("due", sa.BigInteger),
)
subscription: Final = sa.Table(
    "subscription",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(n, sa.Text) for n in ("ref", "channel", "address", "choices", "state")),
    *(sa.Column(n, sa.Text) for n in ("created_at", "confirmed_at")),
    sa.Column("epoch", sa.Integer),
    sa.Column("secrets", sa.Text),
    *(sa.Column(n, sa.Integer) for n in ("rhythm", "bounces")),
    sa.Column("bounced_at", sa.BigInteger),
)
interest: Final = sa.Table(
    "interest",
    _metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Integer, primary_key=True),
    sa.Column("since", sa.BigInteger),
    *(sa.Column(n, sa.Integer) for n in ("topics", "substances", "notice_days", "rhythm")),
    *(sa.Column(n, sa.SmallInteger) for n in ("severity", "channel")),
    sa.Column("inside", sa.Boolean),
)
_legend: Final = sa.Table(
    "legend",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("words", sa.Text),
)
notice: Final = sa.Table(
    "notice",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(n, sa.Text) for n in ("key", "about")),
    sa.Column("published", sa.BigInteger),
    sa.Column("looked", sa.Integer),
    *(sa.Column(n, sa.Boolean) for n in ("open", "void")),
    sa.Column("body", sa.Text),
)
delivery: Final = sa.Table(
    "delivery",
    _metadata,
    sa.Column("due", sa.BigInteger),
    *(sa.Column(n, sa.Integer, primary_key=True) for n in ("notice", "subscription")),
    sa.Column("envelope", sa.BigInteger),
    sa.Column("channel", sa.SmallInteger),
    sa.Column("hidden", sa.Boolean),
)
envelope: Final = sa.Table(
    "envelope",
    _metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("subscription", sa.Integer),
    sa.Column("channel", sa.SmallInteger),
    sa.Column("state", sa.Text),
    sa.Column("due", sa.BigInteger),
    *(sa.Column(n, sa.Integer) for n in ("attempt", "lost")),
    sa.Column("doubtful", sa.Boolean),
    sa.Column("more", sa.Integer),
    *(sa.Column(n, sa.Text) for n in ("notices", "worker", "reason")),
    sa.Column("ended", sa.BigInteger),
)


def chunks(things: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The same, some at a time."""
    rest = iter(things)
    while chunk := list(islice(rest, size)):
        yield chunk


def moment_of(second: int) -> str:
    """The moment of a second since 1970, as the ledger writes it."""
    return moment(datetime.fromtimestamp(second, UTC))


def kind_of(number: int) -> ChannelKind:
    """The channel of a number in the rows."""
    return _KINDS[number]


def mask(words: Iterable[Word]) -> int:
    """A bit for each word."""
    return sum({1 << word.rank for word in words})


def storable(text: str, what: str) -> str:
    """Text that every database can hold.

    Raises:
        StoreError: it has a NUL or half a surrogate pair.
    """
    if _UNSTORABLE.search(text):
        raise StoreError(f"{what} has characters that cannot be stored: leave them out")
    return text


def lock(connection: Connection, key: int, *, alone: bool) -> None:
    """Wait for a lock that ends with the transaction; on SQLite whoever writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        take = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        connection.execute(sa.select(take(key, sa.func.hashtext(sa.func.current_schema()))))


def is_among(dialect: str, name: str) -> str:
    """The condition that a value is in the parameter `name`, a list of any length."""
    if dialect == "postgresql":
        return f"= ANY(:{name})"
    return f"IN (SELECT value FROM json_each(:{name}))"  # noqa: S608


def in_list(connection: Connection, values: Iterable[Any]) -> Any:
    """The parameter of `is_among`."""
    listed = list(values)
    return listed if connection.dialect.name == "postgresql" else msgspec.json.encode(listed)


# -- subscriptions as rows ---------------------------------------------------------------------


def interests(row: int, one: Subscription, hours: int) -> Iterator[dict[str, Any]]:
    """The rows by which an active subscription is found; none for another."""
    if one.state is not SubscriptionState.ACTIVE:
        return
    chosen = one.choices
    for code in set(chosen.places) or {EVERYWHERE}:
        yield {
            "code": storable(code, "a place"),
            "subscription": row,
            "since": seconds(one.confirmed_at or one.created_at),
            "topics": mask(chosen.topics),
            "substances": mask(chosen.substances) if chosen.substances else ALL,
            "notice_days": chosen.notice_days,
            "rhythm": hours,
            "severity": chosen.severity.rank,
            "channel": CHANNELS[one.channel],
            "inside": chosen.inside,
        }


def subscription_of(row: Any) -> Subscription:
    """The subscription of a row."""
    return Subscription(
        ref=row.ref,
        channel=msgspec.convert(row.channel, ChannelKind),
        address=row.address,
        choices=_CHOICES.decode(row.choices),
        state=msgspec.convert(row.state, SubscriptionState),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        epoch=row.epoch,
        secrets=tuple(msgspec.json.decode(row.secrets, type=list[str])),
    )


_CHOICES: Final = msgspec.json.Decoder(Choices)


def stop(connection: Connection, row: int) -> None:
    """Take back what waits for a subscription; the caller has `MATCHING` alone.

    Notice by notice, since deliveries lie in that order.
    """
    connection.execute(
        sa.delete(delivery).where(
            delivery.c.notice.in_(sa.select(notice.c.id)),
            delivery.c.subscription == row,
            delivery.c.envelope.is_(None),
        )
    )


def keep_up(store: Store) -> None:
    """Make `interest` anew where the words that its masks stand for have changed since."""
    words = msgspec.json.encode([list(w) for w in (Topic, Substance, Severity)]).decode()
    with plainly(store.name):
        with store.engine.connect() as connection:
            if connection.scalar(sa.select(_legend.c.words)) == words:
                return
        with writing(store.engine) as connection:
            lock(connection, MATCHING, alone=True)
            connection.execute(sa.delete(interest))
            connection.execute(sa.delete(_legend))
            connection.execute(sa.insert(_legend).values(id=1, words=words))
            active = sa.select(subscription).where(
                subscription.c.state == SubscriptionState.ACTIVE.value
            )
            for chunk in chunks(connection.execute(active.order_by(subscription.c.id)).all()):
                rows = [r for s in chunk for r in interests(s.id, subscription_of(s), s.rhythm)]
                connection.execute(sa.insert(interest), rows)


# -- when --------------------------------------------------------------------------------------


def rhythm_of(connection: Connection, chosen: Choices) -> int:
    """The row of the hours at which a subscription is sent something; `MATCHING` is held alone.

    Raises:
        StoreError: no such time zone, hour or day of the week.
    """
    values = _hours(chosen)
    if chosen.rhythm is not Rhythm.AT_ONCE:
        next_hour(0, values["timezone"], values["hour"], values["weekday"])
    same = sa.select(rhythm.c.id).where(*(rhythm.c[k] == v for k, v in values.items()))
    found = connection.scalar(same)
    if found is None:
        made = connection.execute(sa.insert(rhythm).values(**values)).inserted_primary_key
        assert made is not None
        found = made[0]
    return int(found)


def _hours(chosen: Choices) -> dict[str, Any]:
    if chosen.rhythm is Rhythm.AT_ONCE:
        return {"rhythm": Rhythm.AT_ONCE.value, "timezone": "", "hour": 0, "weekday": 0}
    return {
        "rhythm": chosen.rhythm.value,
        "timezone": chosen.timezone,
        "hour": chosen.hour,
        "weekday": chosen.weekday if chosen.rhythm is Rhythm.WEEKLY else 0,
    }


def next_hour(after: int, timezone: str, hour: int, weekday: int) -> int:
    """The first second later than `after` at which it is `hour` in a time zone, on `weekday`.

    0 stands for every day. An hour that the clocks leave out comes where they have gone on to; of
    one that comes twice it is the first.

    Raises:
        StoreError: no such time zone, hour or day of the week.
    """
    try:
        zone = ZoneInfo(timezone)
        at = time(hour)
        if not 0 <= weekday <= 7:
            raise ValueError
    except (ValueError, OSError, LookupError):
        raise StoreError(
            f"no such hours: {timezone!r}, {hour}, {weekday}: name a time zone such as "
            "Europe/Vienna, an hour from 0 to 23 and a weekday from 1 (Monday) to 7"
        ) from None
    day = datetime.fromtimestamp(after, zone).date() - timedelta(days=1)
    while True:
        local = datetime.combine(day, at, zone)
        found = int(local.timestamp())
        if found > after and weekday in (0, day.isoweekday()):
            return found
        day += timedelta(days=1)
