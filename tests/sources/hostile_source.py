"""Sources that send what no honest source sends, and good documents among it."""

from __future__ import annotations

import resource
from collections.abc import Iterable
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, Bounds, Key, Rate, Source
from kratom_atlas.model.crawling import SourceKind

HOST = "hostile.example.org"
KINDS = (
    "good", "huge", "endless", "gzip-bomb", "zip-bomb", "pdf-bomb", "entities", "deep-json",
    "deep-xml", "truncated", "garbage",
)  # fmt: skip


class Hostile(Scraper):
    """Fetches each of them, and reads it as what it pretends to be."""

    source: ClassVar = Source(
        id="hostile_source", title="Hostile", publisher="The tests", covers=("US",),
        kind=SourceKind.STATUTES, homepage=f"https://{HOST}/", licence="None", terms="None",
        hosts=(HOST,), schedule="0 0 * * *", rate=Rate(delay=0, parallel=4),
        bounds=Bounds(examined=(0, 100), errors=1.0), cadence=30, seconds=8, megabytes=16,
    )  # fmt: skip

    def start(self) -> Iterable[Fetch]:
        """All at once."""
        for kind in KINDS:
            yield self.get(
                f"https://{HOST}/{kind}", self.read, expect=ANYTHING, about=kind, kind=kind
            )

    def read(self, page: Page, kind: str) -> Iterable[Yield]:
        """As a careless parser would."""
        self.examine()
        if kind == "deep-json":
            page.json()
        elif kind in ("entities", "deep-xml"):
            page.xml()
        elif kind == "zip-bomb":
            for _name, body in page.members():
                assert body
        yield self.document(
            page, key=kind, title=kind, jurisdiction="ocd-division/country:us", text=page.text()
        )


def crawl_it(url: str, home: str, said: Connection) -> None:
    """Run it in this process, and tell how it went and what it took."""
    from kratom_atlas.crawl.engine import Options
    from kratom_atlas.crawl.run import Station, crawl_sources
    from kratom_atlas.store.captures import Captures
    from kratom_atlas.store.crawls import Archive
    from kratom_atlas.store.database import open_store

    with open_store(f"sqlite:///{home}/atlas.sqlite") as store:
        station = Station(
            Archive(store), Captures(Path(home) / "captures"), lambda: datetime.now(UTC)
        )
        (report,) = crawl_sources(
            [Hostile], station, Options(replay=url, pace=0), today=date(2026, 11, 22)
        )
        known: dict[str, Any] = {
            key: one.fault.value if one.fault else None
            for key, one in Archive(store).known("hostile_source").items()
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said.send((report.state.value, report.tally.changes, known, peak))


KEYED, OTHER, SECRET = "keyed.example.org", "other.example.org", "kr8tom+Secret/0123456789"
PATHS = ("echo", "other", "circle", "endless", "away", "huge", "unasked-304")


class Keyed(Scraper):
    """Needs a key, and is answered by hosts that repeat it, lose it and send it round."""

    source: ClassVar = Source(
        id="keyed_source", title="Keyed", publisher="The tests", covers=("US",),
        kind=SourceKind.STATUTES, homepage=f"https://{KEYED}/", licence="None", terms="None",
        hosts=(KEYED, OTHER), schedule="0 0 * * *", rate=Rate(delay=0),
        key=Key(env="KEYED_KEY", place="query", name="api_key", register="https://example.org/"),
        bounds=Bounds(examined=(0, 100), errors=1.0), cadence=30, seconds=20, megabytes=1,
    )  # fmt: skip

    def start(self) -> Iterable[Fetch]:
        """The list, and one of each kind."""
        yield self.get(f"https://{KEYED}/list", self.list, essential=True)
        for path in PATHS:
            yield self.get(f"https://{KEYED}/{path}", self.read, about=path, path=path)
        yield self.get(f"http://{KEYED}/plain", self.read, about="plain", path="plain")

    def list(self, page: Page) -> Iterable[Yield]:
        """One document more."""
        self.examine()
        yield self.get(self.join(page, page.decoded().strip()), self.read, path="listed")

    def read(self, page: Page, path: str) -> Iterable[Yield]:
        """A document."""
        yield self.document(
            page, key=path, title=path, jurisdiction="ocd-division/country:us", text=page.text()
        )


def crawl_keyed(url: str, home: str, said: Connection) -> None:
    """Run it in this process, and tell how it went."""
    from kratom_atlas.crawl.engine import Options
    from kratom_atlas.crawl.run import Station, crawl_sources
    from kratom_atlas.store.captures import Captures
    from kratom_atlas.store.crawls import Archive
    from kratom_atlas.store.database import open_store

    with open_store(f"sqlite:///{home}/atlas.sqlite") as store:
        station = Station(
            Archive(store), Captures(Path(home) / "captures"), lambda: datetime.now(UTC)
        )
        options = Options(replay=url, pace=0, keys=(("KEYED_KEY", SECRET),))
        (report,) = crawl_sources([Keyed], station, options, today=date(2026, 11, 22))
        known = {
            key: one.fault.value if one.fault else None
            for key, one in Archive(store).known("keyed_source").items()
        }
    said.send((report.state.value, report.counts, known))
