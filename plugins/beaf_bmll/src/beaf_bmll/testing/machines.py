"""How does a run become processes of this machine, and how does it end?

Every run has a folder of its own, a clean environment, and a process group per script. Nothing of
it outlives the run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

from beaf_bmll.testing.clock import Clock
from beaf_bmll.testing.jobs import (
    CONFIGURING,
    PROVISIONING,
    RUNNING,
    Books,
    LogEvent,
    Run,
)
from beaf_bmll.testing.processes import MARK, end_all

_LOOK = 0.02  # seconds between two looks at a process


@dataclass(slots=True)
class Machines:
    """What runs scripts, and how.

    Attributes:
        folder: where every machine has its folder.
        area_roots: where the storage areas lie.
        environment: variables that every machine has; nothing else is inherited but PATH.
        delay: seconds that a machine takes to come up.
        seconds_per_hour: how long an hour of `max_runtime_hours` is, for tests that wait for one.
        started: whether runs start; where not, they stay requested until somebody ends them.
    """

    folder: Path
    area_roots: Mapping[str, Path]
    clock: Clock
    books: Books
    environment: dict[str, str]
    delay: float = 0.0
    seconds_per_hour: float = 3600.0
    started: bool = True
    _lives: dict[str, Thread] = field(default_factory=dict)

    def start(self, run: Run) -> None:
        """Let a run live."""
        if self.started:
            life = Thread(target=self._live, args=(run,), name=f"machine of {run.id}", daemon=True)
            self._lives[run.id] = life
            life.start()

    def close(self) -> None:
        """End every machine, and wait until it is gone."""
        for run in [*self.books.runs.values(), *self.books.deleted_runs.values()]:
            run.unplugged.set()
        for run_id in list(self._lives):
            self.wait_until_gone(run_id)

    def wait_until_gone(self, run_id: str, timeout: float = 10.0) -> None:
        """Wait until a run's machine is gone, and its logs are written."""
        if (life := self._lives.get(run_id)) is not None:
            life.join(timeout)

    def _live(self, run: Run) -> None:
        try:
            self._work(run)
        except (OSError, ValueError) as error:
            self._fail(run, f"the machine cannot start it: {error}")
        finally:
            end_all(run.id)
            self._write_logs(run)

    def _work(self, run: Run) -> None:
        self._enter(run, PROVISIONING, "a machine is asked for")
        run.unplugged.wait(self.delay)
        if not self._enter(run, CONFIGURING, "the machine is prepared"):
            return
        # Guess: in the order of their numbers; without, as they were sent.
        for step in sorted(run.settings["bootstraps"], key=lambda each: each.get("order", 0)):
            if not self._bootstrap(run, step):
                return
        if self._enter(run, RUNNING, "the script starts"):
            self._script(run)

    def _bootstrap(self, run: Run, step: Mapping[str, object]) -> bool:
        path, given = str(step["path"]), step.get("args", [])
        args = given if isinstance(given, list) else []
        script = self.area_roots[str(step["area"])] / path
        # Guess: a bootstrap is run by bash as a process of its own: what it exports is lost.
        # Guess: its output goes to the general log.
        code = self._run(run, ["bash", str(script), *map(str, args)], run.general, {})
        if code:
            self._fail(run, f"bootstrap {path} failed with {code}", code)
        return code == 0

    def _script(self, run: Run) -> None:
        script = self.area_roots[run.settings["scriptArea"]] / run.settings["scriptPath"]
        names = {"JOB_RUN_ID": run.id, "BMLL_JOB_RUN_TASK_ID": str(run.task_id)}
        # Guess: .py is run by Python, .sh by bash, and nothing else is.
        runner = {".py": sys.executable, ".sh": "bash"}.get(script.suffix)
        if runner is None:
            self._fail(run, f"nothing runs a script {script.suffix!r}")
            return
        code = self._run(run, [runner, str(script)], run.stream, names)
        if code is not None:
            end = self.books.guesses.failed if code else self.books.guesses.completed
            self._enter(run, end, f"the script ended with {code}", code)

    def _run(
        self, run: Run, command: Sequence[str], log: list[LogEvent], names: Mapping[str, str]
    ) -> int | None:
        """Run a process until it ends, and give its exit code; None where it was ended."""
        home = self.folder / run.id
        home.mkdir(parents=True, exist_ok=True)
        environment = self._environment(home) | self.environment | dict(names) | {MARK: run.id}
        process = subprocess.Popen(  # noqa: S603 - the scripts are the user's own
            command,
            cwd=home,  # Guess: scripts start in the home of the machine's user.
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        reader = Thread(target=self._listen, args=(process, log), daemon=True)
        reader.start()
        code = self._watch(run, process)
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)  # not reaped yet: the group is its own
        # Guess: what a script or a bootstrap leaves running is gone when it ends.
        end_all(run.id)
        process.wait()
        reader.join(timeout=10)
        return code

    def _watch(self, run: Run, process: subprocess.Popen[bytes]) -> int | None:
        while process.poll() is None:
            if run.unplugged.wait(_LOOK):
                return None
            if self.clock.now() >= self._deadline(run):
                self._enter(run, self.books.guesses.timed_out, "max_runtime_hours are over")
                return None
        return process.returncode

    def _deadline(self, run: Run) -> datetime:
        # Guess: the hours of max_runtime_hours count from when a machine was asked for.
        began = run.since(PROVISIONING) or run.states[0][1]
        return began + timedelta(seconds=run.settings["maxRuntimeHours"] * self.seconds_per_hour)

    def _listen(self, process: subprocess.Popen[bytes], log: list[LogEvent]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                log.append(LogEvent(self.clock.now(), line.decode(errors="replace").rstrip("\n")))

    @staticmethod
    def _environment(home: Path) -> dict[str, str]:
        here = str(Path(sys.executable).parent)
        return {
            "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }

    def _enter(self, run: Run, state: str, said: str, exit_code: int | None = None) -> bool:
        with self.books.lock:
            if not self.books.enter(run, state, self.clock.now(), said):
                return False
            run.exit_code = exit_code
            if not run.active:
                run.termination_reason = said
        return True

    def _fail(self, run: Run, said: str, code: int | None = None) -> None:
        self._enter(run, self.books.guesses.failed, said, code)

    def _write_logs(self, run: Run) -> None:
        # Guess: logs are files of these names below <log_path>/<run id>, written at the end.
        folder = self.area_roots[run.settings["logArea"]] / run.settings["logPath"] / run.id
        folder.mkdir(parents=True, exist_ok=True)
        for name, events in (("general.log", run.general), ("stream.log", run.stream)):
            text = "".join(f"{event.message}\n" for event in events)
            (folder / name).write_text(text, encoding="utf-8")
