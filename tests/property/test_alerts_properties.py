"""What the outbox does, against the rules written out plainly: one person, one notice at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from kratom_atlas.model.statement import seconds
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Envelope,
    Notice,
    Rhythm,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.store import outbox
from kratom_atlas.store.alerts import next_hour
from kratom_atlas.store.database import Store, open_store
from kratom_atlas.store.outbox import Outbox, Stats
from kratom_atlas.store.subscriptions import Subscriptions

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from alerts_sample import ABOVE, moment, news, person, reach

NewStore = Callable[..., AbstractContextManager[str]]

LEASE = 300
FEW = 2
"""What an envelope holds here."""
ACTIVE, SUSPENDED = SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED
LASTING = (Topic.UPCOMING, Topic.TOOK_EFFECT)
TABLES = ("delivery", "envelope", "interest", "notice", "subscription", "rhythm")


# -- the rules -------------------------------------------------------------------------------------


@dataclass
class Told:
    """One notice for one subscriber."""

    due: int
    envelope: str | None = None
    shown: bool = True


@dataclass
class Letter:
    """An envelope that was lent at least once."""

    ref: str
    keys: list[str]
    more: int
    due: int
    attempt: int = 1
    state: str = "claimed"
    doubtful: bool = False


@dataclass
class Published:
    """A notice and what became of it as a whole."""

    notice: Notice
    at: int
    open: bool
    void: bool = False
    looked: str = ""


@dataclass
class Rules:
    """All of it, as a person with paper would do it."""

    people: dict[str, Subscription] = field(default_factory=dict)
    notices: dict[str, Published] = field(default_factory=dict)
    told: dict[tuple[str, str], Told] = field(default_factory=dict)
    letters: dict[str, Letter] = field(default_factory=dict)

    def publish(self, notices: list[Notice], now: int, told: bool) -> int:
        new = 0
        for one in notices:
            if one.key in self.notices:
                continue
            for before in self.notices.values():
                if before.notice.about in one.corrects:
                    before.void = True
                    self.take_back(lambda key, _, k=before.notice.key: key == k)
            self.notices[one.key] = Published(one, now, open=not told)
            new += 1
        return new

    def take_back(self, which: Callable[[str, str], bool]) -> None:
        for (key, ref), told in list(self.told.items()):
            if which(key, ref) and told.envelope is None:
                del self.told[key, ref]

    def match(self, now: int) -> int:
        made = 0
        today = moment(now)[:10]
        for one in self.notices.values():
            if not one.open or one.void:
                continue
            for ref, someone in self.people.items():
                if someone.state is not ACTIVE or (one.notice.key, ref) in self.told:
                    continue
                got = not one.looked and self.got_what_is_corrected(one.notice, ref)
                if got or self.is_for(one, someone, today):
                    self.told[one.notice.key, ref] = Told(self.hour_of(someone.choices, now))
                    made += 1
            one.looked = today
            one.open = one.notice.topic in LASTING and today <= one.notice.due
        return made

    def got_what_is_corrected(self, one: Notice, ref: str) -> bool:
        wrong = set(one.corrects)
        for _ in self.notices:  # a correction of a correction is one of what that corrected
            for other in self.notices.values():
                if other.void and other.notice.about in wrong and other.notice is not one:
                    wrong |= set(other.notice.corrects)
        for (key, who), told in self.told.items():
            mistake = self.notices[key]
            if who != ref or not mistake.void or mistake.notice.about not in wrong:
                continue
            if told.envelope and told.shown:
                letter = self.letters[told.envelope]
                if letter.state in ("claimed", "sent") or letter.doubtful:
                    return True
        return False

    def is_for(self, one: Published, someone: Subscription, today: str) -> bool:
        notice, chosen = one.notice, someone.choices
        asked = {notice.topic}
        if notice.topic is Topic.CORRECTION:  # it says what the law is
            asked.add(Topic.NEW_LAW)
        if notice.withdraws or not asked & set(chosen.topics):
            return False
        graded = notice.topic not in (Topic.BILL_MOVED, Topic.SOURCE_SILENT)
        if graded and notice.severity.rank > chosen.severity.rank:
            return False
        named = set(notice.substances)
        if chosen.substances and named and not named & set(chosen.substances):
            return False
        if chosen.places and not any(self.is_at(p, chosen, notice) for p in chosen.places):
            return False
        ahead = bool(notice.due) and today <= notice.due
        if notice.topic is Topic.UPCOMING and notice.due:
            days = (date.fromisoformat(notice.due) - date.fromisoformat(today)).days
            if not 0 <= days <= chosen.notice_days:
                return False
            first = date.fromisoformat(notice.due) - timedelta(days=chosen.notice_days)
            if self.was_told_of(notice, someone.ref, seconds(f"{first}T00:00:00Z")):
                return False
        confirmed = seconds(someone.confirmed_at)
        if not (notice.topic in LASTING and ahead) and confirmed > one.at:
            return False
        return one.looked != today or someone.confirmed_at[:10] >= today

    def was_told_of(self, notice: Notice, ref: str, since: int) -> bool:
        """Whether the same was told, or is about to be, after it was near enough to be told of."""
        others = (p for p in self.notices.values() if p.notice.key != notice.key and p.at >= since)
        return any(
            p.notice.about == notice.about and (p.notice.key, ref) in self.told for p in others
        )

    def is_at(self, place: str, chosen: Choices, notice: Notice) -> bool:
        return any(
            place == code or code in ABOVE[place] or (chosen.inside and place in ABOVE[code])
            for code in notice.places
        )

    def hour_of(self, chosen: Choices, now: int) -> int:
        if chosen.rhythm is Rhythm.AT_ONCE:
            return now
        second = now - now % 900 + 900
        while True:
            local = datetime.fromtimestamp(second, ZoneInfo(chosen.timezone))
            weekdays = (chosen.weekday,) if chosen.rhythm is Rhythm.WEEKLY else range(1, 8)
            if (local.hour, local.minute) == (chosen.hour, 0) and local.isoweekday() in weekdays:
                return second
            second += 900

    def waiting(self, ref: str, now: int) -> list[str]:
        return [
            key
            for (key, who), told in self.told.items()
            if who == ref and told.envelope is None and told.due <= now
        ]

    def shown(self, keys: list[str]) -> list[str]:
        """Corrections, then the gravest, then the newest: as many as an envelope holds."""
        newest = list(self.notices)
        first = {key: n for n, key in enumerate(reversed(newest))}

        def weight(key: str) -> tuple[bool, int, int]:
            one = self.notices[key].notice
            corrects = bool(one.corrects) or one.topic is Topic.CORRECTION
            return not corrects, one.severity.rank, first[key]

        return sorted(keys, key=weight)[:FEW]

    def again(self, now: int) -> list[str]:
        """The envelopes that may be lent again, apart from those of which nothing is left."""
        return [
            name
            for name, one in self.letters.items()
            if one.state in ("claimed", "waiting") and one.due <= now
        ]

    def ends(self, name: str) -> bool:
        """Whether nothing of an envelope is to be sent any more."""
        one = self.letters[name]
        left = [key for key in one.keys if not self.notices[key].void]
        return not left or self.people[one.ref].state is not ACTIVE

    def lend_again(self, name: str, now: int) -> None:
        one = self.letters[name]
        one.doubtful |= one.state == "claimed"
        for key in one.keys:
            if self.notices[key].void and not one.doubtful:
                self.told[key, one.ref].shown = False
        one.keys = [key for key in one.keys if not self.notices[key].void]
        one.state, one.due, one.attempt = "claimed", now + LEASE, one.attempt + 1

    def put(self, one: Subscription) -> None:
        self.people[one.ref] = one
        if one.state is not ACTIVE:
            self.take_back(lambda _, ref: ref == one.ref)

    def forget(self, ref: str) -> None:
        del self.people[ref]
        self.told = {k: v for k, v in self.told.items() if k[1] != ref}
        self.letters = {k: v for k, v in self.letters.items() if v.ref != ref}


# -- the outbox against them -----------------------------------------------------------------------

words = st.sampled_from
places = st.just(()) | st.lists(words(sorted(ABOVE)), max_size=2, unique=True).map(tuple)
substances = st.lists(words([Substance.LEAF, Substance.SEVEN_OH]), max_size=1).map(tuple)
picky = st.builds(
    Choices,
    places=places,
    inside=st.booleans(),
    substances=substances,
    topics=st.sets(words(list(Topic)), min_size=1).map(tuple),
    severity=words(list(Severity)),
    notice_days=words([1, 3, 30]),
    rhythm=words([Rhythm.AT_ONCE, *Rhythm]),
    timezone=words(["UTC", "America/New_York", "Asia/Kolkata"]),
    hour=words([0, 8, 23]),
    weekday=words([1, 7]),
)
# Most take all, so that much is sent; some of them want no corrections, and get their own.
choices = st.one_of(
    st.just(Choices(topics=tuple(Topic))),
    st.just(Choices(topics=(Topic.NEW_LAW, Topic.BILL_MOVED))),
    picky,
)
fates = words(["sent", "sent", "again", "doubtful", "dead", "nothing", "nothing"])


class Machine(RuleBasedStateMachine):
    """Steps in any order; a worker that never answers is one that ended."""

    store: Store

    @initialize(chosen=st.lists(choices, max_size=2))
    def begin(self, chosen: list[Choices]) -> None:
        with self.store.engine.begin() as connection:
            for table in TABLES:
                connection.execute(sa.text(f"DELETE FROM {table}"))
        self.outbox = Outbox(self.store, lease=LEASE)
        self.people = Subscriptions(self.store)
        self.rules = Rules()
        self.now = seconds("2026-10-24T06:00:00Z")  # the clocks of New York go back a week later
        self.count = 0
        everything, law = (Choices(topics=topics) for topics in (tuple(Topic), (Topic.NEW_LAW,)))
        for one in (everything, law, *chosen):
            self.come(one, ACTIVE)

    @property
    def at(self) -> str:
        return moment(self.now)

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    @rule(ahead=words([1, 60, LEASE, 3600, 7 * 3600, 86_400, 5 * 86_400]))
    def time_passes(self, ahead: int) -> None:
        self.now += ahead

    @rule(chosen=choices, state=words([ACTIVE, ACTIVE, ACTIVE, SubscriptionState.PENDING]))
    def somebody_comes(self, chosen: Choices, state: SubscriptionState) -> None:
        self.come(chosen, state)

    def come(self, chosen: Choices, state: SubscriptionState) -> None:
        one = person(self.name("p"), choices=chosen, state=state, confirmed_at=self.at)
        self.people.add(one)
        self.rules.people[one.ref] = one

    @precondition(lambda self: self.rules.people)
    @rule(data=st.data(), chosen=choices, state=words([ACTIVE, *SubscriptionState]))
    def somebody_chooses(
        self, data: st.DataObject, chosen: Choices, state: SubscriptionState
    ) -> None:
        before = self.rules.people[data.draw(words(sorted(self.rules.people)))]
        one = replace(before, choices=chosen, state=state)
        self.people.replace(one)
        self.rules.put(one)

    @precondition(lambda self: len(self.rules.people) > 1)
    @rule(data=st.data())
    def somebody_is_forgotten(self, data: st.DataObject) -> None:
        ref = data.draw(words(sorted(self.rules.people)))
        assert self.people.forget(ChannelKind.EMAIL, f"{ref}@example.org") == 1
        self.rules.forget(ref)

    @precondition(lambda self: self.rules.people)
    @rule(data=st.data(), hard=st.booleans())
    def a_letter_comes_back(self, data: st.DataObject, hard: bool) -> None:
        ref = data.draw(words(sorted(self.rules.people)))
        found = self.people.bounced(ref, hard=hard, now=self.at)
        before = self.rules.people[ref]
        assert found in (before.state, SUSPENDED)
        assert found is SUSPENDED or not (hard and before.state is ACTIVE)
        if found is not before.state:
            self.rules.put(replace(before, state=found))

    @rule(
        data=st.data(),
        topic=words([Topic.NEW_LAW, Topic.NEW_LAW, *Topic]),
        severity=words(list(Severity)),
        where=places,
        what=substances,
        due=words([None, 0, 1, 4, 40]),
        told=words([False, False, False, True]),
    )
    def there_is_news(
        self,
        data: st.DataObject,
        topic: Topic,
        severity: Severity,
        where: tuple[str, ...],
        what: tuple[Substance, ...],
        due: int | None,
        told: bool,
    ) -> None:
        last = datetime.fromtimestamp(self.now, UTC).date() + timedelta(days=due or 0)
        name = self.name("n")
        about = f"m-{name}"
        before = sorted({p.notice.about for p in self.rules.notices.values()})
        if topic in LASTING and before and data.draw(st.booleans()):  # the day of what was told
            about = data.draw(words(before))
        one = news(
            name, topic=topic, severity=severity, places=where, substances=what, about=about,
            due="" if due is None else last.isoformat(),
        )  # fmt: skip
        self.publish(one, told)

    @precondition(lambda self: self.rules.notices)
    @rule(data=st.data(), where=places, withdraws=st.booleans())
    def something_was_wrong(
        self, data: st.DataObject, where: tuple[str, ...], withdraws: bool
    ) -> None:
        told = {self.rules.notices[key].notice.about for key, _ in self.rules.told}
        before = sorted(told or {p.notice.about for p in self.rules.notices.values()})
        corrects = data.draw(st.lists(words(before), min_size=1, max_size=2, unique=True))
        topic = data.draw(words([Topic.CORRECTION, Topic.CORRECTION, Topic.NEW_LAW]))
        self.publish(
            news(
                self.name("c"), topic=topic, places=where, corrects=tuple(corrects),
                withdraws=withdraws,
            ),
            False,
        )  # fmt: skip

    def publish(self, one: Notice, told: bool) -> None:
        again = [p.notice for p in self.rules.notices.values()][-2:]
        batch = [*again, one, one]
        assert self.outbox.publish(batch, self.at, told=told) == 1
        assert self.rules.publish(batch, self.now, told) == 1

    @rule()
    def what_is_new_is_matched(self) -> None:
        self.match()

    def match(self) -> None:
        assert self.outbox.match(self.at, reach) == self.rules.match(self.now)

    @rule(data=st.data(), ahead=words([0, 60, LEASE + 1, 86_400]))
    def a_round_is_made(self, data: st.DataObject, ahead: int) -> None:
        """A common turn of events, so that long ones come about."""
        for _ in range(data.draw(st.integers(0, 3))):
            self.publish(news(self.name("n")), False)
        self.match()
        self.now += ahead
        for one in self.claim(50):
            letter, fate = self.rules.letters[one.id], data.draw(fates)
            if fate == "sent":
                self.say_sent(one.id, letter)
            elif fate != "nothing":
                again = None if fate == "dead" else 60
                self.say_failed(one.id, letter, again, fate == "doubtful")

    @rule()
    def match_bit_by_bit(self) -> None:
        """A worker that ends after each notice, and another that goes on."""
        made = sum(self.outbox.match(self.at, reach, limit=n) for n in (1, 2))
        made += self.outbox.match(self.at, reach)
        assert made == self.rules.match(self.now)

    @rule(limit=words([1, 2, 50]))
    def some_is_lent(self, limit: int) -> None:
        self.claim(limit)

    def claim(self, limit: int) -> list[Envelope]:
        rules = self.rules
        lent = self.outbox.claim("w", self.at, limit=limit)
        assert len(lent) <= limit
        refs = {ref for ref in rules.people if rules.waiting(ref, self.now)}
        old = set(rules.again(self.now))
        going = {name for name in old if not rules.ends(name)}
        assert bool(lent) == bool(refs or going)
        if limit == 50:
            assert len(lent) == len(refs) + len(going)
        for one in lent:
            ref = one.subscription.ref
            assert one.subscription == rules.people[ref]
            assert one.subscription.state is ACTIVE
            if one.id in old:
                rules.lend_again(one.id, self.now)
            else:
                assert one.id not in rules.letters
                self.lent_first(one, ref)
            letter = rules.letters[one.id]
            assert (letter.ref, one.more, one.attempt) == (ref, letter.more, letter.attempt)
            assert [n.key for n in one.notices] == letter.keys
            assert all(not rules.notices[n.key].void for n in one.notices)
        # Of what was due and has nothing left, only what was come upon has been put away.
        for name in old - going:
            if self.state_of(name) == "dropped":
                rules.lend_again(name, self.now)
                rules.letters[name].state = "dropped"
        return lent

    def lent_first(self, one: Envelope, ref: str) -> None:
        waiting = self.rules.waiting(ref, self.now)
        shown = self.rules.shown(waiting)
        for key in waiting:
            told = self.rules.told[key, ref]
            told.envelope, told.shown = one.id, key in shown
        more = len(waiting) - len(shown)
        self.rules.letters[one.id] = Letter(ref, shown, more, self.now + LEASE)

    def state_of(self, name: str) -> str:
        query = sa.text("SELECT state FROM envelope WHERE name = :name")
        with self.store.engine.connect() as connection:
            return str(connection.scalar(query, {"name": name}))

    def named(self, *states: str) -> list[str]:
        return [name for name, one in self.rules.letters.items() if one.state in states]

    def drawn(self, data: st.DataObject, *states: str) -> tuple[str, Letter]:
        name = data.draw(words(self.named(*states)))
        return name, self.rules.letters[name]

    @precondition(lambda self: self.named("claimed", "waiting"))
    @rule(data=st.data())
    def sent(self, data: st.DataObject) -> None:
        name, letter = self.drawn(data, "claimed", "waiting")
        self.say_sent(name, letter)

    def say_sent(self, name: str, letter: Letter) -> None:
        self.outbox.sent(name, self.at)
        letter.state = "sent"

    @precondition(lambda self: self.named("claimed"))
    @rule(data=st.data(), again=words([None, 0, 60, 3600]), doubtful=st.booleans())
    def failed(self, data: st.DataObject, again: int | None, doubtful: bool) -> None:
        name, letter = self.drawn(data, "claimed")
        self.say_failed(name, letter, again, doubtful)

    def say_failed(self, name: str, letter: Letter, again: int | None, doubtful: bool) -> None:
        when = None if again is None else moment(self.now + again)
        self.outbox.failed(name, "no such host", self.at, again=when, doubtful=doubtful)
        letter.state = "dead" if again is None else "waiting"
        letter.doubtful |= doubtful
        letter.due = self.now + (again or 0)

    @precondition(lambda self: self.named("dead"))
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        name, letter = self.drawn(data, "dead")
        active = self.rules.people[letter.ref].state is ACTIVE
        assert self.outbox.replay(name, self.at) == active
        if active:
            letter.state, letter.due, letter.attempt = "waiting", self.now, 0

    @invariant()
    def the_same_is_there(self) -> None:
        if not hasattr(self, "rules"):
            return
        rows = sa.text(
            "SELECT n.key, s.ref, d.due, e.name, d.hidden FROM delivery d JOIN notice n "
            "ON n.id = d.notice JOIN subscription s ON s.id = d.subscription "
            "LEFT JOIN envelope e ON e.id = d.envelope"
        )
        with self.store.engine.connect() as connection:
            found = {
                (key, ref): Told(due, name, not hidden)
                for key, ref, due, name, hidden in connection.execute(rows)
            }
            assert connection.scalar(sa.text("SELECT count(*) FROM delivery")) == len(found)
        assert found == self.rules.told
        states = [one.state for one in self.rules.letters.values()]
        waiting = [told.due for told in self.rules.told.values() if told.envelope is None]
        lent = [e.due for e in self.rules.letters.values() if e.state in ("claimed", "waiting")]
        over = [due for due in (*waiting, *lent) if due <= self.now]
        assert self.outbox.stats(self.at) == Stats(
            waiting=len(waiting),
            due=sum(due <= self.now for due in waiting),
            in_flight=states.count("claimed"),
            retrying=states.count("waiting"),
            sent=states.count("sent"),
            dead=states.count("dead"),
            oldest_due=moment(min(over)) if over else None,
        )
        soonest = min((*waiting, *lent), default=None)
        assert self.outbox.next_due() == (None if soonest is None else moment(soonest))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_store: NewStore
) -> Iterator[Store]:
    with (
        new_store(request.param, tmp_path_factory.mktemp("alerts")) as url,
        open_store(url) as opened,
    ):
        yield opened


@pytest.fixture(autouse=True)
def _small_envelopes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "CAP", FEW)


def run(store: Store, examples: int) -> None:
    made = type("Here", (Machine,), {"store": store})
    run_state_machine_as_test(
        made, settings=settings(max_examples=examples, stateful_step_count=40, deadline=None)
    )


def test_the_outbox_follows_the_rules(store: Store) -> None:
    run(store, 25)


@pytest.mark.long
def test_the_outbox_follows_the_rules_for_long(store: Store) -> None:
    run(store, 1000)


# -- hours -----------------------------------------------------------------------------------------


@given(
    zone=words(sorted(available_timezones() - {"localtime"})),
    after=st.integers(1_700_000_000, 1_900_000_000),
    hour=st.integers(0, 23),
    weekday=st.integers(0, 7),
)
@settings(max_examples=300)
def test_a_digest_comes_at_its_hour(zone: str, after: int, hour: int, weekday: int) -> None:
    found = next_hour(after, zone, hour, weekday)
    local = datetime.fromtimestamp(found, ZoneInfo(zone))
    assert after < found <= after + (8 if weekday else 1) * 86_400 + 7200
    on_time = local.hour == hour and local.minute == local.second == 0
    if not on_time:  # the clocks went over that hour
        hours = [found - s for s in range(0, 4 * 3600, 60)]
        shown = [datetime.fromtimestamp(s, ZoneInfo(zone)) for s in hours]
        assert all(one.hour != hour or one.date() != local.date() for one in shown)
    if weekday and on_time:
        assert local.isoweekday() == weekday
    # And no such hour came before.
    for second in range(after + 1 - (after + 1) % 60 + 60, min(found, after + 90_000), 60):
        earlier = datetime.fromtimestamp(second, ZoneInfo(zone))
        if (earlier.hour, earlier.minute) == (hour, 0) and not earlier.fold:
            assert weekday not in (0, earlier.isoweekday())
