"""The commands that watch sources: how each is doing, and when each is read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from kratom_atlas.console import one_line, say
from kratom_atlas.errors import AtlasError
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from kratom_atlas.build import Watched
    from kratom_atlas.crawl.health import SourceState, Survey
    from kratom_atlas.crawl.scraper import Scraper
    from kratom_atlas.crawl.source import Source
    from kratom_atlas.model.observation import Observation
    from kratom_atlas.schedule import Planned
    from kratom_atlas.store.database import Store

__all__ = ["COMMANDS", "declared", "watched"]

HAND: Final = "hand-research"
LISTED: Final = 10
"""So many runs, changes and quarantined answers of a source are listed."""
_REACH: Final = 2_000
"""So far back in the archive of a source those of one row are looked for."""
_INDENT: Final = " " * 11


@click.command()
@click.argument("source", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def sources(source: str | None, as_json: bool) -> None:
    """Every source, with its schedule, last success, last change and health; or one, in detail.

    \b
    Examples:
      kratom-atlas sources
      kratom-atlas sources us_federal_register
      kratom-atlas sources anchors
    """
    settings = Settings.from_environment()
    now = datetime.now(UTC)
    if source == HAND:
        row = _by_hand(settings, now)
        _tell(row, as_json, (f"{name}: {value}" for name, value in row.items() if value))
        return
    with _archive(settings) as store:
        if source is not None:
            found = _surveyed(store, settings, now, source)
            state = next((one for one in found.sources if one.source.id == source), None)
            if state is None:
                raise _unknown(source)
            detail = _detail(store, state, found)
            _tell(detail, as_json, _detail_lines(state, detail, found))
            return
        found = _surveyed(store, settings, now)
    from kratom_atlas.crawl.health import plain

    row = _by_hand(settings, now)
    every = [row, *(plain(one) for one in found.sources)]
    _tell(every, as_json, (*_hand_lines(row), *_list_lines(found)))
    if not found.crawled:
        say("no source has been read by this installation: kratom-atlas crawl SOURCE")


@click.command()
@click.option("--show", is_flag=True, help="Show the next runs (default).")
@click.option("--run", "go", is_flag=True, help="Run until stopped.")
@click.option(
    "--at-once",
    default=2,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Crawls that run at a time.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def schedule(show: bool, go: bool, at_once: int, as_json: bool) -> None:
    """When each source is next read, in UTC; or read them all at their hours.

    Each crawl is a process of its own. What was missed or killed is made up for at the next start.

    \b
    Examples:
      kratom-atlas schedule
      kratom-atlas schedule --run
    """
    from kratom_atlas.crawl.registry import find_scrapers
    from kratom_atlas.schedule import plan

    if show and go:
        raise click.UsageError("give --show or --run, not both.")
    settings = Settings.from_environment()
    known = [one.source for one in find_scrapers().values()]
    held = [name for name, _ in settings.keys(one.key.env for one in known if one.key)]
    planned = plan(known, held)
    if go:
        _run_schedule(settings, planned, at_once)
        return
    now = datetime.now(UTC)
    rows = [_upcoming(*pair, now) for pair in zip(planned, known, strict=True)]
    rows.sort(key=lambda row: (row["next_run"] is None, row["next_run"] or "", row["source_id"]))
    _tell(
        rows,
        as_json,
        (
            f"{_minute(row['next_run']) or 'not run':<16}  {row['source_id']:<26} "
            f"{row['why_not'] or row['schedule'] + ', in session' * row['in_session']}"
            for row in rows
        ),
    )


COMMANDS: Final[tuple[click.Command, ...]] = (schedule, sources)


def _tell(plain: Any, as_json: bool, lines: Iterable[str]) -> None:
    import json

    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    for line in lines:
        click.echo(line)


def _upcoming(one: Planned, source: Source, now: datetime) -> dict[str, Any]:
    from kratom_atlas.crawl.timetable import Timetable

    timetable = Timetable.of(source)
    upcoming = None if one.why_not else timetable.after(now)
    return {
        "source_id": one.source,
        "next_run": f"{upcoming:%Y-%m-%dT%H:%M:%SZ}" if upcoming else None,
        "schedule": timetable.line(now.date()),
        "in_session": timetable.sits(now.date()),
        "why_not": one.why_not or None,
    }


def _run_schedule(settings: Settings, planned: list[Planned], at_once: int) -> None:
    """Run until the process is told to end."""
    import signal
    import threading

    from kratom_atlas.schedule import Scheduler
    from kratom_atlas.store.database import open_store

    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    with open_store(settings.store_url) as store:
        scheduler = Scheduler(store, planned, at_once=at_once)
        scheduler.start()
        count = sum(not one.why_not for one in planned)
        say(f"{count} sources are read at their hours, {len(planned) - count} are not: see --show")
        done.wait()
        say("stopping: crawls under way may end")
        scheduler.stop()


# -- how sources are doing -------------------------------------------------------------------


@contextmanager
def watched(settings: Settings, as_of: date) -> Iterator[Watched]:
    """The sources as a build sees them: what was run by the end of the day, judged at its start.

    So the same store and day give the same bytes, and nothing is late that is due on the day.
    """
    from kratom_atlas.build import Watched
    from kratom_atlas.crawl.registry import find_scrapers

    start = datetime.combine(as_of, time(), UTC)
    end = start + timedelta(days=1, seconds=-1)
    with _archive(settings) as store:
        mark: tuple[Any, ...] = ()
        if store is not None:
            from kratom_atlas.store.looks import mark_of

            mark = mark_of(store, end)
        yield Watched(mark, lambda: _assessed(find_scrapers().values(), store, start, end))


def declared() -> Survey:
    """The sources as they are declared, without any crawl."""
    from kratom_atlas.crawl.registry import find_scrapers

    return _assessed(find_scrapers().values(), None, datetime.now(UTC))


def _surveyed(
    store: Store | None, settings: Settings, now: datetime, only: str | None = None
) -> Survey:
    """How they are doing now, with the keys that are set here."""
    from kratom_atlas.crawl.registry import find_scrapers, load_scraper, names

    if only is None:
        scrapers = list(find_scrapers().values())
    else:
        name = only.partition(".")[0]
        if name not in names():
            raise _unknown(only)
        scrapers = [load_scraper(name)]
    wanted = [one.source.key.env for one in scrapers if one.source.key]
    return _assessed(scrapers, store, now, keys=[name for name, _ in settings.keys(wanted)])


def _unknown(source: str) -> AtlasError:
    return AtlasError(f"no source is called {source[:80]!r}: see kratom-atlas sources")


def _assessed(
    scrapers: Iterable[type[Scraper]],
    store: Store | None,
    now: datetime,
    until: datetime | None = None,
    keys: Iterable[str] | None = None,
) -> Survey:
    from kratom_atlas.crawl.health import families, survey

    found = list(scrapers)
    if store is None:
        return survey(found, None, now, keys)
    from kratom_atlas.store.looks import read_looks

    return survey(found, read_looks(store, until or now, families(found)), now, keys)


@contextmanager
def _archive(settings: Settings) -> Iterator[Store | None]:
    """The store, where there is one: to look leaves nothing behind."""
    if not (settings.database_url or settings.default_database.is_file()):
        yield None
        return
    from kratom_atlas.store.database import open_store

    with open_store(settings.store_url) as store:
        yield store


def _by_hand(settings: Settings, now: datetime) -> dict[str, Any]:
    """Research by hand, as it stands among the sources."""
    from kratom_atlas.record import load_record
    from kratom_atlas.release.dataset import plain_rows
    from kratom_atlas.release.tables import Edition

    table = Edition(load_record(settings), now.date().toordinal()).sources
    row = dict(zip(table.columns, next(plain_rows(table)), strict=True))
    return {**row, "covers": [row["covers"]]}


def _detail(store: Store | None, state: SourceState, found: Survey) -> dict[str, Any]:
    """A source with its last runs, changes and quarantined answers, and its rows."""
    from kratom_atlas.crawl.health import plain
    from kratom_atlas.store.crawls import Archive

    told: dict[str, Any] = {**plain(state), "runs": [], "changes": [], "quarantine": []}
    if state.has_rows:
        told["documents"] = [plain(one) for one in found.sources if one.is_row]
    if store is None:
        return told
    archive = Archive(store)
    name, _, row = state.source.id.partition(".")
    reach = _REACH if row else LISTED
    told["runs"] = [
        {
            "started": run.started,
            "ended": run.ended,
            "slot": run.slot,
            "purpose": run.purpose,
            "state": run.state.value,
            "reason": run.reason,
            "counts": dict(run.counts),
        }
        for run in archive.runs(name, limit=LISTED)
    ]
    told["changes"] = [
        {
            "key": one.now.key,
            "title": one.now.title,
            "outcome": one.outcome.value,
            "seen_at": one.seen_at,
            "url": one.now.url,
            "before": None if one.before is None else _mentions(one.before),
            "now": _mentions(one.now),
        }
        for one in archive.changes(name, limit=reach)
        if not row or one.now.key == row
    ][:LISTED]
    told["quarantine"] = [
        {
            "at": one.fetched_at,
            "fault": str(one.fault),
            "detail": one.detail or "",
            "url": one.url,
            "status": one.status,
            "about": one.about,
        }
        for one in archive.quarantined(name, limit=reach)
        if not row or one.about == row
    ][:LISTED]
    return told


def _mentions(one: Observation) -> list[str]:
    return list(dict.fromkeys(mention.excerpt for mention in one.mentions))


# -- in words --------------------------------------------------------------------------------


def _hand_lines(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{row['health']:<10} {row['source_id']}: {row['title']}"
    yield (
        f"{_INDENT}last success {row['last_success'] or 'never'}; "
        f"last change {row['last_change'] or 'never'}"
    )


def _list_lines(found: Survey) -> Iterator[str]:
    """A source on two lines or more, its rows in sum."""
    rows: dict[str | None, Counter[str]] = defaultdict(Counter)
    for state in found.sources:
        if state.is_row:
            rows[state.family][state.health.value] += 1
    for state in found.sources:
        if state.is_row:
            continue
        yield f"{state.health.value:<10} {state.source.id}: {state.source.title}"
        yield f"{_INDENT}{_times(state)}"
        yield from (f"{_INDENT}{note}" for note in _notes(state))
        if state.has_rows:
            told = ", ".join(f"{n} {word}" for word, n in sorted(rows[state.family].items()))
            yield f"{_INDENT}documents: {told}; see kratom-atlas sources {state.source.id}"


def _detail_lines(state: SourceState, detail: Mapping[str, Any], found: Survey) -> Iterator[str]:
    source, key = state.source, state.source.key
    yield f"{source.id}: {source.title}"
    session = f"; in session {source.in_session}" if source.in_session else ""
    for label, text in (
        ("publisher", source.publisher),
        ("covers", ", ".join(source.covers)),
        ("kind", source.kind.label),
        ("homepage", source.homepage),
        ("licence", source.licence),
        ("terms", source.terms),
        ("schedule", f"{source.schedule}{session} (UTC)"),
        ("cadence", f"a change within {source.cadence} days is usual"),
        ("key", f"{key.env}, from {key.register}" if key else ""),
        ("health", f"{state.health.value}: {state.health.meaning}"),
        ("times", _times(state)),
        *(("note", note) for note in _notes(state)),
    ):
        if text:
            yield f"  {f'{label}:':<11}{text}"
    yield from _titled("Last runs", map(_run_line, detail["runs"]))
    yield from _titled("Last changes", (x for c in detail["changes"] for x in _change_lines(c)))
    yield from _titled("In quarantine", map(_bad_line, detail["quarantine"]))
    if state.has_rows:
        yield from _titled("Documents", (_row_line(one) for one in found.sources if one.is_row))


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    for n, line in enumerate(lines):
        if n == 0:
            yield f"{title}:"
        yield f"  {one_line(line) if line[:1] != ' ' else f'  {one_line(line)}'}"


def _run_line(run: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in run["counts"].items() if count)
    told = "; ".join(filter(None, (counts, run["reason"])))
    return f"{_minute(run['started'])} {run['purpose']}: {run['state']}: {told}"


def _change_lines(change: Mapping[str, Any]) -> Iterator[str]:
    yield (f"{_minute(change['seen_at'])} {change['outcome']}: {change['key']}: {change['title']}")
    before, now = change["before"] or [], change["now"]
    yield from (f" - {text}" for text in before if text not in now)
    yield from (f" + {text}" for text in now if text not in before)
    if change["before"] is not None and before == now:
        yield " the words that name kratom are the same"


def _bad_line(one: Mapping[str, Any]) -> str:
    return f"{_minute(one['at'])} {one['fault']}: {one['url']}: {one['detail']}"


def _row_line(state: SourceState) -> str:
    note = f": {state.reason}" if state.reason else ""
    return f"{state.health.value:<10} {state.source.id}; {_times(state)}{note}"


def _times(state: SourceState) -> str:
    upcoming = f"{state.next_run:%Y-%m-%d %H:%M}" if state.next_run else "not planned"
    return (
        f"last success {_minute(state.last_success) or 'never'}; "
        f"last change {_minute(state.last_change) or 'never'}; next run {upcoming}"
    )


def _notes(state: SourceState) -> list[str]:
    found = _sum(state.outcomes)
    notes = (
        f"ALARM: {state.alarm}" if state.alarm else "",
        state.reason,
        f"failed {state.failures} times: {state.triage_words}" if state.triage else "",
        f"odd: {state.odd}" if state.odd else "",
        f"last run: {found}" if found else "",
        f"quarantined in it: {_sum(state.faults)}" if state.faults else "",
        f"quarantined in 30 days: {_sum(state.recent)}" if state.recent else "",
    )
    return [one_line(note) for note in notes if note]


def _sum(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count:,} {kind.value}" for kind, count in counts.items() if count)


def _minute(moment: str | None) -> str:
    return (moment or "")[:16].replace("T", " ")
