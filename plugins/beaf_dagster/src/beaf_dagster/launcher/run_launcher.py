"""How does a run of Dagster become a command of one of BEAF's launchers, and stay in its hands?"""

from __future__ import annotations

import logging
import sys
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg

from beaf_core import BeafError, CommandRequest, LaunchedRun, PluginHost, UsageError
from beaf_dagster.launcher.choices import (
    JOB,
    LAUNCHER,
    MAX_RUNTIME,
    PIPELINE,
    Choices,
    choices_of,
    choose,
)
from beaf_dagster.launcher.options import launcher_options
from beaf_dagster.launcher.worker import PIPELINES, variables_of, write_instance_ref
from beaf_dagster.private import (
    MAX_RUNTIME_SECONDS_TAG,
    CheckRunHealthResult,
    ConfigurableClass,
    ConfigurableClassData,
    LaunchRunContext,
    ResumeRunContext,
    RunLauncher,
    WorkerStatus,
)

if TYPE_CHECKING:
    from typing import Self

log = logging.getLogger("beaf.dagster")

_HEALTH = {
    "running": WorkerStatus.RUNNING,
    "succeeded": WorkerStatus.SUCCESS,
    "failed": WorkerStatus.FAILED,
    "partly_failed": WorkerStatus.FAILED,
    "cancelled": WorkerStatus.FAILED,
}
#: How often in a row a launcher may not answer before its worker counts as lost.
_UNANSWERED = 5
#: How much of a log is told where a run is given up.
_TAIL = 20


class BeafRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Hands every run to a launcher of BEAF: `local` starts it in a process of its own here.

    A launcher of another place derives from this, and sets `default_launcher`; what its worker's
    interpreter and folders are there (`python_of`, `folder_of`, `jobs_folder`) can be said too.

    Args:
        launcher: where runs go that no tag (`beaf/launcher`) sends elsewhere.
        options: the launcher's options, unless tags say otherwise.
        jobs_dir: a folder that the worker sees as well; `beaf` in DAGSTER_HOME by default.
        env_vars: names of further variables that the worker needs.
        inst_data: given by Dagster.
    """

    default_launcher: ClassVar[str] = "local"

    def __init__(
        self,
        launcher: str | None = None,
        options: Mapping[str, Any] | None = None,
        jobs_dir: str | None = None,
        env_vars: list[str] | None = None,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._launcher = launcher or self.default_launcher
        self._options = {name: str(value) for name, value in (options or {}).items()}
        self._jobs_dir = jobs_dir
        self._env_vars = env_vars or []
        self._inst_data = inst_data
        self._host = PluginHost()
        self._unanswered: Counter[str] = Counter()
        super().__init__()  # type: ignore[no-untyped-call]  # Dagster's own

    # -- its configuration -----------------------------------------------------------------

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What `dagster.yaml` says of it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Describe the keys of its `config` in `dagster.yaml`; none is needed."""
        told = {
            "launcher": (dg.StringSource, f"where runs go; {cls.default_launcher} by default"),
            "options": (dict, "the launcher's options, such as instance_size"),
            "jobs_dir": (dg.StringSource, "a folder that workers see as well"),
            "env_vars": ([str], "names of variables that workers need"),
        }
        return {
            name: dg.Field(kind, is_required=False, description=text)
            for name, (kind, text) in told.items()
        }

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> Self:
        """Make one of what `dagster.yaml` says."""
        return cls(**config_value, inst_data=inst_data)

    # -- launching -------------------------------------------------------------------------

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a worker for a run."""
        self._launch(context, context.dagster_run.run_id)

    @property
    def supports_resume_run(self) -> bool:
        """A run whose worker was lost can be gone on with by another one."""
        return True

    def resume_run(self, context: ResumeRunContext) -> None:
        """Start another worker for a run; whatever is left of the one before is ended first."""
        run = context.dagster_run
        before = self._known_job_of(run)
        if before is not None and before.status() == "running":
            before.stop()
            before.wait()  # or it would report the run as canceled while the other goes on
        name = f"{run.run_id}-{context.resume_attempt_number or 1}"
        self._launch(LaunchRunContext(run, context.workspace), name, resume=True)

    def _launch(self, context: LaunchRunContext, name: str, *, resume: bool = False) -> None:
        run = context.dagster_run
        choices = choices_of(context, self._launcher, self._options)
        limit = choices.max_runtime
        options = self.options_of(choices)
        request = self.request_of(run, name, resume=resume)
        write_instance_ref(self._instance, self._reference_of(run))
        try:
            launched = self._host.launch_run(choices.launcher, request, options)
        except BaseException:
            self._reference_of(run).unlink(missing_ok=True)
            raise
        tags = {LAUNCHER: choices.launcher, JOB: launched.ref}
        if limit is not None and MAX_RUNTIME_SECONDS_TAG not in run.tags:
            tags[MAX_RUNTIME_SECONDS_TAG] = str(limit)
        self._instance.add_run_tags(run.run_id, tags)
        self._tell(run, f"The launcher {choices.launcher} has taken the run: {launched.ref}")
        if limit is not None and not self._instance.run_monitoring_enabled:
            self._tell(run, f"{MAX_RUNTIME} has no effect: run_monitoring is off in dagster.yaml")

    def request_of(self, run: dg.DagsterRun, name: str, *, resume: bool = False) -> CommandRequest:
        """Describe the worker of a run as a command.

        Raises:
            UsageError: the run does not say where its code is.
        """
        if run.job_code_origin is None:
            raise UsageError(
                f"the run {run.run_id} does not say where its code is",
                remedy="launch it from a code location",
            )
        pipeline = run.tags.get(PIPELINE)
        args = (
            *(self.python_of(run), "-m", "beaf_core", "dagster", "run"),
            *("--run_id", run.run_id, "--instance_ref_file", str(self._reference_of(run))),
            *(("--resume",) if resume else ()),
            *(("--pipeline", pipeline) if pipeline else ()),
        )
        return CommandRequest(name, args, self.folder_of(run), tuple(self._variables()))

    def python_of(self, run: dg.DagsterRun) -> str:
        """Name the interpreter of the worker: that of the run's code location."""
        assert run.job_code_origin is not None
        return run.job_code_origin.repository_origin.executable_path or sys.executable

    def folder_of(self, run: dg.DagsterRun) -> str:
        """Name the folder that the worker runs in: that of the run's code location."""
        assert run.job_code_origin is not None
        pointer = run.job_code_origin.repository_origin.code_pointer
        return str(getattr(pointer, "working_directory", None) or Path.cwd())

    @property
    def jobs_folder(self) -> Path:
        """The folder that workers see as well."""
        return Path(self._jobs_dir or Path(self._instance.root_directory, "beaf"))

    def options_of(self, choices: Choices) -> Any:
        """Fill the launcher's `Config` with what tags say; None where it has none.

        Raises:
            UsageError: it does not take a value.
        """
        return launcher_options(self._host, choices.launcher, choices.options)[0]

    def _variables(self) -> list[str]:
        named = ["DAGSTER_HOME", PIPELINES, *variables_of(self._instance.get_ref())]
        return list(dict.fromkeys([*named, *self._env_vars]))

    def _reference_of(self, run: dg.DagsterRun) -> Path:
        return self.jobs_folder / "instances" / f"{run.run_id}.json"

    # -- afterwards ------------------------------------------------------------------------

    def terminate(self, run_id: str) -> bool:
        """Ask a run's worker to end; it reports the run as canceled."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        job = self._known_job_of(run)
        if job is None or job.status() != "running":
            self._instance.report_run_canceled(run, "The run has no worker any more.")
            return True
        job.stop()
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Workers are looked after: set `run_monitoring: {enabled: true}`."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether a run's worker is alive; a launcher that does not answer is asked again."""
        ref = run.tags.get(JOB)
        try:
            job = self._job_of(run)
            status = None if job is None else job.status()
        except UsageError as error:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, error.message, run_worker_id=ref)
        except (BeafError, OSError) as error:
            return self._without_answer(run, error)
        del self._unanswered[run.run_id]
        if job is None or status is None:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the run was never launched")
        health = _HEALTH.get(status, WorkerStatus.UNKNOWN)
        told = None if health is WorkerStatus.RUNNING else f"{status}: {_last(job)}"
        return CheckRunHealthResult(health, told, run_worker_id=ref)

    def _without_answer(self, run: dg.DagsterRun, error: Exception) -> CheckRunHealthResult:
        # Dagster gives a run up at any status but RUNNING and SUCCESS, also at a transient one.
        self._unanswered[run.run_id] += 1
        lost = self._unanswered[run.run_id] >= _UNANSWERED
        log.warning("the launcher does not answer for the run %s: %s", run.run_id, error)
        status = WorkerStatus.UNKNOWN if lost else WorkerStatus.RUNNING
        return CheckRunHealthResult(status, str(error), transient=True)

    def get_run_worker_debug_info(
        self, run: dg.DagsterRun, include_container_logs: bool | None = True
    ) -> str | None:
        """Give the last lines of a worker's log.

        Dagster asks only where it gives a run up: one that does not start, or does not end. What
        is left of its worker is stopped, or a remote machine would be paid for, and start late.
        """
        try:
            job = self._job_of(run)
            if job is None:
                return None
            lines = list(deque(job.logs(), _TAIL))
            if job.status() == "running":
                job.stop()
                lines.append("its worker has been asked to end")
        except BeafError as error:
            return f"Nothing is known of its worker: {error.message}"
        self._reference_of(run).unlink(missing_ok=True)
        return "\n".join(["The last lines of its worker:", *lines])

    def _job_of(self, run: dg.DagsterRun) -> LaunchedRun | None:
        # What was launched a moment ago stands in the instance, not in the run that is at hand.
        stored = self._instance.get_run_by_id(run.run_id) or run
        if JOB not in stored.tags:
            return None
        launcher = stored.tags.get(LAUNCHER, self._launcher)
        options = self.options_of(choose((stored.tags,), launcher, self._options))
        return self._host.find_run(launcher, stored.tags[JOB], options)

    def _known_job_of(self, run: dg.DagsterRun) -> LaunchedRun | None:
        try:
            return self._job_of(run)
        except UsageError:  # whoever tidied up has removed what was known of it
            return None

    def _tell(self, run: dg.DagsterRun, message: str) -> None:
        self._instance.report_engine_event(message, run, cls=self.__class__)


def _last(job: LaunchedRun) -> str:
    return next(iter(deque(job.logs(), 1)), "it has said nothing")
