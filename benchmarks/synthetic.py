"""A ledger of any size: provisions and searches spread over all places, with a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from kratom_atlas.model.statement import Line, Op, Part
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    Cap,
    Coverage,
    Evidence,
    Instrument,
    Provision,
    Qualifiers,
    Search,
)
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    EvidenceKind,
    InstrumentKind,
    SearchResult,
    Stage,
    Substance,
    Unit,
    Verification,
)
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.resolve.record import Record

_EVIDENCE = (
    Evidence(
        kind=EvidenceKind.TRACKER,
        retrieved=PartialDate("2026-08-28"),
        url="https://example.org/law",
    ),
)
_EFFECTS = (Effect.PROHIBIT, Effect.RESTRICT, Effect.RESTRICT, Effect.RESTRICT, Effect.PERMIT)


def record(size: int) -> Record:
    """A record of `size` statements."""
    return Record(lines(size), load_register(packaged_sheets()))


def lines(size: int) -> Iterator[Line]:
    """`size` lines: one instrument per place, a search each, and provisions for the rest."""
    dice = random.Random(7)
    places = sorted(load_register(packaged_sheets()))
    for n, place in enumerate(places):
        yield _line(
            Part.INSTRUMENT,
            Instrument(
                id=f"act-{n}",
                jurisdiction=place,
                kind=InstrumentKind.STATUTE,
                title="An act",
                stage=Stage.ENACTED,
            ),
        )
        yield _line(
            Part.SEARCH,
            Search(
                id=f"search-{n}",
                jurisdiction=place,
                on=PartialDate("2026-08-28"),
                where="everywhere",
                covers=Coverage(from_=PartialDate("2012")),
                substances=tuple(Substance),
                result=SearchResult.FOUND,
            ),
        )
    start = date(1990, 1, 1)
    substances, activities = tuple(Substance), tuple(Activity)
    for n in range(size - 2 * len(places)):
        place = n % len(places)
        begin = start + timedelta(days=dice.randrange(13_500))
        end = begin + timedelta(days=dice.randrange(30, 1200))
        effect = dice.choice(_EFFECTS)
        qualifiers = Qualifiers()
        if effect is Effect.RESTRICT:
            qualifiers = Qualifiers(
                min_age=dice.choice((18, 21)),
                seven_oh_caps=(Cap(value=dice.choice((1.0, 2.0)), unit=Unit.PERCENT_OF_ALKALOIDS),),
            )
        yield _line(
            Part.PROVISION,
            Provision(
                id=f"provision-{n}",
                jurisdiction=places[place],
                instrument=f"act-{place}",
                citation="s. 1",
                substances=tuple(dice.sample(substances, dice.choice((1, 2, 3)))),
                activities=tuple(dice.sample(activities, dice.choice((1, 2, 4)))),
                effect=effect,
                verification=Verification.REPORTED,
                evidence=_EVIDENCE,
                qualifiers=qualifiers,
                from_=PartialDate(begin.isoformat()),
                to=PartialDate(end.isoformat()),
            ),
        )


def _line(part: Part, body: Instrument | Search | Provision) -> Line:
    return Line(
        op=Op.ASSERT,
        part=part,
        subject=body.id,
        statement=body.id,
        recorded_at="2026-11-22T00:00:00Z",
        actor="benchmark",
        reason="synthetic",
        **{str(part): body},  # type: ignore[arg-type]
    )
