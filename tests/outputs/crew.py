"""How does a test get a writer that it may kill, in milliseconds instead of seconds?

One process imports everything and computes nothing; each writer is a fork of it. No thread of a
library has begun to work by then, so that nothing is held which the fork could wait for.

python -m tests.outputs.crew    reads a JSON line per wish on stdin, answers a JSON line each
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: What outputs import when they are used, half a second or more; pandas, if it is there, for Arrow.
HEAVY = ("polars", "pyarrow.parquet", "deltalake", "obstore", "sqlalchemy", "stamina", "duckdb")
HEAVY += ("pandas", "adbc_driver_postgresql.dbapi", "adbc_driver_sqlite.dbapi")


@dataclass(frozen=True)
class Ended:
    """How a writer ended.

    Attributes:
        code: its exit code, negative where a signal ended it.
        said: what it printed.
    """

    code: int
    said: str

    @property
    def killed(self) -> bool:
        """Whether it was killed, or died over a file that grew too large."""
        return self.code in {-signal.SIGKILL, -signal.SIGXFSZ}


class Crew:
    """Writers, as children of a process that has everything imported."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder, self._count = process, folder, 0

    def start(self, task: str, **wishes: Any) -> Writer:
        """Let a child do a task of `tests.outputs.tasks`."""
        self._count += 1
        log = self._folder / f"{self._count}.log"
        answer = self._ask({"task": task, "log": str(log), "wishes": wishes})
        return Writer(self, answer["pid"], log)

    def run(self, task: str, timeout: float = 60, **wishes: Any) -> Ended:
        """Let a child do a task to its end."""
        return self.start(task, **wishes).wait(timeout)

    def _ask(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(wish), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@dataclass(frozen=True)
class Writer:
    """A child at work."""

    crew: Crew
    pid: int
    log: Path

    def kill(self) -> None:
        """End it as a power cut would; it stays in the table of processes until it is awaited."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = 60) -> Ended:
        """Wait for its end.

        Raises:
            TimeoutError: it hangs; it is killed then.
        """
        answer = self.crew._ask({"wait": self.pid, "timeout": timeout})
        # One that is killed at once has not opened it yet.
        said = self.log.read_text(errors="replace") if self.log.exists() else ""
        if answer["code"] is None:
            raise TimeoutError(f"a writer has not ended within {timeout} s; it said: {said}")
        return Ended(answer["code"], said)


@contextmanager
def running_crew(folder: Path) -> Iterator[Crew]:
    """Start the process that writers are forked from, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.outputs.crew"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Crew(process, folder)
    finally:
        process.kill()
        process.wait(10)


# -- the process itself ----------------------------------------------------------------------------


def _serve() -> None:
    for name in (*HEAVY, *_own_modules()):
        __import__(name)
    from tests.outputs import places, tasks  # all that tasks need, before the first fork

    places.host()
    for line in sys.stdin:
        wish = json.loads(line)
        if "wait" in wish:
            answer = {"code": _wait(wish["wait"], wish["timeout"])}
        else:
            answer = {"pid": _fork(tasks, wish)}
        print(json.dumps(answer), flush=True)


def _own_modules() -> list[str]:
    import beaf_outputs

    found = pkgutil.walk_packages(beaf_outputs.__path__, "beaf_outputs.")
    return [each.name for each in found]


def _fork(tasks: Any, wish: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        log = os.open(wish["log"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for standard in (1, 2):
            os.dup2(log, standard)
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 — for as long as the child lives
        code = getattr(tasks, wish["task"])(**wish["wishes"]) or 0
    except BaseException:  # noqa: BLE001 — the child's end, whatever it was
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _wait(pid: int, timeout: float) -> int | None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


if __name__ == "__main__":
    _serve()
