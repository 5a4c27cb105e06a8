"""Laws and Regulations Database of Taiwan: every law and every order, in two archives.

Layout. `/api/Ch/Law/JSON` (some 1,350 laws) and `/api/Ch/Order/JSON` (some 10,450 orders) are zip
archives with one JSON file each (`ChLaw.json`, `ChOrder.json`, with a byte order mark), made anew
about once a week. A law has `LawName`, `LawURL` (with its `pcode`), `LawModifiedDate`,
`LawEffectiveDate` (days as `20260101`, as text or number; `99991231` and nothing for what has no
day yet), `LawAbandonNote` (廢 for what is abolished) and `LawArticles`.

The lists of narcotics and of controlled drugs are attachments of acts and notices of ministries:
kratom (卡痛, 帽柱木鹼) may stand only there, and attachments are not in these texts. So this is a
complete look at the articles, not at the lists; the acts under which they are made are recorded
whether they name kratom or not, with the names of their attachments, so that a new list shows.

Unconfirmed: the spelling `LawAttachements` (both are read).

History of breakage. None seen yet (built 2026-11-22 from clients; no real answer was held).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, secure
from kratom_atlas.crawl.source import ZIP, Bounds, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

SITE = "https://law.moj.gov.tw"
ARCHIVES = {"Law": InstrumentKind.STATUTE, "Order": InstrumentKind.REGULATION}
WATCHED = ("毒品危害防制條例", "管制藥品管理條例", "管制藥品管理條例施行細則")
MAX_FILE = 256 * 1024 * 1024
NO_DAY = "9999"


class Article(Struct, rename="pascal"):
    """An article, or a heading between articles."""

    article_content: str | None = None
    article_no: str | None = None


class Attachment(Struct, rename="pascal"):
    """A list or a form that belongs to a law."""

    file_name: str | None = None


class Law(Struct, rename="pascal"):
    """A law or an order."""

    law_name: str
    law_url: str = field(name="LawURL")
    law_modified_date: str | int | None = None
    law_effective_date: str | int | None = None
    law_abandon_note: str | None = None
    law_foreword: str | None = None
    law_articles: list[Article] = field(default_factory=list)
    law_attachements: list[Attachment] = field(default_factory=list)
    law_attachments: list[Attachment] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """The names of its attachments."""
        both = (*self.law_attachements, *self.law_attachments)
        return [one.file_name for one in both if one.file_name]


class Archive(Struct, rename="pascal"):
    """What the file of an archive holds."""

    laws: list[Law]


class TwLaw(Scraper):
    """Reads both archives whole, and matches every law."""

    source: ClassVar = Source(
        id="tw_law",
        title="Laws and Regulations Database of the Republic of China (Taiwan), open data",
        publisher="Ministry of Justice (Taiwan)",
        covers=("TW",),
        kind=SourceKind.STATUTES,
        homepage=f"{SITE}/api/swagger/ui/index",
        licence="Open Government Data License (Taiwan), version 1.0",
        terms="Open data without a key.",
        hosts=("law.moj.gov.tw",),
        schedule="57 17 * * sun",
        rate=Rate(delay=5.0),
        bounds=Bounds(examined=(1, 40_000), observed=(0, 500), collapse=0.5),
        cadence=365,
        seconds=600,
        megabytes=128,
        language="zh",
    )

    def start(self) -> Iterable[Fetch]:
        """Both archives."""
        for name in ARCHIVES:
            yield self.get(
                f"{SITE}/api/Ch/{name}/JSON", self.archive, expect=ZIP, essential=True, name=name
            )

    def archive(self, page: Page, name: str) -> Iterable[Yield]:
        """The laws that name kratom, or did, and the acts under which it is listed."""
        from kratom_atlas.read.archive import members
        from kratom_atlas.read.structured import parse_json
        from kratom_atlas.read.terms import names_kratom

        found = members(page.body, only=_is_data, max_member=MAX_FILE)
        files = [body for _, body in found]
        if not files:
            raise FaultError(Fault.LAYOUT, "an archive without its JSON file")
        laws = parse_json(files[0], Archive, limit=MAX_FILE).laws
        if not laws:
            raise FaultError(Fault.COLLAPSED, "an archive without laws")
        self.examine(len(laws))
        for law in laws:
            text = _text(law)
            if law.law_name in WATCHED:
                yield self._document(page, law, text, ARCHIVES[name])
            elif _code(law) in self.known or names_kratom(text.encode()):
                yield from self.mentioning([self._document(page, law, text, ARCHIVES[name])])

    def _document(self, page: Page, law: Law, text: str, kind: InstrumentKind) -> Document:
        from kratom_atlas.read.text import normalise

        effective = str(law.law_effective_date or "")
        modified = str(law.law_modified_date or "")
        said = (
            "Abolished." if law.law_abandon_note else "",
            f"Attachments: {', '.join(law.files)}." if law.files else "",
        )
        return self.document(
            page,
            key=_code(law),
            title=law.law_name,
            jurisdiction="ocd-division/country:tw",
            url=secure(law.law_url),
            text=normalise(text),
            kind=kind,
            number=_code(law),
            published=modified,
            effective=None if effective.startswith(NO_DAY) else effective,
            version=f"{modified}@{law.law_abandon_note or ''}",
            locator=law.law_name,
            note=" ".join(filter(None, said)) or None,
        )


def _is_data(name: str) -> bool:
    """Whether a member of an archive is the file with the laws."""
    return name.rsplit("/", 1)[-1].startswith("Ch") and name.lower().endswith(".json")


def _text(law: Law) -> str:
    """The articles, one after another."""
    articles = (
        f"{article.article_no or ''}\n{article.article_content or ''}".strip()
        for article in law.law_articles
    )
    return "\n\n".join(filter(None, (law.law_name, law.law_foreword, *articles)))


def _code(law: Law) -> str:
    """The code of a law in the database."""
    query = {name.lower(): values for name, values in parse_qs(urlsplit(law.law_url).query).items()}
    code = query.get("pcode", [""])[0]
    if not code:
        raise FaultError(Fault.LAYOUT, f"{law.law_name}: an address without a pcode")
    return code
