"""A small record and what sources and a reader say beside it, for the tests of the review."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Action, Document, Mention, TrackedInstrument
from kratom_atlas.model.reading import Finding, Marked, Reading, Relevance, Span
from kratom_atlas.model.statement import Body, Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    Evidence,
    Instrument,
    Jurisdiction,
    Provision,
    Qualifiers,
    Search,
)
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
from kratom_atlas.read.instruments import Bill
from kratom_atlas.review.propose import Origin, Read
from kratom_atlas.review.texts import ToRead

RI = "ocd-division/country:us/state:ri"
KENT = f"{RI}/county:kent"
US = "ocd-division/country:us"
TODAY = PartialDate("2026-11-22")

PLACES = {
    US: Jurisdiction(id=US, code="US", name="United States", level=Level.COUNTRY),
    RI: Jurisdiction(id=RI, code="US-RI", name="Rhode Island", level=Level.SUBDIVISION, parent=US),
    KENT: Jurisdiction(
        id=KENT, code="US-RI-44003", name="Kent County", level=Level.COUNTY, parent=RI
    ),
}


def origin(name: str, kind: SourceKind, text: EvidenceKind, record: EvidenceKind) -> Origin:
    return Origin(name, kind, "A publisher", text, record)


ORIGINS = {
    one.id: one
    for one in (
        origin(
            "us_ri_bills",
            SourceKind.BILLS,
            EvidenceKind.OFFICIAL_TEXT,
            EvidenceKind.OFFICIAL_RECORD,
        ),
        origin("us_legiscan", SourceKind.BILLS, EvidenceKind.REPUBLICATION, EvidenceKind.TRACKER),
        origin(
            "us_ri_code",
            SourceKind.STATUTES,
            EvidenceKind.OFFICIAL_TEXT,
            EvidenceKind.OFFICIAL_RECORD,
        ),
        origin(
            "us_ri_rules",
            SourceKind.REGULATIONS,
            EvidenceKind.OFFICIAL_TEXT,
            EvidenceKind.OFFICIAL_RECORD,
        ),
        origin("tracker_one", SourceKind.ORDINANCES, EvidenceKind.TRACKER, EvidenceKind.TRACKER),
        origin("tracker_two", SourceKind.ORDINANCES, EvidenceKind.TRACKER, EvidenceKind.TRACKER),
        origin("us_alerts", SourceKind.ALERTS, EvidenceKind.OFFICIAL_RECORD,
               EvidenceKind.OFFICIAL_RECORD),
    )
}  # fmt: skip


def instrument(**fields: Any) -> Instrument:
    plain: dict[str, Any] = {
        "id": "us-ri-h5565-2025",
        "jurisdiction": RI,
        "kind": InstrumentKind.BILL,
        "title": "An act on kratom",
        "stage": Stage.INTRODUCED,
        "session": "2025",
        "number": "H 5565",
    }
    return Instrument(**{**plain, **fields})


def provision(**fields: Any) -> Provision:
    plain: dict[str, Any] = {
        "id": "us-ri-schedule",
        "jurisdiction": RI,
        "instrument": "us-ri-rule-2017",
        "citation": "216-RICR-20-10.1",
        "substances": (Substance.MITRAGYNINE,),
        "activities": (Activity.POSSESS, Activity.SELL),
        "effect": Effect.SCHEDULE,
        "schedule": "I",
        "verification": Verification.REPORTED,
        "from_": PartialDate("2017-05-31"),
        "evidence": (
            Evidence(
                kind=EvidenceKind.TRACKER,
                url="https://tracker.example/ri",
                retrieved=PartialDate("2026-08-28"),
            ),
        ),
    }
    return Provision(**{**plain, **fields})


RULE = instrument(
    id="us-ri-rule-2017",
    kind=InstrumentKind.REGULATION,
    title="Schedule of controlled substances",
    stage=Stage.ENACTED,
    session=None,
    number="216-RICR-20-10.1",
    effective=PartialDate("2017-05-31"),
)


def said(*bodies: Body, at: str = "2026-08-28T00:00:00Z") -> list[Line]:
    """The lines of a ledger that say these things."""
    parts = {
        Instrument: Part.INSTRUMENT,
        Provision: Part.PROVISION,
        Search: Part.SEARCH,
        Jurisdiction: Part.JURISDICTION,
    }
    return [
        Line(
            op=Op.ASSERT,
            part=parts[type(body)],
            subject=body.id,
            statement=statement_id(body),
            recorded_at=at,
            actor="tester",
            reason="a test",
            **{parts[type(body)].value: body},
        )
        for body in bodies
    ]


def tracked(**fields: Any) -> TrackedInstrument:
    plain: dict[str, Any] = {
        "key": "US-RI/2025/H5565",
        "jurisdiction": RI,
        "title": "An act relating to kratom products",
        "url": "https://bills.example/h5565",
        "kind": InstrumentKind.BILL,
        "number": "H 5565",
        "session": "2025",
        "stage": Stage.PASSED_FIRST_CHAMBER,
        "because": "Passed the House",
        "introduced": PartialDate("2025-02-26"),
        "mentions": (Mention(term="kratom", start=16, end=22, excerpt="relating to kratom"),),
        "actions": (Action(text="Passed the House", date=PartialDate("2025-05-06")),),
    }
    return TrackedInstrument(**{**plain, **fields})


def bill(
    one: TrackedInstrument | None = None,
    sources: Iterable[str] = ("us_ri_bills",),
    others: Iterable[str] = (),
    **fields: Any,
) -> Bill:
    return Bill(one or tracked(**fields), tuple(sources), tuple(others), ())


TEXT = (
    "216-RICR-20-10.1 Schedule I. The following are listed in Schedule I: "
    "(a) cathinone; (b) mitragynine; (c) 7-hydroxymitragynine."
)


def document(**fields: Any) -> Document:
    plain: dict[str, Any] = {
        "key": "216-RICR-20-10.1",
        "jurisdiction": RI,
        "title": "Schedules of controlled substances",
        "url": "https://rules.example/216-20-10-1",
        "kind": InstrumentKind.REGULATION,
        "number": "216-RICR-20-10.1",
        "published": PartialDate("2026-10-01"),
        "text_sha256": "a" * 64,
        "sha256": "b" * 64,
    }
    return Document(**{**plain, **fields})


def finding(words: str = "mitragynine", text: str = TEXT, **fields: Any) -> Finding:
    start = text.index(words)
    plain: dict[str, Any] = {
        "effect": Effect.SCHEDULE,
        "schedule": "I",
        "substances": (Substance.MITRAGYNINE,),
        "activities": (Activity.POSSESS, Activity.SELL),
        "spans": (Span(start, start + len(words)),),
        "quote": words,
        "citation": "216-RICR-20-10.1",
        "because": ("listed in a schedule",),
    }
    return Finding(**{**plain, **fields})


def read(*findings: Finding, text: str = TEXT, **fields: Any) -> Read:
    plain: dict[str, Any] = {"relevance": Relevance.PRIMARY, "findings": findings}
    return Read(Reading(**{**plain, **fields}), Marked(text), "reader-1")


def to_read(
    one: Document | None = None, of: Bill | None = None, source: str = "us_ri_rules", **fields: Any
) -> ToRead:
    return ToRead(source, one or document(), of, **fields)


AGE = Qualifiers(min_age=21)
