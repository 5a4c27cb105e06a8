"""Policies: what may be accepted without a person, and how often that was wrong.

A policy has a name, a version and a scope in words. It is measured against labelled cases, and
by what people later made of what it had accepted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.proposal import Draft, Proposal, ProposalKind, ProposalState
from kratom_atlas.model.statement import Part, statement_id
from kratom_atlas.model.vocabulary import Effect, EvidenceKind, InstrumentKind, Stage
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.propose import BILLS, Origin, origin_for
from kratom_atlas.review.standing import Standing, cited, stand
from kratom_atlas.store.proposals import MACHINE, Decision, Entry, ProposalError

__all__ = ["MEASURED", "POLICIES", "Error", "Policy", "apply", "error", "policy_report"]

_State = ProposalState
_Origins = Mapping[str, Origin]


@dataclass(frozen=True)
class Error:
    """How many of a number of decisions were wrong, and what that allows to say (95 %)."""

    wrong: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the share of wrong decisions."""
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.959964, self.total, self.wrong / self.total
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True)
class Policy:
    """One policy. `judge` says why a proposal is not for it; the empty text lets it through."""

    name: str
    version: int
    scope: str
    judge: Callable[[Proposal, Standing, _Origins], str]

    @property
    def label(self) -> str:
        """How it is named in decisions and in the ledger: `structured-stage 1`."""
        return f"{self.name} {self.version}"


def _structured_stage(one: Proposal, _standing: Standing, origins: _Origins) -> str:
    body = one.instrument
    if one.kind is not ProposalKind.INSTRUMENT or body is None or one.basis.source != BILLS:
        return "not an instrument of a structured source"
    sources = [word.removeprefix("observed by ") for word in one.basis.because]
    if not any(_is_structured(origins, source) for source in sources):
        return f"no structured source of bills says so: {', '.join(sources)}"
    if one.doubts:
        return one.doubts[0]
    official = body.evidence[-1].kind is EvidenceKind.OFFICIAL_RECORD
    if body.stage.is_law and not official and len(set(sources)) < 2:
        return "that it became law is said by one private record only"
    if body.stage not in _MOVES:
        return f"a move to {body.stage.label.lower()} is for a person"
    if body.kind is InstrumentKind.RESOLUTION and body.stage.is_law:
        return "a resolution is never law"
    return ""


def _is_structured(origins: _Origins, source: str) -> bool:
    return source in origins and origins[source].kind is SourceKind.BILLS


_MOVES: Final = frozenset(
    {
        Stage.PREFILED,
        Stage.INTRODUCED,
        Stage.PASSED_FIRST_CHAMBER,
        Stage.PASSED,
        Stage.ENACTED,
        Stage.FAILED,
        Stage.VETOED,
        Stage.WITHDRAWN,
        Stage.ADOPTED,
    }
)


def _schedule_term(one: Proposal, standing: Standing, origins: _Origins) -> str:
    draft = one.provision
    if one.kind is not ProposalKind.PROVISION or draft is None:
        return "not a provision"
    if draft.effect is not Effect.SCHEDULE:
        return "not an entry of a schedule"
    origin = origin_for(origins, one.basis.source, one.basis.key)
    if origin is None or origin.text is not EvidenceKind.OFFICIAL_TEXT:
        return f"{one.basis.source} does not publish the official text"
    if origin.kind not in (SourceKind.REGULATIONS, SourceKind.STATUTES, SourceKind.ANCHOR):
        return f"{one.basis.source} does not publish schedules as they stand"
    if one.doubts:
        return one.doubts[0]
    if not draft.evidence[-1].quote:
        return "no words of the schedule are quoted"
    place = standing.placed.get(draft.jurisdiction, ())
    own = cited(draft.citation)
    if not any(own & cited(law.citation) and law.effect is Effect.SCHEDULE for law in place):
        return "its locator is not in the record"
    return _changes_words(one, draft, standing)


def _changes_words(one: Proposal, draft: Draft, standing: Standing) -> str:
    if one.subject is not None:
        try:
            same = statement_id(draft.settled()) == standing.statement(Part.PROVISION, one.subject)
        except ValueError as problem:
            return str(problem)
        return "" if same else "it would change what the record says"
    if draft.from_ is None and draft.attested is None:
        return "no first day is known"
    return ""


POLICIES: Final = (
    Policy(
        "structured-stage",
        1,
        "New bills, and stage moves of bills in the record, where a source of bills with a "
        "documented record of actions says so, the sources agree whether it is law, dead or under "
        "way, nothing goes back, and the record names kratom. That a bill became law needs an "
        "official record, or two others; one that is law already and new to the record is left "
        "to a person. It never touches a provision.",
        _structured_stage,
    ),
    Policy(
        "schedule-term",
        1,
        "That a term stands in a schedule, in the official text as it stands, at a citation that "
        "the record has for that place: as better evidence of what is recorded, or as a further "
        "substance at that citation, machine-read. It changes no words of the record.",
        _schedule_term,
    ),
)


def apply(desk: Desk, origins: _Origins, *, at: str) -> list[tuple[str, Policy]]:
    """Accept what a policy lets through; which proposals, and by which.

    What a person has decided on once is left to people, and so is what was reopened. What is
    refused at the desk stays open.
    """
    done: list[tuple[str, Policy]] = []
    lines = list(desk.proposals.store.lines())
    standing = stand(lines, desk.places)
    for entry in desk.proposals.entries():
        if entry.state is not _State.PROPOSED or _by_people(entry):
            continue
        for policy in POLICIES:
            if policy.judge(entry.proposal, standing, origins):
                continue
            try:
                new = desk.accept(
                    entry.proposal.id, actor=MACHINE, reason=f"accepted by policy {policy.label}",
                    at=at, policy=policy.label, standing=standing,
                )  # fmt: skip
            except ProposalError:
                break
            done.append((entry.proposal.id, policy))
            if new:
                lines += new
                standing = stand(lines, desk.places)
            break
    return done


def _by_people(entry: Entry) -> bool:
    return any(d.actor != MACHINE or d.state is _State.REOPENED for d in entry.decisions)


# -- how often it was wrong ------------------------------------------------------------------


MEASURED: Final[Mapping[str, Error]] = {
    "structured-stage 1": Error(wrong=1, total=28),
    "schedule-term 1": Error(wrong=0, total=6),
}
"""Of the labelled cases that each policy accepts, how many it should not have; the tests measure
it anew and must find the same.
"""


def error(policy: Policy, entries: Iterable[Entry]) -> Error:
    """Of what it accepted in a store and a person looked at since: how often that was wrong.

    A person who rejects, corrects or reopens it says that it was wrong, one who accepts it that
    it was right.
    """
    wrong = total = 0
    for entry in entries:
        mine = False
        for decision in entry.decisions:
            if decision.policy == policy.label and decision.state is _State.ACCEPTED:
                mine = True
            elif mine and decision.actor != MACHINE:
                total += 1
                wrong += decision.state is not _State.ACCEPTED
                mine = False
    return Error(wrong, total)


def policy_report(entries: Iterable[Entry] = ()) -> list[dict[str, Any]]:
    """Every policy with its scope and its error, for programs."""
    known = list(entries)
    return [
        {
            "policy": policy.name,
            "version": policy.version,
            "scope": policy.scope,
            "labelled_cases": _plain(MEASURED[policy.label]),
            "accepted_here": sum(_accepted(policy, one.decisions) for one in known),
            "reviewed_here": _plain(error(policy, known)),
        }
        for policy in POLICIES
    ]


def _accepted(policy: Policy, decisions: Iterable[Decision]) -> bool:
    return any(one.policy == policy.label for one in decisions)


def _plain(measured: Error) -> dict[str, Any]:
    low, high = measured.interval
    return {
        "decisions": measured.total,
        "wrong": measured.wrong,
        "error_low": round(low, 4),
        "error_high": round(high, 4),
    }
