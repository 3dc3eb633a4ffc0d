"""Reminders, and what sessions leave behind: who came, notes, feedback."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# SQLite changes a table by making it anew, which forgets that ids are never used again.
COUNTED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "checkin",
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hosting", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_checkin_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_checkin_person_id_person")),
        sa.PrimaryKeyConstraint("occurrence_id", "person_id", name=op.f("pk_checkin")),
    )
    op.create_table(
        "notes",
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("writer_id", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_notes_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(["writer_id"], ["person.id"], name=op.f("fk_notes_writer_id_person")),
        sa.PrimaryKeyConstraint("occurrence_id", name=op.f("pk_notes")),
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notes_writer_id"), ["writer_id"], unique=False)

    op.create_table(
        "noteswanted",
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_noteswanted_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_noteswanted_person_id_person")),
        sa.PrimaryKeyConstraint("occurrence_id", "person_id", name=op.f("pk_noteswanted")),
    )
    op.create_table(
        "feedback",
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("worth", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_feedback_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_feedback_person_id_person")),
        sa.PrimaryKeyConstraint("occurrence_id", "person_id", name=op.f("pk_feedback")),
    )
    op.create_table(
        "outcome",
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("worth", sa.JSON(), nullable=False),
        sa.Column("use", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_outcome_occurrence_id_occurrence")
        ),
        sa.PrimaryKeyConstraint("occurrence_id", name=op.f("pk_outcome")),
    )
    with op.batch_alter_table("occurrence", table_kwargs=COUNTED) as batch_op:
        batch_op.add_column(sa.Column("tend_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("tended_to", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_occurrence_tend_at"), ["tend_at"], unique=False)

    with op.batch_alter_table("rsvp", table_kwargs=COUNTED) as batch_op:
        batch_op.add_column(sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("reminded_to", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_rsvp_remind_at"), ["remind_at"], unique=False)

    _look_at_what_is_ahead()


def _look_at_what_is_ahead() -> None:
    """Have everything that is still to come looked at once, without making up for what was due before."""
    moment = sa.DateTime(timezone=True)
    occurrence = sa.table(
        "occurrence",
        sa.column("id"),
        sa.column("ends_at", moment),
        sa.column("cancelled_at", moment),
        sa.column("tend_at", moment),
        sa.column("tended_to", moment),
    )
    rsvp = sa.table(
        "rsvp",
        sa.column("occurrence_id"),
        sa.column("answer", sa.String()),
        sa.column("remind_at", moment),
        sa.column("reminded_to", moment),
    )
    now = datetime.now(UTC)
    ahead = sa.and_(occurrence.c.ends_at > now, occurrence.c.cancelled_at.is_(None))
    op.execute(occurrence.update().where(ahead).values(tend_at=now, tended_to=now))
    op.execute(
        rsvp.update()
        .where(
            rsvp.c.occurrence_id.in_(sa.select(occurrence.c.id).where(ahead)),
            rsvp.c.answer.in_(("yes", "maybe")),
        )
        .values(remind_at=now, reminded_to=now)
    )


def downgrade() -> None:
    with op.batch_alter_table("rsvp", table_kwargs=COUNTED) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rsvp_remind_at"))
        batch_op.drop_column("reminded_to")
        batch_op.drop_column("remind_at")

    with op.batch_alter_table("occurrence", table_kwargs=COUNTED) as batch_op:
        batch_op.drop_index(batch_op.f("ix_occurrence_tend_at"))
        batch_op.drop_column("tended_to")
        batch_op.drop_column("tend_at")

    op.drop_table("outcome")
    op.drop_table("feedback")
    op.drop_table("noteswanted")
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notes_writer_id"))

    op.drop_table("notes")
    op.drop_table("checkin")
