"""Geometry and answers in the compact form that the page reads.

Numbers are zigzag varints in groups of five bits, one printable character each: a third of
TopoJSON's size, decoded in a few milliseconds, and safe inside HTML, JSON and JavaScript alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

import pandas as pd

from maps import boundaries

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

Json = dict[str, Any]
PackName = Literal["us", "us-counties", "world", "world-fine", "parts"]


@cache
def pack(name: PackName) -> Json:
    """The outlines of one view, as `make_packs` wrote them."""
    folder = resources.files("maps.geometry").joinpath("packs")
    found: Json = json.loads(folder.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return found


def varints(numbers: Iterable[int]) -> str:
    out: list[str] = []
    for number in numbers:
        rest = number << 1 if number >= 0 else ~number << 1 | 1
        while rest > 31:
            out.append(ALPHABET[rest & 31 | 32])
            rest >>= 5
        out.append(ALPHABET[rest])
    return "".join(out)


ANSWER = (
    "own_status", "total_status", "own_possess", "own_sell", "possess_status", "sell_status",
    "flags", "min_age", "seven_oh_cap", "verification",
)  # fmt: skip
"""What an answer says; each distinct one is told once."""

_COUNTY = re.compile(r"(US-[A-Z]{2})-\d{5}")


def time_table(
    places: pd.DataFrame,
    runs: pd.DataFrame,
    looked: pd.DataFrame,
    said: Sequence[tuple[int, pd.DataFrame]],
    substances: Sequence[str],
) -> Json:
    """Every answer on every day, in the columns that `MapInput` describes.

    Each distinct answer, first day and list of runs is told once; a place names its lists. A
    county that answers as the others of its state do is not listed: the state says how.
    """
    every = pd.concat([runs, *(of for _, of in said)], ignore_index=True)
    numbers: dict[str, Any] = {}
    words: Json = {}
    for column in ANSWER:
        numbers[column], distinct = pd.factorize(every[column], sort=True)
        words[column] = distinct.tolist()
    answers = pd.DataFrame(numbers).groupby(list(ANSWER), sort=True)
    every["answer"] = answers.ngroup()
    days = every.groupby(["start", "precision", "legal"], sort=True)
    every["day"] = days.ngroup()
    said_once: list[Any] = list(answers.groups)
    first_days: list[Any] = list(days.groups)
    lists: dict[tuple[int, ...], int] = {}
    order = {identifier: n for n, identifier in enumerate(substances)}

    def numbered(frame: pd.DataFrame) -> dict[tuple[int, int], int]:
        """(like, substance) -> the number of its list of runs."""
        found: dict[tuple[int, int], list[int]] = {}
        columns = (frame[c] for c in ("like", "substance", "day", "answer"))
        for like, substance, day, answer in zip(*columns, strict=True):
            numbers = found.setdefault((like, order[substance]), [])
            if not numbers or numbers[-1] != answer:  # the same answer goes on
                numbers += [day, answer]
        return {key: lists.setdefault(tuple(run), len(lists)) for key, run in found.items()}

    latest = numbered(every.iloc[: len(runs)])
    earlier, at = [], len(runs)
    for day, of in said:
        earlier.append((day, numbered(every.iloc[at : at + len(of)])))
        at += len(of)
    heads = sorted({like for like, _ in latest})
    row = {like: n for n, like in enumerate(heads)}
    chains: dict[tuple[str, ...], int] = {}
    listed, shared = _listed(places)
    chain = [chains.setdefault(tuple(b), len(chains)) for b in listed["binders"]]
    alike = {
        state: [row[like], chains.setdefault(tuple(binders), len(chains))]
        for state, (like, binders) in shared.items()
    }
    return {
        "words": words,
        "answers": {c: [key[n] for key in said_once] for n, c in enumerate(ANSWER)},
        "days": [[int(n) for n in key] for key in first_days],
        "count": len(lists),
        "lists": varints(_list_numbers(lists)),
        "histories": varints(
            latest.get((like, s), -1) for like in heads for s in range(len(order))
        ),
        "likes": heads,
        "looked": looked.reindex(index=heads, columns=list(substances), fill_value=0)
        .to_numpy()
        .ravel()
        .tolist(),
        "said": [
            [day, [[row[like], s, run] for (like, s), run in changed.items()]]
            for day, changed in earlier
        ],
        "codes": listed["code"].tolist(),
        "names": listed["name"].tolist(),
        "levels": "".join(level[0] for level in listed["level"]),
        "rows": [row[like] for like in listed["like"]],
        "chain": chain,
        "shared": alike,
        "chains": [" ".join(codes) for codes in chains],
    }


def supposed(
    proposals: Sequence[Json],
    runs: Mapping[str, pd.DataFrame],
    likes: Sequence[int],
    substances: Sequence[str],
) -> Json:
    """The proposals, and for each key of `runs` the lists of runs that stand in for others.

    `answers` are told in words, once each: the page's table need not know them beforehand.
    """
    row = {like: n for n, like in enumerate(likes)}
    answers: dict[tuple[Any, ...], int] = {}
    lists: dict[str, list[Any]] = {}
    for key, frame in sorted(runs.items()):
        found: dict[tuple[int, int], list[list[Any]]] = {}
        for run in frame.to_dict("records"):
            number = answers.setdefault(tuple(run[c] for c in ANSWER), len(answers))
            at = (row[run["like"]], substances.index(run["substance"]))
            day = [int(run["start"]), int(run["precision"]), int(run["legal"])]
            found.setdefault(at, []).append([*day, number])
        lists[key] = [[r, s, told] for (r, s), told in sorted(found.items())]
    return {
        "bills": list(proposals),
        "columns": list(ANSWER),
        "answers": [list(words) for words in answers],
        "lists": lists,
    }


def _listed(places: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[int, Sequence[str]]]]:
    """The places to list, and state -> what the counties that are not listed answer like."""
    drawn = boundaries.codes("us-counties")
    alike: dict[tuple[str, int, tuple[str, ...]], list[str]] = {}
    for code, like, binders in zip(places["code"], places["like"], places["binders"], strict=True):
        if (found := _COUNTY.fullmatch(code)) and code in drawn:
            alike.setdefault((found[1], like, tuple(binders)), []).append(code)
    shared: dict[str, tuple[int, Sequence[str]]] = {}
    left_out: set[str] = set()
    for (state, like, binders), codes in sorted(alike.items(), key=lambda kv: -len(kv[1])):
        if len(codes) > 1 and state not in shared:
            shared[state] = (like, binders)
            left_out.update(codes)
    listed = places[~places["code"].isin(left_out)].sort_values("code")
    return listed, dict(sorted(shared.items()))


def _list_numbers(lists: Iterable[tuple[int, ...]]) -> Iterable[int]:
    for run in lists:
        yield len(run) // 2
        day = 0
        for n in range(0, len(run), 2):
            yield run[n] - day
            yield run[n + 1]
            day = run[n]
