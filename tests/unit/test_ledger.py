"""The ledger in the repository: appended to, chained, and whole or not at all."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kratom_atlas.model.statement import Line
from kratom_atlas.store.ledger import (
    FIRST,
    LedgerError,
    append_batch,
    decode_line,
    encode_batch,
    encode_line,
    read_batches,
)

Say = Callable[..., Line]

MARCH = "2026-03-01T00:00:00Z"


@pytest.fixture
def ledger(tmp_path: Path, say: Say) -> Path:
    """A ledger of two batches."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    append_batch(folder, [say("one"), say("one", subject="other")])
    append_batch(folder, [say("two", "supersede", previous="one", at="2026-02-01T00:00:00Z")])
    return folder


def complaint(folder: Path) -> str:
    with pytest.raises(LedgerError) as caught:
        list(read_batches(folder))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_batches_come_back_as_they_were_written(ledger: Path, say: Say) -> None:
    first, second = read_batches(ledger)
    assert [b.name for b in (first, second)] == ["0001-2026-01-01.jsonl", "0002-2026-02-01.jsonl"]
    assert first.lines == (say("one"), say("one", subject="other"))
    assert second.lines[0].previous == first.lines[0].statement
    assert (ledger / first.name).read_bytes() == encode_batch(first.lines, FIRST)
    assert (ledger / second.name).read_bytes() == encode_batch(second.lines, first.sha256)
    assert decode_line(encode_line(second.lines[0])) == second.lines[0]


def test_appending_changes_no_older_file(ledger: Path, say: Say) -> None:
    before = {path.name: path.read_bytes() for path in ledger.iterdir()}
    batch = append_batch(ledger, [say("two", "retract", at=MARCH)])
    after = {path.name: path.read_bytes() for path in ledger.iterdir()}
    assert set(after) - set(before) == {batch.name} == {"0003-2026-03-01.jsonl"}
    assert {name: after[name] for name in before} == before
    assert list(read_batches(ledger))[-1] == batch


def test_recorded_time_does_not_run_backwards(ledger: Path, say: Say) -> None:
    with pytest.raises(LedgerError, match="the ledger already holds a line of 2026-02-01T00:00"):
        append_batch(ledger, [say("early", subject="new")])
    # Neither from batch to batch nor within one, whoever wrote it.
    late, early = say("late", subject="first", at=MARCH), say("early", subject="second")
    with pytest.raises(LedgerError, match="would not be read as it was meant; nothing was record"):
        append_batch(ledger, [late, early])
    last = list(read_batches(ledger))[-1]
    (ledger / "0003-2026-03-01.jsonl").write_bytes(encode_batch([late, early], last.sha256))
    assert complaint(ledger) == (
        "ledger/0003-2026-03-01.jsonl: recorded before the line that it follows"
    )


def test_what_could_not_be_read_again_is_not_written(ledger: Path, say: Say) -> None:
    before = list(read_batches(ledger))
    for unreadable in (say("words", subject="No Key", at=MARCH), say("", at=MARCH)):
        with pytest.raises(LedgerError, match=r"^ledger/0003-2026-03-01.jsonl: not a ledger of"):
            append_batch(ledger, [unreadable])
    assert list(read_batches(ledger)) == before


@pytest.mark.parametrize("moment", ["2026-02-31T00:00:00Z", "2026-01-01", "x2026-01-01T00:00:00Z"])
def test_a_line_has_a_real_moment(say: Say, moment: str) -> None:
    with pytest.raises(ValueError, match="is not a moment: write 2026-11-22T08:00:00Z"):
        say("one", at=moment)


def test_every_truncation_is_noticed(ledger: Path) -> None:
    path = ledger / "0002-2026-02-01.jsonl"
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert complaint(ledger).startswith("ledger/0002-2026-02-01.jsonl: ")
    path.write_bytes(data[:-20])
    assert complaint(ledger) == (
        "ledger/0002-2026-02-01.jsonl: truncated or altered (0 of 1 lines); "
        "restore it from version control"
    )


def test_every_altered_byte_is_noticed(ledger: Path) -> None:
    # In the header too: a digest there is of this file's lines or of the file before.
    path = ledger / "0002-2026-02-01.jsonl"
    data = path.read_bytes()
    for n in range(len(data)):
        path.write_bytes(data[:n] + bytes([data[n] ^ 1]) + data[n + 1 :])
        assert complaint(ledger).startswith("ledger/0002-2026-02-01.jsonl: ")


def test_an_older_batch_that_was_rewritten_is_noticed(ledger: Path, say: Say) -> None:
    (ledger / "0001-2026-01-01.jsonl").write_bytes(encode_batch([say("another past")]))
    assert complaint(ledger) == (
        "ledger/0002-2026-02-01.jsonl: does not follow the batch before it; "
        "restore the ledger from version control"
    )


def test_a_newer_schema(ledger: Path) -> None:
    path = ledger / "0002-2026-02-01.jsonl"
    header, _, rest = path.read_bytes().partition(b"\n")
    newer = json.dumps({**json.loads(header), "schema": 2, "compression": "zstd"}).encode()
    path.write_bytes(newer + b"\n" + rest)
    assert complaint(ledger) == (
        "ledger/0002-2026-02-01.jsonl: of schema 2, newer than this program reads (1): "
        "upgrade kratom-atlas"
    )


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 100_000, b"<<<<<<< HEAD\n", b"{}\n"])
def test_a_file_that_is_no_batch(ledger: Path, data: bytes) -> None:
    (ledger / "0002-2026-02-01.jsonl").write_bytes(data)
    assert complaint(ledger).startswith(
        "ledger/0002-2026-02-01.jsonl: not a ledger of this program: "
    )


def test_a_missing_batch(ledger: Path) -> None:
    (ledger / "0001-2026-01-01.jsonl").unlink()
    assert complaint(ledger) == (
        "ledger/0002-2026-02-01.jsonl: batch 0001 before it is missing; "
        "restore the ledger from version control"
    )


def test_two_branches_that_both_appended(ledger: Path, say: Say) -> None:
    first = next(read_batches(ledger))
    other = encode_batch([say("ours", subject="another", at=MARCH)], first.sha256)
    (ledger / "0002-2026-03-01.jsonl").write_bytes(other)
    assert complaint(ledger) == (
        "ledger/0002-2026-03-01.jsonl: a second batch 0002; keep the one that was published "
        "first, remove the other and ingest again"
    )


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    assert complaint(tmp_path / "nowhere") == "ledger: cannot be read: No such file or directory"
    (tmp_path / "file").write_text("")
    assert complaint(tmp_path / "file") == "ledger: cannot be read: Not a directory"


def test_a_read_only_folder(permissions_count: None, ledger: Path, say: Say) -> None:
    ledger.chmod(0o555)
    with pytest.raises(LedgerError, match="Permission denied; nothing was recorded"):
        append_batch(ledger, [say("new", subject="new", at=MARCH)])


def test_a_place_that_cannot_be_written(ledger: Path, say: Say) -> None:
    (ledger / ".0003-2026-03-01.jsonl.part").mkdir()  # stops root too
    before = list(read_batches(ledger))
    with pytest.raises(LedgerError, match="nothing was recorded"):
        append_batch(ledger, [say("new", subject="new", at=MARCH)])
    assert list(read_batches(ledger)) == before


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import msgspec
from kratom_atlas.store.ledger import LedgerError, append_batch, read_batches
ledger, end, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
line = next(read_batches(ledger)).lines[0]
signal.signal(signal.SIGXFSZ, signal.SIG_DFL if end == "killed" else signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    append_batch(ledger, [msgspec.structs.replace(line, recorded_at="2026-03-01T00:00:00Z")] * 500)
except LedgerError as error:
    print(error)
"""


def fill_the_disk(ledger: Path, end: str, limit: int) -> subprocess.CompletedProcess[str]:
    """Append a batch where no file may grow beyond `limit` bytes."""
    return subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(ledger), end, str(limit)],
        capture_output=True,
        text=True,
    )


def test_a_full_disk(ledger: Path) -> None:
    before = {path.name: path.read_bytes() for path in ledger.iterdir()}
    done = fill_the_disk(ledger, "told", 50_000)
    assert done.returncode == 0
    assert done.stdout.endswith("File too large; nothing was recorded\n")
    assert done.stdout.count("\n") == 1
    assert {path.name: path.read_bytes() for path in ledger.iterdir()} == before


@pytest.mark.parametrize("limit", [1, 50_000])
def test_killed_after_so_many_bytes(ledger: Path, say: Say, limit: int) -> None:
    before = list(read_batches(ledger))
    assert fill_the_disk(ledger, "killed", limit).returncode == -signal.SIGXFSZ
    [part] = ledger.glob(".*.part")
    assert part.stat().st_size == limit
    assert list(read_batches(ledger)) == before
    append_batch(ledger, [say("after the crash", subject="another", at="2026-04-01T00:00:00Z")])
    assert len(list(read_batches(ledger))) == 3
    assert not list(ledger.glob(".*")), "what the crash left is cleared away"


APPENDING = """
import sys
from pathlib import Path
import msgspec
from kratom_atlas.store.ledger import append_batch, read_batches
ledger = Path(sys.argv[1])
line = next(read_batches(ledger)).lines[0]
lines = [msgspec.structs.replace(line, recorded_at="2026-03-01T00:00:00Z")] * 200
print("ready", flush=True)
while True:
    append_batch(ledger, lines)
"""


def test_killed_in_the_middle_it_is_before_or_after(ledger: Path, say: Say) -> None:
    chance = random.Random(20261122)
    seen = list(read_batches(ledger))
    for _ in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", APPENDING, str(ledger)], stdout=subprocess.PIPE
        )
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.0, 0.1))
            writer.kill()
        batches = list(read_batches(ledger))
        assert batches[: len(seen)] == seen
        assert all(len(batch.lines) == 200 for batch in batches[len(seen) :])
        seen = batches
    assert len(seen) > 2
    append_batch(ledger, [say("after the crashes", subject="another", at=MARCH)])
    assert len(list(read_batches(ledger))) == len(seen) + 1
