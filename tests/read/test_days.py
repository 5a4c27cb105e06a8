"""When a text applies, read from clauses written in the manner of acts."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Circumstances, Marked, Moment, Section, Span, Timing
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.calendars import (
    certain,
    date_at,
    days_later,
    lowered,
    months_later,
    next_of,
    number_of,
    start_of_month,
)
from kratom_atlas.read.days import clause_days, timing, timing_for
from kratom_atlas.read.keys import Keys
from kratom_atlas.read.text import read_text

ABOUT = Circumstances(
    place="US-AL",
    kind=InstrumentKind.BILL,
    stage=Stage.ENACTED,
    enacted=PartialDate("2026-05-14"),
    published=PartialDate("2026-05-20"),
    session_end=PartialDate("2026-04-10"),
)
DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


def read(text: str, about: Circumstances = ABOUT, *sections: Section) -> Timing:
    return timing(Marked(text), sections, about)


def begins(text: str, about: Circumstances = ABOUT) -> list[str | None]:
    return [moment.date for moment in read(text, about).begins]


def ends(text: str, about: Circumstances = ABOUT) -> list[str | None]:
    return [moment.date for moment in read(text, about).ends]


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("This act takes effect July 1, 2026.", "2026-07-01"),
        ("SECTION 4. This act shall take effect and be in force from and after July\n1, 2026.",
         "2026-07-01"),
        ("[This act] is effective January 1, 2026.", "2026-01-01"),
        ("This act takes effect 1 year after January 1, 2027.", "2028-01-01"),
        ("This entry takes effect at once.", "2026-05-14"),
        ("THE RULE IS AS FILED. EFFECTIVE DATE: February 3, 2027.", "2027-02-03"),
        ("The temporary scheduling of these is extended. It takes effect August 3, 2028.",
         "2028-08-03"),
        ("Subsection (a) applies on and after January 15, 2028.", "2028-01-15"),
        ("Section 7. Effective date. This bill takes effect on May 6, 2026.", "2026-05-06"),
        ("Sec. 3. EFFECTIVE DATE\nThis act shall take effect on July 1, 2025.\nLEG 4",
         "2025-07-01"),
        (("Section 9. Effective Date.This bill takes effect:(1)except as provided in Subsection "
         "(2), May 6, 2026; or(2)if approved by all."), "2026-05-06"),
        (("An emergency existing therefor, this act shall be in full force and effect on and after "
         "July 1, 2026."), "2026-07-01"),
        (("This Act shall become effective on the first day of the third month following its "
         "passage and approval by the Governor, or its otherwise becoming law."), "2026-08-01"),
        ("This act takes effect upon becoming law.", "2026-05-14"),
        ("[This act] is effective on passage and approval.", "2026-05-14"),
        ("This act shall take effect immediately.", "2026-05-14"),
        ("This act takes effect on the ninetieth day after sine die.", "2026-07-09"),
        ("This Act takes effect on the 91st day after the last day of the legislative session.",
         "2026-07-10"),
        ("This act takes effect 90 days after the date it is enacted into law.", "2026-08-12"),
        ("This act shall take effect 60 days after enactment.", "2026-07-13"),
        ("This act shall take effect in 60 days.", "2026-07-13"),
        ("This act takes effect October 1 next following its enactment.", "2026-10-01"),
        ("This act takes effect January 1 of the year following enactment.", "2027-01-01"),
        ("This act becomes operative three calendar months after the adjournment of the session.",
         "2026-07-11"),
        ("This Order shall come into operation on the 1st day of July, 2026.", "2026-07-01"),
        ("This Order may be cited as the Plants Order 2026 and comes into force on 1 July 2026.",
         "2026-07-01"),
        (("This Act comes into force at the end of the period of two months beginning with the day "
         "on which it is passed."), "2026-07-14"),
        (("This Regulation shall enter into force on the twentieth day following that of its "
         "publication in the Journal."), "2026-06-09"),
        ("These Regulations come into force thirty days after publication in the Royal Gazette.",
         "2026-06-19"),
        ("This ordinance takes effect on the day following its publication.", "2026-05-21"),
        ("The effective date of this act is March 1, 2027.", "2027-03-01"),
        ("Effective date: June 1, 2026\nText", "2026-06-01"),
        ("The effective date of this final order is July 21, 2026.", "2026-07-21"),
        ("DATES: Effective July 21, 2026.", "2026-07-21"),
        ("Sec. 1. A list is amended [EFFECTIVE JULY 1, 2026]: Sec. 4.", "2026-07-01"),
        ("Section 1. (NEW) (Effective from passage) No person may", "2026-05-14"),
        ("[Passed March 2, 2026; in effect 90 days from passage (May 31, 2026)]", "2026-05-31"),
        ("This act is effective from and after December 31, 2026.", "2027-01-01"),
        ("This amendatory act is ordered to take immediate effect.", "2026-05-14"),
        (
            (
                "This act is necessary for the immediate preservation of the public peace, and "
                "takes effect July 1, 2026."
            ),
            "2026-07-01",
        ),
        (
            (
                "This act being immediately necessary for the public safety shall become effective "
                "on: (1) The date of its approval by the Governor; (2) If not signed, later."
            ),
            "2026-05-14",
        ),
        (
            (
                "For the purpose of promulgating rules, this act takes effect upon becoming a law. "
                "For all other purposes, this act takes effect July 1, 2026, as is required."
            ),
            "2026-07-01",
        ),
        (
            (
                "This 2025 Act takes effect on the 91st day after the date on which the 2025 "
                "regular session of the Eighty-third Legislative Assembly adjourns sine die."
            ),
            "2026-07-10",
        ),
        (
            (
                "This act takes effect immediately if all members agree. If they do not, this act "
                "takes effect September 1, 2026."
            ),
            None,
        ),
        ("59-31-101 (Effective 01/01/27)Definitions.", "2027-01-01"),
        ("This act takes effect after June 30, 2026.", "2026-07-01"),
        ("This act applies only to offenses committed on or after July 1, 2026.", "2026-07-01"),
        (("This act takes effect June 1, 2026. This act applies to offenses committed on or after "
         "July 1, 2026."), "2026-06-01"),
        ("The board adopts this emergency rule. It becomes effective July 1, 2026.", "2026-07-01"),
        ("This act does not take effect until July 1, 2026.", "2026-07-01"),
        ("Sec. 5. Effective date. July 1, 2026.", "2026-07-01"),
        ("This moratorium comes into force and effect on the day it is passed.", "2026-05-14"),
        ("The remainder takes effect on July 1, 2026.", "2026-07-01"),
        (("The amendments made by this section shall take effect on the date that is 180 days "
         "after the date of enactment of this Act."), "2026-11-10"),
        (("This act takes effect on July 1, 2026, or upon its passage and approval, whichever is "
         "later."), "2026-07-01"),
        (("This act takes effect on July 1, 2026, or upon its passage and approval, whichever "
         "occurs first."), "2026-05-14"),
        (("This Act shall apply to a product sold or offered for sale on or after the date that is "
         "2 years after the date of enactment of this Act."), "2028-05-14"),
        (("Sections 1 to 3 of this act become effective: (a) Upon passage and approval for the "
         "purpose of adopting rules; and (b) On January 1, 2027, for all other purposes."),
         "2027-01-01"),
    ],
)  # fmt: skip
def test_first_day_in_english(words: str, day: str | None) -> None:
    assert begins(words)[0] == day


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("Endringen trer i kraft straks.", "2026-05-14"),
        ("Endringene trer i kraft 1. januar 2024.", "2024-01-01"),
        ("I kraft fra\n2007-01-05\nGjelder for", "2007-01-05"),
        ("Bekendtgørelsen træder i kraft dagen efter bekendtgørelsen i Lovtidende.", "2026-05-21"),
        ("Denna förordning träder i kraft den 1 juli 2024.", "2024-07-01"),
        ("Tato vyhláška nabývá účinnosti dnem následujícím po dni jejího vyhlášení.", "2026-05-21"),
        ("Tato vyhláška nabývá účinnosti dnem 1. ledna 2025.", "2025-01-01"),
        ("Toto nařízení nabývá účinnosti patnáctým dnem po vyhlášení.", "2026-06-04"),
        ("Tento zákon nadobúda účinnosť dňom vyhlásenia.", "2026-05-20"),
        ("Tento zákon nadobúda účinnosť 1. januára 2024.", "2024-01-01"),
        ("Määrus jõustub 1. jaanuaril 2024.", "2024-01-01"),
        ("Määrus jõustub kolmandal päeval pärast Riigi Teatajas avaldamist.", "2026-05-23"),
        ("Le présent décret entre en vigueur le 1er janvier 2027.", "2027-01-01"),
        ("Le décret entre en vigueur le lendemain de sa publication.", "2026-05-21"),
        ("Diese Verordnung tritt am Tag nach der Verkündung in Kraft.", "2026-05-21"),
        ("Diese Verordnung tritt am 1. Januar 2027 in Kraft.", "2027-01-01"),
        ("Deze regeling treedt in werking met ingang van 1 januari 2027.", "2027-01-01"),
        ("El decreto entrará en vigor el día siguiente al de su publicación.", "2026-05-21"),
        ("El decreto entrará en vigor a los veinte días de su publicación.", "2026-06-09"),
        ("Il decreto entra in vigore il giorno successivo a quello della sua pubblicazione.",
         "2026-05-21"),
        ("Esta portaria entra em vigor na data da sua publicação.", "2026-05-20"),
        ("Ustawa wchodzi w życie po upływie 14 dni od dnia ogłoszenia.", "2026-06-04"),
        ("Įstatymas įsigalioja 2024 m. sausio 1 d. ir", "2024-01-01"),
        ("Noteikumi stājas spēkā 2024. gada 1. janvārī.", "2024-01-01"),
        ("Ordinul intră în vigoare la data de 1 martie 2024.", "2024-03-01"),
        ("ให้ใช้บังคับตั้งแต่วันถัดจากวันประกาศในราชกิจจานุเบกษาเป็นต้นไป", "2026-05-21"),
        ("ให้ใช้บังคับเมื่อพ้นกำหนดเก้าสิบวันนับแต่วันประกาศในราชกิจจานุเบกษา", "2026-08-18"),
        ("この政令は、公布の日から施行する。", "2026-05-20"),
        ("この政令は、令和六年四月一日から施行する。", "2024-04-01"),
        ("이 영은 2024년 1월 1일부터 시행한다.", "2024-01-01"),
        ("本办法自2024年1月1日起施行。", "2024-01-01"),
        ("この 省令 は、 令和六年四月一日 から 施行する。", "2024-04-01"),
        ("La presente entrará en vigencia el 1 de junio de 2027.", "2027-06-01"),
        ("La presente rige a partir del 1º de junio de 2028.", "2028-06-01"),
        ("Loven gjelder fra 1. juli 2028.", "2028-07-01"),
    ],
)  # fmt: skip
def test_first_day_in_other_languages(words: str, day: str) -> None:
    assert begins(words)[0] == day


@pytest.mark.parametrize(
    "words",
    [
        "This act takes effect upon its approval by the voters.",
        "This section takes effect only if the board so finds.",
        "This act takes effect May 1, 2027, only if a majority of the voters approve it.",
        (
            "This act shall take effect after approval by the mayor, a 30-day period of "
            "congressional review, and publication."
        ),
        "The provisions of this article are effective upon the approved filing of a rule.",
        "This act takes effect 30 business days after approval.",
    ],
)
def test_day_that_depends_on_something_else_is_only_words(words: str) -> None:
    (moment,) = read(words).begins
    assert moment.date is None
    assert moment.because


@pytest.mark.parametrize(
    "words",
    [
        "A person shall register within 30 days after this act takes effect.",
        "Before this section takes effect, the department shall adopt rules.",
        "A license issued under this section expires on June 30, 2027.",
        "AN ACT relating to plants; and providing an effective date.",
        "The Plant Act of 1985, effective October 5, 1985, is amended.",
        "Filed 3/17/25, effective 4/17/25.",
        "The label shall be effective and legible.",
        "Endret ved forskrift 21 des 2023 nr. 2281 (i kraft 1 jan 2024).",
        "The report is due on January 1, 2027.",
    ],
)
def test_nothing_is_read_into_other_words(words: str) -> None:
    found = timing(Marked(words), (), Circumstances(place="US-AL"))
    assert (found.begins, found.ends) == ((), ())


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("This act expires on July 1, 2028.", "2028-07-01"),
        ("This section is repealed effective July 1, 2028.", "2028-07-01"),
        ("This act shall remain in effect until July 1, 2028.", "2028-07-01"),
        (("This act shall remain in effect only until January 1, 2029, and as of that date is "
         "repealed."), "2029-01-01"),
        ("This act remains in effect through June 30, 2028.", "2028-07-01"),
        ("This order shall be effective upon its approval for a period not to exceed ten days.",
         "2026-05-24"),
        (("That this Act shall take effect October 1, 2026. At the end of September 30, 2029, this "
         "Act, with no further action, shall be abrogated and of no further force and effect."),
         "2029-10-01"),
        ("This order expires at the end of June 30, 2028.", "2028-07-01"),
        ("This order is effective for two years from July 1, 2026.", "2028-07-01"),
        (("This order is effective on July 1, 2026 in the state register and expires on "
         "July 1, 2027."), "2027-07-01"),
        ("This ban lapses on July 1, 2028.", "2028-07-01"),
        ("This act takes effect July 1, 2026, and expires June 30, 2027.", "2027-06-30"),
        ("This emergency rule is effective July 1, 2026, for 120 days.", "2026-10-29"),
        (("This temporary scheduling order is effective November 30, 2026, until November 30, "
         "2028."), "2028-11-30"),
        (("This rule takes effect July 1, 2026, and shall remain in effect until the thirtieth day "
         "of June following."), "2027-06-30"),
        (("This rule takes effect July 1, 2026. This rule expires two years after its effective "
         "date."), "2028-07-01"),
        ("Die Verordnung tritt mit Ablauf des 31. Dezember 2026 außer Kraft.", "2027-01-01"),
        (("Die Verordnung tritt am 1. Juli 2028 in Kraft und mit Ablauf des 30. Juni 2031 außer "
         "Kraft."), "2031-07-01"),
        ("The placement stays in force until July 1, 2028, unless it is made law.", "2028-07-01"),
        ("Förordningen upphör att gälla vid utgången av 31 december 2026.", "2027-01-01"),
    ],
)  # fmt: skip
def test_end_is_the_first_day_without_it(words: str, day: str) -> None:
    assert ends(words) == [day]


def test_void_if_and_retroactive() -> None:
    text = (
        "Section 1. A seller shall label kratom. If kratom is scheduled under federal law, this "
        "chapter is inoperative. This act applies retroactively to January 1, 2026."
    )
    found = read(text)
    assert found.void_if is not None
    assert found.void_if.span is not None
    assert text[slice(*found.void_if.span)].startswith("If kratom is scheduled")
    assert found.retroactive
    assert not read("A contract contrary to this act is void. This act is effective.").retroactive
    assert read("A contract contrary to this act is void.").void_if is None


def test_duties_come_after_the_law_itself() -> None:
    found = begins(
        "Sec. 16. This act becomes operative on July 1, 2026. Sec. 17. Since an emergency exists, "
        "this act takes effect when passed and approved according to law."
    )
    assert found == ["2026-07-01"]


def test_sources_record_of_the_day_comes_before_the_rule_of_the_place() -> None:
    about = Circumstances(
        place="US-PA",
        kind=InstrumentKind.BILL,
        stage=Stage.ENACTED,
        enacted=PartialDate("2026-05-14"),
        effective=PartialDate("2026-09-01"),
    )
    found = read("No kratom may be sold.", about)
    assert [moment.date for moment in found.begins] == ["2026-09-01"]
    assert not found.is_default


def unit(label: str, path: str, start: int, end: int, parent: int | None, level: int) -> Section:
    return Section(label=label, path=path, start=start, end=end, parent=parent, level=level)


def test_parts_of_an_act_have_their_own_days() -> None:
    text = (
        "Section 1. Sale. (a) Rule. (b) This subsection takes effect March 1, 2027.\n"
        "Section 2. Study.\n"
        "Section 3. Section 2 of this act takes effect October 1, 2026. The rest of this act takes "
        "effect July 1, 2026. This section expires July 1, 2030."
    )
    second, third = text.index("Section 2. Study"), text.index("Section 3.")
    sections = (
        unit("Section 1.", "Section 1", 0, second, None, 0),
        unit("(a)", "Section 1 (a)", text.index("(a)"), text.index("(b)"), 0, 1),
        unit("(b)", "Section 1 (b)", text.index("(b)"), second, 0, 1),
        unit("Section 2.", "Section 2", second, third, None, 0),
        unit("Section 3.", "Section 3", third, len(text), None, 0),
    )
    found = read(text, ABOUT, *sections)
    assert {(moment.section, moment.date) for moment in found.begins} == {
        ("Section 1 (b)", "2027-03-01"),
        ("Section 2", "2026-10-01"),
        (None, "2026-07-01"),
    }

    def days(path: str) -> tuple[list[str | None], list[str | None]]:
        first, last = timing_for(found, path)
        return [moment.date for moment in first], [moment.date for moment in last]

    assert days("Section 1 (a)") == (["2026-07-01"], [])
    assert days("Section 1 (b)(i)") == (["2027-03-01"], [])
    assert days("Section 2") == (["2026-10-01"], [])
    assert days("Section 3") == (["2026-07-01"], ["2030-07-01"])


def test_ranges_of_sections_are_spelled_out() -> None:
    found = read("Sections 2, 4 to 6 and 9.5 of this act take effect July 1, 2026.")
    assert [moment.section for moment in found.begins] == [
        f"Section {number}" for number in ("2", "4", "5", "6", "9.5")
    ]


def test_numbers_in_brackets_are_no_sections() -> None:
    text = "(1) bracketed matter; Section 1. Sale. Section 1 of this act takes effect July 1, 2026."
    at = text.index("Section 1.")
    sections = (
        unit("(1)", "(1)", 0, at, None, 0),
        unit("Section 1.", "Section 1", at, len(text), None, 0),
    )
    assert [moment.section for moment in read(text, ABOUT, *sections).begins] == ["Section 1"]


def test_nearest_unit_decides_and_dates_come_first() -> None:
    words = Moment(because="upon certification")
    day = Moment(because="July 1, 2026", date=PartialDate("2026-07-01"))
    own = Moment(because="x", date=PartialDate("2027-01-01"), section="Sec. 3")
    found = Timing(begins=(words, day, own))
    assert timing_for(found, "Sec. 3 (2)")[0] == (own,)
    assert timing_for(found, "Sec. 30")[0] == (day, words)


@pytest.mark.parametrize(
    ("clause", "days"),
    [
        ("(1) Beginning January 1, 2027, a retailer shall hold a license.", ("2027-01-01", None)),
        ("Effective July 1, 2026, all sales are barred.", ("2026-07-01", None)),
        ("On and after July 1, 2026, no person may sell kratom.", ("2026-07-01", None)),
        ("A retailer shall, beginning on January 1, 2027, keep records.", ("2027-01-01", None)),
        ("It is unlawful to sell kratom on or after July 1, 2026.", ("2026-07-01", None)),
        ("The sale of kratom is prohibited on and after July 1, 2026.", ("2026-07-01", None)),
        ("The board bans the sale of kratom, with effect from the 1st day of July, 2026.",
         ("2026-07-01", None)),
        ("Listed, with effect from the beginning of July 1, 2026: x.", ("2026-07-01", None)),
        ("Ordinance 7 is stayed as of July 1, 2026.", ("2026-07-01", None)),
        ("Before July 1, 2026, the board shall adopt rules.", (None, None)),
        ("Until July 1, 2026, a person may sell kratom.", (None, "2026-07-01")),
        ("From July 1, 2026 on, kratom is no regulated drug.", ("2026-07-01", None)),
        ("A person may sell kratom through June 30, 2026.", (None, "2026-07-01")),
        ("From July 1, 2026, until July 1, 2028, no person may sell kratom.",
         ("2026-07-01", "2028-07-01")),
        ("From July 1, 2026 through June 30, 2028, sale is barred.", ("2026-07-01", "2028-07-01")),
        ("No person may sell products manufactured on or after July 1, 2026.", (None, None)),
        ("For taxable years beginning January 1, 2027, a tax is due.", (None, None)),
        ("Not later than January 1, 2027, the board shall adopt rules.", (None, None)),
        ("A person may not sell kratom to a person born before July 1, 2005.", (None, None)),
    ],
)  # fmt: skip
def test_days_of_a_rule(clause: str, days: tuple[str | None, str | None]) -> None:
    assert clause_days(clause, Span(0, len(clause))) == days
    padded = f"Before January 1, 2020, x. {clause} After."
    start = padded.index(clause)
    assert clause_days(padded, Span(start, start + len(clause))) == days


def test_spans_are_where_the_words_stand() -> None:
    text = "Preface İ here. This act takes effect July 1, 2026. Rest."
    (moment,) = read(text).begins
    assert moment.span is not None
    assert text[slice(*moment.span)] == "This act takes effect July 1, 2026"


# -- reckoning, against brute force -----------------------------------------------------------


@given(DAYS, st.integers(0, 400))
def test_days_after_enactment(day: date, number: int) -> None:
    about = Circumstances(place="US-AL", enacted=PartialDate(day.isoformat()))
    found = begins(f"This act takes effect {number} days after enactment.", about)
    assert found == [(day + timedelta(days=number)).isoformat()]


@given(DAYS, st.integers(1, 24))
def test_first_day_of_a_month_after(day: date, months: int) -> None:
    expected, left = day, months
    while left:
        expected += timedelta(days=1)
        left -= expected.day == 1
    assert start_of_month(day, months) == expected


@given(DAYS, st.integers(0, 30))
def test_months_later_keep_the_day_or_take_the_last(day: date, months: int) -> None:
    found = months_later(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day == day.day or (found.day < day.day and (found + timedelta(days=1)).day == 1)


@given(DAYS, st.integers(1, 12), st.integers(1, 28))
def test_next_day_of_the_year(day: date, month: int, of_month: int) -> None:
    expected = day + timedelta(days=1)
    while (expected.month, expected.day) != (month, of_month):
        expected += timedelta(days=1)
    assert next_of(day, month, of_month) == expected


@given(DAYS, st.sampled_from((4, 7, 10)), st.integers(0, 200))
def test_certain_holds_for_each_day_that_may_be_meant(day: date, size: int, number: int) -> None:
    base = PartialDate(day.isoformat()[:size])
    found = certain(base, days_later(number))
    if found is not None:
        for meant in range(base.lo, base.hi):
            assert found.lo <= meant + number < found.hi


@given(DAYS)
def test_through_and_until_meet(day: date) -> None:
    last, next_day = (f"{d:%B} {d.day}, {d.year}" for d in (day, day + timedelta(days=1)))
    through = ends(f"This act shall remain in effect through {last}.")
    assert through == ends(f"This act shall remain in effect until {next_day}.")
    assert through == [(day + timedelta(days=1)).isoformat()]


def number_words(words: str) -> list[str]:
    return words.split()


@given(st.lists(st.sampled_from(("effect", "x", "expire ", "é", " ")), max_size=40).map("".join))
def test_keys_are_found_where_they_stand(text: str) -> None:
    words = ("effect", "expire")
    expected = sorted(
        (place, word)
        for word in words
        for place in range(len(text))
        if text[place:].startswith(word)
    )
    assert [(place, word) for word, place in Keys(words, 50).hits(text)] == expected
    few = Keys(words, 2).hits(text)
    assert [(place, word) for word, place in few] == (
        expected if len(expected) <= 4 else expected[:2] + expected[-2:]
    )


def test_keys_are_found_across_the_pieces_of_a_long_text() -> None:
    for before in range((1 << 20) - 8, (1 << 20) + 2):
        assert Keys(("effect",), 5).hits("é" * before + "effect") == [("effect", before)]


@given(st.integers(1, 199))
def test_numbers_in_words(number: int) -> None:
    units = [
        *number_words("zero one two three four five six seven eight nine ten eleven twelve"),
        *number_words("thirteen fourteen fifteen sixteen seventeen eighteen nineteen"),
    ]
    tens = number_words("x x twenty thirty forty fifty sixty seventy eighty ninety")
    rest = number % 100
    words = (
        units[rest] if rest < 20 else tens[rest // 10] + (f"-{units[rest % 10]}" * bool(rest % 10))
    )
    if number >= 100:
        words = f"one hundred {words}" if rest else "one hundred"
    assert number_of(words) == number
    assert number_of(f"{words} ({number})") == number


def test_known_turns_of_the_calendar() -> None:
    def day(words: str, enacted: str) -> list[str | None]:
        about = Circumstances(place="US-AL", enacted=PartialDate(enacted))
        return begins(f"This act takes effect {words}.", about)

    assert day("one month after enactment", "2024-01-31") == ["2024-02-29"]
    assert day("one year after enactment", "2024-02-29") == ["2025-02-28"]
    assert day("on the first day of the third month following its passage", "2026-11-30") == [
        "2027-02-01"
    ]
    assert day("90 days after enactment", "2026-06") == ["2026"]
    assert day("on the first day of the second month following its passage", "2026-06") == [
        "2026-08-01"
    ]
    assert day("90 days after enactment", "2026") == [None]


@pytest.mark.parametrize(
    "words", ["July 32, 2026", "February 29, 2026", "July 1, 20252026", "13/40/2026", "July"]
)
def test_no_such_day(words: str) -> None:
    assert date_at(lowered(words), 0) is None


@given(st.text(alphabet="abcdehilmnoprstuy ,.()\n12", max_size=400))
def test_text_without_such_words_says_nothing(text: str) -> None:
    found = timing(Marked(text), (), Circumstances(place="US-AL"))
    assert not found.begins
    assert not found.ends
    assert found.void_if is None


@given(
    st.lists(
        st.sampled_from(
            ("this act ", "takes effect ", "on ", "July 1, 2026", "and ", "until ", ", ", "if ",
             "sections 1 to 9 ", "of ", "is void ", "expires ", ". ", "90 days after ", "passage ",
             "federal ", "\n", "(a) ", "İ", "i kraft ", "trer ", "or ", "whichever is later ")
        ),
        max_size=60,
    ).map("".join)
)  # fmt: skip
def test_spans_lie_inside_whatever_the_text(text: str) -> None:
    found = read(text)
    for moment in (*found.begins, *found.ends, *((found.void_if,) if found.void_if else ())):
        if moment.span is not None:
            assert 0 <= moment.span.start < moment.span.end <= len(text)
    clause_days(text, Span(0, len(text)))


@pytest.mark.parametrize(
    "unit_of_text",
    [
        "this act takes effect ",
        "sections 1, 2, 3, 4, 5, 6, 7, 8, ",
        "(" * 40,
        "this act, ",
        "effective effective ",
        "beginning on and after ",
        "tritt tritt in kraft ",
        "this version of ",
        "if federal this act is void ",
        "the the the ",
        "ให้ใช้บังคับ",
    ],
)
def test_hostile_text_takes_linear_time(unit_of_text: str) -> None:
    text = unit_of_text * (1_000_000 // len(unit_of_text))
    start = time.process_time()
    timing(Marked(text), (), ABOUT)
    clause_days(text, Span(0, len(text)))
    assert time.process_time() - start < 4


REAL = (
    # Of real bills: the first day for the whole, by the texts themselves; None is "on enactment"
    # or another day that the text alone does not fix.
    ("id/2026/H0830/files/*.txt", "2026-07-01"),
    ("ms/2026/*/files/*.htm", "2026-07-01"),
    ("mt/2025/SB461/files/*SB0461_3*.txt", "2025-06-01"),
    ("nj/222/*/files/*.HTM", None),
    ("tx/892/SB31/files/*.txt", "2025-12-01"),
    ("ut/2026/HB387/files/*.xml", "2026-05-06"),
    ("ut/2026/HB265/files/*.txt", "2026-07-01"),
    ("vt/2025-2026/*/files/*.txt", "2025-07-01"),
    ("wv/2026/SB431/files/*.htm*", "2026-07-01"),
    ("sd/2026/HB1016/files/*.txt", None),
)


@pytest.mark.parametrize(("pattern", "day"), REAL)
def test_real_bills(samples: Path, pattern: str, day: str | None) -> None:
    folder, _, names = pattern.partition("/files/")
    files = [*(samples / "us" / "kratom_bills").glob(f"{folder}/files/{names}")]
    assert files
    for file in files:
        marked = Marked(read_text(file.read_bytes()).text)
        found = timing(marked, (), Circumstances(place="US"))
        assert [moment.date for moment in found.begins][:1] == [day], file.name
