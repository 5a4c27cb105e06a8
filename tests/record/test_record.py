"""The record itself: the sheets, the register and the ledger that come with the project."""

from __future__ import annotations

import csv
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import jurisdictions
from kratom_atlas.catalog import Catalog, load_catalog
from kratom_atlas.model.vocabulary import Level, Verification
from kratom_atlas.register import packaged_sheets
from kratom_atlas.store.ingest import check
from kratom_atlas.store.ledger import read_batches

ROOT = Path(jurisdictions.__file__).parent


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(packaged_sheets())


def test_sheets_and_ledger_agree() -> None:
    assert check(packaged_sheets()) == []


@pytest.mark.checkout
def test_the_ledger_only_grew() -> None:
    """Every batch that any commit held is there now, byte for byte."""
    git = ["git", "-C", str(ROOT)]
    log = subprocess.run(
        [*git, "log", "--format=%H", "--", "ledger"], capture_output=True, text=True, check=False
    )
    if log.returncode:
        pytest.skip("not a git checkout")
    for commit in log.stdout.split():
        listed = subprocess.run(
            [*git, "ls-tree", commit, "ledger/"], capture_output=True, text=True, check=True
        )
        for entry in listed.stdout.splitlines():
            blob, _, path = entry.split(maxsplit=2)[2].partition("\t")
            if path.endswith(".jsonl"):
                then = subprocess.run(
                    [*git, "cat-file", "blob", blob], capture_output=True, check=True
                )
                assert (ROOT / path).read_bytes() == then.stdout, f"{path} at {commit}"


def test_every_county_and_every_country_exists(catalog: Catalog) -> None:
    levels = Counter(place.level for place in catalog.jurisdictions.values())
    counties = {
        p.geoid for p in catalog.jurisdictions.values() if p.level is Level.COUNTY and p.geoid
    }
    # 3,144 counties of the 50 states and DC, which is one jurisdiction with two GEOIDs, and 89
    # of the territories.
    assert len(counties) == 3144 - 1 + 89
    assert levels[Level.COUNTRY] >= 244
    states = [p for p in catalog.jurisdictions.values() if p.parent == "ocd-division/country:us"]
    assert len([p for p in states if p.level is Level.SUBDIVISION]) == 56


def test_all_researched_places_have_a_sheet(catalog: Catalog) -> None:
    with_sheet = [catalog.jurisdictions[i] for i in catalog.with_sheet]
    levels = Counter(p.level for p in with_sheet)
    assert levels[Level.COUNTRY] >= 55
    states = [p for p in with_sheet if p.code.startswith("US-") and p.level is Level.SUBDIVISION]
    assert len(states) == 56
    local = [p for p in with_sheet if p.level.rank >= Level.COUNTY.rank]
    assert len(local) >= 285


def test_no_place_is_bound_by_something_narrower(catalog: Catalog) -> None:
    for place in catalog.jurisdictions.values():
        for binder in place.binders:
            assert catalog.jurisdictions[binder].level.rank < place.level.rank, place.id


def test_evidence_is_as_good_as_it_says(catalog: Catalog) -> None:
    for provision in catalog.provisions.values():
        quoted = any(e.quote for e in provision.evidence)
        if provision.verification is Verification.PRIMARY:
            assert quoted, provision.id
        assert provision.citation.strip()


def test_nothing_claims_to_have_been_read_after_it_was_recorded(catalog: Catalog) -> None:
    moments = [
        line.recorded_at[:10]
        for b in read_batches(packaged_sheets() / "ledger")
        for line in b.lines
    ]
    last = max(moments)
    for provision in catalog.provisions.values():
        assert all(e.retrieved <= last for e in provision.evidence), provision.id


def test_the_register_is_sorted_and_each_id_stands_once() -> None:
    with (ROOT / "registry" / "places.csv").open(encoding="utf-8", newline="") as lines:
        ids = [row["id"] for row in csv.DictReader(lines)]
    assert ids == sorted(set(ids))


def test_a_store_rebuilt_from_the_ledger_is_identical(tmp_path: Path) -> None:
    from kratom_atlas.store.database import open_store

    batches = list(read_batches(packaged_sheets() / "ledger"))
    told = [line for batch in batches for line in batch.lines]
    for name in ("one", "two"):
        with open_store(f"sqlite:///{tmp_path / name}.sqlite") as store:
            store.sync(batches)
            assert list(store.lines()) == told
