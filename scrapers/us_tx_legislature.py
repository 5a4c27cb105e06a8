"""Texas Legislature Online: bills and resolutions.

Layout. `capitol.texas.gov/MyTLO/RSS/RSS.aspx?Type=...` has feeds of today: `todaysfiledhouse`,
`todaysfiledsenate`, `todaysbilltext`, `todaysbillspassed`. An item names the bill in its link
(`LegSess=89R&Bill=HB227`) or its title and has the caption in its description. What is filed on a
day that nobody looked is not in them again: two looks a day while it sits, and Open States beside
it. `89R` is the regular session, `892` the second that was called; others call them `89` and `892`.

The history of a bill is XML: `/bills/89R/billhistory/house_bills/HB00200_HB00299/HB 227.xml`, by
hundreds. `<billhistory bill="89(R) HB 227" lastUpdate="...">` has `caption`, `lastaction`,
`actions/action` (`actionNumber` with the chamber in its first letter, `date`, `description`,
`comment`) and `billtext/docTypes/bill/versions/version` (`versionDescription`, `WebHTMLURL`). The
folders of joint and concurrent resolutions leave out the R (`HJ00001_HJ00099/HJ 2.xml`). The
Legislature asks those who want many bills to take these files and to leave its pages alone. A file
of a bill that does not exist says so in its caption. "Effective on 9/1/25" and "Effective
immediately" are actions; "Filed without the Governor's signature" makes a law; "Filed" does not. A
bill not passed dies with the session.

UNCONFIRMED: that the files, which are offered by FTP, are also served by HTTPS on the same host. If
they are not, bills are still found from the feeds, and said to be filed and no more.

History of breakage. None seen yet (built 2026-11-22 from what users of the files describe and from
recorded pages of the search).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import parse_qs, quote, urlsplit

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms import statehouse
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Action, TextVersion
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

CODE: Final = "US-TX"
SITE: Final = "https://capitol.texas.gov"
FILES: Final = "https://ftp.legis.state.tx.us/bills"
FEEDS: Final = ("todaysfiledhouse", "todaysfiledsenate", "todaysbilltext", "todaysbillspassed")
FEED: Final = Expect(media=XML.media, smallest=40, contains=("<rss",))
HISTORY: Final = Expect(media=XML.media, smallest=40, contains=("<billhistory",))
BILL: Final = re.compile(r"\b([HS](?:B|JR|CR|R)) ?0*(\d{1,5})\b")
FOLDERS: Final = {
    "B": ("bills", "B"),
    "JR": ("joint_resolutions", "J"),
    "CR": ("concurrent_resolutions", "C"),
    "R": ("resolutions", "R"),
}
CHAMBERS: Final = {"H": "house", "S": "senate"}
MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
PUBLISHED: Final = re.compile(
    rf"(\d{{1,2}}) ({'|'.join(re.findall('...', MONTHS))})[a-z]* (\d{{4}})"
)


class UsTxLegislature(Scraper):
    """Reads the feeds of today, and the history of each bill that names kratom or once did."""

    source: ClassVar = Source(
        id="us_tx_legislature",
        title="Texas Legislature Online: bills",
        publisher="Texas Legislative Council",
        covers=("US-TX",),
        kind=SourceKind.BILLS,
        homepage="https://capitol.texas.gov/",
        licence="Public record of Texas; no licence is named",
        terms="Feeds and files are offered to machines, which are asked to spare the pages.",
        hosts=("capitol.texas.gov", "ftp.legis.state.tx.us"),
        schedule="53 4,23 * * *",
        in_session="53 4,17,20,23 * * *",
        sittings=(("11-08", "12-31"), ("01-01", "06-22")),
        rate=Rate(delay=2.0),
        # On most days of most years nothing is filed.
        bounds=Bounds(examined=(0, 20_000), observed=(0, 500)),
        cadence=900,
    )

    def start(self) -> Iterable[Fetch]:
        """The feeds, and the bills that are followed."""
        for feed in FEEDS:
            yield self.get(
                f"{SITE}/MyTLO/RSS/RSS.aspx", self.feed, params={"Type": feed}, expect=FEED,
                essential=True,
            )  # fmt: skip
        for key in self.known:
            parts = statehouse.split_key(key, CODE)
            if parts and not _is_over(parts[0], self.today.year):
                yield self._history(key, _called(parts[0]), parts[1])

    def feed(self, page: Page) -> Iterable[Yield]:
        """Each bill of a feed that names kratom."""
        from kratom_atlas.read.lifecycle import instrument_key
        from kratom_atlas.read.terms import find_mentions

        channel = page.xml().find("channel")
        if channel is None:
            raise FaultError(Fault.LAYOUT, "a feed without a channel")
        for item in channel.iterfind("item"):
            self.examine()
            title, caption, link = (_said(item, n) for n in ("title", "description", "link"))
            if not find_mentions(f"{title}\n{caption}", "en"):
                continue
            asked = parse_qs(urlsplit(link).query)
            session = asked.get("LegSess", [""])[0].upper()
            named = BILL.search(asked.get("Bill", [""])[0].upper() or title)
            if not session or named is None:
                raise FaultError(Fault.LAYOUT, f"no bill in the item {title!r}")
            number = "".join(named.groups())
            key = instrument_key(CODE, _named(session), number)
            if key in self.known:
                continue
            day = _published(_said(item, "pubDate"))
            yield statehouse.bill(
                self, page, code=CODE, session=_named(session), number=number,
                title=caption or title, url=_public(session, number), words=f"{title}\n{caption}",
                actions=statehouse.action("Filed", day, number[0]), introduced=day,
                note="From the feed of its day; its history has not been read.",
            )  # fmt: skip
            yield self._history(key, session, number)

    def history(self, page: Page, session: str, number: str) -> Iterable[Yield]:
        """The bill, and its newest text."""
        root = page.xml()
        if root.tag != "billhistory" or number not in root.get("bill", "").replace(" ", ""):
            raise FaultError(Fault.LAYOUT, f"not the history of {number}: {root.get('bill')!r}")
        caption = _said(root, "caption")
        if not caption or "does not exist" in caption:
            raise FaultError(Fault.SOFT_404, f"{number} has no caption, or does not exist")
        actions = list(_actions(root))
        if not actions:
            raise FaultError(Fault.LAYOUT, f"no action of {number}")
        versions = list(_versions(root))
        yield statehouse.bill(
            self, page, code=CODE, session=_named(session), number=number, title=caption,
            url=_public(session, number), words=caption, actions=actions, versions=versions,
            version=_said(root, "lastaction") or None,
            same_as=_companions(root, session),
        )  # fmt: skip
        if versions:
            address = versions[0].url
            name = urlsplit(address).path.rpartition("/")[2].partition(".")[0]
            yield self.get(
                address, self.text, about=f"{session}/{name}", key=f"{session}/{name}",
                number=number, title=caption, note=versions[0].note,
            )  # fmt: skip

    def text(self, page: Page, key: str, number: str, title: str, note: str) -> Iterable[Yield]:
        """A text of a bill."""
        yield self.document(
            page, key=key, title=f"{number}: {title}",
            jurisdiction="ocd-division/country:us/state:tx", text=page.text(),
            kind=InstrumentKind.BILL, number=number, note=note,
        )  # fmt: skip

    def _history(self, key: str, session: str, number: str) -> Fetch:
        return self.get(
            _file(session, number), self.history, expect=HISTORY, about=key,
            session=session, number=number,
        )  # fmt: skip


def _file(session: str, number: str) -> str:
    """Where the history of a bill is."""
    found = BILL.fullmatch(number)
    if found is None:
        raise FaultError(Fault.LAYOUT, f"no bill of Texas: {number!r}")
    letters, digits = found[1], int(found[2])
    folder, short = FOLDERS[letters[1:]]
    first = digits // 100 * 100
    hundred = f"{letters[0]}{short}{max(first, 1):05}_{letters[0]}{short}{first + 99:05}"
    name = quote(f"{letters[0]}{short} {digits}.xml")
    return f"{FILES}/{session}/billhistory/{CHAMBERS[letters[0]]}_{folder}/{hundred}/{name}"


def _named(session: str) -> str:
    """A session as others call it: `89` for `89R`."""
    return session.removesuffix("R")


def _called(session: str) -> str:
    """A session as Texas calls it: `89R` for `89`."""
    return session if len(session) > 2 else f"{session}R"


def _is_over(session: str, year: int) -> bool:
    """Whether the next Legislature sits: the 89th was elected for 2025 and 2026."""
    return 1848 + 2 * int(session[:2]) < year


def _public(session: str, number: str) -> str:
    return f"{SITE}/BillLookup/History.aspx?LegSess={session}&Bill={number}"


def _said(parent: _Element, name: str) -> str:
    return " ".join((parent.findtext(name) or "").split())


def _published(text: str) -> PartialDate | None:
    found = PUBLISHED.search(text)
    if found is None:
        return statehouse.american(text)
    month = MONTHS.index(found[2]) // 3 + 1
    return statehouse.american(f"{month}/{found[1]}/{found[3]}")


def _actions(root: _Element) -> Iterator[Action]:
    for one in root.iterfind("actions/action"):
        text, comment = _said(one, "description"), _said(one, "comment")
        if text.endswith(". . ."):
            # A hearing that is scheduled, without its day.
            text = text.rstrip(" .")
        yield from statehouse.action(
            f"{text} ({comment})" if comment else text,
            statehouse.american(_said(one, "date")), _said(one, "actionNumber")[:1],
        )  # fmt: skip


def _versions(root: _Element) -> Iterator[TextVersion]:
    """The texts, newest first: the file lists them oldest first."""
    found = list(root.iterfind("billtext/docTypes/bill/versions/version"))
    for one in reversed(found):
        url = _said(one, "WebHTMLURL").replace("http://", "https://", 1)
        if url:
            yield TextVersion(
                note=_said(one, "versionDescription") or "Text", url=url, media_type="text/html"
            )


def _companions(root: _Element, session: str) -> Iterator[str]:
    from kratom_atlas.read.lifecycle import instrument_key

    for letters, digits in BILL.findall(_said(root, "companions")):
        yield instrument_key(CODE, _named(session), f"{letters}{digits}")
