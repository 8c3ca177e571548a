"""How does the vendor's compute service answer what we ask in our own words?

Requests go through the vendor's public `Session.execute`, in the words that its own objects use on
the wire (a test compares them). Its objects themselves ask once more for every job that they list,
check availability triggers with queries of their own, and turn misspelt options into parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import Job, JobRun, JobSpec, LogKind, LogLine, Trigger
from beaf_bmll.sdk import logs, wire
from beaf_bmll.sdk.faults import Asked, reading
from beaf_bmll.sdk.login import in_lab
from beaf_bmll.sdk.markets import living_markets
from beaf_bmll.sdk.session import LockedSession, session_of
from beaf_core import UsageError

Noun = TypeVar("Noun", Job, JobRun)

#: The vendor's client asks for so many jobs unless it is told otherwise.
PAGE = 100
_GONE = 404
_UNTIMED = datetime.max.replace(tzinfo=UTC)
# Guess: one of these says that a run cannot be ended because it has ended.
_ENDED = (400, 404, 409, 410, 422)


def connect(config: Config) -> SDKGateway:
    """Open the vendor's compute service; nothing is sent before it is asked.

    Raises:
        UsageError: the vendor's package, or what outsiders need to log in, is missing.
    """
    if config.lab_org_id is None and not in_lab():
        raise UsageError(
            "jobs are started from outside the Lab in an organisation's name, and none is given",
            remedy="set BMLL_JOBS.lab_org_id (BEAF__BMLL_JOBS__lab_org_id in the environment); "
            "BMLL, or who looks after your organisation there, knows it",
        )
    return SDKGateway(session_of(config.lab_org_id, config.http_timeout), config.visibility)


class SDKGateway:
    """The vendor's compute service, behind its own package."""

    def __init__(
        self, session: LockedSession, visibility: Literal["private", "public"] = "private"
    ) -> None:
        self.session, self._visibility = session, visibility

    def log_in(self) -> None:
        """Log in now, before anything is written for what is asked then."""
        self.session.log_in()

    def create_job(self, spec: JobSpec) -> Job:
        """Make a job; it does not run yet."""
        return self._made(wire.job_of, "/jobs", wire.job_payload(spec))

    def update_job(self, job_id: str, **changes: object) -> None:
        """Change fields of JobSpec."""
        self.session.compute("PATCH", _job(job_id), json=wire.payload(changes))

    def delete_job(self, job_id: str) -> None:
        """Delete a job, and its runs with it; a job that is gone is no fault."""
        self._unless_gone("DELETE", _job(job_id))

    def get_job(self, job_id: str) -> Job | None:
        """Read one job; None where there is none."""
        raw = self._unless_gone("GET", _job(job_id))
        if raw is None:
            return None
        with reading(_asked(_job(job_id))):
            return wire.job_of(raw)

    def jobs(self, *, active_only: bool = False) -> Iterator[Job]:
        """List our own jobs, and others' where ours are public; every page of them."""
        asked = {"visibility": "private" if self._visibility == "private" else "all"}
        if active_only:
            asked["state"] = "active"
        yield from self._listed("/jobs", asked, wire.job_of)

    def add_trigger(self, job_id: str, trigger: Trigger) -> None:
        """Let a job start by itself."""
        check_kind(trigger)
        self.session.compute("POST", f"{_job(job_id)}/triggers", json=wire.trigger_payload(trigger))

    def delete_trigger(self, job_id: str, trigger_id: str) -> None:
        """Let it do so no more."""
        self._unless_gone("DELETE", f"{_job(job_id)}/triggers/{quote(trigger_id, safe='')}")

    def execute(self, job_id: str, parameters: Mapping[str, str] | None = None) -> JobRun:
        """Start a run; `parameters` go over the job's own.

        Whether the servers merge parameters or replace them is not known: all are sent.
        """
        overrides = None
        if parameters is not None:
            job = self.get_job(job_id)
            own = job.parameters if job else {}
            overrides = wire.payload({"parameters": {**own, **parameters}})
        return self._made(lambda raw: wire.run_of(raw, job_id), f"{_job(job_id)}/runs", overrides)

    def runs_of(self, job_id: str) -> list[JobRun]:
        """List a job's runs, newest first."""
        path = f"{_job(job_id)}/runs"
        with reading(_asked(path)):
            raws = self.session.compute("GET", path)
            runs = [wire.run_of(raw, job_id) for raw in raws if wire.is_instance(raw)]
        return sorted(runs, key=_began, reverse=True)

    def active_runs(self) -> Iterator[JobRun]:
        """List all our runs that have not ended, every page of them."""
        asked = ["private"] if self._visibility == "private" else ["private", "public"]
        seen: set[str] = set()
        for visibility in asked:
            for run in self._listed(
                "/runs", {"state": "active", "visibility": visibility}, _active_run
            ):
                if run.id not in seen:
                    seen.add(run.id)
                    yield run

    def terminate(self, run_id: str) -> None:
        """Ask for the end of a run; one that has ended is no fault."""
        try:
            self.session.compute("DELETE", _run(run_id))
        except BMLLError as error:
            if error.status not in _ENDED or any(run.id == run_id for run in self.active_runs()):
                raise

    def logs(
        self, run: JobRun, kind: LogKind, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[LogLine]:
        """Read what a run has said, oldest first, each line once, since it began."""
        path = f"{_run(run.id)}/{logs.PATHS[kind]}"
        since, until = logs.window(run, start, end)
        with reading(_asked(path)):
            lines = [logs.line_of(event) for event in self._events(path, since, until)]
        yield from sorted(lines, key=lambda line: line.at)

    def markets(self, day: str) -> list[str]:
        """List the MICs of the markets that are alive on a day."""
        return living_markets(self.session, day)

    def _made(self, read: Callable[[wire.Raw], Noun], path: str, what: object) -> Noun:
        with reading(Asked("POST", "compute" + path, changes=True)):
            return read(self.session.compute("POST", path, json=what))

    def _unless_gone(self, method: str, path: str) -> Any:
        try:
            return self.session.compute(method, path)
        except BMLLError as error:
            if error.status == _GONE:
                return None
            raise

    def _listed(
        self, path: str, asked: Mapping[str, str], read: Callable[[wire.Raw], Noun]
    ) -> Iterator[Noun]:
        """List page by page until one brings nothing new: what a short page means is not known."""
        # Guess: pages count from 1, since the vendor's client cannot ask for page 0.
        seen: set[str] = set()
        for page in _pages():
            what = {**asked, "page": page, "pageSize": PAGE}
            with reading(_asked(path)):
                raws = self.session.compute("GET", path, params=what)
                nouns = [read(raw) for raw in raws if wire.is_instance(raw)]
                ids = {str(raw.get("jobRunId") or raw["jobId"]) for raw in raws}
            yield from (noun for noun in nouns if noun.id not in seen)
            if ids <= seen:
                return
            seen |= ids

    def _events(self, path: str, since: str, until: str) -> Iterator[Any]:
        """Read page by page."""
        # Guess: the same token twice, as none, is the end.
        token: str | None = None
        while True:
            what = {"startTime": since, "endTime": until}
            answer = self.session.compute(
                "GET", path, params=what | ({"nextToken": token} if token else {})
            )
            yield from answer.get("events") or ()
            if answer.get("nextToken") in (None, "", token):
                return
            token = answer["nextToken"]


def _pages() -> Iterator[int]:
    page = 1
    while True:
        yield page
        page += 1


def _active_run(raw: wire.Raw) -> JobRun:
    return wire.run_of(raw, active=True)  # the servers have said so, whatever its state is called


def _began(run: JobRun) -> tuple[bool, datetime, str]:
    """Order runs by their beginning; one that has no state yet is the newest."""
    return (not run.states, run.states[0][1] if run.states else _UNTIMED, run.id)


def _job(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"


def _run(run_id: str) -> str:
    return f"/runs/{quote(run_id, safe='')}"


def _asked(path: str) -> Asked:
    return Asked("GET", "compute" + path, changes=False)


def check_kind(trigger: Trigger) -> None:
    """Refuse kinds of data that the vendor's client does not know either.

    Raises:
        UsageError: the trigger waits for such.
    """
    if trigger.availability is None:
        return
    from bmll.types import DataSet

    known = ["l3", *(each.value for each in DataSet)]
    if trigger.availability[0] not in known:
        raise UsageError(
            f"BMLL announces no {trigger.availability[0]!r}",
            remedy=f"one of {', '.join(known)}",
        )
