"""How long what people give us is kept, and what may be asked how often.

The privacy page says these numbers, and the code that keeps and forgets reads them here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

__all__ = [
    "CONFIRM",
    "COUNTED",
    "DELIVERIES",
    "LEAVE",
    "MANAGE",
    "MOST_DAYS_AHEAD",
    "MOST_PLACES",
    "MOST_SUBSCRIPTIONS",
    "UNCONFIRMED",
]

CONFIRM: Final = timedelta(hours=48)
"""So long the link counts that confirms a subscription."""
MANAGE: Final = timedelta(days=30)
"""So long a link counts that changes a subscription or erases it."""
LEAVE: Final = timedelta(days=730)
"""So long a link counts that ends a subscription: it stands in old mail."""
UNCONFIRMED: Final = timedelta(days=7)
"""So long what nobody confirmed is kept."""
COUNTED: Final = timedelta(days=1)
"""So long it is counted how often a network asked; no address is kept for it."""
DELIVERIES: Final = timedelta(days=400)
"""So long it is kept which message was sent to a subscription, for corrections."""
MOST_PLACES: Final = 200
MOST_DAYS_AHEAD: Final = 365
MOST_SUBSCRIPTIONS: Final = 20
"""Active subscriptions of one address."""
