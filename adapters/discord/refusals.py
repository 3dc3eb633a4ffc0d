"""What Discord's refusals mean: our own table of errors, for people who have to mend them."""

import traceback

import aiohttp
import discord

from adapters.discord.watch import BANNED, Attempt, from_the_wall, seconds_of
from bot.chat import Refused, RetryLater, Undeliverable

UNKNOWN_CHANNEL = 10003
UNKNOWN_MEMBER = 10007
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
ALREADY_ACKNOWLEDGED = 40060
OLD_TOKEN = 50027
INVALID_FORM = 50035
EDITED_TOO_OFTEN = 30046
EDIT_PAUSE = 3600.0  # seconds; Discord names none, and counts edits of messages older than an hour

# Codes of https://discord.com/developers/docs/topics/opcodes-and-status-codes#json, by what a facilitator can do.
_PLACE = {
    UNKNOWN_CHANNEL: "the channel no longer exists",
    10004: "the bot is no longer in that server",
    10013: "there is no such person any more",
    50001: "the bot may not see the channel: give it “View Channel” there",
    50007: "this person takes no direct messages from the bot",
    50008: "nothing can be written in a channel of that kind",
    50013: "the bot may not write in the channel: give it “Send Messages”, “Embed Links” and “Attach Files” there",
    50083: "the thread is archived and locked",
    50278: "this person shares no server with the bot any more",
    50024: "nothing can be written in a channel of that kind",
    40001: "the bot may not do that there",
}
_MESSAGE = {
    UNKNOWN_MESSAGE: "the message was deleted",
    50005: "the message is not the bot's own",
    50006: "the message was empty",
    INVALID_FORM: "Discord refused the form of the message",
    30038: "the server has as many events as Discord allows",
    40005: "the files are too large for this server",
    20028: "Discord limits how often this channel may be written in",
    200000: "the server's AutoMod does not allow the message",
    240000: "the message has links that Discord does not allow",
}


def described(error: BaseException) -> str:
    """Return what kind of error it is and where it arose, for a log: its own words may be somebody's answer."""
    steps = traceback.extract_tb(error.__traceback__)
    where = f" at {steps[-1].filename}:{steps[-1].lineno}" if steps else ""
    return f"{type(error).__name__}{where}"


def meaning(error: Exception, made: Attempt) -> Exception:
    """Return what `error` means to the core: Refused, RetryLater, Undeliverable, or itself when in doubt."""
    match error:
        case Refused() | RetryLater() | Undeliverable():
            return error
        case discord.LoginFailure():
            return Refused("Discord does not accept the bot token")
        case discord.RateLimited(retry_after=seconds):
            return RetryLater(seconds)
        case discord.HTTPException():
            return _refused(error)
        case aiohttp.ClientError() | OSError() | TimeoutError() if not made.left:
            return RetryLater(5.0)
    return error


def _refused(error: discord.HTTPException) -> Exception:
    headers = error.response.headers
    if from_the_wall(error.status, headers):
        return RetryLater(seconds_of(headers) or BANNED, everywhere=True)
    if error.status == 401:
        return Refused("Discord does not accept the bot token")
    if error.status == 429:
        return RetryLater(seconds_of(headers) or 1.0)
    if error.code == EDITED_TOO_OFTEN:
        return RetryLater(EDIT_PAUSE)
    if error.code in _MESSAGE:
        return Undeliverable(f"{_MESSAGE[error.code]} ({error.code})", place=False)
    if error.code in _PLACE or error.status in (403, 404):
        said = _PLACE.get(error.code) or error.text or "Discord refuses it"
        return Undeliverable(f"{said} ({error.code or error.status})")
    if 400 <= error.status < 500:
        return Undeliverable(
            f"{error.text or 'Discord refuses it'} ({error.code or error.status})", place=False
        )
    return error
