"""How do the emulated servers answer for jobs, their tasks, their triggers and their runs?"""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Any

from beaf_bmll.testing.answers import check_machine, invalid, locked_route, missing, page_of
from beaf_bmll.testing.clock import Clock, Cron
from beaf_bmll.testing.contract import (
    JobChanges,
    JobsQuery,
    NewJob,
    RunChanges,
    TaskBody,
    TaskChanges,
    TriggerBody,
)
from beaf_bmll.testing.jobs import SCRIPT_KEYS, Books, Job, Trigger, new_id, written
from beaf_bmll.testing.runs import Runs
from beaf_bmll.testing.web import Call, Route


class Compute:
    """The compute service's jobs; `runs` has the rest."""

    def __init__(self, books: Books, clock: Clock, runs: Runs, user: str) -> None:
        self._books, self._clock, self._runs, self._user = books, clock, runs, user
        self._task_ids = count(1)

    def routes(self) -> list[Route]:
        """List the calls of jobs."""
        job, tasks, triggers = "/jobs/{job}", "/jobs/{job}/tasks", "/jobs/{job}/triggers"
        route = partial(locked_route, self._books.lock)
        return [
            route("GET", "/jobs", self._list, query=JobsQuery),
            route("POST", "/jobs", self._create, body=NewJob),
            route("GET", job, self._read),
            route("PATCH", job, self._change, body=JobChanges),
            route("DELETE", job, self._delete),
            route("GET", tasks, self._tasks),
            route("POST", tasks, self._add_task, body=TaskBody),
            route("PATCH", tasks + "/{task}", self._change_task, body=TaskChanges),
            route("DELETE", tasks + "/{task}", self._delete_task),
            route("POST", triggers, self._add_trigger, body=TriggerBody),
            route("PATCH", triggers + "/{trigger}", self._change_trigger, body=TriggerBody),
            route("DELETE", triggers + "/{trigger}", self._delete_trigger),
            route("POST", job + "/runs", self._execute, body=RunChanges, body_needed=False),
            route("GET", job + "/runs", self._runs_of),
        ]

    def _job(self, call: Call) -> Job:
        if (job := self._books.jobs.get(call.names["job"])) is None:
            raise missing("jobs")
        return job

    def _list(self, call: Call) -> list[dict[str, Any]]:
        wanted = call.query
        # Guess: newest first; `private` are our own, and so are all others here.
        jobs = [
            job
            for job in reversed(self._books.jobs.values())
            if (job.active or wanted.state is None)
            and (wanted.visibility in {None, "all", "private", job.settings["visibility"]})
        ]
        return page_of(jobs, wanted)

    def _create(self, call: Call) -> dict[str, Any]:
        settings = call.body.wire()
        given = settings.pop("tasks", None) or [_task_of(settings)]
        task = {"taskId": next(self._task_ids), "scriptParameters": {}, **given[0]}
        settings |= {key: task[key] for key in SCRIPT_KEYS}
        check_machine(settings)
        now = self._clock.now()
        # Guess: names are not unique.
        job = Job(new_id(), self._user, now, now, settings, task)
        self._books.jobs[job.id] = job
        return job.wire()

    def _read(self, call: Call) -> dict[str, Any]:
        return self._job(call).wire()

    def _change(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        changes = call.body.wire()
        active = changes.pop("active", job.active)
        check_machine(job.settings | changes)
        job.settings |= changes
        job.task |= {key: job.settings[key] for key in SCRIPT_KEYS}
        job.active, job.updated = active, self._clock.now()
        return {"updatedTs": written(job.updated)}

    def _delete(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        # Guess: runs of a deleted job are terminated, and gone with it ("will be deleted").
        for run in self._books.runs_of(job.id):
            if run.active:
                self._runs.terminate(run)
            self._books.deleted_runs[run.id] = self._books.runs.pop(run.id)
        del self._books.jobs[job.id]
        return {"jobId": job.id}

    def _tasks(self, call: Call) -> list[dict[str, Any]]:
        job = self._job(call)
        return [job.task] if job.task else []

    def _add_task(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        if job.task:
            raise invalid("an instance job has one task at most")
        task = {"taskId": next(self._task_ids), "scriptParameters": {}, **call.body.wire()}
        return self._take_task(job, task)

    def _change_task(self, call: Call) -> dict[str, Any]:
        job = self._task_owner(call)
        return self._take_task(job, job.task | call.body.wire())

    def _take_task(self, job: Job, task: dict[str, Any]) -> dict[str, Any]:
        job.task, job.updated = task, self._clock.now()
        job.settings |= {key: task[key] for key in SCRIPT_KEYS}
        return task

    def _delete_task(self, call: Call) -> dict[str, Any]:
        job = self._task_owner(call)
        job.task, job.updated = {}, self._clock.now()
        return {"jobId": job.id}

    def _task_owner(self, call: Call) -> Job:
        job = self._job(call)
        if str(job.task.get("taskId")) != call.names["task"]:
            raise missing("job tasks")
        return job

    def _add_trigger(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        trigger = _read_trigger(new_id(), call.body)
        job.triggers[trigger.id] = trigger
        return trigger.wire()

    def _change_trigger(self, call: Call) -> dict[str, Any]:
        job, old = self._trigger(call)
        job.triggers[old.id] = _read_trigger(old.id, call.body)
        return job.triggers[old.id].wire()

    def _delete_trigger(self, call: Call) -> dict[str, Any]:
        job, trigger = self._trigger(call)
        del job.triggers[trigger.id]
        return {"jobTriggerId": trigger.id}

    def _trigger(self, call: Call) -> tuple[Job, Trigger]:
        job = self._job(call)
        if (trigger := job.triggers.get(call.names["trigger"])) is None:
            raise missing("job triggers")
        return job, trigger

    def _execute(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        changes = {} if call.body is None else call.body.wire()
        return self._runs.begin(job, changes, "manual").wire()

    def _runs_of(self, call: Call) -> list[dict[str, Any]]:
        # Guess: all of them, newest first; one that is gone with its job is not told.
        return [run.wire() for run in self._books.runs_of(self._job(call).id)]


def _task_of(settings: dict[str, Any]) -> dict[str, Any]:
    # Guess: the script of a job is its one task, as `GET /runs/{id}/parameters` suggests.
    return {
        "taskName": "task-0",
        "taskType": "instance",
        "taskNumber": 0,
        "failureAction": "terminate",
        "scriptPath": settings["scriptPath"],
        "scriptArea": settings.get("scriptArea", "user"),
        "scriptParameters": settings.get("scriptParameters", {}),
    }


def _read_trigger(trigger_id: str, body: TriggerBody) -> Trigger:
    sent = body.wire()
    name = sent.pop("name")
    if body.cron is not None:
        try:
            Cron.parse(body.cron)
        except ValueError as error:
            raise invalid(f"cron {error}") from error
    return Trigger(trigger_id, name, sent)
