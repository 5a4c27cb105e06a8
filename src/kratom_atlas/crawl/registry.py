"""The sources that are there: one module of the package `scrapers` each."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from difflib import get_close_matches

from kratom_atlas.crawl.scraper import Scraper
from kratom_atlas.errors import AtlasError

__all__ = ["chosen", "find_scrapers", "load_scraper", "names"]


def find_scrapers(package: str = "scrapers") -> dict[str, type[Scraper]]:
    """Every source by its id, in the order of ids.

    Raises:
        AtlasError: a module that declares no source, or several, or one of another name.
    """
    return {name: load_scraper(name, package) for name in names(package)}


def names(package: str = "scrapers") -> list[str]:
    """The ids of all sources, in order; none of their modules is imported."""
    home = importlib.import_module(package)
    return sorted(info.name for info in pkgutil.iter_modules(home.__path__))


def load_scraper(name: str, package: str = "scrapers") -> type[Scraper]:
    """One source.

    Raises:
        AtlasError: its module declares no source, or several, or one of another name.
    """
    module = importlib.import_module(f"{package}.{name}")
    mine = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Scraper) and one.__module__ == module.__name__
    ]
    if len(mine) != 1 or mine[0].source.id != name:
        raise AtlasError(
            f"{package}/{name}.py: must declare one scraper, whose source has the id {name!r}"
        )
    return mine[0]


def chosen(ids: Iterable[str], package: str = "scrapers") -> list[type[Scraper]]:
    """The sources of these ids; a row of a source (`anchors.se-drugs`) chooses the source.

    Raises:
        AtlasError: there is no such source.
    """
    known = names(package)
    picked: dict[str, type[Scraper]] = {}
    for wanted in ids:
        name = wanted.partition(".")[0]
        if name not in known:
            near = get_close_matches(wanted, known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "see kratom-atlas sources"
            raise AtlasError(f"no source {wanted!r}: {hint}")
        picked[name] = load_scraper(name, package)
    return list(picked.values())
