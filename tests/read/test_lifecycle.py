"""Every row of the tables of upstream words, and every rule that makes a stage of them."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.observation import Action, TextVersion, TrackedInstrument
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read import upstream
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.lifecycle import (
    StageReading,
    chambers_of,
    code_of,
    division_of,
    effective_in,
    forerunners,
    from_congress,
    from_legiscan,
    from_open_states,
    instrument_key,
    kind_of,
    normal_number,
    partial_date,
    stage_of,
)
from kratom_atlas.read.upstream import Event, Guard, Words, event_in, register_stage, session_end

TODAY = date(2026, 11, 22)
BILL, RESOLUTION = InstrumentKind.BILL, InstrumentKind.RESOLUTION


def act(day: str | None, text: str, actor: str | None = None, *codes: str) -> Action:
    return Action(text=text, date=PartialDate(day) if day else None, actor=actor, codes=codes)


def read(*actions: Action, kind: InstrumentKind = BILL, **more: Any) -> StageReading:
    settings: dict[str, Any] = {"session_ended": None, "today": TODAY, **more}
    return stage_of(actions, kind=kind, **settings)


# -- tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", upstream.WORDS, ids=lambda words: words.line)
def test_words_of_actions(words: Words) -> None:
    assert event_in(words.line)[0] is words.event


@pytest.mark.parametrize("guard", upstream.GUARDS, ids=lambda guard: guard.line)
def test_guards(guard: Guard) -> None:
    assert guard.pattern.search(guard.line)
    assert event_in(guard.line)[0] is Event.NOTHING


@pytest.mark.parametrize("note", upstream.VERSION_NOTES, ids=lambda words: words.line)
def test_version_notes(note: Words) -> None:
    first = next(row for row in upstream.VERSION_NOTES if row.pattern.search(note.line))
    assert first.event is note.event


LINES = {
    # Words of many legislatures, and what each of them means.
    "Died in Committee": Event.FAILED,
    "Died pursuant to the Constitution.": Event.FAILED,
    "From committee without further action.": Event.FAILED,
    "Left in Appropriations": Event.FAILED,
    "Passed by indefinitely in Courts of Justice (8-Y 6-N)": Event.FAILED,
    "House Committee on Health Postpone Indefinitely": Event.FAILED,
    "Placed in Legislative Files. (DEAD)": Event.FAILED,
    "H 3rd Reading:Failed 20-40-1-0-0": Event.FAILED,
    "Failed to pass the House": Event.FAILED,
    "Failed of passage/not agreed to in Senate": Event.FAILED,
    "Read third time in full as amended – FAILED - 15-20-0": Event.FAILED,
    "Failed to concur in pursuant to Senate Joint Resolution 1": Event.DIED,
    "Chaptered by Secretary of State - Chapter 12, Statutes of 2026.": Event.CHAPTERED,
    "Secretary of State Chapter 85 05/20/26": Event.CHAPTERED,
    "Act 152, on 6/26/2025 (Gov. Msg. No. 1252).": Event.CHAPTERED,
    "ASSIGNED PA 12'25 WITH IMMEDIATE EFFECT": Event.CHAPTERED,
    "C 5 L 26.": Event.CHAPTERED,
    "Act 371": Event.CHAPTERED,
    "Approved by the Governor. Chapter 5, Statutes of 2026.": Event.ENACTED,
    "Governor: Approved by Governor-Chapter 5 (effective 7/1/26)": Event.ENACTED,
    "Report approved by the Governor on 3-26-2026": Event.ENACTED,
    "Signed by Governor Smith 07/01/2026; Chapter 5": Event.ENACTED,
    "Governor Signed SEA No. 0023": Event.ENACTED,
    "Governor's action Approval 05/20/26": Event.ENACTED,
    "Effective without Governor's signature": Event.ENACTED,
    "Filed without the Governor's signature": Event.ENACTED,
    "Law Without Signature 07/01/2026": Event.ENACTED,
    "Returned by Governor without signature.": Event.ENACTED,
    "Governor partially vetoed.": Event.ENACTED,
    "Became Private Law No: 117-1.": Event.ENACTED,
    "VETOED MEMO.5": Event.VETOED,
    "POCKET VETO": Event.VETOED,
    "Vetoed by the Governor. Returned to Secretary of State": Event.VETOED,
    "Vetoed by President.": Event.VETOED,
    "Total Veto Stands": Event.VETO_STANDS,
    "Veto sustained": Event.VETO_STANDS,
    "Passed Senate over veto by Yea-Nay Vote. 81 - 13.": Event.OVERRIDDEN_IN_CHAMBER,
    "Veto overridden in Senate": Event.OVERRIDDEN_IN_CHAMBER,
    "Continued to 2027 in Finance (15-Y 0-N)": Event.CARRIED_OVER,
    "Withdrawn.": Event.WITHDRAWN,
    "Bill withdrawn by sponsor": Event.WITHDRAWN,
    "Stricken from docket": Event.WITHDRAWN,
    "Enrolled to Governor.": Event.TO_EXECUTIVE,
    "Enacted and laid before the Governor": Event.TO_EXECUTIVE,
    "To Governor 3/25/26": Event.TO_EXECUTIVE,
    "Ratified R 24": Event.PASSED_BOTH,
    "Returned Passed": Event.PASSED_BOTH,
    "Enrolled.  Signed by the President of the Senate.": Event.PASSED_BOTH,
    "Senate/ passed 2nd & 3rd readings/ suspension": Event.PASSED_CHAMBER,
    "Second reading, passed, yeas 92 nays 0": Event.PASSED_CHAMBER,
    "Third consideration and final passage (50-0)": Event.PASSED_CHAMBER,
    "House adopted conference report and passed bill (Roll No. 625)": Event.PASSED_CHAMBER,
    "Passed by for the day": Event.NOTHING,
    "Bill passed to third reading": Event.NOTHING,
    "Passed 1st Reading": Event.NOTHING,
    "Speaker signed.": Event.NOTHING,
    "President/Speaker signed": Event.NOTHING,
    "House/ signed by Speaker/ sent for enrolling": Event.NOTHING,
    "Motion to indefinitely postpone failed": Event.NOTHING,
    "Cavanaugh, J. MO93 failed": Event.NOTHING,
    "Senate/ substitute adoption failed": Event.NOTHING,
    "Returned by the Committee with the recommendation that it do not pass.": Event.NOTHING,
    "Consideration of Governor's veto pending.": Event.NOTHING,
    "Withdrawn by Committee on Rules": Event.NOTHING,
    "Assigned to Executive Committee": None,
    "Governor's Action Deadline 11:59 p.m., April 13, 2026": None,
    "Committee Report: Inexpedient to Legislate 02/05/2026": None,
    "Tabled": None,
    "House/ 3rd reading": None,
}


@pytest.mark.parametrize(("line", "event"), LINES.items())
def test_lines_of_many_legislatures(line: str, event: Event | None) -> None:
    assert event_in(line)[0] is event


def test_south_dakota_says_passed_of_a_lost_vote() -> None:
    assert event_in("Senate Do Pass , Passed, YEAS 34, NAYS 0 S.J. 1")[0] is Event.PASSED_CHAMBER
    assert event_in("Senate Do Pass , Passed, YEAS 17, NAYS 17 S.J. 1")[0] is Event.FAILED
    assert event_in("Placed on calendar , Passed, YEAS 13, NAYS 20")[0] is Event.FAILED


OPEN_STATES = {
    # The stage that one action of this classification alone brings a bill to.
    **dict.fromkeys(("filing",), Stage.PREFILED),
    **dict.fromkeys(("passage",), Stage.PASSED_FIRST_CHAMBER),
    **dict.fromkeys(("enrolled", "executive-receipt"), Stage.PASSED),
    **dict.fromkeys(
        ("executive-signature", "executive-veto-line-item", "became-law"), Stage.ENACTED
    ),
    **dict.fromkeys(("executive-veto", "veto-override-failure"), Stage.VETOED),
    **dict.fromkeys(("failure", "committee-failure"), Stage.FAILED),
    "withdrawal": Stage.WITHDRAWN,
}


@pytest.mark.parametrize("code", upstream.OPEN_STATES_ACTIONS)
def test_open_states_classifications(code: str) -> None:
    stage = read(act("2026-01-02", "An action without telling words", "lower", code)).stage
    assert stage is OPEN_STATES.get(code, Stage.INTRODUCED)


def test_open_states_tables_have_every_word_of_its_schema() -> None:
    actions = (
        "filing introduction enrolled reading-1 reading-2 reading-3 passage informal-passage "
        "failure withdrawal substitution amendment-introduction amendment-passage "
        "amendment-withdrawal amendment-failure amendment-amendment amendment-deferral "
        "committee-passage committee-passage-favorable committee-passage-unfavorable "
        "committee-failure executive-receipt executive-signature executive-veto "
        "executive-veto-line-item became-law veto-override-passage veto-override-failure deferral "
        "receipt referral referral-committee hearing-held work-session sponsorship carried-over "
        "reported-out-of-committee concurrence"
    )
    assert set(upstream.OPEN_STATES_ACTIONS) == set(actions.split())
    assert len(upstream.OPEN_STATES_KINDS) == 24


@pytest.mark.parametrize("word", upstream.OPEN_STATES_KINDS)
def test_open_states_kinds(word: str) -> None:
    bills = {"bill", "proposed bill", "appropriation", "claim", "constitutional amendment"}
    expected = BILL if word in bills else RESOLUTION
    if word == "ordinance":
        expected = InstrumentKind.ORDINANCE
    assert kind_of("US-AL", "HB1", (word,)) is expected


@pytest.mark.parametrize(
    ("status", "bill_type", "stage"),
    [
        (0, "B", Stage.PREFILED),
        (1, "B", Stage.INTRODUCED),
        (2, "B", Stage.PASSED_FIRST_CHAMBER),
        (3, "B", Stage.PASSED),
        (4, "B", Stage.ENACTED),
        (4, "R", Stage.ADOPTED),
        (4, "CR", Stage.ADOPTED),
        (5, "B", Stage.VETOED),
        (6, "B", Stage.FAILED),
    ],
)
def test_legiscan_status(status: int, bill_type: str, stage: Stage) -> None:
    found = from_legiscan(legiscan(status=status, bill_type=bill_type), today=TODAY)
    assert found.stage is stage


@pytest.mark.parametrize(
    ("event", "stage"),
    [
        (1, Stage.INTRODUCED),
        (2, Stage.PASSED_FIRST_CHAMBER),
        (3, Stage.PASSED),
        (4, Stage.ENACTED),
        (5, Stage.VETOED),
        (6, Stage.FAILED),
        (7, Stage.ENACTED),
        (8, Stage.ENACTED),
        (9, Stage.INTRODUCED),
        (10, Stage.INTRODUCED),
        (11, Stage.INTRODUCED),
        (12, Stage.PREFILED),
    ],
)
def test_legiscan_progress(event: int, stage: Stage) -> None:
    bill = legiscan(status=0, progress=[{"date": "2026-03-01", "event": event}])
    found = from_legiscan(bill, today=TODAY)
    assert found.stage is stage
    assert found.enacted == ("2026-03-01" if stage is Stage.ENACTED else None)


@pytest.mark.parametrize("type_id", upstream.LEGISCAN_TEXT)
def test_legiscan_texts(type_id: int) -> None:
    names = (
        "Introduced", "Comm Sub", "Amended", "Engrossed", "Enrolled", "Chaptered", "Fiscal Note",
        "Analysis", "Draft", "Conference Sub", "Prefiled", "Veto Message", "Veto Response",
        "Substitute",
    )  # fmt: skip
    text = {"type_id": type_id, "type": names[type_id - 1], "url": "https://example.org/1"}
    found = from_legiscan(legiscan(status=1, texts=[text]), today=TODAY)
    expected = {5: Stage.PASSED, 6: Stage.ENACTED}.get(type_id, Stage.INTRODUCED)
    assert found.stage is expected
    assert found.versions == (TextVersion(note=names[type_id - 1], url="https://example.org/1"),)


@pytest.mark.parametrize("type_id", upstream.LEGISCAN_SAST)
def test_legiscan_sasts(type_id: int) -> None:
    same = [{"type_id": type_id, "sast_bill_number": "SB007"}]
    found = from_legiscan(legiscan(sasts=same), today=TODAY)
    assert found.same_as == (("US-AL/2026/SB7",) if type_id in {1, 5} else ())


@pytest.mark.parametrize("bill_type", upstream.LEGISCAN_TYPES)
def test_legiscan_bill_types(bill_type: str) -> None:
    found = from_legiscan(legiscan(bill_type=bill_type), today=TODAY)
    assert (found.kind is RESOLUTION) == (
        bill_type in ["R", "CR", "JR", "M", "C", "CSR", "JM", "P", "SR", "A", "CM", "PET", "RM"]
    )


@pytest.mark.parametrize(
    ("code", "stage"),
    [
        *((code, Stage.INTRODUCED) for code in ("1000", "10000", "Intro-H", "5000", "14000")),
        *((code, Stage.INTRODUCED) for code in ("14500", "H38310", "91000", "93000", "94000")),
        ("B00100", Stage.INTRODUCED),
        ("8000", Stage.PASSED_FIRST_CHAMBER),
        ("17000", Stage.PASSED_FIRST_CHAMBER),
        ("28000", Stage.PASSED),
        ("E20000", Stage.PASSED),
        ("31000", Stage.VETOED),
        ("E30000", Stage.ENACTED),
        ("36000", Stage.ENACTED),
        ("E40000", Stage.ENACTED),
    ],
)
def test_congress_codes(code: str, stage: Stage) -> None:
    action = {"actionDate": "2026-03-01", "text": "Words that tell nothing.", "actionCode": code}
    assert congress([action]).stage is stage


def test_congress_codes_are_all_tested() -> None:
    marker = next(
        mark
        for mark in test_congress_codes.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    )
    assert {code for code, _ in marker.args[1]} == set(upstream.CONGRESS_CODES)


@pytest.mark.parametrize(
    ("suffix", "stage"),
    [
        *((suffix, Stage.INTRODUCED) for suffix in ["ih", "is", "rh", "rs", "pcs", "pp"]),
        *(
            (suffix, Stage.PASSED_FIRST_CHAMBER)
            for suffix in ["rfh", "rfs", "eh", "es", "eah", "eas", "ath", "ats", "cph", "cps"]
        ),
        ("enr", Stage.PASSED),
    ],
)
def test_govinfo_versions(suffix: str, stage: Stage) -> None:
    assert upstream.GOVINFO_VERSIONS[suffix] is stage


@pytest.mark.parametrize(
    ("kind", "action", "stage", "made"),
    [
        ("RULE", "Final rule.", Stage.ENACTED, InstrumentKind.REGULATION),
        ("Rule", "Temporary scheduling order.", Stage.ENACTED, InstrumentKind.EMERGENCY_ORDER),
        ("Rule", "Final rule; correction.", None, InstrumentKind.REGULATION),
        ("RULE", "Final rule; withdrawal.", Stage.WITHDRAWN, InstrumentKind.REGULATION),
        ("PRORULE", "Notice of proposed rulemaking.", Stage.INTRODUCED, InstrumentKind.REGULATION),
        ("Proposed Rule", "Proposed rule; withdrawal.", Stage.WITHDRAWN, InstrumentKind.REGULATION),
        ("NOTICE", "Notice of intent.", Stage.INTRODUCED, InstrumentKind.REGULATION),
        ("Notice", "Withdrawal of notice of intent.", Stage.WITHDRAWN, InstrumentKind.REGULATION),
        ("Notice", "Notice of public meeting.", None, InstrumentKind.REGULATION),
        ("PRESDOCU", None, None, InstrumentKind.GUIDANCE),
    ],
)
def test_federal_register(
    kind: str, action: str | None, stage: Stage | None, made: InstrumentKind
) -> None:
    found = register_stage(kind, action)
    assert (found.stage, found.kind) == (stage, made)


def test_single_legislatures() -> None:
    assert upstream.NY_STATUS["SIGNED_BY_GOV"] is Stage.ENACTED
    assert upstream.NY_STATUS["IN_SENATE_COMM"] is Stage.INTRODUCED
    assert upstream.NY_STATUS["ADOPTED"] is Stage.ADOPTED
    for column, stage in upstream.VA_FLAGS:
        assert upstream.virginia_stage({column: "Y"}, BILL) is stage
    assert upstream.virginia_stage({"Passed": "Y", "Failed": "N"}, RESOLUTION) is Stage.ADOPTED
    assert upstream.virginia_stage({"Passed_house": "Y", "Failed": "Y"}, BILL) is Stage.FAILED
    assert upstream.virginia_stage({}, BILL) is Stage.INTRODUCED


def test_generic_words_and_new_york_have_only_sensible_stages() -> None:
    assert all(word == word.lower() for word in upstream.GENERIC_STATUS)
    law = {word for word, stage in upstream.GENERIC_STATUS.items() if stage is Stage.ENACTED}
    assert law == {
        "signed",
        "approved",
        "enacted",
        "chaptered",
        "became law",
        "royal assent",
        "promulgated",
    }
    assert [word for word, stage in upstream.NY_STATUS.items() if stage is Stage.ENACTED] == [
        "SIGNED_BY_GOV",
        "POCKET_APPROVAL",
    ]


@pytest.mark.parametrize(
    ("bill", "stage"),
    [
        ({"currentStage": {"description": "1st reading"}}, Stage.INTRODUCED),
        ({"currentStage": {"description": "2nd reading"}}, Stage.INTRODUCED),
        ({"currentStage": {"description": "Committee stage"}}, Stage.INTRODUCED),
        ({"currentStage": {"description": "Report stage"}}, Stage.INTRODUCED),
        ({"currentStage": {"description": "3rd reading"}}, Stage.INTRODUCED),
        (
            {"currentStage": {"description": "Consideration of amendments"}},
            Stage.PASSED_FIRST_CHAMBER,
        ),
        ({"originatingHouse": "Commons", "currentHouse": "Lords"}, Stage.PASSED_FIRST_CHAMBER),
        ({"originatingHouse": "Lords", "currentHouse": "Lords"}, Stage.INTRODUCED),
        ({"currentStage": {"description": "Royal Assent"}}, Stage.ENACTED),
        ({"isAct": True}, Stage.ENACTED),
        ({"isDefeated": True}, Stage.FAILED),
        ({"billWithdrawn": "2026-01-01"}, Stage.WITHDRAWN),
        ({}, Stage.INTRODUCED),
    ],
)
def test_westminster(bill: dict[str, object], stage: Stage) -> None:
    assert upstream.westminster_stage(bill) is stage


def test_sessions_end_only_where_it_is_known() -> None:
    assert session_end("US", "119") == date(2027, 1, 3)
    assert session_end("US", "118") == date(2025, 1, 3)
    assert session_end("US-GA", "2025_26") == date(2026, 4, 2)
    assert session_end("US-WV", "2026") is None


# -- keys, kinds, dates ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("HB 1", "HB1"),
        ("HB0001", "HB1"),
        ("H.B. 1", "HB1"),
        ("hb1", "HB1"),
        ("HB-1", "HB1"),
        ("SB079", "SB79"),
        ("HF 3453", "HF3453"),
        ("S 221", "S221"),
        ("H 0830", "H830"),
        ("H.R. 8000", "HR8000"),
        ("LB230", "LB230"),
        ("AB322-82", "AB322-82"),
        ("B26-0123", "B26-123"),
        ("5393XD", "5393XD"),
        ("HB100", "HB100"),
    ],
)
def test_numbers_have_one_form(written: str, normal: str) -> None:
    assert normal_number(written) == normal
    assert normal_number(normal) == normal


def test_keys() -> None:
    assert instrument_key("US-AL", "2026", "HB 001") == "US-AL/2026/HB1"
    assert instrument_key("US-XX", "2026 First  Special", "S.1") == "US-XX/2026-First-Special/S1"
    assert instrument_key("US-RI", "2025", "HB 5565") == instrument_key("US-RI", "2025", "H5565")


@pytest.mark.parametrize(
    ("jurisdiction", "division", "code"),
    [
        ("country:us/state:al/government", "country:us/state:al", "US-AL"),
        ("country:us/district:dc/government", "country:us/district:dc", "US-DC"),
        ("country:us/territory:pr/government", "country:us/territory:pr", "US-PR"),
        ("country:us/government", "country:us", "US"),
    ],
)
def test_jurisdictions(jurisdiction: str, division: str, code: str) -> None:
    found = division_of(f"ocd-jurisdiction/{jurisdiction}")
    assert found == f"ocd-division/{division}"
    assert code_of(found) == code
    assert division_of(found) == found


@pytest.mark.parametrize(
    ("code", "number", "kind", "chambers"),
    [
        ("US", "HR8000", BILL, 2),
        ("US", "S5383", BILL, 2),
        ("US", "HJRES5", BILL, 2),
        ("US", "HRES5", RESOLUTION, 1),
        ("US", "SRES5", RESOLUTION, 1),
        ("US", "SCONRES7", RESOLUTION, 2),
        ("US-TN", "HJR0147", RESOLUTION, 2),
        ("US-GA", "HR5", RESOLUTION, 1),
        ("US-WV", "SCR 26", RESOLUTION, 2),
        ("US-MT", "HJ 60", RESOLUTION, 2),
        ("US-OK", "HJR1", BILL, 2),
        ("US-NE", "LB230", BILL, 1),
        ("US-NE", "LR5", RESOLUTION, 1),
        ("US-NY", "A5852", BILL, 2),
        ("US-NY", "K100", RESOLUTION, 1),
        ("US-ID", "H0830", BILL, 2),
        ("US-IA", "5393XD", BILL, 2),
        ("US-IA", "HSB 508", BILL, 2),
    ],
)
def test_kinds_by_number(code: str, number: str, kind: InstrumentKind, chambers: int) -> None:
    assert kind_of(code, number) is kind
    assert chambers_of(code, number) == chambers


def test_dates() -> None:
    assert partial_date("2026-03-14T05:00:00+00:00") == "2026-03-14"
    assert partial_date("2026-03") == "2026-03"
    assert partial_date("2026") == "2026"
    for nothing in ("", "0000-00-00", "2026-02-31", "soon", None, 7):
        assert partial_date(nothing) is None
    assert effective_in("Effective date 08/01/2026") == "2026-08-01"
    assert effective_in("Effective on 9/1/25") == "2025-09-01"
    assert effective_in("Effective date, April 7, 2026.") == "2026-04-07"
    assert effective_in("This bill takes effect on May 6, 2026.") == "2026-05-06"
    assert effective_in("Effective ninety days from passage") is None
    assert effective_in("Effective date 13/45/2026") is None


# -- the rules ---------------------------------------------------------------------------------


def test_nothing_known_is_filed_only() -> None:
    assert read().stage is Stage.PREFILED
    assert read(version_notes=["Prefiled"]).stage is Stage.PREFILED
    assert read(version_notes=["As Introduced"]).stage is Stage.INTRODUCED
    assert read(act("2026-01-02", "Hopper")).stage is Stage.INTRODUCED


def test_filed_with_an_introduced_text_is_introduced() -> None:
    filed = act("2026-01-02", "Filed", "lower", "filing")
    assert read(filed).stage is Stage.PREFILED
    assert read(filed, version_notes=["Introduced"]).stage is Stage.INTRODUCED
    prefiled = act("2026-01-02", "Prefiled", "lower")
    assert read(prefiled, version_notes=["Introduced"]).stage is Stage.PREFILED


def test_way_of_a_bill() -> None:
    found = read(
        act("2026-01-05", "Introduced, referred to Health", "lower"),
        act("2026-02-01", "Passed House, yeas 69, nays 26.", "lower"),
        act("2026-03-01", "Passed Senate (Roll No. 1)", "upper"),
        act("2026-03-02", "Signed by the Speaker", "lower", "passage"),
        act("2026-03-03", "Presented to Governor", "executive"),
        act("2026-03-09", "Signed by Governor", "executive"),
        act("2026-03-12", "Assigned Chapter Number 68"),
        act("2026-03-12", "Effective date 7/1/2026"),
    )
    assert found.stage is Stage.ENACTED
    assert (found.introduced, found.enacted) == ("2026-01-05", "2026-03-09")
    assert found.effective == "2026-07-01"
    assert found.because == "2026-03-09: Signed by Governor"
    assert [action.stage for action in found.actions] == [
        Stage.INTRODUCED,
        Stage.PASSED_FIRST_CHAMBER,
        Stage.PASSED,
        None,
        None,
        Stage.ENACTED,
        None,
        None,
    ]


def test_presiding_officers_enact_nothing() -> None:
    for words in ("President signed.", "Speaker signed.", "(S) Signed by President"):
        assert read(act("2026-03-02", words, "upper", "passage")).stage is Stage.INTRODUCED
    signed = act("2026-03-02", "Signed by President.", "executive", "executive-signature")
    assert read(signed).stage is Stage.ENACTED


def test_negative_words_count() -> None:
    for words in ("Not signed by the Governor", "Governor's veto pending"):
        action = act("2026-03-02", words, "executive", "executive-signature")
        assert read(action).stage is Stage.INTRODUCED
    assert read(act("2026-03-02", "Failed to pass", "lower", "passage")).stage is Stage.FAILED


def test_one_chamber_twice_is_one_chamber() -> None:
    found = read(
        act("2026-03-18", "passed; given immediate effect Roll Call #1", "lower", "passage"),
        act("2026-03-24", "PASSED BY HOUSE WITH IMMEDIATE EFFECT", "upper", "passage"),
    )
    assert found.stage is Stage.PASSED_FIRST_CHAMBER
    assert read(act("2026-03-18", "Passed on Final Reading"), chambers=1).stage is Stage.PASSED


def test_wrong_actor_yields_to_the_words() -> None:
    found = read(
        act("2026-02-10", "House/ passed 3rd reading", "upper", "passage"),
        act("2026-03-06", "Senate/ passed 2nd & 3rd readings/ suspension", "lower"),
    )
    assert found.stage is Stage.PASSED


def test_vetoes() -> None:
    veto = act("2026-04-01", "Vetoed by Governor", "executive")
    passed = act("2026-03-01", "Completed legislative action")
    assert read(passed, veto).stage is Stage.VETOED
    override = act("2026-04-05", "Veto overridden")
    assert read(passed, veto, override).enacted == "2026-04-05"
    house = act("2026-04-05", "Passed House over veto")
    senate = act("2026-04-06", "Passed Senate over veto")
    assert read(passed, veto, house).stage is Stage.VETOED
    assert read(passed, veto, house, senate).enacted == "2026-04-06"
    assert read(passed, veto, act("2026-04-05", "Veto sustained")).stage is Stage.VETOED
    assert read(passed, veto, act("2026-05-05", "Died in House")).stage is Stage.VETOED
    again = act("2026-04-07", "To Governor 4/7/2026")
    assert read(passed, veto, again).stage is Stage.PASSED
    approved = act("2026-04-29", "Approved by Governor")
    assert read(passed, veto, again, approved).enacted == "2026-04-29"


def test_item_veto_leaves_a_law() -> None:
    found = read(act("2026-03-26", "Governor Line Item Veto", None, "executive-veto-line-item"))
    assert (found.stage, found.enacted) == (Stage.ENACTED, "2026-03-26")


def test_veto_that_comes_back_in_the_next_session() -> None:
    found = read(
        act("2025-02-03", "Returned from Secretary of State.\rMade Special Order of Business"),
        act("2025-02-06", "Bill read. No further consideration."),
    )
    assert found.stage is Stage.VETOED


def test_defeat_can_be_undone() -> None:
    lost = act("2026-04-22", "(H) 2nd Reading Not Concurred", "lower")
    assert read(lost).stage is Stage.FAILED
    undone = act("2026-04-23", "(H) Reconsidered Previous Action", "lower")
    assert read(lost, undone).stage is Stage.INTRODUCED
    passed = act("2026-04-25", "(H) 3rd Reading Concurred", "lower")
    assert read(lost, passed).stage is Stage.PASSED_FIRST_CHAMBER


def test_resolution_is_never_law() -> None:
    signed = act("2026-04-23", "Signed by Governor", "executive", "executive-signature")
    found = read(signed, kind=RESOLUTION)
    assert (found.stage, found.enacted, found.actions[0].stage) == (
        Stage.ADOPTED,
        None,
        Stage.ADOPTED,
    )
    agreed = act("2026-04-23", "Agreed to by House by voice vote", "lower")
    assert read(agreed, kind=RESOLUTION, chambers=1).stage is Stage.ADOPTED
    assert read(agreed, kind=RESOLUTION).stage is Stage.PASSED_FIRST_CHAMBER
    assert read(agreed).stage is Stage.INTRODUCED
    reported = act("2026-04-23", "Reported be adopted", "upper")
    assert read(reported, kind=RESOLUTION).stage is Stage.INTRODUCED
    assert read(kind=RESOLUTION, declared=Stage.ENACTED).stage is Stage.ADOPTED


def test_texts_tell_where_actions_do_not() -> None:
    introduced = act("2026-01-05", "Introduced", "lower")
    law = read(introduced, version_notes=["Slip Law"])
    assert (law.stage, law.enacted) == (Stage.ENACTED, None)
    assert "Slip Law" in law.because
    assert read(introduced, version_notes=["Act 12"]).stage is Stage.ENACTED
    assert read(introduced, version_notes=["Enrolled"]).stage is Stage.PASSED
    assert read(introduced, version_notes=["As Passed by the House"]).stage is (
        Stage.PASSED_FIRST_CHAMBER
    )
    for note in ("Engrossment 1", "Amendment HA0249", "12/17/2025", "Comparison to Enrolled"):
        assert read(introduced, version_notes=[note]).stage is Stage.INTRODUCED
    veto = act("2026-04-01", "Vetoed by Governor")
    assert read(veto, version_notes=["Enrolled"]).stage is Stage.VETOED


def test_what_the_source_declares_lifts_and_never_contradicts_words() -> None:
    introduced = act("2026-01-05", "Introduced", "lower")
    assert read(introduced, declared=Stage.PASSED).stage is Stage.PASSED
    assert read(introduced, declared=Stage.PREFILED).stage is Stage.INTRODUCED
    died = act("2026-02-05", "Died In Committee")
    assert read(introduced, died, declared=Stage.ENACTED).stage is Stage.FAILED


def test_sine_die() -> None:
    introduced = act("2026-01-05", "Introduced", "lower")
    over: dict[str, Any] = {"session_ended": date(2026, 4, 2)}
    found = read(introduced, **over)
    assert (found.stage, found.failed_sine_die) == (Stage.FAILED, True)
    assert found.because.startswith("its session ended on 2026-04-02")
    assert read(introduced, session_ended=TODAY).stage is Stage.INTRODUCED
    assert read(introduced).stage is Stage.INTRODUCED
    carried = act("2026-03-30", "Carried over to 2027 Regular Session", "lower")
    assert read(introduced, carried, **over).stage is Stage.INTRODUCED
    temporarily = act("2026-03-30", "Carried over to the call of the chair", "lower")
    assert read(introduced, temporarily, **over).stage is Stage.FAILED
    waiting = act("2026-03-30", "Presented to Governor")
    assert read(introduced, waiting, **over).stage is Stage.PASSED
    signed = act("2026-05-14", "Signed by Governor")
    assert not read(introduced, signed, **over).failed_sine_die
    died = read(introduced, act("2026-04-02", "Died in House at Sine Die adjournment"))
    assert (died.stage, died.failed_sine_die) == (Stage.FAILED, True)
    assert not read(introduced, act("2026-02-03", "Died In Committee")).failed_sine_die


def test_newest_first_and_mixed_lists() -> None:
    newest = [
        act("2026-03-02", "Passed House, yeas 1, nays 0.", "lower"),
        act("2026-03-02", "Read a third time", "lower"),
        act("2026-01-05", "Introduced", "lower"),
        act("2026-01-05", "Bill drawn", "lower"),
    ]
    found = read(*newest)
    assert [action.text for action in found.actions] == [action.text for action in reversed(newest)]
    mixed = [newest[3], newest[2], newest[0], act("2026-02-01", "Hearing"), newest[1]]
    assert [action.date for action in read(*mixed).actions] == sorted(
        str(action.date) for action in mixed
    )


def test_words_date_wins_over_the_field() -> None:
    found = read(act("2026-03-14", "Approved by Governor 4/1/2026 - Senate Journal", "upper"))
    assert found.enacted == "2026-04-01"
    assert found.actions[0].date == "2026-04-01"
    assert found.actions[0].text == "Approved by Governor 4/1/2026 - Senate Journal"
    assert found.corrections == (
        f"2026-04-01: {found.actions[0].text} (the source files it under 2026-03-14)",
    )
    assert read(act("2025-05-15", "Approved by Governor on May 15, 2025")).corrections == ()
    assert read(act(None, "Signed by the Governor on 2026-02-12")).enacted == "2026-02-12"
    assert read(act("2026", "Signed by Governor 2/12/26")).enacted == "2026-02-12"
    far = read(act("2026-03-14", "Signed by Governor 4/1/1926"))
    assert far.enacted == "2026-03-14"
    later = read(act("2026-03-14", "Signed by Governor, effective July 1, 2026"))
    assert (later.enacted, later.effective) == ("2026-03-14", "2026-07-01")
    hearing = read(act("2026-03-14", "Hearing for Governor 4/1/2026 is noted"))
    assert hearing.actions[0].date == "2026-03-14"


def test_announced_introduction_counts_from_its_day() -> None:
    announced = act("2025-11-24", "To Be  Introduced 01/07/2026 and Referred to Judiciary")
    assert read(announced).introduced == "2026-01-07"
    assert read(announced, today=date(2025, 12, 1)).introduced is None


def test_what_lies_ahead_changes_nothing_yet() -> None:
    planned = act("2026-12-01", "Royal Assent")
    found = read(act("2026-11-01", "Introduced"), planned)
    assert (found.stage, found.enacted) == (Stage.INTRODUCED, None)
    assert [action.stage for action in found.actions] == [Stage.INTRODUCED, None]
    assert read(planned, today=date(2026, 12, 1)).enacted == "2026-12-01"


def test_chapter_gives_the_day_where_no_signature_is_known() -> None:
    assert read(act("2026-06-24", "Chapter 5, Acts, Regular Session, 2026")).enacted == "2026-06-24"


# -- Open States -------------------------------------------------------------------------------


def open_states(**more: Any) -> dict[str, Any]:
    return {
        "legislative_session": "2026",
        "identifier": "HB 0007",
        "title": "Relating to kratom",
        "classification": ["bill"],
        "jurisdiction": {"id": "ocd-jurisdiction/country:us/state:al/government"},
        "sources": [{"url": "https://example.org/HB 7"}],
        **more,
    }


def test_scraped_bill() -> None:
    raw = open_states(
        actions=[
            {
                "description": "Introduced",
                "date": "2026-01-13T05:00:00+00:00",
                "organization_id": '~{"classification": "lower"}',
                "classification": ["introduction"],
            },
            {"description": "", "date": "2026-01-14", "classification": []},
            {"description": "Fiscal note", "date": "2026", "organization_id": "~{broken"},
        ],
        abstracts=[{"abstract": "Of kratom.", "note": ""}],
        versions=[
            {
                "note": "Introduced",
                "links": [{"url": "https://example.org/a b.pdf", "media_type": "application/pdf"}],
            },
            {"note": "No link", "links": []},
        ],
        related_bills=[
            {"identifier": "SB 8", "legislative_session": "2026", "relation_type": "companion"},
            {"identifier": "HB 9", "legislative_session": "2025", "relation_type": "prior-session"},
            {"identifier": "LC 1", "legislative_session": "2026", "relation_type": "replaces"},
        ],
    )
    found = from_open_states(raw, today=TODAY)
    assert found.key == "US-AL/2026/HB7"
    assert found.jurisdiction == "ocd-division/country:us/state:al"
    assert (found.number, found.session, found.kind) == ("HB7", "2026", BILL)
    assert (found.stage, found.introduced) == (Stage.INTRODUCED, "2026-01-13")
    assert found.url == "https://example.org/HB%207"
    assert found.abstract == "Of kratom."
    assert [(v.note, v.url) for v in found.versions] == [
        ("Introduced", "https://example.org/a%20b.pdf")
    ]
    assert [action.actor for action in found.actions] == [None, "lower"]
    assert found.same_as == ("US-AL/2026/SB8",)
    assert found.forerunners == ("US-AL/2025/HB9",)
    plain = msgspec.to_builtins(found, enc_hook=str)
    assert msgspec.convert(plain, TrackedInstrument, dec_hook=lambda kind, value: kind(value))


def test_bill_of_the_api() -> None:
    raw = {
        "session": "2026",
        "identifier": "HB 7",
        "title": "Relating to kratom",
        "jurisdiction": {"id": "ocd-jurisdiction/country:us/district:dc/government", "name": "DC"},
        "openstates_url": "https://openstates.org/dc/bills/2026/HB7/",
        "latest_action_description": "Signed by the Mayor",
        "latest_action_date": "2026-05-01",
        "actions": [
            {
                "description": "Approved by the Mayor",
                "date": "2026-05-01",
                "organization": {"classification": "executive", "name": "Mayor"},
                "classification": ["executive-signature"],
            }
        ],
    }
    found = from_open_states(raw)
    assert found.jurisdiction == "ocd-division/country:us/district:dc"
    assert (found.stage, found.actions[0].actor) == (Stage.ENACTED, "executive")
    del raw["actions"]
    assert [a.text for a in from_open_states(raw).actions] == ["Signed by the Mayor"]


def test_session_end_of_the_caller_counts() -> None:
    raw = open_states(actions=[{"description": "Introduced", "date": "2026-01-13"}])
    assert from_open_states(raw, today=TODAY).stage is Stage.INTRODUCED
    ended = from_open_states(raw, today=TODAY, session_ended=date(2026, 4, 2))
    assert ended.stage is Stage.FAILED


@pytest.mark.parametrize("missing", ["identifier", "legislative_session", "jurisdiction"])
def test_open_states_without_what_is_needed(missing: str) -> None:
    with pytest.raises(FaultError) as caught:
        from_open_states({key: value for key, value in open_states().items() if key != missing})
    assert caught.value.fault is Fault.LAYOUT


def test_open_states_tolerates_nonsense() -> None:
    raw = open_states(actions=None, versions={}, sources=["x"], related_bills=[None], title=None)
    found = from_open_states(raw)
    assert (found.title, found.url) == ("HB 0007", "https://openstates.org/")
    with pytest.raises(FaultError):
        from_open_states(open_states(jurisdiction={"id": "somewhere"}))


# -- LegiScan ----------------------------------------------------------------------------------


def legiscan(**more: Any) -> dict[str, Any]:
    return {
        "bill_id": 1,
        "session": {"year_start": 2026, "year_end": 2026, "sine_die": 0, "special": 0},
        "url": "https://legiscan.com/AL/bill/HB7/2026",
        "state": "AL",
        "bill_number": "HB0007",
        "bill_type": "B",
        "body": "H",
        "status": 1,
        "title": "Kratom",
        **more,
    }


def test_both_aggregators_name_a_bill_alike() -> None:
    theirs = from_open_states(open_states(identifier="HB 7"), today=TODAY)
    ours = from_legiscan(legiscan(), today=TODAY)
    assert (ours.key, ours.jurisdiction) == (theirs.key, theirs.jurisdiction)
    federal = from_legiscan(legiscan(state="US", bill_number="HB8000"), today=TODAY)
    assert (federal.number, federal.jurisdiction) == ("HR8000", "ocd-division/country:us")
    simple = from_legiscan(legiscan(state="US", bill_number="HR5", bill_type="R"), today=TODAY)
    assert (simple.number, simple.kind) == ("HRES5", RESOLUTION)
    district = from_legiscan(legiscan(state="DC", bill_number="B26-0123"), today=TODAY)
    assert district.jurisdiction == "ocd-division/country:us/district:dc"
    island = from_legiscan(legiscan(state="PR"), today=TODAY)
    assert island.jurisdiction == "ocd-division/country:us/territory:pr"


def test_legiscan_history_and_progress_are_told_once() -> None:
    found = from_legiscan(
        legiscan(
            status=4,
            history=[
                {"date": "2026-01-05", "action": "Introduced", "chamber": "H"},
                {"date": "2026-03-09", "action": "Signed by Governor", "chamber": "H"},
                {"date": "0000-00-00", "action": "", "chamber": ""},
            ],
            progress=[
                {"date": "2026-01-05", "event": 1},
                {"date": "2026-03-09", "event": 4},
                {"date": "2026-03-12", "event": 8},
                {"date": "2026-03-12", "event": 99},
            ],
        ),
        today=TODAY,
    )
    assert [action.text for action in found.actions] == [
        "Introduced",
        "Signed by Governor",
        "LegiScan progress: chaptered",
    ]
    assert found.enacted == "2026-03-09"


def test_legiscan_sessions() -> None:
    ended = {"year_start": 2025, "year_end": 2026, "sine_die": 1}
    assert from_legiscan(legiscan(session=ended), today=TODAY).session == "2025-2026"
    assert from_legiscan(legiscan(session=ended), today=TODAY).stage is Stage.FAILED
    assert "its session has ended and" in (from_legiscan(legiscan(session=ended)).because or "")
    sent = from_legiscan(legiscan(session=ended, status=3), today=TODAY)
    assert sent.stage is Stage.PASSED
    special = {"year_start": 2026, "year_end": 2026, "special": 1, "session_tag": "1st Special"}
    assert from_legiscan(legiscan(session=special), today=TODAY).key == (
        "US-AL/2026-1st-Special/HB7"
    )


@pytest.mark.parametrize("missing", ["state", "bill_number", "session"])
def test_legiscan_without_what_is_needed(missing: str) -> None:
    raw = {key: value for key, value in legiscan().items() if key != missing}
    with pytest.raises(FaultError) as caught:
        from_legiscan(raw)
    assert caught.value.fault is Fault.LAYOUT
    with pytest.raises(FaultError):
        from_legiscan(legiscan(session={}))


# -- Congress ----------------------------------------------------------------------------------


def congress(actions: list[dict[str, str]], **more: Any) -> TrackedInstrument:
    bill = {"congress": 119, "type": "HR", "number": "7", "title": "Kratom Act", **more}
    return from_congress(bill, actions, today=TODAY)


def test_congress_tells_doubled_actions_once() -> None:
    found = congress(
        [
            {"actionDate": "2026-03-01", "text": "Signed by President.", "actionCode": "36000"},
            {"actionDate": "2026-03-01", "text": "Signed by President.", "type": "President"},
            {"actionDate": "2026-01-05", "text": "Introduced in House", "actionCode": "1000"},
        ],
        introducedDate="2026-01-05",
    )
    assert [action.codes for action in found.actions] == [("1000",), ("36000", "President")]
    assert (found.stage, found.introduced, found.enacted) == (
        Stage.ENACTED,
        "2026-01-05",
        "2026-03-01",
    )
    assert found.url == "https://www.congress.gov/bill/119th-congress/house-bill/7"


def test_congress_knows_the_texts_too() -> None:
    def stage(*texts: str, **more: Any) -> Stage:
        listed = [
            {"actionDate": f"2026-03-{day:02}", "text": text} for day, text in enumerate(texts, 1)
        ]
        return congress(listed, **more).stage

    house = "Passed/agreed to in House: On passage Passed without objection."
    senate = "Passed/agreed to in Senate: Passed Senate without amendment by Voice Vote."
    assert stage(house) is Stage.PASSED_FIRST_CHAMBER
    assert stage(house, senate) is Stage.PASSED
    assert stage(house, "Motion to reconsider laid on the table") is Stage.PASSED_FIRST_CHAMBER
    assert stage(house, senate, "Became Public Law No: 119-7.") is Stage.ENACTED
    assert stage("Referred to the Committee on Energy.") is Stage.INTRODUCED
    assert stage(house, type="HRES") is Stage.ADOPTED
    assert stage("Received in the Senate.", laws=[{"number": "119-7"}]) is Stage.ENACTED
    assert stage("Introduced in House", congress=118) is Stage.FAILED


@pytest.mark.parametrize(
    ("kind", "code", "stage"),
    [
        ("IntroReferral", None, Stage.INTRODUCED),
        ("Committee", None, Stage.INTRODUCED),
        ("BecameLaw", None, Stage.ENACTED),
    ],
)
def test_congress_types(kind: str, code: str | None, stage: Stage) -> None:
    assert upstream.CONGRESS_TYPES.keys() == {"IntroReferral", "Committee", "BecameLaw"}
    action = {"actionDate": "2026-03-01", "text": "Words that tell nothing.", "type": kind}
    assert congress([action]).stage is stage


def test_congress_without_actions_has_the_latest() -> None:
    latest = {"actionDate": "2026-03-01", "text": "Presented to President."}
    assert congress([], latestAction=latest).stage is Stage.PASSED
    with pytest.raises(FaultError):
        from_congress({"type": "HR", "number": "7"}, [])


# -- forerunners -------------------------------------------------------------------------------

ALABAMA = "ocd-division/country:us/state:al"


def earlier(session: str, number: str, title: str, jurisdiction: str = ALABAMA) -> Any:
    return TrackedInstrument(
        key=instrument_key("US-AL", session, number),
        jurisdiction=jurisdiction,
        title=title,
        url="https://example.org/",
        number=number,
        session=session,
        stage=Stage.FAILED,
    )


def test_forerunners() -> None:
    title = "An act relating to the regulation of kratom products"
    before = [
        earlier("2025", "HB9", "Relating to regulation of kratom products"),
        earlier("2023", "SB1", "An act concerning the regulation of kratom products; 2023"),
        earlier("2025", "HB4", "Relating to kratom"),
        earlier("2025", "HB5", "Relating to the regulation of hemp products"),
        earlier("2026", "HB6", title),
        earlier("2027", "HB6", title),
        earlier("2025", "HB6", title, "ocd-division/country:us/state:ga"),
    ]
    found = forerunners("HB 7", title, before, jurisdiction=ALABAMA, session="2026")
    assert found == ("US-AL/2023/SB1", "US-AL/2025/HB9")


def test_carried_number_is_a_forerunner_only_in_the_second_year() -> None:
    before = [earlier("2025", "HB0007", "Kratom; sale to minors")]
    title = "Kratom; sale to minors; penalties"

    def found(number: str, session: str) -> tuple[str, ...]:
        return forerunners(number, title, before, jurisdiction=ALABAMA, session=session)

    assert found("HB 7", "2026") == ("US-AL/2025/HB7",)
    assert found("HB 8", "2026") == ()
    assert found("HB 7", "2027") == ()
    assert forerunners("HB 7", "", before) == ()


def test_numbered_sessions_have_an_order_too() -> None:
    title = "Prohibit kratom as controlled substance"
    before = [earlier("108", "LB1", title), earlier("109", "LB2", title)]
    assert forerunners("LB3", title, before, session="109") == ("US-AL/108/LB1",)
    assert forerunners("LB3", title, before, session="special") == ()


# -- properties --------------------------------------------------------------------------------

LINES_OF_BILLS = st.sampled_from(
    [
        *(words.line for words in upstream.WORDS),
        *(guard.line for guard in upstream.GUARDS),
        "House/ 3rd reading",
        "Hearing canceled",
    ]
)
UNDATED_WORDS = LINES_OF_BILLS.filter(lambda line: "/202" not in line)
CODES = st.lists(st.sampled_from(sorted(upstream.OPEN_STATES_ACTIONS)), max_size=2).map(tuple)
ACTORS = st.sampled_from(["lower", "upper", "legislature", "executive", None])


def dated(days: st.SearchStrategy[int]) -> st.SearchStrategy[Action]:
    return st.builds(
        lambda text, day, actor, codes: Action(
            text=text,
            date=PartialDate((date(2026, 1, 1) + timedelta(days=day)).isoformat()),
            actor=actor,
            codes=codes,
        ),
        UNDATED_WORDS,
        days,
        ACTORS,
        CODES,
    )


@given(st.lists(dated(st.integers(0, 5)), max_size=8).flatmap(lambda a: st.permutations(a)))
def test_order_of_the_list_never_moves_the_stage(shuffled: list[Action]) -> None:
    ordered = sorted(shuffled, key=lambda action: str(action.date))
    for kind in (BILL, RESOLUTION):
        one, other = read(*ordered, kind=kind), read(*shuffled, kind=kind)
        assert other.stage.rank >= one.stage.rank
        assert (one.stage, one.enacted, one.introduced) == (
            other.stage,
            other.enacted,
            other.introduced,
        )


@given(
    st.lists(dated(st.integers(0, 300)), max_size=8, unique_by=lambda action: action.date).flatmap(
        lambda actions: st.tuples(st.just(actions), st.permutations(actions))
    )
)
def test_shuffled_days_change_nothing(pair: tuple[list[Action], list[Action]]) -> None:
    one, other = pair
    assert read(*one) == read(*other)


@given(st.lists(dated(st.integers(0, 300)), max_size=8))
def test_only_decisive_words_or_codes_make_law(actions: list[Action]) -> None:
    if read(*actions).stage is Stage.ENACTED:
        decisive = {Event.ENACTED, Event.CHAPTERED, Event.OVERRIDDEN, Event.OVERRIDDEN_IN_CHAMBER}
        assert any(
            event_in(action.text)[0] in decisive
            or decisive & {upstream.OPEN_STATES_ACTIONS[code] for code in action.codes}
            for action in actions
        )


@given(st.text(max_size=300))
def test_any_words_can_be_read(text: str) -> None:
    event_in(text)
    effective_in(text)
    if text:
        read(act("2026-01-02", text))


@pytest.mark.parametrize("unit", ["law without ", "house concurs in amend ", "veto ", ". A; "])
def test_long_and_repetitive_words_are_read_in_bounded_time(unit: str) -> None:
    text = (unit * 8000)[:8000]
    started = time.perf_counter()
    read(act("2026-01-02", text))
    assert time.perf_counter() - started < 2
