"""The committed packs are what the boundaries beside them give."""

from __future__ import annotations

import json

from maps import boundaries, encode
from maps.geometry import make_packs


def test_the_committed_packs_are_what_the_boundaries_give() -> None:
    for name, content in make_packs.packs().items():
        assert encode.pack(name) == json.loads(json.dumps(content)), name


def test_no_place_is_lost() -> None:
    assert set(encode.pack("us")["codes"]) == boundaries.codes("us-states")
    assert set(encode.pack("us-counties")["codes"]) == boundaries.codes("us-counties")
    assert set(encode.pack("world")["codes"]) == boundaries.codes("world")
    assert len(encode.pack("parts")["codes"]) == 8 + 13
    assert len(encode.pack("world")["codes"]) + len(encode.pack("world")["points"]) == 250
