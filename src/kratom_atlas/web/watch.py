"""How the service says what it does: metrics, and a log in JSON without anybody's traces.

A line of the log has no address of a client, no query string, no header and no body: the route
and, of the site, the name of a file that we wrote ourselves.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from kratom_atlas.notify.figures import Figures

__all__ = ["METHODS", "JsonLines", "Metrics"]

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_FIELDS: Final = ("method", "route", "file", "status", "ms", "bytes")
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_FRAMES: Final = 12


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Where it went wrong is told by file and line, never with values."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            told["error"] = type(error).__name__
            told["where"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
            ]
        return json.dumps(told)


class Metrics:
    """What Prometheus is told of one application."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "kratom_atlas_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "kratom_atlas_request_seconds",
            "Time to the end of an answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.under_way = Gauge(
            "kratom_atlas_requests_under_way", "Requests being answered.", registry=registry
        )
        self.ready = Gauge("kratom_atlas_ready", "Whether it takes requests.", registry=registry)
        self.places = Gauge("kratom_atlas_places", "Places in the record.", registry=registry)
        self.recorded = Gauge(
            "kratom_atlas_recorded_timestamp_seconds",
            "When something was last recorded.",
            registry=registry,
        )
        self.built = Gauge(
            "kratom_atlas_site_built_timestamp_seconds",
            "When the site that is served was built.",
            registry=registry,
        )
        self.packed = Counter(
            "kratom_atlas_files_packed", "Files of the site compressed.", registry=registry
        )

    def watch(self, alerts: Callable[[], Figures | None]) -> None:
        """Tell also how alerts are doing, as read whenever somebody asks."""
        self._registry.register(_Alerts(alerts))

    def text(self) -> bytes:
        """In the format that Prometheus reads."""
        return generate_latest(self._registry)


class _Alerts(Collector):
    """The outbox and the subscriptions in numbers; nothing where there is no store to read."""

    def __init__(self, read: Callable[[], Figures | None]) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: the store is not asked before somebody wants to know."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As Prometheus asks for it."""
        figures = self._read()
        if figures is None:
            return
        for name, words in _OUTBOX.items():
            yield GaugeMetricFamily(f"kratom_atlas_alerts_{name}", words, figures.counts[name])
        yield GaugeMetricFamily(
            "kratom_atlas_alerts_oldest_due_timestamp_seconds",
            "Since when something could have been sent; 0 where nothing waits.",
            figures.oldest_due,
        )
        states = GaugeMetricFamily(
            "kratom_atlas_subscriptions", "Subscriptions by state.", labels=["state"]
        )
        for state, count in figures.subscriptions.items():
            states.add_metric([state], count)
        yield states


_OUTBOX: Final = {
    "waiting": "Deliveries in no envelope yet.",
    "due": "Deliveries that could be sent now.",
    "in_flight": "Envelopes that are being sent.",
    "retrying": "Envelopes that failed and are tried again.",
    "sent": "Envelopes sent, of the days for which they are kept.",
    "dead": "Envelopes that were given up.",
}
