"""Outlines as SVG path data: the boundaries of the page, thinned out and fitted to a box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Final, Literal

import numpy as np
import shapely

from maps import boundaries
from maps.boundaries import Place, Points, Polygons, read_pack, ring_points
from maps.projection import around, composite_albers, equal_earth

__all__ = ["Box", "Sheet", "inside", "local", "overview"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
View = Literal["us", "world"]
Arcs = Sequence[Points] | Mapping[int, Points]

US: Final = "us.topo.json"
WORLD: Final = "world.topo.json"
PARTS: Final = "subdivisions.topo.json"
LAYERS: Final = {US: ("states", "counties"), WORLD: ("countries",), PARTS: ("subdivisions",)}
DETAIL: Final = 0.2
"""How far a line may be moved to leave out points, in units of the drawing: print shows no more."""
MAIN: Final = 0.95
"""The parts that make up so much of a place's area decide its frame."""
EDGE: Final = 0.03
"""Parts that lie further beyond the frame are left out: a share of its longer side."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """Places of one plane, fitted to a box; lengths are units of the drawing."""

    arcs: Mapping[int, Points]
    places: Mapping[str, Place]
    scale: float
    shift: Points
    plane: str
    _areas: dict[str, str] = field(default_factory=dict)
    _nets: dict[tuple[str, ...], str] = field(default_factory=dict)
    _bounds: dict[str, Box] = field(default_factory=dict)

    def path(self, codes: Iterable[str]) -> str:
        """The areas of some places."""
        return "".join(self._area(code) for code in codes)

    def _area(self, code: str) -> str:
        if code not in self._areas:
            rings = (ring for polygon in self.places[code].polygons for ring in polygon)
            self._areas[code] = "".join(_run(self._ring(ring), closed=True) for ring in rings)
        return self._areas[code]

    def _ring(self, ring: list[int]) -> Points:
        return ring_points(ring, self.arcs)

    def net(self, codes: Iterable[str]) -> str:
        """Their borders, each drawn once."""
        wanted = tuple(codes)
        if wanted not in self._nets:
            used = _arcs_of(self.places[code].polygons for code in wanted)
            self._nets[wanted] = "".join(_run(self.arcs[n], closed=False) for n in used)
        return self._nets[wanted]

    def point(self, lonlat: tuple[float, float]) -> tuple[float, float]:
        """Where a place without an outline is."""
        x, y = (_plane(self.plane, np.array([lonlat])) * self.scale + self.shift)[0]
        return float(x), float(y)

    def has(self, code: str) -> bool:
        """Whether a place has an outline here."""
        return code in self.places

    def bounds(self, code: str) -> Box:
        """Of the largest part of a place."""
        if code not in self._bounds:
            shells = (self._ring(polygon[0]) for polygon in self.places[code].polygons)
            self._bounds[code] = max((_bounds([shell]) for shell in shells), key=_area)
        return self._bounds[code]

    def label(self, code: str) -> tuple[float, float] | None:
        """Where its letters go."""
        lonlat = self.places[code].label
        return self.point(lonlat) if lonlat else None


@cache
def overview(view: View, frame: Box, box: Box) -> tuple[Sheet, Sheet]:
    """A whole view and what is drawn over it: counties, or subdivisions of federations.

    `frame`, in units of the page's plane, is fitted to `box`.
    """
    first = boundaries.PACKS["us-states" if view == "us" else "world"]
    second = (US, "counties") if view == "us" else (PARTS, "subdivisions")
    scale, shift = _fit(frame, box)
    sheets = []
    for file, layer in (first, second):
        places = {place.code: place for place in read_pack(file).layers[layer]}
        used = _arcs_of(place.polygons for place in places.values())
        fitted = [boundaries.projected_arcs(file)[n] * scale + shift for n in used]
        arcs = dict(zip(used, _thinned(fitted), strict=True))
        sheets.append(Sheet(arcs, places, scale, shift, view))
    return sheets[0], sheets[1]


@lru_cache(maxsize=8)
def local(codes: tuple[str, ...], more: tuple[str, ...], box: Box) -> Sheet | None:
    """Places fitted to a box, and `more` at the same scale; None where they have no outlines."""
    file, layers = _home(codes)
    if file is None:
        return None
    places = {p.code: p for layer in layers for p in read_pack(file).layers[layer]}
    here = {code: places[code] for code in (*codes, *more) if code in places}
    used = _arcs_of(place.polygons for place in here.values())
    source = read_pack(file).arcs
    if file == US:
        plane = "us"
        flat = {n: boundaries.projected_arcs(file)[n] for n in used}
    else:
        left, top, right, bottom = _main([here[code] for code in codes], source)
        plane = f"{(left + right) / 2:.2f} {(top + bottom) / 2:.2f}"
        flat = {n: _plane(plane, source[n]) for n in used}
    frame = _main([here[code] for code in codes], flat)
    scale, shift = _fit(frame, box)
    fitted = [flat[n] * scale + shift for n in used]
    near = {code: _near(place, flat, frame) for code, place in here.items()}
    return Sheet(dict(zip(used, _thinned(fitted), strict=True)), near, scale, shift, plane)


def _home(codes: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The pack with outlines of these places, and its layers."""
    for file, layers in LAYERS.items():
        if codes and _known(file).issuperset(codes):
            return file, layers
    return None, ()


@cache
def inside(code: str) -> tuple[str, ...]:
    """The counties of a state, or the parts of a federation, that have an outline."""
    layers = ((US, "counties"), (PARTS, "subdivisions"))
    found = (place.code for file, layer in layers for place in read_pack(file).layers[layer])
    return tuple(each for each in found if each.rpartition("-")[0] == code)


@cache
def _known(file: str) -> frozenset[str]:
    layers = read_pack(file).layers
    return frozenset(place.code for layer in LAYERS[file] for place in layers[layer])


def _plane(name: str, lonlat: Points) -> Points:
    if name == "us":
        return composite_albers(lonlat)
    if name == "world":
        return equal_earth(lonlat)
    lon, lat = map(float, name.split())
    return around(lonlat, (lon, lat))


def _arcs_of(places: Iterable[Polygons]) -> list[int]:
    """The arcs that some places are made of, each once, in order of first use."""
    rings = (ring for polygons in places for polygon in polygons for ring in polygon)
    return list(dict.fromkeys(i if i >= 0 else ~i for ring in rings for i in ring))


def _main(places: Sequence[Place], arcs: Arcs) -> Box:
    """The bounds of the largest parts of each, which make up nearly all of its area."""
    kept: list[Points] = []
    for place in places:
        shells = [ring_points(polygon[0], arcs) for polygon in place.polygons]
        areas = shapely.area(np.array([shapely.Polygon(shell) for shell in shells]))
        order = np.argsort(areas, kind="stable")[::-1]
        until = int(np.searchsorted(np.cumsum(areas[order]), MAIN * areas.sum())) + 1
        kept += [shells[i] for i in order[:until]]
    return _bounds(kept)


def _near(place: Place, arcs: Arcs, frame: Box) -> Place:
    """Without the parts that lie outside the frame, or half so."""
    edge = EDGE * max(frame[2] - frame[0], frame[3] - frame[1])
    left, top, right, bottom = frame
    room = shapely.box(left - edge, top - edge, right + edge, bottom + edge)
    kept = [
        polygon
        for polygon in place.polygons
        if room.contains(shapely.box(*_bounds([ring_points(polygon[0], arcs)])))
    ]
    return replace(place, polygons=kept)


def _bounds(rings: Sequence[Points]) -> Box:
    points = np.concatenate(rings)
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return left, top, right, bottom


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _fit(frame: Box, box: Box) -> tuple[float, Points]:
    """Scale and shift that put a frame in the middle of a box, as large as it goes."""
    wide, high = frame[2] - frame[0], frame[3] - frame[1]
    scale = min((box[2] - box[0]) / max(wide, 1e-9), (box[3] - box[1]) / max(high, 1e-9))
    middle = np.array([frame[0] + frame[2], frame[1] + frame[3]]) / 2
    target = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    return scale, target - middle * scale


def _thinned(arcs: Sequence[Points]) -> list[Points]:
    """Each line with as few points as the detail allows; an island stays one."""
    if not arcs:
        return []
    index = np.repeat(np.arange(len(arcs)), [len(arc) for arc in arcs])
    lines = shapely.linestrings(np.concatenate(arcs), indices=index)
    thin = shapely.simplify(lines, DETAIL, preserve_topology=False)
    points, of = shapely.get_coordinates(thin, return_index=True)
    made = np.split(points, np.flatnonzero(np.diff(of)) + 1)
    least = [4 if np.array_equal(arc[0], arc[-1]) else 2 for arc in arcs]
    return [
        new if len(new) >= few else old for new, old, few in zip(made, arcs, least, strict=True)
    ]


def _run(points: Points, *, closed: bool) -> str:
    """A line in steps of a twentieth of a unit, told by its differences."""
    grid = np.round(points * 20).astype(np.int64)
    steps = np.diff(grid, axis=0)
    steps = steps[np.any(steps != 0, axis=1)]
    if closed:
        steps = steps[:-1]  # z goes back
    if not len(steps):
        return ""
    x, y = (_number(v) for v in grid[0])
    moved = " ".join(f"{_number(dx)} {_number(dy)}" for dx, dy in steps)
    return f"M{x} {y}l{moved}{'z' if closed else ''}".replace(" -", "-")


def _number(twentieths: int) -> str:
    text = f"{int(twentieths) / 20:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
