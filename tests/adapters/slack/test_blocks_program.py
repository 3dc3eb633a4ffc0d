"""Every card and form that the program shows in the village, drawn for Slack and pressed there."""

import json

from adapters.slack.blocks import read_button, render
from adapters.slack.views import Origin, home, modal, notice, submission
from bot.chat import Answer, Ask, Event, Reply, Update
from bot.ui.cards import Card
from tests.adapters.slack.reading import alive, in_mrkdwn, modelled
from tests.adapters.slack.test_blocks import meant
from tests.adapters.slack.test_views import opened
from tests.fakes.slack import limits
from tests.program.stage import staged
from tests.program.test_buttons import Walk
from tests.program.village import settled


def taken(card: Card) -> None:
    """Slack takes the card as a message, in a window and on the home; its buttons give their calls back."""
    message = render(card)
    payload = {"text": message.text, "blocks": message.blocks}
    limits.check_message(json.loads(json.dumps(payload)))
    modelled(payload)
    assert {found.value for found in alive(message.blocks)} == set(meant(card))
    assert {found.kind for found in in_mrkdwn(message.text)} <= {"token"}
    actions = [e for block in message.blocks if block["type"] == "actions" for e in block["elements"]]
    assert [read_button(action) for action in actions] == [button.call for button in card.buttons()]
    for view in (notice(card, Origin("C1", "T1", "1.2")), home(card)):
        limits.check_view(json.loads(json.dumps(view)))
        modelled(view)


def asked(ask: Ask) -> None:
    """Slack takes the form, and left as it is it says what was known."""
    view = modal(ask, Origin("C1", "T1", "1.2"))
    limits.check_view(json.loads(json.dumps(view)))
    modelled(view)
    assert list(alive(view)) == []
    call = submission(opened(view)).call
    kept = {name: value for name, value in call.args.items() if value}
    assert call.path == ask.form.call.path
    assert kept == {**ask.form.call.args, **{name: value for name, value in ask.known.items() if value}}


async def test_everything_the_village_shows(sqlite_url: str) -> None:
    async with staged(sqlite_url) as stage:
        handle = stage.memory.handle
        answers: list[Answer] = []

        async def overheard(event: Event) -> Answer:
            answer = await handle(event)
            answers.append(answer)
            return answer

        stage.memory.listen(overheard)
        village = await settled(stage)
        await Walk(stage, village).go()
        cards = [a.card for a in answers if isinstance(a, Reply | Update)]
        cards += [posted.card for posted in stage.memory.posted()]
        forms = [a for a in answers if isinstance(a, Ask)]
    assert len(cards) > 300
    assert len(forms) > 50
    for card in cards:
        taken(card)
    for ask in forms:
        asked(ask)
