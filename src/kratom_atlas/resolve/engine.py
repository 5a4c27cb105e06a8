"""The resolver: (statements, place, substance, valid on, known at) -> status, with reasons.

A pure function, computed on columns. `Record` holds every version of every statement as arrays;
`Record.at(known)` is the view of one moment; `resolve(view, places, days)` answers for many
(place, day) at once. One place and the whole world go through the same lines.

How an answer comes about, for each substance and activity:

1. *Own law.* Of the provisions of the place in force on the day, the strictest decides
   (`Provision.gives`). A repeal or a stay cuts its targets' intervals first. Where nothing is in
   force, a search that covers the day makes it `no-law`; otherwise it is `unknown`.
2. *Layers.* The total is the strictest known restriction among the place and everything that
   binds it, unless a higher level preempts it. A county's rule reaches into a municipality only
   where its extent is the whole county.
3. *Silence.* Without a restriction the total is known only if every layer is.
4. *The word.* Possession unlawful: banned. Else sale unlawful: sale banned. Else the stricter of
   the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from kratom_atlas.model.time import FAR_FUTURE, FAR_PAST
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Effect,
    Extent,
    Flag,
    Level,
    Status,
    Substance,
    Verification,
)
from kratom_atlas.resolve.record import CAP_UNITS, Bools, Floats, Ints, Provisions, View

__all__ = ["CADENCE_DAYS", "Answers", "resolve", "world"]

CADENCE_DAYS: Final = 90
"""A last look older than this, where the source declares no cadence of its own, is stale."""

SUBSTANCES: Final = tuple(Substance)
UNKNOWN: Final = ActivityStatus.UNKNOWN.rank
NO_LAW: Final = ActivityStatus.NO_LAW.rank
LAWFUL: Final = ActivityStatus.LAWFUL.rank
UNLAWFUL: Final = ActivityStatus.UNLAWFUL.rank

_WORD_ACTIVITIES: Final = 2
"""The first two activities asked for, possession and sale, make the place's word."""

# A decision packs, from the left: rank (what decides), verification and not-contested (which of
# equals is shown), and the row of the provision + 1. The greatest wins.
_ROW_BITS: Final = 40
_RANK_SHIFT: Final = _ROW_BITS + 4
_ROW_MASK: Final = (1 << _ROW_BITS) - 1


@dataclass(frozen=True)
class Answers:
    """Answers for N (place, day), each over all substances: arrays of shape (N, substances).

    `own_rank`, `total_rank` (N, S, activities): ranks of `ActivityStatus`. `own_decides`,
    `decides`: the rows of `Record.provisions` that decide them, or -1.
    `binding_rank` is that of its own provisions which are not preempted; `own_min_age` and
    `own_caps` are their conditions. `own` and `total` are indices into `tuple(Status)`, `flags`
    is a bit mask over `tuple(Flag)`.
    `incoming` is the day of the next enacted change, `last_checked` the day of the last look
    (0 = none), both as proleptic ordinals; `verification` a rank, or -1.
    """

    place: Ints
    day: Ints
    activities: tuple[Activity, ...]
    own_rank: Ints
    binding_rank: Ints
    total_rank: Ints
    own_decides: Ints
    decides: Ints
    own: Ints
    total: Ints
    flags: Ints
    min_age: Ints
    caps: Floats
    own_min_age: Ints
    own_caps: Floats
    incoming: Ints
    verification: Ints
    last_checked: Ints

    def take(self, rows: Ints) -> Answers:
        """The answers in those rows."""
        return Answers(
            activities=self.activities,
            **{f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "activities"},
        )


def resolve(
    view: View,
    places: Sequence[int] | Ints,
    days: Sequence[int] | Ints | int,
    activities: tuple[Activity, ...] = (Activity.POSSESS, Activity.SELL),
    *,
    local: bool = True,
) -> Answers:
    """Answers for each (place, day), over all substances.

    `places` are indices into `view.record.places`, `days` proleptic ordinals. `activities` must
    begin with possess and sell; `local` says whether to look below for `local-rules`.
    """
    return _Resolution(view, places, days, activities, local=local).answers()


def world(view: View, day: int) -> Answers:
    """Answers for every place of the record on one day."""
    return resolve(view, np.arange(len(view.record.places)), day)


@dataclass(frozen=True)
class _Facing:
    """Provisions that face a pair: which row, and how it stands on the pair's day."""

    pair: Ints
    row: Ints
    decision: Ints
    begins: Ints
    ends: Ints
    in_force: Bools
    unsure: Bools
    """The day lies inside an imprecise boundary of it."""
    veiled: Bools
    """Its first day is not known and the day is before it was seen: it may have applied already."""
    ahead: Bools

    def only(self, mask: Bools) -> _Facing:
        """Those that `mask` picks."""
        return _Facing(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})


class _Layer:
    """Own law of U (place, day) pairs: arrays of (U, substances, activities).

    `own` is the strictest of its own provisions, as a decision; `binding` the same after
    preemption, which is what it adds to a total; `inside` what of that reaches into
    municipalities, and `perhaps` what may. `until` is the day on which the last of the strictest
    binding rules on possession or sale ends. `unsure`: the day lies inside an imprecise boundary.
    `veiled`: a rule of unknown start may have applied, `own_veiled` the same before preemption.
    """

    def __init__(self, size: int, shape: tuple[int, int]) -> None:
        self.own, self.binding, self.inside, self.perhaps = (
            np.zeros((size, *shape), dtype=np.int64) for _ in range(4)
        )
        self.until, self.until_inside = (
            np.zeros((size, shape[0], _WORD_ACTIVITIES), dtype=np.int64) for _ in range(2)
        )
        self.unsure, self.unsure_inside, self.own_veiled, self.veiled, self.veiled_inside = (
            np.zeros((size, *shape), dtype=bool) for _ in range(5)
        )
        self.age, self.age_inside = (np.zeros((size, shape[0]), dtype=np.int64) for _ in range(2))
        self.caps, self.caps_inside = (
            np.full((size, shape[0], len(CAP_UNITS)), np.inf) for _ in range(2)
        )

    def add(
        self, of: _Facing, s: int, a: int, struck: Bools, shadow: Bools, table: Provisions
    ) -> None:
        """Enter the provisions on substance `s` and activity `a`."""
        applies = of.in_force & ~struck
        whole = table.extent[of.row] == Extent.WHOLE.rank
        reaches = applies & whole
        might = applies & (table.extent[of.row] == Extent.UNKNOWN.rank)
        for array, mask in (
            (self.own, of.in_force),
            (self.binding, applies),
            (self.inside, reaches),
            (self.perhaps, might),
        ):
            np.maximum.at(array[:, s, a], of.pair[mask], of.decision[mask])
        veiled = of.veiled & ~struck
        unsure = ((of.unsure | (of.in_force & shadow)) & ~struck) | veiled
        for flags, mask in (
            (self.own_veiled, of.veiled),
            (self.veiled, veiled),
            (self.veiled_inside, veiled & whole),
            (self.unsure, unsure),
            (self.unsure_inside, unsure & whole),
        ):
            flags[of.pair[mask], s, a] = True
        if a < _WORD_ACTIVITIES:
            for until, best, mask in (
                (self.until, self.binding, applies),
                (self.until_inside, self.inside, reaches),
            ):
                rank = best[of.pair, s, a] >> _RANK_SHIFT
                strictest = mask & (of.decision >> _RANK_SHIFT == rank)
                np.maximum.at(until[:, s, a], of.pair[strictest], of.ends[strictest])
            for age, caps, mask in (
                (self.age, self.caps, applies),
                (self.age_inside, self.caps_inside, reaches),
            ):
                np.maximum.at(age[:, s], of.pair[mask], table.min_age[of.row[mask]])
                np.minimum.at(caps[:, s], of.pair[mask], table.caps[of.row[mask]])


class _Resolution:
    """One call of `View.resolve`."""

    def __init__(
        self,
        view: View,
        places: Sequence[int] | Ints,
        days: Sequence[int] | Ints | int,
        activities: tuple[Activity, ...],
        *,
        local: bool,
    ) -> None:
        assert activities[:2] == (Activity.POSSESS, Activity.SELL)
        self.view = view
        self.record = view.record
        self.place: Ints = np.asarray(places, dtype=np.int64)
        self.day: Ints = np.broadcast_to(np.asarray(days, dtype=np.int64), self.place.shape).copy()
        self.activities = activities
        self.local = local
        self.shape = (len(SUBSTANCES), len(activities))

    def answers(self) -> Answers:
        self._spread()
        self._find_own()
        return self._combine()

    # -- 1: which (place, day) pairs matter ---------------------------------------------------

    def _spread(self) -> None:
        """The pairs asked for, those that bind them, and (for local rules) those inside them.

        `pairs` are the distinct (place, day); `layer_of`/`query_of` list, for each query, the
        pairs that bind it, itself first.
        """
        places, days = [self.place], [self.day]
        query, layer = self._binders_of(self.place)
        places.append(layer)
        days.append(self.day[query])
        self._binding_query = query
        self._binding_place = layer
        if self.local:
            below_query, below_place = self._below(self.place)
            self._below_query, self._below_place = below_query, below_place
            places.append(below_place)
            days.append(self.day[below_query])
            deep, deep_layer = self._binders_of(below_place)
            places.append(deep_layer)
            days.append(self.day[below_query][deep])
        span = FAR_FUTURE + 1
        keys = np.concatenate([p * span + d for p, d in zip(places, days, strict=True)])
        self._pair_keys = _distinct(keys)
        self.pair_place = self._pair_keys // span
        self.pair_day = self._pair_keys % span
        self._span = span

    def _pair(self, place: Ints, day: Ints) -> Ints:
        return np.searchsorted(self._pair_keys, place * self._span + day)

    def _binders_of(self, places: Ints) -> tuple[Ints, Ints]:
        """(index into `places`, binder) for each binder of each place."""
        flat, starts, lengths = self.view.flat_binders
        return _expand(starts[places], lengths[places], flat)

    def _below(self, places: Ints) -> tuple[Ints, Ints]:
        """(index into `places`, place inside it that has law of its own)."""
        rows = self.view.law
        has_law = np.zeros(len(self.record.places), dtype=bool)
        has_law[self.record.provisions.place[rows.row]] = True
        if len(places) > 200:
            # Many places: walk from the few that have law up to what binds them.
            inner, outer = self._binders_of(np.flatnonzero(has_law))
            inner = np.flatnonzero(has_law)[inner]
            order = np.argsort(outer, kind="stable")
            inner, outer = inner[order], outer[order]
            first = np.searchsorted(outer, places, side="left")
            last = np.searchsorted(outer, places, side="right")
            return _expand(first, last - first, inner)
        query: list[int] = []
        below: list[int] = []
        for n, place in enumerate(places.tolist()):
            inside = [c for c in self.view.children.get(place, ()) if has_law[c]]
            query.extend([n] * len(inside))
            below.extend(inside)
        return np.array(query, dtype=np.int64), np.array(below, dtype=np.int64)

    # -- 2: own law of each pair ---------------------------------------------------------------

    def _find_own(self) -> None:
        facing = self._facing()
        table = self.record.provisions
        self.struck_from = self._preemptions(facing)
        layer = self.layer = _Layer(len(self._pair_keys), self.shape)
        self.later: dict[tuple[int, int], _Facing] = {}
        for s in range(len(SUBSTANCES)):
            of_substance = facing.only(
                (table.gives[facing.row] >= 0) & (table.substances[facing.row] >> s & 1 == 1)
            )
            for a, activity in enumerate(self.activities):
                chosen = of_substance.only(
                    table.activities[of_substance.row] >> activity.rank & 1 == 1
                )
                if len(chosen.pair):
                    struck, shadow = self._struck(chosen, s, a)
                    layer.add(chosen, s, a, struck, shadow, table)
                    later = chosen.ahead & ~struck
                    if a < _WORD_ACTIVITIES and later.any():
                        self.later[s, a] = chosen.only(later)
        self._find_searches()

    def _facing(self) -> _Facing:
        """Every provision that may matter to a pair, and how it stands on that day."""
        rows, table = self.view.law, self.record.provisions
        pair, at = _expand(
            rows.start[self.pair_place],
            rows.start[self.pair_place + 1] - rows.start[self.pair_place],
            np.arange(len(rows.row)),
        )
        day = self.pair_day[pair]
        # What is over, and known to be, cannot matter. Most rows go here.
        keep = rows.to_hi[at] > day
        pair, at, day = pair[keep], at[keep], day[keep]
        row = rows.row[at]
        begins = rows.from_lo[at]
        begun, ended = begins <= day, rows.to_lo[at] <= day
        attested = table.attested[row] & (begins == table.from_lo[row])
        vague_start = (rows.from_hi[at] - begins > 1) & ~attested & (day < rows.from_hi[at])
        vague_end = ended & (rows.to_hi[at] - rows.to_lo[at] > 1)
        decision = (
            (table.gives[row] << _RANK_SHIFT)
            | (table.verification[row] << (_ROW_BITS + 1))
            | ((~self.view.contested[row]).astype(np.int64) << _ROW_BITS)
            | (row + 1)
        )
        return _Facing(
            pair=pair,
            row=row,
            decision=decision,
            begins=begins,
            ends=rows.to_lo[at],
            in_force=begun & ~ended,
            unsure=begun & np.where(ended, vague_end, vague_start),
            veiled=attested & ~begun,
            ahead=~begun & ~attested & (begins < rows.to_lo[at]) & (self.view.enacted[row] <= day),
        )

    def _preemptions(self, facing: _Facing) -> Ints | None:
        """The first day from which rules of a lower level are struck, per substance and activity.

        None where nothing preempts anything.
        """
        table, pair, row = self.record.provisions, facing.pair, facing.row
        preempts = facing.in_force & (table.effect[row] == Effect.PREEMPT.rank)
        # What a county bars only outside its municipalities, it bars nobody below it.
        preempts &= (table.extent[row] == Extent.WHOLE.rank) | (
            self.record.levels[table.place[row]] != Level.COUNTY.rank
        )
        if not preempts.any():
            return None
        allows = facing.in_force & (table.effect[row] == Effect.ALLOW_STRICTER.rank)
        size = (len(self._pair_keys), *self.shape)
        own: Ints = np.full(size, FAR_FUTURE, dtype=np.int64)
        allowed = np.zeros(size, dtype=bool)
        for s in range(len(SUBSTANCES)):
            for a, activity in enumerate(self.activities):
                reached = ((table.substances[row] >> s) & 1 == 1) & (
                    (table.activities[row] >> activity.rank) & 1 == 1
                )
                hit = preempts & reached
                np.minimum.at(own[:, s, a], pair[hit], table.grandfather[row][hit])
                allowed[pair[allows & reached], s, a] = True
        query, binder = self._binders_of(self.pair_place)
        source = self._pair(binder, self.pair_day[query])
        known = (source < len(self._pair_keys)) & (
            self._pair_keys[np.minimum(source, len(self._pair_keys) - 1)]
            == binder * self._span + self.pair_day[query]
        )
        query, source = query[known], source[known]
        # A level that expressly lets lower ones act lifts its own bar and those below it.
        lifted = allowed.copy()
        np.logical_or.at(lifted, query, allowed[source])
        own[lifted] = FAR_FUTURE
        struck: Ints = np.full(size, FAR_FUTURE, dtype=np.int64)
        np.minimum.at(struck, query, own[source])
        return struck

    def _struck(self, facing: _Facing, s: int, a: int) -> tuple[Bools, Bools]:
        """Which rows are preempted, and which are perhaps: it is not known when they began."""
        if self.struck_from is None:
            none = np.zeros(len(facing.pair), dtype=bool)
            return none, none
        limit = self.struck_from[facing.pair, s, a]
        table, row = self.record.provisions, facing.row
        # What counts is when the rule was made, not when a stay of it ended.
        unknown = table.attested[row] & (limit > FAR_PAST)
        struck = (table.from_lo[row] >= limit) & ~unknown
        return struck, (table.from_hi[row] > limit) & ~struck

    def _find_searches(self) -> None:
        """Which pairs a search covers, per substance, and how well."""
        table, live = self.record.searches, self.view.search_rows
        order = live[np.argsort(table.place[live], kind="stable")]
        start = np.searchsorted(table.place[order], np.arange(len(self.record.places) + 1))
        pair, row = _expand(
            start[self.pair_place],
            start[self.pair_place + 1] - start[self.pair_place],
            order,
        )
        day = self.pair_day[pair]
        covers = (table.from_[row] <= day) & (day < table.to[row])
        pair, row = pair[covers], row[covers]
        named = self.view.named[self.pair_place[pair]]
        size = (len(self._pair_keys), len(SUBSTANCES))
        self.search_quality: Ints = np.full(size, -1, dtype=np.int64)
        self.search_contested = np.zeros(size, dtype=bool)
        self.search_local = np.zeros(size, dtype=bool)
        for s in range(len(SUBSTANCES)):
            # One that found law makes the rest of the law known only once that law is recorded.
            told = table.none[row] | (named >> s & 1 == 1)
            looked = (table.substances[row] >> s & 1 == 1) & told
            p, r = pair[looked], row[looked]
            np.maximum.at(self.search_quality[:, s], p, table.verification[r])
            self.search_contested[p[table.contested[r]], s] = True
            self.search_local[p[table.local[r]], s] = True

    # -- 3: all layers together ----------------------------------------------------------------

    def _combine(self) -> Answers:
        layer = self.layer
        n = len(self.place)
        me = self._pair(self.place, self.day)
        over_query, over_place = self._binding_query, self._binding_place
        over = self._pair(over_place, self.day[over_query])
        levels = self.record.levels
        within = (levels[over_place] == Level.COUNTY.rank) & (
            levels[self.place[over_query]] == Level.MUNICIPALITY.rank
        )
        mask = within[:, None, None]
        decision = layer.binding[me].copy()
        np.maximum.at(decision, over_query, np.where(mask, layer.inside[over], layer.binding[over]))
        perhaps = np.zeros_like(decision)
        np.maximum.at(perhaps, over_query, np.where(mask, layer.perhaps[over], 0))
        unsure = layer.unsure[me]
        np.logical_or.at(
            unsure, over_query, np.where(mask, layer.unsure_inside[over], layer.unsure[over])
        )

        # A rule of unknown start may already have applied: then silence says nothing.
        searched = np.broadcast_to((self.search_quality >= 0)[:, :, None], layer.own.shape)
        spoken: Bools = (layer.binding > 0) | searched
        all_known = spoken[me] & ~layer.veiled[me]
        veiled = np.where(mask, layer.veiled_inside[over], layer.veiled[over])
        np.logical_and.at(all_known, over_query, spoken[over] & ~veiled)

        own_best = layer.own[me] >> _RANK_SHIFT
        own_rank = np.where((own_best == UNKNOWN) & searched[me], NO_LAW, own_best)
        own_rank = np.where(layer.own_veiled[me] & (own_rank <= LAWFUL), UNKNOWN, own_rank)
        rank = decision >> _RANK_SHIFT
        total_rank = np.where(
            rank > LAWFUL,
            rank,
            np.where(all_known, np.where(rank == LAWFUL, LAWFUL, NO_LAW), UNKNOWN),
        )
        # The rule that decides is shown only where it does decide.
        row = np.where(total_rank == rank, (decision & _ROW_MASK) - 1, -1)
        own_word = _word(own_rank[:, :, 0], own_rank[:, :, 1])
        total_word = _word(total_rank[:, :, 0], total_rank[:, :, 1])

        deciding = _deciding_activity(total_rank)
        picked = np.take_along_axis(row, deciding[:, :, None], axis=2)[:, :, 0]
        min_age, caps = self._conditions(me, over_query, over, within, total_rank)
        answers = Answers(
            place=self.place,
            day=self.day,
            activities=self.activities,
            own_rank=own_rank,
            binding_rank=layer.binding[me] >> _RANK_SHIFT,
            total_rank=total_rank,
            own_decides=np.where(own_rank == own_best, (layer.own[me] & _ROW_MASK) - 1, -1),
            decides=row,
            own=own_word,
            total=total_word,
            flags=np.zeros((n, len(SUBSTANCES)), dtype=np.int64),
            min_age=min_age,
            caps=caps,
            own_min_age=layer.age[me],
            own_caps=layer.caps[me],
            incoming=np.zeros((n, len(SUBSTANCES)), dtype=np.int64),
            verification=np.full((n, len(SUBSTANCES)), -1, dtype=np.int64),
            last_checked=np.zeros((n, len(SUBSTANCES)), dtype=np.int64),
        )
        self._verify(answers, me, over_query, over, deciding, picked)
        ends = self._look_ahead(answers, me, over_query, over, within)
        ends = np.take_along_axis(ends, deciding[:, :, None], axis=2)[:, :, 0]
        doubted = self.search_contested[me]
        np.logical_or.at(doubted, over_query, self.search_contested[over])
        self._flag(answers, me, picked, ends, unsure, perhaps, doubted)
        return answers

    def _conditions(
        self, me: Ints, query: Ints, over: Ints, within: Bools, total_rank: Ints
    ) -> tuple[Ints, Floats]:
        """The strictest age and caps, where something is neither free nor simply unlawful."""
        layer = self.layer
        age, caps = layer.age[me], layer.caps[me]
        np.maximum.at(
            age, query, np.where(within[:, None], layer.age_inside[over], layer.age[over])
        )
        np.minimum.at(
            caps, query, np.where(within[:, None, None], layer.caps_inside[over], layer.caps[over])
        )
        limited = (total_rank[:, :, :2] > LAWFUL) & (total_rank[:, :, :2] < UNLAWFUL)
        free = ~np.any(limited, axis=2)
        age[free] = 0
        caps[free] = np.inf
        return age, caps

    def _verify(
        self, answers: Answers, me: Ints, query: Ints, over: Ints, deciding: Ints, picked: Ints
    ) -> None:
        """The weakest link, and the last look.

        A restriction rests on the rule that decides. Anything less rests on every layer: on its
        rule, or on its search.
        """
        table = self.record.provisions
        looks = self.view.last_looks()
        every = np.arange(len(SUBSTANCES))

        def link(pair: Ints, activity: Ints) -> Ints:
            rule = self.layer.binding[pair[:, None], every, activity]
            quality = rule >> (_ROW_BITS + 1) & 3
            return np.where(rule > 0, quality, self.search_quality[pair])

        quality = link(me, deciding)
        np.minimum.at(quality, query, link(over, deciding[query]))
        own_looks = np.broadcast_to(looks[self.place][:, None], picked.shape)
        looked = own_looks.copy()
        np.minimum.at(looked, query, looks[self.pair_place[over]][:, None])
        known = answers.total != _UNKNOWN_WORD
        if len(table.bodies):
            rank = np.take_along_axis(answers.total_rank, deciding[:, :, None], axis=2)[:, :, 0]
            restricted = rank > LAWFUL
            safe = np.where(restricted, picked, 0)
            quality = np.where(restricted, table.verification[safe], quality)
            looked = np.where(restricted, looks[table.place[safe]], looked)
        answers.verification[...] = np.where(known, quality, -1)
        answers.last_checked[...] = np.where(known, looked, own_looks)

    def _look_ahead(
        self, answers: Answers, me: Ints, query: Ints, over: Ints, within: Bools
    ) -> Ints:
        """The day of the next enacted change of possession or sale; when the present rules end.

        A change comes when a stricter rule begins, or another condition of what is allowed; or when
        the present rule lapses and one that is not yet in force has taken its place by then. A rule
        as strict as the present one prolongs it.
        """
        layer, table = self.layer, self.record.provisions
        rank = answers.total_rank[:, :, :_WORD_ACTIVITIES]
        mask = within[:, None, None]

        def until(best: Ints, ends: Ints, total: Ints) -> Ints:
            return np.where(best[:, :, :_WORD_ACTIVITIES] >> _RANK_SHIFT == total, ends, 0)

        lapse = until(layer.binding[me], layer.until[me], rank)
        best = np.where(mask, layer.inside[over], layer.binding[over])
        ends = np.where(mask, layer.until_inside[over], layer.until[over])
        np.maximum.at(lapse, query, until(best, ends, rank[query]))
        lapse[lapse == 0] = FAR_FUTURE

        incoming = np.full(answers.total.shape, FAR_FUTURE, dtype=np.int64)
        asked = np.concatenate([np.arange(len(me)), query])
        pair = np.concatenate([me, over])
        inside = np.concatenate([np.zeros(len(me), dtype=bool), within])
        for (s, a), later in self.later.items():
            first = np.searchsorted(later.pair, pair, side="left")
            last = np.searchsorted(later.pair, pair, side="right")
            n, at = _expand(first, last - first, np.arange(len(later.pair)))
            reaches = ~inside[n] | (table.extent[later.row[at]] == Extent.WHOLE.rank)
            n, at = asked[n[reaches]], at[reaches]
            begins, ends, gives = later.begins[at], later.ends[at], table.gives[later.row[at]]
            now, lapses = rank[n, s, a], lapse[:, s, a]
            adds = (gives > now) | ((gives > LAWFUL) & (now < UNLAWFUL))
            np.minimum.at(incoming[:, s], n[adds], begins[adds])
            while (more := (gives == now) & (begins <= lapses[n]) & (lapses[n] < ends)).any():
                np.maximum.at(lapses, n[more], ends[more])
            taken = (begins <= lapses[n]) & (lapses[n] < ends)
            np.minimum.at(incoming[:, s], n[taken], lapses[n[taken]])
        answers.incoming[...] = np.where(incoming < FAR_FUTURE, incoming, 0)
        return lapse

    def _flag(
        self,
        answers: Answers,
        me: Ints,
        picked: Ints,
        ends: Ints,
        unsure: Bools,
        perhaps: Ints,
        doubted: Bools,
    ) -> None:
        rank = answers.total_rank
        known = answers.total != _UNKNOWN_WORD
        by_rule = picked >= 0
        safe = np.where(by_rule, picked, 0)
        contested = ~by_rule & known & doubted
        if len(self.record.provisions.bodies):
            contested |= by_rule & self.view.contested[safe]
        raised = {
            Flag.INCOMING: answers.incoming > 0,
            # Where an enacted act takes over, that says more than that the present rule ends.
            Flag.TEMPORARY: by_rule
            & (ends < FAR_FUTURE)
            & ((answers.incoming == 0) | (answers.incoming > ends)),
            Flag.CONTESTED: contested,
            Flag.DATE_UNCERTAIN: unsure[:, :, :2].any(axis=2),
            Flag.REPORTED_ONLY: known
            & (answers.verification >= 0)
            & (answers.verification <= Verification.REPORTED.rank),
            Flag.EXTENT_UNKNOWN: (perhaps[:, :, :2] >> _RANK_SHIFT > rank[:, :, :2]).any(axis=2),
            Flag.LOCAL_UNKNOWN: self._local_unknown(answers, me),
            Flag.LOCAL_RULES: self._local_rules(answers),
            Flag.STALE: known
            & (np.minimum(self.day, self.view.known_day)[:, None] - answers.last_checked
               > CADENCE_DAYS),
        }  # fmt: skip
        for flag, where in raised.items():
            answers.flags[...] |= where.astype(np.int64) << flag.rank

    def _local_unknown(self, answers: Answers, me: Ints) -> Bools:
        level = self.record.levels[self.place]
        has_lower = (level >= Level.COUNTRY.rank) & (level <= Level.COUNTY.rank)
        below_unseen = has_lower[:, None] & ~self.search_local[me]
        own_unseen = (answers.own == _UNKNOWN_WORD) & (level > Level.COUNTRY.rank)[:, None]
        open_question: Bools = ~(answers.total_rank[:, :, :2] == UNLAWFUL).all(axis=2)
        known: Bools = answers.total != _UNKNOWN_WORD
        unknown: Bools = known & ((below_unseen & open_question) | own_unseen)
        return unknown

    def _local_rules(self, answers: Answers) -> Bools:
        """Whether some place inside has a rule of its own that is stricter than here."""
        result = np.zeros(answers.total.shape, dtype=bool)
        if self.local and len(self._below_query):
            query = self._below_query
            inner = self._pair(self._below_place, self.day[query])
            rank = self.layer.binding[inner][:, :, :2] >> _RANK_SHIFT
            stricter = ((rank > answers.total_rank[query][:, :, :2]) & (rank > LAWFUL)).any(axis=2)
            np.logical_or.at(result, query, stricter)
        return result


_UNKNOWN_WORD: Final = Status.UNKNOWN.rank
_WORD_OF_RANK: Final = np.array(
    [
        Status.UNKNOWN.rank,
        Status.NO_SPECIFIC_LAW.rank,
        Status.LAWFUL.rank,
        Status.AGE_RESTRICTED.rank,
        Status.REGULATED.rank,
        Status.PRESCRIPTION.rank,
        Status.SALE_BANNED.rank,
    ],
    dtype=np.int64,
)


def _word(possess: Ints, sell: Ints) -> Ints:
    """The place's word, as an index into `tuple(Status)`."""
    word = _WORD_OF_RANK[np.maximum(possess, sell)]
    return np.where(possess == UNLAWFUL, Status.BANNED.rank, word)


def _deciding_activity(total_rank: Ints) -> Ints:
    """0 where possession decides the word, 1 where sale does."""
    possess, sell = total_rank[:, :, 0], total_rank[:, :, 1]
    return np.where((possess == UNLAWFUL) | (possess > sell), 0, 1)


def _distinct(values: Ints) -> Ints:
    """The distinct values in order (`np.unique` would import `numpy.ma`)."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _expand(start: Ints, length: Ints, values: Ints) -> tuple[Ints, Ints]:
    """(index, value) for each value of each slice `values[start : start + length]`."""
    index = np.repeat(np.arange(len(start)), length)
    offset = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    return index, values[np.repeat(start, length) + offset]
