"""The whole line over real HTTP: crawl twice, change one document in between; what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path

import pytest
from harness import FIXTURES, TODAY, atlas, environment, fixture_exchanges, run
from warcio.archiveiterator import ArchiveIterator

from kratom_atlas.crawl.replay import ReplayFault, ReplayServer, captured_exchanges
from kratom_atlas.model.crawling import Fault, Outcome, RunState
from kratom_atlas.model.observation import Document
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store

SOURCE = "us_federal_register"
SEARCH = "https://www.federalregister.gov/api/v1/documents.json*"
TEXT = "https://www.federalregister.gov/documents/full_text/text/2026/10/05/2026-09001.txt"


@pytest.fixture
def server():
    with ReplayServer(fixture_exchanges([SOURCE])) as running:
        yield running


def archive(home: Path) -> Archive:
    return Archive(open_store(f"sqlite:///{home / 'atlas.sqlite'}"))


def test_a_second_crawl_finds_the_one_document_that_changed(server: ReplayServer, tmp_path: Path):
    first = run(server, tmp_path, [SOURCE]).reports[SOURCE]
    second = run(server, tmp_path, [SOURCE]).reports[SOURCE]
    server.advance()
    third = run(server, tmp_path, [SOURCE]).reports[SOURCE]
    assert (first["new"], first["changed"], first["unchanged"]) == (3, 0, 0)
    assert (second["new"], second["changed"], second["unchanged"]) == (0, 0, 3)
    assert second["counts"]["not_modified"] >= 3
    assert second["counts"]["fetched"] <= 2, "robots.txt, and the search with another day in it"
    assert (third["new"], third["changed"], third["unchanged"]) == (0, 1, 2)
    assert third["seen"] == ["2026-09001"]
    change = archive(tmp_path).changes(SOURCE)[0]
    assert change.outcome is Outcome.CHANGED
    assert isinstance(change.now, Document)
    assert isinstance(change.before, Document)
    texts = [
        Captures(tmp_path / "captures").get(one.sha256 or "") for one in (change.before, change.now)
    ]
    assert b"two years" in texts[0]
    assert b"three years" in texts[1]
    read = [
        Captures(tmp_path / "captures").get(one.text_sha256 or "")
        for one in (change.before, change.now)
    ]
    assert [len(text.decode()) for text in read] == [
        change.before.characters,
        change.now.characters,
    ]
    assert b"two years" in read[0]
    assert b"three years" in read[1]


def test_what_is_sent_is_honest(server: ReplayServer, tmp_path: Path):
    log = run(server, tmp_path, [SOURCE]).log
    assert log[0].url.endswith("/robots.txt")
    assert {one.user_agent for one in log} == {log[0].user_agent}
    assert (log[0].user_agent or "").startswith("kratom-atlas/")
    assert "https://example.org/contact" in (log[0].user_agent or "")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (ReplayFault(challenge=True), Fault.CHALLENGE),
        (ReplayFault(status=500), Fault.SERVER_ERROR),
        (ReplayFault(status=404), Fault.GONE),
        (ReplayFault(status=403), Fault.FORBIDDEN),
        (ReplayFault(empty=202), Fault.EMPTY),
        (ReplayFault(truncate=50), Fault.TRUNCATED),
        (ReplayFault(reset=True), Fault.CONNECTION),
        (ReplayFault(redirect="https://elsewhere.example/"), Fault.MOVED),
    ],
)
def test_a_list_that_cannot_be_read_fails_the_run_and_changes_nothing(
    server: ReplayServer, tmp_path: Path, fault: ReplayFault, expected: Fault
):
    run(server, tmp_path, [SOURCE])
    server.inject(SEARCH, fault)
    failed = run(server, tmp_path, [SOURCE], today="2026-11-23").reports[SOURCE]
    assert failed["state"] == RunState.FAILED
    assert failed["reason"].startswith(f"{expected.value}: "), failed["reason"]
    assert len(list(archive(tmp_path).standing(SOURCE))) == 3
    server.clear_faults()
    assert run(server, tmp_path, [SOURCE]).reports[SOURCE]["unchanged"] == 3


def test_a_document_that_cannot_be_read_keeps_what_is_known_of_it(
    server: ReplayServer, tmp_path: Path
):
    run(server, tmp_path, [SOURCE])
    server.inject(TEXT, ReplayFault(challenge=True))
    ran = run(server, tmp_path, [SOURCE])
    assert ran.reports[SOURCE]["state"] in (RunState.PARTIAL, RunState.FAILED)
    known = archive(tmp_path).known(SOURCE)["2026-09001"]
    assert known.observation is not None
    assert known.last_changed == known.first_seen


def test_a_server_that_asks_for_patience_gets_it(server: ReplayServer, tmp_path: Path):
    server.inject(SEARCH, ReplayFault(status=429, retry_after=1, times=1))
    server.inject(TEXT, ReplayFault(status=503, times=1))
    report = run(server, tmp_path, [SOURCE]).reports[SOURCE]
    assert report["state"] == RunState.OK
    assert report["new"] == 3
    kinds = {one.fault for one in archive(tmp_path).quarantined(SOURCE)}
    assert kinds == {Fault.RATE_LIMITED, Fault.SERVER_ERROR}


def test_robots_are_obeyed_and_kept(server: ReplayServer, tmp_path: Path):
    from kratom_atlas.crawl.replay import Exchange

    refuse = Exchange(
        "https://www.federalregister.gov/robots.txt",
        body=lambda: b"User-agent: *\nDisallow: /api/\n",
    )
    with ReplayServer([*fixture_exchanges([SOURCE]), refuse]) as strict:
        report = run(strict, tmp_path, [SOURCE]).reports[SOURCE]
    assert report["reason"].startswith("robots: ")
    robots = [row for _, row in archive(tmp_path).fetches(SOURCE) if row.url.endswith("robots.txt")]
    assert Captures(tmp_path / "captures").get(robots[0].sha256 or "").endswith(b"/api/\n")


@pytest.mark.parametrize(
    ("how", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_an_interrupted_run_is_gone_on_with(
    server: ReplayServer, tmp_path: Path, how: signal.Signals, status: int
):
    server.inject(TEXT, ReplayFault(stall=30 if how == signal.SIGKILL else 3))
    process = subprocess.Popen(
        [sys.executable, "-m", "kratom_atlas", "crawl", "--today", TODAY, SOURCE],
        env={**os.environ, **environment(tmp_path, server.url, [SOURCE])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(server.requests("*full_text*")) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(how)
    assert process.wait() == status
    server.clear_faults()
    report = run(server, tmp_path, [SOURCE], today="2026-11-23").reports[SOURCE]
    assert report["state"] == RunState.OK
    assert report["new"] == 3
    runs = archive(tmp_path).runs(SOURCE)
    assert [one.state for one in runs] == [RunState.OK, RunState.INTERRUPTED]
    assert runs[0].today.isoformat() == TODAY


def test_two_sources_of_one_host_take_turns(tmp_path: Path):
    pair = [SOURCE, "us_fr_inspection"]
    with ReplayServer(fixture_exchanges(pair)) as both:
        log = run(both, tmp_path, pair).log
    owners = {row.url: source for source in pair for _, row in archive(tmp_path).fetches(source)}
    turns = [owners[one.url] for one in log if not one.url.endswith("/robots.txt")]
    assert [source for source, _ in groupby(turns)] == pair


def test_without_its_robots_nothing_is_asked_of_a_host(server: ReplayServer, tmp_path: Path):
    server.inject("https://www.federalregister.gov/robots.txt", ReplayFault(status=503))
    ran = run(server, tmp_path, [SOURCE])
    assert ran.reports[SOURCE]["state"] == RunState.FAILED
    assert "its robots.txt cannot be had: status 503" in ran.reports[SOURCE]["reason"]
    assert {one.url.rpartition("/")[2] for one in ran.log} == {"robots.txt"}


def test_captures_are_enough(server: ReplayServer, tmp_path: Path):
    """A store replayed gives what the source gave; a second parse gives what the first did."""
    first = run(server, tmp_path / "one", [SOURCE])
    home = tmp_path / "one"
    with open_store(f"sqlite:///{home / 'atlas.sqlite'}") as store:
        exchanges = captured_exchanges(Archive(store), Captures(home / "captures"))
        with ReplayServer(exchanges) as again:
            second = run(again, tmp_path / "two", [SOURCE])
    assert not second.unmatched
    assert first.observations(SOURCE) == second.observations(SOURCE)
    out, _ = atlas(environment(home, server.url, [SOURCE]), "reparse", SOURCE, "--json")
    assert '"unchanged": 3' in out
    assert '"changed": 0' in out


def test_only_one_run_of_a_source_at_a_time(server: ReplayServer, tmp_path: Path):
    run(server, tmp_path, [SOURCE])
    with archive(tmp_path).locked(SOURCE):
        report = run(server, tmp_path, [SOURCE]).reports[SOURCE]
    assert report["state"] == RunState.WAITING
    assert "under way" in report["reason"]


def test_fixtures_are_where_the_sources_are():
    assert (FIXTURES / SOURCE / "expected.json").exists()


def test_the_evidence_can_be_handed_over_as_a_warc(server: ReplayServer, tmp_path: Path):
    for _ in range(2):
        run(server, tmp_path, [SOURCE])
    out, err = atlas(
        environment(tmp_path, server.url, [SOURCE]), "warc", str(tmp_path / "evidence.warc.gz")
    )
    assert out.startswith("wrote "), err
    check = subprocess.run(
        [Path(sys.executable).with_name("warcio"), "check", "-v", tmp_path / "evidence.warc.gz"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stdout
    with (tmp_path / "evidence.warc.gz").open("rb") as file:
        kinds = [record.rec_type for record in ArchiveIterator(file)]
    assert "revisit" in kinds, "the second look, which found all as it was"
