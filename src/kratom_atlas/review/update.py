"""One round of review: read what is new, propose, and let the policies accept what is safe."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from msgspec import structs

from kratom_atlas.model.observation import Observation
from kratom_atlas.model.proposal import Proposal
from kratom_atlas.model.reading import Reading
from kratom_atlas.model.time import PartialDate
from kratom_atlas.read.instruments import Bill, bills
from kratom_atlas.review import policies
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.propose import (
    BILLS,
    MACHINE_RECORD,
    Origin,
    Read,
    bill_slot,
    origin_for,
    propose,
    propose_bill,
)
from kratom_atlas.review.standing import Standing
from kratom_atlas.review.texts import ToRead, to_read
from kratom_atlas.store.crawls import Archive, moment
from kratom_atlas.store.database import StoreError
from kratom_atlas.store.proposals import Entry, Made, Seen

__all__ = ["Reader", "Round", "update"]

log = logging.getLogger(__name__)

Reader = Callable[[ToRead], Read | None]
"""Reads one text; None where there is none to be had."""
_Days = Mapping[tuple[str, str], PartialDate]
"""By source and key of a document."""


@dataclass
class Round:
    """What one round came to. `unread` counts texts that could not be had, `accepted` what each
    policy accepted, `open` the proposals that wait for a person; what bills would do is none.
    """

    texts: int = 0
    unread: int = 0
    failed: int = 0
    skipped: int = 0
    made: Made = field(default_factory=Made)
    accepted: dict[str, int] = field(default_factory=dict)
    open: int = 0


def update(
    archive: Archive,
    desk: Desk,
    read: Reader,
    origins: Mapping[str, Origin],
    *,
    reader: str,
    now: datetime,
    again: bool = False,
) -> Round:
    """Go over what stands in the archive; `again` reads also what `reader` has read as it is."""
    at = moment(now)
    found = Round()
    observed = list(archive.standing())
    standing = desk.standing()
    days = _last_seen(archive, observed)
    last = desk.proposals.last_read()
    stale = _stale(desk.proposals.entries(), standing)
    visited: set[tuple[str, str]] = set()
    for slot, ours in _by_slot(observed, standing).items():
        visited.add((BILLS, slot))
        with _on_its_own(found, f"{ours[0].sources[0]}: {ours[0].shown.key}"):
            proposed = _of_bills(ours, origins, standing, days)
            found.made.add(desk.proposals.make(_bill_seen(slot), proposed, at=at))
    for text in to_read(observed):
        document = text.document
        if document is None:
            found.unread += 1
            continue
        visited.add((text.source, document.key))
        before = last.get((text.source, document.key))
        wanted = Seen(text.source, document.key, document.text_sha256, f"{reader} {_mark(text)}")
        if before == wanted and not again and (text.source, document.key) not in stale:
            found.skipped += 1
            continue
        with _on_its_own(found, f"{text.source}: {document.key}"):
            result = read(text)
            if result is None:
                found.unread += 1
                continue
            day = days[text.source, document.key]
            made = _propose(desk, text, result, wanted, origins, standing, day, at, before)
            found.texts += 1
            found.made.add(made)
    for key in last.keys() - visited:  # a version that a later one has replaced
        gone = replace(last[key], reader="replaced")
        found.made.add(desk.proposals.make(gone, (), at=at))
    for _, policy in policies.apply(desk, origins, at=at):
        found.accepted[policy.name] = found.accepted.get(policy.name, 0) + 1
    found.open = sum(
        entry.state.is_open and entry.proposal.is_acceptable for entry in desk.proposals.entries()
    )
    return found


@contextmanager
def _on_its_own(found: Round, name: str) -> Iterator[None]:
    """One document must not keep all the others from being read; what is known of it stands."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:300]
        log.error("%s cannot be read: %s: %s", name, type(error).__name__, why)
        log.debug("%s", name, exc_info=True)
        found.failed += 1


def _last_seen(archive: Archive, observed: Iterable[tuple[str, Observation]]) -> _Days:
    """The day on which its source last showed each document as it stands in the archive.

    That is the day for evidence; it may be long before the day of a round.
    """
    return {
        (source, known.key): PartialDate(known.last_seen[:10])
        for source in dict.fromkeys(source for source, _ in observed)
        for known in archive.known(source).values()
        if known.last_seen
    }


def _by_slot(
    observed: Iterable[tuple[str, Observation]], standing: Standing
) -> dict[str, list[Bill]]:
    slots: dict[str, list[Bill]] = defaultdict(list)
    for bill in bills(observed):
        slots[bill_slot(bill, standing)].append(bill)
    return slots


def _of_bills(
    ours: Sequence[Bill], origins: Mapping[str, Origin], standing: Standing, days: _Days
) -> list[Proposal]:
    """What the records of actions of a slot propose: nothing where the record says it already.

    Two bills in one slot make each other doubtful.
    """
    proposed: list[Proposal] = []
    for bill in ours:
        seen_on = max(day for source in bill.sources if (day := days.get((source, bill.shown.key))))
        proposed += propose_bill(bill, origins, standing, seen_on=seen_on)
    if len(ours) < 2:
        return proposed
    doubt = "the sources show several bills of this number in this session"
    return [structs.replace(one, doubts=(*one.doubts, doubt)) for one in proposed]


def _stale(entries: Iterable[Entry], standing: Standing) -> frozenset[tuple[str, str]]:
    """The documents with a proposal to change what has itself been changed since."""
    return frozenset(
        (maker.basis.source, maker.basis.key)
        for entry in entries
        if entry.state.is_open and (subject := entry.proposal.subject) is not None
        if standing.statement(entry.proposal.part, subject) != entry.proposal.previous
        for maker in entry.makers
    )


def _propose(
    desk: Desk,
    text: ToRead,
    result: Read,
    seen: Seen,
    origins: Mapping[str, Origin],
    standing: Standing,
    day: PartialDate,
    at: str,
    before: Seen | None,
) -> Made:
    origin = origin_for(origins, text.source, seen.key)
    if origin is None:
        return Made()  # a source that is no longer declared says nothing new
    was: Reading | None = None
    if before is not None and before.text_sha256 != seen.text_sha256:
        was = desk.proposals.reading(seen.source, seen.key)
    made = propose(result, text, origin, standing, seen_on=day, before=was)
    return desk.proposals.make(seen, made, at=at, reading=result.reading)


def _mark(text: ToRead) -> str:
    """What besides its text decides what a text proposes: the stage of its bill."""
    if text.bill is None:
        return "as it stands"
    shown = text.bill.shown
    return f"{shown.stage.value} {shown.enacted or ''} {shown.effective or ''}".strip()


def _bill_seen(slot: str) -> Seen:
    return Seen(BILLS, slot, None, MACHINE_RECORD)
