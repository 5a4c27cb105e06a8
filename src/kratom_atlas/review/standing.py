"""What the record says, looked up as a reading needs it: by place, number and citation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kratom_atlas.model.statement import Line, Part
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Instrument, Jurisdiction, Provision
from kratom_atlas.read.lifecycle import normal_number
from kratom_atlas.store.ingest import standing

__all__ = ["Standing", "cited", "is_special", "stand", "years_of"]

# `2025-26`, `2025_2026`, `2025/26`: the first and the last year of a session.
_SPAN: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_/]((?:19|20)?\d\d)(?!\d)")
# `2026`, `126th (2025)`: a year that stands alone.
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
# `119`, `89th 2nd special`, `69R`: the ordinal that a session begins with.
_ORDINAL: Final = re.compile(r"(\d{1,3})(?!\d)")
# `89th 2nd special`, `2025 First Extraordinary Session`, `20251EX`, `2025S1`, `2024ss1`, `2021ES1`:
# not the regular one.
_SPECIAL: Final = re.compile(r"special|called|extra|\dEX|\d[ESX]{1,2}\d", re.IGNORECASE)
# `SB 1655 / HB 1647`: a bill and its companion, one instrument of the record.
_COMPANIONS: Final = re.compile(r"\s{1,3}/\s{1,3}|;\s{0,3}")
# `20-2-23`, `500.92`, `39-17-452`, `1308.11`, `21-28.12-4`: numbers joined by points or dashes.
_NUMBER: Final = re.compile(r"(?<![\w.])\d{1,6}[A-Za-z]{0,3}(?:[-.:–]\d{1,6}[A-Za-z]{0,3}){1,6}+")
# `section 893`, `§ 11357a`, `chapter 441`, `Sec. 7`, `article 3`: a word for a unit and a number.
_UNIT: Final = re.compile(
    r"(?:\b(?:sec(?:tion|\.)?|ch(?:apter|\.)?|art(?:icle|\.)?|title|schedule|rule|part)|§§?)"
    r"\s{0,3}(\d{1,6}[A-Za-z]{0,3})(?![\w-])",
    re.IGNORECASE,
)


def years_of(session: str, *days: PartialDate | None) -> frozenset[int]:
    """The years in which a session sat: those it is named for, else those of its events."""
    years: set[int] = set()
    for found in _SPAN.finditer(session):
        first = int(found[1])
        last = int(found[2]) if len(found[2]) == 4 else first // 100 * 100 + int(found[2])
        years.update(range(first, min(max(first, last), first + 5) + 1))
    if not years:
        years.update(int(year) for year in _YEAR.findall(session))
    return frozenset(years or {int(day[:4]) for day in days if day})


def is_special(session: str) -> bool:
    """Whether it is named as another than the regular session."""
    return bool(_SPECIAL.search(session))


def cited(citation: str) -> frozenset[str]:
    """The numbers of a citation by which another citation of the same place is known."""
    joined = frozenset(found.lower().replace("–", "-") for found in _NUMBER.findall(citation))
    return joined or frozenset(found.lower() for found in _UNIT.findall(citation))


@dataclass(frozen=True)
class Standing:
    """The record's instruments and provisions, and the places that there are.

    `placed` are the provisions of each place, without those that are only proposed.
    `statements` are what is said of each, by part and id.
    """

    places: Mapping[str, Jurisdiction]
    instruments: Mapping[str, Instrument]
    provisions: Mapping[str, Provision]
    statements: Mapping[tuple[Part, str], Line]
    numbered: Mapping[tuple[str, str], tuple[Instrument, ...]]
    placed: Mapping[str, tuple[Provision, ...]]

    def code(self, jurisdiction: str) -> str:
        """The code of a place (`US-AL`), or its id where it is not in the register."""
        place = self.places.get(jurisdiction)
        return place.code if place else jurisdiction.rpartition(":")[2].upper()

    def has_companion(self, one: Instrument) -> bool:
        """Whether an instrument stands for a bill and its companion."""
        return bool(_COMPANIONS.search(one.number or ""))

    def statement(self, part: Part, subject: str) -> str | None:
        """What is said of a subject now."""
        line = self.statements.get((part, subject))
        return line.statement if line else None

    def numbered_like(
        self, jurisdiction: str, session: str, number: str, *days: PartialDate | None
    ) -> list[Instrument]:
        """The instruments of that number in that session.

        Sources name a session each in its own way: by its ordinal, where both do, or by its
        years. A bill of a special session is never one of the regular session.
        """
        code = self.code(jurisdiction)
        years, ordinal = years_of(session, *days), _ORDINAL.match(session)
        special = is_special(session)
        found = []
        for one in self.numbered.get((jurisdiction, normal_number(number, code)), ()):
            theirs = years_of(one.session or "", one.introduced, one.enacted)
            other = _ORDINAL.match(one.session or "")
            # `88` and `881`: a session, and the special one within it.
            same = ordinal[1] == other[1] if ordinal and other else bool(years & theirs)
            if same and special == is_special(one.session or ""):
                found.append(one)
        return found


def stand(lines: Iterable[Line], places: Mapping[str, Jurisdiction]) -> Standing:
    """What a record says in the end."""
    said = standing(lines)
    known = dict(places)
    instruments: dict[str, Instrument] = {}
    provisions: dict[str, Provision] = {}
    for line in said.values():
        match line.body:
            case Jurisdiction() as body:
                known[body.id] = body
            case Instrument() as body:
                instruments[body.id] = body
            case Provision() as body:
                provisions[body.id] = body
    numbered: dict[tuple[str, str], list[Instrument]] = defaultdict(list)
    for one in instruments.values():
        if one.number:
            place = known.get(one.jurisdiction)
            code = place.code if place else ""
            for number in _COMPANIONS.split(one.number):
                numbered[one.jurisdiction, normal_number(number, code)].append(one)
    placed: dict[str, list[Provision]] = defaultdict(list)
    for law in provisions.values():
        if law.first is not None:
            placed[law.jurisdiction].append(law)
    return Standing(
        known,
        instruments,
        provisions,
        said,
        {key: tuple(found) for key, found in numbered.items()},
        {key: tuple(found) for key, found in placed.items()},
    )
