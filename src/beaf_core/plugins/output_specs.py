"""Which questions may an output answer? The hooks of kind `output`; `specs.py` has them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core.plugins.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from beaf_core.model.outputs import Receipt, Target
    from beaf_core.model.partition import PartitionRun


@hookspec(firstresult=True)
def write_output(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace one partition of a target by the frame, whole or not at all (kind `output`).

    A crash at any point leaves the old partition readable. The receipt, with the target's
    stamp, is stored with the data, so that `find_receipt` answers from the target alone.

    Args:
        frame: the rows of the partition, sorted by ListingId and TimeBucket.
        target: the configured sink, with `location(partition)`, and with the `meaning` of the rows,
            to be kept with them.
        partition: universe × dates.

    Returns:
        What was written; `notes` in it are told once per run.

    Example:
        ```python
        \"\"\"Where do results go? To one Arrow file per partition.\"\"\"

        import json
        import os
        from pathlib import Path

        import polars as pl

        from beaf_core import Receipt, hookimpl


        @hookimpl
        def write_output(frame, target, partition):
            path = Path(target.location(partition))
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = frame.collect(engine="streaming")
            receipt = Receipt(target.type, str(path), rows.height, partition.key, target.stamp)
            staged = path.with_name(path.name + ".staged")
            rows.write_ipc(staged)
            os.replace(staged, path)
            path.with_name(path.name + ".receipt").write_text(json.dumps(receipt.to_json()))
            return receipt


        @hookimpl
        def read_output(target, partitions):
            paths = [Path(target.location(each)) for each in partitions]
            there = [path for path in paths if path.exists()]
            return pl.scan_ipc(there) if there else None


        @hookimpl
        def find_receipt(target, partition):
            path = Path(target.location(partition) + ".receipt")
            return Receipt.from_json(json.loads(path.read_text())) if path.exists() else None
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def read_output(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Read partitions back (kind `output`); the example is under `write_output`.

    Args:
        target: the configured sink.
        partitions: which ones.

    Returns:
        Their rows; None where none of them has been written yet, and for no other reason.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def find_receipt(target: Target, partition: PartitionRun) -> Receipt | None:
    """Find the receipt of a partition (kind `output`); the example is under `write_output`.

    Args:
        target: the configured sink.
        partition: universe × dates.

    Returns:
        The receipt stored with the data; None where the partition has not been written.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def list_receipts(target: Target, partition: PartitionRun) -> Sequence[Receipt]:
    """List what a target holds of a universe in some days (kind `output`; may be left out).

    Asked once per run and target, with the dates of the whole request, so that no output is
    written beside another one that holds some of its days under other dates. The example is the
    hook alone, beside those under `write_output`.

    Args:
        target: the configured sink.
        partition: the universe, and the days that are looked for.

    Returns:
        The receipts of all outputs that hold any of the days; of others, too, where it is cheaper.

    Example:
        ```python
        \"\"\"Which partitions does a folder of Arrow files hold?\"\"\"

        import json
        from dataclasses import replace
        from pathlib import Path

        from beaf_core import Receipt, hookimpl


        @hookimpl
        def list_receipts(target, partition):
            template = target.path_template.replace("{start_date}", "*").replace("{end_date}", "*")
            pattern = Path(replace(target, path_template=template + ".receipt").location(partition))
            found = pattern.parent.glob(pattern.name)
            return [Receipt.from_json(json.loads(path.read_text())) for path in found]


        @hookimpl
        def remove_output(target, receipt):
            Path(receipt.location).unlink(missing_ok=True)
            Path(receipt.location + ".receipt").unlink(missing_ok=True)
            return True
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def remove_output(target: Target, receipt: Receipt) -> bool:
    """Remove one output (kind `output`; may be left out); the example is under `list_receipts`.

    Asked with `--force` alone, for an output that holds days of one that was written just now.

    Args:
        target: the configured sink.
        receipt: what to remove, as `list_receipts` answered it.

    Returns:
        True once it is gone, also where it was gone already.
    """
    raise NotImplementedError
