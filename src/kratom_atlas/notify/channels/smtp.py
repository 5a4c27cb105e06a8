"""A server that takes mail: connections that are kept, and what each of its answers means."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from urllib.parse import unquote, urlsplit

from kratom_atlas.errors import AtlasError
from kratom_atlas.notify.channels import Undelivered

__all__ = ["Letter", "Relay", "Server"]

TIMEOUT: Final = 60.0
"""Seconds that the server may take for an answer: a relay that scans takes its time."""
_PORTS: Final = {"smtp": 587, "smtps": 465}
_OK: Final = 250
_GO_ON: Final = 354
_CLOSING: Final = 421
_ENHANCED: Final = re.compile(rb"^\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_FULL: Final = 2
_POLICY: Final = 7


@dataclass(frozen=True)
class Relay:
    """Where the server is, and how it is spoken to. `plain`: on this machine, without TLS."""

    host: str
    port: int
    implicit_tls: bool
    plain: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str, allow: frozenset[str] = frozenset()) -> Relay:
        """What an address such as `smtp://user:password@host:587` says.

        Raises:
            AtlasError: it is none. The message does not repeat it.
        """
        wrong = AtlasError("KRATOM_ATLAS_SMTP_URL: write smtp://user:password@host:587 or smtps://")
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise wrong from None
        host = parts.hostname or ""
        if not host or parts.path.strip("/") or parts.query:
            raise wrong
        return cls(
            host=host,
            port=port,
            implicit_tls=parts.scheme == "smtps",
            plain=_is_local(host) or not allow.isdisjoint({host, f"{host}:{port}"}),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


@dataclass(frozen=True)
class Letter:
    """What is handed over. `data` is dot-stuffed, with CRLF; 8 bits where `eight` says so."""

    sender: str
    recipient: str
    data: bytes
    eight: bool
    utf8: bool = False


class Server:
    """Hands letters over, on as many connections as there are letters at a time."""

    def __init__(
        self,
        relay: Relay,
        *,
        name: str,
        trust: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._relay = relay
        self._name = name
        self._given_trust = trust
        self._timeout = timeout
        self._idle: list[smtplib.SMTP] = []
        self._lock = threading.Lock()
        self._features: frozenset[str] | None = None

    def close(self) -> None:
        """Say goodbye on every connection that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()

    @contextlib.contextmanager
    def connection(self) -> Iterator[smtplib.SMTP]:
        """A connection to hand letters over on; it is kept unless it was closed meanwhile."""
        with self._lock:
            found = self._idle.pop() if self._idle else None
        found = found or self._connect()
        try:
            yield found
        finally:
            if found.sock is not None:
                with self._lock:
                    self._idle.append(found)

    def hand_over(self, letters: Sequence[Letter]) -> list[Undelivered | None]:
        """Give letters to the server, each on a connection of its own, all in step.

        Returns for each why it was not taken, or None.
        """
        found = self._in_step(letters)
        stale = [n for n, one in enumerate(found) if isinstance(one, _StaleError)]
        # Kept connections had been closed by the server: once more, on new ones.
        again = self._in_step([letters[n] for n in stale]) if stale else []
        for n, one in zip(stale, again, strict=True):
            found[n] = one
        reason = "the mail server closes its connections at once"
        return [
            Undelivered(reason, unwell=True) if isinstance(one, _StaleError) else one
            for one in found
        ]

    def _in_step(self, letters: Sequence[Letter]) -> list[Undelivered | _StaleError | None]:
        found: list[Undelivered | _StaleError | None] = [None] * len(letters)
        with contextlib.ExitStack() as kept:
            under_way: dict[int, tuple[smtplib.SMTP, Iterator[None]]] = {}
            for n, letter in enumerate(letters):
                try:
                    connection = kept.enter_context(self.connection())
                except Undelivered as error:
                    found[n] = error
                else:
                    under_way[n] = connection, _transact(connection, letter)
            while under_way:
                for n, (connection, transaction) in list(under_way.items()):
                    try:
                        if next(transaction, self) is not self:
                            continue
                    except (Undelivered, _StaleError) as error:
                        found[n] = error
                    except (OSError, smtplib.SMTPException) as error:
                        connection.close()
                        reason = f"the mail server broke off: {_plain(error)}"
                        found[n] = Undelivered(reason, unwell=True)
                    except BaseException:
                        # In the middle of something: what comes next would be misread.
                        for other, _ in under_way.values():
                            other.close()
                        raise
                    del under_way[n]
        return found

    def features(self) -> frozenset[str]:
        """What the server said it can do, in lower case."""
        if self._features is None:
            with self.connection():
                pass
        return self._features or frozenset()

    def _connect(self) -> smtplib.SMTP:
        try:
            connection = self._opened()
            try:
                self._secured(connection)
            except BaseException:
                connection.close()
                raise
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(
                f"the mail server cannot be used: {_plain(error)}", unwell=True
            ) from None
        self._features = frozenset(connection.esmtp_features)
        return connection

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return self._given_trust or ssl.create_default_context()

    def _opened(self) -> smtplib.SMTP:
        relay, name, wait = self._relay, self._name, self._timeout
        if relay.implicit_tls:
            return smtplib.SMTP_SSL(relay.host, relay.port, name, timeout=wait, context=self._trust)
        return smtplib.SMTP(relay.host, relay.port, name, timeout=wait)

    def _secured(self, connection: smtplib.SMTP) -> None:
        relay = self._relay
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.ehlo_or_helo_if_needed()
        if not relay.implicit_tls and not relay.plain:
            if not connection.has_extn("starttls"):
                raise Undelivered(
                    "the mail server offers no STARTTLS, and nothing is sent over an open line: "
                    "use smtps://, or list its host in KRATOM_ATLAS_ALLOW_HOSTS",
                    unwell=True,
                )
            connection.starttls(context=self._trust)
            connection.ehlo()
        if relay.user:
            connection.login(relay.user, relay.password)


class _StaleError(Exception):
    """The connection was closed before anything was handed over."""


def _transact(connection: smtplib.SMTP, letter: Letter) -> Generator[None, None, None]:
    """One transaction, from the sender to the last dot; it yields where it waits for answers."""
    options = " BODY=8BITMIME" if letter.eight else ""
    options += " SMTPUTF8" if letter.utf8 else ""
    commands = [
        f"MAIL FROM:<{letter.sender}>{options}\r\n".encode(),
        f"RCPT TO:<{letter.recipient}>\r\n".encode(),
        b"DATA\r\n",
    ]
    try:
        answers = yield from _ask(connection, commands)
    except (smtplib.SMTPServerDisconnected, ConnectionError):
        connection.close()
        raise _StaleError from None
    if answers[0][0] == _CLOSING:
        connection.close()
        raise _StaleError
    refused = _refusal(answers)
    if len(answers) == len(commands) and answers[2][0] == _GO_ON:
        ended = yield from _finish(connection, b"" if refused else letter.data)
        refused = refused or ended
    elif connection.sock is not None:
        connection.rset()
    if refused:
        raise refused


def _ask(
    connection: smtplib.SMTP, commands: list[bytes]
) -> Generator[None, None, list[tuple[int, bytes]]]:
    """All at once where the server lets us (RFC 2920), else one after the other while it agrees."""
    if connection.has_extn("pipelining"):
        connection.send(b"".join(commands))
        yield
        return [connection.getreply() for _ in commands]
    answers = []
    for command in commands:
        connection.send(command)
        yield
        answers.append(connection.getreply())
        if answers[-1][0] // 100 not in {2, 3}:
            break
    return answers


def _finish(connection: smtplib.SMTP, data: bytes) -> Generator[None, None, Undelivered | None]:
    """Send what the server waits for, and see whether it took it."""
    try:
        connection.send(data + b".\r\n")
        yield
        code, words = connection.getreply()
    except (OSError, smtplib.SMTPException) as error:
        connection.close()
        reason = f"the mail server broke off: {_plain(error)}"
        return Undelivered(reason, unwell=True, doubtful=bool(data))
    return None if code == _OK else _content_refused(code, words)


def _refusal(answers: list[tuple[int, bytes]]) -> Undelivered | None:
    code, words = answers[0]
    if code // 100 != 2:
        # Our own address or account: not the fault of whoever the letter is to.
        return Undelivered(f"the mail server refused the sender: {_said(code, words)}", unwell=True)
    code, words = answers[1]
    if code // 100 != 2:
        return _recipient_refused(code, words)
    code, words = answers[2]
    if code != _GO_ON:
        return Undelivered(f"the mail server took no letter: {_said(code, words)}")
    return None


def _recipient_refused(code: int, words: bytes) -> Undelivered:
    said = f"the recipient was refused: {_said(code, words)}"
    if code // 100 != 5:
        return Undelivered(said, bounce=True)
    match = _ENHANCED.match(words)
    kind = (int(match[2]), int(match[3])) if match else (1, 1)
    if kind[0] == _POLICY:
        return Undelivered(said, permanent=True)
    if kind == (_FULL, 2):
        return Undelivered(said, bounce=True)
    return Undelivered(said, permanent=True, bounce=True)


def _content_refused(code: int, words: bytes) -> Undelivered:
    said = f"the letter was refused: {_said(code, words)}"
    return Undelivered(said, permanent=code // 100 == 5)


def _said(code: int, words: bytes) -> str:
    """The number and the enhanced status: the words of a server may repeat an address."""
    match = _ENHANCED.match(words)
    return f"{code} {match[0].decode().strip()}" if match else str(code)


def _plain(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"it refused the user or password ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {error.smtp_code}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
