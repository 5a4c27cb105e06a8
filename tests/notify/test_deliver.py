"""The loop that sends: from a real outbox to real servers, and what comes of each answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from post_sample import Box, SampleLinks, mailbox, notice, subscription, website

from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Envelope,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.notify.channels import Channel, Undelivered
from kratom_atlas.notify.channels.email import Mail
from kratom_atlas.notify.channels.webhook import Webhooks
from kratom_atlas.notify.deliver import BACKOFF, Delivered, deliver
from kratom_atlas.settings import Settings
from kratom_atlas.store.database import Store, open_store
from kratom_atlas.store.outbox import Outbox, Reach
from kratom_atlas.store.subscriptions import Subscriptions

LINKS = SampleLinks()
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    @property
    def said(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def reach(code: str) -> Reach:
    return Reach(at=frozenset({code}), above=frozenset({"US", ""}))


class Office:
    """A store, its outbox and subscriptions, and how they are worked off."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = Outbox(store)
        self.subscriptions = Subscriptions(store)
        self.clock = Clock()
        self.channels: dict[ChannelKind, Channel] = {}

    def subscribe(self, *some: Subscription) -> None:
        for one in some:
            self.subscriptions.add(one)

    def tell(self, *keys: str, **changes: Any) -> None:
        self.outbox.publish([notice(key, **changes) for key in keys], self.clock.said)
        self.outbox.match(self.clock.said, reach)

    def work(self, *channels: Channel, **more: Any) -> Delivered:
        options: dict[str, Any] = {"stop": lambda: False, "until_empty": True} | more
        return deliver(
            self.outbox,
            self.subscriptions,
            {one.kind: one for one in channels},
            self.clock,
            worker="w1",
            **options,
        )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as found:
        yield found


@contextmanager
def open_office(folder: Path) -> Iterator[Office]:
    store = open_store(f"sqlite:///{folder / 'atlas.sqlite'}")
    try:
        yield Office(store)
    finally:
        store.engine.dispose()


def mail(box: Box, rate: float = 0.0) -> Mail:
    settings = Settings(
        Path(),
        None,
        "",
        "",
        smtp_url=f"smtp://127.0.0.1:{box.port}",
        mail_from="alerts@example.org",
        mail_rate=rate,
    )
    return Mail(settings, LINKS)


class Fake:
    """A channel that does what it is told, and remembers."""

    abreast = 2
    rate = 0.0

    def __init__(self, kind: ChannelKind = ChannelKind.WEBHOOK) -> None:
        self.kind = kind
        self.sent: list[Envelope] = []
        self.does: dict[str, Any] = {}
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def check(self, address: str) -> str:
        return address

    def lane(self, address: str) -> str:
        return address.partition("/")[0]

    def send(self, envelope: Envelope) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            does = self.does.get(self.lane(envelope.subscription.address))
            if isinstance(does, float):
                time.sleep(does)
            elif does is not None:
                raise does
            with self._lock:
                self.sent.append(envelope)
        finally:
            with self._lock:
                self._now -= 1

    def greet(self, subscription: Subscription, confirm_url: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass

    def hosts(self) -> list[str]:
        return sorted(self.lane(one.subscription.address) for one in self.sent)


def hooks(*addresses: str) -> list[Subscription]:
    return [
        subscription(address, ChannelKind.WEBHOOK, ref=f"ref{n}-{address}")
        for n, address in enumerate(addresses)
    ]


# -- to real servers -----------------------------------------------------------------------------


def test_what_is_due_arrives_once(office: Office) -> None:
    readers = [subscription(f"r{n}@example.org", ref=f"r{n}") for n in range(30)]
    with mailbox() as box, website() as site:
        url = f"http://127.0.0.1:{site.port}/in"
        office.subscribe(*readers, subscription(url, ChannelKind.WEBHOOK, ref="hook"))
        office.tell("a", "b")
        post = mail(box)
        done = office.work(post, Webhooks(LINKS, allow=site.hosts))
        again = office.work(post, Webhooks(LINKS, allow=site.hosts))
        post.close()
    assert done.by[ChannelKind.EMAIL].sent == 30
    assert done.by[ChannelKind.WEBHOOK].sent == 1
    assert done.all.sent == 31
    assert again.all.sent == 0
    assert sorted(t.rcpt_tos[0] for t in box.taken) == sorted(r.address for r in readers)
    assert len(site.calls[0].json["data"]["notices"]) == 2
    assert len({message_from_bytes(t.original_content)["message-id"] for t in box.taken}) == 30
    assert len(box.sessions) <= post.abreast


def test_nobody_there_suspends_and_the_others_get_theirs(office: Office) -> None:
    office.subscribe(
        *(subscription(f"{name}@example.org", ref=name) for name in ("gone", "full", "here"))
    )
    answers = {"gone@example.org": "550 5.1.1 who?", "full@example.org": "452 4.2.2 full"}
    with mailbox(Box(rcpt=answers)) as box:
        office.tell("a")
        post = mail(box)
        done = office.work(post)
        post.close()
    tally = done.by[ChannelKind.EMAIL]
    assert (tally.sent, tally.again, tally.dead, tally.suspended) == (1, 1, 1, 1)
    states = {ref: office.subscriptions.get(ref).state for ref in ("gone", "full", "here")}  # type: ignore[union-attr]
    assert states == {
        "gone": SubscriptionState.SUSPENDED,
        "full": SubscriptionState.ACTIVE,
        "here": SubscriptionState.ACTIVE,
    }


def test_a_server_of_mail_that_is_away_costs_each_letter_one_try(office: Office) -> None:
    office.subscribe(*(subscription(f"r{n}@example.org", ref=f"r{n}") for n in range(60)))
    office.tell("a")
    with mailbox() as box:
        pass
    post = mail(box)
    started = time.monotonic()
    done = office.work(post)
    assert time.monotonic() - started < 10
    assert done.all.sent == 0
    assert 0 < done.all.again <= 60  # the lane is left alone, and most are not even claimed
    with mailbox(Box()) as box:
        post = mail(box)
        office.clock.pass_by(400)
        assert office.work(post).all.sent == 60
        post.close()
    letters = [message_from_bytes(t.original_content, policy=policy.default) for t in box.taken]
    assert len({str(letter["to"]) for letter in letters}) == 60


# -- again, and when not -------------------------------------------------------------------------


def test_it_is_tried_later_and_later_and_then_given_up(office: Office) -> None:
    office.subscribe(*hooks("a/1"))
    office.tell("n")
    fake = Fake()
    fake.does["a"] = Undelivered("no", bounce=True)
    for wait in BACKOFF:
        assert office.work(fake).by[ChannelKind.WEBHOOK].again == 1
        assert office.work(fake).all.again == 0
        office.clock.pass_by(wait * 0.75)
        assert office.work(fake).all.again == 0  # not yet, with whatever jitter
        office.clock.pass_by(wait * 0.5)
    done = office.work(fake).by[ChannelKind.WEBHOOK]
    assert (done.dead, done.again) == (1, 0)
    [dead] = office.outbox.dead()
    assert (dead.reason, dead.envelope.notices[0].key) == ("no", "n")
    fake.does.clear()
    assert office.outbox.replay(dead.envelope.id, office.clock.said)
    assert office.work(fake).all.sent == 1
    assert fake.sent[0].id == dead.envelope.id


def test_five_given_up_in_a_row_suspend(office: Office) -> None:
    office.subscribe(*hooks("a/1"))
    fake = Fake()
    fake.does["a"] = Undelivered("no", permanent=False, bounce=True)
    suspended = 0
    for n in range(5):
        office.tell(f"n{n}")
        for wait in (*BACKOFF, 0):
            suspended += office.work(fake).all.suspended
            office.clock.pass_by(wait * 1.3)
        assert suspended == (n == 4)


def test_a_busy_server_says_when(office: Office) -> None:
    office.subscribe(*hooks("a/1"))
    office.tell("n")
    fake = Fake()
    fake.does["a"] = Undelivered("busy", retry_after=4000)
    assert office.work(fake).all.again == 1
    fake.does.clear()
    office.clock.pass_by(3990)
    assert office.work(fake).all.sent == 0
    office.clock.pass_by(11)
    assert office.work(fake).all.sent == 1


def test_what_is_permanent_is_given_up_at_once(office: Office) -> None:
    office.subscribe(*hooks("a/1", "b/1"))
    office.tell("n")
    fake = Fake()
    fake.does |= {
        "a": Undelivered("gone", permanent=True, bounce=True),
        "b": Undelivered("spam", permanent=True),
    }
    tally = office.work(fake).all
    assert (tally.dead, tally.suspended) == (2, 1)


def test_a_fault_in_one_letter_keeps_back_no_other(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.subscribe(*hooks("a/1", "b/1", "c/1"))
    office.tell("n")
    fake = Fake()
    fake.does["b"] = ZeroDivisionError("https://b/1?token=s3cret")
    tally = office.work(fake).all
    assert (tally.sent, tally.again) == (2, 1)
    assert "ZeroDivisionError at test_deliver.py" in caplog.text
    assert "s3cret" not in caplog.text


def test_who_forgot_meanwhile_is_no_error(office: Office) -> None:
    office.subscribe(*hooks("a/1"))
    office.tell("n")
    fake = Fake()

    class Leaving(Fake):
        def send(self, envelope: Envelope) -> None:
            office.subscriptions.forget(ChannelKind.WEBHOOK, envelope.subscription.address)
            raise Undelivered("gone", permanent=True, bounce=True)

    assert office.work(Leaving()).all.dead == 1
    assert office.work(fake).all == office.work(fake).all
    assert fake.sent == []


# -- one does not hold up the others -------------------------------------------------------------


def test_a_slow_host_holds_up_no_other(office: Office) -> None:
    slow = [f"slow/{n}" for n in range(20)]
    fast = [f"h{n}/x" for n in range(60)]
    office.subscribe(*hooks(*slow, *fast))
    office.tell("n")
    fake = Fake()
    fake.does["slow"] = 0.4
    started = time.monotonic()
    done: list[Delivered] = []
    thread = threading.Thread(target=lambda: done.append(office.work(fake)))
    thread.start()
    while sum(host != "slow" for host in fake.hosts()) < 60:
        time.sleep(0.02)
        assert time.monotonic() - started < 4, len(fake.sent)
    assert fake.hosts().count("slow") < 20
    thread.join()
    assert done[0].all.sent == 80
    assert fake.most <= 8


def test_a_dead_host_is_asked_once_and_left_alone(office: Office) -> None:
    office.subscribe(*hooks(*(f"dead/{n}" for n in range(30)), "b/1"))
    office.tell("n")
    asked: list[str] = []

    class Counting(Fake):
        def send(self, envelope: Envelope) -> None:
            if self.lane(envelope.subscription.address) == "dead":
                asked.append(envelope.id)
                time.sleep(0.05)
                raise Undelivered("no answer", unwell=True, bounce=True)
            super().send(envelope)

    fake = Counting()
    tally = office.work(fake).all
    assert (tally.sent, tally.again) == (1, 30)
    assert len(asked) <= 1 + Fake.abreast


def test_one_failure_on_a_shared_host_is_not_its_end(office: Office) -> None:
    office.subscribe(*hooks(*(f"shared/{n}" for n in range(20))))
    office.tell("n")

    class Once(Fake):
        def send(self, envelope: Envelope) -> None:
            if envelope.subscription.address == "shared/0":
                raise Undelivered("no answer", unwell=True, bounce=True)
            super().send(envelope)

    tally = office.work(Once()).all
    assert (tally.sent, tally.again) == (19, 1)


def test_a_lane_keeps_its_pace(office: Office) -> None:
    office.subscribe(*hooks(*(f"a/{n}" for n in range(12)), *(f"b/{n}" for n in range(12))))
    office.tell("n")
    fake = Fake()
    fake.rate = 10.0  # five at once, then ten a second: each on its own
    started = time.monotonic()
    assert office.work(fake).all.sent == 24
    assert 0.6 < time.monotonic() - started < 3


def test_no_lane_is_wider_than_it_says(office: Office) -> None:
    office.subscribe(*hooks(*(f"a/{n}" for n in range(12))))
    office.tell("n")
    fake = Fake()
    fake.does["a"] = 0.05
    assert office.work(fake).all.sent == 12
    assert fake.most == 2


# -- stopping ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "many"), [(ChannelKind.EMAIL, 120), (ChannelKind.WEBHOOK, 40)])
def test_it_stops_and_finishes_what_it_has_in_hand(
    office: Office, kind: ChannelKind, many: int
) -> None:
    office.subscribe(
        *(subscription(f"a/{n}", kind, ref=f"r{n}", choices=Choices()) for n in range(many))
    )
    office.tell("n")
    fake = Fake(kind)
    fake.does["a"] = 0.005
    asked = threading.Event()
    done: list[Delivered] = []
    thread = threading.Thread(
        target=lambda: done.append(office.work(fake, stop=asked.is_set, until_empty=False))
    )
    thread.start()
    while len(fake.sent) < 5:
        time.sleep(0.01)
    asked.set()
    thread.join(10)
    assert not thread.is_alive()
    first = done[0].all
    assert first.sent == len(fake.sent) < many
    assert office.outbox.stats(office.clock.said).in_flight == 0  # nothing is left on loan
    office.clock.pass_by(100)
    office.work(fake)
    assert len(fake.sent) == many
    assert len({one.subscription.ref for one in fake.sent}) == many


def test_it_waits_for_what_is_yet_to_come(office: Office) -> None:
    office.subscribe(*hooks("a/1"))
    fake = Fake()
    asked = threading.Event()
    thread = threading.Thread(
        target=lambda: office.work(fake, stop=asked.is_set, until_empty=False)
    )
    thread.start()
    time.sleep(0.3)
    office.tell("n")
    for _ in range(100):
        if fake.sent:
            break
        time.sleep(0.05)
    asked.set()
    thread.join(10)
    assert not thread.is_alive()
    assert len(fake.sent) == 1


def test_a_store_that_breaks_ends_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.subscribe(*hooks("a/1"), subscription())
    office.tell("n")

    def broken(*_args: Any, **_more: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(office.outbox, "sent", broken)
    with pytest.raises(OSError, match="disk full"):
        office.work(Fake(), Fake(ChannelKind.EMAIL), until_empty=False)


def test_without_channels_there_is_nothing_to_do(office: Office) -> None:
    assert office.work().all.sent == 0


# -- a correction --------------------------------------------------------------------------------


def test_a_correction_goes_to_who_got_the_mistake(office: Office) -> None:
    quiet = Choices(places=("US-UT",), topics=(Topic.NEW_LAW,))
    office.subscribe(subscription("r@example.org", ref="r", choices=quiet))
    with mailbox() as box:
        post = mail(box)
        office.tell("a", about="m1")
        office.work(post)
        office.clock.pass_by(60)
        office.tell("b", topic=Topic.CORRECTION, corrects=("m1",), withdraws=True)
        office.work(post)
        post.close()
    letters = [message_from_bytes(t.original_content, policy=policy.default) for t in box.taken]
    assert [str(one["subject"]).startswith("Correction: ") for one in letters] == [False, True]
    assert "Withdrawn: what we said before was wrong" in letters[1].as_string()


def test_two_workers_on_one_outbox_repeat_nothing(office: Office, tmp_path: Path) -> None:
    with website() as site:
        urls = [f"http://127.0.0.1:{site.port}/{n}" for n in range(30)]
        office.subscribe(*hooks(*urls))
        office.tell("n")
        post = Webhooks(LINKS, allow=site.hosts)
        post.rate = 0.0
        with open_office(tmp_path) as other:
            threads = [threading.Thread(target=one.work, args=(post,)) for one in (office, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert sorted(call.path for call in site.calls) == sorted(f"/{n}" for n in range(30))
    assert len({call.headers["webhook-id"] for call in site.calls}) == 30
