"""Findings as they are added, qualified and put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from kratom_atlas.model.reading import Finding, Span, Unread
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Activity, Effect, Substance
from kratom_atlas.read.clauses.text import NO_QUALIFIERS, Found, Text

__all__ = ["PUNISHED", "add_finding", "leave_idle", "leave_unread", "merged", "qualify", "unite"]

_QUOTE: Final = 400


def leave_unread(text: Text, span: Span, why: str) -> None:
    """Say of the names in `span` why nothing was read of them."""
    text.unread.extend(Unread(span=t.span, why=why) for t in text.in_span(span))


def leave_idle(text: Text, span: Span, why: str) -> bool:
    """Say of the names in `span` why they do nothing; always true."""
    text.idle.extend(Unread(span=t.span, why=why) for t in text.in_span(span))
    return True


def add_finding(
    text: Text,
    effect: Effect,
    substances: Iterable[Substance],
    found: Sequence[Activity],
    spans: tuple[Span, ...],
    because: Sequence[str],
    qualifiers: Qualifiers = NO_QUALIFIERS,
    *,
    schedule: str | None = None,
    targets: tuple[str, ...] = (),
    grandfather: PartialDate | None = None,
) -> None:
    quote = " ".join(text.marked.text[spans[-1].start : spans[-1].end].split())
    if effect is Effect.LICENSE:  # the licence is the effect
        qualifiers = msgspec.structs.replace(qualifiers, registration=None)
    finding = Finding(
        effect=effect,
        substances=tuple(sorted(substances, key=lambda s: s.rank)),
        activities=tuple(found),
        spans=tuple(dict.fromkeys(spans)),
        quote=quote if len(quote) <= _QUOTE else quote[: _QUOTE - 1] + "…",
        citation=_citation(text, spans[0].start),
        qualifiers=qualifiers,
        schedule=schedule,
        targets=targets,
        grandfather=grandfather,
        because=tuple(because),
    )
    text.found.append(Found(finding, spans[-1]))


def _citation(text: Text, position: int) -> str:
    """What is made or changed at `position`: the amendment's target, or the place in the text."""
    chain = text.chain(position)
    path = text.sections[chain[-1]].path if chain else ""
    for amendment in text.amendments:
        body = amendment.body
        if body is not None and body.start <= position < body.end:
            inner = "".join(
                label
                for label in (text.sections[i].label for i in chain)
                if label.startswith("(") and len(label) < 8
            )
            return f"{amendment.target} {inner}".strip()
    return path


def unite(one: Qualifiers, other: Qualifiers) -> Qualifiers:
    if other == NO_QUALIFIERS:
        return one
    values: dict[str, Any] = {}
    for name in one.__struct_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        both = tuple(dict.fromkeys((*mine, *theirs))) if isinstance(mine, tuple) else mine or theirs
        values[name] = both
    return Qualifiers(**values)


def _section_of(text: Text, position: int) -> int | None:
    """The section that holds `position`: the innermost unit that is not an item of a list."""
    for index in reversed(text.chain(position)):
        if not text.sections[index].label.startswith("(") and len(text.sections[index].label) > 2:
            return index
    return None


def qualify(text: Text, position: int, qualifiers: Qualifiers, *, whole: bool = False) -> bool:
    """Add `qualifiers` to the bars and conditions of the section at `position`, or to all.

    Whether there were any.
    """
    done = False
    section = _section_of(text, position)
    for place, found in enumerate(text.found):
        if found.finding.effect not in PUNISHED:
            continue
        if whole or _section_of(text, found.at.start) == section:
            united = unite(found.finding.qualifiers, qualifiers)
            text.found[place] = found._replace(
                finding=msgspec.structs.replace(found.finding, qualifiers=united)
            )
            done = True
    return done


PUNISHED: Final = frozenset(
    {Effect.PROHIBIT, Effect.RESTRICT, Effect.LICENSE, Effect.PRESCRIPTION_ONLY}
)


def merged(found: Sequence[Found]) -> tuple[Found, ...]:
    """Findings that say the same, as one with the evidence of all."""
    kept: dict[tuple[object, ...], Found] = {}
    for one in found:
        f = one.finding
        key = (f.effect, f.substances, f.activities, f.qualifiers, f.schedule, f.citation)
        if key in kept:
            first = kept[key]
            spans = tuple(dict.fromkeys((*first.finding.spans, *f.spans)))
            kept[key] = first._replace(finding=msgspec.structs.replace(first.finding, spans=spans))
        else:
            kept[key] = one
    return tuple(kept.values())
