"""What the tests of the channels send, and the servers that it is sent to."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Taken
from msgspec.structs import replace

from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Envelope,
    Notice,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class SampleLinks:
    """Links as a site would have them."""

    def manage(self, subscription: Subscription) -> str:
        return f"https://atlas.example.org/subscriptions/{subscription.ref}.m"

    def leave(self, subscription: Subscription) -> str:
        return f"https://atlas.example.org/subscriptions/{subscription.ref}.l?one&two"

    def confirm(self, subscription: Subscription) -> str:
        return f"https://atlas.example.org/subscriptions/{subscription.ref}.c"

    def changes(self) -> str:
        return "https://atlas.example.org/changes/"


def notice(key: str = "n1", **changes: Any) -> Notice:
    """A change of law in Utah."""
    one = Notice(
        key=key,
        topic=Topic.NEW_LAW,
        severity=Severity.MAJOR,
        places=("US-UT",),
        substances=(Substance.SEVEN_OH,),
        title="Utah: 7-OH: from regulated to banned, from 2026-05-06",
        text="Utah (US-UT), from 2026-05-06. A change of law.\n"
        "- 7-OH: from regulated to banned.\n"
        "* Utah Code 58-37-4 (https://le.utah.example.org/58-37-4)",
        html="<p>Utah (US-UT), from 2026-05-06. A change of law.</p>"
        "<ul><li>7-OH: from regulated to banned.</li></ul>"
        '<p><a href="https://le.utah.example.org/58-37-4">Utah Code 58-37-4</a></p>',
        facts='{"kind":"law","place":"US-UT"}',
        date="2026-05-06",
    )
    return replace(one, **changes)


def subscription(
    address: str = "reader@example.org",
    channel: ChannelKind = ChannelKind.EMAIL,
    ref: str = "Ref-1_xyz",
    **changes: Any,
) -> Subscription:
    """An active subscription to Utah."""
    one = Subscription(
        ref=ref,
        channel=channel,
        address=address,
        choices=Choices(places=("US-UT",)),
        state=SubscriptionState.ACTIVE,
        created_at="2026-11-01T08:00:00Z",
        confirmed_at="2026-11-01T08:05:00Z",
        secrets=(SECRET,) if channel is ChannelKind.WEBHOOK else (),
    )
    return replace(one, **changes)


def envelope(to: Subscription | None = None, *notices: Notice, **changes: Any) -> Envelope:
    """An envelope of notices, or of one."""
    one = Envelope(
        id="0f" * 16, subscription=to or subscription(), notices=notices or (notice(),), attempt=1
    )
    return replace(one, **changes)


@dataclass
class Box:
    """What a server of mail took, and what it says to whom."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    rcpt: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    hang_up: int = 0

    async def handle_RCPT(  # noqa: N802 -- as aiosmtpd calls it
        self, _server: SMTP, _session: Session, taken: Taken, address: str, _options: list[str]
    ) -> str:
        if said := self.rcpt.get(address):
            return said
        taken.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, taken: Taken) -> str:  # noqa: N802
        self.sessions.add(id(session))
        if self.hang_up:
            self.hang_up -= 1
            server.transport.close()  # type: ignore[union-attr]
        if self.data:
            return self.data.pop(0)
        self.taken.append(taken)
        return "250 2.0.0 taken"


@contextmanager
def mailbox(box: Box | None = None, **options: Any) -> Iterator[Box]:
    """A server of mail on this machine."""
    box = box or Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Call:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Site:
    """A web server, what it was asked, and what it answers."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    answer: Callable[[Call], tuple[int, dict[str, str], bytes]] = lambda _call: (200, {}, b"")
    drip: float = 0.0

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})


@contextmanager
def website(trust: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A web server on this machine, with TLS where there is something to trust."""
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            call = Call(
                self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(size)
            )
            site.calls.append(call)
            status, headers, body = site.answer(call)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in {name.lower() for name in headers}:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            step = 1 if site.drip else len(body) or 1
            for start in range(0, len(body), step):
                try:
                    self.wfile.write(body[start : start + step])
                    self.wfile.flush()
                except OSError:
                    return
                if site.drip:
                    threading.Event().wait(site.drip)

        do_PUT = do_POST  # noqa: N815
        do_GET = do_POST  # noqa: N815

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            pass

        def finish_request(self, request: Any, client_address: Any) -> None:
            if trust is not None:
                request.settimeout(5)
                request = trust.wrap_socket(request, server_side=True)
            try:
                super().finish_request(request, client_address)
            finally:
                if trust is not None:
                    request.close()

    server = Server(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
