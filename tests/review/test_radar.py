"""The watch for the end of what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as with_
from datetime import date
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from review_sample import KENT, PLACES, RULE, provision, said

from kratom_atlas.crawl.health import SourceState, Survey
from kratom_atlas.crawl.source import Bounds, Source
from kratom_atlas.model.crawling import Health, SourceKind
from kratom_atlas.model.statement import Body
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Effect, Verification
from kratom_atlas.review.radar import Watch, plain, radar
from kratom_atlas.review.standing import stand

TODAY = date(2026, 9, 1)


def source(name: str, kind: SourceKind, *covers: str, **fields: Any) -> Source:
    plain_: dict[str, Any] = {
        "id": name, "title": "A source", "publisher": "A publisher", "covers": covers,
        "kind": kind, "homepage": "https://source.example/", "licence": "free", "terms": "none",
        "hosts": ("source.example",), "schedule": "0 5 * * *",
        "bounds": Bounds(examined=(0, 9)), "cadence": 20,
    }  # fmt: skip
    return Source(**{**plain_, **fields})


def state(of: Source, last: str = "2026-08-30T05:00:00Z") -> SourceState:
    return SourceState(source=of, health=Health.FRESH, last_success=last)


BILLS = state(source("us_bills", SourceKind.BILLS, "US-*", sittings=(("01-05", "06-30"),)))
CODE = state(source("us_ri_code", SourceKind.STATUTES, "US-RI"))


def watch(
    *states: SourceState,
    bodies: tuple[Body, ...] = (),
    today: date = TODAY,
    placed: Mapping[str, str] = MappingProxyType({}),
) -> list[Watch]:
    known = bodies or (RULE, provision())
    survey = Survey(states, crawled=True, placed=placed)
    return list(radar(stand(said(*known), PLACES), survey, today))


def test_a_provision_that_nothing_would_show_the_end_of() -> None:
    (one,) = watch(state(source("other", SourceKind.STATUTES, "US-AL")))
    assert one.alarm == "no source that is read would show its end"
    assert one.watchers == ()
    msgspec.json.encode(plain(one))


def test_what_would_show_its_end() -> None:
    anchor = state(
        source("anchors.ri-rule", SourceKind.ANCHOR, "US-RI", title="216-RICR-20-10.1, schedules")
    )
    family = with_(anchor, family="anchors")
    other = state(source("anchors.ri-other", SourceKind.ANCHOR, "US-RI", title="99-9-9"))
    (one,) = watch(BILLS, CODE, family, other)
    assert [words.partition(":")[0] for words in one.watchers] == [
        "us_bills", "us_ri_code", "anchors.ri-rule",
    ]  # fmt: skip
    assert one.looked == "2026-08-30"
    assert one.alarm == ""


@pytest.mark.parametrize(
    ("fields", "today", "due", "because"),
    [
        ({}, TODAY, "2026-11-26", "reported"),
        ({"verification": Verification.MACHINE}, TODAY, "2026-09-27", "machine"),
        ({"to": PartialDate("2026-10-01")}, TODAY, "2026-10-01", "it is to end"),
    ],
)
def test_the_day_of_the_next_check(
    fields: dict[str, Any], today: date, due: str, because: str
) -> None:
    (one,) = watch(BILLS, bodies=(RULE, provision(**fields)), today=today)
    assert (str(one.next_check), because in one.because) == (due, True)


def test_the_cadence_and_the_sitting_of_what_watches_it() -> None:
    (one,) = watch(CODE)
    assert (str(one.next_check), one.because) == ("2026-09-19", "us_ri_code is to be read")
    (one,) = watch(BILLS, bodies=(RULE, provision(verification=Verification.OFFICIAL_SECONDARY)),
                   today=date(2027, 7, 20))  # fmt: skip
    assert one.alarm.startswith("its check is overdue since 2027-02-24")


def test_silence() -> None:
    (one,) = watch(with_(CODE, health=Health.SILENT))
    assert one.alarm == "all that would show its end is silent since 2026-08-30"
    (one,) = watch(with_(CODE, last_success=""))
    assert one.alarm == "what would show its end has never been read"
    (one,) = watch(with_(CODE, health=Health.OFF))
    assert one.alarm == "no source that is read would show its end"


def test_only_what_is_in_force() -> None:
    over = provision(to=PartialDate("2026-04-01"))
    assert watch(CODE, bodies=(RULE, over)) == []
    later = provision(from_=PartialDate("2027-04-01"))
    assert watch(CODE, bodies=(RULE, later)) == []
    repeal = provision(
        id="end", effect=Effect.REPEAL, schedule=None, targets=("us-ri-schedule",),
        from_=PartialDate("2026-08-01"),
    )  # fmt: skip
    assert watch(CODE, bodies=(RULE, provision(), repeal)) == []


def test_bills_of_the_state_do_not_show_the_end_of_a_county_rule() -> None:
    local = provision(jurisdiction=KENT)
    (one,) = watch(BILLS, CODE, bodies=(replace(RULE, jurisdiction=KENT), local))
    assert one.alarm == "no source that is read would show its end"
    councils = state(source("councils", SourceKind.ORDINANCES, "US-RI"))
    assert watch(councils, bodies=(RULE, local))[0].watchers == ()
    seen = {KENT: "2026-08-30T05:00:00Z"}
    assert watch(councils, bodies=(RULE, local), placed=seen)[0].alarm == ""


def test_a_condition_that_ends_it() -> None:
    law = provision(qualifiers=Qualifiers(void_if="federally scheduled"),
                    verification=Verification.OFFICIAL_SECONDARY)  # fmt: skip
    (one,) = watch(BILLS, bodies=(RULE, law))
    assert one.because == "it falls if federally scheduled"
