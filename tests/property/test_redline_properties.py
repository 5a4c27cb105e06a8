"""A redline loses nothing: both versions can be put together again from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Marked, Span, Struck
from kratom_atlas.read.redline import of_marked, redline

WORDS = st.sampled_from(
    ["kratom", "may", "not", "be", "sold", "the", "a", "under", "18", "21", ";"]
)
LINES = st.lists(WORDS, max_size=12).map(" ".join)
LABELS = st.sampled_from(["", "Section 1. ", "Section 2. ", "(1) ", "(2) ", "(a) ", "§ 4 "])
TEXTS = st.lists(st.tuples(LABELS, LINES).map("".join), max_size=14).map("\n".join)


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, str]:
    """A text and what was made of it: lines dropped, put in, changed and moved."""
    lines = draw(TEXTS).split("\n")
    now = list(lines)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(now)))
        match draw(st.sampled_from(["drop", "put", "move", "change"])):
            case "drop":
                now[at : at + 1] = []
            case "put":
                now.insert(at, draw(LABELS) + draw(LINES))
            case "move" if now:
                now.insert(draw(st.integers(0, len(now) - 1)), now.pop(min(at, len(now) - 1)))
            case "change" if at < len(now):
                now[at] += " " + draw(WORDS)
    return "\n".join(lines), "\n".join(now)


@given(versions())
def test_both_versions_come_out_of_it_again(pair: tuple[str, str]):
    old, new = pair
    made = redline(old, new)
    assert made.old() == old
    assert made.new() == new
    for side in (1, 2):
        places = [unit[side] for unit in made.units if unit[side] is not None]
        assert len(places) == len(set(places)), "each unit stands once"


@given(TEXTS, TEXTS)
def test_also_of_texts_that_have_nothing_to_do_with_each_other(old: str, new: str):
    made = redline(old, new)
    assert (made.old(), made.new()) == (old, new)


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str):
    assert {unit.change for unit in redline(text, text).units} <= {"same"}


@given(TEXTS, st.data())
def test_a_marked_text_shows_what_it_adds_and_strikes(text: str, data: st.DataObject):
    edges = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    spans = tuple(Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))
    struck = tuple(
        Struck(at, data.draw(WORDS))
        for at in sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
    )
    made = of_marked(Marked(text, spans, struck, is_marked=True))
    runs = [run for unit in made.units for run in unit.runs]
    assert made.new() == text
    assert "".join(r.text for r in runs if r.kind == "added") == "".join(
        text[a:b] for a, b in spans
    )
    assert sorted("".join(r.text for r in runs if r.kind == "struck")) == sorted(
        "".join(one.text for one in struck)
    )
