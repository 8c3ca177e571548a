"""What may a person say of jobs: `BMLL_JOBS` of a pipeline, or of `beaf.yaml`?"""

from __future__ import annotations

import posixpath
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from beaf_core import ConfigPath

#: What the vendor's own package offers; others only under `allow_unlisted`.
INSTANCE_SIZES = (16, 32, 64, 128, 256, 384, 512, 768, 1024, 1536)
CONDA_ENVS = ("py311-stable", "py311-latest")

Area = Literal["user", "organisation"]
#: Where areas are mounted, in the Lab and on the machines of jobs.
AREA_ROOTS: dict[Area, str] = {
    "user": "/home/bmll/user",
    "organisation": "/home/bmll/organisation",
}
#: The words that the predecessor took for "where the seed says".
_OLD_LOG_PATH = "job_run_logs"


class Config(BaseModel):
    """Options of the launcher `bmll` and of `beaf job`."""

    config_key: ClassVar[str] = "BMLL_JOBS"
    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(False, description="Kept; jobs start where somebody asks for them.")
    default_instance_size: int = Field(
        16, gt=0, description=f"GB of memory, one of {', '.join(map(str, INSTANCE_SIZES))}."
    )
    default_conda_env: str = Field(
        "py311-stable", min_length=1, description=f"One of {', '.join(CONDA_ENVS)}."
    )
    max_runtime_hours: int = Field(
        1, ge=1, description="After so many hours a machine is taken away."
    )
    max_concurrent_instances: int | None = Field(
        None, ge=1, description="So many machines of ours at once; null is no limit."
    )
    allow_unlisted: bool = Field(
        False, description="Take sizes and environments that are not listed here."
    )
    default_bootstrap: ConfigPath | None = Field(
        None, description="A script to prepare machines with, in place of the generated one."
    )
    default_bootstrap_args: tuple[str | int, ...] = Field((), description="Its arguments.")
    requirements: tuple[str, ...] | None = Field(
        None,
        description="What the generated bootstrap installs; null is every plugin that is installed "
        "where the job is submitted, in its version.",
    )
    bootstrap_env: dict[str, str] = Field(
        default_factory=dict,
        description="Variables of jobs. No secrets: they stand in files of the area; see env_file.",
    )
    env_file: str | None = Field(
        None,
        description="A file of NAME=value lines in an area, which a job reads on its machine: "
        "the place for secrets.",
    )
    project_root: str = Field(
        "/home/bmll/user/intraday-metrics",
        description="The folder in an area that relative paths of jobs belong to.",
    )
    jobs_dir: str | None = Field(
        None,
        validate_default=False,
        description="Where requests, ledgers and logs of jobs lie; _bmll_jobs in project_root.",
    )
    pythonpath_prefixes: tuple[str, ...] = Field(
        (), description="Folders in which a job looks for modules first."
    )
    area: Area = Field("user", description="The storage area of scripts and bootstraps.")
    area_roots: dict[Area, str] = Field(
        default_factory=lambda: dict(AREA_ROOTS), description="Where areas are mounted."
    )
    log_area: Area = Field("user", description="The storage area of logs.")
    log_path: str = Field(
        "", description="The folder of logs; <jobs_dir>/<job_id>/logs where it is empty."
    )
    delete_job_after: Literal["never", "success", "always"] = Field(
        "success", description="Whether a job that ran once is deleted after it has ended."
    )
    retention_days: int = Field(
        14, ge=0, description="After so many days `beaf job doctor` calls what is left refuse."
    )
    cron_format: Literal["auto", "dagster", "bmll"] = Field(
        "auto", description="How crons are written: five fields (dagster), six (bmll), or either."
    )
    cron_timezone: str = Field("UTC", description="The time zone of crons that name none.")
    scheduler_days: str = Field(
        "MON-SAT", description="The days on which the daemon of Dagster is started."
    )
    visibility: Literal["private", "public"] = Field("private", description="Who sees the jobs.")
    notifications: dict[Literal["start", "success", "error"], tuple[str, ...]] = Field(
        default_factory=dict, description="Addresses that the vendor writes to."
    )
    lab_org_id: str | None = Field(None, description="The organisation, for use outside the Lab.")
    name_prefix: str = Field("beaf", min_length=1, description="How names of jobs begin.")
    on_name_conflict: Literal["fail", "reuse", "overwrite"] = Field(
        "fail", description="What `beaf job install` does where a job has the name already."
    )
    poll_seconds: float = Field(10.0, gt=0, description="How often a run is asked after.")
    submit_timeout: float = Field(
        120.0, gt=0, description="How long one submission may take, in seconds."
    )
    http_timeout: float = Field(
        30.0, gt=0, description="How long one answer of the servers may take, in seconds."
    )
    success_states: tuple[str, ...] = Field(
        ("succeeded", "success", "completed", "finished"),
        description="States that mean success where a job has left no word of its own.",
    )

    @field_validator("delete_job_after", mode="before")
    @classmethod
    def _as_the_predecessor_wrote_it(cls, given: Any) -> Any:
        return (
            {True: "success", False: "never"}.get(given, given)
            if isinstance(given, bool)
            else given
        )

    @field_validator("log_path")
    @classmethod
    def _no_old_word(cls, given: str) -> str:
        return "" if given == _OLD_LOG_PATH else given

    @model_validator(mode="after")
    def _listed(self) -> Config:
        if self.allow_unlisted:
            return self
        if self.default_instance_size not in INSTANCE_SIZES:
            raise ValueError(
                f"instance size {self.default_instance_size} is not offered; choose one of "
                f"{', '.join(map(str, INSTANCE_SIZES))}, or set allow_unlisted: true"
            )
        if self.default_conda_env not in CONDA_ENVS:
            raise ValueError(
                f"conda environment {self.default_conda_env!r} is not offered; choose one of "
                f"{', '.join(CONDA_ENVS)}, or set allow_unlisted: true"
            )
        return self

    @property
    def jobs_folder(self) -> str:
        """Where requests, ledgers and logs of jobs lie, wherever somebody stands who asks."""
        return posixpath.join(self.project_folder, self.jobs_dir or "_bmll_jobs")

    @property
    def project_folder(self) -> str:
        """The folder that relative paths of jobs belong to."""
        return posixpath.join(self.area_roots.get(self.area, "/"), self.project_root)
