"""Signed links: what they allow, for whom, and for how long.

A token names a subscription and the epoch of its links, and is signed for one purpose. It is the
only key: nobody has an account. Signatures are compared in constant time.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner
from msgspec import Struct

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.keeping import CONFIRM, LEAVE, MANAGE
from kratom_atlas.model.subscription import Subscription

__all__ = ["SHORTEST", "Claim", "Purpose", "TokenError", "Tokens"]

SHORTEST: Final = 32
"""Characters that the secret has at least."""
_LONGEST: Final = 200
# `x9Q…kA.0`: the name of a subscription and its epoch
_NAMED: Final = re.compile(r"([A-Za-z0-9_-]{8,64})\.([0-9]{1,6})", re.ASCII)


class Purpose(StrEnum):
    """What a link is for."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    LEAVE = "leave"


LIFE: Final[Mapping[Purpose, timedelta]] = {
    Purpose.CONFIRM: CONFIRM,
    Purpose.MANAGE: MANAGE,
    Purpose.LEAVE: LEAVE,
}


class TokenError(AtlasError):
    """A link that does not count. `expired` says that it once did."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__(
            "this link has expired: ask for a new one"
            if expired
            else "this link is not one of ours, or no longer counts: ask for a new one"
        )
        self.expired = expired


class Claim(Struct, frozen=True):
    """What a token says that was signed here."""

    purpose: Purpose
    ref: str
    epoch: int


class Tokens:
    """Makes and reads tokens.

    Raises:
        AtlasError: the secret is too short to sign with.
    """

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        if len(secret) < SHORTEST:
            raise AtlasError(
                f"KRATOM_ATLAS_SECRET has {len(secret)} characters: give it at least {SHORTEST}, "
                "for example those of `openssl rand -hex 32`"
            )
        self._signers = {purpose: _Signer(secret, purpose, now) for purpose in Purpose}

    def make(self, purpose: Purpose, subscription: Subscription) -> str:
        """A token for one purpose; it counts from now on."""
        named = f"{subscription.ref}.{subscription.epoch}"
        if not _NAMED.fullmatch(named):
            raise ValueError(f"not the name of a subscription: {named!r}")
        return self._signers[purpose].sign(named).decode()

    def read(self, token: str, *purposes: Purpose) -> Claim:
        """What the token says, if it was made for one of the purposes.

        Raises:
            TokenError: it was not, or its time is over.
        """
        if len(token) > _LONGEST or not token.isascii():
            raise TokenError
        expired = False
        for purpose in purposes:
            signer = self._signers[purpose]
            try:
                said = signer.unsign(token, max_age=round(LIFE[purpose].total_seconds()))
            except SignatureExpired:
                expired = True
            except BadSignature:
                continue
            else:
                match = _NAMED.fullmatch(said.decode("ascii", "replace"))
                if match is not None:
                    return Claim(purpose, match[1], int(match[2]))
        raise TokenError(expired=expired)


class _Signer(TimestampSigner):
    """Signs for one purpose, by a clock that a test may set."""

    def __init__(self, secret: str, purpose: Purpose, now: Callable[[], float]) -> None:
        super().__init__(
            secret,
            salt=f"kratom-atlas.{purpose}",
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )
        self._now = now

    def get_timestamp(self) -> int:
        """Seconds since 1970."""
        return int(self._now())
