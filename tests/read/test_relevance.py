"""How a text concerns kratom: by where it is named, and what was read in it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kratom_atlas.model.reading import Finding, Marked, Novelty, Relevance, Span, Struck
from kratom_atlas.model.vocabulary import Activity, Effect, Substance
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.relevance import classify, relevance
from kratom_atlas.read.terms import find_mentions
from kratom_atlas.read.text import read_text


def finding(effect: Effect = Effect.SCHEDULE, novelty: Novelty = Novelty.ADDS) -> Finding:
    return Finding(
        effect=effect,
        substances=(Substance.LEAF,),
        activities=(Activity.SELL,),
        spans=(Span(0, 1),),
        quote="x",
        novelty=novelty,
    )


OTHER_ROWS = "\n".join(f"({n}) Substance number {n};" for n in range(1, 60))
BULK = "Every county keeps its roads in repair and its books in order. " * 60


@pytest.mark.parametrize(
    ("text", "title", "findings", "expected"),
    [
        ("Roads are kept in repair.", "Roads", 0, Relevance.NONE),
        ("The text is about roads.", "Kratom products", 0, Relevance.PRIMARY),
        (f"AN ACT relating to kratom. Be it enacted: {BULK}Kratom.", "", 1, Relevance.PRIMARY),
        (
            f"This act may be cited as the Plain Kratom Act. {BULK}No kratom is sold.",
            "",
            1,
            Relevance.PRIMARY,
        ),
        (f"{BULK}\nSec. 12. Kratom.\nNo person shall sell kratom.", "", 1, Relevance.PRIMARY),
        (f"{BULK}\nCHAPTER 9. KRATOM PRODUCTS\nKratom is banned.", "", 1, Relevance.PRIMARY),
        (f"{OTHER_ROWS}\n(60) Mitragynine.", "Controlled substances", 1, Relevance.SUBSTANTIVE),
        (f"{BULK}A tax of 5 percent is laid on kratom.", "Revenue", 1, Relevance.SUBSTANTIVE),
        ("No person shall sell kratom in this town.", "", 1, Relevance.PRIMARY),
        (f"WHEREAS, some sell kratom; {BULK}", "Health Week", 0, Relevance.INCIDENTAL),
        ("A study of overdoses, kratom among them, is made.", "", 0, Relevance.INCIDENTAL),
        ("A person licensed under the Plain Kratom Act pays.", "", 0, Relevance.INCIDENTAL),
        ("$ 5,000 is appropriated for leaflets on kratom.", "Budget", 0, Relevance.INCIDENTAL),
        ('"Intoxicant" means alcohol, kratom or glue.', "Driving", 0, Relevance.INCIDENTAL),
        (
            "No person shall, on a ferry:\n(1) run;\n(2) smoke kratom;\n(3) feed the gulls.",
            "Ferries",
            1,
            Relevance.SUBSTANTIVE,
        ),
        ("The following are banned: glue; poppers; kratom; ether.", "", 1, Relevance.SUBSTANTIVE),
        (
            "No person shall sell a kratom product that:\n(1) is stale;\n(2) is wet;\n(3) is hot.",
            "Foods",
            1,
            Relevance.PRIMARY,
        ),
        (
            "7.1 Drugs are:\n 7.1.1 Bufotenine\n 7.1.2 Mitragynine\n 7.1.3 Ibogaine\n 7.1.4 LSD\n",
            "Drugs",
            1,
            Relevance.SUBSTANTIVE,
        ),
        ("A store shall not sell glue or kratom.", "Stores", 0, Relevance.SUBSTANTIVE),
        (
            "RESOLVED, that this council of the county respectfully urges\nCongress to ban kratom.",
            "Kratom",
            0,
            Relevance.INCIDENTAL,
        ),
        (
            "To the department: from the General Fund, $9,000; of the kratom fees, $500.",
            "Budget",
            0,
            Relevance.INCIDENTAL,
        ),
        ("Lessons shall cover the dangers of\nkratom.", "Schools", 0, Relevance.INCIDENTAL),
        (
            "The Plain Kratom Act, Title 9, shall be cited as Title 10.",
            "Codes",
            0,
            Relevance.INCIDENTAL,
        ),
        (
            "A bed bears a label, for\nexample: Mitragyna speciosa, coffee family.",
            "Garden",
            0,
            Relevance.INCIDENTAL,
        ),
        (
            "The introduced version of this bill would have prohibited kratom.",
            "Shops",
            0,
            Relevance.INCIDENTAL,
        ),
    ],
)
def test_relevance(text: str, title: str, findings: int, expected: Relevance) -> None:
    read = (finding(),) * findings
    found, because = classify(Marked(text), find_mentions(text), read, title)
    assert (found, bool(because)) == (expected, True), because


def test_a_rule_that_stood_is_not_what_a_text_is_about() -> None:
    text = f"{BULK} Kratom is banned."
    kept = (finding(novelty=Novelty.KEEPS),)
    assert classify(Marked(text), find_mentions(text), kept, "")[0] is Relevance.SUBSTANTIVE


def test_a_plant_that_is_left_out() -> None:
    text = "Plants of the genus Mitragyna are listed, except Mitragyna speciosa. " + BULK
    left_out = (finding(Effect.EXEMPT),)
    assert classify(Marked(text), find_mentions(text), left_out, "")[0] is Relevance.SUBSTANTIVE


def test_what_is_struck_counts() -> None:
    struck = Struck(0, "(12) Mitragynine;")
    marked = Marked("(13) Another;", struck=(struck,), is_marked=True)
    assert classify(marked, (), (), "")[0] is Relevance.PRIMARY


def test_what_is_added_is_what_a_text_is_about() -> None:
    added = "No person shall sell kratom here."
    marked = Marked(BULK + added, added=(Span(len(BULK), len(BULK + added)),), is_marked=True)
    found = classify(marked, find_mentions(marked.text), (finding(),), "")
    assert found[0] is Relevance.PRIMARY


def test_without_findings_words_alone_decide() -> None:
    assert relevance(Marked("No person shall sell kratom."), title="") is Relevance.SUBSTANTIVE
    assert relevance(Marked("Nic."), title="Zákon o kratomu", language="cs") is Relevance.PRIMARY


def test_real_bills_that_name_it_are_found(samples: Path) -> None:
    folder = samples / "us" / "kratom_bills"
    named, held_without, not_held = 0, [], 0
    with (folder / "SUMMARY.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        bill = folder / row["state"] / row["session"] / row["bill"].replace(" ", "")
        title = row["title"]
        texts = []
        for path in sorted(bill.rglob("*")):
            if path.is_file() and path.name != "metadata.json":
                try:
                    texts.append(read_text(path.read_bytes()).text)
                except FaultError:
                    continue
        metadata = (bill / "metadata.json").read_text(encoding="utf-8")
        if any(find_mentions(text) for text in (title, metadata, *texts)):
            named += 1
        elif texts:
            held_without.append(bill.name)
        else:
            not_held += 1
    assert (len(rows), named, held_without, not_held) == (100, 91, [], 9)
