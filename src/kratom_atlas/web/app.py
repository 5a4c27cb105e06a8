"""The application: the built site, the API beside it, and how both are doing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kratom_atlas import __version__
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import seconds
from kratom_atlas.notify.figures import Watch
from kratom_atlas.notify.reporting import Intake
from kratom_atlas.notify.subscribing import Desk, open_desk, why_closed
from kratom_atlas.settings import Settings
from kratom_atlas.web import api, reports, subscribe, subscriptions
from kratom_atlas.web.answers import AskedError, MissingError, Reference
from kratom_atlas.web.pages import Pages
from kratom_atlas.web.problems import problem
from kratom_atlas.web.site import EMBEDS, Found, Site, fresh, negotiate
from kratom_atlas.web.watch import METHODS, Metrics

__all__ = ["Service", "application"]

log = logging.getLogger(__name__)

_THREADS: Final = 8
"""Answers computed at a time: they share the processor, so more of them only wait."""
_LOOK: Final = 2.0
"""Seconds between looks whether another site was built."""
_HOUR: Final = 3600.0
_PIECE: Final = 1 << 18
_AT_ONCE: Final = 1 << 17
"""A file known and no larger is read on the spot."""
_SHARED: Final = (
    *("/api/", "/data/", "/feeds/", "/calendar/", "/sources/"),
    *(f"/{embed}" for embed in EMBEDS),
)
"""What pages of others may read."""
_OWN: Final = f"{api.ROOT}{subscriptions.PATH}"
"""What no page of others may use."""
_FORMS: Final = ("/subscribe/", "/subscriptions/", "/report/")
_MONTHS: Final = "public, max-age=31536000, immutable"
_MINUTES: Final = "public, max-age=300"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


class Service:
    """What is served now. Another build of the site takes its place with the record it is of."""

    def __init__(self, settings: Settings, folder: Path, today: Callable[[], date]) -> None:
        self._settings = settings
        self._folder = folder
        self._today = today
        self._packed = settings.home / "packed"
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._packer: threading.Thread | None = None
        self.stopping = False
        self.metrics = Metrics()
        self.site, self.reference = self._load()
        self.metrics.ready.set(1)

    def _load(self) -> tuple[Site, Reference]:
        site = Site(self._folder, self._packed)
        reference = Reference(self._settings, self._folder, today=self._today)
        reference.warm()
        self.metrics.places.set(len(reference.record.places))
        self.metrics.recorded.set(max(map(seconds, reference.record.moments), default=0))
        self.metrics.built.set(site.mark[0] / 1e9)
        return site, reference

    def renew(self) -> None:
        """Serve the build that stands there now; the old one, if that cannot be read."""
        with self._changing:
            if self.site.is_current:
                return
            try:
                self.site, self.reference = self._load()
            except Exception:
                # What is served is whole, and whoever runs it would rather have that than nothing.
                log.exception("another build cannot be read; the earlier one is served")
                return
        log.info("another build of the site is served: %s", self.site.version)
        self.pack()

    def pack(self) -> None:
        """Compress the files of the site in the background."""
        self.rest()
        self._stop.clear()
        self._packer = threading.Thread(target=self._pack, name="pack", daemon=True)
        self._packer.start()

    def _pack(self) -> None:
        try:
            self.metrics.packed.inc(self.site.pack(self._stop))
        except OSError as error:
            log.warning("files are served as they are: cannot compress: %s", error.strerror)

    def rest(self) -> None:
        """Compress no more."""
        self._stop.set()
        if self._packer is not None:
            self._packer.join()

    def stop(self) -> None:
        """Take no more requests than those that come anyway."""
        self.stopping = True
        self.metrics.ready.set(0)


def application(
    settings: Settings,
    site: Path,
    *,
    today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    desk: Desk | None = None,
    intake: Intake | None = None,
) -> FastAPI:
    """The application that serves the site at `site` and answers from the record.

    Subscriptions are taken at `desk` and reports of errors at `intake`, which are closed at the
    end; without them, at those of the settings, if they allow of them.

    Raises:
        AtlasError: there is no site, or a setting for subscriptions is wrong.
    """
    service = Service(settings, site, today)
    closed = why_closed(settings)
    if desk is None and not closed:
        desk = open_desk(settings, lambda: service.reference.codes)
    taking = intake or Intake(settings)
    alerts = Watch(settings)
    service.metrics.watch(alerts.read)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        service.pack()
        looking = asyncio.create_task(_look(service))
        tidying = asyncio.create_task(_tidy(desk)) if desk is not None else None
        try:
            yield
        finally:
            looking.cancel()
            if tidying is not None:
                tidying.cancel()
            await anyio.to_thread.run_sync(service.rest)
            await anyio.to_thread.run_sync(taking.close)
            alerts.close()
            if desk is not None:
                await anyio.to_thread.run_sync(desk.close)

    app = FastAPI(
        title="Kratom Atlas",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.service = service
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(AtlasError, _told)
    app.add_middleware(_Gate, service=service)
    addresses = api.router(lambda: service.reference, settings)
    subscriptions.add_to(addresses, desk, closed, subscribe.client_of)
    app.include_router(addresses)
    pages = Pages(lambda: service.reference, settings)
    app.include_router(subscribe.router(pages, lambda: service.reference, desk, closed))
    if not settings.report_url:
        app.include_router(
            reports.router(
                pages,
                taking,
                settings,
                lambda path: bool(path) and service.site.named(f"/{path}") is not None,
            )
        )
    _add_watches(app, service)
    app.mount("/", _Files(service))
    return app


async def _look(service: Service) -> None:
    while True:
        await asyncio.sleep(_LOOK)
        if not service.site.is_current:
            await anyio.to_thread.run_sync(service.renew)


async def _tidy(desk: Desk) -> None:
    while True:
        try:
            await anyio.to_thread.run_sync(desk.tidy)
        except AtlasError as error:
            log.warning("what nobody confirmed could not be dropped: %s", error)
        await asyncio.sleep(_HOUR)


def _add_watches(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def alive() -> Response:
        return JSONResponse({"alive": True}, headers={"Cache-Control": "no-store"})

    @app.get("/readyz", include_in_schema=False)
    async def ready() -> Response:
        told = {
            "ready": not service.stopping,
            "version": service.reference.version,
            "ledger": service.reference.ledger,
        }
        status = 503 if service.stopping else 200
        return JSONResponse(told, status, headers={"Cache-Control": "no-store"})

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(
            await anyio.to_thread.run_sync(service.metrics.text),
            headers={"Cache-Control": "no-store"},
            media_type="text/plain; version=0.0.4; charset=utf-8",
        )


# -- errors ------------------------------------------------------------------------------------


async def _told(_: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, MissingError) else 422
    if not isinstance(error, MissingError | AskedError):
        log.warning("an answer failed", exc_info=error)
        return problem(503, "the record cannot be read at the moment; try again later")
    return problem(status, str(error))


async def _misread(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = first["loc"][-1]
    return problem(422, f"{name}: {first['msg']}")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, dict(error.headers or {}))


# -- what surrounds every answer ---------------------------------------------------------------


class _Gate:
    """Headers, HEAD, CORS, counting and the log, around all that is answered."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics, began = self._service.metrics, time.perf_counter()
        method: str = scope["method"]
        inner = {**scope, "method": "GET"} if method == "HEAD" else scope
        path: str = scope["path"]
        sent = {"status": 0, "bytes": 0}

        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent["status"] = message["status"]
                _finish(path, MutableHeaders(scope=message))
            elif method == "HEAD":
                message = {**message, "body": b""}
            sent["bytes"] += len(message.get("body", b""))
            await send(message)

        with metrics.under_way.track_inprogress():
            try:
                if method == "OPTIONS":
                    await _options(path)(inner, receive, pass_on)
                else:
                    await self._app(inner, receive, pass_on)
            except Exception:
                log.exception("an answer failed")
                if sent["status"]:
                    raise
                failed = problem(500, "something went wrong here that should not; it was noted")
                await failed(inner, receive, pass_on)
            finally:
                self._note(inner, method, sent, time.perf_counter() - began)

    def _note(self, scope: Scope, method: str, sent: dict[str, int], took: float) -> None:
        shown = method if method in METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", "") or "site"
        self._service.metrics.requests.labels(route, shown, str(sent["status"])).inc()
        self._service.metrics.seconds.labels(route).observe(took)
        fields = {"method": shown, "route": route, **sent, "ms": round(took * 1000, 1)}
        if "atlas.file" in scope:
            fields["file"] = scope["atlas.file"]
        log.info("answered", extra=fields)


def _finish(path: str, headers: MutableHeaders) -> None:
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    policy = headers.setdefault("Content-Security-Policy", _POLICY)
    if "frame-ancestors 'none'" in policy:
        headers["X-Frame-Options"] = "DENY"
    if _is_shared(path):
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = "ETag, Last-Modified, Link"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    else:
        headers["Cross-Origin-Resource-Policy"] = "same-origin"


def _is_shared(path: str) -> bool:
    return path.startswith(_SHARED) and not path.startswith(_OWN)


def _options(path: str) -> Response:
    is_ours = path.startswith((_OWN, *_FORMS))
    headers = {"Allow": "GET, HEAD, POST, OPTIONS" if is_ours else "GET, HEAD, OPTIONS"}
    if _is_shared(path):
        headers["Access-Control-Allow-Methods"] = "GET, HEAD"
        headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
        headers["Access-Control-Max-Age"] = "86400"
    return Response(status_code=204, headers=headers)


# -- files -------------------------------------------------------------------------------------


class _Files:
    """The files of the site."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        answer = await self._answer(scope)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        if scope["method"] != "GET":
            return problem(405, "only GET and HEAD are answered here", {"Allow": "GET, HEAD"})
        path: str = scope["path"]
        if path.startswith("/api/"):
            return problem(404, "the API has no such address; see /api/v1/openapi.json")
        for _ in range(3):
            site = self._service.site
            name = site.named(path)
            if name is None:
                if site.folder_of(path):
                    return RedirectResponse(f"{path}/", 308)
                name = "404.html"
                if name not in site.names:
                    return problem(404, "there is no such page")
            try:
                return await self._file(site, name, Headers(scope=scope), scope)
            except OSError:
                await anyio.to_thread.run_sync(self._service.renew)
                await asyncio.sleep(0.05)
        return problem(503, "the site is being replaced; try again", {"Retry-After": "1"})

    async def _file(self, site: Site, name: str, headers: Headers, scope: Scope) -> Response:
        codings = negotiate(headers.get("accept-encoding", ""))
        if site.is_at_hand(name, _AT_ONCE):
            found = site.find(name, codings)
        else:
            found = await anyio.to_thread.run_sync(site.find, name, codings)
        scope["atlas.file"] = name
        missing = name == "404.html"
        told = {
            "ETag": found.etag,
            "Last-Modified": found.last_modified,
            "Cache-Control": _MONTHS if name.startswith("data/releases/") else _MINUTES,
            "Content-Security-Policy": found.policy,
            "Vary": "Accept-Encoding",
        }
        if missing:
            told = {k: v for k, v in told.items() if k not in ("ETag", "Last-Modified")}
            told["Cache-Control"] = "no-store"
        elif fresh(
            found.etag,
            found.modified,
            headers.get("if-none-match"),
            headers.get("if-modified-since"),
        ):
            return Response(status_code=304, headers=told)
        if found.coding:
            told["Content-Encoding"] = found.coding
        told["Content-Type"] = found.type
        told["Content-Length"] = str(found.size)
        status = 404 if missing else 200
        if isinstance(found.body, bytes):
            return Response(found.body, status, told)
        return StreamingResponse(await _pieces(found), status, told)


async def _pieces(found: Found) -> AsyncIterator[bytes]:
    """A large file, piece by piece; opened before anything is said of it."""
    assert isinstance(found.body, Path)
    opened = await anyio.open_file(found.body, "rb")

    async def pieces() -> AsyncIterator[bytes]:
        async with opened:
            while piece := await opened.read(_PIECE):
                yield piece

    return pieces()
