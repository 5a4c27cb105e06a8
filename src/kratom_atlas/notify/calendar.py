"""iCalendar (RFC 5545) of the days on which law begins, changes or ends: past and to come.

A month or a year is no day: such changes are counted in the calendar's description and have no
event. What is no longer said stays as a cancelled event, so that it goes out of calendars.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from icalendar import Calendar, Event, Timezone, TimezoneStandard

from kratom_atlas.model.statement import Part
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Instrument
from kratom_atlas.notify.messages import Message, headline, page_url, stable_id, text
from kratom_atlas.places import place_name
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.words import inert, isolate, web_link

__all__ = ["calendars"]

PRODUCT: Final = "-//Kratom Atlas//Kratom law//EN"
_END: Final = b"END:VCALENDAR\r\n"
_NONE: Final = timedelta()


class _Entry(NamedTuple):
    """One event, written once for all the calendars that it stands in."""

    day: str
    uid: str
    written: bytes


def calendars(
    edition: Edition, told: Sequence[Message], *, base_url: str
) -> Iterator[tuple[str, bytes]]:
    """Every calendar: (path, bytes). `base_url` is where the site will be, if that is known."""
    record, view = edition.record, edition.view
    events: dict[int, list[_Entry]] = defaultdict(list)
    undated: dict[int, int] = defaultdict(int)
    for message in told:
        n = record.index[message.place.id]
        if message.lasting and len(message.date) == 10:
            events[n].append(_of_message(message, base_url))
        elif message.lasting and not message.withdrawn:
            undated[n] += 1
    acts: dict[int, list[_Entry]] = defaultdict(list)
    for act, field in _acts(edition, told):
        acts[record.index[act.jurisdiction]].append(_of_act(edition, act, field, base_url))

    # Most places say nothing of their own and share what binds them with their neighbours.
    shared: dict[tuple[int, ...], bytes] = {}
    everywhere = {*events, *undated}
    for n, place in enumerate(record.places):
        near = tuple(sorted(everywhere & {n, *view.binders[n]}))
        if n in acts:
            body = _body([events[m] for m in near] + [acts[n]])
        else:
            if near not in shared:
                shared[near] = _body([events[m] for m in near])
            body = shared[near]
        title = f"Kratom law: {isolate(place_name(record, place))}"
        head = _head(place.code, title, sum(undated[m] for m in near))
        yield f"calendar/{place.code}.ics", head + body + _END
    head = _head("all", "Kratom law", sum(undated.values()))
    yield "calendar/all.ics", head + _body([*events.values(), *acts.values()]) + _END


def _body(groups: Sequence[Sequence[_Entry]]) -> bytes:
    """Events in order of their days, or what stands where there is none."""
    found = sorted(entry for group in groups for entry in group)
    return b"".join(entry.written for entry in found) if found else _empty()


def _head(name: str, title: str, left_out: int) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("uid", stable_id("calendar", name))
    calendar.add("x-wr-calname", title)
    if left_out:
        many = f"{left_out:,} changes whose day is" if left_out > 1 else "One change whose day is"
        calendar.add("x-wr-caldesc", f"{many} not known (only a month, a year, or none): no event.")
    whole: bytes = calendar.to_ical()
    return whole.removesuffix(_END)


def _empty() -> bytes:
    """What stands where there is no event: a calendar must have a component, if only a clock."""
    utc, standard = Timezone(), TimezoneStandard()
    utc.add("tzid", "Etc/UTC")
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001 -- local time, as the RFC wants
    standard.add("tzoffsetfrom", _NONE)
    standard.add("tzoffsetto", _NONE)
    utc.add_component(standard)
    written: bytes = utc.to_ical()
    return written


def _event(
    day: str,
    uid: str,
    *,
    updated: str,
    revision: int,
    summary: str,
    description: str,
    url: str,
    words: Sequence[str],
    cancelled: bool = False,
) -> _Entry:
    event = Event()
    stamp = datetime.strptime(updated, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    event.add("uid", uid)
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    event.add("sequence", revision)
    event.add("dtstart", date.fromisoformat(day))
    event.add("summary", summary)
    event.add("description", description)
    event.add("categories", list(words))
    event.add("transp", "TRANSPARENT")
    if url:
        event.add("url", url)
    if cancelled:
        event.add("status", "CANCELLED")
    return _Entry(day, uid, event.to_ical())


def _of_message(message: Message, base_url: str) -> _Entry:
    return _event(
        message.date,
        message.id,
        updated=message.updated,
        revision=message.revision,
        summary=headline(message),
        description=text(message, base_url),
        url=page_url(base_url, f"j/{message.place.code}"),
        words=(message.severity, *message.substances),
        cancelled=bool(message.withdrawn),
    )


# -- acts whose day no message tells -----------------------------------------------------------

_VERBS: Final = {"effective": "begins", "ends": "ends"}


def _acts(edition: Edition, told: Sequence[Message]) -> Iterator[tuple[Instrument, str]]:
    """Acts that begin or end on a day on which the word of their place does not move by them."""
    bodies = {p.id: p.instrument for p in edition.record.provisions.bodies}
    known = {
        (message.place.id, message.date, act)
        for message in told
        if message.lasting
        for act in (message.act, *(bodies.get(cited.id) for cited in message.cited))
    }
    for act in edition.view.instruments.values():
        if act.stage.is_law and act.jurisdiction in edition.record.index:
            for field in _VERBS:
                day: PartialDate | None = getattr(act, field)
                if day is not None and day.is_day and (act.jurisdiction, day, act.id) not in known:
                    yield act, field


def _of_act(edition: Edition, act: Instrument, field: str, base_url: str) -> _Entry:
    record = edition.record
    place = record.places[record.index[act.jurisdiction]]
    versions = [
        v
        for v in record.versions[Part.INSTRUMENT]
        if v.line.subject == act.id and v.since < edition.view.known
    ]
    name = isolate(place_name(record, place))
    summary = f"{name}: {isolate(act.short)} {_VERBS[field]}"
    lines = [
        f"{name} ({inert(place.code)}): {isolate(act.title)}.",
        "It changes neither the word of the place nor a condition that is recorded, on that day.",
        *([f"Source: {link}"] if (link := web_link(act.url)) else []),
        f"Recorded {versions[-1].line.recorded_at}.",
    ]
    return _event(
        str(getattr(act, field)),
        stable_id("act", act.id, field),
        updated=versions[-1].line.recorded_at,
        revision=len(versions) - 1,
        summary=summary,
        description="\n".join(lines),
        url=page_url(base_url, f"j/{place.code}"),
        words=(act.kind,),
    )
