"""The log: shape, levels, and that neither a secret nor a forged line gets through."""

import base64
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from bot import log
from tests.conftest import PLAIN_LOG

CANARY = "xoxb-canary/7731+\"é'&"  # made up
NAMES = (*log.OUR_ROOMS, *log.TELLTALES, "aiohttp", "apscheduler", "")


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in NAMES}
    handlers, hook, loud = logging.getLogger().handlers, sys.excepthook, logging.raiseExceptions
    yield
    structlog.reset_defaults()
    structlog.configure(processors=PLAIN_LOG)
    logging.captureWarnings(False)
    logging.getLogger().handlers, sys.excepthook, logging.raiseExceptions = handlers, hook, loud
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def logged(act: Callable[[], object], *, level: str = "info", format: Any = "text", secrets: Any = ()) -> str:
    stream = io.StringIO()
    log.configure(level, format, secrets, stream)
    act()
    return stream.getvalue()


def ours() -> Any:
    return structlog.get_logger("bot.dispatch")


def test_json_is_one_object_a_line_with_the_time_in_utc() -> None:
    line = logged(lambda: ours().info("command ran", path="cop join", seconds=0.2), format="json")
    entry = json.loads(line)
    assert line.count("\n") == 1
    at = datetime.fromisoformat(entry.pop("timestamp"))
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert entry == {
        "event": "command ran",
        "path": "cop join",
        "seconds": 0.2,
        "level": "info",
        "logger": "bot.dispatch",
    }


def test_text_reads_as_time_level_event_and_values() -> None:
    line = logged(lambda: ours().warning("late", path="cop join", by="x", count=3, none=None))
    assert line.split("Z ", 1)[1] == 'warning [bot.dispatch] late path="cop join" by=x count=3 none=null\n'


def test_words_bound_to_the_context_stand_in_every_entry() -> None:
    with structlog.contextvars.bound_contextvars(delivery="d1"):
        assert "delivery=d1" in logged(lambda: ours().info("x"))


def test_libraries_are_heard_from_warning_on() -> None:
    def act() -> None:
        logging.getLogger("aiohttp.server").info("quiet %s", "a")
        logging.getLogger("aiohttp.server").warning("loud %s", "b")
        logging.getLogger("bot.app").info("ours")

    assert [line.split("] ")[1] for line in logged(act).splitlines()] == ["loud b", "ours"]
    assert "quiet a" in logged(act, level="debug")
    assert "ours" not in logged(act, level="warning")
    assert logged(act, level="error") == ""


@pytest.mark.parametrize("name", log.TELLTALES)
def test_libraries_that_write_down_what_people_said_stay_quiet_even_when_debugging(name: str) -> None:
    assert logged(lambda: logging.getLogger(name).info("answers: 5"), level="debug") == ""
    assert "broken" in logged(lambda: logging.getLogger(name).warning("broken"), level="debug")


def fail(secret: str) -> None:
    local = f"only a local {secret}"
    raise ValueError(f"refused {secret}" + local[:0])


def log_a_failure(secret: str) -> None:
    try:
        fail(secret)
    except ValueError:
        ours().exception("failed")


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_traceback_tells_where_and_not_the_local_variables(format: str) -> None:
    text = logged(lambda: log_a_failure("harmless"), format=format)
    assert "in fail" in text
    assert "refused harmless" in text
    assert "only a local harmless" not in text
    assert len(text.splitlines()) == (1 if format == "json" else len(text.split("\n    ")))


def log_a_database_error() -> None:
    engine, said = create_engine("sqlite://"), "I said\nthis"
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("INSERT INTO nowhere VALUES (?)", (said,))
    except OperationalError as error:
        ours().exception("failed", error=error)
    engine.dispose()
    detail = "DETAIL:  Failing row contains (4, I said\nthis)."
    ours().error("failed", error=f"violates\n{detail}\n[SQL: INSERT]\n[parameters: ('I said',)]\n(Background")


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_database_error_tells_the_statement_and_not_what_somebody_said(format: str) -> None:
    text = logged(log_a_database_error, format=format)
    assert "no such table: nowhere" in text
    assert "INSERT INTO nowhere" in text
    assert "I said" not in text
    assert "this)" not in text


class Thing:
    def __str__(self) -> str:
        return f"Thing({CANARY})"


def leak_everywhere() -> None:
    tokens = [
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        json.dumps(CANARY),
        repr(CANARY),
    ]
    tokens += [base64.b64encode(f"{'x' * n}{CANARY}:rest".encode()).decode() for n in range(3)]
    tokens += [base64.urlsafe_b64encode(f"{'x' * n}{CANARY}".encode()).decode() for n in range(3)]
    for token in tokens:
        ours().info(f"event {token}", value=token, nested={"in": [token, (token,)], token: 1}, thing=Thing())
        ours().info("positional %s", token)
        ours().info("bytes", raw=CANARY.encode(), sealed=SecretStr(CANARY))
        log_a_failure(token)
        logging.getLogger("aiohttp.client").error("GET /?token=%s", token, extra={"token": token})
        logging.getLogger(f"bot.{token}").error("named")
    try:
        fail(CANARY)
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)


def standing_in(text: str, secret: str) -> set[str]:
    """Return the disguises of the secret that stand in the text; ten characters of base64 are enough."""
    bare = {secret, json.dumps(secret)[1:-1], repr(secret.encode())[2:-1], quote(secret), quote_plus(secret)}
    for offset in range(3):
        encoded = base64.b64encode(b"x" * offset + secret.encode()).decode()
        bare |= {encoded[4:14], encoded[4:14].replace("+", "-").replace("/", "_")}
    return {form for form in bare if form in text or form in text.replace("\\\\", "\\")}


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_canary_in_every_place_is_masked(format: str) -> None:
    text = logged(leak_everywhere, level="debug", format=format, secrets=[CANARY])
    assert standing_in(text, CANARY) == set()
    assert text.count(log.MASK) > 100
    assert "stopped by an error" in text
    assert len(standing_in(logged(leak_everywhere, level="debug", format=format), CANARY)) >= 6


def test_a_secret_may_be_any_text() -> None:
    assert "x=[secret]" in logged(lambda: ours().info("ok", x="caf\udce9"), secrets=["caf\udce9"])


def test_a_number_that_is_a_secret_is_masked_and_a_short_secret_blanks_out_nothing() -> None:
    text = logged(lambda: ours().info("abc", pin=77317731, port=8080), secrets=["77317731", "abc", ""])
    assert "abc pin=[secret] port=8080" in text


FORGERY = "innocent\n2030-01-01T00:00:00Z info    [bot] forged\r\x1b[2J\x9b2J\u202egnp\u2028x\x85\x00\ud800"


@pytest.mark.parametrize("format", ["text", "json"])
def test_no_value_starts_a_line_or_moves_the_cursor(format: str) -> None:
    def act() -> None:
        ours().info(FORGERY, **{"value": FORGERY, "k\ney": [FORGERY]})
        log_a_failure(FORGERY)

    text = logged(act, format=format)
    assert not set(text) & set("\r\x1b\x9b\u202e\u2028\x85\x00\ud800")
    assert [line for line in text.splitlines() if line.startswith("2030")] == []


@given(st.text(), st.text())
def test_every_text_makes_one_line(event: str, value: str) -> None:
    for format in ("text", "json"):
        text = logged(lambda: ours().info(event, value=value), format=format)
        assert len(text.splitlines()) == 1


def test_a_thing_that_cannot_say_what_it_is_does_not_cost_the_entry() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    assert "kept thing=<Broken>" in logged(lambda: ours().info("kept", thing=Broken()))


def test_a_malformed_call_does_not_print_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    logged(lambda: logging.getLogger("aiohttp").error("%d", CANARY), secrets=[CANARY])
    assert CANARY not in capsys.readouterr().err
