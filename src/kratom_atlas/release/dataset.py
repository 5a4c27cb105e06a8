"""The files of the dataset: CSV, Parquet, SQLite, GeoJSON, and the package that describes them.

The same tables give the same bytes. A release is an immutable folder; a new one is made only when
a byte of the data changed. When a source was last read, and whether that went well, changes every
day and makes no release: `sources` says it as of the release, `sources/sources.json` of the site
as of the build.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import geopandas
import pandas as pd
import shapely

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.vocabulary import ChangeKind
from kratom_atlas.release.tables import FIELDS, HAND_RESEARCH, KEYS, PASSING, Edition, clean
from kratom_atlas.resolve.record import FOREVER

__all__ = [
    "DATA_LICENCE",
    "TITLES",
    "Release",
    "geojson",
    "map_properties",
    "plain_rows",
    "publish",
    "read_table",
    "table_csv",
]

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

PREVIEW: Final = "-preview"
"""Ends the version of data that are no release."""

_VERSION = re.compile(r"\d{4}-\d\d-\d\d(\.\d+)?")


@dataclass(frozen=True)
class Release:
    """What `data/` holds: a published release, or a preview (then `folder` is `data/` itself)."""

    version: str
    folder: Path
    is_new: bool


def publish(
    edition: Edition,
    data: Path,
    earlier: Path | None,
    boundaries: geopandas.GeoDataFrame | None,
    *,
    today: int | None = None,
) -> Release:
    """Write the dataset to `data`, with its release folders; `latest` is the newest of them.

    `earlier` holds the release folders published so far; they are carried over. `boundaries` has
    columns code and geometry, in degrees. Data of a day after `today`, or of less than everything
    that was recorded, are a preview: they are written to `data`, and make no release.

    Raises:
        AtlasError: there is a release of a later day, and this would be another of an older one.
    """
    data.mkdir(parents=True, exist_ok=True)
    releases = data / "releases"
    carried = _carry_over(earlier, releases)
    work = data / ".next"
    work.mkdir()
    _write_tables(edition, work, boundaries)
    last = carried[-1] if carried else None
    try:
        version, is_new = _version(edition, work, releases, carried, today)
        if is_new or version.endswith(PREVIEW):
            _describe(edition, work, version, releases / last if last else None)
        if is_new:
            work.rename(_made(releases) / version)
            last = version
        folder = work if version.endswith(PREVIEW) else releases / version
        _copy_files(folder, data)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if last is not None:
        _copy_files(releases / last, _made(data / "latest"))
    return Release(version, data if folder == work else folder, is_new)


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
    places = edition.tables["jurisdictions"]
    located = places[["jurisdiction_id", "code", "lon", "lat"]]
    told = map_properties(edition)
    yield '{"type":"FeatureCollection","features":[\n'
    separator = ""
    for key, code, lon, lat in plain_rows(located):
        shape = shapes.get(code)
        if shape is None and lat is not None:
            shape = _json({"type": "Point", "coordinates": [lon, lat]})
        yield (
            f'{separator}{{"type":"Feature","id":{_json(key)},"geometry":{shape or "null"},'
            f'"properties":{_json(told[key])}}}'
        )
        separator = ",\n"
    yield "\n]}\n"


def map_properties(edition: Edition) -> dict[str, dict[str, Any]]:
    """What the map says of each jurisdiction, by its id, in the order of the features."""
    named = ["code", "name", "level", "searched"]
    shown = ["own_status", "total_status", "possess_status", "sell_status", "since", "flags"]
    told: dict[str, dict[str, Any]] = {
        key: {**dict(zip(named, row, strict=True)), "status": {}}
        for key, *row in plain_rows(edition.tables["jurisdictions"][["jurisdiction_id", *named]])
    }
    status = edition.tables["status"][["jurisdiction_id", "substance", *shown]]
    for key, substance, *row in plain_rows(status):
        told[key]["status"][substance] = dict(zip(shown, row, strict=True))
    return told


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
            marks = ", ".join("?" * len(frame.columns))
            database.executemany(
                f'INSERT INTO "{name}" VALUES ({marks})',  # noqa: S608 -- names are ours
                plain_rows(frame),
            )
            keys = ", ".join(f'"{key}"' for key in KEYS[name])
            database.execute(f'CREATE INDEX "{name}_key" ON "{name}" ({keys})')
        database.commit()
        database.execute("VACUUM")
    except sqlite3.OperationalError as error:  # a full disk, for one
        raise OSError(f"{SQLITE}: {error}") from error
    finally:
        database.close()


def plain_rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The rows as plain values, None where nothing is known."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.itertuples(index=False, name=None)


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
        **_known_at(edition),
        "licenses": [DATA_LICENCE],
        "keywords": ["kratom", "mitragynine", "7-hydroxymitragynine", "law", "regulation"],
        "contributors": [{"title": "Kratom Atlas", "roles": ["publisher"]}],
        "resources": resources,
    }


def _known_at(edition: Edition) -> dict[str, str]:
    """The moment up to which it knows, where one was asked for: what is stale depends on it."""
    if edition.view.known == FOREVER:
        return {}
    last = datetime.fromtimestamp(edition.view.known - 1, UTC)
    return {"knownAt": last.strftime("%Y-%m-%dT%H:%M:%SZ")}


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
        told = _told(edition, delta["tables"]["changes"], _previous_table("changes", last))
        if told:
            lines += ["", *(f"- {line}" for line in told)]
        before = last / CHANGELOG
        earlier = before.read_text(encoding="utf-8") if before.is_file() else ""
        earlier = earlier.partition("\n\n")[2]
    heading = "# Changes of the dataset, newest first\n\n"
    return heading + "\n".join(lines) + "\n" + (f"\n{earlier}" if earlier else "")


def _told(edition: Edition, delta: Mapping[str, Any], old: pd.DataFrame) -> list[str]:
    """The changes that were not told before, those told in other words, those told no longer."""
    added = set(delta["added"])
    before = {
        row["key"]: row["columns"]["summary"][0]
        for row in delta["changed"]
        if "summary" in row["columns"]
    }
    lines = []
    for change in edition.changes:
        words = _markdown(change.summary) + _kind(change.kind)
        if change.id in added:
            lines.append(words)
        elif change.id in before:
            lines.append(f"now: {words}; before: {_markdown(before[change.id])}")
    gone = old[old["change_id"].isin(delta["removed"])]
    lines.extend(
        f"no longer said: {_markdown(summary)}{_kind(kind)}"
        for summary, kind in zip(gone["summary"], gone["kind"], strict=True)
    )
    return lines


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", clean(text))


def _kind(kind: str) -> str:
    labels = {str(k): k.label.lower() for k in ChangeKind}
    return "" if kind == ChangeKind.LAW else f" ({labels.get(kind, kind)})"


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


def _version(
    edition: Edition, work: Path, releases: Path, carried: list[str], today: int | None
) -> tuple[str, bool]:
    """Which release the data in `work` are, and whether it is a new one."""
    same_day = [v for v in carried if _in_order(v)[0] == edition.today]
    for version in reversed(same_day):
        if _same_data(work, releases / version):
            return version, False
    if _is_preview(edition, today):
        return f"{edition.today}{PREVIEW}", False
    last = carried[-1] if carried else None
    if last is not None and edition.today < _in_order(last)[0]:
        raise AtlasError(
            f"cannot publish as of {edition.today}: release {last} is newer; "
            "give --releases another folder to build an older day"
        )
    if last is not None and _same_data(work, releases / last):
        return last, False
    if same_day:
        return f"{edition.today}.{_in_order(same_day[-1])[1] + 1}", True
    return edition.today, True


def _is_preview(edition: Edition, today: int | None) -> bool:
    """Whether it shows a day that has not come, or leaves out what was recorded."""
    future = today is not None and edition.as_of > today
    recorded = edition.record.moments
    return future or (bool(recorded) and edition.recorded_until != recorded[-1])


def _copy_files(source: Path, target: Path) -> None:
    for file in sorted(source.iterdir()):
        _link_or_copy(file, target / file.name)


def _same_data(one: Path, other: Path) -> bool:
    names = {f.name for f in one.iterdir()} - _ABOUT
    if names != {f.name for f in other.iterdir()} - _ABOUT:
        return False
    # The database holds what the tables hold, and so the columns that do not count.
    counts = names - {"sources.csv", "sources.parquet", SQLITE}
    return all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in sorted(counts)
    ) and _declared(one).equals(_declared(other))


def _declared(folder: Path) -> pd.DataFrame:
    """The sources without what crawls move."""
    table = pd.read_csv(folder / "sources.csv", dtype="str", keep_default_na=False)
    by_hand = table["source_id"] == HAND_RESEARCH
    for column in PASSING:
        table[column] = table[column].where(by_hand, "") if column in table else ""
    return table


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
