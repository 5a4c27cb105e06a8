"""`make bench`: every measure of the record, printed with its budget or its ratio to a peer."""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import synthetic
from kratom_atlas import changes
from kratom_atlas.model.vocabulary import ActivityStatus, Status, Substance
from kratom_atlas.record import load_record
from kratom_atlas.release.dataset import table_csv
from kratom_atlas.resolve.engine import world
from kratom_atlas.resolve.explain import cap_words, flags_of
from kratom_atlas.resolve.record import Record
from kratom_atlas.settings import Settings

COMMAND = str(Path(sys.executable).with_name("kratom-atlas"))
DAYS = date(2025, 1, 1).toordinal(), date(2026, 11, 22).toordinal()


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="of the synthetic ledger")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        site(work)
        commands(work)
        real = load_record(Settings(work / "none", None, "", ""))
        answers("the record", real, work)
        started = time.perf_counter()
        large = synthetic.record(chosen.size)
        say(f"synthetic ledger of {len(large.lines):,}: built", time.perf_counter() - started)
        answers(f"a ledger of {chosen.size:,}", large, work)


def site(work: Path) -> None:
    """`make site` from an empty store, and again with nothing changed."""
    for label in ("site from an empty ledger (budget 30 s, 1 GB)", "site, nothing changed"):
        started = time.perf_counter()
        run("build", "--out", "site", cwd=work)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        say(label, time.perf_counter() - started, f"peak {peak:,.0f} MiB")


def commands(work: Path) -> None:
    """Start-up: what a person waits for."""
    python = median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 5)
    for label, words in (
        ("--help (budget 0.3 s)", ["--help"]),
        ("status (budget 0.5 s)", ["status", "Sarasota County, FL", "--substance", "leaf"]),
    ):
        took = median(lambda words=words: run(*words, cwd=work), 7)  # type: ignore[misc]
        say(label, took, f"{took / python:.1f} x a bare python")


def answers(name: str, record: Record, work: Path) -> None:
    """One as-of status of the world, and the diff of two days against csv-diff."""
    view = record.at()
    say(f"{name}: the world on one day (budget 0.2 s)", median(lambda: world(view, DAYS[1]), 7))
    ours = median(lambda: changes.compare(record, DAYS, (view, view)), 5)
    in_words = median(lambda: changes.between(record, DAYS, (view, view)), 5)
    told = len(changes.between(record, DAYS, (view, view)))
    files = []
    for day in DAYS:
        files.append(work / f"{day}.csv")
        files[-1].write_text(table_csv(cells(record, day)), encoding="utf-8", newline="")
    from csv_diff import compare, load_csv

    def peer() -> None:
        loaded = []
        for file in files:
            with file.open(encoding="utf-8", newline="") as lines:
                loaded.append(load_csv(lines, key="key"))
        compare(*loaded)

    theirs = median(peer, 3)
    for what, took in (("diff of two days", ours), (f"the same, {told:,} in words", in_words)):
        say(f"{name}: {what}", took, f"csv-diff {theirs:.3f} s: {theirs / took:.1f} x faster")


def cells(record: Record, day: int) -> pd.DataFrame:
    """The status of every cell, as two people would export it to compare two days."""
    found = world(record.at(), day)
    n = len(Substance)
    return pd.DataFrame(
        {
            "key": [f"{record.places[p].code} {s}" for p in found.place for s in Substance],
            "own": np.array(Status)[found.own.ravel()],
            "total": np.array(Status)[found.total.ravel()],
            "possess": np.array(ActivityStatus)[found.total_rank[:, :, 0].ravel()],
            "sell": np.array(ActivityStatus)[found.total_rank[:, :, 1].ravel()],
            "min_age": found.min_age.ravel(),
            "caps": [";".join(cap_words(found, i // n, i % n)) for i in range(found.own.size)],
            "flags": [";".join(flags_of(mask)) for mask in found.flags.ravel().tolist()],
        }
    )


def run(*words: str, cwd: Path) -> None:
    """One command in a process of its own."""
    subprocess.run([COMMAND, *words], cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def median(work: Callable[[], object], times: int) -> float:
    """The median of `times` runs after one to warm up, in seconds."""
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def say(label: str, seconds: float, more: str = "") -> None:
    """One line of the report."""
    print(f"{label:<58} {seconds:8.3f} s  {more}", flush=True)


if __name__ == "__main__":
    main()
