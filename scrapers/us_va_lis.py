"""Virginia's Legislative Information System: bills and resolutions, from its public data files.

Layout. `https://lis.blob.core.windows.net/lisfiles/{session}/` holds the files of a session, named
by its year and a number: `20261` is the regular session of 2026, `20262` the first special one.
`Summaries.csv` has SUM_BILNO (`HB0009`), SUMMARY_DOCID, SUMMARY_TYPE and SUMMARY_TEXT (mark-up),
several for a bill, newest last; `BILLS.CSV` a row for each bill with its title, flags (`Y`) and up
to six texts; `HISTORY.CSV` a row for each action, whose words begin with the chamber (`H `, `S `,
`G `) or, newly, with a blank. Names are quoted, values padded with blanks, dates American. Files of
a special session may lack the summaries. Bills of the next session are there from November on.

What names kratom in its title or a summary is followed. The texts are not in the files: the API of
`lis.virginia.gov` has them, for which a key (VA_API_KEY) is asked; without one it refuses, and
bills are observed without their text. It takes the number in a search
(`AdvancedLegislationSearch`), and its id in `LegislationText`. A bill that is carried over keeps
its number in the second year, in a session of its own. Acts take effect on 1 July unless they say
otherwise: a rule, so not written as a day that the source gives.

UNCONFIRMED: the shape of the answer to the search (`Legislations`, `LegislationID`), known from
its users only; whether a file that is not there is always answered with 404.

History of breakage. Before this was built: the columns of `HISTORY.CSV` have been `Bill_id`,
`History_date`, `History_description`, and were `BillNumber`, `HistoryDate`, `Description` in 2026;
actions without a chamber broke others in 2026. None seen since (built 2026-11-22).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms import statehouse
from kratom_atlas.crawl.platforms.govinfo import plain_words
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, partial
from kratom_atlas.crawl.source import Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Action, TextVersion
from kratom_atlas.read.faults import FaultError

CODE: Final = "US-VA"
FILES: Final = "https://lis.blob.core.windows.net/lisfiles"
SITE: Final = "https://lis.virginia.gov"
PREFILING: Final = 11
"""The month from which bills of the next session are filed."""
THERE: Final = Expect(media=("text", "html"), smallest=20)
"""Summaries have so much mark-up that they look like a page; the names of columns tell."""
MAYBE: Final = Expect(statuses=(200, 404))
ASKED: Final = Expect(statuses=(200, 401, 403))
COLUMNS: Final = {
    "bill_id": ("bill_id", "billnumber", "sum_bilno"),
    "history_date": ("history_date", "historydate"),
    "history_description": ("history_description", "historydescription", "description"),
}
"""The names that a column has had."""
TEXTS: Final = 6
CHAMBERS: Final = ("H ", "S ", "G ", "C ")

Row = Mapping[str, str]


class Found(Struct):
    """A bill, as the search of the API finds it."""

    LegislationID: int
    LegislationNumber: str


class Search(Struct):
    """What the search found."""

    Legislations: list[Found] | None = None


class Text(Struct):
    """A text of a bill."""

    DocumentCode: str
    LegislationVersion: str | None = None
    DraftText: str | None = None
    DraftDate: str | None = None


class Texts(Struct):
    """The texts of a bill."""

    TextsList: list[Text] = field(default_factory=list)


class UsVaLis(Scraper):
    """Reads the files of each session, and the texts of the bills that name kratom."""

    source: ClassVar = Source(
        id="us_va_lis",
        title="Legislative Information System: bills of Virginia",
        publisher="Division of Legislative Automated Systems (Virginia)",
        covers=("US-VA",),
        kind=SourceKind.BILLS,
        homepage="https://lis.virginia.gov/data-files",
        licence="Public record of Virginia; no licence is named",
        terms="Data files without a key, renewed through the day; an API with a free key.",
        hosts=("lis.blob.core.windows.net", "lis.virginia.gov"),
        schedule="37 8 * * *",
        in_session="37 2,8,14,20 * * *",
        sittings=(("01-08", "04-25"), ("11-15", "01-07")),
        key=Key(
            env="VA_API_KEY",
            place="header",
            name="WebAPIKey",
            register="https://lis.virginia.gov/developers",
            required=False,
            host="lis.virginia.gov",
        ),
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 60_000), observed=(0, 500)),
        cadence=365,
        first=320,
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The files of the sessions since the last look, the special ones among them."""
        # A bill may be signed, or its veto sustained, months after its year's session.
        first = min(self.since.year, self.today.year - 1)
        last = self.today.year + (self.today.month >= PREFILING)
        for year in range(first, last + 1):
            certain = year == self.today.year and self.today.month > 1
            yield self._file(f"{year}1", "Summaries.csv", self.summaries, certain=certain)
            yield self._file(f"{year}2", "Summaries.csv", self.summaries, certain=False)

    def summaries(self, page: Page, session: str, certain: bool) -> Iterable[Yield]:
        """The summaries that name kratom."""
        from kratom_atlas.read.terms import find_mentions

        named: dict[str, str] = {}
        for row in _rows(page, "bill_id", "summary_text"):
            self.examine()
            text = plain_words(row["summary_text"])
            number = _number(row)
            if number in named or find_mentions(text, "en"):
                named[number] = text
        yield self._file(session, "BILLS.CSV", self.bills, certain=certain, named=named)

    def bills(
        self, page: Page, session: str, certain: bool, named: dict[str, str]
    ) -> Iterable[Yield]:
        """The bills that name kratom, and those that once did."""
        from kratom_atlas.read.lifecycle import instrument_key
        from kratom_atlas.read.terms import find_mentions

        wanted: dict[str, dict[str, str]] = {}
        for row in _rows(page, "bill_id", "bill_description", "failed", "approved", "vetoed"):
            self.examine()
            number = _number(row)
            known = instrument_key(CODE, _session(session), number) in self.known
            if known or number in named or find_mentions(row["bill_description"], "en"):
                wanted[number] = dict(row)
        if wanted:
            yield self._file(
                session, "HISTORY.CSV", self.history, certain=certain, named=named, wanted=wanted
            )

    def history(
        self, page: Page, session: str, certain: bool, named: dict[str, str],
        wanted: dict[str, dict[str, str]],
    ) -> Iterable[Yield]:  # fmt: skip
        """The actions of these bills."""
        del certain
        actions: dict[str, list[Action]] = {number: [] for number in wanted}
        for row in _rows(page, *COLUMNS):
            number = _number(row)
            if number in actions:
                actions[number] += _action(row)
        for number, row in wanted.items():
            yield self._bill(page, session, row, actions[number], named.get(number))
            yield self.post(
                f"{SITE}/AdvancedLegislationSearch/api/GetLegislationListAsync", self.found,
                json={
                    "SessionCode": session,
                    "LegislationNumbers": [{"LegislationNumber": number}],
                },
                expect=ASKED, session=session, number=number, title=row["bill_description"],
            )  # fmt: skip

    def found(self, page: Page, session: str, number: str, title: str) -> Iterable[Yield]:
        """The id of a bill, by which its texts are asked for."""
        if page.status != 200:
            return
        for one in page.json(Search).Legislations or ():
            if one.LegislationNumber == number:
                yield self.get(
                    f"{SITE}/LegislationText/api/getlegislationtextbyidasync", self.texts,
                    params={"legislationID": one.LegislationID}, expect=ASKED, session=session,
                    number=number, title=title,
                )  # fmt: skip

    def texts(self, page: Page, session: str, number: str, title: str) -> Iterable[Yield]:
        """The texts of a bill."""
        if page.status != 200:
            return
        from kratom_atlas.read.lifecycle import kind_of
        from kratom_atlas.read.media import Media
        from kratom_atlas.read.text import normalise

        for one in page.json(Texts).TextsList:
            code = one.DocumentCode.strip()
            if one.DraftText and code:
                yield self.document(
                    page, key=f"{session}/{code}", title=f"{code}: {title}",
                    jurisdiction="ocd-division/country:us/state:va",
                    url=f"{SITE}/bill-details/{session}/{number}/text/{code}",
                    text=normalise(one.DraftText, Media.HTML), kind=kind_of(CODE, number),
                    number=code, published=one.DraftDate, note=one.LegislationVersion,
                )  # fmt: skip

    def _file(self, session: str, name: str, step: Any, *, certain: bool, **context: Any) -> Fetch:
        return self.get(
            f"{FILES}/{session}/{name}", step, expect=THERE if certain else MAYBE,
            essential=certain, session=session, certain=certain, **context,
        )  # fmt: skip

    def _bill(
        self, page: Page, session: str, row: Row, actions: list[Action], summary: str | None
    ) -> Yield:
        from kratom_atlas.read.lifecycle import kind_of
        from kratom_atlas.read.upstream import virginia_stage

        number, title = _number(row), row["bill_description"]
        kind = kind_of(CODE, number)
        chapter = row.get("chapter_id", "")
        return statehouse.bill(
            self, page, code=CODE, session=_session(session), number=number, title=title,
            url=f"{SITE}/bill-details/{session}/{number}",
            words="\n".join(filter(None, (title, summary))), actions=actions,
            versions=_versions(session, number, row), kind=kind,
            declared=virginia_stage({k.capitalize(): v for k, v in row.items()}, kind),
            introduced=statehouse.american(row.get("introduction_date")), abstract=summary,
            note=" ".join(
                said
                for said in (
                    f"{chapter}." if chapter else "",
                    "An emergency act." if row.get("emergency") == "Y" else "",
                    "Carried over." if row.get("carried_over") == "Y" else "",
                )
                if said
            ),
            locator=number,
        )  # fmt: skip


def _rows(page: Page, *wanted: str) -> Iterator[Row]:
    """The rows of a file by the names of its columns; a file that is not there has none."""
    if page.status == 404:
        return
    rows = csv.reader(io.StringIO(page.decoded(), newline=""))
    names = [name.strip().lower() for name in next(rows, [])]
    here: dict[str, str] = {}
    for name in wanted:
        called = [one for one in COLUMNS.get(name, (name,)) if one in names]
        if not called:
            raise FaultError(Fault.LAYOUT, f"no column {name} in {page.url}")
        here[name] = called[0]
    for cells in rows:
        if len(cells) >= len(names):
            row = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
            yield {**row, **{name: row[called] for name, called in here.items()}}


def _number(row: Row) -> str:
    from kratom_atlas.read.lifecycle import normal_number

    return normal_number(row["bill_id"], CODE)


def _session(session: str) -> str:
    """A session as others call it: `2026`, `2026S1`."""
    year, nth = session[:4], int(session[4:])
    return year if nth == 1 else f"{year}S{nth - 1}"


def _action(row: Row) -> Iterable[Action]:
    words, actor = row["history_description"], None
    if words.startswith(CHAMBERS):
        actor, words = words[0], words[2:]
    elif "governor" in words.lower():
        actor = "executive"
    day = statehouse.american(row["history_date"]) or partial(row["history_date"])
    return statehouse.action(words, day, "legislature" if actor == "C" else actor)


def _versions(session: str, number: str, row: Row) -> Iterator[TextVersion]:
    for nth in range(TEXTS, 0, -1):
        code = row.get(f"full_text_doc{nth}", "")
        if code:
            enrolled = "Enrolled" if code.endswith("ER") else code
            yield TextVersion(
                note="Chaptered" if code.startswith("CHAP") else enrolled,
                url=f"{SITE}/bill-details/{session}/{number}/text/{code}",
                date=statehouse.american(row.get(f"full_text_date{nth}")),
                media_type="text/html",
            )
