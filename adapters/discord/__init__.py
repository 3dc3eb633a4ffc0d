"""Discord: interactions and gateway events in, messages, modals and native events out, through discord.py."""
