"""What if: the record as it would be if what is proposed were law. Never an answer of its own.

Nothing of the resolver is repeated or bent for it: a record is made in which the chosen
instruments are enacted and their provisions in force from one day on, and that is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Final

from msgspec.structs import replace

from kratom_atlas.model.statement import Line
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Instrument, Provision
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.resolve.record import Record, View

__all__ = ["PENDING", "latest_day", "pending", "suppose"]

PENDING: Final = frozenset(
    {Stage.PREFILED, Stage.INTRODUCED, Stage.PASSED_FIRST_CHAMBER, Stage.PASSED}
)
"""Stages of what may still become law."""

_NO_PROPOSALS: Final = frozenset(
    {
        InstrumentKind.RESOLUTION,
        InstrumentKind.COURT_DECISION,
        InstrumentKind.AG_OPINION,
        InstrumentKind.GUIDANCE,
    }
)
"""Kinds that say something and never become law by passing."""

_DAY: Final = re.compile(r"\b20\d\d-\d\d(?:-\d\d)?\b", re.ASCII)
_YEAR: Final = re.compile(r"\b(20\d\d)(?:-(\d{4}|\d\d))?\b", re.ASCII)
_SILENT_AFTER: Final = 730
"""Days without a recorded action after which a session without a year is taken to be over."""


def suppose(view: View, instruments: Collection[str], day: int) -> View:
    """The view in which those of `instruments` that are pending are law from `day` on.

    `day` is an ordinal. A provision that would have ended by then stays as it is; so does what
    is law already, and what never becomes law.
    """
    acts = view.instruments
    chosen = frozenset(key for key in instruments if key in acts and _may_pass(acts[key]))
    if not chosen:
        return view
    first = PartialDate(date.fromordinal(day).isoformat())
    lines = [_supposed(line, chosen, first) for line in view.record.lines]
    return Record(lines, view.record.register).at(view.known)


def _supposed(line: Line, chosen: frozenset[str], day: PartialDate) -> Line:
    act, rule = line.instrument, line.provision
    if act is not None and act.id in chosen and _may_pass(act):
        began = act.introduced if act.introduced and act.introduced.lo <= day.lo else None
        ends = act.ends if act.ends and act.ends.lo > day.lo else None
        enacted = replace(
            act, stage=Stage.ENACTED, introduced=began, enacted=day, effective=None, ends=ends
        )
        return replace(line, instrument=enacted)
    if rule is not None and rule.instrument in chosen and not _over(rule, day):
        return replace(line, provision=replace(rule, from_=day, attested=None))
    return line


def _over(rule: Provision, day: PartialDate) -> bool:
    return rule.to is not None and rule.to.hi <= day.lo + 1


def _may_pass(act: Instrument) -> bool:
    return act.stage in PENDING and act.kind not in _NO_PROPOSALS


def pending(view: View, day: int) -> tuple[Instrument, ...]:
    """What is known to be proposed on `day` and may still become law, by id.

    What belongs to a session that is over is left out: whether it died was not found, and it
    moves no more.
    """
    acts = (i for i in view.instruments.values() if i.jurisdiction in view.record.index)
    found = (
        act
        for act in acts
        if _may_pass(act)
        and not (act.introduced and act.introduced.lo > day)
        and not _session_over(act, day)
    )
    return tuple(sorted(found, key=lambda act: act.id))


def latest_day(act: Instrument, day: int) -> PartialDate | None:
    """The latest day, not after `day`, that the record names for a proposal."""
    texts = [act.note or "", *(e.locator or "" for e in act.evidence)]
    named = [match for text in texts for match in _DAY.findall(text)]
    days = [act.introduced, *(_dated(text) for text in named)]
    past = [found for found in days if found is not None and found.lo <= day]
    return max(past, key=lambda found: (found.lo, len(found)), default=None)


def _session_over(act: Instrument, day: int) -> bool:
    years = [year for match in _YEAR.finditer(act.session or "") for year in _years(match)]
    if years:
        return max(years) < date.fromordinal(day).year
    latest = latest_day(act, day)
    if latest is None:
        # What is filed ahead of its session has no action yet; anything else would have one.
        return act.stage is not Stage.PREFILED
    return latest.hi <= day - _SILENT_AFTER


def _years(match: re.Match[str]) -> tuple[int, ...]:
    first, last = match.groups()
    return (int(first), int(first[: 4 - len(last)] + last)) if last else (int(first),)


def _dated(text: str) -> PartialDate | None:
    try:
        return PartialDate(text)
    except ValueError:
        return None
