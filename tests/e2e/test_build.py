"""The site: whole, repeatable, or not at all."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import resource
import signal
import time
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from kratom_atlas.build import Built, build
from kratom_atlas.errors import AtlasError
from kratom_atlas.release.dataset import read_table
from kratom_atlas.resolve.record import Record
from kratom_atlas.settings import Settings
from kratom_atlas.store.ingest import ingest
from kratom_atlas.store.ledger import read_batches
from kratom_atlas.verify import verify

TODAY = date(2026, 11, 22).toordinal()
SETTINGS = Settings(home=Path("none"), database_url=None, base_url="", report_url="")


def make(record: Record, out: Path, day: int = TODAY) -> Built:
    return build(record, out, as_of=day, known=None, settings=SETTINGS)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture
def record(tiny_root: Path) -> Record:
    ingest(tiny_root, recorded_at="2026-11-20T08:00:00Z", actor="a person", reason="first edition")
    return Record((line for b in read_batches(tiny_root / "ledger") for line in b.lines), {})


def test_two_builds_give_the_same_bytes(record: Record, tmp_path: Path) -> None:
    make(record, tmp_path / "one")
    make(record, tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_build_with_nothing_changed_writes_nothing(record: Record, tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert not make(record, out).unchanged
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    assert make(record, out).unchanged
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == before
    (out / "index.html").unlink()
    assert not make(record, out).unchanged


def test_a_new_day_without_a_change_keeps_the_release(record: Record, tmp_path: Path) -> None:
    first = make(record, tmp_path / "site")
    second = make(record, tmp_path / "site", TODAY + 1)
    assert (second.version, second.new_release) == (first.version, False)
    third = make(record, tmp_path / "site", date(2027, 6, 1).toordinal())
    assert third.version == "2027-06-01"  # by then the last look is stale
    releases = tmp_path / "site/data/releases"
    assert sorted(d.name for d in releases.iterdir()) == [first.version, third.version]


def test_every_link_leads_somewhere(record: Record, tmp_path: Path) -> None:
    make(record, tmp_path)

    class Links(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found += [v for k, v in attrs if k in ("href", "src") and v]

    for page in tmp_path.rglob("*.html"):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        here = f"http://site/{page.relative_to(tmp_path)}"
        for link in links.found:
            target, _ = urldefrag(urljoin(here, link))
            if page.name == "404.html" or urlsplit(target).netloc != "site":
                continue
            path = tmp_path / urlsplit(target).path.lstrip("/")
            assert path.is_file() or (path / "index.html").is_file(), f"{page}: {link}"


def test_what_was_learned_without_a_day_of_law_gets_none(
    record: Record, tiny_root: Path, tmp_path: Path
) -> None:
    """A tracker's list names the county's ban and no date: the day we read it is no day of law."""
    sheet = tiny_root / "us" / "ri" / "kent-county.yaml"
    ban = """\
instruments:
  - id: us-ri-kent-ordinance
    kind: ordinance
    title: County ordinance
    stage: enacted
provisions:
  - id: us-ri-kent-ban
    instrument: us-ri-kent-ordinance
    citation: County Code
    substances: [leaf]
    activities: [possess, sell]
    effect: prohibit
    attested: 2026-11-01
    verification: reported
    evidence:
      - {kind: tracker, url: "https://example.org/list", retrieved: 2026-11-01}
"""
    sheet.write_text(sheet.read_text(encoding="utf-8") + ban, encoding="utf-8")
    ingest(tiny_root, recorded_at="2026-11-21T08:00:00Z", actor="a person", reason="a list")
    learned = Record((line for b in read_batches(tiny_root / "ledger") for line in b.lines), {})
    make(learned, tmp_path / "site")
    told = read_table("changes", tmp_path / "site/data/changes.csv").query("kind != 'law'")
    assert set(told["code"]) == {"US-RI-44003"}
    assert told["date"].isna().all()
    assert told["summary"].str.contains("from a day that is not known").all()
    day = (tmp_path / "site/changes/undated/index.html").read_text(encoding="utf-8")
    assert "Kent County" in day
    assert "Day of law not known" in day
    assert "undated/index.html" in (tmp_path / "site/changes/index.html").read_text("utf-8")
    history = read_table("status_history", tmp_path / "site/data/status_history.csv")
    kent = history.query("code == 'US-RI-44003' and substance == 'leaf' and own_status == 'banned'")
    assert kent["valid_from"].isna().all()
    assert kent["seen_from"].tolist() == ["2026-11-01"]


def test_the_site_asks_no_other_host_for_anything(record: Record, tmp_path: Path) -> None:
    make(record, tmp_path)
    loads = re.compile(rb"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=[\"'](?:https?:)?//")
    for page in tmp_path.rglob("*.html"):
        assert not loads.search(page.read_bytes()), page
    for style in tmp_path.rglob("*.css"):
        assert b"//" not in re.sub(rb"/\*.*?\*/", b"", style.read_bytes(), flags=re.DOTALL)


def test_verify_finds_nothing_wrong_and_every_cell_that_is(record: Record, tmp_path: Path) -> None:
    make(record, tmp_path)
    assert [f for f in verify(tmp_path, record) if "sheets and ledger" not in f] == []
    table = tmp_path / "data" / "status.csv"
    text = table.read_text(encoding="utf-8")
    table.unlink()  # releases share their bytes with it
    table.write_text(text.replace("regulated", "lawful", 1), encoding="utf-8", newline="")
    faults = [f for f in verify(tmp_path, record) if "sheets and ledger" not in f]
    assert any("bytes" in f for f in faults)
    assert any("'lawful'" in f and "'regulated'" in f for f in faults)
    with pytest.raises(AtlasError, match="build the site first"):
        verify(tmp_path / "nowhere", record)


def _limited(record: Record, out: Path, day: int, result: multiprocessing.Queue[str]) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        make(record, out, day)
        result.put("built")
    except AtlasError as error:
        result.put(str(error))


def test_where_no_more_can_be_written_the_old_site_stands(record: Record, tmp_path: Path) -> None:
    out = tmp_path / "site"
    make(record, out)
    before = digests(out)
    result: multiprocessing.Queue[str] = multiprocessing.Queue()
    work = multiprocessing.Process(target=_limited, args=(record, out, TODAY + 200, result))
    work.start()
    said = result.get(timeout=120)
    work.join()
    assert "cannot write the site" in said
    assert "stands" in said
    assert "\n" not in said
    assert digests(out) == before
    assert {p.name for p in tmp_path.iterdir() if "part" in p.name} == set()


def test_killed_at_any_moment_there_is_a_whole_site(record: Record, tmp_path: Path) -> None:
    out = tmp_path / "site"
    make(record, out)
    for n in range(4):
        work = multiprocessing.Process(target=make, args=(record, out, TODAY + 200 + n))
        work.start()
        time.sleep(0.25 + n * 0.4)
        assert work.pid
        os.kill(work.pid, signal.SIGKILL)
        work.join()
        built = make(record, out)  # the next build finds what was left and puts it right
        table = read_table("status", out / "data" / "status.csv")
        assert len(table) == 21
        assert (out / "index.html").is_file()
        assert built.files > 10
    assert not list(tmp_path.glob(".site.part*"))


def test_two_builds_at_once_do_not_mix(record: Record, tmp_path: Path) -> None:
    import filelock

    with (
        filelock.FileLock(tmp_path / ".site.lock"),
        pytest.raises(AtlasError, match="another build"),
    ):
        make(record, tmp_path / "site")
