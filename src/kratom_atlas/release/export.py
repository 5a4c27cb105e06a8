"""One file of the dataset, by name."""

from __future__ import annotations

import io
from collections.abc import Callable

from kratom_atlas.errors import AtlasError
from kratom_atlas.release.dataset import geojson, table_csv
from kratom_atlas.release.tables import FIELDS, Edition

__all__ = ["export_file"]


def export_file(edition: Edition, name: str) -> bytes:
    """The bytes of `status.csv`, `changes.parquet`, `geojson` and so on.

    Raises:
        AtlasError: there is no such file; it says which there are.
    """
    key = name.lower()
    if key in ("geojson", "kratom-atlas.geojson"):
        return "".join(geojson(edition, None)).encode()
    table, _, suffix = key.partition(".")
    write = _WRITERS.get(suffix or "csv")
    if table not in FIELDS or write is None:
        raise AtlasError(
            f"no file {name!r} in the dataset: {', '.join(FIELDS)}, each as .csv or .parquet, "
            "or geojson"
        )
    return write(edition, table)


def _csv(edition: Edition, table: str) -> bytes:
    return table_csv(edition.tables[table]).encode()


def _parquet(edition: Edition, table: str) -> bytes:
    buffer = io.BytesIO()
    edition.tables[table].to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[Edition, str], bytes]] = {"csv": _csv, "parquet": _parquet}
