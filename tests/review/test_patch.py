"""Accepted changes as a patch of the sheets: applied, it says what was accepted, and no more."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from review_sample import KENT, PLACES, RI, TODAY, instrument, provision, said

from kratom_atlas.catalog import load_catalog
from kratom_atlas.model.statement import Body, Line, Op
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import (
    Cap,
    Coverage,
    Evidence,
    Penalty,
    Qualifiers,
    Search,
)
from kratom_atlas.model.vocabulary import (
    Effect,
    EvidenceKind,
    InstrumentKind,
    SearchResult,
    Stage,
    Substance,
    Unit,
    Verification,
)
from kratom_atlas.review.patch import PatchError, patch
from kratom_atlas.store.ingest import ingest, standing
from kratom_atlas.store.ledger import read_batches

HARD = 'A title: with a colon, "quotes", # signs, [brackets] and é — that is long ' * 3


def applied(root: Path, text: str) -> None:
    """Apply a patch as people do."""
    git = shutil.which("git")
    assert git is not None
    subprocess.run(
        [git, "apply", "--unidiff-zero", "-"],
        input=text.encode(), cwd=root.parent, check=True,
        env={"GIT_CEILING_DIRECTORIES": str(root.parent.parent), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def line_of(body: Body) -> Line:
    (line,) = said(body)
    return line


def check(root: Path, *lines: Line) -> str:
    """Make the patch, apply it, ingest: the ledger then says what the lines say."""
    before = load_catalog(root)
    text = patch(root, lines, PLACES)
    applied(root, text)
    after = load_catalog(root)
    for line in lines:
        known = {**after.instruments, **after.provisions, **after.searches}
        assert known.get(line.subject) == line.body
    touched = {line.subject for line in lines}
    for part in ("instruments", "provisions", "searches"):
        old, new = getattr(before, part), getattr(after, part)
        assert {k: v for k, v in old.items() if k not in touched} == {
            k: v for k, v in new.items() if k not in touched
        }
    ingest(root, recorded_at="2026-11-23T00:00:00Z", actor="tester", reason="a test")
    recorded = standing(line for batch in read_batches(root / "ledger") for line in batch.lines)
    for line in lines:
        now = recorded.get((line.part, line.subject))
        assert (now.statement if now else None) == (
            line.statement if line.op is not Op.RETRACT else None
        )
    assert patch(root, lines, PLACES) == ""
    return text


def test_a_stage_is_changed_in_its_line(tiny_root: Path) -> None:
    sheet = tiny_root / "us" / "ri.yaml"
    sheet.write_text(
        sheet.read_text().replace("    stage: enacted\n", "    # as signed\n    stage: enacted\n")
    )
    known = load_catalog(tiny_root).instruments["us-ri-kcpa-2025"]
    text = check(tiny_root, line_of(replace(known, stage=Stage.REPEALED)),
                 line_of(replace(load_catalog(tiny_root).provisions["us-ri-sale"],
                                 to=PartialDate("2026-10-01"))))  # fmt: skip
    changed = [
        one for one in text.splitlines() if one[:1] in "+-" and one[:3] not in ("+++", "---")
    ]
    assert changed == ["-    stage: enacted", "+    stage: repealed", "+    to: 2026-10-01"]
    assert "    # as signed\n" in sheet.read_text()


def test_new_instruments_and_provisions_in_the_style_of_the_house(tiny_root: Path) -> None:
    evidence = Evidence(
        kind=EvidenceKind.OFFICIAL_TEXT, url="https://rules.example/x", retrieved=TODAY,
        sha256="a" * 64, locator="(b)(4)", quote="mitragynine: 'listed' # here",
    )  # fmt: skip
    act = instrument(stage=Stage.ENACTED, kind=InstrumentKind.SESSION_LAW, title=HARD.strip(),
                     enacted=PartialDate("2026-06"), evidence=(evidence,), note="yes")  # fmt: skip
    law = provision(
        id="us-ri-new", instrument=act.id, effect=Effect.RESTRICT, schedule=None,
        verification=Verification.PRIMARY, evidence=(evidence,), from_=PartialDate("2027"),
        qualifiers=Qualifiers(
            min_age=21, seven_oh_caps=(Cap(value=2.5, unit=Unit.PERCENT_OF_ALKALOIDS),),
            behind_the_counter=True, forms=("gummy, candy", "no"),
            penalties=(Penalty(for_="first sale", fine="$1,000"),),
        ),
    )  # fmt: skip
    text = check(tiny_root, line_of(act), line_of(law))
    assert '+    session: "2025"' in text
    assert "+    substances: [mitragynine]" in text
    assert '+        - {value: 2.5, unit: "%-of-alkaloids"}' in text
    assert "+    title: >-" not in text or max(map(len, text.splitlines())) <= 101


def test_a_sheet_without_the_part(tiny_root: Path) -> None:
    act = instrument(id="kent-order", jurisdiction=KENT, kind=InstrumentKind.ORDINANCE,
                     stage=Stage.ENACTED, session=None, number="2026-1")  # fmt: skip
    law = provision(id="kent-ban", jurisdiction=KENT, instrument=act.id, effect=Effect.PROHIBIT,
                    schedule=None)  # fmt: skip
    check(tiny_root, line_of(act), line_of(law))


def test_a_place_without_a_sheet(tiny_root: Path) -> None:
    (tiny_root / "us" / "ri" / "kent-county.yaml").unlink()
    act = instrument(id="kent-order", jurisdiction=KENT, kind=InstrumentKind.ORDINANCE,
                     stage=Stage.ENACTED, session=None, number="2026-1")  # fmt: skip
    text = check(tiny_root, line_of(act))
    assert text.startswith("--- /dev/null\n+++ b/jurisdictions/us/ri/kent-county.yaml\n")
    with pytest.raises(PatchError, match="not in the register of places"):
        patch(tiny_root, [line_of(replace(act, jurisdiction="ocd-division/country:zz"))], PLACES)


def test_a_search_and_a_retraction(tiny_root: Path) -> None:
    search = Search(
        id="us-ri-search-2026", jurisdiction=RI, on=TODAY, where="Every register",
        covers=Coverage(from_=PartialDate("2016")), substances=(Substance.LEAF,),
        result=SearchResult.FOUND, local=True,
    )  # fmt: skip
    gone = line_of(load_catalog(tiny_root).provisions["us-ri-sale"])
    text = check(tiny_root, line_of(search), replace(gone, op=Op.RETRACT, provision=None))
    assert "+    covers: {from: 2016}" in text
    last = line_of(load_catalog(tiny_root).provisions["us-ri-ban"])
    check_only = patch(tiny_root, [replace(last, op=Op.RETRACT, provision=None)], PLACES)
    assert "-provisions:" in check_only


def test_comments_and_blank_lines_stay_where_they_are(tiny_root: Path) -> None:
    sheet = tiny_root / "us" / "ri.yaml"
    text = sheet.read_text().replace("provisions:\n", "\n# What is in force\nprovisions:\n")
    text = text.replace("  - id: us-ri-sale", "  # on sale\n  - id: us-ri-sale")
    sheet.write_text(text + "\n# the end\n")
    known = load_catalog(tiny_root).provisions["us-ri-ban"]
    act = instrument(id="us-ri-h1-2026", number="H 1")
    check(tiny_root, line_of(act), line_of(replace(known, note="Corrected")))
    after = sheet.read_text().splitlines()
    assert [line for line in text.splitlines() if line not in after] == []
    assert after[-1] == "# the end"


def test_nothing_to_say(tiny_root: Path) -> None:
    known = load_catalog(tiny_root)
    assert patch(tiny_root, [line_of(one) for one in known.provisions.values()], PLACES) == ""


@pytest.mark.parametrize("which", ["instruments", "provisions"])
def test_the_sheets_of_the_project(which: str, tmp_path: Path) -> None:
    """Any item of any sheet can be given another note without touching anything else."""
    from kratom_atlas.register import load_register, packaged_sheets

    source = Path(str(packaged_sheets()))
    root = tmp_path / "jurisdictions"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    places = load_register(root)
    items: dict[str, Any] = getattr(load_catalog(root), which)
    lines = [line_of(replace(one, note="Another note.")) for one in items.values()]
    text = patch(root, lines, places)
    applied(root, text)
    after: dict[str, Any] = getattr(load_catalog(root), which)
    assert {one.note for one in after.values()} == {"Another note."}
    assert {k: replace(v, note=None) for k, v in after.items()} == {
        k: replace(v, note=None) for k, v in items.items()
    }
