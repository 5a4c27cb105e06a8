"""Review: what was read, what each reading proposes, and what was decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("reading", "proposal", "decision")


def upgrade() -> None:
    """Create the tables; all three can only be added to."""
    op.create_table(
        "reading",
        sa.Column("id", SEQ, primary_key=True, autoincrement=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("text_sha256", TEXT, nullable=True),
        sa.Column("reader", TEXT, nullable=False),
        sa.Column("made_at", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=True),
    )
    op.create_index("reading_document", "reading", ["source", "key", "id"])
    op.create_table(
        "proposal",
        sa.Column("id", SEQ, primary_key=True, autoincrement=True),
        sa.Column("reading", SEQ, sa.ForeignKey("reading.id"), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("slot", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_index("proposal_name", "proposal", ["name", "id"])
    op.create_index("proposal_reading", "proposal", ["reading"])
    op.create_table(
        "decision",
        sa.Column("id", SEQ, primary_key=True, autoincrement=True),
        sa.Column("proposal", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("decided_at", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=True),
        sa.Column("rests", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=True),
    )
    op.create_index("decision_proposal", "decision", ["proposal", "id"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_postgresql() -> None:
    for table in TABLES:  # `refuse_rewriting` is that of the revision before
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f'ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()'
        )
        op.execute(f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER {table}_append_only')


def _guard_sqlite() -> None:
    for table in TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f'CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON "{table}" '
                "BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END"
            )
        last = f'(SELECT coalesce(max(id), 0) FROM "{table}")'  # noqa: S608
        # INSERT OR REPLACE removes the row in its way without a DELETE that a trigger sees.
        op.execute(
            f'CREATE TRIGGER {table}_no_replace BEFORE INSERT ON "{table}" '
            f"WHEN NEW.id > 0 AND NEW.id <= {last} "
            "BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END"
        )
