"""Laws of the record, whatever the sheets say and in whatever order they came to say it."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kratom_atlas.catalog import Catalog, load_catalog
from kratom_atlas.model.statement import Body, Line, Op, Part
from kratom_atlas.store.database import open_store
from kratom_atlas.store.ingest import check, ingest, plan, standing
from kratom_atlas.store.ledger import Batch, read_batches

Say = Callable[..., Line]

# -- sheets and ledger ------------------------------------------------------------------------

COUNTRY = """\
jurisdiction:
  id: ocd-division/country:{code}
  code: {upper}
  name: {name}
  level: country
searches:
{searches}
"""
SEARCH = """\
  - id: {key}
    on: 2026-01-01
    where: {where}
    covers: {{from: 2020}}
    substances: [leaf]
    result: none
    verification: {verification}
"""

searches = st.fixed_dictionaries(
    {
        "where": st.sampled_from(["Gazette", "Code"]),
        "verification": st.sampled_from(["reported", "primary"]),
    }
)
countries = st.tuples(
    st.sampled_from(["Siam", "'Thaïland, <b>\"'"]),
    st.lists(searches, min_size=1, max_size=3),
)
states = st.dictionaries(st.sampled_from(["th", "my", "la"]), countries, min_size=1)
histories = st.lists(states, min_size=1, max_size=6)

State: TypeAlias = dict[str, tuple[str, list[dict[str, str]]]]


def write(root: Path, state: State) -> None:
    """Make the sheets below `root` say `state` and nothing else."""
    for path in root.glob("*.yaml"):
        path.unlink()
    for code, (name, found) in state.items():
        sheet = COUNTRY.format(
            code=code,
            upper=code.upper(),
            name=name,
            searches="".join(
                SEARCH.format(key=f"{code}-search-{n}", **search) for n, search in enumerate(found)
            ),
        )
        (root / f"{code}.yaml").write_text(sheet, encoding="utf-8")


def said(catalog: Catalog) -> dict[tuple[Part, str], Body]:
    """What sheets say, in the form in which a ledger is replayed."""
    return {
        **{(Part.JURISDICTION, i): catalog.jurisdictions[i] for i in catalog.with_sheet},
        **{(Part.INSTRUMENT, i): body for i, body in catalog.instruments.items()},
        **{(Part.SEARCH, i): body for i, body in catalog.searches.items()},
        **{(Part.PROVISION, i): body for i, body in catalog.provisions.items()},
    }


def replay(lines: Iterable[Line]) -> dict[tuple[Part, str], Body | None]:
    return {key: line.body for key, line in standing(lines).items()}


@settings(max_examples=40)
@given(histories)
def test_the_ledger_follows_the_sheets_and_only_grows(history: list[State]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "jurisdictions"
        ledger = root / "ledger"
        ledger.mkdir(parents=True)
        before: dict[str, bytes] = {}
        lines: list[Line] = []
        for day, state in enumerate(history, start=1):
            write(root, state)
            moment = f"2026-01-{day:02}T00:00:00Z"
            ingest(root, recorded_at=moment, actor="tester", reason="a test")
            assert ingest(root, recorded_at=moment, actor="tester", reason="a test") is None
            assert check(root) == []
            after = {path.name: path.read_bytes() for path in ledger.glob("*.jsonl")}
            assert after.items() >= before.items(), "no older batch changed or went away"
            assert len(after) <= len(before) + 1
            before = after
            lines = [line for batch in read_batches(ledger) for line in batch.lines]
            assert replay(lines) == said(load_catalog(root))
        assert check_chain(lines) == len(lines)


@settings(max_examples=100)
@given(histories)
def test_a_plan_is_as_short_as_it_can_be(history: list[State]) -> None:
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        catalogs = []
        for state in history:
            write(root, state)
            catalogs.append(load_catalog(root))
    old: dict[tuple[Part, str], Body] = {}
    for day, catalog in enumerate(catalogs, start=1):
        new = plan(catalog, lines, f"2026-01-{day:02}T00:00:00Z", "tester", "a test")
        wanted = said(catalog)
        changed = {key for key in old.keys() | wanted.keys() if old.get(key) != wanted.get(key)}
        assert {(line.part, line.subject) for line in new} == changed
        assert len(new) == len(changed)
        lines += new
        old = wanted
    assert check_chain(lines) == len(lines)


def check_chain(lines: Sequence[Line]) -> int:
    """Count the lines, each of which must fit the one before it on its subject."""
    stands: dict[tuple[Part, str], Line] = {}
    for line in lines:
        before = stands.pop((line.part, line.subject), None)
        if before is None:
            assert line.op is Op.ASSERT
        else:
            assert line.op is not Op.ASSERT
            same = line.statement == before.statement
            assert same == (line.op is not Op.SUPERSEDE)
            assert line.previous == (before.statement if line.op is Op.SUPERSEDE else None)
            assert line.body != before.body
        if line.op is not Op.RETRACT:
            stands[line.part, line.subject] = line
    return len(lines)


# -- the repository and a service that went on by itself ----------------------------------------

Said: TypeAlias = tuple[str, str] | None
"""Words and verification, or nothing."""

things = st.none() | st.tuples(st.sampled_from("abc"), st.sampled_from(["reported", "primary"]))
chains = st.lists(things, max_size=5)
A, B, C = (("a", "reported"), ("b", "reported"), ("c", "reported"))


def chain(say: Say, start: Said, states: Iterable[Said], month: int) -> list[Line]:
    """The lines that lead from `start` through `states`."""
    lines: list[Line] = []
    for before, after in itertools.pairwise([start, *states]):
        at = f"2026-{month:02}-{len(lines) + 1:02}T00:00:00Z"
        if before == after:
            continue
        if after is None:
            assert before is not None
            lines.append(say(before[0], "retract", at=at))
        elif before is None:
            lines.append(say(after[0], at=at, verification=after[1]))
        elif before[0] == after[0]:
            lines.append(say(after[0], "acknowledge", at=at, verification=after[1]))
        else:
            lines.append(
                say(after[0], "supersede", at=at, previous=before[0], verification=after[1])
            )
    return lines


def batches_of(first: Sequence[Line], rest: Iterable[Sequence[Line]]) -> list[Batch]:
    """Batches as if they had been read from the repository; `first` begins with a filler."""
    groups = [first, *(lines for lines in rest if lines)]
    return [
        Batch(n, f"{n:04}-2026-01-01.jsonl", f"{n:064x}", tuple(lines))
        for n, lines in enumerate(groups, start=1)
    ]


class Service:
    """A store with its own schema, made once and copied for each example."""

    def __init__(self, template: Path) -> None:
        self._template = template
        self._folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{self._folder.name}/store.db"

    def __enter__(self) -> str:
        shutil.copy(self._template, f"{self._folder.name}/store.db")
        return self.url

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    open_store(f"sqlite:///{path}").close()
    return path


def rows(url: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [
            tuple(row) for row in connection.execute(sa.text("SELECT * FROM line ORDER BY seq"))
        ]
    engine.dispose()
    return found


@settings(max_examples=60)
@given(start=things, local=chains, cuts=st.sets(st.integers(0, 5)))
def test_what_was_said_here_first_is_not_doubled(
    template: Path, say: Say, start: Said, local: list[Said], cuts: set[int]
) -> None:
    """Neither if the repository repeats every step nor if it only says where they ended."""
    filler = [say("filler", subject="filler")]
    first = filler + chain(say, None, [start], month=1)
    mine = chain(say, start, local, month=2)
    theirs = chain(say, start, local, month=3)
    points = sorted({0, len(theirs), *(n for n in cuts if n < len(theirs))})
    repeated = [theirs[a:b] for a, b in itertools.pairwise(points)]
    ended = [chain(say, start, local[-1:], month=3)]
    for groups in (repeated, ended):
        batches = batches_of(first, groups)
        with Service(template) as url, open_store(url) as store:
            store.sync(batches[:1])
            assert store.append(mine) == len(mine)
            before = list(store.lines())
            assert store.sync(batches) == 0
            assert list(store.lines()) == before == first + mine


@settings(max_examples=60)
@given(start=things, local=chains, theirs=chains)
@example(start=A, local=[B, C], theirs=[C, B])  # two steps here, one there, and one back there
def test_the_repository_has_the_last_word(
    template: Path, say: Say, start: Said, local: list[Said], theirs: list[Said]
) -> None:
    first = [say("filler", subject="filler"), *chain(say, None, [start], month=1)]
    mine = chain(say, start, local, month=2)
    later = chain(say, start, theirs, month=3)
    batches = batches_of(first, [[line] for line in later])
    with Service(template) as at_once, Service(template) as by_steps:
        with open_store(at_once) as store:
            store.sync(batches[:1])
            store.append(mine)
            store.sync(batches)
            assert store.sync(batches) == 0
            lines = list(store.lines())
        with open_store(by_steps) as store:
            store.sync(batches[:1])
            store.append(mine)
        for n in range(1, len(batches) + 1):
            with open_store(by_steps) as store:  # what it must remember, it remembers on disk
                store.sync(batches[:n])
        assert rows(by_steps) == rows(at_once)
        assert len(rows(at_once)) == len(first) + len(mine) + len(later), "and all is kept"

    key = (Part.SEARCH, "us-search")
    ours, its = replay(lines).get(key), replay([*first, *later]).get(key)
    if not later:
        assert ours == replay([*first, *mine]).get(key)
    elif (theirs[-1] or (None,))[0] not in [(said or (None,))[0] for said in local]:
        assert ours == its
