"""The map page: one folium map, one element that draws, no request to any other host.

folium and branca render what they are given as Jinja templates, twice. So nothing that comes
from data ever passes through them: they render fixed text only, and the data is put into the
finished document afterwards, as JSON that no HTML parser and no template engine looks into.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

import folium
import numpy as np
import pandas as pd
from branca.element import Figure, MacroElement
from folium.template import Template

from kratom_atlas.model.vocabulary import ActivityStatus
from maps import encode
from maps.legend import ACTIVITY_LOOKS, FLAGS, MARKS, PATTERNS, STATUSES, StatusStyle, swatch
from maps.projection import composite_albers, equal_earth

__all__ = ["COUNTIES_FILE", "MapInput", "OfflineMap", "render"]

COUNTIES_FILE = "geometry/us-counties.js"
VIEWS = (("us", "United States"), ("world", "World"))
SHOWS = (
    ("total", "All that applies"),
    ("own", "Own law only"),
    ("possess", "Possession"),
    ("sell", "Sale"),
)
COLUMNS = ("code", "name", "level", "substance", "url", *encode.RECORD)
POINT_COLUMNS = ("code", "name", "lat", "lon")
# Relative, and nothing that could be read as a scheme or another host.
SAFE_LINK = re.compile(r"(?!/)[\w.~%/-]*")
SAFE_REPORT = re.compile(r"(https://|mailto:|(?!/)[\w.~%/#-]*$)")


@dataclass(frozen=True)
class MapInput:
    title: str
    as_of: str
    version: str
    last_look: str
    report_url: str
    substances: Sequence[tuple[str, str]]
    table: pd.DataFrame
    statuses: Sequence[StatusStyle] = STATUSES
    points: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(POINT_COLUMNS)))
    view: Literal["us", "world"] = "us"


class OfflineMap(folium.Map):
    """folium's map without its CDN assets, its viewport rule and its page-wide styles."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own type
    default_css: list[tuple[str, str]] = []  # noqa: RUF012
    _template = Template(
        """
        {% macro html(this, kwargs) -%}
        <div class="folium-map" id="{{ this.get_name() }}"></div>
        {%- endmacro %}
        {% macro script(this, kwargs) -%}
        const {{ this.get_name() }} = L.map("{{ this.get_name() }}",
            {crs: L.CRS.{{ this.crs }}, ...{{ this.options|tojavascript }}});
        {%- endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__(
            tiles=None,
            crs="Simple",
            zoom_snap=0.05,
            zoom_delta=0.5,
            wheel_px_per_zoom_level=120,
            attribution_control=False,
            zoom_animation=False,
            fade_animation=False,
            inertia=False,
            max_bounds_viscosity=0.8,
        )
        # folium draws ids at random; the same build must give the same bytes.
        self._id = "atlas"


class Choropleth(MacroElement):
    """Starts the drawing on the map it is added to."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "KratomAtlas.start({{ this._parent.get_name() }});{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Choropleth"
        self._id = "atlas"


def render(page: MapInput) -> dict[str, bytes]:
    """The site's map: path relative to the site -> bytes."""
    check(page)
    chunk = f"KratomAtlas.counties({_json(encode.counties())});\n"
    return {"index.html": _document(page).encode(), COUNTIES_FILE: chunk.encode()}


def check(page: MapInput) -> None:
    """Refuse what the page would draw wrongly or could be made to do harm."""
    _columns(page.table, COLUMNS)
    _columns(page.points, POINT_COLUMNS)
    if page.table.duplicated(["code", "substance"]).any():
        raise ValueError("two rows for one place and substance")
    statuses = {style.id for style in page.statuses}
    activities = {status.value for status in ActivityStatus}
    flags = {flag for cell in page.table["flags"].dropna() for flag in str(cell).split(";") if flag}
    _known("own_status", page.table["own_status"], statuses)
    _known("total_status", page.table["total_status"], statuses)
    _known("possess_status", page.table["possess_status"], activities)
    _known("sell_status", page.table["sell_status"], activities)
    _known("substance", page.table["substance"], {identifier for identifier, _ in page.substances})
    _known("flags", flags, FLAGS)
    for url in set(page.table["url"].fillna("")):
        if not SAFE_LINK.fullmatch(url):
            raise ValueError(f"not a relative link: {url!r}")
    if not SAFE_REPORT.match(page.report_url):
        raise ValueError(f"not a link for reports: {page.report_url!r}")


def _columns(frame: pd.DataFrame, wanted: Sequence[str]) -> None:
    if missing := [column for column in wanted if column not in frame.columns]:
        raise ValueError(f"columns missing: {', '.join(missing)}")


def _known(column: str, values: Any, known: Any) -> None:
    if unknown := sorted(map(str, set(values) - set(known))):
        raise ValueError(f"{column}: not in the codebook: {', '.join(unknown)}")


def _document(page: MapInput) -> str:
    map_html, start = _folium()
    css, app, leaflet = _style(), _template("app.js"), _leaflet()
    text = html.escape
    legend = _legend(page.statuses)
    parts = {
        "csp": _policy([css], [leaflet, app, start]),
        "title": text(page.title),
        "version": text(page.version),
        "as_of": text(page.as_of),
        "last_look": text(page.last_look),
        "report_url": text(page.report_url),
        "substances": _segments("substance", page.substances),
        "views": _segments("view", VIEWS),
        "shows": _segments("show", SHOWS),
        "legend": legend,
        "legend_title": text(page.substances[0][1]),
        "marks": text("; ".join(f"{mark} {FLAGS[flag][0]}" for flag, mark in MARKS.items())),
        "css": css,
        "map": map_html,
        "data": _json(_data(page)),
        "leaflet": leaflet,
        "app": app,
        "start": start,
    }
    # One pass: a marker inside a value is text, not a marker.
    return re.sub(r"@@(\w+)@@", lambda match: parts[match[1]], _template("page.html"))


def _folium() -> tuple[str, str]:
    """What folium has to say: the map's container and the script that starts it."""
    figure = Figure()
    drawing = OfflineMap().add_to(figure)
    Choropleth().add_to(drawing)
    figure.render()
    return figure.html.render().strip(), figure.script.render().strip()


def _data(page: MapInput) -> dict[str, Any]:
    return {
        "substances": [list(pair) for pair in page.substances],
        "statuses": [vars(style) | {"lines": PATTERNS[style.pattern]} for style in page.statuses],
        "activities": {
            status.value: {"label": status.label, "look": ACTIVITY_LOOKS[status].value}
            for status in ActivityStatus
        },
        "flags": FLAGS,
        "marks": MARKS,
        "view": page.view,
        "counties": COUNTIES_FILE,
        "table": encode.status_table(page.table, [identifier for identifier, _ in page.substances]),
        "points": _points(page.points),
        "states": encode.states(),
        "world": encode.world(),
    }


def _points(points: pd.DataFrame) -> list[list[Any]]:
    """Each point with the view it belongs to and its place there."""
    out: list[list[Any]] = []
    rows = points.sort_values("code")
    for code, name, lat, lon in zip(*(rows[c].tolist() for c in POINT_COLUMNS), strict=True):
        american = str(code).startswith("US-")
        project = composite_albers if american else equal_earth
        x, y = project(np.array([[lon, lat]], dtype=np.float64))[0]
        view = "us" if american else "world"
        out.append([code, name, view, round(float(x), 1), round(float(y), 1)])
    return out


def _segments(name: str, choices: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f'<label><input type="radio" name="{name}" value="{html.escape(value)}"'
        f"{' checked' if index == 0 else ''}> {html.escape(label)}</label>"
        for index, (value, label) in enumerate(choices)
    )


def _legend(statuses: Sequence[StatusStyle]) -> str:
    return "".join(
        f'<li data-status="{html.escape(style.id)}" title="{html.escape(style.meaning)}">'
        f"{swatch(style)}<span>{html.escape(style.label)}</span><b></b></li>"
        for style in statuses
    )


def _json(value: object) -> str:
    """JSON that cannot end its script element, start a comment or look like a template."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    # Braces of the JSON itself never come in these pairs outside a string, or only as `}}`.
    return text.replace("{{", "\\u007b\\u007b").replace("{%", "\\u007b%").replace("{#", "\\u007b#")


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Inline code by hash only. `file:` lets the county file load where 'self' means nothing."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))} 'self' file:",
            f"style-src {' '.join(map(_hash, styles))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(code: str) -> str:
    digest = hashlib.sha256(code.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _style() -> str:
    vendor = _template("vendor/leaflet.css")
    # Rules with pictures are for controls and markers that this page does not have.
    vendor = re.sub(r"[^{}]*\{[^{}]*url\([^{}]*\}", "", vendor)
    return vendor + _template("page.css")


@cache
def _leaflet() -> str:
    return re.sub(r"//# sourceMappingURL=.*", "", _template("vendor/leaflet.js"))


@cache
def _template(name: str) -> str:
    return resources.files("maps.templates").joinpath(name).read_text(encoding="utf-8")
