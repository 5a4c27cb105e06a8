"""Congress.gov: bills and resolutions of the Congress of the United States, with their actions.

Layout. `/v3/bill/{congress}` and `/v3/summaries/{congress}` list what was updated within
`fromDateTime` and `toDateTime`, at most 250 a page by `offset`; `/v3/bill/{congress}/{type}/{n}`
is a bill, with `/actions`, `/titles`, `/summaries` and `/text` below it. There is no search in the
texts, and parameters that would be one are ignored: titles and summaries are matched here, so a
bill that names kratom in its text only is found by GovInfo, not here. Short titles avoid the
substance ("7-OH"), so a title that may hide it has its official titles and summaries read too.

Always with `format=json`: the default was XML for a time. 5,000 requests an hour. Lists have
shown duplicates and wrong counts at large limits: pages overlap here and end with an empty one or
with the count, whichever comes first. `updateDate` is flooded when records are processed again:
it only marks the version and is no change in itself. The same action comes from two systems (the
chamber's and the Library's) in the same words: it is counted once. Texts are listed days late, a
"Public Law" may be listed without any file, and the files are on www.congress.gov, which turns
machines away: the addresses given are those at GovInfo. UNCONFIRMED: whether the addresses of the
next page keep the window, so they are not used.

History of breakage. None seen yet (built 2026-11-22 from recorded answers of 2022 to 2024).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.govinfo import (
    bill_key,
    bill_versions,
    congresses,
    plain_words,
    worth_a_look,
)
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, clip
from kratom_atlas.crawl.source import Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.read.faults import FaultError

API: Final = "https://api.congress.gov/v3"
LIMIT: Final = 250
STEP: Final = 240
"""Pages overlap by a few entries, for what moves from one to the next between two requests."""
PARTS: Final = ("actions", "titles", "summaries", "text")
LISTED: Final = Expect(media=("json",), smallest=2, contains=('"pagination"',))
BILL: Final = Expect(media=("json",), smallest=2, contains=('"bill"',))


class Pagination(Struct):
    """Where a list ends."""

    count: int


class LatestAction(Struct, omit_defaults=True):
    """The newest action, as lists show it."""

    actionDate: str | None = None  # noqa: N815
    text: str | None = None


class Entry(Struct):
    """A bill, as the list and its own record have it."""

    congress: int
    number: str
    type: str
    title: str
    updateDateIncludingText: str  # noqa: N815
    latestAction: LatestAction | None = None  # noqa: N815
    introducedDate: str | None = None  # noqa: N815
    laws: list[dict[str, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key of the bill."""
        return bill_key(self.congress, self.type, self.number)

    @property
    def url(self) -> str:
        """Its own record."""
        return f"{API}/bill/{self.congress}/{self.type.lower()}/{self.number}"


class Listing(Struct):
    """A page of bills."""

    bills: list[Entry]
    pagination: Pagination


class Summary(Struct):
    """A summary by the Congressional Research Service, with the bill that it is of."""

    text: str
    bill: Entry


class Summaries(Struct):
    """A page of summaries."""

    summaries: list[Summary]
    pagination: Pagination


class Single(Struct):
    """The record of one bill."""

    bill: Entry


class ActionRow(Struct, omit_defaults=True):
    """One action."""

    text: str
    actionDate: str | None = None  # noqa: N815
    actionCode: str | None = None  # noqa: N815
    type: str | None = None


class TitleRow(Struct):
    """One title."""

    title: str


class SummaryRow(Struct):
    """One summary."""

    text: str


class Format(Struct):
    """One file of a text."""

    type: str
    url: str


class TextRow(Struct):
    """One version of the text."""

    type: str
    date: str | None = None
    formats: list[Format] = field(default_factory=list)


class Part(Struct):
    """A page of what belongs to a bill."""

    pagination: Pagination
    actions: list[ActionRow] | None = None
    titles: list[TitleRow] | None = None
    summaries: list[SummaryRow] | None = None
    text: list[TextRow] | None = field(default=None, name="textVersions")


class UsCongress(Scraper):
    """Sweeps what was updated, and reads each bill whose title or summary may name kratom."""

    source: ClassVar = Source(
        id="us_congress",
        title="Congress.gov: bills",
        publisher="Library of Congress (United States)",
        covers=("US",),
        kind=SourceKind.BILLS,
        homepage="https://api.congress.gov/",
        licence="Public domain (17 USC 105)",
        terms="An open API with a free key of api.data.gov; 5,000 requests an hour.",
        hosts=("api.congress.gov",),
        schedule="41 9 * * *",
        in_session="41 3,9,15,21 * * *",
        sittings=(("01-03", "12-31"),),
        key=Key(
            env="CONGRESS_GOV_API_KEY",
            place="header",
            name="X-Api-Key",
            register="https://api.congress.gov/sign-up/",
        ),
        rate=Rate(delay=0.8, per_minute=75),
        bounds=Bounds(examined=(0, 120_000), observed=(0, 2_000)),
        cadence=120,
        overlap=3,
        first=1_460,
    )

    def start(self) -> Iterable[Fetch]:
        """What was updated since the last look: bills, and summaries of bills."""
        for congress in congresses(self.since, self.today):
            yield self._list(f"bill/{congress}", self.listing, 0)
            yield self._list(f"summaries/{congress}", self.summaries, 0)

    def listing(self, page: Page, path: str, offset: int) -> Iterable[Yield]:
        """Each bill that has changed and may name kratom, and the next page."""
        listed = page.json(Listing)
        self.examine(len(listed.bills), total=listed.pagination.count, before=offset)
        for entry in listed.bills:
            yield from self._follow(entry, worth_a_look(entry.title))
        if offset + LIMIT < listed.pagination.count:
            yield self._list(path, self.listing, offset + STEP)

    def summaries(self, page: Page, path: str, offset: int) -> Iterable[Yield]:
        """Each bill whose summary names kratom, and the next page."""
        from kratom_atlas.read.terms import find_mentions

        listed = page.json(Summaries)
        self.examine(len(listed.summaries))
        for one in listed.summaries:
            yield from self._follow(one.bill, bool(find_mentions(plain_words(one.text), "en")))
        if offset + LIMIT < listed.pagination.count:
            yield self._list(path, self.summaries, offset + STEP)

    def bill(self, page: Page) -> Iterable[Yield]:
        """The record of a bill; its parts follow one after the other."""
        entry = page.json(Single).bill
        yield self._part(msgspec.to_builtins(entry), {}, PARTS[0], 0)

    def part(
        self, page: Page, bill: dict[str, Any], got: dict[str, list[Any]], name: str, offset: int
    ) -> Iterable[Yield]:
        """A page of a part; after the last part of all, the instrument."""
        part = page.json(Part)
        rows = getattr(part, name)
        if rows is None:
            raise FaultError(Fault.LAYOUT, f"no {name} in the {name} of a bill")
        before = got.get(name, [])
        found = [row for row in msgspec.to_builtins(rows) if offset == 0 or row not in before]
        got = {**got, name: before + found}
        if rows and offset + LIMIT < part.pagination.count:
            yield self._part(bill, got, name, offset + STEP)
        elif name != PARTS[-1]:
            yield self._part(bill, got, PARTS[PARTS.index(name) + 1], 0)
        else:
            yield from self._instrument(page, bill, got)

    def _list(self, path: str, step: Any, offset: int) -> Fetch:
        until = self.today + timedelta(days=1)
        params = {
            "format": "json", "limit": LIMIT, "offset": offset, "sort": "updateDate asc",
            "fromDateTime": f"{self.since}T00:00:00Z", "toDateTime": f"{until}T00:00:00Z",
        }  # fmt: skip
        return self.get(
            f"{API}/{path}", step, params=params, expect=LISTED, essential=True, path=path,
            offset=offset,
        )  # fmt: skip

    def _follow(self, entry: Entry, wanted: bool) -> Iterable[Yield]:
        if self.stands(entry.key, entry.updateDateIncludingText):
            yield Still(entry.key)
        elif wanted or entry.key in self.known:
            yield self.get(
                entry.url, self.bill, params={"format": "json"}, expect=BILL, about=entry.key
            )

    def _part(
        self, bill: dict[str, Any], got: dict[str, list[Any]], name: str, offset: int
    ) -> Fetch:
        entry = msgspec.convert(bill, Entry)
        return self.get(
            f"{entry.url}/{name}", self.part,
            params={"format": "json", "limit": LIMIT, "offset": offset},
            expect=LISTED, about=entry.key, bill=bill, got=got, name=name, offset=offset,
        )  # fmt: skip

    def _instrument(
        self, page: Page, bill: dict[str, Any], got: dict[str, list[Any]]
    ) -> Iterable[Yield]:
        from kratom_atlas.read.lifecycle import from_congress
        from kratom_atlas.read.terms import find_mentions

        entry = msgspec.convert(bill, Entry)
        listed = (
            (row.type, row.date, next((f.url for f in row.formats if "XML" in f.type), None))
            for row in msgspec.convert(got["text"], list[TextRow])
            if row.formats
        )
        versions = tuple(bill_versions(listed, entry.congress, entry.type, entry.number))
        abstracts = [plain_words(row["text"]) for row in got["summaries"]]
        words = [entry.title, *(row["title"] for row in got["titles"]), *abstracts]
        mentions = find_mentions("\n".join(dict.fromkeys(words)), "en")
        if not mentions and entry.key not in self.known:
            return
        found = from_congress(bill, got["actions"], versions=versions, today=self.today)
        yield msgspec.structs.replace(
            found, mentions=mentions, sha256=page.sha256, version=entry.updateDateIncludingText,
            abstract=clip(abstracts[-1], 8000) if abstracts else None,
        )  # fmt: skip
