"""The commands of who answers reports of errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from kratom_atlas.console import one_line, say
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from kratom_atlas.model.report import ErrorReport

__all__ = ["COMMANDS"]

_STATES: Final = ("open", "answered", "fixed", "declined")
_NUMBER: Final = click.IntRange(1, 2**53)


@click.group()
def reports() -> None:
    """Reports of errors: read them, answer them, erase what nobody should see."""


@reports.command("list")
@click.option("--state", type=click.Choice((*_STATES, "all")), default="open", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(state: str, as_json: bool) -> None:
    """Reports in a state, the newest first, with all that their authors wrote.

    \b
    Example: kratom-atlas reports list
    """
    import json

    from kratom_atlas.model.report import ReportState
    from kratom_atlas.notify.reporting import open_reports

    with open_reports(Settings.from_environment()) as found:
        every = found.all(state=None if state == "all" else ReportState[state.upper()])
    if as_json:
        click.echo(json.dumps([_plain(one) for one in every], ensure_ascii=False, indent=1))
        return
    for one in every:
        _tell(one)
    if not every:
        say("no reports there" if state == "all" else f"no report is {state}")


@reports.command()
@click.argument("number", type=_NUMBER)
@click.option("--state", type=click.Choice(_STATES[1:]), required=True, help="What became of it.")
@click.option("--text", required=True, help="Our answer; it is public.")
@click.option("--publish", is_flag=True, help="Show what was reported: you have read it.")
def answer(number: int, state: str, text: str, publish: bool) -> None:
    """Answer a report. The address of its author is erased; it is told here a last time.

    \b
    Example: kratom-atlas reports answer 12 --state fixed --text "Ends 2026-07-01." --publish
    """
    from kratom_atlas.model.report import ReportState
    from kratom_atlas.notify.reporting import open_reports

    response = text.strip()
    if not response:
        raise click.UsageError("--text is empty: say what became of it.")
    with open_reports(Settings.from_environment()) as found:
        before = found.answer(
            number, state=ReportState[state.upper()], response=response, publish=publish, at=_now()
        )
    click.echo(f"report {number}: {state}{', shown in public' if publish else ''}")
    if before.contact:
        say(f"erased now, so write at once if you want to: {_shown(before.contact)}")


@reports.command()
@click.argument("number", type=_NUMBER)
def erase(number: int) -> None:
    """Erase what a report says and who sent it; its number stays, declined.

    \b
    Example: kratom-atlas reports erase 12
    """
    from kratom_atlas.notify.reporting import open_reports

    with open_reports(Settings.from_environment()) as found:
        found.erase(number, at=_now())
    click.echo(f"report {number}: erased")


COMMANDS: Final[tuple[click.Command, ...]] = (reports,)


def _tell(one: ErrorReport) -> None:
    about = f"/{one.about}" if one.about else "no page named"
    click.echo(f"{one.number}  {one.state.label.lower()}  {one.reported_at}  {about}")
    for name, value in (
        ("said", one.text),
        ("evidence", one.evidence),
        ("from", one.contact),
        ("answer", one.response),
    ):
        for line in value.splitlines():
            if line.strip():
                click.echo(f"  {name}: {_shown(line)}")


def _plain(one: ErrorReport) -> dict[str, Any]:
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(one)
    return told


def _shown(text: str) -> str:
    """What a stranger wrote, without what acts on a terminal."""
    from kratom_atlas.report.words import inert

    return one_line(inert(text))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
