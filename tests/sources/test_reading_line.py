"""From the crawl of the real bills to what is read of each: none is lost on the way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from harness import SAMPLES, run, sample_exchanges

from kratom_atlas.crawl.replay import ReplayServer
from kratom_atlas.model.reading import Relevance
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.review.texts import read_one, to_read
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store

pytestmark = pytest.mark.skipif(
    not (SAMPLES / "us" / "INDEX.csv").is_file(),
    reason="the real samples are not here; KRATOM_ATLAS_SAMPLES names their folder",
)


def test_of_the_hundred_real_bills_each_is_found_or_its_text_is_not_held(tmp_path: Path):
    with ReplayServer(sample_exchanges(["us_govbot"])) as server:
        run(server, tmp_path, ["us_govbot"])
    codes = {key: place.code for key, place in load_register(packaged_sheets()).items()}
    captures = Captures(tmp_path / "captures")
    found: Counter[str] = Counter()
    with open_store(f"sqlite:///{tmp_path / 'atlas.sqlite'}") as store:
        for one in to_read(Archive(store).standing()):
            assert one.bill is not None
            reading, marked = read_one(one, captures, codes)
            named = bool(one.bill.shown.mentions)
            if reading.relevance is Relevance.TEXT_NOT_HELD:
                assert marked is None
                assert ("its title or abstract names it" in reading.because) == named
                found["named, text not held" if named else "text not held"] += 1
            else:
                assert reading.relevance is not Relevance.NONE, one.bill.shown.key
                assert reading.named > 0
                found["read"] += 1
    assert found == {"read": 79, "named, text not held": 12, "text not held": 9}
