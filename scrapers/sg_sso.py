"""Singapore Statutes Online: the First Schedule of the Misuse of Drugs Act 1973.

Layout. `/Act/MDA1973?ProvIds=Sc1-` is the page of one schedule. The page of a whole act loads its
parts one by one from `/Details/GetLazyLoadContent?TocSysId=..&SeriesId=..`; where the schedule is
not in the page itself, its parts are asked for in that way. `Current version as at` on the page is
the day of the look, not of a change, and is left out.

Terms. Machines may read between 03:00 and 07:00 Singapore time only; robots.txt asks for six
seconds between requests and keeps them off the search. One document a month is all that is read
here. Who is too fast gets an empty 202; user agents that name a program are said to get a 403:
then the run says that it is forbidden, and no other name is tried.

Unconfirmed: the names of the attributes that hold the ids of the parts; that the schedule is in
the page when it is asked for alone.

History of breakage. None seen yet (built 2026-11-22 from notes; no real page was held).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Hours, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from kratom_atlas.read.text import NormalText

SITE = "https://sso.agc.gov.sg"
ACT = "MDA1973"
TITLE = "Misuse of Drugs Act 1973"
ACT_PAGE = Expect(media=("html",), smallest=500, contains=("Misuse of Drugs",))
PART = Expect(media=("html",), smallest=20)
_SCHEDULE = re.compile(r"FIRST SCHEDULE(.*?)(?=SECOND SCHEDULE|\Z)", re.DOTALL)
_ROWS = re.compile(r"controlled drugs", re.IGNORECASE)
_TOC = re.compile(r"TocSysId[\"']?\s*[:=]\s*[\"']?([0-9a-zA-Z-]{4,80})")
_SERIES = re.compile(r"SeriesId[\"']?\s*[:=]\s*[\"']?([0-9a-zA-Z._-]{2,80})")
MAX_PARTS = 40


class SgSso(Scraper):
    """Reads one schedule, once a month, in the hours that are allowed."""

    source: ClassVar = Source(
        id="sg_sso",
        title="Singapore Statutes Online: Misuse of Drugs Act 1973",
        publisher="Attorney-General's Chambers (Singapore)",
        covers=("SG",),
        kind=SourceKind.STATUTES,
        homepage=f"{SITE}/Act/{ACT}",
        licence="Crown and government copyright; legislation may be reproduced under the site's "
        "terms with attribution",
        terms="Automated reading between 03:00 and 07:00 Singapore time only; six seconds between "
        "requests; the search is closed to machines.",
        hosts=("sso.agc.gov.sg",),
        schedule="17 20 3 * *",
        hours=Hours(first="03:00", last="07:00", zone="Asia/Singapore"),
        rate=Rate(delay=10.0, per_day=60),
        bounds=Bounds(examined=(1, 60), observed=(1, 1)),
        cadence=400,
    )

    def start(self) -> Iterable[Fetch]:
        """The schedule's own page."""
        yield self.get(
            f"{SITE}/Act/{ACT}", self.act, params={"ProvIds": "Sc1-"}, expect=ACT_PAGE,
            about=ACT, essential=True,
        )  # fmt: skip

    def act(self, page: Page) -> Iterable[Yield]:
        """The schedule, or the parts of the act in which it must be."""
        self.examine()
        schedule = _schedule(page.text().text)
        if schedule is not None:
            yield self._document(page, schedule)
            return
        source = page.decoded()
        series = _SERIES.search(source)
        parts = list(dict.fromkeys(_TOC.findall(source)))[:MAX_PARTS]
        if series is None or not parts:
            raise FaultError(Fault.LAYOUT, "neither the First Schedule nor parts to load it from")
        yield self._part(parts, series[1])

    def part(self, page: Page, rest: list[str], series: str) -> Iterable[Yield]:
        """One part of the act; the next one where the schedule is not in it."""
        self.examine()
        schedule = _schedule(page.text().text)
        if schedule is not None:
            yield self._document(page, schedule)
        elif rest:
            yield self._part(rest, series)
        else:
            raise FaultError(Fault.LAYOUT, "the First Schedule is in no part of the act")

    def _part(self, parts: list[str], series: str) -> Fetch:
        return self.get(
            f"{SITE}/Details/GetLazyLoadContent", self.part,
            params={"TocSysId": parts[0], "SeriesId": series}, expect=PART, about=ACT,
            essential=True, rest=parts[1:], series=series,
        )  # fmt: skip

    def _document(self, page: Page, schedule: NormalText) -> Yield:
        return self.document(
            page,
            key=ACT,
            title=f"{TITLE}, First Schedule: controlled drugs",
            jurisdiction="ocd-division/country:sg",
            url=f"{SITE}/Act/{ACT}?ProvIds=Sc1-",
            text=schedule,
            kind=InstrumentKind.STATUTE,
            number=ACT,
            locator="First Schedule",
            note="Lists the controlled drugs of classes A, B and C.",
        )


def _schedule(text: str) -> NormalText | None:
    """The First Schedule: the longest stretch of that name that lists controlled drugs.

    The name stands in tables of contents and in cross-references too.
    """
    from kratom_atlas.read.text import normalise

    found = [part for part in _SCHEDULE.findall(text) if _ROWS.search(part)]
    return normalise(max(found, key=len)) if found else None
