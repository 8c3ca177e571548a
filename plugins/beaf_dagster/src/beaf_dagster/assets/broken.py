"""What does a person see of a pipeline that cannot be loaded?

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

from collections.abc import Sequence

import dagster as dg

from beaf_core import BeafError, UsageError
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.pipelines import Pipeline

_TOLD = """**This pipeline cannot be loaded.** The others are not affected.

```text
{fault}
```

Mend it, and reload the code location."""


def broken_asset(
    pipeline: Pipeline,
    fault: BeafError,
    translator: BeafDagsterTranslator,
    keys: Sequence[dg.AssetKey],
    partitions_def: dg.PartitionsDefinition[str] | None = None,
) -> dg.AssetsDefinition:
    """Put assets in the place of a pipeline's: their description is the fault, and so is their run.

    Args:
        pipeline: what cannot be loaded.
        fault: why.
        translator: names it.
        keys: of the assets.
        partitions_def: the partitions that a person gave; those of its own nobody knows.
    """
    specs = [
        dg.AssetSpec(
            each,
            group_name=translator.get_group_name(pipeline),
            description=_TOLD.format(fault=fault),
            owners=translator.get_owners(pipeline),
            metadata={"beaf/pipeline": dg.MetadataValue.path(str(pipeline.path))},
            tags={"beaf/broken": ""},
            kinds={"beaf"},
        )
        for each in keys
    ]

    @dg.multi_asset(name=f"{op_name(pipeline)}__broken", specs=specs, partitions_def=partitions_def)
    def broken(context: dg.AssetExecutionContext) -> None:
        raise dg.Failure(str(fault), allow_retries=False)

    return broken


def op_name(pipeline: Pipeline) -> str:
    """Name the step of a pipeline."""
    return f"{pipeline.package}__{pipeline.group}"


def of_one_key(pipelines: Sequence[Pipeline], key: dg.AssetKey) -> BeafError:
    """Say that several pipelines would be one asset."""
    paths = " and ".join(str(each.path) for each in pipelines)
    return UsageError(
        f"{len(pipelines)} pipelines have the asset key {key.to_user_string()}: {paths}",
        remedy="rename one of the files, or give them keys of their own with a translator",
    )
