from __future__ import annotations

import json
import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.reading import Finding, Novelty, Reading, Relevance, Span, Unread
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import AlkaloidCap, Cap, Limit, Penalty, Qualifiers
from kratom_atlas.model.vocabulary import Activity, Alkaloid, Effect, Extent, Substance, Unit
from kratom_atlas.read.score import (
    FIELDS,
    Fact,
    GoldDocument,
    GoldFinding,
    Reader,
    Tally,
    as_json,
    as_mistakes,
    as_table,
    facts,
    load_gold,
    reader,
    score,
)

GOLD = """\
- id: age
  held: false
  place: US-AL
  kind: bill
  session: "2026"
  enacted: 2026-05-04
  media: html
  text: |
    <p>No person under 21 may be sold kratom.</p>
  relevance: primary
  findings:
    - effect: restrict
      substances: [leaf]
      activities: [sell]
      qualifiers: {min_age: 21, seven_oh_caps: [{value: 2, unit: "%-of-alkaloids"}]}
      from: 2026-07
"""


def write(root: Path, text: str, name: str = "passages/a.yaml") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return root


def document(name: str, *findings: GoldFinding, held: bool = False, real: bool = False):
    return GoldDocument(
        id=name,
        held=held,
        place="US",
        relevance=Relevance.PRIMARY,
        text=None if real else "kratom",
        file="us/a.txt" if real else None,
        findings=findings,
    )


def gold(effect: Effect = Effect.PROHIBIT, *activities: Activity) -> GoldFinding:
    return GoldFinding(
        effect=effect,
        substances=(Substance.LEAF,),
        activities=activities or (Activity.SELL,),
    )


def found(effect: Effect = Effect.PROHIBIT, *activities: Activity, **more: object) -> Finding:
    return Finding(
        effect=effect,
        substances=(Substance.LEAF,),
        activities=activities or (Activity.SELL,),
        spans=(Span(0, 6),),
        quote="kratom",
        **more,  # type: ignore[arg-type]
    )


def says(*findings: Finding, **more: object) -> Reader:
    reading = Reading(relevance=Relevance.PRIMARY, findings=findings, **more)  # type: ignore[arg-type]
    return lambda _: reading


def test_a_document_of_the_gold_has_its_types_and_its_circumstances(tmp_path: Path) -> None:
    (one,) = load_gold(write(tmp_path, GOLD))
    assert one.text == "<p>No person under 21 may be sold kratom.</p>\n"
    (rule,) = one.findings
    assert rule.qualifiers.min_age == 21
    assert rule.from_ == PartialDate("2026-07")
    assert rule.novelty is Novelty.ADDS
    about = one.circumstances()
    assert (about.place, about.session, about.enacted) == ("US-AL", "2026", "2026-05-04")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  place: US-AL\n", "", "a.yaml: age: Object missing required field `place`"),
        ("  held: false", "  helt: false", "a.yaml: age: .*unknown field `helt`"),
        ("  held: false", "  held: perhaps", "a.yaml: age: "),
        ("  held: false", "  held: false\n  held: true", "duplicate key 'held'"),
        ("restrict", "forbid", "a.yaml: age: Invalid enum value 'forbid'"),
        ("min_age: 21", "min_ages: 21", "unknown field `min_ages`"),
        ("2026-05-04", "2026-02-30", "not a day of the calendar"),
        ("  media: html", "  media: parchment", "Invalid enum value"),
        ("  relevance: primary", "  relevance: incidental", "a text that is incidental has no"),
        ("[sell]", "[sell, sell]", "activities names a word twice"),
        ("[sell]", "[]", "length"),
        ("effect: restrict", "effect: schedule", "the schedule as written"),
        ("from: 2026-07", "from: 2026-07-02\n      to: 2026-07-01", "ends before it starts"),
        ("from: 2026-07", "grandfather: 2026-07", "belongs to effect `preempt`"),
        ("  text: |\n    <p>No person under 21 may be sold kratom.</p>\n", "", "give either"),
        (GOLD, "id: a", "not a list of documents"),
        (GOLD, "- [", "not YAML"),
        (GOLD, "- a", "a.yaml: 1: Expected `object`"),
        (GOLD, GOLD + GOLD, "a.yaml: age: the id stands twice"),
    ],
)
def test_what_is_not_as_the_guide_has_it_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOLD
    write(tmp_path, GOLD.replace(old, new))
    with pytest.raises(AtlasError, match=message):
        load_gold(tmp_path)


def test_a_text_stands_only_in_passages(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"real/a.yaml: age: passages carry a text"):
        load_gold(write(tmp_path, GOLD, "real/a.yaml"))


def test_every_value_of_a_finding_is_a_fact() -> None:
    rules = Qualifiers(
        min_age=18,
        seven_oh_caps=(Cap(value=1.5, unit=Unit.PERCENT_OF_ALKALOIDS),),
        alkaloid_caps=(AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=25, unit=Unit.MG_PER_SERVING),),
        limits=(Limit(value=30, unit=Unit.G_PER_CONTAINER),),
        labelling="a list of what is in it",
        penalties=(Penalty(class_="misdemeanor"),),
        in_public=True,
    )
    one = found(
        Effect.RESTRICT,
        Activity.SELL,
        Activity.MAKE,
        qualifiers=rules,
        extent=Extent.UNINCORPORATED,
        from_=PartialDate("2026-07-01"),
        to=PartialDate("2028"),
        novelty=Novelty.KEEPS,
    )
    assert facts([one]) == {
        Fact(field, "restrict", value)
        for field, value in [
            ("effect", "restrict"),
            ("substances", "leaf"),
            ("activities", "sell"),
            ("activities", "make"),
            ("min_age", "18"),
            ("seven_oh_caps", "1.5 % of-alkaloids"),
            ("alkaloid_caps", "mitragynine 25 mg per-serving"),
            ("limits", "30 g per-container"),
            ("labelling", "yes"),
            ("penalties", "yes"),
            ("in_public", "yes"),
            ("extent", "unincorporated"),
            ("from", "2026-07-01"),
            ("to", "2028"),
            ("novelty", "keeps"),
        ]
    }


def test_a_schedule_is_one_under_its_name_and_its_number() -> None:
    one = found(Effect.SCHEDULE, schedule="Schedule  I")
    other = found(Effect.SCHEDULE, schedule="I")
    assert facts([one]) == facts([other])


def test_the_grouping_of_findings_does_not_matter() -> None:
    together = found(Effect.PROHIBIT, Activity.SELL, Activity.POSSESS)
    assert facts([together]) == facts(
        [found(Effect.PROHIBIT, Activity.SELL), found(Effect.PROHIBIT, Activity.POSSESS)]
    )


def test_right_wrong_and_missing_are_counted_per_field_and_part() -> None:
    documents = [
        document("a", gold(Effect.PROHIBIT, Activity.SELL, Activity.MAKE)),
        document("b", gold(), held=True),
        document("c", gold(), real=True, held=True),
    ]
    scored = score(documents, says(found(Effect.PROHIBIT, Activity.SELL, Activity.POSSESS)))
    assert scored.parts["all"].fields["activities"] == Tally(3, 3, 1, 0)
    assert scored.parts["tuned"].fields["activities"] == Tally(1, 1, 1, 0)
    assert scored.parts["held"].fields["activities"] == Tally(2, 2, 0, 0)
    assert scored.parts["real"].fields["activities"] == Tally(1, 1, 0, 0)
    assert scored.parts["passages-held"].documents == 1
    assert scored.parts["all"].fields["effect"] == Tally(3, 0, 0, 0)
    assert scored.parts["all"].fields["min_age"] == Tally(0, 0, 0, 3)
    activities = scored.parts["all"].fields["activities"]
    assert (activities.precision, activities.recall) == (0.5, 0.75)
    assert scored.parts["all"].fields["min_age"].precision is None
    first = scored.wrong[0]
    assert first.missing == (Fact("activities", "prohibit", "make"),)
    assert first.extra == (Fact("activities", "prohibit", "possess"),)


def test_a_text_that_is_not_at_hand_is_skipped_and_counted() -> None:
    scored = score([document("a", gold(), real=True)], lambda _: None)
    assert scored.skipped == ("a",)
    assert scored.parts["all"].documents == 0
    assert scored.parts["all"].overall == Tally()


def test_the_reader_of_the_package_reads_passages_and_the_files_that_are_there(
    tmp_path: Path,
) -> None:
    passage, real = document("a"), document("b", real=True)
    assert reader()(passage) is not None
    assert reader()(real) is None
    assert reader(tmp_path)(real) is None
    (tmp_path / "us").mkdir()
    (tmp_path / "us" / "a.txt").write_text("No person shall sell kratom.", encoding="utf-8")
    read = reader(tmp_path)(real)
    assert read is not None
    assert read.named == 1


def test_a_wrong_relevance_is_wrong_both_ways() -> None:
    silent = Reading(relevance=Relevance.NONE)
    scored = score([document("a", gold())], lambda _: silent)
    assert scored.parts["all"].fields["relevance"] == Tally(0, 1, 1, 0)


def test_a_clause_that_is_to_be_given_up_on_is_counted() -> None:
    expected = GoldDocument(
        id="odd", place="US", relevance=Relevance.PRIMARY, text="kratom", unread=True
    )
    quiet = score([expected], says())
    honest = score([expected], says(unread=(Unread(span=Span(0, 6), why="no verb"),)))
    assert (quiet.parts["all"].unread_expected, quiet.parts["all"].unread_reported) == (1, 0)
    assert honest.parts["all"].unread_reported == 1


def test_the_published_score_says_when_of_what_and_nothing_of_held_mistakes() -> None:
    documents = [document("seen", gold()), document("unseen", gold(), held=True)]
    scored = score(documents, says())
    published = as_json(scored, on=date(2026, 11, 22), version="1.2.3")
    assert json.loads(json.dumps(published)) == published
    assert published["date"] == "2026-11-22"
    assert published["version"] == "1.2.3"
    assert published["documents"] == 2
    assert [wrong["id"] for wrong in published["wrong"]] == ["seen"]
    assert published["parts"]["all"]["fields"]["effect"]["recall"] == 0
    assert published["parts"]["all"]["fields"]["effect"]["precision"] is None
    assert set(published["parts"]) == {
        "all", "tuned", "held",
        "passages", "passages-tuned", "passages-held",
        "real", "real-tuned", "real-held",
    }  # fmt: skip


def test_the_table_has_a_line_for_each_field() -> None:
    table = as_table(score([document("a", gold())], says(found())))
    lines = table.splitlines()
    assert [line.split()[0] for line in lines[1 : len(FIELDS) + 2]] == [*FIELDS, "overall"]
    effect = next(line for line in lines if line.startswith("effect "))
    assert re.search(r"100\.0 / 100\.0 \(1\)", effect)
    assert all(not line.endswith(" ") for line in lines)


def test_mistakes_are_listed_for_what_the_rules_are_tuned_on() -> None:
    documents = [document("seen", gold()), document("unseen", gold(), held=True)]
    listed = as_mistakes(score(documents, says(found(Effect.PROHIBIT, Activity.MAKE))))
    assert listed.splitlines() == [
        "seen",
        "  missing  activities prohibit sell",
        "  extra    activities prohibit make",
    ]


FACTS = st.builds(
    gold,
    st.sampled_from([Effect.PROHIBIT, Effect.RESTRICT, Effect.TAX]),
    st.sampled_from(list(Activity)),
)


@given(st.lists(st.lists(FACTS, max_size=4), max_size=5), st.lists(FACTS, max_size=4))
def test_counts_add_up(documents: list[list[GoldFinding]], read: list[GoldFinding]) -> None:
    findings = tuple(found(one.effect, *one.activities) for one in read)
    texts = [document(f"d{i}", *rules, held=i % 3 == 2) for i, rules in enumerate(documents)]
    scored = score(texts, says(*findings))
    every = scored.parts["all"]
    expected = sum(len(facts(text.findings)) + 1 for text in texts)
    assert every.overall.true_positives + every.overall.false_negatives == expected
    assert every.overall.true_positives + every.overall.false_positives == len(texts) * (
        len(facts(findings)) + 1
    )
    for name in FIELDS:
        parts = (scored.parts["tuned"].fields[name], scored.parts["held"].fields[name])
        assert every.fields[name] == tuple(map(sum, zip(*parts, strict=True)))
    if [facts(text.findings) for text in texts] == [facts(findings)] * len(texts):
        assert not scored.wrong
    assert all(a.id != b.id for a, b in pairwise(scored.wrong))
