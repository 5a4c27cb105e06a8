"""Bills joined across sources, and linked to those that they take up."""

from __future__ import annotations

from typing import Any

from kratom_atlas.model.observation import Action, Document, TrackedInstrument
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import Stage
from kratom_atlas.read.instruments import bills

OHIO = "ocd-division/country:us/state:oh"


def bill(
    session: str,
    number: str = "HB 12",
    stage: Stage = Stage.INTRODUCED,
    *days: str,
    title: str = "Kratom consumer protection act",
    **more: Any,
) -> TrackedInstrument:
    return TrackedInstrument(
        key=f"US-OH/{session}/{number.replace(' ', '')}", jurisdiction=OHIO, title=title,
        url="https://example.org/", number=number, session=session, stage=stage,
        actions=tuple(Action(text="It moved", date=PartialDate(day)) for day in days), **more,
    )  # fmt: skip


def test_one_bill_under_two_names_of_its_session():
    (one,) = bills([
        ("us_openstates", bill("2025_26", "HB 12", Stage.INTRODUCED, "2025-02-01")),
        ("us_legiscan", bill("2025-2026", "HB0012", Stage.PASSED, "2025-02-01", "2025-06-01")),
    ])  # fmt: skip
    assert one.shown.stage is Stage.PASSED
    assert one.sources == ("us_legiscan", "us_openstates")
    assert one.others == ("us_openstates: introduced",)
    assert one.last == "2025-06-01"


def test_a_session_that_is_a_number_has_the_years_of_its_actions():
    found = bills([
        ("us_tx", bill("136", "HB 12", Stage.INTRODUCED, "2025-02-01")),
        ("us_legiscan", bill("2025-2026", "HB 12", Stage.INTRODUCED, "2025-02-01")),
    ])  # fmt: skip
    assert len(found) == 1


def test_the_same_number_of_another_session_is_another_bill_and_may_be_its_forerunner():
    first, second = bills([
        ("a", bill("2023-2024", "HB 40", Stage.FAILED, "2023-02-01",
                   title="Establish the kratom consumer protection act for processors")),
        ("a", bill("2025-2026", "HB 12", Stage.INTRODUCED, "2025-02-01",
                   title="Establish the kratom consumer protection act for processors")),
    ])  # fmt: skip
    assert first.forerunners == ()
    assert second.forerunners == ("US-OH/2023-2024/HB40",)


def test_the_same_number_in_the_same_years_may_still_be_two_bills():
    found = bills([
        ("a", bill("2025-S1", "HB 1", Stage.INTRODUCED, "2025-07-01", title="Kratom")),
        ("b", bill("2025", "HB 1", Stage.INTRODUCED, "2025-01-09", title="Budget of the state")),
    ])  # fmt: skip
    assert len(found) == 2


def test_documents_are_no_bills():
    document = Document(key="x", jurisdiction=OHIO, title="x", url="https://example.org/")
    assert bills([("a", document)]) == []
