"""What people are shown of a proposal: its evidence, what it would change, what stood before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from kratom_atlas.model.proposal import Proposal, ProposalKind, ProposalState, name_of
from kratom_atlas.model.reading import Span
from kratom_atlas.model.values import Instrument
from kratom_atlas.review.standing import Standing
from kratom_atlas.store.proposals import Entry

__all__ = [
    "STATES",
    "Row",
    "chosen",
    "headline",
    "last_accepted",
    "plain",
    "rows",
    "segments",
    "version_of",
    "visible",
]


class Row(NamedTuple):
    """One field of what is proposed, and what the record says in its place."""

    name: str
    proposed: str
    recorded: str

    @property
    def differs(self) -> bool:
        """Whether the record says something else."""
        return self.proposed != self.recorded


def chosen(
    entries: Iterable[Entry],
    standing: Standing,
    *,
    state: str = "",
    place: str = "",
    source: str = "",
    bills: bool = True,
) -> list[Entry]:
    """The proposals in one of `STATES` (`open`: those that wait), of a place, from a source;
    without `bills` none of what bills would do, which nobody can accept.
    """
    return [
        entry
        for entry in entries
        if (bills or entry.proposal.is_acceptable)
        and (state in ("", "all", entry.state.value) or (state == "open" and entry.state.is_open))
        and (not place or standing.code(entry.proposal.jurisdiction) == place.upper())
        and (not source or source in _sources(entry))
    ]


def _sources(entry: Entry) -> frozenset[str]:
    made = (entry.proposal, *entry.makers)
    told = {word.removeprefix("observed by ") for one in made for word in one.basis.because}
    return frozenset({one.basis.source for one in made} | told)


def headline(proposal: Proposal, standing: Standing) -> str:
    """A proposal in one line: `US-RI: H 5565 (2025) comes to: passed one chamber`."""
    place = standing.code(proposal.jurisdiction)
    body = proposal.body
    if isinstance(body, Instrument):
        name = " ".join(filter(None, (body.number, f"({body.session})" if body.session else "")))
        verb = "comes to" if proposal.subject else "is new"
        return f"{place}: {name or body.title[:80]} {verb}: {body.stage.label.lower()}"
    substances = ", ".join(one.label for one in body.substances) or "what is not read"
    verb = "ends" if proposal.kind is ProposalKind.END else body.effect.label.lower()
    law = "" if proposal.is_law else f" if {body.instrument} becomes law"
    return f"{place}: {body.citation[:80]} {verb} {substances}{law}"


def visible(text: str) -> str:
    """Text of foreign origin with a sign in the place of whatever steers a terminal or the order
    of letters; as long as it was.
    """
    return _STEERING.sub("\ufffd", text)


# Control characters but for tab and line feed, and marks that turn the direction of text around.
_STEERING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def segments(passage: str, marks: Sequence[Span]) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it is evidence; nothing of it is lost."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for start, end in sorted(marks):
        start, end = max(start, at), min(max(end, at), len(passage))
        if end <= start:
            continue
        if start > at:
            pieces.append((passage[at:start], False))
        pieces.append((passage[start:end], True))
        at = end
    if at < len(passage):
        pieces.append((passage[at:], False))
    return pieces


def rows(proposal: Proposal, standing: Standing) -> list[Row]:
    """Every field of what is proposed or recorded, evidence left out."""
    now: Any = None
    if proposal.subject is not None:
        line = standing.statements.get((proposal.part, proposal.subject))
        now = line.body if line else None
    proposed, recorded = _fields(proposal.body), _fields(now) if now is not None else {}
    names = [*proposed, *(name for name in recorded if name not in proposed)]
    return [Row(name, proposed.get(name, ""), recorded.get(name, "")) for name in names]


def last_accepted(entry: Entry, entries: Iterable[Entry], standing: Standing) -> str:
    """The text on which something was last accepted in the place of a proposal."""
    proposal = entry.proposal
    accepted = [
        (decision.id, decision.body.basis.passage)
        for other in entries
        if other.proposal.slot == proposal.slot
        for decision in other.decisions
        if decision.state.is_recorded and decision.body is not None
    ]
    if accepted:
        return max(accepted)[1]
    law = standing.provisions.get(proposal.subject or "")
    return "\n".join(one.quote for one in law.evidence if one.quote) if law else ""


def version_of(entry: Entry) -> str:
    """What there is to see of a proposal, as one word: another once it, the texts that make it or
    the decisions on it are others.
    """
    return name_of("v", entry.last, entry.proposal, entry.makers)


def plain(entry: Entry, standing: Standing) -> dict[str, Any]:
    """A proposal for programs."""
    proposal = entry.proposal
    told: dict[str, Any] = msgspec.to_builtins(proposal, enc_hook=str)
    return {
        **told,
        "state": entry.state.value,
        "place": standing.code(proposal.jurisdiction),
        "headline": headline(proposal, standing),
        "is_law": proposal.is_law,
        "sources": sorted(_sources(entry)),
        "decisions": [
            {"state": d.state.value, "actor": d.actor, "reason": d.reason, "at": d.decided_at,
             "policy": d.policy}
            for d in entry.decisions
        ],
    }  # fmt: skip


def _fields(body: Any) -> dict[str, str]:
    told: dict[str, Any] = msgspec.to_builtins(body, enc_hook=str)
    return {
        name: _shown(value)
        for name, value in told.items()
        if name not in ("id", "jurisdiction", "evidence")
    }


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(one) for one in value)
    return str(value)


STATES: Final = ("open", "all", *(state.value for state in ProposalState))
"""What lists can be narrowed to."""
