"""What is said of bytes that cannot be read."""

from __future__ import annotations

from typing import Final

from kratom_atlas.model.crawling import Fault

__all__ = ["LIMIT", "FaultError", "check_size"]

LIMIT: Final = 64 * 1024 * 1024
"""The largest document that is read unless its source says otherwise, in bytes."""
_DETAIL: Final = 300


class FaultError(Exception):
    """A response that goes into quarantine: the named fault, and one line about this case."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        self.fault = fault
        line = "".join(c if c.isprintable() else " " for c in str(detail)[: 4 * _DETAIL])
        self.detail = " ".join(line.split())[:_DETAIL]
        super().__init__(f"{fault.value}: {self.detail}" if self.detail else fault.value)

    def __reduce__(self) -> tuple[type[FaultError], tuple[Fault, str]]:
        return FaultError, (self.fault, self.detail)


def check_size(size: int, limit: int) -> None:
    """Refuse what is larger than `limit` bytes.

    Raises:
        FaultError: it is.
    """
    if size > limit:
        raise FaultError(Fault.TOO_LARGE, f"{size:,} bytes; at most {limit:,} are read")
