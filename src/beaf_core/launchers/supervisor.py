"""Who looks after a command that runs detached? A small process that outlives its parent.

It starts the command, hands a request to stop on to it, makes it end after the grace, clears away
what it leaves behind, and writes down how it ended. It imports nothing heavy.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from beaf_core.launchers.detached import ENDED, LOG, PROCESSES, REQUEST

#: How long what a command leaves behind may take to end.
_LEFT_SECONDS = 2.0


def main(folder: Path, alive: int, supervised: int) -> None:
    """Leave a process behind that looks after the command; return once that has started."""
    asked = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    heard, tells = os.pipe()
    if os.fork():
        os.close(tells)
        with os.fdopen(heard) as fault:
            sys.exit(fault.read() or None)
    os.close(heard)
    os.setsid()
    _look_after(folder, asked, alive, tells)


def _look_after(folder: Path, asked: dict[str, Any], alive: int, tells: int) -> None:
    stop = _Stop()
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        command = subprocess.Popen(  # noqa: S603 — a list of words, as it was asked
            asked["args"],
            cwd=asked["project"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(alive,),
            start_new_session=True,
        )
    except OSError as error:
        os.write(tells, str(error).encode())
        os._exit(1)
    _write(folder / PROCESSES, {"supervisor": os.getpid(), "command": command.pid})
    _let_go_of_the_terminal(log)
    os.close(tells)  # that it has started
    code = stop.wait_for(command, float(asked["grace"]))
    _clear_away(command.pid)
    _write(folder / ENDED, {"exit_code": code, "stopped": stop.asked})


class _Stop:
    """Whether somebody has asked for the end."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def wait_for(self, command: subprocess.Popen[bytes], grace: float) -> int:
        """Wait for a command's end, and see to it once it is asked for."""
        while not self.asked:
            with suppress(subprocess.TimeoutExpired):
                return command.wait(0.2)
        command.terminate()
        try:
            return command.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(command.pid, signal.SIGKILL)
            return command.wait()


def _clear_away(group: int) -> None:
    """End what a command has left running, such as the workers of one that was killed."""
    deadline = time.monotonic() + _LEFT_SECONDS
    with suppress(ProcessLookupError):  # nothing is left
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
        os.killpg(group, signal.SIGKILL)


def _let_go_of_the_terminal(log: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


def _write(path: Path, facts: dict[str, Any]) -> None:
    whole = path.with_suffix(".new")
    whole.write_text(json.dumps(facts), encoding="utf-8")
    whole.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
