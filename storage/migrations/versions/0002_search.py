"""Full-text search over resources: an FTS5 table on SQLite, a tsvector with a GIN index on PostgreSQL."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE resource_search USING fts5(title, tags, note, description, saver, tokenize = "
            "\"porter unicode61 remove_diacritics 2 categories 'L* N* Co M*'\")"  # marks are parts of words
        )
        op.execute(
            "CREATE TRIGGER resource_search_forget AFTER DELETE ON resource "
            "BEGIN DELETE FROM resource_search WHERE rowid = old.id; END"
        )
    else:
        # English stems like FTS5's porter, and like it without stop words: "IT" and "The Who" are found.
        op.execute("CREATE TEXT SEARCH DICTIONARY hearth_stem (TEMPLATE = snowball, Language = english)")
        op.execute("CREATE TEXT SEARCH CONFIGURATION hearth (COPY = pg_catalog.english)")
        op.execute(
            "ALTER TEXT SEARCH CONFIGURATION hearth ALTER MAPPING REPLACE english_stem WITH hearth_stem"
        )
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
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TEXT SEARCH CONFIGURATION hearth")
        op.execute("DROP TEXT SEARCH DICTIONARY hearth_stem")
