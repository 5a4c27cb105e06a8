"""The running service's own store: the ledger of the repository, and what it accepted since.

SQLite by default, PostgreSQL by URL, with the same code and the same rows. Lines are only ever
added; triggers refuse everything else. Lines of the repository arrive in batches (`sync`), lines
that the service itself accepts come one by one (`append`) and belong to no batch. When such a
line comes back in a batch, the row of the batch `confirms` the local one, and is an `echo` if it
adds nothing; `lines` leaves echoes out.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import Line, Op
from kratom_atlas.store.ledger import Batch, decode_line, encode_line

__all__ = ["REVISION", "Store", "StoreError", "open_store", "plainly", "writing"]

REVISION: Final = "0005"
"""The schema that this program reads and writes: the last revision in `migrations`."""
TIMEOUT: Final = 10
"""Seconds to wait for another process; a `timeout` in the URL of a SQLite store overrides it."""

_VERSION_TABLE: Final = "kratom_atlas_version"
_MIGRATION_LOCK: Final = 0x6B726174
_CHUNK: Final = 2000
_ALEMBIC: Final = threading.Lock()  # its `context` and `op` are global to the process

metadata: Final = sa.MetaData()
_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQ: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_batch: Final = sa.Table(
    "batch",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", _TEXT, nullable=False),
    sa.Column("sha256", _TEXT, nullable=False),
)
_line: Final = sa.Table(
    "line",
    metadata,
    sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
    sa.Column("batch", sa.ForeignKey("batch.number")),
    sa.Column("op", _TEXT, nullable=False),
    sa.Column("part", _TEXT, nullable=False),
    sa.Column("subject", _TEXT, nullable=False),
    sa.Column("statement", _TEXT, nullable=False),
    sa.Column("previous", _TEXT),
    sa.Column("recorded_at", _TEXT, nullable=False),
    sa.Column("actor", _TEXT, nullable=False),
    sa.Column("reason", _TEXT, nullable=False),
    sa.Column("body", _TEXT, nullable=False),
    sa.Column("confirms", sa.ForeignKey("line.seq")),
    sa.Column("echo", sa.Boolean, nullable=False),
    sa.Index("line_recorded", "recorded_at", "seq"),
    sa.Index("line_subject", "subject", "part"),
    sa.Index("line_confirmed", "confirms", unique=True),
)
_LOCAL: Final = _line.c.batch.is_(None)
sa.Index("line_local", _line.c.seq, sqlite_where=_LOCAL, postgresql_where=_LOCAL)

Progress: TypeAlias = Callable[[int], object]
"""Is told how many more lines have been dealt with."""
Subject: TypeAlias = tuple[str, str]
"""A part and the key of a subject."""


class StoreError(AtlasError):
    """A store that cannot be opened, read or written."""


def open_store(url: str) -> Store:
    """Open the store at `url`; create it, or bring its schema up to date, where that is needed.

    Raises:
        StoreError: what is wrong with the store, or with `url`, and what to do.
    """
    parsed, shown = _parse(url)
    with plainly(shown):
        engine = _engine(parsed, shown)
        try:
            if engine.dialect.name == "sqlite":
                _use_write_ahead_log(engine, parsed)
            with writing(engine) as connection:
                _migrate(connection, shown)
        except BaseException:
            engine.dispose()
            raise
    return Store(engine, shown)


class Store:
    """An open store. Safe to use from several threads; close it at the end."""

    def __init__(self, engine: Engine, shown: str) -> None:
        self._engine = engine
        self._shown = shown

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """How the store is named to people."""
        return self._shown

    @property
    def engine(self) -> Engine:
        """The database, for the tables that other modules keep in it."""
        return self._engine

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def lines(self) -> Iterator[Line]:
        """Every line, in the order in which it was recorded, as one consistent snapshot."""
        query = sa.select(_line.c.body).where(~_line.c.echo).order_by(*_RECORDED)
        with (
            plainly(self._shown),
            self._engine.connect() as connection,
            connection.execution_options(yield_per=_CHUNK).execute(query) as rows,
        ):
            for text in rows.scalars():
                yield self._decode(text)

    def length(self) -> int:
        """A number that grows whenever `lines` may say something else."""
        with plainly(self._shown), self._engine.connect() as connection:
            return _last_seq(connection)

    def sync(self, batches: Iterable[Batch], *, progress: Progress | None = None) -> int:
        """Add what the store lacks of the repository's ledger, all of it or nothing.

        `batches` are the ledger's, in order and from the first on. Returns how many lines `lines`
        gained.

        Raises:
            StoreError: a batch is not the one of that number that the store has.
            LedgerError: from `batches`; nothing was added.
        """
        added = 0
        with plainly(self._shown), self._writing() as connection:
            known = sa.select(_batch.c.number, _batch.c.sha256)
            digests = dict(connection.execute(known).all())
            seq = _last_seq(connection)
            ahead = self._ahead(connection)
            for batch in batches:
                if batch.number in digests:
                    self._same(batch, digests[batch.number])
                    if progress:
                        progress(len(batch.lines))
                    continue
                if batch.number != len(digests) + 1:
                    raise StoreError(
                        f"store {self._shown}: lacks the batches before ledger/{batch.name}: "
                        "restore the ledger from version control"
                    )
                digests[batch.number] = batch.sha256
                connection.execute(
                    sa.insert(_batch).values(
                        number=batch.number, name=batch.name, sha256=batch.sha256
                    )
                )
                lines = iter(batch.lines)
                while chunk := list(islice(lines, _CHUNK)):
                    rows = []
                    for line in chunk:
                        confirms, echo = _meet(ahead, line) if ahead else (None, False)
                        added += not echo
                        seq += 1
                        rows.append(_row(seq, batch.number, line, confirms, echo))
                    connection.execute(sa.insert(_line), rows)
                    if progress:
                        progress(len(chunk))
        return added

    def append(self, lines: Iterable[Line], *, within: Connection | None = None) -> int:
        """Add lines that this service accepted, all of them or none.

        A line must fit what stands: nothing, for an assertion; the statement that it replaces,
        renews or retracts otherwise. So of two reviewers who decide the same thing, the second
        is told. The very line that stands already is not added again. Returns how many were.

        `within` is a transaction that is under way and has locked the ledger; the lines are then
        part of it.

        Raises:
            StoreError: a line does not fit, or was recorded before the last of the store.
        """
        with ExitStack() as stack:
            stack.enter_context(plainly(self._shown))
            return self._append(lines, within or stack.enter_context(self._writing()))

    def _append(self, lines: Iterable[Line], connection: Connection) -> int:
        added = 0
        seq = _last_seq(connection)
        last = connection.scalar(sa.select(sa.func.max(_line.c.recorded_at))) or ""
        for line in lines:
            row = _row(seq + 1, None, line, None, False)
            stands = _standing(connection, line)
            if stands is not None and stands.body == row["body"]:
                continue
            if line.recorded_at < last:
                raise StoreError(
                    f"store {self._shown}: cannot record at {line.recorded_at}: it already "
                    f"holds a line of {last}; set the clock right"
                )
            self._must_fit(line, stands)
            connection.execute(sa.insert(_line), [row])
            seq, last = seq + 1, line.recorded_at
            added += 1
        return added

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with writing(self._engine) as connection:
            if self._engine.dialect.name == "postgresql":
                # Readers go on; other writers wait, so `seq` has neither gaps nor races.
                connection.execute(sa.text("LOCK TABLE batch, line IN SHARE ROW EXCLUSIVE MODE"))
            yield connection

    def _decode(self, text: str) -> Line:
        try:
            return decode_line(text)
        except msgspec.DecodeError as error:
            raise StoreError(
                f"store {self._shown}: holds a line that this program cannot read ({error}): "
                "upgrade kratom-atlas"
            ) from None

    def _same(self, batch: Batch, sha256: str) -> None:
        if batch.sha256 != sha256:
            raise StoreError(
                f"store {self._shown}: has another batch {batch.number:04} than "
                f"ledger/{batch.name}, and a batch never changes: restore the ledger from version "
                "control, or use the store that belongs to it"
            )

    def _must_fit(self, line: Line, stands: _Standing | None) -> None:
        replaced = {Op.ASSERT: None, Op.SUPERSEDE: line.previous}.get(line.op, line.statement)
        standing = None if stands is None or stands.op == Op.RETRACT else stands.statement
        if replaced != standing:
            raise StoreError(
                f"store {self._shown}: {line.part} {line.subject!r} has changed since it was "
                f"read, so {line.op} does not fit: look at it again and decide anew"
            )

    def _ahead(self, connection: Connection) -> dict[Subject, list[_Local]]:
        """The local lines that the repository has neither confirmed nor overruled, in order."""
        local, later = _line.alias(), _line.alias()
        overtaken = (
            sa.select(later.c.seq)
            .where(later.c.subject == local.c.subject, later.c.part == local.c.part)
            .where(later.c.seq > local.c.seq, later.c.batch.is_not(None))
            .where(later.c.confirms.is_(None) | (later.c.confirms >= local.c.seq))
        )
        query = (
            sa.select(local.c.seq, local.c.body)
            .where(local.c.batch.is_(None), ~sa.exists(overtaken))
            .order_by(local.c.seq)
        )
        ahead: dict[Subject, list[_Local]] = defaultdict(list)
        for seq, text in connection.execute(query):
            line = self._decode(text)
            ahead[line.part, line.subject].append(_Local(seq, line))
        return dict(ahead)


# -- lines and rows --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Local:
    """A line that this service accepted, and where it stands."""

    seq: int
    line: Line


@dataclass(frozen=True)
class _Standing:
    """What was last said of a subject."""

    op: str
    statement: str
    body: str


_RECORDED: Final = (_line.c.recorded_at, _line.c.seq)


def _row(
    seq: int, batch: int | None, line: Line, confirms: int | None, echo: bool
) -> dict[str, Any]:
    return {
        "seq": seq,
        "batch": batch,
        "op": line.op.value,
        "part": line.part.value,
        "subject": line.subject,
        "statement": line.statement,
        "previous": line.previous,
        "recorded_at": line.recorded_at,
        "actor": line.actor,
        "reason": line.reason,
        "body": encode_line(line).decode(),
        "confirms": confirms,
        "echo": echo,
    }


def _last_seq(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(_line.c.seq))) or 0


def _standing(connection: Connection, line: Line) -> _Standing | None:
    row = connection.execute(
        sa.select(_line.c.op, _line.c.statement, _line.c.body)
        .where(_line.c.subject == line.subject, _line.c.part == line.part.value, ~_line.c.echo)
        .order_by(*(column.desc() for column in _RECORDED))
        .limit(1)
    ).first()
    return None if row is None else _Standing(*row)


def _meet(ahead: dict[Subject, list[_Local]], line: Line) -> tuple[int | None, bool]:
    """Which local line a line of the repository confirms, and whether it adds nothing to it.

    The repository may repeat what was said here step by step, or say only where it ended. If it
    says anything else, it has gone its own way: its lines are kept and no later one is compared.
    """
    queue = ahead.get((line.part, line.subject))
    if not queue:
        return None, False
    at = next((n for n, one in enumerate(queue) if _says(one.line) == _says(line)), None)
    if at is None:
        at = next(
            (n for n in reversed(range(len(queue))) if _ends(queue[n].line) == _ends(line)), None
        )
    if at is None:
        queue.clear()
        return None, False
    met = queue[at]
    del queue[: at + 1]
    # Better evidence is news, unless other words have been put in their place here.
    return met.seq, bool(queue) or met.line.body == line.body


def _says(line: Line) -> tuple[Op, str]:
    return line.op, line.statement


def _ends(line: Line) -> str | None:
    return None if line.op is Op.RETRACT else line.statement


# -- the database ----------------------------------------------------------------------------


def _parse(url: str) -> tuple[URL, str]:
    advice = "write sqlite:///path/to/store.db or postgresql+psycopg://user@host/name"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(f"not the URL of a database: {advice}") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError(f"a store in memory would be lost: {advice}")
        return parsed.set(drivername="sqlite+pysqlite"), parsed.database
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg"), parsed.set(query={}).render_as_string()
    raise StoreError(f"{backend} is not supported: {advice}")


def _engine(url: URL, shown: str) -> Engine:
    if url.get_backend_name() == "postgresql":
        defaults = {"connect_timeout": str(TIMEOUT), "options": f"-c lock_timeout={TIMEOUT}s"}
        given: Mapping[str, Any] = {k: v for k, v in defaults.items() if k not in url.query}
        try:
            return sa.create_engine(url, connect_args=dict(given))
        except ImportError:
            raise StoreError(
                f"store {shown}: the driver is missing: install kratom-atlas[postgresql]"
            ) from None
    assert url.database is not None
    if "uri" not in url.query:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"store {shown}: cannot make the folder {folder}: {error.strerror}"
            ) from None
    given = {} if "timeout" in url.query else {"timeout": TIMEOUT}
    engine = sa.create_engine(url, connect_args=dict(given))
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where this module says so
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _use_write_ahead_log(engine: Engine, url: URL) -> None:
    """Turn the log on, once in the life of a file.

    Two processes that do it at once can block each other in a way that the database's own
    waiting does not cover.
    """
    until = time.monotonic() + float(str(url.query.get("timeout", TIMEOUT)))
    pooled = engine.raw_connection()
    try:
        cursor = pooled.cursor()
        while True:
            try:
                cursor.execute("PRAGMA journal_mode")
                if cursor.fetchone() != ("wal",):
                    cursor.execute("PRAGMA journal_mode = WAL")
                    cursor.fetchone()
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.02)
    finally:
        pooled.close()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, from its first statement on."""
    with (
        engine.connect().execution_options(write=True) as connection,
        connection.begin(),
    ):
        yield connection


def _migrate(connection: Connection, shown: str) -> None:
    """Bring the schema up to date, under a lock and inside the transaction of the caller."""
    if connection.dialect.name == "postgresql":
        schema = sa.func.hashtext(sa.func.current_schema())
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK, schema)))
    version = None
    if sa.inspect(connection).has_table(_VERSION_TABLE):
        version = connection.scalar(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608
    if version == REVISION:
        # Changes nothing, and fails where nothing could be changed.
        connection.execute(sa.text(f"DELETE FROM {_VERSION_TABLE} WHERE 1 = 0"))  # noqa: S608
        return
    if version is None and any(sa.inspect(connection).has_table(t) for t in metadata.tables):
        raise StoreError(
            f"store {shown}: holds tables of another program: name another file, database or schema"
        )

    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection, "version_table": _VERSION_TABLE})
    config.set_main_option("script_location", "kratom_atlas.store:migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"store {shown}: of revision {version}, newer than this program knows ({REVISION}): "
            "upgrade kratom-atlas"
        )
    with _ALEMBIC:
        command.upgrade(config, REVISION)


# -- what went wrong, in words -----------------------------------------------------------------


@contextmanager
def plainly(shown: str) -> Iterator[None]:
    """Turn what a database says into one line for people."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(f"store {shown}: {_in_words(cause)}") from None


def _in_words(error: BaseException) -> str:
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    for prefix, words in _CAUSES.items():
        if code.startswith(prefix):
            return words
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, sqlite3.Error) or code:
        return text
    return f"the server cannot be reached, or refuses the login: {text}"


_CAUSES: Final = {
    "SQLITE_BUSY": "in use by another process: wait until it is done, or stop it, and try again",
    "SQLITE_LOCKED": "in use by another thread: wait until it is done and try again",
    "SQLITE_NOTADB": "is not a database: restore it from a backup, or name another file",
    "SQLITE_CORRUPT": (
        "is truncated or damaged: restore it from a backup, or move it away and start a new one "
        "from the ledger in the repository"
    ),
    "SQLITE_READONLY": "cannot be written: make the file and its folder writable",
    "SQLITE_CANTOPEN": "cannot be opened: check that its folder exists and can be written",
    "SQLITE_PERM": "cannot be written: make the file and its folder writable",
    "SQLITE_FULL": "the disk is full: free some space; nothing was recorded",
    "SQLITE_IOERR": "the disk cannot be read or written: check it; nothing was recorded",
    "55P03": "in use by another process: wait until it is done, or stop it, and try again",
    "42501": "this user may not do that: grant it the rights on the schema",
    "25006": "the server accepts no writing: connect to the primary",
    "53100": "the server's disk is full: free some space; nothing was recorded",
}
