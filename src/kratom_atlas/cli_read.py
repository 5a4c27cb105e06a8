"""The commands that read legal texts: what one does, how two differ, how well it is done."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import msgspec

from kratom_atlas.console import say, write_out
from kratom_atlas.errors import AtlasError
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from kratom_atlas.model.reading import Finding, Marked, Moment, Reading

__all__ = ["COMMANDS"]

_FORMATS: Final = ("text", "md", "html")


@click.command()
@click.argument("file", nargs=-1)
@click.option("--place", default="US", show_default=True, help="Whose law it is: US-AL, TH, ...")
@click.option("--language", default="en", show_default=True, help="What it is written in.")
@click.option("--kind", help="What it is: bill, session-law, statute, regulation, ...")
@click.option("--enacted", metavar="DATE", help="When it became law, if it did.")
@click.option("--score", is_flag=True, help="Measure the reader on the gold of a checkout.")
@click.option("--gold", type=click.Path(path_type=Path), default=Path("tests/gold"), hidden=True)
@click.option(
    "--samples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --score: the folder of the real texts.",
)
@click.option("--wrong", is_flag=True, help="With --score: what was wrong, document by document.")
@click.option("--save", type=click.Path(path_type=Path), help="With --score: write it as JSON.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def read(
    file: tuple[str, ...],
    place: str,
    language: str,
    kind: str | None,
    enacted: str | None,
    score: bool,
    gold: Path,
    samples: Path | None,
    wrong: bool,
    save: Path | None,
    as_json: bool,
) -> None:
    """What a legal text does about kratom, with the words that say so. A machine's reading.

    FILE is a file (HTML, XML, PDF, text, ...) or the SHA-256 of a capture.

    \b
    Examples:
      kratom-atlas read bill.html --place US-AL
      kratom-atlas read --score
    """
    if score == bool(file):
        raise click.UsageError("name a text to read, or say --score.")
    if score:
        _score(gold, samples, as_json=as_json, wrong=wrong, save=save)
        return
    from kratom_atlas.model.reading import Circumstances
    from kratom_atlas.read.reading import read_law

    try:
        about = msgspec.convert(
            {"place": place.upper(), "language": language, "kind": kind, "enacted": enacted},
            Circumstances,
            dec_hook=_date,
        )
    except msgspec.ValidationError as error:
        raise click.UsageError(f"{error}") from None
    for name in file:
        reading = read_law(_text(name), about)
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(reading), indent=1).decode())
        else:
            click.echo("\n".join(_told(name, reading)))


def _date(kind: type, value: object) -> object:
    from kratom_atlas.model.statement import decode_hook

    try:
        return decode_hook(kind, value)
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from None


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--format", "fmt", type=click.Choice(_FORMATS), default="text", show_default=True
)  # fmt: skip
@click.option("--side-by-side", is_flag=True, help="Two columns (md and html).")
@click.option("--whole", is_flag=True, help="Also what did not change.")
@click.option("--language", default="en", show_default=True, help="What they are written in.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
def redline(
    old: str,
    new: str | None,
    fmt: str,
    side_by_side: bool,
    whole: bool,
    language: str,
    out: Path | None,
) -> None:
    """What one version of a text strikes from another, adds, and moves, by its legal units.

    OLD and NEW are files or SHA-256 of captures. Without NEW: what OLD itself strikes and adds in
    the law that stands, where its mark-up shows that.

    \b
    Examples:
      kratom-atlas redline introduced.xml enrolled.xml
      kratom-atlas redline bill.html --format html --side-by-side --out redline.html
    """
    from kratom_atlas.read.redline import of_marked
    from kratom_atlas.read.redline import redline as compare
    from kratom_atlas.report.redline import Format, render

    before = _text(old)
    if new is None and not before.is_marked:
        raise AtlasError(f"{old}: does not show its changes; name a second version")
    made = (
        of_marked(before, language=language)
        if new is None
        else compare(before, _text(new), language=language)
    )
    title = f"{_short(old)}: what it changes" if new is None else f"{_short(old)} to {_short(new)}"
    chosen: Format = next(one for one in get_args(Format) if one == fmt)
    page = render(made, chosen, title=title, side_by_side=side_by_side, whole=whole)
    if out is None:
        click.echo(page, nl=False)
        return
    write_out(out, page)
    click.echo(f"wrote {out}")


COMMANDS: Final[tuple[click.Command, ...]] = (read, redline)


def _short(name: str) -> str:
    return name[:12] if _is_digest(name) else Path(name).name


def _is_digest(name: str) -> bool:
    return len(name) == 64 and not set(name) - set("0123456789abcdef")


def _text(name: str) -> Marked:
    """The text of a file, or of a capture of this installation.

    Raises:
        AtlasError: it is not there, or has no text.
    """
    from kratom_atlas.read.faults import FaultError
    from kratom_atlas.read.marked import read_marked
    from kratom_atlas.store.captures import Captures

    try:
        if _is_digest(name) and not Path(name).exists():
            body = Captures(Settings.from_environment().captures).get(name)
        else:
            body = _bounded(Path(name))
        return read_marked(body)
    except FaultError as error:
        raise AtlasError(f"{name}: {error}") from None
    except OSError as error:
        raise AtlasError(f"{name}: cannot be read: {error.strerror or error}") from None


def _bounded(path: Path) -> bytes:
    """The bytes of a file, and no more than are read of any: a device has no end."""
    from kratom_atlas.read.faults import LIMIT, check_size

    with path.open("rb") as file:
        body = file.read(LIMIT + 1)
    check_size(len(body), LIMIT)
    return body


# -- for people --------------------------------------------------------------------------------


def _told(name: str, reading: Reading) -> list[str]:
    lines = [f"{name}: {reading.relevance.label.lower()}: {reading.because}"]
    for finding in reading.findings:
        lines += _finding(finding)
    lines += [f"  first day: {_moment(one)}" for one in reading.timing.begins]
    lines += [f"  end: {_moment(one)}" for one in reading.timing.ends]
    if reading.timing.void_if is not None:
        lines.append(f"  void: {_moment(reading.timing.void_if)}")
    for one in reading.unread:
        lines.append(f"  NOT UNDERSTOOD at {one.span.start}: {one.why}")
    if not reading.findings:
        lines.append("  does nothing to kratom that was understood")
    return lines


def _finding(finding: Finding) -> list[str]:
    subject = ", ".join(one.label for one in finding.substances)
    what = ", ".join(one.label.lower() for one in finding.activities)
    schedule = f" {finding.schedule}" if finding.schedule else ""
    lines = [f"  {finding.effect.label}{schedule}: {subject}: {what} ({finding.novelty.label})"]
    conditions = msgspec.to_builtins(finding.qualifiers)
    lines += [f"    {name.replace('_', ' ')}: {_flat(value)}" for name, value in conditions.items()]
    if finding.from_ or finding.to:
        lines.append(f"    from {finding.from_ or '?'} to {finding.to or 'further notice'}")
    if finding.citation:
        lines.append(f"    {finding.citation}")
    start, end = finding.spans[0]
    lines.append(f'    "{" ".join(finding.quote.split())[:300]}" (characters {start} to {end})')
    return lines


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_flat(one) for one in value)
    if isinstance(value, dict):
        return " ".join(_flat(one) for one in value.values())
    return " ".join(str(value).split())


def _moment(one: Moment) -> str:
    where = f" ({one.section})" if one.section else ""
    return f"{one.date or 'not fixed'}: {one.because}{where}"


# -- how well it is done -----------------------------------------------------------------------


def _score(
    gold: Path, samples: Path | None, *, as_json: bool, wrong: bool, save: Path | None
) -> None:
    from kratom_atlas import __version__
    from kratom_atlas.read.score import as_json as plain
    from kratom_atlas.read.score import as_table, load_gold, reader, score

    if not gold.is_dir():
        raise AtlasError(f"{gold}: no such folder: run this in a checkout, which has the gold")
    scored = score(load_gold(gold), reader(samples))
    today: date = datetime.now(UTC).date()
    values = plain(scored, on=today, version=__version__)
    if save is not None:
        published = {name: value for name, value in values.items() if name != "wrong"}
        write_out(save, json.dumps(published, indent=1) + "\n")
        say(f"wrote {save}")
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False, indent=1))
        return
    click.echo(as_table(scored))
    for one in scored.wrong if wrong else ():
        if not one.held:
            click.echo(f"\n{one.id}")
            for word, found in (("missing", one.missing), ("extra", one.extra)):
                click.echo("".join(f"  {word}: {' '.join(map(str, f))}\n" for f in found), nl=False)
