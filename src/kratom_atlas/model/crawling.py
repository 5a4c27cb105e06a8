"""The words of crawling: what a source is, what can go wrong with it, and how it is doing."""

from __future__ import annotations

from typing import Final

from kratom_atlas.model.vocabulary import Word

__all__ = ["Fault", "Health", "Outcome", "RunState", "SourceKind"]


class SourceKind(Word):
    """What a source publishes."""

    BILLS = ("bills", "Bills", "Bills and resolutions, and what became of them.")
    STATUTES = ("statutes", "Statutes", "Acts and codes as they stand.")
    REGULATIONS = ("regulations", "Regulations", "Rules and schedules made under acts.")
    REGISTER = ("register", "Register", "An official gazette: what was published, day by day.")
    ORDINANCES = ("ordinances", "Ordinances", "Acts of counties, cities and towns.")
    ALERTS = ("alerts", "Alerts", "Recalls, food alerts and notified drafts: not law, a signal.")
    ANCHOR = ("anchor", "Anchor document", "One document that decides, watched for new versions.")


class Outcome(Word):
    """What a look at one document found."""

    NEW = ("new", "New", "Seen for the first time.")
    CHANGED = ("changed", "Changed", "It says something else than at the last look.")
    UNCHANGED = ("unchanged", "Unchanged", "It says what it said at the last look.")
    ERROR = ("error", "Error", "It could not be read; what is known of it stands.")


class RunState(Word):
    """How a run of a source ended."""

    RUNNING = ("running", "Running", "Not ended yet.")
    OK = ("ok", "Done", "Everything was read.")
    PARTIAL = ("partial", "Partly", "Some documents could not be read; the rest stands.")
    FAILED = ("failed", "Failed", "Nothing of it was accepted.")
    INTERRUPTED = ("interrupted", "Interrupted", "It was stopped; the next run goes on from there.")
    WAITING = ("waiting", "Waiting", "It needs a key, or its hour or budget has not come.")


class Health(Word):
    """How a source is doing."""

    FRESH = ("fresh", "Fresh", "Its last success is as recent as its schedule promises.")
    DEGRADED = ("degraded", "Degraded", "Its last run read only a part.")
    FAILING = ("failing", "Failing", "Its last run failed; earlier data stand.")
    SILENT = ("silent", "Silent", "No success for longer than its schedule allows: an alarm.")
    WAITING = ("waiting", "Waiting", "It waits for a key or for its hour.")
    NEVER_RUN = ("never-run", "Never run", "It has not been run by this installation.")
    OFF = ("off", "Off", "It cannot be had lawfully, or is not wanted here; the reason is given.")


class Fault(Word):
    """Why a response was put in quarantine. None of them ever means that the law changed."""

    CHALLENGE = ("challenge", "Challenge page", "A page that tests whether a person is reading.")
    CONSENT = ("consent", "Consent page", "A page that asks for consent or a login first.")
    REJECTED = ("rejected", "Request rejected", "A firewall refused, whatever the status says.")
    FORBIDDEN = ("forbidden", "Forbidden", "401, 403, 451: the source refuses us.")
    RATE_LIMITED = ("rate-limited", "Too many requests", "429, or words to that effect.")
    SERVER_ERROR = ("server-error", "Server error", "A status from 500 on.")
    BAD_REQUEST = ("bad-request", "Bad request", "Another status from 400 on: our question is bad.")
    GONE = ("gone", "Gone", "404 or 410.")
    SOFT_404 = ("soft-404", "Not found in disguise", "A page that says not found with status 200.")
    MOVED = ("moved", "Moved", "It answers from a place that the source does not declare.")
    EMPTY = ("empty", "Empty", "No content, or less than anything real could have.")
    ERROR_BODY = ("error-body", "Error in disguise", "An error message with status 200.")
    TRUNCATED = ("truncated", "Cut off", "It ended before its end.")
    WRONG_TYPE = ("wrong-type", "Wrong type", "The bytes are of another type than expected.")
    WRONG_CHARSET = ("wrong-charset", "Unreadable text", "The characters cannot be made out.")
    LAYOUT = ("layout", "Layout moved", "What the parser relies on is no longer there.")
    PARSER = ("parser", "Parser failed", "Our parser failed on it: a defect of ours.")
    COLLAPSED = ("collapsed", "Result collapsed", "Far fewer results than there were.")
    TOO_LARGE = ("too-large", "Too large", "Larger than the source may send.")
    TOO_SLOW = ("too-slow", "Too slow", "Not complete within the time allowed.")
    BOMB = ("bomb", "Bomb", "Small, and unpacks to more than may be read.")
    TOO_DEEP = ("too-deep", "Too deep", "Nested deeper than anything real.")
    TLS = ("tls", "TLS failure", "The certificate or the handshake failed.")
    DNS = ("dns", "DNS failure", "The name of the host is not known.")
    CONNECTION = ("connection", "Connection failure", "Refused, reset or lost.")
    ROBOTS = ("robots", "Not allowed by robots.txt", "The source asks us not to read it.")
    GUARDED = ("guarded", "Refused by our guard", "An address that we do not call.")
    BUDGET = ("budget", "Budget spent", "The allowance of this source is used up for now.")

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed within the same run."""
        return self in _TRANSIENT

    @property
    def triage(self) -> str:
        """What became of a source that keeps failing so: gone, moved, blocked, layout, parser."""
        return _TRIAGE.get(self, "unreachable")


_TRANSIENT: Final = frozenset(
    {
        Fault.RATE_LIMITED,
        Fault.SERVER_ERROR,
        Fault.TRUNCATED,
        Fault.CONNECTION,
        Fault.TOO_SLOW,
        Fault.DNS,
    }
)
_TRIAGE: Final = {
    Fault.GONE: "gone",
    Fault.SOFT_404: "gone",
    Fault.MOVED: "moved",
    **dict.fromkeys(
        (
            Fault.CHALLENGE,
            Fault.CONSENT,
            Fault.REJECTED,
            Fault.FORBIDDEN,
            Fault.RATE_LIMITED,
            Fault.ROBOTS,
        ),
        "blocked",
    ),
    **dict.fromkeys(
        (
            Fault.LAYOUT,
            Fault.COLLAPSED,
            Fault.EMPTY,
            Fault.ERROR_BODY,
            Fault.BAD_REQUEST,
            Fault.WRONG_TYPE,
            Fault.WRONG_CHARSET,
        ),
        "layout",
    ),
    Fault.PARSER: "parser",
}
