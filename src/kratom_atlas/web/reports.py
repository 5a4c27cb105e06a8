"""The form for reports of errors, and the public log of what became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape as xml

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from kratom_atlas.model.report import ErrorReport
from kratom_atlas.notify.limits import LimitedError
from kratom_atlas.notify.reporting import LONGEST_TEXT, Intake, ReportFieldError, page_path
from kratom_atlas.report.words import inert, web_link
from kratom_atlas.settings import Settings
from kratom_atlas.web.forms import Fields, read_form
from kratom_atlas.web.pages import Pages, held, held_lines
from kratom_atlas.web.subscribe import client_of

__all__ = ["router"]

_PAGE: Final = 100
_MOST: Final = 1_000_000
_LABELS: Final = {
    "about": "Which page",
    "text": "What is wrong",
    "evidence": "Where one can see it",
    "contact": "Your e-mail address",
}


def router(
    pages: Pages, intake: Intake, settings: Settings, is_page: Callable[[str], bool]
) -> APIRouter:
    """Every page; `is_page` says whether a path, as `j/US-FL/`, is one of the site."""
    made = APIRouter(include_in_schema=False)
    window = _Window(pages, intake, settings, is_page)

    @made.get("/report/")
    @made.get("/report/index.html")
    async def form(request: Request) -> Response:
        about = request.query_params.get("about", "")[:300]
        return await anyio.to_thread.run_sync(window.form, about)

    @made.post("/report/")
    async def take(request: Request) -> Response:
        fields = await read_form(request)
        return await anyio.to_thread.run_sync(window.take, fields, client_of(request))

    @made.get("/report/taken")
    async def taken(request: Request) -> Response:
        number = request.query_params.get("number", "")
        return await anyio.to_thread.run_sync(window.taken, number)

    @made.get("/reports")
    async def lacking() -> Response:
        return RedirectResponse("reports/", 308)

    @made.get("/reports/")
    async def log(request: Request) -> Response:
        skipped = _offset(request.query_params.get("offset", ""))
        return await anyio.to_thread.run_sync(window.log, skipped)

    @made.get("/reports/reports.json")
    async def as_json(request: Request) -> Response:
        skipped = _offset(request.query_params.get("offset", ""))
        return await anyio.to_thread.run_sync(window.as_json, skipped)

    @made.get("/reports/reports.atom")
    async def as_atom() -> Response:
        return await anyio.to_thread.run_sync(window.as_atom)

    return made


class _Window:
    """Where reports are handed in and the log is read."""

    def __init__(
        self, pages: Pages, intake: Intake, settings: Settings, is_page: Callable[[str], bool]
    ) -> None:
        self._pages = pages
        self._intake = intake
        self._root = settings.base_url.rstrip("/")
        self._is_page = is_page

    def form(
        self, about: str, fields: Fields | None = None, errors: dict[str, str] | None = None
    ) -> Response:
        """The form, as it was filled in so far."""
        sent, wrong = fields or Fields(), errors or {}
        return self._pages.show(
            "report_form.html",
            title="Report an error",
            root="../",
            status=422 if wrong else 200,
            is_public=True,
            about=held(about),
            text=held_lines(sent.one("text")),
            evidence=held(sent.one("evidence")[:2000]),
            contact=held(sent.one("contact")[:1000]),
            longest=LONGEST_TEXT,
            bad={name: name in wrong for name in _LABELS},
            found=[
                {"field": name, "label": _LABELS[name], "words": words}
                for name, words in wrong.items()
            ],
        )

    def take(self, fields: Fields, client: str) -> Response:
        """Take a report."""
        named = fields.one("about").strip()
        about = page_path(_path_of(named))
        about = about if about and self._is_page(about) else ""
        text = fields.one("text")
        if named and not about:
            # What names no page of ours is not shown to strangers as if it did.
            text = f"{text}\n(page named: {named[:300]})"
        if not fields.one("text").strip():
            return self.form(named[:300], fields, {"text": "say what is wrong"})
        try:
            number = self._intake.take(
                about=about,
                text=text,
                evidence=fields.one("evidence"),
                contact=fields.one("contact"),
                client=client,
            )
        except ReportFieldError as error:
            return self.form(named[:300], fields, {error.field: str(error)})
        except LimitedError as error:
            return self._said(
                "Not now",
                f"{str(error)[:1].upper()}{str(error)[1:]}. What you wrote is still in the form "
                "if you go back.",
                status=429,
                headers={"Retry-After": str(error.retry_after)},
            )
        return RedirectResponse(f"taken?number={number}", 303, {"Cache-Control": "no-store"})

    def taken(self, number: str) -> Response:
        """Thanks."""
        known = number if number.isascii() and number.isdigit() and len(number) < 10 else ""
        return self._said(
            "Thank you",
            f"Your report has the number {known}. " * bool(known)
            + "Somebody looks at it; what became of it is said in public.",
            links=[{"url": f"../reports/#r{known}", "words": "The log of reports"}],
        )

    def log(self, skipped: int) -> Response:
        """The log as a page."""
        total, found = self._intake.log(_PAGE, skipped)
        open_ = f"{total:,} report{'' if total == 1 else 's'} so far."
        return self._pages.show(
            "reports.html",
            title="Reports of errors",
            root="../",
            summary=open_,
            rows=[_row(one) for one in found],
            later=f"?offset={max(0, skipped - _PAGE)}" if skipped else "",
            earlier=f"?offset={skipped + _PAGE}" if skipped + _PAGE < total else "",
        )

    def as_json(self, skipped: int) -> Response:
        """The log for programs."""
        total, found = self._intake.log(_PAGE, skipped)
        more = skipped + _PAGE
        body = {
            "total": total,
            "next_offset": more if more < total else None,
            "items": [_plain(one) for one in found],
        }
        return Response(
            msgspec.json.encode(body), 200, {"Cache-Control": "no-cache"}, "application/json"
        )

    def as_atom(self) -> Response:
        """The newest of the log as a feed."""
        _, found = self._intake.log(_PAGE)
        moved = max((max(one.reported_at, one.answered_at) for one in found), default="1970-01-01")
        entries = "".join(self._entry(one) for one in found)
        at = xml(f"{self._root}/reports/", {'"': "&quot;"})
        text = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<feed xmlns="http://www.w3.org/2005/Atom">\n'
            "<title>Kratom Atlas: reports of errors</title>\n"
            f"<id>tag:kratom-atlas,2026:reports</id>\n<updated>{moved}T00:00:00Z</updated>\n"
            "<author><name>Kratom Atlas</name></author>\n"
            f'<link rel="alternate" type="text/html" href="{at}"/>\n'
            f"{entries}</feed>\n"
        )
        return Response(
            text, 200, {"Cache-Control": "no-cache"}, "application/atom+xml; charset=utf-8"
        )

    def _entry(self, one: ErrorReport) -> str:
        page = f": /{one.about}" if one.about else ""
        said = [
            *([f"Reported: {inert(one.text)}"] if one.text else []),
            *([f"Our answer: {inert(one.response)}"] if one.response else []),
        ]
        at = xml(f"{self._root}/reports/#r{one.number}", {'"': "&quot;"})
        return (
            f"<entry><id>tag:kratom-atlas,2026:report:{one.number}</id>"
            f"<title>{xml(f'Report {one.number}{page} ({one.state.label})')}</title>"
            f"<updated>{max(one.reported_at, one.answered_at)}T00:00:00Z</updated>"
            f"<published>{one.reported_at}T00:00:00Z</published>"
            f'<link rel="alternate" type="text/html" href="{at}"/>'
            f'<content type="text">{xml(" ".join(said) or one.state.meaning)}</content></entry>\n'
        )

    def _said(self, title: str, lead: str, **more: Any) -> Response:
        filled = {"links": (), "secret": "", "note": "", **more}
        return self._pages.show("said.html", title=title, root="../", lead=lead, **filled)


def _row(one: ErrorReport) -> dict[str, object]:
    lines = [line for line in one.text.splitlines() if line.strip()]
    return {
        "number": one.number,
        "day": one.reported_at,
        "about": one.about,
        "state": one.state.label,
        "lines": lines or ([] if one.response else [one.state.meaning]),
        "evidence": web_link(one.evidence) or "",
        "response": one.response,
        "answered": one.answered_at,
    }


def _plain(one: ErrorReport) -> dict[str, object]:
    return {
        "number": one.number,
        "reported": one.reported_at,
        "page": f"/{one.about}" if one.about else None,
        "state": str(one.state),
        "text": one.text or None,
        "evidence": one.evidence or None,
        "response": one.response or None,
        "answered": one.answered_at or None,
    }


def _path_of(named: str) -> str:
    """The path in what was typed: an address of the web, or a path alone."""
    if not named.lower().startswith(("http://", "https://")):
        return named
    try:
        return urlsplit(named).path
    except ValueError:
        return ""


def _offset(text: str) -> int:
    return min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 8 else 0
