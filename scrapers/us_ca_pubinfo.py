"""California Legislative Information: the tables of its database, as they change each day.

Layout. `https://downloads.leginfo.legislature.ca.gov/` has three sorts of archives, all of one
shape. `pubinfo_2025.zip` is a whole two-year session and the codes, about 1 GB, made anew on
Sundays; `pubinfo_daily_Mon.zip` is a whole session without the codes, nearly as large; and
`pubinfo_Mon.zip` to `pubinfo_Sat.zip` (0.3 to 14 MB) have what has changed since the day before,
made at about 21:20 Pacific time. The last are read here: all six of them at each look, because a
file stands for a week. The others are larger than any response that is taken here: what has not
changed within the week before the first look is left to LegiScan and Open States.

Members are `BILL_TBL.dat`, `BILL_VERSION_TBL.dat`, `LAW_SECTION_TBL.dat` ... without a heading:
fields separated by tabs, text in back-ticks, a bare NULL for nothing, rows ended by a line feed
alone, `\\n` within text written out. Texts are in members of their own (`BILL_VERSION_TBL_77.lob`),
in XML, and named in a field. `202520260AB831` is the session, the number of the special session and
the bill; texts are numbered from 99 downwards. `current_status` of a bill is Chaptered, Vetoed and
so on. A chaptered resolution (SCR ...) is no law. Sections of codes come with the text that is or
will be operative, and with a history that says when it takes effect and when it ends. Two texts of
a section may stand at once, so a section is kept by the act that gave it its text, and one that is
superseded stays.

A day has only the actions of that day. The whole history of a bill that names kratom, and its text,
are taken from its pages on leginfo.legislature.ca.gov: a table `billhistory`, newest first.

UNCONFIRMED: that the row of a bill is in the file of each day on which it acts; the ids
`bill_title` and `bill_all` of the pages; dates of the table with two digits for the year; whether
sections of codes come day by day at all.

History of breakage. None seen yet (built 2026-11-22 from recorded tables of 2025 and 1999).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, NamedTuple

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms import statehouse
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, partial
from kratom_atlas.crawl.source import ZIP, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Action, TextVersion
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.faults import FaultError

CODE: Final = "US-CA"
HOME: Final = "ocd-division/country:us/state:ca"
FILES: Final = "https://downloads.leginfo.legislature.ca.gov"
SITE: Final = "https://leginfo.legislature.ca.gov/faces"
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
BILL_ID: Final = re.compile(r"(?P<years>\d{8})(?P<special>\d)(?P<number>[A-Z]+\d+)")
HISTORY: Final = Expect(media=("html",), smallest=200, contains=("billhistory",))
TEXT: Final = Expect(media=("html",), smallest=200)
DATE: Final = re.compile(r"(\d\d)/(\d\d)/(?:20)?(\d\d)$")
WIDTHS: Final = {"BILL_TBL": 19, "BILL_VERSION_TBL": 18, "LAW_SECTION_TBL": 18}
"""The tables that are read, and how many fields a row of them has."""
FIELD: Final = re.compile(r"\\([\\`ntr0])")
ESCAPES: Final = {"n": "\n", "t": "\t", "r": "", "0": ""}
STATUS: Final = {"Chaptered": Stage.ENACTED, "Vetoed": Stage.VETOED}
ENDS: Final = re.compile(
    r"(?:Repealed|Inoperative) (?:as of|on) ([A-Z][a-z]+ \d{1,2}, \d{4}), by its own provisions"
)

Row = list[str | None]


class Version(NamedTuple):
    """A row of the table of texts."""

    id: str
    bill: str
    day: str
    name: str
    subject: str
    lob: str


class UsCaPubinfo(Scraper):
    """Reads what has changed in the last week, and the pages of the bills that name kratom."""

    source: ClassVar = Source(
        id="us_ca_pubinfo",
        title="California Legislative Information: bills and codes",
        publisher="Legislative Counsel of California",
        covers=("US-CA",),
        kind=SourceKind.BILLS,
        homepage="https://downloads.leginfo.legislature.ca.gov/",
        licence="Public record; Government Code section 10248 (no limit on use)",
        terms="Archives are offered for download; pages are read for bills that name kratom only.",
        hosts=("downloads.leginfo.legislature.ca.gov", "leginfo.legislature.ca.gov"),
        schedule="43 6 * * tue,fri,sun",
        in_session="43 6 * * *",
        sittings=(("01-02", "09-20"),),
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(0, 300_000), observed=(0, 500)),
        cadence=365,
        first=6,
        seconds=300,
        megabytes=128,
    )

    def start(self) -> Iterable[Fetch]:
        """The oldest of the six files; the others follow in the order of their days."""
        # Days of the week from the day after today: of today the file is a week old.
        turn = self.today.weekday()
        days = [DAYS[n % 7] for n in range(turn, turn + 7) if n % 7 < len(DAYS)]
        yield self._file(days, {})

    def file(
        self, page: Page, days: list[str], bills: dict[str, dict[str, str]]
    ) -> Iterable[Yield]:
        """A day: texts and sections that name kratom, and the bills that are theirs."""
        from kratom_atlas.read.text import read_text

        tables = {name: list(rows) for name, rows in _tables(page)}
        if "BILL_TBL" not in tables and "LAW_SECTION_TBL" not in tables:
            raise FaultError(Fault.LAYOUT, "neither bills nor sections in the file of a day")
        versions = {v.lob: v for v in map(_version, tables.get("BILL_VERSION_TBL", ()))}
        sections = {row[14]: row for row in tables.get("LAW_SECTION_TBL", ()) if row[14]}
        wanted = versions.keys() | sections.keys()
        for name, body in page.members(lambda name: name.rpartition("/")[2] in wanted):
            self.examine()
            lob = name.rpartition("/")[2]
            text = read_text(body)
            if lob in versions:
                one = versions[lob]
                document = self._version(page, one, text)
                followed = one.bill in bills or _key(one.bill) in self.known
                if document.mentions or followed or document.key in self.known:
                    yield document
                    bills = {**bills, one.bill: {**bills.get(one.bill, {}), "title": one.subject}}
            else:
                yield from self.mentioning([self._section(page, sections[lob], text)])
        for row in tables.get("BILL_TBL", ()):
            self.examine()
            bill = row[0] or ""
            if bill in bills or _key(bill) in self.known:
                status = {
                    "status": row[17] or "",
                    "changed": row[13] or "",
                    "chapter": row[9] or "",
                }
                bills = {**bills, bill: {**bills.get(bill, {}), **status}}
        if days:
            yield self._file(days, bills)
            return
        for bill, said in bills.items():
            yield self.get(
                f"{SITE}/billHistoryClient.xhtml", self.history, params={"bill_id": bill},
                expect=HISTORY, about=_key(bill), bill=bill, said=said,
            )  # fmt: skip

    def history(self, page: Page, bill: str, said: dict[str, str]) -> Iterable[Yield]:
        """The actions of a bill; its text follows."""
        root = page.html()
        rows = root.xpath("//table[@id='billhistory']//tr[td]")
        actions = [[" ".join(td.text_content().split()) for td in row.xpath("td")] for row in rows]
        if not actions or any(len(row) < 2 or not DATE.match(row[0]) for row in actions):
            raise FaultError(Fault.LAYOUT, f"no dated action in the history of {bill}")
        title = root.get_element_by_id("bill_title", None)
        shown = " ".join(title.text_content().split()) if title is not None else ""
        yield self.get(
            f"{SITE}/billTextClient.xhtml", self.text, params={"bill_id": bill}, expect=TEXT,
            about=_key(bill), bill=bill, said=said, actions=[row[:2] for row in actions],
            title=said.get("title") or shown,
        )  # fmt: skip

    def text(
        self, page: Page, bill: str, said: dict[str, str], actions: list[list[str]], title: str
    ) -> Iterable[Yield]:
        """The bill; what it names is found in its text as it stands."""
        from lxml import html

        from kratom_atlas.read.media import Media
        from kratom_atlas.read.text import normalise

        body = page.html().get_element_by_id("bill_all", None)
        if body is None:
            raise FaultError(Fault.LAYOUT, f"no text on the page of the text of {bill}")
        session, number = _session(bill)
        words = normalise(html.tostring(body, encoding=str), Media.HTML).text
        chapter = f"Chapter {said['chapter']}." if said.get("chapter") else None
        yield statehouse.bill(
            self, page, code=CODE, session=session, number=number, title=title or number,
            url=f"{SITE}/billNavClient.xhtml?bill_id={bill}", words=f"{title}\n{words}",
            actions=_actions(actions), declared=STATUS.get(said.get("status", "")),
            version=said.get("changed") or None, note=chapter, versions=(
                TextVersion(
                    note="Newest text", url=f"{SITE}/billTextClient.xhtml?bill_id={bill}",
                    media_type="text/html",
                ),
            ),
        )  # fmt: skip

    def _file(self, days: list[str], bills: dict[str, Any]) -> Fetch:
        return self.get(
            f"{FILES}/pubinfo_{days[0]}.zip", self.file, expect=ZIP, essential=True,
            days=days[1:], bills=bills,
        )  # fmt: skip

    def _version(self, page: Page, one: Version, text: Any) -> Any:
        from kratom_atlas.read.lifecycle import kind_of

        _, number = _session(one.bill)
        return self.document(
            page, key=one.id, title=f"{number} ({one.name}): {one.subject}", jurisdiction=HOME,
            url=f"{SITE}/billNavClient.xhtml?bill_id={one.bill}", text=text,
            kind=kind_of(CODE, number), number=number, published=one.day, locator=one.lob,
            note=one.name,
        )  # fmt: skip

    def _section(self, page: Page, row: Row, text: Any) -> Any:
        code, section = row[1] or "", (row[2] or "").rstrip(".")
        said = row[13] or ""
        ends = ENDS.search(said)
        address = f"{SITE}/codes_displaySection.xhtml?lawCode={code}&sectionNum={section}."
        return self.document(
            page, key=f"{code}/{section.replace(' ', '-')}/{row[3]}-{row[4]}-{row[5]}",
            title=f"{code} {section}", jurisdiction=HOME, url=address.replace(" ", "%20"),
            text=text, kind=InstrumentKind.STATUTE, number=f"{code} {section}", effective=row[6],
            ends=_written(ends[1]) if ends else None, version=row[17], locator=row[14], note=said,
        )  # fmt: skip


def _tables(page: Page) -> Iterator[tuple[str, Iterator[Row]]]:
    """The tables of an archive that are read here, by name."""
    wanted = {f"{name}.dat": name for name in WIDTHS}
    for name, body in page.members(lambda name: name.rpartition("/")[2] in wanted):
        table = wanted[name.rpartition("/")[2]]
        yield table, _rows(body.decode("utf-8", "replace"), table)


def _rows(text: str, table: str) -> Iterator[Row]:
    for line in text.split("\n"):
        if line.strip():
            row = [_field(field) for field in line.rstrip("\r").split("\t")]
            if len(row) != WIDTHS[table]:
                raise FaultError(
                    Fault.LAYOUT, f"{len(row)} fields in a row of {table}, not {WIDTHS[table]}"
                )
            yield row


def _field(field: str) -> str | None:
    """A field: NULL is nothing, and `NULL` in back-ticks the word."""
    if field == "NULL":
        return None
    bare = field[1:-1] if len(field) > 1 and field[0] == field[-1] == "`" else field
    return FIELD.sub(lambda found: ESCAPES.get(found[1], found[1]), bare)


def _version(row: Row) -> Version:
    return Version(*(row[n] or "" for n in (0, 1, 3, 4, 6, 14)))


def _session(bill: str) -> tuple[str, str]:
    """The session, as others call it, and the number in the id of a bill."""
    found = BILL_ID.fullmatch(bill)
    if found is None:
        raise FaultError(Fault.LAYOUT, f"a bill called {bill!r}")
    special = f" Special Session {found['special']}" if found["special"] != "0" else ""
    return f"{found['years']}{special}", found["number"]


def _key(bill: str) -> str:
    from kratom_atlas.read.lifecycle import instrument_key

    return instrument_key(CODE, *_session(bill))


def _written(words: str) -> str | None:
    """A day in words, as the history of a section has it."""
    from datetime import UTC, datetime

    try:
        return datetime.strptime(words, "%B %d, %Y").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return None


def _actions(rows: list[list[str]]) -> Iterator[Action]:
    for day, words in rows:
        found = DATE.match(day)
        when = partial("20{2}-{0}-{1}".format(*found.groups())) if found else None
        yield from statehouse.action(words, when)
