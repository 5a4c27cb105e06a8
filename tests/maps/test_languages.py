"""The pages of every language in a real browser: what they say, where it stands, what it weighs."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from map_sample import page

from kratom_atlas.languages import ENGLISH, LANGUAGES, Language
from maps.choropleth import EMBED, render

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SPANISH, ARABIC = LANGUAGES[1:]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
TERMS = {"Prohibits: retail sale": "Prohíbe: venta al por menor", "Primary": "Texto oficial"}
ISOLATES = re.compile("[\u2066-\u2069]")
ENGLISH_WORDS = re.compile(
    r"\b(?:the|this|law|place|status|change|today|Close|Play|Show|Map|sale|since|not|with|of)\b"
)

each = pytest.mark.parametrize("say", LANGUAGES[1:], ids=lambda say: say.code)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    sample = page(title="Kratom Atlas", hostile="Sarasota County")
    terms = {"es": TERMS, "ar": {"Primary": "النص الرسمي"}}
    return render(dataclasses.replace(sample, terms=terms))


@pytest.fixture(scope="module")
def address(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("spoken")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open a page; at the end nothing may have gone wrong or gone out."""
    trouble: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})

    def requested(request: Any) -> None:
        if not request.url.startswith((address, "data:")):
            trouble.append(f"request to {request.url}")

    def open_page(path: str) -> Any:
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
        tab.goto(address + path)
        tab.wait_for_selector("html[data-ready]", state="attached")
        return tab

    yield open_page
    context.close()
    assert trouble == []


def settle(tab: Any) -> None:
    tab.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 60))")


def text(tab: Any, selector: str) -> str:
    return ISOLATES.sub("", tab.inner_text(selector))


def find(tab: Any, words: str) -> None:
    tab.fill("#search", words)
    tab.press("#search", "Enter")
    tab.wait_for_selector("html[data-counties='3232']", state="attached")
    settle(tab)


def test_the_whole_page_speaks_spanish(show: Callable[..., Any]) -> None:
    tab = show("es/index.html#place=US-TX&on=2026-12-01")
    tab.wait_for_selector("html[data-reasons='US-TX']", state="attached")
    panel = text(tab, "#panel")
    assert panel.startswith("Texas US-TX")
    for words in (
        "La ley el 1 de diciembre de 2026, según lo promulgado hasta ahora.",
        "Solo límite de edad",
        "desde mayo de 2021; hasta 1 de enero de 2027; edad mínima: 21",
        "Lo que viene",
        "Estados Unidos: ",
        "Prohíbe: venta al por menor.",
        "En vigor desde mayo de 2021",
        "leído el 1 de agosto de 2026",
        "Página completa",
    ):
        assert words in panel, words
    tab.click("#after")
    settle(tab)
    said = "Texas: Prohibido, desde 1 de enero de 2027. Hoja de kratom, 1 de enero de 2027."
    assert text(tab, "#live") == said
    assert "Cambió ese día: Texas, Solo límite de edad → Prohibido" in text(tab, "#moved")
    assert "Toda la ley aplicable, Hoja de kratom, 1 de enero de 2027." in text(tab, "#summary")
    assert "56 estados y territorios: " in text(tab, "#summary")
    assert "Leyenda: Hoja de kratom, estados y territorios" in text(tab, "#legend")
    assert tab.get_attribute("#slider", "aria-valuetext").startswith("1 de enero de 2027, según")
    assert tab.get_attribute(".leaflet-control-zoom-in", "aria-label") == "Acercar"


def test_the_whole_page_speaks_arabic(show: Callable[..., Any]) -> None:
    tab = show("ar/index.html#place=US-TX")
    tab.wait_for_selector("html[data-reasons='US-TX']", state="attached")
    panel = text(tab, "#panel")
    assert panel.startswith("تكساس US-TX")
    for words in (
        "القانون في 22 نوفمبر 2026 (إصدار اليوم).",
        "منذ مايو 2021؛ حتى 1 يناير 2027؛ الحد الأدنى للسن 21",
        "قبل هذا الإصدار بـ 45 يومًا",
        "ما هو قادم",
        "يسري من مايو 2021",
        "النص الرسمي؛ قُرئ في 1 أغسطس 2026",
    ):
        assert words in panel, words
    tab.click("#after")
    settle(tab)
    assert text(tab, "#live").startswith("تكساس: محظور، منذ 1 يناير 2027. أوراق الكراتوم، ")
    assert "تكساس، حد للسن فقط ← محظور" in text(tab, "#moved")
    assert "56 ولاية وإقليمًا: " in text(tab, "#summary")


@each
def test_no_english_is_left_in_the_interface(show: Callable[..., Any], say: Language) -> None:
    for anchor in ("", "#place=US-AL-01001&law=own", "#view=world&place=FR&mode=fresh"):
        tab = show(f"{say.folder}index.html{anchor}")
        for details in ("#rows", "#share", "#legend"):
            tab.evaluate(f"document.querySelector('{details}').open = true")
        settle(tab)
        # What the record says in its own words is marked as such.
        spoken = tab.evaluate(
            """() => { const copy = document.body.cloneNode(true);
            for (const e of copy.querySelectorAll('script, [lang=en], bdi, footer, input'))
              e.remove();
            const told = [...document.querySelectorAll('[aria-label],[placeholder],[title]')]
              .flatMap(e => ['aria-label', 'placeholder', 'title'].map(n => e.getAttribute(n)));
            return copy.textContent + ' ' + told.join(' ') + document.title; }"""
        )
        assert ENGLISH_WORDS.findall(spoken) == [], anchor


@each
def test_a_place_is_found_by_its_names_and_its_code(
    show: Callable[..., Any], say: Language
) -> None:
    spoken = {"es": ("Nuevo México", "nuevo mexico"), "ar": ("نيومكسيكو", "نيومكسيكو")}[say.code]
    tab = show(f"{say.folder}index.html")
    for words in (*spoken, "New Mexico", "US-NM", "nm"):
        tab.focus(".folium-map")
        tab.keyboard.press("Escape")
        settle(tab)
        assert "place=" not in tab.url
        find(tab, words)
        assert "place=US-NM" in tab.url, words
        assert text(tab, "#panel-title").startswith(spoken[0])
    tab.fill("#search", "german")
    assert f"{say.place('DE', '')} (DE)" in [
        option.get_attribute("value") for option in tab.locator("#places option").all()
    ]
    find(tab, "Jefferson County, AL")
    assert "place=US-AL-01073" in tab.url


def test_the_link_to_another_language_keeps_the_view(show: Callable[..., Any]) -> None:
    tab = show("index.html#place=US-TX&substance=7-oh")
    tab.fill("#day", "2022-02-02")
    settle(tab)
    hash_ = tab.evaluate("location.hash")
    for say in (SPANISH, ARABIC, ENGLISH):
        tab.click(f"#languages a[hreflang={say.code}]")
        tab.wait_for_selector(f"html[lang={say.code}][data-ready]", state="attached")
        assert tab.evaluate("location.hash") == hash_
        assert tab.evaluate("document.documentElement.dir") == say.direction
        assert tab.input_value("#day") == "2022-02-02"
        assert tab.locator("#languages [aria-current]").inner_text() == say.name


@each
def test_the_same_law_in_every_language(show: Callable[..., Any], say: Language) -> None:
    """The numbers of the legend, and the colours that a screen reader is told, are the same."""
    for anchor in ("", "#view=world&substance=mgm-15", "#mode=fresh"):
        told = []
        for folder in ("", say.folder):
            tab = show(f"{folder}index.html{anchor}")
            told.append(
                tab.evaluate(
                    "[...document.querySelectorAll('#legend li:not([hidden])')].map("
                    "i => [i.dataset.status, i.querySelector('b').textContent])"
                )
            )
        assert told[0] == told[1]


def test_the_map_is_not_mirrored_and_the_page_is(show: Callable[..., Any]) -> None:
    where = (
        "(() => { const p = map_atlas.latLngToContainerPoint([-400, 400]);"
        " return [Math.round(p.x), Math.round(p.y)]; })()"
    )
    pixels = (
        "(() => { const c = document.querySelector('.folium-map canvas');"
        " return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce("
        "(sum, v, i) => (sum * 31 + v) % 1000003, 7); })()"
    )
    english, arabic = show("index.html"), show("ar/index.html")
    assert english.evaluate(where) == arabic.evaluate(where)
    assert english.evaluate(pixels) == arabic.evaluate(pixels)

    def left(tab: Any, selector: str) -> float:
        return float(tab.locator(selector).bounding_box()["x"])

    assert left(english, "#stage") < left(english, "#side")
    assert left(arabic, "#stage") > left(arabic, "#side")
    assert left(english, "#before") < left(english, "#after")
    assert left(arabic, "#before") > left(arabic, "#after")
    # Time runs as the page is read: the first day at its beginning.
    arabic.focus("#slider")
    arabic.keyboard.press("Home")
    settle(arabic)
    assert arabic.input_value("#day") == "2012-01-01"


@pytest.mark.parametrize("width", [360, 640, 1280])
@pytest.mark.parametrize("path", ["es/index.html", "ar/index.html", f"ar/{EMBED}"])
def test_nothing_is_wider_than_the_screen_in_any_language(
    show: Callable[..., Any], path: str, width: int
) -> None:
    tab = show(f"{path}#place=US-FL-12115&on=2027-01-01")
    tab.set_viewport_size({"width": width, "height": 740})
    tab.evaluate("document.querySelector('#rows').open = true")
    settle(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    edge = "Math.min(...[...document.querySelectorAll('body > *')].map("
    assert tab.evaluate(f"{edge}e => e.getBoundingClientRect().left).filter(x => x > -900))") >= 0


@each
def test_a_phone_shows_the_map_at_once_in_any_language(
    show: Callable[..., Any], say: Language
) -> None:
    tab = show(f"{say.folder}index.html")
    tab.set_viewport_size({"width": 360, "height": 740})
    settle(tab)
    box = tab.locator("#stage").bounding_box()
    assert box["y"] + box["height"] <= 740


@pytest.mark.parametrize(
    ("path", "width", "scheme"),
    [
        ("es/index.html", 1280, "dark"),
        ("es/index.html#place=US-FL-12115", 360, "light"),
        ("ar/index.html#place=US-FL-12115", 1280, "light"),
        ("ar/index.html#view=world&place=FR&mode=fresh", 360, "dark"),
        (f"ar/{EMBED}#place=US-TX", 640, "light"),
    ],
)
def test_axe_finds_nothing_in_any_language(
    show: Callable[..., Any], path: str, width: int, scheme: str
) -> None:
    tab = show(path)
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


@each
def test_browsers_count_as_the_catalogue_does(show: Callable[..., Any], say: Language) -> None:
    tab = show(f"{say.folder}index.html")
    kinds = tab.evaluate(
        "(() => { const p = new Intl.PluralRules(document.documentElement.lang);"
        " return Array.from({length: 300}, (_, n) => p.select(n)); })()"
    )
    kind = say.locale.plural_form
    assert kinds == [kind(n) for n in range(300)]
    assert set(kinds) <= set(say.forms("{n} year", "{n} years"))


def test_the_first_load_is_two_requests_and_small(
    files: dict[str, bytes], browser: Any, address: str
) -> None:
    size = {name: len(gzip.compress(content, 9)) for name, content in files.items()}
    for say in LANGUAGES:
        assert size[f"{say.folder}index.html"] + size["map/world.js"] < 145_000
        tab = browser.new_page()
        asked: list[str] = []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.goto(f"{address}{say.folder}index.html")
        tab.wait_for_selector("html[data-ready]", state="attached")
        assert {url for url in asked if not url.startswith("data:")} == {
            f"{address}{say.folder}index.html",
            f"{address}map/us.js",
        }
        tab.close()


@each
def test_an_embedded_map_speaks_its_language(show: Callable[..., Any], say: Language) -> None:
    tab = show(f"{say.folder}{EMBED}#place=US-TX")
    tab.wait_for_selector("html[data-reasons='US-TX']", state="attached")
    assert say.place("US-TX", "") in tab.inner_text("#panel-title")
    assert tab.get_attribute("header a", "href") == f"../../{say.folder}index.html"
    tab = show(f"{say.folder}index.html")
    assert f"/{say.folder}embed/index.html#view=us" in tab.input_value("#snippet")
