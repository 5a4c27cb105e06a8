"""The commands that read texts, given what people give them by mistake."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kratom_atlas.cli_read import COMMANDS

GROUP = click.Group(commands=[*COMMANDS])


def refusal(*args: str) -> str:
    done = CliRunner().invoke(GROUP, args)
    assert done.exit_code != 0
    assert not isinstance(done.exception, OSError | MemoryError)
    return str(done.exception) if done.exit_code == 1 else done.output


def test_no_more_of_a_file_is_read_than_of_any_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kratom_atlas.read.faults.LIMIT", 10_000)
    assert "at most 10,000 are read" in refusal("read", "/dev/zero")
    assert "at most 10,000 are read" in refusal("redline", "/dev/zero", "/dev/zero")


def test_what_cannot_be_read_or_written_is_one_line(tmp_path: Path) -> None:
    text = tmp_path / "act.txt"
    text.write_text("Section 1. A person shall not sell kratom.\n")
    (tmp_path / "empty.txt").write_bytes(b"")
    assert "cannot be read: Is a directory" in refusal("read", str(tmp_path))
    assert "No such file" in refusal("read", str(tmp_path / "none"))
    assert "has no text" in refusal("read", str(tmp_path / "empty.txt"))
    assert "not in " in refusal("read", "a" * 64)
    nowhere = str(tmp_path / "none" / "out.html")
    assert "cannot be written" in refusal("redline", str(text), str(text), "--out", nowhere)
    gold = tmp_path / "gold" / "passages"
    gold.mkdir(parents=True)
    (gold / "one.yaml").write_text(
        "- {id: one, place: US-RI, relevance: none, text: An act on lamps.}\n"
    )
    wrong = refusal("read", "--score", "--gold", str(gold.parent), "--save", nowhere)
    assert "cannot be written" in wrong
