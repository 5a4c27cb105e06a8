"""`new-source`: the file, the fixture and the expected output of a source, to fill in."""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kratom_atlas.errors import AtlasError
from kratom_atlas.guard import check_url

__all__ = ["new_source"]

_ID: Final = re.compile(r"[a-z]{2,}(_[a-z0-9]+)+", re.ASCII)

_MODULE: Final = '''"""{title}.

Layout. Say here how the source is laid out: addresses, parameters, paging, limits, character set,
what its dates mean, and what has not been confirmed against a live answer.

History of breakage. None seen yet (begun {today}).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import HTML, Bounds, Rate, Source
from kratom_atlas.model.crawling import SourceKind

ADDRESS = "{url}"


class {name}(Scraper):
    """Reads one document."""

    source: ClassVar = Source(
        id="{id}",
        title="{title}",
        publisher="say who publishes it",
        covers=("{code}",),
        kind=SourceKind.STATUTES,
        homepage="{url}",
        licence="say under what licence it may be used",
        terms="say what it asks of machines",
        hosts=("{host}",),
        schedule="17 5 * * mon",
        rate=Rate(delay=5.0),
        bounds=Bounds(examined=(1, 100)),
        cadence=365,
    )

    def start(self) -> Iterable[Fetch]:
        """The first fetches of a run."""
        yield self.get(ADDRESS, self.read, expect=HTML, about="document", essential=True)

    def read(self, page: Page) -> Iterable[Yield]:
        """What the document says."""
        self.examine()
        yield self.document(
            page,
            key="document",
            title="{title}",
            jurisdiction="ocd-division/country:{country}",
            text=page.text(),
        )
'''
_EXCHANGES: Final = """\
# What the source answers: small, and written in its manner, never a copy.
- url: {url}
  text: |
    <!doctype html><html lang="en"><head><title>{title}</title></head><body>
    <h1>{title}</h1>
    <p>Write here what a real answer would say, with and without the word kratom.</p>
    </body></html>
"""


def new_source(root: Path, id_: str, url: str, *, today: str) -> list[Path]:
    """Write what a new source begins with; nothing is overwritten.

    Raises:
        AtlasError: not a good id or address, it is there already, or `root` is no checkout.
    """
    if not _ID.fullmatch(id_) or keyword.iskeyword(id_):
        raise AtlasError(
            f"{id_!r} is no id of a source: write the place and the publication in small letters, "
            "as se_riksdagen or us_ny_openleg"
        )
    address = check_url(url)
    scrapers, fixtures = root / "scrapers", root / "tests" / "fixtures"
    if not (scrapers / "__init__.py").exists():
        raise AtlasError(f"{root}: no folder scrapers/ here: run it in a checkout of the project")
    country = id_[:2]
    words = {
        "id": id_,
        "url": address,
        "host": urlsplit(address).hostname or "",
        "title": id_.replace("_", " ").title(),
        "name": "".join(part.title() for part in id_.split("_")),
        "code": country.upper(),
        "country": country,
        "today": today,
    }
    empty = {"state": "fill in: python tests/sources/harness.py accept " + id_}
    files = {
        scrapers / f"{id_}.py": _MODULE.format(**words),
        fixtures / id_ / "exchanges.yaml": _EXCHANGES.format(**words),
        fixtures / id_ / "expected.json": json.dumps(empty, indent=1) + "\n",
    }
    for path in files:
        if path.exists():
            raise AtlasError(f"{path}: is there already; choose another id")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)
