"""The gateway: sessions that outlive their connections, so that a resume replays what was missed."""

import asyncio
import json
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord import drawing
from tests.fakes.discord.state import State

Json = dict[str, Any]

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0,
    1,
    2,
    3,
    6,
    7,
    8,
    9,
    10,
    11,
)

GUILDS, GUILD_MEMBERS, GUILD_PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, GUILD_MESSAGE_REACTIONS = 1 << 9, 1 << 10
DIRECT_MESSAGES, DIRECT_MESSAGE_REACTIONS = 1 << 12, 1 << 13
MESSAGE_CONTENT, SCHEDULED_EVENTS = 1 << 15, 1 << 16
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT

UNKNOWN_OP, NOT_AUTHENTICATED, BAD_TOKEN, IDENTIFIED_ALREADY, TIMED_OUT, BAD_SHARD, NOT_ALLOWED = (
    4001,
    4003,
    4004,
    4005,
    4009,
    4010,
    4014,
)


@dataclass(slots=True)
class Session:
    """What one client is told. `told` is everything dispatched to it; number n is `told[n - 1]`."""

    id: str
    intents: int
    shard: tuple[int, int]
    told: list[Json] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: str, data: Any) -> None:
        self.told.append({"op": DISPATCH, "t": event, "s": len(self.told) + 1, "d": data})
        self.more.set()


class Gateway:
    """Every session and connection, and the switches for what goes wrong with them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.url = ""
        self.token = ""
        self.attached = asyncio.Event()
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.allowed = PRIVILEGED
        """The privileged intents the application was granted."""
        self.interval = 41.25
        """Seconds between heartbeats."""
        self.identified = 0
        self.resumed = 0
        self.budget = 1_000
        """How many sessions may still be started today."""
        self.silent = False
        """Whether connections are dead without saying so: nothing is sent, nothing acknowledged."""
        self.mute = False
        """Whether a new connection is accepted and no hello ever said."""
        self.refuse_resume = False
        """Whether the next resume is answered by an invalid session."""

    def dispatch(self, event: str, data: Any, *, guild: int = 0, intent: int = 0) -> None:
        """Tell every session that wants it; an intent of 0 is for all."""
        for session in self.sessions.values():
            mine = guild == 0 and session.shard[0] == 0
            mine = mine or (guild != 0 and (guild >> 22) % session.shard[1] == session.shard[0])
            if mine and (intent == 0 or session.intents & intent):
                session.tell(event, data)

    def reads_content(self) -> bool:
        return any(s.intents & MESSAGE_CONTENT for s in self.sessions.values())

    @property
    def connected(self) -> list[Session]:
        """The sessions that a client listens to now."""
        return [c.session for c in self.connections if c.session is not None]

    async def connects(self, count: int = 1) -> None:
        """Wait until so many clients listen."""
        while len(self.connected) < count:
            self.attached.clear()
            await self.attached.wait()

    async def heard(self) -> None:
        """Wait until every client has taken in what it was told so far: each answers a heartbeat asked for after it."""
        for connection in list(self.connections):
            if connection.session is not None and not self.silent:
                await connection.answers(connection.session)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Hold one connection until either side ends it."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        compress = request.query.get("compress", "")
        connection = Connection(self, self._state, socket, request.transport, compress)
        self.connections.append(connection)
        try:
            await connection.hold()
        finally:
            self.connections.remove(connection)
            await connection.end()
        return socket

    async def reconnect(self) -> None:
        """Ask every client to connect again."""
        for connection in list(self.connections):
            await connection.send({"op": RECONNECT, "d": None})

    async def invalidate(self, *, resumable: bool) -> None:
        """Tell every client that its session is invalid, for good unless it may be resumed."""
        for connection in list(self.connections):
            if connection.session is not None and not resumable:
                self.sessions.pop(connection.session.id, None)
            await connection.send({"op": INVALID, "d": resumable})

    def drop(self) -> None:
        """Cut every connection, without a word."""
        for connection in list(self.connections):
            connection.cut()

    async def close(self, code: int = 1001) -> None:
        for connection in list(self.connections):
            await connection.socket.close(code=code)

    def ready(self, session: Session) -> None:
        """Tell a new session who it is, and of the guilds in its shard."""
        state = self._state
        guilds = [
            g
            for g in state.guilds.values()
            if state.bot.id in g.members and (g.id >> 22) % session.shard[1] == session.shard[0]
        ]
        session.tell(
            "READY",
            {
                "v": 10,
                "user": drawing.user(state.bot) | {"verified": True, "mfa_enabled": True, "email": None},
                "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
                "session_id": session.id,
                "resume_gateway_url": self.url,
                "shard": list(session.shard),
                "application": {"id": str(state.application), "flags": 0},
                "private_channels": [],
                "session_type": "normal",
            },
        )
        for guild in guilds:
            if guild.unavailable:
                session.tell("GUILD_DELETE", {"id": str(guild.id), "unavailable": True})
            elif session.intents & GUILDS:
                session.tell("GUILD_CREATE", drawing.guild_create(guild, bot=state.bot.id))


class Connection:
    """One WebSocket. What its session is told is written by a task of its own, in order."""

    def __init__(
        self,
        gateway: Gateway,
        state: State,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        compress: str,
    ) -> None:
        self._gateway = gateway
        self._state = state
        self._transport = transport
        self.socket = socket
        self.session: Session | None = None
        self._deflate = zlib.compressobj() if compress == "zlib-stream" else None
        self._writer: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._beat = asyncio.Event()
        self._seen = 0

    async def hold(self) -> None:
        if self._gateway.mute:
            await self.socket.receive()
            return
        await self.send({"op": HELLO, "d": {"heartbeat_interval": int(self._gateway.interval * 1000)}})
        patience = self._gateway.interval * 2
        while not self.socket.closed:
            try:
                frame = await self.socket.receive(timeout=patience)
            except TimeoutError:
                await self.socket.close(code=TIMED_OUT)
                return
            if frame.type is not WSMsgType.TEXT:
                return
            if not self._gateway.silent:
                await self._take(json.loads(frame.data))

    async def _take(self, frame: Json) -> None:
        match frame:
            case {"op": 1, "d": seen}:
                self._seen = max(self._seen, seen or 0)
                self._beat.set()
                await self.send({"op": ACK, "d": None})
            case {"op": 2, "d": data}:
                await self._identify(data)
            case {"op": 6, "d": data}:
                await self._resume(data)
            case {"op": 3 | 4 | 8} if self.session is None:
                await self.socket.close(code=NOT_AUTHENTICATED)
            case {"op": 8, "d": data}:
                self._members(data)
            case {"op": 3 | 4}:
                pass
            case _:
                await self.socket.close(code=UNKNOWN_OP)

    async def _identify(self, data: Json) -> None:
        gateway = self._gateway
        shard = tuple(data.get("shard", (0, 1)))
        gateway.identified += 1
        gateway.budget -= 1
        if self.session is not None:
            await self.socket.close(code=IDENTIFIED_ALREADY)
        elif not gateway.token or data["token"] != gateway.token or gateway.budget < 0:
            gateway.token = gateway.token if gateway.budget >= 0 else ""  # too many sessions reset it
            await self.socket.close(code=BAD_TOKEN)
        elif not 0 <= shard[0] < shard[1]:
            await self.socket.close(code=BAD_SHARD)
        elif data["intents"] & PRIVILEGED & ~gateway.allowed:
            await self.socket.close(code=NOT_ALLOWED)
        else:
            session = Session(secrets.token_hex(16), data["intents"], (shard[0], shard[1]))
            gateway.sessions[session.id] = session
            gateway.ready(session)
            self._attach(session, 0)

    async def _resume(self, data: Json) -> None:
        gateway = self._gateway
        session = gateway.sessions.get(data["session_id"])
        known = session is not None and data["seq"] is not None and data["seq"] <= len(session.told)
        if session is None or not known or gateway.refuse_resume or data["token"] != gateway.token:
            gateway.refuse_resume = False
            await self.send({"op": INVALID, "d": False})
            return
        gateway.resumed += 1
        for other in gateway.connections:
            if other is not self and other.session is session:
                await other.end()
        session.tell("RESUMED", {"_trace": []})
        self._attach(session, data["seq"])

    def _members(self, data: Json) -> None:
        """Answer a request for members, in one chunk."""
        assert self.session is not None
        guild = self._state.guilds[int(data["guild_id"])]
        wanted = {int(one) for one in data.get("user_ids", [])}
        members = [drawing.member(m) for m in guild.members.values() if not wanted or m.user.id in wanted]
        chunk: Json = {"guild_id": str(guild.id), "members": members, "chunk_index": 0, "chunk_count": 1}
        self.session.tell("GUILD_MEMBERS_CHUNK", chunk | {"not_found": [], "nonce": data.get("nonce")})

    def _attach(self, session: Session, seen: int) -> None:
        self.session = session
        self._gateway.attached.set()
        self._writer = asyncio.create_task(self._write(session, seen))

    async def _write(self, session: Session, at: int) -> None:
        while True:
            session.more.clear()
            while at < len(session.told):
                await self.send(session.told[at])
                at += 1
            await session.more.wait()

    async def send(self, frame: Json) -> None:
        if self._gateway.silent or self.socket.closed:
            return
        async with self._writing:  # the compressed stream is one, whoever writes
            raw = json.dumps(frame)
            if self._deflate is None:
                await self.socket.send_str(raw)
            else:
                packed = self._deflate.compress(raw.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)

    async def answers(self, session: Session) -> None:
        """Wait for a heartbeat that says that everything told so far is taken in."""
        wanted = len(session.told)
        while self._seen < wanted and not self.socket.closed and self.session is session:
            self._beat.clear()
            await self.send({"op": HEARTBEAT, "d": None})
            await self._beat.wait()

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def end(self) -> None:
        self.session = None
        self._beat.set()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        if not self.socket.closed:
            await self.socket.close(code=1001)
