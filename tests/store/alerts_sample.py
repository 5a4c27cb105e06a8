"""Subscriptions and notices for tests, and a small world in which they are matched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Notice,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity
from kratom_atlas.store.outbox import Reach

ABOVE = {
    "US": (),
    "US-FL": ("US",),
    "US-AL": ("US",),
    "US-FL-1": ("US-FL", "US"),
    "US-FL-2": ("US-FL", "US"),
    "TH": (),
}
"""Each place and those above it."""


def reach(code: str) -> Reach:
    """Whom a notice about a place is for: what it binds, and those above who look inside."""
    binds = {place for place, above in ABOVE.items() if code in above}
    return Reach(frozenset({code, *binds}), frozenset(ABOVE[code]))


def at(text: str) -> str:
    """A moment: `11-23 08:00` of 2026."""
    return f"2026-{text.replace(' ', 'T')}:00Z"


def moment(second: float) -> str:
    """The moment of a second since 1970."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


START = at("11-01 00:00")


def person(ref: str, **others: Any) -> Subscription:
    """An active subscription to everything, unless said otherwise."""
    fields = {f: others.pop(f) for f in tuple(others) if f in Choices.__struct_fields__}
    plain = {
        "channel": ChannelKind.EMAIL,
        "address": f"{ref}@example.org",
        "state": SubscriptionState.ACTIVE,
        "created_at": START,
        "confirmed_at": START,
        "choices": Choices(**({"topics": tuple(Topic)} | fields)),
    }
    return Subscription(ref=ref, **(plain | others))


def news(key: str, **others: Any) -> Notice:
    """A notice of new law in Florida, unless said otherwise; it tells the message `m-key`."""
    plain: dict[str, Any] = {
        "topic": Topic.NEW_LAW,
        "severity": Severity.MAJOR,
        "places": ("US-FL",),
        "substances": (),
        "title": f"title of {key}",
        "text": f"text of {key}",
        "html": f"<p>{key}</p>",
        "facts": "{}",
        "about": f"m-{key}",
    }
    return Notice(key=key, **(plain | others))


def correction(key: str, *wrong: str, **others: Any) -> Notice:
    """A correction of messages."""
    return news(key, topic=Topic.CORRECTION, corrects=tuple(f"m-{w}" for w in wrong), **others)
