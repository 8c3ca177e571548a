"""Where are the rows of an asset?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from beaf_core import PluginHost, Target, UsageError, did_you_mean, prepare_pipeline
from beaf_dagster.io.names import PASS, PIPELINE, text_of

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.prepare import PipelineLike, PreparedPipeline

# A pass cannot be without a module; this one is always installed, and computes nothing here.
_STAND_IN = "trade"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of an asset are.

    Attributes:
        asset: its name, for messages.
        prepared: the pipeline that it belongs to.
        resolved: the pass whose rows it is, or which it stands beside.
        computed: whether BEAF has computed the rows; else the asset returns them.
    """

    asset: str
    prepared: PreparedPipeline
    resolved: ResolvedPass
    computed: bool

    @property
    def host(self) -> PluginHost:
        """What asks the outputs."""
        return self.prepared.host

    @property
    def targets(self) -> tuple[Target, ...]:
        """Where rows are written to; they are read from the first."""
        return self.resolved.targets


@dataclass(slots=True)
class Places:
    """Finds where the rows of assets are.

    Attributes:
        base: the configuration of assets that belong to no pipeline.
        output_target: their OUTPUT_TARGET, over that of the configuration.
    """

    base: PipelineLike = field(default_factory=dict)
    output_target: Mapping[str, Any] = field(default_factory=dict)
    _known: dict[tuple[str, str], PreparedPipeline] = field(default_factory=dict)

    def check(self) -> None:
        """See that the configuration can be used at all.

        Raises:
            ConfigError, UsageError, PluginError: what to mend.
        """
        if self.base or self.output_target:
            self._beside("any")

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
            chosen = name or asset.replace("/", "__")
            return Place(asset, *self._pass(self._beside(chosen), chosen), computed=False)
        prepared = self._prepared(pipeline)
        return Place(asset, *self._pass(prepared, name), computed=True)

    def _prepared(self, pipeline: str) -> PreparedPipeline:
        key = (pipeline, "")
        if key not in self._known:
            self._known[key] = prepare_pipeline(pipeline)
        return self._known[key]

    def _beside(self, pass_name: str) -> PreparedPipeline:
        """Prepare the configuration with a pass of this name, be it there already or not."""
        key = ("", pass_name)
        if key not in self._known:
            base = prepare_pipeline(self.base, flags=self._flags(), needs_passes=False)
            if pass_name not in [each.name for each in base.resolved.passes]:
                passes = [{"name": pass_name, "modules": [_STAND_IN]}]
                flags = {**self._flags(), "PASSES": passes}
                base = prepare_pipeline(self.base, flags=flags)
            self._known[key] = base
        return self._known[key]

    def _flags(self) -> dict[str, Any]:
        return {"OUTPUT_TARGET": dict(self.output_target)} if self.output_target else {}

    @staticmethod
    def _pass(
        prepared: PreparedPipeline, name: str | None
    ) -> tuple[PreparedPipeline, ResolvedPass]:
        passes = {each.name: each for each in prepared.resolved.passes}
        chosen = name or next(reversed(passes))
        if chosen not in passes:
            near = did_you_mean(chosen, passes)
            raise UsageError(
                f'{prepared.loaded.path} has no pass "{chosen}"{near}',
                remedy=f"set the metadata {PASS} to one of {', '.join(passes)}",
            )
        return prepared, passes[chosen]
