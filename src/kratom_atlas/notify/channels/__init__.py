"""The ways to a subscriber: what each takes for an address, and how it is sent to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import ChannelKind, Envelope, Subscription
from kratom_atlas.notify.compose import Links
from kratom_atlas.report.words import inert
from kratom_atlas.settings import Settings

__all__ = ["Channel", "Links", "Together", "Undelivered", "channels", "masked"]


class Undelivered(AtlasError):  # noqa: N818 -- what happened, not what is wrong with the program
    """Something was not delivered. The message names no address.

    `permanent`: to try again is of no use. `bounce`: the address is at fault, and not what was
    sent; `permanent` too means that there is nobody there. `retry_after`: seconds that the other
    side asked for. `unwell`: nothing else would get through on the same lane now. `doubtful`: it
    may have arrived all the same.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        bounce: bool = False,
        retry_after: int | None = None,
        unwell: bool = False,
        doubtful: bool = False,
    ) -> None:
        super().__init__(" ".join(inert(reason).split())[:300])
        self.permanent = permanent
        self.bounce = bounce
        self.retry_after = retry_after
        self.unwell = unwell
        self.doubtful = doubtful


class Channel(Protocol):
    """One way to subscribers. It may be used by several threads at once.

    `rate` is the most messages a second on one lane, 0 for as many as go through; `abreast` is
    how many are under way on one lane at a time.
    """

    kind: ChannelKind
    rate: float
    abreast: int

    def check(self, address: str) -> str:
        """The address in the one way to write it.

        Raises:
            AtlasError: it is none, or one that this program does not send to; in one line.
        """

    def lane(self, address: str) -> str:
        """What an address shares a fate with: the server that a message to it goes to."""

    def send(self, envelope: Envelope) -> None:
        """Send it.

        Raises:
            Undelivered: it was not, or not surely.
        """

    def greet(self, subscription: Subscription, confirm_url: str) -> None:
        """Ask whoever has the address whether they want this.

        Raises:
            Undelivered: they were not asked, or, where the answer comes at once, did not agree.
        """

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Together(Channel, Protocol):
    """A channel on which several are sent at once for little more than one."""

    def send_all(self, envelopes: Sequence[Envelope]) -> list[Undelivered | None]:
        """Send up to `abreast` of them; for each why it was not sent, or None."""


def channels(
    settings: Settings, links: Links, *, stranger: bool = True
) -> dict[ChannelKind, Channel]:
    """The channels that this installation has: mail needs a server and an address to be from.

    `stranger`: addresses come from anybody; else from the operator alone, who may use more.

    Raises:
        AtlasError: a setting cannot be used; the message does not repeat what may hold a password.
    """
    from kratom_atlas.notify.channels.apprise import Chats
    from kratom_atlas.notify.channels.webhook import Webhooks

    found: dict[ChannelKind, Channel] = {
        ChannelKind.WEBHOOK: Webhooks(links, allow=settings.allow_hosts),
        ChannelKind.APPRISE: Chats(links, allow=settings.allow_hosts, stranger=stranger),
    }
    if settings.smtp_url and settings.mail_from:
        from kratom_atlas.notify.channels.email import Mail

        found[ChannelKind.EMAIL] = Mail(settings, links)
    return found


def masked(channel: ChannelKind, address: str) -> str:
    """An address as it may be shown: enough for its owner to know it again, and no key."""
    if channel is ChannelKind.EMAIL:
        local, _, domain = inert(address).rpartition("@")
        return f"{local[:1]}...@{domain}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "..."
    if channel is ChannelKind.WEBHOOK:
        return f"{parts.scheme}://{inert(host)}/..."
    # The host of such an address is often a token.
    return f"{inert(parts.scheme)}://..."
