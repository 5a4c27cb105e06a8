"""Killed at 200 moments, an ingest has recorded all of what it was told or nothing."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from kratom_atlas.store.database import open_store
from kratom_atlas.store.ingest import check, ingest
from kratom_atlas.store.ledger import read_batches


def _record(root: Path, at: str, store: str) -> None:
    ingest(root, recorded_at=at, actor="a person", reason="a change")
    with open_store(store) as opened:
        opened.sync(read_batches(root / "ledger"))


@pytest.mark.long
def test_kill_9_at_any_moment(tiny_root: Path, tmp_path: Path) -> None:
    dice = random.Random(11)
    store = f"sqlite:///{tmp_path}/store.sqlite"
    _record(tiny_root, "2026-11-01T00:00:00Z", store)
    sheet = tiny_root / "us" / "ri.yaml"
    text = sheet.read_text(encoding="utf-8")
    spawn = multiprocessing.get_context("fork")
    whole = 0
    for n in range(200):
        before = [b.name for b in read_batches(tiny_root / "ledger")]
        sheet.write_text(text.replace("Notice of 2017", f"Notice of 2017, no. {n}"), "utf-8")
        at = f"2026-11-02T{n // 60:02}:{n % 60:02}:00Z"
        work = spawn.Process(target=_record, args=(tiny_root, at, store))
        work.start()
        time.sleep(dice.uniform(0, 0.08))
        assert work.pid
        os.kill(work.pid, signal.SIGKILL)
        work.join()
        after = [b.name for b in read_batches(tiny_root / "ledger")]
        assert after[: len(before)] == before
        assert len(after) - len(before) in (0, 1)
        whole += len(after) > len(before)
        assert bool(check(tiny_root)) == (len(after) == len(before))
        with open_store(store) as opened:
            opened.sync(read_batches(tiny_root / "ledger"))
            told = [line for b in read_batches(tiny_root / "ledger") for line in b.lines]
            assert list(opened.lines()) == told
    assert 0 < whole < 200, "the moments were all before or all after"
    shutil.rmtree(tiny_root)
