"""A made-up table for the map's tests. Nothing in it is a fact about any law."""

from __future__ import annotations

import random

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


Row = dict[str, str]


def row(code: str, name: str, level: str, substance: str, status: str, **more: str) -> Row:
    possess, sell = STATUS_TO_ACTIVITY[status]
    return {
        "code": code, "name": name, "level": level, "substance": substance,
        "own_status": status, "total_status": status,
        "possess_status": possess, "sell_status": sell,
        "flags": "", "since": "2021-05", "min_age": "21" if status == "age-restricted" else "",
        "summary": f"Made-up status of {name}.", "url": f"j/{code}/",
    } | more  # fmt: skip


def page(*, title: str = "Kratom Atlas (made-up data)", hostile: str = HOSTILE) -> MapInput:
    choice = random.Random(7)
    words = list(STATUS_TO_ACTIVITY)
    rows = []
    for substance, _ in SUBSTANCES:
        states = boundaries.read_pack("us.topo.json").layers["states"]
        for place in states:
            flags = choice.choice(["", "", "local-rules", "incoming", "contested;stale"])
            word = "age-restricted" if place.code == "US-TX" else choice.choice(words)
            rows.append(row(place.code, place.name, "subdivision", substance, word, flags=flags))
        for place in boundaries.read_pack("world.topo.json").layers["countries"]:
            if not place.code.startswith("US-"):
                word = choice.choices(words, [3, 1, 1, 1, 1, 1, 6, 8])[0]
                rows.append(row(place.code, place.name, "country", substance, word))
        rows.append(row("US-AL-01073", "Jefferson County, AL", "county", substance, "banned"))
        bad = row("US-FL-12115", hostile, "county", substance, "sale-banned", summary=hostile)
        rows.append(bad)
        rows.append(row("US-IL-1738232", "Jerseyville, IL", "municipality", substance, "banned"))
        rows.append(row("US-AK-0203000", "Anchorage, AK", "municipality", substance, "banned"))
    points = [
        ("US-IL-1738232", "Jerseyville, IL", 39.12, -90.33),
        ("US-AK-0203000", "Anchorage, AK", 61.2, -149.9),
    ]
    return MapInput(
        title=title,
        as_of="2026-11-22",
        version="0.0 <test>",
        last_look="today",
        report_url="https://example.org/report?a=1&b=2",
        substances=SUBSTANCES,
        table=pd.DataFrame(rows),
        points=pd.DataFrame(points, columns=["code", "name", "lat", "lon"]),
    )
