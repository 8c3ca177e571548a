"""What are a pipeline's assets called, and what is said of them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline


class BeafDagsterTranslator:
    """Names and describes assets; override what should be otherwise."""

    def get_asset_key(self, pipeline: Pipeline, pass_name: str | None = None) -> dg.AssetKey:
        """Name the asset of a pipeline, or of one of its passes."""
        path = [pipeline.package, pipeline.group]
        return dg.AssetKey([*path, pass_name] if pass_name else path)

    def get_group_name(self, pipeline: Pipeline) -> str:
        """Name the group that a pipeline's assets are shown in."""
        return pipeline.group

    def get_description(self, pipeline: Pipeline) -> str | None:
        """Describe a pipeline: its docstring."""
        return pipeline.module.__doc__ if pipeline.module else None
