"""Packaging: the locks hold everything and nothing strange, and a wheel holds the whole house."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import bot

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "adapters", "commands", "scheduler", "storage")
RUN, DEV = ROOT / "requirements/run.txt", ROOT / "requirements/dev.txt"


def normal(requirement: str) -> str:
    """Return the bare name of a requirement such as `psycopg[binary]>=3.3`."""
    name = re.match(r"[\w.-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def locked(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text("utf-8"), re.MULTILINE))


def project() -> dict[str, list[str]]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {"": table["dependencies"], **table["optional-dependencies"]}


def test_the_run_lock_holds_what_the_program_needs_and_what_installs_it() -> None:
    needed = {normal(r) for r in [*project()[""], *project()["postgres"], "hatchling"]}
    assert needed <= locked(RUN).keys()


def test_the_dev_lock_holds_everything_in_the_same_versions() -> None:
    needed = {normal(r) for r in project()["dev"]} - {"hearth"}
    assert needed <= locked(DEV).keys()
    assert locked(RUN).items() <= locked(DEV).items()


@pytest.mark.parametrize("lock", [RUN, DEV], ids=["run", "dev"])
def test_every_locked_package_has_hashes_and_none_names_where_it_came_from(lock: Path) -> None:
    text = re.sub(r"#.*", "", lock.read_text("utf-8"))
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip()]
    assert len(entries) == len(locked(lock)) > 30
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert re.findall(r"://|--(?:extra-)?index|--find-links| @ ", text) == []


def test_continuous_integration_runs_what_a_person_runs() -> None:
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111
    assert script.read_text("utf-8").splitlines()[-1] == "exec make test"


def test_a_wheel_holds_every_file_of_every_room(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    files = (path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file())
    expected = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
    assert expected - held == set()
    described = f"hearth-{bot.__version__}.dist-info/"
    assert [name for name in held - expected if not name.startswith(described)] == []
