"""What the map's panel tells of a place when it is opened: the law there, with its evidence.

One chunk for each country and each state of the United States, so that opening a place loads
little, and opening its neighbour nothing.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, Final

import pandas as pd

from kratom_atlas.languages import Language
from kratom_atlas.model.vocabulary import SearchResult, Substance, Verification
from kratom_atlas.release.timeline import Timeline
from kratom_atlas.site import words
from kratom_atlas.site.atlas import UP, Atlas, Look, Rule

__all__ = ["details", "group_of", "terms"]

_FEDERATION: Final = "US"
"""Its states have chunks of their own: more than half of all law on kratom is theirs."""

Json = dict[str, Any]


def group_of(code: str) -> str:
    """The chunk in which a place's law is told."""
    parts = code.split("-")
    if parts[0] == "X":
        return code
    return "-".join(parts[:2] if parts[0] == _FEDERATION else parts[:1])


def details(atlas: Atlas, timeline: Timeline) -> dict[str, Json]:
    """Chunk -> the rules and searches of each place, and which rules decide each of its runs."""
    found: dict[str, Json] = defaultdict(lambda: {"rules": {}, "looks": {}, "decides": {}})
    pieces = _pieces(atlas)
    for n, rules in atlas.rules_of.items():
        code = atlas.places[n].code
        chunk = found[group_of(code)]
        chunk["rules"][code] = [
            _rule(rule, pieces[rule.id], atlas, timeline.first_said) for rule in rules
        ]
    for n, looks in atlas.looks_of.items():
        code = atlas.places[n].code
        chunk = found[group_of(code)]
        chunk["looks"][code] = [_look(look) for look in looks]
    decides = _decides(timeline.decides)
    # Places that share an answer are told once in each chunk.
    for code, like in zip(timeline.places["code"], timeline.places["like"], strict=True):
        if like in decides:
            found[group_of(code)]["decides"][str(like)] = decides[like]
    return dict(sorted(found.items()))


def terms(atlas: Atlas, say: Language) -> dict[str, str]:
    """English words of the interface that stand in the chunks -> the same in another language.

    The chunks are the same for every language. Texts of the record are not in it: they stay as
    they were written.
    """
    found = {word.label: say.word(word) for kind in (Verification, SearchResult) for word in kind}
    for key in (*atlas.rules, *atlas.proposed):
        body = atlas.body(key)
        assert body is not None
        found[words.effect_sentence(body)] = words.effect_sentence(body, say)
        told, spoken = words.conditions(body.qualifiers), words.conditions(body.qualifiers, say)
        for one, other in zip(told, spoken, strict=True):
            found[one.name], found[one.text] = other.name, other.text
    return {text: other for text, other in sorted(found.items()) if text != other}


def _pieces(atlas: Atlas) -> dict[str, list[list[int]]]:
    """When each provision is in force, as the repeals and stays leave it: ordinals."""
    law, bodies = atlas.view.law, atlas.record.provisions.bodies
    pieces: dict[str, list[list[int]]] = defaultdict(list)
    for row, begin, end in zip(
        law.row.tolist(), law.from_lo.tolist(), law.to_lo.tolist(), strict=True
    ):
        if begin < end:
            pieces[bodies[row].id].append([begin, end])
    return pieces


def _decides(runs: pd.DataFrame) -> dict[int, list[Json]]:
    """For each place and substance: from which day which provisions decide."""
    found: dict[int, list[Json]] = {}
    order = {str(s): s.rank for s in Substance}
    told = runs[runs.groupby("like")["provision_ids"].transform(lambda ids: (ids != "").any())]
    for like, rows in told.groupby("like"):
        lists: list[Any] = [[] for _ in Substance]
        columns = (rows["substance"], rows["start"], rows["provision_ids"])
        for substance, start, ids in zip(*columns, strict=True):
            lists[order[substance]].append([int(start), ids.split(";") if ids else []])
        found[int(str(like))] = lists
    return found


def _rule(rule: Rule, pieces: list[list[int]], atlas: Atlas, first_said: int) -> Json:
    row = atlas.live[rule.id]
    body = atlas.record.provisions.bodies[row]
    said = date.fromisoformat(atlas.record.said_at(row)[:10]).toordinal()
    told = {
        "id": rule.id,
        "of": [s.rank for s in body.substances],
        "act": rule.act,
        "cite": rule.citation,
        "text": rule.effect,
        "conditions": [[c.name, c.text] for c in rule.conditions],
        "from": body.from_ or "",
        "attested": body.attested or "",
        "to": body.to or "",
        "in": pieces,
        "said": said if said > first_said else "",
        "page": rule.url.removeprefix(UP),
        "url": rule.proof.url,
        "quote": rule.proof.quote,
        "where": rule.proof.locator,
        "seen": rule.proof.day,
        "quality": rule.verification.label,
        "extent": rule.extent,
        "contested": rule.contested,
        "note": rule.note,
    }
    return {key: value for key, value in told.items() if value not in ("", [])}


def _look(look: Look) -> Json:
    told = {
        "on": look.day,
        "where": look.where,
        "result": look.result,
        "url": look.url,
    }
    return {key: value for key, value in told.items() if value}
