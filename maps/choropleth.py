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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

import folium
import numpy as np
import pandas as pd
import rcssmin
import rjsmin
from branca.element import Figure, MacroElement
from folium.template import Template

from kratom_atlas.languages import ENGLISH, LANGUAGES, Language, msg
from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Substance, Unit, Verification
from maps import boundaries, encode
from maps.legend import ACTIVITY_LOOKS, AGES, FLAGS, MARKS, PATTERNS, STATUSES, StatusStyle, swatch
from maps.legend import patterns as legend_patterns
from maps.projection import INSETS, US_UNIT, WORLD_UNIT, composite_albers, equal_earth
from maps.share import HIGH, WIDE

__all__ = ["EMBED", "OFFLINE", "MapInput", "OfflineMap", "render"]

EMBED = "embed/index.html"
OFFLINE = "kratom-atlas-offline.html"
CHUNKS = "map/"
OWN_NAMES = "names"  # the chunk of the record's own names, for the search of a translated page
VIEWS = (("us", msg("United States")), ("world", msg("World")), ("tiles", msg("Tiles")))
MODES = (
    ("law", msg("The law")),
    ("next", msg("What if all that is enacted were in force")),
    ("if", msg("What if all that is proposed were law")),
    ("fresh", msg("Age of the last look")),
)
LAWS = (("total", msg("All that applies")), ("own", msg("Own law only")))
ACTS = (
    ("word", msg("Possession and sale")),
    ("possess", msg("Possession")),
    ("sell", msg("Sale")),
)
CURRENT = ' aria-current="page"'
# Label, address, and whether the page is there in every language.
NAV = (
    (msg("Map"), "index.html", True),
    (msg("Table"), "table/index.html", True),
    (msg("Changes"), "changes/index.html", False),
    (msg("Alerts"), "subscribe/index.html", False),
    (msg("Data"), "data/index.html", False),
    (msg("Sources"), "sources/index.html", False),
    (msg("About"), "about/index.html", False),
)
PLACES = ("code", "name", "level", "lat", "lon", "like", "binders")
RUNS = ("like", "substance", "start", "precision", "legal", *encode.ANSWER)
# Relative, and nothing that could be read as a scheme or another host.
SAFE_LINK = re.compile(r"(?!/)[\w.~%/-]*")
SAFE_REPORT = re.compile(r"(https://|mailto:|(?!/)[\w.~%/#-]*$)")
SAFE_CHUNK = re.compile(r"[A-Z]{1,2}(-[A-Z]{2})?", re.ASCII)
# A part of the page, or words of it.
MARKER = re.compile(r"@@(?:(\w+)|:(.+?))@@")
_EPOCH = 719_163  # 1970-01-01 as an ordinal

# What the single file does without, to stay small: our notes, and links into the site.
LEFT_OUT = ("note", "page")

Json = dict[str, Any]
Kind = Literal["page", "embed", "offline"]


@dataclass(frozen=True)
class MapInput:
    """What the page is made from.

    `places`: the columns `PLACES`; `like` is the key of the runs that are a place's own, `binders`
    the codes of what binds it, widest first. `runs`: the columns `RUNS`; each holds from the
    ordinal `start` to the next of the same `like` and substance. `looked`: day of the last look,
    by (like, substance), 0 for never. `said`: (day, runs), the latest first: until that day these
    had been said instead. `details`: chunk -> what the panel tells of the places in it.
    `images`: the names of the share images of whole views.
    `proposals`: what is proposed, each with `id`, `place` (a code) and words; `supposed`: the runs
    that would be others if all of them ("") or one of them (its id) were law, columns as of `runs`.
    `terms`: code of a language -> the words of the interface in `details`, by the English ones.
    """

    title: str
    as_of: str
    version: str
    last_look: str
    report_url: str
    substances: Sequence[tuple[str, str]]
    places: pd.DataFrame
    runs: pd.DataFrame
    looked: pd.DataFrame
    first_said: int = 1
    said: Sequence[tuple[int, pd.DataFrame]] = ()
    details: Mapping[str, Json] = field(default_factory=dict)
    images: Sequence[str] = ()
    proposals: Sequence[Json] = ()
    supposed: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    base_url: str = ""
    languages: Sequence[Language] = LANGUAGES
    terms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statuses: Sequence[StatusStyle] = STATUSES
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
    table = _table(page)
    chunks: dict[str, Json] = {
        "us": encode.pack("us"),
        "world": encode.pack("world"),
        "world-fine": encode.pack("world-fine"),
        "us-counties": _counties(page),
        "parts": encode.pack("parts"),
        "if": encode.supposed(page.proposals, page.supposed, table["likes"], _identifiers(page)),
        **{f"law/{name}": content for name, content in page.details.items()},
    }
    files = {OFFLINE: _document(page, table, ENGLISH, "offline", _without_localities(page, chunks))}
    for say in page.languages:
        spoken = table | {"names": list(map(say.place, table["codes"], table["names"]))}
        files[f"{say.folder}index.html"] = _document(page, spoken, say, "page", {})
        files[f"{say.folder}{EMBED}"] = _document(page, spoken, say, "embed", {})
        files[f"{CHUNKS}ask/{say.code}.js"] = _ask(say)
        if say.folder:
            chunks[_terms(say)] = dict(page.terms.get(say.code, {}))
            chunks[OWN_NAMES] = dict(zip(table["codes"], table["names"], strict=True))
    for name, content in chunks.items():
        files[f"{CHUNKS}{name}.js"] = f"KratomAtlas.arrived({_json(name)},{_json(content)});\n"
    # A lone surrogate is no text: it becomes a question mark.
    return {name: text.encode("utf-8", "replace") for name, text in files.items()}


def _terms(say: Language) -> str:
    return f"terms/{say.code}"


def _without_localities(page: MapInput, chunks: Mapping[str, Json]) -> dict[str, Json]:
    """What the single file holds: every outline, and the law of countries and states.

    No proposals: it stays small, and they go out of date soonest.
    """
    top_level = page.places[page.places["code"].str.count("-") < 2]
    likes = set(map(str, top_level["like"]))
    chunks = _fine_only(chunks)
    kept: dict[str, Json] = {}
    for name, content in chunks.items():
        if name == "if":
            continue
        if not name.startswith("law/"):
            kept[name] = content
            continue
        top = {
            part: {
                code: [{k: v for k, v in one.items() if k not in LEFT_OUT} for one in told]
                for code, told in content[part].items()
                if code.count("-") < 2
            }
            for part in ("rules", "looks")
        }
        kept[name] = {**top, "decides": {k: v for k, v in content["decides"].items() if k in likes}}
    return kept


def _fine_only(chunks: Mapping[str, Json]) -> dict[str, Json]:
    """A single file needs no coarse outlines to begin with."""
    counties = dict(chunks["us-counties"])
    fine = {"arcs": counties.pop("outlines"), "places": counties.pop("states")}
    world = {**chunks["world"], **chunks["world-fine"]}
    rest = {name: content for name, content in chunks.items() if name != "world-fine"}
    return rest | {
        "us": {**chunks["us"], **fine, "grid": counties["grid"]},
        "us-counties": counties,
        "world": world,
    }


def _counties(page: MapInput) -> Json:
    """With names, for the search: the record's own, or that of the boundary."""
    geometry = encode.pack("us-counties")
    drawn = boundaries.read_pack("us.topo.json").layers["counties"]
    names = {place.code: place.name for place in drawn}
    names |= dict(zip(page.places["code"], page.places["name"], strict=True))
    return geometry | {"names": [names[code] for code in geometry["codes"]]}


def check(page: MapInput) -> None:
    """Refuse what the page would draw wrongly or could be made to do harm."""
    _columns(page.places, PLACES)
    for runs in (page.runs, *(runs for _, runs in page.said), *page.supposed.values()):
        _columns(runs, RUNS)
        if runs.duplicated(["like", "substance", "start"]).any():
            raise ValueError("two answers for one place, substance and day")
        _check_words(page, runs)
    if page.places["code"].duplicated().any():
        raise ValueError("two rows for one place")
    _known("like", page.places["like"], set(page.runs["like"]))
    _known("proposal", pd.Series(list(page.supposed)), {"", *(p["id"] for p in page.proposals)})
    for name in page.details:
        if not SAFE_CHUNK.fullmatch(name):
            raise ValueError(f"not the name of a chunk: {name!r}")
    if not SAFE_REPORT.match(page.report_url):
        raise ValueError(f"not a link for reports: {page.report_url!r}")


def _check_words(page: MapInput, runs: pd.DataFrame) -> None:
    statuses = {style.id for style in page.statuses}
    activities = {status.value for status in ActivityStatus}
    flags = {flag for cell in runs["flags"].unique() for flag in str(cell).split(";") if flag}
    for column in ("own_status", "total_status"):
        _known(column, runs[column], statuses)
    for column in ("own_possess", "own_sell", "possess_status", "sell_status"):
        _known(column, runs[column], activities)
    _known("substance", runs["substance"], {identifier for identifier, _ in page.substances})
    _known("flags", flags, FLAGS)
    _known("verification", runs["verification"], {"", *(v.value for v in Verification)})


def _columns(frame: pd.DataFrame, wanted: Sequence[str]) -> None:
    if missing := [column for column in wanted if column not in frame.columns]:
        raise ValueError(f"columns missing: {', '.join(missing)}")


def _known(column: str, values: Any, known: Any) -> None:
    if unknown := sorted(map(str, set(values) - set(known))):
        raise ValueError(f"{column}: not in the codebook: {', '.join(unknown)}")


WHAT = msg("What the law on kratom is, place by place, with the source of every answer.")


def _root(page: MapInput, say: Language, kind: Kind) -> str:
    """What leads to the top of the site; a single file on a disk only knows where it came from."""
    up = "../" if say.folder else ""
    if kind == "embed":
        return f"../{up}"
    base = page.base_url.rstrip("/")
    return f"{base}/" if kind == "offline" and base else up


def _document(
    page: MapInput, table: Json, say: Language, kind: Kind, chunks: Mapping[str, Json]
) -> str:
    map_html, start = _folium()
    # In one script: between two of them a browser may lay out and paint what will change at once.
    css, leaflet, app = _style(), _leaflet(), _app(say)
    if kind == "offline":
        app += f"\n{_ask(say)}"
    code = f"{app}\n{start}"
    text = html.escape
    root = text(_root(page, say, kind))
    early = _early(page, say, kind)
    substances = [(key, say.label(Substance.__name__, label)) for key, label in page.substances]
    parts = {
        "lang": say.code,
        "dir": say.direction,
        "kind": kind,
        "alternates": _alternates(page, say) if kind == "page" else "",
        "table": f"{root}{say.folder}table/index.html",
        "single": _single(say, root) if kind == "page" else "",
        "nav": _nav(say, root, kind),
        "languages": _languages(page, say, root) if kind == "page" else "",
        "css": css,
        "csp": _policy([css], [early, leaflet, code]),
        "early": early,
        "title": text(page.title),
        "preview": _preview(page, say) if kind == "page" else "",
        "version": text(page.version),
        "as_of": text(say.day(page.as_of)),
        "citation": text(f"Kratom Atlas, version {page.version}, as of {page.as_of}"),
        "last_look": text(say.day(page.last_look)),
        "report_url": text(_report(page, say, kind)),
        "foreign": _foreign(say),
        "substances": _segments("substance", substances),
        "views": _segments("view", _spoken(VIEWS, say)),
        "modes": _options(
            [mode for mode in _spoken(MODES, say) if mode[0] != "if" or kind != "offline"]
        ),
        "laws": _options(_spoken(LAWS, say)),
        "acts": _options(_spoken(ACTS, say)),
        "patterns": legend_patterns(),
        "legend": _legend([style.spoken(say) for style in (*page.statuses, *AGES)]),
        "legend_title": text(substances[0][1]),
        "marks": say.t(msg("; ")).join(
            f'<bdi dir="ltr">{text(mark)}</bdi> {text(say.word(FLAGS[flag]))}'
            for flag, mark in MARKS.items()
        ),
        "map": map_html,
        "chunks": "\n".join(
            f'<script type="application/json" id="chunk-{name}">{_json(content)}</script>'
            for name, content in chunks.items()
        ),
        "data": _json(_data(page, table, say, kind)),
        "leaflet": leaflet,
        "code": code,
    }

    def part(found: re.Match[str]) -> str:
        return parts[found[1]] if found[1] else say.fill(text(say.t(found[2])), parts)

    # In one pass, so that no part is looked through for the markers of another.
    return MARKER.sub(part, _template("page.html"))


def _preview(page: MapInput, say: Language) -> str:
    """What a link to the page is shown with elsewhere; an image has an address, or is left out."""
    said = {"og:title": page.title, "og:type": "website", "og:description": say.t(WHAT)}
    if page.base_url and page.images:
        base = page.base_url.rstrip("/")
        said |= {
            "og:url": f"{base}/{say.folder}",
            "og:image": f"{base}/share/{page.images[0]}.png",
            "og:image:width": str(WIDE),
            "og:image:height": str(HIGH),
            "og:image:alt": say.t(msg("Map of kratom law, {day}"), day=say.day(page.as_of)),
            "twitter:card": "summary_large_image",
        }
    return "".join(
        f'<meta {"name" if name.startswith("twitter") else "property"}="{name}" '
        f'content="{html.escape(text)}">\n'
        for name, text in said.items()
    )


def _alternates(page: MapInput, say: Language) -> str:
    """The same page in every language. Search engines want whole addresses, where there are any."""
    base = page.base_url.rstrip("/")
    top = html.escape(f"{base}/" if base else _root(page, say, "page"))
    end = "" if base else "index.html"
    lines = [
        f'<link rel="alternate" hreflang="{other}" href="{top}{folder}{end}">'
        for other, folder in (
            *((other.code, other.folder) for other in page.languages),
            ("x-default", ""),
        )
    ]
    if base:
        lines.append(f'<link rel="canonical" href="{top}{say.folder}">')
    return "\n".join(lines)


def _nav(say: Language, root: str, kind: Kind) -> str:
    site = html.escape(say.t(msg("Site")))
    if kind != "page":
        home = f'<a href="{root}{say.folder}index.html" target="_blank">Kratom Atlas</a>'
        return f'<nav aria-label="{site}">{home}</nav>' if kind == "embed" or root else ""
    links = []
    for label, path, everywhere in NAV:
        folder = say.folder if everywhere else ""
        more = CURRENT if path == "index.html" else ""
        if say.folder and not everywhere:
            more = _foreign(say)
        links.append(f'<a href="{root}{folder}{path}"{more}>{html.escape(say.t(label))}</a>')
    return f'<nav aria-label="{site}">{" ".join(links)}</nav>'


def _languages(page: MapInput, say: Language, root: str) -> str:
    """Links to the same page in every language; the page adds what is shown now."""
    links = " ".join(
        f'<a href="{root}{other.folder}index.html" hreflang="{other.code}" lang="{other.code}"'
        f"{CURRENT if other == say else ''}>"
        f"{html.escape(other.name)}</a>"
        for other in page.languages
    )
    label = html.escape(say.t(msg("Language")))
    return f'<nav id="languages" aria-label="{label}">{links}</nav>'


def _single(say: Language, root: str) -> str:
    told = html.escape(say.t(msg("To keep the map, or to use it without a network:")))
    name = html.escape(say.t(msg("the whole map in one file")))
    return f' {told} <a href="{root}{OFFLINE}" download{_foreign(say)}>{name}</a>.'


def _foreign(say: Language) -> str:
    """What a link says that leads from a page in another language to one in English."""
    return f' hreflang="{ENGLISH.code}"' if say.folder else ""


def _spoken(choices: Sequence[tuple[str, str]], say: Language) -> list[tuple[str, str]]:
    return [(value, say.t(label)) for value, label in choices]


def _early(page: MapInput, say: Language, kind: Kind) -> str:
    """What comes before all: styles for pages that are alive, and, while the page is still read,
    the outlines of the view that the address names.
    """
    alive = "document.documentElement.classList.add('js');"
    if kind == "offline":
        return alive
    chunks = f"{_root(page, say, kind)}{CHUNKS}"
    return alive + (
        "(function(h){var world=/view=world|place=[A-Z]{2}(&|$)/,us=/view=us|place=US-/,"
        f"v=/view=tiles/.test(h)?'':world.test(h)?'world':us.test(h)?'us':'{page.view}',"
        "l=document.createElement('link');l.rel='preload';l.as='script';"
        f"l.href='{chunks}'+v+'.js';if(v)document.head.append(l)}})(location.hash)"
    )


def _report(page: MapInput, say: Language, kind: Kind) -> str:
    own = not re.match(r"https://|mailto:", page.report_url)
    return _root(page, say, kind) + page.report_url if own else page.report_url


def _folium() -> tuple[str, str]:
    """What folium has to say: the map's container and the script that starts it."""
    figure = Figure()
    drawing = OfflineMap().add_to(figure)
    Choropleth().add_to(drawing)
    figure.render()
    return figure.html.render().strip(), figure.script.render().strip()


def _table(page: MapInput) -> Json:
    table = encode.time_table(page.places, page.runs, page.looked, page.said, _identifiers(page))
    return table | {"first": page.first_said}


def _identifiers(page: MapInput) -> list[str]:
    return [identifier for identifier, _ in page.substances]


def _data(page: MapInput, table: Json, say: Language, kind: Kind) -> Json:
    today = int((np.datetime64(page.as_of) - np.datetime64("1970-01-01")).astype(int)) + _EPOCH
    last = max([today, *(day for day, _, legal in table["days"] if legal)])
    return {
        "substances": [[k, say.label(Substance.__name__, v)] for k, v in page.substances],
        "statuses": [_look(style.spoken(say)) for style in page.statuses],
        "ages": [_look(style.spoken(say)) for style in AGES],
        "activities": {
            status.value: {"label": say.word(status), "look": ACTIVITY_LOOKS[status].value}
            for status in ActivityStatus
        },
        "qualities": {v.value: say.word(v) for v in Verification},
        "flags": {f.value: [say.word(f), say.label(Flag.__name__, f.meaning)] for f in Flag},
        "marks": MARKS,
        "view": page.view,
        "today": today,
        "last": last,
        "root": _root(page, say, kind),
        "chunks": None if kind == "offline" else f"{_root(page, say, kind)}{CHUNKS}",
        **(_spoken_chunks(say) if say.folder else {"units": {}}),
        "links": kind != "offline" or bool(page.base_url),
        "embed": kind != "page",
        "images": list(page.images),
        "groups": list(page.details),
        "parts": encode.pack("parts")["codes"],
        "both": [code for code in encode.pack("world")["codes"] if code.startswith("US-")]
        + [code for code, *_ in encode.pack("world")["points"] if code.startswith("US-")],
        "table": table,
        "points": _points(page.places),
    }


def _spoken_chunks(say: Language) -> Json:
    """What the pages of another language need besides; units are written as the table has them."""
    units = {unit.amount(0).removeprefix("0 "): say.word(unit) for unit in Unit}
    return {"units": units, "terms": _terms(say), "names": OWN_NAMES}


def _look(style: StatusStyle) -> Json:
    return vars(style) | {"lines": PATTERNS[style.pattern]}


def _points(places: pd.DataFrame) -> list[list[Any]]:
    """Each place without an outline: the view it belongs to and its place there."""
    out: list[list[Any]] = []
    local = places["level"].isin(["municipality", "tribal"]) & places["lat"].notna()
    rows = places[local].sort_values("code")
    for code, lat, lon in zip(rows["code"], rows["lat"], rows["lon"], strict=True):
        american = str(code).startswith("US-")
        project = composite_albers if american else equal_earth
        x, y = project(np.array([[lon, lat]], dtype=np.float64))[0]
        view = "us" if american else "world"
        out.append([code, view, round(float(x), 1), round(float(y), 1)])
    return out


def _segments(name: str, choices: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f'<label><input type="radio" name="{name}" value="{html.escape(value)}"'
        f"{' checked' if index == 0 else ''}> {html.escape(label)}</label>"
        for index, (value, label) in enumerate(choices)
    )


def _options(choices: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f'<option value="{value}">{html.escape(label)}</option>' for value, label in choices
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
            # For robots.txt: tools that look a page over fetch it under the page's policy.
            "connect-src 'self'",
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
    return str(rcssmin.cssmin(vendor + _template("page.css")))


@cache
def _app(say: Language) -> str:
    """The page's own code, in a language."""
    public = "start, arrived, sentence"
    code = _code(r"\d.*\.js", say)
    return f'var KratomAtlas=(function(){{"use strict";\n{code}\nreturn {{{public}}};\n}})();'


@cache
def _ask(say: Language) -> str:
    """The code for points, routes and proposals, which most readers never load."""
    km = {f"US-{inset.name}": round(US_UNIT / inset.size / 1000, 2) for inset in INSETS}
    km |= {"us": US_UNIT / 1000, "world": round(WORLD_UNIT / 1000, 2)}
    code = _code(r"ask-.*\.js", say)
    return f'KratomAtlas.more=function(app){{"use strict";\nconst KM={_json(km)};\n{code}\n}};\n'


def _code(pattern: str, say: Language) -> str:
    """The parts of the code whose names fit, in order, without comments and spaces."""
    folder = resources.files("maps.templates").joinpath("app")
    names = sorted(file.name for file in folder.iterdir() if re.fullmatch(pattern, file.name))
    code = "\n".join(_template(f"app/{name}") for name in names)
    return say.script(rjsmin.jsmin(code))


@cache
def _leaflet() -> str:
    return re.sub(r"//# sourceMappingURL=.*", "", _template("vendor/leaflet.js"))


@cache
def _template(name: str) -> str:
    return resources.files("maps.templates").joinpath(name).read_text(encoding="utf-8")
