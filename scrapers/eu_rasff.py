"""RASFF Window: alerts on food and feed that the states of the Union and the EEA send each other.

Layout. `POST .../notification/search/consolidated/en/` with
`{"parameters": {"pageNumber": 1, "itemsPerPage": 100}}` answers with `notifications`, the newest
first by `ecValidationDate` (`DD-MM-YYYY HH:MM:SS`), `totalElements` and `totalPages`; a page has
100 at most, all together are about 31,000. Members for a filter exist, but their names are not
certain, so the list is read as a whole and matched here. Countries and kinds are objects with
`organizationName` and `isoCode`, or with `description`; the parser takes plain text as well.

UNCONFIRMED: no answer was at hand; the names are those of public clients and of our notes. Some of
these clients send a browser's name and a `Referer`; we say who we are, and whether that is
answered has to be seen. A subject may be procedural ("no pre-notification") and name no product:
the product then stands in the detail (`.../notification/view/id/{notifId}/en/`) only, which is
not read here.

History of breakage. None seen yet (built 2026-11-22 without a recorded answer).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.notices import Notice, NoticeScraper, words_of
from kratom_atlas.crawl.scraper import Fetch, day_first
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.read.faults import FaultError

HOME = "https://webgate.ec.europa.eu/rasff-window"
LIST = f"{HOME}/backend/public/notification/search/consolidated/en/"
MEMBERS = (
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU",
    "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
PAGE = 100
LISTED = Expect(media=JSON.media, smallest=2, contains=('"notifications"',))


class Notification(Struct, rename="camel"):
    """One notification, as the list has it."""

    notif_id: int | str
    reference: str
    subject: str
    ec_validation_date: str
    notifying_country: Any
    origin_countries: Any = None
    product_category: Any = None
    product_type: Any = None
    notification_classification: Any = None
    risk_decision: Any = None


class Listing(Struct, rename="camel"):
    """A page of the list."""

    notifications: list[Notification]
    total_elements: int = 0
    total_pages: int = 0


class EuRasff(NoticeScraper):
    """Reads the newest notifications, and keeps those that name kratom."""

    forum: ClassVar = "x-eu"
    source: ClassVar = Source(
        id="eu_rasff",
        title="RASFF Window",
        publisher="European Commission, Directorate-General for Health and Food Safety",
        covers=("X-EU", *MEMBERS),
        kind=SourceKind.ALERTS,
        homepage="https://webgate.ec.europa.eu/rasff-window/screen/search",
        licence="Reuse with attribution (Decision 2011/833/EU)",
        terms="A public window without a key; its backend is not documented: one request a second.",
        hosts=("webgate.ec.europa.eu",),
        schedule="35 5 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(1, 60_000), observed=(0, 2_000)),
        cadence=120,
        overlap=14,
        first=3_650,
    )

    def ask(self, number: int, seen: int) -> Fetch:
        """A page of a hundred."""
        return self.post(
            LIST, self.notices, json={"parameters": {"pageNumber": number, "itemsPerPage": PAGE}},
            expect=LISTED, essential=True, number=number, seen=seen,
        )  # fmt: skip

    def listed(self, page: Page) -> tuple[Sequence[Notice], int]:
        """The notifications of a page."""
        listing = page.json(Listing)
        total = listing.total_elements or listing.total_pages * PAGE
        if listing.notifications and not total:
            raise FaultError(Fault.LAYOUT, "it does not say how many notifications there are")
        return [_notice(one) for one in listing.notifications], total


def _notice(one: Notification) -> Notice:
    said = {
        "Classification": words_of(one.notification_classification),
        "Risk": words_of(one.risk_decision),
        "Product": words_of([one.product_type, one.product_category]),
        "Origin": words_of(one.origin_countries),
    }
    country = one.notifying_country
    iso = country.get("isoCode") if isinstance(country, dict) else None
    return Notice(
        key=one.reference.strip(),
        title=one.subject,
        state=words_of(country),
        code=iso if isinstance(iso, str) else "",
        words=f"{one.subject}\n{words_of([one.product_type, one.product_category])}",
        url=f"{HOME}/screen/notification/{one.notif_id}",
        published=_day(one.ec_validation_date),
        number=one.reference,
        note=". ".join(f"{name}: {value}" for name, value in said.items() if value) or None,
    )


def _day(written: str) -> str:
    """`2026-11-03` from `03-11-2026 09:15:00`."""
    day = day_first(written)
    if day is None:
        raise FaultError(Fault.LAYOUT, f"a validation date that is none: {written!r}")
    return day
