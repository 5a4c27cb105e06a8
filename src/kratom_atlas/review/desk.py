"""Decisions: accept, accept with changes, reject, look again.

What is accepted becomes lines of the store's ledger, in one step with the decision; the ledger
that comes with the project is never touched. A refusal is one plain line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec.structs import replace

from kratom_atlas.model.proposal import Draft, Proposal, ProposalKind, ProposalState
from kratom_atlas.model.statement import Body, Line, Op, Part, decode_hook, statement_id
from kratom_atlas.model.time import FAR_FUTURE
from kratom_atlas.model.values import (
    NO_FIRST_DAY,
    Evidence,
    Instrument,
    Jurisdiction,
    Provision,
)
from kratom_atlas.model.vocabulary import Effect, EvidenceKind, Level, Verification
from kratom_atlas.review.standing import Standing, stand
from kratom_atlas.store.proposals import Decision, Entry, ProposalError, Proposals

__all__ = ["Desk", "body_of", "with_changes"]

MAX_ACTOR: Final = 200
MAX_REASON: Final = 800
_MAX_VALUE: Final = 4000
"""As much as a text of the model may have; the YAML library recurses for each bracket, in C."""
_OFFICIAL: Final = frozenset({EvidenceKind.OFFICIAL_TEXT, EvidenceKind.REPUBLICATION})
_LOCAL: Final = frozenset({Level.COUNTY, Level.MUNICIPALITY, Level.TRIBAL})
_State = ProposalState


@dataclass
class Desk:
    """Where decisions are taken, on what the store's ledger says at that moment."""

    proposals: Proposals
    places: Mapping[str, Jurisdiction]

    def standing(self) -> Standing:
        """What the record says now."""
        return stand(self.proposals.store.lines(), self.places)

    def accept(
        self,
        name: str,
        *,
        actor: str,
        reason: str,
        at: str,
        changes: Mapping[str, str] | None = None,
        policy: str | None = None,
        standing: Standing | None = None,
    ) -> list[Line]:
        """Have the record say what is proposed, with `changes` to its fields if any are given.

        Returns the lines that were added: none where the record says it already. To repeat a
        decision does nothing.

        Raises:
            ProposalError: why it cannot be accepted.
            StoreError: what it would change has changed since.
        """
        actor, reason = _line("actor", actor, MAX_ACTOR), _line("reason", reason, MAX_REASON)
        entry = self.proposals.entry(name)
        _may_decide(entry)
        proposal = with_changes(_latest(entry), changes or {})
        if not proposal.is_acceptable:
            assert proposal.stage is not None
            raise _refused(
                name,
                f"its instrument is {proposal.stage.label.lower()}, which is not law: only the "
                "instrument with its stage can be accepted",
            )
        judged = policy is None and "verification" not in (changes or {})
        body = body_of(proposal, entry.makers, by_person=judged)
        recorded = replace(proposal, **{proposal.part.value: _as_proposed(body)})
        if entry.state.is_recorded and _last_words(entry) == (actor, recorded):
            return []
        here = standing or self.standing()
        subject = proposal.part, body.id
        stands = here.statements.get(subject)
        _must_be_current(proposal, body, stands)
        _check(body, here, proposal)
        lines = _lines(body, stands, actor, _because(reason, name), at)
        state = _State.EDITED if changes else _State.ACCEPTED
        self.proposals.decide(
            entry, state, actor=actor, reason=reason, at=at, policy=policy, body=recorded,
            lines=lines,
        )  # fmt: skip
        return lines

    def reject(self, name: str, *, actor: str, reason: str, at: str) -> list[Line]:
        """Have the record not say it: what had been accepted is taken back.

        Raises:
            ProposalError: it cannot be taken back here.
        """
        actor, reason = _line("actor", actor, MAX_ACTOR), _line("reason", reason, MAX_REASON)
        entry = self.proposals.entry(name)
        _may_decide(entry)
        if entry.state is _State.REJECTED:
            return []
        lines = self._undone(entry, actor, _because(reason, name), at)
        self.proposals.decide(
            entry, _State.REJECTED, actor=actor, reason=reason, at=at, lines=lines
        )
        return lines

    def reopen(self, name: str, *, actor: str, reason: str, at: str) -> None:
        """Have it looked at again; what the record says stands until then."""
        actor, reason = _line("actor", actor, MAX_ACTOR), _line("reason", reason, MAX_REASON)
        entry = self.proposals.entry(name)
        _may_decide(entry)
        if entry.state.is_open:
            return
        self.proposals.decide(entry, _State.REOPENED, actor=actor, reason=reason, at=at)

    def _undone(self, entry: Entry, actor: str, reason: str, at: str) -> list[Line]:
        """The lines that take back what was accepted, to what stood before it."""
        recorded = entry.recorded
        taken_back = any(d.state is _State.REJECTED for d in _since_recorded(entry))
        if recorded is None or taken_back:
            return []
        body = body_of(recorded, (), by_person=True, settled=True)
        part = recorded.part
        history = [line for line in self.proposals.store.lines()
                   if (line.part, line.subject) == (part, body.id)]  # fmt: skip
        mine = _because("", entry.proposal.id)
        if not history or not history[-1].reason.endswith(mine):
            if history and history[-1].body == body:
                return []  # the record said so before anybody accepted it
            raise _refused(
                entry.proposal.id,
                f"{part} {body.id!r} has changed since it was accepted: correct the sheet",
            )
        stands = history[-1]
        while history and history[-1].reason.endswith(mine):
            history.pop()
        before = history[-1].body if history and history[-1].op is not Op.RETRACT else None
        if before is not None:
            return _lines(before, stands, actor, reason, at)
        users = [p.id for p in self.standing().provisions.values() if p.instrument == body.id]
        if part is Part.INSTRUMENT and users:
            raise _refused(entry.proposal.id, f"provisions rest on it: {', '.join(users)}")
        return [
            Line(
                op=Op.RETRACT, part=part, subject=body.id, statement=stands.statement,
                recorded_at=at, actor=actor, reason=reason,
            )
        ]  # fmt: skip


def with_changes(proposal: Proposal, changes: Mapping[str, str]) -> Proposal:
    """A proposal with other values in some fields: `from=2026-07-01`, `substances=[leaf, 7-oh]`,
    `qualifiers.min_age=21`; nothing after the sign takes a field away.

    Raises:
        ProposalError: there is no such field, or no such value.
    """
    if not changes:
        return proposal
    plain: dict[str, Any] = msgspec.to_builtins(proposal.body, enc_hook=str)
    for path, text in changes.items():
        *above, last = path.split(".")
        if last in ("id", "jurisdiction") or path.startswith("evidence"):
            raise _refused(proposal.id, f"{path} is not for changing")
        inner = plain
        for step in above:
            inner = inner.setdefault(step, {})
            if not isinstance(inner, dict):
                raise _refused(proposal.id, f"no field {path!r}")
        if text.strip():
            inner[last] = _value(proposal, path, text)
        else:
            inner.pop(last, None)
    try:
        body = msgspec.convert(plain, type(proposal.body), strict=False, dec_hook=decode_hook)
        return replace(proposal, **{proposal.part.value: body})
    except (msgspec.ValidationError, ValueError) as error:
        raise _refused(proposal.id, str(error)) from None


def body_of(
    proposal: Proposal, makers: Sequence[Proposal], *, by_person: bool, settled: bool = False
) -> Instrument | Provision:
    """What the record would say: with the evidence of every source, and as well verified as they
    allow. Only a person makes anything better verified than machine-read; what stands better
    verified keeps that. `settled`: as it is, of what was accepted before.

    Raises:
        ProposalError: what it still lacks.
    """
    body = proposal.body
    if not isinstance(body, Draft):
        return body
    if not settled:
        evidence = _joined(body.evidence, makers)
        named = Verification.MACHINE if proposal.subject is None else body.verification
        word = body.verification
        if word is named and by_person:
            word = max(word, _worth(evidence), key=lambda one: one.rank)
        body = replace(body, evidence=evidence, verification=word)
    if (
        proposal.kind is ProposalKind.END
        and body.effect not in (Effect.REPEAL, Effect.STAY)
        and body.to is None
    ):
        raise _refused(proposal.id, "say when it ended: --set to=YYYY-MM-DD")
    try:
        return body.settled()
    except (msgspec.ValidationError, ValueError) as error:
        raise _refused(proposal.id, f"{error}; --set gives what is missing") from None


def _as_proposed(body: Instrument | Provision) -> Instrument | Draft:
    if not isinstance(body, Provision):
        return body
    return Draft(**{name: getattr(body, name) for name in body.__struct_fields__})


def _joined(own: Iterable[Evidence], makers: Iterable[Proposal]) -> tuple[Evidence, ...]:
    """The evidence of all sources that say it, each address with its words once."""
    found = {(one.url or one.document, one.quote): one for one in own}
    for maker in makers:
        if isinstance(maker.body, Draft):
            for one in maker.body.evidence:
                found.setdefault((one.url or one.document, one.quote), one)
    return tuple(found.values())


def _worth(evidence: Iterable[Evidence]) -> Verification:
    """The best that evidence allows a person to say."""
    kinds = {one.kind for one in evidence}
    if any(one.kind in _OFFICIAL and one.quote for one in evidence):
        return Verification.PRIMARY
    if kinds & (_OFFICIAL | {EvidenceKind.OFFICIAL_RECORD}):
        return Verification.OFFICIAL_SECONDARY
    return Verification.REPORTED


# -- what may be decided ---------------------------------------------------------------------


def _may_decide(entry: Entry) -> None:
    if entry.state.is_retired:
        raise _refused(
            entry.proposal.id,
            f"{entry.state.label.lower()} ({entry.decisions[-1].reason}): nothing to decide",
        )


def _must_be_current(proposal: Proposal, body: Body, stands: Line | None) -> None:
    """That nobody changed, since it was proposed, what it would change."""
    now = stands.statement if stands else None
    mine = _because("", proposal.id)
    own = stands is not None and stands.reason.endswith(mine)
    if now in (proposal.previous, statement_id(body)) or own:
        return
    if proposal.subject is None:
        raise _refused(proposal.id, f"{body.id!r} is in the record already: edit that")
    raise _refused(
        proposal.id, f"{body.id!r} has changed since this was proposed: read the source again"
    )


def _check(body: Body, standing: Standing, proposal: Proposal) -> None:
    """What the sheets would refuse, and what needs more sources than there are."""
    if isinstance(body, Provision):
        instrument = standing.instruments.get(body.instrument)
        if instrument is None:
            raise _refused(
                proposal.id, f"accept its instrument {body.instrument!r} first: it is not recorded"
            )
        if not instrument.stage.is_law:
            raise _refused(
                proposal.id,
                f"{instrument.id!r} is recorded as {instrument.stage.label.lower()}, which is not "
                "law: accept its stage first",
            )
        if body.first is None:
            raise _refused(proposal.id, f"{NO_FIRST_DAY}; --set gives what is missing")
        _check_targets(body, standing, proposal)
        _check_overlap(body, standing, proposal)
        _check_sources(body, standing, proposal)


def _check_targets(body: Provision, standing: Standing, proposal: Proposal) -> None:
    for key in body.targets:
        target = standing.provisions.get(key)
        if target is None:
            raise _refused(proposal.id, f"the record has no provision {key!r} to end")
        missing = (
            *(s for s in target.substances if s not in body.substances),
            *(a for a in target.activities if a not in body.activities),
        )
        if missing:
            raise _refused(
                proposal.id, f"ends {key!r} only in part: {', '.join(missing)} would stay"
            )


def _check_overlap(body: Provision, standing: Standing, proposal: Proposal) -> None:
    for other in standing.placed.get(body.jurisdiction, ()):
        if (
            other.id != body.id
            and _place_in_law(other) == _place_in_law(body)
            and not set(other.substances).isdisjoint(body.substances)
            and not set(other.activities).isdisjoint(body.activities)
            and _days(other)[0] < _days(body)[1]
            and _days(body)[0] < _days(other)[1]
        ):
            raise _refused(
                proposal.id,
                f"overlaps {other.id!r}: the same act, citation, effect, substance and activity; "
                "change that one, or give the very paragraph: --set citation=...",
            )


def _place_in_law(law: Provision) -> tuple[object, ...]:
    return law.instrument, law.effect, law.citation, law.extent, law.targets


def _days(law: Provision) -> tuple[int, int]:
    first = law.first
    assert first is not None  # as every provision of what is law has
    return first.lo, law.to.lo if law.to else FAR_FUTURE


def _check_sources(body: Provision, standing: Standing, proposal: Proposal) -> None:
    """A local rule that is only reported needs two sources that do not copy each other."""
    place = standing.places.get(body.jurisdiction)
    if place is None or place.level not in _LOCAL:
        return
    if body.verification is not Verification.REPORTED:
        return
    owners = {_owner(one) for one in body.evidence}
    if len(owners) < 2:
        raise _refused(
            proposal.id,
            f"a local rule that is only reported needs two independent sources, and has "
            f"{', '.join(sorted(owners))}: add one, or --set verification=machine",
        )


def _owner(evidence: Evidence) -> str:
    """Whose page it is: the last labels of its host (`news.example.org` is `example.org`)."""
    host = (urlsplit(evidence.url or "").hostname or "").lower()
    if not host:
        return (evidence.document or "").casefold()
    labels = host.split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3:] if short else labels[-2:])


def _latest(entry: Entry) -> Proposal:
    """A proposal as it is made now, or, where nothing makes it any more, as it was recorded."""
    return entry.recorded if entry.recorded and not entry.makers else entry.proposal


def _last_words(entry: Entry) -> tuple[str, Proposal | None]:
    return entry.decisions[-1].actor, entry.decisions[-1].body


def _since_recorded(entry: Entry) -> tuple[Decision, ...]:
    last = max((n for n, d in enumerate(entry.decisions) if d.state.is_recorded), default=-1)
    return entry.decisions[last + 1 :]


# -- lines -----------------------------------------------------------------------------------


def _lines(body: Body, stands: Line | None, actor: str, reason: str, at: str) -> list[Line]:
    """What to add to a ledger so that it says `body`; nothing where it does."""
    if stands is not None and stands.body == body:
        return []
    statement = statement_id(body)
    op = Op.SUPERSEDE
    if stands is None:
        op = Op.ASSERT
    elif stands.statement == statement:
        op = Op.ACKNOWLEDGE
    part = Part.INSTRUMENT if isinstance(body, Instrument) else Part.PROVISION
    named: dict[str, Any] = {part.value: body}
    return [
        Line(
            op=op, part=part, subject=body.id, statement=statement,
            previous=stands.statement if stands and op is Op.SUPERSEDE else None,
            recorded_at=at, actor=actor, reason=reason, **named,
        )
    ]  # fmt: skip


def _because(reason: str, name: str) -> str:
    return f"{reason} (proposal {name})"


def _value(proposal: Proposal, path: str, text: str) -> Any:
    """A value as a sheet would have it; every scalar is text, and checked by the model."""
    if len(text) > _MAX_VALUE:
        raise _refused(proposal.id, f"{path} has {len(text)} characters: at most {_MAX_VALUE}")
    try:
        return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 (makes nothing but text)
    except yaml.YAMLError:
        raise _refused(proposal.id, f"{path}: {text!r} is not a value of a sheet") from None


def _line(name: str, text: str, limit: int) -> str:
    words = text.strip()
    if not words:
        raise ProposalError(f"no {name}: say who decides, and why")
    if len(words) > limit:
        raise ProposalError(f"{name} has {len(words)} characters: write at most {limit}")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in words):
        raise ProposalError(f"{name} has a line break or control character: write one plain line")
    return words


def _refused(name: str, why: str) -> ProposalError:
    return ProposalError(f"{name}: {why}")
