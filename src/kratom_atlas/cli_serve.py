"""The commands that serve what was built: over HTTP, and to programs that speak MCP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kratom_atlas.console import say
from kratom_atlas.errors import AtlasError
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from contextlib import ExitStack

__all__ = ["COMMANDS"]

_STOP: Final = 2.0
"""Seconds that crawls have to end by themselves when the service stops."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free."
)
@click.option(
    "--site",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("site"),
    show_default=True,
    help="The built site; built first, if there is none.",
)
@click.option("--no-schedule", is_flag=True, help="Start no crawls.")
@click.option(
    "--at-once",
    default=2,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Crawls that run at a time.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy in front whose X-Forwarded-For is true: an address or a network.",
)
@click.option("--no-alerts", is_flag=True, help="Tell subscribers nothing.")
def serve(
    host: str,
    port: int,
    site: Path,
    no_schedule: bool,
    at_once: int,
    proxies: tuple[str, ...],
    no_alerts: bool,
) -> None:
    """Serve the site and the API, start crawls at their hours, and tell subscribers what is new.

    Stops within seconds when told to (SIGTERM, SIGINT); requests under way are finished. Another
    build of the site, by `kratom-atlas build`, is served as soon as it stands.

    \b
    Example: kratom-atlas serve --port 8000 --no-schedule
    """
    from contextlib import ExitStack

    from kratom_atlas.web.serve import serve as run
    from kratom_atlas.web.site import STATE

    settings = Settings.from_environment()
    if not (site / STATE).is_file():
        _build(site)
    with ExitStack() as closing:
        ends: list[Callable[[], None]] = []

        def started(address: str) -> None:
            say(f"serving at {address}")
            if not no_schedule:
                ends.append(_crawls(settings, at_once, closing))
            if not no_alerts:
                ends.append(_alerts(settings, closing))

        def stopping() -> None:
            for end in ends:
                end()

        run(
            settings, site, host=host, port=port, started=started, stopping=stopping,
            proxies=proxies,
        )  # fmt: skip
    say("stopped")


@click.command()
@click.option(
    "--site",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("site"),
    show_default=True,
    help="The built site, for its version and its sources.",
)
def mcp(site: Path) -> None:
    """Answer programs over the Model Context Protocol, on standard input and output.

    Reads only. The answers are those of the API.

    \b
    Example: kratom-atlas mcp --site site
    """
    from kratom_atlas.web.tools import run

    run(Settings.from_environment(), site)


COMMANDS: Final[tuple[click.Command, ...]] = (mcp, serve)


def _build(site: Path) -> None:
    """Build it in a process of its own: what drawing needs in memory, serving does not."""
    import subprocess
    import sys

    say(f"{site}: building, as there is no site")
    command = [sys.executable, "-m", "kratom_atlas", "build", "--out", str(site)]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:  # noqa: S603
        raise AtlasError(f"{site}: there is no site, and it could not be built")


def _crawls(settings: Settings, at_once: int, closing: ExitStack) -> Callable[[], None]:
    """Start crawls at their hours; what ends that. A crawl that is cut short goes on later."""
    from kratom_atlas.crawl.registry import find_scrapers
    from kratom_atlas.schedule import Scheduler, plan
    from kratom_atlas.store.database import open_store

    known = [one.source for one in find_scrapers().values()]
    held = [name for name, _ in settings.keys(one.key.env for one in known if one.key)]
    store = closing.enter_context(open_store(settings.store_url))
    scheduler = Scheduler(store, plan(known, held), at_once=at_once)
    scheduler.start()
    # Crawls end while requests do, and both before the store is closed.
    return _ending(lambda: scheduler.stop(_STOP), "stop-schedule", closing)


def _alerts(settings: Settings, closing: ExitStack) -> Callable[[], None]:
    """Tell subscribers what is new, in a process of its own; what ends that.

    What is being sent is finished; the rest is sent at the next start.
    """
    import sys

    from kratom_atlas.child import Child
    from kratom_atlas.notify.subscribing import why_closed

    closed = why_closed(settings)
    if closed:
        say(f"note: nobody is sent alerts: {closed}")
        return lambda: None
    command = (sys.executable, "-m", "kratom_atlas", "alerts", "run", "--attached")
    child = Child("alerts", command)
    child.start()
    return _ending(child.stop, "stop-alerts", closing)


def _ending(stop: Callable[[], None], name: str, closing: ExitStack) -> Callable[[], None]:
    """What begins to end something, beside all else; at the close it is waited for."""
    import threading

    ending = threading.Thread(target=stop, name=name)

    def wait() -> None:
        if ending.ident is None:
            ending.start()
        ending.join()

    closing.callback(wait)
    return ending.start
