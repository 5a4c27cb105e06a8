"""WARC: whole, checked by the tool of the archives, and without a key in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from kratom_atlas.crawl.warc import Earlier, WarcFetch, without_keys, write_warc
from kratom_atlas.errors import AtlasError
from kratom_atlas.store.captures import CaptureDamagedError, CaptureMissingError, Captures

PAGE = "<p>Kratom: no person shall sell it to a minor. Kratompulver, krátom.</p>".encode()
URL = "https://example.org/bills/12?session=2026"


@pytest.fixture
def captures(tmp_path: Path) -> Captures:
    return Captures(tmp_path / "captures")


def fetch_of(captures: Captures, body: bytes = PAGE, **changes: Any) -> WarcFetch:
    fetch = WarcFetch(
        url=URL,
        fetched_at="2026-01-02T03:04:05Z",
        status=200,
        headers=(
            ("Content-Type", "text/html; charset=utf-8"),
            ("content-encoding", "gzip"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "7"),
            ("ETag", '"abc"'),
        ),
        sha256=captures.put(body),
        request_headers=(("User-Agent", "KratomAtlas/1"), ("Accept", "*/*")),
    )
    return replace(fetch, **changes)


def records(warc: Path) -> list[tuple[dict[str, str], str, list[tuple[str, str]], bytes]]:
    """Each record: its headers, the status line or request line, the HTTP headers, the payload."""
    told = []
    with warc.open("rb") as file:
        for record in ArchiveIterator(file):
            block = record.http_headers
            line = f"{block.protocol} {block.statusline}" if block else ""
            payload = record.content_stream().read()
            told.append(
                (dict(record.rec_headers.headers), line, block.headers if block else [], payload)
            )
    return told


def written(path: Path, captures: Captures, *fetches: WarcFetch) -> Any:
    count = write_warc(path, iter(fetches), captures, software="kratom-atlas 1.0")
    run = [sys.executable, "-c", "from warcio.cli import main; main()", "check", "-v", str(path)]
    check = subprocess.run(run, check=False, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout
    assert "digest pass" in check.stdout
    assert not check.stderr
    told = records(path)
    assert len(told) == count == check.stdout.count("WARC-Record-ID")
    return told


def test_a_fetch_is_a_response_and_a_request(captures: Captures, tmp_path: Path) -> None:
    info, response, request = written(tmp_path / "a.warc.gz", captures, fetch_of(captures))
    assert info[0]["WARC-Type"] == "warcinfo"
    assert info[0]["WARC-Filename"] == "a.warc.gz"
    assert info[3].startswith(b"software: kratom-atlas 1.0\r\nformat: WARC File Format 1.1\r\n")

    assert response[0]["WARC-Type"] == "response"
    assert response[0]["WARC-Target-URI"] == URL
    assert response[0]["WARC-Date"] == "2026-01-02T03:04:05Z"
    assert response[0]["WARC-Payload-Digest"] == f"sha256:{hashlib.sha256(PAGE).hexdigest()}"
    assert response[0]["Content-Type"] == "application/http; msgtype=response"
    assert response[1] == "HTTP/1.1 200 OK"
    assert response[2] == [
        ("Content-Type", "text/html; charset=utf-8"),
        ("ETag", '"abc"'),
        ("Content-Length", str(len(PAGE))),
    ]
    assert response[3] == PAGE

    assert request[0]["WARC-Type"] == "request"
    assert request[0]["WARC-Concurrent-To"] == response[0]["WARC-Record-ID"]
    assert request[1] == "GET /bills/12?session=2026 HTTP/1.1"
    assert request[2] == [
        ("Host", "example.org"),
        ("User-Agent", "KratomAtlas/1"),
        ("Accept", "*/*"),
    ]


def test_each_record_is_a_member_and_the_bytes_are_the_same(
    captures: Captures, tmp_path: Path
) -> None:
    fetches = [fetch_of(captures), fetch_of(captures, b"other", url="https://example.org/")]
    written(tmp_path / "a.warc.gz", captures, *fetches)
    data = (tmp_path / "a.warc.gz").read_bytes()
    assert data.count(b"\x1f\x8b\x08\x00") == 5
    assert gzip.decompress(data).count(b"WARC/1.1\r\n") == 5
    written(tmp_path / "b.warc.gz", captures, *fetches)
    again = (tmp_path / "b.warc.gz").read_bytes()
    assert gzip.decompress(again).replace(b"b.warc", b"a.warc") == gzip.decompress(data)
    out = io.BytesIO()
    assert write_warc(out, fetches, captures, software="x") == 5
    assert not out.closed


def test_a_payload_is_written_once(captures: Captures, tmp_path: Path) -> None:
    mirror = fetch_of(
        captures, url="https://mirror.example.org/12", fetched_at="2026-01-03T00:00:00Z"
    )
    _, first, _, second, _ = written(tmp_path / "a.warc.gz", captures, fetch_of(captures), mirror)
    assert second[0]["WARC-Type"] == "revisit"
    assert second[0]["WARC-Profile"].endswith("/warc/1.1/revisit/identical-payload-digest")
    assert second[0]["WARC-Refers-To"] == first[0]["WARC-Record-ID"]
    assert second[0]["WARC-Refers-To-Target-URI"] == URL
    assert second[0]["WARC-Refers-To-Date"] == "2026-01-02T03:04:05Z"
    assert second[0]["WARC-Payload-Digest"] == first[0]["WARC-Payload-Digest"]
    assert second[1] == "HTTP/1.1 200 OK"
    assert second[3] == b""


def test_a_304_refers_to_what_it_confirms(captures: Captures, tmp_path: Path) -> None:
    later = WarcFetch(
        url=URL, fetched_at="2026-02-01T00:00:00Z", status=304, headers=(("ETag", '"abc"'),)
    )
    elsewhere = Earlier(
        url="https://example.org/x", fetched_at="2025-01-01T00:00:00Z", sha256="a" * 64
    )
    told = written(
        tmp_path / "a.warc.gz",
        captures,
        fetch_of(captures),
        later,
        replace(later, url="https://example.org/x", refers_to=elsewhere),
        replace(later, url="https://example.org/unknown"),
    )
    first, here, other, alone = told[1], told[3], told[5], told[7]
    assert here[0]["WARC-Type"] == other[0]["WARC-Type"] == "revisit"
    assert here[0]["WARC-Profile"].endswith("/warc/1.1/revisit/server-not-modified")
    assert here[0]["WARC-Refers-To"] == first[0]["WARC-Record-ID"]
    assert here[0]["WARC-Refers-To-Date"] == first[0]["WARC-Date"]
    assert here[1] == "HTTP/1.1 304 Not Modified"
    assert here[2] == [("ETag", '"abc"')]
    assert "WARC-Refers-To" not in other[0]
    assert other[0]["WARC-Refers-To-Date"] == "2025-01-01T00:00:00Z"
    assert other[0]["WARC-Payload-Digest"] == "sha256:" + "a" * 64
    assert alone[0]["WARC-Type"] == "response"
    assert alone[3] == b""


def test_a_304_confirms_the_latest_good_answer(captures: Captures, tmp_path: Path) -> None:
    days = (f"2026-01-0{day}T00:00:00Z" for day in range(1, 9))
    confirmed = WarcFetch(url=URL, status=304, fetched_at="2026-02-01T00:00:00Z")
    told = written(
        tmp_path / "a.warc.gz",
        captures,
        fetch_of(captures, b"one", fetched_at=next(days)),
        fetch_of(captures, b"two", fetched_at=next(days)),
        fetch_of(captures, b"down", fetched_at=next(days), status=503),
        confirmed,
        fetch_of(captures, b"one", fetched_at=next(days)),
        confirmed,
    )
    one, two, first, second = told[1], told[3], told[7], told[11]
    for revisit, answer in ((first, two), (second, one)):
        # All three name the record that has the payload.
        assert revisit[0]["WARC-Refers-To"] == answer[0]["WARC-Record-ID"]
        assert revisit[0]["WARC-Refers-To-Date"] == answer[0]["WARC-Date"]
        assert revisit[0]["WARC-Payload-Digest"] == answer[0]["WARC-Payload-Digest"]


def test_answers_without_a_body(captures: Captures, tmp_path: Path) -> None:
    none = WarcFetch(url=URL, fetched_at="2026-01-02T03:04:05Z", status=503)
    told = written(
        tmp_path / "a.warc.gz", captures, none, replace(none, status=204), replace(none, status=799)
    )
    assert [t[1] for t in told[1::2]] == [
        "HTTP/1.1 503 Service Unavailable",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 799 Unknown",
    ]
    assert [t[2] for t in told[1::2]] == [[("Content-Length", "0")], [], [("Content-Length", "0")]]


def test_what_was_sent_is_kept_unless_it_holds_a_key(captures: Captures, tmp_path: Path) -> None:
    def post(body: bytes) -> WarcFetch:
        return fetch_of(captures, method="POST", request_body_sha256=captures.put(body))

    told = written(
        tmp_path / "a.warc.gz",
        captures,
        post(b"q=kratom&page=2"),
        post(b"q=kratom&api_key=SECRET"),
        post(b'{"q": "kratom", "apiKey": "SECRET"}'),
    )
    plain, form, json = told[2], told[4], told[6]
    assert plain[1] == "POST /bills/12?session=2026 HTTP/1.1"
    assert plain[2][-1] == ("Content-Length", "15")
    assert plain[3] == b"q=kratom&page=2"
    for kept in (form, json):
        assert kept[3] == b""
        assert kept[0]["WARC-Truncated"] == "unspecified"
    assert b"SECRET" not in gzip.decompress((tmp_path / "a.warc.gz").read_bytes())


NAMES = [
    "key", "KEY", "api_key", "apikey", "apiKey", "api-key", "api%5Fkey", "x-api-key", "serviceKey",
    "access_token", "token", "client_secret", "password", "OC", "sig", "subscription-key",
    "X-Amz-Signature",
]  # fmt: skip
HEADERS = [
    "Authorization", "Proxy-Authorization", "X-API-Key", "x-api-key", "Cookie", "Set-Cookie",
    "Ocp-Apim-Subscription-Key", "X-Auth-Token", "X-CSRF-Token", "apikey", "X-Amz-Signature",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_key_in_an_address_never_gets_there(
    captures: Captures, tmp_path: Path, name: str
) -> None:
    url = f"https://me:SECRET@api.example.org/v1?{name}=SECRET&q=kratom&n=1&{name}=SECRET"
    clean = f"https://api.example.org/v1?{name}=REDACTED&q=kratom&n=1&{name}=REDACTED"
    fetch = fetch_of(
        captures,
        url=url,
        headers=(("Location", url), ("Link", f'<{url}>; rel="next", </x?{name}=SECRET>; rel=a')),
        request_headers=(("Referer", url),),
    )
    later = WarcFetch(
        url=url,
        fetched_at="2026-02-01T00:00:00Z",
        status=304,
        refers_to=Earlier(url=url, fetched_at=fetch.fetched_at, sha256=fetch.sha256 or ""),
    )
    told = written(tmp_path / "a.warc.gz", captures, fetch, later)
    assert b"SECRET" not in gzip.decompress((tmp_path / "a.warc.gz").read_bytes())
    assert told[1][0]["WARC-Target-URI"] == clean
    assert told[2][1].split()[1] == clean.removeprefix("https://api.example.org")
    assert told[3][0]["WARC-Refers-To-Target-URI"] == clean
    assert told[1][2][0] == ("Location", clean)


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_with_a_key_never_gets_there(
    captures: Captures, tmp_path: Path, name: str
) -> None:
    fetch = fetch_of(captures, headers=((name, "SECRET"),), request_headers=((name, "SECRET"),))
    written(tmp_path / "a.warc.gz", captures, fetch)
    text = gzip.decompress((tmp_path / "a.warc.gz").read_bytes())
    assert b"SECRET" not in text


def test_what_only_looks_like_a_key_stays() -> None:
    for url in (
        "https://example.org/?keyword=kratom&monkey=1&tokens=2&pageToken=abc&doc=3&author=x",
        "https://example.org/key=1/token",
        "https://example.org/a@b?c=d@e",
    ):
        assert without_keys(url) == url


def test_headers_cannot_forge_others(captures: Captures, tmp_path: Path) -> None:
    fetch = fetch_of(
        captures,
        url="https://example.org/\r\nEvil: 1/ž?q=\n",
        method="GET / HTTP/1.1\r\nEvil: 1",
        headers=(
            ("X-Note", "one\r\nEvil: 1\r\n\r\nbody"),
            ("Bad Name", "1"),
            ("Bad:Name", "1"),
            ("Bäd", "1"),
            ("Content-Disposition", "attachment; filename=krátom.pdf"),
            ("X-Latin", "\xe9\x80"),
        ),
    )
    _, response, request = written(tmp_path / "a.warc.gz", captures, fetch)
    assert response[3] == PAGE
    names = [name for name, _ in response[2]]
    assert names == ["X-Note", "Content-Disposition", "X-Latin", "Content-Length"]
    assert response[2][0] == ("X-Note", "one Evil: 1 body")
    assert response[2][1][1] == "attachment; filename=kr%C3%A1tom.pdf"
    assert [name for name, _ in request[2]] == ["Host", "User-Agent", "Accept"]


@given(
    st.lists(
        st.tuples(
            st.text(max_size=30), st.sampled_from([200, 304, 404]), st.text(), st.text(),
            st.sampled_from([None, b"", b"a", b"WARC/1.1\r\n", PAGE]),
        ),
        min_size=1,
        max_size=6,
    )
)  # fmt: skip
def test_whatever_was_recorded_makes_a_good_file(
    tmp_path_factory: pytest.TempPathFactory, fetches: list[Any]
) -> None:
    captures = Captures(tmp_path_factory.getbasetemp() / "any")
    out = io.BytesIO()
    count = write_warc(
        out,
        [
            WarcFetch(
                url=f"https://example.org/{path}",
                fetched_at="2026-01-02T03:04:05Z",
                status=status,
                headers=((name, value), ("X-Value", value)),
                sha256=None if body is None else captures.put(body),
            )
            for path, status, name, value, body in fetches
        ],
        captures,
        software="test",
    )
    out.seek(0)
    read = 0
    for record in ArchiveIterator(out, check_digests="raise"):
        payload = record.content_stream().read()
        read += 1
        if record.rec_type == "response":
            digest = record.rec_headers.get_header("WARC-Payload-Digest")
            assert digest == f"sha256:{hashlib.sha256(payload).hexdigest()}"
    assert read == count


def test_a_file_is_written_whole_or_not_at_all(captures: Captures, tmp_path: Path) -> None:
    out = tmp_path / "out" / "a.warc.gz"
    good = fetch_of(captures)
    with pytest.raises(AtlasError, match=r"cannot write .*: No such file") as caught:
        write_warc(out, [good], captures, software="x")
    assert "\n" not in str(caught.value)
    out.parent.mkdir()
    out.write_bytes(b"the one of yesterday")

    def broken() -> Iterable[WarcFetch]:
        yield good
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_warc(out, broken(), captures, software="x")
    with pytest.raises(AtlasError, match="no fetches to write"):
        write_warc(out, [], captures, software="x")
    with pytest.raises(CaptureMissingError):
        write_warc(out, [good, replace(good, sha256="0" * 64)], captures, software="x")
    other = fetch_of(captures, b"other")
    assert other.sha256
    path = captures.folder / other.sha256[:2] / f"{other.sha256}.zst"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CaptureDamagedError):
        write_warc(out, [good, other], captures, software="x")
    assert [p.name for p in out.parent.iterdir()] == ["a.warc.gz"]
    assert out.read_bytes() == b"the one of yesterday"


def test_a_large_body_is_streamed(captures: Captures, tmp_path: Path) -> None:
    fetch = fetch_of(captures, random.Random(1).randbytes(12_000_000))
    write_warc(tmp_path / "warm.warc.gz", [fetch_of(captures)], captures, software="x")
    tracemalloc.start()
    write_warc(tmp_path / "a.warc.gz", [fetch], captures, software="x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6_000_000
    assert records(tmp_path / "a.warc.gz")[1][0]["WARC-Payload-Digest"] == f"sha256:{fetch.sha256}"
