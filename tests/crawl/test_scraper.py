"""What every source may need: marks of versions, days, lists that end too early, parts of pages."""

from __future__ import annotations

from datetime import date

import lxml.html
import pytest

from kratom_atlas.crawl.platforms.markup import part_text, pieces_text, plain_words, words_of
from kratom_atlas.crawl.scraper import Scraper, as_list, day_first, one_line, secure
from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import FaultError

DAY = date(2026, 3, 1)


def scraper(**known: str | None) -> Scraper:
    return Scraper(today=DAY, since=date(2026, 2, 27), known=known)


@pytest.mark.parametrize(
    ("known", "said", "stands"),
    [
        ("7@in force", "7@in force", True),
        ("7@in force", "7@in  force ", True),
        ("x" * 399 + "…", "x" * 500, True),
        ("7", "8", False),
        (None, None, False),
        ("", "", False),
        ("7", None, False),
    ],
)
def test_a_document_stands_in_the_version_that_was_observed(known, said, stands):
    assert scraper(a=known).stands("a", said) is stands
    assert not scraper().stands("a", said)


def test_days_are_those_since_the_last_look():
    assert [str(day) for day in scraper().days()] == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert list(scraper().days(DAY)) == [DAY]
    assert list(scraper().days(date(2026, 3, 2))) == []


def test_a_list_that_counts_entries_and_shows_none_has_moved():
    one = scraper()
    one.examine(20, total=25)
    one.examine(5, total=25, before=20)
    one.examine(0, total=25, before=25)
    one.examine(0)
    assert one.examined == 25
    for before in (0, 20):
        with pytest.raises(FaultError) as raised:
            one.examine(0, total=25, before=before)
        assert raised.value.fault is Fault.LAYOUT


def test_days_in_numbers():
    assert day_first("Stājas spēkā: 01.07.2020.") == "2020-07-01"
    assert day_first("3/11/2026 09:15") == "2026-11-03"
    assert day_first("2026-11-03") is None
    assert day_first(None) is None


def test_one_or_many():
    assert as_list(None) == []
    assert as_list({"a": 1}) == [{"a": 1}]
    assert as_list([1, 2]) == [1, 2]


def test_words():
    assert one_line(" a \n b ") == "a b"
    assert one_line(None) == ""
    assert plain_words("<p>Tea &amp; <b>kratom</b>&nbsp;powder</p>") == "Tea & kratom powder"
    assert secure("http://example.org/?u=http://x") == "https://example.org/?u=http://x"


def test_parts_of_a_page():
    page = lxml.html.fromstring(
        "<div>kratom tea<main><table><tr><td>1</td><td>Mitragyna</td></tr></table></main>more</div>"
    )
    main = page.find("main")
    text = part_text(main).text
    assert "Mitragyna" in text
    assert "1Mitragyna" not in text
    assert "more" not in text
    assert words_of(page.find("nowhere")) is None
    assert words_of(main) == "1Mitragyna"


def test_pieces_are_blocks_of_their_own():
    text = pieces_text(["kra", "", "<b>tom</b>"], "Tea & <powder>").text
    assert text.split("\n") == ["Tea & <powder>", "kra", "tom"]
    with pytest.raises(FaultError) as raised:
        pieces_text(["", "<p> </p>"])
    assert raised.value.fault is Fault.EMPTY
