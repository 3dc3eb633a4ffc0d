"""The people who answered a session in order, to be counted without reading each."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_rsvp_queue", "rsvp", ["occurrence_id", "answer", "place", "person_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_rsvp_queue", "rsvp")
