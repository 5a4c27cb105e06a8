"""A scheduler and its children, killed: no hour is lost, and none is run twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from office import SOURCES

from kratom_atlas.model.crawling import RunState
from kratom_atlas.store.crawls import Archive, Run
from kratom_atlas.store.database import Store, open_store

NewStore = Callable[..., AbstractContextManager[str]]

OFFICE = Path(__file__).with_name("office.py")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[str]:
    """The URL of a new store."""
    with new_store(request.param, tmp_path) as made:
        yield made


@contextmanager
def office(url: str, folder: Path, seconds: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, OFFICE, url, str(folder), str(seconds)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], object], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.03)


def accepted(store: Store) -> list[Run]:
    return [run for run in Archive(store).runs(limit=500) if run.state is RunState.OK]


def child_of(folder: Path) -> int:
    """The process of a run that is under way."""
    found: list[int] = []

    def look() -> bool:
        for source in SOURCES:
            try:
                found.append(int((folder / f"{source}.pid").read_text()))
            except (FileNotFoundError, ValueError):
                continue
        return bool(found)

    until(look)
    return found[0]


def kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def forget(folder: Path) -> None:
    """The marks of runs that were killed."""
    for mark in folder.glob("*.pid"):
        mark.unlink()


def check(store: Store, *, gaps: int) -> None:
    """Every hour that was begun has one accepted run, and what it saw was seen once."""
    runs = Archive(store).runs(limit=1000)
    slots = Counter((run.source, run.slot) for run in runs if run.slot)
    assert set(slots.values()) == {1}
    assert {run.state for run in runs if run.slot} == {RunState.OK}
    assert {run.state for run in runs if not run.slot} <= {RunState.INTERRUPTED}
    with store.engine.connect() as connection:
        seen = connection.execute(sa.text("SELECT source, key FROM observation")).all()
    assert Counter(seen) == Counter({*slots, *((source, "always") for source in SOURCES)})
    assert {run.source for run in runs} == set(SOURCES)
    for source in SOURCES:
        assert sum(1 for run in runs if run.source == source and run.slot) >= gaps


def test_what_is_killed_is_gone_on_with_and_nothing_is_done_twice(url: str, tmp_path: Path) -> None:
    with open_store(url) as store:
        with office(url, tmp_path, 2) as first:
            until(lambda: accepted(store))
            killed = child_of(tmp_path)
            kill(killed)
            forget(tmp_path)
            count = len(accepted(store))
            until(lambda: len(accepted(store)) > count)
            child_of(tmp_path)  # one is left behind by its scheduler
            first.kill()
            first.wait()
        with office(url, tmp_path, 2) as second:
            count = len(accepted(store))
            until(lambda: len(accepted(store)) > count + 1)
            child_of(tmp_path)
            second.send_signal(signal.SIGTERM)
            assert second.wait(30) == 0
        check(store, gaps=2)


def test_of_two_schedulers_one_is_active_until_it_dies(url: str, tmp_path: Path) -> None:
    def active() -> set[str]:
        return {path.name for path in tmp_path.glob("active.*")}

    with open_store(url) as store, office(url, tmp_path, 600) as one:
        until(active)
        with office(url, tmp_path, 600) as other:
            time.sleep(1)
            assert active() == {f"active.{one.pid}"}
            one.kill()
            until(lambda: f"active.{other.pid}" in active())
            other.send_signal(signal.SIGTERM)
            assert other.wait(30) == 0
        assert accepted(store) == []


@pytest.mark.long
def test_fifty_kills(url: str, tmp_path: Path) -> None:
    dice = random.Random(5)
    with open_store(url) as store:
        for _ in range(25):
            with office(url, tmp_path, 2) as running:
                until(lambda: list(tmp_path.glob(f"active.{running.pid}")))
                time.sleep(dice.uniform(0, 4))
                kill(child_of(tmp_path))
                forget(tmp_path)
                time.sleep(dice.uniform(0, 2))
        forget(tmp_path)
        with office(url, tmp_path, 600) as last:
            until(lambda: all(r.state is not RunState.RUNNING for r in Archive(store).runs()))
            time.sleep(5)
            last.send_signal(signal.SIGTERM)
            assert last.wait(30) == 0
        check(store, gaps=20)
