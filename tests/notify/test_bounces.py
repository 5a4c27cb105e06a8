"""Mail that comes back: whose it was, whether anybody is there, and what hostile mail does."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from post_sample import subscription

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import SubscriptionState
from kratom_atlas.notify.bounces import MAX_SIZE, read_bounce, take
from kratom_atlas.notify.channels.email import tag_of
from kratom_atlas.store.database import open_store
from kratom_atlas.store.subscriptions import Subscriptions

NOW = "2026-11-23T03:00:00Z"
REF = "Ref-1_xyz"
TAG = tag_of(REF)

REPORT = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
Message-Id: <20261123.ABC@mx.example.net>

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Mon, 23 Nov 2026 03:00:00 +0000

Final-Recipient: rfc822; reader@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--b
Content-Type: {inner}

{returned}
--b--
"""


def report(
    *,
    to: str = f"bounces+{TAG}@mail.example.org",
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 user unknown",
    inner: str = "text/rfc822-headers",
    returned: str = "Subject: Utah\nMessage-ID: <x@y>\n",
) -> bytes:
    return REPORT.format(
        to=to, action=action, status=status, diagnostic=diagnostic, inner=inner, returned=returned
    ).encode()


@pytest.mark.parametrize(
    ("changes", "hard", "status"),
    [
        ({}, True, "5.1.1"),
        ({"status": "5.1.10"}, True, "5.1.10"),
        ({"status": "5.2.1 (disabled)"}, True, "5.2.1"),
        ({"status": "5.2.2"}, False, "5.2.2"),
        ({"status": "5.7.1"}, False, "5.7.1"),
        ({"status": "4.4.1"}, False, "4.4.1"),
        ({"status": "", "diagnostic": "550 5.1.1 no"}, True, "5.1.1"),
        ({"status": "", "diagnostic": "550 no"}, False, "5.0.0"),
        ({"status": "", "diagnostic": ""}, False, "5.0.0"),
        ({"action": "FAILED"}, True, "5.1.1"),
        ({"to": f"<BOUNCES+{TAG.upper()}@mail.example.org>"}, True, "5.1.1"),
    ],
)
def test_a_report_says_who_and_how_bad(changes: dict[str, str], hard: bool, status: str) -> None:
    assert read_bounce(report(**changes)) == (REF, hard, status)


@pytest.mark.parametrize("inner", ["text/rfc822-headers", "message/rfc822"])
def test_what_was_sent_says_whose_it_was(inner: str) -> None:
    sent = f"To: reader@example.org\nMessage-ID: <{'0f' * 16}.{TAG}@mail.example.org>\n"
    found = read_bounce(report(to="alerts@mail.example.org", inner=inner, returned=sent))
    assert found.ref == REF


def test_who_calls_it_spam_gets_no_more() -> None:
    mail = f"""\
From: fbl@example.net
To: bounces+{TAG}@mail.example.org
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x/1

--b--
""".encode()
    assert read_bounce(mail) == (REF, True, "complaint")


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\x00" * 100,
        b"Subject: hello\n\nI am on holiday.",
        report(action="delayed"),
        report(action="delivered"),
        report(to="alerts@mail.example.org"),
        report(to="bounces+!!!@mail.example.org"),
        report(to="bounces+a1b1c1d1@mail.example.org"),
        report(to="bounces+" + "a" * 5000 + "@mail.example.org"),
    ],
)
def test_what_is_no_bounce_counts_nothing(mail: bytes) -> None:
    with pytest.raises(AtlasError, match="nothing was counted") as caught:
        read_bounce(mail)
    assert "\n" not in str(caught.value)


@pytest.fixture
def subscriptions(tmp_path: Path) -> Iterator[Subscriptions]:
    store = open_store(f"sqlite:///{tmp_path / 'atlas.sqlite'}")
    yield Subscriptions(store)
    store.engine.dispose()


def test_a_hard_one_suspends(subscriptions: Subscriptions) -> None:
    subscriptions.add(subscription(ref=REF))
    bounce, state = take(report(), subscriptions, NOW)
    assert (bounce.ref, state) == (REF, SubscriptionState.SUSPENDED)


def test_five_soft_ones_suspend(subscriptions: Subscriptions) -> None:
    subscriptions.add(subscription(ref=REF))
    states = [take(report(status="5.2.2"), subscriptions, NOW)[1] for _ in range(5)]
    assert states == [SubscriptionState.ACTIVE] * 4 + [SubscriptionState.SUSPENDED]


def test_one_of_nobody_is_said(subscriptions: Subscriptions) -> None:
    with pytest.raises(AtlasError, match="no subscription that is still here"):
        take(report(), subscriptions, NOW)


def nested(depth: int) -> bytes:
    mail = b"Content-Type: text/plain\n\nx"
    for n in range(depth):
        boundary = f"b{n}".encode()
        mail = (
            b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\n\n--' + boundary + b"\n"
            + mail + b"\n--" + boundary + b"--\n"
        )  # fmt: skip
    return mail


def attached(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\n\n" * depth + b"x"


@pytest.mark.parametrize(
    "mail",
    [
        nested(300),
        attached(30_000),
        report() * 2000,
        report(returned="Message-ID: " + "<a." * 200_000),
        report(to="bounces+" * 50_000 + "x"),
        b"To: a\n" * 100_000 + report(),
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 150_000,
        report(diagnostic="5." * 300_000),
        b"A" * (3 * MAX_SIZE),
        b"\xff\xfe" * 400_000,
    ],
    ids=range(10),
)
def test_hostile_mail_is_read_in_bounds(mail: bytes) -> None:
    started = time.monotonic()
    with contextlib.suppress(AtlasError):
        read_bounce(mail)
    assert time.monotonic() - started < 10


@given(st.binary(max_size=2000))
@hypothesis_settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_bounce_or_not(noise: bytes) -> None:
    for mail in (noise, report()[:600] + noise, report().replace(b"reader", noise)):
        with contextlib.suppress(AtlasError):
            read_bounce(mail)


def test_a_letter_of_our_own_is_no_bounce() -> None:
    letter = EmailMessage()
    letter["To"] = "reader@example.org"
    letter["Message-ID"] = f"<a.{TAG}@mail.example.org>"
    letter.set_content("x")
    with pytest.raises(AtlasError):
        read_bounce(letter.as_bytes())
