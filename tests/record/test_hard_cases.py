"""What every one-word tracker gets wrong, asked of the real record."""

from __future__ import annotations

from datetime import date

import pytest

from kratom_atlas.model.status import Answer
from kratom_atlas.model.vocabulary import Activity, Flag, Substance
from kratom_atlas.places import find_place
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.resolve.explain import answer
from kratom_atlas.resolve.record import Record
from kratom_atlas.store.ledger import read_batches


@pytest.fixture(scope="module")
def record() -> Record:
    lines = (line for b in read_batches(packaged_sheets() / "ledger") for line in b.lines)
    return Record(lines, load_register(packaged_sheets()))


def ask(record: Record, place: str, substance: str, day: str) -> Answer:
    found = find_place(record, place).index
    on = date.fromisoformat(day).toordinal()
    return answer(record.at(), found, Substance(substance), on, "now")


CASES = [
    # place, substance, day, own, total, possess, sell
    ("US-GA", "leaf", "2024-06-01", "regulated", "regulated", "*", "conditional"),
    ("US-GA", "leaf", "2026-11-22", "regulated", "regulated", "age-limited", "conditional"),
    ("US-CA", "leaf", "2026-11-22", "sale-banned", "sale-banned", "no-law", "unlawful"),
    ("US-CA", "leaf", "2024-01-01", "no-specific-law", "no-specific-law", "no-law", "no-law"),
    ("US-UT", "leaf", "2026-11-22", "regulated", "regulated", "*", "conditional"),
    ("US-UT", "mitragynine", "2026-11-22", "*", "sale-banned", "*", "unlawful"),
    ("US-UT", "leaf", "2020-01-01", "regulated", "regulated", "*", "conditional"),
    ("US-OH", "7-oh", "2026-11-22", "banned", "banned", "unlawful", "unlawful"),
    ("US-OH", "leaf", "2026-11-22", "lawful", "lawful", "*", "*"),
    ("US-RI", "leaf", "2026-03-31", "banned", "banned", "unlawful", "unlawful"),
    ("US-RI", "leaf", "2026-04-01", "regulated", "regulated", "*", "conditional"),
    ("US-TN", "leaf", "2019-01-01", "regulated", "regulated", "age-limited", "*"),
    ("US-TN", "leaf", "2026-07-01", "banned", "banned", "unlawful", "unlawful"),
    ("US-TN", "leaf", "2026-06-30", "regulated", "regulated", "*", "*"),
    ("US-MN", "leaf", "2026-11-22", "age-restricted", "age-restricted", "*", "age-limited"),
    ("US-IL", "leaf", "2026-11-22", "age-restricted", "age-restricted", "age-limited", "*"),
    ("US-KY", "leaf", "2026-12-31", "regulated", "regulated", "*", "conditional"),
    ("US-KY", "leaf", "2027-01-01", "sale-banned", "sale-banned", "*", "unlawful"),
    ("US-KS", "leaf", "2026-06-30", "no-specific-law", "no-specific-law", "*", "*"),
    ("US-KS", "7-oh", "2026-07-01", "banned", "banned", "unlawful", "unlawful"),
    ("US", "pseudoindoxyl", "2026-08-25", "*", "*", "*", "*"),
    ("US", "pseudoindoxyl", "2026-08-26", "banned", "banned", "unlawful", "unlawful"),
    ("US", "mgm-15", "2028-08-25", "banned", "banned", "unlawful", "unlawful"),
    ("US", "mgm-16", "2028-08-26", "unknown", "unknown", "*", "*"),
    ("US", "7-oh", "2026-11-22", "no-specific-law", "no-specific-law", "*", "*"),
    ("US-AK", "mgm-16", "2026-11-22", "unknown", "banned", "unlawful", "unlawful"),
    ("US-DC", "7-oh", "2026-11-22", "banned", "banned", "unlawful", "unlawful"),
    ("US-DC", "leaf", "2026-11-22", "no-specific-law", "no-specific-law", "*", "*"),
    ("US-FL", "leaf", "2026-11-22", "age-restricted", "age-restricted", "*", "age-limited"),
    ("US-FL", "7-oh", "2025-08-12", "age-restricted", "age-restricted", "*", "*"),
    ("US-FL", "7-oh", "2025-08-13", "banned", "banned", "unlawful", "unlawful"),
    ("US-FL-12115", "leaf", "2026-11-22", "banned", "banned", "unlawful", "unlawful"),
    ("US-FL-12115", "leaf", "2014-01-31", "*", "*", "*", "*"),
    ("US-FL-12086", "leaf", "2026-11-22", "unknown", "age-restricted", "*", "age-limited"),
    ("US-ME-23005", "leaf", "2026-11-22", "unknown", "unknown", "unknown", "unknown"),
    ("US-MS-28095", "leaf", "2020-05-31", "banned", "banned", "*", "unlawful"),
    ("US-MS-28095", "leaf", "2020-06-01", "lawful", "*", "*", "*"),
    ("FI", "leaf", "2026-11-22", "sale-banned", "sale-banned", "*", "unlawful"),
    ("FI", "leaf", "2016-03-15", "prescription", "prescription", "*", "licensed"),
    ("SE", "mitragynine", "2024-06-01", "banned", "banned", "unlawful", "unlawful"),
    ("SE", "leaf", "2025-03-10", "*", "*", "*", "*"),
    ("SE", "leaf", "2025-03-11", "banned", "banned", "unlawful", "unlawful"),
    ("TH", "leaf", "2021-08-23", "banned", "banned", "unlawful", "unlawful"),
    ("TH", "leaf", "2026-11-22", "regulated", "regulated", "lawful", "conditional"),
    ("PL", "leaf", "2009-05-08", "banned", "banned", "unlawful", "unlawful"),
    ("SK", "leaf", "2021-12-16", "banned", "banned", "unlawful", "unlawful"),
    ("CZ", "leaf", "2026-11-22", "regulated", "regulated", "*", "conditional"),
    ("DE", "leaf", "2026-11-22", "no-specific-law", "regulated", "no-law", "conditional"),
    ("RU", "leaf", "2026-11-22", "unknown", "unknown", "unknown", "unknown"),
]


@pytest.mark.parametrize(("place", "substance", "day", "own", "total", "possess", "sell"), CASES)
def test_the_answer(
    record: Record,
    place: str,
    substance: str,
    day: str,
    own: str,
    total: str,
    possess: str,
    sell: str,
) -> None:
    found = ask(record, place, substance, day)
    acts = {a.activity: str(a.total) for a in found.activities}
    told = (found.own_status, found.total_status, acts[Activity.POSSESS], acts[Activity.SELL])
    for one, expected in zip(told, (own, total, possess, sell), strict=True):
        assert expected in ("*", one), told


def test_sweden_had_the_alkaloid_before_the_leaf(record: Record) -> None:
    assert ask(record, "SE", "leaf", "2025-03-10").own_status not in ("banned", "sale-banned")


def test_georgia_has_an_age_and_three_caps(record: Record) -> None:
    found = ask(record, "US-GA", "leaf", "2026-11-22")
    assert found.min_age == 21
    assert {"0.5 mg per-g", "1 mg per-serving"} <= set(found.caps)
    caps = [
        (cap.of, cap.value, cap.unit)
        for link in found.chain
        if link.provision and link.bearing in ("decides", "applies")
        for cap in link.provision.qualifiers.alkaloid_caps
    ]
    assert ("mitragynine", 150, "mg/serving") in caps


@pytest.mark.parametrize(
    ("place", "substance", "flag"),
    [
        ("US-CA", "leaf", Flag.CONTESTED),
        ("US-KS", "leaf", Flag.CONTESTED),
        ("US-ND", "leaf", Flag.TEMPORARY),
        ("US-ND", "leaf", Flag.CONTESTED),
        ("US-KY", "leaf", Flag.INCOMING),
        ("US", "pseudoindoxyl", Flag.TEMPORARY),
        ("US-FL", "leaf", Flag.LOCAL_RULES),
        ("US-MA", "leaf", Flag.CONTESTED),
        ("US-FL-12086", "leaf", Flag.LOCAL_UNKNOWN),
        ("US-AL", "leaf", Flag.REPORTED_ONLY),
        ("US-IL", "leaf", Flag.LOCAL_RULES),
    ],
)
def test_the_flag(record: Record, place: str, substance: str, flag: Flag) -> None:
    assert flag in ask(record, place, substance, "2026-11-22").flags


def test_minnesota_raised_its_age(record: Record) -> None:
    assert ask(record, "US-MN", "leaf", "2026-07-31").min_age == 18
    assert ask(record, "US-MN", "leaf", "2026-08-01").min_age == 21


def test_a_tracker_alone_is_reported_only(record: Record) -> None:
    found = ask(record, "Ephrata, WA", "leaf", "2026-11-22")
    assert found.total_status == "sale-banned"
    assert Flag.REPORTED_ONLY in found.flags


def test_a_ban_of_unknown_start_says_nothing_of_earlier_days(record: Record) -> None:
    found = ask(record, "Coronado, CA", "leaf", "2019-01-01")
    assert found.own_status == "unknown"
    assert Flag.DATE_UNCERTAIN in found.flags


def test_earlier_local_bans_stand_in_mississippi(record: Record) -> None:
    found = ask(record, "Columbus, MS", "leaf", "2026-11-22")
    assert found.total_status == "banned"
    assert ask(record, "US-MS", "leaf", "2026-11-22").total_status == "regulated"


def test_a_tribe_inherits_nothing_by_default(record: Record) -> None:
    tribes = [p for p in record.places if p.level == "tribal"]
    assert tribes
    for tribe in tribes:
        found = answer(
            record.at(),
            record.index[tribe.id],
            Substance.MGM_15,
            date(2026, 11, 22).toordinal(),
            "",
        )
        assert found.total_status == found.own_status
