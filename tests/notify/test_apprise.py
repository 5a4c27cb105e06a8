"""Chats by way of Apprise itself: what may be named, and what its process cannot do."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from post_sample import SampleLinks, Site, envelope, notice, subscription, website

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import ChannelKind, Subscription
from kratom_atlas.notify.channels import Undelivered
from kratom_atlas.notify.channels.apprise import SERVICES, Chats

LINKS = SampleLinks()
TOKEN = "TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture(scope="module")
def strangers() -> Iterator[Chats]:
    chats = Chats(LINKS)
    yield chats
    chats.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with website() as found:
        yield found


@pytest.fixture
def site(server: Site) -> Site:
    server.calls.clear()
    server.answer = lambda _call: (200, {}, b"")
    server.drip = 0.0
    return server


@pytest.fixture(scope="module")
def operator(server: Site) -> Iterator[Chats]:
    chats = Chats(LINKS, allow=server.hosts, stranger=False)
    yield chats
    chats.close()


def room(url: str) -> Subscription:
    return subscription(url, ChannelKind.APPRISE)


# -- what may be named ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "checked"),
    [
        ("ntfy://kratom", "ntfys://kratom"),
        ("ntfys://push.example.org/kratom?priority=high", None),
        ("https://discord.com/api/webhooks/1234567890/abcDEF", "discord://1234567890/abcDEF/"),
        (f"slack://T1JJ3T3L2/A1BRTD4JD/{TOKEN}", f"slack://T1JJ3T3L2/A1BRTD4JD/{TOKEN}/"),
        ("tgram://123456789:abcdefg_hijklmnop/12345/", "tgram://123456789%3Aabcdefg_hijklmnop/12345/"),
        ("matrixs://user:pass@matrix.example.org/!room", None),
        ("mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4", None),
    ],
)  # fmt: skip
def test_an_address_is_written_as_apprise_writes_it(
    strangers: Chats, written: str, checked: str | None
) -> None:
    found = strangers.check(written)
    assert found.rstrip("/") == (checked or written).replace("/!", "/%21").rstrip("/") or (
        checked is None and found.startswith(written.partition("!")[0])
    )
    assert strangers.check(found) == found


@pytest.mark.parametrize(
    "url",
    ["", "ntfy", "x" * 3000, "ntfys://a\nb", "ntfys://a b", "ntfys://ž",
     "json://example.org/", "jsons://example.org/", "forms://example.org/", "xmls://example.org",
     "mailto://u:p@example.org", "twilio://a:b@1234567890/1234567890", "sns://a/b/us-east-1/1",
     "syslog://", "dbus://", "macosx://", "windows://", "gnome://", "blink1://", "file:///etc/passwd",
     "ntfy://push.example.org/kratom", "ntfys://push.example.org:22/kratom",
     "mmost://chat.example.org/token", "matrix://u:p@matrix.example.org/!room",
     f"slack://T1JJ3T3L2/A1BRTD4JD/{TOKEN}?template=/etc/passwd",
     "discord://1/a?template=/etc/passwd", "ntfys://push.example.org/k?verify=no",
     "ntfys://push.example.org/k?attach=file:///etc/passwd", "ntfys://p.example.org/k?rto=99999",
     "https://example.org/", "https://127.0.0.1/"],
)  # fmt: skip
def test_strangers_may_not_name(strangers: Chats, url: str) -> None:
    with pytest.raises(AtlasError) as caught:
        strangers.check(url)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert TOKEN not in str(caught.value)


def test_what_strangers_may_name_is_encrypted_and_known_to_apprise() -> None:
    code = (
        "import apprise, sys\n"
        "found = apprise.Apprise().details()['schemas']\n"
        "known = {s for p in found for s in p['secure_protocols'] or []}\n"
        f"sys.exit(bool({sorted(SERVICES)!r} and set({sorted(SERVICES)!r}) - known))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_operator_may_name_more(operator: Chats) -> None:
    assert operator.check("jsons://example.org/in").startswith("jsons://example.org/in")
    assert operator.check("mailtos://u:p@example.org").startswith("mailtos://")
    for url in ("dbus://", "syslog://", "file:///etc/passwd", "windows://"):
        with pytest.raises(AtlasError, match="this machine"):
            operator.check(url)


def test_hosts_that_anybody_may_run_are_lanes_of_their_own(strangers: Chats) -> None:
    lanes = {
        "discord://1/a": "discord",
        "slack://T1/A1/x": "slack",
        "ntfys://topic?priority=high": "ntfys",
        "ntfys://u:p@push.example.org/topic?priority=high": "ntfys://push.example.org",
        "gotifys://a.example.org/token": "gotifys://a.example.org",
        "gotifys://b.example.org/token": "gotifys://b.example.org",
    }
    assert {address: strangers.lane(address) for address in lanes} == lanes


# -- sending -------------------------------------------------------------------------------------


def test_a_message_arrives(operator: Chats, site: Site) -> None:
    to = room(operator.check(f"json://127.0.0.1:{site.port}/in"))
    operator.send(envelope(to, notice(), notice("n2", title="@everyone look", text="<!channel>")))
    [call] = site.calls
    assert call.json["title"] == f"{notice().title} (and 1 more)"
    assert "- 7-OH: from regulated to banned." in call.json["message"]
    assert "@everyone" not in call.json["message"]
    assert LINKS.manage(to) in call.json["message"]
    operator.greet(to, LINKS.confirm(to))
    assert LINKS.confirm(to) in site.calls[1].json["message"]
    assert len(operator._idle) == 1  # one process for all of it


def test_a_real_service_of_the_list(operator: Chats, site: Site) -> None:
    to = room(operator.check(f"ntfy://localhost:{site.port}/kratom"))
    operator.send(envelope(to))
    [call] = site.calls
    assert call.json["topic"] == "kratom"
    assert "7-OH" in call.json["message"]


@pytest.mark.parametrize(
    ("status", "permanent", "bounce"),
    [(404, True, True), (410, True, True), (403, False, True), (500, False, True),
     (429, False, True)],
)  # fmt: skip
def test_an_answer_that_is_no_yes(
    operator: Chats, site: Site, status: int, permanent: bool, bounce: bool
) -> None:
    site.answer = lambda _call: (status, {}, b"no")
    with pytest.raises(Undelivered, match=str(status)) as caught:
        operator.send(envelope(room(f"json://127.0.0.1:{site.port}/in")))
    assert (caught.value.permanent, caught.value.bounce) == (permanent, bounce)


def test_a_service_that_does_not_answer_is_given_up_with_its_process(site: Site) -> None:
    site.answer = lambda _call: (200, {}, b"x" * 400)
    site.drip = 0.1
    chats = Chats(LINKS, allow=site.hosts, stranger=False, time_limit=6)
    try:
        chats.check("json://localhost")
        [child] = chats._idle
        chats._time_limit = 1.0
        started = time.monotonic()
        with pytest.raises(Undelivered, match="in time") as caught:
            chats.send(envelope(room(f"json://127.0.0.1:{site.port}/in")))
        assert time.monotonic() - started < 4
        assert (caught.value.permanent, caught.value.unwell) == (False, True)
        assert child._process.poll() is not None
        assert chats._idle == []
    finally:
        chats.close()


def test_no_token_is_logged(
    operator: Chats, site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    site.answer = lambda _call: (500, {}, b"no")
    with pytest.raises(Undelivered) as caught:
        operator.send(envelope(room(f"json://user:{TOKEN}@127.0.0.1:{site.port}/{TOKEN}")))
    said = capfd.readouterr()
    assert TOKEN not in caplog.text + str(caught.value) + said.out + said.err
    [child] = operator._idle
    cmdline = Path(f"/proc/{child._process.pid}/cmdline").read_text()
    assert TOKEN not in cmdline
    assert "apprise_child" in cmdline


def test_its_process_has_no_settings(operator: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KRATOM_ATLAS_SECRET", "KRATOM_ATLAS_SMTP_URL", "https_proxy", "PGPASSWORD"):
        monkeypatch.setenv(name, "s3cret")
    operator.close()
    operator.check("json://localhost")
    [child] = operator._idle
    assert "s3cret" not in Path(f"/proc/{child._process.pid}/environ").read_text()


# -- the guard -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["json://127.0.0.1:{port}/", "json://localhost:{port}/", "json://0.0.0.0:{port}/",
     "json://2130706433:{port}/", "json://[::ffff:127.0.0.1]:{port}/", "ntfy://127.1:{port}/topic",
     "json://169.254.169.254/", "json://10.0.0.1/", "json://100.64.0.1/", "json://[::1]:{port}/",
     "mailto://u:p@127.0.0.1:{port}?smtp=127.0.0.1&to=a@example.org",
     "mqtt://127.0.0.1:{port}/topic", "irc://u:p@127.0.0.1:{port}/#room"],
)  # fmt: skip
def test_nothing_private_is_called(strangers: Chats, site: Site, url: str) -> None:
    """Whatever is in the store: the process looks at each connection."""
    with pytest.raises(Undelivered):
        strangers.send(envelope(room(url.format(port=site.port))))
    assert not site.calls


def test_the_refusal_says_so(strangers: Chats, site: Site) -> None:
    with pytest.raises(Undelivered, match=r"not called: 127\.0\.0\.1 is not an address") as caught:
        strangers.send(envelope(room(f"json://127.0.0.1:{site.port}/")))
    assert not caught.value.permanent


def test_a_redirect_within_is_not_followed(operator: Chats, site: Site) -> None:
    with website() as inner:
        for host in (f"127.0.0.1:{inner.port}", "169.254.169.254", "10.0.0.1:80"):
            site.answer = lambda _call, host=host: (  # type: ignore[misc]
                307, {"Location": f"http://{host}/steal"}, b""
            )  # fmt: skip
            with pytest.raises(Undelivered):
                operator.send(envelope(room(f"json://127.0.0.1:{site.port}/")))
        assert not inner.calls
    assert len(site.calls) == 3


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "template.json"
    path.write_text('{"text": "s3cret {{ app_body }}"}', encoding="utf-8")
    return path


def in_child(scripts: list[str], cwd: Path) -> list[tuple[str, str]]:
    """What happens to scripts in the process that sends: what was raised, and what was refused."""
    code = f"""
import ctypes, json, os, socket, subprocess, sys, urllib.request
from kratom_atlas.notify.channels import apprise_child
guard = apprise_child._Guard()
socket.getaddrinfo = guard.named(socket.getaddrinfo)
sys.addaudithook(guard.hook)
for script in {scripts!r}:
    guard.begin(())
    raised = ""
    try:
        exec(script)
    except BaseException as error:
        raised = type(error).__name__
    print(json.dumps([raised, guard.refused]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=cwd, capture_output=True, check=True
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


FORBIDDEN = [
    "open('/etc/passwd')",
    "open('x', 'w')",
    "os.open('x', os.O_CREAT | os.O_WRONLY)",
    "open(os.path.join(sys.prefix, 'new'), 'w')",
    "open(os.path.join(sys.prefix, '..', '..', '..', '..', 'etc', 'passwd'))",
    "subprocess.run(['true'])",
    "os.system('true')",
    "os.fork()",
    "os.execv('/bin/true', ['true'])",
    "os.posix_spawn('/bin/true', ['true'], {})",
    "os.remove('x')",
    "ctypes.CDLL('libc.so.6')",
    "socket.create_connection(('127.0.0.1', 9))",
    "socket.create_connection(('localhost', 9))",
    "socket.socket().connect(('localhost', 9))",
    "socket.socket().connect_ex(('127.0.0.1', 9))",
    "socket.socket(socket.AF_UNIX).connect('/run/x')",
    "socket.socket(socket.AF_INET6).connect(('::ffff:127.0.0.1', 9))",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.0.0.1', 53))",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('10.0.0.1', 5))",
    "socket.socket().bind(('', 0))",
    "urllib.request.urlopen('file:///etc/passwd')",
    "import _socket\n_socket.socket().connect(('127.0.0.1', 9))",
    "guard.allow = frozenset(['x'])\nsocket.create_connection(('127.0.0.1', 9))",
]


@pytest.mark.parametrize("there", [True, False])
def test_its_process_cannot(there: bool, tmp_path: Path) -> None:
    if there:
        (tmp_path / "x").write_text("before", encoding="utf-8")
    found = in_child(FORBIDDEN, tmp_path)
    assert len(found) == len(FORBIDDEN)
    for script, (raised, refused) in zip(FORBIDDEN, found, strict=True):
        assert raised in {"RefusedError", "URLError"}, script
        assert refused, script
    assert not there or (tmp_path / "x").read_text(encoding="utf-8") == "before"
    assert there or not list(tmp_path.iterdir())


def test_its_process_can_read_its_own_code(tmp_path: Path) -> None:
    script = "import certifi, wave; open(certifi.where()).close(); open(wave.__file__).close()"
    assert in_child([script], tmp_path) == [("", "")]


def test_a_template_of_this_machine_is_not_read(
    operator: Chats, site: Site, secret_file: Path
) -> None:
    """What an old store may hold: the parameter that reads a file and sends it."""
    url = f"workflow://localhost:{site.port}/wf/sig?template={secret_file}"
    with pytest.raises(Undelivered):
        operator.send(envelope(room(url)))
    assert not any(b"s3cret" in call.body for call in site.calls)


def test_its_process_ends_with_us() -> None:
    code = (
        "import os\n"
        "from kratom_atlas.notify.channels.apprise import _Child\n"
        "one = _Child()\n"
        "print(one._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("it is still there")


def test_one_that_breaks_off_is_replaced(operator: Chats, site: Site) -> None:
    operator.check("json://localhost")
    [first] = operator._idle
    first._process.kill()
    first._process.wait()
    to = room(f"json://127.0.0.1:{site.port}/in")
    with pytest.raises(Undelivered, match="broke off"):
        operator.send(envelope(to))
    operator.send(envelope(to))
    assert len(site.calls) == 1
