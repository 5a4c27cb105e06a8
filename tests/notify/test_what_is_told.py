"""What subscribers are told: once, on its day, and never wrong without saying so."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace as changed
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from msgspec.structs import replace as changed_line
from notify_sample import (
    COUNTY,
    FIRST,
    HOSTILE,
    LEAF,
    M1,
    M2,
    M3,
    M4,
    SEVEN,
    STATE,
    US,
    WHOLE,
    act,
    hostile_lines,
    look,
    register,
    rule,
    say,
)
from test_messages import ledgers

from kratom_atlas.crawl.health import Survey, survey
from kratom_atlas.crawl.registry import find_scrapers
from kratom_atlas.model.statement import Line, Op
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Notice,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Effect, InstrumentKind, Severity, Stage
from kratom_atlas.notify.messages import messages
from kratom_atlas.notify.notices import notices, sample
from kratom_atlas.release.tables import Edition
from kratom_atlas.resolve.record import Record

BEFORE = date(2026, 9, 1)


def at(
    lines: list[Line],
    today: date = BEFORE,
    *,
    known: Collection[str] = (),
    survey: Survey | None = None,
    until: str = "",
) -> list[Notice]:
    record = Record(lines, register())
    edition = Edition(record, today.toordinal(), record.bound(until) if until else None)
    found = notices(
        edition,
        messages(edition),
        today,
        survey=survey,
        known=known,
        base_url="https://atlas.example",
    )
    return list(found)


def keys(found: list[Notice]) -> set[str]:
    return {one.key for one in found}


def news(lines: list[Line], today: date, *, after: list[Line], on: date = BEFORE) -> list[Notice]:
    """What is told of `lines` where all of `after` had been told by the day `on`."""
    return at(lines, today, known=keys(at(after, on)))


def only(found: list[Notice], topic: Topic) -> Notice:
    (one,) = [notice for notice in found if notice.topic is topic]
    return one


COMING = [
    *say(M1, act("hb-1", number="HB 1"), look(US), look()),
    *say(M2, act("hb-2", number="HB 2"),
         rule("ban", "hb-2", begins="2026-12-01", substances=(LEAF, SEVEN))),
]  # fmt: skip


# -- law -----------------------------------------------------------------------------------------


def test_new_law_is_told_with_what_was_and_what_will_be() -> None:
    told = only(at(COMING), Topic.NEW_LAW)
    assert told.title == (
        "Georgia: Kratom leaf and 7-OH: from no specific law found to banned, from 2026-12-01"
    )
    assert told.text == (
        "Not in force yet: it applies from 2026-12-01.\n\n"
        "Georgia (US-GA), from 2026-12-01. A change of law. Severity: major.\n"
        "- Kratom leaf and 7-OH: from no specific law found to banned.\n"
        "* HB 2: Code 1 (https://atlas.example/p/ban/, https://example.org/text)\n"
        f"Recorded {M2}."
    )
    assert (told.severity, told.places, told.substances) == (
        Severity.MAJOR,
        ("US-GA",),
        (LEAF, SEVEN),
    )
    assert (told.act, told.date, told.due, told.corrects) == ("hb-2", "2026-12-01", "", ())
    facts = json.loads(told.facts)
    assert facts["message"] == f"urn:uuid:{told.about}"
    assert facts["steps"][0]["after"] == "banned"


def test_upcoming_counts_down_to_its_first_day_and_then_it_takes_effect() -> None:
    ahead = only(at(COMING), Topic.UPCOMING)
    assert ahead.title.startswith("Upcoming: Georgia: Kratom leaf and 7-OH")
    assert ahead.due == "2026-12-01"
    assert ahead.text.startswith("Enacted and not in force yet: it applies from 2026-12-01.")
    known = keys(at(COMING))
    assert at(COMING, date(2026, 11, 30), known=known) == []
    (began,) = at(COMING, date(2026, 12, 1), known=known)
    assert (began.topic, began.due) == (Topic.TOOK_EFFECT, "2026-12-01")
    assert began.title.startswith("Took effect: Georgia")
    assert began.text.startswith("As told on 2026-03-10, it now applies, from 2026-12-01.\n")
    assert began.about == ahead.about
    # Whoever was down for days still tells it, and once.
    assert keys(at(COMING, date(2027, 2, 1), known=known)) == {began.key}
    assert at(COMING, date(2027, 2, 1), known=known | {began.key}) == []


@pytest.mark.parametrize(
    ("day", "first", "last", "words"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30), "from November 2026 (day not known)"),
        ("2027", date(2027, 1, 1), date(2027, 12, 31), "from 2027 (month and day not known)"),
    ],
)
def test_a_day_that_is_not_known_is_told_as_such(
    day: str, first: date, last: date, words: str
) -> None:
    lines = [
        *say(M1, act("hb-1"), look(US), look()),
        *say(M2, act("hb-2"), rule("ban", "hb-2", begins=day)),
    ]
    ahead = only(at(lines), Topic.UPCOMING)
    assert ahead.due == first.isoformat()
    assert words in ahead.text.splitlines()[0]
    known = keys(at(lines))
    for today in (first, last - timedelta(days=1)):
        assert at(lines, today, known=known) == []
    (began,) = at(lines, last, known=known)
    assert began.topic is Topic.TOOK_EFFECT
    assert f"applies, {words}. At the latest it does since {last}." in began.text
    assert began.due == last.isoformat()


def test_law_that_applied_before_it_was_told_does_not_take_effect_again() -> None:
    found = at(FIRST, date(2026, 9, 1))
    assert Topic.TOOK_EFFECT not in {n.topic for n in found}
    late = rule("late", "hb-2", substances=(SEVEN,), begins="2026-02-01", retrieved="2026-03-09")
    lines = [*say(M1, act("hb-1"), look(US), look()), *say(M2, act("hb-2"), late)]
    (told,) = at(lines)
    assert told.topic is Topic.NEW_LAW
    assert told.title.startswith("Late knowledge: Georgia: 7-OH")
    assert "Not in force yet" not in told.text


def test_a_sunset_is_upcoming_and_takes_effect_as_any_law() -> None:
    lines = say(M1, act("hb-1"), look(US), look(), rule("ban", "hb-1", ends="2026-10-01"))
    ahead = only(at(lines), Topic.UPCOMING)
    assert "from banned to no specific law found" in ahead.title
    (began,) = at(lines, date(2026, 10, 1), known=keys(at(lines)))
    assert began.topic is Topic.TOOK_EFFECT


# -- corrections ---------------------------------------------------------------------------------


def test_a_wrong_day_is_corrected_to_those_who_were_told_it() -> None:
    right = rule("ban", "hb-2", begins="2027-03-01", substances=(LEAF, SEVEN))
    mended = [*COMING, *say(M3, right, op=Op.SUPERSEDE)]
    was = only(at(COMING), Topic.NEW_LAW)
    told = news(mended, BEFORE, after=COMING)
    first, second = sorted(
        (n for n in told if n.topic is Topic.CORRECTION), key=lambda n: n.withdraws
    )
    for correction in (first, second):
        assert correction.corrects == (was.about,)
        assert correction.title.startswith("Correction: Georgia: Kratom leaf and 7-OH")
        assert "This corrects what was said on 2026-03-10" in correction.text
        assert correction.act == "hb-2"
    # That the old day is wrong goes to those who were told it, the new one also to others.
    assert (first.withdraws, first.date) == (False, "2027-03-01")
    assert (second.withdraws, second.date) == (True, "2026-12-01")
    assert "not banned as had been said" in second.title
    assert only(told, Topic.UPCOMING).due == "2027-03-01"
    assert len(told) == 3
    # The day that was wrong comes, and nothing takes effect.
    known = keys(at(COMING)) | keys(told)
    assert at(mended, date(2026, 12, 1), known=known) == []


def test_a_pure_retraction_withdraws_and_goes_to_nobody_else() -> None:
    gone = [*COMING, *say(M3, COMING[-1].provision, op=Op.RETRACT)]  # type: ignore[arg-type]
    was = only(at(COMING), Topic.NEW_LAW)
    (told,) = news(gone, BEFORE, after=COMING)
    assert (told.topic, told.withdraws, told.corrects) == (Topic.CORRECTION, True, (was.about,))
    assert "no specific law found, not banned as had been said" in told.title
    assert "Not in force yet" not in told.text


def test_the_end_of_a_ban_that_is_taken_back_is_a_retraction() -> None:
    """Nothing else says what applies: the ban just goes on."""
    lines = say(M1, act("hb-1"), look(US), look(), rule("ban", "hb-1", ends="2028-06-01"))
    on = [*lines, *say(M2, rule("ban", "hb-1"), op=Op.SUPERSEDE)]
    (told,) = news(on, BEFORE, after=lines)
    assert (told.topic, told.withdraws) == (Topic.CORRECTION, True)
    assert "no longer said: from banned to" in told.title


def test_other_words_of_the_same_day_are_a_correction_of_themselves() -> None:
    """The message keeps its id: who was told the first wording is told the second."""
    less = rule("ban", "hb-2", Effect.RESTRICT, begins="2026-12-01", substances=(LEAF,), age=21)
    mended = [*COMING, *say(M3, less, op=Op.SUPERSEDE)]
    was = only(at(COMING), Topic.NEW_LAW)
    told = news(mended, BEFORE, after=COMING)
    correction = only(told, Topic.CORRECTION)
    assert correction.corrects == (was.about,)
    assert correction.about != was.about
    assert "from no specific law found to age limit only" in correction.title
    assert (
        "This corrects what was said on 2026-03-10: Georgia: Kratom leaf and 7-OH: from no "
        "specific law found to banned" in correction.text
    )
    ahead = only(told, Topic.UPCOMING)
    assert ahead.about == correction.about
    # A third wording corrects both, and one that nobody was told of corrects nothing.
    again = rule("ban", "hb-2", begins="2026-12-01", substances=(SEVEN,))
    third = [*mended, *say(M4, again, op=Op.SUPERSEDE)]
    last = only(at(third, known=keys(at(COMING)) | keys(told)), Topic.CORRECTION)
    assert set(last.corrects) == {was.about, correction.about}
    assert only(at(third), Topic.NEW_LAW).corrects == ()


def test_what_was_taken_back_and_is_said_again_corrects_the_taking_back() -> None:
    ban = COMING[-1].provision
    assert ban is not None
    gone = [*COMING, *say(M3, ban, op=Op.RETRACT)]
    back = [*gone, *say(M4, ban)]
    first, second = at(COMING), news(gone, BEFORE, after=COMING)
    (retraction,) = second
    told = at(back, known=keys(first) | keys(second))
    again = only(told, Topic.CORRECTION)
    assert set(again.corrects) == {only(first, Topic.NEW_LAW).about, retraction.about}
    assert not again.withdraws
    assert f"Said again since {M4}" in again.text


def test_evidence_and_names_are_no_news() -> None:
    known = keys(at(COMING))
    cited = rule("ban", "hb-2", begins="2026-12-01", substances=(LEAF, SEVEN), citation="Code 1(a)")
    lines = [*COMING, *say(M3, cited, act("hb-2", number="Act 77"), op=Op.SUPERSEDE)]
    assert at(lines, known=known) == []


def test_what_is_learned_of_a_past_day_corrects_what_was_told_of_it() -> None:
    first = say(M1, act("hb-1"), look(US), look(), rule("ban", "hb-1", begins="2025-01-01"))
    less = rule("ban", "hb-1", Effect.RESTRICT, begins="2025-01-01", age=21)
    lines = [*first, *say(M2, less, op=Op.SUPERSEDE)]
    (was,) = at(first)
    (told,) = news(lines, BEFORE, after=first)
    assert told.topic is Topic.CORRECTION
    assert was.about in told.corrects


def test_after_an_outage_only_what_is_said_now_is_told() -> None:
    right = rule("ban", "hb-2", begins="2027-03-01", substances=(LEAF, SEVEN))
    lines = [*COMING, *say(M3, right, op=Op.SUPERSEDE)]
    told = at(lines, known=keys(at(COMING, until=M1)))
    # That the day had been wrong goes to nobody: nobody was told.
    assert {n.date for n in told if not n.withdraws} == {"2027-03-01"}


# -- bills ---------------------------------------------------------------------------------------


def bill(stage: Stage, **more: object) -> object:
    usual = {"kind": InstrumentKind.BILL, "session": "2026", "number": "HB 9", "title": "A bill"}
    return act("hb-9", stage=stage, **{**usual, **more})


INTRODUCED = say(M1, look(US), bill(Stage.INTRODUCED, url="https://example.org/hb9"))  # type: ignore[arg-type]


def moved(*stages: Stage) -> list[Line]:
    lines = list(INTRODUCED)
    for moment, stage in zip((M2, M3, M4), stages, strict=False):
        lines += say(moment, bill(stage), op=Op.SUPERSEDE)  # type: ignore[arg-type]
    return lines


def test_a_bill_is_told_when_it_appears_and_when_it_moves_and_is_not_law() -> None:
    (new,) = at(INTRODUCED)
    assert new.topic is Topic.BILL_MOVED
    assert new.title == "Georgia: HB 9: introduced (not law)"
    assert new.text == (
        "Georgia (US-GA): HB 9: A bill (bill, 2026).\n"
        "- Introduced. It is not law.\n"
        "* https://atlas.example/j/US-GA/, https://example.org/hb9\n"
        f"Recorded {M1}."
    )
    assert new.substances == ()
    (told,) = news(moved(Stage.PASSED), BEFORE, after=INTRODUCED)
    assert told.title == "Georgia: HB 9: from introduced to passed (not law)"
    assert told.corrects == ()
    assert json.loads(told.facts)["is_law"] is False
    # Two steps between two looks are told as one.
    (both,) = news(moved(Stage.PASSED_FIRST_CHAMBER, Stage.PASSED), BEFORE, after=INTRODUCED)
    assert both.title == told.title


def test_a_bill_names_the_substances_of_its_provisions() -> None:
    lines = [*INTRODUCED, *say(M2, rule("nine", "hb-9", substances=(SEVEN,)))]
    (told,) = at(lines)
    assert told.substances == (SEVEN,)
    assert "Its recorded provisions name 7-OH." in told.text


def test_the_end_of_a_bill_is_told_and_its_enactment_is_law() -> None:
    (failed,) = news(moved(Stage.FAILED), BEFORE, after=INTRODUCED)
    assert "from introduced to failed (not law)" in failed.title
    (enacted,) = news(moved(Stage.ENACTED), BEFORE, after=INTRODUCED)
    assert enacted.title == "Georgia: HB 9: from introduced to enacted"
    assert "It is enacted." in enacted.text
    assert at(say(M1, act("hb-8", stage=Stage.ENACTED))) == []


def test_a_bill_that_had_not_come_as_far_as_told_is_corrected() -> None:
    passed = moved(Stage.PASSED)
    known = keys(at(INTRODUCED)) | keys(news(passed, BEFORE, after=INTRODUCED))
    was = news(passed, BEFORE, after=INTRODUCED)[0]
    (back,) = at(moved(Stage.PASSED, Stage.INTRODUCED), known=known)
    assert back.title.startswith("Correction: Georgia: HB 9: from passed to introduced")
    assert back.corrects == (was.about,)
    assert not back.withdraws
    gone = [*INTRODUCED, *say(M2, INTRODUCED[-1].instrument, op=Op.RETRACT)]  # type: ignore[arg-type]
    (retracted,) = news(gone, BEFORE, after=INTRODUCED)
    assert (retracted.withdraws, len(retracted.corrects)) == (True, 1)
    assert "no longer recorded" in retracted.title
    assert at(gone) == []
    again = [*gone, *say(M3, INTRODUCED[-1].instrument)]  # type: ignore[arg-type]
    (said,) = at(again, known=keys(at(INTRODUCED)) | {retracted.key})
    assert said.corrects == (retracted.about,)


def test_a_proposed_rule_is_no_bill_and_is_told_as_proposed() -> None:
    proposed = act("r-1", kind=InstrumentKind.REGULATION, stage=Stage.INTRODUCED, title="Rule 1")
    (told,) = at(say(M1, proposed))
    assert "Rule 1 (regulation, proposed)." in told.text


# -- sources -------------------------------------------------------------------------------------


def _survey(alarm: str, success: str) -> Survey:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    whole = survey(find_scrapers().values(), None, now)
    state = next(one for one in whole.sources if one.source.id == "us_openstates")
    return Survey((changed(state, alarm=alarm, last_success=success),), crawled=True)


def test_a_silence_is_told_once_and_its_end_once() -> None:
    since = "2026-08-20T06:00:00Z"
    silent = _survey("Open States: no success since 2026-08-20 (12 days)", since)
    (told,) = at([], survey=silent)
    assert told.topic is Topic.SOURCE_SILENT
    assert told.places == ("US", "US-GA")
    assert told.substances == ()
    assert "Unseen is not unchanged." in told.text
    assert at([], survey=silent, known={told.key}) == []
    heard = _survey("", "2026-09-01T06:00:00Z")
    (end,) = at([], survey=heard, known={told.key})
    assert end.title.startswith("Source answers again: ")
    assert "Before, its last success was on 2026-08-20." in end.text
    assert at([], survey=heard, known={told.key, end.key}) == []
    assert at([], survey=heard) == []
    # Another silence is another notice.
    (other,) = at([], survey=_survey("no success", "2026-09-01T06:00:00Z"), known={told.key})
    assert other.key != told.key


# -- whatever is recorded ------------------------------------------------------------------------


@effort(max_examples=60, deadline=None)
@given(ledgers(), st.dates(date(2025, 1, 1), date(2030, 1, 1)))
def test_every_notice_says_something_and_is_told_once(lines: list[Line], today: date) -> None:
    found = at(lines, today)
    assert len(keys(found)) == len(found)
    assert at(lines, today, known=keys(found)) == []
    for one in found:
        assert one.title
        assert one.text
        assert one.html
        assert one.about
        assert one.places
        assert not one.withdraws or one.corrects
        assert "\n" not in one.title
        assert json.loads(one.facts)["topic"] == one.topic


@effort(max_examples=40, deadline=None)
@given(ledgers())
def test_whoever_was_told_something_wrong_is_told_so(lines: list[Line]) -> None:
    """Told step by step, each wording that no longer stands is corrected by a later notice."""
    known: set[str] = set()
    told: list[Notice] = []
    for moment in sorted({line.recorded_at for line in lines}):
        fresh = at(lines, known=known, until=moment)
        told += fresh
        known |= keys(fresh)
    corrected = {about for one in told for about in one.corrects}
    record = Record(lines, register())
    edition = Edition(record, BEFORE.toordinal())
    stands = {m.id: m for m in messages(edition) if not m.withdrawn}
    for one in told:
        about = json.loads(one.facts)["message"].removeprefix("urn:uuid:")
        if about in stands and one.topic is Topic.NEW_LAW:
            steps = json.loads(one.facts)["steps"]
            now = [{"before": str(s.before), "after": str(s.after)} for s in stands[about].steps]
            same = [{"before": s["before"], "after": s["after"]} for s in steps] == now
            assert same or one.about in corrected
        elif about not in stands:
            assert one.about in corrected


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert tag in {"p", "ul", "li", "a"}
        for name, value in attrs:
            assert name == "href"
            assert value is not None
            assert value.startswith("https://")


def test_nothing_that_was_scraped_acts() -> None:
    plain = say(M4, bill(Stage.INTRODUCED))  # type: ignore[arg-type]
    attack = bill(Stage.INTRODUCED, number=HOSTILE, title=HOSTILE, url="javascript:alert(1)")
    lines = [*hostile_lines(), *(changed_line(line, instrument=attack) for line in plain)]
    for one in at(lines):
        reader = _Tags()
        reader.feed(one.html)
        assert "p" in reader.found
        assert not set("\r\u202e\x00\x07\x1b\u2028\ud800") & set(one.text + one.title + one.html)
        assert "\n" not in one.title
        json.loads(one.facts.encode())


def test_the_whole_sample_in_words() -> None:
    found = at(WHOLE)
    assert {n.topic for n in found} <= {Topic.NEW_LAW, Topic.CORRECTION, Topic.UPCOMING}
    assert {n.places[0] for n in found} == {"US", "US-GA", "US-GA-13001"}
    assert COUNTY not in {n.places[0] for n in found}
    assert STATE not in {n.places[0] for n in found}


# -- a test message ------------------------------------------------------------------------------


def test_a_test_says_that_it_is_one() -> None:
    subscription = Subscription(
        ref="r1",
        channel=ChannelKind.EMAIL,
        address="me@example.org",
        choices=Choices(),
        state=SubscriptionState.ACTIVE,
        created_at=M1,
    )
    edition = Edition(Record(COMING, register()), BEFORE.toordinal())
    shown = sample(subscription, messages(edition), base_url="https://atlas.example")
    (one,) = shown.notices
    assert one.title.startswith("Test: Georgia")
    assert one.text.startswith("This is a test: nothing changed.")
    assert json.loads(one.facts)["test"] is True
    assert shown.id == sample(subscription, messages(edition)).id
    (bare,) = sample(subscription, ()).notices
    assert bare.text.startswith("This is a test")
