"""Lists of notices: who sent one, what it says, and where the list ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import ClassVar

import msgspec
import pytest

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import plain_words
from kratom_atlas.crawl.platforms.notices import (
    Notice,
    NoticeScraper,
    division_of_state,
    words_of,
)
from kratom_atlas.crawl.scraper import Fetch
from kratom_atlas.crawl.source import Bounds, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document


class Alerts(NoticeScraper):
    forum: ClassVar = "x-eu"
    source: ClassVar = Source(
        id="test_alerts",
        title="Alerts",
        publisher="Nobody",
        covers=("X-EU",),
        kind=SourceKind.ALERTS,
        homepage="https://example.org/",
        licence="None",
        terms="None",
        hosts=("example.org",),
        schedule="0 0 * * *",
        bounds=Bounds(examined=(0, 10)),
        cadence=1,
    )

    def ask(self, number: int, seen: int) -> Fetch:
        return self.get("https://example.org/", self.notices, number=number, seen=seen)

    def listed(self, page: Page) -> tuple[Sequence[Notice], int]:
        return page.json(list[Notice]), 100


class Unsorted(Alerts):
    newest_first: ClassVar = False


def read(kind: type[Alerts], *notices: Notice, known: dict[str, str | None] | None = None):
    scraper = kind(today=date(2026, 11, 22), since=date(2026, 11, 1), known=known)
    page = Page(
        url="https://example.org/", status=200, headers={}, body=msgspec.json.encode(notices),
        sha256="0" * 64, fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    said = list(scraper.notices(page, 1, 0))
    return [x for x in said if isinstance(x, Document)], [x for x in said if isinstance(x, Fetch)]


def notice(key: str = "1", words: str = "kratom tea", day: str = "2026-11-20", state: str = "DE"):
    return Notice(key=key, title=words, state=state, words=words, url="https://example.org/1",
                  published=day)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "division"),
    [
        ("DE", "ocd-division/country:de"),
        ("Slovak  Republic", "ocd-division/country:sk"),
        ("Viet Nam", "ocd-division/country:vn"),
        ("Türkiye", "ocd-division/country:tr"),
        ("THA", "ocd-division/country:th"),
        ("European Union", "x-eu"),
        ("Commission Services", "x-eu"),
        ("Customs Union of Somewhere", None),
        ("", None),
    ],
)
def test_a_sender_is_a_state_of_the_register_or_nobody(name: str, division: str | None):
    assert division_of_state(name) == division


def test_a_sender_that_is_nobody_leaves_the_notice_to_the_forum():
    [one], _ = read(Alerts, notice(state="INFOSAN"))
    assert one.jurisdiction == "x-eu"
    assert one.note == "Notified by INFOSAN"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("food", "food"),
        (None, ""),
        ({"id": 1, "description": "food"}, "food"),
        ([{"organizationName": "Czechia", "isoCode": "CZ"}, "Nigeria", {}], "Czechia; Nigeria"),
        ([], ""),
    ],
)
def test_words_are_found_in_every_shape(value: object, words: str):
    assert words_of(value) == words


def test_mark_up_is_no_part_of_a_text():
    assert plain_words("<p>Tea &amp; <b>kratom</b>&nbsp;powder</p>") == "Tea & kratom powder"


def test_only_what_names_kratom_is_observed_and_what_once_did():
    seen, _ = read(
        Alerts, notice("1"), notice("2", "nuts"), notice("3", "sugar"), known={"3": None}
    )
    assert [(one.key, bool(one.mentions)) for one in seen] == [("1", True), ("3", False)]
    assert not any(one.text_held for one in seen)


def test_a_sorted_list_ends_with_the_first_old_notice():
    assert not read(Alerts, notice(), notice("2", day="2026-10-31"))[1]
    assert read(Alerts, notice(), notice("2", day="2026-11-01"))[1]


def test_a_list_without_order_is_read_to_its_end():
    [fetch] = read(Unsorted, notice(), notice("2", day="2026-10-31"))[1]
    assert fetch.context == {"number": 2, "seen": 2}


def test_an_empty_page_is_the_last_one():
    assert read(Unsorted) == ([], [])
