"""`make demo`: the whole line, offline: crawl twice, change some documents in between, crawl again.

With a folder of real answers (`make demo SAMPLES=DIR`) it crawls those, reads them, and shows which
bills became law, what each changes on which day, the map before and after, and the report.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import harness
from demo_law import show
from harness import FIXTURES, Ran, fixture_exchanges, run, sample_exchanges, say

from kratom_atlas.crawl.registry import load_scraper, names
from kratom_atlas.crawl.replay import Exchange, ReplayServer
from kratom_atlas.model.observation import Document, Observation, TrackedInstrument
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store


def main(samples: str | None = None, out: str = ".kratom-atlas/demo") -> None:
    """Show it; with `samples`, maps and a report are left in `out`."""
    if samples:
        harness.SAMPLES = Path(samples).resolve()
    held = "samples.yaml" if samples else "exchanges.yaml"
    sources = [
        one
        for one in names()
        if (FIXTURES / one / held).exists() and not load_scraper(one).source.off
    ]
    exchanges = sample_exchanges(sources) if samples else fixture_exchanges(sources)
    with tempfile.TemporaryDirectory() as folder, ReplayServer(exchanges) as server:
        home = Path(folder)
        say(f"{len(sources)} sources, {_kinds(exchanges)}, over HTTP at {server.url}\n")
        _sum("First crawl", run(server, home, sources))
        _sum("Second crawl, nothing has changed", run(server, home, sources))
        if samples:
            _bills(home)
            show(home, Path(out).resolve(), say)
            return
        server.advance()
        _sum("Third crawl, one document of each source has changed", run(server, home, sources))
        with open_store(f"sqlite:///{home / 'atlas.sqlite'}") as store:
            for change in Archive(store).changes(limit=200):
                if change.before is not None:
                    say(f"{change.source}: {change.now.key}: {change.now.title[:70]}")
                    say(f"    before  {_words(change.before)}")
                    say(f"    now     {_words(change.now)}")


def _sum(title: str, ran: Ran) -> None:
    states = Counter(one["state"] for one in ran.reports.values())
    outcomes = {
        word: sum(one[word] for one in ran.reports.values())
        for word in ("new", "changed", "unchanged", "errors")
    }
    again = sum(one["counts"].get("not_modified", 0) for one in ran.reports.values())
    fetched = sum(one["counts"].get("fetched", 0) for one in ran.reports.values())
    said = ", ".join(f"{count} {word}" for word, count in outcomes.items())
    say(f"{title}: {fetched} fetched, {again} not modified; {said}")
    say(f"    runs: {', '.join(f'{count} {state}' for state, count in states.items())}")
    for one in ran.reports.values():
        if one["state"] not in ("ok", "waiting"):
            say(f"    {one['source']}: {one['state']}: {one['reason'][:150]}")
    say("")


def _bills(home: Path) -> None:
    with open_store(f"sqlite:///{home / 'atlas.sqlite'}") as store:
        standing = list(Archive(store).standing())
    bills = [one for _, one in standing if isinstance(one, TrackedInstrument)]
    stages = Counter(one.stage.label for one in bills)
    say(f"{len(bills)} bills: {', '.join(f'{n} {stage.lower()}' for stage, n in stages.items())}")
    for one in sorted(bills, key=lambda bill: bill.key):
        if one.stage.is_law:
            say(f"    {one.key}: {one.title[:60]}; enacted {one.enacted or 'day not known'}")
    named = [one for _, one in standing if isinstance(one, Document) and one.mentions]
    texts = [one for one in named if one.kind is InstrumentKind.BILL]
    others = [one for one in named if one not in texts]
    say(f"{len(texts)} texts of bills name it, and {len(others)} other documents:")
    for one in others:
        say(f"    {one.jurisdiction.rpartition(':')[2]}: {one.key}: {_words(one)}")


def _words(one: Observation) -> str:
    if isinstance(one, TrackedInstrument):
        return f"{one.stage.label}; {len(one.actions)} actions; {one.because or ''}"[:150]
    terms = sorted({mention.term for mention in one.mentions})
    if not terms:
        return "does not name it"
    said = " ".join(one.mentions[0].excerpt.split())
    return f"{', '.join(terms[:4])} | {said}"[:180]


def _kinds(exchanges: list[Exchange]) -> str:
    return f"{len(exchanges)} recorded answers"


if __name__ == "__main__":
    main(*sys.argv[1:3])
