"""Series: what repeats, and what one occurrence says otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# SQLite changes a table by making it anew, which forgets that ids are never used again.
COUNTED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts_wall", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("planned_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_plan_session_id_session")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_planned_to"), ["planned_to"], unique=False)
        batch_op.create_index(batch_op.f("ix_plan_session_id"), ["session_id"], unique=False)

    with op.batch_alter_table("occurrence", table_kwargs=COUNTED) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("plan_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("title", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("place", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("description", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("capacity", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("sequence", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index(batch_op.f("ix_occurrence_plan_id"), ["plan_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_occurrence_plan_id_plan"), "plan", ["plan_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("occurrence", table_kwargs=COUNTED) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_occurrence_plan_id_plan"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_occurrence_plan_id"))
        batch_op.drop_column("sequence")
        batch_op.drop_column("capacity")
        batch_op.drop_column("description")
        batch_op.drop_column("place")
        batch_op.drop_column("title")
        batch_op.drop_column("announced_at")
        batch_op.drop_column("planned_at")
        batch_op.drop_column("plan_id")
        batch_op.drop_column("reason")

    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_session_id"))
        batch_op.drop_index(batch_op.f("ix_plan_planned_to"))

    op.drop_table("plan")
