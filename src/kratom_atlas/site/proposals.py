"""What the map tells of each proposal: what it is, how far it has come, and what it would do."""

from __future__ import annotations

from typing import Any

from kratom_atlas.model.values import Instrument, Provision
from kratom_atlas.release.whatif import WhatIf
from kratom_atlas.report.words import web_link
from kratom_atlas.resolve.suppose import latest_day
from kratom_atlas.site.atlas import Atlas

__all__ = ["proposals"]

Json = dict[str, Any]


def proposals(atlas: Atlas, found: WhatIf) -> list[Json]:
    """One row per proposal, by place and name. `does` is empty where that is not recorded."""
    return sorted(
        (_row(atlas, act) for act in found.proposals),
        key=lambda row: (row["place"], row["name"], row["id"]),
    )


def _row(atlas: Atlas, act: Instrument) -> Json:
    record = atlas.record
    source = next((e.url for e in act.evidence if e.url), None)
    latest = latest_day(act, atlas.as_of)
    told = {
        "id": act.id,
        "place": record.places[record.index[act.jurisdiction]].code,
        "name": act.short,
        "title": act.title,
        "kind": act.kind.label,
        "session": act.session or "",
        "stage": atlas.edition.stage(act).label,
        "day": latest.words() if latest else "",
        "url": web_link(act.url) or web_link(source) or "",
        "note": act.note or "",
        "does": [_does(atlas, body) for body in atlas.edition.by_instrument.get(act.id, ())],
    }
    return {key: value for key, value in told.items() if value}


def _does(atlas: Atlas, body: Provision) -> Json:
    rule = atlas.rules.get(body.id) or atlas.proposed[body.id]
    told = {
        "of": [s.rank for s in body.substances],
        "text": rule.effect,
        "conditions": [[c.name, c.text] for c in rule.conditions],
        "cite": rule.citation,
        "quote": rule.proof.quote,
        "where": rule.proof.locator,
        "url": rule.proof.url,
        "quality": rule.verification.label,
    }
    return {name: value for name, value in told.items() if value}
