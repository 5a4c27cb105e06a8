"""The desk: choices, limits, and errands; the web tests go the whole way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.keeping import DELIVERIES, MOST_SUBSCRIPTIONS
from kratom_atlas.model.report import ReportState
from kratom_atlas.model.subscription import ChannelKind, Choices, SubscriptionState, Topic
from kratom_atlas.model.vocabulary import Substance
from kratom_atlas.notify.channels import Undelivered
from kratom_atlas.notify.errands import BusyError, Errands
from kratom_atlas.notify.limits import RULES, LimitedError, Limits, network_of
from kratom_atlas.notify.links import Links
from kratom_atlas.notify.subscribing import ChoiceError, Desk, checked, time_zones
from kratom_atlas.notify.tokens import Tokens
from kratom_atlas.store import outbox
from kratom_atlas.store.database import StoreError, open_store
from kratom_atlas.store.reports import ReportError, Reports
from kratom_atlas.store.subscriptions import Subscriptions

CODES = {"US", "US-GA", "US-AL"}
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Letters:
    """A channel that keeps its greetings; `refuse` is raised instead."""

    kind = ChannelKind.EMAIL

    def __init__(self) -> None:
        self.links: list[tuple[str, str]] = []
        self.refuse: Undelivered | None = None

    def check(self, address: str) -> str:
        if "@" not in address:
            raise AtlasError("that is no address")
        return address.lower()

    def lane(self, address: str) -> str:
        return address

    def greet(self, subscription: Any, confirm_url: str) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.links.append((subscription.address, confirm_url))

    def send(self, envelope: Any) -> None:
        raise AssertionError(envelope)

    def close(self) -> None:
        pass


@pytest.fixture(params=["sqlite", "postgresql"])
def url(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_store: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    with new_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def desk(url: str, letters: Letters) -> Iterator[Desk]:
    store = open_store(url)
    tokens = Tokens("s" * 40, NOW.timestamp)
    rules = {**RULES, "greet-address": "100/day", "greet-domain": "100/day"}
    made = Desk(
        Subscriptions(store),
        {ChannelKind.EMAIL: letters},
        Links("https://atlas.example", tokens),
        tokens,
        lambda: CODES,
        now=lambda: NOW,
        limits=Limits(rules),
        closing=store.close,
    )
    yield made
    made.close()


def ask(desk: Desk, address: str = "ann@example.org", **choices: Any) -> Any:
    request = desk.request(ChannelKind.EMAIL, address, Choices(**choices))
    return desk.carry_out(request)


# -- choices -----------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(sorted(CODES)), max_size=6),
    st.lists(st.sampled_from(Topic), min_size=1),
    st.lists(st.sampled_from(Substance)),
    st.integers(1, 365),
    st.sampled_from(sorted(time_zones())),
)
def test_what_may_be_chosen_is_kept_once(
    places: list[str], topics: list[Topic], substances: list[Substance], days: int, zone: str
) -> None:
    choices = Choices(
        places=tuple(places),
        topics=tuple(topics),
        substances=tuple(substances),
        notice_days=days,
        timezone=zone,
    )
    found = checked(choices, CODES)
    assert set(found.places) == set(places)
    assert len(found.places) == len(set(places))
    assert set(found.topics) == set(topics)
    assert checked(found, CODES) == found


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"places": ("US-ZZ",)}, "places"),
        ({"places": ("",)}, "places"),
        ({"places": tuple(str(n) for n in range(201))}, "places"),
        ({"topics": ()}, "topics"),
        ({"notice_days": 0}, "notice_days"),
        ({"notice_days": 366}, "notice_days"),
        ({"hour": 24}, "hour"),
        ({"weekday": 8}, "weekday"),
        ({"timezone": "Mars"}, "timezone"),
        ({"timezone": "../UTC"}, "timezone"),
        ({"timezone": "localtime"}, "timezone"),
        ({"timezone": ""}, "timezone"),
    ],
)
def test_what_cannot_be_chosen(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ChoiceError) as told:
        checked(replace(Choices(), **wrong), CODES)
    assert told.value.field == field
    assert "\n" not in str(told.value)


# -- the desk ----------------------------------------------------------------------------------


def test_nothing_is_active_before_its_owner_agrees(desk: Desk, letters: Letters) -> None:
    pending = ask(desk, "Ann@Example.org", places=("US-GA",))
    assert pending.state is SubscriptionState.PENDING
    ((address, link),) = letters.links
    assert address == "ann@example.org"
    token = link.split("/")[-2]
    active = desk.confirm(token)
    assert active.state is SubscriptionState.ACTIVE
    assert active.confirmed_at == "2026-11-22T10:00:00Z"
    assert desk.confirm(token) == active
    assert desk.read(desk.manage_token(active)) == active


def test_leaving_the_last_erases_the_address(desk: Desk) -> None:
    first = desk.admit(ChannelKind.EMAIL, "a@example.org", Choices())
    second = desk.admit(ChannelKind.EMAIL, "a@example.org", Choices(places=("US-GA",)))
    desk.leave(desk.manage_token(first))
    assert desk.others(first) == [second]
    desk.leave(desk.manage_token(first))
    assert desk.others(first) == [second]
    desk.leave(desk.manage_token(second))
    assert desk.forget_address(ChannelKind.EMAIL, "a@example.org") == 0


def test_forgetting_takes_all_of_an_address_and_nothing_else(desk: Desk) -> None:
    mine = desk.admit(ChannelKind.EMAIL, "a@example.org", Choices())
    desk.admit(ChannelKind.EMAIL, "a@example.org", Choices(inside=False))
    other = desk.admit(ChannelKind.EMAIL, "b@example.org", Choices())
    assert desk.forget(desk.manage_token(mine)) == 2
    assert desk.read(desk.manage_token(other)) == other


def test_what_a_crash_left_of_those_who_left_is_erased(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = desk.admit(ChannelKind.EMAIL, "a@example.org", Choices())
    other = desk.admit(ChannelKind.EMAIL, "b@example.org", Choices())
    kept = desk.admit(ChannelKind.EMAIL, "b@example.org", Choices(inside=False))
    with monkeypatch.context() as patch:
        patch.setattr(desk, "_erase_last", lambda _: False)
        desk.end(mine)
        desk.end(other)
    assert desk._subscriptions.get(mine.ref) is not None
    assert desk.tidy() == 1
    assert desk._subscriptions.get(mine.ref) is None
    assert desk.read(desk.manage_token(kept)) == kept


def test_to_leave_twice_at_once_is_no_mistake(desk: Desk) -> None:
    mine = desk.admit(ChannelKind.EMAIL, "a@example.org", Choices())
    desk.end(mine)
    desk.end(mine)


def test_bytes_that_a_busy_file_keeps_are_erased_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = desk.admit(ChannelKind.EMAIL, "a@example.org", Choices())
    forget = desk._subscriptions.forget
    tried: list[int] = []

    def busy(channel: ChannelKind, address: str) -> int:
        tried.append(forget(channel, address))
        if len(tried) < 3:
            raise StoreError("rows were erased, but the file is in use: forget again")
        return 0

    monkeypatch.setattr(desk._subscriptions, "forget", busy)
    monkeypatch.setattr(desk._errands, "_again", (0.01,))
    assert desk.forget(desk.manage_token(mine)) == 1
    until = time.monotonic() + 10
    while len(tried) < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert tried == [1, 0, 0]


def test_an_address_has_only_so_many(desk: Desk, letters: Letters) -> None:
    for n in range(MOST_SUBSCRIPTIONS):
        desk.admit(ChannelKind.EMAIL, "a@example.org", Choices(notice_days=n + 1))
    assert ask(desk, "a@example.org") is None
    assert letters.links == []


def test_what_nobody_confirms_is_dropped(desk: Desk) -> None:
    pending = ask(desk)
    kept = desk.admit(ChannelKind.EMAIL, "b@example.org", Choices())
    assert desk.tidy() == 0
    desk._now = lambda: NOW + timedelta(days=7, seconds=1)
    assert desk.tidy() == 1
    assert desk._subscriptions.get(pending.ref) is None
    assert desk._subscriptions.get(kept.ref) == kept


def test_a_greeting_that_failed_is_told_to_who_waits_for_it(desk: Desk, letters: Letters) -> None:
    letters.refuse = Undelivered("no such user", permanent=True)
    with pytest.raises(Undelivered, match="no such user"):
        ask(desk)


def test_ways_that_are_not_open_are_refused(desk: Desk) -> None:
    assert desk.kinds == (ChannelKind.EMAIL,)
    for kind in (ChannelKind.WEBHOOK, ChannelKind.APPRISE):
        with pytest.raises(ChoiceError, match="does not write by") as told:
            desk.request(kind, "https://a.example/", Choices())
        assert told.value.field == "channel"
    for address in ("", "  ", "x", "x" * 3000):
        with pytest.raises(ChoiceError) as told:
            desk.request(ChannelKind.EMAIL, address, Choices())
        assert told.value.field == "address"


# -- limits ------------------------------------------------------------------------------------


def test_a_refusal_counts_for_nobody() -> None:
    limits = Limits({"a": "2/hour", "b": "3/hour"})
    assert limits.allows(a="x", b="y")
    assert limits.allows(a="x", b="y")
    for _ in range(5):
        assert not limits.allows(a="x", b="y")
    assert limits.allows(a="other", b="y"), "those that were refused did not use up the last"
    assert not limits.allows(a="third", b="y")
    assert limits.allows(a="third", b="other")


def test_limits_pass_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits()
    began = time.time()
    at = began
    monkeypatch.setattr(time, "time", lambda: at)
    asked = []
    for minutes in (0, 5, 11, 22, 33, 60 * 24 - 1, 60 * 24 + 1):
        at = began + minutes * 60
        asked.append(limits.allows(greet_address="email\na@example.org"))
    assert asked == [True, False, True, True, False, False, True]
    at = began + 200_000
    for _ in range(10):
        limits.admit(greet_network="203.0.113.0/24")
    with pytest.raises(LimitedError) as told:
        limits.admit(greet_network="203.0.113.0/24")
    assert 3590 <= told.value.retry_after <= 3600
    assert "60 minutes" in str(told.value)


def test_no_address_is_held() -> None:
    limits = Limits()
    limits.admit(greet_network="203.0.113.0/24", greet_domain="example.org", greet_all="")
    held = repr(vars(limits._counts.storage))
    assert "203.0.113" not in held
    assert "example.org" not in held


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
        ("203.0.113.77:80", "unknown"),
    ],
)
def test_networks(client: str, network: str) -> None:
    assert network_of(client) == network


# -- errands -----------------------------------------------------------------------------------


def test_errands_are_run_in_turn_and_again_where_they_failed() -> None:
    done: list[str] = []
    over = threading.Event()
    tries = iter([False, False, True])

    def shut() -> bool:
        done.append("tried")
        return next(tries)

    def broken() -> bool:
        done.append("broken")
        raise RuntimeError("unforeseen")

    errands = Errands(again=(0.01, 0.01))
    errands.add(shut)
    errands.add(broken)
    errands.add(lambda: over.set() or True)
    assert over.wait(10)
    until = time.monotonic() + 10
    while done.count("tried") < 3 or done.count("broken") < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    errands.stop()
    assert done.count("tried") == 3
    assert done.count("broken") == 3, "it does not try for ever"


def test_what_is_due_is_done_before_it_stops_and_no_more_is_taken() -> None:
    done: list[int] = []
    gate = threading.Event()
    errands = Errands(again=(3600,), most=3)
    errands.add(lambda: gate.wait(10))
    until = time.monotonic() + 10
    while errands._waiting:
        assert time.monotonic() < until
        time.sleep(0.01)
    for n in range(3):
        errands.add(lambda n=n: bool(done.append(n)))  # type: ignore[misc]
    with pytest.raises(BusyError):
        errands.add(lambda: True)
    threading.Timer(0.05, gate.set).start()
    errands.stop()
    assert done == [0, 1, 2]
    with pytest.raises(BusyError):
        errands.add(lambda: True)


# -- what the pages promise --------------------------------------------------------------------


def test_deliveries_are_kept_as_long_as_the_privacy_page_says() -> None:
    assert DELIVERIES.days == outbox.KEPT_DAYS


def test_reports_in_either_store(url: str) -> None:
    with open_store(url) as store:
        reports = Reports(store)
        first = reports.add(at="2026-11-22T10:00:00Z", about="j/US-GA/", text="a", contact="b@c.de")
        second = reports.add(at="2026-11-22T11:00:00Z", about="", text="b")
        assert [one.number for one in reports.all()] == [second, first]
        before = reports.answer(
            first, state=ReportState.FIXED, response="done", publish=True, at="2026-11-23T10:00:00Z"
        )
        assert before.contact == "b@c.de"
        after = reports.get(first)
        assert (after.contact, after.state, after.published) == ("", ReportState.FIXED, True)
        assert [one.number for one in reports.all(state=ReportState.OPEN)] == [second]
        reports.erase(second, at="2026-11-23T10:00:00Z")
        assert reports.get(second).text == ""
        assert reports.count() == 2
        with pytest.raises(ReportError, match="no report 99"):
            reports.get(99)
