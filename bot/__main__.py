"""The command line: `hearth run`, `hearth demo`, and the operator's other tools."""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from bot import __version__
from bot.config import Config, ConfigProblems, load
from bot.errors import UserError
from storage.problems import SchemaTooNew, StorageProblem

OK, FAILURE, CONFIGURATION = 0, 1, 78
DEFAULT_FILE = Path("config.toml")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 well, 1 failure, 2 usage, 78 configuration."""
    # Hardly anything made while starting is garbage; to look for it as often as usual takes a tenth of the start.
    gc.set_threshold(50_000, 20, 20)
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        act: Callable[[argparse.Namespace], int] = arguments.act
        return act(arguments)
    except ConfigProblems as wrong:
        _say(str(wrong), sys.stderr)
        return CONFIGURATION
    except SchemaTooNew as wrong:
        _say(str(wrong), sys.stderr)
        return CONFIGURATION
    except StorageProblem as wrong:
        _say(str(wrong), sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        return FAILURE


def _say(text: str, to: TextIO | None = None) -> None:
    print(text, file=to or sys.stdout)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hearth", description="A bot that runs Communities of Practice.")
    parser.add_argument("--version", action="version", version=f"hearth {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, summary: str, act: Callable[[argparse.Namespace], int], among: Any = commands
    ) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = among.add_parser(name, help=summary, description=summary)
        sub.add_argument(
            "--config", type=Path, metavar="FILE", help=f"configuration (default: {DEFAULT_FILE})"
        )
        sub.set_defaults(act=act)
        return sub

    demo = command("demo", "A sample community in a local web chat; no account, no configuration.", _demo)
    demo.add_argument("--empty", action="store_true", help="start without the sample community")
    command("run", "The bot.", _run)
    command("console", "The bot in the terminal, as one or several people.", _console)
    command("check", "What is wrong with this installation, and how to mend it.", _check)
    manifest = command("manifest", "What a platform asks for when the bot is installed there.", _manifest)
    manifest.add_argument("platform", choices=("slack", "discord"))
    manifest.add_argument(
        "--application",
        metavar="ID",
        type=_number,
        help="Discord: the application's id (default: as the token tells)",
    )
    command("migrate", "Bring the database to this release's schema.", _migrate)
    command("backup", "Write a copy of the database, also while the bot runs.", _backup).add_argument(
        "file", type=Path, metavar="FILE"
    )
    command("restore", "Put a backup in the database's place.", _restore).add_argument(
        "file", type=Path, metavar="FILE"
    )
    command("release", "Let letters go that are held, after a restore or too many attempts.", _release)
    imports = commands.add_parser("import", help="Data in from files.", description="Data in from files.")
    kinds = imports.add_subparsers(required=True, metavar="WHAT")
    sessions = command(
        "sessions", "The events of a calendar file; once more changes nothing.", _import_sessions, kinds
    )
    sessions.add_argument("file", type=Path, metavar="FILE.ics")
    sessions.add_argument("--community", required=True, metavar="SLUG", help="whose sessions they are to be")
    holidays = command(
        "holidays", "The days of a calendar file, of which session plans keep clear.", _import_holidays, kinds
    )
    holidays.add_argument("file", type=Path, metavar="FILE.ics")
    holidays.add_argument("--community", required=True, metavar="SLUG", help="whose plans are meant")
    command("reference", "The command reference, as Markdown.", _reference)
    return parser


def _number(text: str) -> str:
    """Return an id of Discord's; for argparse, which says of another text that it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise argparse.ArgumentTypeError(f"{text!r} is no application id, which is a whole number")
    return text


def _config(arguments: argparse.Namespace, *, secrets: bool = True) -> Config:
    path: Path | None = arguments.config
    if path is None and DEFAULT_FILE.exists():
        path = DEFAULT_FILE
    return load(path, os.environ, secrets=secrets)


def _demo(arguments: argparse.Namespace) -> int:
    from bot import modes  # the platforms' libraries load only for the commands that need them

    return asyncio.run(modes.demo(_config(arguments), sample=not arguments.empty))


def _run(arguments: argparse.Namespace) -> int:
    from bot import modes  # as above

    return asyncio.run(modes.run(_config(arguments)))


def _console(arguments: argparse.Namespace) -> int:
    from bot import modes  # as above

    return asyncio.run(modes.console(_config(arguments)))


def _check(arguments: argparse.Namespace) -> int:
    from bot import check  # as above

    config = _config(arguments)
    platforms: dict[str, check.Look] = {}
    if config.slack.enabled:
        from adapters.slack import check as slack

        platforms["slack"] = slack.look
    if config.discord.enabled:
        from adapters.discord import check as discord

        platforms["discord"] = discord.look
    findings = asyncio.run(check.examine(config, platforms))
    for finding in findings:
        _say(str(finding))
    return OK if all(finding.ok for finding in findings) else FAILURE


def _manifest(arguments: argparse.Namespace) -> int:
    config = _config(arguments, secrets=False)
    if arguments.platform == "slack":
        from adapters.slack import manifest

        address = config.web.public_url
        if config.slack.mode == "http" and not address:
            raise ConfigProblems(['web.public_url: expected an https address, since slack.mode is "http"'])
        if config.slack.mode == "http" and not address.startswith("https://"):
            _say(f"Slack will refuse web.public_url, {address}: it sends to https only.", sys.stderr)
        made = manifest.manifest(
            name=config.bot.name,
            command=config.slack.command,
            mode=config.slack.mode,
            public_url=address,
        )
        _say(manifest.yaml(made).rstrip("\n"))
    else:
        from adapters.discord import invite

        application = arguments.application or invite.application(config.discord.token.get_secret_value())
        if application is None:
            raise ConfigProblems(
                [
                    "discord.token: expected a bot token, whose first part names the application; "
                    "or give --application and the ID from the Developer Portal"
                ]
            )
        if not arguments.application:
            _say(f"The application is {application}, as the token says.", sys.stderr)
        _say(invite.url(application, native_events=config.discord.native_events))
    return OK


def _migrate(arguments: argparse.Namespace) -> int:
    from storage.migrate import upgrade  # Alembic is slow to load

    done = upgrade(_config(arguments).database.url)
    if done.before == done.after:
        _say(f"The database is at schema {done.after} already.")
    else:
        copy = f", after a copy to {done.backup}" if done.backup else ""
        _say(f"Brought the database from {done.before or 'nothing'} to schema {done.after}{copy}.")
    return OK


def _backup(arguments: argparse.Namespace) -> int:
    from storage.backup import backup

    backup(_config(arguments).database.url, arguments.file)
    _say(f"Wrote {arguments.file}.")
    return OK


def _restore(arguments: argparse.Namespace) -> int:
    from storage.backup import restore

    kept = restore(_config(arguments).database.url, arguments.file, now=datetime.now(UTC))
    _say(
        f"Restored {arguments.file}. Letters that were on their way are held, since some may have been sent; "
        "hearth release lets them go."
    )
    if kept:
        _say(f"What was there before is kept as {kept}.")
    return OK


def _release(arguments: argparse.Namespace) -> int:
    from bot.rules import outbox
    from storage.database import open_database

    async def release() -> int:
        database = open_database(_config(arguments).database.url)
        try:
            return await database.write(outbox.release)
        finally:
            await database.close()

    count = asyncio.run(release())
    _say(
        f"Released {count} letters. The bot looks for each before it sends it."
        if count
        else "No letter is held."
    )
    return OK


def _import_sessions(arguments: argparse.Namespace) -> int:
    from bot import importing

    return _import(arguments, importing.sessions)


def _import_holidays(arguments: argparse.Namespace) -> int:
    from bot import importing

    return _import(arguments, importing.holidays)


def _import(arguments: argparse.Namespace, bring: Callable[..., bool]) -> int:
    def say(kind: str, line: str) -> None:
        if kind == "progress" and sys.stderr.isatty():
            sys.stderr.write(f"{line}\r")  # the next line is written over it
            sys.stderr.flush()
        else:
            _say(line, sys.stdout if kind == "said" else sys.stderr)

    try:
        done = bring(
            _config(arguments, secrets=False),
            arguments.file,
            arguments.community,
            now=datetime.now(UTC),
            say=say,
        )
    except OSError as error:
        _say(f"{arguments.file} cannot be read: {error.strerror or type(error).__name__}.", sys.stderr)
        return FAILURE
    except UserError as refusal:
        _say(refusal.message, sys.stderr)
        return FAILURE
    return OK if done else FAILURE


def _reference(arguments: argparse.Namespace) -> int:
    from bot import app, reference

    _say(reference.render(app.registry()).rstrip())
    return OK


if __name__ == "__main__":
    main()
