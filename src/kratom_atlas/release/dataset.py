"""The files of the dataset: CSV, Parquet, SQLite, GeoJSON, and the package that describes them.

The same tables give the same bytes. A release is an immutable folder; a new one is made only when
a byte of the data changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas
import pandas as pd
import shapely

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.change import Change
from kratom_atlas.release.tables import FIELDS, KEYS, Edition, clean

__all__ = ["DATA_LICENCE", "TITLES", "Release", "geojson", "publish", "read_table", "table_csv"]

DATA_LICENCE: Final = {
    "name": "CC-BY-4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
    "title": "Creative Commons Attribution 4.0 International",
}
NOT_ADVICE: Final = "It is information, and neither legal nor medical advice."
TITLES: Final = {
    "status": "Status of each substance in each jurisdiction on the as-of day",
    "status_history": "Status of each substance in each jurisdiction over time",
    "changes": "Changes of law, of knowledge, and corrections",
    "provisions": "Provisions: the legal effects that decide every status",
    "instruments": "Instruments: acts, rules, orders, ordinances and bills",
    "jurisdictions": "Jurisdictions and whether their law was searched",
    "sources": "Sources and their health",
}
GEOJSON: Final = "kratom-atlas.geojson"
SQLITE: Final = "kratom-atlas.sqlite"
PACKAGE: Final = "datapackage.json"
CHANGELOG: Final = "CHANGELOG.md"
DELTA: Final = "delta.json"
_ABOUT: Final = frozenset({PACKAGE, CHANGELOG, DELTA})
"""Files that describe a release: they do not make a new one by themselves."""

_VERSION = re.compile(r"\d{4}-\d\d-\d\d(\.\d+)?")


@dataclass(frozen=True)
class Release:
    """A published release."""

    version: str
    folder: Path
    is_new: bool


def publish(
    edition: Edition, data: Path, earlier: Path | None, boundaries: geopandas.GeoDataFrame | None
) -> Release:
    """Write the dataset to `data`, with its release folders.

    `earlier` holds the release folders published so far; they are carried over. `boundaries` has
    columns code and geometry, in degrees.
    """
    data.mkdir(parents=True, exist_ok=True)
    releases = data / "releases"
    carried = _carry_over(earlier, releases)
    work = data / ".next"
    work.mkdir()
    _write_tables(edition, work, boundaries)
    last = carried[-1] if carried else None
    if last is not None and _same_data(work, releases / last):
        release = Release(last, releases / last, is_new=False)
        shutil.rmtree(work)
    else:
        version = _next_version(edition.today, carried)
        _describe(edition, work, version, releases / last if last else None)
        work.rename(_made(releases) / version)
        release = Release(version, releases / version, is_new=True)
    for folder in (data, _made(data / "latest")):
        for file in sorted(release.folder.iterdir()):
            _link_or_copy(file, folder / file.name)
    return release


def table_csv(frame: pd.DataFrame) -> str:
    """A table as the dataset writes it: RFC 4180, UTF-8, empty where nothing is known."""
    text: str = frame.to_csv(index=False, lineterminator="\r\n")
    return text


def read_table(name: str, source: Any) -> pd.DataFrame:
    """A table read back from its CSV, typed as `FIELDS` says."""
    types = {
        column: {"string": "str", "integer": "Int64", "number": "float64"}[field.type]
        for column, field in FIELDS[name].items()
    }
    return pd.read_csv(source, dtype=types, keep_default_na=False, na_values=[""])


def geojson(edition: Edition, boundaries: geopandas.GeoDataFrame | None) -> Iterable[str]:
    """The map as RFC 7946, in pieces: one feature per jurisdiction, statuses as properties."""
    shapes = {}
    if boundaries is not None:
        rounded = shapely.set_precision(boundaries.geometry.to_numpy(), 0.0001)
        oriented = shapely.orient_polygons(rounded)
        shapes = dict(zip(boundaries["code"], shapely.to_geojson(oriented), strict=True))
    places = edition.tables["jurisdictions"].astype(object)
    places = places.where(places.notna(), None)
    status = edition.tables["status"]
    shown = ["own_status", "total_status", "possess_status", "sell_status", "since", "flags"]
    values = status[shown].astype(object).where(status[shown].notna(), None)
    by_place: dict[str, dict[str, Any]] = {}
    for place, substance, row in zip(
        status["jurisdiction_id"],
        status["substance"],
        values.itertuples(index=False, name=None),
        strict=True,
    ):
        by_place.setdefault(place, {})[substance] = dict(zip(shown, row, strict=True))
    yield '{"type":"FeatureCollection","features":[\n'
    separator = ""
    for place in places.to_dict("records"):
        key = place["jurisdiction_id"]
        shape = shapes.get(place["code"])
        if shape is None and place["lat"] is not None:
            shape = _json({"type": "Point", "coordinates": [place["lon"], place["lat"]]})
        properties = {name: place[name] for name in ("code", "name", "level", "searched")}
        yield (
            f'{separator}{{"type":"Feature","id":{_json(key)},"geometry":{shape or "null"},'
            f'"properties":{_json({**properties, "status": by_place[key]})}}}'
        )
        separator = ",\n"
    yield "\n]}\n"


# -- files -----------------------------------------------------------------------------------


def _write_tables(
    edition: Edition, folder: Path, boundaries: geopandas.GeoDataFrame | None
) -> None:
    for name, frame in edition.tables.items():
        (folder / f"{name}.csv").write_text(table_csv(frame), encoding="utf-8", newline="")
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    _write_sqlite(edition.tables, folder / SQLITE)
    with (folder / GEOJSON).open("w", encoding="utf-8", newline="") as file:
        file.writelines(geojson(edition, boundaries))


def _write_sqlite(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    kinds = {"string": "TEXT", "integer": "INTEGER", "number": "REAL"}
    database = sqlite3.connect(path)
    try:
        for name, frame in tables.items():
            columns = ", ".join(
                f'"{column}" {kinds[field.type]}{" NOT NULL" if field.required else ""}'
                for column, field in FIELDS[name].items()
            )
            database.execute(f'CREATE TABLE "{name}" ({columns})')
            rows = frame.astype(object).where(frame.notna(), None)
            marks = ", ".join("?" * len(frame.columns))
            database.executemany(
                f'INSERT INTO "{name}" VALUES ({marks})',  # noqa: S608 -- names are ours
                rows.itertuples(index=False, name=None),
            )
            keys = ", ".join(f'"{key}"' for key in KEYS[name])
            database.execute(f'CREATE INDEX "{name}_key" ON "{name}" ({keys})')
        database.commit()
        database.execute("VACUUM")
    except sqlite3.OperationalError as error:  # a full disk, for one
        raise OSError(f"{SQLITE}: {error}") from error
    finally:
        database.close()


def _describe(edition: Edition, folder: Path, version: str, last: Path | None) -> None:
    delta = _delta(edition.tables, last)
    (folder / DELTA).write_text(
        json.dumps(delta, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline=""
    )
    (folder / CHANGELOG).write_text(
        _changelog(edition, version, delta, last), encoding="utf-8", newline=""
    )
    (folder / PACKAGE).write_text(
        json.dumps(_package(edition, folder, version), ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
        newline="",
    )


def _package(edition: Edition, folder: Path, version: str) -> dict[str, Any]:
    resources: list[dict[str, Any]] = []
    for name in edition.tables:
        fields = [
            {
                "name": column,
                "type": field.type,
                "description": field.description,
                **({"constraints": {"required": True}} if field.required else {}),
            }
            for column, field in FIELDS[name].items()
        ]
        resources.append(
            {
                "name": name.replace("_", "-"),
                "title": TITLES[name],
                "path": f"{name}.csv",
                "type": "table",
                "scheme": "file",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "dialect": {"csv": {"lineTerminator": "\r\n"}},
                **_digest(folder / f"{name}.csv"),
                "schema": {
                    "fields": fields,
                    "missingValues": [""],
                    "primaryKey": list(KEYS[name]),
                },
            }
        )
    for name in (*(f"{n}.parquet" for n in edition.tables), SQLITE, GEOJSON, CHANGELOG, DELTA):
        key, _, suffix = name.rpartition(".")
        resources.append(
            {
                "name": f"{key.replace('_', '-')}-{suffix}".lower(),
                "path": name,
                "type": "file",
                "scheme": "file",
                "format": suffix.lower(),
                **_digest(folder / name),
            }
        )
    return {
        "name": "kratom-atlas",
        "title": "Kratom Atlas: the law on kratom by place, substance, activity and day",
        "description": (
            "What the law on kratom is in each jurisdiction, on each day, and how we know. "
            f"As of {edition.today}; newest look at a source {edition.last_look}. {NOT_ADVICE}"
        ),
        "version": version,
        "created": f"{edition.today}T00:00:00Z",
        "asOf": edition.today,
        "known": edition.recorded_until,
        "licenses": [DATA_LICENCE],
        "keywords": ["kratom", "mitragynine", "7-hydroxymitragynine", "law", "regulation"],
        "contributors": [{"title": "Kratom Atlas", "roles": ["publisher"]}],
        "resources": resources,
    }


def _digest(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}


# -- against the release before ----------------------------------------------------------------


def _delta(tables: Mapping[str, pd.DataFrame], last: Path | None) -> dict[str, Any]:
    if last is None:
        return {
            "previous": None,
            "note": "No earlier release was at hand: there is nothing to compare with.",
        }
    return {
        "previous": last.name,
        "tables": {
            name: _table_delta(name, _previous_table(name, last), frame)
            for name, frame in tables.items()
        },
    }


def _previous_table(name: str, last: Path) -> pd.DataFrame:
    path = last / f"{name}.csv"
    if not path.is_file():
        return pd.DataFrame(columns=list(FIELDS[name])).astype("str")
    return read_table(name, path)


def _table_delta(name: str, old: pd.DataFrame, new: pd.DataFrame) -> dict[str, Any]:
    keys = list(KEYS[name])
    columns = [c for c in new.columns if c in old.columns]
    before, after = (f[columns].astype("str").fillna("").set_index(keys) for f in (old, new))
    both = after.index.intersection(before.index)
    left, right = before.loc[both], after.loc[both]
    differ = left.ne(right)
    return {
        "added": _keys(after.index.difference(before.index)),
        "removed": _keys(before.index.difference(after.index)),
        "changed": [
            {
                "key": key if isinstance(key, str) else list(key),
                "columns": {
                    column: [left.at[key, column], right.at[key, column]]
                    for column in differ.columns[differ.loc[key]]
                },
            }
            for key in both[differ.any(axis=1)]
        ],
    }


def _keys(index: pd.Index[Any]) -> list[Any]:
    return [key if isinstance(key, str) else list(key) for key in index]


def _changelog(edition: Edition, version: str, delta: Mapping[str, Any], last: Path | None) -> str:
    lines = [f"## {version}", ""]
    lines.append(
        f"As of {edition.today}. Newest look at a source: {edition.last_look or 'none yet'}."
    )
    if last is None:
        rows = ", ".join(f"{len(frame):,} {name}" for name, frame in edition.tables.items())
        lines += ["", f"First release at hand. Rows: {rows}."]
        earlier = ""
    else:
        lines.append("")
        for name, parts in delta["tables"].items():
            counts = [
                f"{len(parts[kind]):,} {kind}"
                for kind in ("added", "removed", "changed")
                if parts[kind]
            ]
            if counts:
                lines.append(f"- {name}: {', '.join(counts)}")
        added = {key for key in delta["tables"]["changes"]["added"] if isinstance(key, str)}
        told = [c for c in edition.changes if c.id in added]
        if told:
            lines += ["", *(f"- {_told(change)}" for change in told)]
        before = last / CHANGELOG
        earlier = before.read_text(encoding="utf-8") if before.is_file() else ""
        earlier = earlier.partition("\n\n")[2]
    heading = "# Changes of the dataset, newest first\n\n"
    return heading + "\n".join(lines) + "\n" + (f"\n{earlier}" if earlier else "")


def _told(change: Change) -> str:
    kind = "" if change.kind == "law" else f" ({change.kind.label.lower()})"
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", clean(change.summary)) + kind


# -- folders -----------------------------------------------------------------------------------


def _carry_over(earlier: Path | None, releases: Path) -> list[str]:
    """Copy the releases published so far; their versions in order."""
    if earlier is None or not earlier.is_dir():
        return []
    versions = [d.name for d in earlier.iterdir() if d.is_dir() and _VERSION.fullmatch(d.name)]
    versions.sort(key=_in_order)
    for version in versions:
        if earlier.resolve() != releases.resolve():
            shutil.copytree(
                earlier / version, _made(releases) / version, copy_function=_link_or_copy
            )
    return versions


def _in_order(version: str) -> tuple[str, int]:
    day, _, number = version.partition(".")
    return day, int(number or 0)


def _next_version(today: str, versions: list[str]) -> str:
    same_day = [_in_order(v)[1] for v in versions if _in_order(v)[0] == today]
    if versions and not same_day and today < _in_order(versions[-1])[0]:
        raise AtlasError(
            f"cannot publish as of {today}: release {versions[-1]} is newer; "
            "give --releases another folder to build an older day"
        )
    return f"{today}.{max(same_day) + 1}" if same_day else today


def _same_data(one: Path, other: Path) -> bool:
    names = {f.name for f in one.iterdir()} - _ABOUT
    if names != {f.name for f in other.iterdir()} - _ABOUT:
        return False
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def _link_or_copy(source: str | Path, target: str | Path) -> str:
    """Releases never change, so copies may share their bytes on disk."""
    source, target = Path(source), Path(target)
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
    return str(target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
