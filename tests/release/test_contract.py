"""Names that other people build on: this fails when one moves."""

from __future__ import annotations

import pytest

from kratom_atlas.cli import command
from kratom_atlas.release.tables import FIELDS, KEYS, Edition

COLUMNS = {
    "status": (
        "jurisdiction_id, code, name, level, parent_id, substance, own_status, "
        "total_status, possess_status, sell_status, since, until, flags, min_age, "
        "seven_oh_cap, instrument, citation, source_url, verification, last_checked, "
        "last_changed"
    ),
    "status_history": (
        "jurisdiction_id, code, substance, own_status, total_status, possess_status, "
        "sell_status, valid_from, valid_to, flags, provision_ids, verification"
    ),
    "changes": (
        "change_id, date, kind, jurisdiction_id, code, substance, from_status, to_status, "
        "own_or_total, activity, provision_ids, recorded_at, summary"
    ),
    "provisions": (
        "provision_id, jurisdiction_id, code, substances, activities, effect, qualifiers, "
        "extent, valid_from, valid_to, instrument_id, citation, source_url, "
        "evidence_sha256, verification, recorded_at"
    ),
    "instruments": (
        "instrument_id, jurisdiction_id, kind, session, number, title, stage, introduced, "
        "enacted, effective, url"
    ),
    "jurisdictions": (
        "jurisdiction_id, code, name, level, parent_id, geoid, searched, last_checked"
    ),
    "sources": ("source_id, publisher, covers, kind, schedule, last_success, last_change, health"),
}
COMMANDS = {"build", "ingest", "status", "diff", "export", "verify", "sources", "schedule",
            "serve", "mcp"}  # fmt: skip


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_stand_in_the_promised_order(table: str, edition: Edition) -> None:
    promised = COLUMNS[table].split(", ")
    assert list(edition.tables[table].columns)[: len(promised)] == promised
    assert list(edition.tables[table].columns) == list(FIELDS[table])


def test_the_tables_are_those_promised(edition: Edition) -> None:
    assert set(edition.tables) == set(COLUMNS) == set(KEYS)


def test_the_commands_are_there_and_explain_themselves() -> None:
    assert set(command.commands) >= COMMANDS
    for name in COMMANDS:
        help_text = command.commands[name].help or ""
        assert "Example" in help_text, f"{name} --help has no example"
