"""Where are the rows of an asset?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from beaf_core import PluginHost, Target, UsageError, did_you_mean, prepare_pipeline
from beaf_dagster.io.names import PASS, PIPELINE, text_of

if TYPE_CHECKING:
    from beaf_core.prepare import PipelineLike, PreparedPipeline

# Stands for assets among the passes of a configuration. A pass has to have a module; this one is
# always installed, and computes nothing here.
_STAND_IN = {"name": "any asset", "modules": ["trade"]}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of an asset are.

    Attributes:
        asset: its name, for messages.
        prepared: the pipeline that it belongs to, or stands beside.
        targets: where its rows are written to; they are read from the first.
        computed: whether BEAF computes the rows; else the asset returns them.
    """

    asset: str
    prepared: PreparedPipeline
    targets: tuple[Target, ...]
    computed: bool

    @property
    def host(self) -> PluginHost:
        """What asks the outputs."""
        return self.prepared.host


class Places:
    """Finds where the rows of assets are.

    Args:
        base: the configuration of assets that belong to no pipeline.
        output_target: their OUTPUT_TARGET, over that of the configuration.
    """

    def __init__(self, base: PipelineLike, output_target: Mapping[str, Any]) -> None:
        if not isinstance(output_target, Mapping):
            raise UsageError(
                f'output_target is "{output_target}", not a mapping',
                remedy='write it as in OUTPUT_TARGET, for example {"type": "delta"}',
            )
        self._base, self._output_target = base, output_target
        self._pipelines: dict[str, PreparedPipeline] = {}

    def check(self) -> None:
        """See that the configuration can be used at all.

        Raises:
            ConfigError, UsageError, PluginError: what to mend.
        """
        if not self._plain.resolved.passes:
            _ = self._with_assets

    def of(self, asset: str, metadata: Mapping[str, Any], asked: Mapping[str, Any]) -> Place:
        """Find the rows of an asset.

        Args:
            asset: its name, `demo/bars`.
            metadata: of the asset.
            asked: metadata of the input that is to be loaded; it may name another pass.

        Raises:
            ConfigError, UsageError, PluginError: what to mend.
        """
        pipeline = text_of(metadata, PIPELINE)
        name = text_of(asked, PASS) or text_of(metadata, PASS)
        if pipeline is None:
            return self._beside(asset, name or asset.replace("/", "__"))
        if pipeline not in self._pipelines:
            self._pipelines[pipeline] = prepare_pipeline(pipeline)
        prepared = self._pipelines[pipeline]
        return Place(asset, prepared, _targets_of(prepared, name), computed=True)

    def _beside(self, asset: str, name: str) -> Place:
        """Find the place of an asset beside the passes of the configuration, or in one of them."""
        if name in [each.name for each in self._plain.resolved.passes]:
            return Place(asset, self._plain, _targets_of(self._plain, name), computed=False)
        stand_in = _targets_of(self._with_assets, str(_STAND_IN["name"]))
        targets = tuple(replace(each, pass_name=name) for each in stand_in)
        return Place(asset, self._with_assets, targets, computed=False)

    @cached_property
    def _plain(self) -> PreparedPipeline:
        return prepare_pipeline(self._base, flags=self._flags, needs_passes=False)

    @cached_property
    def _with_assets(self) -> PreparedPipeline:
        return prepare_pipeline(self._base, flags={**self._flags, "PASSES": [_STAND_IN]})

    @property
    def _flags(self) -> dict[str, Any]:
        return {"OUTPUT_TARGET": dict(self._output_target)} if self._output_target else {}


def _targets_of(prepared: PreparedPipeline, name: str | None) -> tuple[Target, ...]:
    """Give the targets of a pass; of the last one, if none is named."""
    passes = {each.name: each for each in prepared.resolved.passes}
    chosen = name or next(reversed(passes))
    if chosen not in passes:
        near = did_you_mean(chosen, passes)
        raise UsageError(
            f'{prepared.loaded.path} has no pass "{chosen}"{near}',
            remedy=f"set the metadata {PASS} to one of {', '.join(passes)}",
        )
    return passes[chosen].targets
