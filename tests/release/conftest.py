"""A small record with two batches: the second corrects the first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from kratom_atlas.release.tables import Edition
from kratom_atlas.resolve.record import Record
from kratom_atlas.store.ingest import ingest
from kratom_atlas.store.ledger import read_batches

TODAY = date(2026, 11, 22).toordinal()


def read(root: Path) -> Record:
    return Record((line for b in read_batches(root / "ledger") for line in b.lines), {})


@pytest.fixture(scope="session")
def corrected_root(
    tmp_path_factory: pytest.TempPathFactory, tiny_root_at: Callable[[Path], Path]
) -> Path:
    """Rhode Island's ban was first recorded without possession."""
    root = tiny_root_at(tmp_path_factory.mktemp("corrected") / "jurisdictions")
    sheet = root / "us" / "ri.yaml"
    right = sheet.read_text(encoding="utf-8")
    sheet.write_text(
        right.replace("activities: [possess, sell]", "activities: [sell]")
        .replace("    to: 2026-04-01\n", "")
        .replace("stage: repealed", "stage: enacted"),
        encoding="utf-8",
    )
    ingest(root, recorded_at="2026-11-01T08:00:00Z", actor="a person", reason="first edition")
    sheet.write_text(right, encoding="utf-8")
    ingest(root, recorded_at="2026-11-20T08:00:00Z", actor="a person", reason="the ban had ended")
    return root


@pytest.fixture(scope="session")
def record_of() -> Callable[[Path], Record]:
    """Reads the record below a folder."""
    return read


@pytest.fixture(scope="session")
def record(corrected_root: Path) -> Record:
    return read(corrected_root)


@pytest.fixture(scope="session")
def edition(record: Record) -> Edition:
    return Edition(record, TODAY)
