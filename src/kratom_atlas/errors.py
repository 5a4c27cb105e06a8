"""The one error that people see: a plain line that says what is wrong and what to do."""

from __future__ import annotations

__all__ = ["AtlasError", "SheetError"]


class AtlasError(Exception):
    """What is wrong and what to do about it, in one line."""


class SheetError(AtlasError):
    """A sheet that cannot be accepted: `file:line: what is wrong`."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = path
        self.line = line
