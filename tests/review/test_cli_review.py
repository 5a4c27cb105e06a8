"""The commands of the review, as people run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from review_sample import ORIGINS, RI, TODAY, bill, document, finding, read, to_read, tracked

from kratom_atlas.cli_review import COMMANDS
from kratom_atlas.model.proposal import Proposal
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.review.propose import propose, propose_bill
from kratom_atlas.review.standing import stand
from kratom_atlas.store.database import open_store
from kratom_atlas.store.ledger import read_batches
from kratom_atlas.store.proposals import Proposals, Seen

GROUP = click.Group(commands=[*COMMANDS])
ESCAPE = "\x1b]0;owned\x07"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Proposal]:
    """An installation with a new bill and the rule of a place, on the project's own ledger."""
    monkeypatch.setenv("KRATOM_ATLAS_HOME", str(tmp_path))
    monkeypatch.delenv("KRATOM_ATLAS_DATABASE_URL", raising=False)
    monkeypatch.delenv("KRATOM_ATLAS_ACTOR", raising=False)
    with open_store(f"sqlite:///{tmp_path}/atlas.sqlite") as store:
        store.sync(read_batches(packaged_sheets() / "ledger"))
        standing = stand(store.lines(), load_register(packaged_sheets()))
        new = tracked(number="H 9999", session="2031", key="US-RI/2031/H9999", introduced=None,
                      actions=(), title=f"An act on kratom {ESCAPE}")  # fmt: skip
        found = propose_bill(bill(new), ORIGINS, standing, seen_on=TODAY)
        text = f"Rule 999-9-9. {ESCAPE} The following are listed: (b) mitragynine."
        rule = to_read(document(key="999-9-9", number="999-9-9", url="https://rules.example/9"))
        law = propose(read(finding(text=text, citation="999-9-9"), text=text), rule,
                      ORIGINS["us_ri_rules"], standing, seen_on=TODAY)  # fmt: skip
        for group in (found, law):
            basis = group[0].basis
            seen = Seen(basis.source, basis.key, basis.text_sha256, basis.reader)
            Proposals(store).make(seen, group, at="2026-11-22T00:00:00Z")
    return [*found, *law]


def run(*args: str) -> Result:
    return CliRunner().invoke(GROUP, ["review", *args])


def out(*args: str) -> str:
    done = run(*args)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def told(*args: str) -> Any:
    return json.loads(out(*args, "--json"))


def test_the_list(made: list[Proposal]) -> None:
    text = out("list")
    assert text.count("proposed: US-RI") == 3
    assert "\x1b" not in text
    assert len(told("list", "--place", "us-ri", "--source", "us_ri_rules")) == 2
    assert told("list", "--state", "rejected") == []
    assert run("list", "--state", "burnt").exit_code == 2


def test_one_beside_its_evidence(made: list[Proposal]) -> None:
    text = out("show", made[2].id)
    assert "[[mitragynine]]" in text
    assert "because: listed in a schedule" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert told("show", made[2].id)["is_law"] is True


def test_accepting_and_rejecting(made: list[Proposal]) -> None:
    who = ("--actor", "ada", "--reason", "read the rule")
    text = out("accept", made[2].id, made[1].id, *who)
    assert text.splitlines()[0].startswith(f"{made[1].id}: accepted; assert instrument us-ri-")
    assert "Against the text last accepted" in out("show", made[2].id)
    assert "retract provision" in out("reject", made[2].id, *who)
    text = out("accept", made[0].id, *who, "--set", "title=An act on kratom")
    assert "assert instrument us-ri-h9999-2031" in text
    assert [one["state"] for one in told("list", "--state", "all")] == [
        "edited", "accepted", "rejected",
    ]  # fmt: skip
    assert "reopened" in out("reopen", made[1].id, *who)


def test_what_is_missing_or_wrong_is_one_line(made: list[Proposal]) -> None:
    assert run("accept", made[0].id, "--actor", "ada").exit_code == 2
    done = run("accept", "p-none", "--actor", "ada", "--reason", "x")
    assert "no proposal 'p-none'" in str(done.exception)
    done = run("accept", made[0].id, "--actor", "a", "--reason", "x", "--set", "title")
    assert done.exit_code == 2
    done = run("accept", made[2].id, "--actor", "ada", "--reason", "x")
    assert "accept its instrument" in str(done.exception)


def test_the_policies(made: list[Proposal]) -> None:
    assert "structured-stage 1: " in out("policies")
    assert [one["policy"] for one in told("policies")] == ["structured-stage", "schedule-term"]


def test_the_patch(made: list[Proposal], tmp_path: Path) -> None:
    who = ("--actor", "ada", "--reason", "read the rule")
    out("accept", made[1].id, made[2].id, *who)
    sheets = str(packaged_sheets())
    text = out("patch", "--sheets", sheets)
    assert text.startswith("--- a/jurisdictions/us/ri.yaml\n+++ b/jurisdictions/us/ri.yaml\n")
    file = tmp_path / "accepted.patch"
    out("patch", "--sheets", sheets, "--out", str(file))
    assert file.read_text() == text
    out("reject", made[2].id, *who)
    out("reject", made[1].id, *who)
    assert "the sheets say all" in run("patch", "--sheets", sheets).output


def test_a_patch_that_cannot_be_written_or_made_is_one_line(
    made: list[Proposal], tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "none" / "x.patch")
    done = run("patch", "--sheets", str(packaged_sheets()), "--out", nowhere)
    assert "cannot be written" in str(done.exception)
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    (sheets / "a.yaml").write_bytes(b"\xff\xfe\x00")
    done = run("patch", "--sheets", str(sheets))
    assert "a.yaml: cannot be read: is not UTF-8" in str(done.exception)


def test_the_radar(made: list[Proposal]) -> None:
    found = told("radar")
    assert len(found) > 50
    assert all(one["watchers"] or one["alarm"] for one in found)
    assert len(told("radar", "--alarms")) <= len(found)
    assert RI in {one.jurisdiction for one in made}
