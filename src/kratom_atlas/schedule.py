"""Starts each source at its hours, as a child process; every hour is run once, whatever happens.

APScheduler says when, and keeps its jobs in the store. Whether an hour was run is read from the
archive of crawls alone: so what was queued or under way when a process was killed is found again,
and what was run is not run twice. The last hour that was missed is made up for, the ones before it
are one with it. Of several schedulers on one store a single one is active.
"""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from apscheduler.executors.base import BaseExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from sqlalchemy.exc import SQLAlchemyError

from kratom_atlas.crawl.timetable import Timetable
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import RunState
from kratom_atlas.store.crawls import Archive, BusyError, moment
from kratom_atlas.store.looks import Slotted, last_slots
from kratom_atlas.store.turns import turn

if TYPE_CHECKING:
    from kratom_atlas.crawl.source import Source
    from kratom_atlas.store.database import Store

__all__ = ["Hours", "Planned", "Scheduler", "crawl_command", "plan"]

log = logging.getLogger(__name__)

TABLE: Final = "schedule"
"""The table in which APScheduler keeps its jobs."""
SPREAD: Final = 50
"""Seconds by which a start is put off at most: less than the minute that crontab lines go by."""

_LOCK: Final = 0x6B726163
_YOUNG: Final = timedelta(hours=24)
"""An interrupted run is gone on with for so long, as crawls themselves do."""
_LEAST_GRACE: Final = timedelta(hours=1)
_MOST_TRIES: Final = 8
_MOST_WAIT: Final = 900.0
_UNFINISHED: Final = frozenset({RunState.RUNNING, RunState.INTERRUPTED})


class Hours(Protocol):
    """When something is due. What implements it is kept in the store, so it must be picklable."""

    def after(self, moment: datetime) -> datetime | None:
        """The first hour after a moment."""

    def latest(self, moment: datetime) -> datetime | None:
        """The last hour that has come by a moment."""


@dataclass(frozen=True)
class Planned:
    """A source, its hours, and why it is not run, if it is not."""

    source: str
    hours: Hours
    why_not: str = ""


def plan(sources: Iterable[Source], keys: Iterable[str]) -> list[Planned]:
    """What is run and what is not, by the declarations and the keys that are set.

    Raises:
        AtlasError: a schedule is no crontab line.
    """
    held = frozenset(keys)
    planned = []
    for source in sources:
        key = source.key
        why_not = f"off: {source.off}" if source.off else ""
        if not why_not and key and key.required and key.env not in held:
            why_not = f"needs the key {key.env}: get one at {key.register}"
        planned.append(Planned(source.id, Timetable.of(source), why_not))
    return planned


def crawl_command(source: str, slot: str) -> Sequence[str]:
    """The process that reads a source."""
    return (sys.executable, "-m", "kratom_atlas", "crawl", source, "--slot", slot)


def due(since: str) -> None:
    """What a job of APScheduler names. The executor starts a child instead of calling it."""


class SlotTrigger(BaseTrigger):  # type: ignore[misc] # the library is not typed
    """Fires at the hours of a source, each put off by some seconds that are always the same."""

    def __init__(self, source: str, hours: Hours, spread: int) -> None:
        self.source = source
        self.hours = hours
        self.spread = spread

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SlotTrigger) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.source)

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """As APScheduler asks for it."""
        base = previous_fire_time or now - timedelta(microseconds=1)
        slot = self.hours.after(base - timedelta(seconds=self.spread))
        while slot is not None and self.fire(slot) <= base:
            slot = self.hours.after(slot)
        return self.fire(slot) if slot is not None else None

    def latest(self, now: datetime) -> datetime | None:
        """The last hour whose start has come."""
        slot = self.hours.latest(now)
        if slot is not None and self.fire(slot) > now:
            return self.hours.latest(slot - timedelta(microseconds=1))
        return slot

    def fire(self, slot: datetime) -> datetime:
        """When an hour is started."""
        if not self.spread:
            return slot
        digest = hashlib.sha256(f"{self.source} {moment(slot)}".encode()).digest()
        return slot + timedelta(seconds=int.from_bytes(digest[:4]) % self.spread)

    def grace(self, slot: datetime) -> timedelta:
        """For how long an hour that was missed is made up for: until the next one is nearer."""
        following = self.hours.after(slot)
        gap = (following - slot) / 2 if following is not None else _LEAST_GRACE
        return max(gap, _LEAST_GRACE)


class Scheduler:
    """Runs sources at their hours until it is stopped. Use it once.

    `command` makes the command line of a child from a source and a slot; `at_once` children run at
    a time. `poll` is how often, in seconds, it looks for what was left behind, and whether it is
    its turn; `retry` how long it waits before a child that died is started again, at first.
    """

    def __init__(
        self,
        store: Store,
        planned: Iterable[Planned],
        *,
        command: Callable[[str, str], Sequence[str]] = crawl_command,
        at_once: int = 2,
        spread: int = SPREAD,
        poll: float = 15.0,
        retry: float = 5.0,
    ) -> None:
        self._store = store
        self._archive = Archive(store)
        self._triggers = {
            one.source: SlotTrigger(one.source, one.hours, spread)
            for one in planned
            if not one.why_not
        }
        self._poll = poll
        self._retry = retry
        self._tries: dict[tuple[str, str], tuple[int, float]] = {}
        self._since: dict[str, datetime] = {}
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._crew = _Crew(command, at_once, self._wake.set)
        self._thread = threading.Thread(target=self._work, name="schedule", daemon=True)
        self.active = threading.Event()
        """Set while this is the scheduler that starts crawls."""

    def start(self) -> None:
        """Begin, in a thread of its own; children are processes of their own."""
        self._thread.start()

    def stop(self, patience: float = 60.0) -> None:
        """Start nothing more, give children so many seconds to end, then interrupt them.

        An interrupted run is gone on with at the next start.
        """
        self._stopping.set()
        self._wake.set()
        self._crew.close(patience)
        if self._thread.ident is not None:
            self._thread.join()

    # -- inside ----------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                with turn(self._store, "schedule", _LOCK) as is_mine:
                    if is_mine is not None:
                        self._lead(is_mine)
            except (AtlasError, SQLAlchemyError) as error:
                # The store may come back: whoever runs a scheduler wants it to go on.
                log.warning("schedule: %s; trying again", " ".join(str(error).split())[:300])
            self._pause()

    def _lead(self, is_mine: Callable[[], bool]) -> None:
        clock = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": SQLAlchemyJobStore(engine=self._store.engine, tablename=TABLE)},
            executors={"default": _Executor(self._wake.set)},
        )
        clock.start(paused=True)
        try:
            self._agree(clock)
            self.active.set()
            self._make_up()
            clock.resume()
            while not self._stopping.is_set() and is_mine():
                self._pause()
                self._make_up()
        finally:
            self.active.clear()
            clock.shutdown(wait=False)

    def _pause(self) -> None:
        self._wake.wait(self._poll)
        if not self._stopping.is_set():
            self._wake.clear()

    def _agree(self, clock: Any) -> None:
        """Make the jobs in the store those of the declarations."""
        now = datetime.now(UTC)
        kept = {job.id: job for job in clock.get_jobs()}
        for gone in kept.keys() - self._triggers.keys():
            clock.remove_job(gone)
        for source, trigger in self._triggers.items():
            job = kept.get(source)
            upcoming = trigger.get_next_fire_time(None, now)
            if upcoming is None:
                log.warning("schedule: %s names a day that never comes", source)
                continue
            if job is None:
                clock.add_job(
                    due, trigger, id=source, kwargs={"since": moment(now)}, coalesce=True,
                    max_instances=1, misfire_grace_time=None, next_run_time=upcoming,
                )  # fmt: skip
                self._since[source] = now
                continue
            self._since[source] = _moment(job.kwargs["since"])
            if job.trigger != trigger:
                # What was due by the old hours still is.
                upcoming = min(upcoming, job.next_run_time or upcoming)
                clock.modify_job(source, trigger=trigger, next_run_time=upcoming)

    def _make_up(self) -> None:
        """Start what should have been run and was not: missed, lost in a queue, or killed."""
        now = datetime.now(UTC)
        last = last_slots(self._store, self._triggers)
        for source, trigger in self._triggers.items():
            if self._stopping.is_set() or self._crew.has(source):
                continue
            for slot in self._lacking(source, trigger, last.get(source), now):
                if self._is_free(source) and self._try(source, slot):
                    break

    def _lacking(
        self, source: str, trigger: SlotTrigger, last: Slotted | None, now: datetime
    ) -> Iterator[datetime]:
        """The interrupted hour, if it is young, then the last one, if it was never begun."""
        if (
            last is not None
            and last.state in _UNFINISHED
            and now - last.slot <= max(_YOUNG, trigger.grace(last.slot))
        ):
            yield last.slot
        slot = trigger.latest(now)
        if slot is None or slot < self._since.get(source, now) or now - slot > trigger.grace(slot):
            return
        if last is None or last.slot < slot:
            yield slot

    def _is_free(self, source: str) -> bool:
        """Whether nobody else runs it: by hand, or a child that outlived its scheduler."""
        try:
            with self._archive.locked(source):
                return True
        except BusyError:
            return False

    def _try(self, source: str, slot: datetime) -> bool:
        mark = (source, moment(slot))
        tries, not_before = self._tries.get(mark, (0, 0.0))
        now = time.monotonic()
        if tries >= _MOST_TRIES or now < not_before or not self._crew.take(*mark):
            return False
        wait = min(self._retry * 2**tries, _MOST_WAIT)
        old = now - _YOUNG.total_seconds()
        self._tries = {key: kept for key, kept in self._tries.items() if kept[1] > old}
        self._tries[mark] = (tries + 1, now + wait)
        if tries + 1 == _MOST_TRIES:
            log.error("schedule: %s at %s is tried for the last time", *mark)
        return True


class _Crew:
    """The children: some at a time, one for a source."""

    def __init__(
        self, command: Callable[[str, str], Sequence[str]], at_once: int, ended: Callable[[], None]
    ) -> None:
        self._command = command
        self._ended = ended
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._closed = False
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="crawl")

    def has(self, source: str) -> bool:
        """Whether a run of it is under way, or waits for its turn."""
        return source in self._taken

    def take(self, source: str, slot: str) -> bool:
        """Run it when there is room; false if a run of it is under way, or no more are begun."""
        with self._lock:
            if self._closed or source in self._taken:
                return False
            self._taken.add(source)
            self._pool.submit(self._run, source, slot)
            return True

    def close(self, patience: float) -> None:
        """Begin no more; let those that run end, and make them after a while."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for end, wait in ((None, patience), ("terminate", 15.0), ("kill", 5.0)):
            for child in list(self._running.values()):
                if end is not None:
                    getattr(child, end)()
            until = time.monotonic() + wait
            while self._running and time.monotonic() < until:
                time.sleep(0.02)
            if not self._running:
                break
        self._pool.shutdown(wait=True)

    def _run(self, source: str, slot: str) -> None:
        try:
            with self._lock:
                if self._closed:
                    return
                # A session of its own: an interrupt from the keyboard is for the scheduler.
                child = subprocess.Popen(  # noqa: S603 - our own program
                    self._command(source, slot), stdin=subprocess.DEVNULL, start_new_session=True
                )
                self._running[source] = child
            code = child.wait()
            if code < 0:
                log.warning("schedule: %s at %s: ended by signal %d", source, slot, -code)
        except OSError as error:
            log.error("schedule: %s at %s cannot be started: %s", source, slot, error)
        finally:
            with self._lock:
                self._running.pop(source, None)
                self._taken.discard(source)
            self._ended()


class _Executor(BaseExecutor):  # type: ignore[misc] # the library is not typed
    """Says that something is due; what that is, the archive knows better than a queue does."""

    def __init__(self, is_due: Callable[[], None]) -> None:
        super().__init__()
        self._is_due = is_due

    def submit_job(self, job: Any, run_times: list[datetime]) -> None:  # noqa: ARG002
        """As APScheduler asks for it."""
        self._is_due()

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        self.submit_job(job, run_times)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
