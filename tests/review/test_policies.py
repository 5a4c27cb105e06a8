"""What each policy accepts, measured against labelled cases, and by what people made of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml
from review_sample import (
    ORIGINS,
    PLACES,
    RULE,
    TODAY,
    bill,
    document,
    finding,
    instrument,
    origin,
    provision,
    read,
    said,
    to_read,
    tracked,
)

from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document, TrackedInstrument
from kratom_atlas.model.proposal import Proposal, ProposalState
from kratom_atlas.model.reading import Finding
from kratom_atlas.model.statement import decode_hook
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Instrument, Provision
from kratom_atlas.model.vocabulary import EvidenceKind, Stage, Verification
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.policies import (
    MEASURED,
    POLICIES,
    Error,
    Policy,
    apply,
    error,
    policy_report,
)
from kratom_atlas.review.propose import propose, propose_bill
from kratom_atlas.review.standing import Standing, stand
from kratom_atlas.store.proposals import Seen

Clock = Callable[[], str]
GOLD = Path(__file__).parents[1] / "gold" / "policies"
SOURCES = {
    **ORIGINS,
    "us_openstates": origin(
        "us_openstates", SourceKind.BILLS, EvidenceKind.REPUBLICATION, EvidenceKind.TRACKER
    ),
}
STAGE, TERM = POLICIES


def like(value: Any, fields: dict[str, Any]) -> Any:
    """A value of the sample with other fields, as a case gives them."""
    plain = msgspec.to_builtins(value, enc_hook=str)
    for name, given in fields.items():
        if given is None:
            plain.pop(name, None)
        else:
            plain[name] = given
    return msgspec.convert(plain, type(value), dec_hook=decode_hook)


def cases(policy: Policy) -> list[dict[str, Any]]:
    """The labelled cases of a policy."""
    found: list[dict[str, Any]] = yaml.safe_load(
        (GOLD / f"{policy.name}.yaml").read_text(encoding="utf-8")
    )
    return found


def of_stage(case: dict[str, Any]) -> tuple[list[Proposal], Standing]:
    known: list[Instrument] = [like(instrument(), fields) for fields in case.get("record", ())]
    standing = stand(said(*known), PLACES)
    shown: TrackedInstrument = like(tracked(), case["bill"])
    one = bill(shown, case.get("sources", ("us_ri_bills",)), case.get("others", ()))
    return list(propose_bill(one, SOURCES, standing, seen_on=TODAY)), standing


def of_term(case: dict[str, Any]) -> tuple[list[Proposal], Standing]:
    law: Provision = like(provision(), case["law"])
    standing = stand(said(RULE, law), PLACES)
    source = case.get("source", "us_ri_rules")
    seen: Document = like(document(), case.get("document", {}))
    fields = dict(case.get("finding", {}))
    words = fields.pop("quote", "mitragynine")
    what: Finding = like(finding(words or "mitragynine"), {**fields, "quote": words})
    of = bill(stage=Stage(case["stage"])) if "stage" in case else None
    gone = case.get("gone", False)
    made = propose(
        read() if gone else read(what), to_read(seen, of, source), SOURCES[source], standing,
        seen_on=TODAY, before=read(what).reading if gone else None,
    )  # fmt: skip
    return list(made), standing


BUILT: Final = {STAGE.name: of_stage, TERM.name: of_term}


def verdicts(policy: Policy) -> list[tuple[str, bool, bool]]:
    """Of each case: its id, whether the policy accepts any of it, whether that would be right."""
    found = []
    for case in cases(policy):
        made, standing = BUILT[policy.name](case)
        accepted = any(policy.judge(one, standing, SOURCES) == "" for one in made)
        found.append((case["id"], accepted, case["safe"]))
    return found


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_the_published_error_is_the_measured_one(policy: Policy) -> None:
    found = [(name, safe) for name, accepted, safe in verdicts(policy) if accepted]
    wrong = [name for name, safe in found if not safe]
    assert MEASURED[policy.label] == Error(len(wrong), len(found)), wrong


def test_there_are_enough_cases_and_hard_ones() -> None:
    of = cases(STAGE)
    assert len(of) >= 40
    assert sum(not case["safe"] for case in of) >= 20
    assert len({case["id"] for case in of}) == len(of)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_policy_is_of_use(policy: Policy) -> None:
    missed = [name for name, accepted, safe in verdicts(policy) if safe and not accepted]
    assert missed == []


def test_no_policy_touches_what_another_is_for() -> None:
    for case in cases(STAGE):
        made, standing = of_stage(case)
        assert all(TERM.judge(one, standing, SOURCES) for one in made)
    for case in cases(TERM):
        made, standing = of_term(case)
        assert all(STAGE.judge(one, standing, SOURCES) for one in made)


# -- in a store ------------------------------------------------------------------------------


def put(desk: Desk, made: Any, at: str) -> None:
    first = made[0].basis
    seen = Seen(first.source, first.key, first.text_sha256, first.reader)
    desk.proposals.make(seen, made, at=at)


def test_a_policy_accepts_in_its_name(desk: Desk, clock: Clock) -> None:
    put(desk, propose_bill(bill(), ORIGINS, desk.standing(), seen_on=TODAY), clock())
    ((name, policy),) = apply(desk, ORIGINS, at=clock())
    assert policy is STAGE
    (line,) = desk.proposals.store.lines()
    assert line.reason == f"accepted by policy structured-stage 1 (proposal {name})"
    assert desk.proposals.entry(name).decisions[0].policy == "structured-stage 1"
    assert apply(desk, ORIGINS, at=clock()) == []


def test_a_policy_makes_nothing_better_verified(desk: Desk, clock: Clock) -> None:
    desk.proposals.store.append(said(RULE, provision(), at=clock()))
    what = finding("7-hydroxymitragynine", substances=("mitragynine", "7-oh"))
    made = propose(read(what), to_read(), ORIGINS["us_ri_rules"], desk.standing(), seen_on=TODAY)
    put(desk, made, clock())
    done = apply(desk, ORIGINS, at=clock())
    assert [policy.name for _, policy in done] == ["schedule-term"] * 2
    held = desk.standing().provisions
    assert {one.verification for one in held.values()} == {
        Verification.REPORTED, Verification.MACHINE,
    }  # fmt: skip
    (new,) = (name for name, _ in done if desk.proposals.entry(name).proposal.subject is None)
    desk.accept(new, actor="ada", reason="looked at the rule", at=clock())
    assert {one.verification for one in desk.standing().provisions.values()} == {
        Verification.REPORTED, Verification.PRIMARY,
    }  # fmt: skip


def test_what_people_make_of_it_is_its_error(desk: Desk, clock: Clock) -> None:
    for number in ("H 1", "H 2", "H 3", "H 4"):
        one = tracked(number=number, key=f"US-RI/2025/{number.replace(' ', '')}")
        put(desk, propose_bill(bill(one), ORIGINS, desk.standing(), seen_on=TODAY), clock())
    names = [name for name, _ in apply(desk, ORIGINS, at=clock())]
    assert error(STAGE, desk.proposals.entries()) == Error(0, 0)
    desk.accept(names[0], actor="ada", reason="right", at=clock())
    desk.reject(names[1], actor="ada", reason="another bill", at=clock())
    desk.accept(
        names[2], actor="ada", reason="title", at=clock(), changes={"title": "A kratom act"}
    )
    assert error(STAGE, desk.proposals.entries()) == Error(2, 3)
    report = policy_report(desk.proposals.entries())[0]
    assert report["accepted_here"] == 4
    assert report["reviewed_here"]["wrong"] == 2
    assert report["reviewed_here"]["error_low"] < 2 / 3 < report["reviewed_here"]["error_high"]
    msgspec.json.encode(policy_report())


def test_what_was_reopened_or_decided_is_left_to_people(desk: Desk, clock: Clock) -> None:
    put(desk, propose_bill(bill(), ORIGINS, desk.standing(), seen_on=TODAY), clock())
    ((name, _),) = apply(desk, ORIGINS, at=clock())
    desk.reopen(name, actor="ada", reason="odd", at=clock())
    assert apply(desk, ORIGINS, at=clock()) == []
    assert desk.proposals.entry(name).state is ProposalState.REOPENED


def test_wilsons_interval() -> None:
    low, high = Error(0, 30).interval
    assert low == 0
    assert high == pytest.approx(0.1135, abs=1e-3)
    assert Error(0, 0).interval == (0.0, 1.0)


def test_a_day_that_has_not_come() -> None:
    one = bill(stage=Stage.ENACTED, enacted=PartialDate("2027-01-01"))
    (made,) = propose_bill(one, ORIGINS, stand(said(instrument()), PLACES), seen_on=TODAY)
    assert "enacted on 2027-01-01, which has not come" in made.doubts
