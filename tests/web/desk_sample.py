"""A served site at which anybody can subscribe: a real store and server, and a box for letters."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import ChannelKind, Envelope, Subscription
from kratom_atlas.notify.channels import Channel, Undelivered
from kratom_atlas.notify.limits import Limits
from kratom_atlas.notify.links import Links
from kratom_atlas.notify.reporting import Intake
from kratom_atlas.notify.subscribing import Desk
from kratom_atlas.notify.tokens import Tokens
from kratom_atlas.record import load_record
from kratom_atlas.settings import Settings
from kratom_atlas.store.database import open_store
from kratom_atlas.store.subscriptions import Subscriptions
from kratom_atlas.web.app import application

SECRET = "a secret of more than thirty-two characters"
BASE = "https://atlas.example"
_COUNTED = ("greet-domain", "greet-network", "greet-all", "report-network", "report-all")
WIDE = {**dict.fromkeys(_COUNTED, "100000/hour"), "greet-address": "3/day"}
"""Limits that tests do not meet, but for that of an address."""


class Box:
    """A channel that keeps what it was to send. `trouble` is raised by the next greetings."""

    def __init__(self, kind: ChannelKind = ChannelKind.EMAIL) -> None:
        self.kind = kind
        self.greeted: list[tuple[Subscription, str]] = []
        self.trouble: list[Undelivered] = []
        self.news = threading.Condition()

    def check(self, address: str) -> str:
        shape = r"[\w.+-]{1,64}@[\w-]+\.[\w.-]{1,200}"
        if self.kind is ChannelKind.WEBHOOK:
            shape = r"https://[\w.-]+/[\w/-]*"
        if not re.fullmatch(shape, address, re.ASCII):
            raise AtlasError("that is no address")
        return address.lower()

    def lane(self, address: str) -> str:
        return address.rpartition("@")[2]

    def greet(self, subscription: Subscription, confirm_url: str) -> None:
        with self.news:
            if self.trouble:
                raise self.trouble.pop(0)
            self.greeted.append((subscription, confirm_url))
            self.news.notify_all()

    def send(self, envelope: Envelope) -> None:
        raise AssertionError(f"nothing is sent here: {envelope}")

    def close(self) -> None:
        pass

    def to(self, address: str, count: int = 1) -> list[str]:
        """The links that an address was sent, once there are so many."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.links(address)) >= count, 20), "no letter"
            return self.links(address)

    def links(self, address: str) -> list[str]:
        return [url for one, url in self.greeted if one.address == address]


@dataclass
class Clock:
    """The time, which tests move."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Office:
    """A running server with a desk."""

    url: str
    desk: Desk
    box: Box
    hooks: Box
    subscriptions: Subscriptions
    clock: Clock
    settings: Settings
    app: Any = None
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(self.url + path, headers=_named(headers))

    def post(self, path: str, data: Any = None, **headers: str) -> httpx.Response:
        return self.client.post(
            self.url + path, data=data or {"sent": "yes"}, headers=_named(headers)
        )

    def api(self, method: str, path: str, json: Any = None) -> httpx.Response:
        url = f"{self.url}/api/v1/subscriptions{path}"
        return self.client.request(method, url, json=json)

    def of(self, address: str) -> list[Subscription]:
        return self.subscriptions.of(ChannelKind.EMAIL, address)

    def active(self, address: str, **choices: Any) -> str:
        """A subscription that was confirmed; the token that manages it."""
        asked = {"channel": "email", "address": address, "choices": choices}
        before = len(self.box.links(address))
        assert self.api("POST", "", asked).status_code == 202
        token = token_of(self.box.to(address, before + 1)[-1])
        done = self.api("POST", f"/{token}/confirm")
        assert done.status_code == 200, done.text
        return str(done.json()["token"])


def token_of(link: str) -> str:
    found = re.fullmatch(rf"{re.escape(BASE)}/subscriptions/([^/]+)(/\w+)?", link)
    assert found is not None, link
    return found[1]


def path_of(link: str) -> str:
    assert link.startswith(BASE)
    return link.removeprefix(BASE)


@contextmanager
def listening(app: Any, proxies: Sequence[str] = ()) -> Iterator[str]:
    """The app on a free port."""
    config = uvicorn.Config(
        app, port=0, log_config=None, access_log=False, server_header=False,
        proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies),
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        threading.Event().wait(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def office_at(
    folder: Path,
    site: Path,
    *,
    rules: Any = WIDE,
    kinds: Any = (ChannelKind.EMAIL, ChannelKind.WEBHOOK),
    proxies: Sequence[str] = (),
) -> Iterator[Office]:
    """A server of a site, with a desk whose channels are boxes."""
    settings = Settings(
        home=folder / "home", database_url=None, base_url=BASE, report_url="", secret=SECRET
    )
    clock = Clock()
    tokens = Tokens(SECRET, lambda: clock().timestamp())
    store = open_store(settings.store_url)
    codes = {place.code for place in load_record(settings).places}
    boxes = {kind: Box(kind) for kind in kinds}
    ways: dict[ChannelKind, Channel] = {**boxes}
    subscriptions = Subscriptions(store)
    desk = Desk(
        subscriptions, ways, Links(BASE, tokens), tokens, lambda: codes,
        now=clock, limits=Limits(rules), closing=store.close,
    )  # fmt: skip
    intake = Intake(settings, now=clock, limits=Limits(rules))
    app = application(settings, site, desk=desk, intake=intake)
    with listening(app, proxies) as url:
        office = Office(
            url, desk, boxes[ChannelKind.EMAIL], boxes.get(ChannelKind.WEBHOOK, Box()),
            subscriptions, clock, settings, app,
        )  # fmt: skip
        try:
            yield office
        finally:
            office.client.close()


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
