"""The local page of the review: for one person, on this machine only.

It listens on the loopback address, answers to no other name (so no page elsewhere can reach it by
way of DNS), takes decisions only by POST with a token that other pages cannot know, runs no
script, and escapes whatever it shows.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs, quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kratom_atlas.errors import AtlasError
from kratom_atlas.review import view
from kratom_atlas.review.desk import Desk
from kratom_atlas.store.crawls import moment

__all__ = ["Office", "server"]

log = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"
_SHOWN: Final = 200
"""So many proposals are listed on one page."""
_LARGEST: Final = 64 * 1024
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Office:
    """What the page works with: a desk, a clock, and what makes a redline of two texts.

    `token` is in every form of this process and nowhere else.
    """

    desk: Desk
    now: Callable[[], datetime]
    redline: Callable[[str, str], Markup]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))


@dataclass(frozen=True)
class _Answer:
    status: HTTPStatus
    body: str = ""
    media: str = "text/html; charset=utf-8"
    location: str = ""


def server(office: Office, port: int = 0) -> ThreadingHTTPServer:
    """A server of the page on a port of the loopback address; 0 takes a free one.

    Raises:
        AtlasError: the port is taken.
    """

    class Handler(_Handler):
        pass

    Handler.office = office
    try:
        return _Server((HOST, port), Handler)
    except OSError as error:
        raise AtlasError(f"port {port} of {HOST}: {error.strerror}: name another") from None


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Say what went wrong in one line; that somebody hung up is nothing to say."""
        error = sys.exception()
        if not isinstance(error, OSError):
            _failed(error)


class _Handler(BaseHTTPRequestHandler):
    office: Office
    server_version = "kratom-atlas"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Answer a look."""
        self._serve(self._look)

    def do_HEAD(self) -> None:
        """Answer with the headers only."""
        self._serve(self._look)

    def do_POST(self) -> None:
        """Take a decision."""
        self._serve(self._decide)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is logged: addresses hold what somebody looked at."""

    def _serve(self, answer: Callable[[], _Answer]) -> None:
        try:
            found = self._refusal() or answer()
        except AtlasError as error:  # the store is in use, or damaged
            found = _problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except OSError:
            raise  # nobody is there to be answered
        except Exception as error:
            log.debug("the page", exc_info=True)
            _failed(error)
            found = _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here.")
        self._answer(found)

    def _refusal(self) -> _Answer | None:
        """Refuse whatever was not meant for this address."""
        assert isinstance(self.server, ThreadingHTTPServer)
        port = self.server.server_port
        own = {f"{HOST}:{port}", f"localhost:{port}"}
        if (self.headers.get("Host") or "").lower() not in own:
            return _problem(HTTPStatus.MISDIRECTED_REQUEST, "This page answers to localhost only.")
        origin = self.headers.get("Origin")
        if origin is not None and origin.lower() not in {f"http://{name}" for name in own}:
            return _problem(HTTPStatus.FORBIDDEN, "Another page sent this.")
        return None

    def _look(self) -> _Answer:
        path, _, query = self.path.partition("?")
        if path == "/":
            return _list(self.office, _single(parse_qs(query)))
        if path == "/style.css":
            css = files("kratom_atlas.review").joinpath("static", "review.css")
            return _Answer(HTTPStatus.OK, css.read_text("utf-8"), "text/css; charset=utf-8")
        if path.startswith("/p/"):
            return _one(self.office, path.removeprefix("/p/"))
        return _problem(HTTPStatus.NOT_FOUND, "There is no such page.")

    def _decide(self) -> _Answer:
        # `120`: a length that is a number, and none of thousands of digits.
        length = re.fullmatch("[0-9]{1,6}", self.headers.get("Content-Length") or "")
        if length is None or int(length[0]) > _LARGEST:
            self.close_connection = True
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is not a form of this page.")
        body = self.rfile.read(int(length[0])).decode("utf-8", "replace")
        try:
            form = _single(parse_qs(body, keep_blank_values=True, max_num_fields=20))
        except ValueError:
            return _problem(HTTPStatus.BAD_REQUEST, "That is not a form of this page.")
        if not hmac.compare_digest(form.get("token", "").encode(), self.office.token.encode()):
            return _problem(HTTPStatus.FORBIDDEN, "The form is not of this session: load it again.")
        path = self.path.partition("?")[0]
        if not path.startswith("/p/"):
            return _problem(HTTPStatus.NOT_FOUND, "There is no such page.")
        return _decided(self.office, path.removeprefix("/p/"), form)

    def _answer(self, answer: _Answer) -> None:
        body = answer.body.encode("utf-8", "replace")
        self.send_response(answer.status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if answer.location:
            self.send_header("Location", answer.location)
        self.send_header("Content-Type", answer.media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _failed(error: BaseException | None) -> None:
    """One line for what should not be, without the address: it holds what somebody looked at."""
    log.error("the page: %s: %s", type(error).__name__, " ".join(str(error).split())[:300])


def _single(fields: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in fields.items()}


def _finalized(value: Any) -> Any:
    """Nothing invisible is shown as if it were not there; what is markup was made here."""
    return view.visible(value) if isinstance(value, str) and type(value) is not Markup else value


_PAGES: Final = Environment(
    loader=PackageLoader("kratom_atlas.review"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True, finalize=_finalized,
)  # fmt: skip


def _shown(name: str, **values: Any) -> str:
    return _PAGES.get_template(name).render(**values)


def _problem(status: HTTPStatus, words: str) -> _Answer:
    return _Answer(status, _shown("problem.html.j2", words=words))


def _list(office: Office, wanted: Mapping[str, str]) -> _Answer:
    standing = office.desk.standing()
    entries = office.desk.proposals.entries()
    filters = {name: wanted.get(name, "").strip() for name in ("state", "place", "source")}
    filters["state"] = filters["state"] or "open"
    bills = bool(wanted.get("bills"))
    found = view.chosen(
        entries, standing, state=filters["state"], place=filters["place"],
        source=filters["source"], bills=bills,
    )  # fmt: skip
    lines = [(entry, view.headline(entry.proposal, standing)) for entry in found[:_SHOWN]]
    page = _shown(
        "list.html.j2", lines=lines, total=len(found), filters=filters, states=view.STATES,
        bills=bills,
    )  # fmt: skip
    return _Answer(HTTPStatus.OK, page)


def _one(
    office: Office,
    name: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    problem: str = "",
    form: Mapping[str, str] | None = None,
) -> _Answer:
    standing = office.desk.standing()
    try:
        entry = office.desk.proposals.entry(name)
    except AtlasError:
        return _problem(HTTPStatus.NOT_FOUND, "There is no such proposal.")
    basis = entry.proposal.basis
    before = view.last_accepted(entry, office.desk.proposals.entries(), standing)
    page = _shown(
        "one.html.j2",
        entry=entry,
        headline=view.headline(entry.proposal, standing),
        rows=view.rows(entry.proposal, standing),
        pieces=view.segments(basis.passage, basis.marks),
        redline=office.redline(before, basis.passage) if before and basis.passage else None,
        token=office.token,
        seen=view.version_of(entry),
        problem=problem,
        form=form or {},
    )
    return _Answer(status, page)


def _decided(office: Office, name: str, form: Mapping[str, str]) -> _Answer:
    actor, reason, at = form.get("actor", ""), form.get("reason", ""), moment(office.now())
    try:
        if form.get("seen") != view.version_of(office.desk.proposals.entry(name)):
            raise AtlasError("it is not what it was when you loaded it: look at it again")
        match form.get("decision"):
            case "accept":
                changes = dict(_change(line) for line in form.get("changes", "").splitlines()
                               if line.strip())  # fmt: skip
                office.desk.accept(name, actor=actor, reason=reason, at=at, changes=changes)
            case "reject":
                office.desk.reject(name, actor=actor, reason=reason, at=at)
            case "reopen":
                office.desk.reopen(name, actor=actor, reason=reason, at=at)
            case _:
                raise AtlasError("choose: accept, reject or reopen")
    except AtlasError as error:
        return _one(office, name, status=HTTPStatus.CONFLICT, problem=str(error), form=form)
    return _Answer(HTTPStatus.SEE_OTHER, location=f"/p/{quote(name, safe='')}")


def _change(line: str) -> tuple[str, str]:
    name, sign, value = line.partition("=")
    if not sign:
        raise AtlasError(f"{line.strip()[:80]!r} is not a change: write field=value")
    return name.strip(), value.strip()
