"""When sources are due."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from kratom_atlas.crawl.registry import find_scrapers
from kratom_atlas.crawl.timetable import Timetable
from kratom_atlas.schedule import SPREAD, SlotTrigger, crawl_command, plan


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("15 11 * * mon-fri", "2026-11-23T11:15", "2026-11-24T11:15"),
        ("15 11 * * 0", "2026-11-29T11:15", "2026-12-06T11:15"),  # Sunday, as crontab has it
        ("15 11 * * 1-5", "2026-11-23T11:15", "2026-11-24T11:15"),
        ("0 */6 * * *", "2026-11-22T12:00", "2026-11-22T18:00"),
        ("17 20 3 * *", "2026-12-03T20:17", "2027-01-03T20:17"),
    ],
)
def test_the_hours_of_a_line(line: str, first: str, second: str) -> None:
    table = Timetable("x", line)
    now = at("2026-11-22T11:15:00")  # a Sunday
    found = table.after(now)
    assert found == at(first)
    assert table.after(found) == at(second)
    assert table.latest(at(second)) == at(second)
    assert table.latest(at(second) - timedelta(seconds=1)) == at(first)
    assert table.later(now, 2) == at(second)


def test_in_session_it_is_due_more_often_and_no_hour_is_lost_at_the_turn() -> None:
    table = Timetable("x", "0 6 * * *", "0 6,18 * * *", (("11-30", "01-02"), ("02-01", "02-01")))
    fires, now = [], at("2026-11-29T00:00:00")
    while len(fires) < 4:
        now = table.after(now) or now
        fires.append(f"{now:%m-%d %H}")
    assert fires == ["11-29 06", "11-30 06", "11-30 18", "12-01 06"]
    assert table.after(at("2027-01-02T18:00:00")) == at("2027-01-03T06:00:00")
    assert table.after(at("2027-02-01T06:00:00")) == at("2027-02-01T18:00:00")
    assert table.sits(at("2027-01-01T00:00:00").date())
    assert table.latest(at("2027-01-03T05:00:00")) == at("2027-01-02T18:00:00")


def test_a_day_that_never_comes() -> None:
    table = Timetable("x", "0 6 30 2 *")
    assert table.after(at("2026-11-22T00:00:00")) is None
    assert table.latest(at("2026-11-22T00:00:00")) is None


def test_a_start_is_put_off_by_the_same_seconds_each_time() -> None:
    trigger = SlotTrigger("x", Timetable("x", "*/2 * * * *"), SPREAD)
    again = pickle.loads(pickle.dumps(trigger))
    assert again == trigger
    now = at("2026-11-22T11:15:00")
    fires = [trigger.get_next_fire_time(None, now)]
    for _ in range(50):
        fires.append(again.get_next_fire_time(fires[-1], now))
    slots = [trigger.latest(fire) for fire in fires if fire]
    assert slots == [at("2026-11-22T11:16:00") + timedelta(minutes=2 * n) for n in range(51)]
    late = {(fire - slot).seconds for fire, slot in zip(fires, slots, strict=True) if fire and slot}
    assert len(late) > 10
    assert max(late) < SPREAD
    first = fires[0]
    assert first is not None
    assert trigger.latest(first - timedelta(seconds=1)) == at("2026-11-22T11:14:00")
    assert trigger.get_next_fire_time(None, first) == first


def test_what_was_missed_is_made_up_for_until_the_next_is_nearer() -> None:
    monthly = SlotTrigger("x", Timetable("x", "17 20 3 * *"), SPREAD)
    assert monthly.grace(at("2026-11-03T20:17:00")) == timedelta(days=15)
    often = SlotTrigger("x", Timetable("x", "*/15 * * * *"), SPREAD)
    assert often.grace(at("2026-11-03T20:15:00")) == timedelta(hours=1)


def test_every_source_has_hours_and_says_why_it_is_not_run() -> None:
    declared = [one.source for one in find_scrapers().values()]
    without = {one.source: one for one in plan(declared, ())}
    for source in declared:
        one = without[source.id]
        needs = source.key is not None and source.key.required
        assert bool(one.why_not) == (bool(source.off) or needs)
        assert one.hours.after(at("2026-11-22T00:00:00"))
    names = [source.key.env for source in declared if source.key]
    assert all(not one.why_not or one.why_not.startswith("off: ") for one in plan(declared, names))
    assert crawl_command("x", "2026-11-22T11:15:00Z")[-3:] == (
        "x",
        "--slot",
        "2026-11-22T11:15:00Z",
    )
