"""What each status looks like: colour, pattern, symbol and words, so that no channel is alone.

Smallest CAM02-UCS difference between any two of the eight fills (colorspacious, severity 100):
normal 20.8, deuteranopia 18.8, protanopia 18.9, tritanopia 12.3 (no-specific-law and unknown
only, which also differ by pattern; the next pair is 15.0).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

from kratom_atlas.languages import Language, msg
from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Status

# Lines of a tile of 8 by 8 pixels, as SVG path data. The page strokes the same paths.
PATTERNS = {
    "plain": "",
    "diagonal": "M-2 2L2 -2M0 8L8 0M6 10L10 6",
    "back-diagonal": "M6 -2L10 2M0 0L8 8M-2 6L2 10",
    "horizontal": "M0 2H8M0 6H8",
    "vertical": "M2 0V8M6 0V8",
    "dots": "M1 2H3M5 6H7",
    "sparse-dots": "M3.5 4H4.5",
}


@dataclass(frozen=True)
class StatusStyle:
    id: str
    label: str
    meaning: str
    colour: str
    pattern: str
    line: str  # the colour of the pattern's lines
    symbol: str
    text: str  # black or white, whichever is readable on the colour

    def spoken(self, say: Language) -> StatusStyle:
        """In another language: a status by the vocabulary, an age by its own words."""
        tell = say.t if self in AGES else lambda text: say.label(Status.__name__, text)
        return replace(self, label=tell(self.label), meaning=tell(self.meaning))


def _style(
    status: Status, colour: str, pattern: str, line: str, symbol: str, text: str
) -> StatusStyle:
    return StatusStyle(
        status.value, status.label, status.meaning, colour, pattern, line, symbol, text
    )


STATUSES = (
    _style(Status.BANNED, "#5b0a2e", "plain", "#5b0a2e", "X", "#ffffff"),
    _style(Status.SALE_BANNED, "#a0182a", "back-diagonal", "#c9626f", "S", "#ffffff"),
    _style(Status.PRESCRIPTION, "#d95f0e", "diagonal", "#b04a05", "Rx", "#000000"),
    _style(Status.REGULATED, "#1d5fa8", "horizontal", "#4b86c6", "R", "#ffffff"),
    _style(Status.AGE_RESTRICTED, "#6fb7e9", "dots", "#2f7fb8", "A", "#000000"),
    _style(Status.LAWFUL, "#5f9e6e", "vertical", "#7fb58c", "L", "#000000"),
    _style(Status.NO_SPECIFIC_LAW, "#ffe296", "plain", "#ffe296", "–", "#000000"),
    _style(Status.UNKNOWN, "#d4d4d4", "sparse-dots", "#8a8a8a", "?", "#000000"),
)

# The same map can show how old the last look is.
AGES = (
    StatusStyle("d30", msg("30 days or less"), msg("Looked at in the last 30 days."),
                "#08306b", "plain", "#08306b", "30", "#ffffff"),
    StatusStyle("d90", msg("31 to 90 days"), msg("Looked at in the last 90 days."),
                "#2b7bba", "horizontal", "#5a9fd0", "90", "#000000"),
    StatusStyle("d180", msg("91 to 180 days"), msg("Looked at in the last 180 days."),
                "#7db8da", "dots", "#3f86b3", "180", "#000000"),
    StatusStyle("d365", msg("181 to 365 days"), msg("Looked at in the last year."),
                "#f3dfa2", "vertical", "#d9bd63", "365", "#000000"),
    StatusStyle("older", msg("More than a year"), msg("The last look is more than a year ago."),
                "#c4572e", "diagonal", "#a03f1b", ">365", "#000000"),
    StatusStyle("never", msg("Never"), msg("Nobody has looked yet."),
                "#d4d4d4", "sparse-dots", "#8a8a8a", "?", "#000000"),
)  # fmt: skip

# One activity's status is drawn like the place's status that it would lead to.
ACTIVITY_LOOKS = {
    ActivityStatus.UNLAWFUL: Status.BANNED,
    ActivityStatus.LICENSED: Status.PRESCRIPTION,
    ActivityStatus.CONDITIONAL: Status.REGULATED,
    ActivityStatus.AGE_LIMITED: Status.AGE_RESTRICTED,
    ActivityStatus.LAWFUL: Status.LAWFUL,
    ActivityStatus.NO_LAW: Status.NO_SPECIFIC_LAW,
    ActivityStatus.UNKNOWN: Status.UNKNOWN,
}

FLAGS = {flag.value: flag for flag in Flag}

# The few flags that change how a colour must be read are drawn on the map as well.
MARKS = {
    Flag.INCOMING.value: "»",
    Flag.TEMPORARY.value: "†",
    Flag.LOCAL_RULES.value: "+",
    Flag.CONTESTED.value: "!",
    Flag.REPORTED_ONLY.value: "°",
}


def patterns() -> str:
    """The patterns that the swatches are filled with: once, so that a swatch can be copied."""
    made = "".join(
        f'<pattern id="p-{style.id}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path d="{PATTERNS[style.pattern]}" stroke="{escape(style.line)}" stroke-width="1.6"/>'
        "</pattern>"
        for style in (*STATUSES, *AGES)
        if PATTERNS[style.pattern]
    )
    return (
        f'<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>{made}</defs></svg>'
    )


def swatch(style: StatusStyle) -> str:
    """The legend's sample as SVG: attributes only, so the page's CSP needs no exception."""
    overlay = (
        f'<rect width="34" height="22" fill="url(#p-{style.id})"/>'
        if PATTERNS[style.pattern]
        else ""
    )
    return (
        '<svg class="swatch" width="34" height="22" viewBox="0 0 34 22" aria-hidden="true">'
        f'<rect width="34" height="22" fill="{escape(style.colour)}"/>{overlay}'
        f'<text x="17" y="15.5" text-anchor="middle" font-size="12" font-weight="700" '
        f'fill="{escape(style.text)}" stroke="{escape(style.colour)}" stroke-width="3" '
        f'paint-order="stroke">{escape(style.symbol)}</text></svg>'
    )
