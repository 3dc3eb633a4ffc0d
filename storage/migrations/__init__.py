"""The history of the schema: one numbered step after another, never changed once released."""
