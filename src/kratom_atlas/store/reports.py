"""Reports of errors: taken from anybody, answered by a person, erased where they name somebody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.report import ErrorReport, ReportState
from kratom_atlas.store.database import Store, plainly, writing

__all__ = ["ReportError", "Reports"]

_report: Final = sa.Table(
    "report",
    sa.MetaData(),
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    *(sa.Column(n, sa.Text) for n in ("reported_at", "about", "text", "evidence", "contact")),
    *(sa.Column(n, sa.Text) for n in ("state", "response", "answered_at")),
    sa.Column("published", sa.Boolean),
)


class ReportError(AtlasError):
    """A report that is not there, or cannot be answered so."""


class Reports:
    """The reports of a store. Safe to use from several threads and processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, *, at: str, about: str, text: str, evidence: str = "", contact: str = "") -> int:
        """Keep a report; its number."""
        row = {
            "reported_at": at,
            "about": about,
            "text": text,
            "evidence": evidence,
            "contact": contact,
            "state": str(ReportState.OPEN),
            "response": "",
            "answered_at": "",
            "published": False,
        }
        with self._writing() as connection:
            made = connection.execute(sa.insert(_report).values(row))
            key = made.inserted_primary_key
            assert key is not None
            return int(key[0])

    def get(self, number: int) -> ErrorReport:
        """One report.

        Raises:
            ReportError: there is none of that number.
        """
        with plainly(self._store.name), self._store.engine.connect() as connection:
            return _found(connection, number)

    def all(
        self, *, state: ReportState | None = None, limit: int | None = None, offset: int = 0
    ) -> list[ErrorReport]:
        """Reports, the newest first."""
        query = sa.select(_report).order_by(_report.c.number.desc()).limit(limit).offset(offset)
        if state is not None:
            query = query.where(_report.c.state == str(state))
        with plainly(self._store.name), self._store.engine.connect() as connection:
            return [_read(row) for row in connection.execute(query).mappings()]

    def count(self) -> int:
        """How many there are."""
        with plainly(self._store.name), self._store.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(_report)) or 0

    def answer(
        self, number: int, *, state: ReportState, response: str, publish: bool, at: str
    ) -> ErrorReport:
        """Answer a report and erase who sent it; what it was before, for a last message to them.

        Raises:
            ReportError: there is none of that number.
        """
        with self._writing() as connection:
            before = _found(connection, number)
            connection.execute(
                sa.update(_report)
                .where(_report.c.number == number)
                .values(
                    state=str(state),
                    response=response,
                    answered_at=at,
                    published=publish,
                    contact="",
                )
            )
        return before

    def erase(self, number: int, *, at: str) -> None:
        """Erase what somebody wrote; the number stays, declined.

        Raises:
            ReportError: there is none of that number.
        """
        with self._writing() as connection:
            _found(connection, number)
            connection.execute(
                sa.update(_report)
                .where(_report.c.number == number)
                .values(
                    text="",
                    evidence="",
                    contact="",
                    published=False,
                    state=str(ReportState.DECLINED),
                    answered_at=at,
                )
            )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with plainly(self._store.name), writing(self._store.engine) as connection:
            yield connection


def _found(connection: Connection, number: int) -> ErrorReport:
    query = sa.select(_report).where(_report.c.number == number)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise ReportError(f"no report {number}: `kratom-atlas reports list` names them")
    return _read(row)


def _read(row: Any) -> ErrorReport:
    said = {name: row[name] for name in ErrorReport.__struct_fields__}
    return ErrorReport(**{**said, "state": ReportState[row["state"].upper()]})
