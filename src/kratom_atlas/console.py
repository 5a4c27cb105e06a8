"""What the commands share: how they speak and write, and how they take days and moments."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import click

from kratom_atlas.errors import AtlasError

__all__ = ["DAY", "MOMENT", "one_line", "say", "write_out"]


def say(message: str) -> None:
    """Tell people something beside the output."""
    click.echo(f"kratom-atlas: {message.removeprefix('kratom-atlas: ')}", err=True)


def one_line(text: str) -> str:
    """Text without breaks, bounded."""
    return " ".join(text.split())[:1000]


def write_out(path: Path, text: str) -> None:
    """Write a file that somebody asked for.

    Raises:
        AtlasError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AtlasError(f"{path}: cannot be written: {error.strerror or error}") from None


class _Day(click.ParamType[date]):
    """A calendar day; `today` is the one place where the wall clock comes in."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        if value == "today":
            return datetime.now(UTC).date()
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value), re.ASCII):
            self.fail(f"{value!r} is not a day: write it as 2026-07-01.", param, ctx)
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            self.fail(f"{value!r} is not a day of the calendar: {error}.", param, ctx)


class _Moment(click.ParamType[str]):
    """A day (all that was recorded on it is known) or a moment in UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from kratom_atlas.model.statement import known_bound

        try:
            known_bound(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        return str(value)


DAY: Final = _Day()
MOMENT: Final = _Moment()
