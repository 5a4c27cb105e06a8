"""The one error that people see: a plain line that says what is wrong and what to do."""

from __future__ import annotations

__all__ = ["AtlasError"]


class AtlasError(Exception):
    """What is wrong and what to do about it, in one line."""
