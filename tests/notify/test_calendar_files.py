"""Calendars hold every day on which law begins, changes or ends, and no day that is not known."""

from __future__ import annotations

from datetime import date

import pytest
from icalendar import Calendar, Event
from notify_sample import (
    COUNTY,
    ELSEWHERE,
    FIRST,
    HOSTILE,
    LAST,
    M1,
    M2,
    M3,
    QUIET,
    STATE,
    US,
    WHOLE,
    edition,
    hostile_lines,
    register,
    say,
)
from notify_sample import act as instrument

from kratom_atlas.model.statement import Line, Op
from kratom_atlas.notify.calendar import calendars
from kratom_atlas.notify.messages import headline, messages

BASE = "https://atlas.example/x"
P = "calendar/"


def made(lines: list[Line], base_url: str = BASE, *, hostile: bool = False) -> dict[str, bytes]:
    names = {key: f"{HOSTILE} {n}" for n, key in enumerate((US, STATE, COUNTY, QUIET, ELSEWHERE))}
    of = edition(lines, names if hostile else None)
    return dict(calendars(of, messages(of), base_url=base_url))


def events(written: bytes) -> list[Event]:
    return [e for e in Calendar.from_ical(written).walk("VEVENT") if isinstance(e, Event)]


def days(lines: list[Line], name: str) -> list[tuple[date, str]]:
    return [
        (e.decoded("dtstart"), str(e["summary"])) for e in events(made(lines)[f"{P}{name}.ics"])
    ]


def test_every_place_has_a_calendar_and_there_is_one_of_all() -> None:
    names = {f"{P}{place.code}.ics" for place in register().values()} | {f"{P}all.ics"}
    assert set(made(WHOLE)) == set(made([])) == names


def test_the_days_of_a_place_are_its_own_and_those_of_wider_law_in_order() -> None:
    begins = "Georgia: Kratom leaf and 7-OH: from no specific law found to age limit only"
    found = days(FIRST, "US-GA-13003")
    assert [day for day, _ in found] == [date(2020, 5, 1), date(2025, 1, 1), date(2026, 12, 1)]
    assert found[0][1] == "United States: MGM-15: from no specific law found to banned"
    assert found[1][1].startswith(begins)


def test_an_act_that_moves_no_word_has_its_days_where_it_was_made() -> None:
    found = days(FIRST, "US-GA")
    assert (date(2025, 8, 1), "Georgia: Act tax begins") in found
    assert (date(2030, 8, 1), "Georgia: Act tax ends") in found
    assert not [s for _, s in found if "HB 1" in s], "a day that a message tells is told once"
    assert not [s for _, s in days(FIRST, "US-GA-13003") if "tax" in s]
    assert [s for _, s in days(FIRST, "all") if "tax" in s]


def test_a_month_is_no_day_and_is_counted() -> None:
    written = made(FIRST)[f"{P}US-GA-13001.ics"]
    assert not [e for e in events(written) if "2024" in str(e.decoded("dtstart"))]
    assert str(Calendar.from_ical(written)["x-wr-caldesc"]).startswith("One change whose day is")
    assert "x-wr-caldesc" not in Calendar.from_ical(made(FIRST)[f"{P}US-GA.ics"])


def test_recorded_time_stamps_an_event_and_what_is_withdrawn_is_cancelled() -> None:
    before = {str(e["uid"]): e for e in events(made(FIRST)[f"{P}US-GA.ics"])}
    after = {str(e["uid"]): e for e in events(made(WHOLE)[f"{P}US-GA.ics"])}
    assert before.keys() < after.keys()
    stamps = {e.decoded("dtstamp").strftime("%Y-%m-%dT%H:%M:%SZ") for e in after.values()}
    assert stamps == {M1, M2, M3}
    for uid, event in before.items():
        now = after[uid]
        moved = now.decoded("dtstamp") > event.decoded("dtstamp")
        assert (int(now["sequence"]), str(now.get("status", ""))) == (
            (1, "CANCELLED") if moved else (0, "")
        )
        assert moved or now == event


def test_an_act_whose_day_moves_keeps_its_event() -> None:
    later = instrument("tax", effective="2025-09-01", ends="2030-08-01")
    moved = {
        str(e["uid"]): e
        for e in events(made([*FIRST, *say(M2, later, op=Op.SUPERSEDE)])[f"{P}US-GA.ics"])
    }
    for event in events(made(FIRST)[f"{P}US-GA.ics"]):
        if str(event["summary"]) == "Georgia: Act tax begins":
            assert moved[str(event["uid"])].decoded("dtstart") == date(2025, 9, 1)
            assert int(moved[str(event["uid"])]["sequence"]) == 1


@pytest.mark.parametrize("hostile", [False, True])
def test_every_calendar_is_valid(hostile: bool) -> None:
    found = made(hostile_lines() if hostile else WHOLE, hostile=hostile)
    for path, written in found.items():
        assert written.endswith(b"\r\n")
        assert b"\n" not in written.replace(b"\r\n", b""), path
        assert max(map(len, written.split(b"\r\n"))) <= 75, path
        written.decode()
        for control in (b"\x00", b"\x07", b"\x1b"):
            assert control not in written
        calendar = Calendar.from_ical(written)
        assert calendar.subcomponents, f"{path}: a calendar must have a component"
        assert not calendar.errors
        assert written.count(b"BEGIN:VCALENDAR\r\n") == 1
        uids = [str(e["uid"]) for e in events(written)]
        assert len(set(uids)) == len(uids)
        assert written.count(b"\r\nBEGIN:VEVENT\r\n") == len(uids)
        for event in events(written):
            assert {"uid", "dtstamp", "dtstart", "summary"} <= {k.lower() for k in event}
            assert not event.errors
            assert event.get("url", BASE).startswith(BASE)


def test_events_say_what_the_feeds_say() -> None:
    of = edition(WHOLE)
    told = {m.id: m for m in messages(of)}
    for event in events(dict(calendars(of, tuple(told.values()), base_url=BASE))[f"{P}all.ics"]):
        message = told.get(str(event["uid"]))
        if message is not None:
            assert str(event["summary"]) == headline(message)
            assert event.decoded("dtstart").isoformat() == message.date


def test_what_is_not_touched_keeps_its_bytes() -> None:
    assert made(FIRST)[f"{P}US.ics"] == made([*FIRST, *LAST])[f"{P}US.ics"]
    assert made(WHOLE) == made(WHOLE)
