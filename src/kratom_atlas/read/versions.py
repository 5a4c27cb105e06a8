"""Which of the texts of a bill says what it does: the last that its chambers made.

Sources name a version in words (`Enrolled`, `As Passed by the House`, `Substitute 3`). Proposed
amendments, comparisons and analyses are texts about the bill; none of them is what it says. And
the text that was introduced need not be what was enacted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from kratom_atlas.model.observation import Document

__all__ = ["Version", "by_bill", "last_version"]


class Version(NamedTuple):
    """A text of a bill. `is_final`: it is called what became law, or what every chamber passed.

    `is_whole` is false for an amendment or a comparison, which is about the bill and not it.
    """

    document: Document
    is_final: bool
    is_whole: bool


class _Rank(NamedTuple):
    """How far a bill had come when a text of this name was made."""

    pattern: re.Pattern[str]
    rank: int


def _rank(pattern: str, rank: int) -> _Rank:
    return _Rank(re.compile(pattern, re.IGNORECASE), rank)


_BEGIN: Final = r"(?:^|[\W_\d]|(?-i:(?<=[a-z])(?=[A-Z])))"
_BESIDE: Final = re.compile(
    # `S1418A2_Amendment`, `Hamd.1_House_Amendment_1`, `AM55_Judiciary`, `CP_..._Comparison`
    rf"{_BEGIN}(?:amendments?|[hs]?amd|am(?=\d)|hfa|sfa|comparison|fiscal|analysis|digest|summary"
    r"|(?:fiscal|bill)[ _]?note|statement|testimony|in[ _]context|adopted[a-z_ ]*htm)(?![a-z])",
    re.IGNORECASE,
)
_RANKS: Final = (
    # As the governor signed it: `Enrolled`, `Slip_Law`, `Chaptered`, `Public Law`.
    _rank(rf"{_BEGIN}(?:enrolled|enr|chaptered|slip[ _]?law|public[ _]law|as[ _]signed)", 60),
    _rank(rf"{_BEGIN}(?:enacted|as[ _]enacted|session[ _]law|act[ _]of)", 60),
    # As both chambers have it, then as one has: `Final_Reading`, `As_Passed_by_the_House`.
    _rank(rf"{_BEGIN}(?:final[ _](?:reading|version|print)|as[ _]finally[ _]passed)", 50),
    _rank(rf"{_BEGIN}(?:as[ _]passed|passed|engrossed|engrossment|eng(?![a-z]))", 40),
    # As a committee would have it: `Substitute_1`, `Committee_Substitute`, `Reported`.
    _rank(rf"{_BEGIN}(?:substitute|sub(?=\d)|committee|reported|reprint|perfected)", 30),
    _rank(rf"{_BEGIN}(?:current[ _]version|printer|bill[ _]text|as[ _]amended)", 20),
    _rank(rf"{_BEGIN}(?:introduced|intr(?![a-z])|filed|as[ _]filed)", 10),
    _rank(rf"{_BEGIN}(?:prefiled|draft|lc(?=\d))", 5),
)
_FINAL: Final = 50
_UNNAMED: Final = 15
"""A version that only has a number came after the draft, and perhaps after what was introduced."""
_NUMBER: Final = re.compile(r"\d{1,6}")


def by_bill(documents: Iterable[Document], keys: Sequence[str]) -> dict[str, list[Document]]:
    """The texts of each bill of `keys`: a document is of a bill if its key begins with that."""
    wanted = frozenset(keys)
    found: dict[str, list[Document]] = defaultdict(list)
    for one in documents:
        key = one.key
        while "/" in key:
            key = key.rpartition("/")[0]
            if key in wanted:
                found[key].append(one)
                break
    return dict(found)


def last_version(documents: Iterable[Document]) -> Version | None:
    """The text that came last: by what it is called, then by its day, then by its numbers.

    A text that is only about the bill comes before every text of it.
    """
    versions = [
        Version(one, _rank_of(one) >= _FINAL, _BESIDE.search(_name(one)) is None)
        for one in documents
    ]
    return max(versions, key=_order, default=None)


def _name(document: Document) -> str:
    return document.key.rpartition("/")[2]


def _rank_of(document: Document) -> int:
    name = _name(document)
    return max((one.rank for one in _RANKS if one.pattern.search(name)), default=_UNNAMED)


def _order(version: Version) -> tuple[bool, int, str, tuple[int, ...], str]:
    document = version.document
    name = _name(document)
    numbers = tuple(int(number) for number in _NUMBER.findall(name))
    return version.is_whole, _rank_of(document), document.published or "", numbers, name
