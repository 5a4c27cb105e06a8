"""The page that says how the sources are doing."""

from __future__ import annotations

import json
import re

import pytest
from html_check import Page
from site_sample import META, TODAY, build, edition

from kratom_atlas.model.crawling import Health
from kratom_atlas.release.tables import Edition
from kratom_atlas.site.pages import pages
from kratom_atlas.site.words import HEALTH_SYMBOLS

PATH = "sources/index.html"


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    return build()


def test_it_says_how_each_source_is_doing(site: dict[str, bytes]) -> None:
    text = Page(site[PATH].decode()).text
    for words in (
        f"3 sources that machines read, and 1 document watched one by one, as of {TODAY}",
        "! Silent No success for longer than its schedule allows: an alarm. Now: 1.",
        "Alarms Source us_bills: no success.",
        "! Silent challenge: no in the last 3 runs it refuses us no change",
        "2026-11-20 06:00",
        "2026-11-23 06:00 0 6 * * *",
        "last run: 4 challenge page 30 days: 5 dns failure",
        "– Off No machines.",
        "Public domain Open",
        "an outage is no repeal",
    ):
        assert words.casefold() in text.casefold(), words
    assert "built without crawls" not in text


def test_unchanged_and_unseen_are_told_apart_place_by_place(site: dict[str, bytes]) -> None:
    text = Page(site[PATH].decode()).text
    for words in (
        "Georgia, United States US-GA unchanged since 2026-09-01 (looked at 2026-11-20) 1 of 1",
        "Antarctica AQ unseen: no source that is read covers it 0 of 0 never never",
        "Thailand TH nothing found (looked at 2026-11-20) 1 of 1 2026-11-20 2026-08-28",
    ):
        assert words in text, words
    assert "North County, Georgia" not in text


def test_it_is_in_the_navigation_of_every_page(site: dict[str, bytes]) -> None:
    for path, text in site.items():
        if path.endswith(".html"):
            assert any(link.endswith("sources/index.html") for link in Page(text.decode()).links)


def test_programs_read_the_same(site: dict[str, bytes]) -> None:
    found = {one["source_id"]: one for one in json.loads(site["sources/sources.json"])}
    assert set(found) == {"us_bills", "watch", "watch.th-list", "aq_off"}
    assert found["us_bills"]["health"] == "silent"
    assert found["us_bills"]["next_run"] == "2026-11-23T06:00:00Z"


def test_a_copy_without_crawls_says_so() -> None:
    bare = Edition(edition().record, edition().as_of)
    site = dict(pages(bare, meta=META))
    text = Page(site[PATH].decode()).text
    assert "This copy was built without crawls" in text
    assert "last look: 2026-08-28" in text
    assert json.loads(site["sources/sources.json"]) == []


def test_every_word_has_a_symbol_and_a_colour(site: dict[str, bytes]) -> None:
    assert set(HEALTH_SYMBOLS) == set(Health)
    assert len(set(HEALTH_SYMBOLS.values())) == len(Health)
    coloured = set(re.findall(r"\.h-([a-z-]+)", site["static/site.css"].decode()))
    assert coloured == set(Health)
