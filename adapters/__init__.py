"""The dialects: what each chat platform says and draws, translated to and from events and answers."""
