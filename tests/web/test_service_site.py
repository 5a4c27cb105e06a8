"""The site over HTTP: what a browser, a cache and an attacker get of it."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import httpx
import pytest

from kratom_atlas.web.site import fresh, negotiate


def raw(url: str, request: bytes) -> bytes:
    """What the server answers to these very bytes."""
    at = urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as link:
        link.sendall(request)
        link.shutdown(socket.SHUT_WR)
        link.settimeout(20)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    return answer


def test_a_page_has_its_type_its_tag_and_its_own_policy(server) -> None:  # type: ignore[no-untyped-def]
    answer = server.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Last-Modified"].endswith("GMT")
    assert answer.headers["Vary"] == "Accept-Encoding"
    policy = answer.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in answer.headers


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/j/US-AL/", "text/html; charset=utf-8"),
        ("/static/site.css", "text/css; charset=utf-8"),
        ("/data/status.csv", "text/csv; charset=utf-8"),
        ("/data/large.geojson", "application/geo+json"),
        ("/data/kratom-atlas.sqlite", "application/vnd.sqlite3"),
        ("/feeds/all.atom", "application/atom+xml; charset=utf-8"),
    ],
)
def test_each_kind_of_file(server, path: str, kind: str) -> None:  # type: ignore[no-untyped-def]
    answer = server.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert len(answer.content) == int(answer.headers["Content-Length"])
    assert "frame-ancestors" in answer.headers["Content-Security-Policy"]


def test_only_what_is_made_for_frames_may_be_framed(server) -> None:  # type: ignore[no-untyped-def]
    for embed in ("/embed/", "/ar/embed/"):
        headers = server.get(embed).headers
        assert "frame-ancestors *" in headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in headers
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert server.get("/").headers["X-Frame-Options"] == "DENY"


def test_data_may_be_read_by_other_sites_and_pages_may_not(server) -> None:  # type: ignore[no-untyped-def]
    assert server.get("/data/status.csv").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in server.get("/").headers


def test_what_the_client_has_is_not_sent_again(server) -> None:  # type: ignore[no-untyped-def]
    first = server.get("/data/status.csv")
    tag, day = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": day},
    ):
        again = server.get("/data/status.csv", **headers)
        assert (again.status_code, again.content) == (304, b""), headers
        assert again.headers["ETag"] == tag
    for headers in (
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": day},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
    ):
        assert server.get("/data/status.csv", **headers).status_code == 200, headers


def test_a_release_never_changes_and_caches_may_know(server) -> None:  # type: ignore[no-untyped-def]
    kept = server.get("/data/releases/2026-11-22/status.csv").headers["Cache-Control"]
    assert "immutable" in kept
    assert "immutable" not in server.get("/data/status.csv").headers["Cache-Control"]


def test_files_are_sent_compressed_and_are_the_same_files(server) -> None:  # type: ignore[no-untyped-def]
    plain = server.get("/data/status.csv")
    until = time.monotonic() + 30
    while (
        server.get("/data/large.geojson", Accept_Encoding="br").headers.get("Content-Encoding")
        != "br"
        and time.monotonic() < until
    ):
        time.sleep(0.1)
    tags = {plain.headers["ETag"]}
    for coding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        with httpx.stream(
            "GET", f"{server.url}/data/status.csv", headers={"Accept-Encoding": coding}
        ) as packed:
            body = b"".join(packed.iter_raw())
            assert packed.headers["Content-Encoding"] == coding
            assert packed.headers["Vary"] == "Accept-Encoding"
            tags.add(packed.headers["ETag"])
        assert len(body) == int(packed.headers["Content-Length"]) < len(plain.content) / 10
        assert unpack(body) == plain.content
        tag = packed.headers["ETag"]
        again = server.get("/data/status.csv", Accept_Encoding=coding, If_None_Match=tag)
        assert again.status_code == 304
    assert len(tags) == 3
    assert "Content-Encoding" not in server.get("/embed/", Accept_Encoding="br").headers
    assert (
        "Content-Encoding" not in server.get("/data/status.csv", Accept_Encoding="br;q=0").headers
    )


def test_head_tells_the_same_and_sends_nothing(server) -> None:  # type: ignore[no-untyped-def]
    for path in ("/", "/data/large.geojson", "/nowhere", "/api/v1/words"):
        full = server.get(path)
        head = httpx.head(server.url + path, headers={"Accept-Encoding": "identity"})
        assert (head.status_code, head.content) == (full.status_code, b"")
        for name in ("Content-Length", "Content-Type", "Cache-Control"):
            assert head.headers[name] == full.headers[name], path


def test_a_folder_is_given_its_slash(server) -> None:  # type: ignore[no-untyped-def]
    answer = server.get("/j/US-AL")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/j/US-AL/")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/secret.txt", "/.build.json", "/j/../secret.txt", "//etc/passwd",
        "/..%2fsecret.txt", "/%2e%2e/%2e%2e/etc/passwd", "/..\\..\\etc\\passwd",
        "/static/..%5c..%5csecret.txt", "/index.html%00.css", "/%00", "/data/%2e%2e/secret.txt",
        "/j/US-AL//", "/./index.html", "/file:///etc/passwd", "/%ff%fe", "/%ed%a0%80",
        "/%c0%ae%c0%ae/secret.txt", "/" + "a" * 10_000, "/%e2%80%ae", "//evil.example/%2f..",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_the_site(server, path: str) -> None:  # type: ignore[no-untyped-def]
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    answer = raw(server.url, request)
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"not of the build" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\nConnection: close",
        b"GET / HTTP/9.9",
        b"\x00\x01\x02",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000,
        b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close",
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: " + b"a;q=.," * 2000,
    ],
)
def test_strange_requests_are_answered_and_survived(server, request_line: bytes) -> None:  # type: ignore[no-untyped-def]
    answer = raw(server.url, request_line + b"\r\n\r\n")
    assert not answer.startswith(b"HTTP/1.1 5")
    assert server.get("/healthz").status_code == 200


def test_only_reading_is_answered(server) -> None:  # type: ignore[no-untyped-def]
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/api/v1/status", "/data/status.csv"):
            answer = httpx.request(method, server.url + path)
            assert answer.status_code == 405
            assert "GET" in answer.headers["Allow"]
            assert answer.headers["Content-Type"] == "application/problem+json"


def test_what_is_not_there_is_said_with_a_page(server) -> None:  # type: ignore[no-untyped-def]
    answer = server.get("/j/XX/")
    assert answer.status_code == 404
    assert "No such page" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def test_another_build_is_served_as_soon_as_it_stands(
    tmp_path: Path, site_at: Callable[..., Path], server_of
) -> None:  # type: ignore[no-untyped-def]
    site = site_at(tmp_path / "site")
    with server_of(site, tmp_path / "home", "--no-schedule") as running:
        first = running.get("/").headers["ETag"]
        site_at(tmp_path / "next", "2026-11-23", more="another day")
        site.rename(tmp_path / "old")
        (tmp_path / "next").rename(site)
        until = time.monotonic() + 20
        while running.get("/readyz").json()["version"] != "2026-11-23":
            assert time.monotonic() < until
            assert running.get("/").status_code == 200
            time.sleep(0.05)
        again = running.get("/", If_None_Match=first)
        assert again.status_code == 200
        assert "another day" in again.text
        assert running.get("/api/v1/words").json()["version"] == "2026-11-23"


def test_logs_name_no_address_and_no_query(server) -> None:  # type: ignore[no-untyped-def]
    httpx.get(
        f"{server.url}/api/v1/status?place=al&on=2026-01-02",
        headers={"X-Forwarded-For": "203.0.113.9", "User-Agent": "somebody", "Cookie": "k=hush"},
    )
    httpx.get(f"{server.url}/who%20asks%20this?token=hush")
    lines = server.lines()
    said = json.dumps(lines)
    for trace in ("203.0.113.9", "somebody", "hush", "2026-01-02", "who asks", "127.0.0.1"):
        assert trace not in said
    assert any(line.get("route") == "/api/v1/status" for line in lines)
    assert all(set(line) >= {"time", "level", "logger", "message"} for line in lines)


def test_metrics_are_what_prometheus_reads(server) -> None:  # type: ignore[no-untyped-def]
    from prometheus_client.parser import text_string_to_metric_families

    server.get("/api/v1/words")
    answer = server.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {
        "kratom_atlas_requests", "kratom_atlas_request_seconds", "kratom_atlas_ready",
        "kratom_atlas_recorded_timestamp_seconds", "process_resident_memory_bytes",
    } <= set(found)  # fmt: skip
    assert found["kratom_atlas_ready"].samples[0].value == 1
    routes = {sample.labels["route"] for sample in found["kratom_atlas_requests"].samples}
    assert {"/api/v1/words", "site"} <= routes
    assert len(routes) < 30


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("gzip, deflate, br", ("br", "gzip")),
        ("gzip;q=1.0, br;q=0.5", ("gzip", "br")),
        ("br;q=0, *", ("gzip",)),
        ("*;q=0", ()),
        ("identity", ()),
        ("", ()),
        ("gzip;q=x, ;;;, br;q=1.2.3", ()),
        ("BR", ("br",)),
    ],
)
def test_codings_are_agreed_on(header: str, codings: tuple[str, ...]) -> None:
    assert negotiate(header) == codings


def test_a_copy_is_good_by_tag_first() -> None:
    assert fresh('"a"', 10.0, '"b", "a"', None)
    assert not fresh('"a"', 10.0, '"b"', "Fri, 01 Jan 2100 00:00:00 GMT")
    assert fresh('"a"', 10.0, None, "Fri, 01 Jan 2100 00:00:00 GMT")
    assert not fresh('"a"', 10.0, None, "Fri, 99 Jan 2100 00:00:00 GMT")
    assert not fresh('"a"', 10.0, None, None)


def test_compressed_files_outlive_a_build_and_what_is_gone_is_removed(
    tmp_path: Path, site_at: Callable[..., Path]
) -> None:
    import threading

    from kratom_atlas.web.site import Site

    packed = tmp_path / "packed"
    first = Site(site_at(tmp_path / "one"), packed)
    assert first.pack(threading.Event()) > 3
    before = {path.name for path in packed.rglob("*.br")}
    again = Site(site_at(tmp_path / "two", "2026-11-23", more="x" * 1000), packed)
    assert 0 < again.pack(threading.Event()) <= 3
    after = {path.name for path in packed.rglob("*.br")}
    assert before & after
    kept = {hashlib.sha256((tmp_path / "two" / n).read_bytes()).hexdigest() for n in again.names}
    assert {name.partition(".")[0] for name in after} <= kept
