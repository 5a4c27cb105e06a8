"""A whole round: an archive of observations, a reader, proposals, policies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from review_sample import AGE, ORIGINS, RULE, document, finding, provision, read, said, tracked

from kratom_atlas.model.crawling import RunState
from kratom_atlas.model.observation import Observation
from kratom_atlas.model.proposal import ProposalKind, ProposalState
from kratom_atlas.model.vocabulary import Activity, Effect, InstrumentKind, Stage
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.propose import Read
from kratom_atlas.review.texts import ToRead
from kratom_atlas.review.update import Round, update
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.proposals import ProposalError

START = datetime(2026, 11, 22, tzinfo=UTC)


class Station:
    """An archive that is fed by hand, and a reader that finds what it is told to."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.archive = Archive(desk.proposals.store)
        self.now = START
        self.findings: list[Any] = [finding()]
        self.asked: list[str] = []

    def observe(self, source: str, *seen: Observation) -> None:
        self.now += timedelta(hours=1)
        today = date(2026, 11, 22)
        run = self.archive.begin(source, parser="1", today=today, since=today, now=self.now)
        assert run is not None
        self.archive.accept(run, RunState.OK, seen=seen, still=(), faults={}, pages=(),
                            now=self.now, counts={})  # fmt: skip

    def read(self, one: ToRead) -> Read | None:
        assert one.document is not None
        self.asked.append(one.document.key)
        return read(*self.findings)

    def round(self, **more: Any) -> Round:
        self.now += timedelta(hours=1)
        return update(self.archive, self.desk, self.read, ORIGINS, reader="reader-1",
                      now=self.now, **more)  # fmt: skip


def test_a_round_and_the_same_again(desk: Desk) -> None:
    here = Station(desk)
    here.observe("us_ri_bills", tracked())
    here.observe("us_ri_rules", document())
    first = here.round()
    assert (first.texts, first.made.proposed, first.accepted) == (1, 3, {"structured-stage": 1})
    assert first.open == 2
    again = here.round()
    assert (again.texts, again.skipped, again.made.proposed, again.accepted) == (0, 1, 0, {})
    assert again.open == 2
    assert here.asked == ["216-RICR-20-10.1"]
    here.round(again=True)
    assert here.asked == ["216-RICR-20-10.1"] * 2


def test_a_stage_that_moves_on(desk: Desk) -> None:
    here = Station(desk)
    here.observe("us_ri_bills", tracked())
    here.round()
    here.observe("us_ri_bills", tracked(stage=Stage.PASSED, because="Passed the Senate"))
    assert here.round().accepted == {"structured-stage": 1}
    (bill,) = desk.standing().instruments.values()
    assert bill.stage is Stage.PASSED
    here.observe("us_ri_bills", tracked(stage=Stage.INTRODUCED, because="Recommitted"))
    last = here.round()
    assert (last.accepted, last.open) == ({}, 1)
    here.observe("us_ri_bills", tracked(stage=Stage.PASSED, because="Passed the Senate"))
    last = here.round()
    assert (last.made.withdrawn, last.open) == (1, 0)


def test_the_text_of_a_bill_follows_its_stage(desk: Desk) -> None:
    here = Station(desk)
    text = document(key="US-RI/2025/H5565#1", kind=InstrumentKind.BILL, number="H 5565")
    here.observe("us_ri_bills", tracked(), text)
    here.round()
    (first,) = (e for e in desk.proposals.entries() if e.proposal.kind is ProposalKind.PROVISION)
    assert not first.proposal.is_law
    assert not first.proposal.is_acceptable


def test_a_changed_source_reopens_what_rested_on_it(desk: Desk) -> None:
    here = Station(desk)
    desk.proposals.store.append(said(RULE, provision()))
    here.observe("us_ri_rules", document())
    done = here.round()
    assert done.accepted == {"schedule-term": 1}
    (entry,) = desk.proposals.entries()
    assert entry.state is ProposalState.ACCEPTED
    here.findings = []
    here.observe("us_ri_rules", document(text_sha256="c" * 64))
    done = here.round()
    assert done.made.reopened == 1
    ends = [e for e in desk.proposals.entries() if e.proposal.kind is ProposalKind.END]
    assert [one.state for one in ends] == [ProposalState.PROPOSED]
    assert done.accepted == {}


def test_two_changes_of_one_provision_follow_each_other(desk: Desk) -> None:
    here = Station(desk)
    law = provision(effect=Effect.RESTRICT, schedule=None, activities=(Activity.SELL,))
    desk.proposals.store.append(said(RULE, law))
    rule = {"effect": Effect.RESTRICT, "schedule": None}
    here.findings = [finding(qualifiers=AGE, activities=(Activity.SELL,), **rule),
                     finding(activities=(Activity.MAKE,), **rule)]  # fmt: skip
    here.observe("us_ri_rules", document())
    here.round()
    first, second = desk.proposals.entries()
    who = {"actor": "ada", "reason": "read it", "at": "2026-11-22T05:00:00Z"}
    desk.accept(first.proposal.id, **who)
    with pytest.raises(ProposalError, match="has changed since"):
        desk.accept(second.proposal.id, **who)
    here.now += timedelta(hours=9)
    assert here.round().texts == 1
    (left,) = (entry for entry in desk.proposals.entries() if entry.state.is_open)
    desk.accept(left.proposal.id, **{**who, "at": "2026-11-23T00:00:00Z"})
    (now,) = desk.standing().provisions.values()
    assert (now.qualifiers.min_age, now.activities) == (21, (Activity.SELL, Activity.MAKE))


def test_a_text_that_is_not_held_says_nothing(desk: Desk) -> None:
    here = Station(desk)
    here.observe("us_ri_rules", document())
    done = update(here.archive, desk, lambda _: None, ORIGINS, reader="r", now=START)
    assert (done.unread, done.texts, done.open) == (1, 0, 0)


def test_evidence_has_the_day_on_which_the_source_showed_it(desk: Desk) -> None:
    here = Station(desk)
    here.observe("us_ri_bills", tracked())
    here.observe("us_ri_rules", document())
    here.now += timedelta(days=40)
    here.round()
    made = [entry.proposal for entry in desk.proposals.entries()]
    assert {e.retrieved for one in made for e in one.body.evidence} == {"2026-11-22"}
    (law,) = (one.provision for one in made if one.provision)
    assert law.attested == "2026-11-22", "the day of the look, and not that of the round"


def test_what_could_not_be_read_again_is_not_kept(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    here = Station(desk)
    here.observe("us_ri_rules", document())
    for hostile in ({"citation": "\ud800"}, {"schedule": "I" * 5000}, {"quote": "x\udfff"}):
        here.findings = [finding(**hostile)]
        done = here.round(again=True)
        assert (done.failed, done.texts) == (1, 0), hostile
        assert desk.proposals.entries() == []
    assert len(caplog.messages) == 3
    assert all("216-RICR-20-10.1 cannot be read" in one for one in caplog.messages)
    assert not any(record.exc_info for record in caplog.records), "no traceback"
    here.findings = [finding()]
    assert here.round(again=True).made.proposed == 2


def test_a_text_at_which_the_reader_breaks_off_keeps_no_other_from_being_read(desk: Desk) -> None:
    here = Station(desk)
    here.observe("us_ri_bills", tracked())
    here.observe("us_ri_rules", document())
    first = here.round()
    whole = here.read

    def broken(one: ToRead) -> Read | None:
        raise ZeroDivisionError(one.source)

    here.read = broken  # type: ignore[method-assign]
    second = here.round(again=True)
    assert (second.texts, second.failed) == (0, first.texts)
    assert (second.made.withdrawn, second.open) == (0, first.open), "what is known of it stands"
    here.read = whole  # type: ignore[method-assign]
    assert here.round(again=True).texts == first.texts
