"""Webhooks: what is signed, who must agree, and that nothing private is ever called."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import trustme
from post_sample import (
    SECRET,
    Call,
    SampleLinks,
    Site,
    envelope,
    notice,
    subscription,
    website,
)
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from kratom_atlas.guard import RefusedError
from kratom_atlas.model.subscription import ChannelKind, Envelope, Subscription, Topic
from kratom_atlas.notify.channels import Undelivered
from kratom_atlas.notify.channels.apprise import SERVICES
from kratom_atlas.notify.channels.webhook import MAX_WAIT, Webhooks, new_secret
from kratom_atlas.notify.guarded import SIZE_LIMIT, Caller

LINKS = SampleLinks()


@pytest.fixture
def site() -> Iterator[Site]:
    with website() as found:
        yield found


def hook(url: str, **changes: Any) -> Subscription:
    return subscription(url, ChannelKind.WEBHOOK, **changes)


def to(site: Site, *path: str, **changes: Any) -> Envelope:
    return envelope(hook(f"http://127.0.0.1:{site.port}/{'/'.join(path)}", **changes))


def channel(site: Site, **more: Any) -> Webhooks:
    return Webhooks(LINKS, allow=site.hosts, **more)


# -- what is sent --------------------------------------------------------------------------------


def test_an_event_is_signed_and_says_everything(site: Site) -> None:
    one = envelope(
        hook(f"http://127.0.0.1:{site.port}/in?key=1"),
        notice(),
        notice("n2", topic=Topic.UPCOMING, facts="no JSON", due="2027-01-01", corrects=("m",)),
        more=7,
    )
    channel(site).send(one)
    [call] = site.calls
    assert call.path == "/in?key=1"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["webhook-id"] == one.id
    event = Webhook(SECRET).verify(call.body, call.headers)
    assert event["type"] == "alerts.envelope"
    assert event["timestamp"].endswith("Z")
    data = event["data"]
    assert (data["subscription"], data["more"]) == ("Ref-1_xyz", 7)
    assert data["changes"] == LINKS.changes()
    first, second = data["notices"]
    assert first["facts"] == {"kind": "law", "place": "US-UT"}
    assert first["title"] == notice().title
    assert first["text"] == notice().text
    assert (first["topic"], first["severity"], first["places"]) == ("new-law", "major", ["US-UT"])
    assert (second["facts"], second["label"]) == ({}, "Enacted, not in force")
    assert (second["due"], second["corrects"]) == ("2027-01-01", ["m"])


def test_a_repeat_has_the_same_id_and_another_time(site: Site) -> None:
    now = datetime.now(UTC)
    times = iter([now - timedelta(seconds=60), now])
    post = channel(site, clock=lambda: next(times))
    one = to(site)
    post.send(one)
    post.send(one)
    first, second = site.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 60
    for call in site.calls:
        Webhook(SECRET).verify(call.body, call.headers)


def test_both_secrets_sign_while_one_replaces_the_other(site: Site) -> None:
    new = new_secret()
    channel(site).send(to(site, secrets=(new, SECRET)))
    [call] = site.calls
    for secret in (new, SECRET):
        Webhook(secret).verify(call.body, call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(call.body, call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(call.body.replace(b"Utah", b"Iowa"), call.headers)
    with pytest.raises(Undelivered, match="no secret"):
        channel(site).send(to(site, secrets=()))


def test_secrets_are_new_each_time() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
    assert all(len(Webhook(new_secret())._whsecret) == 32 for _ in range(3))


# -- who agrees ----------------------------------------------------------------------------------


def plain(call: Call) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, call.json["data"]["challenge"].encode() + b"\n"


def as_json(call: Call) -> tuple[int, dict[str, str], bytes]:
    return 201, {}, json.dumps({"challenge": call.json["data"]["challenge"], "more": 1}).encode()


@pytest.mark.parametrize("answer", [plain, as_json])
def test_who_answers_the_challenge_agrees(site: Site, answer: Any) -> None:
    site.answer = answer
    one = to(site).subscription
    channel(site).greet(one, LINKS.confirm(one))
    [call] = site.calls
    event = Webhook(SECRET).verify(call.body, call.headers)
    assert event["type"] == "subscription.confirm"
    assert event["data"]["confirm"] == LINKS.confirm(one)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _call: (200, {}, b""),
        lambda _call: (200, {}, b"ok"),
        lambda call: (200, {}, call.body),  # an echo
        lambda call: (200, {}, json.dumps(dict(call.headers)).encode()),
        lambda call: (200, {}, json.dumps({"json": call.json}).encode()),
        lambda _call: (200, {}, b'{"challenge": 1}'),
        lambda _call: (200, {}, b'{"challenge'),
        lambda _call: (200, {}, b"\xff\xfe{"),
        lambda call: (404, {}, call.json["data"]["challenge"].encode()),
        lambda call: (302, {"Location": "/"}, call.json["data"]["challenge"].encode()),
    ],
)
def test_who_does_not_is_not_subscribed(site: Site, answer: Any) -> None:
    site.answer = answer
    with pytest.raises(Undelivered):
        channel(site).greet(to(site).subscription, "https://atlas.example.org/c")
    assert len(site.calls) == 1


def test_each_challenge_is_another(site: Site) -> None:
    site.answer = plain
    for _ in range(3):
        channel(site).greet(to(site).subscription, "https://atlas.example.org/c")
    assert len({call.json["data"]["challenge"] for call in site.calls}) == 3


# -- what answers mean ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (410, {}, {"permanent": True, "bounce": True}),
        (404, {}, {"permanent": False, "bounce": True}),
        (500, {}, {"permanent": False, "bounce": True, "unwell": False}),
        (301, {"Location": "http://169.254.169.254/"}, {"permanent": False}),
        (429, {"Retry-After": "120"}, {"retry_after": 120, "bounce": True, "unwell": False}),
        (503, {"Retry-After": "99999999999999"}, {"retry_after": MAX_WAIT}),
        (503, {"Retry-After": "-5"}, {"retry_after": None}),
        (503, {"Retry-After": "Mon, 23 Nov 2026 03:02:00 GMT"}, {"retry_after": 120}),
        (503, {"Retry-After": "Mon, 23 Nov 2020 03:02:00 GMT"}, {"retry_after": 0}),
        (503, {"Retry-After": "soon"}, {"retry_after": None}),
        (503, {}, {"retry_after": None}),
    ],
)
def test_an_answer_that_is_no_yes(
    site: Site, status: int, headers: dict[str, str], expected: dict[str, Any]
) -> None:
    site.answer = lambda _call: (status, headers, b"")
    post = channel(site, clock=lambda: datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    with pytest.raises(Undelivered) as caught:
        post.send(to(site))
    assert {key: getattr(caught.value, key) for key in expected} == expected
    assert len(site.calls) == 1  # no redirect is followed
    assert "127.0.0.1" not in str(caught.value)


def test_any_yes_is_one(site: Site) -> None:
    for status in (200, 201, 202, 204):
        site.answer = lambda _call, status=status: (status, {}, b"")  # type: ignore[misc]
        channel(site).send(to(site))
    assert len(site.calls) == 4


def test_an_answer_is_read_so_far(site: Site) -> None:
    site.answer = lambda _call: (200, {}, b"x" * 5_000_000)
    caller = Caller(allow=site.hosts)
    answer = caller.post(f"http://127.0.0.1:{site.port}/", b"{}", {})
    assert (answer.status, len(answer.body)) == (200, SIZE_LIMIT)


def test_a_server_that_drips_is_cut_off(site: Site) -> None:
    site.answer = lambda _call: (200, {}, b"x" * 1000)
    site.drip = 0.1
    started = time.monotonic()
    with pytest.raises(Undelivered, match="no answer in") as caught:
        channel(site, time_limit=0.5).send(to(site))
    assert time.monotonic() - started < 3
    assert (caught.value.doubtful, caught.value.unwell) == (True, True)


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 99])
def test_what_is_not_http_is_no_answer(said: bytes) -> None:
    with raw_server(said) as port:
        post = Webhooks(LINKS, allow=frozenset({"127.0.0.1"}), time_limit=3)
        with pytest.raises(Undelivered) as caught:
            post.send(envelope(hook(f"http://127.0.0.1:{port}/")))
    assert not caught.value.permanent


def test_a_server_that_reads_nothing_is_cut_off() -> None:
    with raw_server(None) as port:
        post = Webhooks(LINKS, allow=frozenset({"127.0.0.1"}), time_limit=0.7)
        big = envelope(hook(f"http://127.0.0.1:{port}/"), notice(text="x" * 20_000_000))
        started = time.monotonic()
        with pytest.raises(Undelivered, match=r"no answer in 0\.7"):
            post.send(big)
    assert time.monotonic() - started < 3


class raw_server:  # noqa: N801 -- used as a function
    """Says something to each who calls, whatever they say; None reads nothing and says nothing."""

    def __init__(self, said: bytes | None) -> None:
        self.said = said
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.kept: list[socket.socket] = []

    def __enter__(self) -> int:
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        port: int = self.socket.getsockname()[1]
        return port

    def serve(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            if self.said is None:
                self.kept.append(peer)
                continue
            peer.recv(65_536)
            peer.sendall(self.said)
            peer.close()

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()
        for peer in self.kept:
            peer.close()


# -- the guard -----------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[fd00::1]", "[fe80::1]",
    "[64:ff9b::7f00:1]", "localhost", "printer.local", "metadata.google.internal", "2130706433",
    "0x7f.1", "127.1",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("path", ["", ":8443"])
def test_nothing_private_is_called(host: str, path: str) -> None:
    url = f"https://{host}{path}/hook"
    post = Webhooks(LINKS)
    with pytest.raises(RefusedError):
        post.check(url)
    with pytest.raises(Undelivered, match="not called"):  # and not if it is in the store already
        post.send(envelope(hook(url)))


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://example.org:22/", "https://u:p@example.org/", "ftp://a.org/",
     "https://example.org/\r\nHost: x", "example.org", "", "https://example.org/" + "x" * 5000],
)  # fmt: skip
def test_what_is_no_webhook_is_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        Webhooks(LINKS).check(url)


def test_addresses_are_written_in_one_way() -> None:
    checked = Webhooks(LINKS).check(" https://Hooks.Example.org:443/a?b=c#d ")
    assert checked == "https://hooks.example.org/a?b=c"
    assert Webhooks(LINKS).lane(checked) == "hooks.example.org"


class Names:
    """A resolver that says what it is told, one thing after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.connected: list[Any] = []
        monkeypatch.setattr(socket, "getaddrinfo", self.look)
        real = socket.create_connection

        def connect(address: Any, *args: Any, **more: Any) -> socket.socket:
            self.connected.append(address)
            return real(("127.0.0.1", self.port), *args, **more)

        self.port = 0
        monkeypatch.setattr(socket, "create_connection", connect)

    def look(self, host: Any, port: Any, *_args: Any, **_more: Any) -> list[Any]:
        if host == "127.0.0.1":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        self.asked.append(str(host))
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        family = socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]


@pytest.mark.parametrize("ip", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "100.64.1.1", "::1",
                                "::ffff:127.0.0.1", "fe80::1%eth0"])  # fmt: skip
def test_a_name_that_leads_within_is_not_called(monkeypatch: pytest.MonkeyPatch, ip: str) -> None:
    for answer in ([ip], ["93.184.216.34", ip]):  # one private among public ones is one too many
        names = Names(monkeypatch, answer)
        with pytest.raises(Undelivered, match="not called"):
            Webhooks(LINKS).send(envelope(hook("https://hooks.example.org/")))
        assert names.connected == []


def test_what_was_looked_at_is_what_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when looked at, and private a moment later."""
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example.org").configure_cert(serving)
    asked_for: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with website(serving) as site:
        names = Names(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
        names.port = site.port
        Webhooks(LINKS, trust=trust).send(envelope(hook("https://hooks.example.org/in")))
        assert names.asked == ["hooks.example.org"]  # once
        assert names.connected == [("93.184.216.34", 443)]  # what was looked at, by its number
        assert asked_for == ["hooks.example.org"]  # TLS is asked for the name
        assert site.calls[0].headers["host"] == "hooks.example.org"
        with pytest.raises(Undelivered, match="not called"):
            Webhooks(LINKS, trust=trust).send(envelope(hook("https://hooks.example.org/in")))
        assert len(names.connected) == 1


def test_a_certificate_for_another_name_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example.org").configure_cert(serving)
    with website(serving) as site:
        names = Names(monkeypatch, ["93.184.216.34"])
        names.port = site.port
        with pytest.raises(Undelivered, match="certificate is not trusted"):
            Webhooks(LINKS, trust=trust).send(envelope(hook("https://hooks.example.org/")))
        assert not site.calls


def test_a_name_that_nobody_answers_for_takes_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_args: Any, **_more: Any) -> Any:
        time.sleep(1.5)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look)
    started = time.monotonic()
    with pytest.raises(Undelivered, match="no answer") as caught:
        Webhooks(LINKS, time_limit=0.3).send(envelope(hook("https://hooks.example.org/")))
    assert time.monotonic() - started < 1.2
    assert not caught.value.doubtful
    time.sleep(1.3)  # the thread that looks ends before the resolver is put back


def test_a_proxy_of_the_environment_is_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    channel(site).send(to(site))
    assert len(site.calls) == 1


# -- as documented -------------------------------------------------------------------------------

MANUAL = Path(__file__).parents[2] / "docs" / "ALERTS.md"


@pytest.mark.checkout
def test_the_examples_of_the_manual_check_what_is_sent(site: Site) -> None:
    channel(site).send(to(site))
    [call] = site.calls
    examples = re.findall(r"```python\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        names: dict[str, Any] = {}
        exec(compile(example, "example", "exec"), names)
        check = names["event_of"]
        assert check(call.body, call.headers, SECRET)["type"] == "alerts.envelope"
        for wrong in (
            (call.body + b" ", call.headers, SECRET),
            (call.body, call.headers, new_secret()),
            (call.body, call.headers | {"webhook-timestamp": "1"}, SECRET),
        ):
            with pytest.raises((ValueError, WebhookVerificationError)):
                check(*wrong)


@pytest.mark.checkout
def test_the_event_of_the_manual_is_what_is_sent(site: Site) -> None:
    channel(site).send(to(site))
    [example] = re.findall(r"```json\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    written, sent = json.loads(example), site.calls[0].json
    assert written.keys() == sent.keys()
    assert written["data"].keys() == sent["data"].keys()
    assert written["data"]["notices"][0].keys() == sent["data"]["notices"][0].keys()
    assert written["data"]["notices"][0]["substances"] == sent["data"]["notices"][0]["substances"]


@pytest.mark.checkout
@pytest.mark.skipif(not (which("curl") and which("openssl")), reason="needs curl and openssl")
def test_the_curl_of_the_manual_is_signed_right(site: Site) -> None:
    [script] = re.findall(r"```sh\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    script = script.replace("https://your.example.org/hook", f"http://127.0.0.1:{site.port}/")
    subprocess.run(["sh", "-c", script], check=True, capture_output=True)
    [call] = site.calls
    assert Webhook(SECRET).verify(call.body, call.headers)["type"] == "alerts.envelope"


@pytest.mark.checkout
def test_the_manual_names_every_service() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    listed = text[text.index("### Chat and push") :]
    assert [name for name in SERVICES if f"`{name}`" not in listed] == []
