"""How do the emulated servers start runs, tell of them, and end them?"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence, Set
from datetime import date, datetime
from functools import partial
from typing import Any

from beaf_bmll.testing.answers import check_machine, invalid, locked_route, missing, page_of
from beaf_bmll.testing.clock import Clock, Cron, Due
from beaf_bmll.testing.contract import LogsQuery, RunsQuery
from beaf_bmll.testing.jobs import (
    REQUESTED,
    Books,
    Job,
    LogEvent,
    Run,
    Trigger,
    new_id,
)
from beaf_bmll.testing.machines import Machines
from beaf_bmll.testing.telling import tell_event, tell_run
from beaf_bmll.testing.web import Call, Route


class Runs:
    """The compute service's runs."""

    def __init__(self, books: Books, clock: Clock, machines: Machines, user: str) -> None:
        self._books, self._clock, self._machines, self._user = books, clock, machines, user
        self._fired: set[tuple[str, date]] = set()
        clock.follow(self._due)

    def routes(self) -> list[Route]:
        """List the calls of runs."""
        run = "/runs/{run}"
        route = partial(locked_route, self._books.lock)
        return [
            route("GET", "/runs", self._list, query=RunsQuery),
            route("DELETE", run, self._terminate),
            route("GET", f"{run}/parameters", self._parameters),
            route("GET", f"{run}/logs", self._general, query=LogsQuery),
            route("GET", f"{run}/stream", self._stream, query=LogsQuery),
        ]

    def begin(self, job: Job, changes: dict[str, Any], reason: str) -> Run:
        """Start a run of a job; the caller holds the books."""
        if not job.active:
            raise invalid("job is not active")
        if not job.task:
            raise invalid("job has no task")
        settings = job.settings | changes
        if self._books.guesses.merge_parameters:
            settings["scriptParameters"] = job.parameters | changes.get("scriptParameters", {})
        check_machine(settings)
        now = self._clock.now()
        run = Run(new_id(), job.id, job.task["taskId"], settings, reason, [(REQUESTED, now)])
        run.general.append(LogEvent(now, f"requested: {reason}"))
        self._books.runs[run.id] = run
        self._machines.start(run)
        return run

    def tell(self, run: Run) -> dict[str, Any]:
        """Write a run as it goes over the wire."""
        return tell_run(run, self._books.guesses)

    def terminate(self, run: Run, state: str | None = None, said: str = "terminated") -> None:
        """End a run, and its machine."""
        end = state or self._books.guesses.terminated
        if self._books.enter(run, end, self._clock.now(), said):
            run.termination_reason, run.termination_user = said, self._user
        run.unplugged.set()

    def _run(self, call: Call) -> Run:
        if (run := self._books.runs.get(call.names["run"])) is None:
            raise missing("job runs")
        return run

    def _list(self, call: Call) -> list[dict[str, Any]]:
        wanted = call.query
        runs = [
            run
            for run in self._books.listed(self._books.runs)
            if wanted.state in {None, "active" if run.active else "inactive"}
            and wanted.visibility in {None, "private", run.settings["visibility"]}
        ]
        return [self.tell(run) for run in page_of(runs, wanted)]

    def _terminate(self, call: Call) -> dict[str, Any]:
        run = self._run(call)
        if not run.active and self._books.guesses.ended_stay_ended:
            raise invalid("job run is not active")
        self.terminate(run)
        return self.tell(run)

    def _parameters(self, call: Call) -> list[dict[str, Any]]:
        run = self._run(call)
        return [{"taskId": run.task_id, "scriptParameters": dict(run.parameters)}]

    def _general(self, call: Call) -> dict[str, Any]:
        return self._page_of_log(self._run(call).general, call.query)

    def _stream(self, call: Call) -> dict[str, Any]:
        return self._page_of_log(self._run(call).stream, call.query)

    def _page_of_log(self, events: Sequence[LogEvent], query: LogsQuery) -> dict[str, Any]:
        guesses = self._books.guesses
        start, end = query.window  # Guess: both are inside.
        inside = [event for event in events if start <= event.at <= end]
        at = int(query.next_token or 0)
        until = at + guesses.log_page
        page = [tell_event(event, guesses) for event in inside[at:until]]
        return {"events": page} | ({"nextToken": str(until)} if until < len(inside) else {})

    def _due(self, start: datetime, end: datetime) -> Iterator[Due]:
        """List what crons start, oldest first."""
        with self._books.lock:
            crons = [
                (job, trigger)
                for job in self._books.jobs.values()
                for trigger in job.triggers.values()
                if "cron" in trigger.cause
            ]
        times = (self._times(job, trigger, start, end) for job, trigger in crons)
        return heapq.merge(*times, key=lambda due: due[0])

    def _times(self, job: Job, trigger: Trigger, start: datetime, end: datetime) -> Iterator[Due]:
        cron = Cron.parse(trigger.cause["cron"], steps=True)
        fire = partial(self._fire, job, trigger)
        return ((when, fire) for when in cron.between(max(start, job.created), end))

    def _fire(self, job: Job, trigger: Trigger) -> None:
        with self._books.lock:
            known = self._books.jobs.get(job.id)
            if known is job and job.active and trigger.id in job.triggers:
                self.begin(job, {}, f"trigger {trigger.name}")

    def arrived(self, kind: str, there: Set[str], day: date) -> None:
        """Start the jobs that waited for the last of some markets' data of a day."""
        with self._books.lock:
            for job in self._books.jobs.values():
                for trigger in job.triggers.values():
                    if self._complete(trigger, kind, there, day):
                        self._fired.add((trigger.id, day))
                        self._fire(job, trigger)

    def _complete(self, trigger: Trigger, kind: str, there: Set[str], day: date) -> bool:
        # Guess: a trigger fires once a day, when the last of its markets is there.
        wanted = trigger.cause.get("availability", {}).get(kind)
        if wanted is None or (trigger.id, day) in self._fired:
            return False
        return set(wanted["mic"]) <= there
