"""The site: whole, repeatable, or not at all."""

from __future__ import annotations

import atexit
import hashlib
import io
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pandas as pd
import pytest

from kratom_atlas import cli_watch
from kratom_atlas.build import Built, Watched, build
from kratom_atlas.crawl.health import Survey
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import RunState
from kratom_atlas.model.observation import Document
from kratom_atlas.release.dataset import read_table
from kratom_atlas.resolve.record import Record
from kratom_atlas.settings import Settings
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store
from kratom_atlas.store.ingest import ingest
from kratom_atlas.store.ledger import read_batches
from kratom_atlas.verify import verify

TODAY = date(2026, 11, 22).toordinal()
HOME = Path(tempfile.mkdtemp(prefix="kratom-atlas-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
SETTINGS = Settings(home=HOME, database_url=None, base_url="", report_url="")


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


def test_images_are_drawn_once_and_previewed(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = "https://example.org/atlas"
    settings = replace(SETTINGS, home=tmp_path / "home", base_url=base)

    def made(name: str) -> dict[str, str]:
        build(record, tmp_path / name, as_of=TODAY, known=None, settings=settings)
        return digests(tmp_path / name)

    first = made("one")
    images = {path for path in first if path.startswith("share/")}
    views = {f"{view}-{substance}" for view in ("us", "world") for substance in ("leaf", "7-oh")}
    # Rhode Island alone has law of its own in this record.
    named = {*views, "US-RI"}
    assert {f"share/{name}.{kind}" for name in named for kind in ("png", "svg")} <= images
    assert {Path(path).stem for path in images} <= {*named, "us-mitragynine"}
    for page in (tmp_path / "one").rglob("index.html"):
        shown = re.findall(r'"og:image" content="([^"]*)"', page.read_text(encoding="utf-8"))
        if page.parent.name != "embed":
            assert [url.removeprefix(f"{base}/") in images for url in shown] == [True], page

    def never(svg: str) -> bytes:
        raise AssertionError("drawn again")

    monkeypatch.setattr("maps.raster.png", never)
    assert made("two") == first


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
    tmp_path = tmp_path / "site"
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
    tmp_path = tmp_path / "site"
    make(record, tmp_path)
    loads = re.compile(rb"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=[\"'](?:https?:)?//")
    for page in tmp_path.rglob("*.html"):
        assert not loads.search(page.read_bytes()), page
    for style in tmp_path.rglob("*.css"):
        assert b"//" not in re.sub(rb"/\*.*?\*/", b"", style.read_bytes(), flags=re.DOTALL)


def test_verify_finds_nothing_wrong_and_every_cell_that_is(record: Record, tmp_path: Path) -> None:
    tmp_path = tmp_path / "site"
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


def faults(site: Path, record: Record) -> list[str]:
    return [f for f in verify(site, record) if "sheets and ledger" not in f]


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, tiny_root_at: Callable[[Path], Path]
) -> tuple[Record, Path]:
    """A record and the site made from it, for tests that look at a copy of its data."""
    folder = tmp_path_factory.mktemp("built")
    root = tiny_root_at(folder / "jurisdictions")
    ingest(root, recorded_at="2026-11-20T08:00:00Z", actor="a person", reason="first edition")
    record = Record((line for b in read_batches(root / "ledger") for line in b.lines), {})
    make(record, folder / "site")
    return record, folder / "site"


@pytest.fixture
def data(built: tuple[Record, Path], tmp_path: Path) -> Path:
    """A copy of the data of that site."""
    return Path(shutil.copytree(built[1] / "data", tmp_path / "data"))


def falsify(path: Path, data: bytes) -> None:
    """Other bytes in the place of a published file, and its digest put right."""
    for folder in (path.parent, path.parent / "latest"):
        package = folder / "datapackage.json"
        described = json.loads(package.read_bytes())
        for entry in described["resources"]:
            if entry["path"] == path.name:
                entry["hash"] = f"sha256:{hashlib.sha256(data).hexdigest()}"
        for file, content in (
            (package, json.dumps(described).encode()),
            (folder / path.name, data),
        ):
            file.unlink()  # releases share their bytes with it
            file.write_bytes(content)


def falsified_parquet(path: Path, column: str, to: str) -> bytes:
    frame = pd.read_parquet(path)
    frame.loc[0, column] = to
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("status", "total_status"),
        ("status_history", "total_status"),
        ("changes", "summary"),
        ("provisions", "effect"),
        ("instruments", "title"),
        ("jurisdictions", "name"),
        ("sources", "publisher"),
    ],
)
def test_verify_derives_the_cells_of_every_parquet_file_and_of_sqlite(
    table: str, column: str, built: tuple[Record, Path], data: Path, tmp_path: Path
) -> None:
    assert faults(data.parent, built[0]) == []
    path = data / f"{table}.parquet"
    falsify(path, falsified_parquet(path, column, "falsified"))
    told = faults(data.parent, built[0])
    assert any(f.startswith(path.name) and f"{column}: published 'falsified'" in f for f in told)
    assert not any("bytes" in f for f in told)
    assert any("datapackage.json: not that of release" in f for f in told)

    path = data / "kratom-atlas.sqlite"
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(copy)) as database:
        database.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = 1', ("falsified",))
        database.commit()
    falsify(path, copy.read_bytes())
    told = faults(data.parent, built[0])
    where = f"{path.name}, {table}"
    assert any(f.startswith(where) and f"{column}: published 'falsified'" in f for f in told)
    assert sum(f.startswith(path.name) for f in told) == 1


@pytest.mark.parametrize("name", ["code", "name", "level", "searched", "total_status", "flags"])
def test_verify_derives_what_the_map_says(
    name: str, built: tuple[Record, Path], data: Path
) -> None:
    path = data / "kratom-atlas.geojson"
    collection = json.loads(path.read_bytes())
    said = next(f for f in collection["features"] if f["id"].endswith("state:ri"))["properties"]
    (said if name in said else said["status"]["leaf"])[name] = "falsified"
    falsify(path, json.dumps(collection).encode())
    told = [f for f in faults(data.parent, built[0]) if f.startswith(path.name)]
    assert len(told) == 1
    assert f"{name}: published 'falsified', follows " in told[0]
    assert "state:ri" in told[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["features"].pop(), "follows, and is not published"),
        (lambda c: c["features"].append(c["features"][0]), "in another order or another form"),
        (lambda c: c["features"].reverse(), "in another order or another form"),
        (lambda c: c["features"][0]["properties"].pop("status"), "cannot be read"),
        (lambda c: c["features"][0].update(id=["x"]), "cannot be read"),
        (lambda c: c.pop("features"), "cannot be read"),
    ],
)
def test_verify_says_of_a_map_of_another_form_what_it_is(
    change: Callable[[Any], object], said: str, built: tuple[Record, Path], data: Path
) -> None:
    path = data / "kratom-atlas.geojson"
    collection = json.loads(path.read_bytes())
    change(collection)
    falsify(path, json.dumps(collection).encode())
    told = [f for f in faults(data.parent, built[0]) if f.startswith(path.name)]
    assert told
    assert all(said in f and "\n" not in f for f in told)


@pytest.mark.parametrize(
    "name", ["status.csv", "status.parquet", "kratom-atlas.sqlite", "kratom-atlas.geojson"]
)
@pytest.mark.parametrize("content", [b"", b"\xff\x00 no such file\n", b"a,b\r\n1,2\r\n"])
def test_verify_says_in_one_line_that_a_file_cannot_be_read(
    name: str, content: bytes, built: tuple[Record, Path], data: Path
) -> None:
    falsify(data / name, content)
    told = [f for f in faults(data.parent, built[0]) if f.startswith(name)]
    assert 1 <= len(told) <= 7
    assert all("\n" not in f for f in told)


def test_verify_checks_every_release_against_its_own_description(
    record: Record, tmp_path: Path
) -> None:
    first = make(record, tmp_path / "site").version
    later = make(record, tmp_path / "site", TODAY + 200).version
    assert first != later
    assert faults(tmp_path / "site", record) == []
    release = tmp_path / "site/data/releases" / first
    altered = (release / "status.csv").read_bytes().replace(b"regulated", b"lawful")
    (release / "status.csv").unlink()
    (release / "status.csv").write_bytes(altered)
    (release / "changes.parquet").unlink()
    (release / "more.csv").write_bytes(b"")
    assert faults(tmp_path / "site", record) == [
        f"releases/{first}/status.csv: its bytes are not those that were published",
        f"releases/{first}/changes.parquet: missing",
        f"releases/{first}/more.csv: not described in datapackage.json",
    ]
    (release / "datapackage.json").unlink()
    assert faults(tmp_path / "site", record) == [f"releases/{first}/datapackage.json: missing"]
    (release / "datapackage.json").write_text("[]", encoding="utf-8")
    assert faults(tmp_path / "site", record) == [
        f"releases/{first}/datapackage.json: not a description that this program wrote"
    ]
    shutil.rmtree(tmp_path / "site/data/releases" / later)
    assert f"releases/{later}: missing" in faults(tmp_path / "site", record)


def test_verify_finds_a_file_that_is_gone_and_no_longer_described(
    built: tuple[Record, Path], data: Path
) -> None:
    described = json.loads((data / "datapackage.json").read_bytes())
    described["resources"] = [r for r in described["resources"] if "geojson" not in r["path"]]
    (data / "datapackage.json").unlink()
    (data / "datapackage.json").write_text(json.dumps(described), encoding="utf-8")
    (data / "kratom-atlas.geojson").unlink()
    told = faults(data.parent, built[0])
    assert "kratom-atlas.geojson: not described in datapackage.json" in told
    del described["resources"]
    (data / "datapackage.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(AtlasError, match="not a description that this program wrote"):
        verify(data.parent, built[0])


def watched(home: Path, day: int = TODAY) -> AbstractContextManager[Watched]:
    settings = Settings(home=home, database_url=None, base_url="", report_url="")
    return cli_watch.watched(settings, date.fromordinal(day))


def crawl(home: Path, day: int) -> None:
    """A crawl of a source, as its archive keeps it."""
    when = datetime.combine(date.fromordinal(day), datetime.min.time(), UTC)
    with open_store(f"sqlite:///{home}/atlas.sqlite") as store:
        archive = Archive(store)
        run = archive.begin("us_ecfr", parser="p", today=when.date(), since=when.date(), now=when)
        assert run is not None
        seen = [Document(key="k", jurisdiction="ocd-division/country:us", title="t",
                         url="https://example.org/")]  # fmt: skip
        archive.accept(run, RunState.OK, seen=seen, still=(), faults={}, pages=(), now=when,
                       counts={})  # fmt: skip


def test_a_site_says_how_its_sources_are_doing(record: Record, tmp_path: Path) -> None:
    out, home = tmp_path / "site", tmp_path / "home"

    def make_with(target: Path, day: int = TODAY) -> Built:
        with watched(home, day) as seen:
            return build(record, target, as_of=day, known=None, settings=SETTINGS, watched=seen)

    first = make_with(out)
    page = out / "sources" / "index.html"
    assert "built without crawls" in page.read_text(encoding="utf-8")
    crawl(home, TODAY)
    second = make_with(out)
    assert not second.unchanged
    assert second.version == first.version, "a look makes no release"
    assert "built without crawls" not in page.read_text(encoding="utf-8")
    assert "changed on 2026-11-22, at the last look" in page.read_text(encoding="utf-8")
    assert make_with(out).unchanged
    make_with(tmp_path / "again")
    again, here = digests(tmp_path / "again"), digests(out)
    assert {n: d for n, d in again.items() if "data/" not in n and n != ".build.json"} == {
        n: d for n, d in here.items() if "data/" not in n and n != ".build.json"
    }
    declared = cli_watch.declared()
    for site in (out, tmp_path / "again"):
        assert [f for f in verify(site, record, declared) if "sheets and ledger" not in f] == []
    crawl(home, TODAY + 1)
    assert make_with(out).unchanged, "what came later is not of that day"
    assert not make_with(out, TODAY + 1).unchanged
    path = out / "data" / "sources.csv"
    falsify(path, path.read_bytes().replace(b"never-run", b"splendid", 1))
    told = faults_of(out, record, declared)
    assert "sources.csv: health: 'splendid' is no word of ours" in told
    falsify(path, path.read_bytes().replace(b"Federal Register,", b"Another Register,", 1))
    assert any("Another Register" in fault for fault in faults_of(out, record, declared))


def faults_of(site: Path, record: Record, declared: Survey) -> list[str]:
    return [f for f in verify(site, record, declared) if "sheets and ledger" not in f]


def test_verify_accepts_a_preview(record: Record, tmp_path: Path) -> None:
    before = record.bound("2026-11-19T00:00:00Z")
    preview = build(record, tmp_path / "site", as_of=TODAY, known=before, settings=SETTINGS)
    assert (preview.version, preview.new_release) == ("2026-11-22-preview", False)
    assert faults(tmp_path / "site", record) == []


def test_verify_knows_what_was_stale_though_more_was_recorded_since(
    record: Record, tiny_root: Path, tmp_path: Path
) -> None:
    make(record, tmp_path / "site", TODAY + 200)
    assert "stale" in (tmp_path / "site/data/status.csv").read_text(encoding="utf-8")
    assert faults(tmp_path / "site", record) == []
    sheet = tiny_root / "us" / "ri.yaml"
    text = sheet.read_text(encoding="utf-8").replace("from: 2017-05-31", "from: 2017-02")
    sheet.write_text(text, encoding="utf-8")
    ingest(tiny_root, recorded_at="2027-07-01T08:00:00Z", actor="a person", reason="order found")
    grown = Record((line for b in read_batches(tiny_root / "ledger") for line in b.lines), {})
    assert faults(tmp_path / "site", grown) == []
    known = grown.bound("2027-01-01T00:00:00Z")
    build(grown, tmp_path / "cut", as_of=TODAY + 200, known=known, settings=SETTINGS)
    assert faults(tmp_path / "cut", grown) == []


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


def test_where_nothing_can_be_written_it_says_what_is_wrong(record: Record, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    for out in (file, file / "site", file / "a" / "site"):
        with pytest.raises(AtlasError, match="cannot write the site: Not a directory") as wrong:
            make(record, out)
        assert f"({file})" in str(wrong.value)
        assert "nothing was published" in str(wrong.value)
    assert file.read_text(encoding="utf-8") == "mine"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder not even root can write")
def test_a_folder_that_cannot_be_written_is_not_taken_for_locked(record: Record) -> None:
    with pytest.raises(AtlasError, match=r"cannot write the site: .*\(/proc/"):
        make(record, Path("/proc/kratom-atlas-site"))


@pytest.mark.usefixtures("permissions_count")
def test_a_read_only_folder_is_not_taken_for_locked(record: Record, tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    with pytest.raises(AtlasError, match="cannot write the site: Permission denied"):
        make(record, folder / "site")


def test_without_an_address_reports_lead_to_words(record: Record, tmp_path: Path) -> None:
    make(record, tmp_path / "site")
    for page in ("j/US-RI/index.html", "about/index.html", "index.html"):
        text = (tmp_path / "site" / page).read_text(encoding="utf-8")
        assert "report/index.html" in text
    words = (tmp_path / "site/report/index.html").read_text(encoding="utf-8")
    assert "plain files and takes no messages" in words
    assert "Write down" in words


def test_a_folder_that_is_no_site_is_left_alone(record: Record, tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "will.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(AtlasError, match="holds other files"):
        make(record, tmp_path / "papers")
    assert (tmp_path / "papers" / "will.txt").read_text(encoding="utf-8") == "mine"
