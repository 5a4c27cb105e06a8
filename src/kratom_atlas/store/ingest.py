"""From the sheets to the ledger: what they say that it does not, as one more batch."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from kratom_atlas.catalog import Catalog, load_catalog
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import Body, Line, Op, Part, seconds, statement_id
from kratom_atlas.store.ledger import Batch, append_batch, read_batches

__all__ = ["IngestError", "check", "ingest", "plan", "standing"]

MAX_ACTOR: Final = 200
MAX_REASON: Final = 1000
WAIT: Final = 5.0
"""Seconds to wait for another process that writes the ledger."""

_ORDER: Final = (Part.JURISDICTION, Part.INSTRUMENT, Part.SEARCH, Part.PROVISION)


class IngestError(AtlasError):
    """Why nothing was recorded, and what to do."""


@dataclass(frozen=True)
class _Difference:
    """One subject of which sheets and ledger do not say the same."""

    op: Op
    part: Part
    subject: str
    body: Body | None
    stands: Line | None


def standing(lines: Iterable[Line]) -> dict[tuple[Part, str], Line]:
    """What a record says in the end: the last line of each subject that was not retracted."""
    stands: dict[tuple[Part, str], Line] = {}
    for line in lines:
        if line.op is Op.RETRACT:
            stands.pop((line.part, line.subject), None)
        else:
            stands[line.part, line.subject] = line
    return stands


def plan(
    catalog: Catalog, lines: Iterable[Line], recorded_at: str, actor: str, reason: str
) -> list[Line]:
    """The lines to append to `lines` so that they say what the sheets say.

    Jurisdictions, instruments, searches and provisions, in this order, each by id. Of the
    jurisdictions only those that have a sheet are recorded; the register of places is not.

    Raises:
        IngestError: no actor or reason, or a moment before the last that is recorded.
    """
    actor = _one_line("actor", actor, MAX_ACTOR)
    reason = _one_line("reason", reason, MAX_REASON)
    try:
        seconds(recorded_at)
    except ValueError as error:
        raise IngestError(str(error)) from None
    recorded = tuple(lines)
    last = max((line.recorded_at for line in recorded), default="")
    new = [
        Line(
            op=found.op,
            part=found.part,
            subject=found.subject,
            statement=_statement(found),
            previous=found.stands.statement if found.stands and found.op is Op.SUPERSEDE else None,
            recorded_at=recorded_at,
            actor=actor,
            reason=reason,
            **({} if found.body is None else {found.part.value: found.body}),  # type: ignore[arg-type]
        )
        for found in _differences(catalog, recorded)
    ]
    if new and recorded_at < last:
        raise IngestError(
            f"cannot record at {recorded_at}: the ledger already holds a line of {last}; set the "
            "clock right, or give a later moment"
        )
    return new


def ingest(
    root: Path, *, recorded_at: str, actor: str, reason: str, wait: float = WAIT
) -> Batch | None:
    """Append to the ledger below `root` what its sheets changed; None if they changed nothing.

    One process at a time, and all of it or nothing: after a crash run it again.

    Raises:
        AtlasError: a sheet, the ledger or an argument is wrong; nothing was recorded.
    """
    folder = root / "ledger"
    if not root.is_dir():
        raise IngestError(f"{root}: no such folder: give the one that holds the sheets")
    try:
        folder.mkdir(exist_ok=True)
        with FileLock(folder / ".lock", timeout=wait):
            catalog = load_catalog(root)
            if not catalog.with_sheet:
                raise IngestError(f"{root}: holds no sheet: give the folder that holds the sheets")
            lines = plan(catalog, _recorded(folder), recorded_at, actor, reason)
            return append_batch(folder, lines) if lines else None
    except Timeout:
        raise IngestError(
            f"{folder}: in use by another process: wait until it is done, and ingest again"
        ) from None
    except OSError as error:
        raise IngestError(
            f"{folder}: cannot be written: {error.strerror or error}; nothing was recorded"
        ) from None


def check(root: Path | Traversable) -> list[str]:
    """Where the sheets and the ledger below `root` do not agree, in words.

    Raises:
        AtlasError: a sheet or the ledger cannot be read at all.
    """
    return [
        f"{found.part} {found.subject!r} {_WORDS[found.op]}"
        for found in _differences(load_catalog(root), _recorded(root / "ledger"))
    ]


_WORDS: Final[Mapping[Op, str]] = {
    Op.ASSERT: "is in the sheets and not in the ledger",
    Op.SUPERSEDE: "says something else in the sheets than in the ledger",
    Op.ACKNOWLEDGE: "has other evidence or verification in the sheets than in the ledger",
    Op.RETRACT: "is in the ledger and no longer in the sheets",
}


def _recorded(folder: Path | Traversable) -> Iterator[Line]:
    for batch in read_batches(folder) if folder.is_dir() else ():
        yield from batch.lines


def _differences(catalog: Catalog, lines: Iterable[Line]) -> Iterator[_Difference]:
    stands = standing(lines)
    for part in _ORDER:
        said: Mapping[str, Body] = _said(catalog, part)
        recorded = {subject: line for (kind, subject), line in stands.items() if kind is part}
        for subject in sorted(said.keys() | recorded.keys()):
            body, line = said.get(subject), recorded.get(subject)
            op = _op(body, line)
            if op is not None:
                yield _Difference(op, part, subject, body, line)


def _said(catalog: Catalog, part: Part) -> Mapping[str, Body]:
    match part:
        case Part.JURISDICTION:
            return {key: catalog.jurisdictions[key] for key in catalog.with_sheet}
        case Part.INSTRUMENT:
            return catalog.instruments
        case Part.SEARCH:
            return catalog.searches
        case Part.PROVISION:
            return catalog.provisions


def _op(body: Body | None, line: Line | None) -> Op | None:
    if line is None:
        return Op.ASSERT
    if body is None:
        return Op.RETRACT
    if line.body == body:
        return None
    return Op.ACKNOWLEDGE if line.statement == statement_id(body) else Op.SUPERSEDE


def _statement(difference: _Difference) -> str:
    """What is said from now on, or, of a retraction, no longer."""
    if difference.body is not None:
        return statement_id(difference.body)
    assert difference.stands is not None
    return difference.stands.statement


def _one_line(name: str, text: str, limit: int) -> str:
    words = text.strip()
    if not words:
        raise IngestError(f"no {name}: say who records this, and why")
    if len(words) > limit:
        raise IngestError(f"{name} has {len(words)} characters: write at most {limit}")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in words):
        raise IngestError(f"{name} has a line break or control character: write one plain line")
    return words
