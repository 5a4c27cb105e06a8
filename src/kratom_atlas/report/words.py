"""Text that is safe to show: nothing in a name can act on a page, a terminal or a sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final
from urllib.parse import quote

from kratom_atlas.languages import ENGLISH, Language, msg
from kratom_atlas.model.time import PartialDate

__all__ = [
    "ADVICE",
    "LICENCES",
    "WHAT",
    "age_words",
    "citation",
    "day_words",
    "has_rtl",
    "inert",
    "isolate",
    "listed",
    "markdown",
    "report_link",
    "web_link",
]

WHAT: Final = "Kratom Atlas records what the law on kratom is, place by place, with its sources."
ADVICE: Final = msg("It is information, and neither legal nor medical advice.")
LICENCES: Final = (
    "Code: MIT. Data: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). "
    "Boundaries keep their own licences."
)

# Line and paragraph separators, controls, surrogates, byte order marks, and whatever turns the
# direction of text around or is invisible in it. Joiners stay: some scripts need them.
_SPACES = re.compile(r"[\t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")
_ACTIVE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!$&@^])")
_LINK = re.compile(r"https?://[^\s\x00-\x20\x7f-\x9f]+", re.IGNORECASE)
_MAIL = re.compile(r"mailto:[\w.+-]+@[\w.-]+", re.ASCII)
_URL_MARKS: Final = "!#$%&()*+,-./:;=?@[]_~"


def inert(text: str) -> str:
    """`text` on one line, without controls and without marks that change its direction."""
    return _ACTIVE.sub("", _SPACES.sub(" ", text))


def has_rtl(text: str) -> bool:
    """Whether `text` holds letters that run from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _RTL for c in text)


_RTL: Final = frozenset(("R", "AL", "AN"))


def isolate(text: str) -> str:
    """`text` made inert; right-to-left script cannot move what stands beside it."""
    plain = inert(text)
    return f"\u2068{plain}\u2069" if has_rtl(plain) else plain


def markdown(text: str) -> str:
    """`text` for a line of Markdown, where it is shown as it is and does nothing."""
    escaped = _MARKDOWN.sub(r"\\\1", isolate(text))
    # GitHub turns bare addresses into links; an escaped slash or dot stops that.
    return escaped.replace("://", ":\\//").replace("www.", "www\\.")


def web_link(text: str | None) -> str | None:
    """`text` in ASCII if it is an address of the web, whole and plain; else None."""
    if text is None or inert(text) != text or not _LINK.fullmatch(text):
        return None
    return quote(text, safe=_URL_MARKS)


def report_link(text: str) -> str:
    """The address for reports of errors, if it is one of the web or of mail; else nothing."""
    return web_link(text) or (text if _MAIL.fullmatch(text) else "")


def listed(words: Iterable[str]) -> str:
    """`a, b and c`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def day_words(text: str) -> str:
    """A date for people to read, as precise as it is: `2026-08-01`, `August 2026`, `2026`."""
    return PartialDate(text).words() if text else "day not known"


def citation(version: str, as_of: str) -> str:
    """How to cite the dataset."""
    return f"Kratom Atlas, version {version}, as of {as_of}"


def age_words(last_look: str, as_of: str, say: Language = ENGLISH) -> str:
    """How old a look is: `2026-08-28 (86 days before 2026-11-22)`, or that there was none."""
    if not last_look:
        return say.t(msg("never"))
    days = (date.fromisoformat(as_of) - date.fromisoformat(last_look)).days
    look, edition = say.day(last_look), say.day(as_of)
    if days <= 0:
        return look
    return say.tn(
        days,
        "{look} ({n} day before {edition})",
        "{look} ({n} days before {edition})",
        look=look,
        edition=edition,
    )
