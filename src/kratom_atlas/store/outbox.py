"""The outbox: what there is to tell, to whom, and how far each letter has come.

`publish` keeps a notice, `match` makes a delivery of it for each subscription that chose it,
`claim` puts the deliveries of one subscription that are due into an envelope and lends it to a
worker, which then says `sent` or `failed`. Every step is one transaction, so a crash loses
nothing; an envelope that was lent and never answered for is lent again, under the same id, when
its lease is over. What a worker had in hand at that moment may arrive twice, and nothing else.

What is known to be wrong is not sent: a notice that corrects others makes those published before
it void. What of them was not yet lent is taken back; who got one, or may have, gets the
correction. Deliveries that were sent are kept for `KEPT_DAYS` to that end.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection, Row

from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import (
    EVERYWHERE,
    ChannelKind,
    Envelope,
    Notice,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.store import alerts as t
from kratom_atlas.store.database import Store, StoreError, plainly, writing

__all__ = ["CAP", "COUNTED", "KEPT_DAYS", "Dead", "Outbox", "Reach", "Stats"]

CAP: Final = 50
"""So many notices are in one envelope at most."""
COUNTED: Final = 100_000
"""Counts go no further: this many means at least so many."""
KEPT_DAYS: Final = 400
"""Who got what is kept for so long; a correction of what is older goes to those who chose it."""
GIVE_UP: Final = 25
"""An envelope under which the worker ended so often is a dead letter."""

_BREATH: Final = 0.02
"""Seconds between two notices in which others may write to a SQLite store."""
_LASTING: Final = frozenset({Topic.UPCOMING, Topic.TOOK_EFFECT})
_ASKED_FOR: Final = {Topic.CORRECTION: (Topic.CORRECTION, Topic.NEW_LAW)}
"""A correction that says what the law is, is also for those who asked for new law alone."""
_UNGRADED: Final = frozenset({Topic.BILL_MOVED, Topic.SOURCE_SILENT})
"""Topics to which no severity applies: they are no changes of law."""
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MOST_WORDS: Final = 500
_CACHED: Final = 2000


class Reach(Struct, frozen=True):
    """Whose subscribers a notice about a place is for.

    Those of the codes `at` are told whatever; those of `above` if they chose what is inside.
    """

    at: frozenset[str]
    above: frozenset[str]


class Dead(Struct, frozen=True, kw_only=True):
    """A letter that was given up, why and when."""

    envelope: Envelope
    reason: str
    at: str


class Stats(Struct, frozen=True, kw_only=True):
    """How full the outbox is.

    `waiting` deliveries are in no envelope yet, and `due` of them could be; `in_flight` envelopes
    are with a worker, `retrying` ones wait for another try, `sent` and `dead` ones are of the
    days for which they are kept. No count goes beyond `COUNTED`, so that to ask is cheap whatever
    waits. `oldest_due` is the moment since which something could be sent.
    """

    waiting: int
    due: int
    in_flight: int
    retrying: int
    sent: int
    dead: int
    oldest_due: str | None


class Outbox:
    """The outbox of a store. Safe to use from several threads and processes.

    Times are UTC, as the ledger writes them. `lease` is for how many seconds an envelope is lent:
    a worker claims no more at once than it can send in that time.
    """

    def __init__(self, store: Store, *, lease: int = 300) -> None:
        self._store = store
        self._lease = lease
        self._sql = _Sql(store.engine.dialect.name)
        self._pause = _BREATH if store.engine.dialect.name == "sqlite" else 0.0
        self._known: dict[int, Notice] = {}
        t.keep_up(store)

    # -- what there is to tell -------------------------------------------------------------------

    def is_new(self) -> bool:
        """Whether nothing was ever published here."""
        with self._reading() as connection:
            return connection.scalar(sa.select(t.notice.c.id).limit(1)) is None

    def known(self) -> frozenset[str]:
        """The keys of all that was ever published here."""
        with self._reading() as connection:
            return frozenset(connection.scalars(sa.select(t.notice.c.key)))

    def publish(self, notices: Iterable[Notice], now: str, *, told: bool = False) -> int:
        """Keep what is new of these, in their order; how many are.

        One that corrects others makes void what was published before it. `told` ones are known
        already: nobody is told of them.

        Raises:
            StoreError: one of them has a day that does not exist, or text that cannot be stored.
        """
        added = 0
        with self._writing() as connection:
            t.lock(connection, t.PUBLISHING, alone=True)
            for chunk in t.chunks(notices):
                new = _unpublished(connection, chunk)
                if not new:
                    continue
                rows = [_notice_row(one, seconds(now), told) for one in new]
                ids = connection.scalars(_PUBLISH, rows).all()
                for number, one in zip(ids, new, strict=True):
                    if one.corrects:
                        self._void(connection, number, one.corrects)
                added += len(new)
        return added

    def _void(self, connection: Connection, number: int, corrects: Sequence[str]) -> None:
        wrong = (
            sa.update(t.notice)
            .where(t.notice.c.about.in_(corrects), t.notice.c.id < number, ~t.notice.c.void)
            .values(void=True, open=False)
            .returning(t.notice.c.id)
        )
        ids = connection.scalars(wrong).all()
        connection.execute(sa.delete(t.delivery).where(t.delivery.c.notice.in_(ids), _WAITING))

    # -- to whom ---------------------------------------------------------------------------------

    def match(self, now: str, reach: Callable[[str], Reach], *, limit: int | None = None) -> int:
        """Make the deliveries of what was not looked at today, for `limit` notices at most.

        `reach` says of a code whom a notice about it is for. What is upcoming, or took effect, is
        looked at each day as long as it is worth telling, and for whoever confirmed today at each
        call. Returns how many deliveries were made. Days are those of UTC.
        """
        at, today = seconds(now), date.fromisoformat(now[:10]).toordinal()
        fresh = self._anyone_since(at - at % 86_400)
        made = looked = last = 0
        while limit is None or looked < limit:
            with self._writing() as connection:
                t.lock(connection, t.MATCHING, alone=False)
                _allow_memory(connection)
                row = connection.execute(_next_look(last, today, again=fresh)).first()
                if row is None:
                    return made
                _set_hours(connection, at)
                found = self._look(connection, row, at, today, reach)
            last, looked, made = row.id, looked + 1, made + found
            if found:
                time.sleep(self._pause)
        return made

    def _anyone_since(self, second: int) -> bool:
        query = sa.select(t.interest.c.since).where(t.interest.c.since >= second).limit(1)
        with self._reading() as connection:
            return connection.scalar(query) is not None

    def _look(
        self,
        connection: Connection,
        row: Row[Any],
        at: int,
        today: int,
        reach: Callable[[str], Reach],
    ) -> int:
        one = _NOTICE.decode(row.body)
        due = date.fromisoformat(one.due).toordinal() if one.due else 0
        lasts = one.topic in _LASTING and today <= due
        late = one.topic is Topic.UPCOMING and 0 < due < today
        made = 0
        if one.corrects and not row.looked:
            made += self._retract(connection, row.id, one.corrects, at)
        if not (one.withdraws or late):
            wanted = {
                "notice": row.id,
                "now": at,
                "topics": t.mask(_ASKED_FOR.get(one.topic, [one.topic])),
                "substances": t.mask(one.substances) if one.substances else t.ALL,
                "severity": 0 if one.topic in _UNGRADED else one.severity.rank,
                "days": due - today if one.topic is Topic.UPCOMING and due else -1,
                "until": t.FOREVER if lasts else row.published,
                "since": at - at % 86_400 if row.looked == today else 0,
            }
            again = row.looked == today
            if one.topic is Topic.UPCOMING and due:
                wanted |= {"about": one.about, "due": due - _EPOCH_DAY}
                statement = self._sql.ahead_fresh if again else self._sql.ahead
            elif again:
                statement = self._sql.match_fresh
            else:
                statement = self._sql.match_again if row.looked or made else self._sql.match_first
            reached = _reached(connection, one, reach)
            made += connection.execute(statement, wanted | reached).rowcount
        if row.looked != today or not lasts:
            connection.execute(
                sa.update(t.notice).where(t.notice.c.id == row.id).values(looked=today, open=lasts)
            )
        return made

    def _retract(
        self, connection: Connection, number: int, corrects: Collection[str], at: int
    ) -> int:
        """Deliver to whoever got what is corrected, or a correction of it that was wrong too."""
        wrong: dict[int, None] = {}
        asked: set[str] = set()
        ask = set(corrects)
        while ask:
            rows = connection.execute(
                sa.select(t.notice.c.id, t.notice.c.body).where(
                    t.notice.c.about.in_(ask), t.notice.c.void, t.notice.c.id < number
                )
            ).all()
            asked |= ask
            wrong |= dict.fromkeys(row.id for row in rows)
            ask = {name for row in rows for name in _NOTICE.decode(row.body).corrects} - asked
        given = {"notice": number, "now": at, "wrong": t.in_list(connection, wrong)}
        return connection.execute(self._sql.retract, given).rowcount

    # -- letters ---------------------------------------------------------------------------------

    def claim(
        self,
        worker: str,
        now: str,
        *,
        channels: Collection[ChannelKind] = tuple(ChannelKind),
        limit: int = 1,
    ) -> list[Envelope]:
        """Borrow up to `limit` envelopes that are due, those that wait longest first.

        Each is one subscription's: all that is due for it and in no other envelope. The ids and
        the notices of an envelope stay what they are however often it is lent, except that what
        turned out to be wrong is left out.
        """
        at = seconds(now)
        numbers = sorted(t.CHANNELS[kind] for kind in channels)
        due = self._first_due(numbers)
        if due is None or due > at:
            return []
        while True:
            with self._writing() as connection:
                t.lock(connection, t.PUBLISHING, alone=False)
                rows = self._due(connection, numbers, at, limit)
                lent = list(self._lend(connection, worker, at, rows, limit))
            if lent or not rows:  # what was found may have been dropped, or another's by now
                return lent

    def _due(
        self, connection: Connection, channels: Iterable[int], at: int, limit: int
    ) -> list[Row[Any]]:
        """Rows of envelopes, and of deliveries in none, that are due and nobody else's."""
        found: list[Row[Any]] = []
        for number in channels:
            given = {"channel": number, "now": at, "limit": limit}
            found += connection.execute(self._sql.lent_before, given).all()
            found += connection.execute(self._sql.next_due, given).all()
        return sorted(found, key=lambda row: row.due)

    def _lend(
        self, connection: Connection, worker: str, at: int, found: Sequence[Row[Any]], limit: int
    ) -> Iterator[Envelope]:
        lent: list[_Letter] = []
        fresh: dict[int, int] = {}
        for row in found:
            if len(lent) + len(fresh) >= limit:
                break
            if "name" not in row._fields:
                fresh[row.subscription] = row.channel
            elif letter := _lend_again(connection, row, worker, at, self._lease):
                lent.append(letter)
        lent += self._make(connection, fresh, worker, at)
        senders = _subscriptions(connection, [one.subscription for one in lent])
        self._learn(connection, {n for one in lent for n in one.notices})
        for one in lent:
            yield Envelope(
                id=one.name,
                subscription=senders[one.subscription],
                notices=tuple(self._known[n] for n in one.notices),
                attempt=one.attempt,
                more=one.more,
            )

    def _make(
        self, connection: Connection, fresh: dict[int, int], worker: str, at: int
    ) -> list[_Letter]:
        """New envelopes: all that is due for some subscriptions, by subscription and channel."""
        waits: dict[int, list[int]] = {row: [] for row in fresh}
        for channel in sorted(set(fresh.values())):
            mine = [row for row, number in fresh.items() if number == channel]
            notices = connection.scalars(self._sql.waiting, {"channel": channel, "now": at}).all()
            given = {
                "notices": t.in_list(connection, notices),
                "subscriptions": t.in_list(connection, mine),
                "now": at,
            }
            for notice, row in connection.execute(self._sql.gather, given):
                waits[row].append(notice)
        self._learn(connection, {n for ones in waits.values() for n in ones})
        letters = [
            _Letter(uuid.uuid4().hex, row, self._order(ones), 1, max(0, len(ones) - CAP))
            for row, ones in waits.items()
            if ones  # else another worker was there first
        ]
        rows = [
            {
                "name": letter.name, "subscription": letter.subscription,
                "channel": fresh[letter.subscription], "state": "claimed",
                "due": at + self._lease, "attempt": 1, "lost": 0, "doubtful": False,
                "more": letter.more, "worker": worker, "reason": "",
                "notices": msgspec.json.encode(letter.notices).decode(),
            }
            for letter in letters
        ]  # fmt: skip
        numbers = connection.scalars(_LEND, rows).all() if rows else []
        attached = [
            {"n": n, "s": one.subscription, "e": number, "h": None if n in one.notices else True}
            for number, one in zip(numbers, letters, strict=True)
            for n in waits[one.subscription]
        ]
        if attached:
            connection.execute(_ATTACH, attached)
        return letters

    def _order(self, ones: Sequence[int]) -> list[int]:
        """Which of the notices are shown: corrections, then the gravest, then the newest.

        Those of one act stand together, where the first of them would.
        """
        best = sorted(ones, key=lambda n: (*_rank(self._known[n]), -n))[:CAP]
        acts: dict[str, list[int]] = {}
        for n in best:
            acts.setdefault(self._known[n].act or f"\0{n}", []).append(n)
        return [n for act in acts.values() for n in act]

    def _learn(self, connection: Connection, wanted: set[int]) -> None:
        """Read the notices that this process has not read yet; what one says never changes."""
        if len(self._known) > _CACHED:
            self._known = {}
        query = sa.select(t.notice.c.id, t.notice.c.body)
        for chunk in t.chunks(sorted(wanted - self._known.keys()), 500):
            rows = connection.execute(query.where(t.notice.c.id.in_(chunk)))
            self._known |= {row.id: _NOTICE.decode(row.body) for row in rows}

    # -- what became of them ---------------------------------------------------------------------

    def sent(self, envelope_ids: str | Collection[str], now: str) -> None:
        """Say that an envelope arrived; nothing, if its subscription was forgotten meanwhile.

        Several are those that were sent at the same time, each by itself.
        """
        names = [envelope_ids] if isinstance(envelope_ids, str) else [*envelope_ids]
        with self._writing() as connection:
            connection.execute(
                sa.update(t.envelope)
                .where(t.envelope.c.name.in_(names), _UNDER_WAY)
                .values(state="sent", ended=seconds(now), reason="")
            )

    def failed(
        self,
        envelope_id: str,
        reason: str,
        now: str,
        *,
        again: str | None,
        doubtful: bool = False,
    ) -> None:
        """Say that an envelope did not arrive, and when to try `again`: never, for None.

        `doubtful` says that it may have arrived all the same: who it is for then counts among
        those who got what it says.
        """
        words = " ".join(reason.split())[:_MOST_WORDS].encode("utf-8", "replace").decode()
        values: dict[str, Any] = {"reason": words.replace("\0", "\N{REPLACEMENT CHARACTER}")}
        if again is None:
            values |= {"state": "dead", "ended": seconds(now)}
        else:
            values |= {"state": "waiting", "due": seconds(again)}
        if doubtful:
            values["doubtful"] = True
        with self._writing() as connection:
            connection.execute(
                sa.update(t.envelope)
                .where(t.envelope.c.name == envelope_id, _CLAIMED)
                .values(**values)
            )

    def dead(self, *, limit: int = 100) -> list[Dead]:
        """The letters that were given up, the last first."""
        query = (
            sa.select(t.envelope)
            .where(_DEAD)
            .order_by(t.envelope.c.ended.desc(), t.envelope.c.id.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
            senders = _subscriptions(connection, [row.subscription for row in rows])
            notices = {row.id: _numbers(row) for row in rows}
            self._learn(connection, {n for ones in notices.values() for n in ones})
        return [
            Dead(
                envelope=Envelope(
                    id=row.name,
                    subscription=senders[row.subscription],
                    notices=tuple(self._known[n] for n in notices[row.id]),
                    attempt=row.attempt,
                    more=row.more,
                ),
                reason=row.reason,
                at=t.moment_of(row.ended),
            )
            for row in rows
        ]

    def replay(self, envelope_id: str, now: str) -> bool:
        """Try a dead letter again from the beginning; whether there is one to be tried."""
        active = sa.select(t.subscription.c.id).where(
            t.subscription.c.state == SubscriptionState.ACTIVE.value
        )
        again = (
            sa.update(t.envelope)
            .where(t.envelope.c.name == envelope_id, _DEAD, t.envelope.c.subscription.in_(active))
            .values(state="waiting", due=seconds(now), attempt=0, lost=0, ended=None)
        )
        with self._writing() as connection:
            return connection.execute(again).rowcount == 1

    def purge(self, now: str) -> int:
        """Erase what was sent or given up more than `KEPT_DAYS` ago; how many letters."""
        before = seconds(now) - KEPT_DAYS * 86_400
        over = sa.or_(
            *(sa.and_(state, t.envelope.c.ended < before) for state in (_SENT, _DEAD, _DROPPED))
        )
        old = sa.select(t.notice.c.id).where(t.notice.c.published < before)
        with self._writing() as connection:
            connection.execute(
                sa.delete(t.delivery).where(
                    t.delivery.c.notice.in_(old),
                    t.delivery.c.envelope.in_(sa.select(t.envelope.c.id).where(over)),
                )
            )
            return connection.execute(sa.delete(t.envelope).where(over)).rowcount

    # -- how it is doing -------------------------------------------------------------------------

    def next_due(self) -> str | None:
        """The moment at which something is, or was, due; None where nothing waits."""
        found = self._first_due(sorted(t.CHANNELS.values()))
        return None if found is None else t.moment_of(found)

    def _first_due(self, channels: Iterable[int]) -> int | None:
        with self._reading() as connection:
            rows = [
                connection.execute(self._sql.first_due, {"channel": number}).one()
                for number in channels
            ]
        return min((due for row in rows for due in row if due is not None), default=None)

    def stats(self, now: str | None = None) -> Stats:
        """How full the outbox is, at a moment or now; read from small indices, never from all."""
        at = seconds(now) if now else int(datetime.now(UTC).timestamp())
        late = sa.and_(
            _WAITING, t.delivery.c.channel.in_(t.CHANNELS.values()), t.delivery.c.due <= at
        )
        counts = {
            "waiting": sa.select(t.delivery.c.notice).where(_WAITING),
            "due": sa.select(t.delivery.c.notice).where(late),
            **{
                name: sa.select(t.envelope.c.id).where(state)
                for name, state in (
                    ("in_flight", _CLAIMED), ("lent", _UNDER_WAY), ("sent", _SENT), ("dead", _DEAD)
                )
            },
        }  # fmt: skip
        with self._reading() as connection:
            found = {
                name: connection.scalar(
                    sa.select(sa.func.count()).select_from(query.limit(COUNTED).subquery())
                )
                or 0
                for name, query in counts.items()
            }
        first = self._first_due(sorted(t.CHANNELS.values()))
        lent = found.pop("lent")
        return Stats(
            retrying=lent - found["in_flight"],
            oldest_due=t.moment_of(first) if first is not None and first <= at else None,
            **found,
        )

    # -- inside ----------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with plainly(self._store.name), self._store.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with plainly(self._store.name), writing(self._store.engine) as connection:
            yield connection


class _Letter(Struct):
    """An envelope as rows have it: by numbers."""

    name: str
    subscription: int
    notices: list[int]
    attempt: int
    more: int


_NOTICE: Final = msgspec.json.Decoder(Notice)
_WAITING: Final = t.delivery.c.envelope.is_(None)
_DEAD: Final = t.envelope.c.state == sa.literal_column("'dead'")
_CLAIMED: Final = t.envelope.c.state == sa.literal_column("'claimed'")
_DROPPED: Final = t.envelope.c.state == sa.literal_column("'dropped'")
_SENT: Final = t.envelope.c.state == sa.literal_column("'sent'")
_UNDER_WAY: Final = t.envelope.c.state.in_(
    [sa.literal_column("'claimed'"), sa.literal_column("'waiting'")]
)
_PUBLISH: Final = sa.insert(t.notice).returning(t.notice.c.id, sort_by_parameter_order=True)
_LEND: Final = sa.insert(t.envelope).returning(t.envelope.c.id, sort_by_parameter_order=True)
_ATTACH: Final = (
    sa.update(t.delivery)
    .where(t.delivery.c.notice == sa.bindparam("n"), t.delivery.c.subscription == sa.bindparam("s"))
    .values(envelope=sa.bindparam("e"), hidden=sa.bindparam("h"))
)


class _Sql:
    """The statements that do the work, for SQLite or PostgreSQL."""

    def __init__(self, dialect: str) -> None:
        def among(name: str) -> str:
            return t.is_among(dialect, name)

        locked = dialect == "postgresql"
        match = f"""
            INSERT INTO delivery (notice, subscription, channel, due)
            SELECT CAST(:notice AS INTEGER), i.subscription, i.channel,
                   coalesce(r.due, CAST(:now AS BIGINT))
            FROM {{source}} i JOIN rhythm r ON r.id = i.rhythm
            WHERE i.code {among("reached")} AND (i.inside OR i.code {among("at")})
              AND (i.topics & :topics) <> 0 AND (i.substances & :substances) <> 0
              AND i.severity >= :severity AND i.notice_days >= :days AND i.since <= :until
              {{unless}}
            GROUP BY i.subscription, i.channel, r.due
            ORDER BY i.subscription
        """  # noqa: S608
        fresh = "WITH fresh AS MATERIALIZED (SELECT * FROM interest WHERE since >= :since) SELECT"
        first = match.format(source="interest", unless="")
        late = match.replace("SELECT", fresh, 1).format(source="fresh", unless="{unless}")
        skip = "ON CONFLICT DO NOTHING"
        # Who was told of it so few days ahead that it would be said twice.
        told = """
              AND NOT EXISTS (
                SELECT 1 FROM notice n JOIN delivery d ON d.notice = n.id
                WHERE n.about = :about AND n.id <> :notice AND d.subscription = i.subscription
                  AND n.published >= (:due - i.notice_days) * 86400
              )
        """
        ahead = match.format(source="interest", unless=told)
        # Who holds the notice is the only one to deliver it: the first time nothing is in the way.
        self.match_first: Final = sa.text(first)
        self.match_again: Final = sa.text(f"{first} {skip}")
        self.match_fresh: Final = sa.text(late.format(unless="") + skip)
        self.ahead: Final = sa.text(ahead + skip)
        self.ahead_fresh: Final = sa.text(late.format(unless=told) + skip)
        self.retract: Final = sa.text(
            f"""
            INSERT INTO delivery (notice, subscription, channel, due)
            SELECT DISTINCT CAST(:notice AS INTEGER), s.id, d.channel,
                   coalesce(r.due, CAST(:now AS BIGINT))
            FROM delivery d CROSS JOIN envelope e CROSS JOIN subscription s CROSS JOIN rhythm r
            WHERE d.notice {among("wrong")} AND d.hidden IS NULL AND e.id = d.envelope
              AND s.id = d.subscription AND s.state = 'active' AND r.id = s.rhythm
              AND (e.state IN ('claimed', 'sent') OR e.doubtful)
            ORDER BY s.id
            ON CONFLICT DO NOTHING
            """  # noqa: S608
        )
        self.lent_before: Final = sa.text(
            f"""
            SELECT e.*, s.state AS standing
            FROM envelope e JOIN subscription s ON s.id = e.subscription
            WHERE e.state IN ('claimed', 'waiting') AND e.channel = :channel AND e.due <= :now
            ORDER BY e.due LIMIT :limit {"FOR UPDATE OF e SKIP LOCKED" if locked else ""}
            """  # noqa: S608
        )
        # A subscription is locked, so that all that is due for it comes in one envelope.
        self.next_due: Final = sa.text(
            f"""
            SELECT d.due, d.subscription, d.channel
            FROM delivery d CROSS JOIN subscription s
            WHERE d.envelope IS NULL AND d.channel = :channel AND d.due <= :now
              AND s.id = d.subscription
            ORDER BY d.due, d.notice
            LIMIT :limit {"FOR NO KEY UPDATE OF s SKIP LOCKED" if locked else ""}
            """  # noqa: S608
        )
        # One step for each notice of which something waits, however many deliveries that is.
        step = """
            SELECT d.{what} FROM delivery d WHERE d.envelope IS NULL AND d.channel = :channel
            {after} ORDER BY d.due, d.notice LIMIT 1
        """
        # SQLite goes straight there, by both columns, if it is >= and of values without affinity.
        after = "AND (d.due, d.notice) >= (+o.due, o.notice + 1)"
        self.waiting: Final = sa.text(
            f"""
            WITH RECURSIVE waiting(due, notice) AS (
              SELECT ({step.format(what="due", after="")}), ({step.format(what="notice", after="")})
              UNION ALL
              SELECT ({step.format(what="due", after=after)}),
                     ({step.format(what="notice", after=after)})
              FROM waiting o WHERE o.due <= :now
            )
            SELECT DISTINCT notice FROM waiting WHERE due <= :now
            """  # noqa: S608
        )
        self.gather: Final = sa.text(
            f"""
            SELECT d.notice, d.subscription FROM delivery d
            WHERE d.notice {among("notices")} AND d.subscription {among("subscriptions")}
              AND d.envelope IS NULL AND d.due <= :now
            """  # noqa: S608
        )
        self.first_due: Final = sa.text(
            """
            SELECT (SELECT min(due) FROM delivery WHERE envelope IS NULL AND channel = :channel),
                   (SELECT min(due) FROM envelope
                    WHERE state IN ('claimed', 'waiting') AND channel = :channel)
            """
        )


def _notice_row(one: Notice, at: int, told: bool) -> dict[str, Any]:
    if one.due:
        try:
            date.fromisoformat(one.due)
        except ValueError:
            raise StoreError(f"notice {one.key!r}: no such day: {one.due!r}") from None
    return {
        "key": t.storable(one.key, "the key of a notice"),
        "about": t.storable(one.about, "what a notice is about"),
        "published": at,
        "looked": 0,
        "open": not told,
        "void": False,
        "body": msgspec.json.encode(one).decode(),
    }


def _unpublished(connection: Connection, chunk: Iterable[Notice]) -> list[Notice]:
    """Those of which the key is new, each once."""
    found = {one.key: one for one in reversed(list(chunk))}
    for keys in t.chunks(list(found), 500):
        query = sa.select(t.notice.c.key).where(t.notice.c.key.in_(keys))
        for key in connection.scalars(query).all():
            del found[key]
    return list(reversed(found.values()))


def _allow_memory(connection: Connection) -> None:
    """Let PostgreSQL sort the subscribers of a notice without files."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL work_mem = '128MB'"))


def _set_hours(connection: Connection, now: int) -> None:
    """Say of every rhythm of digests when its next hour is."""
    passed = sa.or_(t.rhythm.c.due.is_(None), t.rhythm.c.due <= now)
    over = sa.select(t.rhythm).where(t.rhythm.c.timezone != "", passed).order_by(t.rhythm.c.id)
    for row in connection.execute(over.with_for_update()).all():
        due = t.next_hour(now, row.timezone, row.hour, row.weekday)
        connection.execute(sa.update(t.rhythm).where(t.rhythm.c.id == row.id).values(due=due))


def _next_look(last: int, today: int, *, again: bool) -> sa.Select[Any]:
    """The next notice that is to be looked at, and that no other worker looks at now."""
    query = (
        sa.select(t.notice.c.id, t.notice.c.body, t.notice.c.published, t.notice.c.looked)
        .where(sa.literal_column("open"), t.notice.c.id > last)
        .order_by(t.notice.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return query if again else query.where(t.notice.c.looked < today)


def _reached(connection: Connection, one: Notice, reach: Callable[[str], Reach]) -> dict[str, Any]:
    at, above = {EVERYWHERE}, set[str]()
    for code in one.places:
        found = reach(code)
        at |= found.at
        above |= found.above
    return {
        "at": t.in_list(connection, sorted(at)),
        "reached": t.in_list(connection, sorted(at | above)),
    }


def _lend_again(
    connection: Connection, row: Row[Any], worker: str, at: int, lease: int
) -> _Letter | None:
    """An envelope that failed, or whose worker ended; None if nothing of it is to be sent."""
    lost = row.lost + (row.state == "claimed")
    doubtful = bool(row.doubtful) or row.state == "claimed"
    numbers = _numbers(row)
    void = set(
        connection.scalars(
            sa.select(t.notice.c.id).where(t.notice.c.id.in_(numbers), t.notice.c.void)
        )
    )
    if void and not doubtful:  # who did not get it is told of no correction
        connection.execute(
            sa.update(t.delivery)
            .where(t.delivery.c.notice.in_(void), t.delivery.c.subscription == row.subscription)
            .values(hidden=True)
        )
    numbers = [n for n in numbers if n not in void]
    letter = _Letter(row.name, row.subscription, numbers, row.attempt + 1, row.more)
    values: dict[str, Any] = {
        "state": "claimed", "due": at + lease, "attempt": letter.attempt, "lost": lost,
        "doubtful": doubtful, "worker": worker, "notices": msgspec.json.encode(numbers).decode(),
    }  # fmt: skip
    end = {"ended": at, "attempt": row.attempt}
    if not numbers or row.standing != SubscriptionState.ACTIVE:
        values |= {"state": "dropped", **end}
    elif lost >= GIVE_UP:
        values |= {"state": "dead", "reason": f"the worker ended {lost} times over it", **end}
    connection.execute(sa.update(t.envelope).where(t.envelope.c.id == row.id).values(**values))
    return letter if values["state"] == "claimed" else None


def _numbers(row: Row[Any]) -> list[int]:
    return msgspec.json.decode(row.notices, type=list[int])


def _rank(one: Notice) -> tuple[bool, int]:
    return not (one.corrects or one.topic is Topic.CORRECTION), one.severity.rank


def _subscriptions(connection: Connection, rows: Iterable[int]) -> dict[int, Subscription]:
    query = sa.select(t.subscription).where(t.subscription.c.id.in_(set(rows)))
    return {row.id: t.subscription_of(row) for row in connection.execute(query)}
