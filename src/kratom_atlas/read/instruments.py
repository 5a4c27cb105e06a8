"""Bills as all sources together show them: one for each, with its forerunners.

Sources name a session each in its own way (`2025-2026`, `2025_26`, `89R`, `119`), and one may be
days behind another. Two observations are of one bill if place and number are the same, the years
of their sessions meet, and either an action of one day or most of the title is the same. What the
sources disagree on is shown, never averaged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kratom_atlas.model.observation import Observation, TrackedInstrument
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import Stage
from kratom_atlas.read.lifecycle import forerunners, normal_number

__all__ = ["Bill", "bills"]

_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SHORT_SPAN: Final = re.compile(r"((?:19|20)\d\d)[-_/](\d\d)(?!\d)")
_WORD: Final = re.compile(r"[a-z0-9]+")
_SAME_TITLE: Final = 0.5


@dataclass(frozen=True)
class Bill:
    """One bill. `shown` is the observation that knows most of late, `sources` who observed it.

    `others` are the stages that other sources give it (`us_legiscan: introduced`); `forerunners`
    the keys of the bills of earlier sessions that it takes up.
    """

    shown: TrackedInstrument
    sources: tuple[str, ...]
    others: tuple[str, ...]
    forerunners: tuple[str, ...]

    @property
    def last(self) -> PartialDate | None:
        """The day of its last action."""
        return _last(self.shown)


def bills(standing: Iterable[tuple[str, Observation]]) -> list[Bill]:
    """Join what sources observed; in the order of places, sessions and numbers."""
    by_number: dict[tuple[str, str], list[tuple[str, TrackedInstrument]]] = defaultdict(list)
    for source, one in standing:
        if isinstance(one, TrackedInstrument):
            by_number[one.jurisdiction, _number(one)].append((source, one))
    joined = [group for found in by_number.values() for group in _groups(found)]
    shown = [_best(group) for group in joined]
    by_place: dict[str, list[TrackedInstrument]] = defaultdict(list)
    for one in shown:
        by_place[one.jurisdiction].append(one)
    made = [
        Bill(
            shown=one,
            sources=tuple(sorted({source for source, _ in group})),
            others=tuple(
                sorted({f"{s}: {o.stage.value}" for s, o in group if o.stage is not one.stage})
            ),
            forerunners=one.forerunners
            or forerunners(
                _number(one), one.title, by_place[one.jurisdiction],
                jurisdiction=one.jurisdiction, session=one.session,
            ),
        )
        for group, one in zip(joined, shown, strict=True)
    ]  # fmt: skip
    return sorted(made, key=lambda bill: (bill.shown.jurisdiction, bill.shown.key))


def _number(one: TrackedInstrument) -> str:
    return normal_number(one.number or one.key.rpartition("/")[2])


def _groups(
    found: Sequence[tuple[str, TrackedInstrument]],
) -> list[list[tuple[str, TrackedInstrument]]]:
    """Which of the observations of one number are of one bill."""
    groups: list[list[tuple[str, TrackedInstrument]]] = []
    for pair in found:
        mine = [group for group in groups if any(_same(pair[1], other) for _, other in group)]
        joined = [pair, *(one for group in mine for one in group)]
        groups = [group for group in groups if group not in mine] + [joined]
    return groups


def _same(one: TrackedInstrument, other: TrackedInstrument) -> bool:
    if one.key == other.key:
        return True
    if not _years(one) & _years(other):
        return False
    days = {action.date for action in one.actions if action.date}
    if days & {action.date for action in other.actions if action.date}:
        return True
    words, theirs = _words(one.title), _words(other.title)
    return bool(words | theirs) and len(words & theirs) / len(words | theirs) >= _SAME_TITLE


def _years(one: TrackedInstrument) -> frozenset[int]:
    """The years of its session; where the session is a number, those of its actions."""
    span = _SHORT_SPAN.search(one.session)
    if span:
        first = int(span[1])
        return frozenset(range(first, max(first, first // 100 * 100 + int(span[2])) + 1))
    named = [int(year) for year in _YEAR.findall(one.session)]
    if named:
        return frozenset(range(min(named), min(max(named), min(named) + 4) + 1))
    return frozenset(int(action.date[:4]) for action in one.actions if action.date)


def _words(title: str) -> frozenset[str]:
    return frozenset(_WORD.findall(title.lower()))


def _best(group: Sequence[tuple[str, TrackedInstrument]]) -> TrackedInstrument:
    """The one whose last action is the latest; of these, the one that came furthest."""
    return max(
        (one for _, one in group),
        key=lambda one: (_last(one) or "", _FAR.get(one.stage, 0), len(one.actions), one.key),
    )


def _last(one: TrackedInstrument) -> PartialDate | None:
    return max((a.date for a in one.actions if a.date), default=None)


_FAR: Final = {stage: stage.rank for stage in Stage}
