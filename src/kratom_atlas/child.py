"""A process that runs beside this one, and is started again when it ends by itself."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Final

__all__ = ["Child"]

log = logging.getLogger(__name__)

_LONGEST: Final = 300.0
_STEADY: Final = 60.0
"""Seconds after which a process that ends had begun well: it is started again soon."""


class Child:
    """Keeps a process running until it is stopped. Use it once.

    The process has an end of our pipe as its standard input, and should end when that does: so it
    does not outlive this one, whatever becomes of it. `retry` is how long, in seconds, to wait
    before it is started again, at first.
    """

    def __init__(self, name: str, command: Sequence[str], *, retry: float = 2.0) -> None:
        self._name = name
        self._command = command
        self._retry = retry
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Tell it to end, and make it after so many seconds."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def _keep(self) -> None:
        wait = self._retry
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._run()
            if self._stopping.is_set():
                return
            wait = self._retry if time.monotonic() - began > _STEADY else min(wait * 2, _LONGEST)
            log.warning("%s ended with status %s; started again in %.0f s", self._name, code, wait)
            self._stopping.wait(wait)

    def _run(self) -> int | str:
        try:
            with self._lock:
                if self._stopping.is_set():
                    return 0
                # A session of its own: an interrupt from the keyboard is for this process.
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    self._command, stdin=subprocess.PIPE, start_new_session=True
                )
        except OSError as error:
            return error.strerror or type(error).__name__
        code = self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        return code
