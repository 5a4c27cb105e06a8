"""A response as a parser sees it: bytes that were captured, typed and bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

    from kratom_atlas.read.media import Media
    from kratom_atlas.read.text import NormalText

__all__ = ["Page"]

T = TypeVar("T")


class Page:
    """One good response. `url` is where it came from, `sha256` its capture.

    Every method raises `FaultError` for bytes that are not what the parser asks for.
    """

    def __init__(
        self,
        *,
        url: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        sha256: str,
        fetched_at: datetime,
    ) -> None:
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
        self.sha256 = sha256
        self.fetched_at = fetched_at

    @cached_property
    def media(self) -> Media:
        """The type of the bytes, by the bytes themselves."""
        from kratom_atlas.read.media import sniff

        return sniff(self.body)

    @property
    def charset(self) -> str | None:
        """The character set that the server declares."""
        _, _, rest = self.headers.get("content-type", "").partition("charset=")
        return rest.partition(";")[0].strip(" \"'") or None

    @overload
    def json(self) -> Any: ...
    @overload
    def json(self, type: type[T]) -> T: ...
    def json(self, type: Any = Any) -> Any:  # noqa: A002
        """The body as JSON, checked against `type` (a `msgspec.Struct`, a list of them, ...)."""
        from kratom_atlas.read.structured import parse_json

        return parse_json(self.body, type)

    def xml(self, *, recover: bool = False) -> _Element:
        """The root of the body as XML."""
        from kratom_atlas.read.structured import parse_xml

        root: _Element = parse_xml(self.body, recover=recover)
        return root

    def html(self) -> HtmlElement:
        """The root of the body as HTML."""
        from kratom_atlas.read.structured import parse_html

        root: HtmlElement = parse_html(self.body, self.charset)
        return root

    def decoded(self) -> str:
        """The body as characters, with its mark-up."""
        from kratom_atlas.read.media import decode

        return decode(self.body, self.charset).text

    def text(self) -> NormalText:
        """The body as normalised text, whatever its type."""
        from kratom_atlas.read.text import read_text

        return read_text(self.body, media=self.media, declared=self.charset)

    def members(self, only: Callable[[str], bool] | None = None) -> Iterator[tuple[str, bytes]]:
        """The files of an archive, by name."""
        from kratom_atlas.read.archive import members

        return members(self.body, only=only)
