"""Who wants to be told what: choices, notices, and the envelope in which notices are sent."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kratom_atlas.model.vocabulary import Severity, Substance, Word

__all__ = [
    "EVERYWHERE",
    "ChannelKind",
    "Choices",
    "Envelope",
    "Notice",
    "Rhythm",
    "Subscription",
    "SubscriptionState",
    "Topic",
]

EVERYWHERE: Final = ""
"""The code that stands for all places."""


class Topic(Word):
    """What a notice tells, and a subscriber may choose."""

    NEW_LAW = ("new-law", "New law", "Law that is new, or that we learned of late.")
    TOOK_EFFECT = ("took-effect", "Took effect", "Law announced before now applies.")
    UPCOMING = ("upcoming", "Upcoming", "Law that will apply, some days ahead.")
    BILL_MOVED = ("bill-moved", "Bill moved", "A bill reached another stage. It is not law.")
    CORRECTION = ("correction", "Correction", "What we had said of the law was wrong.")
    SOURCE_SILENT = ("source-silent", "Source silent", "A source has not answered for too long.")


class Rhythm(Word):
    """When notices are sent."""

    AT_ONCE = ("at-once", "At once", "As soon as there is something to tell.")
    DAILY = ("daily", "Daily", "Once a day, if there is something to tell.")
    WEEKLY = ("weekly", "Weekly", "Once a week, if there is something to tell.")


class ChannelKind(Word):
    """The way to a subscriber."""

    EMAIL = ("email", "E-mail", "An address for mail.")
    WEBHOOK = ("webhook", "Webhook", "An HTTPS address that takes signed events.")
    APPRISE = ("apprise", "Chat or push", "An address of a service that Apprise reaches.")


class SubscriptionState(Word):
    """Where a subscription stands."""

    PENDING = ("pending", "Not confirmed", "Waits for the consent of whoever has the address.")
    ACTIVE = ("active", "Active", "Is sent what it chose.")
    SUSPENDED = ("suspended", "Suspended", "Its address refused what was sent.")
    LEFT = ("left", "Ended", "Its owner ended it.")


class Choices(Struct, frozen=True, kw_only=True):
    """What a subscriber chose.

    `places` are codes; none means everywhere. A place stands for its own law and all that binds
    it; `inside` adds the law of the places in it. No `substances` means all. `severity` is the
    least grave that is told. `notice_days` is how many days ahead the upcoming is told.
    `timezone` is an IANA name; a digest is sent at `hour` there, a weekly one on `weekday`
    (1 is Monday).
    """

    places: tuple[str, ...] = ()
    inside: bool = True
    substances: tuple[Substance, ...] = ()
    topics: tuple[Topic, ...] = (
        Topic.NEW_LAW,
        Topic.TOOK_EFFECT,
        Topic.UPCOMING,
        Topic.CORRECTION,
    )
    severity: Severity = Severity.DETAIL
    notice_days: int = 30
    rhythm: Rhythm = Rhythm.AT_ONCE
    timezone: str = "UTC"
    hour: int = 8
    weekday: int = 1


class Subscription(Struct, frozen=True, kw_only=True):
    """One subscription. Times are UTC, as the ledger writes them.

    `ref` is its public name: random, and in every link about it. `confirmed_at` is the time of
    consent. `epoch` counts up when earlier links are to lose their force. `secrets` sign what a
    webhook is sent, the newest first.
    """

    ref: str
    channel: ChannelKind
    address: str
    choices: Choices
    state: SubscriptionState
    created_at: str
    confirmed_at: str = ""
    epoch: int = 0
    secrets: tuple[str, ...] = ()


class Notice(Struct, frozen=True, kw_only=True):
    """One thing to tell, once. `key` never changes for the same thing.

    `act` is the instrument that it is about: notices of one act are told together. `places` are
    the codes that it is about. `about` is the id of the message that it tells, or empty;
    `corrects` are ids of messages that were told before and are wrong: who got one of them gets
    this, whatever they chose. `withdraws` says that nothing else is told: it goes to them alone.
    `date` is the day of law, as precise as its source; `due` the last day, as `YYYY-MM-DD`, until
    which a notice of what is upcoming is worth telling, and the day that its subscribers' days
    ahead are counted to. `title`, `text` and `html` are the words; `facts` is JSON for programs.
    """

    key: str
    topic: Topic
    severity: Severity
    places: tuple[str, ...]
    substances: tuple[Substance, ...]
    title: str
    text: str
    html: str
    facts: str
    act: str = ""
    about: str = ""
    corrects: tuple[str, ...] = ()
    withdraws: bool = False
    date: str = ""
    due: str = ""


class Envelope(Struct, frozen=True, kw_only=True):
    """What is sent to one subscriber at one time.

    `id` is the same whenever it is tried again, so that who gets it twice can tell. `more` is how
    many notices were left out because they had become too many, after an outage.
    """

    id: str
    subscription: Subscription
    notices: tuple[Notice, ...]
    attempt: int
    more: int = 0
