"""What does a machine do once it is ready? It reads what is asked, sees that nobody else does it,
does it, and writes down how it ended.

This file is copied into an area as it stands, and run by the vendor's Python: it needs nothing but
the standard library until the work begins.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

#: Parameters of a job: who asks, where its files are, what for, and whether it comes back.
SUBMIT_ID, FOLDER = "beaf_submit_id", "beaf_folder"
REQUEST, DIGEST, SCHEDULE = "beaf_request", "beaf_digest", "beaf_schedule"
#: Files in the folder of a run.
LEASE, STATUS, REPORT = "lease", "status.json", "report.json"
#: How long a mount may take to show what stands in an area, in seconds: machines start before it.
MOUNT_SECONDS = 120.0
SHORTEST_SECRET = 4

# As ExitCode of beaf_core, which is not there yet.
OK, BUG, USAGE, FAILED, RESOURCES, INTERRUPTED = 0, 1, 2, 3, 5, 130

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}")
_VARIABLE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_USER_INFO = re.compile(r"(?<=://)[^/\s@]*:[^/\s]*@")


class Ending(NamedTuple):
    """How a run ended: its status, the exit code, and what a person should know of it."""

    status: str
    exit_code: int
    message: str = ""
    remedy: str = ""


class RefusedError(Exception):
    """The machine cannot do what is asked."""

    def __init__(self, message: str, remedy: str = "", exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.ending = Ending("failed", exit_code, message, remedy)


class Job(NamedTuple):
    """One run of a job.

    Attributes:
        parameters: as the vendor hands them over.
        run_id: the run's name with the vendor.
    """

    parameters: dict[str, str]
    run_id: str

    @property
    def home(self) -> Path:
        """The folder of everything that was submitted under one id."""
        return Path(self.parameters[FOLDER], "runs", _name(self.parameters[SUBMIT_ID]))

    @property
    def folder(self) -> Path:
        """The folder of this run; what comes back has one for each time."""
        return self.home / _name(self.run_id) if SCHEDULE in self.parameters else self.home


def main() -> int:
    """Do what the parameters of this run ask for; the exit code is the run's."""
    signal.signal(signal.SIGTERM, _stop)
    job = Job(_parameters(), os.environ.get("JOB_RUN_ID", ""))
    try:
        check(job.parameters)
        if SCHEDULE not in job.parameters and not take_lease(job.home / LEASE, job.run_id):
            return OK
        return carry(job)
    except (RefusedError, OSError) as fault:  # nothing can be left for those who ask
        print(f"beaf: the job cannot begin: {fault}", file=sys.stderr)
        return USAGE


def carry(job: Job) -> int:
    """Do the work, and leave a word of how it ended."""
    started, secrets = _now(), list[str]()
    leave(job.folder, Ending("running", OK), job.run_id, started)
    try:
        ending = _done(job, secrets)
    except KeyboardInterrupt:
        ending = Ending("cancelled", INTERRUPTED, "the run was asked to end")
    except RefusedError as refused:
        ending = refused.ending
    except Exception as error:  # noqa: BLE001 — the status has to say how it ended
        # Whatever it was, those who ask must learn of it; the traceback stands in the log.
        print(masked("".join(traceback.format_exception(error)), secrets), file=sys.stderr)
        ending = Ending("failed", BUG, f"{type(error).__name__}: {error}")
    ending = Ending(*ending[:2], *(masked(each, secrets) for each in ending[2:]))
    leave(job.folder, ending, job.run_id, started)
    told = ": ".join(filter(None, (f"beaf: {ending.status}", ending.message)))
    print("\n  → ".join(filter(None, (told, ending.remedy))), file=sys.stderr, flush=True)
    return ending.exit_code


def _done(job: Job, secrets: list[str]) -> Ending:
    asked = read_request(job.parameters)
    secrets += set_environment(asked)
    try:
        from beaf_bmll.runner.work import carry_out
    except ImportError as error:
        raise RefusedError(
            f"BEAF cannot be imported by {sys.executable}: {error}",
            "see what the bootstrap said in the job's log; it installs for the `python` on its "
            "PATH",
        ) from error
    return carry_out(asked, job)


def _parameters() -> dict[str, str]:
    import bmll.compute  # 3 s, and the vendor's only way to tell

    # Guess: a script is told its parameters by this call alone, as the SDK's documentation says.
    found: dict[str, str] = bmll.compute.get_job_run_parameters()
    return found


def check(parameters: dict[str, str]) -> None:
    """Refuse parameters that lead nowhere.

    Raises:
        RefusedError: one is lacking.
    """
    lacking = [name for name in (SUBMIT_ID, FOLDER, REQUEST, DIGEST) if name not in parameters]
    if lacking:
        raise RefusedError(
            f"the job has no {', '.join(lacking)} among its parameters: BEAF has not submitted it"
        )


def read_request(parameters: dict[str, str]) -> dict[str, Any]:
    """Read what is asked: inline, or in a file of an area.

    Raises:
        RefusedError: it is not there, or not what was submitted.
    """
    given = parameters[REQUEST]
    text = given if given.startswith("{") else _text_of(Path(given))
    if hashlib.sha256(text.encode()).hexdigest() != parameters[DIGEST]:
        where = "the parameters" if given.startswith("{") else given
        raise RefusedError(
            f"the request in {where} is not the one that was submitted: its digest differs",
            "submit it again",
        )
    asked: dict[str, Any] = json.loads(text)
    return asked


def _text_of(path: Path) -> str:
    deadline = time.monotonic() + MOUNT_SECONDS
    while not path.is_file():
        if time.monotonic() > deadline:
            raise RefusedError(
                f"the request {path} is not there after {MOUNT_SECONDS:.0f} s",
                "see whether the area is mounted on the machine, and submit it again",
            )
        time.sleep(1)
    return path.read_text(encoding="utf-8")


def take_lease(path: Path, run_id: str) -> bool:
    """Take a piece of work for this run alone; False, said aloud, where another one has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Guess: the mount creates a file exclusively. Where it does not, the later one is written
    # last, and the earlier one sees that here; both going on would take two within one write.
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(file, "w", encoding="utf-8") as lease:
            lease.write(run_id)
            lease.flush()
            os.fsync(lease.fileno())
    holder = path.read_text(encoding="utf-8")
    if holder != run_id:
        print(f"beaf: duplicate: the run {holder or 'that came first'} does this already")
    return holder == run_id


def set_environment(asked: dict[str, Any]) -> list[str]:
    """Set the variables of a job; what its file of secrets holds is returned.

    Raises:
        RefusedError: the file cannot be read, or lacks a variable.
    """
    os.environ.update(asked["environment"])
    found = read_env_file(Path(asked["env_file"])) if asked["env_file"] else {}
    os.environ.update(found)
    lacking = [name for name in asked["required"] if name not in os.environ]
    if lacking:
        raise RefusedError(
            f"the job needs the variables {', '.join(lacking)}, and {asked['env_file']} "
            "does not set them",
            "add a line NAME=value for each",
        )
    folders = [*asked["pythonpath"], *filter(None, [os.environ.get("PYTHONPATH")])]
    if folders:
        os.environ["PYTHONPATH"] = os.pathsep.join(folders)  # for workers
    sys.path[:0] = asked["pythonpath"]
    # What is shorter is a setting such as 1: to hide it would make messages unreadable.
    return [value for value in found.values() if len(value) >= SHORTEST_SECRET]


def read_env_file(path: Path) -> dict[str, str]:
    """Read lines of NAME=value; # begins a comment, quotes around a value are taken off.

    Raises:
        RefusedError: it is not there, or a line is no such line; its text is not told.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RefusedError(
            f"the env_file {path} cannot be read: {error.strerror}",
            "write it into an area, or take env_file out of BMLL_JOBS",
        ) from None
    found = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        match = _VARIABLE.fullmatch(line)
        if match is None:
            raise RefusedError(f"line {number} of {path} is not NAME=value", "mend that line")
        found[match[1]] = _unquoted(match[2].strip())
    return found


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def masked(text: str, secrets: list[str]) -> str:
    """Hide, in a text, what the file of secrets holds, and who logs in within URLs."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _USER_INFO.sub("***@", text)


def leave(folder: Path, ending: Ending, run_id: str, started: str) -> None:
    """Write down how a run stands."""
    ended = None if ending.status == "running" else _now()
    facts = {**ending._asdict(), "run": run_id, "started": started, "ended": ended}
    write_whole(folder / STATUS, json.dumps(facts, indent=2))


def write_whole(path: Path, text: str) -> None:
    """Write a file that readers see whole, or not at all; nobody else may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise RefusedError(f"{text!r} is no name of a run")
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _stop(signum: int, frame: FrameType | None) -> None:
    # Guess: a run that is terminated hears SIGTERM first; where it does not, the vendor's word
    # stands, and outputs are whole, since they are written atomically.
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
