"""Any legal text as normalised plain text, with a map back to where each character stood.

What a position counts is: for markup, plain text and JSON the decoded source text; for PDF the text
of the pages; for word processor files the text inside the container.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import LIMIT, FaultError, check_size
from kratom_atlas.read.markup import (
    DOCX,
    HTML,
    XML,
    Scan,
    Trace,
    Vocabulary,
    check_tags,
    is_marked_up,
)
from kratom_atlas.read.media import Media, decode, sniff
from kratom_atlas.read.normal import BATCH, BLOCK, CELL, Gatherer, Offsets, Runs, hyphens, mend

__all__ = ["TEXT_LIMIT", "NormalText", "decode_base64", "normalise", "read_base64", "read_text"]

TEXT_LIMIT: Final = 32 * 1024 * 1024
"""The largest document that is read as text unless its source says otherwise, in bytes: each may
take twelve in memory. Of a PDF, which is mostly pictures, `LIMIT` are read."""
_MAX_STRINGS: Final = 3_000_000
_MAX_SCANS: Final = 200_000
_MAX_RTF: Final = 4 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class NormalText:
    """Normalised text. `flags` says what was noticed on the way, `scanned` which pages of a PDF
    are pictures without text (counted from 1).

    Flags: `scanned`, `repaired` (the characters had been damaged), `struck` (struck-out text was
    left out), `line-numbers` (they were taken out).
    """

    text: str
    flags: frozenset[str] = frozenset()
    scanned: tuple[int, ...] = ()
    _at: Offsets = field(default_factory=lambda: np.zeros(1, np.int32), repr=False)
    _source: Offsets = field(default_factory=lambda: np.zeros(1, np.int32), repr=False)
    _pages: tuple[int, ...] = field(default=(), repr=False)

    def origin(self, position: int) -> int:
        """Where the character at `position` stood in the source text."""
        if not 0 <= position <= len(self.text):
            raise IndexError(position)
        if position == len(self.text):
            return self.origin(position - 1) + 1 if position else int(self._source[0])
        run = int(np.searchsorted(self._at, position, side="right")) - 1
        return int(self._source[run]) + position - int(self._at[run])

    def place(self, origin: int) -> int:
        """Where the first character stands that was at `origin` in the source text, or after."""
        run = int(np.searchsorted(self._source, origin, side="right")) - 1
        if run < 0:
            return 0
        end = int(self._at[run + 1]) if run + 1 < len(self._at) else len(self.text)
        return min(int(self._at[run]) + origin - int(self._source[run]), end)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from `start` up to `end` stood in the source text."""
        first = self.origin(start)
        return first, (self.origin(end - 1) + 1 if end > start else first)

    def locator(self, start: int) -> str:
        """Where people find the character at `start`: `p. 3`, or `char 1234`."""
        place = self.origin(start)
        return f"p. {bisect_right(self._pages, place)}" if self._pages else f"char {place}"

    @cached_property
    def sha256(self) -> str:
        """The digest of the text: equal texts have equal ones, however they were marked up."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def read_text(
    body: bytes,
    *,
    media: Media | None = None,
    declared: str | None = None,
    struck: bool = False,
    limit: int | None = None,
    trace: Trace | None = None,
) -> NormalText:
    """The text of `body`, whatever it is.

    `media` overrules what the bytes look like, `declared` is the charset that the sender named,
    `struck` keeps struck-out text, which is otherwise left out: a bill that repeals a word still
    contains it. `limit` is in bytes; see `TEXT_LIMIT`. `trace` is told what the source sets apart,
    in places that `NormalText.place` reads.

    Raises:
        FaultError: there is no text to be had from it.
    """
    check_size(len(body), limit or LIMIT)
    media = media or sniff(body)
    limit = limit or TEXT_LIMIT
    if media in _PACKED:
        body = _unpack(body, limit)
        media = sniff(body)
    if media is Media.PDF:
        return _read_pdf(body)
    if media is Media.DOCX:
        return _read_docx(body, limit, struck=struck, trace=trace)
    if media not in _TEXTUAL:
        raise FaultError(_UNREADABLE.get(media, Fault.WRONG_TYPE), f"{media} has no text")
    gathered, repaired = _gathered(body, media, declared, limit, struck=struck, trace=trace)
    found = gathered.text(repaired=repaired)
    if not found.text:
        raise FaultError(Fault.EMPTY, f"{media} without any text")
    return found


def _gathered(
    body: bytes,
    media: Media,
    declared: str | None,
    limit: int,
    *,
    struck: bool,
    trace: Trace | None,
) -> tuple[_Gathered, bool]:
    # The decoded text may take four bytes a character: it is gone before the whole is mended.
    text, _, repaired = decode(body, declared, limit=limit)
    if media is Media.RTF:
        text = _from_rtf(text)
    return _gather(text, media, struck=struck, trace=trace), repaired


_PACKED: Final = frozenset({Media.GZIP, Media.BZIP2, Media.XZ})
_TEXTUAL: Final = frozenset({Media.HTML, Media.XML, Media.JSON, Media.TEXT, Media.RTF})
_UNREADABLE: Final = {Media.EMPTY: Fault.EMPTY, Media.UNKNOWN: Fault.WRONG_CHARSET}


def _unpack(body: bytes, limit: int) -> bytes:
    from kratom_atlas.read.archive import members

    for _, content in members(body, max_total=limit, max_member=limit, max_members=1):
        return content
    raise FaultError(Fault.EMPTY, "nothing packed in it")


def normalise(
    text: str, media: Media = Media.TEXT, *, struck: bool = False, trace: Trace | None = None
) -> NormalText:
    """`text`, already decoded, normalised as `media` (markup, JSON or plain text).

    `struck` and `trace` are as for `read_text`.

    Raises:
        FaultError: it is no markup, or has more tags than may be read.
    """
    return _gather(text, media, struck=struck, trace=trace).text()


@dataclass
class _Gathered:
    """Text that still has to be mended as a whole.

    Where each paragraph is tagged (`is_tagged`), a number on a line of its own is the paragraph's.
    `within` leads on to the source from what the gatherer took for it.
    """

    gatherer: Gatherer
    flags: set[str] = field(default_factory=set)
    is_tagged: bool = False
    within: Runs | None = None

    def text(self, *, repaired: bool = False) -> NormalText:
        """The normal form."""
        text, runs = self.gatherer.finish()
        if self.within is not None and text:
            runs = runs.through(self.within, len(text))
        text, runs, numbered = mend(text, runs, alone=not self.is_tagged)
        flags = self.flags | ({"line-numbers"} if numbered else set())
        flags |= {"repaired"} if repaired else set()
        return NormalText(text, frozenset(flags), (), runs.at, runs.source)


def _gather(text: str, media: Media, *, struck: bool, trace: Trace | None = None) -> _Gathered:
    check_size(len(text), _MAX_POSITION)
    if media is Media.JSON:
        return _from_json(text, struck, trace)
    if media in {Media.HTML, Media.XML}:
        return _from_markup(text, XML if media is Media.XML else HTML, struck, trace)
    gatherer = Gatherer(markup=False)
    gatherer.put(text)
    return _Gathered(gatherer)


_MAX_POSITION: Final = 2**31 - 1


def _from_markup(text: str, vocabulary: Vocabulary, struck: bool, trace: Trace | None) -> _Gathered:
    check_tags(text)
    gatherer = Gatherer(markup=True)
    scan = Scan(text, vocabulary, gatherer, keep_struck=struck, trace=trace)
    scan.run()
    return _Gathered(gatherer, {"struck"} if scan.left_out else set(), vocabulary is XML)


def read_base64(
    text: str, declared_mime: str | None = None, *, struck: bool = False, limit: int | None = None
) -> NormalText:
    """The text of a document that came as base64 in a string.

    `declared_mime` is believed for its charset alone.

    Raises:
        FaultError: it is not base64, or there is no text to be had from it.
    """
    body = decode_base64(text, limit=limit or LIMIT)
    return read_text(body, declared=declared_mime, struck=struck, limit=limit)


_TO_BASE64: Final = {0x2D: "+", 0x5F: "/", **dict.fromkeys((9, 10, 11, 12, 13, 32, 0x85, 0xA0))}


def decode_base64(text: str, *, limit: int = LIMIT) -> bytes:
    """The bytes that base64 in a string stands for; line breaks and missing padding are borne.

    Raises:
        FaultError: it is not base64, or too long.
    """
    check_size(len(text) * 3 // 4, limit)
    packed = text.translate(_TO_BASE64).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        cut = len(packed) % 4 == 1 and packed.isascii()
        raise FaultError(
            Fault.TRUNCATED if cut else Fault.WRONG_TYPE, f"not base64: {error}"
        ) from None


# -- containers -------------------------------------------------------------------------------


def _read_pdf(body: bytes) -> NormalText:
    from kratom_atlas.read.pdf import read_pdf

    found = read_pdf(body)
    source = "\f".join(found.pages)
    starts, place = [], 0
    for page in found.pages:
        starts.append(place)
        place += len(page) + 1
    pages, scanned = tuple(starts), found.scanned
    gathered = _gather(source, Media.TEXT, struck=False)
    del found, source
    text = gathered.text()
    flags = text.flags | ({"scanned"} if scanned else set())
    if not text.text and not scanned:
        raise FaultError(Fault.EMPTY, "a PDF with neither text nor pictures")
    return replace(text, flags=flags, scanned=scanned, _pages=pages)


def _read_docx(body: bytes, limit: int, *, struck: bool, trace: Trace | None) -> NormalText:
    from kratom_atlas.read.archive import members

    wanted = re.compile(r"word/(?:document|footnotes|endnotes)\.xml")
    parts = dict(
        members(body, only=lambda name: wanted.fullmatch(name) is not None, max_total=limit)
    )
    if "word/document.xml" not in parts:
        raise FaultError(Fault.LAYOUT, "a word processor file without a document")
    source = "\n".join(decode(parts[name]).text for name in sorted(parts))
    found = _from_markup(source, DOCX, struck, trace).text()
    if not found.text:
        raise FaultError(Fault.EMPTY, "a word processor file without any text")
    return found


def _from_rtf(text: str) -> str:
    import striprtf.striprtf

    check_size(len(text), _MAX_RTF)
    to_text: Callable[..., str] = striprtf.striprtf.rtf_to_text
    try:
        return str(to_text(text, errors="replace"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FaultError(Fault.TRUNCATED, f"RTF: {error}") from None


# -- JSON -------------------------------------------------------------------------------------

_KEY_OR_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)(\s*+:)?', re.DOTALL)
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_SHORT_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": "\n"}
_PACKED_STRING: Final = re.compile(r"[A-Za-z0-9+/_-]{256,}+={0,2}")
_PACKED_FROM: Final = 256


def _from_json(text: str, struck: bool, trace: Trace | None) -> _Gathered:
    """Every string of a JSON document that is a value, each on lines of its own."""
    noted = Trace() if trace is not None else None
    gatherer = Gatherer(markup=True)
    values = _Values()
    flags: set[str] = set()
    scans = 0
    for string in _KEY_OR_STRING.finditer(text):
        held = string[1]
        if string[2] or not held or (len(held) >= _PACKED_FROM and _PACKED_STRING.fullmatch(held)):
            continue
        base = values.length
        value = values.add(held, string.start(1))
        if is_marked_up(value):
            check_tags(value)
            scans += 1
            if scans > _MAX_SCANS:
                raise FaultError(Fault.TOO_LARGE, "it has more strings of markup than any law")
            scan = Scan(value, HTML, gatherer, keep_struck=struck, base=base, trace=noted)
            scan.run()
            flags |= {"struck"} if scan.left_out else set()
        else:
            gatherer.pieces.append(hyphens(value).replace("\n", BLOCK).replace("\t", CELL))
            gatherer.places.append(base)
        gatherer.pieces.append(BLOCK)
        gatherer.places.append(values.end(string.end() - 1))
        if len(gatherer.pieces) > BATCH:
            gatherer.flush()
    within = values.runs()
    if trace is not None and noted is not None:
        trace.set_apart += [(how, *_taken(within, a, b)) for how, a, b in noted.set_apart]
        trace.struck += [(*_taken(within, a, b), words) for a, b, words in noted.struck]
    return _Gathered(gatherer, flags, within=within)


def _taken(runs: Runs, start: int, end: int) -> tuple[int, int]:
    first, last = runs.take(np.array([start, end], np.int32))
    return int(first), int(last)


class _Values:
    """The strings of a JSON document one after another, and where they stood in it."""

    def __init__(self) -> None:
        self.length = 0
        self._at, self._source = array("i"), array("i")

    def add(self, string: str, start: int) -> str:
        """What `string`, which stood at `start`, stands for."""
        if "\\" not in string:
            self._run(start)
            self.length += len(string)
            return string
        pieces: list[str] = []
        joined: list[str] = []
        place = 0
        for escape in _ESCAPE.finditer(string):
            if escape.start() > place:
                self._run(start + place)
                self.length += escape.start() - place
                pieces.append(string[place : escape.start()])
            self._run(start + escape.start())
            self.length += 1
            pieces.append(_escaped(escape[0][1:]))
            place = escape.end()
            if len(pieces) > BATCH:
                joined.append("".join(pieces))
                pieces.clear()
        if place < len(string):
            self._run(start + place)
            self.length += len(string) - place
            pieces.append(string[place:])
        return "".join((*joined, *pieces))

    def end(self, place: int) -> int:
        """The end of a string, which stood at `place`."""
        self._run(place)
        self.length += 1
        return self.length - 1

    def runs(self) -> Runs:
        """Where all of them stood."""
        return Runs(np.frombuffer(self._at, np.int32), np.frombuffer(self._source, np.int32))

    def _run(self, place: int) -> None:
        if len(self._at) > _MAX_STRINGS:
            raise FaultError(Fault.TOO_LARGE, "it has more strings and escapes than any law")
        self._at.append(self.length)
        self._source.append(place)


def _escaped(escape: str) -> str:
    if len(escape) == 11:
        high, low = int(escape[1:5], 16), int(escape[7:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    if len(escape) == 5:
        code = int(escape[1:], 16)
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
    return _SHORT_ESCAPES.get(escape, escape)
