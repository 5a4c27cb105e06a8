"""What the archive says of how crawls went, gathered for all sources at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from kratom_atlas.model.crawling import Fault, RunState
from kratom_atlas.store.crawls import Known, Run, moment
from kratom_atlas.store.database import Store, plainly

__all__ = ["Looks", "Slotted", "last_slots", "mark_of", "read_looks"]

RECENT: Final = timedelta(days=30)
_DEPTH: Final = 40
"""So many runs of a source are looked at: enough to say since when it fails."""

_run: Final = sa.table(
    "run",
    *(sa.column(n, sa.BigInteger) for n in ("id",)),
    *(sa.column(n, sa.Text) for n in ("source", "slot", "purpose", "parser", "today", "since")),
    *(sa.column(n, sa.Text) for n in ("started", "ended", "state", "reason", "counts")),
)
_fetch: Final = sa.table(
    "fetch", *(sa.column(n) for n in ("id", "run", "source", "fetched_at", "fault"))
)
_observation: Final = sa.table(
    "observation", *(sa.column(n, sa.Text) for n in ("source", "key", "seen_at", "body"))
)
_document: Final = sa.table(
    "document",
    *(sa.column(n) for n in ("source", "key", "observation", "digest", "version")),
    *(sa.column(n) for n in ("first_seen", "last_seen", "last_changed")),
    *(sa.column(n) for n in ("fault", "detail", "fault_at")),
)

Counts = Mapping[Fault, int]


@dataclass(frozen=True)
class Looks:
    """How crawls stood at a moment. Without any, everything is empty.

    `runs`: the last crawls of each source, newest first; `accepted`: the last that was accepted;
    `first`: when the first began. `faults`: what was quarantined, by source and run; `recent`: by
    source, in the last 30 days. `changed`: when something new was last seen, by source, and
    `placed`, by the id of the place. `documents` and `moved`: of the sources with rows, where each
    document stands, and when it last said something new.
    """

    runs: Mapping[str, Sequence[Run]] = field(default_factory=dict)
    accepted: Mapping[str, Run] = field(default_factory=dict)
    first: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[tuple[str, int], Counts] = field(default_factory=dict)
    recent: Mapping[str, Counts] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    placed: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Known]] = field(default_factory=dict)
    moved: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Slotted:
    """The last run that the schedule meant for an hour, and how it ended."""

    slot: datetime
    state: RunState


def last_slots(store: Store, sources: Collection[str]) -> dict[str, Slotted]:
    """The last scheduled run of each source."""
    last = (
        sa.select(sa.func.max(_run.c.id))
        .where(_run.c.slot.is_not(None), _run.c.purpose == "crawl")
        .group_by(_run.c.source)
    )
    query = sa.select(_run.c.source, _run.c.slot, _run.c.state).where(_run.c.id.in_(last))
    with plainly(store.name), store.engine.connect() as connection:
        return {
            source: Slotted(
                datetime.strptime(slot, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
                msgspec.convert(state, RunState),
            )
            for source, slot, state in connection.execute(query)
            if source in sources
        }


def mark_of(store: Store, until: datetime) -> tuple[Any, ...]:
    """What is another whenever `read_looks` may say something else."""
    columns = (_run.c.id, _run.c.ended)
    query = sa.select(
        *(kind(column) for column in columns for kind in (sa.func.count, sa.func.max))
    ).where(_run.c.started <= moment(until))
    with plainly(store.name), store.engine.connect() as connection:
        return tuple(connection.execute(query).one())


def read_looks(store: Store, until: datetime, families: Collection[str] = ()) -> Looks:
    """How the crawls stood at a moment. `families` are the sources whose rows are listed."""
    with plainly(store.name), store.engine.connect() as connection:
        runs, accepted, first = _runs(connection, moment(until))
        latest = [found[0].id for found in runs.values() if found]
        faults, recent = _faults(connection, latest, moment(until - RECENT), moment(until))
        changed, placed = _changed(connection, moment(until))
        documents = {name: _documents(connection, name, moment(until)) for name in families}
        moved = {name: _moved(connection, name, moment(until)) for name in families}
    return Looks(runs, accepted, first, faults, recent, changed, placed, documents, moved)


def _runs(
    connection: Connection, until: str
) -> tuple[dict[str, list[Run]], dict[str, Run], dict[str, str]]:
    crawls = sa.and_(
        _run.c.purpose == "crawl",
        _run.c.started <= until,
        sa.or_(_run.c.ended.is_(None), _run.c.ended <= until),
    )
    order = sa.func.row_number().over(partition_by=_run.c.source, order_by=_run.c.id.desc())
    numbered = sa.select(_run, order.label("nth")).where(crawls).subquery()
    done = sa.select(sa.func.max(_run.c.id)).where(
        crawls, _run.c.state.in_((RunState.OK.value, RunState.PARTIAL.value))
    )
    columns = [numbered.c[column.name] for column in _run.c]
    runs: dict[str, list[Run]] = defaultdict(list)
    query = sa.select(*columns).where(numbered.c.nth <= _DEPTH).order_by(numbered.c.nth)
    for row in connection.execute(query).mappings():
        runs[row["source"]].append(_run_of(row))
    good = sa.select(_run).where(_run.c.id.in_(done.group_by(_run.c.source)))
    accepted = {row["source"]: _run_of(row) for row in connection.execute(good).mappings()}
    begun = sa.select(_run.c.source, sa.func.min(_run.c.started)).where(crawls)
    first = dict(connection.execute(begun.group_by(_run.c.source)).all())
    return dict(runs), accepted, first


def _faults(
    connection: Connection, latest: Sequence[int], since: str, until: str
) -> tuple[dict[tuple[str, int], Counts], dict[str, Counts]]:
    of_run: dict[tuple[str, int], dict[Fault, int]] = defaultdict(dict)
    recent: dict[str, dict[Fault, int]] = defaultdict(lambda: defaultdict(int))
    young = sa.func.sum(sa.case((_fetch.c.fetched_at >= since, 1), else_=0))
    query = (
        sa.select(_fetch.c.source, _fetch.c.run, _fetch.c.fault, sa.func.count(), young)
        .where(_fetch.c.fault.is_not(None), _fetch.c.fetched_at <= until)
        .where(sa.or_(_fetch.c.fetched_at >= since, _fetch.c.run.in_(latest)))
        .group_by(_fetch.c.source, _fetch.c.run, _fetch.c.fault)
        .order_by(_fetch.c.source, _fetch.c.run, _fetch.c.fault)
    )
    for source, run, fault, count, new in connection.execute(query):
        kind = msgspec.convert(fault, Fault)
        of_run[source, run][kind] = count
        if new:
            recent[source][kind] += int(new)
    return dict(of_run), {source: dict(counts) for source, counts in recent.items()}


def _changed(connection: Connection, until: str) -> tuple[dict[str, str], dict[str, str]]:
    body = _observation.c.body
    place: sa.ColumnElement[str] = (
        sa.cast(body, postgresql.JSON)["jurisdiction"].astext
        if connection.dialect.name == "postgresql"
        else sa.func.json_extract(body, "$.jurisdiction")
    )
    named = sa.select(
        _observation.c.source, place.label("place"), _observation.c.seen_at
    ).where(_observation.c.seen_at <= until).subquery()  # fmt: skip
    query = sa.select(named.c.source, named.c.place, sa.func.max(named.c.seen_at)).group_by(
        named.c.source, named.c.place
    )
    changed: dict[str, str] = {}
    placed: dict[str, str] = {}
    for source, where, seen in connection.execute(query):
        changed[source] = max(changed.get(source, ""), seen)
        placed[where] = max(placed.get(where, ""), seen)
    return changed, placed


def _documents(connection: Connection, source: str, until: str) -> dict[str, Known]:
    query = sa.select(_document).where(
        _document.c.source == source,
        sa.or_(_document.c.first_seen <= until, _document.c.fault_at <= until),
    )
    return {
        row["key"]: Known(
            **{name: value for name, value in row.items() if name not in ("source", "fault")},
            fault=msgspec.convert(row["fault"], Fault) if row["fault"] else None,
        )
        for row in connection.execute(query).mappings()
    }


def _moved(connection: Connection, source: str, until: str) -> dict[str, str]:
    query = (
        sa.select(_observation.c.key, sa.func.max(_observation.c.seen_at))
        .where(_observation.c.source == source, _observation.c.seen_at <= until)
        .group_by(_observation.c.key)
    )
    return dict(connection.execute(query).all())


def _run_of(row: Mapping[Any, Any]) -> Run:
    return Run(
        id=row["id"], source=row["source"], slot=row["slot"], purpose=row["purpose"],
        parser=row["parser"], today=date.fromisoformat(row["today"]),
        since=date.fromisoformat(row["since"]), started=row["started"], ended=row["ended"],
        state=msgspec.convert(row["state"], RunState), reason=row["reason"],
        counts=msgspec.json.decode(row["counts"], type=dict[str, int]),
    )  # fmt: skip
