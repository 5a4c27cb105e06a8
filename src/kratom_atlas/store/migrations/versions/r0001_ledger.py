"""The ledger: batches of the repository and lines, which nothing can change or remove."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Bytes decide the order, on every server: recorded time is compared as text.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and what guards them."""
    op.create_table(
        "batch",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
    )
    op.create_table(
        "line",
        sa.Column("seq", SEQ, primary_key=True, autoincrement=False),
        sa.Column("batch", sa.Integer(), sa.ForeignKey("batch.number"), nullable=True),
        sa.Column("op", TEXT, nullable=False),
        sa.Column("part", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("statement", TEXT, nullable=False),
        sa.Column("previous", TEXT, nullable=True),
        sa.Column("recorded_at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("confirms", SEQ, sa.ForeignKey("line.seq"), nullable=True),
        sa.Column("echo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("NOT echo OR confirms IS NOT NULL", name="line_echo"),
        sa.CheckConstraint("confirms IS NULL OR batch IS NOT NULL", name="line_confirms"),
    )
    op.create_index("line_recorded", "line", ["recorded_at", "seq"])
    op.create_index("line_subject", "line", ["subject", "part"])
    op.create_index("line_confirmed", "line", ["confirms"], unique=True)
    local = sa.text("batch IS NULL")
    op.create_index("line_local", "line", ["seq"], sqlite_where=local, postgresql_where=local)
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    for table in ("batch", "line"):
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
    # INSERT OR REPLACE removes the row in its way without a DELETE that a trigger sees.
    op.execute(
        "CREATE TRIGGER batch_no_replace BEFORE INSERT ON batch "
        "WHEN EXISTS (SELECT 1 FROM batch WHERE number = NEW.number) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER line_no_replace BEFORE INSERT ON line "
        "WHEN EXISTS (SELECT 1 FROM line WHERE seq = NEW.seq OR confirms = NEW.confirms) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
    )
    for table in ("batch", "line"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
