"""The watch for repeals: when each provision in force is to be looked at again, and what would
show its end.

Everybody looks for bans and nobody for their repeal. So each provision in force has a day for its
next check, and the sources that would show its end; one that none would show is an alarm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from kratom_atlas.crawl.health import SourceState, Survey
from kratom_atlas.model.crawling import Health, SourceKind
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Provision
from kratom_atlas.model.vocabulary import Effect, Level, Verification
from kratom_atlas.review.standing import Standing, cited

__all__ = ["Watch", "plain", "radar"]

_INTERVAL: Final = {
    Verification.PRIMARY: timedelta(days=365),
    Verification.OFFICIAL_SECONDARY: timedelta(days=180),
    Verification.REPORTED: timedelta(days=90),
    Verification.MACHINE: timedelta(days=30),
}
"""For how long evidence is good without another look, by how good it is."""
_DIRECT: Final = frozenset({SourceKind.STATUTES, SourceKind.REGULATIONS, SourceKind.ANCHOR})
_WORDS: Final = {
    SourceKind.BILLS: "bills that would repeal or amend it",
    SourceKind.STATUTES: "the acts as they stand",
    SourceKind.REGULATIONS: "the rules as they stand",
    SourceKind.REGISTER: "what is published day by day",
    SourceKind.ORDINANCES: "ordinances",
    SourceKind.ANCHOR: "the very document",
}


@dataclass(frozen=True)
class Watch:
    """One provision in force: its next check, and what would show its end.

    `because` says why on that day. `watchers` are the sources, each with what of it counts;
    `looked` is the last day on which one of them was read. `alarm` is a sentence where nothing
    would show its end, where what would is silent, or where its check is overdue.
    """

    provision: str
    place: str
    citation: str
    next_check: date
    because: str
    watchers: tuple[str, ...]
    looked: str
    alarm: str


def radar(standing: Standing, survey: Survey, today: date) -> tuple[Watch, ...]:
    """The watch on every provision in force on a day, the most urgent first."""
    states = [one for one in survey.sources if one.health is not Health.OFF and not one.has_rows]
    ended = _ended(standing, today)
    watches = [
        _watch(law, standing, states, today, observed=law.jurisdiction in survey.placed)
        for law in standing.provisions.values()
        if law.id not in ended and _in_force(law, today) and law.effect is not Effect.REPEAL
    ]
    return tuple(sorted(watches, key=lambda one: (one.next_check, one.place, one.provision)))


def plain(watch: Watch) -> dict[str, Any]:
    """A watch for programs."""
    return {**vars(watch), "next_check": watch.next_check.isoformat(),
            "watchers": list(watch.watchers)}  # fmt: skip


def _in_force(law: Provision, today: date) -> bool:
    first, day = law.from_ or law.attested, today.toordinal()
    return first is not None and first.lo <= day and (law.to is None or day < law.to.lo)


def _ended(standing: Standing, today: date) -> frozenset[str]:
    return frozenset(
        target
        for law in standing.provisions.values()
        if law.effect is Effect.REPEAL and _in_force(law, today)
        for target in law.targets
    )


def _watch(
    law: Provision, standing: Standing, states: list[SourceState], today: date, *, observed: bool
) -> Watch:
    code = standing.code(law.jurisdiction)
    place = standing.places.get(law.jurisdiction)
    if place is not None and place.level.rank >= Level.COUNTY.rank:
        found = [(one, _watches_locally(one, law, code, observed=observed)) for one in states]
    else:
        found = [(one, _watches(one, law, code)) for one in states]
    watching = [(one, words) for one, words in found if words]
    looked = max((one.last_success for one, _ in watching), default="")
    due, because = min(_dues(law, standing, [one for one, _ in watching], today))
    alarm = ""
    if not watching:
        alarm = "no source that is read would show its end"
    elif not looked:
        alarm = "what would show its end has never been read"
    elif all(one.health is Health.SILENT for one, _ in watching):
        alarm = f"all that would show its end is silent since {looked[:10]}"
    elif due < today:
        alarm = f"its check is overdue since {due}: {because}"
    return Watch(
        provision=law.id,
        place=code,
        citation=law.citation,
        next_check=due,
        because=because,
        watchers=tuple(f"{one.source.id}: {words}" for one, words in watching),
        looked=looked[:10],
        alarm=alarm,
    )


def _watches(state: SourceState, law: Provision, code: str) -> str:
    """What of a source would show the end of a provision; empty where nothing would."""
    source = state.source
    country, _, rest = code.partition("-")
    if code not in source.covers and not (rest and f"{country}-*" in source.covers):
        return ""
    if source.kind is SourceKind.ANCHOR:
        return _document_words(state, law)
    return _WORDS.get(source.kind, "")


def _watches_locally(state: SourceState, law: Provision, code: str, *, observed: bool) -> str:
    """The same for a rule of a county or town; `observed`: something was seen of its place.

    Sources say which states they cover, and not which councils.
    """
    source = state.source
    within = "-".join(code.split("-")[:2]) in source.covers
    if within and source.kind is SourceKind.ANCHOR:
        return _document_words(state, law)
    return _WORDS[source.kind] if (
        within and observed and source.kind is SourceKind.ORDINANCES
    ) else ""  # fmt: skip


def _document_words(state: SourceState, law: Provision) -> str:
    source = state.source
    seen = source.homepage in {one.url for one in law.evidence}
    same = seen or bool(cited(law.citation) & cited(source.title))
    return f"{_WORDS[SourceKind.ANCHOR]} ({source.title})" if same else ""


def _dues(
    law: Provision, standing: Standing, watching: list[SourceState], today: date
) -> Iterator[tuple[date, str]]:
    """The days on which to look again, each with the reason."""
    seen = max(_last_day(one.retrieved) for one in law.evidence)
    interval = _INTERVAL[law.verification]
    yield seen + interval, f"{law.verification.label.lower()}, last seen on {seen}"
    for end in (law.to, standing.instruments[law.instrument].ends
                if law.instrument in standing.instruments else None):  # fmt: skip
        if end is not None and end.lo >= today.toordinal():
            yield date.fromordinal(end.lo), f"it is to end on {end}"
    if law.qualifiers.void_if:
        yield seen + timedelta(days=90), f"it falls if {law.qualifiers.void_if}"
    for one in watching:
        if one.last_success and one.source.kind in _DIRECT:
            last = date.fromisoformat(one.last_success[:10])
            yield last + timedelta(days=one.source.cadence), f"{one.source.id} is to be read"
        for _, close in one.source.sittings:
            yield _next(close, seen), f"the sitting that {one.source.id} follows ends"


def _last_day(day: PartialDate) -> date:
    return date.fromordinal(day.hi - 1)


def _next(month_day: str, after: date) -> date:
    """The next such day of the year after a day; the 29th of February is the 28th."""
    month, day = int(month_day[:2]), min(int(month_day[3:]), 28 if month_day[:2] == "02" else 31)
    this = date(after.year, month, day)
    return this if this > after else date(after.year + 1, month, day)
