"""What somebody reported as wrong, and what became of it."""

from __future__ import annotations

from msgspec import Struct

from kratom_atlas.model.vocabulary import Word

__all__ = ["ErrorReport", "ReportState"]


class ReportState(Word):
    """Where a report stands."""

    OPEN = ("open", "Open", "Nobody has answered it yet.")
    ANSWERED = ("answered", "Answered", "Somebody answered; the record stands as it was.")
    FIXED = ("fixed", "Fixed", "The record was wrong there, and says it otherwise now.")
    DECLINED = ("declined", "Declined", "It names nothing that could be looked up or mended.")


class ErrorReport(Struct, frozen=True, kw_only=True):
    """One report. Times are UTC, as the ledger writes them.

    `number` is its public name. `about` is the path of a page of the site, or empty. `text` and
    `evidence` (an address of the web, or empty) are what its author wrote: strangers see them
    only when `published` says that a person has looked at them. `contact` is never shown, and
    erased with the answer. `response` is ours, and public.
    """

    number: int
    reported_at: str
    about: str
    text: str
    evidence: str = ""
    contact: str = ""
    state: ReportState = ReportState.OPEN
    response: str = ""
    answered_at: str = ""
    published: bool = False
