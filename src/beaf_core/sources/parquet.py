"""Which parquet files, in a folder or on S3, answer a request for a table?

SOURCE:
  type: parquet
  root: s3://bucket/prefix
  path_template: "{table}/{mic}/{date}.parquet"
  columns: {trades: {Price: px}}
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from beaf_core import (
    TABLES,
    ConfigPath,
    DayStatus,
    TableRead,
    UsageError,
    absent_day_status,
    alternatives,
    did_you_mean,
    hookimpl,
)
from beaf_core.sources import layout
from beaf_core.sources.columns import Names
from beaf_core.sources.footers import describe, known_order
from beaf_core.sources.frames import MIC, Reading, build_frame
from beaf_core.sources.s3 import S3_SCHEME
from beaf_core.sources.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beaf_core import TableRequest
    from beaf_core.sources.stores import FoundFile

_T = TypeVar("_T")


class Config(BaseModel):
    """Options of the source `parquet`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["parquet"] = Field("parquet", description="The source's name.")
    root: ConfigPath = Field(
        description="The folder, or s3://bucket/prefix, that holds the tables. Credentials for S3 "
        "come from S3_STORAGE_OPTIONS or the AWS_… environment variables."
    )
    layout: Literal["default", "bmll"] = Field(
        "default",
        description="A known set of templates: default is {table}/{mic}/{date}.parquet for every "
        "table, bmll is the vendor's "
        "<Folder>/<MIC>/<YYYY>/<MM>/<DD>/<prefix><MIC>-<YYYYMMDD>.parquet, "
        "where l2 and cbbo may call ListingId BMLLObjectId.",
    )
    path_template: str | dict[str, str] | None = Field(
        None,
        description="Where a table's file of a day lies below the root: one template for all "
        "tables, or table → template with `default` for the others. Placeholders: {table} {mic} "
        "{date} {yyyy} {mm} {dd} {yyyymmdd}. Without {mic} one file holds all venues. reference "
        "and membership are also looked for without a folder {mic}. Takes the place of the "
        "layout's templates.",
    )
    tables: dict[str, str] = Field(
        default_factory=dict,
        description="Table → what {table} stands for. Without it a table's own name is tried, then "
        "its aliases (trades-plus for trades, market-state for marketstate).",
    )
    columns: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Table → column → its name in the files, as in {trades: {Price: px}}.",
    )
    order: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Table → columns by which the rows of each listing are sorted, taken on trust. "
        "Without it the files' own sorting_columns count.",
    )

    @field_validator("root")
    @classmethod
    def _known_scheme(cls, root: str) -> str:
        scheme, separator, rest = root.partition("://")
        if separator and f"{scheme}://" != S3_SCHEME:
            raise ValueError(f"{scheme}:// is not supported; use a folder or s3://bucket/prefix")
        if not root or (separator and not rest.strip("/")):
            raise ValueError("name a folder, or s3://bucket/prefix")
        return root

    @field_validator("path_template")
    @classmethod
    def _known_placeholders(cls, given: str | dict[str, str] | None) -> str | dict[str, str] | None:
        if given is None:
            return None
        if isinstance(given, str):
            layout.check_template(given, "default")
            return given
        templates = _by_table(given)
        for table, template in templates.items():
            layout.check_template(template, table)
        return templates

    @field_validator("tables")
    @classmethod
    def _used_names(cls, given: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        names = _by_table(given)
        for table in names:
            template = _template(table, info.data.get("path_template"), info.data.get("layout"))
            if "{table}" not in template:
                raise ValueError(f"the template of {table} has no {{table}}: {template}")
        return names

    @field_validator("columns", "order")
    @classmethod
    def _canonical_tables(cls, given: dict[str, _T]) -> dict[str, _T]:
        return _by_table(given)

    def template(self, table: str) -> str:
        """Choose the template of a table."""
        return _template(table, self.path_template, self.layout)

    def names(self, table: str) -> Names:
        """Say how the files call the columns of a table."""
        second = layout.SECOND_NAMES[self.layout].get(table, {})
        return Names(given=self.columns.get(table, {}), second=second)


def _by_table(given: Mapping[str, _T]) -> dict[str, _T]:
    """Key options by BEAF's own table names; a near miss of one is refused, others are kept."""
    aliases = {alias: table.name for table in TABLES.values() for alias in table.aliases}
    found: dict[str, _T] = {}
    for key, value in given.items():
        name = aliases.get(key, key)
        known = [*TABLES, "default"]
        if name not in known and get_close_matches(name.casefold(), known, n=1, cutoff=0.8):
            raise ValueError(f'no table is called "{key}"{did_you_mean(name, known)}')
        if name in found:
            raise ValueError(f"{name} is given twice, as {key} too")
        found[name] = value
    return found


def _template(table: str, given: str | Mapping[str, str] | None, layout_name: str | None) -> str:
    if isinstance(given, str):
        return given
    own = given or {}
    known = layout.LAYOUTS[layout_name or "default"]
    return own.get(table) or own.get("default") or known.get(table) or known["default"]


@hookimpl
def read_table(request: TableRequest, config: Config) -> TableRead:
    """Find the files of a table on a day, and scan them lazily; only footers are read.

    Raises:
        DataMissingError: the root does not exist.
        DataInvalidError: a file is damaged, or lacks a column, or holds it in the wrong type.
        ResourceError: the files may not be read, or the object store refuses.
        UsageError: a constraint on a column that the table does not have.
    """
    store = open_store(config.root, request.storage_options)
    template, names = config.template(request.table), config.names(request.table)
    folders = _folders(request.table, config)
    paths = layout.candidates(template, request.table, folders, request.day)
    found = layout.find_files(store, paths, _venues(request))
    if not found.files:
        store.check_root()
    status = _absent_status(request.day) if found.absent else DayStatus.READY
    if not found.files:
        return TableRead(status, absent=found.absent)
    reading = Reading(request, names, found.by_venue, layout.names_the_day(template))
    frame = build_frame(found.files, reading, store)
    return TableRead(
        status=status,
        frame=frame,
        parts=tuple(describe(file, names) for file in found.files),
        absent=found.absent,
        order=_order(request.table, config, found.files),
    )


def _folders(table: str, config: Config) -> tuple[str, ...]:
    given = config.tables.get(table)
    return (given,) if given else layout.table_names(table)


def _venues(request: TableRequest) -> tuple[str, ...]:
    """Narrow the venues by a constraint on MIC: other files need not be looked for."""
    wanted = request.constraints.get(MIC)
    if wanted is None:
        return request.mics
    allowed = tuple(map(str, alternatives(wanted)))
    if not request.mics:
        return allowed
    return tuple(mic for mic in request.mics if mic in allowed) or request.mics


def _order(table: str, config: Config, files: Sequence[FoundFile]) -> tuple[str, ...]:
    names, given = config.names(table), config.order.get(table)
    if given is None:
        return known_order(files, names)
    for file in files:
        for column in given:
            present = file.columns.names
            if names.in_file(column, present) not in present:
                raise UsageError(
                    f"SOURCE.order.{table} names {column}, which {file.location} does not have"
                    f"{did_you_mean(column, present)}",
                    remedy="name columns that every file has, or leave the table out",
                )
    return tuple(given)


def _absent_status(day: date) -> DayStatus:
    return absent_day_status(day, datetime.now(UTC).date())
