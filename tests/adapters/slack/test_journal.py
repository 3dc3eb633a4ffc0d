"""The journal: what was acknowledged and not done survives, torn lines do no harm, and it never grows."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.slack import journal
from adapters.slack.journal import Journal


def content(path: Path) -> bytes:
    return path.read_bytes()


def rights(path: Path) -> int:
    return path.stat().st_mode


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.jsonl"


async def test_what_is_not_done_is_there_after_a_crash_in_order(path: Path) -> None:
    before = Journal(path)
    for name in ("a", "b", "c"):
        assert await before.add(name, {"text": f"«{name}» \n\u2028 😀 \ud800"})
    await before.done("b")

    after = Journal(path)
    assert list(after.pending()) == ["a", "c"]
    assert after.pending()["a"] == {"text": "«a» \n\u2028 😀 \ud800"}


async def test_what_is_added_twice_is_kept_once_and_without_slacks_token(path: Path) -> None:
    kept = Journal(path)
    for _ in range(2):
        assert await kept.add("a", {"text": "x", "token": "proof-of-origin"})
    assert content(path).count(b'"a"') == 1
    assert b"proof-of-origin" not in content(path)
    assert Journal(path).pending() == {"a": {"text": "x"}}


async def test_when_all_is_done_nothing_of_it_is_left_on_disk(path: Path) -> None:
    kept = Journal(path)
    await kept.add("a", {"text": "private words"})
    await kept.add("b", {"text": "others"})
    await kept.done("a")
    await kept.done("b")
    assert content(path) == b""
    assert Journal(path).pending() == {}


async def test_an_earlier_runs_deliveries_can_be_done_and_the_file_is_emptied(path: Path) -> None:
    await Journal(path).add("a", {})
    after = Journal(path)
    after.pending()
    await after.done("a")
    assert content(path) == b""


@pytest.mark.parametrize(
    "torn", [b'{"delivery":"x","payl', b"\x00\xff\n", b"[]\n", b'{"payload":{}}\n', b"7\n"]
)
async def test_a_torn_line_costs_no_other(path: Path, torn: bytes) -> None:
    await Journal(path).add("a", {"n": 1})
    with path.open("ab") as file:
        file.write(torn)
    await Journal(path).add("b", {"n": 2})
    assert Journal(path).pending() == {"a": {"n": 1}, "b": {"n": 2}}


async def test_it_is_bounded_and_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST", 2)
    kept = Journal(path)
    assert await kept.add("a", {})
    assert await kept.add("b", {})
    with capture_logs() as log:
        assert not await kept.add("c", {})
        assert not await Journal(path).add("d", {"text": "x" * journal.LONGEST})
    assert [entry["log_level"] for entry in log] == ["error", "error"]
    await kept.done("a")
    assert await kept.add("c", {})


async def test_without_a_disk_it_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    kept = Journal(tmp_path / "data" / "journal.jsonl")
    with capture_logs() as log:
        assert not await kept.add("a", {})
    assert log[0]["log_level"] == "error"
    await kept.done("a")


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
async def test_only_the_bots_own_user_may_read_it(path: Path) -> None:
    await Journal(path).add("a", {})
    assert rights(path) & 0o077 == 0
