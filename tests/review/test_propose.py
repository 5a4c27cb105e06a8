"""What readings and records of actions become proposals of, and what they do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from review_sample import (
    AGE,
    ORIGINS,
    PLACES,
    RULE,
    TEXT,
    TODAY,
    bill,
    document,
    finding,
    instrument,
    provision,
    read,
    said,
    to_read,
    tracked,
)

from kratom_atlas.model.observation import Action
from kratom_atlas.model.proposal import Proposal, ProposalKind
from kratom_atlas.model.reading import Novelty, Relevance, Unread
from kratom_atlas.model.statement import Body
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Evidence, Qualifiers
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    EvidenceKind,
    InstrumentKind,
    Stage,
    Substance,
    Verification,
)
from kratom_atlas.review.propose import propose, propose_bill
from kratom_atlas.review.standing import Standing, cited, stand, years_of


def record(*bodies: Body) -> Standing:
    return stand(said(*bodies), PLACES)


def of_bill(one: Any, *bodies: Body) -> list[Proposal]:
    return list(propose_bill(one, ORIGINS, record(*bodies), seen_on=TODAY))


def of_text(
    *findings: Any, bodies: tuple[Body, ...] = (), source: str = "us_ri_rules", **more: Any
) -> list[Proposal]:
    one = more.pop("one", None) or to_read(source=source)
    before = more.pop("before", None)
    return list(
        propose(
            read(*findings, **more), one, ORIGINS[source], record(*bodies),
            seen_on=TODAY, before=before,
        )
    )  # fmt: skip


# -- bills -----------------------------------------------------------------------------------


def test_a_new_bill_is_an_instrument_with_its_stage() -> None:
    (one,) = of_bill(bill())
    assert one.kind is ProposalKind.INSTRUMENT
    assert one.subject is None
    assert one.instrument is not None
    assert one.instrument.id == "us-ri-h5565-2025"
    assert one.instrument.stage is Stage.PASSED_FIRST_CHAMBER
    assert one.instrument.verification is Verification.OFFICIAL_SECONDARY
    assert one.instrument.evidence[0].quote == "Passed the House"
    assert one.doubts == ()


def test_what_the_record_says_is_no_proposal() -> None:
    assert of_bill(bill(), instrument(stage=Stage.PASSED_FIRST_CHAMBER)) == []
    law = instrument(
        kind=InstrumentKind.SESSION_LAW, stage=Stage.REPEALED, enacted=PartialDate("2025-07-02")
    )
    enacted = bill(stage=Stage.ENACTED, enacted=PartialDate("2025-07-02"))
    assert of_bill(enacted, law) == []


def test_a_stage_move_keeps_what_the_record_says_besides() -> None:
    known = instrument(note="A note of ours", title="Our title")
    (one,) = of_bill(bill(stage=Stage.ENACTED, enacted=PartialDate("2025-07-02")), known)
    assert one.subject == known.id
    assert one.previous is not None
    assert one.instrument is not None
    assert one.instrument.kind is InstrumentKind.SESSION_LAW
    assert (one.instrument.title, one.instrument.note) == ("Our title", "A note of ours")
    assert one.instrument.enacted == "2025-07-02"
    assert one.doubts == ()


@pytest.mark.parametrize(
    ("session", "number", "matches"),
    [
        ("2025", "H5565", True),
        ("2025-2026", "H.B. 5565", True),
        ("2025_26", "H 5565", True),
        ("2024", "H 5565", False),
        ("2025 First Special Session", "H 5565", False),
    ],
)
def test_a_bill_is_known_by_place_session_and_number(
    session: str, number: str, *, matches: bool
) -> None:
    (one,) = of_bill(bill(session=session, number=number), instrument())
    assert (one.subject is not None) is matches


def test_a_session_may_be_known_by_its_ordinal() -> None:
    ours = instrument(session="114th", number="HB 1649 / SB 1656", introduced=None)
    theirs = tracked(session="114", number="SB 1656", actions=())
    (one,) = of_bill(bill(theirs), ours)
    assert one.subject == ours.id
    assert any("companion" in doubt for doubt in one.doubts)


@pytest.mark.parametrize(
    ("known", "fields", "doubt"),
    [
        ({"stage": Stage.ENACTED, "kind": InstrumentKind.SESSION_LAW}, {}, "which is law"),
        ({"stage": Stage.FAILED}, {}, "revived"),
        ({"stage": Stage.PASSED}, {}, "go back"),
        ({}, {"stage": Stage.ENACTED}, "no day"),
        ({}, {"stage": Stage.REPEALED, "enacted": PartialDate("2025-07-01")}, "follows from days"),
        ({}, {"because": None}, "does not say why"),
        (None, {"mentions": ()}, "does not name kratom"),
        (None, {"stage": Stage.ENACTED, "enacted": PartialDate("2025-07-01")}, "law already"),
        (None, {"stage": Stage.ENACTED, "enacted": PartialDate("2024-07-01")}, "before it was"),
    ],
)
def test_what_a_person_should_look_at(
    known: dict[str, Any] | None, fields: dict[str, Any], doubt: str
) -> None:
    (one,) = of_bill(bill(**fields), *([] if known is None else [instrument(**known)]))
    assert any(doubt in said for said in one.doubts), one.doubts


def test_sources_that_disagree_on_more_than_a_step() -> None:
    (one,) = of_bill(bill(others=["us_legiscan: introduced"]))
    assert one.doubts == ()
    (one,) = of_bill(bill(others=["us_legiscan: failed"]))
    assert one.doubts == ("sources disagree: us_legiscan: failed",)


def test_the_same_of_a_bill_has_the_same_id_from_any_source() -> None:
    (one,) = of_bill(bill())
    (other,) = of_bill(
        bill(sources=("us_legiscan",), session="2025_25", url="https://other.example/1")
    )
    assert (one.id, one.slot) == (other.id, other.slot)


# -- texts -----------------------------------------------------------------------------------


def test_a_bill_proposes_nothing_in_force() -> None:
    of = bill()
    one = to_read(document(kind=InstrumentKind.BILL), of, "us_ri_bills")
    (made,) = of_text(finding(), source="us_ri_bills", one=one)
    assert made.stage is Stage.PASSED_FIRST_CHAMBER
    assert not made.is_law
    assert made.provision is not None
    assert (made.provision.from_, made.provision.attested) == (None, None)
    assert made.provision.instrument == "us-ri-h5565-2025"
    assert made.provision.verification is Verification.MACHINE


def test_a_dead_bill_proposes_nothing() -> None:
    one = to_read(document(kind=InstrumentKind.BILL), bill(stage=Stage.FAILED), "us_ri_bills")
    assert of_text(finding(), source="us_ri_bills", one=one) == []


def test_what_a_bill_only_reprints_is_not_proposed() -> None:
    one = to_read(document(kind=InstrumentKind.BILL), bill(), "us_ri_bills")
    assert of_text(finding(novelty=Novelty.KEEPS), source="us_ri_bills", one=one) == []


def test_an_enacted_act_proposes_with_its_dates_and_never_with_the_day_of_the_look() -> None:
    of = bill(stage=Stage.ENACTED, enacted=PartialDate("2025-07-02"))
    one = to_read(document(kind=InstrumentKind.BILL), of, "us_ri_bills")
    dated = finding(from_=PartialDate("2026-04-01"))
    (made,) = of_text(dated, source="us_ri_bills", one=one)
    assert made.provision is not None
    assert made.provision.from_ == "2026-04-01"
    (undated,) = of_text(finding(), source="us_ri_bills", one=one)
    assert undated.provision is not None
    assert (undated.provision.from_, undated.provision.attested) == (None, None)
    assert "no first day could be computed" in undated.doubts


def test_other_words_of_the_same_page_stay_evidence() -> None:
    page = "https://rules.example/216-20-10-1"
    old = {"kind": EvidenceKind.OFFICIAL_TEXT, "url": page, "retrieved": PartialDate("2026-01-01")}
    law = provision(
        schedule="II",
        evidence=(
            Evidence(**old, quote="takes effect at once"),
            Evidence(**old, quote="Mitragynine"),
            Evidence(**old, locator="(b)"),
        ),
    )
    (made,) = of_text(finding(), bodies=(RULE, law))
    assert made.provision is not None
    assert [one.quote for one in made.provision.evidence] == ["takes effect at once", "mitragynine"]
    act = instrument(evidence=(Evidence(**{**old, "url": "https://bills.example/h5565"}, quote="x"),
                               Evidence(**{**old, "url": "https://bills.example/h5565",
                                           "kind": EvidenceKind.OFFICIAL_RECORD})))  # fmt: skip
    (moved,) = of_bill(bill(), act)
    assert moved.instrument is not None
    assert [one.quote for one in moved.instrument.evidence] == ["x", "Passed the House"]


def test_paragraphs_of_a_section_are_provisions_of_their_own() -> None:
    places = ("216-RICR-20-10.1(a)", "216-RICR-20-10.1(b)", "216-RICR-20-10.1 ( b )")
    made = of_text(*(finding(citation=place, qualifiers=Qualifiers(min_age=18 + n))
                     for n, place in enumerate(places)))  # fmt: skip
    names = [one.provision.id for one in made if one.provision]
    assert len(set(names)) == len(names) == 3


def test_names_do_not_hang_on_the_order_of_a_set() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_propose as t\n"
        "cited = '500.92, 500.93, 20-2-23 and 1308.11'\n"
        "made = t.of_text(t.finding(citation=cited))\n"
        "print([one.provision and one.provision.id for one in made])"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent)]
    said = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


def test_names_that_lose_their_letters_are_told_apart() -> None:
    acts = []
    for number in ("法律第5号", "政令第5号"):
        one = to_read(document(key=number, number=number, url=f"https://law.example/{len(acts)}"))
        acts.append(of_text(finding(citation=""), one=one)[0].instrument)
    first, second = acts
    assert first is not None
    assert second is not None
    assert first.id != second.id
    taken = instrument(id="us-ri-5-2", kind=InstrumentKind.STATUTE, number="x", session=None)
    other = to_read(document(key="5-2", number="5.2", url="https://law.example/9"))
    (new, _) = of_text(finding(), one=other, bodies=(taken,))
    assert new.instrument is not None
    assert new.instrument.id.startswith("us-ri-5-2-"), "another act has the plain name"


def test_a_long_list_of_repeals_makes_a_doubt_of_bounded_length() -> None:
    ends = finding(effect=Effect.REPEAL, schedule=None, targets=tuple(
        f"section {n} of an act\ud800" for n in range(2000)))  # fmt: skip
    made = of_text(ends)
    assert max(len(doubt) for one in made for doubt in one.doubts) == 1000
    assert msgspec.json.encode([one.doubts for one in made])


def test_another_version_of_an_enacted_bill_is_doubtful() -> None:
    of = bill(stage=Stage.ENACTED, enacted=PartialDate("2025-07-02"))
    one = to_read(document(kind=InstrumentKind.BILL), of, "us_ri_bills", is_final=False)
    (made,) = of_text(finding(), source="us_ri_bills", one=one)
    assert any("became law" in doubt for doubt in made.doubts)


def test_consolidated_law_is_attested_on_the_day_on_which_its_source_showed_it() -> None:
    new_act, made = of_text(finding())
    assert new_act.kind is ProposalKind.INSTRUMENT
    assert made.provision is not None
    assert made.provision.attested == TODAY, "not since the act was published: it changes"
    assert made.provision.from_ is None
    assert made.basis.text_sha256 == "a" * 64
    start, end = made.basis.marks[0]
    assert made.basis.passage[start:end] == "mitragynine"


def test_alerts_and_incidental_texts_propose_nothing() -> None:
    assert of_text(finding(), source="us_alerts") == []
    assert of_text(finding(), relevance=Relevance.INCIDENTAL) == []


def test_better_evidence_of_what_stands() -> None:
    law = provision()
    (made,) = of_text(finding(), bodies=(RULE, law))
    assert made.subject == law.id
    assert made.provision is not None
    assert made.provision.from_ == law.from_
    assert made.provision.evidence[-1].quote == "mitragynine"
    assert made.provision.verification is law.verification


def test_what_stands_on_the_same_words_is_no_news() -> None:
    quoted = Evidence(
        kind=EvidenceKind.OFFICIAL_TEXT,
        url="https://rules.example/216-20-10-1",
        retrieved=TODAY,
        quote="mitragynine",
    )
    law = provision(verification=Verification.PRIMARY, evidence=(quoted,))
    assert of_text(finding(), bodies=(RULE, law)) == []


def test_a_further_substance_in_a_known_schedule() -> None:
    more = finding("7-hydroxymitragynine", substances=(Substance.MITRAGYNINE, Substance.SEVEN_OH))
    made = of_text(more, bodies=(RULE, provision(verification=Verification.PRIMARY, evidence=(
        Evidence(kind=EvidenceKind.OFFICIAL_TEXT, url="https://rules.example/216-20-10-1",
                 retrieved=TODAY, quote="7-hydroxymitragynine"),))))  # fmt: skip
    (one,) = made
    assert one.subject is None
    assert one.provision is not None
    assert one.provision.substances == (Substance.SEVEN_OH,)


def test_a_rule_that_is_read_otherwise_than_recorded() -> None:
    law = provision(
        effect=Effect.RESTRICT, schedule=None, qualifiers=AGE.__class__(min_age=18),
        activities=(Activity.SELL,),
    )  # fmt: skip
    stricter = finding(
        effect=Effect.RESTRICT, schedule=None, qualifiers=AGE, activities=(Activity.SELL,)
    )
    (made,) = of_text(stricter, bodies=(RULE, law))
    assert made.subject == law.id
    assert made.provision is not None
    assert made.provision.qualifiers.min_age == 21
    assert any("min_age" in doubt for doubt in made.doubts)


def test_one_act_may_be_several_provisions_of_the_record() -> None:
    rule = {"effect": Effect.RESTRICT, "schedule": None}
    age = provision(id="age", activities=(Activity.SELL,), qualifiers=AGE, **rule)
    product = provision(id="product", activities=(Activity.MAKE,), **rule)
    both = {"qualifiers": AGE, "activities": (Activity.SELL, Activity.MAKE), **rule}
    assert of_text(finding(**both), bodies=(RULE, age, product)) == []
    (more,) = of_text(
        finding(**{**both, "activities": (Activity.MAKE, Activity.IMPORT)}),
        bodies=(RULE, age, product),
    )
    assert more.subject == "product"
    (other,) = of_text(
        finding(**{**both, "qualifiers": AGE.__class__(min_age=18)}), bodies=(RULE, age, product)
    )
    assert other.subject == "age"


def test_what_has_vanished_from_the_law_is_proposed_to_end_without_a_day() -> None:
    before = read(finding()).reading
    (made,) = of_text(bodies=(RULE, provision()), before=before)
    assert made.kind is ProposalKind.END
    assert made.subject == "us-ri-schedule"
    assert made.provision is not None
    assert made.provision.to is None
    assert any("give `to`" in doubt for doubt in made.doubts)
    unread = (Unread(span=finding().spans[0], why="an unknown verb"),)
    (made,) = of_text(bodies=(RULE, provision()), before=before, unread=unread)
    assert any("not understood" in doubt for doubt in made.doubts)


def test_nothing_vanishes_that_was_never_read() -> None:
    assert of_text(bodies=(RULE, provision())) == []


def test_a_repeal_names_what_it_ends() -> None:
    of = bill(stage=Stage.ENACTED, enacted=PartialDate("2025-07-02"))
    one = to_read(document(kind=InstrumentKind.BILL), of, "us_ri_bills")
    struck = finding(novelty=Novelty.STRIKES, from_=PartialDate("2026-04-01"))
    (made,) = of_text(struck, bodies=(RULE, provision()), source="us_ri_bills", one=one)
    assert made.kind is ProposalKind.END
    assert made.provision is not None
    assert made.provision.effect is Effect.REPEAL
    assert made.provision.targets == ("us-ri-schedule",)
    assert made.provision.from_ == "2026-04-01"
    other = finding(effect=Effect.REPEAL, schedule=None, citation="Section 9",
                    targets=("Section 1-2-3",))  # fmt: skip
    (made,) = of_text(other, bodies=(RULE, provision()), source="us_ri_bills", one=one)
    assert any("not in the record: Section 1-2-3" in doubt for doubt in made.doubts)


def test_findings_of_one_rule_are_one_provision() -> None:
    rule = {"effect": Effect.RESTRICT, "schedule": None, "activities": (Activity.SELL,)}
    lab = AGE.__class__(testing="by a laboratory")
    age, tested = finding(qualifiers=AGE, **rule), finding("cathinone", qualifiers=lab, **rule)
    _, made = of_text(age, tested)
    assert made.provision is not None
    assert made.provision.qualifiers == AGE.__class__(min_age=21, testing="by a laboratory")
    assert len(made.basis.spans) == 2
    older = finding(qualifiers=AGE.__class__(min_age=18), **rule)
    assert len(of_text(age, older)) == 3
    makers = finding(qualifiers=lab, **{**rule, "activities": (Activity.MAKE,)})
    assert len(of_text(age, makers)) == 3


def test_an_id_does_not_depend_on_where_or_when_it_was_read() -> None:
    _, one = of_text(finding())
    _, other = of_text(
        finding(text="Some words. " + TEXT), text="Some words. " + TEXT,
        one=to_read(document(text_sha256="c" * 64, published=PartialDate("2026-11-01"))),
    )  # fmt: skip
    assert one.id == other.id


# -- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("citation", "numbers"),
    [
        ("Ala. Code 20-2-23(b)(4)", {"20-2-23"}),
        ("21 CFR 1308.11", {"1308.11"}),
        ("§ 500.92, Florida Statutes", {"500.92"}),
        ("Chapter 441", {"441"}),
        ("Schedule 9", {"9"}),
        ("the Act of 2017", set()),
    ],
)
def test_the_numbers_of_a_citation(citation: str, numbers: set[str]) -> None:
    assert cited(citation) == numbers


def test_the_years_of_a_session() -> None:
    assert years_of("2025-26") == {2025, 2026}
    assert years_of("126th (2025-26)") == {2025, 2026}
    assert years_of("222nd", PartialDate("2026-02-01")) == {2026}
    assert years_of("2025_2026") == {2025, 2026}


def test_a_bill_that_was_acted_on_only_later() -> None:
    one = tracked(session="89R", actions=(Action(text="Filed", date=PartialDate("2025-01-02")),))
    (made,) = of_bill(bill(one))
    assert made.instrument is not None
    assert made.instrument.id == "us-ri-h5565-2025"
