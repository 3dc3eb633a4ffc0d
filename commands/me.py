"""`cop me` and what belongs to it: preferences, linking, export and erasure."""

import json
from typing import Annotated, Literal

from bot.cards import people as cards
from bot.chat import Answer, Reply, Update
from bot.errors import Conflict
from bot.registry import Context, Group, Param
from bot.rules import access, linking, outbox, people, privacy, pulses, reminding, sessions, settings
from bot.ui.cards import note

group = Group("cop")

SESSIONS_SHOWN = 5


@group.command("My communities, sessions, preferences and data", writes=False, example="cop me")
def me(ctx: Context) -> Answer:
    person = ctx.person
    mine = access.own_communities(ctx.db, ctx.person_id)
    coming = sessions.mine(ctx.db, ctx.person_id, ctx.now, limit=SESSIONS_SHOWN)
    link = linking.latest(ctx.db, person, ctx.now) if person.id else None
    return Reply(
        cards.me(
            person.name,
            [(c.slug, c.name, c.role or "") for c in mine],
            [(s.code, s.title, s.starts_at, s.answer) for s in coming],
            pulses.waiting(ctx.db, ctx.person_id, ctx.now),
            _preferences(ctx),
            privacy.holdings(ctx.db, ctx.person_id),
            [f"{a.name} on {a.platform}" for a in people.accounts_of(ctx.db, ctx.person_id)],
            link.id if link else None,
            ctx.zone.key,
        )
    )


def _preferences(ctx: Context) -> dict[str, str]:
    person = ctx.person
    return {
        "Time zone": person.zone or f"{ctx.zone.key}, from your profile or community",
        "Session reminders": person.reminders or "as each community sets them",
        "Quiet hours": person.quiet_hours or "as each community sets them",
        "Direct messages": "yes" if person.direct_messages else "no",
        "Be welcomed by name in digests": "yes" if person.be_welcomed else "no",
    }


@group.command("Change my preferences", hidden=True)
def preferences(
    ctx: Context,
    zone: Annotated[str | None, Param("My time zone", "Europe/London, or default", limit=60)] = None,
    reminders: Annotated[str | None, Param("Reminders", "24h, 15m, none or default", limit=60)] = None,
    quiet_hours: Annotated[str | None, Param("Quiet hours", "18:00-08:00, none or default", limit=40)] = None,
    direct_messages: Annotated[bool | None, Param("May Hearth message me directly?")] = None,
    be_welcomed: Annotated[bool | None, Param("Welcome me by name in digests?")] = None,
) -> Answer:
    person = ctx.person
    if not ctx.given:
        return ctx.ask(
            {
                "zone": person.zone or "default",
                "reminders": person.reminders or "default",
                "quiet_hours": person.quiet_hours or "default",
                "direct_messages": "yes" if person.direct_messages else "no",
                "be_welcomed": "yes" if person.be_welcomed else "no",
            }
        )
    settings.prefer(
        person,
        {
            "zone": zone,
            "reminders": reminders,
            "quiet_hours": quiet_hours,
            "direct_messages": direct_messages,
            "be_welcomed": be_welcomed,
        },
    )
    ctx.db.add(person)
    reminding.look_again(ctx.db, ctx.now, person_id=ctx.person_id)
    return Reply(note("Your preferences are saved."))


@group.command("Link my accounts on two platforms", example="cop link")
def link(
    ctx: Context,
    code: Annotated[str | None, Param("Code", "from /cop link on the other platform", limit=20)] = None,
    confirm: Annotated[Literal["yes"] | None, Param("Confirm", hidden=True)] = None,
) -> Answer:
    if code is None:
        return Reply(cards.code(linking.offer(ctx.db, ctx.person, ctx.now)))
    keeper = linking.owner(ctx.db, code, ctx.person, ctx.now)
    if confirm is None:
        held = ", ".join(a.platform for a in people.accounts_of(ctx.db, keeper.id))
        return Reply(cards.confirm_link(code.strip().upper(), keeper.name, held))
    record = linking.link(ctx.db, code, ctx.person, ctx.now)
    return Update(cards.linked(keeper.name, record.id))


@group.command("Undo linking my accounts", hidden=True)
def unlink(ctx: Context, link: Annotated[int, Param("Link", low=1, high=2**31 - 1)]) -> Answer:
    linking.undo(ctx.db, link, ctx.person, ctx.now)
    return Update(note("The accounts are two people again."))


@group.command("Everything stored about me, as JSON", hidden=True, writes=False)
def export(ctx: Context) -> Answer:
    if not ctx.person_id:
        raise Conflict("Nothing is stored about you yet.")
    content = json.dumps(privacy.export(ctx.db, ctx.person), ensure_ascii=False, indent=2, sort_keys=True)
    return Reply(cards.export(content))


@group.command("Erase everything about me", hidden=True)
def erase(
    ctx: Context, confirm: Annotated[Literal["yes"] | None, Param("Confirm", hidden=True)] = None
) -> Answer:
    if confirm is None:
        led = privacy.last_facilitator_of(ctx.db, ctx.person_id)
        return Reply(cards.confirm_erase([access.community_by_id(ctx.db, i).name for i in led]))
    for orphaned in privacy.erase(ctx.db, ctx.person, ctx.now):
        community = access.community_by_id(ctx.db, orphaned)
        for admin in people.admins(ctx.db, ctx.config.bot.admins):
            outbox.tell(
                ctx.db,
                admin,
                note(f"{community.name} has no facilitator any more. Name one with /cop promote."),
                kind="notice",
                key=f"orphaned:{community.id}:{ctx.now:%Y%m%dT%H%M%S}:{admin}",
                now=ctx.now,
            )
    return Update(note("Everything about you is erased. If you use Hearth again you start as a new person."))
