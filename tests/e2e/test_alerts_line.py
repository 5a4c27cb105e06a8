"""The whole line: somebody subscribes, the record grows, mail comes, is corrected, and ends.

Over real HTTP and real SMTP, with a real store; what the operator does is done on the command line.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result

from kratom_atlas.cli import command
from kratom_atlas.model.statement import Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Evidence, Instrument, Provision
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    EvidenceKind,
    InstrumentKind,
    Stage,
    Substance,
    Verification,
)
from kratom_atlas.store.database import open_store

NewStore = Callable[..., AbstractContextManager[str]]
SECRET = "thirty-two characters, or a few more"
PAGE = '<!doctype html><html lang="en"><head><title>{}</title></head><body>{}</body></html>'


@dataclass
class Post:
    """A server of mail that keeps what it takes."""

    port: int = 0
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(self, _server: object, _session: object, taken: Any) -> str:  # noqa: N802
        letter = message_from_bytes(taken.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        with self.news:
            self.letters += [(address, letter) for address in taken.rcpt_tos]
            self.news.notify_all()
        return "250 OK"

    def taken(self) -> dict[str, list[EmailMessage]]:
        """What came since the last look, by address."""
        with self.news:
            found: dict[str, list[EmailMessage]] = {}
            for address, letter in self.letters:
                found.setdefault(address, []).append(letter)
            self.letters.clear()
            return found

    def wait(self, seconds: float = 40) -> dict[str, list[EmailMessage]]:
        with self.news:
            assert self.news.wait_for(lambda: self.letters, seconds), "no mail came"
        return self.taken()


@dataclass
class Installation:
    """An installation: its environment, its mail, and its service."""

    post: Post
    url: str
    store: str
    said: Path

    def run(self, *words: str, status: int = 0, given: str | None = None) -> Result:
        """A command, in this process, with the environment of the installation."""
        found = CliRunner().invoke(command, list(words), input=given)
        assert found.exit_code == status, found.output
        return found

    def record(self, *lines: Line) -> None:
        with open_store(self.store) as store:
            store.append(lines)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def write_site(folder: Path) -> Path:
    files = {
        "index.html": PAGE.format("Map", "Map"),
        "404.html": PAGE.format("No such page", ""),
        "data/datapackage.json": json.dumps({"version": "2026-11-22"}),
        "sources/sources.json": "[]",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    sizes = {name: len(text.encode()) for name, text in files.items()}
    state = {"of": "x", "version": "2026-11-22", "files": sizes}
    (folder / ".build.json").write_text(json.dumps(state), encoding="utf-8")
    return folder


@contextmanager
def serving(line: Installation, folder: Path, *words: str) -> Iterator[None]:
    site = write_site(folder / "site")
    port = line.url.rpartition(":")[2]
    command = [sys.executable, "-m", "kratom_atlas", "serve", "--port", port, "--no-schedule"]
    with line.said.open("wb") as file:
        process = subprocess.Popen([*command, "--site", str(site), *words], stderr=file)
    try:
        _until(lambda: _answers(line.url) or process.poll() is not None)
        assert process.poll() is None, line.said.read_text(encoding="utf-8")[-2000:]
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def _until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.fixture
def post() -> Iterator[Post]:
    found = Post(free_port())
    controller = Controller(found, hostname="127.0.0.1", port=found.port)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


@contextmanager
def installed(
    post: Post, folder: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    port = free_port()
    made = Installation(post, f"http://127.0.0.1:{port}", store, folder / "said.log")
    with monkeypatch.context() as set_:
        for name, value in {
            "HOME": str(folder / "home"),
            "DATABASE_URL": store,
            "BASE_URL": made.url,
            "SECRET": SECRET,
            "SMTP_URL": f"smtp://127.0.0.1:{post.port}",
            "MAIL_FROM": "alerts@atlas.example.org",
            "ALLOW_HOSTS": "127.0.0.1",
        }.items():
            set_.setenv(f"KRATOM_ATLAS_{name}", value)
        yield made


@pytest.fixture
def line(tmp_path: Path, post: Post, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An installation whose service does not run."""
    with installed(post, tmp_path, f"sqlite:///{tmp_path}/store.db", monkeypatch) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_store: NewStore,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """An installation whose service runs, and leaves it to the operator to tell."""
    with (
        new_store(request.param, tmp_path) as store,
        installed(post, tmp_path, store, monkeypatch) as made,
        serving(made, tmp_path, "--no-alerts"),
    ):
        yield made


# -- what is recorded ----------------------------------------------------------------------------

WYOMING = "ocd-division/country:us/state:wy"


def act(key: str, number: str) -> Instrument:
    return Instrument(
        id=key,
        jurisdiction=WYOMING,
        kind=InstrumentKind.SESSION_LAW,
        title=f"Act {number}",
        number=number,
        stage=Stage.ENACTED,
    )


def ban(key: str, instrument: str, substance: Substance, begins: str) -> Provision:
    return Provision(
        id=key,
        jurisdiction=WYOMING,
        instrument=instrument,
        citation=f"Wyo. Stat. {key}",
        substances=(substance,),
        activities=(Activity.POSSESS, Activity.SELL),
        effect=Effect.PROHIBIT,
        verification=Verification.REPORTED,
        evidence=(
            Evidence(
                kind=EvidenceKind.PRESS,
                retrieved=PartialDate("2026-11-20"),
                url="https://example.org/act",
            ),
        ),
        from_=PartialDate(begins),
    )


def said(*bodies: Any, op: Op = Op.ASSERT) -> list[Line]:
    now = max(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "2026-11-22T18:10:06Z")
    return [
        Line(
            op=op,
            part=Part(type(body).__name__.lower()),
            subject=body.id,
            statement=statement_id(body),
            previous=None if op is Op.ASSERT else statement_id(body),
            recorded_at=now,
            actor="a person",
            reason="a reason",
            **({} if op is Op.RETRACT else {type(body).__name__.lower(): body}),
        )
        for body in bodies
    ]


def plain(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


# -- the line ------------------------------------------------------------------------------------


def test_from_subscribing_to_leaving(served: Installation) -> None:
    line, post = served, served.post
    line.run("alerts", "run", "--once")
    assert post.taken() == {}

    # Ann is asked whether she wants it, and gets nothing more until she says so.
    chosen = ("--place", "Wyoming", "--substance", "mitragynine")
    asked = line.run("subscribe", "--email", "ann@reader.example.org", *chosen)
    ref = asked.stdout.strip()
    (greeting,) = post.wait()["ann@reader.example.org"]
    link = re.search(rf"{line.url}/subscriptions/\S+/confirm", plain(greeting))
    assert link is not None
    looked = httpx.get(link[0])
    assert looked.status_code == 200
    assert "<form" in looked.text
    line.run("subscribe", "--email", "bob@reader.example.org", "--place", "Nevada", "--confirmed")
    line.run("subscribe", "--email", "cid@reader.example.org", *chosen, "--confirmed")
    states = json.loads(line.run("alerts", "list", "--json").stdout)["subscriptions"]
    assert states["pending"] == 1
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": line.url}
    assert httpx.post(link[0], headers=form).status_code in (200, 303)
    states = json.loads(line.run("alerts", "list", "--json").stdout)["subscriptions"]
    assert (states["pending"], states["active"]) == (0, 3)

    # The record grows: Ann and Cid are told, Bob is not.
    mistake = ban("us-wy-90-1", "us-wy-hb-9001", Substance.MITRAGYNINE, "2098-07-01")
    line.record(*said(act("us-wy-hb-9001", "HB 9001"), mistake))
    told = line.run("alerts", "run", "--once").output
    assert "sent: 2" in told
    letters = post.taken()
    assert letters.keys() == {"ann@reader.example.org", "cid@reader.example.org"}
    (letter,) = letters["ann@reader.example.org"]
    assert letter["Subject"].startswith("Wyoming: Mitragynine: from ")
    words = plain(letter)
    assert "Not in force yet: it applies from 2098-07-01." in words
    assert "to banned" in words
    assert "HB 9001: Wyo. Stat. us-wy-90-1" in words
    assert "https://example.org/act" in words
    assert f"{line.url}/p/us-wy-90-1/" in words
    assert "neither legal nor medical advice" in words

    # Cid leaves with one click, as mail programs do it.
    (cids,) = letters["cid@reader.example.org"]
    leave = str(cids["List-Unsubscribe"]).strip("<>")
    assert cids["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    left = httpx.post(leave, data={"List-Unsubscribe": "One-Click"})
    assert left.status_code == 200

    # It was a mistake: who was told it and is still there is told so, and nobody else.
    line.run("subscribe", "--email", "dee@reader.example.org", *chosen, "--confirmed")
    line.record(*said(mistake, op=Op.RETRACT))
    line.run("alerts", "run", "--once")
    letters = post.taken()
    assert letters.keys() == {"ann@reader.example.org"}
    (retraction,) = letters["ann@reader.example.org"]
    assert retraction["Subject"].startswith("Correction: Wyoming: Mitragynine")
    assert "This corrects what was said on" in plain(retraction)
    assert retraction["Message-ID"] != letter["Message-ID"]

    # A second look tells nothing twice.
    line.run("alerts", "run", "--once")
    assert post.taken() == {}

    # The numbers are those of what is kept: Cid's letter is erased. Nothing names anybody.
    metrics = httpx.get(f"{line.url}/metrics").text
    assert "kratom_atlas_alerts_sent 2.0" in metrics, line.said.read_text(encoding="utf-8")
    assert "kratom_atlas_alerts_dead 0.0" in metrics
    assert 'kratom_atlas_subscriptions{state="active"} 3.0' in metrics
    for kept in (metrics, line.said.read_text(encoding="utf-8")):
        assert "reader.example.org" not in kept
        assert ref not in kept

    # Ann ends hers; nothing more comes.
    assert line.run("unsubscribe", ref).output == "ended: 1 subscription\n"
    line.record(*said(ban("us-wy-90-2", "us-wy-hb-9001", Substance.MITRAGYNINE, "2097-07-01")))
    line.run("alerts", "run", "--once")
    assert post.taken().keys() == {"dee@reader.example.org"}
    assert "erased: 1" in line.run("forget", "dee@reader.example.org", "--yes").output
    assert line.run("forget", "ann@reader.example.org", "--yes").output == "nothing is kept of it\n"


def test_a_letter_that_was_given_up_is_shown_and_tried_again(line: Installation) -> None:
    line.run("alerts", "run", "--once")
    line.run("subscribe", "--email", "ann@reader.example.org", "--place", "US-WY", "--confirmed")
    line.record(
        *said(
            act("us-wy-hb-9001", "HB 9001"),
            ban("us-wy-90-1", "us-wy-hb-9001", Substance.MITRAGYNINE, "2098-07-01"),
        )
    )

    async def refuse(*_: object) -> str:
        return "554 5.7.1 not today"

    took, line.post.handle_DATA = line.post.handle_DATA, refuse  # type: ignore[method-assign]
    assert "given up: 1" in line.run("alerts", "run", "--once").output
    line.post.handle_DATA = took  # type: ignore[method-assign]
    (dead,) = json.loads(line.run("alerts", "list", "--dead", "--json").stdout)
    assert dead["to"] == "a...@reader.example.org"
    assert "554" in dead["reason"]
    assert line.run("alerts", "replay", dead["id"]).output == "it is tried again\n"
    line.run("alerts", "run", "--once")
    assert line.post.taken().keys() == {"ann@reader.example.org"}
    assert "no letter" in line.run("alerts", "list", "--dead").output
    line.run("alerts", "replay", dead["id"], status=1)


def test_an_example_says_that_it_is_one(line: Installation) -> None:
    assert (
        "sent to m...@reader.example.org"
        in line.run("alerts", "test", "me@reader.example.org").output
    )
    (letter,) = line.post.taken()["me@reader.example.org"]
    assert letter["Subject"].startswith("Test: ")
    assert "This is a test: nothing changed." in plain(letter)


def test_the_service_tells_by_itself_and_stops(line: Installation, tmp_path: Path) -> None:
    """`serve` runs the cycle in a process of its own, which ends with it."""
    with serving(line, tmp_path):
        line.run("subscribe", "--email", "a@reader.example.org", "--place", "US-WY", "--confirmed")
        _until(lambda: _state(line) is not None)
        line.record(
            *said(
                act("us-wy-hb-9001", "HB 9001"),
                ban("us-wy-90-1", "us-wy-hb-9001", Substance.MITRAGYNINE, "2098-07-01"),
            )
        )
        letters = line.post.wait(60)
        assert letters.keys() == {"a@reader.example.org"}
        children = _children()
        assert any("alerts run" in words for words in children.values())
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    for row in line.said.read_text(encoding="utf-8").splitlines():
        assert "reader.example.org" not in row
        if row.startswith("{"):
            json.loads(row)


def _state(line: Installation) -> Any:
    """Something, once the first run of the store is over."""
    with open_store(line.store) as store:
        from kratom_atlas.store.outbox import Outbox

        return None if Outbox(store).is_new() else True


def _children() -> dict[int, str]:
    """The processes that tell, below this one."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parent = re.search(r"\) \S (\d+)", (path.parent / "stat").read_text(encoding="utf-8"))
        except OSError:
            continue
        if "alerts run --attached" in words and parent and _is_ours(int(parent[1])):
            found[int(path.parent.name)] = words
    return found


def _is_ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return False
        pid = int(stat.rpartition(")")[2].split()[1])
    return False


# -- what is asked wrongly -----------------------------------------------------------------------


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No store, and no settings."""
    for name in [n for n in os.environ if n.startswith("KRATOM_ATLAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KRATOM_ATLAS_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["alerts", "list"], 1, "there is no store here"),
        (["alerts", "replay"], 2, "give the ID of a letter, or --all"),
        (["alerts", "replay", "x", "--all"], 2, "give the ID of a letter, or --all"),
        (["subscribe"], 2, "give one of --email, --webhook and --apprise"),
        (["subscribe", "--email", "a@b.example", "--webhook", "https://x.example"], 2, "give one"),
        (["subscribe", "--email", "a@b.example", "--topic", "everything"], 2, "no topic"),
        (["subscribe", "--email", "a@b.example", "--place", "zzzzqq"], 1, "no place is called"),
        (["subscribe", "--email", "a@b.example"], 1, "KRATOM_ATLAS_SECRET"),
        (["unsubscribe", "a@b.example"], 1, "there is no store here"),
        (["forget", "a@b.example", "--yes"], 1, "there is no store here"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(
    nowhere: None, words: list[str], status: int, told: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kratom_atlas", *words], capture_output=True, text=True, check=False
    )
    assert ran.returncode == status
    assert told in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "Traceback" not in ran.stderr


def test_every_command_shows_an_example() -> None:
    for words in (
        ("alerts", "list"), ("alerts", "run"), ("alerts", "test"), ("alerts", "replay"),
        ("alerts", "bounce"), ("subscribe",), ("unsubscribe",), ("forget",),
    ):  # fmt: skip
        shown = CliRunner().invoke(command, [*words, "--help"])
        assert shown.exit_code == 0
        assert re.search(rf"Examples?:\s+kratom-atlas {' '.join(words)}", shown.output)
