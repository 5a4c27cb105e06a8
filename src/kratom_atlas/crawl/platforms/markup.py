"""Parts of pages: the words of an element, the text of one part of a page, pieces put together.

A page is more than the law on it, and some sources give a law in pieces. Both are read as markup,
never by dropping tags: that glues the cells of a row.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from kratom_atlas.crawl.scraper import one_line

if TYPE_CHECKING:
    from lxml.etree import _Element

    from kratom_atlas.read.text import NormalText

__all__ = ["part_text", "pieces_text", "plain_words", "words_of"]

_TAG: Final = re.compile(r"<[^<>]{0,500}>")


def words_of(element: _Element | None) -> str | None:
    """The words of an element on one line, None where there are none."""
    return one_line("".join(map(str, element.itertext()))) or None if element is not None else None


def plain_words(text: str) -> str:
    """A title or a summary that came with mark-up in it, on one line."""
    return one_line(html.unescape(_TAG.sub(" ", text)))


def part_text(part: Any) -> NormalText:
    """The text of one element of a page of HTML; positions count in the mark-up of it alone."""
    from lxml import etree

    from kratom_atlas.read.media import Media
    from kratom_atlas.read.text import normalise

    source = etree.tostring(part, encoding="unicode", method="html", with_tail=False)
    return normalise(source, Media.HTML)


def pieces_text(pieces: Iterable[str], title: str = "") -> NormalText:
    """The text of pieces of HTML under a title; each is a block, and none is glued to the next.

    Raises:
        FaultError: there is no word in them.
    """
    from kratom_atlas.read.media import Media
    from kratom_atlas.read.text import read_text

    blocks = [f"<h1>{html.escape(title)}</h1>"] if title else []
    blocks += [f"<div>{piece}</div>" for piece in pieces if piece]
    markup = "\n".join(("<!DOCTYPE html><html><body>", *blocks, "</body></html>"))
    return read_text(markup.encode("utf-8", "surrogatepass"), media=Media.HTML, declared="utf-8")
