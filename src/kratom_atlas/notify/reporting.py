"""The intake of error reports and their public log; of web and command line alike."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.report import ErrorReport
from kratom_atlas.notify.limits import Limits, network_of
from kratom_atlas.report.words import inert, web_link

if TYPE_CHECKING:
    from kratom_atlas.settings import Settings
    from kratom_atlas.store.database import Store
    from kratom_atlas.store.reports import Reports

__all__ = [
    "LONGEST_CONTACT",
    "LONGEST_EVIDENCE",
    "LONGEST_TEXT",
    "Intake",
    "ReportFieldError",
    "open_reports",
    "page_path",
]

LONGEST_TEXT: Final = 4000
LONGEST_EVIDENCE: Final = 1000
LONGEST_CONTACT: Final = 254
# `j/US-FL-12115/`, `changes/2026-07-01/`, `p/us-al-ban/`: a page of the site, and nothing else
_PATH: Final = re.compile(r"(?:[a-z]{1,20}/){1,2}(?:[A-Za-z0-9][A-Za-z0-9.-]{0,120}/)?", re.ASCII)
_MAIL: Final = re.compile(r"[^@\s<>\"',;:\\]{1,64}@[^@\s<>\"',;:\\]{1,190}")


class ReportFieldError(AtlasError):
    """Something in a report cannot be taken; `field` is its name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Intake:
    """Takes reports. The store is opened by the first that needs it: reading leaves no trace."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._store: Store | None = None

    def close(self) -> None:
        """Let go of the store."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def take(
        self, *, about: str, text: str, evidence: str = "", contact: str = "", client: str = ""
    ) -> int:
        """Keep a report; its number. `about` is the path of a page that is there, or empty.

        Raises:
            ReportFieldError: something in it cannot be taken.
            LimitedError: too much was reported.
        """
        text = "\n".join(inert(line) for line in text.splitlines()).strip()
        evidence, contact = evidence.strip(), contact.strip()
        if not text:
            raise ReportFieldError("text", "say what is wrong")
        for field, given, most in (
            ("text", text, LONGEST_TEXT),
            ("evidence", evidence, LONGEST_EVIDENCE),
            ("contact", contact, LONGEST_CONTACT),
        ):
            if len(given) > most:
                raise ReportFieldError(field, f"that is too long: at most {most:,} characters")
        if evidence and web_link(evidence) is None:
            raise ReportFieldError("evidence", "that is no address of the web")
        if contact and (inert(contact) != contact or not _MAIL.fullmatch(contact)):
            raise ReportFieldError("contact", "that is no e-mail address")
        who = {"report_all": ""}
        if client:
            who["report_network"] = network_of(client)
        self._limits.admit(**who)
        return self._reports().add(
            at=self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            about=about,
            text=text,
            evidence=evidence,
            contact=contact,
        )

    def log(self, limit: int, offset: int = 0) -> tuple[int, list[ErrorReport]]:
        """How many there are, and some of them, the newest first, without anything private."""
        if self._store is None and not self._is_there():
            return 0, []
        reports = self._reports()
        found = reports.all(limit=limit, offset=offset)
        return reports.count(), [public(one) for one in found]

    def _is_there(self) -> bool:
        return bool(self._settings.database_url) or self._settings.default_database.is_file()

    def _reports(self) -> Reports:
        from kratom_atlas.store.database import open_store
        from kratom_atlas.store.reports import Reports

        with self._lock:
            if self._store is None:
                self._store = open_store(self._settings.store_url)
            return Reports(self._store)


def public(report: ErrorReport) -> ErrorReport:
    """What strangers may see of a report."""
    shown = report.published
    return ErrorReport(
        number=report.number,
        reported_at=report.reported_at[:10],
        about=report.about,
        text=report.text if shown else "",
        evidence=report.evidence if shown else "",
        state=report.state,
        response=report.response,
        answered_at=report.answered_at[:10],
        published=shown,
    )


def page_path(words: str) -> str:
    """The path of a page as `j/US-FL/`, from what a link or a person says; else nothing."""
    path = words.strip().removeprefix("/").removesuffix("index.html")
    return path if _PATH.fullmatch(path) else ""


@contextmanager
def open_reports(settings: Settings) -> Iterator[Reports]:
    """The reports of this installation, for whoever answers them.

    Raises:
        AtlasError: the store cannot be opened.
    """
    from kratom_atlas.store.database import open_store
    from kratom_atlas.store.reports import Reports

    with open_store(settings.store_url) as store:
        yield Reports(store)
