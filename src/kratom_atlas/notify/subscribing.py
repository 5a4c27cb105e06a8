"""The desk at which people subscribe, change their minds, and leave; of web and command line alike.

Nobody has an account. Consent is the use of a link that only the owner of an address was sent; a
webhook consents by answering a challenge that is signed with a secret given to whoever asked.
Whether an address is known is never told: what is asked for is checked and counted first, and
what depends on the address is done after the answer.
"""

from __future__ import annotations

import logging
import secrets
import zoneinfo
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.keeping import (
    MOST_DAYS_AHEAD,
    MOST_PLACES,
    MOST_SUBSCRIPTIONS,
    UNCONFIRMED,
)
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Subscription,
    SubscriptionState,
)
from kratom_atlas.notify.channels import Channel, Undelivered
from kratom_atlas.notify.channels.webhook import new_secret
from kratom_atlas.notify.errands import BusyError, Errands
from kratom_atlas.notify.limits import LimitedError, Limits, network_of
from kratom_atlas.notify.links import Links
from kratom_atlas.notify.tokens import Claim, Purpose, TokenError, Tokens

if TYPE_CHECKING:
    from kratom_atlas.settings import Settings
    from kratom_atlas.store.subscriptions import Subscriptions

__all__ = [
    "ChoiceError",
    "Desk",
    "Request",
    "checked",
    "open_desk",
    "time_zones",
    "why_closed",
]

log = logging.getLogger(__name__)

_LONGEST_ADDRESS: Final = 2000
_SECRETS: Final = 2
"""A webhook's secret and the one before it: both sign until the next is made."""
_ALIVE: Final = frozenset({SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED})


class ChoiceError(AtlasError):
    """What was chosen cannot be; `field` is the name of the choice."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Request:
    """A request that was checked and counted. `secret` is that of a webhook, and told once."""

    channel: ChannelKind
    address: str
    choices: Choices
    secret: str = ""


# -- what may be chosen ------------------------------------------------------------------------


@cache
def time_zones() -> frozenset[str]:
    """The names of time zones, as the IANA writes them."""
    return frozenset(zoneinfo.available_timezones()) - {"Factory", "localtime"}


def checked(choices: Choices, codes: Collection[str]) -> Choices:
    """The choices, each of what is chosen twice once.

    Raises:
        ChoiceError: one of them cannot be.
    """
    places = tuple(dict.fromkeys(choices.places))
    if len(places) > MOST_PLACES:
        raise ChoiceError("places", f"{len(places)} places: choose at most {MOST_PLACES}")
    for code in places:
        if code not in codes:
            raise ChoiceError("places", f"no place has the code {code[:80]!a}")
    topics = tuple(dict.fromkeys(choices.topics))
    if not topics:
        raise ChoiceError("topics", "choose at least one thing to be told")
    for field, value, first, last in (
        ("notice_days", choices.notice_days, 1, MOST_DAYS_AHEAD),
        ("hour", choices.hour, 0, 23),
        ("weekday", choices.weekday, 1, 7),
    ):
        if not first <= value <= last:
            raise ChoiceError(field, f"{value}: choose {first} to {last}")
    if choices.timezone not in time_zones():
        raise ChoiceError(
            "timezone",
            f"no time zone is called {choices.timezone[:80]!a}: write it as America/New_York",
        )
    substances = tuple(dict.fromkeys(choices.substances))
    return replace(choices, places=places, topics=topics, substances=substances)


# -- the desk ----------------------------------------------------------------------------------


class Desk:
    """Takes requests and keeps subscriptions. Safe to use from several threads.

    `codes` gives the codes of places that there are now.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        channels: Mapping[ChannelKind, Channel],
        links: Links,
        tokens: Tokens,
        codes: Callable[[], Collection[str]],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        limits: Limits | None = None,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self._subscriptions = subscriptions
        self._channels = channels
        self._links = links
        self._tokens = tokens
        self._codes = codes
        self._now = now
        self._limits = limits or Limits()
        self._closing = closing
        self._errands = Errands()

    @property
    def kinds(self) -> tuple[ChannelKind, ...]:
        """The ways to subscribers that are open here."""
        return tuple(kind for kind in ChannelKind if kind in self._channels)

    def close(self) -> None:
        """Finish what was promised, for some seconds, and let go of everything."""
        self._errands.stop()
        for channel in self._channels.values():
            channel.close()
        self._closing()

    # -- asking ----------------------------------------------------------------------------------

    def request(
        self, channel: ChannelKind, address: str, choices: Choices, *, client: str = ""
    ) -> Request:
        """Check and count what is asked for. `client` is the address of who asks, if known.

        Raises:
            ChoiceError: it cannot be.
            LimitedError: too much was asked.
        """
        found = self._address(channel, address)
        wanted = checked(choices, self._codes())
        self._count(channel, found, client)
        secret = new_secret() if channel is ChannelKind.WEBHOOK else ""
        return Request(channel, found, wanted, secret)

    def later(self, request: Request) -> None:
        """Carry a request out after the answer; again later, if the way to the address is shut.

        Raises:
            LimitedError: too much waits.
        """
        pending: list[Subscription] = []

        def errand() -> bool:
            if not pending:
                made = self._admit(request)
                if made is None:
                    return True
                pending.append(made)
            return self._greet(pending[0])

        self._soon(errand)

    def carry_out(self, request: Request) -> Subscription | None:
        """Carry a request out now. None: the address has as many as it may have, or was asked.

        Raises:
            AtlasError: it could not be greeted.
        """
        made = self._admit(request)
        if made is not None:
            self._call(made)
        return made

    def admit(self, channel: ChannelKind, address: str, choices: Choices) -> Subscription:
        """Subscribe an address without asking it: for the operator's own.

        Raises:
            ChoiceError: what is chosen cannot be.
        """
        found = self._address(channel, address)
        wanted = checked(choices, self._codes())
        secret = new_secret() if channel is ChannelKind.WEBHOOK else ""
        pending = self._new(Request(channel, found, wanted, secret))
        made = replace(pending, state=SubscriptionState.ACTIVE, confirmed_at=pending.created_at)
        self._subscriptions.add(made)
        return made

    def remind(self, channel: ChannelKind, address: str, *, client: str = "") -> None:
        """Send the owner of an address a link to what it is subscribed to, if it is.

        Raises:
            ChoiceError: that is no address.
            LimitedError: too much was asked.
        """
        found = self._address(channel, address)
        self._count(channel, found, client)

        def errand() -> bool:
            alive = [s for s in self._subscriptions.of(channel, found) if s.state in _ALIVE]
            if not alive or not self._limits.allows(greet_address=f"{channel}\n{found}"):
                return True
            return self._tried(alive[0], self._links.manage(alive[0]))

        self._soon(errand)

    # -- with a link -----------------------------------------------------------------------------

    def waiting(self, token: str) -> Subscription:
        """The subscription that a link would confirm, or did.

        Raises:
            TokenError: the link does not count.
        """
        claim = self._tokens.read(token, Purpose.CONFIRM)
        found = self._claimed(claim)
        if found is None or found.state not in (
            SubscriptionState.PENDING,
            SubscriptionState.ACTIVE,
        ):
            raise TokenError
        return found

    def confirm(self, token: str) -> Subscription:
        """The owner of the address agrees; to do so again changes nothing.

        Who already has one with the same choices keeps that.

        Raises:
            TokenError: the link does not count; it does not bring back what was ended.
        """
        found = self.waiting(token)
        return found if found.state is SubscriptionState.ACTIVE else self._activate(found)

    def read(self, token: str) -> Subscription:
        """The subscription that a link manages.

        Raises:
            TokenError: the link does not count.
        """
        found = self._claimed(self._tokens.read(token, Purpose.MANAGE))
        if found is None or found.state not in _ALIVE:
            raise TokenError
        return found

    def others(self, subscription: Subscription) -> list[Subscription]:
        """What else the same address is subscribed to."""
        every = self._subscriptions.of(subscription.channel, subscription.address)
        return [s for s in every if s.ref != subscription.ref and s.state in _ALIVE]

    def manage_token(self, subscription: Subscription) -> str:
        """For its owner, who has just shown to be that."""
        return self._tokens.make(Purpose.MANAGE, subscription)

    def change(self, token: str, choices: Choices) -> Subscription:
        """Choose otherwise. What was suspended is active again.

        Raises:
            TokenError: the link does not count.
            ChoiceError: what is chosen cannot be.
        """
        found = self.read(token)
        wanted = checked(choices, self._codes())
        changed = replace(found, choices=wanted, state=SubscriptionState.ACTIVE)
        self._subscriptions.replace(changed)
        return changed

    def rotate(self, token: str) -> str:
        """A new secret of a webhook; the one before signs as well, until the next.

        Raises:
            TokenError: the link does not count.
            ChoiceError: it is no webhook.
        """
        found = self.read(token)
        if found.channel is not ChannelKind.WEBHOOK:
            raise ChoiceError("channel", "only a webhook has a secret")
        secret = new_secret()
        kept = (secret, *found.secrets)[:_SECRETS]
        self._subscriptions.replace(replace(found, secrets=kept))
        return secret

    def renew(self, token: str) -> Subscription:
        """Take their force from all earlier links but those that only end it.

        Raises:
            TokenError: the link does not count.
        """
        found = self.read(token)
        renewed = replace(found, epoch=found.epoch + 1)
        self._subscriptions.replace(renewed)
        return renewed

    def may_leave(self, token: str) -> Subscription | None:
        """The subscription that a link ends; None if it was ended.

        Such a link counts whatever was done to others, for it stands in old mail.

        Raises:
            TokenError: the link does not count.
        """
        claim = self._tokens.read(token, Purpose.LEAVE, Purpose.MANAGE)
        found = self._subscriptions.get(claim.ref)
        if found is None or found.state is SubscriptionState.LEFT:
            return None
        if claim.purpose is Purpose.MANAGE and claim.epoch != found.epoch:
            raise TokenError
        return found

    def leave(self, token: str) -> None:
        """End it; to do so again changes nothing.

        With the last subscription of an address, everything with the address is erased.

        Raises:
            TokenError: the link does not count.
        """
        found = self.may_leave(token)
        if found is not None:
            self.end(found)

    def end(self, subscription: Subscription) -> None:
        """End a subscription, and erase the address if it was its last."""
        try:
            self._subscriptions.replace(replace(subscription, state=SubscriptionState.LEFT))
        except AtlasError:
            # Somebody else, or a mail program that asks twice, was first.
            if self._subscriptions.get(subscription.ref) is not None:
                raise
            return
        self._erase_last(subscription)

    def forget(self, token: str) -> int:
        """Erase all that has the address, at the wish of its owner; how many subscriptions.

        Raises:
            TokenError: the link does not count.
        """
        found = self.read(token)
        count = len(self._subscriptions.of(found.channel, found.address))
        self._erase(found.channel, found.address)
        return count

    def forget_address(self, channel: ChannelKind, address: str) -> int:
        """Erase all that has an address, at the wish of the operator; how many subscriptions.

        Raises:
            StoreError: what it says is still to be done.
        """
        return self._subscriptions.forget(channel, address)

    def tidy(self) -> int:
        """Drop what nobody confirmed in time, and what is left of those who left; how many.

        Whoever leaves is erased at once; this is for what a crash left undone.
        """
        gone = self._subscriptions.drop_unconfirmed(_moment(self._now() - UNCONFIRMED))
        for left in list(self._subscriptions.all(SubscriptionState.LEFT)):
            gone += self._erase_last(left)
        return gone

    # -- how it is done --------------------------------------------------------------------------

    def _address(self, channel: ChannelKind, address: str) -> str:
        if channel not in self._channels:
            raise ChoiceError("channel", f"this service does not write by {channel.label.lower()}")
        given = address.strip()
        if not given or len(given) > _LONGEST_ADDRESS:
            raise ChoiceError("address", "give an address" if not given else "that is too long")
        try:
            return self._channels[channel].check(given)
        except AtlasError as error:
            raise ChoiceError("address", str(error)) from None

    def _count(self, channel: ChannelKind, address: str, client: str) -> None:
        """Each address is counted later: that it was asked for is nobody's business."""
        who = {"greet_all": "", "greet_domain": _domain(channel, address)}
        if client:
            who["greet_network"] = network_of(client)
        self._limits.admit(**who)

    def _erase_last(self, ended: Subscription) -> bool:
        """Erase the address of what was ended, if nothing else of it is alive or waits."""
        every = self._subscriptions.of(ended.channel, ended.address)
        last = all(one.state is SubscriptionState.LEFT for one in every)
        if last and every:
            self._erase(ended.channel, ended.address)
        return last and bool(every)

    def _erase(self, channel: ChannelKind, address: str) -> None:
        """Erase an address; what the file keeps of it while in use is erased later."""

        def again() -> bool:
            try:
                self._subscriptions.forget(channel, address)
            except AtlasError:
                return False
            return True

        if not again():
            if self._subscriptions.of(channel, address):
                self._subscriptions.forget(channel, address)
            self._soon(again)

    def _soon(self, errand: Callable[[], bool]) -> None:
        try:
            self._errands.add(errand)
        except BusyError:
            raise LimitedError(60) from None

    def _admit(self, request: Request) -> Subscription | None:
        """What waits for consent, unless the address was asked too often or has enough."""
        if not self._limits.allows(greet_address=f"{request.channel}\n{request.address}"):
            return None
        known = self._subscriptions.of(request.channel, request.address)
        if sum(s.state is not SubscriptionState.LEFT for s in known) >= MOST_SUBSCRIPTIONS:
            return None
        made = self._new(request)
        self._subscriptions.add(made)
        return made

    def _new(self, request: Request) -> Subscription:
        return Subscription(
            ref=secrets.token_urlsafe(16),
            channel=request.channel,
            address=request.address,
            choices=request.choices,
            state=SubscriptionState.PENDING,
            created_at=_moment(self._now()),
            secrets=(request.secret,) if request.secret else (),
        )

    def _greet(self, pending: Subscription) -> bool:
        """Whether that is done: a way that is shut for now is tried again."""
        now = self._subscriptions.get(pending.ref)
        if now is None or now.state is not SubscriptionState.PENDING:
            return True
        return self._tried(now, self._links.confirm(now))

    def _tried(self, subscription: Subscription, link: str) -> bool:
        try:
            self._call(subscription, link)
        except Undelivered as error:
            log.info("a greeting by %s was not delivered", subscription.channel)
            return error.permanent
        return True

    def _call(self, subscription: Subscription, link: str = "") -> None:
        channel = self._channels[subscription.channel]
        channel.greet(subscription, link or self._links.confirm(subscription))
        # A webhook that was greeted has answered the challenge, and so agreed.
        if (
            subscription.channel is ChannelKind.WEBHOOK
            and subscription.state is SubscriptionState.PENDING
        ):
            self._activate(subscription)

    def _activate(self, pending: Subscription) -> Subscription:
        for other in self.others(pending):
            if other.choices == pending.choices and other.state is SubscriptionState.ACTIVE:
                self._subscriptions.replace(replace(pending, state=SubscriptionState.LEFT))
                return other
        active = replace(pending, state=SubscriptionState.ACTIVE, confirmed_at=_moment(self._now()))
        self._subscriptions.replace(active)
        return active

    def _claimed(self, claim: Claim) -> Subscription | None:
        found = self._subscriptions.get(claim.ref)
        return found if found is not None and found.epoch == claim.epoch else None


def open_desk(
    settings: Settings,
    codes: Callable[[], Collection[str]],
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    stranger: bool = True,
) -> Desk:
    """The desk of this installation; close it at the end. `stranger`: anybody may come to it.

    Raises:
        AtlasError: a setting is missing or wrong, or the store cannot be opened.
    """
    from kratom_atlas.notify.channels import channels
    from kratom_atlas.store.database import open_store
    from kratom_atlas.store.subscriptions import Subscriptions

    tokens = Tokens(settings.secret, lambda: now().timestamp())
    links = Links(settings.base_url, tokens)
    ways = channels(settings, links, stranger=stranger)
    store = open_store(settings.store_url)
    return Desk(Subscriptions(store), ways, links, tokens, codes, now=now, closing=store.close)


def why_closed(settings: Settings) -> str:
    """What an operator has yet to set before anybody can subscribe; empty: nothing."""
    lacking = [
        name
        for name, value in (
            ("KRATOM_ATLAS_SECRET", settings.secret),
            ("KRATOM_ATLAS_BASE_URL", settings.base_url),
        )
        if not value
    ]
    return f"its operator has not set {' and '.join(lacking)}" if lacking else ""


def _domain(channel: ChannelKind, address: str) -> str:
    if channel is ChannelKind.EMAIL:
        return address.rpartition("@")[2].lower()
    split = urlsplit(address)
    return f"{split.scheme}://{(split.hostname or '').lower()}"


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
