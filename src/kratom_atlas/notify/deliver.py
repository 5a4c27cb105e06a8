"""The work of sending: what is due is claimed, sent, and said to be sent or not.

Each envelope is marked by itself, right after it was sent: a crash repeats at most what a thread
had in hand. What fails is tried again, later and later, and then becomes a dead letter. What one
server does holds up no other: each is a lane with a pace and a width of its own, and one that does
not answer is left alone for a while.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import ChannelKind, Envelope, SubscriptionState
from kratom_atlas.notify.channels import Channel, Together, Undelivered
from kratom_atlas.store.outbox import Outbox
from kratom_atlas.store.subscriptions import Subscriptions

__all__ = ["BACKOFF", "Clock", "Delivered", "Tally", "deliver"]

Clock = Callable[[], datetime]

BACKOFF: Final = (60, 300, 1800, 7200, 21_600, 43_200, 86_400, 86_400)
"""Seconds until the next try, after the first, the second, ...; then it is a dead letter."""
_JITTER: Final = 0.2
_LONGEST: Final = 86_400
_THREADS: Final = 8
"""Posts under way at a time, over all lanes."""
_HELD: Final = 32
"""Claimed ones that wait for room on their lane: no more than can be sent while they are ours."""
_HOLD: Final = 60.0
_BATCH: Final = 100
_BATCH_SECONDS: Final = 5
_MAILERS: Final = 2
"""One sends while the other waits for the disk."""
_STRIKES: Final = 2
_LEFT_ALONE: Final = 60.0
"""Seconds for which a lane that failed is not tried."""
_NAP: Final = 1.0

_log = logging.getLogger("kratom_atlas.alerts")


class Tally(Struct):
    """How it went: sent, to be tried again, given up; and subscriptions that it suspended."""

    sent: int = 0
    again: int = 0
    dead: int = 0
    suspended: int = 0


class Delivered(Struct):
    """How it went on each channel, and in all."""

    by: dict[ChannelKind, Tally] = field(default_factory=dict)

    @property
    def all(self) -> Tally:
        """The sum."""
        found = self.by.values()
        return Tally(
            sent=sum(t.sent for t in found),
            again=sum(t.again for t in found),
            dead=sum(t.dead for t in found),
            suspended=sum(t.suspended for t in found),
        )


def deliver(
    outbox: Outbox,
    subscriptions: Subscriptions,
    channels: Mapping[ChannelKind, Channel],
    clock: Clock,
    *,
    worker: str,
    stop: Callable[[], bool],
    until_empty: bool,
) -> Delivered:
    """Send what is due until `stop` says so or, `until_empty`, nothing is.

    What is in hand is finished first. `clock` gives moments with a time zone; `worker` is a name
    that no other worker has now.

    Raises:
        StoreError: the store cannot be used; nothing that was sent is lost by it.
    """
    crew = _Crew(outbox, subscriptions, channels, clock, worker, stop, until_empty)
    works: list[Callable[[], None]] = []
    if mail := channels.get(ChannelKind.EMAIL):
        works += [lambda: crew.in_turn(mail)] * min(_MAILERS, mail.abreast)
    if posts := tuple(kind for kind in channels if kind is not ChannelKind.EMAIL):
        works.append(lambda: crew.abreast(posts))
    crew.run(works)
    return crew.delivered


class _Lane:
    """One server: how fast and how many at a time, and whether it answers."""

    def __init__(self, rate: float, width: int) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._burst = max(1.0, min(rate, 5.0)) - 1
        self._width = width
        self._next = 0.0
        self._busy = 0
        self._alone_until = 0.0
        self._strikes = 0
        self._lock = threading.Lock()

    @property
    def unwell(self) -> bool:
        """Whether it is left alone now."""
        return time.monotonic() < self._alone_until

    def enter(self) -> bool:
        """Take room on it, if there is any."""
        with self._lock:
            if self._busy >= self._width:
                return False
            self._busy += 1
            return True

    def leave(self) -> None:
        """Give the room back."""
        with self._lock:
            self._busy -= 1

    def pace(self) -> None:
        """Wait for one's turn: a token bucket, written as the time at which the next is free."""
        if not self._gap:
            return
        with self._lock:
            now = time.monotonic()
            self._next = max(self._next, now - self._burst * self._gap)
            turn = self._next
            self._next += self._gap
        time.sleep(max(0.0, turn - now))

    def failed(self) -> None:
        """Leave it alone for a while, if nothing came through since it last failed.

        One failure is not enough: a host may be shared by people who have nothing to do with
        whoever made it fail.
        """
        with self._lock:
            self._strikes += 1
            if self._strikes >= _STRIKES:
                self._alone_until = time.monotonic() + _LEFT_ALONE

    def answered(self) -> None:
        """It does answer."""
        with self._lock:
            self._strikes = 0


class _Crew:
    """The threads of one call, and what they share."""

    def __init__(
        self,
        outbox: Outbox,
        subscriptions: Subscriptions,
        channels: Mapping[ChannelKind, Channel],
        clock: Clock,
        worker: str,
        stop: Callable[[], bool],
        until_empty: bool,
    ) -> None:
        self.delivered = Delivered({kind: Tally() for kind in channels})
        self._outbox = outbox
        self._subscriptions = subscriptions
        self._channels = channels
        self._clock = clock
        self._worker = worker
        self._stop = stop
        self._until_empty = until_empty
        self._halt = threading.Event()
        self._lanes: dict[tuple[ChannelKind, str], _Lane] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # SQLite has those who wait for it sleep too long
        self._chance = random.SystemRandom()

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Do all of it at once; where one fails, the others stop."""
        if not works:
            return
        with ThreadPoolExecutor(len(works), thread_name_prefix="alerts") as pool:
            running = [pool.submit(self._guarded, work) for work in works]
            try:
                wait(running)
            except BaseException:
                self._halt.set()
                raise
        for done in running:
            done.result()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException:
            self._halt.set()
            raise

    # -- mail: one server takes all of it ---------------------------------------------------------

    def in_turn(self, channel: Channel) -> None:
        """Claim some and send them, as many at a time as there are connections."""
        lane = self._lane(channel, "")
        batch = max(1, min(_BATCH, int(channel.rate * _BATCH_SECONDS) if channel.rate else _BATCH))
        together = -(-channel.abreast // _MAILERS) if isinstance(channel, Together) else 1
        while not self._stopping():
            if lane.unwell:
                if self._until_empty:
                    return
                self._halt.wait(_NAP)
                continue
            claimed = self._claim((channel.kind,), batch)
            if not claimed and self._until_empty:
                return
            for start in range(0, len(claimed), together):
                if self._stopping():
                    self._give_back(claimed[start:])
                    break
                self._send(channel, lane, claimed[start : start + together])
            if not claimed:
                self._rest()

    # -- posts: to as many servers as there are subscribers ---------------------------------------

    def abreast(self, kinds: Collection[ChannelKind]) -> None:
        """Claim as many as there are free hands; what finds no room on its lane is held."""
        held: deque[tuple[float, Envelope]] = deque()
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="posts") as pool:
            while not self._stopping():
                self._start(pool, running, held)
                free = min(_THREADS - len(running), _HELD - len(held))
                claimed = self._claim(kinds, free) if free > 0 else []
                held.extend((time.monotonic(), envelope) for envelope in claimed)
                self._start(pool, running, held)
                running = self._finished(running, bool(claimed))
                if not (claimed or held or running):
                    if self._until_empty:
                        return
                    self._rest()
            self._give_back([envelope for _, envelope in held])
        self._finished(running, True)

    def _start(
        self,
        pool: ThreadPoolExecutor,
        running: set[Future[None]],
        held: deque[tuple[float, Envelope]],
    ) -> None:
        for _ in range(len(held)):
            since, envelope = held.popleft()
            channel = self._channels[envelope.subscription.channel]
            lane = self._lane(channel, envelope.subscription.address)
            if len(running) < _THREADS and lane.enter():
                running.add(pool.submit(self._send_on, channel, lane, envelope))
            elif time.monotonic() - since > _HOLD or (len(held) == _HELD and lane.unwell):
                self._failed(envelope, Undelivered("its server was busy with others"), BACKOFF[0])
            else:
                held.append((since, envelope))

    def _send_on(self, channel: Channel, lane: _Lane, envelope: Envelope) -> None:
        try:
            self._send(channel, lane, [envelope])
        finally:
            lane.leave()

    def _finished(self, running: set[Future[None]], at_once: bool) -> set[Future[None]]:
        """What still runs; a fault of the store in what does not is raised."""
        if not running:
            return running
        done, rest = wait(running, 0 if at_once else _NAP / 5, return_when=FIRST_COMPLETED)
        for one in done:
            one.result()
        return rest

    # -- some envelopes ---------------------------------------------------------------------------

    def _send(self, channel: Channel, lane: _Lane, envelopes: Sequence[Envelope]) -> None:
        """Send some at once, and say of each what came of it before any other is sent."""
        sent: list[str] = []
        for envelope, error in zip(envelopes, self._try(channel, lane, envelopes), strict=True):
            if error is None:
                sent.append(envelope.id)
            else:
                self._undelivered(lane, envelope, error)
        if sent:
            lane.answered()
            with self._writing:
                self._outbox.sent(sent, self._now())
            self._count(channel.kind, "sent", len(sent))

    def _try(
        self, channel: Channel, lane: _Lane, envelopes: Sequence[Envelope]
    ) -> list[Undelivered | None]:
        if lane.unwell and all(one.attempt <= len(BACKOFF) for one in envelopes):
            return [Undelivered("its server did not answer a moment ago") for _ in envelopes]
        for _ in envelopes:
            lane.pace()
        try:
            if isinstance(channel, Together):
                return channel.send_all(envelopes)
            [envelope] = envelopes
            channel.send(envelope)
        except Undelivered as error:
            return [error]
        except AtlasError as error:
            return [Undelivered(str(error), permanent=True)]
        except Exception as error:  # noqa: BLE001 -- one letter must not keep back the others
            # Its words may hold an address: the place in the code tells enough.
            at = traceback.extract_tb(error.__traceback__)[-1]
            name = type(error).__name__
            place = f"{Path(at.filename).name}:{at.lineno}"
            _log.error("letters %s: %s at %s", " ".join(e.id for e in envelopes), name, place)
            return [Undelivered(name, doubtful=True) for _ in envelopes]
        return [None]

    def _undelivered(self, lane: _Lane, envelope: Envelope, error: Undelivered) -> None:
        if error.unwell:
            lane.failed()
        again = None if error.permanent else self._next(envelope, error)
        self._failed(envelope, error, again)
        if error.bounce and again is None:
            self._bounced(envelope, hard=error.permanent)

    def _next(self, envelope: Envelope, error: Undelivered) -> int | None:
        """Seconds until the next try, if there is one."""
        if not 1 <= envelope.attempt <= len(BACKOFF):
            return None
        wait_for = BACKOFF[envelope.attempt - 1] * self._chance.uniform(1 - _JITTER, 1 + _JITTER)
        return min(_LONGEST, int(max(wait_for, error.retry_after or 0)))

    def _failed(self, envelope: Envelope, error: Undelivered, again: int | None) -> None:
        kind = envelope.subscription.channel
        when = None if again is None else self._now(again)
        with self._writing:
            self._outbox.failed(
                envelope.id, str(error), self._now(), again=when, doubtful=error.doubtful
            )
        self._count(kind, "dead" if again is None else "again")
        if again is None:
            _log.warning("letter %s (%s) was given up: %s", envelope.id, kind, error)

    def _bounced(self, envelope: Envelope, *, hard: bool) -> None:
        subscription = envelope.subscription
        try:
            with self._writing:
                state = self._subscriptions.bounced(subscription.ref, hard=hard, now=self._now())
        except AtlasError:  # it was forgotten meanwhile
            return
        if state is SubscriptionState.SUSPENDED:
            self._count(subscription.channel, "suspended")

    def _give_back(self, envelopes: Sequence[Envelope]) -> None:
        """What was claimed and not begun is for whoever comes next."""
        for envelope in envelopes:
            self._failed(envelope, Undelivered("it was not begun"), 0)

    # -- small things -----------------------------------------------------------------------------

    def _claim(self, kinds: Collection[ChannelKind], limit: int) -> list[Envelope]:
        with self._writing:
            return self._outbox.claim(self._worker, self._now(), channels=kinds, limit=limit)

    def _lane(self, channel: Channel, address: str) -> _Lane:
        key = (channel.kind, channel.lane(address))
        with self._lock:
            if key not in self._lanes:
                self._lanes[key] = _Lane(channel.rate, channel.abreast)
            return self._lanes[key]

    def _count(self, kind: ChannelKind, what: str, many: int = 1) -> None:
        with self._lock:
            tally = self.delivered.by[kind]
            setattr(tally, what, getattr(tally, what) + many)

    def _now(self, ahead: int = 0) -> str:
        moment = self._clock().astimezone(UTC) + timedelta(seconds=ahead)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _stopping(self) -> bool:
        return self._halt.is_set() or self._stop()

    def _rest(self) -> None:
        """Sleep until something is due, but no longer than it takes to be asked to stop."""
        due = self._outbox.next_due()
        left = seconds(due) - self._clock().timestamp() if due else _NAP
        self._halt.wait(min(_NAP, max(0.05, left)))
