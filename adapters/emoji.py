"""Reactions by the short names that chat platforms share, and the characters people see and type."""

from collections.abc import Mapping

EMOJI: Mapping[str, str] = {
    "bookmark": "🔖",
    "white_check_mark": "✅",
    "question": "❓",
    "x": "❌",
    "star": "⭐",
    "pushpin": "📌",
    "thumbsup": "👍",
    "thumbsdown": "👎",
    "heart": "❤️",
    "tada": "🎉",
    "raised_hands": "🙌",
    "clap": "👏",
    "pray": "🙏",
    "wave": "👋",
    "eyes": "👀",
    "bulb": "💡",
    "fire": "🔥",
    "rocket": "🚀",
    "thinking_face": "🤔",
    "smile": "😄",
    "joy": "😂",
    "cry": "😢",
    "100": "💯",
    "books": "📚",
    "calendar": "📅",
    "coffee": "☕",
    "seedling": "🌱",
    "warning": "⚠️",
    "hourglass": "⌛",
    "speech_balloon": "💬",
    "muscle": "💪",
}

_VARIATION = "\ufe0f"  # asks for a coloured drawing; keyboards add it or not
_NAMES = {drawn.rstrip(_VARIATION): name for name, drawn in EMOJI.items()}


def name_of(typed: str) -> str:
    """Return the short name of an emoji typed as a character, `:name:` or `name`; others as they are."""
    return _NAMES.get(typed.rstrip(_VARIATION)) or typed.strip(":").lower() or typed


def drawn(name: str) -> str:
    """Return the character for a short name, `:name:` where there is none here."""
    return EMOJI.get(name, f":{name}:")
