"""Which buckets does a pass have rows for? The module `dense`: all of a day, or of its sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from beaf_analytics.measures.expand import OneOrMore
from beaf_core import AnalyticsModule, DenseGrid, hookimpl


def _mode(value: object) -> object:
    return "adaptative" if value == "adaptive" else value


def _interval(value: tuple[str, str]) -> tuple[str, str]:
    DenseGrid("uniform", value)  # says what is no time of day
    return value


def _listing_only(value: list[str]) -> list[str]:
    if value != ["ListingId"]:
        raise ValueError(
            "can only be [ListingId]: rows of an output are told apart by listing and bucket"
        )
    return value


class DenseOptions(BaseModel):
    """Options of the section `dense_analytics`."""

    model_config = ConfigDict(extra="forbid")

    ENABLED: bool = Field(True, description="False leaves the pass sparse.")
    mode: Annotated[Literal["adaptative", "uniform"], BeforeValidator(_mode)] = Field(
        "adaptative",
        description="`adaptative` (or `adaptive`): the buckets of continuous trading, by listing, "
        "from marketstate; `uniform`: those of `time_interval`.",
    )
    time_interval: Annotated[tuple[str, str], AfterValidator(_interval)] | None = Field(
        None,
        description="First and last time of day, UTC, of `uniform`: ['08:00', '16:30']; an "
        "interval that does not end after it starts crosses midnight.",
    )
    symbol_cols: Annotated[list[str], OneOrMore, AfterValidator(_listing_only)] = Field(
        default=["ListingId"], description="Older files name it; ListingId is all it can be."
    )

    @model_validator(mode="after")
    def _uniform_has_its_interval(self) -> DenseOptions:
        if self.mode == "uniform" and self.time_interval is None:
            raise ValueError("`mode: uniform` needs time_interval, such as ['08:00', '16:30']")
        return self


def grid(options: DenseOptions) -> DenseGrid | None:
    """Give the timeline that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return None
    if options.mode == "uniform":
        return DenseGrid("uniform", options.time_interval)
    return DenseGrid("adaptative")


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="dense",
        measures=lambda _options: (),
        doc="A row for every bucket of the sessions, or of an interval of the day",
        Config=DenseOptions,
        grid=grid,
    )
