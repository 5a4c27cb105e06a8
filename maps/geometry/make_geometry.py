"""Derive the committed boundary packs from registry packages.

Run by hand when boundaries change; the output is committed and recorded in SOURCES.md:

    python -m maps.geometry.make_geometry --us-atlas counties-10m.json --world 50m.json \
        --admin world_map.gpkg --zone-tab zone.tab --iso3166-tab iso3166.tab --out maps/geometry

It needs `topojson`, which nothing else here does.

The packs are ordinary quantised TopoJSON in longitude and latitude, so any GIS reads them.
Projection happens when a page is built (maps/boundaries.py).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
import topojson

from maps.boundaries import ALIASES, SPLITS, STATE_FIPS, US_TERRITORIES, decode_arcs, ring_points

Json = dict[str, Any]
Ring = list[int]
Polygon = list[Ring]
Arcs = Sequence[np.ndarray] | Mapping[int, np.ndarray]

# About 2.8 km at the equator: one pixel at the deepest zoom of the world view.
WORLD_TOLERANCE = 0.025
WORLD_GRID = 0.001
# Where the world map is cut: the Bering Strait, so that no land is cut.
CUT_LONGITUDE = -169.0

# The city of Falls Church, Virginia, has collapsed into a line in the atlas. This is its outline
# in the Census file cb_2018_us_county_500k (public domain), drawn over its neighbours.
FALLS_CHURCH = 1_000_000
FALLS_CHURCH_RING = (
    (-77.195, 38.899), (-77.191, 38.900), (-77.189, 38.896), (-77.172, 38.893), (-77.150, 38.876),
    (-77.150, 38.873), (-77.156, 38.873), (-77.179, 38.879), (-77.190, 38.878), (-77.194, 38.886),
    (-77.191, 38.892), (-77.195, 38.899),
)  # fmt: skip

# ISO 3166-1 alpha-3 (the source's key) followed by alpha-2 (ours).
ALPHA3_ALPHA2 = """
ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATFTF ATGAG AUSAU AUTAT AZEAZ
BDIBI BELBE BENBJ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO BRABR BRBBB
BRNBN BTNBT BWABW CAFCF CANCA CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV
CRICR CUBCU CUWCW CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH
ESPES ESTEE ETHET FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GINGN GMBGM
GNBGW GNQGQ GRCGR GRDGD GRLGL GTMGT GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM
INDIN IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH
KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO
MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ
MRTMR MSRMS MUSMU MWIMW MYSMY NAMNA NCLNC NERNE NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR
NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH PLWPW PNGPG POLPL PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF
QATQA ROURO RUSRU RWARW SAUSA SDNSD SENSN SGPSG SGSGS SHNSH SLBSB SLESL SLVSV SMRSM SOMSO SPMPM
SRBRS SSDSS STPST SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ
TKMTM TLSTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA URYUY USAUS UZBUZ VATVA VCTVC
VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA ZMBZM ZWEZW
"""

# Natural Earth abbreviates names for labels; we want them in full.
FULL_NAMES = {
    "AG": "Antigua and Barbuda",
    "BA": "Bosnia and Herzegovina",
    "CD": "Democratic Republic of the Congo",
    "CF": "Central African Republic",
    "CG": "Republic of the Congo",
    "CK": "Cook Islands",
    "CX": "Christmas Island",
    "CZ": "Czechia",
    "DO": "Dominican Republic",
    "EH": "Western Sahara",
    "FK": "Falkland Islands",
    "FO": "Faroe Islands",
    "GQ": "Equatorial Guinea",
    "GS": "South Georgia and the South Sandwich Islands",
    "HM": "Heard Island and McDonald Islands",
    "IO": "British Indian Ocean Territory",
    "KN": "Saint Kitts and Nevis",
    "KY": "Cayman Islands",
    "MF": "Saint Martin (French part)",
    "BL": "Saint Barthélemy",
    "MH": "Marshall Islands",
    "PF": "French Polynesia",
    "PM": "Saint Pierre and Miquelon",
    "PN": "Pitcairn Islands",
    "SB": "Solomon Islands",
    "SS": "South Sudan",
    "ST": "São Tomé and Príncipe",
    "SX": "Sint Maarten (Dutch part)",
    "SZ": "Eswatini",
    "TC": "Turks and Caicos Islands",
    "TF": "French Southern Territories",
    "US-MP": "Northern Mariana Islands",
    "US-VI": "U.S. Virgin Islands",
    "VA": "Vatican City",
    "VC": "Saint Vincent and the Grenadines",
    "VG": "British Virgin Islands",
    "WF": "Wallis and Futuna",
}


class Source:
    """A TopoJSON file as its package has it."""

    def __init__(self, data: Json) -> None:
        self.data = data
        self.arcs = decode_arcs(data)

    def geometries(self, layer: str) -> Iterator[tuple[Json, list[Polygon]]]:
        for item in self.data["objects"][layer]["geometries"]:
            arcs = item["arcs"]
            yield item, arcs if item["type"] == "MultiPolygon" else [arcs]


def arc_numbers(polygons: Iterable[Polygon]) -> Iterator[int]:
    for polygon in polygons:
        for ring in polygon:
            yield from (i if i >= 0 else ~i for i in ring)


def dissolve(polygons: list[Polygon], arcs: Arcs) -> list[Polygon]:
    """Remove the borders that polygons of one place share with each other."""
    used = [i for polygon in polygons for ring in polygon for i in ring]
    inner = {i for i in used if ~i in set(used)}
    if not inner:
        return polygons
    kept = [p for p in polygons if not inner & {i for ring in p for i in ring}]
    touching = [ring for p in polygons if p not in kept for ring in p]
    rings = link_rings([i for ring in touching for i in ring if i not in inner], arcs)
    return kept + group_rings(rings, arcs)


def link_rings(pieces: list[int], arcs: Arcs) -> list[Ring]:
    """Chain arcs end to start into closed rings."""

    def ends(i: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        points = arcs[i] if i >= 0 else arcs[~i][::-1]
        return tuple(points[0]), tuple(points[-1])

    left, rings = list(pieces), []
    while left:
        ring = [left.pop(0)]
        first, last = ends(ring[0])
        while last != first:
            following = next(i for i in left if ends(i)[0] == last)
            left.remove(following)
            ring.append(following)
            last = ends(following)[1]
        rings.append(ring)
    return rings


def group_rings(rings: list[Ring], arcs: Arcs) -> list[Polygon]:
    """Put each hole with the shell that contains it (TopoJSON shells run clockwise)."""
    shapes = [(ring, shapely.LinearRing(ring_points(ring, arcs))) for ring in rings]
    shells = [([ring], shapely.Polygon(line)) for ring, line in shapes if not line.is_ccw]
    for ring, line in shapes:
        if line.is_ccw:
            owner = next(p for p, area in shells if area.contains(shapely.Polygon(line)))
            owner.append(ring)
    return [polygon for polygon, _ in shells]


def unwrap(arc: np.ndarray) -> np.ndarray:
    """Undo jumps of the longitude at the antimeridian, staying in the frame of the map."""
    lon = np.unwrap(arc[:, 0], period=360)
    closed = bool(np.array_equal(arc[0], arc[-1]))
    middle = lon.mean() if closed else lon[0]
    if closed:
        lon = lon - 360 * np.floor((middle - CUT_LONGITUDE) / 360)
    else:
        lon = lon - 360 * np.round((lon[0] - arc[0, 0]) / 360)
    return np.column_stack([lon, arc[:, 1]])


def frame_world_arcs(source: Source, us_arcs: set[int]) -> None:
    """Move every arc into one continuous frame: no ring jumps at the antimeridian.

    The United States stay in one piece west of the cut, all others east of it.
    """
    for number, arc in enumerate(source.arcs):
        if np.ptp(arc[:, 0]) < 180 and arc[:, 0].mean() > CUT_LONGITUDE and number not in us_arcs:
            continue
        moved = unwrap(arc)
        if number in us_arcs and moved[:, 0].mean() > 0:
            moved[:, 0] -= 360
        source.arcs[number] = moved


def simplify(arc: np.ndarray, tolerance: float) -> np.ndarray:
    """Douglas-Peucker with fixed ends, on the grid; a small island is kept whole."""
    closed = bool(np.array_equal(arc[0], arc[-1]))
    for attempt in (tolerance, tolerance / 4, 0.0):
        line = shapely.LineString(arc).simplify(attempt, preserve_topology=False)
        grid: np.ndarray = np.round(shapely.get_coordinates(line) / WORLD_GRID).astype(np.int64)
        moves = np.any(np.diff(grid, axis=0) != 0, axis=1)
        grid = grid[np.concatenate([[True], moves])]
        if len(grid) >= (4 if closed else 2):
            return grid
    return np.repeat(grid[:1], 2, axis=0)


def world_places(source: Source) -> dict[str, tuple[str, list[Polygon]]]:
    """Code -> (name, polygons), with splits and aliases of maps/boundaries.py applied."""
    alpha2 = {pair[:3]: pair[3:] for pair in ALPHA3_ALPHA2.split()}
    places: dict[str, tuple[str, list[Polygon]]] = {}

    def add(code: str, name: str, polygon: Polygon) -> None:
        places.setdefault(code, (FULL_NAMES.get(code, name), []))[1].append(polygon)

    for item, polygons in source.geometries("countries"):
        key = item["properties"]["a3"]
        if key == "ATA":
            continue
        code = ALIASES.get(key) or alpha2[key]
        code = f"US-{code}" if code in US_TERRITORIES else code
        for polygon in polygons:
            lon, lat = ring_points(polygon[0], source.arcs).mean(axis=0)
            for part, name, (west, south, east, north) in SPLITS.get(key, ()):
                if west <= lon <= east and south <= lat <= north:
                    add(part, name, polygon)
                    break
            else:
                add(code, item["properties"]["name"], polygon)
    # The country's own name, not that of the unit merged into it, which may come first.
    for item, _ in source.geometries("countries"):
        code = alpha2.get(item["properties"]["a3"], "")
        if code in places:
            name = FULL_NAMES.get(code, item["properties"]["name"])
            places[code] = (name, places[code][1])
    return places


def make_world(data: Json) -> Json:
    source = Source(data)
    us = next(p for item, p in source.geometries("countries") if item["id"] == "840")
    frame_world_arcs(source, set(arc_numbers(us)))
    places = {c: (n, dissolve(p, source.arcs)) for c, (n, p) in world_places(source).items()}
    used = sorted({*numbers(places)})
    arcs = {i: simplify(source.arcs[i], WORLD_TOLERANCE) for i in used}
    places = {c: (n, large) for c, (n, p) in places.items() if (large := drop_specks(p, arcs))}
    arcs = {i: arcs[i] for i in used if i in {*numbers(places)}}
    repair(places, arcs, source.arcs)
    degrees_arcs = {i: arc * WORLD_GRID for i, arc in arcs.items()}
    countries = {c: (n, p, label(p, degrees_arcs)) for c, (n, p) in places.items()}
    return pack({"countries": countries}, arcs, (WORLD_GRID, WORLD_GRID), (0.0, 0.0))


# Subdivisions of federations where law on kratom can differ: what the source calls them, by the
# country and the last part of our code. Jervis Bay has the law of the ACT.
SUBDIVISIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AU": {
        "ACT": ("Australian Capital Territory", "Jervis Bay Territory"),
        "NSW": ("New South Wales",), "NT": ("Northern Territory",), "QLD": ("Queensland",),
        "SA": ("South Australia",), "TAS": ("Tasmania",), "VIC": ("Victoria",),
        "WA": ("Western Australia",),
    },
    "CA": {
        "AB": ("Alberta",), "BC": ("British Columbia",), "MB": ("Manitoba",),
        "NB": ("New Brunswick",), "NL": ("Newfoundland and Labrador",), "NS": ("Nova Scotia",),
        "NT": ("Northwest Territories",), "NU": ("Nunavut",), "ON": ("Ontario",),
        "PE": ("Prince Edward Island",), "QC": ("Québec",), "SK": ("Saskatchewan",),
        "YT": ("Yukon",),
    },
    "GB": {"ENG": ("ENG",), "NIR": ("NIR",), "SCT": ("SCT",), "WLS": ("WLS",)},
    "MY": {
        "01": ("Johor",), "02": ("Kedah",), "03": ("Kelantan",), "04": ("Melaka",),
        "05": ("Negeri Sembilan",), "06": ("Pahang",), "07": ("Pulau Pinang",), "08": ("Perak",),
        "09": ("Perlis",), "10": ("Selangor",), "11": ("Trengganu",), "12": ("Sabah",),
        "13": ("Sarawak",), "14": ("Kuala Lumpur",), "15": ("Labuan",), "16": ("Putrajaya",),
    },
}  # fmt: skip
# About 2 km at the equator. The page fills a subdivision within the outline of its country, so
# only the borders between two of them are to be exact: the coast is drawn off the shore.
SUBDIVISION_TOLERANCE = 0.02
OFFSHORE, OFFSHORE_TOLERANCE = 0.4, 0.15


def make_subdivisions(admin: Path) -> Json:
    """The states, provinces, nations and territories of `SUBDIVISIONS`."""
    units = geopandas.read_file(admin, layer="states_provinces")
    # The nations of the United Kingdom are there as the unions of their districts.
    units["called"] = units["gu_a3"].where(units["iso_a2"] == "GB", units["name"])
    wanted = [
        {"iso_a2": country, "called": name, "id": f"{country}-{code}"}
        for country, codes in SUBDIVISIONS.items()
        for code, names in codes.items()
        for name in names
    ]
    found = units.merge(pd.DataFrame(wanted), on=["iso_a2", "called"])
    missing = {f"{one['iso_a2']} {one['called']}" for one in wanted} - set(
        found["iso_a2"] + " " + found["called"]
    )
    assert not missing, missing
    whole = found.dissolve("id", method="coverage").sort_index().reset_index()
    simple = shapely.coverage_simplify(whole.geometry.to_numpy(), SUBDIVISION_TOLERANCE)
    whole["geometry"] = widened(simple, whole["iso_a2"].to_numpy())
    made = topojson.Topology(whole[["id", "geometry"]], prequantize=False).to_dict()
    arcs = {i: on_world_grid(np.array(arc)) for i, arc in enumerate(made["arcs"])}
    lonlat = {i: arc * WORLD_GRID for i, arc in arcs.items()}
    places: dict[str, tuple[str, list[Polygon], Json]] = {}
    for item in made["objects"]["data"]["geometries"]:
        code, rings = item["properties"]["id"], item["arcs"]
        polygons = drop_specks(rings if item["type"] == "MultiPolygon" else [rings], lonlat)
        places[code] = (code, polygons, label(polygons, lonlat))
    used = {i for _, polygons, _ in places.values() for i in arc_numbers(polygons)}
    return pack(
        {"subdivisions": places}, {i: arcs[i] for i in used}, (WORLD_GRID, WORLD_GRID), (0.0, 0.0)
    )


def widened(shapes: np.ndarray, countries: np.ndarray) -> list[shapely.Geometry]:
    """Each shape out to sea, but into none of the others and not over the one before it."""
    cells: list[shapely.Geometry] = []
    for at, shape in enumerate(shapes):
        grown = shapely.simplify(shapely.buffer(shape, OFFSHORE, quad_segs=2), OFFSHORE_TOLERANCE)
        others = shapely.union_all(
            [
                *(one for n, one in enumerate(shapes) if n != at and countries[n] == countries[at]),
                *(cell for n, cell in enumerate(cells) if countries[n] == countries[at]),
            ]
        )
        cell = shapely.difference(shapely.union(grown, shape), others)
        polygons = [part for part in shapely.get_parts(cell) if shapely.intersects(part, shape)]
        cells.append(shapely.MultiPolygon(polygons))
    return cells


def on_world_grid(line: np.ndarray) -> np.ndarray:
    grid: np.ndarray = np.round(line / WORLD_GRID).astype(np.int64)
    moves = np.any(np.diff(grid, axis=0) != 0, axis=1)
    kept: np.ndarray = grid[np.concatenate([[True], moves])]
    return kept


# Borders between two units of the world's source of which at least one disputes them.
DISPUTED_PAIRS = (
    ("CYN", "CYP"), ("SOL", "SOM"), ("XKX", "SRB"), ("ESH", "MAR"), ("PSE", "ISR"), ("KAS", "IND"),
    ("KAS", "PAK"), ("KAS", "CHN"),
)  # fmt: skip
# The line of control is a part of the border between India and Pakistan.
LINE_OF_CONTROL = ("IND", "PAK", (73.0, 32.6, 78.0, 37.0))
# Lines of the source that today separate nothing: Nagorno-Karabakh is administered by Azerbaijan
# since 2023, and the front in Ukraine is no border.
LAPSED = {"Azerbaijan", "Ukraine"}


def make_disputed(data: Json, admin: Path) -> Json:
    """Disputed borders as lines, to be drawn dashed."""
    source = Source(data)
    used = {
        item["properties"]["a3"]: {*arc_numbers(p)} for item, p in source.geometries("countries")
    }
    shared = sorted({i for one, other in DISPUTED_PAIRS for i in used[one] & used[other]})
    one, other, box = LINE_OF_CONTROL
    controlled = shapely.clip_by_rect(
        shapely.MultiLineString([source.arcs[i] for i in sorted(used[one] & used[other])]), *box
    )
    claims = geopandas.read_file(admin, layer="disputed_borders")
    claims = claims[~claims["adm0_left"].isin(LAPSED)]
    lines = [shapely.LineString(source.arcs[i]) for i in shared]
    lines += [*shapely.get_parts(shapely.line_merge(shapely.union_all(claims.geometry)))]
    lines += [*shapely.get_parts(controlled)]
    lines += isthmus(geopandas.read_file(admin, layer="states_provinces"))
    arcs = {
        i: simplify(shapely.get_coordinates(line), WORLD_TOLERANCE) for i, line in enumerate(lines)
    }
    geometry = {
        "type": "MultiLineString",
        "id": "disputed",
        "properties": {"name": "Disputed borders"},
        "arcs": [[i] for i in arcs],
    }
    made = pack({}, arcs, (WORLD_GRID, WORLD_GRID), (0.0, 0.0))
    made["objects"] = {"lines": {"type": "GeometryCollection", "geometries": [geometry]}}
    return made


def isthmus(units: geopandas.GeoDataFrame) -> list[shapely.LineString]:
    """Between Crimea and the mainland."""
    crimea = units[units["name"] == "Crimea"].union_all().boundary
    mainland = units[units["name"].isin(["Kherson"])].union_all().boundary
    shared = shapely.line_merge(shapely.intersection(crimea, mainland))
    return [*shapely.get_parts(shared)]


def numbers(places: dict[str, tuple[str, list[Polygon]]]) -> Iterator[int]:
    for _, polygons in places.values():
        yield from arc_numbers(polygons)


def drop_specks(polygons: list[Polygon], arcs: Arcs) -> list[Polygon]:
    """Leave out islets and holes smaller than a cell of the grid.

    Vatican, Tokelau and Cocos are single points in the source: they become markers.
    """

    def real(ring: Ring) -> bool:
        return len(np.unique(ring_points(ring, arcs), axis=0)) >= 3

    return [[ring for ring in polygon if real(ring)] for polygon in polygons if real(polygon[0])]


def repair(
    places: dict[str, tuple[str, list[Polygon]]],
    arcs: dict[int, np.ndarray],
    originals: Sequence[np.ndarray],
) -> None:
    """Restore detail wherever simplification made a polygon cross itself."""
    for tolerance in (WORLD_TOLERANCE / 2, WORLD_TOLERANCE / 5, 0.0):
        lines = [arcs.get(i, np.empty((0, 2))) for i in range(len(originals))]
        for _, polygons in places.values():
            for polygon in polygons:
                shell, *holes = [ring_points(ring, lines) for ring in polygon]
                if not shapely.Polygon(shell, holes).is_valid:
                    for i in arc_numbers([polygon]):
                        arcs[i] = simplify(originals[i], tolerance)


def make_us(data: Json) -> Json:
    """The atlas as it is, with our codes; the District of Columbia is a state-level place only."""
    source = Source(data)
    scale, shift = data["transform"]["scale"], data["transform"]["translate"]
    steps = (np.array(arc, dtype=np.int64) for arc in data["arcs"])
    arcs = dict(enumerate(np.cumsum(arc, axis=0) for arc in steps))
    arcs[FALLS_CHURCH] = np.round((np.array(FALLS_CHURCH_RING) - shift) / scale).astype(np.int64)
    lonlat = {i: arc * scale + shift for i, arc in arcs.items()}
    states: dict[str, tuple[str, list[Polygon], Json]] = {}
    counties: dict[str, tuple[str, list[Polygon], Json]] = {}
    for item, polygons in source.geometries("states"):
        code = f"US-{STATE_FIPS[item['id']]}"
        kept = drop_specks(polygons, lonlat)
        states[code] = (item["properties"]["name"], kept, label(kept, lonlat))
    for item, polygons in source.geometries("counties"):
        code = f"US-{STATE_FIPS[item['id'][:2]]}-{item['id']}"
        if item["id"] == "51610":
            polygons = [[[FALLS_CHURCH]]]
        if item["id"] != "11001":
            kept = drop_specks(polygons, lonlat)
            counties[code] = (item["properties"]["name"], kept, {})
    used = sorted(
        {i for layer in (states, counties) for _, p, _ in layer.values() for i in arc_numbers(p)}
    )
    layers = {"states": states, "counties": counties}
    return pack(layers, {i: arcs[i] for i in used}, scale, shift)


def label(polygons: list[Polygon], arcs: Arcs) -> Json:
    """Where letters fit: the middle of the largest part, or of the largest circle inside it."""
    shapes = [shapely.Polygon(ring_points(polygon[0], arcs)) for polygon in polygons]
    largest = max(shapes, key=lambda shape: shape.area)
    circle = shapely.maximum_inscribed_circle(largest, tolerance=0.02)
    point, centre = shapely.Point(circle.coords[0]), largest.centroid
    if largest.contains(centre) and largest.exterior.distance(centre) > 0.6 * circle.length:
        point = centre
    return {"label": [round(point.x, 3), round(point.y, 3)]}


def pack(
    objects: dict[str, dict[str, tuple[str, list[Polygon], Json]]],
    arcs: Mapping[int, np.ndarray],
    scale: Sequence[float],
    translate: Sequence[float],
) -> Json:
    """One TopoJSON with only the arcs in use, renumbered, everything in sorted order."""
    number = {old: new for new, old in enumerate(sorted(arcs))}

    def renumber(ring: Ring) -> Ring:
        return [number[i] if i >= 0 else ~number[~i] for i in ring]

    def geometry(code: str, name: str, polygons: list[Polygon], extra: Json) -> Json:
        return {
            "type": "MultiPolygon",
            "id": code,
            "properties": {"name": name, **extra},
            "arcs": [[renumber(ring) for ring in polygon] for polygon in polygons],
        }

    return {
        "type": "Topology",
        "transform": {"scale": list(scale), "translate": list(translate)},
        "objects": {
            layer: {
                "type": "GeometryCollection",
                "geometries": [geometry(c, *places[c]) for c in sorted(places)],
            }
            for layer, places in objects.items()
        },
        "arcs": [np.diff(arcs[old], axis=0, prepend=[[0, 0]]).tolist() for old in sorted(arcs)],
    }


def degrees(text: str) -> float:
    """ISO 6709 as zone.tab writes it: +DDMM, +DDDMM, with seconds or without."""
    digits = text[1:]
    width = 2 if len(digits) in (4, 6) else 3
    minutes, seconds = digits[width : width + 2], digits[width + 2 :]
    value = int(digits[:width]) + int(minutes) / 60 + int(seconds or 0) / 3600
    return round(-value if text[0] == "-" else value, 3)


# Uninhabited, so without a time zone of its own; the centre of the island.
BOUVET = (3.35, -54.42)


def make_points(world: Json, zones: str, names: str) -> Json:
    """A marker for every ISO 3166-1 place that has no polygon in the world pack."""
    have = {item["id"] for item in world["objects"]["countries"]["geometries"]}
    lines = [line.split("\t") for line in zones.splitlines() if line and line[0] != "#"]
    first = {line[0]: line[1] for line in reversed(lines)}
    points: Json = {}
    for line in names.splitlines():
        if not line or line[0] == "#":
            continue
        alpha2, name = line.split("\t")
        code = f"US-{alpha2}" if alpha2 in US_TERRITORIES else alpha2
        if code in have:
            continue
        if alpha2 == "BV":
            lon, lat = BOUVET
        else:
            match = re.fullmatch(r"([+-]\d+)([+-]\d+)", first[alpha2])
            assert match, alpha2
            lat, lon = degrees(match[1]), degrees(match[2])
        points[code] = {"name": POINT_NAMES.get(code, name), "lonlat": [lon, lat]}
    return dict(sorted(points.items()))


POINT_NAMES = {
    "BV": "Bouvet Island",
    "US-UM": "U.S. Minor Outlying Islands",
}


def write(path: Path, data: Json) -> None:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    sys.stdout.write(f"{path.name} {path.stat().st_size} bytes sha256 {digest}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--us-atlas", type=Path, required=True, help="counties-10m.json")
    parser.add_argument("--world", type=Path, required=True, help="50m.json")
    parser.add_argument("--admin", type=Path, required=True, help="world_map.gpkg")
    parser.add_argument("--zone-tab", type=Path, required=True, help="zone.tab of tzdata")
    parser.add_argument("--iso3166-tab", type=Path, required=True, help="iso3166.tab of tzdata")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    countries = json.loads(options.world.read_text(encoding="utf-8"))
    write(options.out / "disputed.topo.json", make_disputed(countries, options.admin))
    world = make_world(countries)
    points = make_points(
        world,
        options.zone_tab.read_text(encoding="utf-8"),
        options.iso3166_tab.read_text(encoding="utf-8"),
    )
    write(options.out / "world.topo.json", world)
    write(options.out / "world-points.json", points)
    write(options.out / "subdivisions.topo.json", make_subdivisions(options.admin))
    write(
        options.out / "us.topo.json",
        make_us(json.loads(options.us_atlas.read_text(encoding="utf-8"))),
    )


if __name__ == "__main__":
    main()
