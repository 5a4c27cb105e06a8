"""Mirrors of what Open States' scrapers write, on GitHub: bills of all legislatures without a key.

Layout. Chi Hack Night's govbot keeps a repository for each legislature,
`govbot-data/{st}-legislation` (`usa` for Congress), renewed nightly. In it
`country:us/state:{st}/sessions/{session}/bills/{BILL}/` has `metadata.json` (the bill, without the
id that the scrapers make anew each time), `logs/*.json` (not read) and `files/`: texts as the
legislature serves them, and beside each `*_extracted.txt`, the mirror's own extraction, with
labels of its own (`Section 3:`) and a trailing list of what was struck out. What is struck out is
told better by HTML and XML, which are read themselves; of a PDF the extraction is read, since some
are stored as plain text under `.pdf` and some (Kansas) were ruined on the way.

The commits since the last look are listed (`/commits?since=`), and the files of each
(`/commits/{sha}`, 300 a page, 3,000 at most), with the changed lines (`patch`) of all but binary
and very large files. So a request shows what hundreds of files say, and only files that name
kratom are fetched, from another host. No archive, tree or clone is cheaper: the repositories have
some 10,000 to 100,000 files each, and whole trees are cut off at 100,000. Without a key GitHub
answers 60 requests an hour: one a minute, once a week. Known bills are looked at each time, with
the kratom bills of the first collection (`WATCHED`), which a week's commits would not show.

A few repositories are empty (409). The mirrors have no licence of their own; what they hold is
government record and the output of Open States, which dedicates it to the public. Half of the
actions have no classification, no version has one, identifiers have blanks or not, some lists of
actions are newest first. UNCONFIRMED: that each mirror's name is the abbreviation of its state, and
that a commit beyond 3,000 files is rare; what it does not list is not seen.

History of breakage. `windy-civi-pipelines/{st}-data-pipeline`, the mirrors of 2025, were given up
for these. Nothing else seen yet (built 2026-11-22 from real files of both).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NamedTuple
from urllib.parse import quote

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.openstates import PLACES, Bill, instrument
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import ANYTHING, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Document

API: Final = "https://api.github.com/repos/govbot-data"
RAW: Final = "https://raw.githubusercontent.com/govbot-data"
PER_PAGE: Final = 100
FILES: Final = 300
LISTED: Final = Expect(media=("json",), smallest=2, statuses=(200, 409))
COMMIT: Final = Expect(media=("json",), smallest=2, contains=('"files"',))
METADATA: Final = Expect(statuses=(200, 404))
"""A watched bill that the mirror does not have is no fault."""
PATH: Final = re.compile(
    r"^(?P<folder>country:us/state:[a-z]{2,3}/sessions/(?P<session>[^/]+)/bills/(?P<bill>[^/]+))/"
    r"(?:metadata\.json|files/(?P<file>[^/]+))$"
)
DIVISIONS: Final = {"usa": "", "dc": "/district:dc", "pr": "/territory:pr"}
MARKED_UP: Final = re.compile(r"\.(?:html?|xml|docx)(?:$|_)", re.IGNORECASE)
"""Files that tell what is struck out; some names go on with the query of an address."""
EXTRACTED: Final = "_extracted.txt"
WATCHED: Final = {
    "ar/2025": "SB534",
    "ga/2025_26": "HB757 SB153",
    "ia/2025-2026": "5393XD HF2133 HF612 HSB508 SF2013 SF2192 SF367",
    "id/2026": "H0830 H0864 S1282 S1418",
    "ma/194th": "H1631 H1680 H2454 H4261 H4394 S1558 S1609",
    "mi/2025-2026": "HB4969 HB5537",
    "ms/2026": "HB13 HB1639 HB1712 HB1750 HB379 HB863 HB864 HB865 SB2645 SB2822",
    "mt/2025": "HB407 HJ60 SB461 SB553",
    "ne/109": "LB230 LB431",
    "nh/2026": "SB557",
    "nj/222": "A1203 A1617 A1636 A4222 A5359 S1384 S2271 S301 S829",
    "nv/83": "AB322-82",
    "oh/136": "HB587 SB299",
    "pa/2025-2026": "SB233 SB899",
    "sd/2026": "HB1016 HB1151 SB77",
    "tx/892": "HB227 HB309 HB6 SB30 SB31 SB6",
    "usa/119": "HR8000 HR9913 S5383",
    "ut/2025S1": "SB1009",
    "ut/2026": "HB265 HB287 HB3 HB301 HB385 HB387 HB389 HB597 HB601 HB8 SB101 SB275 SB45 SB48",
    "vt/2025-2026": "H416 S121",
    "wv/2025": "HB2265 HB2267 SB345 SB369 SCR26",
    "wv/2026": "HB4265 HB4270 HB4459 HB4640 HB5100 HB5214 HB5437 SB317 SB431 SB484 SB534 SB985",
}  # fmt: skip
"""By mirror and session, bills that named kratom when this was built."""


class Commit(Struct):
    """A commit, as the list has it."""

    sha: str


class Changed(Struct):
    """A file of a commit; binary and very large ones have no `patch`."""

    filename: str
    status: str
    patch: str | None = None


class Files(Struct):
    """The files of a commit."""

    sha: str
    files: list[Changed] = field(default_factory=list)


class At(NamedTuple):
    """Where in which mirror a file is."""

    mirror: str
    folder: str
    session: str
    bill: str
    file: str | None

    @property
    def key(self) -> str:
        """The key of the bill."""
        from kratom_atlas.read.lifecycle import instrument_key

        return instrument_key(code_of(self.mirror), self.session, self.bill)


class UsGovbot(Scraper):
    """Reads what the week's commits changed, and the bills that are known."""

    source: ClassVar = Source(
        id="us_govbot",
        title="govbot mirrors of Open States' scraped bills",
        publisher="Chi Hack Night (govbot), from Open States' scrapers",
        covers=("US", "US-*"),
        kind=SourceKind.BILLS,
        homepage="https://github.com/govbot-data",
        licence="Government records, and data that Open States has dedicated to the public domain",
        terms="The mirrors state no terms; GitHub allows 60 requests an hour without a key.",
        hosts=("api.github.com", "raw.githubusercontent.com"),
        schedule="11 3 * * sat",
        rate=Rate(delay=2.0, per_minute=1),
        bounds=Bounds(examined=(0, 2_000_000), observed=(0, 20_000)),
        cadence=60,
        overlap=1,
        first=7,
    )

    def start(self) -> Iterable[Fetch]:
        """The commits of each mirror, and the bills that are looked at each time."""
        for mirror in (place if place != "us" else "usa" for place in PLACES):
            yield self._commits(mirror, 1)
        for mirror, folder in dict.fromkeys((*self._declared(), *self._known())):
            at = place_of(mirror, f"{folder}/metadata.json")
            if at is not None:
                yield self._metadata(at, named=True)

    def commits(self, page: Page, mirror: str, number: int) -> Iterable[Yield]:
        """Each commit since the last look, and the next page; an empty mirror has none."""
        if page.status != 200:
            return
        listed = page.json(list[Commit])
        for one in listed:
            yield self._commit(mirror, one.sha, 1)
        if len(listed) == PER_PAGE:
            yield self._commits(mirror, number + 1)

    def commit(self, page: Page, mirror: str, number: int) -> Iterable[Yield]:
        """The files of a commit that name kratom, or may; and the next page."""
        commit = page.json(Files)
        self.examine(len(commit.files))
        if len(commit.files) == FILES:
            yield self._commit(mirror, commit.sha, number + 1)
        places = [(one, place_of(mirror, one.filename)) for one in commit.files]
        names = {one.filename for one in commit.files}
        for one, at in places:
            if at is None or one.status == "removed" or not worth_reading(one, names):
                continue
            yield self._text(at) if at.file else self._metadata(at, named=False)

    def bill(self, page: Page, mirror: str, path: str) -> Iterable[Yield]:
        """A bill, if it names kratom in its title or abstract, or is known."""
        if page.status == 200:
            bill = page.json(Bill)
            self.examine()
            if bill.mentions or bill.key in self.known:
                yield self._instrument(page, bill, mirror, path)

    def told(self, page: Page, mirror: str, path: str) -> Iterable[Yield]:
        """A bill of which is known that it names kratom, wherever it does."""
        if page.status == 200:
            self.examine()
            yield self._instrument(page, page.json(Bill), mirror, path)

    def text(self, page: Page, at: list[str | None]) -> Iterable[Yield]:
        """A text of a bill, if it names kratom or once did, and then the bill."""
        where = At(*(one or "" for one in at))
        documents = list(self.mentioning([self._document(page, where)]))
        self.examine()
        yield from documents
        if documents:
            yield self._metadata(where, named=True)

    def _instrument(self, page: Page, bill: Bill, mirror: str, path: str) -> Yield:
        # The mirrors have no mark of a version; where the bill is has to be known next time.
        return instrument(bill, page, today=self.today, version=f"{mirror} {path}")

    def _document(self, page: Page, at: At) -> Document:
        from kratom_atlas.read.lifecycle import kind_of, normal_number

        code = code_of(at.mirror)
        name = (at.file or "").removesuffix(EXTRACTED)
        extracted = at.file != name
        return self.document(
            page,
            key=f"{at.key}/{'-'.join(name.split())}",
            title=f"{at.bill} ({at.session}): {name.replace('_', ' ')}",
            jurisdiction=division(at.mirror),
            url=f"https://github.com/govbot-data/{at.mirror}-legislation/blob/HEAD/"
            f"{quote(at.folder, safe='/:')}/files/{quote(at.file or '')}",
            text=page.text(),
            kind=kind_of(code, normal_number(at.bill, code)),
            number=normal_number(at.bill, code),
            note="The text as the mirror extracted it." if extracted else None,
        )

    # -- requests --------------------------------------------------------------------------------

    def _declared(self) -> Iterator[tuple[str, str]]:
        for where, bills in WATCHED.items():
            mirror, _, session = where.partition("/")
            for bill in bills.split():
                yield mirror, f"country:us/state:{mirror}/sessions/{session}/bills/{bill}"

    def _known(self) -> Iterator[tuple[str, str]]:
        """The known bills; the mark of their version is where they are."""
        for version in self.known.values():
            mirror, colon, folder = (version or "").partition(" ")
            if colon:
                yield mirror, folder

    def _metadata(self, at: At, *, named: bool) -> Fetch:
        step = self.told if named else self.bill
        return self.get(
            f"{raw(at.mirror, at.folder)}/metadata.json", step, expect=METADATA,
            about=at.key if at.key in self.known else None, mirror=at.mirror, path=at.folder,
        )  # fmt: skip

    def _text(self, at: At) -> Fetch:
        return self.get(
            f"{raw(at.mirror, at.folder)}/files/{quote(at.file or '')}", self.text,
            expect=ANYTHING, at=list(at),
        )  # fmt: skip

    def _commits(self, mirror: str, number: int) -> Fetch:
        params = {
            "since": f"{self.since}T00:00:00Z", "path": "country:us", "per_page": PER_PAGE,
            "page": number,
        }  # fmt: skip
        return self.get(
            f"{API}/{mirror}-legislation/commits", self.commits, params=params, expect=LISTED,
            mirror=mirror, number=number,
        )  # fmt: skip

    def _commit(self, mirror: str, sha: str, number: int) -> Fetch:
        return self.get(
            f"{API}/{mirror}-legislation/commits/{sha}", self.commit,
            params={"per_page": FILES, "page": number}, expect=COMMIT, mirror=mirror,
            number=number,
        )  # fmt: skip


def code_of(mirror: str) -> str:
    """`US-NE` for the mirror `ne`."""
    return "US" if mirror == "usa" else f"US-{mirror.upper()}"


def division(mirror: str) -> str:
    """Whose bills a mirror has."""
    return "ocd-division/country:us" + DIVISIONS.get(mirror, f"/state:{mirror}")


def raw(mirror: str, path: str) -> str:
    """The address of the bytes of a file as it is now."""
    return f"{RAW}/{mirror}-legislation/HEAD/{quote(path, safe='/:')}"


def place_of(mirror: str, path: str) -> At | None:
    """The bill that a file of a mirror belongs to, if it is its record or a text of it."""
    found = PATH.match(path)
    if found is None:
        return None
    return At(mirror, found["folder"], found["session"], found["bill"], found["file"])


def worth_reading(file: Changed, beside: set[str]) -> bool:
    """Whether a changed file may name kratom, and no other file beside it tells that better."""
    from kratom_atlas.read.terms import names_kratom

    stem = file.filename.removesuffix(EXTRACTED)
    if stem != file.filename:
        # Marked-up originals are read themselves.
        if any(MARKED_UP.match(one, len(stem)) for one in beside if one.startswith(stem)):
            return False
    elif not file.filename.endswith("/metadata.json") and not MARKED_UP.search(file.filename):
        return False
    return file.patch is None or names_kratom(file.patch.encode())
