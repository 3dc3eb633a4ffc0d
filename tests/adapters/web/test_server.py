"""The HTTP side: what is served and how, who may ask, and the limits that are kept."""

import json

import aiohttp
import pytest
from aiohttp import web as aio

from adapters.web import WebServer
from tests.adapters.web.conftest import Served


async def test_the_page_and_its_files_have_types_and_strict_headers(web: Served):
    async with web.client.get(web.url + "/") as response:
        page = await response.text()
        assert response.content_type == "text/html"
        assert response.headers["Cache-Control"] == "no-cache"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script>" not in page
    assert " style=" not in page
    assert "://" not in page
    app = page.partition('src="')[2].partition('"')[0]
    wanted = {"app.js": "text/javascript", "chat.css": "text/css", "flame.svg": "image/svg+xml"}
    for name, kind in wanted.items():
        async with web.client.get(web.url + app.replace("app.js", name)) as response:
            assert (response.status, response.content_type) == (200, kind)
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    async with web.client.get(f"{web.url}/assets/older/app.js") as response:
        assert response.headers["Cache-Control"] == "no-cache"
    async with web.client.get(web.url + app.replace("app.js", "index.html")) as response:
        assert response.status == 404
    async with web.client.get(f"{web.url}/assets/x/..%2f..%2fserver.py") as response:
        assert response.status == 404


async def test_health_and_metrics_come_from_what_they_are_given():
    well = True

    async def health() -> tuple[bool, dict]:
        return well, {"database": "sqlite"}

    server = WebServer(port=0, health=health, metrics=lambda: b"hearth_up 1\n")
    await server.start()
    async with aiohttp.ClientSession(server.url) as client:
        async with client.get("/healthz") as response:
            assert response.status == 200
            assert await response.json() == {"ok": True, "database": "sqlite"}
        well = False
        async with client.get("/healthz") as response:
            assert response.status == 503
        async with client.get("/metrics") as response:
            assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert await response.read() == b"hearth_up 1\n"
        async with client.get("/") as response:
            assert response.status == 404
    await server.stop()


async def test_a_port_that_is_taken_is_an_error_and_stop_frees_it():
    first = WebServer(port=0)
    await first.start()
    second = WebServer(port=first.port)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await first.stop()
    await second.start()
    assert second.port == first.port
    await second.stop()


GOOD = {"id": "a.1", "as": "mo", "channel": "general", "text": "hello"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Host": "evil.test"},
        {"Host": "evil.test", "Origin": "http://evil.test"},
        {"Host": "192.168.1.5"},
        {"Host": "localhost.evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_sites_page_is_refused(web: Served, headers: dict[str, str]):
    status, answer = await web.post("/chat/say", GOOD, **headers)
    assert status == 403
    assert answer["problem"]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await web.client.ws_connect(f"{web.url}/chat/live?as=mo", headers=headers)
    assert await web.texts("mo") == []
    if "Host" in headers:
        async with web.client.get(f"{web.url}/chat/state", headers=headers) as response:
            assert response.status == 403


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
async def test_our_own_page_is_accepted_under_every_loopback_name(web: Served, name: str):
    host = f"{name}:{web.server.port}"
    status, _ = await web.post("/chat/say", GOOD, Host=host, Origin=f"http://{host}")
    assert status == 200
    assert await web.texts("mo") == ["hello"]


async def _ok(request: aio.Request) -> aio.Response:
    return aio.Response(text="ok")


async def test_the_public_name_and_open_paths_are_accepted():
    routes = [aio.post("/slack/events", _ok), aio.post("/other", _ok)]
    server = WebServer(
        port=0, public_url="https://chat.example.org/", routes=routes, open_paths=["/slack/events"]
    )
    await server.start()
    assert server.url == "https://chat.example.org"
    local = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession() as client:
        for path, headers, status in (
            ("/other", {"Host": "chat.example.org", "Origin": "https://chat.example.org"}, 200),
            ("/other", {"Origin": "https://chat.example.org"}, 200),
            ("/other", {"Host": "elsewhere.test"}, 403),
            ("/slack/events", {"Host": "elsewhere.test"}, 200),
            ("/healthz", {"Host": "10.1.2.3"}, 405),
        ):
            async with client.post(local + path, headers=headers) as response:
                assert response.status == status, (path, headers)
    await server.stop()


async def test_too_much_at_once_is_refused_with_the_limit(web: Served):
    status, answer = await web.post("/chat/say", GOOD | {"text": "x" * 4001})
    assert status == 200
    assert "4,000" in answer["problem"]
    status, answer = await web.post("/chat/say", GOOD | {"text": "x" * 300_000})
    assert status == 413
    assert "256" in answer["problem"]
    status, _ = await web.post("/chat/say", GOOD | {"text": "x" * 4000})
    assert status == 200
    assert [len(text) for text in await web.texts("mo")] == [4000]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("say", GOOD | {"as": "nobody"}),
        ("say", GOOD | {"as": "../mo"}),
        ("say", GOOD | {"channel": "nowhere"}),
        ("say", GOOD | {"channel": "@fran"}),
        ("say", GOOD | {"text": "   "}),
        ("say", GOOD | {"text": "half \ud800"}),
        ("say", GOOD | {"text": "nul \x00"}),
        ("say", GOOD | {"text": 5}),
        ("say", GOOD | {"id": ""}),
        ("say", GOOD | {"id": "x" * 101}),
        ("press", GOOD | {"call": "cop list"}),
        ("press", GOOD | {"call": {"path": "cop list", "args": {"a": 1}, "rest": []}}),
        ("press", GOOD | {"call": {"path": "cop list", "args": {}, "rest": [{"t": "word"}]}}),
        ("press", GOOD | {"call": {"path": "x", "args": {}, "rest": []}, "message": 99}),
        ("press", GOOD | {"call": {"path": "x", "args": {}, "rest": []}, "message": True}),
        ("react", GOOD | {"message": 1, "emoji": "<b>", "added": True}),
        ("react", GOOD | {"message": None, "emoji": "star", "added": True}),
        ("submit", GOOD | {"call": {"path": "x", "args": {}, "rest": []}, "values": {"a": ["b"]}}),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_happens(web: Served, path: str, body: dict):
    status, answer = await web.post(f"/chat/{path}", body)
    assert status in (200, 400, 404)
    assert list(answer) == ["problem"]
    assert answer["problem"].endswith(".")
    assert web.events == []
    assert await web.texts("mo") == []


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
async def test_what_is_no_json_object_is_refused(web: Served, raw: bytes):
    headers = {"Content-Type": "application/json"}
    async with web.client.post(f"{web.url}/chat/say", data=raw, headers=headers) as response:
        assert response.status == 400
    async with web.client.post(f"{web.url}/chat/say", data=json.dumps(GOOD)) as response:
        assert response.status == 415


async def test_a_window_may_not_read_another_persons_conversation(web: Served):
    web.chat.say("@fran", "fran", "for me", key="k", now=web.adapter._clock())
    status, _ = await web.get("/chat/messages", **{"as": "mo", "channel": "@fran"})
    assert status == 404
    assert await web.texts("fran", "@fran") == ["for me"]
    _, state = await web.get("/chat/state", **{"as": "mo"})
    assert "@fran" not in [channel["id"] for channel in state["channels"]]


async def test_the_first_page_without_a_name_tells_who_there_is_to_be(web: Served):
    _, state = await web.get("/chat/state")
    assert state["me"] is None
    assert [person["name"] for person in state["people"]] == ["Fran", "Mo"]
    assert state["channels"] == []
    status, made = await web.post("/chat/people", {"name": "Ana <b>"})
    assert (status, made["person"]["id"], made["person"]["name"]) == (200, "ana-b", "Ana <b>")
    status, refused = await web.post("/chat/people", {"name": "!!"})
    assert (status, refused["problem"]) == (200, "A name needs at least one letter or digit.")
