"""The outbox, on SQLite and on PostgreSQL; what holds of it in general is in the property tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alerts_sample import at, correction, moment, news, person, reach
from msgspec.structs import replace

from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import (
    ChannelKind,
    Envelope,
    Notice,
    Rhythm,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.store.alerts import CHANNELS
from kratom_atlas.store.database import Store, StoreError, open_store
from kratom_atlas.store.outbox import CAP, GIVE_UP, KEPT_DAYS, Outbox, Reach
from kratom_atlas.store.subscriptions import Subscriptions

NewStore = Callable[..., AbstractContextManager[str]]

NOON = at("11-02 12:00")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[Store]:
    with new_store(request.param, tmp_path) as url, open_store(url) as opened:
        yield opened


@pytest.fixture
def people(store: Store) -> Subscriptions:
    return Subscriptions(store)


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


def tell(outbox: Outbox, now: str, *notices: Notice) -> int:
    """Publish and match; how many deliveries that made."""
    outbox.publish(notices, now)
    return outbox.match(now, reach)


def read(outbox: Outbox, now: str, *, send: bool = True) -> dict[str, list[str]]:
    """What each subscriber is lent at a moment, and sent."""
    got: dict[str, list[str]] = {}
    for one in outbox.claim("w", now, limit=99):
        assert one.subscription.ref not in got, "one letter at a time"
        got[one.subscription.ref] = [n.key for n in one.notices]
        if send:
            outbox.sent(one.id, now)
    return got


def tried_again(one: Envelope) -> Envelope:
    """The same letter at the next try."""
    return replace(one, attempt=one.attempt + 1)


# -- publishing ------------------------------------------------------------------------------------


def test_a_notice_is_published_once(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a"))
    assert outbox.is_new()
    assert outbox.publish([news("n"), news("n"), news("m")], NOON) == 2
    assert not outbox.is_new()
    assert outbox.publish([news("n", title="other words"), news("o")], NOON) == 1
    assert outbox.match(NOON, reach) == 3
    assert outbox.match(NOON, reach) == 0
    (lent,) = outbox.claim("w", NOON)
    assert {n.key: n for n in lent.notices} == {k: news(k) for k in "nmo"}, "as first published"


def test_of_what_is_known_already_nobody_is_told(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a"))
    assert outbox.publish([news("n")], NOON, told=True) == 1
    assert tell(outbox, NOON, news("n")) == 0


def test_thousands_are_published_at_once(outbox: Outbox) -> None:
    many = [news(f"{n}") for n in range(4100)]
    assert outbox.publish(iter(many), NOON, told=True) == 4100
    assert outbox.publish(iter([*many, news("one more")]), NOON) == 1


@pytest.mark.parametrize("bad", [{"due": "2026-02-30"}, {"due": "2026"}, {"key": "a\0b"},
                                 {"about": "\ud800"}])  # fmt: skip
def test_what_cannot_be_kept_is_refused_whole(outbox: Outbox, bad: dict[str, str]) -> None:
    with pytest.raises(StoreError):
        outbox.publish([news("n"), news(**{"key": "m"} | bad)], NOON)
    assert outbox.is_new()


# -- matching --------------------------------------------------------------------------------------


def test_places_reach_down_and_up(people: Subscriptions, outbox: Outbox) -> None:
    people.add_all(
        person(f"{code or 'all'}{'+' * inside}", places=(code,) if code else (), inside=inside)
        for code in ("", "US", "US-FL", "US-AL", "US-FL-1", "TH")
        for inside in (False, True)
    )
    tell(outbox, NOON, news("n", places=("US-FL",)))
    state = {"all", "all+", "US+", "US-FL", "US-FL+", "US-FL-1", "US-FL-1+"}
    assert set(read(outbox, NOON)) == state
    tell(outbox, NOON, news("m", places=("US-FL-1",)))
    assert set(read(outbox, NOON)) == {"all", "all+", "US+", "US-FL+", "US-FL-1", "US-FL-1+"}
    tell(outbox, NOON, news("o", places=("TH", "US-AL")))
    assert set(read(outbox, NOON)) == {"all", "all+", "US+", "US-AL", "US-AL+", "TH", "TH+"}
    tell(outbox, NOON, news("p", places=()))
    assert set(read(outbox, NOON)) == {"all", "all+"}


def test_topics_severity_and_substances_decide(people: Subscriptions, outbox: Outbox) -> None:
    people.add_all([
        person("any"),
        person("bills", topics=(Topic.BILL_MOVED,)),
        person("major", severity=Severity.MAJOR),
        person("leaf", substances=(Substance.LEAF,)),
        person("two", substances=(Substance.SYNTHETIC, Substance.SEVEN_OH)),
    ])  # fmt: skip
    tell(outbox, NOON, news("n", severity=Severity.MINOR, substances=(Substance.SEVEN_OH,)))
    assert set(read(outbox, NOON)) == {"any", "two"}
    tell(outbox, NOON, news("m", topic=Topic.BILL_MOVED))
    assert set(read(outbox, NOON)) == {"any", "bills", "major", "leaf", "two"}, "none named: all"


def test_only_those_confirmed_before_are_told_of_new_law(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("before"))
    outbox.publish([news("n")], NOON)
    people.add(person("after", confirmed_at=at("11-02 12:01")))
    outbox.match(at("11-02 13:00"), reach)
    assert set(read(outbox, at("11-02 13:00"))) == {"before"}


def test_the_upcoming_is_told_so_many_days_ahead(people: Subscriptions, outbox: Outbox) -> None:
    people.add_all([person("week", notice_days=7), person("day", notice_days=1)])
    due = news("n", topic=Topic.UPCOMING, due="2026-11-20")
    told = {}
    for day in range(2, 23):
        now = at(f"11-{day:02} 06:00")
        tell(outbox, now, due)
        if day == 19:
            people.add(person("late", notice_days=30, confirmed_at=at("11-19 07:00")))
            outbox.match(at("11-19 08:00"), reach)
        if got := read(outbox, at(f"11-{day:02} 09:00")):
            told[day] = set(got)
    assert told == {13: {"week"}, 19: {"day", "late"}}


def test_upcoming_that_is_over_is_not_told(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a"))
    assert tell(outbox, NOON, news("n", topic=Topic.UPCOMING, due="2026-11-01")) == 0


def test_what_took_effect_is_told_on_the_day_to_whoever_comes(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("early"))
    assert tell(outbox, NOON, news("n", topic=Topic.TOOK_EFFECT, due="2026-11-02")) == 1
    people.add(person("same day", confirmed_at=at("11-02 13:00")))
    assert outbox.match(at("11-02 14:00"), reach) == 1
    people.add(person("next day", confirmed_at=at("11-03 01:00")))
    assert outbox.match(at("11-03 02:00"), reach) == 0
    # After an outage it is told late, to those who were there.
    assert (
        tell(outbox, at("11-05 00:00"), news("m", topic=Topic.TOOK_EFFECT, due="2026-11-02")) == 3
    )


def test_match_stops_where_it_is_told_to(people: Subscriptions, outbox: Outbox) -> None:
    people.add_all([person("a"), person("b")])
    outbox.publish([news(f"{n}") for n in range(5)], NOON)
    assert [outbox.match(NOON, reach, limit=2) for _ in range(4)] == [4, 4, 2, 0]


def test_a_reach_that_fails_loses_nothing(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a"))
    outbox.publish([news("n")], NOON)

    def fail(code: str) -> Reach:
        raise LookupError(code)

    with pytest.raises(LookupError):
        outbox.match(NOON, fail)
    assert outbox.match(NOON, reach) == 1


def test_workers_share_the_notices(people: Subscriptions, outbox: Outbox, store: Store) -> None:
    people.add_all(person(f"{n}") for n in range(200))
    outbox.publish([news(f"{n}") for n in range(20)], NOON)
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: Outbox(store).match(NOON, reach), range(4)))
    assert sum(made) == 4000


# -- corrections -----------------------------------------------------------------------------------


def test_a_retraction_goes_to_those_who_got_the_mistake(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add_all([
        person("got", topics=(Topic.NEW_LAW,)),
        person("waits", topics=(Topic.NEW_LAW,), rhythm=Rhythm.DAILY, hour=20),
        person("other place", places=("TH",)),
    ])  # fmt: skip
    tell(outbox, NOON, news("wrong"), news("right"))
    assert read(outbox, NOON) == {"got": ["right", "wrong"]}
    made = tell(outbox, at("11-02 13:00"), correction("sorry", "wrong", withdraws=True))
    assert made == 1
    assert read(outbox, at("11-02 13:00")) == {"got": ["sorry"]}
    assert read(outbox, at("11-02 20:00")) == {"waits": ["right"]}


def test_a_correction_also_goes_to_those_who_chose_them(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add_all([person("got", topics=(Topic.NEW_LAW,)),
                    person("chose", topics=(Topic.CORRECTION,))])  # fmt: skip
    tell(outbox, NOON, news("wrong"))
    read(outbox, NOON)
    tell(outbox, NOON, correction("sorry", "wrong"))
    assert set(read(outbox, NOON)) == {"got", "chose"}


def test_a_correction_of_a_correction_reaches_who_has_the_first_mistake(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("digest", topics=(Topic.NEW_LAW,), rhythm=Rhythm.DAILY, hour=8))
    tell(outbox, at("11-01 09:00"), news("wrong"))
    assert read(outbox, at("11-02 08:00")) == {"digest": ["wrong"]}
    tell(outbox, at("11-02 09:00"), correction("worse", "wrong"))
    tell(outbox, at("11-02 10:00"), correction("right at last", "worse"))
    assert read(outbox, at("11-03 08:00")) == {"digest": ["right at last"]}


@pytest.mark.parametrize(
    ("fate", "told"),
    [("in flight", True), ("failed", False), ("doubtful", True), ("lost", True), ("dead", False)],
)
def test_who_may_have_got_a_mistake_is_told(
    people: Subscriptions, outbox: Outbox, fate: str, told: bool
) -> None:
    people.add(person("a", topics=(Topic.NEW_LAW,)))
    tell(outbox, NOON, news("wrong"), news("right"))
    (lent,) = outbox.claim("w", NOON)
    later = at("11-02 13:00")
    if fate in ("failed", "doubtful"):
        outbox.failed(lent.id, "slow", NOON, again=later, doubtful=fate == "doubtful")
    elif fate == "dead":
        outbox.failed(lent.id, "gone", NOON, again=None)
    elif fate == "lost":
        (again,) = outbox.claim("w", at("11-02 12:10"))
        assert again == tried_again(lent)
        outbox.failed(lent.id, "slow", at("11-02 12:10"), again=later)
    assert tell(outbox, at("11-02 12:20"), correction("sorry", "wrong", withdraws=True)) == told
    if fate == "dead":
        assert outbox.replay(lent.id, later)
    found = {one.id: [n.key for n in one.notices] for one in outbox.claim("w", later, limit=9)}
    assert found.pop(lent.id) == ["right"], "the mistake is not sent again"
    assert list(found.values()) == [["sorry"]] * told


def test_a_letter_of_which_nothing_is_left_is_not_sent(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("a", topics=(Topic.NEW_LAW,)))
    tell(outbox, NOON, news("wrong"))
    (lent,) = outbox.claim("w", NOON)
    outbox.failed(lent.id, "slow", NOON, again=NOON)
    tell(outbox, NOON, correction("sorry", "wrong", withdraws=True))
    assert outbox.claim("w", at("11-09 00:00")) == []
    assert outbox.next_due() is None


def test_what_is_published_after_a_correction_stands(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a"))
    again = news("said again", about="m-wrong")
    tell(outbox, NOON, news("wrong"), correction("sorry", "wrong"), again)
    assert read(outbox, NOON) == {"a": ["sorry", "said again"]}


# -- letters ---------------------------------------------------------------------------------------


def test_what_is_due_at_one_time_is_one_letter_by_act(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("a"))
    for n, (act, severity) in enumerate(
        [("x", "minor"), ("y", "major"), ("x", "detail"), ("", "minor"), ("", "major")]
    ):
        tell(outbox, moment(seconds(NOON) + n),
             news(f"{act}{n}", act=act, severity=Severity(severity)))  # type: ignore[call-arg]  # fmt: skip
    assert read(outbox, at("11-02 13:00")) == {"a": ["4", "y1", "3", "x0", "x2"]}


def test_after_an_outage_the_gravest_and_newest_are_shown(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("a", topics=(Topic.NEW_LAW, Topic.CORRECTION)))
    tell(outbox, NOON, news("wrong"))
    read(outbox, NOON)
    grave = {3: Severity.MAJOR}
    many = [news(f"{n}", severity=grave.get(n, Severity.DETAIL)) for n in range(CAP + 20)]
    tell(outbox, NOON, correction("sorry", "wrong", severity=Severity.DETAIL), *many)
    (lent,) = outbox.claim("w", NOON)
    newest = [f"{n}" for n in reversed(range(CAP + 20))][: CAP - 2]
    assert [n.key for n in lent.notices] == ["sorry", "3", *newest]
    assert lent.more == 21
    outbox.sent(lent.id, NOON)
    assert outbox.claim("w", NOON) == [], "the others are told of by their number"
    tell(outbox, NOON, correction("hidden was wrong", "5", withdraws=True))
    assert outbox.claim("w", NOON) == [], "who was not shown it needs no retraction"


def test_a_letter_that_is_tried_again_is_the_same(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a"))
    tell(outbox, NOON, news("n"), news("m"))
    (lent,) = outbox.claim("w", NOON)
    outbox.failed(lent.id, "try later", NOON, again=at("11-02 13:00"))
    tell(outbox, at("11-02 12:30"), news("meanwhile"))
    assert read(outbox, at("11-02 12:30")) == {"a": ["meanwhile"]}
    assert outbox.claim("w", at("11-02 12:59")) == []
    assert outbox.next_due() == at("11-02 13:00")
    (again,) = outbox.claim("v", at("11-02 13:00"))
    assert again == tried_again(lent)


def test_a_lease_ends(people: Subscriptions, store: Store) -> None:
    outbox = Outbox(store, lease=60)
    people.add(person("a"))
    tell(outbox, NOON, news("n"))
    (lent,) = outbox.claim("w", NOON)
    assert outbox.claim("v", at("11-02 12:00")[:-3] + "59Z") == []
    assert outbox.next_due() == at("11-02 12:01")
    (again,) = outbox.claim("v", at("11-02 12:01"))
    assert again == tried_again(lent)
    outbox.sent(lent.id, at("11-02 12:01"))  # the first worker was only slow
    outbox.failed(lent.id, "refused twice", at("11-02 12:01"), again=NOON)
    assert outbox.claim("v", at("11-09 00:00")) == []


def test_a_letter_that_ends_every_worker_is_given_up(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a"))
    tell(outbox, NOON, news("n"))
    tries = 0
    while outbox.claim("w", moment(seconds(NOON) + tries * 3600)):
        tries += 1
    assert tries == GIVE_UP
    (dead,) = outbox.dead()
    assert "the worker ended" in dead.reason


def test_digests_come_at_their_hour_through_a_change_of_clocks(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("a", rhythm=Rhythm.DAILY, timezone="America/New_York", hour=8,
                      confirmed_at=at("10-01 00:00")))  # fmt: skip
    dues = []
    for day in ("10-30", "10-31", "11-01"):  # the clocks go back in the night to 1 November
        tell(outbox, at(f"{day} 13:00"), news(day))
        dues.append(outbox.next_due())
        assert read(outbox, outbox.next_due() or "") == {"a": [day]}
    assert dues == [at("10-31 12:00"), at("11-01 13:00"), at("11-02 13:00")]


def test_a_digest_that_was_missed_comes_with_the_next(
    people: Subscriptions, outbox: Outbox
) -> None:
    people.add(person("a", rhythm=Rhythm.WEEKLY, weekday=1, hour=8))
    tell(outbox, at("11-02 09:00"), news("first week"))
    tell(outbox, at("11-09 09:00"), news("second week"))
    assert read(outbox, at("11-16 08:00")) == {"a": ["second week", "first week"]}


def test_channels_are_apart(people: Subscriptions, outbox: Outbox) -> None:
    assert set(CHANNELS) == set(ChannelKind), "give a new channel a number"
    people.add_all(person(kind.value, channel=kind) for kind in ChannelKind)
    tell(outbox, NOON, news("n"))
    only = outbox.claim("w", NOON, channels=[ChannelKind.APPRISE], limit=9)
    assert [one.subscription.ref for one in only] == ["apprise"]
    assert outbox.claim("w", NOON, channels=[], limit=9) == []
    rest = outbox.claim("w", NOON, limit=9)
    assert {one.subscription.ref for one in rest} == {"email", "webhook"}


def test_those_who_wait_longest_come_first(people: Subscriptions, outbox: Outbox) -> None:
    people.add_all([person("b", places=("US",)), person("a", places=("TH",))])
    tell(outbox, at("11-02 11:00"), news("n", places=("TH",)))
    tell(outbox, NOON, news("m"))
    order = []
    while lent := outbox.claim("w", NOON):
        order.append(lent[0].subscription.ref)
    assert order == ["a", "b"]


@pytest.mark.parametrize("limit", [1, 7])
def test_workers_never_claim_the_same(
    people: Subscriptions, outbox: Outbox, store: Store, limit: int
) -> None:
    people.add_all(person(f"{n:03}") for n in range(120))
    tell(outbox, NOON, news("n"), news("m"))
    gate = threading.Barrier(4)

    def work(name: int) -> list[tuple[str, str, int]]:
        mine, got = Outbox(store), []
        gate.wait()
        while lent := mine.claim(f"{name}", NOON, limit=limit):
            got += [(one.id, one.subscription.ref, len(one.notices)) for one in lent]
        return got

    with ThreadPoolExecutor(4) as threads:
        found = [one for got in threads.map(work, range(4)) for one in got]
    assert len({one[0] for one in found}) == len(found) == 120
    assert {one[1:] for one in found} == {(f"{n:03}", 2) for n in range(120)}


# -- dead letters, numbers, age --------------------------------------------------------------------


def test_a_dead_letter_is_seen_and_tried_again(people: Subscriptions, outbox: Outbox) -> None:
    people.add_all([person("a"), person("b")])
    tell(outbox, NOON, news("n"))
    lent = {one.subscription.ref: one for one in outbox.claim("w", NOON, limit=2)}
    outbox.failed(lent["a"].id, "no\r\nsuch\0 \ud800user " + "x" * 9999, NOON, again=None)
    outbox.failed(lent["b"].id, "gone", at("11-02 12:01"), again=None)
    last, first = outbox.dead()
    assert outbox.dead(limit=1) == [last]
    assert (last.envelope, last.reason, last.at) == (lent["b"], "gone", at("11-02 12:01"))
    assert first.envelope == lent["a"]
    assert first.reason.startswith("no such")
    assert len(first.reason) <= 500
    assert outbox.stats(NOON).dead == 2
    assert outbox.claim("w", at("11-09 00:00"), limit=9) == []
    people.replace(person("b", state=SubscriptionState.LEFT))
    assert [outbox.replay(one.id, NOON) for one in lent.values()] == [True, False]
    assert not outbox.replay(lent["a"].id, NOON), "it is not dead any more"
    assert not outbox.replay("nothing", NOON)
    assert outbox.claim("w", NOON, limit=9) == [lent["a"]]


def test_stats_add_up(people: Subscriptions, outbox: Outbox) -> None:
    people.add_all([*(person(f"{n}") for n in range(5)),
                    person("later", rhythm=Rhythm.DAILY, hour=20)])  # fmt: skip
    tell(outbox, NOON, news("n"))
    one, two, three = outbox.claim("w", NOON, limit=3)
    outbox.sent(one.id, NOON)
    outbox.failed(two.id, "slow", NOON, again=at("11-02 13:00"))
    found = outbox.stats(at("11-02 12:01"))
    assert (found.waiting, found.due, found.in_flight, found.retrying) == (3, 2, 1, 1)
    assert (found.sent, found.dead, found.oldest_due) == (1, 0, NOON)
    assert outbox.stats().oldest_due == NOON
    assert three.attempt == 1


def test_what_was_sent_is_kept_for_a_while(people: Subscriptions, outbox: Outbox) -> None:
    people.add(person("a", topics=(Topic.NEW_LAW,)))
    tell(outbox, NOON, news("n"))
    read(outbox, NOON)
    old = seconds(NOON) + KEPT_DAYS * 86_400
    assert outbox.purge(moment(old)) == 0
    tell(outbox, moment(old), news("m"))
    read(outbox, moment(old))
    assert outbox.purge(moment(old + 1)) == 1
    assert outbox.stats().sent == 1
    assert tell(outbox, moment(old), news("n")) == 0, "it is still known"
    assert tell(outbox, moment(old), correction("c", "n", withdraws=True)) == 0
    assert tell(outbox, moment(old), correction("d", "m", withdraws=True)) == 1


def test_no_statement_reads_all_deliveries(tmp_path: Path) -> None:
    """What is asked often goes through an index, however long the history is."""
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        outbox, people = Outbox(store), Subscriptions(store)
        asked: list[str] = []

        def note(_c: object, _u: object, text: str, given: object, *_: object) -> None:
            asked.append(text)

        sa.event.listen(store.engine, "before_cursor_execute", note)
        people.add_all([person("a"), person("b", address="x@example.org")])
        tell(outbox, NOON, news("n"))
        read(outbox, NOON)
        tell(outbox, NOON, correction("c", "n"))
        outbox.stats(NOON)
        outbox.next_due()
        people.bounced("a", hard=True, now=NOON)
        people.forget(ChannelKind.EMAIL, "x@example.org")
        sa.event.remove(store.engine, "before_cursor_execute", note)
        with store.engine.connect() as connection:
            plain = connection.connection.driver_connection
            assert plain is not None
            for text in {t for t in asked if "delivery" in t or "envelope" in t}:
                if not text.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
                    continue
                plan = plain.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))
                for step in (row[3] for row in plan):
                    whole = step.startswith("SCAN") and "USING" not in step
                    assert not (whole and step.split()[1] in ("d", "delivery", "e", "envelope")), (
                        text, step,
                    )  # fmt: skip
