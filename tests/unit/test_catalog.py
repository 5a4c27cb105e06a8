"""Sheets that are wrong: each is one line with file, line and what to do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kratom_atlas.catalog import SheetError, load_catalog, load_sheet

HERE = "# <-- here"
"""Marks the line that the message must name."""

TRACKER = """\
    evidence:
      - kind: tracker
        url: https://example.org/rhode-island
        retrieved: 2026-08-28
"""
SECOND = f"""\
  - id: us-ri-second  {HERE}
    instrument: us-ri-ban-2017
    citation: Notice of 2017
    substances: [mitragynine]
    activities: [sell]
    effect: prohibit
    from: 2020
    verification: reported
    evidence: [{{kind: press, document: Gazette, retrieved: 2026}}]
"""
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a tab": ({"  name: Rhode": f"\tname: {HERE}\n  name: Rhode"}, "a tab: indent with spaces"),
    "a duplicate key": (
        {"  code: US-RI": f"  code: US-RI\n  code: US-RI  {HERE}"},
        "duplicate key 'code'",
    ),
    "31 February": (
        {"from: 2017-05-31": f"from: 2017-02-31  {HERE}"},
        "from: '2017-02-31' is not a day of the calendar",
    ),
    "day zero": (
        {"from: 2017-05-31": f"from: 2017-05-00  {HERE}"},
        "from: '2017-05-00' is not a day of the calendar",
    ),
    "a day without padding": (
        {"from: 2017-05-31": f"from: 2017-5-31  {HERE}"},
        "write YYYY, YYYY-MM or YYYY-MM-DD, only as precise as the source",
    ),
    "ends before it starts": (
        {"- id: us-ri-sale": f"- to: 2026-03-31  {HERE}\n    id: us-ri-sale"},
        "ends before it starts: `from` 2026-04-01, `to` 2026-03-31",
    ),
    "ends as it starts": (
        {"- id: us-ri-sale": f"- to: 2026-04-01  {HERE}\n    id: us-ri-sale"},
        "ends before it starts",
    ),
    "an unknown key": (
        {"    effect: prohibit": f"    effect: prohibit\n    efect: schedule  {HERE}"},
        "unknown key 'efect'",
    ),
    "an unknown word": (
        {"    stage: repealed": f'    stage: "de\\nad"  {HERE}'},
        r"stage: Invalid enum value 'de\nad'",
    ),
    "no citation": (
        {"- id: us-ri-ban\n": f"- id: us-ri-ban  {HERE}\n", "    citation: Notice of 2017\n": ""},
        "citation is missing",
    ),
    "no evidence": (
        {"- id: us-ri-ban\n": f"- id: us-ri-ban  {HERE}\n", TRACKER: ""},
        "evidence is missing",
    ),
    "a list of no evidence": (
        {TRACKER: f"    evidence: []  {HERE}\n"},
        "evidence: Expected `array` of length >= 1",
    ),
    "an empty value": (
        {"    title: Kratom Act\n": f"    title:  {HERE}\n"},
        "an empty value: leave the key out",
    ),
    "evidence without a source": (
        {
            "- kind: tracker\n": f"- kind: press  {HERE}\n",
            "        url: https://example.org/rhode-island\n": "",
        },
        "evidence needs a url, or the name of the document",
    ),
    "an overlap": (
        {"  - id: us-ri-sale": f"{SECOND}  - id: us-ri-sale"},
        "'us-ri-second' overlaps 'us-ri-ban': the same act, citation, effect",
    ),
    "an id used twice": (
        {"  - id: us-ri-sale": f"  - id: us-ri-ban  {HERE}"},
        "'us-ri-ban' is already used at jurisdictions/us/ri.yaml:22",
    ),
    "primary without a quote": (
        {
            "- id: us-ri-sale\n": f"- id: us-ri-sale  {HERE}\n",
            "        quote: No person under twenty-one\n": "",
        },
        "verification `primary` needs evidence with the quoted words of the official text",
    ),
    "an unknown target": (
        {"    effect: restrict": f"    effect: repeal\n    targets: [us-ri-sale-1999]  {HERE}"},
        "provision 'us-ri-sale-1999' does not exist",
    ),
    "an unknown instrument": (
        {"instrument: us-ri-kcpa-2025": f"instrument: us-ri-kcpa-2024  {HERE}"},
        "instrument 'us-ri-kcpa-2024' does not exist",
    ),
    "a missing parent": (
        {"  parent: ocd-division/country:us\n": f"  parent: ocd-division/country:zz  {HERE}\n"},
        "parent ocd-division/country:zz does not exist",
    ),
    "no division id": (
        {"  id: ocd-division/country:us/state:ri\n": f"  id: Rhode Island  {HERE}\n"},
        "id: write an Open Civic Data division id",
    ),
    "a code used twice": (
        {"  code: US-RI\n": f"  code: US  {HERE}\n"},
        "code US belongs to ocd-division/country:us and to ocd-division/country:us/state:ri",
    ),
    "not a number": ({"{value: 1,": f"{{value: .inf, {HERE}\n"}, "Expected `float`, got `str`"),
    "an endless number": ({"{value: 1,": f"{{value: inf, {HERE}\n"}, "value: Expected `float` <="),
    "NUL by an escape": (
        {"title: Kratom Act": f'title: "Kratom\\0Act"  {HERE}'},
        "a control character: write plain text",
    ),
    "a control character": ({"title: Kratom Act": f"title: Kratom \x07 Act  {HERE}"}, "not YAML"),
    "an alias": (
        {"title: Kratom Act": f"title: *listing  {HERE}", "title: Listing": "title: &listing Of"},
        "an alias: write the value out",
    ),
    "a list as key": (
        {"  name: Rhode Island": f"  ? [name]  {HERE}\n  : x"},
        "a key must be a word",
    ),
    "two documents": ({"instruments:": f"---  {HERE}\ninstruments:"}, "a second document"),
}


def complaint(root: Path) -> str:
    with pytest.raises(SheetError) as caught:
        load_catalog(root)
    message = str(caught.value)
    assert "\n" not in message
    return message


def edit(path: Path, edits: dict[str, str]) -> int:
    """Replace each key by its value, one of which is marked; return the line of the mark."""
    text = path.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    [line] = [n for n, words in enumerate(text.split("\n"), start=1) if HERE in words]
    return line


def test_the_small_record_is_valid(tiny_root: Path) -> None:
    catalog = load_catalog(tiny_root)
    assert {place.code for place in catalog.jurisdictions.values()} == {
        "US",
        "US-RI",
        "US-RI-44003",
    }
    assert catalog.with_sheet == frozenset(catalog.jurisdictions)
    assert list(catalog.provisions) == ["us-ri-ban", "us-ri-sale"]
    assert load_sheet(tiny_root / "us.yaml").jurisdiction.name == "United States"


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_sheet_is_one_line(tiny_root: Path, case: str) -> None:
    edits, words = WRONG[case]
    line = edit(tiny_root / "us" / "ri.yaml", edits)
    message = complaint(tiny_root)
    assert message.startswith(f"jurisdictions/us/ri.yaml:{line}: ")
    assert words in message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "jurisdictions/us/ri.yaml:1: the sheet is empty"),
        (b"# nothing\n\n", "jurisdictions/us/ri.yaml:1: the sheet is empty"),
        (b"a: b\nname: R\xe9union\n", "jurisdictions/us/ri.yaml:2: not UTF-8: save the file as"),
        (b"a: [1\n", "jurisdictions/us/ri.yaml:1: not YAML"),
        (b"jurisdiction: {}\n", "jurisdictions/us/ri.yaml:1: id is missing"),
        (b"- a\n", "jurisdictions/us/ri.yaml:1: Expected `object`, got `array`"),
    ],
)
def test_a_file_that_is_no_sheet(tiny_root: Path, data: bytes, expected: str) -> None:
    (tiny_root / "us" / "ri.yaml").write_bytes(data)
    assert complaint(tiny_root).startswith(expected)


def test_a_place_named_twice(tiny_root: Path) -> None:
    copy = tiny_root / "us" / "rhode-island.yaml"
    copy.write_bytes((tiny_root / "us" / "ri.yaml").read_bytes())
    assert complaint(tiny_root) == (
        "jurisdictions/us/ri.yaml:2: 'ocd-division/country:us/state:ri' is already used at "
        "jurisdictions/us/rhode-island.yaml:2"
    )


def test_a_place_that_the_register_knows_otherwise(tiny_root: Path) -> None:
    (tiny_root / "registry").mkdir()
    register = tiny_root / "registry" / "places.csv"
    head = "id,code,name,level,parent_id,geoid,aliases\n"
    register.write_text(head + "ocd-division/country:us,USA,United States,country,,,\n")
    assert complaint(tiny_root).startswith("jurisdictions/registry/places.csv:2: ")
    register.write_text(head + "ocd-division/country:us,UM,United States,country,,,\n")
    assert complaint(tiny_root) == (
        "jurisdictions/us.yaml:3: code is US, but the register of places says UM"
    )
    register.write_text(head + "ocd-division/country:us,US,United States,country\n")
    assert complaint(tiny_root) == (
        "jurisdictions/registry/places.csv:1: not the columns of a register"
    )


def test_a_file_of_50_megabytes(tiny_root: Path) -> None:
    with (tiny_root / "us" / "ri.yaml").open("ab") as sheet:
        for _ in range(50):
            sheet.write(b"# padding\n" * 100_000)
    begin = time.monotonic()
    assert complaint(tiny_root) == (
        "jurisdictions/us/ri.yaml:1: larger than 1,000,000 bytes: a sheet holds one jurisdiction"
    )
    assert time.monotonic() - begin < 1


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(BOMB, ":2: an alias: write the value out", id="alias bomb"),
        pytest.param("a: &a [*a]\n", ":1: an alias", id="a list that holds itself"),
        pytest.param("a: &a {b: c}\n<<: *a\n", ":2: an alias", id="merge"),
        pytest.param("[" * 100_000, ":1: nested deeper than 12 levels", id="open lists"),
        pytest.param("[" * 100_000 + "]" * 100_000, ":1: nested deeper", id="lists"),
        pytest.param("{a: " * 100_000, ":1: nested deeper than 12 levels", id="mappings"),
        pytest.param("- " * 100_000 + "x", ":1: nested deeper than 12 levels", id="blocks"),
        pytest.param("? " * 100_000 + "x", ":1: a key must be a word", id="keys"),
        pytest.param(
            "\n".join(" " * n + "a:" for n in range(1300)),
            ":13: nested deeper than 12 levels",
            id="steps",
        ),
        pytest.param("- x\n" * 240_000, ":1: Expected `object`, got `array`", id="a long list"),
    ],
)
def test_bombs_are_refused_at_once(tiny_root: Path, text: str, expected: str) -> None:
    assert len(text) < 1_000_000
    (tiny_root / "us" / "ri.yaml").write_text(text)
    begin = time.process_time()
    assert complaint(tiny_root).startswith("jurisdictions/us/ri.yaml" + expected)
    assert time.process_time() - begin < 3


def test_a_sheet_that_cannot_be_read(tiny_root: Path) -> None:
    sheet = tiny_root / "us" / "ri.yaml"
    sheet.unlink()
    sheet.symlink_to(tiny_root / "nowhere.yaml")
    assert complaint(tiny_root) == (
        "jurisdictions/us/ri.yaml:1: cannot be read: No such file or directory"
    )


def test_a_repeal_ends_all_of_what_it_names(tiny_root: Path) -> None:
    sheet = tiny_root / "us" / "ri.yaml"
    repeal = """\
  - id: us-ri-end
    instrument: us-ri-kcpa-2025
    citation: R.I. Gen. Laws 21-28-2.03(b)
    substances: [leaf]
    activities: [possess, sell]
    effect: repeal
    targets: [us-ri-ban]
    from: 2026-04-01
    verification: reported
    evidence:
      - {kind: tracker, url: "https://example.org/end", retrieved: 2026-08-28}
"""
    sheet.write_text(sheet.read_text(encoding="utf-8") + repeal, encoding="utf-8")
    told = complaint(tiny_root)
    assert "us-ri-ban" in told
    assert "mitragynine, 7-oh would stay" in told


def test_what_is_over_has_an_end(tiny_root: Path) -> None:
    sheet = tiny_root / "us" / "ri.yaml"
    text = sheet.read_text(encoding="utf-8").replace("    to: 2026-04-01\n", "", 1)
    sheet.write_text(text, encoding="utf-8")
    assert "is repealed, but this provision has no end" in complaint(tiny_root)


PROPOSED = """\
  - id: us-ri-would
    instrument: us-ri-bill
    citation: Proposed section 1
    substances: [leaf]
    activities: [sell]
    effect: prohibit
    verification: reported
    evidence: [{kind: press, document: Gazette, retrieved: 2026}]
"""
BILL = """\
instruments:
  - {id: us-ri-bill, kind: bill, session: "2026", number: H 1, title: A bill, stage: STAGE}
"""


def with_bill(root: Path, stage: str) -> None:
    sheet = root / "us" / "ri.yaml"
    text = sheet.read_text(encoding="utf-8")
    text = text.replace("instruments:\n", BILL.replace("STAGE", stage), 1)
    sheet.write_text(text + PROPOSED, encoding="utf-8")


@pytest.mark.parametrize("stage", ["prefiled", "introduced", "passed", "failed", "vetoed"])
def test_what_is_no_law_may_have_no_first_day(tiny_root: Path, stage: str) -> None:
    with_bill(tiny_root, stage)
    assert load_catalog(tiny_root).provisions["us-ri-would"].first is None


def test_what_is_law_has_a_first_day(tiny_root: Path) -> None:
    with_bill(tiny_root, "enacted")
    assert "no first day: give `from`, or `attested`" in complaint(tiny_root)


def test_a_proposed_repeal_is_no_end(tiny_root: Path) -> None:
    with_bill(tiny_root, "introduced")
    sheet = tiny_root / "us" / "ri.yaml"
    repeal = PROPOSED.replace("[leaf]", "[leaf, mitragynine, 7-oh]").replace(
        "[sell]\n    effect: prohibit",
        "[possess, sell]\n    effect: repeal\n    targets: [us-ri-ban]",
    )
    text = sheet.read_text(encoding="utf-8").replace(PROPOSED, repeal)
    sheet.write_text(text, encoding="utf-8")
    assert load_catalog(tiny_root).provisions["us-ri-would"].targets == ("us-ri-ban",)
    sheet.write_text(text.replace("    to: 2026-04-01\n", "", 1), encoding="utf-8")
    assert "is repealed, but this provision has no end" in complaint(tiny_root)
