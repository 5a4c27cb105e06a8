"""Crawls: runs, every fetch, what is known of each page, observations, allowances."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; fetches and observations can only be added to."""
    op.create_table(
        "run",
        sa.Column("id", SEQ, primary_key=True, autoincrement=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("slot", TEXT, nullable=True),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("parser", TEXT, nullable=False),
        sa.Column("today", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("started", TEXT, nullable=False),
        sa.Column("ended", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("counts", TEXT, nullable=False),
        sa.UniqueConstraint("source", "slot", name="run_slot"),
    )
    op.create_index("run_source", "run", ["source", "id"])
    op.create_table(
        "fetch",
        sa.Column("id", SEQ, primary_key=True, autoincrement=True),
        sa.Column("run", SEQ, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("request_sha256", TEXT, nullable=True),
        sa.Column("about", TEXT, nullable=True),
        sa.Column("fetched_at", TEXT, nullable=False),
        sa.Column("how", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=True),
        sa.Column("size", SEQ, nullable=False),
        sa.Column("fault", TEXT, nullable=True),
        sa.Column("detail", TEXT, nullable=True),
    )
    op.create_index("fetch_run", "fetch", ["run", "id"])
    faulty = sa.text("fault IS NOT NULL")
    op.create_index(
        "fetch_fault", "fetch", ["source", "id"], sqlite_where=faulty, postgresql_where=faulty
    )
    op.create_table(
        "page",
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("fingerprint", TEXT, primary_key=True),
        sa.Column("run", SEQ, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", TEXT, nullable=False),
        sa.Column("fetched_at", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("parsed", TEXT, nullable=True),
    )
    op.create_table(
        "observation",
        sa.Column("id", SEQ, primary_key=True, autoincrement=True),
        sa.Column("run", SEQ, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("previous", SEQ, sa.ForeignKey("observation.id"), nullable=True),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("seen_at", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_index("observation_run", "observation", ["run", "id"])
    op.create_index("observation_key", "observation", ["source", "key", "id"])
    op.create_table(
        "document",
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("observation", SEQ, sa.ForeignKey("observation.id"), nullable=True),
        sa.Column("digest", TEXT, nullable=True),
        sa.Column("version", TEXT, nullable=True),
        sa.Column("first_seen", TEXT, nullable=True),
        sa.Column("last_seen", TEXT, nullable=True),
        sa.Column("last_changed", TEXT, nullable=True),
        sa.Column("fault", TEXT, nullable=True),
        sa.Column("detail", TEXT, nullable=True),
        sa.Column("fault_at", TEXT, nullable=True),
    )
    op.create_table(
        "allowance",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("period", TEXT, primary_key=True),
        sa.Column("spent", SEQ, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


# `fetch` is a reserved word of PostgreSQL: names of tables are quoted.


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'evidence is append-only'; END $$"
    )
    for table in ("fetch", "observation"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f'ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()'
        )
        op.execute(f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER {table}_append_only')


def _guard_sqlite() -> None:
    for table in ("fetch", "observation"):
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
