"""Points, routes and proposals in a real browser: what they say, and that nothing leaves it."""

from __future__ import annotations

import dataclasses
import functools
import http.server
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from map_sample import HOSTILE, TODAY, answers_on, history, page, run

from kratom_atlas.build import draw
from kratom_atlas.model.statement import Body, Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Evidence, Instrument, Provision
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    EvidenceKind,
    InstrumentKind,
    Stage,
    Status,
    Substance,
    Verification,
)
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.release.tables import Edition
from kratom_atlas.release.whatif import what_if
from kratom_atlas.resolve.engine import world
from kratom_atlas.resolve.record import Record
from kratom_atlas.resolve.suppose import pending, suppose
from kratom_atlas.site.pages import Meta
from kratom_atlas.store.ledger import read_batches
from maps.choropleth import OFFLINE, MapInput, render
from maps.projection import composite_albers

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LEAF, SEVEN_OH, MGM = "leaf", "7-oh", "mgm-15"

JERSEYVILLE = (39.12, -90.33)
NEAR_IT = (39.2, -90.3)  # in Jersey County, 9 km from the town


def sample() -> MapInput:
    """The made-up record, with a county around its town, and three proposals."""
    base = page()
    places, runs = base.places, base.runs
    county = len(places)
    town = places["code"] == "US-IL-1738232"
    places.loc[town, "binders"] = pd.Series(
        [("US", "US-IL", "US-IL-17083")] * 1, places.index[town]
    )
    new = ("US-IL-17083", "Jersey County", "county", float("nan"), float("nan"), county)
    places = pd.concat(
        [places, pd.DataFrame([(*new, ("US", "US-IL"))], columns=places.columns)],
        ignore_index=True,
    )
    looked = base.looked.copy()
    looked.loc[county] = 0
    told = history(county, LEAF, "banned") + history(county, SEVEN_OH, "unknown")
    runs = pd.concat([runs, pd.DataFrame(told + history(county, MGM, "lawful"))], ignore_index=True)

    def like(code: str) -> int:
        return int(places.set_index("code").loc[code, "like"])

    def supposed(code: str, status: str) -> pd.DataFrame:
        rows = runs[(runs["like"] == like(code)) & (runs["substance"] == LEAF)]
        before = rows[rows["start"] < TODAY]
        return pd.concat([before, pd.DataFrame([run(like(code), LEAF, TODAY, status)])])

    texas, maine = supposed("US-TX", "prescription"), supposed("US-ME", "lawful")
    return dataclasses.replace(
        base,
        places=places,
        runs=runs,
        looked=looked,
        proposals=[
            {"id": "me-leave", "place": "US-ME", "name": "LD 1", "title": "A leave",
             "stage": "Passed", "day": "2026-10-01", "kind": "Bill",
             "url": "https://example.org/ld1",
             "does": [{"of": [0], "text": "Permits: retail sale", "cite": "s. 1"}]},
            {"id": "tx-rx", "place": "US-TX", "name": "SB 2", "title": "Prescription",
             "stage": "Introduced", "does": [{"of": [0], "text": "Prescription only"}]},
            {"id": "tx-silent", "place": "US-TX", "name": "HB 3", "title": HOSTILE,
             "stage": "Introduced", "note": HOSTILE, "url": "https://example.org/?<script>"},
        ],
        supposed={"": pd.concat([texas, maine]), "tx-rx": texas, "me-leave": maine},
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name, content in render(sample()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
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
def asked() -> list[str]:
    """What was requested, relative to the site, without queries: there must be none."""
    return []


@pytest.fixture
def show(browser: Any, address: str, asked: list[str]) -> Iterator[Callable[..., Any]]:
    """Open the page. At the end nothing went wrong, went out, or was kept."""
    trouble: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    root = address.rsplit("/", 1)[0] + "/"
    tabs: list[Any] = []

    def requested(request: Any) -> None:
        if request.url.startswith(root) and request.method == "GET" and not request.post_data:
            asked.append(request.url.removeprefix(root))
        elif not request.url.startswith("data:"):
            trouble.append(f"request to {request.url}")

    def open_page(anchor: str = "", width: int = 1280) -> Any:
        tab = context.new_page()
        tabs.append(tab)
        tab.set_viewport_size({"width": width, "height": 900})
        tab.set_default_timeout(10_000)
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
    for tab in tabs:
        kept = "[localStorage.length, sessionStorage.length, document.cookie.length]"
        assert tab.evaluate(kept) == [0, 0, 0]
    context.close()
    assert trouble == []


def until(tab: Any, true: str) -> None:
    """As `wait_for_function`, which the page's policy forbids."""
    for _ in range(120):
        if tab.evaluate(true):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(f"{true}; said: {said(tab)}")


def said(tab: Any) -> str:
    return str(tab.evaluate("document.getElementById('live').textContent"))


def told(tab: Any, words: str) -> str:
    """Wait until the status region has said so."""
    until(tab, f"document.getElementById('live').textContent.includes({words!r})")
    return said(tab)


def legend(tab: Any) -> dict[str, int]:
    items = tab.locator("#legend li").all()
    counts = {i.get_attribute("data-status"): int(i.locator("b").inner_text() or 0) for i in items}
    return {status: n for status, n in counts.items() if n}


def counted(tab: Any) -> dict[str, int]:
    """As `legend`, but for boundaries without a row."""
    return {status: n for status, n in legend(tab).items() if status != "unknown"}


def unit(lat: float, lon: float) -> tuple[float, float]:
    """A point of the United States on the page."""
    x, y = composite_albers(np.array([[lon, lat]], dtype=np.float64))[0]
    return float(x), float(y)


def centre_on(tab: Any, lat: float, lon: float, zoom: float = 4) -> None:
    x, y = unit(lat, lon)
    tab.evaluate(f"void map_atlas.setView([{-y}, {x}], {zoom}, {{animate: false}})")


def click_at(tab: Any, x: float, y: float) -> None:
    tab.evaluate("scrollTo(0, 0)")
    spot = tab.evaluate(
        f"(() => {{ const p = map_atlas.latLngToContainerPoint([{-y}, {x}]),"
        " b = map_atlas.getContainer().getBoundingClientRect(); return [b.x + p.x, b.y + p.y]; })()"
    )
    tab.mouse.click(*spot)


# -- a point ---------------------------------------------------------------------------------------


def test_a_click_tells_every_layer_of_law_at_that_point(show: Callable[..., Any]) -> None:
    tab = show()
    centre_on(tab, *NEAR_IT, zoom=3)
    tab.click("#check")
    told(tab, "Click or tap where the point is")
    assert tab.get_attribute("#check", "aria-pressed") == "true"
    click_at(tab, *unit(*NEAR_IT))
    words = told(tab, "Point in Jersey County, IL. Together: Banned.")
    assert "Jersey County, IL: Banned" in words
    assert "Placed to about 2 km at this zoom." in words
    assert tab.get_attribute("#check", "aria-pressed") == "false"
    until(tab, "document.querySelector('.near') !== null")
    layers = tab.locator("#panel .layers li").all_inner_texts()
    # Each layer has its own status for the substance, and every substance in brief.
    assert len(layers) == 3
    assert layers[0].startswith("United States")
    assert layers[1].startswith("Illinois")
    assert "Banned" in layers[2]
    assert "Kratom leaf: Banned; 7-OH: Not yet researched; MGM-15: Lawful, named" in layers[2]
    panel = tab.inner_text("#panel")
    assert "Law at this point" in panel
    assert "Their boundaries are not in this map: check whether you are inside." in panel
    near = tab.inner_text("#panel .near li")
    assert "Jerseyville" in near
    assert re.search("about (9|10) km from the point", near)
    assert "point=" in tab.url
    assert "place=US-IL-17083" in tab.url


def test_the_layers_change_with_the_substance_the_activity_and_the_day(
    show: Callable[..., Any],
) -> None:
    x, y = unit(*NEAR_IT)
    tab = show(f"#view=us&place=US-IL-17083&substance=7-oh&point={x:.1f},{y:.1f}")
    until(tab, "document.querySelectorAll('.layers li').length === 3")
    last = tab.locator("#panel .layers li").last
    assert "That is not the same as lawful." in last.inner_text()
    tab.locator(".segments label", has_text="MGM-15").click()
    tab.select_option("#act", "possess")
    until(tab, "/Lawful\\n/.test(document.querySelector('.layers li:last-child').innerText)")
    assert "not the same" not in last.inner_text()
    tab.fill("#day", "2020-01-01")
    until(tab, "document.querySelector('.layers li:last-child').innerText.includes('No law found')")


def test_the_keyboard_drops_the_point_in_the_middle_of_the_map(show: Callable[..., Any]) -> None:
    tab = show()
    tab.focus("#check")
    tab.keyboard.press("Enter")
    told(tab, "By keyboard")
    assert tab.evaluate("document.activeElement === map_atlas.getContainer()")
    tab.keyboard.press("Escape")
    assert tab.get_attribute("#check", "aria-pressed") == "false"
    assert tab.evaluate("document.activeElement.id") == "check"
    tab.keyboard.press("Enter")
    until(tab, "document.activeElement === map_atlas.getContainer()")
    centre_on(tab, 32.5, -86.6)
    tab.keyboard.press("Enter")
    told(tab, "Point in Autauga County, AL.")
    assert "place=US-AL-01001" in tab.url


def test_a_point_survives_reload_and_back(show: Callable[..., Any]) -> None:
    tab = show("#view=us&place=US-TX")
    centre_on(tab, 32.5, -86.6)
    tab.click("#check")
    told(tab, "Click or tap")
    click_at(tab, *unit(32.5, -86.6))
    told(tab, "Point in Autauga County")
    url = tab.url
    tab.reload()
    until(tab, "(document.querySelector('#panel h3') || {}).textContent === 'Law at this point'")
    assert tab.url == url
    tab.go_back()
    until(tab, "document.getElementById('panel-title').textContent.startsWith('Texas')")
    until(tab, "document.querySelector('#panel h3').textContent === 'Every layer of law here'")


@pytest.mark.parametrize("point", ["100,100", "x", "1e9,1", "500.0,300.0;alert(1)"])
def test_a_point_that_is_not_in_the_place_is_not_told_of(
    show: Callable[..., Any], point: str
) -> None:
    tab = show(f"#view=us&place=US-TX&point={point}")
    until(tab, "document.querySelector('.layers') !== null")
    assert "Law at this point" not in tab.inner_text("#panel")


def test_the_sea_is_no_place(show: Callable[..., Any]) -> None:
    tab = show()
    tab.click("#check")
    told(tab, "Click or tap")
    click_at(tab, 620, 560)
    told(tab, "No place of this map lies at that point.")
    assert "place=" not in tab.url


def test_in_the_world_a_point_has_its_country_and_its_state(show: Callable[..., Any]) -> None:
    tab = show("#view=world&place=AU-WA")
    tab.wait_for_selector("html[data-parts]", state="attached")
    tab.click("#check")
    told(tab, "Click or tap")
    box = tab.locator(".folium-map").bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told(tab, "Point in Western Australia")
    assert "place=AU-WA" in tab.url
    tab.keyboard.press("Escape")


def test_a_typed_county_shows_its_layers(show: Callable[..., Any]) -> None:
    tab = show()
    tab.fill("#search", "Jersey County")
    tab.press("#search", "Enter")
    until(tab, "document.querySelector('.near') !== null")
    assert "Every layer of law here" in tab.inner_text("#panel")
    assert "In this county, these have law of their own" in tab.inner_text("#panel")


# -- a route ---------------------------------------------------------------------------------------


def add(tab: Any, text: str) -> None:
    tab.fill("#route-search", text)
    tab.press("#route-search", "Enter")
    until(tab, "document.getElementById('route-search').value === ''")


def stops(tab: Any) -> list[str]:
    return list(tab.locator("#route-list > li > p:first-child > button").all_inner_texts())


def status_of(tab: Any, code: str) -> str:
    return (
        str(tab.evaluate(f"KratomAtlas.sentence('{code}')"))
        .split(": ")[1]
        .split(",")[0]
        .split(".")[0]
    )


def test_a_route_says_where_the_answer_changes(show: Callable[..., Any]) -> None:
    tab = show()
    tab.click("#route-open")
    until(tab, "document.activeElement.id === 'route-search'")
    for name in ("texas", "AL", "Jersey County", "US-IL-1738232"):
        add(tab, name)
    until(tab, "document.querySelectorAll('#route-list li').length === 4")
    assert stops(tab) == ["Texas", "Alabama", "Jersey County, IL", "Jerseyville, IL"]
    assert tab.url.endswith("route=US-TX,US-AL,US-IL-17083,US-IL-1738232")
    answers = [status_of(tab, c) for c in ("US-TX", "US-AL", "US-IL-17083", "US-IL-1738232")]
    changes = sum(p != q for p, q in pairwise(answers))
    assert answers[2] == answers[3] == "Banned"
    assert tab.locator("#route-list li.changes").count() == changes > 0
    marked = tab.locator("#route-list li").nth(1).inner_text()
    assert f"Changes here: {answers[0]} → {answers[1]}." in marked
    assert "Only the places named are checked, not what lies between them" in tab.inner_text(
        "#route"
    )
    assert "all law that applies: the answer changes at" in tab.inner_text("#route-sum")
    assert said(tab).startswith("Jerseyville, IL, place 4 of the route: Banned. No change.")


def test_a_route_follows_substance_activity_and_day(show: Callable[..., Any]) -> None:
    tab = show("#route=US-IL-17083,US-AL&substance=7-oh")
    until(tab, "document.querySelectorAll('#route-list li').length === 2")
    first = tab.locator("#route-list li").first
    assert "Not yet researched" not in first.inner_text() or "same as legal" in first.inner_text()
    tab.locator(".segments label", has_text="MGM-15").click()
    tab.select_option("#act", "sell")
    tab.fill("#day", "2013-01-01")
    until(
        tab, "document.getElementById('route-sum').textContent.includes('MGM-15, January 1, 2013')"
    )
    assert "No law found" in first.inner_text()
    assert "the answer is the same at every place" in tab.inner_text("#route-sum")


def test_what_is_not_known_is_not_legal(show: Callable[..., Any]) -> None:
    unknown = next(
        code
        for (code, s), a in sorted(answers_on(page(), TODAY).items())
        if s == LEAF and a["total_status"] == "unknown" and len(code) == 5 and code[:3] == "US-"
    )
    tab = show(f"#route=US-TX,{unknown}")
    until(tab, "document.querySelectorAll('#route-list li').length === 2")
    assert "Not known is not the same as legal." in tab.locator("#route-list li").last.inner_text()
    assert "At 1 place it is not known." in tab.inner_text("#route-sum")


def test_a_route_is_reordered_and_cut_by_keyboard(show: Callable[..., Any]) -> None:
    tab = show("#route=US-TX,US-AL,US-GA")
    until(tab, "document.querySelectorAll('#route-list li').length === 3")
    tab.focus("#route-list li:nth-child(3) .up")
    tab.keyboard.press("Enter")
    told(tab, "Georgia is now place 2.")
    assert stops(tab) == ["Texas", "Georgia", "Alabama"]
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "Move Georgia up"
    tab.keyboard.press("Enter")
    told(tab, "Georgia is now place 1.")
    # At the top there is no further up: the focus goes to the way down.
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "Move Georgia down"
    tab.focus("#route-list li:nth-child(2) .out")
    tab.keyboard.press("Enter")
    told(tab, "Texas removed.")
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "Remove Alabama"
    assert tab.url.endswith("route=US-GA,US-AL")
    tab.go_back()
    until(tab, "document.querySelectorAll('#route-list li').length === 3")
    tab.reload()
    until(tab, "document.querySelectorAll('#route-list li').length === 3")
    assert stops(tab) == ["Georgia", "Texas", "Alabama"]
    tab.click("#route-clear")
    told(tab, "The route is empty.")
    assert "route=" not in tab.url


def test_clicks_on_the_map_and_the_chosen_place_are_added(show: Callable[..., Any]) -> None:
    tab = show("#view=us&place=US-GA")
    tab.click("#route-open")
    tab.wait_for_selector("#route-click")
    tab.click("#route-chosen")
    until(tab, "document.querySelectorAll('#route-list li').length === 1")
    tab.check("#route-click")
    tab.evaluate("void map_atlas.setView([-300, 500], 0, {animate: false})")
    click_at(tab, *unit(31.3, -99.3))
    until(tab, "document.querySelectorAll('#route-list li').length === 2")
    assert stops(tab) == ["Georgia", "Texas"]
    assert "place=US-GA" in tab.url
    tab.uncheck("#route-click")
    click_at(tab, *unit(31.3, -99.3))
    until(tab, "location.hash.includes('place=US-TX')")
    assert len(stops(tab)) == 2


def test_a_route_is_closed_and_opened(show: Callable[..., Any]) -> None:
    tab = show("#route=US-TX,US-AL")
    until(tab, "document.querySelectorAll('#route-list li').length === 2")
    assert tab.get_attribute("#route-open", "aria-expanded") == "true"
    tab.get_by_role("button", name="Close the route").click()
    assert not tab.is_visible("#route")
    assert tab.evaluate("document.activeElement.id") == "route-open"
    assert tab.get_attribute("#route-open", "aria-expanded") == "false"
    tab.select_option("#act", "sell")
    assert not tab.is_visible("#route")
    tab.keyboard.press("Tab")
    tab.click("#route-open")
    assert len(stops(tab)) == 2


def test_an_address_holds_twenty_real_places(show: Callable[..., Any]) -> None:
    many = ["US-TX", "US-AL"] * 15
    tab = show("#route=" + ",".join(["<script>", "constructor", "ZZ", *many]))
    until(tab, "document.querySelectorAll('#route-list li').length > 0")
    assert len(stops(tab)) == 17
    add(tab, "georgia")
    add(tab, "alabama")
    add(tab, "texas")
    told(tab, "place 20 of the route")
    tab.fill("#route-search", "maine")
    tab.press("#route-search", "Enter")
    told(tab, "A route has at most 20 places.")
    assert len(stops(tab)) == 20


def test_any_text_is_only_text(show: Callable[..., Any]) -> None:
    tab = show("#route=US-TX")
    until(tab, "document.querySelector('#route-search') !== null")
    for text in (HOSTILE + "!", "\u202e" * 30, "x" * 10_000, "\ud800"):
        tab.evaluate("(t) => { document.getElementById('route-search').value = t; }", text)
        tab.press("#route-search", "Enter")
        told(tab, "No place found for “")
        assert len(said(tab)) < 130
    assert tab.evaluate("window.hacked") is None


# -- proposals -------------------------------------------------------------------------------------


def expected(of: MapInput, key: str, substance: str = LEAF) -> dict[str, int]:
    """How many states have which status if `key` were law."""
    answers = {
        code: a["total_status"]
        for (code, s), a in answers_on(of, TODAY).items()
        if s == substance and len(code) == 5 and code.startswith("US-")
    }
    codes = dict(zip(of.places["like"], of.places["code"], strict=True))
    rows = of.supposed[key][of.supposed[key]["substance"] == substance].sort_values("start")
    for like, last in (
        rows[rows["start"] <= TODAY].groupby("like").tail(1).set_index("like").iterrows()
    ):
        answers[codes[like]] = last["total_status"]
    return dict(Counter(answers.values()))


def test_what_if_all_or_one_were_law(show: Callable[..., Any]) -> None:
    of, tab = sample(), show()
    assert not tab.is_visible("#bill")
    tab.select_option("#mode", "if")
    until(tab, "document.querySelectorAll('#bill option').length === 4")
    assert legend(tab) == expected(of, "")
    assert tab.inner_text("#not-law") == "This is not the law: proposed is not enacted."
    assert "this is not the law" in tab.inner_text("#summary")
    assert "2 places of this map would be otherwise" in tab.inner_text("#moved")
    assert "1 proposal moves (▸) of which the record does not say" in tab.inner_text("#moved")
    tab.select_option("#bill", "tx-rx")
    until(tab, "location.hash.includes('bill=tx-rx')")
    assert legend(tab) == expected(of, "tx-rx") != expected(of, "")
    assert "What if SB 2 of Texas were law; this is not the law" in tab.inner_text("#summary")
    url, words = tab.url, tab.inner_text("#summary")
    tab.reload()
    tab.wait_for_selector("html[data-ready]", state="attached")
    assert (tab.url, tab.inner_text("#summary")) == (url, words)
    assert tab.input_value("#bill") == "tx-rx"
    # What says nothing of what it would do changes nothing.
    tab.select_option("#bill", "tx-silent")
    until(tab, "location.hash.includes('bill=tx-silent')")
    law = Counter(
        a["total_status"]
        for (code, s), a in answers_on(of, TODAY).items()
        if s == LEAF and len(code) == 5 and code.startswith("US-")
    )
    assert legend(tab) == dict(law)
    tab.select_option("#mode", "law")
    until(tab, "!location.hash.includes('mode')")
    assert "bill=" not in tab.url
    assert not tab.is_visible("#not-law")
    assert legend(tab) == dict(law)


def test_what_is_supposed_is_told_as_such(show: Callable[..., Any]) -> None:
    tab = show("#view=us&place=US-TX&mode=if")
    until(tab, "document.querySelector('.bills') !== null")
    panel = tab.inner_text("#panel")
    assert "What if; not the law." in panel
    assert "Proposals here (2)" in panel
    assert "Would do: Prescription only" in panel
    assert "It moves here; what it would do is not recorded as rules" in panel
    assert tab.evaluate("KratomAtlas.sentence('US-TX')").endswith("What if; not the law.")
    until(tab, "document.querySelector('.every tr td').innerText.includes('Prescription')")
    # No day of law: it has no "since". And nothing of today's law is said to decide it.
    assert "since" not in tab.inner_text(".every tr:first-child td")
    tab.wait_for_selector("html[data-reasons='US-TX']", state="attached")
    assert tab.locator(".rule.decides").count() == 0
    assert tab.locator("#panel img, #panel script").count() == 0
    assert tab.evaluate("window.hacked") is None
    assert HOSTILE in tab.locator("#panel").text_content()
    tab.get_by_role("button", name="Show SB 2 alone").click()
    until(tab, "location.hash.includes('bill=tx-rx')")


def test_every_proposal_is_listed_where_no_place_is_chosen(show: Callable[..., Any]) -> None:
    tab = show("#mode=if")
    until(tab, "document.querySelectorAll('#panel summary').length === 2")
    assert tab.locator("#panel summary").all_inner_texts() == ["Maine (1)", "Texas (2)"]
    tab.locator("#panel summary").first.click()
    link = tab.get_by_role("link", name="LD 1: A leave")
    assert link.get_attribute("href") == "https://example.org/ld1"
    assert "Passed; last day recorded: 2026-10-01" in tab.inner_text("#panel .bills li")


def test_before_the_edition_the_law_is_the_law(show: Callable[..., Any]) -> None:
    of, tab = sample(), show("#mode=if&on=2021-04-30")
    law = Counter(
        a["total_status"]
        for (code, s), a in answers_on(of, date(2021, 4, 30).toordinal()).items()
        if s == LEAF and len(code) == 5 and code.startswith("US-")
    )
    assert legend(tab) == dict(law)
    assert "0 places of this map would be otherwise" in tab.inner_text("#moved")


@pytest.mark.parametrize("bill", ["constructor", "__proto__", "no-such", "%3Cscript%3E", "x" * 500])
def test_a_proposal_that_is_none_is_all_of_them(show: Callable[..., Any], bill: str) -> None:
    tab = show(f"#mode=if&bill={bill}&said=1")
    until(tab, "document.querySelectorAll('#bill option').length === 4")
    assert legend(tab) == expected(sample(), "")
    assert tab.input_value("#bill") == ""
    # What was said earlier and what may come are not shown together.
    assert not tab.is_checked("#said")


# -- all of it -------------------------------------------------------------------------------------


def test_only_the_site_itself_is_asked(show: Callable[..., Any], asked: list[str]) -> None:
    tab = show()
    assert asked == ["index.html", "map/us.js"]
    tab.click("#route-open")
    tab.wait_for_selector("#route-search")
    add(tab, "Jersey County")
    tab.click("#check")
    told(tab, "Click or tap")
    click_at(tab, *unit(31.3, -99.3))
    told(tab, "Point in ")
    tab.select_option("#mode", "if")
    until(tab, "document.querySelectorAll('#bill option').length === 4")
    chunks = {"map/ask/en.js", "map/if.js", "map/us-counties.js", "map/law/US-TX.js"}
    assert set(asked) == {"index.html", "map/us.js", *chunks}
    assert len(asked) == len(set(asked))


AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
ROUTE = "route=US-TX,US-AL,US-IL-17083"


@pytest.mark.parametrize(
    ("anchor", "width", "scheme"),
    [
        (f"#{ROUTE}", 1280, "dark"),
        (f"#{ROUTE}&act=possess", 360, "light"),
        ("#mode=if", 1280, "light"),
        ("#mode=if&place=US-TX&bill=tx-rx", 360, "dark"),
        ("#view=us&place=US-IL-17083&point=570.0,280.0", 640, "light"),
    ],
)
def test_each_new_view_is_accessible(
    show: Callable[..., Any], anchor: str, width: int, scheme: str
) -> None:
    tab = show(anchor, width)
    tab.emulate_media(color_scheme=scheme)
    tab.wait_for_timeout(150)
    for details in tab.locator("#panel details, #legend").all():
        details.evaluate("e => { e.open = true; }")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    small = tab.evaluate(
        """() => [...document.querySelectorAll('#tools button, #route :is(button,input), #bill,'
        + ' .layers button, .near button, .bills button, #panel summary')]
        .filter(e => e.offsetParent && !e.disabled).map(e => [e, e.getBoundingClientRect()])
        .filter(([e, b]) => b.height < 23.5 && e.type !== 'checkbox' || b.width < 19)
        .map(([e, b]) => [e.outerHTML, b.width, b.height])"""
    )
    assert small == []
    tab.evaluate(AXE)
    found = tab.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    assert found == []


def test_the_single_file_checks_points_and_routes(site: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    tab, asked = context.new_page(), []
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((site / OFFLINE).as_uri() + "#mode=if&route=US-TX,US-AL")
    tab.wait_for_selector("html[data-ready]", state="attached")
    until(tab, "document.querySelectorAll('#route-list li').length === 2")
    # Proposals stay out of it: it falls back to the law.
    assert tab.input_value("#mode") == "law"
    assert "if" not in tab.locator("#mode option").evaluate_all("all => all.map(o => o.value)")
    assert not tab.is_visible("#not-law")
    centre_on(tab, 32.5, -86.6)
    tab.click("#check")
    told(tab, "Click or tap")
    click_at(tab, *unit(32.5, -86.6))
    told(tab, "Point in Autauga County, AL.")
    assert (len(asked), trouble) == (1, [])
    context.close()


def test_a_page_that_cannot_get_the_rest_says_so(site: Path, browser: Any, tmp_path: Path) -> None:
    for name in ("index.html", "map/us.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((site / name).read_bytes())
    tab = browser.new_page()
    tab.goto((tmp_path / "index.html").as_uri())
    tab.wait_for_selector("html[data-ready]", state="attached")
    tab.click("#route-open")
    told(tab, "A part of this page could not be loaded.")
    tab.close()


# -- the shipped record, with bills made up for the test -------------------------------------------


def say(body: Body) -> Line:
    part = Part(type(body).__name__.lower())
    return Line(
        op=Op.ASSERT, part=part, subject=body.id, statement=statement_id(body),
        recorded_at="2026-11-22T23:00:00Z", actor="tester", reason="a test", **{part: body},
    )  # fmt: skip


def bill(key: str, where: str, effect: Effect, *activities: Activity, **more: Any) -> list[Line]:
    evidence = (
        Evidence(kind=EvidenceKind.TRACKER, document="Nothing", retrieved=PartialDate("2026-08")),
    )
    act = Instrument(
        id=key, jurisdiction=where, kind=InstrumentKind.BILL, title=f"Made-up {key}", number=key,
        session="2026", stage=Stage.INTRODUCED,
    )  # fmt: skip
    rule = Provision(
        id=f"{key}-rule", jurisdiction=where, instrument=key, citation="s. 1",
        substances=(Substance.LEAF, Substance.SEVEN_OH), activities=activities, effect=effect,
        verification=Verification.REPORTED, evidence=evidence, from_=PartialDate("2027-07-01"),
        **more,
    )  # fmt: skip
    return [say(act), say(rule)]


TODAY_OF_RECORD = date(2026, 11, 23).toordinal()
VIEWS = {"us": r"US-[A-Z]{2}", "world": r"[A-Z]{2}|US-(AS|GU|MP|PR|VI|UM)"}
SHOWN = (Substance.LEAF, Substance.SEVEN_OH, Substance.MGM_15)


def test_the_numbers_are_those_of_the_resolver(browser: Any, tmp_path: Path) -> None:
    state = "ocd-division/country:us/state:{}".format
    county = state("fl") + "/county:alachua"
    made = {
        "zz-ban": bill("zz-ban", state("mi"), Effect.PROHIBIT, Activity.POSSESS, Activity.SELL),
        "zz-rx": bill("zz-rx", state("tx"), Effect.PRESCRIPTION_ONLY, Activity.SELL),
        "zz-local": bill("zz-local", county, Effect.PROHIBIT, Activity.SELL),
        "zz-all": bill("zz-all", "ocd-division/country:us", Effect.LICENSE, Activity.SELL),
    }
    lines = [line for batch in read_batches(packaged_sheets() / "ledger") for line in batch.lines]
    record = Record(
        [*lines, *(line for told in made.values() for line in told)],
        load_register(packaged_sheets()),
    )
    edition = Edition(record, TODAY)
    meta = Meta("2026-11-22", edition.today, edition.last_look, "about/index.html", "")
    for name, content in draw(edition, meta):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((tmp_path / "index.html").as_uri() + "#mode=if")
    tab.wait_for_selector("html[data-ready]", state="attached")

    def wanted(keys: list[str]) -> dict[tuple[str, Substance], dict[str, int]]:
        answers = world(suppose(edition.view, keys, TODAY), TODAY)
        words = tuple(Status)
        counts: dict[tuple[str, Substance], dict[str, int]] = {}
        for view, codes in VIEWS.items():
            here = [n for n, p in enumerate(record.places) if re.fullmatch(codes, p.code)]
            for substance in SHOWN:
                found = Counter(str(words[i]) for i in answers.total[here, substance.rank])
                found.pop("unknown", None)  # boundaries without a row count among them on the map
                counts[view, substance] = dict(found)
        return counts

    # All of them: those of the record that say what they would do are among them.
    told_of = [a.id for a in pending(edition.view, TODAY) if a.id in edition.by_instrument]
    assert set(told_of) > set(made)
    for key, keys in {"": told_of, **{k: [k] for k in made}}.items():
        tab.select_option("#bill", key)
        for (view, substance), resolved in wanted(keys).items():
            tab.locator(f"input[name=view][value={view}]").check(force=True)
            tab.locator(f"input[name=substance][value='{substance}']").check(force=True)
            until(tab, f"location.hash.startsWith('#view={view}&substance={substance}&')")
            for _ in range(100):
                if counted(tab) == resolved:
                    break
                tab.wait_for_timeout(50)
            assert counted(tab) == resolved, (key, view, substance)
    # And of one county, whose own proposal no state shows.
    tab.select_option("#bill", "zz-local")
    tab.locator("input[name=substance][value=leaf]").check(force=True)
    told(tab, "not the law")
    answer = tab.evaluate("KratomAtlas.sentence('US-FL-12001')")
    assert answer.split(": ")[1].startswith("Sale banned")
    tab.close()


def test_what_a_bill_of_the_record_would_do_is_shown_and_told_as_no_law(
    browser: Any, tmp_path: Path
) -> None:
    lines = [line for batch in read_batches(packaged_sheets() / "ledger") for line in batch.lines]
    edition = Edition(Record(lines, load_register(packaged_sheets())), TODAY_OF_RECORD)
    meta = Meta("2026-11-23", edition.today, edition.last_look, "about/index.html", "")
    for name, content in draw(edition, meta):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((tmp_path / "index.html").as_uri() + "#view=us&substance=leaf&place=US-MI")
    tab.wait_for_selector("html[data-ready]", state="attached")
    assert ": No specific law found" in tab.evaluate("KratomAtlas.sentence('US-MI')")
    tab.select_option("#mode", "if")
    until(tab, "document.querySelectorAll('#bill option').length > 20")
    tab.select_option("#bill", "us-mi-hb5537-2025-26")
    until(tab, "document.querySelector('#panel .bills') !== null")
    until(tab, "document.querySelector('.every tr td').innerText.includes('Sale banned')")
    panel = tab.inner_text("#panel")
    assert "What if; not the law." in panel
    assert "Would do: Prohibits: retail sale, distribution, cultivation, import" in panel
    assert "1 place of this map would be otherwise" in tab.inner_text("#moved")
    assert tab.inner_text("#not-law") == "This is not the law: proposed is not enacted."
    tab.select_option("#mode", "law")
    until(tab, "!location.hash.includes('mode')")
    assert ": No specific law found" in tab.evaluate("KratomAtlas.sentence('US-MI')")
    tab.close()


def test_proposals_that_say_what_they_would_do_change_answers_and_no_others() -> None:
    from kratom_atlas.record import load_record
    from kratom_atlas.release.timeline import timeline
    from kratom_atlas.settings import Settings

    settings = Settings(home=Path("none"), database_url=None, base_url="", report_url="")
    edition = Edition(load_record(settings, use_store=False), TODAY_OF_RECORD)
    found = what_if(edition, timeline(edition))
    told_of = {act.id for act in found.proposals if act.id in edition.by_instrument}
    assert set(found.runs) == {"", *told_of}
    assert len(found.proposals) > 50
    assert len(told_of) >= 20
    assert not found.runs[""].empty
    # Of one state alone, as the bill says; and of places in it, by its law.
    michigan = found.runs["us-mi-hb5537-2025-26"]
    last = michigan[michigan["start"] == TODAY_OF_RECORD]
    assert set(last["total_status"]) == {"sale-banned"}
    assert set(last["substance"]) == {"leaf", "mitragynine", "7-oh", "synthetic"}


def test_it_speaks_the_language_of_the_page(site: Path, browser: Any) -> None:
    for code, words, banner in (
        ("es", "Cambia aquí", "Esto no es la ley"),
        ("ar", "يتغيّر هنا", "هذا ليس القانون"),
    ):
        tab = browser.new_page()
        trouble: list[str] = []
        tab.on("console", lambda message, told=trouble: told.append(message.text))
        tab.on("pageerror", lambda error, told=trouble: told.append(str(error)))
        tab.goto((site / code / "index.html").as_uri() + "#mode=if&route=US-TX,US-AL")
        tab.wait_for_selector("html[data-ready]", state="attached")
        until(tab, "document.querySelectorAll('#route-list li').length === 2")
        assert words in tab.inner_text("#route-list")
        assert tab.inner_text("#not-law").startswith(banner)
        assert tab.locator("#panel bdi[lang=en]").count() > 0
        assert trouble == []
        tab.close()
