"""Slack as one of Hearth's platforms."""
