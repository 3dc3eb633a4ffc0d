"""Names people type for people and channels, and the ids made from them."""

import unicodedata

from bot.errors import BadValue
from bot.text import clean

NAME_LIMIT = 40
ID_LIMIT = 80
HOME = "general"


def slug(name: str, *, what: str) -> tuple[str, str]:
    """Return the id and the cleaned name for a typed name ("Mo Farah" → "mo-farah").

    Letters, digits and their marks of any script are kept. Raises BadValue, naming `what`, when
    nothing of the sort is in it or it is longer than 40 characters.
    """
    shown = " ".join(clean(name, limit=NAME_LIMIT, what=what).split()).lstrip("#@").strip()
    folded = unicodedata.normalize("NFKC", shown).casefold()
    made = "-".join("".join(c if _letter(c) or c in "-_" else " " for c in folded).split())
    if not any(_letter(c) for c in made) or len(made) > ID_LIMIT:
        raise BadValue(f"{what} needs at least one letter or digit.")
    return made, shown


def is_id(text: str) -> bool:
    """Say whether `text` could be the id of a person or channel, so that nothing odd reaches the store."""
    return 0 < len(text) <= ID_LIMIT and all(_letter(c) or c in "-_@." for c in text)


def _letter(c: str) -> bool:
    return unicodedata.category(c)[0] in "LNM"
