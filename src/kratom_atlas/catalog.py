"""From the YAML master sheets to the model, strictly.

A sheet is read as a tree of nodes with line numbers, every scalar as text, and then checked
against the model's own types. Whatever is wrong is one `SheetError` with file and line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from kratom_atlas.errors import SheetError
from kratom_atlas.model.statement import decode_hook
from kratom_atlas.model.time import FAR_FUTURE, FAR_PAST
from kratom_atlas.model.values import (
    NO_FIRST_DAY,
    Instrument,
    Jurisdiction,
    Provision,
    Search,
    Value,
)
from kratom_atlas.model.vocabulary import Level, Stage
from kratom_atlas.register import load_register, packaged_sheets

__all__ = ["Catalog", "Sheet", "SheetError", "load_catalog", "load_sheet", "packaged_sheets"]

MAX_SHEET_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 12

_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML does not allow in a text, and what no field may hold by way of an escape."""


class Sheet(Value, frozen=True, kw_only=True):
    """One master sheet: a jurisdiction, the searches made of it, its instruments and provisions."""

    jurisdiction: Jurisdiction
    searches: tuple[Search, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    provisions: tuple[Provision, ...] = ()


@dataclass(frozen=True)
class Catalog:
    """Everything the sheets and the register say, keyed by id."""

    jurisdictions: Mapping[str, Jurisdiction]
    instruments: Mapping[str, Instrument]
    provisions: Mapping[str, Provision]
    searches: Mapping[str, Search]
    with_sheet: frozenset[str]


@dataclass
class _Located:
    """A decoded sheet together with the line on which each part of it stands."""

    sheet: Sheet
    path: str
    lines: dict[str, int] = field(repr=False)

    def error(self, where: str, message: str) -> SheetError:
        return SheetError(self.path, _line_of(self.lines, where), message)


def load_sheet(path: Path | Traversable, shown: str | None = None) -> Sheet:
    """Read one sheet.

    Raises:
        SheetError: it is not a sheet; the message has the line.
    """
    return _locate(path, shown or str(path)).sheet


def load_catalog(root: Path | Traversable | None = None) -> Catalog:
    """Read every sheet and the register below `root` (by default the packaged ones).

    Raises:
        SheetError: the first thing that is wrong, in order of file name.
    """
    base = root if root is not None else packaged_sheets()
    register = load_register(base)
    sheets = [_locate(path, f"{base.name}/{name}") for name, path in sorted(_sheet_files(base))]
    return _join(register, sheets)


def _sheet_files(folder: Path | Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name not in ("registry", "ledger", "__pycache__"):
                yield from _sheet_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".yaml", ".yml")):
            yield f"{prefix}{entry.name}", entry


# -- one sheet ------------------------------------------------------------------------------


def _locate(path: Path | Traversable, shown: str) -> _Located:
    text = _read_text(path, shown)
    reader = _Reader(shown)
    try:
        tree = reader.document(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SheetError(shown, *_yaml_problem(error, text, line)) from None
    except yaml.YAMLError as error:
        found = _UNPRINTABLE.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        raise SheetError(shown, line, f"not YAML: {' '.join(str(error).split())}") from None
    if isinstance(tree, dict) and isinstance(tree.get("jurisdiction"), dict):
        _fill_in_jurisdiction(tree)
    try:
        sheet = msgspec.convert(tree, Sheet, strict=False, dec_hook=decode_hook)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `")
        where = where.rstrip("`") or "$"
        unknown = _UNKNOWN_KEY.match(message)
        line = _line_of(reader.lines, f"{where}.{unknown[1]}" if unknown else where)
        raise SheetError(shown, line, _in_words(message, where)) from None
    return _Located(sheet, shown, reader.lines)


def _read_text(path: Path | Traversable, shown: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SHEET_BYTES + 1)
    except OSError as error:
        raise SheetError(shown, 1, f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_SHEET_BYTES:
        raise SheetError(
            shown, 1, f"larger than {MAX_SHEET_BYTES:,} bytes: a sheet holds one jurisdiction"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SheetError(shown, line, "not UTF-8: save the file as UTF-8") from None


def _yaml_problem(error: yaml.MarkedYAMLError, text: str, line: int) -> tuple[int, str]:
    lines = text.rstrip().split("\n")
    line = min(line, len(lines))
    if "\t" in lines[line - 1]:
        return line, "a tab: indent with spaces"
    return line, f"not YAML: {error.problem or error.context}"


class _Reader:
    """Turns the text of one sheet into dicts, lists and text, and notes the line of each.

    It reads events one by one and stops at the first that is not allowed: the composer of the
    YAML library builds the whole tree first, and a deeply nested one overflows its stack.
    """

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.lines: dict[str, int] = {}
        self._events: Iterator[yaml.Event] = iter(())

    def document(self, text: str) -> Any:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        next(self._events)
        if not isinstance(next(self._events), yaml.DocumentStartEvent):
            raise SheetError(self.shown, 1, "the sheet is empty")
        tree = self._plain(next(self._events), "$", 0)
        next(self._events)
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            raise SheetError(self.shown, _line(after), "a second document: a sheet is one document")
        return tree

    def _plain(self, event: yaml.Event, where: str, depth: int) -> Any:
        line = self.lines.setdefault(where, _line(event))
        if isinstance(event, yaml.AliasEvent):
            raise SheetError(self.shown, line, "an alias: write the value out, no anchors here")
        if depth > MAX_DEPTH:
            raise SheetError(self.shown, line, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(where, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                items.append(self._plain(item, f"{where}[{len(items)}]", depth + 1))
            return items
        assert isinstance(event, yaml.ScalarEvent)
        if not event.style and event.value in ("", "~", "null", "Null", "NULL"):
            raise SheetError(
                self.shown, line, "an empty value: leave the key out where nothing is known"
            )
        if _UNPRINTABLE.search(event.value):
            raise SheetError(self.shown, line, "a control character: write plain text")
        value: str = event.value
        return value

    def _mapping(self, where: str, depth: int) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise SheetError(self.shown, line, "a key must be a word")
            key = event.value
            if key in plain:
                raise SheetError(self.shown, line, f"duplicate key {key!r}")
            self.lines[f"{where}.{key}"] = line
            plain[key] = self._plain(next(self._events), f"{where}.{key}", depth + 1)
        return plain


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1


def _fill_in_jurisdiction(tree: dict[str, Any]) -> None:
    """Parts of a sheet belong to its jurisdiction unless they name another."""
    own = tree["jurisdiction"].get("id")
    for part in ("searches", "instruments", "provisions"):
        items = tree.get(part)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                item.setdefault("jurisdiction", own)


_UNKNOWN_KEY: Final = re.compile(r"Object contains unknown field `(.+)`")
_PATTERNS: Final = {
    "ocd-division": "write an Open Civic Data division id, or x-eu, x-un",
    "[0-9a-f]{64}": "write the SHA-256 as 64 hexadecimal digits",
    "https?": "write an address that begins with http:// or https://",
    "[a-z0-9.-]{1,118}": "write a key of lower-case letters, digits, hyphens and dots",
    "[A-Z0-9]{1,10}": "write a code such as TH, US-AL or US-FL-12115",
}


def _in_words(message: str, where: str) -> str:
    name = where.rpartition(".")[2]
    unknown = _UNKNOWN_KEY.match(message)
    if unknown:
        return f"unknown key {unknown[1]!r}"
    missing = re.match(r"Object missing required field `(.+)`", message)
    if missing:
        return f"{missing[1]} is missing"
    if "matching regex" in message:
        for part, advice in _PATTERNS.items():
            if part in message:
                return f"{name}: {advice}"
    return f"{name}: {message}" if name and name != "$" else message


def _line_of(lines: Mapping[str, int], where: str) -> int:
    """The line of a part, or of the nearest part around it."""
    where = where.replace("[...]", "[0]")
    while where and where not in lines:
        where = re.sub(r"(\.[^.\[]*|\[[^\[]*\])$", "", where) if where != "$" else ""
    return lines.get(where, 1)


# -- all sheets together ---------------------------------------------------------------------


def _join(register: dict[str, Jurisdiction], sheets: list[_Located]) -> Catalog:
    places = dict(register)
    seen: dict[str, tuple[str, int]] = {}
    for sheet in sheets:
        place = sheet.sheet.jurisdiction
        _once(seen, sheet, "$.jurisdiction.id", place.id)
        base = register.get(place.id)
        if base is not None:
            for name in ("code", "level", "parent"):
                if getattr(base, name) != getattr(place, name):
                    raise sheet.error(
                        f"$.jurisdiction.{name}",
                        f"{name} is {getattr(place, name)}, but the register of places "
                        f"says {getattr(base, name)}",
                    )
            place = msgspec.structs.replace(
                place, aliases=tuple(dict.fromkeys((*base.aliases, *place.aliases)))
            )
        places[place.id] = place
    _check_codes(sheets, places)
    for sheet in sheets:
        _check_place(sheet, places)
    _check_no_circle(sheets, places)

    instruments: dict[str, Instrument] = {}
    provisions: dict[str, Provision] = {}
    searches: dict[str, Search] = {}
    for sheet in sheets:
        for part, known in (
            ("searches", searches),
            ("instruments", instruments),
            ("provisions", provisions),
        ):
            items: Iterable[Any] = getattr(sheet.sheet, part)
            for i, item in enumerate(items):
                _once(seen, sheet, f"$.{part}[{i}].id", item.id)
                if item.jurisdiction != sheet.sheet.jurisdiction.id:
                    raise sheet.error(
                        f"$.{part}[{i}].jurisdiction", "belongs in the sheet of that jurisdiction"
                    )
                known[item.id] = item
    for sheet in sheets:
        _check_provisions(sheet, instruments, provisions)
    return Catalog(
        places,
        instruments,
        provisions,
        searches,
        frozenset(sheet.sheet.jurisdiction.id for sheet in sheets),
    )


def _check_codes(sheets: list[_Located], places: Mapping[str, Jurisdiction]) -> None:
    codes: dict[str, str] = {}
    for place in places.values():
        if codes.setdefault(place.code, place.id) != place.id:
            other = next((s for s in sheets if s.sheet.jurisdiction.id == place.id), None)
            message = f"code {place.code} belongs to {codes[place.code]} and to {place.id}"
            raise (
                other.error("$.jurisdiction.code", message)
                if other
                else SheetError("jurisdictions/registry/places.csv", 1, message)
            )


def _once(seen: dict[str, tuple[str, int]], sheet: _Located, where: str, key: str) -> None:
    here = (sheet.path, _line_of(sheet.lines, where))
    if key in seen:
        path, line = seen[key]
        raise sheet.error(where, f"{key!r} is already used at {path}:{line}")
    seen[key] = here


def _check_place(sheet: _Located, places: Mapping[str, Jurisdiction]) -> None:
    place = sheet.sheet.jurisdiction
    if place.parent is not None and place.parent not in places:
        raise sheet.error("$.jurisdiction.parent", f"parent {place.parent} does not exist")
    if place.parent is None and place.level.rank > Level.COUNTRY.rank:
        raise sheet.error("$.jurisdiction", f"a {place.level.label.lower()} needs a parent")
    for name in ("counties", "bound_by"):
        for i, other in enumerate(getattr(place, name) or ()):
            if other not in places:
                raise sheet.error(f"$.jurisdiction.{name}[{i}]", f"{other} does not exist")
            if name == "counties" and places[other].level is not Level.COUNTY:
                raise sheet.error(f"$.jurisdiction.{name}[{i}]", f"{other} is not a county")


def _check_no_circle(sheets: list[_Located], places: Mapping[str, Jurisdiction]) -> None:
    for sheet in sheets:
        place = sheet.sheet.jurisdiction
        for other in place.binders:
            binder = places[other]
            if binder.level.rank >= place.level.rank:
                raise sheet.error(
                    "$.jurisdiction",
                    f"{place.name} cannot be bound by {binder.name}, which is not a wider level",
                )


def _check_provisions(
    sheet: _Located,
    instruments: Mapping[str, Instrument],
    provisions: Mapping[str, Provision],
) -> None:
    groups: dict[tuple[object, ...], list[tuple[int, Provision]]] = defaultdict(list)
    for i, provision in enumerate(sheet.sheet.provisions):
        where = f"$.provisions[{i}]"
        if provision.instrument not in instruments:
            raise sheet.error(
                f"{where}.instrument", f"instrument {provision.instrument!r} does not exist"
            )
        instrument = instruments[provision.instrument]
        if instrument.stage.is_law and provision.first is None:
            raise sheet.error(where, NO_FIRST_DAY)
        if not instrument.stage.is_law and provision.from_ is not None and provision.to is None:
            raise sheet.error(
                f"{where}.instrument",
                f"{provision.instrument!r} is {instrument.stage}, which is not law: a provision "
                "rests on an enacted instrument; one that is proposed has no `from`",
            )
        _check_targets(sheet, where, provision, provisions)
        groups[provision.instrument, provision.effect, provision.citation, provision.extent].append(
            (i, provision)
        )
    for group in groups.values():
        for n, (i, one) in enumerate(group):
            for _, other in group[:n]:
                if _overlap(one, other):
                    raise sheet.error(
                        f"$.provisions[{i}]",
                        f"{one.id!r} overlaps {other.id!r}: the same act, citation, effect, "
                        "substance and activity on the same days",
                    )
    acting = (provision for provision in provisions.values() if provision.first is not None)
    ended = {target for provision in acting for target in provision.targets}
    for i, provision in enumerate(sheet.sheet.provisions):
        stage = instruments[provision.instrument].stage
        if stage in _OVER and provision.to is None and provision.id not in ended:
            raise sheet.error(
                f"$.provisions[{i}]",
                f"{provision.instrument!r} is {stage}, but this provision has no end: give `to`",
            )


_OVER: Final = (Stage.EXPIRED, Stage.REPEALED, Stage.STRUCK_DOWN)


def _check_targets(
    sheet: _Located, where: str, provision: Provision, provisions: Mapping[str, Provision]
) -> None:
    """What a repeal or a stay names exists, is not itself, and is reached by all of it."""
    for j, key in enumerate(provision.targets):
        here = f"{where}.targets[{j}]"
        target = provisions.get(key)
        if target is None:
            raise sheet.error(here, f"provision {key!r} does not exist")
        if target is provision:
            raise sheet.error(here, f"{key!r} ends itself: give it a `to`")
        missing = [
            *(s for s in target.substances if s not in provision.substances),
            *(a for a in target.activities if a not in provision.activities),
        ]
        if missing:
            raise sheet.error(
                here,
                f"ends {key!r} only in part: {', '.join(missing)} would stay; split the target",
            )


def _overlap(one: Provision, other: Provision) -> bool:
    return (
        not set(one.substances).isdisjoint(other.substances)
        and not set(one.activities).isdisjoint(other.activities)
        and one.targets == other.targets
        and _span(one)[0] < _span(other)[1]
        and _span(other)[0] < _span(one)[1]
    )


def _span(provision: Provision) -> tuple[int, int]:
    first = provision.first
    return first.lo if first else FAR_PAST, provision.to.lo if provision.to else FAR_FUTURE
