"""What the sources of Congress share: names of packages, texts of bills, BILLSTATUS files.

A package is `BILLS-119hr8000ih`: congress, type, number and version of a bill. Its XML is of the
older House DTD (`bill`, `resolution`) or, from 2024 on, of USLM 2 (the same names in a namespace,
`pLaw` for a law); `dc:title` of both begins with the citation of the version. BILLSTATUS has two
generations: until the 117th Congress `billNumber` and `billType`, from schema 3.0.0 on `number`
and `type`, and its lists lost a level.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import plain_words, words_of
from kratom_atlas.crawl.scraper import Scraper, one_line, partial
from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.observation import Document, TextVersion
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = [
    "US",
    "BillStatus",
    "Package",
    "bill_document",
    "bill_key",
    "bill_versions",
    "congresses",
    "package_in",
    "plain_words",
    "read_status",
    "text_url",
    "worth_a_look",
]

US: Final = "ocd-division/country:us"

_PACKAGE: Final = re.compile(
    r"\bBILLS-(?P<congress>\d{2,3})(?P<type>hconres|hjres|hres|hr|sconres|sjres|sres|s)"
    r"(?P<number>\d{1,5})(?P<version>[a-z]{2,5}\d?)\b"
)
_LAW: Final = re.compile(r"PLAW-\d{2,3}(?:publ|pvtl)\d{1,4}")
_BILL_ROOTS: Final = frozenset({"bill", "resolution", "amendment-doc", "engrossedAmendment"})
_CITED: Final = re.compile(r"^\d+ [A-Z][A-Z. ]*\d+ [A-Z]+: ")
_LETTERS: Final = {
    "hr": "H.R.", "s": "S.", "hres": "H.Res.", "sres": "S.Res.", "hjres": "H.J.Res.",
    "sjres": "S.J.Res.", "hconres": "H.Con.Res.", "sconres": "S.Con.Res.",
}  # fmt: skip
_SUFFIXES: Final = {
    "introduced in house": "ih", "introduced in senate": "is", "reported in house": "rh",
    "reported to senate": "rs", "reported in senate": "rs", "referred in house": "rfh",
    "referred in senate": "rfs", "engrossed in house": "eh", "engrossed in senate": "es",
    "engrossed amendment house": "eah", "engrossed amendment senate": "eas",
    "enrolled bill": "enr", "placed on calendar senate": "pcs", "agreed to house": "ath",
    "agreed to senate": "ats",
}  # fmt: skip
_WEAK: Final = re.compile(r"\b7\s?-?\s?(?:OH|hydroxy)\b|\bbotanical|\btianeptine\b", re.IGNORECASE)


class Package(NamedTuple):
    """A version of a bill, by the name of its package."""

    id: str
    congress: int
    type: str
    number: str
    version: str

    @property
    def citation(self) -> str:
        """How people cite the bill: `H.R. 8000`."""
        return f"{_LETTERS[self.type]} {self.number}"


def package_in(text: str) -> Package | None:
    """The package that an address or an identifier names."""
    found = _PACKAGE.search(text)
    if found is None:
        return None
    part = found.groupdict()
    return Package(
        found.group(), int(part["congress"]), part["type"], part["number"], part["version"]
    )


def text_url(package: str) -> str:
    """Where the XML of a package is, without a key."""
    return f"https://www.govinfo.gov/content/pkg/{package}/xml/{package}.xml"


def bill_key(congress: int | str, kind: str, number: str) -> str:
    """The key of a bill of Congress, the same in each source."""
    from kratom_atlas.read.lifecycle import instrument_key

    return instrument_key("US", str(congress), f"{kind}{number}".upper())


def congresses(since: date, today: date) -> tuple[int, ...]:
    """The Congresses that sat between two days; each begins on 3 January of an odd year."""

    def of(day: date) -> int:
        year = day.year - (day.month == 1 and day.day < 3)
        return (year - 1789) // 2 + 1

    return tuple(range(of(since), of(today) + 1))


def worth_a_look(title: str) -> bool:
    """Whether a title may hide kratom: it names it, or a word that goes with it.

    Short titles avoid the substance (`7-OH`); the official title and the summary, which tell,
    are a request away.
    """
    from kratom_atlas.read.terms import find_mentions

    return bool(_WEAK.search(title) or find_mentions(title, "en"))


def bill_versions(
    listed: Iterable[tuple[str, str | None, str | None]],
    congress: int | str,
    kind: str,
    number: str,
) -> Iterator[TextVersion]:
    """The texts of a bill, from the name, date and address (if any) of each.

    www.congress.gov keeps machines out, and some lists give no address although there is a text:
    both have their place at GovInfo. What has neither is announced only, and no text.
    """
    for name, day, url in listed:
        package, law = package_in(url or ""), _LAW.search(url or "")
        suffix = _SUFFIXES.get(one_line(name.lower()))
        if package is not None:
            address = text_url(package.id)
        elif suffix is not None and not url:
            address = text_url(f"BILLS-{congress}{kind.lower()}{number}{suffix}")
        elif law is not None:
            address = f"https://www.govinfo.gov/content/pkg/{law[0]}/html/{law[0]}.htm"
        else:
            continue
        media = "text/html" if address.endswith(".htm") else "application/xml"
        yield TextVersion(note=name, url=address, date=partial(day), media_type=media)


# -- texts -------------------------------------------------------------------------------------


def bill_document(scraper: Scraper, page: Page, package: Package) -> Document:
    """The text of a version of a bill.

    Raises:
        FaultError: it is no bill.
    """
    from kratom_atlas.read.lifecycle import kind_of

    root = page.xml()
    name = _local(root)
    if name not in _BILL_ROOTS:
        raise FaultError(Fault.LAYOUT, f"<{name}> where a bill was expected")
    titles = [_flat(one) for one in root.iter("{*}title", "{*}official-title") if _flat(one)]
    if not titles:
        raise FaultError(Fault.LAYOUT, f"{package.id} has no title")
    # The last action made this version; the others are of the versions before it.
    days = [one.get("date") or _flat(one) for one in root.iter("{*}action-date", "{*}date")]
    stage = root.get("bill-stage") or root.get("resolution-stage") or _text(root, "docStage") or ""
    return scraper.document(
        page,
        key=package.id,
        title=_CITED.sub("", titles[0]),
        jurisdiction=US,
        url=text_url(package.id),
        text=page.text(),
        kind=kind_of("US", f"{package.type}{package.number}".upper()),
        number=package.citation,
        published=next((day for day in reversed(days) if partial(day)), None),
        note=f"{package.citation}, Congress {package.congress}"
        + (f", {stage.replace('-', ' ')}." if stage else "."),
    )


# -- BILLSTATUS --------------------------------------------------------------------------------


class BillStatus(msgspec.Struct, frozen=True):
    """A BILLSTATUS file, in the words of Congress.gov; plain JSON, to be handed on."""

    key: str
    bill: dict[str, Any]
    actions: list[dict[str, Any]]
    texts: list[tuple[str, str | None, str | None]]
    words: list[str]
    abstract: str | None
    identical: list[str]

    def versions(self) -> tuple[TextVersion, ...]:
        """The texts that are published, newest first."""
        about = self.bill
        return tuple(bill_versions(self.texts, about["congress"], about["type"], about["number"]))


def read_status(page: Page) -> BillStatus:
    """What a BILLSTATUS file says of its bill.

    Raises:
        FaultError: it has no bill, or no congress, type and number.
    """
    root = page.xml()
    bill = root.find("{*}bill")
    if _local(root) != "billStatus" or bill is None:
        raise FaultError(Fault.LAYOUT, "no bill in a BILLSTATUS file")
    congress = _needed(bill, "congress")
    kind = _needed(bill, "type", "billType")
    number = _needed(bill, "number", "billNumber")
    summaries = [
        plain_words(one.text)
        for one in bill.iterfind("{*}summaries//{*}text")
        if one.text and one.text.strip()
    ]
    titles = [_flat(one) for one in bill.iterfind("{*}titles/{*}item/{*}title")]
    title = _text(bill, "title") or next(iter(titles), "")
    latest = bill.find("{*}latestAction")
    return BillStatus(
        key=bill_key(congress, kind, number),
        bill={
            "congress": congress,
            "type": kind,
            "number": number,
            "title": title,
            "introducedDate": _text(bill, "introducedDate"),
            "latestAction": {} if latest is None else _row(latest, "actionDate", "text"),
            "laws": [_row(one, "type", "number") for one in bill.iterfind("{*}laws/{*}item")],
        },
        actions=[
            _row(one, "actionDate", "text", "type", "actionCode")
            for one in bill.iterfind("{*}actions/{*}item")
        ],
        texts=[
            (_text(one, "type") or "", _text(one, "date"), _text(one, "formats/item/url"))
            for one in bill.iterfind("{*}textVersions/{*}item")
        ],
        words=[word for word in dict.fromkeys((title, *titles, *summaries)) if word],
        abstract=summaries[-1] if summaries else None,
        identical=[
            bill_key(congress, _text(one, "type") or "", _text(one, "number") or "")
            for one in bill.iterfind("{*}relatedBills/{*}item")
            if _text(one, "congress") == congress and "Identical bill" in _flat(one)
        ],
    )


def _needed(bill: _Element, *names: str) -> str:
    for name in names:
        said = _text(bill, name)
        if said:
            return said
    raise FaultError(Fault.LAYOUT, f"a bill without {names[0]}")


def _row(element: _Element, *names: str) -> dict[str, str]:
    return {name: said for name in names if (said := _text(element, name))}


def _text(element: _Element, path: str) -> str | None:
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    if found is None and "/" not in path:
        found = element.find(f"{{*}}meta/{{*}}{path}")
    return words_of(found)


def _flat(element: _Element) -> str:
    return words_of(element) or ""


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]
