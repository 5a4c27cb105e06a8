"""From what was read to what the record might say.

A reading becomes proposed provisions, tied to the stage of their instrument: what a bill would do
is marked as no law. A bill's own course becomes a proposed instrument. What the record says
already is no proposal. The day on which something was noticed is never a day of law.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from kratom_atlas.crawl.source import Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document, TrackedInstrument
from kratom_atlas.model.proposal import Basis, Draft, Proposal, ProposalKind, name_of
from kratom_atlas.model.reading import Finding, Marked, Novelty, Reading, Relevance, Span
from kratom_atlas.model.statement import Part
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Evidence, Instrument, Provision, Qualifiers
from kratom_atlas.model.vocabulary import (
    Effect,
    EvidenceKind,
    InstrumentKind,
    Stage,
    Verification,
)
from kratom_atlas.read.instruments import Bill
from kratom_atlas.read.lifecycle import normal_number
from kratom_atlas.review.standing import Standing, cited, is_special, years_of
from kratom_atlas.review.texts import ToRead

__all__ = [
    "BILLS",
    "MACHINE_RECORD",
    "Origin",
    "Read",
    "bill_slot",
    "origin_for",
    "origin_of",
    "propose",
    "propose_bill",
]

BILLS: Final = "bills"
"""The source of a proposal that follows from what all sources say of a bill together."""
MACHINE_RECORD: Final = "structured record"

_TRACKERS: Final = frozenset({"us_legiscan", "us_openstates", "us_openstates_bulk", "us_govbot"})
"""Sources of bills that no public body keeps."""
_CONSOLIDATED: Final = frozenset(
    {SourceKind.STATUTES, SourceKind.REGULATIONS, SourceKind.ORDINANCES, SourceKind.ANCHOR}
)
_LAW_KINDS: Final = frozenset(
    {
        InstrumentKind.STATUTE,
        InstrumentKind.SESSION_LAW,
        InstrumentKind.REGULATION,
        InstrumentKind.EMERGENCY_ORDER,
        InstrumentKind.SCHEDULING_ORDER,
        InstrumentKind.ORDINANCE,
        InstrumentKind.TREATY,
    }
)
_DEAD: Final = frozenset({Stage.FAILED, Stage.VETOED, Stage.WITHDRAWN})
_AROUND: Final = 240
_LONGEST_PASSAGE: Final = 4000
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_UNSAFE: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Origin:
    """What a source is as evidence: of what kind its texts are, and its records of actions."""

    id: str
    kind: SourceKind
    publisher: str
    text: EvidenceKind
    record: EvidenceKind


@dataclass(frozen=True)
class Read:
    """What a reader made of a text: its reading, the text itself, and which reader it was."""

    reading: Reading
    marked: Marked
    reader: str


def origin_of(source: Source) -> Origin:
    """What a source, or a row of one, is as evidence."""
    copied = "republication" in f"{source.title} {source.terms} {source.licence}".lower()
    private = source.id in _TRACKERS
    if source.kind is SourceKind.ALERTS:
        text = EvidenceKind.OFFICIAL_RECORD
    else:
        text = EvidenceKind.REPUBLICATION if copied or private else EvidenceKind.OFFICIAL_TEXT
    record = EvidenceKind.TRACKER if private else EvidenceKind.OFFICIAL_RECORD
    return Origin(source.id, source.kind, source.publisher, text, record)


def origin_for(origins: Mapping[str, Origin], source: str, key: str) -> Origin | None:
    """Where an observation comes from; one row of a source may be what the others are not."""
    return origins.get(f"{source}.{key}") or origins.get(source)


# -- bills -----------------------------------------------------------------------------------


def propose_bill(
    bill: Bill, origins: Mapping[str, Origin], standing: Standing, *, seen_on: PartialDate
) -> tuple[Proposal, ...]:
    """The instrument that a bill is, with its stage, where the record does not have it so."""
    one = bill.shown
    matches = _matches(one, standing)
    found = matches[0] if matches else None
    if found is not None and _agrees(found, one):
        return ()
    official = any(
        origins[source].record is EvidenceKind.OFFICIAL_RECORD
        for source in bill.sources
        if source in origins
    )
    evidence = Evidence(
        kind=EvidenceKind.OFFICIAL_RECORD if official else EvidenceKind.TRACKER,
        retrieved=seen_on,
        url=one.url,
        sha256=one.sha256,
        locator=one.locator,
        quote=_quote(one.because or ""),
    )
    doubts = list(_bill_doubts(bill, matches, standing, seen_on))
    introduced = one.introduced
    if not _in_order(introduced, one.enacted):
        doubts.append(f"enacted {one.enacted}, before it was introduced on {introduced}")
        introduced = None
    told = Verification.OFFICIAL_SECONDARY if official else Verification.REPORTED
    body = _instrument(bill, found, standing, evidence, told, introduced)
    if body.stage is Stage.ADOPTED and body.kind is not InstrumentKind.RESOLUTION:
        doubts.append("adopted, which only a resolution is")
    slot = bill_slot(bill, standing)
    subject = found.id if found else None
    return (
        Proposal(
            id=name_of("p", slot, body.kind, body.stage, body.enacted, body.effective, subject),
            slot=slot,
            kind=ProposalKind.INSTRUMENT,
            jurisdiction=one.jurisdiction,
            stage=body.stage,
            subject=subject,
            previous=standing.statement(Part.INSTRUMENT, subject) if subject else None,
            instrument=body,
            doubts=tuple(doubts),
            basis=Basis(
                source=BILLS,
                key=slot,
                reader=MACHINE_RECORD,
                passage=_storable(one.because or ""),
                marks=(Span(0, len(one.because)),) if one.because else (),
                because=tuple(f"observed by {source}" for source in bill.sources),
            ),
        ),
    )


def bill_slot(bill: Bill, standing: Standing) -> str:
    """The slot of a bill's proposals: its place, number and session, however a source names it."""
    one = bill.shown
    number = normal_number(_number(one), standing.code(one.jurisdiction))
    years = years_of(one.session, one.introduced, *(action.date for action in one.actions))
    session = str(min(years)) if years else one.session
    return name_of("s", one.jurisdiction, session, is_special(one.session), number)


def _number(one: TrackedInstrument) -> str:
    return one.number or one.key.rpartition("/")[2]


def _matches(one: TrackedInstrument, standing: Standing) -> list[Instrument]:
    days = (one.introduced, *(action.date for action in one.actions))
    return standing.numbered_like(one.jurisdiction, one.session, _number(one), *days)


def _agrees(found: Instrument, one: TrackedInstrument) -> bool:
    """Whether the record says at least what the source says, and as precisely."""
    past = found.stage is not one.stage and found.stage.is_law and one.stage is Stage.ENACTED
    if found.stage is not one.stage and not past:
        return False
    return all(
        theirs is None or (ours or "").startswith(theirs)
        for ours, theirs in ((found.enacted, one.enacted), (found.effective, one.effective))
    )


def _instrument(
    bill: Bill,
    found: Instrument | None,
    standing: Standing,
    evidence: Evidence,
    told: Verification,
    introduced: PartialDate | None,
) -> Instrument:
    one = bill.shown
    resolution = one.kind is InstrumentKind.RESOLUTION and not one.stage.is_law
    if found is None:
        kind = InstrumentKind.BILL
        if one.stage.is_law:
            kind = InstrumentKind.SESSION_LAW
        elif resolution:
            kind = InstrumentKind.RESOLUTION
        return Instrument(
            id=_natural_id(one, standing),
            jurisdiction=one.jurisdiction,
            kind=kind,
            title=_storable(one.title)[:4000],
            stage=one.stage,
            session=one.session,
            number=_number(one),
            introduced=introduced,
            enacted=one.enacted,
            effective=one.effective if one.stage.is_law else None,
            url=one.url,
            verification=told,
            evidence=(evidence,),
        )
    stage = one.stage
    if found.stage.is_law and one.stage is Stage.ENACTED:
        stage = found.stage  # it may have been repealed since: the bill's record does not know
    kind = found.kind
    if stage.is_law and kind in (InstrumentKind.BILL, InstrumentKind.RESOLUTION):
        kind = InstrumentKind.SESSION_LAW
    kept = tuple(old for old in found.evidence
                 if (old.url, old.kind) != (evidence.url, evidence.kind))  # fmt: skip
    introduced, enacted = found.introduced or introduced, one.enacted or found.enacted
    return replace(
        found,
        kind=kind,
        stage=stage,
        introduced=introduced if _in_order(introduced, enacted) else None,
        enacted=enacted,
        effective=(one.effective if stage.is_law else None) or found.effective,
        url=found.url or one.url,
        verification=max(found.verification, told, key=lambda word: word.rank),
        evidence=(*kept, evidence),
    )


def _in_order(first: PartialDate | None, then: PartialDate | None) -> bool:
    return first is None or then is None or first.lo < then.hi


def _natural_id(one: TrackedInstrument, standing: Standing) -> str:
    years = years_of(one.session, one.introduced, *(a.date for a in one.actions))
    code = standing.code(one.jurisdiction)
    year = (str(one.introduced)[:4] if one.introduced else "") or str(min(years, default=""))
    number = normal_number(_number(one), code)
    return _id_of(standing, (code, number, year), (one.session, number))


def _id_of(standing: Standing, names: tuple[str, ...], whole: tuple[str, ...]) -> str:
    """The natural key of a new instrument; where letters were lost in it, or another has it, with
    a mark that follows from its `whole` name.
    """
    plain = _slug(*names)
    if all(name.isascii() for name in names) and plain not in standing.instruments:
        return plain
    return f"{plain}-{name_of('x', *whole)[-6:]}"


def _slug(*parts: str) -> str:
    return _UNSAFE.sub("-", "-".join(filter(None, parts)).lower()).strip("-")[:100].strip("-")


def _bill_doubts(
    bill: Bill, matches: Sequence[Instrument], standing: Standing, seen_on: PartialDate
) -> Iterator[str]:
    one = bill.shown
    if one.jurisdiction not in standing.places:
        yield "its place is not in the register"
    if len(matches) > 1:
        yield f"several instruments of the record have its number: {_ids(matches)}"
    for other in bill.others:
        stage = _STAGES.get(other.rpartition(": ")[2])
        if stage is None or _fate(stage) != _fate(one.stage):
            yield f"sources disagree: {other}"
    if one.enacted and one.enacted.lo > seen_on.lo:
        yield f"enacted on {one.enacted}, which has not come"
    if one.stage.is_law:
        yield from _law_doubts(one)
    if not one.because:
        yield "the source does not say why it is at this stage"
    if matches:
        if standing.has_companion(matches[0]):
            yield f"the record has a bill and its companion in one: {matches[0].number}"
        yield from _move_doubts(matches[0], one)
    else:
        yield from _new_doubts(one)


def _new_doubts(one: TrackedInstrument) -> Iterator[str]:
    if not one.mentions:
        yield "its record does not name kratom"
    elif all(mention.exception for mention in one.mentions):
        yield "its record names kratom only to leave it out"
    if one.stage.is_law:
        yield "it is law already: the record may know it by the number of its chapter"


def _law_doubts(one: TrackedInstrument) -> Iterator[str]:
    if one.enacted is None:
        yield "it is law, and the source gives no day on which it became so"
    if one.stage is not Stage.ENACTED:
        yield f"{one.stage.label.lower()}: that follows from days, not from a record of actions"


def _move_doubts(found: Instrument, one: TrackedInstrument) -> Iterator[str]:
    was = found.stage.label.lower()
    if found.stage.is_law and not one.stage.is_law:
        yield f"the record has it as {was}, which is law"
    elif found.stage in _DEAD and one.stage not in _DEAD:
        yield f"the record has it as {was}: it would be revived"
    elif one.stage.is_law and found.kind is InstrumentKind.RESOLUTION:
        yield "the record has it as a resolution, which is never law"
    elif one.stage.rank < found.stage.rank and one.stage not in _DEAD:
        yield f"it would go back from {was}"
    if not _in_order(found.introduced, one.enacted):
        yield f"enacted {one.enacted}, before it was introduced on {found.introduced}"
    for ours, theirs, name in (
        (found.enacted, one.enacted, "enacted"),
        (found.effective, one.effective, "effective"),
    ):
        if ours and theirs and not (ours.startswith(theirs) or theirs.startswith(ours)):
            yield f"the record has {name} {ours}, the source {theirs}"


def _fate(stage: Stage) -> str:
    """Law, dead or under way: what sources must agree on; one may be some steps behind."""
    return "law" if stage.is_law else "dead" if stage in _DEAD else "under way"


_STAGES: Final = {stage.value: stage for stage in Stage}


def _ids(found: Iterable[Instrument | Provision]) -> str:
    return ", ".join(one.id for one in found)


# -- texts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Frame:
    """What all findings of one text have in common.

    `attested` is the day on which its source showed a consolidated text as it stands, None for any
    other: when the act was published, which sources also say, this rule need not have been in it.
    """

    read: Read
    seen: Document
    bill: Bill | None
    origin: Origin
    standing: Standing
    place: str
    instrument: str
    stage: Stage | None
    attested: PartialDate | None
    seen_on: PartialDate
    doubts: tuple[str, ...]

    @property
    def is_law(self) -> bool:
        return self.stage is None or self.stage.is_law


def propose(
    read: Read,
    one: ToRead,
    origin: Origin,
    standing: Standing,
    *,
    seen_on: PartialDate,
    before: Reading | None = None,
) -> tuple[Proposal, ...]:
    """What a text would have the record say, tied to the stage of its instrument.

    `before` is what was read in the version of the text before this one: what stood there and is
    gone may have ended.
    """
    seen = one.document
    if seen is None or origin.kind is SourceKind.ALERTS:
        return ()  # no text, or a signal that is no law
    if one.bill is not None and one.bill.shown.stage in _DEAD:
        return ()  # it will never be law
    known, doubts = _known_instrument(one, standing)
    consolidated = one.bill is None and (origin.kind in _CONSOLIDATED and seen.kind in _LAW_KINDS)
    frame = _Frame(
        read=read,
        seen=seen,
        bill=one.bill,
        origin=origin,
        standing=standing,
        place=one.jurisdiction,
        instrument=known.id if known else _new_id(one, standing),
        stage=_stage(one),
        attested=seen_on if consolidated else None,
        seen_on=seen_on,
        doubts=(*doubts, *_text_doubts(one, consolidated)),
    )
    made: dict[str, Proposal] = {}
    reaches = read.reading.relevance in (Relevance.PRIMARY, Relevance.SUBSTANTIVE)
    for finding in _merged(read.reading.findings) if reaches else ():
        for each in _of_finding(frame, finding):
            made.setdefault(each.id, each)
    if consolidated and before is not None:
        for each in _vanished(frame, before):
            made.setdefault(each.id, each)
    needed = any(each.provision and each.provision.instrument == frame.instrument
                 for each in made.values())  # fmt: skip
    if needed and known is None and one.bill is None and seen.kind not in _BILLS:
        new = _document_instrument(frame)
        made = {new.id: new, **made}
    return tuple(made.values())


def _stage(one: ToRead) -> Stage | None:
    """The stage of the instrument; None for a text that is law as it stands."""
    if one.bill is not None:
        return one.bill.shown.stage
    assert one.document is not None
    return Stage.INTRODUCED if one.document.kind in _BILLS else None


def _known_instrument(one: ToRead, standing: Standing) -> tuple[Instrument | None, tuple[str, ...]]:
    if one.bill is not None:
        matches = _matches(one.bill.shown, standing)
        many = (f"several instruments of the record have its number: {_ids(matches)}",)
        return (matches[0] if matches else None), (many if len(matches) > 1 else ())
    seen = one.document
    assert seen is not None
    own = cited(seen.number or "")
    for other in standing.instruments.values():
        if other.jurisdiction == seen.jurisdiction and (
            other.url == seen.url or (own and cited(other.number or "") == own)
        ):
            return other, ()
    return None, ()


def _new_id(one: ToRead, standing: Standing) -> str:
    if one.bill is not None:
        return _natural_id(one.bill.shown, standing)
    seen = one.document
    assert seen is not None
    names = (standing.code(seen.jurisdiction), seen.number or seen.key)
    return _id_of(standing, names, (seen.key,))


def _text_doubts(one: ToRead, consolidated: bool) -> Iterator[str]:
    seen = one.document
    assert seen is not None
    if one.bill is not None:
        if one.bill.shown.stage.is_law and not one.is_final:
            yield "the text that was read need not be the one that became law"
        return
    if seen.kind in (InstrumentKind.COURT_DECISION, InstrumentKind.AG_OPINION,
                     InstrumentKind.GUIDANCE):  # fmt: skip
        yield f"{seen.kind.label.lower()}: it says how the law is read, not what it is"
    elif seen.kind is None:
        yield "the source does not say what kind of act it is"
    elif not consolidated and seen.kind in _LAW_KINDS:
        yield "as published on one day: look whether it was final, and whether it still stands"


def _document_instrument(frame: _Frame) -> Proposal:
    """The instrument that a text is, where it is no bill and the record lacks it."""
    seen = frame.seen
    evidence = _evidence(frame, "")
    kind = seen.kind or _KINDS.get(frame.origin.kind, InstrumentKind.GUIDANCE)
    body = Instrument(
        id=frame.instrument,
        jurisdiction=frame.place,
        kind=kind,
        title=_storable(seen.title)[:4000],
        stage=frame.stage or Stage.ENACTED,
        number=seen.number,
        effective=seen.effective,
        url=seen.url,
        verification=_verified((evidence,)),
        evidence=(evidence,),
    )
    slot = name_of("s", frame.place, frame.instrument)
    return Proposal(
        id=name_of("p", slot, body.kind, body.stage, body.effective),
        slot=slot,
        kind=ProposalKind.INSTRUMENT,
        jurisdiction=frame.place,
        stage=frame.stage,
        instrument=body,
        basis=_basis(frame, (), ()),
        doubts=frame.doubts,
    )


_BILLS: Final = (InstrumentKind.BILL, InstrumentKind.RESOLUTION)
_KINDS: Final = {
    SourceKind.STATUTES: InstrumentKind.STATUTE,
    SourceKind.REGULATIONS: InstrumentKind.REGULATION,
    SourceKind.REGISTER: InstrumentKind.REGULATION,
    SourceKind.ORDINANCES: InstrumentKind.ORDINANCE,
}


# -- findings --------------------------------------------------------------------------------


def _of_finding(frame: _Frame, finding: Finding) -> Iterator[Proposal]:
    if finding.novelty is Novelty.KEEPS and frame.attested is None:
        return  # it only reprints what stood before
    ends = finding.effect in (Effect.REPEAL, Effect.STAY)
    if ends or finding.novelty is Novelty.STRIKES:
        yield _repeal(frame, finding)
        return
    if not frame.is_law:
        yield _new(frame, _draft(frame, finding), finding)
        return
    pool = _alike(frame, finding)
    if pool:
        change = _changed(frame, finding, pool)
        yield from _better(frame, finding, pool) if change is None else (change,)
    known = {substance for law in pool for substance in law.substances}
    left = tuple(substance for substance in finding.substances if substance not in known)
    if left or not pool:
        yield _new(frame, _draft(frame, replace(finding, substances=left)), finding)


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of one effect at one citation as one, where nothing is said that none of them says:
    they reach the same activities, or have the same conditions.
    """
    merged: list[Finding] = []
    for one in findings:
        at = next((n for n, other in enumerate(merged) if _joins(other, one)), None)
        if at is None:
            merged.append(one)
            continue
        other = merged[at]
        merged[at] = replace(
            other,
            activities=_union((other.activities,), one.activities),
            qualifiers=_joined(other.qualifiers, one.qualifiers) or other.qualifiers,
            spans=_union((other.spans,), one.spans),
            because=_union((other.because,), one.because),
        )
    return merged


def _joins(one: Finding, other: Finding) -> bool:
    names = ("effect", "citation", "substances", "schedule", "extent", "from_", "to",
             "grandfather", "targets", "novelty")  # fmt: skip
    if any(getattr(one, name) != getattr(other, name) for name in names):
        return False
    if one.qualifiers == other.qualifiers:
        return True
    same = set(one.activities) == set(other.activities)
    return same and _joined(one.qualifiers, other.qualifiers) is not None


def _joined(one: Qualifiers, other: Qualifiers) -> Qualifiers | None:
    """The conditions of both; None where they contradict each other."""
    values: dict[str, Any] = {}
    for name in Qualifiers.__struct_fields__:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, tuple):
            values[name] = _union((a,), b)
        elif a and b and a != b:
            return None
        else:
            values[name] = a or b
    return Qualifiers(**values)


def _alike(frame: _Frame, finding: Finding) -> list[Provision]:
    """What the record has in the place of a finding: the same effect, by the same act or place."""
    own = cited(finding.citation) or cited(frame.seen.number or "")
    return [
        law
        for law in frame.standing.placed.get(frame.place, ())
        if law.effect is finding.effect
        and law.to is None
        and not set(law.substances).isdisjoint(finding.substances)
        and (law.instrument == frame.instrument or own & cited(law.citation))
    ]


def _draft(frame: _Frame, finding: Finding) -> Draft:
    number = frame.bill.shown.number if frame.bill else frame.seen.number
    citation = finding.citation or number or frame.seen.title
    attested = frame.attested if finding.from_ is None and frame.is_law else None
    where = " ".join(citation.lower().split())  # the very paragraph: its section has others
    mark = name_of("x", where, finding.substances, finding.activities)
    return Draft(
        id=f"{frame.instrument[:90]}-{finding.effect}-{mark[-6:]}",
        jurisdiction=frame.place,
        instrument=frame.instrument,
        citation=_storable(citation)[:4000],
        substances=finding.substances,
        activities=finding.activities,
        effect=finding.effect,
        verification=Verification.MACHINE,
        evidence=(_evidence(frame, finding.quote, finding.citation),),
        qualifiers=finding.qualifiers,
        schedule=finding.schedule if finding.effect is Effect.SCHEDULE else None,
        extent=finding.extent,
        from_=finding.from_,
        to=finding.to,
        attested=attested,
        grandfather=finding.grandfather if finding.effect is Effect.PREEMPT else None,
    )


def _new(frame: _Frame, draft: Draft, finding: Finding) -> Proposal:
    doubts = [*frame.doubts]
    if frame.is_law and draft.from_ is None and draft.attested is None:
        doubts.append("no first day could be computed")
    if not draft.substances or not draft.activities:
        doubts.append("which substances or activities it reaches was not read")
    if draft.effect is Effect.SCHEDULE and draft.schedule is None:
        doubts.append("which schedule it is was not read")
    if finding.novelty is Novelty.UNCLEAR:
        doubts.append("the text does not show which of its words are new")
    own = cited(draft.citation)
    beside = [
        law
        for law in frame.standing.placed.get(draft.jurisdiction, ())
        if (own & cited(law.citation) or law.instrument == draft.instrument)
        and (law.effect is not draft.effect or law.to is not None)
        and not set(law.substances).isdisjoint(draft.substances)
    ]
    if beside and frame.is_law:
        doubts.append(f"the record says otherwise in this place: {_ids(beside)}")
    return _proposal(frame, ProposalKind.PROVISION, draft, finding, doubts=doubts)


def _changed(frame: _Frame, finding: Finding, pool: Sequence[Provision]) -> Proposal | None:
    """What a law in force says otherwise than the record does in its place, all of it together.

    One act may be several provisions of the record, so what any of them says is known. Only what
    was read counts: that a reading lacks a detail says nothing against it.
    """
    law = max(pool, key=lambda one: (_near(frame, finding, one), _shared(finding, one)))
    doubts = [*frame.doubts]
    changes: dict[str, Any] = {}
    reached = {activity for one in pool for activity in one.activities}
    more = tuple(activity for activity in finding.activities if activity not in reached)
    if more:
        changes["activities"] = (*law.activities, *more)
        doubts.append(f"it also reaches: {', '.join(more)}")
    qualifiers = {
        name: value
        for name in ("min_age", "seven_oh_caps", "alkaloid_caps", "limits")
        if (value := getattr(finding.qualifiers, name))
        and not any(_within(value, getattr(one.qualifiers, name)) for one in pool)
    }
    if qualifiers:
        law = next(
            (one for one in pool if any(getattr(one.qualifiers, n) for n in qualifiers)), law
        )
        if more:
            changes["activities"] = (*law.activities, *more)
        changes["qualifiers"] = replace(law.qualifiers, **qualifiers)
        doubts.append(f"the record has otherwise, or not at all: {', '.join(sorted(qualifiers))}")
    if finding.schedule and not any(
        _same_words(finding.schedule, one.schedule or "") for one in pool
    ):
        changes["schedule"] = finding.schedule
        doubts.append(f"the record has schedule {law.schedule}")
    if finding.to:
        changes["to"] = finding.to
    if not changes:
        return None
    kind = ProposalKind.END if "to" in changes else ProposalKind.PROVISION
    draft = _on_evidence(law, _evidence(frame, finding.quote, finding.citation), changes)
    return _proposal(frame, kind, draft, finding, subject=law, doubts=doubts)


def _better(frame: _Frame, finding: Finding, pool: Sequence[Provision]) -> Iterator[Proposal]:
    """The words of an official text, for what the record has on weaker evidence.

    Only where it is plain which provision they are of: one that reaches nothing but what was
    read, and that shares its substances with no other.
    """
    evidence = _evidence(frame, finding.quote, finding.citation)
    if evidence.kind not in (EvidenceKind.OFFICIAL_TEXT, EvidenceKind.REPUBLICATION):
        return
    for law in pool:
        others = {s for one in pool if one is not law for s in one.substances}
        known = any(one.quote and _same_words(one.quote, evidence.quote or "")
                    for one in law.evidence)  # fmt: skip
        if (
            evidence.quote
            and not known
            and law.verification is not Verification.PRIMARY
            and set(law.substances) <= set(finding.substances)
            and others.isdisjoint(law.substances)
        ):
            draft = _on_evidence(law, evidence, {})
            yield _proposal(
                frame, ProposalKind.PROVISION, draft, finding, subject=law, doubts=frame.doubts
            )


def _near(frame: _Frame, finding: Finding, law: Provision) -> bool:
    own = cited(finding.citation) or cited(frame.seen.number or "")
    return bool(own & cited(law.citation))


def _shared(finding: Finding, law: Provision) -> int:
    return len(set(finding.activities) & set(law.activities))


def _on_evidence(law: Provision, evidence: Evidence, changes: dict[str, Any]) -> Draft:
    """What the record has, with changes, on further evidence.

    Other words of the same page stay: the day may follow from them.
    """
    kept = tuple(
        old
        for old in law.evidence
        if old.url != evidence.url
        or (old.quote and not _same_words(old.quote, evidence.quote or ""))
    )
    fields = {name: getattr(law, name) for name in law.__struct_fields__}
    return Draft(**{**fields, **changes, "evidence": (*kept, evidence)})


def _within(value: object, known: object) -> bool:
    if isinstance(value, tuple) and isinstance(known, tuple):
        return set(value) <= set(known)
    return value == known


def _same_words(one: str, other: str) -> bool:
    a, b = (_UNSAFE.sub(" ", text.lower()).strip() for text in (one, other))
    return a == b or (len(a) > 40 and a in b)


def _repeal(frame: _Frame, finding: Finding) -> Proposal:
    """The end of what a text strikes out or repeals, as far as the record has it."""
    own = cited(" ; ".join((*finding.targets, finding.citation)))
    ended = [
        law
        for law in frame.standing.placed.get(frame.place, ())
        if law.to is None
        and law.effect not in (Effect.REPEAL, Effect.STAY)
        and own & cited(law.citation)
        and (finding.effect in (Effect.REPEAL, Effect.STAY) or law.effect is finding.effect)
        and (not finding.substances or not set(law.substances).isdisjoint(finding.substances))
        and law.instrument != frame.instrument
    ]
    doubts = [*frame.doubts]
    if not ended:
        cites = "; ".join(finding.targets) or finding.citation or "nothing that is cited"
        doubts.append(f"what it ends is not in the record: {cites}")
    if frame.is_law and finding.from_ is None:
        doubts.append("no first day could be computed")
    stays = finding.effect is Effect.STAY
    draft = replace(
        _draft(frame, finding),
        effect=Effect.STAY if stays else Effect.REPEAL,
        schedule=None,
        attested=None,
        substances=_union((law.substances for law in ended), finding.substances),
        activities=_union((law.activities for law in ended), finding.activities),
        targets=tuple(law.id for law in ended),
    )
    mark = name_of("x", draft.citation, finding.effect, draft.targets)
    draft = replace(draft, id=f"{frame.instrument[:90]}-{draft.effect}-{mark[-6:]}")
    return _proposal(frame, ProposalKind.END, draft, finding, doubts=doubts)


def _union(first: Iterable[tuple[Any, ...]], more: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*(word for words in first for word in words), *more)))


def _vanished(frame: _Frame, before: Reading) -> Iterator[Proposal]:
    """What the version before stated, the record has, and this version no longer states."""
    now = frame.read.reading
    for finding in before.findings:
        if finding.effect in (Effect.REPEAL, Effect.STAY):
            continue
        if any(_in_place_of(one, finding) for one in now.findings):
            continue
        for law in _alike(frame, finding):
            draft = Draft(**{name: getattr(law, name) for name in law.__struct_fields__})
            doubts = [*frame.doubts, "gone from the text; its last day is not known: give `to`"]
            if now.unread:
                doubts.append(f"{len(now.unread)} places of the text were not understood")
            gone = replace(finding, spans=(Span(0, 0),))
            yield _proposal(frame, ProposalKind.END, draft, gone, subject=law, doubts=doubts)


def _in_place_of(one: Finding, other: Finding) -> bool:
    return one.effect is other.effect and not set(one.substances).isdisjoint(other.substances)


def _proposal(
    frame: _Frame,
    kind: ProposalKind,
    draft: Draft,
    finding: Finding,
    *,
    subject: Provision | None = None,
    doubts: Sequence[str] = (),
) -> Proposal:
    slot = name_of(
        "s", draft.jurisdiction, draft.instrument, sorted(cited(draft.citation)) or draft.citation,
        draft.effect, draft.extent,
    )  # fmt: skip
    said = (draft.substances, draft.activities, draft.qualifiers, draft.schedule, draft.from_,
            draft.to, draft.grandfather, draft.targets)  # fmt: skip
    own = subject.id if subject else None
    return Proposal(
        id=name_of("p", slot, kind, said, own),
        slot=slot,
        kind=kind,
        jurisdiction=draft.jurisdiction,
        stage=frame.stage,
        subject=own,
        previous=frame.standing.statement(Part.PROVISION, own) if own else None,
        provision=draft,
        basis=_basis(frame, finding.spans, finding.because),
        doubts=tuple(dict.fromkeys(_storable(doubt)[:1000] for doubt in doubts)),
    )


def _evidence(frame: _Frame, quote: str, locator: str = "") -> Evidence:
    seen = frame.seen
    return Evidence(
        kind=frame.origin.text,
        retrieved=frame.seen_on,
        url=seen.url,
        sha256=seen.sha256,
        locator=_storable(locator)[:4000] or seen.locator,
        quote=_quote(quote),
    )


def _verified(evidence: Iterable[Evidence]) -> Verification:
    kinds = {one.kind for one in evidence}
    official = {EvidenceKind.OFFICIAL_TEXT, EvidenceKind.OFFICIAL_RECORD,
                EvidenceKind.REPUBLICATION}  # fmt: skip
    return Verification.OFFICIAL_SECONDARY if kinds & official else Verification.REPORTED


def _quote(words: str) -> str | None:
    return _storable(words).strip()[:2000] or None


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _basis(frame: _Frame, spans: Sequence[Span], because: tuple[str, ...]) -> Basis:
    shown = [span for span in spans if span.end > span.start]
    passage, marks = _passage(frame.read.marked.text, shown)
    return Basis(
        source=frame.origin.id,
        key=frame.seen.key,
        reader=frame.read.reader,
        text_sha256=frame.seen.text_sha256,
        spans=tuple(shown),
        passage=_storable(passage),
        marks=marks,
        because=because,
    )


def _passage(text: str, spans: Sequence[Span]) -> tuple[str, tuple[Span, ...]]:
    """The text around the evidence, what lies between left out, and where the evidence is in it."""
    pieces: list[str] = []
    marks: list[Span] = []
    length, last = 0, -1
    windows: list[list[int]] = []
    for span in sorted(spans):
        start, end = max(0, span.start - _AROUND), min(len(text), span.end + _AROUND)
        if windows and start <= windows[-1][1]:
            windows[-1][1] = max(windows[-1][1], end)
        else:
            windows.append([start, end])
    for start, end in windows:
        end = min(end, start + _LONGEST_PASSAGE - length)
        if end <= start:
            break
        if last >= 0:
            pieces.append("\n[…]\n")
            length += 5
        piece = text[start:end]
        marks += [
            Span(span.start - start + length, min(span.end, end) - start + length)
            for span in sorted(set(spans))
            if start <= span.start < end
        ]
        pieces.append(piece)
        length, last = length + len(piece), end
    return "".join(pieces), tuple(marks)
