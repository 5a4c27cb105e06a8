"""The scheduler in this process: what it keeps, and that it starts the command line."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from office import Every

from kratom_atlas.crawl.replay import ReplayServer, load_exchanges
from kratom_atlas.crawl.timetable import Timetable
from kratom_atlas.model.crawling import RunState
from kratom_atlas.schedule import Hours, Planned, Scheduler, SlotTrigger
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import Store, open_store
from kratom_atlas.store.looks import Slotted

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/atlas.sqlite") as opened:
        yield opened


def until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.03)


def jobs(store: Store) -> dict[str, float]:
    with store.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, next_run_time FROM schedule"))
        return dict(rows.all())


def scheduled(store: Store, *sources: str, hours: Hours, script: str = "") -> Scheduler:
    return Scheduler(
        store, [Planned(name, hours) for name in sources], spread=0, poll=0.1, retry=0.05,
        command=lambda source, slot: [sys.executable, "-c", script, source, slot],
    )  # fmt: skip


def test_jobs_follow_the_declarations(store: Store) -> None:
    first = scheduled(store, "one", "two", hours=Every(86_400))
    first.start()
    until(first.active.is_set)
    before = jobs(store)
    first.stop()
    assert set(before) == {"one", "two"}
    second = scheduled(store, "two", "three", hours=Every(3_600))
    second.start()
    until(second.active.is_set)
    after = jobs(store)
    second.stop()
    assert set(after) == {"two", "three"}
    assert after["two"] <= before["two"]
    assert after["two"] % 3_600 == 0


def test_what_dies_before_it_begins_is_tried_again(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f"open({str(log)!r}, 'a').write('x'); raise SystemExit(3)"
    # An hour that has come, of a source that was known before it came.
    far = scheduled(store, "one", hours=Every(2), script=script)
    far.start()
    until(far.active.is_set)
    until(lambda: log.exists() and len(log.read_text()) > 2)
    far.stop()
    count = len(log.read_text())
    time.sleep(0.3)
    assert len(log.read_text()) == count, "after stop() nothing is started"


def test_what_does_not_end_is_ended(store: Store, tmp_path: Path) -> None:
    mark = tmp_path / "began"
    script = f"import time; open({str(mark)!r}, 'w').close(); time.sleep(600)"
    slow = scheduled(store, "one", hours=Every(1), script=script)
    slow.start()
    until(mark.exists)
    began = time.monotonic()
    slow.stop(patience=0.2)
    assert time.monotonic() - began < 10


def test_an_hour_that_was_missed_is_made_up_for_once(store: Store) -> None:
    """The scheduler was down over two hours of the schedule."""
    source, now = "one", datetime.now(UTC)
    archive = Archive(store)
    made: list[str] = []

    def command(_: str, slot: str) -> list[str]:
        made.append(slot)
        with archive.locked(source):
            run = archive.begin(source, parser="p", today=now.date(), since=now.date(), now=now,
                                slot=slot)  # fmt: skip
            if run is not None:
                archive.end(run, RunState.OK, now=now)
        return [sys.executable, "-c", ""]

    hours = Every(7)
    known = Scheduler(store, [Planned(source, hours)], spread=0, poll=9, command=command)
    known.start()
    until(known.active.is_set)
    known.stop()
    missed = hours.after(now) or now
    until(lambda: datetime.now(UTC) > missed + timedelta(seconds=0.2))
    made.clear()
    again = Scheduler(store, [Planned(source, hours)], spread=0, poll=0.1, command=command)
    again.start()
    until(lambda: made)
    time.sleep(0.5)
    again.stop()
    assert made == [f"{missed:%Y-%m-%dT%H:%M:%SZ}"]


def test_what_is_lacking_is_told_from_the_archive(store: Store) -> None:
    hours = Timetable("one", "0 6 * * mon")
    office = scheduled(store, "one", hours=hours)
    trigger = SlotTrigger("one", hours, 0)
    monday, next_monday = (datetime(2026, 11, day, 6, tzinfo=UTC) for day in (16, 23))
    office._since["one"] = datetime(2026, 11, 1, tzinfo=UTC)

    def lacking(last: Slotted | None, now: datetime) -> list[datetime]:
        return list(office._lacking("one", trigger, last, now))

    wednesday, friday = monday + timedelta(days=2), monday + timedelta(days=4)
    assert lacking(None, wednesday) == [monday]
    assert lacking(Slotted(monday, RunState.OK), wednesday) == []
    assert lacking(Slotted(monday, RunState.FAILED), wednesday) == []
    assert lacking(Slotted(monday, RunState.INTERRUPTED), wednesday) == [monday]
    assert lacking(Slotted(monday, RunState.RUNNING), wednesday) == [monday]
    assert lacking(None, friday) == [], "the next one is nearer"
    assert lacking(Slotted(monday, RunState.INTERRUPTED), next_monday) == [next_monday]
    office._since["one"] = wednesday
    assert lacking(None, wednesday) == [], "nobody promised it on Monday"


def test_it_starts_the_command_line(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "us_federal_register"
    archive = Archive(store)
    with ReplayServer(load_exchanges(FIXTURES / source)) as server:
        monkeypatch.setitem(os.environ, "KRATOM_ATLAS_HOME", str(tmp_path))
        monkeypatch.setitem(os.environ, "KRATOM_ATLAS_REPLAY", server.url)
        real = Scheduler(store, [Planned(source, Every(2))], spread=0, poll=0.5)
        real.start()
        until(lambda: archive.runs(source), 60)
        real.stop()
    runs = [run for run in archive.runs(source) if run.slot]
    assert runs
    assert {run.state for run in runs} == {RunState.OK}
    assert runs[-1].counts["new"] == 3
