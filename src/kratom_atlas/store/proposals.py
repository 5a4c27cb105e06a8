"""What readings proposed, and what was decided: only ever added to.

Each reading of a document is kept with everything that it proposes, so what a document proposes
now is the last reading of it, and what became of a proposal is the last decision on it. A
decision and the lines of the ledger that follow from it are written together or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.engine import Connection

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.proposal import Proposal, ProposalState
from kratom_atlas.model.reading import Reading
from kratom_atlas.model.statement import Line, decode_hook
from kratom_atlas.model.time import PartialDate
from kratom_atlas.store.database import Store, plainly, writing

__all__ = ["Decision", "Entry", "Made", "ProposalError", "Proposals", "Rest", "Seen"]

MACHINE: Final = "kratom-atlas"
"""The actor of what follows from a reading, and not from anybody's judgement."""

_metadata: Final = sa.MetaData()
_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_reading: Final = sa.Table(
    "reading",
    _metadata,
    sa.Column("id", _ID, primary_key=True),
    *(sa.Column(n, sa.Text) for n in ("source", "key", "text_sha256", "reader", "made_at", "body")),
)
_proposal: Final = sa.Table(
    "proposal",
    _metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("reading", sa.BigInteger),
    *(sa.Column(n, sa.Text) for n in ("name", "slot", "body")),
)
_decision: Final = sa.Table(
    "decision",
    _metadata,
    sa.Column("id", _ID, primary_key=True),
    *(sa.Column(n, sa.Text) for n in ("proposal", "state", "actor", "reason", "decided_at")),
    *(sa.Column(n, sa.Text) for n in ("policy", "rests", "body")),
)
_State = ProposalState


class ProposalError(AtlasError):
    """A decision that cannot be made."""


@dataclass(frozen=True)
class Seen:
    """Which text was read, and by which reader."""

    source: str
    key: str
    text_sha256: str | None
    reader: str


@dataclass(frozen=True)
class Rest:
    """A text that a decision rests on, and, of one that was reopened, the text there now."""

    source: str
    key: str
    text_sha256: str | None
    now: str | None = None


@dataclass(frozen=True)
class Decision:
    """One step in the life of a proposal. `policy` is the name and version of the one that took
    it; `body` what was put into the record.
    """

    id: int
    proposal: str
    state: ProposalState
    actor: str
    reason: str
    decided_at: str
    policy: str | None
    rests: tuple[Rest, ...]
    body: Proposal | None


@dataclass(frozen=True)
class Entry:
    """A proposal as it was last made, what was decided, and every document that makes it now.

    `makers` are the ways in which the documents state it, one for each; none where no reading
    makes it any more.
    """

    proposal: Proposal
    made_at: str
    decisions: tuple[Decision, ...]
    makers: tuple[Proposal, ...]

    @property
    def state(self) -> ProposalState:
        """What became of it."""
        return self.decisions[-1].state if self.decisions else _State.PROPOSED

    @property
    def last(self) -> int:
        """The last decision, by which a later one is told from a concurrent one."""
        return self.decisions[-1].id if self.decisions else 0

    @property
    def recorded(self) -> Proposal | None:
        """What of it was last put into the record."""
        return next((d.body for d in reversed(self.decisions) if d.state.is_recorded), None)


@dataclass
class Made:
    """What one reading, or many, came to."""

    readings: int = 0
    proposed: int = 0
    withdrawn: int = 0
    superseded: int = 0
    reopened: int = 0

    def add(self, other: Made) -> None:
        """Count what another came to as well."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


class Proposals:
    """The review's side of a store. Safe to use from several processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def store(self) -> Store:
        """The store that also holds the ledger."""
        return self._store

    # -- what is there ---------------------------------------------------------------------------

    def last_read(self) -> dict[tuple[str, str], Seen]:
        """The last reading of each document, by source and key."""
        last = sa.select(sa.func.max(_reading.c.id)).group_by(_reading.c.source, _reading.c.key)
        query = sa.select(
            _reading.c.source, _reading.c.key, _reading.c.text_sha256, _reading.c.reader
        ).where(_reading.c.id.in_(last))
        with self._reading() as connection:
            return {(row[0], row[1]): Seen(*row) for row in connection.execute(query)}

    def reading(self, source: str, key: str) -> Reading | None:
        """What was last read in a document."""
        query = (
            sa.select(_reading.c.body)
            .where(_reading.c.source == source, _reading.c.key == key)
            .order_by(_reading.c.id.desc())
            .limit(1)
        )
        with self._reading() as connection:
            body = connection.scalar(query)
        return msgspec.json.decode(body, type=Reading, dec_hook=decode_hook) if body else None

    def entries(self) -> list[Entry]:
        """Every proposal that was ever made, in the order in which they first were."""
        with self._reading() as connection:
            return _entries(connection)

    def entry(self, name: str) -> Entry:
        """One proposal.

        Raises:
            ProposalError: there is none of that name.
        """
        with self._reading() as connection:
            found = _entries(connection, [name])
        if not found:
            raise ProposalError(f"no proposal {name!r}: `kratom-atlas review list` names them")
        return found[0]

    # -- what happens ----------------------------------------------------------------------------

    def make(
        self, seen: Seen, proposals: Iterable[Proposal], *, at: str, reading: Reading | None = None
    ) -> Made:
        """Say what a document proposes now. To say the same again, of a later look, adds nothing.

        What it no longer proposes is withdrawn, or superseded where something else takes its
        place. What was decided on another text of it is reopened.

        Raises:
            ProposalError: something of it could not be read again; nothing was recorded.
        """
        wanted = {one.id: one for one in proposals}
        made = Made()
        with self._writing() as connection:
            before, was, last = _last_set(connection, seen)
            same = last == seen and before == {name: _gist(one) for name, one in wanted.items()}
            if same or not (last or wanted or reading):
                return made
            _must_be_readable(wanted.values(), reading)
            texts_differ = last is not None and last.text_sha256 != seen.text_sha256
            made.readings = 1
            made.proposed = len(wanted.keys() - was)
            _record(connection, seen, wanted, at, reading)
            elsewhere = _made_elsewhere(connection, seen)
            slots = {one.slot for one in wanted.values()}
            for entry in _entries(connection, _names_of(seen)):
                step = _step(entry, seen, wanted, slots, before, elsewhere, texts_differ)
                if step is None:
                    continue
                state, reason, rests = step
                made.reopened += state is _State.REOPENED
                made.withdrawn += state is _State.WITHDRAWN
                made.superseded += state is _State.SUPERSEDED
                _decide(connection, entry.proposal.id, state, MACHINE, reason, at, rests=rests)
        return made

    def decide(
        self,
        entry: Entry,
        state: ProposalState,
        *,
        actor: str,
        reason: str,
        at: str,
        policy: str | None = None,
        body: Proposal | None = None,
        lines: Sequence[Line] = (),
    ) -> None:
        """Record a decision on a proposal as it was read, and the lines that follow from it.

        Raises:
            ProposalError: somebody decided on it since.
            StoreError: a line does not fit what stands by now; nothing was recorded.
        """
        with self._writing() as connection:
            last = connection.scalar(
                sa.select(sa.func.max(_decision.c.id)).where(
                    _decision.c.proposal == entry.proposal.id
                )
            )
            if (last or 0) != entry.last:
                raise ProposalError(
                    f"{entry.proposal.id}: somebody decided on it meanwhile: look at it again"
                )
            _decide(
                connection, entry.proposal.id, state, actor, reason, at, policy, _rests(entry), body
            )
            if lines:
                self._store.append(lines, within=connection)

    # -- inside ----------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with plainly(self._store.name), self._store.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with plainly(self._store.name), writing(self._store.engine) as connection:
            if connection.dialect.name == "postgresql":
                # Readers go on; other writers wait. The ledger's tables come first, as there.
                connection.execute(
                    sa.text(
                        "LOCK TABLE batch, line, reading, proposal, decision "
                        "IN SHARE ROW EXCLUSIVE MODE"
                    )
                )
            yield connection


def _step(
    entry: Entry,
    seen: Seen,
    wanted: Mapping[str, Proposal],
    slots: set[str],
    before: Mapping[str, Proposal],
    elsewhere: set[str],
    texts_differ: bool,
) -> tuple[ProposalState, str, tuple[Rest, ...]] | None:
    """What a new reading of a document means for a proposal that it once made, or makes now."""
    name, state = entry.proposal.id, entry.state
    if state.is_retired:
        return (_State.PROPOSED, "made again", ()) if name in wanted else None
    if state.is_open:
        if name in wanted or name in elsewhere or name not in before:
            return None
        if entry.proposal.slot in slots:
            return _State.SUPERSEDED, "something else is proposed in its place", ()
        why = "the text no longer says it" if texts_differ else "a newer reading does not make it"
        return _State.WITHDRAWN, why, ()
    rest = _rested(entry.decisions[-1], seen)
    if rest is None or rest.text_sha256 == seen.text_sha256 or seen.text_sha256 is None:
        return None
    if state is _State.REJECTED and name not in wanted:
        return None
    old, new = (rest.text_sha256 or "no text")[:12], seen.text_sha256[:12]
    still = "still read there" if name in wanted else "not proposed by it"
    return (
        _State.REOPENED,
        f"the text of {seen.source} {seen.key} was {old} and is {new}; {still}",
        (Rest(seen.source, seen.key, rest.text_sha256, seen.text_sha256),),
    )


def _rests(entry: Entry) -> tuple[Rest, ...]:
    """The texts that a decision taken now rests on: those before it, as they are by now."""
    texts = {(r.source, r.key): r.now or r.text_sha256 for d in entry.decisions for r in d.rests}
    texts |= {(m.basis.source, m.basis.key): m.basis.text_sha256 for m in entry.makers}
    return tuple(Rest(source, key, text) for (source, key), text in texts.items())


def _rested(decision: Decision, seen: Seen) -> Rest | None:
    return next((r for r in decision.rests if (r.source, r.key) == (seen.source, seen.key)), None)


# -- rows ------------------------------------------------------------------------------------


def _gist(one: Proposal) -> Proposal:
    """A proposal without the days and the bytes of the looks: it is no other for a later look."""
    evidence = tuple(replace(e, retrieved=_ANY_DAY, sha256=None) for e in one.body.evidence)
    if one.provision is None:
        return replace(one, instrument=replace(one.body, evidence=evidence))
    attested = one.provision.attested and _ANY_DAY
    return replace(one, provision=replace(one.provision, evidence=evidence, attested=attested))


_ANY_DAY: Final = PartialDate("1970-01-01")


def _last_set(
    connection: Connection, seen: Seen
) -> tuple[dict[str, Proposal], set[str], Seen | None]:
    """The gist of what a document proposed at its last reading, the names of all that it ever did,
    and that reading.
    """
    mine = (_reading.c.source == seen.source, _reading.c.key == seen.key)
    readings = connection.execute(
        sa.select(_reading.c.id, _reading.c.text_sha256, _reading.c.reader)
        .where(*mine)
        .order_by(_reading.c.id.desc())
        .limit(1)
    ).first()
    if readings is None:
        return {}, set(), None
    made = connection.execute(
        sa.select(_proposal.c.name, _proposal.c.body).where(_proposal.c.reading == readings[0])
    )
    last = Seen(seen.source, seen.key, readings[1], readings[2])
    ever = set(connection.scalars(_names_of(seen)))
    return {name: _gist(_decode(body)) for name, body in made}, ever, last


def _is_current() -> sa.ColumnElement[bool]:
    """Whether a reading is the last one of its document."""
    later = _reading.alias()
    return ~sa.exists(
        sa.select(later.c.id)
        .where(later.c.source == _reading.c.source, later.c.key == _reading.c.key)
        .where(later.c.id > _reading.c.id)
    )


def _names_of(seen: Seen) -> sa.Select[Any]:
    """The proposals that a document ever made: of a long one, more than a query takes by name."""
    return (
        sa.select(_proposal.c.name)
        .join(_reading, _reading.c.id == _proposal.c.reading)
        .where(_reading.c.source == seen.source, _reading.c.key == seen.key)
    )


def _made_elsewhere(connection: Connection, seen: Seen) -> set[str]:
    """Which of the proposals of a document another one makes now."""
    query = (
        sa.select(_proposal.c.name)
        .join(_reading, _reading.c.id == _proposal.c.reading)
        .where(_proposal.c.name.in_(_names_of(seen)), _is_current())
        .where(sa.or_(_reading.c.source != seen.source, _reading.c.key != seen.key))
    )
    return set(connection.scalars(query))


def _record(
    connection: Connection,
    seen: Seen,
    wanted: Mapping[str, Proposal],
    at: str,
    reading: Reading | None,
) -> None:
    made = connection.execute(
        sa.insert(_reading).values(
            source=seen.source, key=seen.key, text_sha256=seen.text_sha256, reader=seen.reader,
            made_at=at, body=None if reading is None else _json(reading),
        )
    ).inserted_primary_key  # fmt: skip
    assert made is not None
    if wanted:
        connection.execute(
            sa.insert(_proposal),
            [
                {"reading": made[0], "name": one.id, "slot": one.slot, "body": _json(one)}
                for one in wanted.values()
            ],
        )


def _decide(
    connection: Connection,
    proposal: str,
    state: ProposalState,
    actor: str,
    reason: str,
    at: str,
    policy: str | None = None,
    rests: Iterable[Rest] = (),
    body: Proposal | None = None,
) -> None:
    connection.execute(
        sa.insert(_decision).values(
            proposal=proposal, state=state.value, actor=actor, reason=reason, decided_at=at,
            policy=policy, rests=_json([vars(one) for one in rests]),
            body=None if body is None else _json(body),
        )
    )  # fmt: skip


def _entries(
    connection: Connection, wanted: Sequence[str] | sa.Select[Any] | None = None
) -> list[Entry]:
    made = (
        sa.select(
            _proposal.c.name, _proposal.c.body, _reading.c.made_at, _is_current().label("current")
        )
        .join(_reading, _reading.c.id == _proposal.c.reading)
        .order_by(_proposal.c.id)
    )
    told = sa.select(_decision).order_by(_decision.c.id)
    if wanted is not None:
        made = made.where(_proposal.c.name.in_(wanted))
        told = told.where(_decision.c.proposal.in_(wanted))
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for row in connection.execute(told).mappings():
        decisions[row["proposal"]].append(_decision_of(row))
    latest: dict[str, tuple[str, str]] = {}
    makers: dict[str, list[Proposal]] = defaultdict(list)
    for key, body, made_at, current in connection.execute(made):
        latest[key] = body, made_at
        if current:
            makers[key].append(_decode(body))
    return [
        Entry(_decode(body), made_at, tuple(decisions[key]), tuple(makers[key]))
        for key, (body, made_at) in latest.items()
    ]


def _decision_of(row: Mapping[Any, Any]) -> Decision:
    return Decision(
        id=row["id"], proposal=row["proposal"], state=msgspec.convert(row["state"], ProposalState),
        actor=row["actor"], reason=row["reason"], decided_at=row["decided_at"],
        policy=row["policy"], rests=msgspec.json.decode(row["rests"], type=tuple[Rest, ...]),
        body=_decode(row["body"]) if row["body"] else None,
    )  # fmt: skip


def _must_be_readable(proposals: Iterable[Proposal], reading: Reading | None) -> None:
    """That all of it is as the model has it: a row that cannot be read would be in everyone's way,
    and rows are not taken back.
    """
    try:
        for one in proposals:
            _decode(_json(one))
        if reading is not None:
            msgspec.json.decode(_json(reading), type=Reading, dec_hook=decode_hook)
    except (msgspec.ValidationError, ValueError) as error:
        raise ProposalError(f"what was read cannot be kept: {error}") from None


_DECODER: Final = msgspec.json.Decoder(Proposal, dec_hook=decode_hook)


def _decode(body: str) -> Proposal:
    return _DECODER.decode(body)


def _json(value: Any) -> str:
    encoded = msgspec.json.encode(value, order="deterministic", enc_hook=str)
    return encoded.decode("utf-8")
