"""Penalties that stand apart from the rule whose breach they punish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kratom_atlas.model.reading import Span
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.read.clauses.findings import PUNISHED, qualify
from kratom_atlas.read.clauses.spans import clause_at
from kratom_atlas.read.clauses.text import LONGEST, Text, phrase
from kratom_atlas.read.clauses.zones import zone_at

__all__ = ["attach_penalties"]

# `violates this section`, `a violation of this chapter`, `an offense under this section`
_BREACH: Final = phrase(
    r"\b(?:violat(?:es|ion|ions|ing|ed)|offen[cs]e (?:under|in|against)|contraven(?:es|ing|tion)"
    r"|breach(?:es|ing)?|fail(?:s|ure|ing) to comply with|non-?compliance with|contrary to"
    r"|prohibited by)\b[^.;]{0,80}?"
    r"\b(?:th(?:is|e provisions of this)\s(?P<unit>section|subsection|subdivision|paragraph|act"
    r"|ordinance|order|regulation|rule|code|law|chapter|article|subchapter|part|division|title)"
    r"|(?:code\s)?(?:sections?|articles?|rules?|paragraphs?)\s\d|§|subd(?:ivision|\.) \(?\w"
    r"|(?:sub)?paragraph \(|subsections? \(?\w)"
    r"|\b(?P<near>(?:a|each|any|every) violation (?:is|shall be|constitutes) (?:an?|punish|subject)"
    r"|so offending|on (?:summary )?conviction|(?:who|that) does so"
    r"|violators? (?:shall|may|is|are)|convicted under"
    r"|upon conviction"
    r"|(?:an?|the|any) (?:first|second|third|subsequent) (?:violation|offen[cs]e)|the first time"
    r"|break(?:s|ing)? (?:this|the|section)|offenders? (?:shall|may|must|is|are|who)"
    r"|(?:this|such|that|the) (?:offen[cs]e|crime|conduct) (?:is|are|shall|carries|constitutes)"
    r"|(?:maximum|civil|criminal) penalt(?:y|ies)\s?[:—-]|penalt(?:y|ies)\s?[:—]|the penalty for"
    r"|maximum penalty|(?:violation|breach) of the foregoing|fail(?:s|ure) to comply"
    r"|found to have (?:sold|given|supplied)|acts? contrary|violates? (?:sub\.|rsa)"
    r"|assess a civil penalty"
    r"|you may be fined)"
)
# What no punishment is without
_PUNISHES: Final = re.compile(
    r"fine|misdemeanor|felony|penalt|imprison|infraction|punish|offen[cs]e|jail|forfeit|[$£€]|crime"
)
_MAX_BREACHES: Final = 30
_BREACH_REACH: Final = 120_000


def attach_penalties(text: Text) -> None:
    """Give the punishment of a section, or of the act, to what it punishes."""
    ruled = [
        f.at.start
        for f in text.found
        if f.finding.effect in PUNISHED and not f.finding.qualifiers.penalties
    ]
    if not ruled:
        return
    for breach, span in _breaches(text, min(ruled), max(ruled)):
        if _PUNISHES.search(text.lower, *span) is None:
            continue
        penalties = Qualifiers(penalties=text.qualifiers(span).penalties)
        if not penalties.penalties:
            continue
        narrow = breach in {"section", "subsection", "subdivision", "paragraph", ""}
        done = qualify(text, span.start, penalties, whole=not narrow)
        if not done and breach == "":
            qualify(text, span.start, penalties, whole=True)


def _breaches(text: Text, first: int, last: int) -> Iterator[tuple[str | None, Span]]:
    chain = text.chain(first)
    start = text.sections[chain[0]].start if chain else max(0, first - LONGEST)
    after = text.chain(last)
    end = min(len(text.lower), max(last + LONGEST, text.sections[after[0]].end if after else 0))
    done = start
    for count, breach in enumerate(
        _BREACH.finditer(text.lower, start, min(end, last + 4 * LONGEST, start + _BREACH_REACH))
    ):
        if count >= _MAX_BREACHES:
            return
        if breach.start() < done or zone_at(text, breach.start()) is not None:
            continue
        span = clause_at(text, text.chain(breach.start()), breach.start())
        done = span.end
        yield "" if breach["near"] else breach["unit"], span
