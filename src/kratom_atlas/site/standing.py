"""The pages that do not depend on the record: alerts, reports of errors, privacy and terms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kratom_atlas.model.keeping import CONFIRM, COUNTED, DELIVERIES, LEAVE, MANAGE, UNCONFIRMED
from kratom_atlas.report.words import ADVICE, citation, report_link
from kratom_atlas.site.frame import HOW_TO_REPORT, SUBSCRIBE, Frame

__all__ = ["standing_pages", "subscribe_page"]

_ROOT = "../"


def standing_pages(frame: Frame) -> Iterator[tuple[str, str]]:
    """Each page: (path, text)."""
    meta = frame.meta
    yield SUBSCRIBE, subscribe_page(frame)
    yield (
        HOW_TO_REPORT,
        frame.page(
            frame.part("report.html", external=report_link(meta.report_url)),
            title="Report an error",
            description="How to tell us what is wrong in Kratom Atlas.",
            root=_ROOT,
            path="report/",
        ),
    )
    yield (
        "privacy/index.html",
        frame.page(
            frame.part(
                "privacy.html",
                confirm=_hours(CONFIRM),
                unconfirmed=UNCONFIRMED.days,
                manage=MANAGE.days,
                leave=f"{LEAVE.days // 365} years",
                counted=_hours(COUNTED),
                deliveries=DELIVERIES.days,
                report=frame.report(_ROOT),
                address=meta.base_url,
            ),
            title="Privacy",
            description="What Kratom Atlas keeps of those who subscribe or report, and how long.",
            root=_ROOT,
            path="privacy/",
        ),
    )
    yield (
        "terms/index.html",
        frame.page(
            frame.part(
                "terms.html",
                root=_ROOT,
                advice=ADVICE,
                citation=citation(meta.version, meta.as_of),
            ),
            title="Terms",
            description="No advice, no warranty, fair use, and the licence.",
            root=_ROOT,
            path="terms/",
        ),
    )


def subscribe_page(frame: Frame, closed: str = "") -> str:
    """How to follow changes without the service; `closed` says why the service sends no alerts."""
    return frame.page(
        frame.part("subscribe.html", root=_ROOT, closed=closed),
        title="Alerts",
        description="How to be told when the law on kratom changes.",
        root=_ROOT,
        here="Alerts",
        path="subscribe/",
    )


def _hours(span: timedelta) -> int:
    return round(span.total_seconds() / 3600)
