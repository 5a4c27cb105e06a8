"""The store of the crawls, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from kratom_atlas.model.crawling import Fault, Outcome, RunState
from kratom_atlas.model.observation import (
    Action,
    Document,
    Mention,
    Observation,
    TextVersion,
    TrackedInstrument,
)
from kratom_atlas.model.statement import Line
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.store import crawls, database
from kratom_atlas.store.crawls import (
    Archive,
    BusyError,
    FetchRow,
    Run,
    SavedPage,
    Tally,
    digest_of,
    moment,
)
from kratom_atlas.store.database import Store, StoreError, open_store
from kratom_atlas.store.ledger import Batch
from kratom_atlas.store.looks import read_looks

Say = Callable[..., Line]
NewStore = Callable[..., AbstractContextManager[str]]

SOURCE = "us_fake"
SHA = "0" * 64


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[str]:
    """The URL of a new, empty store."""
    with new_store(request.param, tmp_path / "state") as made:
        yield made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def archive(store: Store) -> Archive:
    return Archive(store)


def on(day: int) -> datetime:
    return datetime(2026, 11, day, 6, tzinfo=UTC)


def begin(archive: Archive, day: int = 1, source: str = SOURCE, **more: Any) -> Run | None:
    return archive.begin(
        source, parser="p", today=date(2026, 11, day), since=date(2026, 10, day), now=on(day),
        **more,
    )  # fmt: skip


def begun(archive: Archive, day: int = 1, source: str = SOURCE, **more: Any) -> Run:
    run = begin(archive, day, source, **more)
    assert run is not None
    return run


def accept(
    archive: Archive,
    run: Run,
    *seen: Observation,
    still: Sequence[str] = (),
    faults: Mapping[str, tuple[Fault, str]] | None = None,
    pages: Sequence[SavedPage] = (),
    state: RunState = RunState.OK,
    day: int | None = None,
) -> Tally:
    return archive.accept(
        run, state, seen=seen, still=still, faults=faults or {}, pages=pages,
        now=on(day or run.today.day), counts={"examined": 5},
    )  # fmt: skip


def crawl(archive: Archive, day: int, *seen: Observation, **more: Any) -> Tally:
    source = more.pop("source", SOURCE)
    return accept(archive, begun(archive, day, source), *seen, **more)


def doc(key: str, title: str = "A", **more: Any) -> Document:
    given = {"jurisdiction": "ocd-division/country:us", "url": "https://example.org/", **more}
    return Document(key=key, title=title, **given)


def bill(**more: Any) -> TrackedInstrument:
    given = {
        "key": "HB1", "jurisdiction": "ocd-division/country:us", "title": "A",
        "url": "https://example.org/", "session": "2026", "stage": Stage.INTRODUCED, **more,
    }  # fmt: skip
    return TrackedInstrument(**given)


def saved(mark: str, run: int, **more: Any) -> SavedPage:
    given = {
        "fingerprint": mark, "run": run, "request": "{}", "url": f"https://example.org/{mark}",
        "status": 200, "headers": (("ETag", '"1"'),), "fetched_at": moment(on(1)), "sha256": SHA,
        **more,
    }  # fmt: skip
    return SavedPage(**given)


def fetched(n: object = 1, **more: Any) -> FetchRow:
    given = {"fingerprint": f"{n}", "method": "GET", "url": f"https://example.org/{n}",
             "fetched_at": moment(on(1)), **more}  # fmt: skip
    return FetchRow(**given)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    """What another program would see."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(query))]
    engine.dispose()
    return found


def execute(url: str, *statements: str) -> None:
    """What another program might do."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))
    finally:
        engine.dispose()


def titles(archive: Archive, source: str | None = SOURCE) -> dict[str, str]:
    return {one.key: one.title for _, one in archive.standing(source)}


def counted(tally: Tally) -> tuple[int, int, int, int]:
    return tally.new, tally.changed, tally.unchanged, tally.error


class Other:
    """Another process, which says a line for each that it is told."""

    def __init__(self, script: str, *args: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", script, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def tell(self, words: str = "go") -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> str:
        out, _ = self._process.communicate()
        assert self._process.returncode == 0
        return out.strip()


# -- the schema --------------------------------------------------------------------------------


@pytest.fixture
def old(url: str, say: Say, monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    """The store at `url` as the first version left it, with lines of a ledger and its own."""
    lines = [say("none", subject=f"search-{n}") for n in range(500)]
    local = say("found 💊", subject="local", at="2026-04-01T00:00:00Z")
    with monkeypatch.context() as patched:
        patched.setattr(database, "REVISION", "0001")
        with open_store(url) as store:
            store.sync([Batch(1, "0001-2026-01-01.jsonl", SHA, tuple(lines))])
            store.append([local])
    assert rows(url, "SELECT version_num FROM kratom_atlas_version") == [("0001",)]
    return [*lines, local]


LINES = "SELECT * FROM line ORDER BY seq"


def test_a_store_of_the_first_version_keeps_its_lines(url: str, old: list[Line]) -> None:
    before = rows(url, LINES), rows(url, "SELECT * FROM batch")
    with open_store(url) as store:
        assert list(store.lines()) == old
        crawl(Archive(store), 1, doc("a"))
        assert titles(Archive(store)) == {"a": "A"}
    assert (rows(url, LINES), rows(url, "SELECT * FROM batch")) == before
    assert rows(url, "SELECT version_num FROM kratom_atlas_version") == [(database.REVISION,)]
    with pytest.raises(sa.exc.DBAPIError, match="the ledger is append-only"):
        execute(url, "DELETE FROM line")


OPENING = """
import sys
from kratom_atlas.store.database import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).close()
"""


def test_several_processes_migrate_at_once(url: str, old: list[Line]) -> None:
    others = [Other(OPENING, url) for _ in range(3)]
    assert [other.heard() for other in others] == ["ready"] * 3
    for other in others:
        other.tell()
    for other in others:
        other.end()
    with open_store(url) as store:
        assert list(store.lines()) == old


def test_a_migration_that_is_killed_is_made_later(url: str, old: list[Line]) -> None:
    chance = random.Random(5)
    for _ in range(3):
        other = Other(OPENING, url)
        assert other.heard() == "ready"
        other.tell()
        time.sleep(chance.uniform(0.0, 0.25))
        other.kill()
        (version,) = rows(url, "SELECT version_num FROM kratom_atlas_version")
        engine = sa.create_engine(url)
        assert sa.inspect(engine).has_table("observation") == (version == (database.REVISION,))
        engine.dispose()
    with open_store(url) as store:
        assert list(store.lines()) == old


def test_the_program_knows_the_columns_that_the_migration_makes(url: str, store: Store) -> None:
    found = sa.inspect(store.engine)
    for name, table in crawls._metadata.tables.items():
        made = {column["name"]: column["type"] for column in found.get_columns(name)}
        assert made.keys() == set(table.columns.keys())
        for column in table.columns:
            is_text = isinstance(column.type, crawls._Words)
            assert made[column.name].python_type is (str if is_text else int)
        keys = found.get_pk_constraint(name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key]


# -- evidence is only added to -----------------------------------------------------------------


@pytest.fixture
def evidence(url: str, archive: Archive) -> Callable[[], list[Any]]:
    """Three fetches and three observations; a look at them from outside."""
    run = begun(archive)
    archive.record(run, [fetched(n) for n in range(3)], [])
    accept(archive, run, *(doc(f"d{n}") for n in range(3)))

    def look() -> list[Any]:
        return [rows(url, f'SELECT * FROM "{t}" ORDER BY id') for t in ("fetch", "observation")]

    assert [len(found) for found in look()] == [3, 3]
    return look


@pytest.mark.parametrize("table", ["fetch", "observation"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET source = 'rewritten'",
        "UPDATE {} SET source = 'rewritten' WHERE id = 2",
        "DELETE FROM {}",
        "DELETE FROM {} WHERE id = 3",
        "INSERT INTO {} SELECT * FROM {} WHERE id = 3 ON CONFLICT (id) DO UPDATE SET run = 0",
    ],
)
def test_the_database_refuses_changes(
    url: str, evidence: Callable[[], list[Any]], statement: str, table: str
) -> None:
    before = evidence()
    with pytest.raises(sa.exc.DBAPIError, match="evidence is append-only"):
        execute(url, statement.replace("{}", f'"{table}"'))
    assert evidence() == before


@pytest.mark.parametrize(
    "statement",
    ['TRUNCATE "fetch"', "TRUNCATE observation CASCADE", "TRUNCATE run CASCADE"],
)
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_postgresql_refuses_more(
    url: str, evidence: Callable[[], list[Any]], statement: str
) -> None:
    before = evidence()
    for role in ("origin", "replica"):
        with pytest.raises(sa.exc.DBAPIError, match="evidence is append-only"):
            execute(url, f"SET session_replication_role = {role}", statement)
    assert evidence() == before


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_sqlite_refuses_to_replace(url: str, evidence: Callable[[], list[Any]]) -> None:
    before = evidence()
    for table in ("fetch", "observation"):
        for at in (1, 3):
            with pytest.raises(sa.exc.DBAPIError, match="evidence is append-only"):
                execute(url, f'REPLACE INTO "{table}" SELECT * FROM "{table}" WHERE id = {at}')
    assert evidence() == before


# -- runs --------------------------------------------------------------------------------------


def test_a_run_from_its_beginning_to_its_end(archive: Archive) -> None:
    run = begun(archive, 2, slot="2026-11-02T06:00:00Z")
    assert run.state is RunState.RUNNING
    assert archive.runs() == [run]
    archive.end(run, RunState.FAILED, now=on(3), reason="x" * 5000, counts={"fetched": 7})
    (ended,) = archive.runs(SOURCE)
    assert (ended.state, ended.ended, ended.counts) == (
        RunState.FAILED, "2026-11-03T06:00:00Z", {"fetched": 7},
    )  # fmt: skip
    assert ended.reason == "x" * 2000
    assert (ended.today, ended.since, ended.slot) == (run.today, run.since, run.slot)


def test_the_last_runs(archive: Archive) -> None:
    crawl(archive, 1, doc("a"))
    crawl(archive, 2, doc("a"), state=RunState.PARTIAL)
    archive.end(begun(archive, 3), RunState.FAILED, now=on(3))
    accept(archive, begun(archive, 4, purpose="reparse"), doc("a"))
    crawl(archive, 5, doc("a"), source="other")
    last = archive.last_runs()
    assert {name: run.today.day for name, run in last.items()} == {SOURCE: 3, "other": 5}
    good = archive.last_runs(RunState.OK)
    assert {name: run.today.day for name, run in good.items()} == {SOURCE: 2, "other": 5}
    assert archive.last_runs(RunState.WAITING) == {}
    assert [run.today.day for run in archive.runs(limit=2)] == [5, 4]


def test_what_a_run_found(archive: Archive) -> None:
    run = begun(archive)
    tally = accept(archive, run, doc("a"), doc("b"), faults={"c": (Fault.GONE, "404")})
    assert counted(tally) == (2, 0, 0, 1)
    assert tally.changes == ["a", "b"]
    (ended,) = archive.runs()
    assert (ended.state, ended.ended) == (RunState.OK, moment(on(1)))
    assert ended.counts == {"examined": 5, "new": 2, "changed": 0, "unchanged": 0, "errors": 1}
    tally = crawl(archive, 2, doc("a"), doc("b", "B"), doc("c"))
    assert counted(tally) == (1, 1, 1, 0)
    assert sorted(tally.changes) == ["b", "c"]
    assert titles(archive) == {"a": "A", "b": "B", "c": "A"}


def test_a_document_has_one_outcome_in_a_run(archive: Archive) -> None:
    crawl(archive, 1, doc("a"), doc("b"), doc("c"))
    gone = (Fault.GONE, "404")
    tally = crawl(
        archive, 2, doc("a", "first"), doc("a", "last"), still=["a", "b", "b", "c"],
        faults={"a": gone, "c": gone},
    )  # fmt: skip
    assert counted(tally) == (0, 1, 1, 1)
    assert titles(archive)["a"] == "last"
    known = archive.known(SOURCE)
    assert (known["a"].fault, known["b"].fault, known["c"].fault) == (None, None, Fault.GONE)
    assert known["c"].last_seen == moment(on(1)), "it was not seen again"


def test_a_list_says_nothing_of_a_document_that_was_never_read(archive: Archive) -> None:
    crawl(archive, 1, faults={"a": (Fault.GONE, "404")})
    assert counted(crawl(archive, 2, still=["a", "unheard-of"])) == (0, 0, 0, 0)
    known = archive.known(SOURCE)
    assert known.keys() == {"a"}
    assert (known["a"].fault, known["a"].last_seen) == (Fault.GONE, None)
    assert counted(crawl(archive, 3, doc("a"))) == (1, 0, 0, 0)


def test_a_failing_accept_leaves_nothing(
    url: str, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl(archive, 1, doc("a"), doc("b"))
    run = begun(archive, 2)
    archive.record(run, [], [saved("m", run.id)])

    def look() -> list[Any]:
        return [
            rows(url, f'SELECT * FROM "{table}" ORDER BY 1, 2')
            for table in ("run", "page", "observation", "document")
        ]

    before = look()
    told: dict[str, Any] = {
        "still": ["b"], "faults": {"c": (Fault.GONE, "404")},
        "pages": [saved("m", run.id, parsed="{}")],
    }  # fmt: skip

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the power went off")

    with monkeypatch.context() as patched:
        patched.setattr(archive, "end", broken)
        with pytest.raises(RuntimeError):
            accept(archive, run, doc("a", "B"), doc("d"), **told)
    assert look() == before
    with pytest.raises(StoreError):
        accept(archive, run, doc("a", "B"), doc("d"), **{**told, "pages": [saved("m", 999)]})
    assert look() == before
    assert counted(accept(archive, run, doc("a", "B"), doc("d"), **told)) == (1, 1, 1, 1)


def test_a_run_that_never_ended_was_interrupted(archive: Archive) -> None:
    begun(archive, 1)
    other = begun(archive, 1, source="other")
    begun(archive, 2)
    states = [(run.source, run.state) for run in archive.runs()]
    assert states == [
        (SOURCE, RunState.RUNNING), ("other", RunState.RUNNING), (SOURCE, RunState.INTERRUPTED),
    ]  # fmt: skip
    assert archive.runs()[2].ended == moment(on(2))
    accept(archive, other)


def test_a_run_that_was_given_up_is_not_accepted(archive: Archive) -> None:
    late = begun(archive, 1)
    now = begun(archive, 2)
    with pytest.raises(BusyError, match="has lost its lock and was given up"):
        accept(archive, late, doc("a", "late"))
    archive.end(late, RunState.FAILED, now=on(2))
    assert archive.known(SOURCE) == {}
    assert archive.runs()[1].state is RunState.INTERRUPTED
    accept(archive, now, doc("a"))
    with pytest.raises(BusyError):
        accept(archive, now, doc("a", "twice"))
    assert titles(archive) == {"a": "A"}


SLOTS = [f"2026-11-02T{hour:02}:00:00Z" for hour in range(24)]


def test_a_slot_is_run_once(archive: Archive) -> None:
    for state in (RunState.OK, RunState.FAILED, RunState.WAITING):
        slot = SLOTS.pop()
        archive.end(begun(archive, slot=slot), state, now=on(1))
        assert begin(archive, slot=slot) is None
        assert begin(archive, slot=slot, source=f"other-{state}") is not None


def test_an_interrupted_slot_is_made_up(url: str, archive: Archive) -> None:
    slot = SLOTS[0]
    for how in ("killed", "stopped", "killed"):
        run = begun(archive, slot=slot)
        if how == "stopped":
            archive.end(run, RunState.INTERRUPTED, now=on(1))
    accept(archive, begun(archive, slot=slot))
    assert begin(archive, slot=slot) is None
    assert rows(url, "SELECT slot, state FROM run ORDER BY id") == [
        (None, "interrupted"), (None, "interrupted"), (None, "interrupted"), (slot, "ok"),
    ]  # fmt: skip


TURNS = """
import sys
from datetime import UTC, date, datetime
from kratom_atlas.model.crawling import RunState
from kratom_atlas.store.crawls import Archive, BusyError
from kratom_atlas.store.database import open_store
now, today = datetime.now(UTC), date.today()
with open_store(sys.argv[1]) as store:
    archive = Archive(store)
    print("ready", flush=True)
    sys.stdin.readline()
    made = []
    for slot in sys.argv[2:]:
        while True:
            try:
                with archive.locked("us_fake"):
                    run = archive.begin(
                        "us_fake", parser="p", today=today, since=today, now=now, slot=slot
                    )
                    if run is not None:
                        made.append(slot)
                        archive.end(run, RunState.OK, now=now)
            except BusyError:
                continue
            break
    print(*made)
"""


def test_slots_among_several_processes(url: str, archive: Archive) -> None:
    slots = SLOTS[:12]
    others = [Other(TURNS, url, *slots) for _ in range(3)]
    assert [other.heard() for other in others] == ["ready"] * 3
    for other in others:
        other.tell()
    made = [slot for other in others for slot in other.end().split()]
    assert sorted(made) == slots
    assert {run.state for run in archive.runs(limit=50)} == {RunState.OK}


ACCEPTING = """
import sys
from datetime import UTC, date, datetime
from kratom_atlas.model.crawling import RunState
from kratom_atlas.model.observation import Document
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store
today = date(2026, 11, 1)
with open_store(sys.argv[1]) as store:
    archive = Archive(store)
    with archive.locked("us_fake"):
        print("ready", flush=True)
        while True:
            now = datetime.now(UTC)
            run = archive.begin("us_fake", parser="p", today=today, since=today, now=now)
            seen = [
                Document(key=f"d{n}", title=f"{run.id}", jurisdiction="ocd-division/country:us",
                         url="https://example.org/")
                for n in range(300)
            ]
            archive.accept(
                run, RunState.OK, seen=seen, still=(), faults={}, pages=(), now=now, counts={}
            )
"""


def test_killed_at_any_moment_a_run_is_accepted_or_not(url: str, archive: Archive) -> None:
    chance = random.Random(7)
    for _ in range(3):
        other = Other(ACCEPTING, url)
        assert other.heard() == "ready"
        time.sleep(chance.uniform(0.1, 0.6))
        other.kill()
        accepted = [run for run in archive.runs(limit=1000) if run.state is RunState.OK]
        found = rows(url, "SELECT run, count(*) FROM observation GROUP BY run")
        assert dict(found) == {run.id: 300 for run in accepted}
        if accepted:
            assert set(titles(archive).values()) == {str(accepted[0].id)}
    with archive.locked(SOURCE):
        crawl(archive, 5, doc("after"))
    assert RunState.RUNNING not in {run.state for run in archive.runs(limit=1000)}


# -- locks -------------------------------------------------------------------------------------


HOLDING = """
import sys
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store
with open_store(sys.argv[1]) as store, Archive(store).locked("us_fake"):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
sys.stdin.readline()
"""


def free(archive: Archive, source: str = SOURCE) -> bool:
    try:
        with archive.locked(source):
            return True
    except BusyError:
        return False


def test_one_process_at_a_time(url: str, archive: Archive) -> None:
    assert free(archive)
    other = Other(HOLDING, url)
    assert other.heard() == "held"
    with pytest.raises(BusyError) as caught, archive.locked(SOURCE):
        pass
    assert str(caught.value) == f"{SOURCE}: a run is under way: wait for it, or stop it"
    assert free(archive, "other")
    other.tell()
    assert other.heard() == "released"
    assert free(archive), "released, though the process lives"
    other.kill()


def test_a_lock_falls_with_its_process(url: str, archive: Archive) -> None:
    other = Other(HOLDING, url)
    assert other.heard() == "held"
    assert not free(archive)
    other.kill()
    until = time.monotonic() + 5
    while not free(archive):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_lock_holds_while_the_store_is_used(url: str, archive: Archive) -> None:
    with open_store(url) as other:
        with archive.locked(SOURCE):
            for day in range(1, 6):
                crawl(archive, day, doc("a", f"{day}"))
                assert titles(archive) == {"a": f"{day}"}
                assert not free(Archive(other)), "nor has the pool given its connection away"
            assert not free(archive), "nor does the same process have it twice"
        assert free(Archive(other))


def test_a_lock_is_released_whatever_happened(url: str, archive: Archive) -> None:
    with open_store(url) as other:
        with pytest.raises(ZeroDivisionError), archive.locked(SOURCE):
            _ = 1 / 0
        assert free(Archive(other))
        with pytest.raises(BusyError), archive.locked(SOURCE):
            raise BusyError("of the work, not of the lock")
        assert free(Archive(other))


def test_more_locks_than_connections(url: str, archive: Archive) -> None:
    """A crawl of every source holds them all, and works meanwhile."""
    names = [f"source_{n}" for n in range(60)]
    held = [archive.locked(name) for name in names]
    with open_store(url) as opened:
        other = Archive(opened)
        for lock in held:
            lock.__enter__()
        assert not any(free(other, name) for name in names)
        crawl(archive, 1, doc("a"), source=names[0])
        for lock in held[:30]:
            lock.__exit__(None, None, None)
        assert [name for name in names if free(other, name)] == names[:30]
        for lock in held[30:]:
            lock.__exit__(None, None, None)
        assert all(free(other, name) for name in names)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_lost_connection_loses_its_locks_and_no_more(url: str, store: Store) -> None:
    archive = Archive(store)
    ours = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    with archive.locked(SOURCE):
        run = begun(archive)
        mine = (
            " AND pid IN (SELECT pid FROM pg_stat_activity WHERE query LIKE '%advisory_lock%'"
            " AND pid <> pg_backend_pid()) AND objid = (SELECT"
            f" (hashtextextended(concat(current_schema(), '/run/{SOURCE}'), 0) & 4294967295))"
        )
        assert rows(url, ours + mine) == [(True,)]
        with open_store(url) as other:
            assert free(Archive(other))
            again = begun(Archive(other), 2)
        with pytest.raises(BusyError):
            accept(archive, run, doc("a", "late"))
        accept(archive, again, doc("a"))
    assert free(archive)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_stores_in_one_database_do_not_wait_for_each_other(url: str, archive: Archive) -> None:
    schema = f"atlas_{uuid.uuid4().hex}"
    execute(url, f"CREATE SCHEMA {schema}")
    here = str(sa.make_url(url).query["options"])
    ours = here.split("search_path=")[1].split()[0]
    try:
        with open_store(url.replace(ours, schema)) as other, archive.locked(SOURCE):
            assert free(Archive(other))
    finally:
        execute(url, f"DROP SCHEMA {schema} CASCADE")


# -- allowances --------------------------------------------------------------------------------


def test_an_allowance(archive: Archive) -> None:
    assert archive.spent("key", "2026-11") == 0
    assert [archive.spend("key", "2026-11", 3) for _ in range(5)] == [True] * 3 + [False] * 2
    assert archive.spent("key", "2026-11") == 3
    assert archive.spend("key", "2026-12", 3), "another month"
    assert archive.spend("other", "2026-11", 3), "another key"
    assert archive.spend("key", "2026-11", 4), "a raised limit"
    assert not archive.spend("key", "2026-11", 2), "a lowered limit"
    assert archive.spent("key", "2026-11") == 4
    assert not archive.spend("none", "2026-11", 0)
    assert archive.spent("none", "2026-11") == 0


SPENDING = """
import sys
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store
with open_store(sys.argv[1]) as store:
    archive = Archive(store)
    print("ready", flush=True)
    sys.stdin.readline()
    print(sum(archive.spend("key", "2026-11", 100) for _ in range(40)))
"""


def test_eight_processes_spend_exactly_what_there_is(url: str, archive: Archive) -> None:
    others = [Other(SPENDING, url) for _ in range(8)]
    assert [other.heard() for other in others] == ["ready"] * 8
    for other in others:
        other.tell()
    assert sum(int(other.end()) for other in others) == 100
    assert archive.spent("key", "2026-11") == 100


# -- observations ------------------------------------------------------------------------------


def test_there_and_back_again_is_three_observations(url: str, archive: Archive) -> None:
    for day, title in enumerate(("A", "B", "A"), 1):
        crawl(archive, day, doc("a", title), doc("quiet"))
        assert titles(archive) == {"a": title, "quiet": "A"}
    found = "SELECT id, outcome, previous FROM observation WHERE key = 'a' ORDER BY id"
    first, second, third = rows(url, found)
    assert first[1:] == ("new", None)
    assert second[1:] == ("changed", first[0])
    assert third[1:] == ("changed", second[0])
    changes = archive.changes(SOURCE)
    assert [
        (one.outcome, one.now.title, one.before and one.before.title)
        for one in changes
        if one.now.key == "a"
    ] == [
        (Outcome.CHANGED, "A", "B"), (Outcome.CHANGED, "B", "A"), (Outcome.NEW, "A", None),
    ]  # fmt: skip
    assert [one.id for one in changes] == sorted((one.id for one in changes), reverse=True)
    assert len(archive.changes(SOURCE, limit=2)) == 2
    last = archive.runs()[0].id
    assert [one.now.key for one in archive.changes(run=last)] == ["a"]
    assert archive.changes("other") == []
    known = archive.known(SOURCE)["a"]
    assert (known.first_seen, known.last_changed) == (moment(on(1)), moment(on(3)))
    assert known.observation == third[0]


def test_silence_says_nothing(archive: Archive) -> None:
    crawl(archive, 1, doc("a"), doc("b"), faults={"c": (Fault.GONE, "404")})
    before = archive.known(SOURCE)
    crawl(archive, 2, doc("a"))
    after = archive.known(SOURCE)
    assert after["a"].last_seen == moment(on(2))
    assert (after["b"], after["c"]) == (before["b"], before["c"])
    assert titles(archive) == {"a": "A", "b": "A"}


def test_a_fault_is_kept_until_the_document_is_read(archive: Archive) -> None:
    crawl(archive, 1, doc("a", version="1"), doc("b"))
    before = archive.known(SOURCE)
    failed = (Fault.CHALLENGE, "y" * 1000)
    crawl(archive, 2, faults={"a": failed, "b": failed, "c": failed})
    known = archive.known(SOURCE)
    assert {key: one.fault for key, one in known.items()} == dict.fromkeys("abc", Fault.CHALLENGE)
    assert known["a"].detail == "y" * 400
    assert known["a"].fault_at == moment(on(2))
    for name in ("observation", "digest", "version", "first_seen", "last_seen", "last_changed"):
        assert getattr(known["a"], name) == getattr(before["a"], name)
        assert getattr(known["c"], name) is None
    assert titles(archive) == {"a": "A", "b": "A"}
    assert counted(crawl(archive, 3, doc("a", version="1"), doc("c"), still=["b"])) == (1, 0, 2, 0)
    for one in archive.known(SOURCE).values():
        assert (one.fault, one.detail, one.fault_at) == (None, None, None)
    assert archive.known(SOURCE)["c"].first_seen == moment(on(3))


def test_another_mark_of_version_is_no_news_of_an_instrument(archive: Archive) -> None:
    crawl(archive, 1, bill(version="1"))
    assert counted(crawl(archive, 2, bill(version="2"))) == (0, 0, 1, 0)
    assert archive.known(SOURCE)["HB1"].version == "2", "and the next list is compared with it"
    assert counted(crawl(archive, 3, doc("a", version="1"))) == (1, 0, 0, 0)
    assert counted(crawl(archive, 4, doc("a", version="2"))) == (0, 1, 0, 0)


OTHERS: dict[str, Any] = {
    "key": "HB2", "jurisdiction": "ocd-division/country:ca", "title": "B",
    "url": "https://example.org/2", "kind": InstrumentKind.SESSION_LAW, "number": "2",
    "language": "fr", "mentions": (Mention(term="kratom", start=0, end=6, excerpt="kratom"),),
    "effective": PartialDate("2026"), "ends": PartialDate("2027-01"), "version": "2",
    "sha256": "1" * 64, "locator": "2", "note": "A note.",
    "published": PartialDate("2026-01-02"), "text_sha256": "2" * 64, "characters": 7,
    "text_held": False, "session": "2027", "stage": Stage.ENACTED, "because": "Signed.",
    "abstract": "B", "introduced": PartialDate("2026-01-01"), "enacted": PartialDate("2026-02-01"),
    "actions": (Action(text="Signed."),),
    "versions": (TextVersion(note="Enrolled", url="https://example.org/3"),),
    "same_as": ("SB 1",), "forerunners": ("HB0",),
}  # fmt: skip


@pytest.mark.parametrize("one", [doc("a"), bill()], ids=["document", "instrument"])
def test_what_decides_whether_a_document_says_something_else(one: Document) -> None:
    fields = {field.name for field in msgspec.structs.fields(one)}
    silent = {
        name
        for name in fields
        if digest_of(msgspec.structs.replace(one, **{name: OTHERS[name]})) == digest_of(one)
    }
    expected = {"sha256", "locator"} | (
        {"version"} if isinstance(one, TrackedInstrument) else set()
    )
    assert silent == expected


def test_a_digest_does_not_hang_on_the_order_of_fields() -> None:
    assert digest_of(doc("a", "A")) == digest_of(
        Document(url="https://example.org/", title="A", key="a",
                 jurisdiction="ocd-division/country:us")
    )  # fmt: skip
    assert digest_of(doc("a", version="1")) != digest_of(doc("a"))


# -- pages and the log of fetches --------------------------------------------------------------


def test_the_last_good_answer_is_kept(archive: Archive) -> None:
    first = begun(archive, 1)
    pages = [saved("m", first.id), saved("n", first.id), saved("m", first.id, sha256="1" * 64)]
    archive.record(first, [], pages)
    assert archive.pages(SOURCE) == {"m": pages[2], "n": pages[1]}, "the last word of one call"
    accept(archive, first, pages=[saved("n", first.id, parsed='{"x":1}')])
    second = begun(archive, 2)
    later = saved("m", second.id, status=203, headers=(("ETag", '"2"'), ("X", "ü")))
    archive.record(second, [], [later])
    assert archive.pages(SOURCE)["m"] == later
    assert archive.pages(SOURCE)["n"].parsed == '{"x":1}'
    assert archive.pages("other") == {}
    assert later.header("etag") == '"2"'
    assert later.header("nothing") is None


def test_the_log_is_in_order(archive: Archive) -> None:
    run, other = begun(archive), begun(archive, source="other")
    good = fetched(1, status=200, headers=(("A", "1"), ("A", "2")), sha256=SHA, size=2**40)
    bad = fetched(2, status=503, fault=Fault.SERVER_ERROR, detail="503", about="a")
    archive.record(run, [good, bad], [])
    archive.record(other, [bad, good], [])
    archive.record(run, [], [])
    assert list(archive.fetches()) == [
        (run.id, good), (run.id, bad), (other.id, bad), (other.id, good),
    ]  # fmt: skip
    assert list(archive.fetches(SOURCE)) == [(run.id, good), (run.id, bad)]
    assert archive.quarantined() == [bad, bad]
    assert archive.quarantined("other", limit=1) == [bad]


def test_thousands_of_rows(archive: Archive) -> None:
    run = begun(archive)
    start = time.monotonic()
    log = [fetched(n, status=200, headers=(("A", "x" * 200),)) for n in range(3000)]
    archive.record(run, log, [saved(f"{n}", run.id) for n in range(3000)])
    recorded = time.monotonic()
    assert [row for _, row in archive.fetches()] == log
    read = time.monotonic()
    accept(archive, run, *(doc(f"d{n}") for n in range(3000)), pages=[saved("1", run.id)])
    accepted = time.monotonic()
    tally = crawl(archive, 2, *(doc(f"d{n}") for n in range(3000)))
    again = time.monotonic()
    assert tally.unchanged == 3000
    took = [recorded - start, read - recorded, accepted - read, again - accepted]
    assert max(took) < 10


# -- what sources send -------------------------------------------------------------------------

HOSTILE = "a\x00b\ud800c\udfff"
MADE_GOOD = "a\ufffdb\ufffdc\ufffd"


def test_text_that_no_database_holds(store: Store, archive: Archive) -> None:
    run = begun(archive)
    row = fetched(1, url=HOSTILE, about=HOSTILE, detail=HOSTILE, headers=((HOSTILE, HOSTILE),))
    archive.record(run, [row], [saved("m", run.id, url=HOSTILE, headers=((HOSTILE, HOSTILE),))])
    seen = doc(
        HOSTILE, HOSTILE, note=HOSTILE, url=f"https://example.org/{HOSTILE}",
        mentions=(Mention(term=HOSTILE, start=0, end=1, excerpt=HOSTILE),),
    )  # fmt: skip
    tally = accept(archive, run, seen, faults={f"x{HOSTILE}": (Fault.GONE, HOSTILE)})
    assert counted(tally) == (1, 0, 0, 1)
    ((_, kept),) = archive.fetches()
    assert (kept.url, kept.about, kept.detail) == (MADE_GOOD,) * 3
    assert kept.headers == ((MADE_GOOD, MADE_GOOD),)
    page = archive.pages(SOURCE)["m"]
    assert (page.url, page.headers) == (MADE_GOOD, ((MADE_GOOD, MADE_GOOD),))
    ((_, one),) = archive.standing()
    assert (one.key, one.title, one.note) == (MADE_GOOD,) * 3
    assert one.mentions[0].excerpt == MADE_GOOD
    known = archive.known(SOURCE)
    assert known.keys() == {MADE_GOOD, f"x{MADE_GOOD}"}
    assert known[f"x{MADE_GOOD}"].detail == MADE_GOOD
    assert read_looks(store, on(2)).placed == {"ocd-division/country:us": moment(on(1))}
    assert counted(crawl(archive, 2, seen)) == (0, 0, 1, 0), "and it is the same tomorrow"
    assert counted(crawl(archive, 3, still=[HOSTILE])) == (0, 0, 1, 0)
    archive.end(begun(archive, 4), RunState.FAILED, now=on(4), reason=HOSTILE)
    assert archive.runs()[0].reason == MADE_GOOD


def test_huge_text(archive: Archive) -> None:
    run = begun(archive)
    huge = "ü" * 3_000_000
    archive.record(run, [fetched(1, url=huge, detail=huge, headers=(("X", huge),))], [])
    tally = accept(
        archive, run, doc("good"), faults={huge: (Fault.GONE, huge), HOSTILE * 400: (Fault.DNS, "")}
    )
    assert counted(tally) == (1, 0, 0, 2)
    ((_, row),) = archive.fetches()
    assert row.url == huge
    assert max(len(key) for key in archive.known(SOURCE)) == 300


@pytest.mark.parametrize(
    "odd",
    [
        {"title": "x" * 8001},
        {"title": ""},
        {"title": 7},
        {"url": "javascript:alert(1)"},
        {"url": "https://example.org/a b"},
        {"jurisdiction": "us"},
        {"key": "b " * 100},
        {"key": "ü" * 100_000},
        {"language": "English"},
        {"published": "2026-13"},
    ],
    ids=str,
)
def test_what_does_not_fit_the_model_is_an_error(archive: Archive, odd: dict[str, Any]) -> None:
    crawl(archive, 1, doc("a"), doc("b"))
    run = begun(archive, 2)
    archive.record(run, [], [saved("m", run.id)])
    page = saved("m", run.id, parsed="{}")
    broken = msgspec.structs.replace(doc("b", "B"), **odd)
    assert counted(accept(archive, run, doc("a", "B"), broken, pages=[page])) == (0, 1, 0, 1)
    assert titles(archive) == {"a": "B", "b": "A"}
    (known,) = (one for one in archive.known(SOURCE).values() if one.fault)
    assert known.fault is Fault.PARSER
    assert str(known.detail).startswith("it does not fit the model: ")
    ended = archive.runs()[0]
    assert ended.state is RunState.PARTIAL
    assert ended.reason.startswith(f"1 unread; parser: {known.key}: it does not fit the model: ")
    assert archive.pages(SOURCE)["m"].parsed is None, "so the page is parsed again"
    assert [one.now.title for one in archive.changes()] == ["B", "A", "A"]


KEYS = [
    "a",
    "B",
    "b",
    "ä",
    "z",
    "Z",
    "ß",
    "İ",
    "i",
    "1",
    "10",
    "2",
    "ก",
    "法",
    "💊",
    "e\u0301",
    "é",
]


def test_keys_of_every_script_in_one_order(archive: Archive) -> None:
    crawl(archive, 1, *(doc(key, key) for key in KEYS))
    assert list(titles(archive)) == sorted(KEYS), "that of the code points, on both"
    assert counted(crawl(archive, 2, still=KEYS)) == (0, 0, len(KEYS), 0)
    assert archive.known(SOURCE).keys() == set(KEYS)
    crawl(archive, 3, doc("a"), source="ähnlich")
    crawl(archive, 3, doc("a"), source="Zebra")
    assert [name for name, _ in archive.standing()] == [
        "Zebra", *[SOURCE] * len(KEYS), "ähnlich",
    ]  # fmt: skip


def test_sources_do_not_touch_each_other(archive: Archive) -> None:
    crawl(archive, 1, doc("a"), source="one")
    crawl(archive, 2, doc("a", "B"), source="two")
    crawl(archive, 3, faults={"a": (Fault.GONE, "404")}, source="two")
    assert archive.known("one")["a"].fault is None
    assert titles(archive, "one") == {"a": "A"}
    assert [one.before for one in archive.changes()] == [None, None]
