"""A text with what its source shows as new and as struck out.

What a legislature uses, where it was seen, and what is made of it:

| where | new | struck |
|---|---|---|
| Utah (XML) | `ea="amend"` | `ea="erase"` |
| West Virginia (HTML) | underlined, by a class | line-through, by a class |
| Arkansas, South Dakota (PDF) | lost | lost |
| Mississippi (HTML) | `<u>`; no legend | left out as `* * *` |
| New Jersey (HTML) | `<u>`; wholly new sections have none | bold `[` `]`: they stand in the text |
| Michigan (HTML) | class `FormattedNew` | line-through |
| Iowa (HTML), Nebraska, Montana, Idaho (extracted) | lost | lost |
| Texas | `<u>`; lost where extracted | `[` `]`: they stand in the text |
| Nevada, New York, Alaska, Pennsylvania | as their legend says | `[` `]`, where it says so |
| Maryland, Colorado | CAPITALS, where their legend says so | `[` `]`, or struck through |
| Virginia (HTML) | italics | struck through |
| Washington | `<u>` | `((` `))`: they stand in the text |
| Oregon (plain text) | `{+ +}` | `{- -}`: they stand in the text |
| Congress, California (amended) | against the version before: `added-phrase` | `deleted-phrase` |

`Marked.text` is the text of `read_text`. What the markup strikes is not in it, and `Struck.at` is
where it was. What brackets strike is in it: `Struck.at` is then where those very words stand; see
`struck_in_place`. A text whose legend speaks of marks that were lost on the way is not marked.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Marked, Span, Struck
from kratom_atlas.read.markup import Trace
from kratom_atlas.read.media import Media, sniff
from kratom_atlas.read.normal import BLOCK, CELL
from kratom_atlas.read.text import NormalText, normalise, read_text

__all__ = ["Cut", "mark", "read_marked", "struck_in_place", "without_struck"]


def read_marked(
    body: bytes,
    *,
    media: Media | None = None,
    declared: str | None = None,
    extracted: bool = False,
) -> Marked:
    """The text of `body` with what it adds and strikes.

    `media` and `declared` are as for `read_text`. `extracted` says that somebody made plain text
    of a document that showed its changes otherwise.

    Raises:
        FaultError: there is no text to be had from it.
    """
    trace = Trace()
    text = read_text(body, media=media, declared=declared, trace=trace)
    shows = (media or sniff(body)) in _SHOW
    return _marked(text, trace, shows=shows, extracted=extracted)


def mark(text: str, media: Media, *, extracted: bool = False) -> Marked:
    """As `read_marked`, of a text that is decoded already."""
    trace = Trace()
    found = normalise(text, media, trace=trace)
    return _marked(found, trace, shows=media in _SHOW, extracted=extracted)


def struck_in_place(marked: Marked) -> tuple[Span, ...]:
    """The struck words that stand in the text, as brackets leave them there."""
    return tuple(
        Span(words.at, words.at + len(words.text))
        for words in marked.struck
        if words.text and marked.text.startswith(words.text, words.at)
    )


class Cut(NamedTuple):
    """A text without the struck words that stood in it, and where its parts were before.

    `starts` are where parts begin in `marked.text`, `shifts` how much had been cut before each.
    """

    marked: Marked
    starts: tuple[int, ...] = (0,)
    shifts: tuple[int, ...] = (0,)

    def back(self, span: Span) -> Span:
        """Where the characters of `span` stood before the cut."""
        last = self._back(span.end - 1) + 1 if span.end > span.start else self._back(span.start)
        return Span(self._back(span.start), last)

    def _back(self, place: int) -> int:
        return place + self.shifts[bisect_right(self.starts, place) - 1]

    def cut(self, place: int) -> int:
        """Where a character of the text before the cut stands now, or would."""
        index = bisect_right(self.starts, place, key=lambda start: self._back(start)) - 1
        start = self.starts[index]
        end = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.marked.text)
        return min(start + place - self._back(start), end)


_BRACKETS: Final = (("((", "))"), ("{-", "-}"), ("<<-", "->>"), ("[D>", "<D]"), ("[", "]"))


def without_struck(marked: Marked) -> Cut:
    """`marked` with all its struck words left out, also those that stand in it in brackets."""
    text = marked.text
    outs = _joined(text, (*_empty(marked), *_in_brackets(marked)))
    if not outs:
        return Cut(marked)
    pieces, starts, shifts = [text[: outs[0].start]], [0], [0]
    for out, follows in pairwise((*outs, Span(len(text), len(text)))):
        starts.append(starts[-1] + len(pieces[-1]))
        shifts.append(out.end - starts[-1])
        pieces.append(text[out.end : follows.start])
    cut = Cut(Marked("".join(pieces)), tuple(starts), tuple(shifts))
    added = (Span(cut.cut(span.start), cut.cut(span.end)) for span in marked.added)
    return cut._replace(
        marked=marked._replace(
            text=cut.marked.text,
            added=tuple(span for span in added if span.start < span.end),
            struck=tuple(words._replace(at=cut.cut(words.at)) for words in marked.struck),
        )
    )


def _in_brackets(marked: Marked) -> Iterator[Span]:
    return (_with_brackets(marked.text, span) for span in struck_in_place(marked))


def _empty(marked: Marked) -> Iterator[Span]:
    """What is left of brackets whose words were struck through as well: `(( ))`."""
    for words in marked.struck:
        around = marked.text[max(0, words.at - 3) : words.at + 3]
        found = _EMPTY.search(around)
        if found is not None:
            first = max(0, words.at - 3)
            yield Span(first + found.start(), first + found.end())


_EMPTY: Final = re.compile(r"\(\( ?\)\)|\[ ?\]")


def _with_brackets(text: str, span: Span) -> Span:
    for opening, closing in _BRACKETS:
        start = span.start - len(opening)
        if start >= 0 and text.startswith(opening, start) and text.startswith(closing, span.end):
            span = Span(start, span.end + len(closing))
            break
    # Of the blanks before and behind one is left.
    is_between = text[span.start - 1 : span.start] == " " == text[span.end : span.end + 1]
    return Span(span.start, span.end + is_between)


_SHOW: Final = frozenset({Media.HTML, Media.XML, Media.DOCX})
"""What can show underlined and struck words as such."""


def _marked(found: NormalText, trace: Trace, *, shows: bool, extracted: bool) -> Marked:
    text = found.text
    legend = _legend(text)
    apart = [
        (how, span)
        for how, first, last in trace.set_apart
        if (span := _trimmed(text, found.place(first), found.place(last))) is not None
    ]
    left_out = _left_out(found, trace)
    added = [span for how, span in apart if how == "new"]
    shown = _joined(text, (span for how, span in apart if how in legend))
    added += [span for span in shown if not _CITATION.fullmatch(text, *span)]
    if "underline" not in legend:
        added += _underlined(text, [s for how, s in apart if how == "underline"], bool(left_out))
    if "capitals" in legend:
        added += _capitals(text)
    for opening, closing in _PLUS:
        added += [Span(a + 2, b) for a, b in _between(text, opening, closing)]
    in_place = _in_place(text, legend, apart)
    is_marked = bool(added or left_out or (in_place and "brackets" not in legend))
    return Marked(
        text=text,
        added=_joined(text, added),
        struck=tuple(sorted(left_out + in_place, key=lambda words: words.at)),
        is_marked=is_marked,
        merged=not is_marked
        and (extracted or _is_merged(text) or (not shows and _lost(text, legend))),
    )


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """Without the blanks at its ends; None where nothing is left."""
    piece = text[start:end]
    bare = piece.lstrip()
    if not bare:
        return None
    start += len(piece) - len(bare)
    return Span(start, start + len(bare.rstrip()))


def _joined(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order, without overlaps; those with nothing but blanks between them are one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and (span.start <= joined[-1].end or text[joined[-1].end : span.start].isspace()):
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


_TAG: Final = re.compile(r"<[^<>]{0,2000}+>")


def _left_out(found: NormalText, trace: Trace) -> list[Struck]:
    """The words that were left out; what is struck within struck words is not told twice."""
    struck: list[Struck] = []
    done = -1
    for first, last, source in sorted(trace.struck, key=lambda s: (s[0], -s[1])):
        if last <= done:
            continue
        done = last
        words = html.unescape(_TAG.sub(" ", source)).replace(BLOCK, " ").replace(CELL, " ")
        if words := " ".join(words.split()):
            struck.append(Struck(found.place(first), words))
    return struck


# -- what a document says of its marks --------------------------------------------------------

_NEW_WORDS: Final = r"\b(?:new|add(?:ed|itions?)?)\b"
_OLD_WORDS: Final = (
    r"\b(?:omitted|delet(?:ed|e|ions?)|not enacted|removed|repealed|eliminated|stricken)\b"
)
_SPEAKS: Final = ("underscor", "underlin", "bracket", "bold", "italic", "capital")
_AROUND: Final = 200
_MOST_SPOKEN: Final = 20
_LEGENDS: Final = (
    # "Matter underlined thus is new matter", "Additions are underlined"
    (
        "underline",
        rf"(?:underscor|underlin)\w{{0,8}}+[^.]{{0,80}}?{_NEW_WORDS}",
    ),
    # As in: additions are indicated by underline; not: the section is new, and underscoring omitted
    (
        "underline",
        rf"{_NEW_WORDS}[^.]{{0,80}}?\b(?:underscor|underlin)(?!\w{{0,8}}+ ha(?:s|ve) been omitted)",
    ),
    # "Matter in bolded italics is new"
    ("bold", rf"\bbold\w{{0,6}}+[^.;]{{0,40}}?{_NEW_WORDS}"),
    # As in: matter in italics (underscored) is new
    ("italic", rf"\bitalic\w{{0,4}}+[^.;]{{0,40}}?{_NEW_WORDS}"),
    # "CAPITALS INDICATE MATTER ADDED TO EXISTING LAW"
    ("capitals", rf"\bcapital(?:s|ized| letters)\b[^.;]{{0,60}}?{_NEW_WORDS}"),
    # As in: matter enclosed in bold-faced brackets [thus] is not enacted
    ("brackets", rf"\bbracket\w{{0,4}}+[^.]{{0,120}}?{_OLD_WORDS}"),
    # As in: matter eliminated in brackets; DELETED TEXT BRACKETED
    ("brackets", rf"{_OLD_WORDS}[^.]{{0,40}}?\bbracket"),
)
_COMPILED: Final = tuple((how, re.compile(pattern)) for how, pattern in _LEGENDS)
# Legislatures that print no legend on their bills, by the words that enact.
_CUSTOMS: Final = (
    ("enacted by the legislature of the state of texas", ("underline", "brackets")),
    ("enacted by the general assembly of virginia", ("italic",)),
    ("enacted by the legislature of the state of washington", ("parentheses",)),
    ("amendatory section (", ("parentheses",)),
)


def _legend(text: str) -> frozenset[str]:
    """The marks that the document says it uses, or its legislature always does."""
    found: set[str] = set()
    lower = text.lower()
    for stem in _SPEAKS:
        place = -1
        for _ in range(_MOST_SPOKEN):
            if (place := lower.find(stem, place + 1)) < 0:
                break
            window = lower[max(0, place - _AROUND) : place + _AROUND]
            found.update(how for how, pattern in _COMPILED if pattern.search(window))
            place += _AROUND // 4
    for words, marks in _CUSTOMS:
        if words in lower:
            found.update(marks)
    return frozenset(found)


# -- underlined words of a document without a legend ------------------------------------------

_AMENDS: Final = re.compile(r"\b(?:amend(?:ed|ing)?|enact(?:ed|s)?|repeal(?:ed|ing)?)\b", re.I)
# "(24)  A substance", "(j) Any material": an item, with its label
_ITEM: Final = re.compile(r"\([0-9A-Za-z]{1,4}\)\s*[\w(]")
_CITING: Final = frozenset(
    {"see", "see also", "id", "ibid", "et seq", "e.g", "i.e", "provided", "cf", "inter alia"}
)
# "61 CSR 30", "21 CFR 1308.11": the name of a rule, underlined as a title is
_CITATION: Final = re.compile(r"\d{1,4} ?[A-Z]{2,4} ?\d{1,4}[\w.-]{0,20}")


def _underlined(text: str, spans: list[Span], strikes: bool) -> list[Span]:
    """The underlined words that are new; none where only headings or citations are underlined."""
    if not spans or _AMENDS.search(text) is None:
        return []
    spans = [
        Span(*span)
        for span in _joined(text, spans)
        if text[span.start : span.end].strip(" .,;:").lower() not in _CITING
    ]
    kept = [span for span in spans if not _is_heading(text, span)]
    if strikes or any(_is_text(text, span) for span in kept):
        return kept
    return []


def _is_heading(text: str, span: Span) -> bool:
    """Whether it is a line of its own, short and without an end or a label."""
    words = text[span.start : span.end]
    alone = (not span.start or text[span.start - 1] == "\n") and (
        span.end == len(text) or text[span.end] == "\n"
    )
    return alone and len(words) < 100 and words[-1] not in ".;:,\u201d" and words[0] not in "(§"


def _is_text(text: str, span: Span) -> bool:
    """Whether it can only be new: an item with its label, a sentence, or words within a line."""
    words = text[span.start : span.end]
    if _ITEM.match(words):
        return True
    few = words[:400].split()
    if sum(word[0].islower() for word in few) < 3 or len(few) < 6:
        return False
    return words[-1] in ".;:," or text[max(0, span.start - 2) : span.start].strip(" \n") != ""


# -- marks in plain text ----------------------------------------------------------------------

_PLUS: Final = (("{+", "+}"), ("<<+", "+>>"), ("[A>", "<A]"))
_MINUS: Final = (("{-", "-}"), ("<<-", "->>"), ("[D>", "<D]"))
_LONGEST: Final = 20_000
# "[, or maintains]", "[444.001]"; no brackets within
_BRACKETED: Final = re.compile(r"\[([^\[\]]{1,4000}+)\]")
# Old words between double parentheses, with single ones within
_DOUBLED: Final = re.compile(
    r"\(\(([^()]{1,4000}+(?:\([^()]{0,200}+\)[^()]{0,4000}+){0,50}+)\)\)(?![\w-])"
)
_WORD: Final = re.compile(r"[A-Za-z]{2}|\d")
_SAMPLE_WORDS: Final = frozenset({"thus", "omitted material", "bracketed material", "brackets"})


def _between(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """Where each opening mark is, and the mark that closes it."""
    start = text.find(opening)
    while start >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            return
        if end - start <= _LONGEST:
            yield start + len(opening) - 2, end
        start = text.find(opening, end)


def _in_place(text: str, legend: frozenset[str], apart: list[tuple[str, Span]]) -> list[Struck]:
    """What is struck and still stands in the text."""
    found: list[Struck] = []
    if "brackets" in legend or _has_bold_brackets(text, apart):
        found += [
            Struck(m.start(1), m[1]) for m in _BRACKETED.finditer(text) if _is_struck(text, m)
        ]
    if "parentheses" in legend and "((" in text:
        found += [Struck(m.start(1), m[1]) for m in _DOUBLED.finditer(text) if _WORD.search(m[1])]
    for opening, closing in _MINUS:
        found += [Struck(a + 2, text[a + 2 : b]) for a, b in _between(text, opening, closing)]
    return found


def _has_bold_brackets(text: str, apart: list[tuple[str, Span]]) -> bool:
    bold = {text[span.start : span.end] for how, span in apart if how == "bold"}
    return "[" in bold and "]" in bold


# What drafters put in brackets to be filled in, or to label: [sections 1 through 5], [the effective
# date of this act], [NEW MATERIAL], [EFFECTIVE JULY 1, 2026]
_FILLED_IN: Final = re.compile(
    r"(?:sections? \d[\w., ]{0,40}|(?:the )?(?:effective )?date of [\w ]{1,40}|this act"
    r"|new (?:material|section)|effective [\w, ]{1,40}|repealed|reserved)\.?\Z",
    re.I,
)


def _is_struck(text: str, bracketed: re.Match[str]) -> bool:
    """Whether brackets hold words of a law, rather than a part of a chemical name or a sample."""
    inner = bracketed[1]
    before = text[bracketed.start() - 1 : bracketed.start()]
    after = text[bracketed.end() : bracketed.end() + 1]
    if (before.isalnum() or before in {"-", ")"}) and inner[0] not in ",;. ":
        return False
    if after.isalnum() or after == "-" or inner.strip().lower() in _SAMPLE_WORDS:
        return False
    if _FILLED_IN.match(inner):
        return False
    return _WORD.search(inner) is not None or inner.strip() in {",", ";", "."}


_ENACTS: Final = re.compile(r"\benacted by|\bhereby enacts?\b|\benact as follows", re.I)
_TOKEN: Final = re.compile(r"\S{1,200}")


def _capitals(text: str) -> list[Span]:
    """Runs of words in capitals behind the words that enact."""
    enacting = _ENACTS.search(text)
    if enacting is None:
        return []
    line = text.find("\n", enacting.end())
    found: list[Span] = []
    start = end = letters = 0
    for token in _TOKEN.finditer(text, line if line >= 0 else enacting.end()):
        word = token[0]
        if word.upper() == word and word.lower() != word:
            start = start if letters else token.start()
            end = token.end()
            letters += sum(map(str.isalpha, word))
        elif word.upper() != word:
            found += [Span(start, end)] if letters > 5 else []
            letters = 0
    return [*found, Span(start, end)] if letters > 5 else found


# -- struck words among the others ------------------------------------------------------------

_AGES: Final = ("16", "18", "19", "21")
_TWO_AGES: Final = (
    # An age struck, and the one in its place: "under 1821 years of age"
    *(f"{old}{new} years" for old in _AGES for new in _AGES),
    *(f"eighteen{gap}twenty-one years" for gap in ("", " ")),
    *(f"twenty-one{gap}eighteen years" for gap in ("", " ")),
)
# "(5)(3)", "(4) (2)", before the text of an item
_TWO_LABELS: Final = re.compile(r"\(\d{1,2}\) ?\(\d{1,2}\)(?=\s?[\"\u201cA-Z])")
_TWICE: Final = tuple(f" {word} {word} " for word in ("the", "of", "or", "and", "to", "in", "for"))
_STANDS: Final = re.compile(r"\b(?:is|are|be|as)\s+(?:hereby\s+)?(?:amended|repealed)\b", re.I)


def _is_merged(text: str) -> bool:
    """Whether struck words seem to stand among the others."""
    if any(words in text for words in _TWO_AGES):
        return True
    twice = sum(text.count(words) for words in _TWICE)
    return (twice >= 3 and twice * 5_000 > len(text)) or len(_TWO_LABELS.findall(text)) >= 3


def _lost(text: str, legend: frozenset[str]) -> bool:
    """Whether a legend speaks of underlined and struck words, and neither can be seen."""
    return "underline" in legend and "brackets" not in legend and _STANDS.search(text) is not None
