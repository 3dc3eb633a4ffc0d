"""Which stretch of days is meant: "this week", "march", "next 10 days", "14 May"."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.errors import BadValue
from bot.when import grammar
from bot.when.words import MONTH_WORDS, NUMBER_WORDS, alternatives, question, tidy, unreadable

_EXAMPLES = "“this week”, “march” or “14 May”"
_WEEK = re.compile(r"(?P<which>this|next|last) week")
_WEEKEND = re.compile(r"(?P<which>this |the |next )?weekend")
_MONTH = re.compile(
    rf"(?:in )?(?:(?P<rel>this|next|last) month|(?P<mon>{alternatives(MONTH_WORDS)})\.?(?: (?P<y>20[0-9]{{2}}))?)"
)
_ISO_MONTH = re.compile(r"(?P<y>20[0-9]{2})-(?P<m>0[1-9]|1[0-2])")
_YEAR = re.compile(r"(?:in )?(?:(?P<rel>this|next) year|(?P<y>20[0-9]{2}))")
_AHEAD = re.compile(
    rf"(?:the )?next (?P<n>[0-9]{{1,3}}|{alternatives(NUMBER_WORDS)}) (?P<unit>day|week|month)s?"
)
_STEPS = {"last": -1, "this": 0, "next": 1}


def span(text: str, *, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the half-open stretch [start, end) meant, aware, in `zone`: whole days, weeks or months.

    "next 10 days" runs from now; a month without a year is the current or the coming one.
    Raises BadValue when the text is unreadable or can mean several dates.
    """
    plain = tidy(text)
    if not plain:
        raise unreadable(text, "a stretch of time", _EXAMPLES)
    today = now.astimezone(zone).date()
    if m := _AHEAD.fullmatch(plain):
        n = NUMBER_WORDS.get(m["n"]) or int(m["n"])
        end = (
            _month_start(today, n, day=today.day)
            if m["unit"] == "month"
            else today + timedelta(n * (7 if m["unit"] == "week" else 1))
        )
        return now.astimezone(zone), datetime.combine(end + timedelta(1), time(0), zone)
    first, after = _dates(plain, text, today)
    return datetime.combine(first, time(0), zone), datetime.combine(after, time(0), zone)


def _dates(plain: str, text: str, today: date) -> tuple[date, date]:
    monday = today - timedelta(today.weekday())
    if m := _WEEK.fullmatch(plain):
        start = monday + timedelta(7 * _STEPS[m["which"]])
        return start, start + timedelta(7)
    if m := _WEEKEND.fullmatch(plain):
        saturday = monday + timedelta(12 if m["which"] == "next " else 5)
        return saturday, saturday + timedelta(2)
    if m := _MONTH.fullmatch(plain):
        ahead = _STEPS[m["rel"]] if m["rel"] else 0
        if m["mon"]:
            month = MONTH_WORDS[m["mon"]]
            ahead = (
                ((int(m["y"]) - today.year) * 12 + month - today.month)
                if m["y"]
                else (month - today.month) % 12
            )
        return _month_start(today, ahead), _month_start(today, ahead + 1)
    if m := _ISO_MONTH.fullmatch(plain):
        start = date(int(m["y"]), int(m["m"]), 1)
        return start, _month_start(start, 1)
    if m := _YEAR.fullmatch(plain):
        year = int(m["y"]) if m["y"] else today.year + _STEPS[m["rel"]]
        return date(year, 1, 1), date(year + 1, 1, 1)
    day = _day(text, today)
    return day, day + timedelta(1)


def _month_start(today: date, ahead: int, day: int = 1) -> date:
    months = today.year * 12 + today.month - 1 + ahead
    first = date(months // 12, months % 12 + 1, 1)
    following = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    return min(first + timedelta(day - 1), following - timedelta(1))


def _day(text: str, today: date) -> date:
    reading = grammar.read(text)
    said = reading.days_said()
    if not said or reading.clock or reading.zone or reading.ahead is not None:
        raise unreadable(text, "a day or a stretch of days", _EXAMPLES)
    found = []
    for day in said:
        dates = day.dates(today)
        found += [d for d in dates if d >= today][:1] or dates[-1:]
    if reading.day and reading.weekday is not None:
        found = [d for d in found if d.weekday() == reading.weekday]
    if not found:
        raise BadValue(f"There is no such day. Try for example {_EXAMPLES}.")
    if len(set(found)) > 1:
        raise question("That can be either of two dates.", (d.isoformat() for d in found))
    return found[0]
