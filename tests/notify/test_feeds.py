"""Feeds are valid, whatever stands in the record, and hold what belongs to them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import feedparser
import jsonschema
import pytest
from lxml import etree
from notify_sample import (
    COUNTY,
    ELSEWHERE,
    FIRST,
    HOSTILE,
    LAST,
    M1,
    QUIET,
    STATE,
    US,
    WHOLE,
    edition,
    hostile_lines,
    register,
)

from kratom_atlas.model.statement import Line
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.notify.feeds import NEWEST, feeds
from kratom_atlas.notify.messages import messages

HERE = Path(__file__).parent
ATOM = etree.RelaxNG(etree.parse(str(HERE / "atom.rng")))
JSON = jsonschema.Draft202012Validator(
    json.loads((HERE / "json_feed.schema.json").read_text(encoding="utf-8"))
)
BASE = "https://atlas.example/x"


def made(lines: list[Line], base_url: str = BASE, *, hostile: bool = False) -> dict[str, bytes]:
    names = {key: f"{HOSTILE} {n}" for n, key in enumerate((US, STATE, COUNTY, QUIET, ELSEWHERE))}
    of = edition(lines, names if hostile else None)
    return dict(feeds(of, messages(of), base_url=base_url))


def items(found: dict[str, bytes], name: str) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(found[f"feeds/{name}.json"])["items"]
    return listed


@pytest.mark.parametrize("base_url", ["", BASE])
@pytest.mark.parametrize("hostile", [False, True])
def test_every_feed_is_valid(base_url: str, hostile: bool) -> None:
    found = made(hostile_lines() if hostile else WHOLE, base_url, hostile=hostile)
    for path, written in found.items():
        if path.endswith(".atom"):
            ATOM.assertValid(etree.fromstring(written))
            read = feedparser.parse(written)
            assert not read.bozo, path
            assert read.version == "atom10"
        else:
            JSON.validate(json.loads(written))


def test_there_is_a_feed_of_everything_each_place_substance_and_severity() -> None:
    names = {
        "all",
        *(f"substance-{s}" for s in Substance),
        *(f"severity-{s}" for s in Severity),
        *(place.code for place in register().values()),
    }
    expected = {f"feeds/{name}.{kind}" for name in names for kind in ("atom", "json")}
    assert set(made(WHOLE)) == set(made([])) == expected


def test_both_formats_say_the_same() -> None:
    found = made(WHOLE)
    for path in [p.removesuffix(".atom") for p in found if p.endswith(".atom")]:
        atom = feedparser.parse(found[f"{path}.atom"])
        told = json.loads(found[f"{path}.json"])
        assert atom.feed.title == told["title"]
        assert [(e.id, e.title, e.published, e.updated) for e in atom.entries] == [
            (i["id"], i["title"], i["date_published"], i["date_modified"]) for i in told["items"]
        ]
        newest = max((i["date_modified"] for i in told["items"]), default=M1)
        assert atom.feed.updated == told["_kratom_atlas"]["updated"] == newest
        assert atom.feed.links[0].href == f"{BASE}/{path}.atom"
        assert told["feed_url"] == f"{BASE}/{path}.json"


def test_a_place_has_what_it_and_wider_law_say() -> None:
    found = made(WHOLE)
    places = {c: {i["_kratom_atlas"]["place"] for i in items(found, c)} for c in CODES}  # type: ignore[index]
    assert places == {
        "US": {"US"},
        "US-GA": {"US", "US-GA"},
        "US-GA-13001": {"US", "US-GA", "US-GA-13001"},
        "US-GA-13003": {"US", "US-GA"},
        "AQ": set(),
    }


CODES = ("US", "US-GA", "US-GA-13001", "US-GA-13003", "AQ")


def test_feeds_of_substances_and_severities_choose() -> None:
    found = made(WHOLE)
    for substance in Substance:
        for item in items(found, f"substance-{substance}"):
            assert str(substance) in item["tags"]  # type: ignore[operator]
    chosen = [len(items(found, f"severity-{s}")) for s in Severity]
    assert sum(chosen) == len(items(found, "all")) <= NEWEST
    assert all(chosen[:2])


def test_without_an_address_no_feed_leads_to_a_page_of_the_site() -> None:
    for path, written in made(WHOLE, "").items():
        assert b"/p/" not in written, path
        assert b'href="/' not in written, path
        assert not re.search(rb'href="\.', written), path


def test_nothing_in_the_record_acts_on_a_reader() -> None:
    for path, written in made(hostile_lines(), hostile=True).items():
        text = written.decode()
        for mark in ("\x07", "\u202e", "\ufffe", "\x00", "\x1b"):
            assert mark not in text, (path, mark)
        if path.endswith(".atom"):
            root = etree.fromstring(written)
            names = {etree.QName(e).localname for e in root.iter() if isinstance(e.tag, str)}
            assert not names & {"script", "img", "iframe", "style"}, path
            hrefs = {e.get("href") for e in root.iter() if e.get("href")}
            assert all(h.startswith(("https://", "urn:uuid:")) for h in hrefs), path


def test_a_correction_leads_to_what_it_corrects() -> None:
    found = made(WHOLE)
    by_id = {item["id"]: item for item in items(found, "US-GA")}
    linked = [i for i in by_id.values() if "corrects" in i["_kratom_atlas"]]  # type: ignore[operator]
    assert linked
    for item in linked:
        for other in item["_kratom_atlas"]["corrects"]:  # type: ignore[index]
            assert other in by_id
            assert item["id"] in by_id[other]["_kratom_atlas"]["corrected_by"]  # type: ignore[index]
    entries = feedparser.parse(found["feeds/US-GA.atom"]).entries
    related = {e.id: {x.href for x in e.links if x.rel == "related"} for e in entries}
    for item in linked:
        assert set(item["_kratom_atlas"]["corrects"]) <= related[item["id"]]  # type: ignore[index]


def test_what_a_batch_does_not_touch_keeps_its_bytes() -> None:
    before, after = made(FIRST), made([*FIRST, *LAST])
    assert before["feeds/AQ.atom"] == after["feeds/AQ.atom"]
    assert before["feeds/US.atom"] == after["feeds/US.atom"]
    assert before["feeds/US-GA.atom"] != after["feeds/US-GA.atom"]


def test_the_same_ledger_gives_the_same_bytes() -> None:
    assert made(WHOLE) == made(WHOLE)
