"""Finding a place by what people call it: code, name, FIPS code or division id."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator
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

    An upper-case ISO code is that country; the same letters in lower case or with dots are first
    read as the postal code of a US state (`al` is Alabama, `AL` is Albania); either way a note
    says so. Codes go before other short names (`PR`, `UK`, `USA`), and those before names. A name
    that one country or state shares with smaller places is the wider one, with a note.

    Raises:
        AtlasError: nothing or more than one place is called that; it says which come near.
    """
    words = words.strip()
    if words in record.index:
        return Found(record.index[words])
    by_code = {place.code: n for n, place in enumerate(record.places)}
    dotted = _DOTTED.fullmatch(words) is not None
    letters = words.replace(".", "") if dotted else words
    upper = letters.upper()
    coded = by_code.get(upper)
    state = by_code.get(f"US-{upper}") if len(upper) == 2 else None
    if state is not None and (dotted or letters.islower()):
        return Found(state, _also(record, state, coded))
    if coded is not None:
        return Found(coded, _also(record, coded, state))
    if words.isdigit():
        found = [n for n, code in _with_geoid(record) if code == words]
        return _widest(record, words, found, _rank)
    short = upper if dotted or len(letters) == 2 else words
    if _SHORT.fullmatch(short):
        found = [n for n, place in enumerate(record.places) if short in place.aliases]
        if found:
            return _widest(record, words, found, _rank)
    exact = _by_own_name(record, words)
    if exact:
        return Found(_only(record, words, exact))
    names: dict[str, list[int]] = {}
    for name, n in _names(record):
        names.setdefault(name, []).append(n)
    found = names.get(_plain(words), [])
    if found:
        return _widest(record, words, found, _is_local)
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


def _rank(level: Level) -> int:
    return level.rank


def _is_local(level: Level) -> int:
    """Countries and states weigh the same: neither Georgia is the one that was meant."""
    return int(level.rank > Level.SUBDIVISION.rank)


def _widest(record: Record, words: str, found: list[int], weight: Callable[[Level], int]) -> Found:
    """The one place of least weight; a note names the others."""
    found = list(dict.fromkeys(found))
    least = min((weight(record.places[n].level) for n in found), default=0)
    first = [n for n in found if weight(record.places[n].level) == least]
    if len(found) == 1 or len(first) != 1:
        return Found(_only(record, words, found))
    others = _several(record, [n for n in found if n != first[0]])
    return Found(first[0], f"read as {_shown(record, first[0])}; for {others} say so")


def _only(record: Record, words: str, found: list[int]) -> int:
    if not found:
        raise AtlasError(f"no place has the code {words!r}")
    if len(found) > 1:
        raise AtlasError(f"{words!r} may be {_several(record, found)}: give the code")
    return found[0]


def _several(record: Record, found: list[int]) -> str:
    shown = ", ".join(_shown(record, n) for n in found[:8])
    return shown + (f" and {len(found) - 8} more" if len(found) > 8 else "")


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


_DOTTED = re.compile(r"[A-Za-z](\.[A-Za-z])+\.?")
_SHORT = re.compile(r"[A-Z]{2,3}")
_WORDS = re.compile(r"\w+")
_SAINT = re.compile(r"\bsaint\b")
