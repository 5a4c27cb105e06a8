"""The page in a real browser, over HTTP and from a file, without a network."""

from __future__ import annotations

import dataclasses
import functools
import http.server
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from map_sample import HOSTILE, TODAY, answers_on, page, rule, run

from maps.choropleth import EMBED, OFFLINE, render
from maps.legend import AGES

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


def settle(tab: Any) -> None:
    """Wait until what was asked for is drawn and said."""
    tab.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 60))")


def until(tab: Any, true: str) -> None:
    """As `wait_for_function`, which the page's policy forbids."""
    for _ in range(100):
        if tab.evaluate(true):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(true)


def choose(tab: Any, text: str) -> None:
    tab.fill("#search", text)
    tab.press("#search", "Enter")
    tab.wait_for_selector("html[data-counties='3232']", state="attached")
    settle(tab)


def test_search_shows_the_status(show: Callable[..., Any]) -> None:
    tab = show()
    choose(tab, "texas")
    panel = tab.locator("#panel")
    assert "Texas" in panel.inner_text()
    assert "Age limit only" in panel.inner_text()
    links = [a.get_attribute("href") for a in panel.locator("#panel-body > .links a").all()]
    assert links == ["j/US-TX/index.html", "feeds/US-TX.atom", "calendar/US-TX.ics"]
    assert "place=US-TX" in tab.url
    said = "Texas: Age limit only, since May 2021. Kratom leaf, November 22, 2026."
    assert tab.locator("#live").inner_text() == said


@pytest.mark.parametrize("words", ["TX", "US-TX", "tex", "Texas (US-TX)"])
def test_a_place_has_many_names(show: Callable[..., Any], words: str) -> None:
    tab = show()
    choose(tab, words)
    assert "place=US-TX" in tab.url


def test_a_name_that_is_none_is_said_to_be_none(show: Callable[..., Any]) -> None:
    tab = show()
    choose(tab, "Atlantis " + "x" * 300)
    assert tab.locator("#live").inner_text().startswith("No place found for “Atlantis")
    assert tab.locator("#hover").is_visible()


DAYS = ("2013-01-01", "2021-04-30", "2021-05-01", "2026-11-22", "2027-01-01")


def test_legend_summary_and_table_count_what_the_record_says(show: Callable[..., Any]) -> None:
    tab = show()
    sample = page()
    tab.locator("#rows summary").click()
    for day in DAYS:
        tab.fill("#day", day)
        answers = answers_on(sample, date.fromisoformat(day).toordinal())
        for substance, label in sample.substances:
            tab.locator(".segments label", has_text=label).click()
            settle(tab)
            states = [
                a["total_status"]
                for (code, s), a in answers.items()
                if s == substance and len(code) == 5 and code.startswith("US-")
            ]
            wanted = dict(Counter(states))
            assert {k: v for k, v in legend_counts(tab).items() if v} == wanted
            for style in sample.statuses:
                if style.id in wanted:
                    assert f"{style.label} {wanted[style.id]}" in tab.inner_text("#summary")
            rows = Counter(tab.locator("#rows-body td:nth-child(2)").all_inner_texts())
            labels = {style.id: style.label for style in sample.statuses}
            found = {
                key: count
                for key, label in labels.items()
                if (count := sum(n for text, n in rows.items() if text.endswith(label)))
            }
            assert found == wanted
    tab.locator(".segments label", has_text="World").click()
    settle(tab)
    assert sum(legend_counts(tab).values()) == 250


def test_the_table_sorts_and_filters(show: Callable[..., Any]) -> None:
    tab = show()
    tab.locator("#rows summary").click()
    first = tab.locator("#rows-body tr").first
    assert first.inner_text().startswith("Alabama")
    tab.get_by_role("button", name="Place", exact=True).click()
    assert first.inner_text().startswith("Wyoming")
    assert tab.locator("#rows thead th").first.get_attribute("aria-sort") == "descending"
    tab.fill("#rows-filter", "texas")
    assert tab.locator("#rows-body tr").count() == 1
    tab.locator("#rows-body button").click()
    settle(tab)
    assert "place=US-TX" in tab.url


def test_every_fill_of_the_legend_is_on_the_map(show: Callable[..., Any]) -> None:
    for anchor in ("", "#view=tiles", "#view=world", "#mode=fresh&view=world"):
        tab = show(anchor)
        counts = legend_counts(tab)
        fills = {s.id: s.colour[1:] for s in (*page().statuses, *AGES) if counts[s.id]}
        assert len(fills) > 1
        assert set(fills.values()) <= colours(tab), anchor


def test_counties_are_drawn_where_they_differ(show: Callable[..., Any]) -> None:
    tab = show("#view=us&place=US-AL-01073&substance=7-oh")
    tab.wait_for_selector("html[data-counties='3232']", state="attached")
    settle(tab)
    assert "Jefferson County" in tab.locator("#panel").inner_text()
    assert "5b0a2e" in colours(tab)
    choose(tab, "US-AL-01001")
    text = tab.locator("#panel").inner_text()
    assert "Autauga County, AL" in text
    assert "Local law not searched" in text


def test_states_of_federations_are_drawn_when_one_comes_near(show: Callable[..., Any]) -> None:
    tab = show("#view=world&place=AU")
    tab.wait_for_selector("html[data-parts='41']", state="attached")
    choose(tab, "Western Australia")
    settle(tab)
    assert "place=AU-WA" in tab.url
    spot = tab.evaluate(
        "(() => { const b = map_atlas.getContainer().getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    assert "5b0a2e" in colours(tab)
    tab.mouse.click(*spot)
    settle(tab)
    assert "Western Australia" in tab.inner_text("#panel-title")


@pytest.mark.parametrize(
    ("view", "first", "close"),
    [
        ("us", ["us.js"], ["us-counties.js", "us.js"]),
        ("world", ["world.js"], ["parts.js", "world-fine.js", "world.js"]),
    ],
)
def test_fine_outlines_are_asked_for_when_near(
    show: Callable[..., Any], view: str, first: list[str], close: list[str]
) -> None:
    asked = (
        "performance.getEntriesByType('resource').map(r => r.name.split('/map/')[1])"
        ".filter(name => name && !name.startsWith('law/')).sort()"
    )
    tab = show(f"#view={view}")
    legend = legend_counts(tab)
    assert tab.evaluate(f"[...new Set({asked})]") == first
    for _ in range(4):
        tab.focus(".folium-map")
        tab.keyboard.press("+")
        settle(tab)
    there = "document.documentElement.dataset"
    until(tab, f"Boolean({there}.counties || ({there}.fine && {there}.parts))")
    assert tab.evaluate(f"[...new Set({asked})]") == close
    assert legend_counts(tab) == legend


def test_hostile_text_is_text(show: Callable[..., Any]) -> None:
    tab = show("#place=US-FL-12115")
    tab.wait_for_selector("html[data-reasons='US-FL-12115']", state="attached")
    text = tab.locator("#panel").text_content()
    assert text.count(HOSTILE) == 10
    assert "49" not in text
    assert tab.locator("#panel img, #panel script").count() == 0
    assert tab.evaluate("window.hacked") is None


def test_the_reasons_are_told_level_by_level(show: Callable[..., Any]) -> None:
    tab = show("#place=US-FL-12115")
    tab.wait_for_selector("html[data-reasons]", state="attached")
    layers = tab.locator("#panel .layer h5").all_inner_texts()
    assert [layer.split(":")[0] for layer in layers[:2]] == ["United States of America", "Florida"]
    assert len(layers) == 3
    assert tab.locator(".rule.decides").count() == 1
    tab.fill("#day", "2021-04-30")
    settle(tab)
    assert tab.locator(".rule").count() == 0


def test_images_are_offered_for_what_they_show(show: Callable[..., Any]) -> None:
    tab = show("#view=us&place=US-TX")
    offered = "#images a"

    def links(of: str) -> list[str]:
        found = tab.locator(of).evaluate_all("all => all.map(a => a.getAttribute('href'))")
        return [str(link) for link in found]

    assert links(offered) == ["share/us-leaf.png", "share/us-leaf.svg"]
    tab.wait_for_selector("html[data-reasons='US-TX']", state="attached")
    assert links("#panel .reasons .links a") == ["share/US-TX.png", "share/US-TX.svg"]
    tab.locator("#share summary").click()
    assert tab.locator("#images").inner_text().split() == ["Image", "to", "share:", "PNG", "SVG"]
    # Another day, another law or another substance is not what it shows.
    for anchor in ("&on=2021-05-01", "&law=own", "&act=sell", "&mode=next", "&substance=mgm-15"):
        tab.goto(tab.url.partition("#")[0] + "#view=us" + anchor)
        until(tab, f"!document.querySelector('{offered}')")
    tab.goto(tab.url.partition("#")[0] + "#view=world")
    until(tab, f"document.querySelector('{offered}')?.href.endsWith('share/world-leaf.png')")
    # A place without law of its own has none.
    tab.goto(tab.url.partition("#")[0] + "#view=us&place=US-NY")
    tab.wait_for_selector("html[data-reasons='US-NY']", state="attached")
    assert links("#panel .reasons .links a") == []


def test_keyboard_alone_suffices(show: Callable[..., Any]) -> None:
    tab = show()
    tab.locator(".folium-map").focus()
    tab.keyboard.press("n")
    settle(tab)
    assert "Alabama" in tab.locator("#panel").inner_text()
    tab.keyboard.press("n")
    settle(tab)
    tab.keyboard.press("p")
    settle(tab)
    assert "place=US-AL" in tab.url
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "panel"
    tab.locator(".folium-map").focus()
    tab.keyboard.press("Escape")
    settle(tab)
    assert "place=" not in tab.url


def test_clicking_the_map_chooses_the_place(show: Callable[..., Any]) -> None:
    tab = show("#view=us")
    spot = tab.evaluate(
        "(() => { const p = map_atlas.latLngToContainerPoint([-400, 400]),"
        " b = map_atlas.getContainer().getBoundingClientRect(); return [b.x + p.x, b.y + p.y]; })()"
    )
    tab.mouse.click(*spot)
    settle(tab)
    assert "Texas" in tab.locator("#panel").inner_text()


def test_time_goes_by_changes_and_by_days(show: Callable[..., Any]) -> None:
    tab = show("#place=US-TX")
    day = tab.locator("#day")
    assert tab.locator("#slider").get_attribute("aria-valuetext") == "November 22, 2026"
    assert "What is coming" in tab.locator("#panel").inner_text()
    tab.click("#after")
    settle(tab)
    assert day.input_value() == "2027-01-01"
    assert "Texas, Age limit only → Banned" in tab.inner_text("#moved")
    assert "on=2027-01-01" in tab.url
    assert "Texas: Banned, since January 1, 2027" in tab.inner_text("#live")
    tab.click("#yesterday")
    settle(tab)
    assert day.input_value() == "2026-12-31"
    assert "Age limit only" in tab.inner_text("#live")
    tab.click("#before")
    tab.click("#before")
    settle(tab)
    assert day.input_value() == "2021-05-01"
    assert "in May 2021" in tab.inner_text("#moved")
    tab.focus("#slider")
    tab.keyboard.press("Home")
    settle(tab)
    assert day.input_value() == "2012-01-01"
    tab.keyboard.press("End")
    settle(tab)
    assert day.input_value() == "2027-01-01"
    tab.click("#today")
    settle(tab)
    assert "on=" not in tab.url


def test_what_we_said_is_another_question(show: Callable[..., Any]) -> None:
    tab = show("#place=US-TX&on=2022-01-01")
    assert "Age limit only" in tab.inner_text("#panel")
    tab.check("#said")
    settle(tab)
    assert "said=1" in tab.url
    assert "This record began on November 1, 2026" in tab.inner_text("#panel")
    assert legend_counts(tab)["unknown"] == 56
    tab.fill("#day", "2026-11-05")
    settle(tab)
    assert "Age limit only" in tab.inner_text("#live")


def test_what_we_said_before_a_correction(browser: Any, tmp_path: Path) -> None:
    """Until three days ago this record said that Texas allows it."""
    sample = page()
    texas = sample.places.set_index("code").loc["US-TX", "like"]
    before = pd.DataFrame([run(texas, "leaf", 1, "lawful")])
    files = render(dataclasses.replace(sample, said=[(TODAY - 3, before)]))
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    tab = browser.new_page()
    said = []
    for day, words in (("2026-11-18", "&said=1"), ("2026-11-19", "&said=1"), ("2026-11-18", "")):
        tab.goto("about:blank")
        tab.goto(f"{(tmp_path / 'index.html').as_uri()}#place=US-TX&on={day}{words}")
        tab.wait_for_selector("html[data-ready]", state="attached")
        said.append(tab.evaluate("KratomAtlas.sentence('US-TX')").split(".")[0])
    assert said == [
        "Texas: Lawful, named",
        "Texas: Age limit only, since May 2021",
        "Texas: Age limit only, since May 2021",
    ]
    tab.close()


def test_the_reasons_of_an_earlier_word(browser: Any, tmp_path: Path) -> None:
    """What was recorded since then is no reason for what was said, and none of them decides."""
    sample = page()
    texas = {"rules": {"US-TX": [rule("old", 0), rule("late", 0, said=TODAY - 2)]}, "looks": {}}
    details = {**sample.details, "US-TX": texas | {"decides": {}}}
    for name, content in render(dataclasses.replace(sample, details=details)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    tab = browser.new_page()
    told = {}
    for day, words in (("2026-11-10", "&said=1"), ("2026-11-10", ""), ("2026-11-22", "&said=1")):
        tab.goto("about:blank")
        tab.goto(f"{(tmp_path / 'index.html').as_uri()}#place=US-TX&on={day}{words}")
        tab.wait_for_selector("html[data-reasons=US-TX]", state="attached")
        told[day, words] = tab.inner_text(".reasons")
    then, now, today = told.values()
    assert "Code, old" in then
    assert "Code, late" not in then
    assert "As recorded by then" in then
    for words in (now, today):
        assert "Code, late" in words
        assert "As recorded by then" not in words
    tab.close()


def test_playing_ends_at_the_last_change(show: Callable[..., Any]) -> None:
    tab = show("#on=2021-01-01")
    tab.click("#play")
    until(tab, "document.getElementById('day').value === '2027-01-01'")
    until(tab, "document.getElementById('play').textContent === 'Play'")


def test_every_view_has_an_address(show: Callable[..., Any]) -> None:
    tab = show()
    tab.select_option("#act", "possess")
    tab.select_option("#law", "own")
    tab.locator(".segments label", has_text="World").click()
    tab.locator(".segments label", has_text="7-OH").click()
    tab.fill("#day", "2022-02-02")
    choose(tab, "Thailand")
    url, words = tab.url, tab.inner_text("#summary")
    for part in (
        "view=world",
        "place=TH",
        "substance=7-oh",
        "law=own",
        "act=possess",
        "on=2022-02-02",
    ):
        assert part in url
    assert tab.input_value("#link") == url
    tab.reload()
    tab.wait_for_selector("html[data-ready]", state="attached")
    assert tab.inner_text("#summary") == words
    assert "Thailand" in tab.inner_text("#panel")
    choose(tab, "Japan")
    tab.go_back()
    settle(tab)
    assert tab.url.split("&at=")[0] == url
    assert "Thailand" in tab.inner_text("#panel")


def test_where_the_map_was_moved_to_is_part_of_the_address(show: Callable[..., Any]) -> None:
    tab = show()
    tab.focus(".folium-map")
    tab.keyboard.press("+")
    until(tab, "location.hash.includes('at=')")
    where = "[map_atlas.getCenter().lng, map_atlas.getZoom()].map(n => n.toFixed(0)).join()"
    before = tab.evaluate(where)
    tab.reload()
    tab.wait_for_selector("html[data-ready]", state="attached")
    assert tab.evaluate(where) == before


def test_what_if_shows_what_is_enacted(show: Callable[..., Any]) -> None:
    tab = show()
    before = legend_counts(tab)
    tab.select_option("#mode", "next")
    settle(tab)
    after = legend_counts(tab)
    assert after["banned"] == before["banned"] + 1
    assert after["age-restricted"] == before["age-restricted"] - 1


def test_the_age_of_the_last_look_is_a_map(show: Callable[..., Any]) -> None:
    tab = show("#mode=fresh")
    counts = {k: v for k, v in legend_counts(tab).items() if v}
    assert counts == {"d90": 55, "never": 1}


def test_letters_of_countries_are_not_those_of_states(show: Callable[..., Any]) -> None:
    tab = show("#view=world&place=AL")
    assert "Albania" in tab.locator("#panel").inner_text()
    assert "view=world" in tab.url
    tab = show("#place=US-AL")
    assert "Alabama" in tab.locator("#panel").inner_text()


def test_a_nonsense_address_is_harmless(show: Callable[..., Any]) -> None:
    for word in ("<img>", "constructor", "__proto__", "US-ZZ"):
        keys = ("view", "place", "substance", "show", "on", "mode", "law", "act", "at", "said")
        tab = show("#" + "&".join(f"{key}={word}" for key in keys))
        assert "Choose a place" in tab.locator("#panel").inner_text()


def test_the_law_of_a_state_is_not_its_counties_own(show: Callable[..., Any]) -> None:
    tab = show("#place=US-AL-01001&law=own")
    tab.wait_for_selector("html[data-counties]", state="attached")
    settle(tab)
    assert "Local law not searched" in tab.locator("#panel").inner_text()
    assert "Autauga County, AL: Not yet researched" in tab.evaluate(
        "KratomAtlas.sentence('US-AL-01001')"
    )


def test_an_unsearched_county_is_as_its_state(browser: Any, tmp_path: Path) -> None:
    sample = page()
    runs = sample.runs.copy()
    alike = sample.places.set_index("code").loc["US-AL-01001", "like"]
    runs.loc[runs["like"] == alike, "total_status"] = "unknown"
    for name, content in render(dataclasses.replace(sample, runs=runs)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    tab = browser.new_page()
    tab.goto(f"{(tmp_path / 'index.html').as_uri()}#place=US-AL-01001")
    tab.wait_for_selector("html[data-counties]", state="attached")
    settle(tab)
    state = tab.evaluate("KratomAtlas.sentence('US-AL')").removeprefix("Alabama: ").split(".")[0]
    assert tab.evaluate("KratomAtlas.sentence('US-AL-01001')").startswith(
        f"Autauga County, AL: {state}, as Alabama; local law not searched."
    )
    assert "what is shown is the status of Alabama" in tab.inner_text("#panel")
    assert tab.inner_text("#panel-title").startswith("Autauga County, AL")
    tab.close()


def test_a_possession_map_speaks_of_possession(show: Callable[..., Any]) -> None:
    tab = show("#show=possess")
    legend = tab.locator("#legend")
    assert "Unlawful" in legend.inner_text()
    assert "Sale banned" not in legend.inner_text()
    answers = answers_on(page(), TODAY)
    count = sum(
        a["possess_status"] == "unlawful"
        for (code, s), a in answers.items()
        if s == "leaf" and len(code) == 5 and code.startswith("US-")
    )
    assert legend.locator("li[data-status=banned] b").inner_text() == str(count)


@pytest.mark.parametrize("width", [360, 640, 1280])
@pytest.mark.parametrize("anchor", ["", "#place=US-FL-12115&on=2027-01-01"])
def test_nothing_is_wider_than_the_screen(
    show: Callable[..., Any], anchor: str, width: int
) -> None:
    tab = show(anchor)
    tab.set_viewport_size({"width": width, "height": 740})
    settle(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_the_map_at_once(show: Callable[..., Any]) -> None:
    tab = show()
    tab.set_viewport_size({"width": 360, "height": 740})
    settle(tab)
    box = tab.locator("#stage").bounding_box()
    assert box["y"] + box["height"] <= 740


AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("anchor", "width", "scheme"),
    [
        ("", 1280, "light"),
        ("#place=US-FL-12115", 1280, "dark"),
        ("#view=tiles&mode=next", 1280, "dark"),
        ("#view=world&place=FR&mode=fresh", 360, "light"),
        ("#act=sell&law=own&on=2022-01-01&said=1", 640, "light"),
    ],
)
def test_axe_finds_nothing(show: Callable[..., Any], anchor: str, width: int, scheme: str) -> None:
    tab = show(anchor)
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": 800})
    for details in ("#rows", "#share", "#legend"):
        tab.evaluate(f"document.querySelector('{details}').open = true")
    settle(tab)
    tab.evaluate(AXE)
    found = tab.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    assert found == []


@pytest.mark.parametrize("file", ["index.html", EMBED, OFFLINE])
def test_every_page_opens_from_a_disk(site: Path, browser: Any, file: str) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    tab = context.new_page()
    trouble: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((site / file).as_uri() + "#place=US-AL-01073&on=2022-01-01")
    tab.wait_for_selector("html[data-ready]", state="attached")
    tab.wait_for_selector("html[data-counties='3232']", state="attached")
    assert "Jefferson County, AL: Banned, since May 2021" in tab.evaluate(
        "KratomAtlas.sentence('US-AL-01073')"
    )
    if file == OFFLINE:
        assert len(asked) == 1
        tab.fill("#search", "texas")
        tab.press("#search", "Enter")
        tab.wait_for_selector("html[data-reasons='US-TX']", state="attached")
        assert "No person shall sell it." in tab.inner_text("#panel")
        assert tab.locator("#panel .links a").count() == 0
    assert trouble == []
    context.close()


def test_reduced_motion_plays_one_step_at_a_time(site: Path, browser: Any) -> None:
    context = browser.new_context(reduced_motion="reduce")
    tab = context.new_page()
    tab.goto((site / "index.html").as_uri() + "#on=2020-01-01")
    tab.wait_for_selector("html[data-ready]", state="attached")
    tab.click("#play")
    settle(tab)
    assert tab.input_value("#day") == "2021-05-01"
    assert tab.inner_text("#play") == "Play"
    context.close()
