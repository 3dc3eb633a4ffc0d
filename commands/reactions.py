"""What reactions mean: an emoji on a message as the shortest command there is (SPEC.md 3.2)."""

from dataclasses import dataclass

from bot import saving
from bot.chat import Answer, Mark, Quote, Reacted
from bot.registry import Context
from bot.rules import access, mirrors, people, resources, rsvps, sessions
from bot.rules.sessions import AnswerWord
from storage.tables import Community, Occurrence

_ANSWERS: dict[str, AnswerWord] = {"yes": "yes", "maybe": "maybe", "no": "no"}
_ACTIONS = (*_ANSWERS, "save", "endorse")
INTERESTED = "interested"
"""How a mark of interest in an entry of a platform's calendar arrives, there being no emoji to it."""


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a reaction asks for, and in which community; answers name their occurrence."""

    action: str
    community: Community
    occurrence: Occurrence | None = None


class Reactions:
    """Reactions as the dispatcher asks for them; whoever is no member here means nothing by one."""

    def wanted(self, ctx: Context, event: Reacted) -> str | None:
        """Return "save", "endorse", "yes", "maybe" or "no", or None when it means nothing here."""
        meant = _meant(ctx, event)
        return meant.action if meant is not None else None

    def needs_quote(self, action: str) -> bool:
        """Return whether the message has to be read: for its links, not for an answer to a session."""
        return action in ("save", "endorse")

    def done(self, ctx: Context, event: Reacted, action: str, quote: Quote | None) -> Answer:
        """Do it, and confirm with one reaction; taking something back is confirmed by nothing."""
        meant = _meant(ctx, event)
        if meant is None or meant.action != action:
            return None
        if meant.occurrence is not None:
            if event.emoji == INTERESTED or event.found:
                _be_interested(ctx, meant.occurrence, _ANSWERS[action], added=event.added)
                return None
            changed = _answer(ctx, meant.occurrence, _ANSWERS[action], added=event.added)
        elif quote is None:
            return None
        elif action == "save":
            changed = _save(ctx, meant.community, quote)
        else:
            changed = _endorse(ctx, meant.community, quote, on=event.added)
        return Mark(ctx.config.reactions.confirm[0]) if changed and event.added else None


def _meant(ctx: Context, event: Reacted) -> _Meant | None:
    here = None
    channel = ctx.channel
    if channel is not None and channel.community_id is not None:
        here = access.community_by_id(ctx.db, channel.community_id)
    action = _action(ctx, here, event.emoji)
    shown_by = mirrors.mirrored if event.emoji == INTERESTED else sessions.announced
    occurrence = shown_by(ctx.db, event.on) if action in _ANSWERS else None
    if occurrence is not None:
        # An announcement stays answerable in a channel that was disconnected since.
        here = access.community_by_id(ctx.db, occurrence.community_id)
    if action is None or here is None or (action in _ANSWERS and occurrence is None):
        return None
    if action == "save" and not event.added:
        return None
    if here.archived_at is not None or access.role(ctx.db, here, ctx.person_id) is None:
        return None
    return _Meant(action, here, occurrence)


def _action(ctx: Context, here: Community | None, emoji: str) -> str | None:
    own = here.reactions if here is not None else {}
    usual = {action: getattr(ctx.config.reactions, action) for action in _ACTIONS if action not in own}
    # What a community chose counts before what the installation has.
    for names_by_action in (own, usual):
        for action, names in names_by_action.items():
            if emoji.strip(":") in names:
                return str(action)
    return None


def _answer(ctx: Context, occurrence: Occurrence, said: AnswerWord, *, added: bool) -> bool:
    if not added:
        return rsvps.withdraw(ctx.db, occurrence.id, ctx.person_id, ctx.now, said)
    rsvps.answer(ctx.db, occurrence.id, ctx.person_id, said, ctx.now)
    return True


def _be_interested(ctx: Context, occurrence: Occurrence, said: AnswerWord, *, added: bool) -> None:
    shown = sessions.view(ctx.db, occurrence.id, ctx.person_id)
    # Whoever has answered here meant it; a mark over there changes nothing of it.
    if not added or (shown is not None and not shown.answer):
        _answer(ctx, occurrence, said, added=added)


def _save(ctx: Context, community: Community, quote: Quote) -> bool:
    addresses = saving.addresses(quote)
    if not addresses:
        return False
    author = None if quote.author.bot else people.identify(ctx.db, quote.author, ctx.now)
    resources.save(
        ctx.db,
        community,
        ctx.person_id,
        addresses[0],
        title=saving.title(quote),
        author_id=author.id if author is not None else None,
        now=ctx.now,
    )
    return True


def _endorse(ctx: Context, community: Community, quote: Quote, *, on: bool) -> bool:
    for address in saving.addresses(quote):
        known = resources.known(ctx.db, community.id, address)
        if known is not None:
            resources.endorse(ctx.db, known.id, ctx.person_id, ctx.now, on=on)
            return True
    return False
