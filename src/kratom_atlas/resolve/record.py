"""The record as columns: every version of every statement, and the view of one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import Line, Op, Part, known_bound
from kratom_atlas.model.time import FAR_FUTURE, FAR_PAST
from kratom_atlas.model.values import Instrument, Jurisdiction, Provision, Search
from kratom_atlas.model.vocabulary import InstrumentKind, SearchResult, Unit

__all__ = ["CAP_UNITS", "Record", "View"]

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

CAP_UNITS: Final = (
    Unit.PERCENT_OF_ALKALOIDS,
    Unit.PERCENT_BY_WEIGHT,
    Unit.PPM,
    Unit.MG_PER_G,
    Unit.MG_PER_SERVING,
    Unit.MG_PER_CONTAINER,
    Unit.MG_PER_DAY,
)

_EPOCH_DAY: Final = 719_163  # date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Version:
    """One thing as it was recorded, from `since` until `until` (seconds, half-open)."""

    body: Jurisdiction | Instrument | Provision | Search
    line: Line
    since: int
    until: int


FOREVER: Final = int(np.iinfo(np.int64).max)


class Record:
    """Every version of every statement, and the places they are about.

    `register` is the base register of places; a jurisdiction recorded in the ledger replaces its
    row. Names are taken as last recorded; what binds a place, as known at the time (`View`).
    """

    def __init__(self, lines: Iterable[Line], register: Mapping[str, Jurisdiction]) -> None:
        self.lines = tuple(lines)
        versions = _versions(self.lines)
        places = dict(register)
        for version in versions[Part.JURISDICTION]:
            if version.until == FOREVER:
                assert isinstance(version.body, Jurisdiction)
                places[version.body.id] = version.body
        self.places: tuple[Jurisdiction, ...] = tuple(places[i] for i in sorted(places))
        self.index: dict[str, int] = {place.id: n for n, place in enumerate(self.places)}
        self.versions = versions
        self._views: dict[int, View] = {}
        self.levels: Ints = np.array([p.level.rank for p in self.places], dtype=np.int64)
        self.register = register
        self.binders = self.closure([p.binders for p in self.places])

    @cached_property
    def moments(self) -> tuple[str, ...]:
        """Every moment at which something was recorded, in order."""
        return tuple(sorted({line.recorded_at for line in self.lines}))

    def said_at(self, row: int) -> str:
        """When this was first said: the provision in these words, and its instrument as law."""
        law = self._law_at.get(self.provisions.bodies[row].instrument, "")
        return max(self._statement_at[self.provisions.versions[row].line.statement], law)

    @cached_property
    def _statement_at(self) -> dict[str, str]:
        """When each statement on a provision was first recorded."""
        first: dict[str, str] = {}
        for line in self.lines:
            if line.part is Part.PROVISION:
                first.setdefault(line.statement, line.recorded_at)
        return first

    @cached_property
    def _law_at(self) -> dict[str, str]:
        """When each instrument was first recorded as law."""
        first: dict[str, str] = {}
        for line in self.lines:
            if line.instrument is not None and line.instrument.stage.is_law:
                first.setdefault(line.instrument.id, line.recorded_at)
        return first

    def before(self, moment: str, known: int) -> bool:
        """Whether what was recorded at `moment` is known before the second `known`."""
        return self.bound(moment) <= known

    @staticmethod
    def bound(moment: str) -> int:
        """The bound that knows what was recorded at `moment` and before."""
        return known_bound(moment)

    @cached_property
    def provisions(self) -> Provisions:
        """All versions of provisions, as columns."""
        return Provisions(self)

    @cached_property
    def proposed(self) -> tuple[Version, ...]:
        """All versions of provisions without a first day, by id: what bills would do."""
        found = (v for v in _of_provisions(self) if v.body.first is None)  # type: ignore[union-attr]
        return tuple(sorted(found, key=lambda v: (v.line.subject, v.since)))

    @cached_property
    def searches(self) -> Searches:
        """All versions of searches, as columns."""
        return Searches(self)

    def at(self, known: int | None = None) -> View:
        """The record as it stood before the second `known` (everything, if None)."""
        bound = FOREVER if known is None else known
        if bound not in self._views:
            self._views[bound] = View(self, bound)
        return self._views[bound]

    def closure(self, direct: Sequence[tuple[str, ...]]) -> tuple[tuple[int, ...], ...]:
        """For each place, everything that binds it, from what binds each place directly.

        Raises:
            AtlasError: a place is bound by one that does not exist.
        """
        near: list[tuple[int, ...]] = []
        for place, binders in zip(self.places, direct, strict=True):
            for binder in binders:
                if binder not in self.index:
                    raise AtlasError(f"{place.id} is bound by {binder}, which does not exist")
            near.append(tuple(self.index[binder] for binder in binders))
        closed: list[tuple[int, ...]] = []
        for first in near:
            found = dict.fromkeys(first)
            frontier = list(first)
            while frontier:
                for n in near[frontier.pop()]:
                    if n not in found:
                        found[n] = None
                        frontier.append(n)
            closed.append(tuple(found))
        return tuple(closed)


def _versions(lines: Sequence[Line]) -> dict[Part, list[Version]]:
    """Each part's versions in the order in which they were recorded."""
    open_: dict[tuple[Part, str], tuple[Line, int]] = {}
    closed: dict[Part, list[Version]] = {part: [] for part in Part}
    for line in lines:
        key = (line.part, line.subject)
        moment = line.moment
        if key in open_:
            before, since = open_.pop(key)
            assert before.body is not None
            closed[line.part].append(Version(before.body, before, since, moment))
        if line.op is not Op.RETRACT:
            open_[key] = (line, moment)
    for (part, _), (line, since) in open_.items():
        assert line.body is not None
        closed[part].append(Version(line.body, line, since, FOREVER))
    return closed


def _of_provisions(record: Record) -> Iterator[Version]:
    """The versions of provisions that stood for any time, law or proposed.

    Raises:
        AtlasError: one is of a place that does not exist.
    """
    for v in record.versions[Part.PROVISION]:
        assert isinstance(v.body, Provision)
        if v.body.jurisdiction not in record.index:
            raise AtlasError(f"{v.body.id} is law of {v.body.jurisdiction}, which is no place")
        if v.until > v.since:
            yield v


class Provisions:
    """Columns of all versions of provisions that have a first day, ordered by place.

    What is only proposed has none and is not among them, so that no answer can rest on it.
    """

    def __init__(self, record: Record) -> None:
        versions = [v for v in _of_provisions(record) if v.body.first is not None]  # type: ignore[union-attr]
        versions.sort(key=lambda v: (record.index[v.body.jurisdiction], v.body.id, v.since))  # type: ignore[union-attr]
        self.versions = versions
        bodies: list[Provision] = [v.body for v in versions]  # type: ignore[misc]
        self.bodies = bodies

        def column(values: Iterable[int]) -> Ints:
            return np.fromiter(values, dtype=np.int64, count=len(bodies))

        self.place = column(record.index[p.jurisdiction] for p in bodies)
        self.since = column(v.since for v in versions)
        self.until = column(v.until for v in versions)
        # Newer evidence of the same words is a new version, and nothing new in law.
        said: dict[str, int] = {}
        for v in sorted(versions, key=lambda v: v.since):
            said.setdefault(v.line.statement, v.since)
        self.first_said = column(said[v.line.statement] for v in versions)
        self.substances = column(sum(1 << s.rank for s in p.substances) for p in bodies)
        self.activities = column(sum(1 << a.rank for a in p.activities) for p in bodies)
        self.gives = column(-1 if p.gives is None else p.gives.rank for p in bodies)
        self.effect = column(p.effect.rank for p in bodies)
        self.extent = column(p.extent.rank for p in bodies)
        self.verification = column(p.verification.rank for p in bodies)
        self.attested: Bools = column(int(p.from_ is None) for p in bodies).astype(bool)
        begins = [p.first for p in bodies]
        self.from_lo = column(b.lo for b in begins if b)
        self.from_hi = column(b.hi for b in begins if b)
        self.to_lo = column(p.to.lo if p.to else FAR_FUTURE for p in bodies)
        self.to_hi = column(p.to.hi if p.to else FAR_FUTURE for p in bodies)
        self.grandfather = column(p.grandfather.lo if p.grandfather else FAR_PAST for p in bodies)
        self.min_age = column(p.qualifiers.min_age or 0 for p in bodies)
        self.looked = column(max(e.retrieved.lo for e in p.evidence) for p in bodies)
        self.caps: Floats = np.full((len(bodies), len(CAP_UNITS)), np.inf)
        units = {unit: n for n, unit in enumerate(CAP_UNITS)}
        for n, p in enumerate(bodies):
            for cap in p.qualifiers.seven_oh_caps:
                if cap.unit in units:
                    at = units[cap.unit]
                    self.caps[n, at] = min(self.caps[n, at], cap.value)
        # The stage of the instrument decides whether it is law; it has versions of its own.
        instruments = sorted({p.instrument for p in bodies})
        number = {key: n for n, key in enumerate(instruments)}
        self.instruments = instruments
        self.instrument = column(number[p.instrument] for p in bodies)
        self.targets = [n for n, p in enumerate(bodies) if p.targets]
        self.contested: Bools = np.array([p.contested is not None for p in bodies], dtype=bool)


class Searches:
    """Columns of all versions of searches."""

    def __init__(self, record: Record) -> None:
        versions = [v for v in record.versions[Part.SEARCH] if v.until > v.since]
        bodies: list[Search] = [v.body for v in versions]  # type: ignore[misc]
        self.versions = versions
        self.bodies = bodies

        def column(values: Iterable[int]) -> Ints:
            return np.fromiter(values, dtype=np.int64, count=len(bodies))

        self.place = column(record.index[s.jurisdiction] for s in bodies)
        self.since = column(v.since for v in versions)
        self.until = column(v.until for v in versions)
        self.substances = column(sum(1 << x.rank for x in s.substances) for s in bodies)
        self.from_ = column(s.covers.from_.lo for s in bodies)
        self.from_hi = column(s.covers.from_.hi for s in bodies)
        self.to = column(s.covers.to.lo if s.covers.to else FAR_FUTURE for s in bodies)
        self.to_hi = column(s.covers.to.hi if s.covers.to else FAR_FUTURE for s in bodies)
        self.on = column(s.on.lo for s in bodies)
        self.verification = column(s.verification.rank for s in bodies)
        self.contested: Bools = np.array([s.contested is not None for s in bodies], dtype=bool)
        self.local: Bools = np.array([s.local for s in bodies], dtype=bool)
        self.none: Bools = np.array([s.result is SearchResult.NONE for s in bodies], dtype=bool)


_Piece: TypeAlias = tuple[int, int, int, int]
"""An interval of a provision: from_lo, from_hi, to_lo, to_hi."""


@dataclass(frozen=True)
class Rows:
    """Provisions that are law at one moment, with repeals and stays applied, ordered by place.

    A provision that is cut in two by a stay has two rows. `row` points into `Provisions`.
    """

    row: Ints
    from_lo: Ints
    from_hi: Ints
    to_lo: Ints
    to_hi: Ints
    start: Ints
    """For each place, where its rows begin; one more entry at the end."""


class View:
    """The record as known before the second `known`."""

    def __init__(self, record: Record, known: int) -> None:
        self.record = record
        self.known = known

    @property
    def known_day(self) -> int:
        """The last day that was known, as an ordinal; FAR_FUTURE for "everything"."""
        if self.known == FOREVER:
            return FAR_FUTURE
        return (self.known - 1) // 86_400 + _EPOCH_DAY

    @cached_property
    def binders(self) -> tuple[tuple[int, ...], ...]:
        """For each place, everything that binds it, as known then."""
        versions: dict[str, list[Version]] = defaultdict(list)
        for version in self.record.versions[Part.JURISDICTION]:
            versions[version.line.subject].append(version)
        direct = [self._identity(p, versions.get(p.id, [])).binders for p in self.record.places]
        if direct == [p.binders for p in self.record.places]:
            return self.record.binders
        return self.record.closure(direct)

    def _identity(self, place: Jurisdiction, versions: list[Version]) -> Jurisdiction:
        """The place as known then; before it was recorded, as the register or its first line."""
        if not versions:
            return place
        for version in versions:
            if version.since < self.known <= version.until:
                assert isinstance(version.body, Jurisdiction)
                return version.body
        first = versions[0].body
        assert isinstance(first, Jurisdiction)
        return self.record.register.get(place.id, first)

    @cached_property
    def children(self) -> dict[int, tuple[int, ...]]:
        """For each place, the places that it binds, directly or not."""
        below: dict[int, list[int]] = defaultdict(list)
        for n, binders in enumerate(self.binders):
            for binder in binders:
                below[binder].append(n)
        return {n: tuple(places) for n, places in below.items()}

    @cached_property
    def flat_binders(self) -> tuple[Ints, Ints, Ints]:
        """All `binders` end to end, and where each place's begin and how many they are."""
        lengths = np.fromiter((len(b) for b in self.binders), np.int64, len(self.binders))
        flat = np.fromiter((n for b in self.binders for n in b), np.int64, int(lengths.sum()))
        return flat, np.cumsum(lengths) - lengths, lengths

    @cached_property
    def named(self) -> Ints:
        """For each place, the substances that its own law names, as a mask; a bill is no law."""
        masks = np.zeros(len(self.record.places), dtype=np.int64)
        table, live = self.record.provisions, self.law.row
        np.bitwise_or.at(masks, table.place[live], table.substances[live])
        return masks

    @cached_property
    def enacted(self) -> Ints:
        """For each row of `Record.provisions`, the day from which it is known to be enacted.

        That of its instrument, or where that is not known, the day it was first recorded.
        """
        table = self.record.provisions
        recorded = table.first_said // 86_400 + _EPOCH_DAY
        enacted = np.zeros(max(len(table.instruments), 1), dtype=np.int64)
        for n, key in enumerate(table.instruments):
            instrument = self.instruments.get(key)
            if instrument is not None and instrument.enacted:
                enacted[n] = instrument.enacted.lo
        of_row = enacted[table.instrument]
        return np.where(of_row > 0, of_row, recorded)

    @cached_property
    def search_rows(self) -> Ints:
        """The rows of `Record.searches` that stood."""
        return self._live(self.record.searches)

    @cached_property
    def provision_rows(self) -> Ints:
        """The rows of `Record.provisions` that stood, law or not."""
        return self._live(self.record.provisions)

    @cached_property
    def proposed(self) -> dict[str, Version]:
        """What stood of provisions without a first day, by id. None of it is law."""
        return {v.line.subject: v for v in self.record.proposed if v.since < self.known <= v.until}

    def provisions_of(self, places: Iterable[int]) -> Ints:
        """The rows of `Record.provisions` that stood, of some places."""
        starts = self._starts
        return np.concatenate([self.provision_rows[starts[n] : starts[n + 1]] for n in places])

    @cached_property
    def _starts(self) -> Ints:
        """Where each place's begin in `provision_rows`, which are in order of place."""
        places = self.record.provisions.place[self.provision_rows]
        return np.searchsorted(places, np.arange(len(self.record.places) + 1))

    @cached_property
    def spoken(self) -> Bools:
        """For each place, whether a provision or a search of its own stood."""
        mask = np.zeros(len(self.record.places), dtype=bool)
        mask[self.record.provisions.place[self.provision_rows]] = True
        mask[self.record.searches.place[self.search_rows]] = True
        return mask

    def _live(self, table: Provisions | Searches) -> Ints:
        return np.flatnonzero((table.since < self.known) & (self.known <= table.until))

    @cached_property
    def contested(self) -> Bools:
        """For each row of `Record.provisions`: contested, or resting on guidance."""
        table = self.record.provisions
        guidance = self._of_instruments(lambda i: i.kind is InstrumentKind.GUIDANCE)
        contested: Bools = table.contested | guidance[table.instrument]
        return contested

    @cached_property
    def instruments(self) -> dict[str, Instrument]:
        """The instruments, by id, as known then."""
        return {
            v.body.id: v.body
            for v in self.record.versions[Part.INSTRUMENT]
            if isinstance(v.body, Instrument) and v.since < self.known <= v.until
        }

    def _of_instruments(self, test: Callable[[Instrument], bool]) -> Bools:
        """For each instrument that provisions name: whether `test` holds, as known then."""
        names = self.record.provisions.instruments
        result = np.zeros(max(len(names), 1), dtype=bool)
        for n, key in enumerate(names):
            instrument = self.instruments.get(key)
            result[n] = instrument is not None and test(instrument)
        return result

    @cached_property
    def law(self) -> Rows:
        """The provisions that are law, with repeals and stays applied."""
        table = self.record.provisions
        law = self._of_instruments(lambda i: i.stage.is_law)
        kept = self.provision_rows[law[table.instrument[self.provision_rows]]]
        holes = self._holes(kept)
        pieces = [kept, *[np.array([row]) for row, parts in holes.items() for _ in parts[1:]]]
        row = np.concatenate(pieces) if holes else kept
        order = np.argsort(row, kind="stable")
        row = row[order]
        columns = {
            name: getattr(table, name)[row].copy()
            for name in ("from_lo", "from_hi", "to_lo", "to_hi")
        }
        for target, parts in holes.items():
            first = int(np.searchsorted(row, target))
            for n, part in enumerate(parts):
                for name, value in zip(columns, part, strict=True):
                    columns[name][first + n] = value
        start = np.searchsorted(table.place[row], np.arange(len(self.record.places) + 1))
        return Rows(row=row, start=start, **columns)

    def _holes(self, kept: Ints) -> dict[int, list[_Piece]]:
        """What repeals and stays leave of their targets: pieces of it."""
        table = self.record.provisions
        present = set(kept.tolist()) if table.targets else set()
        acting = [n for n in table.targets if n in present]
        if not acting:
            return {}
        by_id: dict[str, int] = {table.bodies[n].id: n for n in kept.tolist()}
        against: dict[int, list[int]] = defaultdict(list)
        for actor in acting:
            for target_id in table.bodies[actor].targets:
                if target_id in by_id:
                    against[by_id[target_id]].append(actor)

        def whole(n: int) -> _Piece:
            columns = (table.from_lo, table.from_hi, table.to_lo, table.to_hi)
            from_lo, from_hi, to_lo, to_hi = (int(column[n]) for column in columns)
            return from_lo, from_hi, to_lo, to_hi

        def left(n: int, waiting: tuple[int, ...] = ()) -> list[_Piece]:
            # A repeal that was itself repealed or stayed acts only while it is in force.
            pieces = [whole(n)]
            for actor in against.get(n, ()):
                busy = actor == n or actor in waiting
                for hole in [whole(actor)] if busy else left(actor, (*waiting, n)):
                    pieces = [p for one in pieces for p in _cut(one, hole)]
            return pieces

        # A provision of which nothing is left keeps one empty piece: its row must not vanish.
        return {n: left(n) or [(FAR_PAST, FAR_PAST, FAR_PAST, FAR_PAST)] for n in against}

    def last_looks(self) -> Ints:
        """For each place, the day on which its own law was last looked at (0 = never)."""
        table = self.record.provisions
        looks = np.zeros(len(self.record.places), dtype=np.int64)
        live = self.provision_rows
        np.maximum.at(looks, table.place[live], table.looked[live])
        searches = self.record.searches
        np.maximum.at(looks, searches.place[self.search_rows], searches.on[self.search_rows])
        return looks

    def searched(self) -> Ints:
        """For each place: 0 nobody looked, 1 searched and none found, 2 law found."""
        table = self.record.provisions
        result = np.zeros(len(self.record.places), dtype=np.int64)
        searches = self.record.searches
        rows = self.search_rows
        np.maximum.at(result, searches.place[rows], np.where(searches.none[rows], 1, 2))
        np.maximum.at(result, table.place[self.law.row], 2)
        return result


def _cut(piece: _Piece, hole: _Piece) -> list[_Piece]:
    """What a hole leaves of one piece.

    Where a boundary of the hole is imprecise, so is that of what is left. A piece may be empty,
    and then only says that there may have been one: until `to_hi`.
    """
    from_lo, from_hi, to_lo, to_hi = piece
    begin_lo, begin_hi, end_lo, end_hi = hole
    if end_lo <= from_lo:
        return [(from_lo, max(from_hi, end_hi), to_lo, to_hi)]
    surely_over = min(_surely(end_lo, end_hi), _surely(to_lo, to_hi))
    if end_lo <= begin_lo:
        # The hole is nowhere shown, but there may have been one: the piece stays, with a doubt.
        begin = max(begin_lo, from_lo)
        doubt = [(begin, surely_over, begin, surely_over)] if begin + 1 < surely_over else []
        return [piece, *doubt]
    left: list[_Piece] = []
    if begin_lo >= to_lo:
        left.append((from_lo, from_hi, to_lo, max(to_lo + 1, min(to_hi, _surely(*hole[:2])))))
    elif begin_lo > from_lo or begin_hi > from_lo + 1:
        end = max(begin_lo, from_lo)
        left.append((from_lo, from_hi, end, max(end + 1, min(begin_hi, surely_over))))
    if end_lo < to_lo:
        left.append((end_lo, max(end_hi, from_hi), to_lo, to_hi))
    elif end_lo < _surely(to_lo, to_hi):
        left.append((end_lo, to_hi, end_lo, to_hi))
    return left


def _surely(lo: int, hi: int) -> int:
    """The first day on which a boundary has surely passed."""
    return lo if hi - lo == 1 else hi
