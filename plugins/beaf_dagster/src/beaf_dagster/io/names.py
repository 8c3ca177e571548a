"""Which words tie an asset to the place of its rows?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from beaf_dagster.partitions.keys import DATE, UNIVERSE

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline

#: The resource that reads and writes assets, unless OUTPUT_TARGET.io_manager_key names another.
IO_MANAGER_KEY = "output_target_io_manager"

#: Metadata of an asset: the file of the pipeline that computes it, and which pass of it.
PIPELINE, PASS = "beaf/pipeline", "beaf/pass"
#: Metadata of an asset: what its dimensions are called.
UNIVERSE_DIM, DATE_DIM = "beaf/universe_dim", "beaf/date_dim"
#: Metadata of an input: what becomes of partitions that are not there, one of `MISSING_IS`.
MISSING = "beaf/missing"
MISSING_IS = ("error", "empty")


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What the dimensions of a partitions definition are called."""

    universe: str = UNIVERSE
    date: str = DATE

    @classmethod
    def told(cls, metadata: Mapping[str, Any], otherwise: Dimensions) -> Dimensions:
        """Read them from an asset's metadata; another choice where it does not say."""
        return cls(
            text_of(metadata, UNIVERSE_DIM) or otherwise.universe,
            text_of(metadata, DATE_DIM) or otherwise.date,
        )


def io_metadata(
    pipeline: Pipeline,
    pass_name: str | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
) -> dict[str, str]:
    """Give the metadata by which an asset's rows are found.

    Args:
        pipeline: what computes the asset.
        pass_name: the pass whose rows the asset is; None where it is the whole pipeline. Its last
            pass is then read, unless an input asks for another one.
        universe_dim: what the dimension of universes is called.
        date_dim: what the dimension of dates is called.
    """
    told = {PIPELINE: str(pipeline.path.resolve())}
    if pass_name is not None:
        told[PASS] = pass_name
    if (universe_dim, date_dim) != (UNIVERSE, DATE):
        told |= {UNIVERSE_DIM: universe_dim, DATE_DIM: date_dim}
    return told


def io_manager_key(pipeline: Pipeline, pass_name: str | None = None) -> str:
    """Name the resource that reads an asset: `io_manager_key` of the pass's output, or of all."""
    named = [each.output for each in pipeline.config.PASSES if each.name == pass_name]
    outputs = [*filter(None, named), pipeline.config.OUTPUT_TARGET]
    return next(filter(None, (each.io_manager_key for each in outputs)), IO_MANAGER_KEY)


def text_of(metadata: Mapping[str, Any], name: str) -> str | None:
    """Read a text of an asset's metadata, however it was wrapped."""
    value = metadata.get(name)
    return None if value is None else str(getattr(value, "value", value))
