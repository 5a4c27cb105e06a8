"""Municode Library (CivicPlus): codes of counties, cities and towns.

Layout. The pages of library.municode.com are filled by an undocumented API (`api.municode.com`:
clients, products, jobs, a tree of codes, their content); the paragraph at the foot of a section has
the ordinance and its day. It has no key, but is made for the pages; search in the texts is sold.
One stored robots.txt asks for 15 seconds between requests and keeps machines off the search. No
permission to copy the codes has been found, so a section is linked to and quoted by people.

History of breakage. Never read (declared 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kratom_atlas.crawl.scraper import Fetch, Scraper
from kratom_atlas.crawl.source import Bounds, Source
from kratom_atlas.model.crawling import SourceKind


class UsMunicode(Scraper):
    """Declared so that it is known to be left out, and why; it is never read."""

    source: ClassVar = Source(
        id="us_municode",
        title="Municode Library",
        publisher="CivicPlus",
        covers=("US-*",),
        kind=SourceKind.ORDINANCES,
        homepage="https://library.municode.com/",
        licence="Edicts are no one's; the edition and its notes are claimed",
        terms="No API is offered, and no permission to copy with machines was found.",
        hosts=("library.municode.com",),
        schedule="0 12 1 * *",
        bounds=Bounds(examined=(0, 0)),
        cadence=3_660,
        off=(
            "no API is offered and no permission to copy was found: "
            "sections are linked to, and quoted by people; "
            "councils are watched through Legistar"
        ),
    )

    def start(self) -> Iterable[Fetch]:
        """Nothing."""
        return ()
