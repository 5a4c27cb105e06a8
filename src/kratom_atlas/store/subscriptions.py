"""Who wants to be told what.

A subscription is kept as it was chosen, with the times of its consent and the count of its bounces,
and nothing else about whoever it belongs to. `forget` erases it from the store; backups are beyond
its reach: keep them for a few weeks only, and forget again after restoring one. On PostgreSQL the
bytes of an erased row stay in the files until the server's vacuum has reused their place.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import (
    EVERYWHERE,
    ChannelKind,
    Subscription,
    SubscriptionState,
)
from kratom_atlas.store import alerts as t
from kratom_atlas.store.database import Store, StoreError, plainly, writing

__all__ = ["BOUNCES", "Subscriptions"]

BOUNCES: Final = 5
"""So many soft bounces in a row suspend a subscription."""


class Subscriptions:
    """The subscriptions of a store. Safe to use from several threads and processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        t.keep_up(store)

    def add(self, subscription: Subscription) -> None:
        """Add one; its `ref` is new.

        Raises:
            StoreError: there is one of that `ref`, or it has hours that do not exist.
        """
        self.add_all([subscription])

    def add_all(self, subscriptions: Iterable[Subscription]) -> None:
        """Add many, all of them or none.

        Raises:
            StoreError: as `add`.
        """
        with self._alone() as connection:
            hours: dict[tuple[object, ...], int] = {}
            for chunk in t.chunks(subscriptions):
                _must_be_new(connection, chunk)
                rows = [_row(connection, one, hours) for one in chunk]
                ids = connection.scalars(_ADD, rows).all()
                found = [
                    row
                    for one, values, number in zip(chunk, rows, ids, strict=True)
                    for row in t.interests(number, one, values["rhythm"])
                ]
                _interest(connection, found)

    def get(self, ref: str) -> Subscription | None:
        """The one of that `ref`."""
        with self._reading() as connection:
            row = connection.execute(_named(ref)).first()
        return None if row is None else t.subscription_of(row)

    def of(self, channel: ChannelKind, address: str) -> list[Subscription]:
        """Those of an address, written in the one way to write it, in whatever state."""
        with self._reading() as connection:
            rows = connection.execute(_addressed(channel, address)).all()
        return [t.subscription_of(row) for row in rows]

    def replace(self, subscription: Subscription) -> None:
        """Put this in the place of the one of the same `ref`; its channel and address stay.

        What waits was matched against what was chosen then, and comes at its hour; when the
        subscription is no longer active, nothing comes.

        Raises:
            StoreError: there is none of that `ref`, or it has hours that do not exist.
        """
        with self._alone() as connection:
            row = connection.execute(_named(subscription.ref).with_for_update()).first()
            if row is None:
                raise StoreError(f"no subscription {subscription.ref!r}: it was forgotten")
            before = t.subscription_of(row)
            now = msgspec.structs.replace(
                subscription, channel=before.channel, address=before.address
            )
            self._put(connection, row.id, before, now)

    def forget(self, channel: ChannelKind, address: str) -> int:
        """Erase everything of an address, also what was sent; how many subscriptions it had.

        A SQLite file is looked through for what its pages may have kept of the address, and made
        anew where something is found. Of a letter that is being sent nothing will be recorded.

        Raises:
            StoreError: rows were erased, but the file is in use and keeps bytes: forget again.
        """
        with self._alone() as connection:
            mine = _addressed(channel, address).with_for_update()
            found = [row.id for row in connection.execute(mine)]
            for row in found:
                _erase(connection, row)
        if self._store.engine.dialect.name == "sqlite":
            self._scrub(address)
        return len(found)

    def counts(self) -> dict[SubscriptionState, int]:
        """How many there are in each state."""
        query = sa.select(t.subscription.c.state, sa.func.count()).group_by(t.subscription.c.state)
        with self._reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {state: found.get(state.value, 0) for state in SubscriptionState}

    def all(self, state: SubscriptionState | None = None) -> Iterator[Subscription]:
        """All of them, or those in a state, one after the other as one consistent snapshot."""
        query = sa.select(t.subscription).order_by(t.subscription.c.id)
        if state is not None:
            query = query.where(t.subscription.c.state == state.value)
        with (
            self._reading() as connection,
            connection.execution_options(yield_per=t.CHUNK).execute(query) as rows,
        ):
            for row in rows:
                yield t.subscription_of(row)

    def drop_unconfirmed(self, before: str) -> int:
        """Erase those that were created before a moment and never confirmed; how many."""
        with self._writing() as connection:
            return connection.execute(
                sa.delete(t.subscription).where(
                    t.subscription.c.state == SubscriptionState.PENDING.value,
                    t.subscription.c.created_at < before,
                )
            ).rowcount

    def bounced(self, ref: str, *, hard: bool, now: str) -> SubscriptionState:
        """Count a bounce; one that is hard, or the fifth in a row, suspends the subscription.

        What was sent since the last bounce ends the row. One mail does not: it is the very one
        that comes back now, after it had been taken.

        Raises:
            StoreError: there is none of that `ref`.
        """
        with self._alone() as connection:
            row = connection.execute(_named(ref).with_for_update()).first()
            if row is None:
                raise StoreError(f"no subscription {ref!r}: it was forgotten")
            before = t.subscription_of(row)
            in_doubt = 1 if before.channel is ChannelKind.EMAIL else 0
            in_a_row = _sent_since(connection, row.id, row.bounced_at or 0) <= in_doubt
            count = row.bounces + 1 if in_a_row else 1
            connection.execute(
                sa.update(t.subscription)
                .where(t.subscription.c.id == row.id)
                .values(bounces=count, bounced_at=seconds(now))
            )
            if before.state is not SubscriptionState.ACTIVE or not (hard or count >= BOUNCES):
                return before.state
            suspended = msgspec.structs.replace(before, state=SubscriptionState.SUSPENDED)
            self._put(connection, row.id, before, suspended)
            return suspended.state

    # -- inside --------------------------------------------------------------------------------

    def _put(
        self, connection: Connection, row: int, before: Subscription, now: Subscription
    ) -> None:
        values = _row(connection, now, {})
        if now.state is SubscriptionState.ACTIVE is not before.state:
            values |= {"bounces": 0, "bounced_at": None}
        connection.execute(
            sa.update(t.subscription).where(t.subscription.c.id == row).values(**values)
        )
        _lose_interest(connection, row, before)
        _interest(connection, list(t.interests(row, now, values["rhythm"])))
        if now.state is not SubscriptionState.ACTIVE:
            t.stop(connection, row)

    def _scrub(self, address: str) -> None:
        """Empty the log of writes, and make the file anew where a page still holds the address."""
        with plainly(self._store.name), self._store.engine.connect() as connection:
            plain = connection.connection.driver_connection
            assert plain is not None
            file = Path(plain.execute("PRAGMA database_list").fetchone()[2])
            busy = plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy and _holds(file, address):
                plain.execute("VACUUM")
                busy = plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StoreError(
                f"store {self._store.name}: everything of the address was erased, but the log of "
                "writes is in use by another process and may keep its bytes: forget it again"
            )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with plainly(self._store.name), self._store.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with plainly(self._store.name), writing(self._store.engine) as connection:
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that changes who is told: nothing is matched during it."""
        with self._writing() as connection:
            t.lock(connection, t.MATCHING, alone=True)
            yield connection


_ADD: Final = sa.insert(t.subscription).returning(t.subscription.c.id, sort_by_parameter_order=True)


def _named(ref: str) -> sa.Select[Any]:
    return sa.select(t.subscription).where(t.subscription.c.ref == ref)


def _addressed(channel: ChannelKind, address: str) -> sa.Select[Any]:
    return (
        sa.select(t.subscription)
        .where(t.subscription.c.address == address, t.subscription.c.channel == channel.value)
        .order_by(t.subscription.c.id)
    )


def _must_be_new(connection: Connection, chunk: list[Subscription]) -> None:
    refs = [one.ref for one in chunk]
    query = sa.select(t.subscription.c.ref).where(t.subscription.c.ref.in_(refs)).limit(1)
    taken = connection.scalar(query)
    if taken is not None or len(set(refs)) < len(refs):
        raise StoreError(f"there is a subscription {taken or refs!r} already: take a new ref")


def _row(
    connection: Connection, one: Subscription, hours: dict[tuple[object, ...], int]
) -> dict[str, Any]:
    chosen = one.choices
    key = (chosen.rhythm, chosen.timezone, chosen.hour, chosen.weekday)
    if key not in hours:
        hours[key] = t.rhythm_of(connection, chosen)
    return {
        "ref": t.storable(one.ref, "the ref"),
        "channel": one.channel.value,
        "address": t.storable(one.address, "the address"),
        "choices": msgspec.json.encode(chosen).decode(),
        "state": one.state.value,
        "created_at": one.created_at,
        "confirmed_at": one.confirmed_at,
        "epoch": one.epoch,
        "secrets": msgspec.json.encode(one.secrets).decode(),
        "rhythm": hours[key],
    }


def _interest(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(t.interest), rows)


def _lose_interest(connection: Connection, row: int, before: Subscription) -> None:
    connection.execute(
        sa.delete(t.interest).where(
            t.interest.c.code.in_(set(before.choices.places) or {EVERYWHERE}),
            t.interest.c.subscription == row,
        )
    )


def _erase(connection: Connection, row: int) -> None:
    one = connection.execute(sa.select(t.subscription).where(t.subscription.c.id == row)).one()
    _lose_interest(connection, row, t.subscription_of(one))
    for statement in (
        sa.delete(t.delivery).where(
            t.delivery.c.notice.in_(sa.select(t.notice.c.id)), t.delivery.c.subscription == row
        ),
        sa.delete(t.envelope).where(t.envelope.c.subscription == row),
        sa.delete(t.subscription).where(t.subscription.c.id == row),
    ):
        connection.execute(statement)


def _sent_since(connection: Connection, row: int, since: int) -> int:
    query = sa.select(sa.func.count()).where(
        t.envelope.c.subscription == row, t.envelope.c.state == "sent", t.envelope.c.ended > since
    )
    return connection.scalar(query) or 0


def _holds(file: Path, address: str) -> bool:
    """Whether the bytes of a file hold an address.

    Another process looks: to close the file in this one would drop the locks that SQLite has on
    it, and then nothing stops others from taking away the log of writes that is in use here.
    """
    looked = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-c", _LOOK, str(file)], input=address.encode(), check=False
    )
    return looked.returncode != _ABSENT


_ABSENT: Final = 7
_LOOK: Final = f"""
import mmap, sys
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as seen:
    sys.exit(0 if seen.find(sys.stdin.buffer.read()) >= 0 else {_ABSENT})
"""
