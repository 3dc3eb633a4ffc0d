"""Calendars: feeds, imported events, and when sessions last changed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# SQLite changes a table by making it anew, which forgets that ids are never used again.
COUNTED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_feed_community_id_community")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_feed_person_id_person")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_feed")),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_feed_person_id"), ["person_id"], unique=False)

    op.create_table(
        "imported",
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_imported_community_id_community")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_imported_session_id_session")),
        sa.PrimaryKeyConstraint("community_id", "uid", name=op.f("pk_imported")),
    )
    with op.batch_alter_table("imported", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imported_session_id"), ["session_id"], unique=False)

    with op.batch_alter_table("plan", table_kwargs=COUNTED) as batch_op:
        batch_op.add_column(sa.Column("sequence", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("occurrence", table_kwargs=COUNTED) as batch_op:
        batch_op.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("occurrence", table_kwargs=COUNTED) as batch_op:
        batch_op.drop_column("changed_at")

    with op.batch_alter_table("plan", table_kwargs=COUNTED) as batch_op:
        batch_op.drop_column("changed_at")
        batch_op.drop_column("sequence")

    with op.batch_alter_table("imported", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_imported_session_id"))

    op.drop_table("imported")
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feed_person_id"))
        batch_op.drop_index(batch_op.f("ix_feed_community_id"))

    op.drop_table("feed")
