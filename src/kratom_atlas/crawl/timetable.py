"""When a source is due: its crontab line in UTC, and another while its legislature sits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from apscheduler.triggers.cron import CronTrigger

from kratom_atlas.crawl.source import Source
from kratom_atlas.errors import AtlasError

__all__ = ["Timetable"]

_INSTANT: Final = timedelta(microseconds=1)
_REACH: Final = tuple(timedelta(days=days) for days in (1, 8, 32, 367))
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Timetable:
    """The hours at which a source is to be looked at: `usual`, and `session` within `sittings`."""

    name: str
    usual: str
    session: str = ""
    sittings: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, source: Source) -> Timetable:
        """What a source declares.

        Raises:
            AtlasError: one of its lines is no crontab line.
        """
        made = cls(source.id, source.schedule, source.in_session or "", source.sittings)
        for text in filter(None, (made.usual, made.session)):
            _line(made.name, text)
        return made

    def sits(self, day: date) -> bool:
        """Whether the line for sittings counts; a sitting may last over the turn of the year."""
        here = f"{day:%m-%d}"
        return bool(self.session) and any(
            first <= here <= last if first <= last else here >= first or here <= last
            for first, last in self.sittings
        )

    def line(self, day: date) -> str:
        """The crontab line that counts on a day."""
        return self.session if self.sits(day) else self.usual

    def after(self, moment: datetime) -> datetime | None:
        """The first hour after a moment; None if its line names a day that never comes."""
        at = moment.astimezone(UTC) + _INSTANT
        for _ in range(2 * len(self.sittings) + 2):
            line = _line(self.name, self.line(at.date()))
            fire: datetime | None = line.get_next_fire_time(None, at)
            turn = self._turn(at.date())
            if turn is None or (fire is not None and fire < turn):
                return fire
            at = turn
        return None

    def latest(self, moment: datetime) -> datetime | None:
        """The last hour that has come by a moment; None if there was none in a year."""
        for reach in _REACH:
            found = None
            fire = self.after(moment - reach)
            while fire is not None and fire <= moment:
                found, fire = fire, self.after(fire)
            if found is not None:
                return found
        return None

    def later(self, moment: datetime, count: int) -> datetime | None:
        """The hour that comes as the `count`th after a moment."""
        fire: datetime | None = moment
        for _ in range(count):
            fire = self.after(fire) if fire is not None else None
        return fire

    def _turn(self, day: date) -> datetime | None:
        """When the other line begins to count."""
        if not self.session:
            return None
        now = self.sits(day)
        for ahead in range(1, 367):
            later = day + timedelta(days=ahead)
            if self.sits(later) is not now:
                return datetime.combine(later, time(), UTC)
        return None


@lru_cache(maxsize=512)
def _line(source: str, text: str) -> CronTrigger:
    """A crontab line as crontab means it, which is not quite how the library does."""
    fields = text.split()
    wrong = AtlasError(f"{source}: {text!r} is no crontab line: write five fields, in UTC")
    if len(fields) != 5:
        raise wrong
    if fields[2] != "*" and fields[4] != "*":
        raise AtlasError(f"{source}: {text!r}: give days of the month or of the week, not both")
    # Sunday is 0 in a crontab; the library begins the week with Monday.
    fields[4] = re.sub(r"(?<![/\d])[0-7](?!\d)", lambda m: _DAYS[int(m[0])], fields[4])
    try:
        return CronTrigger.from_crontab(" ".join(fields), timezone=UTC)
    except ValueError:
        raise wrong from None
