"""What can be asked of the module `cbbo_analytics`?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from beaf_analytics.measures.expand import ModuleOptions, OneOrMore, Variants
from beaf_analytics.measures.quotes import Quotes

ShareMeasure = Literal[
    "TimeAtCBB", "TimeAtCBO", "TimeAtCBBAlone", "TimeAtCBOAlone", "TimeAtCBBOAlone"
]
QuantityMeasure = Literal["QuantityAtCBB", "QuantityAtCBO"]
PresenceMeasure = Literal[ShareMeasure, QuantityMeasure]
Statistic = Literal["TWMean", "Min", "Max", "Median"]


class PresenceMetric(Variants):
    """Measures of a venue's presence at the best prices."""

    measures: Annotated[list[PresenceMeasure], OneOrMore] = Field(
        default=["TimeAtCBB", "TimeAtCBO", "QuantityAtCBB", "QuantityAtCBO"],
        min_length=1,
        description="Shares of time, and quantities, at the best prices; Alone: no other venue is.",
    )
    aggregations: Annotated[list[Statistic], OneOrMore] = Field(
        default=["TWMean", "Min", "Max", "Median"],
        min_length=1,
        description="Of quantities. TWMean, by time, adds nothing to the name; Median counts each "
        "state that begins in the bucket once.",
    )
    quotes: Quotes = Field(
        "valid",
        description="For which best prices time counts: `valid` is uncrossed, while the venue "
        "trades continuously.",
    )

    @model_validator(mode="after")
    def _quantities_have_statistics(self) -> PresenceMetric:
        quantities = any(each.startswith("Quantity") for each in self.measures)
        if "aggregations" in self.model_fields_set and not quantities:
            raise ValueError("`aggregations` are those of quantities, and none is asked for")
        return self


class PresenceOptions(ModuleOptions):
    """Options of the section `cbbo_analytics`."""

    cbbo: Literal["cbbo", "consolidated"] = Field(
        "cbbo",
        description="Where the best prices of all venues come from: the source's table `cbbo`, or "
        "the one that the module `consolidate` makes.",
    )
    metrics: list[PresenceMetric] = Field(
        default=[PresenceMetric()], min_length=1, description="What is computed."
    )
