"""Pages in a real browser, from a folder, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from site_sample import build

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    for hostile in (False, True):
        for name, content in build(hostile=hostile).items():
            path = root / ("hostile" if hostile else "plain") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["plain", "hostile"])
def test_a_page_of_a_place(folder: Path, browser: Any, kind: str, scheme: str, width: int) -> None:
    noise: list[str] = []
    asked: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    tab = context.new_page()
    tab.on("console", lambda message: noise.append(message.text))
    tab.on("pageerror", lambda error: noise.append(str(error)))
    tab.on("dialog", lambda dialog: noise.append(dialog.message))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((folder / kind / "j" / "US-GA" / "index.html").as_uri())
    assert noise == []
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert any(url.endswith("site.css") for url in asked)
    paint = "e => getComputedStyle(e).backgroundColor"
    assert tab.locator(".word .s-regulated").first.evaluate(paint) == "rgb(29, 95, 168)"
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_tables_sort_and_filter(folder: Path, browser: Any) -> None:
    tab = browser.new_page()
    noise: list[str] = []
    tab.on("console", lambda message: noise.append(message.text))
    tab.goto((folder / "plain" / "table" / "us-ga" / "index.html").as_uri())
    first = tab.locator("tbody tr").first
    assert "Georgia" in first.inner_text()
    tab.get_by_role("button", name="Place").click()
    assert "City" in first.inner_text()
    tab.get_by_role("button", name="Mitragynine").click()
    assert "Sale banned" in first.inner_text()
    tab.get_by_role("searchbox").fill("south")
    assert tab.locator("tbody tr:visible").count() == 1
    assert "1 of 5" in tab.locator(".filter").inner_text()
    assert noise == []
    tab.close()
