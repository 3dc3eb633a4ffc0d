"""REST for the application: who the bot is, where the gateway is, and its commands."""

from tests.fakes.discord import drawing
from tests.fakes.discord.call import Call, Json, Routes
from tests.fakes.discord.core import Core
from tests.fakes.discord.refusals import missing_access, unknown

EVERYWHERE = "/applications/{application_id}/commands"
IN_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


class Applications:
    """Handlers over the core."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._state = core.state
        self.shards = 1
        """How many shards Discord recommends."""

    def routes(self) -> Routes:
        found: Routes = [
            ("GET", "/gateway", self.gateway),
            ("GET", "/gateway/bot", self.gateway_bot),
            ("GET", "/users/@me", self.me),
            ("GET", "/applications/@me", self.application),
            ("GET", "/oauth2/applications/@me", self.application),
        ]
        for path in (EVERYWHERE, IN_GUILD):
            one = path + "/{command_id}"
            found += [("GET", path, self.listed), ("POST", path, self.add), ("PUT", path, self.replace)]
            found += [("GET", one, self.get), ("PATCH", one, self.change), ("DELETE", one, self.remove)]
        return found

    async def gateway(self, call: Call) -> Json:
        return {"url": self._core.gateway.url}

    async def gateway_bot(self, call: Call) -> Json:
        budget = max(self._core.gateway.budget, 0)
        limit = {"total": 1000, "remaining": budget, "reset_after": 3_600_000, "max_concurrency": 1}
        return {"url": self._core.gateway.url, "shards": self.shards, "session_start_limit": limit}

    async def me(self, call: Call) -> Json:
        more = {"verified": True, "mfa_enabled": True, "email": None, "locale": "en-US", "premium_type": 0}
        return drawing.user(self._state.bot) | more

    async def application(self, call: Call) -> Json:
        state = self._state
        allowed = self._core.gateway.allowed
        flags = sum(flag for bit, flag in _GRANTED.items() if allowed & bit)
        return {
            "id": str(state.application),
            "name": state.bot.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": drawing.user(state.bot),
            "summary": "",
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": flags,
            "flags_new": str(flags),
            "eligible_oauth2_scopes": ["bot", "applications.commands"],
            "owner": drawing.user(next((u for u in state.users.values() if not u.bot), state.bot)),
            "team": None,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "approximate_guild_count": len(state.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
        }

    def _scope(self, call: Call) -> int:
        if call.id("application_id") != self._state.application:
            raise missing_access()
        if "guild_id" not in call.parameters:
            return 0
        guild = self._state.guilds.get(call.id("guild_id"))
        if guild is None:
            raise missing_access()
        if self._state.bot.id not in guild.members:
            raise unknown("Guild")
        return guild.id

    async def listed(self, call: Call) -> list[Json]:
        return self._core.commands.all(self._scope(call))

    async def replace(self, call: Call) -> list[Json]:
        scope = self._scope(call)
        made = self._core.commands.replace(scope, call.body)
        self._core.wrote("commands", scope, data=call.body)
        return made

    async def add(self, call: Call) -> tuple[int, Json]:
        scope = self._scope(call)
        status, made = self._core.commands.add(scope, call.body)
        self._core.wrote("commands", scope, data=[call.body])
        return status, made

    async def get(self, call: Call) -> Json:
        return self._core.commands.get(self._scope(call), call.id("command_id"))

    async def change(self, call: Call) -> Json:
        scope = self._scope(call)
        made = self._core.commands.change(scope, call.id("command_id"), call.body)
        self._core.wrote("commands", scope, data=[call.body])
        return made

    async def remove(self, call: Call) -> None:
        scope = self._scope(call)
        self._core.commands.remove(scope, call.id("command_id"))
        self._core.wrote("commands", scope, data=[])


# Privileged intents, and the application's flag for having each (in a small bot).
_GRANTED = {1 << 1: 1 << 15, 1 << 8: 1 << 13, 1 << 15: 1 << 19}
