"""The units of a legal text: sections, articles, items and rows, and the sentence at a place.

Units are found by their labels where a line begins, and, as many texts come without lines, behind
the end of a clause. What stands within what follows from the kinds of labels and from how they
count: `(i)` after `(h)` is the ninth letter, after `(a)` the first small number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Marked, Section, Span

__all__ = ["around", "lead_in", "sections", "sentence", "sentence_within"]

_MAX_UNITS: Final = 60_000
"""More units than any law has: what follows belongs to the last."""
_MAX_DEPTH: Final = 24
_MAX_HEADING: Final = 160

# -- labels -----------------------------------------------------------------------------------

# 12, 12bis, 1399-mm as in New York; IV; B
_NUMBER: Final = r"(?:\d{1,6}(?:-[a-z]{1,2}(?![\w-])|[A-Za-z]{0,3}+)|[IVXLC]{1,8}+|[A-Z])"
_CODE: Final = r"\d{1,4}[A-Z]{0,2}(?:[-.:\u2010-\u2013]\d{1,6}[A-Za-z]{0,3}+){1,5}+"
_RANKS: Final = {
    # What is written for each kind of unit, the outermost first; sections and articles follow.
    "annex": "schedule annex appendix annexe anlage bilag vedlegg bilaga liite lisa"
    " příloha príloha bijlage allegato anexo załącznik"
    " บัญชี",
    "title": "title titre título titolo část część",
    "part": "part partie teil del osa hlava deel",
    "chapter": "chapter subchapter chapitre kapitel kapittel kapitola luku peatükk hoofdstuk"
    " capítulo capo rozdział หมวด",
    "division": "abschnitt oddíl oddiel division subpart",
}
_OUTER: Final = {name: rank for rank, name in enumerate(_RANKS)}
_OUTER_WORDS: Final = {word: name for name, words in _RANKS.items() for word in words.split()}
_INNER_WORDS: Final = (
    r"section|sec|article|art|artikel|artículo|articolo|artigo|artykuł|regulation|rule"
    r"|paragraph|čl|článek|článok|enacting section|new section"
)
_ANY_WORD: Final = "|".join((*_OUTER_WORDS, _INNER_WORDS))
_THAI_WORD: Final = r"มาตรา|ข้อ|หมวด"
_LABEL: Final = re.compile(
    # Before the label: a mark of a heading or list, or an opening quotation mark
    r"(?:\#{1,6} |[-*\u2022\u2013] )?(?P<quote>[\"\u201c«\u201e\u2018'])?(?:"
    # An item in parentheses: a number (with a point), letters, a Roman number
    r"\((?P<in>\d{1,4}(?:\.\d{1,3})?[A-Za-z]?|[A-Za-z]{1,2}|[ivxlc]{1,6}|[IVXLC]{1,6})\)"
    # An item with a full stop, a parenthesis or a degree sign behind it
    r"|(?P<dot>\d{1,3}|[A-Za-z]|[IVX]{1,6}|[ivx]{1,6})(?P<stop>[.)\u00b0])(?!\d)"
    # A Roman number alone on its line, as Nordic acts have it
    r"|(?P<lone>[IVX]{1,5})(?=\n|$)"
    # An item of one or two signs: § 500.92 | §§ 1-3 | §60-11-6a
    rf"|(?P<mark>§{{1,2}}) ?(?P<of2>\d{{1,5}}-[a-z]{{1,2}}(?![\w-])|{_CODE}"
    r"|\d{1,5}(?: ?[a-z]\b)?[A-Za-z]?)(?!\w)"
    # A section of a code by its number alone, with its full stop: 4-45-104.
    r"|(?P<code>\d{1,4}[A-Z]?(?:[-:]\d{1,5}[A-Za-z]{0,2}(?:\.\d{1,4})?){1,3}+|\d{2,5}\.\d{2,5})\."
    # NEW SECTION.
    r"|(?P<new>NEW SECTION\.)(?!\s*Sec)"
    # SECTION 1 | Sec. 445.002 | Article II | Art. 1er | Priloha c. 3
    rf"|(?P<word>(?i:NEW SECTION\. (?:Section|Sec)|{_ANY_WORD})\b|{_THAI_WORD})"
    r"\.?[ ]?(?:No\. |č\. |Nr\. |nr\. |n\u00b0 )?"
    rf"(?P<of>{_CODE}|{_NUMBER}(?:er|º|\u00b0|o)?|[๐-๙0-9]{{1,4}}+)(?!\w)"
    r")",
)
# The first word of a line
_FIRST: Final = re.compile(r"[^\W\d_]{1,30}+")
_FIRST_WORDS: Final = frozenset(word.split(" ")[0] for word in _ANY_WORD.split("|"))
# Behind the end of a clause, or a heading in capitals: ": (1) ", "; or (b) ", "X Sec. 445.001"
_WITHIN: Final = re.compile(
    r"(?:(?<=[:;.\u2014])[\"\u201d]?(?:\s{0,2}(?:and|or))?\s{0,3}"
    r"(?=\((?:\d{1,3}|[a-z]{1,2}|[A-Z]|[ivx]{1,5})\)"
    r"|(?:SECTION|Sec\.|SEC\.|Section) \d{1,4}[\d.-]{0,12}\s"
    r"|§ ?\d{1,4}-\d{1,4}|\d{1,3}-\d{1,3}[a-z]?-\d{1,4}\.)"
    r"|(?<=[A-Z]) (?=Sec\. \d{1,4}\.\d{1,5}\b))"
)
# What follows a unit that is named rather than begun: "Section 5 shall", "(1), (2)"
_CITED: Final = re.compile(
    r"[.,]? ?(?:of|and|or|to|through|shall|is|are|was|does|may|above|below|apply|applies|which|that"
    r"|takes?|have|has|odst|ods|písm|lid|ledd|abs|stk|nr|och|og|und|et|ou|du|de|lõike|lg|jf"
    r"|sowie)\b|[,;)\]]"
)
# As in: (b) of this section; (1), (2)
_CITED_ITEM: Final = re.compile(r" of (?:this|that|the|section|subsection|paragraph)\b|[,;)\]]")
# What stands before a unit that is named: "under", "as provided in section"
_NOUNS: Final = (
    r"sections?|subsections?|paragraphs?|subdivisions?|clauses?|schedule|article|chapter|title|part"
)
_CITING: Final = re.compile(
    rf"\b(?:in|under|of|to|by|and|or|with|from|the|this|see|per|through|code|{_NOUNS})\s*$", re.I
)
_CITING_ITEM: Final = re.compile(rf"\b(?:{_NOUNS}|in|under|and|or|through)\s*$", re.I)
# "...; and", ", or": what stands before the last item of a list
_LAST_ITEM: Final = re.compile(r"[;,.:] ?(?:and|or|and/or)\s*$", re.I)
_BARE_TAIL: Final = re.compile(r"[ \t]*(?:\n|$)")
_BEGINS: Final = re.compile(r"[.:]?[\s\u2014\u2013-]{0,4}[\"\u201c\u201e«\u2018'(\[*_]{0,3}[\w§]")
_ROMAN: Final = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_ROMANS: Final = re.compile(r"(?=[ivxlc])(?:c{0,3}(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3}))\Z")


class _Found(NamedTuple):
    """A label that was found: where, how written, what kinds of label it may be."""

    start: int
    end: int
    label: str
    choices: tuple[tuple[str, int], ...]
    """(family, how it counts), the likeliest first."""
    is_quoted: bool


def sections(marked: Marked, *, language: str = "en") -> tuple[Section, ...]:
    """The units of a text, in its order; those of one place in the tree do not overlap.

    `language` is that of the text: in English an article may hold sections, and a Roman number
    alone on its line is the cell of a table.
    """
    return tuple(_tree(marked.text, _labels(marked.text, language)))


def around(marked: Marked, sections: Sequence[Section], position: int) -> tuple[Section, ...]:
    """The units that hold the character at `position`, outermost first."""
    del marked
    index = _innermost(sections, position)
    chain: list[Section] = []
    while index is not None:
        chain.append(sections[index])
        index = sections[index].parent
    return tuple(reversed(chain))


def _innermost(sections: Sequence[Section], position: int) -> int | None:
    index: int | None = bisect_right(sections, position, key=attrgetter("start")) - 1
    if index is None or index < 0:
        return None
    while index is not None and sections[index].end <= position:
        index = sections[index].parent
    return index


# -- finding labels ---------------------------------------------------------------------------


def _labels(text: str, language: str) -> Iterator[_Found]:
    """The labels in order; one may follow another at once, as in `(1)(a)`."""
    count = 0
    done = 0
    has_bare = _has_bare_labels(text)
    for place, at_line in _places(text):
        if place < done:
            continue
        bare = _BARE.match(text, place) if has_bare and at_line else None
        if bare is not None and count < _MAX_UNITS and (choices := _counted(bare[0], "")):
            yield _Found(place, bare.end(), bare[0], choices, is_quoted=False)
            count += 1
            continue
        while (found := _label(text, place, at_line, language)) is not None:
            yield found
            count += 1
            if count >= _MAX_UNITS:
                return
            done = found.end
            first = _FIRST_ITEM.match(text, found.end) if found.choices[0][0] in _HEADED else None
            if first is not None:
                yield _Found(
                    first.end(), first.end() + 2, "1.", _counted("1", "."), found.is_quoted
                )
                count += 1
                done = first.end() + 2
                break
            place, at_line = _next(text, found.end), False
            if text[place : place + 1] != "(":
                break


# Behind the heading of a section: "§ 1399-mm. Sale of tea. 1. No person", as New York prints them
_FIRST_ITEM: Final = re.compile(r"[.:]? [^\n.;:]{2,120}\. (?=1\. [\"\u201cA-Z])")
_HEADED: Final = frozenset({"section", "code", "§"})

# A label alone on its line, without any sign: as the XML of the United Kingdom reads
_BARE: Final = re.compile(r"(?:\d{1,3}[A-Z]{0,2}|[a-z]{1,2}|[ivx]{1,5})(?=\n)")
_BARE_LINE: Final = re.compile(r"\n(?:\d{1,3}[A-Z]{0,2}|[a-z]{1,2}|[ivx]{1,5})(?=\n)")
_FEW: Final = 3


def _has_bare_labels(text: str) -> bool:
    """Whether labels stand alone on lines, and no others do: else those would be page numbers."""
    if "\n(1)" in text or "\n(a)" in text or "\n1.\n" in text:
        return False
    return len(list(islice(_BARE_LINE.finditer(text), _FEW))) == _FEW and "\n1\n" in text


def _next(text: str, end: int) -> int:
    """Where a label could stand that follows one at once: `1.—(1)`, `(a) (1)`, `37-2705. (a)`."""
    place = end
    while place < end + 4 and text[place : place + 1] in {" ", ".", "\u2014", "\u2013", "\u2015"}:
        place += 1
    return place


def _places(text: str) -> Iterator[tuple[int, bool]]:
    """Where labels may stand: the starts of lines, and behind clauses."""
    within = _WITHIN.finditer(text)
    other = next(within, None)
    start = 0
    while start >= 0:
        while other is not None and other.end() < start:
            yield other.end(), False
            other = next(within, None)
        yield start, True
        start = text.find("\n", start) + 1 or -1
    while other is not None:
        yield other.end(), False
        other = next(within, None)


def _label(text: str, place: int, at_line: bool, language: str) -> _Found | None:
    first = text[place : place + 1]
    found = None if _is_plain(text, place, first) else _LABEL.match(text, place)
    if found is None:
        return _row(text, place) if at_line else None
    end = found.end()
    if not (_BEGINS.match(text, end) or _BARE_TAIL.match(text, end)):
        return None
    is_item = found["in"] is not None or found["dot"] is not None
    if is_item:
        begins = _begins_item(text, found, place, at_line)
    else:
        begins = _begins_section(text, found, place, at_line)
    choices = _choices(found, language) if begins else ()
    if not choices:
        return None
    begin = found.start() if not found["quote"] else found.start("quote")
    label = text[begin:end].lstrip("#-*\u2022\u2013 \"\u201c«\u201e\u2018'")
    if not is_item and text[end : end + 1] == "." and not label.endswith("."):
        label, end = label + ".", end + 1
    return _Found(begin, end, label, choices, found["quote"] is not None)


def _is_plain(text: str, place: int, first: str) -> bool:
    """Whether no label can begin there, as far as the first word tells: most lines."""
    if not first.isalpha() or not first.isascii():
        return first == "|"
    word = _FIRST.match(text, place)
    if word is None or word[0].lower() in _FIRST_WORDS:
        return False
    return text[word.end() : word.end() + 1] not in {".", ")", "\u00b0", "\n", ""}


def _begins_section(text: str, found: re.Match[str], place: int, at_line: bool) -> bool:
    """Whether a section, article... begins there and is not only named."""
    end = found.end()
    if _CITED.match(text, end) or (at_line and _CITING.search(text, max(0, place - 16), place)):
        return False
    word = found["word"]
    after = text[end : end + 3].strip(" \t")[:1]
    if found["code"]:
        return text[end : end + 1].isspace() and not after.islower()
    if not word or text[end : end + 1] in {".", ":", "\n", "", "\u2014", "\u2013"}:
        return True
    # "Section 5 Offences" is a heading, "Section 5 offences" is not.
    return not word[0].islower() and not (after.islower() and after.isascii())


def _begins_item(text: str, found: re.Match[str], place: int, at_line: bool) -> bool:
    """Whether an item begins there, and not a line in which one is named."""
    if _CITED_ITEM.match(text, found.end()):
        return False
    before = text[max(0, place - 3) : place].rstrip()[-1:]
    is_after_end = before in {"", ".", ":", ";", ",", "\u2014", "\u2013", ")"}
    goes_on = at_line and not is_after_end
    if goes_on and not _LAST_ITEM.search(text, max(0, place - 10), place):
        is_cited = _CITED.match(text, found.end()) is not None
        if is_cited or _CITING_ITEM.search(text, max(0, place - 16), place):
            return False
    return found["dot"] is None or _is_item(text, found, at_line)


# "H. B. 757", "S. Smith, Jr."
_INITIAL: Final = re.compile(r" (?:[A-Z]\.|No\b)")


def _is_item(text: str, found: re.Match[str], at_line: bool) -> bool:
    """Whether `1.` or `a)` begins an item: at a line, and no initial, decimal or date."""
    after = text[found.end() : found.end() + 1]
    if not at_line or not (after.isspace() or after in {"", "\u2014", "\u2013"}):
        return False
    word = found["dot"]
    if word.isupper() and _INITIAL.match(text, found.end()):
        return False
    if word.isdigit() and text[found.end() + 1 : found.end() + 2].islower():
        return found["stop"] != "." or not text[found.end() + 1 : found.end() + 2].isascii()
    return True


def _choices(found: re.Match[str], language: str) -> tuple[tuple[str, int], ...]:
    if found["new"]:
        return (("new section", 0),)
    if found["lone"]:
        return () if language == "en" else (("part", _ordinal(found["lone"])),)
    if found["word"]:
        word = found["word"].lower().rstrip(".")
        number = found["of"]
        name = _OUTER_WORDS.get(word)
        if name is not None:
            # "Part of", "Title A..." begin sentences; a label is a number.
            return ((name, _ordinal(number)),)
        if "." in number or "-" in number or ":" in number:
            return (("code", _ordinal(number)),)
        is_article = word.startswith(("art", "čl", "artyk"))
        if is_article and number.isupper() and language == "en":
            return (("chapter", _ordinal(number)),)
        return (("article" if is_article else "section", _ordinal(number)),)
    if found["mark"]:
        number = found["of2"]
        return (("code" if set(number) & set("-.:") else "§", _ordinal(number)),)
    if found["code"]:
        return (("code", 0),)
    if found["in"] is not None:
        return _counted(found["in"], "()")
    return _counted(found["dot"], found["stop"])


def _ordinal(number: str) -> int:
    digits = re.match(r"\d{1,6}", number)
    if digits is not None:
        return int(digits[0])
    roman = number.lower()
    return _roman(roman) if _ROMANS.match(roman) else ord(roman[0])


def _roman(word: str) -> int:
    values = [_ROMAN[letter] for letter in word]
    return sum(
        -value if any(later > value for later in values[i + 1 : i + 2]) else value
        for i, value in enumerate(values)
    )


@lru_cache(4096)
def _counted(word: str, form: str) -> tuple[tuple[str, int], ...]:
    """What an enumerator may be: a number, letters, a Roman number."""
    if word[0].isdigit():
        # "(1.1)" and "(2a)" stand beside what they follow.
        return ((f"1{form}", int(word) if word.isdigit() else 0),)
    lower = word.lower()
    case = "A" if word.isupper() else "a"
    choices: list[tuple[str, int]] = []
    if len(set(lower)) == 1 and len(lower) <= 2:
        choices.append((f"{case}{form}", ord(lower[0]) - 96 + 26 * (len(lower) - 1)))
        if len(lower) == 2:
            choices.append((f"{case * 2}{form}", ord(lower[0]) - 96))
    if _ROMANS.match(lower):
        choices.append((f"{'I' if case == 'A' else 'i'}{form}", _roman(lower)))
    return tuple(choices)


_MAX_ROW: Final = 2_000


def _row(text: str, place: int) -> _Found | None:
    """The row of a table that begins at `place`: its cells stand apart by tabs or bars."""
    end = text.find("\n", place, place + _MAX_ROW)
    line = text[place : end if end >= 0 else place + _MAX_ROW]
    if not (line.startswith("| ") or "\t" in line):
        return None
    cell = line.strip("| \t").split("\t")[0].split(" | ")[0].strip()
    if not cell or not cell.strip("-: |"):
        return None
    first = place + len(line) - len(line.lstrip("| \t"))
    label = cell[:80]
    return _Found(first, first + len(label), label, (("row", 0),), False)


# -- the tree ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """A unit that has not ended: its kind, how far it counts, and where it is in the list."""

    family: str
    count: int
    index: int
    start: int


@dataclass(slots=True)
class _Unit:
    found: _Found
    parent: int | None
    level: int
    path: str
    end: int = 0


def _tree(text: str, labels: Iterator[_Found]) -> Iterator[Section]:
    units: list[_Unit] = []
    stack: list[_Open] = []
    for found in labels:
        family, count, keep = _settle(text, found, stack)
        for closed in stack[keep:]:
            units[closed.index].end = found.start
        del stack[keep:]
        parent = stack[-1].index if stack else None
        above = units[parent].path if parent is not None else ""
        path = _path(above, found.label)
        stack.append(_Open(family, count, len(units), found.start))
        units.append(_Unit(found, parent, len(stack) - 1, path))
    for closed in stack:
        units[closed.index].end = len(text)
    for i, unit in enumerate(units):
        follows = units[i + 1].found.start if i + 1 < len(units) else len(text)
        yield Section(
            label=unit.found.label,
            path=unit.path,
            start=unit.found.start,
            end=unit.end,
            level=unit.level,
            parent=unit.parent,
            heading=_heading(text, unit.found, min(follows, unit.end)),
        )


def _path(above: str, label: str) -> str:
    label = label.rstrip(".:")
    if not above:
        return label
    glue = "" if label[0] == "(" and above[-1] == ")" else " "
    return f"{above[-300:]}{glue}{label}"


def _settle(text: str, found: _Found, stack: list[_Open]) -> tuple[str, int, int]:
    """What kind of label it is, how it counts, and how many open units it stands in."""
    prefix = "\u201c" if found.is_quoted else ""
    choices = found.choices
    if prefix:
        choices = tuple((prefix + family, count) for family, count in choices)
    family, count = choices[0]
    if family == "annex" and any(unit.family == "code" for unit in stack):
        # "SCHEDULE III" within a section of a code.
        family = "code schedule"
    if family == "section" and _is_brought(text, found, stack):
        family = "code"
    if _rank(family) < 9:
        return family, count, _outer(text, found, family, stack)
    opens = _opens(text, found.start, stack)
    if not opens or all(count != 1 for _, count in choices):
        counted = next(_counting_on(choices, stack), None)
        if counted is not None:
            return counted
    by_family = {unit.family.lstrip("\u201c"): i for i, unit in enumerate(stack)}
    for family, count in sorted(choices, key=itemgetter(1)):
        if count == 1 and (opens or family.lstrip("\u201c") not in by_family):
            return family, count, _under(family, stack)
    for family, count in choices:
        if (depth := by_family.get(family.lstrip("\u201c"))) is not None:
            return stack[depth].family, count or stack[depth].count, depth
    family, count = choices[0]
    return family, count, _under(family, stack)


def _counting_on(
    choices: Sequence[tuple[str, int]], stack: list[_Open]
) -> Iterator[tuple[str, int, int]]:
    """The open units, innermost first, that a label counts on from."""
    for depth in range(len(stack) - 1, -1, -1):
        unit = stack[depth]
        for family, count in choices:
            if unit.count + 1 == count and unit.family.lstrip("\u201c") == family.lstrip("\u201c"):
                yield unit.family, count, depth


def _under(family: str, stack: list[_Open]) -> int:
    """How many open units a new list stands in: rows hold no lists."""
    keep = len(stack)
    while keep and (stack[keep - 1].family == "row" or keep >= _MAX_DEPTH):
        keep -= 1
    if family == "row":
        while keep and stack[keep - 1].family == "row":
            keep -= 1
    return keep


def _opens(text: str, start: int, stack: list[_Open]) -> bool:
    """Whether what stands before leads in to a list."""
    before = text[max(0, start - 4) : start].rstrip(' \n"\u201c')
    return bool(stack) and before[-1:] in {":", "\u2014", "\u2013"}


def _outer(text: str, found: _Found, family: str, stack: list[_Open]) -> int:
    """How many open units a section, article, chapter... stands in."""
    same = [i for i, unit in enumerate(stack) if unit.family == family]
    if same:
        return same[-1]
    rank = _rank(family)
    if found.is_quoted:
        # New law in quotation marks stands in whatever brings it.
        quoted = [i for i, unit in enumerate(stack) if unit.family[0] == "\u201c"]
        return next(
            (i for i in quoted if _rank(stack[i].family) >= rank), min(len(stack), _MAX_DEPTH)
        )
    own = next((i for i, unit in enumerate(stack) if unit.family == "section"), None)
    first = 0
    if own is not None and rank <= _rank("article") and _brings(text, found.start, stack[own]):
        first = own + 1
    return next((i for i in range(first, len(stack)) if _rank(stack[i].family) >= rank), len(stack))


@cache
def _rank(family: str) -> int:
    """How far in a kind of unit stands; numbered items are the innermost."""
    plain = family.lstrip("\u201c")
    return _OUTER.get(plain, _INNER.get(plain, 9))


_INNER: Final = {
    "article": 5,
    "section": 6,
    "new section": 6,
    "code": 7,
    "§": 7,
    "code schedule": 8,
}
_BRINGS: Final = re.compile(r"\b(?:amend|add|enact|insert|substitut|read)", re.I)


def _brings(text: str, start: int, unit: _Open) -> bool:
    """Whether an open section of an act brings new law, with chapters and articles of its own."""
    return _BRINGS.search(text, unit.start, min(start, unit.start + 600)) is not None


_AS_FOLLOWS: Final = re.compile(r"\b(?:to read|as follows)\b", re.I)


def _is_brought(text: str, found: _Found, stack: list[_Open]) -> bool:
    """Whether `Sec. 1.` is of the code that `SECTION 1` of the act changes, as in Indiana."""
    own = next((unit for unit in stack if unit.family == "section"), None)
    if (
        own is None
        or not found.label.startswith("Sec.")
        or not text.startswith("SECTION", own.start)
    ):
        return False
    return _AS_FOLLOWS.search(text, own.start, min(found.start, own.start + 600)) is not None


_TITLE: Final = re.compile(
    r"[.:]?[ \t\u2014\u2013-]{0,4}\n?(?:\#{1,6} )?([^\n.;:|]{2,160})(?:[.\n]|$)"
)


def _heading(text: str, found: _Found, end: int) -> str:
    """The words behind a label that name what it is about; items and rows have none."""
    family = found.choices[0][0]
    if _rank(family) == 9:
        return ""
    title = _TITLE.match(text, found.end, min(end, found.end + _MAX_HEADING + 20))
    if title is None:
        return ""
    words = title[1].strip()
    return words if words[:1].isupper() and len(words) <= _MAX_HEADING else ""


# -- sentences --------------------------------------------------------------------------------

_REACH: Final = 6_000
"""No clause is looked for farther than this from the place it is asked for."""
# A full stop with the marks that close a quotation, before a blank; or the end of a line
_STOP: Final = re.compile(r"[.!?\u3002]{1,3}[\"\u201d»\u2019')\]]{0,3}(?=\s)|\n")
_SHORT: Final = frozenset(
    re.split(
        " ",
        "no nos sec secs art arts ch cl par para paras pp p subd subsec reg regs sched dr mr mrs ms"
        " inc ltd co corp st vs v stat rev cf ed al seq approx dept div ex fig gen gov rep sen supp"
        " tit vol u.s u.s.c c.f.r e.g i.e d.c a.m p.m ph.d r.s.a v.s.a n.j.s p.l nr abs bl b.v z.b"
        " u.a d.h bzw gem vgl lfd ziff odst písm č čl sb z tzv napr resp jf pkt kap"
        " f.eks bl.a m.m mv osv mm ev gg lg jrk tähst n ss sr sra num",
    )
)
_LONE: Final = re.compile(r"[IVX]{1,5}")
# "s.b", "n.j.s.a"
_INITIALS: Final = re.compile(r"(?:\w\.){1,6}\w")
# A line that cannot end there: "... of the"
_GOES_ON: Final = re.compile(
    r"\b(?:the|of|and|or|an?|to|in|by|for|with|that|under|section|sections)$"
)
_LINE: Final = 60
"""Shorter lines were not broken for want of room."""


def sentence(marked: Marked, sections: Sequence[Section], position: int) -> Span:
    """The sentence, or the clause of a list, that holds the character at `position`.

    It never reaches beyond the unit with the label before it.
    """
    first, last, labelled = _own(marked.text, sections, position)
    span = sentence_within(
        marked.text, max(first, position - _REACH), min(last, position + _REACH), position
    )
    if span.start < labelled <= position:
        return _trim(marked.text, labelled, span.end)
    return span


def lead_in(marked: Marked, sections: Sequence[Section], position: int) -> tuple[Span, ...]:
    """What the clause at `position` goes on from, outermost first: "A person may not:"."""
    text = marked.text
    index = _innermost(sections, position)
    spans: list[Span] = []
    own, _, labelled = _own(text, sections, position)
    here = sentence(marked, sections, position).start
    colon = text.rfind(":\n", max(own, here - _REACH), here)
    if colon >= labelled and ".\n" not in text[colon:here]:
        spans.append(sentence_within(text, max(labelled, colon - _REACH), colon + 1, colon))
    parent = sections[index].parent if index is not None else None
    while parent is not None:
        unit = sections[parent]
        end = sections[parent + 1].start
        begin = min(unit.start + len(unit.label), end)
        own_text = _trim(text, max(begin, end - _REACH), end)
        if own_text.start < own_text.end:
            span = sentence_within(text, own_text.start, own_text.end, own_text.end - 1)
            words = text[span.start : span.end]
            if words[-1] not in ".;" or "following" in words[-200:]:
                spans.append(span)
        parent = unit.parent
    return tuple(reversed(spans))


def _own(text: str, sections: Sequence[Section], position: int) -> tuple[int, int, int]:
    """From where to where the text between two labels goes, and where its own label ends."""
    index = bisect_right(sections, position, key=attrgetter("start"))
    last = sections[index].start if index < len(sections) else len(text)
    if not index:
        return 0, last, 0
    unit = sections[index - 1]
    return unit.start, last, min(last, unit.start + len(unit.label))


def sentence_within(text: str, first: int, last: int, position: int) -> Span:
    """The sentence that holds the character at `position`, of the text from `first` to `last`."""
    start, end = first, last
    for stop in _STOP.finditer(text, first, last):
        if not _is_end(text, stop, first):
            continue
        if stop.end() > position:
            end = stop.end()
            break
        start = stop.end()
    return _trim(text, start, end)


def _trim(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _is_end(text: str, stop: re.Match[str], first: int) -> bool:
    """Whether a full stop ends a sentence, or a line break a line that was not merely broken."""
    after = text[stop.end() : stop.end() + 3].strip()[:1]
    if stop[0] == "\n":
        before = text[max(first, stop.start() - _LINE) : stop.start()]
        if before[-1:] in {":", ".", ";", "!", "?"}:
            return True
        if _LONE.fullmatch(before):
            return True
        if "\n" not in before or after.islower() or before[-1:] in {",", "-"}:
            return False
        return _GOES_ON.search(before) is None
    if after.islower():
        return False
    if stop[0][0] != ".":
        return True
    word = text[max(first, stop.start() - 12) : stop.start()].split()[-1:]
    if not word:
        return False
    bare = word[0].strip('("\u201c[§').lower()
    if bare in _SHORT or (len(bare) == 1 and bare.isalpha()) or _INITIALS.fullmatch(bare):
        return False
    return not (bare.isdigit() and len(bare) <= 3 and stop.start() - first < 14)
