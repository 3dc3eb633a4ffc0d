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
    """Return the future moment meant by a speaker in `zone`: aware, in the zone named or else theirs.

    A weekday is the coming one, today's while its time lies ahead. "Next thursday" is the
    Thursday of the next Monday-to-Sunday week: for a day that has passed this week all
    speakers agree, and one still to come this week would be called "thursday". A date
    without a year is the next such date. "In 2 hours" is elapsed time, "in 3 days" counts the
    calendar. An hour that may be morning or evening ("at 3", 3:30) is asked about.

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
        if guess is None or guess - now > _FURTHEST:
            raise
        # Another language: never trusted unseen, but worth offering.
        shown = _choice(guess, zone)
        raise BadValue(
            f"I am not sure what {quoted(text)} means. Is it {say(guess)}? Then write “{shown}”.", (shown,)
        ) from None
    return _settle(text, reading, now, zone)


@dataclass(slots=True)
class _Found:
    """Everything one text may mean: what lies ahead of `now`, and the ways in which it fails to.

    `weekday` is one said beside the date, which must agree with it.
    """

    now: datetime
    weekday: int | None
    ahead: list[datetime] = field(default_factory=list)
    skipped: list[datetime] = field(default_factory=list)
    repeated: list[datetime] = field(default_factory=list)
    passed: list[datetime] = field(default_factory=list)
    missed: list[datetime] = field(default_factory=list)
    next_after_missed: list[datetime] = field(default_factory=list)
    far: list[datetime] = field(default_factory=list)
    disagreeing: list[datetime] = field(default_factory=list)

    def look(self, day: Day, today: date, option: Option, tz: tzinfo) -> None:
        """Note the first date of the day whose moment lies ahead, and what was passed over on the way."""
        shift, at = option
        just_missed: datetime | None = None
        for on in day.dates(today):
            real, instants = _instants(on + timedelta(shift), at, tz)
            future = [i for i in instants if i > self.now]
            if not future:
                just_missed = instants[-1]
                continue
            if self.weekday not in (None, on.weekday()):
                self.disagreeing += future
            elif just_missed and self.now - just_missed < day.missed:
                self.missed.append(just_missed)
                self.next_after_missed += future
            elif day.missed and future[0] - self.now > _A_YEAR:
                self.far += future
            elif not real:
                self.skipped += future
            elif len(future) > 1:
                self.repeated += future
            else:
                self.ahead += future
            return
        if just_missed:
            self.passed.append(just_missed)


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
    found = _Found(now, reading.weekday if reading.day else None)
    for tz in zones:
        todays = {now.astimezone(tz).date()}
        if any(day.local for day in said):
            todays.add(now.astimezone(zone).date())
        for today in sorted(todays):
            for day in said or (days.any_day(),):
                for option in options:
                    found.look(day, today, option, tz)
    return _one(text, found, zone, two_days=len(said) > 1)


def _instants(day: date, at: time, tz: tzinfo) -> tuple[bool, list[datetime]]:
    """Return whether the wall time exists, and its moments: two when a clock change repeats it.

    For one that is skipped they are the moments as far before and after the change.
    """
    local = datetime.combine(day, at, tz)
    both = sorted({local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})
    moments = [instant.astimezone(tz) for instant in both]
    real = all(m.replace(tzinfo=None, fold=0) == local.replace(tzinfo=None) for m in moments)
    return real, moments


def _one(text: str, found: _Found, zone: ZoneInfo, *, two_days: bool) -> datetime:
    now = found.now
    ahead = _distinct(found.ahead)
    others = _distinct(found.skipped + found.repeated + found.next_after_missed + found.far)
    if len(ahead) == 1 and not others and not (two_days and found.passed):
        return _near_enough(_in_own(ahead[0], zone), now)
    choices = _choices([*ahead, *others], now, zone)
    if ahead:
        both = _in_order([*ahead, *others, *(found.passed if two_days else ())])
        named = " or ".join(map(say, both)) if len(both) == 2 else "several times"
        raise question(f"{quoted(text)} can mean {named}.", choices)
    if found.missed:
        raise question(f"{say(found.missed[0])} has passed.", choices)
    if found.far:
        raise question(f"The next one is {say(found.far[0])}.", choices)
    if others:
        wall = f"on {long_date(others[0].date())} in {name_of(others[0].tzinfo or zone, others[0])}"
        if found.skipped:
            raise question(f"The clocks skip that time {wall}.", choices)
        raise question(f"The clocks go back {wall}, so that time comes twice.", choices)
    if found.disagreeing and found.weekday is not None:
        on = long_date(found.disagreeing[0].date())
        raise question(f"{on} is not a {WEEKDAYS[found.weekday]}.", _choices(found.disagreeing, now, zone))
    if not found.passed:
        raise BadValue(f"There is no such day as in {quoted(text)}. Please check the date.")
    at = _in_order(found.passed)[-1]
    raise question(f"{say(at)} has passed.", _choices(_instead_of(at, now), now, zone))


def _instead_of(passed: datetime, now: datetime) -> list[datetime]:
    """Return what was perhaps meant by a moment that has passed: a day or a week on, or that day of a later year."""
    if now - passed < timedelta(days=8):
        return [at for n in (1, 7) if (at := passed + timedelta(days=n)) > now and _plain(at)]
    later = (days.valid(now.astimezone(passed.tzinfo).year + n, passed.month, passed.day) for n in range(3))
    moments = [datetime.combine(d, passed.timetz()) for d in later if d]
    return [at for at in moments if at > now and _plain(at)][:1]


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


def _choices(moments: list[datetime], now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the moments near enough to be accepted, as text, in order, at most four."""
    near = [at for at in _in_order(_distinct(moments)) if at - now <= _FURTHEST]
    return [_choice(at, zone) for at in near[:MOST_CHOICES]]


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
