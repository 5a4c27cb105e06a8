"""The score that is published is that of the reader as it is now."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from kratom_atlas import __version__
from kratom_atlas.read.score import as_json, load_gold, reader, score

GOLD = Path(__file__).resolve().parents[1] / "gold"
SAVE = "kratom-atlas read --score --samples DIR --save src/kratom_atlas/read/data/score.json"


def published() -> dict[str, dict[str, object]]:
    return json.loads((files("kratom_atlas.read") / "data" / "score.json").read_bytes())


def test_the_published_score_of_the_passages_is_what_the_reader_scores_now():
    now = as_json(score(load_gold(GOLD), reader()), on=date(2026, 1, 1), version=__version__)
    assert published()["version"] == __version__
    for part in ("passages", "passages-tuned", "passages-held"):
        assert published()["parts"][part] == now["parts"][part], f"measure again: {SAVE}"


def test_the_published_score_of_the_real_texts_is_what_the_reader_scores_now(samples: Path):
    now = as_json(score(load_gold(GOLD), reader(samples)), on=date(2026, 1, 1), version=__version__)
    assert published()["parts"] == now["parts"], f"measure again: {SAVE}"


@pytest.mark.parametrize("part", ["passages-held", "real-held"])
def test_what_is_read_is_mostly_so(part: str):
    """A floor, so that a change of the rules cannot quietly cost precision or recall."""
    held = published()["parts"][part]["overall"]
    assert held["precision"] > 0.8
    assert held["recall"] > 0.6
