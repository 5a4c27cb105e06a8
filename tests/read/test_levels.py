"""What a text does to counties and towns, in clauses written in the manner of acts."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Marked, Section, Span
from kratom_atlas.model.vocabulary import Effect, Extent
from kratom_atlas.read.levels import LevelClause, extent_of, level_clauses
from kratom_atlas.read.structure import sections as units_of
from kratom_atlas.read.terms import find_mentions

OPENING = "A seller of kratom shall keep records. "


def read(text: str, sections: tuple[Section, ...] = ()) -> tuple[LevelClause, ...]:
    near = [Span(mention.start, mention.end) for mention in find_mentions(text)]
    return level_clauses(Marked(text), sections, near)


@pytest.mark.parametrize(
    "clause",
    [
        "No county or municipality shall adopt an ordinance regulating kratom products.",
        "A local government may not enact any rule on kratom.",
        (
            "Except as otherwise provided, no political subdivision shall impose additional\n"
            "restrictions on the sale of kratom."
        ),
        (
            "A political subdivision of this state may not enact, adopt, or enforce an "
            "ordinance that prohibits the sale of kratom."
        ),
        "This act preempts any ordinance of a county, city or town on kratom.",
        "This chapter supersedes all local laws governing kratom.",
        "The legislature hereby occupies the entire field of regulation of kratom.",
        "The regulation of kratom is expressly preempted to the state.",
        "Any ordinance on kratom that conflicts with this act is null and void.",
        (
            "No State or political subdivision of a State may enact or enforce any requirement for "
            "kratom that is in addition to, or more stringent than, this section."
        ),
        "Kratom sellers may not be prohibited by the state or any local government.",
        "Cities and counties shall not impose a ban on kratom.",
    ],
)
def test_preempts(clause: str) -> None:
    (found,) = read(OPENING + clause)
    assert found.effect is Effect.PREEMPT
    assert found.grandfather is None
    text = OPENING + clause
    assert text[slice(*found.span)] == clause
    assert found.because


@pytest.mark.parametrize(
    "clause",
    [
        "Nothing in this act prohibits a municipality from adopting a stricter ordinance.",
        "Nothing in this chapter shall be construed to preempt a county ordinance on kratom.",
        (
            "Nothing in this act shall supersede any ordinance that a county has enacted "
            "before July 1, 2026."
        ),
        "This act does not preempt local laws that are stricter.",
        "Counties may adopt ordinances more restrictive than this act but not less restrictive.",
        "A local government may not adopt an ordinance that is less restrictive than this act.",
        "A city may by ordinance prohibit the sale of kratom.",
        "No statute occupies the field, and a city may adopt an ordinance on kratom.",
        "This act shall not be construed as preempting a local ordinance on kratom.",
        "Counties retain the power to regulate the sale of kratom more strictly.",
        "A town may adopt an ordinance that is at least as strict as this act.",
        "A local law on kratom may be stricter than this act.",
    ],
)
def test_leaves_stricter_law_to_others(clause: str) -> None:
    (found,) = read(OPENING + clause)
    assert (found.effect, found.grandfather) == (Effect.ALLOW_STRICTER, None)


@pytest.mark.parametrize(
    "clause",
    [
        "The county attorney may bring an action.",
        "No statute occupies the field of kratom.",
        "A county may not issue a licence to a person under 21 years of age.",
        "Unless otherwise preempted under federal law, a label shall bear a warning.",
        "To the extent preempted by federal law, this section does not apply to a county.",
        "Nothing in this act affects the rights of a tribe.",
        "This section applies without prejudice to other law.",
        "A person that violates this section violates no ordinance of a county.",
        "The store shall hold a permit of the city in which it stands.",
        "Fines go to the county general fund.",
        "This act supersedes the rules of the department of agriculture.",
        "A local health department may inspect a store.",
    ],
)
def test_other_words_about_places_do_nothing(clause: str) -> None:
    assert read(OPENING + clause) == ()


@pytest.mark.parametrize(
    ("clause", "day"),
    [
        (("No county shall enact an ordinance on kratom, except for an ordinance in effect on or "
         "before January 1, 2024."), "2024-01-02"),
        (("No county shall enact an ordinance on kratom. This does not apply to an ordinance "
         "adopted before January 1, 2024."), "2024-01-01"),
        (("A municipality may not ban kratom unless its ordinance was adopted prior to March 1, "
         "2025."), "2025-03-01"),
        ("A city may not regulate kratom, save by an ordinance in effect as of June 30, 2025.",
         "2025-07-01"),
    ],
)  # fmt: skip
def test_local_rules_that_stand(clause: str, day: str) -> None:
    (found,) = read(OPENING + clause)
    assert (found.effect, found.grandfather) == (Effect.PREEMPT, day)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_on_or_before_is_before_the_next_day(day: date) -> None:
    def stands(words: str, on: date) -> str | None:
        shown = f"{on:%B} {on.day}, {on.year}"
        (found,) = read(f"No city may ban kratom except by an ordinance adopted {words} {shown}.")
        return found.grandfather

    after = day + timedelta(days=1)
    assert stands("on or before", day) == stands("before", after) == after.isoformat()


LAND = "Sec. 2. No person shall sell kratom."


@pytest.mark.parametrize(
    ("scope", "extent"),
    [
        ("This chapter applies only in the unincorporated areas of the county.", "unincorporated"),
        ("This ordinance is in force outside the corporate limits of any city.", "unincorporated"),
        ("This chapter applies in incorporated and unincorporated areas.", "whole"),
        ("Shops in the unincorporated areas have been seen to sell it.", "whole"),
        ("This section applies in the unincorporated areas.", "whole"),
    ],
)
def test_land_that_a_rule_covers(scope: str, extent: str) -> None:
    marked = Marked(f"Sec. 1. {scope}\n{LAND}")
    place = marked.text.index("kratom")
    assert extent_of(marked, units_of(marked), Span(place, place + 6)) == Extent(extent)


def test_rule_that_names_its_land() -> None:
    marked = Marked("No person shall sell kratom in the unincorporated part of the county.")
    assert extent_of(marked, (), Span(0, 27)) is Extent.UNINCORPORATED


def unit(label: str, start: int, end: int, parent: int | None = None, level: int = 0) -> Section:
    return Section(label=label, path=label, start=start, end=end, parent=parent, level=level)


BAN = "A municipality may not regulate the products of this article."


def laid_out(*parts: str) -> tuple[str, tuple[Section, ...]]:
    text, sections = "", []
    for number, part in enumerate(parts, 1):
        sections.append(unit(f"Section {number}.", len(text), len(text) + len(part)))
        text += part
    return text, tuple(sections)


def test_counts_in_a_section_or_act_about_kratom_only() -> None:
    hemp = "A grower of hemp shall hold a license. " * 30
    elsewhere = laid_out(f"Section 1. {OPENING}", *(f"Section. {hemp}" for _ in range(5)), BAN)
    assert read(*elsewhere) == ()
    same = laid_out(f"Section 1. {OPENING}{BAN}", *(f"Section. {hemp}" for _ in range(5)))
    assert [clause.effect for clause in read(*same)] == [Effect.PREEMPT]
    act = laid_out(*(f"Section. {OPENING}{hemp}" for _ in range(3)), BAN)
    assert [clause.effect for clause in read(*act)] == [Effect.PREEMPT]


def test_chapter_about_kratom_lends_its_name() -> None:
    filler = "The board shall meet each month. " * 60
    parts = [
        "Chapter 1. Plants. ",
        f"1. {OPENING}{filler}",
        f"2. {OPENING}{filler}",
        BAN,
        "Chapter 2.",
    ]
    text = "".join(parts)
    starts = [sum(map(len, parts[:at])) for at in range(len(parts) + 1)]
    sections = (
        unit("Chapter 1.", 0, starts[4]),
        *(unit(f"{at}.", starts[at], starts[at + 1], 0, 1) for at in (1, 2, 3)),
        unit("Chapter 2.", starts[4], starts[5]),
    )
    assert len(read(text, sections)) == 1


def test_text_without_kratom_has_no_clause() -> None:
    assert level_clauses(Marked(BAN), (), ()) == ()


@given(
    st.lists(
        st.sampled_from(
            ("no ", "county ", "municipality ", "may ", "not ", "adopt ", "an ordinance ",
             "this act ",
             "preempts ", "kratom ", ". ", "; ", "nothing in this act ", "prohibits ",
             "more strict ",
             "in effect before ", "January 1, 2024", "İ", "\n\n")
        ),
        max_size=60,
    ).map("".join)
)  # fmt: skip
def test_clauses_lie_inside_in_order_and_apart(text: str) -> None:
    found = read(text)
    places = [place for clause in found for place in clause.span]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)
    assert all(clause.span.start < clause.span.end for clause in found)


@pytest.mark.parametrize(
    "part",
    [
        "no county may ",
        "county may not ",
        "local government may ",
        "nothing in this act ",
        "ordinance ordinance ",
        "this act act act preempt ",
        "no a a a a a county ",
        "ordinance in effect on or before ",
        "municipality municipality, ",
    ],
)
def test_hostile_text_takes_linear_time(part: str) -> None:
    text = "kratom " + part * (1_000_000 // len(part))
    start = time.process_time()
    level_clauses(Marked(text), (), (Span(0, 6),))
    assert time.process_time() - start < 4
