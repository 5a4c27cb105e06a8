"""JSON, XML and HTML as values and trees, within the limits of anything real."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar, overload

import msgspec

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import LIMIT, FaultError, check_size
from kratom_atlas.read.media import decode, repair

__all__ = ["parse_html", "parse_json", "parse_xml"]

T = TypeVar("T")

_TWICE: Final = re.compile(rb"\xc3[\x80-\xbf]\xc2[\x80-\xbf]")
_BOM: Final = b"\xef\xbb\xbf"


@overload
def parse_json(body: bytes, *, limit: int = LIMIT) -> Any: ...
@overload
def parse_json(body: bytes, type: type[T], *, limit: int = LIMIT) -> T: ...
def parse_json(body: bytes, type: Any = Any, *, limit: int = LIMIT) -> Any:  # noqa: A002
    """The value that `body` encodes, checked to be a `type`.

    Raises:
        FaultError: it is cut off, not JSON, nested too deep, or not what `type` says.
    """
    check_size(len(body), limit)
    body = body.removeprefix(_BOM)
    if not body.strip():
        raise FaultError(Fault.EMPTY, "no JSON")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        body = decode(body, limit=limit).text.encode()
    elif _TWICE.search(body):
        body = repair(body.decode("utf-8", "replace"))[0].encode()
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.ValidationError as error:
        raise FaultError(Fault.LAYOUT, str(error)) from None
    except msgspec.DecodeError as error:
        cut = "truncated" in str(error)
        raise FaultError(Fault.TRUNCATED if cut else Fault.WRONG_TYPE, str(error)) from None
    except RecursionError:
        raise FaultError(Fault.TOO_DEEP, "JSON nested deeper than anything real") from None
    except UnicodeDecodeError as error:
        raise FaultError(Fault.WRONG_CHARSET, str(error)) from None


_ENTITY: Final = re.compile(
    r"<!ENTITY\s+(%\s+)?([^\s%\"'>]{1,200})\s+(?:\"([^\"]*+)\"|'([^']*+)'|(?:SYSTEM|PUBLIC)\s)"
)
_REFERENCE: Final = re.compile(r"[&%]([^\s#;&%]{1,200});")
_EXPANDED: Final = 1_000_000
"""So many characters may all references to a document's own entities stand for."""


def parse_xml(body: bytes, *, recover: bool = False, limit: int = LIMIT) -> Any:
    """The root element of `body`. Nothing is fetched and no entity is ever expanded.

    `recover` reads on where a document is not well-formed or names an entity it does not define.

    Raises:
        FaultError: it is cut off, not XML, nested too deep, or a bomb of entities.
    """
    from lxml import etree

    check_size(len(body), limit)
    body = body.removeprefix(_BOM).lstrip()
    if not body:
        raise FaultError(Fault.EMPTY, "no XML")
    _check_entities(body)
    if _TWICE.search(body):
        text, repaired = repair(body.decode("utf-8", "replace"))
        body = text.encode() if repaired else body
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=recover,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _xml_fault(error) from None
    if recover:
        _check_resources(parser)
    if root is None:
        raise FaultError(Fault.WRONG_TYPE, "no element in it")
    return root


def _check_entities(body: bytes) -> None:
    """Refuse entities that stand for entities, or for more text than any law has."""
    place = body.find(b"<!DOCTYPE")
    if place < 0 or body.find(b"<!ENTITY", place) < 0:
        if b"\x00" in body[:64] and "<!ENTITY" in decode(body).text:
            raise FaultError(Fault.BOMB, "it defines entities in UTF-16")
        return
    text = body.decode("utf-8", "replace")
    end = max(text.rfind("]>"), text.rfind("<!ENTITY")) + 4096
    sizes: dict[str, int] = {}
    for found in _ENTITY.finditer(text, 0, end):
        value = found[3] or found[4] or ""
        if found[1] or _REFERENCE.search(value):
            raise FaultError(Fault.BOMB, f"entity {found[2]} stands for other entities")
        sizes[found[2]] = len(value)
    total = sum(sizes.get(reference[1], 0) for reference in _REFERENCE.finditer(text))
    if total > _EXPANDED:
        raise FaultError(Fault.BOMB, f"its entities stand for {total:,} characters")


def _xml_fault(error: Exception) -> FaultError:
    """The fault that a message of libxml2 means (see its `xmlerror.h`)."""
    detail = str(error)
    code = getattr(error, "code", None)
    if "Excessive depth" in detail:
        return FaultError(Fault.TOO_DEEP, detail)
    if "Resource limit" in detail or "huge" in detail.lower():
        return FaultError(Fault.TOO_LARGE, detail)
    if code == 89 or "entity loop" in detail.lower() or "amplification" in detail:
        return FaultError(Fault.BOMB, detail)
    if "encoding" in detail.lower() and code in {31, 32, 81, 9, 6003}:
        return FaultError(Fault.WRONG_CHARSET, detail)
    premature = code in {5, 73, 77, 44, 74, 63} and "Extra content" not in detail
    return FaultError(Fault.TRUNCATED if premature else Fault.WRONG_TYPE, detail)


def parse_html(body: bytes, declared: str | None = None, *, limit: int = LIMIT) -> Any:
    """The root element of `body`, read as browsers do; `declared` is its sender's charset.

    Raises:
        FaultError: it is empty, unreadable, or nested too deep.
    """
    from lxml import etree, html

    text = decode(body, declared, limit=limit).text
    if not text.strip():
        raise FaultError(Fault.EMPTY, "no HTML")
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise _xml_fault(error) from None
    _check_resources(parser)
    return root


def _check_resources(parser: Any) -> None:
    """A parser that recovers also recovers from its limits: by leaving out the rest."""
    for entry in parser.error_log:
        if entry.type_name == "ERR_RESOURCE_LIMIT":
            raise _xml_fault(ValueError(entry.message))
