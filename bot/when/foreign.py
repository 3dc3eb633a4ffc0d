"""A guess at times in other languages, only ever offered to the person, never taken."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_LANGUAGES = ["de", "fr", "es", "pt", "it", "nl"]
_LONGEST = 60
_UNTOUCHED = 123457  # microseconds no one types: still there when no time of day was read


def guess(text: str, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the future moment, in whole minutes, that dateparser reads in the text, if any.

    It drops words it does not know ("morgen um 15 Uhr" loses its hour), hence only a guess.
    """
    if len(text) > _LONGEST or not (any(map(str.isdigit, text)) and any(map(str.isalpha, text))):
        return None
    import dateparser  # heavy: imported when a text is in no language of ours

    base = now.astimezone(zone).replace(tzinfo=None, second=0, microsecond=_UNTOUCHED)
    try:
        naive = dateparser.parse(
            text, languages=_LANGUAGES, settings={"PREFER_DATES_FROM": "future", "RELATIVE_BASE": base}
        )
    except Exception:  # it fails in many ways on odd text, and a guess is never needed
        return None
    if naive is None or naive.tzinfo or naive.second or naive.microsecond or not (naive.hour or naive.minute):
        return None  # midnight is what it makes of a date alone
    at = naive.replace(tzinfo=zone)
    return at if at.astimezone(UTC) > now.astimezone(UTC) else None
