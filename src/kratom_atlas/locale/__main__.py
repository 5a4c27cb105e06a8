"""Gather the words of the interface, and bring the catalogue of every language up to date.

What is new in a catalogue has no translation yet, and what is gone from the code is gone from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from kratom_atlas.languages import CODES, DOMAIN, MARKED
from kratom_atlas.model.vocabulary import (
    ActivityStatus,
    Alkaloid,
    Flag,
    Level,
    Searched,
    SearchResult,
    Status,
    Substance,
    Unit,
    Verification,
)

__all__ = ["FOLDER", "template", "update"]

FOLDER: Final = Path(__file__).parent
PLACES: Final = (
    ("maps.templates", "app", ".js"),
    ("maps.templates", "", ".html"),
    ("maps", "", ".py"),
    ("kratom_atlas.report", "", ".py"),
    ("kratom_atlas.site", "", ".py"),
    ("kratom_atlas.site", "templates", ".html"),
)
"""Package, folder and ending of the files that hold words of the interface."""
METHODS: Final = {".js": "javascript", ".py": "python"}
KEYWORDS: Final = {"msg": None, "t": None, "tn": (2, 3)}
EXPLAINED: Final = (Status, Flag)
NAMED: Final = (
    ActivityStatus,
    Substance,
    Verification,
    SearchResult,
    Searched,
    Level,
    Unit,
    Alkaloid,
)
"""Words of the vocabulary that the translated pages show: with their meanings, or labels alone."""

ABOUT: Final = {
    "project": "Kratom Atlas",
    "version": "1",
    "header_comment": "# The words of the interface of Kratom Atlas (MIT).",
    "copyright_holder": "Kratom Atlas maintainers",
    "msgid_bugs_address": "Kratom Atlas maintainers",
    "last_translator": "Kratom Atlas maintainers",
    "language_team": "Kratom Atlas maintainers",
}

Message = str | tuple[str, ...]


def template() -> Catalog:
    """Every message, without a translation."""
    found = Catalog(charset="utf-8", fuzzy=False, **ABOUT)
    for package, folder, ending in PLACES:
        top = resources.files(package).joinpath(folder)
        for file in sorted(top.iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(ending):
                place = "/".join((*package.split("."), *filter(None, (folder, file.name))))
                for message in _messages(file, METHODS.get(ending)):
                    found.add(message, locations=[(place, 1)])
    for kind in (*EXPLAINED, *NAMED):
        for word in kind:
            for text in (word.label, word.meaning) if kind in EXPLAINED else (word.label,):
                found.add(text, context=kind.__name__, locations=[(kind.__module__, 1)])
    return found


def _messages(file: Traversable, method: str | None) -> Iterator[Message]:
    if method is None:
        for found in MARKED.finditer(file.read_text(encoding="utf-8")):
            yield next(filter(None, found.groups()))
        return
    with file.open("rb") as source:
        for _, message, _, _ in extract(method, source, KEYWORDS):
            yield message


def update(folder: Path = FOLDER) -> None:
    """Write the template and the catalogues."""
    now = template()
    path = folder / f"{DOMAIN}.pot"
    if path.exists():
        with path.open("rb") as file:
            before = read_po(file)
        same = {m.id for m in before} == {m.id for m in now}
        now.creation_date = before.creation_date if same else datetime.now(UTC)
    _write(path, now)
    for code in CODES[1:]:
        path = folder / code / "LC_MESSAGES" / f"{DOMAIN}.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = Catalog(locale=code, charset="utf-8", fuzzy=False, **ABOUT)
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=code)
        catalogue.update(now, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        catalogue.fuzzy = False
        _write(path, catalogue)


def _write(path: Path, catalogue: Catalog) -> None:
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, include_lineno=False)


if __name__ == "__main__":
    update()
