"""Files beside a message: uploaded to an address Slack gives out, then shown in the message's thread."""

import asyncio
from collections.abc import Sequence

import structlog

from adapters.slack.api import Api, SlackError, Unclear
from adapters.slack.blocks import File
from adapters.slack.faults import Fate
from bot.chat import Refused, RetryLater

TRIES, LONGEST_WAIT = 3, 60.0  # tries where Slack asks to wait, and seconds of each wait at most

_log = structlog.get_logger(__name__)


async def show(api: Api, channel: str, files: Sequence[File], thread: str = "") -> bool:
    """Upload the files and show them in the channel, under the message `thread` if one is given.

    Returns whether they are there. They come after the message that they belong to, so a failure is
    logged and not raised: the message would be posted once more for it.
    """
    if not files:
        return True
    try:
        for _ in range(TRIES):
            try:
                await _show(api, channel, files, thread)
                return True
            except RetryLater as later:
                await asyncio.sleep(min(later.seconds, LONGEST_WAIT))
        _log.warning("a file was not sent", reason="Slack asks to wait too long")
    except SlackError as error:
        if error.fate is Fate.SCOPE:
            api.say_once("files cannot be sent", scope=error.needed or "files:write")
        else:
            _log.warning("a file was not sent", error=error.error)
    except (Refused, Unclear) as error:
        _log.warning("a file was not sent", reason=str(error))
    return False


async def _show(api: Api, channel: str, files: Sequence[File], thread: str) -> None:
    uploaded = [{"id": await _upload(api, file), "title": file.name} for file in files]
    await api("files.completeUploadExternal", files=uploaded, channel_id=channel, thread_ts=thread or None)


async def _upload(api: Api, file: File) -> str:
    answer = await api(
        "files.getUploadURLExternal", filename=file.name, length=len(file.content), alt_txt=file.alt or None
    )
    status, _ = await api.send(str(answer["upload_url"]), data=file.content)
    if status != 200:
        raise Unclear(f"upload: status {status}")
    return str(answer["file_id"])
