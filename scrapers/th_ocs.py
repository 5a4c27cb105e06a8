"""Office of the Council of State of Thailand: acts and the rules made under them, in Thai.

Layout. Every request is a POST of an envelope (`reqHeader` with the name of the service,
`reqBody`), every answer one too (`respHeader.errorCode` is `SUCCESS`, `respBody` has the data);
errors come with status 200. `browse/searchByYear` lists laws by year of our era and by a word of
the title; its pages have been seen stuck at 500 of 4,337, so it is asked year by year and by word,
never page by page. `doc/getLawDoc` gives one law: `lawInfo`, `lawSections` with a fragment of HTML
each, `timelines` with its versions. Every version has a `timelineId` of its own, the law a
`lawCode`. State `01` is the current text; a law that was repealed keeps it, and has (ยกเลิก) at
the end of its name.

Years are of the Buddhist era (CE + 543; before 1941 the year began in April), digits often Thai.
A law says on which day it was given, and mostly that it is in force from the day after its
publication: that is not computed here. กระท่อม alone is a hut; the plant is พืชกระท่อม or
ใบกระท่อม, in words that are not separated by spaces.

Unconfirmed: whether a new version moves a law into the list of its year (what is known of is
therefore read again by its id), and whether the word is sought in titles only. The header's
request id and time are not checked as far as is known; both are the day of the run.

History of breakage. None seen yet (built 2026-11-22 from client code and re-shaped answers; no
raw answer has been seen).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import pieces_text
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

T = TypeVar("T")

API = "https://searchlaw.ocs.go.th/ocs-api/public"
HUMAN = "https://searchlaw.ocs.go.th/council-of-state/#/public/doc/"
WORDS = ("กระท่อม", "ไมทราไจนีน")
ENVELOPE = Expect(media=("json",), smallest=2, contains=('"respHeader"',))
ACTS = ("พระราชบัญญัติ", "พระราชกำหนด", "ประมวลกฎหมาย", "รัฐธรรมนูญ")
MONTHS = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip
_GIVEN = re.compile(
    rf"ให้ไว้\s*ณ\s*วันที่\s*(\d{{1,2}})\s*({'|'.join(MONTHS)})\s*"
    r"(?:พ\.?\s*ศ\.?|พุทธศักราช)\s*(\d{4})"
)
_REPEALED = re.compile(r"\(ยกเลิก\)\s*\Z")


class Head(Struct, rename="camel"):
    """How a request went."""

    error_code: str
    error_desc: str | None = None


class Entry(Struct, rename="camel"):
    """A law, as lists have it."""

    timeline_id: str
    header: str
    law_code: str | None = None
    publish_date_ad: str | None = None
    law_category_id: str | None = None
    state: str | None = None

    @property
    def key(self) -> str:
        """What the law is called in all its versions."""
        return self.law_code or self.timeline_id


class Pagination(Struct, rename="camel"):
    """How many there are in all."""

    total_records: int = 0


class Listed(Struct):
    """The entries of a year, or of a word."""

    data: list[Entry]
    pagination: Pagination = field(default_factory=Pagination)


class Listing(Struct, rename="camel"):
    """An answer of `searchByYear`."""

    resp_header: Head
    resp_body: Listed | None = None


class Section(Struct, rename="camel"):
    """A section of a law; `section_content` is HTML."""

    section_label: str | None = None
    section_content: str | None = None


class Info(Struct, rename="camel"):
    """What a law is. Two clients name its title and its state differently."""

    timeline_id: str
    law_code: str | None = None
    header: str | None = None
    law_name_th: str | None = None
    publish_date_ad: str | None = None
    effective_date_start_ad: str | None = None
    state: str | None = None
    state_id: str | None = None


class Law(Struct, rename="camel"):
    """A law with its sections."""

    law_info: Info
    law_sections: list[Section]
    timelines: list[Any] = field(default_factory=list)


class Answer(Struct, rename="camel"):
    """An answer of `getLawDoc`."""

    resp_header: Head
    resp_body: Law | None = None


class ThOcs(Scraper):
    """Lists the laws that name the plant and those of recent years, and reads them."""

    source: ClassVar = Source(
        id="th_ocs",
        title="Laws of Thailand, Office of the Council of State",
        publisher="Office of the Council of State (Thailand)",
        covers=("TH",),
        kind=SourceKind.STATUTES,
        homepage="https://searchlaw.ocs.go.th/council-of-state/",
        licence="No copyright in laws and regulations (Copyright Act B.E. 2537, section 7)",
        terms="Public search without a login; no terms for programs were found. One request a "
        "second, once a week.",
        hosts=("searchlaw.ocs.go.th",),
        schedule="13 19 * * sat",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(1, 20_000), observed=(0, 1_000), collapse=0.05),
        cadence=400,
        overlap=45,
        first=400,
        language="th",
    )

    def start(self) -> Iterable[Fetch]:
        """Laws by word, laws by year, and again what is known."""
        for word in WORDS:
            yield self._browse(keyword=word)
        for year in range(self.since.year, self.today.year + 1):
            yield self._browse(year=str(year))
        for key, version in self.known.items():
            if version:
                yield self._law(version, key)

    def listing(self, page: Page, year: str) -> Iterable[Yield]:
        """The laws that are named after the plant, or that were published since the last look."""
        answer = page.json(Listing)
        listed = _body(answer.resp_header, answer.resp_body)
        self.examine(len(listed.data), total=listed.pagination.total_records)
        for entry in listed.data:
            if self.stands(entry.key, entry.timeline_id):
                yield Still(entry.key)
            elif (
                not year
                or entry.key in self.known
                or (entry.publish_date_ad or "9999") >= self.since.isoformat()
            ):
                yield self._law(entry.timeline_id, entry.key)

    def law(self, page: Page) -> Iterable[Yield]:
        """The law itself; those that do not name the plant are passed over."""
        answer = page.json(Answer)
        law = _body(answer.resp_header, answer.resp_body)
        info = law.law_info
        title = info.header or info.law_name_th
        if not title:
            raise FaultError(Fault.LAYOUT, "a law without a name")
        text = pieces_text(map(_html, law.law_sections), title)
        given = thai_date(text.text)
        repealed = _REPEALED.search(title) is not None
        said = (
            f"Given on {given}." if given else "",
            "Marked as repealed in its name." if repealed else "",
            f"State {info.state or info.state_id}." if info.state or info.state_id else "",
        )
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=info.law_code or info.timeline_id,
                    title=title,
                    jurisdiction="ocd-division/country:th",
                    url=HUMAN + info.timeline_id,
                    text=text,
                    kind=InstrumentKind.STATUTE
                    if title.strip().startswith(ACTS)
                    else InstrumentKind.REGULATION,
                    number=info.law_code,
                    published=info.publish_date_ad,
                    effective=info.effective_date_start_ad,
                    version=info.timeline_id,
                    note=" ".join(filter(None, said)) or None,
                )
            ]
        )

    def _browse(self, *, keyword: str = "", year: str = "") -> Fetch:
        asked = {
            "yearAd": year,
            "lawCategoryId": "",
            "keyword": keyword,
            "pagination": {"pageNo": 1, "pageSize": 500},
        }
        return self.post(
            f"{API}/browse/searchByYear", self.listing, json=self._envelope("searchPublicByYear",
            asked), expect=ENVELOPE, essential=True, year=year,
        )  # fmt: skip

    def _law(self, timeline: str, code: str) -> Fetch:
        return self.post(
            f"{API}/doc/getLawDoc", self.law, expect=ENVELOPE, about=code,
            json=self._envelope("getPublicLawDoc", {"isTransEng": False, "timelineId": timeline}),
        )  # fmt: skip

    def _envelope(self, service: str, body: dict[str, Any]) -> dict[str, Any]:
        header = {
            "reqId": self.today.strftime("%Y%m%d"),
            "reqChannel": "WEB",
            "reqDtm": f"{self.today.isoformat()} 00:00:00.000",
            "reqBy": "unknow",  # their own spelling, sent by their own page
            "serviceName": service,
        }
        return {"reqHeader": header, "reqBody": body}


def thai_date(text: str) -> str | None:
    """The day on which a law says that it was given, in our calendar."""
    found = _GIVEN.search(text)
    if found is None:
        return None
    day, month, year = int(found[1]), MONTHS.index(found[2]) + 1, int(found[3])
    # Until B.E. 2483 the year began on 1 April: its first months lay in the next year of ours.
    behind = 542 if year <= 2483 and month < 4 else 543
    return f"{year - behind:04d}-{month:02d}-{day:02d}"


def _body(head: Head, body: T | None) -> T:
    if head.error_code != "SUCCESS":
        raise FaultError(Fault.ERROR_BODY, f"{head.error_code}: {head.error_desc or ''}")
    if body is None:
        raise FaultError(Fault.LAYOUT, "an answer without a body")
    return body


def _html(section: Section) -> str:
    return section.section_content or f"<p>{section.section_label or ''}</p>"
