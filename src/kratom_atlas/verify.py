"""Deriving every published cell again, from stored bytes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from kratom_atlas.crawl.health import Survey
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import Health
from kratom_atlas.model.statement import known_bound
from kratom_atlas.register import packaged_sheets
from kratom_atlas.release.dataset import (
    GEOJSON,
    PACKAGE,
    PREVIEW,
    SQLITE,
    map_properties,
    plain_rows,
    read_table,
    table_csv,
)
from kratom_atlas.release.tables import FIELDS, KEYS, Edition, passing
from kratom_atlas.resolve.record import Record
from kratom_atlas.store.ingest import check

__all__ = ["verify"]

MOST: Final = 20
"""How many faults of one table are told one by one."""

Cells = Mapping[Any, Mapping[str, Any]]
"""Key of a row -> column -> value."""
Hash = Callable[[Path], str]

_FILES = (
    *(f"{name}.{suffix}" for name in FIELDS for suffix in ("csv", "parquet")),
    SQLITE,
    GEOJSON,
)
_NO_PACKAGE = (ValueError, KeyError, TypeError)
_UNREADABLE = (
    *_NO_PACKAGE,
    AttributeError,
    OSError,
    csv.Error,
    sqlite3.Error,
    pa.ArrowException,
)


def verify(site: Path, record: Record, declared: Survey | None = None) -> list[str]:
    """What does not match, one line each; an empty list is a site that follows from the record.

    Every table is derived again and compared with each of its files, and every release folder
    with its own description. `declared` are the sources; how they were doing on that day is known
    to the store of whoever built the site, so that much is taken from what was published.

    Raises:
        AtlasError: there is no dataset to verify.
    """
    data = site / "data"
    package = data / PACKAGE
    try:
        described = json.loads(package.read_bytes())
        as_of = date.fromisoformat(described["asOf"])
        known = _known(described, record)
        version = str(described["version"])
        listed = _listed(described)
    except OSError:
        raise AtlasError(f"{package}: not there; build the site first") from None
    except _NO_PACKAGE:
        raise AtlasError(f"{package}: not a description that this program wrote") from None
    told, faults = _told_of_sources(data / "sources.csv")
    edition = Edition(record, as_of.toordinal(), known, declared, told)
    sha256 = _hashes()
    return [
        *(f"sheets and ledger: {fault}" for fault in check(packaged_sheets())),
        *_digests(data, listed, sha256),
        *faults,
        *(f"{name}: not described in {PACKAGE}" for name in _FILES if name not in listed),
        *_releases(data, version, sha256),
        *(fault for name, table in edition.tables.items() for fault in _table(data, name, table)),
        *_map(data / GEOJSON, edition),
    ]


def _known(described: Any, record: Record) -> int | None:
    """The knowledge that was published: up to a moment, or all there was before more came."""
    if "knownAt" in described:
        return known_bound(described["knownAt"])
    later = [moment for moment in record.moments if moment > described["known"]]
    return record.bound(later[0]) - 1 if later else None


def _told_of_sources(path: Path) -> tuple[pd.DataFrame | None, list[str]]:
    """How the sources were doing, as published, and what cannot be so."""
    try:
        told = passing(read_table("sources", path))
    except _UNREADABLE:
        return None, []  # told with the table
    words = set(told["health"].dropna()) - set(Health)
    return told, [f"{path.name}: health: {word!r} is no word of ours" for word in sorted(words)]


# -- digests -----------------------------------------------------------------------------------


def _hashes() -> Hash:
    """SHA-256 of a file; bytes that several folders share on disk are read once."""
    known: dict[tuple[int, int], str] = {}

    def sha256(path: Path) -> str:
        stat = path.stat()
        inode = (stat.st_dev, stat.st_ino)
        if inode not in known:
            with path.open("rb") as file:
                known[inode] = hashlib.file_digest(file, "sha256").hexdigest()
        return known[inode]

    return sha256


def _listed(described: Any) -> dict[str, str]:
    """The files that a package describes, with their digests."""
    return {str(r["path"]): str(r["hash"]) for r in described["resources"]}


def _digests(folder: Path, listed: Mapping[str, str], sha256: Hash) -> Iterator[str]:
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file():
            yield f"{name}: missing"
        elif f"sha256:{sha256(path)}" != digest:
            yield f"{name}: its bytes are not those that were published"


def _releases(data: Path, version: str, sha256: Hash) -> Iterator[str]:
    """Every release folder, and `latest`, against its own description."""
    folders = sorted(f for f in (data / "releases").glob("*") if f.is_dir())
    for folder in (*folders, data / "latest"):
        where = folder.relative_to(data).as_posix()
        if folder.is_dir():
            yield from (f"{where}/{fault}" for fault in _release(folder, sha256))
    if version.endswith(PREVIEW):
        return
    release = data / "releases" / version
    if release not in folders:
        yield f"releases/{version}: missing"
    elif (release / PACKAGE).is_file() and sha256(release / PACKAGE) != sha256(data / PACKAGE):
        yield f"{PACKAGE}: not that of release {version}"


def _release(folder: Path, sha256: Hash) -> Iterator[str]:
    try:
        listed = _listed(json.loads((folder / PACKAGE).read_bytes()))
    except FileNotFoundError:
        yield f"{PACKAGE}: missing"
        return
    except _UNREADABLE:
        yield f"{PACKAGE}: not a description that this program wrote"
        return
    yield from _digests(folder, listed, sha256)
    for path in sorted(folder.iterdir()):
        if path.name != PACKAGE and path.name not in listed:
            yield f"{path.name}: not described in {PACKAGE}"


# -- cells -------------------------------------------------------------------------------------


def _table(data: Path, name: str, derived: pd.DataFrame) -> Iterator[str]:
    """One table against its CSV, its Parquet file and its table in SQLite."""
    rows = list(plain_rows(derived))
    columns = list(derived.columns)
    for path, compare in (
        (data / f"{name}.csv", _csv),
        (data / f"{name}.parquet", _parquet),
        (data / SQLITE, _sqlite),
    ):
        if not path.is_file():
            continue  # told with the digests
        told = f"{path.name}, {name}" if path.name == SQLITE else path.name
        try:
            faults = compare(path, name, derived, (columns, rows))
        except _UNREADABLE as error:
            faults = [f"cannot be read: {str(error).partition(chr(10))[0]}"]
        yield from _some(told, faults)


Rows = tuple[list[str], list[tuple[Any, ...]]]
"""Columns, and the rows below them."""


def _csv(path: Path, name: str, derived: pd.DataFrame, _rows: Rows) -> list[str]:
    published, wanted = path.read_bytes(), table_csv(derived)
    if published == wanted.encode():
        return []
    return _differences(name, _parsed(published.decode()), _parsed(wanted)) or [SAME]


def _parquet(path: Path, name: str, derived: pd.DataFrame, wanted: Rows) -> list[str]:
    table = pyarrow.parquet.ParquetFile(path).read()
    if table.equals(pa.Table.from_pandas(derived, preserve_index=False)):
        return []
    columns = [[_scalar(value) for value in column.to_pylist()] for column in table.columns]
    return _differences(name, (table.column_names, list(zip(*columns, strict=True))), wanted)


def _sqlite(path: Path, name: str, _derived: pd.DataFrame, wanted: Rows) -> list[str]:
    with closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    ) as db:
        if db.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,)).fetchone() != (
            "table",
        ):
            return ["there is no such table"]
        cursor = db.execute(f'SELECT * FROM "{name}" ORDER BY rowid')  # noqa: S608 -- ours
        published = cursor.fetchall()
        columns = [column for column, *_ in cursor.description]
    return _differences(name, (columns, published), wanted)


def _map(path: Path, edition: Edition) -> Iterator[str]:
    """What the map says of each jurisdiction; its shapes are checked by their digest alone."""
    if not path.is_file():
        return
    wanted = map_properties(edition)
    try:
        features = json.loads(path.read_bytes())["features"]
        published = [(feature["id"], feature["properties"]) for feature in features]
        if published == list(wanted.items()):
            return
        faults = _unlike(_flat(published), _flat(wanted.items())) or [SAME]
    except _UNREADABLE as error:
        faults = [f"cannot be read: {error!r}"]
    yield from _some(path.name, faults)


SAME: Final = "the same cells in another order or another form"


def _differences(name: str, published: Rows, wanted: Rows) -> list[str]:
    if published[0] != wanted[0]:
        return [f"its columns are not those of the table {name}"]
    if published[1] == wanted[1]:
        return []
    at = [wanted[0].index(key) for key in KEYS[name]]

    def keyed(rows: Rows) -> Cells:
        columns = rows[0]
        return {
            row[at[0]] if len(at) == 1 else tuple([row[n] for n in at]): dict(
                zip(columns, row, strict=True)
            )
            for row in rows[1]
        }

    return _unlike(keyed(published), keyed(wanted)) or [SAME]


def _unlike(one: Cells, other: Cells) -> list[str]:
    """The cells in which the published and the derived differ."""
    return [
        *(f"published, and does not follow: {key}" for key in one if key not in other),
        *(f"follows, and is not published: {key}" for key in other if key not in one),
        *(
            f"{key} {column}: published {one[key].get(column)!r}, follows {cells.get(column)!r}"
            for key, cells in other.items()
            if key in one and one[key] != cells
            for column in dict.fromkeys((*cells, *one[key]))
            if one[key].get(column) != cells.get(column)
        ),
    ]


def _some(where: str, faults: Sequence[str]) -> Iterator[str]:
    for fault in faults[:MOST]:
        yield f"{where}: {fault}"
    if len(faults) > MOST:
        yield f"{where}: and {len(faults) - MOST:,} more"


def _parsed(text: str) -> Rows:
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    return header, [tuple(row) for row in rows]


def _flat(features: Iterable[tuple[str, Mapping[str, Any]]]) -> Cells:
    """A row for each place, and one for each of its substances."""
    rows: dict[Any, Mapping[str, Any]] = {}
    for key, properties in features:
        rows[key] = {name: value for name, value in properties.items() if name != "status"}
        for substance, cells in properties["status"].items():
            rows[key, substance] = dict(cells)
    return rows


def _scalar(value: object) -> object:
    """A value that can be part of a key: no list, no structure."""
    return value if value is None or isinstance(value, str | int | float) else repr(value)
