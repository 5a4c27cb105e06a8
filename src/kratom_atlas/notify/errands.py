"""What is done after an answer was given, one thing after the other, in a thread of its own."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["BusyError", "Errands"]

log = logging.getLogger(__name__)

_MOST: Final = 1000


class BusyError(Exception):
    """Too much waits already."""


class Errands:
    """Runs what it is given. An errand says whether it is done; if not, it is run again later."""

    def __init__(self, again: Sequence[float] = (60, 300, 1800), *, most: int = _MOST) -> None:
        self._again = tuple(again)
        self._most = most
        self._waiting: list[tuple[float, int, int, Callable[[], bool]]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def add(self, errand: Callable[[], bool]) -> None:
        """Run it soon.

        Raises:
            BusyError: too much waits.
        """
        with self._changed:
            if len(self._waiting) >= self._most or self._stopping:
                raise BusyError
            self._put(0.0, 0, errand)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="errands", daemon=True)
                self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Finish what is due, for so many seconds; what was to be tried again later is not."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(patience)

    def _put(self, due: float, tries: int, errand: Callable[[], bool]) -> None:
        heapq.heappush(self._waiting, (due, next(self._count), tries, errand))
        self._changed.notify_all()

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            tries, errand = taken
            try:
                done = errand()
            except Exception:
                # One that fails in an unforeseen way must not keep the others from being run.
                log.exception("an errand failed")
                done = False
            if not done and tries < len(self._again):
                with self._changed:
                    self._put(time.monotonic() + self._again[tries], tries + 1, errand)

    def _next(self) -> tuple[int, Callable[[], bool]] | None:
        with self._changed:
            while True:
                now = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    _, _, tries, errand = heapq.heappop(self._waiting)
                    return tries, errand
                if self._stopping:
                    return None
                self._changed.wait(self._waiting[0][0] - now if self._waiting else None)
