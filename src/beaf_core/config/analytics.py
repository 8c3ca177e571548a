"""Which fields does a pipeline have, of which types, with which defaults?

Upper-case names at the top and lower-case names inside a pass are the contract with users.
Sections that belong to plugins (`SOURCE`, a module's options) are validated by their owners,
see `resolve.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from beaf_core.config.checks import QualityCheckConfig
from beaf_core.config.paths import ConfigPath
from beaf_core.config.scalars import (
    BucketSeconds,
    Cron,
    DayOrRange,
    Frequency,
    IsoDay,
    PathPart,
    Selector,
    Text,
    TimeZone,
)
from beaf_core.model.dates import BatchFrequency


class OutputTarget(BaseModel):
    """Where a pass's rows go. What is not named here belongs to the output plugin of `type`.

    The options of beaf-outputs are in [outputs.md](outputs.md#options).
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field("parquet", description="The output plugin: parquet, delta, sql, …")
    path_template: ConfigPath = Field(
        "data/{datasetname}/{pass}/{universe}/{start_date}_{end_date}.parquet",
        description="Where a partition goes; placeholders {bucket} {prefix} {datasetname} {pass} "
        "{universe} {start_date} {end_date}. For a table or a dataset of files, which holds all "
        "partitions of a pass, it is data/{datasetname}/{pass}.delta, or .parquet.",
    )
    io_manager_key: str | None = Field(
        None, description="The Dagster IO manager; null takes BEAF's own."
    )
    partition_columns: list[str] = Field(
        default_factory=list,
        description="Columns that partition a dataset, such as MIC and Date; the output parquet "
        "then keeps a folder per value. $dagsterpartitionkey adds that column.",
    )
    dedupe_on_partition: bool = Field(
        True, description="A rerun replaces its partition; outputs always do."
    )
    area: str | None = Field(
        None,
        description="A storage area that gives bucket and prefix where they are not set; beaf-bmll "
        "knows user and organisation.",
    )
    bucket: str | None = Field(None, description="Fills {bucket} in path_template.")
    prefix: str | None = Field(None, description="Fills {prefix} in path_template.")


class PassConfig(BaseModel):
    """One bucket width, some modules, one output.

    Further keys are the sections of its modules (`trade_analytics`), each checked by the module
    that owns it; a key that nobody owns is an error when the pipeline is resolved.
    """

    model_config = ConfigDict(extra="allow")

    name: PathPart = Field(description="The pass's name, part of paths.")
    time_bucket_seconds: BucketSeconds = Field(
        60, description="Width of a bucket, at most a day; whole multiples of it from the epoch."
    )
    time_bucket_anchor: Literal["end", "start"] = Field(
        "end", description="Which edge labels a bucket."
    )
    time_bucket_closed: Literal["right", "left"] = Field(
        "right", description="Which edge lies inside a bucket."
    )
    sort_keys: list[str] | None = Field(
        None,
        description="Columns that the output is sorted by; TimeBucket and ListingId are added.",
    )
    batch_freq: Frequency | None = Field(
        None,
        description="Replaces BATCH_FREQ; made of whole partitions of the passes that it reads.",
    )
    modules: list[str] = Field(default_factory=list, description="The modules, by name.")
    source_pass: str | None = Field(
        None, description="The earlier pass whose rows modules read as the table `source`."
    )
    module_inputs: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Module → table it reads → the pass, or the table, that stands for it.",
    )
    output: OutputTarget | None = Field(None, description="Merged over OUTPUT_TARGET.")
    extra_outputs: list[OutputTarget] = Field(
        default_factory=list, description="Further targets that get the same rows."
    )
    quality_checks: QualityCheckConfig | None = Field(
        None, description="Replaces QUALITY_CHECKS where it is ENABLED."
    )


class SchedulePartitionSelector(BaseModel):
    """Which partition a schedule asks for."""

    model_config = ConfigDict(extra="forbid")

    date: DayOrRange = Field(
        "yesterday",
        description="YYYY-MM-DD, a range of two joined by _, today, yesterday, -3d (days ago) or "
        "-1bd (business days ago), in the schedule's time zone.",
    )
    universe: Selector | None = Field(
        None, description="A selector; null means the first universe."
    )


class ScheduleConfig(BaseModel):
    """When a pipeline runs by itself; read by orchestrator plugins."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("schedule", description="The schedule's name.")
    enabled: bool = Field(False, description="Whether it runs.")
    cron: Cron = Field("0 2 * * *", description="Minute hour day month weekday, as in cron(5).")
    timezone: TimeZone = Field("UTC", description="The IANA time zone of `cron`.")
    partitions: list[SchedulePartitionSelector] = Field(
        default_factory=list, description="Empty means yesterday and the first universe."
    )


class AnalyticsConfig(BaseModel):
    """A whole pipeline. Every field has a default; PASSES and SOURCE are what makes it run."""

    model_config = ConfigDict(extra="forbid")

    DATASETNAME: PathPart = Field("sample2d", description="The dataset, part of paths.")
    START_DATE: IsoDay | None = Field(None, description="First day, included.")
    END_DATE: IsoDay | None = Field(None, description="Last day, included.")
    EXCLUDE_WEEKENDS: bool = Field(True, description="Leave weekends out of ranges.")
    BATCH_FREQ: Frequency | None = Field(
        BatchFrequency.WEEK, description="Cuts a range: D, W, 2W, M, Q, A (or Y), null for one."
    )
    UNIVERSE: Selector | None = Field(None, description="A selector such as mic=XLON.")
    SOURCE: dict[str, Any] | None = Field(None, description="Where tables come from.")
    LAUNCHER: str = Field("local", description="Where runs execute.")
    PASSES: list[PassConfig] = Field(default_factory=list, description="What is computed.")
    OUTPUT_TARGET: OutputTarget = Field(default_factory=OutputTarget, description="Where rows go.")
    QUALITY_CHECKS: QualityCheckConfig = Field(
        default_factory=QualityCheckConfig, description="Checks on every pass."
    )
    SCHEMA_LOCK_MODE: Literal["off", "warn", "raise", "update"] = Field(
        "off",
        description="When output columns or dtypes change: `warn` tells, `raise` refuses to write, "
        "`update` accepts them.",
    )
    SCHEMA_LOCK_PATH: ConfigPath | None = Field(
        None, description="JSON file of the columns and dtypes of each pass; made if absent."
    )
    SCHEDULES: list[ScheduleConfig] = Field(default_factory=list, description="For orchestrators.")
    AUTO_MATERIALIZE_ENABLED: bool = Field(
        False,
        description="Whether Dagster requests partitions of the newest days by itself, once each.",
    )
    AUTO_MATERIALIZE_LATEST_DAYS: PositiveInt | None = Field(
        7,
        description="How many of the newest days are requested, in whole partitions; at least the "
        "newest partition, which null means.",
    )
    BMLL_JOBS: dict[str, Any] = Field(default_factory=dict, description="Options of beaf-bmll.")
    DAGSTER_IO_MANAGER_KEY: str | None = Field(
        None, description="Older spelling of OUTPUT_TARGET.io_manager_key."
    )
    NUM_WORKERS: int = Field(
        -1,
        description="Worker processes for a partition that needs several batches; -1 means one per "
        "core, 0 computes batches one after another in the run's own process. Never more than "
        "batches, nor than memory admits at MEMORY_PER_WORKER each.",
    )
    MEMORY_PER_WORKER: PositiveFloat = Field(
        20,
        description="Memory of a worker in GB (10^9 bytes; fractions count), at most the machine's."
        " Listings are packed into batches whose estimated peak stays below it.",
    )
    MAX_ROWS_PER_TABLE: dict[str, PositiveInt] = Field(
        default_factory=dict,
        description="Table → most rows of it in a batch; a single listing may exceed it.",
    )
    TEMP_DIR: ConfigPath | None = Field(
        None,
        description="Where runs make private folders for results of batches, and remove them; "
        "null means .beaf/tmp in the project.",
    )
    SKIP_EXISTING_OUTPUT: bool = Field(
        False, description="Leave partitions that are written alone, whatever has changed."
    )
    DEFAULT_FFILL: bool = Field(
        False,
        description="Carry the last value of a listing's day into buckets without one, where a "
        "measure is no sum or count, and has no rule of its own.",
    )
    LOGGING_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        "INFO", description="How much is logged."
    )
    S3_STORAGE_OPTIONS: dict[str, Text] = Field(
        default_factory=dict, description="Options for object stores (aws_region, …)."
    )
    DEFAULT_S3_REGION: str = Field(
        "us-east-1",
        description="If set, the region where S3_STORAGE_OPTIONS has none; else the machine's own.",
    )

    @model_validator(mode="after")
    def _older_spellings(self) -> AnalyticsConfig:
        if "DAGSTER_IO_MANAGER_KEY" in self.model_fields_set:
            key = self.OUTPUT_TARGET.io_manager_key or self.DAGSTER_IO_MANAGER_KEY
            self.OUTPUT_TARGET = self.OUTPUT_TARGET.model_copy(update={"io_manager_key": key})
        has_region = any(key.lower().endswith("region") for key in self.S3_STORAGE_OPTIONS)
        if "DEFAULT_S3_REGION" in self.model_fields_set and not has_region:
            self.S3_STORAGE_OPTIONS["aws_region"] = self.DEFAULT_S3_REGION
        return self
