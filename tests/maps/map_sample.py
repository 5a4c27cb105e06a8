"""A made-up record for the map's tests. Nothing in it is a fact about any law."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pandas as pd

from maps import boundaries
from maps.choropleth import MapInput

SUBSTANCES = (("leaf", "Kratom leaf"), ("7-oh", "7-OH"), ("mgm-15", "MGM-15"))
STATUS_TO_ACTIVITY = {
    "banned": ("unlawful", "unlawful"),
    "sale-banned": ("no-law", "unlawful"),
    "prescription": ("no-law", "licensed"),
    "regulated": ("no-law", "conditional"),
    "age-restricted": ("no-law", "age-limited"),
    "lawful": ("lawful", "lawful"),
    "no-specific-law": ("no-law", "no-law"),
    "unknown": ("unknown", "unknown"),
}
HOSTILE = (
    "{{7*7}} {% raw %} {# #} {{ cycler.__init__.__globals__.os.getpid() }} "
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1> @@title@@ \u2028"
)
TODAY = date(2026, 11, 22).toordinal()
BEGINNING, SEARCHED = 1, date(2012, 1, 1).toordinal()
ENACTED, AHEAD = date(2021, 5, 1).toordinal(), date(2027, 1, 1).toordinal()

Row = dict[str, Any]


def run(
    like: int, substance: str, start: int, status: str, *, precision: int = 0, **more: Any
) -> Row:
    possess, sell = STATUS_TO_ACTIVITY[status]
    return {
        "like": like, "substance": substance, "start": start,
        "precision": precision or 10, "legal": precision > 0,
        "own_status": status, "total_status": status,
        "own_possess": possess, "own_sell": sell,
        "possess_status": possess, "sell_status": sell, "flags": "",
        "min_age": 21 if status == "age-restricted" else 0, "seven_oh_cap": "",
        "verification": "" if status == "unknown" else "reported",
    } | more  # fmt: skip


def history(like: int, substance: str, status: str, **more: Any) -> list[Row]:
    """Not known, then searched, then law since May 2021."""
    return [
        run(like, substance, BEGINNING, "unknown"),
        run(like, substance, SEARCHED, "no-specific-law"),
        run(like, substance, ENACTED, status, precision=7, **more),
    ]


def rule(key: str, substance: int, **more: Any) -> Row:
    return {
        "id": key, "of": [substance], "act": "HB 1", "cite": f"Code, {key}",
        "text": "Prohibits: retail sale", "from": "2021-05",
        "in": [[ENACTED, 3_652_060]], "page": f"p/{key}/index.html",
        "url": "https://example.org/act", "quote": "No person shall sell it.",
        "seen": "2026-08-01", "quality": "Primary",
    } | more  # fmt: skip


def page(*, title: str = "Kratom Atlas (made-up data)", hostile: str = HOSTILE) -> MapInput:
    choice = random.Random(7)
    words = list(STATUS_TO_ACTIVITY)
    places: list[tuple[Any, ...]] = []
    runs: list[Row] = []

    def add(code: str, name: str, level: str, binders: tuple[str, ...], *where: float) -> int:
        lat, lon = where or (float("nan"), float("nan"))
        places.append((code, name, level, lat, lon, len(places), binders))
        return len(places) - 1

    for place in boundaries.read_pack("us.topo.json").layers["states"]:
        like = add(place.code, place.name, "subdivision", ("US",))
        for substance, _ in SUBSTANCES:
            flags = choice.choice(["", "", "local-rules", "incoming", "contested;reported-only"])
            word = "age-restricted" if place.code == "US-TX" else choice.choice(words)
            runs += history(like, substance, word, flags=flags)
            if place.code == "US-TX":
                runs.append(run(like, substance, AHEAD, "banned", precision=10))
    for place in boundaries.read_pack("world.topo.json").layers["countries"]:
        if not place.code.startswith("US-"):
            like = add(place.code, place.name, "country", ())
            for substance, _ in SUBSTANCES:
                word = choice.choices(words, [3, 1, 1, 1, 1, 1, 6, 8])[0]
                runs += history(like, substance, word)
    local = (
        ("AU-WA", "Western Australia", "subdivision", "banned", ()),
        ("US-AL-01073", "Jefferson County", "county", "banned", ()),
        ("US-FL-12115", hostile, "county", "sale-banned", ()),
        ("US-IL-1738232", "Jerseyville", "municipality", "banned", (39.12, -90.33)),
        ("US-AK-0203000", "Anchorage", "municipality", "banned", (61.2, -149.9)),
    )
    for code, name, level, word, where in local:
        binders = tuple(dict.fromkeys((code[:2], code.rsplit("-", 1)[0])))
        like = add(code, name, level, binders, *where)
        for substance, _ in SUBSTANCES:
            runs += history(like, substance, word)
    # The other counties of Alabama say nothing of their own: they share one history.
    shared = len(places)
    for place in boundaries.read_pack("us.topo.json").layers["counties"]:
        if place.code.startswith("US-AL-") and place.code != "US-AL-01073":
            add(place.code, f"{place.name} County", "county", ("US", "US-AL"))
            places[-1] = (*places[-1][:5], shared, places[-1][6])
    alabama = [r for r in runs if r["like"] == 0]
    runs += [r | {"like": shared, "own_status": "unknown"} for r in alabama]
    frame = pd.DataFrame(runs)
    likes = sorted(set(frame["like"]))
    looked = pd.DataFrame(TODAY - 45, index=likes, columns=[s for s, _ in SUBSTANCES])
    looked.loc[1] = 0
    bad = rule("bad", 0, act=hostile, cite=hostile, text=hostile, quote=hostile, note=hostile)
    florida = next(p[5] for p in places if p[0] == "US-FL-12115")
    return MapInput(
        title=title,
        as_of="2026-11-22",
        version="0.0 <test>",
        last_look="today",
        report_url="https://example.org/report?a=1&b=2",
        substances=SUBSTANCES,
        places=pd.DataFrame(
            places, columns=["code", "name", "level", "lat", "lon", "like", "binders"]
        ),
        runs=frame,
        looked=looked,
        first_said=date(2026, 11, 1).toordinal(),
        details={
            "US": {"rules": {}, "looks": {}, "decides": {}},
            "US-FL": {
                "rules": {"US-FL-12115": [bad], "US-FL": [rule("fl", 0)]},
                "looks": {},
                "decides": {str(florida): [[[ENACTED, ["bad"]]], [], []]},
            },
            "US-TX": {"rules": {"US-TX": [rule("tx", 0)]}, "looks": {}, "decides": {}},
        },
        images=("us-leaf", "world-leaf", "us-7-oh"),
    )


def answers_on(of: MapInput, day: int) -> dict[tuple[str, str], Row]:
    """(code, substance) -> what the record says, found the plain way."""
    begun = of.runs[of.runs["start"] <= day].sort_values("start")
    last = begun.groupby(["like", "substance"]).tail(1)
    by_like = {(r["like"], r["substance"]): r for r in last.to_dict("records")}
    return {
        (code, substance): by_like[like, substance]
        for code, like in zip(of.places["code"], of.places["like"], strict=True)
        for substance, _ in of.substances
    }
