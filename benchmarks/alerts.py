"""`python -m benchmarks.alerts`: 100 changes matched against a million subscriptions.

Subscriptions are spread as people are: a tenth everywhere, the rest over the United States, its
states and counties and the other countries, with sizes that fall as those of cities do (Zipf). A
third chose one substance. SQLite has one worker; PostgreSQL two, where
`KRATOM_ATLAS_TEST_POSTGRESQL` names a database. The peer is what one writes first: a loop over the
subscriptions in plain Python with one `executemany` into a table with a unique index, for a
twentieth of them; the ratio is per subscription.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sqlite3
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from benchmarks.__main__ import say
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Notice,
    Rhythm,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.record import load_record
from kratom_atlas.settings import Settings
from kratom_atlas.store import alerts as t
from kratom_atlas.store.database import open_store
from kratom_atlas.store.outbox import Outbox, Reach
from kratom_atlas.store.subscriptions import Subscriptions

BEFORE, NOW = "2026-11-01T00:00:00Z", "2026-11-23T12:00:00Z"
ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "UTC"),
    *("Europe/Berlin", "Europe/London", "Asia/Bangkok", "Asia/Kolkata", "Australia/Sydney"),
)
SLICE = 20
CLAIMS = 20


class World:
    """Places, and whose subscribers a notice about one is for."""

    def __init__(self) -> None:
        record = load_record(Settings(Path("none"), None, "", ""))
        places = {place.id: place for place in record.places}
        self.above: dict[str, set[str]] = {}
        self.below: dict[str, set[str]] = defaultdict(set)
        self.level: dict[str, list[str]] = defaultdict(list)
        for place in places.values():
            up, above = place.parent, set()
            while up in places:
                above.add(places[up].code)
                self.below[places[up].code].add(place.code)
                up = places[up].parent
            self.above[place.code] = above
            american = place.code.startswith("US-")
            self.level[f"us-{place.level}" if american else str(place.level)].append(place.code)

    def reach(self, code: str) -> Reach:
        """As the cycle of alerts has it."""
        return Reach(frozenset({code, *self.below[code]}), frozenset(self.above[code]))


@cache
def world() -> World:
    """The register."""
    return World()


def subscriptions(size: int) -> Iterator[Subscription]:
    """As many subscriptions, the same each time."""
    dice = random.Random(1)
    codes = {kind: list(ones) for kind, ones in world().level.items()}
    weights = {kind: [1 / (n + 1) for n in range(len(ones))] for kind, ones in codes.items()}
    for ones in codes.values():
        dice.shuffle(ones)
    drawn = {k: iter(dice.choices(codes[k], weights[k], k=size)) for k in codes}
    topics = (
        *(Choices().topics,) * 6, (Topic.NEW_LAW,), (Topic.NEW_LAW, Topic.CORRECTION), tuple(Topic),
        (Topic.UPCOMING, Topic.TOOK_EFFECT),
    )  # fmt: skip
    kinds = ["everywhere", "US", "us-subdivision", "us-county", "country", "several"]
    share = [10, 10, 35, 28, 10, 7]
    for n, kind in enumerate(dice.choices(kinds, share, k=size)):
        if kind == "everywhere":
            places: tuple[str, ...] = ()
        elif kind == "US":
            places = ("US",)
        elif kind == "several":
            places = (next(drawn["us-subdivision"]), next(drawn["us-county"]))
        else:
            places = (next(drawn[kind]),)
        yield Subscription(
            ref=f"{n:08x}",
            channel=dice.choices(list(ChannelKind), [90, 7, 3])[0],
            address=f"person{n}@example.org",
            choices=Choices(
                places=places,
                inside=dice.random() < 0.8,
                substances=(dice.choice(list(Substance)),) if dice.random() < 1 / 3 else (),
                topics=dice.choice(topics),
                severity=dice.choices(list(Severity), [15, 25, 60])[0],
                notice_days=dice.choice((7, 14, 30, 30, 30, 90)),
                rhythm=dice.choices(list(Rhythm), [50, 35, 15])[0],
                timezone=dice.choice(ZONES),
                hour=dice.choice((6, 7, 8, 8, 8, 9, 12, 18, 20)),
                weekday=dice.choice((1, 1, 5, 6, 7)),
            ),
            state=dice.choices(list(SubscriptionState), [3, 94, 2, 1])[0],
            created_at=BEFORE,
            confirmed_at=BEFORE,
        )


def notices(count: int) -> list[Notice]:
    """Changes: most of states, some of counties, the country and other countries."""
    dice = random.Random(2)
    level = world().level
    made = []
    for n in range(count):
        kind = dice.choices(["us-subdivision", "us-county", "US", "country"], [60, 27, 3, 10])[0]
        topic = dice.choices(list(Topic), [50, 15, 20, 10, 5, 0])[0]
        due = f"2026-12-{dice.randint(1, 31):02}" if topic is Topic.UPCOMING else ""
        made.append(
            Notice(
                key=f"{n}", topic=topic, severity=dice.choices(list(Severity), [30, 40, 30])[0],
                places=("US",) if kind == "US" else (dice.choice(level[kind]),),
                substances=tuple(dice.sample(list(Substance), dice.randint(1, 3))),
                title="From regulated to banned", text="text " * 80, html="<p>html</p>" * 40,
                facts="{}", act=f"act-{n % 40}", about=f"m{n}", due=due,
            )
        )  # fmt: skip
    return made


def match(url: str) -> None:
    """One worker."""
    with open_store(url) as store:
        Outbox(store).match(NOW, world().reach)


def fill(url: str, size: int) -> None:
    """Add the subscriptions as a program would."""
    with open_store(url) as store:
        started = time.perf_counter()
        Subscriptions(store).add_all(subscriptions(size))
        say(f"{size:,} subscriptions added to SQLite", time.perf_counter() - started)


def copy(source: str, target: str) -> None:
    """The same subscriptions in PostgreSQL, by COPY."""
    started = time.perf_counter()
    with open_store(source) as old, open_store(target) as new:
        new.engine.dispose()
        with old.engine.connect() as rows, new.engine.begin() as connection:
            plain = connection.connection.driver_connection
            assert plain is not None
            for table in (t.rhythm, t.subscription, t.interest):
                names = ", ".join(column.name for column in table.columns)
                with plain.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as sink:
                    for row in rows.execute(sa.select(table).execution_options(yield_per=5000)):
                        sink.write_row(row)
        with new.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE interest, subscription, rhythm"))
    say("the same copied to PostgreSQL", time.perf_counter() - started)


def measure(label: str, url: str, workers: int) -> float:
    """Seconds for the whole of it, and then what a claim and a mark take."""
    fork = multiprocessing.get_context("fork")
    before = os.times()
    started = time.perf_counter()
    with open_store(url) as store:
        Outbox(store).publish(notices(100), NOW)
    children = [fork.Process(target=match, args=(url,)) for _ in range(workers)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    took = time.perf_counter() - started
    after = os.times()
    spent = sum(after[:4]) - sum(before[:4])
    with open_store(url) as store:
        outbox = Outbox(store)
        started = time.perf_counter()
        stats = outbox.stats(NOW)
        counted = time.perf_counter() - started
        with store.engine.connect() as connection:
            made = connection.scalar(sa.select(sa.func.count()).select_from(t.delivery)) or 0
        many = f"{workers} worker{'s' * (workers > 1)}"
        say(
            f"{label}: 100 changes matched, {many}", took,
            f"{made:,} deliveries, {made / took:,.0f}/s, our CPU {spent:.1f} s",
        )  # fmt: skip
        say(f"{label}: stats of them", counted, f"{stats.due:,} due")
        for limit in (1, 50):
            started = time.perf_counter()
            lent = [outbox.claim("bench", NOW, limit=limit) for _ in range(CLAIMS)]
            each = (time.perf_counter() - started) / sum(map(len, lent))
            say(f"{label}: an envelope claimed, {limit} at a time", each)
        started = time.perf_counter()
        for envelope in lent[0]:
            outbox.sent(envelope.id, NOW)
        say(f"{label}: an envelope marked sent", (time.perf_counter() - started) / len(lent[0]))
    return took


def peer(folder: Path, size: int) -> float:
    """Seconds that the plain loop takes for all of them."""
    told, some = notices(100), [*islice(subscriptions(size), size // SLICE)]
    reached = [(found.at, found.above) for one in told for found in [world().reach(one.places[0])]]
    started = time.perf_counter()
    rows = []
    for person in some:
        if person.state is not SubscriptionState.ACTIVE:
            continue
        chosen = person.choices
        for one, (at, above) in zip(told, reached, strict=True):
            if one.topic not in chosen.topics or one.severity.rank > chosen.severity.rank:
                continue
            if chosen.substances and not set(chosen.substances) & set(one.substances):
                continue
            if chosen.places and not any(
                place in at or (chosen.inside and place in above) for place in chosen.places
            ):
                continue
            rows.append((person.ref, one.key, NOW))
    with sqlite3.connect(folder / "peer.db") as database:
        database.execute("CREATE TABLE outbox (subscription, notice, due)")
        database.execute("CREATE UNIQUE INDEX one ON outbox (subscription, notice)")
        database.executemany("INSERT INTO outbox VALUES (?, ?, ?)", rows)
    return (time.perf_counter() - started) * SLICE


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alerts", description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="subscriptions")
    size = parser.parse_args().size
    world()
    with tempfile.TemporaryDirectory() as folder:
        theirs = peer(Path(folder), size)
        say("a loop in plain Python, and executemany", theirs, f"from 1/{SLICE} of them")
        here = f"sqlite:///{folder}/store.db"
        fill(here, size)
        if server := os.environ.get("KRATOM_ATLAS_TEST_POSTGRESQL"):
            with schema(server) as there:
                copy(here, there)
                ours = measure("PostgreSQL (budget 30 s)", there, 2)
                print(f"{'':58} {theirs / ours:.1f} x as fast as the loop", flush=True)
        ours = measure("SQLite (budget 60 s)", here, 1)
        print(f"{'':58} {theirs / ours:.1f} x as fast as the loop", flush=True)


@contextmanager
def schema(server: str) -> Iterator[str]:
    """The URL of an empty schema of its own."""
    name = f"bench_{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.schema.CreateSchema(name))
        try:
            url = sa.make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
            yield url.render_as_string(hide_password=False)
        finally:
            connection.execute(sa.schema.DropSchema(name, cascade=True))
    engine.dispose()


if __name__ == "__main__":
    main()
