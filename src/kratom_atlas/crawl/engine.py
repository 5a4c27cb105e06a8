"""Scrapy, set up so that every byte is evidence before anybody reads it.

The order of what a response passes: the gateway (guard, key, replay), decompression, `Redirects`
(our key taken out where it is echoed; captured, logged and followed where it only leads on), then
`Evidence`: captured, diagnosed, logged; retried as fits what is wrong with it; and only a good
answer reaches the parser.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote_plus, urlencode, urlsplit

import scrapy
from scrapy import signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import (
    CannotResolveHostError,
    CloseSpider,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Request, Response
from scrapy.resolver import CachingThreadedResolver
from scrapy.robotstxt import RobotParser
from scrapy.settings import Settings
from twisted.internet.defer import Deferred

from kratom_atlas import __version__
from kratom_atlas.crawl.job import Job, Report, header_pairs
from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.quarantine import PATIENCE, Diagnosis, diagnose, retry_plan
from kratom_atlas.crawl.scraper import Fetch
from kratom_atlas.errors import AtlasError
from kratom_atlas.guard import RefusedError, check_address, check_url
from kratom_atlas.model.crawling import Fault, RunState
from kratom_atlas.store.captures import CaptureError

__all__ = ["Options", "crawl"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How this process crawls.

    `contact`: an address by which a source can reach us, part of the user agent. `replay`: the
    address of a replay server that stands for every host. `pace` multiplies every wait: 1 for
    the real world, 0 where the server is our own. `keys`: the keys of the sources, by name of
    their variable. `at_once`: so many sources run at a time.
    """

    contact: str = ""
    replay: str | None = None
    pace: float = 1.0
    keys: tuple[tuple[str, str], ...] = ()
    at_once: int = 8

    @property
    def user_agent(self) -> str:
        """Who we say we are: what we are."""
        contact = f" (+{self.contact})" if self.contact else ""
        return f"kratom-atlas/{__version__}{contact}"


class QuarantinedError(IgnoreRequest):
    """The answer went into quarantine; nothing parses it."""


class OffSiteError(Exception):
    """A redirect leads to a host that the source does not declare."""


class AtlasSpider(scrapy.Spider):
    """Runs one `Job`: Scrapy asks, the job reads."""

    name = "kratom-atlas"

    def __init__(self, *, job: Job, options: Options, **kwargs: Any) -> None:
        super().__init__(name=job.source.id, **kwargs)
        self.job = job
        self.options = options
        self.report: Report | None = None
        self.failure: Exception | None = None
        self._secret: re.Pattern[bytes] | None = None
        key = job.source.key
        value = dict(options.keys).get(key.env, "") if key else ""
        if len(value) >= _SECRET_LENGTH:
            forms = {value.encode(), quote_plus(value).encode()}
            self._secret = re.compile(b"|".join(map(re.escape, forms)))

    @property
    def has_secret(self) -> bool:
        """Whether there is a key that must not be written down."""
        return self._secret is not None

    def conceal(self, data: bytes) -> bytes:
        """Data in which our key does not stand."""
        return self._secret.sub(b"***", data) if self._secret else data

    async def start(self) -> AsyncIterator[Request]:
        """The first requests; they are not listed before they are needed."""
        for fetch in self.job.first():
            yield self.ask(fetch)

    def ask(self, fetch: Fetch) -> Request:
        """The request that a fetch stands for."""
        return Request(
            fetch.url,
            method=fetch.method,
            body=fetch.body,
            headers=dict(fetch.headers),
            callback=self.deliver,
            errback=self.failed,
            meta={"fetch": fetch},
        )

    def deliver(self, response: Response) -> list[Request] | None:
        """Hand a good answer to its step; what is asked next, None where nothing is."""
        fetch: Fetch = response.meta["fetch"]
        page = Page(
            url=response.url,
            status=response.status,
            headers={k.lower(): v for k, v in header_pairs(response.headers)},
            body=response.body,
            sha256=response.meta["sha256"],
            fetched_at=self.job.clock(),
        )
        try:
            return [self.ask(follow) for follow in self.job.read(fetch, page)] or None
        except Exception as error:
            raise self.broken(error) from error

    def failed(self, failure: Any) -> None:
        """Blame what nobody has been blamed for yet."""
        error = failure.value
        if isinstance(error, QuarantinedError | CloseSpider):
            return
        if _is_ours(error):
            raise self.broken(error) from error
        fetch: Fetch = failure.request.meta["fetch"]
        try:
            self.job.bad(fetch, _fault_of(error), self.in_words(error), url=fetch.url)
        except Exception as ours:
            raise self.broken(ours) from ours

    def in_words(self, error: Exception) -> str:
        """What an error says, which may be the address with its key."""
        return self.conceal(_in_words(error).encode()).decode()

    def broken(self, error: Exception) -> CloseSpider:
        """End the run at once: it is not the source that failed, but we."""
        self.failure = self.failure or error
        return CloseSpider("broken")

    def dropped(self, request: Request) -> None:
        """A redirect to what was asked already leads nowhere, and Scrapy says nothing of it."""
        fetch = request.meta.get("fetch")
        if fetch is not None and request.meta.get("redirect_times"):
            self.job.bad(fetch, Fault.MOVED, "sent round in a circle", url=request.url)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """As Scrapy wants it; the job is finished when the spider is."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.ended, signal=signals.spider_closed)
        crawler.signals.connect(spider.dropped, signal=signals.request_dropped)
        return spider

    def ended(self, reason: str) -> None:
        """Accept the run, or refuse it. What fails here is told by `crawl`: Scrapy only logs it."""
        because = self.in_words(self.failure) if self.failure else ""
        try:
            self.report = self.job.finish(interrupted=reason != "finished", because=because)
        except Exception as error:  # noqa: BLE001 - told by `crawl`
            self.failure = self.failure or error


class Redirects(RedirectMiddleware):
    """Takes our key out of what echoes it, and keeps an answer that only leads on."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override] # without the spider that it deprecates
        """Follow it, if it leads anywhere."""
        spider = self.crawler.spider
        assert isinstance(spider, AtlasSpider)
        if spider.has_secret:
            response = response.replace(body=spider.conceal(response.body))
            for name, values in list(response.headers.items()):
                response.headers[name] = [spider.conceal(value) for value in values]
        answer: Request | Response = super().process_response(request, response)
        if isinstance(answer, Request):
            spider.job.sent_on(
                request.meta.get("fetch"), url=response.url, status=response.status,
                headers=header_pairs(response.headers),
                sha256=spider.job.capture(response.body), size=len(response.body),
            )  # fmt: skip
        return answer

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy wants it, without its search for somebody who says where we come from."""
        made = cls(crawler.settings)
        made.crawler = crawler
        return made


class Evidence:
    """Captures every answer, tells good from bad, and waits as each kind asks."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._until: dict[str, float] = {}
        self._gaps: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy wants it."""
        made = cls(crawler)
        crawler.signals.connect(made.robots_read, signal=signals.robots_parsed)
        return made

    @property
    def _spider(self) -> AtlasSpider:
        spider = self._crawler.spider
        assert isinstance(spider, AtlasSpider)
        return spider

    def robots_read(self, robotparser: RobotParser, request: Request) -> None:
        """A robots.txt may ask for a longer time between two requests than we declare."""
        options = self._spider.options
        gap = robotparser.crawl_delay(options.user_agent)
        if gap:
            self._gaps[urlsplit(request.url).netloc] = min(gap, _LONGEST_GAP) * options.pace

    async def process_request(self, request: Request) -> Response | None:
        """Answer from an interrupted run, wait for the host, take the allowance, ask conditionally.

        Raises:
            QuarantinedError: no more may be asked.
        """
        job, fetch = self._spider.job, request.meta.get("fetch")
        if fetch is not None and fetch.mark in job.reusable:
            saved = job.saved[fetch.mark]
            body = _held(job, saved.sha256)
            if body is not None:
                return Response(
                    request.url, status=saved.status, headers=dict(saved.headers),
                    body=body, flags=["reused"],
                )  # fmt: skip
        await self._wait_for(request)
        if fetch is None:
            return None
        if not job.may_ask(fetch):
            raise QuarantinedError("not asked")
        if fetch.method == "GET" and "anew" not in request.meta:
            for name, value in job.validators(fetch.mark).items():
                request.headers[name] = value
        return None

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Capture, diagnose, log.

        Raises:
            QuarantinedError: it is bad, and is not asked for again in this run.
        """
        job, fetch = self._spider.job, request.meta.get("fetch")
        headers = header_pairs(response.headers)
        if fetch is not None and "reused" in response.flags:
            sha256 = job.saved[fetch.mark].sha256
            job.good(fetch, url=response.url, status=response.status, headers=headers,
                     sha256=sha256, size=len(response.body), how="reused")  # fmt: skip
            request.meta["sha256"] = sha256
            return response
        if response.status == 304 and fetch is not None:
            return self._not_modified(request, response, headers)
        sha256 = job.capture(response.body)
        if fetch is None:
            job.good(None, url=response.url, status=response.status, headers=headers,
                     sha256=sha256, size=len(response.body))  # fmt: skip
            if response.status == 429 or response.status >= 500:
                fault = Fault.RATE_LIMITED if response.status == 429 else Fault.SERVER_ERROR
                return self._again_robots(request, fault, f"status {response.status}") or response
            return response
        found = diagnose(
            requested=fetch.url,
            url=response.url,
            status=response.status,
            headers={k.lower(): v for k, v in headers},
            body=response.body,
            expect=fetch.expect,
            hosts=job.source.hosts,
            complete="dataloss" not in response.flags,
        )
        if found and "dataloss" in response.flags and found.retry_after is None:
            # What half an answer says is not to be trusted, its status included.
            found = Diagnosis(Fault.TRUNCATED, f"cut off; {found.detail}")
        if found is None:
            job.good(fetch, url=response.url, status=response.status, headers=headers,
                     sha256=sha256, size=len(response.body))  # fmt: skip
            request.meta["sha256"] = sha256
            return response
        again = self._plan(request, found.fault, found.retry_after)
        job.bad(
            fetch, found.fault, found.detail, url=response.url, status=response.status,
            headers=headers, sha256=sha256, size=len(response.body), final=again is None,
        )  # fmt: skip
        if again is None:
            wait = found.retry_after
            if wait is not None and wait > PATIENCE:
                host = urlsplit(fetch.url).hostname or ""
                job.leave_alone(host, Fault.RATE_LIMITED, f"it asks us to wait {wait:.0f} s")
            raise QuarantinedError(found.detail)
        return again

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Name what went wrong before there was an answer."""
        if isinstance(exception, QuarantinedError) or _is_ours(exception):
            return None
        job, fetch = self._spider.job, request.meta.get("fetch")
        fault, detail = _fault_of(exception), self._spider.in_words(exception)
        if fetch is None:
            job.bad(None, fault, detail, url=request.url, final=False)
            again = self._again_robots(request, fault, detail) if fault in _DOWN else None
        else:
            again = self._plan(request, fault, None)
            job.bad(fetch, fault, detail, url=request.url, final=again is None)
        if again is None:
            raise QuarantinedError(detail) from exception
        return again

    def _not_modified(
        self, request: Request, response: Response, headers: tuple[tuple[str, str], ...]
    ) -> Response | Request:
        job, fetch = self._spider.job, request.meta["fetch"]
        saved = job.saved.get(fetch.mark)
        # What this parser has read in an accepted run is not even opened.
        body = _held(job, saved.sha256, whole=not job.settled(fetch)) if saved else None
        if saved is None or body is None:
            if "anew" in request.meta:
                detail = "It says that nothing has changed, to one who holds nothing."
                job.bad(fetch, Fault.EMPTY, detail, url=response.url, status=304, headers=headers)
                raise QuarantinedError(detail)
            again = request.replace(dont_filter=True)
            again.meta["anew"] = True
            for name in ("If-None-Match", "If-Modified-Since"):
                again.headers.pop(name, None)
            return again
        job.good(fetch, url=saved.url, status=304, headers=headers, sha256=saved.sha256,
                 size=0, how="not-modified")  # fmt: skip
        request.meta["sha256"] = saved.sha256
        return response.replace(status=saved.status, body=body,
                                headers=dict(saved.headers), url=saved.url)  # fmt: skip

    def _again_robots(self, request: Request, fault: Fault, detail: str) -> Request | None:
        """Ask for a robots.txt again. While it cannot be had, nothing is asked of its host."""
        again = self._plan(request, fault, None)
        if again is None:
            host = urlsplit(request.url).hostname or ""
            self._spider.job.leave_alone(host, fault, f"its robots.txt cannot be had: {detail}")
        return again

    def _plan(self, request: Request, fault: Fault, retry_after: float | None) -> Request | None:
        attempt = request.meta.get("attempt", 1)
        wait = retry_plan(fault, attempt, retry_after)
        if wait is None or self._spider.job.stopped:
            return None
        host = urlsplit(request.url).netloc
        until = asyncio.get_running_loop().time() + wait * self._spider.options.pace
        self._until[host] = max(self._until.get(host, 0.0), until)
        again = request.replace(dont_filter=True, priority=request.priority - 1)
        again.meta["attempt"] = attempt + 1
        return again

    async def _wait_for(self, request: Request) -> None:
        loop = asyncio.get_running_loop()
        host = urlsplit(request.url).netloc
        while (left := self._until.get(host, 0.0) - loop.time()) > 0:
            engine = self._crawler.engine
            if engine is None or not engine.running or self._spider.failure:
                raise QuarantinedError("stopped")
            await asyncio.sleep(min(left, 1.0))
        if gap := self._gaps.get(host):
            self._until[host] = loop.time() + gap


class Fingerprinter:
    """What Scrapy takes for the same request: two steps may read one address, each for itself."""

    def fingerprint(self, request: Request) -> bytes:
        """The address as it is now (a redirect changes it), and the fetch that led to it."""
        fetch = request.meta.get("fetch")
        mark = fetch.mark if fetch is not None else ""
        return f"{mark} {request.method} {request.url}".encode()


class Gateway(HTTP11DownloadHandler):
    """The last step before the network: the guard, the key, and the replay server.

    The key is added here, so that no log, capture or list of requests ever holds it.
    """

    async def download_request(self, request: Request) -> Response:
        """Send it."""
        spider = self._crawler.spider
        assert isinstance(spider, AtlasSpider)
        address = check_url(request.url)
        source = spider.job.source
        host = urlsplit(address).hostname or ""
        if host not in source.hosts:
            raise OffSiteError(f"{host} is not a host that {source.id} declares")
        sent = _with_key(request, spider)
        if not spider.options.replay:
            response = await super().download_request(sent)
        else:
            parts = urlsplit(sent.url)
            base = urlsplit(spider.options.replay)
            sent = sent.replace(
                url=parts._replace(scheme=base.scheme, netloc=base.netloc).geturl(),
                headers={**sent.headers, b"Host": parts.netloc},
            )
            response = await super().download_request(sent)
        return response if response.url == request.url else response.replace(url=request.url)


class GuardedResolver(CachingThreadedResolver):
    """Names that lead to our own network are refused when they are looked up."""

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802
        """The address, if it is one that we call."""
        return super().getHostByName(name, timeout).addCallback(check_address)


class Process(AsyncCrawlerProcess):
    """Remembers the signal that ended it."""

    stopped_by: int | None = None

    def _signal_shutdown(self, signum: int, _: Any) -> None:
        self.stopped_by = signum
        super()._signal_shutdown(signum, _)


def crawl(jobs: Sequence[Job], options: Options) -> list[Report]:
    """Run jobs, some at a time, and say how each ended. Once in the life of a process.

    Two that read from one host do not run at a time: together they would ask too often.
    """
    # What it warns of is recorded with its fault; and it names addresses with their keys.
    logging.getLogger(HTTP11DownloadHandler.__module__).setLevel(logging.ERROR)
    process = Process(_settings(options))
    waiting = list(jobs)
    running: list[Job] = []
    crawlers: dict[str, Crawler] = {}

    def begin() -> None:
        for job in list(waiting):
            taken = {host for other in running for host in other.source.hosts}
            if process.stopped_by or len(running) >= options.at_once:
                return
            if taken.isdisjoint(job.source.hosts):
                start(job)

    def start(job: Job) -> None:
        def ended(_: object) -> None:
            running.remove(job)
            begin()

        waiting.remove(job)
        running.append(job)
        crawler = crawlers[job.source.id] = Crawler(AtlasSpider, _settings(options, job))
        process.crawl(crawler, job=job, options=options).add_done_callback(ended)

    begin()
    process.start()
    reports = []
    for job in jobs:
        crawler = crawlers.get(job.source.id)
        spider = crawler.spider if crawler else None
        report = _report(job, spider if isinstance(spider, AtlasSpider) else None)
        report.signal = process.stopped_by if report.state is RunState.INTERRUPTED else None
        reports.append(report)
    return reports


def _report(job: Job, spider: AtlasSpider | None) -> Report:
    """How a run ended, even where the store cannot say so."""
    failure = spider.failure if spider else None
    if spider and failure and not isinstance(failure, AtlasError):
        log.error("%s: %s", job.source.id, spider.in_words(failure), exc_info=failure)
    if spider and spider.report:
        return spider.report
    try:
        if failure is None:
            return job.finish(interrupted=True)
    except AtlasError as error:
        failure = error
    # The next run says of this one that it was interrupted.
    return Report(job.source.id, RunState.INTERRUPTED, _in_words(failure), dict(job.counts))


def _with_key(request: Request, spider: AtlasSpider) -> Request:
    source = spider.job.source
    key = source.key
    value = dict(spider.options.keys).get(key.env) if key else None
    parts = urlsplit(request.url)
    if key is None or not value or "fetch" not in request.meta:
        return request
    if (parts.scheme, parts.hostname) != ("https", key.host or source.hosts[0]):
        return request
    if key.place == "header":
        return request.replace(headers={**request.headers, key.name: f"{key.prefix}{value}"})
    # An address that the source itself gave may hold the place of a key already.
    own = [pair for pair in parts.query.split("&") if pair.partition("=")[0] not in ("", key.name)]
    query = "&".join([*own, urlencode({key.name: value})])
    return request.replace(url=parts._replace(query=query).geturl())


def _held(job: Job, sha256: str, *, whole: bool = True) -> bytes | None:
    """A body that is held, nothing of it if it is not needed; None if it is lost."""
    if not whole:
        return b""
    try:
        return job.captures.get(sha256)
    except CaptureError:
        return None


def _is_ours(error: Exception) -> bool:
    """Whether it is our disk or our store that fails, and no source."""
    return isinstance(error, AtlasError) and not isinstance(error, RefusedError)


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split()).strip("[]") or type(error).__name__


def _fault_of(error: Exception) -> Fault:
    text = str(error)
    if isinstance(error, OffSiteError):
        return Fault.MOVED
    if isinstance(error, RefusedError):
        return Fault.GUARDED
    if isinstance(error, IgnoreRequest):
        if "redirections" in text:
            return Fault.MOVED
        return Fault.ROBOTS if "robots.txt" in text else Fault.BOMB
    if isinstance(error, LookupError | TypeError | AttributeError | AssertionError):
        return Fault.PARSER
    for kind, fault in _KINDS:
        if isinstance(error, kind):
            return Fault.TLS if "SSL" in text or "certificate" in text.lower() else fault
    return Fault.CONNECTION


_SECRET_LENGTH: Final = 8
"""What is shorter is no key, and might stand anywhere."""
_LONGEST_GAP: Final = 60.0
"""Seconds between two requests that a robots.txt may ask for; those who want more say no."""
_DOWN: Final = frozenset({Fault.CONNECTION, Fault.DNS, Fault.TLS, Fault.TOO_SLOW, Fault.TRUNCATED})
"""What leaves open whether there is a robots.txt."""
_KINDS: Final = (
    (DownloadTimeoutError, Fault.TOO_SLOW),
    (DownloadCancelledError, Fault.TOO_LARGE),
    (CannotResolveHostError, Fault.DNS),
    (ResponseDataLossError, Fault.TRUNCATED),
    (DownloadConnectionRefusedError, Fault.CONNECTION),
    (DownloadFailedError, Fault.CONNECTION),
)


def _settings(options: Options, job: Job | None = None) -> Settings:
    settings = Settings(_COMMON)
    handler = f"{__name__}.{Gateway.__name__}"
    settings.setdict(
        {
            "USER_AGENT": options.user_agent,
            "REQUEST_FINGERPRINTER_CLASS": f"{__name__}.{Fingerprinter.__name__}",
            "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
            "DOWNLOADER_MIDDLEWARES": {
                **dict.fromkeys(_UNUSED),
                f"{__name__}.{Redirects.__name__}": 585,
                f"{__name__}.{Evidence.__name__}": 580,
            },
            "SPIDER_MIDDLEWARES": dict.fromkeys(_UNUSED_OF_SPIDERS),
        }
    )
    if not options.replay:
        settings["TWISTED_DNS_RESOLVER"] = f"{__name__}.{GuardedResolver.__name__}"
    if job is None:
        return settings
    source, rate = job.source, job.source.rate
    delay = max(rate.delay, 60 / rate.per_minute if rate.per_minute else 0.0) * options.pace
    settings.setdict(
        {
            "DOWNLOAD_DELAY": delay,
            "AUTOTHROTTLE_ENABLED": options.pace > 0,
            "AUTOTHROTTLE_START_DELAY": delay,
            "AUTOTHROTTLE_MAX_DELAY": max(60.0, delay),
            "CONCURRENT_REQUESTS": rate.parallel,
            "CONCURRENT_REQUESTS_PER_DOMAIN": rate.parallel,
            "DOWNLOAD_TIMEOUT": source.seconds,
            "DOWNLOAD_MAXSIZE": source.megabytes * 1_000_000,
        }
    )
    return settings


_COMMON: Final[dict[str, Any]] = {
    "ROBOTSTXT_OBEY": True,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "DOWNLOAD_WARNSIZE": 0,
    "DOWNLOAD_FAIL_ON_DATALOSS": False,  # what came is evidence; `diagnose` says it is cut off
    "CONCURRENT_ITEMS": 1,  # else a hundred tasks are made for the output of each answer
    "REDIRECT_MAX_TIMES": 5,
    "COOKIES_ENABLED": False,
    "DOWNLOAD_DELAY_JITTER": 0.0,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_INSTALL_ROOT_HANDLER": False,
    "LOG_LEVEL": "WARNING",
    "EXTENSIONS": {
        "scrapy.extensions.logstats.LogStats": None,
        "scrapy.extensions.corestats.CoreStats": None,
        "scrapy.extensions.memusage.MemoryUsage": None,
        "scrapy.extensions.spiderstate.SpiderState": None,
    },
}
_UNUSED: Final = (
    "scrapy.downloadermiddlewares.retry.RetryMiddleware",
    "scrapy.downloadermiddlewares.stats.DownloaderStats",
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware",
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware",
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware",
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware",
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware",
)
_UNUSED_OF_SPIDERS: Final = (
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware",
    "scrapy.spidermiddlewares.referer.RefererMiddleware",
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware",
    "scrapy.spidermiddlewares.depth.DepthMiddleware",
)
