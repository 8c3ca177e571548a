"""What may a person ask of a finished partition before it is published?"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from beaf_core.config.scalars import Limits


class PassExpectations(BaseModel):
    """What a pass's rows are held against. Nothing is expected unless it is written here.

    `preserved` compares with the pass that `source_pass` names; QUALITY_CHECKS asks it only of
    passes that have one.
    """

    model_config = ConfigDict(extra="forbid")

    rows_min: PositiveInt | None = Field(None, description="Fewest rows of a partition.")
    rows: Literal["preserved"] | None = Field(
        None, description="`preserved`: the listings and buckets of the source pass, each once."
    )
    listings: Literal["all", "preserved"] | None = Field(
        None,
        description="`all`: every listing of the universe has a row in the partition; `preserved`: "
        "every listing of the source pass has one.",
    )
    columns: Literal["preserved"] | list[str] | None = Field(
        None, description="Columns that must be there; `preserved`: those of the source pass."
    )

    @property
    def need_source(self) -> list[str]:
        """The fields that compare with a source pass."""
        fields = {"rows": self.rows, "listings": self.listings, "columns": self.columns}
        return [name for name, wanted in fields.items() if wanted == "preserved"]


class QualityCheckConfig(BaseModel):
    """Checks on a finished partition. A pass's own, where ENABLED, replace the global ones.

    Whether ENABLED or not, a partition with a repeated key is never written, and what modules
    declare to hold between their columns is checked. An empty output, a column that is not there
    and one without any value fail the checks that are asked of them.
    """

    model_config = ConfigDict(extra="forbid")

    ENABLED: bool = Field(False, description="Whether the checks run.")
    null_rate_max: float = Field(
        0.2, ge=0, le=1, description="Largest share of null or NaN in a measure's column."
    )
    ranges: dict[str, Limits] = Field(
        default_factory=dict,
        description="Column → smallest and largest value allowed; null for no limit.",
    )
    expect: PassExpectations = Field(
        default_factory=PassExpectations, description="What the rows are held against."
    )
    action: Literal["warn", "raise"] = Field(
        "warn", description="`raise` keeps the partition from being written."
    )
