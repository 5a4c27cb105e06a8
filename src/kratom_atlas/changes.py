"""What changed between two answers, on either clock, and why, in plain words.

Two kinds of comparison end here: the steps of a history (law along valid time, as known now) and
any two corners of (valid on, known at). Only cells that differ become objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

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
)
from kratom_atlas.places import place_name
from kratom_atlas.resolve.engine import Answers, resolve
from kratom_atlas.resolve.explain import cap_words
from kratom_atlas.resolve.history import History, event_days
from kratom_atlas.resolve.record import Bools, Ints, Record, View

__all__ = ["between", "from_history", "knowledge"]


def from_history(view: View, of: History, *, until: int = FAR_FUTURE) -> Iterator[Change]:
    """Every change of law in a history, up to the day `until`, in order of place and day.

    A step from one day of law to the next; a day on which something was merely first seen is no
    change of law. A change is told where the law changed, not at every place that inherits it.
    """
    a = of.answers
    step = np.flatnonzero((of.place[1:] == of.place[:-1]) & of.legal[1:] & (of.start[1:] < until))
    before, after = a.take(step), a.take(step + 1)
    for n, s in zip(
        *np.nonzero(_differ(before, after) & _moved_itself(before, after)), strict=True
    ):
        segment = int(step[n]) + 1
        yield from _changes(
            _Cell(view, before, int(n), int(s)),
            _Cell(view, after, int(n), int(s)),
            ChangeKind.LAW,
            of.label(segment),
            int(of.start[segment]),
        )


def between(
    record: Record,
    days: tuple[int, int],
    known: tuple[View, View],
    places: Sequence[int] | Ints | None = None,
    *,
    inherited: bool = False,
) -> list[Change]:
    """What differs between (first day, first knowledge) and (second day, second knowledge).

    Without `inherited`, a change is told only where the law changed, not where it is inherited.

    Each change is `law`, `knowledge` or `correction`, told by the four corners: where the old
    day's answer differs with new knowledge, we had been wrong of it, or had not known; where it
    does not, the law changed.
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
    rows = np.flatnonzero(differ.any(axis=1))
    if not len(rows):
        return []
    same_knowledge = known[0].known == known[1].known
    reread = old if same_knowledge else resolve(known[1], wanted, days[0])
    relearned = np.zeros_like(differ) if same_knowledge else _differ(old, reread)
    found: list[Change] = []
    for n, s in zip(*np.nonzero(differ), strict=True):
        cells = _Cell(known[0], old, int(n), int(s)), _Cell(known[1], new, int(n), int(s))
        kind = ChangeKind.LAW
        if relearned[n, s]:
            kind = _why_relearned(*cells, days[0])
        elif days[0] == days[1]:
            kind = ChangeKind.KNOWLEDGE
        label, day = _day_of_change(*cells, days)
        found.extend(_changes(*cells, kind, label, day))
    return found


def knowledge(record: Record, recorded_at: str, before: View, after: View) -> Iterator[Change]:
    """What was recorded at one moment made us say otherwise of any day up to its own."""
    places = _touched(before, after)
    if not len(places):
        return
    own_day = date.fromisoformat(recorded_at[:10]).toordinal()
    days = {own_day, *event_days(before, places), *event_days(after, places)}
    found: dict[str, Change] = {}
    for day in sorted(d for d in days if d <= own_day):
        for change in between(record, (day, day), (before, after), places):
            told = msgspec.structs.replace(
                change, id=f"{change.id}.{recorded_at[:10]}", recorded_at=recorded_at
            )
            found[told.id] = told
    yield from found.values()


def _touched(before: View, after: View) -> Ints:
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
    )
    return moved


@dataclass(frozen=True)
class _Cell:
    """One answer among many."""

    view: View
    answers: Answers
    n: int
    s: int

    @property
    def place(self) -> Jurisdiction:
        return self.view.record.places[int(self.answers.place[self.n])]

    def word(self, scope: Scope) -> Status:
        column = self.answers.own if scope == "own" else self.answers.total
        return _STATUSES[int(column[self.n, self.s])]

    def status(self, scope: Scope, a: int) -> ActivityStatus:
        column = self.answers.own_rank if scope == "own" else self.answers.total_rank
        return _ACTIVITY_STATUSES[int(column[self.n, self.s, a])]

    def decides(self, scope: Scope) -> tuple[int, ...]:
        """Rows of the provisions that decide possession and sale, each once."""
        column = self.answers.own_decides if scope == "own" else self.answers.decides
        rows = column[self.n, self.s].tolist()
        return tuple(dict.fromkeys(row for row in reversed(rows) if row >= 0))

    def provisions(self, scope: Scope) -> list[Provision]:
        table = self.view.record.provisions
        return [table.bodies[row] for row in self.decides(scope)]

    @property
    def age(self) -> int:
        return int(self.answers.min_age[self.n, self.s])

    @property
    def caps(self) -> tuple[str, ...]:
        return cap_words(self.answers, self.n, self.s)


_STATUSES = tuple(Status)
_ACTIVITY_STATUSES = tuple(ActivityStatus)


def _why_relearned(old: _Cell, new: _Cell, day: int) -> ChangeKind:
    """Late knowledge where nothing had been said, or the law moved after our last look at it.

    Otherwise what we said was wrong when we said it: a correction.
    """
    if old.word("total") is Status.UNKNOWN:
        return ChangeKind.KNOWLEDGE
    begins = [
        first.lo
        for scope in _SCOPES
        for p in new.provisions(scope)
        if (first := p.from_ or p.attested) and first.lo <= day
    ]
    looked = int(old.answers.last_checked[old.n, old.s])
    late = bool(begins) and max(begins) > looked
    return ChangeKind.KNOWLEDGE if late else ChangeKind.CORRECTION


def _day_of_change(old: _Cell, new: _Cell, days: tuple[int, int]) -> tuple[str, int]:
    """The day of law from which the answer is the new one, as precise as its source.

    The last that lies between the two days, or before both where we came to know otherwise; the
    second day itself only where no day of law is known.
    """
    low, high = days if days[0] != days[1] else (FAR_PAST, days[1])
    begins = [p.from_ for scope in _SCOPES for p in new.provisions(scope) if p.from_]
    ends = [p.to for scope in _SCOPES for p in old.provisions(scope) if p.to]
    for candidates in (begins, ends):
        inside = sorted(d for d in candidates if low < d.lo <= high)
        if inside:
            return str(inside[-1]), inside[-1].lo
    return date.fromordinal(days[1]).isoformat(), days[1]


_SILENT = frozenset((Status.UNKNOWN, Status.NO_SPECIFIC_LAW))
_SILENT_ACTIVITY = frozenset((ActivityStatus.UNKNOWN, ActivityStatus.NO_LAW))
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
    substance = _lower(tuple(Substance)[new.s].label)
    before, after = old.word(scope), new.word(scope)
    if _SILENT.issuperset((before, after)):
        return  # where somebody looked is not law
    details = _details(old, new) if scope == "total" else ()
    if before is not after:
        yield _Move(scope, None, before, after, _step(substance, before, after, kind), details)
        return
    if details:
        yield _Move(scope, None, before, after, None, details)
    for a, activity in enumerate(new.answers.activities):
        was, now = old.status(scope, a), new.status(scope, a)
        if was is not now and not _SILENT_ACTIVITY.issuperset((was, now)):
            noun = {"possess": "possession", "sell": "sale"}.get(activity, activity)
            words = _step(f"{noun} of {substance}", was, now, kind)
            yield _Move(scope, activity, was, now, words)


def _step(
    what: str, before: Status | ActivityStatus, after: Status | ActivityStatus, kind: ChangeKind
) -> str:
    was, now = _lower(before.label), _lower(after.label)
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
    moot = new.word("total") in (Status.BANNED, Status.SALE_BANNED, Status.UNKNOWN)
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
    substance = tuple(Substance)[new.s]
    cause, ended = _cause(old, new, move.scope, day)
    table = record.provisions
    explaining = tuple(dict.fromkeys((*cause, *new.decides(move.scope))))
    recorded = max(
        (table.versions[row].line.recorded_at for row in explaining),
        default=_last_recorded(new.view),
    )
    own = "under its own law, " if move.scope == "own" else ""
    named = _details(old, new, _lower(substance.label)) if move.details else ()
    words = "; ".join((*([own + move.step] if move.step else []), *named))
    when = f"on {label}" if len(label) == 10 else f"in {PartialDate(label).words()}"
    if kind is ChangeKind.CORRECTION:
        when = f"(law since {PartialDate(label).words()})"
    ref = _reference(new.view, [table.bodies[row] for row in cause], ended=ended)
    activity = [move.activity] if move.activity else []
    return Change(
        id=".".join([label, new.place.code, substance, move.scope, *activity, kind]),
        date=label,
        kind=kind,
        jurisdiction=new.place,
        substance=substance,
        before=move.before,
        after=move.after,
        scope=move.scope,
        activity=move.activity,
        provisions=tuple(table.bodies[row].id for row in explaining),
        recorded_at=recorded,
        details=move.details,
        summary=f"{place_name(record, new.place)}: {words} {when}{ref}",
    )


def _cause(old: _Cell, new: _Cell, scope: Scope, day: int) -> tuple[tuple[int, ...], bool]:
    """Rows of the provisions that made the difference: what begins, else what ended."""
    before, after = old.decides(scope), new.decides(scope)
    table = new.view.record.provisions
    begun = tuple(row for row in after if row not in before)
    on_the_day = tuple(row for row in begun if table.from_lo[row] == day)
    if on_the_day or begun:
        return on_the_day or begun, False
    gone = tuple(row for row in before if row not in after)
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


def _lower(label: str) -> str:
    """The label inside a sentence; abbreviations keep their capitals."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
