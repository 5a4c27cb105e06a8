"""Templates in which every expression is escaped, inert and isolated, whatever it holds."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from kratom_atlas.report.words import has_rtl, inert, isolate

__all__ = ["marked", "plain", "templates"]


@cache
def templates(package: str) -> Environment:
    """The templates of a package of this project."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        finalize=_finalize,
    )


def plain(text: str) -> Markup:
    """`text` for a title or an attribute, where no element may stand."""
    return escape(isolate(text))


def marked(text: str) -> Markup:
    """`text` for running text; right-to-left script cannot move what stands beside it."""
    flat = inert(text)
    return Markup("<bdi>{}</bdi>").format(flat) if has_rtl(flat) else escape(flat)


def _finalize(value: object) -> object:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return marked(value)
    if isinstance(value, int):
        return value
    raise TypeError(f"a template shows {value!r}, which is no text")
