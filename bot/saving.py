"""A message as something to keep: which address, under which title, and whose it is."""

from bot.chat import Actor, Quote
from bot.errors import BadValue
from bot.rules import urls
from bot.text import label, shorten
from bot.ui.calls import Call

TITLE_LIMIT = 150
AUTHOR_LIMIT = 60
"""How long a written author may be, in characters: what a form carries unseen has to fit Discord's ids of 100."""


def call(quote: Quote) -> Call:
    """Return what saves the message, for its form to be asked for: what there is of link, title and author."""
    found = addresses(quote)
    args = {
        "url": found[0] if found else "",
        "title": title(quote),
        "author": "" if quote.author.bot else written(quote.author),
    }
    return Call("resource save", {name: value for name, value in args.items() if value})


def addresses(quote: Quote) -> list[str]:
    """Return what the message could be saved as, in order: its readable links, then its own permalink."""
    return [*_canonical(quote.links), *_canonical((quote.permalink,))]


def title(quote: Quote) -> str:
    """Return its first words where the message is itself what is kept; "" where a link in it is, which has its own."""
    return "" if _canonical(quote.links) else label(quote.text, TITLE_LIMIT)


def written(author: Actor) -> str:
    """Return an author as the hidden parameter carries them: "U123 Ana". Of a long name the beginning is kept."""
    name = author.name.translate({ord('"'): "'", ord("\\"): "/"})  # which would take room to be escaped
    return shorten(f"{author.id} {name}", AUTHOR_LIMIT)


def read(text: str, platform: str) -> Actor:
    """Return who is meant by what `written` gave."""
    account, _, name = text.partition(" ")
    return Actor(platform, account, name)


def _canonical(links: tuple[str, ...]) -> list[str]:
    found = []
    for link in links:
        try:
            found.append(urls.canonical(link))
        except BadValue:
            continue  # no web address, such as mailto: or tel:
    return found
