"""What every source must be and do. One file, one source; one contract for all of them."""

from __future__ import annotations

import ast
import json
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from harness import FIXTURES, Crawled, Ran, facts, families, fixture_exchanges, run

from kratom_atlas.crawl.registry import load_scraper, names
from kratom_atlas.crawl.replay import Exchange, ReplayFault, ReplayServer
from kratom_atlas.guard import check_url
from kratom_atlas.model.crawling import Fault, RunState
from kratom_atlas.record import load_record
from kratom_atlas.settings import Settings

ON = [
    one
    for one in names()
    if not load_scraper(one).source.off and (FIXTURES / one / "expected.json").exists()
]


@pytest.fixture(scope="module")
def divisions() -> dict[str, str]:
    """The division id of every place of the record, by its code."""
    record = load_record(Settings(Path("nowhere"), None, "", ""))
    return {place.code: place.id for place in record.places if place.code}


def module_of(source: str) -> ast.Module:
    path = sys.modules[load_scraper(source).__module__].__file__
    assert path
    return ast.parse(Path(path).read_text(encoding="utf-8"))


# -- what it declares ----------------------------------------------------------------------------


def test_declares_what_it_is(source: str, divisions: dict[str, str]):
    for one in load_scraper(source).sources():
        assert one.id.partition(".")[0] == source
        unknown = [c for c in one.covers if c not in divisions and not c.endswith("-*")]
        assert not unknown, f"covers places that the register does not have: {unknown}"
        assert all(c.removesuffix("-*") in divisions for c in one.covers)
        for line in filter(None, (one.schedule, one.in_session)):
            CronTrigger.from_crontab(line, timezone="UTC")
        for first, last in one.sittings:
            assert date.fromisoformat(f"2024-{first}")
            assert date.fromisoformat(f"2024-{last}")
        if one.hours:
            ZoneInfo(one.hours.zone)
        assert one.hosts or one.off
        for host in one.hosts:
            check_url(f"https://{host}/")
        assert one.bounds.examined[0] <= one.bounds.examined[1]


def test_says_how_it_is_laid_out(source: str):
    said = ast.get_docstring(module_of(source)) or ""
    assert len(said) > 200, "say how the source is laid out, for whoever repairs it"
    assert "breakage" in said.lower(), "keep a dated history of breakage"


def test_does_nothing_when_it_is_imported(source: str):
    allowed = (
        ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign,
    )  # fmt: skip
    for statement in module_of(source).body:
        if isinstance(statement, ast.If):
            assert ast.unparse(statement.test) == "TYPE_CHECKING"
        elif isinstance(statement, ast.Expr):
            assert isinstance(statement.value, ast.Constant), "only what a constant means"
        else:
            assert isinstance(statement, allowed), ast.unparse(statement)[:80]


def test_imports_no_other_source_and_nothing_heavy(source: str):
    for node in ast.walk(module_of(source)):
        names_ = (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )  # fmt: skip
        for name in names_:
            assert name.partition(".")[0] not in ("scrapers", "scrapy", "requests", "pandas")


# -- what it does --------------------------------------------------------------------------------


def test_has_a_fixture_and_an_expected_output(source: str):
    if load_scraper(source).source.off:
        pytest.skip("off: it is not read")
    assert (FIXTURES / source / "exchanges.yaml").exists()
    assert (FIXTURES / source / "expected.json").exists()


@pytest.mark.parametrize("name", ON)
def test_gives_the_expected_output(name: str, crawled: Crawled):
    expected = json.loads((FIXTURES / name / "expected.json").read_text(encoding="utf-8"))
    assert crawled[name].golden(name) == expected, (
        f"if that is right: python tests/sources/harness.py accept {name}"
    )


@pytest.mark.parametrize("name", ON)
def test_observes_something_of_the_places_that_it_covers(
    name: str, crawled: Crawled, divisions: dict[str, str]
):
    seen = crawled[name].observations(name)
    assert seen, "a fixture in which nothing is found shows nothing"
    covered = load_scraper(name).source.covers
    homes = tuple(divisions[c.removesuffix("-*")] for c in covered)
    for one in seen:
        assert one["jurisdiction"].startswith(homes), one["jurisdiction"]


def test_gives_the_expected_output_of_real_answers(sampled: str, crawled_samples: Ran):
    expected = json.loads((FIXTURES / sampled / "samples-expected.json").read_text("utf-8"))
    assert facts(crawled_samples.golden(sampled)) == expected


# -- empty, blocked, broken and moved are told apart ---------------------------------------------

BLOCKED = {Fault.CHALLENGE, Fault.REJECTED, Fault.CONSENT, Fault.FORBIDDEN}
BROKEN = {Fault.TRUNCATED}


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        pytest.param(ReplayFault(empty=200), {Fault.EMPTY}, id="empty"),
        pytest.param(ReplayFault(challenge=True), BLOCKED, id="blocked"),
        pytest.param(ReplayFault(truncate=20), BROKEN, id="broken"),
    ],
)
def test_a_bad_answer_is_named_and_publishes_nothing(
    fault: ReplayFault, kinds: set[Fault], tmp_path: Path
):
    crawls = []
    for number, group in enumerate(families(ON)):
        with ReplayServer(fixture_exchanges(group)) as server:
            server.inject("*", fault)
            crawls.append(run(server, tmp_path / str(number), group))
    ran = Crawled(crawls)
    for name in ON:
        report = ran[name].reports[name]
        assert not ran[name].observations(name), name
        found = {Fault._value2member_map_[kind] for _, kind, _ in report["faults"]}
        assert found, (name, report)
        assert found <= kinds, (name, report["faults"][:3])
        if name not in FAMILIES:
            assert report["state"] == RunState.FAILED, (name, report)


FAMILIES = {one for one in ON if len(load_scraper(one).sources()) > 1}
"""Each row of these fails alone."""


def moved(exchange: Exchange) -> Exchange:
    """The same answer in another shape: well formed, and nothing of what the parser looks for."""
    head = exchange.body().lstrip()[:1]
    body = {b"{": b'{"moved": "elsewhere"}', b"[": b'{"moved": []}', b"<": _PAGE}.get(
        head, b"moved"
    )
    if exchange.body().lstrip().startswith(b"<?xml"):
        body = b'<?xml version="1.0"?><moved xmlns="urn:example"><to>elsewhere</to></moved>'
    return Exchange(
        exchange.url, method=exchange.method, asked=exchange.asked, body=lambda: body,
        status=exchange.status, headers=exchange.headers,
    )  # fmt: skip


_PAGE = (
    b"<!doctype html><html><body><h1>News</h1><p>" + b"A new site. " * 30 + b"</p></body></html>"
)


def test_a_layout_that_moved_is_never_taken_for_nothing_found(tmp_path: Path):
    crawls = []
    for number, group in enumerate(families(ON)):
        with ReplayServer([moved(one) for one in fixture_exchanges(group)]) as server:
            crawls.append(run(server, tmp_path / str(number), group))
    ran = Crawled(crawls)
    quiet = [
        name
        for name in ON
        if ran[name].reports[name]["state"] == RunState.OK or ran[name].observations(name)
    ]
    assert not quiet, quiet
    parser = [
        (name, fault)
        for name in ON
        for fault in ran[name].reports[name]["faults"]
        if fault[1] == Fault.PARSER
    ]
    assert not parser, f"a layout that moved is no defect of ours: {parser[:5]}"
