"""Deriving every published cell again, from stored bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import known_bound
from kratom_atlas.register import packaged_sheets
from kratom_atlas.release.dataset import PACKAGE, read_table, table_csv
from kratom_atlas.release.tables import FIELDS, KEYS, Edition
from kratom_atlas.resolve.record import Record
from kratom_atlas.store.ingest import check

__all__ = ["verify"]

MOST: Final = 20
"""How many faults of one table are told one by one."""


def verify(site: Path, record: Record) -> list[str]:
    """What does not match, one line each; an empty list is a site that follows from the record.

    Raises:
        AtlasError: there is no dataset to verify.
    """
    data = site / "data"
    package = data / PACKAGE
    try:
        described = json.loads(package.read_bytes())
        as_of = date.fromisoformat(described["asOf"])
        known = known_bound(described["known"]) if described["known"] else 0
    except OSError:
        raise AtlasError(f"{package}: not there; build the site first") from None
    except (ValueError, KeyError, TypeError):
        raise AtlasError(f"{package}: not a description that this program wrote") from None
    edition = Edition(record, as_of.toordinal(), known)
    return [
        *(f"sheets and ledger: {fault}" for fault in check(packaged_sheets())),
        *_digests(data, described["resources"]),
        *(fault for name in FIELDS for fault in _cells(name, data, edition.tables[name])),
    ]


def _digests(data: Path, resources: list[dict[str, object]]) -> Iterator[str]:
    for resource in resources:
        path = data / str(resource["path"])
        if not path.is_file():
            yield f"{path.name}: missing"
        elif f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" != resource["hash"]:
            yield f"{path.name}: its bytes are not those that were published"


def _cells(name: str, data: Path, derived: pd.DataFrame) -> Iterator[str]:
    path = data / f"{name}.csv"
    if not path.is_file():
        return
    if path.read_bytes() == table_csv(derived).encode():
        return
    published = read_table(name, path)
    keys = list(KEYS[name])
    one, other = (f.astype("str").fillna("").set_index(keys) for f in (published, derived))
    faults: list[str] = [
        *(f"published, and does not follow: {key}" for key in one.index.difference(other.index)),
        *(f"follows, and is not published: {key}" for key in other.index.difference(one.index)),
    ]
    both = one.index.intersection(other.index)
    left, right = one.loc[both], other.loc[both]
    faults.extend(
        f"{key} {column}: published {left.at[key, column]!r}, follows {right.at[key, column]!r}"
        for column in left.columns
        for key in both[left[column].ne(right[column])]
    )
    if not faults:
        faults.append("the same cells in another order or another form")
    for fault in faults[:MOST]:
        yield f"{path.name}: {fault}"
    if len(faults) > MOST:
        yield f"{path.name}: and {len(faults) - MOST:,} more"
