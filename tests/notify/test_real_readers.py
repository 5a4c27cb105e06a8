"""Programs that people read feeds and calendars with, from Debian: newsboat, sfeed and khal."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from notify_sample import HOSTILE, STATE, US, WHOLE, edition, hostile_lines

from kratom_atlas.notify.calendar import calendars
from kratom_atlas.notify.feeds import feeds
from kratom_atlas.notify.messages import Message, headline, messages, title
from kratom_atlas.report.words import isolate

KHAL = """\
[calendars]
[[law]]
path = {folder}/events
type = calendar
[locale]
local_timezone = Etc/UTC
default_timezone = Etc/UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {folder}/khal.db
[default]
default_calendar = law
"""


@pytest.fixture
def reader() -> Callable[[str], str]:
    """The path of a reader, or why the test is skipped."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed (Debian: apt-get install {name})")
        return found

    return find


@pytest.fixture(params=["usual", "hostile"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, tuple[Message, ...]]:
    """Feeds and calendars in a folder, and what they tell."""
    hostile = request.param == "hostile"
    names = {US: HOSTILE, STATE: f"{HOSTILE} 2"} if hostile else None
    of = edition(hostile_lines() if hostile else WHOLE, names)
    told = messages(of)
    for write in (feeds, calendars):
        for path, content in write(of, told, base_url="https://atlas.example"):
            file = tmp_path / "site" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return tmp_path / "site", told


def run(*words: str | Path, cwd: Path, given: bytes | None = None) -> str:
    """One command with a home of its own."""
    done = subprocess.run(
        words,
        cwd=cwd,
        input=given,
        env={"HOME": str(cwd), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode()


def test_newsboat_reads_the_feeds(
    site: tuple[Path, tuple[Message, ...]], reader: Callable[[str], str], tmp_path: Path
) -> None:
    folder, told = site
    newsboat = reader("newsboat")
    urls = [f"file://{folder}/feeds/{name}.atom\n" for name in ("all", "AQ")]
    (tmp_path / "urls").write_text("".join(urls), encoding="utf-8")
    said = run(
        *(newsboat, "-u", tmp_path / "urls", "-c", tmp_path / "cache.db", "-C", "/dev/null"),
        *("-x", "reload", "print-unread"),
        cwd=tmp_path,
    )
    assert said.split()[0] == str(len(told))
    with sqlite3.connect(tmp_path / "cache.db") as cache:
        read = dict(cache.execute("select guid, title from rss_item"))
        found = cache.execute("select count(*) from rss_feed where title != ''").fetchone()
    cache.close()
    assert found == (2,)
    assert read.keys() == {f"urn:uuid:{m.id}" for m in told}
    for message in told:
        assert title(message).split(":")[0] in read[f"urn:uuid:{message.id}"]


def test_sfeed_reads_every_feed(
    site: tuple[Path, tuple[Message, ...]], reader: Callable[[str], str], tmp_path: Path
) -> None:
    folder, told = site
    sfeed = reader("sfeed")
    for file in sorted((folder / "feeds").glob("*.atom")):
        lines = run(sfeed, cwd=tmp_path, given=file.read_bytes()).splitlines()
        if file.stem == "all":
            assert [line.split("\t")[5] for line in lines] == [f"urn:uuid:{m.id}" for m in told]


def test_khal_reads_the_calendars(
    site: tuple[Path, tuple[Message, ...]], reader: Callable[[str], str], tmp_path: Path
) -> None:
    folder, told = site
    khal = reader("khal")
    (tmp_path / "events").mkdir()
    config = tmp_path / "khal.conf"
    config.write_text(KHAL.format(folder=tmp_path), encoding="utf-8")
    for name in ("all", "AQ"):
        file = folder / "calendar" / f"{name}.ics"
        run(khal, "-c", config, "import", "--batch", "-a", "law", file, cwd=tmp_path)
    listed = run(
        *(khal, "-c", config, "list", "--once", "--day-format", ""),
        *("--format", "{start-date}|{uid}|{title}", "2019-01-01", "5000d"),
        cwd=tmp_path,
    )
    read = dict(line.split("|")[1::-1] for line in listed.splitlines() if line.count("|") >= 2)
    exact = {m.id: m.date for m in told if m.lasting and len(m.date) == 10}
    assert exact.items() <= read.items()
    assert len(read) == len(exact) + 2, "and the two days of the act that moves nothing"
    assert any(isolate(headline(m))[:20] in listed for m in told)
