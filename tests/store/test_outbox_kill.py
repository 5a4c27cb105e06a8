"""Workers that are killed at any moment: nothing is lost, and nothing comes twice but what they
had in hand.

Each worker matches, claims and delivers, to a file that is written through to the disk before the
outbox is told. Only the last line of a worker may come again.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from alerts_sample import moment, news, person, reach

from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import Rhythm
from kratom_atlas.store.database import open_store
from kratom_atlas.store.outbox import Outbox
from kratom_atlas.store.subscriptions import Subscriptions

NewStore = Callable[..., AbstractContextManager[str]]

PEOPLE = 30
LETTERS = 15
"""Fewer than are due in each round."""
WORKERS = 3
ROUNDS = 50
FIRST = seconds("2026-11-01T00:00:00Z")
HOUR = 3600


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[str]:
    with new_store(request.param, tmp_path) as made:
        yield made


def work(url: str, sink: Path, worker: str, now: str, ready: Connection | None) -> None:
    """Match and deliver all there is at one moment."""
    with open_store(url) as store:
        outbox = Outbox(store)
        file = os.open(sink, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        if ready:
            ready.send(True)
        outbox.match(now, reach)
        while lent := outbox.claim(worker, now, limit=3):
            for one in lent:
                keys = ",".join(n.key for n in one.notices)
                os.write(file, f"{worker} {one.id} {one.subscription.ref} {keys}\n".encode())
                os.fsync(file)
                outbox.sent(one.id, now)


def killed_at_any_moment(url: str, sink: Path, kills: int) -> None:
    dice = random.Random(5)
    fork = multiprocessing.get_context("fork")
    midway = 0
    with open_store(url) as store:
        Subscriptions(store).add_all(
            person(f"p{n}", rhythm=Rhythm.DAILY if n % 3 == 0 else Rhythm.AT_ONCE, hour=n % 24)
            for n in range(PEOPLE)
        )
    for n in range(kills):
        now = moment(FIRST + n * HOUR)
        with open_store(url) as store:
            Outbox(store).publish([news(f"{n}a"), news(f"{n}b")], now)
        mine, theirs = fork.Pipe()
        workers = [
            fork.Process(target=work, args=(url, sink, f"{n}-{w}", now, theirs))
            for w in range(WORKERS)
        ]
        for one in workers:
            one.start()
        for _ in workers:
            assert mine.poll(60)
            mine.recv()
        wait_for_letters(sink, dice.randrange(LETTERS), workers)
        time.sleep(dice.uniform(0, 0.02))
        for one in workers:
            one.kill()
        for one in workers:
            one.join()
            midway += one.exitcode == -signal.SIGKILL
            one.close()
        mine.close()
        theirs.close()
        if n % 4 == 3:  # a digest that waits a day longer has more than fits in one letter
            work(url, sink, f"{n}-rest", now, None)
    assert midway > kills * WORKERS / 4, "most were done before they were killed"
    keys = {f"{n}{part}" for n in range(kills) for part in "ab"}
    for n in range(ROUNDS):  # a server lets go of what a killed worker had locked in its own time
        work(url, sink, f"last-{n}", moment(FIRST + (kills + 48) * HOUR), None)
        if set(carried_by(sink)) == everything(keys):
            break
        time.sleep(0.1)
    check(sink, keys)
    with open_store(url) as store:
        stats = Outbox(store).stats("2027-11-01T00:00:00Z")
        assert (stats.waiting, stats.in_flight, stats.retrying, stats.dead) == (0, 0, 0, 0)


def wait_for_letters(sink: Path, more: int, workers: Sequence[BaseProcess]) -> None:
    """Wait until so many more letters went out, or nobody is left to send them."""
    before = sink.stat().st_size
    while more and any(one.is_alive() for one in workers):
        with sink.open("rb") as file:
            file.seek(before)
            if file.read().count(b"\n") >= more:
                return
        time.sleep(0.001)


def everything(keys: set[str]) -> set[tuple[str, str]]:
    return {(f"p{n}", key) for n in range(PEOPLE) for key in keys}


def carried_by(sink: Path) -> dict[tuple[str, str], set[str]]:
    """Which letters brought what to whom."""
    carried: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in sink.read_text().splitlines():
        _, envelope, ref, listed = line.split()
        for key in listed.split(","):
            carried[ref, key].add(envelope)
    return carried


def check(sink: Path, keys: set[str]) -> None:
    lines = [line.split() for line in sink.read_text().splitlines()]
    last_of = {worker: n for n, (worker, *_) in enumerate(lines)}
    came: dict[str, list[int]] = defaultdict(list)
    for n, (_, envelope, *_) in enumerate(lines):
        came[envelope].append(n)
    carried = carried_by(sink)
    assert set(carried) == everything(keys), "lost"
    twice = {place: letters for place, letters in carried.items() if len(letters) > 1}
    assert not twice, "the same in two letters"
    for envelope, numbers in came.items():
        assert len({tuple(lines[n][2:]) for n in numbers}) == 1, "a letter that changed"
        for n in numbers[:-1]:
            assert last_of[lines[n][0]] == n, f"{envelope} came again, and was not in hand"


def test_kill_9_at_some_moments(url: str, tmp_path: Path) -> None:
    killed_at_any_moment(url, tmp_path / "sink", 10)


@pytest.mark.long
def test_kill_9_at_200_moments(url: str, tmp_path: Path) -> None:
    killed_at_any_moment(url, tmp_path / "sink", 200)
