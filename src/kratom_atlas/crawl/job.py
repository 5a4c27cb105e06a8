"""One run of one source: what is asked, what came back, what it said, and whether that holds.

The engine moves the bytes; this decides. The same object serves a crawl and a second parse of
captures, so both accept by the same rules.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Unread, Yield
from kratom_atlas.crawl.source import Hours, Source
from kratom_atlas.model.crawling import Fault, RunState
from kratom_atlas.model.observation import Document, Observation, TrackedInstrument
from kratom_atlas.read.faults import FaultError
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive, FetchRow, Run, SavedPage, Tally, moment

__all__ = ["Job", "Report", "parser_of"]

log = logging.getLogger(__name__)

_FLUSH: Final = 250
_FLUSH_AFTER: Final = 2.0
"""So many rows are kept back, for so many seconds: what a killed process fetches again."""
_GIVE_UP: Final = 8
"""A host that failed so often, one time after another, is not asked again in this run."""
_OF_HOSTS: Final = frozenset(
    {
        Fault.CHALLENGE,
        Fault.CONNECTION,
        Fault.DNS,
        Fault.FORBIDDEN,
        Fault.REJECTED,
        Fault.SERVER_ERROR,
        Fault.TLS,
        Fault.TOO_SLOW,
    }
)
"""What is wrong with a host, rather than with one answer of it."""
_SECRET: Final = frozenset({"set-cookie", "authorization", "cookie", "x-api-key"})


class Parsed(msgspec.Struct, frozen=True):
    """What a parser made of a page: enough to know that it need not be parsed again."""

    parser: str
    sha256: str
    examined: int
    keys: tuple[str, ...]
    leaf: bool


@dataclass
class Report:
    """How a run ended, for people and for exit codes."""

    source: str
    state: RunState
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    faults: list[tuple[str, Fault, str]] = field(default_factory=list)
    signal: int | None = None
    """The signal that interrupted it."""


class Job:
    """A run under way. `clock` tells the time of day.

    `hours` are those within which it may ask. Answers that runs in `resume` got are not asked
    for again. `thorough`: read every page, also those that were read before as they are.
    """

    def __init__(
        self,
        *,
        source: Source,
        scraper: Scraper,
        run: Run,
        archive: Archive,
        captures: Captures,
        clock: Callable[[], datetime],
        resume: frozenset[int] = frozenset(),
        last_examined: int | None = None,
        hours: Hours | None = None,
        thorough: bool = False,
    ) -> None:
        self.source = source
        self.scraper = scraper
        self.run = run
        self.archive = archive
        self.captures = captures
        self.clock = clock
        self.last_examined = last_examined
        self.hours = hours
        self.thorough = thorough
        self.saved = archive.pages(source.id)
        self.reusable = frozenset(mark for mark, page in self.saved.items() if page.run in resume)
        self.counts = dict.fromkeys(
            ("fetched", "not_modified", "reused", "quarantined", "skipped", "bytes"), 0
        )
        self.stopped: tuple[Fault, str] | None = None
        """Why no more requests are made: an allowance is spent, or the hour is over."""
        self.fatal: tuple[Fault, str] | None = None
        """Why nothing of this run can be accepted."""
        self.faults: list[tuple[str, Fault, str]] = []
        self._left: dict[str, tuple[Fault, str]] = {}
        self._unasked: tuple[Fault, str] | None = None
        self._failures: Counter[str] = Counter()
        self._flushed = time.monotonic()
        self._about: dict[str, tuple[Fault, str]] = {}
        self._seen: dict[str, Observation] = {}
        self._still: set[str] = set()
        self._parsed: dict[str, Parsed] = {}
        self._now_saved: dict[str, SavedPage] = {}
        self._rows: list[FetchRow] = []
        self._pages: list[SavedPage] = []

    # -- before a request ------------------------------------------------------------------------

    def validators(self, mark: str) -> dict[str, str]:
        """The headers that make a request conditional, where we still hold what they stand for."""
        page = self.saved.get(mark)
        if page is None or not self.captures.has(page.sha256):
            return {}
        sent = {"If-None-Match": page.header("etag"), "If-Modified-Since": page.header(_MODIFIED)}
        return {name: value for name, value in sent.items() if value}

    def first(self) -> Iterator[Fetch]:
        """The first fetches. A scraper that fails at them fails the run."""
        try:
            for fetch in self.scraper.start():
                if self._is_sound(fetch):
                    yield fetch
        except FaultError as error:
            self.fatal = self.fatal or (error.fault, error.detail)
        except Exception as error:
            log.debug("%s: start", self.source.id, exc_info=True)
            self.fatal = self.fatal or (Fault.PARSER, f"start: {type(error).__name__}: {error}")

    def may_ask(self, fetch: Fetch) -> bool:
        """Take one request of the source's allowances; false if it must not be made."""
        if self.stopped:
            return False
        if left := self._left.get(_host(fetch)):
            fault, detail = left
            if fault is Fault.RATE_LIMITED:
                self._unasked = left
            else:
                self.blame(fetch, fault, f"not asked: {detail}")
            return False
        name = self.source.key.env if self.source.key else self.source.id
        now, rate = self.clock(), self.source.rate
        if self.hours and not self.hours.hold(now):
            self.stopped = (Fault.BUDGET, f"may be read {self.hours} only")
            return False
        for limit, period in ((rate.per_month, f"{now:%Y-%m}"), (rate.per_day, f"{now:%Y-%m-%d}")):
            if limit is not None and not self.archive.spend(name, period, limit):
                unit = "month" if len(period) == 7 else "day"
                self.stopped = (Fault.BUDGET, f"the {limit} requests of this {unit} are used up")
                return False
        return True

    def leave_alone(self, host: str, fault: Fault, detail: str) -> None:
        """Ask a host for nothing more in this run, because it wants so, or because it is down.

        What a host that limits our rate was not asked for is no failure; it is asked for later.
        """
        self._left.setdefault(host, (fault, f"{host} is left alone for this run: {detail}"))

    # -- after a response ------------------------------------------------------------------------

    def capture(self, body: bytes) -> str:
        """Keep the bytes, before anything looks at them."""
        self.counts["bytes"] += len(body)
        return self.captures.put(body)

    def good(
        self,
        fetch: Fetch | None,
        *,
        url: str,
        status: int,
        headers: tuple[tuple[str, str], ...],
        sha256: str,
        size: int,
        how: str = "fetched",
    ) -> None:
        """Log a good answer. Without `fetch` it is a robots.txt, which is evidence too."""
        self.counts[how.replace("-", "_")] += 1
        row = self._row(
            fetch, url, how=how, status=status, headers=headers, sha256=sha256, size=size
        )
        self._rows.append(row)
        if fetch is not None:
            self._failures[_host(fetch)] = 0
        if fetch is not None and how != "reused":
            before = self.saved.get(row.fingerprint)
            kept = row.headers
            if how == "not-modified" and before is not None:
                kept, status = before.headers, before.status
            # A step that is told something else may say something else of the same bytes.
            same = before and (before.sha256, before.request) == (sha256, fetch.encoded)
            page = SavedPage(
                fingerprint=row.fingerprint,
                run=self.run.id,
                request=fetch.encoded,
                url=url,
                status=status,
                headers=kept,
                fetched_at=row.fetched_at,
                sha256=sha256,
                parsed=before.parsed if before and same else None,
            )
            self._pages.append(page)
            self._now_saved[row.fingerprint] = page
        self._flush(_FLUSH)

    def sent_on(
        self,
        fetch: Fetch | None,
        *,
        url: str,
        status: int,
        headers: tuple[tuple[str, str], ...],
        sha256: str,
        size: int,
    ) -> None:
        """Log an answer that only says where to look."""
        self._rows.append(
            self._row(fetch, url, how="sent-on", status=status, headers=headers, sha256=sha256,
                      size=size)
        )  # fmt: skip
        self._flush(_FLUSH)

    def bad(
        self,
        fetch: Fetch | None,
        fault: Fault,
        detail: str,
        *,
        url: str,
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        sha256: str | None = None,
        size: int = 0,
        final: bool = True,
    ) -> None:
        """Log a bad answer, or none. It is `final` if it will not be tried again in this run."""
        self.counts["quarantined"] += 1
        self._rows.append(
            self._row(
                fetch, url, status=status, headers=headers, sha256=sha256, size=size,
                fault=fault, detail=detail[:400],
            )
        )  # fmt: skip
        self._flush(_FLUSH)
        if final and fetch is not None:
            self.blame(fetch, fault, detail)
            host = _host(fetch)
            self._failures[host] += fault in _OF_HOSTS
            if fault is Fault.RATE_LIMITED or self._failures[host] >= _GIVE_UP:
                self.leave_alone(host, fault, detail)

    def blame(self, fetch: Fetch, fault: Fault, detail: str) -> None:
        """Say that what was asked for could not be read. What is known of it stands."""
        self.faults.append((fetch.url, fault, detail))
        for key in (fetch.about, *fetch.also):
            if key is not None:
                self._about[key] = (fault, detail)
        if fetch.essential:
            self.fatal = self.fatal or (fault, f"{fetch.url}: {detail}")

    # -- parsing ---------------------------------------------------------------------------------

    def read(self, fetch: Fetch, page: Page, *, again: bool = False) -> list[Fetch]:
        """Let the step read the page; the fetches that follow from it.

        A page whose very bytes this parser has read in an accepted run, and that led nowhere
        else, is not read `again`.
        """
        mark = fetch.mark
        saved = self._now_saved.get(mark) or self.saved.get(mark)
        known = None if again else self._known(saved, page.sha256)
        if known is not None:
            self.counts["skipped"] += 1
            self.scraper.examine(known.examined)
            self._still.update(known.keys)
            return []
        before = self.scraper.examined
        try:
            said = list(self._step(fetch, page))
            for one in said:
                if not isinstance(one, _YIELDS):
                    raise TypeError(f"{fetch.step} yields {type(one).__name__}")
        except FaultError as error:
            return self._unread(fetch, page, error.fault, error.detail)
        except Exception as error:
            log.debug("%s: %s", self.source.id, fetch.url, exc_info=True)
            return self._unread(fetch, page, Fault.PARSER, f"{type(error).__name__}: {error}")
        while self.scraper.named_texts:
            # What is read for its law later: a document need not be a whole answer.
            _, text = self.scraper.named_texts.popitem()
            self.captures.put(text.encode("utf-8", "surrogatepass"))
        follow = [one for one in said if isinstance(one, Fetch)]
        unread = [one for one in said if isinstance(one, Unread)]
        keys: list[str] = []
        for one in said:
            if isinstance(one, Still):
                self._still.add(one.key)
                keys.append(one.key)
            elif isinstance(one, Unread):
                self._miss(fetch, page, one)
            elif not isinstance(one, Fetch):
                self._seen[one.key] = one
                keys.append(one.key)
        self._parsed[mark] = Parsed(
            self.run.parser,
            page.sha256,
            self.scraper.examined - before,
            tuple(keys),
            not follow and not unread,
        )
        return [one for one in follow if self._is_sound(one)]

    def settled(self, fetch: Fetch) -> bool:
        """Whether the answer that is held was read in an accepted run, and led nowhere else."""
        saved = self.saved.get(fetch.mark)
        if saved is None or saved.request != fetch.encoded:
            return False
        return self._known(saved, saved.sha256) is not None

    def page_of(self, saved: SavedPage) -> Page:
        """The page that a capture holds."""
        return Page(
            url=saved.url,
            status=saved.status,
            headers={k.lower(): v for k, v in saved.headers},
            body=self.captures.get(saved.sha256),
            sha256=saved.sha256,
            fetched_at=_time(saved.fetched_at),
        )

    # -- the end ---------------------------------------------------------------------------------

    def finish(self, *, interrupted: bool = False, because: str = "") -> Report:
        """Accept the run, or refuse all of it."""
        self._flush(1)
        state, reason = self._judge(interrupted)
        reason = because or reason
        now = self.clock()
        # What a list says in short of a document is no news of it if the document was not had.
        torn = self._about.keys() & self.scraper.known.keys()
        counts = {**self.counts, "examined": self.scraper.examined, "observed": len(self._seen)}
        if self.stopped and state is RunState.PARTIAL:
            counts["stopped"] = 1
        report = Report(self.source.id, state, reason, counts, faults=self.faults)
        if state in (RunState.OK, RunState.PARTIAL):
            report.tally = self.archive.accept(
                self.run, state, seen=[one for key, one in self._seen.items() if key not in torn],
                still=self._still - torn, faults=self._about,
                pages=self._parsed_pages(torn), now=now, reason=reason, counts=counts,
            )  # fmt: skip
        else:
            report.counts["errors"] = len(self.faults)
            self.archive.end(self.run, state, now=now, reason=reason, counts=report.counts)
        return report

    def _judge(self, interrupted: bool) -> tuple[RunState, str]:
        if interrupted:
            return RunState.INTERRUPTED, "stopped before the end; the next run goes on from there"
        if self.fatal:
            fault, detail = self.fatal
            return RunState.FAILED, f"{fault.value}: {detail}"
        asked = len(self._parsed) + self.counts["skipped"] + len(self.faults)
        if self.faults and len(self.faults) > self.source.bounds.errors * asked:
            where, fault, detail = self.faults[0]
            return RunState.FAILED, (
                f"{len(self.faults)} of {asked} requests failed; the first: "
                f"{fault.value}: {where}: {detail}"
            )
        short = self.stopped or self._unasked
        if short and not self._parsed and not self.counts["skipped"] and not self.faults:
            return RunState.WAITING, f"{short[0].value}: {short[1]}"
        # Captures pile up over many runs, so the bounds of one say nothing of them.
        broken = self._out_of_bounds(bool(short)) if self.run.purpose == "crawl" else None
        if broken:
            return RunState.FAILED, broken
        if short:
            return RunState.PARTIAL, f"{short[0].value}: {short[1]}"
        if self.faults:
            where, fault, detail = self.faults[0]
            return RunState.PARTIAL, f"{len(self.faults)} unread; {fault.value}: {where}: {detail}"
        return RunState.OK, ""

    def _out_of_bounds(self, is_half: bool) -> str | None:
        bounds, examined = self.source.bounds, self.scraper.examined
        observed = len(self._seen) + len(self._still - self._seen.keys())
        for what, count, (low, high) in (
            ("examined", examined, bounds.examined),
            ("observed", observed, bounds.observed),
        ):
            # What the lists did not reach is not missing: half a run can only hold too much.
            if not (is_half or low <= count) or count > high:
                return f"out of bounds: {what} {count}, expected {low} to {high}"
        if not is_half and self.last_examined and examined < bounds.collapse * self.last_examined:
            return (
                f"{Fault.COLLAPSED.value}: examined {examined}, "
                f"and {self.last_examined} in the run before"
            )
        return None

    # -- inside ----------------------------------------------------------------------------------

    def _is_sound(self, fetch: Fetch) -> bool:
        """Whether it can be asked and, from its capture, read again; if not, it is blamed."""
        try:
            parts = urlsplit(fetch.url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("no address of the web")
            _ = fetch.encoded
            getattr(self.scraper, fetch.step)
        except (ValueError, TypeError, AttributeError) as error:
            self.blame(fetch, Fault.PARSER, f"cannot be asked: {error}")
            return False
        return True

    def _miss(self, fetch: Fetch, page: Page, one: Unread) -> None:
        """Note a document that could not be read on a page that could."""
        self.bad(
            fetch, one.fault, one.detail, url=page.url, status=page.status, sha256=page.sha256,
            size=len(page.body), final=False,
        )  # fmt: skip
        self.faults.append((fetch.url, one.fault, f"{one.key}: {one.detail}"))
        self._about[one.key] = (one.fault, one.detail)

    def _step(self, fetch: Fetch, page: Page) -> Iterable[Yield]:
        step = getattr(self.scraper, fetch.step)
        said: Iterable[Yield] = step(page, **fetch.context) or ()
        return said

    def _unread(self, fetch: Fetch, page: Page, fault: Fault, detail: str) -> list[Fetch]:
        self.bad(
            fetch, fault, detail, url=page.url, status=page.status, sha256=page.sha256,
            size=len(page.body),
        )  # fmt: skip
        return []

    def _known(self, saved: SavedPage | None, sha256: str) -> Parsed | None:
        if saved is None or saved.parsed is None or self.thorough:
            return None
        parsed = msgspec.json.decode(saved.parsed, type=Parsed)
        same = parsed.sha256 == sha256 and parsed.parser == self.run.parser
        return parsed if same and parsed.leaf else None

    def _parsed_pages(self, torn: Set[str]) -> list[SavedPage]:
        """The pages that need not be read again; those of documents that were not had need."""
        pages = []
        for mark, parsed in self._parsed.items():
            if parsed.leaf and not torn.isdisjoint(parsed.keys):
                parsed = msgspec.structs.replace(parsed, leaf=False)
            page = self._now_saved.get(mark) or self.saved.get(mark)
            if page is not None:
                page.parsed = msgspec.json.encode(parsed).decode()
                pages.append(page)
        return pages

    def _row(
        self,
        fetch: Fetch | None,
        url: str,
        *,
        how: str = "fetched",
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        sha256: str | None = None,
        size: int = 0,
        fault: Fault | None = None,
        detail: str | None = None,
    ) -> FetchRow:
        sent = self.captures.put(fetch.body) if fetch is not None and fetch.body else None
        return FetchRow(
            fingerprint=fetch.mark if fetch else "robots",
            method=fetch.method if fetch else "GET",
            url=url,
            fetched_at=moment(self.clock()),
            how=how,
            request_sha256=sent,
            about=fetch.about if fetch else None,
            status=status,
            headers=tuple((k, v) for k, v in headers if k.lower() not in _SECRET),
            sha256=sha256,
            size=size,
            fault=fault,
            detail=detail,
        )

    def _flush(self, at: int) -> None:
        now = time.monotonic()
        if self._rows and (len(self._rows) >= at or now - self._flushed > _FLUSH_AFTER):
            self.archive.record(self.run, self._rows, self._pages)
            self._rows, self._pages, self._flushed = [], [], now


_MODIFIED: Final = "last-modified"
_YIELDS: Final = (Fetch, Still, Unread, Document, TrackedInstrument)


def _host(fetch: Fetch) -> str:
    return urlsplit(fetch.url).hostname or ""


@cache
def _readers() -> bytes:
    """A digest of what all parsers read with: text, words, stages, platforms."""
    home = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted([*home.glob("read/*.py"), *home.glob("crawl/platforms/*.py")]):
        digest.update(path.read_bytes())
    return digest.digest()


def parser_of(scraper: type[Scraper]) -> str:
    """Which parser this is: a digest of its files. Another parser reads every page again."""
    digest = hashlib.sha256(_readers())
    for name in scraper.files():
        digest.update(Path(name).read_bytes())
    return digest.hexdigest()[:16]


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def header_pairs(headers: Mapping[bytes, list[bytes]]) -> tuple[tuple[str, str], ...]:
    """Headers as text, in their order, bounded."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1")[:2000])
        for name, values in list(headers.items())[:60]
        for value in values[:8]
    )
