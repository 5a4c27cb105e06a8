"""One run from the crawl to the map before and after, as `make demo` shows it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from demo_law import show
from harness import ROOT, SAMPLES, fixture_exchanges, run, sample_exchanges

from kratom_atlas.crawl.replay import Exchange, ReplayServer


def crawled(home: Path, exchanges: list[Exchange], sources: list[str]) -> list[str]:
    with ReplayServer(exchanges) as server:
        run(server, home, sources)
    said: list[str] = []
    show(home, home / "out", said.append)
    assert (home / "out" / "before" / "index.html").stat().st_size > 10_000
    assert (home / "out" / "after" / "index.html").stat().st_size > 10_000
    assert "neither legal nor medical advice" in (home / "out" / "report.html").read_text()
    return said


def test_from_recorded_answers(tmp_path: Path):
    sources = ["us_govbot", "us_ny_openleg", "no_lovdata"]
    said = crawled(tmp_path, fixture_exchanges(sources), sources)
    text = "\n".join(said)
    assert "bills became law" in text
    assert "rules understood" in text
    assert "a reviewer agrees to" in text


def test_from_real_answers(tmp_path: Path):
    if not (SAMPLES / "us" / "INDEX.csv").is_file():
        pytest.skip("the real samples are not here; KRATOM_ATLAS_SAMPLES names their folder")
    said = crawled(tmp_path, sample_exchanges(["us_govbot"]), ["us_govbot"])
    with (ROOT / "tests" / "read" / "bills_expected.csv").open(encoding="utf-8") as lines:
        law = [row for row in csv.DictReader(lines) if row["stage"] == "enacted"]
    assert said[0].startswith(f"{len(law)} of 100 bills became law")
    text = "\n".join(said)
    assert "US-UT/2026/SB45: enacted 2026-03-26" in text
    assert "2026-05-06: schedules I 7-OH, pseudoindoxyl" in text
    assert "US-NE/109/LB230: enacted 2025-05-15" in text
    assert "Utah (US-UT)" in text, "the report tells what changed there"
    before, after = (tmp_path / "out" / name / "index.html" for name in ("before", "after"))
    assert before.read_bytes() != after.read_bytes()
