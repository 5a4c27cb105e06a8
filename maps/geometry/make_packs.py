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
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from maps import boundaries
from maps.boundaries import Place, Points
from maps.encode import Json, PackName, varints
from maps.projection import composite_albers, equal_earth

US, WORLD = "us.topo.json", "world.topo.json"
PARTS, DISPUTED = "subdivisions.topo.json", "disputed.topo.json"


@dataclass(frozen=True)
class Detail:
    """How much of a line is kept.

    `grid`: steps per unit of the plane. `tolerance`: how far, in units, a line may be moved to
    leave out points. `least`: parts of a place smaller than this many units either way are left
    out, but for its largest.
    """

    grid: int
    tolerance: float
    least: float = 0.0


# The fine ones are about a pixel at the deepest zoom that the view allows; the coarse one half a
# pixel as long as the fine one is not asked for (from zoom 1 on, two pixels a unit).
COARSE = Detail(4, 0.2, 0.4)
FINE = {US: Detail(20, 0.05), WORLD: Detail(12, 0.08), PARTS: Detail(12, 0.08)}
# Two sources that differ by less than this many units mean the same border; shorter lines of
# them that happen to be near each other are chance.
SAME_BORDER = 0.6
LEAST_BORDER = 1.5


def packs() -> dict[PackName, Json]:
    """Every pack, by name."""
    return {
        "us": _view(US, "states", composite_albers, COARSE),
        "us-counties": counties(),
        "world": world(),
        "world-fine": _world(FINE[WORLD]),
        "parts": parts(),
    }


def world() -> Json:
    points = boundaries.world_points()
    page = equal_earth(np.array([lonlat for _, *lonlat in points.values()]))
    markers = [
        [code, round(float(x), 1), round(float(y), 1)]
        for code, (x, y) in zip(points, page, strict=True)
    ]
    return _world(COARSE) | {"points": markers}


def _world(detail: Detail) -> Json:
    """Countries, and `disputed`: lines of their own, over the borders of the countries."""
    return _view(WORLD, "countries", equal_earth, detail) | {
        "disputed": varints(_arc_numbers(_disputed(detail)))
    }


def _view(file: str, layer: str, project: Callable[[Points], Points], detail: Detail) -> Json:
    places = _without_islets(file, boundaries.read_pack(file).layers[layer], detail.least)
    order = _in_use(places)
    return {
        "grid": detail.grid,
        "arcs": _lines(file, order, detail),
        "places": varints(_place_numbers(places, _numbers(order))),
        "codes": [place.code for place in places],
        "labels": _labels(places, project),
    }


def parts() -> Json:
    """The subdivisions of some federations: exact between each other, wide at the coast."""
    return _view(PARTS, "subdivisions", equal_earth, FINE[PARTS])


def _disputed(detail: Detail) -> list[NDArray[np.int64]]:
    """Where a disputed line runs along a border that is drawn, that border; else the line."""
    borders = boundaries.projected_arcs(WORLD)
    shared = _shared(boundaries.read_pack(WORLD).layers["countries"])
    drawn = _on_grid([borders[i] for i in sorted(shared)], detail)
    mesh = shapely.union_all(
        [shapely.LineString(line / detail.grid) for line in drawn if len(line) > 1]
    )
    claims = shapely.union_all(
        [shapely.LineString(line) for line in boundaries.projected_arcs(DISPUTED)]
    )
    along = shapely.intersection(mesh, shapely.buffer(claims, SAME_BORDER))
    apart = shapely.difference(claims, shapely.buffer(mesh, SAME_BORDER))
    lines = [
        shapely.get_coordinates(line)
        for part in (along, apart)
        for line in shapely.get_parts(shapely.line_merge(part))
        if line.length >= LEAST_BORDER
    ]
    return _on_grid(sorted(lines, key=lambda line: line.tolist()), detail)


def counties() -> Json:
    """The states once more, fine, and the counties on the same arcs.

    `outlines` are the arcs of the states, `arcs` those that come after them; `states` are the
    places of the pack `us`, in its order.
    """
    topology = boundaries.read_pack(US)
    states, places = topology.layers["states"], topology.layers["counties"]
    first = _in_use(states)
    known = {_plain(signed) for signed in first}
    rest = [signed for signed in _in_use(places) if _plain(signed) not in known]
    number = _numbers(first + rest)
    return {
        "grid": FINE[US].grid,
        "outlines": _lines(US, first, FINE[US]),
        "arcs": _lines(US, rest, FINE[US]),
        "states": varints(_place_numbers(states, number)),
        "places": varints(_place_numbers(places, number)),
        "codes": [place.code for place in places],
    }


def _without_islets(file: str, places: Sequence[Place], least: float) -> list[Place]:
    arcs = boundaries.projected_arcs(file)

    def size(polygon: list[list[int]]) -> float:
        points = boundaries.ring_points(polygon[0], arcs)
        return float(np.ptp(points, axis=0).max())

    def kept(place: Place) -> Place:
        sizes = [size(polygon) for polygon in place.polygons]
        large = [
            polygon
            for polygon, its in zip(place.polygons, sizes, strict=True)
            if its >= least or its == max(sizes)
        ]
        return replace(place, polygons=large)

    return [kept(place) for place in places]


def _labels(places: Sequence[Place], project: Callable[[Points], Points]) -> list[list[float]]:
    lonlat = np.array([place.label for place in places], dtype=np.float64)
    labels: list[list[float]] = np.round(project(lonlat), 1).tolist()
    return labels


def _rings(places: Sequence[Place]) -> Iterable[list[int]]:
    return (ring for place in places for polygon in place.polygons for ring in polygon)


def _plain(signed: int) -> int:
    """The number of an arc, whichever way it is walked."""
    return signed if signed >= 0 else ~signed


def _shared(places: Sequence[Place]) -> set[int]:
    """The arcs between two places."""
    used = Counter(_plain(signed) for ring in _rings(places) for signed in ring)
    return {number for number, times in used.items() if times > 1}


def _in_use(places: Sequence[Place]) -> list[int]:
    """Arcs in order of first use, the way they are first walked.

    The next arc of a ring is then mostly the next number, and begins where the last one ended.
    """
    first: dict[int, int] = {}
    for ring in _rings(places):
        for signed in ring:
            first.setdefault(_plain(signed), signed)
    return list(first.values())


def _numbers(order: list[int]) -> dict[int, int]:
    """Signed arc of the source -> twice its number, odd if walked backwards."""
    number = {signed: 2 * n for n, signed in enumerate(order)}
    return number | {~signed: 2 * n + 1 for n, signed in enumerate(order)}


def _lines(file: str, order: list[int], detail: Detail) -> str:
    arcs = boundaries.projected_arcs(file)
    lines = [arcs[signed] if signed >= 0 else arcs[~signed][::-1] for signed in order]
    return varints(_arc_numbers(_on_grid(lines, detail)))


def _on_grid(arcs: Sequence[Points], detail: Detail) -> list[NDArray[np.int64]]:
    """Each line with as few points as its ends and the tolerance allow; an island stays one."""
    index = np.repeat(np.arange(len(arcs)), [len(arc) for arc in arcs])
    lines = shapely.linestrings(np.concatenate(arcs), indices=index)
    tried = [
        _rounded(shapely.simplify(lines, tolerance, preserve_topology=False), detail.grid)
        for tolerance in (detail.tolerance, detail.tolerance / 4, 0.0)
    ]
    least = [4 if np.array_equal(arc[0], arc[-1]) else 2 for arc in arcs]
    return [
        next((v for v in versions if len(v) >= points), versions[-1])
        for points, *versions in zip(least, *tried, strict=True)
    ]


def _rounded(lines: NDArray[np.object_], steps: int) -> list[NDArray[np.int64]]:
    points, index = shapely.get_coordinates(lines, return_index=True)
    grid = np.round(points * steps).astype(np.int64)
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
                for signed in ring:
                    yield number[signed] - last
                    last = number[signed]


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
