"""How does a test get Dagster's own daemon and webserver? Real processes over one DAGSTER_HOME.

Both share a PostgreSQL (`tests/postgres.py`), or SQLite where no URL is given::

    home = write_home(tmp_path / "home", postgres=url)
    with running_daemon(home, "-m", "beaf_dagster.definitions", cwd=project) as daemon:
        with running_webserver(home, "-m", "beaf_dagster.definitions", cwd=project) as web:
            web.graphql("{ version }")
        with home.instance() as instance:
            wait_for_runs(instance, seconds=60, told=daemon.said)

Every server is on loopback, at a free port, in a session of its own; what a test starts, it ends.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.error import HTTPError, URLError

import dagster as dg
import pytest
import yaml

Answer = TypeVar("Answer")

START_SECONDS = 120.0
STOP_SECONDS = 30.0
#: The variable that holds the URL of the event log: no password stands in a file.
POSTGRES = "BEAF_TEST_DAGSTER_POSTGRES"


@dataclass(frozen=True)
class DagsterHome:
    """A folder with `dagster.yaml`, and the environment that its processes need."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """The whole environment of a process over it."""
        return {**os.environ, **self.environment}

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Open it in this process."""
        with patch.dict(os.environ, self.environment), dg.DagsterInstance.get() as opened:
            yield opened


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Dagster try a PostgreSQL that does not answer as often as ever, without 11 s of sleep."""
    monkeypatch.setattr("dagster_postgres.utils.time", SimpleNamespace(sleep=lambda seconds: None))


def write_home(
    folder: Path, *, postgres: str | None = None, settings: Mapping[str, Any] | None = None
) -> DagsterHome:
    """Write a `dagster.yaml`, and return its home.

    Args:
        folder: becomes DAGSTER_HOME.
        postgres: the URL of an empty database; SQLite in the folder, if None.
        settings: further keys of `dagster.yaml`, such as `run_launcher` or `run_monitoring`.
    """
    folder.mkdir(parents=True)
    quiet = {"telemetry": {"enabled": False}, "nux": {"enabled": False}}
    environment = {"DAGSTER_HOME": str(folder)}
    storage: dict[str, Any] = {}
    if postgres is not None:
        # SQLAlchemy 2.1 takes a bare `postgresql://` for psycopg 3, which Dagster does not bring.
        environment[POSTGRES] = postgres.replace("postgresql://", "postgresql+psycopg2://", 1)
        storage = {"storage": {"postgres": {"postgres_url": {"env": POSTGRES}}}}
    written = {**quiet, **storage, **(settings or {})}
    (folder / "dagster.yaml").write_text(yaml.safe_dump(written))
    home = DagsterHome(folder, environment)
    with home.instance() as instance:  # of several that would make its tables at once, one fails
        instance.get_runs(limit=1)
        instance.get_daemon_heartbeats()
        instance.all_asset_keys()
    return home


@dataclass
class Running:
    """A process that a test has started; `log` has what it said."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """Read the end of its log."""
        return self.log.read_text(errors="replace")[-6000:]

    def stop(self) -> None:
        """End it as a person would, and its children with it; by force where it does not listen."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it and its children as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


@dataclass
class Webserver(Running):
    """A webserver, at `url`."""

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask it, and return the data of its answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                told: dict[str, Any] = json.load(answer)
        except HTTPError as error:
            raise AssertionError(f"GraphQL: {error}: {error.read().decode()}") from error
        assert not told.get("errors"), f"GraphQL: {told['errors']}"
        data: dict[str, Any] = told["data"]
        return data


@contextmanager
def running_daemon(
    home: DagsterHome, *target: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start `dagster-daemon run` over a target, and wait until its first heart beats.

    Args:
        home: the instance.
        target: what it loads, as on its command line: `-m MODULE`, `-w FILE` or `-f FILE`.
        cwd: the folder that it runs in.
        environment: further variables.
    """
    began = time.time()
    command = (*_program("dagster-daemon"), "run", *target)
    running = _start(home, command, cwd, environment)
    try:
        wait_until(lambda: _beats(home, began, running), START_SECONDS, running.said)
        yield running
    finally:
        running.stop()


@contextmanager
def running_webserver(
    home: DagsterHome, *target: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Webserver]:
    """Start `dagster-webserver` over a target on a free port of loopback; wait until it answers."""
    port = free_port()
    address = ("-h", "127.0.0.1", "-p", str(port))
    command = (*_program("dagster-webserver"), *address, *target)
    started = _start(home, command, cwd, environment)
    web = Webserver(started.process, started.log, f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: _answers(web), START_SECONDS, web.said)
        yield web
    finally:
        web.stop()


def wait_until(
    found: Callable[[], Answer | None], seconds: float, told: Callable[[], str] = str
) -> Answer:
    """Ask again and again until something is found.

    Raises:
        AssertionError: it is not found in time; with what `told` says.
    """
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s\n{told()}"
        time.sleep(0.2)
    return answer


def wait_for_runs(
    instance: dg.DagsterInstance,
    *,
    count: int = 1,
    seconds: float,
    filters: dg.RunsFilter | None = None,
    told: Callable[[], str] = str,
) -> list[dg.DagsterRun]:
    """Wait until so many runs have ended, in whichever way, and return them."""

    def ended() -> list[dg.DagsterRun] | None:
        runs = [each for each in instance.get_runs(filters) if each.is_finished]
        return runs if len(runs) >= count else None

    return wait_until(ended, seconds, told)


def events_of(instance: dg.DagsterInstance, run_id: str) -> str:
    """Tell what an instance knows of a run, a line for each event."""
    return "\n".join(each.message for each in instance.all_logs(run_id))


def free_port() -> int:
    """Find a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _program(name: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name(name)),)


def _start(
    home: DagsterHome,
    command: tuple[str, ...],
    cwd: Path,
    environment: Mapping[str, str] | None,
) -> Running:
    log = home.folder / f"{Path(command[0]).name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**home.variables, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C of the tests is not meant for it
        )
    return Running(process, log)


def _beats(home: DagsterHome, began: float, running: Running) -> bool:
    assert running.process.poll() is None, f"the daemon has ended\n{running.said()}"
    with home.instance() as instance:
        beats = instance.get_daemon_heartbeats().values()
    return any(each.timestamp >= began for each in beats)


def _answers(web: Webserver) -> bool:
    assert web.process.poll() is None, f"the webserver has ended\n{web.said()}"
    try:
        with urllib.request.urlopen(f"{web.url}/server_info", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False
