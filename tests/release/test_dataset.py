from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import frictionless
import geopandas
import pandas as pd
import pytest
import shapely
from frictionless import Package, system

from kratom_atlas.errors import AtlasError
from kratom_atlas.release.dataset import Release, publish, read_table
from kratom_atlas.release.export import export_file
from kratom_atlas.release.tables import FIELDS, KEYS, Edition, clean
from kratom_atlas.resolve.record import Record
from kratom_atlas.store.ingest import ingest

SHAPES = geopandas.GeoDataFrame(
    {
        "code": ["US", "US-RI"],
        "geometry": [shapely.box(-125, 25, -65, 49), shapely.box(-72, 41, -71, 42)],
    }
)


FIRST = "2026-11-01T08:00:00Z"
SECOND = "2026-11-20T08:00:00Z"


def until_first(record: Record, day: int) -> Edition:
    """What was published when nothing but the first batch had been recorded."""
    return Edition(Record((x for x in record.lines if x.recorded_at == FIRST), {}), day)


@pytest.fixture
def moved(tiny_root: Path, record_of: Callable[[Path], Record]) -> tuple[Edition, Edition]:
    """Two editions of a day; for the second, an act's number and the first day of a ban differ."""
    day = date(2026, 11, 22).toordinal()
    ingest(tiny_root, recorded_at=FIRST, actor="a person", reason="first edition")
    before = Edition(record_of(tiny_root), day)
    sheet = tiny_root / "us" / "ri.yaml"
    text = sheet.read_text(encoding="utf-8")
    text = text.replace("from: 2017-05-31", "from: 2017-02").replace("Chapter 441", "Chapter 442")
    sheet.write_text(text, encoding="utf-8")
    ingest(tiny_root, recorded_at=SECOND, actor="a person", reason="the order was found")
    return before, Edition(record_of(tiny_root), day)


@pytest.fixture(scope="module")
def published(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return publish(edition, tmp_path_factory.mktemp("site") / "data", None, SHAPES)


def test_frictionless_finds_the_package_valid(published: Release) -> None:
    with system.use_context(trusted=True):
        report = Package(str(published.folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["title", "message"])
    assert isinstance(report, frictionless.Report)


def test_the_package_names_the_digest_of_every_file(published: Release) -> None:
    package = json.loads((published.folder / "datapackage.json").read_bytes())
    for resource in package["resources"]:
        data = (published.folder / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert resource["bytes"] == len(data)
    described = {r["path"] for r in package["resources"]} | {"datapackage.json"}
    assert described == {f.name for f in published.folder.iterdir()}


@pytest.mark.parametrize("table", FIELDS)
def test_parquet_and_sqlite_agree_with_the_csv_row_for_row(table: str, published: Release) -> None:
    from_csv = read_table(table, published.folder / f"{table}.csv")
    from_parquet = pd.read_parquet(published.folder / f"{table}.parquet")
    pd.testing.assert_frame_equal(from_csv, from_parquet, check_dtype=False)
    database = sqlite3.connect(published.folder / "kratom-atlas.sqlite")
    rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
    database.close()
    plain = from_csv.astype(object).where(from_csv.notna(), None)
    assert rows == list(plain.itertuples(index=False, name=None))


def test_geojson_agrees_with_the_csv_and_is_rfc_7946(published: Release) -> None:
    collection = json.loads((published.folder / "kratom-atlas.geojson").read_bytes())
    status = read_table("status", published.folder / "status.csv")
    told = {
        (f["id"], substance, cell["own_status"], cell["total_status"])
        for f in collection["features"]
        for substance, cell in f["properties"]["status"].items()
    }
    columns = ["jurisdiction_id", "substance", "own_status", "total_status"]
    assert told == set(status[columns].itertuples(index=False, name=None))
    assert "crs" not in collection
    shape = next(f for f in collection["features"] if f["id"].endswith("state:ri"))["geometry"]
    assert shapely.geometry.shape(shape).exterior.is_ccw


@pytest.mark.parametrize("table", FIELDS)
def test_rows_are_sorted_by_a_key_that_is_unique(table: str, edition: Edition) -> None:
    keys = edition.tables[table][list(KEYS[table])].astype("str").fillna("")
    rows = list(keys.itertuples(index=False, name=None))
    assert len(set(rows)) == len(rows)
    if table == "status_history":
        rows = [(place, substance, law or seen) for place, substance, law, seen in rows]
    assert rows == sorted(rows)


def test_csv_is_rfc_4180_with_empty_cells_for_the_unknown(published: Release) -> None:
    data = (published.folder / "status.csv").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n")
    with (published.folder / "status.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert {row["since"] for row in rows} >= {"", "2026-04-01"}
    assert not {"nan", "None", "<NA>"} & {cell for row in rows for cell in row.values()}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_cannot_become_a_formula(text: str) -> None:
    assert not clean(text).lstrip(" ").startswith(("=", "+", "-", "@")) or clean(text)[0] in "' "
    assert "\t" not in clean(text)
    assert "\r" not in clean(text)
    assert clean(clean(text)) == clean(text)


def test_what_we_say_of_rhode_island(edition: Edition) -> None:
    status = edition.tables["status"].set_index(["code", "substance"])
    leaf = status.loc["US-RI", "leaf"]
    assert leaf["total_status"] == "regulated"
    assert leaf["since"] == "2026-04-01"
    assert leaf["min_age"] == 21
    assert leaf["seven_oh_cap"] == "1 % of-alkaloids"
    assert leaf["verification"] == "primary"
    assert leaf["provision_ids"] == "us-ri-sale"
    history = edition.tables["status_history"]
    ri = history[(history["code"] == "US-RI") & (history["substance"] == "leaf")]
    assert ri[["valid_from", "valid_to", "total_status"]].fillna("").values.tolist() == [
        ["2017-05-31", "2026-04-01", "banned"],
        ["2026-04-01", "", "regulated"],
    ]


def test_a_county_inherits_its_states_history(edition: Edition) -> None:
    history = edition.tables["status_history"]
    kent = history[(history["code"] == "US-RI-44003") & (history["substance"] == "7-oh")]
    assert kent[["own_status", "total_status", "valid_from"]].fillna("").values.tolist() == [
        ["unknown", "banned", "2017-05-31"]
    ]


def test_a_correction_says_that_it_is_one(edition: Edition) -> None:
    changes = edition.tables["changes"]
    corrected = changes[changes["kind"] != "law"]
    assert set(corrected["code"]) == {"US-RI"}
    assert set(corrected["recorded_at"]) == {"2026-11-20T08:00:00Z"}
    law = changes[changes["kind"] == "law"]
    told = law[(law["substance"] == "leaf") & (law["date"] == "2026-04-01")]["summary"].item()
    assert told == (
        "Rhode Island: kratom leaf goes from banned to regulated; a minimum age of 21 begins for "
        "kratom leaf; the 7-OH cap becomes 1 % of alkaloids on 2026-04-01 "
        "(Chapter 441; R.I. Gen. Laws 21-28.12-4)"
    )


def test_a_correction_of_the_past_is_told_though_today_is_as_we_said(
    tiny_root: Path, record_of: Callable[[Path], Record]
) -> None:
    ingest(tiny_root, recorded_at="2026-11-01T08:00:00Z", actor="a person", reason="first")
    sheet = tiny_root / "us" / "ri.yaml"
    sheet.write_text(sheet.read_text("utf-8").replace("from: 2017-05-31", "from: 2017-02"), "utf-8")
    ingest(tiny_root, recorded_at="2026-11-20T08:00:00Z", actor="a person", reason="order found")
    later = Edition(record_of(tiny_root), date(2026, 11, 22).toordinal())
    told = later.tables["changes"].query("kind != 'law' and substance == 'leaf'")
    assert told[["date", "kind", "from_status", "to_status", "recorded_at"]].values.tolist() == [
        ["2017-02", "knowledge", "unknown", "banned", "2026-11-20T08:00:00Z"]
    ]
    first = Edition(later.record, later.as_of, later.record.bound("2026-11-01T08:00:00Z"))
    assert (first.tables["changes"]["kind"] == "law").all()


def test_the_same_edition_gives_the_same_bytes(
    record: Record, edition: Edition, published: Release, tmp_path: Path
) -> None:
    again = publish(Edition(record, edition.as_of), tmp_path / "data", None, SHAPES)
    for file in published.folder.iterdir():
        assert file.read_bytes() == (again.folder / file.name).read_bytes(), file.name


def test_a_release_is_made_only_when_a_byte_of_the_data_changed(
    record: Record, edition: Edition, tmp_path: Path
) -> None:
    first = publish(until_first(record, edition.as_of), tmp_path / "1", None, None)
    same = publish(
        until_first(record, edition.as_of), tmp_path / "2", tmp_path / "1/releases", None
    )
    assert (same.version, same.is_new) == (first.version, False)
    second = publish(edition, tmp_path / "3", tmp_path / "2/releases", None)
    assert (second.version, second.is_new) == (f"{first.version}.1", True)
    assert sorted(d.name for d in (tmp_path / "3/releases").iterdir()) == [
        first.version,
        second.version,
    ]
    for file in first.folder.iterdir():
        carried = tmp_path / "3/releases" / first.version / file.name
        assert carried.read_bytes() == file.read_bytes()
    delta = json.loads((second.folder / "delta.json").read_bytes())
    assert delta["previous"] == first.version
    changed = {tuple(row["key"]): row["columns"] for row in delta["tables"]["status"]["changed"]}
    key = ("ocd-division/country:us/state:ri", "leaf")
    assert changed[key]["total_status"] == ["sale-banned", "regulated"]
    assert "correction" in (second.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    for name in ("status.csv", "datapackage.json"):
        latest = (tmp_path / "3/latest" / name).read_bytes()
        assert latest == (second.folder / name).read_bytes() == (tmp_path / "3" / name).read_bytes()


def test_an_older_day_does_not_slip_behind_a_newer_release(
    record: Record, edition: Edition, tmp_path: Path
) -> None:
    publish(edition, tmp_path / "1", None, None)
    older = Edition(record, date(2026, 1, 1).toordinal())
    with pytest.raises(AtlasError, match="is newer"):
        publish(older, tmp_path / "2", tmp_path / "1/releases", None)


def test_a_first_build_says_that_there_was_nothing_to_compare_with(published: Release) -> None:
    delta = json.loads((published.folder / "delta.json").read_bytes())
    assert delta["previous"] is None
    assert "No earlier release" in delta["note"]


def test_export_gives_the_published_bytes(edition: Edition, published: Release) -> None:
    assert export_file(edition, "status.csv") == (published.folder / "status.csv").read_bytes()
    assert (
        export_file(edition, "changes.parquet")
        == (published.folder / "changes.parquet").read_bytes()
    )
    assert json.loads(export_file(edition, "geojson"))["type"] == "FeatureCollection"
    with pytest.raises(AtlasError, match="no file 'statuses'"):
        export_file(edition, "statuses")


def test_before_anything_was_recorded_nothing_is_claimed(record: Record, edition: Edition) -> None:
    empty = Edition(record, edition.as_of, record.bound("2020-01-01T00:00:00Z"))
    assert set(empty.tables["status"]["total_status"]) == {"unknown"}
    assert empty.tables["changes"].empty
    assert empty.tables["status_history"].empty
    assert set(empty.tables["jurisdictions"]["searched"]) == {"not-searched"}


def test_the_delta_names_what_was_added_removed_and_changed(
    moved: tuple[Edition, Edition], tmp_path: Path
) -> None:
    first = publish(moved[0], tmp_path / "1", None, None)
    second = publish(moved[1], tmp_path / "2", tmp_path / "1/releases", None)
    delta = json.loads((second.folder / "delta.json").read_bytes())
    assert delta["previous"] == first.version
    assert set(delta["tables"]) == set(FIELDS)
    for table, parts in delta["tables"].items():
        keys = list(KEYS[table])
        old, new = (
            {
                tuple(row[k] for k in keys): row
                for row in csv.DictReader(
                    (release.folder / f"{table}.csv").read_text("utf-8").splitlines()
                )
            }
            for release in (first, second)
        )

        def key(told: str | list[str]) -> tuple[str, ...]:
            return (told,) if isinstance(told, str) else tuple(told)

        assert {key(k) for k in parts["added"]} == new.keys() - old.keys()
        assert {key(k) for k in parts["removed"]} == old.keys() - new.keys()
        assert {key(row["key"]): row["columns"] for row in parts["changed"]} == {
            k: {c: [old[k][c], new[k][c]] for c in new[k] if old[k][c] != new[k][c]}
            for k in old.keys() & new.keys()
            if old[k] != new[k]
        }
    assert delta["tables"]["changes"]["added"]
    assert delta["tables"]["changes"]["removed"]
    assert delta["tables"]["changes"]["changed"]
    assert delta["tables"]["status_history"]["removed"]
    assert delta["tables"]["provisions"]["changed"]


def test_the_changelog_tells_what_is_said_no_longer_and_what_is_said_otherwise(
    moved: tuple[Edition, Edition], tmp_path: Path
) -> None:
    first = publish(moved[0], tmp_path / "1", None, None)
    second = publish(moved[1], tmp_path / "2", tmp_path / "1/releases", None)
    told = (second.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = told.partition(f"## {first.version}\n")[0]
    old, new = (
        read_table("changes", release.folder / "changes.csv").set_index("change_id")["summary"]
        for release in (first, second)
    )
    gone = old.index.difference(new.index)
    assert "2017-05-31.US-RI.leaf.total.law" in gone
    for change in gone:
        assert f"- no longer said: {old[change]}\n" in newest
    both = old.index.intersection(new.index)
    otherwise = [change for change in both if old[change] != new[change]]
    assert "2026-04-01.US-RI.leaf.total.law" in otherwise
    for change in otherwise:
        assert f"- now: {new[change]}; before: {old[change]}\n" in newest
    for change in both.difference(otherwise):
        assert new[change] not in newest
    for change in new.index.difference(old.index):
        assert f"- {new[change]}" in newest
    assert newest.count("no longer said: ") == len(gone)
    assert newest.count("; before: ") == len(otherwise)


def test_an_older_day_is_refused_though_it_has_a_release_unless_it_is_that_release(
    record: Record, edition: Edition, tmp_path: Path
) -> None:
    old, later = edition.as_of - 200, edition.as_of
    first = publish(until_first(record, old), tmp_path / "1", None, None)
    publish(edition, tmp_path / "2", tmp_path / "1/releases", None)
    assert later > old
    with pytest.raises(AtlasError, match=f"as of {first.version}: release .* is newer") as told:
        publish(Edition(record, old), tmp_path / "3", tmp_path / "2/releases", None)
    assert "\n" not in str(told.value)
    again = publish(until_first(record, old), tmp_path / "4", tmp_path / "2/releases", None)
    assert (again.version, again.is_new) == (first.version, False)
    released = {d.name for d in (tmp_path / "4/releases").iterdir()}
    assert released == {first.version, edition.today}
    for file in first.folder.iterdir():
        assert (tmp_path / "4" / file.name).read_bytes() == file.read_bytes()
    newest = (tmp_path / "2/latest/datapackage.json").read_bytes()
    assert (tmp_path / "4/latest/datapackage.json").read_bytes() == newest


def test_the_older_of_two_releases_of_a_day_is_found_again(
    record: Record, edition: Edition, tmp_path: Path
) -> None:
    first = publish(until_first(record, edition.as_of), tmp_path / "1", None, None)
    publish(edition, tmp_path / "2", tmp_path / "1/releases", None)
    cut = Edition(record, edition.as_of, record.bound(FIRST))
    again = publish(cut, tmp_path / "3", tmp_path / "2/releases", None)
    assert (again.version, again.is_new) == (first.version, False)


def assert_preview(release: Release, data: Path, day: str, released: set[str]) -> None:
    assert (release.version, release.is_new) == (f"{day}-preview", False)
    assert release.folder == data
    package = json.loads((data / "datapackage.json").read_bytes())
    assert (package["version"], package["asOf"]) == (f"{day}-preview", day)
    for resource in package["resources"]:
        digest = hashlib.sha256((data / resource["path"]).read_bytes()).hexdigest()
        assert resource["hash"] == f"sha256:{digest}"
    folders = (data / "releases").iterdir() if (data / "releases").is_dir() else ()
    assert {d.name for d in folders} == released
    assert not (data / ".next").exists()


def test_a_day_that_has_not_come_is_a_preview_and_no_release(
    record: Record, edition: Edition, tmp_path: Path
) -> None:
    today = edition.as_of
    first = publish(edition, tmp_path / "1", None, None, today=today)
    assert (first.version, first.is_new) == (edition.today, True)
    future = Edition(record, today + 200)
    shown = publish(future, tmp_path / "2", tmp_path / "1/releases", None, today=today)
    assert_preview(shown, tmp_path / "2", future.today, {first.version})
    delta = json.loads((tmp_path / "2/delta.json").read_bytes())
    assert delta["previous"] == first.version
    latest = json.loads((tmp_path / "2/latest/datapackage.json").read_bytes())
    assert latest["version"] == first.version
    # what would be the same data on another day is still no release of that day
    tomorrow = Edition(record, today + 1)
    near = publish(tomorrow, tmp_path / "3", tmp_path / "2/releases", None, today=today)
    assert_preview(near, tmp_path / "3", tomorrow.today, {first.version})
    # the series goes on where it was, and so it does when the day has come
    after = publish(edition, tmp_path / "4", tmp_path / "2/releases", None, today=today)
    assert (after.version, after.is_new) == (first.version, False)
    come = publish(future, tmp_path / "5", tmp_path / "4/releases", None, today=today + 200)
    assert (come.version, come.is_new) == (future.today, True)


def test_less_than_was_recorded_is_a_preview_and_no_release(
    record: Record, edition: Edition, tmp_path: Path
) -> None:
    cut = Edition(record, edition.as_of, record.bound(FIRST))
    alone = publish(cut, tmp_path / "1", None, None)
    assert_preview(alone, tmp_path / "1", edition.today, set())
    assert not (tmp_path / "1/latest").exists()
    whole = Edition(record, edition.as_of, record.bound(SECOND))
    first = publish(whole, tmp_path / "2", None, None)
    assert (first.version, first.is_new) == (edition.today, True)
    older = Edition(record, edition.as_of - 200, record.bound(FIRST))
    shown = publish(older, tmp_path / "3", tmp_path / "2/releases", None)
    assert_preview(shown, tmp_path / "3", older.today, {first.version})
