"""From the ledger to letters: told once, at their hour, to whom they concern, whatever breaks."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from notify_sample import (
    COUNTY,
    M1,
    SEVEN,
    STATE,
    US,
    act,
    look,
    register,
    rule,
    say,
)

from kratom_atlas.child import Child
from kratom_atlas.model.statement import Line, Op
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Envelope,
    Rhythm,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.values import Provision
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.notify.cycle import Teller, Told, reach_of
from kratom_atlas.notify.figures import Watch
from kratom_atlas.resolve.record import Record
from kratom_atlas.settings import Settings
from kratom_atlas.store.database import Store, open_store
from kratom_atlas.store.ledger import append_batch
from kratom_atlas.store.outbox import CAP, Outbox
from kratom_atlas.store.subscriptions import Subscriptions
from kratom_atlas.store.turns import turn

NewStore = Callable[..., AbstractContextManager[str]]
COLUMNS = ("id", "code", "name", "level", "parent_id", "geoid", "aliases")


@dataclass
class World:
    """A store, a folder of the record that grows, and a clock that is set by hand."""

    store: Store
    sheets: Path
    home: Path
    now: datetime = datetime(2026, 9, 1, 10, tzinfo=UTC)
    people: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.teller = self.another()
        self.outbox = Outbox(self.store)
        self.subscriptions = Subscriptions(self.store)

    def another(self) -> Teller:
        settings = Settings(self.home, None, "https://atlas.example", "")
        return Teller(self.store, settings, clock=lambda: self.now, sheets=self.sheets)

    @property
    def stamp(self) -> str:
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"

    def add(self, *lines: Line) -> None:
        append_batch(self.sheets / "ledger", lines)

    def record(self, *bodies: object, op: Op = Op.ASSERT) -> None:
        self.add(*say(self.stamp, *bodies, op=op))  # type: ignore[arg-type]

    def subscribe(self, name: str, **chosen: object) -> None:
        self.people[f"ref-of-{name}"] = name
        self.subscriptions.add(
            Subscription(
                ref=f"ref-of-{name}",
                channel=ChannelKind.EMAIL,
                address=f"{name}@example.org",
                choices=Choices(**chosen),  # type: ignore[arg-type]
                state=SubscriptionState.ACTIVE,
                created_at=self.stamp,
                confirmed_at=self.stamp,
            )
        )

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def tell(self) -> Told | None:
        self.later(seconds=1)
        return self.teller.turn()

    def letters(self) -> list[Envelope]:
        """What is due now, and sent."""
        found = self.outbox.claim("w", self.stamp, limit=100)
        for one in found:
            self.outbox.sent(one.id, self.stamp)
        return found

    def read(self) -> dict[str, list[str]]:
        """The topics and titles that each is sent now."""
        return {
            self.people[one.subscription.ref]: [f"{n.topic}: {n.title}" for n in one.notices]
            for one in self.letters()
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, new_store: NewStore) -> Iterator[World]:
    sheets = tmp_path / "sheets"
    (sheets / "registry").mkdir(parents=True)
    (sheets / "ledger").mkdir()
    with (sheets / "registry" / "places.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for place in register().values():
            parent = place.parent or ""
            rows.writerow([place.id, place.code, place.name, place.level, parent, "", ""])
    with new_store(request.param, tmp_path) as url, open_store(url) as store:
        made = World(store, sheets, tmp_path / "home")
        made.add(*FIRST)
        yield made


FIRST = say(
    M1,
    act("hb-1", number="HB 1"),
    act("hb-2", number="HB 2"),
    *(look(at) for at in (US, STATE, COUNTY)),
    rule("old", "hb-1", begins="2025-01-01"),
    rule("ahead", "hb-2", begins="2026-09-20", substances=(SEVEN,)),
)


def ban(key: str, instrument: str, **more: Any) -> Provision:
    """Of something that nothing else of the record names."""
    usual = {"begins": "2027-01-01", "substances": (Substance.MITRAGYNINE,)}
    return rule(key, instrument, **{**usual, **more})


def test_at_the_first_run_only_what_is_to_come_is_told(world: World) -> None:
    world.subscribe("ann", places=("US-GA",))
    told = world.tell()
    assert told is not None
    assert told.is_first
    assert told.matched == 1
    (titles,) = world.read().values()
    assert titles == [
        "upcoming: Upcoming: Georgia: 7-OH: from no specific law found to banned, from 2026-09-20"
    ]
    assert world.tell() is None
    world.later(hours=1)
    again = world.tell()
    assert again is not None
    assert (again.published, again.matched, again.is_first) == (0, 0, False)


def test_law_takes_effect_on_its_day_even_if_nothing_was_recorded(world: World) -> None:
    world.subscribe("ann", places=("US-GA",), topics=(Topic.TOOK_EFFECT,))
    world.tell()
    world.now = datetime(2026, 9, 20, 0, 0, 5, tzinfo=UTC)
    world.tell()
    (titles,) = world.read().values()
    assert titles[0].startswith("took-effect: Took effect: Georgia: 7-OH")
    world.later(days=1)
    world.tell()
    assert world.read() == {}


def test_who_is_told_by_where_it_is(world: World) -> None:
    world.subscribe("country", places=("US",))
    world.subscribe("only-country", places=("US",), inside=False)
    world.subscribe("state", places=("US-GA",), inside=False)
    world.subscribe("quiet-county", places=("US-GA-13003",))
    world.subscribe("all")
    world.subscribe("elsewhere", places=("AQ",))
    world.tell()
    world.letters()
    world.record(act("hb-3"), ban("state-ban", "hb-3"))
    world.tell()
    assert world.read().keys() == {"country", "state", "quiet-county", "all"}
    world.record(
        act("ordinance", COUNTY), ban("local", "ordinance", at=COUNTY, begins="2026-12-01")
    )
    world.tell()
    assert world.read().keys() == {"country", "all"}


def test_a_retraction_goes_to_exactly_those_who_got_the_mistake(world: World) -> None:
    world.subscribe("got-it", places=("US-GA",), topics=(Topic.NEW_LAW,))
    wrong = (Topic.NEW_LAW, Topic.CORRECTION)
    digest = {"rhythm": Rhythm.DAILY, "hour": 9}
    world.subscribe("has-not-yet", places=("US-GA",), topics=wrong, **digest)
    world.tell()
    world.letters()
    mistake = ban("mistake", "hb-3")
    world.record(act("hb-3", number="HB 3"), mistake)
    world.tell()
    assert world.read().keys() == {"got-it"}
    world.subscribe("came-later", places=("US-GA",), topics=wrong)
    world.later(minutes=5)
    world.record(mistake, op=Op.RETRACT)
    world.tell()
    told = world.read()
    assert told.keys() == {"got-it"}, told
    assert told["got-it"][0].startswith("correction: Correction: Georgia: Mitragynine")
    world.later(days=2)
    world.tell()
    assert "has-not-yet" not in world.read()


def test_what_is_recorded_in_this_second_is_told_when_it_is_over(world: World) -> None:
    """More may be recorded at that moment, and would leave no trace of what had been told."""
    world.tell()
    world.later(seconds=1)
    world.record(act("hb-3", number="HB 3"), ban("mistake", "hb-3"))
    world.later(seconds=0.6)
    began = time.monotonic()
    told = world.teller.turn()
    assert time.monotonic() - began > 0.35
    assert told is not None
    assert told.published


def test_what_was_just_told_is_not_told_again_as_upcoming(world: World) -> None:
    world.tell()
    world.subscribe("month-ahead", places=("US-GA-13001",))
    world.subscribe("week-ahead", places=("US-GA-13001",), notice_days=7)
    world.letters()
    world.record(
        act("ordinance", COUNTY), ban("local", "ordinance", at=COUNTY, begins="2026-09-18")
    )
    world.tell()
    told = world.read()
    assert {name: [t.partition(":")[0] for t in titles] for name, titles in told.items()} == {
        "month-ahead": ["new-law", "upcoming"],  # of what comes on 20 September
        "week-ahead": ["new-law"],
    }
    assert "2026-09-20" in told["month-ahead"][1]
    world.now = datetime(2026, 9, 11, 12, tzinfo=UTC)
    world.tell()
    (reminder,) = world.read().values()
    assert reminder[0].startswith("upcoming: Upcoming: North County")


def test_a_correction_before_the_digest_tells_what_is_right(world: World) -> None:
    """Also to who chose new law alone: the first wording was taken back, and never sent."""
    world.tell()
    digest = {"rhythm": Rhythm.DAILY, "hour": 9}
    world.subscribe("ann", places=("US-GA",), topics=(Topic.NEW_LAW,), **digest)
    world.record(act("hb-3"), ban("new", "hb-3"))
    world.tell()
    world.later(minutes=5)
    world.record(ban("new", "hb-3", begins="2027-03-01"), op=Op.SUPERSEDE)
    world.tell()
    world.later(days=1)
    (titles,) = world.read().values()
    assert len(titles) == 1
    assert titles[0].startswith("correction: ")
    assert titles[0].endswith("from 2027-03-01")


def test_bills_are_told_whatever_the_severity(world: World) -> None:
    world.tell()
    world.subscribe("ann", topics=(Topic.BILL_MOVED, Topic.NEW_LAW), severity=Severity.MAJOR)
    world.record(act("b-1", stage="introduced", title="Bill 1"))
    world.tell()
    assert world.read() == {"ann": ["bill-moved: Georgia: Bill 1: introduced (not law)"]}


def test_a_digest_comes_at_its_hour_when_the_clocks_go_back(world: World) -> None:
    """On 1 November New York goes from UTC-4 to UTC-5: eight o'clock is an hour later in UTC."""
    world.now = datetime(2026, 10, 30, 13, tzinfo=UTC)
    zone = {"rhythm": Rhythm.DAILY, "timezone": "America/New_York", "hour": 8}
    world.subscribe("ann", places=("US-GA",), topics=(Topic.NEW_LAW,), **zone)
    world.tell()
    days = (("2026-10-31", 12, Substance.MITRAGYNINE), ("2026-11-01", 13, Substance.MGM_15))
    for day, hour, substance in days:
        key = f"law-{day}"
        world.record(act(key), ban(f"p-{day}", key, substances=(substance,)))
        world.tell()
        eight = datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00")
        world.now = eight - timedelta(seconds=1)
        assert world.read() == {}
        world.now = eight
        assert world.read().keys() == {"ann"}
        world.later(hours=1)


def test_after_an_outage_what_is_left_out_is_counted(world: World) -> None:
    world.subscribe("ann", topics=(Topic.BILL_MOVED,))
    world.tell()
    bills = [act(f"b-{n}", stage="introduced", title=f"Bill {n}") for n in range(CAP + 7)]
    world.record(*bills)
    world.tell()
    (letter,) = world.letters()
    assert (len(letter.notices), letter.more) == (CAP, 7)
    world.later(days=1)
    assert world.letters() == []


def test_what_is_marked_as_told_is_told_to_nobody(world: World) -> None:
    world.subscribe("ann", places=("US-GA",))
    world.tell()
    world.letters()
    world.record(act("hb-3"), ban("new", "hb-3"))
    told = world.another().turn(quietly=True, always=True)
    assert told is not None
    assert (told.published > 0, told.matched) == (True, 0)
    world.later(hours=2)
    world.tell()
    assert world.read() == {}


def test_a_turn_that_broke_off_is_made_up_for_and_nothing_is_told_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.subscribe("ann", places=("US-GA",))
    world.tell()
    world.letters()
    world.record(act("hb-3"), ban("new", "hb-3"))
    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "match", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.tell()
    world.tell()
    assert world.read().keys() == {"ann"}
    world.another().turn(always=True)
    assert world.read() == {}


def test_one_tells_at_a_time(world: World) -> None:
    world.subscribe("ann", places=("US-GA",))
    with open_store(_url(world.store)) as other, turn(other, "alerts", 0x6B72616C) as mine:
        assert mine is not None
        assert world.tell() is None
    told = world.tell()
    assert told is not None
    assert told.is_first


def _url(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def test_what_somebody_records_beside_the_repository_is_told_too(world: World) -> None:
    world.subscribe("ann", places=("US-GA",))
    world.tell()
    world.letters()
    world.later(seconds=5)
    world.store.append(say(world.stamp, act("hb-3"), ban("new", "hb-3")))
    world.tell()
    assert world.read().keys() == {"ann"}


def test_whom_a_place_reaches() -> None:
    reach = reach_of(Record(FIRST, register()).at())
    state = reach("US-GA")
    assert state.at == {"US-GA", "US-GA-13001", "US-GA-13003"}
    assert state.above == {"US"}
    assert reach("XX").at == {"XX"}


def test_the_numbers_tell_nothing_of_anybody(world: World) -> None:
    world.subscribe("ann", places=("US-GA",))
    world.tell()
    watch = Watch(Settings(world.home, _url(world.store), "", ""))
    figures = watch.read()
    watch.close()
    assert figures is not None
    assert figures.counts["waiting"] == 1
    assert figures.subscriptions["active"] == 1
    assert "ann" not in repr(figures)
    assert Watch(Settings(world.home / "none", None, "", "")).read() is None


# -- a process beside ----------------------------------------------------------------------------


def test_a_child_is_started_again_and_ends_when_it_is_told(tmp_path: Path) -> None:
    said = tmp_path / "said"
    code = "import sys, pathlib; f = open(sys.argv[1], 'a'); f.write('x'); f.flush(); "
    child = Child("test", (sys.executable, "-c", f"{code}sys.exit(3)", str(said)), retry=0.01)
    child.start()
    _until(lambda: said.exists() and len(said.read_text(encoding="utf-8")) >= 3)
    child.stop()
    count = len(said.read_text(encoding="utf-8"))
    time.sleep(0.2)
    assert len(said.read_text(encoding="utf-8")) == count


def test_a_child_does_not_outlive_its_parent(tmp_path: Path) -> None:
    said = tmp_path / "said"
    inner = (
        "import sys; f = open(sys.argv[1], 'a'); f.write('begun.'); f.flush(); "
        "sys.stdin.read(); f.write('ended.'); f.close()"
    )
    outer = (
        "import sys, time; from kratom_atlas.child import Child; "
        f"Child('c', (sys.executable, '-c', {inner!r}, sys.argv[1])).start(); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", outer, str(said)])
    _until(lambda: said.exists() and "begun" in said.read_text(encoding="utf-8"))
    parent.kill()
    parent.wait()
    _until(lambda: "ended" in said.read_text(encoding="utf-8"))


def _until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
