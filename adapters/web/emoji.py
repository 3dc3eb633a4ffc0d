"""The reactions the web chat offers: short names as Slack and Discord call them, and their characters."""

from collections.abc import Mapping

# The first row is what the picker shows before anything is typed.
COMMON: tuple[str, ...] = (
    "bookmark", "white_check_mark", "question", "x", "star", "thumbsup", "heart", "tada",
)  # fmt: skip

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
    "sweat_smile": "😅",
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
