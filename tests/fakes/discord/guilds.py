"""REST for guilds: lookups, members, and native scheduled events."""

from datetime import datetime, timedelta

from tests.fakes.discord import drawing, gateway, permissions
from tests.fakes.discord.call import Call, Json, Routes
from tests.fakes.discord.channels import may_manage
from tests.fakes.discord.core import Core
from tests.fakes.discord.refusals import Refusal, invalid_form, unknown
from tests.fakes.discord.state import Event

EVENTS = "/guilds/{guild_id}/scheduled-events"
EVENT = EVENTS + "/{guild_scheduled_event_id}"
EXTERNAL, COMPLETED, CANCELLED = 3, 3, 4
MOST_EVENTS = 100


class Guilds:
    """Handlers over the core."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._state = core.state

    def routes(self) -> Routes:
        return [
            ("GET", "/guilds/{guild_id}", self.guild),
            ("GET", "/guilds/{guild_id}/channels", self.channels),
            ("GET", "/guilds/{guild_id}/threads/active", self.threads),
            ("GET", "/guilds/{guild_id}/roles", self.roles),
            ("GET", "/guilds/{guild_id}/members", self.members),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self.member),
            ("GET", "/users/@me/guilds", self.mine),
            ("GET", EVENTS, self.events),
            ("POST", EVENTS, self.create),
            ("GET", EVENT, self.event),
            ("PATCH", EVENT, self.edit),
            ("DELETE", EVENT, self.delete),
            ("GET", EVENT + "/users", self.interested),
        ]

    async def guild(self, call: Call) -> Json:
        return drawing.guild(self._state.guild(call.id("guild_id")), bot=self._state.bot.id)

    async def channels(self, call: Call) -> list[Json]:
        guild = self._state.guild(call.id("guild_id"))
        return [drawing.channel(c) for c in guild.channels.values() if not c.is_thread]

    async def threads(self, call: Call) -> Json:
        guild = self._state.guild(call.id("guild_id"))
        open_ = [c for c in guild.channels.values() if c.is_thread and not c.archived]
        return {"threads": [drawing.channel(c) for c in open_], "members": []}

    async def roles(self, call: Call) -> list[Json]:
        guild = self._state.guild(call.id("guild_id"))
        return [drawing.role(guild.everyone), *(drawing.role(r) for r in guild.roles.values())]

    async def members(self, call: Call) -> list[Json]:
        guild = self._state.guild(call.id("guild_id"))
        if not self._core.gateway.allowed & gateway.GUILD_MEMBERS:
            raise Refusal(403, 50001, "Missing Access")
        after, limit = call.number("after", 0), call.number("limit", 1)
        found = sorted((m for m in guild.members.values() if m.user.id > after), key=lambda m: m.user.id)
        return [drawing.member(m) for m in found[:limit]]

    async def member(self, call: Call) -> Json:
        guild = self._state.guild(call.id("guild_id"))
        found = guild.members.get(call.id("user_id"))
        if found is None:
            raise unknown("Member")
        return drawing.member(found)

    async def mine(self, call: Call) -> list[Json]:
        bot = self._state.bot.id
        return [
            {
                "id": str(g.id),
                "name": g.name,
                "icon": None,
                "banner": None,
                "owner": g.owner == bot,
                "permissions": str(permissions.of(bot, g)),
                "features": [],
            }
            for g in self._state.guilds.values()
            if bot in g.members
        ]

    async def events(self, call: Call) -> list[Json]:
        guild = self._state.guild(call.id("guild_id"))
        return [drawing.event(e) for e in guild.events.values() if e.fields["status"] < COMPLETED]

    async def event(self, call: Call) -> Json:
        return drawing.event(self._event(call))

    def _event(self, call: Call) -> Event:
        found = self._state.guild(call.id("guild_id")).events.get(call.id("guild_scheduled_event_id"))
        if found is None:
            raise unknown("Guild Scheduled Event")
        return found

    async def create(self, call: Call) -> Json:
        core = self._core
        guild = self._state.guild(call.id("guild_id"))
        may_manage(core, guild.id, permissions.CREATE_EVENTS, permissions.MANAGE_EVENTS)
        fields = {"status": 1, **_given(call.body)}
        self._check(fields, new=True)
        if sum(e.fields["status"] < COMPLETED for e in guild.events.values()) >= MOST_EVENTS:
            raise Refusal(400, 30038, "Maximum number of guild scheduled events reached (100)")
        made = Event(self._state.ids.new(), guild.id, self._state.bot, fields)
        guild.events[made.id] = made
        core.wrote("event", made.id, data=fields)
        self._tell("CREATE", made)
        return drawing.event(made)

    async def edit(self, call: Call) -> Json:
        found = self._event(call)
        may_manage(self._core, found.guild, permissions.CREATE_EVENTS, permissions.MANAGE_EVENTS)
        status = call.body.get("status", found.fields["status"])
        if (found.fields["status"], status) not in {(1, 1), (1, 2), (1, 4), (2, 2), (2, 3)}:
            raise Refusal(400, 180000, "Cannot update a finished event")
        fields = {**found.fields, **_given(call.body)}
        self._check(fields, new=False)
        found.fields = fields
        self._core.wrote("event", found.id, data=call.body)
        self._tell("UPDATE", found)
        return drawing.event(found)

    async def delete(self, call: Call) -> None:
        found = self._event(call)
        may_manage(self._core, found.guild, permissions.CREATE_EVENTS, permissions.MANAGE_EVENTS)
        del self._state.guilds[found.guild].events[found.id]
        self._core.wrote("unevent", found.id)
        self._tell("DELETE", found)

    async def interested(self, call: Call) -> list[Json]:
        found = self._event(call)
        after, limit = call.number("after", 0), call.number("limit", 100)
        users = sorted(u for u in found.interested if u > after)[:limit]
        return [
            {
                "guild_scheduled_event_id": str(found.id),
                "user_id": str(u),
                "user": drawing.user(self._state.users[u]),
                "response": 1,
            }
            for u in users
        ]

    def _tell(self, what: str, event: Event) -> None:
        name = f"GUILD_SCHEDULED_EVENT_{what}"
        intent = gateway.SCHEDULED_EVENTS
        self._core.gateway.dispatch(name, drawing.event(event), guild=event.guild, intent=intent)

    def _check(self, fields: Json, *, new: bool) -> None:
        """Check the fields of an event. Raises Refusal."""
        found: dict[str, str] = {}
        if not 1 <= len(fields.get("name") or "") <= 100:
            found["name"] = "Must be between 1 and 100 in length."
        if len(fields.get("description") or "") > 1_000:
            found["description"] = "Must be 1000 or fewer in length."
        if fields.get("privacy_level") != 2:
            found["privacy_level"] = "This field is required"
        start = datetime.fromisoformat(fields["scheduled_start_time"])
        end = fields.get("scheduled_end_time")
        if fields.get("entity_type") == EXTERNAL:
            if not end:
                found["scheduled_end_time"] = "This field is required"
            if not 1 <= len((fields.get("entity_metadata") or {}).get("location") or "") <= 100:
                found["entity_metadata.location"] = "Must be between 1 and 100 in length."
        elif not fields.get("channel_id"):
            found["channel_id"] = "This field is required"
        if end and datetime.fromisoformat(end) <= start:
            found["scheduled_end_time"] = "Cannot end before it starts."
        soon, far = self._core.clock(), self._core.clock() + timedelta(days=5 * 365)
        if fields["status"] == 1 and new and not soon < start < far:
            found["scheduled_start_time"] = (
                "Cannot schedule event in the past, or more than five years ahead."
            )
        if found:
            raise invalid_form(found)


def _given(body: Json) -> Json:
    return {name: value for name, value in body.items() if value is not None and name != "image"}
