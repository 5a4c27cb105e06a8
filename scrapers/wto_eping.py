"""ePing: what the members of the WTO notify of new rules on goods (SPS and TBT).

Layout. `GET https://epingalert.org/api/v1/azureSearch/getAll` with `language=1`,
`distributionDateFrom`, `distributionDateTo`, `page` (from 1) and `pageSize` (up to 100) answers
with `items` and `totalCount`. Parameters for words, areas and members are ignored, so the whole
window is read and matched here. Our notes have it newest first, a public client says that it is
not: the window is read to its end. Titles and descriptions carry mark-up.

UNCONFIRMED: no answer was at hand; the names are those of public clients and of our notes.
`keywords` and `hsCodes` are lists of objects with a `name`.

History of breakage. None seen yet (built 2026-11-22 without a recorded answer).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import plain_words
from kratom_atlas.crawl.platforms.notices import Notice, NoticeScraper, words_of
from kratom_atlas.crawl.scraper import Fetch, one_line
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind

LIST = "https://epingalert.org/api/v1/azureSearch/getAll"
MEMBERS = (
    "AE", "AF", "AG", "AL", "AM", "AO", "AR", "AT", "AU", "BB", "BD", "BE", "BF", "BG", "BH",
    "BI", "BJ", "BN", "BO", "BR", "BW", "BZ", "CA", "CD", "CF", "CG", "CH", "CI", "CL", "CM",
    "CN", "CO", "CR", "CU", "CV", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "EC", "EE", "EG",
    "ES", "FI", "FJ", "FR", "GA", "GB", "GD", "GE", "GH", "GM", "GN", "GQ", "GR", "GT", "GW",
    "GY", "HK", "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IN", "IS", "IT", "JM", "JO", "JP",
    "KE", "KG", "KH", "KM", "KN", "KR", "KW", "KZ", "LA", "LC", "LI", "LK", "LR", "LS", "LT",
    "LU", "LV", "MA", "MD", "ME", "MG", "MK", "ML", "MM", "MN", "MO", "MR", "MT", "MU", "MV",
    "MW", "MX", "MY", "MZ", "NA", "NE", "NG", "NI", "NL", "NO", "NP", "NZ", "OM", "PA", "PE",
    "PG", "PH", "PK", "PL", "PT", "PY", "QA", "RO", "RU", "RW", "SA", "SB", "SC", "SE", "SG",
    "SI", "SK", "SL", "SN", "SR", "SV", "SZ", "TD", "TG", "TH", "TJ", "TL", "TN", "TO", "TR",
    "TT", "TW", "TZ", "UA", "UG", "US", "UY", "VC", "VE", "VN", "VU", "WS", "YE", "ZA", "ZM",
    "ZW",
)  # fmt: skip
PAGE = 100
LISTED = Expect(media=JSON.media, smallest=2, contains=('"items"', '"totalCount"'))


class Item(Struct, rename="camel"):
    """One notification."""

    id: int | str
    title: str
    notifying_member: str
    distribution_date: str
    document_symbol: str | None = None
    area: str | None = None
    notification_type: str | None = None
    comment_deadline_date: str | None = None
    description: str | None = None
    products_free_text: str | None = None
    keywords: Any = None


class Listing(Struct, rename="camel"):
    """A page of the window."""

    items: list[Item]
    total_count: int


class WtoEping(NoticeScraper):
    """Reads a window of days, and keeps the notifications that name kratom."""

    forum: ClassVar = "x-un"
    newest_first: ClassVar = False
    source: ClassVar = Source(
        id="wto_eping",
        title="ePing SPS and TBT notifications",
        publisher="World Trade Organization, with the International Trade Centre and UN DESA",
        covers=("X-UN", "X-EU", *MEMBERS),
        kind=SourceKind.ALERTS,
        homepage="https://epingalert.org/en",
        licence="Notifications of WTO members; facts only are kept",
        terms="A public platform without a key; its interface is not documented.",
        hosts=("epingalert.org",),
        schedule="5 6 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(1, 30_000), observed=(0, 500)),
        cadence=365,
        overlap=14,
        first=365,
    )

    def ask(self, number: int, seen: int) -> Fetch:
        """A page of the window."""
        return self.get(
            LIST, self.notices, expect=LISTED, essential=True, number=number, seen=seen,
            params={
                "language": 1, "distributionDateFrom": self.since.isoformat(),
                "distributionDateTo": self.today.isoformat(), "page": number,
                "pageSize": PAGE,
            },
        )  # fmt: skip

    def listed(self, page: Page) -> tuple[Sequence[Notice], int]:
        """The notifications of a page."""
        listing = page.json(Listing)
        return [_notice(one) for one in listing.items], listing.total_count


def _notice(one: Item) -> Notice:
    said = {
        "Area": one.area,
        "Type": one.notification_type,
        "Products": plain_words(one.products_free_text or ""),
        "Comments until": (one.comment_deadline_date or "")[:10],
    }
    return Notice(
        key=str(one.id),
        title=plain_words(one.title) or str(one.id),
        state=one.notifying_member,
        words="\n".join(
            (
                *map(plain_words, (one.title, one.description or "", one.products_free_text or "")),
                words_of(one.keywords),
            )
        ),
        url=f"https://epingalert.org/en/Search?viewData={one.id}",
        published=one.distribution_date[:10],
        number=one_line(one.document_symbol) or None,
        note=". ".join(f"{name}: {value}" for name, value in said.items() if value) or None,
    )  # fmt: skip
