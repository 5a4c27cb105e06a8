"""Names of kratom in words that do nothing: titles, recitals, definitions, citations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kratom_atlas.model.reading import Span
from kratom_atlas.read.clauses.schedules import TITLED
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.clauses.zones import zone_at
from kratom_atlas.read.conduct import find_rule
from kratom_atlas.read.things import Thing

__all__ = ["ENDED", "idle_reason"]

# What makes a sentence of what looks like a heading
_SAYS: Final = phrase(
    r"\b(?:shall|must|may not|is|are|be) (?:hereby |not )?[a-z]{2,12}|\b(?:shall|unlawful)\b"
)
# A line of its own behind the label of a section, without a full stop
_HEADING_LINE: Final = phrase(r"\s{0,3}([A-Z][^\n]{3,110}?[^\n.:;,—-])\n(?=[A-Z(\"“])")
# ` Consumer Protection Act"`: the name of an act
_ACT_NAME: Final = phrase(
    r"(?:['’]s)?(?:[ \n][A-Z][\w’']{1,20}|[ \n](?:and|of|the|for|&)){0,7}[ \n]"
    r"(?:Act|ACT|Code|Chapter|Fund|Program|Bill|Law|Task Force|Rule)\b"
)
# `may be cited as`, `known as the "`
_CITED: Final = phrase(
    r"\b(?:(?:may|shall) be (?:known|cited|referred)|known and may be cited|short title|cited as"
    r"|entitled|titled)\b[^.;]{0,120}$"
)
# ` Act, is hereby repealed`
ENDED: Final = phrase(
    r"[^.;]{0,100}?\b(?:is|are) (?:hereby )?repealed\b|[^;\[]{0,120}?\[repealed\b"
)
# Headings and leads of parts that find, declare or intend
_DECLARING: Final = phrase(
    r"\b(?:legislative (?:findings?|intent|purpose|declaration)"
    r"|findings?(?: and (?:purpose|decl|intent)|; |\.\s)"
    r"|(?:legislature|assembly|congress|council|city|county|people|commissioners|senate|house)"
    r"\b[^.;]{0,60}?\b(?:finds?|determines?|declares?|recogni[sz]es?)\b|it is the (?:intent|purpose"
    r"|policy)|intent of the|(?<!for )the purposes? of (?:this|th|\[)|statement of purpose)"
)
# `Definitions.`, `As used in this section:`, `For the purposes of this chapter:`
_DEFINING: Final = phrase(
    r"^\S{1,16}(?:\s\S{1,16})?\s{1,3}(?:\(\w{1,3}\)\s)?(?:definitions?\b|as used in this\b"
    r"|for (?:the )?purposes of (?:this|th)\b[^.;]{0,80}:)"
)
_COMMAND_TO: Final = phrase(
    r"\b(?:(?:shall|must|may) not|unlawful|no person|guilty|prohibited|a crime|offen[cs]e)\b"
)
_RECITAL: Final = 1200


def idle_reason(text: Text, thing: Thing) -> str | None:
    at = thing.span.start
    if (zone := zone_at(text, at)) is not None:
        return zone
    chain = text.chain(at)
    if ENDED.match(text.lower, thing.span.end):
        return None
    if _is_act_name(text, thing):
        return "name of an act"
    if _in_heading(text, chain, thing):
        return "heading"
    if _CITED.search(text.lower, max(0, at - 160), at):
        return "short title"
    for index in chain:
        reason = text.unit_reasons.get(index)
        if reason is None:
            reason = text.unit_reasons[index] = _unit_reason(text, index)
        if reason == "definition" and _commands_near(text, index, at):
            continue
        if reason:
            return reason
    recital = text.lower.rfind("whereas", max(0, at - _RECITAL), at)
    between = text.lower[recital:at] if recital >= 0 else ";"
    if not {"\n", ";"} & set(between) and "therefore" not in between:
        return "recital"
    if text.lexicon.defining(at) is not None and not _in_schedule_section(text, chain):
        return "definition"
    return None


def _unit_reason(text: Text, index: int) -> str:
    """Why a unit does nothing by its first words; empty if they do not say so."""
    section = text.sections[index]
    lead = text.lead(index)
    end = min(section.end, section.start + 300) if lead is None else lead.end
    words = text.lower[section.start : min(end, section.start + 400)]
    if _DECLARING.search(words):
        return "finding or purpose"
    return "definition" if _DEFINING.search(words) else ""


def _commands_near(text: Text, index: int, at: int) -> bool:
    section = text.sections[index]
    near = Span(max(section.start, at - 250), min(section.end, at + 200))
    return _COMMAND_TO.search(text.lower, *near) is not None


def _in_schedule_section(text: Text, chain: Sequence[int]) -> bool:
    return any(TITLED.match(text.sections[index].heading.lower()) for index in chain)


def _is_act_name(text: Text, thing: Thing) -> bool:
    word = text.marked.text[thing.span.start : thing.span.end]
    return word[:1].isupper() and _ACT_NAME.match(text.marked.text, thing.span.end) is not None


def _in_heading(text: Text, chain: Sequence[int], thing: Thing) -> bool:
    for index in chain:
        section = text.sections[index]
        if not section.heading:
            if _in_bare_heading(text, index, thing):
                return True
            continue
        at = text.marked.text.find(section.heading, section.start, section.start + 400)
        if at >= 0 and at <= thing.span.start < at + len(section.heading):
            end = at + len(section.heading)
            if text.marked.text[end : end + 3].lstrip()[:1].islower():
                return False  # the first line of a sentence
            if text.lower.find(": ", at, thing.span.start) >= 0:
                return False  # an item of a list of kinds
            # What all of a section says is no heading, and neither is a rule.
            is_all = not text.marked.text[end : min(section.end, end + 40)].strip(" .\n")
            return not is_all and _is_no_rule(text.lower, Span(at, end))
    return False


def _in_bare_heading(text: Text, index: int, thing: Thing) -> bool:
    """Whether the name stands in words between a section's label and its first part or line."""
    section, lead = text.sections[index], text.lead(index)
    if section.label.startswith("("):
        return False
    first = section.start + len(section.label)
    line = _HEADING_LINE.match(text.marked.text, first)
    end = line.end(1) if line is not None else lead.end if lead is not None else first
    if not first <= thing.span.start < end or end - first > 250:
        return False
    is_all = not text.marked.text[end : min(section.end, end + 40)].strip(" .\n")
    return (
        not is_all
        and ":" not in text.lower[first:end]
        and _is_no_rule(text.lower, Span(first, end))
    )


def _is_no_rule(lower: str, span: Span) -> bool:
    return _SAYS.search(lower, *span) is None and find_rule(lower, span) is None
