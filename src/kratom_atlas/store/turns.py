"""Whose turn it is, where several processes on one store could do the same work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from kratom_atlas.store.database import Store

__all__ = ["turn"]


@contextmanager
def turn(store: Store, work: str, key: int) -> Iterator[Callable[[], bool] | None]:
    """None where another process has the turn; else a function that says whether it still is ours.

    `work` names what is done, in the name of a lock beside a SQLite file; `key` is the advisory
    lock of PostgreSQL, and never changes.
    """
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            schema = sa.func.hashtext(sa.func.current_schema())
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key, schema))):
                yield None
                return

            def is_mine() -> bool:
                # The lock is lost with the connection, and then another may have it.
                try:
                    return bool(connection.scalar(sa.text("SELECT 1")))
                except SQLAlchemyError:
                    return False

            try:
                yield is_mine
            finally:
                # Not given back to the pool, where it would keep the lock.
                connection.invalidate()
        return
    # No source has a name that begins so.
    lock = FileLock(f"{store.name}.-{work}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield None
        return
    try:
        yield lambda: True
    finally:
        lock.release()
