"""What stands before and behind the law in a text: headers, titles, votes, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from kratom_atlas.model.reading import Span
from kratom_atlas.read.clauses.text import Text, phrase

__all__ = ["find_zones", "zone_at"]

# `Be it enacted by`, `The General Assembly ... hereby enacts as follows:`, `BE IT RESOLVED`
_ENACTING: Final = phrase(
    r"(?<![a-z])be it (?:therefore |further )?(?:enacted|ordained"
    r"|resolved)\b(?:(?!,? that\b)[^\n:]){0,160}:?"
    r"|\bhereby enacts?(?: as follows)?\b:?|\bit is hereby enacted\b[^\n:]{0,100}:?"
    r"|\bthe people of the state of [a-z ]{3,20}(?:,[^\n:]{0,60})? (?:do )?enact\b[^\n:]{0,40}:?"
    r"|\bdo (?:hereby )?enact as follows\b:?"
)
# `An Act to`, `A BILL FOR`, `LONG TITLE`, `SYNOPSIS`: a header begins
_HEADER: Final = phrase(
    r"\b(?:an act\b|a bill\b|long title\b|synopsis\b|for an act\b|a resolution\b|title:)"
)
# What follows the law: an explanation, a statement, a note, a fiscal note
_TAIL: Final = phrase(
    r"\bexplanation\b.{0,24}?\bthe inclusion of this explanation\b"
    r"|(?:\n|\. )(?:sponsor['’]?s? )?statement\s{1,3}"
    r"(?=(?:this|under this|the) (?:\w{1,20},? ){0,3}(?:bill|act|resolution)\b)"
    r"|\nnote: the purpose of this\b|\nbill analysis\b|\nfiscal (?:note|impact)\b"
    r"|\nexplanatory (?:note|memorandum)\b|\nlegislative counsel['’]s digest\b"
    r"|\nsummary of (?:the )?(?:bill|legislation)\b",
    re.DOTALL,
)
# `A BILL` and on the next line what it is to do, up to its full stop
_LONG_TITLE: Final = phrase(
    r"(?:^|\n)(?:an? (?:bill|act|resolution)|joint resolution)\s{0,3}\n"
    r"(?:to|for|relating|concerning|an act)\b[^.]{0,900}\.(?=\s)"
)
_HEADER_REACH: Final = 12_000
_ENACTING_KEYS: Final = ("enact", "ordained", "resolved")
_TAIL_KEYS: Final = (
    *("explanation", "statement", "note:", "bill analysis", "fiscal", "explanatory"),
    *("counsel", "summary of"),
)
_MAX_ZONES: Final = 20


def _keyed(
    pattern: re.Pattern[str], keys: Iterable[str], lower: str, first: int
) -> list[re.Match[str]]:
    """What matches around one of the `keys`, in order: quicker than looking everywhere."""
    found: dict[int, re.Match[str]] = {}
    for key in keys:
        at, count = lower.find(key, first), 0
        while at >= 0 and count < 4 * _MAX_ZONES:
            count += 1
            match = pattern.search(lower, max(first, at - 90), min(len(lower), at + 300))
            if match is not None and match.start() <= at < match.end():
                found.setdefault(match.start(), match)
            at = lower.find(key, at + len(key))
    return [found[start] for start in sorted(found)][:_MAX_ZONES]


def find_zones(lower: str) -> tuple[tuple[Span, str], ...]:
    zones: list[tuple[Span, str]] = []
    place = 0
    for enacting in _keyed(_ENACTING, _ENACTING_KEYS, lower, 0):
        if enacting.start() < place or "further" in enacting[0]:
            continue
        reach = enacting.start() - _HEADER_REACH
        header = _HEADER.search(lower, max(place, reach), enacting.start())
        start = 0 if not zones and reach < 0 else None
        if start is None and header is not None:
            start = header.start()
        if start is not None:
            zones.append((Span(start, enacting.end()), "title or summary"))
        place = enacting.end()
    if not zones and (header := _LONG_TITLE.search(lower, 0, _HEADER_REACH)) is not None:
        zones.append((Span(0, header.end()), "title or summary"))
    law = max((zone.end for zone, _ in zones), default=0)
    for tail in _keyed(_TAIL, _TAIL_KEYS, lower, max(0, law - 1)):
        zones.append((Span(tail.start(), len(lower)), "explanation"))
        break
    return tuple(sorted(zones))


def zone_at(text: Text, position: int) -> str | None:
    return next((why for span, why in text.zones if span.start <= position < span.end), None)
