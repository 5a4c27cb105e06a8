"""Alerts: who wants to be told what, what there is to tell, and what is on its way to whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables.

    `delivery` refers to its neighbours without foreign keys: a check of each of millions of rows
    costs more than all the rest, and whoever removes a neighbour removes its deliveries.
    """
    _people()
    _things()


def _people() -> None:
    op.create_table(
        "rhythm",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("rhythm", TEXT, nullable=False),
        sa.Column("timezone", TEXT, nullable=False),
        sa.Column("hour", sa.SmallInteger, nullable=False),
        sa.Column("weekday", sa.SmallInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=True),
        sa.UniqueConstraint("rhythm", "timezone", "hour", "weekday"),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ref", TEXT, nullable=False, unique=True),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("choices", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("confirmed_at", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("secrets", TEXT, nullable=False),
        sa.Column("rhythm", sa.Integer, sa.ForeignKey("rhythm.id"), nullable=False),
        sa.Column("bounces", sa.Integer, nullable=False, server_default="0"),
        sa.Column("bounced_at", sa.BigInteger, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("subscription_address", "subscription", ["address", "channel"])
    op.create_index("subscription_state", "subscription", ["state", "created_at"])
    op.create_table(
        "interest",
        sa.Column("code", TEXT, primary_key=True),
        sa.Column("subscription", sa.Integer, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("topics", sa.Integer, nullable=False),
        sa.Column("substances", sa.Integer, nullable=False),
        sa.Column("notice_days", sa.Integer, nullable=False),
        sa.Column("rhythm", sa.Integer, nullable=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("channel", sa.SmallInteger, nullable=False),
        sa.Column("inside", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("interest_since", "interest", ["since"])
    op.create_table(
        "legend",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("words", TEXT, nullable=False),
    )


def _things() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", TEXT, nullable=False, unique=True),
        sa.Column("about", TEXT, nullable=False),
        sa.Column("published", sa.BigInteger, nullable=False),
        sa.Column("looked", sa.Integer, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("void", sa.Boolean, nullable=False),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_index("notice_about", "notice", ["about"])
    is_open = sa.text("open")
    op.create_index("notice_open", "notice", ["id"], sqlite_where=is_open, postgresql_where=is_open)
    # Rows arrive notice by notice, in the order of the subscriptions: both the table and its
    # index grow at few places only, however many subscriptions there are.
    op.create_table(
        "delivery",
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("notice", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("subscription", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.BigInteger, nullable=True),
        sa.Column("channel", sa.SmallInteger, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=True),
        sqlite_with_rowid=False,
    )
    waiting = sa.text("envelope IS NULL")
    # Without the subscription, PostgreSQL keeps the many equal entries of a notice once.
    op.create_index(
        "delivery_waiting",
        "delivery",
        ["channel", "due", "notice"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "envelope",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("subscription", sa.Integer, sa.ForeignKey("subscription.id"), nullable=False),
        sa.Column("channel", sa.SmallInteger, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lost", sa.Integer, nullable=False),
        sa.Column("doubtful", sa.Boolean, nullable=False),
        sa.Column("more", sa.Integer, nullable=False),
        sa.Column("notices", TEXT, nullable=False),
        sa.Column("worker", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("envelope_subscription", "envelope", ["subscription"])
    for name, columns, where in (
        ("envelope_due", ["channel", "due"], "state IN ('claimed', 'waiting')"),
        ("envelope_claimed", ["id"], "state = 'claimed'"),
        ("envelope_dead", ["ended"], "state = 'dead'"),
        ("envelope_sent", ["ended"], "state = 'sent'"),
    ):
        op.create_index(
            name, "envelope", columns,
            sqlite_where=sa.text(where), postgresql_where=sa.text(where),
        )  # fmt: skip
