"""Clauses that put a substance somewhere: on a schedule, off it, outside a definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from kratom_atlas.model.reading import Span
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Activity, Effect, Substance
from kratom_atlas.read.clauses.findings import add_finding, leave_idle, qualify
from kratom_atlas.read.clauses.idle import ENDED
from kratom_atlas.read.clauses.objects import object_of
from kratom_atlas.read.clauses.schedules import NUMERAL, exempt_leaf
from kratom_atlas.read.clauses.spans import STOP
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.clauses.zones import zone_at
from kratom_atlas.read.conduct import EVERYDAY, Force, activities, dealings, find_rule
from kratom_atlas.read.things import reached, weigh

__all__ = [
    "exempt_left_out",
    "read_adulterated",
    "read_left_out",
    "read_outside",
    "read_placing",
    "read_repeal",
]

# `kratom is added to schedule I`, `shall be classified as a Schedule II controlled substance`
_PLACED: Final = phrase(
    r"\b(?:add(?:ed|s|ing)?|plac(?:e|ed|es|ing)|classif(?:y|ied|ies)|designat(?:e|ed|es)"
    r"|list(?:ed|s)?|includ(?:e|ed|es)|schedul(?:e|ed|es|ing)|subject to|declar(?:e|ed|es)"
    r"|deem(?:ed)?"
    r"|treat(?:ed)?|control(?:led)?|regulated|transfer(?:red|s)?|mov(?:e|ed|es)"
    r"|(?:is|are|shall\sbe)\sa)\b"
    rf"[^.;]{{0,120}}?\b(?:schedule\s{NUMERAL}|(?P<group>penalty\sgroup\s\d(?:-[ab])?))"
)
_TAKEN_OUT: Final = phrase(
    r"\b(?:remov(?:e|ed|es|ing)|delet(?:e|ed|es|ing)|strik(?:e|es|ing)|stricken|struck|withdrawn"
    r"|descheduled?|tak(?:en|es|ing) out|(?:is|are) no longer)\b[^.;]{0,120}?"
    rf"\b(?:schedule\s{NUMERAL}|(?:lists?|schedules?) of (?:\w{{2,12}} )?(?:controlled|regulated"
    r"|dangerous|prohibited|scheduled|banned|illegal))"
    r"|\b(?:(?:is|are|be) no longer|shall no longer be|neither is) (?:an? )?(?:\w{2,12} )?"
    r"(?:controlled|regulated|scheduled|prohibited)\b"
)
# `does not violate this section if`, `it is an affirmative defense`
_DEFENCE: Final = phrase(
    r"\b(?:does not violate|not in violation|affirmative defen[cs]e|a defen[cs]e (?:to|under|that)"
    r"|is not (?:liable|guilty|subject|required)|(?:shall|may) not be (?:liable|guilty|subject|held"
    r"|deemed|considered|prosecuted|arrested|charged)|prima facie|rebuttable)\b"
)
_OUTSIDE: Final = phrase(
    r"\b(?:does|do|shall) not apply to\b|\b(?:is|are) exempt(?:ed)? from\b|\bnot applicable to\b"
)
_REPEALED: Final = phrase(
    r"\b(?:(?:is|are|be|and the same (?:is|are)) (?:hereby )?repealed|repealed|to repeal)\b"
    r"|\b(?:order|rule|ordinance|regulation|listing|ban|prohibition|notice|resolution"
    r"|moratorium)\b[^.;]{0,160}?\b(?:is|are|be) (?:hereby )?"
    r"(?:rescinded|revoked|withdrawn|vacated|set aside|lifted|ended|terminated|abolished)\b"
    r"|\brepeals the (?:\w{3,12} )?(?:prohibition|ban|listing|moratorium)\b"
    r"|\b(?:order|rule|ordinance|regulation|ban|section|chapter|act)\b[^.;]{0,160}?"
    r"\b(?:shall have no (?:further|longer) (?:force or )?effect"
    r"|ceases? to (?:have effect|apply))\b"
    r"|\b(?:chapter|section|article|ordinance)s?\b(?:[^.;]|\.\d){0,120}?\b(?:is"
    r"|are) (?:hereby )?deleted\b"
)
# `Section 409 of the Act, under which the import of kratom is prohibited, is repealed`
_CITES: Final = phrase(
    r"\W{0,3}(?:sec(?:tion)?\.? ?\d{1,4}\. {1,3})?(?:the )?"
    r"(?:sections?|chapters?|ordinances?|articles?|subsections?|paragraphs?|rules?|title|part|§"
    r"|act)"
)
# `enforcement of the rule listing mitragynine is stayed`, `are enjoined from enforcing`
_STAYED: Final = phrase(
    r"\b(?:enforcement|operation|effect|scheduling|listing|order|rule|ordinance|regulation|statute"
    r"|act|ban|section)\b"
    r"(?:[^.;]|(?<=no)\.|\.\d){0,160}?\b(?:is|are|be) (?:hereby )?(?:\w{4,14} )?(?:stayed|enjoined"
    r"|suspended (?:until|pending))"
    r"|\b(?:enjoined|restrained|prohibited by (?:this|the) (?:court|injunction)) from (?:enforcing"
    r"|applying|giving effect)"
    r"|\b(?:shall|may) not enforce\b[^.;]{0,200}?\b(?:further order|pending)"
)
# `may be seized and destroyed`, `misrepresents age for the purpose of obtaining`
_SEIZED: Final = phrase(
    r"\b(?:may|shall|must) be (?:immediately )?(?:seized|destroyed|confiscated|forfeited)\b"
    r"|\bsubject to (?:immediate )?(?:seizure|forfeiture)\b|\b(?:may|shall) seize\b"
    r"|\brecall(?:ed)?\b"
)
_LISTING: Final = phrase(r"\b(?:list(?:s|ed|ing)?|schedul(?:e|es|ed|ing)|controlled substance)\b")
_SAVING: Final = phrase(r"\bnothing in [^.;]{1,60}?\b(?:permits?|authori[sz]es?|allows?)\b")
_TAX: Final = phrase(r"\b(?:excise |sales )?tax\b")


def read_placing(text: Text, span: Span, seed: Span) -> bool:
    """`Kratom is added to Schedule I`, `is removed from Schedule I`."""
    if not any(
        text.lower.find(key, *span) >= 0
        for key in ("schedul", "list", "no longer", "penalty group")
    ):
        return False
    out = _TAKEN_OUT.search(text.lower, *span)
    into = out or _PLACED.search(text.lower, *span)
    if into is None:
        return False
    if _SUPPOSED.search(text.lower, max(span.start, into.start() - 200), into.start()):
        return False
    sentence = Span(span.start, min(span.end, into.end() + 200))
    for stop in STOP.finditer(text.lower, into.end(), sentence.end):
        if text.lower[stop.start()] == ".":
            sentence = Span(span.start, stop.start())
            break
    things = weigh(text.lower, text.in_span(sentence), sentence)
    near = [t for t in things if abs(t.span.start - into.start()) < 300]
    substances = set(reached(near))
    if not substances or _AGENCY_OF_OTHERS.search(text.lower, *span):
        return False
    spans = (Span(*into.span()), seed, span)
    if out is not None:
        target = (" ".join(text.marked.text[out.start() : out.end()].split()),)
        add_finding(
            text,
            Effect.REPEAL,
            substances,
            EVERYDAY,
            spans,
            ("taken out of a schedule",),
            targets=target,
        )
        return True
    name = into["number"].upper() if into["number"] else into["group"].title()
    around = dealings(text.lower, span.start, min(len(text.lower), span.end + 250))
    abroad = {Activity.IMPORT, Activity.EXPORT} & set(around)
    add_finding(
        text,
        Effect.SCHEDULE,
        substances,
        tuple(sorted({*EVERYDAY, *abroad}, key=lambda a: a.rank)),
        spans,
        ("placed in a schedule",),
        schedule=name,
    )
    exempt_leaf(text, near, substances, spans)
    return True


# `if kratom is placed in schedule I`: not what the text does
_SUPPOSED: Final = phrase(
    r"\b(?:if|in the event|whenever|unless(?! (?:specifically )?(?:excepted|listed|otherwise))"
    r"|until|should|urg(?:es|ed|ing)|requests?|asks?|calls (?:up)?on|recommends?|encourages?"
    r"|petitions?"
    r"|upon (?!(?:the )?(?:agreement|consultation|recommendation|advice|findings?"
    r"|request)))\b[^.;]{0,200}$"
)
# `contains a substance listed in schedule I`: said of what is mixed in
_AGENCY_OF_OTHERS: Final = phrase(
    r"\b(?:contain(?:s|ing)?|with|including)\b[^.;]{0,120}?\b(?:controlled )?substances?\b"
    r"[^.;]{0,60}?\bschedule\b"
)
# `The notice of intent to place mitragynine in schedule I is withdrawn`: it never was the law
_NEVER_LAW: Final = phrase(
    r"\b(?:notice of (?:intent|proposed)|proposed (?:rule|order|regulation|ordinance)|proposal"
    r"|petition|notice that proposed)\b[^.;]{0,240}?\b(?:withdrawn|rescinded|vacated|revoked)\b"
)


def read_repeal(text: Text, span: Span, seed: Span) -> bool:
    stay = _STAYED.search(text.lower, *span)
    found = stay or _REPEALED.search(text.lower, *span)
    if found is None and ENDED.match(text.lower, seed.end):
        found = _REPEALED.search(text.lower, seed.end, seed.end + 300)
    elif found is None and text.lower.startswith("(", span.start):
        # `Section 9 is repealed. (Section 9 makes the sale of kratom an offense.)`
        found = _REPEALED.search(text.lower, max(0, span.start - 120), span.start)
    if found is None:
        return False
    if _NEVER_LAW.search(text.lower, span.start, found.end()):
        return leave_idle(text, span, "withdrawal of what was no law")
    is_bracketed = text.lower.startswith("[", found.start() - 1)
    is_cited = _CITES.match(text.lower, span.start) and span.end - found.end() < 40
    if stay is None and not (is_cited or is_bracketed) and text.rule(span) is not None:
        return False
    substances = object_of(text, span, found.start()).substances or {Substance.LEAF}
    named = dealings(text.lower, *span) or EVERYDAY
    if is_bracketed or _LISTING.search(text.lower, *span):
        named = EVERYDAY
    elif _TAX.search(text.lower, *span):
        named = (Activity.SELL,)
    target = " ".join(text.marked.text[span.start : found.start()].split())[:200]
    add_finding(
        text,
        Effect.REPEAL if stay is None else Effect.STAY,
        substances,
        named,
        (Span(*found.span()), seed, span),
        ("repealed in words" if stay is None else "stayed by a court",),
        targets=(target,) if target else (),
    )
    return True


def read_outside(text: Text, span: Span, seed: Span) -> bool:
    """`does not apply to kratom that`, defences, savings: idle, but kept as exceptions."""
    opening = Span(span.start, min(span.end, max(seed.end, span.start + 300)))
    if _DEFENCE.search(text.lower, *opening):
        return leave_idle(text, span, "defence")
    if text.lower.find("nothing", *span) >= 0 and _SAVING.search(text.lower, *span):
        return leave_idle(text, span, "savings clause")
    if _SEIZED.search(text.lower, *span):
        return leave_idle(text, span, "seizure")
    found = _OUTSIDE.search(text.lower, *span)
    if found is None or found.start() - span.start > 200:
        return False
    before = find_rule(text.lower, Span(span.start, found.start()))
    if before is not None and before.force is Force.BAR:
        return False
    summary = " ".join(text.marked.text[found.start() : span.end].split())[:300]
    qualify(text, span.start, Qualifiers(exceptions=summary))
    return leave_idle(text, span, "exception")


# `The leaf of the plant shall not be deemed a controlled substance`, `not apply to dried leaf`,
# `Nothing in this Act may be construed to control the leaf`, `Natural kratom is excluded from`
_LEFT_OUT: Final = phrase(
    r"\b(?:is|are) (?:excluded|exempt(?:ed)?) from\b|\bshall be (?:excluded|exempt(?:ed)?) from\b"
    r"|\b(?:is|are|shall) not (?:be )?(?:deemed |considered |classified as "
    r"|treated as )?(?:to be )?"
    r"(?:an? )?(?:schedule \w{1,3} )?(?:controlled|scheduled|listed|prohibited|regulated)\b"
    r"|\b(?:does|do|shall) not (?:apply|extend) to\b|\b(?:does|do|shall) not include\b"
    r"|\b(?:not be )?(?:construed|read|interpreted|taken) (?:to|as) (?:control|schedul|includ"
    r"|apply|plac|list)"
    r"|\b(?:is|are) not an? \w{4,12} to which\b"
    r"|\b(?:is|are) not affected by (?:this|the)\b|\bnot subject to (?:this|th(?:e"
    r"|is) (?:prohibition|schedule|order|rule))\b"
)
# What makes of the name the plant as it grows: `the leaf of`, `natural`, `dried`, `raw`
_AS_GROWN: Final = phrase(
    r"\b(?:lea(?:f|ves)|natural(?:ly)?|dried|raw|botanical|plant material|unadulterated|whole"
    r"|plant|tea)\b"
)


def read_left_out(text: Text, span: Span, seed: Span) -> bool:
    """The plant taken out of what is listed or barred: known for an exemption when all is read."""
    found = _LEFT_OUT.search(text.lower, *span)
    if found is None:
        return False
    things = weigh(text.lower, text.in_span(span), span)
    leaf = [t for t in things if t.substance is Substance.LEAF and not t.synthetic]
    if not leaf or any(not t.excepted and t not in leaf and not t.counted for t in things[:1]):
        return False
    first, last = leaf[0].span.start, leaf[-1].span.end
    if not _AS_GROWN.search(text.lower, max(span.start, first - 90), min(span.end, last + 90)):
        return False
    rule = text.rule(span)
    if rule is not None and rule.force is Force.BAR and rule.span.end < found.start():
        return False
    text.left_out.append((Span(*found.span()), seed, span))
    return leave_idle(text, span, "exception")


def exempt_left_out(text: Text) -> None:
    """An exemption of the leaf, where what is listed or barred does not reach it."""
    bars = [f.finding for f in text.found if f.finding.effect in _BARS]
    bound = [f for f in text.found if f.finding.effect is Effect.RESTRICT]
    if any(Substance.LEAF in f.finding.substances for f in bound):
        # Where the act itself regulates, how it is to be construed is a saving.
        text.found = [f for f in text.found if "not construed to prohibit" not in f.finding.because]
    if any(Substance.LEAF in bar.substances for bar in bars):
        return
    if not bars or (bound and not any(bar.effect is Effect.SCHEDULE for bar in bars)):
        for spans in text.left_out if not text.found else ():
            if "exempt" in text.lower[spans[0].start : spans[0].end]:
                found = dealings(text.lower, *spans[-1]) or EVERYDAY
                add_finding(
                    text, Effect.EXEMPT, {Substance.LEAF}, found, spans, ("exempt from another",)
                )
        return
    for place, one in enumerate(text.found):
        is_saved = "not construed to prohibit" in one.finding.because
        if is_saved and one.finding.substances == (Substance.LEAF,):
            exempt = msgspec.structs.replace(one.finding, effect=Effect.EXEMPT)
            text.found[place] = one._replace(finding=exempt)
    done = {a for bar in bars for a in bar.activities}
    for spans in (*text.left_out, *_defined_out(text)):
        found = tuple(sorted(done, key=lambda a: a.rank))
        add_finding(text, Effect.EXEMPT, {Substance.LEAF}, found, spans, ("the plant is left out",))


_BARS: Final = frozenset({Effect.PROHIBIT, Effect.SCHEDULE})
# `The term does not include dried or ground leaf`
_DEFINED_OUT: Final = phrase(
    r"\b(?:(?:does|do|shall) not include|excludes)\b[^.;]{0,60}?\b(?:kratom|lea(?:f|ves)|plant"
    r"|mitragyna speciosa)\b(?! (?:extracts?|alkaloids?))"
)


def _defined_out(text: Text) -> Iterator[tuple[Span, ...]]:
    """Where the definition of what is barred leaves the plant out."""
    for term in text.lexicon.terms:
        if not term.substances or Substance.LEAF in term.substances:
            continue
        out = _DEFINED_OUT.search(text.lower, *term.span)
        if out is not None and _AS_GROWN.search(text.lower, *out.span()):
            yield Span(*out.span()), term.span


# `Foods that contain kratom are adulterated`; not `a kratom product is adulterated if`
_ADULTERATED: Final = phrase(
    r"\b(?:foods?|beverages?|drinks?|supplements?|ingredients?|products?|additives?)\b[^.;]{0,80}?"
    r"\b(?:contain(?:s|ing)?|with|to which|made (?:from|with|of)|in which|is|are)\b[^.;]{0,160}?"
    r"\b(?:is|are|shall be|be) (?:hereby )?(?:deemed |considered |declared )?(?:to be )?"
    r"(?:adulterated|unsafe|contraband|an? (?:\w{2,12} )?(?:unsafe|unapproved|adulterated))\b"
    r"(?! (?:if|when|with|where|by))"
    r"|\b(?:foods?|beverages?|drinks?|dietary supplements?) (?:is|are|shall be) "
    r"(?:deemed )?(?:to be )?(?:adulterated|unsafe) if (?:it|they) (?:bears? or )?"
    r"contains? [^.;:]{0,60}"
)
_BAR_NEARBY: Final = 700


def read_adulterated(text: Text, span: Span, seed: Span) -> bool:
    """Food with kratom declared adulterated, where a bar on such food follows."""
    found = _ADULTERATED.search(text.lower, *span)
    if found is None:
        return False
    rule = text.rule(span)
    if rule is not None and not (rule.force is Force.BAR and rule.span.start > found.start()):
        return False
    things = [t for t in weigh(text.lower, text.in_span(span), span) if t.span.start < found.end()]
    substances = set(reached(things))
    near = Span(found.end(), min(len(text.lower), span.end + _BAR_NEARBY))
    bar = find_rule(text.lower, near)
    if not substances or bar is None or bar.force is not Force.BAR or zone_at(text, bar.span.start):
        return False
    stop = STOP.search(text.lower, *bar.region)
    done = activities(text.lower, bar, Span(near.start, stop.start() if stop else bar.region.end))
    if not done:
        return False
    add_finding(
        text,
        Effect.PROHIBIT,
        substances,
        done,
        (Span(*found.span()), seed, bar.span, span),
        ("declared adulterated", bar.name),
    )
    return True
