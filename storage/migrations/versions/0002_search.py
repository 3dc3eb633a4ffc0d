"""Full-text search over resources: an FTS5 table on SQLite, a tsvector with a GIN index on PostgreSQL."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE resource_search USING fts5("
            "title, tags, note, description, saver, tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        op.execute(
            "CREATE TRIGGER resource_search_forget AFTER DELETE ON resource "
            "BEGIN DELETE FROM resource_search WHERE rowid = old.id; END"
        )
    else:
        op.execute(
            "CREATE TABLE resource_search ("
            "resource_id integer CONSTRAINT pk_resource_search PRIMARY KEY "
            "CONSTRAINT fk_resource_search_resource_id_resource REFERENCES resource (id) ON DELETE CASCADE, "
            "words tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX resource_search_words ON resource_search USING gin (words)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER resource_search_forget")
    op.execute("DROP TABLE resource_search")
