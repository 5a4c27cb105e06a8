"""Akoma Ntoso: who a document is (FRBR), what it is called, when it is of, and its text.

Publishers agree on the shape of `meta/identification` and on little else: names of dates, extra
namespaces and wrappers around several expressions are their own. So elements are found by their
local name, and what a publisher adds is left to its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from kratom_atlas.crawl.platforms.markup import words_of
from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

    from kratom_atlas.read.text import NormalText

__all__ = ["Akoma", "children", "documents", "identify", "name_of", "own_text"]

_LEVELS = ("FRBRWork", "FRBRExpression", "FRBRManifestation")


class Akoma(Struct, frozen=True, kw_only=True):
    """What a document says of itself.

    `work` and `expression` are its addresses among all documents: the act, and the act in one
    language and version. `dates` are by the name that the publisher gives them; where several
    levels name one alike, that of the expression counts before that of the work.
    """

    work: str
    expression: str
    language: str | None = None
    version: str | None = None
    number: str | None = None
    title: str | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)


def name_of(element: _Element) -> str:
    """The name of an element without its namespace; empty for comments and instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: _Element, *path: str) -> Iterator[_Element]:
    """The elements below `element`, by local names; `*` skips any number of levels."""
    if not path:
        yield element
        return
    first, rest = path[0], path[1:]
    if first == "*":
        for one in element.iter():
            if name_of(one) == rest[0]:
                yield from children(one, *rest[1:])
        return
    for one in element:
        if name_of(one) == first:
            yield from children(one, *rest)


def documents(root: _Element) -> list[_Element]:
    """The documents (`act`, `bill`, `doc`, ...) of an answer, also of a list of several."""
    found = [
        child
        for wrapper in root.iter()
        if name_of(wrapper) == "akomaNtoso"
        for child in wrapper
        if name_of(child)
    ]
    if not found:
        raise FaultError(Fault.LAYOUT, f"<{name_of(root)}> holds no Akoma Ntoso document")
    return found


def identify(document: _Element) -> Akoma:
    """Who a document is, by its `meta/identification`.

    Raises:
        FaultError: it does not say.
    """
    levels: dict[str, Any] = {
        name: next(children(document, "meta", "identification", name), None) for name in _LEVELS
    }
    work, expression, manifestation = (levels[name] for name in _LEVELS)
    address = _value(work, "FRBRuri")
    if address is None:
        raise FaultError(Fault.LAYOUT, "no FRBRWork/FRBRuri")
    aliases: dict[str, str] = {}
    dates: dict[str, str] = {}
    for level in (manifestation, work, expression):
        aliases |= _named(level, "FRBRalias", "value")
        dates |= _named(level, "FRBRdate", "date")
    language = next(children(expression, "FRBRlanguage"), None) if expression is not None else None
    return Akoma(
        work=address,
        expression=_value(expression, "FRBRuri") or address,
        language=language.get("language") if language is not None else None,
        version=_value(expression, "FRBRversionNumber"),
        number=words_of(next(children(document, "*", "docNumber"), None))
        or _value(work, "FRBRnumber"),
        title=words_of(next(children(document, "*", "docTitle"), None)),
        aliases=aliases,
        dates=dates,
    )


def own_text(document: _Element) -> NormalText:
    """The text of one document out of several, without its `meta`.

    Its positions count in the mark-up of this document, not in the whole answer.
    """
    from lxml import etree

    from kratom_atlas.read.media import Media
    from kratom_atlas.read.text import normalise

    parts = [
        etree.tostring(child, encoding="unicode", with_tail=False)
        for child in document
        if name_of(child) not in ("", "meta")
    ]
    return normalise("\n".join(parts), Media.XML)


def _value(level: _Element | None, name: str) -> str | None:
    found = next(children(level, name), None) if level is not None else None
    return found.get("value") or None if found is not None else None


def _named(level: _Element | None, name: str, attribute: str) -> dict[str, str]:
    if level is None:
        return {}
    pairs = ((one.get("name"), one.get(attribute)) for one in children(level, name))
    return {key: value for key, value in pairs if key and value}
