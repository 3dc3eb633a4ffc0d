"""Platform-neutral messages and input: spans, cards, forms, and the calls that buttons carry."""
