"""eCode360 (General Code): codes of counties, cities and towns.

Layout. ecode360.com shows the codes of its clients, a page for each chapter, with new laws listed
apart. An API exists and is sold to the clients. Terms of use are there, and could not be read when
this was declared; copying by machines is taken to be forbidden, so a section is linked to and
quoted by people.

History of breakage. Never read (declared 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kratom_atlas.crawl.scraper import Fetch, Scraper
from kratom_atlas.crawl.source import Bounds, Source
from kratom_atlas.model.crawling import SourceKind


class UsEcode360(Scraper):
    """Declared so that it is known to be left out, and why; it is never read."""

    source: ClassVar = Source(
        id="us_ecode360",
        title="eCode360",
        publisher="General Code",
        covers=("US-*",),
        kind=SourceKind.ORDINANCES,
        homepage="https://www.generalcode.com/library/",
        licence="Edicts are no one's; the edition is claimed",
        terms="The API is sold; copying by machines is taken to be forbidden.",
        hosts=("ecode360.com",),
        schedule="0 12 1 * *",
        bounds=Bounds(examined=(0, 0)),
        cadence=3_660,
        off=(
            "its API is sold, and copying by machines is taken to be forbidden: "
            "sections are linked to, and quoted by people; "
            "councils are watched through Legistar"
        ),
    )

    def start(self) -> Iterable[Fetch]:
        """Nothing."""
        return ()
