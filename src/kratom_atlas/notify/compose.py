"""The words of what is sent: subject, plain text complete by itself, and the same as HTML.

What a notice says is written where notices are made; here it is put in order, labelled, bounded,
and given the reason why its reader gets it. The text of a notice may come from any page of the
world: nothing in it can add a header, draw a remote picture, run, or call a channel's members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import msgspec
import nh3
from markupsafe import Markup
from msgspec import Struct

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.keeping import MANAGE
from kratom_atlas.model.subscription import (
    EVERYWHERE,
    Choices,
    Envelope,
    Notice,
    Rhythm,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import ChangeKind, Severity, lower
from kratom_atlas.report.html import templates
from kratom_atlas.report.words import ADVICE, WHAT, inert, listed

__all__ = [
    "MAX_SUBJECT",
    "Footer",
    "Links",
    "Words",
    "chosen",
    "fold",
    "footer",
    "greeting",
    "label",
    "short",
    "words",
]

MAX_SUBJECT: Final = 150
"""Characters of a subject."""
MAX_SHORT: Final = 1800
"""Characters of a message to a chat: the tightest of the services takes 2,000."""

_SHOWN: Final = 8
"""Places named in the reason why somebody gets a mail."""
_WIDTH: Final = 400
"""Octets of a line of the text that is not broken: mail must not have a thousand (RFC 5321)."""
_LINK: Final = 800
_WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
_ORDER: Final = (
    Topic.CORRECTION,
    Topic.NEW_LAW,
    Topic.TOOK_EFFECT,
    Topic.UPCOMING,
    Topic.BILL_MOVED,
    Topic.SOURCE_SILENT,
)
_LABELS: Final = {
    Topic.CORRECTION: "Correction: what we said before was wrong",
    Topic.NEW_LAW: "Law",
    Topic.TOOK_EFFECT: "Law that applies now",
    Topic.UPCOMING: "Enacted, not in force",
    Topic.BILL_MOVED: "A bill: not law",
    Topic.SOURCE_SILENT: "A source: what it covers may have changed without our seeing it",
}
_TAGS: Final = {"a", "b", "br", "em", "i", "li", "ol", "p", "strong", "ul"}
_CALLS: Final = re.compile(r"@(?=[\w&!])|<(?=[!@#&])")


class Links(Protocol):
    """The addresses that what is sent leads to."""

    def manage(self, subscription: Subscription) -> str:
        """Where its owner changes what they chose, or has it all erased."""

    def leave(self, subscription: Subscription) -> str:
        """Where it is ended; takes the one-click request of RFC 8058."""

    def confirm(self, subscription: Subscription) -> str:
        """Where its owner says that they want it."""

    def changes(self) -> str:
        """The page of all changes."""


@dataclass(frozen=True)
class Words:
    """One message in words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Footer:
    """What is said to one reader alone: why they get this, and how not to."""

    why: str
    manage: str
    leave: str


class _Facts(Struct):
    kind: str = ""


def words(envelope: Envelope, links: Links, *, as_of: str, foot: Footer | None = None) -> Words:
    """What an envelope says.

    `as_of` is the day of the record that it was written from. `foot` stands in for the reader's
    own, where many readers are written to at once.

    Raises:
        AtlasError: there is nothing in it to say.
    """
    groups = _groups(envelope)
    foot = foot or footer(envelope.subscription, links)
    more = _more(envelope.more, links)
    html = (
        templates("kratom_atlas.notify")
        .get_template("envelope.html")
        .render(
            groups=[[(label(n), n.title, _clean(n.html)) for n in group] for group in groups],
            more=more,
            foot=foot,
            what=WHAT,
            advice=ADVICE,
            as_of=as_of,
        )
    )
    text = "\n".join(_lines(groups, more, foot, as_of))
    return Words(_subject(envelope), fold(text), fold(html))


def greeting(subscription: Subscription, confirm_url: str) -> Words:
    """What asks whoever has an address whether they want this.

    Who has agreed before asked for a link: they are sent that.
    """
    if subscription.state is not SubscriptionState.PENDING:
        return _reminder(subscription, confirm_url)
    asked = chosen(subscription.choices)
    html = (
        templates("kratom_atlas.notify")
        .get_template("greeting.html")
        .render(asked=asked, confirm=confirm_url, what=WHAT)
    )
    text = "\n".join(
        [
            "Somebody, we hope you, asked Kratom Atlas to tell this address when the law on kratom",
            "changes. To say that you want this, open",
            "",
            confirm_url,
            "",
            "and press the button there. The link is good for two days.",
            "",
            "If it was not you, do nothing: nothing else is sent, and the address is erased.",
            "",
            f"Asked for: {asked}",
            "",
            "-- ",
            WHAT,
            "",
        ]
    )
    return Words("Confirm: alerts from Kratom Atlas", fold(text), fold(html))


def _reminder(subscription: Subscription, manage_url: str) -> Words:
    """What takes a new link to whoever lost theirs."""
    told = chosen(subscription.choices)
    days = MANAGE.days
    html = (
        templates("kratom_atlas.notify")
        .get_template("reminder.html")
        .render(told=told, manage=manage_url, days=days, what=WHAT)
    )
    text = "\n".join(
        [
            "Somebody, we hope you, asked for a link to the alerts that this address gets from",
            "Kratom Atlas. To see, change, end or erase them, open",
            "",
            manage_url,
            "",
            f"The link is good for {days} days.",
            "",
            "If it was not you, do nothing: nothing changes.",
            "",
            f"Subscribed to: {told}",
            "",
            "-- ",
            WHAT,
            "",
        ]
    )
    return Words("Your alerts from Kratom Atlas: a new link", fold(text), fold(html))


def short(envelope: Envelope, links: Links) -> Words:
    """What an envelope says where messages are short and have no form: title and text."""
    ordered = [notice for group in _groups(envelope) for notice in group]
    tail = f"Change or end this: {links.manage(envelope.subscription)}\n{ADVICE}"
    left = max(MAX_SHORT - len(tail) - len(_more(10**6, links)), 400)
    parts: list[str] = []
    for notice in ordered:
        part = _quiet(f"{label(notice)}: {inert(notice.title)}\n{notice.text}")
        if len(part) > left and parts:
            break
        parts.append(_cut(part, left))
        left -= len(parts[-1]) + 2
    rest = _more(envelope.more + len(ordered) - len(parts), links)
    text = "\n\n".join([*parts, *([rest] if rest else []), tail])
    return Words(_quiet(_subject(envelope)), text, "")


def footer(subscription: Subscription, links: Links) -> Footer:
    """What one reader alone is told."""
    day = subscription.confirmed_at[:10] or subscription.created_at[:10]
    return Footer(
        why=f"You get this because on {day} you asked for: {chosen(subscription.choices)}",
        manage=links.manage(subscription),
        leave=links.leave(subscription),
    )


@lru_cache(maxsize=1024)
def chosen(choices: Choices) -> str:
    """What a subscriber chose, in words: one line, bounded."""
    return "; ".join(
        [
            _places(choices),
            listed(s.label for s in choices.substances) if choices.substances else "all substances",
            ", ".join(_topic(topic, choices) for topic in choices.topics),
            *(
                [f"nothing less grave than {lower(choices.severity.label)}"]
                if choices.severity is not Severity.DETAIL
                else []
            ),
            _rhythm(choices) + ".",
        ]
    )


def label(notice: Notice) -> str:
    """Whether it is law, law learned of late, not yet law, or a correction."""
    if notice.topic is Topic.CORRECTION and notice.withdraws:
        return "Withdrawn: what we said before was wrong"
    if notice.topic is Topic.NEW_LAW and _kind(notice) == ChangeKind.KNOWLEDGE:
        return "Law that we learned of late"
    return _LABELS[notice.topic]


# -- order ---------------------------------------------------------------------------------------


def _groups(envelope: Envelope) -> list[list[Notice]]:
    """Notices of one act together; corrections before all else, then the gravest."""
    if not envelope.notices:
        raise AtlasError(f"envelope {inert(envelope.id)[:80]} has nothing in it: it is not sent")
    acts: dict[str, list[Notice]] = {}
    for notice in sorted(envelope.notices, key=_rank):
        acts.setdefault(notice.act or f"\0{notice.key}", []).append(notice)
    return list(acts.values())


def _rank(notice: Notice) -> tuple[int, int, str]:
    return _ORDER.index(notice.topic), notice.severity.rank, notice.key


def _kind(notice: Notice) -> str:
    try:
        return msgspec.json.decode(notice.facts, type=_Facts).kind
    except msgspec.MsgspecError:
        return ""


# -- text ----------------------------------------------------------------------------------------


def _subject(envelope: Envelope) -> str:
    first = min(envelope.notices, key=_rank)
    title = inert(first.title).strip()
    mark = {
        Topic.CORRECTION: "Correction: ",
        Topic.TOOK_EFFECT: "Now applies: ",
        Topic.UPCOMING: "Enacted, not in force: ",
        Topic.BILL_MOVED: "Bill, not law: ",
    }.get(first.topic, "")
    if mark and title.casefold().startswith(mark.casefold()):
        mark = ""
    others = len(envelope.notices) - 1 + envelope.more
    rest = f" (and {others} more)" if others else ""
    return f"{_cut(f'{mark}{title}', MAX_SUBJECT - len(rest))}{rest}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3].rstrip()}..."


def _lines(
    groups: Sequence[Sequence[Notice]], more: str, foot: Footer, as_of: str
) -> Iterator[str]:
    for group in groups:
        if len(group) > 1:
            yield f"# One act, {len(group)} changes"
            yield ""
        for notice in group:
            heading = inert(notice.title)
            yield f"[{label(notice)}]"
            yield heading
            yield "-" * min(len(heading), 72)
            yield from _without_controls(notice.text)
            yield ""
    if more:
        yield more
        yield ""
    yield "-- "
    yield foot.why
    yield f"Change what you chose, or have everything about you erased: {foot.manage}"
    yield f"End this: {foot.leave}"
    yield f"{WHAT} {ADVICE} As of {as_of}."
    yield ""


def _more(count: int, links: Links) -> str:
    if not count:
        return ""
    changes = "One more change is" if count == 1 else f"{count:,} more changes are"
    return f"{changes} left out here, because there had become too many: see {links.changes()}"


def _without_controls(text: str) -> Iterator[str]:
    """The lines of a text. Marks that set text apart stay: they keep right-to-left script put."""
    for line in text.splitlines():
        yield _UNWANTED.sub("", line)


_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\ud800-\udfff\ufeff]"
)


def _quiet(text: str) -> str:
    """Text that calls nobody: `@everyone` and `<!channel>` are words like others."""
    shown = "\n".join(_without_controls(text))
    return _CALLS.sub(lambda match: f"{match[0]}\u2060", shown)


def fold(text: str) -> str:
    """Text whose lines mail takes as they are; an address is left whole."""
    return "\n".join(row for line in text.split("\n") for row in _rows(line))


def _rows(line: str) -> Iterator[str]:
    if len(line.encode()) <= _WIDTH:
        yield line
        return
    row = ""
    for word in line.split(" "):
        # A run without spaces is how some scripts are written, or was made to do harm.
        size = _LINK if word.isascii() else _LINK // 4
        for start in range(0, len(word) or 1, size):
            piece = word[start : start + size]
            if row and len(f"{row} {piece}".encode()) > _WIDTH:
                yield row
                row = piece
            else:
                row = f"{row} {piece}" if row else piece
    yield row


def _clean(html: str) -> Markup:
    """The HTML of a notice: paragraphs, lists and links, whatever it holds."""
    cleaned = nh3.clean(
        _UNWANTED.sub("", html),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        attribute_filter=lambda _tag, _name, value: value if len(value) <= _LINK else None,
        link_rel="noopener noreferrer",
    )
    return Markup(cleaned)  # noqa: S704 -- made of the tags above alone


# -- choices -------------------------------------------------------------------------------------


def _places(choices: Choices) -> str:
    named = [inert(code) for code in choices.places if code != EVERYWHERE]
    if not named or len(named) < len(choices.places):
        return "everywhere"
    more = len(named) - _SHOWN
    shown = [*named[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
    return listed(shown) + (" and inside" if choices.inside else "")


def _topic(topic: Topic, choices: Choices) -> str:
    said = lower(topic.label)
    if topic is Topic.UPCOMING:
        days = choices.notice_days
        return f"{said} ({days} day{'s' if days != 1 else ''} ahead)"
    return said


def _rhythm(choices: Choices) -> str:
    if choices.rhythm is Rhythm.AT_ONCE:
        return "at once"
    at = f"at {choices.hour:02}:00 ({inert(choices.timezone)})"
    if choices.rhythm is Rhythm.DAILY:
        return f"daily {at}"
    return f"weekly, {_WEEKDAYS[choices.weekday - 1]} {at}"
