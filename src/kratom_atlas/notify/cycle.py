"""From the ledger to the outbox: what is new is published and matched, again and again.

One process at a time tells; others deliver meanwhile. Whatever was told is known by its key in the
store, so that a turn may end at any instruction and another does the rest.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.keeping import UNCONFIRMED
from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import ChannelKind, Topic
from kratom_atlas.notify.channels import Channel
from kratom_atlas.notify.deliver import Delivered, deliver
from kratom_atlas.notify.messages import messages
from kratom_atlas.notify.notices import notices
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.release.tables import Edition
from kratom_atlas.resolve.record import Record, View
from kratom_atlas.settings import Settings
from kratom_atlas.store.crawls import moment
from kratom_atlas.store.ledger import read_batches
from kratom_atlas.store.looks import mark_of, read_looks
from kratom_atlas.store.outbox import Outbox, Reach
from kratom_atlas.store.subscriptions import Subscriptions
from kratom_atlas.store.turns import turn

if TYPE_CHECKING:
    from kratom_atlas.crawl.health import Survey
    from kratom_atlas.model.subscription import Notice
    from kratom_atlas.store.database import Store

__all__ = ["Teller", "Told", "reach_of", "run", "send_due"]

log = logging.getLogger(__name__)

_LOCK: Final = 0x6B72616C
"""The advisory lock of whoever tells: never change it."""


@dataclass(frozen=True)
class Told:
    """What one turn did: notices that are new, and deliveries made of them.

    `is_first`: of this store, so that what is known already was told to nobody.
    """

    published: int
    matched: int
    is_first: bool = False


class Teller:
    """Publishes what is new in the ledger and the sources, and matches it with subscriptions.

    A look at which nothing has changed costs next to nothing. `sheets` is the folder of the
    record. Use it from one thread.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sheets: Path | Traversable | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._sheets = sheets if sheets is not None else packaged_sheets()
        self._outbox = Outbox(store)
        self._subscriptions = Subscriptions(store)
        self._tidied = ""
        self._record: tuple[int, Record] | None = None
        self._seen: tuple[object, ...] = ()

    def turn(self, *, quietly: bool = False, always: bool = False) -> Told | None:
        """Tell what there is to tell now. None: nothing has changed, or another is at it.

        `quietly`: what is new is marked as told, and nobody is told. `always`: look even where
        nothing seems to have changed.

        Raises:
            AtlasError: the ledger, the store or a source's declaration cannot be read.
        """
        now = self._clock()
        if self._look(now) == self._seen and not always:
            return None
        with turn(self._store, "alerts", _LOCK) as is_mine:
            if is_mine is None:
                return None
            self._store.sync(read_batches(self._sheets / "ledger"))
            self._let_pass()
            seen = self._look(now)  # before anything is read: what comes meanwhile is seen next
            told = self._tell(now, quietly=quietly)
            self._tidy(now)
        self._seen = seen
        return told

    def _let_pass(self) -> None:
        """Wait until the second of the last line is over.

        Until then more may be recorded at that moment: what had been told and is then withdrawn
        would never have been said, and nobody would be told that it was wrong.
        """
        lines = self.record().lines
        since = self._clock().timestamp() - seconds(lines[-1].recorded_at) if lines else 1.0
        if 0 <= since < 1:
            time.sleep(1 - since)

    def _look(self, now: datetime) -> tuple[object, ...]:
        """Another value whenever there may be something to tell; at least once an hour."""
        ledger = self._sheets / "ledger"
        names = sorted(e.name for e in ledger.iterdir()) if ledger.is_dir() else []
        return names, self._store.length(), f"{now:%Y-%m-%dT%H}", mark_of(self._store, now)

    def record(self) -> Record:
        """The record as the store has it now."""
        length = self._store.length()
        if self._record is None or self._record[0] != length:
            places = load_register(self._sheets)
            self._record = (length, Record(list(self._store.lines()), places))
        return self._record[1]

    def _tell(self, now: datetime, *, quietly: bool) -> Told:
        stamp, record = moment(now), self.record()
        is_first = self._outbox.is_new()
        fresh = list(self._fresh(record, now, () if is_first else self._outbox.known()))
        if is_first or quietly:
            # Of what is known already only that which is yet to come is worth telling.
            ahead = [one for one in fresh if one.topic is Topic.UPCOMING and not quietly]
            known = [one for one in fresh if one.topic is not Topic.UPCOMING or quietly]
            published = self._outbox.publish(known, stamp, told=True)
            published += self._outbox.publish(ahead, stamp)
        else:
            published = self._outbox.publish(fresh, stamp)
        matched = self._outbox.match(stamp, reach_of(record.at()))
        return Told(published, matched, is_first)

    def _tidy(self, now: datetime) -> None:
        """Once a day, let go of what is kept no longer."""
        today = f"{now:%Y-%m-%d}"
        if self._tidied != today:
            self._outbox.purge(moment(now))
            self._subscriptions.drop_unconfirmed(moment(now - UNCONFIRMED))
            self._tidied = today

    def _fresh(self, record: Record, now: datetime, known: Collection[str]) -> Iterator[Notice]:
        edition = Edition(record, now.date().toordinal())
        return notices(
            edition,
            messages(edition),
            now.date(),
            survey=self._survey(now),
            known=known,
            base_url=self._settings.base_url,
        )

    def _survey(self, now: datetime) -> Survey:
        from kratom_atlas.crawl.health import families, survey
        from kratom_atlas.crawl.registry import find_scrapers

        scrapers = list(find_scrapers().values())
        wanted = (one.source.key.env for one in scrapers if one.source.key)
        held = [name for name, _ in self._settings.keys(wanted)]
        looks = read_looks(self._store, now, families(scrapers))
        return survey(scrapers, looks, now, held)


def run(
    store: Store,
    settings: Settings,
    channels: Mapping[ChannelKind, Channel],
    stop: threading.Event,
    *,
    poll: float = 10.0,
) -> None:
    """Tell and deliver until `stop`; look every `poll` seconds whether something is new.

    What the store or a source does wrong meanwhile is said in the log, and tried again.
    """
    teller = Teller(store, settings)

    def tell() -> None:
        while not stop.is_set():
            with _going_on():
                told = teller.turn()
                if told is not None and (told.published or told.matched):
                    log.info("alerts: %d new, %d deliveries", told.published, told.matched)
            stop.wait(poll)

    thread = threading.Thread(target=tell, name="tell")
    thread.start()
    try:
        while not stop.is_set():
            with _going_on():
                send_due(store, channels, stop, until_empty=False)
            stop.wait(poll)
    finally:
        stop.set()
        thread.join()


def send_due(
    store: Store,
    channels: Mapping[ChannelKind, Channel],
    stop: threading.Event,
    *,
    until_empty: bool = True,
) -> Delivered:
    """Send what is due, as a worker with a name of its own.

    Raises:
        StoreError: the store cannot be used.
    """
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    return deliver(
        Outbox(store),
        Subscriptions(store),
        channels,
        lambda: datetime.now(UTC),
        worker=name,
        stop=stop.is_set,
        until_empty=until_empty,
    )


@contextmanager
def _going_on() -> Iterator[None]:
    """The store may come back, and a declaration be mended: whoever runs this wants it to go on."""
    try:
        yield
    except (AtlasError, SQLAlchemyError) as error:
        log.warning("alerts: %s; trying again", " ".join(str(error).split())[:300])


def reach_of(view: View) -> Callable[[str], Reach]:
    """Whose subscribers are told of the law of a place, by its code.

    Those of the place and of all that it binds, and those of what binds it who want to be told
    what is inside.
    """
    places = view.record.places
    index = {place.code: n for n, place in enumerate(places)}

    @cache
    def reach(code: str) -> Reach:
        n = index.get(code)
        if n is None:
            return Reach(at=frozenset({code}), above=frozenset())
        below = (n, *view.children.get(n, ()))
        return Reach(
            at=frozenset(places[m].code for m in below),
            above=frozenset(places[m].code for m in view.binders[n]),
        )

    return reach
