"""What is inside an archive, one member after another, in memory and within bounds.

Names of members are data: nothing is ever written to a disk, so there is no path to escape to.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Final

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.media import Media, sniff

__all__ = ["members"]

MIB: Final = 1024 * 1024
_HEADERS: Final = MIB
"""What the headers of one member of a tar may take."""
_SMALL: Final = MIB
"""Up to here a ratio says nothing: a page of blanks packs very well."""
_CHUNK: Final = 256 * 1024
_DAMAGED: Final = (
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)

Only = Callable[[str], bool] | None


def members(
    body: bytes,
    *,
    only: Only = None,
    max_total: int = 512 * MIB,
    max_member: int = 64 * MIB,
    max_members: int = 200_000,
    max_ratio: int = 200,
) -> Iterator[tuple[str, bytes]]:
    """The names and contents of the files in a zip, a tar, or a packed tar or file, in order.

    `only` chooses by name. A single packed file has the name that it was packed under, or `""`.

    Raises:
        FaultError: it is no archive, damaged, locked, or unpacks to more than the bounds.
    """
    bounds = _Bounds(len(body), max_total, max_member, max_members, max_ratio)
    try:
        yield from _members(body, only, bounds)
    except FaultError:
        raise
    except _DAMAGED as error:
        raise FaultError(Fault.TRUNCATED, f"archive: {error}") from None


def _members(body: bytes, only: Only, bounds: _Bounds) -> Iterator[tuple[str, bytes]]:
    media = sniff(body)
    if media in {Media.ZIP, Media.DOCX}:
        yield from _zip(body, only, bounds)
    elif media is Media.TAR:
        yield from _tar(_Counted(io.BytesIO(body), bounds), only, bounds)
    elif media in {Media.GZIP, Media.BZIP2, Media.XZ}:
        with _opened(body, media) as stream:
            yield from _packed(body, media, _Counted(stream, bounds), only, bounds)
    elif media is Media.EMPTY:
        raise FaultError(Fault.EMPTY, "no archive")
    else:
        raise FaultError(Fault.WRONG_TYPE, f"{media}, not an archive")


class _Bounds:
    """How much has come out so far, and how much may."""

    def __init__(
        self, packed: int, max_total: int, max_member: int, max_members: int, max_ratio: int
    ) -> None:
        self.packed = packed
        self.max_total = max_total
        self.max_member = max_member
        self.max_members = max_members
        self.max_ratio = max_ratio
        self._total = 0
        self._count = 0

    def add(self, size: int) -> None:
        """Count `size` more bytes of all."""
        self._total += size
        if self._total > self.max_total:
            raise FaultError(Fault.BOMB, f"unpacks to more than {self.max_total:,} bytes")
        self.check_ratio(self._total, self.packed)

    def check_ratio(self, size: int, packed: int) -> None:
        """Refuse what no text packs to."""
        if size > max(_SMALL, self.max_ratio * packed):
            raise FaultError(Fault.BOMB, f"unpacks to more than {self.max_ratio} times its size")

    def check_member(self, name: str, size: int) -> None:
        """Refuse a member that is too large."""
        if size > self.max_member:
            raise FaultError(
                Fault.BOMB, f"{name[:100]!r} unpacks to more than {self.max_member:,} bytes"
            )

    def count(self) -> None:
        """Count one more member."""
        self._count += 1
        if self._count > self.max_members:
            raise FaultError(Fault.BOMB, f"more than {self.max_members:,} members")


class _Counted(io.RawIOBase):
    """A stream of unpacked bytes that keeps to the bounds, read from front to back."""

    def __init__(self, stream: io.BufferedIOBase, bounds: _Bounds) -> None:
        self._stream = stream
        self._bounds = bounds
        self.allowance: int | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = _CHUNK if size < 0 else min(size, _CHUNK)
        data = self._stream.read(size)
        self._bounds.add(len(data))
        if self.allowance is not None:
            self.allowance -= len(data)
            if self.allowance < 0:
                raise FaultError(Fault.BOMB, "the headers of a member have no end")
        return data


def _opened(body: bytes, media: Media) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    source = io.BytesIO(body)
    if media is Media.GZIP:
        return gzip.GzipFile(fileobj=source)
    if media is Media.BZIP2:
        return bz2.BZ2File(source)
    return lzma.LZMAFile(source)


def _packed(
    body: bytes, media: Media, stream: _Counted, only: Only, bounds: _Bounds
) -> Iterator[tuple[str, bytes]]:
    with _opened(body, media) as ahead:
        is_tar = ahead.read(512)[257:262] == b"ustar"
    if is_tar:
        yield from _tar(stream, only, bounds)
        return
    name = _packed_name(body) if media is Media.GZIP else ""
    if only is None or only(name):
        yield name, _read(stream, name, bounds)


def _packed_name(body: bytes) -> str:
    """The name in the header of a gzip file (RFC 1952), which may have none."""
    start = 10
    if body[3] & 4:
        start += 2 + int.from_bytes(body[10:12], "little")
    if not body[3] & 8:
        return ""
    return body[start : start + 1000].partition(b"\0")[0].decode("latin-1")


def _read(stream: IO[bytes] | _Counted, name: str, bounds: _Bounds) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        bounds.check_member(name, size)
        chunks.append(chunk)
    return b"".join(chunks)


def _tar(stream: _Counted, only: Only, bounds: _Bounds) -> Iterator[tuple[str, bytes]]:
    stream.allowance = _HEADERS
    with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.RECORDSIZE) as archive:
        while (member := archive.next()) is not None:
            bounds.count()
            vars(archive)["members"].clear()  # else it remembers every one of them
            # What is skipped is read too; its size is known, the size of the next headers is not.
            stream.allowance = max(0, member.size) + _HEADERS
            if not member.isreg() or (only is not None and not only(member.name)):
                continue
            bounds.check_member(member.name, member.size)
            content = archive.extractfile(member)
            if content is not None:
                data = _read(content, member.name, bounds)
                if len(data) < member.size:
                    raise EOFError("it ends within a member")
                yield member.name, data


def _zip(body: bytes, only: Only, bounds: _Bounds) -> Iterator[tuple[str, bytes]]:
    if body.count(b"PK\x01\x02") > bounds.max_members:
        raise FaultError(Fault.BOMB, f"more than {bounds.max_members:,} members")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for member in archive.infolist():
            bounds.count()
            if member.is_dir() or (only is not None and not only(member.filename)):
                continue
            if member.flag_bits & 1:
                raise FaultError(Fault.TRUNCATED, f"{member.filename[:100]!r} needs a password")
            bounds.check_member(member.filename, member.file_size)
            bounds.check_ratio(member.file_size, member.compress_size)
            with archive.open(member) as content:
                yield member.filename, _read_member(content, member, bounds)


def _read_member(content: IO[bytes], member: zipfile.ZipInfo, bounds: _Bounds) -> bytes:
    """Read a member whose size in the directory may be a lie."""
    data = _read(content, member.filename, bounds)
    bounds.add(len(data))
    return data
