"""Runs sources against recorded exchanges, as the command line does.

    python tests/sources/harness.py show us_federal_register     # what the source gives
    python tests/sources/harness.py accept us_federal_register   # make that the expected output

The golden files change through `accept` only; no test writes them.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from kratom_atlas.crawl.registry import load_scraper, names
from kratom_atlas.crawl.replay import Exchange, Logged, ReplayServer, load_exchanges
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
TODAY = "2026-11-22"
SAMPLES = Path(os.environ.get("KRATOM_ATLAS_SAMPLES", ROOT.parent / "shared" / "samples"))


@dataclass
class Ran:
    """What one run of the command left behind."""

    home: Path
    reports: dict[str, dict[str, Any]]
    stderr: str
    log: list[Logged] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)

    def observations(self, source: str) -> list[dict[str, Any]]:
        """The standing observations of a source, without the digests of captures."""
        with open_store(f"sqlite:///{self.home / 'atlas.sqlite'}") as store:
            seen = [
                json.loads(msgspec.json.encode(o, enc_hook=str))
                for _, o in Archive(store).standing(source)
            ]
        return [{k: v for k, v in one.items() if k != "sha256"} for one in seen]

    def golden(self, source: str) -> dict[str, Any]:
        """What the expected output of a source holds."""
        report = self.reports[source]
        return {
            "state": report["state"],
            "examined": report["counts"]["examined"],
            "observations": self.observations(source),
        }


class Crawled:
    """Crawls of all sources: those on one document each, and families of rows by themselves.

    A row of a family may watch a document that another source reads too, with another answer.
    """

    def __init__(self, runs: list[Ran]) -> None:
        self._of = {source: ran for ran in runs for source in ran.reports}

    def __getitem__(self, source: str) -> Ran:
        return self._of[source]


def families(sources: list[str]) -> list[list[str]]:
    """Which sources can share a server."""
    rows = [one for one in sources if len(load_scraper(one).sources()) > 1]
    return [[one for one in sources if one not in rows], *([one] for one in rows)]


def environment(home: Path, url: str, sources: Iterable[str]) -> dict[str, str]:
    """Where a crawl is to look: at the replay server, with a key for everything."""
    keys = [load_scraper(one.partition(".")[0]).source.key for one in sources]
    return {
        **{key.env: "not-a-real-key" for key in keys if key},
        "KRATOM_ATLAS_HOME": str(home),
        "KRATOM_ATLAS_REPLAY": url,
        "KRATOM_ATLAS_CONTACT": "https://example.org/contact",
    }


def _command(
    environ: dict[str, str], arguments: Sequence[str], said: Connection, folder: Path
) -> None:
    """In a process of its own, because a reactor runs once: the command, what it wrote, and how."""
    from kratom_atlas.cli import command

    os.environ.update(environ)
    out, err = folder / "out", folder / "err"
    with out.open("w") as sys.stdout, err.open("w") as sys.stderr:
        try:
            command.main(list(arguments), standalone_mode=False)
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    said.send((out.read_text(), err.read_text()))


def atlas(environ: dict[str, str], *arguments: str) -> tuple[str, str]:
    """What `kratom-atlas ...` writes: to its output, and beside it."""
    # Forked from a server that has imported the engine: imports are most of a small crawl.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kratom_atlas.crawl.engine", "kratom_atlas.cli", "lxml.html"])
    here, there = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_command, args=(environ, arguments, there, Path(folder)))
        process.start()
        there.close()
        try:
            return here.recv() if here.poll(600) else ("", "no answer in ten minutes")
        except EOFError:
            return "", "the process ended"
        finally:
            here.close()
            process.join(30)
            process.close()


def run(server: ReplayServer, home: Path, sources: Sequence[str], *, today: str = TODAY) -> Ran:
    """`kratom-atlas crawl SOURCE ...` against a replay server."""
    environ = environment(home, server.url, sources)
    out, err = atlas(environ, "crawl", "--json", "--today", today, *sources)
    try:
        said = json.loads(out)
    except ValueError:
        raise AssertionError(f"no reports: {out[:2000]}\n{err[-4000:]}") from None
    return Ran(
        home, {one["source"]: one for one in said}, err, list(server.log),
        [str(one) for one in server.unmatched],
    )  # fmt: skip


def fixture_exchanges(sources: Iterable[str]) -> list[Exchange]:
    """The recorded exchanges of the fixtures of these sources."""
    return [one for source in sources for one in load_exchanges(FIXTURES / source)]


def sample_exchanges(sources: Iterable[str]) -> list[Exchange]:
    """The real answers that are held for these sources, at the addresses they came from."""
    return [
        one
        for source in sources
        if (FIXTURES / source / "samples.yaml").exists()
        for one in load_exchanges(FIXTURES / source, base=SAMPLES, name="samples.yaml")
    ]


def facts(golden: dict[str, Any]) -> dict[str, Any]:
    """What may be kept of real answers: keys, dates, stages and the words found, not the text."""
    kept = ("type", "key", "kind", "number", "stage", "published", "introduced", "enacted",
            "effective", "ends", "session", "text_held")  # fmt: skip
    observations = [
        {
            **{name: one[name] for name in kept if name in one},
            "terms": sorted({m["term"].casefold() for m in one.get("mentions", ())}),
            "mentions": len(one.get("mentions", ())),
            "exceptions": sum(m.get("exception", False) for m in one.get("mentions", ())),
            "actions": len(one.get("actions", ())),
        }
        for one in golden["observations"]
    ]
    return {**golden, "observations": observations}


def dump(golden: dict[str, Any]) -> str:
    """A golden file, as it is kept."""
    return json.dumps(golden, ensure_ascii=False, indent=1) + "\n"


def say(*words: str) -> None:
    """Tell the developer."""
    sys.stdout.write(" ".join(words) + "\n")


def main(arguments: Sequence[str]) -> int:
    """Show, or accept, what sources give: of the fixtures, or of the real samples."""
    verb, sources = arguments[0], list(arguments[1:]) or names()
    real = verb.endswith("-samples")
    exchanges = sample_exchanges(sources) if real else fixture_exchanges(sources)
    name = "samples-expected.json" if real else "expected.json"
    with tempfile.TemporaryDirectory() as home, ReplayServer(exchanges) as server:
        ran = run(server, Path(home), sources)
        for line in ran.unmatched:
            say("not recorded:", line)
        if ran.stderr:
            say(ran.stderr)
        for source in sources:
            golden = facts(ran.golden(source)) if real else ran.golden(source)
            if verb.startswith("accept"):
                (FIXTURES / source / name).write_text(dump(golden), encoding="utf-8")
                say(f"{source}: accepted")
            else:
                say(json.dumps(ran.reports[source], indent=1, ensure_ascii=False))
                say(dump(golden))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
