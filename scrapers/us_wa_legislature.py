"""Washington State: bills from the web services of the Legislature, and a rule that names kratom.

Layout. `https://wslwebservices.leg.wa.gov/{Service}.asmx/{Operation}` answers a GET with XML in
the namespace `http://WSLWebServices.leg.wa.gov/`; no key. `GetLegislationIntroducedSince` lists
every bill since a day with its descriptions and its current status, `GetPrefiledLegislation` those
that are filed before a session: one request each stands for thousands of bills. A bill has a row
for each of its versions (`HB 1234`, `SHB 1234`, `2SHB 1234`), of which one is `Active`; its number
is unique in a biennium (`2025-26`), whichever chamber it is of.
`GetLegislativeStatusChangesByBillNumber` gives its actions: `HistoryLine` in words, `Status`
abbreviated, with the chamber in its first letter (`H `, `S `). `GetDocuments` of the
`LegislativeDocumentService` lists its files, with addresses on lawfilesext.leg.wa.gov that begin
with http and have blanks. "President signed." and "Speaker signed." are said by presiding officers
of what has passed; a law has "Governor signed.", "C 123 L 26." (chapter and year) and "Effective
date 6/11/2026.". A bill stays where it is from the first year to the second ("reintroduced and
retained in present status") and dies with the biennium, which no action says.

Titles are matched, not texts: there is no search in these. Sections of the Administrative Code are
pages of `app.leg.wa.gov`; the list at the foot says when each version took effect, newest first.

UNCONFIRMED: that the first letter of `Status` is the chamber in all of them; the classes of files
beyond `Bills` and `Session Laws`.

History of breakage. None seen yet (built 2026-11-22 from a recorded section of the code and from
what users of the services describe).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms import statehouse
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, partial
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Action, TextVersion
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

CODE: Final = "US-WA"
SERVICES: Final = "https://wslwebservices.leg.wa.gov"
SECTIONS: Final = ("260-70-685",)
"""Sections of the Administrative Code that name kratom or an alkaloid of it."""
NUMBER: Final = re.compile(r"(?P<letters>[HS](?:B|R|CR|JM|JR)|[HS]I|SGA) (?P<number>\d+)$")
EFFECTIVE: Final = re.compile(r"effective (\d{1,2})/(\d{1,2})/(\d\d)\b")
PREFILING: Final = 12
"""The month from which bills of the next session are filed."""
LISTED: Final = Expect(media=XML.media, smallest=40, contains=("WSLWebServices",))
SECTION: Final = Expect(media=("html",), smallest=500, contains=("contentWrapper",))
CLASSES: Final = ("Bills", "Session Laws")


class UsWaLegislature(Scraper):
    """Reads the list of bills, and the history and texts of those that name kratom."""

    source: ClassVar = Source(
        id="us_wa_legislature",
        title="Washington State Legislature: bills",
        publisher="Legislative Service Center (Washington State)",
        covers=("US-WA",),
        kind=SourceKind.BILLS,
        homepage="https://wslwebservices.leg.wa.gov/",
        licence="Public record of Washington State; no licence is named",
        terms="Open web services without a key; no allowance is published.",
        hosts=("wslwebservices.leg.wa.gov", "lawfilesext.leg.wa.gov", "app.leg.wa.gov"),
        schedule="11 9 * * *",
        in_session="11 3,9,15,21 * * *",
        sittings=(("01-08", "04-28"),),
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 20_000), observed=(1, 500)),
        cadence=365,
        seconds=300,
        megabytes=64,
    )

    def start(self) -> Iterable[Fetch]:
        """The bills of this biennium, those filed for the next session, and the sections."""
        year = self.today.year - 1 + self.today.year % 2
        params = {"sinceDate": f"{year - 1}-12-01"}
        yield self._ask("Legislation", "GetLegislationIntroducedSince", self.bills, params)
        if self.today.month == PREFILING:
            yield self._ask("Legislation", "GetPrefiledLegislation", self.bills, {})
        for cite in SECTIONS:
            yield self.get(
                f"https://app.leg.wa.gov/WAC/default.aspx?cite={cite}", self.section,
                expect=SECTION, about=f"WAC/{cite}", cite=cite,
            )  # fmt: skip

    def bills(self, page: Page) -> Iterable[Yield]:
        """Each bill that names kratom in one of its titles, and each that once did."""
        from kratom_atlas.read.terms import find_mentions

        found: dict[str, dict[str, str]] = {}
        for row in _rows(page, "Legislation", "BillId", "BillNumber", "Biennium"):
            self.examine()
            one = _bill(row)
            if one is None:
                continue
            key = one["key"]
            # A substitute may have another title than the bill that it stands for.
            before = found.get(key, one)
            kept = before if before["active"] and not one["active"] else one
            words = dict.fromkeys((*before["words"].splitlines(), *one["words"].splitlines()))
            days = filter(None, (before["introduced"], one["introduced"]))
            found[key] = {**kept, "words": "\n".join(words), "introduced": min(days, default="")}
        for key, one in found.items():
            if key in self.known and self.known[key] == one["mark"]:
                yield Still(key)
                mine = re.compile(rf"{one['biennium']}/{one['digits']}\b")
                yield from (Still(text) for text in self.known if mine.match(text))
            elif key in self.known or find_mentions(one["words"], "en"):
                first = int(one["biennium"][:4])
                params = {
                    "biennium": one["biennium"], "billNumber": one["digits"],
                    "beginDate": f"{first - 1}-12-01", "endDate": f"{first + 1}-12-31",
                }  # fmt: skip
                yield self._ask(
                    "Legislation", "GetLegislativeStatusChangesByBillNumber", self.history, params,
                    about=key, one=one,
                )  # fmt: skip

    def history(self, page: Page, one: dict[str, str]) -> Iterable[Yield]:
        """The actions of a bill."""
        rows = list(_rows(page, "LegislativeStatus", "HistoryLine", "ActionDate"))
        if not rows:
            raise FaultError(Fault.LAYOUT, f"no action of {one['key']}")
        kept = ("HistoryLine", "ActionDate", "Status")
        yield self._ask(
            "LegislativeDocument", "GetDocuments", self.documents,
            {"biennium": one["biennium"], "namedLike": one["digits"]},
            about=one["key"], one=one, rows=[{k: row.get(k, "") for k in kept} for row in rows],
        )  # fmt: skip

    def documents(
        self, page: Page, one: dict[str, str], rows: list[dict[str, str]]
    ) -> Iterable[Yield]:
        """The bill, and its newest text."""
        files = [
            row
            for row in _rows(page, "LegislativeDocument", "Class", "HtmUrl")
            if row["Class"] in CLASSES and row["HtmUrl"]
        ]
        files.sort(key=lambda row: row.get("HtmCreateDate", ""), reverse=True)
        yield statehouse.bill(
            self, page, code=CODE, session=one["session"], number=one["number"],
            title=one["title"], url=_public(one), words=one["words"], actions=_actions(rows),
            versions=[_version(row) for row in files], version=one["mark"],
            abstract=one["legal"] or None,
            introduced=partial(one["introduced"]),
        )  # fmt: skip
        if files:
            newest = files[0]
            name = newest.get("Name") or one["number"]
            key = f"{one['biennium']}/{name.replace(' ', '-')}"
            yield self.get(
                _address(newest["HtmUrl"]), self.text, about=key, key=key, one=one, name=name,
                published=newest.get("HtmCreateDate") or None,
            )  # fmt: skip

    def text(
        self, page: Page, key: str, one: dict[str, str], name: str, published: str | None
    ) -> Iterable[Yield]:
        """A text of a bill."""
        yield self.document(
            page, key=key, title=f"{name}: {one['title']}",
            jurisdiction="ocd-division/country:us/state:wa", text=page.text(),
            kind=InstrumentKind.BILL, number=one["number"], published=published,
        )  # fmt: skip

    def section(self, page: Page, cite: str) -> Iterable[Yield]:
        """A section of the Administrative Code."""
        from lxml import html

        from kratom_atlas.read.media import Media
        from kratom_atlas.read.text import normalise

        self.examine()
        body = page.html().get_element_by_id("contentWrapper", None)
        if body is None:
            raise FaultError(Fault.LAYOUT, "no contentWrapper")
        heads = [" ".join(one.text_content().split()) for one in body.iter("h3")]
        if len(heads) < 2 or not heads[0].endswith(f"WAC {cite}"):
            raise FaultError(Fault.LAYOUT, f"no heading of WAC {cite}")
        text = normalise(html.tostring(body, encoding=str), Media.HTML)
        newest = EFFECTIVE.search(text.text)
        yield self.document(
            page, key=f"WAC/{cite}", title=f"WAC {cite} {heads[1]}",
            jurisdiction="ocd-division/country:us/state:wa", text=text,
            kind=InstrumentKind.REGULATION, number=f"WAC {cite}",
            effective="20{2}-{0:0>2}-{1:0>2}".format(*newest.groups()) if newest else None,
        )  # fmt: skip

    def _ask(
        self, service: str, operation: str, step: Any, params: dict[str, str], *,
        about: str | None = None, **context: Any,
    ) -> Fetch:  # fmt: skip
        return self.get(
            f"{SERVICES}/{service}Service.asmx/{operation}", step, params=params, expect=LISTED,
            about=about, essential=about is None, **context,
        )  # fmt: skip


def _rows(page: Page, name: str, *needed: str) -> Iterator[dict[str, str]]:
    """The records of a list, by the names of their members; those within them by path."""
    root = page.xml()
    if not str(root.tag).endswith(f"}}ArrayOf{name}"):
        raise FaultError(Fault.LAYOUT, f"a list of {root.tag!r} where {name} was asked for")
    for one in root.findall(f"{{*}}{name}"):
        row = dict(_members(one, ""))
        for member in needed:
            if member not in row:
                raise FaultError(Fault.LAYOUT, f"a {name} without {member}")
        yield row


def _members(parent: _Element, path: str) -> Iterator[tuple[str, str]]:
    for child in parent:
        name = path + str(child.tag).rpartition("}")[2]
        if len(child):
            yield from _members(child, f"{name}.")
        else:
            yield name, " ".join((child.text or "").split())


def _bill(row: dict[str, str]) -> dict[str, str] | None:
    """What is kept of a row; None for appointments and initiatives, which are no bills."""
    from kratom_atlas.read.lifecycle import instrument_key

    named = NUMBER.search(row["BillId"])
    if named is None:
        raise FaultError(Fault.LAYOUT, f"a bill called {row['BillId']!r}")
    if named["letters"] in {"SGA", "HI", "SI"}:
        return None
    first = int(row["Biennium"][:4])
    number = f"{named['letters']}{named['number']}"
    titles = [row.get(name, "") for name in ("LongDescription", "ShortDescription", "LegalTitle")]
    status = (row.get(f"CurrentStatus.{name}", "") for name in ("ActionDate", "HistoryLine"))
    return {
        "key": instrument_key(CODE, f"{first}-{first + 1}", number),
        "id": row["BillId"],
        "session": f"{first}-{first + 1}",
        "biennium": row["Biennium"],
        "number": number,
        "digits": row["BillNumber"],
        "active": "yes" if row.get("Active") == "true" else "",
        "title": next(filter(None, titles), number),
        "legal": titles[2],
        "words": "\n".join(dict.fromkeys(filter(None, titles))),
        "introduced": row.get("IntroducedDate", ""),
        "mark": " ".join((row["BillId"], *status))[:400],
    }


def _actions(rows: list[dict[str, str]]) -> Iterator[Action]:
    seen = set()
    for row in sorted(rows, key=lambda row: row["ActionDate"]):
        line = (row["ActionDate"], row["HistoryLine"])
        if line in seen:
            continue
        seen.add(line)
        status = row["Status"]
        actor = status[0] if status[:2] in ("H ", "S ") else None
        if row["HistoryLine"].startswith("Governor"):
            actor = "G"
        yield from statehouse.action(row["HistoryLine"], partial(row["ActionDate"]), actor, status)


def _address(url: str) -> str:
    """An address of a file, as it can be asked for."""
    return quote(url.replace("http://", "https://", 1), safe=":/%?=&")


def _version(row: dict[str, str]) -> TextVersion:
    return TextVersion(
        note=row.get("LongFriendlyName") or row.get("Name") or row["Class"],
        url=_address(row["HtmUrl"]),
        date=partial(row.get("HtmCreateDate")),
        media_type="text/html",
    )


def _public(one: dict[str, str]) -> str:
    return (
        "https://app.leg.wa.gov/billsummary"
        f"?BillNumber={one['digits']}&Year={one['session'][:4]}&Initiative=false"
    )
