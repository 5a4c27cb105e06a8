"""What a run decides, without a request being made: what is asked, and what is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from kratom_atlas.crawl.engine import Options
from kratom_atlas.crawl.job import Job, Report, parser_of
from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.run import (
    Station,
    _interrupted,
    _read_until,
    crawl_sources,
    reparse_source,
)
from kratom_atlas.crawl.scraper import Fetch, Scraper
from kratom_atlas.crawl.source import Bounds, Hours, Rate, Source
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import Fault, RunState, SourceKind
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive, Run
from kratom_atlas.store.database import open_store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()
HOST = "law.example.org"


def source(**more: Any) -> Source:
    usual: dict[str, Any] = {
        "id": "xx_law", "title": "A fake", "publisher": "Nobody", "covers": ("US",),
        "kind": SourceKind.STATUTES, "homepage": f"https://{HOST}/", "licence": "none",
        "terms": "none", "hosts": (HOST,), "schedule": "0 6 * * *", "cadence": 30,
        "bounds": Bounds(examined=(0, 100)),
    }  # fmt: skip
    return Source(**{**usual, **more})


class Law(Scraper):
    """Reads `title` lines; the first word of a line tells what comes of it."""

    source: ClassVar[Source] = source()
    pages: ClassVar[tuple[str, ...]] = ("/list",)

    def start(self) -> Iterable[Fetch]:
        for path in self.pages:
            if path == "/raise":
                raise RuntimeError("no start")
            yield self.get(f"https://{HOST}{path}", self.read)

    def read(self, page: Page) -> Iterator[Any]:
        for line in page.body.decode().split("\n"):
            word, _, rest = line.partition(" ")
            self.examine()
            if word == "nonsense":
                yield {"title": rest}
            elif word == "follow":
                yield Fetch(rest, "read")
            elif word == "raise":
                raise RuntimeError(rest)
            else:
                yield self.document(
                    page, key=word, title=rest or word, jurisdiction="ocd-division/country:us"
                )


class Home:
    """A store, its captures, and a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.captures = Captures(folder / "captures")
        self.store = open_store(f"sqlite:///{folder / 'atlas.sqlite'}")
        self.archive = Archive(self.store)
        self.station = Station(self.archive, self.captures, lambda: self.now)
        self.now = NOW

    def job(self, declared: Source | None = None, **more: Any) -> Job:
        run = self.archive.begin(
            "xx_law", parser=parser_of(Law), today=TODAY, since=TODAY, now=self.now
        )
        assert run is not None
        return Job(
            source=declared or Law.source, scraper=Law(today=TODAY, since=TODAY), run=run,
            archive=self.archive, captures=self.captures, clock=lambda: self.now, **more,
        )  # fmt: skip

    def crawl(self, pages: dict[str, str], declared: Source | None = None, **more: Any) -> Report:
        """A run that gets these answers."""
        job = self.job(declared, **more)
        for path, body in pages.items():
            answer(job, path, body)
        return job.finish()

    def standing(self) -> dict[str, str]:
        return {one.key: one.title for _, one in self.archive.standing("xx_law")}


def asked(path: str = "/list", **more: Any) -> Fetch:
    return Fetch(f"https://{HOST}{path}", "read", **more)


def answer(job: Job, path: str, body: str) -> list[Fetch]:
    fetch = asked(path)
    sha256 = job.capture(body.encode())
    job.good(fetch, url=fetch.url, status=200, headers=(), sha256=sha256, size=len(body))
    page = Page(url=fetch.url, status=200, headers={}, body=body.encode(), sha256=sha256,
                fetched_at=NOW)  # fmt: skip
    return job.read(fetch, page)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.store.close()


# -- what a scraper yields ------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["nonsense x", "raise x"])
def test_a_page_is_read_as_a_whole_or_not_at_all(home: Home, line: str):
    job = home.job(source(bounds=Bounds(examined=(0, 9), errors=1.0)))
    assert answer(job, "/list", f"a one\n{line}") == []
    report = job.finish()
    assert [fault for _, fault, _ in report.faults] == [Fault.PARSER]
    assert home.standing() == {}


@pytest.mark.parametrize("address", ["mailto:a@b.example", "/relative", "https://[broken"])
def test_a_fetch_that_cannot_be_made_is_blamed_and_the_others_are_made(home: Home, address: str):
    job = home.job()
    follow = answer(job, "/list", f"a one\nfollow {address}\nfollow https://{HOST}/next")
    assert [one.url for one in follow] == [f"https://{HOST}/next"]
    assert [(url, fault) for url, fault, _ in job.faults] == [(address, Fault.PARSER)]


def test_a_scraper_that_fails_at_the_start_fails_the_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Law, "pages", ("/list", "/raise"))
    job = home.job()
    assert len(list(job.first())) == 1
    report = job.finish()
    assert report.state is RunState.FAILED
    assert report.reason == "parser: start: RuntimeError: no start"


# -- what may be asked ----------------------------------------------------------------------------


def test_a_host_that_is_down_is_not_asked_a_thousand_times(home: Home):
    job = home.job()
    for number in range(8):
        assert job.may_ask(asked(f"/{number}"))
        job.bad(asked(f"/{number}"), Fault.CONNECTION, "reset", url="")
    assert not job.may_ask(asked("/8"))
    assert job.may_ask(Fetch("https://other.example.org/", "read"))
    report = job.finish()
    assert report.state is RunState.FAILED
    assert report.faults[-1][2].startswith("not asked: law.example.org is left alone")


def test_a_good_answer_in_between_keeps_a_host_in_play(home: Home):
    job = home.job()
    for number in range(20):
        job.bad(asked(f"/{number}"), Fault.CONNECTION, "reset", url="")
        if number % 5 == 0:
            answer(job, f"/good{number}", "a one")
    assert job.may_ask(asked("/more"))


def test_who_limits_our_rate_is_left_alone_and_nothing_is_lost(home: Home):
    job = home.job()
    for number in range(5):
        answer(job, f"/{number}", f"doc{number} one")
    job.bad(asked("/5"), Fault.RATE_LIMITED, "429", url="", final=False)
    assert job.may_ask(asked("/5")), "it is still being tried"
    job.bad(asked("/5"), Fault.RATE_LIMITED, "429", url="")
    assert not job.may_ask(asked("/6"))
    report = job.finish()
    assert report.state is RunState.PARTIAL
    assert len(home.standing()) == 5
    assert "stopped" not in report.counts, "another host's answers are not to be used again"


def test_an_allowance_that_was_spent_before_is_no_success(home: Home):
    declared = source(rate=Rate(per_day=1))
    assert home.job(declared).may_ask(asked())
    job = home.job(declared)
    assert not job.may_ask(asked())
    assert job.finish().state is RunState.WAITING
    assert RunState.OK not in home.archive.last_runs(RunState.OK)


def test_half_a_run_is_accepted_and_says_that_it_is_half(home: Home):
    declared = source(rate=Rate(per_day=1), bounds=Bounds(examined=(5, 9)))
    job = home.job(declared)
    assert job.may_ask(asked())
    answer(job, "/list", "a one")
    assert not job.may_ask(asked("/more"))
    report = job.finish()
    assert (report.state, report.counts["stopped"]) == (RunState.PARTIAL, 1)


def test_half_a_run_can_still_hold_too_much(home: Home):
    job = home.job(source(rate=Rate(per_day=1), bounds=Bounds(examined=(0, 1))))
    assert job.may_ask(asked())
    answer(job, "/list", "a one\nb two")
    assert not job.may_ask(asked("/more"))
    assert job.finish().reason == "out of bounds: examined 2, expected 0 to 1"


def test_the_hour_ends_while_a_run_is_under_way(home: Home):
    job = home.job(hours=Hours(first="11:00", last="12:30", zone="UTC"))
    assert job.may_ask(asked())
    answer(job, "/list", "a one")
    home.now += timedelta(hours=1)
    assert not job.may_ask(asked("/more"))
    assert job.finish().reason == "budget: may be read from 11:00 to 12:30 (UTC) only"


# -- what is held ---------------------------------------------------------------------------------


def test_a_killed_process_loses_seconds(home: Home, monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr("kratom_atlas.crawl.job.time.monotonic", lambda: next(clock))
    job = home.job()
    answer(job, "/list", "a one")
    assert home.archive.pages("xx_law"), "written, though there is one row only"


def test_a_page_that_was_read_is_read_again_when_somebody_asks_to_look_back(home: Home):
    home.crawl({"/list": "a one"})
    assert home.crawl({"/list": "a one"}).counts["skipped"] == 1
    assert home.crawl({"/list": "a one"}, thorough=True).counts["skipped"] == 0


def test_what_a_refused_run_brought_does_not_come_in_by_the_back_door(home: Home):
    home.crawl({"/list": "a one"})
    bad = home.crawl({"/list": "a two\nb two\nc two"}, source(bounds=Bounds(examined=(0, 2))))
    assert bad.state is RunState.FAILED
    report = reparse_source(Law, home.station)
    assert report.state is RunState.OK
    assert home.standing() == {"a": "one"}
    home.crawl({"/list": "a three"})
    assert reparse_source(Law, home.station).tally.unchanged == 1


def test_a_step_that_is_no_more_is_no_fault(home: Home, monkeypatch: pytest.MonkeyPatch):
    home.crawl({"/list": "a one"})
    monkeypatch.delattr(Law, "read")
    report = reparse_source(Law, home.station)
    assert (report.state, report.faults) == (RunState.OK, [])


def test_a_source_that_is_being_crawled_is_not_parsed_again(home: Home):
    with home.archive.locked("xx_law"):
        assert reparse_source(Law, home.station).state is RunState.WAITING


def test_a_run_that_was_broken_off_says_why(home: Home):
    report = home.job().finish(interrupted=True, because="the disk is full")
    assert (report.state, report.reason) == (RunState.INTERRUPTED, "the disk is full")


def test_a_list_says_nothing_of_a_document_that_was_not_had(home: Home):
    home.crawl({"/list": "a one"})
    job = home.job(source(bounds=Bounds(examined=(0, 9), errors=1.0)))
    job.scraper.known = {"a": None}
    answer(job, "/short", "a\nb new")
    for key in ("a", "b"):
        job.bad(asked(f"/{key}", about=key), Fault.GONE, "404", url="")
    report = job.finish()
    assert (report.tally.new, report.tally.changed, report.tally.error) == (1, 0, 1)
    assert home.standing() == {"a": "one", "b": "new"}
    known = home.archive.known("xx_law")
    assert (known["a"].fault, known["b"].fault) == (Fault.GONE, None)
    assert home.crawl({"/short": "a\nb new"}).tally.changed == 1, "had, and not passed over"


# -- from where the next run goes on --------------------------------------------------------------


def ran(day: int, since: int, state: RunState = RunState.OK, **counts: int) -> Run:
    """A run on a day of November, that looked from another on."""
    today = date(2026, 10, 31) + timedelta(days=day)
    return Run(
        id=day, source="xx_law", slot=None, purpose="crawl", parser="p", today=today,
        since=date(2026, 10, 31) + timedelta(days=since), started=f"{today}T06:00:00Z",
        ended="", state=state, reason="", counts=counts,
    )  # fmt: skip


PARTIAL = RunState.PARTIAL


@pytest.mark.parametrize(
    ("runs", "until"),
    [
        ([], None),
        ([ran(1, -29)], 1),
        ([ran(1, -29), ran(20, -2)], 20),
        # Asked by hand for two days, after a month without a run: the month is still to be read.
        ([ran(1, -29), ran(30, 28)], 1),
        ([ran(30, 28)], None),
        # Its allowance was spent, so nobody knows what it did not reach.
        ([ran(1, -29), ran(2, -2, PARTIAL, stopped=1), ran(3, -2, PARTIAL, stopped=1)], 1),
        ([ran(1, -29, PARTIAL, stopped=1)], None),
        # What could not be read is looked for again, for a fortnight.
        ([ran(1, -29), ran(2, -2, PARTIAL), ran(9, -2, PARTIAL)], 1),
        ([ran(1, -29), ran(2, -2, PARTIAL), ran(30, -2, PARTIAL)], 16),
        ([ran(1, -29), ran(2, -2, PARTIAL), ran(3, -2)], 3),
        ([ran(1, -29), ran(2, -2, RunState.FAILED), ran(3, -2, RunState.INTERRUPTED)], 1),
    ],
)
def test_no_day_is_lost(runs: list[Run], until: int | None):
    found = _read_until(runs[::-1], source())
    assert found == (None if until is None else date(2026, 10, 31) + timedelta(days=until))


def test_what_is_gone_on_with():
    stopped = ran(21, 19, PARTIAL, stopped=1)
    cut = ran(22, 19, RunState.INTERRUPTED)
    waiting = ran(22, 19, RunState.WAITING)
    assert _interrupted([waiting, cut, stopped, ran(20, 17)], NOW) == [cut, stopped]
    assert _interrupted([cut, ran(22, 19, RunState.FAILED), cut], NOW) == [cut]
    assert _interrupted([ran(20, 19, RunState.INTERRUPTED)], NOW) == []
    assert _interrupted([ran(10, 9, PARTIAL, stopped=1)], NOW) == []


@pytest.mark.parametrize("days", [{"today": date(2027, 1, 1)}, {"since": date(2027, 1, 1)}])
def test_a_day_that_has_not_come_is_refused(home: Home, days: dict[str, date]):
    with pytest.raises(AtlasError, match=r"^the day 2027-01-01 has not come: say --"):
        list(crawl_sources([Law], home.station, Options(), **days))
    assert not home.archive.runs("xx_law")
