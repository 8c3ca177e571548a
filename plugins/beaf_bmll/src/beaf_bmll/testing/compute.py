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
from beaf_bmll.testing.jobs import SCRIPT_KEYS, Books, Job, Trigger, new_id
from beaf_bmll.testing.runs import Runs
from beaf_bmll.testing.telling import tell_job, tell_time, tell_trigger
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
        # Guess: `private` are our own, and so are all others here.
        jobs = [
            job
            for job in self._books.listed(self._books.jobs)
            if (job.active or wanted.state is None)
            and (wanted.visibility in {None, "all", "private", job.settings["visibility"]})
        ]
        return [self._tell(job) for job in page_of(jobs, wanted)]

    def _create(self, call: Call) -> dict[str, Any]:
        settings = call.body.wire()
        given = settings.pop("tasks", None) or [_task_of(settings)]
        task = {"taskId": next(self._task_ids), "scriptParameters": {}, **given[0]}
        settings |= {key: task[key] for key in SCRIPT_KEYS}
        check_machine(settings)
        if self._books.guesses.unique_names and self._named(settings["name"]):
            raise invalid(f"job {settings['name']} exists")
        now = self._clock.now()
        job = Job(new_id(), self._user, now, now, settings, task)
        self._books.jobs[job.id] = job
        return self._tell(job)

    def _named(self, name: str) -> bool:
        return any(job.name == name for job in self._books.jobs.values())

    def _tell(self, job: Job) -> dict[str, Any]:
        return tell_job(job, self._books.guesses)

    def _read(self, call: Call) -> dict[str, Any]:
        return self._tell(self._job(call))

    def _change(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        changes = call.body.wire()
        active = changes.pop("active", job.active)
        check_machine(job.settings | changes)
        job.settings |= changes
        job.task |= {key: job.settings[key] for key in SCRIPT_KEYS}
        job.active, job.updated = active, self._clock.now()
        return {"updatedTs": tell_time(job.updated, self._books.guesses)}

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
        trigger = self._read_trigger(new_id(), call.body)
        job.triggers[trigger.id] = trigger
        return tell_trigger(trigger)

    def _change_trigger(self, call: Call) -> dict[str, Any]:
        job, old = self._trigger(call)
        job.triggers[old.id] = self._read_trigger(old.id, call.body)
        return tell_trigger(job.triggers[old.id])

    def _delete_trigger(self, call: Call) -> dict[str, Any]:
        job, trigger = self._trigger(call)
        del job.triggers[trigger.id]
        return {"jobTriggerId": trigger.id}

    def _trigger(self, call: Call) -> tuple[Job, Trigger]:
        job = self._job(call)
        if (trigger := job.triggers.get(call.names["trigger"])) is None:
            raise missing("job triggers")
        return job, trigger

    def _read_trigger(self, trigger_id: str, body: TriggerBody) -> Trigger:
        sent = body.wire()
        name = sent.pop("name")
        if body.cron is not None:
            try:
                Cron.parse(body.cron, steps=self._books.guesses.cron_steps)
            except ValueError as error:
                raise invalid(f"cron {error}") from error
        return Trigger(trigger_id, name, sent)

    def _execute(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        changes = {} if call.body is None else call.body.wire()
        return self._runs.tell(self._runs.begin(job, changes, "manual"))

    def _runs_of(self, call: Call) -> list[dict[str, Any]]:
        # Guess: all of them, without pages.
        return [self._runs.tell(run) for run in self._books.runs_of(self._job(call).id)]


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
