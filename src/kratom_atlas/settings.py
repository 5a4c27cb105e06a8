"""Where things are: everything that may differ from one installation to the next."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kratom_atlas.errors import AtlasError

__all__ = ["ACTOR", "Settings"]

ACTOR: Final = "KRATOM_ATLAS_ACTOR"
"""Names the person who decides in a review, where the command line does not."""
MAIL_RATE: Final = 10.0


@dataclass(frozen=True)
class Settings:
    """Read once, at the edge.

    `database_url`: the store, SQLite or PostgreSQL; None means the default SQLite file in `home`,
    and where there is none yet, the ledger that comes with the project. `base_url`: the address
    under which the site is served, for feeds and citations. `report_url`: where errors are
    reported; where there is none, the site says in words how to report. `contact`: an address in
    the user agent of the crawls, by which a source can reach who runs them. `replay`: the address
    of a replay server that stands for every source.

    `secret` signs the links of subscriptions. `smtp_url` is the server that takes mail, `mail_from`
    the address that mail is from, `mail_bounces` the mailbox to which what cannot be delivered
    comes back, `mail_rate` the most mails a second (0: as fast as the server takes them).
    `allow_hosts` may be called whatever they are, as `host` or `host:port`.
    """

    home: Path
    database_url: str | None
    base_url: str
    report_url: str
    contact: str = ""
    replay: str | None = None
    secret: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    mail_bounces: str = ""
    mail_rate: float = MAIL_RATE
    allow_hosts: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings of this process."""
        return cls(
            home=Path(os.environ.get("KRATOM_ATLAS_HOME", ".kratom-atlas")),
            database_url=os.environ.get("KRATOM_ATLAS_DATABASE_URL") or None,
            base_url=os.environ.get("KRATOM_ATLAS_BASE_URL", ""),
            report_url=os.environ.get("KRATOM_ATLAS_REPORT_URL", ""),
            contact=os.environ.get("KRATOM_ATLAS_CONTACT", ""),
            replay=os.environ.get("KRATOM_ATLAS_REPLAY") or None,
            secret=os.environ.get("KRATOM_ATLAS_SECRET", ""),
            smtp_url=os.environ.get("KRATOM_ATLAS_SMTP_URL", ""),
            mail_from=os.environ.get("KRATOM_ATLAS_MAIL_FROM", ""),
            mail_bounces=os.environ.get("KRATOM_ATLAS_MAIL_BOUNCES", ""),
            mail_rate=_rate(os.environ.get("KRATOM_ATLAS_MAIL_RATE", "")),
            allow_hosts=frozenset(os.environ.get("KRATOM_ATLAS_ALLOW_HOSTS", "").lower().split()),
        )

    @staticmethod
    def keys(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """The keys of sources that this process has, by the name of their variable."""
        return tuple((name, os.environ[name]) for name in names if os.environ.get(name))

    @property
    def store_url(self) -> str:
        """The store that commands which record something use."""
        return self.database_url or f"sqlite:///{self.default_database}"

    @property
    def captures(self) -> Path:
        """The folder of captured bytes."""
        return self.home / "captures"

    @property
    def default_database(self) -> Path:
        """The SQLite file used where no other store is named."""
        return self.home / "atlas.sqlite"


def _rate(written: str) -> float:
    try:
        rate = float(written or MAIL_RATE)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < 1e6:
        raise AtlasError("KRATOM_ATLAS_MAIL_RATE is not a number of mails a second, such as 10")
    return rate
