"""Where do the rows of a pass go, and which plugin owns which key of the target?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel

from beaf_core.config.analytics import AnalyticsConfig, OutputTarget
from beaf_core.config.nodes import Node, Steps
from beaf_core.config.paths import anchor_paths
from beaf_core.config.retired import RETIRED_OUTPUT
from beaf_core.config.validate import Findings
from beaf_core.model.errors import BeafError, UsageError
from beaf_core.model.outputs import Target
from beaf_core.model.partition import DatePartition, PartitionRun, UniversePartition
from beaf_core.plugins.host import PluginHost

#: Where a table or a dataset of files goes, which holds all partitions of a pass; its kind follows.
SHARED_TEMPLATE = "data/{datasetname}/{pass}."

#: Stands for the partitions to come, to see whether a template can be filled in.
_ANY_PARTITION = PartitionRun(UniversePartition("all"), DatePartition("2000-01-01"))


@dataclass(frozen=True, slots=True)
class TargetResolver:
    """Resolves the targets of one pass."""

    findings: Findings
    host: PluginHost
    config: AnalyticsConfig
    pass_name: str
    project: Path

    def resolve(self, section: Node, path: Steps) -> Target | None:
        """Check one target by the core's fields and by its plugin's; None if something is wrong."""
        section = self._without_retired(section)
        core = self._core(section)
        if core is None:
            return None
        known = self.findings.ask(
            # In a tuple, since a plugin without options has no model.
            lambda: (self.host.config_model("output", core.type),),
            (*path, "type") if section.child("type") else path,
        )
        options = self._options(known[0], section, core.type, path) if known else None
        self._notes(core)
        shared = bool(core.partition_columns) or bool(getattr(options, "shared", False))
        template = self._template(core, options, shared=shared)
        placeholders = self._placeholders(core, template, path)
        if placeholders is None:
            return None
        target = Target(
            type=core.type,
            dataset=self.config.DATASETNAME,
            pass_name=self.pass_name,
            path_template=template,
            options=options,
            partition_columns=tuple(core.partition_columns),
            storage_options=self.config.S3_STORAGE_OPTIONS,
            placeholders=placeholders,
            shared=shared,
        )
        return target if self._can_be_filled_in(target, section, path) else None

    def _can_be_filled_in(self, target: Target, section: Node, path: Steps) -> bool:
        try:
            target.location(_ANY_PARTITION)
        except UsageError as error:
            where = (*path, "path_template") if section.child("path_template") else path
            unset = [each for each in ("bucket", "prefix") if f"{{{each}}}" in target.path_template]
            more = f", or set {' and '.join(unset)} beside it" if unset else ""
            node = section.child("path_template")
            self.findings.problem(
                where, error.message, node=node, remedy=(error.remedy or "") + more or None
            )
            return False
        return True

    def _without_retired(self, section: Node) -> Node:
        if not isinstance(section.value, dict):
            return section
        for key, reason in RETIRED_OUTPUT.items():
            if key in section.value:
                self.findings.note(f"OUTPUT_TARGET.{key} has no effect any more: {reason}")
        return section.without(*RETIRED_OUTPUT)

    def _core(self, section: Node) -> OutputTarget | None:
        """Read the keys that the core knows; their faults are reported with their section."""
        try:
            return OutputTarget.model_validate(anchor_paths(OutputTarget, section).plain())
        except ValueError:
            return None

    def _options(
        self, model: type[BaseModel] | None, section: Node, name: str, path: Steps
    ) -> BaseModel | None:
        own = section.without(*OutputTarget.model_fields)
        if model is not None:
            return self.findings.validate(model, own, path, also=OutputTarget.model_fields)
        for key, node in own.value.items():
            self.findings.unknown_key((*path, key), OutputTarget.model_fields, node=node)
        return None

    def _notes(self, core: OutputTarget) -> None:
        if not core.dedupe_on_partition:
            self.findings.note(
                "OUTPUT_TARGET.dedupe_on_partition: false has no effect: "
                "a rerun always replaces its partition"
            )

    def _placeholders(
        self, core: OutputTarget, template: str, path: Steps
    ) -> dict[str, str] | None:
        """Gather the bucket and the prefix, from the area where nobody sets them."""
        given = {"bucket": core.bucket, "prefix": core.prefix}
        known = {name: text for name, text in given.items() if text is not None}
        wanted = [name for name in given if f"{{{name}}}" in template and name not in known]
        if core.area is None:
            return known
        if not wanted:
            self.findings.note(
                "OUTPUT_TARGET.area has no effect: path_template asks for no bucket and no prefix "
                "beside those that are set"
            )
            return known
        try:
            return asdict(self.host.storage_area(core.area)) | known
        except BeafError as error:
            self.findings.problem((*path, "area"), error.message, remedy=error.remedy)
            return None

    def _template(self, core: OutputTarget, options: BaseModel | None, *, shared: bool) -> str:
        # A plugin whose places are no paths says so: a table of a database.
        own: str | None = getattr(options, "location_template", None)
        if own is not None:
            return own
        if "path_template" in core.model_fields_set:
            return core.path_template
        # By its kind: a table within a folder of other files would take these for its own refuse.
        template = SHARED_TEMPLATE + core.type if shared else core.path_template
        return str(self.project / template)
