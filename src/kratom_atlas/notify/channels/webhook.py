"""Webhooks as https://www.standardwebhooks.com has them: signed, dated, with an id.

Whoever gives an address must have the server behind it answer a challenge: nobody subscribes
somebody else's.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from standardwebhooks.webhooks import Webhook

from kratom_atlas.guard import RefusedError
from kratom_atlas.model.subscription import ChannelKind, Envelope, Notice, Subscription
from kratom_atlas.notify.channels import Links, Undelivered
from kratom_atlas.notify.compose import label
from kratom_atlas.notify.guarded import TIME_LIMIT, Answer, Caller, NoAnswer

__all__ = ["CONFIRM", "ENVELOPE", "MAX_WAIT", "Webhooks", "new_secret"]

ENVELOPE: Final = "alerts.envelope"
CONFIRM: Final = "subscription.confirm"
MAX_WAIT: Final = 86_400
"""Seconds that a server may ask us to wait."""
_GONE: Final = 410
_BUSY: Final = frozenset({429, 503})


def new_secret() -> str:
    """A secret that nobody has."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


class Webhooks:
    """The channel of webhooks."""

    kind = ChannelKind.WEBHOOK
    rate = 10.0
    abreast = 2

    def __init__(
        self,
        links: Links,
        *,
        allow: frozenset[str] = frozenset(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        trust: ssl.SSLContext | None = None,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self._links = links
        self._clock = clock
        self._caller = Caller(allow=allow, trust=trust, time_limit=time_limit)

    def check(self, address: str) -> str:
        """See `Channel.check`."""
        return self._caller.check(address.strip())

    def lane(self, address: str) -> str:
        """See `Channel.lane`."""
        return urlsplit(address).netloc

    def send(self, envelope: Envelope) -> None:
        """See `Channel.send`."""
        subscription = envelope.subscription
        data = {
            "subscription": subscription.ref,
            "notices": [_fields(notice) for notice in envelope.notices],
            "more": envelope.more,
            "changes": self._links.changes(),
            "manage": self._links.manage(subscription),
        }
        answer = self._post(subscription, envelope.id, ENVELOPE, data)
        if answer.status // 100 != 2:
            raise self._refused(answer)

    def greet(self, subscription: Subscription, confirm_url: str) -> None:
        """See `Channel.greet`: the server must say the challenge, and nothing else, at once.

        To say back all that one is told is no consent: what echoes fails.
        """
        challenge = secrets.token_urlsafe(24)
        data: dict[str, object] = {
            "subscription": subscription.ref,
            "challenge": challenge,
            "confirm": confirm_url,
            "manage": self._links.manage(subscription),
        }
        answer = self._post(subscription, f"greet-{secrets.token_hex(16)}", CONFIRM, data)
        if answer.status // 100 != 2:
            raise self._refused(answer)
        if not _answers(answer.body, challenge):
            raise Undelivered(
                "the server did not answer the challenge: answer an event "
                f"{CONFIRM} with the text of data.challenge",
                permanent=True,
            )

    def close(self) -> None:
        """See `Channel.close`: nothing is kept open."""

    def _post(
        self, subscription: Subscription, key: str, kind: str, data: dict[str, object]
    ) -> Answer:
        if not subscription.secrets:
            raise Undelivered("the subscription has no secret to sign with", permanent=True)
        now = self._clock().astimezone(UTC)
        event = {"type": kind, "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data}
        body = json.dumps(event, separators=(",", ":"))
        signatures = (Webhook(s).sign(key, now, body) for s in subscription.secrets)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "kratom-atlas",
            "Webhook-Id": key,
            "Webhook-Timestamp": str(int(now.timestamp())),
            "Webhook-Signature": " ".join(signatures),
        }
        try:
            return self._caller.post(subscription.address, body.encode(), headers)
        except RefusedError as error:
            raise Undelivered(f"not called: {error}", bounce=True) from None
        except NoAnswer as error:
            raise Undelivered(str(error), bounce=True, unwell=True, doubtful=error.begun) from None

    def _refused(self, answer: Answer) -> Undelivered:
        status = answer.status
        if status == _GONE:
            return Undelivered("the server says that it is gone (410)", permanent=True, bounce=True)
        if status in _BUSY:
            wait = _wait(answer.headers.get("retry-after", ""), self._clock())
            return Undelivered(f"the server is busy ({status})", bounce=True, retry_after=wait)
        if status // 100 == 3:
            said = f"the server answers with a redirect ({status}), and none is followed"
            return Undelivered(said, bounce=True)
        return Undelivered(f"the server answered {status}", bounce=True)


def _fields(notice: Notice) -> dict[str, object]:
    facts: object = None
    try:
        facts = msgspec.json.decode(notice.facts)
    except msgspec.MsgspecError:
        facts = {}
    return {
        "key": notice.key,
        "topic": notice.topic,
        "label": label(notice),
        "severity": notice.severity,
        "places": notice.places,
        "substances": notice.substances,
        "title": notice.title,
        "text": notice.text,
        "act": notice.act,
        "about": notice.about,
        "corrects": notice.corrects,
        "withdraws": notice.withdraws,
        "date": notice.date,
        "due": notice.due,
        "facts": facts,
    }


def _answers(body: bytes, challenge: str) -> bool:
    said = body.strip()
    if said.startswith(b"{"):
        try:
            found = msgspec.json.decode(said, type=dict[str, object]).get("challenge")
        except msgspec.MsgspecError:
            return False
        said = found.encode() if isinstance(found, str) else b""
    return hmac.compare_digest(said, challenge.encode())


def _wait(written: str, now: datetime) -> int | None:
    """The seconds of a Retry-After, as a number or a date, within bounds."""
    written = written.strip()
    if written.isascii() and written.isdigit():
        return min(int(written[:9]), MAX_WAIT)
    try:
        seconds = (parsedate_to_datetime(written) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0, min(int(seconds), MAX_WAIT))
