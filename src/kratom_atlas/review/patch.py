"""What was accepted, as a patch of the master sheets that people can review.

Sheets are written by hand, so a patch touches the lines that say something else and no others:
comments, order and the wrapping of everything else stay. The patched sheet is loaded again, and
must say what was accepted and otherwise what it said before.
"""

from __future__ import annotations

import json
import re
import tempfile
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from kratom_atlas.catalog import Sheet, load_sheet
from kratom_atlas.errors import AtlasError, SheetError
from kratom_atlas.model.statement import Body, Line, Part
from kratom_atlas.model.values import Jurisdiction
from kratom_atlas.store.proposals import Entry

__all__ = ["PatchError", "decided", "patch"]

_WIDTH: Final = 100
_PARTS: Final = {
    Part.SEARCH: "searches",
    Part.INSTRUMENT: "instruments",
    Part.PROVISION: "provisions",
}
_SECTIONS: Final = ("jurisdiction", *_PARTS.values())
_FIELDS: Final = (
    "id", "kind", "session", "number", "title", "stage", "introduced", "enacted", "effective",
    "ends", "instrument", "citation", "on", "where", "covers", "substances", "activities",
    "effect", "schedule", "qualifiers", "extent", "from", "to", "attested", "grandfather",
    "targets", "result", "local", "url", "verification", "contested", "evidence", "note",
)  # fmt: skip
"""The fields of an item in the order in which sheets have them."""
_ORDER: Final = {name: n for n, name in enumerate(_FIELDS)}
_EVIDENCE: Final = ("kind", "url", "document", "retrieved", "sha256", "locator", "quote")
_DAYS: Final = frozenset(
    {"introduced", "enacted", "effective", "ends", "from", "to", "attested", "grandfather", "on"}
    | {"retrieved"}
)
# `  - id: us-al-sb226-2016`: the first line of an item.
_ITEM: Final = re.compile(r"  - id: [\"']?([a-z0-9.-]{1,120})")
# `    stage: enacted`, `    'on': 2026`: the first line of a field of an item, at its own depth.
_FIELD: Final = re.compile(r"(?:    |  - )[\"']?([a-z_]{1,40})[\"']?:(?: |$)")
# `provisions:`: the first line of a part of a sheet.
_SECTION: Final = re.compile(r"([a-z]{1,40}):(?: |$)")


class PatchError(AtlasError):
    """Why no patch can be made."""


def patch(root: Path, lines: Iterable[Line], places: Mapping[str, Jurisdiction]) -> str:
    """A unified diff of the sheets below `root` after which they say what `lines` say.

    `lines` are the last of each subject that was decided on. Paths are relative to the folder
    that `root` stands in, for `git apply` and `patch -p1`; it is empty where the sheets say it
    already. `places` are those that may yet lack a sheet.

    Raises:
        PatchError: a sheet would not say what was accepted.
    """
    sheets = {_home(text): (path, text) for path, text in _texts(root)}
    by_place: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        place = _place_of(line, sheets)
        if place is not None:
            by_place[place].append(line)
    return "".join(
        _of_sheet(root, place, found, sheets.get(place), places)
        for place, found in sorted(by_place.items())
    )


def decided(entries: Iterable[Entry], lines: Iterable[Line]) -> list[Line]:
    """The last line of everything that proposals were ever accepted for, taken back or not."""
    wanted = {
        (decision.body.part, decision.body.body.id)
        for entry in entries
        for decision in entry.decisions
        if decision.body is not None
    }
    last = {(line.part, line.subject): line for line in lines}
    return [line for subject, line in last.items() if subject in wanted]


def _place_of(line: Line, sheets: Mapping[str, tuple[Path, str]]) -> str | None:
    """Whose sheet a line concerns; none where it is about a place, or about what no sheet has."""
    if isinstance(line.body, Jurisdiction) or line.part is Part.JURISDICTION:
        return None
    if line.body is not None:
        return line.body.jurisdiction
    named = re.compile(rf"^  - id: [\"']?{re.escape(line.subject)}[\"']?\s*$", re.MULTILINE)
    return next((place for place, (_, text) in sheets.items() if named.search(text)), None)


def _of_sheet(
    root: Path,
    place: str,
    lines: Sequence[Line],
    sheet: tuple[Path, str] | None,
    places: Mapping[str, Jurisdiction],
) -> str:
    if sheet is None:
        path, old, text = root / _new_name(place), "", _new_sheet(place, places)
        before = _loaded(text, path)
    else:
        path, old = sheet
        text, before = old, load_sheet(path)
    meant = {item.id: item for item in _items(before)}
    for line in lines:
        now, body = meant.get(line.subject), line.body
        if body == now:
            continue
        text = _written(text, _PARTS[line.part], line.subject, now, body)
        if body is None:
            meant.pop(line.subject)
        else:
            meant[line.subject] = body
    after = _loaded(text, path)
    if {item.id: item for item in _items(after)} != meant or after.jurisdiction != (
        before.jurisdiction
    ):
        raise PatchError(f"{path}: cannot be patched so that it says what was accepted: edit it")
    shown = f"{root.name}/{path.relative_to(root).as_posix()}"
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(
            old.splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"a/{shown}" if sheet else "/dev/null",
            f"b/{shown}",
        )
    )


def _texts(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(root.rglob("*.yaml")):
        if path.relative_to(root).parts[0] not in ("registry", "ledger"):
            try:
                yield path, path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "is not UTF-8"
                raise PatchError(f"{path}: cannot be read: {why}") from None


def _home(text: str) -> str:
    """Whose sheet it is: the first id in it."""
    found = re.search(r"^  id: [\"']?([^\s\"']{1,300})", text, re.MULTILINE)
    return found[1] if found else ""


def _items(sheet: Sheet) -> tuple[Any, ...]:
    return (*sheet.searches, *sheet.instruments, *sheet.provisions)


def _loaded(text: str, path: Path) -> Sheet:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text(text, encoding="utf-8")
        try:
            return load_sheet(copy, str(path))
        except SheetError as error:
            raise PatchError(f"{error}, once it is patched: edit it") from None


def _new_name(place: str) -> str:
    """Where the sheet of a place is: `us/al/mobile-county.yaml`."""
    parts = [part.partition(":") for part in place.removeprefix("ocd-division/").split("/")]
    names = [f"{value}-{kind}" if kind in ("county", "parish", "borough") and n == len(parts) - 1
             else value or kind for n, (kind, _, value) in enumerate(parts)]  # fmt: skip
    return "/".join(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") for name in names) + ".yaml"


def _new_sheet(place: str, places: Mapping[str, Jurisdiction]) -> str:
    body = places.get(place)
    if body is None:
        raise PatchError(f"{place} is not in the register of places: write its sheet first")
    return "jurisdiction:\n" + "".join(
        f"  {name}: {_scalar(name, value, 2)}\n"
        if not isinstance(value, list)
        else f"  {name}: [{', '.join(_scalar(name, one, 2) for one in value)}]\n"
        for name, value in _plain(body).items()
    )


# -- text ------------------------------------------------------------------------------------


def _written(text: str, section: str, key: str, now: Body | None, body: Body | None) -> str:
    """A sheet with one item added, changed or taken away."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if now is None:
        assert body is not None
        return "".join(_added(lines, section, body))
    start, end = _item_at(lines, section, key)
    if body is None:
        return "".join(_taken(lines, section, start, end))
    return "".join([*lines[:start], *_changed(lines[start:end], now, body), *lines[end:]])


def _section_at(lines: Sequence[str], section: str) -> tuple[int, int] | None:
    """The lines of a part of a sheet, without the blank lines and comments that end it."""
    start = next((n for n, line in enumerate(lines) if _is_section(line, section)), None)
    if start is None:
        return None
    end = next((n for n in range(start + 1, len(lines)) if _SECTION.match(lines[n])), len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return start, end


def _is_section(line: str, section: str) -> bool:
    found = _SECTION.match(line)
    return found is not None and found[1] == section


def _item_at(lines: Sequence[str], section: str, key: str) -> tuple[int, int]:
    found = _section_at(lines, section)
    assert found is not None
    first, last = found
    start = next((n for n in range(first, last) if _is_item(lines[n], key)), None)
    if start is None:
        raise PatchError(f"{key!r}: its first line is not `- id: {key}`: edit the sheet")
    end = next((n for n in range(start + 1, last) if _begins(lines[n])), last)
    return start, end


def _is_item(line: str, key: str) -> bool:
    found = _ITEM.match(line)
    return found is not None and found[1] == key


def _begins(line: str) -> bool:
    """Whether a line is no longer of the item before it: another item, or a comment on one."""
    return line.startswith(("  - ", "  #"))


def _added(lines: list[str], section: str, body: Body) -> list[str]:
    item = _item(body)
    found = _section_at(lines, section)
    if found is not None:
        return [*lines[: found[1]], *item, *lines[found[1] :]]
    later = _SECTIONS[_SECTIONS.index(section) + 1 :]
    at = next(
        (n for n, line in enumerate(lines) if any(_is_section(line, name) for name in later)),
        len(lines),
    )
    return [*lines[:at], f"{section}:\n", *item, *lines[at:]]


def _taken(lines: list[str], section: str, start: int, end: int) -> list[str]:
    found = _section_at(lines, section)
    assert found is not None
    if found == (start - 1, end):  # the only one: its part goes with it
        start -= 1
    return [*lines[:start], *lines[end:]]


def _changed(lines: Sequence[str], now: Body, body: Body) -> list[str]:
    """An item with other values in the fields that differ."""
    old, new = _plain(now), _plain(body)
    fields = _fields(lines)
    names = [name for name, _ in fields]
    chunks: dict[str, list[str]] = dict(fields)
    for name in names:
        if name not in new:
            del chunks[name]
        elif old.get(name) != new[name]:
            chunks[name] = _field(name, new[name])
    order = [name for name in names if name in chunks]
    for name in (name for name in new if name not in chunks):
        chunks[name] = _field(name, new[name])
        before = [n for n, other in enumerate(order) if _ORDER[other] < _ORDER[name]]
        order.insert(before[-1] + 1 if before else 0, name)
    flat = [line for name in order for line in chunks[name]]
    return ["  - " + flat[0][4:], *flat[1:]]


def _fields(lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The fields of an item, each with its lines; comments belong to the field before."""
    found: list[tuple[str, list[str]]] = []
    for n, line in enumerate(lines):
        field = _FIELD.match(line)
        if field:
            found.append((field[1], ["    " + line[4:] if n == 0 else line]))
        else:
            found[-1][1].append(line)
    return found


# -- YAML as sheets have it -----------------------------------------------------------------------


def _plain(body: Body) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body, enc_hook=str))
    if not isinstance(body, Jurisdiction):
        plain = {name: value for name, value in plain.items() if value != {}}
        plain.pop("jurisdiction")
        if "evidence" in plain:
            plain["evidence"] = [_sorted(one, _EVIDENCE) for one in plain["evidence"]]
        return dict(sorted(plain.items(), key=lambda item: _ORDER[item[0]]))
    return plain


def _sorted(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _item(body: Body) -> list[str]:
    flat = [line for name, value in _plain(body).items() for line in _field(name, value)]
    return ["  - " + flat[0][4:], *flat[1:]]


def _field(name: str, value: Any, depth: int = 4) -> list[str]:
    """The lines of one field, at a depth."""
    pad = " " * depth
    if isinstance(value, dict):
        if not any(isinstance(one, (dict, list)) for one in value.values()):
            flow = _flow(value)
            if name == "covers" and len(flow) + depth < _WIDTH:
                return [f"{pad}{name}: {flow}\n"]
        inner = [line for key, one in value.items() for line in _field(key, one, depth + 2)]
        return [f"{pad}{name}:\n", *inner]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"{pad}{name}:\n", *(line for one in value for line in _entry(one, depth + 2))]
    if isinstance(value, list):
        flow = f"[{', '.join(_word(name, one) for one in value)}]"
        if len(flow) + depth + len(name) < _WIDTH:
            return [f"{pad}{name}: {flow}\n"]
        return [f"{pad}{name}:\n", *(f"{pad}  - {_word(name, one)}\n" for one in value)]
    return [f"{pad}{name}: {_scalar(name, value, depth)}\n"]


def _entry(value: dict[str, Any], depth: int) -> list[str]:
    """One of a list of mappings: on one line where it is a value and its unit."""
    pad = " " * depth
    if "unit" in value:
        return [f"{pad}- {_flow(value)}\n"]
    flat = [line for key, one in value.items() for line in _field(key, one, depth + 2)]
    return [f"{pad}- {flat[0][depth + 2 :]}", *flat[1:]]


def _flow(value: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_word(key, one)}" for key, one in value.items()) + "}"


def _scalar(name: str, value: Any, depth: int) -> str:
    """A value on its line, or folded over several where it is long."""
    word = _word(name, value)
    if len(word) + len(name) + depth + 2 <= _WIDTH or not isinstance(value, str):
        return word
    pad = " " * (depth + 2)
    lines = textwrap.wrap(value, _WIDTH - depth - 2, break_long_words=False, break_on_hyphens=False)
    if " ".join(lines) != value or len(lines) < 2:
        return word
    return ">-\n" + "\n".join(pad + line for line in lines)


def _word(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:.12g}"
    text = str(value)
    if name in _DAYS:
        return text
    return text if _is_plain(text) else json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether text may stand without quotes, also inside of brackets, and is read as text."""
    if text != text.strip() or any(c in text for c in "\n\t{}[],&*#|>'\"%@`\\"):
        return False
    try:
        read = yaml.safe_load(f"key: {text}")
    except yaml.YAMLError:
        return False
    return isinstance(read, dict) and read.get("key") == text
