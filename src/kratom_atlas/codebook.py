"""`docs/CODEBOOK.md`, made from the vocabulary by `make codebook`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from kratom_atlas.model import crawling, proposal, reading, vocabulary
from kratom_atlas.model.vocabulary import Word

__all__ = ["TABLES", "codebook"]

TABLES: Final[tuple[tuple[str, type[Word], str], ...]] = (
    ("Substances", vocabulary.Substance, "What a provision reaches."),
    ("Activities", vocabulary.Activity, "A provision lists each activity that it reaches."),
    ("Effects of a provision", vocabulary.Effect, "What it does to those activities."),
    ("Status of an activity", vocabulary.ActivityStatus, "Loosest first; the strictest decides."),
    ("Status of a place", vocabulary.Status, "The place's word, from possession and sale."),
    ("Flags", vocabulary.Flag, "What to know beside a status."),
    ("Verification", vocabulary.Verification, "How good the evidence is, weakest first."),
    ("Kinds of evidence", vocabulary.EvidenceKind, "What sort of document it is."),
    ("Levels", vocabulary.Level, "Widest first. A level restricts those below it."),
    ("Extent", vocabulary.Extent, "Which part of a local place a provision covers."),
    ("Kinds of instrument", vocabulary.InstrumentKind, "What sort of legal act it is."),
    ("Stages of an instrument", vocabulary.Stage, "Only law in force sets a status."),
    ("Searches", vocabulary.SearchResult, "Absence is known only through a search."),
    ("Searched", vocabulary.Searched, "Whether anybody looked at a place's own law."),
    ("Kinds of change", vocabulary.ChangeKind, "Why two answers differ."),
    ("Severity of a change", vocabulary.Severity, "What subscribers can choose by."),
    ("Kinds of source", crawling.SourceKind, "What a source publishes."),
    ("Outcomes of a look", crawling.Outcome, "What a look at one document found."),
    ("Ends of a run", crawling.RunState, "A run is accepted as a whole, or not at all."),
    ("Health of a source", crawling.Health, "How a source is doing."),
    ("Faults", crawling.Fault, "Why an answer was put in quarantine; none means a change of law."),
    ("Relevance of a text", reading.Relevance, "How it concerns kratom."),
    ("Novelty of a rule", reading.Novelty, "What a text does with a rule that it states."),
    ("Kinds of amendment", reading.AmendmentKind, "What one amending clause does."),
    ("Kinds of proposal", proposal.ProposalKind, "What a reading would have the record say."),
    ("States of a proposal", proposal.ProposalState, "Only what is accepted is in the record."),
    ("Units", vocabulary.Unit, "Of caps and limits."),
    ("What else a cap counts", vocabulary.Alkaloid, "Besides 7-OH."),
)

_INTRODUCTION: Final = """\
# Codebook

The words of the dataset. This file is made from the vocabulary in the code
(`make codebook`) and a test holds the two together; change the vocabulary, with a dated line in
the changelog at the end.

## How a status comes about

1. **Each activity of each substance, at one level, on one day**, takes the strictest of what is
   in force there. `prohibit` and `schedule` make it unlawful (a schedule that works through
   prescription: licensed); `prescription-only` and `license` make it licensed; `restrict` makes
   it conditional, or age-limited where a minimum age is the only rule on products and sellers;
   `permit`, `exempt` and `repeal` make it lawful. A prohibition that reaches only some persons,
   places or product forms, or the public, is a condition, and one below an age is an age limit;
   a cap is the threshold of what is prohibited. Nothing in force: `no-law` if a search covers the
   day, else `unknown`.
2. **Layers are combined per activity**, not on the place's one word: the strictest known
   restriction of all that binds the place wins, unless a higher level preempts it. A permission
   or a silence above says nothing below. Without a known restriction the total is known only if
   every layer is.
3. **The place's word** comes last: possession unlawful is `banned`; else sale unlawful is
   `sale-banned`; else the stricter of the two decides. Where only one of them is known, that one
   decides and the other is shown as unknown.

**Own and total.** `own` is what the place's own law says, preempted or not; `total` is everything
that binds somebody standing there. An unsearched county in a state with a restriction is as the
state with `local-unknown`; in a state without one it is `unknown`.

**Extent.** Inside a municipality a county's rule counts where it covers the whole county; where
that is not known it raises `extent-unknown`.

**Dates** are only as precise as the source, and never the day on which something was noticed. A
rule whose first day is not known has `seen_from`, the first day on which a source says it was in
force; before that day silence is `unknown` with `date-uncertain`. Intervals are half-open: a rule
no longer applies on the day it ends.

**Two clocks.** Every answer can be asked for any day of the law and any moment of our knowledge.
A `repeal` cuts the interval of the provisions it names and leaves the activity lawful; a `stay`
suspends them while it lasts. What binds a place is taken as known at the time. `incoming` is
raised from the day an act was enacted (where that is not known, from the day it was recorded).

**Searches** are carried forward until somebody looks again; an answer whose last look is older
than its cadence is `stale`. A search that found law makes the rest of the law known only once
what it found is recorded: until then silence stays `unknown`.

**Changes.** `law`: a rule begins or ends on a day of law. `knowledge`: nothing had been said of
it, or the law moved after our last look, or a rule whose first day is not known was first seen.
`correction`: what had been said was wrong when it was said; also when something announced for a
later day is no longer said. A change without a known day of law has no date: the day on which
something was recorded is never given as one.

**Proposals.** What a pending bill would do is a provision without a first day. It is in force on
no day, decides no status, raises no flag and is told as no change; it stands on a page that says
so, with its instrument, and not in `provisions.csv`, so that nobody takes it for law. Only the
question "what if it were law" takes it as in force from the day asked for.

**Preemption.** A `preempt` strikes rules of lower levels that began on or after its grandfathering
date (all of them, where it has none). A rule of unknown start is spared, with `date-uncertain`,
where there is such a date. `allow-stricter` of the same or a higher level lifts the bar.
"""

_CHANGELOG: Final = """\
## Changelog

- 2026-11-22: first edition. Beyond the design it started from: the flag `extent-unknown`; the
  instrument kinds `resolution` and `treaty`; a rule on possession that is stricter than the rule on
  sale decides the place's word even where sale is not unlawful.
- 2026-11-22: the words of crawling: kinds of source, outcomes, ends of a run, health, faults.
- 2026-11-23: the severity of a change, for feeds; the words of reading and review: relevance,
  novelty, kinds of amendment, kinds and states of a proposal.
- 2026-11-23: what a pending bill would do: provisions without a first day.
"""


def codebook() -> str:
    """The whole text."""
    return "\n".join((_INTRODUCTION, *_tables(), _CHANGELOG))


def _tables() -> Iterator[str]:
    for title, words, about in TABLES:
        yield f"## {title}\n\n{about}\n"
        yield "| id | label | meaning |\n|---|---|---|"
        for word in words:
            yield f"| `{word}` | {word.label} | {word.meaning} |"
        yield ""


if __name__ == "__main__":
    sys.stdout.write(codebook())
