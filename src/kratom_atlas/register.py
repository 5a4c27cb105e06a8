"""The folder of the record, and the base register of places in it."""

from __future__ import annotations

import csv
import importlib.resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from kratom_atlas.errors import SheetError
from kratom_atlas.model.values import Jurisdiction

__all__ = ["load_register", "packaged_sheets"]


def packaged_sheets() -> Traversable:
    """The folder of sheets that comes with the project, in a checkout and in a wheel alike."""
    return importlib.resources.files("jurisdictions")


def load_register(base: Path | Traversable) -> dict[str, Jurisdiction]:
    """The base register of places: every country, US state and county, by id.

    Raises:
        SheetError: a row is not a place, or stands twice; the message has the line.
    """
    path = base / "registry" / "places.csv"
    if not path.is_file():
        return {}
    shown = f"{base.name}/registry/places.csv"
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    try:
        plain = [_plain(row) for row in rows]
    except (KeyError, AttributeError):
        raise SheetError(shown, 1, "not the columns of a register") from None
    try:
        places = msgspec.convert(plain, list[Jurisdiction])
    except msgspec.ValidationError:
        places = [_checked(row, shown, line) for line, row in enumerate(plain, start=2)]
    found: dict[str, Jurisdiction] = {}
    for line, place in enumerate(places, start=2):
        if place.id in found:
            raise SheetError(shown, line, f"{place.id} is listed twice")
        found[place.id] = place
    return found


def _plain(row: dict[str, str]) -> dict[str, object]:
    """A row as the fields of a jurisdiction; what is empty is left out."""
    fields = {"id": row["id"], "code": row["code"], "name": row["name"], "level": row["level"]}
    optional = {"parent": row["parent_id"], "geoid": row["geoid"]}
    aliases = [alias for alias in row["aliases"].split(";") if alias]
    return {**fields, **{k: v for k, v in optional.items() if v}, "aliases": aliases}


def _checked(row: dict[str, object], shown: str, line: int) -> Jurisdiction:
    try:
        return msgspec.convert(row, Jurisdiction)
    except msgspec.ValidationError as error:
        raise SheetError(shown, line, str(error)) from None
