"""SPARQL endpoints: a SELECT as a fetch, its rows as structs, and pages by cursor.

An endpoint that gives up (Virtuoso, after a time limit or on a bad query) says so in a text with
status 200, or with a body of JSON that was cut where the time ran out. OFFSET is slow on all of
them and refused beyond 10,000 on some: page with `after`, the last value of the sort key.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.source import Expect
from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import FaultError

__all__ = ["ROWS", "after", "literal", "rows", "select"]

RowT = TypeVar("RowT", bound=Struct)

MEDIA: Final = "application/sparql-results+json"
ROWS: Final = Expect(media=("json",), smallest=20, contains=('"bindings"',))


def select(endpoint: str, query: str) -> dict[str, Any]:
    """What `Scraper.get` needs to ask this: `self.get(step=self.listing, **select(...))`."""
    return {
        "url": endpoint,
        "params": {"query": " ".join(query.split())},
        "headers": {"Accept": MEDIA},
        "expect": ROWS,
    }


def literal(text: str) -> str:
    """A text as a literal of the language.

    Raises:
        FaultError: it has a character that could end the literal, as no address or number has.
    """
    if _UNSAFE.search(text):
        raise FaultError(Fault.LAYOUT, f"cannot be asked for: {text!r}")
    return f'"{text}"'


_UNSAFE: Final = re.compile(r'["\\\x00-\x1f\x7f]')


def after(variable: str, last: str | None) -> str:
    """The filter that begins a page where the last one ended; the first page has none.

    The query must sort by `STR(?variable)`, and by nothing before it.
    """
    return f"FILTER(STR(?{variable}) > {literal(last)})" if last else ""


class _Term(Struct):
    type: str
    value: str


class _Results(Struct):
    bindings: list[dict[str, _Term]]


class _Answer(Struct):
    results: _Results


def rows(page: Page, row: type[RowT]) -> list[RowT]:
    """The rows of an answer, each as a `row`; a variable that is not bound is a field left out.

    Raises:
        FaultError: an error that says it is an answer, or a variable that is not there any more.
    """
    said = page.json(_Answer)
    plain = [{name: term.value for name, term in one.items()} for one in said.results.bindings]
    try:
        return msgspec.convert(plain, list[row], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise FaultError(Fault.LAYOUT, str(error)) from None
