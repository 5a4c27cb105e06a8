"""The running service's store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kratom_atlas.model.statement import Line
from kratom_atlas.store import database
from kratom_atlas.store.database import REVISION, StoreError, open_store
from kratom_atlas.store.ledger import Batch, LedgerError, append_batch, encode_batch, read_batches

Say = Callable[..., Line]
NewStore = Callable[..., AbstractContextManager[str]]

COLUMNS = "op, part, subject, statement, previous, recorded_at, actor, reason, body"
JANUARY, FEBRUARY, MARCH, APRIL = (f"2026-0{n}-01T00:00:00Z" for n in range(1, 5))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[str]:
    """The URL of a new, empty store that waits a short time for others."""
    with new_store(request.param, tmp_path / "state", wait=0.3) as made:
        yield made


@pytest.fixture
def ledger(tmp_path: Path, say: Say) -> list[Batch]:
    """Three batches, as the repository has them."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    append_batch(folder, [say("none", subject=f"search-{n}") for n in range(5)])
    append_batch(folder, [say("none", subject=f"search-{n}", at=FEBRUARY) for n in range(5, 9)])
    append_batch(
        folder,
        [
            say(
                "\u202eنص, 'quoted' \"text\" 💊",
                "supersede",
                subject="search-1",
                at=MARCH,
                previous="none",
            ),
            say("none", "retract", subject="search-2", at=MARCH),
        ],
    )
    return list(read_batches(folder))


def patient(url: str) -> str:
    """The same store for somebody who waits longer."""
    return url.replace("timeout=0.3", "timeout=20").replace("300ms", "20s")


def batch_of(number: int, *lines: Line) -> Batch:
    """A batch as if it had been read from the repository."""
    return Batch(number, f"{number:04}-2026-01-01.jsonl", f"{number:064x}", lines)


def complaint(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    message = str(caught.value)
    assert "\n" not in message
    return message


def rows(url: str, query: str = "SELECT * FROM line ORDER BY seq") -> list[tuple[object, ...]]:
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


# -- the repository's ledger -------------------------------------------------------------------


def test_a_new_store_is_empty(url: str) -> None:
    with open_store(url) as store:
        assert list(store.lines()) == []
        assert store.sync([]) == 0


def test_lines_come_back_in_order(url: str, ledger: list[Batch]) -> None:
    with open_store(url) as store:
        assert store.sync(ledger) == 11
        expected = [line for batch in ledger for line in batch.lines]
        assert list(store.lines()) == expected
    with open_store(url) as store:  # another process, another day
        assert list(store.lines()) == expected


def test_the_text_of_each_line_is_kept_to_the_byte(url: str, ledger: list[Batch]) -> None:
    with open_store(url) as store:
        store.sync(ledger)
    bodies = [body for (body,) in rows(url, "SELECT body FROM line ORDER BY seq")]
    previous = "0" * 64
    for batch in ledger:
        text = encode_batch(batch.lines, previous).partition(b"\n")[2]
        count = len(batch.lines)
        assert "".join(f"{body}\n" for body in bodies[:count]).encode() == text
        del bodies[:count]
        previous = batch.sha256


def test_syncing_again_adds_nothing(url: str, ledger: list[Batch]) -> None:
    with open_store(url) as store:
        assert store.sync(ledger[:2]) == 9
        before = rows(url)
        assert store.sync(ledger[:2]) == 0
        assert rows(url) == before
        assert store.sync(ledger) == 2
        assert rows(url)[:9] == before
        assert store.sync(ledger[:1]) == 0, "an older checkout takes nothing away"
        assert len(rows(url)) == 11


def test_a_store_built_from_the_repository_alone_is_identical(
    url: str, ledger: list[Batch], tmp_path: Path
) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    with open_store(url) as one, open_store(other) as two:
        for n in range(1, 4):
            one.sync(ledger[:n])
        two.sync(ledger)
    for query in ("SELECT * FROM line ORDER BY seq", "SELECT * FROM batch ORDER BY number"):
        assert rows(url, query) == rows(other, query)


def test_progress_counts_every_line(url: str, ledger: list[Batch]) -> None:
    steps: list[int] = []
    with open_store(url) as store:
        store.sync(ledger[:1], progress=steps.append)
        assert sum(steps) == 5
        store.sync(ledger, progress=steps.append)
    assert sum(steps) == 5 + 11


def test_more_lines_than_one_chunk(url: str, say: Say) -> None:
    lines = tuple(say("none", subject=f"search-{n}") for n in range(4321))
    steps: list[int] = []
    with open_store(url) as store:
        assert store.sync([batch_of(1, *lines)], progress=steps.append) == 4321
        assert tuple(store.lines()) == lines
    assert steps == [2000, 2000, 321]


def test_a_batch_that_changed_is_refused(url: str, ledger: list[Batch], say: Say) -> None:
    with open_store(url) as store:
        store.sync(ledger[:2])
        before = rows(url)
        changed = Batch(2, ledger[1].name, "f" * 64, (say("another past", at=FEBRUARY),))
        with pytest.raises(StoreError) as caught:
            store.sync([ledger[0], changed, ledger[2]])
        assert str(caught.value).endswith(
            ": has another batch 0002 than ledger/0002-2026-02-01.jsonl, and a batch never "
            "changes: restore the ledger from version control, or use the store that belongs to it"
        )
        assert rows(url) == before


def test_a_gap_is_refused(url: str, ledger: list[Batch]) -> None:
    with open_store(url) as store:
        with pytest.raises(StoreError, match="lacks the batches before ledger/0003-2026-03-01"):
            store.sync([ledger[0], ledger[2]])
        assert list(store.lines()) == []


def test_a_ledger_that_breaks_off_adds_nothing(url: str, ledger: list[Batch]) -> None:
    def broken() -> Iterator[Batch]:
        yield from ledger[:2]
        raise LedgerError("ledger/0003-2026-03-01.jsonl: truncated")

    with open_store(url) as store:
        with pytest.raises(LedgerError, match="truncated"):
            store.sync(broken())
        assert list(store.lines()) == []
        assert store.sync(ledger) == 11


def test_reading_is_one_snapshot(url: str, ledger: list[Batch], say: Say) -> None:
    many = tuple(say("none", subject=f"search-{n}") for n in range(3000))
    with open_store(url) as store:
        store.sync([batch_of(1, *many)])
        reading = store.lines()
        assert next(reading) == many[0]
        with open_store(url) as other:
            assert other.append([say("none", subject="local", at=MARCH)]) == 1
        assert sum(1 for _ in reading) == 2999
        assert sum(1 for _ in store.lines()) == 3001


# -- what the service accepted itself -----------------------------------------------------------


def test_local_lines_follow_the_repository(url: str, ledger: list[Batch], say: Say) -> None:
    local = say("found here", subject="local", at=APRIL)
    with open_store(url) as store:
        store.sync(ledger)
        assert store.append([local]) == 1
        assert list(store.lines())[-1] == local
        assert store.append([local]) == 0, "a retry after a lost answer adds nothing"
    assert rows(url, "SELECT batch FROM line WHERE subject = 'local'") == [(None,)]


def test_local_lines_must_fit_what_stands(url: str, say: Say) -> None:
    at = {"at": FEBRUARY}
    with open_store(url) as store:
        store.sync([batch_of(1, say("a"))])
        for unfit in (
            say("b", **at),
            say("c", "supersede", previous="b", **at),
            say("b", "acknowledge", verification="primary", **at),
            say("b", "retract", **at),
            say("b", "supersede", subject="unheard-of", previous="a", **at),
            say("a", "retract", subject="unheard-of", **at),
        ):
            with pytest.raises(StoreError, match="has changed since it was read"):
                store.append([say("x", subject="other", **at), unfit])
        assert list(store.lines()) == [say("a")], "nor was what came before it added"
        steps = [
            say("a", "acknowledge", verification="primary", **at),
            say("b", "supersede", previous="a", **at),
            say("b", "retract", **at),
            say("c", **at),
        ]
        assert store.append(steps) == 4
        assert list(store.lines()) == [say("a"), *steps]


def test_of_two_reviewers_the_second_is_told(url: str, say: Say) -> None:
    with open_store(url) as one, open_store(url) as two:
        one.sync([batch_of(1, say("a"))])
        one.append([say("b", "supersede", previous="a", at=FEBRUARY)])
        with pytest.raises(StoreError) as caught:
            two.append([say("c", "supersede", previous="a", at=MARCH)])
        assert str(caught.value).endswith(
            ": search 'us-search' has changed since it was read, so supersede does not fit: "
            "look at it again and decide anew"
        )


def test_local_time_does_not_run_backwards(url: str, say: Say) -> None:
    with open_store(url) as store:
        store.sync([batch_of(1, say("a", at=MARCH))])
        with pytest.raises(StoreError, match=f"cannot record at {FEBRUARY}: it already holds a"):
            store.append([say("a", subject="other", at=FEBRUARY)])


def test_a_local_line_that_comes_back_is_recognised(url: str, say: Say) -> None:
    first = batch_of(1, say("a"))
    local = say("b", "supersede", previous="a", at=FEBRUARY)
    back = batch_of(
        2, say("b", "supersede", previous="a", at=MARCH), say("x", subject="new", at=MARCH)
    )
    with open_store(url) as store:
        store.sync([first])
        store.append([local])
        assert store.sync([first, back]) == 1
        assert list(store.lines()) == [say("a"), local, back.lines[1]]
        assert store.sync([first, back]) == 0
    assert rows(url, "SELECT seq, batch, confirms FROM line ORDER BY seq") == [
        (1, 1, None),
        (2, None, None),
        (3, 2, 2),
        (4, 2, None),
    ]


def test_better_evidence_that_comes_back_is_kept(url: str, say: Say) -> None:
    local = say("a", at=JANUARY)
    better = say("a", at=FEBRUARY, verification="primary")
    with open_store(url) as store:
        store.append([local])
        assert store.sync([batch_of(1, better)]) == 1
        assert list(store.lines()) == [local, better]


def test_better_evidence_is_of_the_last_words(url: str, say: Say) -> None:
    first = batch_of(1, say("a"))
    local = [
        say("a", "retract", at="2026-01-02T00:00:00Z"),
        say("b", at="2026-01-03T00:00:00Z"),
        say("b", "retract", at="2026-01-04T00:00:00Z"),
        say("b", at="2026-01-05T00:00:00Z"),
    ]
    better = say("b", "supersede", previous="a", at=FEBRUARY, verification="primary")
    with open_store(url) as store:
        store.sync([first])
        store.append(local)
        assert store.sync([first, batch_of(2, better)]) == 1
        assert list(store.lines()) == [say("a"), *local, better]


def test_local_steps_come_back_one_by_one_or_at_once(url: str, say: Say) -> None:
    steps = [
        say("b", "supersede", previous="a", at="2026-01-02T00:00:00Z"),
        say("c", "supersede", previous="b", at="2026-01-03T00:00:00Z"),
        say("c", "retract", at="2026-01-04T00:00:00Z"),
    ]
    first = batch_of(1, say("a"), say("a", subject="other"))
    with open_store(url) as store:
        store.sync([first])
        store.append(steps)
        store.append(
            [
                say("b", "supersede", subject="other", previous="a", at=FEBRUARY),
                say("c", "supersede", subject="other", previous="b", at=FEBRUARY),
            ]
        )
        before = list(store.lines())
        batches = [
            first,
            batch_of(2, say("b", "supersede", previous="a", at=FEBRUARY)),
            batch_of(3, say("c", "supersede", previous="b", at=MARCH)),
            batch_of(
                4,
                say("c", "retract", at=APRIL),
                # An ingest of the sheets alone knows the last words and not the steps.
                say("c", "supersede", subject="other", previous="a", at=APRIL),
            ),
        ]
        for n in range(2, 5):
            assert store.sync(batches[:n]) == 0
        assert list(store.lines()) == before


def test_a_repository_that_went_its_own_way_has_the_last_word(url: str, say: Say) -> None:
    first = batch_of(1, say("a"))
    local = say("d", "supersede", previous="a", at="2026-01-02T00:00:00Z")
    theirs = [
        batch_of(2, say("b", "supersede", previous="a", at=FEBRUARY)),
        batch_of(3, say("a", "supersede", previous="b", at=MARCH)),
        batch_of(4, say("d", "supersede", previous="a", at=APRIL)),
    ]
    with open_store(url) as store:
        store.sync([first])
        store.append([local])
        for n in range(1, 4):
            assert store.sync([first, *theirs[:n]]) == 1, "they are compared with no old line"
        assert list(store.lines()) == [
            say("a"),
            local,
            *(line for batch in theirs for line in batch.lines),
        ]


def test_lines_are_in_the_order_of_recorded_time(url: str, say: Say) -> None:
    local = say("local", subject="local", at=MARCH)
    late = batch_of(2, say("late", subject="late", at=FEBRUARY))
    with open_store(url) as store:
        store.sync([batch_of(1, say("a"))])
        store.append([local])
        store.sync([batch_of(1, say("a")), late])
        assert list(store.lines()) == [say("a"), *late.lines, local]


# -- nothing is ever changed or removed -------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE line SET reason = 'rewritten'",
        "UPDATE line SET reason = 'rewritten' WHERE seq = 1",
        "DELETE FROM line",
        "DELETE FROM line WHERE seq = 11",
        "UPDATE batch SET sha256 = 'rewritten'",
        "DELETE FROM batch",
    ],
)
def test_the_database_refuses_changes(url: str, ledger: list[Batch], statement: str) -> None:
    with open_store(url) as store:
        store.sync(ledger)
    before = rows(url)
    with pytest.raises(sa.exc.DBAPIError, match="the ledger is append-only"):
        execute(url, statement)
    assert rows(url) == before


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE line",
        "TRUNCATE batch CASCADE",
        "INSERT INTO batch VALUES (1, 'x', 'x') ON CONFLICT (number) DO UPDATE SET name = 'x'",
    ],
)
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_postgresql_refuses_more(url: str, ledger: list[Batch], statement: str) -> None:
    with open_store(url) as store:
        store.sync(ledger)
    before = rows(url)
    for role in ("origin", "replica"):
        with pytest.raises(sa.exc.DBAPIError, match="the ledger is append-only"):
            execute(url, f"SET session_replication_role = {role}", statement)
    assert rows(url) == before


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_sqlite_refuses_to_replace(url: str, say: Say) -> None:
    with open_store(url) as store:
        store.append([say("a", subject="local")])
        store.sync([batch_of(1, say("a", subject="local", at=FEBRUARY))])
    before = rows(url), rows(url, "SELECT * FROM batch")
    for statement in (
        "INSERT OR REPLACE INTO batch VALUES (1, 'x', 'x')",
        "REPLACE INTO line SELECT * FROM line WHERE seq = 1",
        f"REPLACE INTO line SELECT 9, batch, {COLUMNS}, confirms, echo FROM line WHERE echo",
        "INSERT INTO batch VALUES (1, 'x', 'x') ON CONFLICT (number) DO UPDATE SET name = 'x'",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="the ledger is append-only"):
            execute(url, statement)
    assert (rows(url), rows(url, "SELECT * FROM batch")) == before


# -- the schema --------------------------------------------------------------------------------


def test_the_migrations_make_the_schema_that_the_program_uses(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", "kratom_atlas.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
    open_store(url).close()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": "kratom_atlas_version",
                "compare_type": True,
                # The tables of the crawls are those of `store.crawls`, and are tested there.
                "include_name": lambda name, kind, _: (
                    kind != "table" or name in database.metadata.tables
                ),
            },
        )
        assert compare_metadata(context, database.metadata) == []
        assert context.get_current_revision() == REVISION
    engine.dispose()


def test_a_store_of_a_newer_revision(url: str) -> None:
    open_store(url).close()
    execute(url, "UPDATE kratom_atlas_version SET version_num = '9999'")
    assert complaint(url).endswith(
        f": of revision 9999, newer than this program knows ({REVISION}): upgrade kratom-atlas"
    )


def test_a_line_of_a_newer_program(url: str, say: Say) -> None:
    with open_store(url) as store:
        store.sync([batch_of(1, say("a"))])
        execute(
            url,
            "INSERT INTO line SELECT 2, batch, op, part, subject, statement, previous, recorded_at,"
            ' actor, reason, \'{"colour":"blue"}\', confirms, echo FROM line',
        )
        with pytest.raises(StoreError, match="holds a line that this program cannot read"):
            list(store.lines())


def test_tables_of_another_program(url: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    execute(url, "CREATE TABLE line (words TEXT)")
    assert complaint(url).endswith(
        ": holds tables of another program: name another file, database or schema"
    )
    execute(url, "DROP TABLE line", "CREATE TABLE sales (amount INTEGER)")
    open_store(url).close()  # the rest of a shared database is not our business


# -- what cannot be opened ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "not the URL of a database: write sqlite:///path/to/store.db"),
        ("store.db", "not the URL of a database"),
        ("mysql://root:secret@localhost/test", "mysql is not supported: write sqlite:///"),
        ("sqlite://", "a store in memory would be lost"),
        ("sqlite:///:memory:", "a store in memory would be lost"),
        (
            "postgresql://someone:secret@127.0.0.1:1/atlas",
            "store postgresql://someone:***@127.0.0.1:1/atlas: the server cannot be reached, or ",
        ),
    ],
)
def test_urls_that_lead_nowhere(url: str, words: str) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    message = complaint(url)
    assert message.startswith(words)
    assert "secret" not in message


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("jurisdiction,status\n" * 1000)
    assert complaint(f"sqlite:///{tmp_path}/store.db") == (
        f"store {tmp_path}/store.db: is not a database: restore it from a backup, or name another "
        "file"
    )


def test_a_truncated_store(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "store.db"
    with open_store(f"sqlite:///{path}") as store:
        store.sync([batch_of(1, *(say("a", subject=f"search-{n}") for n in range(500)))])
    whole = path.read_bytes()
    for length in (100, 4096, len(whole) // 2, len(whole) - 4096):
        path.write_bytes(whole[:length])
        assert complaint(f"sqlite:///{path}") == (
            f"store {path}: is truncated or damaged: restore it from a backup, or move it away "
            "and start a new one from the ledger in the repository"
        )
    path.write_bytes(whole)
    with open_store(f"sqlite:///{path}") as store:
        assert sum(1 for _ in store.lines()) == 500


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    assert complaint(f"sqlite:///{tmp_path}") == (
        f"store {tmp_path}: cannot be opened: check that its folder exists and can be written"
    )


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    assert complaint(f"sqlite:///{tmp_path}/state/store.db") == (
        f"store {tmp_path}/state/store.db: cannot make the folder {tmp_path}/state: File exists"
    )


def test_a_store_that_may_only_be_read(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/store.db").close()
    message = complaint(f"sqlite:///file:{tmp_path}/store.db?mode=ro&uri=true")
    assert message.endswith(": cannot be written: make the file and its folder writable")


@pytest.mark.parametrize("what", ["store.db", "."])
def test_permissions(permissions_count: None, tmp_path: Path, what: str) -> None:
    open_store(f"sqlite:///{tmp_path}/store.db").close()
    (tmp_path / what).chmod(0o444 if what == "store.db" else 0o555)
    message = complaint(f"sqlite:///{tmp_path}/store.db")
    assert "writ" in message


HOLDING = """
import sys
import sqlalchemy as sa
engine = sa.create_engine(sys.argv[1])
connection = engine.raw_connection().driver_connection
if sys.argv[1].startswith("sqlite"):
    connection.isolation_level = None
    connection.execute("BEGIN EXCLUSIVE")
else:
    connection.execute("BEGIN")
    connection.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


def hold(url: str, statement: str) -> subprocess.Popen[bytes]:
    """Another process that locks the store until it is killed."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDING, url, statement],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    return other


def test_a_store_that_another_process_locks(url: str, say: Say) -> None:
    in_use = "in use by another process: wait until it is done, or stop it, and try again"
    store = open_store(url)
    with store, hold(url, "LOCK TABLE line IN EXCLUSIVE MODE") as other:
        for write in (
            lambda: store.append([say("a")]),
            lambda: store.sync([batch_of(1, say("a"))]),
        ):
            with pytest.raises(StoreError, match=in_use):
                write()
        assert list(store.lines()) == [], "reading goes on"
        other.kill()
        other.wait()
    with open_store(patient(url)) as store:
        assert store.append([say("a")]) == 1, "a killed process leaves no lock behind"


def test_a_store_that_another_process_is_migrating(url: str) -> None:
    open_store(url).close()
    lock = f"SELECT pg_advisory_lock({0x6B726174}, hashtext(current_schema()))"
    with hold(url, lock) as other:
        begin = time.monotonic()
        assert complaint(url).endswith(
            ": in use by another process: wait until it is done, or stop it, and try again"
        )
        assert time.monotonic() - begin < 5
        other.kill()
    open_store(patient(url)).close()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from kratom_atlas.store.database import StoreError, open_store
from kratom_atlas.store.ledger import Batch, read_batches
with open_store(sys.argv[1]) as store:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if sys.argv[3] == "killed" else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        store.sync(read_batches(Path(sys.argv[2])))
    except StoreError as error:
        print(error)
"""


@pytest.mark.parametrize("end", ["told", "killed"])
def test_a_full_disk(tmp_path: Path, say: Say, end: str) -> None:
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    lines = [say("a", subject=f"search-{n}") for n in range(5000)]
    append_batch(ledger, lines)
    url = f"sqlite:///{tmp_path}/store.db"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, url, str(ledger), end], capture_output=True, text=True
    )
    if end == "told":
        assert done.returncode == 0
        assert done.stdout.count("\n") == 1
        assert done.stdout.endswith("; nothing was recorded\n")
    else:
        assert done.returncode == -signal.SIGXFSZ, "it died in the middle of writing"
    with open_store(url) as store:
        assert list(store.lines()) == []
        assert store.sync(read_batches(ledger)) == 5000
        assert list(store.lines()) == lines


# -- several processes, and processes that are killed -----------------------------------------


WORKING = """
import sys
from pathlib import Path
import msgspec
from kratom_atlas.store.database import open_store
from kratom_atlas.store.ledger import read_batches
url, ledger, me = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
with open_store(url) as store:
    print(store.sync(read_batches(ledger)), flush=True)
    line = next(store.lines())
    for n in range(10):
        name = f"local-{me}-{n}"
        body = msgspec.structs.replace(line.search, id=name)
        at = "2026-04-01T00:00:00Z"
        store.append([msgspec.structs.replace(line, subject=name, search=body, recorded_at=at)])
"""


def test_several_processes_at_once(url: str, ledger: list[Batch], tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKING, patient(url), str(tmp_path / "ledger"), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(int(process.communicate()[0]) for process in running)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert said == [0, 0, 11], "one of them made the store and filled it"
    with open_store(url) as store:
        lines = list(store.lines())
    assert lines[:11] == [line for batch in ledger for line in batch.lines]
    assert len({line.subject for line in lines[11:]}) == len(lines[11:]) == 30
    assert [seq for (seq,) in rows(url, "SELECT seq FROM line ORDER BY seq")] == list(range(1, 42))


OPENING = """
import sys
from kratom_atlas.store.database import open_store
for url in sys.stdin:
    open_store(url.strip()).close()
    print("open", flush=True)
"""


def test_the_same_new_store_opened_by_several_at_once(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for n in range(10):
        for process in running:
            assert process.stdin is not None
            process.stdin.write(f"sqlite:///{tmp_path}/{n}.db\n")
            process.stdin.flush()
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
    for process in running:
        process.communicate()


SYNCING = """
import sys
from pathlib import Path
from kratom_atlas.store.database import open_store
from kratom_atlas.store.ledger import read_batches
batches = list(read_batches(Path(sys.argv[2])))
print("ready", flush=True)
with open_store(sys.argv[1]) as store:
    store.sync(batches)
"""


def test_killed_in_the_middle_it_is_before_or_after(url: str, tmp_path: Path, say: Say) -> None:
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    for batch in range(4):
        append_batch(ledger, [say("a", subject=f"search-{batch}-{n}") for n in range(1000)])
    chance = random.Random(3)
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", SYNCING, url, str(ledger)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.0, 0.4))
            writer.kill()
        with open_store(patient(url)) as store:
            assert sum(1 for _ in store.lines()) in (0, 4000)
    with open_store(patient(url)) as store:
        store.sync(read_batches(ledger))
        assert sum(1 for _ in store.lines()) == 4000
    if url.startswith("sqlite"):
        with sqlite3.connect(tmp_path / "state" / "store.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()
