"""The text of markup, in one pass from left to right that keeps where everything stood.

Trees of the usual parsers forget that. Where the scan is in doubt, it keeps text rather than drop
it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.normal import BATCH, BLOCK, CELL, Gatherer, hyphens

__all__ = ["DOCX", "HTML", "XML", "Scan", "Trace", "Vocabulary", "check_tags", "is_marked_up"]


@dataclass(frozen=True)
class Vocabulary:
    """What the elements of a markup language do to the text around them."""

    inline: frozenset[str]
    """Elements that may stand within a word."""
    words: frozenset[str] = frozenset()
    """Elements that stand within a line, but hold whole words."""
    blocks: frozenset[str] | None = None
    """Elements that end a line; None: all that are not in a line."""
    cells: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    raw: frozenset[str] = frozenset()
    only: str | None = None
    """The only element whose text counts."""


@dataclass
class Trace:
    """What the source sets apart, and where: filled by a scan that is asked to.

    `set_apart` are (how, start, end): `new` where the markup itself says that words are new, else
    `underline`, `bold` or `italic`, which only some sources give that meaning. `struck` are
    (start, end, source text) of what was left out as struck. Places count the gatherer's source.
    """

    set_apart: list[tuple[str, int, int]] = field(default_factory=list)
    struck: list[tuple[int, int, str]] = field(default_factory=list)
    room: int = 16_000_000
    """So many characters of struck words are still told: what is struck may be nested."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRUCK_NAMES: Final = frozenset(
    {"s", "strike", "del", "deleted-phrase", "deletedtext", "movefrom", "deltext"}
)
_SET_APART_NAMES: Final = {
    **dict.fromkeys(("ins", "added-phrase", "addition"), "new"),
    **dict.fromkeys(("u", "underline", "underscore"), "underline"),
    **dict.fromkeys(("b", "strong", "bold"), "bold"),
    **dict.fromkeys(("i", "em", "italic"), "italic"),
}
HTML: Final = Vocabulary(
    inline=frozenset(),
    blocks=_words(
        "address article aside blockquote body br caption center dd details dialog dir div dl dt"
        " fieldset figcaption figure footer form frame h1 h2 h3 h4 h5 h6 head header hgroup hr"
        " html iframe legend li listing main menu nav ol optgroup option p pre section select"
        " summary table tbody textarea tfoot thead title tr ul xmp"
    ),
    cells=frozenset({"td", "th"}),
    dropped=frozenset({"nav", "noscript", "template", "svg", "select", "button", "object"}),
    raw=frozenset({"script", "style"}),
)
XML: Final = Vocabulary(
    inline=_words(
        "added-phrase b big bi bold cap char character del deleted-phrase e em emphasis font i img"
        " inferior inline ins italic nobreak s samp sc small smallcaps span strike strong sub"
        " subscript sup superior superscript u underline underscore wbr amendoutstart amendoutend"
        " su tt"
    ),
    words=_words(
        "a abbr abbreviation acronym act-name addition amend citation citationsubref cite code"
        " committee-name cosponsor date def definition definedtermen definedtermfr display docdate"
        " docnumber doctitle entity external-xref externallink footnoteref fr internal-xref"
        " internallink kbd language location marker mod mref object organization parens person q"
        " quote quotedtext ref role rref short-title shorttitle signature sponsor substitution"
        " term var xref xrefexternal xrefinternal"
    ),
    cells=frozenset({"td", "th", "entry", "cell", "tc", "celle", "entrytbl"}),
)
DOCX: Final = Vocabulary(
    inline=frozenset(),
    blocks=frozenset({"p", "br", "cr", "tr"}),
    cells=frozenset({"tc", "tab"}),
    dropped=frozenset({"instrtext"}),
    only="t",
)
_LABELS: Final = _words(
    "br enum eol head heading label lb line linebreak marker newline nl no nr num number p page"
    " pagebreak para pnumber row section tab title"
)
"""Elements of XML that end a line, though text may follow."""
_VOID: Final = _words("area base br col embed hr img input link meta param source track wbr")
_IMPLIED_END: Final = frozenset({"p", "li", "td", "th", "tr", "dd", "dt", "option"})
_NAME: Final = r"(/?)([A-Za-z_][\w.:-]*+)"
_TAG: Final = re.compile(rf"<{_NAME}([^<>\"']*+(?:(?:\"[^\"]*+\"|'[^']*+')[^<>\"']*+)*+)>")
_LOOSE_TAG: Final = re.compile(rf"<{_NAME}([^<>]*+)>")
_OTHER_TAG: Final = re.compile(r"<[!?][^<>]*+>")
_ENDLESS: Final = 16
"""So often may a quotation mark in a tag be left open before all of them are ignored."""
_MAX_BARE: Final = 50_000
_MAX_TAGS: Final = 1_500_000
_MANY: Final = 200_000
_DENSE: Final = 6
"""Of so many tags, one in every so many characters is more than any law has."""
_MAX_REGION: Final = 500_000
"""In pieces: what is struck or dropped ends before it, or is kept."""
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_LINE_THROUGH: Final = re.compile(
    r"line-through|\bea\s*=\s*[\"']erase"
    r"|class\s*=\s*[\"'][^\"']{0,200}(?:strike|strikethrough|linethrough|deletedtext)\b"
)
_STRIKING: Final = (b"line-through", b"linethrough", b"erase", b"strike", b"deletedtext")
# ea="amend" (Utah), changed="added" (Congress), class="... FormattedNew" (Michigan)
_NEW: Final = re.compile(
    r"\bea\s*=\s*[\"']amend|\bchanged\s*=\s*[\"']added"
    r"|class\s*=\s*[\"']?(?:[\w-]{1,60}\s){0,5}"
    r"(?:formattednew|msoins|addedtext|added-text|newtext|new-text|insertedtext|inserted)\b"
)
# style="... text-decoration: underline", text-decoration-line: underline
_UNDERLINED: Final = re.compile(r"text-decoration(?:-line)?\s*:\s*underline")
# The rule of a class itself (`.new`, `span.new`), not of something in it or a state of it.
_OWN_CLASS: Final = re.compile(r"\s*[\w-]{0,40}\.([\w-]{1,100})\s*")
_CLASS: Final = re.compile(r"\bclass\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
_POSITIONED: Final = re.compile(r"[;'\"\s]top\s*:|position\s*:\s*absolute")
_NAVIGATION: Final = re.compile(r"role\s*=\s*[\"']?navigation")
_OFF: Final = re.compile(r"val\s*=\s*[\"'](?:0|false|off|none)", re.IGNORECASE)
_WRAPPED: Final = re.compile(r"(?:(?<=\w-)|\xad)[ \t]*\r?\n\s*(?=\w)")
_HYPHEN_LAST: Final = re.compile(r"-[ \t]*\r?\n")
_FULL_LINE: Final = re.compile(r"\n(?=\S)(?<=[^\n]{45}\n)(?<!-\n)(?<!-\r\n)(?<!- \n)")
_MARKED_UP: Final = re.compile(r"</?[A-Za-z][\w:-]{0,40}(?:\s[^<>]{0,2000})?/?>")
_MAX_NESTED: Final = 50_000
_MAX_OPEN: Final = 10_000
_FOLLOWED: Final = re.compile(r"</(?:[\w.-]{1,80}:)?([\w.-]{1,80})>\s*+(?=[^<\s])")
_SAMPLE: Final = 2_000_000
_ENDS_WORD: Final = frozenset(".,;:)]\u201d\u2019")

_DROPPED, _STRUCK, _PLACED, _APART = 1, 2, 4, 8
_CLOSED, _TOUCHING, _BETWEEN = 1, 2, 3
"""How the next text may stand to the last: behind the end of an element that is a word, next to
one that is thought to be, or between two."""
_PREFORMATTED: Final = frozenset({"pre", "xmp", "listing"})
_KNOWN: Final = 10_000
_REMEMBERED: Final = 300
"""Longer tags are read anew each time."""


@dataclass(slots=True)
class _Element:
    """What elements of this name do."""

    name: str
    separator: str
    is_void: bool
    is_special: bool
    word: int
    marks: int


@dataclass(slots=True)
class _Tag:
    """A tag that was read, and what it does."""

    element: _Element
    name: str
    separator: str
    attributes: str
    closes: bool
    is_empty: bool
    is_plain: bool
    """It does no more than to separate."""
    marks: int
    apart: str = ""
    """How it sets its text apart, where that is traced."""


def is_marked_up(text: str) -> bool:
    """Whether there is a tag in it."""
    return "<" in text and _MARKED_UP.search(text) is not None


def check_tags(text: str) -> None:
    """Refuse more tags than any law has, before any is read.

    Raises:
        FaultError: there are.
    """
    tags = text.count("<")
    if tags > _MAX_TAGS:
        raise FaultError(Fault.TOO_LARGE, f"{tags:,} tags; at most {_MAX_TAGS:,} are read")
    if tags > _MANY and tags * _DENSE > len(text):
        raise FaultError(Fault.BOMB, f"{tags:,} tags and hardly anything else")


class Scan:
    """Gathers the text of markup.

    `base` is where the markup begins in what the gatherer takes for the source. `is_held` says
    that what was gathered before may still be left out. `trace` is told what the source sets
    apart; the text is the same with it and without.
    """

    def __init__(
        self,
        text: str,
        vocabulary: Vocabulary,
        gatherer: Gatherer,
        *,
        keep_struck: bool,
        base: int = 0,
        is_held: bool = False,
        trace: Trace | None = None,
    ) -> None:
        self._text = text
        self._trace = trace
        self._apart: dict[str, list[tuple[str, int]]] = {}
        self._struck_from: dict[str, int] = {}
        self._vocabulary = vocabulary
        self._gatherer = gatherer
        self._pieces = gatherer.pieces
        self._places = gatherer.places
        self._keep_struck = keep_struck
        self._base = base
        self._is_held = is_held
        self._nested = 0
        self._watched: dict[str, list[int]] = {}
        self._struck_watch: set[str] = set()
        self._regions: list[tuple[int, int, bool]] = []
        self._pre = 0
        self._inside = 0
        self._run_start = -1
        self._words = 0
        self._failures = 0
        self._bare = 0
        self._seeks: dict[str, bool] = {}
        self._known: dict[str, _Element] = {}
        self._tags: dict[str, _Tag] = {}
        self._plain: dict[tuple[str, str, bool], _Tag] = {}
        self._breaks_words = "\xad" in text or _HYPHEN_LAST.search(text) is not None
        self._always_odd = vocabulary.only is not None or "\xad" in text
        self._is_odd = self._always_odd
        self._look_ahead()
        self.left_out = False

    def _look_ahead(self) -> None:
        """What need not be looked for in each tag, as the document has none of it."""
        text = self._text
        lower = text.encode("ascii", "replace").lower()
        self._struck_classes = _struck_classes(text)
        self._under_classes = _underlined_classes(text) if self._trace else frozenset[str]()
        self._may_strike = any(word in lower for word in _STRIKING)
        self._may_place = b"absolute" in lower or b"top" in lower
        self._may_navigate = b"navigation" in lower
        self._followed = _followed(text) if self._vocabulary is XML else frozenset()

    def run(self) -> None:
        """Gather what counts."""
        text, find, tags, watched = self._text, self._text.find, self._tags, self._watched
        apart = self._apart
        pieces, places, base = self._pieces, self._places, self._base
        place, end, last, may_break = 0, -1, len(text), self._breaks_words
        while (start := find("<", place)) >= 0:
            if start > place:
                piece = text[place:start]
                if self._is_odd or "&" in piece or (may_break and "-" in piece):
                    self._data(place, start)
                elif pieces[-1] != BLOCK or not piece.isspace():
                    pieces.append(piece)
                    places.append(base + place)
            if end < start and (end := find(">", start)) < 0:
                end = last
            tag = tags.get(text[start + 1 : end]) if end - start < _REMEMBERED else None
            if tag is None:
                place = self._read(start, end)
            elif tag.is_plain and not watched and not apart:
                place = end + 1
                if tag.separator and pieces[-1] != BLOCK:
                    pieces.append(tag.separator)
                    places.append(base + start)
            else:
                place = self._act(tag, start, end + 1)
            if len(pieces) > BATCH:
                self._flush()
        if place < last:
            self._data(place, last)
        self._watched.clear()
        self._run_start = -1
        self._leave_out()

    def _read(self, start: int, end: int) -> int:
        """Read what begins with the `<` at `start`, with the first `>` after it at `end`."""
        if self._text.startswith(("!", "?"), start + 1):
            return self._other(start)
        tag = _TAG.match(self._text, start) if self._failures < _ENDLESS else None
        if tag is None and (tag := _LOOSE_TAG.match(self._text, start)) is not None:
            self._failures += 1
        if tag is None:
            return self._other(start)
        known = self._interpret(*tag.groups())
        if tag.end() == end + 1 and end - start < _REMEMBERED and len(self._tags) < _KNOWN:
            self._tags[self._text[start + 1 : end]] = known
        if not known.is_plain or self._watched or self._apart:
            return self._act(known, start, tag.end())
        if known.separator and self._pieces[-1] != BLOCK:
            self._pieces.append(known.separator)
            self._places.append(self._base + start)
        return tag.end()

    def _interpret(self, slash: str, name: str, attributes: str) -> _Tag:
        element = self._known.get(name) or self._learn(name)
        marks = 0
        if not slash:
            marks = element.marks | (self._mark(attributes) if len(attributes) > 5 else 0)
        is_empty = element.is_void or attributes.endswith("/")
        apart = ""
        if self._trace is not None and not slash and not is_empty:
            apart = self._sets_apart(element.name, attributes)
            marks |= _APART if apart else 0
        is_plain = not (marks or element.is_special or element.word)
        key = (name, slash, is_empty)
        if is_plain and (same := self._plain.get(key)) is not None:
            return same
        tag = _Tag(
            element=element,
            name=element.name,
            separator=element.separator,
            attributes=attributes,
            closes=bool(slash),
            is_empty=is_empty,
            is_plain=is_plain,
            marks=marks,
            apart=apart,
        )
        if is_plain and len(self._plain) < _KNOWN:
            self._plain[key] = tag
        return tag

    def _flush(self) -> None:
        """Put together what was gathered, unless some of it may still be left out."""
        if self._is_held:
            return
        if self._watched or self._run_start >= 0:
            if len(self._pieces) < _MAX_REGION:
                return
            self._watched.clear()
            self._struck_watch.clear()
            self._struck_from.clear()
            self._run_start = -1
        self._leave_out()
        self._gatherer.flush()

    def _other(self, start: int) -> int:
        """Read the comment, declaration or bare `<` at `start`; return where it ends."""
        text = self._text
        if text.startswith("<!--", start):
            return self._until("-->", start, 4)
        if text.startswith("<![CDATA[", start):
            end = self._until("]]>", start, 9)
            if end > start + 1:
                self._verbatim(start + 9, end - 3)
            return end
        other = _OTHER_TAG.match(text, start)
        if other is not None:
            return other.end()
        self._failures += text[start + 1 : start + 2].isalpha()
        self._bare += 1
        if self._bare > _MAX_BARE:
            raise FaultError(Fault.WRONG_TYPE, f"more than {_MAX_BARE:,} `<` that begin no tag")
        self._data(start, start + 1)
        return start + 1

    def _learn(self, name: str) -> _Element:
        local = name.rpartition(":")[2].lower()
        vocabulary = self._vocabulary
        word = _CLOSED if local in vocabulary.words else _TOUCHING * (local in self._followed)
        if local in vocabulary.cells:
            separator = CELL
        elif vocabulary.blocks is not None:
            separator = BLOCK if local in vocabulary.blocks else ""
        else:
            separator = "" if word or local in vocabulary.inline else BLOCK
        element = _Element(
            name=local,
            separator=separator,
            is_void=local in _VOID and vocabulary is not XML,
            is_special=local in _PREFORMATTED
            or local in vocabulary.raw
            or local == vocabulary.only
            or vocabulary is DOCX,
            word=word,
            marks=(_DROPPED if local in vocabulary.dropped else 0)
            | (_STRUCK if local in _STRUCK_NAMES else 0),
        )
        if len(self._known) < _KNOWN:
            self._known[name] = element
        return element

    def _until(self, mark: str, start: int, skip: int) -> int:
        """Where what begins at `start` ends; just behind `start` if it never does."""
        if self._seeks.get(mark, True):
            end = self._text.find(mark, start + skip)
            if end >= 0:
                return end + len(mark)
            self._seeks[mark] = False
        self._data(start, start + 1)
        return start + 1

    def _act(self, tag: _Tag, start: int, end: int) -> int:
        """Do what the tag at `start` does; return where to read on."""
        if self._trace is not None and (tag.marks & _APART or tag.name in self._apart):
            self._set_apart(tag, start, end, self._trace)
        end = self._open_or_close(tag, start, end)
        # The next text needs more than to be gathered.
        self._is_odd = self._always_odd or self._pre > 0 or self._words > 0
        return end

    def _sets_apart(self, name: str, attributes: str) -> str:
        """How an element sets its text apart: as new, or in one of the ways type can."""
        lower = attributes.lower()
        if _NEW.search(lower):
            return "new"
        if name == "a":
            return ""
        if _UNDERLINED.search(lower):
            return "underline"
        if self._under_classes and (given := _CLASS.search(lower)) is not None:
            classes = (given[1] or given[2] or given[3] or "").split()
            if not self._under_classes.isdisjoint(classes):
                return "underline"
        return _SET_APART_NAMES.get(name, "")

    def _set_apart(self, tag: _Tag, start: int, end: int, trace: Trace) -> None:
        """Note where what a tag sets apart begins, or ends."""
        if tag.is_empty and not tag.closes:
            return
        open_ = self._apart.setdefault(tag.name, [])
        is_implied = tag.name in _IMPLIED_END and self._vocabulary is HTML
        if open_ and (tag.closes or is_implied):
            apart, place = open_.pop()
            if apart and len(trace.set_apart) < _MAX_OPEN * 20:
                trace.set_apart.append((apart, place, self._base + start))
        if not tag.closes and len(open_) < _MAX_OPEN:
            open_.append((tag.apart, self._base + end))
        if not open_:
            del self._apart[tag.name]

    def _open_or_close(self, tag: _Tag, start: int, end: int) -> int:
        if tag.closes:
            self._close(tag.element, start)
            return end
        element, name = tag.element, tag.name
        if element.is_special and name in self._vocabulary.raw:
            return self._skip_raw(name, end)
        if self._watched:
            self._watch_open(name, tag.is_empty, start)
        if tag.separator:
            self._separate(tag.separator, start)
        elif tag.marks & _PLACED:
            self._separate(BLOCK, start)
        if element.word and not tag.is_empty:
            # One that ended where another begins: `<citation>A</citation><citation>B</citation>`.
            self._words = _BETWEEN if self._words else _TOUCHING if element.word == _TOUCHING else 0
        if element.is_special:
            self._open_special(name, tag.attributes, tag.is_empty, end)
        if tag.marks & (_STRUCK | _DROPPED) and not tag.is_empty and name not in self._watched:
            self._watched[name] = [1, len(self._pieces)]
            if tag.marks & _STRUCK:
                self._struck_watch.add(name)
                self._struck_from[name] = end
        return end

    def _open_special(self, name: str, attributes: str, empty: bool, place: int) -> None:
        if name == self._vocabulary.only:
            self._inside += not empty
        elif self._vocabulary is DOCX:
            # In a word processor file a run is struck by an element within it.
            if name in {"strike", "dstrike"} and not _OFF.search(attributes):
                self._run_start = len(self._pieces)
                self._struck_from[""] = place
        elif not empty:
            self._pre += name in _PREFORMATTED

    def _close(self, element: _Element, start: int) -> None:
        name = element.name
        if name in self._watched:
            watch = self._watched[name]
            watch[0] -= 1
            if not watch[0]:
                self._end_region(name, start)
        if element.is_special:
            if name in _PREFORMATTED:
                self._pre = max(0, self._pre - 1)
            elif name == self._vocabulary.only:
                self._inside = max(0, self._inside - 1)
            elif name == "r" and self._run_start >= 0:
                self._regions.append((self._run_start, len(self._pieces), True))
                self._note_struck("", start)
                self._run_start = -1
                self._put("", start)
        if element.word:
            self._words = element.word
        if element.separator:
            self._separate(element.separator, start)

    def _watch_open(self, name: str, empty: bool, start: int) -> None:
        watch = self._watched.get(name)
        if watch is None or empty:
            return
        if name in _IMPLIED_END and watch[0] == 1 and self._vocabulary is HTML:
            self._end_region(name, start)
        else:
            watch[0] += 1

    def _note_struck(self, name: str, end: int) -> None:
        start = self._struck_from.pop(name, end)
        if self._trace is not None and start < end:
            text = self._text[start : min(end, start + self._trace.room)]
            self._trace.room -= len(text)
            self._trace.struck.append((self._base + start, self._base + end, text))

    def _end_region(self, name: str, start: int) -> None:
        _, first = self._watched.pop(name)
        self._regions.append((first, len(self._pieces), name in self._struck_watch))
        if name in self._struck_watch:
            self._note_struck(name, start)
        self._struck_watch.discard(name)
        self._pieces.append("")  # a line that ended in the region did not end after it
        self._places.append(self._places[-1])

    def _mark(self, attributes: str) -> int:
        """What attributes say of the element that has them."""
        marks = 0
        lower = attributes.lower()
        if self._may_strike and _LINE_THROUGH.search(lower):
            marks |= _STRUCK
        elif self._struck_classes and (given := _CLASS.search(lower)) is not None:
            classes = (given[1] or given[2] or given[3] or "").split()
            if not self._struck_classes.isdisjoint(classes):
                marks |= _STRUCK
        if self._vocabulary is HTML:
            marks |= _PLACED if self._may_place and _POSITIONED.search(lower) else 0
            marks |= _DROPPED if self._may_navigate and _NAVIGATION.search(lower) else 0
        return marks

    def _skip_raw(self, name: str, end: int) -> int:
        mark = f"</{name}"
        if self._seeks.get(mark, True):
            found = re.compile(mark, re.IGNORECASE).search(self._text, end)
            if found is not None:
                return found.start()
            self._seeks[mark] = False
        return end

    def _put(self, piece: str, place: int) -> None:
        self._pieces.append(piece)
        self._places.append(self._base + place)

    def _separate(self, separator: str, place: int) -> None:
        if self._pieces[-1] != BLOCK or self._watched:
            self._put(separator, place)

    def _data(self, start: int, end: int) -> None:
        """Text between tags: entities are read, line breaks mean nothing outside `pre`."""
        if self._vocabulary.only is not None and not self._inside:
            return
        piece = self._text[start:end]
        if self._words:
            self._part(piece, start)
        if self._pre:
            piece = _FULL_LINE.sub(" ", hyphens(piece)).replace("\n", BLOCK)
        elif self._breaks_words and (
            "\xad" in piece or ("-" in piece and _HYPHEN_LAST.search(piece))
        ):
            place = 0
            for wrapped in _WRAPPED.finditer(piece):
                self._entities(piece[place : wrapped.start()], start + place)
                place = wrapped.end()
            self._entities(piece[place:], start + place)
            return
        if "&" in piece:
            self._entities(piece, start)
        else:
            self._pieces.append(piece)
            self._places.append(self._base + start)

    def _part(self, piece: str, start: int) -> None:
        """Put a blank between two elements that are words and have nothing between them."""
        before = self._pieces[-1][-1:]
        ends = before.isalnum() or (self._words == _BETWEEN and before in _ENDS_WORD)
        if ends and self._words != _CLOSED and piece[0].isalnum():
            self._put(" ", start)
        self._words = 0
        self._is_odd = self._always_odd or self._pre > 0

    def _entities(self, piece: str, start: int) -> None:
        place = 0
        for entity in _ENTITY.finditer(piece):
            read = _unescaped(entity[0])
            if read == entity[0] or len(read) > len(entity[0]):
                continue
            if entity.start() > place:
                self._put(piece[place : entity.start()], start + place)
            if read:
                self._put(read, start + entity.start())
            place = entity.end()
            if len(self._pieces) > BATCH:
                self._flush()
        if place < len(piece):
            self._put(piece[place:] if place else piece, start + place)

    def _verbatim(self, start: int, end: int) -> None:
        if end <= start or (self._vocabulary.only is not None and not self._inside):
            return
        text = self._text[start:end]
        if self._vocabulary is XML and self._nested < _MAX_NESTED and is_marked_up(text):
            self._nested += 1
            inner = Scan(
                text,
                HTML,
                self._gatherer,
                keep_struck=self._keep_struck,
                base=self._base + start,
                is_held=self._is_held or bool(self._watched),
                trace=self._trace,
            )
            inner.run()
            self.left_out = self.left_out or inner.left_out
        else:
            self._put(text, start)

    def _leave_out(self) -> None:
        """Empty the pieces that are dropped or struck out."""
        for first, last, is_struck in self._regions:
            if is_struck and self._keep_struck:
                continue
            pieces = self._pieces
            if is_struck and not self.left_out:
                self.left_out = any(
                    piece.strip(f"{BLOCK}{CELL} \t\r\n") for piece in pieces[first:last]
                )
            pieces[first:last] = [""] * (last - first)
            # What stood on either side of a gap is not one word.
            if first < last:
                pieces[first] = " "
        self._regions.clear()


@lru_cache(4096)
def _unescaped(entity: str) -> str:
    return html.unescape(entity)


def _struck_classes(text: str) -> frozenset[str]:
    """The classes that the document's own style sheet strikes out."""
    found: set[str] = set()
    for selector in _selectors(text, "line-through"):
        classes = re.findall(r"\.([\w-]{1,100})", selector)
        found.update(c.lower() for c in classes[-1:])
    return frozenset(found)


def _underlined_classes(text: str) -> frozenset[str]:
    """The classes that the document's own style sheet underlines."""
    found: set[str] = set()
    for selector in _selectors(text, "underline"):
        # The first rule of a style sheet has its tag before it.
        bare = selector.rpartition("<style")[2].partition(">")[2] if "<style" in selector else ""
        own = _OWN_CLASS.fullmatch((bare or selector).replace("<!--", ""))
        if own is not None:
            found.add(own[1].lower())
    return frozenset(found)


def _selectors(text: str, declared: str) -> Iterator[str]:
    """The selectors of the style rules that declare it."""
    if declared not in text:
        return
    for rule in text[:2_000_000].split("}"):
        selectors, brace, declarations = rule.rpartition("{")
        if brace and declared in declarations:
            yield from selectors[-2000:].split(",")


def _followed(text: str) -> frozenset[str]:
    """The elements of this document that stand within lines: text often follows their end.

    Vocabularies are many, and what a block is called differs; but nothing follows its end.
    """
    sample = text[:_SAMPLE]
    seen: dict[str, int] = {}
    for found in _FOLLOWED.finditer(sample):
        seen[found[1]] = seen.get(found[1], 0) + 1
    settled = XML.inline | XML.words | XML.cells | _LABELS
    return frozenset(
        name.lower()
        for name, times in seen.items()
        if name.lower() not in settled
        and times * 5 >= sample.count(f"</{name}>") + sample.count(f":{name}>")
    )
