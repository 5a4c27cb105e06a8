"""The commands that work with sources: crawl, parse again, replay, schedule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kratom_atlas.console import DAY, say
from kratom_atlas.errors import AtlasError
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from kratom_atlas.crawl.engine import Options
    from kratom_atlas.crawl.job import Report
    from kratom_atlas.crawl.run import Station
    from kratom_atlas.crawl.scraper import Scraper
    from kratom_atlas.read.instruments import Bill

__all__ = ["COMMANDS"]


@click.command()
@click.argument("source", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every source that may run now.")
@click.option("--since", type=DAY, metavar="DATE", help="Look back to this day.")
@click.option("--today", type=DAY, metavar="DATE", help="The day of the run; that of the clock.")
@click.option("--slot", hidden=True, help="The hour that the schedule meant.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def crawl(
    source: tuple[str, ...],
    every: bool,
    since: date | None,
    today: date | None,
    slot: str | None,
    as_json: bool,
) -> None:
    """Read sources: what is new, changed, unchanged; what went into quarantine.

    \b
    Examples:
      kratom-atlas crawl us_federal_register
      kratom-atlas crawl --all --since 2026-11-01
    """
    from kratom_atlas.crawl.registry import chosen, find_scrapers
    from kratom_atlas.crawl.run import crawl_sources

    settings = Settings.from_environment()
    if bool(source) == every:
        raise click.UsageError("name sources, or say --all; `kratom-atlas sources` lists them.")
    picked = (
        [one for one in find_scrapers().values() if not one.source.off] if every else chosen(source)
    )
    with station(settings) as here:
        reports = list(
            crawl_sources(
                picked, here, options(settings, picked), today=today, since=since, slot=slot
            )
        )
    tell(reports, as_json)


@click.command()
@click.argument("source", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def reparse(source: tuple[str, ...], as_json: bool) -> None:
    """Parse the captures again, with the parsers as they are now. Nothing is fetched.

    \b
    Example: kratom-atlas reparse us_federal_register
    """
    from kratom_atlas.crawl.registry import chosen, find_scrapers
    from kratom_atlas.crawl.run import reparse_source

    picked = chosen(source) if source else list(find_scrapers().values())
    with station(Settings.from_environment()) as here:
        tell([reparse_source(one, here) for one in picked], as_json)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--samples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of real answers, at the addresses that `samples.yaml` files give.",
)
def replay(folder: Path, host: str, port: int, samples: Path | None) -> None:
    """Serve recorded exchanges, or the captures of a store, in place of every source.

    FOLDER holds `exchanges.yaml` files, or it is the home of an installation.

    \b
    Examples:
      kratom-atlas replay tests/fixtures
      kratom-atlas replay .kratom-atlas
    """
    from kratom_atlas.crawl.replay import captured_exchanges, load_exchanges, serve

    home = replace(Settings.from_environment(), home=folder, database_url=None)
    if samples is not None:
        exchanges = load_exchanges(folder, base=samples, name="samples.yaml")
    elif home.default_database.exists():
        with station(home) as here:
            serve(captured_exchanges(here.archive, here.captures), host, port)
            return
    else:
        exchanges = load_exchanges(folder)
    serve(exchanges, host, port)


@click.command()
@click.argument("place", required=False)
@click.option("--live", is_flag=True, help="Only those that may still become law.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def bills(place: str | None, live: bool, as_json: bool) -> None:
    """The bills that the sources observed, each with its stage. A bill is not law.

    \b
    Example: kratom-atlas bills US-OH --live
    """
    import json

    from kratom_atlas.model.vocabulary import Stage
    from kratom_atlas.places import find_place
    from kratom_atlas.read.instruments import bills as joined
    from kratom_atlas.record import load_record

    settings = Settings.from_environment()
    with station(settings) as here:
        found = joined(here.archive.standing())
    if place is not None:
        record = load_record(settings)
        home = record.places[find_place(record, place).index].id
        found = [one for one in found if one.shown.jurisdiction == home]
    if live:
        moving = {Stage.PREFILED, Stage.INTRODUCED, Stage.PASSED_FIRST_CHAMBER, Stage.PASSED}
        found = [one for one in found if one.shown.stage in moving]
    if as_json:
        click.echo(json.dumps([_bill(one) for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        shown = one.shown
        click.echo(f"{shown.key}: {shown.stage.label.lower()}; {shown.title[:100]}")
        click.echo(f"  {shown.because or 'nothing said'} ({', '.join(one.sources)})")
        for other in one.others:
            click.echo(f"  other sources: {other}")
        if one.forerunners:
            click.echo(f"  takes up {', '.join(one.forerunners)}")
    if not found:
        say("no bill was observed; `kratom-atlas crawl --all` looks")


def _bill(one: Bill) -> dict[str, Any]:
    shown = one.shown
    return {
        "key": shown.key, "jurisdiction_id": shown.jurisdiction, "session": shown.session,
        "number": shown.number, "title": shown.title, "stage": shown.stage.value,
        "because": shown.because, "last_action": one.last, "enacted": shown.enacted,
        "effective": shown.effective, "url": shown.url, "sources": list(one.sources),
        "other_stages": list(one.others), "forerunners": list(one.forerunners),
    }  # fmt: skip


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--source", metavar="ID", help="Of this source only.")
def warc(path: Path, source: str | None) -> None:
    """Write everything that was fetched as a WARC file, for archives and courts.

    \b
    Example: kratom-atlas warc evidence.warc.gz --source us_federal_register
    """
    from kratom_atlas import __version__
    from kratom_atlas.crawl.warc import logged_fetches, write_warc

    with station(Settings.from_environment()) as here:
        fetches = logged_fetches(here.archive, source)
        count = write_warc(path, fetches, here.captures, software=f"kratom-atlas/{__version__}")
    click.echo(f"wrote {count} records to {path}")


@click.command("new-source")
@click.argument("id_", metavar="ID")
@click.argument("url")
def new_source(id_: str, url: str) -> None:
    """Begin a source: its file, its fixture, its expected output.

    \b
    Example: kratom-atlas new-source xx_gazette https://gazette.example/search
    """
    from kratom_atlas.crawl import scaffold

    today = datetime.now(UTC).date().isoformat()
    for path in scaffold.new_source(Path.cwd(), id_, url, today=today):
        click.echo(f"wrote {path.relative_to(Path.cwd())}")
    click.echo(f"next: fill them in, then python tests/sources/harness.py show {id_}")


COMMANDS: Final[tuple[click.Command, ...]] = (crawl, reparse, replay, bills, warc, new_source)


@contextmanager
def station(settings: Settings) -> Iterator[Station]:
    """The store and the captures of this installation."""
    from kratom_atlas.crawl.run import Station
    from kratom_atlas.store.captures import Captures
    from kratom_atlas.store.crawls import Archive
    from kratom_atlas.store.database import open_store

    with open_store(settings.store_url) as store:
        yield Station(Archive(store), Captures(settings.captures), lambda: datetime.now(UTC))


def options(settings: Settings, scrapers: list[type[Scraper]]) -> Options:
    """How this process crawls, from its settings."""
    from kratom_atlas.crawl.engine import Options

    names = [one.source.key.env for one in scrapers if one.source.key]
    return Options(
        contact=settings.contact,
        replay=settings.replay,
        pace=0.0 if settings.replay else 1.0,
        keys=settings.keys(names),
    )


def tell(reports: list[Report], as_json: bool) -> None:
    """Print how runs ended.

    Raises:
        AtlasError: one of them failed, or came to no end.
        SystemExit: a signal ended them.
    """
    import json

    from kratom_atlas.model.crawling import RunState

    if as_json:
        click.echo(json.dumps([_plain(one) for one in reports], ensure_ascii=False, indent=1))
    for one in () if as_json else reports:
        click.echo(f"{one.source}: {one.state.label.lower()}{_sums(one)}")
        if one.reason:
            click.echo(f"  {one.reason}")
        for key in one.tally.changes[:20]:
            click.echo(f"  seen: {key}")
        for url, fault, detail in one.faults[:5]:
            click.echo(f"  {fault.value}: {url}: {detail}")
    signals = [one.signal for one in reports if one.signal is not None]
    if signals:
        raise SystemExit(128 + signals[0])
    failed = [one.source for one in reports if one.state is RunState.FAILED]
    if failed:
        raise AtlasError(f"failed, and published nothing: {', '.join(failed)}; earlier data stand")
    for one in reports:
        if one.state is RunState.INTERRUPTED:
            raise AtlasError(f"{one.source}: stopped: {one.reason}")
    if not reports:
        say("nothing to do")


def _sums(one: Report) -> str:
    counts, tally = one.counts, one.tally
    if "fetched" not in counts:
        return ""
    return (
        f": {counts['fetched']} fetched, {counts['not_modified']} not modified, "
        f"{counts['quarantined']} quarantined; {counts['examined']} examined; {tally.new} new, "
        f"{tally.changed} changed, {tally.unchanged} unchanged, {tally.error} in error"
    )


def _plain(one: Report) -> dict[str, Any]:
    return {
        "source": one.source,
        "state": one.state.value,
        "reason": one.reason,
        "counts": one.counts,
        "new": one.tally.new,
        "changed": one.tally.changed,
        "unchanged": one.tally.unchanged,
        "errors": one.tally.error,
        "seen": one.tally.changes,
        "faults": [[url, fault.value, detail] for url, fault, detail in one.faults],
    }
