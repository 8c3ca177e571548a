"""How does a project of `dg` name BEAF's pipelines? In a `defs.yaml`, as this component.

Annotations are not postponed here: Dagster reads the fields of the component from them.
"""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from pydantic import Field

from beaf_dagster.build import build_definitions


class BeafPipelinesComponent(dg.Component, dg.Model, dg.Resolvable):
    """BEAF pipelines as partitioned assets, with jobs, schedules and checks."""

    pipelines: Sequence[str] = Field(
        default=(),
        description="Folders, files (relative to this file) or packages; by default those of "
        "BEAF_PIPELINES, else of the project.",
        examples=[["../../../pipelines"]],
    )
    split_passes: bool = Field(default=False, description="An asset for each pass.")
    universes: Sequence[str] = Field(
        default=(),
        description="Selectors (`mic=XLON`) beside each pipeline's own UNIVERSE; by default, its "
        "UNIVERSES.",
    )
    frequency: str | None = Field(
        default=None,
        description="How dates are cut: D, W, 2W, M, Q or A; by default as each pipeline says.",
    )
    start: str | None = Field(
        default=None, description="The first day of every pipeline's partitions."
    )
    input_tables: Sequence[str] = Field(
        default=(), description="Raw tables (`trades`, `l3`) to show as external assets."
    )
    allow_large_partitions: bool = Field(
        default=False, description="Load more partitions per asset than the web page is good for."
    )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Load the pipelines."""
        return build_definitions(
            [_placed(each, context.path) for each in self.pipelines] or None,
            split_passes=self.split_passes,
            universes=self.universes or None,
            frequency=self.frequency,
            start=self.start,
            input_tables=self.input_tables,
            allow_large_partitions=self.allow_large_partitions,
        )


def _placed(package: str, home: Path) -> str:
    """Read a path as relative to the component's folder, where it is one that stands there."""
    folder = home if home.is_dir() else home.parent
    path = folder / package
    return str(path) if path.exists() else package
