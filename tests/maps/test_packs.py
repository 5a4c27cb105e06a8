"""The committed packs are what the boundaries beside them give."""

from __future__ import annotations

import csv
import json

import shapely

from kratom_atlas.register import packaged_sheets
from maps import boundaries, encode
from maps.geometry import make_packs

REGISTRY = packaged_sheets() / "registry" / "places.csv"


def test_the_committed_packs_are_what_the_boundaries_give() -> None:
    for name, content in make_packs.packs().items():
        assert encode.pack(name) == json.loads(json.dumps(content)), name


def subdivisions() -> set[str]:
    """Those of the register that the view of the United States does not show."""
    with REGISTRY.open(encoding="utf-8", newline="") as file:
        codes = {row["code"] for row in csv.DictReader(file) if row["level"] == "subdivision"}
    return {code for code in codes if not code.startswith("US-")}


def test_no_place_is_lost() -> None:
    assert set(encode.pack("us")["codes"]) == boundaries.codes("us-states")
    assert set(encode.pack("us-counties")["codes"]) == boundaries.codes("us-counties")
    assert set(encode.pack("world")["codes"]) == boundaries.codes("world")
    assert encode.pack("world-fine")["codes"] == encode.pack("world")["codes"]
    assert set(encode.pack("parts")["codes"]) == subdivisions()
    assert len(encode.pack("world")["codes"]) + len(encode.pack("world")["points"]) == 250


def test_parts_of_a_country_do_not_overlap_and_cover_its_land() -> None:
    topology = boundaries.read_pack("subdivisions.topo.json")
    countries = boundaries.load_lonlat("world").set_index("code").geometry
    shapes: dict[str, list[shapely.Geometry]] = {}
    for place in topology.layers["subdivisions"]:
        rings = [boundaries.ring_points(polygon[0], topology.arcs) for polygon in place.polygons]
        whole = shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])
        shapes.setdefault(place.code[:2], []).append(whole)
    assert {code: len(found) for code, found in shapes.items()} == {
        "AU": 8, "CA": 13, "GB": 4, "MY": 16,
    }  # fmt: skip
    for code, found in shapes.items():
        together, land = shapely.union_all(found), countries[code]
        assert sum(shape.area for shape in found) < together.area * 1.01, code
        assert land.intersection(together).area > 0.99 * land.area, code


def test_disputed_lines_are_few_and_where_they_are() -> None:
    lines = boundaries.read_pack("disputed.topo.json").arcs
    near = {"Kosovo": (21.0, 43.0), "Cyprus": (33.5, 35.1), "Kashmir": (74.0, 34.1)}
    everything = shapely.MultiLineString([line for line in lines if len(line) > 1])
    for name, point in near.items():
        assert everything.distance(shapely.Point(point)) < 0.5, name
    for name in ("world", "world-fine"):
        assert 500 < len(encode.pack(name)["disputed"]) < 5_000  # type: ignore[arg-type]
