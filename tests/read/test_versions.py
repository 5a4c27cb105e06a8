"""Which text of a bill is the last, by the names that legislatures give them."""

from __future__ import annotations

import random

import pytest

from kratom_atlas.model.observation import Document
from kratom_atlas.read.versions import by_bill, last_version


def text(name: str, bill: str = "US-XX/2026/HB1", published: str | None = None) -> Document:
    return Document(
        key=f"{bill}/{name}",
        title=name,
        jurisdiction="ocd-division/country:us",
        url="https://example.org/",
        published=published,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("oldest_first", "final"),
    [
        (["HB1_Introduced.xml", "HB1S01_Substitute_1.xml", "HB1_Enrolled"], True),
        (["LB9_Introduced", "LB9_Final_Reading", "LB9_Slip_Law"], True),
        (["LC1851pdf", "bill_content_HB0407_1pdf", "bill_content_HB0407_14pdf"], False),
        (["2026-HIB-5537_House_Introduced_Bill.htm", "2026-HEBH-5537_As_Passed_by_the_House.htm"],
         False),
        (["hb1_20intr_Introduced_Version", "hb1_20sub1_Committee_Substitute",
          "hb1_20sub1_20eng_Engrossed_Committee_Substitute",
          "hb1_20sub1_20enr_Enrolled_Committee_Substitute"], True),
        (["S1418_Bill_Text", "S1418E1_Engrossment_1"], False),
        (["1544398_Prefiled", "HF1_Introduced"], False),
    ],
)  # fmt: skip
def test_the_last_version(oldest_first: list[str], final: bool):
    names = list(oldest_first)
    random.Random(1).shuffle(names)
    version = last_version([text(name) for name in names])
    assert version is not None
    assert version.document.key.rpartition("/")[2] == oldest_first[-1]
    assert (version.is_final, version.is_whole) == (final, True)


@pytest.mark.parametrize(
    "beside",
    ["S1418A2_Amendment", "SB0045S03.Hamd.1_House_Amendment_1", "AM55_Judiciary_AM55",
     "CP_SB0045_To_SB0045S01_Comparison_to_Original_Bill", "HB0407_Amendments_in_Context",
     "hb1_hfa_smith_2_24__1_adoptedhtm.htm", "HB1_Fiscal_Note"],
)  # fmt: skip
def test_what_is_about_a_bill_is_not_its_text(beside: str):
    version = last_version([text(beside), text("HB1_Introduced")])
    assert version is not None
    assert version.document.title == "HB1_Introduced"
    alone = last_version([text(beside)])
    assert alone is not None
    assert not alone.is_whole


def test_texts_of_one_name_are_told_apart_by_day():
    older = text("text-9", published="2026-01-05")
    newer = text("text-1", published="2026-02-05")
    assert last_version([newer, older]).document is newer  # type: ignore[union-attr]
    assert last_version([]) is None


def test_a_text_belongs_to_the_bill_its_key_begins_with():
    mine, other = text("HB1_Enrolled"), text("HB10_Enrolled", bill="US-XX/2026/HB10")
    stray = text("notice", bill="elsewhere")
    found = by_bill([mine, other, stray], ["US-XX/2026/HB1", "US-XX/2026/HB10"])
    assert found == {"US-XX/2026/HB1": [mine], "US-XX/2026/HB10": [other]}
