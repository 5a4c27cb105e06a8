"""Where any of some words stand in a text in lower case: all of them in one go, and never too many.

A clause is looked for only near a word without which there is none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from ahocorasick_rs import AhoCorasick

__all__ = ["Keys"]

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 64


class Keys:
    """Words to look for; `most` of them are given from the start of a text, and from its end."""

    def __init__(self, words: tuple[str, ...], most: int) -> None:
        self._words = tuple(dict.fromkeys(words))
        self._most = most
        self._finder = AhoCorasick(self._words, store_patterns=False)

    def hits(self, low: str) -> list[tuple[str, int]]:
        """The words of a text and where each begins, in order."""
        first: list[tuple[str, int]] = []
        last: deque[tuple[str, int]] = deque(maxlen=self._most)
        for hit in self._all(low):
            (first if len(first) < self._most else last).append(hit)
        return [*first, *last]

    def _all(self, low: str) -> Iterator[tuple[str, int]]:
        done = 0
        for start in range(0, len(low), _CHUNK):
            piece = low[start : start + _CHUNK + _OVERLAP]
            for word, at, end in self._finder.find_matches_as_indexes(piece):
                if start + at >= done and at < _CHUNK:
                    done = start + end
                    yield self._words[word], start + at
