"""Slot polls, drafts of a quarter's sessions, and days on which a community does not meet."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "break",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(), nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_break_community_id_community")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("break", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_break_community_id"), ["community_id"], unique=False)

    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("first", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("rotate", sa.Boolean(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_draft_community_id_community")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_draft_made_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_draft_made_by"), ["made_by"], unique=False)

    op.create_table(
        "draftsession",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draftsession_draft_id_draft")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_draftsession_occurrence_id_occurrence")
        ),
        sa.PrimaryKeyConstraint("draft_id", "number", name=op.f("pk_draftsession")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "slotpoll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("picked", sa.Integer(), nullable=True),
        sa.Column("occurrence_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_slotpoll_community_id_community")
        ),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_slotpoll_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_slotpoll_opened_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slotpoll")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("slotpoll", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slotpoll_closes_at"), ["closes_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_slotpoll_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slotpoll_opened_by"), ["opened_by"], unique=False)

    op.create_table(
        "slot",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["slotpoll.id"], name=op.f("fk_slot_poll_id_slotpoll")),
        sa.PrimaryKeyConstraint("poll_id", "number", name=op.f("pk_slot")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "slotvote",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_slotvote_person_id_person")),
        sa.ForeignKeyConstraint(["poll_id"], ["slotpoll.id"], name=op.f("fk_slotvote_poll_id_slotpoll")),
        sa.PrimaryKeyConstraint("poll_id", "number", "person_id", name=op.f("pk_slotvote")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("slotvote")
    op.drop_table("slot")
    with op.batch_alter_table("slotpoll", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_slotpoll_opened_by"))
        batch_op.drop_index(batch_op.f("ix_slotpoll_community_id"))
        batch_op.drop_index(batch_op.f("ix_slotpoll_closes_at"))

    op.drop_table("slotpoll")
    op.drop_table("draftsession")
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draft_made_by"))
        batch_op.drop_index(batch_op.f("ix_draft_community_id"))

    op.drop_table("draft")
    with op.batch_alter_table("break", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_break_community_id"))

    op.drop_table("break")
