"""The rules of places for acts that name no day of their own."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Circumstances, Marked
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage, Verification
from kratom_atlas.read.days import timing
from kratom_atlas.read.defaults import default_moment, defaults, passage_is_enactment, read_defaults

STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ "
    "NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR"
)
COUNTRIES = "US GB IE EU NO SE DK DE FR IT ES PL CZ SK EE LV LT LU BE NL AT CH CA AU NZ TH JP KR"


def about(place: str, **known: str) -> Circumstances:
    return Circumstances(
        place=place,
        kind=InstrumentKind.BILL,
        stage=Stage.ENACTED,
        session=known.pop("session", "2026"),
        **{name: PartialDate(day) for name, day in known.items()},  # type: ignore[arg-type]
    )


def day(place: str, **known: str) -> str | None:
    moment = default_moment(about(place, **known))
    assert moment is not None
    return moment.date


def test_each_place_has_a_row() -> None:
    expected = {f"US-{state}" for state in STATES.split()} | set(COUNTRIES.split())
    assert set(defaults()) == expected


def test_nobody_has_read_the_provisions() -> None:
    assert {row.verification for row in defaults().values()} == {Verification.REPORTED}
    assert all(row.basis and row.rule for row in defaults().values())


@pytest.mark.parametrize(
    ("place", "known", "expected"),
    [
        # Days on which acts without a day of their own are known to have begun.
        ("US-TX", {"session_end": "2025-06-02"}, "2025-09-01"),
        ("US-UT", {"session_end": "2025-03-07"}, "2025-05-07"),
        ("US-UT", {"session_end": "2026-03-06"}, "2026-05-06"),
        ("US-CO", {"session_end": "2025-05-07"}, "2025-08-06"),
        ("US-AZ", {"session_end": "2025-06-27"}, "2025-09-26"),
        ("US-WA", {"session_end": "2025-04-27"}, "2025-07-27"),
        ("US-KY", {"session_end": "2025-03-28"}, "2025-06-27"),
        ("US-NM", {"session_end": "2025-03-22"}, "2025-06-20"),
        ("US-NE", {"session_end": "2025-06-02"}, "2025-09-03"),
        ("US-GA", {"enacted": "2026-05-01"}, "2026-07-01"),
        ("US-GA", {"enacted": "2026-07-01"}, "2027-01-01"),
        ("US-MO", {"enacted": "2026-07-09"}, "2026-08-28"),
        ("US-CT", {"enacted": "2026-06-10"}, "2026-10-01"),
        ("US-NJ", {"enacted": "2026-01-10"}, "2026-07-04"),
        ("US-PA", {"enacted": "2026-07-10"}, "2026-09-08"),
        ("US-CA", {"enacted": "2025-10-13"}, "2026-01-01"),
        ("US-LA", {"enacted": "2025-06-20", "session": "2025"}, "2025-08-01"),
        ("US-LA", {"enacted": "2025-11-01", "session": "2025s1"}, None),
        ("US", {"enacted": "2026-05-01"}, "2026-05-01"),
        ("EU", {"published": "2026-05-20"}, "2026-06-09"),
        ("DE", {"published": "2026-05-20"}, "2026-06-03"),
        ("NL", {"published": "2026-05-20"}, "2026-07-01"),
        ("LU", {"published": "2012-07-21"}, "2012-07-25"),
        # Known to the month only, or counted in more than one way.
        ("US-GA", {"enacted": "2026-05"}, "2026-07-01"),
        ("US-PA", {"enacted": "2026-05"}, "2026"),
        ("US-AR", {"session_end": "2025-05-05"}, "2025-08"),
        # Not known, or not to be reckoned.
        ("US-TX", {"enacted": "2025-06-20"}, None),
        ("US-OH", {"enacted": "2025-06-20"}, None),
        ("US-WV", {"enacted": "2026-03-20"}, None),
    ],
)
def test_default_day(place: str, known: dict[str, str], expected: str | None) -> None:
    assert day(place, **known) == expected


def test_default_fires_for_law_that_names_no_day() -> None:
    silent = Marked("Section 1. No person may sell kratom.")
    found = timing(silent, (), about("US-PA", enacted="2026-07-10"))
    assert found.is_default
    assert [moment.date for moment in found.begins] == ["2026-09-08"]
    assert "1701" in found.begins[0].because
    says = Marked(f"{silent.text} This act takes effect immediately.")
    assert not timing(says, (), about("US-PA", enacted="2026-07-10")).is_default


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        (InstrumentKind.BILL, Stage.INTRODUCED),
        (InstrumentKind.BILL, None),
        (None, None),
        (InstrumentKind.RESOLUTION, Stage.ADOPTED),
        (InstrumentKind.ORDINANCE, Stage.ENACTED),
        (InstrumentKind.REGULATION, Stage.ENACTED),
        (InstrumentKind.GUIDANCE, None),
    ],
)
def test_default_does_not_fire_for_others(kind: InstrumentKind | None, stage: Stage | None) -> None:
    circumstances = Circumstances(
        place="US-PA", kind=kind, stage=stage, enacted=PartialDate("2026-07-10")
    )
    found = timing(Marked("No person may sell kratom."), (), circumstances)
    assert (found.begins, found.is_default) == ((), False)


def test_rules_of_some_places_are_for_regulations_too() -> None:
    circumstances = Circumstances(
        place="CZ", kind=InstrumentKind.REGULATION, published=PartialDate("2026-05-20")
    )
    found = timing(Marked("Kratom se zakazuje."), (), circumstances)
    assert [moment.date for moment in found.begins] == ["2026-06-04"]


def test_emergency_clause_begins_at_once() -> None:
    text = Marked("No person may sell kratom. An emergency is hereby declared.")
    found = timing(text, (), about("US-WA", enacted="2026-04-01", session_end="2026-03-12"))
    assert [moment.date for moment in found.begins] == ["2026-04-01"]
    assert found.is_default


def test_passage_in_west_virginia_is_the_last_vote() -> None:
    assert not passage_is_enactment("US-WV")
    assert passage_is_enactment("US-MS")
    text = Marked("This article takes effect ninety days from passage.")
    (moment,) = timing(text, (), about("US-WV", enacted="2026-03-20")).begins
    assert moment.date is None


@given(st.sampled_from(sorted(defaults())), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_no_act_begins_before_the_event(place: str, event: date) -> None:
    row = defaults()[place]
    assert event <= row.reckon(event)
    assert (row.reckon(event) - event).days <= 366


ROW = "- {place: US, event: enacted, rule: at once, basis: custom"


@pytest.mark.parametrize(
    "text",
    [
        f"{ROW}, verification: primary}}",
        f"{ROW}, verification: official-secondary}}",
        f"{ROW}, colour: red}}",
        f"{ROW}, days: -1}}",
        f"{ROW}, days: 90, next: ['07-01']}}",
        f"{ROW}, next: ['02-30']}}",
        f"{ROW}, next: ['7-1']}}",
        f"{ROW}}}\n{ROW}}}",
        "- {place: US, event: none, days: 3, rule: x, basis: x}",
        "- {place: US, event: filed, rule: x, basis: x}",
        "- {place: US, event: enacted, rule: x}",
        "- {place: us, event: enacted, rule: x, basis: x}",
        "place: US",
    ],
)
def test_rows_are_checked(text: str) -> None:
    with pytest.raises(ValueError):
        read_defaults(text)


def test_row_that_is_right() -> None:
    assert list(read_defaults(f"{ROW}}}")) == ["US"]
