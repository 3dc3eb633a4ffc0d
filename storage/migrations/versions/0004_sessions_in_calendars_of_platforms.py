"""Sessions in calendars of platforms."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mirror",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("shows", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_mirror_occurrence_id_occurrence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mirror")),
        sa.UniqueConstraint(
            "occurrence_id", "platform", "workspace", name=op.f("uq_mirror_occurrence_id_platform_workspace")
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("mirror")
