"""Korean law information centre: acts, decrees, administrative rules and their annex tables.

Layout. `lawSearch.do` searches one kind at a time (`target`): `law` (acts and decrees, `search=2`
for their bodies), `admrul` (administrative rules, `search=2` likewise) and `licbyl` (annex tables
and forms, `search=3` for their bodies; `search=2` there means the names of laws). At most 100 on
a page. `lawService.do` gives one law with its annexes. Everything is asked as XML: in JSON a
single hit is an object where several are a list. Elements have Korean names: 법령ID is the law,
법령일련번호 (MST) its version; an annex has the number 별표번호 within its law, and a new
별표일련번호 with every change. The text of an annex is a file: PDF, and HWP which is not read here.

The drugs are in annex tables (별표) of the enforcement decree of the narcotics act, so `licbyl` is
what finds them.

Limits. The id (`OC`) is free and tied to the address that it is used from; about 20 requests a
minute. Beyond it, and for a wrong id, a Korean text or an HTML page comes with status 200; other
errors are XML with 실패 in `result`. Some use the id `test`: we do not.

Unconfirmed: that annexes in `lawService.do` have their text in 별표내용; the names of the PDF
link's host (relative addresses are taken to be of www.law.go.kr).

History of breakage. None seen yet (built 2026-11-22 from clients and synthetic answers).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urljoin

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, secure
from kratom_atlas.crawl.source import PDF, Bounds, Expect, Key, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

API = "https://www.law.go.kr/DRF"
SITE = "https://www.law.go.kr"
WORDS = ("크라톰", "미트라지닌", "히드록시미트라지닌", "하이드록시미트라지닌", "미트라지나")
TARGETS = {"law": "2", "admrul": "2", "licbyl": "3"}
ROWS = {"law": "law", "admrul": "admrul", "licbyl": "licbyl"}
PER_PAGE = 100
COUNTED = Expect(media=("xml",), smallest=20, contains=("totalCnt",))
WHOLE = Expect(media=("xml",), smallest=40)
_STATUTES = ("헌법", "법률")


class KrLaw(Scraper):
    """Searches bodies and annexes by word, and reads what was found in a new version."""

    source: ClassVar = Source(
        id="kr_law",
        title="Open API of the national law information centre",
        publisher="Ministry of Government Legislation (South Korea)",
        covers=("KR",),
        kind=SourceKind.REGULATIONS,
        homepage="https://open.law.go.kr/LSO/openApi/guideList.do",
        licence="No copyright in laws (Copyright Act, article 7)",
        terms="A free id for each user and address; about 20 requests a minute.",
        hosts=("www.law.go.kr",),
        schedule="23 17 * * *",
        key=Key(
            env="KR_LAW_OC", place="query", name="OC",
            register="https://open.law.go.kr/LSO/openApi/cuAskList.do",
        ),
        rate=Rate(delay=3.0, per_minute=20),
        bounds=Bounds(examined=(1, 5_000), observed=(0, 1_000), collapse=0.2),
        cadence=120,
        language="ko",
    )  # fmt: skip

    def start(self) -> Iterable[Fetch]:
        """Every word, in every kind."""
        for target in TARGETS:
            for word in WORDS:
                yield self._search(target, word, 1)

    def found(self, page: Page, target: str, word: str, number: int) -> Iterable[Yield]:
        """What was found, and the next page."""
        root = _root(page)
        rows = root.findall(ROWS[target])
        counted = _value(root, "totalCnt")
        if not counted.isdigit():
            raise FaultError(Fault.LAYOUT, f"a count that is none: {counted!r}")
        total = int(counted)
        self.examine(len(rows), total=total, before=(number - 1) * PER_PAGE)
        for row in rows:
            yield from self._rows(page, target, row)
        if number * PER_PAGE < total:
            yield self._search(target, word, number + 1)

    def law(self, page: Page, key: str, row: dict[str, str]) -> Iterable[Yield]:
        """An act or a decree, with its annexes."""
        root = _root(page)
        basics = root.find("기본정보")
        title = _value(basics, "법령명_한글") if basics is not None else ""
        if not title:
            raise FaultError(Fault.LAYOUT, "a law without 기본정보/법령명_한글")
        kind = _value(basics, "법종구분")
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=key,
                    title=title,
                    jurisdiction="ocd-division/country:kr",
                    url=f"{SITE}/lsInfoP.do?lsiSeq={row['법령일련번호']}",
                    text=page.text(),
                    kind=InstrumentKind.STATUTE if kind in _STATUTES else InstrumentKind.REGULATION,
                    number=_value(basics, "공포번호"),
                    published=_value(basics, "공포일자"),
                    effective=_value(basics, "시행일자"),
                    version=row["version"],
                    note=" ".join(filter(None, (kind, _value(basics, "제개정구분명")))),
                )
            ]
        )

    def rule(self, page: Page, key: str, row: dict[str, str]) -> Iterable[Yield]:
        """An administrative rule: a notice of the ministry, with its annexes."""
        _root(page)
        yield from self.mentioning([self._row_document(page, key, row, page)])

    def annex(self, page: Page, key: str, row: dict[str, str]) -> Iterable[Yield]:
        """The PDF of an annex."""
        yield self._row_document(page, key, row, page)

    def _rows(self, page: Page, target: str, row: _Element) -> Iterable[Yield]:
        if target == "law":
            yield self._law(row)
        elif target == "admrul":
            yield self._admrul(row)
        else:
            yield self._licbyl(page, row)

    def _law(self, row: _Element) -> Fetch | Still:
        mst = _needed(row, "법령일련번호")
        key = f"law/{_needed(row, '법령ID')}"
        version = f"{mst}@{_value(row, '시행일자')}"
        if self.stands(key, version):
            return Still(key)
        return self.get(
            f"{API}/lawService.do", self.law, params={"target": "law", "MST": mst, "type": "XML"},
            expect=WHOLE, about=key, key=key, row={"법령일련번호": mst, "version": version},
        )  # fmt: skip

    def _admrul(self, row: _Element) -> Fetch | Still:
        serial = _needed(row, "행정규칙일련번호")
        key = f"admrul/{_value(row, '행정규칙ID') or serial}"
        version = f"{serial}@{_value(row, '시행일자')}"
        if self.stands(key, version):
            return Still(key)
        told = {
            "title": _needed(row, "행정규칙명"),
            "number": _value(row, "발령번호"),
            "published": _value(row, "발령일자"),
            "effective": _value(row, "시행일자"),
            "url": f"{SITE}/admRulLsInfoP.do?admRulSeq={serial}",
            "version": version,
            "note": " ".join(
                filter(None, (_value(row, "행정규칙종류"), _value(row, "소관부처명")))
            ),
        }
        return self.get(
            f"{API}/lawService.do", self.rule,
            params={"target": "admrul", "ID": serial, "type": "XML"},
            expect=WHOLE, about=key, key=key, row=told,
        )  # fmt: skip

    def _licbyl(self, page: Page, row: _Element) -> Yield:
        serial = _needed(row, "별표일련번호")
        law = _value(row, "관련법령ID") or _needed(row, "관련법령일련번호")
        key = f"licbyl/{law}/{_value(row, '별표종류')}{_value(row, '별표번호')}"
        version = f"{serial}@{_value(row, '공포일자')}"
        if self.stands(key, version):
            return Still(key)
        told = {
            "title": f"{_value(row, '관련법령명')}, {_value(row, '별표종류')}: "
            f"{_needed(row, '별표명')}",
            "number": _value(row, "공포번호"),
            "published": _value(row, "공포일자"),
            "effective": "",
            "url": f"{SITE}/lsInfoP.do?lsiSeq={_value(row, '관련법령일련번호')}",
            "version": version,
            "note": " ".join(filter(None, (_value(row, "법령종류"), _value(row, "제개정구분명")))),
        }
        file = _value(row, "별표서식PDF파일링크")
        if file:
            return self.get(self._site(file), self.annex, expect=PDF, about=key, key=key, row=told)
        return self._row_document(page, key, told, None)

    def _row_document(
        self, page: Page, key: str, row: dict[str, str], text: Page | None
    ) -> Document:
        return self.document(
            page,
            key=key,
            title=row["title"],
            jurisdiction="ocd-division/country:kr",
            url=row["url"],
            text=text.text() if text else row["title"],
            kind=InstrumentKind.REGULATION,
            number=row["number"] or None,
            published=row["published"],
            effective=row["effective"],
            version=row["version"],
            note=row["note"] or None,
            text_held=text is not None,
        )

    def _search(self, target: str, word: str, number: int) -> Fetch:
        params = {
            "target": target, "type": "XML", "search": TARGETS[target], "query": word,
            "display": PER_PAGE, "page": number,
        }  # fmt: skip
        return self.get(
            f"{API}/lawSearch.do", self.found, params=params, expect=COUNTED, essential=True,
            target=target, word=word, number=number,
        )  # fmt: skip

    @staticmethod
    def _site(address: str) -> str:
        """An address of the site, made absolute."""
        return urljoin(f"{SITE}/", secure(address))


def _root(page: Page) -> _Element:
    root: _Element = page.xml()
    if _value(root, "result") == "실패":
        raise FaultError(Fault.ERROR_BODY, _value(root, "msg") or "실패")
    return root


def _value(element: _Element | None, name: str) -> str:
    """The text of a child, empty where there is none."""
    found = element.find(name) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def _needed(element: _Element, name: str) -> str:
    value = _value(element, name)
    if not value:
        raise FaultError(Fault.LAYOUT, f"a row without {name}")
    return value
