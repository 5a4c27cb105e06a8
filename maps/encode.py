"""Geometry and status rows in the compact form that the page reads.

Numbers are zigzag varints in groups of five bits, one printable character each: a third of
TopoJSON's size, decoded in a few milliseconds, and safe inside HTML, JSON and JavaScript alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from maps import boundaries
from maps.boundaries import Place, Points
from maps.projection import composite_albers, equal_earth

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
# Steps per unit of the plane: finer than a pixel up to the fourth doubling of the drawing.
GRID = 20

Json = dict[str, Any]


def varints(numbers: Iterable[int]) -> str:
    out: list[str] = []
    for number in numbers:
        rest = number << 1 if number >= 0 else ~number << 1 | 1
        while rest > 31:
            out.append(ALPHABET[rest & 31 | 32])
            rest >>= 5
        out.append(ALPHABET[rest])
    return "".join(out)


@cache
def world() -> Json:
    places = boundaries.read_pack("world.topo.json").layers["countries"]
    order = _in_use(places)
    points = boundaries.world_points()
    page = equal_earth(np.array([lonlat for _, *lonlat in points.values()]))
    markers = [
        [code, name, round(float(x), 1), round(float(y), 1)]
        for (code, (name, *_)), (x, y) in zip(points.items(), page, strict=True)
    ]
    return _geometry("world.topo.json", places, order, order) | {
        "points": markers,
        "labels": _labels(places, equal_earth),
    }


@cache
def states() -> Json:
    places = boundaries.read_pack("us.topo.json").layers["states"]
    order = _in_use(places)
    labels = _labels(places, composite_albers)
    return _geometry("us.topo.json", places, order, order) | {"labels": labels}


@cache
def counties() -> Json:
    """Only the lines that the states do not have; arc numbers go on where the states' end."""
    topology = boundaries.read_pack("us.topo.json")
    first = _in_use(topology.layers["states"])
    known = set(first)
    places = topology.layers["counties"]
    rest = [number for number in _in_use(places) if number not in known]
    return _geometry("us.topo.json", places, first + rest, rest)


def _labels(places: Sequence[Place], project: Callable[[Points], Points]) -> list[list[float]]:
    lonlat = np.array([place.label for place in places], dtype=np.float64)
    labels: list[list[float]] = np.round(project(lonlat), 1).tolist()
    return labels


def _in_use(places: Sequence[Place]) -> list[int]:
    rings = (ring for place in places for polygon in place.polygons for ring in polygon)
    return sorted({i if i >= 0 else ~i for ring in rings for i in ring})


def _geometry(file: str, places: Sequence[Place], order: list[int], own: list[int]) -> Json:
    arcs = boundaries.projected_arcs(file)
    number = {old: new for new, old in enumerate(order)}
    return {
        "grid": GRID,
        "arcs": varints(_arc_numbers([arcs[i] for i in own])),
        "places": varints(_place_numbers(places, number)),
        "codes": [place.code for place in places],
        "names": [place.name for place in places],
    }


def _arc_numbers(arcs: Sequence[Points]) -> Iterable[int]:
    yield len(arcs)
    x = y = 0
    for arc in arcs:
        grid = np.round(arc * GRID).astype(np.int64)
        moves = np.any(np.diff(grid, axis=0) != 0, axis=1)
        grid = grid[np.concatenate([[True], moves])]
        yield len(grid)
        for to_x, to_y in grid.tolist():
            yield to_x - x
            yield to_y - y
            x, y = to_x, to_y


def _place_numbers(places: Sequence[Place], number: dict[int, int]) -> Iterable[int]:
    last = 0
    for place in places:
        yield len(place.polygons)
        for polygon in place.polygons:
            yield len(polygon)
            for ring in polygon:
                yield len(ring)
                for old in ring:
                    new = number[old] if old >= 0 else ~number[~old]
                    yield new - last
                    last = new


RECORD = [
    "own_status", "total_status", "possess_status", "sell_status",
    "flags", "since", "min_age", "summary",
]  # fmt: skip


def status_table(table: pd.DataFrame, substances: Sequence[str]) -> Json:
    """Each distinct answer once, each distinct set of answers once, then a number per place."""
    rows = table.fillna("").astype(str).sort_values(["code", "substance"], kind="stable")
    columns: Json = {}
    for column in RECORD:
        numbers, words = pd.factorize(rows[column], sort=True)
        rows[column], columns[column] = numbers, words.tolist()
    rows["record"] = rows.groupby(RECORD).ngroup()
    records = rows.drop_duplicates("record").sort_values("record")
    answers = rows.pivot_table(index="code", columns="substance", values="record", aggfunc="first")
    answers = answers.reindex(columns=list(substances)).fillna(-1).astype(int)
    sets = answers.drop_duplicates()
    set_number = {tuple(row): i for i, row in enumerate(sets.itertuples(index=False, name=None))}
    places = rows.drop_duplicates("code")
    return {
        "words": columns,
        "records": {column: records[column].tolist() for column in RECORD},
        "sets": sets.to_numpy().tolist(),
        "codes": places["code"].tolist(),
        "names": places["name"].tolist(),
        "levels": places["level"].tolist(),
        "urls": places["url"].tolist(),
        "set": [set_number[row] for row in answers.itertuples(index=False, name=None)],
    }
