"""Where things are: everything that may differ from one installation to the next."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ACTOR", "Settings"]

ACTOR: Final = "KRATOM_ATLAS_ACTOR"
"""Names the person who decides in a review, where the command line does not."""


@dataclass(frozen=True)
class Settings:
    """Read once, at the edge.

    `database_url`: the store, SQLite or PostgreSQL; None means the default SQLite file in `home`,
    and where there is none yet, the ledger that comes with the project. `base_url`: the address
    under which the site is served, for feeds and citations. `report_url`: where errors are
    reported; where there is none, the site says in words how to report. `contact`: an address in
    the user agent of the crawls, by which a source can reach who runs them. `replay`: the address
    of a replay server that stands for every source.
    """

    home: Path
    database_url: str | None
    base_url: str
    report_url: str
    contact: str = ""
    replay: str | None = None

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
