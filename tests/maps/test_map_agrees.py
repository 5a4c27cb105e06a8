"""One build, four ways to read it: the map, its table, its headline counts and the CSV agree."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kratom_atlas.build import draw
from kratom_atlas.model.vocabulary import Status, Substance
from kratom_atlas.record import load_record
from kratom_atlas.release.dataset import table_csv
from kratom_atlas.release.tables import Edition
from kratom_atlas.settings import Settings
from kratom_atlas.site.pages import Meta, pages
from maps.choropleth import OFFLINE

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TODAY = date(2026, 11, 22)
DAYS = (
    "2012-01-01", "2014-02-28", "2016-05-01", "2019-07-01", "2021-08-24", "2023-07-01",
    "2025-08-13", "2026-11-22", "2027-01-01", "2028-08-26",
)  # fmt: skip

VIEWS = (
    ("United States", r"US-[A-Z]{2}"),
    ("World", r"[A-Z]{2}|US-(AS|GU|MP|PR|VI|UM)"),
)


@dataclass(frozen=True)
class Built:
    folder: Path
    edition: Edition
    tab: Any


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("whole")
    settings = Settings(home=Path("none"), database_url=None, base_url="", report_url="")
    edition = Edition(load_record(settings, use_store=False), TODAY.toordinal())
    meta = Meta("2026-11-22", edition.today, edition.last_look, "about/index.html", "")
    wanted = (item for item in pages(edition, meta=meta) if item[0].startswith("table/"))
    for name, content in (*draw(edition, meta), *wanted):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        tab = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
        tab.set_default_timeout(10_000)
        tab.goto((folder / "index.html").as_uri())
        tab.wait_for_selector("html[data-ready]", state="attached")
        yield Built(folder, edition, tab)
        chromium.close()


def settle(tab: Any) -> None:
    tab.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 40))")


READ = """() => ({
  legend: [...document.querySelectorAll('#legend li')].map(item =>
    [item.dataset.status, item.hidden ? null : Number(item.querySelector('b').textContent)]),
  table: [...document.querySelectorAll('#rows-body td:nth-child(2) .word > span')].map(
    cell => cell.textContent),
  summary: document.getElementById('summary').textContent,
})"""


def csv_on(edition: Edition, day: str) -> pd.DataFrame:
    """`status.csv` of that day, as the dataset would have it."""
    on = Edition(edition.record, date.fromisoformat(day).toordinal())
    text = table_csv(on.tables["status"])
    return pd.read_csv(io.StringIO(text), keep_default_na=False)


@pytest.mark.parametrize("day", DAYS)
def test_map_table_counts_and_csv_agree(built: Built, day: str) -> None:
    tab, rows = built.tab, csv_on(built.edition, day)
    tab.evaluate("document.getElementById('rows').open = true")
    tab.fill("#day", day)
    labels = {status.label: str(status) for status in Status}
    for view, drawn in (
        ("United States", r"US-[A-Z]{2}"),
        ("World", r"[A-Z]{2}|US-(AS|GU|MP|PR|VI|UM)"),
    ):
        tab.locator(".segments label", has_text=view).click()
        for substance in Substance:
            tab.locator(f"input[name=substance][value='{substance}']").check(force=True)
            settle(tab)
            here = rows[(rows["substance"] == substance) & rows["code"].str.fullmatch(drawn)]
            counts = Counter(here["total_status"])
            said = tab.evaluate(READ)
            legend = {key: count for key, count in said["legend"] if count is not None}
            table = Counter(labels[text] for text in said["table"])
            undrawn = legend["unknown"] - counts["unknown"]
            assert {**counts, "unknown": legend["unknown"]} == {
                k: v for k, v in legend.items() if v or k == "unknown"
            }
            assert +table == +Counter(legend)
            # A boundary without a row in the record is not researched, and nothing else.
            assert 0 <= undrawn <= 6
            for status, count in table.items():
                assert f"{Status(status).label} {count}" in said["summary"]


def test_the_static_table_of_today_says_the_same(built: Built) -> None:
    html = (built.folder / "table" / "index.html").read_text(encoding="utf-8")
    rows = csv_on(built.edition, TODAY.isoformat()).set_index(["code", "substance"])["total_status"]
    listed = 0
    for line in html.split("<tr")[2:]:
        code = re.search(r"j/([\w-]+)/index\.html", line)
        found = re.findall(r'class="s s-([a-z-]+)"', line)
        if code and found:
            assert found == [rows[code[1], str(s)] for s in Substance], code[1]
            listed += 1
    assert listed > 300


TRIALS: dict[str, dict[str, Any]] = {
    "desktop": {},
    "phone": {
        "viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True,
        "device_scale_factor": 3,
    },
    "magnified": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
    "still": {"reduced_motion": "reduce"},
    "contrast": {"forced_colors": "active"},
    "offline": {"offline": True},
}  # fmt: skip


@pytest.mark.parametrize("trial", TRIALS)
def test_by_keyboard_alone_to_the_day_before_a_ban(built: Built, trial: str) -> None:
    """Find Sarasota County, hear its law, go to the day before its ban, copy the link, reload."""
    context = built.tab.context.browser.new_context(**TRIALS[trial])
    file = built.folder / (OFFLINE if trial == "offline" else "index.html")
    tab = context.new_page()
    tab.set_default_timeout(10_000)
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.goto(file.as_uri())
    tab.wait_for_selector("html[data-ready]", state="attached")

    def to(identifier: str) -> None:
        for _ in range(60):
            if tab.evaluate("document.activeElement.id") == identifier:
                return
            tab.keyboard.press("Tab")
        raise AssertionError(identifier)

    to("search")
    tab.keyboard.type("Sarasota County")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("html[data-counties]", state="attached")
    settle(tab)
    live = tab.locator("#live")
    assert live.inner_text() == (
        "Sarasota County, FL: Banned, since February 2014. Kratom leaf, November 22, 2026."
    )
    to("before")
    tab.keyboard.press("Enter")
    settle(tab)
    assert tab.input_value("#day") == "2014-02-01"
    to("yesterday")
    tab.keyboard.press("Enter")
    settle(tab)
    assert live.inner_text().startswith("Sarasota County, FL: No specific law found, as Florida")
    tab.locator("#share summary").focus()
    tab.keyboard.press("Enter")
    to("link")
    link = tab.input_value("#link")
    assert "place=US-FL-12115" in link
    assert "on=2014-01-31" in link
    tab.goto("about:blank")
    tab.goto(link)
    tab.wait_for_selector("html[data-ready]", state="attached")
    settle(tab)
    assert tab.input_value("#day") == "2014-01-31"
    assert "Sarasota County" in tab.inner_text("#panel-title")
    wide = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, width = tab.evaluate(wide)
    assert scroll <= width
    assert trouble == []
    context.close()
