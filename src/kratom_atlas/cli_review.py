"""The commands of the review: what is proposed, beside its evidence, and what is decided."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kratom_atlas.console import one_line, say, write_out
from kratom_atlas.settings import ACTOR, Settings

if TYPE_CHECKING:
    from kratom_atlas.crawl.health import Survey
    from kratom_atlas.model.statement import Line
    from kratom_atlas.review.desk import Desk
    from kratom_atlas.review.propose import Origin
    from kratom_atlas.review.standing import Standing
    from kratom_atlas.review.update import Reader
    from kratom_atlas.store.captures import Captures
    from kratom_atlas.store.database import Store
    from kratom_atlas.store.proposals import Entry

__all__ = ["COMMANDS"]

_PLAIN: Final = ("[[", "]]")
_BOLD: Final = ("\x1b[1m", "\x1b[0m")


@click.group()
def review() -> None:
    """Proposals: read what is new, look at the evidence, accept, reject."""


@review.command()
@click.option("--again", is_flag=True, help="Read also what has been read as it is.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def run(again: bool, as_json: bool) -> None:
    """Read what the crawls brought, propose, and let the policies accept what is safe.

    \b
    Example: kratom-atlas review run
    """
    import json

    from kratom_atlas.review.texts import reader_name
    from kratom_atlas.review.update import update
    from kratom_atlas.store.captures import Captures
    from kratom_atlas.store.crawls import Archive

    settings = Settings.from_environment()
    with _desk(settings) as desk:
        done = update(
            Archive(desk.proposals.store),
            desk,
            _reader(Captures(settings.captures), desk),
            _origins(),
            reader=reader_name(),
            now=datetime.now(UTC),
            again=again,
        )
    if as_json:
        told = {**vars(done), "made": vars(done.made)}
        click.echo(json.dumps(told, indent=1))
        return
    made = done.made
    click.echo(
        f"{done.texts} texts read, {done.skipped} read before, {done.unread} not held, "
        f"{done.failed} not read for a fault of the reader; "
        f"{made.proposed} proposed, {made.superseded} superseded, {made.withdrawn} withdrawn, "
        f"{made.reopened} reopened"
    )
    for policy, count in done.accepted.items():
        click.echo(f"accepted by policy {policy}: {count}")
    click.echo(f"{done.open} wait for a decision: kratom-atlas review list")


@review.command("list")
@click.option("--state", default="open", show_default=True, help="`open`, a state, or `all`.")
@click.option("--place", default="", metavar="CODE", help="Of this place only.")
@click.option("--source", default="", metavar="ID", help="From this source only.")
@click.option("--bills", is_flag=True, help="Also what bills would do, which is no law.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(state: str, place: str, source: str, bills: bool, as_json: bool) -> None:
    """The proposals that wait for a decision, or those in another state.

    \b
    Example: kratom-atlas review list --place US-OH
    """
    import json

    from kratom_atlas.review import view

    if state not in view.STATES:
        raise click.UsageError(f"no state {state!r}: write {', '.join(view.STATES)}.")
    with _desk(Settings.from_environment()) as desk:
        standing = desk.standing()
        found = view.chosen(
            desk.proposals.entries(), standing,
            state=state, place=place, source=source,
            bills=bills,
        )  # fmt: skip
    if as_json:
        told = [view.plain(entry, standing) for entry in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for entry in found:
        proposal = entry.proposal
        words = view.visible(one_line(view.headline(proposal, standing)))
        click.echo(f"{proposal.id}  {entry.state.label.lower()}: {words}")
        for doubt in proposal.doubts:
            click.echo(f"  look: {view.visible(one_line(doubt))}")
    if not found:
        say("nothing there; `kratom-atlas review run` reads what the crawls brought")


@review.command()
@click.argument("name", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(name: str, as_json: bool) -> None:
    """One proposal beside its evidence, with a redline against the text last accepted.

    \b
    Example: kratom-atlas review show p-0123456789abcdef
    """
    import json

    from kratom_atlas.read.redline import redline
    from kratom_atlas.report.redline import render
    from kratom_atlas.review import view

    with _desk(Settings.from_environment()) as desk:
        standing = desk.standing()
        entry = desk.proposals.entry(name)
        before = view.last_accepted(entry, desk.proposals.entries(), standing)
    if as_json:
        click.echo(json.dumps(view.plain(entry, standing), ensure_ascii=False, indent=1))
        return
    for line in _shown(entry, standing):
        click.echo(line)
    passage = entry.proposal.basis.passage
    if before and passage:
        made = redline(before, passage)
        click.echo("")
        click.echo(render(made, "text", title="Against the text last accepted"), nl=False)


def _shown(entry: Entry, standing: Standing) -> Iterator[str]:
    from kratom_atlas.review import view

    proposal = entry.proposal
    yield view.visible(one_line(view.headline(proposal, standing)))
    law = "" if proposal.is_law else "; what it would do is no law"
    yield f"{proposal.id}: {proposal.kind.label.lower()}, {entry.state.label.lower()}{law}"
    for doubt in proposal.doubts:
        yield f"  look: {view.visible(one_line(doubt))}"
    yield ""
    for row in view.rows(proposal, standing):
        was = f"  (recorded: {row.recorded or '-'})" if row.differs and proposal.subject else ""
        yield view.visible(one_line(f"  {row.name}: {row.proposed or '-'}{was}"))
    basis = proposal.basis
    yield ""
    yield view.visible(one_line(f"{basis.source} {basis.key}, read by {basis.reader}"))
    for word in basis.because:
        yield f"  because: {view.visible(one_line(word))}"
    opening, closing = _BOLD if _has_colour() else _PLAIN
    yield "".join(
        f"{opening}{view.visible(text)}{closing}" if marked else view.visible(text)
        for text, marked in view.segments(basis.passage, basis.marks)
    )
    for one in getattr(proposal.body, "evidence", ()):
        yield view.visible(one_line(f"  {one.kind.label}: {one.url or one.document}"))
    for done in entry.decisions:
        by = f" (policy {done.policy})" if done.policy else ""
        told = f"{done.decided_at} {done.state.label.lower()}, {done.actor}{by}: {done.reason}"
        yield view.visible(one_line(told))


def _has_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


_ACTOR = click.option("--actor", envvar=ACTOR, required=True, help=f"Who decides; or {ACTOR}.")
_REASON = click.option("--reason", required=True, help="Why.")


@review.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@_ACTOR
@_REASON
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE",
              help="With another value: from=2026-07-01, substances=[leaf, 7-oh].")  # fmt: skip
def accept(names: tuple[str, ...], actor: str, reason: str, changes: tuple[str, ...]) -> None:
    """Have the record say what is proposed.

    \b
    Example: kratom-atlas review accept p-0123456789abcdef --actor ada --reason "read the act"
    """
    if changes and len(names) > 1:
        raise click.UsageError("--set is for one proposal at a time.")
    given = dict(_pair(text) for text in changes)
    with _desk(Settings.from_environment()) as desk:
        entries = [desk.proposals.entry(name) for name in names]
        # What a provision rests on comes before it.
        for entry in sorted(entries, key=lambda one: one.proposal.kind.rank):
            name = entry.proposal.id
            lines = desk.accept(name, actor=actor, reason=reason, at=_now(), changes=given)
            _told(name, "accepted", lines)


def _pair(text: str) -> tuple[str, str]:
    field, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"{text!r} is not a change: write field=value.")
    return field.strip(), value.strip()


@review.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@_ACTOR
@_REASON
def reject(names: tuple[str, ...], actor: str, reason: str) -> None:
    """Have the record not say it; what was accepted is taken back."""
    with _desk(Settings.from_environment()) as desk:
        for name in names:
            lines = desk.reject(name, actor=actor, reason=reason, at=_now())
            _told(name, "rejected", lines)


@review.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@_ACTOR
@_REASON
def reopen(names: tuple[str, ...], actor: str, reason: str) -> None:
    """Have it looked at again; what the record says stands until then."""
    with _desk(Settings.from_environment()) as desk:
        for name in names:
            desk.reopen(name, actor=actor, reason=reason, at=_now())
            _told(name, "reopened", [])


def _told(name: str, word: str, lines: list[Line]) -> None:
    what = "; ".join(f"{line.op} {line.part} {line.subject}" for line in lines)
    click.echo(f"{name}: {word}; {what or 'the record stays as it is'}")


@review.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def policies(as_json: bool) -> None:
    """What may be accepted without a person, and how often that was wrong."""
    import json

    from kratom_atlas.review.policies import policy_report

    with _desk(Settings.from_environment()) as desk:
        report = policy_report(desk.proposals.entries())
    if as_json:
        click.echo(json.dumps(report, indent=1))
        return
    for one in report:
        click.echo(f"{one['policy']} {one['version']}: {one['scope']}")
        for name, words in (("labelled_cases", "labelled cases"), ("reviewed_here", "looked at")):
            found = one[name]
            click.echo(
                f"  {words}: {found['wrong']} of {found['decisions']} wrong "
                f"(95 %: {found['error_low']:.1%} to {found['error_high']:.1%})"
            )
        click.echo(f"  accepted here: {one['accepted_here']}")


@review.command()
@click.option("--sheets", default="jurisdictions", show_default=True,
              type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The folder of the master sheets.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
def patch(sheets: Path, out: Path | None) -> None:
    """What was accepted here, as a patch of the master sheets.

    \b
    Example: kratom-atlas review patch --out accepted.patch && git apply accepted.patch
    """
    from kratom_atlas.review.patch import decided
    from kratom_atlas.review.patch import patch as made

    with _desk(Settings.from_environment()) as desk:
        lines = decided(desk.proposals.entries(), desk.proposals.store.lines())
        text = made(sheets.resolve(), lines, desk.places)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_out(out, text)
    if not text:
        say("the sheets say all that was accepted")


@review.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--alarms", is_flag=True, help="Only where something is wrong.")
def radar(as_json: bool, alarms: bool) -> None:
    """When each provision in force is to be looked at again, and what would show its end."""
    import json

    from kratom_atlas.review.radar import plain
    from kratom_atlas.review.radar import radar as made

    with _desk(Settings.from_environment()) as desk:
        now = datetime.now(UTC)
        found = made(desk.standing(), _survey(desk.proposals.store, now), now.date())
    if alarms:
        found = tuple(one for one in found if one.alarm)
    if as_json:
        click.echo(json.dumps([plain(one) for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        click.echo(f"{one.next_check} {one.place} {one.provision}: {one_line(one.because)}")
        for watcher in one.watchers:
            click.echo(f"  {one_line(watcher)}")
        if one.alarm:
            click.echo(f"  ALARM: {one_line(one.alarm)}")


@review.command()
@click.option("--port", default=8766, show_default=True, type=click.IntRange(0, 65535))
def page(port: int) -> None:
    """The review in a browser, on this machine only."""
    from markupsafe import Markup

    from kratom_atlas.read.redline import redline
    from kratom_atlas.report.redline import to_html
    from kratom_atlas.review.page import Office, server

    def compared(old: str, new: str) -> Markup:
        return to_html(redline(old, new))

    with _desk(Settings.from_environment()) as desk:
        running = server(Office(desk, lambda: datetime.now(UTC), compared), port)
        say(f"http://127.0.0.1:{running.server_port}/ (Ctrl-C ends it)")
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            say("ended")
        finally:
            running.server_close()


COMMANDS: Final[tuple[click.Command, ...]] = (review,)


# -- what the commands work with -------------------------------------------------------------


@contextmanager
def _desk(settings: Settings) -> Iterator[Desk]:
    """The desk of this installation, on a ledger that is up to date with the project's."""
    from kratom_atlas.register import load_register, packaged_sheets
    from kratom_atlas.review.desk import Desk
    from kratom_atlas.store.database import open_store
    from kratom_atlas.store.ledger import read_batches
    from kratom_atlas.store.proposals import Proposals

    with open_store(settings.store_url) as store:
        store.sync(read_batches(packaged_sheets() / "ledger"))
        yield Desk(Proposals(store), load_register(packaged_sheets()))


def _now() -> str:
    from kratom_atlas.store.crawls import moment

    return moment(datetime.now(UTC))


def _origins() -> dict[str, Origin]:
    from kratom_atlas.crawl.registry import find_scrapers
    from kratom_atlas.review.propose import origin_of

    declared = [row for one in find_scrapers().values() for row in (one.source, *one.sources())]
    return {source.id: origin_of(source) for source in declared}


def _reader(captures: Captures, desk: Desk) -> Reader:
    """Reads a text with the grammar of this program."""
    from kratom_atlas.review.propose import Read
    from kratom_atlas.review.texts import ToRead, read_one, reader_name

    codes = {key: place.code for key, place in desk.places.items()}
    codes |= {key: place.code for key, place in desk.standing().places.items()}

    def read(one: ToRead) -> Read | None:
        if one.jurisdiction not in codes:
            return None
        reading, marked = read_one(one, captures, codes)
        return Read(reading, marked, reader_name()) if marked else None

    return read


def _survey(store: Store, now: datetime) -> Survey:
    from kratom_atlas.crawl.health import families, survey
    from kratom_atlas.crawl.registry import find_scrapers
    from kratom_atlas.store.looks import read_looks

    scrapers = list(find_scrapers().values())
    return survey(scrapers, read_looks(store, now, families(scrapers)), now)
