"""From the sheets to the ledger, once, in order, and all of it or nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kratom_atlas.catalog import SheetError, load_catalog
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import Line, Op, Part
from kratom_atlas.store.ingest import IngestError, check, ingest, plan, standing
from kratom_atlas.store.ledger import Batch, LedgerError, read_batches

BAN = "us-ri-ban"
KENT = "ocd-division/country:us/state:ri/county:kent"


def record(root: Path, at: str = "2026-01-01T00:00:00Z", **more: Any) -> Batch | None:
    return ingest(root, recorded_at=at, actor="maintainer", reason="first edition", **more)


def recorded(root: Path) -> list[Line]:
    return [line for batch in read_batches(root / "ledger") for line in batch.lines]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_new_sheets_are_asserted_in_order(tiny_root: Path) -> None:
    batch = record(tiny_root)
    assert batch is not None
    assert [batch] == list(read_batches(tiny_root / "ledger"))
    assert {line.op for line in batch.lines} == {Op.ASSERT}
    assert [(line.part.value, line.subject) for line in batch.lines] == [
        ("jurisdiction", "ocd-division/country:us"),
        ("jurisdiction", "ocd-division/country:us/state:ri"),
        ("jurisdiction", KENT),
        ("instrument", "us-ri-ban-2017"),
        ("instrument", "us-ri-kcpa-2025"),
        ("search", "us-ri-kent-county-search-2026"),
        ("search", "us-search-2026"),
        ("provision", "us-ri-ban"),
        ("provision", "us-ri-sale"),
    ]
    assert {(line.actor, line.reason, line.previous) for line in batch.lines} == {
        ("maintainer", "first edition", None)
    }
    catalog = load_catalog(tiny_root)
    assert batch.lines[-1].body == catalog.provisions["us-ri-sale"]


def test_a_second_run_appends_nothing(tiny_root: Path) -> None:
    record(tiny_root)
    before = {path: path.read_bytes() for path in tiny_root.rglob("*.jsonl")}
    assert record(tiny_root) is None
    assert record(tiny_root, "2030-01-01T00:00:00Z") is None
    assert {path: path.read_bytes() for path in tiny_root.rglob("*.jsonl")} == before
    assert check(tiny_root) == []


def test_the_same_sheets_give_the_same_bytes(tiny_root: Path, tmp_path: Path) -> None:
    batch = record(tiny_root)
    assert batch is not None
    first = (tiny_root / "ledger" / batch.name).read_bytes()
    for path in (tiny_root / "ledger").iterdir():
        path.unlink()
    assert record(tiny_root) == batch
    assert (tiny_root / "ledger" / batch.name).read_bytes() == first


def test_the_register_is_not_recorded(tiny_root: Path) -> None:
    (tiny_root / "registry").mkdir()
    (tiny_root / "registry" / "places.csv").write_text(
        "id,code,name,level,parent_id,geoid,aliases\n"
        "ocd-division/country:us,US,United States of America,country,,,USA\n"
        "ocd-division/country:th,TH,Thailand,country,,,THA\n"
    )
    record(tiny_root)
    places = [line.jurisdiction for line in recorded(tiny_root) if line.jurisdiction]
    assert [place.code for place in places] == ["US", "US-RI", "US-RI-44003"]


def test_other_words_supersede(tiny_root: Path) -> None:
    record(tiny_root)
    before = standing(recorded(tiny_root))[Part.PROVISION, BAN]
    edit(tiny_root / "us" / "ri.yaml", "activities: [possess, sell]", "activities: [sell]")
    assert check(tiny_root) == [
        "provision 'us-ri-ban' says something else in the sheets than in the ledger"
    ]
    batch = record(tiny_root, "2026-02-01T00:00:00Z")
    assert batch is not None
    [line] = batch.lines
    assert (line.op, line.subject, line.previous) == (Op.SUPERSEDE, BAN, before.statement)
    assert line.statement != before.statement
    assert line.provision is not None
    assert line.provision.activities == ("sell",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://example.org/rhode-island", "https://example.org/rhode-island/2026"),
        (
            "verification: reported\n    evidence:\n      - kind: tracker",
            "verification: official-secondary\n    evidence:\n      - kind: official-record",
        ),
    ],
)
def test_other_evidence_is_acknowledged(tiny_root: Path, old: str, new: str) -> None:
    record(tiny_root)
    before = standing(recorded(tiny_root))[Part.PROVISION, BAN]
    edit(tiny_root / "us" / "ri.yaml", old, new)
    assert check(tiny_root) == [
        "provision 'us-ri-ban' has other evidence or verification in the sheets than in the ledger"
    ]
    batch = record(tiny_root, "2026-02-01T00:00:00Z")
    assert batch is not None
    [line] = batch.lines
    assert (line.op, line.statement, line.previous) == (Op.ACKNOWLEDGE, before.statement, None)
    assert line.provision == load_catalog(tiny_root).provisions[BAN]


def test_what_is_gone_is_retracted_and_may_come_back(tiny_root: Path) -> None:
    record(tiny_root)
    county = tiny_root / "us" / "ri" / "kent-county.yaml"
    text = county.read_text()
    county.unlink()
    assert check(tiny_root) == [
        f"jurisdiction {KENT!r} is in the ledger and no longer in the sheets",
        "search 'us-ri-kent-county-search-2026' is in the ledger and no longer in the sheets",
    ]
    gone = record(tiny_root, "2026-02-01T00:00:00Z")
    assert gone is not None
    asserted = {line.subject: line.statement for line in recorded(tiny_root)[:9]}
    assert [(line.op, line.statement, line.body) for line in gone.lines] == [
        (Op.RETRACT, asserted[KENT], None),
        (Op.RETRACT, asserted["us-ri-kent-county-search-2026"], None),
    ]
    assert record(tiny_root, "2026-02-01T00:00:00Z") is None

    county.write_text(text)
    back = record(tiny_root, "2026-03-01T00:00:00Z")
    assert back is not None
    assert {line.op for line in back.lines} == {Op.ASSERT}
    assert {line.statement for line in back.lines} == {line.statement for line in gone.lines}
    assert check(tiny_root) == []


def test_everything_at_once_is_in_order(tiny_root: Path) -> None:
    record(tiny_root)
    sheet = tiny_root / "us" / "ri.yaml"
    edit(sheet, "  name: Rhode Island", "  name: State of Rhode Island")
    edit(sheet, "id: us-ri-sale", "id: us-ri-sale-to-minors")
    edit(sheet, "example.org/rhode-island", "example.org/ri")
    (tiny_root / "us" / "ri" / "kent-county.yaml").unlink()
    batch = record(tiny_root, "2026-02-01T00:00:00Z")
    assert batch is not None
    assert [(line.op.value, line.subject) for line in batch.lines] == [
        ("supersede", "ocd-division/country:us/state:ri"),
        ("retract", KENT),
        ("retract", "us-ri-kent-county-search-2026"),
        ("acknowledge", "us-ri-ban"),
        ("retract", "us-ri-sale"),
        ("assert", "us-ri-sale-to-minors"),
    ]


def test_before_the_first_batch_check_names_everything(tiny_root: Path) -> None:
    assert len(check(tiny_root)) == 9
    assert check(tiny_root)[0] == (
        "jurisdiction 'ocd-division/country:us' is in the sheets and not in the ledger"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"actor": " "}, "no actor: say who records this, and why"),
        ({"reason": ""}, "no reason: say who records this, and why"),
        ({"reason": "x" * 1001}, "reason has 1001 characters: write at most 1000"),
        ({"actor": "a\nb"}, "actor has a line break or control character"),
        ({"actor": "a\udcffb"}, "actor has a line break or control character"),
        ({"recorded_at": "2026-02-31T00:00:00Z"}, "'2026-02-31T00:00:00Z' is not a moment"),
        ({"recorded_at": "2026-02-01"}, "write 2026-11-22T08:00:00Z"),
    ],
)
def test_who_why_and_when_are_needed(tiny_root: Path, change: dict[str, str], words: str) -> None:
    given: dict[str, Any] = {"recorded_at": "2026-01-01T00:00:00Z", "actor": "a", "reason": "r"}
    with pytest.raises(IngestError, match=words):
        ingest(tiny_root, **{**given, **change})
    assert recorded(tiny_root) == []


def test_a_moment_before_the_last_one(tiny_root: Path) -> None:
    record(tiny_root, "2026-02-01T00:00:00Z")
    edit(tiny_root / "us.yaml", "United States", "USA")
    with pytest.raises(IngestError) as caught:
        record(tiny_root, "2026-01-31T23:59:59Z")
    assert str(caught.value) == (
        "cannot record at 2026-01-31T23:59:59Z: the ledger already holds a line of "
        "2026-02-01T00:00:00Z; set the clock right, or give a later moment"
    )
    assert record(tiny_root, "2026-02-01T00:00:00Z") is not None


def test_a_wrong_sheet_records_nothing(tiny_root: Path) -> None:
    edit(tiny_root / "us.yaml", "level: country", "level: galaxy")
    with pytest.raises(SheetError, match=r"jurisdictions/us\.yaml:5: level"):
        record(tiny_root)
    assert recorded(tiny_root) == []


def test_a_damaged_ledger_is_left_alone(tiny_root: Path) -> None:
    batch = record(tiny_root)
    assert batch is not None
    path = tiny_root / "ledger" / batch.name
    path.write_bytes(path.read_bytes()[:-5])
    edit(tiny_root / "us.yaml", "United States", "USA")
    for run in (record, check):
        with pytest.raises(LedgerError, match="truncated or altered"):
            run(tiny_root)
    assert [p.name for p in (tiny_root / "ledger").glob("*.jsonl")] == [batch.name]


def test_a_folder_without_sheets_retracts_nothing(tiny_root: Path, tmp_path: Path) -> None:
    record(tiny_root)
    for sheet in tiny_root.rglob("*.yaml"):
        sheet.unlink()
    with pytest.raises(IngestError, match="holds no sheet"):
        record(tiny_root, "2026-02-01T00:00:00Z")
    with pytest.raises(IngestError, match="no such folder"):
        record(tmp_path / "nowhere")


def test_a_ledger_that_cannot_be_written(tiny_root: Path) -> None:
    (tiny_root / "ledger").write_text("a file in the way of the folder")
    with pytest.raises(IngestError) as caught:
        record(tiny_root)
    assert str(caught.value) == (
        f"{tiny_root}/ledger: cannot be written: File exists; nothing was recorded"
    )


def test_a_read_only_ledger(permissions_count: None, tiny_root: Path) -> None:
    (tiny_root / "ledger").mkdir(mode=0o555)
    with pytest.raises(AtlasError, match="Permission denied; nothing was recorded"):
        record(tiny_root)


HOLDING = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_in_use_by_another_process(tiny_root: Path) -> None:
    (tiny_root / "ledger").mkdir()
    lock = tiny_root / "ledger" / ".lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(IngestError) as caught:
            record(tiny_root, wait=0.1)
        assert str(caught.value) == (
            f"{tiny_root}/ledger: in use by another process: wait until it is done, and ingest "
            "again"
        )
        other.kill()
    assert record(tiny_root, wait=0.1) is not None, "a killed process leaves no lock behind"


INGESTING = """
import sys
from pathlib import Path
from kratom_atlas.store.ingest import ingest
print("ready", flush=True)
sys.stdin.readline()
batch = ingest(Path(sys.argv[1]), recorded_at="2026-01-01T00:00:00Z", actor="a", reason="r")
print(batch.name if batch else "nothing")
"""


def start(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", INGESTING, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_of_several_at_once_one_records(tiny_root: Path) -> None:
    running = [start(tiny_root) for _ in range(3)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate()[0].strip() for process in running)
    assert said == ["0001-2026-01-01.jsonl", "nothing", "nothing"]
    assert len(list(read_batches(tiny_root / "ledger"))) == 1
    assert check(tiny_root) == []


def test_killed_in_the_middle_it_is_before_or_after(tiny_root: Path) -> None:
    chance = random.Random(7)
    sheet = (tiny_root / "us.yaml").read_text()
    for n in range(300):
        (tiny_root / "us" / f"s{n:03}.yaml").write_text(
            sheet.replace("country:us", f"country:us/state:x{n:03}")
            .replace("code: US", f"code: US-X{n:03}")
            .replace("level: country", "level: subdivision\n  parent: ocd-division/country:us")
            .replace("us-search-2026", f"us-x{n:03}-search")
        )
    whole = 9 + 600
    for _ in range(4):
        with start(tiny_root) as process:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            time.sleep(chance.uniform(0.1, 0.5))
            process.kill()
        assert len(recorded(tiny_root)) in (0, whole)
    record(tiny_root, wait=0.1)
    assert len(recorded(tiny_root)) == whole
    assert check(tiny_root) == []


def test_a_plan_needs_no_files(tiny_root: Path) -> None:
    catalog = load_catalog(tiny_root)
    lines = plan(catalog, [], "2026-01-01T00:00:00Z", "a", "r")
    assert len(lines) == 9
    assert plan(catalog, iter(lines), "2026-01-02T00:00:00Z", "a", "r") == []
