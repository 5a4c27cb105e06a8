"""How a text concerns kratom: what it is about, what it does to it, or that it only names it.

What a text is about shows in its title, in the clause that names the act, in the headings of its
units, and in how much of it (or of what it adds) is on kratom. What it does is in its findings.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from kratom_atlas.model.observation import Mention
from kratom_atlas.model.reading import Finding, Marked, Novelty, Relevance, Struck
from kratom_atlas.model.vocabulary import Effect
from kratom_atlas.read.terms import find_mentions

__all__ = ["classify", "relevance"]

_MUCH: Final = 0.8
"""So many mentions in a thousand characters are of a text that is about kratom."""
_SHORT: Final = 1500
"""The length of a text that has room for one matter, and of a long title that lists few."""
_OPENING: Final = 600
_FEW: Final = 3
_MANY: Final = 10
_SENTENCE: Final = 500
_LINE: Final = 200


class Cue(NamedTuple):
    """A name for what a sentence does that only names kratom, and how such sentences read."""

    name: str
    pattern: re.Pattern[str]


_FINDS: Final = (
    # WHEREAS, kratom is sold ...; The Legislature finds that kratom ...
    r"^\W{0,4}(?:whereas|considérant|considerando|in erwägung|recital)\b"
    r"|\b(?:legislature|assembly|council|congress|commission|board|senate|house) "
    r"(?:\w{1,12} ){0,3}(?:finds?|declares?|recogni[sz]es?|notes?)\b"
    r"|\b(?:it is the intent|findings)\b"
)
_CITES: Final = (
    # under the Kratom Consumer Protection Act; chapter 12 (kratom products); section 4 on kratom
    r"\b(?:under|pursuant to|as defined in|as provided in|as amended by|see|cf\.|in|of|to|and|or"
    r"|accordance with|violat\w{1,4}(?: of)?|subject to|by) "
    r"(?:the )?(?:[\w.’'-]{1,20} ){0,4}kratom (?:[\w-]{1,20} ){0,4}act\b"
    r"|\b(?:section|chapter|article|title|part|§+) ?[\w.:-]{1,20},? "
    r"?(?:\(|relating to |on |concerning )[^()\n]{0,60}(?:kratom|mitragyn)"
    # Chapter 12, Kratom Products Act; the Kratom Products Act, Title 4
    r"|\b(?:section|chapter|article|title|part|§+) [\w.:-]{1,20}, kratom (?:[\w-]{1,20} ){1,4}act\b"
    r"|\bkratom (?:[\w-]{1,20} ){0,4}act, (?:section|chapter|article|title|part|§+) ?\w"
)
_PAYS: Final = (
    # $ 50,000 for a survey of kratom; appropriated to the department
    r"\bappropriat(?:ed|ion)\b|[$€£] ?\d[\d,.]{0,15} (?:is|are|for|to|shall)\b"
    r"|\bfunds? (?:is|are|shall be) (?:available|used|provided)\b"
    # from the General Fund, $ 310,000; of the appropriation item
    r"|\b(?:general fund|dedicated credits|appropriation item)\b[^.]{0,200}[$€£] ?\d"
)
_STUDIES: Final = (
    # a study of overdoses, including those with kratom
    r"\b(?:stud(?:y|ies)|report|survey|task force|work(?:ing)? group|surveillance|data|research"
    r"|statistics|number of (?:visits|deaths|overdoses|cases))\b"
)
_TEACHES: Final = (
    # instruction on the dangers of kratom; posters and a campaign on kratom
    r"\b(?:instruction|curricul\w{1,3}|lessons?|posters?|leaflets?|campaigns?|training)\b"
)
_SHOWS: Final = (
    # plants, for example kratom: with no word on who may do what
    r"^(?!.{0,1200}\b(?:s[eo]ll|sells|sale|possess\w{0,4}|distribut\w{1,4}|prohibit\w{0,4}|unlawful"
    r"|may not|shall not|scheduled?|controlled|tax|screen)\b)"
    r".{0,1200}\b(?:for example|e\.g\.|such as)\b"
    r"[^.;]{0,80}(?:kratom|mitragyn)"
)
_TELLS: Final = (
    # the introduced version of this bill barred kratom; other states have put kratom in
    r"\b(?:introduced|original|previous|prior|earlier) version\b"
    r"|\bother (?:states|countries) have\b"
    r"|\bmemorandum in support\b"
)
_ASKS: Final = (
    # the council urges the legislature to place kratom; calls upon Congress to
    r"\b(?:urges?|encourages?|memoriali[sz]es?|petitions?|requests?|asks?|calls? (?:up)?on) "
    r"(?:\w{1,12} ){0,3}(?:congress|legislature|general assembly|legislative assembly|governor"
    r"|general court)\b"
)
_DEFINES: Final = (
    # "Substance" means alcohol, kratom or ...
    r"[\"”’']\W{0,3}(?:\w{1,12} ){0,3}(?:means?|includes?|has the meaning)\b"
)
_IDLE: Final = tuple(
    Cue(name, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for name, pattern in (
        ("a finding", _FINDS),
        ("a citation", _CITES),
        ("a budget line", _PAYS),
        ("a study or a report", _STUDIES),
        ("a definition", _DEFINES),
        ("an account of other law", _TELLS),
        ("a request to others", _ASKS),
        ("what is taught", _TEACHES),
        ("an example", _SHOWS),
    )
)
_OPERATIVE: Final = re.compile(
    # No person shall sell ...; is prohibited; Schedule I; je zakázáno; ist verboten
    r"\b(?:shall|must|may not|unlawful|prohibit\w{0,4}|banned|offen[cs]e|felony|misdemeanou?r"
    r"|penalt\w{1,3}|scheduled?|repealed|tax|licen[cs]ed?|registr\w{1,6}|controlled|verboten"
    r"|detain\w{0,6}|embargo\w{0,2}|interdit\w?|zakáz\w{1,4}"
    r"|prohibid\w{1,2}|vietat\w|forbudt|kielletty|keelatud)\b",
    re.IGNORECASE,
)
_PLAIN: Final = "words without a rule"
_FINDS_IT: Final = _IDLE[0].pattern
_NAMES_THE_ACT: Final = re.compile(
    # This act shall be known and may be cited as the Kratom Consumer Protection Act
    r"\b(?:cited|known|referred to) as\W{0,6}(?:the )?\W{0,3}(?:[\w.’'-]{1,20} ){0,6}$",
    re.IGNORECASE,
)
_ENACTS: Final = re.compile(
    r"\b(?:be it (?:enacted|resolved|ordained)|enacts? as follows|do enact|be it further"
    r"|the people of the state|do(?:es)? (?:hereby )?ordain)\b",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(
    # Sec. 3. Sale of kratom; § 21-2 Kratom; CHAPTER 9. KRATOM PRODUCTS; Článek 2 Kratom
    r"\W{0,3}(?:sec(?:tion|s)?\b|§+|art(?:icle|\b)|chapter|part|subpart|title|division|subchapter"
    r"|abschnitt|hlava|kapitola|kapitel|capítulo|chapitre|rozdział)\.?\s{0,2}"
    r"[\w.:()-]{0,24}[\s.:—–-]{0,5}[^.;:\n]{0,90}$|\W{0,3}\d{1,4}[\w.-]{0,14}[-.:]\d[\w.-]{0,12}"
    r"[\s.:—–-]{1,5}[^.;:,\n]{0,70}$",
    re.IGNORECASE,
)
_VERB: Final = re.compile(
    r"\b(?:shall|may|must|means?|includes?|is|are|was|amended|under|pursuant|defined)\b|[$\"“]",
    re.IGNORECASE,
)


def relevance(marked: Marked, *, title: str = "", language: str = "en") -> Relevance:
    """How a text concerns kratom, as far as its words alone show it."""
    return classify(marked, find_mentions(marked.text, language), (), title)[0]


def classify(
    marked: Marked, mentions: Sequence[Mention], findings: Sequence[Finding], title: str
) -> tuple[Relevance, str]:
    """How a text concerns kratom, and why.

    `mentions` are those of `marked.text`; `findings` what was read in it, `title` what its source
    calls it.
    """
    struck = [words for words in marked.struck if find_mentions(words.text)]
    named = bool(find_mentions(title))
    if not (mentions or struck or findings):
        if named:
            return Relevance.PRIMARY, "its title names it"
        return Relevance.NONE, "it is not named"
    opening = _opening(marked.text)
    if not findings and not struck:
        # The first that does something ends the search: there may be many.
        kinds = (_idle(marked.text, mention, opening) for mention in mentions)
        idle = list(takewhile(bool, kinds))
        is_idle = len(idle) == len(mentions)
        is_about = named or (is_idle and bool(_about(marked.text, mentions, opening)))
        if is_idle and not (_PLAIN in idle and is_about):
            why = f"named only in {', '.join(dict.fromkeys(idle))}"
            return Relevance.INCIDENTAL, why
    if named:
        return Relevance.PRIMARY, "its title names it"
    if about := _about(marked.text, mentions, opening):
        return Relevance.PRIMARY, about
    if findings and all(finding.novelty is Novelty.KEEPS for finding in findings):
        return Relevance.SUBSTANTIVE, "the rule that reaches it stood before"
    if findings and all(finding.effect is Effect.EXEMPT for finding in findings):
        return Relevance.SUBSTANTIVE, "a rule on something else leaves it out"
    if (findings or struck) and (much := _much(marked, mentions, struck)):
        return Relevance.PRIMARY, much
    return Relevance.SUBSTANTIVE, "a rule of a text on something else reaches it"


def _opening(text: str) -> int:
    """Where the long title ends: nothing that long is one, so of it only the first words count."""
    enacts = _ENACTS.search(text, 0, 6 * _SHORT)
    end = enacts.start() if enacts else 0
    return end if end <= _SHORT else _OPENING


def _about(text: str, mentions: Sequence[Mention], opening: int) -> str:
    """Where the text says that it is about kratom, if it does."""
    for mention in mentions:
        line = text.rfind("\n", max(0, mention.start - _LINE), mention.start) + 1
        line = line or max(0, mention.start - _LINE)
        before = text[line : mention.start]
        if _NAMES_THE_ACT.search(text, max(0, mention.start - _LINE), mention.start):
            return "the act is named after it"
        if mention.start < opening and not _FINDS_IT.search(text, line, mention.start):
            return "its long title names it"
        if _HEADING.match(before) and not (_VERB.search(before) or _in_rows(text, mention.end)):
            return "a heading names it"
    return ""


def _idle(text: str, mention: Mention, opening: int) -> str:
    """What the sentence is that only names kratom, if it does no more."""
    if mention.start < opening:
        return "its long title"
    if mention.exception:
        return "an exception"
    sentence = _sentence(text, mention)
    for cue in _IDLE:
        if cue.pattern.search(sentence):
            return cue.name
    return "" if _OPERATIVE.search(sentence) else _PLAIN


# `. ` before a new sentence, `; `, and a line that begins one, or an item: `\n(b) `, `\nSec. 2`.
_EDGE: Final = re.compile(
    r"(?:[.;]|(?<=\.)[\"”)])\s{1,4}(?=[\"“(\[]{0,2}[^\W_a-z])"
    r"|\n(?=\W{0,3}\w{1,4}[.)]\s|\s|\W{0,2}§)"
)
_WIDE: Final = 60
"""A line of prose that goes on in the next is at least so wide."""
_ROW: Final = 90
"""An item of a list that only names something is no longer."""


def _sentence(text: str, mention: Mention) -> str:
    """The words of one sentence around `mention`; a line break inside it ends nothing."""
    first, last = max(0, mention.start - _SENTENCE), mention.end + _SENTENCE
    for edge in _EDGE.finditer(text, first, mention.start):
        first = edge.end()
    after = _EDGE.search(text, mention.end, last)
    last = after.start() if after else min(last, len(text))
    # A short line is a heading or a row, and whole.
    for at in _newlines(text, first, mention.start):
        first = at + 1 if _is_short(text, at) else first
    last = next((at for at in _newlines(text, mention.end, last) if _is_short(text, at)), last)
    return " ".join(text[first:last].split())


def _newlines(text: str, first: int, last: int) -> list[int]:
    return [first + at for at, letter in enumerate(text[first:last]) if letter == "\n"]


def _is_short(text: str, end: int) -> bool:
    return end - text.rfind("\n", max(0, end - _WIDE), end) - 1 < _WIDE - 1


def _much(marked: Marked, mentions: Sequence[Mention], struck: Sequence[Struck]) -> str:
    """What share of the text, or of what it changes, is on kratom, if it is large."""
    if marked.is_marked and (marked.added or marked.struck):
        starts = [span.start for span in marked.added]
        within = [
            m
            for m in mentions
            if (at := bisect_right(starts, m.start) - 1) >= 0 and m.end <= marked.added[at].end
        ]
        changed = sum(span.end - span.start for span in marked.added)
        changed += sum(len(words.text) for words in marked.struck)
        named = len(within) + len(struck)
        what = "what it changes"
    else:
        changed, named, what = len(marked.text), len(mentions), "the text"
    if not named:
        return ""
    if changed <= _SHORT and not _is_one_row_of_many(marked.text, mentions):
        return f"{what} is short and names it"
    return f"much of {what} is on it" if named >= _FEW and named * 1000 / changed >= _MUCH else ""


def _is_one_row_of_many(text: str, mentions: Sequence[Mention]) -> bool:
    lines = text.count("\n") + 1
    named = {text.count("\n", 0, mention.start) for mention in mentions}
    return (lines >= _MANY and len(named) * 5 < lines) or _is_item_among_others(text, mentions)


# Where an item of a list begins: `(2) ` or `C. ` at the head of a line or in it, `; `, a new line.
_ITEM: Final = re.compile(
    r"(?P<label>(?:\n[^\S\n]{0,4}|(?<=[;:,]\s)|(?<=;\sor\s))\(?\w{1,3}[.)]\s)"
    r"|(?P<semicolon>;[^\S\n](?!\(?\w{1,3}[.)]\s))|(?P<line>\n)"
)
_OPENS: Final = re.compile(
    # any of the following: ; are controlled substances: ; shall not: (1) ; SCHEDULE 9
    r":(?=\s)|^\W{0,3}schedule \w{1,3}\n",
    re.IGNORECASE | re.MULTILINE,
)
_TALKS: Final = re.compile(
    r"\b(?:this|these|them|either|any product|containing|section|article|rule|order|act)\b"
    r"|^\W{0,3}$|[«»“”\"]|:\s{0,2}$",
    re.IGNORECASE,
)


def _is_item_among_others(text: str, mentions: Sequence[Mention]) -> bool:
    """Whether kratom is named in items of one list alone, of which most name something else."""
    opens = _OPENS.search(text, 0, mentions[0].start) if mentions else None
    if opens is None or len(text) > _SHORT:
        return False
    edges = list(_ITEM.finditer(text, opens.end() - 1))
    ends = [*(edge.start() for edge in edges[1:]), len(text)]
    runs: list[list[tuple[int, int]]] = []
    kind: str | None = ""
    for edge, end in zip(edges, ends, strict=False):
        item = text[edge.end() : end]
        if len(item) > _ROW or _TALKS.search(item) or _VERB.search(item):
            kind = ""
            continue
        if edge.lastgroup != kind:
            runs.append([])
            kind = edge.lastgroup
        runs[-1].append((edge.end(), end))
    for run in runs:
        named = [any(a <= mention.start < b for mention in mentions) for a, b in run]
        within = sum(any(a <= mention.start < b for a, b in run) for mention in mentions)
        if within == len(mentions):
            return named.count(False) > max(1, named.count(True))
    return False


def _in_rows(text: str, end: int) -> bool:
    """Whether the line that follows is another numbered name: a list, and no heading."""
    first = text.find("\n", end, end + _LINE) + 1
    last = text.find("\n", first, first + _LINE) if first else -1
    line = text[first : max(last, first)]
    return bool(line) and bool(_HEADING.match(line)) and not _VERB.search(line)
