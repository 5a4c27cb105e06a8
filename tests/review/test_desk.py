"""Proposals in a store, and the decisions on them, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from review_sample import (
    AGE,
    KENT,
    ORIGINS,
    PLACES,
    RULE,
    TEXT,
    TODAY,
    bill,
    document,
    finding,
    provision,
    read,
    said,
    to_read,
)

from kratom_atlas.model.proposal import Proposal, ProposalState
from kratom_atlas.model.statement import Line, Op
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import Effect, InstrumentKind, Stage, Verification
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.propose import propose, propose_bill
from kratom_atlas.store import database
from kratom_atlas.store.database import StoreError
from kratom_atlas.store.proposals import Made, ProposalError, Proposals, Seen

Clock = Callable[[], str]
WHO = {"actor": "ada", "reason": "read it"}
State = ProposalState


def seen_of(one: Proposal, text: str | None = None, reader: str = "reader-1") -> Seen:
    return Seen(one.basis.source, one.basis.key, text or one.basis.text_sha256, reader)


def texts(desk: Desk, *findings: Any, text_sha256: str = "a" * 64, **more: Any) -> list[Proposal]:
    one = to_read(document(text_sha256=text_sha256, **more.pop("fields", {})),
                  source=more.pop("source", "us_ri_rules"))  # fmt: skip
    made = propose(
        read(*findings), one, ORIGINS[one.source], desk.standing(), seen_on=TODAY, **more
    )
    return list(made)


def propose_rule(desk: Desk, at: str, text_sha256: str = "a" * 64) -> list[Proposal]:
    """The proposed instrument and its provision."""
    made = texts(desk, finding(), text_sha256=text_sha256)
    seen = Seen("us_ri_rules", "216-RICR-20-10.1", text_sha256, "reader-1")
    desk.proposals.make(seen, made, at=at)
    return made


def state(desk: Desk, one: Proposal) -> ProposalState:
    return desk.proposals.entry(one.id).state


# -- the tables ------------------------------------------------------------------------------


def test_the_same_again_appends_nothing(desk: Desk, clock: Clock) -> None:
    first, second = propose_rule(desk, clock())
    counts = rows(desk)
    assert desk.proposals.make(seen_of(second), (first, second), at=clock()) == Made()
    assert rows(desk) == counts == (1, 2, 0)
    assert [entry.proposal for entry in desk.proposals.entries()] == [first, second]


def test_what_is_doubted_since_is_known_and_a_later_look_is_not_news(
    desk: Desk, clock: Clock
) -> None:
    first, second = propose_rule(desk, clock())
    later = replace(
        second.body,
        attested=PartialDate("2026-12-24"),
        evidence=tuple(replace(one, retrieved=PartialDate("2026-12-24"), sha256="e" * 64)
                       for one in second.body.evidence),
    )  # fmt: skip
    looked = replace(second, provision=later)
    assert desk.proposals.make(seen_of(second), (first, looked), at=clock()) == Made()
    assert desk.proposals.entry(second.id).proposal.provision == second.provision
    doubted = replace(second, doubts=("sources disagree",))
    assert desk.proposals.make(seen_of(second), (first, doubted), at=clock()) == Made(readings=1)
    assert desk.proposals.entry(second.id).proposal.doubts == ("sources disagree",)


def rows(desk: Desk) -> tuple[int, ...]:
    with desk.proposals.store.engine.connect() as connection:
        return tuple(
            connection.scalar(sa.text(f'SELECT count(*) FROM "{table}"')) or 0
            for table in ("reading", "proposal", "decision")
        )


@pytest.mark.parametrize("table", ["reading", "proposal", "decision"])
def test_nothing_is_rewritten(desk: Desk, clock: Clock, table: str) -> None:
    _, one = propose_rule(desk, clock())
    desk.reject(one.id, at=clock(), **WHO)
    engine = desk.proposals.store.engine
    for change in (f'DELETE FROM "{table}"', f'UPDATE "{table}" SET id = id + 100'):
        with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.execute(sa.text(change))


def test_what_a_reading_no_longer_makes(desk: Desk, clock: Clock) -> None:
    first, second = propose_rule(desk, clock())
    seen = replace_reader(seen_of(second), "reader-2")
    assert desk.proposals.make(seen, (first,), at=clock()).withdrawn == 1
    assert state(desk, second) is State.WITHDRAWN
    with pytest.raises(ProposalError, match=r"withdrawn \(a newer reading does not make it\)"):
        desk.accept(second.id, at=clock(), **WHO)
    desk.proposals.make(seen_of(second), (first, second), at=clock())
    assert state(desk, second) is State.PROPOSED


def replace_reader(seen: Seen, reader: str) -> Seen:
    return Seen(seen.source, seen.key, seen.text_sha256, reader)


def test_what_takes_the_place_of_another(desk: Desk, clock: Clock) -> None:
    _, one = propose_rule(desk, clock())
    changed = texts(desk, finding(schedule="II"), text_sha256="c" * 64)
    made = desk.proposals.make(seen_of(changed[1]), changed, at=clock())
    assert made.superseded == 1
    assert state(desk, one) is State.SUPERSEDED


def test_two_sources_make_one_proposal(desk: Desk, clock: Clock) -> None:
    propose_rule(desk, clock())
    fields = {"key": "other", "url": "https://code.example/x"}
    other = texts(desk, finding(), fields=fields, source="us_ri_code")
    desk.proposals.make(seen_of(other[1]), other, at=clock())
    entry = desk.proposals.entry(other[1].id)
    assert {one.basis.source for one in entry.makers} == {"us_ri_rules", "us_ri_code"}
    gone = replace_reader(seen_of(other[1]), "reader-2")
    assert desk.proposals.make(gone, (), at=clock()).withdrawn == 0
    assert entry.state is State.PROPOSED


# -- accepting -------------------------------------------------------------------------------


def test_accepting_writes_the_ledger_of_the_store(desk: Desk, clock: Clock) -> None:
    act, one = propose_rule(desk, clock())
    with pytest.raises(ProposalError, match="accept its instrument"):
        desk.accept(one.id, at=clock(), **WHO)
    desk.accept(act.id, at=clock(), **WHO)
    (line,) = desk.accept(one.id, at=clock(), **WHO)
    assert (line.op, line.actor) == (Op.ASSERT, "ada")
    assert line.reason == f"read it (proposal {one.id})"
    assert line.provision is not None
    assert line.provision.verification is Verification.PRIMARY
    assert line.provision.evidence[0].quote == "mitragynine"
    assert [found.subject for found in desk.proposals.store.lines()] == [
        act.instrument and act.instrument.id, line.subject
    ]  # fmt: skip
    assert state(desk, one) is State.ACCEPTED


def test_accepting_twice_is_accepting_once(desk: Desk, clock: Clock) -> None:
    act, _ = propose_rule(desk, clock())
    desk.accept(act.id, at=clock(), **WHO)
    before = rows(desk), list(desk.proposals.store.lines())
    assert desk.accept(act.id, at=clock(), **WHO) == []
    assert (rows(desk), list(desk.proposals.store.lines())) == before


def test_a_bill_is_not_law(desk: Desk, clock: Clock) -> None:
    of = bill()
    one = to_read(document(kind=InstrumentKind.BILL), of, "us_ri_bills")
    made = propose(read(finding()), one, ORIGINS["us_ri_bills"], desk.standing(), seen_on=TODAY)
    desk.proposals.make(seen_of(made[0]), made, at=clock())
    with pytest.raises(ProposalError, match="passed one chamber, which is not law: only the inst"):
        desk.accept(made[0].id, at=clock(), **WHO)
    assert list(desk.proposals.store.lines()) == []


def test_accepting_with_changes(desk: Desk, clock: Clock) -> None:
    act, one = propose_rule(desk, clock())
    desk.accept(act.id, at=clock(), **WHO)
    changes = {"from": "2017-05-31", "attested": "", "substances": "[leaf, mitragynine]",
               "qualifiers.min_age": "21"}  # fmt: skip
    (line,) = desk.accept(one.id, at=clock(), changes=changes, **WHO)
    assert line.provision is not None
    assert (line.provision.from_, line.provision.attested) == ("2017-05-31", None)
    assert line.provision.substances == ("leaf", "mitragynine")
    assert line.provision.qualifiers.min_age == 21
    assert state(desk, one) is State.EDITED


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"colour": "blue"}, "unknown field `colour`"),
        ({"from": "2017-13"}, "is not a day of the calendar"),
        ({"attested": ""}, "no first day"),
        ({"id": "other"}, "not for changing"),
        ({"to": "2001"}, "ends before it starts"),
        ({"substances": "[leaf"}, "not a value of a sheet"),
        ({"effect.x": "y"}, "no field"),
    ],
)
def test_changes_that_cannot_be_made(
    desk: Desk, clock: Clock, changes: dict[str, str], why: str
) -> None:
    act, one = propose_rule(desk, clock())
    desk.accept(act.id, at=clock(), **WHO)
    with pytest.raises(ProposalError, match=why) as caught:
        desk.accept(one.id, at=clock(), changes=changes, **WHO)
    assert "\n" not in str(caught.value)
    assert state(desk, one) is State.PROPOSED


@pytest.mark.parametrize(
    ("actor", "reason"), [("", "x"), ("x", "  "), ("a\nb", "x"), ("x", "\x1b")]
)
def test_who_and_why(desk: Desk, clock: Clock, actor: str, reason: str) -> None:
    act, _ = propose_rule(desk, clock())
    with pytest.raises(ProposalError, match=r"actor|reason"):
        desk.accept(act.id, actor=actor, reason=reason, at=clock())


def test_what_changed_since_it_was_proposed(desk: Desk, clock: Clock) -> None:
    store = desk.proposals.store
    store.append(said(RULE, provision(), at=clock()))
    (made,) = texts(desk, finding())
    desk.proposals.make(seen_of(made), (made,), at=clock())
    law = provision(note="Corrected by hand")
    before = desk.standing().statement(*next(iter({("provision", law.id)})))
    (line,) = said(law, at=clock())
    store.append([replace(line, op=Op.SUPERSEDE, previous=before)])
    with pytest.raises(ProposalError, match="has changed since this was proposed"):
        desk.accept(made.id, at=clock(), **WHO)


def test_two_reviewers(desk: Desk, clock: Clock) -> None:
    act, _ = propose_rule(desk, clock())
    entry = desk.proposals.entry(act.id)
    desk.reject(act.id, at=clock(), **WHO)
    with pytest.raises(ProposalError, match="somebody decided on it meanwhile"):
        desk.proposals.decide(entry, State.ACCEPTED, at=clock(), **WHO)


def test_a_decision_and_its_lines_are_one(desk: Desk, clock: Clock) -> None:
    act, _ = propose_rule(desk, clock())
    entry = desk.proposals.entry(act.id)
    unfit: list[Line] = [replace(line, op=Op.ACKNOWLEDGE) for line in said(RULE, at=clock())]
    with pytest.raises(StoreError, match="does not fit"):
        desk.proposals.decide(entry, State.ACCEPTED, at=clock(), lines=unfit, **WHO)
    assert state(desk, act) is State.PROPOSED


def test_what_the_sheets_would_refuse_as_a_double(desk: Desk, clock: Clock) -> None:
    act, one = propose_rule(desk, clock())
    more = texts(desk, finding(), finding(activities=("sell", "make"), qualifiers=AGE))
    desk.proposals.make(seen_of(one), more, at=clock())
    for name in (act.id, more[1].id):
        desk.accept(name, at=clock(), **WHO)
    with pytest.raises(ProposalError, match="overlaps 'us-ri-216-ricr-20-10-1-schedule"):
        desk.accept(more[2].id, at=clock(), **WHO)
    desk.accept(more[2].id, at=clock(), changes={"citation": "216-RICR-20-10.1(b)"}, **WHO)


# -- taking back -----------------------------------------------------------------------------


def test_rejecting_takes_back_what_was_accepted(desk: Desk, clock: Clock) -> None:
    act, one = propose_rule(desk, clock())
    desk.accept(act.id, at=clock(), **WHO)
    desk.accept(one.id, at=clock(), **WHO)
    with pytest.raises(ProposalError, match="provisions rest on it"):
        desk.reject(act.id, at=clock(), **WHO)
    (line,) = desk.reject(one.id, at=clock(), **WHO)
    assert line.op is Op.RETRACT
    assert one.provision is not None
    assert one.provision.id not in desk.standing().provisions
    assert desk.reject(one.id, at=clock(), **WHO) == []


def test_rejecting_goes_back_to_what_stood_before(desk: Desk, clock: Clock) -> None:
    desk.proposals.store.append(said(RULE, provision(), at=clock()))
    (made,) = texts(desk, finding())
    desk.proposals.make(seen_of(made), (made,), at=clock())
    (line,) = desk.accept(made.id, at=clock(), **WHO)
    assert line.op is Op.ACKNOWLEDGE
    assert desk.standing().provisions["us-ri-schedule"].verification is Verification.PRIMARY
    desk.reject(made.id, at=clock(), **WHO)
    assert desk.standing().provisions["us-ri-schedule"] == provision()


# -- texts that change -----------------------------------------------------------------------


def test_another_text_reopens_what_rested_on_it(desk: Desk, clock: Clock) -> None:
    act, one = propose_rule(desk, clock())
    desk.accept(act.id, at=clock(), **WHO)
    desk.accept(one.id, at=clock(), **WHO)
    same = texts(desk, finding())
    assert same == []  # the record says it by now
    assert desk.proposals.make(seen_of(one), same, at=clock()).reopened == 0
    assert state(desk, one) is State.ACCEPTED
    other = seen_of(one, "c" * 64)
    assert desk.proposals.make(other, (), at=clock()).reopened == 2
    entry = desk.proposals.entry(one.id)
    assert entry.state is State.REOPENED
    assert "aaaaaaaaaaaa" in entry.decisions[-1].reason
    assert "cccccccccccc" in entry.decisions[-1].reason
    assert one.provision is not None
    assert one.provision.id in desk.standing().provisions  # it stands until somebody decides
    assert desk.accept(one.id, actor="ada", reason="still so", at=clock()) == []
    assert desk.proposals.make(other, (), at=clock()).reopened == 0
    assert desk.proposals.make(seen_of(one, "d" * 64), (), at=clock()).reopened == 1


def test_a_rejected_proposal_is_looked_at_again_when_another_text_makes_it(
    desk: Desk, clock: Clock
) -> None:
    act, one = propose_rule(desk, clock())
    desk.reject(one.id, at=clock(), **WHO)
    assert desk.proposals.make(seen_of(one, "c" * 64), (act, one), at=clock()).reopened == 1


def test_a_vanished_rule_ends_on_a_day_that_somebody_gives(desk: Desk, clock: Clock) -> None:
    desk.proposals.store.append(said(RULE, provision(), at=clock()))
    (gone,) = texts(desk, before=read(finding()).reading)
    desk.proposals.make(seen_of(gone), (gone,), at=clock())
    with pytest.raises(ProposalError, match="say when it ended"):
        desk.accept(gone.id, at=clock(), **WHO)
    (line,) = desk.accept(gone.id, at=clock(), changes={"to": "2026-07-01"}, **WHO)
    assert (line.op, line.subject) == (Op.SUPERSEDE, "us-ri-schedule")
    assert desk.standing().provisions["us-ri-schedule"].to == "2026-07-01"


def test_a_repeal_ends_what_is_recorded(desk: Desk, clock: Clock) -> None:
    law = replace(RULE, id="us-ri-act-2026", number="Chapter 7", stage=Stage.ENACTED)
    desk.proposals.store.append(said(RULE, law, provision(), at=clock()))
    ends = finding(effect=Effect.REPEAL, schedule=None, targets=("216-RICR-20-10.1",),
                   citation="Section 2", from_=PartialDate("2026-04-01"))  # fmt: skip
    one = to_read(document(key="act", number="Chapter 7", url="https://x.example/7"))
    made = propose(read(ends), one, ORIGINS["us_ri_rules"], desk.standing(), seen_on=TODAY)
    desk.proposals.make(seen_of(made[0]), made, at=clock())
    (line,) = desk.accept(made[0].id, at=clock(), **WHO)
    assert line.provision is not None
    assert line.provision.targets == ("us-ri-schedule",)


# -- the rule of two sources -----------------------------------------------------------------


def local(desk: Desk, clock: Clock, source: str, url: str) -> Proposal:
    """A county's ban as a tracker has it."""
    ban = finding(effect=Effect.PROHIBIT, schedule=None, text=TEXT, citation="County Code 12-3")
    fields = {"jurisdiction": KENT, "kind": InstrumentKind.ORDINANCE, "number": "County Code 12-3",
              "url": url, "key": url}  # fmt: skip
    made = texts(desk, ban, fields=fields, source=source)
    desk.proposals.make(seen_of(made[-1]), made, at=clock())
    if len(made) > 1:
        desk.accept(made[0].id, at=clock(), **WHO)
    return made[-1]


def test_a_reported_local_rule_needs_two_sources(desk: Desk, clock: Clock) -> None:
    one = local(desk, clock, "tracker_one", "https://www.one.example/kent")
    with pytest.raises(ProposalError, match=r"two independent sources, and has one\.example"):
        desk.accept(one.id, at=clock(), **WHO)
    local(desk, clock, "tracker_one", "https://blog.one.example/kent")
    with pytest.raises(ProposalError, match="two independent sources"):
        desk.accept(one.id, at=clock(), **WHO)
    local(desk, clock, "tracker_two", "https://two.example/kent")
    (line,) = desk.accept(one.id, at=clock(), **WHO)
    assert line.provision is not None
    assert line.provision.verification is Verification.REPORTED
    assert len(line.provision.evidence) == 3


def test_or_it_stays_machine_read(desk: Desk, clock: Clock) -> None:
    one = local(desk, clock, "tracker_one", "https://www.one.example/kent")
    changes = {"verification": "machine"}
    (line,) = desk.accept(one.id, at=clock(), changes=changes, **WHO)
    assert line.provision is not None
    assert line.provision.verification is Verification.MACHINE


def test_primary_needs_the_words_of_the_official_text(desk: Desk, clock: Clock) -> None:
    one = local(desk, clock, "tracker_one", "https://www.one.example/kent")
    with pytest.raises(ProposalError, match="`primary` needs evidence with the quoted words"):
        desk.accept(one.id, at=clock(), changes={"verification": "primary"}, **WHO)


# -- several processes -----------------------------------------------------------------------


def test_a_store_that_is_opened_again(
    tmp_path: Any, new_store: Callable[..., Any], clock: Clock
) -> None:
    with new_store("sqlite", tmp_path) as url:
        with database.open_store(url) as store:
            made = propose_bill(bill(), ORIGINS, Desk(Proposals(store), PLACES).standing(),
                                seen_on=TODAY)  # fmt: skip
            Proposals(store).make(seen_of(made[0]), made, at=clock())
        with database.open_store(url) as store:
            assert [one.proposal for one in Proposals(store).entries()] == list(made)
            with pytest.raises(ProposalError, match="no proposal 'p-none'"):
                Proposals(store).entry("p-none")


def test_a_store_of_the_revision_before(
    tmp_path: Any, new_store: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with new_store("sqlite", tmp_path) as url:
        now = database.REVISION
        monkeypatch.setattr(database, "REVISION", "0002")
        with database.open_store(url) as store:
            store.append(said(RULE, at=clock()))
        monkeypatch.setattr(database, "REVISION", now)
        with database.open_store(url) as store:
            assert Proposals(store).entries() == []
            assert len(list(store.lines())) == 1


def test_many_at_once(desk: Desk, clock: Clock) -> None:
    act, _ = propose_rule(desk, clock())
    at = clock()

    def decide(number: int) -> str:
        try:
            desk.accept(act.id, actor=f"reviewer {number}", reason="at once", at=at)
        except (ProposalError, StoreError) as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(decide, range(4)))
    assert "done" in outcomes
    assert all("meanwhile" in one or one == "done" for one in outcomes)
    assert [line.op for line in desk.proposals.store.lines()] == [Op.ASSERT]
    entry = desk.proposals.entry(act.id)
    assert {one.state for one in entry.decisions} == {State.ACCEPTED}
