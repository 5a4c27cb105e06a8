"""Captures: what was put comes back, or is missing, or is known to be damaged; nothing else."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import signal
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.store.captures import (
    CaptureDamagedError,
    CaptureError,
    CaptureMissingError,
    Captures,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY = b"Section 1. No person shall sell kratom to a minor.\n" * 40
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def captures(tmp_path: Path) -> Captures:
    return Captures(tmp_path / "captures")


def file_of(captures: Captures, sha256: str) -> Path:
    return captures.folder / sha256[:2] / f"{sha256}.zst"


def files(captures: Captures) -> list[str]:
    return sorted(str(p.relative_to(captures.folder)) for p in captures.folder.rglob("*.*"))


def plant(captures: Captures, sha256: str, data: bytes) -> Path:
    path = file_of(captures, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "body",
    [b"", b"x", BODY, random.Random(5).randbytes(3_000_000), b"\0" * 2_500_000],
    ids=["empty", "a byte", "a page", "noise", "zeros"],
)
def test_what_was_put_comes_back(captures: Captures, body: bytes) -> None:
    sha256 = captures.put(body)
    assert sha256 == hashlib.sha256(body).hexdigest()
    assert captures.has(sha256)
    assert captures.get(sha256) == body
    assert captures.size(sha256) == len(body)
    with captures.open(sha256) as file:
        assert file.read(10) == body[:10]
        file.seek(0)
        assert file.read() == body
    assert files(captures) == [f"{sha256[:2]}/{sha256}.zst"]
    assert list(captures) == [sha256]
    assert list(captures.verify()) == []
    captures.flush()


@given(body=st.binary(max_size=5000))
def test_any_body_comes_back(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    captures = Captures(tmp_path_factory.getbasetemp() / "any")
    assert captures.get(captures.put(body)) == body


def test_any_tool_can_unpack_it(captures: Captures) -> None:
    data = file_of(captures, captures.put(BODY)).read_bytes()
    assert zstd.decompress(data) == BODY
    assert len(data) < len(BODY) / 5


def test_the_same_bytes_are_kept_once(captures: Captures) -> None:
    path = file_of(captures, captures.put(BODY))
    before = path.stat()
    captures.put(BODY)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_digests_come_in_order(captures: Captures) -> None:
    assert list(captures) == []
    put = {captures.put(b"%d" % n) for n in range(50)}
    (captures.folder / "README").write_text("not ours")
    (file_of(captures, min(put)).parent / "stranger.zst").write_text("not ours")
    assert list(captures) == sorted(put)


def test_what_is_not_here_is_missing(captures: Captures) -> None:
    for name in (DIGEST, "", "../../etc/passwd", DIGEST.upper(), DIGEST[:-1], f"{DIGEST}\n"):
        assert not captures.has(name)
        for look in (captures.get, captures.size, lambda n: captures.open(n).__enter__()):
            with pytest.raises(CaptureMissingError) as caught:
                look(name)
            assert "\n" not in str(caught.value)
    assert not captures.folder.exists()


def flipped(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "emptied by a power cut": lambda _: b"",
    "zeros after a power cut": lambda data: b"\0" * len(data),
    "cut off": lambda data: data[:-1],
    "cut within the header": lambda data: data[:5],
    "one bit": flipped,
    "something after it": lambda data: data + b"\0",
    "twice": lambda data: data + data,
    "another body": lambda _: zstd.compress(BODY[:-1] + b"!"),
    "another size": lambda _: zstd.compress(BODY[:-1]),
    "not compressed": lambda _: BODY,
    "no size recorded": lambda _: unsized(BODY),
    "a skippable frame": lambda data: b"\x50\x2a\x4d\x18\x00\x00\x00\x00" + data,
}


def unsized(body: bytes) -> bytes:
    compressor = zstd.ZstdCompressor()
    return compressor.compress(body[:1]) + compressor.compress(body[1:]) + compressor.flush()


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_set_aside_and_never_served(captures: Captures, how: str) -> None:
    captures.put(b"another")
    path = file_of(captures, captures.put(BODY))
    damaged = DAMAGE[how](path.read_bytes())

    def stream(sha256: str) -> None:
        with captures.open(sha256):
            pytest.fail("something was served")

    def verify(sha256: str) -> None:
        (problem,) = captures.verify()
        assert problem.sha256 == sha256
        raise problem

    for look in (captures.get, stream, verify):
        path.write_bytes(damaged)
        with pytest.raises(CaptureDamagedError, match="fetch it again") as caught:
            look(DIGEST)
        assert "\n" not in str(caught.value)
        assert not captures.has(DIGEST)
        assert (captures.folder / "damaged" / path.name).read_bytes() == damaged
        with pytest.raises(CaptureMissingError):
            captures.get(DIGEST)
        assert DIGEST not in list(captures)

    # Whoever fetches it again puts it right, whether or not anybody has looked before.
    captures.put(BODY)
    assert captures.get(DIGEST) == BODY
    path.write_bytes(damaged)
    captures.put(BODY)
    assert captures.get(DIGEST) == BODY


@given(st.data())
def test_no_change_of_any_byte_is_served(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    captures = Captures(tmp_path_factory.getbasetemp() / "changed", limit=1 << 20)
    good = zstd.compress(BODY)
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        bad[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    plant(captures, DIGEST, bytes(bad))
    try:
        assert captures.get(DIGEST) == BODY
    except CaptureDamagedError:
        assert bytes(bad) != good


def peak(look: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        look()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked(captures: Captures) -> None:
    bomb = zstd.compress(b"\0" * 200_000_000)
    small = Captures(captures.folder, limit=1_000_000)
    plant(captures, DIGEST, bomb)

    def look() -> None:
        with pytest.raises(CaptureDamagedError, match="would unpack to 200000000 bytes"):
            small.get(DIGEST)

    assert peak(look) < 3_000_000


def test_a_bomb_that_hides_its_size_is_unpacked_to_that_size_at_most(captures: Captures) -> None:
    # A frame of 5000 zeros, and after its header the blocks of a far larger one.
    modest = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 0})
    modest.set_pledged_input_size(200_000_000)
    bomb = bytearray(modest.compress(b"\0" * 200_000_000, modest.FLUSH_FRAME))
    assert bomb[4] >> 6 == 2, "the size is in four bytes"
    at = 5 if bomb[4] & 0x20 else 6
    assert int.from_bytes(bomb[at : at + 4], "little") == 200_000_000
    bomb[at : at + 4] = (5000).to_bytes(4, "little")
    plant(captures, DIGEST, bytes(bomb))

    def look() -> None:
        with pytest.raises(CaptureDamagedError):
            captures.get(DIGEST)

    assert peak(look) < 3_000_000


def test_a_file_longer_than_its_body_could_be_is_not_read(captures: Captures) -> None:
    plant(captures, DIGEST, zstd.compress(BODY) + b"\0" * 50_000_000)

    def look() -> None:
        with pytest.raises(CaptureDamagedError, match="longer than anything"):
            captures.get(DIGEST)

    assert peak(look) < 3_000_000


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    captures = Captures(tmp_path, limit=10)
    captures.put(b"0123456789")
    with pytest.raises(CaptureError, match="11 bytes are more than the 10 allowed"):
        captures.put(b"0123456789a")
    assert len(list(captures)) == 1


def test_a_large_body_is_streamed(captures: Captures) -> None:
    body = random.Random(1).randbytes(20_000_000)
    sha256 = hashlib.sha256(body).hexdigest()
    assert peak(lambda: captures.put(body)) < 8_000_000
    assert peak(lambda: captures.put(body)) < 8_000_000

    def stream() -> None:
        digest = hashlib.sha256()
        with captures.open(sha256) as file:
            while piece := file.read(100_000):
                digest.update(piece)
        assert digest.hexdigest() == sha256

    assert peak(stream) < 8_000_000


def test_errors_of_the_reader_are_its_own(captures: Captures) -> None:
    captures.put(BODY)
    with pytest.raises(FileNotFoundError), captures.open(DIGEST):
        raise FileNotFoundError
    assert captures.has(DIGEST)


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "captures").write_text("a file")
    with pytest.raises(CaptureError, match=r"cannot be written to .*: Not a directory") as caught:
        Captures(tmp_path / "captures").put(BODY)
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing(captures: Captures, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: object, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    captures.put(b"so that the folder is there")
    before = files(captures)
    monkeypatch.setattr("kratom_atlas.store.captures._write_all", full)
    with pytest.raises(CaptureError, match="No space left on device"):
        captures.put(BODY)
    assert files(captures) == before


def test_one_that_cannot_be_read_is_not_called_damaged(captures: Captures) -> None:
    captures.put(BODY)
    path = file_of(captures, DIGEST)
    path.unlink()
    path.mkdir()
    with pytest.raises(CaptureError, match="cannot be read: Is a directory") as caught:
        captures.get(DIGEST)
    assert not isinstance(caught.value, CaptureDamagedError)


def test_a_good_file_that_came_meanwhile_is_not_set_aside(
    captures: Captures, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = file_of(captures, captures.put(BODY)).read_bytes()
    path = plant(captures, DIGEST, b"damaged")
    real = Path.replace

    def replace(source: Path, target: Path) -> Path:
        if source == path:  # another process is quicker
            monkeypatch.undo()
            (captures.folder / "new").write_bytes(good)
            (captures.folder / "new").replace(path)
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(CaptureDamagedError, match="written anew by now"):
        captures.get(DIGEST)
    assert captures.get(DIGEST) == BODY


def test_what_killed_runs_left_is_removed_after_a_day(captures: Captures) -> None:
    folder = file_of(captures, captures.put(BODY)).parent
    old, new = folder / ".abc.1.part", folder / ".abc.2.part"
    for part in (old, new):
        part.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86400
    os.utime(old, (two_days_ago, two_days_ago))
    assert list(captures) == [DIGEST]
    assert list(captures.verify()) == []
    assert not old.exists()
    assert new.exists()


def bodies(seed: int) -> list[bytes]:
    dice = random.Random(seed)
    return [b"%d " % n * dice.randrange(1, 4000) for n in range(200)]


def test_threads_may_share_it(captures: Captures) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(captures.put, bodies(1) * 4))
    assert [captures.get(d) for d in digests] == bodies(1) * 4


def _put_all(folder: Path, seed: int) -> None:
    captures = Captures(folder)
    for body in bodies(seed):
        captures.put(body)


def test_processes_may_write_the_same_and_be_killed(captures: Captures) -> None:
    dice = random.Random(3)
    fork = multiprocessing.get_context("fork")
    for _ in range(12):
        works = [fork.Process(target=_put_all, args=(captures.folder, 2)) for _ in range(2)]
        for work in works:
            work.start()
        time.sleep(dice.uniform(0, 0.06))
        for work in works:
            assert work.pid
            os.kill(work.pid, signal.SIGKILL)
            work.join()
        assert list(captures.verify()) == []
    _put_all(captures.folder, 2)
    assert list(captures) == sorted({hashlib.sha256(b).hexdigest() for b in bodies(2)})
    assert list(captures.verify()) == []
    assert not (captures.folder / "damaged").exists()
