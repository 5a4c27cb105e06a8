"""The conditions of a rule, and clauses that have conditions and no rule."""

from __future__ import annotations

from typing import Final

from kratom_atlas.model.reading import Span
from kratom_atlas.model.values import Qualifiers
from kratom_atlas.model.vocabulary import Activity, Effect
from kratom_atlas.read.clauses.findings import leave_idle, qualify, unite
from kratom_atlas.read.clauses.objects import Object
from kratom_atlas.read.clauses.text import Text, phrase
from kratom_atlas.read.conduct import Rule, dealings
from kratom_atlas.read.things import synthetics, weigh

__all__ = [
    "HOLDS",
    "ON_PRESCRIPTION",
    "PRODUCT_RULES",
    "RULE_ELSEWHERE",
    "SITED",
    "conditions_of",
    "narrow_leave",
    "other_rules",
    "unruled",
    "unsaid",
]

# `a person who violates this section is guilty`, `is subject to a civil penalty`, `shall be fined`
_PENAL: Final = phrase(
    r"\b(?:violat(?:es|ions?|ing|ed|or)|convict(?:ed|ion)|fined|civil penalty|misdemeanor|felony"
    r"|administrative fine|imprisonment|penalt(?:y|ies)|offense under this|suspension"
    r"|revo(?:ke|cation))\b"
)
PRODUCT_RULES: Final = (
    *("seven_oh_caps", "alkaloid_caps", "limits", "labelling", "testing", "registration"),
    *("behind_the_counter", "advertising", "forms", "adulterants", "places", "min_age"),
    *("in_public", "prescription"),
)
# `, however the tablets are labelled`: what makes no difference
_NO_MATTER: Final = phrase(
    r", (?:however|regardless of|irrespective of|whatever|no matter|whether or not)\b"
)
# `The legislative rule filed by the department (kratom products) is authorized`
RULE_ELSEWHERE: Final = phrase(
    r"\b(?:legislative|proposed|final) rules?\b[^;]{0,900}?\b(?:is|are|hereby) (?:authori[sz]ed"
    r"|approved)\b"
)
# `advertise kratom in a manner that`
_PROMOTE: Final = phrase(
    r"(?:[: ]{1,2}\(\w\))? ?(?:be )?(?:advertised?|marketed?|promoted?)(?: or \w{3,12})?"
    r"(?: any| a)? (?=kratom|it\b|them\b)"
)
# `may not contain more than`
HOLDS: Final = phrase(
    r"(?:[: ]{1,2}\(\w{1,3}\))? ?(?:contain|exceed|include|have|hold"
    r"|be (?:greater|more|higher|larger) than|be in excess)\b"
)
_MEASURED: Final = ("seven_oh_caps", "alkaloid_caps", "limits", "forms")
# `No person other than a licensed pharmacist shall`
_OTHER_THAN: Final = phrase(
    r"\bexcept (?:in accordance with|under(?: the authority of)?|by|as authori[sz]ed by) (?:an? "
    r"|the )?"
    r"(?:\w{4,12} )?(?:licen[cs]e|permit|authori[sz]ation)\b|\b(?:other than|except|but"
    r"|unless licensed as|unless) (?:by )?(?:an? )?(?:licensed |registered )?"
    r"(?:pharmac|practitioner|physician|dispensar|hospital)"
)
# `except upon the prescription of`, `without a prescription`
ON_PRESCRIPTION: Final = phrase(
    r"\b(?:(?:except|unless|only|other than)\b[^.;]{0,80}? (?:(?:up)?on|under|pursuant to) (?:the "
    r"|an? )?(?:\w{2,10} )?prescription"
    r"|without an? (?:\w{2,10} )?prescription)\b"
)
# `shall issue not more than five licences`
_NUMBERED: Final = phrase(
    r"\b(?:not more than|no more than|at most|up to|exactly) [\w-]{2,12}(?: \(\d{1,3}\))? "
    r"(?:\w{3,12} )?licen[cs]es\b"
)
# `No kratom store shall be located within`
SITED: Final = phrase(r"\s?be (?:located|operated|established|opened|situated|sited)\b")
# `unlawful to operate a kratom shop`
_OPERATES: Final = phrase(
    r" ?(?:operate|open|establish|locate|maintain)(?:,? or \w{4,9})? (?:an? |any )?"
    r"(?:\w{3,12} )?kratom (?:product )?(?:shop|store|dispensary|lounge|bar|business|retail|outlet)"
)
# `shall not be displayed except behind`, `may have kratom on display where`
_SHOWN: Final = phrase(r"\b(?:display(?:ed)?|ke(?:ep|pt)|stored?|placed?|shelved?)\b")


def unsaid(text: Text, span: Span, rule: Rule) -> tuple[Activity, ...]:
    """What a bar without a verb of dealing is about: goods and shops are for sale."""
    lower = text.lower
    first = rule.span.end
    holds = HOLDS.match(lower, first) is not None and (
        any(getattr(text.qualifiers(span), name) for name in _MEASURED)
        or bool(synthetics(lower, Span(first, span.end)))
        or any(t.counted for t in weigh(lower, text.in_span(span), span))
    )
    is_shop = SITED.match(lower, first) or _OPERATES.match(lower, first)
    is_shown = _SHOWN.search(lower, first, min(span.end, first + 80)) is not None
    shown = is_shown and text.qualifiers(span).behind_the_counter
    if not (holds or shown or is_shop or _PROMOTE.match(lower, first)):
        return ()
    return dealings(lower, span.start, rule.span.end) or (Activity.SELL,)


def narrow_leave(text: Text, span: Span, qualifiers: Qualifiers) -> Effect | None:
    """What a bar is that leaves the matter to a chosen few."""
    if ON_PRESCRIPTION.search(text.lower, *span):
        return Effect.PRESCRIPTION_ONLY
    if _OTHER_THAN.search(text.lower, *span):
        return Effect.LICENSE
    near = Span(max(0, span.start - 600), min(len(text.lower), span.end + 600))
    if qualifiers.registration and _NUMBERED.search(text.lower, *near):
        return Effect.LICENSE
    return None


def other_rules(qualifiers: Qualifiers) -> bool:
    return any(
        getattr(qualifiers, name)
        for name in PRODUCT_RULES
        if name not in {"seven_oh_caps", "alkaloid_caps"}
    )


def conditions_of(text: Text, span: Span, about: Object) -> Qualifiers:
    """The conditions of a clause, with those in the definitions of the terms that it uses."""
    whatever = _NO_MATTER.search(text.lower, about.end, span.end) if about.end < span.end else None
    qualifiers = text.qualifiers(Span(span.start, whatever.start()) if whatever else span)
    terms = {term.span: term for term in about.terms}
    for term in text.lexicon.terms:
        if term.narrow and term.term in text.lower[span.start : span.end]:
            terms[term.span] = term
    for term in terms.values():
        defined = text.qualifiers(term.span)
        if not term.narrow:
            defined = Qualifiers(
                seven_oh_caps=defined.seven_oh_caps,
                alkaloid_caps=defined.alkaloid_caps,
                limits=defined.limits,
            )
        qualifiers = unite(qualifiers, defined)
    return qualifiers


# `may adopt rules`, `is deemed to be`, `until the fee is paid`: formalities
_FORMALITIES: Final = (
    (
        "direction to an authority",
        phrase(
            r"\b(?:may|shall),? by (?:rule|regulation|order)\b|\b(?:may|shall) (?:adopt|promulgate"
            r"|propose|make|establish|set|develop|issue|publish"
            r"|administer|enforce|inspect|appoint)\b"
        ),
    ),
    ("punishment", _PENAL),
    (
        "definition",
        phrase(r"\b(?:the )?terms?\b[^.;]{1,60}?\b(?:do(?:es)?|shall) not (?:mean|include)\b"),
    ),
    ("finding", phrase(r"\b(?:finds?|concludes?|determines?|believes?) that\b")),
    ("appropriation", phrase(r"\bappropriat(?:ed|ion)\b")),
    (
        "deeming",
        phrase(r"\b(?:is|are|shall be) (?:considered|deemed|presumed|adulterated|contaminated)\b"),
    ),
    (
        "formality",
        phrase(
            r"\b(?:shall|must|may)\s(?:not\s)?(?:be\sregistered|notify|report|keep|maintain|post"
            r"|display|submit|pay|remit|inform|record|cooperate|verify|demand|request|examine|check"
            r"|perform|employ|implement|electronically|apply|renew|return|remove|comply|sign|file"
            r"|disclose|rely)\b"
            r"|\b(?:registration|application|registrant|applicant)\b[^.;]{0,60}?"
            r"\b(?:shall|must|may)\s(?:include|contain|be)\b"
        ),
    ),
)
# `Article 6, relating to kratom, is amended by`
_AMENDED: Final = phrase(r"\b(?:is|are) (?:hereby |further )?(?:amended|added|enacted)\b")
# `If every alkaloid of kratom is a controlled substance, this chapter is inoperative`
_VOID: Final = phrase(
    r"\b(?:if|when|upon)\b[^.]{0,300}?\b(?:inoperative|void|of no (?:force|effect)|repealed"
    r"|expires?|no longer in effect)\b"
    r"|\b(?:inoperative|void|repealed|expires?)\b[^.]{0,60}\b(?:if|when|upon)\b"
)


def unruled(text: Text, span: Span) -> bool:
    """Whether a clause that forbids and allows nothing is understood all the same."""
    lower = text.lower
    if RULE_ELSEWHERE.search(lower, *span):
        return False
    if (void := _VOID.search(lower, *span)) is not None:
        words = " ".join(text.marked.text[void.start() : span.end].split())[:300]
        qualify(text, span.start, Qualifiers(void_if=words), whole=True)
        return leave_idle(text, span, "condition under which the text ends")
    amended = _AMENDED.search(lower, *span)
    if amended is not None and all(t.span.end < amended.start() for t in text.in_span(span)):
        return leave_idle(text, span, "amending words")
    for why, pattern in _FORMALITIES:
        if pattern.search(lower, *span):
            return leave_idle(text, span, why)
    words = lower[span.start : span.end]
    is_title = len(words) < 120 and span.end < len(lower) and _FINITE.search(words) is None
    if is_title or _is_capitals(text.marked.text, span):
        return leave_idle(text, span, "heading")
    return False


_FINITE: Final = phrase(r"\b(?:shall|may|must|is|are|be|was|were|has|have|does|do|not|no)\b")


def _is_capitals(text: str, span: Span) -> bool:
    words = text[span.start : min(span.end, span.start + 200)]
    return words.upper() == words and len(words.split()) > 3
