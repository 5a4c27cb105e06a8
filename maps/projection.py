"""The two planes of the page. Both are equal-area; x grows to the right, y grows downwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyproj
from numpy.typing import NDArray

Points = NDArray[np.float64]

# The world is turned by 11 degrees so that it is cut in the Bering Strait.
WORLD_MERIDIAN = 11.0
WORLD_WIDTH = 1000.0
_WORLD_RADII = 5.412629  # width of the whole globe in radii
# One unit of the world plane, in metres of a globe of the same area.
WORLD_UNIT = 6_371_007.0 * _WORLD_RADII / WORLD_WIDTH
# One unit of the United States plane, in metres.
US_UNIT = 5000.0


def equal_earth(lonlat: Points) -> Points:
    """Equal Earth (Savric, Patterson, Jenny 2018), without wrapping: the packs are in one frame."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    lon, lat = np.radians(lonlat[:, 0] - WORLD_MERIDIAN), np.radians(lonlat[:, 1])
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    slope = 9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1
    x = 2 * np.sqrt(3) * lon * np.cos(t) / (3 * slope)
    y = t * (a4 * t**8 + a3 * t**6 + a2 * t**2 + a1)
    unit = WORLD_WIDTH / _WORLD_RADII
    return np.column_stack([x * unit + WORLD_WIDTH / 2, 240 - y * unit])


@dataclass(frozen=True)
class Inset:
    """A part of the United States: where on the globe, where and how large on the page."""

    name: str
    box: tuple[float, float, float, float]  # west, south, east, north; longitudes from 0 to 360
    projection: str
    size: float  # relative to the 48 states
    centre: tuple[float, float]  # longitude, latitude
    at: tuple[float, float]  # the centre on the page


# The first box that holds a line's first point wins; the 48 states take the rest.
INSETS = (
    Inset("AK", (170, 50, 231, 73), "aea lat_1=55 lat_2=65", 0.38, (-152, 63), (135, 492)),
    Inset("HI", (180, 18, 206, 30), "aea lat_1=8 lat_2=18", 1.1, (-157.4, 20.6), (318, 545)),
    Inset("GU", (144, 13, 145.1, 13.8), "laea", 2.6, (144.79, 13.45), (556, 590)),
    Inset("MP", (144, 13.8, 147, 21), "laea", 0.5, (145.4, 17.3), (631, 590)),
    Inset("AS", (188, -15, 192, -10), "laea", 1.6, (-170.13, -14.27), (706, 600)),
    Inset("PR", (291.5, 17, 294.85, 19), "laea", 1.6, (-66.4, 18.2), (790, 600)),
    Inset("VI", (294.85, 17, 296, 19), "laea", 2.4, (-64.85, 18.05), (880, 600)),
)
MAINLAND = Inset("", (0, 0, 360, 90), "aea lat_1=29.5 lat_2=45.5", 1.0, (-96, 38.5), (470, 285))


def composite_albers(lonlat: Points, groups: NDArray[np.int64] | None = None) -> Points:
    """The 48 states, with Alaska, Hawaii and the territories as insets.

    `groups` numbers the line each point belongs to: a line goes into one inset as a whole.
    """
    start = np.arange(len(lonlat))
    if groups is not None:
        start = np.searchsorted(groups, groups)
    lon, lat = lonlat[start, 0] % 360, lonlat[start, 1]
    left = np.ones(len(lonlat), dtype=bool)
    page = np.empty_like(lonlat)
    for inset in (*INSETS, MAINLAND):
        west, south, east, north = inset.box
        here = left & (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        page[here] = _place(inset, lonlat[here])
        left &= ~here
    if left.any():
        raise ValueError(f"not in the United States: {lonlat[left][0].tolist()}")
    return page


def around(lonlat: Points, centre: tuple[float, float]) -> Points:
    """The plane of one place, true to area: metres east and south of its centre."""
    x, y = _transformer("laea", *centre).transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack([x, -np.asarray(y)])


def _place(inset: Inset, lonlat: Points) -> Points:
    to_plane = _transformer(inset.projection, *inset.centre)
    x, y = to_plane.transform(lonlat[:, 0], lonlat[:, 1])
    factor = inset.size / US_UNIT
    return np.column_stack(
        [inset.at[0] + np.asarray(x) * factor, inset.at[1] - np.asarray(y) * factor]
    )


@cache
def _transformer(projection: str, lon: float, lat: float) -> pyproj.Transformer:
    name, *parameters = projection.split()
    text = " +".join([f"+proj={name}", *parameters, f"lon_0={lon}", f"lat_0={lat}", "ellps=GRS80"])
    return pyproj.Transformer.from_proj(
        pyproj.Proj("+proj=longlat +ellps=GRS80"), pyproj.Proj(text), always_xy=True
    )
