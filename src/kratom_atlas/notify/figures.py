"""How alerts are doing, in numbers: nothing of anybody in particular."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import seconds
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from kratom_atlas.store.database import Store

__all__ = ["Figures", "Watch"]

log = logging.getLogger(__name__)

_FRESH: Final = 5.0
"""Seconds for which numbers are told again without another look."""


@dataclass(frozen=True)
class Figures:
    """Counts by name, subscriptions by state, and since when something is due (seconds, or 0)."""

    counts: Mapping[str, int]
    subscriptions: Mapping[str, int]
    oldest_due: int


class Watch:
    """Reads the numbers of an installation's store, where there is one. Safe in several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store: Store | None = None
        self._lock = threading.Lock()
        self._last: tuple[float, Figures | None] = (-_FRESH, None)

    def read(self) -> Figures | None:
        """The numbers now; None where there is no store, or it cannot be read."""
        with self._lock:
            when, figures = self._last
            if time.monotonic() - when >= _FRESH:
                figures = self._read()
                self._last = (time.monotonic(), figures)
            return figures

    def close(self) -> None:
        """Let go of the store."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _read(self) -> Figures | None:
        from kratom_atlas.store.database import open_store
        from kratom_atlas.store.outbox import Outbox
        from kratom_atlas.store.subscriptions import Subscriptions

        settings = self._settings
        if not (settings.database_url or settings.default_database.is_file()):
            return None
        try:
            if self._store is None:
                self._store = open_store(settings.store_url)
            stats = Outbox(self._store).stats()
            states = Subscriptions(self._store).counts()
        except AtlasError as error:
            log.warning("alerts: their numbers cannot be read: %s", error)
            return None
        counts = {
            "waiting": stats.waiting,
            "due": stats.due,
            "in_flight": stats.in_flight,
            "retrying": stats.retrying,
            "sent": stats.sent,
            "dead": stats.dead,
        }
        oldest = seconds(stats.oldest_due) if stats.oldest_due else 0
        return Figures(counts, {state.value: count for state, count in states.items()}, oldest)
