"""A second resolver: naive, slow, written from the codebook and not from the engine.

It works on the values of the model one by one and shares no code with `kratom_atlas.resolve`.
Where the two differ, one of them has misread the codebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from kratom_atlas.model.statement import Line, Op, Part
from kratom_atlas.model.values import Instrument, Jurisdiction, Provision, Search
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Effect,
    Extent,
    Flag,
    InstrumentKind,
    Level,
    SearchResult,
    Stage,
    Status,
    Substance,
    Unit,
    Verification,
)

NEVER = 10**9
"""A day after every day."""

CADENCE = 90

LOOSEST_FIRST = (
    ActivityStatus.UNKNOWN,
    ActivityStatus.NO_LAW,
    ActivityStatus.LAWFUL,
    ActivityStatus.AGE_LIMITED,
    ActivityStatus.CONDITIONAL,
    ActivityStatus.LICENSED,
    ActivityStatus.UNLAWFUL,
)
WEAKEST_FIRST = (
    Verification.MACHINE,
    Verification.REPORTED,
    Verification.OFFICIAL_SECONDARY,
    Verification.PRIMARY,
)
LAW = {Stage.ENACTED, Stage.IN_FORCE, Stage.EXPIRED, Stage.REPEALED, Stage.STRUCK_DOWN}
"""Stages at which an instrument is law; from which day and until when, its provisions say."""

WORDS = {
    ActivityStatus.UNKNOWN: Status.UNKNOWN,
    ActivityStatus.NO_LAW: Status.NO_SPECIFIC_LAW,
    ActivityStatus.LAWFUL: Status.LAWFUL,
    ActivityStatus.AGE_LIMITED: Status.AGE_RESTRICTED,
    ActivityStatus.CONDITIONAL: Status.REGULATED,
    ActivityStatus.LICENSED: Status.PRESCRIPTION,
    ActivityStatus.UNLAWFUL: Status.SALE_BANNED,
}
CAPS = (
    Unit.PERCENT_OF_ALKALOIDS,
    Unit.PERCENT_BY_WEIGHT,
    Unit.PPM,
    Unit.MG_PER_G,
    Unit.MG_PER_SERVING,
    Unit.MG_PER_CONTAINER,
    Unit.MG_PER_DAY,
)
TWO = (Activity.POSSESS, Activity.SELL)
"""The activities that make a place's word."""


@dataclass(frozen=True)
class Ruling:
    """The answer for one place, substance and day."""

    own: dict[Activity, ActivityStatus]
    total: dict[Activity, ActivityStatus]
    own_decides: dict[Activity, str | None]
    decides: dict[Activity, str | None]
    own_word: Status
    total_word: Status
    flags: frozenset[Flag]
    min_age: int | None
    caps: dict[Unit, float]
    incoming: int | None
    verification: Verification | None
    last_checked: int | None


def rank(status: ActivityStatus) -> int:
    """How strict a status is."""
    return LOOSEST_FIRST.index(status)


def restricts(status: ActivityStatus) -> bool:
    """Whether it is a restriction, and neither leave nor silence nor ignorance."""
    return rank(status) > rank(ActivityStatus.LAWFUL)


def word(possess: ActivityStatus, sell: ActivityStatus) -> Status:
    """The place's word. Where only one of the two is known, the known one decides."""
    if possess is ActivityStatus.UNLAWFUL:
        return Status.BANNED
    return WORDS[max(possess, sell, key=rank)]


def gives(provision: Provision) -> ActivityStatus | None:
    """The codebook's table: what is in force -> the activity's status."""
    q = provision.qualifiers
    only_some = bool(q.persons or q.places or q.in_public or q.forms)
    product_or_seller = bool(
        q.seven_oh_caps
        or q.alkaloid_caps
        or q.limits
        or q.labelling
        or q.testing
        or q.registration
        or q.behind_the_counter
        or q.advertising
        or q.forms
        or q.adulterants
        or q.places
    )
    if provision.effect in (Effect.PROHIBIT, Effect.SCHEDULE):
        if only_some:
            return ActivityStatus.CONDITIONAL
        if q.min_age is not None:
            return ActivityStatus.CONDITIONAL if product_or_seller else ActivityStatus.AGE_LIMITED
        return ActivityStatus.LICENSED if q.prescription else ActivityStatus.UNLAWFUL
    if provision.effect in (Effect.PRESCRIPTION_ONLY, Effect.LICENSE):
        return ActivityStatus.LICENSED
    if provision.effect is Effect.RESTRICT:
        if q.min_age is not None and not product_or_seller:
            return ActivityStatus.AGE_LIMITED
        return ActivityStatus.CONDITIONAL
    if provision.effect in (Effect.PERMIT, Effect.EXEMPT, Effect.REPEAL):
        return ActivityStatus.LAWFUL
    return None


class Reference:
    """What was said before the second `known` (ever, if None), and what follows from it."""

    def __init__(
        self, lines: Iterable[Line], register: Mapping[str, Jurisdiction], known: int | None
    ) -> None:
        self.known = known
        lines = list(lines)
        self.places = dict(register)
        standing: dict[tuple[Part, str], Line] = {}
        first: dict[str, Jurisdiction] = {}
        for line in lines:
            if line.jurisdiction is not None:
                first.setdefault(line.subject, line.jurisdiction)
            if known is None or line.moment < known:
                standing.pop((line.part, line.subject), None)
                if line.op is not Op.RETRACT:
                    standing[line.part, line.subject] = line
        # What binds a place is law, and as known at the time; what is recorded only later is as
        # the register has it, or as it was first recorded.
        for key, place in first.items():
            stood = standing.get((Part.JURISDICTION, key))
            if stood is not None and stood.jurisdiction is not None:
                self.places[key] = stood.jurisdiction
            else:
                self.places.setdefault(key, place)
        bodies = [line.body for line in standing.values()]
        self.instruments = {b.id: b for b in bodies if isinstance(b, Instrument)}
        self.provisions = [b for b in bodies if isinstance(b, Provision)]
        self.searches = [b for b in bodies if isinstance(b, Search)]
        self.law = [
            p
            for p in self.provisions
            if p.instrument in self.instruments and self.instruments[p.instrument].stage in LAW
        ]
        said: dict[str, int] = {}
        for line in lines:
            said.setdefault(line.statement, line.moment)
        # Newer evidence of the same words is nothing new.
        self.recorded = {
            line.subject: said[line.statement] // 86_400 + date(1970, 1, 1).toordinal()
            for line in standing.values()
            if line.part is Part.PROVISION
        }
        self._days: dict[tuple[str, int], tuple[bool, bool]] = {}

    # -- one provision on one day ---------------------------------------------------------------

    def begins(self, p: Provision) -> int:
        """The first day on which it is shown as in force."""
        first = p.from_ or p.attested
        assert first is not None
        return first.lo

    def enacted(self, p: Provision) -> int:
        """The day from which it is known to be enacted: else nobody could have announced it."""
        instrument = self.instruments[p.instrument]
        return instrument.enacted.lo if instrument.enacted else self.recorded[p.id]

    def actors(self, p: Provision) -> list[Provision]:
        """The repeals and stays that name it."""
        return [q for q in self.law if p.id in q.targets]

    def on(self, p: Provision, day: int) -> tuple[bool, bool]:
        """(is shown as in force, the day lies in a boundary that is not known to the day).

        A repeal or a stay in force takes it out of force; so does a stay of a repeal for that.
        """
        key = (p.id, day)
        if key not in self._days:
            self._days[key] = self._on(p, day)
        return self._days[key]

    def _on(self, p: Provision, day: int) -> tuple[bool, bool]:
        last, over = NEVER, NEVER
        if p.to is not None:
            last = p.to.lo
            over = p.to.lo if p.to.is_day else p.to.hi
        if not self.begins(p) <= day < over:
            return False, False
        acting = [self.on(q, day) for q in self.actors(p)]
        shown = day < last and not any(s for s, _ in acting)
        if (True, False) in acting:
            return shown, False
        doubtful = any(d for _, d in acting)
        if p.from_ is not None and not p.from_.is_day and day < p.from_.hi:
            doubtful = True
        return shown, doubtful or day >= last

    def shown(self, p: Provision, day: int) -> bool:
        """Whether it is shown as in force: inside an imprecise boundary the later status is."""
        return self.on(p, day)[0]

    def veiled(self, p: Provision, day: int) -> bool:
        """Whether its start is unknown and the day is before the one from which it is attested."""
        return p.attested is not None and day < p.attested.lo

    def runs(self, p: Provision) -> Iterator[tuple[int, int]]:
        """The intervals in which it is shown as in force."""
        turns = sorted({0, NEVER, *self._turns(p)})
        run: tuple[int, int] | None = None
        for start, end in pairwise(turns):
            if self.shown(p, start):
                run = (run[0] if run else start, end)
            elif run:
                yield run
                run = None
        if run:
            yield run

    def _turns(self, p: Provision) -> set[int]:
        turns = {self.begins(p), p.to.lo if p.to else NEVER}
        for q in self.actors(p):
            turns |= self._turns(q)
        return turns

    # -- places ----------------------------------------------------------------------------------

    def above(self, place: str) -> list[str]:
        """Everything whose law binds somebody standing there, besides its own."""
        found: list[str] = []
        frontier = list(self.places[place].binders)
        while frontier:
            other = frontier.pop()
            if other not in found:
                found.append(other)
                frontier.extend(self.places[other].binders)
        return found

    def layers(self, place: str) -> list[str]:
        """The place and everything above it."""
        return [place, *self.above(place)]

    def below(self, place: str) -> list[str]:
        """The places that it binds."""
        return [other for other in self.places if place in self.above(other)]

    def reaches(self, p: Provision, place: str) -> bool:
        """A county's rule reaches into a municipality only where it covers the whole county."""
        return p.extent is Extent.WHOLE or not self.county_in_city(p.jurisdiction, place)

    def county_in_city(self, source: str, place: str) -> bool:
        """Whether law of a county is asked for inside a municipality."""
        return (
            self.places[source].level is Level.COUNTY
            and self.places[place].level is Level.MUNICIPALITY
        )

    def rules(self, source: str, s: Substance, a: Activity) -> list[Provision]:
        """The source's law on the substance and activity that gives a status."""
        return [p for p in self.acts(source, s, a) if gives(p) is not None]

    def acts(self, source: str, s: Substance, a: Activity) -> list[Provision]:
        """All of the source's law that names the substance and activity."""
        return [
            p
            for p in self.law
            if p.jurisdiction == source and s in p.substances and a in p.activities
        ]

    def covering(self, place: str, s: Substance, day: int) -> list[Search]:
        """The searches of the place that cover the day.

        One that found law tells of the rest of the law only once what it found is recorded.
        """
        named = any(p.jurisdiction == place and s in p.substances for p in self.law)
        return [
            x
            for x in self.searches
            if x.jurisdiction == place
            and s in x.substances
            and (x.result is SearchResult.NONE or named)
            and x.covers.from_.lo <= day
            and (x.covers.to is None or day < x.covers.to.lo)
        ]

    # -- preemption ------------------------------------------------------------------------------

    def struck(self, p: Provision, s: Substance, a: Activity, day: int) -> str:
        """`yes`, `no` or `perhaps`: whether a higher level keeps the rule from binding.

        `perhaps`, and then it stands, where it is not known whether it began before the
        grandfathering date.
        """
        verdict = "no"
        first = p.from_ or p.attested
        assert first is not None
        for over in self.above(p.jurisdiction):
            for bar in self.acts(over, s, a):
                if (
                    bar.effect is not Effect.PREEMPT
                    or not self.shown(bar, day)
                    or not self.reaches(bar, p.jurisdiction)
                    or self.lifted(over, s, a, day)
                ):
                    continue
                limit = bar.grandfather
                if limit is None or (p.attested is None and first.lo >= limit.lo):
                    return "yes"
                if first.hi > limit.lo:
                    verdict = "perhaps"
        return verdict

    def lifted(self, source: str, s: Substance, a: Activity, day: int) -> bool:
        """Whether the same or a higher level lets lower ones act."""
        return any(
            p.effect is Effect.ALLOW_STRICTER and self.shown(p, day)
            for layer in self.layers(source)
            for p in self.acts(layer, s, a)
        )

    # -- statuses --------------------------------------------------------------------------------

    def own(
        self, place: str, s: Substance, a: Activity, day: int
    ) -> tuple[ActivityStatus, Provision | None]:
        """What the place's own law says, preempted or not, and the rule that decides it."""
        rules = self.rules(place, s, a)
        decider = self.strictest([p for p in rules if self.shown(p, day)])
        if decider is not None:
            status = gives(decider) or ActivityStatus.UNKNOWN
        elif self.covering(place, s, day):
            status = ActivityStatus.NO_LAW
        else:
            status = ActivityStatus.UNKNOWN
        if not restricts(status) and any(self.veiled(p, day) for p in rules):
            return ActivityStatus.UNKNOWN, None
        return status, decider

    def standing(self, place: str, s: Substance, a: Activity, day: int) -> list[Provision]:
        """The rules that bind somebody there: of all layers, reaching so far, and not preempted.

        Not only those in force on the day.
        """
        return [
            p
            for layer in self.layers(place)
            for p in self.rules(layer, s, a)
            if self.reaches(p, place) and self.struck(p, s, a, day) != "yes"
        ]

    def strictest(self, rules: list[Provision]) -> Provision | None:
        """The rule that decides: the strictest, and of equals the one best known."""
        return max(
            rules,
            key=lambda p: (
                rank(gives(p) or ActivityStatus.UNKNOWN),
                WEAKEST_FIRST.index(p.verification),
                not self.contested(p),
                p.jurisdiction,
                p.id,
            ),
            default=None,
        )

    def contested(self, p: Provision) -> bool:
        """Contested, or resting on an agency's guidance only."""
        kind = self.instruments[p.instrument].kind
        return p.contested is not None or kind is InstrumentKind.GUIDANCE

    def total(
        self, place: str, s: Substance, a: Activity, day: int
    ) -> tuple[ActivityStatus, Provision | None]:
        """What binds somebody standing there, and the rule that decides it."""
        in_force = [p for p in self.standing(place, s, a, day) if self.shown(p, day)]
        decider = self.strictest(in_force)
        status = (gives(decider) if decider else None) or ActivityStatus.NO_LAW
        if restricts(status):
            return status, decider
        if all(self.is_known(layer, place, s, a, day) for layer in self.layers(place)):
            return status, decider
        return ActivityStatus.UNKNOWN, None

    def is_known(self, layer: str, place: str, s: Substance, a: Activity, day: int) -> bool:
        """Whether it is known what that layer says there: by a rule, or by a search."""
        rules = [p for p in self.rules(layer, s, a) if self.struck(p, s, a, day) != "yes"]
        if any(self.veiled(p, day) and self.reaches(p, place) for p in rules):
            return False
        return any(self.shown(p, day) for p in rules) or bool(self.covering(layer, s, day))

    # -- the answer ------------------------------------------------------------------------------

    def ask(
        self, place: str, s: Substance, day: int, activities: tuple[Activity, ...] = TWO
    ) -> Ruling:
        """The answer for one place, substance and day."""
        mine = {a: self.own(place, s, a, day) for a in activities}
        own = {a: status for a, (status, _) in mine.items()}
        both = {a: self.total(place, s, a, day) for a in activities}
        total = {a: status for a, (status, _) in both.items()}
        possess, sell = (total[a] for a in TWO)
        if possess is ActivityStatus.UNLAWFUL or rank(possess) > rank(sell):
            activity = Activity.POSSESS
        else:
            activity = Activity.SELL
        decider = both[activity][1]
        total_word = word(possess, sell)
        own_word = word(own[Activity.POSSESS], own[Activity.SELL])
        verification, last_checked = self._weakest_link(place, s, activity, day, decider)
        incoming, ends = self._ahead(place, s, day, both)
        flags = {
            Flag.INCOMING: incoming is not None,
            Flag.TEMPORARY: decider is not None
            and ends[activity] < NEVER
            and not (incoming is not None and incoming <= ends[activity]),
            Flag.LOCAL_RULES: self._local_rules(place, s, day, total),
            Flag.LOCAL_UNKNOWN: self._local_unknown(place, s, day, own_word, total),
            Flag.CONTESTED: self._contested(place, s, day, total_word, decider),
            Flag.DATE_UNCERTAIN: any(self._date_uncertain(place, s, a, day) for a in TWO),
            Flag.REPORTED_ONLY: verification in (Verification.MACHINE, Verification.REPORTED),
            Flag.EXTENT_UNKNOWN: any(self._extent_unknown(place, s, a, day, total) for a in TWO),
            Flag.STALE: total_word is not Status.UNKNOWN
            and min(day, self._known_day()) - (last_checked or 0) > CADENCE,
        }
        min_age, caps = self._conditions(place, s, day, total)
        return Ruling(
            own=own,
            total=total,
            own_decides={a: p.id if p else None for a, (_, p) in mine.items()},
            decides={a: p.id if p else None for a, (_, p) in both.items()},
            own_word=own_word,
            total_word=total_word,
            flags=frozenset(f for f, raised in flags.items() if raised),
            min_age=min_age,
            caps=caps,
            incoming=incoming,
            verification=verification,
            last_checked=last_checked,
        )

    def _conditions(
        self, place: str, s: Substance, day: int, total: dict[Activity, ActivityStatus]
    ) -> tuple[int | None, dict[Unit, float]]:
        """The strictest age and caps, where something is neither free nor simply unlawful."""
        if not any(restricts(total[a]) and total[a] is not ActivityStatus.UNLAWFUL for a in TWO):
            return None, {}
        rules = [p for a in TWO for p in self.standing(place, s, a, day) if self.shown(p, day)]
        ages = [p.qualifiers.min_age for p in rules if p.qualifiers.min_age is not None]
        caps: dict[Unit, float] = {}
        for cap in (cap for p in rules for cap in p.qualifiers.seven_oh_caps):
            if cap.unit in CAPS:
                caps[cap.unit] = min(cap.value, caps.get(cap.unit, cap.value))
        return max(ages, default=None), caps

    def _ahead(
        self,
        place: str,
        s: Substance,
        day: int,
        both: dict[Activity, tuple[ActivityStatus, Provision | None]],
    ) -> tuple[int | None, dict[Activity, int]]:
        """(the day of the next enacted change of possession or sale, when today's rules end).

        A change comes when a stricter rule begins, or one more condition of what is allowed; or
        when today's rule lapses and one that is not yet in force has taken its place by then. A
        rule as strict as today's prolongs it.
        """
        changes: list[int] = []
        ends: dict[Activity, int] = {}
        for a in TWO:
            status, decider = both[a]
            now: list[int] = []
            coming: list[tuple[int, int, ActivityStatus]] = []
            for p in self.standing(place, s, a, day):
                given = gives(p)
                assert given is not None
                for start, end in self.runs(p):
                    if start <= day < end and given is status:
                        now.append(end)
                    elif (
                        start > day
                        and not (p.attested and start == p.attested.lo)
                        and self.enacted(p) <= day
                    ):
                        coming.append((start, end, given))
            for start, _, given in coming:
                more_conditions = restricts(given) and status is not ActivityStatus.UNLAWFUL
                if rank(given) > rank(status) or more_conditions:
                    changes.append(start)
            ends[a] = NEVER
            if decider is not None:
                lapse = max(now)
                while more := [e for b, e, g in coming if g is status and b <= lapse < e]:
                    lapse = max(more)
                ends[a] = lapse
                if any(b <= lapse < e for b, e, _ in coming):
                    changes.append(lapse)
        return min(changes, default=None), ends

    def _date_uncertain(self, place: str, s: Substance, a: Activity, day: int) -> bool:
        """Inside an imprecise boundary of a rule, or before one of unknown start was seen."""
        return any(
            self.on(p, day)[1]
            or self.veiled(p, day)
            or (self.shown(p, day) and self.struck(p, s, a, day) == "perhaps")
            for p in self.standing(place, s, a, day)
        )

    def _extent_unknown(
        self, place: str, s: Substance, a: Activity, day: int, total: dict[Activity, ActivityStatus]
    ) -> bool:
        """A county rule that may reach into the municipality and is stricter than its total."""
        return any(
            p.extent is Extent.UNKNOWN
            and self.county_in_city(source, place)
            and self.shown(p, day)
            and self.struck(p, s, a, day) != "yes"
            and rank(gives(p) or ActivityStatus.UNKNOWN) > rank(total[a])
            for source in self.above(place)
            for p in self.rules(source, s, a)
        )

    def _contested(
        self, place: str, s: Substance, day: int, total_word: Status, decider: Provision | None
    ) -> bool:
        if total_word is Status.UNKNOWN:
            return False
        if decider is not None:
            return self.contested(decider)
        return any(
            x.contested is not None
            for layer in self.layers(place)
            for x in self.covering(layer, s, day)
        )

    def _local_rules(
        self, place: str, s: Substance, day: int, total: dict[Activity, ActivityStatus]
    ) -> bool:
        """Stricter rules of its own in some place inside."""
        for inner in self.below(place):
            for a in TWO:
                for p in self.rules(inner, s, a):
                    given = gives(p) or ActivityStatus.UNKNOWN
                    if (
                        restricts(given)
                        and rank(given) > rank(total[a])
                        and self.shown(p, day)
                        and self.struck(p, s, a, day) != "yes"
                    ):
                        return True
        return False

    def _local_unknown(
        self,
        place: str,
        s: Substance,
        day: int,
        own_word: Status,
        total: dict[Activity, ActivityStatus],
    ) -> bool:
        """Lower levels, or the place's own level, have not been searched."""
        if word(*(total[a] for a in TWO)) is Status.UNKNOWN:
            return False
        level = self.places[place].level
        open_question = any(total[a] is not ActivityStatus.UNLAWFUL for a in TWO)
        lower = level in (Level.COUNTRY, Level.SUBDIVISION, Level.COUNTY)
        if lower and open_question and not any(x.local for x in self.covering(place, s, day)):
            return True
        return own_word is Status.UNKNOWN and level not in (Level.INTERNATIONAL, Level.COUNTRY)

    def _weakest_link(
        self, place: str, s: Substance, a: Activity, day: int, decider: Provision | None
    ) -> tuple[Verification | None, int | None]:
        """How good the weakest link is, and when it was last looked at.

        A restriction rests on the rule that decides. Anything less rests on every layer.
        """
        status = self.total(place, s, a, day)[0]
        if status is ActivityStatus.UNKNOWN:
            return None, self._look(place)
        if decider is not None and restricts(status):
            return decider.verification, self._look(decider.jurisdiction)
        links: list[Verification] = []
        for layer in self.layers(place):
            rule = self.strictest(
                [
                    p
                    for p in self.rules(layer, s, a)
                    if self.shown(p, day) and self.struck(p, s, a, day) != "yes"
                ]
            )
            links.append(
                rule.verification
                if rule
                else max(
                    (x.verification for x in self.covering(layer, s, day)),
                    key=WEAKEST_FIRST.index,
                )
            )
        looks = [self._look(layer) or 0 for layer in self.layers(place)]
        return min(links, key=WEAKEST_FIRST.index), min(looks)

    def _look(self, place: str) -> int | None:
        """The day on which the place's own law, or a bill on it, was last looked at."""
        return max(
            [
                *(x.on.lo for x in self.searches if x.jurisdiction == place),
                *(
                    e.retrieved.lo
                    for p in self.provisions
                    if p.jurisdiction == place
                    for e in p.evidence
                ),
            ],
            default=None,
        )

    def _known_day(self) -> int:
        """The last day that was known."""
        if self.known is None:
            return NEVER
        return date(1970, 1, 1).toordinal() + (self.known - 1) // 86_400
