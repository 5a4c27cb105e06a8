"""Calls to addresses that strangers gave us: what is checked is what is called.

A name is resolved once, all that it leads to is looked at, and the connection goes to one of these
very IP addresses, while TLS and the Host header keep the name: a name that leads elsewhere a moment
later changes nothing. No redirect is followed, no proxy used, no cookie kept. The whole call has
one limit of time, and the answer one of size.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore

from kratom_atlas.errors import AtlasError
from kratom_atlas.guard import RefusedError, check_address, check_url

__all__ = ["Answer", "Caller", "NoAnswer"]

TIME_LIMIT: Final = 15.0
"""Seconds of a whole call, from the look-up of the name to the last octet."""
SIZE_LIMIT: Final = 65_536
"""Octets of an answer that are read; the rest is not."""
PORTS: Final = frozenset({443, 8443})
_TRIED: Final = 4
"""Addresses of a name that are tried."""


class NoAnswer(AtlasError):  # noqa: N818 -- what happened
    """A call that led to no answer, and why. `begun`: there was somebody to take it."""

    def __init__(self, reason: str, *, begun: bool) -> None:
        super().__init__(reason)
        self.begun = begun


@dataclass(frozen=True)
class Answer:
    """What was answered; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Caller:
    """Calls with POST. It may be used by several threads at once."""

    def __init__(
        self,
        *,
        allow: frozenset[str] = frozenset(),
        trust: ssl.SSLContext | None = None,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self._allow = allow
        self._trust = trust or ssl.create_default_context()
        self._time_limit = time_limit

    def check(self, url: str) -> str:
        """The address in the one way to write it, if it may be called.

        Raises:
            RefusedError: it may not: no https, a private host, another port.
        """
        checked = check_url(url, ports=PORTS, allow=self._allow)
        if urlsplit(checked).scheme != "https" and not self._allowed(urlsplit(checked).netloc):
            raise RefusedError("the address must begin with https://")
        return checked

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a POST.

        Raises:
            RefusedError: the address, or what its name leads to, may not be called.
            NoAnswer: there was none in time, or none that is HTTP.
        """
        checked = self.check(url)
        parts = urlsplit(checked)
        backend = _Backend(time.monotonic() + self._time_limit, self._allow)
        sent = [
            ("Host", parts.netloc),
            ("Connection", "close"),
            ("Accept-Encoding", "identity"),
            ("Content-Length", str(len(body))),
            *headers.items(),
        ]
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._time_limit)}
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._trust, network_backend=backend, max_keepalive_connections=0
                ) as pool,
                pool.stream(
                    "POST", checked, headers=sent, content=body, extensions=limits
                ) as response,
            ):
                return Answer(
                    response.status,
                    {
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in response.headers
                    },
                    _bounded(response),
                )
        except httpcore.TimeoutException:
            reason = f"no answer in {self._time_limit:g} seconds"
            raise NoAnswer(reason, begun=backend.begun) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise NoAnswer(_plain(error), begun=backend.begun) from None

    def _allowed(self, netloc: str) -> bool:
        host = netloc if netloc.endswith("]") else netloc.rpartition(":")[0] or netloc
        return not self._allow.isdisjoint({netloc, host})


def _bounded(response: httpcore.Response) -> bytes:
    body = b""
    for chunk in response.iter_stream():
        body += chunk
        if len(body) >= SIZE_LIMIT:
            break
    return body[:SIZE_LIMIT]


class _Backend(httpcore.NetworkBackend):
    """Connects for one call: to addresses that were looked at, until one moment."""

    def __init__(self, deadline: float, allow: frozenset[str]) -> None:
        self._deadline = deadline
        self._allow = allow
        self.begun = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 -- as httpcore calls it
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Connect to what the host leads to, if all of it may be called."""
        named = f"[{host}]" if ":" in host else host
        found = _resolved(host, port, _left(self._deadline))
        if self._allow.isdisjoint({named, f"{named}:{port}"}):
            found = [check_address(ip) for ip in found]
        real = httpcore.SyncBackend()
        error: Exception = httpcore.ConnectError("the name leads nowhere")
        for ip in found[:_TRIED]:
            try:
                stream = real.connect_tcp(ip, port, _left(self._deadline))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
            else:
                self.begun = True
                return _Timed(stream, self._deadline)
        raise error


class _Timed(httpcore.NetworkStream):
    """A stream on which no step outlasts the whole: who answers an octet a second is cut off."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """See httpcore."""
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """See httpcore, whose own would let each piece of it take the whole time."""
        sock: socket.socket = self._stream.get_extra_info("socket")
        rest = memoryview(buffer)
        try:
            while rest:
                sock.settimeout(_left(self._deadline))
                rest = rest[sock.send(rest) :]
        except TimeoutError:
            raise httpcore.WriteTimeout from None
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """See httpcore."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 -- as httpcore calls it
    ) -> httpcore.NetworkStream:
        """See httpcore."""
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Timed(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore."""
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


def _resolved(host: str, port: int, timeout: float) -> list[str]:
    """The IP addresses of a host. The resolver of the system knows no limit of time: we do."""
    found: list[Any] = []
    failed: list[OSError] = []

    def look() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(timeout)
    if failed:
        raise httpcore.ConnectError("the name of the host is not known")
    if not found:
        raise httpcore.ConnectTimeout
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _plain(error: Exception) -> str:
    """Why, without what may hold a part of the address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ConnectionRefusedError):
            return "the host refused the connection"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore.ProtocolError):
        return "what was answered is not HTTP"
    if isinstance(error, httpcore.ConnectError) and "name" in str(error):
        return str(error)
    return "the connection broke"
