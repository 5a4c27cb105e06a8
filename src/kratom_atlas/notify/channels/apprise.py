"""Chat and push by way of Apprise, in a process of its own (see `apprise_child`)."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import subprocess
import sys
import threading
import time
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import (
    ChannelKind,
    Envelope,
    Subscription,
    SubscriptionState,
)
from kratom_atlas.notify.channels import Links, Undelivered
from kratom_atlas.notify.channels.apprise_child import Look, Reply, Request
from kratom_atlas.notify.compose import MAX_SHORT, chosen, greeting, short
from kratom_atlas.notify.guarded import PORTS
from kratom_atlas.report.words import inert

__all__ = ["SERVICES", "Chats"]

SERVICES: Final = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "gotifys": "Gotify, over HTTPS",
    "matrixs": "Matrix, over HTTPS",
    "mmosts": "Mattermost, over HTTPS",
    "ntfys": "ntfy, over HTTPS",
    "pbul": "Pushbullet",
    "pover": "Pushover",
    "rockets": "Rocket.Chat, over HTTPS",
    "slack": "Slack",
    "tgram": "Telegram",
    "workflow": "Microsoft Power Automate",
    "wxteams": "Webex",
    "zulip": "Zulip",
}
"""What anybody may name. Each shows its messages in a room that its owner opened for them.

Left out is what reaches a telephone or a mailbox that may be somebody else's, what is sent on
without TLS, and what posts to any address at all: for that there are mail and webhooks, which ask.
"""
TIME_LIMIT: Final = 30.0
MAX_LENGTH: Final = 2000
_ONE_HOST: Final = frozenset({"discord", "gchat", "pbul", "pover", "slack", "tgram", "wxteams"})
"""Services of one host; the others anybody may host, and one of their hosts is not another."""
_ALIASES: Final = frozenset({"https", "ntfy", "workflows", "webex"})
"""Other ways to write one of them; what counts is how Apprise writes it then."""
_LOCAL: Final = frozenset(
    {"blink1", "dbus", "file", "gio", "glib", "gnome", "kde", "macosx", "qt", "rsyslog", "syslog",
     "windows"}
)  # fmt: skip
"""What acts on this machine: nobody may name it."""
_KEYS: Final = (
    "api-version", "channel", "priority", "sig", "silent", "sound", "sp", "sv", "tags", "thread",
    "topic",
)  # fmt: skip
"""What the query of a stranger's address may have: nothing that reads a file or trusts a host."""
_PLAIN: Final = re.compile(r"[!-~]+")
_SCHEME: Final = re.compile(r"([a-z0-9]{2,20})://", re.IGNORECASE)
_GONE: Final = frozenset({404, 410})
_KEPT: Final = ("PATH", "PYTHONPATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "LANG", "TZ")
_IDLE: Final = 4


class _Child:
    """One process, for one thing at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kratom_atlas.notify.channels.apprise_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # No settings, which hold passwords; no proxy, which would call on our behalf.
            env={name: os.environ[name] for name in _KEPT if name in os.environ}
            | {"PYTHONDONTWRITEBYTECODE": "1"},
            cwd=os.sep,
            start_new_session=True,
        )

    def ask(self, asked: Request | Look, limit: float) -> Reply:
        """What it answers.

        Raises:
            TimeoutError: nothing, in time.
            EOFError: nothing: it ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + limit
        try:
            self._process.stdin.write(msgspec.json.encode(asked) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise EOFError from None
        said = b""
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while not said.endswith(b"\n"):
                if not ready.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                piece = os.read(self._process.stdout.fileno(), 65_536)
                if not piece or len(said) > 65_536:
                    raise EOFError
                said += piece
        return msgspec.json.decode(said, type=Reply)

    def end(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.__exit__(None, None, None)


class Chats:
    """The channel of chats and pushes. `stranger`: who names addresses may be anybody."""

    kind = ChannelKind.APPRISE
    rate = 2.0
    abreast = 2

    def __init__(
        self,
        links: Links,
        *,
        allow: frozenset[str] = frozenset(),
        stranger: bool = True,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self._links = links
        self._allow = tuple(sorted(allow))
        self._stranger = stranger
        self._time_limit = time_limit
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    def check(self, address: str) -> str:
        """See `Channel.check`: as Apprise writes it."""
        url = address.strip()
        match = _SCHEME.match(url)
        if len(url) > MAX_LENGTH or not _PLAIN.fullmatch(url) or match is None:
            raise AtlasError("not an address that Apprise takes, such as ntfys://topic")
        scheme = match[1].lower()
        if scheme in _LOCAL:
            raise AtlasError(f"{scheme}:// acts on this machine: it is not used")
        if self._stranger:
            if scheme not in _ALIASES and scheme not in SERVICES:
                raise AtlasError(f"{scheme}:// is not one of {', '.join(SERVICES)}")
            unknown = {key for key, _ in parse_qsl(urlsplit(url).query)} - {*_KEYS}
            if unknown:
                raise AtlasError(f"leave out of the address: {inert(min(unknown))[:40]}=")
        try:
            reply = self._ask(Look(url, _KEYS if self._stranger else None))
        except Undelivered as error:
            raise AtlasError(f"the address could not be looked at: {error}") from None
        if not reply.ok:
            raise AtlasError("not an address that Apprise takes, such as ntfys://topic")
        return self._agreed(reply.url)

    def lane(self, address: str) -> str:
        """See `Channel.lane`: the service, or where there are many hosts of it, the host."""
        scheme, _, rest = address.partition("://")
        netloc, _, path = rest.partition("?")[0].partition("/")
        if scheme in _ONE_HOST or (scheme == "ntfys" and not path.strip("/")):
            return scheme
        return f"{scheme}://{netloc.rpartition('@')[2]}"

    def send(self, envelope: Envelope) -> None:
        """See `Channel.send`."""
        said = short(envelope, self._links)
        self._notify(envelope.subscription, said.subject, said.text)

    def greet(self, subscription: Subscription, confirm_url: str) -> None:
        """See `Channel.greet`: a message with a link."""
        if subscription.state is not SubscriptionState.PENDING:
            said = greeting(subscription, confirm_url)
            self._notify(subscription, said.subject, said.text[: 2 * MAX_SHORT])
            return
        body = (
            "Somebody asked Kratom Atlas to tell this room when the law on kratom changes. To say "
            f"that you want this, open {confirm_url} and press the button there. If not, do "
            f"nothing.\nAsked for: {chosen(subscription.choices)}"
        )
        self._notify(subscription, "Confirm: alerts from Kratom Atlas", body[: 2 * MAX_SHORT])

    def close(self) -> None:
        """See `Channel.close`."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _agreed(self, url: str) -> str:
        """What Apprise made of a stranger's address, if that may be called."""
        if not self._stranger:
            return url
        scheme = url.partition("://")[0]
        if scheme not in SERVICES:
            raise AtlasError(f"{scheme}:// is not one of {', '.join(SERVICES)}")
        parts = urlsplit(url)
        try:
            port = parts.port or 443
        except ValueError:  # the host is a token
            port = 443
        if port not in PORTS and parts.netloc not in self._allow:
            raise AtlasError(f"port {port} is not one that is called")
        return url

    def _notify(self, subscription: Subscription, title: str, body: str) -> None:
        reply = self._ask(Request(subscription.address, title, body, self._allow))
        if reply.ok:
            return
        if reply.refused:
            raise Undelivered(f"not called: {reply.refused}", bounce=True)
        if reply.status in _GONE:
            raise Undelivered(
                f"the service knows no such room ({reply.status})", permanent=True, bounce=True
            )
        if reply.status:
            raise Undelivered(f"the service answered {reply.status}", bounce=True)
        raise Undelivered("the service did not take it", bounce=True, doubtful=True)

    def _ask(self, asked: Request | Look) -> Reply:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or _Child()
        try:
            reply = child.ask(asked, self._time_limit)
        except TimeoutError:
            child.end()
            raise Undelivered(
                "the service did not answer in time", unwell=True, doubtful=True
            ) from None
        except (EOFError, msgspec.MsgspecError):
            child.end()
            raise Undelivered("Apprise broke off", doubtful=True) from None
        except BaseException:
            child.end()
            raise
        with self._lock:
            keep = len(self._idle) < _IDLE
            if keep:
                self._idle.append(child)
        if not keep:
            child.end()
        return reply
