"""What one version of a text strikes from another, adds to it, and moves: by its legal units.

Two versions are cut into their sections, paragraphs and rows; each unit of the one finds its fellow
in the other, first by its words, then by its label, then by likeness. Only within a pair are words
compared. Nothing is lost on the way: both versions can be put together again from the redline.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, pairwise
from typing import Final, NamedTuple, TypeAlias

from kratom_atlas.model.reading import Marked, Section, Span, Struck

__all__ = ["Block", "Change", "Redline", "Run", "Unit", "blocks", "of_marked", "redline"]

_SAME, _STRUCK, _ADDED = "same", "struck", "added"
Change: TypeAlias = str
"""`same`, `changed`, `struck`, `added` or `moved`."""

_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
_PARAGRAPH: Final = re.compile(r"\n+")
_WORDS: Final = re.compile(r"\w+")
_LONG: Final = 1200
"""A unit without inner labels is cut at its lines beyond so many characters."""
_ALIKE: Final = 0.5
"""So much of the words of two units of one label must be the same for one to have become the other;
for units of different labels, `_VERY_ALIKE`."""
_VERY_ALIKE: Final = 0.75
_WORK: Final = 250_000
"""So many pairs of words are compared one with another; longer stretches are cut at words that
stand once in both, and where there are none, one is struck and the other added."""
_ALL_WORK: Final = 20_000_000
"""So many are compared in all units together. What comes after that is struck and added whole."""
_CANDIDATES: Final = 40
"""So many leftovers are tried as where a unit went."""


class Run(NamedTuple):
    """Words that are `same`, `struck` or `added`."""

    kind: str
    text: str


class Block(NamedTuple):
    """A unit of one version: its path of labels, the last of them, and its own text.

    Without a label it is a paragraph or a line of the unit that the path names.
    """

    path: str
    label: str
    text: str


class Unit(NamedTuple):
    """A unit as it was and as it is; `old` and `new` are its places among the blocks, or None.

    A `moved` unit may have changed as well: its runs say.
    """

    change: Change
    old: int | None
    new: int | None
    path: str
    old_path: str
    runs: tuple[Run, ...]


class Redline(NamedTuple):
    """All units in the order of the new version, with what was struck where it stood."""

    units: tuple[Unit, ...]

    @property
    def counts(self) -> Counter[Change]:
        """How many units there are of each kind of change."""
        return Counter(unit.change for unit in self.units)

    def old(self) -> str:
        """The old version, put together again."""
        return self._version(lambda unit: unit.old, _ADDED)

    def new(self) -> str:
        """The new version, put together again."""
        return self._version(lambda unit: unit.new, _STRUCK)

    def _version(self, place: Callable[[Unit], int | None], without: str) -> str:
        held = [(at, unit) for unit in self.units if (at := place(unit)) is not None]
        return "".join(
            run.text for _, unit in sorted(held, key=lambda pair: pair[0])
            for run in unit.runs if run.kind != without
        )  # fmt: skip


def redline(old: Marked | str, new: Marked | str, *, language: str = "en") -> Redline:
    """What `new` makes of `old`. The texts are compared as they would stand."""
    before, after = blocks(old, language), blocks(new, language)
    fellows = _fellows(before, after)
    in_order = _longest_rise([fellows.get(at, -1) for at in range(len(after))])
    units: list[Unit] = []
    budget = _Budget(_ALL_WORK)
    struck = iter(sorted(set(range(len(before))) - set(fellows.values())))
    waiting = next(struck, None)
    for at, block in enumerate(after):
        origin = fellows.get(at)
        if origin is not None and at in in_order:
            while waiting is not None and waiting < origin:
                units.append(_struck(before, waiting))
                waiting = next(struck, None)
        if origin is None:
            units.append(Unit("added", None, at, block.path, "", (Run(_ADDED, block.text),)))
            continue
        was = before[origin]
        runs = _compare(was.text, block.text, budget)
        changed = any(run.kind != _SAME for run in runs)
        word = "moved" if at not in in_order or _renumbered(was, block) else "changed"
        units.append(
            Unit(word if changed or word == "moved" else "same", origin, at, block.path, was.path,
                 runs)
        )  # fmt: skip
    while waiting is not None:
        units.append(_struck(before, waiting))
        waiting = next(struck, None)
    return Redline(tuple(units))


def of_marked(marked: Marked, *, language: str = "en") -> Redline:
    """What a text that shows its changes strikes from the law that stands, and adds to it."""
    units = []
    struck = sorted(marked.struck)
    places = [one.at for one in struck]
    start = 0
    parts = blocks(marked, language) or [Block("", "", "")]
    for at, block in enumerate(parts):
        end = start + len(block.text)
        until = len(struck) if at == len(parts) - 1 else bisect_left(places, end)
        mine = struck[bisect_left(places, start) : until]
        runs = _joined(_marked_runs(marked, start, end, mine))
        kinds = {run.kind for run in runs}
        word = kinds.pop() if len(kinds) == 1 else "changed"
        units.append(Unit(word, at, at, block.path, block.path, runs))
        start = end
    return Redline(tuple(units))


def blocks(text: Marked | str, language: str = "en") -> list[Block]:
    """A text cut where its units begin: put together they are the text."""
    from kratom_atlas.read.structure import sections

    marked = Marked(text) if isinstance(text, str) else text
    return list(_cut(marked.text, sections(marked, language=language)))


def _cut(text: str, units: Sequence[Section]) -> Iterator[Block]:
    starts = {0: ("", "")}
    for unit in units:
        starts[unit.start] = unit.path, unit.label
    ordered = sorted(starts)
    for first, last in zip(ordered, [*ordered[1:], len(text)], strict=True):
        path, label = starts[first]
        if last - first <= _LONG and path:
            yield Block(path, label, text[first:last])
            continue
        place = first
        for paragraph in _PARAGRAPH.finditer(text, first, last):
            yield Block(path, label, text[place : paragraph.end()])
            place, label = paragraph.end(), ""
        if place < last:
            yield Block(path, label, text[place:last])


# -- which unit became which -------------------------------------------------------------------


def _fellows(before: Sequence[Block], after: Sequence[Block]) -> dict[int, int]:
    """For blocks of the new version, the block of the old one that each was."""
    found: dict[int, int] = {}
    taken: set[int] = set()
    keys = [_key(block) for block in before], [_key(block) for block in after]
    for old, new in _once_in_both(*keys):
        found[new] = old
        taken.add(old)
    _spread(found, taken, keys)
    bags = [_bag(block) for block in before], [_bag(block) for block in after]
    left = [at for at in range(len(before)) if at not in taken]
    by_path: dict[str, list[int]] = defaultdict(list)
    for at in left:
        by_path[before[at].path].append(at)
    by_path.pop("", None)
    rare = _rare_words(bags[0], left)

    def of_its_label(at: int) -> Iterable[int]:
        return by_path.get(after[at].path, ())

    def with_its_words(at: int) -> Iterable[int]:
        near = Counter(origin for word in bags[1][at] for origin in rare.get(word, ()))
        return [origin for origin, _ in near.most_common(_CANDIDATES)]

    for candidates, enough in ((of_its_label, _ALIKE), (with_its_words, _VERY_ALIKE)):
        for at in range(len(after)):
            if at in found:
                continue
            for origin in islice(candidates(at), _CANDIDATES):
                if origin not in taken and _likeness(bags[0][origin], bags[1][at]) >= enough:
                    found[at] = origin
                    taken.add(origin)
                    break
    return found


def _key(block: Block) -> str:
    return " ".join(block.text.split())


def _bag(block: Block) -> Counter[str]:
    return Counter(_WORDS.findall(block.text.lower()))


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else 0.0


def _rare_words(bags: Sequence[Counter[str]], places: Iterable[int]) -> dict[str, list[int]]:
    """By word, the few blocks that have it: what tells where a block went."""
    found: dict[str, list[int]] = defaultdict(list)
    for at in places:
        for word in bags[at]:
            found[word].append(at)
    return {word: at for word, at in found.items() if len(at) <= _CANDIDATES}


def _once_in_both(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places of what stands once in each of two lists."""
    counts = Counter(old), Counter(new)
    at = {word: n for n, word in enumerate(old) if word and counts[0][word] == 1}
    return [(at[word], n) for n, word in enumerate(new) if counts[1][word] == 1 and word in at]


def _spread(
    found: dict[int, int], taken: set[int], keys: tuple[Sequence[str], Sequence[str]]
) -> None:
    """Equal neighbours of pairs are pairs too: what stands more than once, and blank lines."""
    for step, order in ((1, sorted(found)), (-1, sorted(found, reverse=True))):
        for start in order:
            new, old = start + step, found[start] + step
            while (
                0 <= new < len(keys[1]) and 0 <= old < len(keys[0])
                and new not in found and old not in taken and keys[0][old] == keys[1][new]
            ):  # fmt: skip
                found[new] = old
                taken.add(old)
                new, old = new + step, old + step


def _longest_rise(places: Sequence[int]) -> frozenset[int]:
    """Which of `places` stand in their order, as many as can; -1 stands for none."""
    ends: list[int] = []
    last: list[int] = []
    before: dict[int, int] = {}
    for at, place in enumerate(places):
        if place < 0:
            continue
        n = bisect_left(ends, place)
        ends[n : n + 1] = [place]
        last[n : n + 1] = [at]
        before[at] = last[n - 1] if n else -1
    kept = set()
    at = last[-1] if last else -1
    while at >= 0:
        kept.add(at)
        at = before[at]
    return frozenset(kept)


def _renumbered(was: Block, now: Block) -> bool:
    """Whether its own label is another; those above it may be without its having moved."""
    return was.label != now.label


def _struck(before: Sequence[Block], at: int) -> Unit:
    block = before[at]
    return Unit("struck", at, None, "", block.path, (Run(_STRUCK, block.text),))


# -- within a unit -----------------------------------------------------------------------------


@dataclass
class _Budget:
    """How many pairs of words may yet be compared."""

    left: int

    def allows(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Whether these may be; if so they are paid for."""
        pairs = len(old) * len(new)
        allowed = pairs <= min(_WORK, self.left)
        self.left -= pairs if allowed else 0
        return allowed


def _compare(old: str, new: str, budget: _Budget) -> tuple[Run, ...]:
    if old == new:
        return (Run(_SAME, new),) if new else ()
    return _joined(_bridged(_diff(_TOKEN.findall(old), _TOKEN.findall(new), budget)))


def _diff(old: list[str], new: list[str], budget: _Budget) -> Iterator[Run]:
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    yield Run(_SAME, "".join(old[:first]))
    yield from _middle(old[first : len(old) - last], new[first : len(new) - last], budget)
    yield Run(_SAME, "".join(old[len(old) - last :]))


def _middle(old: list[str], new: list[str], budget: _Budget) -> Iterator[Run]:
    if not old or not new:
        yield Run(_STRUCK, "".join(old))
        yield Run(_ADDED, "".join(new))
        return
    if budget.allows(old, new):
        yield from _word_by_word(old, new)
        return
    pairs = _once_in_both(old, new)
    kept = _longest_rise([a for a, _ in pairs])
    anchors = [pair for n, pair in enumerate(pairs) if n in kept]
    if not anchors:
        yield Run(_STRUCK, "".join(old))
        yield Run(_ADDED, "".join(new))
        return
    a = c = 0
    for b, d in [*anchors, (len(old), len(new))]:
        if b > a or d > c:
            yield from _gap(old[a:b], new[c:d], budget)
        if b < len(old):
            yield Run(_SAME, old[b])
        a, c = b + 1, d + 1


def _word_by_word(old: list[str], new: list[str]) -> Iterator[Run]:
    for word, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if word == "equal":
            yield Run(_SAME, "".join(old[a:b]))
        else:
            yield Run(_STRUCK, "".join(old[a:b]))
            yield Run(_ADDED, "".join(new[c:d]))


def _gap(old: list[str], new: list[str], budget: _Budget) -> Iterator[Run]:
    """Between two anchors; what has none of its own and is long is not compared."""
    if budget.allows(old, new):
        yield from _word_by_word(old, new)
    else:
        yield Run(_STRUCK, "".join(old))
        yield Run(_ADDED, "".join(new))


def _joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Runs without empty ones and without neighbours of one kind."""
    made: list[Run] = []
    for run in runs:
        if not run.text:
            continue
        if made and made[-1].kind == run.kind:
            made[-1] = Run(run.kind, made[-1].text + run.text)
        elif len(made) > 1 and made[-2].kind == run.kind and _SAME not in (made[-1].kind, run.kind):
            made[-2] = Run(run.kind, made[-2].text + run.text)
        else:
            made.append(run)
    return tuple(made)


def _bridged(found: Iterable[Run]) -> Iterator[Run]:
    """A lone blank between two changes reads better as part of both."""
    runs = [run for run in found if run.text]
    for at, run in enumerate(runs):
        lone = run.kind == _SAME and run.text.isspace() and "\n" not in run.text
        if lone and 0 < at < len(runs) - 1 and _SAME not in (runs[at - 1].kind, runs[at + 1].kind):
            yield Run(_STRUCK, run.text)
            yield Run(_ADDED, run.text)
        else:
            yield run


# -- a text that shows its own changes ---------------------------------------------------------


def _marked_runs(marked: Marked, first: int, last: int, struck: Sequence[Struck]) -> Iterator[Run]:
    """The words from `first` to `last`, with what was struck among them, in their order."""
    added = [Span(max(a, first), min(b, last)) for a, b in marked.added if a < last and b > first]
    edges = sorted({first, last, *(edge for span in added for edge in span),
                    *(one.at for one in struck)})  # fmt: skip
    starts = [span.start for span in added]
    by_place: dict[int, str] = defaultdict(str)
    for one in struck:
        by_place[one.at] += one.text
    for start, end in pairwise([*edges, last]):
        yield Run(_STRUCK, by_place.get(start, ""))
        span = bisect_right(starts, start) - 1
        yield Run(
            _ADDED if span >= 0 and start < added[span].end else _SAME, marked.text[start:end]
        )
