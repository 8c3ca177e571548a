"""Where do BMLL's tables come from: the Lab, its S3 layout, or the Data API?

SOURCE:
  type: bmll
  via: lab

Tables about listings (reference, membership) come from the reference service whatever `via` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_bmll.needs import NEEDS
from beaf_bmll.sources.config import Config
from beaf_core import TABLES, DayStatus, TableRead, TableRequest, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NEEDS", "Config", "read_table"]


@hookimpl
def read_table(request: TableRequest, config: Config) -> TableRead:
    """Find a table's rows of a day, in the names and types of `beaf_core.TABLES`.

    Rows come as the vendor has them: cancelled trades (`Size` below 0) are among them.

    Raises:
        UsageError: the way there is not open on this machine.
        BMLLError: the vendor's servers refuse, or do not answer in time.
        DataInvalidError: a column that is asked for is not there.
    """
    if request.table not in TABLES:
        return TableRead(
            DayStatus.MISSING, absent=(f"BMLL has {', '.join(TABLES)}; no {request.table}",)
        )
    return _reader(request.table, config.via)(request, config)


def _reader(table: str, via: str) -> Callable[[TableRequest, Config], TableRead]:
    if table == "reference":
        from beaf_bmll.sources.reference import read_reference

        return read_reference
    if table == "membership":
        from beaf_bmll.sources.membership import read_membership

        return read_membership
    if via == "lab":
        from beaf_bmll.sources import lab

        return lab.read
    if via == "s3":
        from beaf_bmll.sources import s3

        return s3.read
    from beaf_bmll.sources import api

    return api.read
