"""Runs the application until it is told to stop; what is under way is finished first."""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from kratom_atlas.errors import AtlasError
from kratom_atlas.settings import Settings
from kratom_atlas.web.app import application
from kratom_atlas.web.watch import JsonLines

__all__ = ["serve"]

log = logging.getLogger(__name__)

DRAIN: Final = 1.0
"""Seconds in which it answers on and says that it is not ready, so that balancers look away."""
PATIENCE: Final = 8
"""Seconds that requests under way have to end."""
_MOST: Final = 512
"""Connections at a time; what comes beyond is told to try again."""


class _Server(uvicorn.Server):
    """Ends by itself, with a status of its own, and says first that it will."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._until: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """As signals call it; the second one does not wait."""
        if self._until is not None:
            self.force_exit = True
        self._until = time.monotonic() + DRAIN
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to end."""
        is_over = await super().on_tick(counter)
        if is_over and self._until is not None and not self.force_exit:
            self._stopping()
            return time.monotonic() >= self._until
        return is_over


def serve(
    settings: Settings,
    site: Path,
    *,
    host: str,
    port: int,
    started: Callable[[str], None],
    stopping: Callable[[], None] = lambda: None,
    proxies: Sequence[str] = (),
) -> None:
    """Serve until a signal; `started` is told the address, `stopping` is called once at the end.

    `proxies` are the addresses and networks that say truly, in `X-Forwarded-For`, who asks.

    Raises:
        AtlasError: there is no site, or the address cannot be used.
    """
    _log_in_json()
    app = application(settings, site)
    listening = _listen(host, port)
    told = False

    def stop() -> None:
        nonlocal told
        if not told:
            told = True
            log.info("stopping: requests under way may end")
            app.state.service.stop()
            stopping()

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        ws="none",
        lifespan="on",
        limit_concurrency=_MOST,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=PATIENCE,
    )
    shown = f"[{host}]" if ":" in host else host
    started(f"http://{shown}:{listening.getsockname()[1]}/")
    try:
        _Server(config, stop).run(sockets=[listening])
    finally:
        stop()
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise AtlasError(f"cannot listen on {host} port {port}: {why}") from None


def _log_in_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
