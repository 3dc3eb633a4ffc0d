"""The words people can say: each command reads its arguments, calls a rule, and chooses a card."""
