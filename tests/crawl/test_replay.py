"""The replay server, asked over real sockets."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]
import pytest

from kratom_atlas.crawl.replay import (
    Answer,
    Exchange,
    ReplayFault,
    ReplayServer,
    load_exchanges,
    serve,
)
from kratom_atlas.errors import AtlasError

PAGE = "https://law.example/page"


class Got(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@contextmanager
def connected(server: ReplayServer, timeout: float = 10) -> Iterator[http.client.HTTPConnection]:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout)
    try:
        yield connection
    finally:
        connection.close()


def send(
    connection: http.client.HTTPConnection,
    url: str,
    method: str = "GET",
    body: bytes | str | None = None,
    **headers: str,
) -> Got:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target, body, {"Host": parts.netloc, **named})
    with connection.getresponse() as response:
        return Got(response.status, response.headers, response.read())


def ask(server: ReplayServer, url: str, *args: Any, **headers: str) -> Got:
    with connected(server) as connection:
        return send(connection, url, *args, **headers)


def said(text: str | bytes, **more: Any) -> dict[str, Any]:
    return {"body": partial(bytes, text.encode() if isinstance(text, str) else text), **more}


def served(**more: Any) -> ReplayServer:
    return ReplayServer([Exchange(PAGE, **said("kratom " * 100, **more))])


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., list[Exchange]]:
    """Write an `exchanges.yaml` (with `kratom.html` beside it) and load it."""
    (tmp_path / "kratom.html").write_text("<p>kratom</p>", encoding="utf-8")

    def load(text: str, base: Path | None = None, folder: str = ".") -> list[Exchange]:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "exchanges.yaml").write_text(dedent(text), encoding="utf-8")
        return load_exchanges(tmp_path, base=base)

    return load


# -- addresses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "url", "fits"),
    [
        ("https://a.example/x?a=1&b=2", "https://a.example/x?b=2&a=1", True),
        ("https://a.example/x?a=1&b=2", "https://a.example/x?a=1", False),
        ("https://a.example/x?a=1", "https://a.example/x?a=1&b=2", False),
        ("https://a.example/x?a=1", "https://b.example/x?a=1", False),
        ("http://A.example:80/x", "https://a.example/x", True),
        ("https://a.example:8443/x", "https://a.example/x", False),
        ("https://a.example", "https://a.example/", True),
        ('https://a.example/?c[term]="kr a"', "https://a.example/?c%5Bterm%5D=%22kr+a%22", True),
        ("https://a.example/d%C3%A9cret", "https://a.example/d%c3%a9cret", True),
        ("https://a.example/décret?q=ä", "https://a.example/d%c3%a9cret?q=%C3%A4", True),
        ("https://a.example/%2Fsb%2F2025", "https://a.example/%2fsb%2f2025", True),
        ("https://a.example/%2Fsb%2F2025", "https://a.example//sb/2025", False),
        ("https://a.example/a*", "https://a.example/abc", False),
        ("https://a.example/a*", "https://a.example/a*", True),
        ("https://a.example/?key=*&q=k", "https://a.example/?q=k&key=secret", True),
        ("https://a.example/?key=*&q=k", "https://a.example/?q=k", False),
        ("https://a.example/?since=2026-*", "https://a.example/?since=2026-11-22", True),
        ("https://a.example/?since=2026-*", "https://a.example/?since=2025-11-22", False),
        ("https://a.example/?mark=%2A", "https://a.example/?mark=*", True),
        ("https://a.example/?mark=%2A", "https://a.example/?mark=next", False),
        ("https://a.example/?q=k&*", "https://a.example/?q=k&page=2&size=9", True),
        ("https://a.example/?q=k&*", "https://a.example/?q=k", True),
        ("https://a.example/?q=k&*", "https://a.example/?page=2", False),
        ("https://a.example/?*", "https://a.example/?page=2", True),
        ("https://a.example/?t=a&t=b", "https://a.example/?t=b&t=a", True),
        ("https://a.example/?t=a&t=*", "https://a.example/?t=b&t=a", True),
        ("https://a.example/?t=a&t=*", "https://a.example/?t=a", False),
        ("https://a.example/?empty=", "https://a.example/?empty=", True),
    ],
)
def test_an_address_is_what_it_means_not_how_it_is_written(
    pattern: str, url: str, fits: bool
) -> None:
    with ReplayServer([Exchange(pattern, **said("yes"))]) as server:
        assert ask(server, url).status == (200 if fits else 404)


def test_the_narrowest_exchange_answers() -> None:
    base = "https://a.example/?"
    exchanges = [
        Exchange(f"{base}*", **said("any")),
        Exchange(f"{base}q=k&*", **said("open")),
        Exchange(f"{base}q=k&page=*", **said("pattern")),
        Exchange(f"{base}q=k&page=2", **said("exact")),
    ]
    with ReplayServer(exchanges) as server:
        assert ask(server, f"{base}page=2&q=k").body == b"exact"
        assert ask(server, f"{base}page=3&q=k").body == b"pattern"
        assert ask(server, f"{base}page=3&q=k&z=1").body == b"open"
        assert ask(server, f"{base}q=other").body == b"any"


def test_a_proxy_request_names_the_source_in_the_address() -> None:
    with served() as server, connected(server) as connection:
        connection.request("GET", PAGE.replace("https", "http"))
        with connection.getresponse() as response:
            assert response.status == 200
            assert response.read().startswith(b"kratom")


def test_an_address_of_raw_bytes_is_read_as_utf_8() -> None:
    with ReplayServer([Exchange("https://a.example/décret", **said("yes"))]) as server:
        parts = urlsplit(server.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=5) as raw:
            raw.sendall("GET /décret HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
            assert raw.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_what_is_not_recorded_is_said_to_be_missing() -> None:
    with served() as server:
        got = ask(server, "https://law.example/other?page=2")
        assert got.status == 404
        assert got.body == b"not recorded: GET https://law.example/other?page=2\n"
        assert got.headers["X-Replay"] == "not recorded"
        ask(server, "https://law.example/other?page=2")
        ask(server, PAGE, "POST", '{"q": 1}')
        assert server.unmatched == [
            "GET https://law.example/other?page=2",
            f'POST {PAGE} {{"q": 1}}',
        ]


def test_robots_allow_all_unless_they_are_recorded() -> None:
    theirs = Exchange("https://strict.example/robots.txt", **said("User-agent: *\nDisallow: /\n"))
    with ReplayServer([theirs]) as server:
        assert b"\nAllow: /" in ask(server, "https://law.example/robots.txt").body
        assert b"Disallow: /" in ask(server, "https://strict.example/robots.txt").body
        assert server.unmatched == []


# -- bodies that are asked for ----------------------------------------------------------------


def test_a_body_decides_what_is_answered() -> None:
    exchanges = [
        Exchange(PAGE, method="POST", **said("any")),
        Exchange(PAGE, method="POST", asked={"q": "kratom"}, **said("subset")),
        Exchange(PAGE, method="POST", asked={"q": "kratom", "page": {"no": 2}}, **said("deeper")),
        Exchange(PAGE, method="POST", asked="<q>kratom</q>", **said("part")),
        Exchange(PAGE, method="POST", asked="start=*&length=10", **said("pattern")),
    ]
    with ReplayServer(exchanges) as server:

        def post(body: str) -> bytes:
            return ask(server, PAGE, "POST", body).body

        assert post('{"page": {"no": 1, "size": 5}, "q": "kratom"}') == b"subset"
        assert post('{"page": {"no": 2, "size": 5}, "q": "kratom"}') == b"deeper"
        assert post('{"page": {"no": true}, "q": "kratom"}') == b"subset"
        assert post("q=kratom&x=1") == b"subset"
        assert post("<a><q>kratom</q></a>") == b"part"
        assert post("start=100&length=10") == b"pattern"
        assert post('["kratom"]') == b"any"
        assert post("") == b"any"
        assert ask(server, PAGE).status == 404


def test_requests_that_cannot_be_read_are_refused() -> None:
    with served() as server:
        assert ask(server, PAGE, "POST", b"", Content_Length="many").status == 411
        assert ask(server, PAGE, "POST", b"", Content_Length="999999999").status == 413
        assert ask(server, PAGE, "BREW").status == 501
        assert ask(server, PAGE).status == 200


# -- validators ------------------------------------------------------------------------------


def test_a_page_that_is_known_is_not_sent_again() -> None:
    with served() as server:
        first = ask(server, PAGE)
        tag, date = first.headers["ETag"], first.headers["Last-Modified"]
        for headers in (
            {"If_None_Match": tag},
            {"If_None_Match": f'"other", W/{tag}'},
            {"If_Modified_Since": date},
            {"If_None_Match": tag, "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        ):
            again = ask(server, PAGE, **headers)
            assert (again.status, again.body) == (304, b"")
            assert again.headers["ETag"] == tag
            assert "Content-Length" not in again.headers
        for headers in (
            {"If_None_Match": '"other"'},
            {"If_None_Match": '"other"', "If_Modified_Since": date},
            {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
            {"If_Modified_Since": "some time ago"},
        ):
            assert ask(server, PAGE, **headers).status == 200


def test_validators_of_the_source_come_first() -> None:
    headers = (("ETag", 'W/"7"'), ("Last-Modified", "Fri, 02 Jan 2026 00:00:00 GMT"))
    with served(headers=headers) as server:
        assert ask(server, PAGE).headers.get_all("ETag") == ['W/"7"']
        assert ask(server, PAGE, If_None_Match='"7"').status == 304
        assert ask(server, PAGE, If_Modified_Since="Thu, 01 Jan 2026 00:00:00 GMT").status == 200
    with served(headers=(("ETag", None), ("Last-Modified", None))) as server:
        got = ask(server, PAGE, If_None_Match="*")
        assert got.status == 200
        assert "ETag" not in got.headers
        assert "Last-Modified" not in got.headers


def test_a_known_digest_spares_the_body() -> None:
    def body() -> bytes:
        raise AssertionError("read")

    with ReplayServer([Exchange(PAGE, body=body, sha256="ab" * 32)]) as server:
        assert ask(server, PAGE, If_None_Match=f'"{"ab" * 32}"').status == 304


def test_head_is_get_without_the_body() -> None:
    with served() as server, connected(server) as connection:
        got = send(connection, PAGE, "HEAD")
        assert (got.status, got.body, got.headers["Content-Length"]) == (200, b"", "700")
        assert send(connection, PAGE).headers["ETag"] == got.headers["ETag"]


def test_a_body_that_cannot_be_read_is_an_error_of_the_server() -> None:
    def lost() -> bytes:
        raise AtlasError("the capture is lost")

    with ReplayServer([Exchange(PAGE, body=lost)]) as server:
        got = ask(server, PAGE)
        assert (got.status, got.body) == (500, b"cannot be replayed: the capture is lost\n")
        assert server.log[0].status == 500


# -- moving on -------------------------------------------------------------------------------


def test_after_an_advance_one_page_differs_and_no_other() -> None:
    still = Exchange("https://law.example/still", **said("still"))
    moved = Exchange(
        PAGE, **said("before"), after=(Answer(**said("after")), Answer(**said("", status=410)))
    )
    with ReplayServer([still, moved]) as server:
        urls = (still.url, moved.url)
        first = {url: ask(server, url) for url in urls}
        assert server.advance() == 1
        for name, header in (("If_None_Match", "ETag"), ("If_Modified_Since", "Last-Modified")):
            second = [ask(server, url, **{name: first[url].headers[header]}) for url in urls]
            assert [(got.status, got.body) for got in second] == [(304, b""), (200, b"after")]
        dates = [parsedate_to_datetime(got.headers["Last-Modified"]) for got in second]
        assert dates[1] > parsedate_to_datetime(first[PAGE].headers["Date"]), "not yet seen"
        assert ask(server, f"{server.url}/-/advance", "POST").body == b'{"step":2}'
        assert ask(server, PAGE).status == 410
        server.advance()
        assert ask(server, PAGE).status == 410
        assert ask(server, still.url).body == b"still"


# -- transfer --------------------------------------------------------------------------------


def test_bodies_are_compressed_on_the_way() -> None:
    with served(encoding="gzip") as server:
        got = ask(server, PAGE)
        assert got.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(got.body) == b"kratom " * 100
        assert len(got.body) == int(got.headers["Content-Length"]) == server.log[0].sent
        assert ask(server, PAGE, If_None_Match=got.headers["ETag"]).status == 304
    with served(encoding="br") as server:
        assert brotli.decompress(ask(server, PAGE).body) == b"kratom " * 100


def test_headers_that_frame_the_message_are_the_servers() -> None:
    recorded = (("Content-Length", "3"), ("transfer-encoding", "chunked"), ("Server", "theirs"))
    with served(headers=(*recorded, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))) as server:
        got = ask(server, PAGE)
        assert got.headers["Content-Length"] == "700"
        assert "Transfer-Encoding" not in got.headers
        assert got.headers["Server"] == "theirs"
        assert got.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_a_status_without_a_body() -> None:
    with served(status=204) as server, connected(server) as connection:
        assert send(connection, PAGE).status == 204
        assert send(connection, PAGE).body == b""


def test_a_connection_is_kept_and_many_are_served_at_once() -> None:
    with served() as server:
        with connected(server) as connection:
            send(connection, PAGE)
            kept = connection.sock
            send(connection, PAGE)
            send(connection, "https://law.example/other")
            assert connection.sock is kept

        def work(_: int) -> set[int]:
            with connected(server) as connection:
                return {send(connection, PAGE).status for _ in range(50)}

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [{200}] * 8
        assert len(server.requests(PAGE)) == 402


# -- the log ----------------------------------------------------------------------------------


def test_the_log_has_what_was_asked_and_sent() -> None:
    with served() as server:
        tag = ask(server, f"{PAGE}", User_Agent="atlas").headers["ETag"]
        ask(server, PAGE, If_None_Match=tag, If_Modified_Since="never")
        ask(server, "https://law.example/list?q=%22k%22")
        one, two, three = server.log
        assert (one.method, one.url, one.status, one.sent) == ("GET", PAGE, 200, 700)
        assert one.user_agent == "atlas"
        assert (two.status, two.sent, two.if_none_match) == (304, 0, tag)
        assert two.if_modified_since == "never"
        assert one.at <= two.at <= three.at
        assert server.requests("*/page") == [one, two]
        assert server.requests('*?q="k"') == server.requests("*?q=%22k%22") == [three]


def test_the_server_itself_can_be_asked() -> None:
    with served() as server:
        base = server.url

        def control(path: str, body: bytes | None = None) -> Any:
            request = urllib.request.Request(base + path, body, {"Host": "replay"})
            with urllib.request.urlopen(request, timeout=5) as response:
                return json.load(response)

        fault = {"url": "*/page", "fault": {"status": 503}}
        control("/-/inject", json.dumps(fault).encode())
        assert ask(server, PAGE).status == 503
        control("/-/clear", b"")
        assert ask(server, PAGE).status == 200
        ask(server, "https://law.example/other")
        assert [line["status"] for line in control("/-/log")] == [503, 200, 404]
        assert control("/-/unmatched") == ["GET https://law.example/other"]
        with pytest.raises(urllib.error.HTTPError, match="400") as refused:
            control("/-/inject", b'{"url": "*", "fault": {"stauts": 1}}')
        assert b"stauts" in refused.value.read()
        refused.value.close()
        assert b"POST /-/advance" in ask(server, "https://replay/").body
        assert len(server.log) == 3


# -- faults -----------------------------------------------------------------------------------


def test_too_many_requests_and_then_not() -> None:
    with served(fault=ReplayFault(status=429, retry_after=2, times=1)) as server:
        first = ask(server, PAGE)
        assert (first.status, first.headers["Retry-After"]) == (429, "2")
        assert "ETag" not in first.headers
        assert ask(server, PAGE).status == 200


@pytest.mark.parametrize("status", [500, 503, 599])
def test_server_errors(status: int) -> None:
    with served() as server:
        server.inject("https://law.example/*", ReplayFault(status=status, times=2))
        assert [ask(server, PAGE).status for _ in range(3)] == [status, status, 200]
        assert ask(server, "https://law.example/other").status == 404


def test_a_fault_that_is_injected_comes_before_the_recorded_one() -> None:
    with served(fault=ReplayFault(status=500, times=1)) as server:
        server.inject("*", ReplayFault(empty=202, times=1))
        assert [ask(server, PAGE).status for _ in range(3)] == [202, 500, 200]


def test_an_answer_after_an_advance_has_its_own_fault() -> None:
    after = Answer(**said("after", fault=ReplayFault(status=502, times=1)))
    with served(after=(after,)) as server:
        assert ask(server, PAGE).status == 200
        server.advance()
        assert [ask(server, PAGE).status for _ in range(2)] == [502, 200]


def test_challenge_redirect_and_empty() -> None:
    with served() as server:
        server.inject("*", ReplayFault(challenge=True, times=1))
        server.inject("*", ReplayFault(challenge=True, status=403, times=1))
        server.inject("*", ReplayFault(redirect="https://new.example/décret", times=1))
        server.inject("*", ReplayFault(redirect=PAGE, status=308, times=1))
        server.inject("*", ReplayFault(empty=202, times=1))
        wall = ask(server, PAGE)
        assert wall.status == 200
        assert b"Just a moment" in wall.body
        assert ask(server, PAGE).status == 403
        moved = ask(server, PAGE)
        assert (moved.status, moved.headers["Location"]) == (302, "https://new.example/d%C3%A9cret")
        assert ask(server, PAGE).status == 308
        empty = ask(server, PAGE)
        assert (empty.status, empty.body, empty.headers["Content-Length"]) == (202, b"", "0")


def test_a_body_that_is_cut_off() -> None:
    with served(fault=ReplayFault(truncate=100)) as server:
        with pytest.raises(http.client.IncompleteRead) as cut:
            ask(server, PAGE)
        assert (len(cut.value.partial), cut.value.expected) == (100, 600)
        assert server.log[0].sent == 100
        server.inject("*", ReplayFault(truncate=5000, times=1))
        with pytest.raises(http.client.IncompleteRead) as cut:
            ask(server, PAGE)
        assert (len(cut.value.partial), cut.value.expected) == (700, 1)


def test_a_body_in_chunks_and_one_that_is_cut_off() -> None:
    with served(fault=ReplayFault(chunked=True, times=1)) as server:
        with connected(server) as connection:
            got = send(connection, PAGE)
            assert got.headers["Transfer-Encoding"] == "chunked"
            assert "Content-Length" not in got.headers
            assert got.body == b"kratom " * 100
            assert send(connection, PAGE).status == 200, "the connection is still good"
        server.inject("*", ReplayFault(chunked=True, truncate=100))
        with pytest.raises(http.client.IncompleteRead) as cut:
            ask(server, PAGE)
        assert len(cut.value.partial) == 100


def test_a_slow_body() -> None:
    with served(fault=ReplayFault(slow=2000)) as server:
        start = time.monotonic()
        assert ask(server, PAGE).body == b"kratom " * 100
        assert 0.25 < time.monotonic() - start < 3


def test_a_stalled_answer() -> None:
    with served(fault=ReplayFault(stall=0.4, times=1)) as server:
        with connected(server, timeout=0.1) as connection, pytest.raises(TimeoutError):
            send(connection, PAGE)
        assert ask(server, PAGE).status == 200


def test_an_answer_that_never_ends() -> None:
    with served(fault=ReplayFault(endless=True)) as server, connected(server) as connection:
        connection.request("GET", "/page", headers={"Host": "law.example"})
        with connection.getresponse() as response:
            assert response.read(700) == b"kratom " * 100
            assert len(response.read(3_000_000)) == 3_000_000
        assert server.log[0].sent > 3_000_000


def test_an_answer_that_dribbles_for_ever() -> None:
    with (
        served(fault=ReplayFault(endless=True, slow=200)) as server,
        connected(server, timeout=5) as connection,
    ):
        connection.request("GET", "/page", headers={"Host": "law.example"})
        with connection.getresponse() as response:
            assert response.read(40) == (b"kratom " * 6)[:40]
        assert server.log[0].sent < 700


def test_a_connection_that_is_reset() -> None:
    with served(fault=ReplayFault(reset=True, times=1)) as server:
        with pytest.raises(ConnectionResetError):
            ask(server, PAGE)
        assert server.log[0].status == 0
        assert ask(server, PAGE).status == 200


def test_a_known_page_with_a_broken_transfer_is_still_known() -> None:
    with served(fault=ReplayFault(truncate=10)) as server:
        tag = ask(server, PAGE, "HEAD").headers["ETag"]
        assert ask(server, PAGE, If_None_Match=tag).status == 304


# -- starting and stopping ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{}, {"stall": 60}, {"endless": True}, {"slow": 1}])
def test_the_end_waits_for_nobody(fault: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    threads = threading.active_count()
    with served(fault=ReplayFault(**fault)) as server, connected(server) as idle:
        idle.connect()
        with connected(server) as busy:
            busy.request("GET", "/page", headers={"Host": "law.example"})
            while not server.log:
                time.sleep(0.01)
            start = time.monotonic()
            server.close()
            assert time.monotonic() - start < 2
    assert threading.active_count() == threads
    assert capfd.readouterr() == ("", "")
    with pytest.raises(AtlasError, match="does not run"):
        _ = server.url


def test_a_port_that_is_taken() -> None:
    with served() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(AtlasError, match="choose another port"), ReplayServer([], port=port):
            pass


def test_the_same_request_has_one_answer() -> None:
    one, plain = Exchange(PAGE, **said("a")), PAGE.replace("https", "http")
    with ReplayServer([one, Exchange(plain, **said("a"))]) as server:
        assert ask(server, PAGE).body == b"a"
    with pytest.raises(AtlasError, match=r"recorded twice: GET http://law\.example/page"):
        ReplayServer([one, Exchange(plain, **said("b"))])


def test_serve_says_how_to_crawl_until_it_is_interrupted(
    recorded: Callable[..., list[Exchange]], tmp_path: Path
) -> None:
    recorded("- {url: 'https://law.example/', text: hello}")
    code = (
        f"from pathlib import Path; from {serve.__module__} import load_exchanges, serve; "
        "serve(load_exchanges(Path('.')))"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("1 exchanges of 1 hosts; ")
        url = line.partition("KRATOM_ATLAS_REPLAY=")[2].split()[0]
        request = urllib.request.Request(url, headers={"Host": "law.example"})
        with urllib.request.urlopen(request, timeout=5) as response:
            assert response.read() == b"hello"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (out, err, process.returncode) == ("", "", 0)


# -- exchanges.yaml ----------------------------------------------------------------------------


def test_every_form_of_an_exchange(recorded: Callable[..., list[Exchange]], tmp_path: Path) -> None:
    (tmp_path / "dump" / "in").mkdir(parents=True)
    (tmp_path / "dump" / "b.csv").write_text("b", encoding="utf-8")
    (tmp_path / "dump" / "in" / "a.csv").write_text("a", encoding="utf-8")
    exchanges = recorded(
        """\
        - url: https://law.example/api?conditions[term]="kratom"&page=1
          json: {country: NO, on: 2026-01-01, page: 1, share: 0.5, held: true, next: null}
          headers: {X-Count: 3, Last-Modified: null}
        - url: https://law.example/search
          method: POST
          body: {fulltext: kratom}
          file: kratom.html
          encoding: gzip
          after: {status: 404}
        - url: https://law.example/dump.zip
          file: dump
          encoding: zip-of
        - url: https://law.example/one.zip
          file: kratom.html
          encoding: zip-of
        - url: https://law.example/page
          text: <p>kratom</p>
          fault: {status: 503, times: 1}
          after:
            - {text: <?xml version="1.0"?><p/>}
            - {text: plain}
        - url: https://law.example/old
          status: 301
          headers: {Location: https://law.example/page}
        """
    )
    with ReplayServer(exchanges) as server:
        got = ask(server, "https://law.example/api?page=1&conditions%5Bterm%5D=%22kratom%22")
        assert got.headers["Content-Type"] == "application/json"
        assert (got.headers["X-Count"], got.headers["Last-Modified"]) == ("3", None)
        assert json.loads(got.body) == {
            "country": "NO",
            "on": "2026-01-01",
            "page": 1,
            "share": 0.5,
            "held": True,
            "next": None,
        }
        got = ask(server, "https://law.example/search", "POST", '{"fulltext":"kratom","start":0}')
        assert gzip.decompress(got.body) == b"<p>kratom</p>"
        assert got.headers["Content-Type"] == "text/html"
        got = ask(server, "https://law.example/dump.zip")
        assert got.headers["Content-Type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(got.body)) as archive:
            assert archive.namelist() == ["b.csv", "in/a.csv"]
            assert archive.read("in/a.csv") == b"a"
        again = ask(server, "https://law.example/dump.zip", If_None_Match=got.headers["ETag"])
        assert again.status == 304
        with zipfile.ZipFile(io.BytesIO(ask(server, "https://law.example/one.zip").body)) as one:
            assert one.namelist() == ["kratom.html"]
        assert ask(server, PAGE).status == 503
        assert ask(server, PAGE).headers["Content-Type"] == "text/html; charset=utf-8"
        moved = ask(server, "https://law.example/old")
        assert (moved.status, moved.headers["Location"]) == (301, PAGE)
        server.advance()
        assert ask(server, "https://law.example/search", "POST", "fulltext=kratom").status == 404
        assert ask(server, PAGE).headers["Content-Type"] == "application/xml"
        server.advance()
        assert ask(server, PAGE).headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_file_is_read_when_it_is_asked_for(
    recorded: Callable[..., list[Exchange]], tmp_path: Path
) -> None:
    with ReplayServer(recorded("- {url: 'https://law.example/page', file: kratom.html}")) as server:
        tag = ask(server, PAGE).headers["ETag"]
        (tmp_path / "kratom.html").write_text("<p>none</p>", encoding="utf-8")
        assert ask(server, PAGE, If_None_Match=tag).body == b"<p>none</p>"
        (tmp_path / "kratom.html").unlink()
        assert ask(server, PAGE).status == 500


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.xml", "application/xml"),
        ("a.JSON", "application/json"),
        ("a.pdf", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_type_is_guessed_from_the_suffix(
    recorded: Callable[..., list[Exchange]], tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    with ReplayServer(recorded(f"- {{url: '{PAGE}', file: {name}}}")) as server:
        assert ask(server, PAGE).headers["Content-Type"] == kind


def test_real_samples_are_left_out_where_there_are_none(
    recorded: Callable[..., list[Exchange]], tmp_path: Path
) -> None:
    text = """\
    - {url: "https://law.example/page", file: "samples:us/a.txt"}
    - {url: "https://law.example/moves", text: a, after: {file: "samples:us/a.txt"}}
    - {url: "https://law.example/own", text: own}
    """
    assert [exchange.url for exchange in recorded(text)] == ["https://law.example/own"]
    assert len(recorded(text, tmp_path / "absent")) == 1
    base = tmp_path / "samples"
    (base / "us").mkdir(parents=True)
    with pytest.raises(AtlasError, match=r"exchanges\.yaml:1: there is no file .*us/a\.txt"):
        recorded(text, base)
    (base / "us" / "a.txt").write_text("sample", encoding="utf-8")
    with ReplayServer(recorded(text, base)) as server:
        assert ask(server, PAGE).body == b"sample"


def test_folders_are_read_together_and_may_agree(
    recorded: Callable[..., list[Exchange]],
) -> None:
    recorded("- {url: 'https://a.example/', text: same}", folder="a")
    both = "- {url: 'http://a.example/', text: same}\n- {url: 'https://b.example/', text: b}\n"
    assert len(recorded(both, folder="b")) == 2
    with pytest.raises(AtlasError, match=r"c.exchanges\.yaml:2: recorded twice: GET .*b.*:2 too"):
        recorded("\n- {url: 'https://b.example/', text: other}", folder="c")


def test_a_folder_without_a_recording(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"no exchanges\.yaml in it"):
        load_exchanges(tmp_path)
    with pytest.raises(AtlasError, match=r"no exchanges\.yaml in it"):
        load_exchanges(tmp_path / "absent")


GOOD = "- url: https://law.example/\n  text: a\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "not a list"),
        ("url: x", 1, "not a list"),
        ("- [", 1, "not YAML"),
        (f"{GOOD}  speed: 1", 3, "unknown key 'speed'"),
        (f"{GOOD}  fault:\n    times: 1\n    slwo: 2", 5, "unknown key 'slwo'"),
        (f"{GOOD}  after:\n    - text: b\n    - txt: c", 5, "unknown key 'txt'"),
        (f"{GOOD}  after:\n    url: b", 4, "unknown key 'url'"),
        (f"{GOOD}  text: b", 3, "duplicate key 'text'"),
        (f"{GOOD}  ? [a]\n  : b", 3, "a key must be a word"),
        (f"{GOOD}  status: ok", 3, "status: Expected `int`, got `str`"),
        (f"{GOOD}  status: 99", 3, "status: Expected `int` >= 200"),
        (f"{GOOD}  method: get", 3, "method: Invalid enum value 'get'"),
        (f"{GOOD}  encoding: zip", 3, "encoding: Invalid enum value 'zip'"),
        (f"{GOOD}  encoding: zip-of", 1, "zip-of needs a file or a folder"),
        (f"{GOOD}  json: 1", 1, "one of file, text and json"),
        (f"{GOOD}  headers: {{Content-Length: 1}}", 1, "the header Content-Length is the server's"),
        (f"{GOOD}  headers: {{'a b': 1}}", 1, "'a b' cannot be the name of a header"),
        (f'{GOOD}  headers: {{A: "b\\nc"}}', 1, "the header A has more than one line"),
        (f"{GOOD}- text: b", 3, "url is missing"),
        (f"{GOOD}- url: https://b.example/", 3, "there is nothing to answer"),
        (f"{GOOD}- url: law.example\n  text: b", 3, "'law.example' is no address"),
        (f"{GOOD}- url: https://[/\n  text: b", 3, "Invalid IPv6 URL"),
        (f"{GOOD}- url: https://b.example/\n  file: b.html", 3, "there is no file"),
        (f"{GOOD}- url: https://b.example/\n  file: .", 3, "there is no file"),
        (
            f"{GOOD}- url: https://b.example/\n  file: b\n  encoding: zip-of",
            3,
            "there is no file",
        ),
        (f"{GOOD}- url: http://law.example\n  text: b", 3, "recorded twice: GET"),
        (f"{GOOD}- 7", 3, "Expected `object`, got `int`"),
        (f"{GOOD}- !!python/object:os.system\n  a: b", 3, "not YAML for data"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    recorded: Callable[..., list[Exchange]], text: str, line: int, message: str
) -> None:
    with pytest.raises(AtlasError) as wrong:
        recorded(text)
    shown = str(wrong.value)
    assert f"exchanges.yaml:{line}: " in shown
    assert message in shown
    assert "\n" not in shown


def test_a_file_that_is_no_text(recorded: Callable[..., list[Exchange]], tmp_path: Path) -> None:
    (tmp_path / "exchanges.yaml").write_bytes(b"- url: \xff")
    with pytest.raises(AtlasError, match="not UTF-8"):
        load_exchanges(tmp_path)
    (tmp_path / "exchanges.yaml").write_bytes(b"- url: \x00")
    with pytest.raises(AtlasError, match="not YAML"):
        load_exchanges(tmp_path)
    (tmp_path / "exchanges.yaml").unlink()
    (tmp_path / "exchanges.yaml").mkdir()
    with pytest.raises(AtlasError, match="cannot be read"):
        load_exchanges(tmp_path)


# -- the real samples ---------------------------------------------------------------------------


def test_every_real_sample_can_be_served() -> None:
    default = Path(__file__).parents[3] / "shared" / "samples"
    base = Path(os.environ.get("KRATOM_ATLAS_SAMPLES", default))
    if not base.is_dir():
        pytest.skip("no folder of real samples: set KRATOM_ATLAS_SAMPLES")
    files = sorted(path for path in base.rglob("*") if path.is_file())
    exchanges = [
        Exchange(f"https://samples.example/{number}", body=path.read_bytes)
        for number, path in enumerate(files)
    ]
    with ReplayServer(exchanges) as server, connected(server) as connection:
        for exchange, path in zip(exchanges, files, strict=True):
            assert send(connection, exchange.url).body == path.read_bytes()
