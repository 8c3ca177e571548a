"""How do Dagster's assets reach what BEAF's outputs keep, and what do they return into them?

Annotations are not postponed here: Dagster looks at those of an IO manager's fields.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import polars as pl
from pydantic import ConfigDict, Field, PrivateAttr, field_validator

from beaf_core import Receipt, UsageError
from beaf_dagster.io.frames import as_annotated, frames_by_key, wants_each
from beaf_dagster.io.names import IO_MANAGER_KEY, MISSING, MISSING_IS, Dimensions, text_of
from beaf_dagster.io.partitions import runs_of
from beaf_dagster.io.places import Place, Places
from beaf_dagster.io.read import Reader
from beaf_dagster.io.secrets import require_no_secret
from beaf_dagster.io.write import Maker, write_frames
from beaf_dagster.partitions.keys import DATE, UNIVERSE


class OutputIO(dg.IOManager):
    """Writes the frames that assets return, and reads those that BEAF or assets have written.

    Args:
        places: where the rows of assets are.
        dims: what dimensions are called, where an asset does not say.
        missing: what becomes of partitions that are not there, where an input does not say.
    """

    def __init__(self, places: Places, dims: Dimensions, missing: str) -> None:
        self._places, self._dims, self._missing = places, dims, missing

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Replace the partitions of the step; an asset that returns nothing writes nothing.

        Raises:
            UsageError: what is returned is not one frame for each partition, or something else
                stands in its place. Nothing is written then.
        """
        if obj is None:
            return
        if isinstance(obj, str | Path):
            context.add_output_metadata({"path": _shown(str(obj))})
            return
        place = self._place(context, {})
        keys = context.asset_partition_keys if context.has_asset_partitions else [""]
        frames = frames_by_key(obj, keys, place.asset)
        definition = context.asset_partitions_def if context.has_asset_partitions else None
        runs = runs_of(definition, keys, self._dimensions(context))
        maker = Maker(context.run_id, context.asset_spec.code_version)
        receipts = write_frames(place, {key: (runs[key], frames[key]) for key in keys}, maker)
        schema = frames[keys[0]].lazy().collect_schema()
        context.add_output_metadata(_told(receipts, schema, partitioned=definition is not None))

    def load_input(self, context: dg.InputContext) -> object:
        """Read the partitions that an input is mapped to, as its annotation asks.

        Raises:
            DataMissingError: some are not there.
            UsageError: an annotation that frames cannot follow, or a pass that is not there.
        """
        annotation = context.dagster_type.typing_type
        place = self._place(context.upstream_output or context, context.definition_metadata)
        is_each = wants_each(annotation, place.asset)
        definition = context.asset_partitions_def if context.has_asset_partitions else None
        keys = context.asset_partition_keys if context.has_asset_partitions else [""]
        runs = runs_of(definition, keys, self._dimensions(context.upstream_output or context))
        reader = Reader(place, runs, _missing(context, self._missing))
        if is_each:
            return {key: as_annotated(frame, annotation) for key, frame in reader.each().items()}
        return as_annotated(reader.whole(), annotation)

    def _place(
        self, context: dg.OutputContext | dg.InputContext, asked: Mapping[str, Any]
    ) -> Place:
        if not context.has_asset_key:
            raise UsageError(
                f"{IO_MANAGER_KEY} keeps assets, and the output of an op has no name to keep it by",
                remedy="leave the op's io_manager_key out, or make it an asset",
            )
        asset = context.asset_key.to_user_string()
        return self._places.of(asset, context.definition_metadata, asked)

    def _dimensions(self, context: dg.OutputContext | dg.InputContext) -> Dimensions:
        return Dimensions.told(context.definition_metadata, self._dims)


class OutputTargetIOManager(dg.ConfigurableIOManager):
    """Writes and reads assets through BEAF's outputs: parquet, delta, sql.

    Dagster shows the values of resources in its pages, so a password is written `${env:NAME}`.
    """

    # What is wrong with a field is told without its value, which may hold a password.
    model_config = ConfigDict(hide_input_in_errors=True)

    base_config: dict[str, Any] = Field(
        default={}, description="A pipeline's configuration: DATASETNAME, OUTPUT_TARGET, …"
    )
    output_target: dict[str, Any] = Field(
        default={}, description="Laid over its OUTPUT_TARGET, for what assets return."
    )
    universe_dim: str = Field(default=UNIVERSE, description="The dimension of universes.")
    date_dim: str = Field(default=DATE, description="The dimension of dates.")
    missing: Literal["error", "empty"] = Field(
        default="error", description="What becomes of partitions that are not there."
    )
    _io: OutputIO | None = PrivateAttr(default=None)

    @field_validator("base_config", "output_target")
    @classmethod
    def _is_without_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        require_no_secret(value)
        return value

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """See that the configuration can be used, before a step computes anything."""
        self._opened()

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Replace the partitions of the step; an asset that returns nothing writes nothing."""
        self._opened().handle_output(context, obj)

    def load_input(self, context: dg.InputContext) -> object:
        """Read the partitions that an input is mapped to, as its annotation asks."""
        return self._opened().load_input(context)

    def _opened(self) -> OutputIO:
        if self._io is None:
            dims = Dimensions(self.universe_dim, self.date_dim)
            self._io = _opened(Places(self.base_config, self.output_target), dims, self.missing)
        return self._io


@dg.io_manager(
    config_schema={
        # Any, for a configuration in Python holds dates, paths and functions too.
        "base_config": dg.Field(
            dg.Any, is_required=False, description="A pipeline's configuration, or its file."
        ),
        "output_target": dg.Field(
            dg.Any, is_required=False, description="Laid over its OUTPUT_TARGET."
        ),
        "universe_dim": dg.Field(str, default_value=UNIVERSE, is_required=False),
        "date_dim": dg.Field(str, default_value=DATE, is_required=False),
        "missing": dg.Field(
            dg.Enum("Missing", [dg.EnumValue(each) for each in MISSING_IS]),
            default_value=MISSING_IS[0],
            is_required=False,
            description="What becomes of partitions that are not there.",
        ),
    },
    description="Writes and reads assets through BEAF's outputs: parquet, delta, sql.",
)
def output_target_io_manager(context: dg.InitResourceContext) -> OutputIO:
    """Make the IO manager of a configuration, as `.configured({...})` or a run gives it."""
    config = context.resource_config
    places = Places(config.get("base_config") or {}, config.get("output_target") or {})
    dims = Dimensions(config["universe_dim"], config["date_dim"])
    return _opened(places, dims, config["missing"])


def _opened(places: Places, dims: Dimensions, missing: str) -> OutputIO:
    places.check()
    return OutputIO(places, dims, missing)


# -- the default -----------------------------------------------------------------------------------


class AssetsWithDefaultIO(dg.AssetsDefinition):
    """Assets that bring an IO manager along, which gives way to one that definitions give.

    A resource of an asset and one of its definitions must not bear one name, and an asset without
    either cannot be loaded; so the default is dropped where another one comes. Dagster copies
    assets by `dagster_internal_init`, which would else make plain ones.
    """

    @staticmethod
    def dagster_internal_init(**attributes: Any) -> "AssetsWithDefaultIO":
        """Make a copy that differs in some attributes."""
        with warnings.catch_warnings():
            # Dagster's own, which tells of beta arguments that it hands in itself.
            warnings.simplefilter("ignore", dg.BetaWarning)
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return AssetsWithDefaultIO(**attributes)

    def with_resources(self, resource_defs: Mapping[str, dg.ResourceDefinition]) -> Any:
        """Bind resources; one under the name of the default takes its place."""
        own = {
            key: each
            for key, each in self.resource_defs.items()
            if each is not output_target_io_manager or key not in resource_defs
        }
        bare = self.dagster_internal_init(**{**self.get_attributes_dict(), "resource_defs": own})
        return super(AssetsWithDefaultIO, bare).with_resources(resource_defs)


def with_default_io(assets_def: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """Let assets read and write through BEAF's outputs, unless definitions give another resource.

    Assets whose IO manager has another name than `output_target_io_manager` stay as they are.
    """
    keys = {assets_def.get_io_manager_key_for_asset_key(each) for each in assets_def.keys}
    if IO_MANAGER_KEY not in keys or IO_MANAGER_KEY in assets_def.resource_defs:
        return assets_def
    # One for all: two assets of a job must not bring different resources of one name.
    resources = {**assets_def.resource_defs, IO_MANAGER_KEY: output_target_io_manager}
    attributes = {**assets_def.get_attributes_dict(), "resource_defs": resources}
    return AssetsWithDefaultIO.dagster_internal_init(**attributes)


# -- telling ---------------------------------------------------------------------------------------


def _told(
    receipts: Mapping[str, Receipt], schema: pl.Schema, *, partitioned: bool
) -> dict[str, Any]:
    """Tell what was written; the same is told of each partition of a step."""
    rows = sum(each.rows for each in receipts.values())
    columns = [dg.TableColumn(name, str(dtype)) for name, dtype in schema.items()]
    told: dict[str, Any] = {"dagster/column_schema": dg.TableSchema(columns=columns)}
    if len(receipts) > 1:
        return {**told, "beaf/rows_of_all_partitions": rows}
    (receipt,) = receipts.values()
    counted = "dagster/partition_row_count" if partitioned else "dagster/row_count"
    return {
        **told,
        "path": receipt.location,
        counted: rows,
        "beaf/fingerprint": receipt.fingerprint or "",
    }


def _missing(context: dg.InputContext, otherwise: str) -> str:
    asked = text_of(context.definition_metadata, MISSING) or otherwise
    if asked not in MISSING_IS:
        raise UsageError(
            f'the metadata {MISSING} is "{asked}"', remedy=f"set it to {' or '.join(MISSING_IS)}"
        )
    return asked


def _shown(path: str) -> str:
    """Leave user and password out of a URL."""
    scheme, mark, rest = path.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else path
