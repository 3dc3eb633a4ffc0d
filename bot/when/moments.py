"""What was said to the moment meant, or to the question that settles it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from bot.errors import BadValue
from bot.when import clocks, days, foreign, grammar
from bot.when.clocks import Option
from bot.when.days import Day
from bot.when.reading import EXAMPLES, Reading, Unread
from bot.when.words import WEEKDAYS, long_date, question, quoted
from bot.when.zones import name_of

MOST_CHOICES = 4
_FURTHEST = timedelta(days=366 * days.YEARS_AHEAD)
_A_YEAR = timedelta(days=370)


def moment(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the future moment meant by a speaker in `zone`, aware, in the zone the text names or else in theirs.

    A weekday is the coming one, today's while its time lies ahead. "Next thursday" is the
    Thursday of the next Monday-to-Sunday week: for a day that has passed this week all
    speakers agree, and one still to come this week would be called "thursday". A date
    without a year is the next such date. The hour after "at" is on the 24-hour clock only where it can be nothing else.

    Raises BadValue, with `choices` that each read as exactly one moment, when the text is
    unreadable, lacks the time of day or the day, can mean several moments, has passed, is over
    five years ahead, or falls in an hour that a clock change skips or repeats.
    """
    if now.tzinfo is None:
        raise ValueError("`now` must be aware")
    now = now.astimezone(UTC)  # two moments in one zone would be compared by wall clock alone
    try:
        reading = grammar.read(text)
    except Unread:
        guess = foreign.guess(text, now=now, zone=zone)
        if guess is None:
            raise
        # Another language: never trusted unseen, but worth offering.
        shown = _choice(guess, zone)
        raise BadValue(
            f"I am not sure what {quoted(text)} means. Is it {say(guess)}? Then write “{shown}”.", (shown,)
        ) from None
    return _settle(text, reading, now, zone)


@dataclass(slots=True)
class _Found:
    """Everything one text may mean: what lies ahead, and the ways in which it fails to."""

    ahead: list[datetime] = field(default_factory=list)
    skipped: list[datetime] = field(default_factory=list)
    repeated: list[datetime] = field(default_factory=list)
    passed: list[datetime] = field(default_factory=list)
    missed: list[datetime] = field(default_factory=list)
    next_after_missed: list[datetime] = field(default_factory=list)
    far: list[datetime] = field(default_factory=list)


def _settle(text: str, reading: Reading, now: datetime, zone: ZoneInfo) -> datetime:
    zones = reading.zone.readings(zone, now) if reading.zone else (zone,)
    if reading.ahead is not None:
        at = (now + reading.ahead).replace(second=0, microsecond=0).astimezone(zones[0])
        if at <= now:
            raise question("That is not in the future.", ("in 1 hour",))
        return _near_enough(at, now)
    said = reading.days_said()
    if reading.clock is None:
        raise _no_clock(reading, said, now, zone)
    if reading.week is not None and not said:
        raise BadValue("Which day of that week? Add it, for example “tue next week 15:00”.")
    options = clocks.options(reading.clock, reading.part, dated=bool(said))
    if not options:
        raise BadValue(
            f"That time is not in the {reading.part}. Say one or the other, for example {EXAMPLES}."
        )
    found = _Found()
    for tz in zones:
        todays = {now.astimezone(tz).date()}
        if any(day.local for day in said):
            todays.add(now.astimezone(zone).date())
        for today in sorted(todays):
            for day in said or (days.any_day(),):
                for option in options:
                    _look(found, day, today, option, tz, now)
    return _one(text, reading, found, len(said) > 1, now, zone)


def _look(found: _Found, day: Day, today: date, option: Option, tz: tzinfo, now: datetime) -> None:
    """Note the first date of the day whose moment lies ahead, and what was passed over on the way."""
    shift, at = option
    just_missed: datetime | None = None
    for on in day.dates(today):
        real, instants = _instants(on + timedelta(shift), at, tz)
        future = [i for i in instants if i > now]
        if not future:
            just_missed = instants[-1]
            continue
        if just_missed and now - just_missed < day.missed:
            found.missed.append(just_missed)
            found.next_after_missed += future
        elif day.missed and future[0] - now > _A_YEAR:
            found.far += future
        elif not real:
            found.skipped += future
        elif len(future) > 1:
            found.repeated += future
        else:
            found.ahead += future
        return
    if just_missed:
        found.passed.append(just_missed)


def _instants(day: date, at: time, tz: tzinfo) -> tuple[bool, list[datetime]]:
    """Return whether the wall time exists, and its moments: two when a clock change repeats it.

    For one that is skipped they are the moments as far before and after the change.
    """
    local = datetime.combine(day, at, tz)
    both = sorted({local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})
    moments = [instant.astimezone(tz) for instant in both]
    real = all(m.replace(tzinfo=None, fold=0) == local.replace(tzinfo=None) for m in moments)
    return real, moments


def _one(
    text: str, reading: Reading, found: _Found, two_days: bool, now: datetime, zone: ZoneInfo
) -> datetime:
    ahead = _agreeing(reading, _distinct(found.ahead), zone)
    others = _distinct(found.skipped + found.repeated + found.next_after_missed + found.far)
    if len(ahead) == 1 and not others and not (two_days and found.passed):
        return _near_enough(_in_own(ahead[0], zone), now)
    if not ahead and not others:
        raise _passed(found, now, zone)
    choices = [_choice(at, zone) for at in _in_order([*ahead, *others]) if at - now <= _FURTHEST][
        :MOST_CHOICES
    ]
    if ahead:
        both = _in_order([*ahead, *others])
        named = " or ".join(map(say, both)) if len(both) == 2 else "several times"
        raise question(f"{quoted(text)} can mean {named}.", choices)
    if found.missed:
        raise question(f"{say(found.missed[0])} has passed.", choices)
    at = others[0]
    if found.far:
        raise question(f"The next one is {say(at)}.", choices)
    wall = f"on {long_date(at.date())} in {name_of(at.tzinfo or zone, at)}"
    if found.skipped:
        raise question(f"The clocks skip that time {wall}.", choices)
    raise question(f"The clocks go back {wall}, so that time comes twice.", choices)


def _agreeing(reading: Reading, moments: list[datetime], zone: ZoneInfo) -> list[datetime]:
    """Return the moments on the weekday that was said beside the date. Raises BadValue when none is."""
    if not reading.day or reading.weekday is None or not moments:
        return moments
    agreeing = [at for at in moments if at.weekday() == reading.weekday]
    if agreeing:
        return agreeing
    wanted, at = WEEKDAYS[reading.weekday], moments[0]
    day = f"{at.day} {at:%B %Y}"
    raise question(
        f"{day} is a {WEEKDAYS[at.weekday()]}, not a {wanted}.", (_choice(m, zone) for m in moments)
    )


def _passed(found: _Found, now: datetime, zone: ZoneInfo) -> BadValue:
    at = _in_order(found.passed)[-1]
    candidates = [at + timedelta(days=n) for n in (1, 7)] if now - at < timedelta(days=8) else []
    later = (days.valid(now.astimezone(at.tzinfo).year + n, at.month, at.day) for n in range(3))
    candidates += [datetime.combine(d, at.timetz()) for d in later if d]
    offered = next((c for c in candidates if c > now and _plain(c)), None)
    return question(f"{say(at)} has passed.", [_choice(offered, zone)] if offered else ())


def _no_clock(reading: Reading, said: tuple[Day, ...], now: datetime, zone: ZoneInfo) -> BadValue:
    if not said:
        return BadValue(f"Please give the day and the time, for example {EXAMPLES}.")
    today = now.astimezone(zone).date()
    dates = next(([d for d in day.dates(today) if d >= today] for day in said), [])
    on = f" on {long_date(dates[0])}" if dates and len(said) == 1 else ""
    return BadValue(f"At what time{on}? Add it, for example “15:00”.")


def _near_enough(at: datetime, now: datetime) -> datetime:
    if at - now > _FURTHEST:
        raise BadValue(f"{say(at)} is more than {days.YEARS_AHEAD} years ahead. Please check the year.")
    return at


def _in_order(moments: list[datetime]) -> list[datetime]:
    return sorted(moments, key=lambda at: at.astimezone(UTC))


def _distinct(moments: list[datetime]) -> list[datetime]:
    by_instant: dict[datetime, datetime] = {}
    for at in moments:
        by_instant.setdefault(at.astimezone(UTC), at)
    return list(by_instant.values())


def _in_own(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment in the speaker's zone where the wall time is the same there, so that a series keeps it."""
    own = at.astimezone(zone)
    return own if not isinstance(at.tzinfo, ZoneInfo) and own.utcoffset() == at.utcoffset() else at


def _plain(at: datetime) -> bool:
    real, instants = _instants(at.date(), at.time().replace(fold=0), at.tzinfo or UTC)
    return real and len(instants) == 1


def _choice(at: datetime, zone: ZoneInfo) -> str:
    """Return the moment as text that reads as exactly this moment and no other."""
    own = _in_own(at, zone)
    wall = f"{own:%Y-%m-%d %H:%M}" + (f":{own.second:02}" if own.second else "")
    if not _plain(own):
        return f"{wall} {name_of(timezone(own.utcoffset() or timedelta(0)), own)}"
    return wall if own.tzinfo is zone else f"{wall} {name_of(own.tzinfo or zone, own)}"


def say(at: datetime) -> str:
    """Return for example "Tuesday 3 March 2026, 15:00 (Europe/London)"."""
    return f"{long_date(at.date())}, {at:%H:%M} ({name_of(at.tzinfo or UTC, at)})"
