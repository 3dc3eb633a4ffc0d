"""Calendar feeds over HTTP: what an address answers, to whom, and that nothing else is to be learnt there."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from adapters.web import WebServer
from adapters.web.feeds import calendars_at
from bot.rules.feeds import PATH, Calendar

TOKEN = "a-secret_token-of-27-letter"


class Shelf:
    """One calendar behind one token, and every token that was asked for."""

    def __init__(self) -> None:
        self.text: str | None = "BEGIN:VCALENDAR\r\nSUMMARY:Café\r\nEND:VCALENDAR\r\n"
        self.asked: list[str] = []

    async def read(self, token: str) -> Calendar | None:
        self.asked.append(token)
        return Calendar("python.ics", self.text) if token == TOKEN and self.text is not None else None


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def client(shelf: Shelf) -> AsyncIterator[aiohttp.ClientSession]:
    server = WebServer(port=0, routes=calendars_at(shelf.read), open_paths=(PATH,))
    await server.start()
    async with aiohttp.ClientSession(server.url) as session:
        yield session
    await server.stop()


@pytest.mark.parametrize("name", [f"{TOKEN}.ics", TOKEN])
async def test_an_address_answers_for_any_name_of_ours_and_keeps_to_itself(client, shelf, name):
    async with client.get(f"{PATH}/{name}", headers={"Host": "calendars.example.org"}) as response:
        assert response.status == 200
        assert await response.read() == (shelf.text or "").encode()
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'inline; filename="python.ics"'
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in response.headers
    async with client.head(f"{PATH}/{name}") as response:
        assert (response.status, await response.read()) == (200, b"")


async def test_what_has_not_changed_is_not_sent_again(client, shelf):
    async with client.get(f"{PATH}/{TOKEN}.ics") as response:
        tag = response.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        async with client.get(f"{PATH}/{TOKEN}.ics", headers={"If-None-Match": known}) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert response.headers["ETag"] == tag
            assert response.headers["Cache-Control"] == "private, no-cache"
    shelf.text = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    async with client.get(f"{PATH}/{TOKEN}.ics", headers={"If-None-Match": tag}) as response:
        assert response.status == 200
        assert response.headers["ETag"] != tag


async def test_everything_else_is_answered_alike(client, shelf):
    others = [
        "x.ics",
        "",
        ".ics",
        f"{TOKEN[:-1]}.ics",
        f"{TOKEN}.txt",
        f"{TOKEN}.ics/more",
        "a/b",
        "x" * 2000,
        "%00.ics",
    ]
    answers = set()
    for name in others:
        async with client.get(f"{PATH}/{name}", headers={"If-None-Match": "*"}) as response:
            kept = {key: value for key, value in response.headers.items() if key != "Date"}
            answers.add((response.status, await response.text(), str(sorted(kept.items()))))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    assert len(shelf.asked) == len(others)  # looked for each time, so that it takes as long
    shelf.text = None  # taken back
    async with client.get(f"{PATH}/{TOKEN}.ics") as response:
        assert (response.status, await response.text()) == (404, "There is no calendar here.")


async def test_looking_changes_nothing_and_nothing_else_is_done(client):
    for method in ("POST", "PUT", "DELETE"):
        async with client.request(method, f"{PATH}/{TOKEN}.ics") as response:
            assert response.status == 405


async def test_no_address_is_logged_even_when_reading_it_fails(shelf, caplog):
    async def fails(token: str) -> Calendar | None:
        raise RuntimeError("the database is away")

    server = WebServer(port=0, routes=calendars_at(fails), open_paths=(PATH,))
    await server.start()
    caplog.set_level("DEBUG")
    async with aiohttp.ClientSession(server.url) as session, session.get(f"{PATH}/{TOKEN}.ics") as response:
        assert response.status == 500
        assert TOKEN not in await response.text()
    await server.stop()
    assert "the database is away" in caplog.text
    assert TOKEN not in caplog.text
