"""The page in a real browser, over HTTP and from a file, without a network."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from map_sample import HOSTILE, page

from maps.choropleth import render

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name, content in render(page()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module", params=["http", "file"])
def address(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    if request.param == "file":
        yield (site / "index.html").as_uri()
        return
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open the page; at the end nothing may have gone wrong or gone out."""
    trouble: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    root = address.rsplit("/", 1)[0]

    def requested(request: Any) -> None:
        if not request.url.startswith((root, "data:")):
            trouble.append(f"request to {request.url}")

    def open_page(anchor: str = "") -> Any:
        tab = context.new_page()
        tab.on("request", requested)
        tab.on("requestfailed", lambda request: trouble.append(f"failed: {request.url}"))
        tab.on("console", lambda message: trouble.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        tab.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        tab.goto(address + anchor)
        tab.wait_for_selector("html[data-ready]", state="attached")
        return tab

    yield open_page
    context.close()
    assert trouble == []


def legend_counts(tab: Any) -> dict[str, int]:
    items = tab.locator("#legend li").all()
    return {i.get_attribute("data-status"): int(i.locator("b").inner_text()) for i in items}


def colours(tab: Any) -> set[str]:
    """The colours on the canvas, thinned out."""
    return set(
        tab.evaluate(
            """() => { const c = document.querySelector('.folium-map canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, out = {};
            for (let i = 0; i < d.length; i += 4 * 7)
              if (d[i + 3] === 255) out[[d[i], d[i + 1], d[i + 2]].map(
                v => v.toString(16).padStart(2, '0')).join('')] = 1;
            return Object.keys(out); }"""
        )
    )


def test_search_shows_the_status(show: Callable[..., Any]) -> None:
    tab = show()
    tab.fill("#search", "texas")
    tab.press("#search", "Enter")
    panel = tab.locator("#panel")
    assert "Texas" in panel.inner_text()
    assert "Age limit only" in panel.inner_text()
    assert panel.locator("a").get_attribute("href") == "j/US-TX/"
    assert "place=US-TX" in tab.url
    assert tab.locator("#live").inner_text() == "Texas: Age limit only"
    tab.wait_for_selector("html[data-counties='3232']", state="attached")


def test_legend_counts_what_the_table_says(show: Callable[..., Any]) -> None:
    tab = show()
    table = page().table
    for substance, label in page().substances:
        tab.locator(".segments label", has_text=label).click()
        rows = table[(table["substance"] == substance)]
        states = rows[rows["code"].str.fullmatch("US-[A-Z]{2}")]
        wanted = states["total_status"].value_counts().to_dict()
        assert {k: v for k, v in legend_counts(tab).items() if v} == wanted
    tab.locator(".segments label", has_text="World").click()
    assert sum(legend_counts(tab).values()) == 250


def test_every_fill_of_the_legend_is_on_the_map(show: Callable[..., Any]) -> None:
    tab = show()
    counts = legend_counts(tab)
    fills = {s.id: s.colour[1:] for s in page().statuses if counts[s.id]}
    assert set(fills.values()) <= colours(tab)


def test_counties_are_drawn_where_they_differ(show: Callable[..., Any]) -> None:
    tab = show("#view=us&place=US-AL-01073&substance=7-oh")
    tab.wait_for_selector("html[data-counties='3232']", state="attached")
    assert "Jefferson County" in tab.locator("#panel").inner_text()
    assert "5b0a2e" in colours(tab)
    tab.fill("#search", "US-AL-01001")
    tab.press("#search", "Enter")
    text = tab.locator("#panel").inner_text()
    assert "Autauga, AL" in text
    assert "Local law not searched" in text


def test_hostile_text_is_text(show: Callable[..., Any]) -> None:
    tab = show("#place=US-FL-12115")
    tab.wait_for_selector("html[data-counties]", state="attached")
    text = tab.locator("#panel").text_content()
    assert text.count(HOSTILE) == 2
    assert tab.locator("#panel img, #panel script").count() == 0
    assert tab.evaluate("window.hacked") is None


def test_keyboard_alone_suffices(show: Callable[..., Any]) -> None:
    tab = show()
    tab.locator(".folium-map").focus()
    tab.keyboard.press("n")
    assert "Alabama" in tab.locator("#panel").inner_text()
    tab.keyboard.press("n")
    tab.keyboard.press("p")
    assert "place=US-AL" in tab.url
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "panel"
    tab.locator(".folium-map").focus()
    tab.keyboard.press("Escape")
    assert "place=" not in tab.url


def test_clicking_the_map_chooses_the_place(show: Callable[..., Any]) -> None:
    tab = show("#view=us")
    spot = tab.evaluate(
        "(() => { const p = map_atlas.latLngToContainerPoint([-400, 400]),"
        " b = map_atlas.getContainer().getBoundingClientRect(); return [b.x + p.x, b.y + p.y]; })()"
    )
    tab.mouse.click(*spot)
    assert "Texas" in tab.locator("#panel").inner_text()


def test_letters_of_countries_are_not_those_of_states(show: Callable[..., Any]) -> None:
    tab = show("#view=world&place=AL")
    assert "Albania" in tab.locator("#panel").inner_text()
    assert "view=world" in tab.url
    tab = show("#place=US-AL")
    assert "Alabama" in tab.locator("#panel").inner_text()


def test_a_nonsense_address_is_harmless(show: Callable[..., Any]) -> None:
    for word in ("<img>", "constructor", "__proto__", "US-ZZ"):
        tab = show(f"#view={word}&place={word}&substance={word}&show={word}")
        assert "Choose a place" in tab.locator("#panel").inner_text()


def test_the_law_of_a_state_is_not_its_counties_own(show: Callable[..., Any]) -> None:
    tab = show("#place=US-TX-48001&show=own")
    tab.wait_for_selector("html[data-counties]", state="attached")
    assert "Local law not searched" in tab.locator("#panel").inner_text()
    tab.locator(".folium-map").hover()
    assert "Not yet researched" in tab.locator("#hover").inner_text()


def test_a_possession_map_speaks_of_possession(show: Callable[..., Any]) -> None:
    tab = show("#show=possess")
    legend = tab.locator("#legend")
    assert "Unlawful" in legend.inner_text()
    assert "Sale banned" not in legend.inner_text()
    table = page().table
    states = table[(table["substance"] == "leaf") & table["code"].str.fullmatch("US-[A-Z]{2}")]
    count = (states["possess_status"] == "unlawful").sum()
    assert legend.locator("li[data-status=banned] b").inner_text() == str(count)


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(show: Callable[..., Any], width: int) -> None:
    tab = show()
    tab.set_viewport_size({"width": width, "height": 740})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
