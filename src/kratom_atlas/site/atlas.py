"""What the pages show, taken from an edition: one value for each thing a template lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any, Final, TypeVar

import numpy as np
from markupsafe import Markup

from kratom_atlas.languages import ENGLISH, Language
from kratom_atlas.model.statement import Line, Part
from kratom_atlas.model.time import PartialDate, order_of
from kratom_atlas.model.values import Evidence, Instrument, Jurisdiction, Provision, Search
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Effect,
    Flag,
    Level,
    Searched,
    Status,
    Substance,
    Verification,
    Word,
    lower,
)
from kratom_atlas.places import place_name
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.diff import Entry, entries
from kratom_atlas.report.words import day_words, listed, web_link
from kratom_atlas.resolve.engine import resolve
from kratom_atlas.resolve.suppose import PENDING
from kratom_atlas.site import words

__all__ = ["Act", "Atlas", "Card", "Cell", "Place", "Rule", "Segment"]

UP: Final = "../../"
"""From a page of a place, a provision, a day or a state's table to the top of the site."""

W = TypeVar("W", bound=Word)

_SILENT: Final = frozenset({Status.UNKNOWN, Status.NO_SPECIFIC_LAW})
_ACTIVITIES: Final = (
    Activity.POSSESS,
    Activity.SELL,
    *(a for a in Activity if a not in (Activity.POSSESS, Activity.SELL)),
)


@dataclass(frozen=True)
class Cell:
    """One row of the table of statuses."""

    substance: Substance
    own: Status
    total: Status
    possess: ActivityStatus
    sell: ActivityStatus
    since: str
    until: str
    flags: tuple[Flag, ...]
    min_age: int
    caps: tuple[str, ...]
    verification: str
    last_checked: str
    last_changed: str
    provisions: tuple[str, ...]
    incoming: str = ""
    seen: str = ""
    conditions_since: str = ""

    @property
    def answer(self) -> tuple[object, ...]:
        """All but the substance and the last change: what makes two cells one card."""
        return (
            *(self.own, self.total, self.possess, self.sell, self.since, self.until, self.flags),
            *(self.min_age, self.caps, self.verification, self.last_checked, self.provisions),
            *(self.incoming, self.seen, self.conditions_since),
        )


@dataclass(frozen=True)
class Segment:
    """A time in which the answer was one. `seen` dates are not days of law."""

    start: str
    start_seen: bool
    end: str
    end_seen: bool
    own: Status
    total: Status
    possess: ActivityStatus
    sell: ActivityStatus
    min_age: int
    caps: tuple[str, ...]
    provisions: tuple[str, ...]

    @property
    def answer(self) -> tuple[object, ...]:
        """What holds in it."""
        return (self.own, self.total, self.possess, self.sell, self.min_age, self.caps)


@dataclass(frozen=True)
class Place:
    """A place to link to."""

    n: int
    name: str
    full: str
    code: str
    url: str
    level: str


@dataclass(frozen=True)
class Standing:
    """Whether a provision applies on the as-of day."""

    label: str
    css: str


@dataclass(frozen=True)
class Proof:
    """One piece of evidence."""

    kind: str
    url: str
    document: str
    locator: str
    quote: str
    retrieved: str
    day: str
    sha256: str


@dataclass(frozen=True)
class Rule:
    """A provision, in words."""

    id: str
    url: str
    place: Place
    substances: str
    effect: str
    conditions: list[words.Condition]
    begins: str
    ends: str
    acted_on: list[RuleLink]
    extent: str
    act: str
    act_title: str
    act_kind: str
    stage: str
    citation: str
    proof: Proof
    proofs: list[Proof]
    verification: Verification
    contested: str
    note: str
    recorded: str
    standing: Standing


@dataclass(frozen=True)
class RuleLink:
    """A provision to link to."""

    url: str
    words: str
    place: str
    verification: str = ""


@dataclass(frozen=True)
class Act:
    """An instrument, in words."""

    name: str
    title: str
    kind: str
    session: str
    stage: str
    stage_css: str
    stage_meaning: str
    dates: list[str]
    url: str
    document: str
    verification: str
    note: str
    would: list[RuleLink]


@dataclass(frozen=True)
class Look:
    """A search, in words; `day` is `on` as the record has it."""

    on: str
    day: str
    where: str
    substances: str
    covers: str
    local: str
    result: str
    verification: str
    url: str
    contested: str
    note: str


@dataclass(frozen=True)
class Card:
    """The answer for substances that have the same one."""

    substances: str
    ids: list[str]
    status: Status
    symbol: str
    sentence: str
    possess: str
    sell: str
    own: Status | None
    own_symbol: str
    own_note: str
    conditions: list[words.Condition]
    time: str
    incoming: str
    rests: list[RuleLink]
    rests_else: str
    flags: list[words.Condition]
    last_checked: str


class Atlas:
    """An edition, indexed for pages."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.record = edition.record
        self.view = edition.view
        self.as_of = edition.as_of
        self.today = edition.today

    # -- places --------------------------------------------------------------------------------

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every place, in the order of the record."""
        return tuple(
            Place(
                n=n,
                name=place_name(self.record, body),
                full=", ".join(self._chain(body)),
                code=body.code,
                url=f"{UP}j/{body.code}/index.html",
                level=body.level.label,
            )
            for n, body in enumerate(self.record.places)
        )

    def _chain(self, body: Jurisdiction) -> list[str]:
        names = [body.name]
        seen = {body.id}
        while body.parent is not None and body.parent in self.record.index:
            body = self.record.places[self.record.index[body.parent]]
            if body.id in seen:
                break
            seen.add(body.id)
            names.append(body.name)
        return names

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """For each place, the one whose answers, rules and acts it shares."""
        like = self.edition.like.tolist()
        own = {self.record.index[i.jurisdiction] for i in self.acts_of_law if i.jurisdiction}
        return tuple(n if n in own else like[n] for n in range(len(like)))

    @cached_property
    def acts_of_law(self) -> list[Instrument]:
        """The instruments of places that exist."""
        known = self.view.instruments.values()
        return [i for i in known if i.jurisdiction in self.record.index]

    # -- answers -------------------------------------------------------------------------------

    @cached_property
    def cells(self) -> dict[int, tuple[Cell, ...]]:
        """The statuses of each place that others share, in the order of the substances."""
        codes = {self.places[n].code: n for n in sorted(set(self.shared))}
        found: dict[int, list[Cell]] = defaultdict(list)
        incoming = self.edition.now.incoming
        for row in _records(self.edition.tables["status"], codes):
            n = codes[row["code"]]
            substance = _word(Substance, row["substance"])
            segments = self.segments[n].get(substance, ())
            word = self._first(segments, whole=False)
            whole = self._first(segments, whole=True)
            cell = Cell(
                substance=substance,
                own=_word(Status, row["own_status"]),
                total=_word(Status, row["total_status"]),
                possess=_word(ActivityStatus, row["possess_status"]),
                sell=_word(ActivityStatus, row["sell_status"]),
                since=row["since"],
                until=row["until"],
                flags=tuple(_word(Flag, f) for f in _split(row["flags"])),
                min_age=int(row["min_age"] or 0),
                caps=_split(row["seven_oh_cap"]),
                verification=row["verification"],
                last_checked=row["last_checked"],
                last_changed=row["last_changed"],
                provisions=_split(row["provision_ids"]),
                incoming=_label(segments, int(incoming[n, substance.rank])),
                seen=word.start if word and word.start_seen and not row["since"] else "",
                conditions_since=(
                    whole.start if word and whole and whole.start != word.start else ""
                ),
            )
            found[n].append(cell)
        return {n: tuple(sorted(c, key=lambda c: c.substance.rank)) for n, c in found.items()}

    @cached_property
    def segments(self) -> dict[int, dict[Substance, tuple[Segment, ...]]]:
        """The history of each place that others share."""
        codes = {self.places[n].code: n for n in sorted(set(self.shared))}
        rows: dict[tuple[int, str], list[Segment]] = defaultdict(list)
        for row in _records(self.edition.tables["status_history"], codes):
            rows[codes[row["code"]], row["substance"]].append(
                Segment(
                    start=row["valid_from"] or row["seen_from"],
                    start_seen=not row["valid_from"] and bool(row["seen_from"]),
                    end=row["valid_to"] or row["seen_to"],
                    end_seen=not row["valid_to"] and bool(row["seen_to"]),
                    own=_word(Status, row["own_status"]),
                    total=_word(Status, row["total_status"]),
                    possess=_word(ActivityStatus, row["possess_status"]),
                    sell=_word(ActivityStatus, row["sell_status"]),
                    min_age=int(row["min_age"] or 0),
                    caps=_split(row["seven_oh_cap"]),
                    provisions=_split(row["provision_ids"]),
                )
            )
        found: dict[int, dict[Substance, tuple[Segment, ...]]] = defaultdict(dict)
        for (n, substance), parts in rows.items():
            found[n][_word(Substance, substance)] = _merged(parts)
        return found

    def _first(self, segments: Sequence[Segment], *, whole: bool) -> Segment | None:
        """The first segment of the present answer: of its word, or with its conditions."""

        def said(segment: Segment) -> tuple[object, ...]:
            word = (segment.total, segment.possess, segment.sell)
            return (*word, segment.min_age, segment.caps) if whole else word

        here = [s for s in segments if not s.start or PartialDate(s.start).lo <= self.as_of]
        first = here[-1] if here else None
        for segment in reversed(here):
            if said(segment) != said(here[-1]):
                break
            first = segment
        return first

    def cards(self, n: int) -> list[Card]:
        """The answers of a place, substances with the same answer together."""
        groups: dict[tuple[object, ...], list[Cell]] = {}
        for cell in self.cells[self.shared[n]]:
            groups.setdefault(cell.answer, []).append(cell)
        return [self._card(n, group) for group in groups.values()]

    def _card(self, n: int, group: list[Cell]) -> Card:
        cell = group[0]
        limits = []
        if cell.min_age:
            limits.append(words.Condition("Minimum age", f"{cell.min_age} years"))
        if cell.caps:
            caps = listed(cap.replace("-", " ") for cap in cell.caps)
            limits.append(words.Condition("Strictest 7-OH cap", caps))
        rests = [self.rule_link(p, n) for p in cell.provisions]
        differs = cell.own is not cell.total
        return Card(
            substances=_subject([c.substance for c in group]),
            ids=[str(c.substance) for c in group],
            status=cell.total,
            symbol=words.SYMBOLS[cell.total],
            sentence=words.status_sentence(cell.total, cell.possess, cell.sell),
            possess=lower(cell.possess.label),
            sell=lower(cell.sell.label),
            own=cell.own if differs else None,
            own_symbol=words.SYMBOLS[cell.own],
            own_note=_own_note(cell),
            conditions=limits,
            time=_time(cell),
            incoming=day_words(cell.incoming) if cell.incoming else "",
            rests=rests,
            rests_else=_rests_else(cell),
            flags=[
                words.Condition(_flag_label(flag, cell), flag.meaning)
                for flag in Flag
                if flag in cell.flags
            ],
            last_checked="" if cell.total is Status.UNKNOWN else cell.last_checked,
        )

    def timelines(self, n: int) -> list[tuple[str, tuple[Segment, ...]]]:
        """The histories of a place, substances with the same history together."""
        groups: dict[tuple[Segment, ...], list[Substance]] = {}
        for substance, parts in self.segments.get(self.shared[n], {}).items():
            groups.setdefault(parts, []).append(substance)
        told = [(sorted(group, key=lambda s: s.rank), parts) for parts, group in groups.items()]
        told.sort(key=lambda pair: pair[0][0].rank)
        return [(_subject(group), parts) for group, parts in told]

    def own_words(self, n: int) -> list[tuple[Status, str]]:
        """What a place's own law says: each status with its substances; silence is left out."""
        groups: dict[Status, list[Substance]] = {}
        for cell in self.cells[self.shared[n]]:
            if cell.own not in _SILENT:
                groups.setdefault(cell.own, []).append(cell.substance)
        ordered = sorted(groups.items(), key=lambda pair: pair[0].rank)
        return [(status, listed(_inside(group))) for status, group in ordered]

    @cached_property
    def searched(self) -> list[tuple[Searched, str]]:
        """For each place: whether its own law was searched, and the day of the last look."""
        table = self.edition.tables["jurisdictions"]
        looks = table["last_checked"]
        rows = {
            code: (_word(Searched, searched), "" if missing else str(look))
            for code, searched, look, missing in zip(
                table["code"], table["searched"], looks, looks.isna(), strict=True
            )
        }
        return [rows[place.code] for place in self.places]

    # -- rules ---------------------------------------------------------------------------------

    @cached_property
    def live(self) -> dict[str, int]:
        """The row of each provision that stands, by id."""
        bodies = self.record.provisions.bodies
        return {bodies[row].id: row for row in self.view.provision_rows.tolist()}

    def body(self, key: str) -> Provision | None:
        """The provision that stands, law or proposed, with that id."""
        if key in self.live:
            return self.record.provisions.bodies[self.live[key]]
        version = self.view.proposed.get(key)
        if version is None:
            return None
        assert isinstance(version.body, Provision)
        return version.body

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Every provision that stands and has a first day, by id."""
        return {key: self._rule(row) for key, row in self.live.items()}

    @cached_property
    def proposed(self) -> dict[str, Rule]:
        """What stands of provisions that are only proposed, by id. They decide nothing."""
        found = {}
        for key, version in self.view.proposed.items():
            assert isinstance(version.body, Provision)
            act = self.view.instruments.get(version.body.instrument)
            found[key] = self._told(version.body, version.line, _undated(act))
        return found

    @cached_property
    def rules_of(self) -> dict[int, list[Rule]]:
        """The provisions of each place: in force first, then by first day."""
        table = self.record.provisions
        found: dict[int, list[Rule]] = defaultdict(list)
        rows = sorted(
            self.live.values(),
            key=lambda r: (_STANDINGS.index(self._standing[r]), -table.from_lo[r], r),
        )
        for row in rows:
            found[int(table.place[row])].append(self.rules[table.bodies[row].id])
        return found

    def rule_link(self, key: str, n: int) -> RuleLink:
        """A link to a provision, named by its act; by its place too if that is not `n`."""
        rule = self.rules[key]
        act = rule.citation if rule.act in rule.citation else f"{rule.act}: {rule.citation}"
        place = "" if rule.place.n == n else rule.place.name
        return RuleLink(rule.url, act, place, rule.verification.label)

    def _rule(self, row: int) -> Rule:
        table = self.record.provisions
        standing = self._standing.get(row, _WITHDRAWN)
        return self._told(table.bodies[row], table.versions[row].line, standing)

    def _told(self, body: Provision, line: Line, standing: Standing) -> Rule:
        n = self.record.index[body.jurisdiction]
        act = self.view.instruments.get(body.instrument)
        local = self.record.levels[n] >= Level.COUNTY.rank
        proofs = [_proof(e) for e in body.evidence]
        best = max(range(len(proofs)), key=lambda n: (bool(proofs[n].quote), bool(proofs[n].url)))
        return Rule(
            id=body.id,
            url=f"{UP}p/{body.id}/index.html",
            place=self.places[n],
            substances=_subject(body.substances),
            effect=words.effect_sentence(body),
            conditions=words.conditions(body.qualifiers),
            begins=words.from_words(body),
            ends=words.until_words(body.to),
            acted_on=[self._acted_on(actor) for actor in self._actors.get(body.id, ())],
            extent=f"{body.extent.label}: {lower(body.extent.meaning)}" if local else "",
            act=act.short if act else body.instrument,
            act_title=act.title if act else "",
            act_kind=act.kind.label if act else "",
            stage=self.edition.stage(act).label if act else "",
            citation=body.citation,
            proof=proofs[best],
            proofs=proofs,
            verification=body.verification,
            contested=body.contested or "",
            note=body.note or "",
            recorded=line.recorded_at,
            standing=standing,
        )

    @cached_property
    def withdrawn(self) -> dict[str, Rule]:
        """Provisions that the record no longer says, as it last said them: their pages stay."""
        known, found = self.view.known, {}
        versions = (*self.record.proposed, *self.record.provisions.versions)
        for version in sorted(versions, key=lambda v: v.since):
            key = version.line.subject
            if version.since < known and key not in self.live and key not in self.view.proposed:
                assert isinstance(version.body, Provision)
                found[key] = self._told(version.body, version.line, _WITHDRAWN)
        return found

    @cached_property
    def versions(self) -> dict[str, list[Line]]:
        """What was recorded of each provision, in order."""
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.record.lines:
            if line.part == Part.PROVISION and line.moment < self.view.known:
                found[line.subject].append(line)
        return found

    @cached_property
    def _actors(self) -> dict[str, list[Provision]]:
        """The repeals and stays that name each provision."""
        found: dict[str, list[Provision]] = defaultdict(list)
        for row in self.live.values():
            body = self.record.provisions.bodies[row]
            for target in body.targets:
                found[target].append(body)
        return found

    def _acted_on(self, actor: Provision) -> RuleLink:
        end = words.until_words(actor.to)
        told = f"{actor.citation} {_VERBS[actor.effect]} it: {lower(words.from_words(actor))}"
        return RuleLink(f"{UP}p/{actor.id}/index.html", f"{told}, {end}" if end else told, "")

    @cached_property
    def _standing(self) -> dict[int, Standing]:
        table, law = self.record.provisions, self.view.law
        pieces: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for row, begin, end in zip(
            law.row.tolist(), law.from_lo.tolist(), law.to_lo.tolist(), strict=True
        ):
            pieces[row].append((begin, end))
        overridden = self._overridden()
        return {
            row: _OVERRIDDEN
            if (found := _stands(table.bodies[row], pieces.get(row), self.as_of)) is _IN_FORCE
            and row in overridden
            else found
            for row in self.live.values()
        }

    def _overridden(self) -> set[int]:
        """Rows of provisions that a wider law keeps from binding on the as-of day."""
        table = self.record.provisions
        rows = [r for r in self.live.values() if table.bodies[r].gives is not None]
        if not rows:
            return set()
        places = np.unique(table.place[rows])
        found = resolve(self.view, places, self.as_of, _ACTIVITIES, local=False)
        weaker = found.own_rank > found.total_rank
        order = {activity: a for a, activity in enumerate(_ACTIVITIES)}
        at = np.searchsorted(places, table.place[rows])
        return {
            row
            for row, n in zip(rows, at.tolist(), strict=True)
            if all(
                weaker[n, s.rank, order[a]]
                for s in table.bodies[row].substances
                for a in table.bodies[row].activities
            )
        }

    # -- acts and searches ---------------------------------------------------------------------

    @cached_property
    def acts_of(self) -> dict[int, list[Act]]:
        """The instruments of each place, the newest first."""
        found: dict[int, list[tuple[tuple[str, str], Act]]] = defaultdict(list)
        for body in self.acts_of_law:
            newest = max((d for d in _act_days(body) if d), default=body.session or "")
            key = (str(newest), body.id)
            found[self.record.index[body.jurisdiction]].append((key, self._act(body)))
        return {
            n: [act for _, act in sorted(acts, key=lambda pair: pair[0], reverse=True)]
            for n, acts in found.items()
        }

    def _act(self, body: Instrument) -> Act:
        stage = self.edition.stage(body)
        named = ("introduced", "enacted", "effective", "ends")
        source = next((e.url for e in body.evidence if e.url), None)
        return Act(
            name=body.number or "",
            title=body.title,
            kind=body.kind.label,
            session=body.session or "",
            stage=stage.label,
            stage_css="law" if stage.is_law else "other",
            stage_meaning=stage.meaning,
            dates=[
                f"{name} {day.words()}"
                for name, day in zip(named, _act_days(body), strict=True)
                if day
            ],
            url=web_link(body.url) or web_link(source) or "",
            document="; ".join(e.document for e in body.evidence if e.document),
            verification=body.verification.label,
            note=body.note or "",
            would=[] if stage.is_law else self._would.get(body.id, []),
        )

    @cached_property
    def _would(self) -> dict[str, list[RuleLink]]:
        """What each instrument would do if it were law."""
        found: dict[str, list[RuleLink]] = defaultdict(list)
        for key, version in self.view.proposed.items():
            assert isinstance(version.body, Provision)
            rule = self.proposed[key]
            told = f"{rule.substances}: {lower(rule.effect)}"
            found[version.body.instrument].append(RuleLink(rule.url, told, ""))
        return found

    @cached_property
    def looks_of(self) -> dict[int, list[Look]]:
        """The searches of each place, the newest first."""
        found: dict[int, list[Search]] = defaultdict(list)
        for row in self.view.search_rows.tolist():
            body = self.record.searches.bodies[row]
            found[self.record.index[body.jurisdiction]].append(body)
        return {
            n: [_look(s) for s in sorted(bodies, key=lambda s: (s.on, s.id), reverse=True)]
            for n, bodies in found.items()
        }

    # -- what is near --------------------------------------------------------------------------

    def above(self, n: int) -> list[Place]:
        """What binds it, widest first."""
        levels = self.record.levels
        near = sorted(self.view.binders[n], key=lambda b: (int(levels[b]), b))
        return [self.places[b] for b in near]

    @cached_property
    def inside(self) -> dict[int, list[Place]]:
        """Directly inside each place, or bound by it: places with provisions of their own."""
        table = self.record.provisions
        found: dict[int, list[Place]] = defaultdict(list)
        for n in sorted({int(table.place[row]) for row in self.live.values()}):
            body = self.record.places[n]
            near = {*body.binders, *([body.parent] if body.parent else [])}
            for key in near:
                if key in self.record.index:
                    found[self.record.index[key]].append(self.places[n])
        return {n: sorted(p, key=lambda p: (p.level, p.name, p.code)) for n, p in found.items()}

    def deeper(self, n: int) -> int:
        """How many places with law of their own lie further inside."""
        table = self.record.provisions
        spoken = {int(table.place[row]) for row in self.live.values()}
        below = {c for c in self.view.children.get(n, ()) if c in spoken}
        return len(below - {p.n for p in self.inside.get(n, [])})

    # -- changes -------------------------------------------------------------------------------

    @cached_property
    def entries(self) -> list[Entry]:
        """Every change, as entries."""
        return entries(self.edition.changes, self.view)

    @cached_property
    def days(self) -> dict[str, list[Entry]]:
        """The entries of each date, by its folder."""
        return {day: list(group) for day, group in groupby(self.entries, key=lambda e: e.folder)}

    def is_ahead(self, day: str) -> bool:
        """Whether a date lies after the as-of day."""
        return bool(day) and PartialDate(day).lo > self.as_of

    @cached_property
    def coming(self) -> dict[str, list[Entry]]:
        """The entries that lie ahead, by the id of their place."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if self.is_ahead(entry.date):
                found[entry.place.id].append(entry)
        return found

    def coming_for(self, n: int) -> list[Entry]:
        """What is coming for a place: by its own law, and by what binds it."""
        near = [n, *self.view.binders[n]]
        found = [e for m in near for e in self.coming.get(self.record.places[m].id, ())]
        return sorted(found, key=lambda e: (order_of(e.date), e.date))


_VERBS: Final = {Effect.REPEAL: "ends", Effect.STAY: "suspends"}
_IN_FORCE: Final = Standing("In force", "in-force")
_OVERRIDDEN: Final = Standing("Overridden by wider law", "overridden")
_AHEAD: Final = Standing("Not yet in force", "ahead")
_SUSPENDED: Final = Standing("Suspended by a court", "ended")
_UNSEEN: Final = Standing("Not known on this day", "ended")
_ENDED: Final = Standing("Ended", "ended")
_NOT_LAW: Final = Standing("Not law", "ended")
_PROPOSED: Final = Standing("Proposed: not law", "ahead")
_UNDATED: Final = Standing("First day not recorded", "undated")
_WITHDRAWN: Final = Standing("Withdrawn from this record", "ended")
_STANDINGS: Final = (_IN_FORCE, _OVERRIDDEN, _AHEAD, _SUSPENDED, _UNSEEN, _ENDED, _NOT_LAW)


def _undated(act: Instrument | None) -> Standing:
    """How a provision without a first day stands, by what became of its instrument."""
    if act is None or not (act.stage in PENDING or act.stage.is_law):
        return _NOT_LAW
    return _PROPOSED if act.stage in PENDING else _UNDATED


def _stands(body: Provision, pieces: list[tuple[int, int]] | None, day: int) -> Standing:
    if not pieces:
        return _NOT_LAW
    if any(begin <= day < end for begin, end in pieces):
        return _IN_FORCE
    if day < min(begin for begin, _ in pieces):
        return _AHEAD if body.from_ is not None else _UNSEEN
    return _SUSPENDED if day < max(end for _, end in pieces) else _ENDED


def _proof(evidence: Evidence) -> Proof:
    return Proof(
        kind=evidence.kind.label,
        url=web_link(evidence.url) or "",
        document=evidence.document or ("" if web_link(evidence.url) else evidence.url or ""),
        locator=evidence.locator or "",
        quote=evidence.quote or "",
        retrieved=evidence.retrieved.words(),
        day=evidence.retrieved,
        sha256=evidence.sha256 or "",
    )


def _look(body: Search) -> Look:
    to = f" to {body.covers.to.words()}" if body.covers.to else ", carried forward"
    return Look(
        on=body.on.words(),
        day=body.on,
        where=body.where,
        substances=_subject(body.substances),
        covers=f"from {body.covers.from_.words()}{to}",
        local="also the levels below" if body.local else "its own law only",
        result=body.result.label,
        verification=body.verification.label,
        url=web_link(body.url) or "",
        contested=body.contested or "",
        note=body.note or "",
    )


def _act_days(body: Instrument) -> tuple[PartialDate | None, ...]:
    return (body.introduced, body.enacted, body.effective, body.ends)


def _time(cell: Cell) -> str:
    if cell.total is Status.UNKNOWN:
        return ""
    told = ["first day not known"]
    if cell.since:
        told = [f"since {day_words(cell.since)}"]
    elif cell.seen:
        told.append(f"this can be said from {day_words(cell.seen)} on")
    if cell.conditions_since:
        told.append(f"under the present conditions since {day_words(cell.conditions_since)}")
    if cell.until:
        told.append(f"until {day_words(cell.until)}, the first day on which it no longer applies")
    return "; ".join(told)


def _own_note(cell: Cell) -> str:
    """What to know of own law where it differs from all that applies."""
    if cell.own is Status.UNKNOWN:
        return "Its own law has not been researched on this; what applies is wider law."
    if cell.own is Status.NO_SPECIFIC_LAW:
        return "No law of its own was found; what applies is wider law."
    return "Together with wider law this makes the answer above."


def _rests_else(cell: Cell) -> str:
    if cell.provisions:
        return ""
    if cell.total is Status.NO_SPECIFIC_LAW:
        return "the searches listed below, here and in wider law"
    return "nothing yet"


def _flag_label(flag: Flag, cell: Cell) -> str:
    if flag is Flag.INCOMING and cell.incoming:
        return f"{flag.label} ({day_words(cell.incoming)})"
    return flag.label


def _subject(substances: Iterable[Substance]) -> str:
    """`Kratom leaf, mitragynine and 7-OH`."""
    told = listed(_inside(sorted(substances, key=lambda s: s.rank)))
    return told[:1].upper() + told[1:]


def _inside(substances: Iterable[Substance]) -> list[str]:
    return [lower(s.label) for s in substances]


def _merged(parts: list[Segment]) -> tuple[Segment, ...]:
    """In order of time; neighbours that differ only in flags or evidence are one."""
    ordered = sorted(parts, key=lambda s: PartialDate(s.start).lo if s.start else 0)
    merged: list[Segment] = []
    for part in ordered:
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.end == part.start
            and (*last.answer, last.provisions) == (*part.answer, part.provisions)
        ):
            merged[-1] = _joined(last, part)
        else:
            merged.append(part)
    return tuple(merged)


def _joined(first: Segment, then: Segment) -> Segment:
    return Segment(
        *(first.start, first.start_seen, then.end, then.end_seen),
        *(first.own, first.total, first.possess, first.sell),
        *(first.min_age, first.caps, first.provisions),
    )


def _label(segments: Sequence[Segment], day: int) -> str:
    """A day as precise as the history has it."""
    if not 0 < day <= date.max.toordinal():
        return ""
    for segment in segments:
        if segment.start and PartialDate(segment.start).lo == day:
            return segment.start
    return date.fromordinal(day).isoformat()


def _records(table: Any, codes: dict[str, int]) -> list[dict[str, Any]]:
    """The rows of those places; what is absent is empty text."""
    rows = table[table["code"].isin(codes)].astype(object)
    found: list[dict[str, Any]] = rows.where(rows.notna(), "").to_dict("records")
    return found


def _word(kind: type[W], value: str) -> W:
    """The member of a vocabulary with that id."""
    make: Any = kind
    found: W = make(value)
    return found


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def badge(status: Status, say: Language = ENGLISH) -> Markup:
    """A status as a coloured word with its symbol."""
    return Markup('<span class="s s-{}"><b aria-hidden="true">{}</b>&nbsp;{}</span>').format(
        str(status), words.SYMBOLS[status], say.word(status)
    )
