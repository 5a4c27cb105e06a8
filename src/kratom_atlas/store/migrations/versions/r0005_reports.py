"""Reports of errors, and what was answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table. Numbers are public, so none is given twice."""
    op.create_table(
        "report",
        sa.Column("number", SEQ, primary_key=True, autoincrement=True),
        *(
            sa.Column(name, TEXT, nullable=False)
            for name in (
                "reported_at", "about", "text", "evidence", "contact", "state", "response",
                "answered_at",
            )
        ),
        sa.Column("published", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )  # fmt: skip
