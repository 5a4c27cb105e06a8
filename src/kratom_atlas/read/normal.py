"""The normal form of text: gathered piece by piece, with a small map back to its source.

A map of one number a character costs many times what the text costs. Here it is kept as runs:
where one begins in the text, and where that stood. Text goes through arrays a stretch at a time.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.media import THAI_MARKS

__all__ = ["BATCH", "BLOCK", "CELL", "Gatherer", "Offsets", "Runs", "hyphens", "mend"]

Offsets: TypeAlias = npt.NDArray[np.int32]
Codes: TypeAlias = npt.NDArray[Any]
Edit: TypeAlias = tuple[int, int, str]

BLOCK: Final = "\x1e"
CELL: Final = "\x1f"
"""What ends a line, and what ends a cell: characters that no text of law has."""
BATCH: Final = 50_000
"""So many pieces are gathered before they are put together."""
_STRETCH: Final = 500_000
_MAX_PIECES: Final = 2_000_000
_MAX_COMPOUNDS: Final = 1_500_000
_MAX_EDITS: Final = 500_000


@dataclass(frozen=True)
class Runs:
    """Where each run of characters begins in a text, and where that stood in its source."""

    at: Offsets
    source: Offsets

    def take(self, places: Offsets) -> Offsets:
        """Where the characters at `places` stood."""
        run = np.searchsorted(self.at, places, side="right") - 1
        found: Offsets = self.source[run] + (places - self.at[run])
        return found

    def through(self, inner: Runs, length: int) -> Runs:
        """From a text of `length` characters, by way of its source, to that one's own source."""
        sizes = np.diff(self.at, append=np.int32(length))
        run = np.searchsorted(self.source, inner.at, side="right") - 1
        within = (run >= 0) & (inner.at - self.source[run] < sizes[run])
        inside = self.at[run[within]] + (inner.at[within] - self.source[run[within]])
        at = np.sort(np.concatenate((self.at, inside.astype(np.int32))), kind="stable")
        at = at[np.flatnonzero(np.diff(at, prepend=np.int32(-1)))]
        return Runs(at, inner.take(self.take(at))).shortened()

    def shortened(self) -> Runs:
        """Without the runs that only go on where the one before ends."""
        begins = np.ones(len(self.at), bool)
        begins[1:] = np.diff(self.at) != np.diff(self.source)
        return Runs(self.at[begins], self.source[begins])


def hyphens(text: str) -> str:
    """A soft hyphen at the end of a line is a hyphen that was used."""
    return re.sub(r"\xad(?=[ \t]*[\r\n])", "-", text) if "\xad" in text else text


class Gatherer:
    """Puts pieces of a source together: characters normalised, white space collapsed.

    Whoever gathers appends to `pieces`, and to `places` where each stood, and calls `flush` when
    there are more than `BATCH`. The first piece is always an empty one.
    """

    def __init__(self, *, markup: bool) -> None:
        self.pieces: list[str] = [""]
        self.places: list[int] = [0]
        self._markup = markup
        self._texts: list[str] = []
        self._at: list[Offsets] = []
        self._source: list[Offsets] = []
        self._length = 0
        self._held: tuple[int, int] | None = None
        self._total = 0
        self._is_compound = False

    def flush(self) -> None:
        """Put together what was gathered."""
        pieces, places = self.pieces[:], np.asarray(self.places, np.int32)
        del self.pieces[1:], self.places[1:]
        self._total += len(pieces)
        if self._total > _MAX_PIECES:
            raise FaultError(Fault.TOO_LARGE, "it is in more pieces than any law")
        lengths = np.fromiter(map(len, pieces), np.int32, len(pieces))
        ends = np.cumsum(lengths, dtype=np.int32)
        shifts = places - (ends - lengths)
        first, done = 0, 0
        while first < len(pieces):
            last = max(first + 1, int(np.searchsorted(ends, done + _STRETCH, side="right")))
            if last == first + 1:
                self.put(pieces[first], int(places[first]))
            else:
                offsets = np.repeat(shifts[first:last], lengths[first:last])
                offsets += np.arange(done, int(ends[last - 1]), dtype=np.int32)
                self._add("".join(pieces[first:last]), offsets)
            first, done = last, int(ends[last - 1])

    def put(self, text: str, place: int = 0) -> None:
        """Add a text that stood in one piece at `place`."""
        start = 0
        while start < len(text):
            end = min(len(text), start + _STRETCH)
            line = text.rfind("\n", start, end)
            end = line + 1 if line >= 0 and end < len(text) else end
            piece = text[start:end]
            if not self._markup:
                piece = hyphens(piece)
            self._add(piece, np.arange(place + start, place + end, dtype=np.int32))
            start = end

    def finish(self) -> tuple[str, Runs]:
        """All of it."""
        self.flush()
        text = "".join(self._texts)
        none = np.zeros(1, np.int32)
        runs = Runs(np.concatenate(self._at or [none]), np.concatenate(self._source or [none]))
        self._texts, self._at, self._source = [], [], []
        if self._is_compound:
            text, runs = _edited(
                text,
                runs,
                (
                    (m.start(), m.end(), unicodedata.normalize("NFKC", m[0]))
                    for m in _COMPOUND.finditer(text)
                ),
                _MAX_COMPOUNDS,
            )
        return text, runs

    def _add(self, text: str, offsets: Offsets) -> None:
        codes, kind = self._kinds(text)
        dropped = kind == _DROP
        if dropped.any():
            keep = ~dropped
            codes, offsets, kind = codes[keep], offsets[keep], kind[keep]
        if self._held is not None:
            codes = np.concatenate((_SEPARATORS[:1].astype(codes.dtype), codes))
            kind = np.concatenate((np.array(self._held[:1], np.uint8), kind))
            offsets = np.concatenate((np.array(self._held[1:], np.int32), offsets))
            self._held = None
        blank = kind != 0
        first = blank.copy()
        first[1:] &= ~blank[:-1]
        starts = np.flatnonzero(first)
        if len(starts):
            kinds = np.maximum.reduceat(kind, starts)
            codes = codes.copy()
            codes[starts] = _SEPARATORS[kinds]
            keep = ~blank | first
            codes, offsets = codes[keep], offsets[keep]
            if blank[-1]:
                self._held = (int(kinds[-1]), int(offsets[-1]))
                codes, offsets = codes[:-1], offsets[:-1]
            if not self._length and blank[0]:
                if not len(codes):
                    self._held = None
                codes, offsets = codes[1:], offsets[1:]
        if len(codes):
            self._emit(codes, offsets)

    def _kinds(self, text: str) -> tuple[Codes, npt.NDArray[np.uint8]]:
        kinds, becomes = _tables(self._markup)
        try:
            codes: Codes = np.frombuffer(text.encode("latin-1"), np.uint8)
            return codes, kinds[codes]
        except UnicodeEncodeError:
            codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        low = np.minimum(codes, _TABLED)
        kind = kinds[low]
        noted = int(np.bitwise_or.reduce(kind))
        if noted & _COMPOSED:
            self._is_compound = True
        if noted & _CHANGED:
            codes = np.where(codes < _TABLED, becomes[low], codes)
        return codes, np.bitwise_and(kind, np.uint8(_KIND)) if noted > _KIND else kind

    def _emit(self, codes: Codes, offsets: Offsets) -> None:
        if codes.dtype == np.uint8:
            self._texts.append(codes.tobytes().decode("latin-1"))
        else:
            self._texts.append(codes.tobytes().decode("utf-32-le", "surrogatepass"))
        begins = np.flatnonzero(np.diff(offsets) != 1) + 1
        starts = np.concatenate((np.zeros(1, np.intp), begins))
        self._at.append((starts + self._length).astype(np.int32))
        self._source.append(offsets[starts])
        self._length += len(codes)


_SPACE, _TAB, _LINE, _DROP = 1, 2, 3, 4
_KIND, _CHANGED, _COMPOSED = 0x0F, 0x40, 0x80
_SEPARATORS: Final = np.array([0x20, 0x20, 0x09, 0x0A], np.uint32)
_TABLED: Final = 0x1FFFF
_PRESENTATION: Final = ((0xFB00, 0xFB07), (0xFB50, 0xFDD0), (0xFDF0, 0xFE00), (0xFE70, 0xFEFD))
_MATHEMATICAL: Final = ((0x1D400, 0x1D800),)
_COMPOUND: Final = re.compile(
    "[A-Za-z\u00c0-\u024f\u0386-\u03ce\u0400-\u045f][\u0300-\u036f]{1,8}|[\ufb00-\ufb06]"
    "|[\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]"
)
"""Where Unicode's NFKC is lossless for law, and more or fewer characters come of it. Elsewhere it
is not lossless: it makes `10\u2076` into 106, and takes Thai vowels apart."""


@cache
def _tables(markup: bool) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
    """What each character does, with marks on those that change or compose; what it becomes."""
    kinds = np.zeros(_TABLED + 1, np.uint8)
    becomes = np.arange(_TABLED + 1, dtype=np.uint32)
    kinds[:0x20] = kinds[0x7F:0xA0] = _DROP
    for first, last in ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x2069)):
        kinds[first : last + 1] = _DROP
    kinds[[0xAD, 0x034F, 0x180E, 0xFEFF, 0xFFFE, 0xFDD0, 0xFDD1]] = _DROP
    kinds[[0x20, 0xA0, 0x1680, 0x202F, 0x205F, 0x3000]] = _SPACE
    kinds[0x2000:0x200B] = _SPACE
    kinds[[0x0A, 0x0B, 0x0C, 0x0D, 0x85]] = _SPACE if markup else _LINE
    kinds[[0x2028, 0x2029]] = _LINE
    kinds[0x09] = _SPACE if markup else _TAB
    if markup:
        kinds[[ord(BLOCK), ord(CELL)]] = _LINE, _TAB
    for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A)):
        becomes[first : last + 1] -= 0xFEE0
    becomes[[0x2010, 0x2011]] = 0x2D
    becomes[list(THAI_MARKS)] = list(THAI_MARKS.values())
    kinds[0x0300:0x034F] |= _COMPOSED
    kinds[0x0350:0x0370] |= _COMPOSED
    for first, end in (*_PRESENTATION, *_MATHEMATICAL):
        for code in range(first, end):
            plain = unicodedata.normalize("NFKC", chr(code))
            if len(plain) == 1:
                becomes[code] = ord(plain)
            else:
                kinds[code] |= _COMPOSED
    kinds[becomes != np.arange(_TABLED + 1)] |= _CHANGED
    return kinds, becomes


# -- what is mended in the whole text ---------------------------------------------------------

_JOIN: Final = re.compile(r"(?<=\w)-\n(?=\w)")


def mend(text: str, runs: Runs, *, alone: bool = True) -> tuple[str, Runs, bool]:
    """Line numbers taken out, and broken words joined; whether there were any line numbers.

    `alone` says whether a number on a line of its own may be one.
    """
    starts, sizes = _line_numbers(text, _LEADING if alone else _LEADING_WORDS)
    if starts:
        text, runs = _edited(text, runs, _removals(text, starts, sizes))
    if "-\n" in text:
        joins = ((*_broken(text, m.start()), "") for m in _JOIN.finditer(text))
        text, runs = _edited(text, runs, joins)
    return text, runs, bool(starts)


def _removals(text: str, starts: array[int], sizes: array[int]) -> Iterator[Edit]:
    for start, size in zip(starts, sizes, strict=True):
        if start and text[start - 1] == " ":
            yield start - 1, start + size, ""
        else:
            end = start + size
            yield start, end + (text[end : end + 1] in {" ", "\n"}), ""


def _broken(text: str, hyphen: int) -> tuple[int, int]:
    """What to take out where a word was broken: the hyphen too, unless it is the word's own."""
    before, after = text[hyphen - 1], text[hyphen + 2]
    is_broken = before.isalpha() and (after.islower() or (before.isupper() and after.isupper()))
    return (hyphen if is_broken else hyphen + 1), hyphen + 2


def _edited(
    text: str, runs: Runs, edits: Iterable[Edit], most: int = _MAX_EDITS
) -> tuple[str, Runs]:
    """Put each edit's words in the place of what it covers; edits are in order."""
    done = length = count = 0
    pieces: list[str] = []
    joined: list[str] = []
    at, source = array("i"), array("i")
    for count, (start, end, words) in enumerate(edits, 1):
        if start > done:
            pieces.append(text[done:start])
            at.append(length)
            source.append(done)
            length += start - done
        for place in range(len(words)):
            at.append(length + place)
            source.append(min(start + place, end - 1))
        pieces.append(words)
        length += len(words)
        done = end
        if len(pieces) > BATCH:
            joined.append("".join(pieces))
            pieces.clear()
        if count > most:
            raise FaultError(Fault.TOO_LARGE, "it has more broken words than any law")
    if not count:
        return text, runs
    if done < len(text):
        pieces.append(text[done:])
        at.append(length)
        source.append(done)
        length += len(text) - done
    if not length:
        return "", runs
    joined.append("".join(pieces))
    outer = Runs(np.frombuffer(at, np.int32), np.frombuffer(source, np.int32))
    return "".join(joined), outer.through(runs, length)


# -- line numbers -----------------------------------------------------------------------------

_LEADING: Final = re.compile(r"\n(\d{1,5})(?![\d.,:;)\]/%\u2013\t])(-?)")
_LEADING_WORDS: Final = re.compile(r"\n(\d{1,5})(?![\d.,:;)\]/%\u2013\t\n])(-?)")
_TRAILING: Final = re.compile(r" (\d{1,4})(?=\n|\Z)")
_GAP: Final = 6
_RUN: Final = 5
"""So many lines, with so few between them, are numbered ones."""
_MAX_NUMBERS: Final = 500_000
"""What has more of them is a table, and is left as it is."""
Found: TypeAlias = "tuple[array[int], array[int]]"


def _line_numbers(text: str, pattern: re.Pattern[str]) -> Found:
    """Where numbers that count the lines stand, and how long they are.

    They are at the starts of lines, or else at their ends.
    """
    found = _numbered(text, _leading(text, pattern))
    if found[0]:
        return found
    return _numbered(text, ((m.start(1), m[1], True) for m in _TRAILING.finditer(text)))


def _leading(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str, bool]]:
    # The first line has no line break before it.
    if text[:1].isdigit() and (first := pattern.match("\n" + text[:16])) is not None:
        yield 0, first[1], first[2] == ""
    for found in pattern.finditer(text):
        yield found.start(1), found[1], found[2] == ""


class _Run:
    """Lines that count up one by one: where their numbers stand, and how long those are."""

    __slots__ = ("first", "last", "sizes", "starts")

    def __init__(self, line: int) -> None:
        self.first = self.last = line
        self.starts = array("i")
        self.sizes = array("b")

    def is_numbered(self) -> bool:
        """Whether it is long and dense enough."""
        return len(self.starts) >= _RUN and self.last - self.first < 3 * len(self.starts)


def _numbered(text: str, candidates: Iterator[tuple[int, str, bool]]) -> Found:
    """Which of the candidates (place, digits, whether they stand alone) count the lines."""
    few = list(islice(candidates, _RUN))
    starts, sizes = array("i"), array("b")
    if len(few) < _RUN:
        return starts, sizes
    runs: dict[int, _Run] = {}
    done: list[_Run] = []
    line, place = 0, 0
    for count, (start, digits, alone) in enumerate(chain(few, candidates)):
        if count > _MAX_NUMBERS:
            return array("i"), array("b")
        line += text.count("\n", place, start)
        place = start
        number = _expected(digits, alone, runs, line)
        if number is None:
            continue
        run = runs.pop(number, None)
        if run is None or line - run.last > _GAP:
            done += [run] if run and run.is_numbered() else []
            run = _Run(line)
        run.last = line
        run.starts.append(start)
        run.sizes.append(len(str(number)))
        if (older := runs.get(number + 1)) is not None and older.is_numbered():
            done.append(older)
        runs[number + 1] = run
    done += [run for run in runs.values() if run.is_numbered()]
    if not done:
        return starts, sizes
    places = np.concatenate([np.frombuffer(run.starts, np.int32) for run in done])
    lengths = np.concatenate([np.frombuffer(run.sizes, np.int8) for run in done])
    order = np.argsort(places)
    starts.frombytes(places[order].tobytes())
    sizes.frombytes(lengths[order].tobytes())
    return starts, sizes


def _expected(digits: str, alone: bool, runs: dict[int, _Run], line: int) -> int | None:
    """The line number in `digits`: all of them, or the first few where a number follows it."""
    if digits.startswith("0"):
        return None
    if alone and (int(digits) in runs or len(digits) == 1):
        return int(digits)
    for size in range(len(digits) - 1, 0, -1):
        run = runs.get(int(digits[:size]))
        if run is not None and len(run.starts) >= 3 and line - run.last <= _GAP:
            return int(digits[:size])
    return int(digits) if alone else None
