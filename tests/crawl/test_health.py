"""How sources are doing, from what they declare and what the archive says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from kratom_atlas.crawl.health import SourceState, Survey, plain, survey
from kratom_atlas.crawl.scraper import Scraper
from kratom_atlas.crawl.source import Bounds, Key, Source
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import Fault, Health, Outcome, RunState, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.store.crawls import Archive, FetchRow, Known, Run
from kratom_atlas.store.database import Store, open_store
from kratom_atlas.store.looks import Looks, mark_of, read_looks

NewStore = Callable[..., AbstractContextManager[str]]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = Key(env="FAKE_KEY", place="header", name="x", register="https://example.org/key")


def source(id_: str = "us_fake", **more: Any) -> Source:
    usual: dict[str, Any] = {
        "title": "A fake", "publisher": "Nobody", "covers": ("US",), "kind": SourceKind.BILLS,
        "homepage": "https://example.org/", "licence": "none", "terms": "none",
        "hosts": ("example.org",), "schedule": "0 6 * * *", "bounds": Bounds(examined=(0, 9)),
        "cadence": 30,
    }  # fmt: skip
    return Source(id=id_, **{**usual, **more})


def scraper(declared: Source, rows: Sequence[Source] = ()) -> type[Scraper]:
    class Fake(Scraper):
        source: ClassVar[Source] = declared

        @classmethod
        def sources(cls) -> tuple[Source, ...]:
            return tuple(rows) or (declared,)

    return Fake


def run(id_: int, at: str, state: RunState = RunState.OK, reason: str = "", **counts: int) -> Run:
    return Run(
        id=id_, source="us_fake", slot=None, purpose="crawl", parser="p", today=NOW.date(),
        since=NOW.date(), started=at, ended=at, state=state, reason=reason, counts=counts,
    )  # fmt: skip


def looks(*runs: Run, **more: Any) -> Looks:
    """What an archive with these runs says; the newest is first."""
    good = [one for one in runs if one.state in (RunState.OK, RunState.PARTIAL)]
    return Looks(
        runs={"us_fake": runs} if runs else {},
        accepted={"us_fake": good[0]} if good else {},
        first={"us_fake": runs[-1].started} if runs else {},
        **more,
    )


def state(found: Looks, declared: Source | None = None, keys: Any = None) -> SourceState:
    return survey([scraper(declared or source())], found, NOW, keys).sources[0]


FAILED = RunState.FAILED


@pytest.mark.parametrize(
    ("found", "health"),
    [
        (looks(), Health.NEVER_RUN),
        (looks(run(1, "2026-11-20T06:00:00Z")), Health.FRESH),
        (looks(run(1, "2026-11-20T06:00:00Z", RunState.PARTIAL, "2 unread")), Health.DEGRADED),
        (
            looks(
                run(2, "2026-11-20T06:00:00Z", FAILED, "dns: x: y"), run(1, "2026-11-19T06:00:00Z")
            ),
            Health.FAILING,
        ),
        (looks(run(1, "2026-11-16T06:00:00Z")), Health.SILENT),
        (looks(run(1, "2026-11-20T06:00:00Z", RunState.WAITING, "its hour")), Health.WAITING),
        # An interruption says nothing; what was before it does.
        (
            looks(
                run(2, "2026-11-20T06:00:00Z", RunState.INTERRUPTED), run(1, "2026-11-19T06:00:00Z")
            ),
            Health.FRESH,
        ),
        (looks(run(1, "2026-11-20T06:00:00Z", RunState.INTERRUPTED)), Health.NEVER_RUN),
    ],
)
def test_each_word_of_health(found: Looks, health: Health) -> None:
    assert state(found).health is health


def test_off_is_off_whatever_ran() -> None:
    declared = source(off="It asks machines to stay away.")
    found = state(looks(run(1, "2026-11-20T06:00:00Z")), declared)
    assert (found.health, found.reason, found.next_run) == (Health.OFF, declared.off, None)


def test_a_key_that_lacks_is_waited_for_and_no_alarm() -> None:
    declared = source(key=KEY)
    lacks = state(looks(), declared, keys=())
    assert (lacks.health, lacks.next_run) == (Health.WAITING, None)
    assert "needs the key FAKE_KEY: get one at https://example.org/key" in lacks.reason
    assert state(looks(), declared, keys=["FAKE_KEY"]).health is Health.NEVER_RUN
    old = looks(run(1, "2026-11-01T06:00:00Z", RunState.WAITING, "needs the key FAKE_KEY: get"))
    assert state(old, declared).health is Health.WAITING
    assert state(old, declared).alarm == ""


def test_silence_is_three_hours_of_the_schedule_and_two_days() -> None:
    at = "2026-11-17T06:10:00Z"  # a success; then the 18th, 19th and 20th were due
    assert state(looks(run(1, at))).health is Health.SILENT
    hourly = source(schedule="5 * * * *")
    assert state(looks(run(1, "2026-11-19T06:00:00Z")), hourly).health is Health.FRESH
    assert state(looks(run(1, "2026-11-18T06:00:00Z")), hourly).health is Health.SILENT
    weekly = source(schedule="0 6 * * mon")
    assert state(looks(run(1, "2026-11-02T06:10:00Z")), weekly).health is Health.FRESH
    assert state(looks(run(1, "2026-10-26T06:10:00Z")), weekly).health is Health.SILENT
    found = state(looks(run(1, at)))
    assert found.alarm == "A fake: no success since 2026-11-17 (3 days); due by `0 6 * * *` in UTC"
    never = state(looks(*(run(n, f"2026-11-{n}T06:00:00Z", FAILED) for n in (19, 18, 17, 16))))
    assert never.health is Health.SILENT
    assert "never a success since its first run on 2026-11-16" in never.alarm


@pytest.mark.parametrize(
    ("reason", "faults", "triage"),
    [
        ("gone: https://example.org/: Status 404", {}, "gone"),
        ("4 of 5 requests failed; the first: challenge: https://x: y", {}, "blocked"),
        ("out of bounds: examined 0, expected 5 to 9", {}, "layout"),
        ("collapsed: examined 1, and 90 in the run before", {}, "layout"),
        ("out of bounds: examined 0", {Fault.PARSER: 3, Fault.DNS: 1}, "parser"),
        ("moved: https://x: y", {Fault.SERVER_ERROR: 9}, "moved"),
        ("dns: https://x: y", {}, "unreachable"),
    ],
)
def test_a_source_that_keeps_failing_is_triaged(
    reason: str, faults: dict[Fault, int], triage: str
) -> None:
    fails = [run(n, f"2026-11-{n}T06:00:00Z", FAILED, reason) for n in (20, 19)]
    good = run(18, "2026-11-18T06:00:00Z")
    counts = {("us_fake", one.id): faults for one in fails}
    found = state(looks(*fails, good, faults=counts))
    assert (found.triage, found.failures) == (triage, 2)
    assert found.triage_words
    once = state(looks(fails[0], good, faults=counts))
    assert (once.triage, once.failures) == ("", 1)


def test_no_change_for_long_is_odd_and_no_alarm() -> None:
    good = looks(run(1, "2026-11-20T06:00:00Z"), changed={"us_fake": "2026-10-01T06:00:00Z"})
    found = state(good)
    assert (found.health, found.alarm) == (Health.FRESH, "")
    assert found.odd == "no change since 2026-10-01, in 50 days; within 30 is usual"
    assert state(good, source(cadence=60)).odd == ""


def test_what_the_last_run_found_and_when_the_next_is() -> None:
    one = run(7, "2026-11-20T06:00:00Z", RunState.PARTIAL, new=2, changed=1, unchanged=9, errors=3)
    found = state(
        looks(one, faults={("us_fake", 7): {Fault.DNS: 3}}, recent={"us_fake": {Fault.DNS: 8}}),
        source(in_session="0 6,18 * * *", sittings=(("11-01", "03-31"),)),
    )
    assert found.outcomes == {Outcome.NEW: 2, Outcome.CHANGED: 1, Outcome.UNCHANGED: 9,
                              Outcome.ERROR: 3}  # fmt: skip
    assert (found.faults, found.recent) == ({Fault.DNS: 3}, {Fault.DNS: 8})
    assert found.in_session
    assert found.next_run == datetime(2026, 11, 20, 18, tzinfo=UTC)
    assert plain(found)["quarantined_30_days"] == {"dns": 8}


def known(key: str, **more: Any) -> Known:
    empty: dict[str, Any] = dict.fromkeys(Known.__slots__)
    return Known(**{**empty, "key": key, **more})


def test_a_row_is_judged_by_its_document() -> None:
    rows = [source(f"us_fake.{name}", title=name) for name in ("bad", "good", "new", "old")]
    rows.append(source("us_fake.off", off="Not to be had."))
    late, early = "2026-11-20T06:00:00Z", "2026-11-10T06:00:00Z"
    runs = [run(n, f"2026-11-{n:02}T06:00:00Z", RunState.PARTIAL) for n in range(20, 9, -1)]
    found = survey(
        [scraper(source(), rows)],
        looks(
            *runs,
            documents={"us_fake": {
                "good": known("good", last_seen=late),
                "old": known("old", last_seen=early, fault=Fault.GONE, fault_at=late,
                             detail="Status 404"),
                "bad": known("bad", last_seen="2026-11-18T06:00:00Z", fault=Fault.LAYOUT,
                             fault_at=late, detail="no such part"),
            }},
            moved={"us_fake": {"good": early}},
        ),
        NOW,
    )  # fmt: skip
    by_id = {one.source.id: one for one in found.sources}
    assert by_id["us_fake"].has_rows
    assert [one.source.id for one in found.sources if one.is_row] == sorted(r.id for r in rows)
    assert by_id["us_fake.good"].health is Health.FRESH
    assert by_id["us_fake.good"].last_change == early
    assert by_id["us_fake.new"].health is Health.NEVER_RUN
    assert by_id["us_fake.off"].health is Health.OFF
    bad, old = by_id["us_fake.bad"], by_id["us_fake.old"]
    assert (bad.health, bad.triage, bad.reason) == (
        Health.FAILING, "layout", "layout: no such part",
    )  # fmt: skip
    assert (old.health, old.triage) == (Health.SILENT, "gone")
    assert old.alarm.startswith("old: no success since 2026-11-10 (10 days)")


def test_a_silent_source_with_rows_is_one_alarm() -> None:
    rows = [source(f"us_fake.{name}") for name in ("one", "two")]
    found = survey([scraper(source(), rows)], looks(run(1, "2026-11-01T06:00:00Z")), NOW)
    assert [bool(one.alarm) for one in found.sources] == [True, False, False]


def test_unchanged_and_unseen_are_not_the_same() -> None:
    us, ga, al, th, fr = "US", "US-GA", "US-AL", "TH", "FR"
    places = {code: f"id-{code}" for code in (us, ga, al, "US-GA-13001", th, fr)}
    declared = [
        scraper(source("us_fake", covers=("US", "US-*"))),
        scraper(source("th_fake", covers=("TH",))),
        scraper(source("fr_fake", covers=("FR",), off="no")),
    ]
    found = survey(
        declared,
        looks(
            run(1, "2026-11-20T06:00:00Z"),
            placed={"id-US-GA": "2026-09-01T06:00:00Z", "id-US": "2026-11-20T06:00:00Z"},
        ),
        NOW,
    ).freshness(places)
    words = {one.code: one.words for one in found}
    assert words == {
        us: "changed on 2026-11-20, at the last look",
        ga: "unchanged since 2026-09-01 (looked at 2026-11-20)",
        al: "nothing found (looked at 2026-11-20)",
        "US-GA-13001": "unseen: no source that is read covers it",
        th: "unseen: none of its sources has been read",
        fr: "unseen: no source that is read covers it",
    }
    assert not Survey().freshness({}), "and of nothing there is nothing to say"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 6 * *", "no crontab line"),
        ("99 6 * * *", "no crontab line"),
        ("0 6 1 * mon", "not both"),
    ],
)
def test_a_schedule_that_is_none_is_told(line: str, said: str) -> None:
    with pytest.raises(AtlasError, match=said):
        state(looks(), source(schedule=line))


# -- what an archive says --------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[Store]:
    with new_store(request.param, tmp_path) as url, open_store(url) as opened:
        yield opened


def crawl(store: Store, day: int, *, seen: Sequence[str] = (), text: str = "", bad: int = 0) -> Run:
    """One accepted crawl of a day, or a failed one."""
    archive, now = Archive(store), datetime(2026, 11, day, 6, tzinfo=UTC)
    begun = archive.begin("us_fake", parser="p", today=date(2026, 11, day),
                          since=date(2026, 11, 1), now=now)  # fmt: skip
    assert begun is not None
    rows = [
        FetchRow("f", "GET", "https://example.org/", f"2026-11-{day:02}T06:00:00Z", fault=Fault.DNS)
        for _ in range(bad)
    ]
    archive.record(begun, rows, [])
    if not seen:
        archive.end(begun, RunState.FAILED, now=now, reason="dns: x: y")
        return begun
    archive.accept(
        begun, RunState.OK, still=(), faults={}, pages=(), now=now, counts={},
        seen=[Document(key=key, jurisdiction=f"ocd-division/country:{key}", title=text or key,
                       url="https://example.org/") for key in seen],
    )  # fmt: skip
    return begun


def test_an_archive_is_read_as_of_any_day(store: Store) -> None:
    crawl(store, 1, seen=["us", "th"])
    crawl(store, 2, seen=["us"], text="another")
    last = crawl(store, 3, bad=2)
    end = datetime(2026, 11, 3, 23, tzinfo=UTC)
    found = read_looks(store, end, ["us_fake"])
    assert [one.state for one in found.runs["us_fake"]] == [FAILED, RunState.OK, RunState.OK]
    assert found.accepted["us_fake"].started == "2026-11-02T06:00:00Z"
    assert found.first == {"us_fake": "2026-11-01T06:00:00Z"}
    assert found.faults == {("us_fake", last.id): {Fault.DNS: 2}}
    assert found.recent == {"us_fake": {Fault.DNS: 2}}
    assert found.changed == {"us_fake": "2026-11-02T06:00:00Z"}
    assert found.placed == {
        "ocd-division/country:us": "2026-11-02T06:00:00Z",
        "ocd-division/country:th": "2026-11-01T06:00:00Z",
    }
    assert found.moved["us_fake"] == {"us": "2026-11-02T06:00:00Z", "th": "2026-11-01T06:00:00Z"}
    assert set(found.documents["us_fake"]) == {"us", "th"}
    assert read_looks(store, datetime(2027, 3, 1, tzinfo=UTC)).recent == {}
    before = datetime(2026, 11, 1, 12, tzinfo=UTC)
    first = read_looks(store, before)
    assert first.changed == {"us_fake": "2026-11-01T06:00:00Z"}
    assert len(first.runs["us_fake"]) == 1
    assert first.faults == {}
    assert mark_of(store, before) != mark_of(store, end)
    crawl(store, 4, seen=["us"])
    assert mark_of(store, end) == mark_of(store, end)
    assert read_looks(store, end) == read_looks(store, end)


def test_before_any_crawl_there_is_nothing_to_say(store: Store) -> None:
    assert read_looks(store, NOW) == Looks()
    assert not survey([scraper(source())], read_looks(store, NOW), NOW).crawled
