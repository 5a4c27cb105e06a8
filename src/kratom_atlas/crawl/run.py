"""Runs of sources: what may run now, from where it goes on, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from kratom_atlas.crawl.job import Job, Report, parser_of
from kratom_atlas.crawl.scraper import Fetch, Scraper
from kratom_atlas.crawl.source import Hours, Source
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import Fault, RunState
from kratom_atlas.store.captures import CaptureError, Captures
from kratom_atlas.store.crawls import Archive, BusyError, Run, moment

if TYPE_CHECKING:
    from kratom_atlas.crawl.engine import Options

__all__ = ["Station", "crawl_sources", "reparse_source"]

_RESUME: Final = timedelta(hours=24)
"""An interrupted run is gone on with for so long; after that its answers are stale."""
_CONTINUE: Final = timedelta(days=7)
"""So long for one that spent its allowance: what was paid for is not paid for again."""
_AGAIN: Final = timedelta(days=14)
"""What a run could not read is looked for again for so long."""
_RUNS: Final = 1000
_ALL: Final = 10**9


@dataclass(frozen=True)
class Station:
    """Where crawls keep what they find, and the clock they go by."""

    archive: Archive
    captures: Captures
    clock: Callable[[], datetime]


def crawl_sources(
    scrapers: Sequence[type[Scraper]],
    station: Station,
    options: Options,
    *,
    today: date | None = None,
    since: date | None = None,
    slot: str | None = None,
) -> Iterator[Report]:
    """Run each source that may run now; a report for each, those that wait first.

    `today` is the day that the parsers go by, that of the clock where it is not given.
    `slot` is the hour that the schedule meant: a slot is run once, whatever happens.

    Raises:
        AtlasError: a day is given that has not come.
    """
    from kratom_atlas.crawl.engine import crawl

    _check_days(today, since, station.clock().date(), is_real=options.replay is None)
    with ExitStack() as locks:
        jobs = []
        for scraper in scrapers:
            try:
                locks.enter_context(station.archive.locked(scraper.source.id))
            except BusyError as error:
                yield Report(scraper.source.id, RunState.WAITING, str(error))
                continue
            made = _prepare(scraper, station, options, today, since, slot)
            if isinstance(made, Job):
                jobs.append(made)
            elif made is not None:
                yield made
        if jobs:
            yield from crawl(jobs, options)


def reparse_source(scraper: type[Scraper], station: Station) -> Report:
    """Parse again what the captures hold of a source, and accept it by the same rules.

    Steps run as they did, each on the last good answer to its request; nothing is fetched. What
    a run brought that was refused is left out, and so are answers to steps that are no more.
    """
    archive = station.archive
    with ExitStack() as lock:
        try:
            lock.enter_context(archive.locked(scraper.source.id))
        except BusyError as error:
            return Report(scraper.source.id, RunState.WAITING, str(error))
        last = archive.last_runs(RunState.OK).get(scraper.source.id)
        now = station.clock()
        today = last.today if last else now.date()
        run = archive.begin(
            scraper.source.id, parser=parser_of(scraper), today=today,
            since=last.since if last else today, now=now, purpose="reparse",
        )  # fmt: skip
        assert run is not None
        job = _job(scraper, station, run)
        accepted = {one.id for one in archive.runs(run.source, limit=_ALL) if _is_accepted(one)}
        reach = sorted(job.saved.values(), key=lambda page: page.fetched_at)
        for page in reach:
            fetch = msgspec.json.decode(page.request, type=Fetch)
            refused = page.parsed is None and page.run not in accepted
            if refused or not hasattr(job.scraper, fetch.step):
                continue
            try:
                job.read(fetch, job.page_of(page), again=True)
            except CaptureError as error:
                job.blame(fetch, Fault.GONE, str(error))
        return job.finish()


def _prepare(
    scraper: type[Scraper],
    station: Station,
    options: Options,
    today: date | None,
    since: date | None,
    slot: str | None,
) -> Job | Report | None:
    source, archive, now = scraper.source, station.archive, station.clock()
    today = today or now.date()
    runs = archive.runs(source.id, limit=_RUNS)
    resume = _interrupted(runs, now)
    begun = resume[-1] if resume else None
    is_wanted = since is not None
    if begun is not None and since is None:
        # The addresses of its requests must be the same ones.
        today, since = begun.today, begun.since
    if since is None:
        read = _read_until(runs, source)
        since = (
            min(read, today) - timedelta(days=source.overlap)
            if read
            else today - timedelta(days=source.first)
        )
    run = archive.begin(
        source.id, parser=parser_of(scraper), today=today, since=since, now=now, slot=slot
    )
    if run is None:
        return Report(source.id, RunState.WAITING, f"the run of {slot} has been made")
    why = _waits(scraper, options, now)
    if why:
        archive.end(run, RunState.WAITING, now=now, reason=why)
        return Report(source.id, RunState.WAITING, why)
    whole = next((one for one in runs if _is_whole(one)), None)
    return _job(
        scraper,
        station,
        run,
        resume=frozenset(one.id for one in resume),
        last_examined=whole.counts.get("examined") if whole else None,
        hours=None if options.replay else source.hours,
        thorough=is_wanted,
    )


def _read_until(runs: Sequence[Run], source: Source) -> date | None:
    """The day up to which everything was read; None if there is none, and all is to be read.

    A run moves it only if it began where the ones before had come to: one that was asked by hand
    for the last two days says nothing of a month that was missed. A run that could not read
    something is made up for by later ones, for a time; one that stopped short, until it is.
    """
    until: date | None = None
    for run in reversed(runs):
        if not _is_accepted(run) or run.purpose != "crawl" or run.counts.get("stopped"):
            continue
        begin = until or run.today - timedelta(days=source.first)
        read = run.today if run.state is RunState.OK else run.today - _AGAIN
        if run.since <= begin and read >= run.since:
            until = max(until or read, read)
    return until


def _is_accepted(run: Run) -> bool:
    return run.state in (RunState.OK, RunState.PARTIAL)


def _is_whole(run: Run) -> bool:
    return run.state is RunState.OK and run.purpose == "crawl"


def _check_days(today: date | None, since: date | None, now: date, *, is_real: bool) -> None:
    if is_real and today is not None and today > now:
        raise AtlasError(f"the day {today} has not come: say --today {now} or earlier")
    if since is not None and since > (today or now):
        raise AtlasError(f"the day {since} has not come: say --since {today or now} or earlier")


def _job(
    scraper: type[Scraper],
    station: Station,
    run: Run,
    *,
    resume: frozenset[int] = frozenset(),
    last_examined: int | None = None,
    hours: Hours | None = None,
    thorough: bool = False,
) -> Job:
    known: Mapping[str, str | None] = {
        key: one.version
        for key, one in station.archive.known(run.source).items()
        if one.observation is not None
    }
    return Job(
        source=scraper.source,
        scraper=scraper(today=run.today, since=run.since, known=known),
        run=run,
        archive=station.archive,
        captures=station.captures,
        clock=station.clock,
        resume=resume,
        last_examined=last_examined,
        hours=hours,
        thorough=thorough,
    )


def _interrupted(runs: Sequence[Run], now: datetime) -> list[Run]:
    """The runs since the last one that came to its end, newest first, that are young enough."""
    found = []
    for run in runs:
        if run.purpose != "crawl" or run.state is RunState.WAITING:
            continue
        stopped = run.state is RunState.PARTIAL and run.counts.get("stopped")
        if not stopped and run.state not in (RunState.INTERRUPTED, RunState.RUNNING):
            break
        if run.started < moment(now - (_CONTINUE if stopped else _RESUME)):
            break
        found.append(run)
    return found


def _waits(scraper: type[Scraper], options: Options, now: datetime) -> str | None:
    source = scraper.source
    if source.off:
        return f"off: {source.off}"
    key = source.key
    if key and key.required and key.env not in dict(options.keys):
        return f"needs the key {key.env}: get one at {key.register} and set it in the environment"
    if source.hours and not options.replay and not source.hours.hold(now):
        return f"may be read {source.hours} only"
    return None
