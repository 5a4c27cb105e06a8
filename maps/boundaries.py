"""Boundary packs: reading them, and placing them on the page.

The packs hold longitude and latitude. `load` gives the page's plane (Equal Earth for the world,
a composite Albers for the United States), `load_lonlat` gives WGS 84 for data files.
Boundaries are not a statement on sovereignty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from maps.projection import composite_albers, equal_earth

Layer = Literal["world", "us-states", "us-counties"]
Points = NDArray[np.float64]
# Arc numbers as in TopoJSON: ~n is arc n walked backwards.
Polygons = list[list[list[int]]]

PACKS: Mapping[Layer, tuple[str, str]] = {
    "world": ("world.topo.json", "countries"),
    "us-states": ("us.topo.json", "states"),
    "us-counties": ("us.topo.json", "counties"),
}

_STATES = (
    "01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY "
    "22LA 23ME 24MD 25MA 26MI 27MN 28MS 29MO 30MT 31NE 32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH "
    "40OK 41OR 42PA 44RI 45SC 46SD 47TN 48TX 49UT 50VT 51VA 53WA 54WV 55WI 56WY 60AS 66GU 69MP "
    "72PR 78VI"
)
STATE_FIPS = {pair[:2]: pair[2:] for pair in _STATES.split()}

# Countries in ISO 3166-1 that are keyed as parts of the United States. Never guess this from
# two letters: AL is Albania, US-AL is Alabama.
US_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "UM", "VI"})

# Polygons of the source that ISO 3166 does not know, and the place they are drawn with.
# Kosovo has the user-assigned code XK. Crimea and the Kuril Islands are as the source has them.
ALIASES = {
    "XKX": "XK",
    "CYN": "CY",  # N. Cyprus: within Cyprus in ISO 3166
    "SOL": "SO",  # Somaliland: within Somalia in ISO 3166
    "KAS": "IN",  # Siachen Glacier: administered by India
    "ATC": "AU",  # Ashmore and Cartier Islands: an Australian territory without a code
    "IOA": "CX",  # "Indian Ocean Territories": Christmas Island, and the Cocos Islands below
}

# Parts of a source polygon with an ISO code of their own: (code, name, west/south/east/north).
Box = tuple[float, float, float, float]
SPLITS: Mapping[str, Sequence[tuple[str, str, Box]]] = {
    "FRA": (
        ("GF", "French Guiana", (-55.0, 2.0, -51.0, 6.0)),
        ("GP", "Guadeloupe", (-62.0, 15.6, -60.9, 16.7)),
        ("MQ", "Martinique", (-61.4, 14.3, -60.7, 15.0)),
        ("YT", "Mayotte", (44.9, -13.1, 45.4, -12.5)),
        ("RE", "Réunion", (55.0, -21.5, 56.0, -20.7)),
    ),
    "IOA": (("CC", "Cocos (Keeling) Islands", (96.0, -13.0, 97.5, -11.0)),),
    "NLD": (("BQ", "Caribbean Netherlands", (-69.0, 11.5, -62.0, 18.0)),),
    "NOR": (
        ("SJ", "Svalbard and Jan Mayen", (-10.0, 70.0, -7.0, 72.0)),
        ("SJ", "Svalbard and Jan Mayen", (10.0, 74.0, 34.0, 81.0)),
    ),
    "NZL": (("TK", "Tokelau", (-173.0, -10.0, -170.5, -8.0)),),
}

# Counties that were renamed or split, and where their law is to be looked for now.
# Connecticut's eight counties became nine planning regions with other borders: no one-to-one
# successor exists, so they are listed as gone, without one.
OLD_COUNTIES: Mapping[str, tuple[str, ...]] = {
    "02261": ("02063", "02066"),
    "02270": ("02158",),
    "46113": ("46102",),
    "51515": ("51019",),
    **{f"090{n:02d}": () for n in range(1, 16, 2)},
}


@dataclass(frozen=True)
class Place:
    code: str
    name: str
    polygons: Polygons
    label: tuple[float, float] | None


@dataclass(frozen=True)
class Topology:
    """A pack: arcs as (n, 2) arrays of longitude and latitude, and places made of them."""

    arcs: Sequence[Points]
    layers: Mapping[str, Sequence[Place]]


@cache
def read_pack(file: str) -> Topology:
    data = json.loads(_geometry_file(file))
    layers = {
        name: [_place(item) for item in layer["geometries"] if item["type"] == "MultiPolygon"]
        for name, layer in data["objects"].items()
    }
    return Topology(decode_arcs(data), layers)


def decode_arcs(data: Mapping[str, Any]) -> list[Points]:
    scale, shift = data["transform"]["scale"], data["transform"]["translate"]
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in data["arcs"]]


def ring_points(ring: Sequence[int], arcs: Sequence[Points] | Mapping[int, Points]) -> Points:
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring]
    return np.concatenate([part[:-1] for part in parts] + [parts[-1][-1:]])


@cache
def world_points() -> Mapping[str, tuple[str, float, float]]:
    """Places of ISO 3166-1 without a polygon: code -> (name, longitude, latitude)."""
    data = json.loads(_geometry_file("world-points.json"))
    return {code: (item["name"], *item["lonlat"]) for code, item in data.items()}


def codes(layer: Layer) -> frozenset[str]:
    file, name = PACKS[layer]
    return frozenset(place.code for place in read_pack(file).layers[name])


def load(layer: Layer) -> geopandas.GeoDataFrame:
    """code, name, geometry in the plane of the page (units of the drawing, y grows downwards)."""
    file, _ = PACKS[layer]
    return _frame(layer, projected_arcs(file), None)


def load_lonlat(layer: Layer) -> geopandas.GeoDataFrame:
    """code, name, geometry in WGS 84 as RFC 7946 wants it: cut at 180 degrees, shells to the left.

    Census boundaries are NAD 83, which is within two metres of WGS 84: not distinguished here.
    """
    file, _ = PACKS[layer]
    frame = _frame(layer, read_pack(file).arcs, "EPSG:4326")
    shapes = [_cut_at_antimeridian(shape) for shape in _repaired(frame.geometry.to_numpy())]
    frame["geometry"] = shapely.orient_polygons(np.array(shapes), exterior_cw=False)
    return frame


@cache
def projected_arcs(file: str) -> Sequence[Points]:
    """All arcs of a pack in the plane of the page: one call of the projection, then split."""
    arcs = read_pack(file).arcs
    points, sizes = np.concatenate(arcs), [len(arc) for arc in arcs]
    if file != PACKS["us-states"][0]:
        page = equal_earth(points)
    else:
        # An inset is chosen for an arc as a whole, so that no line runs from one to another.
        page = composite_albers(points, np.repeat(np.arange(len(arcs)), sizes))
    return np.split(page, np.cumsum(sizes)[:-1])


def _frame(layer: Layer, arcs: Sequence[Points], crs: str | None) -> geopandas.GeoDataFrame:
    file, name = PACKS[layer]
    places = read_pack(file).layers[name]
    rows = {
        "code": [place.code for place in places],
        "name": [place.name for place in places],
        "geometry": [_shape(place.polygons, arcs) for place in places],
    }
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=crs)


def _shape(polygons: Polygons, arcs: Sequence[Points]) -> shapely.MultiPolygon:
    parts = []
    for polygon in polygons:
        shell, *holes = [ring_points(ring, arcs) for ring in polygon]
        parts.append(shapely.Polygon(shell, holes))
    return shapely.MultiPolygon(parts)


def _repaired(shapes: NDArray[Any]) -> list[shapely.Geometry]:
    """Valid areas only: the sources contain a few rings that touch or cross themselves."""
    valid = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    return [shapely.union_all(_polygons(shape)) for shape in valid]


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    if shape.geom_type == "Polygon":
        return [shape]
    parts = getattr(shape, "geoms", ())
    return [polygon for part in parts for polygon in _polygons(part)]


def _cut_at_antimeridian(shape: shapely.Geometry) -> shapely.Geometry:
    """Bring the world pack's continuous frame (-188 to 191) back between -180 and 180."""
    west, _, east, _ = shape.bounds
    if west >= -180 and east <= 180:
        return shape
    pieces = []
    for turn in (-360, 0, 360):
        window = shapely.box(-180 - turn, -90, 180 - turn, 90)
        part = shapely.intersection(shape, window)
        pieces += [_shifted(piece, turn) for piece in _polygons(part)]
    return shapely.MultiPolygon(pieces)


def _shifted(shape: shapely.Polygon, degrees: int) -> shapely.Polygon:
    return shapely.transform(shape, lambda xy: xy + np.array([degrees, 0.0]))


def _place(item: Mapping[str, Any]) -> Place:
    label = item["properties"].get("label")
    return Place(
        code=item["id"],
        name=item["properties"]["name"],
        polygons=item["arcs"],
        label=(label[0], label[1]) if label else None,
    )


def _geometry_file(name: str) -> str:
    return resources.files("maps.geometry").joinpath(name).read_text(encoding="utf-8")
