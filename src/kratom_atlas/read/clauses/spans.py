"""The clause around a place: from which word to which it reaches."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from kratom_atlas.model.reading import Section, Span
from kratom_atlas.read.clauses.text import LONGEST, SENTENCE, Text, phrase
from kratom_atlas.read.conduct import Force

__all__ = ["STOP", "clause_at"]

# `... . A retailer`, `...; and`; but not `U.S. `, `No. 5`, `sec. 4`
STOP: Final = phrase(
    r"[.;](?<!\bu\.s\.)(?<!\bno\.)(?<!\bsec\.)(?<!\bart\.)(?<!\bsub\.)(?<!\bsubd\.)(?<!\bpar\.)(?<!\be\.g\.)(?<!\bi\.e\.)"
    r"(?<![\s.(][a-z]\.)[\"”’)]{0,2}(?:[—–-]{1,2}\s{0,3}|\s{1,3})(?=[\"“(\[]?[a-z0-9§])"
)
# Leads that open no rule: amending words, definitions, labels of lists of any kind
_NO_RULE_LEAD: Final = phrase(
    r"\b(?:to read(?: as follows)?|as follows|as used in|for (?:the )?purposes of"
    r"|adding(?: the following| at the end)?|inserting|following new|have the following meanings?"
    r"|the following (?:words|terms|definitions)|definitions)\b[^.;]{0,160}$"
)


def clause_at(text: Text, chain: Sequence[int], position: int) -> Span:
    """The clause at `position`: a lead with its whole list, or the sentence."""
    lower = text.lower
    own = _sentence(text, chain, position)
    rule = text.rule(own)
    bars = rule is not None and rule.force is Force.BAR and rule.span.start < position
    if bars and not lower[own.start : own.end].rstrip().endswith((":", "—")):
        return own
    for index in chain:
        lead = text.lead(index)
        if lead is None:
            continue
        words = lower[max(lead.start, lead.end - 400) : lead.end].rstrip(" \n\"“'‘")
        if words[-1:] not in {":", "—", "–", "-", ","} and not words.endswith(
            (" or", " of", " to")
        ):
            continue
        if _NO_RULE_LEAD.search(words[-220:]):
            continue
        end = text.sections[index].end
        start = _sentence_start(
            lower, lead.start, lead.start + len(lower[lead.start : lead.end].rstrip())
        )
        if start <= position < start + LONGEST and _leads(text, words, Span(start, end)):
            return Span(start, min(end, start + LONGEST))
    return _loose_list(text, chain, position) or own


def _leads(text: Text, words: str, lead: Span) -> bool:
    """Whether a lead is one of a rule, and not of a list of substances that only lists."""
    if not _is_list_of_substances(words):
        return True
    rule = text.rule(lead)
    return rule is not None and rule.force is Force.BAR


def _loose_list(text: Text, chain: Sequence[int], position: int) -> Span | None:
    """The clause at `position` whose list has no unit above it, with the words that open it."""
    units = text.sections
    index = chain[0] if chain else bisect_right(units, position, key=attrgetter("start"))
    if index >= len(units) or not _is_item(units[index]) or units[index].start > position + 400:
        return None
    first = index
    for before in range(index - 1, max(-1, index - 1 - _MAX_ITEMS), -1):
        if units[before].parent is None:
            if not _is_item(units[before]):
                break
            first = before
    lower = text.lower
    opening = units[first].start
    words = lower[max(0, opening - 400) : opening].rstrip()
    if not words.endswith((":", "—")) or _NO_RULE_LEAD.search(words[-220:]):
        return None
    end = units[index].end
    for after in range(index + 1, min(len(units), index + 1 + _MAX_ITEMS)):
        if units[after].parent is None:
            if not _is_item(units[after]):
                break
            end = units[after].end
    start = _sentence_start(lower, max(0, opening - SENTENCE), opening - 2)
    if text.rule(Span(start, opening)) is None and not units[first].label.startswith("("):
        return None
    if not start <= position < end or not _leads(text, words, Span(start, end)):
        return None
    return Span(start, min(end, start + LONGEST))


def _is_item(unit: Section) -> bool:
    return unit.parent is None and len(unit.label) <= 6 and unit.label[-1:] in {")", "."}


def _sentence(text: Text, chain: Sequence[int], position: int) -> Span:
    lower = text.lower
    section = text.sections[chain[-1]] if chain else None
    first = max(section.start if section else 0, position - SENTENCE)
    following = bisect_right(text.sections, position, key=attrgetter("start"))
    outside = section is None and following < len(text.sections)
    limit = text.sections[following].start if outside else len(lower)
    last = min(section.end if section else limit, position + SENTENCE)
    lead = text.lead(chain[-1]) if chain else None
    if lead is not None and position < lead.end:
        last = min(last, lead.end)
    start = _sentence_start(lower, first, position)
    # A list that runs on in one line belongs to the words that open it.
    for _ in range(_MAX_ITEMS):
        before = lower[max(first, start - 8) : start].rstrip()
        if not _LABELLED.match(lower, start) or not before.endswith((";", "; and", "; or")):
            break
        start = _sentence_start(lower, first, max(first, start - len("; and") - 2))
    start = _list_start(lower, first, start)
    stop = STOP.search(lower, position, last)
    opened = _OPENS_LIST.search(lower, start, stop.start() if stop else last)
    for _ in range(_MAX_ITEMS):
        if not opened or stop is None or lower[stop.start()] != ";":
            break
        if not _LABELLED.match(lower, stop.end()):
            break
        stop = STOP.search(lower, stop.end(), last)
    end = stop.start() + 1 if stop else last
    return Span(start, end)


def _list_start(lower: str, first: int, start: int) -> int:
    """Where the sentence of a list begins that runs on in one line: `the following: a; b; c`."""
    if lower[max(first, start - 3) : start].rstrip()[-1:] != ";":
        return start
    opened = lower.rfind(":", first, start)
    if opened < 0 or _FOLLOWING.search(lower, max(first, opened - 60), opened) is None:
        return start
    if any(lower[m.start()] == "." for m in STOP.finditer(lower, opened, start)):
        return start
    return _sentence_start(lower, first, opened)


_FOLLOWING: Final = phrase(r"\bfollowing\b[^.;:]{0,40}$")
# ` shall not: (1) sell`
_OPENS_LIST: Final = phrase(r"[:—] ?\(?\w{1,4}[.)] ")
_LABELLED: Final = phrase(r"(?:and |or )?\(?\w{1,4}\) ")
_MAX_ITEMS: Final = 30


def _sentence_start(lower: str, first: int, position: int) -> int:
    near = max(first, position - SENTENCE)
    start = near
    for stop in STOP.finditer(lower, near, position):
        start = stop.end()
    return start


def _is_list_of_substances(words: str) -> bool:
    return (
        re.search(r"\b(?:following|any) (?:\w+ ){0,3}(?:substances|opiates)\b", words) is not None
    )
