"""One place's answer with its reasons: every provision and search that bears on it, and how."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from kratom_atlas.model.status import ActivityAnswer, Answer, Bearing, Link
from kratom_atlas.model.time import FAR_FUTURE, FAR_PAST
from kratom_atlas.model.values import Provision
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Extent,
    Flag,
    Level,
    Status,
    Substance,
    Verification,
)
from kratom_atlas.resolve.engine import Answers, resolve
from kratom_atlas.resolve.history import History, history
from kratom_atlas.resolve.record import CAP_UNITS, View

__all__ = ["answer", "cap_words", "chain", "flags_of", "known_since"]

_ACTIVITIES = (
    Activity.POSSESS,
    Activity.SELL,
    *(a for a in Activity if a not in (Activity.POSSESS, Activity.SELL)),
)


def answer(view: View, place: int, substance: Substance, day: int, known: str) -> Answer:
    """What the law on `substance` is in `place` on `day`, and why."""
    found = resolve(view, [place], day, _ACTIVITIES)
    s = substance.rank
    table = view.record.provisions
    activities = tuple(
        ActivityAnswer(
            activity=activity,
            own=tuple(ActivityStatus)[found.own_rank[0, s, a]],
            total=tuple(ActivityStatus)[found.total_rank[0, s, a]],
            provision=table.bodies[row].id if (row := int(found.decides[0, s, a])) >= 0 else None,
        )
        for a, activity in enumerate(_ACTIVITIES)
    )
    since, until = known_since(history(view, [place], local=False), s, day)
    quality = int(found.verification[0, s])
    return Answer(
        jurisdiction=view.record.places[place],
        substance=substance,
        on=date.fromordinal(day).isoformat(),
        known=known,
        own_status=tuple(Status)[found.own[0, s]],
        total_status=tuple(Status)[found.total[0, s]],
        activities=activities,
        flags=flags_of(int(found.flags[0, s])),
        min_age=int(found.min_age[0, s]) or None,
        caps=cap_words(found, 0, s),
        since=since,
        until=until,
        incoming=_incoming(view, place, int(found.incoming[0, s])),
        verification=tuple(Verification)[quality] if quality >= 0 else None,
        last_checked=_day(int(found.last_checked[0, s])),
        chain=tuple(chain(view, place, substance, day, activities)),
    )


def flags_of(mask: int) -> tuple[Flag, ...]:
    """The flags of a bit mask."""
    return tuple(flag for flag in Flag if mask >> flag.rank & 1)


def cap_words(found: Answers, n: int, s: int) -> tuple[str, ...]:
    """The strictest 7-OH caps as `value unit kind`, one for each kind."""
    return tuple(
        unit.amount(value)
        for unit, value in zip(CAP_UNITS, found.caps[n, s].tolist(), strict=True)
        if value != float("inf")
    )


def known_since(of: History, s: int, day: int) -> tuple[str | None, str | None]:
    """The first day of the present status and the first of the next, where they are days of law."""
    key = [
        (int(of.answers.total[n, s]), *of.answers.total_rank[n, s, :2].tolist())
        for n in range(len(of.start))
    ]
    here = max(n for n in range(len(of.start)) if of.start[n] <= day)
    first = here
    while first > 0 and key[first - 1] == key[here]:
        first -= 1
    after = next((n for n in range(here + 1, len(key)) if key[n] != key[here]), None)
    return (
        of.label(first, s) if of.legal[first, s] else None,
        of.label(after, s) if after is not None and of.legal[after, s] else None,
    )


def chain(
    view: View,
    place: int,
    substance: Substance,
    day: int,
    activities: tuple[ActivityAnswer, ...] = (),
) -> Iterator[Link]:
    """Every provision and search on `substance` that stands for `place` or what binds it.

    Widest level first, then by first day.
    """
    record = view.record
    deciding = {a.provision for a in activities}
    near = sorted((place, *view.binders[place]), key=lambda n: (record.levels[n], n))
    table, searches = record.provisions, record.searches
    intervals: dict[int, list[tuple[int, int]]] = {}
    rows = view.law
    for n in near:
        for at in range(int(rows.start[n]), int(rows.start[n + 1])):
            intervals.setdefault(int(rows.row[at]), []).append(
                (int(rows.from_lo[at]), int(rows.to_lo[at]))
            )
    for n in near:
        own = [r for r in view.provision_rows.tolist() if table.place[r] == n]
        own.sort(key=lambda r: (table.from_lo[r], table.bodies[r].id))
        for row in own:
            provision = table.bodies[row]
            if substance in provision.substances:
                yield Link(
                    bearing=_bearing(view, place, n, provision, intervals.get(row), day, deciding),
                    jurisdiction=record.places[n],
                    provision=provision,
                    instrument=view.instruments.get(provision.instrument),
                    line=table.versions[row].line,
                )
        for row in view.search_rows.tolist():
            search = searches.bodies[row]
            if searches.place[row] == n and substance in search.substances:
                covers = searches.from_[row] <= day < searches.to[row]
                yield Link(
                    bearing=Bearing.APPLIES if covers else Bearing.UNSEEN,
                    jurisdiction=record.places[n],
                    search=search,
                    line=searches.versions[row].line,
                )


def _incoming(view: View, place: int, day: int) -> str | None:
    """The day of the next enacted change, as precise as its source."""
    table = view.record.provisions
    near = {place, *view.binders[place]}
    for row in view.provision_rows.tolist() if day else ():
        if int(table.place[row]) in near:
            for stated in (table.bodies[row].from_, table.bodies[row].to):
                if stated is not None and stated.lo == day:
                    return str(stated)
    return _day(day)


def _bearing(
    view: View,
    place: int,
    source: int,
    provision: Provision,
    intervals: list[tuple[int, int]] | None,
    day: int,
    deciding: set[str | None],
) -> Bearing:
    if intervals is None:
        return Bearing.NOT_LAW
    if not any(begin <= day < end for begin, end in intervals):
        return _out_of_time(provision, intervals, day)
    inside = (
        view.record.levels[source] == Level.COUNTY.rank
        and view.record.levels[place] == Level.MUNICIPALITY.rank
    )
    if provision.id in deciding:
        return Bearing.DECIDES
    if provision.gives is None:
        return Bearing.SILENT
    if inside and provision.extent is Extent.UNINCORPORATED:
        return Bearing.ELSEWHERE
    if inside and provision.extent is Extent.UNKNOWN:
        return Bearing.PERHAPS
    if _struck(view, source, provision, day):
        return Bearing.PREEMPTED
    return Bearing.APPLIES


def _out_of_time(provision: Provision, intervals: list[tuple[int, int]], day: int) -> Bearing:
    first = min(begin for begin, _ in intervals)
    last = max(end for _, end in intervals)
    if day < first:
        return Bearing.UNSEEN if provision.from_ is None else Bearing.NOT_YET
    if day < last and last > FAR_PAST:
        return Bearing.SUSPENDED
    return Bearing.ENDED


def _struck(view: View, source: int, provision: Provision, day: int) -> bool:
    """Whether a higher level keeps `provision` from binding."""
    # Own law ignores preemption and the total of the same place obeys it; ask the engine for the
    # source itself rather than decide it a second time here.
    found = resolve(view, [source], day, _ACTIVITIES, local=False)
    assert provision.gives is not None
    return all(
        found.binding_rank[0, s.rank, a] < provision.gives.rank
        for s in provision.substances
        for a, activity in enumerate(_ACTIVITIES)
        if activity in provision.activities
    )


def _day(ordinal: int) -> str | None:
    return date.fromordinal(ordinal).isoformat() if 0 < ordinal < FAR_FUTURE else None
