"""The command line. It composes; the work is done elsewhere, imported when a command needs it."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import click

from kratom_atlas import (
    __version__,
    cli_alerts,
    cli_read,
    cli_reports,
    cli_review,
    cli_serve,
    cli_sources,
    cli_watch,
)
from kratom_atlas.console import DAY, MOMENT, one_line, say
from kratom_atlas.errors import AtlasError
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from tqdm import tqdm

    from kratom_atlas.model.status import Answer, Link
    from kratom_atlas.report.diff import Format
    from kratom_atlas.resolve.record import Record, View

__all__ = ["main"]

NOT_ADVICE: Final = "This is information, and neither legal nor medical advice."


def main() -> NoReturn:
    """Run the command line; errors are one plain line, exit status 0, 1 or 2."""
    debug = "--debug" in sys.argv
    try:
        command.main(prog_name="kratom-atlas", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        if debug:
            raise
        where = error.ctx.command_path if error.ctx else "kratom-atlas"
        say(f"{where}: {one_line(error.format_message())} Try '{where} --help'.")
        sys.exit(2)
    except click.Abort:
        say("stopped")
        sys.exit(130)
    except (AtlasError, click.ClickException) as error:
        if debug:
            raise
        say(one_line(str(error)))
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        say(
            f"something went wrong that should not: {type(error).__name__}: "
            f"{one_line(str(error))}; run again with --debug and report it"
        )
        sys.exit(1)
    sys.exit(0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def command(debug: bool) -> None:
    """What the law on kratom is, here, on this day, and how we know.

    \b
    Examples:
      kratom-atlas status "Sarasota County, FL"
      kratom-atlas status US-GA --substance 7-oh --on 2025-07-01 --why
      kratom-atlas diff 2026-01-01 2026-12-31 --format md
      kratom-atlas build && python -m http.server --directory site
    """


def _record(settings: Settings, *, use_store: bool = False) -> Record:
    from kratom_atlas.record import load_record

    return load_record(settings, use_store=use_store)


def _view(record: Record, known: str | None) -> View:
    from kratom_atlas.model.statement import known_bound

    view = record.at(None if known is None else known_bound(known))
    if known is not None and record.moments and not record.before(record.moments[0], view.known):
        say(f"note: nothing was recorded by {known}; the record begins {record.moments[0]}")
    return view


def _note_future(day: date) -> None:
    if day > datetime.now(UTC).date():
        say(f"note: {day} has not come yet; the answer is what is enacted and recorded so far")


# -- publishing --------------------------------------------------------------------------------


@command.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("site"), show_default=True)
@click.option("--as-of", type=DAY, default="today", show_default=True, help="The day shown as now.")
@click.option("--known", type=MOMENT, help="Leave out what was recorded later.")
@click.option(
    "--releases",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with the releases published so far (default: those of the site that stands).",
)
def build(out: Path, as_of: date, known: str | None, releases: Path | None) -> None:
    """Write everything publishable from the ledger: map, dataset, reports, pages.

    Needs no network and no key. If it fails, the site that stood there stands.

    \b
    Example: kratom-atlas build --out site --as-of 2026-11-22
    """
    from kratom_atlas.build import build as build_site
    from kratom_atlas.model.statement import known_bound

    settings = Settings.from_environment()
    _note_future(as_of)
    record = _record(settings, use_store=True)
    with _Progress() as progress, cli_watch.watched(settings, as_of) as watched:
        built = build_site(
            record,
            out,
            as_of=as_of.toordinal(),
            known=None if known is None else known_bound(known),
            settings=settings,
            releases=releases,
            today=datetime.now(UTC).date().toordinal(),
            watched=watched,
            progress=progress,
        )
    what = "nothing changed since" if built.unchanged else "built"
    if not built.version.endswith("-preview"):
        what += " release"
    click.echo(f"{built.out}: {what} {built.version}, {built.files:,} files")
    click.echo(f"To open it: python -m http.server --directory {_shown(out)} 8000")
    click.echo("and then http://localhost:8000/ in a browser.")


def _shown(path: Path) -> str:
    text = str(path)
    return f"'{text}'" if re.search(r"[^\w./-]", text) else text


class _Progress:
    """A progress bar on a terminal, silence elsewhere."""

    def __init__(self) -> None:
        self.bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm as bar

            self.bar = bar(unit=" files", leave=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, what: str, count: int | None) -> None:
        if self.bar is not None:
            self.bar.set_description(what)
            if count is not None:
                self.bar.update(count - self.bar.n)


@command.command()
@click.option("--actor", required=True, help="Who records it.")
@click.option("--reason", required=True, help="Why, in one line.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("jurisdictions"),
    show_default=True,
    help="The folder of sheets, with its ledger.",
)
@click.option("--recorded-at", help="Moment in UTC, as 2026-11-22T08:00:00Z (default: now).")
def ingest(actor: str, reason: str, root: Path, recorded_at: str | None) -> None:
    """Compare the sheets with the ledger and append the difference.

    Appends one batch, whole or not at all; a second run appends nothing.

    \b
    Example: kratom-atlas ingest --actor "A. Editor" --reason "HF 3453 signed"
    """
    from kratom_atlas.store.ingest import ingest as append

    moment = recorded_at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    batch = append(root, recorded_at=moment, actor=actor, reason=reason)
    if batch is None:
        click.echo("nothing to record: the ledger says what the sheets say")
        return
    counts: dict[str, int] = {}
    for line in batch.lines:
        words = f"{line.op} {line.part}"
        counts[words] = counts.get(words, 0) + 1
    click.echo(f"{batch.name}: {len(batch.lines):,} lines")
    for words, count in sorted(counts.items()):
        click.echo(f"  {words}: {count:,}")


@command.command()
@click.argument("file")
@click.option("--as-of", type=DAY, default="today", show_default=True)
@click.option("--known", type=MOMENT)
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Path to write.")
def export(file: str, as_of: date, known: str | None, out: Path | None) -> None:
    """Write one file of the dataset to standard output, or to a path.

    FILE is a table (status, status_history, changes, provisions, instruments, jurisdictions,
    sources) with .csv or .parquet, or geojson.

    \b
    Example: kratom-atlas export status.csv > status.csv
    """
    from kratom_atlas.release.export import export_file
    from kratom_atlas.release.tables import Edition

    settings = Settings.from_environment()
    record = _record(settings)
    view = _view(record, known)
    survey = None
    if file.lower().startswith("sources"):
        with cli_watch.watched(settings, as_of) as watched:
            survey = watched.survey()
    data = export_file(Edition(record, as_of.toordinal(), view.known, survey), file)
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    from kratom_atlas.store.ledger import write_whole

    try:
        write_whole(out, data)
    except OSError as error:
        raise AtlasError(f"cannot write {out}: {error.strerror}") from None


@command.command()
@click.argument("site", type=click.Path(path_type=Path, file_okay=False), default=Path("site"))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(site: Path, as_json: bool) -> None:
    """Derive every published cell again and report what does not match.

    Checks the ledger's chain, that the sheets and the ledger agree, every cell of every table in
    every format, and the digests of the published files and of every release. How sources were
    doing on that day is known to the store of whoever built the site, and not derived.

    \b
    Example: kratom-atlas verify site
    """
    from kratom_atlas.verify import verify as check

    faults = check(site, _record(Settings.from_environment()), cli_watch.declared())
    if as_json:
        import json

        click.echo(json.dumps({"faults": faults}, ensure_ascii=False, indent=1))
    else:
        for fault in faults:
            click.echo(fault)
        if not faults:
            click.echo("every published cell follows from the ledger")
    if faults:
        raise click.exceptions.Exit(1)


# -- answers -----------------------------------------------------------------------------------


@command.command()
@click.argument("place")
@click.option("--substance", help="One substance (default: all).")
@click.option("--on", type=DAY, default="today", show_default=True, help="The day of the law.")
@click.option("--known", type=MOMENT, help="As this dataset knew it then.")
@click.option("--why", is_flag=True, help="The chain of provisions and searches, with citations.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(
    place: str, substance: str | None, on: date, known: str | None, why: bool, as_json: bool
) -> None:
    """One place's answer.

    PLACE is a code (US-AL), a postal code in lower case (al), a name (Alabama, "Sarasota County,
    FL"), a FIPS code (12115) or an Open Civic Data division id.

    \b
    Example: kratom-atlas status "Sarasota County, FL" --substance leaf --why
    """
    from kratom_atlas.model.vocabulary import Substance
    from kratom_atlas.places import find_place
    from kratom_atlas.resolve.explain import answer

    record = _record(Settings.from_environment())
    view = _view(record, known)
    _note_future(on)
    found = find_place(record, place)
    if found.note:
        say(f"note: {found.note}")
    wanted = [_substance(substance)] if substance else list(Substance)
    shown = known or (record.moments[-1] if record.moments else "an empty record")
    answers = [answer(view, found.index, s, on.toordinal(), shown) for s in wanted]
    if as_json:
        import msgspec

        encoded = msgspec.json.encode(answers if len(answers) > 1 else answers[0], enc_hook=str)
        click.echo(msgspec.json.format(encoded, indent=1).decode())
        return
    click.echo(_answer_text(record, answers, why=why))


def _substance(word: str) -> Any:
    import difflib

    from kratom_atlas.model.vocabulary import Substance

    by_id = {str(s): s for s in Substance}
    if word.lower() in by_id:
        return by_id[word.lower()]
    near = difflib.get_close_matches(word.lower(), by_id, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise AtlasError(f"no substance {word[:80]!r}: one of {', '.join(by_id)}{hint}")


def _answer_text(record: Record, answers: list[Answer], *, why: bool) -> str:
    from kratom_atlas.places import place_name

    first = answers[0]
    place = first.jurisdiction
    lines = [
        f"{place_name(record, place)} ({place.code}) on {first.on}, as known {first.known}",
        "",
    ]
    for answer in answers:
        lines += _one_answer(answer, why=why)
    lines += ["", NOT_ADVICE]
    return "\n".join(lines)


def _one_answer(answer: Answer, *, why: bool) -> list[str]:
    head = f"{answer.substance.label}: {answer.total_status.label}"
    if answer.own_status is not answer.total_status:
        head += f" (its own law: {answer.own_status.label})"
    lines = [head]
    acts = ", ".join(
        f"{a.activity.label.lower()}: {a.total.label.lower()}"
        for a in answer.activities
        if a.activity in ("possess", "sell")
    )
    lines.append(f"  {acts}")
    facts = [
        (answer.since, f"since {answer.since}"),
        (answer.until, f"until {answer.until}"),
        (answer.incoming, f"an enacted act changes it on {answer.incoming}"),
        (answer.min_age, f"minimum age {answer.min_age}"),
        (answer.caps, f"7-OH cap {' and '.join(answer.caps)}"),
    ]
    told = [words for fact, words in facts if fact]
    if told:
        lines.append(f"  {'; '.join(told)}")
    if answer.flags:
        lines += [f"  {flag.label}: {flag.meaning}" for flag in answer.flags]
    if answer.verification:
        lines.append(
            f"  evidence: {answer.verification.label.lower()}; last look "
            f"{answer.last_checked or 'never'}"
        )
    if why:
        lines += [f"  - {_link_text(link)}" for link in answer.chain]
        if not answer.chain:
            lines.append("  - no provision and no search names it")
    return lines


def _link_text(link: Link) -> str:
    recorded = f"recorded {link.line.recorded_at[:10]}"
    if link.search is not None:
        s = link.search
        return (
            f"{link.jurisdiction.name}: searched {s.on} ({s.where}), {s.result.label.lower()}, "
            f"from {s.covers.from_}; {s.verification.label.lower()}; {recorded}"
        )
    p = link.provision
    assert p is not None
    begins = f"from {p.from_}" if p.from_ else f"first day not known, seen {p.attested}"
    ends = f" to {p.to}" if p.to else ""
    act = link.instrument.short if link.instrument else p.instrument
    source = next((e.url for e in p.evidence if e.url), p.evidence[0].document)
    quote = next((f' "{e.quote}"' for e in p.evidence if e.quote), "")
    return (
        f"{link.jurisdiction.name}: {p.effect.label.lower()} {', '.join(p.activities)} "
        f"({act}; {p.citation}) {begins}{ends}: {link.bearing}; "
        f"{p.verification.label.lower()}, {source}{quote}; {recorded}"
    )


class _Diff(click.Command):
    """`--known` takes one moment or two, wherever it stands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        days = [n for n, a in enumerate(args) if re.match(r"\d{4}-\d\d", a)]
        if "--known" in args:
            at = args.index("--known")
            others = [n for n in days if n != at + 1 and (n == 0 or args[n - 1] != "--on")]
            wanted = 0 if "--on" in args else 2
            if at + 2 in others and len(others) == wanted + 1:
                args = [*args[: at + 2], "--known", *args[at + 2 :]]
        return super().parse_args(ctx, args)


@command.command(cls=_Diff)
@click.argument("from_", metavar="[FROM]", type=DAY, required=False)
@click.argument("to", metavar="[TO]", type=DAY, required=False)
@click.option("--known", type=MOMENT, multiple=True, metavar="K1 [K2]", help="As known at.")
@click.option("--on", type=DAY, help="With two --known: what changed in what we said of this day.")
@click.option("--place", multiple=True, help="Only here and inside it; may be given again.")
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["text", "md", "html", "json", "csv"]),
    default="text",
    show_default=True,
)
def diff(
    from_: date | None,
    to: date | None,
    known: tuple[str, ...],
    on: date | None,
    place: tuple[str, ...],
    fmt: str,
) -> None:
    """What changed in the law between two days, or in what we said of one day.

    \b
    Examples:
      kratom-atlas diff 2026-01-01 2026-12-31
      kratom-atlas diff 2026-01-01 2027-01-01 --place US-KY --format md
      kratom-atlas diff --known 2026-11-22 2026-12-01 --on 2026-07-01
    """
    from kratom_atlas import changes
    from kratom_atlas.report.diff import Context, render

    if on is not None:
        if len(known) != 2 or from_ or to:
            raise click.UsageError("--on goes with --known K1 K2 and without FROM and TO.")
        days = (on, on)
    elif from_ is None or to is None or len(known) > 2:
        raise click.UsageError("give FROM and TO, or --known K1 K2 --on DATE.")
    else:
        days = (from_, to)
        if to < from_:
            raise click.UsageError(f"FROM {from_} is after TO {to}: give the earlier day first.")
    settings = Settings.from_environment()
    record = _record(settings)
    views = [_view(record, k) for k in (known or (None,))]
    pair = (views[0], views[-1])
    span = (days[0].toordinal(), days[1].toordinal())
    if place:
        named, inside = _named(record, place)
        found = [
            *changes.between(record, span, pair, named, inherited=True),
            *changes.between(record, span, pair, inside),
        ]
    else:
        found = changes.between(record, span, pair)
    moments = known or (record.moments[-1] if record.moments else "nothing recorded yet",)
    title = (
        f"What we said of {on}, at {known[0]} and at {known[1]}"
        if on
        else f"Changes in the law from {days[0]} to {days[1]}"
    )
    looked = int(pair[1].last_looks().max(initial=0))
    context = Context(
        view=pair[1],
        first=str(days[0]),
        last=str(days[1]),
        known=moments,
        version=f"kratom-atlas {__version__}, made from the ledger",
        as_of=str(datetime.now(UTC).date()),
        last_look=str(date.fromordinal(looked)) if looked else "",
        report_url=settings.report_url,
        base_url=settings.base_url,
    )
    click.echo(render(found, cast("Format", fmt), title=title, context=context), nl=False)


def _named(record: Record, words: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """The places named, and those inside them."""
    from kratom_atlas.places import find_place

    named: set[int] = set()
    for word in words:
        found = find_place(record, word)
        if found.note:
            say(f"note: {found.note}")
        named.add(found.index)
    inside = {inner for place in named for inner in record.at().children.get(place, ())}
    return sorted(named), sorted(inside - named)


_COMMANDS = (
    *cli_alerts.COMMANDS,
    *cli_read.COMMANDS,
    *cli_reports.COMMANDS,
    *cli_review.COMMANDS,
    *cli_serve.COMMANDS,
    *cli_sources.COMMANDS,
    *cli_watch.COMMANDS,
)
for _command in _COMMANDS:
    command.add_command(_command)
