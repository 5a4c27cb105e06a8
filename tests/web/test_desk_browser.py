"""The forms in a real browser, without scripts of ours: the whole way, by phone and in the dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_sample import Office, office_at, path_of

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
AXE = Path(__file__).parents[1] / "maps" / "vendor" / "axe.min.js"


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, site_at: Callable[..., Path]
) -> Iterator[Office]:
    from importlib import resources

    folder = tmp_path_factory.mktemp("browsed")
    site = site_at(folder / "site")
    css = resources.files("kratom_atlas.site") / "static" / "site.css"
    (site / "static" / "site.css").write_bytes(css.read_bytes())
    with office_at(folder, site) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_from_the_form_to_the_end_and_nothing_is_in_the_way(
    office: Office, browser: Any, width: int, scheme: str, shots: Callable[[Any, str], None]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=False
    )
    tab = context.new_page()
    noise: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: noise.append(message.text))
    tab.on("pageerror", lambda error: noise.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    address = f"ann{width}@example.org"

    def look(name: str) -> None:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
        tab.evaluate(AXE.read_text(encoding="utf-8"))
        found = tab.evaluate(
            "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
        )
        assert found == [], name
        shots(tab, f"{name}-{width}-{scheme}")

    tab.goto(f"{office.url}/subscribe/?place=US-AL")
    look("form")
    tab.get_by_label("Address").fill(address)
    tab.get_by_label("Place 2").fill("AL")
    tab.get_by_role("button", name="Subscribe").click()
    assert "read as Albania" in tab.locator("main").inner_text()
    look("understood")
    tab.get_by_label("Place 2").fill("Sarasota County, FL")
    tab.get_by_label("Days ahead", exact=False).or_(tab.locator("#notice_days")).first.fill("14")
    tab.get_by_label("Time zone").fill("Mars")
    tab.get_by_role("button", name="Subscribe").click()
    assert "no time zone of that name" in tab.get_by_role("alert").inner_text()
    look("wrong")
    tab.get_by_label("Time zone").fill("America/New_York")
    tab.get_by_role("button", name="Subscribe").click()
    assert "Look for our message" in tab.locator("h1").inner_text()
    look("asked")

    tab.goto(office.url + path_of(office.box.to(address)[0]))
    look("confirm")
    tab.get_by_role("button", name="Yes, send me these").click()
    assert "You are subscribed" in tab.locator("h1").inner_text()
    look("confirmed")
    tab.get_by_role("link", name="Change what you are told").click()
    look("manage")
    tab.get_by_label("Weekly").check()
    tab.get_by_role("button", name="Save these choices").click()
    assert "Saved." in tab.get_by_role("status").inner_text()
    assert tab.get_by_label("Weekly").is_checked()
    tab.get_by_role("button", name="End this subscription").click()
    assert "You have left" in tab.locator("h1").inner_text()
    assert office.of(address) == []

    tab.goto(f"{office.url}/report/?about=/j/US-AL/")
    look("report")
    tab.get_by_label("What is wrong").fill("The ban <b>ended</b>.\nSee the act.")
    tab.get_by_role("button", name="Send the report").click()
    tab.get_by_role("link", name="The log of reports").click()
    look("reports")
    assert "ended" not in tab.locator("main").inner_text()
    tab.goto(f"{office.url}/subscriptions/nonsense")
    look("nolink")
    assert [one for one in noise if "status of 4" not in one] == []
    assert all(url.startswith((office.url, "data:")) for url in asked)
    assert context.cookies() == []
    context.close()


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Callable[[Any, str], None]:
    """Pictures to look at, where a folder is named for them."""
    import os

    folder = os.environ.get("KRATOM_ATLAS_TEST_SHOTS")

    def take(tab: Any, name: str) -> None:
        if folder:
            tab.screenshot(path=f"{folder}/{name}.png", full_page=True)

    return take
