"""What may happen and what follows from it, as plain functions over a database session."""
