"""How is a command run that outlives whoever started it, and found again by anyone?

Each has a folder, `.beaf/commands/<run_id>`, closed to others: what it was asked, its log, and how
it ended. A lock in it is held for as long as anything of the command lives, so that no process id
is ever mistaken for another's.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beaf_core import CommandRequest, ExitCode, ResourceError, RunReport, UsageError

#: Files of a command's folder.
REQUEST, LOG, PROCESSES, ENDED = "command.json", "log.txt", "processes.json", "ended.json"
#: Locks: held while anything of the command lives; held while somebody looks after it.
ALIVE, SUPERVISED = "alive.lock", "supervised.lock"
#: How long a command may take to end once it is asked to, before it is made to.
GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DetachedRun:
    """A command in processes of its own; its ref is its folder."""

    folder: Path

    @classmethod
    def start(cls, request: CommandRequest, grace: float = GRACE_SECONDS) -> DetachedRun:
        """Start a command, and someone who looks after it.

        Raises:
            UsageError: the program or the folder is not there, or a run has that name already.
            ResourceError: the machine refuses.
        """
        run = cls(Path(request.project).resolve() / ".beaf" / "commands" / request.run_id)
        run._make_folder(request.run_id)
        text = json.dumps({**request.to_json(), "grace": grace})
        with held(run.folder / ALIVE) as alive, held(run.folder / SUPERVISED) as supervised:
            # From here on others find it, and see it live.
            (run.folder / REQUEST).write_text(text, encoding="utf-8")
            locks = (str(alive), str(supervised))
            started = subprocess.run(  # noqa: S603 — this very program, in its own words
                (sys.executable, "-m", "beaf_core.launchers.supervisor", str(run.folder), *locks),
                pass_fds=(alive, supervised),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        if started.returncode:
            shutil.rmtree(run.folder)
            raise UsageError(
                f"the command {request.args[0]} cannot be started in {request.project}: "
                f"{started.stderr.strip()}",
                remedy="see that the program and the folder are there",
            )
        return run

    @classmethod
    def find(cls, ref: str) -> DetachedRun | None:
        """Find a command by its folder; None where there is none."""
        run = cls(Path(ref))
        return run if (run.folder / REQUEST).is_file() else None

    @property
    def ref(self) -> str:
        """The command's folder."""
        return str(self.folder)

    def status(self) -> str:
        """`running`, `succeeded`, `failed` or `cancelled`."""
        # Asked in this order: whoever looks after a command writes how it ended, then lets go.
        if not self._ended() and is_held(self.folder / ALIVE):
            return "running"
        ended = self._ended()
        if ended.get("stopped"):
            return "cancelled"
        return "succeeded" if ended.get("exit_code") == 0 else "failed"

    def stop(self) -> None:
        """Ask it to end; what has not ended after the grace is made to."""
        if self.status() != "running":
            return
        processes = self._read(PROCESSES)
        with suppress(ProcessLookupError):  # it has ended this moment
            if is_held(self.folder / SUPERVISED):
                os.kill(processes["supervisor"], signal.SIGTERM)
            else:  # whoever looked after it was killed
                os.killpg(processes["command"], signal.SIGTERM)

    def logs(self) -> Iterator[str]:
        """Its output so far, and how it ended."""
        if (self.folder / LOG).exists():
            with (self.folder / LOG).open(encoding="utf-8", errors="replace") as lines:
                yield from (each.rstrip("\n") for each in lines)
        if self.status() != "running":
            yield self._last_line()

    def wait(self) -> RunReport:
        """Block until it has ended."""
        while self.status() == "running":
            time.sleep(0.1)
        run_id = str(self._read(REQUEST)["run_id"])
        return RunReport(run_id, self.ref, (), self._exit_code())

    def _exit_code(self) -> ExitCode:
        ended = self._ended()
        if ended.get("stopped"):
            return ExitCode.INTERRUPTED
        code = ended.get("exit_code")
        return ExitCode(code) if code in list(ExitCode) else ExitCode.PARTLY_FAILED

    def _last_line(self) -> str:
        ended = self._ended()
        if not ended:
            return "ended, and nobody saw how: the process that looks after it was killed"
        code, asked = ended["exit_code"], ", as it was asked to" if ended["stopped"] else ""
        name = f" ({signal.Signals(-code).name})" if code < 0 else ""
        return f"ended with exit code {code}{name}{asked}"

    def _ended(self) -> dict[str, Any]:
        return self._read(ENDED) if (self.folder / ENDED).exists() else {}

    def _read(self, name: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return read

    def _make_folder(self, run_id: str) -> None:
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700)  # a log may tell what is nobody else's business
        except FileExistsError:
            raise UsageError(
                f"a command named {run_id} was started before: {self.folder}",
                remedy="choose another name, or remove that folder",
            ) from None
        except OSError as error:
            raise ResourceError(
                f"{self.folder} cannot be made: {error.strerror}", remedy="make room for it"
            ) from error


@contextmanager
def held(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[int]:
    """Hold a lock, and give its file descriptor: it is held until every copy of that is closed.

    Raises:
        BlockingIOError: another process holds it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        yield file
    finally:
        os.close(file)


def is_held(path: Path) -> bool:
    """Say whether any process holds a lock; two who ask at once do not take each other for one."""
    try:
        with held(path, fcntl.LOCK_SH):
            return False
    except BlockingIOError:
        return True
