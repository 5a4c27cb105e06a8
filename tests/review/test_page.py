"""The local page, over real HTTP."""

from __future__ import annotations

import http.client
import logging
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup, escape
from msgspec.structs import replace
from review_sample import (
    ORIGINS,
    PLACES,
    RULE,
    TODAY,
    document,
    finding,
    provision,
    read,
    said,
    to_read,
)

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.proposal import Proposal, ProposalState
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.page import Office, server
from kratom_atlas.review.propose import propose
from kratom_atlas.store import database
from kratom_atlas.store.proposals import Proposals, Seen

HOSTILE = "<script>alert(1)</script> \u202e'\"&{{7*7}}"


@pytest.fixture
def office(
    tmp_path: Path, new_store: Callable[..., AbstractContextManager[str]]
) -> Iterator[Office]:
    with new_store("sqlite", tmp_path) as url, database.open_store(url) as store:
        yield Office(
            Desk(Proposals(store), PLACES),
            lambda: datetime(2026, 11, 23, tzinfo=UTC),
            lambda old, new: Markup("<del>{}</del><ins>{}</ins>").format(escape(old), escape(new)),
        )


@pytest.fixture
def made(office: Office) -> list[Proposal]:
    office.desk.proposals.store.append(said(RULE, provision(), at="2026-08-28T00:00:00Z"))
    text = f"(a) {HOSTILE}; (b) mitragynine; (c) 7-hydroxymitragynine"
    what = [
        finding(text=text),
        finding("7-hydroxymitragynine", text=text, substances=("7-oh",), quote=HOSTILE),
    ]
    one = to_read(document(title=HOSTILE))
    found = propose(
        read(*what, text=text), one, ORIGINS["us_ri_rules"], office.desk.standing(), seen_on=TODAY
    )
    seen = Seen("us_ri_rules", one.document.key if one.document else "", "a" * 64, "reader-1")
    office.desk.proposals.make(seen, found, at="2026-11-22T00:00:00Z")
    return list(found)


@pytest.fixture
def site(office: Office) -> Iterator[str]:
    running = server(office)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


def ask(
    url: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[int, str, dict[str, str]]:
    data = None if form is None else urllib.parse.urlencode(form).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, named)
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


def as_loaded(url: str) -> dict[str, str]:
    """What a form of the page says of what was to be seen on it."""
    found = re.search('name="seen" value="([^"]+)"', ask(url)[1])
    assert found is not None
    return {"seen": found[1]}


def test_the_list_and_its_filters(site: str, made: list[Proposal]) -> None:
    status, page, headers = ask(site)
    assert status == 200
    assert page.count("<li><a href") == 2
    assert "script" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in page
    assert ask(f"{site}/?place=US-AL")[1].count("<li><a href") == 0
    assert ask(f"{site}/?place=us-ri&source=us_ri_rules")[1].count("<li><a href") == 2
    assert ask(f"{site}/?state=rejected")[1].count("<li><a href") == 0
    assert ask(f"{site}/style.css")[2]["Content-Type"].startswith("text/css")
    assert ask(f"{site}/nowhere")[0] == 404
    assert ask(f"{site}/p/p-none")[0] == 404


def test_a_proposal_beside_its_evidence(site: str, made: list[Proposal]) -> None:
    _, page, _ = ask(f"{site}/p/{made[1].id}")
    assert "<mark>7-hydroxymitragynine</mark>" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "\u202e" not in page
    assert "{{7*7}}" in page


def test_a_round_of_decisions(site: str, office: Office, made: list[Proposal]) -> None:
    url = f"{site}/p/{made[1].id}"
    form = {"token": office.token, "actor": "ada", "reason": "read it", "decision": "accept",
            "changes": "note=Seen\nattested=\nfrom=2026-05"}  # fmt: skip
    status, _, headers = ask(url, {**form, **as_loaded(url)})
    assert (status, headers["Location"]) == (303, f"/p/{made[1].id}")
    entry = office.desk.proposals.entry(made[1].id)
    assert entry.state is ProposalState.EDITED
    assert made[1].provision is not None
    law = office.desk.standing().provisions[made[1].provision.id]
    assert (law.from_, law.note) == ("2026-05", "Seen")
    assert "ada" in ask(url)[1]
    assert ask(url, {**form, **as_loaded(url), "decision": "reopen"})[0] == 303
    assert ask(url, {**form, **as_loaded(url), "decision": "reject"})[0] == 303
    assert law.id not in office.desk.standing().provisions


def test_the_redline_against_what_was_accepted(
    site: str, office: Office, made: list[Proposal]
) -> None:
    office.desk.accept(made[0].id, actor="ada", reason="x", at="2026-11-23T00:00:00Z")
    page = ask(f"{site}/p/{made[1].id}")[1]
    assert "Against the text last accepted" in page


def test_what_is_wrong_is_said_and_the_form_is_kept(
    site: str, office: Office, made: list[Proposal]
) -> None:
    url = f"{site}/p/{made[1].id}"
    form = {"token": office.token, "actor": HOSTILE[:25], "reason": "kept", "decision": "accept",
            "changes": "colour=blue", **as_loaded(url)}  # fmt: skip
    status, page, _ = ask(url, form)
    assert status == 409
    assert "unknown field `colour`" in page
    assert 'value="kept"' in page
    assert "<script" not in page
    assert ask(url, {**form, "changes": "colour"})[0] == 409
    assert ask(url, {**form, "decision": "burn"})[0] == 409
    assert ask(url, {**form, "actor": ""})[0] == 409


def test_only_forms_of_this_page_decide(site: str, office: Office, made: list[Proposal]) -> None:
    url = f"{site}/p/{made[1].id}"
    form = {"actor": "eve", "reason": "x", "decision": "accept"}
    assert ask(url, form)[0] == 403
    assert ask(url, {**form, "token": "guess"})[0] == 403
    mine = {**form, "token": office.token}
    assert ask(url, mine, Origin="https://evil.example")[0] == 403
    assert ask(url, mine, Origin="null")[0] == 403
    assert ask(url, {**mine, "changes": "x" * 70_000})[0] == 413
    assert ask(f"{url}?decision=accept&token={office.token}")[0] == 200
    assert office.desk.proposals.entry(made[1].id).decisions == ()


def test_what_somebody_saw_is_what_they_decide_on(
    site: str, office: Office, made: list[Proposal]
) -> None:
    url = f"{site}/p/{made[1].id}"
    form = {"token": office.token, "actor": "ada", "reason": "read it", "decision": "accept",
            "changes": "attested=\nfrom=2026-05"}  # fmt: skip
    assert ask(url, form)[0] == 409, "a form that does not say what was seen"
    loaded = as_loaded(url)
    seen = Seen("us_ri_rules", made[1].basis.key, "c" * 64, "reader-1")
    basis = replace(made[1].basis, text_sha256="c" * 64, passage="(a) other words")
    again = replace(made[1], basis=basis)
    office.desk.proposals.make(seen, [made[0], again], at="2026-11-22T01:00:00Z")
    status, page, _ = ask(url, {**form, **loaded})
    assert (status, "(a) other words" in page, "look at it again" in page) == (409, True, True)
    assert office.desk.proposals.entry(made[1].id).decisions == ()
    loaded = as_loaded(url)
    office.desk.reject(made[1].id, actor="bo", reason="no", at="2026-11-23T00:00:00Z")
    assert ask(url, {**form, **loaded})[0] == 409
    assert ask(url, {**form, **as_loaded(url)})[0] == 303


def test_broken_requests_are_answered_and_leave_no_trace(
    site: str, office: Office, made: list[Proposal], caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def raw(method: str, path: str, body: str = "", **headers: str) -> int:
        connection = http.client.HTTPConnection(site.removeprefix("http://"), timeout=10)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, named)
            return connection.getresponse().status
        finally:
            connection.close()

    path = f"/p/{made[1].id}"
    assert raw("POST", path, Origin="http://[") == 403
    assert raw("POST", path, Content_Length="9" * 5000) == 413
    assert raw("POST", path, Content_Length="-1") == 413
    assert raw("POST", path, "&".join(f"a{n}=1" for n in range(50))) == 400
    form = {"token": office.token, "actor": "a", "reason": "b", "decision": "accept",
            "changes": f"title={'[' * 15_000}", **as_loaded(site + path)}  # fmt: skip
    status, page, _ = ask(site + path, form)
    assert (status, "at most 4000" in page) == (409, True)
    assert ask(site)[0] == 200
    assert not caplog.records
    assert "Traceback" not in capfd.readouterr().err


def test_a_fault_of_the_page_is_one_line_without_addresses(
    site: str, office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_self: Proposals) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(Proposals, "entries", broken)
    with caplog.at_level(logging.INFO, "kratom_atlas"):
        assert ask(f"{site}/?place=US-RI")[0] == 500
    assert caplog.messages == ["the page: ZeroDivisionError: by zero"]

    def busy(_self: Proposals) -> None:
        raise AtlasError("in use by another process")

    monkeypatch.setattr(Proposals, "entries", busy)
    status, page, _ = ask(site)
    assert (status, "in use by another process" in page) == (503, True)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
def test_no_other_name_leads_here(site: str, made: list[Proposal], host: str) -> None:
    assert ask(site, Host=host)[0] == 421
    assert ask(f"{site}/p/{made[1].id}", {"token": "x"}, Host=host)[0] == 421


def test_it_listens_on_this_machine_only(office: Office) -> None:
    running = server(office)
    try:
        assert isinstance(running, ThreadingHTTPServer)
        assert running.server_address[0] == "127.0.0.1"
        with pytest.raises(AtlasError, match="name another"):
            server(office, running.server_port)
    finally:
        running.server_close()
