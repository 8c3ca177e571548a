"""What may the vendor's client send of logins and jobs? Every query and body, strictly.

Read in the source of the vendor's package 1.25.6; nothing else is taken.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Area = Literal["user", "organisation"]
Visibility = Literal["private", "public"]
#: Kinds of data whose arrival may start a job.
AVAILABILITY_KINDS = (
    "l3",
    "MarketDataL1",
    "MarketDataL2",
    "MarketDataL3",
    "MarketDataCBBO",
    "MarketDataNBBO",
    "MarketDataTrades",
    "MarketDataTradesPlus",
    "MarketDataStatistics",
    "MarketDataImbalance",
    "MarketDataReference",
    "MarketDataMarketState",
    "All",
    "SecurityData",
    "MarketDataAll",
    "AnalyticsData",
)


def _below_an_area(path: str) -> str:
    # Guess: paths are below their area's root; one that leaves it is refused, not followed.
    if not path or path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise ValueError("is no path below an area's root")
    return path


AreaPath = Annotated[str, AfterValidator(_below_an_area)]


class Wire(BaseModel):
    """A body: the keys that the contract has, of its types, and no other."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)

    def wire(self) -> dict[str, Any]:
        """Write it as it came."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class Identity(BaseModel):
    """The first step of a login."""

    model_config = ConfigDict(extra="forbid", strict=True)
    iss: str


class TokenRequest(Wire):
    """The second step: claims, and the same claims signed."""

    iss: str
    aud: Literal["dd-services", "lab-services"]
    exp: float
    sid: str
    account_id: str | None = None
    jws: str


class BootstrapBody(Wire):
    """A script that runs before the job's own."""

    area: Area
    path: AreaPath
    name: str | None = None
    order: int | None = None
    args: list[str | int] = []


class NotificationBody(Wire):
    """Who hears of what."""

    email: str
    on: list[Literal["start", "success", "error"]]


class TaskBody(Wire):
    """What a job runs; an instance job has one at most."""

    task_name: str
    task_type: Literal["spark", "shell", "horovod", "distcp", "mpirun", "instance"]
    task_number: int
    failure_action: Literal["continue", "terminate", "cancel"]
    script_path: AreaPath
    script_area: Area
    script_parameters: dict[str, Any] = {}


class TaskChanges(Wire):
    """What may change of a task."""

    task_name: str | None = None
    task_type: str | None = None
    task_number: int | None = None
    failure_action: str | None = None
    script_path: AreaPath | None = None
    script_area: Area | None = None
    script_parameters: dict[str, Any] | None = None


class NewJob(Wire):
    """A job to be made; an instance job says no computeType."""

    name: str
    instance_size: int | float
    max_runtime_hours: int
    log_path: AreaPath
    log_area: Area
    conda_env: str
    visibility: Visibility
    bootstraps: list[BootstrapBody]
    notifications: list[NotificationBody]
    script_path: AreaPath | None = None
    script_area: Area | None = None
    script_parameters: dict[str, Any] | None = None
    tasks: list[TaskBody] | None = Field(None, min_length=1, max_length=1)

    @model_validator(mode="after")
    def _one_script(self) -> NewJob:
        if (self.script_path is None) == (self.tasks is None):
            raise ValueError("needs either scriptPath or tasks")
        return self


class RunChanges(Wire):
    """What one run may have of its own."""

    active: bool | None = None
    name: str | None = None
    instance_size: int | float | None = None
    conda_env: str | None = None
    max_runtime_hours: int | None = None
    script_path: AreaPath | None = None
    script_area: Area | None = None
    log_path: AreaPath | None = None
    log_area: Area | None = None
    script_parameters: dict[str, Any] | None = None
    bootstraps: list[BootstrapBody] | None = None


class JobChanges(RunChanges):
    """What may change of a job."""

    notifications: list[NotificationBody] | None = None


class Mics(Wire):
    """Markets whose data must be there."""

    mic: list[str] = Field(min_length=1)


class TriggerBody(Wire):
    """When a job starts by itself: at times, or when data are there."""

    name: str
    cron: str | None = None
    availability: dict[str, Mics] | None = Field(None, min_length=1, max_length=1)

    @model_validator(mode="after")
    def _one_cause(self) -> TriggerBody:
        if (self.cron is None) == (self.availability is None):
            raise ValueError("needs either cron or availability")
        if unknown := set(self.availability or {}) - set(AVAILABILITY_KINDS):
            raise ValueError(f"has no kind of data {sorted(unknown)}")
        return self


class Query(BaseModel):
    """The part of an address behind its question mark; numbers are written there."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class JobsQuery(Query):
    """Which jobs are listed."""

    state: Literal["active"] | None = None
    visibility: Literal["private", "public", "all"] | None = None
    page: int = Field(1, ge=1)
    page_size: int | None = Field(None, ge=1)


class RunsQuery(Query):
    """Which runs are listed."""

    state: Literal["active", "inactive"] | None = None
    visibility: Visibility | None = None
    page: int = Field(1, ge=1)
    page_size: int | None = Field(None, ge=1)


_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def _time_of_logs(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("is not written as YYYY-MM-DDTHH:MM:SS")
    return text


LogTime = Annotated[str, AfterValidator(_time_of_logs)]


class LogsQuery(Query):
    """Which window of a log is read."""

    start_time: LogTime
    end_time: LogTime
    next_token: str | None = None

    @property
    def window(self) -> tuple[datetime, datetime]:
        """From when until when, both inside, in UTC."""
        start, end = (datetime.fromisoformat(text) for text in (self.start_time, self.end_time))
        return start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
