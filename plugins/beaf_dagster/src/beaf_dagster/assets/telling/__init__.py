"""What a materialization tells: rows, columns, places, notes, a picture, and the checks it met."""

from beaf_dagster.assets.telling.metadata import materialization_metadata
from beaf_dagster.assets.telling.quality import check_results, check_specs_of

__all__ = ["check_results", "check_specs_of", "materialization_metadata"]
