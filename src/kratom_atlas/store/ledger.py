"""The ledger in the repository: append-only batches of lines, chained by their digests.

`jurisdictions/ledger/NNNN-YYYY-MM-DD.jsonl`: the first line of a batch says how many lines
follow, their SHA-256, and the SHA-256 of the file before. A batch is written whole or not at all
and never touched again, so a crash leaves the ledger as it was before or as it is after.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import Line, decode_hook
from kratom_atlas.model.values import Sha256, Value

__all__ = [
    "SCHEMA",
    "Batch",
    "LedgerError",
    "append_batch",
    "decode_line",
    "encode_batch",
    "encode_line",
    "read_batches",
]

SCHEMA: Final = 1
FIRST: Final = "0" * 64
"""`previous` of the first batch."""

_NAME = re.compile(r"(\d{4})-\d{4}-\d\d-\d\d\.jsonl", re.ASCII)


class LedgerError(AtlasError):
    """A ledger that cannot be trusted, read or written."""


class Header(Value, frozen=True, kw_only=True):
    """The first line of a batch."""

    schema: Annotated[int, Meta(ge=1)]
    lines: Annotated[int, Meta(ge=1)]
    sha256: Sha256
    previous: Sha256


@dataclass(frozen=True)
class Batch:
    """One file of the ledger."""

    number: int
    name: str
    sha256: str
    lines: tuple[Line, ...]


_HEADER: Final = msgspec.json.Decoder(Header)
_LINE: Final = msgspec.json.Decoder(Line, dec_hook=decode_hook)
_SCHEMA_ONLY: Final = msgspec.json.Decoder(msgspec.defstruct("Schema", [("schema", int)]))


def read_batches(folder: Path | Traversable) -> Iterator[Batch]:
    """The batches in order, each checked against its header and against the one before.

    Raises:
        LedgerError: truncated, altered, out of order, or of a newer schema.
    """
    previous = FIRST
    last_moment = ""
    for number, name in enumerate(_names(folder), start=1):
        if int(name[:4]) > number:
            raise LedgerError(
                f"ledger/{name}: batch {number:04} before it is missing; restore the ledger "
                "from version control"
            )
        if int(name[:4]) < number:
            raise LedgerError(
                f"ledger/{name}: a second batch {name[:4]}; keep the one that was published "
                "first, remove the other and ingest again"
            )
        batch, header = _decode_batch(number, name, _read(folder / name, name))
        if header.previous != previous:
            raise LedgerError(
                f"ledger/{name}: does not follow the batch before it; restore the ledger "
                "from version control"
            )
        for line in batch.lines:
            if line.recorded_at < last_moment:
                raise LedgerError(f"ledger/{name}: recorded before the line that it follows")
            last_moment = line.recorded_at
        previous = batch.sha256
        yield batch


def encode_line(line: Line) -> bytes:
    """The bytes of a line, without the line feed; the same line has the same bytes."""
    return msgspec.json.encode(line, order="deterministic", enc_hook=str)


def decode_line(data: bytes | str) -> Line:
    """The line with those bytes.

    Raises:
        msgspec.DecodeError: not a line of this program.
    """
    return _LINE.decode(data)


def encode_batch(lines: Sequence[Line], previous: str = FIRST) -> bytes:
    """The bytes of a batch that follows the file with digest `previous`."""
    body = b"".join(encode_line(line) + b"\n" for line in lines)
    header = Header(
        schema=SCHEMA,
        lines=len(lines),
        sha256=hashlib.sha256(body).hexdigest(),
        previous=previous,
    )
    return msgspec.json.encode(header) + b"\n" + body


def append_batch(folder: Path, lines: Sequence[Line]) -> Batch:
    """Write one more batch, whole or not at all.

    The caller holds the ledger's lock.

    Raises:
        LedgerError: the folder cannot be written, or the lines could not be read again.
    """
    batches = list(read_batches(folder))
    number = len(batches) + 1
    if batches and lines[0].recorded_at < batches[-1].lines[-1].recorded_at:
        raise LedgerError(
            f"cannot record at {lines[0].recorded_at}: the ledger already holds a line of "
            f"{batches[-1].lines[-1].recorded_at}"
        )
    data = encode_batch(lines, batches[-1].sha256 if batches else FIRST)
    name = f"{number:04}-{lines[0].recorded_at[:10]}.jsonl"
    batch, _ = _decode_batch(number, name, data)  # what is written once must be readable for ever
    if batch.lines != tuple(lines) or any(
        then.recorded_at < line.recorded_at for line, then in pairwise(lines)
    ):
        raise LedgerError(f"ledger/{name}: would not be read as it was meant; nothing was recorded")
    try:
        for left in folder.glob(".*.jsonl.part"):  # by a run that was killed
            left.unlink()
        write_whole(folder / name, data)
    except OSError as error:
        raise LedgerError(
            f"cannot write {folder / name}: {error.strerror}; nothing was recorded"
        ) from None
    return batch


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a crash leaves either none or all of it."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _names(folder: Path | Traversable) -> list[str]:
    try:
        return sorted(e.name for e in folder.iterdir() if _NAME.fullmatch(e.name))
    except OSError as error:
        raise LedgerError(f"ledger: cannot be read: {error.strerror}") from None


def _read(path: Path | Traversable, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LedgerError(f"ledger/{name}: cannot be read: {error.strerror}") from None


def _decode_batch(number: int, name: str, data: bytes) -> tuple[Batch, Header]:
    first, _, body = data.partition(b"\n")
    try:
        schema = _SCHEMA_ONLY.decode(first).schema  # type: ignore[attr-defined]
        if schema > SCHEMA:
            raise LedgerError(
                f"ledger/{name}: of schema {schema}, newer than this program reads ({SCHEMA}): "
                "upgrade kratom-atlas"
            )
        header = _HEADER.decode(first)
        if hashlib.sha256(body).hexdigest() != header.sha256:
            complete = body.count(b"\n")
            raise LedgerError(
                f"ledger/{name}: truncated or altered ({complete} of {header.lines} lines); "
                "restore it from version control"
            )
        lines = tuple(_LINE.decode_lines(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LedgerError(f"ledger/{name}: not a ledger of this program: {error}") from None
    if len(lines) != header.lines:
        raise LedgerError(f"ledger/{name}: {len(lines)} lines where {header.lines} were written")
    return Batch(number, name, hashlib.sha256(data).hexdigest(), lines), header
