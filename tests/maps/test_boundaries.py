from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import shapely

import maps.geometry
from maps import boundaries, projection
from maps.boundaries import PACKS, load, load_lonlat

GEOMETRY = Path(maps.geometry.__file__).parent
REGISTRY = Path(__file__).parents[2] / "jurisdictions" / "registry" / "places.csv"
LAYERS = list(PACKS)


def registry(level: str) -> set[str]:
    if not REGISTRY.exists():
        pytest.skip("the register of places is not there")
    with REGISTRY.open(encoding="utf-8", newline="") as file:
        return {row["code"] for row in csv.DictReader(file) if row["level"] == level}


def test_packs_are_the_recorded_ones() -> None:
    sources = (GEOMETRY / "SOURCES.md").read_text(encoding="utf-8")
    recorded = dict(re.findall(r"^\| `([\w.-]+)` \|.*`([0-9a-f]{64})` \|$", sources, re.M))
    packs = {path.name: path.read_bytes() for path in GEOMETRY.glob("*.json")}
    assert packs
    for name, content in packs.items():
        assert hashlib.sha256(content).hexdigest() == recorded[name], name
    assert sum(map(len, packs.values())) < 1_500_000


def test_vendored_leaflet_is_the_recorded_one() -> None:
    sources = (GEOMETRY / "SOURCES.md").read_text(encoding="utf-8")
    vendor = GEOMETRY.parent / "templates" / "vendor"
    for name in ("leaflet.js", "leaflet.css"):
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() in sources


def test_states_are_the_fifty_the_district_and_five_territories() -> None:
    wanted = {f"US-{letters}" for letters in boundaries.STATE_FIPS.values()}
    assert boundaries.codes("us-states") == wanted
    assert len(wanted) == 56


def test_counties_are_those_of_2023_without_the_district() -> None:
    counties = boundaries.codes("us-counties")
    assert len(counties) == 3233 - 1
    assert all(re.fullmatch(r"US-[A-Z]{2}-\d{5}", code) for code in counties)
    for code in counties:
        assert code[3:5] == boundaries.STATE_FIPS[code[6:8]]
    geoids = {code[-5:] for code in counties}
    assert {"09110", "09190", "02063", "02066", "46102", "51610"} <= geoids
    assert not geoids & {"11001", *boundaries.OLD_COUNTIES}
    successors = {new for news in boundaries.OLD_COUNTIES.values() for new in news}
    assert successors <= geoids


def test_counties_and_states_are_those_of_the_register() -> None:
    assert boundaries.codes("us-counties") == registry("county")
    assert boundaries.codes("us-states") <= registry("subdivision")


def test_every_country_of_the_register_is_drawn() -> None:
    drawn = boundaries.codes("world") | set(boundaries.world_points())
    assert registry("country") <= drawn
    known = registry("country") | registry("subdivision")
    assert drawn - known <= {"US-UM"}


def test_the_world_is_the_249_places_of_iso_3166_and_kosovo() -> None:
    polygons, points = boundaries.codes("world"), set(boundaries.world_points())
    assert not polygons & points
    assert len(polygons | points) == 249 + 1
    assert {"XK", "EH", "US-PR", "US-GU", "US-AS", "US-MP", "US-VI", "GF", "SJ"} <= polygons
    # Two letters mean a country here and a state there: they must never meet.
    assert {"AL", "VA", "CA", "GA", "IL", "PA"} <= polygons | points
    assert {code for code in polygons | points if code.startswith("US-")} == {
        f"US-{letters}" for letters in boundaries.US_TERRITORIES
    }


@pytest.mark.parametrize("layer", LAYERS)
def test_every_polygon_has_a_code_a_name_and_an_area(layer: boundaries.Layer) -> None:
    frame = load(layer)
    assert list(frame.columns) == ["code", "name", "geometry"]
    assert frame["code"].is_unique
    assert set(frame["code"]) == boundaries.codes(layer)
    assert (frame["name"].str.len() > 2).all()
    assert (frame.geometry.area > 0).all()


@pytest.mark.parametrize("layer", LAYERS)
def test_lonlat_is_what_rfc_7946_asks_for(layer: boundaries.Layer) -> None:
    frame = load_lonlat(layer)
    assert frame.crs.to_epsg() == 4326
    assert frame.is_valid.all()
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    west, south, east, north = frame.total_bounds
    assert (west, east) >= (-180.0, 0.0)
    assert east <= 180.0
    assert -90 <= south < north <= 90
    for polygon in shapely.get_parts(frame.geometry.to_numpy()):
        assert polygon.exterior.is_ccw
        assert not any(hole.is_ccw for hole in polygon.interiors)


def test_places_are_where_they_are() -> None:
    where = {
        "world": {"TH": (100.5, 13.9), "AL": (20.0, 41.0), "RU": (37.6, 55.7), "EH": (-13, 24.5)},
        "us-states": {"US-AL": (-86.8, 33.5), "US-AK": (-147.7, 64.84), "US-PR": (-66.4, 18.2)},
        "us-counties": {"US-AL-01073": (-86.8, 33.5), "US-VA-51610": (-77.17, 38.884)},
    }
    for layer, places in where.items():
        frame = load_lonlat(layer).set_index("code").geometry  # type: ignore[arg-type]
        for code, point in places.items():
            assert frame[code].contains(shapely.Point(point)), code
    # Both sides of the antimeridian belong to Russia.
    assert load_lonlat("world").set_index("code").geometry["RU"].contains(shapely.Point(-175, 66))


def test_no_line_runs_across_the_page() -> None:
    for file, width in (("world.topo.json", 70), ("us.topo.json", 70)):
        for arc in boundaries.projected_arcs(file):
            steps = abs(arc[1:] - arc[:-1]).max(initial=0)
            assert steps < width


def test_counties_lie_in_their_state_on_the_page() -> None:
    states = load("us-states").set_index("code").geometry.buffer(2)
    counties = load("us-counties")
    parents = states.loc[counties["code"].str[:5]].to_numpy()
    assert shapely.covers(parents, counties.geometry.to_numpy()).all()


def test_projections_are_equal_area() -> None:
    frame = load("world").set_index("code").geometry.area
    # Square kilometres, roughly; from any encyclopedia.
    for code, area in {"BR": 8.5e6, "DE": 3.57e5, "AU": 7.7e6, "SE": 4.5e5}.items():
        assert frame[code] / frame["IN"] == pytest.approx(area / 3.29e6, rel=0.06)


def test_a_point_outside_the_united_states_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the United States"):
        projection.composite_albers(np.array([[10.0, -50.0]]))
