"""`python -m benchmarks.crawling`: a crawl against a bare Scrapy spider, in the same run.

The server, our crawl and the bare spider are processes of their own. The documents are pages of law
of about 4 kB, one in twenty names kratom; the list of them comes first.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import HTML, JSON, Bounds, Rate, Source
from kratom_atlas.model.crawling import SourceKind

HOST = "law.example.org"


class Bench(Scraper):
    """A list, and every document in it."""

    source: ClassVar = Source(
        id="bench_source",
        title="Synthetic code",
        publisher="The benchmark",
        covers=("US",),
        kind=SourceKind.STATUTES,
        homepage=f"https://{HOST}/",
        licence="None",
        terms="None",
        hosts=(HOST,),
        schedule="0 0 * * *",
        rate=Rate(delay=0, parallel=8),
        bounds=Bounds(examined=(1, 100_000), observed=(0, 100_000)),
        cadence=30,
    )

    def start(self) -> Iterable[Fetch]:
        """The list."""
        yield self.get(f"https://{HOST}/list.json", self.listing, expect=JSON, essential=True)

    def listing(self, page: Page) -> Iterable[Yield]:
        """Every document."""
        for number in page.json(list[int]):
            yield self.get(
                f"https://{HOST}/act/{number}", self.read, expect=HTML, about=str(number),
                number=number,
            )  # fmt: skip

    def read(self, page: Page, number: int) -> Iterable[Yield]:
        """The document, if it names what we look for."""
        self.examine()
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=str(number),
                    title=f"Act {number}",
                    jurisdiction="ocd-division/country:us",
                    text=page.text() if b"ratom" in page.body else None,
                )
            ]
        )


def body(number: int) -> bytes:
    """One page of law."""
    word = "kratom" if number % 20 == 0 else "tobacco"
    section = f"<p>Section {number}. A person may not sell {word} to a person under 21 years.</p>"
    return f"<!doctype html><html><body><h1>Act {number}</h1>{section * 45}</body></html>".encode()


def serve(count: int) -> None:
    """The source."""
    from kratom_atlas.crawl import replay

    listed = json.dumps(list(range(count))).encode()
    exchanges = [
        replay.Exchange(
            f"https://{HOST}/act/{n}", body=lambda n=n: body(n),  # type: ignore[misc]
            headers=(("Content-Type", "text/html; charset=utf-8"),),
        )
        for n in range(count)
    ]  # fmt: skip
    first = replay.Exchange(
        f"https://{HOST}/list.json",
        body=lambda: listed,
        headers=(("Content-Type", "application/json"),),
    )
    replay.serve([first, *exchanges])


def ours(url: str, home: str) -> None:
    """Our crawl."""
    from kratom_atlas.crawl.engine import Options
    from kratom_atlas.crawl.run import Station, crawl_sources
    from kratom_atlas.store.captures import Captures
    from kratom_atlas.store.crawls import Archive
    from kratom_atlas.store.database import open_store

    with open_store(f"sqlite:///{home}/atlas.sqlite") as store:
        station = Station(Archive(store), Captures(Path(home) / "captures"), _now)
        options = Options(replay=url, pace=0)
        for report in crawl_sources([Bench], station, options, today=date(2026, 11, 22)):
            done(report.counts)


def again(home: str) -> None:
    """A second parse of everything that was captured."""
    from kratom_atlas.crawl.run import Station, reparse_source
    from kratom_atlas.store.captures import Captures
    from kratom_atlas.store.crawls import Archive
    from kratom_atlas.store.database import open_store

    with open_store(f"sqlite:///{home}/atlas.sqlite") as store:
        station = Station(Archive(store), Captures(Path(home) / "captures"), _now)
        done(reparse_source(Bench, station).counts)


def bare(url: str, _home: str) -> None:
    """A spider that only downloads."""
    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.http import Response

    class Spider(scrapy.Spider):
        name = "bare"
        start_urls: ClassVar = [f"{url}/list.json"]

        async def start(self) -> Any:
            yield scrapy.Request(f"{url}/list.json", headers={"Host": HOST})

        def parse(self, response: Response) -> Any:
            for number in json.loads(response.body):
                yield scrapy.Request(
                    f"{url}/act/{number}", callback=self.keep, headers={"Host": HOST}
                )

        def keep(self, response: Response) -> None:
            seen.append(len(response.body))

    seen: list[int] = []
    settings = {
        "CONCURRENT_REQUESTS": 8, "CONCURRENT_REQUESTS_PER_DOMAIN": 8, "DOWNLOAD_DELAY": 0,
        "LOG_ENABLED": False, "COOKIES_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
    }  # fmt: skip
    process = AsyncCrawlerProcess(settings)
    process.crawl(Spider)
    process.start()
    done({"fetched": len(seen), "bytes": sum(seen)})


def done(counts: dict[str, int]) -> None:
    """Tell the parent."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({**counts, "peak": used.ru_maxrss / 1024, "cpu": cpu}))


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=5_000)
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.crawling", "serve", str(size)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        url = server.stdout.readline().partition("REPLAY=")[2].split()[0]
        try:
            plain = measure("bare", url, folder)
            first = measure("ours", url, folder)
            second = measure("ours", url, folder)
        finally:
            server.kill()
            server.wait()
        reparse = measure("again", url, folder)
    print(f"{size:,} documents by a bare spider that keeps none: {words(plain)}")
    print(f"crawled, captured, parsed: {words(first)}")
    print(
        f"  {first['seconds'] / plain['seconds']:.2f} times the bare spider in wall time, "
        f"{first['cpu'] / plain['cpu']:.2f} in CPU (budget 1.3)"
    )
    print(f"again, nothing changed: {words(second)}; {second['not_modified']:,} not modified")
    print(
        f"  {second['bytes']:,} bytes of documents against {first['bytes']:,}; "
        f"{second['skipped']:,} of {size:,} not parsed again"
    )
    print(f"reparse of {size:,} captures (budget 60 s for 10,000): {words(reparse)}")


def words(measured: dict[str, float]) -> str:
    """What it took."""
    return (
        f"{measured['seconds']:.1f} s, {measured['cpu']:.1f} s of CPU, "
        f"peak {measured['peak']:.0f} MiB"
    )


def measure(what: str, url: str, home: str) -> dict[str, float]:
    """One child, timed."""
    Path(home).mkdir(exist_ok=True)
    started = time.perf_counter()
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.crawling", what, url, home],
        stdout=subprocess.PIPE, text=True, check=True, env=os.environ,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    return {"seconds": seconds, **json.loads(made.stdout or "{}")}


if __name__ == "__main__":
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb == "serve":
        serve(int(sys.argv[2]))
    elif verb in ("ours", "bare"):
        {"ours": ours, "bare": bare}[verb](*sys.argv[2:4])
    elif verb == "again":
        again(sys.argv[3])
    else:
        main()
