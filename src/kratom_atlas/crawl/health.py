"""How each source is doing, and how fresh what is known of each place is.

Everything here follows from the declarations, what the archive says, and a moment. `unchanged`
and `unseen` are told apart: a place is unchanged only since a look that succeeded.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from kratom_atlas.crawl.scraper import Scraper
from kratom_atlas.crawl.source import Source
from kratom_atlas.model.crawling import Fault, Health, Outcome, RunState

if TYPE_CHECKING:
    # The tables of the dataset import this module, and need neither a database nor a clock.
    from kratom_atlas.crawl.timetable import Timetable
    from kratom_atlas.store.crawls import Known, Run
    from kratom_atlas.store.looks import Looks

__all__ = ["Freshness", "SourceState", "Survey", "codes_of", "families", "plain", "survey"]

_MISSED: Final = 3
"""Hours of the schedule that may pass without a success before a source is silent."""
_PATIENCE: Final = timedelta(days=2)
_SLACK: Final = timedelta(hours=1)
"""A run needs its time, and does not begin on the second."""
_REPEATED: Final = 2
_JUDGED: Final = frozenset({RunState.OK, RunState.PARTIAL, RunState.FAILED})
_FOUND: Final = {"new": Outcome.NEW, "changed": Outcome.CHANGED, "unchanged": Outcome.UNCHANGED,
                 "errors": Outcome.ERROR}  # fmt: skip
_CAUSE: Final = re.compile(r"(?:^|the first: )([a-z0-9-]+)(?=: )")
_TRIAGE_WORDS: Final = {
    "gone": "it is no longer there",
    "moved": "it has moved to another place",
    "blocked": "it refuses us",
    "layout": "it is built otherwise than our parser expects",
    "parser": "our parser fails on it",
    "unreachable": "it cannot be reached",
}


@dataclass(frozen=True)
class SourceState:
    """One source, or one row of a source, at a moment.

    `family` is the source that a row belongs to. `last_success` and `last_change` are moments.
    `outcomes` counts what the last run found, `faults` what it quarantined, `recent` what was
    quarantined in 30 days. `failures` is how many runs failed since the last success, and
    `triage` why, once they are several. `alarm` is a sentence, where nothing was heard for too
    long; `odd` another, where nothing changed for longer than is usual. `reason` says why it is
    off, waits or fails.
    """

    source: Source
    health: Health
    family: str | None = None
    last_run: Run | None = None
    last_success: str = ""
    last_change: str = ""
    next_run: datetime | None = None
    in_session: bool = False
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    faults: Mapping[Fault, int] = field(default_factory=dict)
    recent: Mapping[Fault, int] = field(default_factory=dict)
    failures: int = 0
    triage: str = ""
    alarm: str = ""
    odd: str = ""
    reason: str = ""

    @property
    def has_rows(self) -> bool:
        """Whether what it covers is told by its rows."""
        return self.family == self.source.id

    @property
    def is_row(self) -> bool:
        """Whether it is one row of a source."""
        return self.family is not None and not self.has_rows

    @property
    def triage_words(self) -> str:
        """The triage as part of a sentence."""
        return _TRIAGE_WORDS.get(self.triage, "")


@dataclass(frozen=True)
class Freshness:
    """What is known of when one place was looked at.

    `sources` cover it, `looking` of them have succeeded; `looked` is the newest success, `changed`
    when an observation of this place was last new.
    """

    code: str
    sources: int
    looking: int
    looked: str
    changed: str

    @property
    def words(self) -> str:
        """Unchanged, unseen and changed, told apart."""
        if not self.sources:
            return "unseen: no source that is read covers it"
        if not self.looked:
            return "unseen: none of its sources has been read"
        if not self.changed:
            return f"nothing found (looked at {self.looked[:10]})"
        if self.changed[:10] == self.looked[:10]:
            return f"changed on {self.changed[:10]}, at the last look"
        return f"unchanged since {self.changed[:10]} (looked at {self.looked[:10]})"


@dataclass(frozen=True)
class Survey:
    """Every source at one moment. `crawled` says whether any has been run here by then."""

    sources: tuple[SourceState, ...] = ()
    crawled: bool = False
    placed: Mapping[str, str] = field(default_factory=dict)

    def freshness(self, places: Mapping[str, str]) -> list[Freshness]:
        """One for each place of `places` (code -> id), in that order."""
        covering = _covering(self.sources, places)
        return [
            Freshness(
                code,
                sources=len(covering[code]),
                looking=sum(bool(one.last_success) for one in covering[code]),
                looked=max((one.last_success for one in covering[code]), default=""),
                changed=self.placed.get(key, ""),
            )
            for code, key in places.items()
        ]


def survey(
    scrapers: Iterable[type[Scraper]],
    looks: Looks | None,
    now: datetime,
    keys: Iterable[str] | None = None,
) -> Survey:
    """How every source and every row is doing at `now`, in the order of their ids.

    `looks` is None where there is no archive. `keys` are the variables of keys that are set; where
    it is None, only what the runs say counts.
    """
    if looks is None:
        from kratom_atlas.store.looks import Looks

        looks = Looks()
    from kratom_atlas.crawl.timetable import Timetable

    held = None if keys is None else frozenset(keys)
    states: list[SourceState] = []
    chosen = list(scrapers)
    with_rows = frozenset(families(chosen))
    for scraper in chosen:
        timetable = Timetable.of(scraper.source)
        state = _of_source(scraper.source, timetable, looks, now, held)
        if state.source.id in with_rows:
            states.append(replace(state, family=state.source.id))
            rows = (row for row in scraper.sources() if row.id != state.source.id)
            states.extend(_of_row(row, state, timetable, looks, now) for row in rows)
        else:
            states.append(state)
    states.sort(key=lambda one: one.source.id)
    return Survey(tuple(states), bool(looks.runs), looks.placed)


def families(scrapers: Iterable[type[Scraper]]) -> list[str]:
    """The sources that are listed by their rows."""
    return [
        one.source.id for one in scrapers if any(row.id != one.source.id for row in one.sources())
    ]


def plain(state: SourceState) -> dict[str, Any]:
    """A state for programs."""
    source, run = state.source, state.last_run
    return {
        "source_id": source.id,
        "title": source.title,
        "publisher": source.publisher,
        "covers": list(source.covers),
        "kind": source.kind.value,
        "homepage": source.homepage,
        "licence": source.licence,
        "terms": source.terms,
        "schedule": source.schedule,
        "schedule_in_session": source.in_session,
        "in_session": state.in_session,
        "key": source.key.env if source.key else None,
        "cadence_days": source.cadence,
        "health": state.health.value,
        "last_run": run.started if run else None,
        "last_state": run.state.value if run else None,
        "last_success": state.last_success or None,
        "last_change": state.last_change or None,
        "next_run": f"{state.next_run:%Y-%m-%dT%H:%M:%SZ}" if state.next_run else None,
        "outcomes": {kind.value: count for kind, count in state.outcomes.items()},
        "quarantined": {kind.value: count for kind, count in state.faults.items()},
        "quarantined_30_days": {kind.value: count for kind, count in state.recent.items()},
        "failures": state.failures,
        "triage": state.triage or None,
        "alarm": state.alarm or None,
        "odd": state.odd or None,
        "reason": state.reason or None,
    }


# -- a source --------------------------------------------------------------------------------


def _of_source(
    source: Source, timetable: Timetable, looks: Looks, now: datetime, keys: frozenset[str] | None
) -> SourceState:
    runs = looks.runs.get(source.id, ())
    judged = [run for run in runs if run.state in _JUDGED]
    accepted = looks.accepted.get(source.id)
    success = accepted.ended or accepted.started if accepted else ""
    failed = _failing(judged)
    change = looks.changed.get(source.id, "")
    last = judged[0] if judged else None
    begun = looks.first.get(source.id, "")
    waits = _waiting(source, runs, keys)
    late = _late(timetable, success or begun, now)
    if source.off:
        health, reason = Health.OFF, source.off
    elif waits and not success:
        health, reason = Health.WAITING, waits
    elif not begun:
        health, reason = Health.NEVER_RUN, ""
    elif late:
        health, reason = Health.SILENT, (failed[0].reason if failed else waits)
    elif last is None:
        health, reason = Health.NEVER_RUN, runs[0].reason
    else:
        health = _HEALTH[last.state]
        reason = waits or last.reason
    alarm = _alarm(source, success, begun, now) if health is Health.SILENT else ""
    return SourceState(
        source=source,
        health=health,
        last_run=runs[0] if runs else None,
        last_success=success,
        last_change=change,
        next_run=_next(source, timetable, runs, now, waits),
        in_session=timetable.sits(now.date()),
        outcomes=_outcomes(last),
        faults=looks.faults.get((source.id, last.id), {}) if last else {},
        recent=looks.recent.get(source.id, {}),
        failures=len(failed),
        triage=_triage(failed, looks) if len(failed) >= _REPEATED else "",
        alarm=alarm,
        odd=_odd(source, success, change or begun, now),
        reason=reason,
    )


_HEALTH: Final = {
    RunState.OK: Health.FRESH,
    RunState.PARTIAL: Health.DEGRADED,
    RunState.FAILED: Health.FAILING,
}


def _of_row(
    row: Source, family: SourceState, timetable: Timetable, looks: Looks, now: datetime
) -> SourceState:
    key = row.id.partition(".")[2]
    known = looks.documents.get(family.source.id, {}).get(key)
    runs = looks.runs.get(family.source.id, ())
    # Of a day gone by the archive says only that the row had been seen: then as its source.
    success = min(known.last_seen or "", family.last_success) if known else ""
    change = looks.moved.get(family.source.id, {}).get(key, "")
    fault = known.fault if known and (known.fault_at or "") > success else None
    since = [run for run in runs if run.state in _JUDGED and run.started > success]
    failures = len(since) if fault else 0
    begun = looks.first.get(family.source.id, "")
    health, reason = _row_health(row, family, known, fault)
    if health in (Health.FRESH, Health.FAILING) and _late(timetable, success or begun, now):
        health = Health.SILENT
    # Where its source is silent as a whole, that is one alarm and not one for each row.
    alone = health is Health.SILENT and family.health is not Health.SILENT
    return SourceState(
        source=row,
        health=health,
        family=family.source.id,
        last_run=family.last_run,
        last_success=success,
        last_change=change,
        next_run=None if row.off else family.next_run,
        in_session=family.in_session,
        faults={fault: 1} if fault else {},
        failures=failures,
        triage=fault.triage if fault and failures >= _REPEATED else "",
        alarm=_alarm(row, success, begun, now) if alone else "",
        odd=_odd(row, success, change, now),
        reason=reason,
    )


def _row_health(
    row: Source, family: SourceState, known: Known | None, fault: Fault | None
) -> tuple[Health, str]:
    if row.off:
        return Health.OFF, row.off
    if fault and known:
        return Health.FAILING, f"{fault.value}: {known.detail or fault.meaning}"
    if known and known.last_seen:
        return Health.FRESH, ""
    if family.health is Health.WAITING:
        return Health.WAITING, family.reason
    return Health.NEVER_RUN, ""


# -- parts -----------------------------------------------------------------------------------


def _failing(judged: Sequence[Run]) -> list[Run]:
    """The runs that failed since the last that did not."""
    failed = []
    for run in judged:
        if run.state is not RunState.FAILED:
            break
        failed.append(run)
    return failed


def _waiting(source: Source, runs: Sequence[Run], keys: frozenset[str] | None) -> str:
    """What it waits for, if it does."""
    key = source.key
    if keys is not None and key and key.required:
        if key.env not in keys:
            return f"needs the key {key.env}: get one at {key.register}"
        if runs and runs[0].state is RunState.WAITING and key.env in runs[0].reason:
            return ""
    return runs[0].reason if runs and runs[0].state is RunState.WAITING else ""


def _late(timetable: Timetable, since: str, now: datetime) -> bool:
    """Whether a success is overdue: some hours of the schedule passed without one, and two days."""
    if not since:
        return False
    last = _moment(since)
    due = timetable.later(last, _MISSED)
    return due is not None and now > max(due + _SLACK, last + _PATIENCE)


def _alarm(source: Source, success: str, begun: str, now: datetime) -> str:
    since = success or begun
    days = (now - _moment(since)).days
    told = "no success since" if success else "never a success since its first run on"
    return f"{source.title}: {told} {since[:10]} ({days} days); due by `{source.schedule}` in UTC"


def _odd(source: Source, success: str, change: str, now: datetime) -> str:
    """That nothing changed for long, where there were looks that could have seen it."""
    if not success or not change or source.off:
        return ""
    days = (min(now, _moment(success)) - _moment(change)).days
    if days <= source.cadence:
        return ""
    return f"no change since {change[:10]}, in {days} days; within {source.cadence} is usual"


def _triage(failed: Sequence[Run], looks: Looks) -> str:
    """What became of a source whose last runs all failed, by the cause that most of them had."""
    causes: Counter[str] = Counter()
    for run in failed:
        named = _CAUSE.search(run.reason)
        faults = looks.faults.get((run.source, run.id), {})
        fault = _FAULTS.get(named[1]) if named else None
        if fault is None and faults:
            fault = max(faults, key=lambda kind: faults[kind])
        # Outside of its bounds without a single bad answer: what we read is no longer the same.
        causes[(fault or Fault.LAYOUT).triage] += 1
    return causes.most_common(1)[0][0]


_FAULTS: Final = {kind.value: kind for kind in Fault}


def _next(
    source: Source, timetable: Timetable, runs: Sequence[Run], now: datetime, waits: str
) -> datetime | None:
    if source.off or (waits and source.key and source.key.env in waits):
        return None
    begun = _moment(runs[0].started) if runs else now
    return timetable.after(max(now, begun))


def _outcomes(run: Run | None) -> dict[Outcome, int]:
    if run is None:
        return {}
    return {kind: run.counts[name] for name, kind in _FOUND.items() if name in run.counts}


def _covering(
    sources: Iterable[SourceState], places: Mapping[str, str]
) -> Mapping[str, list[SourceState]]:
    """The sources that are read of each code."""
    below = _below(places)
    found: dict[str, list[SourceState]] = defaultdict(list)
    for state in sources:
        if state.has_rows or state.health is Health.OFF:
            continue
        for code in set(_spelt_out(state.source.covers, below)):
            found[code].append(state)
    return found


def codes_of(covers: Iterable[str], places: Iterable[str]) -> tuple[str, ...]:
    """The codes among `places` that a source covers, in order; `US-*` is every state, no county."""
    known = frozenset(places)
    return tuple(sorted(known.intersection(_spelt_out(covers, _below(known)))))


def _below(codes: Iterable[str]) -> Mapping[str, list[str]]:
    """What `US-*` and its like stand for: every state, and no county."""
    below: dict[str, list[str]] = defaultdict(list)
    for code in codes:
        country, _, rest = code.partition("-")
        if rest and "-" not in rest:
            below[f"{country}-*"].append(code)
    return below


def _spelt_out(covers: Iterable[str], below: Mapping[str, list[str]]) -> Iterator[str]:
    for named in covers:
        yield from below.get(named, (named,))


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
