"""The page as its most demanding users and its worst data try it, in a real browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from map_sample import MapInput, page, rule

from maps.choropleth import EMBED, OFFLINE, render

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

ATTACKS = (
    "{{7*7}}",
    "{% raw %}{# #}",
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "</title></textarea></style>-->]]>",
    "\u202eright to left\u202d \u2066\u2067",
    "a lone \ud800 surrogate",
    "N" * 300,
    "__proto__",
    "constructor",
    "@@title@@ $& $1 \\u003c \u2028 \x00 \x1b[31m",
)
LONG = (" ".join(ATTACKS) + " ") * 20
TEXT = LONG[:10_000]
# A column of a table cannot hold half a character.
COLUMN = TEXT.replace("\ud800", "?")
LINKS = ("javascript:window.hacked=1", " JavaScript:window.hacked=1", "//evil.example/x", "\x01x:y")


def hostile_rule(key: str) -> dict[str, Any]:
    """Everything that the panel tells of a rule, hostile."""
    return rule(
        key, 0, act=TEXT, cite=TEXT, text=TEXT, attested=TEXT, to=TEXT, quote=TEXT, seen=TEXT,
        quality=TEXT, note=TEXT, where=TEXT, contested=TEXT,
        conditions=[[TEXT, TEXT], ["__proto__", "x"]],
    ) | {"from": TEXT}  # fmt: skip


def hostile_page() -> MapInput:
    """Every text field of the page and of the panel's details holds 10,000 hostile characters."""
    sample = page(title=TEXT, hostile=COLUMN)
    names = [ATTACKS[n % len(ATTACKS)].replace("\ud800", "?") for n in range(len(sample.places))]
    places = sample.places.assign(name=names)
    places.loc[places["code"].isin(["US-FL", "US-FL-12115", "FR"]), "name"] = COLUMN
    rules = [hostile_rule("bad"), *(hostile_rule(f"r{n}") | {"url": u, "page": u}
                                    for n, u in enumerate(LINKS))]  # fmt: skip
    look = {"on": TEXT, "where": TEXT, "url": LINKS[0], "result": TEXT}
    florida = places.set_index("code").loc["US-FL-12115", "like"]
    return dataclasses.replace(
        sample,
        version=TEXT,
        last_look=TEXT,
        substances=[(identifier, TEXT) for identifier, _ in sample.substances],
        places=places,
        details={
            "US": {"rules": {"US": rules}, "looks": {}, "decides": {}},
            "US-FL": {
                "rules": {"US-FL-12115": rules},
                "looks": {"US-FL": [look]},
                "decides": {str(florida): [[[1, ["bad"]]], [], []]},
            },
        },
    )


def write(of: MapInput, folder: Path) -> Path:
    for name, content in render(of).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(hostile_page(), tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(page(hostile="Sarasota"), tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


def open_page(browser: Any, address: str, **kind: Any) -> tuple[Any, list[str]]:
    """A tab with the page, and what went wrong in it."""
    tab = browser.new_context(**kind).new_page()
    tab.set_default_timeout(10_000)
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("dialog", lambda dialog: trouble.append(dialog.message))
    tab.goto(address)
    tab.wait_for_selector("html[data-ready]", state="attached")
    return tab, trouble


def settle(tab: Any) -> None:
    tab.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 60))")


def scrolls_sideways(tab: Any) -> bool:
    root = "document.documentElement"
    return bool(tab.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


SIZES = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True},
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("file", ["index.html", EMBED, OFFLINE])
def test_hostile_text_in_every_field_changes_nothing(
    hostile: Path, browser: Any, file: str, size: str
) -> None:
    address = (hostile / file).as_uri() + "#view=us&place=US-FL-12115"
    tab, trouble = open_page(browser, address, **SIZES[size])
    tab.wait_for_selector("html[data-counties='3232']", state="attached")
    tab.wait_for_selector("html[data-reasons='US-FL-12115']", state="attached")
    settle(tab)
    assert not scrolls_sideways(tab)
    # It is there, and it is text.
    told = tab.locator("#panel").text_content()
    assert "<script>window.hacked=1</script>" in told
    assert "{{7*7}}" in told
    assert tab.locator("#panel :is(script, img, style, iframe)").count() == 0
    hrefs = [a.get_attribute("href") or "" for a in tab.locator("#panel a").all()]
    assert not [href for href in hrefs if "hacked" in href or "evil" in href or "x:y" in href]
    for details in tab.locator("main details").all():
        details.evaluate("details => { details.open = true; }")
    # The map still answers: another place, another substance, another day.
    tab.locator("input[name=substance]").nth(1).evaluate("input => input.click()")
    tab.locator("#search").evaluate("box => { box.value = 'US-TX'; }")
    tab.locator("#controls").evaluate("form => form.requestSubmit()")
    settle(tab)
    assert "place=US-TX" in tab.url
    tab.locator("#before").evaluate("button => button.click()")
    settle(tab)
    assert "on=" in tab.url
    assert not scrolls_sideways(tab)
    assert tab.evaluate("[window.hacked, ({}).hacked, document.title.includes('49')]") == [
        None, None, False,
    ]  # fmt: skip
    assert trouble == []
    tab.context.close()


@pytest.mark.parametrize("text", ATTACKS)
def test_whatever_is_searched_for_is_only_text(plain: Path, browser: Any, text: str) -> None:
    tab, trouble = open_page(browser, (plain / "index.html").as_uri())
    tab.locator("#search").evaluate("(box, text) => { box.value = text; }", text)
    tab.locator("#search").evaluate("box => box.dispatchEvent(new Event('input'))")
    tab.locator("#controls").evaluate("form => form.requestSubmit()")
    tab.wait_for_selector("html[data-counties='3232']", state="attached")
    settle(tab)
    assert "place=" not in tab.url
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("#hover").is_visible()
    assert trouble == []
    tab.context.close()


def test_at_twice_the_size_nothing_is_lost(plain: Path, browser: Any) -> None:
    """A window of 1280 by 800 at 200 %."""
    tab, trouble = open_page(
        browser,
        (plain / "index.html").as_uri() + "#place=US-TX",
        viewport={"width": 640, "height": 400},
        device_scale_factor=2,
    )
    settle(tab)
    assert not scrolls_sideways(tab)
    for control in ("#search", "#mode", "#law", "#act", "#slider", "#day", "#play", "#panel-close"):
        box = tab.locator(control).bounding_box()
        assert box, control
        assert box["x"] >= 0, control
        assert box["x"] + box["width"] <= 640, control
        assert min(box["width"], box["height"]) >= 16, control
    assert trouble == []
    tab.context.close()


def test_what_is_chosen_shows_in_forced_colours(plain: Path, browser: Any) -> None:
    tab, trouble = open_page(browser, (plain / "index.html").as_uri(), forced_colors="active")
    paint = "label => getComputedStyle(label).backgroundColor"
    labels = tab.locator(".segments .row").nth(1).locator("label").all()
    colours = [label.evaluate(paint) for label in labels]
    assert len({colours[0], *colours[1:]}) == 2
    assert colours[1] == colours[2]
    assert trouble == []
    tab.context.close()


@pytest.mark.parametrize("view", ["us", "world", "tiles"])
def test_a_view_is_one_page_of_paper(plain: Path, browser: Any, tmp_path: Path, view: str) -> None:
    tab, trouble = open_page(browser, (plain / "index.html").as_uri() + f"#view={view}")
    file = tmp_path / "view.pdf"
    for size in ("A4", "Letter"):
        tab.pdf(path=str(file), format=size, margin=dict.fromkeys(("top", "left", "right"), "1cm"))
        with pypdfium2.PdfDocument(file) as paper:
            assert len(paper) == 1
            # Spaces of a PDF are gaps: not every reader finds them.
            text = "".join(paper[0].get_textpage().get_text_bounded().split())
            images = [o for o in paper[0].get_objects(max_depth=9) if o.type == 3]
        for words in ("Legend", "Banned", "November 22, 2026", "Version 0.0", "cite as"):
            assert words.replace(" ", "") in text, words
        for words in ("Previous change", "Find a place", "Copy link", "Choose a place"):
            assert words.replace(" ", "") not in text, words
        assert images
    assert trouble == []
    tab.context.close()


def test_after_printing_the_map_is_as_before(plain: Path, browser: Any) -> None:
    tab, trouble = open_page(browser, (plain / "index.html").as_uri() + "#at=480,-280,0.80")
    where = (
        "(() => { const c = map_atlas.getCenter(), s = map_atlas.getSize(); return"
        " [c.lng, c.lat, map_atlas.getZoom() * 20, s.x, s.y].map(Math.round); })()"
    )
    before = tab.evaluate(where)
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate("document.querySelector('#stage canvas').width") > 2 * 870
    assert tab.evaluate(where)[3:] != before[3:]
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(where) == before
    assert trouble == []
    tab.context.close()
