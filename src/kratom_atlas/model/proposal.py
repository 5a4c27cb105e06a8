"""Proposals: what a reading would have the record say, and what became of that.

A proposal says nothing of the law until somebody, or a named policy, has accepted it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from kratom_atlas.model.reading import Span
from kratom_atlas.model.statement import Part, decode_hook
from kratom_atlas.model.values import (
    DivisionId,
    Instrument,
    Key,
    Provision,
    Sha256,
    Text,
    Value,
)
from kratom_atlas.model.vocabulary import Activity, Stage, Substance, Word

__all__ = ["Basis", "Draft", "Proposal", "ProposalKind", "ProposalState", "name_of"]


class ProposalKind(Word):
    """What a proposal is about."""

    INSTRUMENT = ("instrument", "Instrument", "A new instrument, or the stage it has come to.")
    PROVISION = ("provision", "Provision", "A legal effect, new or other than recorded.")
    END = ("end", "End of a provision", "A recorded provision was repealed, or has vanished.")


class ProposalState(Word):
    """What became of a proposal."""

    PROPOSED = ("proposed", "Proposed", "Nobody has decided on it.")
    ACCEPTED = ("accepted", "Accepted", "The record says it.")
    EDITED = ("edited", "Accepted with changes", "The record says it as somebody corrected it.")
    REJECTED = ("rejected", "Rejected", "The record does not say it.")
    REOPENED = ("reopened", "Reopened", "The text that it rests on is another now: look again.")
    SUPERSEDED = ("superseded", "Superseded", "The text now says something else in its place.")
    WITHDRAWN = ("withdrawn", "Withdrawn", "A newer reading no longer proposes it.")

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self in (ProposalState.PROPOSED, ProposalState.REOPENED)

    @property
    def is_recorded(self) -> bool:
        """Whether the record says it."""
        return self in (ProposalState.ACCEPTED, ProposalState.EDITED)

    @property
    def is_retired(self) -> bool:
        """Whether no reading makes it any more."""
        return self in (ProposalState.SUPERSEDED, ProposalState.WITHDRAWN)


class Draft(Provision, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A provision as proposed: it may still lack what one needs, its first day above all."""

    substances: tuple[Substance, ...] = ()
    activities: tuple[Activity, ...] = ()

    def __post_init__(self) -> None:
        """A draft is checked when it is accepted."""

    def settled(self) -> Provision:
        """The provision itself.

        Raises:
            ValueError: what it still lacks.
        """
        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        return msgspec.convert(plain, Provision, dec_hook=decode_hook)


class Basis(Value, frozen=True, kw_only=True):
    """What a proposal rests on.

    `source` and `key` name the observation, `text_sha256` the text that was read of it (absent
    where it follows from a structured record), `reader` who read it. `spans` are the evidence in
    that text; `passage` is the part of it around them, and `marks` where they are in `passage`.
    `because` are the rules that fired, or the words of the record.
    """

    source: str
    key: str
    reader: str
    text_sha256: Sha256 | None = None
    spans: tuple[Span, ...] = ()
    passage: str = ""
    marks: tuple[Span, ...] = ()
    because: tuple[str, ...] = ()


class Proposal(Value, frozen=True, kw_only=True):
    """One thing that the record might say.

    `id` follows from what is proposed and not from where it was read; `slot` is the place that it
    would take, so that another proposal for the same one competes with it. `subject` is what it
    changes in the record, `previous` the statement that stood there when it was made. `stage` is
    that of its instrument: what a bill would do is no law. `doubts` are the reasons for which a
    person should look, in words.
    """

    id: Key
    slot: Key
    kind: ProposalKind
    jurisdiction: DivisionId
    basis: Basis
    stage: Stage | None = None
    subject: Key | None = None
    previous: str | None = None
    instrument: Instrument | None = None
    provision: Draft | None = None
    doubts: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        if (self.instrument is None) == (self.provision is None):
            raise ValueError("a proposal holds one instrument or one provision")

    @property
    def body(self) -> Instrument | Draft:
        """What it would have the record say."""
        body = self.instrument or self.provision
        assert body is not None
        return body

    @property
    def part(self) -> Part:
        """Which kind of subject it is about; also the name of the field that holds it."""
        return Part.INSTRUMENT if self.instrument is not None else Part.PROVISION

    @property
    def is_law(self) -> bool:
        """Whether its instrument is, or has been, law."""
        return self.stage is None or self.stage.is_law

    @property
    def is_acceptable(self) -> bool:
        """Whether it may be accepted at all: what a bill would do may not, its stage may."""
        return self.is_law or self.kind is ProposalKind.INSTRUMENT


def name_of(prefix: str, *parts: object) -> str:
    """A natural key that follows from `parts` alone."""
    encoded = msgspec.json.encode([msgspec.to_builtins(p, enc_hook=str) for p in parts])
    return f"{prefix}-{hashlib.sha256(encoded).hexdigest()[:16]}"
