"""Where things are: everything that may differ from one installation to the next."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Read once, at the edge.

    `database_url`: the store, SQLite or PostgreSQL; None means the default SQLite file in `home`,
    and where there is none yet, the ledger that comes with the project. `base_url`: the address
    under which the site is served, for feeds and citations. `report_url`: where errors are
    reported; where there is none, the site says in words how to report.
    """

    home: Path
    database_url: str | None
    base_url: str
    report_url: str

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings of this process."""
        return cls(
            home=Path(os.environ.get("KRATOM_ATLAS_HOME", ".kratom-atlas")),
            database_url=os.environ.get("KRATOM_ATLAS_DATABASE_URL") or None,
            base_url=os.environ.get("KRATOM_ATLAS_BASE_URL", ""),
            report_url=os.environ.get("KRATOM_ATLAS_REPORT_URL", ""),
        )

    @property
    def default_database(self) -> Path:
        """The SQLite file used where no other store is named."""
        return self.home / "atlas.sqlite"
