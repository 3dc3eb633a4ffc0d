"""How long `hearth run` takes to its first healthy answer, and what it weighs when idle."""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

LIBRARIES = (
    "import aiohttp.web, alembic, apscheduler.schedulers.asyncio, sqlmodel, structlog, prometheus_client"
)


def resident(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def started(folder: Path, command: str) -> tuple[float, float]:
    """Return the seconds until `hearth <command>` answers, and its memory two seconds later."""
    port = free_port()
    environ = os.environ | {
        "HEARTH_BOT__DATA_DIR": str(folder),
        "HEARTH_DATABASE__URL": f"sqlite:///{folder}/hearth.db",
        "HEARTH_WEB__PORT": str(port),
        "HEARTH_WEB__CHAT": "true",
    }
    began = time.perf_counter()
    program = subprocess.Popen(
        [sys.executable, "-m", "bot", command],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
                break
            except (OSError, urllib.error.URLError):
                time.sleep(0.01)
        spent = time.perf_counter() - began
        time.sleep(2)
        return spent, resident(program.pid)
    finally:
        program.terminate()
        program.wait(15)


def imported() -> tuple[float, float]:
    """Return the seconds and the memory of a Python that imports what Hearth stands on."""
    began = time.perf_counter()
    program = subprocess.Popen(
        [sys.executable, "-c", f"{LIBRARIES}; print('.', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert program.stdout is not None
    program.stdout.readline()
    spent = time.perf_counter() - began
    memory = resident(program.pid)
    program.communicate(b"\n")
    return spent, memory


def main() -> None:
    """Measure, alternating, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    runs: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        started(Path(folder), "run")  # sets the database up and warms the disk's cache
        for _ in range(rounds):
            runs.setdefault("imports only", []).append(imported())
            runs.setdefault("hearth run", []).append(started(Path(folder), "run"))
            with tempfile.TemporaryDirectory() as fresh:
                runs.setdefault("hearth demo", []).append(started(Path(fresh), "demo"))
    print(f"{'what':14} {'seconds':>8} {'MiB':>7}")
    for name, measured in runs.items():
        seconds, memory = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"{name:14} {seconds:8.2f} {memory:7.1f}")


if __name__ == "__main__":
    main()
