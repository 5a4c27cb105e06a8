"""Who wants to be told what, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alerts_sample import START, at, news, person, reach
from msgspec.structs import replace

from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Rhythm,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.store.database import Store, StoreError, open_store
from kratom_atlas.store.outbox import Outbox
from kratom_atlas.store.subscriptions import BOUNCES, Subscriptions

NewStore = Callable[..., AbstractContextManager[str]]

ACTIVE, SUSPENDED = SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED
PENDING, LEFT = SubscriptionState.PENDING, SubscriptionState.LEFT


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[Store]:
    with new_store(request.param, tmp_path) as url, open_store(url) as opened:
        yield opened


@pytest.fixture
def people(store: Store) -> Subscriptions:
    return Subscriptions(store)


def full(ref: str) -> Subscription:
    """One with nothing left as it is by itself."""
    return person(
        ref, channel=ChannelKind.WEBHOOK, address="https://example.org/hook?a=b&c=ü",
        state=PENDING, confirmed_at="", epoch=3, secrets=("whsec_b", "whsec_a"),
        places=("US-FL", "TH"), inside=False, substances=(Substance.SEVEN_OH,),
        topics=(Topic.UPCOMING,), severity=Severity.MINOR, notice_days=90,
        rhythm=Rhythm.WEEKLY, timezone="Asia/Kolkata", hour=23, weekday=7,
    )  # fmt: skip


def test_what_was_added_is_read_again(people: Subscriptions) -> None:
    people.add(full("a"))
    people.add(person("b"))
    assert people.get("a") == full("a")
    assert people.get("c") is None
    assert list(people.all()) == [full("a"), person("b")]
    assert list(people.all(ACTIVE)) == [person("b")]
    assert people.counts() == {PENDING: 1, ACTIVE: 1, SUSPENDED: 0, LEFT: 0}


def test_an_address_is_one_of_its_channel(people: Subscriptions) -> None:
    mine = [person(ref, address="me@example.org") for ref in "ab"]
    other = person("c", address="me@example.org", channel=ChannelKind.APPRISE)
    people.add_all([*mine, other, person("d", address="ME@example.org")])
    assert people.of(ChannelKind.EMAIL, "me@example.org") == mine
    assert people.of(ChannelKind.APPRISE, "me@example.org") == [other]
    assert people.of(ChannelKind.EMAIL, "nobody@example.org") == []


def test_a_ref_is_taken_once_and_a_batch_is_added_whole(people: Subscriptions) -> None:
    people.add(person("a"))
    for batch in ([person("b"), person("a")], [person("c"), person("c")]):
        with pytest.raises(StoreError, match="take a new ref"):
            people.add_all(batch)
    assert [one.ref for one in people.all()] == ["a"]


def test_many_are_added_and_streamed_in_order(people: Subscriptions) -> None:
    people.add_all(person(f"{n:05}", places=("US",)) for n in range(4500))
    assert [one.ref for one in people.all()] == [f"{n:05}" for n in range(4500)]


@pytest.mark.parametrize(
    "chosen",
    [
        {"timezone": "Europe/Nowhere"}, {"timezone": "../../etc/passwd"}, {"timezone": ""},
        {"timezone": "a\0b"}, {"hour": 24}, {"hour": -1},
        {"weekday": 8, "rhythm": Rhythm.WEEKLY},
    ],
)  # fmt: skip
def test_hours_that_do_not_exist_are_refused(people: Subscriptions, chosen: dict[str, str]) -> None:
    wanted = {"rhythm": Rhythm.DAILY} | chosen
    with pytest.raises(StoreError, match="no such hours"):
        people.add(person("a", **wanted))
    people.add(person("a"))
    with pytest.raises(StoreError, match="no such hours"):
        people.replace(person("a", **wanted))
    assert people.get("a") == person("a")


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800"])
def test_text_that_cannot_be_stored_is_refused(people: Subscriptions, bad: str) -> None:
    for one in (
        person("a", address=bad),
        replace(person("a"), ref=bad),
        person("a", places=(bad,)),
    ):
        with pytest.raises((StoreError, UnicodeEncodeError)):
            people.add(one)
    assert list(people.all()) == []


def test_replacing_keeps_channel_and_address(people: Subscriptions) -> None:
    people.add(full("a"))
    changed = replace(
        full("a"), address="https://elsewhere.example", channel=ChannelKind.EMAIL, state=ACTIVE,
        confirmed_at=at("11-02 00:00"), epoch=4, secrets=("whsec_c",), choices=Choices(),
    )  # fmt: skip
    people.replace(changed)
    kept = {"channel": full("a").channel, "address": full("a").address}
    assert people.get("a") == replace(changed, **kept)
    with pytest.raises(StoreError, match="it was forgotten"):
        people.replace(person("b"))


def test_what_was_chosen_before_counts_no_more(store: Store, people: Subscriptions) -> None:
    outbox = Outbox(store)
    people.add(person("a", places=("US-AL", "US-FL")))
    people.replace(person("a", places=("TH",)))
    outbox.publish([news("florida"), news("thailand", places=("TH",))], at("11-02 00:00"))
    assert outbox.match(at("11-02 00:00"), reach) == 1
    (lent,) = outbox.claim("w", at("11-02 00:00"))
    assert [one.key for one in lent.notices] == ["thailand"]


@pytest.mark.parametrize("state", [LEFT, SUSPENDED, PENDING])
def test_who_is_not_active_is_sent_nothing(
    store: Store, people: Subscriptions, state: SubscriptionState
) -> None:
    outbox = Outbox(store)
    people.add_all([person("a"), person("b")])
    outbox.publish([news("before")], at("11-02 00:00"))
    assert outbox.match(at("11-02 00:00"), reach) == 2
    people.replace(person("a", state=state))
    outbox.publish([news("after")], at("11-03 00:00"))
    assert outbox.match(at("11-03 00:00"), reach) == 1
    lent = outbox.claim("w", at("11-03 00:00"), limit=10)
    assert [one.subscription.ref for one in lent] == ["b"]


def test_the_unconfirmed_are_dropped_after_a_while(people: Subscriptions) -> None:
    people.add_all(
        person(f"{state}-{day}", state=state, created_at=at(f"11-{day} 00:00"))
        for state in (PENDING, ACTIVE)
        for day in ("01", "09")
    )
    assert people.drop_unconfirmed(at("11-08 00:00")) == 1
    assert {one.ref for one in people.all()} == {"active-01", "active-09", "pending-09"}


# -- bounces ---------------------------------------------------------------------------------------


def test_a_hard_bounce_suspends(people: Subscriptions) -> None:
    people.add_all([person("a"), person("b", state=PENDING)])
    assert people.bounced("a", hard=True, now=START) is SUSPENDED
    assert people.bounced("b", hard=True, now=START) is PENDING
    found = people.get("a")
    assert found
    assert found.state is SUSPENDED
    with pytest.raises(StoreError, match="forgotten"):
        people.bounced("c", hard=True, now=START)


def test_soft_bounces_in_a_row_suspend(people: Subscriptions) -> None:
    people.add(person("a"))
    states = [people.bounced("a", hard=False, now=at(f"11-0{n + 1} 00:00")) for n in range(BOUNCES)]
    assert states == [ACTIVE] * (BOUNCES - 1) + [SUSPENDED]
    people.replace(person("a"))
    assert people.bounced("a", hard=False, now=at("11-09 00:00")) is ACTIVE, "it starts anew"


@pytest.mark.parametrize(("channel", "sent", "row"), [("email", 1, True), ("email", 2, False),
                                                     ("webhook", 1, False)])  # fmt: skip
def test_a_success_ends_the_row(
    store: Store, people: Subscriptions, channel: str, sent: int, row: bool
) -> None:
    """A mail is taken first and comes back later: one sent since is the one that comes back."""
    outbox = Outbox(store)
    people.add(person("a", channel=ChannelKind(channel)))  # type: ignore[call-arg]
    day = 2
    for n in range(BOUNCES):
        assert people.get("a") == person("a", channel=ChannelKind(channel)), n  # type: ignore[call-arg]
        for part in range(sent):
            now = at(f"11-{day:02} {part:02}:00")
            outbox.publish([news(f"{n} {part}")], now)
            outbox.match(now, reach)
            (lent,) = outbox.claim("w", now)
            outbox.sent(lent.id, now)
        found = people.bounced("a", hard=False, now=at(f"11-{day:02} 12:00"))
        day += 1
    assert found is (SUSPENDED if row else ACTIVE)


# -- forgetting ------------------------------------------------------------------------------------


def told_of_everything(store: Store) -> Outbox:
    """Two subscribers with letters in every state, the first of them at two subscriptions."""
    people, outbox = Subscriptions(store), Outbox(store)
    people.add_all([person("a"), person("a2", address="a@example.org"), person("b")])
    for n, state in enumerate(("sent", "dead", "again", "claimed", "waiting")):
        now = at(f"11-02 {n:02}:00")
        outbox.publish([news(state)], now)
        assert outbox.match(now, reach) >= 3
        for one in () if state == "waiting" else outbox.claim("w", now, limit=999):
            if state == "sent":
                outbox.sent(one.id, now)
            elif state != "claimed":
                later = None if state == "dead" else at("11-09 00:00")
                outbox.failed(one.id, f"{one.subscription.address} refused", now, again=later)
    return outbox


def test_forgetting_leaves_nothing_of_an_address(store: Store) -> None:
    outbox = told_of_everything(store)
    people = Subscriptions(store)
    assert people.forget(ChannelKind.WEBHOOK, "a@example.org") == 0
    assert people.forget(ChannelKind.EMAIL, "a@example.org") == 2
    assert people.forget(ChannelKind.EMAIL, "a@example.org") == 0
    assert [one.ref for one in people.all()] == ["b"]
    assert [one.envelope.subscription.ref for one in outbox.dead()] == ["b"]
    with store.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f'SELECT * FROM "{table}"')).all()
            assert not any("a@example.org" in str(value) for row in rows for value in row), table
        for table, count in (("delivery", 5), ("envelope", 4), ("interest", 1)):
            assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == count
    assert [e.subscription.ref for e in outbox.claim("w", at("11-30 00:00"), limit=9)] == ["b"] * 3


def test_what_is_forgotten_while_it_is_sent_is_not_recorded(store: Store) -> None:
    people, outbox = Subscriptions(store), Outbox(store)
    people.add(person("a"))
    outbox.publish([news("n")], START)
    outbox.match(START, reach)
    (lent,) = outbox.claim("w", START)
    people.forget(ChannelKind.EMAIL, "a@example.org")
    outbox.sent(lent.id, START)
    outbox.failed(lent.id, "a@example.org refused", START, again=START)
    assert outbox.stats(START).sent == 0
    assert outbox.claim("w", at("11-02 00:00")) == []


def test_the_bytes_of_an_address_leave_the_file(tmp_path: Path) -> None:
    """Also those of rows that were moved about, and those an older program left in a page."""
    file = tmp_path / "store.db"
    with open_store(f"sqlite:///{file}") as store:
        people = Subscriptions(store)
        names = [f"somebody-{n:03}" for n in range(300)]
        people.add_all(person(name, places=("US",)) for name in names)
        for n, name in enumerate(names):
            more = tuple(f"US-{place:02}" for place in range(n % 40))
            people.replace(person(name, places=more))
        told_of_everything(store)
        with sqlite3.connect(file) as careless:
            careless.execute("CREATE TABLE scrap (text)")
            careless.executemany("INSERT INTO scrap VALUES (?)", [("a@example.org",)] * 100)
            careless.commit()
            careless.execute("DELETE FROM scrap")
        careless.close()
        assert b"a@example.org" in b"".join(one.read_bytes() for one in tmp_path.iterdir())
        for name in ("a", *names[::10]):
            people.forget(ChannelKind.EMAIL, f"{name}@example.org")
        left = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        for name in ("a", *names[::10]):
            assert f"{name}@example.org".encode() not in left
        assert b"somebody-001@example.org" in left


def test_a_log_in_use_is_said(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with open_store(f"sqlite:///{file}?timeout=0.2") as store:
        people = Subscriptions(store)
        people.add(person("a"))
        with sqlite3.connect(file, isolation_level=None) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM subscription").fetchone()
            with pytest.raises(
                StoreError, match="in use by another process and may keep its bytes"
            ):
                people.forget(ChannelKind.EMAIL, "a@example.org")
            assert people.get("a") is None
        reader.close()
        assert people.forget(ChannelKind.EMAIL, "a@example.org") == 0
        assert b"a@example.org" not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


# -- the vocabulary --------------------------------------------------------------------------------


def test_new_words_move_no_choice(store: Store, people: Subscriptions) -> None:
    people.add(person("a", substances=(Substance.LEAF,)))
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE interest SET substances = 2"))
        connection.execute(sa.text("UPDATE legend SET words = '[\"what it was\"]'"))
    outbox = Outbox(store)
    outbox.publish([news("leaf", substances=(Substance.LEAF,))], START)
    assert outbox.match(START, reach) == 1


def test_two_come_at_once(store: Store, people: Subscriptions) -> None:
    """From several threads, with hours that nobody had before."""

    def come(n: int) -> None:
        for m in range(5):
            people.add(person(f"{n}-{m}", rhythm=Rhythm.DAILY, hour=m))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come, range(4)))
    assert people.counts()[ACTIVE] == 20
    with store.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM rhythm")) == 5
