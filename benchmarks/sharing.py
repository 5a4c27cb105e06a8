"""`python -m benchmarks.sharing`: the share images of the shipped record, and a named peer.

Seconds of processor time, of this process and its children, for every image drawn for the first
time and once more from what was kept. In the same run geopandas and matplotlib draw the same map
of the United States: the same fills and hatches, the same size, no letters, no legend.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas

from kratom_atlas import pictures
from kratom_atlas.record import load_record
from kratom_atlas.release.tables import Edition
from kratom_atlas.settings import Settings
from kratom_atlas.site.atlas import Atlas
from kratom_atlas.site.pages import Meta
from maps import boundaries, raster
from maps.legend import STATUSES
from maps.share import HIGH, WIDE, Overview, images, view

LARGEST = 60_000
HATCHES = {
    "plain": "", "diagonal": "//", "back-diagonal": "\\\\", "horizontal": "--", "vertical": "||",
    "dots": "..", "sparse-dots": ".",
}  # fmt: skip
RUNS = 5


def main() -> None:
    """Measure, print, and fail beyond a budget."""
    settings = Settings(home=Path("none"), database_url=None, base_url="", report_url="")
    edition = Edition(load_record(settings, use_store=False), date(2026, 11, 22).toordinal())
    meta = Meta("2026-11-22", edition.today, edition.last_look, "about/index.html", "")
    credit = pictures.credit(meta)
    views = list(pictures.overviews(edition))
    cards = list(pictures.cards(Atlas(edition)))
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name)
        started = time.perf_counter()
        cold, made = measured(lambda: dict(images(views, cards, credit, kept)))
        wall = time.perf_counter() - started
        warm, again = measured(lambda: dict(images(views, cards, credit, kept)))
    assert again == made
    sizes = [len(data) for path, data in made.items() if path.endswith(".png")]
    leaf = next(of for of in views if of.name == "us-leaf")
    ours = min(measured(lambda: raster.png(view(leaf, credit)))[0] for _ in range(RUNS))
    shapes = boundaries.load("us-states")
    theirs = min(measured(lambda: peer(leaf, shapes))[0] for _ in range(RUNS))
    print(f"images, each as SVG and PNG                      {len(sizes):>10}")
    print(f"all of them for the first time, processor        {cold:>10.1f} s")
    print(f"the same, by the clock ({os.cpu_count()} processors)             {wall:>10.1f} s")
    print(f"all of them once more, processor                 {warm:>10.1f} s")
    print(f"largest PNG, bytes                               {max(sizes):>10,} budget {LARGEST:,}")
    print(f"the map of the United States as PNG, processor   {ours:>10.2f} s")
    print(f"the same by geopandas and matplotlib, no letters {theirs:>10.2f} s")
    if max(sizes) > LARGEST:
        raise SystemExit("beyond the budget: largest PNG")


def measured(work: Callable[[], dict[str, bytes] | bytes]) -> tuple[float, object]:
    """Seconds of processor time, children included, and what was made."""
    before = sum(os.times()[:4])
    made = work()
    return sum(os.times()[:4]) - before, made


def peer(of: Overview, shapes: geopandas.GeoDataFrame) -> bytes:
    """The same states, fills and hatches, drawn by geopandas on matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(WIDE / 100, HIGH / 100), dpi=100)
    words = shapes["code"].map({code: answer.status for code, answer in of.answers.items()})
    for style in STATUSES:
        found = shapes[words == style.id]
        if len(found):
            found.plot(
                ax=axes, color=style.colour, hatch=HATCHES[style.pattern], edgecolor=style.line
            )
    axes.invert_yaxis()
    axes.set_axis_off()
    out = io.BytesIO()
    figure.savefig(out, format="png")
    plt.close(figure)
    return out.getvalue()


if __name__ == "__main__":
    main()
