"""Finding a place by what people call it: code, name, FIPS code or division id."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.values import Jurisdiction
from kratom_atlas.model.vocabulary import Level
from kratom_atlas.resolve.record import Record

__all__ = ["Found", "find_place", "place_name"]


@dataclass(frozen=True)
class Found:
    """A place, and what else the same words could have meant."""

    index: int
    note: str | None = None


def place_name(record: Record, place: Jurisdiction) -> str:
    """The name with what it needs to be told apart: `Sarasota County, Florida`."""
    if place.level.rank < Level.COUNTY.rank or place.parent is None:
        return place.name
    parent = record.index.get(place.parent)
    return place.name if parent is None else f"{place.name}, {record.places[parent].name}"


def find_place(record: Record, words: str) -> Found:
    """The place that `words` names.

    An upper-case ISO code is that country; the same letters in lower case are first read as the
    postal code of a US state (`al` is Alabama, `AL` is Albania); either way a note says so.

    Raises:
        AtlasError: nothing or more than one place is called that; it says which come near.
    """
    words = words.strip()
    if words in record.index:
        return Found(record.index[words])
    by_code = {place.code: n for n, place in enumerate(record.places)}
    if words in by_code:
        n = by_code[words]
        state = by_code.get(f"US-{words}")
        return Found(n, _also(record, n, state) if state is not None else None)
    upper = words.upper()
    if re.fullmatch(r"[a-z]{2}", words) and f"US-{upper}" in by_code:
        n = by_code[f"US-{upper}"]
        return Found(n, _also(record, n, by_code.get(upper)))
    if upper in by_code:
        return Found(by_code[upper])
    if words.isdigit():
        return Found(_only(record, words, [n for n, p in _with_geoid(record) if p == words]))
    exact = _by_own_name(record, words)
    if exact:
        return Found(_only(record, words, exact))
    names: dict[str, list[int]] = {}
    for name, n in _names(record):
        names.setdefault(name, []).append(n)
    found = list(dict.fromkeys(names.get(_plain(words), ())))
    if found:
        return Found(_only(record, words, found))
    near = difflib.get_close_matches(_plain(words), names, n=3, cutoff=0.75)
    shown = [_shown(record, names[name][0]) for name in near]
    hint = f"; did you mean {' or '.join(dict.fromkeys(shown))}?" if shown else ""
    raise AtlasError(f"no place is called {words[:80]!r}{hint}")


def _by_own_name(record: Record, words: str) -> list[int]:
    """Places called just that; a quick look before every way to name every place is tried.

    `Sarasota County, FL` is a name and what it lies in. Aliases may say the same of other places,
    so a bare name that only one place has is not enough.
    """
    name, comma, above = (part.strip().casefold() for part in words.rpartition(","))
    if not comma:
        return []
    found = []
    for n, place in enumerate(record.places):
        parent = record.index.get(place.parent) if place.parent else None
        if place.name.casefold() == name and parent is not None:
            wider = record.places[parent]
            short = wider.code.removeprefix("US-")
            if above in (wider.name.casefold(), wider.code.casefold(), short.casefold()):
                found.append(n)
    return found


def _only(record: Record, words: str, found: list[int]) -> int:
    if not found:
        raise AtlasError(f"no place has the code {words!r}")
    if len(found) > 1:
        shown = ", ".join(_shown(record, n) for n in found[:8])
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        raise AtlasError(f"{words!r} may be {shown}{more}: give the code")
    return found[0]


def _shown(record: Record, n: int) -> str:
    place = record.places[n]
    return f"{place_name(record, place)} ({place.code})"


def _also(record: Record, chosen: int, other: int | None) -> str | None:
    if other is None or other == chosen:
        return None
    return f"read as {_shown(record, chosen)}; for {_shown(record, other)} say its name"


def _with_geoid(record: Record) -> Iterator[tuple[int, str]]:
    for n, place in enumerate(record.places):
        if place.geoid:
            yield n, place.geoid
        for alias in place.aliases:
            if alias.isdigit():
                yield n, alias


def _names(record: Record) -> Iterator[tuple[str, int]]:
    """Every way to name every place."""
    for n, place in enumerate(record.places):
        own = [place.name, *(a for a in place.aliases if not re.fullmatch(r"[A-Z]{2}|\d+", a))]
        for name in own:
            yield _plain(name), n
        parent = record.index.get(place.parent) if place.parent else None
        if parent is not None:
            above = record.places[parent]
            for word in (above.name, above.code, above.code.removeprefix("US-")):
                suffix = _plain(word)
                for name in own:
                    yield f"{_plain(name)} {suffix}", n


def _plain(text: str) -> str:
    """Without case, accents and punctuation."""
    text = text.casefold()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _SAINT.sub("st", " ".join(_WORDS.findall(text)))


_WORDS = re.compile(r"\w+")
_SAINT = re.compile(r"\bsaint\b")
