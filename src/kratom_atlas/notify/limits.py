"""How often anybody may ask us to write to somebody.

Whoever asks is known by network alone, and of that only a keyed hash is held, in memory, for a
day; the key dies with the process. What was refused is not counted, so the memory that this takes
is bounded by what all together may ask.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Final

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from kratom_atlas.errors import AtlasError

__all__ = ["RULES", "LimitedError", "Limits", "network_of"]

RULES: Final[Mapping[str, str]] = {
    "greet-address": "1/10 minutes; 3/day",
    "greet-domain": "60/hour; 300/day",
    "greet-network": "10/hour; 30/day",
    "greet-all": "300/hour",
    "report-network": "5/hour; 20/day",
    "report-all": "60/hour; 300/day",
}
"""What is counted, and how often it may happen."""


class LimitedError(AtlasError):
    """Too much was asked; `retry_after` is in how many seconds it may be asked again."""

    def __init__(self, retry_after: int) -> None:
        minutes = math.ceil(retry_after / 60)
        super().__init__(
            f"too much was asked from your network or of us: try again in {minutes} "
            f"minute{'' if minutes == 1 else 's'}"
        )
        self.retry_after = retry_after


class Limits:
    """Counts what happens, by rules as `3/day; 1/10 minutes`. Safe to use from several threads."""

    def __init__(self, rules: Mapping[str, str] = RULES) -> None:
        self._counts = MovingWindowRateLimiter(MemoryStorage())
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._items = {name: tuple(parse_many(rule)) for name, rule in rules.items()}

    def admit(self, **who: str) -> None:
        """Count it once for each of `who`, if none of them is at its limit.

        The names are those of `RULES` with `_` for `-`; `greet_all=""` counts for everybody.

        Raises:
            LimitedError: one of them is; nothing was counted.
        """
        pairs = list(self._pairs(who))
        with self._lock:
            for item, key in pairs:
                if not self._counts.test(item, key):
                    opens = self._counts.get_window_stats(item, key).reset_time
                    raise LimitedError(max(1, math.ceil(opens - time.time())))
            for item, key in pairs:
                self._counts.hit(item, key)

    def allows(self, **who: str) -> bool:
        """As `admit`, for what is refused without a word."""
        try:
            self.admit(**who)
        except LimitedError:
            return False
        return True

    def _pairs(self, who: dict[str, str]) -> Iterable[tuple[RateLimitItem, str]]:
        for given, value in who.items():
            name = given.replace("_", "-")
            digest = hashlib.blake2b(f"{name}\n{value}".encode(), key=self._key, digest_size=16)
            for item in self._items[name]:
                yield item, digest.hexdigest()


def network_of(client: str) -> str:
    """The network of a client's address: the first 24 bits of IPv4, the first 64 of IPv6."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network((address, bits), strict=False))
