"""Derive the packs that the page loads from the TopoJSON beside them.

Run by hand when boundaries or projections change; the output is committed:

    python -m maps.geometry.make_packs --out maps/geometry/packs

Arcs are projected into the plane of the page, thinned out and put on a grid; places are lists of
arc numbers. `tests/maps/test_packs.py` holds the committed packs against this.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from maps import boundaries
from maps.boundaries import Place, Points
from maps.encode import Json, PackName, varints
from maps.projection import composite_albers, equal_earth

US, WORLD, PARTS = "us.topo.json", "world.topo.json", "subdivisions.topo.json"
# Of each file: steps per unit of the plane, and how far, in units, a line may be moved to leave
# out points. Both are about a pixel at the deepest zoom that the view allows.
GRID = {US: 20, WORLD: 12, PARTS: 12}
TOLERANCE = {US: 0.05, WORLD: 0.08, PARTS: 0.08}


def packs() -> dict[PackName, Json]:
    """Every pack, by name."""
    return {"us": states(), "world": world(), "us-counties": counties(), "parts": parts()}


def world() -> Json:
    places = boundaries.read_pack("world.topo.json").layers["countries"]
    order = _in_use(places)
    points = boundaries.world_points()
    page = equal_earth(np.array([lonlat for _, *lonlat in points.values()]))
    markers = [
        [code, round(float(x), 1), round(float(y), 1)]
        for code, (x, y) in zip(points, page, strict=True)
    ]
    return _geometry("world.topo.json", places, order, order) | {
        "points": markers,
        "labels": _labels(places, equal_earth),
    }


def states() -> Json:
    places = boundaries.read_pack("us.topo.json").layers["states"]
    order = _in_use(places)
    labels = _labels(places, composite_albers)
    return _geometry("us.topo.json", places, order, order) | {"labels": labels}


def parts() -> Json:
    """The subdivisions of some federations; `inner` are the arcs between two of them."""
    places = boundaries.read_pack(PARTS).layers["subdivisions"]
    order = _in_use(places)
    rings = (ring for place in places for polygon in place.polygons for ring in polygon)
    used = Counter(i if i >= 0 else ~i for ring in rings for i in ring)
    inner = [number for number, old in enumerate(order) if used[old] > 1]
    labels = _labels(places, equal_earth)
    return _geometry(PARTS, places, order, order) | {"labels": labels, "inner": inner}


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
    # In order of first use: the next arc of a ring is then mostly the next number.
    return list(dict.fromkeys(i if i >= 0 else ~i for ring in rings for i in ring))


def _geometry(file: str, places: Sequence[Place], order: list[int], own: list[int]) -> Json:
    arcs = boundaries.projected_arcs(file)
    number = {old: new for new, old in enumerate(order)}
    return {
        "grid": GRID[file],
        "arcs": varints(_arc_numbers(_on_grid([arcs[i] for i in own], file))),
        "places": varints(_place_numbers(places, number)),
        "codes": [place.code for place in places],
    }


def _on_grid(arcs: Sequence[Points], file: str) -> list[NDArray[np.int64]]:
    """Each line with as few points as its ends and the tolerance allow; an island stays one."""
    index = np.repeat(np.arange(len(arcs)), [len(arc) for arc in arcs])
    lines = shapely.linestrings(np.concatenate(arcs), indices=index)
    tried = [
        _rounded(shapely.simplify(lines, tolerance, preserve_topology=False), file)
        for tolerance in (TOLERANCE[file], TOLERANCE[file] / 4, 0.0)
    ]
    least = [4 if np.array_equal(arc[0], arc[-1]) else 2 for arc in arcs]
    return [
        next((v for v in versions if len(v) >= points), versions[-1])
        for points, *versions in zip(least, *tried, strict=True)
    ]


def _rounded(lines: NDArray[np.object_], file: str) -> list[NDArray[np.int64]]:
    points, index = shapely.get_coordinates(lines, return_index=True)
    grid = np.round(points * GRID[file]).astype(np.int64)
    moves = np.append(True, np.any(np.diff(grid, axis=0) != 0, axis=1) | (np.diff(index) != 0))
    grid, index = grid[moves], index[moves]
    return np.split(grid, np.flatnonzero(np.diff(index)) + 1)


def _arc_numbers(arcs: Sequence[NDArray[np.int64]]) -> Iterable[int]:
    yield len(arcs)
    x = y = 0
    for arc in arcs:
        yield len(arc)
        for to_x, to_y in arc.tolist():
            yield to_x - x
            yield to_y - y
            x, y = to_x, to_y


def _place_numbers(places: Sequence[Place], number: dict[int, int]) -> Iterable[int]:
    """Polygons, rings and arcs of each place; an arc walked backwards is odd, its number doubled.

    Each arc is told by its distance from the one before.
    """
    last = 0
    for place in places:
        yield len(place.polygons)
        for polygon in place.polygons:
            yield len(polygon)
            for ring in polygon:
                yield len(ring)
                for old in ring:
                    new = number[old] * 2 if old >= 0 else number[~old] * 2 + 1
                    yield new - last
                    last = new


def main(arguments: list[str] | None = None) -> None:
    """Write the packs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    for name, content in packs().items():
        text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
        (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
