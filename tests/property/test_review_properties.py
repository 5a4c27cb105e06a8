"""Whatever comes in whatever order: nothing is lost or rewritten, and the ledger stays sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.proposal import (
    Basis,
    Draft,
    Proposal,
    ProposalKind,
    ProposalState,
    name_of,
)
from kratom_atlas.model.reading import Span
from kratom_atlas.model.statement import Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Evidence, Instrument, Jurisdiction
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    EvidenceKind,
    InstrumentKind,
    Level,
    Stage,
    Substance,
    Verification,
)
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.view import segments
from kratom_atlas.store.database import open_store
from kratom_atlas.store.proposals import Proposals, Seen

PLACE = "ocd-division/country:us"
PLACES = {PLACE: Jurisdiction(id=PLACE, code="US", name="United States", level=Level.COUNTRY)}
RULE = Instrument(
    id="us-rule", jurisdiction=PLACE, kind=InstrumentKind.REGULATION, title="A rule",
    stage=Stage.ENACTED,
)  # fmt: skip


def proposal(number: int, document: str, text: str, *, law: bool = True) -> Proposal:
    """One of a few rules: those with the same remainder by two compete for one place."""
    slot = name_of("s", number % 2)
    return Proposal(
        id=name_of("p", number), slot=slot, kind=ProposalKind.PROVISION, jurisdiction=PLACE,
        stage=None if law else Stage.INTRODUCED,
        provision=Draft(
            id=f"us-rule-{number}", jurisdiction=PLACE, instrument=RULE.id,
            citation=f"Section {number}", substances=(Substance.LEAF,),
            activities=(Activity.SELL,), effect=Effect.PROHIBIT,
            verification=Verification.MACHINE, from_=PartialDate("2026"),
            evidence=(Evidence(kind=EvidenceKind.OFFICIAL_TEXT, retrieved=PartialDate("2026-11-22"),
                               url=f"https://{document}.example/", quote="words"),),
        ),
        basis=Basis(source=document, key=document, reader="1", text_sha256=text * 64),
    )  # fmt: skip


numbers = st.integers(0, 3)
documents = st.sampled_from(["one", "two"])
texts = st.sampled_from("abc")
steps = st.one_of(
    st.tuples(st.just("read"), documents, texts, st.sets(numbers), st.sampled_from("12")),
    st.tuples(st.sampled_from(["accept", "reject", "reopen"]), numbers),
    st.tuples(st.just("edit"), numbers, st.sampled_from(["2024", "2025-05", "nonsense", ""])),
)


@contextmanager
def a_desk() -> Iterator[Desk]:
    with (
        TemporaryDirectory() as folder,
        open_store(f"sqlite:///{Path(folder)}/store.db") as store,
    ):
        line = Line(op=Op.ASSERT, part=Part.INSTRUMENT, subject=RULE.id,
                    statement=statement_id(RULE), recorded_at="2026-01-01T00:00:00Z",
                    actor="tester", reason="a test", instrument=RULE)  # fmt: skip
        store.append([line])
        yield Desk(Proposals(store), PLACES)


def rows(desk: Desk) -> dict[str, list[Any]]:
    with desk.proposals.store.engine.connect() as connection:
        return {
            table: list(connection.execute(sa.text(f'SELECT * FROM "{table}" ORDER BY 1')))
            for table in ("reading", "proposal", "decision")
        }


def take(desk: Desk, step: tuple[Any, ...], at: str) -> None:
    who = {"actor": "ada", "reason": "a test", "at": at}
    with suppress(AtlasError):  # what cannot be decided is refused
        match step:
            case ("read", document, text, found, reader):
                seen = Seen(document, document, text * 64, reader)
                made = [proposal(n, document, text) for n in sorted(found)]
                desk.proposals.make(seen, made, at=at)
                before = rows(desk)
                desk.proposals.make(seen, made, at=at)
                assert rows(desk) == before  # the same again appends nothing
            case ("edit", number, day):
                desk.accept(name_of("p", number), changes={"from": day}, **who)
            case ("accept" | "reject" | "reopen" as name, number):
                getattr(desk, name)(name_of("p", number), **who)


@settings(max_examples=40)
@given(st.lists(steps, max_size=14))
def test_any_order_of_readings_and_decisions(taken: list[tuple[Any, ...]]) -> None:
    with a_desk() as desk:
        before, lines = rows(desk), list(desk.proposals.store.lines())
        for minute, step in enumerate(taken):
            take(desk, step, f"2026-11-22T00:{minute:02}:00Z")
            after, now = rows(desk), list(desk.proposals.store.lines())
            for table, were in before.items():
                assert after[table][: len(were)] == were  # nothing is lost or rewritten
            assert now[: len(lines)] == lines
            before, lines = after, now
        consistent(desk, lines)


def consistent(desk: Desk, lines: list[Line]) -> None:
    """Each line follows from the one before, and what is accepted is what the ledger says."""
    stands: dict[str, Line] = {}
    for line in lines:
        was = stands.get(line.subject)
        match line.op:
            case Op.ASSERT:
                assert was is None
            case Op.SUPERSEDE:
                assert was is not None
                assert line.previous == was.statement
            case Op.ACKNOWLEDGE | Op.RETRACT:
                assert was is not None
                assert line.statement == was.statement
        if line.op is Op.RETRACT:
            del stands[line.subject]
        else:
            stands[line.subject] = line
    for entry in desk.proposals.entries():
        assert entry.proposal.provision is not None
        held = stands.get(entry.proposal.provision.id)
        if entry.state.is_recorded:
            assert held is not None
            assert entry.recorded is not None
            assert entry.recorded.provision is not None
            assert held.body == entry.recorded.provision.settled()
        if entry.state is ProposalState.REJECTED:
            assert held is None
        states = [d.state for d in entry.decisions]
        for one, then in pairwise(states):
            if one.is_retired:  # only a reading brings it back
                assert then is ProposalState.PROPOSED


@settings(max_examples=20)
@given(st.lists(st.tuples(documents, texts, st.sets(numbers)), max_size=8))
def test_a_bill_never_reaches_the_record(readings: list[tuple[str, str, set[int]]]) -> None:
    with a_desk() as desk:
        for document, text, found in readings:
            made = [proposal(n, document, text, law=False) for n in sorted(found)]
            desk.proposals.make(
                Seen(document, document, text * 64, "1"), made, at="2026-11-22T00:00:00Z"
            )
        for number in range(4):
            take(desk, ("accept", number), "2026-11-22T01:00:00Z")
        assert desk.standing().provisions == {}


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)).map(lambda pair: Span(*pair))),
)
def test_highlighting_loses_nothing(passage: str, marks: list[Span]) -> None:
    pieces = segments(passage, marks)
    assert "".join(text for text, _ in pieces) == passage
    for start, end in marks:
        at = 0
        for text, marked in pieces:
            overlap = min(end, at + len(text)) - max(start, at)
            assert marked or overlap <= 0
            at += len(text)
