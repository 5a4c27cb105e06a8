"""Derive `subdivisions.json` from CLDR: names of the states and provinces that the register has.

    python -m kratom_atlas.locale.make_subdivisions /usr/share/unicode/cldr/common/subdivisions

The argument is the folder of CLDR's `common/subdivisions` (Debian: package `unicode-cldr-core`).
Babel has CLDR's names of countries, but none of their parts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lxml import etree

from kratom_atlas.languages import CODES
from kratom_atlas.model.vocabulary import Level
from kratom_atlas.record import load_record
from kratom_atlas.settings import Settings


def main(folder: Path) -> None:
    """Write the file beside this one."""
    settings = Settings(home=Path("none"), database_url=None, base_url="", report_url="")
    places = load_record(settings, use_store=False).places
    codes = sorted(p.code for p in places if p.level is Level.SUBDIVISION)
    found = {}
    for language in CODES[1:]:
        names = {
            e.get("type"): e.text
            for e in etree.parse(folder / f"{language}.xml").iter("subdivision")
            if e.get("draft") != "unconfirmed"
        }
        keys = {code: code.replace("-", "").lower() for code in codes}
        found[language] = {code: names[key] for code, key in keys.items() if key in names}
    text = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True)
    Path(__file__).with_name("subdivisions.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
