"""What the share images show, taken from an edition."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pandas as pd

from kratom_atlas.model.vocabulary import Flag, Level, Status, Substance, Verification, lower
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.words import day_words, listed
from kratom_atlas.site.atlas import Atlas, Cell
from kratom_atlas.site.pages import Meta
from maps.share import Answer, Card, Credit, Overview, Row, View

__all__ = ["cards", "credit", "overviews"]

ALWAYS: Final = (Substance.LEAF, Substance.SEVEN_OH)
"""Sold under their own names, and what people ask about."""
ENOUGH: Final = 10
"""With fewer places known, a view of another substance would be a grey sheet."""
VIEWS: Final[dict[View, re.Pattern[str]]] = {
    "us": re.compile(r"US-[A-Z]{2}", re.ASCII),
    "world": re.compile(r"[A-Z]{2}|US-(AS|GU|MP|PR|VI|UM)", re.ASCII),
}


def credit(meta: Meta) -> Credit:
    """What every image says of itself."""
    where = urlsplit(meta.base_url)
    site = f"{where.netloc}{where.path}".rstrip("/")
    return Credit("Kratom Atlas", meta.as_of, _long(meta.as_of), meta.version, site)


def _long(day: str) -> str:
    """`February 2014` or `February 28, 2014`, as precise as it is known."""
    if len(day) < len("2014-02-28"):
        return day_words(day)
    month, year = day_words(day[:7]).rsplit(" ", 1)
    return f"{month} {int(day[8:])}, {year}"


def overviews(edition: Edition) -> Iterator[Overview]:
    """The United States and the world, for each substance of which enough is known."""
    rows = edition.tables["status"]
    places = edition.places[edition.places["level"].isin([Level.MUNICIPALITY, Level.TRIBAL])]
    places = places[places["lat"].notna() & places["code"].str.startswith("US-")]
    where = {
        str(code): (float(lon), float(lat))
        for code, lon, lat in zip(places["code"], places["lon"], places["lat"], strict=True)
    }
    for substance in Substance:
        answers = _answers(rows[rows["substance"] == substance])
        for view, shown in VIEWS.items():
            known = sum(
                answer.status != Status.UNKNOWN
                for code, answer in answers.items()
                if shown.fullmatch(code)
            )
            if substance in ALWAYS or known >= ENOUGH:
                points = where if view == "us" else {}
                yield Overview(view, str(substance), substance.label, answers, points)


def _answers(rows: pd.DataFrame) -> dict[str, Answer]:
    columns = (rows["code"], rows["total_status"], rows["flags"], rows["min_age"].fillna(0))
    return {
        str(code): Answer(
            str(status), tuple(str(flags).split(";")) if flags == flags and flags else (), int(age)
        )
        for code, status, flags, age in zip(*columns, strict=True)
    }


def cards(atlas: Atlas) -> Iterator[Card]:
    """A card for each place with law of its own."""
    for n in sorted(atlas.rules_of):
        body, place = atlas.record.places[n], atlas.places[n]
        cells = atlas.cells[atlas.shared[n]]
        lead = next((c for c in cells if c.total is not Status.UNKNOWN), cells[0])
        inside = atlas.view.children.get(n, ()) if body.level is Level.INTERNATIONAL else ()
        yield Card(
            code=body.code,
            name=body.name,
            wider=place.full.removeprefix(body.name).removeprefix(", "),
            level=body.level.label,
            rows=_rows(cells),
            status=str(lead.total),
            coloured=lower(lead.substance.label),
            within=_within(atlas, n),
            members=tuple(atlas.places[c].code for c in inside),
            point=(body.lon, body.lat) if body.lat is not None and body.lon is not None else None,
        )


def _within(atlas: Atlas, n: int) -> tuple[str, ...]:
    """The places that a place lies in, nearest first; a nation that is bound by nobody has some."""
    found: list[str] = []
    parent = atlas.record.places[n].parent
    while parent is not None and parent in atlas.record.index and len(found) < _DEEP:
        body = atlas.record.places[atlas.record.index[parent]]
        found.append(body.code)
        parent = body.parent
    return tuple(found)


_DEEP: Final = 8


def _rows(cells: tuple[Cell, ...]) -> list[Row]:
    """Substances with the same words together, in the order of the substances."""
    groups: dict[tuple[Status, str], list[str]] = defaultdict(list)
    for cell in cells:
        groups[cell.total, _details(cell)].append(lower(cell.substance.label))
    return [
        Row((told := listed(names))[:1].upper() + told[1:], str(status), details)
        for (status, details), names in groups.items()
    ]


def _details(cell: Cell) -> str:
    told = []
    if cell.since:
        told.append(f"since {_long(cell.since)}")
    if cell.min_age:
        told.append(f"minimum age {cell.min_age}")
    if cell.caps:
        told.append(f"7-OH at most {listed(cap.replace('-', ' ') for cap in cell.caps)}")
    if cell.until:
        told.append(f"until {_long(cell.until)}")
    elif cell.incoming:
        told.append(f"a change comes on {_long(cell.incoming)}")
    if Flag.CONTESTED in cell.flags:
        told.append(lower(Flag.CONTESTED.label))
    if Flag.LOCAL_RULES in cell.flags:
        told.append("stricter rules in parts of it")
    weak = cell.verification in (Verification.REPORTED, Verification.MACHINE)
    # Where no rule was found there is no text that could have been seen.
    if weak and cell.total is not Status.NO_SPECIFIC_LAW:
        told.append("no official text seen")
    return "; ".join(told)
