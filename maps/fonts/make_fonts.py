"""Derive the two fonts of the share images from the variable font of Noto Sans.

Run by hand when the font changes; the output is committed. Needs `fonttools`:

    python -m maps.fonts.make_fonts --font "NotoSans[wdth,wght].ttf" --out maps/fonts

A weight is fixed, hinting goes, and of the letters those of Latin, Greek and Cyrillic stay, with
punctuation and signs: the names of the record and what may be added to it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

WEIGHTS = {"Regular": 400, "Bold": 700}
# First and last code point of each block.
LETTERS = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x2B0, 0x36F), (0x370, 0x52F), (0x1E00, 0x1EFF),
    (0x2000, 0x206F), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2190, 0x21FF), (0x2212, 0x2212),
)  # fmt: skip
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl"]


def main(arguments: list[str] | None = None) -> None:
    """Write the fonts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--font", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    for name, weight in WEIGHTS.items():
        font = TTFont(given.font, recalcTimestamp=False)
        font = instancer.instantiateVariableFont(
            font, {"wght": weight, "wdth": 100}, updateFontNames=True
        )
        options = subset.Options(hinting=False, layout_features=FEATURES, recalc_timestamp=False)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=[n for first, last in LETTERS for n in range(first, last + 1)])
        cut.subset(font)
        font.save(given.out / f"NotoSans-{name}.ttf")


if __name__ == "__main__":
    main()
