"""Where the record comes from: the ledger that comes with the project, or a store beyond it."""

from __future__ import annotations

from kratom_atlas.model.statement import Line
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.resolve.record import Record
from kratom_atlas.settings import Settings
from kratom_atlas.store.ledger import read_batches

__all__ = ["load_record", "recorded_lines"]


def load_record(settings: Settings, *, use_store: bool = False) -> Record:
    """The record: every line, and the register of places."""
    return Record(recorded_lines(settings, use_store=use_store), load_register(packaged_sheets()))


def recorded_lines(settings: Settings, *, use_store: bool = False) -> list[Line]:
    """Every line of the ledger, in order.

    From the store where one is named or there already, or where `use_store` asks for one to be
    made; it is first brought up to the ledger that comes with the project. Otherwise from that
    ledger itself: reading an answer leaves nothing behind.
    """
    batches = read_batches(packaged_sheets() / "ledger")
    default = settings.default_database
    if not (use_store or settings.database_url or default.is_file()):
        return [line for batch in batches for line in batch.lines]
    from kratom_atlas.store.database import open_store

    with open_store(settings.database_url or f"sqlite:///{default}") as store:
        store.sync(batches)
        return list(store.lines())
