"""The process in which Apprise runs, away from all that it need not see.

Apprise knows a hundred and thirty services, and what it calls hangs on an address that may come
from a stranger. So it gets neither settings nor store, and once it is loaded this process can no
longer start programs, open files that are not its own code, or connect to what is not public. An
audit hook, beneath every library, holds that: it sees the IP address of each connection, whatever
name, redirect or notation led to it, and nothing can take it off again.

A line of JSON comes in on standard input for each thing to do; one goes out for each done. Nothing
is logged: what Apprise logs may name tokens.
"""

from __future__ import annotations

import logging
import os
import re
import resource
import socket
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from kratom_atlas.guard import RefusedError, check_address

__all__ = ["Reply", "Request", "main"]

MAX_LINE: Final = 1_000_000
_MEMORY: Final = 1 << 30
_RUNS: Final = re.compile(
    r"subprocess\.|os\.(?:system|exec|posix_spawn|spawn|fork|forkpty|startfile|kill|putenv|remove"
    r"|rename|rmdir|mkdir|link|symlink|truncate|chmod|chown)|pty\.|ctypes\.|shutil\."
    r"|tempfile\.|socket\.bind|webbrowser\."
)
_STATUS: Final = re.compile(r"error=(\d{3})\b")


class Request(Struct, tag_field="do", tag="send"):
    """What to send. `allow`: hosts that may be called whatever they are."""

    url: str
    title: str
    body: str
    allow: tuple[str, ...] = ()


class Look(Struct, tag_field="do", tag="check"):
    """An address to look at. `keys`: what its query may have, if not anything."""

    url: str
    keys: tuple[str, ...] | None


class Reply(Struct, omit_defaults=True):
    """What came of it. `url`: the address as Apprise writes it; `status`: what the service said."""

    ok: bool
    url: str = ""
    status: int = 0
    refused: str = ""


class _Guard:
    """What the hook asks. It stands before all that is done once Apprise is loaded."""

    def __init__(self) -> None:
        self.allow: frozenset[str] = frozenset()
        self.lent: set[str] = set()
        """What the names of allowed hosts led to."""
        self.refused = ""
        self.roots = tuple(
            str(Path(path).resolve())
            for path in {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, *sys.path}
            if path and Path(path).is_dir() and path != "/"
        )

    def begin(self, allow: tuple[str, ...]) -> None:
        """Forget what was before."""
        self.allow = frozenset(allow)
        self.lent = set()
        self.refused = ""

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Refuse what this process is not for."""
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            self._connects(args[1])
        elif event == "open":
            self._opens(args[0], args[1], args[2])
        elif _RUNS.match(event):
            self._refuse(f"what it does ({event}) is not done here")

    def named(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """`getaddrinfo` that remembers where the names of allowed hosts lead."""

        def look(host: Any, port: Any, *args: Any, **more: Any) -> Any:
            found = real(host, port, *args, **more)
            name = host.decode() if isinstance(host, bytes) else str(host)
            if not self.allow.isdisjoint({name, f"{name}:{port}"}):
                self.lent.update(f"{entry[4][0]} {entry[4][1]}" for entry in found)
            return found

        return look

    def _connects(self, target: Any) -> None:
        if target is None:  # on a socket that is connected already
            return
        if not isinstance(target, tuple) or len(target) < 2:
            self._refuse("it is no address of the network")
        ip, port = str(target[0]), target[1]
        if f"{ip} {port}" in self.lent or not self.allow.isdisjoint({ip, f"{ip}:{port}"}):
            return
        try:
            check_address(ip)
        except RefusedError as error:
            self._refuse(str(error))

    def _opens(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            return
        wanted = os.path.realpath(os.fsdecode(path))
        writes = isinstance(mode, str) and not set(mode).isdisjoint("wax+")
        writes = writes or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if writes or not wanted.startswith(tuple(f"{root}{os.sep}" for root in self.roots)):
            self._refuse("it wants a file of this machine")

    def _refuse(self, why: str) -> None:
        self.refused = self.refused or why
        raise RefusedError(why)


class _Statuses(logging.Handler):
    """Keeps of what Apprise logs the number that the service answered, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def emit(self, record: logging.LogRecord) -> None:
        """See logging."""
        if match := _STATUS.search(record.getMessage()):
            self.last = int(match[1])


def main() -> None:
    """Serve until there is no more to do."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    import apprise

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    statuses = _Statuses()
    log = logging.getLogger("apprise")
    log.handlers = [statuses]
    log.propagate = False
    log.setLevel(logging.WARNING)
    apprise.Apprise.instantiate("json://localhost")  # loads every service, while files may be read
    guard = _Guard()
    socket.getaddrinfo = guard.named(socket.getaddrinfo)
    sys.addaudithook(guard.hook)
    decoder = msgspec.json.Decoder(Request | Look)
    while line := sys.stdin.buffer.readline(MAX_LINE):
        asked = decoder.decode(line)
        if isinstance(asked, Look):
            guard.begin(())
            reply = _looked(apprise, asked)
        else:
            guard.begin(asked.allow)
            statuses.last = 0
            reply = _sent(apprise, asked)
            reply.status, reply.refused = statuses.last, guard.refused
        answers.write(msgspec.json.encode(reply) + b"\n")


def _instance(apprise: Any, url: str) -> Any:
    try:
        return apprise.Apprise.instantiate(url, suppress_exceptions=True)
    except Exception:  # noqa: BLE001 -- of any of the services, about an address of anybody
        return None


def _looked(apprise: Any, asked: Look) -> Reply:
    found = _instance(apprise, asked.url)
    if found is None:
        return Reply(ok=False)
    parts = urlsplit(found.url(privacy=False))
    if asked.keys is not None:
        given = {key for key, _ in parse_qsl(urlsplit(asked.url).query)} & {*asked.keys}
        query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k in given])
        parts = parts._replace(query=query)
    return Reply(ok=True, url=urlunsplit(parts))


def _sent(apprise: Any, asked: Request) -> Reply:
    found = _instance(apprise, asked.url)
    if found is None:
        return Reply(ok=False)
    sender = apprise.Apprise()
    sender.add(found)
    try:
        done = sender.notify(title=asked.title, body=asked.body, body_format="text")
    except Exception:  # noqa: BLE001 -- likewise; what it was is told by the guard and the status
        done = False
    return Reply(ok=bool(done))


if __name__ == "__main__":
    main()
