"""Documents that are made to harm: bounded in time and memory, and quarantined by name.

And what hosts do with our key, which must never be written down.
"""

from __future__ import annotations

import gzip
import io
import multiprocessing
import time
import zipfile
import zlib
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from hostile_source import HOST, KEYED, KINDS, OTHER, SECRET, crawl_it, crawl_keyed

from kratom_atlas.crawl.replay import Exchange, ReplayFault, ReplayServer
from kratom_atlas.model.crawling import Fault
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store

MEGABYTE = 1_000_000
Outcome = tuple[str, list[str], dict[str, str], float, float]
"""The state of the run, what it saw, the fault of each, the peak in MiB, the seconds."""


def zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("act.xml", b"0" * 400 * MEGABYTE)
    return made.getvalue()


def pdf_bomb() -> bytes:
    """One page whose content unpacks twice, to 600 MB of drawing."""
    content = zlib.compress(zlib.compress(b"q 1 0 0 1 0 0 cm Q\n" * (600 * MEGABYTE // 19), 9), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream"
        % (len(content), content),
    ]
    made, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(made)
    made += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return made + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def entities() -> bytes:
    names = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{names}]><x>&e9;</x>'.encode()


def exchange(kind: str, body: bytes, media: str, *, fault: ReplayFault | None = None,
             encoding: str | None = None) -> Exchange:  # fmt: skip
    headers = (("Content-Type", media), *((("Content-Encoding", encoding),) if encoding else ()))
    return Exchange(f"https://{HOST}/{kind}", body=lambda: body, headers=headers, fault=fault)


EXPECTED: dict[str, tuple[Fault | None, ...]] = {
    "good": (None,),
    "huge": (Fault.TOO_LARGE,),
    "endless": (Fault.TOO_SLOW,),
    "gzip-bomb": (Fault.BOMB,),
    "zip-bomb": (Fault.BOMB,),
    # Whichever bound it meets first; a fast machine gets to its end, and finds no text.
    "pdf-bomb": (Fault.BOMB, Fault.TOO_SLOW, Fault.EMPTY),
    "entities": (Fault.BOMB,),
    "deep-json": (Fault.TOO_DEEP,),
    "deep-xml": (Fault.TOO_DEEP,),
    "truncated": (Fault.TRUNCATED,),
    "garbage": (Fault.WRONG_CHARSET, Fault.WRONG_TYPE),
}


def in_a_process(crawl: Callable[[str, str, Connection], None], url: str, home: str) -> Any:
    """What a crawl tells; a reactor runs once in the life of a process."""
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=crawl, args=(url, home, there))
    process.start()
    there.close()
    assert here.poll(300), "it took more than five minutes"
    said = here.recv()
    process.join(30)
    here.close()
    return said


@pytest.fixture(scope="module")
def outcome(
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    good = b"<!doctype html><html><body><p>Kratom may be sold.</p></body></html>" + b" " * 200
    exchanges = [
        exchange("good", good, "text/html"),
        exchange("huge", b"x" * 300 * MEGABYTE, "text/html"),
        exchange("endless", b"<html>", "text/html", fault=ReplayFault(endless=True, slow=20_000)),
        exchange("gzip-bomb", gzip.compress(b"0" * 400 * MEGABYTE), "text/html", encoding="gzip"),
        exchange("zip-bomb", zip_bomb(), "application/zip"),
        exchange("pdf-bomb", pdf_bomb(), "application/pdf"),
        exchange("entities", entities(), "application/xml"),
        exchange("deep-json", b"[" * 100_000 + b"]" * 100_000, "application/json"),
        exchange("deep-xml", b"<a>" * 100_000 + b"</a>" * 100_000, "application/xml"),
        exchange("truncated", good, "text/html", fault=ReplayFault(truncate=40)),
        exchange("garbage", bytes(range(256)) * 400, "text/html"),
    ]
    assert {one.url.rpartition("/")[2] for one in exchanges} == set(KINDS) == set(EXPECTED)
    home: Path = tmp_path_factory.mktemp("hostile")
    with ReplayServer(exchanges) as server:
        started = time.monotonic()
        said = in_a_process(crawl_it, server.url, str(home))
        seconds = time.monotonic() - started
    return (*said, seconds)


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_named(outcome: Outcome, kind: str):
    found = outcome[2][kind]
    assert found in EXPECTED[kind]


def test_the_good_one_among_them_is_read(
    outcome: Outcome,
):
    assert outcome[1] == ["good"]


def test_memory_and_time_are_bounded(outcome: Outcome):
    _, _, _, peak, seconds = outcome
    assert peak < 700, f"{peak:.0f} MiB"
    assert seconds < 200, f"{seconds:.0f} s"


def keyed(path: str, body: bytes = b"", *, status: int = 200, to: str | None = None) -> Exchange:
    headers = [("Content-Type", "text/html")] + ([("Location", to)] if to else [])
    return Exchange(
        f"https://{KEYED}/{path}?api_key={quote_plus(SECRET)}",
        body=lambda: body, status=status, headers=tuple(headers),
    )  # fmt: skip


def page(words: str) -> bytes:
    return f"<!doctype html><html><body><p>{words}</p></body></html>".encode() + b" " * 200


def test_a_key_is_sent_where_it_belongs_and_written_down_nowhere(tmp_path: Path):
    said = quote_plus(SECRET)
    exchanges = [
        Exchange(f"https://{KEYED}/robots.txt", body=lambda: b"User-agent: *\nAllow: /\n"),
        keyed("list", f"https://{KEYED}/listed".encode()),
        keyed("listed", page("Kratom may be sold.")),
        keyed("echo", status=302, to=f"https://{KEYED}/target?api_key={said}"),
        keyed("target", page(f'Kratom. <a href="/next?api_key={said}">Next</a> for {SECRET}')),
        keyed("other", status=301, to=f"https://{OTHER}/there"),
        Exchange(f"https://{OTHER}/there", body=lambda: page("Kratom elsewhere.")),
        Exchange(f"https://{KEYED}/plain", body=lambda: page("Kratom without a lock.")),
        keyed("circle", status=302, to=f"https://{KEYED}/circle"),
        *(keyed(f"endless{n}", status=302, to=f"/endless{n + 1}") for n in range(8)),
        keyed("endless", status=302, to="/endless0"),
        keyed("away", status=302, to="https://nobody.example.org/"),
        keyed("huge", b"x" * 2 * MEGABYTE),
        keyed("unasked-304", status=304),
    ]
    with ReplayServer(exchanges) as server:
        state, _, known = in_a_process(crawl_keyed, server.url, str(tmp_path))
        assert not server.unmatched, "without a key where one is due, or with one where none is"
        assert state == "partial"
        assert known == {
            "echo": None, "other": None, "plain": None, "listed": None, "circle": "moved",
            "endless": "moved", "away": "moved", "huge": "too-large", "unasked-304": "empty",
        }  # fmt: skip
        captures = Captures(tmp_path / "captures")
        held = [captures.get(one) for one in captures]
        files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
        for data in (*held, *files):
            assert SECRET.encode() not in data
            assert said.encode() not in data
        assert any(b"for ***" in data for data in held)
        with open_store(f"sqlite:///{tmp_path / 'atlas.sqlite'}") as store:
            log = [row for _, row in Archive(store).fetches()]
        assert sum(row.how == "sent-on" and row.sha256 is not None for row in log) >= 8
        assert {row.url for row in log if row.status == 301} == {f"https://{KEYED}/other"}

        # What is damaged is not served, and is asked for again though nothing has changed.
        for path in (tmp_path / "captures").glob("*/*.zst"):
            path.write_bytes(b"damaged")
        _, counts, again = in_a_process(crawl_keyed, server.url, str(tmp_path))
        assert again == known
        assert counts["fetched"] >= 2, counts
