"""The contract of the gold: what its guide (README.md) asks of every document."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from kratom_atlas.catalog import packaged_sheets
from kratom_atlas.model.reading import Novelty, Relevance
from kratom_atlas.model.vocabulary import Activity, Effect, Extent, Unit
from kratom_atlas.read.media import Media
from kratom_atlas.read.score import FIELDS, GoldDocument, facts, load_gold
from kratom_atlas.read.terms import find_mentions
from kratom_atlas.register import load_register

HERE = Path(__file__).parent
SAMPLES = Path(
    os.environ.get("KRATOM_ATLAS_SAMPLES")
    or Path(__file__).resolve().parents[2].parent / "shared" / "samples"
)
GOLD = load_gold(HERE)
PASSAGES = [document for document in GOLD if document.text is not None]
REAL = [document for document in GOLD if document.text is None]
ACTS = (Relevance.PRIMARY, Relevance.SUBSTANTIVE)
OF_A_ROW = {Activity.POSSESS, Activity.SELL, Activity.DISTRIBUTE, Activity.MAKE}

every = pytest.mark.parametrize("document", GOLD, ids=lambda document: document.id)
each_passage = pytest.mark.parametrize("document", PASSAGES, ids=lambda document: document.id)


def test_there_are_enough_passages_and_near_misses() -> None:
    acting = [p for p in PASSAGES if p.relevance in ACTS]
    assert len(acting) >= 84
    assert len(PASSAGES) - len(acting) >= 42


@pytest.mark.parametrize("path", sorted(HERE.glob("passages/*.yaml")), ids=lambda path: path.stem)
def test_every_passage_says_whether_it_is_held(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    documents = sum(line.startswith("- id: ") for line in lines)
    held = lines.count("  held: true")
    assert held + lines.count("  held: false") == documents


def test_a_third_is_held_and_has_something_of_every_kind() -> None:
    held = [p for p in PASSAGES if p.held]
    assert 0.3 <= len(held) / len(PASSAGES) <= 0.5
    effects = {finding.effect for p in held for finding in p.findings}
    assert effects >= {finding.effect for p in PASSAGES for finding in p.findings}
    assert {p.relevance for p in held} == {p.relevance for p in PASSAGES}


def test_every_effect_and_every_field_occurs() -> None:
    findings = [finding for document in GOLD for finding in document.findings]
    assert {finding.effect for finding in findings} == set(Effect)
    assert {fact.field for fact in facts(findings)} | {"relevance"} == set(FIELDS)
    assert {finding.novelty for finding in findings} == set(Novelty)
    assert Extent.UNINCORPORATED in {finding.extent for finding in findings}
    units = {cap.unit for finding in findings for cap in finding.qualifiers.seven_oh_caps}
    assert units >= {
        Unit.PERCENT_OF_ALKALOIDS, Unit.PERCENT_BY_WEIGHT, Unit.PPM, Unit.MG_PER_G,
        Unit.MG_PER_SERVING, Unit.MG_PER_CONTAINER,
    }  # fmt: skip


def test_passages_speak_many_languages() -> None:
    languages = {p.language for p in PASSAGES if p.relevance in ACTS}
    assert languages >= {"no", "cs", "sk", "et", "fr", "th", "de", "sv", "pl", "es"}


def test_every_place_is_in_the_register_or_in_a_state_that_is() -> None:
    codes = {place.code for place in load_register(packaged_sheets()).values()}
    for document in GOLD:
        state = "-".join(document.place.split("-")[:2])
        assert document.place in codes or state in codes, document.id


@every
def test_the_guide_on_findings_is_kept(document: GoldDocument) -> None:
    for finding in document.findings:
        match finding.effect:
            case Effect.SCHEDULE:
                assert set(finding.activities) >= OF_A_ROW
            case Effect.TAX | Effect.STUDY:
                assert finding.activities == (Activity.SELL,)
            case Effect.PROHIBIT:
                assert finding.qualifiers.min_age is None


@each_passage
def test_a_passage_is_of_a_size_and_kind_that_it_says(document: GoldDocument) -> None:
    assert document.text is not None
    words = len(document.text.split())
    assert words <= 400
    assert words >= 25 or document.language == "th"
    assert (document.media is Media.HTML) == ("<p>" in document.text)


@each_passage
def test_a_passage_names_kratom_as_its_relevance_says(document: GoldDocument) -> None:
    named = bool(find_mentions(document.text or "", document.language))
    assert named == (document.relevance is not Relevance.NONE)
    does = bool(document.findings) or document.unread
    assert does == (document.relevance in ACTS)


def test_a_real_text_is_named_below_the_samples() -> None:
    for document in REAL:
        path = PurePosixPath(document.file or "")
        assert not path.is_absolute(), document.id
        assert ".." not in path.parts, document.id


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="real texts are not here")
def test_a_real_text_is_there() -> None:
    missing = [d.id for d in REAL if d.file and not (SAMPLES / d.file).is_file()]
    assert not missing
