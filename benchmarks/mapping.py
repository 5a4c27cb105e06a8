"""`python -m benchmarks.mapping`: the map page of the shipped record, measured in Chromium.

Bytes, requests, policy violations and console errors are budgets: the run fails beyond them. Times
are told as ratios to a stock folium choropleth of the same states and the same statuses, drawn in
the same run (its assets from the network are left out, which flatters it).

With `--service http://127.0.0.1:8000`, where `kratom-atlas serve` runs, Lighthouse looks at its
pages as a phone would, if the program `lighthouse` is there (`npm install --global lighthouse`).
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import brotli
import folium
from playwright.sync_api import sync_playwright

from kratom_atlas.build import map_input
from kratom_atlas.languages import LANGUAGES
from kratom_atlas.record import load_record
from kratom_atlas.release.tables import Edition
from kratom_atlas.settings import Settings
from kratom_atlas.site.pages import Meta
from maps import boundaries
from maps.choropleth import OFFLINE, render
from maps.legend import STATUSES

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--enable-precise-memory-info",
]
KB = 1000
RUNS = 5


def main() -> None:
    """Measure, print, and fail beyond a budget."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mapping")
    parser.add_argument("--service", help="address of a running service, for Lighthouse")
    service: str | None = parser.parse_args().service
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = build(folder)
        stock(folder)
        sizes = weigh(folder)
        with serve(folder) as root, sync_playwright() as engine:
            chromium = engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            measured = {
                f"{view}, {say.code}": first_load(
                    chromium, f"{root}/{say.folder}index.html#view={view}"
                )
                for say in LANGUAGES
                for view in ("us", "world")
            }
            ours, theirs = medians(
                lambda: drawn(chromium, f"{root}/index.html", "html[data-drawn]"),
                lambda: drawn(chromium, f"{root}/stock.html", "path.leaflet-interactive"),
            )
            steps, heap = slider(chromium, f"{root}/index.html#view=us&at=480,-280,1.20")
            chromium.close()
    faults: list[str] = []

    def budget(what: str, value: float, most: float, unit: str) -> None:
        print(f"{what:<58}{value:>10.1f} {unit:<4} budget {most:g}")
        if value > most:
            faults.append(what)

    for view, (requests, size, troubles) in measured.items():
        budget(f"first load, {view}: gzip", size / KB, 150, "kB")
        budget(f"first load, {view}: requests", requests, 2, "")
        budget(f"first load, {view}: violations, errors, other hosts", troubles, 0, "")
    budget("county chunk: brotli", sizes["counties"] / KB, 150, "kB")
    budget("offline file: gzip", sizes["offline"] / KB, 350, "kB")
    budget("heap with counties", heap / 1e6, 12, "MB")
    print(f"{'page from its packs':<58}{seconds:>10.2f} s    goal 1")
    print(
        f"{'choropleth drawn':<58}{ours:>10.0f} ms   {ours / theirs:.2f} of stock folium, goal 0.35"
    )
    middle, worst = statistics.median(steps), max(steps)
    print(f"{'slider step over all counties, median':<58}{middle:>10.1f} ms   goal 33")
    print(f"{'slider step over all counties, worst':<58}{worst:>10.1f} ms   goal 50")
    for page, scores in lighthouse(service).items():
        told = ", ".join(f"{name} {score:.0f}" for name, score in scores.items())
        print(f"{'Lighthouse, mobile: ' + page:<58}{told} (goal 95, 100, 100, 100)")
    if faults:
        sys.exit("beyond budget: " + "; ".join(faults))


def build(folder: Path) -> float:
    """The map of the shipped record; how long the page took once its tables were there."""
    settings = Settings(home=Path("none"), database_url=None, base_url="", report_url="")
    edition = Edition(load_record(settings, use_store=False), date(2026, 11, 22).toordinal())
    meta = Meta("2026-11-22", edition.today, edition.last_look, "about/index.html", "")
    page = map_input(edition, meta)
    first = render(page)
    started = time.perf_counter()
    files = render(page)
    seconds = time.perf_counter() - started
    if files != first:
        sys.exit("two builds of one record are not the same bytes")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "statuses.json").write_text(json.dumps(statuses(edition)))
    return seconds


def statuses(edition: Edition) -> dict[str, str]:
    rows = edition.tables["status"]
    rows = rows[rows["substance"] == "leaf"]
    return dict(zip(rows["code"], rows["total_status"], strict=True))


def stock(folder: Path) -> None:
    """The same states, counties and countries as folium draws them by itself."""
    status = json.loads((folder / "statuses.json").read_text())
    colours = {style.id: style.colour for style in STATUSES}
    page = folium.Map(tiles=None, location=[38, -96], zoom_start=4, prefer_canvas=False)

    def look(feature: dict[str, Any]) -> dict[str, Any]:
        found = status.get(feature["properties"]["code"], "unknown")
        return {"fillColor": colours[found], "color": "#444", "weight": 0.5, "fillOpacity": 1}

    for layer in ("world", "us-states", "us-counties"):
        frame = boundaries.load_lonlat(layer)[["code", "name", "geometry"]]
        folium.GeoJson(json.loads(frame.to_json()), style_function=look).add_to(page)
    html = page.get_root().render()
    leaflet = Path("maps/templates/vendor/leaflet.js").read_text(encoding="utf-8")
    # Everything that it would fetch is dropped but Leaflet, which is put inside.
    lines = [
        line for line in html.split("\n") if "<script src=" not in line and "<link rel=" not in line
    ]
    (folder / "stock.html").write_text(
        "\n".join(lines).replace("<head>", f"<head><script>{leaflet}</script>", 1), encoding="utf-8"
    )


def weigh(folder: Path) -> dict[str, int]:
    return {
        "counties": len(brotli.compress((folder / "map/us-counties.js").read_bytes())),
        "offline": len(gzip.compress((folder / OFFLINE).read_bytes(), 9)),
    }


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def first_load(chromium: Any, address: str) -> tuple[int, int, int]:
    """Requests, bytes if sent as gzip, and how often anything went wrong or elsewhere."""
    tab = chromium.new_page(viewport={"width": 1280, "height": 800})
    bodies: list[int] = []
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error(e.blockedURI))"
    )

    def answered(response: Any) -> None:
        if not response.url.startswith("data:"):
            bodies.append(len(gzip.compress(response.body(), 9)))
            if not response.url.startswith("/".join(address.split("/")[:3])):
                trouble.append(response.url)

    tab.on("response", answered)
    tab.goto(address)
    tab.wait_for_selector("html[data-ready]", state="attached")
    tab.wait_for_timeout(500)
    tab.close()
    return len(bodies), sum(bodies), len(trouble)


def medians(*measures: Callable[[], float]) -> list[float]:
    """Of runs in turn, so that a busy moment of the machine meets all of them."""
    runs = [[measure() for measure in measures] for _ in range(RUNS + 1)]
    return [statistics.median(column) for column in zip(*runs[1:], strict=True)]


WATCH = """new MutationObserver(() => {
  if (window.drawnAt === undefined && document.querySelector(SIGN)) {
    window.drawnAt = 0;
    requestAnimationFrame(() => { window.drawnAt = performance.now(); });
  }
}).observe(document, { subtree: true, childList: true, attributes: true });"""


def drawn(chromium: Any, address: str, sign: str) -> float:
    """Milliseconds from the start of navigation until the sign is there and about to be painted."""
    tab = chromium.new_page(viewport={"width": 1280, "height": 800})
    tab.add_init_script(WATCH.replace("SIGN", json.dumps(sign)))
    tab.goto(address)
    while not (took := tab.evaluate("window.drawnAt || 0")):
        tab.wait_for_timeout(100)
    tab.close()
    return float(took)


STEPS = """async () => {
  const slider = document.getElementById('slider'), took = [];
  const canvas = document.querySelector('.folium-map canvas').getContext('2d');
  for (let i = 0; i <= Number(slider.max); i++) {
    const before = performance.now();
    slider.value = i;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await Promise.resolve(); await Promise.resolve(); await Promise.resolve();
    canvas.getImageData(0, 0, 1, 1);
    took.push(performance.now() - before);
    await new Promise((done) => requestAnimationFrame(done));
  }
  return [took, performance.memory.usedJSHeapSize];
}"""


def slider(chromium: Any, address: str) -> tuple[list[float], float]:
    """How long each step of the slider takes with all counties drawn, raster included; the heap."""
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(address)
    tab.wait_for_selector("html[data-counties]", state="attached")
    tab.wait_for_timeout(500)
    tab.evaluate(STEPS)
    client = tab.context.new_cdp_session(tab)
    client.send("HeapProfiler.collectGarbage")
    took, _ = tab.evaluate(STEPS)
    client.send("HeapProfiler.collectGarbage")
    heap = tab.evaluate("performance.memory.usedJSHeapSize")
    tab.close()
    return took, heap


PAGES = ("/", "/table/", "/j/US-FL/", "/changes/")


def lighthouse(service: str | None) -> dict[str, dict[str, float]]:
    """Page -> scores of a hundred, or nothing and a word about why."""
    program = shutil.which("lighthouse")
    if service is None or program is None:
        why = "no --service given" if service is None else "the program is not installed"
        print(f"{'Lighthouse':<58}not run: {why}")
        return {}
    found: dict[str, dict[str, float]] = {}
    for page in PAGES:
        command = [
            program, service.rstrip("/") + page, "--quiet", "--output=json",
            "--chrome-flags=--headless=new --no-sandbox",
        ]  # fmt: skip
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=180,
            env={**os.environ, "CHROME_PATH": CHROMIUM},
        )
        categories = json.loads(done.stdout)["categories"]
        found[page] = {name: 100 * part["score"] for name, part in categories.items()}
    return found


if __name__ == "__main__":
    main()
