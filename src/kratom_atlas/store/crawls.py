"""What the crawls left behind: runs, fetches, pages, observations and allowances.

The log of fetches and the observations are evidence and are only ever added to. `page` and
`document` say where things stand: the last good answer to each request, and the last accepted
observation of each document. A run becomes visible when it is accepted, all of it or nothing.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import Fault, Outcome, RunState
from kratom_atlas.model.observation import Document, Observation, TrackedInstrument
from kratom_atlas.model.statement import decode_hook
from kratom_atlas.store.database import Store, plainly, writing

__all__ = [
    "Archive",
    "BusyError",
    "Change",
    "FetchRow",
    "Known",
    "Run",
    "SavedPage",
    "Tally",
    "digest_of",
    "moment",
]

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def _storable(value: Any) -> Any:
    """Text, or plain values full of it, as every database and encoding can hold it.

    Sources send NUL and lone surrogates, which PostgreSQL and UTF-8 refuse.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_storable(name): _storable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    return value


class _Words(sa.TypeDecorator[str]):
    """Text of any origin, made storable on its way in."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        """As SQLAlchemy asks for it."""
        return _storable(value)


_metadata: Final = sa.MetaData()
_run: Final = sa.Table(
    "run",
    _metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    *(sa.Column(n, _Words) for n in ("source", "slot", "purpose", "parser", "today", "since")),
    *(sa.Column(n, _Words) for n in ("started", "ended", "state", "reason", "counts")),
)
_fetch: Final = sa.Table(
    "fetch",
    _metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("run", sa.BigInteger),
    *(sa.Column(n, _Words) for n in ("source", "fingerprint", "method", "url")),
    *(sa.Column(n, _Words) for n in ("request_sha256", "about", "fetched_at", "how")),
    sa.Column("status", sa.Integer),
    *(sa.Column(n, _Words) for n in ("headers", "sha256")),
    sa.Column("size", sa.BigInteger),
    *(sa.Column(n, _Words) for n in ("fault", "detail")),
)
_page: Final = sa.Table(
    "page",
    _metadata,
    sa.Column("source", _Words, primary_key=True),
    sa.Column("fingerprint", _Words, primary_key=True),
    sa.Column("run", sa.BigInteger),
    *(sa.Column(n, _Words) for n in ("request", "url")),
    sa.Column("status", sa.Integer),
    *(sa.Column(n, _Words) for n in ("headers", "fetched_at", "sha256", "parsed")),
)
_observation: Final = sa.Table(
    "observation",
    _metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("run", sa.BigInteger),
    *(sa.Column(n, _Words) for n in ("source", "key", "outcome")),
    sa.Column("previous", sa.BigInteger),
    *(sa.Column(n, _Words) for n in ("digest", "seen_at", "body")),
)
_document: Final = sa.Table(
    "document",
    _metadata,
    sa.Column("source", _Words, primary_key=True),
    sa.Column("key", _Words, primary_key=True),
    sa.Column("observation", sa.BigInteger),
    *(sa.Column(n, _Words) for n in ("digest", "version", "first_seen", "last_seen")),
    *(sa.Column(n, _Words) for n in ("last_changed", "fault", "detail", "fault_at")),
)
_allowance: Final = sa.Table(
    "allowance",
    _metadata,
    sa.Column("name", _Words, primary_key=True),
    sa.Column("period", _Words, primary_key=True),
    sa.Column("spent", sa.BigInteger),
)
_ACCEPTED: Final = (RunState.OK.value, RunState.PARTIAL.value)
_CHUNK: Final = 500
_LONGEST_KEY: Final = 300


class BusyError(AtlasError):
    """A run of the source is under way elsewhere."""


@dataclass(frozen=True)
class Run:
    """One run of one source. `slot` is the hour that the schedule meant, None for a run by hand.

    `purpose` is `crawl` or `reparse`. `counts` are what it fetched, examined and found.
    """

    id: int
    source: str
    slot: str | None
    purpose: str
    parser: str
    today: date
    since: date
    started: str
    ended: str | None
    state: RunState
    reason: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FetchRow:
    """One answer, or the lack of one. `how`: `fetched`, `not-modified`, `reused`."""

    fingerprint: str
    method: str
    url: str
    fetched_at: str
    how: str = "fetched"
    request_sha256: str | None = None
    about: str | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    sha256: str | None = None
    size: int = 0
    fault: Fault | None = None
    detail: str | None = None


@dataclass(slots=True)
class SavedPage:
    """The last good answer to a request.

    `request` is the `Fetch` that got it, as JSON, so that the answer can be parsed again.
    `parsed` is what the parser made of it, and which parser: None until a run was accepted.
    """

    fingerprint: str
    run: int
    request: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    fetched_at: str
    sha256: str
    parsed: str | None = None

    def header(self, name: str) -> str | None:
        """A header of the answer, by its lower-case name."""
        return next((v for k, v in self.headers if k.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Known:
    """Where a document stands."""

    key: str
    observation: int | None
    digest: str | None
    version: str | None
    first_seen: str | None
    last_seen: str | None
    last_changed: str | None
    fault: Fault | None
    detail: str | None
    fault_at: str | None


@dataclass(frozen=True)
class Change:
    """An accepted observation and the one before it, None where the document was new."""

    id: int
    run: int
    source: str
    outcome: Outcome
    seen_at: str
    now: Observation
    before: Observation | None


@dataclass
class Tally:
    """How many documents were new, changed, unchanged, in error."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    error: int = 0
    changes: list[str] = field(default_factory=list)


class Archive:
    """The crawls' side of a store. Safe to use from several processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._engine = store.engine
        self._locks = _Locks(store)
        self._upsert = (
            postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        )

    # -- runs ------------------------------------------------------------------------------------

    @contextmanager
    def locked(self, source: str) -> Iterator[None]:
        """Be the only one who runs this source; the lock falls with the process.

        Raises:
            BusyError: another process runs it now.
        """
        busy = BusyError(f"{source}: a run is under way: wait for it, or stop it")
        if self._engine.dialect.name == "postgresql":
            if not self._locks.take(source):
                raise busy
            try:
                yield
            finally:
                self._locks.drop(source)
            return
        lock = FileLock(f"{self._store.name}.{source}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise busy from None
        try:
            yield
        finally:
            lock.release()

    def begin(
        self,
        source: str,
        *,
        parser: str,
        today: date,
        since: date,
        now: datetime,
        slot: str | None = None,
        purpose: str = "crawl",
    ) -> Run | None:
        """Start a run, and say of one that never ended that it was interrupted.

        Only for whoever holds the lock. None if the run of this slot has been made already.
        """
        with self._writing() as connection:
            connection.execute(
                sa.update(_run)
                .where(_run.c.source == source, _run.c.state == RunState.RUNNING.value)
                .values(
                    state=RunState.INTERRUPTED.value,
                    ended=moment(now),
                    reason="the process ended before the run did",
                )
            )
            if slot is not None:
                made = sa.select(_run.c.id).where(
                    _run.c.source == source,
                    _run.c.slot == slot,
                )
                if connection.scalar(made.where(_run.c.state != RunState.INTERRUPTED.value)):
                    return None
                # The slot of an interrupted run is made up for, once.
                connection.execute(
                    sa.update(_run)
                    .where(_run.c.id.in_(made.scalar_subquery()))
                    .values(slot=sa.null())
                )
            values = {
                "source": source, "slot": slot, "purpose": purpose, "parser": parser,
                "today": today.isoformat(), "since": since.isoformat(), "started": moment(now),
                "ended": None, "state": RunState.RUNNING.value, "reason": "", "counts": "{}",
            }  # fmt: skip
            row = connection.execute(sa.insert(_run).values(**values)).inserted_primary_key
            assert row is not None
            return _run_of({"id": row[0], **values})

    def end(
        self,
        run: Run,
        state: RunState,
        *,
        now: datetime,
        reason: str = "",
        counts: Mapping[str, int] | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Say how a run ended. Of one that was given up meanwhile it has been said."""
        said = (
            sa.update(_run)
            .where(_run.c.id == run.id, _run.c.state == RunState.RUNNING.value)
            .values(
                state=state.value,
                ended=moment(now),
                reason=reason[:2000],
                counts=_json(dict(counts or {})),
            )
        )
        if connection is not None:
            connection.execute(said)
            return
        with self._writing() as mine:
            mine.execute(said)

    def runs(self, source: str | None = None, *, limit: int = 20) -> list[Run]:
        """The last runs, newest first."""
        query = sa.select(_run).order_by(_run.c.id.desc()).limit(limit)
        if source is not None:
            query = query.where(_run.c.source == source)
        return [_run_of(row) for row in self._rows(query)]

    def last_runs(self, state: RunState | None = None) -> dict[str, Run]:
        """The last run of each source, of those that ended in `state` where it is given.

        A crawl that was accepted counts for `ok`, also where it read only a part.
        """
        last = sa.select(sa.func.max(_run.c.id)).where(_run.c.purpose == "crawl")
        if state is RunState.OK:
            last = last.where(_run.c.state.in_(_ACCEPTED))
        elif state is not None:
            last = last.where(_run.c.state == state.value)
        query = sa.select(_run).where(_run.c.id.in_(last.group_by(_run.c.source)))
        return {row["source"]: _run_of(row) for row in self._rows(query)}

    # -- fetches and pages -----------------------------------------------------------------------

    def record(self, run: Run, fetches: Sequence[FetchRow], pages: Sequence[SavedPage]) -> None:
        """Add to the log, and say which answers are the last good ones."""
        if not fetches and not pages:
            return
        with self._writing() as connection:
            if fetches:
                connection.execute(sa.insert(_fetch), [_fetch_row(run, row) for row in fetches])
            if pages:
                rows = [_page_row(run.source, page) for page in pages]
                self._put(connection, _page, rows)

    def pages(self, source: str) -> dict[str, SavedPage]:
        """The last good answer to each request of a source, by fingerprint."""
        query = sa.select(_page).where(_page.c.source == source)
        return {row["fingerprint"]: _page_of(row) for row in self._rows(query)}

    def fetches(self, source: str | None = None) -> Iterator[tuple[int, FetchRow]]:
        """The log, oldest first, with the number of the run."""
        query = sa.select(_fetch).order_by(_fetch.c.id)
        if source is not None:
            query = query.where(_fetch.c.source == source)
        for row in self._rows(query):
            yield row["run"], _fetch_of(row)

    def quarantined(self, source: str | None = None, *, limit: int = 50) -> list[FetchRow]:
        """The last answers that were put in quarantine, newest first."""
        query = sa.select(_fetch).where(_fetch.c.fault.is_not(None))
        if source is not None:
            query = query.where(_fetch.c.source == source)
        return [_fetch_of(r) for r in self._rows(query.order_by(_fetch.c.id.desc()).limit(limit))]

    # -- observations ----------------------------------------------------------------------------

    def accept(
        self,
        run: Run,
        state: RunState,
        *,
        seen: Iterable[Observation],
        still: Iterable[str],
        faults: Mapping[str, tuple[Fault, str]],
        pages: Sequence[SavedPage],
        now: datetime,
        reason: str = "",
        counts: Mapping[str, int],
    ) -> Tally:
        """Make a run visible: what is new and changed, what still stands, what could not be read.

        A document that is in none of them keeps what is known of it: silence says nothing. One
        that does not fit the model is in error, and the pages are parsed again at the next run.

        Raises:
            BusyError: the run lost its lock, and another one has begun since.
        """
        stamp = moment(now)
        vetted, refused = _vet(seen)
        failed = {**{_key(key): fault for key, fault in faults.items()}, **refused}
        with self._writing() as connection:
            self._claim(connection, run)
            known = self._known(connection, run.source)
            tally = Tally()
            documents = self._meet(connection, run, vetted, known, stamp, tally)
            for key, (fault, detail) in failed.items():
                if key in vetted:
                    continue
                tally.error += 1
                documents.append(_faulty(run.source, key, known.get(key), fault, detail, stamp))
            for key in sorted({_key(key) for key in still} - vetted.keys() - failed.keys()):
                was = known.get(key)
                if was is not None and was.observation is not None:
                    tally.unchanged += 1
                    documents.append(_stands(run.source, was, stamp))
            self._put(connection, _document, documents)
            if refused:
                if state is RunState.OK:
                    state = RunState.PARTIAL
                first, (fault, detail) = next(iter(refused.items()))
                reason = reason or f"{len(refused)} unread; {fault.value}: {first}: {detail}"
            else:
                self._put(connection, _page, [_page_row(run.source, page) for page in pages])
            found = {
                "new": tally.new,
                "changed": tally.changed,
                "unchanged": tally.unchanged,
                "errors": tally.error,
            }
            self.end(
                run, state, now=now, reason=reason, counts={**counts, **found},
                connection=connection,
            )  # fmt: skip
        return tally

    def known(self, source: str) -> dict[str, Known]:
        """Where each document of a source stands."""
        with plainly(self._store.name), self._engine.connect() as connection:
            return self._known(connection, source)

    def standing(self, source: str | None = None) -> Iterator[tuple[str, Observation]]:
        """The last accepted observation of each document, with its source."""
        query = sa.select(_observation.c.source, _observation.c.body).join(
            _document, _document.c.observation == _observation.c.id
        )
        if source is not None:
            query = query.where(_document.c.source == source)
        ordered = query.order_by(_observation.c.source, _observation.c.key)
        for row in self._rows(ordered):
            yield row["source"], _decode(row["body"])

    def changes(
        self, source: str | None = None, *, run: int | None = None, limit: int = 50
    ) -> list[Change]:
        """What the last runs found new or changed, newest first, with what was there before."""
        now, before = _observation.alias("now"), _observation.alias("before")
        query = (
            sa.select(now, before.c.body.label("was"))
            .outerjoin(before, now.c.previous == before.c.id)
            .order_by(now.c.id.desc())
            .limit(limit)
        )
        if source is not None:
            query = query.where(now.c.source == source)
        if run is not None:
            query = query.where(now.c.run == run)
        return [
            Change(
                row["id"], row["run"], row["source"],
                msgspec.convert(row["outcome"], Outcome), row["seen_at"],
                _decode(row["body"]), _decode(row["was"]) if row["was"] else None,
            )
            for row in self._rows(query)
        ]  # fmt: skip

    # -- allowances ------------------------------------------------------------------------------

    def spent(self, name: str, period: str) -> int:
        """How much of an allowance is used up in a period."""
        where = (_allowance.c.name == name, _allowance.c.period == period)
        with plainly(self._store.name), self._engine.connect() as connection:
            return connection.scalar(sa.select(_allowance.c.spent).where(*where)) or 0

    def spend(self, name: str, period: str, limit: int) -> bool:
        """Take one of an allowance; false if none is left. Counted before the request is made."""
        if limit < 1:
            return False
        with self._writing() as connection:
            statement = self._upsert(_allowance).values(name=name, period=period, spent=1)
            taken = connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["name", "period"],
                    set_={"spent": _allowance.c.spent + 1},
                    where=_allowance.c.spent < limit,
                ).returning(_allowance.c.spent)
            )
            return taken.first() is not None

    # -- inside ----------------------------------------------------------------------------------

    def _claim(self, connection: Connection, run: Run) -> None:
        """Make sure that the run is still under way, and stays so until it is accepted."""
        state = sa.select(_run.c.state).where(_run.c.id == run.id).with_for_update()
        if connection.scalar(state) != RunState.RUNNING.value:
            raise BusyError(
                f"{run.source}: the run of {run.started} has lost its lock and was given up: "
                "nothing of it was accepted; run it again"
            )

    def _meet(
        self,
        connection: Connection,
        run: Run,
        seen: Mapping[str, Observation],
        known: Mapping[str, Known],
        stamp: str,
        tally: Tally,
    ) -> list[dict[str, Any]]:
        """Add what is new and changed; where each of the documents stands now."""
        documents: list[dict[str, Any]] = []
        news: list[dict[str, Any]] = []
        moved: list[dict[str, Any]] = []
        for key, one in seen.items():
            was, digest = known.get(key), digest_of(one)
            if was is not None and was.digest == digest:
                tally.unchanged += 1
                documents.append({**_stands(run.source, was, stamp), "version": one.version})
                continue
            before = was.observation if was else None
            outcome = Outcome.NEW if before is None else Outcome.CHANGED
            tally.new += outcome is Outcome.NEW
            tally.changed += outcome is Outcome.CHANGED
            tally.changes.append(key)
            news.append({
                "run": run.id, "source": run.source, "key": key, "outcome": outcome.value,
                "previous": before, "digest": digest, "seen_at": stamp, "body": _json(one),
            })  # fmt: skip
            moved.append({
                "source": run.source, "key": key, "digest": digest, "version": one.version,
                "first_seen": was.first_seen if was and was.first_seen else stamp,
                "last_seen": stamp, "last_changed": stamp,
                "fault": None, "detail": None, "fault_at": None,
            })  # fmt: skip
        if news:
            numbered = sa.insert(_observation).returning(
                _observation.c.id, sort_by_parameter_order=True
            )
            for row, number in zip(moved, connection.scalars(numbered, news), strict=True):
                documents.append({**row, "observation": number})
        return documents

    def _known(self, connection: Connection, source: str) -> dict[str, Known]:
        query = sa.select(_document).where(_document.c.source == source)
        return {
            row["key"]: Known(
                **{k: v for k, v in row.items() if k not in ("source", "fault")},
                fault=msgspec.convert(row["fault"], Fault) if row["fault"] else None,
            )
            for row in connection.execute(query).mappings()
        }

    def _put(self, connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        keys = [column.name for column in table.primary_key]
        for start in range(0, len(rows), _CHUNK):
            statement = self._upsert(table)
            others = {c.name: statement.excluded[c.name] for c in table.c if c.name not in keys}
            connection.execute(
                statement.on_conflict_do_update(index_elements=keys, set_=others),
                rows[start : start + _CHUNK],
            )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with plainly(self._store.name), writing(self._engine) as connection:
            yield connection

    def _rows(self, query: sa.Select[Any]) -> Iterator[Mapping[str, Any]]:
        with plainly(self._store.name), self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=2000).execute(query).mappings():
                yield dict(row)


def moment(now: datetime) -> str:
    """A moment as the store writes it, in UTC to the second."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def digest_of(one: Observation) -> str:
    """What decides whether a document says something else.

    Not the capture, nor where in it, nor a tracked instrument's mark of version: a page that is
    served again with another banner is no news.
    """
    content = _storable(msgspec.to_builtins(one, enc_hook=str))
    for name in ("sha256", "locator"):
        content.pop(name, None)
    if isinstance(one, TrackedInstrument):
        content.pop("version", None)
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


class _Locks:
    """The advisory locks that an archive holds, all of them on one connection.

    A crawl of every source holds more of them than the pool has connections. They fall with that
    connection, and so with the process.
    """

    def __init__(self, store: Store) -> None:
        self._name = store.name
        self._engine = store.engine
        self._guard = threading.Lock()
        self._held: set[str] = set()
        self._connection: Connection | None = None

    def take(self, source: str) -> bool:
        """Take the lock of a source; false if anyone has it, this process included."""
        with self._guard, plainly(self._name):
            # The server would give a session the same lock twice.
            if source in self._held:
                return False
            if self._connection is None:
                connection = self._engine.connect()
                self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                taken = self._connection.scalar(
                    sa.select(sa.func.pg_try_advisory_lock(_lock(source)))
                )
            except SQLAlchemyError:
                self._let_go()
                raise
            if taken:
                self._held.add(source)
            elif not self._held:
                self._let_go()
            return bool(taken)

    def drop(self, source: str) -> None:
        """Give the lock of a source back."""
        with self._guard:
            self._held.discard(source)
            if self._connection is None:
                return
            try:
                self._connection.execute(sa.select(sa.func.pg_advisory_unlock(_lock(source))))
            except SQLAlchemyError:
                # The connection is lost, and every lock that it held with it.
                self._let_go()
            if not self._held:
                self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            # Not given back to the pool, where it might keep a lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _lock(source: str) -> sa.ColumnElement[int]:
    """The number of a source's lock. Locks are the database's, and a store has a schema of it."""
    name = sa.func.concat(sa.func.current_schema(), f"/run/{source}")
    return sa.func.hashtextextended(name, 0)


_DECODER: Final[msgspec.json.Decoder[Observation]] = msgspec.json.Decoder(
    Document | TrackedInstrument, dec_hook=decode_hook
)


def _decode(body: str) -> Observation:
    return _DECODER.decode(body)


def _json(value: Any) -> str:
    plain = _storable(msgspec.to_builtins(value, enc_hook=str))
    return msgspec.json.encode(plain).decode()


def _key(key: str) -> str:
    return str(_storable(key))[:_LONGEST_KEY]


def _vet(
    seen: Iterable[Observation],
) -> tuple[dict[str, Observation], dict[str, tuple[Fault, str]]]:
    """What was seen, the last of each document, and what the store could not read again."""
    vetted: dict[str, Observation] = {}
    refused: dict[str, tuple[Fault, str]] = {}
    for one in seen:
        try:
            read = _decode(_json(one))
        except (msgspec.ValidationError, ValueError) as error:
            refused[_key(one.key)] = (Fault.PARSER, f"it does not fit the model: {error}")
        else:
            vetted[read.key] = read
    return vetted, refused


def _run_of(row: Mapping[str, Any]) -> Run:
    return Run(
        id=row["id"], source=row["source"], slot=row["slot"], purpose=row["purpose"],
        parser=row["parser"], today=date.fromisoformat(row["today"]),
        since=date.fromisoformat(row["since"]), started=row["started"], ended=row["ended"],
        state=msgspec.convert(row["state"], RunState), reason=row["reason"],
        counts=msgspec.json.decode(row["counts"], type=dict[str, int]),
    )  # fmt: skip


def _fetch_row(run: Run, row: FetchRow) -> dict[str, Any]:
    return {
        "run": run.id, "source": run.source, "fingerprint": row.fingerprint,
        "method": row.method, "url": row.url, "request_sha256": row.request_sha256,
        "about": row.about, "fetched_at": row.fetched_at, "how": row.how, "status": row.status,
        "headers": _json(row.headers), "sha256": row.sha256,
        "size": row.size, "fault": row.fault.value if row.fault else None, "detail": row.detail,
    }  # fmt: skip


def _fetch_of(row: Mapping[str, Any]) -> FetchRow:
    return FetchRow(
        fingerprint=row["fingerprint"], method=row["method"], url=row["url"],
        fetched_at=row["fetched_at"], how=row["how"], request_sha256=row["request_sha256"],
        about=row["about"], status=row["status"], headers=_headers(row["headers"]),
        sha256=row["sha256"], size=row["size"],
        fault=msgspec.convert(row["fault"], Fault) if row["fault"] else None, detail=row["detail"],
    )  # fmt: skip


def _page_row(source: str, page: SavedPage) -> dict[str, Any]:
    return {
        "source": source, "fingerprint": page.fingerprint, "run": page.run,
        "request": page.request, "url": page.url, "status": page.status,
        "headers": _json(page.headers), "fetched_at": page.fetched_at,
        "sha256": page.sha256, "parsed": page.parsed,
    }  # fmt: skip


def _page_of(row: Mapping[str, Any]) -> SavedPage:
    return SavedPage(
        fingerprint=row["fingerprint"], run=row["run"], request=row["request"], url=row["url"],
        status=row["status"], headers=_headers(row["headers"]), fetched_at=row["fetched_at"],
        sha256=row["sha256"], parsed=row["parsed"],
    )  # fmt: skip


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    return msgspec.json.decode(text, type=tuple[tuple[str, str], ...])


def _stands(source: str, was: Known, stamp: str) -> dict[str, Any]:
    return {
        "source": source, "key": was.key, "observation": was.observation, "digest": was.digest,
        "version": was.version, "first_seen": was.first_seen, "last_seen": stamp,
        "last_changed": was.last_changed, "fault": None, "detail": None, "fault_at": None,
    }  # fmt: skip


def _faulty(
    source: str, key: str, was: Known | None, fault: Fault, detail: str, stamp: str
) -> dict[str, Any]:
    kept = was or Known(key, None, None, None, None, None, None, None, None, None)
    return {
        "source": source, "key": key, "observation": kept.observation, "digest": kept.digest,
        "version": kept.version, "first_seen": kept.first_seen, "last_seen": kept.last_seen,
        "last_changed": kept.last_changed, "fault": fault.value, "detail": detail[:400],
        "fault_at": stamp,
    }  # fmt: skip
