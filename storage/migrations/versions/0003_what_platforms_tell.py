"""What platforms tell: who was welcomed where, and when a channel was closed or opened."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite changes a table by making it anew, which forgets that ids are never used again.
COUNTED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "greeting",
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_greeting_community_id_community")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_greeting_person_id_person")),
        sa.PrimaryKeyConstraint("community_id", "person_id", name=op.f("pk_greeting")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("channel", table_kwargs=COUNTED) as batch_op:
        batch_op.add_column(sa.Column("turned_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("community", table_kwargs=COUNTED) as batch_op:
        batch_op.add_column(sa.Column("welcome", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("community", table_kwargs=COUNTED) as batch_op:
        batch_op.drop_column("welcome")

    with op.batch_alter_table("channel", table_kwargs=COUNTED) as batch_op:
        batch_op.drop_column("turned_at")

    op.drop_table("greeting")
