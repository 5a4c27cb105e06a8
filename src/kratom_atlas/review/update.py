"""One round of review: read what is new, propose, and let the policies accept what is safe."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from msgspec import structs

from kratom_atlas.model.observation import Observation
from kratom_atlas.model.proposal import Proposal
from kratom_atlas.model.reading import Reading
from kratom_atlas.model.time import PartialDate
from kratom_atlas.read.instruments import bills
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
from kratom_atlas.store.proposals import Entry, Made, Seen

__all__ = ["Reader", "Round", "update"]

log = logging.getLogger(__name__)

Reader = Callable[[ToRead], Read | None]
"""Reads one text; None where there is none to be had."""


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
    at, today = moment(now), PartialDate(f"{now:%Y-%m-%d}")
    found = Round()
    observed = list(archive.standing())
    standing = desk.standing()
    last = desk.proposals.last_read()
    stale = _stale(desk.proposals.entries(), standing)
    visited: set[tuple[str, str]] = set()
    for slot, proposed in _of_bills(observed, origins, standing, today).items():
        visited.add((BILLS, slot))
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
        try:
            result = read(text)
        except Exception:
            # One text must not keep all the others from being read; what is known of it stands.
            log.exception("%s: %s cannot be read", text.source, document.key)
            found.failed += 1
            continue
        if result is None:
            found.unread += 1
            continue
        found.texts += 1
        made = _propose(desk, text, result, wanted, origins, standing, today, at, before)
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


def _of_bills(
    observed: Iterable[tuple[str, Observation]],
    origins: Mapping[str, Origin],
    standing: Standing,
    today: PartialDate,
) -> dict[str, list[Proposal]]:
    """What the records of actions propose, by slot; two bills in one slot make each other doubtful.

    What the record says already has its slot too, without a proposal.
    """
    slots: dict[str, list[Proposal]] = {}
    several: Counter[str] = Counter()
    for bill in bills(observed):
        slot = bill_slot(bill, standing)
        several[slot] += 1
        slots.setdefault(slot, []).extend(propose_bill(bill, origins, standing, seen_on=today))
    doubt = "the sources show several bills of this number in this session"
    return {
        slot: [
            structs.replace(one, doubts=(*one.doubts, doubt)) if several[slot] > 1 else one
            for one in proposed
        ]
        for slot, proposed in slots.items()
    }


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
    today: PartialDate,
    at: str,
    before: Seen | None,
) -> Made:
    origin = origin_for(origins, text.source, seen.key)
    if origin is None:
        return Made()  # a source that is no longer declared says nothing new
    was: Reading | None = None
    if before is not None and before.text_sha256 != seen.text_sha256:
        was = desk.proposals.reading(seen.source, seen.key)
    made = propose(result, text, origin, standing, seen_on=today, before=was)
    return desk.proposals.make(seen, made, at=at, reading=result.reading)


def _mark(text: ToRead) -> str:
    """What besides its text decides what a text proposes: the stage of its bill."""
    if text.bill is None:
        return "as it stands"
    shown = text.bill.shown
    return f"{shown.stage.value} {shown.enacted or ''} {shown.effective or ''}".strip()


def _bill_seen(slot: str) -> Seen:
    return Seen(BILLS, slot, None, MACHINE_RECORD)
