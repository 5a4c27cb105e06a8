"""`python -m benchmarks.feeds`: messages, feeds and calendars of the record and a longer one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from benchmarks.__main__ import say
from kratom_atlas.model.statement import Line
from kratom_atlas.notify.calendar import calendars
from kratom_atlas.notify.feeds import feeds
from kratom_atlas.notify.messages import messages
from kratom_atlas.record import load_record
from kratom_atlas.release.tables import Edition
from kratom_atlas.resolve.record import Record
from kratom_atlas.settings import Settings

AS_OF = date(2026, 11, 22).toordinal()
BASE = "https://atlas.example"
MOMENTS = 300


def main() -> None:
    """Run them."""
    real = load_record(Settings(Path("none"), None, "", ""))
    measure("the record", real)
    measure(f"the same over {MOMENTS} moments", Record(spread(real.lines), real.register))


def measure(name: str, record: Record) -> None:
    """Time and size of each part; the changes themselves are the dataset's."""
    edition = Edition(record, AS_OF)
    started = time.perf_counter()
    found = edition.changes
    say(f"{name}: changes", time.perf_counter() - started, f"{len(found):,}, of the dataset")
    started = time.perf_counter()
    told = messages(edition)
    say(f"{name}: messages", time.perf_counter() - started, f"{len(told):,}")
    for what, write in (("feeds", feeds), ("calendars", calendars)):
        started = time.perf_counter()
        files = [content for _, content in write(edition, told, base_url=BASE)]
        size = sum(map(len, files)) / 1e6
        say(f"{name}: {what}", time.perf_counter() - started, f"{len(files):,}, {size:.1f} MB")


def spread(lines: tuple[Line, ...]) -> Iterator[Line]:
    """The same lines, recorded on one day after another."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for n, line in enumerate(lines):
        moment = first + timedelta(days=n * MOMENTS // len(lines))
        yield replace(line, recorded_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


if __name__ == "__main__":
    main()
