"""Cards: what the core knows, drawn for people; pure functions from values to a Card."""
