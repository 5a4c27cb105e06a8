"""Captures as a WARC file, the form in which web archives exchange evidence.

A fetch becomes a `response` and a `request` record. A payload that the file holds already, or of
which the source said that it is as it was (304), becomes a `revisit` that refers to the first.
The headers are those that were recorded, but for `Content-Encoding` and `Transfer-Encoding`: what
is kept is the body after they were undone. The same fetches make the same bytes.

Keys never get there. They should not have been recorded to begin with; here headers that carry
them are left out once more, keys in addresses are replaced by `REDACTED`, and the body of a
request that seems to hold one is left out. A body that a source sent is evidence and is not
touched.
"""

from __future__ import annotations

import http
import io
import re
import string
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, urlsplit

from kratom_atlas.errors import AtlasError
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive

if TYPE_CHECKING:
    from warcio.warcwriter import WARCWriter

__all__ = ["Earlier", "WarcFetch", "logged_fetches", "without_keys", "write_warc"]

_VERSION: Final = "1.1"
_PROFILE: Final = "http://netpreserve.org/warc/1.1/revisit/"
_CONFORMS: Final = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_NO_BODY: Final = frozenset({http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED})
_EMPTY: Final = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

_S: Final = r"(?:[-_]|%2d|%5f)?"
_KEY_NAMES: Final = (
    rf"(?:(?:x{_S})?(?:api|app|access|auth|client|secret|service|subscription){_S})?key"
    rf"|(?:(?:access|auth|id|refresh|api){_S})?token"
    rf"|(?:client{_S}|api{_S})?secret|auth|passw(?:or)?d|pwd|sig|signature"
    rf"|x{_S}amz{_S}(?:signature|credential|security{_S}token)"
    r"|oc"  # what the Korean law API calls the name of the account
)
_KEY_IN_URL: Final = re.compile(rf"(?<=[?&;#])({_KEY_NAMES})=[^&#\s<>\"']*", re.IGNORECASE)
_USER_IN_URL: Final = re.compile(r"(?<=://)[^/?#\s<>\"']*@")
_KEY_IN_BODY: Final = re.compile(
    rf"(?:^|[^a-z0-9])(?:{_KEY_NAMES})[\"']?\s*[=:>]".encode(), re.IGNORECASE
)
_SECRET_HEADER: Final = re.compile(
    r"authorization|authentication|cookie|token|secret|passw|credential|signature|session"
    r"|(?:^|-|_)key$|api-?_?key",
    re.IGNORECASE,
)
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_UNDONE: Final = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The fetch whose answer a 304 confirms."""

    url: str
    fetched_at: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class WarcFetch:
    """One request and what came back; moments are like `2026-01-01T00:00:00Z`.

    `sha256` is the capture of the body, None where none came; `request_body_sha256` that of what
    was sent. `refers_to` may stay None if the earlier fetch goes into the same file.
    """

    url: str
    fetched_at: str
    status: int
    method: str = "GET"
    headers: Headers = ()
    sha256: str | None = None
    request_headers: Headers = ()
    request_body_sha256: str | None = None
    refers_to: Earlier | None = None


def logged_fetches(archive: Archive, source: str | None = None) -> Iterator[WarcFetch]:
    """Every answer in the log, of one source or of all, oldest first.

    What was reused from an interrupted run is there once, and a request without an answer is none.
    """
    held: dict[str, Earlier] = {}
    for _, row in archive.fetches(source):
        if row.status is None or row.how == "reused":
            continue
        confirmed = held.get(f"{row.fingerprint} {row.url}") if row.status == 304 else None
        if row.sha256 is not None and row.status != 304:
            earlier = Earlier(url=row.url, fetched_at=row.fetched_at, sha256=row.sha256)
            held[f"{row.fingerprint} {row.url}"] = earlier
        yield WarcFetch(
            url=row.url,
            fetched_at=row.fetched_at,
            status=row.status,
            method=row.method,
            headers=row.headers,
            sha256=row.sha256,
            request_body_sha256=row.request_sha256,
            refers_to=confirmed,
        )


def write_warc(
    out: BinaryIO | Path, fetches: Iterable[WarcFetch], captures: Captures, *, software: str
) -> int:
    """Write `fetches` to `out`, each record a gzip member; return how many records there are.

    A file named by its path is written whole or not at all.

    Raises:
        CaptureError: a body is missing or damaged.
        AtlasError: there is nothing to write, or it cannot be written.
    """
    if not isinstance(out, Path):
        return _Writing(out, captures).write(fetches, software, None)
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as file:
            count = _Writing(file, captures).write(fetches, software, out.name)
        part.replace(out)
    except OSError as error:
        raise AtlasError(f"cannot write {out}: {error.strerror}; nothing was written") from None
    finally:
        part.unlink(missing_ok=True)
    return count


def without_keys(text: str) -> str:
    """An address, or a header with addresses in it, with what is secret in them replaced."""
    return _KEY_IN_URL.sub(r"\1=REDACTED", _USER_IN_URL.sub("", text))


class _Writing:
    """One WARC file as it grows."""

    def __init__(self, out: BinaryIO, captures: Captures) -> None:
        from warcio.warcwriter import WARCWriter

        self._writer: WARCWriter = WARCWriter(out, gzip=True, warc_version=_VERSION)
        self._captures = captures
        self._count = 0
        self._payloads: dict[str, _Written] = {}
        self._latest: dict[str, _Written] = {}

    def write(self, fetches: Iterable[WarcFetch], software: str, filename: str | None) -> int:
        for fetch in fetches:
            if not self._count:
                self._info(software, filename, fetch.fetched_at)
            url = _address(fetch.url)
            response = self._response(fetch, url)
            self._request(fetch, url, response)
        if not self._count:
            raise AtlasError("no fetches to write: crawl first, or choose other ones")
        return self._count

    def _info(self, software: str, filename: str | None, date: str) -> None:
        fields = {
            "software": software,
            "format": f"WARC File Format {_VERSION}",
            "conformsTo": _CONFORMS,
        }
        text = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in fields.items())
        headers = {"WARC-Filename": filename} if filename else {}
        self._record("warcinfo", "", date, headers, None, io.BytesIO(text.encode()))

    def _response(self, fetch: WarcFetch, url: str) -> str:
        """Write what came back, and return the id of its record."""
        if fetch.status == http.HTTPStatus.NOT_MODIFIED and (earlier := self._earlier(fetch, url)):
            return self._revisit(fetch, url, earlier, "server-not-modified", None)
        if fetch.sha256 is None:
            block = _answer(fetch, None)
            headers = {"WARC-Payload-Digest": _EMPTY}
            return self._record("response", url, fetch.fetched_at, headers, block, None)
        size = self._captures.size(fetch.sha256)
        if known := self._payloads.get(fetch.sha256):
            self._remember(fetch, url, known)
            return self._revisit(fetch, url, known, "identical-payload-digest", size)
        headers = {"WARC-Payload-Digest": f"sha256:{fetch.sha256}"}
        block = _answer(fetch, size)
        with self._captures.open(fetch.sha256) as body:
            record = self._record("response", url, fetch.fetched_at, headers, block, body, size)
        written = _Written(record, url, fetch.fetched_at, fetch.sha256)
        self._payloads[fetch.sha256] = written
        self._remember(fetch, url, written)
        return record

    def _remember(self, fetch: WarcFetch, url: str, written: _Written) -> None:
        """A later 304 of this address confirms this answer, but never an error."""
        if fetch.status == http.HTTPStatus.OK:
            self._latest[url] = written

    def _earlier(self, fetch: WarcFetch, url: str) -> _Written | None:
        """What a 304 refers to; its record is known only if it is in this file."""
        told = fetch.refers_to
        if told is None:
            return self._latest.get(url)
        written = self._payloads.get(told.sha256)
        there = _Written(None, _address(told.url), told.fetched_at, told.sha256)
        same = written and (written.url, written.date) == (there.url, there.date)
        return written if same else there

    def _revisit(
        self, fetch: WarcFetch, url: str, earlier: _Written, profile: str, size: int | None
    ) -> str:
        headers = {
            "WARC-Profile": _PROFILE + profile,
            "WARC-Payload-Digest": f"sha256:{earlier.sha256}",
            "WARC-Refers-To-Target-URI": earlier.url,
            "WARC-Refers-To-Date": earlier.date,
        }
        if earlier.record:
            headers["WARC-Refers-To"] = earlier.record
        return self._record("revisit", url, fetch.fetched_at, headers, _answer(fetch, size), None)

    def _request(self, fetch: WarcFetch, url: str, response: str) -> None:
        headers = {"WARC-Concurrent-To": response}
        body = b""
        if fetch.request_body_sha256 is not None:
            body = self._captures.get(fetch.request_body_sha256)
            if _KEY_IN_BODY.search(body):
                body = b""
                headers["WARC-Truncated"] = "unspecified"
        block = _question(fetch, url, len(body))
        self._record("request", url, fetch.fetched_at, headers, block, io.BytesIO(body))

    def _record(
        self,
        kind: str,
        url: str,
        date: str,
        headers: dict[str, str],
        block: Any,
        body: io.BufferedIOBase | None,
        length: int | None = None,
    ) -> str:
        """Write a record of `block` (status line and headers) and `body`, and return its id."""
        from warcio.statusandheaders import StatusAndHeaders

        self._count += 1
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{self._count} {kind} {date} {url}")
        record = f"<urn:uuid:{name}>"
        of_all = {"WARC-Type": kind, "WARC-Record-ID": record, "WARC-Date": date}
        if url:
            of_all["WARC-Target-URI"] = url
        if isinstance(body, io.BytesIO):
            length = len(body.getvalue())
        self._writer.write_record(
            self._writer.create_warc_record(
                url,
                kind,
                payload=body,
                length=length,
                warc_headers=StatusAndHeaders(
                    "", [*of_all.items(), *headers.items()], protocol=f"WARC/{_VERSION}"
                ),
                http_headers=block,
            )
        )
        return record


@dataclass(frozen=True)
class _Written:
    """An answer that others may refer to; `record` is its id, None if it is in another file."""

    record: str | None
    url: str
    date: str
    sha256: str


def _answer(fetch: WarcFetch, size: int | None) -> Any:
    """Status line and headers of a response whose body has `size` bytes; None where none came."""
    from warcio.statusandheaders import StatusAndHeaders

    headers = _clean(fetch.headers)
    if size is not None:
        headers.append(("Content-Length", str(size)))
    elif fetch.status not in _NO_BODY:
        headers.append(("Content-Length", "0"))
    return StatusAndHeaders(f"{fetch.status} {_phrase(fetch.status)}", headers, protocol="HTTP/1.1")


def _question(fetch: WarcFetch, url: str, size: int) -> Any:
    from warcio.statusandheaders import StatusAndHeaders

    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    method = fetch.method if _HEADER_NAME.fullmatch(fetch.method) else "GET"
    headers = [pair for pair in _clean(fetch.request_headers) if pair[0].lower() != "host"]
    headers.insert(0, ("Host", parts.netloc))
    if size:
        headers.append(("Content-Length", str(size)))
    return StatusAndHeaders(f"{method} {target} HTTP/1.1", headers, is_http_request=True)


def _clean(headers: Headers) -> list[tuple[str, str]]:
    """Headers without secrets, and without what no longer holds of the body as it is kept."""
    return [
        (name, _ascii(without_keys(_one_line(value)), " \t"))
        for name, value in headers
        if _HEADER_NAME.fullmatch(name)
        and name.lower() not in _UNDONE
        and not _SECRET_HEADER.search(name)
    ]


def _address(url: str) -> str:
    """A URL without keys, in ASCII, and in one line."""
    return _ascii(without_keys(url))


def _ascii(text: str, also: str = "") -> str:
    return quote(text, safe=string.punctuation + also, errors="replace")


def _one_line(value: str) -> str:
    return _CONTROL.sub(" ", value).strip()


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
