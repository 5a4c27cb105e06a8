"""American Legal Publishing: codes of counties, cities and towns.

Layout. codelibrary.amlegal.com shows the codes of its clients as pages that a script fills; there
is no public API and no list of changes. Terms of use are there, and could not be read when this was
declared; copying by machines is taken to be forbidden, so a section is linked to and quoted by
people.

History of breakage. Never read (declared 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kratom_atlas.crawl.scraper import Fetch, Scraper
from kratom_atlas.crawl.source import Bounds, Source
from kratom_atlas.model.crawling import SourceKind


class UsAmlegal(Scraper):
    """Declared so that it is known to be left out, and why; it is never read."""

    source: ClassVar = Source(
        id="us_amlegal",
        title="American Legal code library",
        publisher="American Legal Publishing",
        covers=("US-*",),
        kind=SourceKind.ORDINANCES,
        homepage="https://codelibrary.amlegal.com/",
        licence="Edicts are no one's; the edition is claimed",
        terms="No API is offered; copying by machines is taken to be forbidden.",
        hosts=("codelibrary.amlegal.com",),
        schedule="0 12 1 * *",
        bounds=Bounds(examined=(0, 0)),
        cadence=3_660,
        off=(
            "no API is offered, and copying by machines is taken to be forbidden: "
            "sections are linked to, and quoted by people; "
            "councils are watched through Legistar"
        ),
    )

    def start(self) -> Iterable[Fetch]:
        """Nothing."""
        return ()
