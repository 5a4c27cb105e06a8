"""Laws of what crawls leave behind, whatever sources show and however their runs end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kratom_atlas.model.crawling import Fault, Outcome, RunState
from kratom_atlas.model.observation import Document
from kratom_atlas.store.crawls import Archive, BusyError, Run, digest_of, moment
from kratom_atlas.store.database import open_store

NewStore = Callable[..., AbstractContextManager[str]]

KEYS = ("a", "B", "ä", "\u0e01", "x-1")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_store: NewStore,
) -> Iterator[Archive]:
    """One store for all examples: each has a source of its own in it."""
    folder = tmp_path_factory.mktemp("store")
    with new_store(request.param, folder) as url, open_store(url) as store:
        yield Archive(store)


# -- runs against a model --------------------------------------------------------------------------


@dataclass
class Standing:
    """What is known of one document. `said` is all that it ever said, oldest first."""

    said: list[str] = field(default_factory=list)
    first_seen: str | None = None
    last_seen: str | None = None
    last_changed: str | None = None
    fault: Fault | None = None


@dataclass(frozen=True)
class Shown:
    """What one run meets of one document: a text, a list that names it, a fault."""

    title: str | None = None
    listed: bool = False
    fault: Fault | None = None


Model: TypeAlias = dict[str, Standing]

shown = st.builds(
    Shown,
    title=st.sampled_from([None, "A", "B"]),
    listed=st.booleans(),
    fault=st.sampled_from([None, None, Fault.GONE, Fault.CHALLENGE]),
)
plans = st.dictionaries(st.sampled_from(KEYS), shown)
slots = st.sampled_from([None, None, "slot-1", "slot-2", "slot-3"])


def document(key: str, title: str) -> Document:
    return Document(
        key=key, title=title, jurisdiction="ocd-division/country:us", url="https://example.org/"
    )


class Crawls(RuleBasedStateMachine):
    """Runs of one source, and a dictionary that says what must be known after each."""

    def __init__(self, archive: Archive) -> None:
        super().__init__()
        self.archive = archive
        self.source = f"s-{next(_numbers)}"
        self.model: Model = {}
        self.now = FIRST
        self.states: list[RunState] = []
        self.done: set[str] = set()
        self.given_up: list[Run] = []

    def begin(self, slot: str | None) -> Run | None:
        self.now += timedelta(hours=1)
        run = self.archive.begin(
            self.source, parser="p", today=self.now.date(), since=self.now.date(), now=self.now,
            slot=slot,
        )  # fmt: skip
        assert (run is None) == (slot in self.done)
        for n, state in enumerate(self.states):
            if state is RunState.RUNNING:
                self.states[n] = RunState.INTERRUPTED
        if run is not None:
            self.states.append(RunState.RUNNING)
        return run

    @rule(plan=plans, slot=slots, state=st.sampled_from([RunState.OK, RunState.PARTIAL]))
    def accepted(self, plan: dict[str, Shown], slot: str | None, state: RunState) -> None:
        run = self.begin(slot)
        if run is None:
            return
        expected = dict.fromkeys(Outcome, 0)
        for key, one in plan.items():
            outcome = self.meet(key, one)
            if outcome is not None:
                expected[outcome] += 1
        tally = self.accept(run, plan, state)
        self.states[-1] = state
        self.done |= {slot} if slot else set()
        found = dict(zip(Outcome, tally, strict=True))
        assert found == expected
        counts = self.archive.runs(self.source, limit=1)[0].counts
        assert list(counts.values()) == [7, *tally]

    def meet(self, key: str, one: Shown) -> Outcome | None:
        """What must come of one document, by the words of the model and not of the program."""
        stamp = moment(self.now)
        was = self.model.get(key)
        if one.title is not None:
            was = self.model.setdefault(key, Standing())
            changed = not was.said or was.said[-1] != one.title
            outcome = Outcome.UNCHANGED
            if changed:
                outcome = Outcome.CHANGED if was.said else Outcome.NEW
                was.said.append(one.title)
                was.last_changed = stamp
            was.first_seen = was.first_seen or stamp
            was.last_seen, was.fault = stamp, None
            return outcome
        if one.fault is not None:
            self.model.setdefault(key, Standing()).fault = one.fault
            return Outcome.ERROR
        if one.listed and was is not None and was.said:
            was.last_seen, was.fault = stamp, None
            return Outcome.UNCHANGED
        return None

    def accept(
        self, run: Run, plan: dict[str, Shown], state: RunState
    ) -> tuple[int, int, int, int]:
        tally = self.archive.accept(
            run,
            state,
            seen=[document(key, one.title) for key, one in plan.items() if one.title],
            still=[key for key, one in plan.items() if one.listed],
            faults={key: (one.fault, "why") for key, one in plan.items() if one.fault},
            pages=(),
            now=self.now,
            counts={"examined": 7},
        )
        assert sorted(tally.changes) == sorted(set(tally.changes))
        assert len(tally.changes) == tally.new + tally.changed
        return tally.new, tally.changed, tally.unchanged, tally.error

    @rule(slot=slots, state=st.sampled_from([RunState.FAILED, RunState.INTERRUPTED]))
    def refused(self, slot: str | None, state: RunState) -> None:
        run = self.begin(slot)
        if run is None:
            return
        self.archive.end(run, state, now=self.now)
        self.states[-1] = state
        if state is RunState.FAILED and slot:
            self.done.add(slot)

    @rule(slot=slots)
    def killed(self, slot: str | None) -> None:
        run = self.begin(slot)
        if run is not None:
            self.given_up.append(run)

    @rule(plan=plans)
    def too_late(self, plan: dict[str, Shown]) -> None:
        """A run that has lost its lock comes to its end after another one began."""
        self.begin(None)
        for run in self.given_up:
            with pytest.raises(BusyError):
                self.accept(run, plan, RunState.OK)
        self.given_up.clear()

    @invariant()
    def what_is_known(self) -> None:
        found = {
            key: (one.first_seen, one.last_seen, one.last_changed, one.fault)
            for key, one in self.archive.known(self.source).items()
        }
        assert found == {
            key: (one.first_seen, one.last_seen, one.last_changed, one.fault)
            for key, one in self.model.items()
        }

    @invariant()
    def what_stands(self) -> None:
        stands = [(one.key, one.title) for _, one in self.archive.standing(self.source)]
        assert stands == sorted((key, one.said[-1]) for key, one in self.model.items() if one.said)

    @invariant()
    def what_was_ever_said(self) -> None:
        """Every change, with what was there before it, and nothing but changes."""
        told: dict[str, list[tuple[str | None, str]]] = {}
        for change in reversed(self.archive.changes(self.source, limit=1000)):
            before = change.before.title if change.before else None
            told.setdefault(change.now.key, []).append((before, change.now.title))
            assert change.outcome is (Outcome.CHANGED if before else Outcome.NEW)
        assert told == {
            key: list(itertools.pairwise([None, *one.said]))
            for key, one in self.model.items()
            if one.said
        }

    @invariant()
    def how_runs_ended(self) -> None:
        found = [run.state for run in self.archive.runs(self.source, limit=1000)]
        assert found == self.states[::-1]


def test_any_sequence_of_runs(archive: Archive) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Crawls(archive),
        settings=settings(max_examples=20, stateful_step_count=10),
    )


# -- text ------------------------------------------------------------------------------------------

# Hypothesis leaves surrogates out of text unless it is told otherwise.
anything = st.text(st.characters(exclude_categories=()), min_size=1, max_size=40)


@settings(max_examples=50)
@given(texts=st.lists(anything, min_size=1, max_size=4))
def test_any_text_is_kept_or_refused_and_read_again(archive: Archive, texts: list[str]) -> None:
    source = f"s-{next(_numbers)}"
    seen = [
        msgspec.structs.replace(document(text, text), note=text, locator=text) for text in texts
    ]
    outcomes = []
    for hour in (1, 2):
        now = FIRST + timedelta(hours=hour)
        run = archive.begin(source, parser=texts[0], today=now.date(), since=now.date(), now=now)
        assert run is not None
        tally = archive.accept(
            run, RunState.OK, seen=seen, still=texts,
            faults={text + "!": (Fault.DNS, text) for text in texts}, pages=(), now=now,
            reason=texts[0], counts={},
        )  # fmt: skip
        outcomes.append(tally)
    first, second = outcomes
    assert (second.new, second.changed, second.unchanged) == (0, 0, first.new)
    assert second.error == first.error
    stands = [one for _, one in archive.standing(source)]
    assert len(stands) == first.new
    assert {digest_of(one) for one in stands} <= {digest_of(one) for one in seen}
    assert len(archive.known(source)) == first.new + first.error
    assert len(archive.runs(source)) == 2
