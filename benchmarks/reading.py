"""`python -m benchmarks.reading`: reading acts, and comparing versions of them.

The acts are made of the gold's passages and of rules on other things, about 30 kB each. Reading is
from bytes to findings, on two processes. The peers: lxml, which only takes the text out of the same
files, and `git diff --word-diff` on the same two versions.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import lxml.html
import yaml

from benchmarks.__main__ import median, say

GOLD = Path(__file__).parents[1] / "tests" / "gold" / "passages"
FILLER = (
    "The department shall keep a register of the permits that it issued under this chapter.",
    "A licensee that changes its address shall tell the department within thirty days.",
    "The board consists of nine members, of whom the governor appoints five for four years.",
    "For each day of a violation of this article the court may order a fine of up to $250.",
    "Food that is offered for sale at retail shall be kept at the temperature that rules set.",
    "A vendor of tobacco products may not sell to a person under 21 years of age.",
)
SIZE = 30_000


def acts(count: int) -> Iterator[bytes]:
    """Acts as a legislature would publish them, each with one passage on kratom."""
    passages = [
        document["text"]
        for file in sorted(GOLD.glob("*.yaml"))
        for document in yaml.safe_load(file.read_text(encoding="utf-8"))
        if document.get("language", "en") == "en" and "<" not in document["text"]
    ]
    chance = Random(1)
    for _ in range(count):
        passage = chance.choice(passages)
        size, at, number, parts = len(passage), chance.randrange(SIZE), 0, []
        placed = False
        while size < SIZE:
            number += 1
            body = " ".join(chance.choices(FILLER, k=4))
            size += len(body) + 40
            parts.append(f"<p><b>Section {number}.</b> {body}</p>\n")
            if not placed and size > at:
                parts += [f"<p>{line}</p>\n" for line in passage.splitlines()]
                placed = True
        yield f"<html><body>{''.join(parts)}</body></html>".encode()


def read_one(body: bytes) -> int:
    """From bytes to findings; how many."""
    from kratom_atlas.model.reading import Circumstances
    from kratom_atlas.read.marked import read_marked
    from kratom_atlas.read.reading import read_law

    return len(read_law(read_marked(body), Circumstances(place="US-AL")).findings)


def text_only(body: bytes) -> int:
    """What the peer does."""
    return len(lxml.html.fromstring(body).text_content())


def reading(count: int) -> None:
    """All of them, on two processes; then the same by the peer."""
    made = list(acts(min(count, 2_000)))
    made *= -(-count // len(made))
    took = {}
    for name, work in (("reading", read_one), ("lxml", text_only)):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            pool.map(work, made[:20])
            started = time.perf_counter()
            found = sum(pool.imap_unordered(work, made[:count], chunksize=50))
            took[name] = time.perf_counter() - started
        if name == "reading":
            findings = found
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    say(
        f"{count:,} acts of 30 kB, two processes (budget {60 * count / 10_000:.0f} s)",
        took["reading"],
        f"{findings:,} findings; peak {peak:,.0f} MiB each; "
        f"lxml's text alone {took['lxml']:.3f} s: {took['reading'] / took['lxml']:.1f} x that",
    )


def redlines() -> None:
    """Two versions of a long act: sections changed, moved, added and struck."""
    from kratom_atlas.read.redline import redline

    chance = Random(2)
    old = [f"Section {n}. {' '.join(chance.choices(FILLER, k=4))}\n" for n in range(3_000)]
    new = [line.replace("30", "31") if chance.random() < 0.05 else line for line in old]
    moved = new[2_000:2_100]
    new = [*new[:500], *moved, *new[500:2_000], *new[2_100:]]
    ours = median(lambda: redline("".join(old), "".join(new)), 3)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("old.txt", "new.txt")]
        for file, lines in zip(files, (old, new), strict=True):
            file.write_text("".join(lines), encoding="utf-8")
        command = ["git", "diff", "--no-index", "--word-diff", *map(str, files)]
        theirs = median(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False), 3)
    say(
        f"redline of {sum(map(len, old)) / 1e6:.1f} MB, 3,000 sections, 100 of them moved",
        ours,
        f"git diff --word-diff {theirs:.3f} s (which knows no moves): {ours / theirs:.1f} x that",
    )


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--acts", type=int, default=10_000)
    chosen = parser.parse_args()
    redlines()
    reading(chosen.acts)


if __name__ == "__main__":
    main()
