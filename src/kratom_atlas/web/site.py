"""The built site as files of the web: found by name in its own list, never on the disk.

What a build has not written is not there, so no address leads out of the site. Variants are
compressed once, kept by the digest of what they hold, and so outlive the next build.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import html
import json
import os
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Final

import brotli

from kratom_atlas.errors import AtlasError
from kratom_atlas.languages import LANGUAGES

__all__ = ["CODINGS", "EMBEDS", "STATE", "Found", "Site", "fresh", "negotiate"]

STATE: Final = ".build.json"
"""The list that a build writes of its files."""
CODINGS: Final = ("br", "gzip")
"""Best first."""
_TYPES: Final = {
    ".atom": "application/atom+xml; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".html": "text/html; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".sqlite": "application/vnd.sqlite3",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
}
_PACKABLE: Final = frozenset(_TYPES) - {".parquet", ".png"}
_LEAST: Final = 512
"""Below it, compressing saves nothing."""
_PAUSE: Final = 0.002
"""Seconds between two files that are compressed: those who ask go first."""
_HELD: Final = 96 << 20
"""So many bytes of answers are held in memory."""
_LARGEST_HELD: Final = 8 << 20

# <meta http-equiv="Content-Security-Policy" content="default-src 'none'; ...">
EMBEDS: Final = tuple(f"{say.folder}embed/" for say in LANGUAGES)
"""Pages for the pages of others."""
_POLICY: Final = re.compile(
    rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]{1,4000})">'
)
_PLAIN: Final = re.compile(r"[\x20-\x7e]{1,4000}")
_NOTHING: Final = "default-src 'none'"
# `W/"abc"`, `"abc"`
_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e]{0,200}")')
# `gzip;q=0.5`, `br`, `*`
_CODING: Final = re.compile(
    r"\s{0,9}([a-zA-Z0-9*-]{1,20})\s{0,9}(?:;\s{0,9}q=([0-9.]{1,6}))?\s{0,9}"
)


@dataclass(frozen=True)
class Found:
    """What is sent: bytes held in memory, or a file to be read in pieces."""

    name: str
    body: bytes | Path
    size: int
    type: str
    coding: str
    etag: str
    modified: float
    policy: str

    @property
    def last_modified(self) -> str:
        """As HTTP writes it."""
        return formatdate(self.modified, usegmt=True)


@dataclass(frozen=True)
class _File:
    path: Path
    size: int
    modified: float
    digest: str
    policy: str


class Site:
    """One build of the site, as it stood when this was made."""

    def __init__(self, folder: Path, packed: Path) -> None:
        self.folder = folder
        self._packed = packed
        try:
            self.mark = _mark(folder)
            state = json.loads((folder / STATE).read_bytes())
            files: Mapping[str, int] = state["files"]
            self.version = str(state["version"])
        except (OSError, ValueError, KeyError, TypeError):
            raise AtlasError(f"{folder}: holds no built site; run kratom-atlas build") from None
        self.names = frozenset(files)
        self._files: dict[str, _File] = {}
        self._held: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._held_bytes = 0
        self._lock = threading.Lock()

    @property
    def is_current(self) -> bool:
        """Whether the same build still stands there."""
        try:
            return _mark(self.folder) == self.mark
        except OSError:
            return True  # between taking the old one away and putting the new one

    def named(self, path: str) -> str | None:
        """The file that an address names, or None."""
        name = path.removeprefix("/")
        if not name or name.endswith("/"):
            name += "index.html"
        return name if name in self.names else None

    def folder_of(self, path: str) -> bool:
        """Whether an address names a folder, and lacks its slash."""
        return f"{path.removeprefix('/')}/index.html" in self.names

    def find(self, name: str, codings: tuple[str, ...]) -> Found:
        """A file of this site, in the first of the codings that there is of it.

        Raises:
            OSError: it is no longer there: another build has taken its place.
        """
        file = self._file(name)
        for coding in (*(codings if _is_packable(name, file.size) else ()), ""):
            body = self._body(file, coding)
            if body is not None:
                break
        assert body is not None
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        suffix = Path(name).suffix
        return Found(
            name=name,
            body=body,
            size=size,
            type=_TYPES.get(suffix, "application/octet-stream"),
            coding=coding,
            etag=f'"{file.digest[:32]}{f".{coding}" if coding else ""}"',
            modified=file.modified,
            policy=file.policy,
        )

    def is_at_hand(self, name: str, size: int) -> bool:
        """Whether a file was asked for before, and has no more than so many bytes."""
        file = self._files.get(name)
        return file is not None and file.size <= size

    def pack(self, stop: threading.Event) -> int:
        """Compress what was not compressed yet; how many files that were."""
        made = 0
        self._packed.mkdir(parents=True, exist_ok=True)
        for name in sorted(self.names):
            if stop.is_set():
                return made
            try:
                file = self._file(name)
                if not _is_packable(name, file.size):
                    continue
                if not self._variant(file, CODINGS[-1]).exists():
                    data = file.path.read_bytes()
                    if hashlib.sha256(data).hexdigest() == file.digest:
                        self._write(file, data)
                        made += 1
                        stop.wait(_PAUSE)
            except FileNotFoundError:
                return made  # another build has taken its place
        self._tidy()
        return made

    # -- inside --------------------------------------------------------------------------------

    def _file(self, name: str) -> _File:
        file = self._files.get(name)
        if file is None:
            path = self.folder / name
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
                about = os.fstat(opened.fileno())
                opened.seek(0)
                policy = _policy(name, opened.read(8192))
            file = _File(path, about.st_size, about.st_mtime, digest, policy)
            self._files[name] = file
        return file

    def _variant(self, file: _File, coding: str) -> Path:
        return self._packed / file.digest[:2] / f"{file.digest}.{coding}"

    def _body(self, file: _File, coding: str) -> bytes | Path | None:
        """The bytes in a coding, or where they are; None where that was not made."""
        key = (file.digest, coding)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        path = self._variant(file, coding) if coding else file.path
        try:
            if path.stat().st_size > _LARGEST_HELD:
                return path
            body = path.read_bytes()
        except FileNotFoundError:
            if coding:
                return None
            raise
        if not coding and hashlib.sha256(body).hexdigest() != file.digest:
            raise FileNotFoundError(f"{path} is of another build")
        with self._lock:
            if key not in self._held:
                self._held[key] = body
                self._held_bytes += len(body)
            while self._held_bytes > _HELD:
                _, old = self._held.popitem(last=False)
                self._held_bytes -= len(old)
        return body

    def _write(self, file: _File, data: bytes) -> None:
        """The better coding first: where the last is there, all are."""
        for coding in CODINGS:
            packed = (
                brotli.compress(data, quality=5)
                if coding == "br"
                else gzip.compress(data, 6, mtime=0)
            )
            path = self._variant(file, coding)
            path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
                part.write(packed)
            Path(part.name).replace(path)

    def _tidy(self) -> None:
        """Remove what no file of this site is packed in."""
        kept = {file.digest for file in self._files.values()}
        for path in _entries(self._packed):
            if path.name.partition(".")[0] not in kept:
                with contextlib.suppress(OSError):
                    path.unlink()


def negotiate(header: str) -> tuple[str, ...]:
    """The codings that an Accept-Encoding allows, best first."""
    weights: dict[str, float] = {}
    for part in header[:500].split(","):
        match = _CODING.fullmatch(part)
        if match is not None:
            try:
                weights[match[1].lower()] = float(match[2]) if match[2] else 1.0
            except ValueError:
                continue
    anything = weights.get("*", 0.0)
    allowed = [(c, weights.get(c, anything)) for c in CODINGS]
    return tuple(c for c, weight in sorted(allowed, key=lambda pair: -pair[1]) if weight > 0)


def fresh(etag: str, modified: float | None, none_match: str | None, since: str | None) -> bool:
    """Whether the client's copy is good: If-None-Match decides, else If-Modified-Since."""
    if none_match is not None:
        return none_match.strip() == "*" or etag in _TAG.findall(none_match[:4000])
    if since is None or modified is None:
        return False
    try:
        return int(modified) <= parsedate_to_datetime(since[:100]).timestamp()
    except (ValueError, TypeError, OverflowError):
        return False


def _mark(folder: Path) -> tuple[int, int, int]:
    about = (folder / STATE).stat()
    return about.st_mtime_ns, about.st_ino, about.st_size


def _is_packable(name: str, size: int) -> bool:
    return size >= _LEAST and Path(name).suffix in _PACKABLE


def _policy(name: str, head: bytes) -> str:
    """What a page allows itself, as it says in its head, and who may frame it."""
    said = _NOTHING
    if name.endswith(".html"):
        match = _POLICY.search(head)
        if match is not None:
            stated = html.unescape(match[1].decode("utf-8", "replace")).strip().rstrip(";")
            said = stated if _PLAIN.fullmatch(stated) else _NOTHING
    framed = "*" if name.startswith(EMBEDS) else "'none'"
    return f"{said}; frame-ancestors {framed}"


def _entries(folder: Path) -> Iterator[Path]:
    for inner in folder.iterdir():
        if inner.is_dir():
            yield from inner.iterdir()
