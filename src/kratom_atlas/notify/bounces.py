"""Mail that comes back: whom it was to, and whether anybody is there (RFC 3464, RFC 5965).

It comes from any server of the world, or from somebody who pretends to be one. What names a
subscription is a tag that only who was sent something has, so nobody can end somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from typing import Final, NamedTuple

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import SubscriptionState
from kratom_atlas.notify.channels.email import ref_of
from kratom_atlas.store.subscriptions import Subscriptions

__all__ = ["MAX_SIZE", "Bounce", "read_bounce", "take"]

MAX_SIZE: Final = 300_000
"""Octets of a mail that are read: what a server says of it stands at its beginning."""
_PARTS: Final = 60
_VALUE: Final = 4000
_VERP: Final = re.compile(r"[^\s@<>+]+\+([a-z2-7]{4,64})@", re.ASCII | re.IGNORECASE)
_ID: Final = re.compile(
    r"<[A-Za-z0-9_-][A-Za-z0-9._-]{0,80}\.([a-z2-7]{4,120})@[^\s<>@]+>", re.ASCII
)
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)
_CODE: Final = re.compile(r"\b([45])\d\d\b", re.ASCII)
_NOBODY: Final = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
"""Statuses of class 5 that say that there is no such mailbox, or none any more."""
_TO: Final = ("delivered-to", "x-original-to", "to")


class Bounce(NamedTuple):
    """One that came back. `hard`: nobody is there, or they called it spam."""

    ref: str
    hard: bool
    status: str


def take(mail: bytes, subscriptions: Subscriptions, now: str) -> tuple[Bounce, SubscriptionState]:
    """Count what came back, and say where its subscription stands then.

    Raises:
        AtlasError: it is no such mail, or of no subscription that we have.
    """
    bounce = read_bounce(mail)
    if subscriptions.get(bounce.ref) is None:
        raise AtlasError("the mail is of no subscription that is still here: nothing was counted")
    return bounce, subscriptions.bounced(bounce.ref, hard=bounce.hard, now=now)


def read_bounce(mail: bytes) -> Bounce:
    """What a mail says that came back.

    Raises:
        AtlasError: it does not say that something failed, or not of whose subscription.
    """
    try:
        message = message_from_bytes(mail[:MAX_SIZE], policy=policy.compat32)
        parts = list(_parts(message))
    except RecursionError:
        raise AtlasError("the mail is nested too deep to be read: nothing was counted") from None
    kinds = {part.get_content_type() for part in parts}
    if "message/feedback-report" in kinds:
        hard, status = True, "complaint"
    elif "message/delivery-status" in kinds:
        hard, status = _verdict(parts)
    else:
        raise AtlasError("the mail is no report of a delivery (RFC 3464): nothing was counted")
    ref = _whose(message, parts)
    if ref is None:
        raise AtlasError("the mail does not say which subscription it is of: nothing was counted")
    return Bounce(ref, hard, status)


def _parts(message: Message) -> Iterator[Message]:
    """The parts, each before its own, as many as are looked at."""
    for number, part in enumerate(message.walk()):
        if number == _PARTS:
            return
        yield part


def _verdict(parts: list[Message]) -> tuple[bool, str]:
    """Whether a report says that nobody is there, and the status."""
    for part in parts:
        if _value(part, "action").strip().lower() != "failed":
            continue
        said = _value(part, "status")
        match = _STATUS.search(said) or _STATUS.search(_value(part, "diagnostic-code"))
        if match is None:
            code = _CODE.search(_value(part, "diagnostic-code"))
            return False, f"{code[1]}.0.0" if code else "5.0.0"
        hard = match[1] == "5" and (int(match[2]), int(match[3])) in _NOBODY
        return hard, match[0]
    raise AtlasError("the mail reports no failure, or not yet: nothing was counted")


def _whose(message: Message, parts: list[Message]) -> str | None:
    for name in _TO:
        for value in message.get_all(name, []):
            if match := _VERP.search(str(value)[:_VALUE]):
                return ref_of(match[1])
    for part in parts[1:]:
        sent = _headers(part) if part.get_content_type() == "text/rfc822-headers" else part
        if match := _ID.search(_value(sent, "message-id")):
            return ref_of(match[1])
    return None


def _headers(part: Message) -> Message:
    """What was sent, of which only the headers came back."""
    payload = part.get_payload(decode=True)
    return message_from_bytes(payload if isinstance(payload, bytes) else b"")


def _value(part: Message, name: str) -> str:
    return str(part.get(name, ""))[:_VALUE]
