"""Which partition of Dagster's is an output of BEAF's, told by its receipt?"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
import polars as pl

from beaf_core import DatePartition, UsageError
from beaf_dagster.partitions.dates import date_key, dates_of
from beaf_dagster.partitions.universes import OWN_UNIVERSE

#: The universe of outputs of a pipeline's own `get_universe`.
ALL = "all"


class PartitionNames:
    """Maps universes and dates to the keys of one definition.

    Args:
        definition: universe × dates.
        universe_dim: how the dimension of universes is called.
        date_dim: how the dimension of dates is called.
        instance: knows the keys of dynamic dimensions.
    """

    def __init__(
        self,
        definition: dg.MultiPartitionsDefinition,
        universe_dim: str,
        date_dim: str,
        instance: dg.DagsterInstance,
    ) -> None:
        self._dates = definition.get_partitions_def_for_dimension(date_dim)
        universes = definition.get_partitions_def_for_dimension(universe_dim)
        keys = universes.get_partition_keys(dynamic_partitions_store=instance)
        self.universes = {ALL if each == OWN_UNIVERSE else each: each for each in keys}
        self._date_comes_first = date_dim < universe_dim

    def keyed(self, outputs: pl.DataFrame) -> pl.DataFrame:
        """Add `key`, `first`, `second`, and the keys `universe_key` and `dates_key`, to outputs.

        They are null where there is no such partition.

        Args:
            outputs: has the columns `universe` and `dates`, as receipts spell them.
        """
        universes = outputs["universe"].unique()
        dates = outputs["dates"].unique()
        named = outputs.with_columns(
            _replaced("universe", universes, map(self.universes.get, universes)),
            _replaced("dates", dates, map(self._date_key, dates)),
        )
        names = ("dates_key", "universe_key")
        first, second = names if self._date_comes_first else reversed(names)
        return named.with_columns(
            pl.concat_str(first, second, separator="|").alias("key"),
            pl.col(first).alias("first"),
            pl.col(second).alias("second"),
        )

    def _date_key(self, dates: str) -> str | None:
        """Name the window that is exactly these dates."""
        wanted = DatePartition(dates)
        try:
            key = date_key(self._dates, wanted.start)
            return key if dates_of(self._dates, key) == wanted else None
        except UsageError:
            return None


def _replaced(column: str, values: pl.Series, keys: Iterable[str | None]) -> pl.Expr:
    named = pl.Series(list(keys), dtype=pl.String)
    return (
        pl.col(column)
        .replace_strict(values, named, default=None, return_dtype=pl.String)
        .alias(f"{column}_key")
    )
