"""Mail: plain text and HTML, one click to leave, and an id by which a repeat is known.

Many readers are told the same, so a letter is moulded once for all of them: what differs from one
to the next (address, id, links, reason) is filled in.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from itertools import zip_longest
from typing import Final

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from markupsafe import escape

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Envelope,
    Notice,
    Subscription,
    SubscriptionState,
)
from kratom_atlas.notify.channels import Links, Undelivered
from kratom_atlas.notify.channels.smtp import Letter, Relay, Server
from kratom_atlas.notify.compose import Footer, Words, fold, footer, greeting, words
from kratom_atlas.report.words import inert
from kratom_atlas.settings import Settings

__all__ = ["Mail", "ref_of", "tag_of"]

_MOULDS: Final = 64
"""Letters whose common part is kept."""
_ABREAST: Final = 20
"""Connections to the server, where it is to be as fast as it can."""
_LOCAL: Final = 64
"""Octets of the part of an address before the @ (RFC 5321)."""
_ADDRESS: Final = re.compile(r"[^\x00-\x20\x7f-\xa0<>,;:\"()\[\]\\@]{1,64}@[a-z0-9.-]{1,253}")
_URL: Final = re.compile(r"https?://[!#-;=?-~]{1,800}", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)
_ACTIVE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HEADER: Final = 900
"""Characters of a header."""
_EIGHT_BITS: Final = policy.SMTP.clone(cte_type="8bit")
_SEVEN_BITS: Final = policy.SMTP.clone(cte_type="7bit")
_HTML: Final = b"\r\nContent-Type: text/html"
_NOBODY: Final = Subscription(
    ref="",
    channel=ChannelKind.EMAIL,
    address="",
    choices=Choices(),
    state=SubscriptionState.ACTIVE,
    created_at="",
)

_Mould = tuple[bytes | int, ...]
"""The bytes of a letter, and where in them which of a reader's own values goes."""


class Mail:
    """The channel of mail."""

    kind = ChannelKind.EMAIL

    def __init__(
        self,
        settings: Settings,
        links: Links,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._links = links
        self._clock = clock
        self._from = _own(settings.mail_from, "KRATOM_ATLAS_MAIL_FROM")
        self._domain = self._from.domain
        bounces = settings.mail_bounces
        self._bounces = _own(bounces, "KRATOM_ATLAS_MAIL_BOUNCES") if bounces else None
        self.rate = settings.mail_rate
        self.abreast = min(_ABREAST, max(1, int(self.rate / 5))) if self.rate else _ABREAST
        relay = Relay.of(settings.smtp_url, settings.allow_hosts)
        self._server = Server(relay, name=self._domain, trust=trust)
        self._mark = f"blank{secrets.token_hex(8)}x"  # nobody's text can have it
        self._mould = lru_cache(maxsize=_MOULDS)(self._moulded)

    def check(self, address: str) -> str:
        """See `Channel.check`: the domain in lower case, both parts in normal form."""
        return _checked(address).normalized

    def lane(self, address: str) -> str:  # noqa: ARG002 -- one server takes all mail
        """See `Channel.lane`."""
        return "mail"

    def send(self, envelope: Envelope) -> None:
        """See `Channel.send`."""
        [error] = self.send_all([envelope])
        if error is not None:
            raise error

    def send_all(self, envelopes: Sequence[Envelope]) -> list[Undelivered | None]:
        """See `Together.send_all`."""
        found: list[Undelivered | None] = [None] * len(envelopes)
        letters: dict[int, Letter] = {}
        for n, envelope in enumerate(envelopes):
            try:
                letters[n] = self._letter(envelope)
            except Undelivered as error:
                found[n] = error
            except AtlasError as error:
                found[n] = Undelivered(str(error), permanent=True)
        outcomes = self._server.hand_over([*letters.values()])
        for n, outcome in zip(letters, outcomes, strict=True):
            found[n] = outcome
        return found

    def _letter(self, envelope: Envelope) -> Letter:
        subscription = envelope.subscription
        now = self._clock()
        foot = footer(subscription, self._links)
        _link(foot.manage)
        mould = self._mould(envelope.notices, envelope.more, now.date().isoformat())
        head = [
            f"Message-ID: <{_token(envelope.id)}.{tag_of(subscription.ref)}@{self._domain}>",
            f"List-Unsubscribe: <{_link(foot.leave)}>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ]
        return self._addressed(subscription, head, now, _filled(mould, foot))

    def greet(self, subscription: Subscription, confirm_url: str) -> None:
        """See `Channel.greet`: a letter with a link."""
        now = self._clock()
        said = greeting(subscription, _link(confirm_url))
        mark = hashlib.sha256(f"{confirm_url}{now.isoformat()}".encode()).hexdigest()[:24]
        head = [f"Message-ID: <{mark}.{tag_of(subscription.ref)}@{self._domain}>"]
        letter = self._addressed(subscription, head, now, self._body(said))
        [error] = self._server.hand_over([letter])
        if error is not None:
            raise error

    def close(self) -> None:
        """See `Channel.close`."""
        self._server.close()

    # -- a letter ------------------------------------------------------------------------------

    def _addressed(
        self, subscription: Subscription, head: list[str], now: datetime, body: bytes
    ) -> Letter:
        recipient = _recipient(subscription.address)
        head = [f"To: {recipient}", f"Date: {_dated(now.replace(microsecond=0))}", *head]
        if _ACTIVE.search("".join(head)) or max(map(len, head)) > _HEADER:
            raise Undelivered("a header of the letter has what no header may have", permanent=True)
        features = self._server.features()
        utf8 = not recipient.isascii()
        if utf8 and "smtputf8" not in features:
            raise Undelivered(
                "the mail server takes no address with letters that are not ASCII", permanent=True
            )
        data = "".join(f"{line}\r\n" for line in head).encode() + body
        eight = "8bitmime" in features
        if not eight:
            data = _in_seven_bits(data)
        return Letter(self._sender(subscription.ref), recipient, _stuffed(data), eight, utf8)

    def _sender(self, ref: str) -> str:
        """Whom the letter comes back to: with the name of the subscription, where it fits."""
        if self._bounces is None:
            return self._from.addr_spec
        local = f"{self._bounces.username}+{tag_of(ref)}"
        if len(local) > _LOCAL:
            return self._bounces.addr_spec
        return f"{local}@{self._bounces.domain}"

    def _moulded(self, notices: tuple[Notice, ...], more: int, as_of: str) -> _Mould:
        """The letter with blanks: 0 to 2 in its text, 3 to 5 the same in its HTML."""
        blanks = Footer(*(f"{self._mark}{n}" for n in range(3)))
        envelope = Envelope(id="-", subscription=_NOBODY, notices=notices, attempt=1, more=more)
        body = self._body(words(envelope, self._links, as_of=as_of, foot=blanks))
        text, boundary, html = body.partition(_HTML)
        return (*self._cut(text + boundary, 0), *self._cut(html, 3))

    def _cut(self, part: bytes, first: int) -> Iterator[bytes | int]:
        pieces = re.split(f"{self._mark}([0-2])".encode(), part)
        for text, blank in zip_longest(pieces[::2], pieces[1::2]):
            yield text
            if blank is not None:
                yield first + int(blank)

    def _body(self, said: Words) -> bytes:
        """The headers that all readers get, and both parts."""
        letter = EmailMessage(policy=_EIGHT_BITS)
        letter["From"] = self._from
        letter["Subject"] = inert(said.subject)
        letter["List-Id"] = f"Kratom Atlas alerts <alerts.{self._domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(said.text, cte="8bit")
        letter.add_alternative(said.html, subtype="html", cte="8bit")
        return letter.as_bytes()


_dated = lru_cache(maxsize=8)(format_datetime)


@lru_cache(maxsize=1024)
def tag_of(ref: str) -> str:
    """The name of a subscription as it survives in an address, whose case may be lost."""
    return base64.b32encode(ref.encode()).decode().rstrip("=").lower()


def ref_of(tag: str) -> str | None:
    """The name of a subscription that a tag stands for, if it is one."""
    padded = tag.upper() + "=" * (-len(tag) % 8)
    try:
        return base64.b32decode(padded).decode("ascii")
    except ValueError:
        return None


def _filled(mould: _Mould, foot: Footer) -> bytes:
    why = fold(inert(foot.why))
    plain = (why, foot.manage, foot.leave)
    blanks = [_lines(value) for value in (*plain, *(str(escape(value)) for value in plain))]
    return b"".join(piece if isinstance(piece, bytes) else blanks[piece] for piece in mould)


def _lines(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _stuffed(data: bytes) -> bytes:
    """A line that begins with a dot begins with two (RFC 5321)."""
    return data.replace(b"\r\n.", b"\r\n..") if b"\r\n." in data else data


def _in_seven_bits(data: bytes) -> bytes:
    """The same for a server that takes no other."""
    return message_from_bytes(data, policy=_EIGHT_BITS).as_bytes(policy=_SEVEN_BITS)


def _own(written: str, setting: str) -> Address:
    """An address of our own, from the settings."""
    name, address = parseaddr(written)
    try:
        checked = _checked(address)
    except AtlasError as error:
        raise AtlasError(f"{setting}: {error}") from None
    if not checked.ascii_email:
        raise AtlasError(f"{setting}: the part before the @ must be ASCII")
    return Address(inert(name), addr_spec=checked.ascii_email)


def _checked(address: str) -> ValidatedEmail:
    if len(address) > 320:
        raise AtlasError("not an address for mail: it is longer than 320 characters")
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise AtlasError(f"not an address for mail: {inert(str(error))[:160]}") from None
    if not _ADDRESS.fullmatch(
        checked.ascii_email or f"{checked.local_part}@{checked.ascii_domain}"
    ):
        raise AtlasError("not an address for mail: write name@example.org")
    return checked


def _recipient(address: str) -> str:
    """The address as servers take it: the domain in ASCII, and all of it where it can be."""
    if _ADDRESS.fullmatch(address) and address.isascii():
        return address
    try:
        checked = _checked(address)
    except AtlasError:
        raise Undelivered("not an address for mail", permanent=True, bounce=True) from None
    return _on_the_wire(checked)


def _on_the_wire(checked: ValidatedEmail) -> str:
    return checked.ascii_email or f"{checked.local_part}@{checked.ascii_domain}"


def _link(url: str) -> str:
    if not _URL.fullmatch(url):
        raise Undelivered(
            "a link of the letter is no web address: set KRATOM_ATLAS_BASE_URL", permanent=False
        )
    return url


def _token(text: str) -> str:
    """An id as a message id may have it."""
    return text if _TOKEN.fullmatch(text) else hashlib.sha256(text.encode()).hexdigest()[:40]
