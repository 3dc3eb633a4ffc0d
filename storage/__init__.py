"""Rows and how they are kept: the only room that knows SQL engines, tables and migrations."""
