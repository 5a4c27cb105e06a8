"""The command line as people use it: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("kratom-atlas")


@pytest.fixture
def run(tmp_path: Path):  # type: ignore[no-untyped-def]
    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *words],
            cwd=tmp_path,
            env={**os.environ, "KRATOM_ATLAS_HOME": str(tmp_path / "home"), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return call


def test_one_answer(run) -> None:  # type: ignore[no-untyped-def]
    told = run(
        "status", "Sarasota County, FL", "--substance", "leaf", "--on", "2026-11-22", "--why"
    )
    assert told.returncode == 0
    assert "Sarasota County, Florida (US-FL-12115)" in told.stdout
    assert "Kratom leaf: Banned" in told.stdout
    assert "neither legal nor medical advice" in told.stdout
    assert told.stderr == ""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("US-AL", "Alabama"),
        ("al", "Alabama"),
        ("Alabama", "Alabama"),
        ("ALABAMA", "Alabama"),
        ("01", "Alabama"),
        ("AL", "Albania"),
        ("TH", "Thailand"),
        ("THA", "Thailand"),
        ("12115", "Sarasota County, Florida"),
        ("sarasota county, florida", "Sarasota County, Florida"),
        ("US-FL-12115", "Sarasota County, Florida"),
        ("ocd-division/country:us/state:fl/county:sarasota", "Sarasota County, Florida"),
        ("St. Louis County, MO", "St. Louis County, Missouri"),
        ("Doña Ana County, NM", "Doña Ana County, New Mexico"),
        ("dona ana county, nm", "Doña Ana County, New Mexico"),
        ("Côte d'Ivoire", "Ivory Coast"),
    ],
)
def test_a_place_is_found_by_what_people_call_it(words: str, name: str) -> None:
    from kratom_atlas.places import find_place, place_name
    from kratom_atlas.register import load_register, packaged_sheets
    from kratom_atlas.resolve.record import Record

    record = Record([], load_register(packaged_sheets()))
    assert place_name(record, record.places[find_place(record, words).index]) == name


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["status", "Sarasotta County, FL"], 1, "did you mean Sarasota County, Florida"),
        (["status", "Georgia"], 1, "'Georgia' may be"),
        (["status", "zzzzqq"], 1, "no place is called 'zzzzqq'"),
        (["status", "99999"], 1, "no place has the code '99999'"),
        (["status", ""], 1, "no place is called ''"),
        (["status", "US-GA", "--substance", "lef"], 1, "did you mean leaf?"),
        (["status", "US-GA", "--on", "2026-02-31"], 2, "not a day of the calendar"),
        (["status", "US-GA", "--on", "2026-2-3"], 2, "write it as 2026-07-01"),
        (["status", "US-GA", "--known", "yesterday"], 2, "not a day or a moment"),
        (["build", "--as-of", "soon"], 2, "is not a day"),
        (["build", "--as-of", "2026-13-01"], 2, "not a day of the calendar"),
        (["diff", "2026-01-01"], 2, "give FROM and TO"),
        (["diff", "2027-01-01", "2026-01-01"], 2, "give the earlier day first"),
        (["diff", "--known", "2026-11-22", "--on", "2026-01-01"], 2, "--known K1 K2"),
        (["export", "everything"], 1, "no file 'everything'"),
        (["verify", "nowhere"], 1, "build the site first"),
        (["sources", "nothing"], 1, "no source is called 'nothing'"),
        (["sources", "anchors.nothing"], 1, "no source is called 'anchors.nothing'"),
        (["schedule", "--show", "--run"], 2, "not both"),
        (["ingest", "--actor", "x", "--reason", "y", "--root", "nowhere"], 1, "no such folder"),
        (["stats"], 2, "No such command 'stats'"),
    ],
)
def test_what_is_wrong_is_one_plain_line(run, words: list[str], status: int, said: str) -> None:  # type: ignore[no-untyped-def]
    told = run(*words)
    assert told.returncode == status
    assert said in told.stderr
    assert told.stderr.count("\n") == 1
    assert "Traceback" not in told.stderr
    assert told.stdout == ""


def test_debug_shows_the_traceback(run) -> None:  # type: ignore[no-untyped-def]
    assert "Traceback" in run("--debug", "status", "zzzzqq").stderr


def test_before_anything_and_in_the_future(run) -> None:  # type: ignore[no-untyped-def]
    before = run("status", "US-GA", "--substance", "leaf", "--on", "0001-01-01")
    assert "Not yet researched" in before.stdout
    unrecorded = run("status", "US-GA", "--substance", "leaf", "--known", "2020-01-01")
    assert "Not yet researched" in unrecorded.stdout
    assert "nothing was recorded by 2020-01-01" in unrecorded.stderr
    future = run("status", "US-KY", "--substance", "leaf", "--on", "2099-01-01")
    assert "Sale banned" in future.stdout
    assert "has not come yet" in future.stderr


def test_programs_read_json(run) -> None:  # type: ignore[no-untyped-def]
    one = json.loads(run("status", "US-GA", "--substance", "7-oh", "--json").stdout)
    assert (one["substance"], one["total_status"]) == ("7-oh", "regulated")
    assert one["chain"][0]["line"]["recorded_at"]
    assert len(json.loads(run("status", "US-GA", "--json").stdout)) == 7
    assert json.loads(run("sources", "--json").stdout)[0]["health"] == "fresh"
    found = json.loads(
        run("diff", "2026-07-01", "2026-08-31", "--place", "US-MN", "--format", "json").stdout
    )
    assert "rises from 18 to 21" in json.dumps(found)


def test_sources_and_hours_before_any_crawl(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    listed = run("sources")
    assert "fresh      hand-research: Research by hand" in listed.stdout
    assert "never-run  us_federal_register: Federal Register" in listed.stdout
    assert "no source has been read by this installation" in listed.stderr
    one = run("sources", "us_federal_register")
    assert "schedule:  15 11 * * mon-fri (UTC)" in one.stdout
    assert "last success never" in one.stdout
    hours = json.loads(run("schedule", "--json").stdout)
    planned = [row["next_run"] for row in hours if not row["why_not"]]
    assert planned == sorted(planned)
    waiting = next(row for row in hours if row["source_id"] == "us_congress")
    assert waiting["next_run"] is None
    assert "needs the key CONGRESS_GOV_API_KEY" in waiting["why_not"]
    held = json.loads(run("schedule", "--json", CONGRESS_GOV_API_KEY="x").stdout)
    assert next(row for row in held if row["source_id"] == "us_congress")["next_run"]
    assert not (tmp_path / "home").exists(), "to look leaves nothing behind"


def test_the_schedule_runs_until_it_is_told_to_end(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "KRATOM_ATLAS_HOME": str(tmp_path / "home"),
        "KRATOM_ATLAS_REPLAY": "http://127.0.0.1:9",  # nobody listens
    }
    with subprocess.Popen(
        [COMMAND, "schedule", "--run"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "sources are read at their hours" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
        assert "stopping" in process.stderr.read()


def test_a_diff_says_what_changed_in_plain_words(run) -> None:  # type: ignore[no-untyped-def]
    told = run("diff", "2026-07-15", "2026-08-15", "--place", "US-MN")
    assert "2026-08-01" in told.stdout
    assert "from 18 to 21" in told.stdout
    assert "HF 3453" in told.stdout
    nothing = run("diff", "2026-11-01", "2026-11-02", "--place", "US-MN")
    assert "No change" in nothing.stdout
    knowledge = run(
        "diff", "--known", "2026-11-21", "2026-11-22", "--on", "2026-11-20", "--place", "US-GA"
    )
    assert knowledge.returncode == 0
    assert "late" in knowledge.stdout.lower()


@pytest.mark.parametrize("fmt", ["text", "md", "html", "json", "csv"])
def test_every_format_comes_out(run, fmt: str) -> None:  # type: ignore[no-untyped-def]
    told = run("diff", "2026-06-30", "2026-07-01", "--format", fmt)
    assert told.returncode == 0
    assert "Tennessee" in told.stdout
    assert told.stderr == ""


def test_export_writes_to_standard_output_or_to_a_path(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out = run("export", "jurisdictions.csv", "--as-of", "2026-11-22").stdout
    assert run("export", "jurisdictions.csv", "--as-of", "2026-11-22", "-o", "j.csv").stdout == ""
    assert (tmp_path / "j.csv").read_text(encoding="utf-8") == out
    failed = run("export", "jurisdictions.csv", "-o", "missing/j.csv")
    assert failed.returncode == 1
    assert "cannot write missing/j.csv" in failed.stderr


def test_a_store_answers_as_the_ledger_does(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    words = ("status", "US-GA", "--on", "2026-11-22", "--why")
    plain = run(*words).stdout
    stored = run(*words, KRATOM_ATLAS_DATABASE_URL=f"sqlite:///{tmp_path}/store.sqlite").stdout
    assert stored == plain


def test_a_broken_store_is_one_plain_line(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "broken.sqlite").write_bytes(b"not a database at all" * 500)
    told = run("status", "US-GA", KRATOM_ATLAS_DATABASE_URL=f"sqlite:///{tmp_path}/broken.sqlite")
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    secret = run(
        "status", "US-GA", KRATOM_ATLAS_DATABASE_URL="postgresql+psycopg://u:hush@127.0.0.1:1/x"
    )
    assert secret.returncode == 1
    assert "hush" not in secret.stderr + secret.stdout


SHORT_NAMES = {
    "PR": "US-PR",
    "pr": "US-PR",
    "PRI": "US-PR",
    "US-PR": "US-PR",
    "P.R.": "US-PR",
    "DC": "US-DC",
    "dc": "US-DC",
    "D.C.": "US-DC",
    "11001": "US-DC",
    "WA": "US-WA",
    "N.Y.": "US-NY",
    "UK": "GB",
    "uk": "GB",
    "U.K.": "GB",
    "EU": "X-EU",
    "UN": "X-UN",
    "US": "US",
    "U.S.": "US",
    "U.S": "US",
    "USA": "US",
    "usa": "US",
    "U.S.A.": "US",
    "UAE": "AE",
}


def test_a_place_is_found_by_its_short_names() -> None:
    from kratom_atlas.places import find_place
    from kratom_atlas.register import load_register, packaged_sheets
    from kratom_atlas.resolve.record import Record

    record = Record([], load_register(packaged_sheets()))
    found = {words: record.places[find_place(record, words).index].code for words in SHORT_NAMES}
    assert found == SHORT_NAMES
    for words, code, other in (
        ("AL", "AL", "US-AL"),
        ("al", "US-AL", "AL"),
        ("A.L.", "US-AL", "AL"),
        ("Al", "AL", "US-AL"),
    ):
        place = find_place(record, words)
        assert record.places[place.index].code == code
        assert f"({other}) say its name" in (place.note or "")


def test_a_name_is_the_widest_place_that_has_it_if_there_is_one() -> None:
    from kratom_atlas.errors import AtlasError
    from kratom_atlas.model.values import Jurisdiction
    from kratom_atlas.model.vocabulary import Level
    from kratom_atlas.places import find_place
    from kratom_atlas.register import load_register, packaged_sheets
    from kratom_atlas.resolve.record import Record

    us = "ocd-division/country:us"
    places = load_register(packaged_sheets())
    for state, name in (("il", "Washington"), ("il", "Salem"), ("ma", "Salem"), ("tx", "Georgia")):
        city = f"{us}/state:{state}/place:{name.lower()}"
        places[city] = Jurisdiction(
            id=city,
            code=f"US-{state.upper()}-{name.upper()}",
            name=name,
            level=Level.MUNICIPALITY,
            parent=f"{us}/state:{state}",
        )
    record = Record([], places)
    state = find_place(record, "washington")
    assert record.places[state.index].code == "US-WA"
    assert state.note == (
        "read as Washington (US-WA); for Washington, Illinois (US-IL-WASHINGTON) say so"
    )
    inner = find_place(record, "Washington, Illinois")
    assert (record.places[inner.index].code, inner.note) == ("US-IL-WASHINGTON", None)
    assert record.places[find_place(record, "Guam").index].code == "US-GU"
    with pytest.raises(AtlasError, match=r"Georgia \(GE\), Georgia \(US-GA\).*give the code"):
        find_place(record, "Georgia")
    with pytest.raises(AtlasError, match=r"may be Salem, Illinois .*, Salem, Massachusetts"):
        find_place(record, "Salem")
    with pytest.raises(AtlasError, match=r"and \d+ more: give the code"):
        find_place(record, "Washington County")


def test_a_diff_names_where_errors_go_only_if_somebody_said_where(run) -> None:  # type: ignore[no-untyped-def]
    words = ("diff", "2026-11-01", "2026-11-02", "--place", "US-MN", "--format")
    for fmt in ("text", "md", "json"):
        silent = run(*words, fmt, KRATOM_ATLAS_REPORT_URL="")
        assert silent.returncode == 0
        assert "Something wrong?" not in silent.stdout
        told = run(*words, fmt, KRATOM_ATLAS_REPORT_URL="https://example.org/errors")
        assert "Something wrong? Report it: https:" in told.stdout
        assert "//example.org/errors" in told.stdout
