"""A scheduler over two fake sources, as a process that can be killed.

python office.py URL FOLDER SECONDS          the scheduler: each source every so many seconds
python office.py URL FOLDER SOURCE SLOT      a child: one run, of half a second
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kratom_atlas.model.crawling import RunState
from kratom_atlas.model.observation import Document
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store

SOURCES = ("first_fake", "second_fake")


@dataclass(frozen=True)
class Every:
    """So many seconds apart, since 1970; or never."""

    seconds: int

    def after(self, moment: datetime) -> datetime | None:
        return self._at(int(moment.timestamp()) // self.seconds + 1)

    def latest(self, moment: datetime) -> datetime | None:
        return self._at(int(moment.timestamp()) // self.seconds)

    def _at(self, count: int) -> datetime:
        return datetime.fromtimestamp(count * self.seconds, UTC)


def child(url: str, folder: Path, source: str, slot: str) -> None:
    """A run as crawls make it: under the lock, once for a slot, accepted as a whole."""
    with open_store(url) as store:
        archive = Archive(store)
        now = datetime.now(UTC)
        with archive.locked(source):
            run = archive.begin(
                source, parser="p", today=now.date(), since=now.date(), now=now, slot=slot
            )
            if run is None:
                return
            (folder / f"{source}.pid").write_text(str(os.getpid()))
            time.sleep(0.5)
            (folder / f"{source}.pid").unlink()
            seen = [
                Document(
                    key=key, jurisdiction="ocd-division/country:us", title=key,
                    url="https://example.org/",
                )
                for key in ("always", slot)
            ]  # fmt: skip
            archive.accept(
                run, RunState.OK, seen=seen, still=(), faults={}, pages=(),
                now=datetime.now(UTC), counts={"examined": 2},
            )  # fmt: skip


def office(url: str, folder: Path, seconds: int) -> None:
    """The scheduler, until it is told to end."""
    from kratom_atlas.schedule import Planned, Scheduler

    def command(source: str, slot: str) -> list[str]:
        return [sys.executable, __file__, url, str(folder), source, slot]

    planned = [Planned(name, Every(seconds)) for name in SOURCES]
    planned.append(Planned("third_fake", Every(1), "off: a test"))
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    with open_store(url) as store:
        scheduler = Scheduler(
            store, planned, command=command, spread=0, poll=0.3, retry=0.1, at_once=2
        )
        scheduler.start()
        while not done.wait(0.1):
            flag = folder / f"active.{os.getpid()}"
            if scheduler.active.is_set():
                flag.touch()
            else:
                flag.unlink(missing_ok=True)
        scheduler.stop(patience=20)


if __name__ == "__main__":
    where = (sys.argv[1], Path(sys.argv[2]))
    if len(sys.argv) == 5:
        child(*where, *sys.argv[3:])
    else:
        office(*where, int(sys.argv[3]))
