"""The table of sources: what crawls move in it makes no release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kratom_atlas.crawl.health import SourceState, Survey
from kratom_atlas.crawl.source import Bounds, Key, Source
from kratom_atlas.model.crawling import Health, SourceKind
from kratom_atlas.release.dataset import publish, read_table
from kratom_atlas.release.tables import FIELDS, Edition
from kratom_atlas.resolve.record import Record

SOURCE = Source(
    id="us_fake", title="A fake", publisher="Nobody", covers=("US", "US-*"), kind=SourceKind.BILLS,
    homepage="https://example.org/", licence="none", terms="=1+1", hosts=("example.org",),
    schedule="0 6 * * *", bounds=Bounds(examined=(0, 9)), cadence=30,
    key=Key(env="FAKE_KEY", place="query", name="k", register="https://example.org/key"),
)  # fmt: skip
NEVER = SourceState(SOURCE, Health.NEVER_RUN)
READ = replace(NEVER, health=Health.FRESH, last_success="2026-11-21T06:00:00Z",
               last_change="2026-11-20T06:00:00Z")  # fmt: skip

Make = Callable[[SourceState], Edition]


@pytest.fixture
def make(record: Record, edition: Edition) -> Make:
    return lambda state: Edition(record, edition.as_of, survey=Survey((state,), crawled=True))


def test_a_source_is_a_row_with_what_the_contract_promises(make: Make) -> None:
    table = make(READ).sources
    assert table["source_id"].tolist() == ["hand-research", "us_fake"]
    by_hand, row = table.astype(object).where(table.notna(), "").to_dict("records")
    wanted: dict[str, Any] = {
        "publisher": "Nobody", "covers": "US;US-*", "kind": "bills", "schedule": "0 6 * * *",
        "last_success": "2026-11-21", "last_change": "2026-11-20", "health": "fresh",
        "terms": "'=1+1", "key": "FAKE_KEY", "cadence_days": 30, "off": "", "alarm": "",
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    assert by_hand["health"] == "fresh"
    never = make(NEVER).sources.iloc[1]
    assert never["last_success"] is None or never["last_success"] != never["last_success"]
    assert never["health"] == "never-run"


def test_a_look_makes_no_release_and_another_declaration_does(make: Make, tmp_path: Path) -> None:
    first = publish(make(NEVER), tmp_path / "1", None, None)
    looked = publish(make(READ), tmp_path / "2", tmp_path / "1/releases", None)
    assert (looked.version, looked.is_new) == (first.version, False)
    off = replace(READ, source=_with(licence="Open"))
    third = publish(make(off), tmp_path / "3", tmp_path / "2/releases", None)
    assert third.is_new
    told = read_table("sources", tmp_path / "3/sources.csv")
    assert told.set_index("source_id").loc["us_fake", "last_success"] == "2026-11-21"


def _with(**more: Any) -> Source:
    return Source(**{**{name: getattr(SOURCE, name) for name in SOURCE.__struct_fields__}, **more})


def test_an_older_table_without_the_later_columns_is_another(make: Make, tmp_path: Path) -> None:
    publish(make(NEVER), tmp_path / "1", None, None)
    path = next((tmp_path / "1/releases").iterdir()) / "sources.csv"
    columns = list(FIELDS["sources"])[:8]
    old = read_table("sources", path)[columns]
    path.unlink()
    old.to_csv(path, index=False)
    assert publish(make(NEVER), tmp_path / "2", tmp_path / "1/releases", None).is_new
