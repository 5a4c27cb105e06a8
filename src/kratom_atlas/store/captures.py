"""What sources answered, byte for byte, under the digest of the bytes.

`ab/<sha256>.zst` below one folder, each file one Zstandard frame that any tool unpacks. The
name is the digest of the body, so the same answer is kept once, and a file that is not what its
name says is found out, set aside in `damaged/` and never served.

A file appears under its name only when it is complete, but it is not forced to the disk: that
would cost more than fetching most documents. A power cut can so lose or empty the newest files.
That is harmless. The digest tells, `put` writes them anew, and the crawl fetches again what it
lacks. `flush` is for those who are about to rely on them.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from kratom_atlas.errors import AtlasError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["LIMIT", "CaptureDamagedError", "CaptureError", "CaptureMissingError", "Captures"]

LIMIT: Final = 1 << 30
"""Bytes of the largest body that is kept, and of the largest that is unpacked."""

_LEVEL: Final = 1  # on pages of law, 3 takes twice as long and saves 3 % more
_PIECE: Final = 1 << 20
_HEAD: Final = 18  # the longest header of a frame
_ABANDONED: Final = 24 * 60 * 60  # seconds; no write takes as long
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SHARD: Final = re.compile(r"[0-9a-f]{2}", re.ASCII)


class CaptureError(AtlasError):
    """A capture that cannot be written or read; `sha256` is its name."""

    def __init__(self, sha256: str, message: str) -> None:
        super().__init__(f"capture {sha256[:12]}: {message}")
        self.sha256 = sha256


class CaptureMissingError(CaptureError):
    """There is no such capture here."""


class CaptureDamagedError(CaptureError):
    """There was such a capture, but its bytes are no longer those that its name promises."""


class Captures:
    """The captures in `folder`. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._root = os.fspath(folder)
        self._compressor = zstd.ZstdCompressor(level=_LEVEL)

    def put(self, body: bytes) -> str:
        """Keep `body`, if it is not kept already and in good order, and return its SHA-256.

        Raises:
            CaptureError: it is larger than `limit`, or the folder cannot be written.
        """
        sha256 = hashlib.sha256(body).hexdigest()
        if len(body) > self.limit:
            raise CaptureError(
                sha256, f"not kept: {len(body)} bytes are more than the {self.limit} allowed"
            )
        path = self._path(sha256)
        try:
            if not _holds(path, body):
                self._write(path, body)
        except OSError as error:
            raise CaptureError(
                sha256, f"cannot be written to {self.folder}: {error.strerror}; put that right"
            ) from None
        return sha256

    def get(self, sha256: str) -> bytes:
        """The body with that digest, checked.

        Raises:
            CaptureMissingError: it is not here.
            CaptureDamagedError: it was not what its name says, and has been set aside.
            CaptureError: the disk does not let us read it.
        """
        with self._open(sha256) as file, self._watching(sha256, file):
            return b"".join(_checked(file, sha256, self.limit))

    @contextmanager
    def open(self, sha256: str) -> Iterator[io.BufferedIOBase]:
        """The body with that digest as a file, for one too large to hold in memory.

        It is unpacked twice: once to check it, so that nothing damaged is served, and once to be
        read. Raises what `get` raises.
        """
        with self._open(sha256) as file:
            with self._watching(sha256, file):
                deque(_checked(file, sha256, self.limit), maxlen=0)
                file.seek(0)
            with zstd.ZstdFile(file) as body:
                yield body

    def has(self, sha256: str) -> bool:
        """Whether there is such a capture, without looking into it."""
        try:
            return self._path(sha256).stat().st_size > 0
        except (CaptureMissingError, OSError):
            return False

    def size(self, sha256: str) -> int:
        """How many bytes the body has, as recorded with it; it is not unpacked.

        Raises what `get` raises.
        """
        with self._open(sha256) as file, self._watching(sha256, file):
            return _recorded_size(file.read(_HEAD), file, self.limit)

    def __iter__(self) -> Iterator[str]:
        """The digests of all captures, in order."""
        for shard in self._shards():
            names = (path.name for path in shard.iterdir() if path.suffix == ".zst")
            yield from sorted(n[:-4] for n in names if _DIGEST.fullmatch(n[:-4]))

    def verify(self) -> Iterator[CaptureError]:
        """Look at every capture, and tell what is wrong; what is damaged is set aside.

        What runs that were killed left unfinished, a day ago or longer, is removed.
        """
        for sha256 in self:
            try:
                with self._open(sha256) as file, self._watching(sha256, file):
                    deque(_checked(file, sha256, self.limit), maxlen=0)
            except CaptureError as error:
                yield error
        before = time.time() - _ABANDONED
        for shard in self._shards():
            for part in shard.glob(".*.part"):
                with suppress(OSError):  # its writer, or another check, was there first
                    if part.stat().st_mtime < before:
                        part.unlink()

    def flush(self) -> None:
        """Return when all that was put is on the disk and outlives a power cut."""
        os.sync()  # one commit of the journal; a call for each file takes a hundred times longer

    def _path(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise CaptureMissingError(sha256, "not a SHA-256: give 64 hexadecimal digits")
        # From one text, for to join its parts takes longer than to open the file.
        return Path(f"{self._root}/{sha256[:2]}/{sha256}.zst")

    def _shards(self) -> Iterator[Path]:
        """The folders that hold captures, in order."""
        if not self.folder.is_dir():
            return
        yield from sorted(s for s in self.folder.iterdir() if _SHARD.fullmatch(s.name))

    def _write(self, path: Path, body: bytes) -> None:
        part = path.with_name(f".{os.urandom(12).hex()}.part")
        try:
            file = part.open("xb", buffering=0)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = part.open("xb", buffering=0)
        try:
            with file:
                for piece in self._pack(body):
                    _write_all(file, piece)
            part.replace(path)
        except BaseException:
            with suppress(OSError):  # what went wrong before is what matters
                part.unlink()
            raise

    def _pack(self, body: bytes) -> Iterator[bytes]:
        if len(body) <= _PIECE:
            # Made once, for it takes half as long as the work; a whole frame is one locked call.
            yield self._compressor.compress(body, zstd.ZstdCompressor.FLUSH_FRAME)
            return
        compressor = zstd.ZstdCompressor(level=_LEVEL)
        compressor.set_pledged_input_size(len(body))
        for at in range(0, len(body), _PIECE):
            yield compressor.compress(memoryview(body)[at : at + _PIECE])
        yield compressor.flush()

    def _open(self, sha256: str) -> BinaryIO:
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise CaptureMissingError(
                sha256, f"not in {self.folder}: fetch it again, or restore it from a backup"
            ) from None
        except OSError as error:
            raise _unreadable(sha256, error) from None

    @contextmanager
    def _watching(self, sha256: str, file: BinaryIO) -> Iterator[None]:
        """Set a file aside that turns out to be damaged, and say all in words."""
        try:
            yield
        except _DamageError as damage:
            where = self._set_aside(sha256, file)
            raise CaptureDamagedError(
                sha256, f"damaged ({damage}), {where}: fetch it again, or restore it from a backup"
            ) from None
        except OSError as error:
            raise _unreadable(sha256, error) from None

    def _set_aside(self, sha256: str, file: BinaryIO) -> str:
        path = self._path(sha256)
        aside = self.folder / "damaged" / path.name
        try:
            aside.parent.mkdir(exist_ok=True)
            path.replace(aside)
            if aside.stat().st_ino != os.fstat(file.fileno()).st_ino:
                aside.replace(path)  # another process had just written it anew
                return "and written anew by now"
        except FileNotFoundError:
            return "and set aside by another process"
        except OSError as error:
            return f"and could not be set aside ({error.strerror})"
        return f"set aside in {aside.parent}"


class _DamageError(Exception):
    """Bytes that are not those that were put."""


def _write_all(file: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _holds(path: Path, body: bytes) -> bool:
    """Whether `path` is there and in good order; no digest is needed to compare bytes."""
    at = 0
    try:
        with path.open("rb") as file:
            for piece in _unpacked(file, len(body)):
                if not body.startswith(piece, at):
                    return False
                at += len(piece)
    except (FileNotFoundError, _DamageError):
        return False
    return at == len(body)


def _checked(file: BinaryIO, sha256: str, limit: int) -> Iterator[bytes]:
    """The body in pieces. Only when they have all come is it certain that they are right."""
    digest = hashlib.sha256()
    for piece in _unpacked(file, limit):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise _DamageError("its digest is another")


def _unpacked(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """The body in pieces, and not a byte more than the size that is recorded with it."""
    data = file.read(_HEAD)
    left = _recorded_size(data, file, limit)
    at_once = min(_PIECE, os.fstat(file.fileno()).st_size)
    data += file.read(at_once)
    decompressor = zstd.ZstdDecompressor()
    try:
        while not decompressor.eof:
            piece = decompressor.decompress(data, max_length=min(_PIECE, left + 1))
            left -= len(piece)
            if left < 0:
                raise _DamageError("it unpacks to more than its size")
            if piece:
                yield piece
            data = file.read(at_once) if decompressor.needs_input else b""
            if decompressor.needs_input and not data:
                raise _DamageError("it ends too early")
    except zstd.ZstdError:
        raise _DamageError("it cannot be unpacked") from None
    if left or decompressor.unused_data or file.read(1):
        raise _DamageError("it does not end where it should")


def _recorded_size(head: bytes, file: BinaryIO, limit: int) -> int:
    try:
        size: int | None = zstd.get_frame_info(head).decompressed_size
    except zstd.ZstdError:
        raise _DamageError("it has no header") from None
    if size is None:
        raise _DamageError("its size is not recorded")
    if size > limit:
        raise _DamageError(f"it would unpack to {size} bytes")
    if os.fstat(file.fileno()).st_size > size + size // 128 + 1024:
        raise _DamageError("it is longer than anything of its size")
    return size


def _unreadable(sha256: str, error: OSError) -> CaptureError:
    return CaptureError(sha256, f"cannot be read: {error.strerror}; check the disk and its rights")
