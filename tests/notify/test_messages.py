"""What is told: once, with its day, and never otherwise without saying so."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from notify_sample import (
    COUNTY,
    LEAF,
    M1,
    M2,
    M3,
    M4,
    SEVEN,
    STATE,
    US,
    act,
    edition,
    look,
    rule,
    say,
    told,
)

from kratom_atlas.model.statement import Line, Op
from kratom_atlas.model.vocabulary import (
    Activity,
    ChangeKind,
    Effect,
    Severity,
    Status,
)
from kratom_atlas.notify.messages import headline, html, messages, text, title

BAN = rule("ban", "hb-1")
FIRST = say(M1, act("hb-1", number="HB 1"), look(US), look(), BAN)


def test_what_one_act_does_to_one_place_on_one_day_is_one_message() -> None:
    cap = rule("age", "hb-1", Effect.RESTRICT, substances=(SEVEN,), age=21)
    (message,) = told(say(M1, act("hb-1", number="HB 1"), look(US), look(), BAN, cap))
    assert message.kind is ChangeKind.LAW
    assert message.severity is Severity.MAJOR
    assert [(s.substances, s.before, s.after, s.severity) for s in message.steps] == [
        ((LEAF,), Status.NO_SPECIFIC_LAW, Status.BANNED, Severity.MAJOR),
        ((SEVEN,), Status.NO_SPECIFIC_LAW, Status.AGE_RESTRICTED, Severity.MINOR),
    ]
    assert (message.date, message.published, message.updated) == ("2025-01-01", M1, M1)
    assert [c.id for c in message.cited] == ["ban", "age"]


def test_the_message_needs_nothing_else_to_be_understood() -> None:
    (message,) = told(FIRST)
    assert title(message) == (
        "Georgia: Kratom leaf: from no specific law found to banned, from 2025-01-01"
    )
    assert text(message, "https://atlas.example/x/") == (
        "Georgia (US-GA), from 2025-01-01. A change of law. Severity: major.\n"
        "- Kratom leaf: from no specific law found to banned.\n"
        "* HB 1: Code 1 (https://atlas.example/x/p/ban/, https://example.org/text)\n"
        f"Recorded {M1}."
    )
    assert "atlas.example" not in text(message)
    assert '<a href="https://example.org/text">source</a>' in html(message)


def test_conditions_alone_are_a_detail() -> None:
    one = rule("one", "hb-1", Effect.RESTRICT, age=18, ends="2026-02-01")
    two = rule("two", "hb-2", Effect.RESTRICT, age=21, begins="2026-02-01")
    newest, _ = told(say(M1, act("hb-1"), act("hb-2"), look(US), look(), one, two))
    assert newest.severity is Severity.DETAIL
    assert newest.steps[0].sentence == "minimum age to buy rises from 18 to 21"


def test_own_law_that_wider_law_outdoes_is_not_major() -> None:
    above = rule("federal", "us-act", at=US, begins="2020-01-01")
    lines = say(M1, act("us-act", US), act("hb-1"), look(US), look(), above, BAN)
    own = [m for m in told(lines) if m.place.id == STATE]
    assert [(m.severity, m.steps[0].scope) for m in own] == [(Severity.MINOR, "own")]


def test_words_and_evidence_do_not_move_the_id() -> None:
    (before,) = told(FIRST)
    reworded = rule("ban", "hb-1", citation="Code 1(a)", url="https://example.org/other")
    (after,) = told([*FIRST, *say(M2, reworded, op=Op.SUPERSEDE)])
    assert after.id == before.id
    assert (after.published, after.updated, after.revision) == (M1, M2, 1)
    assert not after.corrects


def test_another_name_of_the_act_moves_the_message_and_not_its_id() -> None:
    (before,) = told(FIRST)
    (after,) = told([*FIRST, *say(M2, act("hb-1", number="Act 77"), op=Op.SUPERSEDE)])
    assert (after.id, after.updated) == (before.id, M2)
    assert after.cited[0].act == "Act 77"


def test_a_new_look_at_the_same_words_moves_nothing() -> None:
    again = rule("ban", "hb-1", retrieved="2026-03-09")
    assert told([*FIRST, *say(M2, again, op=Op.ACKNOWLEDGE)]) == told(FIRST)


def test_law_that_was_learned_late_is_told_once_and_says_so() -> None:
    late = rule("late", "hb-2", substances=(SEVEN,), begins="2026-02-01", retrieved="2026-03-09")
    newest, oldest = told([*FIRST, *say(M2, act("hb-2"), late)])
    assert oldest.kind is ChangeKind.LAW
    assert newest.kind is ChangeKind.KNOWLEDGE
    assert newest.lasting
    assert (newest.date, newest.published) == ("2026-02-01", M2)
    assert headline(newest).startswith("Late knowledge: Georgia: 7-OH: from no specific law found")


def test_law_that_was_recorded_in_time_is_no_late_knowledge() -> None:
    ahead = rule("ahead", "hb-2", substances=(SEVEN,), begins="2027-01-01")
    newest, _ = told([*FIRST, *say(M2, act("hb-2"), ahead)])
    assert (newest.kind, newest.date) == (ChangeKind.LAW, "2027-01-01")


def test_a_wrong_day_is_corrected_and_both_messages_say_so() -> None:
    right = rule("ban", "hb-1", begins="2025-07-01")
    found = {m.date: m for m in told([*FIRST, *say(M2, right, op=Op.SUPERSEDE)]) if m.lasting}
    wrong, mended = found["2025-01-01"], found["2025-07-01"]
    assert wrong.withdrawn == wrong.updated == M2
    assert wrong.published == M1
    assert mended.id in wrong.corrected_by
    assert wrong.id in mended.corrects
    assert title(wrong).startswith("Withdrawn: Georgia: Kratom leaf")
    said = title(wrong).removeprefix("Withdrawn: ")
    assert any(note.endswith(f"on 2026-01-10: {said}.") for note in mended.notes)
    assert any(note.startswith("Corrected on 2026-03-10") for note in wrong.notes)


def test_what_is_withdrawn_stays_and_a_correction_says_so() -> None:
    coming = rule("coming", "hb-2", substances=(SEVEN,), begins="2027-01-01")
    lines = [*FIRST, *say(M2, act("hb-2"), coming), *say(M3, coming, op=Op.RETRACT)]
    found = told(lines)
    (gone,) = [m for m in found if m.withdrawn]
    (said,) = [m for m in found if gone.id in m.corrects]
    assert (gone.published, gone.updated, gone.revision) == (M2, M3, 1)
    assert said.kind is ChangeKind.CORRECTION
    assert said.published == M3
    assert gone.corrected_by == (said.id,)
    again = told([*lines, *say(M4, coming)])
    (back,) = [m for m in again if m.id == gone.id]
    assert (back.withdrawn, back.updated, back.revision) == ("", M4, 2)
    assert back.notes[-1] == f"Said again since {M4}."


def test_what_nothing_else_corrects_is_retracted_in_so_many_words() -> None:
    ends = rule("ban", "hb-1", ends="2028-06-01")
    stays = rule("ban", "hb-1")
    lines = say(M1, act("hb-1"), look(US), look(), ends)
    found = told([*lines, *say(M2, stays, op=Op.SUPERSEDE)])
    (gone,) = [m for m in found if m.withdrawn]
    (said,) = [m for m in found if m.id in gone.corrected_by]
    assert gone.date == said.date == "2028-06-01"
    assert (said.kind, said.lasting) == (ChangeKind.CORRECTION, False)
    assert said.steps[0].sentence.startswith("no longer said: from banned to")
    assert said.corrects == (gone.id,)


def test_what_binds_a_place_may_move_its_own_messages() -> None:
    local = rule("local", "ordinance", at=COUNTY, begins="2024-01-01")
    lines = [*say(M1, act("ordinance", COUNTY), look(COUNTY), look(), local)]
    barred = rule("bar", "hb-3", Effect.PREEMPT, begins="2023-01-01")
    assert [m.withdrawn for m in told(lines)] == [""]
    found = told([*lines, *say(M2, act("hb-3"), barred)])
    assert {m.place.id for m in found if m.updated == M2} == {COUNTY}


def test_an_earlier_state_of_knowledge_tells_less() -> None:
    right = rule("ban", "hb-1", begins="2025-07-01")
    lines = [*FIRST, *say(M2, right, op=Op.SUPERSEDE)]
    made = edition(lines)
    then = edition(lines, known=made.record.bound(M1))
    assert list(messages(then)) == told(FIRST)


def test_an_empty_ledger_tells_nothing() -> None:
    assert told([]) == []


# -- whatever is recorded ------------------------------------------------------------------------

MOMENTS = (M1, M2, M3, M4)
RULES = st.builds(
    rule,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["hb-1", "hb-2"]),
    effect=st.sampled_from([Effect.PROHIBIT, Effect.RESTRICT, Effect.PERMIT, Effect.PREEMPT]),
    at=st.sampled_from([US, STATE, COUNTY]),
    begins=st.sampled_from(["2020", "2025-01", "2025-01-01", "2026-04-01", "2027-01-01"]),
    ends=st.sampled_from(["", "2028", "2029-06-01"]),
    substances=st.sampled_from([(LEAF,), (SEVEN,), (LEAF, SEVEN)]),
    activities=st.sampled_from([(Activity.SELL,), (Activity.POSSESS, Activity.SELL)]),
)


@st.composite
def ledgers(draw: st.DrawFn) -> list[Line]:
    """Up to three provisions, said, said otherwise and withdrawn over up to four moments."""
    lines = say(M1, act("hb-1"), act("hb-2", US), look(), look(US))
    standing: dict[str, object] = {}
    for moment in MOMENTS:
        for body in draw(st.lists(RULES, max_size=2, unique_by=lambda r: r.id)):
            if body.id in standing and draw(st.booleans()):
                lines += say(moment, standing.pop(body.id), op=Op.RETRACT)  # type: ignore[arg-type]
            else:
                op = Op.SUPERSEDE if body.id in standing else Op.ASSERT
                lines += say(moment, body, op=op)
                standing[body.id] = body
    return lines


@effort(max_examples=50)
@given(ledgers())
def test_what_is_told_as_standing_is_what_the_record_says(lines: list[Line]) -> None:
    made = edition(lines)
    found = messages(made)
    law = {
        (c.jurisdiction.id, c.date, c.substance) for c in made.changes if c.kind is ChangeKind.LAW
    }
    standing = {
        (m.place.id, m.date, s) for m in found if m.lasting and not m.withdrawn
        for s in m.substances
    }  # fmt: skip
    assert standing == law
    ids = {m.id for m in found}
    assert len(ids) == len(found)
    for message in found:
        assert message.steps
        assert message.published <= message.updated
        assert {*message.corrects, *message.corrected_by} <= ids
        assert bool(message.revision) <= (message.updated > message.published)
        if message.withdrawn:
            assert message.corrected_by, "what is no longer said is never dropped in silence"
    by_id = {m.id: m for m in found}
    for message in found:
        assert all(message.id in by_id[other].corrected_by for other in message.corrects)


@effort(max_examples=20)
@given(ledgers())
def test_a_ledger_that_grows_leaves_untouched_what_it_does_not_speak_of(lines: list[Line]) -> None:
    made = edition(lines)
    now = {m.id: m for m in messages(made)}
    for moment in made.record.moments[:-1]:
        for message in told([line for line in lines if line.recorded_at <= moment]):
            assert message.id in now, "once told, it stays"
            if now[message.id].updated <= moment:
                assert msgspec.json.encode(now[message.id]) == msgspec.json.encode(message)
    assert list(now.values()) == list(messages(edition(lines)))


def test_messages_can_be_sent_by_any_channel() -> None:
    (message,) = told(FIRST)
    assert msgspec.json.decode(msgspec.json.encode(message))["id"] == message.id
