"""What changed between two answers, on either clock, and why, in plain words.

Two kinds of comparison end here: the steps of a history (law along valid time, as known now) and
any two corners of (valid on, known at). Only cells that differ become objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import msgspec
import numpy as np

from kratom_atlas.model.change import Change, Scope
from kratom_atlas.model.time import FAR_FUTURE, FAR_PAST, PartialDate
from kratom_atlas.model.values import Jurisdiction, Provision
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    ChangeKind,
    Effect,
    Status,
    Substance,
    lower,
)
from kratom_atlas.places import place_name
from kratom_atlas.resolve.engine import Answers, resolve
from kratom_atlas.resolve.explain import cap_words
from kratom_atlas.resolve.history import History, event_days
from kratom_atlas.resolve.record import Bools, Ints, Record, View

__all__ = ["Comparison", "between", "compare", "from_history", "knowledge"]


def from_history(view: View, of: History, *, until: int = FAR_FUTURE) -> Iterator[Change]:
    """Every change of law in a history, up to the day `until`, in order of place and day.

    A step from one day of law to the next; a day on which something was merely first seen is no
    change of law. A change is told where the law changed, not at every place that inherits it.
    """
    a = of.answers
    step = np.flatnonzero((of.place[1:] == of.place[:-1]) & (of.start[1:] < until))
    before, after = a.take(step), a.take(step + 1)
    n, s = np.nonzero(_differ(before, after) & _moved_itself(before, after) & of.legal[step + 1])
    cells = zip(_cells(view, before, n, s), _cells(view, after, n, s), strict=True)
    for segment, at, (old, new) in zip((step[n] + 1).tolist(), s.tolist(), cells, strict=True):
        first = int(of.start[segment])
        yield from _changes(old, new, ChangeKind.LAW, of.label(segment, at), first)


@dataclass(frozen=True)
class Comparison:
    """Two answers for each of the same places: (places, substances) that differ, and which of
    them differ because the old day's answer is another with the new knowledge.
    """

    days: tuple[int, int]
    known: tuple[View, View]
    old: Answers
    new: Answers
    differ: Bools
    relearned: Bools


def compare(
    record: Record,
    days: tuple[int, int],
    known: tuple[View, View],
    places: Sequence[int] | Ints | None = None,
    *,
    inherited: bool = False,
) -> Comparison:
    """Which cells differ between (first day, first knowledge) and (second day, second knowledge).

    Without `inherited`, only where the law changed, not where it is inherited.
    """
    # Where nothing of a place's own stands, nothing of its own can differ.
    spoken = known[0].spoken | known[1].spoken
    candidates = np.arange(len(record.places)) if inherited else np.flatnonzero(spoken)
    wanted = candidates if places is None else np.asarray(places, np.int64)
    old = resolve(known[0], wanted, days[0])
    new = resolve(known[1], wanted, days[1])
    differ = _differ(old, new)
    if not inherited:
        differ &= _moved_itself(old, new)
    relearned = np.zeros_like(differ)
    if known[0].known != known[1].known and differ.any():
        relearned = differ & _differ(old, resolve(known[1], wanted, days[0]))
    return Comparison(days, known, old, new, differ, relearned)


def between(
    record: Record,
    days: tuple[int, int],
    known: tuple[View, View],
    places: Sequence[int] | Ints | None = None,
    *,
    inherited: bool = False,
) -> list[Change]:
    """The cells that `compare` finds, each `law`, `knowledge` or `correction`, in words.

    The four corners tell which: where the old day's answer differs with new knowledge, we had
    been wrong of it, or had not known; where it does not, the law changed.
    """
    of = compare(record, days, known, places, inherited=inherited)
    return [change for change, _, _ in _told(of)]


def _told(of: Comparison) -> Iterator[tuple[Change, _Cell, _Cell]]:
    """Each cell of a comparison that differs, in words, with the two answers."""
    n, s = np.nonzero(of.differ)
    before, after = _cells(of.known[0], of.old, n, s), _cells(of.known[1], of.new, n, s)
    days = of.days
    for old, new, again in zip(before, after, of.relearned[n, s].tolist(), strict=True):
        kind = ChangeKind.KNOWLEDGE if days[0] == days[1] else ChangeKind.LAW
        if again:
            kind = _why_relearned(old, new, days[0])
        elif kind is ChangeKind.LAW and _first_seen(old, new):
            kind = ChangeKind.KNOWLEDGE
        label, day = _day_of_change(old, new, days)
        for change in _changes(old, new, kind, label, day):
            yield change, old, new


def knowledge(record: Record, recorded_at: str, before: View, after: View) -> Iterator[Change]:
    """What was recorded at one moment made us say otherwise of any day up to its own."""
    places = touched(before, after)
    if not len(places):
        return
    own_day = date.fromisoformat(recorded_at[:10]).toordinal()
    days = {own_day, *event_days(before, places), *event_days(after, places)}
    stamp = recorded_at.replace("-", "").replace(":", "")
    found: dict[str, Change] = {}
    for day in sorted(days):
        of = compare(record, (day, day), (before, after), places)
        for change, old, new in _told(of):
            if day > own_day and not _withdrawn(old, new, own_day):
                continue  # law that was new then, and is told as such
            told = msgspec.structs.replace(
                change, id=f"{change.id}.{stamp}", recorded_at=recorded_at
            )
            same = found.get(told.id)
            if same is not None and (same.before, same.after) != (told.before, told.after):
                told = msgspec.structs.replace(told, id=f"{told.id}.{day}")
            found[told.id] = told
    yield from found.values()


def _withdrawn(old: _Cell, new: _Cell, day: int) -> bool:
    """Whether something that had been announced for after `day` is no longer said."""
    return any(p.from_ and p.from_.lo > day for p in old.provisions(but=new))


def touched(before: View, after: View) -> Ints:
    """The places of which something else stands."""
    table, searches = before.record.provisions, before.record.searches
    return np.unique(
        np.concatenate(
            [
                table.place[np.setxor1d(before.provision_rows, after.provision_rows)],
                table.place[np.setxor1d(before.law.row, after.law.row)],
                searches.place[np.setxor1d(before.search_rows, after.search_rows)],
            ]
        )
    )


# -- cells -----------------------------------------------------------------------------------


def _differ(a: Answers, b: Answers) -> Bools:
    """(N, substances): whether anything that a reader acts on differs."""
    differ: Bools = (
        (a.own != b.own)
        | (a.total != b.total)
        | (a.own_rank != b.own_rank).any(axis=2)
        | (a.total_rank != b.total_rank).any(axis=2)
        | (a.min_age != b.min_age)
        | (a.caps != b.caps).any(axis=2)
    )
    return differ


def _moved_itself(a: Answers, b: Answers) -> Bools:
    """(N, substances): whether the place's own law is part of the difference."""
    moved: Bools = (
        (a.own != b.own)
        | (a.own_rank != b.own_rank).any(axis=2)
        | (a.own_decides != b.own_decides).any(axis=2)
        | (a.binding_rank != b.binding_rank).any(axis=2)
        | (a.own_min_age != b.own_min_age)
        | (a.own_caps != b.own_caps).any(axis=2)
    )
    return moved


class _Cell(NamedTuple):
    """One answer among many, as plain values. `own_` and `total_decides` are rows, each once."""

    view: View
    place: Jurisdiction
    substance: Substance
    own: Status
    total: Status
    own_acts: tuple[ActivityStatus, ...]
    total_acts: tuple[ActivityStatus, ...]
    own_decides: tuple[int, ...]
    total_decides: tuple[int, ...]
    age: int
    caps: tuple[str, ...]
    looked: int

    def word(self, scope: Scope) -> Status:
        return self.own if scope == "own" else self.total

    def acts(self, scope: Scope) -> tuple[ActivityStatus, ...]:
        return self.own_acts if scope == "own" else self.total_acts

    def decides(self, scope: Scope) -> tuple[int, ...]:
        return self.own_decides if scope == "own" else self.total_decides

    @property
    def rows(self) -> tuple[int, ...]:
        """What decides its total, then what decides its own law."""
        return (*self.total_decides, *self.own_decides)

    def provisions(self, but: _Cell | None = None) -> list[Provision]:
        """The provisions that decide it, without those that decide another cell."""
        bodies = self.view.record.provisions.bodies
        others = but.rows if but else ()
        return [bodies[row] for row in dict.fromkeys(self.rows) if row not in others]


def _cells(view: View, of: Answers, n: Ints, s: Ints) -> Iterator[_Cell]:
    """The answers at (n, s), taken out of their arrays all at once."""
    capped = np.any(np.isfinite(of.caps[n, s]), axis=1).tolist()
    columns = (
        column[n, s].tolist()
        for column in (
            of.own,
            of.total,
            of.own_rank,
            of.total_rank,
            of.own_decides,
            of.decides,
            of.min_age,
            of.last_checked,
        )
    )
    places = of.place[n].tolist()
    for at, (own, total, own_acts, acts, own_rows, rows, age, looked) in enumerate(
        zip(*columns, strict=True)
    ):
        yield _Cell(
            view=view,
            place=view.record.places[places[at]],
            substance=_SUBSTANCES[s[at]],
            own=_STATUSES[own],
            total=_STATUSES[total],
            own_acts=tuple([_ACTIVITY_STATUSES[rank] for rank in own_acts]),
            total_acts=tuple([_ACTIVITY_STATUSES[rank] for rank in acts]),
            own_decides=_once(own_rows),
            total_decides=_once(rows),
            age=age,
            caps=cap_words(of, int(n[at]), int(s[at])) if capped[at] else (),
            looked=looked,
        )


def _once(rows: list[int]) -> tuple[int, ...]:
    """Each row once, that on sale first."""
    return tuple(dict.fromkeys([row for row in reversed(rows) if row >= 0]))


_SUBSTANCES = tuple(Substance)
_STATUSES = tuple(Status)
_ACTIVITY_STATUSES = tuple(ActivityStatus)


def _why_relearned(old: _Cell, new: _Cell, day: int) -> ChangeKind:
    """Late knowledge where nothing had been said, or the law moved after our last look at it.

    Otherwise what we said was wrong when we said it: a correction.
    """
    if Status.UNKNOWN in (old.total, old.own):
        return ChangeKind.KNOWLEDGE
    firsts = [p.from_ or p.attested for p in new.provisions()]
    begun = [first.lo for first in firsts if first and first.lo <= day]
    late = bool(begun) and max(begun) > old.looked
    return ChangeKind.KNOWLEDGE if late else ChangeKind.CORRECTION


def _first_seen(old: _Cell, new: _Cell) -> bool:
    """Whether what is new has no known first day: it may have applied on the old day already."""
    fresh = new.provisions(but=old)
    return bool(fresh) and all(p.from_ is None for p in fresh)


def _day_of_change(old: _Cell, new: _Cell, days: tuple[int, int]) -> tuple[str, int]:
    """The day of law from which the answer is the new one, as precise as its source.

    The last that lies between the two days, or up to them where we came to know otherwise; then
    also the day from which the old answer had been said to hold. Empty where none is known: the
    day on which something was noticed is no day of law.
    """
    low, high = days if days[0] != days[1] else (FAR_PAST, days[1])
    fresh = new.provisions(but=old)
    gone = old.provisions(but=new)
    candidates = [
        [p.from_ for p in fresh if p.from_],
        [p.to for p in gone if p.to],
        [p.from_ for p in gone if p.from_] if not fresh and days[0] == days[1] else [],
    ]
    for dates in candidates:
        inside = sorted(d for d in dates if low < d.lo <= high)
        if inside:
            return str(inside[-1]), inside[-1].lo
        if fresh and not dates:
            break  # what is new has no known first day
    if days[0] != days[1] and not _first_seen(old, new):
        label, day, _ = _last_boundary(new, low, high)
        if label:
            return label, day
    return "", days[1]


def _last_boundary(cell: _Cell, low: int, high: int) -> tuple[str, int, tuple[int, ...]]:
    """The last day in `(low, high]` on which a rule that binds the place begins or ends.

    With that day, the rows of the provisions that begin or end on it by their own terms: a stay
    or a preemption is one of them.
    """
    view, record = cell.view, cell.view.record
    table = record.provisions
    n = record.index[cell.place.id]
    rows = view.provisions_of((n, *view.binders[n]))
    rows = rows[table.substances[rows] >> cell.substance.rank & 1 == 1]
    begins, ends = table.from_lo[rows], table.to_lo[rows]
    rows = rows[((low < begins) & (begins <= high)) | ((low < ends) & (ends <= high))]
    dated: dict[int, dict[int, PartialDate]] = {}
    for row in rows.tolist():
        for stated in (table.bodies[row].from_, table.bodies[row].to):
            if stated is not None and low < stated.lo <= high:
                dated.setdefault(stated.lo, {})[row] = stated
    if not dated:
        return "", high, ()
    day = max(dated)
    return str(max(dated[day].values(), key=len)), day, tuple(dated[day])


_SILENT = frozenset((Status.UNKNOWN, Status.NO_SPECIFIC_LAW))
_SILENT_ACTIVITY = frozenset((ActivityStatus.UNKNOWN, ActivityStatus.NO_LAW))
_ACTIVITIES = (Activity.POSSESS, Activity.SELL)
_SCOPES: tuple[Scope, ...] = ("total", "own")


# -- changes in words ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Move:
    """What differs in one cell, and how to say it."""

    scope: Scope
    activity: Activity | None
    before: Status | ActivityStatus
    after: Status | ActivityStatus
    step: str | None
    details: tuple[str, ...] = ()


def _changes(old: _Cell, new: _Cell, kind: ChangeKind, label: str, day: int) -> Iterator[Change]:
    """The rows of one cell: its total, and its own law where that moved otherwise."""
    told: set[tuple[object, ...]] = set()
    for scope in _SCOPES:
        for move in _moves(old, new, scope, kind):
            step = (move.activity, move.before, move.after)
            if step not in told:
                told.add(step)
                yield _change(old, new, kind, label, day, move)


def _moves(old: _Cell, new: _Cell, scope: Scope, kind: ChangeKind) -> Iterator[_Move]:
    substance = lower(new.substance.label)
    before, after = old.word(scope), new.word(scope)
    if _SILENT.issuperset((before, after)):
        return  # where somebody looked is not law
    details = _details(old, new) if scope == "total" else ()
    if before is not after:
        yield _Move(scope, None, before, after, _step(substance, before, after, kind), details)
        return
    if details:
        yield _Move(scope, None, before, after, None, details)
    for activity, was, now in zip(_ACTIVITIES, old.acts(scope), new.acts(scope), strict=True):
        if was is not now and not _SILENT_ACTIVITY.issuperset((was, now)):
            noun = {"possess": "possession", "sell": "sale"}.get(activity, activity)
            words = _step(f"{noun} of {substance}", was, now, kind)
            yield _Move(scope, activity, was, now, words)


def _step(
    what: str, before: Status | ActivityStatus, after: Status | ActivityStatus, kind: ChangeKind
) -> str:
    was, now = lower(before.label), lower(after.label)
    if kind is ChangeKind.CORRECTION and before != "unknown":
        if after == "unknown":
            return f"{what} was said to be {was}; what applies is not known"
        return f"{what} is {now}, not {was} as had been said"
    if before == "unknown":
        return f"{what} becomes {now}"
    if after == "unknown":
        return f"{what} is no longer {was}; what applies is not known"
    return f"{what} goes from {was} to {now}"


def _details(old: _Cell, new: _Cell, substance: str = "") -> tuple[str, ...]:
    """The conditions that moved; where all is unlawful, the end of one says nothing."""
    found = []
    buy, of = (f" to buy {substance}", f" for {substance}") if substance else (" to buy", "")
    moot = new.total in (Status.BANNED, Status.SALE_BANNED, Status.UNKNOWN)
    if old.age != new.age:
        if old.age and new.age:
            moves = "rises" if new.age > old.age else "falls"
            found.append(f"minimum age{buy} {moves} from {old.age} to {new.age}")
        elif new.age:
            found.append(f"a minimum age of {new.age} begins{of}")
        elif not moot:
            found.append(f"the minimum age of {old.age}{of} ends")
    if old.caps != new.caps:
        if new.caps:
            found.append(f"the 7-OH cap becomes {_amounts(new.caps)}")
        elif not moot:
            found.append(f"the 7-OH cap of {_amounts(old.caps)} ends")
    return tuple(found)


def _change(old: _Cell, new: _Cell, kind: ChangeKind, label: str, day: int, move: _Move) -> Change:
    record = new.view.record
    table = record.provisions
    cause, ended = _cause(old, new, move.scope, day)
    explaining = tuple(dict.fromkeys((*cause, *new.decides(move.scope))))
    recorded = [record.said_at(row) for row in explaining]
    own = "under its own law, " if move.scope == "own" else ""
    named = _details(old, new, lower(new.substance.label)) if move.details else ()
    words = "; ".join((*([own + move.step] if move.step else []), *named))
    ref = _reference(new.view, [table.bodies[row] for row in cause], ended=ended)
    activity = [move.activity] if move.activity else []
    return Change(
        id=".".join(
            [label or "undated", new.place.code, new.substance, move.scope, *activity, kind]
        ),
        date=label,
        kind=kind,
        jurisdiction=new.place,
        substance=new.substance,
        before=move.before,
        after=move.after,
        scope=move.scope,
        activity=move.activity,
        provisions=tuple([table.bodies[row].id for row in explaining]),
        recorded_at=max(recorded) if recorded else _last_recorded(new.view),
        details=move.details,
        summary=f"{place_name(record, new.place)}: {words}{_when(label, kind)}{ref}",
    )


def _when(label: str, kind: ChangeKind) -> str:
    if not label:
        return ", from a day that is not known"
    if kind is ChangeKind.CORRECTION:
        return f" (law of {PartialDate(label).words()})"
    return f" on {label}" if len(label) == 10 else f" in {PartialDate(label).words()}"


def _cause(old: _Cell, new: _Cell, scope: Scope, day: int) -> tuple[tuple[int, ...], bool]:
    """Rows of the provisions that made the difference: what begins, else what ended.

    Where what decides stays the same, or only comes back, it is what else begins or ends on that
    day: another condition, a stay, a preemption.
    """
    before, after = old.decides(scope), new.decides(scope)
    table = new.view.record.provisions
    begun = tuple(row for row in after if row not in before)
    gone = tuple(row for row in before if row not in after)
    on_the_day = tuple(row for row in begun if table.from_lo[row] == day)
    ends_then = tuple(row for row in gone if table.to_lo[row] == day)
    if on_the_day:
        return on_the_day, False
    if not ends_then:
        _, _, others = _last_boundary(new, day - 1, day)
        if others:
            return others, False
    if begun:
        return begun, False
    return gone or after, bool(gone)


def _reference(view: View, provisions: list[Provision], *, ended: bool) -> str:
    """` (HF 3453; Minn. Stat. 152.027)`: the act, and the citation where it says more."""
    cited: dict[str, list[str]] = {}
    for provision in provisions:
        instrument = view.instruments.get(provision.instrument)
        name = provision.instrument
        if instrument is not None:
            name = instrument.short
        if provision.effect is Effect.REPEAL:
            name = f"repeal: {name}"
        cited.setdefault(name, []).append(provision.citation)
    if not cited:
        return ""
    names = [
        "; ".join((name, *(c for c in dict.fromkeys(citations) if c not in name)))
        for name, citations in cited.items()
    ]
    return f" ({'ends: ' if ended else ''}{' / '.join(names)})"


def _last_recorded(view: View) -> str:
    known = [m for m in view.record.moments if view.record.before(m, view.known)]
    return known[-1] if known else ""


def _amounts(caps: tuple[str, ...]) -> str:
    return " and ".join(cap.replace("-", " ") for cap in caps)
